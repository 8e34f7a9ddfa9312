/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/session.h"

#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include "tests/support/mount_tree.h"

/* ---------------------------------------------------------------- reading */

static void shows_the_tables(void **state)
{
        struct mount *m = mount_of(state);
        static char names[MEMBERS + 8][64];
        char target[64];
        struct stat st;
        int n;

        n = list(m->dir, names, 8);
        assert_int_equal(n, 3);
        assert_string_equal(names[0], "README.txt");
        assert_string_equal(names[1], "events.jsonl");
        assert_string_equal(names[2], "prod");
        assert_int_equal(list(mount_path(m, "prod/clusters"), names, MEMBERS + 8), MEMBERS);
        n = list(mount_path(m, "prod/clusters/cluster-007"), names, 16);
        assert_int_equal(n, 4); /* not stale.txt, not wait */
        /* Synthesized names come before the user's. */
        assert_int_equal(list(mount_path(m, "prod/backups"), names, 16), 2);
        assert_string_equal(names[0], "README.txt");
        assert_string_equal(names[1], "nightly.yaml");

        mount_assert_text(m, "prod/clusters/cluster-007/phase", "1\n");
        mount_assert_text(m, "prod/first/phase", "1\n");
        assert_int_equal(readlink(mount_path(m, "prod/first"), target, sizeof(target)), 20);
        assert_int_equal(access(mount_path(m, "prod/clusters/cluster-999"), F_OK), -1);
        assert_int_equal(errno, ENOENT);
        assert_int_equal(access(mount_path(m, "prod/clusters/cluster-007/stale.txt"), F_OK), -1);

        assert_int_equal(stat(mount_path(m, "prod/clusters/cluster-007/lines.txt"), &st), 0);
        assert_int_equal(st.st_mode, S_IFREG | 0600);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(st.st_mtim.tv_sec, 1788220860 + 7);
        assert_int_equal(st.st_size, 2 * 45);
        assert_int_equal(st.st_blocks, 1);
        assert_int_equal(st.st_uid, getuid());
        assert_int_equal(stat(mount_path(m, "prod/clusters/cluster-007"), &st), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0700);
        assert_int_equal(st.st_nlink, 1);
        assert_int_equal(lstat(mount_path(m, "prod/first"), &st), 0);
        assert_int_equal(st.st_size, 20);
}

/* The inode and the time of a name are the same on the next mount. */
static void is_stable_across_remounts(void **state)
{
        static const char *const paths[] = { "prod", "prod/clusters/cluster-012",
                "prod/clusters/cluster-012/lines.txt", "prod/first", "events.jsonl",
                "prod/clusters/cluster-012/ctl" };
        struct mount *m = mount_of(state);
        struct stat before[ARRAY_SIZE(paths)], after;
        struct err err = ERR_INIT;

        for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
                assert_int_equal(lstat(mount_path(m, paths[i]), &before[i]), 0);
        mount_stop(m);
        assert_ok(mount_start(m, &top, &counting, 0, &err), &err);
        for (size_t i = ARRAY_SIZE(paths); i-- > 0;) {
                assert_int_equal(lstat(mount_path(m, paths[i]), &after), 0);
                assert_true(before[i].st_ino == after.st_ino);
                assert_int_equal(before[i].st_mtim.tv_sec, after.st_mtim.tv_sec);
                assert_int_equal(before[i].st_size, after.st_size);
        }
}

/* readdir and readdirplus and stat agree on every name of every folder. */
static void readdir_agrees_with_lookup(void **state)
{
        struct mount *m = mount_of(state);
        DIR *d = opendir(mount_path(m, "prod/clusters"));
        struct dirent *e;
        int n = 0;

        assert_non_null(d);
        while ((e = readdir(d)) != NULL) {
                struct stat st;

                assert_int_equal(fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
                assert_true(S_ISDIR(st.st_mode) && e->d_type == DT_DIR);
                if (strcmp(e->d_name, "..") != 0)
                        assert_true(st.st_ino == e->d_ino);
                n++;
        }
        closedir(d);
        assert_int_equal(n, MEMBERS + 2);
}

static void has_free_space(void **state)
{
        struct mount *m = mount_of(state);
        struct statvfs st;

        assert_int_equal(statvfs(m->dir, &st), 0);
        assert_true(st.f_bavail > 0 && st.f_blocks > 0);
        assert_int_equal(st.f_namemax, 255);
}

static void has_attributes(void **state)
{
        struct mount *m = mount_of(state);
        char value[64];

        assert_int_equal(getxattr(mount_path(m, "prod/clusters/cluster-001/phase"),
                                 "user.fleetfs.seen", value, sizeof(value)),
                1);
        assert_int_equal(value[0], '1');
        assert_int_equal(
                listxattr(mount_path(m, "prod/clusters/cluster-001"), value, sizeof(value)), 18);
        assert_string_equal(value, "user.fleetfs.seen");
        set_seen(m, 1, 12345);
        assert_int_equal(
                getxattr(mount_path(m, "prod/clusters/cluster-001"), "user.fleetfs.seen", NULL, 0),
                5);
        assert_int_equal(
                getxattr(mount_path(m, "prod/clusters/cluster-001"), "user.fleetfs.seen", value, 3),
                -1);
        assert_int_equal(errno, ERANGE);
        set_seen(m, 1, 0);
        assert_int_equal(getxattr(mount_path(m, "prod/clusters/cluster-001"), "user.fleetfs.seen",
                                 value, 64),
                -1);
        assert_int_equal(errno, ENODATA);
        assert_int_equal(
                listxattr(mount_path(m, "prod/clusters/cluster-001"), value, sizeof(value)), 0);
        assert_int_equal(getxattr(mount_path(m, "prod"), "user.other", value, 64), -1);
        assert_int_equal(errno, ENODATA);
        assert_int_equal(setxattr(mount_path(m, "prod"), "user.fleetfs.seen", "1", 1, 0), -1);
        assert_int_equal(errno, EOPNOTSUPP);
}

/* ---------------------------------------------------------------- memory */

static void walk_all(const char *path)
{
        DIR *d = opendir(path);
        struct dirent *e;

        if (d == NULL)
                return;
        while ((e = readdir(d)) != NULL) {
                char below[512];
                struct stat st;

                if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
                        strcmp(e->d_name, "logs") == 0)
                        continue;
                snprintf(below, sizeof(below), "%.250s/%.250s", path, e->d_name);
                (void)lstat(below, &st);
                if (e->d_type == DT_DIR)
                        walk_all(below);
        }
        closedir(d);
}

static size_t count_inodes(struct mount *m)
{
        size_t n;

        pthread_mutex_lock(&m->session->inodes.lock);
        n = m->session->inodes.count;
        pthread_mutex_unlock(&m->session->inodes.lock);
        return n;
}

static void every_lookup_is_given_back(void **state)
{
        struct mount *m = mount_of(state);
        int64_t end = mount_now_ms() + 20000;
        int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

        if (fd < 0)
                skip();
        walk_all(m->dir);
        assert_true(count_inodes(m) > 3 * MEMBERS);
        for (int i = 0; i < MEMBERS; i++)
                set_seen(m, i, 1000 + i);
        walk_all(m->dir);
        do {
                assert_int_equal(write(fd, "2", 1), 1);
                usleep(20000);
        } while (count_inodes(m) > 0 && mount_now_ms() < end);
        close(fd);
        assert_int_equal(count_inodes(m), 0);
        /* And the tree is still there. */
        mount_assert_text(m, "prod/clusters/cluster-001/phase", "1001\n");
}

static void a_warm_read_only_mount_costs_no_request(void **state)
{
        struct mount *m = mount_of(state);
        char expected[32], path[64];
        uint64_t before;

        for (int pass = 0; pass < 3; pass++) {
                before = session_requests(m->session);
                walk_all(m->dir);
                for (int i = 0; i < MEMBERS; i++) {
                        snprintf(path, sizeof(path), "prod/clusters/cluster-%03d/phase", i);
                        mount_assert_text(m, path, "1\n");
                }
        }
        assert_int_equal(session_requests(m->session) - before, 0);

        set_seen(m, 5, 55);
        snprintf(expected, sizeof(expected), "sum %d\n", MEMBERS + 54);
        mount_assert_text(m, "prod/sum.txt", expected);
        mount_assert_text(m, "prod/clusters/cluster-005/phase", "55\n");
        assert_int_equal(access(mount_path(m, "prod/clusters/cluster-005/ctl"), F_OK), -1);
        assert_int_equal(access(mount_path(m, "prod/clusters/cluster-005/wait"), F_OK), -1);
        assert_int_equal(open(mount_path(m, "prod/backups/x.yaml"), O_WRONLY | O_CREAT, 0600), -1);
        assert_int_equal(errno, EROFS);
        assert_int_equal(unlink(mount_path(m, "README.txt")), -1);
        assert_int_equal(errno, EROFS);
}

/* ---------------------------------------------------------------- mounting */

static void a_second_mount_is_refused(void **state)
{
        struct mount *m = mount_of(state);
        struct session_options o = { .mountpoint = m->dir, .root = &top };
        struct session *s = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(session_new(&s, &o, &m->model, NULL, &err), -EBUSY);
        assert_err(&err, -EBUSY, "already mounted");
        assert_null(s);
        mount_assert_text(m, "README.txt", "read me\n");
}

/* A daemon that died leaves "Transport endpoint is not connected"; the next one takes that away. */
static void a_dead_mount_is_replaced(void **state)
{
        struct mount *m = mount_of(state);
        struct err err = ERR_INIT;
        struct stat st;
        int status;
        pid_t pid;

        mount_stop(m);
        pid = fork();
        if (pid == 0) {
                struct session_options o = { .mountpoint = m->dir, .root = &top };
                struct session *s = NULL;

                _exit(session_new(&s, &o, &m->model, NULL, NULL) == 0 ? 0 : 1);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(stat(m->dir, &st), -1);
        assert_int_equal(errno, ENOTCONN);
        assert_ok(mount_start(m, &top, &counting, 0, &err), &err);
        mount_assert_text(m, "README.txt", "read me\n");
}

/* libfuse refuses the connection unless INIT says what the option said. */
static void max_read_bounds_reads(void **state)
{
        struct mount *m = mount_of(state);
        struct err err = ERR_INIT;
        char line[4096];
        bool told = false;
        FILE *f;

        mount_stop(m);
        m->options = "max_read=65536,max_read=4096";
        assert_ok(mount_start(m, &top, &counting, 0, &err), &err);
        mount_assert_text(m, "README.txt", "read me\n");
        f = fopen("/proc/self/mountinfo", "re");
        assert_non_null(f);
        while (fgets(line, sizeof(line), f) != NULL)
                told = told || (strstr(line, m->dir) != NULL && strstr(line, "max_read=4096") != NULL);
        fclose(f);
        assert_true(told);
}

static void never_ready(void *arg)
{
        (void)arg;
        fail_msg("ready, although the kernel never asked");
}

static void a_mount_that_ends_before_it_is_ready_is_an_error(void **state)
{
        struct mount *m = mount_of(state);
        struct session_options o = { .mountpoint = m->dir, .root = &top };
        struct session *s = NULL;
        struct err err = ERR_INIT;

        mount_stop(m);
        assert_ok(session_new(&s, &o, &m->model, NULL, &err), &err);
        assert_false(s->covers);
        assert_int_equal(umount2(m->dir, MNT_DETACH), 0);
        assert_ok(session_start(s, never_ready, NULL, &err), &err);
        assert_int_equal(session_wait(s), -EPROTO);
        session_free(s);
}

static void tells_that_it_hides_entries(void **state)
{
        struct mount *m = mount_of(state);
        struct err err = ERR_INIT;
        char path[128];

        mount_stop(m);
        snprintf(path, sizeof(path), "%s/hidden", m->dir);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_ok(mount_start(m, &top, &counting, 0, &err), &err);
        assert_true(m->session->covers);
        mount_assert_text(m, "README.txt", "read me\n");
        mount_stop(m);
        assert_int_equal(rmdir(path), 0);
}

static void an_unmount_from_outside_ends_the_session(void **state)
{
        struct mount *m = mount_of(state);
        int64_t end = mount_now_ms() + 10000;

        mount_assert_text(m, "README.txt", "read me\n");
        while (umount2(m->dir, 0) < 0 && mount_now_ms() < end)
                usleep(1000);
        pthread_join(m->waiter, NULL);
        m->waiting = false;
        set_seen(m, 1, 2); /* barriers still come */
}

static const struct refused_mount {
        const char *name, *mountpoint, *options;
        int code;
        const char *message;
} refused_mounts[] = {
        { "mount: no such folder", "/nowhere/at/all", NULL, -ENOENT, "mountpoint /nowhere/at/all" },
        { "mount: not a folder", "/etc/passwd", NULL, -ENOTDIR, "is no folder" },
        { "mount: an option nobody knows", "/tmp", "frobnicate", -EINVAL,
                "mount options: unknown option(s): `-o frobnicate'" },
        { "mount: a value that is no number", "/tmp", "max_read=x", -EINVAL,
                "mount options: invalid parameter in option `max_read=x'" },
        { "mount: a value that the kernel does not take", "/tmp", "context=x", -EINVAL,
                "mount on /tmp: mount failed: Invalid argument" },
};

static void refuses_to_mount(void **state)
{
        const struct refused_mount *c = test_row(state);
        struct session_options o = {
                .mountpoint = c->mountpoint, .mount_options = c->options, .root = &top
        };
        struct model model;
        struct session *s = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(model_init(&model, &err), 0);
        assert_int_equal(session_new(&s, &o, &model, NULL, &err), c->code);
        assert_err(&err, c->code, c->message);
        assert_true(err.remedy[0] != '\0');
        model_done(&model);
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_WITH(shows_the_tables, setup, mount_teardown);
        TEST_WITH(is_stable_across_remounts, setup, mount_teardown);
        TEST_WITH(readdir_agrees_with_lookup, setup, mount_teardown);
        TEST_WITH(has_free_space, setup, mount_teardown);
        TEST_WITH(has_attributes, setup, mount_teardown);
        TEST_WITH(every_lookup_is_given_back, setup, mount_teardown);
        TEST_WITH(a_warm_read_only_mount_costs_no_request, setup_read_only, mount_teardown);
        TEST_WITH(a_second_mount_is_refused, setup, mount_teardown);
        TEST_WITH(a_dead_mount_is_replaced, setup, mount_teardown);
        TEST_WITH(an_unmount_from_outside_ends_the_session, setup, mount_teardown);
        TEST_WITH(max_read_bounds_reads, setup, mount_teardown);
        TEST_WITH(a_mount_that_ends_before_it_is_ready_is_an_error, setup, mount_teardown);
        TEST_WITH(tells_that_it_hides_entries, setup, mount_teardown);
        TEST_ROWS(refuses_to_mount, refused_mounts);
        return test_run("session");
}
