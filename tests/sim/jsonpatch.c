/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/jsonpatch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void merge_patch(json_t **doc, const json_t *patch)
{
        const char *key;
        json_t *v;

        if (!json_is_object(patch)) {
                json_decref(*doc);
                *doc = json_deep_copy(patch);
                return;
        }
        if (!json_is_object(*doc)) {
                json_decref(*doc);
                *doc = json_object();
        }
        json_object_foreach ((json_t *)patch, key, v) {
                json_t *child;

                if (json_is_null(v)) {
                        json_object_del(*doc, key);
                        continue;
                }
                child = json_incref(json_object_get(*doc, key));
                if (!child)
                        child = json_null();
                merge_patch(&child, v);
                json_object_set_new(*doc, key, child);
        }
}

/* A place in a tree: its parent and the last part of the pointer. */
struct place {
        json_t *parent; /* NULL: the whole document */
        char *last;
};

static char *pointer_part(const char *p, size_t n)
{
        char *out = mem_realloc(NULL, n + 1);
        size_t len = 0;

        for (size_t i = 0; i < n; i++) {
                if (p[i] == '~' && i + 1 < n && (p[i + 1] == '0' || p[i + 1] == '1'))
                        out[len++] = p[++i] == '0' ? '~' : '/';
                else
                        out[len++] = p[i];
        }
        out[len] = '\0';
        return out;
}

/* Index of an array, SIZE_MAX where it is none; "-" is one behind the last. */
static size_t array_index(const json_t *array, const char *s)
{
        char *end;
        unsigned long i;

        if (strcmp(s, "-") == 0)
                return json_array_size(array);
        i = strtoul(s, &end, 10);
        return *s && !*end ? i : SIZE_MAX;
}

static json_t *child_get(json_t *parent, const char *key)
{
        if (json_is_array(parent))
                return json_array_get(parent, array_index(parent, key));
        return json_object_get(parent, key);
}

/* Finds the parent of a pointer; returns -1 where it does not exist. */
static int place_find(json_t *doc, const char *pointer, struct place *place)
{
        *place = (struct place){ 0 };
        if (!*pointer)
                return 0;
        if (*pointer != '/')
                return -1;
        place->parent = doc;
        for (;;) {
                size_t n = strcspn(pointer + 1, "/");
                char *part = pointer_part(pointer + 1, n);

                pointer += 1 + n;
                if (!*pointer) {
                        place->last = part;
                        return json_is_object(place->parent) || json_is_array(place->parent) ? 0
                                                                                             : -1;
                }
                place->parent = child_get(place->parent, part);
                free(part);
                if (!place->parent)
                        return -1;
        }
}

static json_t *place_get(json_t *doc, const struct place *p)
{
        return p->parent ? child_get(p->parent, p->last) : doc;
}

static int place_add(json_t **doc, const struct place *p, json_t *value, bool replace)
{
        if (!p->parent) {
                json_decref(*doc);
                *doc = value;
                return 0;
        }
        if (json_is_object(p->parent))
                return json_object_set_new(p->parent, p->last, value);
        if (replace)
                return json_array_set_new(p->parent, array_index(p->parent, p->last), value);
        return json_array_insert_new(p->parent, array_index(p->parent, p->last), value);
}

static int place_remove(const struct place *p)
{
        if (!p->parent)
                return -1;
        if (json_is_object(p->parent))
                return json_object_del(p->parent, p->last);
        return json_array_remove(p->parent, array_index(p->parent, p->last));
}

static int patch_operation(json_t **doc, const json_t *op, struct str *why)
{
        const char *name = json_string_value(json_object_get(op, "op"));
        const char *path = json_string_value(json_object_get(op, "path"));
        const char *from = json_string_value(json_object_get(op, "from"));
        json_t *value = json_object_get(op, "value");
        struct place at = { 0 }, source = { 0 };
        json_t *there = NULL;
        int r = -1;

        if (!name || !path) {
                str_puts(why, "json: cannot unmarshal into a patch operation");
                return -2;
        }
        if (place_find(*doc, path, &at) == 0)
                there = place_get(*doc, &at);
        else
                at.parent = NULL;
        if (strcmp(name, "test") == 0) {
                r = (value && there && json_equal(value, there)) || (!there && json_is_null(value))
                            ? 0
                            : -2;
                if (r < 0)
                        str_printf(why, "testing value %s failed: test failed", path);
        } else if (!at.last && *path) {
                str_printf(why,
                        "%s operation does not apply: doc is missing path: \"%s\": missing value",
                        name, path);
        } else if (strcmp(name, "add") == 0 && value) {
                r = place_add(doc, &at, json_deep_copy(value), false);
        } else if (strcmp(name, "remove") == 0 && !there) {
                str_printf(why,
                        "%s operation does not apply: doc is missing key: %s: missing value", name,
                        path);
        } else if (strcmp(name, "replace") == 0 && value) {
                /* A member that is not there is added: so does the library of the API server. */
                r = place_add(doc, &at, json_deep_copy(value), true);
        } else if (strcmp(name, "remove") == 0) {
                r = place_remove(&at);
        } else if ((strcmp(name, "move") == 0 || strcmp(name, "copy") == 0) && from &&
                   place_find(*doc, from, &source) == 0 && place_get(*doc, &source)) {
                json_t *moved = json_deep_copy(place_get(*doc, &source));

                if (*name == 'm')
                        place_remove(&source);
                r = place_add(doc, &at, moved, false);
        }
        if (r == -1 && !why->len)
                str_printf(why, "Unexpected kind or place: %s %s", name, path);
        free(at.last);
        free(source.last);
        return r;
}

int json_patch(json_t **doc, const json_t *patch, struct str *why)
{
        json_t *op;
        size_t i;

        if (!json_is_array(patch)) {
                str_puts(
                        why, "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
                return -2;
        }
        json_array_foreach ((json_t *)patch, i, op) {
                int r = patch_operation(doc, op, why);

                if (r < 0)
                        return r;
        }
        return 0;
}
