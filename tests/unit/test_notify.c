/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include "base/limits.h"
#include "tests/support/mount_tree.h"

/* ---------------------------------------------------------------- changes */

static void a_barrier_comes_after_the_kernel_knows(void **state)
{
        struct mount *m = mount_of(state);
        char expected[32];

        for (int i = 2; i < 1000; i++) {
                set_seen(m, 5, i);
                snprintf(expected, sizeof(expected), "%d\n", i);
                mount_assert_text(m, "prod/clusters/cluster-005/phase", expected);
                snprintf(expected, sizeof(expected), "sum %d\n", MEMBERS - 1 + i);
                mount_assert_text(m, "prod/sum.txt", expected);
        }
}

static void an_open_file_keeps_its_version(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/clusters/cluster-005/phase"), O_RDONLY);
        struct stat st;
        char text[16];

        set_seen(m, 5, 1000000);
        mount_assert_text(m, "prod/clusters/cluster-005/phase", "1000000\n");
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, 2);
        assert_int_equal(read(fd, text, sizeof(text)), 2);
        assert_int_equal(text[0], '1');
        close(fd);
}

static void rows_and_names_come_and_go(void **state)
{
        struct mount *m = mount_of(state);
        static char names[MEMBERS + 8][64];

        for (int i = 0; i < 50; i++) {
                bool stale = i % 2 == 0;

                model_write_begin(&m->model);
                member(m, 9)->stale = stale;
                model_touch_member(member(m, 9), false);
                mount_change_end(m);
                assert_int_equal(
                        list(mount_path(m, "prod/clusters/cluster-009"), names, 16), stale ? 5 : 4);
                assert_int_equal(access(mount_path(m, "prod/clusters/cluster-009/stale.txt"), F_OK),
                        stale ? 0 : -1);
        }
        for (int i = 0; i < 50; i++) {
                struct fleet *f = model_fleet(&m->model, "prod");
                bool there = i % 2 == 0;

                model_write_begin(&m->model);
                if (there) {
                        model_touch_member(fleet_add_member(f, "newcomer"), true);
                } else {
                        model_touch_member(fleet_member(f, "newcomer"), true);
                        fleet_remove_member(fleet_member(f, "newcomer"));
                }
                mount_change_end(m);
                assert_int_equal(
                        list(mount_path(m, "prod/clusters"), names, MEMBERS + 8), MEMBERS + there);
                assert_int_equal(access(mount_path(m, "prod/clusters/newcomer/phase"), F_OK),
                        there ? 0 : -1);
        }
}

static void a_gone_folder_is_gone(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/clusters/cluster-000"), O_RDONLY | O_DIRECTORY);
        struct stat st;

        model_write_begin(&m->model);
        model_touch_member(member(m, 0), true);
        fleet_remove_member(member(m, 0));
        mount_change_end(m);
        assert_int_equal(faccessat(fd, "phase", F_OK, 0), -1);
        assert_int_equal(errno, ENOENT);
        assert_int_equal(stat(mount_path(m, "prod/clusters/cluster-000"), &st), -1);
        assert_int_equal(errno, ENOENT);
        close(fd);
}

/* Beyond what the queue holds everything that the kernel has is looked at: nothing stays old. */
static void a_flood_of_changes_loses_nothing(void **state)
{
        struct mount *m = mount_of(state);
        size_t n = LIMIT_NOTIFY_QUEUED + 1;
        struct change *flood = calloc(n, sizeof(*flood));
        char path[64];

        assert_non_null(flood);
        for (size_t i = 0; i < n; i++) {
                flood[i].kind = CHANGE_MEMBER;
                snprintf(flood[i].fleet, sizeof(flood[i].fleet), "elsewhere");
        }
        for (int i = 0; i < MEMBERS; i += 50) {
                snprintf(path, sizeof(path), "prod/clusters/cluster-%03d/phase", i);
                mount_assert_text(m, path, "1\n");
        }
        model_write_begin(&m->model);
        for (int i = 0; i < MEMBERS; i++)
                member(m, i)->seen = 2;
        session_listener(m->session, flood, n, NULL, NULL);
        model_touch_events(&m->model);
        mount_change_end(m);
        free(flood);
        for (int i = 0; i < MEMBERS; i += 50) {
                snprintf(path, sizeof(path), "prod/clusters/cluster-%03d/phase", i);
                mount_assert_text(m, path, "2\n");
        }
        mount_assert_text(m, "prod/sum.txt", "sum 600\n");
}

struct racer {
        struct mount *m;
        atomic_bool *stop;
        unsigned long reads, torn, mismatched, back;
};

static void *race(void *arg)
{
        struct racer *r = arg;
        char path[128];
        char *text = malloc(1 << 16);
        long long newest = 0;

        snprintf(path, sizeof(path), "%s/prod/clusters/cluster-003/lines.txt", r->m->dir);
        while (!atomic_load(r->stop)) {
                int fd = open(path, O_RDONLY);
                long long value, lines = 0;
                struct stat st;
                ssize_t n, len = 0;

                if (fd < 0)
                        continue;
                (void)fstat(fd, &st);
                while ((n = read(fd, text + len, 777)) > 0)
                        len += n;
                close(fd);
                text[len] = '\0';
                r->reads++;
                r->mismatched += len != st.st_size;
                value = atoll(text + strlen("generation "));
                for (char *p = text; *p != '\0'; lines++) {
                        r->torn += atoll(p + strlen("generation ")) != value;
                        p += strcspn(p, "\n");
                        p += *p == '\n';
                }
                r->torn += lines != value % LINES_MAX + 1;
                r->back += value < newest;
                newest = value;
        }
        free(text);
        return NULL;
}

static void no_read_is_ever_torn(void **state)
{
        struct mount *m = mount_of(state);
        atomic_bool stop = false;
        struct racer racers[3];
        pthread_t threads[3];
        unsigned long reads = 0;

        for (int i = 0; i < 3; i++) {
                racers[i] = (struct racer){ .m = m, .stop = &stop };
                pthread_create(&threads[i], NULL, race, &racers[i]);
        }
        for (int64_t i = 2; i < 10002; i++) {
                model_write_begin(&m->model);
                member(m, 3)->seen = i;
                model_touch_member(member(m, 3), false);
                model_write_end(&m->model);
                if (i % 4 == 0)
                        usleep(100);
        }
        set_seen(m, 3, 10002);
        mount_assert_text(m, "prod/clusters/cluster-003/phase", "10002\n");
        atomic_store(&stop, true);
        for (int i = 0; i < 3; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(racers[i].torn, 0);
                assert_int_equal(racers[i].mismatched, 0);
                assert_int_equal(racers[i].back, 0);
                reads += racers[i].reads;
        }
        assert_true(reads > 1000);
}

static void *walk(void *arg)
{
        struct racer *r = arg;
        static __thread char names[2 * MEMBERS][64];
        static __thread unsigned char seen[MEMBERS];

        while (!atomic_load(r->stop)) {
                char path[128];
                int n;

                snprintf(path, sizeof(path), "%s/prod/clusters", r->m->dir);
                n = list(path, names, 2 * MEMBERS);
                memset(seen, 0, sizeof(seen));
                for (int i = 0; i < n; i++)
                        if (strncmp(names[i], "cluster-", 8) == 0)
                                seen[atoi(names[i] + 8)]++;
                for (int i = 0; i < MEMBERS; i++)
                        r->torn += seen[i] != 1;
                r->reads++;
        }
        return NULL;
}

static void a_listing_has_each_name_once(void **state)
{
        struct mount *m = mount_of(state);
        struct fleet *f = model_fleet(&m->model, "prod");
        int64_t end = mount_now_ms() + 1500;
        atomic_bool stop = false;
        struct racer racers[2];
        pthread_t threads[2];

        for (int i = 0; i < 2; i++) {
                racers[i] = (struct racer){ .m = m, .stop = &stop };
                pthread_create(&threads[i], NULL, walk, &racers[i]);
        }
        for (int i = 0; mount_now_ms() < end; i++) {
                char name[32];

                snprintf(name, sizeof(name), "guest-%d", i % 200);
                model_write_begin(&m->model);
                if (fleet_member(f, name) == NULL) {
                        model_touch_member(fleet_add_member(f, name), true);
                } else {
                        model_touch_member(fleet_member(f, name), true);
                        fleet_remove_member(fleet_member(f, name));
                }
                model_write_end(&m->model);
                usleep(200);
        }
        atomic_store(&stop, true);
        for (int i = 0; i < 2; i++) {
                pthread_join(threads[i], NULL);
                assert_int_equal(racers[i].torn, 0);
                assert_true(racers[i].reads > 5);
        }
}

/* ---------------------------------------------------------------- the log */

static void append_event(struct mount *m, const char *line)
{
        struct event_log *e = &m->model.events;
        size_t n = strlen(line);
        struct change c = { .kind = CHANGE_EVENTS };
        char *grown;

        model_write_begin(&m->model);
        grown = realloc(e->bytes, e->len + n + 1);
        assert_non_null(grown);
        e->bytes = grown;
        memcpy(e->bytes + e->len, line, n + 1);
        e->len += n;
        e->last++;
        model_write_end(&m->model);
        session_listener(m->session, &c, 1, NULL, NULL);
}

/* Reads a pipe until it holds `expected` or 10 s are over. */
static bool pipe_says(int fd, const char *expected, char *text, size_t size)
{
        int64_t end = mount_now_ms() + 10000;
        size_t len = strlen(text);

        while (strstr(text, expected) == NULL && mount_now_ms() < end) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n;

                if (poll(&p, 1, 200) <= 0)
                        continue;
                n = read(fd, text + len, size - len - 1);
                if (n <= 0)
                        break;
                len += (size_t)n;
                text[len] = '\0';
        }
        return strstr(text, expected) != NULL;
}

static void tail_follows_the_log(void **state)
{
        struct mount *m = mount_of(state);
        char text[4096] = "";
        int out[2], status;
        bool followed;
        pid_t pid;

        assert_int_equal(pipe(out), 0);
        pid = fork();
        if (pid == 0) {
                (void)dup2(out[1], STDOUT_FILENO);
                close(out[0]);
                (void)execlp("tail", "tail", "-n", "+1", "-s", "0.1", "-f",
                        mount_path(m, "events.jsonl"), (char *)NULL);
                _exit(127);
        }
        close(out[1]);
        followed = pipe_says(out[0], "{\"n\":0}\n", text, sizeof(text));
        for (int i = 1; followed && i < 20; i++) {
                char line[32];

                snprintf(line, sizeof(line), "{\"n\":%d}\n", i);
                append_event(m, line);
                followed = pipe_says(out[0], line, text, sizeof(text));
        }
        (void)kill(pid, SIGKILL);
        (void)waitpid(pid, &status, 0);
        close(out[0]);
        assert_true(followed);
        /* Nothing twice, nothing lost, nothing torn. */
        for (int i = 0, at = 0; i < 20; i++) {
                char line[32];
                int n = snprintf(line, sizeof(line), "{\"n\":%d}\n", i);

                assert_memory_equal(text + at, line, (size_t)n);
                at += n;
        }
}

static void a_new_generation_is_a_new_file(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "events.jsonl"), O_RDONLY);
        struct stat before, after;
        char text[64];

        assert_int_equal(fstat(fd, &before), 0);
        model_write_begin(&m->model);
        memcpy(m->model.events.bytes, "{\"m\":7}\n", 8);
        m->model.events.generation++;
        model_touch_events(&m->model);
        mount_change_end(m);
        mount_assert_text(m, "events.jsonl", "{\"m\":7}\n");
        assert_int_equal(stat(mount_path(m, "events.jsonl"), &after), 0);
        assert_true(before.st_ino != after.st_ino);
        assert_int_equal(pread(fd, text, sizeof(text), 4096), 0);
        close(fd);
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_WITH(a_barrier_comes_after_the_kernel_knows, setup, mount_teardown);
        TEST_WITH(an_open_file_keeps_its_version, setup, mount_teardown);
        TEST_WITH(rows_and_names_come_and_go, setup, mount_teardown);
        TEST_WITH(a_gone_folder_is_gone, setup, mount_teardown);
        TEST_WITH(a_flood_of_changes_loses_nothing, setup, mount_teardown);
        TEST_WITH(no_read_is_ever_torn, setup, mount_teardown);
        TEST_WITH(a_listing_has_each_name_once, setup, mount_teardown);
        TEST_WITH(tail_follows_the_log, setup, mount_teardown);
        TEST_WITH(a_new_generation_is_a_new_file, setup, mount_teardown);
        return test_run("notify");
}
