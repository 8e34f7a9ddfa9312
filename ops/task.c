/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/task.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/task_private.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- life */

bool task_has_result(const struct task *t)
{
        /* A Schedule that is there rests there. */
        if (t->verb == TASK_SCHEDULE)
                return t->state != TASK_PENDING;
        return t->state != TASK_PENDING && t->state != TASK_POSTED;
}

bool task_owes_cleanup(const struct task *t)
{
        return t->location_made || t->handed_over || t->secret_made || t->unwanted || t->doomed;
}

bool task_is_finished(const struct task *t)
{
        return task_has_result(t) && !task_owes_cleanup(t);
}

/* The cluster that wakes it: found anew whenever it acts, as clusters come, go and change their names. */
static struct member *task_attach(struct task *t)
{
        struct member *c = task_member(t);

        if (t->at == c)
                return c;
        list_remove(&t->at_member);
        t->at = c;
        if (c != NULL)
                list_append(&c->tasks, &t->at_member);
        return c;
}

void task_open(struct engine *e, struct task *t)
{
        if (task_is_finished(t))
                return;
        t->open = true;
        engine_open_task(e, t);
        (void)task_attach(t);
        task_kick(e, t);
}

void task_close(struct engine *e, struct task *t)
{
        if (t->call != 0) {
                kube_cancel(member_client(t->call_at), t->call);
                task_call_forget(t);
        }
        list_remove(&t->at_member);
        t->at = NULL;
        engine_close_task(e, t);
        t->open = false;
        json_decref(t->volumes);
        t->volumes = NULL;
}

void task_kick(struct engine *e, struct task *t)
{
        if (t->open)
                engine_queue_task(e, t);
}

const char *task_kind_text(const struct task *t)
{
        switch (t->run->object->kind) {
        case OBJECT_BACKUP:
                return "backup";
        case OBJECT_RESTORE:
                return "restore";
        case OBJECT_MIGRATION:
        case OBJECT_KINDS:
                break;
        }
        return "migration";
}

struct velero_identity task_identity(const struct task *t, const struct member *c)
{
        return (struct velero_identity){
                .store = t->run->object->owner,
                .fleet = t->run->object->fleet->name,
                .kind = task_kind_text(t),
                .policy = t->run->object->name,
                .sub = t->sub,
                .cluster = c->name,
                .cluster_uid = c->uid,
        };
}

void task_choose_name(struct engine *e, struct task *t, const struct member *c)
{
        const struct velero_identity id = task_identity(t, c);

        assert(t->uid[0] == '\0' || strcmp(t->uid, c->uid) == 0);
        engine_write(e);
        (void)intern_set(&t->uid, c->uid);
        if (t->verb == TASK_SCHEDULE)
                velero_name_base(&id, t->velero_name);
        else
                velero_name_run(&id, t->attempt, t->velero_name);
        t->sent = false;
        (void)intern_set(&t->spec_sha256, "");
        engine_dirty(e, t->run->object);
}

bool task_has_name(const struct task *t, const char *velero_name)
{
        return strcmp(t->velero_name, velero_name) == 0 || (t->first_name != NULL && strcmp(t->first_name, velero_name) == 0);
}

void task_keep_name(struct task *t)
{
        if (t->first_name == NULL && t->velero_name[0] != '\0')
                t->first_name = strdup(t->velero_name);
}

void task_renew(struct engine *e, struct task *t, int64_t attempt)
{
        task_renew_at(e, t, attempt, t->step != STEP_POST ? STEP_LOCATION : STEP_POST);
}

void task_owe(struct engine *e, struct task *t)
{
        engine_write(e);
        t->state = TASK_PENDING;
        t->failures = 0;
        t->retry_at_ms = t->look_at_ms = 0;
        task_set_reason(t, NULL);
        engine_dirty(e, t->run->object);
        task_open(e, t);
        task_refresh(e, t);
}

void task_renew_at(struct engine *e, struct task *t, int64_t attempt, enum task_step step)
{
        bool taken = t->state == TASK_DONE || t->state == TASK_CONFLICT;

        task_close(e, t);
        engine_write(e);
        /* A name under which something may have been posted is tried again; one that is taken is not. */
        if (taken || !t->sent) {
                if (t->state == TASK_DONE)
                        task_keep_name(t);
                t->velero_name[0] = '\0';
                (void)intern_set(&t->spec_sha256, "");
                t->sent = false;
                t->attempt = attempt;
        }
        t->given_up = t->tracked = false;
        t->step = step;
        t->deadline = clock_realtime() + e->options.start_deadline;
        t->started = t->completed = t->expires = 0;
        t->items_done = t->items_total = t->errors = t->warnings = 0;
        (void)intern_set(&t->hostpath, NULL);
        task_forget_volumes(t);
        t->races = 0;
        task_owe(e, t);
}

void task_give_up(struct engine *e, struct task *t, const struct err *why)
{
        if (t->state != TASK_PENDING)
                return;
        if (!t->sent && t->call == 0) {
                task_set_state(e, t, TASK_CANCELLED, why);
        } else {
                t->given_up = true;
                task_wait_for(e, t, why);
                task_kick(e, t);
        }
        engine_dirty(e, t->run->object);
}

/* ---------------------------------------------------------------- acting */

/* How often a task is looked at without an event: what it waits for may be elsewhere (a migration's source), or time. */
enum { TASK_LOOK_MS = 2000 };

bool task_is_due(const struct task *t, int64_t now_ms, int64_t now_s)
{
        if (t->call != 0)
                return false;
        if (t->state == TASK_PENDING && t->deadline != 0 && now_s >= t->deadline)
                return true;
        return now_ms >= t->look_at_ms && now_ms >= t->retry_at_ms;
}

/* One that was given up is not to be retried: should it have been posted after all, what shows makes it POSTED. May free the
   task. */
static void task_expire(struct engine *e, struct task *t)
{
        struct object *o = t->run->object;
        struct err err = ERR_INIT;

        if (t->given_up) {
                err_set(&err, -ECANCELED, "given up before it was known to be posted: a newer run, or the removal of the "
                        "policy, came first, and %s did not say in time", t->member);
                err_id(&err, "FLT-0405");
                t->given_up = false;
                engine_dirty(e, o);
                task_set_state(e, t, TASK_CANCELLED, &err);
                if (o->removed)
                        engine_object_shrunk(e, o);
                return;
        }
        err_set(&err, -ETIMEDOUT, "not posted within startDeadline (%lld s)%s%s", (long long)e->options.start_deadline,
                t->reason != NULL ? ": " : "", t->reason != NULL ? t->reason : "");
        err_id(&err, "FLT-0402");
        task_set_state(e, t, TASK_EXPIRED, &err);
}

static void task_wait_for_member(struct engine *e, struct task *t, const struct member *c)
{
        struct err err = ERR_INIT;

        if (c == NULL) {
                err_set(&err, -ENODEV, "cluster %s is no longer in the fleet", t->member);
                err_id(&err, "FLT-0416");
        } else {
                err_set(&err, -EHOSTUNREACH, "cluster %s is %s%s%s", c->name, member_health_name(c->health),
                        c->reason != NULL ? ": " : "", c->reason != NULL ? c->reason : "");
                err_id(&err, "FLT-0401");
        }
        task_wait_for(e, t, &err);
}

/* What a Ready cluster shows is all there is; a list that was under way when it was posted has ended by now. */
static bool task_is_lost(struct engine *e, const struct task *t, const struct member *c)
{
        return c->synced[task_velero_kind(t)] && member_velero(c, task_velero_kind(t), t->velero_name) == NULL &&
               loop_now(e->loop) - t->posted_at_ms > LIMIT_CALL_MS;
}

void task_act(struct engine *e, struct task *t)
{
        struct member *c;

        if (!t->open || t->call != 0)
                return;
        t->look_at_ms = loop_now(e->loop) + TASK_LOOK_MS;
        c = task_attach(t);
        if (!engine_acts(e)) {
                task_refresh(e, t);
                return;
        }
        if (t->state == TASK_PENDING && t->deadline != 0 && clock_realtime() >= t->deadline) {
                task_expire(e, t);
                return;
        }
        if (c == NULL && t->doomed) {
                backup_doom_forgotten(e, t);
                return;
        }
        if (c == NULL || !member_ready(c)) {
                if ((t->state == TASK_PENDING && !t->given_up) || t->verb >= TASK_SCHEDULE || t->doomed)
                        task_wait_for_member(e, t, c);
                return;
        }
        /* The round was published before its tasks act: whatever they write down from here on, no reader looks at it. */
        engine_write(e);
        if (t->doomed)
                member_follow_requests(c);
        if (t->verb >= TASK_SCHEDULE) {
                if (t->retry_at_ms <= loop_now(e->loop))
                        op_task_act(e, t, c);
                return;
        }
        if (t->state == TASK_POSTED && task_is_lost(e, t, c))
                task_object_gone(e, t);
        else if (t->state == TASK_POSTED)
                task_refresh(e, t);
        if (!t->open || t->retry_at_ms > loop_now(e->loop))
                return;
        if (t->state == TASK_PENDING && t->given_up)
                task_verify(e, t, c);
        else if (t->state == TASK_POSTED && task_lost_race(t))
                op_again(e, t);
        else
                op_task_act(e, t, c);
}
