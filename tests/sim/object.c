/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/object.h"

#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/managed.h"

json_t *object_meta(const json_t *obj)
{
        return json_object_get(obj, "metadata");
}

static json_t *object_child(json_t *obj, const char *key)
{
        json_t *child = json_object_get(obj, key);

        if (!json_is_object(child)) {
                json_object_set_new(obj, key, json_object());
                child = json_object_get(obj, key);
        }
        return child;
}

const char *object_label(const json_t *obj, const char *key)
{
        return json_string_value(json_object_get(json_object_get(object_meta(obj), "labels"), key));
}

const char *object_annotation(const json_t *obj, const char *key)
{
        return json_string_value(
                json_object_get(json_object_get(object_meta(obj), "annotations"), key));
}

void object_set_label(json_t *obj, const char *key, const char *value)
{
        json_object_set_new(
                object_child(object_child(obj, "metadata"), "labels"), key, json_string(value));
}

void object_set_annotation(json_t *obj, const char *key, const char *value)
{
        json_object_set_new(object_child(object_child(obj, "metadata"), "annotations"), key,
                json_string(value));
}

json_t *object_status(json_t *obj)
{
        return object_child(obj, "status");
}

/* Types whose objects count their generations. */
static bool has_generation(const struct restype *type)
{
        return *type->group && strcmp(type->group, "rbac.authorization.k8s.io") != 0;
}

static void object_complete(struct table *t, const char *ns, const char *name, json_t *obj)
{
        json_t *meta = object_child(obj, "metadata");
        char buf[UID_LEN];
        char now[RFC3339_LEN];

        json_object_set_new(meta, "name", json_string(name));
        if (*ns)
                json_object_set_new(meta, "namespace", json_string(ns));
        json_object_set_new(meta, "uid", json_string(uid_random(buf)));
        json_object_set_new(
                meta, "creationTimestamp", json_string(rfc3339(cluster_now(t->cluster), now)));
        if (has_generation(t->type))
                json_object_set_new(meta, "generation", json_integer(1));
        json_object_del(meta, "deletionTimestamp");
}

struct doc *object_create(
        struct table *t, const char *ns, const char *name, json_t *obj, const char *manager)
{
        char now[RFC3339_LEN];

        object_complete(t, ns, name, obj);
        managed_update(obj, NULL, manager, t->type->api_version,
                rfc3339(cluster_now(t->cluster), now), false);
        return table_put(t, ns, name, obj);
}

struct doc *object_create_applied(
        struct table *t, const char *ns, const char *name, json_t *obj, json_t *entries)
{
        object_complete(t, ns, name, obj);
        json_object_set(object_meta(obj), "managedFields", entries);
        return table_put(t, ns, name, obj);
}

static bool same_but_metadata(const json_t *a, const json_t *b, bool with_status)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)a, key, v) {
                if (strcmp(key, "metadata") == 0 || (!with_status && strcmp(key, "status") == 0))
                        continue;
                if (!json_equal(v, json_object_get(b, key)))
                        return false;
        }
        json_object_foreach ((json_t *)b, key, v)
                if (!json_object_get(a, key) && strcmp(key, "metadata") != 0 &&
                        (with_status || strcmp(key, "status") != 0))
                        return false;
        return true;
}

static bool only_status_differs(const json_t *a, const json_t *b)
{
        return same_but_metadata(a, b, false) && !same_but_metadata(a, b, true);
}

/* Puts back what only the server may change, and counts the generation. */
static void object_keep_identity(struct table *t, const json_t *prev, json_t *obj)
{
        static const char *const kept[] = { "name", "namespace", "uid", "creationTimestamp",
                "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion",
                "generateName" };
        const json_t *old = object_meta(prev);
        json_t *meta = object_child(obj, "metadata");

        for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
                json_t *v = json_object_get(old, kept[i]);

                if (v)
                        json_object_set(meta, kept[i], v);
                else
                        json_object_del(meta, kept[i]);
        }
        if (has_generation(t->type) && !same_but_metadata(prev, obj, t->type->no_status))
                json_object_set_new(meta, "generation",
                        json_integer(json_integer_value(json_object_get(old, "generation")) + 1));
}

/* Stores what differs from @prev; removes what only waited for its finalizers. */
static struct doc *object_store(struct table *t, struct doc *d, const json_t *prev, json_t *obj)
{
        _cleanup_(freep) char *ns = doc_namespace(d);
        _cleanup_(freep) char *name = mem_strdup(doc_name(d));
        json_t *meta = object_meta(obj);

        if (json_object_get(meta, "deletionTimestamp") &&
                !json_array_size(json_object_get(meta, "finalizers")) &&
                t->type->id != RT_NAMESPACES) {
                table_remove(t, d);
                return NULL;
        }
        return json_equal((json_t *)prev, obj) ? d : table_put(t, ns, name, obj);
}

struct doc *object_update(
        struct table *t, struct doc *d, const json_t *prev, json_t *obj, const char *manager)
{
        char now[RFC3339_LEN];

        object_keep_identity(t, prev, obj);
        managed_update(obj, prev, manager, t->type->api_version,
                rfc3339(cluster_now(t->cluster), now),
                !t->type->no_status && only_status_differs(prev, obj));
        return object_store(t, d, prev, obj);
}

/* True where the two differ in nothing but the times of their managers. */
static bool same_but_times(const json_t *a, const json_t *b)
{
        json_t *x = json_deep_copy(a), *y = json_deep_copy(b);
        json_t *trees[] = { x, y }, *entry;
        bool same;
        size_t j;

        for (size_t i = 0; i < ARRAY_SIZE(trees); i++)
                json_array_foreach (
                        json_object_get(object_meta(trees[i]), "managedFields"), j, entry)
                        json_object_del(entry, "time");
        same = json_equal(x, y);
        json_decref(x);
        json_decref(y);
        return same;
}

struct doc *object_applied(struct table *t, struct doc *d, const json_t *prev, json_t *obj)
{
        object_keep_identity(t, prev, obj);
        return same_but_times(prev, obj) ? d : object_store(t, d, prev, obj);
}

bool object_delete(struct table *t, struct doc *d)
{
        json_t *obj = doc_parse(d);
        json_t *meta = object_meta(obj);
        bool waits = json_array_size(json_object_get(meta, "finalizers")) > 0 ||
                     t->type->id == RT_NAMESPACES;

        if (!waits) {
                table_remove(t, d);
        } else if (!json_object_get(meta, "deletionTimestamp")) {
                _cleanup_(freep) char *ns = doc_namespace(d);
                _cleanup_(freep) char *name = mem_strdup(doc_name(d));
                char now[RFC3339_LEN];

                json_object_set_new(meta, "deletionTimestamp",
                        json_string(rfc3339(cluster_now(t->cluster), now)));
                json_object_set_new(meta, "deletionGracePeriodSeconds", json_integer(0));
                if (t->type->id == RT_NAMESPACES)
                        json_object_set_new(
                                object_status(obj), "phase", json_string("Terminating"));
                table_put(t, ns, name, obj);
        }
        json_decref(obj);
        return !waits;
}

json_t *object_edit(const struct doc *d)
{
        return doc_parse(d);
}

struct doc *object_modified(
        struct table *t, const char *ns, const char *name, json_t *obj, const char *manager)
{
        struct doc *d = table_find(t, ns, name);
        struct doc *result = NULL;

        if (d) {
                json_t *prev = doc_parse(d);

                result = object_update(t, d, prev, obj, manager);
                json_decref(prev);
        }
        json_decref(obj);
        return result;
}
