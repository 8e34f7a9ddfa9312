/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A protocol stops pumping beyond this. */
#define CONN_OUT_HIGH ((size_t)256 * 1024)
/* Read per wake-up, so that no peer starves the others. */
#define CONN_READ_MAX ((size_t)256 * 1024)

static void conn_on_ready(struct io *io, uint32_t events);
static void conn_flush(struct conn *c);

static void conn_free_later(void *arg)
{
        struct conn *c = arg;

        SSL_free(c->ssl);
        str_done(&c->out);
        free(c->user);
        free(c);
}

void conn_close(struct conn *c)
{
        struct linger reset = { .l_onoff = 1, .l_linger = 0 };

        if (c->dead)
                return;
        c->dead = true;
        io_want(&c->io, 0);
        timer_stop(&c->drip);
        if (c->proto)
                c->proto->stop(c);
        c->state = NULL;
        if (!c->close_when_sent)
                setsockopt(c->io.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(c->io.fd);
        if (c->prev)
                c->prev->next = c->next;
        else
                c->lis->conns = c->next;
        if (c->next)
                c->next->prev = c->prev;
        c->lis->n_conns--;
        loop_defer(conn_free_later, c);
}

static void conn_close_now(void *arg)
{
        conn_close(arg);
}

void conn_close_soon(struct conn *c)
{
        if (!c->dead)
                loop_defer(conn_close_now, c);
}

void conn_close_when_sent(struct conn *c)
{
        c->close_when_sent = true;
        conn_kick(c);
}

bool conn_room(const struct conn *c)
{
        return !c->dead && c->out.len - c->out_off < CONN_OUT_HIGH;
}

void conn_write(struct conn *c, const void *bytes, size_t n)
{
        if (c->out_off == c->out.len) {
                c->out_off = 0;
                str_clear(&c->out);
        }
        str_add(&c->out, bytes, n);
}

static void conn_kicked(void *arg)
{
        struct conn *c = arg;

        c->kicked = false;
        if (!c->dead)
                conn_flush(c);
}

void conn_kick(struct conn *c)
{
        if (c->kicked || c->dead)
                return;
        c->kicked = true;
        loop_defer(conn_kicked, c);
}

/* What a read or write says when it did nothing. */
enum conn_wait {
        WAIT_READ,
        WAIT_WRITE,
        WAIT_CLOSED,
};

static enum conn_wait conn_why(const struct conn *c, int r)
{
        if (!c->ssl)
                return r < 0 && errno == EAGAIN ? WAIT_WRITE : WAIT_CLOSED;
        switch (SSL_get_error(c->ssl, r)) {
        case SSL_ERROR_WANT_READ:
                return WAIT_READ;
        case SSL_ERROR_WANT_WRITE:
                return WAIT_WRITE;
        default:
                return WAIT_CLOSED;
        }
}

static int conn_write_some(struct conn *c, const char *bytes, size_t n)
{
        if (!c->ssl)
                return (int)send(c->io.fd, bytes, n, MSG_NOSIGNAL);
        ERR_clear_error();
        return SSL_write(c->ssl, bytes, n > 16384 ? 16384 : (int)n);
}

static int conn_read_some(struct conn *c, char *bytes, size_t n)
{
        if (!c->ssl)
                return (int)recv(c->io.fd, bytes, n, 0);
        ERR_clear_error();
        return SSL_read(c->ssl, bytes, (int)n);
}

/* Sends what is pending; returns 1 when all is out, 0 when the socket is full, -1 at the end. */
static int conn_send(struct conn *c)
{
        while (c->out_off < c->out.len) {
                size_t n = c->out.len - c->out_off;
                int r;

                if (c->lis->drip_ms) {
                        if (timer_armed(&c->drip))
                                return 0;
                        n = 1;
                }
                r = conn_write_some(c, c->out.s + c->out_off, n);
                if (r <= 0) {
                        if (conn_why(c, r) == WAIT_CLOSED)
                                return -1;
                        io_want(&c->io, EPOLLIN | EPOLLOUT);
                        return 0;
                }
                c->out_off += (size_t)r;
                if (c->lis->drip_ms)
                        timer_arm(&c->drip, (uint64_t)c->lis->drip_ms * 1000);
        }
        c->out_off = 0;
        str_clear(&c->out);
        return 1;
}

static void conn_flush(struct conn *c)
{
        if (!c->proto || c->lis->stalled)
                return;
        for (;;) {
                int r;

                if (c->state && !c->close_when_sent && c->proto->pump(c) < 0) {
                        conn_close(c);
                        return;
                }
                if (c->dead)
                        return;
                if (c->out_off == c->out.len)
                        break;
                r = conn_send(c);
                if (r < 0) {
                        conn_close(c);
                        return;
                }
                if (r == 0)
                        return;
        }
        if (c->close_when_sent) {
                if (c->ssl)
                        SSL_shutdown(c->ssl);
                conn_close(c);
                return;
        }
        /* TLS may hold decrypted bytes that epoll does not know of: come back for them. */
        io_want(&c->io, EPOLLIN | (c->ssl && SSL_pending(c->ssl) > 0 ? EPOLLOUT : 0));
}

static void conn_drip(struct timer *t)
{
        conn_flush(container_of(t, struct conn, drip));
}

/* The CN of a client certificate, if the fleet's CA signed it. */
static char *conn_peer_user(SSL *ssl)
{
        X509 *cert = SSL_get0_peer_certificate(ssl);
        char cn[128];

        if (!cert || SSL_get_verify_result(ssl) != X509_V_OK)
                return NULL;
        if (X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, cn, sizeof cn) <=
                0)
                return NULL;
        return mem_strdup(cn);
}

/* Returns true once TLS is up, where there is any, and the protocol known. */
static bool conn_handshake(struct conn *c)
{
        const unsigned char *alpn = NULL;
        unsigned n = 0;

        if (c->ssl) {
                int r;

                ERR_clear_error();
                r = SSL_accept(c->ssl);
                if (r != 1) {
                        enum conn_wait why = conn_why(c, r);

                        if (why == WAIT_CLOSED)
                                conn_close(c);
                        else
                                io_want(&c->io, why == WAIT_READ ? EPOLLIN : EPOLLOUT);
                        return false;
                }
                SSL_get0_alpn_selected(c->ssl, &alpn, &n);
                c->user = conn_peer_user(c->ssl);
        }
        c->proto = n == 2 && memcmp(alpn, "h2", 2) == 0 ? &proto_h2 : &proto_h1;
        c->state = c->proto->start(c);
        io_want(&c->io, EPOLLIN);
        conn_kick(c);
        return true;
}

static void conn_on_ready(struct io *io, uint32_t events)
{
        static char bytes[16384];
        struct conn *c = container_of(io, struct conn, io);
        size_t total = 0;

        if (c->lis->stalled) {
                io_want(&c->io, 0);
                return;
        }
        if (!c->proto && !conn_handshake(c))
                return;
        while (total < CONN_READ_MAX && !c->close_when_sent) {
                int r = conn_read_some(c, bytes, sizeof bytes);

                if (r <= 0) {
                        if (conn_why(c, r) != WAIT_CLOSED)
                                break;
                        conn_close(c);
                        return;
                }
                total += (size_t)r;
                if (c->proto->input(c, bytes, (size_t)r) < 0) {
                        conn_close(c);
                        return;
                }
                if (c->dead)
                        return;
        }
        conn_kick(c);
}

static void listener_accept(struct io *io, uint32_t events)
{
        struct listener *lis = container_of(io, struct listener, io);

        for (int i = 0; i < 64; i++) {
                int one = 1;
                int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                struct conn *c;

                if (fd < 0)
                        return;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                c = mem_zalloc(sizeof *c);
                c->io.fd = fd;
                c->io.on_ready = conn_on_ready;
                c->drip.fire = conn_drip;
                c->lis = lis;
                c->ssl = lis->ctx ? SSL_new(lis->ctx) : NULL;
                if (lis->ctx && (!c->ssl || SSL_set_fd(c->ssl, fd) != 1))
                        die("TLS connection");
                c->next = lis->conns;
                if (c->next)
                        c->next->prev = c;
                lis->conns = c;
                lis->n_conns++;
                lis->n_accepted++;
                if (!lis->stalled)
                        io_want(&c->io, EPOLLIN);
        }
}

void listener_open(struct listener *lis)
{
        struct sockaddr_in addr = {
                .sin_family = AF_INET,
                .sin_port = htons((uint16_t)lis->port),
                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        };
        socklen_t len = sizeof addr;
        int one = 1;
        int fd;

        if (lis->io.events)
                return;
        fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
                die("socket: %s", strerror(errno));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (bind(fd, (struct sockaddr *)&addr, len) < 0 || listen(fd, 4096) < 0 ||
                getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
                die("listen on 127.0.0.1:%d: %s", lis->port, strerror(errno));
        lis->port = ntohs(addr.sin_port);
        lis->io.fd = fd;
        lis->io.on_ready = listener_accept;
        io_want(&lis->io, EPOLLIN);
}

void listener_close(struct listener *lis)
{
        if (!lis->io.events)
                return;
        io_want(&lis->io, 0);
        close(lis->io.fd);
        lis->io.fd = -1;
}

void listener_drop_conns(struct listener *lis)
{
        while (lis->conns)
                conn_close(lis->conns);
}

void listener_goaway(struct listener *lis)
{
        for (struct conn *c = lis->conns, *next; c; c = next) {
                next = c->next;
                if (c->proto && c->proto->goaway)
                        c->proto->goaway(c);
                else
                        conn_close(c);
        }
}

void listener_stall(struct listener *lis, bool on)
{
        if (lis->stalled == on)
                return;
        lis->stalled = on;
        for (struct conn *c = lis->conns; c; c = c->next) {
                io_want(&c->io, on ? 0 : EPOLLIN | EPOLLOUT);
                if (!on)
                        conn_kick(c);
        }
}

void listener_done(struct listener *lis)
{
        listener_close(lis);
        listener_drop_conns(lis);
}
