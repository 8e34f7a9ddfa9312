/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of `adopt`: another store's id is on what this object made.
 *
 * Each cluster is its own: a Schedule with another owner is left alone and shows as a Conflict, whoever wrote the label (an
 * administrator who adopts, a restore, a hand), and `adopt` takes it back. The policy goes with its Schedules (of one that is
 * made once: with its Backups) only when none on the clusters that answer is its owner's any more. One label does not take a
 * fleet's policy away, and a cluster that is away does not keep one that was handed over.
 *
 * When a fleet is seen for the first time its clusters come one after the other: nothing is decided before each of them has
 * answered, or has not in its time (object.yield_due). What was decided is not asked again when a cluster goes away later.
 */
#include <stdio.h>
#include <string.h>

#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/op_tasks.h"
#include "ops/rollup.h"
#include "ops/task.h"

/* ---------------------------------------------------------------- whose it is */

static bool is_awaited(const struct fleet *f)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->members, c, tmp)
                if (c->alias_of[0] == '\0' && (c->health == MEMBER_UNKNOWN || c->health == MEMBER_SYNCING))
                        return true;
        return false;
}

/* *any: there is one of that kind on a cluster that answers. *taker: the other store, of one. */
static bool is_kept(const struct object *o, enum velero_kind kind, bool *any, const char **taker)
{
        struct list *l, *tmp;

        LIST_EACH (&o->velero, l, tmp) {
                const struct velero_object *v = container_of(l, struct velero_object, of_object);

                if (v->kind != kind || !member_ready(v->member))
                        continue;
                *any = true;
                if (object_owns(o, velero_owner(v)))
                        return true;
                *taker = velero_owner(v);
        }
        return false;
}

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

static void op_yield(struct engine *e, struct object *o, const char *owner)
{
        engine_write(e);
        if (o->own)
                yield_own(e, o);
        /* Until the last of its Velero objects has the new owner, both mean it. */
        memcpy(o->adopted_from, o->owner, sizeof(o->adopted_from));
        snprintf(o->owner, sizeof(o->owner), "%.16s", owner);
        /* A mount beside the one that writes this store sees what that one adopts. */
        o->own = strcmp(o->owner, e->model.store_id) == 0;
        if (o->own)
                engine_dirty(e, o);
        engine_event(e, "HandedOver", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "owner", o->owner, NULL);
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                task_refresh(e, o->standing->tasks[i]);
        rollup_object(e, o);
        model_touch_object(o, true);
}

/* Whether every cluster tells what it has of the old owner's. */
static bool is_known(const struct fleet *f)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->members, c, tmp)
                if (c->alias_of[0] == '\0' && !member_ready(c))
                        return false;
        return true;
}

void op_handed_over(struct engine *e, struct object *o)
{
        struct list *l, *tmp;

        if (o->adopted_from[0] == '\0' || (o->own && engine_acts(e)) || !is_known(o->fleet))
                return;
        LIST_EACH (&o->velero, l, tmp)
                if (strcmp(velero_owner(container_of(l, struct velero_object, of_object)), o->adopted_from) == 0)
                        return;
        o->adopted_from[0] = '\0';
}

bool op_hand_over(struct engine *e, struct object *o)
{
        const char *taker = NULL;
        bool any = false;

        if (!o->yield_due || is_awaited(o->fleet))
                return false;
        o->yield_due = false;
        if (is_kept(o, VELERO_SCHEDULE, &any, &taker) || (!any && is_kept(o, VELERO_BACKUP, &any, &taker)) || taker == NULL)
                return false;
        op_yield(e, o, taker);
        return true;
}
