/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/object_undo.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/object.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"
#include "ops/trash.h"

/* What a task owns. A new string of struct task belongs here, as in model.c where it is freed. */
static const size_t task_strings[] = {
        offsetof(struct task, sub),
        offsetof(struct task, first_name),
        offsetof(struct task, location),
        offsetof(struct task, reason),
};

/* A copy of a task that is in no list and no hash; its strings are its own. `at` is where it was. */
struct task_was {
        struct task *at;
        struct task copy;
};

struct run_was {
        char id[RUN_ID_LEN + 1];
        bool standing;
        int64_t created, completed;
        enum phase phase;
        struct task_was *tasks;
        size_t n_tasks;
};

struct object_undo {
        struct object copy; /* its numbers, flags and texts; pointers are those below */
        struct document in_force, draft, synced;
        struct policy *replaced;
        struct event_log events; /* how long it was */
        int64_t at;
        bool unstored;
        struct run_was *runs; /* the standing one last */
        size_t n_runs;
};

static char **task_string(struct task *t, size_t i)
{
        return (char **)(void *)((char *)t + task_strings[i]);
}

/* ---------------------------------------------------------------- noting */

static void task_was_done(struct task_was *w)
{
        for (size_t i = 0; i < ARRAY_SIZE(task_strings); i++)
                free(*task_string(&w->copy, i));
        free(w->copy.reached);
        task_unref_texts(&w->copy);
}

static int task_note(struct task_was *w, struct task *t)
{
        int r = 0;

        w->at = t;
        w->copy = *t;
        w->copy.reached = NULL;
        if (t->reached != NULL && task_reach(&w->copy) != NULL)
                *w->copy.reached = *t->reached;
        else if (t->reached != NULL)
                r = -ENOMEM;
        task_ref_texts(&w->copy);
        for (size_t i = 0; i < ARRAY_SIZE(task_strings); i++) {
                const char *text = *task_string(t, i);
                char *own = text != NULL ? strdup(text) : NULL;

                *task_string(&w->copy, i) = own;
                if (text != NULL && own == NULL)
                        r = -ENOMEM;
        }
        return r;
}

static int run_note(struct object_undo *u, const struct run *r)
{
        struct run_was *w = &u->runs[u->n_runs++];
        int k = 0;

        memcpy(w->id, r->id, sizeof(w->id));
        w->standing = r == r->object->standing;
        w->created = r->created;
        w->completed = r->completed;
        w->phase = r->phase;
        w->tasks = calloc(r->n_tasks + 1, sizeof(*w->tasks));
        if (w->tasks == NULL)
                return -ENOMEM;
        for (; w->n_tasks < r->n_tasks && k == 0; w->n_tasks++)
                k = task_note(&w->tasks[w->n_tasks], r->tasks[w->n_tasks]);
        return k;
}

static int document_note(struct document *w, const struct document *d)
{
        int r;

        if (d->bytes == NULL)
                return 0;
        r = document_set(w, d->bytes, d->len, d->ext, d->mtime_ns);
        w->generation = d->generation;
        w->write = d->write;
        return r;
}

int object_undo_new(struct object_undo **ret, const struct object *o, struct err *err)
{
        _cleanup_(object_undo_freep) struct object_undo *u = calloc(1, sizeof(*u));
        int r = u != NULL ? 0 : -ENOMEM;

        if (r == 0) {
                u->copy = *o;
                u->at = clock_realtime();
                u->unstored = list_linked(&o->unstored);
                u->events = o->fleet->model->events;
                u->runs = calloc(o->n_runs + 1, sizeof(*u->runs));
                r = u->runs == NULL ? -ENOMEM : document_note(&u->in_force, &o->in_force);
        }
        if (r == 0)
                r = document_note(&u->draft, &o->draft);
        if (r == 0)
                r = document_note(&u->synced, &o->synced);
        for (size_t i = 0; i < o->n_runs && r == 0; i++)
                r = run_note(u, o->runs[i]);
        if (r == 0 && o->standing != NULL)
                r = run_note(u, o->standing);
        if (r < 0)
                return err_set(err, r, "remember how %s is", o->name);
        *ret = TAKE(u);
        return 0;
}

void object_undo_keep_policy(struct object_undo *u, struct policy *replaced)
{
        u->replaced = replaced;
}

void object_undo_free(struct object_undo *u)
{
        if (u == NULL)
                return;
        for (size_t i = 0; i < u->n_runs; i++) {
                for (size_t k = 0; k < u->runs[i].n_tasks; k++)
                        task_was_done(&u->runs[i].tasks[k]);
                free(u->runs[i].tasks);
        }
        free(u->runs);
        document_done(&u->in_force);
        document_done(&u->draft);
        document_done(&u->synced);
        policy_free(u->replaced);
        free(u);
}

/* ---------------------------------------------------------------- putting back */

/* What ties it to the engine, and what of the cluster it has seen, stays as it is now. */
static void task_put_back(struct engine *e, struct task *t, struct task_was *w)
{
        struct task was = w->copy;

        if (t->open && !was.open)
                task_close(e, t);
        if (strcmp(t->member, was.member) != 0)
                run_move_task(t, was.member);
        for (size_t i = 0; i < ARRAY_SIZE(task_strings); i++) {
                free(*task_string(t, i));
                *task_string(&w->copy, i) = NULL;
        }
        free(t->reached);
        w->copy.reached = NULL;
        was.run = t->run;
        was.seen_volumes = t->seen_volumes;
        was.n_seen_volumes = t->n_seen_volumes;
        was.eta = t->eta;
        was.next_same = t->next_same;
        was.opened = t->opened;
        was.queued = t->queued;
        was.at_member = t->at_member;
        was.at_call = t->at_call;
        was.at = t->at;
        was.call_at = t->call_at;
        was.call = t->call;
        was.volumes = t->volumes;
        was.open = t->open;
        was.may_act = t->may_act;
        task_ref_texts(&was);
        task_unref_texts(t);
        *t = was;
        if (w->copy.open && !t->open)
                task_open(e, t);
        model_touch_task(t);
}

static struct task *run_find(const struct run *r, const struct task *at)
{
        for (size_t i = 0; i < r->n_tasks; i++)
                if (r->tasks[i] == at)
                        return r->tasks[i];
        return NULL;
}

static bool run_was_has(const struct run_was *w, const struct task *t)
{
        for (size_t i = 0; i < w->n_tasks; i++)
                if (w->tasks[i].at == t)
                        return true;
        return false;
}

static void run_drop_tasks(struct engine *e, struct run *r, const struct run_was *keep)
{
        for (size_t i = r->n_tasks; i-- > 0;) {
                struct task *t = r->tasks[i];

                if (keep != NULL && run_was_has(keep, t))
                        continue;
                task_close(e, t);
                model_touch_task(t);
                run_remove_task(t);
        }
}

/*
 * A task is found by where it is: one that was made by the verb where an older one had been becomes that one, as all of it
 * is put back.
 */
static void run_put_back(struct engine *e, struct run *r, struct run_was *w)
{
        run_drop_tasks(e, r, w);
        /* Before any is added, which may be where another one had been. */
        for (size_t i = 0; i < w->n_tasks; i++)
                w->tasks[i].at = run_find(r, w->tasks[i].at);
        for (size_t i = 0; i < w->n_tasks; i++) {
                struct task_was *t = &w->tasks[i];

                if (t->at == NULL)
                        t->at = run_add_task(r, t->copy.verb, t->copy.member);
                if (t->at != NULL)
                        task_put_back(e, t->at, t);
        }
        for (size_t i = 0; i < w->n_tasks && r->n_tasks == w->n_tasks; i++)
                r->tasks[i] = w->tasks[i].at;
        r->created = w->created;
        r->completed = w->completed;
        r->phase = w->phase;
        rollup_run(e, r);
        model_touch_run(r, true);
}

static const struct run_was *undo_run(const struct object_undo *u, const struct run *r)
{
        for (size_t i = 0; i < u->n_runs; i++)
                if (!u->runs[i].standing && strcmp(u->runs[i].id, r->id) == 0)
                        return &u->runs[i];
        return NULL;
}

static void undo_runs(struct object_undo *u, struct engine *e, struct object *o)
{
        for (size_t i = o->n_runs; i-- > 0;) {
                struct run *r = o->runs[i];

                if (undo_run(u, r) != NULL)
                        continue;
                run_drop_tasks(e, r, NULL);
                model_touch_run(r, true);
                object_remove_run(r);
        }
        if (o->standing != NULL && u->copy.standing == NULL) {
                run_drop_tasks(e, o->standing, NULL);
                object_remove_standing(o);
        }
        for (size_t i = 0; i < u->n_runs; i++) {
                struct run_was *w = &u->runs[i];
                struct run *r = w->standing ? object_add_standing(o) : object_run(o, w->id);

                if (r == NULL)
                        r = object_add_run(o, w->id);
                if (r != NULL)
                        run_put_back(e, r, w);
        }
}

static void undo_fields(struct object *o, const struct object *was)
{
        memcpy(o->owner, was->owner, sizeof(o->owner));
        o->own = was->own;
        o->draft_state = was->draft_state;
        o->draft_err = was->draft_err;
        o->draft_at = was->draft_at;
        o->writes = was->writes;
        o->draft_released = was->draft_released;
        o->draft_loaded = was->draft_loaded;
        o->file_gone = was->file_gone;
        o->removal_at_ms = was->removal_at_ms;
        o->removal_at = was->removal_at;
        o->removal_renamed = was->removal_renamed;
        o->removal_uid = was->removal_uid;
        o->removed = was->removed;
        o->paused = was->paused;
        o->schedules_at = was->schedules_at;
        memcpy(o->adopted_from, was->adopted_from, sizeof(o->adopted_from));
        o->started = was->started;
        o->last_run_s = was->last_run_s;
        o->created = was->created;
}

static void undo_document(struct document *d, struct document *was)
{
        document_done(d);
        *d = *was;
        *was = (struct document){ .bytes = NULL };
}

/* Lines of this section nobody has read; a log that began anew meanwhile keeps them. */
static void undo_events(const struct object_undo *u, struct event_log *log)
{
        if (log->generation != u->events.generation)
                return;
        log->len = u->events.len;
        log->last = u->events.last;
}

static void undo_record(const struct object_undo *u, struct engine *e, struct object *o, bool stored)
{
        if (stored && o->own) {
                engine_dirty(e, o);
                return;
        }
        if (stored)
                (void)object_delete(e, o, NULL); /* what is not ours has no record */
        if (!u->unstored)
                engine_stored(e, o);
        else
                o->dirty = u->copy.dirty;
}

void object_undo_apply(struct object_undo *u, struct engine *e, struct object *o, bool stored)
{
        if (o->removed && !u->copy.removed)
                trash_take_back(e, o, u->at);
        undo_fields(o, &u->copy);
        undo_document(&o->in_force, &u->in_force);
        undo_document(&o->draft, &u->draft);
        undo_document(&o->synced, &u->synced);
        if (u->replaced != NULL || u->copy.policy == NULL) {
                policy_free(o->policy);
                o->policy = TAKE(u->replaced);
        }
        undo_runs(u, e, o);
        undo_events(u, &o->fleet->model->events);
        undo_record(u, e, o, stored);
        rollup_object(e, o);
        model_touch_object(o, true);
        o->changed = u->copy.changed;
}
