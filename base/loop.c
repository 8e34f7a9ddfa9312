/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/loop_internal.h"
#include "base/timer_heap.h"

/*
 * One round:  wait in epoll  ->  clocks  ->  descriptors  ->  posted calls  ->  timers  -> deferred
 *
 * The wait ends by a timerfd on CLOCK_BOOTTIME and not by epoll's own timeout, which stands still
 * while the machine sleeps. A second timerfd never expires: it is there to be cancelled when the
 * wall clock is set, which the kernel also does on resume.
 *
 * Events are read from the kernel in batches. Whoever removes a descriptor in the middle of one
 * takes its later events out of the batch, so that nobody is called after removal.
 */

#define BATCH 64

struct loop {
        pthread_t owner;
        int64_t now;

        int epoll_fd;
        struct epoll_event batch[BATCH];
        int batch_n, batch_i; /* events of this round; the next to be handled */

        struct loop_timer *timers;
        int64_t alarm_due; /* what alarm_fd is set to; INT64_MAX: to nothing */
        int alarm_fd, clock_fd, wakeup_fd;
        struct loop_fd alarm, clock, wakeup;

        struct loop_defer *deferred, **deferred_end;
        struct loop_child *orphans;

        struct loop_clocks clocks; /* as of the last round */
        loop_jump_fn *on_jump;
        void *on_jump_arg;

        atomic_bool stop;
        struct {
                pthread_mutex_t lock;
                struct loop_note *posts, **end;
                size_t n;
        } synced;
};

void loop_adopt(struct loop *loop)
{
        loop->owner = pthread_self();
}

void loop_assert_owner(const struct loop *loop)
{
        assert(pthread_equal(loop->owner, pthread_self()));
}

int64_t loop_now(const struct loop *loop)
{
        loop_assert_owner(loop);
        return loop->now;
}

struct loop_child **loop_orphans(struct loop *loop)
{
        return &loop->orphans;
}

/* --- descriptors --- */

int loop_fd_add(struct loop *loop, struct loop_fd *f, int fd, uint32_t events, loop_fd_fn *fn,
        void *arg, struct err *err)
{
        struct epoll_event event = { .events = events, .data.ptr = f };

        loop_assert_owner(loop);
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                return err_set(err, -errno, "watch descriptor %d: %s", fd, strerror(errno));
        *f = (struct loop_fd){ .fd = fd, .events = events, .fn = fn, .arg = arg };
        return 0;
}

int loop_fd_set(struct loop *loop, struct loop_fd *f, uint32_t events, struct err *err)
{
        struct epoll_event event = { .events = events, .data.ptr = f };

        loop_assert_owner(loop);
        if (events == f->events)
                return 0;
        if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, f->fd, &event) < 0)
                return err_set(err, -errno, "watch descriptor %d: %s", f->fd, strerror(errno));
        f->events = events;
        return 0;
}

void loop_fd_remove(struct loop *loop, struct loop_fd *f)
{
        loop_assert_owner(loop);
        if (f->fd < 0)
                return;
        /* It fails only for a descriptor that was closed before, and then the kernel has already
         * forgotten it. */
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, f->fd, NULL);
        for (int i = loop->batch_i; i < loop->batch_n; i++)
                if (loop->batch[i].data.ptr == f)
                        loop->batch[i].data.ptr = NULL;
        f->fd = -1;
}

/* --- timers --- */

void loop_timer_init(struct loop_timer *t, loop_fn *fn, void *arg)
{
        *t = (struct loop_timer){ .fn = fn, .arg = arg };
}

bool loop_timer_armed(const struct loop_timer *t)
{
        return t->link != NULL;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *t)
{
        loop_assert_owner(loop);
        if (loop_timer_armed(t))
                timer_heap_remove(&loop->timers, t);
}

void loop_timer_at(struct loop *loop, struct loop_timer *t, int64_t due)
{
        loop_timer_cancel(loop, t);
        t->due = due;
        timer_heap_add(&loop->timers, t);
}

void loop_timer_after(struct loop *loop, struct loop_timer *t, int64_t ms)
{
        int64_t due;

        if (__builtin_add_overflow(loop->now, ms, &due))
                due = INT64_MAX - 1;
        loop_timer_at(loop, t, due);
}

/* Fires what is due. What a callback arms meanwhile waits for the next round, even if it is due. */
static void run_timers(struct loop *loop)
{
        struct loop_timer *due = NULL, **end = &due;

        while (loop->timers && loop->timers->due <= loop->now) {
                struct loop_timer *t = loop->timers;

                timer_heap_remove(&loop->timers, t);
                /* Linked as in the heap, so that cancelling takes it out of here too. */
                *end = t;
                t->link = end;
                end = &t->next;
        }
        while (due) {
                struct loop_timer *t = due;

                timer_heap_remove(&loop->timers, t);
                t->fn(t->arg);
        }
}

/* --- put off --- */

void loop_defer_init(struct loop_defer *d, loop_fn *fn, void *arg)
{
        *d = (struct loop_defer){ .fn = fn, .arg = arg };
}

void loop_defer(struct loop *loop, struct loop_defer *d)
{
        loop_assert_owner(loop);
        if (d->link)
                return;
        d->next = NULL;
        d->link = loop->deferred_end;
        *loop->deferred_end = d;
        loop->deferred_end = &d->next;
}

void loop_defer_cancel(struct loop *loop, struct loop_defer *d)
{
        loop_assert_owner(loop);
        if (!d->link)
                return;
        *d->link = d->next;
        if (d->next)
                d->next->link = d->link;
        else if (loop->deferred_end == &d->next)
                loop->deferred_end = d->link;
        d->link = NULL;
}

static void run_deferred(struct loop *loop)
{
        struct loop_defer *list = loop->deferred;

        if (!list)
                return;
        list->link = &list;
        loop->deferred = NULL;
        loop->deferred_end = &loop->deferred;
        while (list) {
                struct loop_defer *d = list;

                loop_defer_cancel(loop, d);
                d->fn(d->arg);
        }
}

/* --- from other threads --- */

static void wake_up(struct loop *loop)
{
        uint64_t one = 1;

        /* It fails only when the counter is full, and then the loop wakes up anyway. */
        (void)!write(loop->wakeup_fd, &one, sizeof(one));
}

static int loop_append_note(struct loop *loop, struct loop_note *note, size_t most)
{
        bool first;

        note->next = NULL;
        {
                LOCK_SCOPE(&loop->synced.lock);
                if (loop->synced.n >= most)
                        return -ENOBUFS;
                first = loop->synced.n++ == 0;
                *loop->synced.end = note;
                loop->synced.end = &note->next;
        }
        if (first)
                wake_up(loop);
        return 0;
}

int loop_post(struct loop *loop, loop_fn *fn, void *arg)
{
        struct loop_note *note = malloc(sizeof(*note));
        int r;

        if (!note)
                return -ENOMEM;
        *note = (struct loop_note){ .fn = fn, .arg = arg, .allocated = true };
        r = loop_append_note(loop, note, LIMIT_LOOP_POSTS);
        if (r < 0)
                free(note);
        return r;
}

void loop_post_note(struct loop *loop, struct loop_note *note, loop_fn *fn, void *arg)
{
        *note = (struct loop_note){ .fn = fn, .arg = arg };
        (void)loop_append_note(loop, note, SIZE_MAX);
}

void loop_stop(struct loop *loop)
{
        atomic_store(&loop->stop, true);
        wake_up(loop);
}

static void run_posts(struct loop *loop)
{
        struct loop_note *list;

        {
                LOCK_SCOPE(&loop->synced.lock);
                list = loop->synced.posts;
                loop->synced.posts = NULL;
                loop->synced.end = &loop->synced.posts;
                loop->synced.n = 0;
        }
        while (list) {
                struct loop_note *note = list;
                bool allocated = note->allocated;

                list = note->next;
                note->fn(note->arg);
                /* Else it is gone, perhaps, with what has it. */
                if (allocated)
                        free(note);
        }
}

static void on_wakeup(struct loop_fd *f, uint32_t events, void *arg)
{
        uint64_t count;

        (void)events;
        (void)!read(f->fd, &count, sizeof(count));
        run_posts(arg);
}

/* --- clocks --- */

static int64_t clock_ms(clockid_t id)
{
        struct timespec ts;

        (void)clock_gettime(id, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct loop_clocks clocks_read(void)
{
        return (struct loop_clocks){ .boot_ms = clock_ms(CLOCK_BOOTTIME),
                .mono_ms = clock_ms(CLOCK_MONOTONIC),
                .real_ms = clock_ms(CLOCK_REALTIME) };
}

bool loop_clocks_jumped(
        const struct loop_clocks *before, const struct loop_clocks *after, struct loop_jump *ret)
{
        int64_t boot = after->boot_ms - before->boot_ms;
        int64_t slept = boot - (after->mono_ms - before->mono_ms);
        int64_t stepped = after->real_ms - before->real_ms - boot;

        *ret = (struct loop_jump){ .slept_ms = slept > LIMIT_CLOCK_SLACK_MS ? slept : 0,
                .stepped_ms = llabs(stepped) > LIMIT_CLOCK_SLACK_MS ? stepped : 0 };
        return ret->slept_ms || ret->stepped_ms;
}

void loop_on_jump(struct loop *loop, loop_jump_fn *fn, void *arg)
{
        loop_assert_owner(loop);
        loop->on_jump = fn;
        loop->on_jump_arg = arg;
}

static void clock_arm(struct loop *loop)
{
        /* The year 2262. A kernel that refuses it costs only promptness: each round looks at the
         * clocks anyway. */
        struct itimerspec never = { .it_value.tv_sec = INT64_MAX / 1000000000 };

        (void)timerfd_settime(
                loop->clock_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void on_clock_set(struct loop_fd *f, uint32_t events, void *arg)
{
        uint64_t count;

        (void)events;
        (void)!read(f->fd, &count, sizeof(count)); /* ECANCELED: that is the message */
        clock_arm(arg);
}

static void on_alarm(struct loop_fd *f, uint32_t events, void *arg)
{
        struct loop *loop = arg;
        uint64_t count;

        (void)events;
        (void)!read(f->fd, &count, sizeof(count));
        loop->alarm_due = INT64_MAX;
}

static void update_clocks(struct loop *loop)
{
        struct loop_clocks clocks = clocks_read();
        struct loop_jump jump;
        bool jumped = loop_clocks_jumped(&loop->clocks, &clocks, &jump);

        loop->clocks = clocks;
        loop->now = clocks.boot_ms;
        if (jumped && loop->on_jump)
                loop->on_jump(loop->on_jump_arg, &jump);
}

/* --- rounds --- */

/* Sets the alarm for the first timer. Returns whether to wait at all. */
static bool set_alarm(struct loop *loop)
{
        int64_t due = loop->timers ? loop->timers->due : INT64_MAX;
        struct itimerspec at = { 0 };

        if (loop->deferred || due <= loop->now)
                return false;
        if (due == loop->alarm_due)
                return true;
        /* All zeros disarm it. */
        if (due != INT64_MAX)
                at.it_value =
                        (struct timespec){ .tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000 };
        (void)timerfd_settime(loop->alarm_fd, TFD_TIMER_ABSTIME, &at, NULL);
        loop->alarm_due = due;
        return true;
}

static void run_batch(struct loop *loop)
{
        while (loop->batch_i < loop->batch_n) {
                struct epoll_event event = loop->batch[loop->batch_i++];
                struct loop_fd *f = event.data.ptr;

                if (f)
                        f->fn(f, event.events, f->arg);
        }
        loop->batch_i = loop->batch_n = 0;
}

int loop_run_once(struct loop *loop, int64_t max_wait_ms, struct err *err)
{
        int wait = max_wait_ms < 0 ? -1 : max_wait_ms > INT32_MAX ? INT32_MAX : (int)max_wait_ms;
        int n;

        loop_assert_owner(loop);
        assert(loop->batch_n == 0); /* not from within a callback */
        if (!set_alarm(loop))
                wait = 0;
        n = epoll_wait(loop->epoll_fd, loop->batch, BATCH, wait);
        if (n < 0 && errno != EINTR)
                return err_set(err, -errno, "wait for events: %s", strerror(errno));
        loop->batch_n = n < 0 ? 0 : n;
        update_clocks(loop);
        run_batch(loop);
        run_timers(loop);
        run_deferred(loop);
        return 0;
}

int loop_run(struct loop *loop, struct err *err)
{
        int r;

        loop->owner = pthread_self();
        do
                r = loop_run_once(loop, -1, err);
        while (r == 0 && !atomic_load(&loop->stop));
        atomic_store(&loop->stop, false);
        return r;
}

/* --- life --- */

static int loop_open(struct loop *loop, struct err *err)
{
        static const char what[] = "make an event loop";
        int r;

        loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (loop->epoll_fd < 0)
                return err_set(err, -errno, "%s: %s", what, strerror(errno));
        loop->wakeup_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        loop->alarm_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        loop->clock_fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
        if (loop->wakeup_fd < 0 || loop->alarm_fd < 0 || loop->clock_fd < 0)
                return err_set(err, -errno, "%s: %s", what, strerror(errno));
        r = loop_fd_add(loop, &loop->wakeup, loop->wakeup_fd, EPOLLIN, on_wakeup, loop, err);
        if (r == 0)
                r = loop_fd_add(loop, &loop->alarm, loop->alarm_fd, EPOLLIN, on_alarm, loop, err);
        if (r == 0)
                r = loop_fd_add(
                        loop, &loop->clock, loop->clock_fd, EPOLLIN, on_clock_set, loop, err);
        return r < 0 ? err_wrap(err, r, "%s", what) : 0;
}

int loop_new(struct loop **ret, struct err *err)
{
        _cleanup_(loop_freep) struct loop *loop = calloc(1, sizeof(*loop));
        int r;

        if (!loop)
                return err_set(err, -ENOMEM, "make an event loop: out of memory");
        loop->owner = pthread_self();
        loop->epoll_fd = loop->alarm_fd = loop->clock_fd = loop->wakeup_fd = -1;
        loop->alarm_due = INT64_MAX;
        loop->deferred_end = &loop->deferred;
        loop->synced.end = &loop->synced.posts;
        (void)pthread_mutex_init(&loop->synced.lock, NULL);
        r = loop_open(loop, err);
        if (r < 0)
                return r;
        loop->clocks = clocks_read();
        loop->now = loop->clocks.boot_ms;
        clock_arm(loop);
        *ret = TAKE(loop);
        return 0;
}

struct loop *loop_free(struct loop *loop)
{
        if (!loop)
                return NULL;
        loop->owner = pthread_self();
        run_posts(loop);
        loop_reap_orphans(loop);
        assert(!loop->timers && !loop->deferred);
        closep(&loop->clock_fd);
        closep(&loop->alarm_fd);
        closep(&loop->wakeup_fd);
        closep(&loop->epoll_fd);
        (void)pthread_mutex_destroy(&loop->synced.lock);
        free(loop);
        return NULL;
}
