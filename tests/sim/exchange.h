/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One HTTP request and its answer, whichever protocol carries it.
 *
 * h1.c and h2.c make an exchange when a request is complete and hand it to exchange_serve(). The
 * server side then answers at once or later: exchange_head(), bytes through exchange_write(), and
 * exchange_end(). After exchange_end() it belongs to the protocol again and must not be touched;
 * whoever keeps one longer (a watch) sets on_gone to learn that the peer left, after which the
 * pointer is dead too.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/loop.h"
#include "tests/sim/mem.h"

struct conn;
struct cluster;
struct exchange;

/* Largest request body; the Kubernetes API server has the same. */
#define EXCHANGE_MAX_BODY ((size_t)3 * 1024 * 1024)
/* Largest request head in HTTP/1.1. */
#define EXCHANGE_MAX_HEAD ((size_t)64 * 1024)
/* A watch whose reader lets this much pile up is ended. */
#define EXCHANGE_MAX_BACKLOG ((size_t)64 * 1024 * 1024)

struct param {
        char *key;
        char *value;
};

/* How an answer is broken off, the connection with it. */
enum exchange_cut {
        CUT_NOT,
        CUT_HALF, /* in the middle of the body */
        CUT_END,  /* behind the bytes written, without the end that the protocol would mark */
};

struct exchange_ops {
        /* There is something new to send: the head, bytes or the end. */
        void (*more)(struct exchange *x);
        /* Refuses the request unanswered, so that the client may send it again. */
        void (*refuse)(struct exchange *x);
};

struct exchange {
        struct conn *conn;
        const struct exchange_ops *ops;
        int32_t stream; /* HTTP/2 stream, else 0 */

        /* The request. Header values are NULL where the request has none. */
        char *method;
        char *target; /* as sent, with the query */
        char *path;   /* decoded, cluster prefix removed */
        struct param *params;
        size_t n_params;
        char *authorization, *accept, *content_type, *user_agent;
        char *impersonate_user;
        struct str impersonation; /* "name: value\n" of each Impersonate-…, names in lower case */
        bool accepts_gzip;
        bool expects_continue;
        struct str body;

        /* The answer. */
        int status; /* 0 until exchange_head() */
        const char *type;
        struct str headers; /* "name: value\n" lines, names in lower case */
        struct str out;
        size_t out_off; /* bytes of out that were handed to the protocol */
        size_t length;  /* declared length, known once ended before the head went out */
        bool has_length;
        bool head_sent;
        bool ended;
        enum exchange_cut cut; /* set before the end */

        /* Whose it is. */
        struct cluster *cluster; /* NULL until routed */
        const char *verb;        /* for the request log: LIST, WATCH, GET, … */
        const char *resource;
        void (*on_gone)(struct exchange *x);
        void *owner;
        struct timer delay;           /* until it is looked at, or answered (faults delay and late) */
        unsigned late_ms;             /* from its end to when it is sent */
        struct exchange *next, *prev; /* of the open ones of an HTTP/2 connection */
};

struct exchange *exchange_new(struct conn *conn, const struct exchange_ops *ops);
/* Protocols only. Tells on_gone when the answer has not ended. */
void exchange_free(struct exchange *x);

/* Keeps a header that the server side reads; the name in lower case. */
void exchange_request_header(
        struct exchange *x, const char *name, size_t nlen, const char *value, size_t vlen);
/* Splits target into path and params. Returns 0, or -1 where it is malformed. */
int exchange_parse_target(struct exchange *x);
/* The value of a query parameter, or NULL. */
const char *exchange_param(const struct exchange *x, const char *key);
bool exchange_param_true(const struct exchange *x, const char *key);

/* Status and content type (a literal); headers may still be added until the first write. */
void exchange_head(struct exchange *x, int status, const char *type);
void exchange_header(struct exchange *x, const char *name, const char *value);
void exchange_write(struct exchange *x, const void *bytes, size_t n);
void exchange_end(struct exchange *x);
/* Head, body and end in one; the body's memory is taken over. */
void exchange_reply(struct exchange *x, int status, const char *type, struct str *body);

/* Implemented by the router: what to do with a complete request. */
void exchange_serve(struct exchange *x);
