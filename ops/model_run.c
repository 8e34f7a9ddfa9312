/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model, runs and their tasks: how they are made, found and freed.
 */
#include "ops/model.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/sorted.h"
#include "base/timefmt.h"

/* ---------------------------------------------------------------- lookups */

/* Run ids sort as their times do; the array is kept in that order. */
static const char *id_of_run(const void *runs, size_t i)
{
        return ((struct run *const *)runs)[i]->id;
}

static bool object_run_index(const struct object *o, const char *id, size_t *ret)
{
        return sorted_index(o->runs, o->n_runs, id_of_run, id, ret);
}

struct run *object_run(const struct object *o, const char *id)
{
        size_t i;

        return object_run_index(o, id, &i) ? o->runs[i] : NULL;
}

struct run *object_latest_run(const struct object *o)
{
        int64_t latest = clock_realtime() + LIMIT_CLOCK_AHEAD_S;

        for (size_t i = o->n_runs; i-- > 0;)
                if (o->runs[i]->created <= latest)
                        return o->runs[i];
        return o->n_runs > 0 ? o->runs[o->n_runs - 1] : NULL;
}

/* Where the cluster's first task is, or would be, in r->by_member. */
static const char *member_of_task(const void *tasks, size_t i)
{
        return ((struct task *const *)tasks)[i]->member;
}

static bool run_member_index(const struct run *r, const char *member, size_t *ret)
{
        return sorted_index(r->by_member, r->n_members, member_of_task, member, ret);
}

struct task *run_tasks_on(const struct run *r, const char *member)
{
        size_t i;

        return run_member_index(r, member, &i) ? r->by_member[i] : NULL;
}

/* ---------------------------------------------------------------- construction */

struct run *object_add_run(struct object *o, const char *id)
{
        struct run *r = calloc(1, sizeof(*r));
        struct run **grown = realloc(o->runs, (o->n_runs + 1) * sizeof(*grown));
        size_t at;

        if (grown != NULL)
                o->runs = grown;
        if (grown == NULL || r == NULL) {
                free(r);
                return NULL;
        }
        r->object = o;
        r->phase = PHASE_NONE;
        snprintf(r->id, sizeof(r->id), "%s", id);
        (void)object_run_index(o, id, &at);
        memmove(o->runs + at + 1, o->runs + at, (o->n_runs - at) * sizeof(*o->runs));
        o->runs[at] = r;
        o->n_runs++;
        return r;
}

static const struct {
        size_t offset;
        const char *unset;
} task_texts[] = {
        { offsetof(struct task, member), "" },
        { offsetof(struct task, uid), "" },
        { offsetof(struct task, backup_name), "" },
        { offsetof(struct task, phase_text), NULL },
        { offsetof(struct task, hostpath), NULL },
        { offsetof(struct task, spec_sha256), "" },
        { offsetof(struct task, posting_sha256), "" },
        { offsetof(struct task, password_sha256), "" },
};

static const char **task_text(struct task *t, size_t i)
{
        return (const char **)(void *)((char *)t + task_texts[i].offset);
}

void task_ref_texts(struct task *t)
{
        for (size_t i = 0; i < ARRAY_SIZE(task_texts); i++)
                if (*task_text(t, i) != NULL)
                        (void)intern_ref(*task_text(t, i)); /* somebody holds it: the same one */
}

void task_unref_texts(struct task *t)
{
        for (size_t i = 0; i < ARRAY_SIZE(task_texts); i++)
                intern_unref(*task_text(t, i));
}

/* Room for one more task in both arrays, doubled when it is full: how many there are says how much there is. */
static int run_reserve(struct run *r)
{
        size_t n = r->n_tasks > 0 ? 2 * r->n_tasks : 1;
        struct task **tasks, **by_member;

        if ((r->n_tasks & (r->n_tasks - 1)) != 0)
                return 0;
        if ((tasks = realloc(r->tasks, n * sizeof(*tasks))) == NULL)
                return -ENOMEM;
        r->tasks = tasks;
        if ((by_member = realloc(r->by_member, n * sizeof(*by_member))) == NULL)
                return -ENOMEM;
        r->by_member = by_member;
        return 0;
}

struct task *run_add_task(struct run *r, enum task_verb verb, const char *member)
{
        struct task *t = calloc(1, sizeof(*t));

        for (size_t i = 0; i < ARRAY_SIZE(task_texts) && t != NULL; i++)
                *task_text(t, i) = task_texts[i].unset != NULL ? intern_ref(task_texts[i].unset) : NULL;
        if (t == NULL || run_reserve(r) < 0 || intern_set(&t->member, member) < 0) {
                free(t);
                return NULL;
        }
        t->run = r;
        t->verb = verb;
        t->phase = PHASE_PENDING;
        r->tasks[r->n_tasks++] = t;
        run_index_task(t);
        return t;
}

void run_index_task(struct task *t)
{
        struct run *r = t->run;
        struct task *before;
        size_t i;

        if (t->member[0] == '\0')
                return;
        if (!run_member_index(r, t->member, &i)) {
                memmove(r->by_member + i + 1, r->by_member + i, (r->n_members - i) * sizeof(*r->by_member));
                r->by_member[i] = t;
                r->n_members++;
                return;
        }
        for (before = r->by_member[i]; before->next_same != NULL; before = before->next_same)
                ;
        before->next_same = t;
}

static void run_unindex_task(struct task *t)
{
        struct run *r = t->run;
        struct task *before;
        size_t i;

        if (!run_member_index(r, t->member, &i))
                return;
        before = r->by_member[i];
        if (before == t && t->next_same != NULL) {
                r->by_member[i] = t->next_same;
        } else if (before == t) {
                r->n_members--;
                memmove(r->by_member + i, r->by_member + i + 1, (r->n_members - i) * sizeof(*r->by_member));
        } else {
                while (before != NULL && before->next_same != t)
                        before = before->next_same;
                if (before != NULL)
                        before->next_same = t->next_same;
        }
}

struct task_eta *task_measure(struct task *t)
{
        if (t->eta == NULL)
                t->eta = calloc(1, sizeof(*t->eta));
        return t->eta;
}

void task_forget_eta(struct task *t)
{
        free(t->eta);
        t->eta = NULL;
}

const struct task_reached *task_reached(const struct task *t)
{
        static const struct task_reached nothing;

        return t->reached != NULL ? t->reached : &nothing;
}

struct task_reached *task_reach(struct task *t)
{
        if (t->reached == NULL)
                t->reached = calloc(1, sizeof(*t->reached));
        return t->reached;
}

void task_forget_volumes(struct task *t)
{
        for (size_t i = 0; i < t->n_seen_volumes; i++)
                free(t->seen_volumes[i]);
        free(t->seen_volumes);
        t->seen_volumes = NULL;
        t->n_seen_volumes = 0;
}

/* Whoever removes it has ended its call (task_close()). What it owns object_undo.c copies, too. */
static void task_free(struct task *t)
{
        assert(t->call == 0);
        list_remove(&t->opened);
        list_remove(&t->queued);
        list_remove(&t->at_member);
        free(t->sub);
        free(t->first_name);
        free(t->location);
        free(t->reason);
        free(t->reached);
        task_unref_texts(t);
        task_forget_volumes(t);
        task_forget_eta(t);
        json_decref(t->volumes);
        free(t);
}

void run_move_task(struct task *t, const char *member)
{
        run_unindex_task(t);
        t->next_same = NULL;
        (void)intern_set(&t->member, member); /* without memory it stays where it was */
        run_index_task(t);
}

void run_remove_task(struct task *t)
{
        struct run *r = t->run;

        run_unindex_task(t);
        for (size_t i = 0; i < r->n_tasks; i++) {
                if (r->tasks[i] != t)
                        continue;
                memmove(r->tasks + i, r->tasks + i + 1, (r->n_tasks - i - 1) * sizeof(*r->tasks));
                r->n_tasks--;
                break;
        }
        task_free(t);
}

static void run_free(struct run *r)
{
        for (size_t i = 0; i < r->n_tasks; i++)
                task_free(r->tasks[i]);
        free(r->tasks);
        free(r->by_member);
        free(r);
}

void object_remove_run(struct run *r)
{
        struct object *o = r->object;
        size_t at;

        if (object_run_index(o, r->id, &at)) {
                memmove(o->runs + at, o->runs + at + 1, (o->n_runs - at - 1) * sizeof(*o->runs));
                o->n_runs--;
        }
        run_free(r);
}

struct run *object_add_standing(struct object *o)
{
        if (o->standing == NULL && (o->standing = calloc(1, sizeof(*o->standing))) != NULL) {
                o->standing->object = o;
                o->standing->phase = PHASE_NONE;
        }
        return o->standing;
}

void object_remove_standing(struct object *o)
{
        if (o->standing != NULL)
                run_free(o->standing);
        o->standing = NULL;
}
