/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The parts of k8s/client.h: client.c (the client, its calls by id, signs of life) and
 * client_call.c (one call with its attempts).
 */
/* uthash's own hash falls through its cases without saying so to clang, and it would end the
 * process when memory runs out. */
#define HASH_FUNCTION(key, len, value) HASH_SAX(key, len, value)
#define HASH_NONFATAL_OOM              1
#define uthash_nonfatal_oom(element)   ((element)->hash_failed = true)
#include <uthash.h>

#include "base/loop.h"
#include "base/secret.h"
#include "k8s/auth.h"
#include "k8s/client.h"

struct kube_client {
        struct loop *loop;
        struct http *http;
        struct http_host *host;
        struct kube_credential *credential;
        unsigned tls_generation; /* of the certificate that the host has */
        char *name, *server;
        bool gzip;
        struct kube_call *calls; /* by id */
        uint64_t last_id;
        uint64_t random;
        int64_t ahead_s; /* of the last head */
        int64_t heard;   /* kube_client_heard() */
        unsigned n_streams; /* open */
        struct loop_timer silence;
        uint64_t probe; /* HTTP request under way; 0: none */
};

/* Where a call is. */
enum call_state {
        CALL_WAITING,    /* for its first or next attempt */
        CALL_CREDENTIAL, /* for the credential */
        CALL_SENT,       /* for the response */
        CALL_STREAMING,  /* the body of a stream flows */
        CALL_ENDED,
};

struct kube_call {
        uint64_t id;
        UT_hash_handle hh;
        bool hash_failed;
        struct kube_client *client;
        enum call_state state;
        char *method, *path, *url, *content_type, *body;
        size_t body_len, max_body;
        enum kube_retry retry;
        bool stream, refreshed, flowed; /* flowed: on_data had something */
        int64_t idle_ms, deadline;      /* deadline: loop time; INT64_MAX: none */
        int64_t asked_at;               /* for the credential: loop time */
        kube_open_fn *on_open;
        http_data_fn *on_data;
        kube_done_fn *done;
        void *arg;

        struct loop_timer next, end; /* of the pause; of the deadline */
        uint64_t http_id;
        unsigned attempts, generation; /* generation: of the credential that was sent */
        struct err last;               /* why the attempt before failed; code 0: there was none */
};

int call_new(struct kube_call **ret, struct kube_client *client, const struct kube_request *rq,
        struct err *err);
/* Takes back a call that was never added to its client. */
void call_discard(struct kube_call *call);
/* Ends it without a word, whatever it is doing. */
void call_free(struct kube_call *call);
/* Ends it with an error. */
void call_fail(struct kube_call *call, const struct err *err);

/* In [0, n), n > 0. */
uint64_t client_random(struct kube_client *client, uint64_t n);
/* A stream was opened or ended. */
void client_count_stream(struct kube_client *client, int by);
