/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * reflector: keeps a copy of one collection of a cluster true.  The copy is the caller's.
 *
 *     list (pages of 250) ──► watch ──► watch …        from the last version seen
 *      ▲   begin item… end    item item …   │
 *      └── 410, a page's token expired, ────┘
 *          or the list is old
 *
 * A list begins with begin() (mark all you have), brings each object as item(KUBE_EVENT_ADDED) and
 * ends with end() (drop what is still marked).  If it is broken off, end() does not come and the
 * next begin() starts over: keep what you have.  Between lists item() brings ADDED, MODIFIED and
 * DELETED; the bytes are one object, valid during the call.  Bookmarks are kept inside.  An object
 * may come again unchanged.
 *
 * A watch is believed for so long only: after half to all of LIMIT_REFLECTOR_RELIST_MS (30 min), at
 * the end of its watch, it lists again. An event that was lost on its way is made up for by then.
 *
 * Failures do not end it: it says so by state() and tries again with jittered, growing pauses of at
 * most LIMIT_REFLECTOR_PAUSE_MS (30 s).  A list goes on without begin() only within its pages.
 *
 * Thread: everything on the loop's thread.  Callbacks may call reflector_kick() and
 * reflector_free().
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "k8s/watch.h"

struct kube_client;
struct reflector;

enum reflector_state {
        REFLECTOR_STOPPED,  /* made, not started */
        REFLECTOR_LISTING,  /* asking for the whole; what the caller has may be old */
        REFLECTOR_WATCHING, /* the copy is true */
        REFLECTOR_ABSENT, /* 404: the cluster does not know this resource (no CRD); looked at again
                             every LIMIT_REFLECTOR_ABSENT_MS; begin() and end() came: the copy is
                             empty */
        REFLECTOR_FORBIDDEN, /* 401, 403: tried again, slowly; what the caller has may be old */
        REFLECTOR_FAILING,   /* unreachable or broken: tried again soon; what the caller has may be
                                old */
};

struct reflector_ops {
        void (*begin)(void *arg);
        void (*item)(void *arg, enum kube_event event, const char *object, size_t len);
        void (*end)(void *arg);
        /* On each change of state, and with each new error; err is NULL in LISTING and WATCHING. */
        void (*state)(void *arg, enum reflector_state state, const struct err *err);
};

/*
 * `path` as kube_path() makes it, of a collection; `selector` is a labelSelector or NULL.  Copies
 * both.  Starts nothing.  The client must outlive it.  -ENOMEM.
 */
int reflector_new(struct reflector **ret, struct kube_client *client, const char *path,
        const char *selector, const struct reflector_ops *ops, void *arg, struct err *err);

/* No callback after it. NULL is allowed. */
struct reflector *reflector_free(struct reflector *r);
DEFINE_CLEANUP(struct reflector *, reflector_free);

void reflector_start(struct reflector *r);

/* Does now what it would do after its pause; no effect while it lists or watches. */
void reflector_kick(struct reflector *r);

/* Begins with a new list though all is well, e.g. after the machine slept. */
void reflector_relist(struct reflector *r);

/* Another time between two lists, in ms, from the next list on; at least 1000. */
void reflector_set_relist(struct reflector *r, int64_t ms);

enum reflector_state reflector_state(const struct reflector *r);
