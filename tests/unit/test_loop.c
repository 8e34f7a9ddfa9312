/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "base/loop.h"

static int setup(void **state)
{
        struct test_state *s = *state;
        struct loop *loop = NULL;
        int r = loop_new(&loop, NULL);

        s->fixture = loop;
        return r;
}

static int teardown(void **state)
{
        loop_free(test_fixture(state));
        return 0;
}

/* Runs rounds until *done, for at most five seconds. */
static void run_until(struct loop *loop, const bool *done)
{
        int64_t end = loop_now(loop) + 5000;

        while (!*done && loop_now(loop) < end)
                assert_ok(loop_run_once(loop, 100, NULL), NULL);
        assert_true(*done);
}

static void set_true(void *arg)
{
        *(bool *)arg = true;
}

/* --- timers --- */

struct alarm {
        struct loop_timer timer;
        struct fired *fired;
        int64_t due;
};

struct fired {
        struct loop *loop;
        int64_t last_due;
        int n;
        struct alarm alarms[500];
};

static void alarm_on_fire(void *arg)
{
        struct alarm *a = arg;

        assert_true(a->due >= a->fired->last_due);
        assert_true(a->due <= loop_now(a->fired->loop));
        assert_false(loop_timer_armed(&a->timer));
        a->fired->last_due = a->due;
        a->fired->n++;
}

static void fires_in_order(void **state)
{
        static struct fired f;
        struct loop *loop = test_fixture(state);
        uint32_t seed = 3;
        int expected = 0;

        f = (struct fired){ .loop = loop };
        for (size_t i = 0; i < ARRAY_SIZE(f.alarms); i++)
                loop_timer_init(&f.alarms[i].timer, alarm_on_fire, &f.alarms[i]);
        /* Armed, armed anew and cancelled at random, all due in the past or within 40 ms. */
        for (int i = 0; i < 5000; i++) {
                struct alarm *a;

                seed = seed * 1664525U + 1013904223U;
                a = &f.alarms[(seed >> 8) % ARRAY_SIZE(f.alarms)];
                a->fired = &f;
                if (seed >> 30 == 0) {
                        loop_timer_cancel(loop, &a->timer);
                        continue;
                }
                a->due = loop_now(loop) + (int64_t)(seed >> 12) % 50 - 10;
                loop_timer_at(loop, &a->timer, a->due);
        }
        for (size_t i = 0; i < ARRAY_SIZE(f.alarms); i++)
                expected += loop_timer_armed(&f.alarms[i].timer);
        assert_true(expected > 200);
        for (int64_t end = loop_now(loop) + 2000; f.n < expected && loop_now(loop) < end;)
                assert_ok(loop_run_once(loop, -1, NULL), NULL);
        assert_int_equal(f.n, expected);
}

static struct loop_timer first, second;
static int second_fired;

static void cancels_second(void *arg)
{
        loop_timer_cancel(arg, &second);
        /* Due already, but not before the next round. */
        loop_timer_after(arg, &first, 0);
}

static void counts_second(void *arg)
{
        (void)arg;
        second_fired++;
}

static void a_cancelled_timer_does_not_fire_in_the_same_round(void **state)
{
        struct loop *loop = test_fixture(state);
        int64_t now = loop_now(loop);

        second_fired = 0;
        loop_timer_init(&first, cancels_second, loop);
        loop_timer_init(&second, counts_second, loop);
        loop_timer_at(loop, &first, now - 2);
        loop_timer_at(loop, &second, now - 1);
        assert_ok(loop_run_once(loop, -1, NULL), NULL);
        assert_int_equal(second_fired, 0);
        assert_true(loop_timer_armed(&first));
        loop_timer_cancel(loop, &first);
        assert_false(loop_timer_armed(&first));
}

static void a_far_deadline_does_not_overflow(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_timer t;
        bool fired = false;

        loop_timer_init(&t, set_true, &fired);
        loop_timer_after(loop, &t, INT64_MAX);
        assert_ok(loop_run_once(loop, 1, NULL), NULL);
        assert_false(fired);
        loop_timer_cancel(loop, &t);
}

/* --- deferred --- */

struct chain {
        struct loop *loop;
        struct loop_defer a, b, c;
        char text[16];
};

static void chain_a(void *arg)
{
        struct chain *c = arg;

        strcat(c->text, "a");
        loop_defer(c->loop, &c->a); /* next round */
        loop_defer_cancel(c->loop, &c->b);
}

static void chain_b(void *arg)
{
        strcat(((struct chain *)arg)->text, "b");
}

static void chain_c(void *arg)
{
        strcat(((struct chain *)arg)->text, "c");
}

static void defers_to_the_end_of_the_round(void **state)
{
        struct chain c = { .loop = test_fixture(state) };

        loop_defer_init(&c.a, chain_a, &c);
        loop_defer_init(&c.b, chain_b, &c);
        loop_defer_init(&c.c, chain_c, &c);
        loop_defer(c.loop, &c.a);
        loop_defer(c.loop, &c.b);
        loop_defer(c.loop, &c.c);
        loop_defer(c.loop, &c.c);
        assert_ok(loop_run_once(c.loop, -1, NULL), NULL);
        assert_string_equal(c.text, "ac");
        assert_ok(loop_run_once(c.loop, -1, NULL), NULL);
        assert_string_equal(c.text, "aca");
        loop_defer(c.loop, &c.b);
        loop_defer_cancel(c.loop, &c.b); /* the last of the queue */
        loop_defer(c.loop, &c.c);
        loop_defer_cancel(c.loop, &c.a); /* its head */
        assert_ok(loop_run_once(c.loop, -1, NULL), NULL);
        assert_string_equal(c.text, "acac");
}

/* --- descriptors --- */

struct pipes {
        struct loop *loop;
        struct loop_fd fds[2];
        int pipe[2][2];
        int calls;
};

static void pipe_removes_both(struct loop_fd *f, uint32_t events, void *arg)
{
        struct pipes *p = arg;

        (void)f;
        assert_true(events & EPOLLIN);
        p->calls++;
        loop_fd_remove(p->loop, &p->fds[0]);
        loop_fd_remove(p->loop, &p->fds[1]);
        loop_fd_remove(p->loop, &p->fds[1]);
}

static void a_removed_descriptor_is_not_called_in_the_same_round(void **state)
{
        struct pipes p = { .loop = test_fixture(state) };

        for (int i = 0; i < 2; i++) {
                assert_int_equal(pipe2(p.pipe[i], O_CLOEXEC), 0);
                assert_ok(loop_fd_add(p.loop, &p.fds[i], p.pipe[i][0], EPOLLIN, pipe_removes_both,
                                  &p, NULL),
                        NULL);
                assert_int_equal(write(p.pipe[i][1], "x", 1), 1);
        }
        assert_ok(loop_run_once(p.loop, 1000, NULL), NULL);
        assert_ok(loop_run_once(p.loop, 0, NULL), NULL);
        assert_int_equal(p.calls, 1);
        for (int i = 0; i < 4; i++)
                close(p.pipe[i / 2][i % 2]);
}

static void says_why_a_descriptor_cannot_be_watched(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_fd f = LOOP_FD_INIT;
        struct err err = ERR_INIT;
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        assert_int_equal(loop_fd_add(loop, &f, fd, EPOLLIN, pipe_removes_both, NULL, &err), -EPERM);
        assert_err(&err, -EPERM, "Operation not permitted");
        close(fd);
        loop_fd_remove(loop, &f);
}

/* --- other threads --- */

#define POSTS 2000

struct posting {
        struct loop *loop;
        int next[2], n;
        pthread_t threads[2];
        struct post_arg {
                struct posting *p;
                int thread, i;
        } args[2][POSTS];
};

static void posted(void *arg)
{
        struct post_arg *a = arg;

        loop_assert_owner(a->p->loop);
        assert_int_equal(a->i, a->p->next[a->thread]++);
        if (++a->p->n == 2 * POSTS)
                loop_stop(a->p->loop);
}

static void *post_all(void *arg)
{
        struct post_arg *args = arg;

        for (int i = 0; i < POSTS; i++)
                assert_int_equal(loop_post(args[0].p->loop, posted, &args[i]), 0);
        return NULL;
}

static void takes_posts_of_other_threads_in_order(void **state)
{
        static struct posting p;

        p = (struct posting){ .loop = test_fixture(state) };
        for (int t = 0; t < 2; t++) {
                for (int i = 0; i < POSTS; i++)
                        p.args[t][i] = (struct post_arg){ &p, t, i };
                assert_int_equal(pthread_create(&p.threads[t], NULL, post_all, p.args[t]), 0);
        }
        assert_ok(loop_run(p.loop, NULL), NULL);
        for (int t = 0; t < 2; t++)
                pthread_join(p.threads[t], NULL);
        assert_int_equal(p.n, 2 * POSTS);
}

static void refuses_too_many_posts_and_runs_the_rest_at_the_end(void **state)
{
        struct loop *loop;
        static bool done[1];
        int r = 0, n = 0;

        (void)state;
        assert_ok(loop_new(&loop, NULL), NULL);
        while ((r = loop_post(loop, set_true, done)) == 0)
                n++;
        assert_int_equal(r, -ENOBUFS);
        assert_int_equal(n, LIMIT_LOOP_POSTS);
        loop_free(loop);
        assert_true(done[0]);
}

struct noted {
        struct loop_note note;
        bool *before, *after;
};

static void note_frees_itself(void *arg)
{
        struct noted *n = arg;

        *n->after = *n->before;
        free(n);
}

/* Beyond the limit, and in its turn. */
static void takes_a_note_of_the_callers_in_any_case(void **state)
{
        struct loop *loop = NULL;
        struct err err = ERR_INIT;
        struct noted *n = calloc(1, sizeof(*n));
        bool before = false, after = false;

        (void)state;
        assert_ok(loop_new(&loop, &err), &err);
        while (loop_post(loop, set_true, &before) == 0)
                ;
        *n = (struct noted){ .before = &before, .after = &after };
        loop_post_note(loop, &n->note, note_frees_itself, n);
        assert_ok(loop_run_once(loop, 0, &err), &err);
        assert_true(after);
        loop_free(loop);
}

static void *stop_it(void *arg)
{
        loop_stop(arg);
        return NULL;
}

static void stops_from_another_thread_and_runs_again(void **state)
{
        struct loop *loop = test_fixture(state);
        pthread_t thread;

        for (int i = 0; i < 2; i++) {
                assert_int_equal(pthread_create(&thread, NULL, stop_it, loop), 0);
                assert_ok(loop_run(loop, NULL), NULL);
                pthread_join(thread, NULL);
        }
}

/* --- children --- */

struct waited {
        bool done;
        int status;
};

static void child_ended(struct loop_child *c, int status, void *arg)
{
        struct waited *w = arg;

        w->status = status;
        w->done = true;
        assert_int_equal(loop_child_kill(c, SIGTERM), -ESRCH);
        loop_child_free(c);
}

static pid_t spawn(int code)
{
        pid_t pid = fork();

        if (pid == 0) {
                (void)setpgid(0, 0);
                if (code >= 0)
                        _exit(code);
                for (;;)
                        pause();
        }
        assert_true(pid > 0);
        (void)setpgid(pid, pid);
        return pid;
}

static void reaps_a_child(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_child *c;
        struct waited w = { 0 };
        pid_t pid = spawn(7);

        assert_ok(loop_child_new(&c, loop, pid, child_ended, &w, NULL), NULL);
        run_until(loop, &w.done);
        assert_int_equal(WEXITSTATUS(w.status), 7);
        assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
}

static void kills_a_child(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_child *c;
        struct waited w = { 0 };

        assert_ok(loop_child_new(&c, loop, spawn(-1), child_ended, &w, NULL), NULL);
        assert_int_equal(loop_child_kill(c, SIGTERM), 0);
        run_until(loop, &w.done);
        assert_true(WIFSIGNALED(w.status));
        assert_int_equal(WTERMSIG(w.status), SIGTERM);
}

static void a_child_that_is_given_up_is_killed_and_reaped(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_child *c;
        struct waited w = { 0 };
        pid_t pid = spawn(-1);
        int64_t end = loop_now(loop) + 5000;

        assert_ok(loop_child_new(&c, loop, pid, child_ended, &w, NULL), NULL);
        loop_child_free(c);
        while (kill(pid, 0) == 0 && loop_now(loop) < end)
                assert_ok(loop_run_once(loop, 50, NULL), NULL);
        assert_int_equal(kill(pid, 0), -1);
        assert_false(w.done);
        /* One more, for loop_free() to reap. */
        assert_ok(loop_child_new(&c, loop, spawn(-1), child_ended, &w, NULL), NULL);
        loop_child_free(c);
}

static void refuses_what_is_no_process(void **state)
{
        struct loop *loop = test_fixture(state);
        struct loop_child *c = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(loop_child_new(&c, loop, 1 << 30, child_ended, NULL, &err), -ESRCH);
        assert_err(&err, -ESRCH, "watch process 1073741824: No such process");
}

/* --- clocks --- */

static const struct jump_row {
        const char *name;
        struct loop_clocks before, after;
        int64_t slept, stepped;
} jumps[] = {
        { "nothing", { 1000, 1000, 5000 }, { 61000, 61000, 65000 }, 0, 0 },
        { "slew", { 1000, 1000, 5000 }, { 61000, 61000, 65900 }, 0, 0 },
        { "suspend", { 1000, 1000, 5000 }, { 3601500, 1500, 3605500 }, 3600000, 0 },
        { "short_suspend", { 1000, 1000, 5000 }, { 2900, 2000, 6900 }, 0, 0 },
        { "set_ahead", { 1000, 1000, 5000 }, { 1100, 1100, 15100 }, 0, 10000 },
        { "set_back", { 1000, 1000, 50000 }, { 1100, 1100, 40100 }, 0, -10000 },
        { "suspend_and_set", { 0, 0, 0 }, { 10000, 0, 70000 }, 10000, 60000 },
};

static void tells_sleep_from_steps(void **state)
{
        const struct jump_row *row = test_row(state);
        struct loop_jump jump;

        assert_int_equal(
                loop_clocks_jumped(&row->before, &row->after, &jump), row->slept || row->stepped);
        assert_true(jump.slept_ms == row->slept);
        assert_true(jump.stepped_ms == row->stepped);
}

int main(void)
{
        TEST_WITH(fires_in_order, setup, teardown);
        TEST_WITH(a_cancelled_timer_does_not_fire_in_the_same_round, setup, teardown);
        TEST_WITH(a_far_deadline_does_not_overflow, setup, teardown);
        TEST_WITH(defers_to_the_end_of_the_round, setup, teardown);
        TEST_WITH(a_removed_descriptor_is_not_called_in_the_same_round, setup, teardown);
        TEST_WITH(says_why_a_descriptor_cannot_be_watched, setup, teardown);
        TEST_WITH(takes_posts_of_other_threads_in_order, setup, teardown);
        TEST(refuses_too_many_posts_and_runs_the_rest_at_the_end);
        TEST(takes_a_note_of_the_callers_in_any_case);
        TEST_WITH(stops_from_another_thread_and_runs_again, setup, teardown);
        TEST_WITH(reaps_a_child, setup, teardown);
        TEST_WITH(kills_a_child, setup, teardown);
        TEST_WITH(a_child_that_is_given_up_is_killed_and_reaped, setup, teardown);
        TEST_WITH(refuses_what_is_no_process, setup, teardown);
        TEST_ROWS(tells_sleep_from_steps, jumps);
        return test_run("loop");
}
