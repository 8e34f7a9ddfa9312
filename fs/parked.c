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
        bool settled; /* `code` and `written` are the outcome */
        int code;
        size_t written;
        bool interruptible;
        bool entering, interrupted;
        unsigned refs;
        struct parked *next, *prev; /* in the lot while unanswered */
};

static int64_t parking_now_ms(clockid_t clock)
{
        struct timespec ts;

        (void)clock_gettime(clock, &ts);
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

int parking_init(struct parking *lot, struct err *err)
{
        pthread_condattr_t attr;
        int r;

        *lot = (struct parking){ .sleeps_until = INT64_MAX };
        (void)pthread_mutex_init(&lot->lock, NULL);
        r = pthread_condattr_init(&attr);
        if (r == 0) {
                (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
                r = pthread_cond_init(&lot->earlier, &attr);
                (void)pthread_condattr_destroy(&attr);
        }
        return r != 0 ? err_set(err, -r, "make the parking lot") : 0;
}

void parking_done(struct parking *lot)
{
        (void)pthread_cond_destroy(&lot->earlier);
        (void)pthread_mutex_destroy(&lot->lock);
}

/* Answers what is due by now_ms: with its outcome if it has one, else with `code`. Returns the next
 * deadline. */
static int64_t parking_answer(struct parking *lot, int64_t now_ms, int code)
{
        for (;;) {
                int64_t next = INT64_MAX;
                struct parked *due = NULL;
                const char *op;
                fuse_req_t req;
                size_t written;
                int answer;

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
                answer = due->settled ? due->code : code;
                written = due->settled ? due->written : 0;
                due->refs++;
                pthread_mutex_unlock(&lot->lock);

                if (due->interruptible)
                        fuse_req_interrupt_func(req, NULL, NULL);
                pthread_mutex_lock(&lot->lock);
                parked_drop_locked(due);
                if (written > 0)
                        reply_write(req, written);
                else
                        reply_err(req, op, answer, NULL);
        }
}

/* ---------------------------------------------------------------- the thread */

/* Condition variables know no CLOCK_BOOTTIME. */
static void parking_sleep_locked(struct parking *lot)
{
        struct timespec until;
        int64_t left, at;

        if (lot->sleeps_until == INT64_MAX) {
                pthread_cond_wait(&lot->earlier, &lot->lock);
                return;
        }
        left = lot->sleeps_until - parking_now_ms(CLOCK_BOOTTIME);
        at = parking_now_ms(CLOCK_MONOTONIC) + (left > 0 ? left : 0) + 1;
        until = (struct timespec){ .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };
        (void)pthread_cond_timedwait(&lot->earlier, &lot->lock, &until);
}

static void *parking_run(void *arg)
{
        struct parking *lot = arg;

        pthread_mutex_lock(&lot->lock);
        while (!lot->closed) {
                int64_t next;

                /* Who parks while this looks lowers it. */
                lot->sleeps_until = INT64_MAX;
                pthread_mutex_unlock(&lot->lock);
                next = parking_answer(lot, parking_now_ms(CLOCK_BOOTTIME), -ETIMEDOUT);
                pthread_mutex_lock(&lot->lock);
                if (next < lot->sleeps_until)
                        lot->sleeps_until = next;
                if (!lot->closed)
                        parking_sleep_locked(lot);
        }
        pthread_mutex_unlock(&lot->lock);
        return NULL;
}

static void parking_wake_locked(struct parking *lot, int64_t deadline_ms)
{
        if (deadline_ms >= lot->sleeps_until)
                return;
        lot->sleeps_until = deadline_ms;
        pthread_cond_signal(&lot->earlier);
}

int parking_start(struct parking *lot, struct err *err)
{
        int r = pthread_create(&lot->thread, NULL, parking_run, lot);

        if (r != 0)
                return err_set(err, -r, "start the thread that keeps deadlines");
        lot->running = true;
        return 0;
}

void parking_close(struct parking *lot)
{
        pthread_mutex_lock(&lot->lock);
        lot->closed = true;
        pthread_cond_signal(&lot->earlier);
        pthread_mutex_unlock(&lot->lock);
        if (lot->running)
                (void)pthread_join(lot->thread, NULL);
        lot->running = false;
        (void)parking_answer(lot, INT64_MAX, -EINTR);
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
        p->deadline_ms =
                timeout_ms > 0 ? parking_now_ms(CLOCK_BOOTTIME) + timeout_ms : INT64_MAX;
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
                parking_wake_locked(lot, p->deadline_ms);
        }
        pthread_mutex_unlock(&lot->lock);

        *ret = p;
        if (refused) {
                if (p->interruptible)
                        fuse_req_interrupt_func(req, NULL, NULL);
                reply_err(req, op, -EINTR, NULL);
        }
        return 0;
}

bool parked_begin(struct parked *p)
{
        LOCK_SCOPE(&p->lot->lock);
        p->deadline_ms = INT64_MAX;
        return p->req != NULL;
}

void parked_settle(struct parked *p, int64_t timeout_ms, int code, size_t written)
{
        LOCK_SCOPE(&p->lot->lock);
        p->settled = true;
        p->code = code;
        p->written = written;
        p->deadline_ms = parking_now_ms(CLOCK_BOOTTIME) + timeout_ms;
        if (p->req != NULL)
                parking_wake_locked(p->lot, p->deadline_ms);
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
