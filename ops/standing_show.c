/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing, what a TASK_SCHEDULE shows: everything that may be wrong with it is looked at, and the worst is its phase.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/member.h"
#include "ops/schedule_private.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/task_private.h"
#include "velero/cron.h"

struct verdict {
        enum phase phase;
        const char *text; /* Velero's own word */
        struct err why;
};

/* True: nothing worse was found so far, and v->why is to be set. */
static bool worse(struct verdict *v, enum phase phase, const char *id)
{
        if (phase >= v->phase)
                return false;
        v->phase = phase;
        v->text = NULL;
        err_clear(&v->why);
        err_id(&v->why, id);
        return true;
}

static void say(struct verdict *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct verdict *v, const char *fmt, ...)
{
        char id[sizeof(v->why.id)], text[sizeof(v->why.msg)];
        va_list ap;

        memcpy(id, v->why.id, sizeof(id));
        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        err_set(&v->why, -EIO, "%s", text);
        err_id(&v->why, id);
}

/* ---------------------------------------------------------------- times */

enum { OVERDUE_GRACE_S = 600 };

static int64_t latest(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* Velero's own rule for the next run; ours for when one is missed. Both are functions of what is known, not of the
   clock. What is known was stamped by the cluster's clock, and what follows is told by ours. */
static void standing_times(
        struct engine *e, struct task *t, const struct member *c, const struct velero_schedule *s, bool paused)
{
        int64_t due, grace, ahead = member_ahead(c);
        struct task_reached *reached = task_reach(t);
        struct cron cron;

        if (reached == NULL)
                return;
        reached->next_run = reached->overdue_at = 0;
        if (paused || cron_parse(s->schedule, &cron, NULL) < 0)
                return;
        if (s->phase == VELERO_SCHEDULE_ENABLED)
                reached->next_run = cron_next(&cron, latest(s->created, latest(s->last_backup, s->last_skipped)));
        if (reached->next_run != 0)
                reached->next_run -= ahead;
        due = cron_next(&cron, latest(latest(s->created, t->attempt + ahead), latest(reached->last_success, s->last_skipped)));
        if (due == 0)
                return;
        grace = (cron_next(&cron, due) - due) / 10;
        reached->overdue_at = due - ahead + (grace > OVERDUE_GRACE_S ? grace : OVERDUE_GRACE_S);
        if (reached->overdue_at > clock_realtime())
                standing_clock(e, reached->overdue_at);
}

/* Its Schedule is gone: no run comes by itself. */
static void standing_stops(struct task *t)
{
        if (t->reached != NULL)
                t->reached->next_run = 0;
}

static void judge_time(const struct task *t, struct verdict *v)
{
        const struct task_reached *reached = task_reached(t);
        char success[RFC3339_SIZE], over[RFC3339_SIZE];

        if (reached->overdue_at == 0 || clock_realtime() < reached->overdue_at || !worse(v, PHASE_OVERDUE, "FLT-0311"))
                return;
        rfc3339_format(over, reached->overdue_at);
        if (reached->last_success != 0)
                say(v, "no successful backup since %s: another one was due, with all patience, by %s",
                        rfc3339_format(success, reached->last_success), over);
        else
                say(v, "no successful backup %s: one was due, with all patience, by %s",
                        reached->lost_success != 0 ? "is left" : "yet", over);
}

/* ---------------------------------------------------------------- what may be wrong */

static void say_drift(struct task *t, const struct velero_object *o, const char *expected, struct verdict *v)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        schedule_drift_text(t, o, expected, &text);
        say(v, "%s", text.data);
}

static void judge_drift(struct engine *e, struct task *t, const struct velero_object *o, struct verdict *v)
{
        const struct velero_schedule *s = o->schedule;
        /* Beside the mount that writes the store, what it has changed since is no drift. */
        bool ours = t->run->object->own && engine_acts(e) && t->spec_sha256[0] != '\0' && !t->tracked;
        const char *expected = ours ? t->spec_sha256 : s->spec_sha256;

        t->drifted = false;
        if (velero_digest(o) == NULL || (strcmp(velero_digest(o), expected) == 0 && strcmp(s->spec_sha256, expected) == 0)) {
                t->confirmed = true;
        } else if (ours && !t->confirmed && t->posted_at_ms != 0 && loop_now(e->loop) - t->posted_at_ms < LIMIT_CALL_MS) {
                /* What the watch showed last may be older than what we sent. */
                (void)worse(v, PHASE_QUEUED, "");
        } else {
                t->drifted = ours;
                if (worse(v, PHASE_DRIFTED, "FLT-0312"))
                        say_drift(t, o, expected, v);
        }
}

/* Velero takes such a schedule, and Velero never runs it. */
static void judge_never(const struct velero_schedule *s, struct verdict *v)
{
        struct cron cron;

        if (!s->paused && cron_parse(s->schedule, &cron, NULL) == 0 && cron_never(&cron) &&
                worse(v, PHASE_UNPROTECTED, "FLT-0289"))
                say(v, "schedule \"%s\" never runs: there is no such day", s->schedule);
}

static void judge_location(const struct member *c, const struct velero_schedule *s, struct verdict *v)
{
        const struct velero_bsl *bsl;
        struct err err = ERR_INIT;

        if (!c->synced[VELERO_LOCATION] || member_location(c, s->storage_location, &bsl, &err) == 0)
                return;
        if (worse(v, PHASE_UNPROTECTED, "FLT-0310"))
                say(v, "backups cannot be made: %s", err.msg);
}

static void judge_result(const struct task *t, struct verdict *v)
{
        const struct task_reached *reached = task_reached(t);
        enum phase last;
        char when[RFC3339_SIZE];

        if (reached->last_result[0] != '\0' && phase_parse(reached->last_result, &last) == 0 && phase_is(last, PHASE_IS_BAD) &&
                worse(v, last, last == PHASE_PARTIALLY_FAILED ? "FLT-0303" : "FLT-0410"))
                say(v, "the last backup that ended is %s: see runs/", reached->last_result);
        /* Velero counts it as Completed; its cluster is not protected by it. */
        if (reached->last_empty && worse(v, PHASE_UNPROTECTED, "FLT-0305"))
                say(v, "the last backup that ended holds nothing: its filters choose no object on %s%s%s", t->member,
                        reached->last_success != 0 ? ", which they last did " : "",
                        reached->last_success != 0 ? rfc3339_format(when, reached->last_success) : "");
        if (reached->lost_success != 0 && worse(v, PHASE_UNPROTECTED, "FLT-0320"))
                say(v, "its backups are gone: none that was Completed is left on %s, the last one ended at %s; they were deleted, or "
                       "their ttl was over before the next run",
                        t->member, rfc3339_format(when, reached->lost_success));
        if (reached->last_success == 0 && worse(v, PHASE_SCHEDULED, "FLT-0314")) {
                if (reached->next_run != 0)
                        say(v, "there is no successful backup yet: the next run is due at %s",
                                rfc3339_format(when, reached->next_run));
                else
                        say(v, "there is no successful backup yet");
        }
}

static void judge_velero(const struct member *c, const struct velero_object *o, struct verdict *v)
{
        const struct velero_schedule *s = o->schedule;

        if (s->phase == VELERO_SCHEDULE_FAILED_VALIDATION && worse(v, PHASE_FAILED, "FLT-0315")) {
                say(v, "%s", s->validation_errors[0] != '\0' ? s->validation_errors : "Velero gives no reason");
                v->text = "FailedValidation";
        }
        /* Velero does not look at one that is paused. */
        if (s->phase == VELERO_SCHEDULE_NEW && !s->paused && worse(v, PHASE_QUEUED, "")) {
                v->text = "New";
                if (s->created != 0 && clock_realtime() + member_ahead(c) - s->created > LIMIT_VELERO_IGNORES_S) {
                        say(v, "Velero has not looked at Schedule %s: its server may be down", o->name);
                        err_id(&v->why, "FLT-0112");
                }
        }
        if (s->paused && worse(v, PHASE_PAUSED, "FLT-0316"))
                say(v, "the schedule is paused");
}

static void judge(struct engine *e, struct task *t, const struct member *c, const struct velero_object *o, struct verdict *v)
{
        const struct object *object = t->run->object;

        if (object->own && !object_owns(object, o->schedule->owner)) {
                if (worse(v, PHASE_CONFLICT, "FLT-0403"))
                        say(v, "Schedule %s on %s is not ours any more: its labels were changed", o->name, c->name);
                t->drifted = true;
                return;
        }
        standing_times(e, t, c, o->schedule, o->schedule->paused);
        judge_drift(e, t, o, v);
        if (object->own && object->removed && !t->unwanted && worse(v, PHASE_ORPHANED, "FLT-0313"))
                say(v, "Schedule %s on %s has no policy any more", o->name, c->name);
        judge_velero(c, o, v);
        judge_never(o->schedule, v);
        judge_location(c, o->schedule, v);
        judge_time(t, v);
        judge_result(t, v);
}

/* ---------------------------------------------------------------- what shows */

static void show(struct task *t, const struct verdict *v)
{
        t->phase = v->phase;
        (void)intern_set(&t->phase_text, v->text);
        task_set_reason(t, v->why.msg[0] != '\0' ? &v->why : NULL);
}

static void show_posted(struct engine *e, struct task *t)
{
        const struct member *c = task_member(t);
        const struct velero_object *o = task_velero(t);
        struct verdict v = { .phase = PHASE_PROTECTED, .why = ERR_INIT };

        if (c == NULL || c->health != MEMBER_READY || !c->synced[VELERO_SCHEDULE]) {
                /* What was seen stays on show while its cluster is away; only time goes on. */
                v.phase = t->phase;
                judge_time(t, &v);
                if (v.phase != t->phase)
                        show(t, &v);
                return;
        }
        if (o != NULL) {
                judge(e, t, c, o, &v);
        } else if (!t->confirmed && t->posted_at_ms != 0 && loop_now(e->loop) - t->posted_at_ms < LIMIT_CALL_MS) {
                v.phase = PHASE_QUEUED;
                v.text = "New";
        } else if (!engine_acts(e)) {
                standing_stops(t);
                (void)worse(&v, PHASE_UNPROTECTED, "FLT-0317");
                say(&v, "Schedule %s is gone from %s: the mount that writes the store removed the policy, or somebody else it",
                        t->velero_name, c->name);
                judge_time(t, &v);
        } else {
                t->drifted = true;
                standing_stops(t);
                (void)worse(&v, PHASE_DRIFTED, "FLT-0312");
                say(&v, "someone deleted Schedule %s on %s", t->velero_name, c->name);
                judge_time(t, &v);
        }
        show(t, &v);
}

/* Its cluster left the fleet, and the document names it. Whatever it still does there, nobody sees it. */
static void show_missing(struct task *t)
{
        struct err err = ERR_INIT;

        t->phase = PHASE_UNKNOWN;
        (void)intern_set(&t->phase_text, NULL);
        t->drifted = false;
        standing_stops(t);
        err_set(&err, -ENODEV, "cluster %s is no longer in the fleet", t->member);
        err_id(&err, "FLT-0416");
        task_set_reason(t, &err);
}

void standing_show(struct engine *e, struct task *t)
{
        if (t->verb == TASK_SCHEDULE && t->wanted && !t->unwanted && task_member(t) == NULL) {
                show_missing(t);
        } else if (t->unwanted || t->verb == TASK_ADOPT || (t->state != TASK_POSTED && t->state != TASK_CONFLICT &&
                                                            t->state != TASK_REJECTED)) {
                t->phase = PHASE_PENDING;
                (void)intern_set(&t->phase_text, NULL);
                t->drifted = false;
        } else if (t->state == TASK_POSTED) {
                show_posted(e, t);
        } else {
                t->phase = t->state == TASK_CONFLICT ? PHASE_CONFLICT : PHASE_FAILED;
                (void)intern_set(&t->phase_text, t->state == TASK_REJECTED ? "Rejected" : NULL);
        }
}
