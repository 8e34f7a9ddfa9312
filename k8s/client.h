/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * kube_client: calls to one cluster's API.
 *
 * Puts together the server's URL, the credential, impersonation and the connection of base/http.h,
 * repeats what may be repeated, and turns answers into errors.
 *
 *     kube_call() ─► credential ─► request ─┬─► 2xx ─────────────────────────────► done(reply)
 *                        ▲                  ├─► 401 ─► credential refreshed once ─┐
 *                        ├──────────────────┼─────────────────────────────────────┘
 *                        └── backoff ◄──────┴─► 429, 5xx, connection lost, if the policy allows
 *
 * A call has an id; done() comes exactly once, from the loop, never from within kube_call(), unless
 * the call is cancelled or the client is freed: then it does not come.
 *
 * While a stream (a watch) is open and nothing is heard of the server for LIMIT_KUBE_SILENCE_MS,
 * the client asks it for /version; no answer within LIMIT_KUBE_PROBE_MS ends all streams with
 * -ETIMEDOUT: a hanging server is noticed in 30 s, though its kernel still answers keepalives.
 *
 * Thread: everything on the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/http.h"

struct kube_client;
struct kube_context;
struct loop;

/*
 * Copies what it needs from `ctx`; sends nothing.  A broken context is refused with its own error;
 * -EINVAL for a server that is no URL or a CA that is none; -ENOMEM.  Loop and http must outlive
 * the client.
 */
int kube_client_new(struct kube_client **ret, struct loop *loop, struct http *http,
        const struct kube_context *ctx, struct err *err);

/* Cancels all calls; no done() comes after it. Not from within a callback of the client's. NULL is
 * allowed. */
struct kube_client *kube_client_free(struct kube_client *client);
DEFINE_CLEANUP(struct kube_client *, kube_client_free);

/* The context's name, for messages. Borrowed. */
const char *kube_client_name(const struct kube_client *client);
/* What the cluster's clock was before ours when it last answered, in seconds; 0 below
 * LIMIT_SERVER_CLOCK_S and while that is not known. */
int64_t kube_client_ahead(const struct kube_client *client);
/* When a 2xx of the cluster last brought something, be it a byte of a stream: loop_now(); 0: never.
 * Errors do not count: a proxy before a dead server sends them, too. */
int64_t kube_client_heard(const struct kube_client *client);
struct loop *kube_client_loop(const struct kube_client *client);

enum kube_retry {
        KUBE_RETRY_DEFAULT, /* GET: as SAFE; others: as UNSENT */
        KUBE_RETRY_NEVER,   /* the caller decides; 401 is still repeated once */
        KUBE_RETRY_UNSENT,  /* only when the server surely did not act on it: 429, not connected */
        KUBE_RETRY_SAFE,    /* also after 5xx and lost connections: repeating does no harm */
};

struct kube_reply {
        long http_status; /* 0: no answer; 2xx with err: one that was cut off */
        const char *body; /* NUL-terminated, never NULL; not of streams */
        size_t len;
        const struct err *err;  /* NULL: a complete 2xx; else "POST /apis/…: …" */
        const char *reason;     /* Kubernetes' reason ("AlreadyExists"), "" if none */
        int64_t retry_after_ms; /* -1: not said */
        unsigned attempts;      /* requests sent for this call */
};

/* A 2xx has begun, before its first byte: a stream is open. */
typedef void kube_open_fn(void *arg);

/* Everything in `reply` is borrowed and valid during the call only. */
typedef void kube_done_fn(void *arg, const struct kube_reply *reply);

/* Zero-initialised members mean the default named; everything is copied. */
struct kube_request {
        const char *method; /* NULL: GET */
        const char *path;   /* from the server's root, escaped, as kube_path() makes it */
        const char *query;  /* without "?", escaped, as kube_query_add() makes it; or NULL */
        const void *body;
        size_t body_len;
        const char *content_type; /* NULL: application/json if there is a body */
        enum kube_retry retry;
        int64_t deadline_ms;   /* from now to done(), all attempts, without the time that a credential
                                  plugin takes; 0: LIMIT_CALL_MS; ignored if stream */
        size_t max_body;       /* 0: LIMIT_API_REPLY_BYTES */
        bool stream;           /* long-lived (watch): no deadline but `idle_ms`, no retry at all */
        int64_t idle_ms;       /* of a stream: 0: without end */
        kube_open_fn *on_open; /* or NULL */
        http_data_fn *on_data; /* takes the body of a 2xx as it comes; NULL: it is collected. After
                                  its first byte nothing is repeated any more. */
};

/*
 * Starts a call; the id is never 0.  Adds fieldManager=fleetfs to POST, PUT and PATCH unless the
 * query has one. -EINVAL: the path does not begin with "/"; -ENOBUFS: too many calls wait; -ENOMEM.
 */
int kube_call(struct kube_client *client, const struct kube_request *rq, kube_done_fn *done,
        void *arg, uint64_t *ret_id, struct err *err);

/* Appends the body of a DELETE of this very object: another one that has its name by then is not removed (409). -ENOMEM,
 * -EFBIG. */
int kube_delete_options(struct buf *out, const char *uid);

/* Ends it silently; an id that is dead or 0 does nothing. Also from within callbacks. */
void kube_cancel(struct kube_client *client, uint64_t id);

/* Ends all streams at once with -ETIMEDOUT, e.g. after the machine slept: their connections are as
 * good as dead. */
void kube_client_drop_streams(struct kube_client *client);
