/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/track.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"

/* ---------------------------------------------------------------- records */

static const char *record_decode_kind(enum velero_kind kind, const char *bytes, size_t len, void **ret, struct err *err)
{
        switch (kind) {
        case VELERO_BACKUP: {
                struct velero_backup *x;
                if (velero_backup_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_RESTORE: {
                struct velero_restore *x;
                if (velero_restore_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_SCHEDULE: {
                struct velero_schedule *x;
                if (velero_schedule_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_LOCATION: {
                struct velero_bsl *x;
                if (velero_bsl_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_DELETE_REQUEST: {
                struct velero_delete_request *x;
                if (velero_delete_request_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_KINDS:
                break;
        }
        return NULL;
}

/* What the labels of a Velero object say about where it belongs. */
struct belonging {
        const char *owner, *fleet, *kind, *policy, *run, *cluster_uid, *sub;
        enum task_verb verb;
};

static bool belonging_of(const struct velero_object *v, struct belonging *b)
{
        switch (v->kind) {
        case VELERO_BACKUP:
                *b = (struct belonging){ v->backup->owner, v->backup->fleet, v->backup->kind, v->backup->policy,
                        v->backup->run, v->backup->cluster_uid, v->backup->sub, TASK_BACKUP };
                break;
        case VELERO_RESTORE:
                *b = (struct belonging){ v->restore->owner, v->restore->fleet, v->restore->kind, v->restore->policy,
                        v->restore->run, v->restore->cluster_uid, v->restore->sub, TASK_RESTORE };
                break;
        case VELERO_SCHEDULE:
        case VELERO_LOCATION:
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                return false;
        }
        return b->owner[0] != '\0' && b->policy[0] != '\0' && b->run[0] != '\0' &&
               strcmp(b->fleet, v->member->fleet->name) == 0 && strcmp(b->cluster_uid, v->member->uid) == 0;
}

static int belonging_kind(const struct belonging *b)
{
        static const struct {
                const char *text;
                enum object_kind kind;
        } kinds[] = {
                { "backup", OBJECT_BACKUP },
                { "restore", OBJECT_RESTORE },
                { "migration", OBJECT_MIGRATION },
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].text, b->kind) == 0)
                        return (int)kinds[i].kind;
        return -ENOENT;
}

/* ---------------------------------------------------------------- objects that the store does not know */

/* The policy of somebody else's object is in an annotation of everything it made. */
static void track_adopt_policy(struct object *o, const char *bytes, size_t len)
{
        _cleanup_(freep) char *policy = NULL;
        size_t n = 0;
        struct policy_env env;

        if (o->own || o->in_force.bytes != NULL || velero_policy_annotation(bytes, len, &policy, &n, NULL) < 0)
                return;
        if (document_set(&o->in_force, policy, n, policy[0] == '{' ? "json" : "yaml", 0) < 0)
                return;
        if (op_policy_env(o->fleet, &env) < 0)
                return;
        env.schedules_supported = true;
        (void)policy_parse((enum policy_kind)o->kind, o->name, policy, n, &env, &o->policy, NULL);
        free((void *)env.clusters);
}

static struct object *track_object(struct engine *e, struct fleet *f, enum object_kind kind, const struct belonging *b)
{
        struct object *o = fleet_object(f, kind, b->policy);
        char name[sizeof(o->name)];

        if (o != NULL && strcmp(o->owner, b->owner) != 0) {
                /* Two stores use one name: the other one's shows under a name of its own. */
                snprintf(name, sizeof(name), "%.200s.%.6s", b->policy, b->owner);
                o = fleet_object(f, kind, name);
        } else {
                snprintf(name, sizeof(name), "%.255s", b->policy);
        }
        if (o != NULL)
                return o;
        o = fleet_add_object(f, kind, name);
        if (o == NULL)
                return NULL;
        snprintf(o->owner, sizeof(o->owner), "%.16s", b->owner);
        o->own = strcmp(o->owner, e->model.store_id) == 0;
        /* Ours, and yet not in the store: the policy was removed, its backups are still there. */
        o->removed = o->own;
        model_touch_object(o, true);
        return o;
}

static void track_tie(struct engine *e, struct velero_object *v, const char *bytes, size_t len)
{
        struct belonging b;
        struct object *o;
        struct run *r;
        struct task *t = NULL;
        int kind;
        int64_t created;

        v->owner_object = NULL;
        if (!belonging_of(v, &b) || (kind = belonging_kind(&b)) < 0)
                return;
        if (stamp_parse_run(b.run, &created, NULL) < 0)
                return;
        o = track_object(e, v->member->fleet, (enum object_kind)kind, &b);
        if (o == NULL)
                return;
        v->owner_object = o;
        track_adopt_policy(o, bytes, len);

        r = object_run(o, b.run);
        if (r == NULL) {
                r = object_add_run(o, b.run);
                if (r == NULL)
                        return;
                r->created = created;
                if ((uint64_t)created > o->last_run_s)
                        o->last_run_s = (uint64_t)created;
                model_touch_run(r, true);
        }
        for (size_t i = 0; i < r->n_tasks && t == NULL; i++) {
                struct task *x = r->tasks[i];
                if (x->verb == b.verb && strcmp(x->sub != NULL ? x->sub : "", b.sub) == 0 &&
                        (strcmp(x->uid, v->member->uid) == 0 || (x->uid[0] == '\0' && strcmp(x->member, v->member->name) == 0)))
                        t = x;
        }
        if (t == NULL) {
                t = run_add_task(r, b.verb, v->member->name);
                if (t == NULL)
                        return;
                snprintf(t->uid, sizeof(t->uid), "%s", v->member->uid);
                t->sub = b.sub[0] != '\0' ? strdup(b.sub) : NULL;
                t->state = TASK_POSTED;
                t->attempt = created;
                if (b.verb == TASK_RESTORE)
                        snprintf(t->backup_name, sizeof(t->backup_name), "%s", v->restore->backup_name);
        }
        /* Attempts of one task differ in their stamp only; the newest is the one that counts. */
        if (t->velero_name[0] == '\0' || (t->state != TASK_PENDING && strcmp(v->name, t->velero_name) > 0)) {
                snprintf(t->velero_name, sizeof(t->velero_name), "%s", v->name);
                if (t->state == TASK_PENDING)
                        t->state = TASK_POSTED;
        }
        if (strcmp(t->velero_name, v->name) == 0)
                task_refresh(e, t);
}

static struct task *track_task(const struct velero_object *v)
{
        const struct object *o = v->owner_object;
        struct belonging b;
        struct run *r;

        if (o == NULL || !belonging_of(v, &b) || (r = object_run(o, b.run)) == NULL)
                return NULL;
        for (size_t i = 0; i < r->n_tasks; i++)
                if (strcmp(r->tasks[i]->velero_name, v->name) == 0 && r->tasks[i]->verb == b.verb)
                        return r->tasks[i];
        return NULL;
}

/* ---------------------------------------------------------------- what comes and goes */

/* Restores and migrations may wait for a backup; tasks of any kind for a location. */
static void track_wake(struct engine *e, struct member *c, enum velero_kind kind)
{
        if (kind == VELERO_LOCATION || kind == VELERO_BACKUP)
                engine_kick_member(e, c);
}

static void track_remove(struct engine *e, struct velero_object *v)
{
        struct member *c = v->member;
        enum velero_kind kind = v->kind;
        struct object *o = v->owner_object;
        struct task *t = track_task(v);

        model_touch_velero(v, true);
        model_touch_member(c, false);
        member_remove_velero(v);
        if (t != NULL)
                task_object_gone(e, t);
        if (o != NULL)
                engine_object_shrunk(e, o);
        track_wake(e, c, kind);
}

void track_item(struct engine *e, struct member *c, enum velero_kind kind, bool deleted, const char *bytes, size_t len,
        uint64_t mark)
{
        void *record = NULL;
        struct err err = ERR_INIT;
        const char *name = record_decode_kind(kind, bytes, len, &record, &err);
        struct velero_object *v;

        if (name == NULL) {
                log_debug("object not understood", LOG_S("cluster", c->name), LOG_S("kind", velero_kind_plural(kind)),
                        LOG_ERR(&err));
                return;
        }
        v = member_velero(c, kind, name);
        if (deleted) {
                if (v != NULL)
                        track_remove(e, v);
                free(record);
                return;
        }
        if (v == NULL) {
                v = member_add_velero(c, kind, record, name);
                if (v == NULL) {
                        free(record);
                        return;
                }
                model_touch_velero(v, true);
        } else {
                member_replace_velero(v, record, name);
                model_touch_velero(v, false);
        }
        v->mark = mark;
        model_touch_member(c, false);
        track_tie(e, v, bytes, len);
        track_wake(e, c, kind);
}

void track_sweep(struct engine *e, struct member *c, enum velero_kind kind, uint64_t mark)
{
        struct velero_object *v, *tmp;

        HASH_ITER (hh, c->velero[kind], v, tmp)
                if (v->mark != mark)
                        track_remove(e, v);
}

void track_member_health(struct engine *e, struct member *c)
{
        struct object *o, *tmp;

        /* Every row that shows this cluster says now that it is stale, or is no longer. */
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, tmp) {
                        struct run *r = object_latest_run(o);
                        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                                if (strcmp(r->tasks[i]->member, c->name) == 0) {
                                        model_touch_task(r->tasks[i]);
                                        rollup_run(e, r);
                                }
                }
        rollup_fleet(e, c->fleet);
}
