/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The probe: who a cluster is, and what it has, asked step by step. All of it when it is met and every few minutes,
 * else its identity alone: watches that are open do not tell that a cluster is another one, or shuts us out.
 */
#include "ops/member_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/engine_private.h"
#include "ops/identity.h"
#include "ops/rollup.h"
#include "ops/standing.h"

static void probe_done(void *arg, const struct kube_reply *reply);

static int probe_get(struct member_runtime *rt, const char *path, const char *query)
{
        struct err err = ERR_INIT;
        const struct kube_request rq = { .path = path, .query = query, .deadline_ms = LIMIT_CONNECT_MS,
                .retry = rt->quick ? KUBE_RETRY_SAFE : KUBE_RETRY_NEVER };
        int r = kube_call(rt->client, &rq, probe_done, rt, &rt->call, &err);

        if (r < 0)
                member_fail(rt, MEMBER_UNREACHABLE, &err);
        return r;
}

static void probe_next(struct member_runtime *rt)
{
        struct member *c = rt->member;
        struct err err = ERR_INIT;
        char path[512];
        int r;

        switch (rt->step) {
        case PROBE_IDENTITY:
                probe_get(rt, "/api/v1/namespaces/kube-system", NULL);
                return;
        case PROBE_VERSION:
                probe_get(rt, "/version", NULL);
                return;
        case PROBE_NAMESPACE:
                probe_get(rt, "/apis/velero.io/v1/backupstoragelocations", "limit=50");
                return;
        case PROBE_VELERO:
                snprintf(path, sizeof(path), "/apis/apps/v1/namespaces/%s/deployments/velero", c->velero_namespace);
                probe_get(rt, path, NULL);
                return;
        case PROBE_AGENT:
                snprintf(path, sizeof(path), "/apis/apps/v1/namespaces/%s/daemonsets/node-agent", c->velero_namespace);
                probe_get(rt, path, NULL);
                return;
        case PROBE_DONE:
                r = member_watch(rt, &err);
                if (r < 0) {
                        member_fail(rt, MEMBER_UNREACHABLE, &err);
                        return;
                }
                member_probe_after(rt, MEMBER_PROBE_MS);
                /* One that fails was told to try at once, and says what comes of it. */
                if (!member_any(rt, REFLECTOR_FAILING) && !member_any(rt, REFLECTOR_FORBIDDEN))
                        member_judge(rt, NULL);
                return;
        }
}

static int probe_identity(struct member_runtime *rt, const struct kube_reply *reply, struct err *err)
{
        const struct member *c = rt->member;
        char uid[UID_MAX], uid_before[UID_MAX], alias_before[FOLDER_NAME_MAX + 1];
        int r = identity_of_namespace(reply->body, reply->len, uid, sizeof(uid), err);

        if (r < 0)
                return r;
        memcpy(uid_before, c->uid, sizeof(uid_before));
        memcpy(alias_before, c->alias_of, sizeof(alias_before));
        r = identity_set(rt->engine, rt->member, uid, err);
        if (strcmp(uid_before, c->uid) != 0 || strcmp(alias_before, c->alias_of) != 0)
                standing_follow_fleet(rt->engine, c->fleet);
        /* What runs there runs for another cluster. */
        if (r > 0) {
                member_unwatch(rt);
                rt->quick = false;
        }
        return r < 0 ? r : 0;
}

static int probe_version(struct member_runtime *rt, const struct kube_reply *reply, struct err *err)
{
        _cleanup_(freep) char *version = NULL;
        int r = identity_of_version(reply->body, reply->len, &version, err);

        if (r < 0)
                return r;
        if (rt->member->api_version == NULL || strcmp(rt->member->api_version, version) != 0) {
                engine_write(rt->engine);
                free(rt->member->api_version);
                rt->member->api_version = TAKE(version);
                model_touch_member(rt->member, false);
                rollup_warnings(rt->engine, rt->member);
        }
        return 0;
}

/* Velero's namespace is the configured one, else the one that holds locations, else "velero". A new one means that
   everything known so far is another installation's. */
static int probe_namespace(struct member_runtime *rt, const struct kube_reply *reply, struct err *err)
{
        struct member *c = rt->member;
        _cleanup_(freep) char *found = NULL;
        const char *ns = rt->configured_namespace;
        int r = 0;

        /* A hiccup says nothing about where Velero is. */
        if (reply->err != NULL && reply->http_status != 404 && reply->http_status != 403) {
                err_copy(err, reply->err);
                return err->code;
        }
        if (reply->err == NULL)
                r = identity_of_velero_namespace(reply->body, reply->len, ns, &found, err);
        if (r < 0)
                return r;
        rt->located = found != NULL;
        if (ns == NULL)
                ns = found != NULL ? found : c->velero_namespace != NULL ? c->velero_namespace : "velero";
        if (c->velero_namespace != NULL && strcmp(c->velero_namespace, ns) == 0)
                return 0;
        member_unwatch(rt);
        engine_write(rt->engine);
        if (c->velero_namespace != NULL)
                engine_disown_member(rt->engine, c);
        free(c->velero_namespace);
        c->velero_namespace = strdup(ns);
        model_touch_member(c, false);
        return c->velero_namespace != NULL ? 0 : -ENOMEM;
}

static void probe_velero(struct member_runtime *rt, const struct kube_reply *reply)
{
        struct member *c = rt->member;
        _cleanup_(freep) char *version = NULL;

        if (reply->err == NULL)
                version = identity_of_velero_version(reply->body, reply->len);
        else if (reply->http_status != 404)
                return;
        if ((version == NULL) == (c->velero_version == NULL) &&
                (version == NULL || strcmp(version, c->velero_version) == 0))
                return;
        engine_write(rt->engine);
        free(c->velero_version);
        c->velero_version = TAKE(version);
        model_touch_member(c, false);
}

/* Every answer has a date; what comes of it is published when it has changed. */
static void probe_clock(struct member_runtime *rt)
{
        int64_t ahead = kube_client_ahead(rt->client);

        if (rt->member->ahead == ahead)
                return;
        engine_write(rt->engine);
        rt->member->ahead = ahead;
        model_touch_member(rt->member, false);
        rollup_warnings(rt->engine, rt->member);
}

static void probe_done(void *arg, const struct kube_reply *reply)
{
        struct member_runtime *rt = arg;
        struct member *c = rt->member;
        struct err err = ERR_INIT;
        bool agent;
        int r = 0;

        rt->call = 0;
        /* A cluster may withhold its Deployments from us and still be usable; its identity and its locations it may not. */
        if (reply->err != NULL && rt->step < PROBE_NAMESPACE) {
                member_fail(rt, member_health_of(reply->err), reply->err);
                return;
        }
        if (reply->err != NULL && reply->http_status == 0) {
                member_fail(rt, member_health_of(reply->err), reply->err);
                return;
        }
        probe_clock(rt);
        switch (rt->step) {
        case PROBE_IDENTITY:
                r = probe_identity(rt, reply, &err);
                break;
        case PROBE_VERSION:
                r = probe_version(rt, reply, &err);
                break;
        case PROBE_NAMESPACE:
                r = probe_namespace(rt, reply, &err);
                break;
        case PROBE_VELERO:
                probe_velero(rt, reply);
                break;
        case PROBE_AGENT:
                agent = reply->err == NULL;
                if (c->node_agent != agent && (agent || reply->http_status == 404)) {
                        engine_write(rt->engine);
                        c->node_agent = agent;
                        model_touch_member(c, false);
                        rollup_warnings(rt->engine, c);
                        standing_member(rt->engine, c, true);
                }
                break;
        case PROBE_DONE:
                return;
        }
        if (r < 0) {
                member_fail(rt, member_health_of(&err), &err);
                return;
        }
        /* A second way to a cluster that is there already: the first one does the work. */
        if (c->alias_of[0] != '\0') {
                member_unwatch(rt);
                rt->step = PROBE_DONE;
                member_set_health(c, MEMBER_READY, NULL);
                member_probe_after(rt, MEMBER_PROBE_MS);
                return;
        }
        rt->step = rt->quick ? PROBE_DONE : rt->step + 1;
        if (rt->step == PROBE_DONE && !rt->quick)
                rt->all_at_ms = loop_now(rt->engine->loop) + MEMBER_PROBE_ALL_MS;
        if (c->health == MEMBER_UNKNOWN || c->health == MEMBER_UNREACHABLE)
                member_set_health(c, MEMBER_SYNCING, NULL);
        probe_next(rt);
}

void member_probe(void *arg)
{
        struct member_runtime *rt = arg;

        /* One under way answers, or fails, in its time; it may have begun before what made us ask again. */
        if (rt->call != 0) {
                kube_cancel(rt->client, rt->call);
                rt->call = 0;
        }
        rt->quick = rt->step == PROBE_DONE && rt->member->health == MEMBER_READY &&
                    loop_now(rt->engine->loop) < rt->all_at_ms;
        rt->step = PROBE_IDENTITY;
        probe_next(rt);
}
