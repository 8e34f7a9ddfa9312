/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * parked: a request that is answered later, so that no FUSE worker ever waits.
 *
 *         r = parked_new(&p, &s->parking, req, "flush", LIMIT_ENGINE_ANSWER_MS, 0);
 *         … hand p to whoever will know the answer …
 *         req = parked_take(p);             later, on any thread; p is gone
 *         if (req != NULL)
 *                 reply_err(req, "flush", 0, NULL);
 *
 * Exactly one of them answers: the taker, the deadline (ETIMEDOUT), the interrupt (EINTR, when
 * asked for), or the end of the session (EINTR). The others find that it was answered. The parked
 * must be taken in any case, also when the answer does not matter any more.
 *
 * An answer must be true. Work with an effect begins with parked_begin(): when that says false,
 * somebody was told that it failed, and it must not be done; else no deadline answers before it is
 * done. What is waited for after that cannot change the outcome: parked_settle().
 *
 * With PARKED_INTERRUPTIBLE the user's signal ends the wait: for what has no effect when it is not
 * answered.
 *
 * Nothing is locked below the lot's lock; it may be taken below any other (inside a read section,
 * too). Deadlines are kept by a thread of the lot's own, which nothing can hold up: the engine may
 * wait for a disk, and the notifier for the kernel.
 */
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct parked;

struct parking {
        pthread_mutex_t lock;
        pthread_cond_t earlier; /* a deadline before `sleeps_until`, or the end */
        pthread_t thread;
        bool running;
        int64_t sleeps_until; /* what the thread wakes up for, CLOCK_BOOTTIME ms */
        struct parked *first; /* unanswered */
        unsigned count;
        bool closed;
};

enum { PARKED_INTERRUPTIBLE = 1 << 0 };

int parking_init(struct parking *lot, struct err *err);
void parking_done(struct parking *lot);
/* Starts the thread that keeps the deadlines. */
int parking_start(struct parking *lot, struct err *err);
/* Answers all with EINTR, later ones at once, and ends the thread. Idempotent. */
void parking_close(struct parking *lot);

/* The request belongs to the lot now. On -ENOMEM it was answered with ENOMEM and *ret is NULL.
   timeout_ms 0: none (only with PARKED_INTERRUPTIBLE). `op` must be a literal. */
int parked_new(struct parked **ret, struct parking *lot, fuse_req_t req, const char *op,
        int64_t timeout_ms, unsigned flags);
/* The request, which the caller must answer, or NULL: it was answered. Frees p either way. */
fuse_req_t parked_take(struct parked *p);
/* The work is about to be done: its outcome is the answer from now on. False: it was answered. */
bool parked_begin(struct parked *p);
/* It is done, with `code` (0 or -errno), or with `written` bytes where that is not 0; this is the
 * answer in timeout_ms at the latest. */
void parked_settle(struct parked *p, int64_t timeout_ms, int code, size_t written);
/* Whether somebody answered meanwhile; p stays. */
bool parked_answered(struct parked *p);
