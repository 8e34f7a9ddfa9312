/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The parts of base/http.h: http.c (the multi handle on the loop, queue and caps), http_host.c (how
 * to reach one server), http_request.c (what a request says), http_transfer.c (its life) and
 * http_error.c (what went wrong, in words).
 */
#include <curl/curl.h>

/* uthash's own hash falls through its cases without saying so to clang, and it would end the
 * process when memory runs out. */
#define HASH_FUNCTION(key, len, value) HASH_SAX(key, len, value)
#define HASH_NONFATAL_OOM              1
#define uthash_nonfatal_oom(element)   ((element)->hash_failed = true)
#include <uthash.h>

#include "base/buf.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/trust.h"

/* The life of a request. http_transfer_set_state() is the only one that moves it. */
enum http_state {
        HTTP_QUEUED,    /* waits for a place; also before its repetition */
        HTTP_ASKING,    /* libcurl has it; the response has not begun */
        HTTP_RECEIVING, /* the head of the response is here */
        HTTP_DONE,      /* the response is complete */
        HTTP_FAILED,
        HTTP_CANCELLED, /* by the caller; may still wait for libcurl to let go of it */
        HTTP_STATES,
};

struct http_host {
        unsigned refs;
        struct http *http;
        char *name, *tls_server_name, *proxy_url, *user_agent;
        bool insecure, http1;
        unsigned max_in_flight;
        struct trust *trust; /* NULL: insecure */
        unsigned epoch;      /* of its connections */
        struct trust_identity *identity; /* NULL: none */
        CURLSH *share; /* TLS sessions: a share keeps eight, so each host has its own */

        struct http_transfer *queue, **queue_end;
        unsigned in_flight;
        int64_t last_heard;
        struct http_host *turn_next; /* in http->turns */
        bool has_turn;
};

struct http_transfer {
        uint64_t id;
        UT_hash_handle hh;
        bool hash_failed;
        struct http *http;
        struct http_host *host;
        struct trust_identity *identity; /* the host's when it was submitted */
        struct http_transfer *next, **link; /* in the host's queue; next also among the doomed */
        enum http_state state;

        char *method, *url, *where, *path; /* where: "host:port" */
        bool loopback;
        struct curl_slist *headers, *connect_to;
        char *body;
        size_t body_len;
        unsigned flags, max_redirects;
        int64_t connect_ms, total_ms, idle_ms;
        size_t max_body;
        http_head_fn *on_head;
        http_data_fn *on_data;
        http_done_fn *on_done;
        void *arg;

        CURL *easy; /* NULL while it is queued */
        char curl_text[CURL_ERROR_SIZE];
        struct loop_timer deadline, idle;
        int64_t started, last_byte;
        bool repeated;
        size_t header_bytes;

        struct http_head head; /* status 0: none yet */
        char *content_type;
        enum http_take take;
        struct buf reply;
        uint64_t received; /* bytes of the body */
        struct err err;    /* why we broke it off ourselves; code 0: we did not */
};

struct http_socket;

struct http {
        struct loop *loop;
        CURLM *multi;
        struct loop_timer timer; /* libcurl's */
        struct loop_defer work;  /* start what waits, let go of what was cancelled */
        struct trust_set *trust;
        struct http_transfer *by_id;
        struct http_transfer *doomed; /* cancelled while libcurl was at work */
        uint64_t last_id;
        struct http_host *turns, **turns_end; /* hosts with requests that could start, in turn */
        struct http_socket *sockets;
        unsigned depth; /* we are inside of libcurl: its functions must not be called */
        CURL *spare[16];
        unsigned n_spare;
        unsigned n_hosts;
        struct http_stats stats;
};

/* http.c */
void http_work_soon(struct http *http);
/* Spare handles are kept for ordinary requests only: the size of a handle's buffer, once it has
 * one, cannot be changed. */
CURL *http_easy_get(struct http *http, bool stream);
void http_easy_put(struct http *http, CURL *easy, bool stream);

/* http_host.c */
/* Options of an easy handle that depend on the host only; the transfer's identity outlives it.
 * Returns false when memory runs out. */
bool http_host_setup(struct http_transfer *t, CURL *easy);
/* Puts the host at the end of the turns if one of its requests could start. */
void http_host_take_turn(struct http_host *host);
/* The host whose turn it is, with the reference that having a turn holds; or NULL. */
struct http_host *http_host_next_turn(struct http *http);
/* The host's queue. */
void http_host_push(struct http_host *host, struct http_transfer *t);
void http_host_remove(struct http_host *host, struct http_transfer *t);

/* http_transfer.c */
/* Gives it to libcurl. */
void http_transfer_start(struct http_transfer *t);
/* libcurl is through with it. */
void http_transfer_finish(struct http_transfer *t, CURLcode code);
/* Takes it away from libcurl and frees it; no callback. */
void http_transfer_free(struct http_transfer *t);

/* http_request.c */
int http_transfer_fill(struct http_transfer *t, const struct http_request *rq, struct err *err);
/* Wipes what they hold of credentials. */
void http_headers_free(struct curl_slist *headers);

/* http_error.c */
struct http_failure {
        CURLcode code;
        const char *text;  /* libcurl's, may be "" */
        const char *where; /* "host:port" */
        long os_errno;     /* of connecting */
        bool headed;       /* the response had begun */
        int64_t connect_ms;
};
int http_error(const struct http_failure *f, struct err *err);
