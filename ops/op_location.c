/* SPDX-License-Identifier: Apache-2.0 */
/*
 * location, what a task does: makes the location of its policy on its cluster, and changes what opens it.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/loop.h"
#include "k8s/client.h"
#include "ops/engine_private.h"
#include "ops/location_private.h"
#include "ops/member.h"
#include "ops/policy.h"
#include "ops/task.h"

static void location_refuse(struct engine *e, struct task *t, struct err *err)
{
        task_set_state(e, t, err->code == -EEXIST ? TASK_CONFLICT : TASK_REJECTED, err);
}

static void location_answered(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;

        if (t->state != TASK_PENDING)
                return;
        if (reply->err == NULL) {
                t->failures = 0;
                err_set(&err, -EBUSY, "its storage location was made and is not validated yet");
                err_id(&err, "FLT-0109");
                task_wait_for(e, t, &err);
        } else if (strcmp(reply->reason, "AlreadyExists") == 0 || reply->http_status == 404 || reply->http_status == 409) {
                /* Made before a crash, by another task, or changed meanwhile: the watch says what is there. */
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        } else {
                task_refused(e, t, reply);
        }
}

static int location_send(struct task *t, struct member *c, const char *method, const char *name, const json_t *doc,
        struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(freep) char *body = doc != NULL ? json_dumps(doc, JSON_COMPACT) : NULL;
        int r = body != NULL ? member_velero_path(c, VELERO_LOCATION, name, &path, err) : err_set(err, -ENOMEM, "out of memory");
        const struct kube_request rq = {
                .method = method,
                .path = path.data,
                .query = "fieldValidation=Strict",
                .body = body,
                .body_len = body != NULL ? strlen(body) : 0,
                .content_type = name != NULL ? "application/merge-patch+json" : NULL,
                .retry = KUBE_RETRY_SAFE,
        };

        return r < 0 ? r : task_call(t, c, &rq, location_answered, err);
}

/* In the policy's words, which count more than what follows from an endpoint. */
static json_t *config_json(const struct velero_bsl *want)
{
        json_t *config = json_object(), *own = json_loads(want->config, 0, NULL);

        if (want->region[0] != '\0')
                json_object_set_new(config, "region", json_string(want->region));
        if (want->s3_url[0] != '\0') {
                json_object_set_new(config, "s3Url", json_string(want->s3_url));
                /* Servers with a URL of their own seldom have a host name for each bucket. */
                json_object_set_new(config, "s3ForcePathStyle", json_string("true"));
        }
        (void)json_object_update(config, own);
        json_decref(own);
        return config;
}

/* Which settings are the policy's, for the edit that takes one out: others may have added theirs. A new reference. */
static json_t *config_keys(const struct velero_bsl *want)
{
        json_t *config = config_json(want), *keys = json_array(), *ret, *value;
        _cleanup_(freep) char *text = NULL;
        const char *key;

        json_object_foreach (config, key, value)
                json_array_append_new(keys, json_string(key));
        text = json_dumps(keys, JSON_COMPACT);
        ret = json_string(text != NULL ? text : "");
        json_decref(keys);
        json_decref(config);
        return ret;
}

static json_t *credential_json(const struct velero_bsl *want)
{
        return want->credential_name[0] != '\0' ?
                       json_pack("{s:s, s:s}", "name", want->credential_name, "key", want->credential_key) : json_null();
}

static json_t *location_document(const struct object *o, const struct member *c, const char *name,
        const struct velero_bsl *want)
{
        json_t *doc = json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s, s:s, s:s}, s:{s:o}}, s:{s:s, s:s, s:{s:s, s:s}, s:o}}",
                "apiVersion", "velero.io/v1", "kind", "BackupStorageLocation", "metadata", "name", name, "labels",
                VELERO_LABEL_OWNER, o->owner, VELERO_LABEL_KIND, LOCATION_KIND, VELERO_LABEL_FLEET, o->fleet->name,
                VELERO_LABEL_CLUSTER_UID, c->uid, "annotations", VELERO_ANNOTATION_CONFIG, config_keys(want), "spec", "provider", want->provider, "accessMode", "ReadWrite", "objectStorage", "bucket", want->bucket,
                "prefix", want->prefix, "config", config_json(want));

        if (want->credential_name[0] != '\0')
                json_object_set_new(json_object_get(doc, "spec"), "credential", credential_json(want));
        return doc;
}

static int location_make(struct engine *e, struct task *t, struct member *c, const struct velero_bsl *want)
{
        char name[VELERO_NAME_BASE_MAX + 1];
        struct err err = ERR_INIT;
        json_t *doc;

        location_own_name(t->run->object, c, want, name);
        if (member_velero(c, VELERO_LOCATION, name) != NULL) {
                err_set(&err, -EEXIST, "storage location %s exists on %s and is another one", name, c->name);
                err_id(&err, "FLT-0403");
                location_refuse(e, t, &err);
                return 1;
        }
        if (location_check_prefix(c, want, &err) < 0) {
                location_refuse(e, t, &err);
                return 1;
        }
        doc = location_document(t->run->object, c, name, want);
        if (location_send(t, c, "POST", NULL, doc, &err) < 0)
                task_retry_later(e, t, &err, 0);
        json_decref(doc);
        return 1;
}

/* How long the same change of one location is not asked for again, at first and at most; and when it is the first again. */
enum { CHANGE_PAUSE_MS = 2000, CHANGE_PAUSE_MAX_MS = 60000, CHANGE_FORGET_MS = 600000 };

/*
 * Each change takes the location's phase away, so that no backup is posted until Velero has looked at it again: one that
 * does not last (its watch lags behind, another client or a webhook puts it back) is not repeated at once, by whatever task.
 */
static bool change_is_due(struct engine *e, struct velero_object *v, const json_t *change)
{
        char sha[VELERO_SHA256_HEX + 1] = "";
        struct velero_more *m = velero_more(v);
        int64_t now = loop_now(e->loop), since, pause = CHANGE_PAUSE_MS;

        if (m == NULL)
                return false;
        since = now - m->asked_ms;
        (void)velero_spec_sha256(change, sha);
        if (m->asked == NULL || strcmp(m->asked, sha) != 0) {
                free(m->asked);
                m->asked = strdup(sha);
                m->asked_times = 0;
        }
        for (unsigned i = 1; i < m->asked_times && pause < CHANGE_PAUSE_MAX_MS; i++)
                pause *= 2;
        if (m->asked_times > 0 && since < pause)
                return false;
        m->asked_times = since < CHANGE_FORGET_MS ? m->asked_times + 1 : 1;
        m->asked_ms = now;
        return true;
}

/* null takes away what the policy had set: a member that a merge patch does not name stays. */
static json_t *config_change(const struct velero_bsl *there, const struct velero_bsl *want)
{
        json_t *config = config_json(want), *set = json_loads(there->config_set, 0, NULL), *key;
        size_t i;

        json_array_foreach (set, i, key)
                if (json_is_string(key) && json_object_get(config, json_string_value(key)) == NULL)
                        json_object_set_new(config, json_string_value(key), json_null());
        if (want->region[0] == '\0')
                json_object_set_new(config, "region", json_null());
        json_decref(set);
        return config;
}

static bool is_configured(const struct velero_bsl *there, const struct velero_bsl *want)
{
        json_t *have = json_loads(there->config, 0, NULL), *change = config_change(there, want), *value;
        const char *key;
        bool same = true;

        json_object_foreach (change, key, value) {
                const json_t *is = json_object_get(have, key);

                same = same && (json_is_null(value) ? is == NULL : is != NULL && json_equal(is, value));
        }
        json_decref(change);
        json_decref(have);
        return same;
}

/* The place is the same; what opens it is not. */
static int location_change(struct engine *e, struct task *t, struct member *c, struct velero_object *v,
        const struct velero_bsl *want)
{
        const struct object *other = location_rival(t->run->object, t->run->object->policy->storage);
        struct err err = ERR_INIT;
        json_t *doc;

        if (other != NULL) {
                err_set(&err, -EINVAL, "%s %s has its backups in the same place, with another Secret, region or config",
                        object_kind_name(other->kind), other->name);
                err_id(&err, "FLT-0114");
                err_remedy(&err, "write the same into both");
                location_refuse(e, t, &err);
                return 1;
        }
        /* Without its phase, so that no backup is posted before Velero has tried the new credentials. */
        doc = json_pack("{s:{s:s, s:{s:o}}, s:{s:o, s:o}, s:{s:n, s:n}}", "metadata", "uid", v->bsl->uid, "annotations",
                VELERO_ANNOTATION_CONFIG, config_keys(want), "spec", "credential", credential_json(want), "config",
                config_change(v->bsl, want), "status", "phase", "lastValidationTime");
        if (!change_is_due(e, v, doc)) {
                err_set(&err, -EBUSY, "storage location %s of %s was changed, and is not as it is to be yet", v->name, c->name);
                err_id(&err, "FLT-0109");
                if (t->failures == 0) /* else the reason why it failed */
                        task_wait_for(e, t, &err);
        } else if (location_send(t, c, "PATCH", v->name, doc, &err) < 0)
                task_retry_later(e, t, &err, 0);
        json_decref(doc);
        return 1;
}

int location_ensure(struct engine *e, struct task *t, struct member *c)
{
        const struct object *o = t->run->object;
        struct location_want want;
        const struct velero_object *v;
        struct err err = ERR_INIT;

        if (!location_want(o->policy, c, &want))
                return 0;
        if (!c->synced[VELERO_LOCATION]) {
                err_set(&err, -EAGAIN, "the storage locations of %s are not known yet", c->name);
                err_id(&err, "FLT-0111");
                task_wait_for(e, t, &err);
                return 1;
        }
        v = location_at(c, &want.bsl);
        if (v == NULL)
                return location_make(e, t, c, &want.bsl);
        if (location_is_ours(v->bsl, o->owner) && (strcmp(v->bsl->credential_name, want.bsl.credential_name) != 0 ||
                                                 !is_configured(v->bsl, &want.bsl)))
                return location_change(e, t, c, member_velero(c, VELERO_LOCATION, v->name), &want.bsl);
        return 0;
}
