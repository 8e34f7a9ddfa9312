/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration's target, HANDOVER: the source's finished Backup is POSTed with its status, then its PodVolumeBackups, which
 * tell a Restore where the files of volumes are; Velero's own sync would need half a minute to the same end. Where there
 * are any, both clusters must encrypt their repositories with one password: that is compared first, as a hash.
 */
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "k8s/path.h"
#include "ops/member.h"
#include "ops/migrate_private.h"
#include "velero/names.h"

static const struct kube_resource pod_volume_backups = { .group = "velero.io", .version = "v1",
        .plural = "podvolumebackups", .kind = "PodVolumeBackup" };

/* What Velero takes when its Secret is missing, in base64. */
#define REPOSITORY_SECRET  "velero-repo-credentials"
#define REPOSITORY_KEY     "repository-password"
#define REPOSITORY_DEFAULT "c3RhdGljLXBhc3N3MHJk"

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

/* ---------------------------------------------------------------- the Backup */

static void backup_posted(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* The reflector brings it and wakes the task. */
        if (target_made(e, t, reply, "FLT-0420", "backup %s was handed over", t->backup_name))
                target_wait(e, t, "FLT-0420", "waiting until the cluster shows backup %s", t->backup_name);
}

static void backup_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        struct member *c = target_answered(e, t, reply);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        json_t *doc, *labels;
        int r;

        if (c == NULL)
                return;
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        labels = json_object_get(json_object_get(doc, "metadata"), "labels");
        if (labels == NULL || json_object_get(doc, "spec") == NULL) {
                r = err_set(&err, -EBADMSG, "backup %s of the source cannot be read", t->backup_name);
        } else {
                strip_metadata(doc, c->velero_namespace);
                json_object_set_new(json_object_get(doc, "spec"), "storageLocation", json_string(t->location));
                json_object_set_new(labels, VELERO_LABEL_STORAGE_LOCATION, json_string(t->location));
                r = member_velero_path(c, VELERO_BACKUP, NULL, &path, &err);
                if (r == 0)
                        r = target_post(t, c, path.data, doc, backup_posted, &err);
        }
        if (r < 0)
                task_retry_later(e, t, &err, 0);
        json_decref(doc);
}

/* ---------------------------------------------------------------- its volumes */

static void volumes_drop(struct task *t)
{
        json_decref(t->volumes);
        t->volumes = NULL;
}

static void volumes_next(struct engine *e, struct task *t);

static void volume_posted(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        if (reply->err != NULL && strcmp(reply->reason, "AlreadyExists") != 0) {
                volumes_drop(t);
                task_refused(e, t, reply);
                return;
        }
        volumes_next(e, t);
}

/* They go with the handed-over Backup: Kubernetes collects what belongs to it. */
static void volumes_next(struct engine *e, struct task *t)
{
        struct member *c = task_member(t);
        const struct velero_object *backup = c != NULL ? member_velero(c, VELERO_BACKUP, t->backup_name) : NULL;
        json_t *doc = json_array_get(t->volumes, 0);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;

        if (c == NULL || backup == NULL) {
                volumes_drop(t);
                if (c != NULL)
                        target_not_shown(e, t, "FLT-0420", "backup %s does not show any more", t->backup_name);
                return;
        }
        if (doc == NULL) {
                volumes_drop(t);
                target_step(e, t, STEP_RESTORE);
                return;
        }
        strip_metadata(doc, c->velero_namespace);
        json_object_set_new(json_object_get(doc, "metadata"), "ownerReferences",
                json_pack("[{s:s, s:s, s:s, s:s}]", "apiVersion", "velero.io/v1", "kind", "Backup", "name", t->backup_name,
                        "uid", backup->backup->uid));
        json_object_set_new(json_object_get(doc, "spec"), "backupStorageLocation", json_string(t->location));
        if (kube_path(&path, &pod_volume_backups, c->velero_namespace, NULL, NULL, &err) < 0 ||
                target_post(t, c, path.data, doc, volume_posted, &err) < 0) {
                volumes_drop(t);
                task_retry_later(e, t, &err, 0);
                return;
        }
        json_array_remove(t->volumes, 0);
}

/* Hash of what the Secret holds; of Velero's default when there is none. 1 when it may not be read. */
static int password_hash(const struct kube_reply *reply, char ret[65])
{
        json_t *doc = reply->err == NULL ? json_loadb(reply->body, reply->len, 0, NULL) : NULL;
        const char *value = target_secret_value(doc, REPOSITORY_KEY);
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (reply->err != NULL && reply->http_status == 404)
                value = REPOSITORY_DEFAULT;
        if (value != NULL && EVP_Digest(value, strlen(value), hash, &n, EVP_sha256(), NULL) == 1)
                for (unsigned i = 0; i < 32; i++)
                        snprintf(ret + 2 * i, 3, "%02x", hash[i]);
        target_wipe(doc);
        return value == NULL;
}

static void password_of_target(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        char hash[65] = "";

        if (reply->err != NULL && reply->http_status != 404 && reply->http_status != 403) {
                volumes_drop(t);
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        /* Where we may not look, Velero will tell. */
        if (password_hash(reply, hash) == 0 && strcmp(hash, t->password_sha256) != 0) {
                volumes_drop(t);
                target_refuse(e, t, -EINVAL, "FLT-0421",
                        "the source and %s encrypt volume data with different repository passwords", t->member);
                return;
        }
        volumes_next(e, t);
}

static void password_of_source(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        struct member *c = task_member(t);
        struct err err = ERR_INIT;
        char hash[65] = "";

        if (reply->err != NULL && reply->http_status != 404 && reply->http_status != 403) {
                volumes_drop(t);
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        } else if (password_hash(reply, hash) != 0) {
                volumes_next(e, t);
        } else if (intern_set(&t->password_sha256, hash) < 0) {
                volumes_drop(t);
                err_set(&err, -ENOMEM, "out of memory");
                task_retry_later(e, t, &err, 0);
        } else if (c == NULL || target_get_secret(t, c, REPOSITORY_SECRET, password_of_target, &err) < 0) {
                volumes_drop(t);
                if (c != NULL)
                        task_retry_later(e, t, &err, 0);
        }
}

static void volumes_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *source = t->call_at;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;
        json_t *doc;

        /* A Velero without that kind has backed up no volume by file either. */
        if (reply->err != NULL && reply->http_status != 404) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        doc = reply->err == NULL ? json_loadb(reply->body, reply->len, 0, NULL) : json_pack("{s:[]}", "items");
        volumes_drop(t);
        t->volumes = json_incref(json_object_get(doc, "items"));
        json_decref(doc);
        if (!json_is_array(t->volumes)) {
                volumes_drop(t);
                err_set(&err, -EBADMSG, "the source's volume backups cannot be read");
                task_retry_later(e, t, &err, 0);
        } else if (json_array_size(t->volumes) == 0) {
                volumes_next(e, t);
        } else if (target_get_secret(t, source, REPOSITORY_SECRET, password_of_source, &err) < 0) {
                volumes_drop(t);
                task_retry_later(e, t, &err, 0);
        }
}

static int target_read_volumes(struct task *t, struct member *source, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), query = BUF_INIT(LIMIT_TEXT_BYTES);
        char label[LIMIT_LABEL_VALUE + 1], selector[160];
        int r = kube_path(&path, &pod_volume_backups, source->velero_namespace, NULL, NULL, err);

        velero_label_value(t->backup_name, label);
        snprintf(selector, sizeof(selector), VELERO_LABEL_BACKUP_NAME "=%s", label);
        if (r == 0)
                r = kube_query_add(&query, "labelSelector", selector);
        const struct kube_request rq = { .path = path.data, .query = query.data };
        return r < 0 ? r : task_call(t, source, &rq, volumes_read, err);
}

/* ---------------------------------------------------------------- the step */

void target_hand_over(struct engine *e, struct task *t, struct member *c, struct member *source)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct velero_object *v = member_velero(c, VELERO_BACKUP, t->backup_name);
        struct err err = ERR_INIT;
        int r;

        if (v != NULL && (strcmp(v->backup->storage_location, t->location) != 0 ||
                                 strcmp(v->backup->owner, t->run->object->owner) != 0)) {
                t->handed_over = false;
                target_refuse(e, t, -EEXIST, "FLT-0423", "another backup named %s exists on %s", t->backup_name, c->name);
                return;
        }
        if (v != NULL) {
                r = target_read_volumes(t, source, &err);
        } else if (!t->handed_over) {
                t->handed_over = true;
                engine_dirty(e, t->run->object);
                task_kick(e, t);
                return;
        } else {
                r = member_velero_path(source, VELERO_BACKUP, t->backup_name, &path, &err);
                const struct kube_request rq = { .path = path.data };
                if (r == 0)
                        r = task_call(t, source, &rq, backup_read, &err);
        }
        if (r < 0)
                task_retry_later(e, t, &err, 0);
}
