/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TASK_SCHEDULE does on its cluster: makes the Velero Schedule, changes it in place, removes it. Whose a Schedule is
 * all its identity's labels say together, not the store's alone.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/schedule_private.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- changing it in place */

static void schedule_in_force(struct engine *e, struct task *t, const char *digest)
{
        engine_write(e);
        /* That it was asked for is durable. That it is there need not be at once: a PATCH that a crash makes us repeat
           changes nothing, and a thousand clusters answer one by one, each of which would store all of them. */
        if (!t->sent)
                engine_dirty(e, t->run->object);
        (void)intern_set(&t->spec_sha256, digest);
        t->sent = true;
        t->resend = false;
        t->failures = 0;
        task_set_state(e, t, TASK_POSTED, NULL);
}

static bool schedule_is_ours(const struct task *t, const struct member *c, const struct velero_schedule *there)
{
        const struct object *o = t->run->object;
        char policy[LIMIT_LABEL_VALUE + 1];

        velero_label_safe(o->name, policy);
        return object_owns(o, there->owner) && strcmp(there->fleet, o->fleet->name) == 0 &&
               strcmp(there->kind, task_kind_text(t)) == 0 && strcmp(there->policy, policy) == 0 &&
               strcmp(there->cluster_uid, c->uid) == 0;
}

static void schedule_conflict(struct engine *e, struct task *t, const struct velero_schedule *there)
{
        const char *owner = there->owner;
        struct err err = ERR_INIT;

        if (object_owns(t->run->object, owner))
                err_set(&err, -EEXIST, "Schedule %s exists on %s, and its labels do not say that it is this policy's there: "
                        "fleet \"%s\", kind \"%s\", name \"%s\", cluster-uid \"%s\"", t->velero_name, t->member,
                        there->fleet, there->kind, there->policy, there->cluster_uid);
        else if (owner[0] != '\0')
                err_set(&err, -EEXIST, "Schedule %s exists on %s and says that it is store %s's: that one has taken it over, or "
                        "somebody wrote its label", t->velero_name, t->member, owner);
        else
                err_set(&err, -EEXIST, "Schedule %s exists on %s and was not made by fleetfs, or its labels were removed",
                        t->velero_name, t->member);
        err_id(&err, owner[0] != '\0' && !object_owns(t->run->object, owner) ? "FLT-0319" : "FLT-0403");
        task_set_state(e, t, TASK_CONFLICT, &err);
}

bool schedule_is_taken(struct engine *e, struct task *t, const struct velero_schedule *there)
{
        bool owned = object_owns(t->run->object, there->owner);

        if (!t->run->object->own)
                return !owned;
        if (owned && t->state == TASK_CONFLICT && !t->unwanted)
                standing_again(e, t);
        if (owned || t->state == TASK_CONFLICT)
                return false;
        if (!t->unwanted) {
                task_close(e, t);
                schedule_conflict(e, t, there);
                engine_dirty(e, t->run->object);
        }
        return true;
}

/* Whose it is now. What is still ours was patched as an older watch event showed it: the next one is waited for. */
static void schedule_judged(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        const struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        struct err err = ERR_INIT;

        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (velero_schedule_decode(reply->body, reply->len, &there, &err) < 0) {
                task_retry_later(e, t, &err, 0);
                return;
        }
        if (!schedule_is_ours(t, c, there)) {
                schedule_conflict(e, t, there);
        } else {
                err_set(&err, -ESTALE, "Schedule %s on %s was changed meanwhile", t->velero_name, t->member);
                task_retry_later(e, t, &err, 0);
        }
        free(there);
}

static int schedule_get(struct task *t, struct member *c, kube_done_fn *done, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, err);
        const struct kube_request get = { .path = path.data };

        return r < 0 ? r : task_call(t, c, &get, done, err);
}

/* A `test` failed, or another writer was faster. Kubernetes does not say that it was a `test` (measured): it refuses the
   whole patch in these words, and what it finds wrong with an object in others. */
static bool is_overtaken(const struct kube_reply *reply)
{
        return reply->http_status == 409 ||
               (reply->http_status == 422 && strstr(reply->err->msg, "rejected our request due to an error") != NULL);
}

static void schedule_patched(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;

        if (reply->err == NULL) {
                t->attempt = clock_realtime();
                t->posted_at_ms = loop_now(e->loop);
                t->confirmed = false;
                schedule_in_force(e, t, t->posting_sha256);
        } else if (is_overtaken(reply)) {
                if (schedule_get(t, c, schedule_judged, &err) < 0)
                        task_retry_later(e, t, &err, 0);
        } else if (reply->http_status == 404) {
                /* It is gone: the watch says so. */
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        } else {
                task_refused(e, t, reply);
        }
}

static void schedule_patch(struct engine *e, struct task *t, struct member *c, const struct schedule_desired *d,
        const struct velero_schedule *there, const char *bare_version)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        json_t *patch = schedule_patch_of(d, there, bare_version);
        _cleanup_(freep) char *body = patch != NULL ? json_dumps(patch, JSON_COMPACT) : NULL;
        struct err err = ERR_INIT;
        int r = body != NULL ? member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, &err) : -ENOMEM;

        json_decref(patch);
        (void)intern_set(&t->posting_sha256, d->digest);
        if (r == 0) {
                const struct kube_request rq = {
                        .method = "PATCH",
                        .path = path.data,
                        .query = "fieldValidation=Strict",
                        .body = body,
                        .body_len = strlen(body),
                        .content_type = "application/json-patch+json",
                        .retry = KUBE_RETRY_SAFE,
                };
                r = task_call(t, c, &rq, schedule_patched, &err);
        }
        if (r < 0) {
                err_wrap(&err, r, "change Schedule %s", t->velero_name);
                task_retry_later(e, t, &err, 0);
        }
}

/* Our annotations are gone from it: whether all are, the watch's record does not say, and the cluster does. */
static void schedule_stripped(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        json_t *doc = NULL, *annotations = NULL;
        const char *version = NULL;
        struct schedule_desired d = { .meta = NULL };
        struct err err = ERR_INIT;

        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (t->unwanted || t->state != TASK_PENDING || t->run->object->policy == NULL) {
                task_kick(e, t);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        if (doc == NULL || velero_schedule_decode(reply->body, reply->len, &there, &err) < 0 ||
                json_unpack(doc, "{s:{s:s, s?o}}", "metadata", "resourceVersion", &version, "annotations", &annotations) < 0) {
                err_set(&err, -EBADMSG, "the answer for Schedule %s is not the object", t->velero_name);
                task_retry_later(e, t, &err, 0);
        } else if (!schedule_is_ours(t, c, there)) {
                schedule_conflict(e, t, there);
        } else if (schedule_desired_of(t, c, &d, &err) < 0) {
                task_retry_later(e, t, &err, 0);
        } else {
                schedule_patch(e, t, c, &d, there, json_is_object(annotations) ? NULL : version);
        }
        schedule_desired_done(&d);
        free(there);
        json_decref(doc);
}

static void schedule_change(struct engine *e, struct task *t, struct member *c, const struct schedule_desired *d,
        const struct velero_schedule *there)
{
        struct err err = ERR_INIT;

        if (there->spec_sha256[0] != '\0')
                schedule_patch(e, t, c, d, there, NULL);
        else if (schedule_get(t, c, schedule_stripped, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

/* ---------------------------------------------------------------- making it */

static void schedule_make(struct engine *e, struct task *t, struct member *c, struct schedule_desired *d)
{
        json_t *doc = json_pack("{s:s, s:s, s:O, s:O}", "apiVersion", "velero.io/v1", "kind", "Schedule", "metadata",
                d->meta, "spec", d->spec);
        struct err err = ERR_INIT;

        if (doc == NULL) {
                err_set(&err, -ENOMEM, "make Schedule %s", t->velero_name);
                task_retry_later(e, t, &err, 0);
                return;
        }
        t->attempt = clock_realtime();
        t->confirmed = false;
        t->resend = false;
        task_post(e, t, c, doc);
}

static void schedule_owe(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_object *v;
        struct schedule_desired d;
        struct err err = ERR_INIT;

        if (!op_prepare(e, t, c))
                return;
        if (schedule_desired_of(t, c, &d, &err) < 0) {
                task_reject(e, t, &err);
                return;
        }
        v = member_velero(c, VELERO_SCHEDULE, t->velero_name);
        if (v == NULL)
                schedule_make(e, t, c, &d);
        else if (!schedule_is_ours(t, c, v->schedule))
                schedule_conflict(e, t, v->schedule);
        else if (!t->resend && velero_digest(v) != NULL && strcmp(velero_digest(v), d.digest) == 0 &&
                 strcmp(v->schedule->spec_sha256, d.digest) == 0)
                schedule_in_force(e, t, d.digest);
        else
                schedule_change(e, t, c, &d, v->schedule);
        schedule_desired_done(&d);
}

/* ---------------------------------------------------------------- removing it */

static void schedule_gone(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        if (reply->err == NULL || reply->http_status == 404)
                standing_drop(e, t); /* may free all of it */
        else
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
}

static int schedule_delete(struct task *t, struct member *c, const char *uid, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), body = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, err);

        if (r == 0)
                r = kube_delete_options(&body, uid);
        if (r < 0)
                return r;
        const struct kube_request rq = {
                .method = "DELETE",
                .path = path.data,
                .body = body.data,
                .body_len = body.len,
                .retry = KUBE_RETRY_SAFE,
        };
        return task_call(t, c, &rq, schedule_gone, err);
}

/* What the cluster has under the name decides, not what the watch showed last: a POST of ours may just have arrived. */
static void schedule_looked_at(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        struct err err = ERR_INIT;

        if (reply->err != NULL && reply->http_status != 404) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (reply->err == NULL && velero_schedule_decode(reply->body, reply->len, &there, &err) < 0) {
                task_retry_later(e, t, &err, 0);
                return;
        }
        if (there == NULL || !schedule_is_ours(t, c, there))
                standing_drop(e, t);
        else if (schedule_delete(t, c, there->uid, &err) < 0)
                task_retry_later(e, t, &err, 0);
        free(there);
}

static void schedule_remove(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;

        if (t->velero_name[0] == '\0')
                standing_drop(e, t);
        else if (schedule_get(t, c, schedule_looked_at, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

void schedule_act(struct engine *e, struct task *t, struct member *c)
{
        if (t->unwanted)
                schedule_remove(e, t, c);
        else if (t->state == TASK_PENDING)
                schedule_owe(e, t, c);
}
