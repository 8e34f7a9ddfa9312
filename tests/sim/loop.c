/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/mem.h"

struct deferred {
        void (*fn)(void *arg);
        void *arg;
};

static struct {
        int epfd;
        bool stop;
        uint64_t now_us;
        struct timer **heap;
        size_t n_heap, cap_heap;
        struct deferred *deferred;
        size_t n_deferred, cap_deferred;
} loop = { .epfd = -1 };

static uint64_t loop_clock_us(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

uint64_t loop_now_us(void)
{
        return loop.now_us;
}

void io_want(struct io *io, uint32_t events)
{
        struct epoll_event ev = { .events = events, .data.ptr = io };
        int op = !events ? EPOLL_CTL_DEL : io->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

        if (events == io->events)
                return;
        if (epoll_ctl(loop.epfd, op, io->fd, &ev) < 0)
                die("epoll_ctl: %s", strerror(errno));
        io->events = events;
}

static void heap_put(size_t slot, struct timer *t)
{
        loop.heap[slot - 1] = t;
        t->slot = slot;
}

static void heap_up(struct timer *t)
{
        size_t slot = t->slot;

        while (slot > 1 && loop.heap[slot / 2 - 1]->at_us > t->at_us) {
                heap_put(slot, loop.heap[slot / 2 - 1]);
                slot /= 2;
        }
        heap_put(slot, t);
}

static void heap_down(struct timer *t)
{
        size_t slot = t->slot;

        for (;;) {
                size_t child = slot * 2;

                if (child > loop.n_heap)
                        break;
                if (child < loop.n_heap && loop.heap[child]->at_us < loop.heap[child - 1]->at_us)
                        child++;
                if (loop.heap[child - 1]->at_us >= t->at_us)
                        break;
                heap_put(slot, loop.heap[child - 1]);
                slot = child;
        }
        heap_put(slot, t);
}

void timer_stop(struct timer *t)
{
        struct timer *last;

        if (!t->slot)
                return;
        last = loop.heap[--loop.n_heap];
        if (last != t) {
                heap_put(t->slot, last);
                heap_up(last);
                heap_down(last);
        }
        t->slot = 0;
}

void timer_arm(struct timer *t, uint64_t us)
{
        timer_stop(t);
        if (loop.n_heap == loop.cap_heap) {
                loop.cap_heap = loop.cap_heap ? loop.cap_heap * 2 : 64;
                loop.heap = mem_realloc(loop.heap, loop.cap_heap * sizeof *loop.heap);
        }
        t->at_us = loop_clock_us() + us;
        loop.n_heap++;
        heap_put(loop.n_heap, t);
        heap_up(t);
}

void loop_defer(void (*fn)(void *arg), void *arg)
{
        if (loop.n_deferred == loop.cap_deferred) {
                loop.cap_deferred = loop.cap_deferred ? loop.cap_deferred * 2 : 64;
                loop.deferred =
                        mem_realloc(loop.deferred, loop.cap_deferred * sizeof *loop.deferred);
        }
        loop.deferred[loop.n_deferred++] = (struct deferred){ fn, arg };
}

static void loop_run_deferred(void)
{
        for (size_t i = 0; i < loop.n_deferred; i++)
                loop.deferred[i].fn(loop.deferred[i].arg);
        loop.n_deferred = 0;
}

static void loop_run_timers(void)
{
        while (loop.n_heap && loop.heap[0]->at_us <= loop.now_us) {
                struct timer *t = loop.heap[0];

                timer_stop(t);
                t->fire(t);
        }
}

void loop_init(void)
{
        loop.epfd = epoll_create1(EPOLL_CLOEXEC);
        if (loop.epfd < 0)
                die("epoll_create1: %s", strerror(errno));
        loop.now_us = loop_clock_us();
}

void loop_run(void)
{
        struct epoll_event events[256];

        loop.stop = false;
        while (!loop.stop) {
                int timeout = -1;
                int n;

                loop_run_deferred();
                if (loop.n_heap) {
                        uint64_t now = loop_clock_us();
                        uint64_t at = loop.heap[0]->at_us;
                        uint64_t ms = at > now ? (at - now + 999) / 1000 : 0;

                        timeout = ms > 60000 ? 60000 : (int)ms;
                }
                n = epoll_wait(loop.epfd, events, ARRAY_SIZE(events), timeout);
                if (n < 0 && errno != EINTR)
                        die("epoll_wait: %s", strerror(errno));
                loop.now_us = loop_clock_us();
                for (int i = 0; i < n; i++) {
                        struct io *io = events[i].data.ptr;

                        /* An earlier callback of this round may have stopped waiting for it. */
                        if (io->events)
                                io->on_ready(io, events[i].events);
                }
                loop_run_timers();
        }
}

void loop_stop(void)
{
        loop.stop = true;
}

void loop_done(void)
{
        loop_run_deferred();
        free(loop.heap);
        free(loop.deferred);
        if (loop.epfd >= 0)
                close(loop.epfd);
        loop.heap = NULL;
        loop.n_heap = loop.cap_heap = 0;
        loop.deferred = NULL;
        loop.n_deferred = loop.cap_deferred = 0;
        loop.epfd = -1;
}
