/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `adopt`: what another store made becomes ours. The policy is taken from the annotation that its objects carry, and is
 * ours from then on; on each cluster the owner labels follow, by JSON Patch that tests the old owner, with the Schedules'
 * other marks (op_schedule.c) and for the Backups and their locations here: one TASK_ADOPT for each cluster, which stays until nothing on it
 * carries the old owner any more. Meanwhile both owners mean this object (object.adopted_from). What another store took of
 * ours on some clusters (op_yield.c) is taken back the same way.
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
#include "ops/location.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

/* A location that the policy needs goes with it, so that who has the policy may change and remove that, too. */
static bool is_left(const struct object *o, const struct member *c, const struct velero_object *v)
{
        if (v->kind == VELERO_LOCATION)
                return v->bsl->deletion == 0 && strcmp(v->bsl->owner, o->adopted_from) == 0 && location_is_of(o, c, v->bsl);
        return v->owner_object == o && strcmp(velero_owner(v), o->adopted_from) == 0;
}

/* How long one that was asked for is left alone: its watch tells, or something was in the way. The pause doubles. */
enum { ADOPT_PAUSE_MS = 2000, ADOPT_DOUBLINGS = 5 };

static bool is_asked(const struct velero_object *v, int64_t now)
{
        const struct velero_more *m = v->more;
        unsigned n = m == NULL ? 0 : m->asked_times < ADOPT_DOUBLINGS ? m->asked_times : ADOPT_DOUBLINGS;

        return n > 0 && now - m->asked_ms < (int64_t)ADOPT_PAUSE_MS << (n - 1);
}

/* The next Backup or location to ask for. NULL with *left: there are some, which were asked for; or Schedules, each its own
   task's. Locations come last: which are needed the Backups say. */
static struct velero_object *adopt_next(const struct object *o, const struct member *c, int64_t now, bool *left)
{
        static const enum velero_kind kinds[] = { VELERO_BACKUP, VELERO_LOCATION };
        struct velero_object *v;

        *left = false;
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                VELERO_EACH (v, &c->velero[kinds[i]])
                        if (is_left(o, c, v)) {
                                *left = true;
                                if (!is_asked(v, now))
                                        return v;
                        }
        VELERO_EACH (v, &c->velero[VELERO_SCHEDULE])
                *left = *left || is_left(o, c, v);
        return NULL;
}

static bool adopt_knows(const struct member *c)
{
        return c->synced[VELERO_BACKUP] && c->synced[VELERO_SCHEDULE] && c->synced[VELERO_LOCATION];
}

static struct task *adopt_task(const struct object *o, const struct member *c)
{
        struct task *t = o->standing != NULL ? run_tasks_on(o->standing, c->name) : NULL;

        while (t != NULL && t->verb != TASK_ADOPT)
                t = t->next_same;
        return t;
}

static bool adopt_goes_on(const struct object *o)
{
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (o->standing->tasks[i]->verb == TASK_ADOPT)
                        return true;
        return false;
}

static void adopt_end(struct engine *e, struct object *o)
{
        o->adopted_from[0] = '\0';
        engine_dirty(e, o);
        engine_event(e, "Adopted", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, NULL);
}

static void adopt_add(struct engine *e, struct object *o, const struct member *c)
{
        struct run *r = object_add_standing(o);
        struct task *t = r != NULL ? run_add_task(r, TASK_ADOPT, c->name) : NULL;

        if (t == NULL)
                return;
        (void)intern_set(&t->uid, c->uid);
        engine_dirty(e, o);
        task_open(e, t);
        task_refresh(e, t);
}

void adopt_follow(struct engine *e, struct object *o)
{
        struct member *c, *tmp;
        bool left;

        if (!o->own || o->removed || o->adopted_from[0] == '\0')
                return;
        engine_write(e);
        HASH_ITER (hh, o->fleet->members, c, tmp) {
                if (c->alias_of[0] != '\0' || adopt_task(o, c) != NULL)
                        continue;
                (void)adopt_next(o, c, 0, &left);
                if (left || !adopt_knows(c) || !member_ready(c))
                        adopt_add(e, o, c);
        }
        if (!adopt_goes_on(o))
                adopt_end(e, o);
}

void adopt_wake(struct engine *e, const struct object *o, const struct member *c)
{
        struct task *t = o->own && o->adopted_from[0] != '\0' ? adopt_task(o, c) : NULL;

        if (t != NULL)
                task_kick(e, t);
}

/* May free the object. */
static void adopt_done(struct engine *e, struct task *t)
{
        struct object *o = t->run->object;
        bool last = true;

        for (size_t i = 0; i < o->standing->n_tasks; i++)
                last = last && (o->standing->tasks[i] == t || o->standing->tasks[i]->verb != TASK_ADOPT);
        engine_write(e);
        if (last)
                adopt_end(e, o);
        standing_drop(e, t);
}

static void adopt_patched(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* 404: gone; 409 and 422: no longer the old owner's, or another writer was faster: the watch tells, and nothing of it
           is a reason to wait with the others. What else fails may be granted: the wish stays. */
        if (reply->err != NULL && reply->http_status != 404 && reply->http_status != 409 && reply->http_status != 422) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        t->failures = 0;
        task_wait_for(e, t, reply->err);
        task_kick(e, t);
}

static int adopt_patch(struct task *t, struct member *c, const struct velero_object *v, struct err *err)
{
        const struct object *o = t->run->object;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *label = "/metadata/labels/fleetfs.dev~1owner";
        json_t *patch = json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s, s:s}]", "op", "test", "path", "/metadata/uid",
                "value", v->kind == VELERO_BACKUP ? v->backup->uid : v->bsl->uid, "op", "test", "path", label, "value", o->adopted_from, "op", "replace", "path", label,
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
        int64_t now = loop_now(e->loop);
        struct velero_object *v;
        struct velero_more *asked;
        struct err err = ERR_INIT;
        bool left;

        if (t->state != TASK_PENDING || !adopt_knows(c))
                return;
        v = adopt_next(t->run->object, c, now, &left);
        if (!left) {
                adopt_done(e, t);
                return;
        }
        if (v == NULL || (asked = velero_more(v)) == NULL)
                return;
        asked->asked_ms = now;
        asked->asked_times++;
        if (adopt_patch(t, c, v, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

/* ---------------------------------------------------------------- the verb */

/* The store that has taken something of ours; NULL: none. */
static const char *taker_of(const struct object *o)
{
        struct list *l, *tmp;

        LIST_EACH (&o->velero, l, tmp) {
                const char *owner = velero_owner(container_of(l, struct velero_object, of_object));

                if (!object_owns(o, owner))
                        return owner;
        }
        return NULL;
}

static int adopt_may_again(const struct object *o, struct err *err)
{
        if (taker_of(o) != NULL && o->adopted_from[0] == '\0' && !o->removed)
                return 0;
        if (taker_of(o) != NULL && !o->removed) {
                err_set(err, -EBUSY, "%s is being adopted already", o->name);
                err_remedy(err, "wait until that is done; its status says what it waits for");
                return -EBUSY;
        }
        err_set(err, -EINVAL, "%s is this store's own", o->name);
        return -EINVAL;
}

static int adopt_may(const struct object *o, const char *arg, struct err *err)
{
        const struct list *l = list_first(&o->velero);
        const struct velero_object *v = l != NULL ? container_of(l, struct velero_object, of_object) : NULL;
        const char *name = v == NULL ? "" : v->kind == VELERO_BACKUP ? v->backup->policy : v->schedule->policy;

        if (arg[0] != '\0')
                return err_set(err, -EINVAL, "adopt takes no argument");
        if (o->own)
                return adopt_may_again(o, err);
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

/* Ours all the time, but for some clusters. */
static void adopt_back(struct engine *e, struct object *o)
{
        snprintf(o->adopted_from, sizeof(o->adopted_from), "%.16s", taker_of(o));
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (o->standing->tasks[i]->verb == TASK_SCHEDULE && o->standing->tasks[i]->state == TASK_CONFLICT)
                        o->standing->tasks[i]->resend = true;
        (void)standing_retry(e, o);
        adopt_follow(e, o);
        engine_dirty(e, o);
        rollup_object(e, o);
        model_touch_object(o, true);
}

int op_adopt(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = adopt_may(o, arg, err);

        if (r < 0)
                return r;
        if (o->own) {
                adopt_back(e, o);
                return 0;
        }
        memcpy(o->adopted_from, o->owner, sizeof(o->adopted_from));
        snprintf(o->owner, sizeof(o->owner), "%s", e->model.store_id);
        o->own = true;
        o->removed = o->file_gone = false;
        o->created = clock_realtime();
        adopt_follow(e, o);
        standing_follow(e, o, true);
        engine_dirty(e, o);
        rollup_object(e, o);
        model_touch_object(o, true);
        return 0;
}
