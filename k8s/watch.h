/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * watch: the bytes of a watch, cut into events.
 *
 * A watch is a line of JSON per event: {"type":"ADDED","object":{…}}.  Pieces come as the network
 * cuts them; a line that is in one piece is not copied.  No I/O, no clock; one watch belongs to one
 * thread.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct kube_watch;

enum kube_event {
        KUBE_EVENT_ADDED,
        KUBE_EVENT_MODIFIED,
        KUBE_EVENT_DELETED,
        KUBE_EVENT_BOOKMARK, /* an object with nothing but its kind and metadata.resourceVersion */
        KUBE_EVENT_ERROR,    /* the object is a Status; the server ends the watch after it */
};

/* One event; `object` is its JSON, valid during the call. 0, or -errno with err set: ends the
 * feeding. */
typedef int kube_watch_fn(
        void *arg, enum kube_event event, const char *object, size_t len, struct err *err);

int kube_watch_new(struct kube_watch **ret, size_t max_event, kube_watch_fn *fn, void *arg);
struct kube_watch *kube_watch_free(struct kube_watch *w);
DEFINE_CLEANUP(struct kube_watch *, kube_watch_free);

/*
 * -EBADMSG: a line that is no event (err has its beginning); -EFBIG: a line beyond max_event;
 * -ENOMEM; or what fn returned.  Events of a type that this version does not know are skipped.
 */
int kube_watch_feed(struct kube_watch *w, const char *bytes, size_t len, struct err *err);

/* Forgets a half line: the next piece starts a new stream. */
void kube_watch_reset(struct kube_watch *w);

/* metadata.resourceVersion of an object into buf, NUL-terminated. -EINVAL: none, or it does not
 * fit. */
int kube_object_version(const char *object, size_t len, char *buf, size_t size);
