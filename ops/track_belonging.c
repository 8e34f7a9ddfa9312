/* SPDX-License-Identifier: Apache-2.0 */
/* track, belonging: the object, run and task that a Velero object's labels name, found or, where no record has them, made. */
#include "ops/track_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- labels */

bool belonging_of(const struct velero_object *v, struct belonging *b)
{
        switch (v->kind) {
        case VELERO_BACKUP:
                *b = (struct belonging){ v->backup->run[0] == '\0' && v->backup->schedule_name[0] != '\0',
                        v->backup->owner, v->backup->fleet, v->backup->kind, v->backup->policy, v->backup->run,
                        v->backup->cluster_uid, v->backup->sub, v->backup->spec_sha256, TASK_BACKUP };
                if (b->scheduled)
                        b->run = v->run;
                break;
        case VELERO_RESTORE:
                *b = (struct belonging){ false, v->restore->owner, v->restore->fleet, v->restore->kind, v->restore->policy,
                        v->restore->run, v->restore->cluster_uid, v->restore->sub, v->restore->spec_sha256, TASK_RESTORE };
                break;
        case VELERO_SCHEDULE:
                *b = (struct belonging){ true, v->schedule->owner, v->schedule->fleet, v->schedule->kind, v->schedule->policy,
                        "", v->schedule->cluster_uid, v->schedule->sub, v->schedule->spec_sha256, TASK_SCHEDULE };
                break;
        case VELERO_LOCATION:
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                return false;
        }
        return b->owner[0] != '\0' && b->policy[0] != '\0' && (b->run[0] != '\0' || b->scheduled) &&
               strcmp(b->fleet, v->member->fleet->name) == 0 && strcmp(b->cluster_uid, v->member->uid) == 0;
}

int belonging_kind(const struct belonging *b)
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

/* ---------------------------------------------------------------- objects */

static void track_set_policy(struct engine *e, struct object *o, const char *text, size_t len, int64_t at)
{
        struct policy *policy = NULL;
        struct policy_env env;

        if (op_policy_env(o->fleet, &env) < 0)
                return;
        if (document_set(&o->in_force, text, len, text[0] == '{' ? "json" : "yaml", at * NS_PER_SEC) == 0) {
                env.links = o->kind == OBJECT_MIGRATION;
                (void)policy_parse((enum policy_kind)o->kind, o->name, text, len, &env, &policy, NULL);
                policy_free(o->policy);
                o->policy = policy;
                o->rewarn = true;
                rollup_object(e, o);
                model_touch_object(o, true);
        }
        free((void *)env.clusters);
}

void track_adopt_policy(
        struct engine *e, struct object *o, int64_t created, bool schedule, const char *bytes, size_t len)
{
        int64_t at = created, written;
        _cleanup_(freep) char *text = NULL;
        size_t n = 0;

        if ((o->own && !e->model.store_read_only) || bytes == NULL || (!schedule && o->schedules_at != 0))
                return;
        if (schedule && (written = velero_written_at(bytes, len)) > at)
                at = written;
        if (schedule ? at < o->schedules_at : o->in_force.bytes != NULL && at * NS_PER_SEC <= o->in_force.mtime_ns)
                return;
        if (velero_policy_annotation(bytes, len, &text, &n, NULL) < 0)
                return;
        if (schedule)
                o->schedules_at = at;
        if (o->in_force.bytes == NULL || o->in_force.len != n || memcmp(o->in_force.bytes, text, n) != 0)
                track_set_policy(e, o, text, n, at);
}

struct object *track_find_own(const struct fleet *f, enum object_kind kind, const struct belonging *b)
{
        struct object *o = fleet_object(f, kind, b->policy), *x, *tmp;
        char safe[LIMIT_LABEL_VALUE + 1];

        if (kind != OBJECT_RESTORE || (o != NULL && object_run(o, b->run) != NULL))
                return o;
        HASH_ITER (hh, f->objects[kind], x, tmp) {
                if (strchr(x->name, '@') == NULL || object_run(x, b->run) == NULL)
                        continue;
                velero_label_safe(x->name, safe);
                if (strcmp(safe, b->policy) == 0 && strcmp(x->owner, b->owner) == 0)
                        return x;
        }
        return o;
}

struct object *track_object(struct engine *e, struct fleet *f, enum object_kind kind, const struct belonging *b)
{
        struct object *o = track_find_own(f, kind, b), *elsewhere;
        char name[sizeof(o->name)];

        if (o != NULL && object_owns(o, b->owner))
                return o;
        /* Two stores use one name: the other one's shows under a name of its own, and keeps it. */
        snprintf(name, sizeof(name), "%.200s.%.6s", b->policy, b->owner);
        elsewhere = fleet_object(f, kind, name);
        if (elsewhere != NULL && strcmp(elsewhere->owner, b->owner) == 0)
                return elsewhere;
        if (o == NULL)
                snprintf(name, sizeof(name), "%.255s", b->policy);
        else if (elsewhere != NULL)
                return NULL;
        o = fleet_add_object(f, kind, name);
        if (o == NULL)
                return NULL;
        snprintf(o->owner, sizeof(o->owner), "%.16s", b->owner);
        o->own = strcmp(o->owner, e->model.store_id) == 0;
        /* Ours, and yet not in the store: the policy was removed, its backups are still there. Where another mount writes
           the store, it may as well be newer than what was read of it. */
        o->removed = o->file_gone = o->own && !e->model.store_read_only;
        model_touch_object(o, true);
        return o;
}

/* ---------------------------------------------------------------- runs and tasks */

static bool task_is_of(const struct task *t, const struct member *c, const struct belonging *b)
{
        return t->verb == b->verb && strcmp(t->sub != NULL ? t->sub : "", b->sub) == 0 &&
               (strcmp(t->uid, c->uid) == 0 || (t->uid[0] == '\0' && strcmp(t->member, c->name) == 0));
}

struct task *track_find_task(const struct run *r, const struct member *c, const struct belonging *b)
{
        struct task *found = NULL;
        const char *uid;

        for (struct task *t = run_tasks_on(r, c->name); t != NULL; t = t->next_same)
                if (task_is_of(t, c, b))
                        return t;
        /* The cluster had another folder then. Interned texts are equal where they are the same: the run of a thousand
           clusters is looked through for each that is new to it. */
        uid = intern_ref(c->uid);
        for (size_t i = 0; i < r->n_tasks && found == NULL; i++)
                if (r->tasks[i]->uid == uid && strcmp(r->tasks[i]->member, c->name) != 0 && task_is_of(r->tasks[i], c, b))
                        found = r->tasks[i];
        intern_unref(uid);
        return found;
}

void track_note_time(struct object *o, int64_t at)
{
        if (at > (int64_t)o->last_run_s && at <= clock_realtime() + LIMIT_CLOCK_AHEAD_S)
                o->last_run_s = (uint64_t)at;
}

struct run *track_run(struct object *o, const char *id, int64_t created)
{
        struct run *r = object_run(o, id);

        if (r != NULL)
                return r;
        r = object_add_run(o, id);
        if (r == NULL)
                return NULL;
        r->created = created;
        track_note_time(o, created);
        o->rewarn = true;
        model_touch_run(r, true);
        model_touch_object(o, true);
        return r;
}

struct task *track_add_task(struct run *r, const struct velero_object *v, const struct belonging *b)
{
        struct task *t = run_add_task(r, b->verb, v->member->name);

        if (t == NULL)
                return NULL;
        (void)intern_set(&t->uid, v->member->uid);
        t->sub = b->sub[0] != '\0' ? strdup(b->sub) : NULL;
        t->state = TASK_POSTED;
        t->attempt = r->created;
        t->tracked = true;
        if (b->verb == TASK_RESTORE)
                (void)intern_set(&t->backup_name, v->restore->backup_name);
        model_touch_run(r, true);
        return t;
}
