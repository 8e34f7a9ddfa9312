/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/wait.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/handle.h"
#include "fs/parked.h"
#include "fs/reply.h"
#include "fs/session.h"

struct wait {
        struct wait *next;
        struct parked *parked;
        struct inode *inode; /* a reference */
        int flags;
};

void waits_init(struct waits *w)
{
        *w = (struct waits){ .first = NULL };
        (void)pthread_mutex_init(&w->lock, NULL);
}

static void wait_free(struct session *s, struct wait *w)
{
        (void)inode_unref(&s->inodes, w->inode);
        free(w);
}

/* 1: over, with a handle to read from; 0: not yet; -errno: never, the object is gone. */
static int wait_look(struct session *s, struct inode *i, int flags, struct handle **ret)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_TEXT_BYTES);
        struct handle *h;
        struct node n;
        int r;

        session_read_begin(s);
        r = inode_resolve(i, &s->root, &n);
        if (r == 0)
                r = n.row->ready(&n.subject);
        if (r > 0 && node_render(&n, &b) < 0)
                r = -ENOMEM;
        session_read_end(s);
        if (r <= 0)
                return r == -ESTALE ? -ENOENT : r;

        r = handle_new(&h, s, i, flags, NULL);
        if (r < 0)
                return r;
        r = buf_steal(&b, &h->bytes, &h->len);
        if (r < 0) {
                (void)handle_free(s, h);
                return r;
        }
        *ret = h;
        return 1;
}

static void wait_answer(fuse_req_t req, struct session *s, int r, struct handle *h)
{
        if (req == NULL)
                (void)handle_free(s, h);
        else if (r < 0)
                reply_err(req, "open", r, NULL);
        else
                reply_opened(req, h);
}

/* Those that a signal ended: in a fleet where nothing happens they would only grow more. */
static void waits_sweep_locked(struct session *s)
{
        struct wait **at = &s->waits.first;

        while (*at != NULL) {
                struct wait *w = *at;

                if (!parked_answered(w->parked)) {
                        at = &w->next;
                        continue;
                }
                *at = w->next;
                wait_answer(parked_take(w->parked), s, -EINTR, NULL);
                wait_free(s, w);
        }
}

void wait_open(fuse_req_t req, struct session *s, struct inode *i, int flags)
{
        struct handle *h = NULL;
        struct wait *w;
        int r;

        LOCK_SCOPE(&s->waits.lock);
        waits_sweep_locked(s);
        r = wait_look(s, i, flags, &h);
        if (r != 0) {
                wait_answer(req, s, r, h);
                return;
        }
        w = calloc(1, sizeof(*w));
        if (w == NULL) {
                reply_err(req, "open", -ENOMEM, NULL);
                return;
        }
        if (parked_new(&w->parked, &s->parking, req, "open", 0, PARKED_INTERRUPTIBLE) < 0) {
                free(w);
                return;
        }
        w->inode = inode_ref(&s->inodes, i);
        w->flags = flags;
        w->next = s->waits.first;
        s->waits.first = w;
}

void waits_check(struct session *s)
{
        struct wait **at = &s->waits.first;

        LOCK_SCOPE(&s->waits.lock);
        while (*at != NULL) {
                struct wait *w = *at;
                struct handle *h = NULL;
                int r = parked_answered(w->parked) ? -EINTR : wait_look(s, w->inode, w->flags, &h);

                if (r == 0) {
                        at = &w->next;
                        continue;
                }
                *at = w->next;
                wait_answer(parked_take(w->parked), s, r, h);
                wait_free(s, w);
        }
}

void waits_done(struct session *s)
{
        while (s->waits.first != NULL) {
                struct wait *w = s->waits.first;

                s->waits.first = w->next;
                wait_answer(parked_take(w->parked), s, -EINTR, NULL);
                wait_free(s, w);
        }
        (void)pthread_mutex_destroy(&s->waits.lock);
}
