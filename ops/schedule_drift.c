/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody else changed in a Schedule, in words. */
#include "ops/schedule_private.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "ops/model.h"
#include "ops/policy.h"

enum { NAMED = 5 };

/* The keys, each behind the prefix, whose values differ, or which one of both lacks. */
static int differ(struct strv *ret, const char *prefix, json_t *a, json_t *b)
{
        const char *key;
        json_t *value;
        int r = 0;

        json_object_foreach (a, key, value)
                if (r == 0 && !json_equal(value, json_object_get(b, key)))
                        r = strv_printf(ret, "%s%s", prefix, key);
        json_object_foreach (b, key, value)
                if (r == 0 && json_object_get(a, key) == NULL)
                        r = strv_printf(ret, "%s%s", prefix, key);
        return r;
}

/* Both are normalized. A template is not told as a whole but by what is in it. */
static int compare(json_t *wanted, json_t *there, struct strv *ret)
{
        json_t *a = json_incref(json_object_get(wanted, "template")), *b = json_incref(json_object_get(there, "template"));
        int r = differ(ret, "template.", a, b);

        (void)json_object_del(wanted, "template");
        (void)json_object_del(there, "template");
        if (r == 0)
                r = differ(ret, "", wanted, there);
        json_decref(a);
        json_decref(b);
        if (r == 0)
                strv_sort(ret);
        return r;
}

/* -ENOENT: what was sent, or what is there, is not known any more. */
static int drift_fields(struct task *t, const struct velero_object *o, const char *expected, struct strv *ret)
{
        const char *changed = velero_changed(o);
        struct schedule_desired d = { .meta = NULL };
        json_t *there = NULL;
        int r = changed != NULL && t->run->object->policy != NULL ? 0 : -ENOENT;

        if (r == 0)
                r = schedule_desired_of(t, o->member, &d, NULL);
        /* Its cluster, or the policy, is another than when it was sent: not all that differs is somebody else's. */
        if (r == 0 && strcmp(d.digest, expected) != 0)
                r = -ENOENT;
        if (r == 0)
                r = schedule_normalize(d.spec);
        if (r == 0 && (there = json_loads(changed, 0, NULL)) == NULL)
                r = -ENOMEM;
        if (r == 0)
                r = compare(d.spec, there, ret);
        json_decref(there);
        schedule_desired_done(&d);
        return r;
}

static bool is_paused(const struct object *o)
{
        return o->paused || (o->policy != NULL && o->policy->paused);
}

/* What the record has a place for. */
static int record_fields(const struct object *o, const struct velero_schedule *s, struct strv *ret)
{
        int r = 0;

        if (s->paused != is_paused(o))
                r = strv_push(ret, "paused");
        if (r == 0 && o->policy != NULL && strcmp(s->schedule, o->policy->schedule) != 0)
                r = strv_push(ret, "schedule");
        return r == 0 && ret->n == 0 ? strv_push(ret, "template") : r;
}

static void put_fields(const struct strv *fields, struct buf *out)
{
        size_t named = fields->n < NAMED ? fields->n : NAMED;

        if (fields->n == 0)
                buf_puts(out, "spec"); /* no memory for more */
        for (size_t i = 0; i < named; i++)
                buf_printf(out, "%s%s", i == 0 ? "" : i + 1 == fields->n ? " and " : ", ", fields->v[i]);
        if (fields->n > named)
                buf_printf(out, " and %zu more", fields->n - named);
}

void schedule_drift_text(struct task *t, const struct velero_object *o, const char *expected, struct buf *out)
{
        _cleanup_(strv_done) struct strv fields = { 0 };
        const struct object *object = t->run->object;
        const struct velero_schedule *s = o->schedule;
        const char *digest = velero_digest(o);
        const bool spec = digest == NULL || strcmp(digest, expected) != 0;

        if (spec && drift_fields(t, o, expected, &fields) < 0) {
                strv_done(&fields);
                (void)record_fields(object, s, &fields);
        }
        if (fields.n == 1 && strcmp(fields.v[0], "paused") == 0) {
                buf_printf(out, "someone %s Schedule %s on %s", s->paused ? "paused" : "resumed", t->velero_name, t->member);
                return;
        }
        buf_printf(out, "someone changed Schedule %s on %s: ", t->velero_name, t->member);
        if (!spec) {
                buf_puts(out, "its annotation " VELERO_ANNOTATION_SPEC " is not what was written there");
                return;
        }
        if (fields.n != 1 || strcmp(fields.v[0], "schedule") != 0) {
                buf_puts(out, "its ");
                put_fields(&fields, out);
                buf_puts(out, fields.n <= 1 ? " is not the policy's" : " are not the policy's");
        }
        if (!strv_contains(&fields, "schedule"))
                return;
        /* Last, as somebody else's text may be of any length. */
        buf_printf(out, "%sit runs at \"%s\", not at \"%s\"", fields.n > 1 ? ": " : "", s->schedule, object->policy->schedule);
}
