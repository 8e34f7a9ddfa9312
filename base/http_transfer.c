/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_internal.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/timefmt.h"

/*
 * One request, from http_submit() to on_done. libcurl calls on_header() and on_body(); it may not
 * be called from within them, so what they decide (cancelled, too large, broken by the caller) is
 * noted in the transfer and acted on when libcurl has returned.
 */

static const char *const state_names[HTTP_STATES] = {
        [HTTP_QUEUED] = "queued",
        [HTTP_ASKING] = "asking",
        [HTTP_RECEIVING] = "receiving",
        [HTTP_DONE] = "done",
        [HTTP_FAILED] = "failed",
        [HTTP_CANCELLED] = "cancelled",
};

static bool counts_in_flight(const struct http_transfer *t, enum http_state state)
{
        return state == HTTP_ASKING || (state == HTTP_RECEIVING && !(t->flags & HTTP_STREAM));
}

static bool counts_as_stream(const struct http_transfer *t, enum http_state state)
{
        return state == HTTP_RECEIVING && t->flags & HTTP_STREAM;
}

static void count(struct http_transfer *t, enum http_state state, unsigned by)
{
        struct http_stats *stats = &t->http->stats;

        stats->queued += state == HTTP_QUEUED ? by : 0;
        stats->streams += counts_as_stream(t, state) ? by : 0;
        stats->in_flight += counts_in_flight(t, state) ? by : 0;
        t->host->in_flight += counts_in_flight(t, state) ? by : 0;
}

/* What a state costs is counted here alone; a place that becomes free is given to the next. */
static void http_transfer_set_state(struct http_transfer *t, enum http_state state)
{
        struct http_stats *stats = &t->http->stats;
        bool was_in_flight = counts_in_flight(t, t->state);

        assert(t->state < HTTP_DONE);
        log_debug("http", LOG_I("req", t->id), LOG_S("host", t->host->name),
                LOG_S("method", t->method), LOG_S("path", t->path),
                LOG_S("from", state_names[t->state]), LOG_S("to", state_names[state]));
        count(t, t->state, -1U);
        count(t, state, 1);
        t->state = state;
        stats->succeeded += state == HTTP_DONE;
        stats->failed += state == HTTP_FAILED;
        stats->cancelled += state == HTTP_CANCELLED;
        if (was_in_flight && !counts_in_flight(t, state)) {
                http_host_take_turn(t->host);
                http_work_soon(t->http);
        }
}

/* --- what libcurl calls --- */

static bool over(const struct http_transfer *t)
{
        return t->state >= HTTP_DONE || t->err.code;
}

/* Retry-After of the response in milliseconds, or -1. */
static int64_t retry_after(CURL *easy)
{
        curl_off_t seconds = 0;
        struct curl_header *header;

        if (curl_easy_header(easy, "retry-after", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
                return -1;
        /* Understands numbers and dates; 0 also for what it does not understand. */
        if (curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &seconds) != CURLE_OK || seconds < 0)
                return -1;
        return seconds > LIMIT_RETRY_AFTER_MS / 1000 ? LIMIT_RETRY_AFTER_MS : seconds * 1000;
}

/* Compared when the head arrives: a stream may not end for hours. */
static void take_date(CURL *easy, struct http_head *head)
{
        struct curl_header *header;
        time_t theirs;

        if (curl_easy_header(easy, "date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
                return;
        theirs = curl_getdate(header->value, NULL);
        if (theirs < 0)
                return;
        head->dated = true;
        head->ahead_s = theirs - clock_realtime();
        if (head->ahead_s > -LIMIT_SERVER_CLOCK_S && head->ahead_s < LIMIT_SERVER_CLOCK_S)
                head->ahead_s = 0;
}

/* Counted when the response begins, as a stream may not end for hours, or else when it fails. */
static void count_connections(struct http_transfer *t)
{
        long connections = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
        t->http->stats.connections += (uint64_t)connections;
}

static void take_head(struct http_transfer *t)
{
        char *type = NULL;

        count_connections(t);
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONTENT_TYPE, &type);
        t->content_type = type ? strdup(type) : NULL;
        if (type && !t->content_type) {
                err_set(&t->err, -ENOMEM, "out of memory");
                return;
        }
        t->head.content_type = type ? t->content_type : "";
        t->head.retry_after_ms = retry_after(t->easy);
        take_date(t->easy, &t->head);
        http_transfer_set_state(t, HTTP_RECEIVING);
        if (t->flags & HTTP_STREAM)
                loop_timer_cancel(t->http->loop, &t->deadline);
        t->take = t->on_head ? t->on_head(t->arg, &t->head) : HTTP_TAKE_BUFFER;
        assert(t->take != HTTP_TAKE_STREAM || t->on_data);
}

static void heard(struct http_transfer *t)
{
        t->last_byte = t->host->last_heard = loop_now(t->http->loop);
}

static size_t on_header(char *line, size_t size, size_t n, void *arg)
{
        struct http_transfer *t = arg;
        size_t len = size * n;
        struct curl_header *location;
        long status = 0;

        if (over(t))
                return 0;
        heard(t);
        t->header_bytes += len;
        if (t->header_bytes > LIMIT_HTTP_HEADER_BYTES) {
                err_set(&t->err, -EFBIG, "%s: headers of more than %u bytes", t->where,
                        LIMIT_HTTP_HEADER_BYTES);
                return 0;
        }
        /* The empty line ends a head; trailers come after it, other heads before the last. */
        if (t->head.status || (len > 0 && *line != '\r' && *line != '\n'))
                return len;
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status < 200)
                return len;
        if (status >= 300 && status < 400 && t->max_redirects &&
                curl_easy_header(t->easy, "location", 0, CURLH_HEADER, -1, &location) == CURLHE_OK)
                return len;
        t->head.status = status;
        take_head(t);
        return over(t) ? 0 : len;
}

static void set_too_large(struct http_transfer *t, size_t max)
{
        err_set(&t->err, -EFBIG, "%s: a response of more than %zu bytes", t->where, max);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
        struct http_transfer *t = arg;
        size_t len = size * n;

        if (over(t))
                return 0;
        heard(t);
        t->received += len;
        if (!t->head.status)
                return len; /* the body of a redirect */
        if (t->max_body && t->received > t->max_body) {
                set_too_large(t, t->max_body);
        } else if (t->take == HTTP_TAKE_STREAM) {
                int r = t->on_data(t->arg, bytes, len, &t->err);

                if (r < 0 && !t->err.code)
                        err_set(&t->err, r, "%s", strerror(-r));
        } else if (t->take == HTTP_TAKE_BUFFER && buf_append(&t->reply, bytes, len) < 0) {
                if (t->reply.error == -EFBIG)
                        set_too_large(t, t->reply.max);
                else
                        err_set(&t->err, t->reply.error, "%s: out of memory", t->where);
        }
        return over(t) ? 0 : len;
}

/* --- the end --- */

/* Takes the easy handle away; it must not be called from within libcurl. */
static void let_go(struct http_transfer *t)
{
        struct http *http = t->http;

        assert(http->depth == 0);
        if (!t->easy)
                return;
        http->depth++;
        (void)curl_multi_remove_handle(http->multi, t->easy);
        http->depth--;
        http_easy_put(http, TAKE(t->easy), t->flags & HTTP_STREAM);
}

void http_transfer_free(struct http_transfer *t)
{
        loop_timer_cancel(t->http->loop, &t->deadline);
        loop_timer_cancel(t->http->loop, &t->idle);
        let_go(t);
        http_headers_free(t->headers);
        curl_slist_free_all(t->connect_to);
        trust_identity_unref(t->identity);
        http_host_unref(t->host);
        if (t->body)
                explicit_bzero(t->body, t->body_len); /* it may hold a Secret */
        free(t->body);
        free(t->method);
        free(t->url);
        free(t->where);
        free(t->path);
        free(t->content_type);
        buf_done(&t->reply);
        free(t);
}

/* The one way to the caller's on_done. `err` NULL: the response is complete. */
static void conclude(struct http_transfer *t, const struct err *err, bool not_sent)
{
        struct http_result result = { .head = t->head.status ? &t->head : NULL,
                .body = t->reply.data,
                .len = t->reply.len,
                .err = err,
                .not_sent = err && not_sent };

        let_go(t);
        http_transfer_set_state(t, err ? HTTP_FAILED : HTTP_DONE);
        HASH_DEL(t->http->by_id, t);
        t->on_done(t->arg, &result);
        http_transfer_free(t);
}

static bool was_refused(const struct http_transfer *t)
{
        return strstr(t->curl_text, "REFUSED_STREAM") != NULL;
}

/* Whether the server cannot have acted on the request. */
static bool surely_not_sent(const struct http_transfer *t, CURLcode code)
{
        curl_off_t connected = 0;
        long request = 0;

        if (t->head.status)
                return false;
        switch (code) {
        case CURLE_COULDNT_CONNECT:
        case CURLE_COULDNT_RESOLVE_HOST:
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_PROXY:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_OUT_OF_MEMORY:
        case CURLE_URL_MALFORMAT:
                return true;
        default:
                break;
        }
        if (was_refused(t))
                return true;
        (void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &request);
        (void)curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected);
        return request == 0 || connected == 0;
}

/* A failure that a second connection can cure, of a request that may be sent a second time. */
static bool worth_repeating(const struct http_transfer *t, CURLcode code)
{
        long connections = 0;

        if (t->repeated || t->head.status || t->err.code)
                return false;
        if (was_refused(t))
                return true;
        switch (code) {
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
                break;
        default:
                return false;
        }
        (void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
        return connections == 0 && (t->flags & HTTP_IDEMPOTENT || surely_not_sent(t, code));
}

static void count_transfer(struct http_transfer *t)
{
        struct http_stats *stats = &t->http->stats;
        curl_off_t in = 0, out = 0;

        if (!t->head.status)
                count_connections(t);
        (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &in);
        (void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &out);
        stats->bytes_in += (uint64_t)in;
        stats->bytes_out += (uint64_t)out;
}

static void explain(struct http_transfer *t, CURLcode code, struct err *err)
{
        struct http_failure f = { .code = code,
                .text = t->curl_text,
                .where = t->where,
                .headed = t->head.status != 0,
                .connect_ms = t->connect_ms };

        (void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &f.os_errno);
        (void)http_error(&f, err);
}

/* A proxy that refuses the tunnel is a broken connection to libcurl 7.88. */
static CURLcode sharpen(const struct http_transfer *t, CURLcode code)
{
        bool tunnel = strstr(t->curl_text, "CONNECT tunnel failed") ||
                      strstr(t->curl_text, "Proxy CONNECT aborted");

        return code == CURLE_RECV_ERROR && tunnel ? CURLE_PROXY : code;
}

void http_transfer_finish(struct http_transfer *t, CURLcode code)
{
        struct err err = ERR_INIT;
        bool not_sent;

        if (t->state == HTTP_CANCELLED)
                return; /* among the doomed */
        code = sharpen(t, code);
        count_transfer(t);
        if (code == CURLE_OK && t->head.status) {
                conclude(t, NULL, false);
                return;
        }
        if (worth_repeating(t, code)) {
                t->repeated = true;
                t->http->stats.retried++;
                t->header_bytes = 0;
                loop_timer_cancel(t->http->loop, &t->idle);
                let_go(t);
                http_transfer_set_state(t, HTTP_QUEUED);
                http_host_push(t->host, t);
                return;
        }
        not_sent = surely_not_sent(t, code);
        if (t->err.code)
                err = t->err;
        else
                explain(t, code == CURLE_OK ? CURLE_GOT_NOTHING : code, &err);
        conclude(t, &err, not_sent);
}

/* --- deadlines --- */

/* Whoever did not answer us nor anyone else may be gone: the next request looks for itself. */
static void suspect(struct http_transfer *t)
{
        if (t->easy && t->host->last_heard < t->started)
                http_host_avoid_connections(t->host);
}

static void on_deadline(void *arg)
{
        struct http_transfer *t = arg;
        bool queued = t->state == HTTP_QUEUED;
        struct err err = ERR_INIT;

        if (queued)
                http_host_remove(t->host, t);
        suspect(t);
        err_set(&err, -ETIMEDOUT, "%s: %s within %lld s", t->where,
                t->head.status ? "the response was not complete"
                : queued       ? "no place for the request"
                               : "no response",
                (long long)(t->total_ms + 999) / 1000);
        conclude(t, &err, queued || surely_not_sent(t, CURLE_OPERATION_TIMEDOUT));
}

/* Armed once per idle time, not once per byte. */
static void on_idle(void *arg)
{
        struct http_transfer *t = arg;
        int64_t end = t->last_byte + t->idle_ms;
        struct err err = ERR_INIT;

        if (end > loop_now(t->http->loop)) {
                loop_timer_at(t->http->loop, &t->idle, end);
                return;
        }
        suspect(t);
        err_set(&err, -ETIMEDOUT, "%s: nothing received for %lld s", t->where,
                (long long)(t->idle_ms + 999) / 1000);
        conclude(t, &err, surely_not_sent(t, CURLE_OPERATION_TIMEDOUT));
}

/* --- the beginning --- */

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool setup_body(struct http_transfer *t, CURL *easy)
{
        if (strcmp(t->method, "HEAD") == 0)
                return SET(CURLOPT_NOBODY, 1L);
        if (!t->body)
                return SET(CURLOPT_HTTPGET, 1L) && SET(CURLOPT_CUSTOMREQUEST, t->method);
        return SET(CURLOPT_POSTFIELDS, t->body) &&
               SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len) &&
               SET(CURLOPT_CUSTOMREQUEST, t->method);
}

static bool setup(struct http_transfer *t, CURL *easy)
{
        /* libcurl refuses this once a handle has its buffer; a spare one has that of its kind
         * already. */
        (void)SET(CURLOPT_BUFFERSIZE,
                t->flags & HTTP_STREAM ? (long)LIMIT_HTTP_STREAM_BUFFER : (long)LIMIT_HTTP_BUFFER);

        return SET(CURLOPT_URL, t->url) && SET(CURLOPT_PRIVATE, t) &&
               SET(CURLOPT_ERRORBUFFER, t->curl_text) && SET(CURLOPT_NOSIGNAL, 1L) &&
               /* Giving up does not wait for a resolver that hangs. */
               SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
               SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https") &&
               SET(CURLOPT_FOLLOWLOCATION, t->max_redirects ? 1L : 0L) &&
               SET(CURLOPT_MAXREDIRS, (long)t->max_redirects) &&
               SET(CURLOPT_HTTPHEADER, t->headers) && SET(CURLOPT_CONNECT_TO, t->connect_to) &&
               SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_ms) &&
               /* Connections last. libcurl looks through all names it knows at the end of every
                * request, which with a thousand clusters is most of what it does. */
               SET(CURLOPT_DNS_CACHE_TIMEOUT, 0L) &&
               (!(t->flags & HTTP_GZIP) || SET(CURLOPT_ACCEPT_ENCODING, "gzip")) &&
               SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, t) &&
               SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, t) &&
               (!t->loopback || SET(CURLOPT_PROXY, "")) && setup_body(t, easy) &&
               http_host_setup(t, easy);
}

void http_transfer_start(struct http_transfer *t)
{
        struct http *http = t->http;
        CURLMcode code = CURLM_OUT_OF_MEMORY;
        struct err err = ERR_INIT;

        http_transfer_set_state(t, HTTP_ASKING);
        t->curl_text[0] = '\0';
        t->started = t->last_byte = loop_now(http->loop);
        t->easy = http_easy_get(http, t->flags & HTTP_STREAM);
        if (t->easy && setup(t, t->easy)) {
                http->depth++;
                code = curl_multi_add_handle(http->multi, t->easy);
                http->depth--;
        }
        if (code == CURLM_OK) {
                if (t->idle_ms)
                        loop_timer_after(http->loop, &t->idle, t->idle_ms);
                return;
        }
        err_set(&err, code == CURLM_OUT_OF_MEMORY ? -ENOMEM : -EIO, "%s: %s", t->where,
                curl_multi_strerror(code));
        conclude(t, &err, true);
}

int http_submit(struct http *http, const struct http_request *rq, uint64_t *ret_id, struct err *err)
{
        struct http_transfer *t;
        int r;

        loop_assert_owner(http->loop);
        if (http->stats.queued >= LIMIT_HTTP_QUEUED)
                return err_set(err, -ENOBUFS, "more than %d requests wait", LIMIT_HTTP_QUEUED);
        t = calloc(1, sizeof(*t));
        if (!t)
                return err_set(err, -ENOMEM, "out of memory");
        t->http = http;
        t->host = http_host_ref(rq->host);
        t->identity = trust_identity_ref(rq->host->identity);
        buf_init(&t->reply, rq->max_body ? rq->max_body : LIMIT_API_REPLY_BYTES);
        loop_timer_init(&t->deadline, on_deadline, t);
        loop_timer_init(&t->idle, on_idle, t);
        r = http_transfer_fill(t, rq, err);
        if (r < 0) {
                http_transfer_free(t);
                return r;
        }
        t->id = ++http->last_id;
        HASH_ADD(hh, http->by_id, id, sizeof(t->id), t);
        if (t->hash_failed) {
                http_transfer_free(t);
                return err_set(err, -ENOMEM, "out of memory");
        }
        http->stats.submitted++;
        count(t, HTTP_QUEUED, 1);
        loop_timer_after(http->loop, &t->deadline, t->total_ms);
        http_host_push(t->host, t);
        *ret_id = t->id;
        return 0;
}

void http_cancel(struct http *http, uint64_t id)
{
        struct http_transfer *t = NULL;

        loop_assert_owner(http->loop);
        HASH_FIND(hh, http->by_id, &id, sizeof(id), t);
        if (!t)
                return;
        HASH_DEL(http->by_id, t);
        loop_timer_cancel(http->loop, &t->deadline);
        loop_timer_cancel(http->loop, &t->idle);
        if (t->state == HTTP_QUEUED)
                http_host_remove(t->host, t);
        http_transfer_set_state(t, HTTP_CANCELLED);
        if (http->depth == 0) {
                http_transfer_free(t);
                return;
        }
        t->next = http->doomed;
        http->doomed = t;
        http_work_soon(http);
}
