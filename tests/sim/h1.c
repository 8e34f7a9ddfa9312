/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/1.1: one request at a time per connection; what a peer pipelines waits in `in`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/conn.h"
#include "tests/sim/exchange.h"
#include "tests/sim/http_names.h"

enum h1_where {
        H1_HEAD,
        H1_BODY,       /* `need` bytes to come */
        H1_CHUNK_SIZE, /* a line with a chunk's size */
        H1_CHUNK,      /* `need` bytes of a chunk and its CRLF */
        H1_TRAILER,    /* lines up to an empty one */
        H1_BUSY,       /* being answered */
};

struct h1 {
        struct str in;
        enum h1_where where;
        size_t need;
        bool keep_alive;
        bool chunked_answer;
        struct exchange *x;
};

static void h1_more(struct exchange *x)
{
        conn_kick(x->conn);
}

static void h1_refuse(struct exchange *x)
{
        conn_close_soon(x->conn);
}

static const struct exchange_ops h1_ops = { .more = h1_more, .refuse = h1_refuse };

static void *h1_start(struct conn *c)
{
        return mem_zalloc(sizeof(struct h1));
}

static void h1_stop(struct conn *c)
{
        struct h1 *h = c->state;

        exchange_free(h->x);
        str_done(&h->in);
        free(h);
}

/* One header line, without its CRLF. Returns -1 where it is malformed. */
static int h1_header(struct h1 *h, const char *line, size_t n, bool *chunked)
{
        const char *colon = memchr(line, ':', n);
        const char *value;
        size_t nlen, vlen;

        if (!colon || colon == line)
                return -1;
        nlen = (size_t)(colon - line);
        value = colon + 1;
        vlen = n - nlen - 1;
        while (vlen && (*value == ' ' || *value == '\t')) {
                value++;
                vlen--;
        }
        while (vlen && (value[vlen - 1] == ' ' || value[vlen - 1] == '\t'))
                vlen--;
        if (nlen == 14 && strncasecmp(line, "content-length", nlen) == 0) {
                char digits[24];
                char *end;

                if (!vlen || vlen >= sizeof digits)
                        return -1;
                memcpy(digits, value, vlen);
                digits[vlen] = '\0';
                h->need = strtoull(digits, &end, 10);
                if (*end || digits[0] == '-')
                        return -1;
        } else if (nlen == 17 && strncasecmp(line, "transfer-encoding", nlen) == 0) {
                *chunked = true;
        } else if (nlen == 10 && strncasecmp(line, "connection", nlen) == 0) {
                if (vlen == 5 && strncasecmp(value, "close", 5) == 0)
                        h->keep_alive = false;
        } else {
                exchange_request_header(h->x, line, nlen, value, vlen);
        }
        return 0;
}

/* The complete head of @n bytes at the start of `in`. */
static int h1_head(struct conn *c, size_t n)
{
        struct h1 *h = c->state;
        const char *p = h->in.s;
        const char *end = h->in.s + n;
        const char *eol = memmem(p, n, "\r\n", 2);
        const char *sp1 = memchr(p, ' ', (size_t)(eol - p));
        const char *sp2 = sp1 ? memchr(sp1 + 1, ' ', (size_t)(eol - sp1 - 1)) : NULL;
        bool chunked = false;

        if (!sp2 || (size_t)(eol - sp2) != 9 || memcmp(sp2 + 1, "HTTP/1.", 7) != 0)
                return -1;
        h->x = exchange_new(c, &h1_ops);
        h->x->method = mem_strndup(p, (size_t)(sp1 - p));
        h->x->target = mem_strndup(sp1 + 1, (size_t)(sp2 - sp1 - 1));
        h->keep_alive = eol[-1] == '1';
        h->need = 0;
        for (p = eol + 2; p < end - 2; p = eol + 2) {
                eol = memmem(p, (size_t)(end - p), "\r\n", 2);
                if (h1_header(h, p, (size_t)(eol - p), &chunked) < 0)
                        return -1;
        }
        if (h->need > EXCHANGE_MAX_BODY)
                return -1;
        if (h->x->expects_continue && (h->need || chunked))
                conn_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        h->where = chunked ? H1_CHUNK_SIZE : H1_BODY;
        str_shift(&h->in, n);
        return 0;
}

static void h1_complete(struct conn *c)
{
        struct h1 *h = c->state;

        h->where = H1_BUSY;
        exchange_serve(h->x);
}

/* A line of `in` without its CRLF, or -1 while it is not complete. */
static ssize_t h1_line(const struct h1 *h)
{
        const char *eol = h->in.len ? memmem(h->in.s, h->in.len, "\r\n", 2) : NULL;

        return eol ? eol - h->in.s : -1;
}

/* One step of the parser. Returns 1 to go on, 0 when it needs more bytes, -1 where malformed. */
static int h1_step(struct conn *c)
{
        struct h1 *h = c->state;
        const char *end;
        ssize_t n;

        switch (h->where) {
        case H1_HEAD:
                end = h->in.len ? memmem(h->in.s, h->in.len, "\r\n\r\n", 4) : NULL;
                if (!end)
                        return h->in.len > EXCHANGE_MAX_HEAD ? -1 : 0;
                return h1_head(c, (size_t)(end - h->in.s) + 4) < 0 ? -1 : 1;
        case H1_BODY:
                if (h->in.len < h->need)
                        return 0;
                str_add(&h->x->body, h->in.s ? h->in.s : "", h->need);
                if (h->need)
                        str_shift(&h->in, h->need);
                h1_complete(c);
                return 1;
        case H1_CHUNK_SIZE:
                n = h1_line(h);
                if (n < 0)
                        return h->in.len > 64 ? -1 : 0;
                h->need = strtoull(h->in.s, NULL, 16);
                if (h->need > EXCHANGE_MAX_BODY || h->x->body.len + h->need > EXCHANGE_MAX_BODY)
                        return -1;
                str_shift(&h->in, (size_t)n + 2);
                h->where = h->need ? H1_CHUNK : H1_TRAILER;
                return 1;
        case H1_CHUNK:
                if (h->in.len < h->need + 2)
                        return 0;
                str_add(&h->x->body, h->in.s, h->need);
                str_shift(&h->in, h->need + 2);
                h->where = H1_CHUNK_SIZE;
                return 1;
        case H1_TRAILER:
                n = h1_line(h);
                if (n < 0)
                        return h->in.len > EXCHANGE_MAX_HEAD ? -1 : 0;
                str_shift(&h->in, (size_t)n + 2);
                if (n == 0)
                        h1_complete(c);
                return 1;
        case H1_BUSY:
                return h->in.len > EXCHANGE_MAX_BODY ? -1 : 0;
        }
        return -1;
}

static int h1_parse(struct conn *c)
{
        int r;

        do
                r = h1_step(c);
        while (r > 0 && !c->dead);
        return r;
}

static int h1_input(struct conn *c, const char *bytes, size_t n)
{
        struct h1 *h = c->state;

        str_add(&h->in, bytes, n);
        return h1_parse(c);
}

static void h1_send_head(struct conn *c, struct exchange *x)
{
        struct h1 *h = c->state;
        struct str head = { 0 };
        const char *p = x->headers.s;

        str_printf(&head, "HTTP/1.1 %d %s\r\ncontent-type: %s\r\n", x->status,
                http_reason(x->status), x->type);
        h->chunked_answer = !x->has_length;
        if (x->has_length)
                str_printf(&head, "content-length: %zu\r\n", x->length);
        else
                str_puts(&head, "transfer-encoding: chunked\r\n");
        while (p && *p) {
                const char *nl = strchr(p, '\n');

                str_printf(&head, "%.*s\r\n", (int)(nl - p), p);
                p = nl + 1;
        }
        str_printf(&head, "%s\r\n", h->keep_alive ? "" : "connection: close\r\n");
        conn_write(c, head.s, head.len);
        str_done(&head);
        x->head_sent = true;
}

static void h1_send_body(struct conn *c, struct exchange *x)
{
        struct h1 *h = c->state;
        size_t n = x->out.len - x->out_off;

        if (!n)
                return;
        if (h->chunked_answer) {
                char size[24];
                int len = snprintf(size, sizeof size, "%zx\r\n", n);

                conn_write(c, size, (size_t)len);
        }
        conn_write(c, x->out.s + x->out_off, n);
        if (h->chunked_answer)
                conn_write(c, "\r\n", 2);
        x->out_off = 0;
        str_clear(&x->out);
}

static int h1_pump(struct conn *c)
{
        struct h1 *h = c->state;
        struct exchange *x = h->x;

        if (!x || !x->status || !conn_room(c))
                return 0;
        if (!x->head_sent)
                h1_send_head(c, x);
        h1_send_body(c, x);
        if (!x->ended)
                return 0;
        if (x->cut) {
                conn_close_when_sent(c);
                return 0;
        }
        if (h->chunked_answer)
                conn_write(c, "0\r\n\r\n", 5);
        h->x = NULL;
        exchange_free(x);
        if (!h->keep_alive) {
                conn_close_when_sent(c);
                return 0;
        }
        h->where = H1_HEAD;
        return h1_parse(c);
}

const struct proto proto_h1 = {
        .start = h1_start,
        .input = h1_input,
        .pump = h1_pump,
        .stop = h1_stop,
};
