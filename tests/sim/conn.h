/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Listeners and their TLS connections.
 *
 * A connection decrypts into its protocol (h1 or h2, chosen by ALPN) and encrypts what the
 * protocol pumps out. Connection-level faults live here: a listener that is closed (refuse), one
 * that accepts and stays silent (stall), output of one byte at a time (drip), other certificates.
 */

#include <openssl/ssl.h>
#include <stdbool.h>

#include "tests/sim/loop.h"
#include "tests/sim/mem.h"

struct cluster;
struct conn;

/* What a protocol does with a connection. */
struct proto {
        void *(*start)(struct conn *c);
        /* Plain bytes from the peer. Returns -1 to close. */
        int (*input)(struct conn *c, const char *bytes, size_t n);
        /* Moves output into the connection while conn_room() says so. Returns -1 to close. */
        int (*pump)(struct conn *c);
        /* Ends the connection with a word of farewell; NULL where the protocol has none. */
        void (*goaway)(struct conn *c);
        /* Frees the protocol's state and its exchanges. */
        void (*stop)(struct conn *c);
};

extern const struct proto proto_h1;
extern const struct proto proto_h2;

struct listener {
        struct io io;
        int port;                /* 0 until listener_open() chose one */
        struct cluster *cluster; /* whose requests come in; NULL: the path says it */
        SSL_CTX *ctx;            /* borrowed; for connections to come; NULL: plain HTTP */
        bool stalled;
        unsigned drip_ms; /* a byte every so often; 0: as fast as it goes */
        struct conn *conns;
        size_t n_conns;
        uint64_t n_accepted;
};

struct conn {
        struct io io;
        SSL *ssl; /* NULL: plain */
        struct listener *lis;
        struct conn *next, *prev;  /* of lis->conns */
        const struct proto *proto; /* NULL during the handshake */
        void *state;               /* the protocol's */
        struct str out;
        size_t out_off;
        struct timer drip;
        char *user; /* CN of a client certificate that the CA signed; NULL without */
        bool kicked, dead, close_when_sent;
};

/* Listens on 127.0.0.1, on the port it had before or on a free one. */
void listener_open(struct listener *lis);
/* Stops listening; connections stay. */
void listener_close(struct listener *lis);
/* Resets all connections. */
void listener_drop_conns(struct listener *lis);
/* Ends all connections, with a GOAWAY where that is possible. */
void listener_goaway(struct listener *lis);
/* Silence, or the end of it, on the connections that are open as well. */
void listener_stall(struct listener *lis, bool on);
void listener_done(struct listener *lis);

/* Has output to send: pumps and flushes at the end of this round of the loop. */
void conn_kick(struct conn *c);
/* True while the protocol may add more output. */
bool conn_room(const struct conn *c);
void conn_write(struct conn *c, const void *bytes, size_t n);
/* Closes at once, with a reset. Never from inside a protocol's callback: that is conn_close_soon().
 */
void conn_close(struct conn *c);
void conn_close_soon(struct conn *c);
/* Closes after what is pending was sent. */
void conn_close_when_sent(struct conn *c);
