/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/rollup.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "ops/policy.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/warnings.h"

static bool rollup_is_away(const struct task *t)
{
        const struct member *c = task_member(t);

        /* An edit is owed of what is there: that is known no better than before. */
        bool there = t->state == TASK_POSTED || (t->verb == TASK_SCHEDULE && t->state == TASK_PENDING && t->sent);

        return there && (c == NULL || c->health != MEMBER_READY);
}

/* The runs that a Schedule began are first seen here. What was over before this process began is no news. */
static void rollup_tell_run(struct engine *e, const struct run *r, enum phase phase, bool all)
{
        const struct object *o = r->object;
        bool first = r->phase == PHASE_NONE, tracked = r->n_tasks > 0 && r->tasks[0]->tracked;
        bool quick = first && all && tracked && r->created >= e->model.started;

        if (first && tracked && (!all || quick))
                engine_event(e, "RunStarted", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "run", r->id, NULL);
        if (r->phase != phase)
                engine_event(e, "RunPhase", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "run", r->id,
                        "phase", phase_text(phase), NULL);
        if (all && (r->running || quick))
                engine_event(e, "RunEnded", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "run", r->id,
                        "phase", phase_text(phase), NULL);
}

static void rollup_run_now(struct engine *e, struct run *r)
{
        enum phase phase = PHASE_NONE;
        int64_t completed = 0;
        bool all = true;

        for (size_t i = 0; i < r->n_tasks; i++) {
                const struct task *t = r->tasks[i];

                /* The enum's order is the precedence: the worst is the smallest. */
                if (t->phase < phase)
                        phase = t->phase;
                /* What lasts is to be seen; what a run reached is history. */
                if (r->id[0] == '\0' && PHASE_UNKNOWN < phase && rollup_is_away(t))
                        phase = PHASE_UNKNOWN;
                all = all && phase_is(t->phase, PHASE_IS_TERMINAL);
                if (t->completed > completed)
                        completed = t->completed;
        }
        if (!all)
                completed = 0;
        if (r->id[0] != '\0')
                rollup_tell_run(e, r, phase, all);
        /* What a run came to is known at its end. */
        if (r->phase != phase || r->running == all)
                r->object->rewarn = true;
        r->phase = phase;
        r->running = !all;
        r->completed = completed;
        model_touch_run(r, false);
        r->object->due = true;
}

static int64_t object_last_change(const struct object *o)
{
        const struct run *r = object_latest_run(o), *s = o->standing;
        int64_t t = o->in_force.mtime_ns / 1000000000;

        if (o->draft_at > t)
                t = o->draft_at;
        if (o->last_slot > t)
                t = o->last_slot;
        for (size_t i = 0; s != NULL && i < s->n_tasks; i++)
                if (s->tasks[i]->since > t)
                        t = s->tasks[i]->since;
        if (r == NULL)
                return t;
        if (r->created > t)
                t = r->created;
        for (size_t i = 0; i < r->n_tasks; i++) {
                if (r->tasks[i]->completed > t)
                        t = r->tasks[i]->completed;
                if (r->tasks[i]->started > t)
                        t = r->tasks[i]->started;
                if (r->tasks[i]->since > t)
                        t = r->tasks[i]->since;
        }
        return t;
}

/* The newest run counts as long as it is not well done: its clusters' results are in what stands, too. */
static enum phase phase_of_standing(const struct run *standing, const struct run *newest)
{
        enum phase phase = standing->phase;

        if (newest != NULL && newest->n_tasks > 0 && newest->phase != PHASE_COMPLETED && newest->phase < phase)
                phase = newest->phase;
        return phase;
}

enum phase phase_of_draft(enum draft_state state)
{
        static const enum phase phases[] = {
                [DRAFT_NONE] = PHASE_NONE,         [DRAFT_OPEN] = PHASE_DRAFT,
                [DRAFT_ACCEPTED] = PHASE_ACCEPTED, [DRAFT_INERT] = PHASE_DRAFT,
                [DRAFT_REJECTED] = PHASE_REJECTED, [DRAFT_INTERRUPTED] = PHASE_INTERRUPTED,
        };

        return phases[state];
}

static enum phase object_phase(const struct object *o)
{
        const struct run *r = object_latest_run(o);

        if (object_is_over(o))
                return phase_of_draft(o->draft_state);
        /* A draft never changes the phase of what is in force. */
        if (o->standing != NULL && o->standing->n_tasks > 0)
                return phase_of_standing(o->standing, r);
        if (object_is_scheduled(o))
                return PHASE_UNPROTECTED;
        /* A run on no cluster has protected, or restored, nothing. */
        if (r != NULL)
                return r->n_tasks > 0 ? r->phase : PHASE_FAILED;
        if (o->in_force.bytes != NULL)
                return PHASE_ACCEPTED;
        if (o->draft_state != DRAFT_NONE)
                return phase_of_draft(o->draft_state);
        return o->is_folder ? PHASE_DRAFT : PHASE_NONE;
}

static void rollup_object_now(struct engine *e, struct object *o)
{
        enum phase before = o->phase;

        o->phase = object_phase(o);
        standing_next(e, o);
        o->changed = object_last_change(o);
        if (o->rewarn)
                warnings_of_object(o);
        o->rewarn = false;
        model_touch_object(o, before == PHASE_NONE || o->phase == PHASE_NONE);
        if (before != o->phase)
                engine_event(e, "ObjectPhase", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "phase",
                        phase_text(o->phase), NULL);
        o->fleet->due = true;
}

static void rollup_fleet_now(struct fleet *f)
{
        enum phase phase = PHASE_NONE;
        int64_t changed = f->model->conf_at;
        struct member *c, *ctmp;
        struct object *o, *otmp;

        HASH_ITER (hh, f->members, c, ctmp) {
                if (c->alias_of[0] == '\0' && c->health != MEMBER_READY && PHASE_UNKNOWN < phase)
                        phase = PHASE_UNKNOWN;
                if (c->changed > changed)
                        changed = c->changed;
        }
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, otmp) {
                        if (!phase_is(o->phase, PHASE_IS_DRAFT) && o->phase < phase)
                                phase = o->phase;
                        if (o->changed > changed)
                                changed = o->changed;
                }
        f->phase = phase;
        f->changed = changed;
        model_touch_fleet(f, false);
}

void rollup_run(struct engine *e, struct run *r)
{
        r->due = true;
        r->object->due = true;
        rollup_fleet(e, r->object->fleet);
}

void rollup_object(struct engine *e, struct object *o)
{
        o->due = o->rewarn = true;
        rollup_fleet(e, o->fleet);
}

void rollup_object_times(struct engine *e, struct object *o)
{
        o->due = true;
        rollup_fleet(e, o->fleet);
}

void rollup_fleet(struct engine *e, struct fleet *f)
{
        engine_write(e);
        f->due = true;
}

void rollup_warnings(struct engine *e, struct member *c)
{
        struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, tmp) {
                        const struct run *r = object_latest_run(o);
                        if ((r != NULL && run_tasks_on(r, c->name) != NULL) ||
                                (o->standing != NULL && run_tasks_on(o->standing, c->name) != NULL))
                                rollup_object(e, o);
                }
}

/* Somebody else's run, or one that the store forgot, of which nothing is left on the clusters. The newest one stays. */
static bool run_is_over(const struct run *r)
{
        if (r == object_latest_run(r->object))
                return false;
        for (size_t i = 0; i < r->n_tasks; i++)
                if (!r->tasks[i]->tracked || r->tasks[i]->open || task_velero(r->tasks[i]) != NULL)
                        return false;
        return true;
}

static void rollup_drop_runs(struct object *o)
{
        for (size_t i = o->n_runs; i-- > 0;) {
                struct run *r = o->runs[i];

                if (r->shrunk && run_is_over(r)) {
                        model_touch_run(r, true);
                        model_touch_object(o, true);
                        object_remove_run(r);
                } else {
                        r->shrunk = false;
                }
        }
}

static void rollup_objects(struct engine *e, struct fleet *f)
{
        struct object *o, *tmp;

        warnings_of_fleet(f);
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, tmp) {
                        if (!o->due)
                                continue;
                        rollup_drop_runs(o);
                        if (o->standing != NULL && o->standing->due) {
                                standing_count(e, o->standing);
                                rollup_run_now(e, o->standing);
                                o->standing->due = false;
                        }
                        for (size_t i = 0; i < o->n_runs; i++) {
                                if (o->runs[i]->due)
                                        rollup_run_now(e, o->runs[i]);
                                o->runs[i]->due = false;
                        }
                        rollup_object_now(e, o);
                        o->due = false;
                }
}

void rollup_all(struct engine *e)
{
        struct fleet *f, *tmp;

        HASH_ITER (hh, e->model.fleets, f, tmp) {
                if (!f->due)
                        continue;
                rollup_objects(e, f);
                rollup_fleet_now(f);
                f->due = false;
        }
}
