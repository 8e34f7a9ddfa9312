/* SPDX-License-Identifier: Apache-2.0 */
/*
 * task, what it shows: its phase, counts and reason, computed from its state and from its Velero object, and told when
 * they differ from what was told before.
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
#include "ops/engine_private.h"
#include "ops/looks.h"
#include "ops/member.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/task_private.h"

static bool text_equal(const char *a, const char *b)
{
        return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

void task_set_text(char **to, const char *text)
{
        if (text_equal(*to, text))
                return;
        free(*to);
        *to = text != NULL ? strdup(text) : NULL;
}

void task_set_reason(struct task *t, const struct err *err)
{
        const char *text = err != NULL ? err->msg : NULL, *code = err != NULL ? err->id : "";

        if (text_equal(t->reason, text) && strcmp(t->code, code) == 0)
                return;
        task_set_text(&t->reason, text);
        snprintf(t->code, sizeof(t->code), "%s", code);
        t->since = text != NULL ? clock_realtime() : 0;
}

/* Velero's own sentence about a phase that is not good. */
static void task_velero_reason(struct task *t, const char *validation, const char *failure, uint32_t errors,
        uint16_t hooks_failed, const char *folder)
{
        struct err err = ERR_INIT;
        char hooks[32] = "";

        if (hooks_failed > 0)
                snprintf(hooks, sizeof(hooks), "%u hook%s failed, ", hooks_failed, hooks_failed == 1 ? "" : "s");

        if (validation[0] != '\0')
                err_set(&err, -EINVAL, "%s", validation);
        else if (failure[0] != '\0')
                err_set(&err, -EIO, "%s", failure);
        else if (errors > 0)
                err_set(&err, -EIO, "%s%u error%s in Velero's log of %s/%s", hooks, (unsigned)errors, errors == 1 ? "" : "s",
                        folder, t->velero_name);
        else
                return;
        err_id(&err, "FLT-0410");
        task_set_reason(t, &err);
        /* What no record remembers is read anew at each start: its end is the same then. */
        if (t->completed != 0)
                t->since = t->completed;
}

/* Restores run one at a time: one that waits behind another says nothing about the server. */
static bool member_restores(const struct member *c)
{
        const struct velero_object *v;

        VELERO_EACH (v, &c->velero[VELERO_RESTORE])
                if (velero_phase_is(&velero_restore_phases, v->restore->phase, VELERO_PHASE_RUNNING) &&
                        v->restore->phase != VELERO_RESTORE_NEW)
                        return true;
        return false;
}

static bool task_is_ignored(const struct velero_object *v, bool is_new, int64_t created)
{
        return is_new && created != 0 && clock_realtime() + member_ahead(v->member) - created > LIMIT_VELERO_IGNORES_S &&
               v->member->health == MEMBER_READY && (v->kind == VELERO_BACKUP || !member_restores(v->member));
}

/* A server that does nothing has no other way to say so. */
static void task_ignored_reason(struct task *t, const struct velero_object *v)
{
        struct err err = ERR_INIT;

        err_set(&err, -EIO, "Velero has not looked at %s %s: its server may be down", v->kind == VELERO_BACKUP ? "Backup" :
                "Restore", v->name);
        err_id(&err, "FLT-0112");
        task_set_reason(t, &err);
}

/* `delete <run>` that came to nothing is told until it is said again. */
static bool task_was_not_deleted(const struct task *t)
{
        return strcmp(t->code, "FLT-0414") == 0 || strcmp(t->code, "FLT-0415") == 0;
}

/* A sample of how it goes, as long as it does. */
static void task_note_items(struct task *t)
{
        if (t->items_total > 0 && phase_is(t->phase, PHASE_IS_RUNNING) && task_measure(t) != NULL)
                eta_note(&t->eta->items, clock_realtime(), t->items_done, t->items_total);
}

static void task_show_backup(struct task *t, const struct velero_object *v)
{
        const struct velero_backup *b = v->backup;

        /* What it reached stays on show while the backup is deleted, and after it. */
        if (t->state == TASK_DONE && b->phase == VELERO_BACKUP_DELETING && t->phase_text != NULL)
                return;
        t->phase = phase_of_backup(b->phase, false);
        (void)intern_set(&t->phase_text, b->phase_text[0] != '\0' ? b->phase_text : "New");
        t->started = b->started;
        t->completed = b->completed;
        t->expires = b->expiration;
        t->items_done = (int32_t)b->items_done;
        t->items_total = (int32_t)b->items_total;
        task_note_items(t);
        t->errors = (int32_t)b->errors;
        t->warnings = (int32_t)b->warnings;
        if (velero_phase_is(&velero_backup_phases, b->phase, VELERO_PHASE_BAD))
                task_velero_reason(t, b->validation_errors, b->failure_reason, b->errors, b->hooks_failed, "backups");
        else if (task_is_ignored(v, b->phase == VELERO_BACKUP_NEW, b->created))
                task_ignored_reason(t, v);
        else if (!task_was_not_deleted(t))
                task_set_reason(t, NULL);
}

static void task_show_restore(struct task *t, const struct velero_object *v)
{
        const struct velero_restore *x = v->restore;

        t->phase = phase_of_restore(x->phase);
        (void)intern_set(&t->phase_text, x->phase_text[0] != '\0' ? x->phase_text : "New");
        t->started = x->started;
        t->completed = x->completed;
        t->items_done = (int32_t)x->items_done;
        t->items_total = (int32_t)x->items_total;
        task_note_items(t);
        t->errors = (int32_t)x->errors;
        t->warnings = (int32_t)x->warnings;
        if (velero_phase_is(&velero_restore_phases, x->phase, VELERO_PHASE_BAD))
                task_velero_reason(t, x->validation_errors, x->failure_reason, x->errors, x->hooks_failed, "restores");
        else if (task_is_ignored(v, x->phase == VELERO_RESTORE_NEW, x->created))
                task_ignored_reason(t, v);
        else
                task_set_reason(t, NULL);
}

static bool velero_is_terminal(const struct velero_object *v)
{
        return v->kind == VELERO_BACKUP ?
                       velero_phase_is(&velero_backup_phases, v->backup->phase, VELERO_PHASE_TERMINAL) :
                       velero_phase_is(&velero_restore_phases, v->restore->phase, VELERO_PHASE_TERMINAL);
}

enum { TASK_RACES_MAX = 5 };

bool task_lost_race(const struct task *t)
{
        const struct velero_object *v = t->verb == TASK_RESTORE && t->state == TASK_POSTED ? task_velero(t) : NULL;

        /* A backup that is there for us will be for Velero; one that is not was named in vain. */
        return v != NULL && t->run->object->own && v->restore->phase == VELERO_RESTORE_FAILED_VALIDATION &&
               t->races < TASK_RACES_MAX && t->backup_name[0] != '\0' &&
               member_velero(v->member, VELERO_BACKUP, t->backup_name) != NULL &&
               (strstr(v->restore->validation_errors, "not found") != NULL ||
                       strstr(v->restore->validation_errors, "retrieving backup") != NULL);
}

/* States before there is anything to see on the cluster. */
static void task_show_own(struct task *t)
{
        static const struct {
                enum phase phase;
                const char *text;
        } shown[] = {
                [TASK_PENDING] = { PHASE_PENDING, NULL },
                [TASK_POSTED] = { PHASE_QUEUED, "New" },
                [TASK_CANCELLED] = { PHASE_CANCELLED, NULL },
                [TASK_EXPIRED] = { PHASE_EXPIRED, NULL },
                [TASK_CONFLICT] = { PHASE_CONFLICT, NULL },
                /* A refusal by the cluster counts as a failure; the word says whose. */
                [TASK_REJECTED] = { PHASE_FAILED, "Rejected" },
        };

        t->phase = shown[t->state].phase;
        (void)intern_set(&t->phase_text, shown[t->state].text);
}

static uint64_t digest_number(uint64_t h, int64_t v)
{
        return (h ^ (uint64_t)v) * 0x100000001b3u;
}

static uint64_t digest_text(uint64_t h, const char *p)
{
        for (; p != NULL && *p != '\0'; p++)
                h = (h ^ (unsigned char)*p) * 0x100000001b3u;
        return digest_number(h, p != NULL);
}

static uint64_t task_digest(const struct task *t)
{
        const struct task_reached *reached = task_reached(t);
        const int64_t numbers[] = { (int64_t)t->state, (int64_t)t->phase, t->items_done, t->items_total, t->errors,
                t->warnings, t->started, t->completed, t->expires, (int64_t)t->step, reached->last_attempt,
                reached->last_success, reached->lost_success, reached->next_run, reached->overdue_at, t->unwanted, t->doomed };
        uint64_t h = 0xcbf29ce484222325u;

        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                h = digest_number(h, numbers[i]);
        h = digest_text(h, t->phase_text);
        h = digest_text(h, t->reason);
        h = digest_text(h, t->code);
        h = digest_text(h, t->velero_name);
        h = digest_text(h, reached->last_run);
        h = digest_text(h, reached->last_result);
        return digest_text(h, t->backup_name);
}

static void task_tell(struct engine *e, struct task *t, enum phase before)
{
        struct run *r = t->run;

        if (t->phase != before)
                engine_event(e, "TaskPhase", r->object->fleet, "kind", object_kind_name(r->object->kind), "name",
                        r->object->name, "run", r->id[0] != '\0' ? r->id : NULL, "cluster", t->member, "phase", task_phase_text(t), "velero",
                        t->velero_name[0] ? t->velero_name : NULL, "message", t->reason, NULL);
        model_touch_task(t);
        rollup_run(e, r);
        if (t->verb == TASK_BACKUP && task_member(t) != NULL)
                standing_note(e, r->object, task_member(t), t->sub);
        /* A migration's targets wait for its source. */
        if (r->object->kind == OBJECT_MIGRATION && t->verb == TASK_BACKUP)
                for (size_t i = 0; i < r->n_tasks; i++)
                        task_kick(e, r->tasks[i]);
}

static void task_show_velero(struct engine *e, struct task *t, const struct velero_object *v)
{
        if (task_lost_race(t)) {
                t->phase = PHASE_QUEUED;
                (void)intern_set(&t->phase_text, "New");
                task_kick(e, t);
                return;
        }
        if (v->kind == VELERO_BACKUP)
                task_show_backup(t, v);
        else
                task_show_restore(t, v);
        if (t->state == TASK_POSTED && velero_is_terminal(v)) {
                t->state = TASK_DONE;
                task_forget_eta(t);
                engine_note(e, t->run->object);
                task_kick(e, t);
        }
}

void task_refresh(struct engine *e, struct task *t)
{
        const struct velero_object *v = t->state == TASK_POSTED || t->state == TASK_DONE ? task_velero(t) : NULL;
        enum phase before = t->phase;
        uint64_t digest;

        engine_write(e);
        if (t->verb >= TASK_SCHEDULE) {
                standing_show(e, t);
        } else if (t->doomed) {
                t->phase = PHASE_DELETING;
                (void)intern_set(&t->phase_text, NULL);
        } else if (v != NULL) {
                task_show_velero(e, t, v);
        } else if (t->state != TASK_DONE && !(t->state == TASK_POSTED && t->phase_text != NULL)) {
                task_show_own(t); /* what was seen of a posted one stays on show while its cluster is away */
        }
        digest = task_digest(t);
        if (digest != t->shown) {
                t->shown = digest;
                task_tell(e, t, before);
        }
        looks_follow(e, t);
        if (task_is_finished(t) && t->open)
                task_close(e, t);
}

void task_object_gone(struct engine *e, struct task *t)
{
        struct err err = ERR_INIT;

        /* Its time came (ttl), or somebody removed it: what it reached stays on show. */
        if (t->state != TASK_POSTED)
                return;
        engine_write(e);
        err_set(&err, -ENOENT, "%s %s was deleted on the cluster before it was finished",
                t->verb == TASK_BACKUP ? "Backup" : "Restore", t->velero_name);
        err_id(&err, "FLT-0411");
        t->state = TASK_DONE;
        t->phase = PHASE_FAILED;
        (void)intern_set(&t->phase_text, "Failed");
        task_set_reason(t, &err);
        engine_note(e, t->run->object);
        task_kick(e, t);
        task_refresh(e, t);
}

void task_set_state(struct engine *e, struct task *t, enum task_state state, const struct err *err)
{
        engine_write(e);
        t->state = state;
        task_set_reason(t, err);
        if (state == TASK_POSTED)
                (void)intern_set(&t->phase_text, NULL);
        engine_note(e, t->run->object);
        task_kick(e, t);
        task_refresh(e, t);
}

void task_wait_for(struct engine *e, struct task *t, const struct err *err)
{
        if (text_equal(t->reason, err != NULL ? err->msg : NULL))
                return;
        engine_write(e);
        task_set_reason(t, err);
        task_refresh(e, t);
}

static void task_pause(struct engine *e, struct task *t, int64_t least_ms)
{
        int64_t pause = 500LL << (t->failures < 6 ? t->failures : 6);

        pause = pause / 2 + engine_random(e, pause / 2 + 1);
        t->failures++;
        t->retry_at_ms = loop_now(e->loop) + (pause > least_ms ? pause : least_ms);
        t->look_at_ms = t->retry_at_ms;
}

void task_retry_later(struct engine *e, struct task *t, const struct err *err, int64_t least_ms)
{
        task_pause(e, t, least_ms);
        task_wait_for(e, t, err);
}

void task_await(struct engine *e, struct task *t)
{
        task_pause(e, t, 0);
}

void task_shown(struct engine *e, struct task *t)
{
        t->failures = 0;
        t->retry_at_ms = t->look_at_ms = 0;
        task_kick(e, t);
}
