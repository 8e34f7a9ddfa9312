/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A migration's target, LOCATION: one that the target has with the source's provider, endpoint, bucket and prefix, or one
 * that is made: ReadOnly, without sync, with a credential that opens the bucket:
 *
 *     the target's own, if one of its locations is in that bucket
 *     else the policy's (storage.secretName)
 *     else, with copyCredentials: true, a copy of the source's, under the migration's own name
 *
 * What is made is marked as ours, durably, before it is asked for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "k8s/path.h"
#include "ops/location.h"
#include "ops/member.h"
#include "ops/migrate_private.h"
#include "ops/policy.h"
#include "ops/task_private.h"
#include "velero/names.h"

static const struct kube_resource secrets = { .group = "", .version = "v1", .plural = "secrets", .kind = "Secret" };

void target_own_name(const struct task *t, const struct member *c, char ret[64])
{
        struct velero_identity id = task_identity(t, c);

        id.sub = "source";
        velero_name_base(&id, ret);
}

static json_t *own_metadata(const struct task *t, const char *name)
{
        const struct object *o = t->run->object;
        char label[LIMIT_LABEL_VALUE + 1];

        velero_label_safe(o->name, label);
        return json_pack("{s:s, s:{s:s, s:s, s:s, s:s}}", "name", name, "labels", VELERO_LABEL_OWNER, o->owner,
                VELERO_LABEL_KIND, "migration", VELERO_LABEL_FLEET, o->fleet->name, VELERO_LABEL_NAME, label);
}

/* ---------------------------------------------------------------- a copied Secret */

int target_get_secret(struct task *t, struct member *c, const char *name, kube_done_fn *done, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = kube_path(&path, &secrets, c->velero_namespace, name, NULL, err);
        const struct kube_request rq = { .path = path.data };

        return r < 0 ? r : task_call(t, c, &rq, done, err);
}

const char *target_secret_value(const json_t *doc, const char *key)
{
        return json_string_value(json_object_get(json_object_get(doc, "data"), key));
}

void target_wipe(json_t *doc)
{
        json_t *data = json_object_get(doc, "data"), *value;
        const char *key;

        json_object_foreach (data, key, value)
                if (json_is_string(value))
                        explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
        json_decref(doc);
}

static void secret_checked(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        const char *owner = "";
        json_t *doc;

        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        json_unpack(doc, "{s:{s?{s?s}}}", "metadata", "labels", VELERO_LABEL_OWNER, &owner);
        if (strcmp(owner, t->run->object->owner) == 0) {
                t->secret_copied = true;
                task_kick(e, t);
        } else {
                t->secret_made = false;
                target_refuse(e, t, -EEXIST, "FLT-0403", "a Secret of the migration's name exists on %s and is not ours",
                        t->member);
        }
        target_wipe(doc);
}

static void secret_made(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;
        char name[64];

        if (reply->err == NULL) {
                t->failures = 0;
                t->secret_copied = true;
                task_kick(e, t);
        } else if (strcmp(reply->reason, "AlreadyExists") == 0) {
                /* Of an earlier try: it is used as it is, if it is ours. */
                target_own_name(t, c, name);
                if (target_get_secret(t, c, name, secret_checked, &err) < 0)
                        task_retry_later(e, t, &err, 0);
        } else {
                task_refused(e, t, reply);
        }
}

/* The value goes from one answer into the next request, and nowhere else. */
static void secret_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        struct member *c;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        json_t *doc, *copy;
        char name[64];
        int r;

        if (reply->err != NULL && (reply->http_status == 403 || reply->http_status == 404)) {
                target_refuse(e, t, -EACCES, "FLT-0422", "the source's credentials cannot be copied: %s", reply->err->msg);
                return;
        }
        c = target_answered(e, t, reply);
        if (c == NULL)
                return;
        target_own_name(t, c, name);
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        copy = json_pack("{s:s, s:s, s:s, s:o, s:O}", "apiVersion", "v1", "kind", "Secret", "type", "Opaque", "metadata",
                own_metadata(t, name), "data", json_object_get(doc, "data"));
        r = copy == NULL ? err_set(&err, -EBADMSG, "the source's Secret cannot be read") :
                           kube_path(&path, &secrets, c->velero_namespace, NULL, NULL, &err);
        if (r == 0)
                r = target_post(t, c, path.data, copy, secret_made, &err);
        if (r < 0)
                task_retry_later(e, t, &err, 0);
        json_decref(copy);
        target_wipe(doc);
}

/* ---------------------------------------------------------------- the location */

static void location_made(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        /* It becomes Available in a moment; the reflector brings that and wakes the task. */
        if (target_made(e, t, reply, "FLT-0109", "storage location %s was made", t->location))
                target_wait(e, t, "FLT-0109", "storage location %s is not validated yet", t->location);
}

/* A credential of the target that opens the bucket of `home`: of its default location rather than of another one. */
static const struct velero_bsl *target_neighbour(const struct member *c, const struct velero_bsl *home)
{
        const struct velero_bsl *found = NULL;
        struct velero_object *v;

        VELERO_EACH (v, &c->velero[VELERO_LOCATION])
                if (location_same_bucket(v->bsl, home) && !location_is_temporary(v->bsl) && (found == NULL || v->bsl->is_default))
                        found = v->bsl;
        return found;
}

/* Into the source's own spec; -EACCES when there is no credential: the task has ended. */
static int target_set_credential(struct engine *e, struct task *t, struct member *c, json_t *spec,
        const struct velero_bsl *home)
{
        const struct policy *p = t->run->object->policy;
        const struct velero_bsl *own = target_neighbour(c, home);
        const char *key = home->credential_key[0] != '\0' ? home->credential_key : "cloud";
        char copied[64];

        target_own_name(t, c, copied);
        if (own != NULL) {
                if (own->credential_name[0] != '\0')
                        return json_object_set_new(spec, "credential", json_pack("{s:s, s:s}", "name", own->credential_name,
                                "key", own->credential_key[0] != '\0' ? own->credential_key : "cloud"));
                json_object_del(spec, "credential");
                return 0;
        }
        if (p->storage != NULL && p->storage->secret[0] != '\0')
                return json_object_set_new(spec, "credential",
                        json_pack("{s:s, s:s}", "name", p->storage->secret, "key", "cloud"));
        if (p->copy_credentials)
                return json_object_set_new(spec, "credential", json_pack("{s:s, s:s}", "name", copied, "key", key));
        target_refuse(e, t, -EACCES, "FLT-0422", "%s has no credentials for bucket %s of the source", c->name, home->bucket);
        return -EACCES;
}

/* The source's location in the source's own words, fetched so that no field of its config is lost. */
static void location_read(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        struct member *c = target_answered(e, t, reply);
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) struct velero_bsl *home = NULL;
        struct err err = ERR_INIT;
        json_t *doc, *spec, *location = NULL;
        int r;

        if (c == NULL)
                return;
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        spec = json_deep_copy(json_object_get(doc, "spec"));
        json_decref(doc);
        r = spec != NULL ? velero_bsl_decode(reply->body, reply->len, &home, &err) :
                           err_set(&err, -EBADMSG, "the source's location cannot be read");
        if (r == 0) {
                r = target_set_credential(e, t, c, spec, home);
                if (r < 0) {
                        json_decref(spec);
                        return;
                }
                json_object_del(spec, "default");
                json_object_set_new(spec, "accessMode", json_string("ReadOnly"));
                json_object_set_new(spec, "backupSyncPeriod", json_string("0s"));
                location = json_pack("{s:s, s:s, s:o, s:O}", "apiVersion", "velero.io/v1", "kind", "BackupStorageLocation",
                        "metadata", own_metadata(t, t->location), "spec", spec);
                r = member_velero_path(c, VELERO_LOCATION, NULL, &path, &err);
        }
        if (r == 0)
                r = target_post(t, c, path.data, location, location_made, &err);
        if (r < 0)
                task_retry_later(e, t, &err, 0);
        json_decref(location);
        json_decref(spec);
}

static void target_use(struct engine *e, struct task *t, const struct velero_object *v)
{
        task_set_text(&t->location, v->name);
        if (t->location == NULL)
                return;
        if (v->bsl->phase == VELERO_BSL_AVAILABLE)
                target_step(e, t, STEP_HANDOVER);
        else
                target_wait(e, t, "FLT-0109", "storage location %s is %s%s%s", v->name,
                        v->bsl->phase_text[0] ? v->bsl->phase_text : "not validated yet", v->bsl->message[0] ? ": " : "",
                        v->bsl->message);
}

/* The one that was made for this, else one that was there. */
static const struct velero_object *target_location(const struct task *t, const struct member *c,
        const struct velero_bsl *home, const char *own_name, struct err *err)
{
        const struct velero_object *own = member_velero(c, VELERO_LOCATION, own_name);

        if (own != NULL && (strcmp(own->bsl->owner, t->run->object->owner) != 0 || !location_same_bucket(own->bsl, home) ||
                                   strcmp(own->bsl->prefix, home->prefix) != 0)) {
                err_set(err, -EEXIST, "storage location %s exists on %s and is another one", own_name, c->name);
                return NULL;
        }
        return own != NULL ? own : location_at(c, home);
}

/* A copy of the credentials is needed, and not made: 1 when it was begun, 0 when there is nothing to do. */
static int target_copy_secret(struct engine *e, struct task *t, struct member *c, struct member *source,
        const struct velero_bsl *home)
{
        const struct policy *p = t->run->object->policy;
        const char *name = home->credential_name[0] != '\0' ? home->credential_name : "cloud-credentials";
        struct err err = ERR_INIT;

        if (!p->copy_credentials || target_neighbour(c, home) != NULL || (p->storage != NULL && p->storage->secret[0] != '\0'))
                return 0;
        if (!t->secret_made) {
                t->secret_made = true;
                engine_dirty(e, t->run->object);
                task_kick(e, t);
                return 1;
        }
        if (t->secret_copied)
                return 0;
        if (target_get_secret(t, source, name, secret_read, &err) < 0)
                task_retry_later(e, t, &err, 0);
        return 1;
}

void target_find_location(struct engine *e, struct task *t, struct member *c, struct member *source,
        const struct velero_backup *backup)
{
        const struct velero_object *home = member_velero(source, VELERO_LOCATION, backup->storage_location), *v;
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        char name[64];

        if (home == NULL) {
                target_wait(e, t, "FLT-0109", "the source's location %s is not known", backup->storage_location);
                return;
        }
        target_own_name(t, c, name);
        v = target_location(t, c, home->bsl, name, &err);
        if (v == NULL && err.code != 0) {
                t->location_made = false;
                target_refuse(e, t, -EEXIST, "FLT-0403", "%s", err.msg);
                return;
        }
        if (v != NULL) {
                t->location_made = strcmp(v->name, name) == 0;
                target_use(e, t, v);
                return;
        }
        if (target_copy_secret(e, t, c, source, home->bsl) > 0)
                return;
        if (!t->location_made || t->location == NULL || strcmp(t->location, name) != 0) {
                /* The name is stored before it is used, so that a crash leaves nothing that nobody removes. */
                task_set_text(&t->location, name);
                t->location_made = t->location != NULL;
                engine_dirty(e, t->run->object);
                task_kick(e, t);
                return;
        }
        if (member_velero_path(source, VELERO_LOCATION, home->name, &path, &err) == 0) {
                const struct kube_request rq = { .path = path.data };
                if (task_call(t, source, &rq, location_read, &err) == 0)
                        return;
        }
        task_retry_later(e, t, &err, 0);
}
