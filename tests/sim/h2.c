/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 through nghttp2's server session. A stream's user data is its exchange; an answer's
 * bytes are pulled by nghttp2 as the peer's windows allow.
 */
#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/conn.h"
#include "tests/sim/exchange.h"

/* As many as the Kubernetes API server allows. */
#define H2_MAX_STREAMS 250
#define H2_MAX_HEADERS 32

struct h2 {
        nghttp2_session *session;
        struct exchange *open; /* streams that were begun and not closed */
        bool cut;              /* close once all is sent */
};

static void h2_link(struct h2 *h, struct exchange *x)
{
        x->next = h->open;
        if (x->next)
                x->next->prev = x;
        h->open = x;
}

static void h2_unlink(struct h2 *h, struct exchange *x)
{
        if (x->prev)
                x->prev->next = x->next;
        else
                h->open = x->next;
        if (x->next)
                x->next->prev = x->prev;
}

static ssize_t h2_read_body(nghttp2_session *session, int32_t stream, uint8_t *buf, size_t len,
        uint32_t *flags, nghttp2_data_source *source, void *user)
{
        struct exchange *x = source->ptr;
        struct h2 *h = ((struct conn *)user)->state;
        size_t n = x->out.len - x->out_off;

        if (n > len)
                n = len;
        if (n) {
                memcpy(buf, x->out.s + x->out_off, n);
                x->out_off += n;
                if (x->out_off == x->out.len) {
                        x->out_off = 0;
                        str_clear(&x->out);
                }
        }
        if (x->out.len > x->out_off)
                return (ssize_t)n;
        if (!x->ended || x->cut) {
                if (x->cut)
                        h->cut = true;
                return n ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
        }
        *flags |= NGHTTP2_DATA_FLAG_EOF;
        return (ssize_t)n;
}

static nghttp2_nv h2_nv(const char *name, size_t nlen, const char *value, size_t vlen)
{
        return (nghttp2_nv){ .name = (uint8_t *)name,
                .value = (uint8_t *)value,
                .namelen = nlen,
                .valuelen = vlen };
}

static void h2_send_head(struct h2 *h, struct exchange *x)
{
        nghttp2_data_provider provider = { .source.ptr = x, .read_callback = h2_read_body };
        nghttp2_nv nv[H2_MAX_HEADERS];
        char status[8], length[24];
        const char *p = x->headers.s;
        size_t n = 0;
        int len;

        len = snprintf(status, sizeof status, "%d", x->status);
        nv[n++] = h2_nv(":status", 7, status, (size_t)len);
        nv[n++] = h2_nv("content-type", 12, x->type, strlen(x->type));
        if (x->has_length) {
                len = snprintf(length, sizeof length, "%zu", x->length);
                nv[n++] = h2_nv("content-length", 14, length, (size_t)len);
        }
        while (p && *p && n < H2_MAX_HEADERS) {
                const char *colon = strchr(p, ':');
                const char *nl = strchr(colon, '\n');

                nv[n++] = h2_nv(p, (size_t)(colon - p), colon + 2, (size_t)(nl - colon - 2));
                p = nl + 1;
        }
        nghttp2_submit_response(h->session, x->stream, nv, n, &provider);
        x->head_sent = true;
}

static void h2_more(struct exchange *x)
{
        struct h2 *h = x->conn->state;

        if (!x->status)
                return;
        if (x->head_sent)
                nghttp2_session_resume_data(h->session, x->stream);
        else
                h2_send_head(h, x);
        conn_kick(x->conn);
}

static void h2_refuse(struct exchange *x)
{
        struct h2 *h = x->conn->state;

        nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, x->stream, NGHTTP2_REFUSED_STREAM);
        conn_kick(x->conn);
}

static const struct exchange_ops h2_ops = { .more = h2_more, .refuse = h2_refuse };

static int h2_on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
        struct exchange *x;

        if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
                return 0;
        x = exchange_new(user, &h2_ops);
        x->stream = frame->hd.stream_id;
        h2_link(x->conn->state, x);
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, x);
        return 0;
}

static int h2_on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
        size_t nlen, const uint8_t *value, size_t vlen, uint8_t flags, void *user)
{
        struct exchange *x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        const char *n = (const char *)name, *v = (const char *)value;

        if (!x || x->status)
                return 0;
        if (nlen == 7 && memcmp(n, ":method", 7) == 0 && !x->method)
                x->method = mem_strndup(v, vlen);
        else if (nlen == 5 && memcmp(n, ":path", 5) == 0 && !x->target)
                x->target = mem_strndup(v, vlen);
        else if (nlen && n[0] != ':')
                exchange_request_header(x, n, nlen, v, vlen);
        return 0;
}

static int h2_on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data,
        size_t n, void *user)
{
        struct exchange *x = nghttp2_session_get_stream_user_data(session, stream);

        if (!x)
                return 0;
        if (x->body.len + n > EXCHANGE_MAX_BODY)
                return nghttp2_submit_rst_stream(
                        session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
        str_add(&x->body, data, n);
        return 0;
}

static int h2_on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
        struct exchange *x;

        if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
                return 0;
        if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
                return 0;
        x = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
        if (!x || x->status)
                return 0;
        if (!x->method || !x->target)
                return nghttp2_submit_rst_stream(
                        session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_PROTOCOL_ERROR);
        exchange_serve(x);
        return 0;
}

static int h2_on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
        struct exchange *x = nghttp2_session_get_stream_user_data(session, stream);

        if (!x)
                return 0;
        nghttp2_session_set_stream_user_data(session, stream, NULL);
        h2_unlink(((struct conn *)user)->state, x);
        exchange_free(x);
        return 0;
}

static void *h2_start(struct conn *c)
{
        static const nghttp2_settings_entry settings[] = {
                { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_MAX_STREAMS },
                { NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1 << 20 },
        };
        struct h2 *h = mem_zalloc(sizeof *h);
        nghttp2_session_callbacks *cb;

        if (nghttp2_session_callbacks_new(&cb) != 0)
                abort();
        nghttp2_session_callbacks_set_on_begin_headers_callback(cb, h2_on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(cb, h2_on_header);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, h2_on_data);
        nghttp2_session_callbacks_set_on_frame_recv_callback(cb, h2_on_frame);
        nghttp2_session_callbacks_set_on_stream_close_callback(cb, h2_on_stream_close);
        if (nghttp2_session_server_new(&h->session, cb, c) != 0)
                abort();
        nghttp2_session_callbacks_del(cb);
        nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings, ARRAY_SIZE(settings));
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, 1 << 22);
        return h;
}

static int h2_input(struct conn *c, const char *bytes, size_t n)
{
        struct h2 *h = c->state;
        ssize_t r = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes, n);

        return r < 0 ? -1 : 0;
}

static int h2_pump(struct conn *c)
{
        struct h2 *h = c->state;

        while (conn_room(c)) {
                const uint8_t *bytes;
                ssize_t n = nghttp2_session_mem_send(h->session, &bytes);

                if (n < 0)
                        return -1;
                if (n == 0)
                        break;
                conn_write(c, bytes, (size_t)n);
        }
        if (h->cut)
                conn_close_when_sent(c);
        else if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
                conn_close_when_sent(c);
        return 0;
}

static void h2_stop(struct conn *c)
{
        struct h2 *h = c->state;

        while (h->open) {
                struct exchange *x = h->open;

                h2_unlink(h, x);
                exchange_free(x);
        }
        nghttp2_session_del(h->session);
        free(h);
}

/* Tells the peer that the connection ends, and which streams were seen; then it ends. */
static void h2_goaway(struct conn *c)
{
        struct h2 *h = c->state;

        nghttp2_session_terminate_session2(
                h->session, nghttp2_session_get_last_proc_stream_id(h->session), NGHTTP2_NO_ERROR);
        conn_kick(c);
}

const struct proto proto_h2 = {
        .goaway = h2_goaway,
        .start = h2_start,
        .input = h2_input,
        .pump = h2_pump,
        .stop = h2_stop,
};
