/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration's target, step by step. Every step first looks whether it was done already, so that any of them may be
 * repeated after a crash:
 *
 *     LOCATION   find a location with the source's provider, endpoint, bucket and prefix, or make one: ReadOnly, without
 *                sync, with a credential that the target has
 *     HANDOVER   POST the source's finished Backup there with its status, and its PodVolumeBackups; Velero's own sync would
 *                need half a minute to the same end
 *     RESTORE    a Restore of it with the policy's mappings
 *     CLEANUP    remove the handed-over Backup object and the location that was made: neither touches the source's backup
 *
 * Velero validates a Restore against a cache: one that was posted a moment after its Backup may fail validation for good.
 * Such a Restore is posted again under a new name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "k8s/client.h"
#include "k8s/path.h"
#include "ops/engine_private.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"
#include "velero/names.h"

static struct task *target_source(const struct task *t)
{
        return t->run->n_tasks > 0 && t->run->tasks[0]->verb == TASK_BACKUP ? t->run->tasks[0] : NULL;
}

static void target_step(struct engine *e, struct task *t, enum task_step step)
{
        engine_write(e);
        t->step = step;
        t->failures = 0;
        engine_dirty(e, t->run->object);
        model_touch_task(t);
        rollup_run(e, t->run);
        task_kick(e, t);
}

static void target_wait(struct engine *e, struct task *t, int code, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
static void target_wait(struct engine *e, struct task *t, int code, const char *id, const char *fmt, ...)
{
        struct err err = ERR_INIT;
        va_list ap;

        va_start(ap, fmt);
        err_setv(&err, code, fmt, ap);
        va_end(ap);
        err_id(&err, id);
        task_wait_for(e, t, &err);
}

/* ---------------------------------------------------------------- LOCATION */

static bool same_store(const struct velero_bsl *a, const struct velero_bsl *b, bool with_prefix)
{
        return strcmp(a->provider, b->provider) == 0 && strcmp(a->bucket, b->bucket) == 0 &&
               strcmp(a->s3_url, b->s3_url) == 0 && (!with_prefix || strcmp(a->prefix, b->prefix) == 0);
}

static void target_location_name(const struct task *t, const struct member *c, char ret[64])
{
        const struct object *o = t->run->object;
        const struct velero_identity id = {
                .store = o->owner,
                .fleet = o->fleet->name,
                .kind = "migration",
                .policy = o->name,
                .sub = "source",
                .cluster = c->name,
                .cluster_uid = c->uid,
        };

        velero_name_base(&id, ret);
}

static void target_location_made(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);

        t->call = 0;
        if (reply->err == NULL || strcmp(reply->reason, "AlreadyExists") == 0) {
                t->failures = 0;
                /* It becomes Available in a moment; the reflector brings that and wakes the task. */
                target_wait(e, t, -EBUSY, "FLT-0109", "storage location %s is not validated yet", t->location);
                return;
        }
        if (reply->http_status == 400 || reply->http_status == 403 || reply->http_status == 422) {
                struct err err = ERR_INIT;
                err_copy(&err, reply->err);
                err_id(&err, "FLT-0404");
                task_set_state(e, t, TASK_REJECTED, &err);
                return;
        }
        task_retry_later(e, t, reply->err);
}

/* The source's location in the source's own words, fetched so that no field of its config is lost. */
static void target_location_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);
        struct member *c = task_member(t);
        const struct velero_bsl *own = NULL;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) char *body = NULL;
        struct err err = ERR_INIT;
        json_t *doc, *spec, *location;
        struct velero_object *v, *tmp;

        t->call = 0;
        if (reply->err != NULL || c == NULL) {
                if (reply->err != NULL)
                        task_retry_later(e, t, reply->err);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        spec = json_deep_copy(json_object_get(doc, "spec"));
        json_decref(doc);
        if (spec == NULL) {
                target_wait(e, t, -EBADMSG, "FLT-0109", "the source's location could not be read");
                return;
        }
        /* The target's own credential opens the bucket when its location is in it already. */
        HASH_ITER (hh, c->velero[VELERO_LOCATION], v, tmp) {
                const char *bucket = "", *url = "", *provider = "";
                json_unpack(spec, "{s?s, s:{s?s}, s?{s?s}}", "provider", &provider, "objectStorage", "bucket", &bucket,
                        "config", "s3Url", &url);
                if (strcmp(v->bsl->bucket, bucket) == 0 && strcmp(v->bsl->s3_url, url) == 0 &&
                        strcmp(v->bsl->provider, provider) == 0 && (own == NULL || v->bsl->is_default))
                        own = v->bsl;
        }
        json_object_del(spec, "default");
        json_object_set_new(spec, "accessMode", json_string("ReadOnly"));
        json_object_set_new(spec, "backupSyncPeriod", json_string("0s"));
        if (own != NULL) {
                if (own->credential_name[0] != '\0')
                        json_object_set_new(spec, "credential", json_pack("{s:s, s:s}", "name", own->credential_name,
                                "key", own->credential_key));
                else
                        json_object_del(spec, "credential");
        } else if (t->run->object->policy->storage != NULL && t->run->object->policy->storage->secret[0] != '\0') {
                json_object_set_new(spec, "credential", json_pack("{s:s, s:s}", "name",
                        t->run->object->policy->storage->secret, "key", "cloud"));
        }
        location = json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s, s:s}}, s:o}", "apiVersion", "velero.io/v1", "kind",
                "BackupStorageLocation", "metadata", "name", t->location, "labels", VELERO_LABEL_OWNER,
                t->run->object->owner, VELERO_LABEL_KIND, "migration", VELERO_LABEL_FLEET, t->run->object->fleet->name,
                "spec", spec);
        body = json_dumps(location, JSON_COMPACT);
        json_decref(location);
        if (body == NULL || member_velero_path(c, VELERO_LOCATION, NULL, &path, &err) < 0)
                return;
        const struct kube_request rq = { .method = "POST", .path = path.data, .body = body, .body_len = strlen(body),
                .retry = KUBE_RETRY_SAFE };
        if (kube_call(member_client(c), &rq, target_location_made, t, &t->call, &err) < 0)
                task_retry_later(e, t, &err);
}

static void target_find_location(struct engine *e, struct task *t, struct member *c, struct member *source,
        const struct velero_backup *backup)
{
        struct velero_object *home = member_velero(source, VELERO_LOCATION, backup->storage_location), *v, *tmp;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        char name[64];

        if (home == NULL) {
                target_wait(e, t, -ENOENT, "FLT-0109", "the source's location %s is not known", backup->storage_location);
                return;
        }
        HASH_ITER (hh, c->velero[VELERO_LOCATION], v, tmp) {
                if (!same_store(v->bsl, home->bsl, true))
                        continue;
                target_location_name(t, c, name);
                free(t->location);
                t->location = strdup(v->name);
                t->location_made = strcmp(v->name, name) == 0;
                if (t->location == NULL)
                        return;
                if (v->bsl->phase == VELERO_BSL_AVAILABLE)
                        target_step(e, t, STEP_HANDOVER);
                else
                        target_wait(e, t, -EBUSY, "FLT-0109", "storage location %s is %s%s%s", v->name,
                                v->bsl->phase_text[0] ? v->bsl->phase_text : "not validated yet",
                                v->bsl->message[0] ? ": " : "", v->bsl->message);
                return;
        }
        if (!t->location_made) {
                /* The name is stored before it is used, so that a crash leaves nothing that nobody removes. */
                target_location_name(t, c, name);
                free(t->location);
                t->location = strdup(name);
                t->location_made = true;
                engine_dirty(e, t->run->object);
                task_kick(e, t);
                return;
        }
        if (member_velero_path(source, VELERO_LOCATION, home->name, &path, &err) < 0)
                return;
        const struct kube_request rq = { .path = path.data };
        if (kube_call(member_client(source), &rq, target_location_read, t, &t->call, &err) < 0)
                task_retry_later(e, t, &err);
}

/* ---------------------------------------------------------------- HANDOVER */

/* A foreign object becomes one that may be POSTed elsewhere: what the other API server added is taken away. */
static void strip_metadata(json_t *doc, const char *ns)
{
        static const char *const gone[] = { "resourceVersion", "uid", "creationTimestamp", "generation", "managedFields",
                "selfLink", "ownerReferences", "finalizers", "deletionTimestamp", "deletionGracePeriodSeconds" };
        json_t *meta = json_object_get(doc, "metadata");

        for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
                json_object_del(meta, gone[i]);
        json_object_set_new(meta, "namespace", json_string(ns));
}

static void target_handed_over(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);

        t->call = 0;
        if (reply->err == NULL || strcmp(reply->reason, "AlreadyExists") == 0) {
                t->failures = 0;
                target_wait(e, t, -EBUSY, "FLT-0401", "waiting until the cluster shows backup %s", t->backup_name);
                task_kick(e, t);
                return;
        }
        if (reply->http_status == 400 || reply->http_status == 403 || reply->http_status == 422) {
                struct err err = ERR_INIT;
                err_copy(&err, reply->err);
                err_id(&err, "FLT-0404");
                task_set_state(e, t, TASK_REJECTED, &err);
                return;
        }
        task_retry_later(e, t, reply->err);
}

static int target_post(struct task *t, struct member *c, const char *path, json_t *doc, kube_done_fn *done,
        struct err *err)
{
        _cleanup_(freep) char *body = json_dumps(doc, JSON_COMPACT);

        if (body == NULL)
                return err_set(err, -ENOMEM, "put the object into words");
        const struct kube_request rq = { .method = "POST", .path = path, .body = body, .body_len = strlen(body),
                .retry = KUBE_RETRY_SAFE };
        return kube_call(member_client(c), &rq, done, t, &t->call, err);
}

static void target_backup_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);
        struct member *c = task_member(t);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        json_t *doc, *labels;

        t->call = 0;
        if (reply->err != NULL || c == NULL) {
                if (reply->err != NULL)
                        task_retry_later(e, t, reply->err);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        strip_metadata(doc, c->velero_namespace);
        json_object_set_new(json_object_get(doc, "spec"), "storageLocation", json_string(t->location));
        labels = json_object_get(json_object_get(doc, "metadata"), "labels");
        json_object_set_new(labels, VELERO_LABEL_STORAGE_LOCATION, json_string(t->location));
        if (member_velero_path(c, VELERO_BACKUP, NULL, &path, &err) < 0 ||
                target_post(t, c, path.data, doc, target_handed_over, &err) < 0)
                task_retry_later(e, t, &err);
        json_decref(doc);
}

/* PodVolumeBackups carry what a Restore needs to find the files of volumes. They are posted one after the other; each that
   is there already is fine. */
static const struct kube_resource pod_volume_backups = { .group = "velero.io", .version = "v1",
        .plural = "podvolumebackups", .kind = "PodVolumeBackup" };

static void target_volume_posted(void *arg, const struct kube_reply *reply);

static void target_volumes_next(struct task *t)
{
        struct engine *e = engine_of_task(t);
        struct member *c = task_member(t);
        json_t *doc = json_array_get(t->volumes, 0);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;

        if (doc == NULL || c == NULL) {
                json_decref(t->volumes);
                t->volumes = NULL;
                if (c != NULL)
                        target_step(e, t, STEP_RESTORE);
                return;
        }
        strip_metadata(doc, c->velero_namespace);
        json_object_set_new(json_object_get(doc, "spec"), "backupStorageLocation", json_string(t->location));
        if (kube_path(&path, &pod_volume_backups, c->velero_namespace, NULL, NULL, &err) < 0 ||
                target_post(t, c, path.data, doc, target_volume_posted, &err) < 0) {
                json_decref(t->volumes);
                t->volumes = NULL;
                task_retry_later(e, t, &err);
                return;
        }
        json_array_remove(t->volumes, 0);
}

static void target_volume_posted(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;

        t->call = 0;
        if (reply->err != NULL && strcmp(reply->reason, "AlreadyExists") != 0) {
                json_decref(t->volumes);
                t->volumes = NULL;
                task_retry_later(engine_of_task(t), t, reply->err);
                return;
        }
        target_volumes_next(t);
}

static void target_volumes_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        json_t *doc;

        t->call = 0;
        /* A Velero without that kind has backed up no volume by file either. */
        if (reply->err != NULL && reply->http_status != 404) {
                task_retry_later(engine_of_task(t), t, reply->err);
                return;
        }
        doc = reply->err == NULL ? json_loadb(reply->body, reply->len, 0, NULL) : NULL;
        json_decref(t->volumes);
        t->volumes = json_deep_copy(json_object_get(doc, "items"));
        json_decref(doc);
        target_volumes_next(t);
}

static void target_hand_over(struct engine *e, struct task *t, struct member *c, struct member *source)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), query = BUF_INIT(LIMIT_TEXT_BYTES);
        struct velero_object *v = member_velero(c, VELERO_BACKUP, t->backup_name);
        struct err err = ERR_INIT;
        char label[64], selector[160];

        if (v != NULL && strcmp(v->backup->storage_location, t->location) != 0 &&
                strcmp(v->backup->owner, t->run->object->owner) != 0) {
                err_set(&err, -EEXIST, "another backup named %s exists on %s", t->backup_name, c->name);
                err_id(&err, "FLT-0403");
                task_set_state(e, t, TASK_CONFLICT, &err);
                return;
        }
        if (v == NULL) {
                if (!t->handed_over) {
                        t->handed_over = true;
                        engine_dirty(e, t->run->object);
                        task_kick(e, t);
                        return;
                }
                if (member_velero_path(source, VELERO_BACKUP, t->backup_name, &path, &err) < 0)
                        return;
                const struct kube_request rq = { .path = path.data };
                if (kube_call(member_client(source), &rq, target_backup_read, t, &t->call, &err) < 0)
                        task_retry_later(e, t, &err);
                return;
        }
        velero_label_value(t->backup_name, label);
        snprintf(selector, sizeof(selector), VELERO_LABEL_BACKUP_NAME "=%s", label);
        if (kube_path(&path, &pod_volume_backups, source->velero_namespace, NULL, NULL, &err) < 0 ||
                kube_query_add(&query, "labelSelector", selector) < 0)
                return;
        const struct kube_request rq = { .path = path.data, .query = query.data };
        if (kube_call(member_client(source), &rq, target_volumes_read, t, &t->call, &err) < 0)
                task_retry_later(e, t, &err);
}

/* ---------------------------------------------------------------- RESTORE */

static bool lost_the_race(const struct task *t)
{
        const struct velero_object *v = task_velero(t);

        return v != NULL && v->restore->phase == VELERO_RESTORE_FAILED_VALIDATION && t->races < 5 &&
               (strstr(v->restore->validation_errors, "not found") != NULL ||
                       strstr(v->restore->validation_errors, "retrieving backup") != NULL);
}

static void target_restore(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;
        json_t *doc;

        if (t->velero_name[0] == '\0' || strcmp(t->uid, c->uid) != 0) {
                task_choose_name(e, t, c);
                task_kick(e, t);
                return;
        }
        doc = restore_document(t, c, &err);
        if (doc == NULL) {
                if (err.id[0] == '\0')
                        err_id(&err, "FLT-0404");
                task_set_state(e, t, TASK_REJECTED, &err);
                return;
        }
        task_post(e, t, doc);
}

/* ---------------------------------------------------------------- CLEANUP */

static void target_cleaned(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = engine_of_task(t);

        t->call = 0;
        if (reply->err != NULL && reply->http_status != 404) {
                task_retry_later(e, t, reply->err);
                return;
        }
        engine_write(e);
        if (t->handed_over)
                t->handed_over = false;
        else
                t->location_made = false;
        engine_dirty(e, t->run->object);
        task_kick(e, t);
}

static void target_clean(struct engine *e, struct task *t, struct member *c)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        int r;

        if (!t->handed_over && !t->location_made) {
                target_step(e, t, STEP_END);
                task_refresh(e, t);
                task_close(e, t);
                return;
        }
        /* The object first: without its location Velero would not know what it is. */
        r = t->handed_over ? member_velero_path(c, VELERO_BACKUP, t->backup_name, &path, &err) :
                             member_velero_path(c, VELERO_LOCATION, t->location, &path, &err);
        if (r < 0)
                return;
        const struct kube_request rq = { .method = "DELETE", .path = path.data, .retry = KUBE_RETRY_SAFE };
        if (kube_call(member_client(c), &rq, target_cleaned, t, &t->call, &err) < 0)
                task_retry_later(e, t, &err);
}

/* ---------------------------------------------------------------- */

/* The source's backup, once it is worth handing over; else the task waits, or ends with it. */
static const struct velero_backup *target_backup(struct engine *e, struct task *t, struct member **source)
{
        struct task *s = target_source(t);
        struct velero_object *v;
        struct err err = ERR_INIT;

        if (s == NULL) {
                target_wait(e, t, -ENODEV, "FLT-0416", "the migration's source is no longer in the fleet");
                return NULL;
        }
        if (task_is_finished(s) && s->phase != PHASE_COMPLETED &&
                !(s->phase == PHASE_PARTIALLY_FAILED && t->run->object->policy->allow_partially_failed)) {
                err_set(&err, -EINVAL, "the backup of source %s is %s%s%s", s->member, task_phase_text(s),
                        s->reason != NULL ? ": " : "", s->reason != NULL ? s->reason : "");
                err_id(&err, "FLT-0408");
                task_set_state(e, t, TASK_REJECTED, &err);
                return NULL;
        }
        *source = task_member(s);
        v = task_velero(s);
        if (*source == NULL || !member_ready(*source) || v == NULL || s->state != TASK_DONE) {
                target_wait(e, t, -EBUSY, "FLT-0401", "waiting for the backup of source %s", s->member);
                return NULL;
        }
        if (t->backup_name[0] == '\0' || strcmp(t->backup_name, v->name) != 0)
                snprintf(t->backup_name, sizeof(t->backup_name), "%s", v->name);
        return v->backup;
}

void migrate_target_act(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_backup *backup;
        struct member *source = NULL;

        if (t->run->object->policy == NULL)
                return;
        if (t->state == TASK_DONE && t->step == STEP_RESTORE) {
                if (lost_the_race(t)) {
                        t->races++;
                        t->state = TASK_PENDING;
                        t->attempt = op_next_run(e, t->run->object);
                        t->velero_name[0] = '\0';
                        t->retry_at_ms = clock_boottime_ms() + 500;
                        engine_dirty(e, t->run->object);
                        return;
                }
                target_step(e, t, STEP_CLEANUP);
                return;
        }
        if (t->state == TASK_DONE && t->step == STEP_CLEANUP) {
                target_clean(e, t, c);
                return;
        }
        if (t->state != TASK_PENDING)
                return;
        if (t->step < STEP_RESTORE) {
                backup = target_backup(e, t, &source);
                if (backup == NULL)
                        return;
                if (t->step == STEP_HANDOVER)
                        target_hand_over(e, t, c, source);
                else
                        target_find_location(e, t, c, source, backup);
                return;
        }
        target_restore(e, t, c);
}
