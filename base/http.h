/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * http: requests over HTTPS, many at once, on one loop.
 *
 * struct http owns the transfers, struct http_host says how to reach and whom to believe at one
 * server, a request is known by its id.  HTTP/2 where the server speaks it, then all requests of a
 * host share one connection.
 *
 *     http_submit() ─► on_head ─► on_data … ─► on_done        each at most once, on_done exactly
 * once http_cancel() ─► nothing more is called
 *
 * Callbacks come from the loop, never from within http_submit() or http_cancel(), and may call
 * every function here except http_free() and http_host_unref()'s last one.  After on_done the id is
 * dead; calls with a dead id do nothing.
 *
 * Bounds: at most LIMIT_HTTP_IN_FLIGHT requests at once, and a cap of its own for each host; what
 * is beyond waits, in order per host and in turn between hosts, LIMIT_HTTP_QUEUED at most.  A
 * request flagged HTTP_STREAM counts only until its head has arrived.  Transfers are never paused
 * (libcurl 7.88 may not wake a paused HTTP/2 stream again): on_data takes what it gets or fails the
 * transfer.
 *
 * Retry: a request that failed on a connection that had died while idle, or that the server refused
 * before looking at it (HTTP/2 REFUSED_STREAM, GOAWAY), is sent once more if it is idempotent or
 * was surely not processed.  Nothing else is repeated here; policies are the caller's.
 *
 * Dead peers: connections have TCP keepalive and TCP_USER_TIMEOUT, so that one whose host is gone
 * ends in at most LIMIT_HTTP_DEAD_PEER_MS (30 s) with -ETIMEDOUT, also when only a silent watch
 * uses it.  A peer whose kernel still answers while its process hangs is found by asking:
 * k8s/client.h does that.
 *
 * Never logged: header values, bodies, and the query part of URLs.
 *
 * Thread: everything on the loop's thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

struct loop;
struct http;
struct http_host;

/* --- the engine --- */

/* Initialises libcurl on first use. -ENOMEM. The loop must outlive it. */
int http_new(struct http **ret, struct loop *loop, struct err *err);

/* Cancels all that is under way. Hosts must be given back before (asserted). NULL is allowed. */
struct http *http_free(struct http *http);
DEFINE_CLEANUP(struct http *, http_free);

struct http_stats {
        uint64_t submitted, succeeded, failed, cancelled, retried; /* requests, since http_new() */
        uint64_t connections;                                      /* opened */
        uint64_t bytes_in, bytes_out;                              /* bodies, as on the wire */
        unsigned in_flight, streams, queued;                       /* now */
};
void http_get_stats(const struct http *http, struct http_stats *ret);

/* --- a host --- */

struct http_host_config {
        const char *name;   /* for messages and logs, e.g. the cluster's */
        const char *ca_pem; /* certificates to believe; NULL: the system's */
        size_t ca_pem_len;
        const char *tls_server_name; /* name to ask for and to verify instead of the URL's; NULL:
                                        the URL's */
        bool insecure;               /* do not verify the server */
        const char
                *proxy_url; /* http, https, socks5 (names are resolved by the proxy); "" for none;
                               NULL: $https_proxy and $no_proxy decide, never for loopback */
        bool http1;         /* do not offer HTTP/2 */
        const char *user_agent; /* NULL: fleetfs/VERSION */
        unsigned max_in_flight; /* 0: LIMIT_HTTP_HOST_IN_FLIGHT */
};

/* Copies the configuration. -EINVAL (CA), -ENOMEM, -ENOENT (no system roots). */
int http_host_new(struct http_host **ret, struct http *http, const struct http_host_config *config,
        struct err *err);

/*
 * The client certificate from now on; NULLs: none.  Requests submitted later open a connection with
 * it; older ones keep theirs.  Private keys are wiped when replaced. -EINVAL if it does not parse
 * or the key does not match.
 */
int http_host_set_identity(
        struct http_host *host, const char *cert_pem, const char *key_pem, struct err *err);

/* When the last byte came from this host, loop_now(); 0: never. Also bytes of streams. */
int64_t http_host_last_heard(const struct http_host *host);

/*
 * Requests that start from now on open new connections; those under way keep theirs. For a peer
 * that may be gone. Done by itself when a request gets no answer and nothing else is heard.
 */
void http_host_avoid_connections(struct http_host *host);

struct http_host *http_host_ref(struct http_host *host);
struct http_host *http_host_unref(struct http_host *host);
DEFINE_CLEANUP(struct http_host *, http_host_unref);

/* --- a request --- */

enum http_take {
        HTTP_TAKE_BUFFER,  /* collect, at most max_body; handed to on_done */
        HTTP_TAKE_STREAM,  /* hand to on_data as it comes */
        HTTP_TAKE_NOTHING, /* read and drop */
};

struct http_head {
        long status;              /* of the final response, 200 … 599 */
        const char *content_type; /* or "" */
        int64_t retry_after_ms;   /* Retry-After, seconds or date; -1: none; at most
                                     LIMIT_RETRY_AFTER_MS */
        bool dated;               /* it has a Date that can be read */
        int64_t ahead_s;          /* what the server's clock is before ours, by that Date; 0 below
                                     LIMIT_SERVER_CLOCK_S and when it has none */
};

struct http_result {
        const struct http_head *head; /* NULL: no response came */
        const char *body;             /* of HTTP_TAKE_BUFFER; NUL-terminated, never NULL */
        size_t len;
        const struct err *err; /* NULL: the response is complete, whatever its status */
        bool not_sent;         /* with err: the server has surely not acted on the request */
};

/* Judges the response; NULL buffers. Not called for 1xx and redirects that are followed. */
typedef enum http_take http_head_fn(void *arg, const struct http_head *head);

/* Some bytes of the body, decoded. 0, or -errno with err set: fails the request, on_done gets it.
 */
typedef int http_data_fn(void *arg, const char *bytes, size_t len, struct err *err);

/* The end. Everything in `result` is borrowed and valid during the call only. */
typedef void http_done_fn(void *arg, const struct http_result *result);

enum http_flags {
        HTTP_IDEMPOTENT =
                1
                << 0, /* may be repeated though it may have been processed; set for GET and HEAD */
        HTTP_STREAM =
                1 << 1, /* long-lived: small buffer, does not count as in flight once it flows */
        HTTP_GZIP = 1 << 2, /* offer gzip, undo it */
};

/* Zero-initialised members mean the default named; everything is copied. */
struct http_request {
        struct http_host *host;
        const char *method;         /* NULL: GET */
        const char *url;            /* absolute, http or https */
        const char *const *headers; /* "Name: value", NULL-terminated, or NULL */
        const char
                *authorization; /* value of the header Authorization; wiped after use; NULL: none */
        const char *content_type; /* of the body */
        const void *body;
        size_t body_len;
        unsigned flags;
        unsigned max_redirects; /* 0: redirects are answers */
        int64_t connect_ms;     /* 0: LIMIT_CONNECT_MS */
        int64_t total_ms; /* from submit to done, of HTTP_STREAM to its head; waiting in the queue
                             included; 0: LIMIT_REQUEST_MS */
        int64_t idle_ms;  /* most time between two bytes of the response; 0: no such bound */
        size_t max_body;  /* decoded; 0: LIMIT_API_REPLY_BYTES for HTTP_TAKE_BUFFER, else without
                             end */
        http_head_fn *on_head;
        http_data_fn *on_data; /* must be there if on_head may answer HTTP_TAKE_STREAM */
        http_done_fn *on_done; /* must be there */
        void *arg;
};

/*
 * Queues a request and returns its id, never 0.  The host is referenced until the end.
 * -EINVAL: not an absolute http(s) URL, or a control character in a header; -ENOBUFS: the queue is
 * full; -ENOMEM. In on_done, err->code is one of: -ECONNREFUSED -ECONNRESET -EHOSTUNREACH
 * -ENETUNREACH -ETIMEDOUT, -ENOENT the name does not resolve, -EKEYREJECTED the server's
 * certificate, -EPROTO TLS or HTTP broken, -EFBIG body beyond max_body, -EPIPE the response was cut
 * off, -ENOMEM, or what on_data returned.
 */
int http_submit(
        struct http *http, const struct http_request *rq, uint64_t *ret_id, struct err *err);

/* Ends it silently. Also from within its own callbacks. */
void http_cancel(struct http *http, uint64_t id);
