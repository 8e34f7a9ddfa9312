/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/managed.h"

#include <stdio.h>
#include <string.h>

/* What belongs to the server, at the top and in metadata. */
static bool unmanaged(const char *key, int depth)
{
        static const char *const top[] = { "apiVersion", "kind" };
        static const char *const meta[] = { "name", "namespace", "uid", "resourceVersion",
                "creationTimestamp", "generation", "managedFields", "selfLink", "deletionTimestamp",
                "deletionGracePeriodSeconds" };

        if (depth == 0)
                for (size_t i = 0; i < ARRAY_SIZE(top); i++)
                        if (strcmp(key, top[i]) == 0)
                                return true;
        if (depth == 1)
                for (size_t i = 0; i < ARRAY_SIZE(meta); i++)
                        if (strcmp(key, meta[i]) == 0)
                                return true;
        return false;
}

/* How a field set is built. */
enum fieldset_style {
        STYLE_UPDATE, /* an object that was made is a field too, "." */
        STYLE_APPLY,
};

/*
 * The fields of @next that differ from @prev (NULL: all of them). @depth is 0 at the top, 1 in
 * metadata, 2 elsewhere.
 */
static json_t *fieldset_diff(
        const json_t *prev, const json_t *next, int depth, enum fieldset_style style)
{
        json_t *set = json_object();
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)next, key, v) {
                json_t *old = json_object_get(prev, key);
                char name[300];
                bool metadata;

                if (unmanaged(key, depth))
                        continue;
                snprintf(name, sizeof name, "f:%s", key);
                metadata = depth == 0 && strcmp(key, "metadata") == 0;
                if (metadata || (json_is_object(v) && json_object_size(v) &&
                                        (!old || json_is_object(old)))) {
                        json_t *sub = fieldset_diff(old, v, metadata ? 1 : 2, style);

                        if (!old && !metadata && style == STYLE_UPDATE)
                                json_object_set_new(sub, ".", json_object());
                        if (json_object_size(sub))
                                json_object_set_new(set, name, sub);
                        else
                                json_decref(sub);
                } else if (!old || !json_equal(old, v)) {
                        json_object_set_new(set, name, json_object());
                }
        }
        return set;
}

json_t *fieldset_of(const json_t *obj)
{
        return fieldset_diff(NULL, obj, 0, STYLE_APPLY);
}

void fieldset_subtract(json_t *set, const json_t *other)
{
        const char *key;
        void *tmp;
        json_t *v;

        json_object_foreach_safe(set, tmp, key, v)
        {
                json_t *o = json_object_get(other, key);

                if (!o)
                        continue;
                if (json_object_size(v) && json_object_size(o))
                        fieldset_subtract(v, o);
                if (!json_object_size(v) || !json_object_size(o))
                        json_object_del(set, key);
        }
}

static void fieldset_union(json_t *set, const json_t *other)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)other, key, v) {
                json_t *mine = json_object_get(set, key);

                if (mine && json_object_size(mine))
                        fieldset_union(mine, v);
                else
                        json_object_set_new(set, key, json_deep_copy(v));
        }
}

/* Drops from @set what @obj does not have. A "." alone stays: it is the empty object itself. */
static void fieldset_keep_existing(json_t *set, const json_t *obj)
{
        const char *key;
        void *tmp;
        json_t *v;

        json_object_foreach_safe(set, tmp, key, v)
        {
                json_t *o =
                        strncmp(key, "f:", 2) == 0 ? json_object_get(obj, key + 2) : (json_t *)obj;

                if (o && json_object_size(v)) {
                        fieldset_keep_existing(v, o);
                        if (!json_object_size(v))
                                o = NULL;
                }
                if (!o)
                        json_object_del(set, key);
        }
}

static json_t *entry_new(const char *manager, const char *operation, const char *api_version,
        const char *time, json_t *fields)
{
        return json_pack("{s:s, s:s, s:s, s:o, s:s, s:s}", "apiVersion", api_version, "fieldsType",
                "FieldsV1", "manager", manager, "fieldsV1", fields, "operation", operation, "time",
                time);
}

static bool entry_is(const json_t *entry, const char *manager, const char *operation)
{
        const char *m = json_string_value(json_object_get(entry, "manager"));
        const char *op = json_string_value(json_object_get(entry, "operation"));

        return m && op && strcmp(m, manager) == 0 && strcmp(op, operation) == 0;
}

/* Puts the entries into @obj, without those that own nothing any more. */
static void entries_install(json_t *obj, json_t *entries)
{
        json_t *meta = json_object_get(obj, "metadata");

        for (size_t i = 0; i < json_array_size(entries);) {
                json_t *fields = json_object_get(json_array_get(entries, i), "fieldsV1");

                fieldset_keep_existing(fields, obj);
                if (json_object_size(fields))
                        i++;
                else
                        json_array_remove(entries, i);
        }
        json_object_set_new(meta, "managedFields", entries);
}

static json_t *entries_of(const json_t *obj)
{
        json_t *entries = json_object_get(json_object_get(obj, "metadata"), "managedFields");

        return entries ? json_deep_copy(entries) : json_array();
}

void managed_update(json_t *obj, const json_t *prev, const char *manager, const char *api_version,
        const char *time, bool status_only)
{
        json_t *entries = entries_of(prev);
        json_t *changed = fieldset_diff(prev, obj, 0, STYLE_UPDATE);
        json_t *entry, *mine = NULL;
        size_t i;

        if (json_object_size(changed)) {
                json_array_foreach (entries, i, entry) {
                        if (entry_is(entry, manager, "Update"))
                                mine = entry;
                        else
                                fieldset_subtract(json_object_get(entry, "fieldsV1"), changed);
                }
                if (mine) {
                        fieldset_union(json_object_get(mine, "fieldsV1"), changed);
                        json_object_set_new(mine, "time", json_string(time));
                } else {
                        mine = entry_new(
                                manager, "Update", api_version, time, json_incref(changed));
                        if (status_only)
                                json_object_set_new(mine, "subresource", json_string("status"));
                        json_array_append_new(entries, mine);
                }
        }
        json_decref(changed);
        entries_install(obj, entries);
}

/* ---- server-side apply ---- */

static void merge_into(json_t *live, const json_t *config)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)config, key, v) {
                json_t *old = json_object_get(live, key);

                if (json_is_object(v) && json_is_object(old))
                        merge_into(old, v);
                else
                        json_object_set_new(live, key, json_deep_copy(v));
        }
}

static void remove_fields(json_t *obj, const json_t *set)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)set, key, v) {
                json_t *sub = strncmp(key, "f:", 2) == 0 ? json_object_get(obj, key + 2) : NULL;

                if (!sub)
                        continue;
                if (json_object_size(v) && json_is_object(sub)) {
                        remove_fields(sub, v);
                        if (json_object_size(sub))
                                continue;
                }
                json_object_del(obj, key + 2);
        }
}

/* Fields that both own and whose value would change, as paths. */
static void find_conflicts(const json_t *mine, const json_t *other, const json_t *live,
        const json_t *config, const char *path, json_t *paths)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)mine, key, v) {
                json_t *o = json_object_get(other, key);
                _cleanup_(freep) char *at =
                        mem_printf("%s.%s", path, strlen(key) > 2 ? key + 2 : "");
                json_t *a = json_object_get(live, key + 2), *b = json_object_get(config, key + 2);

                if (!o || strncmp(key, "f:", 2) != 0)
                        continue;
                if (json_object_size(v) && json_object_size(o))
                        find_conflicts(v, o, a, b, at, paths);
                else if (!a || !b || !json_equal(a, b))
                        json_array_append_new(paths, json_string(at));
        }
}

/* Collects the conflicts of applying @set; returns their number. */
static size_t apply_conflicts(const json_t *entries, const json_t *set, const json_t *live,
        const json_t *config, const char *manager, struct str *why, json_t *causes)
{
        json_t *entry, *p;
        size_t i, j, n = 0;

        json_array_foreach ((json_t *)entries, i, entry) {
                json_t *paths = json_array();
                const char *who = json_string_value(json_object_get(entry, "manager"));

                if (!entry_is(entry, manager, "Apply"))
                        find_conflicts(
                                set, json_object_get(entry, "fieldsV1"), live, config, "", paths);
                json_array_foreach (paths, j, p) {
                        _cleanup_(freep) char *message = mem_printf("conflict with \"%s\" using %s",
                                who, json_string_value(json_object_get(entry, "apiVersion")));

                        json_array_append_new(causes,
                                json_pack("{s:s, s:s, s:O}", "reason", "FieldManagerConflict",
                                        "message", message, "field", p));
                        str_printf(why, "%s%s: %s", n ? ", " : "", message, json_string_value(p));
                        n++;
                }
                json_decref(paths);
        }
        return n;
}

json_t *managed_apply(const json_t *live, const json_t *config, const char *manager,
        const char *api_version, const char *time, bool force, struct str *why, json_t **causes)
{
        json_t *set = fieldset_of(config), *entries = entries_of(live), *found = json_array();
        json_t *result = live ? json_deep_copy(live) : json_deep_copy(config);
        struct str list = { 0 };
        json_t *entry, *lost = NULL;
        size_t i, n;

        n = apply_conflicts(entries, set, live, config, manager, &list, found);
        if (n && !force) {
                str_printf(
                        why, "Apply failed with %zu conflict%s: %s", n, n == 1 ? "" : "s", list.s);
                *causes = found;
                str_done(&list);
                json_decref(set);
                json_decref(entries);
                json_decref(result);
                return NULL;
        }
        json_decref(found);
        str_done(&list);
        for (i = 0; i < json_array_size(entries);) {
                entry = json_array_get(entries, i);
                if (entry_is(entry, manager, "Apply")) {
                        lost = json_incref(json_object_get(entry, "fieldsV1"));
                        json_array_remove(entries, i);
                        continue;
                }
                if (n) {
                        json_t *theirs = fieldset_diff(live, config, 0, STYLE_APPLY);

                        fieldset_subtract(json_object_get(entry, "fieldsV1"), theirs);
                        json_decref(theirs);
                }
                i++;
        }
        if (lost) {
                /* Gone is what this manager had set, does not set any more, and nobody else owns.
                 */
                fieldset_subtract(lost, set);
                json_array_foreach (entries, i, entry)
                        fieldset_subtract(lost, json_object_get(entry, "fieldsV1"));
                remove_fields(result, lost);
                json_decref(lost);
        }
        merge_into(result, config);
        json_array_append_new(entries, entry_new(manager, "Apply", api_version, time, set));
        entries_install(result, entries);
        return result;
}
