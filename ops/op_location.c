/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/location.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "k8s/client.h"
#include "ops/engine_private.h"
#include "ops/fleetconf.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/task.h"

/* Of label fleetfs.dev/kind. */
static const char location_kind[] = "location";

/* ---------------------------------------------------------------- places */

/* "aws" is "velero.io/aws". */
static const char *provider_name(const char *provider)
{
        static const char domain[] = "velero.io/";

        return strncmp(provider, domain, strlen(domain)) == 0 ? provider + strlen(domain) : provider;
}

bool location_same_bucket(const struct velero_bsl *a, const struct velero_bsl *b)
{
        return strcmp(provider_name(a->provider), provider_name(b->provider)) == 0 && strcmp(a->bucket, b->bucket) == 0 &&
               strcmp(a->s3_url, b->s3_url) == 0;
}

bool location_is_temporary(const struct velero_bsl *b)
{
        return b->owner[0] != '\0' && strcmp(b->access_mode, "ReadOnly") == 0 && strncmp(b->backup_sync_period, "0", 1) == 0;
}

/* Velero trims the slashes at both ends. */
static const char *trimmed(const char *prefix, size_t *len)
{
        while (*prefix == '/')
                prefix++;
        *len = strlen(prefix);
        while (*len > 0 && prefix[*len - 1] == '/')
                (*len)--;
        return prefix;
}

enum overlap { APART, SAME, INSIDE, AROUND };

/* What the first prefix is to the second. */
static enum overlap prefix_overlap(const char *a, const char *b)
{
        size_t n, m;

        a = trimmed(a, &n);
        b = trimmed(b, &m);
        if (memcmp(a, b, n < m ? n : m) != 0)
                return APART;
        if (n == m)
                return SAME;
        if (n > m)
                return m == 0 || a[m] == '/' ? INSIDE : APART;
        return n == 0 || b[n] == '/' ? AROUND : APART;
}

bool location_want(const struct policy *p, const struct member *c, struct location_want *ret)
{
        const struct policy_storage *s = p != NULL ? p->storage : NULL;
        const char *prefix;
        size_t len;

        if (s == NULL)
                return false;
        prefix = trimmed(s->prefix, &len);
        snprintf(ret->prefix, sizeof(ret->prefix), "%.*s%s%s", (int)len, prefix, len > 0 ? "/" : "", c->name);
        ret->bsl = (struct velero_bsl){
                .name = "", .uid = "", .owner = "", .provider = s->provider, .bucket = s->bucket, .prefix = ret->prefix,
                .s3_url = s->s3_url, .public_url = "", .region = s->region, .config = s->config, .config_set = "", .credential_name = s->secret,
                .credential_key = "cloud", .access_mode = "", .backup_sync_period = "", .validation_frequency = "",
                .phase_text = "", .message = "",
        };
        return true;
}

const struct velero_object *location_at(const struct member *c, const struct velero_bsl *home)
{
        const struct velero_object *found = NULL;
        struct velero_object *v, *tmp;

        /* Of several the oldest, so that the choice lasts. */
        HASH_ITER (hh, c->velero[VELERO_LOCATION], v, tmp)
                if (location_same_bucket(v->bsl, home) && prefix_overlap(v->bsl->prefix, home->prefix) == SAME &&
                        !location_is_temporary(v->bsl) && v->bsl->deletion == 0 &&
                        (found == NULL || v->bsl->created < found->bsl->created))
                        found = v;
        return found;
}

/* The identity that tells places apart is the hash in the name; bucket and cluster are what people read. */
static void own_name(const struct object *o, const struct member *c, const struct velero_bsl *want,
        char ret[VELERO_NAME_BASE_MAX + 1])
{
        json_t *place = json_pack("[s, s, s, s]", provider_name(want->provider), want->s3_url, want->bucket, want->prefix);
        char sha[VELERO_SHA256_HEX + 1] = "";
        const struct velero_identity id = {
                .store = o->owner,
                .fleet = o->fleet->name,
                .kind = location_kind,
                .policy = want->bucket,
                .cluster = c->name,
                .cluster_uid = sha,
        };

        (void)velero_spec_sha256(place, sha);
        json_decref(place);
        velero_name_base(&id, ret);
}

const char *location_name(const struct object *o, const struct policy *p, const struct member *c,
        char own[VELERO_NAME_BASE_MAX + 1])
{
        struct location_want want;
        const struct velero_object *v;

        if (!location_want(p, c, &want))
                return NULL;
        v = location_at(c, &want.bsl);
        if (v != NULL)
                return v->name;
        own_name(o, c, &want.bsl, own);
        return own;
}

/* ---------------------------------------------------------------- what speaks against it */

static int refuse_prefix(const struct velero_object *v, const struct velero_bsl *want, enum overlap how, struct err *err)
{
        static const char *const words[] = { [SAME] = "is written by", [INSIDE] = "is inside that of",
                [AROUND] = "contains that of" };

        err_set(err, -EINVAL, "prefix \"%s\" of bucket %s %s location %s of cluster %s", want->prefix, want->bucket,
                words[how], v->name, v->member->name);
        err_id(err, "FLT-0114");
        return err_remedy(err, "choose another prefix: one writer for each");
}

/* On which clusters it is does not matter: Velero sees it in the bucket. */
static int check_prefix(const struct member *c, const struct velero_bsl *want, struct err *err)
{
        struct fleet *f, *ftmp;
        struct member *m, *mtmp;
        struct velero_object *v, *tmp;

        HASH_ITER (hh, c->fleet->model->fleets, f, ftmp)
                HASH_ITER (hh, f->members, m, mtmp)
                        HASH_ITER (hh, m->velero[VELERO_LOCATION], v, tmp) {
                                enum overlap how = prefix_overlap(want->prefix, v->bsl->prefix);

                                if (how == APART || !location_same_bucket(v->bsl, want) ||
                                        location_is_temporary(v->bsl) || v->bsl->deletion != 0)
                                        continue;
                                /* A reader of the same prefix is no harm, and the cluster itself is what is wanted. */
                                if (how == SAME && (strcmp(v->bsl->access_mode, "ReadOnly") == 0 || m == c ||
                                                           (c->uid[0] != '\0' && strcmp(m->uid, c->uid) == 0)))
                                        continue;
                                return refuse_prefix(v, want, how, err);
                        }
        return 0;
}

static bool selected(const struct fleet *f, const struct policy *p, const struct member *c)
{
        if (p->kind == POLICY_MIGRATION)
                return strcmp(p->source, c->name) == 0;
        for (size_t i = 0; i < p->n_subs; i++) {
                _cleanup_(freep) struct member **members = NULL;
                size_t n = 0;

                if (op_select(f, p, i, &members, &n) < 0)
                        return true;
                for (size_t k = 0; k < n; k++)
                        if (members[k] == c)
                                return true;
        }
        return false;
}

/* The fleet's own storage, which need not be on any cluster yet: each has its prefix there. */
static int check_fleet_prefix(struct engine *e, const struct member *c, const struct velero_bsl *want, struct err *err)
{
        const struct fleetconf_fleet *conf = engine_fleetconf(e, c->fleet->name);
        const struct fleetconf_storage *s = conf != NULL && conf->backup.present ? &conf->backup.storage : NULL;
        const struct velero_bsl home = {
                .provider = s != NULL && s->provider != NULL ? s->provider : "",
                .bucket = s != NULL && s->bucket != NULL ? s->bucket : "",
                .s3_url = s != NULL && s->endpoint != NULL ? s->endpoint : "",
        };
        struct member *m, *tmp;

        if (s == NULL || !location_same_bucket(&home, want))
                return 0;
        HASH_ITER (hh, c->fleet->members, m, tmp) {
                _cleanup_(buf_done) struct buf theirs = BUF_INIT(LIMIT_TEXT_BYTES);
                enum overlap how;

                if (m->alias_of[0] != '\0')
                        continue;
                buf_printf(&theirs, "%s/%s", s->prefix != NULL ? s->prefix : "", m->name);
                if (theirs.error < 0)
                        return err_set(err, theirs.error, "out of memory");
                how = prefix_overlap(want->prefix, theirs.data);
                if (how == APART || (how == SAME && m == c))
                        continue;
                err_set(err, -EINVAL, "prefix \"%s\" of bucket %s %s the fleet's storage on cluster %s", want->prefix,
                        want->bucket, how == SAME ? "is that of" : how == INSIDE ? "is inside that of" : "contains that of",
                        m->name);
                err_id(err, "FLT-0114");
                return err_remedy(err, "choose another prefix: one writer for each");
        }
        return 0;
}

int location_admit(struct engine *e, const struct fleet *f, const struct policy *p, struct err *err)
{
        struct location_want want;
        struct member *c, *tmp;
        int r;

        HASH_ITER (hh, f->members, c, tmp) {
                if (!location_want(p, c, &want) || !selected(f, p, c) || location_at(c, &want.bsl) != NULL)
                        continue;
                r = check_prefix(c, &want.bsl, err);
                if (r == 0)
                        r = check_fleet_prefix(e, c, &want.bsl, err);
                if (r < 0) {
                        (void)err_place(err, p->storage->line, p->storage->column);
                        return r;
                }
        }
        return 0;
}

/* Another policy in force that has its backups in the same place and says that it is opened otherwise. */
static const struct object *rival(const struct object *o, const struct policy_storage *mine)
{
        static const enum object_kind kinds[] = { OBJECT_BACKUP, OBJECT_MIGRATION };
        struct object *other, *tmp;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                HASH_ITER (hh, o->fleet->objects[kinds[i]], other, tmp) {
                        const struct policy_storage *s = other->policy != NULL ? other->policy->storage : NULL;

                        if (other == o || !other->own || other->removed || s == NULL)
                                continue;
                        if (strcmp(s->provider, mine->provider) == 0 && strcmp(s->bucket, mine->bucket) == 0 &&
                                strcmp(s->s3_url, mine->s3_url) == 0 && prefix_overlap(s->prefix, mine->prefix) == SAME &&
                                (strcmp(s->secret, mine->secret) != 0 || strcmp(s->region, mine->region) != 0 ||
                                        strcmp(s->config, mine->config) != 0))
                                return other;
                }
        return NULL;
}

/* ---------------------------------------------------------------- making it, changing it */

static bool is_ours(const struct velero_bsl *b, const char *store)
{
        return strcmp(b->owner, store) == 0 && strcmp(b->kind, location_kind) == 0;
}

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
                VELERO_LABEL_OWNER, o->owner, VELERO_LABEL_KIND, location_kind, VELERO_LABEL_FLEET, o->fleet->name,
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

        own_name(t->run->object, c, want, name);
        if (member_velero(c, VELERO_LOCATION, name) != NULL) {
                err_set(&err, -EEXIST, "storage location %s exists on %s and is another one", name, c->name);
                err_id(&err, "FLT-0403");
                location_refuse(e, t, &err);
                return 1;
        }
        if (check_prefix(c, want, &err) < 0) {
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
        int64_t now = loop_now(e->loop), since = now - v->asked_ms, pause = CHANGE_PAUSE_MS;

        (void)velero_spec_sha256(change, sha);
        if (v->asked == NULL || strcmp(v->asked, sha) != 0) {
                free(v->asked);
                v->asked = strdup(sha);
                v->asked_times = 0;
        }
        for (unsigned i = 1; i < v->asked_times && pause < CHANGE_PAUSE_MAX_MS; i++)
                pause *= 2;
        if (v->asked_times > 0 && since < pause)
                return false;
        v->asked_times = since < CHANGE_FORGET_MS ? v->asked_times + 1 : 1;
        v->asked_ms = now;
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
        const struct object *other = rival(t->run->object, t->run->object->policy->storage);
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
        if (is_ours(v->bsl, o->owner) && (strcmp(v->bsl->credential_name, want.bsl.credential_name) != 0 ||
                                                 !is_configured(v->bsl, &want.bsl)))
                return location_change(e, t, c, member_velero(c, VELERO_LOCATION, v->name), &want.bsl);
        return 0;
}

/* ---------------------------------------------------------------- removing it */

enum { LOCATION_LOOK_MS = 1000, LOCATION_PAUSE_MAX_MS = 60000 };

struct location_clock {
        struct loop_timer timer;
        bool soon;      /* armed by an event, and not to be put off by the next one */
        unsigned waits; /* in a row: removals that failed, or have to wait */
};

static void location_again(struct engine *e)
{
        int64_t pause = LOCATION_LOOK_MS;

        for (unsigned i = 0; i < e->locations->waits && pause < LOCATION_PAUSE_MAX_MS; i++)
                pause *= 2;
        e->locations->waits++;
        if (!e->locations->soon)
                loop_timer_after(e->loop, &e->locations->timer, pause);
}

static bool object_wants(const struct object *o, const struct member *c, const struct velero_bsl *b)
{
        struct location_want want;
        const struct policy *p = o->policy;

        if (!o->own || o->removed || o->in_force.bytes == NULL)
                return false;
        /* What cannot be read does not say that it wants nothing. */
        if (p == NULL)
                return true;
        return location_want(p, c, &want) && location_same_bucket(&want.bsl, b) &&
               prefix_overlap(want.prefix, b->prefix) == SAME && selected(o->fleet, p, c);
}

/* By a policy in force of any fleet that the cluster is in. */
static bool is_wanted(const struct member *c, const struct velero_bsl *b)
{
        struct fleet *f, *ftmp;
        struct member *m, *mtmp;
        struct object *o, *tmp;

        HASH_ITER (hh, c->fleet->model->fleets, f, ftmp)
                HASH_ITER (hh, f->members, m, mtmp) {
                        if (m != c && (c->uid[0] == '\0' || strcmp(m->uid, c->uid) != 0))
                                continue;
                        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp)
                                if (object_wants(o, m, b))
                                        return true;
                        HASH_ITER (hh, f->objects[OBJECT_MIGRATION], o, tmp)
                                if (object_wants(o, m, b))
                                        return true;
                }
        return false;
}

bool location_is_of(const struct object *o, const struct member *c, const struct velero_bsl *b)
{
        struct list *l, *tmp;

        if (strcmp(b->kind, location_kind) != 0)
                return false;
        if (object_wants(o, c, b))
                return true;
        LIST_EACH (&o->velero, l, tmp) {
                const struct velero_object *v = container_of(l, struct velero_object, of_object);

                if (v->member == c && ((v->kind == VELERO_BACKUP && strcmp(v->backup->storage_location, b->name) == 0) ||
                                              (v->kind == VELERO_SCHEDULE && strcmp(v->schedule->storage_location, b->name) == 0)))
                        return true;
        }
        return false;
}

static bool is_referred_to(const struct member *c, const char *name)
{
        struct velero_object *v, *tmp;

        HASH_ITER (hh, c->velero[VELERO_BACKUP], v, tmp)
                if (strcmp(v->backup->storage_location, name) == 0)
                        return true;
        HASH_ITER (hh, c->velero[VELERO_SCHEDULE], v, tmp)
                if (strcmp(v->schedule->storage_location, name) == 0)
                        return true;
        return false;
}

/* Nothing that was sent there may still come to light. */
static bool is_settled(const struct member *c)
{
        return member_ready(c) && !list_linked(&c->tasks) && c->synced[VELERO_BACKUP] && c->synced[VELERO_SCHEDULE] &&
               c->synced[VELERO_LOCATION];
}

static void location_removed(void *arg, const struct kube_reply *reply)
{
        struct engine *e = arg;

        if (reply->err == NULL || reply->http_status == 404) {
                e->locations->waits = 0;
                return;
        }
        log_warn("a storage location that nothing needs is not removed", LOG_S("err", reply->err->msg));
        location_again(e);
}

static void location_remove(struct engine *e, struct member *c, const struct velero_object *v)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), body = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        uint64_t id;

        if (member_velero_path(c, VELERO_LOCATION, v->name, &path, &err) < 0)
                return;
        buf_printf(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\",\"preconditions\":{\"uid\":\"%s\"}}", v->bsl->uid);
        const struct kube_request rq = {
                .method = "DELETE",
                .path = path.data,
                .body = body.data,
                .body_len = body.len,
                .retry = KUBE_RETRY_SAFE,
        };
        /* The engine outlives every client, and nothing but the engine is asked when the answer comes. */
        if (body.error < 0 || kube_call(member_client(c), &rq, location_removed, e, &id, &err) < 0)
                log_warn("a storage location is not removed", LOG_S("cluster", c->name), LOG_S("err", err.msg));
        else
                log_info("nothing needs this storage location any more", LOG_S("cluster", c->name), LOG_S("location", v->name));
}

static void location_sweep(void *arg)
{
        struct engine *e = arg;
        struct fleet *f, *ftmp;
        struct member *c, *ctmp;
        struct velero_object *v, *tmp;
        bool later = false;

        e->locations->soon = false;
        if (!engine_acts(e))
                return;
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                HASH_ITER (hh, f->members, c, ctmp)
                        HASH_ITER (hh, c->velero[VELERO_LOCATION], v, tmp) {
                                if (!is_ours(v->bsl, e->model.store_id) || v->bsl->deletion != 0 || is_wanted(c, v->bsl) ||
                                        is_referred_to(c, v->name))
                                        continue;
                                if (is_settled(c))
                                        location_remove(e, c, v);
                                else
                                        later = true;
                        }
        if (later)
                location_again(e);
}

void location_look(struct engine *e)
{
        if (e->loop == NULL)
                return;
        if (e->locations == NULL) {
                e->locations = calloc(1, sizeof(*e->locations));
                if (e->locations == NULL)
                        return;
                loop_timer_init(&e->locations->timer, location_sweep, e);
        }
        if (e->locations->soon)
                return;
        e->locations->soon = true;
        e->locations->waits = 0;
        loop_timer_after(e->loop, &e->locations->timer, LOCATION_LOOK_MS);
}

void location_stop(struct engine *e)
{
        if (e->locations == NULL)
                return;
        loop_timer_cancel(e->loop, &e->locations->timer);
        free(e->locations);
        e->locations = NULL;
}
