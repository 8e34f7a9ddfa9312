/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/engine.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"

const struct op_type *op_type_of(enum object_kind kind)
{
        static const struct op_type *const types[OBJECT_KINDS] = {
                [OBJECT_BACKUP] = &op_backup,
                [OBJECT_RESTORE] = &op_restore,
                [OBJECT_MIGRATION] = &op_migration,
        };

        return types[kind];
}

void op_task_act(struct engine *e, struct task *t, struct member *c)
{
        if (t->verb == TASK_BACKUP)
                backup_act(e, t, c);
        else if (t->run->object->kind == OBJECT_MIGRATION)
                migrate_target_act(e, t, c);
        else
                restore_act(e, t, c);
}

int64_t op_next_run(struct engine *e, struct object *o)
{
        int64_t now = clock_realtime();

        if (now <= (int64_t)o->last_run_s)
                now = (int64_t)o->last_run_s + 1;
        o->last_run_s = (uint64_t)now;
        engine_dirty(e, o);
        return now;
}

static const char *op_label(void *userdata, const char *cluster, const char *key)
{
        const struct fleet *f = userdata;
        const struct member *c = fleet_member(f, cluster);

        return c != NULL ? member_label(c, key) : NULL;
}

int op_policy_env(const struct fleet *f, struct policy_env *ret)
{
        size_t n = HASH_COUNT(f->members);
        const char **names = calloc(n + 1, sizeof(*names));
        struct member *c, *tmp;
        size_t i = 0;

        if (names == NULL)
                return -ENOMEM;
        HASH_ITER (hh, f->members, c, tmp)
                names[i++] = c->name;
        *ret = (struct policy_env){
                .fleet = f->name,
                .clusters = names,
                .n_clusters = n,
                .label = op_label,
                .userdata = (void *)f,
        };
        return 0;
}

int op_select(const struct fleet *f, const struct policy *p, size_t sub, struct member ***ret, size_t *n)
{
        struct member **list = calloc(HASH_COUNT(f->members) + 1, sizeof(*list));
        struct member *c, *tmp;

        if (list == NULL)
                return -ENOMEM;
        *n = 0;
        HASH_ITER (hh, f->members, c, tmp) {
                struct member *real = c->alias_of[0] != '\0' ? fleet_member(f, c->alias_of) : c;
                bool known = real == NULL ||
                             !policy_selects(&p->subs[sub].destination, c->name, op_label, (void *)f);

                for (size_t i = 0; i < *n && !known; i++)
                        known = list[i] == real;
                if (!known)
                        list[(*n)++] = real;
        }
        *ret = list;
        return 0;
}

static void op_give_up(struct engine *e, struct run *r, const char *why)
{
        struct err err = ERR_INIT;

        err_set(&err, -ECANCELED, "%s", why);
        err_id(&err, "FLT-0405");
        for (size_t i = 0; i < r->n_tasks; i++)
                if (r->tasks[i]->state == TASK_PENDING && r->tasks[i]->step < STEP_CLEANUP)
                        task_set_state(e, r->tasks[i], TASK_CANCELLED, &err);
}

void op_supersede(struct engine *e, struct object *o, const struct run *by)
{
        char why[64];

        snprintf(why, sizeof(why), "superseded by run %s", by->id);
        for (size_t i = 0; i < o->n_runs; i++)
                if (o->runs[i] != by)
                        op_give_up(e, o->runs[i], why);
}

void op_cancel(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++)
                op_give_up(e, o->runs[i], "cancelled: the policy was removed before this was posted");
        rollup_object(e, o);
}

void op_prune_runs(struct engine *e, struct object *o)
{
        while (o->n_runs > LIMIT_RUNS_KEPT) {
                struct run *r = o->runs[0];

                for (size_t i = 0; i < r->n_tasks; i++) {
                        /* A backup that is still there keeps its run on show. */
                        if (task_velero(r->tasks[i]) != NULL || r->tasks[i]->open)
                                return;
                }
                model_touch_run(r, true);
                object_remove_run(r);
                engine_dirty(e, o);
        }
}

int op_retry(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct run *r = object_latest_run(o);
        int64_t attempt = 0;

        if (arg != NULL && arg[0] != '\0')
                return err_set(err, -EINVAL, "retry takes no argument");
        if (!o->own) {
                err_set(err, -EPERM, "%s belongs to store %s", o->name, o->owner);
                return err_remedy(err, "retry it where it was made");
        }
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                struct task *t = r->tasks[i];

                if (!task_is_finished(t) || !phase_is(t->phase, PHASE_IS_BAD))
                        continue;
                if (attempt == 0)
                        attempt = op_next_run(e, o);
                task_renew(e, t, attempt);
        }
        if (attempt == 0) {
                err_set(err, -EINVAL, "nothing to retry: no cluster of the latest run failed or expired");
                return err_remedy(err, "read status.txt");
        }
        return 0;
}

void op_resume(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++) {
                        task_refresh(e, o->runs[i]->tasks[k]);
                        task_open(e, o->runs[i]->tasks[k]);
                }
        rollup_object(e, o);
}

void op_resume_member(struct engine *e, struct object *o, struct member *c)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++)
                        if (task_member(o->runs[i]->tasks[k]) == c)
                                task_open(e, o->runs[i]->tasks[k]);
}
