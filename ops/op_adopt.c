/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `adopt`: what another store made becomes ours. The policy is taken from the annotation that its objects carry, and is
 * ours from then on; on each cluster the owner labels follow, by JSON Patch that tests the old owner, with the Schedules'
 * other marks (op_schedule.c) and for the Backups here: one TASK_ADOPT for each cluster, which stays until nothing on it
 * carries the old owner any more. Meanwhile both owners mean this object (object.adopted_from).
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

static const char *owner_of(const struct velero_object *v)
{
        switch (v->kind) {
        case VELERO_BACKUP:
                return v->backup->owner;
        case VELERO_SCHEDULE:
                return v->schedule->owner;
        case VELERO_RESTORE:
        case VELERO_LOCATION:
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                break;
        }
        return "";
}

/* Backups first; a Schedule alone is its own task's, which may be slower. */
static struct velero_object *adopt_next(const struct object *o, const struct member *c)
{
        struct velero_object *schedule = NULL;

        for (struct list *l = list_first(&o->velero); l != NULL; l = list_next(&o->velero, l)) {
                struct velero_object *v = container_of(l, struct velero_object, of_object);

                if (v->member != c || strcmp(owner_of(v), o->adopted_from) != 0)
                        continue;
                if (v->kind == VELERO_BACKUP)
                        return v;
                schedule = v;
        }
        return schedule;
}

/* May free the object. */
static void adopt_done(struct engine *e, struct task *t)
{
        struct object *o = t->run->object;
        bool last = true;

        for (size_t i = 0; i < o->standing->n_tasks; i++)
                last = last && (o->standing->tasks[i] == t || o->standing->tasks[i]->verb != TASK_ADOPT);
        engine_write(e);
        if (last) {
                o->adopted_from[0] = '\0';
                engine_event(e, "Adopted", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, NULL);
        }
        standing_drop(e, t);
}

static void adopt_patched(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* 404: gone; 409 and 422: no longer the old owner's, or another writer was faster. The watch tells. */
        if (reply->http_status == 404 || reply->http_status == 409 || reply->http_status == 422) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (reply->err != NULL) {
                task_refused(e, t, reply);
                return;
        }
        t->failures = 0;
        t->retry_at_ms = t->look_at_ms = loop_now(e->loop) + 50;
        task_kick(e, t);
}

static int adopt_patch(struct task *t, struct member *c, const struct velero_object *v, struct err *err)
{
        const struct object *o = t->run->object;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *label = "/metadata/labels/fleetfs.dev~1owner";
        json_t *patch = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s, s:s}]", "op", "test", "path", "/metadata/uid",
                "value", v->backup->uid, "op", "test", "path", label, "value", o->adopted_from, "op", "replace", "path", label,
                "value", o->owner);
        _cleanup_(freep) char *body = patch != NULL ? json_dumps(patch, JSON_COMPACT) : NULL;
        int r = member_velero_path(c, v->kind, v->name, &path, err);

        json_decref(patch);
        if (r < 0 || body == NULL)
                return r < 0 ? r : -ENOMEM;
        const struct kube_request rq = {
                .method = "PATCH",
                .path = path.data,
                .body = body,
                .body_len = strlen(body),
                .content_type = "application/json-patch+json",
                .retry = KUBE_RETRY_SAFE,
        };
        return task_call(t, c, &rq, adopt_patched, err);
}

void adopt_act(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_object *v;
        struct err err = ERR_INIT;

        if (t->state != TASK_PENDING || !c->synced[VELERO_BACKUP] || !c->synced[VELERO_SCHEDULE])
                return;
        v = adopt_next(t->run->object, c);
        if (v == NULL)
                adopt_done(e, t);
        else if (v->kind == VELERO_BACKUP && adopt_patch(t, c, v, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

/* ---------------------------------------------------------------- the other side */

/* What was posted stays as what the clusters show; what was not, is nobody's. */
static void yield_run(struct engine *e, struct run *r)
{
        for (size_t i = 0; i < r->n_tasks;) {
                struct task *t = r->tasks[i];

                task_close(e, t);
                if (t->verb == TASK_ADOPT || (t->verb == TASK_SCHEDULE && !t->sent)) {
                        run_remove_task(t);
                        continue;
                }
                t->unwanted = t->resend = t->doomed = false;
                if (t->sent) {
                        t->tracked = t->confirmed = true;
                        t->state = TASK_POSTED;
                }
                i++;
        }
        rollup_run(e, r);
}

static void yield_own(struct engine *e, struct object *o)
{
        struct err err = ERR_INIT;

        op_cancel(e, o);
        for (size_t i = 0; i < o->n_runs; i++)
                yield_run(e, o->runs[i]);
        if (o->standing != NULL)
                yield_run(e, o->standing);
        if (o->standing != NULL && o->standing->n_tasks == 0)
                object_remove_standing(o);
        o->own = o->removed = o->file_gone = o->paused = false;
        o->removal_at_ms = 0;
        document_done(&o->draft);
        o->draft_state = DRAFT_NONE;
        o->draft_err = (struct err)ERR_INIT;
        engine_forget(e, o);
        /* One that stays shows as the other store's after a restart, too: its owner is told by the clusters again. */
        if (object_delete(e, o, &err) < 0)
                engine_event(e, "RecordKept", o->fleet, "name", o->name, "message", err.msg, NULL);
}

void op_yield(struct engine *e, struct object *o, const char *owner)
{
        engine_write(e);
        if (o->own)
                yield_own(e, o);
        /* Until the last of its Velero objects has the new owner, both mean it. */
        memcpy(o->adopted_from, o->owner, sizeof(o->adopted_from));
        snprintf(o->owner, sizeof(o->owner), "%.16s", owner);
        engine_event(e, "HandedOver", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "owner", o->owner, NULL);
        rollup_object(e, o);
        model_touch_object(o, true);
}

/* ---------------------------------------------------------------- the verb */

static int adopt_may(const struct object *o, const char *arg, struct err *err)
{
        const struct list *l = list_first(&o->velero);
        const struct velero_object *v = l != NULL ? container_of(l, struct velero_object, of_object) : NULL;
        const char *name = v == NULL ? "" : v->kind == VELERO_BACKUP ? v->backup->policy : v->schedule->policy;

        if (arg[0] != '\0')
                return err_set(err, -EINVAL, "adopt takes no argument");
        if (o->own) {
                err_set(err, -EINVAL, "%s is this store's own", o->name);
                return -EINVAL;
        }
        if (o->in_force.bytes == NULL || o->policy == NULL) {
                err_set(err, -EINVAL, "the policy of %s cannot be read from its objects", o->name);
                err_remedy(err, "write it under a name of your own");
                return -EINVAL;
        }
        if (strcmp(name, o->name) != 0) {
                err_set(err, -EEXIST, "this store has a backup \"%s\" of its own", name);
                err_id(err, "FLT-0249");
                err_remedy(err, "remove that one first");
                return -EEXIST;
        }
        return 0;
}

int op_adopt(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = adopt_may(o, arg, err);
        struct member *c, *tmp;

        if (r < 0)
                return r;
        memcpy(o->adopted_from, o->owner, sizeof(o->adopted_from));
        snprintf(o->owner, sizeof(o->owner), "%s", e->model.store_id);
        o->own = true;
        o->removed = o->file_gone = false;
        o->created = clock_realtime();
        if (object_add_standing(o) == NULL)
                return err_set(err, -ENOMEM, "adopt %s", o->name);
        HASH_ITER (hh, o->fleet->members, c, tmp) {
                struct task *t = c->alias_of[0] == '\0' ? run_add_task(o->standing, TASK_ADOPT, c->name) : NULL;

                if (t == NULL)
                        continue;
                snprintf(t->uid, sizeof(t->uid), "%s", c->uid);
                task_open(e, t);
                task_refresh(e, t);
        }
        standing_follow(e, o, true);
        engine_dirty(e, o);
        rollup_object(e, o);
        model_touch_object(o, true);
        return 0;
}
