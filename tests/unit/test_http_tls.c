/* SPDX-License-Identifier: Apache-2.0 */
/* base/http between the client and its server: proxies, names, authorities, identities. */
#include "tests/unit/http_fixture.h"

#include <errno.h>
#include <poll.h>

#include "base/limits.h"
#include "base/trust.h"

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
        assert_int_equal(
                http_host_set_identity(f->host, f->server.client.cert_pem, pem, &err), -EINVAL);
        assert_err(&err, -EINVAL, "client key: it is encrypted");
        assert_remedy(&err, "without a password");
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

static void shares_identities_of_the_same_texts(void **state)
{
        struct fixture *f = test_fixture(state);
        const struct identity *client = &f->server.client, *server = &f->server.server;
        struct trust_identity *a, *b, *c;
        struct trust_set *set;
        struct err err = ERR_INIT;

        assert_int_equal(trust_set_new(&set), 0);
        assert_ok(trust_identity_get(&a, set, client->cert_pem, client->key_pem, NULL), NULL);
        assert_ok(trust_identity_get(&b, set, client->cert_pem, client->key_pem, NULL), NULL);
        assert_ok(trust_identity_get(&c, set, server->cert_pem, server->key_pem, NULL), NULL);
        assert_ptr_equal(a, b);
        assert_ptr_not_equal(a, c);
        assert_string_not_equal(trust_identity_id(a), trust_identity_id(c));
        /* That the certificate is known says nothing about another key. */
        assert_int_equal(
                trust_identity_get(&b, set, client->cert_pem, server->key_pem, &err), -EINVAL);
        trust_identity_unref(a);
        trust_identity_unref(b);
        trust_identity_unref(c);
        trust_set_free(set);
}

/* The certificates behind the first one lead the server to a CA it knows. */
static void shows_the_whole_chain(void **state)
{
        struct fixture *f = test_fixture(state);
        char chain[8192], broken[8192];
        struct err err = ERR_INIT;

        snprintf(chain, sizeof(chain), "%s%s", f->server.client.cert_pem, f->server.ca.cert_pem);
        snprintf(broken, sizeof(broken), "%s%.300s", f->server.client.cert_pem,
                f->server.ca.cert_pem);
        SSL_CTX_set_verify(f->server.ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
        assert_ok(http_host_set_identity(f->host, chain, f->server.client.key_pem, NULL), NULL);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_int_equal(f->server.intermediates, 1);
        assert_int_equal(
                http_host_set_identity(f->host, broken, f->server.client.key_pem, &err), -EINVAL);
        assert_err(&err, -EINVAL, "client certificate: certificate 2: ");
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

int main(void)
{
        HTTP_TEST(goes_through_a_proxy);
        HTTP_TEST(says_that_the_proxy_refuses);
        HTTP_TEST(asks_no_proxy_of_the_environment_for_loopback);
        HTTP_TEST(asks_for_another_name);
        HTTP_TEST(believes_only_its_own_ca);
        HTTP_TEST(shows_its_certificate);
        HTTP_TEST(refuses_a_certificate_that_is_none);
        HTTP_TEST(refuses_an_encrypted_key);
        HTTP_TEST(tells_a_port_without_tls);
        HTTP_TEST(shares_stores_of_the_same_ca);
        HTTP_TEST(shares_identities_of_the_same_texts);
        HTTP_TEST(shows_the_whole_chain);
        return test_run("http tls");
}
