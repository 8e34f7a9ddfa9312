/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/client.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/limits.h"
#include "base/log.h"
#include "k8s/client_call.h"
#include "k8s/kubeconfig.h"

/* xorshift64: spreads retries, no more is asked of it. */
uint64_t client_random(struct kube_client *client, uint64_t n)
{
        uint64_t x = client->random;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        client->random = x;
        return x % n;
}

/* --- signs of life --- */

static void watch_silence(struct kube_client *client)
{
        int64_t heard = http_host_last_heard(client->host);

        if (client->n_streams && !client->probe)
                loop_timer_at(client->loop, &client->silence, heard + LIMIT_KUBE_SILENCE_MS);
        else
                loop_timer_cancel(client->loop, &client->silence);
}

static void on_probe(void *arg, const struct http_result *result)
{
        struct kube_client *client = arg;

        client->probe = 0;
        /* Any answer will do, also that we may not ask. */
        if (result->err) {
                log_debug("no sign of life", LOG_S("cluster", client->name), LOG_ERR(result->err));
                kube_client_drop_streams(client);
        }
        watch_silence(client);
}

static void on_silence(void *arg)
{
        struct kube_client *client = arg;
        _cleanup_(freep) char *url = NULL;
        struct http_request rq = { .host = client->host,
                .total_ms = LIMIT_KUBE_PROBE_MS,
                .on_done = on_probe,
                .arg = client };
        int64_t heard = http_host_last_heard(client->host);

        if (heard + LIMIT_KUBE_SILENCE_MS > loop_now(client->loop)) {
                watch_silence(client);
                return;
        }
        if (asprintf(&url, "%s/version", client->server) < 0)
                url = NULL;
        rq.url = url;
        if (url && http_submit(client->http, &rq, &client->probe, NULL) == 0)
                return;
        /* No memory or no place for the question: ask again later. */
        loop_timer_after(client->loop, &client->silence, LIMIT_KUBE_SILENCE_MS);
}

void client_count_stream(struct kube_client *client, int by)
{
        client->n_streams += (unsigned)by;
        if (client->n_streams == 0 && client->probe) {
                http_cancel(client->http, client->probe);
                client->probe = 0;
        }
        watch_silence(client);
}

static struct kube_call *find_stream(const struct kube_client *client)
{
        for (struct kube_call *call = client->calls; call; call = call->hh.next)
                if (call->state == CALL_STREAMING)
                        return call;
        return NULL;
}

void kube_client_drop_streams(struct kube_client *client)
{
        struct kube_call *call;
        struct err err = ERR_INIT;

        loop_assert_owner(client->loop);
        http_host_avoid_connections(client->host);
        (void)err_set(&err, -ETIMEDOUT, "%s gives no sign of life", client->server);
        /* Each done() may end or begin others, so the search starts over. */
        while ((call = find_stream(client)))
                call_fail(call, &err);
}

/* --- calls --- */

int kube_call(struct kube_client *client, const struct kube_request *rq, kube_done_fn *done,
        void *arg, uint64_t *ret_id, struct err *err)
{
        struct kube_call *call;
        int r;

        loop_assert_owner(client->loop);
        r = call_new(&call, client, rq, err);
        if (r < 0)
                return err_wrap(err, r, "%s %s", rq->method ? rq->method : "GET", rq->path);
        call->done = done;
        call->arg = arg;
        call->id = ++client->last_id;
        HASH_ADD(hh, client->calls, id, sizeof(call->id), call);
        if (call->hash_failed) {
                call_discard(call);
                return err_set(err, -ENOMEM, "out of memory");
        }
        *ret_id = call->id;
        return 0;
}

void kube_cancel(struct kube_client *client, uint64_t id)
{
        struct kube_call *call = NULL;

        loop_assert_owner(client->loop);
        HASH_FIND(hh, client->calls, &id, sizeof(id), call);
        if (call)
                call_free(call);
}

/* --- life --- */

static int client_setup(struct kube_client *client, const struct kube_context *ctx, struct err *err)
{
        char agent[128];
        struct http_host_config config = { .name = ctx->name,
                .ca_pem = ctx->ca_pem,
                .ca_pem_len = ctx->ca_pem_len,
                .tls_server_name = ctx->tls_server_name,
                .insecure = ctx->insecure,
                .proxy_url = ctx->proxy_url,
                .user_agent = agent };
        struct utsname system;
        int r;

        (void)uname(&system);
        (void)snprintf(
                agent, sizeof(agent), "fleetfs/%s (linux/%s)", FLEETFS_VERSION, system.machine);

        if (strncmp(ctx->server, "https://", 8) != 0 && strncmp(ctx->server, "http://", 7) != 0)
                return err_set(err, -EINVAL, "\"%s\" is no URL of http or https", ctx->server);
        client->name = strdup(ctx->name);
        client->server = strdup(ctx->server);
        if (!client->name || !client->server)
                return err_set(err, -ENOMEM, "out of memory");
        r = http_host_new(&client->host, client->http, &config, err);
        if (r < 0)
                return r;
        return kube_credential_new(&client->credential, client->loop, ctx, err);
}

int kube_client_new(struct kube_client **ret, struct loop *loop, struct http *http,
        const struct kube_context *ctx, struct err *err)
{
        _cleanup_(kube_client_freep) struct kube_client *client = NULL;
        int r;

        if (ctx->error) {
                err_copy(err, &ctx->err);
                return ctx->error;
        }
        client = calloc(1, sizeof(*client));
        if (!client)
                return err_set(err, -ENOMEM, "out of memory");
        client->loop = loop;
        client->http = http;
        client->gzip = !ctx->disable_compression;
        /* Without entropy yet, the address tells clients apart. */
        if (getrandom(&client->random, sizeof(client->random), GRND_NONBLOCK) < 0)
                client->random = (uintptr_t)client;
        client->random |= 1;
        loop_timer_init(&client->silence, on_silence, client);
        r = client_setup(client, ctx, err);
        if (r < 0)
                return err_wrap(err, r, "context %s", ctx->name);
        *ret = TAKE(client);
        return 0;
}

struct kube_client *kube_client_free(struct kube_client *client)
{
        struct kube_call *call, *next;

        if (!client)
                return NULL;
        loop_assert_owner(client->loop);
        HASH_ITER (hh, client->calls, call, next)
                call_free(call);
        http_cancel(client->http, client->probe);
        loop_timer_cancel(client->loop, &client->silence);
        kube_credential_free(client->credential);
        http_host_unref(client->host);
        free(client->name);
        free(client->server);
        free(client);
        return NULL;
}

int64_t kube_client_ahead(const struct kube_client *client)
{
        return client->ahead_s;
}

int64_t kube_client_heard(const struct kube_client *client)
{
        return client->heard;
}

const char *kube_client_name(const struct kube_client *client)
{
        return client->name;
}

struct loop *kube_client_loop(const struct kube_client *client)
{
        return client->loop;
}

int kube_delete_options(struct buf *out, const char *uid)
{
        return buf_printf(
                out, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":\"%s\"}}", uid);
}
