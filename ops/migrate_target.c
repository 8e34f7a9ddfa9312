/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration's target, step by step. Every step first looks whether it was done already, so that any of them may be
 * repeated after a crash:
 *
 *     LOCATION   find a location with the source's provider, endpoint, bucket and prefix, or make one (migrate_location.c)
 *     HANDOVER   POST the source's finished Backup there with its status, and its PodVolumeBackups (migrate_handover.c)
 *     RESTORE    a Restore of it with the policy's mappings
 *     CLEANUP    remove the handed-over Backup object, the location and the Secret that were made: none of it touches the
 *                source's backup
 *
 * A target that has a result, whatever it is and however far it came, is cleaned up: also when it failed, was refused or
 * expired, after a restart, and when it is back after it was away.
 *
 * Velero validates a Restore against a cache: one that was posted a moment after its Backup may fail validation for good.
 * Such a Restore is posted again under a new name (op_again()).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "k8s/path.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/migrate_private.h"
#include "ops/policy.h"
#include "ops/rollup.h"

/* ---------------------------------------------------------------- shared */

void target_step(struct engine *e, struct task *t, enum task_step step)
{
        engine_write(e);
        t->step = step;
        t->failures = 0;
        engine_dirty(e, t->run->object);
        /* What it waited for is over; what it ended with stays. */
        if (!task_has_result(t))
                task_wait_for(e, t, NULL);
        task_refresh(e, t);
        task_kick(e, t);
}

void target_wait(struct engine *e, struct task *t, const char *id, const char *fmt, ...)
{
        struct err err = ERR_INIT;
        va_list ap;

        va_start(ap, fmt);
        err_setv(&err, -EBUSY, fmt, ap);
        va_end(ap);
        err_id(&err, id);
        task_wait_for(e, t, &err);
}

void target_not_shown(struct engine *e, struct task *t, const char *id, const char *fmt, ...)
{
        struct err err = ERR_INIT;
        va_list ap;

        va_start(ap, fmt);
        err_setv(&err, -EAGAIN, fmt, ap);
        va_end(ap);
        err_id(&err, id);
        task_retry_later(e, t, &err, 0);
}

bool target_made(struct engine *e, struct task *t, const struct kube_reply *reply, const char *id, const char *fmt, ...)
{
        char what[512];
        va_list ap;

        if (reply->err == NULL)
                return true;
        if (strcmp(reply->reason, "AlreadyExists") != 0) {
                task_refused(e, t, reply);
                return false;
        }
        va_start(ap, fmt);
        (void)vsnprintf(what, sizeof(what), fmt, ap);
        va_end(ap);
        target_not_shown(e, t, id, "%s, and does not show yet", what);
        return false;
}

struct member *target_answered(struct engine *e, struct task *t, const struct kube_reply *reply)
{
        if (reply->err == NULL)
                return task_member(t);
        task_retry_later(e, t, reply->err, reply->retry_after_ms);
        return NULL;
}

void target_refuse(struct engine *e, struct task *t, int code, const char *id, const char *fmt, ...)
{
        struct err err = ERR_INIT;
        va_list ap;

        va_start(ap, fmt);
        err_setv(&err, code, fmt, ap);
        va_end(ap);
        err_id(&err, id);
        task_set_state(e, t, code == -EEXIST ? TASK_CONFLICT : TASK_REJECTED, &err);
}

int target_post(struct task *t, struct member *c, const char *path, const json_t *doc, kube_done_fn *done, struct err *err)
{
        char *body = json_dumps(doc, JSON_COMPACT);
        int r;

        if (body == NULL)
                return err_set(err, -ENOMEM, "put the object into words");
        const struct kube_request rq = { .method = "POST", .path = path, .body = body, .body_len = strlen(body),
                .retry = KUBE_RETRY_SAFE };
        r = task_call(t, c, &rq, done, err);
        explicit_bzero(body, strlen(body)); /* it may be a Secret */
        free(body);
        return r;
}

static struct task *target_source(const struct task *t)
{
        return t->run->n_tasks > 0 && t->run->tasks[0]->verb == TASK_BACKUP ? t->run->tasks[0] : NULL;
}

/* ---------------------------------------------------------------- RESTORE */

static void target_restore(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;
        json_t *doc;

        if (t->velero_name[0] == '\0')
                task_choose_name(e, t, c);
        doc = restore_document(t, c, &err);
        if (doc == NULL) {
                task_reject(e, t, &err);
                return;
        }
        task_post(e, t, c, doc);
}

/* ---------------------------------------------------------------- CLEANUP */

static void target_cleaned(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* 409: it is another object by now, which is not ours to remove. */
        if (reply->err != NULL && reply->http_status != 404 && reply->http_status != 409) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        engine_write(e);
        t->failures = 0;
        if (t->handed_over)
                t->handed_over = false;
        else if (t->location_made)
                t->location_made = false;
        else
                t->secret_made = t->secret_copied = false;
        engine_dirty(e, t->run->object);
        task_kick(e, t);
}

static int target_delete(struct task *t, struct member *c, const char *path, const char *uid, struct err *err)
{
        _cleanup_(buf_done) struct buf body = BUF_INIT(LIMIT_TEXT_BYTES);

        if (uid[0] != '\0' && kube_delete_options(&body, uid) < 0)
                return err_set(err, -ENOMEM, "say what is removed");
        const struct kube_request rq = { .method = "DELETE", .path = path, .retry = KUBE_RETRY_SAFE,
                .body = uid[0] != '\0' ? body.data : NULL, .body_len = body.len };
        return task_call(t, c, &rq, target_cleaned, err);
}

/* Removes the handed-over Backup, then the location, then the Secret. The Backup first: without its location Velero would
 * not know what it is. */
static void target_clean(struct engine *e, struct task *t, struct member *c)
{
        static const struct kube_resource secrets = { .group = "", .version = "v1", .plural = "secrets", .kind = "Secret" };
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct velero_object *v = NULL;
        struct err err = ERR_INIT;
        char name[64];
        int r;

        if (t->handed_over) {
                v = member_velero(c, VELERO_BACKUP, t->backup_name);
                /* One that somebody else put there in the meantime stays. */
                if (v != NULL && (strcmp(v->backup->owner, t->run->object->owner) != 0 ||
                                         strcmp(v->backup->cluster_uid, c->uid) == 0)) {
                        t->handed_over = false;
                        engine_dirty(e, t->run->object);
                        task_kick(e, t);
                        return;
                }
                r = member_velero_path(c, VELERO_BACKUP, t->backup_name, &path, &err);
        } else if (t->location_made) {
                v = member_velero(c, VELERO_LOCATION, t->location);
                r = member_velero_path(c, VELERO_LOCATION, t->location, &path, &err);
        } else {
                target_own_name(t, c, name);
                r = kube_path(&path, &secrets, c->velero_namespace, name, NULL, &err);
        }
        if (r == 0)
                r = target_delete(t, c, path.data, v == NULL ? "" : v->kind == VELERO_BACKUP ? v->backup->uid : v->bsl->uid,
                        &err);
        if (r < 0)
                task_retry_later(e, t, &err, 0);
}

/* ---------------------------------------------------------------- the steps */

/* The source's backup, once it is worth handing over; else the task waits, or ends with it. */
static const struct velero_backup *target_backup(struct engine *e, struct task *t, struct member **source)
{
        struct task *s = target_source(t);
        struct velero_object *v;

        if (s == NULL) {
                target_wait(e, t, "FLT-0416", "the migration's source is no longer in the fleet");
                return NULL;
        }
        if (task_has_result(s) && s->phase != PHASE_COMPLETED &&
                !(s->phase == PHASE_PARTIALLY_FAILED && t->run->object->policy->allow_partially_failed)) {
                target_refuse(e, t, -EINVAL, "FLT-0424", "the backup of source %s is %s%s%s", s->member, task_phase_text(s),
                        s->reason != NULL ? ": " : "", s->reason != NULL ? s->reason : "");
                return NULL;
        }
        *source = task_member(s);
        v = task_velero(s);
        if (s->state == TASK_DONE && *source != NULL && member_ready(*source) && v == NULL) {
                target_refuse(e, t, -ENOENT, "FLT-0407", "backup %s is no longer on source %s", s->velero_name, s->member);
                return NULL;
        }
        if (*source == NULL || !member_ready(*source) || v == NULL || s->state != TASK_DONE) {
                target_wait(e, t, "FLT-0401", "waiting for the backup of source %s", s->member);
                return NULL;
        }
        (void)intern_set(&t->backup_name, v->name);
        return v->backup;
}

void migrate_target_act(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_backup *backup;
        struct member *source = NULL;

        if (task_has_result(t)) {
                if (!task_owes_cleanup(t)) {
                        target_step(e, t, STEP_END);
                        if (t->run->object->removed)
                                engine_object_shrunk(e, t->run->object); /* may free all of it */
                } else if (t->step != STEP_CLEANUP)
                        target_step(e, t, STEP_CLEANUP);
                else
                        target_clean(e, t, c);
                return;
        }
        if (t->state != TASK_PENDING)
                return;
        if (t->run->object->policy == NULL) {
                target_wait(e, t, "FLT-0257", "the migration's policy is not known any more");
                return;
        }
        if (t->step >= STEP_RESTORE) {
                target_restore(e, t, c);
                return;
        }
        backup = target_backup(e, t, &source);
        if (backup == NULL)
                return;
        if (t->step == STEP_HANDOVER)
                target_hand_over(e, t, c, source);
        else
                target_find_location(e, t, c, source, backup);
}
