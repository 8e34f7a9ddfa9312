/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/parked.h"

#include <semaphore.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include "tests/support/mount_tree.h"

/* ---------------------------------------------------------------- waiting */

static void nothing(int sig)
{
        (void)sig;
}

static pid_t wait_in_child(const char *path, int out)
{
        pid_t pid = fork();

        if (pid == 0) {
                char text[64];
                int fd;
                ssize_t n;

                (void)signal(SIGINT, SIG_DFL);
                fd = open(path, O_RDONLY);
                n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
                if (n > 0 && out >= 0)
                        n = write(out, text, (size_t)n);
                _exit(n > 0 ? 0 : 1);
        }
        return pid;
}

/* The child's status, or -1 after 10 s (then it is killed). */
static int reap(pid_t pid)
{
        int64_t end = mount_now_ms() + 10000;
        int status;

        while (waitpid(pid, &status, WNOHANG) == 0) {
                if (mount_now_ms() > end) {
                        (void)kill(pid, SIGKILL);
                        return -1;
                }
                usleep(1000);
        }
        return status;
}

static bool is_waiting(struct mount *m, unsigned n)
{
        int64_t end = mount_now_ms() + 10000;
        unsigned count = 0;

        while (mount_now_ms() < end) {
                count = 0;
                pthread_mutex_lock(&m->session->parking.lock);
                count = m->session->parking.count;
                pthread_mutex_unlock(&m->session->parking.lock);
                if (count == n)
                        return true;
                usleep(1000);
        }
        return false;
}

static void a_wait_ends_when_it_is_over(void **state)
{
        struct mount *m = mount_of(state);
        pid_t pids[30];
        char text[256] = "";
        int out[2];

        assert_int_equal(pipe(out), 0);
        for (int i = 0; i < 30; i++)
                pids[i] = wait_in_child(mount_path(m, "prod/clusters/cluster-002/wait"), out[1]);
        close(out[1]);
        assert_true(is_waiting(m, 30));
        /* More waiters than workers, and the mount goes on. */
        set_seen(m, 2, 5);
        mount_assert_text(m, "prod/clusters/cluster-002/phase", "5\n");
        assert_true(is_waiting(m, 30));

        model_write_begin(&m->model);
        member(m, 2)->reachable = true;
        member(m, 2)->seen = 6;
        model_touch_member(member(m, 2), false);
        mount_change_end(m);
        for (int i = 0; i < 30; i++)
                assert_int_equal(reap(pids[i]), 0);
        assert_int_equal(read(out[0], text, sizeof(text)), 60);
        assert_string_equal(text + 56, "6\n6\n");
        close(out[0]);
        /* What is over does not wait at all. */
        mount_assert_text(m, "prod/clusters/cluster-002/wait", "6\n");
}

static void a_wait_ends_at_a_signal(void **state)
{
        struct mount *m = mount_of(state);
        pid_t pid = wait_in_child(mount_path(m, "prod/clusters/cluster-002/wait"), -1);
        int status;

        assert_true(is_waiting(m, 1));
        (void)kill(pid, SIGINT);
        status = reap(pid);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
        assert_true(is_waiting(m, 0));
        mount_assert_text(m, "prod/clusters/cluster-001/phase", "1\n");
}

static void a_wait_ends_when_the_object_goes(void **state)
{
        struct mount *m = mount_of(state);
        pid_t pid = wait_in_child(mount_path(m, "prod/clusters/cluster-002/wait"), -1);

        assert_true(is_waiting(m, 1));
        model_write_begin(&m->model);
        model_touch_member(member(m, 2), true);
        fleet_remove_member(member(m, 2));
        mount_change_end(m);
        assert_int_equal(WEXITSTATUS(reap(pid)), 1);
}

static void a_wait_ends_at_unmount(void **state)
{
        struct mount *m = mount_of(state);
        pid_t pid = wait_in_child(mount_path(m, "prod/clusters/cluster-002/wait"), -1);

        assert_true(is_waiting(m, 1));
        mount_stop(m);
        assert_int_equal(WEXITSTATUS(reap(pid)), 1);
}

/* fs/wait.c keeps the struct to itself; its first member is the next one. */
static const struct wait *wait_next(const struct wait *w)
{
        return *(const struct wait *const *)(const void *)w;
}

/* A wait that a signal ended goes with the next one, although nothing in the fleet changes. */
static void waits_that_were_interrupted_do_not_add_up(void **state)
{
        struct mount *m = mount_of(state);
        unsigned n = 0;

        for (int i = 0; i < 10; i++) {
                pid_t pid = wait_in_child(mount_path(m, "prod/clusters/cluster-002/wait"), -1);

                assert_true(is_waiting(m, 1));
                (void)kill(pid, SIGINT);
                (void)reap(pid);
                assert_true(is_waiting(m, 0));
        }
        pthread_mutex_lock(&m->session->waits.lock);
        for (const struct wait *w = m->session->waits.first; w != NULL; w = wait_next(w))
                n++;
        pthread_mutex_unlock(&m->session->waits.lock);
        assert_in_range(n, 0, 1);
}

/* Signals, answers and changes race for the same request: whoever comes second must find nothing to
 * do. */
static void signals_and_answers_race(void **state)
{
        struct mount *m = mount_of(state);
        int64_t end = mount_now_ms() + 1500;
        pid_t pids[4];

        for (int i = 0; i < 4; i++) {
                pids[i] = fork();
                if (pids[i] != 0)
                        continue;
                /* Without SA_RESTART. */
                (void)sigaction(SIGALRM, &(struct sigaction){ .sa_handler = nothing }, NULL);
                (void)setitimer(ITIMER_REAL,
                        &(struct itimerval){ { 0, 700 + 100 * i }, { 0, 700 + 100 * i } }, NULL);
                while (mount_now_ms() < end) {
                        int fd = open(mount_path(m, "prod/clusters/cluster-002/wait"), O_RDONLY);

                        if (fd >= 0)
                                close(fd);
                        else if (errno != EINTR)
                                _exit(1);
                }
                _exit(0);
        }
        for (int i = 0; mount_now_ms() < end; i++) {
                model_write_begin(&m->model);
                member(m, 2)->reachable = i % 2 == 0;
                model_touch_member(member(m, 2), false);
                model_write_end(&m->model);
                usleep(600);
        }
        for (int i = 0; i < 4; i++)
                assert_int_equal(reap(pids[i]), 0);
        assert_true(is_waiting(m, 0));
}

/* The request that "sleep" left, once; it may be answered before it is here. */
static struct parked *asked_parked(void)
{
        struct parked *p = NULL;

        while (p == NULL) {
                usleep(100);
                pthread_mutex_lock(&asked.lock);
                p = TAKE(asked.parked);
                pthread_mutex_unlock(&asked.lock);
        }
        return p;
}

static void a_deadline_answers(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/clusters/cluster-002/ctl"), O_WRONLY);
        int64_t begin = mount_now_ms();
        struct parked *p;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "sleep\n", 6), -1);
        assert_int_equal(errno, ETIMEDOUT);
        assert_in_range(mount_now_ms() - begin, 45, 5000);
        close(fd);
        assert_true(is_waiting(m, 0));
        p = asked_parked();
        assert_true(parked_answered(p));
        assert_null(parked_take(p));
}

/* The notifier waits for the kernel, which may wait for whom the deadline is to free. */
static sem_t stuck;

static void get_stuck(void *arg)
{
        (void)sem_wait(&stuck);
}

static void a_deadline_answers_while_the_notifier_is_stuck(void **state)
{
        struct mount *m = mount_of(state);

        (void)sem_init(&stuck, 0, 0);
        model_write_begin(&m->model);
        model_write_end_notify(&m->model, get_stuck, NULL);
        a_deadline_answers(state);
        (void)sem_post(&stuck);
}

/* Longer than the deadline (50 ms) passes before the work is done; then the outcome comes in time. */
static void *begin_and_settle(void *arg)
{
        struct mount *m = arg;
        struct parked *p = asked_parked();

        assert_true(parked_begin(p));
        usleep(200000);
        assert_true(is_waiting(m, 1));
        parked_settle(p, 20, 0, 6);
        return p;
}

static void work_that_began_is_answered_with_its_outcome(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/clusters/cluster-002/ctl"), O_WRONLY);
        pthread_t t;
        void *p;

        assert_true(fd >= 0);
        pthread_create(&t, NULL, begin_and_settle, m);
        assert_int_equal(write(fd, "sleep\n", 6), 6);
        pthread_join(t, &p);
        close(fd);
        assert_true(is_waiting(m, 0));
        assert_null(parked_take(p));
}

static void work_that_is_late_is_not_begun(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/clusters/cluster-002/ctl"), O_WRONLY);
        struct parked *p;

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "sleep\n", 6), -1);
        close(fd);
        p = asked_parked();
        assert_false(parked_begin(p));
        assert_null(parked_take(p));
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_WITH(a_wait_ends_when_it_is_over, setup, mount_teardown);
        TEST_WITH(a_wait_ends_at_a_signal, setup, mount_teardown);
        TEST_WITH(a_wait_ends_when_the_object_goes, setup, mount_teardown);
        TEST_WITH(a_wait_ends_at_unmount, setup, mount_teardown);
        TEST_WITH(waits_that_were_interrupted_do_not_add_up, setup, mount_teardown);
        TEST_WITH(signals_and_answers_race, setup, mount_teardown);
        TEST_WITH(a_deadline_answers, setup, mount_teardown);
        TEST_WITH(a_deadline_answers_while_the_notifier_is_stuck, setup, mount_teardown);
        TEST_WITH(work_that_began_is_answered_with_its_outcome, setup, mount_teardown);
        TEST_WITH(work_that_is_late_is_not_begun, setup, mount_teardown);
        return test_run("parked");
}
