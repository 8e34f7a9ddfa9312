/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/client_call.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/log.h"
#include "k8s/base64.h"
#include "k8s/status.h"

/*
 * An attempt begins by a timer, also the first, so that nothing calls back before kube_call() has
 * returned. A call that ends is taken out of the client before done() runs and is freed after it;
 * whatever done() does to the client, the call is no part of it any more.
 */

static const char *const state_names[] = {
        [CALL_WAITING] = "waiting",
        [CALL_CREDENTIAL] = "credential",
        [CALL_SENT] = "sent",
        [CALL_STREAMING] = "streaming",
        [CALL_ENDED] = "ended",
};

static void on_credential(void *arg, const struct kube_auth *auth, const struct err *err);

/* What is left of a state is undone here, so that every state can be left for every other. */
static void call_set_state(struct kube_call *call, enum call_state state)
{
        struct kube_client *client = call->client;

        log_debug("call", LOG_I("call", call->id), LOG_S("cluster", client->name),
                LOG_S("method", call->method), LOG_S("path", call->path),
                LOG_I("attempt", call->attempts), LOG_S("from", state_names[call->state]),
                LOG_S("to", state_names[state]));
        if (call->state == CALL_STREAMING)
                client_count_stream(client, -1);
        if (call->state == CALL_CREDENTIAL && state != CALL_SENT)
                kube_credential_cancel(client->credential, on_credential, call);
        if (state == CALL_STREAMING)
                client_count_stream(client, 1);
        if (state == CALL_ENDED) {
                http_cancel(client->http, call->http_id);
                loop_timer_cancel(client->loop, &call->next);
                loop_timer_cancel(client->loop, &call->end);
        }
        call->state = state;
}

static void call_release(struct kube_call *call)
{
        if (call->body)
                explicit_bzero(call->body, call->body_len); /* it may hold a Secret */
        free(call->body);
        free(call->method);
        free(call->path);
        free(call->url);
        free(call->content_type);
        free(call);
}

void call_discard(struct kube_call *call)
{
        loop_timer_cancel(call->client->loop, &call->next);
        loop_timer_cancel(call->client->loop, &call->end);
        call_release(call);
}

void call_free(struct kube_call *call)
{
        HASH_DEL(call->client->calls, call);
        call_set_state(call, CALL_ENDED);
        call_release(call);
}

static void call_end(struct kube_call *call, struct kube_reply *reply)
{
        HASH_DEL(call->client->calls, call);
        call_set_state(call, CALL_ENDED);
        reply->attempts = call->attempts;
        call->done(call->arg, reply);
        call_release(call);
}

static void end_with(struct kube_call *call, struct kube_reply *reply, const struct err *why)
{
        struct err err = *why;

        (void)err_wrap(&err, err.code, "%s %s", call->method, call->path);
        reply->err = &err;
        call_end(call, reply);
}

void call_fail(struct kube_call *call, const struct err *err)
{
        struct kube_reply reply = { .body = "", .reason = "", .retry_after_ms = -1 };

        end_with(call, &reply, err);
}

/* --- repeating --- */

static int64_t pause_of(struct kube_call *call)
{
        int64_t pause = LIMIT_CALL_PAUSE_MS;

        for (unsigned i = 1; i < call->attempts && pause < LIMIT_CALL_PAUSE_MAX_MS; i++)
                pause *= 2;
        if (pause > LIMIT_CALL_PAUSE_MAX_MS)
                pause = LIMIT_CALL_PAUSE_MAX_MS;
        /* Half of it is chance: a thousand clients that failed together do not come back so. */
        return pause / 2 + (int64_t)client_random(call->client, (uint64_t)pause / 2 + 1);
}

/* Failures that another attempt can cure; those of certificates and of memory do not heal. */
static bool can_heal(int code)
{
        switch (-code) {
        case ECONNREFUSED:
        case ECONNRESET:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ETIMEDOUT:
        case ENOENT: /* a name that does not resolve yet */
        case EPROTO:
        case EPIPE:
        case ENOBUFS:
                return true;
        default:
                return false;
        }
}

/* `unacted`: the server surely did not act on it. */
static bool may_repeat(const struct kube_call *call, bool unacted)
{
        switch (call->retry) {
        case KUBE_RETRY_NEVER:
                return false;
        case KUBE_RETRY_UNSENT:
                return unacted;
        case KUBE_RETRY_SAFE:
                return true;
        case KUBE_RETRY_DEFAULT:
                return unacted || strcmp(call->method, "GET") == 0;
        }
        return false;
}

/* Waits and tries again, unless that is not allowed or the time does not suffice. */
static bool repeat(struct kube_call *call, const struct err *err, bool unacted, int64_t after_ms)
{
        struct loop *loop = call->client->loop;
        int64_t pause = pause_of(call);

        if (call->stream || call->flowed || call->attempts >= LIMIT_CALL_ATTEMPTS ||
                !may_repeat(call, unacted))
                return false;
        if (after_ms > pause)
                pause = after_ms;
        if (loop_now(loop) + pause >= call->deadline)
                return false;
        call->last = *err;
        call_set_state(call, CALL_WAITING);
        loop_timer_after(loop, &call->next, pause);
        return true;
}

/* --- the response --- */

static bool is_good(long status)
{
        return status >= 200 && status < 300;
}

/* Two answers of one clock differ by a second or two: what is told of it must not. */
static void note_clock(struct kube_client *client, const struct http_head *head)
{
        if (head->dated && llabs(head->ahead_s - client->ahead_s) >= LIMIT_SERVER_CLOCK_S / 2)
                client->ahead_s = head->ahead_s;
}

static void note_heard(struct kube_client *client)
{
        client->heard = loop_now(client->loop);
}

static enum http_take on_head(void *arg, const struct http_head *head)
{
        struct kube_call *call = arg;
        enum http_take take = call->on_data ? HTTP_TAKE_STREAM : HTTP_TAKE_BUFFER;

        note_clock(call->client, head);
        if (!is_good(head->status))
                return HTTP_TAKE_BUFFER;
        note_heard(call->client);
        if (call->stream)
                call_set_state(call, CALL_STREAMING);
        if (call->on_open)
                call->on_open(call->arg); /* may free the call */
        return take;
}

static int on_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct kube_call *call = arg;

        call->flowed = true;
        note_heard(call->client);
        return call->on_data(call->arg, bytes, len, err);
}

/* 401: once, if the credential has something better to offer. */
static bool refresh(struct kube_call *call)
{
        if (call->refreshed || call->flowed ||
                !kube_credential_rejected(call->client->credential, call->generation))
                return false;
        call->refreshed = true;
        call_set_state(call, CALL_WAITING);
        loop_timer_after(call->client->loop, &call->next, 0);
        return true;
}

static void on_answer(struct kube_call *call, const struct http_result *result)
{
        struct kube_reply reply = { .http_status = result->head->status,
                .body = result->body,
                .len = result->len,
                .reason = "",
                .retry_after_ms = result->head->retry_after_ms };
        struct kube_status status;
        struct err err = ERR_INIT;

        if (is_good(reply.http_status)) {
                note_heard(call->client);
                call_end(call, &reply);
                return;
        }
        if (reply.http_status == 401 && refresh(call))
                return;
        (void)kube_status_parse(&status, result->body, result->len);
        (void)kube_status_err(&err, reply.http_status, result->body, result->len);
        reply.reason = status.reason;
        if (reply.retry_after_ms < 0 && status.retry_after_s > 0)
                reply.retry_after_ms = status.retry_after_s > LIMIT_RETRY_AFTER_MS / 1000
                                               ? LIMIT_RETRY_AFTER_MS
                                               : status.retry_after_s * 1000;
        if (kube_status_retriable(reply.http_status) &&
                repeat(call, &err, reply.http_status == 429, reply.retry_after_ms))
                return;
        end_with(call, &reply, &err);
}

static void on_done(void *arg, const struct http_result *result)
{
        struct kube_call *call = arg;
        struct kube_reply reply = { .http_status = result->head ? result->head->status : 0,
                .body = "",
                .reason = "",
                .retry_after_ms = -1 };

        call->http_id = 0;
        if (!result->err)
                on_answer(call, result);
        else if (!can_heal(result->err->code) || !repeat(call, result->err, result->not_sent, 0))
                end_with(call, &reply, result->err);
}

/* --- an attempt --- */

static int authorization(const struct kube_auth *auth, struct buf *out)
{
        _cleanup_(buf_wipe) struct buf pair = BUF_INIT(LIMIT_HTTP_HEADER_BYTES);

        if (auth->bearer) {
                (void)buf_reserve(out, strlen(auth->bearer) + sizeof("Bearer "));
                return buf_printf(out, "Bearer %s", auth->bearer);
        }
        if (!auth->username)
                return 0;
        (void)buf_reserve(&pair, strlen(auth->username) + strlen(auth->password) + 2);
        (void)buf_printf(&pair, "%s:%s", auth->username, auth->password);
        if (pair.error)
                return pair.error;
        (void)buf_reserve(out, pair.len * 2 + sizeof("Basic "));
        (void)buf_puts(out, "Basic ");
        return base64_encode(pair.data, pair.len, out);
}

/* "Accept", who we stand in for, NULL. */
static const char **headers_of(const struct kube_auth *auth)
{
        const char **headers = calloc(auth->headers->n + 2, sizeof(*headers));

        if (!headers)
                return NULL;
        headers[0] = "Accept: application/json";
        for (size_t i = 0; i < auth->headers->n; i++)
                headers[i + 1] = auth->headers->v[i];
        return headers;
}

static int send_request(struct kube_call *call, const struct kube_auth *auth, struct err *err)
{
        struct kube_client *client = call->client;
        _cleanup_(buf_wipe) struct buf value = BUF_INIT(LIMIT_HTTP_HEADER_BYTES);
        _cleanup_(freep) const char **headers = headers_of(auth);
        struct http_request rq = { .host = client->host,
                .method = call->method,
                .url = call->url,
                .headers = headers,
                .content_type = call->content_type,
                .body = call->body,
                .body_len = call->body_len,
                /* A compressed stream would wait for the compressor's buffers. */
                .flags = call->stream   ? HTTP_STREAM
                         : client->gzip ? HTTP_GZIP
                                        : 0,
                .idle_ms = call->idle_ms,
                .max_body = call->max_body,
                .on_head = on_head,
                .on_data = on_data,
                .on_done = on_done,
                .arg = call };
        int r = authorization(auth, &value);

        if (r < 0 || !headers)
                return err_set(err, r < 0 ? r : -ENOMEM, "the credential does not fit a header");
        rq.authorization = value.len ? value.data : NULL;
        if (call->deadline != INT64_MAX) {
                rq.total_ms = call->deadline - loop_now(client->loop);
                if (rq.total_ms <= 0)
                        return err_set(err, -ETIMEDOUT, "no time left to send it");
        }
        if (auth->tls_generation != client->tls_generation) {
                r = http_host_set_identity(client->host, auth->cert_pem, auth->key_pem, err);
                if (r < 0)
                        return r;
                client->tls_generation = auth->tls_generation;
        }
        return http_submit(client->http, &rq, &call->http_id, err);
}

static void on_credential(void *arg, const struct kube_auth *auth, const struct err *err)
{
        struct kube_call *call = arg;
        struct err failed = ERR_INIT;

        call_set_state(call, CALL_SENT);
        /* Somebody may have signed in with a browser: that time is the plugin's, not the server's. */
        if (call->deadline != INT64_MAX) {
                call->deadline += loop_now(call->client->loop) - call->asked_at;
                loop_timer_at(call->client->loop, &call->end, call->deadline + 50);
        }
        if (auth) {
                call->generation = auth->generation;
                call->attempts++;
                if (send_request(call, auth, &failed) == 0)
                        return;
                err = &failed;
        }
        call_fail(call, err);
}

static void on_next(void *arg)
{
        struct kube_call *call = arg;

        call_set_state(call, CALL_CREDENTIAL);
        call->asked_at = loop_now(call->client->loop);
        if (call->deadline != INT64_MAX)
                loop_timer_at(call->client->loop, &call->end,
                        call->deadline + LIMIT_EXEC_MS + LIMIT_EXEC_RETRY_MS);
        kube_credential_get(call->client->credential, on_credential, call);
}

/* The time is over before an answer, in a pause, or while a plugin runs. */
static void on_end(void *arg)
{
        struct kube_call *call = arg;
        struct err err = ERR_INIT;

        if (call->last.code)
                err = call->last;
        else
                (void)err_set(&err, -ETIMEDOUT, "no answer within its deadline");
        call_fail(call, &err);
}

/* --- the beginning --- */

static char *copy(const char *s, bool *failed)
{
        char *c = s ? strdup(s) : NULL;

        *failed |= s && !c;
        return c;
}

/* The server's URL, path and query; who writes says so, for server-side apply. */
static int call_url(struct kube_call *call, const struct kube_request *rq)
{
        const char *query = rq->query ? rq->query : "";
        bool writes = strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0 ||
                      strcmp(call->method, "PATCH") == 0;
        const char *manager =
                writes && !strstr(query, "fieldManager=") ? "fieldManager=fleetfs" : "";

        if (asprintf(&call->url, "%s%s%s%s%s%s", call->client->server, rq->path,
                    *query || *manager ? "?" : "", query, *query && *manager ? "&" : "",
                    manager) < 0)
                call->url = NULL;
        return call->url ? 0 : -ENOMEM;
}

static int call_fill(struct kube_call *call, const struct kube_request *rq)
{
        bool failed = false;

        call->method = copy(rq->method ? rq->method : "GET", &failed);
        call->path = copy(rq->path, &failed);
        if (rq->body) {
                call->content_type =
                        copy(rq->content_type ? rq->content_type : "application/json", &failed);
                call->body = malloc(rq->body_len + 1);
                failed |= !call->body;
                if (call->body)
                        memcpy(call->body, rq->body, rq->body_len);
                call->body_len = call->body ? rq->body_len : 0;
        }
        if (failed || call_url(call, rq) < 0)
                return -ENOMEM;
        call->retry = rq->retry;
        call->stream = rq->stream;
        call->idle_ms = rq->idle_ms;
        call->max_body = rq->max_body;
        call->on_open = rq->on_open;
        call->on_data = rq->on_data;
        return 0;
}

int call_new(struct kube_call **ret, struct kube_client *client, const struct kube_request *rq,
        struct err *err)
{
        struct kube_call *call;

        if (rq->path[0] != '/')
                return err_set(err, -EINVAL, "the path does not begin with \"/\"");
        call = calloc(1, sizeof(*call));
        if (!call)
                return err_set(err, -ENOMEM, "out of memory");
        call->client = client;
        loop_timer_init(&call->next, on_next, call);
        loop_timer_init(&call->end, on_end, call);
        if (call_fill(call, rq) < 0) {
                call_release(call);
                return err_set(err, -ENOMEM, "out of memory");
        }
        call->deadline = INT64_MAX;
        if (!call->stream) {
                call->deadline = loop_now(client->loop) +
                                 (rq->deadline_ms ? rq->deadline_ms : LIMIT_CALL_MS);
                /* The request has the same deadline and knows better what it waited for. */
                loop_timer_at(client->loop, &call->end, call->deadline + 50);
        }
        loop_timer_after(client->loop, &call->next, 0);
        *ret = call;
        return 0;
}
