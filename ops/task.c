/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/task.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "k8s/client.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- life */

bool task_is_finished(const struct task *t)
{
        switch (t->state) {
        case TASK_PENDING:
        case TASK_POSTED:
                return false;
        case TASK_CANCELLED:
        case TASK_EXPIRED:
        case TASK_CONFLICT:
        case TASK_REJECTED:
                return true;
        case TASK_DONE:
                return t->step == STEP_POST || t->step == STEP_END;
        }
        return true;
}

void task_open(struct engine *e, struct task *t)
{
        struct member *c = task_member(t);

        if (task_is_finished(t))
                return;
        if (!t->open) {
                t->open = true;
                engine_open_task(e, t);
        }
        if (c != NULL)
                (void)member_watch_task(c, t);
        task_kick(e, t);
}

void task_close(struct engine *e, struct task *t)
{
        struct member *c = task_member(t);

        if (t->call != 0 && c != NULL && member_client(c) != NULL)
                kube_cancel(member_client(c), t->call);
        t->call = 0;
        if (c != NULL)
                member_forget_task(c, t);
        engine_close_task(e, t);
        t->open = false;
        t->queued = false;
}

void task_detach(struct task *t)
{
        t->call = 0;
}

void task_kick(struct engine *e, struct task *t)
{
        if (t->open && !t->queued)
                engine_queue_task(e, t);
}

enum velero_kind task_velero_kind(const struct task *t)
{
        return t->verb == TASK_RESTORE ? VELERO_RESTORE : VELERO_BACKUP;
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

void task_choose_name(struct engine *e, struct task *t, const struct member *c)
{
        const struct velero_identity id = {
                .store = t->run->object->owner,
                .fleet = t->run->object->fleet->name,
                .kind = task_kind_text(t),
                .policy = t->run->object->name,
                .sub = t->sub,
                .cluster = c->name,
                .cluster_uid = c->uid,
        };

        snprintf(t->uid, sizeof(t->uid), "%s", c->uid);
        velero_name_run(&id, t->attempt, t->velero_name);
        engine_dirty(e, t->run->object);
}

void task_renew(struct engine *e, struct task *t, int64_t attempt)
{
        engine_write(e);
        t->state = TASK_PENDING;
        if (t->step != STEP_POST)
                t->step = STEP_LOCATION;
        t->velero_name[0] = '\0';
        t->attempt = attempt;
        t->deadline = attempt + e->options.start_deadline;
        t->started = t->completed = t->expires = 0;
        t->items_done = t->items_total = t->errors = t->warnings = 0;
        t->failures = 0;
        t->retry_at_ms = 0;
        t->seen = false;
        free(t->reason);
        t->reason = NULL;
        t->code[0] = '\0';
        engine_dirty(e, t->run->object);
        task_refresh(e, t);
        task_open(e, t);
}

/* ---------------------------------------------------------------- what it shows */

static bool text_equal(const char *a, const char *b)
{
        return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void task_set_text(char **to, const char *text)
{
        if (text_equal(*to, text))
                return;
        free(*to);
        *to = text != NULL ? strdup(text) : NULL;
}

static bool task_set_reason(struct task *t, const struct err *err)
{
        const char *text = err != NULL ? err->msg : NULL;

        if (text_equal(t->reason, text))
                return false;
        free(t->reason);
        t->reason = text != NULL ? strdup(text) : NULL;
        snprintf(t->code, sizeof(t->code), "%s", err != NULL ? err->id : "");
        t->since = text != NULL ? clock_realtime() : 0;
        return true;
}

/* Velero's own sentence about a phase that is not good. */
static void task_velero_reason(struct task *t, const char *validation, const char *failure, uint32_t errors,
        const char *folder)
{
        struct err err = ERR_INIT;

        if (validation[0] != '\0')
                err_set(&err, -EINVAL, "%s", validation);
        else if (failure[0] != '\0')
                err_set(&err, -EIO, "%s", failure);
        else if (errors > 0)
                err_set(&err, -EIO, "%u errors in Velero's log of %s/%s", (unsigned)errors, folder, t->velero_name);
        else
                return;
        err_id(&err, "FLT-0410");
        task_set_reason(t, &err);
}

static void task_show_backup(struct task *t, const struct velero_backup *b)
{
        t->phase = phase_of_backup(b->phase, false);
        task_set_text(&t->phase_text, b->phase_text[0] != '\0' ? b->phase_text : "New");
        t->started = b->started;
        t->completed = b->completed;
        t->expires = b->expiration;
        t->items_done = (int32_t)b->items_done;
        t->items_total = (int32_t)b->items_total;
        t->errors = (int32_t)b->errors;
        t->warnings = (int32_t)b->warnings;
        if (velero_phase_is(&velero_backup_phases, b->phase, VELERO_PHASE_BAD))
                task_velero_reason(t, b->validation_errors, b->failure_reason, b->errors, "backups");
        else
                task_set_reason(t, NULL);
}

static void task_show_restore(struct task *t, const struct velero_restore *x)
{
        t->phase = phase_of_restore(x->phase);
        task_set_text(&t->phase_text, x->phase_text[0] != '\0' ? x->phase_text : "New");
        t->started = x->started;
        t->completed = x->completed;
        t->items_done = (int32_t)x->items_done;
        t->items_total = (int32_t)x->items_total;
        t->errors = (int32_t)x->errors;
        t->warnings = (int32_t)x->warnings;
        if (velero_phase_is(&velero_restore_phases, x->phase, VELERO_PHASE_BAD))
                task_velero_reason(t, x->validation_errors, x->failure_reason, x->errors, "restores");
        else
                task_set_reason(t, NULL);
}

static bool velero_is_terminal(const struct velero_object *v)
{
        return v->kind == VELERO_BACKUP ?
                       velero_phase_is(&velero_backup_phases, v->backup->phase, VELERO_PHASE_TERMINAL) :
                       velero_phase_is(&velero_restore_phases, v->restore->phase, VELERO_PHASE_TERMINAL);
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
                [TASK_CANCELLED] = { PHASE_EXPIRED, NULL },
                [TASK_EXPIRED] = { PHASE_EXPIRED, NULL },
                [TASK_CONFLICT] = { PHASE_CONFLICT, NULL },
                /* A refusal by the cluster counts as a failure; the word says whose. */
                [TASK_REJECTED] = { PHASE_FAILED, "Rejected" },
        };

        t->phase = shown[t->state].phase;
        task_set_text(&t->phase_text, shown[t->state].text);
}

static uint64_t task_digest(const struct task *t)
{
        uint64_t h = (uint64_t)t->state * 31 + t->phase;

        h = h * 31 + (uint64_t)t->items_done;
        h = h * 31 + (uint64_t)t->items_total;
        h = h * 31 + (uint64_t)t->errors;
        h = h * 31 + (uint64_t)t->warnings;
        h = h * 31 + (uint64_t)t->started;
        h = h * 31 + (uint64_t)t->completed;
        h = h * 31 + (uint64_t)t->expires;
        h = h * 31 + (uint64_t)t->step;
        for (const char *p = t->phase_text; p != NULL && *p != '\0'; p++)
                h = h * 31 + (unsigned char)*p;
        for (const char *p = t->reason; p != NULL && *p != '\0'; p++)
                h = h * 31 + (unsigned char)*p;
        for (const char *p = t->velero_name; *p != '\0'; p++)
                h = h * 31 + (unsigned char)*p;
        return h;
}

static void task_tell(struct engine *e, struct task *t, enum phase before)
{
        if (t->phase != before)
                engine_event(e, "TaskPhase", t->run->object->fleet, "kind", object_kind_name(t->run->object->kind),
                        "name", t->run->object->name, "run", t->run->id, "cluster", t->member, "phase",
                        task_phase_text(t), "velero", t->velero_name[0] ? t->velero_name : NULL, "message", t->reason,
                        NULL);
        model_touch_task(t);
        rollup_run(e, t->run);
}

void task_refresh(struct engine *e, struct task *t)
{
        struct velero_object *v = t->state == TASK_POSTED || t->state == TASK_DONE ? task_velero(t) : NULL;
        uint64_t before;
        enum phase phase = t->phase;

        engine_write(e);
        before = t->step == STEP_POST && t->run->phase == PHASE_NONE ? 0 : task_digest(t);
        if (v != NULL) {
                t->seen = true;
                if (v->kind == VELERO_BACKUP)
                        task_show_backup(t, v->backup);
                else
                        task_show_restore(t, v->restore);
                if (t->state == TASK_POSTED && velero_is_terminal(v)) {
                        t->state = TASK_DONE;
                        engine_dirty(e, t->run->object);
                        task_kick(e, t);
                }
        } else if (t->state != TASK_DONE && !(t->state == TASK_POSTED && t->seen)) {
                task_show_own(t);
        }
        if (task_digest(t) == before)
                return;
        task_tell(e, t, phase);
        if (task_is_finished(t) && t->open)
                task_close(e, t);
}

void task_object_gone(struct engine *e, struct task *t)
{
        struct err err = ERR_INIT;
        enum phase before = t->phase;

        /* Its time came (ttl), or somebody removed it: what it reached stays on show. */
        if (t->state != TASK_POSTED)
                return;
        engine_write(e);
        err_set(&err, -ENOENT, "%s %s was deleted on the cluster before it was finished",
                t->verb == TASK_BACKUP ? "Backup" : "Restore", t->velero_name);
        err_id(&err, "FLT-0411");
        t->state = TASK_DONE;
        t->phase = PHASE_FAILED;
        task_set_text(&t->phase_text, "Failed");
        task_set_reason(t, &err);
        engine_dirty(e, t->run->object);
        task_tell(e, t, before);
        task_kick(e, t);
}

void task_set_state(struct engine *e, struct task *t, enum task_state state, const struct err *err)
{
        engine_write(e);
        t->state = state;
        task_set_reason(t, err);
        engine_dirty(e, t->run->object);
        task_refresh(e, t);
}

void task_wait_for(struct engine *e, struct task *t, const struct err *err)
{
        if (t->state == TASK_PENDING && text_equal(t->reason, err != NULL ? err->msg : NULL))
                return;
        engine_write(e);
        task_set_reason(t, err);
        model_touch_task(t);
        task_refresh(e, t);
        rollup_run(e, t->run);
}

void task_retry_later(struct engine *e, struct task *t, const struct err *err)
{
        int64_t pause = 500LL << (t->failures < 6 ? t->failures : 6);

        t->failures++;
        t->retry_at_ms = loop_now(e->loop) + pause / 2 + rand() % (pause / 2 + 1);
        task_wait_for(e, t, err);
}

/* ---------------------------------------------------------------- acting */

void task_act(struct engine *e, struct task *t)
{
        struct member *c;
        struct err err = ERR_INIT;

        t->queued = false;
        if (!t->open || t->call != 0)
                return;
        if (!engine_acts(e)) {
                task_refresh(e, t);
                return;
        }
        if (t->state == TASK_PENDING && t->deadline != 0 && clock_realtime() >= t->deadline &&
                (t->verb == TASK_BACKUP || t->step <= STEP_RESTORE)) {
                err_set(&err, -ETIMEDOUT, "not posted within startDeadline (%lld s)%s%s",
                        (long long)e->options.start_deadline, t->reason != NULL ? ": " : "",
                        t->reason != NULL ? t->reason : "");
                err_id(&err, "FLT-0402");
                task_set_state(e, t, TASK_EXPIRED, &err);
                return;
        }
        c = task_member(t);
        if (c == NULL) {
                err_set(&err, -ENODEV, "cluster %s is no longer in the fleet", t->member);
                err_id(&err, "FLT-0416");
                task_wait_for(e, t, &err);
                return;
        }
        (void)member_watch_task(c, t);
        if (!member_ready(c)) {
                err_set(&err, -EHOSTUNREACH, "cluster %s is %s%s%s", c->name, member_health_name(c->health),
                        c->reason != NULL ? ": " : "", c->reason != NULL ? c->reason : "");
                err_id(&err, "FLT-0401");
                if (t->state == TASK_PENDING)
                        task_wait_for(e, t, &err);
                return;
        }
        if (t->retry_at_ms > loop_now(e->loop))
                return;
        op_task_act(e, t, c);
}

/* ---------------------------------------------------------------- posting */

static void task_posted(struct engine *e, struct task *t)
{
        t->failures = 0;
        task_set_state(e, t, TASK_POSTED, NULL);
}

static void task_compared(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);
        struct err err = ERR_INIT;
        const char *owner, *sha;
        json_t *doc;

        t->call = 0;
        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        owner = sha = "";
        json_unpack(doc, "{s:{s?{s?s}, s?{s?s}}}", "metadata", "labels", VELERO_LABEL_OWNER, &owner, "annotations",
                VELERO_ANNOTATION_SPEC, &sha);
        if (strcmp(owner, t->run->object->owner) == 0 && strcmp(sha, t->spec_sha256) == 0) {
                task_posted(e, t);
        } else {
                err_set(&err, -EEXIST, "%s %s exists on %s and was not made by this object",
                        t->verb == TASK_RESTORE ? "Restore" : "Backup", t->velero_name, t->member);
                err_id(&err, "FLT-0403");
                task_set_state(e, t, TASK_CONFLICT, &err);
        }
        json_decref(doc);
}

static void task_answered(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);
        struct member *c = task_member(t);
        struct err err = ERR_INIT;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);

        t->call = 0;
        if (reply->err == NULL) {
                task_posted(e, t);
                return;
        }
        err_copy(&err, reply->err);
        if (reply->http_status == 409 && strcmp(reply->reason, "AlreadyExists") == 0 && c != NULL) {
                if (member_velero_path(c, task_velero_kind(t), t->velero_name, &path, &err) == 0) {
                        const struct kube_request get = { .path = path.data };
                        if (kube_call(member_client(c), &get, task_compared, t, &t->call, &err) == 0)
                                return;
                }
                task_retry_later(e, t, &err);
        } else if (reply->http_status == 400 || reply->http_status == 403 || reply->http_status == 422) {
                err_id(&err, "FLT-0404");
                task_set_state(e, t, TASK_REJECTED, &err);
        } else {
                task_retry_later(e, t, &err);
        }
}

void task_post(struct engine *e, struct task *t, json_t *object)
{
        struct member *c = task_member(t);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) char *body = json_dumps(object, JSON_COMPACT);
        struct err err = ERR_INIT;
        const char *sha = "";
        int r = -ENOMEM;

        assert(t->call == 0);
        json_unpack(object, "{s:{s?{s?s}}}", "metadata", "annotations", VELERO_ANNOTATION_SPEC, &sha);
        snprintf(t->spec_sha256, sizeof(t->spec_sha256), "%s", sha);
        if (body != NULL)
                r = member_velero_path(c, task_velero_kind(t), NULL, &path, &err);
        if (r == 0) {
                const struct kube_request rq = {
                        .method = "POST",
                        .path = path.data,
                        .query = "fieldValidation=Strict",
                        .body = body,
                        .body_len = strlen(body),
                        .retry = KUBE_RETRY_UNSENT,
                };
                r = kube_call(member_client(c), &rq, task_answered, t, &t->call, &err);
        }
        json_decref(object);
        if (r < 0) {
                err_wrap(&err, r, "create %s %s", t->verb == TASK_RESTORE ? "Restore" : "Backup", t->velero_name);
                task_retry_later(e, t, &err);
        }
}
