/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "k8s/path.h"
#include "ops/fleetconf.h"
#include "ops/engine_private.h"
#include "ops/member_private.h"
#include "ops/looks.h"
#include "ops/reason.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/track.h"

static const struct kube_resource velero_resources[VELERO_KINDS] = {
        [VELERO_BACKUP] = { .group = "velero.io", .version = "v1", .plural = "backups", .kind = "Backup" },
        [VELERO_RESTORE] = { .group = "velero.io", .version = "v1", .plural = "restores", .kind = "Restore" },
        [VELERO_SCHEDULE] = { .group = "velero.io", .version = "v1", .plural = "schedules", .kind = "Schedule" },
        [VELERO_LOCATION] = { .group = "velero.io", .version = "v1", .plural = "backupstoragelocations",
                              .kind = "BackupStorageLocation" },
        [VELERO_DELETE_REQUEST] = { .group = "velero.io", .version = "v1", .plural = "deletebackuprequests",
                                    .kind = "DeleteBackupRequest" },
};

int member_velero_path(const struct member *c, enum velero_kind kind, const char *name, struct buf *out, struct err *err)
{
        return kube_path(out, &velero_resources[kind], c->velero_namespace, name, NULL, err);
}

/* ---------------------------------------------------------------- health */

static const char *health_symbol(enum member_health health, const struct err *why)
{
        switch (health) {
        case MEMBER_UNREACHABLE:
                if (why != NULL && why->code == -EBUSY)
                        return "ClusterThrottled";
                return why != NULL && why->code == -ETIMEDOUT ? "ClusterTimeout" : "ClusterUnreachable";
        case MEMBER_DENIED:
                if (why != NULL && why->code == -EKEYREJECTED)
                        return "CertificateInvalid";
                return why != NULL && why->code == -EPERM ? "Forbidden" : "ClusterDenied";
        case MEMBER_NO_VELERO:
                return "NoVelero";
        case MEMBER_BROKEN:
                return "ClusterMisconfigured";
        case MEMBER_UNKNOWN:
        case MEMBER_READY:
        case MEMBER_SYNCING:
                break;
        }
        return NULL;
}

/* What is shown was true when the cluster last said something, and not when we gave it up. */
static int64_t member_heard(const struct member *c)
{
        const struct member_runtime *rt = c->runtime;
        int64_t heard = rt->client != NULL ? kube_client_heard(rt->client) : 0;
        int64_t at = heard != 0 ? clock_realtime() - (loop_now(rt->engine->loop) - heard + 999) / 1000 : 0;

        return at > c->seen ? at : c->seen;
}

void member_set_health(struct member *c, enum member_health health, const struct err *why)
{
        struct member_runtime *rt = c->runtime;
        const char *symbol = health_symbol(health, why);
        const struct reason *reason = symbol != NULL ? reason_by_symbol(symbol) : NULL;
        bool reachable = health == MEMBER_READY || health == MEMBER_SYNCING || health == MEMBER_NO_VELERO ||
                         health == MEMBER_DENIED;
        bool stale = health != MEMBER_READY && c->seen != 0;
        char told[sizeof(why->msg) + sizeof(why->remedy) + 2];
        const char *text = why != NULL ? why->msg : NULL;
        bool first = c->since == 0;

        /* The code's own remedy is told beside it; what is known of this very case goes with the sentence. */
        if (why != NULL && why->remedy[0] != '\0') {
                snprintf(told, sizeof(told), "%s; %s", why->msg, why->remedy);
                text = told;
        }

        if (c->health == health && c->reachable == reachable && c->stale == stale && !first &&
                ((text == NULL) == (c->reason == NULL)) && (text == NULL || strcmp(text, c->reason) == 0))
                return;

        engine_write(rt->engine);
        if (c->health != health || first) {
                c->since = c->changed = clock_realtime();
                engine_event(rt->engine, "ClusterHealth", c->fleet, "cluster", c->name, "health",
                        member_health_name(health), "message", text, NULL);
                log_debug("cluster health", LOG_S("cluster", c->name), LOG_S("health", member_health_name(health)),
                        LOG_S("reason", text));
        }
        if (health == MEMBER_READY)
                c->seen = clock_realtime();
        else if (c->health == MEMBER_READY)
                c->seen = member_heard(c);
        c->health = health;
        c->reachable = reachable;
        c->stale = health != MEMBER_READY && c->seen != 0;
        free(c->reason);
        c->reason = text != NULL ? strdup(text) : NULL;
        c->code[0] = '\0';
        /* One of a document (a typing error in the kubeconfig) would send the reader to a policy. */
        if (why != NULL && strncmp(why->id, "FLT-01", 6) == 0)
                snprintf(c->code, sizeof(c->code), "%s", why->id);
        else if (reason != NULL)
                snprintf(c->code, sizeof(c->code), "FLT-%04d", reason->code);
        model_touch_member(c, false);
        track_member_health(rt->engine, c);
        engine_kick_member(rt->engine, c);
        if (health == MEMBER_READY)
                looks_ready(rt->engine, c);
}

/* What an answer of the API says about the cluster as a whole. */
enum member_health member_health_of(const struct err *err)
{
        /* A credential plugin that is not installed, or hangs, says nothing about the network. */
        if (strcmp(err->id, "FLT-0117") == 0)
                return MEMBER_DENIED;
        switch (-err->code) {
        case EACCES:
        case EPERM:
        case EKEYREJECTED:
                return MEMBER_DENIED;
        default:
                return MEMBER_UNREACHABLE;
        }
}

/* Pauses grow from 1 s to 30 s and are jittered, so that a fleet does not come back in one moment. */
void member_fail(struct member_runtime *rt, enum member_health health, const struct err *err)
{
        int64_t pause = 1000LL << (rt->failures < 5 ? rt->failures : 5);

        if (pause > 30000)
                pause = 30000;
        pause = pause / 2 + engine_random(rt->engine, pause / 2 + 1);
        rt->failures++;
        rt->step = PROBE_IDENTITY;
        member_set_health(rt->member, health, err);
        loop_timer_after(rt->engine->loop, &rt->retry, pause);
}

/* Asks again after about so long, unless it is to be asked sooner. */
void member_probe_after(struct member_runtime *rt, int64_t ms)
{
        int64_t due = loop_now(rt->engine->loop) + ms / 2 + engine_random(rt->engine, ms / 2 + 1);

        if (!loop_timer_armed(&rt->retry) || rt->retry.due > due)
                loop_timer_at(rt->engine->loop, &rt->retry, due);
}

/* DeleteBackupRequests concern those who delete, and nobody else: a cluster without them is as good as any other. */
static bool is_of_health(enum velero_kind kind)
{
        return kind != VELERO_DELETE_REQUEST;
}

bool member_any(const struct member_runtime *rt, enum reflector_state state)
{
        bool any = false;

        for (int k = 0; k < VELERO_KINDS; k++)
                any = any || (is_of_health(k) && rt->watches[k].state == state);
        return any;
}

/*
 * DeleteBackupRequests are not shown: they are followed only while a task of the cluster waits for one. A watch costs
 * each event of its connection something.
 */
static bool member_follows(const struct member *c, enum velero_kind kind)
{
        const struct list *l;

        if (kind != VELERO_DELETE_REQUEST)
                return true;
        for (l = list_first(&c->tasks); l != NULL; l = list_next(&c->tasks, l))
                if (container_of(l, struct task, at_member)->doomed)
                        return true;
        return false;
}

/* The health that follows from the states of all reflectors. */
void member_judge(struct member_runtime *rt, const struct err *err)
{
        struct member *c = rt->member;
        bool all = true, absent = member_any(rt, REFLECTOR_ABSENT), denied = member_any(rt, REFLECTOR_FORBIDDEN),
             failing = member_any(rt, REFLECTOR_FAILING);

        /* Who it is comes first; what the reflectors say meanwhile is judged when that is known. */
        if (rt->step != PROBE_DONE)
                return;
        for (int k = 0; k < VELERO_KINDS; k++)
                all = all && (rt->watches[k].state == REFLECTOR_WATCHING || !is_of_health(k));
        if (all) {
                rt->failures = 0;
                if (rt->located || c->velero[VELERO_LOCATION].n > 0) {
                        member_set_health(c, MEMBER_READY, NULL);
                        return;
                }
                struct err none = ERR_INIT;
                err_set(&none, -ENOENT, "no BackupStorageLocation in any namespace");
                err_id(&none, "FLT-0108");
                member_set_health(c, MEMBER_NO_VELERO, &none);
                member_probe_after(rt, MEMBER_PROBE_NONE_MS);
                return;
        }
        if ((failing || denied) && err != NULL)
                member_fail(rt, failing ? member_health_of(err) : MEMBER_DENIED, err);
        else if (absent) {
                struct err none = ERR_INIT;
                err_set(&none, -ENOENT, "Velero's custom resources are not installed");
                err_id(&none, "FLT-0106");
                member_set_health(c, MEMBER_NO_VELERO, &none);
                member_probe_after(rt, MEMBER_PROBE_NONE_MS);
        } else if (c->health != MEMBER_READY && !failing && !denied && c->health != MEMBER_UNREACHABLE)
                member_set_health(c, MEMBER_SYNCING, NULL);
}

/* ---------------------------------------------------------------- reflectors */

static void watch_begin(void *arg)
{
        struct member_watch *w = arg;

        w->mark = ++w->rt->member->marks;
}

static void watch_item(void *arg, enum kube_event event, const char *bytes, size_t len)
{
        struct member_watch *w = arg;

        engine_write(w->rt->engine);
        track_item(w->rt->engine, w->rt->member, w->kind, event == KUBE_EVENT_DELETED, bytes, len, w->mark);
        /* The first location makes it ready. */
        if (w->kind == VELERO_LOCATION && w->rt->member->health == MEMBER_NO_VELERO)
                member_judge(w->rt, NULL);
}

static void watch_end(void *arg)
{
        struct member_watch *w = arg;

        engine_write(w->rt->engine);
        track_sweep(w->rt->engine, w->rt->member, w->kind, w->mark);
        w->rt->member->synced[w->kind] = true;
}

/* Tasks that wait for one of them find out by themselves what it means. */
static void member_requests_state(struct member_runtime *rt, const struct err *err)
{
        free(rt->requests_why);
        rt->requests_why = NULL;
        if (err != NULL && (rt->requests_why = malloc(sizeof(*err))) != NULL)
                *rt->requests_why = *err;
        engine_kick_member(rt->engine, rt->member);
}

static void watch_state(void *arg, enum reflector_state state, const struct err *err)
{
        struct member_watch *w = arg;

        w->state = state;
        if (is_of_health(w->kind))
                member_judge(w->rt, err);
        else
                member_requests_state(w->rt, err);
}

static const struct reflector_ops watch_ops = {
        .begin = watch_begin,
        .item = watch_item,
        .end = watch_end,
        .state = watch_state,
};

static void member_unwatch_kind(struct member_watch *w)
{
        reflector_free(w->reflector);
        w->reflector = NULL;
        w->state = REFLECTOR_STOPPED;
}

void member_unwatch(struct member_runtime *rt)
{
        for (int k = 0; k < VELERO_KINDS; k++)
                member_unwatch_kind(&rt->watches[k]);
}

/* What is not followed any more is not known any more. */
static void member_forget_kind(struct member_watch *w)
{
        struct member *c = w->rt->member;

        member_unwatch_kind(w);
        engine_write(w->rt->engine);
        track_sweep(w->rt->engine, c, w->kind, ++c->marks);
        c->synced[w->kind] = false;
}

int member_watch(struct member_runtime *rt, struct err *err)
{
        int r;

        for (int k = 0; k < VELERO_KINDS; k++) {
                struct member_watch *w = &rt->watches[k];
                _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);

                if (!member_follows(rt->member, k)) {
                        if (w->reflector != NULL)
                                member_forget_kind(w);
                        continue;
                }
                if (w->reflector != NULL) {
                        reflector_kick(w->reflector);
                        continue;
                }
                r = member_velero_path(rt->member, k, NULL, &path, err);
                if (r < 0)
                        return r;
                w->rt = rt;
                w->kind = k;
                r = reflector_new(&w->reflector, rt->client, path.data, NULL, &watch_ops, w, err);
                if (r < 0)
                        return r;
                if (rt->engine->options.relist_ms > 0)
                        reflector_set_relist(w->reflector, rt->engine->options.relist_ms);
                reflector_start(w->reflector);
        }
        return 0;
}

/* ---------------------------------------------------------------- life */

int member_start(struct engine *e, struct member *c, const struct fleetconf_member *conf, struct err *err)
{
        struct member_runtime *rt = calloc(1, sizeof(*rt));
        struct err why = ERR_INIT;
        int r;

        if (rt == NULL)
                return err_set(err, -ENOMEM, "start cluster %s", c->name);
        rt->engine = e;
        rt->member = c;
        c->runtime = rt;
        loop_timer_init(&rt->retry, member_probe, rt);
        memset(c->synced, 0, sizeof(c->synced));
        /* Whatever was known came over another connection. */
        member_set_health(c, MEMBER_UNKNOWN, NULL);
        if (conf->velero_namespace != NULL) {
                rt->configured_namespace = strdup(conf->velero_namespace);
                if (rt->configured_namespace == NULL)
                        return -ENOMEM;
        }
        if (conf->error != 0) {
                member_set_health(c, MEMBER_BROKEN, &conf->err);
                return 0;
        }
        r = kube_client_new(&rt->client, e->loop, e->http, conf->kube, &why);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                member_set_health(c, MEMBER_BROKEN, &why);
                return 0;
        }
        loop_timer_after(e->loop, &rt->retry, 0);
        return 0;
}

void member_stop(struct member *c)
{
        struct member_runtime *rt = c->runtime;
        struct list *l;

        if (rt == NULL)
                return;
        while ((l = list_first(&c->calls)) != NULL)
                task_detach(rt->engine, container_of(l, struct task, at_call));
        looks_stop(c);
        loop_timer_cancel(rt->engine->loop, &rt->retry);
        member_unwatch(rt);
        if (c->health == MEMBER_READY)
                c->seen = member_heard(c);
        kube_client_free(rt->client);
        free(rt->configured_namespace);
        free(rt->requests_why);
        free(rt);
        c->runtime = NULL;
}

bool member_ready(const struct member *c)
{
        return c->health == MEMBER_READY && c->alias_of[0] == '\0' && c->runtime != NULL && c->runtime->client != NULL;
}

int64_t member_ahead(const struct member *c)
{
        const struct kube_client *client = member_client(c);

        return client != NULL ? kube_client_ahead(client) : 0;
}

struct kube_client *member_client(const struct member *c)
{
        return c->runtime != NULL ? c->runtime->client : NULL;
}

void member_follow_requests(struct member *c)
{
        struct member_runtime *rt = c->runtime;
        struct err err = ERR_INIT;

        if (rt == NULL || rt->step != PROBE_DONE || rt->watches[VELERO_DELETE_REQUEST].reflector != NULL)
                return;
        if (member_watch(rt, &err) < 0)
                member_fail(rt, MEMBER_UNREACHABLE, &err);
}

int member_requests(const struct member *c, struct err *err)
{
        const struct member_runtime *rt = c->runtime;
        enum reflector_state state = rt != NULL ? rt->watches[VELERO_DELETE_REQUEST].state : REFLECTOR_STOPPED;
        bool fails = state == REFLECTOR_FORBIDDEN || state == REFLECTOR_ABSENT || state == REFLECTOR_FAILING;

        if (!fails && c->synced[VELERO_DELETE_REQUEST])
                return 0;
        if (fails && rt->requests_why != NULL)
                err_copy(err, rt->requests_why);
        else
                err_set(err, -EAGAIN, "the DeleteBackupRequests of %s are not known yet", c->name);
        /* Credentials that ended are of the cluster as a whole, and are said anew when they are renewed. */
        err->code = state == REFLECTOR_FORBIDDEN && err->code == -EPERM ? -EPERM : -EAGAIN;
        return err->code;
}

void member_forget_requests(struct member *c)
{
        struct err err = ERR_INIT;

        if (c->runtime != NULL && member_requests(c, &err) == -EPERM && !member_follows(c, VELERO_DELETE_REQUEST))
                member_forget_kind(&c->runtime->watches[VELERO_DELETE_REQUEST]);
}

void member_restart(struct member *c)
{
        struct member_runtime *rt = c->runtime;

        if (rt == NULL || rt->client == NULL)
                return;
        rt->step = PROBE_IDENTITY;
        member_set_health(c, MEMBER_UNKNOWN, NULL);
        loop_timer_after(rt->engine->loop, &rt->retry, 0);
}

void member_suspect(struct member *c)
{
        struct member_runtime *rt = c->runtime;
        struct err err = ERR_INIT;

        if (rt == NULL || rt->client == NULL)
                return;
        err_set(&err, -ETIMEDOUT, "this machine slept: not heard of since");
        rt->step = PROBE_IDENTITY;
        member_set_health(c, MEMBER_UNREACHABLE, &err);
        kube_client_drop_streams(rt->client);
        for (int k = 0; k < VELERO_KINDS; k++)
                if (rt->watches[k].reflector != NULL)
                        reflector_relist(rt->watches[k].reflector);
        loop_timer_after(rt->engine->loop, &rt->retry, 0);
}

/* ---------------------------------------------------------------- for tasks */

const struct velero_object *member_default_location(const struct member *c)
{
        const struct velero_object *v, *found = NULL;

        VELERO_EACH (v, &c->velero[VELERO_LOCATION])
                if (v->bsl->is_default && (found == NULL || v->bsl->created > found->bsl->created))
                        found = v;
        return found != NULL ? found : member_velero(c, VELERO_LOCATION, "default");
}

int member_location(const struct member *c, const char *name, const struct velero_bsl **ret, struct err *err)
{
        const struct velero_object *v;

        if (name != NULL && name[0] != '\0') {
                v = member_velero(c, VELERO_LOCATION, name);
                if (v == NULL) {
                        err_set(err, -ENOENT, "storage location \"%s\" does not exist", name);
                        return err_id(err, "FLT-0109");
                }
        } else {
                v = member_default_location(c);
                if (v == NULL) {
                        err_set(err, -ENOENT, "there is no default storage location");
                        return err_id(err, "FLT-0109");
                }
        }
        if (v->bsl->phase != VELERO_BSL_AVAILABLE) {
                err_set(err, -EBUSY, "storage location \"%s\" is %s%s%s", v->name,
                        v->bsl->phase_text[0] != '\0' ? v->bsl->phase_text : "not validated yet",
                        v->bsl->message[0] != '\0' ? ": " : "", v->bsl->message);
                return err_id(err, "FLT-0109");
        }
        if (strcmp(v->bsl->access_mode, "ReadOnly") == 0) {
                err_set(err, -EROFS, "storage location \"%s\" is ReadOnly", v->name);
                err_id(err, "FLT-0109");
                *ret = v->bsl;
                return -EROFS;
        }
        *ret = v->bsl;
        return 0;
}

const char *member_label(const struct member *c, const char *key)
{
        for (size_t i = 0; i < c->label_keys.n; i++)
                if (strcmp(c->label_keys.v[i], key) == 0)
                        return c->label_values.v[i];
        return NULL;
}
