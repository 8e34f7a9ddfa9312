/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/parked.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "fs/reply.h"

/*
 * Who answers is decided under the lot's lock: whoever sets `req` to NULL there has the request,
 * and answers after unlocking.
 *
 * libfuse calls the interrupt function with its own lock on the request held, and may have fetched
 * our pointer just before we take the request on another thread. Hence a taker first calls
 * fuse_req_interrupt_func(req, NULL, NULL), which waits for that lock: afterwards no interrupt can
 * come any more, and the parked may be freed. The interrupt function may answer, as libfuse keeps
 * the request for its sake; but not when it is called from within fuse_req_interrupt_func() because
 * the interrupt came first: there the answer would free the lock that libfuse still holds. So while
 * it is being set (`entering`) it only leaves a note.
 *
 * A parked belongs to its holder until parked_take(), and to whoever answers a deadline until that
 * is done.
 */
struct parked {
        struct parking *lot;
        fuse_req_t req; /* NULL: answered */
        const char *op;
        int64_t deadline_ms; /* INT64_MAX: none */
        bool interruptible;
        bool entering, interrupted;
        unsigned refs;
        struct parked *next, *prev; /* in the lot while unanswered */
};

static int64_t parking_now_ms(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_BOOTTIME, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static fuse_req_t parked_claim_locked(struct parked *p)
{
        fuse_req_t req = TAKE(p->req);

        if (req == NULL)
                return NULL;
        p->lot->count--;
        if (p->prev != NULL)
                p->prev->next = p->next;
        else
                p->lot->first = p->next;
        if (p->next != NULL)
                p->next->prev = p->prev;
        return req;
}

/* Unlocks. */
static void parked_drop_locked(struct parked *p)
{
        struct parking *lot = p->lot;
        bool last = --p->refs == 0;

        pthread_mutex_unlock(&lot->lock);
        if (last)
                free(p);
}

static void parked_interrupted(fuse_req_t req, void *arg)
{
        struct parked *p = arg;
        struct parking *lot = p->lot;
        const char *op = p->op;
        bool claimed;

        pthread_mutex_lock(&lot->lock);
        if (p->entering)
                p->interrupted = true;
        claimed = !p->entering && parked_claim_locked(p) != NULL;
        pthread_mutex_unlock(&lot->lock);
        /* The holder may have freed p by now. */
        if (claimed)
                reply_err(req, op, -EINTR, NULL);
}

void parking_init(struct parking *lot, void (*wake)(void *arg), void *arg)
{
        *lot = (struct parking){ .wake = wake, .wake_arg = arg };
        (void)pthread_mutex_init(&lot->lock, NULL);
}

void parking_done(struct parking *lot)
{
        (void)pthread_mutex_destroy(&lot->lock);
}

/* Answers with `code` what is due by now_ms. Returns the next deadline. */
static int64_t parking_answer(struct parking *lot, int64_t now_ms, int code)
{
        for (;;) {
                int64_t next = INT64_MAX;
                struct parked *due = NULL;
                const char *op;
                fuse_req_t req;

                pthread_mutex_lock(&lot->lock);
                for (struct parked *p = lot->first; p != NULL && due == NULL; p = p->next) {
                        if (p->deadline_ms <= now_ms)
                                due = p;
                        else if (p->deadline_ms < next)
                                next = p->deadline_ms;
                }
                if (due == NULL) {
                        pthread_mutex_unlock(&lot->lock);
                        return next;
                }
                req = parked_claim_locked(due);
                op = due->op;
                due->refs++;
                pthread_mutex_unlock(&lot->lock);

                if (due->interruptible)
                        fuse_req_interrupt_func(req, NULL, NULL);
                pthread_mutex_lock(&lot->lock);
                parked_drop_locked(due);
                reply_err(req, op, code, NULL);
        }
}

void parking_close(struct parking *lot)
{
        pthread_mutex_lock(&lot->lock);
        lot->closed = true;
        pthread_mutex_unlock(&lot->lock);
        (void)parking_answer(lot, INT64_MAX, -EINTR);
}

int64_t parking_expire(struct parking *lot, int64_t now_ms)
{
        return parking_answer(lot, now_ms, -ETIMEDOUT);
}

int parked_new(struct parked **ret, struct parking *lot, fuse_req_t req, const char *op,
        int64_t timeout_ms, unsigned flags)
{
        struct parked *p = calloc(1, sizeof(*p));
        bool refused;

        *ret = NULL;
        if (p == NULL) {
                reply_err(req, op, -ENOMEM, NULL);
                return -ENOMEM;
        }
        p->lot = lot;
        p->op = op;
        p->interruptible = (flags & PARKED_INTERRUPTIBLE) != 0;
        p->deadline_ms = timeout_ms > 0 ? parking_now_ms() + timeout_ms : INT64_MAX;
        p->entering = true;
        p->refs = 1;
        if (p->interruptible)
                fuse_req_interrupt_func(req, parked_interrupted, p);

        pthread_mutex_lock(&lot->lock);
        p->entering = false;
        refused = lot->closed || p->interrupted;
        if (!refused) {
                p->req = req;
                p->next = lot->first;
                if (p->next != NULL)
                        p->next->prev = p;
                lot->first = p;
                lot->count++;
        }
        pthread_mutex_unlock(&lot->lock);

        *ret = p;
        if (refused) {
                if (p->interruptible)
                        fuse_req_interrupt_func(req, NULL, NULL);
                reply_err(req, op, -EINTR, NULL);
        } else if (timeout_ms > 0 && lot->wake != NULL) {
                lot->wake(lot->wake_arg);
        }
        return 0;
}

fuse_req_t parked_take(struct parked *p)
{
        struct parking *lot = p->lot;
        fuse_req_t req;

        pthread_mutex_lock(&lot->lock);
        req = parked_claim_locked(p);
        pthread_mutex_unlock(&lot->lock);

        if (req != NULL && p->interruptible)
                fuse_req_interrupt_func(req, NULL, NULL);
        pthread_mutex_lock(&lot->lock);
        parked_drop_locked(p);
        return req;
}

bool parked_answered(struct parked *p)
{
        LOCK_SCOPE(&p->lot->lock);
        return p->req == NULL;
}
