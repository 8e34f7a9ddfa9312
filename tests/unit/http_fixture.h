/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the tests of base/http start from: a server that misbehaves on demand, a loop, a client and a host of it; and
 * a request whose answer is kept.
 */
#include "tests/support/test.h"

#include "base/http.h"
#include "base/loop.h"
#include "tests/unit/https_server.h"

struct fixture {
        struct https_server server;
        struct identity other_ca;
        struct loop *loop;
        struct http *http;
        struct http_host *host, *more;
};

static inline struct http_host *host_new(struct fixture *f, struct http_host_config config)
{
        struct http_host *host = NULL;
        struct err err = ERR_INIT;

        if (!config.ca_pem)
                config.ca_pem = f->server.ca.cert_pem;
        config.ca_pem_len = strlen(config.ca_pem);
        assert_ok(http_host_new(&host, f->http, &config, &err), &err);
        return host;
}

/* A second host, which the fixture gives back. */
static inline struct http_host *host_more(struct fixture *f, struct http_host_config config)
{
        http_host_unref(f->more);
        f->more = host_new(f, config);
        return f->more;
}

static inline int setup(void **state)
{
        struct test_state *s = *state;
        struct fixture *f = calloc(1, sizeof(*f));

        s->fixture = f;
        identity_make(&f->server.ca, "test CA", NULL, NULL, 86400);
        identity_make(&f->other_ca, "another CA", NULL, NULL, 86400);
        identity_make(&f->server.server, "server", &f->server.ca, "IP:127.0.0.1,DNS:kube.internal",
                86400);
        identity_make(&f->server.client, "client", &f->server.ca, NULL, 86400);
        if (https_start(&f->server) < 0 || loop_new(&f->loop, NULL) < 0 ||
                http_new(&f->http, f->loop, NULL) < 0)
                return -1;
        f->host = host_new(f, (struct http_host_config){ .name = "h" });
        return 0;
}

static inline int teardown(void **state)
{
        struct fixture *f = test_fixture(state);

        http_host_unref(f->host);
        http_host_unref(f->more);
        http_free(f->http);
        loop_free(f->loop);
        https_stop(&f->server);
        identity_done(&f->server.ca);
        identity_done(&f->server.server);
        identity_done(&f->server.client);
        identity_done(&f->other_ca);
        free(f);
        return 0;
}

struct answer {
        struct fixture *f;
        bool done, headed, not_sent;
        enum http_take take;
        long status;
        int64_t retry_after_ms;
        char type[64], body[4096];
        size_t len, streamed;
        struct err err;
        uint64_t id, other; /* `other` is cancelled in the callback named by `cancel_in` */
        char cancel_in;     /* 'h'ead, 'd'ata, 'e'nd */
};

static inline void maybe_cancel(struct answer *a, char where)
{
        if (a->cancel_in == where)
                http_cancel(a->f->http, a->other);
}

static inline enum http_take on_head(void *arg, const struct http_head *head)
{
        struct answer *a = arg;

        assert_false(a->headed);
        a->headed = true;
        a->status = head->status;
        a->retry_after_ms = head->retry_after_ms;
        snprintf(a->type, sizeof(a->type), "%s", head->content_type);
        maybe_cancel(a, 'h');
        return a->take;
}

static inline int on_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct answer *a = arg;

        (void)bytes;
        (void)err;
        a->streamed += len;
        maybe_cancel(a, 'd');
        return 0;
}

static inline void on_done(void *arg, const struct http_result *result)
{
        struct answer *a = arg;

        assert_false(a->done);
        a->done = true;
        a->not_sent = result->not_sent;
        a->len = result->len;
        assert_int_equal(result->body[result->len], '\0');
        snprintf(a->body, sizeof(a->body), "%s", result->body);
        if (result->err)
                a->err = *result->err;
        maybe_cancel(a, 'e');
}

static inline void submit(struct fixture *f, struct answer *a, const char *path, struct http_request rq)
{
        char url[200];
        struct err err = ERR_INIT;

        snprintf(url, sizeof(url), "https://127.0.0.1:%d%s", f->server.port, path);
        a->f = f;
        rq.host = rq.host ? rq.host : f->host;
        rq.url = rq.url ? rq.url : url;
        rq.on_head = on_head;
        rq.on_data = on_data;
        rq.on_done = on_done;
        rq.arg = a;
        assert_ok(http_submit(f->http, &rq, &a->id, &err), &err);
        assert_true(a->id != 0);
        assert_false(a->done);
}

static inline void run_until(struct fixture *f, const bool *done)
{
        int64_t end = loop_now(f->loop) + 10000;

        while (!*done && loop_now(f->loop) < end)
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
        assert_true(*done);
}

static inline void run_for(struct fixture *f, int64_t ms)
{
        for (int64_t end = loop_now(f->loop) + ms; loop_now(f->loop) < end;)
                assert_ok(loop_run_once(f->loop, end - loop_now(f->loop), NULL), NULL);
}

static inline struct answer ask(struct fixture *f, const char *path, struct http_request rq)
{
        struct answer a = { 0 };

        submit(f, &a, path, rq);
        run_until(f, &a.done);
        return a;
}

#define NOTHING ((struct http_request){ 0 })

#define HTTP_TEST(fn) TEST_WITH(fn, setup, teardown)
