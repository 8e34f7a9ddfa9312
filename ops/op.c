/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"

#include <errno.h>
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
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/trash.h"

const struct op_type *op_type_of(enum object_kind kind)
{
        static const struct op_type *const types[OBJECT_KINDS] = {
                [OBJECT_BACKUP] = &op_backup,
                [OBJECT_RESTORE] = &op_restore,
                [OBJECT_MIGRATION] = &op_migration,
        };

        return types[kind];
}

bool op_can_start(const struct object *o)
{
        return o->is_folder ? !o->started : o->draft_state != DRAFT_NONE;
}

/* The next thing that a task with `unwanted` owes. May free the task. */
static void op_remove_unwanted(struct engine *e, struct task *t, struct member *c);

void op_task_act(struct engine *e, struct task *t, struct member *c)
{
        if (t->verb == TASK_SCHEDULE)
                schedule_act(e, t, c);
        else if (t->verb == TASK_ADOPT)
                adopt_act(e, t, c);
        else if (t->doomed)
                backup_doom_act(e, t, c);
        else if (t->unwanted && task_has_result(t) && !t->location_made && !t->handed_over && !t->secret_made)
                op_remove_unwanted(e, t, c);
        else if (t->verb == TASK_BACKUP)
                backup_act(e, t, c);
        else if (t->run->object->kind == OBJECT_MIGRATION)
                migrate_target_act(e, t, c);
        else
                restore_act(e, t, c);
}

/* By a run, or by a Velero object that was named in that second: a Schedule's Backup has a cron slot's time as its run. */
static bool op_run_is_taken(const struct object *o, int64_t at)
{
        char id[STAMP_SIZE], stamp[STAMP_SIZE];
        size_t n = strlen(stamp_format_name(stamp, at)), len;
        struct list *l, *tmp;

        if (object_run(o, stamp_format_run(id, at)) != NULL)
                return true;
        LIST_EACH (&o->velero, l, tmp) {
                const struct velero_object *v = container_of(l, struct velero_object, of_object);

                len = strlen(v->name);
                if (len >= n && strcmp(v->name + len - n, stamp) == 0)
                        return true;
        }
        return false;
}

int64_t op_next_run(struct engine *e, struct object *o)
{
        int64_t now = clock_realtime(), last = (int64_t)o->last_run_s;

        /* A mark that is far ahead is of a time when our own clock was wrong. */
        if (last >= now && last - now <= LIMIT_CLOCK_AHEAD_S)
                now = last + 1;
        while (op_run_is_taken(o, now))
                now++;
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
                task_give_up(e, r->tasks[i], &err);
}

void op_supersede(struct engine *e, struct object *o, const struct run *by)
{
        char why[64];

        snprintf(why, sizeof(why), "superseded by %s%s", by != NULL ? "run " : "the schedule", by != NULL ? by->id : "");
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

void op_begin(struct engine *e, struct run *r)
{
        struct object *o = r->object;

        engine_event(e, "RunStarted", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "run", r->id, NULL);
        engine_dirty(e, o);
        for (size_t i = 0; i < r->n_tasks; i++) {
                task_refresh(e, r->tasks[i]);
                task_open(e, r->tasks[i]);
        }
        rollup_run(e, r);
        rollup_object(e, o);
        model_touch_run(r, true);
        model_touch_object(o, true);
}

bool op_prepare(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;

        if (t->run->object->policy == NULL) {
                err_set(&err, -ENOENT, "the policy is not known any more");
                err_id(&err, "FLT-0257");
                task_wait_for(e, t, &err);
                return false;
        }
        if (location_ensure(e, t, c) > 0)
                return false;
        if (t->velero_name[0] == '\0')
                task_choose_name(e, t, c);
        return true;
}

struct task *op_add_task(struct engine *e, struct run *r, enum task_verb verb, const struct member *c, int64_t now)
{
        struct task *t = run_add_task(r, verb, c->name);

        if (t == NULL)
                return NULL;
        (void)intern_set(&t->uid, c->uid);
        t->attempt = now;
        /* The stamp may be that of an older run that this one joined. */
        t->deadline = clock_realtime() + e->options.start_deadline;
        return t;
}

void op_again(struct engine *e, struct task *t)
{
        unsigned races = t->races + 1;

        t->state = TASK_DONE;
        if (t->step != STEP_POST)
                t->step = STEP_RESTORE;
        task_renew_at(e, t, op_next_run(e, t->run->object), t->step);
        t->races = races;
        t->retry_at_ms = loop_now(e->loop) + 500 * races;
        t->look_at_ms = t->retry_at_ms;
}

void op_prune_runs(struct engine *e, struct object *o)
{
        while (o->n_runs > LIMIT_RUNS_KEPT) {
                struct run *r = o->runs[0];

                /* A backup that is still there keeps its run on show. */
                for (size_t i = 0; i < r->n_tasks; i++)
                        if (task_velero(r->tasks[i]) != NULL || r->tasks[i]->open)
                                return;
                for (size_t i = 0; i < r->n_tasks; i++)
                        task_close(e, r->tasks[i]);
                model_touch_run(r, true);
                object_remove_run(r);
                engine_dirty(e, o);
        }
}

int op_check_verb(const struct object *o, const char *verb, const char *arg, struct err *err)
{
        if (arg != NULL && arg[0] != '\0')
                return err_set(err, -EINVAL, "%s takes no argument", verb);
        if (o->own)
                return 0;
        err_set(err, -EPERM, "%s was made by store %s", o->name, o->owner);
        err_id(err, "FLT-0252");
        if (o->kind == OBJECT_BACKUP)
                err_remedy(err, "%s it where it was made, or take it over: `echo adopt > ctl`", verb);
        else
                err_remedy(err, "%s it where it was made", verb);
        return -EPERM;
}

int op_nothing_to_retry(struct err *err)
{
        err_set(err, -EINVAL, "nothing to retry: no cluster of the latest run failed or expired");
        err_remedy(err, "read status.txt");
        return -EINVAL;
}

int op_retry(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct run *r = object_latest_run(o);
        int64_t attempt = 0;
        int k = op_check_verb(o, "retry", arg, err);

        if (k < 0)
                return k;
        if (o->policy == NULL || o->removed) {
                err_set(err, -EINVAL, "no policy is in force");
                err_remedy(err, "write the file again");
                return -EINVAL;
        }
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                struct task *t = r->tasks[i];

                if (!task_is_finished(t) || !phase_is(t->phase, PHASE_IS_BAD))
                        continue;
                if (attempt == 0)
                        attempt = op_next_run(e, o);
                task_renew(e, t, attempt);
        }
        return attempt != 0 ? 0 : op_nothing_to_retry(err);
}

void op_resume(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++) {
                        task_refresh(e, o->runs[i]->tasks[k]);
                        task_open(e, o->runs[i]->tasks[k]);
                }
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                task_refresh(e, o->standing->tasks[i]);
                task_open(e, o->standing->tasks[i]);
        }
        rollup_object(e, o);
}

/* ---------------------------------------------------------------- removing */

/*
 * A cluster works on it, or may. What was never sent is called off by the removal, and what has its result owes no more
 * than a clean-up, for which the record stays (op_owes()). What a cluster that left the fleet still owes will never come.
 */
static bool task_runs(const struct task *t)
{
        return !task_has_result(t) && (t->sent || t->state == TASK_POSTED) && task_member(t) != NULL;
}

int op_refuse_while_running(struct engine *e, const struct object *o, struct err *err)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++) {
                        if (!task_runs(o->runs[i]->tasks[k]))
                                continue;
                        err_set(err, -EBUSY, "%s %s is running on %s", object_kind_name(o->kind), o->name,
                                o->runs[i]->tasks[k]->member);
                        err_id(err, "FLT-0413");
                        err_remedy(err, "wait until it has ended, then remove it");
                        return -EBUSY;
                }
        return 0;
}

bool op_owes(const struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++)
                        if (!task_is_finished(o->runs[i]->tasks[k]) && task_member(o->runs[i]->tasks[k]) != NULL)
                                return true;
        return false;
}

/* One after the other, those of earlier attempts too; Velero's finalizer removes what they have in the storage. */
static struct velero_object *unwanted_object(const struct task *t, const struct member *c)
{
        struct list *l, *tmp;

        LIST_EACH (&t->run->object->velero, l, tmp) {
                struct velero_object *v = container_of(l, struct velero_object, of_object);
                if (v->member == c && v->kind == VELERO_RESTORE && v->restore->deletion == 0 &&
                        strcmp(v->restore->run, t->run->id) == 0)
                        return v;
        }
        return NULL;
}

/* Whether the cluster has, or may have, a Restore of the task, of this attempt or an earlier one. */
static bool task_left_restore(const struct task *t)
{
        const struct member *c = task_member(t);

        return t->verb == TASK_RESTORE &&
               (t->sent || t->state == TASK_POSTED || t->state == TASK_DONE || (c != NULL && unwanted_object(t, c) != NULL));
}

int op_delete(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = op_check_verb(o, "delete", arg, err);

        if (r == 0 && o->draft_state != DRAFT_NONE && o->in_force.bytes == NULL)
                r = err_set(err, -EINVAL, "%s never ran: remove its file", o->name);
        if (r == 0)
                r = op_refuse_while_running(e, o, err);
        if (r < 0)
                return r;
        engine_publish(e);
        if (!o->removed && (r = trash_keep(e, o, err)) < 0) {
                object_tell_unstored(err);
                return r;
        }
        engine_write(e);
        o->removed = o->file_gone = true;
        op_cancel(e, o);
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++) {
                        struct task *t = o->runs[i]->tasks[k];

                        if (!task_left_restore(t))
                                continue;
                        t->unwanted = true;
                        task_open(e, t);
                }
        engine_dirty(e, o);
        return 0;
}

static void unwanted_deleted(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* The watch tells that it is gone, or going; or, after a 409, that it is another one by now. */
        if (reply->err == NULL || reply->http_status == 404 || reply->http_status == 409)
                task_await(e, t);
        else
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
}

static void op_remove_unwanted(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_object *v = unwanted_object(t, c);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), body = BUF_INIT(LIMIT_TEXT_BYTES);
        struct object *o = t->run->object;
        struct err err = ERR_INIT;
        int r;

        if (v == NULL) {
                engine_write(e);
                t->unwanted = false;
                engine_dirty(e, o);
                task_refresh(e, t);
                engine_object_shrunk(e, o); /* may free all of it */
                return;
        }
        r = member_velero_path(c, VELERO_RESTORE, v->name, &path, &err);
        if (r == 0 && (r = kube_delete_options(&body, v->restore->uid)) < 0)
                err_set(&err, r, "say which Restore %s is removed", v->name);
        if (r == 0) {
                const struct kube_request rq = {
                        .method = "DELETE",
                        .path = path.data,
                        .body = body.data,
                        .body_len = body.len,
                        .retry = KUBE_RETRY_SAFE,
                };
                r = task_call(t, c, &rq, unwanted_deleted, &err);
        }
        if (r < 0)
                task_retry_later(e, t, &err, 0);
}
