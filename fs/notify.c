/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/notify_rules.h"
#include "fs/notify_tell.h"
#include "fs/session.h"

/* ---------------------------------------------------------------- the queue */

struct notify_barrier {
        struct notify_barrier *next;
        void (*done)(void *arg);
        void *arg;
};

struct notify_batch {
        struct change *changes;
        size_t n, cap;
        bool everything; /* changes were lost: look at all that the kernel has */
        struct notify_barrier *barriers, **last;
};

struct notifier {
        struct session *session;
        pthread_t thread;
        bool running;
        struct {
                pthread_mutex_t lock;
                pthread_cond_t wake;
                struct notify_batch batch;
                bool stop;
        } synced;
};

static void notify_batch_init(struct notify_batch *b)
{
        *b = (struct notify_batch){ .n = 0 };
        b->last = &b->barriers;
}

static bool notify_batch_empty(const struct notify_batch *b)
{
        return b->n == 0 && !b->everything && b->barriers == NULL;
}

/* Never fails: what cannot be kept is made up for by looking at everything. */
static void notify_batch_add(struct notify_batch *b, const struct change *changes, size_t n)
{
        if (b->everything)
                return;
        if (n > b->cap - b->n) {
                size_t cap = 2 * b->cap + n + 64;
                struct change *grown = cap <= LIMIT_NOTIFY_QUEUED
                                               ? reallocarray(b->changes, cap, sizeof(*grown))
                                               : NULL;

                if (grown == NULL) {
                        b->everything = true;
                        b->n = 0;
                        return;
                }
                b->changes = grown;
                b->cap = cap;
        }
        if (n > 0)
                memcpy(b->changes + b->n, changes, n * sizeof(*changes));
        b->n += n;
}

void notify_queue(struct notifier *n, const struct change *changes, size_t count,
        void (*done)(void *arg), void *arg)
{
        struct notify_barrier *barrier = done != NULL ? calloc(1, sizeof(*barrier)) : NULL;
        bool now = false;

        pthread_mutex_lock(&n->synced.lock);
        if (n->synced.stop) {
                now = done != NULL;
        } else {
                notify_batch_add(&n->synced.batch, changes, count);
                if (barrier != NULL) {
                        *barrier = (struct notify_barrier){ .done = done, .arg = arg };
                        *n->synced.batch.last = TAKE(barrier);
                        n->synced.batch.last = &(*n->synced.batch.last)->next;
                } else {
                        /* Without memory a writer is answered a little before the kernel knows. */
                        now = done != NULL;
                }
                pthread_cond_signal(&n->synced.wake);
        }
        pthread_mutex_unlock(&n->synced.lock);
        free(barrier);
        if (now)
                done(arg);
}

static void notify_batch_tell(struct session *s, struct notify_batch *b)
{
        struct notify_target *set = NULL, *t, *tmp;

        if (!b->everything && notify_targets(&set, b->changes, b->n) < 0)
                b->everything = true;
        if (b->everything)
                notify_tell_everything(s);
        else
                HASH_ITER (hh, set, t, tmp)
                        notify_tell_target(s, t);
        notify_targets_done(&set);
        if (b->n > 0 || b->everything)
                waits_check(s);
}

/* Calls the barriers and frees. */
static void notify_batch_done(struct notify_batch *b)
{
        for (struct notify_barrier *barrier = b->barriers, *next; barrier != NULL; barrier = next) {
                next = barrier->next;
                barrier->done(barrier->arg);
                free(barrier);
        }
        free(b->changes);
        notify_batch_init(b);
}

/* ---------------------------------------------------------------- the thread */

static void *notify_run(void *arg)
{
        struct notifier *n = arg;
        bool stop = false;

        while (!stop) {
                struct notify_batch batch;

                pthread_mutex_lock(&n->synced.lock);
                while (notify_batch_empty(&n->synced.batch) && !n->synced.stop)
                        pthread_cond_wait(&n->synced.wake, &n->synced.lock);
                stop = n->synced.stop;
                batch = n->synced.batch;
                notify_batch_init(&n->synced.batch);
                pthread_mutex_unlock(&n->synced.lock);

                notify_batch_tell(n->session, &batch);
                notify_batch_done(&batch);
        }
        return NULL;
}

int notifier_new(struct notifier **ret, struct session *s, struct err *err)
{
        struct notifier *n = calloc(1, sizeof(*n));
        int r;

        if (n == NULL)
                return err_set(err, -ENOMEM, "make the notifier");
        n->session = s;
        notify_batch_init(&n->synced.batch);
        r = pthread_cond_init(&n->synced.wake, NULL);
        if (r == 0)
                r = pthread_mutex_init(&n->synced.lock, NULL);
        if (r != 0) {
                free(n);
                return err_set(err, -r, "make the notifier's lock");
        }
        *ret = n;
        return 0;
}

int notifier_start(struct notifier *n, struct err *err)
{
        int r = pthread_create(&n->thread, NULL, notify_run, n);

        if (r != 0)
                return err_set(err, -r, "start the notifier thread");
        n->running = true;
        return 0;
}

void notifier_stop(struct notifier *n)
{
        if (n == NULL)
                return;
        pthread_mutex_lock(&n->synced.lock);
        n->synced.stop = true;
        pthread_cond_signal(&n->synced.wake);
        pthread_mutex_unlock(&n->synced.lock);
        if (n->running)
                (void)pthread_join(n->thread, NULL);
        n->running = false;
}

struct notifier *notifier_free(struct notifier *n)
{
        if (n == NULL)
                return NULL;
        notifier_stop(n);
        /* Of one that was never started. */
        notify_batch_done(&n->synced.batch);
        (void)pthread_cond_destroy(&n->synced.wake);
        (void)pthread_mutex_destroy(&n->synced.lock);
        free(n);
        return NULL;
}
