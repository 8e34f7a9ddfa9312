/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a TASK_SCHEDULE does on its cluster: makes the Velero Schedule, changes it in place, removes it.
 *
 * An edit is a JSON Patch: a merge patch would keep removed filters, and delete and create would reset Velero's clock
 * (status.lastBackup). It names the object by UID and tests our owner label, so it never changes another one's. Whose a
 * Schedule is all its identity's labels say together, not the store's alone.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/duration.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/record.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/location.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- what a spec means */

/* Velero's types write these out as 0s where they are unset. */
static bool is_zero_duration(const char *key, const json_t *value)
{
        static const char *const keys[] = { "ttl", "csiSnapshotTimeout", "itemOperationTimeout" };
        int64_t ns;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(key, keys[i]) == 0)
                        return json_is_string(value) && duration_parse(json_string_value(value), &ns, NULL) == 0 &&
                               ns == 0;
        return false;
}

static bool is_duration(const char *key)
{
        static const char *const keys[] = { "ttl", "csiSnapshotTimeout", "itemOperationTimeout", "timeout" };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(key, keys[i]) == 0)
                        return true;
        return false;
}

static bool is_void(const char *key, const json_t *value)
{
        return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
               (json_is_object(value) && json_object_size(value) == 0) || is_zero_duration(key, value);
}

static int digest_normalize(json_t *value)
{
        const char *key;
        json_t *item;
        void *next;
        size_t i;

        json_object_foreach_safe (value, next, key, item) {
                char text[DURATION_SIZE];
                int64_t ns;

                if (digest_normalize(item) < 0)
                        return -ENOMEM;
                if (is_void(key, item))
                        (void)json_object_del(value, key);
                else if (json_is_string(item) && is_duration(key) &&
                         duration_parse(json_string_value(item), &ns, NULL) == 0 &&
                         json_string_set(item, duration_format(text, ns)) < 0)
                        return -ENOMEM;
        }
        json_array_foreach (value, i, item)
                if (digest_normalize(item) < 0)
                        return -ENOMEM;
        return 0;
}

/* Changes the spec, which may be NULL: no memory. */
static int digest_of_own(json_t *spec, char ret[VELERO_SHA256_HEX + 1])
{
        static const char *const switches[] = { "paused", "useOwnerReferencesInBackup" };
        int r = spec != NULL ? 0 : -ENOMEM;

        (void)json_object_del(spec, "skipImmediately");
        for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
                if (json_is_false(json_object_get(spec, switches[i])))
                        (void)json_object_del(spec, switches[i]);
        if (r == 0)
                r = digest_normalize(spec);
        return r == 0 ? velero_spec_sha256(spec, ret) : r;
}

int schedule_digest(const json_t *spec, char ret[VELERO_SHA256_HEX + 1])
{
        json_t *copy = json_deep_copy(spec);
        int r = digest_of_own(copy, ret);

        json_decref(copy);
        return r;
}

/* Each event of a Schedule comes here, and most of its bytes are the policy and managed fields. */
struct schedule_spec {
        const char *spec; /* JSON */
};
static const struct record_field schedule_spec_fields[] = {
        FIELD_JSON(struct schedule_spec, spec, "spec", 0),
};
static struct record_type schedule_spec_type = RECORD_TYPE("Schedule", struct schedule_spec, schedule_spec_fields);

char *schedule_digest_of(const char *bytes, size_t len)
{
        _cleanup_(freep) void *record = NULL;
        _cleanup_(freep) char *ret = malloc(VELERO_SHA256_HEX + 1);
        struct err err = ERR_INIT;
        json_t *spec;
        int r;

        if (ret == NULL || record_decode(&schedule_spec_type, bytes, len, &record, &err) < 0)
                return NULL;
        spec = json_loads(((const struct schedule_spec *)record)->spec, 0, NULL);
        r = digest_of_own(spec, ret);
        json_decref(spec);
        return r == 0 ? TAKE(ret) : NULL;
}

/* ---------------------------------------------------------------- the document */

struct desired {
        json_t *meta, *spec;
        char digest[VELERO_SHA256_HEX + 1];
};

static void desired_done(struct desired *d)
{
        json_decref(d->meta);
        json_decref(d->spec);
}

/* Whether the key is the user's: it is not there without his metadata. */
static int list_extra(json_t *ret, const char *what, const json_t *with, const json_t *without)
{
        json_t *keys = json_array(), *value;
        const char *key;

        json_object_foreach (json_object_get(with, what), key, value)
                if (json_object_get(json_object_get(without, what), key) == NULL &&
                        json_array_append_new(keys, json_string(key)) < 0) {
                        json_decref(keys);
                        return -ENOMEM;
                }
        return json_object_set_new(ret, what, keys) < 0 ? -ENOMEM : 0;
}

/* Says on the Schedule which labels and annotations are the policy's, for the edit that takes them out. */
static int desired_note_extra(json_t *meta, struct velero_meta m, struct err *err)
{
        json_t *plain = NULL, *list = json_object();
        _cleanup_(freep) char *text = NULL;
        int r = list != NULL ? 0 : -ENOMEM;

        m.extra = NULL;
        if (r == 0)
                r = velero_meta_json(&m, &plain, err);
        if (r == 0)
                r = list_extra(list, "labels", meta, plain);
        if (r == 0)
                r = list_extra(list, "annotations", meta, plain);
        if (r == 0 && (text = json_dumps(list, JSON_COMPACT)) == NULL)
                r = -ENOMEM;
        if (r == 0 && json_object_set_new(json_object_get(meta, "annotations"), VELERO_ANNOTATION_EXTRA, json_string(text)) < 0)
                r = -ENOMEM;
        json_decref(plain);
        json_decref(list);
        return r;
}

static int desired_of(struct task *t, const struct member *c, struct desired *ret, struct err *err)
{
        const struct object *o = t->run->object;
        const struct policy *p = o->policy;
        int sub = t->sub != NULL ? policy_find_sub(p, t->sub) : 0;
        char own[VELERO_NAME_BASE_MAX + 1];
        const struct policy_cluster pc = {
                .velero_namespace = c->velero_namespace,
                .storage_location = location_name(o, p, c, own),
                .has_node_agent = c->node_agent,
        };
        const struct velero_identity id = task_identity(t, c);
        const struct velero_meta m = {
                .id = &id,
                .name = t->velero_name,
                .cron = p->schedule,
                .policy = o->in_force.bytes,
                .policy_len = o->in_force.len,
                .extra = policy_metadata(p),
        };
        int r;

        *ret = (struct desired){ .meta = NULL };
        if (sub < 0)
                return err_set(err, -ENOENT, "the policy has no part \"%s\" any more", t->sub);
        r = velero_meta_json(&m, &ret->meta, err);
        if (r == 0 && m.extra != NULL)
                r = desired_note_extra(ret->meta, m, err);
        if (r == 0)
                r = policy_schedule_spec(p, (size_t)sub, &pc, json_object_get(ret->meta, "labels"), &ret->spec, err);
        if (r == 0 && o->paused && json_object_set_new(ret->spec, "paused", json_true()) < 0)
                r = -ENOMEM;
        if (r == 0)
                r = schedule_digest(ret->spec, ret->digest);
        if (r == 0 && json_object_set_new(json_object_get(ret->meta, "annotations"), VELERO_ANNOTATION_SPEC,
                              json_string(ret->digest)) < 0)
                r = -ENOMEM;
        if (r < 0) {
                desired_done(ret);
                *ret = (struct desired){ .meta = NULL };
        }
        return r;
}

bool schedule_is_outdated(struct task *t, const struct member *c)
{
        struct desired d;
        bool outdated;

        if (!t->run->object->own || t->run->object->policy == NULL || t->unwanted || t->tracked || t->drifted ||
                t->state != TASK_POSTED || desired_of(t, c, &d, NULL) < 0)
                return false;
        outdated = strcmp(d.digest, t->spec_sha256) != 0;
        desired_done(&d);
        return outdated;
}

/* ---------------------------------------------------------------- changing it in place */

static int patch_add(json_t *patch, const char *op, const char *path, json_t *value)
{
        return json_array_append_new(patch, json_pack("{s:s, s:s, s:o}", "op", op, "path", path, "value", value)) < 0 ?
                       -ENOMEM : 0;
}

/* "/metadata/labels/fleetfs.dev~1owner" (RFC 6901). */
static int patch_key(struct buf *out, const char *parent, const char *key)
{
        out->len = 0;
        buf_puts(out, parent);
        buf_putc(out, '/');
        for (; *key != '\0'; key++)
                if (*key == '/')
                        buf_puts(out, "~1");
                else if (*key == '~')
                        buf_puts(out, "~0");
                else
                        buf_putc(out, *key);
        return out->error;
}

static int patch_texts(json_t *patch, const char *parent, json_t *texts)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *key;
        json_t *value;
        int r = 0;

        json_object_foreach (texts, key, value) {
                r = patch_key(&path, parent, key);
                if (r == 0)
                        r = patch_add(patch, "add", path.data, json_incref(value));
                if (r < 0)
                        return r;
        }
        return r;
}

/* A `remove` of what somebody took away already would fail; after an `add` it cannot. */
static int patch_away(json_t *patch, const char *parent, const char *key)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = patch_key(&path, parent, key);

        if (r == 0)
                r = patch_add(patch, "add", path.data, json_string(""));
        if (r == 0 && json_array_append_new(patch, json_pack("{s:s, s:s}", "op", "remove", "path", path.data)) < 0)
                r = -ENOMEM;
        return r;
}

/* What an earlier policy set and this one does not. */
static int patch_leftovers(json_t *patch, const char *parent, const json_t *keys, const json_t *texts)
{
        const json_t *key;
        size_t i;
        int r = 0;

        json_array_foreach (keys, i, key)
                if (r == 0 && json_is_string(key) && json_object_get(texts, json_string_value(key)) == NULL)
                        r = patch_away(patch, parent, json_string_value(key));
        return r;
}

/* `bare`: it has no annotations at all, below which an `add` would fail. */
static int patch_metadata(json_t *patch, const json_t *meta, const struct velero_schedule *there, bool bare)
{
        json_t *labels = json_object_get(meta, "labels"), *annotations = json_object_get(meta, "annotations");
        json_t *extra = json_loads(there->extra, 0, NULL);
        int r = patch_texts(patch, "/metadata/labels", labels);

        if (r == 0)
                r = patch_leftovers(patch, "/metadata/labels", json_object_get(extra, "labels"), labels);
        if (r == 0 && bare) {
                r = patch_add(patch, "add", "/metadata/annotations", json_incref(annotations));
        } else if (r == 0) {
                r = patch_texts(patch, "/metadata/annotations", annotations);
                if (r == 0)
                        r = patch_leftovers(patch, "/metadata/annotations", json_object_get(extra, "annotations"), annotations);
                if (r == 0 && there->extra[0] != '\0' && json_object_get(annotations, VELERO_ANNOTATION_EXTRA) == NULL)
                        r = patch_away(patch, "/metadata/annotations", VELERO_ANNOTATION_EXTRA);
        }
        json_decref(extra);
        return r;
}

static json_t *spec_or(const json_t *spec, const char *key, json_t *otherwise)
{
        json_t *value = json_object_get(spec, key);

        if (value == NULL)
                return otherwise;
        json_decref(otherwise);
        return json_incref(value);
}

/* Every field that a Schedule's spec has, but skipImmediately: that is Velero's own after the first look. `bare_version`: the
   resourceVersion in which it has no annotations, NULL if it has some. */
static json_t *patch_of(const struct desired *d, const struct velero_schedule *there, const char *bare_version)
{
        json_t *patch = json_array();
        int r = patch != NULL ? 0 : -ENOMEM;

        if (r == 0)
                r = patch_add(patch, "test", "/metadata/uid", json_string(there->uid));
        if (r == 0)
                r = patch_add(patch, "test", "/metadata/labels/fleetfs.dev~1owner", json_string(there->owner));
        /* Annotations as a whole are put there only while nobody else's are. */
        if (r == 0 && bare_version != NULL)
                r = patch_add(patch, "test", "/metadata/resourceVersion", json_string(bare_version));
        if (r == 0)
                r = patch_metadata(patch, d->meta, there, bare_version != NULL);
        if (r == 0)
                r = patch_add(patch, "replace", "/spec/schedule", json_incref(json_object_get(d->spec, "schedule")));
        if (r == 0)
                r = patch_add(patch, "replace", "/spec/template", json_incref(json_object_get(d->spec, "template")));
        if (r == 0)
                r = patch_add(patch, "add", "/spec/paused", spec_or(d->spec, "paused", json_false()));
        if (r == 0)
                r = patch_add(patch, "add", "/spec/useOwnerReferencesInBackup",
                        spec_or(d->spec, "useOwnerReferencesInBackup", json_false()));
        if (r < 0) {
                json_decref(patch);
                return NULL;
        }
        return patch;
}

static void schedule_in_force(struct engine *e, struct task *t, const char *digest)
{
        engine_write(e);
        /* That it was asked for is durable. That it is there need not be at once: a PATCH that a crash makes us repeat
           changes nothing, and a thousand clusters answer one by one, each of which would store all of them. */
        if (!t->sent)
                engine_dirty(e, t->run->object);
        memcpy(t->spec_sha256, digest, VELERO_SHA256_HEX + 1);
        t->sent = true;
        t->resend = false;
        t->failures = 0;
        task_set_state(e, t, TASK_POSTED, NULL);
}

static bool schedule_is_ours(const struct task *t, const struct member *c, const struct velero_schedule *there)
{
        const struct object *o = t->run->object;
        char policy[LIMIT_LABEL_VALUE + 1];

        velero_label_safe(o->name, policy);
        return object_owns(o, there->owner) && strcmp(there->fleet, o->fleet->name) == 0 &&
               strcmp(there->kind, task_kind_text(t)) == 0 && strcmp(there->policy, policy) == 0 &&
               strcmp(there->cluster_uid, c->uid) == 0;
}

static void schedule_conflict(struct engine *e, struct task *t, const struct velero_schedule *there)
{
        const char *owner = there->owner;
        struct err err = ERR_INIT;

        if (object_owns(t->run->object, owner))
                err_set(&err, -EEXIST, "Schedule %s exists on %s, and its labels do not say that it is this policy's there: "
                        "fleet \"%s\", kind \"%s\", name \"%s\", cluster-uid \"%s\"", t->velero_name, t->member,
                        there->fleet, there->kind, there->policy, there->cluster_uid);
        else
                err_set(&err, -EEXIST, "Schedule %s exists on %s and %s%s", t->velero_name, t->member,
                        owner[0] != '\0' ? "was made by store " : "was not made by fleetfs, or its labels were removed",
                        owner);
        err_id(&err, "FLT-0403");
        task_set_state(e, t, TASK_CONFLICT, &err);
}

/* Whose it is now. What is still ours was patched as an older watch event showed it: the next one is waited for. */
static void schedule_judged(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        const struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        struct err err = ERR_INIT;

        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (velero_schedule_decode(reply->body, reply->len, &there, &err) < 0) {
                task_retry_later(e, t, &err, 0);
                return;
        }
        if (!schedule_is_ours(t, c, there)) {
                schedule_conflict(e, t, there);
        } else {
                err_set(&err, -ESTALE, "Schedule %s on %s was changed meanwhile", t->velero_name, t->member);
                task_retry_later(e, t, &err, 0);
        }
        free(there);
}

static int schedule_get(struct task *t, struct member *c, kube_done_fn *done, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, err);
        const struct kube_request get = { .path = path.data };

        return r < 0 ? r : task_call(t, c, &get, done, err);
}

/* A `test` failed, or another writer was faster. Kubernetes does not say that it was a `test` (measured): it refuses the
   whole patch in these words, and what it finds wrong with an object in others. */
static bool is_overtaken(const struct kube_reply *reply)
{
        return reply->http_status == 409 ||
               (reply->http_status == 422 && strstr(reply->err->msg, "rejected our request due to an error") != NULL);
}

static void schedule_patched(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct err err = ERR_INIT;

        if (reply->err == NULL) {
                t->attempt = clock_realtime();
                t->posted_at_ms = loop_now(e->loop);
                t->confirmed = false;
                schedule_in_force(e, t, t->posting_sha256);
        } else if (is_overtaken(reply)) {
                if (schedule_get(t, c, schedule_judged, &err) < 0)
                        task_retry_later(e, t, &err, 0);
        } else if (reply->http_status == 404) {
                /* It is gone: the watch says so. */
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
        } else {
                task_refused(e, t, reply);
        }
}

static void schedule_patch(struct engine *e, struct task *t, struct member *c, const struct desired *d,
        const struct velero_schedule *there, const char *bare_version)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        json_t *patch = patch_of(d, there, bare_version);
        _cleanup_(freep) char *body = patch != NULL ? json_dumps(patch, JSON_COMPACT) : NULL;
        struct err err = ERR_INIT;
        int r = body != NULL ? member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, &err) : -ENOMEM;

        json_decref(patch);
        memcpy(t->posting_sha256, d->digest, sizeof(d->digest));
        if (r == 0) {
                const struct kube_request rq = {
                        .method = "PATCH",
                        .path = path.data,
                        .query = "fieldValidation=Strict",
                        .body = body,
                        .body_len = strlen(body),
                        .content_type = "application/json-patch+json",
                        .retry = KUBE_RETRY_SAFE,
                };
                r = task_call(t, c, &rq, schedule_patched, &err);
        }
        if (r < 0) {
                err_wrap(&err, r, "change Schedule %s", t->velero_name);
                task_retry_later(e, t, &err, 0);
        }
}

/* Our annotations are gone from it: whether all are, the watch's record does not say, and the cluster does. */
static void schedule_stripped(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        json_t *doc = NULL, *annotations = NULL;
        const char *version = NULL;
        struct desired d = { .meta = NULL };
        struct err err = ERR_INIT;

        if (reply->err != NULL) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (t->unwanted || t->state != TASK_PENDING || t->run->object->policy == NULL) {
                task_kick(e, t);
                return;
        }
        doc = json_loadb(reply->body, reply->len, 0, NULL);
        if (doc == NULL || velero_schedule_decode(reply->body, reply->len, &there, &err) < 0 ||
                json_unpack(doc, "{s:{s:s, s?o}}", "metadata", "resourceVersion", &version, "annotations", &annotations) < 0) {
                err_set(&err, -EBADMSG, "the answer for Schedule %s is not the object", t->velero_name);
                task_retry_later(e, t, &err, 0);
        } else if (!schedule_is_ours(t, c, there)) {
                schedule_conflict(e, t, there);
        } else if (desired_of(t, c, &d, &err) < 0) {
                task_retry_later(e, t, &err, 0);
        } else {
                schedule_patch(e, t, c, &d, there, json_is_object(annotations) ? NULL : version);
        }
        desired_done(&d);
        free(there);
        json_decref(doc);
}

static void schedule_change(struct engine *e, struct task *t, struct member *c, const struct desired *d,
        const struct velero_schedule *there)
{
        struct err err = ERR_INIT;

        if (there->spec_sha256[0] != '\0')
                schedule_patch(e, t, c, d, there, NULL);
        else if (schedule_get(t, c, schedule_stripped, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

/* ---------------------------------------------------------------- making it */

static void schedule_make(struct engine *e, struct task *t, struct member *c, struct desired *d)
{
        json_t *doc = json_pack("{s:s, s:s, s:O, s:O}", "apiVersion", "velero.io/v1", "kind", "Schedule", "metadata",
                d->meta, "spec", d->spec);
        struct err err = ERR_INIT;

        if (doc == NULL) {
                err_set(&err, -ENOMEM, "make Schedule %s", t->velero_name);
                task_retry_later(e, t, &err, 0);
                return;
        }
        t->attempt = clock_realtime();
        t->confirmed = false;
        t->resend = false;
        task_post(e, t, c, doc);
}

static void schedule_owe(struct engine *e, struct task *t, struct member *c)
{
        const struct velero_object *v;
        struct desired d;
        struct err err = ERR_INIT;

        if (t->run->object->policy == NULL) {
                err_set(&err, -ENOENT, "the policy is not known any more");
                err_id(&err, "FLT-0257");
                task_wait_for(e, t, &err);
                return;
        }
        if (location_ensure(e, t, c) > 0)
                return;
        if (t->velero_name[0] == '\0')
                task_choose_name(e, t, c);
        if (desired_of(t, c, &d, &err) < 0) {
                task_reject(e, t, &err);
                return;
        }
        v = member_velero(c, VELERO_SCHEDULE, t->velero_name);
        if (v == NULL)
                schedule_make(e, t, c, &d);
        else if (!schedule_is_ours(t, c, v->schedule))
                schedule_conflict(e, t, v->schedule);
        else if (!t->resend && v->digest != NULL && strcmp(v->digest, d.digest) == 0 &&
                 strcmp(v->schedule->spec_sha256, d.digest) == 0)
                schedule_in_force(e, t, d.digest);
        else
                schedule_change(e, t, c, &d, v->schedule);
        desired_done(&d);
}

/* ---------------------------------------------------------------- removing it */

static void schedule_gone(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct engine *e = task_call_done(t);

        if (reply->err == NULL || reply->http_status == 404)
                standing_drop(e, t); /* may free all of it */
        else
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
}

static int schedule_delete(struct task *t, struct member *c, const char *uid, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), body = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = member_velero_path(c, VELERO_SCHEDULE, t->velero_name, &path, err);

        if (r < 0)
                return r;
        buf_printf(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":\"%s\"}}", uid);
        const struct kube_request rq = {
                .method = "DELETE",
                .path = path.data,
                .body = body.data,
                .body_len = body.len,
                .retry = KUBE_RETRY_SAFE,
        };
        return body.error < 0 ? body.error : task_call(t, c, &rq, schedule_gone, err);
}

/* What the cluster has under the name decides, not what the watch showed last: a POST of ours may just have arrived. */
static void schedule_looked_at(void *arg, const struct kube_reply *reply)
{
        struct task *t = arg;
        struct member *c = t->call_at;
        struct engine *e = task_call_done(t);
        struct velero_schedule *there = NULL;
        struct err err = ERR_INIT;

        if (reply->err != NULL && reply->http_status != 404) {
                task_retry_later(e, t, reply->err, reply->retry_after_ms);
                return;
        }
        if (reply->err == NULL && velero_schedule_decode(reply->body, reply->len, &there, &err) < 0) {
                task_retry_later(e, t, &err, 0);
                return;
        }
        if (there == NULL || !schedule_is_ours(t, c, there))
                standing_drop(e, t);
        else if (schedule_delete(t, c, there->uid, &err) < 0)
                task_retry_later(e, t, &err, 0);
        free(there);
}

static void schedule_remove(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;

        if (t->velero_name[0] == '\0')
                standing_drop(e, t);
        else if (schedule_get(t, c, schedule_looked_at, &err) < 0)
                task_retry_later(e, t, &err, 0);
}

void schedule_act(struct engine *e, struct task *t, struct member *c)
{
        if (t->unwanted)
                schedule_remove(e, t, c);
        else if (t->state == TASK_PENDING)
                schedule_owe(e, t, c);
}
