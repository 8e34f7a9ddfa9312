/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The one thread: epoll, timers and deferred calls.
 *
 * There is one loop per process, so it has no handle. Callbacks may add, change and remove any io
 * and any timer, their own included; memory that a callback of the same round may still be handed
 * (the owner of an io) is freed with loop_defer().
 */

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

/* A descriptor that is waited for. Embedded by its owner, who closes the descriptor. */
struct io {
        int fd;
        uint32_t events; /* EPOLLIN, EPOLLOUT; 0 means not registered */
        void (*on_ready)(struct io *io, uint32_t events);
};

/* Waits for @events from now on; 0 stops waiting. */
void io_want(struct io *io, uint32_t events);

/* A call at a later time. Embedded by its owner; zeroed memory with `fire` set is a stopped one. */
struct timer {
        uint64_t at_us;
        size_t slot; /* position in the heap + 1; 0 while stopped */
        void (*fire)(struct timer *t);
};

/* Fires once, @us microseconds from now; arming again moves it. */
void timer_arm(struct timer *t, uint64_t us);
void timer_stop(struct timer *t);
static inline bool timer_armed(const struct timer *t)
{
        return t->slot != 0;
}

/* Calls @fn(@arg) after the callbacks of this round. */
void loop_defer(void (*fn)(void *arg), void *arg);

void loop_init(void);
/* Runs until loop_stop(). */
void loop_run(void);
void loop_stop(void);
/* Frees what the loop itself holds, running what is deferred first. */
void loop_done(void);

/* CLOCK_MONOTONIC in microseconds, as of the last wake-up. */
uint64_t loop_now_us(void);
