/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task, asking clusters: requests that end with their task or their cluster, and the POST of a task's Velero object.
 */
#include <assert.h>
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
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/policy.h"
#include "ops/task.h"
#include "ops/task_private.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- one request at a time */

int task_call(struct task *t, struct member *c, const struct kube_request *rq, kube_done_fn *done, struct err *err)
{
        int r;

        assert(t->call == 0);
        if (member_client(c) == NULL)
                return err_set(err, -EHOSTUNREACH, "cluster %s is not connected", c->name);
        r = kube_call(member_client(c), rq, done, t, &t->call, err);
        if (r < 0)
                return r;
        t->call_at = c;
        list_append(&c->calls, &t->at_call);
        return 0;
}

void task_call_forget(struct task *t)
{
        t->call = 0;
        t->call_at = NULL;
        list_remove(&t->at_call);
}

struct engine *task_call_done(struct task *t)
{
        struct engine *e = engine_of_task(t);

        task_call_forget(t);
        engine_write(e);
        return e;
}

void task_detach(struct engine *e, struct task *t)
{
        task_call_forget(t);
        t->look_at_ms = 0;
        json_decref(t->volumes);
        t->volumes = NULL;
        task_kick(e, t);
}

void task_refused(struct engine *e, struct task *t, const struct kube_reply *reply)
{
        struct err err = ERR_INIT;

        switch (reply->http_status) {
        case 400:
        case 403:
        case 405:
        case 413:
        case 422:
                err_copy(&err, reply->err);
                /* A field that the cluster's Velero does not have yet. */
                err_id(&err, strstr(err.msg, "unknown field") != NULL ? "FLT-0115" : "FLT-0404");
                task_set_state(e, t, TASK_REJECTED, &err);
                return;
        default:
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        }
}

/* ---------------------------------------------------------------- the POST */

static const char *task_object_text(const struct task *t)
{
        static const char *const texts[] = {
                [TASK_BACKUP] = "Backup", [TASK_RESTORE] = "Restore", [TASK_SCHEDULE] = "Schedule", [TASK_ADOPT] = "",
        };

        return texts[t->verb];
}

static void task_posted(struct engine *e, struct task *t)
{
        t->failures = 0;
        t->given_up = false;
        t->posted_at_ms = loop_now(e->loop);
        if (t->posting_sha256[0] != '\0')
                (void)intern_set(&t->spec_sha256, t->posting_sha256);
        task_set_state(e, t, TASK_POSTED, NULL);
}

/* 0: an object of ours with a spec that we (may) have sent. -ESTALE: a Schedule of ours with another one, which is to be
   changed: also with one that was sent before the policy was edited, for what a Schedule has is not decided once. -EEXIST: not ours. -EBADMSG: no object at all. */
static int task_compare(const struct task *t, const struct kube_reply *reply)
{
        json_t *doc = json_loadb(reply->body, reply->len, 0, NULL);
        const char *owner = "", *sha = "", *name = "";
        int r = -EEXIST;

        if (doc == NULL || json_unpack(doc, "{s:{s:s, s?{s?s}, s?{s?s}}}", "metadata", "name", &name, "labels",
                                   VELERO_LABEL_OWNER, &owner, "annotations", VELERO_ANNOTATION_SPEC, &sha) < 0)
                r = -EBADMSG;
        else if (strcmp(owner, t->run->object->owner) == 0 && sha[0] != '\0' &&
                 (strcmp(sha, t->posting_sha256) == 0 || (t->verb != TASK_SCHEDULE && strcmp(sha, t->spec_sha256) == 0)))
                r = 0;
        else if (strcmp(owner, t->run->object->owner) == 0 && t->verb == TASK_SCHEDULE)
                r = -ESTALE;
        json_decref(doc);
        return r;
}

/* The watch has not brought it yet: when it does, task_shown(). */
static void task_stale(struct engine *e, struct task *t)
{
        struct err err = ERR_INIT;

        err_set(&err, -ESTALE, "%s %s is on %s as it was before, and does not show yet", task_object_text(t), t->velero_name,
                t->member);
        task_retry_later(e, t, &err, 0);
}

static void task_conflict(struct engine *e, struct task *t)
{
        struct err err = ERR_INIT;

        err_set(&err, -EEXIST, "%s %s exists on %s and was not made by this object", task_object_text(t), t->velero_name,
                t->member);
        err_id(&err, "FLT-0403");
        task_set_state(e, t, TASK_CONFLICT, &err);
}

static void task_unreadable(struct engine *e, struct task *t)
{
        struct err err = ERR_INIT;

        err_set(&err, -EBADMSG, "the answer for %s %s is not the object", task_object_text(t), t->velero_name);
        task_retry_later(e, t, &err, 0);
}

static void task_compared(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        int r;

        if (t->state != TASK_PENDING)
                return;
        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        r = task_compare(t, reply);
        if (r == 0)
                task_posted(e, t);
        else if (r == -EEXIST)
                task_conflict(e, t);
        else if (r == -ESTALE)
                task_stale(e, t);
        else
                task_unreadable(e, t);
}

static int task_get(struct task *t, struct member *c, kube_done_fn *done, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, task_velero_kind(t), t->velero_name, &path, err);
        const struct kube_request get = { .path = path.data };

        return r < 0 ? r : task_call(t, c, &get, done, err);
}

static void task_answered(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;

        /* The watch was faster. */
        if (t->state != TASK_PENDING)
                return;
        if (reply->err == NULL)
                task_posted(e, t);
        else if (reply->http_status != 409 || strcmp(reply->reason, "AlreadyExists") != 0)
                task_refused(e, t, reply);
        else if (task_get(t, c, task_compared, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

json_t *task_document(const struct task *t, const struct member *c, const char *kind, json_t *spec, struct err *err)
{
        const struct object *o = t->run->object;
        const struct velero_identity id = task_identity(t, c);
        char sha[VELERO_SHA256_HEX + 1];
        const struct velero_meta m = {
                .id = &id,
                .name = t->velero_name,
                .run = t->run->created,
                .spec_sha256 = sha,
                .policy = o->in_force.bytes,
                .policy_len = o->in_force.len,
                .extra = policy_metadata(o->policy),
        };
        json_t *meta = NULL;
        int r = velero_spec_sha256(spec, sha);

        if (r < 0)
                err_set(err, r, "put %s %s into words", kind, t->velero_name);
        else
                r = velero_meta_json(&m, &meta, err);
        if (r < 0) {
                json_decref(spec);
                return NULL;
        }
        return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "velero.io/v1", "kind", kind, "metadata", meta, "spec", spec);
}

void task_reject(struct engine *e, struct task *t, struct err *err)
{
        if (err->id[0] == '\0')
                err_id(err, "FLT-0404");
        task_set_state(e, t, TASK_REJECTED, err);
}

void task_post(struct engine *e, struct task *t, struct member *c, json_t *object)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) char *body = json_dumps(object, JSON_COMPACT);
        struct err err = ERR_INIT;
        const char *sha = "";
        int r = -ENOMEM;

        json_unpack(object, "{s:{s?{s?s}}}", "metadata", "annotations", VELERO_ANNOTATION_SPEC, &sha);
        if (!t->sent) {
                (void)intern_set(&t->spec_sha256, sha);
                json_decref(object);
                t->sent = true;
                engine_dirty(e, t->run->object);
                task_kick(e, t);
                return;
        }
        (void)intern_set(&t->posting_sha256, sha);
        json_decref(object);
        if (body != NULL)
                r = member_velero_path(c, task_velero_kind(t), NULL, &path, &err);
        if (r == 0) {
                const struct kube_request rq = {
                        .method = "POST",
                        .path = path.data,
                        .query = "fieldValidation=Strict",
                        .body = body,
                        .body_len = strlen(body),
                        .retry = KUBE_RETRY_UNSENT,
                };
                r = task_call(t, c, &rq, task_answered, &err);
        }
        if (r < 0) {
                err_wrap(&err, r, "create %s %s", task_object_text(t), t->velero_name);
                task_retry_later(e, t, &err, 0);
        }
}

/* ---------------------------------------------------------------- given up */

/* It is clear that it was not posted. May free the task. */
static void task_cancelled(struct engine *e, struct task *t)
{
        struct err why = ERR_INIT;

        err_set(&why, -ECANCELED, "given up before it was posted: a newer run, or the removal of the policy, came first");
        err_id(&why, "FLT-0405");
        t->given_up = false;
        task_set_state(e, t, TASK_CANCELLED, &why);
        if (t->run->object->removed)
                engine_object_shrunk(e, t->run->object); /* may free all of it */
}

static void task_verified(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        if (t->state != TASK_PENDING)
                return;
        if (reply->err == NULL && task_compare(t, reply) == 0) {
                task_posted(e, t);
                return;
        }
        if (reply->err != NULL && reply->http_status != 404) {
                t->retry_at_ms = 0;
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        task_cancelled(e, t);
}

void task_verify(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;

        /* Only a step before the POST was under way when it was given up. */
        if (!t->sent) {
                task_cancelled(e, t);
                return;
        }
        (void)intern_set(&t->posting_sha256, "");
        if (task_get(t, c, task_verified, &err) < 0)
                task_retry_later(e, t, &err, 0);
}
