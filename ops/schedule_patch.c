/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edit of a Schedule in place, as a JSON Patch: a merge patch would keep removed filters, and delete and create would
 * reset Velero's clock (status.lastBackup). It names the object by UID and tests our owner label, so it never changes
 * another one's.
 */
#include "ops/schedule_private.h"

#include <errno.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "velero/types.h"

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

json_t *schedule_patch_of(const struct schedule_desired *d, const struct velero_schedule *there, const char *bare_version)
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
