/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * loop: the event loop of one thread.
 *
 * Timers, descriptors, child processes, work handed over by other threads and work put off to the
 * end of the round, all called on one thread, one after the other.  The sources are structs that
 * the caller embeds; the loop links them and never allocates for them (children excepted), so
 * arming a timer cannot fail.
 *
 *     struct engine { struct loop_timer tick; … };
 *     loop_timer_init(&e->tick, engine_on_tick, e);
 *     loop_timer_after(loop, &e->tick, 1000);
 *
 * Thread: the one that calls loop_new() owns the loop until another calls loop_run(); from then on
 * that one does. Every function asserts it, except loop_post() and loop_stop(), which any thread
 * may call.
 *
 * Removal is always safe: a callback may remove, re-arm or free any source, its own included; what
 * is removed is not called any more, even if its event was already read from the kernel.
 *
 * Time is CLOCK_BOOTTIME in milliseconds: it runs on while the machine sleeps, so a deadline that
 * passed during a suspend fires at once on resume.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

struct loop;

/* -ENOMEM, -EMFILE, -ENFILE. */
int loop_new(struct loop **ret, struct err *err);

/* All sources must be gone (asserted), except children given up with loop_child_free(): they are
 * killed and reaped. */
struct loop *loop_free(struct loop *loop);
DEFINE_CLEANUP(struct loop *, loop_free);

/* Runs callbacks until loop_stop().  Returns 0, or -errno when the kernel fails us (err says
 * where). */
int loop_run(struct loop *loop, struct err *err);

/* One round: waits until something happens, but at most `max_wait_ms` (0: do not wait, -1: for
 * ever); for tests. */
int loop_run_once(struct loop *loop, int64_t max_wait_ms, struct err *err);

/* loop_run() returns after the present round; if it is not running yet, after its first.  Any
 * thread. */
void loop_stop(struct loop *loop);

/* The calling thread owns the loop from now on: for the one that ends what another thread, which is
 * joined, has run. */
void loop_adopt(struct loop *loop);

/* Milliseconds of CLOCK_BOOTTIME, read once per round: all callbacks of a round see the same time.
 */
int64_t loop_now(const struct loop *loop);

/* Aborts unless called on the loop's own thread. */
void loop_assert_owner(const struct loop *loop);

/* --- timers --- */

typedef void loop_fn(void *arg);

/* Embedded by the caller; every member is the loop's. A pairing heap: arming is O(1), firing O(log
 * n). */
struct loop_timer {
        int64_t due; /* loop_now() at which it fires */
        loop_fn *fn;
        void *arg;
        struct loop_timer *child; /* first of the heap's children */
        struct loop_timer *next;  /* sibling */
        struct loop_timer **link; /* what points to us; NULL: not armed */
};

void loop_timer_init(struct loop_timer *t, loop_fn *fn, void *arg);

/* Arms, or arms anew.  Fires once, at or after `due`, never before the next round; due <= now fires
 * there. */
void loop_timer_at(struct loop *loop, struct loop_timer *t, int64_t due);
void loop_timer_after(struct loop *loop, struct loop_timer *t, int64_t ms);

/* No effect when it is not armed, also when it was never initialised but zeroed. */
void loop_timer_cancel(struct loop *loop, struct loop_timer *t);
bool loop_timer_armed(const struct loop_timer *t);

/* --- put off --- */

/* Work for the end of the round, when no callback is on the stack. Embedded; members are the
 * loop's. */
struct loop_defer {
        loop_fn *fn;
        void *arg;
        struct loop_defer *next;
        struct loop_defer **link; /* NULL: not queued */
};

void loop_defer_init(struct loop_defer *d, loop_fn *fn, void *arg);

/* Queues; once, however often it is called before it runs. Queued while the queue runs: runs in the
 * next round. */
void loop_defer(struct loop *loop, struct loop_defer *d);
void loop_defer_cancel(struct loop *loop, struct loop_defer *d);

/* --- from other threads --- */

/*
 * Runs fn(arg) on the loop's thread, in order of posting.  Any thread.  What `arg` points to is the
 * loop's until then. Returns -ENOMEM, or -ENOBUFS when LIMIT_LOOP_POSTS are waiting; then fn is not
 * called.  What is posted but not run when the loop is freed is run by loop_free().
 */
int loop_post(struct loop *loop, loop_fn *fn, void *arg);

/* What is posted by somebody who cannot do without: embedded, zeroed. */
struct loop_note {
        loop_fn *fn;
        void *arg;
        struct loop_note *next;
        bool allocated; /* loop_post()'s own */
};
/* As loop_post(), in the same order, and cannot fail: needs no memory and is let in beyond the limit.
 * The note is the loop's until fn is called, which may free it. */
void loop_post_note(struct loop *loop, struct loop_note *note, loop_fn *fn, void *arg);

/* --- descriptors --- */

struct loop_fd;
typedef void loop_fd_fn(struct loop_fd *f, uint32_t events, void *arg);

/* Embedded; members are the loop's. Level-triggered. The descriptor stays the caller's. */
struct loop_fd {
        int fd; /* -1: not added */
        uint32_t events;
        loop_fd_fn *fn;
        void *arg;
};

#define LOOP_FD_INIT     \
        {                \
                .fd = -1 \
        }

/* `events`: EPOLLIN and so on. -ENOMEM, -ENOSPC (fs.epoll.max_user_watches), -EPERM for a regular
 * file. */
int loop_fd_add(struct loop *loop, struct loop_fd *f, int fd, uint32_t events, loop_fd_fn *fn,
        void *arg, struct err *err);
int loop_fd_set(struct loop *loop, struct loop_fd *f, uint32_t events, struct err *err);

/* Before the descriptor is closed. No effect when it is not added. */
void loop_fd_remove(struct loop *loop, struct loop_fd *f);

/* --- children --- */

struct loop_child;
/* `status` as from waitpid(2); the child is reaped, and only loop_child_free() may be called on it.
 */
typedef void loop_child_fn(struct loop_child *c, int status, void *arg);

/* Watches a child of this process by pidfd and reaps it. The child should lead a process group of
 * its own. */
int loop_child_new(struct loop_child **ret, struct loop *loop, pid_t pid, loop_child_fn *fn,
        void *arg, struct err *err);

/* Sends `sig` to the child's process group, or to the child alone if it leads none. -ESRCH after it
 * was reaped. */
int loop_child_kill(struct loop_child *c, int sig);

/* If it still runs: kills it and its group, and leaves it to the loop to reap; fn is not called.
 * NULL is allowed. */
struct loop_child *loop_child_free(struct loop_child *c);
DEFINE_CLEANUP(struct loop_child *, loop_child_free);

/* --- clocks --- */

struct loop_clocks {
        int64_t boot_ms, mono_ms, real_ms;
};

struct loop_jump {
        int64_t slept_ms;   /* how long the machine was suspended; 0 if it was not */
        int64_t stepped_ms; /* by how much the wall clock was set, apart from sleep; negative: back
                             */
};

/*
 * fn(arg, jump) is called, before any other callback of the round, when the machine slept or the
 * wall clock was set by more than LIMIT_CLOCK_SLACK_MS.  One handler; NULL takes it away.  The
 * kernel wakes us for it (a timerfd with TFD_TIMER_CANCEL_ON_SET), so it does not wait for the next
 * event.
 */
typedef void loop_jump_fn(void *arg, const struct loop_jump *jump);
void loop_on_jump(struct loop *loop, loop_jump_fn *fn, void *arg);

/* The rule behind it, a pure function: what happened between two readings; false if nothing did. */
bool loop_clocks_jumped(
        const struct loop_clocks *before, const struct loop_clocks *after, struct loop_jump *ret);
