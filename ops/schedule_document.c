/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster's Schedule is to be. */
#include "ops/schedule_private.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ops/location.h"
#include "ops/policy.h"
#include "ops/standing.h"
#include "ops/task.h"

void schedule_desired_done(struct schedule_desired *d)
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

int schedule_desired_of(struct task *t, const struct member *c, struct schedule_desired *ret, struct err *err)
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

        *ret = (struct schedule_desired){ .meta = NULL };
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
                schedule_desired_done(ret);
                *ret = (struct schedule_desired){ .meta = NULL };
        }
        return r;
}

bool schedule_is_outdated(struct task *t, const struct member *c)
{
        struct schedule_desired d;
        bool outdated;

        if (!t->run->object->own || t->run->object->policy == NULL || t->unwanted || t->tracked || t->drifted ||
                t->state != TASK_POSTED || schedule_desired_of(t, c, &d, NULL) < 0)
                return false;
        outdated = strcmp(d.digest, t->spec_sha256) != 0;
        schedule_desired_done(&d);
        return outdated;
}
