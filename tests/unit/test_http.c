/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "base/http.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/trust.h"
#include "tests/unit/https_server.h"

struct fixture {
        struct https_server server;
        struct identity other_ca;
        struct loop *loop;
        struct http *http;
        struct http_host *host, *more;
};

static struct http_host *host_new(struct fixture *f, struct http_host_config config)
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
static struct http_host *host_more(struct fixture *f, struct http_host_config config)
{
        http_host_unref(f->more);
        f->more = host_new(f, config);
        return f->more;
}

static int setup(void **state)
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

static int teardown(void **state)
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

static void maybe_cancel(struct answer *a, char where)
{
        if (a->cancel_in == where)
                http_cancel(a->f->http, a->other);
}

static enum http_take on_head(void *arg, const struct http_head *head)
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

static int on_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct answer *a = arg;

        (void)bytes;
        (void)err;
        a->streamed += len;
        maybe_cancel(a, 'd');
        return 0;
}

static void on_done(void *arg, const struct http_result *result)
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

static void submit(struct fixture *f, struct answer *a, const char *path, struct http_request rq)
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

static void run_until(struct fixture *f, const bool *done)
{
        int64_t end = loop_now(f->loop) + 10000;

        while (!*done && loop_now(f->loop) < end)
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
        assert_true(*done);
}

static void run_for(struct fixture *f, int64_t ms)
{
        for (int64_t end = loop_now(f->loop) + ms; loop_now(f->loop) < end;)
                assert_ok(loop_run_once(f->loop, end - loop_now(f->loop), NULL), NULL);
}

static struct answer ask(struct fixture *f, const char *path, struct http_request rq)
{
        struct answer a = { 0 };

        submit(f, &a, path, rq);
        run_until(f, &a.done);
        return a;
}

#define NOTHING ((struct http_request){ 0 })

/* --- requests and responses --- */

static void sends_what_it_is_given(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/echo?a=b",
                (struct http_request){ .method = "PATCH",
                        .headers = (const char *const[]){ "X-One: 1", "Accept: application/json",
                                NULL },
                        .authorization = "Bearer secret-token",
                        .content_type = "application/json-patch+json",
                        .body = "[{}]",
                        .body_len = 4 });

        assert_int_equal(a.err.code, 0);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.type, "text/plain");
        assert_memory_equal(a.body, "PATCH /echo?a=b HTTP/1.1\r\n", 26);
        assert_non_null(strstr(a.body, "\r\nX-One: 1\r\n"));
        assert_non_null(strstr(a.body, "\r\nAccept: application/json\r\n"));
        assert_non_null(strstr(a.body, "\r\nAuthorization: Bearer secret-token\r\n"));
        assert_non_null(strstr(a.body, "\r\nContent-Type: application/json-patch+json\r\n"));
        assert_non_null(strstr(a.body, "\r\nUser-Agent: fleetfs/"));
        assert_null(strcasestr(a.body, "Expect:"));
        assert_string_equal(a.body + a.len - 4, "[{}]");
}

static void reuses_its_connection(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_stats stats;

        for (int i = 0; i < 5; i++)
                assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_int_equal(f->server.connections, 1);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.connections, 1);
        assert_int_equal(stats.succeeded, 5);
        assert_true(http_host_last_heard(f->host) > 0);
        http_host_avoid_connections(f->host);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_int_equal(f->server.connections, 2);
}

static void takes_head_and_empty_bodies(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/echo", (struct http_request){ .method = "HEAD" });

        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, 0);
        a = ask(f, "/echo", (struct http_request){ .method = "DELETE" });
        assert_memory_equal(a.body, "DELETE ", 7);
        a = ask(f, "/echo", (struct http_request){ .method = "POST", .body = "", .body_len = 0 });
        assert_non_null(strstr(a.body, "\r\nContent-Length: 0\r\n"));
        a = ask(f, "/nowhere", NOTHING);
        assert_int_equal(a.status, 404);
        assert_int_equal(a.err.code, 0);
        assert_string_equal(a.body, "no such route");
}

static void streams_and_drops_bodies(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/big", NOTHING);
        run_until(f, &a.done);
        assert_int_equal(a.streamed, 1 << 20);
        assert_int_equal(a.len, 0);
        a = (struct answer){ .take = HTTP_TAKE_NOTHING };
        submit(f, &a, "/big", NOTHING);
        run_until(f, &a.done);
        assert_int_equal(a.streamed + a.len, 0);
        assert_int_equal(a.err.code, 0);
}

static void undoes_gzip_and_bounds_what_comes_out(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/gzip", (struct http_request){ .flags = HTTP_GZIP });

        assert_int_equal(a.len, 4 << 20);
        assert_memory_equal(a.body, "gggg", 4);
        a = ask(f, "/gzip", (struct http_request){ .flags = HTTP_GZIP, .max_body = 1 << 20 });
        assert_err(&a.err, -EFBIG, "a response of more than 1048576 bytes");
}

static void follows_redirects_only_when_told(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/redirect", NOTHING);

        assert_int_equal(a.status, 302);
        assert_string_equal(a.body, "elsewhere");
        a = ask(f, "/redirect", (struct http_request){ .max_redirects = 2 });
        assert_int_equal(a.status, 200);
        assert_memory_equal(a.body, "GET /echo ", 10);
        a = ask(f, "/redirect-loop", (struct http_request){ .max_redirects = 2 });
        assert_err(&a.err, -ELOOP, "too many redirects");
}

static void tells_when_to_come_back(void **state)
{
        struct fixture *f = test_fixture(state);

        assert_true(ask(f, "/busy", NOTHING).retry_after_ms == 7000);
        assert_true(ask(f, "/busy-for-long", NOTHING).retry_after_ms == LIMIT_RETRY_AFTER_MS);
        assert_true(ask(f, "/echo", NOTHING).retry_after_ms == -1);
}

static void passes_over_interim_responses(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/continue", NOTHING);

        assert_int_equal(a.status, 200);
        assert_memory_equal(a.body, "GET /continue", 13);
}

/* --- failures --- */

static const struct failure_row {
        const char *name, *path;
        int code;
        const char *message;
} failures[] = {
        { "cut_off", "/half", -EPIPE, "the response was cut off" },
        { "no_response", "/nothing", -ECONNRESET, "127.0.0.1:" },
        { "no_http", "/garbage", -EPROTO, "that is no HTTP" },
        { "huge_headers", "/headers", -EFBIG, "headers of more than 65536 bytes" },
        { "stalls", "/stall", -ETIMEDOUT, "no response within 1 s" },
        { "stalls_in_its_body", "/stall-in-body", -ETIMEDOUT,
                "the response was not complete within 1 s" },
        { "drips", "/drip", -ETIMEDOUT, "the response was not complete within 1 s" },
};

static void says_how_it_failed(void **state)
{
        const struct failure_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, row->path, (struct http_request){ .total_ms = 800 });

        assert_err(&a.err, row->code, row->message);
        assert_err(&a.err, row->code, "127.0.0.1:");
        assert_false(a.not_sent);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
}

static void notices_idleness(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/stall-in-body",
                (struct http_request){ .flags = HTTP_STREAM, .idle_ms = 400 });
        run_until(f, &a.done);
        assert_err(&a.err, -ETIMEDOUT, "nothing received for 1 s");
        assert_int_equal(a.streamed, 9);
        /* Bytes that come slowly are bytes. */
        a = (struct answer){ .take = HTTP_TAKE_STREAM };
        submit(f, &a, "/drip", (struct http_request){ .flags = HTTP_STREAM, .idle_ms = 400 });
        run_for(f, 1200);
        assert_false(a.done);
        assert_true(a.streamed > 5);
        http_cancel(f->http, a.id);
}

static void waits_for_a_stream_to_begin_but_not_to_end(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_request rq = { .flags = HTTP_STREAM, .total_ms = 400 };
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/stall", rq);
        run_until(f, &a.done);
        assert_err(&a.err, -ETIMEDOUT, "no response within 1 s");
        a = (struct answer){ .take = HTTP_TAKE_STREAM };
        submit(f, &a, "/drip", rq);
        run_for(f, 900);
        assert_false(a.done);
        http_cancel(f->http, a.id);
}

/* --- proxies --- */

struct proxy {
        struct fixture *f;
        int fd, port;
        pthread_t thread;
        char request[1000];
        bool refuse;
};

static void relay(int a, int b)
{
        char bytes[4096];
        struct pollfd p[2] = { { .fd = a, .events = POLLIN }, { .fd = b, .events = POLLIN } };

        while (poll(p, 2, 10000) > 0) {
                int from = p[0].revents ? 0 : 1;
                ssize_t n = read(p[from].fd, bytes, sizeof(bytes));

                if (n <= 0 || write(p[!from].fd, bytes, (size_t)n) != n)
                        break;
        }
}

/* One connection of an HTTP proxy, whatever host is asked for. */
static void *proxy_serve(void *arg)
{
        struct proxy *p = arg;
        struct sockaddr_in to = { .sin_family = AF_INET,
                .sin_port = htons((uint16_t)p->f->server.port) };
        int in = accept4(p->fd, NULL, NULL, SOCK_CLOEXEC), out;
        size_t len = 0;

        while (in >= 0 && len < sizeof(p->request) - 1 && !strstr(p->request, "\r\n\r\n")) {
                ssize_t n = read(in, p->request + len, sizeof(p->request) - 1 - len);

                if (n <= 0)
                        break;
                len += (size_t)n;
        }
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (p->refuse) {
                dprintf(in, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
        } else if (connect(out, (struct sockaddr *)&to, sizeof(to)) == 0) {
                dprintf(in, "HTTP/1.1 200 Connection established\r\n\r\n");
                relay(in, out);
        }
        close(out);
        close(in);
        return NULL;
}

static void proxy_start(struct proxy *p, struct fixture *f)
{
        struct sockaddr_in addr = { .sin_family = AF_INET };
        socklen_t len = sizeof(addr);

        p->f = f;
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        assert_int_equal(bind(p->fd, (struct sockaddr *)&addr, len), 0);
        assert_int_equal(listen(p->fd, 5), 0);
        assert_int_equal(getsockname(p->fd, (struct sockaddr *)&addr, &len), 0);
        p->port = ntohs(addr.sin_port);
        assert_int_equal(pthread_create(&p->thread, NULL, proxy_serve, p), 0);
}

/* The client's connection must be gone, or the relay goes on. */
static void proxy_stop(struct proxy *p)
{
        shutdown(p->fd, SHUT_RDWR);
        pthread_join(p->thread, NULL);
        close(p->fd);
}

static void goes_through_a_proxy(void **state)
{
        static struct proxy p;
        struct fixture *f = test_fixture(state);
        struct http_host *host;
        struct answer a;
        char url[64];

        p = (struct proxy){ 0 };
        proxy_start(&p, f);
        snprintf(url, sizeof(url), "http://127.0.0.1:%d", p.port);
        host = host_more(f,
                (struct http_host_config){ .proxy_url = url, .tls_server_name = "kube.internal" });
        a = ask(f, "/close-after",
                (struct http_request){ .host = host,
                        .url = "https://eu.example.org:6443/close-after",
                        .authorization = "Bearer secret" });
        proxy_stop(&p);
        assert_int_equal(a.status, 200);
        assert_memory_equal(p.request, "CONNECT eu.example.org:6443 HTTP/1.1\r\n", 38);
        assert_null(strstr(p.request, "secret"));
}

static void says_that_the_proxy_refuses(void **state)
{
        static struct proxy p;
        struct fixture *f = test_fixture(state);
        struct http_host *host;
        struct answer a;
        char url[64];

        p = (struct proxy){ .refuse = true };
        proxy_start(&p, f);
        snprintf(url, sizeof(url), "http://127.0.0.1:%d", p.port);
        host = host_more(f, (struct http_host_config){ .proxy_url = url });
        a = ask(f, "/echo", (struct http_request){ .host = host });
        proxy_stop(&p);
        assert_int_equal(a.err.code, -EHOSTUNREACH);
        assert_err(&a.err, -EHOSTUNREACH, "proxy");
        assert_true(a.not_sent);
        a = ask(f, "/echo", (struct http_request){ .host = host });
        assert_err(&a.err, -ECONNREFUSED, "Connection refused");
}

static void asks_no_proxy_of_the_environment_for_loopback(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a;

        setenv("https_proxy", "http://127.0.0.1:1", 1);
        a = ask(f, "/echo", NOTHING);
        unsetenv("https_proxy");
        assert_int_equal(a.status, 200);
}

static void refuses_what_it_cannot_send(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_request rq = { .host = f->host, .on_done = on_done };
        struct err err = ERR_INIT;
        uint64_t id = 0;

        rq.url = "ftp://127.0.0.1/x?signature=abc";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_err(&err, -EINVAL, "not a URL of http or https");
        assert_null(strstr(err.msg, "signature"));
        rq.url = "https://user:password@127.0.0.1/";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_null(strstr(err.msg, "password"));
        rq.url = "https://127.0.0.1/";
        rq.headers = (const char *const[]){ "X: a\r\nY: b", NULL };
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_err(&err, -EINVAL, "a header with a line break");
        rq.headers = NULL;
        rq.authorization = "Bearer a\nb";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_int_equal(id, 0);
}

static void survives_a_connection_that_died_while_idle(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a;

        for (int i = 0; i < 3; i++) {
                assert_int_equal(ask(f, "/close-after", NOTHING).status, 200);
                a = ask(f, "/echo",
                        (struct http_request){ .method = "POST", .body = "x", .body_len = 1 });
                assert_int_equal(a.err.code, 0);
                assert_int_equal(a.status, 200);
        }
}

/* --- TLS --- */

static void asks_for_another_name(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *host =
                host_more(f, (struct http_host_config){ .tls_server_name = "kube.internal" });
        char expected[64];
        struct answer a = ask(f, "/echo", (struct http_request){ .host = host });

        assert_int_equal(a.status, 200);
        snprintf(expected, sizeof(expected), "\r\nHost: 127.0.0.1:%d\r\n", f->server.port);
        assert_non_null(strstr(a.body, expected));
        host = host_more(f, (struct http_host_config){ .tls_server_name = "other.internal" });
        a = ask(f, "/echo", (struct http_request){ .host = host });
        assert_err(&a.err, -EKEYREJECTED, "other.internal");
        assert_non_null(strstr(a.err.remedy, "tls-server-name"));
        assert_true(a.not_sent);
}

static void believes_only_its_own_ca(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *host;
        struct answer a;

        /* A connection that others trust is open already. */
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        host = host_more(f, (struct http_host_config){ .ca_pem = f->other_ca.cert_pem });
        a = ask(f, "/echo", (struct http_request){ .host = host });
        assert_int_equal(a.err.code, -EKEYREJECTED);
        assert_non_null(strstr(a.err.remedy, "certificate-authority"));
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        host = host_more(
                f, (struct http_host_config){ .ca_pem = f->other_ca.cert_pem, .insecure = true });
        a = ask(f, "/echo", (struct http_request){ .host = host });
        assert_int_equal(a.status, 200);
        /* A server's own certificate is an anchor as well. */
        host = host_more(f, (struct http_host_config){ .ca_pem = f->server.server.cert_pem });
        assert_int_equal(ask(f, "/echo", (struct http_request){ .host = host }).status, 200);
}

static void shows_its_certificate(void **state)
{
        struct fixture *f = test_fixture(state);
        const struct identity *client = &f->server.client;
        struct answer a;

        SSL_CTX_set_verify(f->server.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        a = ask(f, "/echo", NOTHING);
        assert_err(&a.err, -EACCES, "does not accept the client certificate");
        assert_ok(http_host_set_identity(f->host, client->cert_pem, client->key_pem, NULL), NULL);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_ok(http_host_set_identity(f->host, NULL, NULL, NULL), NULL);
        a = ask(f, "/echo", NOTHING);
        assert_int_equal(a.err.code, -EACCES);
}

static void refuses_a_certificate_that_is_none(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host_config config = { .name = "x", .ca_pem = "garbage", .ca_pem_len = 7 };
        struct http_host *host = NULL;
        struct err err = ERR_INIT;
        char half[400];

        assert_int_equal(http_host_set_identity(f->host, f->server.client.cert_pem,
                                 f->server.server.key_pem, &err),
                -EINVAL);
        assert_err(&err, -EINVAL, "client key: it does not belong to the client certificate");
        assert_int_equal(
                http_host_set_identity(f->host, "x", f->server.client.key_pem, &err), -EINVAL);
        assert_err(&err, -EINVAL, "client certificate: ");
        assert_int_equal(
                http_host_set_identity(f->host, f->server.client.cert_pem, "x", &err), -EINVAL);
        assert_err(&err, -EINVAL, "client key: ");
        assert_int_equal(http_host_new(&host, f->http, &config, &err), -EINVAL);
        assert_err(&err, -EINVAL, "certificate authority: no certificate in it");
        snprintf(half, sizeof(half), "%.300s", f->server.ca.cert_pem);
        config.ca_pem = half;
        config.ca_pem_len = strlen(half);
        assert_int_equal(http_host_new(&host, f->http, &config, &err), -EINVAL);
        assert_err(&err, -EINVAL, "certificate authority: certificate 1: ");
        assert_null(host);
}

static void refuses_an_encrypted_key(void **state)
{
        struct fixture *f = test_fixture(state);
        BIO *bio = BIO_new(BIO_s_mem());
        char pem[3000];
        struct err err = ERR_INIT;

        PEM_write_bio_PKCS8PrivateKey(
                bio, f->server.client.key, EVP_aes_128_cbc(), "word", 4, NULL, NULL);
        pem_text(bio, pem, sizeof(pem));
        assert_int_equal(trust_check_identity(f->server.client.cert_pem, pem, &err), -EINVAL);
        assert_err(&err, -EINVAL, "client key: it is encrypted");
        assert_non_null(strstr(err.remedy, "without a password"));
}

static void tells_a_port_without_tls(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a;

        f->server.plain = true;
        a = ask(f, "/echo", (struct http_request){ .total_ms = 3000 });
        assert_true(a.err.code == -EPROTO || a.err.code == -ETIMEDOUT || a.err.code == -ECONNRESET);
        assert_true(a.not_sent);
}

static void shares_stores_of_the_same_ca(void **state)
{
        struct fixture *f = test_fixture(state);
        const char *pem = f->server.ca.cert_pem;
        struct trust_set *set;
        struct trust *a, *b, *c;

        assert_int_equal(trust_set_new(&set), 0);
        assert_ok(trust_get(&a, set, pem, strlen(pem), NULL), NULL);
        assert_ok(trust_get(&b, set, pem, strlen(pem), NULL), NULL);
        assert_ok(
                trust_get(&c, set, f->other_ca.cert_pem, strlen(f->other_ca.cert_pem), NULL), NULL);
        assert_ptr_equal(a, b);
        assert_ptr_not_equal(a, c);
        assert_string_not_equal(trust_id(a), trust_id(c));
        trust_unref(b);
        assert_ok(trust_get(&b, set, NULL, 0, NULL), NULL);
        assert_string_equal(trust_id(b), "system");
        trust_unref(a);
        trust_unref(b);
        trust_unref(c);
        trust_set_free(set);
}

/* --- queues and caps --- */

static void waits_for_its_turn(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *narrow = host_more(f, (struct http_host_config){ .max_in_flight = 1 });
        struct answer slow = { 0 }, late = { 0 }, next = { 0 };
        struct http_stats stats;

        submit(f, &slow, "/stall", (struct http_request){ .host = narrow, .total_ms = 1500 });
        submit(f, &late, "/echo", (struct http_request){ .host = narrow, .total_ms = 300 });
        submit(f, &next, "/echo", (struct http_request){ .host = narrow });
        run_until(f, &late.done);
        assert_err(&late.err, -ETIMEDOUT, "no place for the request within 1 s");
        assert_true(late.not_sent);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight, 1);
        assert_int_equal(stats.queued, 1);
        run_until(f, &next.done);
        assert_true(slow.done);
        assert_int_equal(next.status, 200);
}

static void a_stream_that_flows_takes_no_place(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *narrow = host_more(f, (struct http_host_config){ .max_in_flight = 1 });
        struct answer stream = { .take = HTTP_TAKE_STREAM };
        struct http_stats stats;

        submit(f, &stream, "/stall-in-body",
                (struct http_request){ .host = narrow, .flags = HTTP_STREAM });
        run_until(f, &stream.headed);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.streams, 1);
        assert_int_equal(stats.in_flight, 0);
        assert_int_equal(ask(f, "/echo", (struct http_request){ .host = narrow }).status, 200);
        http_cancel(f->http, stream.id);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.streams, 0);
        assert_int_equal(stats.cancelled, 1);
}

static void hosts_take_turns(void **state)
{
        static struct answer many[400];
        struct fixture *f = test_fixture(state);
        struct http_host *other = host_more(f, (struct http_host_config){ .name = "other" });
        struct answer one = { 0 };
        size_t before = 0;

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], "/echo", NOTHING);
        submit(f, &one, "/echo", (struct http_request){ .host = other });
        run_until(f, &one.done);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                before += many[i].done;
        assert_true(before < ARRAY_SIZE(many) / 2);
        run_until(f, &many[ARRAY_SIZE(many) - 1].done);
        assert_in_range(f->server.connections, 1, 2 * LIMIT_HTTP_HOST_IN_FLIGHT);
}

static const struct cancel_row {
        const char *name;
        char where;
        bool self;
} cancels[] = {
        { "itself_in_head", 'h', true },
        { "itself_in_data", 'd', true },
        { "itself_at_the_end", 'e', true },
        { "another_in_head", 'h', false },
        { "another_in_data", 'd', false },
        { "another_at_the_end", 'e', false },
};

static void cancels_from_its_callbacks(void **state)
{
        const struct cancel_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct answer a = { .cancel_in = row->where, .take = HTTP_TAKE_STREAM };
        struct answer other = { .take = HTTP_TAKE_STREAM };
        struct http_stats stats;

        submit(f, &other, "/stall-in-body", (struct http_request){ .flags = HTTP_STREAM });
        run_until(f, &other.headed);
        submit(f, &a, "/big", NOTHING);
        a.other = row->self ? a.id : other.id;
        run_for(f, 400);
        assert_true(a.headed);
        assert_int_equal(a.done, !row->self || row->where == 'e');
        assert_false(other.done);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight, 0);
        assert_int_equal(stats.streams, row->self);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
}

static void cancels_what_is_queued_or_asking(void **state)
{
        static struct answer many[100];
        struct fixture *f = test_fixture(state);
        struct http_stats stats;

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], "/echo", NOTHING);
        assert_ok(loop_run_once(f->loop, 0, NULL), NULL);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
                http_cancel(f->http, many[i].id);
                http_cancel(f->http, many[i].id);
        }
        run_for(f, 200);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                assert_false(many[i].done);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight + stats.queued, 0);
        assert_int_equal(stats.cancelled, ARRAY_SIZE(many));
}

static void ends_with_requests_under_way(void **state)
{
        static struct answer many[100];
        struct fixture *f = test_fixture(state);

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], i % 2 ? "/stall" : "/echo", NOTHING);
        run_for(f, 100);
        http_host_unref(f->host);
        f->host = NULL;
        /* The teardown frees the rest: nothing may be called or lost. */
}

#define HTTP_TEST(fn) TEST_WITH(fn, setup, teardown)

int main(void)
{
        HTTP_TEST(sends_what_it_is_given);
        HTTP_TEST(reuses_its_connection);
        HTTP_TEST(takes_head_and_empty_bodies);
        HTTP_TEST(streams_and_drops_bodies);
        HTTP_TEST(undoes_gzip_and_bounds_what_comes_out);
        HTTP_TEST(follows_redirects_only_when_told);
        HTTP_TEST(tells_when_to_come_back);
        HTTP_TEST(passes_over_interim_responses);
        TEST_ROWS_WITH(says_how_it_failed, failures, setup, teardown);
        HTTP_TEST(notices_idleness);
        HTTP_TEST(waits_for_a_stream_to_begin_but_not_to_end);
        HTTP_TEST(goes_through_a_proxy);
        HTTP_TEST(says_that_the_proxy_refuses);
        HTTP_TEST(asks_no_proxy_of_the_environment_for_loopback);
        HTTP_TEST(refuses_what_it_cannot_send);
        HTTP_TEST(survives_a_connection_that_died_while_idle);
        HTTP_TEST(asks_for_another_name);
        HTTP_TEST(believes_only_its_own_ca);
        HTTP_TEST(shows_its_certificate);
        HTTP_TEST(refuses_a_certificate_that_is_none);
        HTTP_TEST(refuses_an_encrypted_key);
        HTTP_TEST(tells_a_port_without_tls);
        HTTP_TEST(shares_stores_of_the_same_ca);
        HTTP_TEST(waits_for_its_turn);
        HTTP_TEST(a_stream_that_flows_takes_no_place);
        HTTP_TEST(hosts_take_turns);
        TEST_ROWS_WITH(cancels_from_its_callbacks, cancels, setup, teardown);
        HTTP_TEST(cancels_what_is_queued_or_asking);
        HTTP_TEST(ends_with_requests_under_way);
        return test_run("http");
}
