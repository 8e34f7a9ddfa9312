/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fleet_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/task_view.h"
#include "ops/policy.h"

/* ---------------------------------------------------------------- clusters */

static void view_member(struct fleet_view *v, struct member_view *m, const struct member *c)
{
        bool alias = c->alias_of[0] != '\0';

        *m = (struct member_view){ .member = c,
                .storage = show_member_storage(c),
                .last_good = show_member_last_good(c),
                .objective = show_member_objective(c) };
        m->unprotected = !alias && show_member_good(c) && m->last_good == 0;
        m->good = alias || (show_member_good(c) && m->last_good != 0);
        v->bad_members += !m->good;
        v->objectives = v->objectives || m->objective != 0;
        if (alias)
                return;
        v->clusters++;
        v->good += m->good;
        v->unprotected += m->unprotected;
        v->ready += c->health == MEMBER_READY;
        if (c->health == MEMBER_UNREACHABLE)
                v->unreachable++;
        else if (c->health != MEMBER_READY)
                v->other++;
        else if (show_member_bad_location(c) != NULL)
                v->storage++;
}

/* 0: not ready or without storage, 1: never backed up, 2: good, 3: another name of one that is
 * here. */
static int member_rank(const struct member_view *m)
{
        if (m->member->alias_of[0] != '\0')
                return 3;
        return m->good ? 2 : m->unprotected ? 1 : 0;
}

/* Stable, as the order of the configuration is the user's: one pass for each rank. */
static int view_members(struct fleet_view *v, const struct fleet *f)
{
        struct member_view *all;
        const struct member *c;
        size_t n = 0, out = 0;

        v->n_members = HASH_COUNT(f->members);
        if (v->n_members == 0)
                return 0;
        all = calloc(v->n_members, sizeof(*all));
        v->members = calloc(v->n_members, sizeof(*all));
        if (all == NULL || v->members == NULL) {
                free(all);
                return -ENOMEM;
        }
        for (c = f->members; c != NULL; c = c->hh.next)
                view_member(v, &all[n++], c);
        for (int rank = 0; rank <= 3; rank++)
                for (size_t i = 0; i < n; i++)
                        if (member_rank(&all[i]) == rank)
                                v->members[out++] = all[i];
        free(all);
        return 0;
}

/* ---------------------------------------------------------------- objects */

static bool schedule_is_paused(const struct object *o)
{
        return object_is_scheduled(o) && (o->paused || o->policy->paused);
}

/* The runs may be forgotten already that a cluster's last success was of. */
static bool object_has_good(const struct object *o)
{
        bool good = show_object_last_good(o) != NULL;

        for (size_t i = 0; o->standing != NULL && !good && i < o->standing->n_tasks; i++)
                good = task_reached(o->standing->tasks[i])->last_success != 0;
        return good;
}

static void view_object(struct object_view *v, const struct object *o)
{
        const struct run *r = show_object_parts(o);

        *v = (struct object_view){ .object = o };
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                struct task_view t;

                if (task_view_is_beside(r->tasks[i]))
                        continue;
                task_view(&t, r->tasks[i]);
                v->total++;
                v->good += t.good;
                v->stale += t.stale;
                v->gone += t.gone;
                v->lost += t.gone && !t.expired;
                v->bad += phase_is(t.task->phase, PHASE_IS_BAD);
        }
        v->mark = "";
        if (phase_is(show_object_phase(o), PHASE_IS_GOOD))
                v->mark = v->stale > 0 ? " (stale)" : v->gone > 0 ? " (gone)" : "";
        v->bare = schedule_is_paused(o) && !object_has_good(o);
        v->eye = v->lost > 0 || v->bare || show_object_needs_eye(o);
}

/* What was good and cannot be relied on now stands with what is unknown. */
static enum phase object_rank(const struct object_view *v)
{
        return v->mark[0] != '\0' ? PHASE_UNKNOWN : show_object_phase(v->object);
}

static int object_order(const void *a, const void *b)
{
        const struct object_view *x = a, *y = b;

        if (x->eye != y->eye)
                return x->eye ? -1 : 1;
        if (object_rank(x) != object_rank(y))
                return object_rank(x) < object_rank(y) ? -1 : 1;
        if (x->object->kind != y->object->kind)
                return x->object->kind < y->object->kind ? -1 : 1;
        return strcmp(x->object->name, y->object->name);
}

/* What is in force, or what it made, is bad: a write that was refused takes nothing from that. */
static bool object_is_bad(const struct object_view *v)
{
        const struct object *o = v->object;

        return v->lost > 0 || v->bare || (phase_is(show_object_phase(o), PHASE_IS_BAD) &&
                                      (o->in_force.bytes != NULL || o->n_runs > 0));
}

static void view_schedule(struct fleet_view *v, const struct object *o)
{
        if (o->kind != OBJECT_BACKUP || o->policy == NULL || o->policy->schedule[0] == '\0')
                return;
        if (o->removed)
                v->removed++;
        else if (schedule_is_paused(o))
                v->paused++;
        else
                v->schedules++;
}

/* Velero runs also what nobody declared here. */
static bool member_schedules(const struct member *c)
{
        const struct velero_object *s;

        VELERO_EACH (s, &c->velero[VELERO_SCHEDULE])
                if (s->owner_object == NULL && !s->schedule->paused)
                        return true;
        return false;
}

static bool fleet_is_switched_off(const struct fleet_view *v)
{
        if (v->schedules > 0 || v->paused + v->removed == 0)
                return false;
        for (size_t i = 0; i < v->n_members; i++)
                if (member_schedules(v->members[i].member))
                        return false;
        return true;
}

static int view_objects(struct fleet_view *v, const struct fleet *f)
{
        size_t n = 0;

        for (int k = 0; k < OBJECT_KINDS; k++)
                n += HASH_COUNT(f->objects[k]);
        if (n == 0)
                return 0;
        v->objects = calloc(n, sizeof(*v->objects));
        if (v->objects == NULL)
                return -ENOMEM;
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (const struct object *o = f->objects[k]; o != NULL; o = o->hh.next) {
                        if (!object_folder_shows(o) && o->draft_state != DRAFT_REJECTED)
                                continue;
                        view_object(&v->objects[v->n_objects], o);
                        view_schedule(v, o);
                        v->bad_objects += object_is_bad(&v->objects[v->n_objects]);
                        v->eyes += v->objects[v->n_objects++].eye;
                }
        qsort(v->objects, v->n_objects, sizeof(*v->objects), object_order);
        return 0;
}

/* ---------------------------------------------------------------- the whole */

static const char *view_state(const struct fleet_view *v)
{
        if (v->clusters == 0)
                return "Empty";
        if (v->unprotected == v->clusters || v->switched_off)
                return "Unprotected";
        /* What somebody wanted is not in force. */
        return v->good < v->clusters || v->bad_objects > 0 || v->fleet->model->conf_err.code != 0 ? "Degraded" : "Ok";
}

int fleet_view_init(struct fleet_view *ret, const struct fleet *f)
{
        int r;

        memset(ret, 0, sizeof(*ret));
        ret->fleet = f;
        r = view_members(ret, f);
        if (r == 0)
                r = view_objects(ret, f);
        ret->switched_off = fleet_is_switched_off(ret);
        ret->state = view_state(ret);
        return r;
}

void fleet_view_done(struct fleet_view *v)
{
        free(v->members);
        free(v->objects);
        v->members = NULL;
        v->objects = NULL;
}
