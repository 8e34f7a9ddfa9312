/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An HTTPS server (HTTP/1.1) in threads of the test, whose paths misbehave as their names say; and
 * the certificates for it, made on the spot. Its answers are in https_routes.
 */
#include <assert.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <zlib.h>

/* --- certificates --- */

struct identity {
        X509 *cert;
        EVP_PKEY *key;
        char cert_pem[3000], key_pem[3000];
};

static inline void pem_text(BIO *bio, char *to, size_t size)
{
        int n = BIO_read(bio, to, (int)size - 1);

        assert(n > 0 && (size_t)n < size - 1);
        to[n] = '\0';
        BIO_free(bio);
}

static inline void cert_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX ctx;
        X509_EXTENSION *ext;

        X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
        ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        assert(ext);
        X509_add_ext(cert, ext, -1);
        X509_EXTENSION_free(ext);
}

/* A certificate signed by `ca`, or by itself when that is NULL. */
static inline void identity_make(struct identity *id, const char *name, const struct identity *ca,
        const char *san, long valid_s)
{
        static long serial = 100;
        BIO *bio;

        id->key = EVP_EC_gen("P-256");
        id->cert = X509_new();
        assert(id->key && id->cert);
        X509_set_version(id->cert, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(id->cert), serial++);
        X509_gmtime_adj(X509_getm_notBefore(id->cert), -86400);
        X509_gmtime_adj(X509_getm_notAfter(id->cert), valid_s);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(id->cert), "CN", MBSTRING_ASC,
                (const unsigned char *)name, -1, -1, 0);
        X509_set_issuer_name(id->cert, X509_get_subject_name(ca ? ca->cert : id->cert));
        X509_set_pubkey(id->cert, id->key);
        if (!ca)
                cert_extension(id->cert, id->cert, NID_basic_constraints, "critical,CA:TRUE");
        if (san)
                cert_extension(id->cert, ca ? ca->cert : id->cert, NID_subject_alt_name, san);
        X509_sign(id->cert, ca ? ca->key : id->key, EVP_sha256());
        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_X509(bio, id->cert);
        pem_text(bio, id->cert_pem, sizeof(id->cert_pem));
        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PrivateKey(bio, id->key, NULL, NULL, 0, NULL, NULL);
        pem_text(bio, id->key_pem, sizeof(id->key_pem));
}

static inline void identity_done(struct identity *id)
{
        X509_free(id->cert);
        EVP_PKEY_free(id->key);
}

/* --- the server --- */

#define HTTPS_CONNS 256

struct https_server {
        struct identity ca, server, client;
        SSL_CTX *ctx;
        int fd, port;
        pthread_t thread;
        atomic_int connections, requests;
        atomic_int intermediates; /* certificates that the last client showed beside its own */
        bool plain; /* no TLS: what a wrong port looks like */
        atomic_bool stop;
        struct {
                pthread_mutex_t lock;
                int fds[HTTPS_CONNS];
                pthread_t threads[HTTPS_CONNS];
                size_t n;
        } synced;
};

struct https_conn {
        struct https_server *server;
        SSL *ssl;
        int fd;
        char request[8192]; /* head and body of the present one */
        size_t head_len, len;
};

static inline void https_send(struct https_conn *c, const char *bytes, size_t len)
{
        if (c->ssl)
                (void)SSL_write(c->ssl, bytes, (int)len);
        else
                (void)!write(c->fd, bytes, len);
}

static inline void https_say(struct https_conn *c, const char *text)
{
        https_send(c, text, strlen(text));
}

static inline void https_reply(
        struct https_conn *c, const char *status, const char *headers, const char *body, size_t len)
{
        char head[1000];

        snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status, len,
                headers);
        https_say(c, head);
        if (strncmp(c->request, "HEAD", 4) != 0)
                https_send(c, body, len);
}

/* Each returns whether the connection stays open. */
static inline bool route_echo(struct https_conn *c)
{
        https_reply(c, "200 OK", "Content-Type: text/plain\r\n", c->request, c->len);
        return true;
}

static inline bool route_close_after(struct https_conn *c)
{
        https_reply(c, "200 OK", "", "bye", 3);
        return false;
}

static inline bool route_nothing(struct https_conn *c)
{
        (void)c;
        return false;
}

static inline bool route_half(struct https_conn *c)
{
        https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
        return false;
}

static inline bool route_stall(struct https_conn *c)
{
        while (!c->server->stop)
                usleep(10000);
        return false;
}

static inline bool route_stall_in_body(struct https_conn *c)
{
        https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
        return route_stall(c);
}

static inline bool route_drip(struct https_conn *c)
{
        https_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        for (int i = 0; i < 1000 && !c->server->stop; i++) {
                https_say(c, "x");
                usleep(50000);
        }
        return true;
}

static inline bool route_big(struct https_conn *c)
{
        static char big[1 << 20];

        memset(big, 'b', sizeof(big));
        https_reply(c, "200 OK", "", big, sizeof(big));
        return true;
}

static inline bool route_gzip(struct https_conn *c)
{
        static const size_t size = 4 << 20;
        char *plain = malloc(size), *packed = malloc(size);
        z_stream z = { .next_in = (Bytef *)plain,
                .avail_in = (uInt)size,
                .next_out = (Bytef *)packed,
                .avail_out = (uInt)size };

        memset(plain, 'g', size);
        deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
        deflate(&z, Z_FINISH);
        https_reply(c, "200 OK", "Content-Encoding: gzip\r\n", packed, z.total_out);
        deflateEnd(&z);
        free(plain);
        free(packed);
        return true;
}

static inline bool route_redirect(struct https_conn *c)
{
        https_reply(c, "302 Found", "Location: /echo\r\n", "elsewhere", 9);
        return true;
}

static inline bool route_redirect_loop(struct https_conn *c)
{
        https_reply(c, "302 Found", "Location: /redirect-loop\r\n", "", 0);
        return true;
}

static inline bool route_busy(struct https_conn *c)
{
        https_reply(c, "503 Service Unavailable", "Retry-After: 7\r\n", "", 0);
        return true;
}

static inline bool route_busy_for_long(struct https_conn *c)
{
        https_reply(c, "503 Service Unavailable", "Retry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\n",
                "", 0);
        return true;
}

static inline bool route_continue(struct https_conn *c)
{
        https_say(c, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
        return route_echo(c);
}

static inline bool route_headers(struct https_conn *c)
{
        char line[2000];

        https_say(c, "HTTP/1.1 200 OK\r\n");
        memset(line, 'h', sizeof(line));
        memcpy(line, "X: ", 3);
        memcpy(line + sizeof(line) - 3, "\r\n", 3);
        for (int i = 0; i < 50; i++)
                https_say(c, line);
        https_say(c, "Content-Length: 0\r\n\r\n");
        return true;
}

static inline bool route_garbage(struct https_conn *c)
{
        https_say(c, "220 smtp.example.org ESMTP\r\n");
        return false;
}

static const struct {
        const char *path;
        bool (*serve)(struct https_conn *c);
} https_routes[] = {
        { "/echo", route_echo },
        { "/close-after", route_close_after },
        { "/nothing", route_nothing },
        { "/half", route_half },
        { "/stall", route_stall },
        { "/stall-in-body", route_stall_in_body },
        { "/drip", route_drip },
        { "/big", route_big },
        { "/gzip", route_gzip },
        { "/redirect", route_redirect },
        { "/redirect-loop", route_redirect_loop },
        { "/busy", route_busy },
        { "/busy-for-long", route_busy_for_long },
        { "/continue", route_continue },
        { "/headers", route_headers },
        { "/garbage", route_garbage },
};

/* Reads one request. False at the end of the connection. */
static inline bool https_read(struct https_conn *c)
{
        size_t want = 0;

        c->len = c->head_len = 0;
        while (c->head_len == 0 || c->len < want) {
                size_t room = sizeof(c->request) - 1 - c->len;
                ssize_t n = c->ssl ? SSL_read(c->ssl, c->request + c->len, (int)room)
                                   : read(c->fd, c->request + c->len, room);
                const char *end, *length;

                if (n <= 0)
                        return false;
                c->len += (size_t)n;
                c->request[c->len] = '\0';
                end = strstr(c->request, "\r\n\r\n");
                if (!end || c->head_len)
                        continue;
                c->head_len = (size_t)(end - c->request) + 4;
                length = strcasestr(c->request, "content-length: ");
                want = c->head_len + (length ? (size_t)atoi(length + 16) : 0);
        }
        return true;
}

static inline bool https_serve(struct https_conn *c)
{
        const char *path = strchr(c->request, ' ') + 1;
        size_t len = strcspn(path, " ?");

        c->server->requests++;
        for (size_t i = 0; i < sizeof(https_routes) / sizeof(https_routes[0]); i++)
                if (strlen(https_routes[i].path) == len &&
                        strncmp(https_routes[i].path, path, len) == 0)
                        return https_routes[i].serve(c);
        https_reply(c, "404 Not Found", "", "no such route", 13);
        return true;
}

static inline void *https_connection(void *arg)
{
        struct https_conn *c = arg;
        bool open = true;

        if (!c->server->plain) {
                c->ssl = SSL_new(c->server->ctx);
                SSL_set_fd(c->ssl, c->fd);
                open = SSL_accept(c->ssl) == 1;
                c->server->intermediates = sk_X509_num(SSL_get_peer_cert_chain(c->ssl));
        }
        while (open && https_read(c))
                open = https_serve(c);
        if (c->ssl)
                SSL_free(c->ssl); /* without a close_notify: the connection just ends */
        shutdown(c->fd, SHUT_RDWR);
        free(c);
        return NULL;
}

static inline void *https_accept(void *arg)
{
        struct https_server *s = arg;
        int fd;

        while ((fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
                struct https_conn *c = calloc(1, sizeof(*c));
                size_t i;

                s->connections++;
                c->server = s;
                c->fd = fd;
                pthread_mutex_lock(&s->synced.lock);
                i = s->synced.n++;
                assert(i < HTTPS_CONNS);
                s->synced.fds[i] = fd;
                pthread_create(&s->synced.threads[i], NULL, https_connection, c);
                pthread_mutex_unlock(&s->synced.lock);
        }
        return NULL;
}

/* The certificates are there, `s` is zero otherwise. */
static inline int https_start(struct https_server *s)
{
        struct sockaddr_in addr = { .sin_family = AF_INET };
        socklen_t len = sizeof(addr);

        signal(SIGPIPE, SIG_IGN);
        pthread_mutex_init(&s->synced.lock, NULL);
        s->ctx = SSL_CTX_new(TLS_server_method());
        if (!s->ctx || SSL_CTX_use_certificate(s->ctx, s->server.cert) != 1 ||
                SSL_CTX_use_PrivateKey(s->ctx, s->server.key) != 1)
                return -1;
        X509_STORE_add_cert(SSL_CTX_get_cert_store(s->ctx), s->ca.cert);
        addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&addr, len) < 0 || listen(s->fd, 128) < 0 ||
                getsockname(s->fd, (struct sockaddr *)&addr, &len) < 0)
                return -1;
        s->port = ntohs(addr.sin_port);
        return pthread_create(&s->thread, NULL, https_accept, s);
}

static inline void https_stop(struct https_server *s)
{
        s->stop = true;
        shutdown(s->fd, SHUT_RDWR);
        pthread_join(s->thread, NULL);
        close(s->fd);
        for (size_t i = 0; i < s->synced.n; i++)
                shutdown(s->synced.fds[i], SHUT_RDWR);
        for (size_t i = 0; i < s->synced.n; i++) {
                pthread_join(s->synced.threads[i], NULL);
                close(s->synced.fds[i]);
        }
        SSL_CTX_free(s->ctx);
        pthread_mutex_destroy(&s->synced.lock);
}
