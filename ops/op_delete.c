/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `delete <run>` of a backup: the run's Velero Backups and their data.
 *
 * Velero deletes by a backup's name, whatever the storage holds under it, so it is asked (by a DeleteBackupRequest) only
 * for a backup that stored something itself. One that Velero refused, or that failed because the name was taken in the
 * storage, is removed as an object alone: its data is another's. Copies that Velero synced are never a run's. Nothing is
 * deleted in a location that is ReadOnly, nor while it runs.
 *
 * The wish is durable (task.doomed) and the request's name follows from it, so a crash repeats nothing.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- what is to go */

/*
 * One after the other: attempts that a retry replaced are the run's, too. Those say its id themselves; of those that a
 * Schedule made the record has the name, so that none which comes to the slot later is taken for what the user named.
 */
static struct velero_object *doomed_backup(const struct task *t, const struct member *c)
{
        struct list *l, *tmp;

        LIST_EACH (&t->run->object->velero, l, tmp) {
                struct velero_object *v = container_of(l, struct velero_object, of_object);

                if (v->member == c && v->kind == VELERO_BACKUP && strcmp(v->backup->sub, t->sub != NULL ? t->sub : "") == 0 &&
                        (v->backup->run[0] != '\0' ? strcmp(v->backup->run, t->run->id) == 0 :
                                                     strcmp(v->run, t->run->id) == 0 && task_has_name(t, v->name)))
                        return v;
        }
        return NULL;
}

static bool stored_nothing(const struct velero_backup *b)
{
        return b->phase == VELERO_BACKUP_FAILED_VALIDATION ||
               (b->phase == VELERO_BACKUP_FAILED && strstr(b->failure_reason, "already exists in object storage") != NULL);
}

static bool still_runs(const struct velero_backup *b)
{
        return b->phase != VELERO_BACKUP_DELETING &&
               !velero_phase_is(&velero_backup_phases, b->phase, VELERO_PHASE_TERMINAL);
}

static const struct velero_bsl *location_of(const struct member *c, const struct velero_backup *b)
{
        const struct velero_object *v = member_velero(c, VELERO_LOCATION, b->storage_location);

        return v != NULL ? v->bsl : NULL;
}

static int refuse_read_only(const struct member *c, const struct velero_backup *b, struct err *err)
{
        err_set(err, -EPERM, "backup %s is in location %s of %s, which is ReadOnly", b->name, b->storage_location, c->name);
        err_id(err, "FLT-0415");
        err_remedy(err, "delete it on the cluster that may write there");
        return -EPERM;
}

static int refuse_taken(const struct member *c, const struct velero_backup *b, struct err *err)
{
        err_set(err, -EPERM, "backup %s on %s is store %s's", b->name, c->name, b->owner);
        err_id(err, "FLT-0252");
        err_remedy(err, "`echo adopt > ctl` takes it back");
        return -EPERM;
}

/* Of the next request's name. Never that of an earlier one, whose answer it would get, also when that one failed. */
static void doom_stamp(struct task *t)
{
        int64_t now = clock_realtime();

        t->doomed_at = t->doomed_at >= now ? t->doomed_at + 1 : now;
}

/* ---------------------------------------------------------------- done */

/* May free the run and the object. */
static void doom_done(struct engine *e, struct task *t)
{
        struct run *r = t->run;
        struct object *o = r->object;
        struct member *c = task_member(t);

        engine_write(e);
        t->doomed = false;
        if (c != NULL)
                member_forget_requests(c);
        task_close(e, t);
        if (c != NULL)
                standing_note(e, o, c, t->sub);
        model_touch_task(t);
        run_remove_task(t);
        model_touch_run(r, true);
        if (r->n_tasks == 0) {
                engine_event(e, "RunDeleted", o->fleet, "kind", object_kind_name(o->kind), "name", o->name, "run", r->id, NULL);
                object_remove_run(r);
        } else {
                rollup_run(e, r);
        }
        model_touch_object(o, true);
        engine_dirty(e, o);
        engine_object_shrunk(e, o);
}

/* It stays, and says why. */
static void doom_failed(struct engine *e, struct task *t, const struct err *why)
{
        struct member *c = task_member(t);

        engine_write(e);
        t->doomed = false;
        if (c != NULL)
                member_forget_requests(c);
        engine_dirty(e, t->run->object);
        task_set_state(e, t, t->state, why);
        engine_event(e, "DeletionFailed", t->run->object->fleet, "name", t->run->object->name, "run", t->run->id, "cluster",
                t->member, "message", why->msg, NULL);
}

/* ---------------------------------------------------------------- asking Velero */

/* Who may not is not let in by asking again; whoever grants it says `delete` again. */
static void doom_forbidden(struct engine *e, struct task *t, const struct err *why)
{
        struct err err = ERR_INIT;

        err_set(&err, -EPERM, "backup of run %s is not deleted on %s: %s", t->run->id, t->member, why->msg);
        err_id(&err, "FLT-0414");
        doom_failed(e, t, &err);
}

static void doom_asked(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        if (reply->err != NULL && reply->http_status == 403) {
                doom_forbidden(e, t, reply->err);
                return;
        }
        if (reply->err != NULL && reply->http_status != 404 &&
                !(reply->http_status == 409 && strcmp(reply->reason, "AlreadyExists") == 0)) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        /* The watches tell what comes of it: not that it was asked, but that the backup goes ends what failed in a row. */
        task_await(e, t);
}

static int doom_send(struct task *t, struct member *c, const char *method, enum velero_kind kind, const char *name,
        json_t *body, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
        int r = member_velero_path(c, kind, name, &path, err);

        json_decref(body);
        if (r < 0 || text == NULL)
                return r < 0 ? r : -ENOMEM;
        const struct kube_request rq = {
                .method = method,
                .path = path.data,
                .query = kind == VELERO_DELETE_REQUEST ? "fieldValidation=Strict" : NULL,
                .body = text,
                .body_len = strlen(text),
                .retry = KUBE_RETRY_SAFE,
        };
        return task_call(t, c, &rq, doom_asked, err);
}

static int doom_remove_object(struct task *t, struct member *c, const struct velero_backup *b, struct err *err)
{
        return doom_send(t, c, "DELETE", VELERO_BACKUP, b->name, json_pack("{s:s, s:s, s:{s:s}}", "kind", "DeleteOptions",
                                 "apiVersion", "v1", "preconditions", "uid", b->uid), err);
}

/* The name is the identity: a crash, or a watch that lags, makes no second one. */
static void doom_name(const struct task *t, const struct velero_backup *b, char name[VELERO_NAME_MAX + 1])
{
        char stamp[STAMP_SIZE];

        snprintf(name, VELERO_NAME_MAX + 1, "%.200s-%s", b->name, stamp_format_name(stamp, t->doomed_at));
}

static int doom_request(struct task *t, struct member *c, const struct velero_backup *b, struct err *err)
{
        char name[VELERO_NAME_MAX + 1], label[LIMIT_LABEL_VALUE + 1];
        const struct velero_identity id = task_identity(t, c);
        const struct velero_meta m = { .id = &id, .name = name, .run = t->run->created };
        json_t *meta = NULL, *labels;

        doom_name(t, b, name);
        if (velero_meta_json(&m, &meta, err) < 0)
                return -ENOMEM;
        labels = json_object_get(meta, "labels");
        velero_label_value(b->name, label);
        json_object_set_new(labels, VELERO_LABEL_BACKUP_NAME, json_string(label));
        json_object_set_new(labels, VELERO_LABEL_BACKUP_UID, json_string(b->uid));
        return doom_send(t, c, "POST", VELERO_DELETE_REQUEST, NULL,
                json_pack("{s:s, s:s, s:o, s:{s:s}}", "apiVersion", "velero.io/v1", "kind", "DeleteBackupRequest", "metadata",
                        meta, "spec", "backupName", b->name), err);
}

/* The watch tells soon. */
static void doom_gone(struct engine *e, struct task *t)
{
        task_wait_for(e, t, NULL);
        task_await(e, t);
}

static void doom_found(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        const struct velero_object *v = t->doomed ? doomed_backup(t, c) : NULL;
        struct err err = ERR_INIT;

        /* What was asked for may be another's, or done, by now. */
        if (v == NULL || !object_owns(t->run->object, v->backup->owner))
                task_kick(e, t);
        else if (reply->err != NULL && reply->http_status == 403)
                doom_forbidden(e, t, reply->err);
        else if (reply->err != NULL && reply->http_status != 404)
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        else if (reply->err != NULL)
                doom_gone(e, t);
        else if (doom_request(t, c, v->backup, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

/*
 * Velero removes the backup and then the request, and each is told by a watch of its own: where the second is heard first,
 * the backup looks as if nobody had asked for it yet. Asked for a backup that is gone, Velero refuses, and keeps the refusal
 * for a day. So the cluster says first whether it is there.
 */
static int doom_find(struct task *t, struct member *c, const struct velero_backup *b, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, VELERO_BACKUP, b->name, &path, err);
        const struct kube_request get = { .path = path.data };

        return r < 0 ? r : task_call(t, c, &get, doom_found, err);
}

/* ---------------------------------------------------------------- a task that is to go */

static void doom_wait(struct engine *e, struct task *t, int code, const char *id, const char *text)
{
        struct err err = ERR_INIT;

        err_set(&err, code, "%s", text);
        err_id(&err, id);
        task_wait_for(e, t, &err);
}

/* That request is over; another one is made after a pause. */
static void doom_again(struct engine *e, struct task *t, const struct err *why)
{
        engine_write(e);
        doom_stamp(t);
        engine_dirty(e, t->run->object);
        task_retry_later(e, t, why, 0);
}

/* The request was answered, and the backup is there. */
static void doom_refused(struct engine *e, struct task *t, const struct velero_backup *b, const char *errors)
{
        struct err err = ERR_INIT;

        /* Velero's list of what it works on lags behind the phase that it shows (measured): one that has just ended is
           refused as still in progress. */
        if (strstr(errors, "still in progress") != NULL) {
                err_set(&err, -EBUSY, "Velero on %s still counts backup %s as in progress; it is asked again", t->member,
                        b->name);
                err_id(&err, "FLT-0413");
                doom_again(e, t, &err);
                return;
        }
        /* It went while it was asked for; the watch tells. */
        if (strstr(errors, "backup not found") != NULL) {
                doom_again(e, t, NULL);
                return;
        }
        err_set(&err, -EIO, "Velero did not delete backup %s: %s", b->name, errors);
        err_id(&err, "FLT-0414");
        doom_failed(e, t, &err);
}

static bool is_refused(const struct velero_delete_request *r)
{
        return r->phase == VELERO_REQUEST_PROCESSED && r->errors[0] != '\0';
}

static void doom_by_request(struct engine *e, struct task *t, struct member *c, const struct velero_backup *b)
{
        const struct velero_bsl *bsl = location_of(c, b);
        const struct velero_object *request;
        char name[VELERO_NAME_MAX + 1], text[512];
        struct err err = ERR_INIT, why = ERR_INIT;
        int known = member_requests(c, &why);

        doom_name(t, b, name);
        request = member_velero(c, VELERO_DELETE_REQUEST, name);
        if (request != NULL && is_refused(request->delete_request)) {
                doom_refused(e, t, b, request->delete_request->errors);
        } else if (known == -EPERM) {
                doom_forbidden(e, t, &why);
        } else if (request != NULL) {
                task_wait_for(e, t, NULL);
        } else if (bsl != NULL && strcmp(bsl->access_mode, "ReadOnly") == 0) {
                (void)refuse_read_only(c, b, &err);
                doom_failed(e, t, &err);
        } else if (bsl == NULL || bsl->phase != VELERO_BSL_AVAILABLE) {
                snprintf(text, sizeof(text), "storage location \"%s\" of backup %s %s", b->storage_location, b->name,
                        bsl == NULL ? "does not exist" : "is not Available");
                doom_wait(e, t, -EBUSY, "FLT-0109", text);
        } else if (known < 0) {
                doom_wait(e, t, known, "FLT-0111", why.msg);
        } else if (doom_find(t, c, b, &err) < 0) {
                task_retry_later(e, t, &err, 0);
        }
}

void backup_doom_act(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_object *v = doomed_backup(t, c);
        struct err err = ERR_INIT;

        if (v == NULL) {
                doom_done(e, t);
        } else if (still_runs(v->backup)) {
                doom_wait(e, t, -EBUSY, "FLT-0413", "a backup of the run has not ended yet");
        } else if (!object_owns(t->run->object, v->backup->owner)) {
                (void)refuse_taken(c, v->backup, &err);
                doom_failed(e, t, &err);
        } else if (stored_nothing(v->backup)) {
                if (doom_remove_object(t, c, v->backup, &err) < 0)
                        task_retry_later(e, t, &err, 0);
        } else {
                doom_by_request(e, t, c, v->backup);
        }
}

void backup_doom_shown(struct engine *e, struct member *c, const struct velero_object *request)
{
        char name[VELERO_NAME_MAX + 1];
        struct list *l, *tmp;

        /* The pause covers what the watches do not tell at once: that it is done, and what is gone by it. */
        if (!is_refused(request->delete_request))
                return;
        LIST_EACH (&c->tasks, l, tmp) {
                struct task *t = container_of(l, struct task, at_member);
                const struct velero_object *v = t->doomed ? doomed_backup(t, c) : NULL;

                if (v == NULL)
                        continue;
                doom_name(t, v->backup, name);
                /* What failed in a row is not over before the backup goes. */
                if (strcmp(name, request->name) == 0) {
                        t->retry_at_ms = t->look_at_ms = 0;
                        task_kick(e, t);
                }
        }
}

void backup_doom_forgotten(struct engine *e, struct task *t)
{
        doom_done(e, t);
}

/* ---------------------------------------------------------------- the verb */

static int delete_find(const struct object *o, const char *arg, struct run **ret, struct err *err)
{
        const struct run *latest = object_latest_run(o);

        /* Which one that is may change between a look and the verb. */
        if (strcmp(arg, "latest") == 0 && latest != NULL) {
                err_set(err, -EINVAL, "\"latest\" may be another run by now: its data would be deleted for good");
                err_remedy(err, "name the run: `echo delete %s > ctl`", latest->id);
                return -EINVAL;
        }
        *ret = object_run(o, arg);
        if (*ret != NULL)
                return 0;
        err_set(err, -ENOENT, "%s has no run \"%s\"", o->name, arg);
        err_id(err, "FLT-0407");
        err_remedy(err, "see runs/ for their names");
        return -ENOENT;
}

/* Everything that speaks against it is found before anything is done. */
static int delete_may(struct engine *e, const struct run *r, struct err *err)
{
        for (size_t i = 0; i < r->n_tasks; i++) {
                const struct task *t = r->tasks[i];
                const struct member *c = task_member(t);
                const struct velero_object *v = c != NULL ? doomed_backup(t, c) : NULL;
                const struct velero_bsl *bsl = v != NULL ? location_of(c, v->backup) : NULL;

                if (c != NULL && !t->doomed &&
                        (!task_has_result(t) || t->call != 0 || (v != NULL && still_runs(v->backup)))) {
                        err_set(err, -EBUSY, "run %s has not ended on %s", r->id, t->member);
                        err_id(err, "FLT-0413");
                        err_remedy(err, "wait until it has ended, then delete it");
                        return -EBUSY;
                }
                if (v != NULL && !object_owns(r->object, v->backup->owner))
                        return refuse_taken(c, v->backup, err);
                if (bsl != NULL && strcmp(bsl->access_mode, "ReadOnly") == 0 && !stored_nothing(v->backup))
                        return refuse_read_only(c, v->backup, err);
        }
        return 0;
}

int op_delete_run(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct run *r = NULL;
        int k = op_check_verb(o, "delete", NULL, err);

        if (k == 0)
                k = delete_find(o, arg, &r, err);
        if (k == 0)
                k = delete_may(e, r, err);
        if (k < 0)
                return k;
        for (size_t i = 0; i < r->n_tasks; i++) {
                struct task *t = r->tasks[i];

                /* Said again: another request, should Velero have lost the first one. */
                doom_stamp(t);
                t->doomed = true;
                t->tracked = false;
                t->retry_at_ms = t->look_at_ms = 0;
                engine_dirty(e, o);
                task_open(e, t);
                task_refresh(e, t);
        }
        return 0;
}
