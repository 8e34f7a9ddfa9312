/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/standing.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"
#include "ops/warnings.h"

static bool sub_is(const struct task *t, const char *sub)
{
        return strcmp(t->sub != NULL ? t->sub : "", sub != NULL ? sub : "") == 0;
}

/* By the cluster's identity where that is known: folders change their names. */
static bool task_is_on(const struct task *t, const struct member *c)
{
        return t->uid[0] != '\0' && c->uid[0] != '\0' ? strcmp(t->uid, c->uid) == 0 : strcmp(t->member, c->name) == 0;
}

struct task *standing_task(const struct object *o, const struct member *c, const char *sub)
{
        struct run *r = o->standing;
        struct task *t = r != NULL ? run_tasks_on(r, c->name) : NULL;

        for (; t != NULL; t = t->next_same)
                if (t->verb == TASK_SCHEDULE && task_is_on(t, c) && sub_is(t, sub))
                        return t;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                if (strcmp(r->tasks[i]->member, c->name) != 0 && r->tasks[i]->verb == TASK_SCHEDULE &&
                        task_is_on(r->tasks[i], c) && sub_is(r->tasks[i], sub))
                        return r->tasks[i];
        return NULL;
}

/* ---------------------------------------------------------------- tasks that come and go */

static struct task *standing_add(struct object *o, const char *member, const char *uid, const char *sub)
{
        struct run *r = object_add_standing(o);
        struct task *t = r != NULL ? run_add_task(r, TASK_SCHEDULE, member) : NULL;

        if (t == NULL)
                return NULL;
        (void)intern_set(&t->uid, uid);
        if (sub != NULL && sub[0] != '\0')
                t->sub = strdup(sub);
        /* A policy that was removed and comes back finds its backups there. */
        t->recount = true;
        model_touch_object(o, true);
        return t;
}

static void standing_remove(struct engine *e, struct task *t)
{
        struct object *o = t->run->object;

        engine_write(e);
        task_close(e, t);
        run_remove_task(t);
        if (o->standing->n_tasks == 0)
                object_remove_standing(o);
        else
                rollup_run(e, o->standing);
        rollup_object(e, o);
        model_touch_object(o, true);
        engine_dirty(e, o);
}

void standing_drop(struct engine *e, struct task *t)
{
        struct object *o = t->run->object;

        standing_remove(e, t);
        engine_object_shrunk(e, o);
}

void standing_again(struct engine *e, struct task *t)
{
        task_close(e, t);
        task_owe(e, t);
}

static bool standing_was_missing(const struct task *t)
{
        return strcmp(t->code, "FLT-0416") == 0;
}

static void standing_want(struct engine *e, struct task *t, const struct member *c, bool resend)
{
        t->wanted = true;
        if (strcmp(t->member, c->name) != 0)
                run_move_task(t, c->name);
        if (t->uid[0] == '\0')
                (void)intern_set(&t->uid, c->uid);
        t->resend = t->resend || resend;
        /* One that had left the fleet and is back may have been changed meanwhile. */
        if (!resend && !t->unwanted && !t->tracked && !standing_was_missing(t))
                return;
        t->unwanted = t->tracked = false;
        standing_again(e, t);
}

static bool standing_twin_is_wanted(const struct task *t)
{
        const struct run *r = t->run;

        for (size_t i = 0; i < r->n_tasks; i++)
                if (r->tasks[i] != t && r->tasks[i]->wanted && r->tasks[i]->verb == TASK_SCHEDULE &&
                        strcmp(r->tasks[i]->velero_name, t->velero_name) == 0 && t->uid[0] != '\0' &&
                        strcmp(r->tasks[i]->uid, t->uid) == 0)
                        return true;
        return false;
}

/* False: the task is gone. */
static bool standing_unwant(struct engine *e, struct task *t)
{
        /* Forgotten with its cluster; surely never posted; or another task's, by a second way to one cluster. */
        if (task_member(t) == NULL || (!t->sent && !t->tracked && t->call == 0) || standing_twin_is_wanted(t)) {
                standing_remove(e, t);
                return false;
        }
        if (t->unwanted)
                return true;
        task_close(e, t);
        t->unwanted = true;
        t->failures = 0;
        t->retry_at_ms = t->look_at_ms = 0;
        engine_dirty(e, t->run->object);
        task_open(e, t);
        task_refresh(e, t);
        return true;
}

static struct task *standing_missing(const struct object *o, const char *member, const char *sub)
{
        struct task *t = o->standing != NULL ? run_tasks_on(o->standing, member) : NULL;

        while (t != NULL && (t->verb != TASK_SCHEDULE || !sub_is(t, sub) || task_member(t) != NULL))
                t = t->next_same;
        return t;
}

/* A cluster that the document names is wanted for as long as it does: one that left the fleet is missed, not forgotten. */
static int standing_want_missing(struct engine *e, struct object *o, const struct policy_sub *sub, bool resend)
{
        const struct policy_destination *d = &sub->destination;

        for (size_t i = 0; i < d->n_clusters; i++) {
                struct task *t;

                if (fleet_member(o->fleet, d->clusters[i]) != NULL)
                        continue;
                t = standing_missing(o, d->clusters[i], sub->id);
                if (t == NULL && (t = standing_add(o, d->clusters[i], "", sub->id)) == NULL)
                        return -ENOMEM;
                t->wanted = true;
                t->unwanted = false;
                t->resend = t->resend || resend;
                task_refresh(e, t);
        }
        return 0;
}

/* -ENOMEM: nothing is known, and so nothing removed. */
static int standing_want_all(struct engine *e, struct object *o, bool resend)
{
        for (size_t s = 0; s < o->policy->n_subs; s++) {
                _cleanup_(freep) struct member **members = NULL;
                const char *sub = o->policy->subs[s].id;
                size_t n = 0;
                int r = op_select(o->fleet, o->policy, s, &members, &n);

                for (size_t i = 0; r == 0 && i < n; i++) {
                        struct task *t = standing_task(o, members[i], sub);
                        bool fresh = t == NULL;

                        if (fresh)
                                t = standing_add(o, members[i]->name, members[i]->uid, sub);
                        if (t == NULL)
                                return -ENOMEM;
                        standing_want(e, t, members[i], resend || fresh);
                }
                if (r == 0)
                        r = standing_want_missing(e, o, &o->policy->subs[s], resend);
                if (r < 0)
                        return r;
        }
        return 0;
}

void standing_follow(struct engine *e, struct object *o, bool resend)
{
        if (!o->own || !engine_acts(e) || o->kind != OBJECT_BACKUP)
                return;
        if (!object_is_scheduled(o) && o->standing == NULL)
                return;
        /* What cannot be read does not say that nothing is wanted. Nor does what another fleetfs of this store lost. */
        if (!o->removed && o->policy == NULL)
                return;
        if (o->removed && o->in_force.bytes == NULL)
                return;
        engine_write(e);
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                o->standing->tasks[i]->wanted =
                        o->standing->tasks[i]->verb == TASK_ADOPT && task_member(o->standing->tasks[i]) != NULL;
        if (object_is_scheduled(o) && standing_want_all(e, o, resend) < 0)
                return;
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks;)
                if (o->standing->tasks[i]->wanted || standing_unwant(e, o->standing->tasks[i]))
                        i++;
        adopt_follow(e, o);
        rollup_object(e, o);
}

void standing_follow_fleet(struct engine *e, struct fleet *f)
{
        struct object *o, *tmp;

        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp) {
                standing_follow(e, o, false);
                if (o->removed && o->standing == NULL)
                        engine_object_shrunk(e, o);
        }
}

static bool standing_is_wrong(const struct task *t)
{
        return !t->unwanted && t->verb == TASK_SCHEDULE &&
               (t->state == TASK_CONFLICT || t->state == TASK_REJECTED || t->drifted);
}

unsigned standing_retry(struct engine *e, struct object *o)
{
        unsigned n = 0;

        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                struct task *t = o->standing->tasks[i];

                if (!standing_is_wrong(t))
                        continue;
                standing_again(e, t);
                n++;
        }
        return n;
}

int standing_check_refused(const struct object *o, struct err *err)
{
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                const struct task *t = o->standing->tasks[i];

                if (t->verb != TASK_SCHEDULE || t->unwanted || t->phase != PHASE_FAILED || t->state != TASK_POSTED)
                        continue;
                err_set(err, -EINVAL, "Velero on %s refuses Schedule %s as the policy has it: %s", t->member, t->velero_name,
                        t->reason != NULL ? t->reason : "it gives no reason");
                err_id(err, "FLT-0315");
                err_remedy(err, "the same again is refused again: edit the policy");
                return -EINVAL;
        }
        return 0;
}

bool standing_owes(const struct object *o)
{
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (task_owes_cleanup(o->standing->tasks[i]) && task_member(o->standing->tasks[i]) != NULL)
                        return true;
        return false;
}

/* ---------------------------------------------------------------- what clusters show */

static struct task *standing_task_named(const struct object *o, const struct member *c, const char *velero_name)
{
        for (struct task *t = o->standing != NULL ? run_tasks_on(o->standing, c->name) : NULL; t != NULL; t = t->next_same)
                if (t->verb == TASK_SCHEDULE && strcmp(t->velero_name, velero_name) == 0)
                        return t;
        return NULL;
}

struct task *standing_tie(struct engine *e, struct object *o, struct velero_object *v)
{
        struct task *t = standing_task_named(o, v->member, v->name);

        if (t == NULL && o->own) {
                /* Ours, and not known by this name: made before the cluster's folder had its name of today, say. */
                t = standing_task(o, v->member, v->schedule->sub);
                if (t != NULL && (t->sent || t->velero_name[0] != '\0'))
                        t = NULL;
                if (t != NULL)
                        t->sent = true;
        }
        if (t == NULL) {
                t = standing_add(o, v->member->name, v->member->uid, v->schedule->sub);
                if (t == NULL)
                        return NULL;
                t->state = TASK_POSTED;
                t->tracked = t->sent = t->confirmed = true;
        }
        snprintf(t->velero_name, sizeof(t->velero_name), "%s", v->name);
        /* A policy of ours that has ended, or does not want it there. */
        if (t->tracked && o->own)
                standing_follow(e, o, false);
        return standing_task_named(o, v->member, v->name);
}

void standing_untie(struct engine *e, struct object *o, struct velero_object *v)
{
        struct task *t = standing_task_named(o, v->member, v->name);

        if (t == NULL)
                return;
        if (t->tracked && !t->unwanted) {
                standing_remove(e, t);
                return;
        }
        t->recount = true;
        rollup_run(e, o->standing);
        task_kick(e, t);
}

void standing_note(struct engine *e, struct object *o, const struct member *c, const char *sub)
{
        struct task *t = o->standing != NULL ? standing_task(o, c, sub) : NULL;

        if (t == NULL)
                return;
        t->recount = true;
        rollup_run(e, o->standing);
}

/* The task's part of a run. */
static const struct task *standing_part(const struct task *t, const struct run *r)
{
        for (const struct task *x = run_tasks_on(r, t->member); x != NULL; x = x->next_same)
                if (x->verb == TASK_BACKUP && sub_is(x, t->sub) && strcmp(x->uid, t->uid) == 0)
                        return x;
        return NULL;
}

/* From the newest run back to the last success. What a cluster that was not listed yet has is what it had. */
static void standing_recount(struct task *t)
{
        const struct object *o = t->run->object;
        const struct member *c = task_member(t);
        struct task_reached *reached;
        bool ended = false, good = false, any = false;
        int64_t lost;

        t->recount = false;
        if (c == NULL || !c->synced[VELERO_BACKUP] || (reached = task_reach(t)) == NULL)
                return;
        lost = reached->last_success != 0 ? reached->last_success : reached->lost_success;
        for (size_t i = o->n_runs; i-- > 0 && !good;) {
                const struct task *x = standing_part(t, o->runs[i]);

                if (x == NULL || x->state == TASK_PENDING || x->state == TASK_CANCELLED)
                        continue;
                if (!any) {
                        reached->last_attempt = x->started != 0 ? x->started : o->runs[i]->created;
                        memcpy(reached->last_run, o->runs[i]->id, sizeof(reached->last_run));
                        any = true;
                }
                if (!ended && phase_is(x->phase, PHASE_IS_TERMINAL)) {
                        snprintf(reached->last_result, sizeof(reached->last_result), "%s", phase_text(x->phase));
                        reached->last_empty = task_holds_nothing(x);
                        ended = true;
                }
                /* A backup of nothing protects nobody, and is not missed. */
                if (x->phase != PHASE_COMPLETED || task_holds_nothing(x))
                        continue;
                good = task_velero(x) != NULL;
                if (good)
                        reached->last_success = x->completed;
                else if (x->completed > lost)
                        lost = x->completed;
        }
        if (!any) {
                reached->last_attempt = 0;
                reached->last_run[0] = '\0';
        }
        if (!ended) {
                reached->last_result[0] = '\0';
                reached->last_empty = false;
        }
        if (!good)
                reached->last_success = 0;
        /* No run need tell of what is gone, least of all in another process: that there was one stays known. */
        reached->lost_success = good ? 0 : lost;
        engine_note(engine_of_task(t), t->run->object);
}

void standing_count(struct engine *e, struct run *standing)
{
        for (size_t i = 0; i < standing->n_tasks; i++)
                if (standing->tasks[i]->recount) {
                        standing_recount(standing->tasks[i]);
                        task_refresh(e, standing->tasks[i]);
                }
}

void standing_member(struct engine *e, struct member *c, bool settings)
{
        struct object *o, *tmp;

        HASH_ITER (hh, c->fleet->objects[OBJECT_BACKUP], o, tmp) {
                struct task *t = o->standing != NULL ? run_tasks_on(o->standing, c->name) : NULL, *next;

                for (; t != NULL; t = next) {
                        next = t->next_same;
                        if (t->verb != TASK_SCHEDULE)
                                continue;
                        t->recount = true;
                        if (settings && member_ready(c) && schedule_is_outdated(t, c))
                                standing_again(e, t);
                        model_touch_task(t);
                }
                if (o->standing != NULL)
                        rollup_run(e, o->standing);
        }
}

/* ---------------------------------------------------------------- the clock */

struct standing_clock {
        struct loop_timer timer;
        int64_t at; /* Unix seconds; 0: not armed */
};

/* The wall clock may be set meanwhile: never asleep for longer. */
enum { STANDING_LOOK_S = 60 };

static void standing_arm(struct engine *e, int64_t at)
{
        int64_t now = clock_realtime(), wait = at > now ? at - now : 0;

        e->standing->at = at;
        loop_timer_after(e->loop, &e->standing->timer, 1000 * (wait < STANDING_LOOK_S ? wait : STANDING_LOOK_S));
}

static void standing_look(void *arg)
{
        struct engine *e = arg;
        int64_t now = clock_realtime(), next = 0;
        struct fleet *f, *ftmp;
        struct object *o, *tmp;

        e->standing->at = 0;
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp) {
                        /* Over, or of a clock that was set back since. "@every", which has no slot, goes by what clusters show. */
                        bool stale = o->next_runs[0] <= now || o->last_slot > now ||
                                     (o->last_slot != 0 && o->interval != 0 && o->next_runs[0] - now > o->interval);

                        if (o->next_runs[0] != 0 && stale)
                                rollup_object_times(e, o);
                        else if (o->next_runs[0] != 0 && (next == 0 || o->next_runs[0] < next))
                                next = o->next_runs[0];
                        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                                struct task *t = o->standing->tasks[i];
                                int64_t overdue_at = task_reached(t)->overdue_at;

                                if (overdue_at == 0 || t->phase == PHASE_OVERDUE)
                                        continue;
                                if (overdue_at <= now)
                                        task_refresh(e, t);
                                else if (next == 0 || overdue_at < next)
                                        next = overdue_at;
                        }
                }
        if (next != 0)
                standing_arm(e, next);
}

void standing_clock(struct engine *e, int64_t at)
{
        if (e->loop == NULL || at == 0)
                return;
        if (e->standing == NULL) {
                e->standing = calloc(1, sizeof(*e->standing));
                if (e->standing == NULL)
                        return;
                loop_timer_init(&e->standing->timer, standing_look, e);
        }
        if (e->standing->at == 0 || at < e->standing->at)
                standing_arm(e, at);
}

void standing_stop(struct engine *e)
{
        if (e->standing == NULL)
                return;
        loop_timer_cancel(e->loop, &e->standing->timer);
        free(e->standing);
        e->standing = NULL;
}
