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
 * With PARKED_INTERRUPTIBLE the user's signal ends the wait: for what has no effect when it is not
 * answered. What was handed to the engine and will happen should not say EINTR.
 *
 * Nothing is locked below the lot's lock; it may be taken below any other (inside a read section,
 * too). Deadlines are kept by the notifier thread (parking_expire).
 */
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct parked;

struct parking {
        pthread_mutex_t lock;
        struct parked *first; /* unanswered */
        unsigned count;
        bool closed;
        void (*wake)(void *arg); /* told of an earlier deadline */
        void *wake_arg;
};

enum { PARKED_INTERRUPTIBLE = 1 << 0 };

void parking_init(struct parking *lot, void (*wake)(void *arg), void *arg);
void parking_done(struct parking *lot);
/* Answers all with EINTR; later ones are answered at once. */
void parking_close(struct parking *lot);
/* Answers those whose deadline (CLOCK_BOOTTIME ms) passed; returns the next one, INT64_MAX when
 * there is none. */
int64_t parking_expire(struct parking *lot, int64_t now_ms);

/* The request belongs to the lot now. On -ENOMEM it was answered with ENOMEM and *ret is NULL.
   timeout_ms 0: none (only with PARKED_INTERRUPTIBLE). `op` must be a literal. */
int parked_new(struct parked **ret, struct parking *lot, fuse_req_t req, const char *op,
        int64_t timeout_ms, unsigned flags);
/* The request, which the caller must answer, or NULL: it was answered. Frees p either way. */
fuse_req_t parked_take(struct parked *p);
/* Whether somebody answered meanwhile; p stays. */
bool parked_answered(struct parked *p);
