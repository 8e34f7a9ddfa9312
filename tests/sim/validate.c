/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/validate.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/api.h"
#include "tests/sim/object.h"
#include "tests/sim/velero.h"
#include "tests/sim/velero_schema.h"

/* Where in the object the judge is. */
struct judge {
        struct verdict *v;
        int minor;
};

static const char *judge_type(
        struct judge *j, const char *s, const json_t *value, const char *path);

/* The end of a schema, without a value. */
static const char *skip_schema(const char *s)
{
        int depth = 0;

        s += *s == '?';
        do {
                switch (*s++) {
                case '{':
                case '[':
                case '<':
                case '(':
                        depth++;
                        break;
                case '}':
                case ']':
                case '>':
                case ')':
                        depth--;
                        break;
                default:
                        break;
                }
        } while (depth > 0 || *s == '(');
        return s + (*s == '+');
}

static void judge_cause(struct judge *j, const char *path, const char *reason, char *message)
{
        json_array_append_new(j->v->causes,
                json_pack("{s:s, s:s, s:s}", "reason", reason, "message", message, "field", path));
        free(message);
}

static const char *type_name(const json_t *v)
{
        static const char *const names[] = {
                [JSON_OBJECT] = "object",
                [JSON_ARRAY] = "array",
                [JSON_STRING] = "string",
                [JSON_INTEGER] = "integer",
                [JSON_REAL] = "number",
                [JSON_TRUE] = "boolean",
                [JSON_FALSE] = "boolean",
                [JSON_NULL] = "null",
        };

        return names[json_typeof(v)];
}

static void judge_mismatch(struct judge *j, const char *path, const json_t *value, const char *want)
{
        judge_cause(j, path, "FieldValueTypeInvalid",
                mem_printf("Invalid value: \"%s\": %s in body must be of type %s: \"%s\"",
                        type_name(value), path, want, type_name(value)));
}

/* "(A|B)" behind s. */
static void judge_enum(struct judge *j, const char *s, const json_t *value, const char *path)
{
        const char *given = json_string_value(value);
        struct str supported = { 0 };
        size_t n;

        for (s++; *s != ')'; s += n + (s[n] == '|')) {
                n = strcspn(s, "|)");
                if (strlen(given) == n && memcmp(given, s, n) == 0) {
                        str_done(&supported);
                        return;
                }
                str_printf(&supported, "%s\"%.*s\"", supported.len ? ", " : "", (int)n, s);
        }
        judge_cause(j, path, "FieldValueNotSupported",
                mem_printf("Unsupported value: \"%s\": supported values: %s", given, supported.s));
        str_done(&supported);
}

/* One row of an object's schema. */
struct field {
        const char *name;
        size_t n;
        bool required, known; /* known: to this version */
        const char *type;
};

/* Reads the row at @s; returns where the next one begins, or the closing brace. */
static const char *read_field(const struct judge *j, const char *s, struct field *f)
{
        f->name = s;
        while (*s != '^' && *s != '!' && *s != ':')
                s++;
        f->n = (size_t)(s - f->name);
        f->known = true;
        if (*s == '^')
                f->known = strtol(s + 1, (char **)&s, 10) <= j->minor;
        f->required = *s == '!';
        s += f->required;
        f->type = s + 1;
        s = skip_schema(f->type);
        return s + (*s == ',');
}

static bool find_field(const struct judge *j, const char *s, const char *name, struct field *f)
{
        while (*s != '}') {
                s = read_field(j, s, f);
                if (f->known && strlen(name) == f->n && memcmp(name, f->name, f->n) == 0)
                        return true;
        }
        return false;
}

static void judge_object(struct judge *j, const char *s, const json_t *value, const char *path)
{
        const char *key;
        struct field f;
        json_t *v;

        json_object_foreach ((json_t *)value, key, v) {
                _cleanup_(freep) char *at = mem_printf("%s%s%s", path, *path ? "." : "", key);

                if (find_field(j, s, key, &f))
                        judge_type(j, f.type, v, at);
                else
                        json_array_append_new(j->v->unknown, json_string(at));
        }
        while (*s != '}') {
                _cleanup_(freep) char *name = NULL, *at = NULL;

                s = read_field(j, s, &f);
                name = mem_strndup(f.name, f.n);
                at = mem_printf("%s%s%s", path, *path ? "." : "", name);
                if (f.required && !json_object_get(value, name))
                        judge_cause(j, at, "FieldValueRequired", mem_strdup("Required value"));
        }
}

static void judge_list(struct judge *j, const char *s, const json_t *value, const char *path)
{
        const char *end = skip_schema(s - 1);
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)value, i, v) {
                _cleanup_(freep) char *at = mem_printf("%s[%zu]", path, i);

                judge_type(j, s, v, at);
        }
        if (end[-1] == '+' && !json_array_size(value))
                judge_cause(j, path, "FieldValueInvalid",
                        mem_printf(
                                "Invalid value: 0: %s in body should have at least 1 items", path));
}

static void judge_map(struct judge *j, const char *s, const json_t *value, const char *path)
{
        const char *key;
        json_t *v;

        json_object_foreach ((json_t *)value, key, v) {
                _cleanup_(freep) char *at = mem_printf("%s.%s", path, key);

                judge_type(j, s, v, at);
        }
}

static const char *judge_type(struct judge *j, const char *s, const json_t *value, const char *path)
{
        static const struct {
                char letter;
                const char *name;
        } names[] = { { 's', "string" }, { 't', "string" }, { 'i', "integer" }, { 'b', "boolean" },
                { '[', "array" }, { '{', "object" }, { '<', "object" } };
        const char *want = NULL;

        if (*s == '?') {
                s++;
                if (json_is_null(value))
                        return s;
        }
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (names[i].letter == *s)
                        want = names[i].name;
        if (!want)
                return s;
        if (strcmp(want, type_name(value)) != 0) {
                judge_mismatch(j, path, value, want);
                return s;
        }
        if (*s == 't' && rfc3339_parse(json_string_value(value)) < 0)
                judge_cause(j, path, "FieldValueInvalid",
                        mem_printf("Invalid value: \"%s\": %s in body must be of type date-time: "
                                   "\"%s\"",
                                json_string_value(value), path, json_string_value(value)));
        else if (*s == 's' && s[1] == '(')
                judge_enum(j, s + 1, value, path);
        else if (*s == '{')
                judge_object(j, s + 1, value, path);
        else if (*s == '[')
                judge_list(j, s + 1, value, path);
        else if (*s == '<')
                judge_map(j, s + 1, value, path);
        return s;
}

void schema_judge(struct verdict *v, const char *schema, const json_t *obj, int minor)
{
        struct judge j = { v, minor };
        json_t *rest = json_copy((json_t *)obj);

        *v = (struct verdict){ json_array(), json_array() };
        json_object_del(rest, "apiVersion");
        json_object_del(rest, "kind");
        json_object_del(rest, "metadata");
        judge_type(&j, schema, rest, "");
        json_decref(rest);
}

void verdict_done(struct verdict *v)
{
        json_decref(v->unknown);
        json_decref(v->causes);
        *v = (struct verdict){ 0 };
}

static void prune_path(json_t *at, const char *path)
{
        const char *sep = strpbrk(path, ".[");
        _cleanup_(freep) char *key =
                sep ? mem_strndup(path, (size_t)(sep - path)) : mem_strdup(path);

        if (!sep) {
                json_object_del(at, key);
                return;
        }
        at = json_object_get(at, key);
        if (*sep == '[') {
                at = json_array_get(at, strtoul(sep + 1, NULL, 10));
                sep = strchr(sep, ']') + 1;
        }
        if (*sep == '.')
                prune_path(at, sep + 1);
}

void schema_prune(json_t *obj, const json_t *unknown)
{
        json_t *path;
        size_t i;

        json_array_foreach ((json_t *)unknown, i, path)
                prune_path(obj, json_string_value(path));
}

/* ---- what the API does with a verdict ---- */

static const char *schema_of(const struct restype *type)
{
        for (const struct velero_schema *s = velero_schemas; s->kind; s++)
                if (strcmp(s->kind, type->kind) == 0)
                        return s->fields;
        return NULL;
}

/* Unknown metadata is known to be wrong for every type. */
static void judge_metadata(struct verdict *v, const json_t *obj)
{
        static const char *const known[] = {
                "annotations",
                "creationTimestamp",
                "deletionGracePeriodSeconds",
                "deletionTimestamp",
                "finalizers",
                "generateName",
                "generation",
                "labels",
                "managedFields",
                "name",
                "namespace",
                "ownerReferences",
                "resourceVersion",
                "selfLink",
                "uid",
        };
        const char *key;
        json_t *value;

        json_object_foreach (object_meta(obj), key, value) {
                _cleanup_(freep) char *path = mem_printf("metadata.%s", key);
                bool found = false;

                for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                        found |= strcmp(known[i], key) == 0;
                if (!found)
                        json_array_append_new(v->unknown, json_string(path));
        }
}

static int path_compare(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void reply_unknown(struct api_request *r, const json_t *unknown)
{
        size_t n = json_array_size(unknown);
        const char **paths = mem_realloc(NULL, n * sizeof *paths);
        struct str list = { 0 };

        for (size_t i = 0; i < n; i++)
                paths[i] = json_string_value(json_array_get(unknown, i));
        qsort(paths, n, sizeof *paths, path_compare);
        for (size_t i = 0; i < n; i++)
                str_printf(&list, "%sunknown field \"%s\"", i ? ", " : "", paths[i]);
        status_reply(r->x, 400, NULL,
                "%s in version \"%s\" cannot be handled as a %s: strict decoding error: %s",
                r->type->kind, r->type->version, r->type->kind, list.s);
        str_done(&list);
        free(paths);
}

static void warn_unknown(struct api_request *r, const json_t *unknown)
{
        json_t *path;
        size_t i;

        json_array_foreach ((json_t *)unknown, i, path) {
                _cleanup_(freep) char *text =
                        mem_printf("299 - \"unknown field \\\"%s\\\"\"", json_string_value(path));

                exchange_header(r->x, "warning", text);
        }
}

static bool is_apply(const struct api_request *r)
{
        return r->x->content_type &&
               strncmp(r->x->content_type, "application/apply-patch+yaml", 28) == 0;
}

int api_validate(struct api_request *r, json_t *obj)
{
        const char *how = exchange_param(r->x, "fieldValidation");
        const char *schema = strcmp(r->type->group, "velero.io") == 0 ? schema_of(r->type) : NULL;
        struct verdict v;
        int result = -1;

        if (!schema)
                return 0;
        schema_judge(&v, schema, obj, velero_minor(r->cluster->velero));
        judge_metadata(&v, obj);
        if (json_array_size(v.unknown) && is_apply(r)) {
                status_reply_reason(r->x, 500, "", NULL,
                        "failed to create typed patch object (%s/%s; %s, Kind=%s): .%s: field "
                        "not declared in schema",
                        r->ns, r->name, r->type->api_version, r->type->kind,
                        json_string_value(json_array_get(v.unknown, 0)));
        } else if (json_array_size(v.unknown) && how && strcmp(how, "Strict") == 0) {
                reply_unknown(r, v.unknown);
        } else if (json_array_size(v.causes)) {
                status_invalid_list(r->x, r->type, r->name, v.causes);
        } else {
                if (json_array_size(v.unknown) && (!how || strcmp(how, "Ignore") != 0))
                        warn_unknown(r, v.unknown);
                schema_prune(obj, v.unknown);
                result = 0;
        }
        verdict_done(&v);
        return result;
}
