/* SPDX-License-Identifier: Apache-2.0 */
#include "base/schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/strv.h"
#include "base/timefmt.h"
#include "base/yaml_private.h"

/*
 * The walker recurses with the tree, whose depth yaml_parse() bounds. Where it stands is a list of
 * steps on the stack; it becomes text only in an error.
 */

#define PATH_SIZE 256

struct step {
        const struct step *parent;
        const char *name; /* NULL: an item of a list */
        size_t index;
};

static size_t step_print(const struct step *step, char *path, size_t size)
{
        size_t n = 0;
        int more;

        if (!step)
                return 0;
        n = step_print(step->parent, path, size);
        if (step->name)
                more = snprintf(
                        path + n, size - n, "%s%s", n && *step->name ? "." : "", step->name);
        else
                more = snprintf(path + n, size - n, "[%zu]", step->index);
        return more < 0 || (size_t)more >= size - n ? size - 1 : n + (size_t)more;
}

static const char *step_path(const struct step *step, char path[static PATH_SIZE])
{
        path[0] = '\0';
        (void)step_print(step, path, PATH_SIZE);
        return path;
}

/* The row of a name, NULL if there is none. */
static const struct schema_field *schema_find(const struct schema *schema, const char *name)
{
        for (size_t i = 0; i < schema->n; i++)
                if (strcmp(schema->fields[i].name, name) == 0)
                        return &schema->fields[i];
        return NULL;
}

/* --- errors --- */

/* "use one of: a, b, c" or the like; what does not fit is cut by the error. */
static void list_words(char *text, size_t size, const char *intro, const char *word)
{
        size_t n = strlen(text);

        (void)snprintf(text + n, size - n, "%s%s", n ? ", " : intro, word);
}

static int refuse_unknown(const struct schema *schema, const struct yaml_node *key,
        const struct step *object, struct err *err)
{
        struct step step = { .parent = object, .name = key->text };
        struct spell spell = SPELL_INIT(key->text);
        char path[PATH_SIZE], known[512] = "";

        for (size_t i = 0; i < schema->n; i++) {
                spell_offer(&spell, schema->fields[i].name);
                list_words(known, sizeof(known), "use one of: ", schema->fields[i].name);
        }
        if (spell.nearest) {
                (void)yaml_refuse(key, err, ERR_ID_UNKNOWN_FIELD,
                        "unknown field \"%s\"; did you mean \"%s\"?", step_path(&step, path),
                        spell.nearest);
                (void)err_remedy(err, "write %s, or remove the field", spell.nearest);
                return -EINVAL;
        }
        (void)yaml_refuse(
                key, err, ERR_ID_UNKNOWN_FIELD, "unknown field \"%s\"", step_path(&step, path));
        (void)err_remedy(err, "%s", schema->n ? known : "remove it");
        return -EINVAL;
}

static int refuse_missing(const struct yaml_node *at, const struct schema_field *field,
        const struct step *object, struct err *err)
{
        struct step step = { .parent = object, .name = field->name };
        char path[PATH_SIZE];

        (void)yaml_refuse(at, err, ERR_ID_MISSING_FIELD, "%s is missing", step_path(&step, path));
        (void)err_remedy(err, field->help ? "add %s: %s" : "add %s", field->name, field->help);
        return -EINVAL;
}

static int refuse_empty(const struct yaml_node *node, const struct step *step, struct err *err)
{
        char path[PATH_SIZE];

        (void)yaml_refuse(node, err, ERR_ID_VALUE, "%s is empty", step_path(step, path));
        (void)err_remedy(err, "give it a value, or remove the field");
        return -EINVAL;
}

/* Completes what a check function of a table left out. */
static int finish_check(
        const struct yaml_node *node, const struct step *step, int r, struct err *err)
{
        char path[PATH_SIZE];

        if (r >= 0 || !err)
                return r;
        if (err->line == 0)
                (void)err_place(err, node->line, node->column);
        if (err->id[0] == '\0')
                (void)err_id(err, ERR_ID_VALUE);
        return yaml_wrap_what(err, r, step_path(step, path));
}

/* --- one kind each --- */

static int check_allowed(
        const struct yaml_node *node, const char *const *allowed, const char *path, struct err *err)
{
        struct spell spell = SPELL_INIT(node->text);
        char known[512] = "";

        for (const char *const *word = allowed; *word; word++) {
                if (strcmp(*word, node->text) == 0)
                        return 0;
                spell_offer(&spell, *word);
                list_words(known, sizeof(known), "use one of: ", *word);
        }
        if (spell.nearest)
                (void)yaml_refuse(node, err, ERR_ID_VALUE,
                        "\"%s\" is not allowed; did you mean \"%s\"?", node->text, spell.nearest);
        else
                (void)yaml_refuse(node, err, ERR_ID_VALUE, "\"%s\" is not allowed", node->text);
        (void)err_remedy(err, "%s", known);
        return yaml_wrap_what(err, -EINVAL, path);
}

static int check_string(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        const char *text;
        int r = yaml_as_string(node, step_path(step, path), &text, err);

        if (r < 0)
                return r;
        if (field->allowed)
                return check_allowed(node, field->allowed, path, err);
        return 0;
}

static int check_bool(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        bool value;

        return yaml_as_bool(node, step_path(step, path), &value, err);
}

static int check_int(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int64_t value;
        int r = yaml_as_int(node, step_path(step, path), &value, err);

        if (r < 0 || field->min >= field->max || (value >= field->min && value <= field->max))
                return r;
        (void)yaml_refuse(node, err, ERR_ID_VALUE, "%s is out of range", node->text);
        (void)err_remedy(err, "write a number from %lld to %lld", (long long)field->min,
                (long long)field->max);
        return yaml_wrap_what(err, -EINVAL, path);
}

static int check_number(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        double value;

        if ((node->type == YAML_TYPE_INT || node->type == YAML_TYPE_FLOAT) &&
                yaml_float_value(node, &value) == 0)
                return 0;
        return yaml_refuse_type(node, step_path(step, path), "a number",
                node->quoted ? "write the number without quotes" : "write a number", err);
}

static int check_int_or_string(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        return node->type == YAML_TYPE_INT ? check_int(field, node, step, err)
                                           : check_string(field, node, step, err);
}

static int check_duration(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int64_t ns;

        return yaml_as_duration(node, step_path(step, path), &ns, err);
}

static int check_time(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        const char *text;
        int64_t t;
        int r = yaml_as_string(node, step_path(step, path), &text, err);

        if (r < 0)
                return r;
        return finish_check(node, step, rfc3339_parse(text, &t, err), err);
}

static int check_string_list(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int r = yaml_want_sequence(node, step_path(step, path), err);

        for (size_t i = 0; r == 0 && i < node->n; i++) {
                struct step item = { .parent = step, .index = i };

                r = check_string(field, node->items[i], &item, err);
        }
        return r;
}

static int check_key(const struct yaml_node *key, const struct step *step, struct err *err)
{
        char path[PATH_SIZE], what[PATH_SIZE + 16];
        const char *text;

        (void)snprintf(what, sizeof(what), "a key of %s", step_path(step, path));
        return yaml_as_string(key, what, &text, err);
}

static int check_string_map(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int r = yaml_want_mapping(node, step_path(step, path), err);

        for (size_t i = 0; r == 0 && i < node->n; i++) {
                struct step value = { .parent = step, .name = node->pairs[i].key->text };

                r = check_key(node->pairs[i].key, step, err);
                if (r == 0)
                        r = check_string(field, node->pairs[i].value, &value, err);
        }
        return r;
}

static int check_object(const struct schema *schema, const struct yaml_node *node,
        const struct step *step, struct err *err);

static int check_sub(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        return check_object(field->sub, node, step, err);
}

static int check_object_list(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int r = yaml_want_sequence(node, step_path(step, path), err);

        for (size_t i = 0; r == 0 && i < node->n; i++) {
                struct step item = { .parent = step, .index = i };

                r = check_object(field->sub, node->items[i], &item, err);
        }
        return r;
}

static int check_object_map(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int r = yaml_want_mapping(node, step_path(step, path), err);

        for (size_t i = 0; r == 0 && i < node->n; i++) {
                struct step value = { .parent = step, .name = node->pairs[i].key->text };

                r = check_key(node->pairs[i].key, step, err);
                if (r == 0)
                        r = check_object(field->sub, node->pairs[i].value, &value, err);
        }
        return r;
}

static int check_any_map(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];

        return yaml_want_mapping(node, step_path(step, path), err);
}

static int check_any(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        return 0;
}

static int (*const kind_checks[])(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct err *err) = {
        [SCHEMA_STRING] = check_string,
        [SCHEMA_BOOL] = check_bool,
        [SCHEMA_INT] = check_int,
        [SCHEMA_NUMBER] = check_number,
        [SCHEMA_INT_OR_STRING] = check_int_or_string,
        [SCHEMA_DURATION] = check_duration,
        [SCHEMA_TIME] = check_time,
        [SCHEMA_ENUM] = check_string,
        [SCHEMA_STRING_LIST] = check_string_list,
        [SCHEMA_STRING_MAP] = check_string_map,
        [SCHEMA_OBJECT] = check_sub,
        [SCHEMA_OBJECT_LIST] = check_object_list,
        [SCHEMA_OBJECT_MAP] = check_object_map,
        [SCHEMA_ANY_MAP] = check_any_map,
        [SCHEMA_ANY] = check_any,
};

/* --- the walk --- */

static int check_field(const struct schema_field *field, const struct yaml_node *node,
        const struct step *object, struct err *err)
{
        struct step step = { .parent = object, .name = field->name };
        int r;

        if (yaml_is_null(node)) {
                if ((field->flags & (SCHEMA_REQUIRED | SCHEMA_NULLABLE)) == SCHEMA_REQUIRED)
                        return refuse_missing(node, field, object, err);
                return 0;
        }
        r = kind_checks[field->kind](field, node, &step, err);
        if (r < 0)
                return r;
        if ((field->flags & SCHEMA_NOT_EMPTY) && node->len == 0 && node->n == 0)
                return refuse_empty(node, &step, err);
        if (field->check)
                return finish_check(node, &step, field->check(node, err), err);
        return 0;
}

static int check_object(const struct schema *schema, const struct yaml_node *node,
        const struct step *step, struct err *err)
{
        char path[PATH_SIZE];
        int r = yaml_want_mapping(node, step_path(step, path), err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_pair *pair = &node->pairs[i];
                const struct schema_field *field = schema_find(schema, pair->key->text);

                if (!field)
                        return refuse_unknown(schema, pair->key, step, err);
                r = check_field(field, pair->value, step, err);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < schema->n; i++)
                if ((schema->fields[i].flags & SCHEMA_REQUIRED) &&
                        !yaml_get_pair(node, schema->fields[i].name))
                        return refuse_missing(node, &schema->fields[i], step, err);
        if (schema->check)
                return finish_check(node, step, schema->check(node, err), err);
        return 0;
}

int schema_check(const struct schema *schema, const struct yaml_node *node, const char *path,
        struct err *err)
{
        struct step step = { .name = path };

        return check_object(schema, node, &step, err);
}

/* --- deprecated fields --- */

static int list_deprecated(const struct schema *schema, const struct yaml_node *node,
        const struct step *object, struct strv *ret);

/* The objects that a field of any kind holds. */
static int list_deprecated_below(const struct schema_field *field, const struct yaml_node *node,
        const struct step *step, struct strv *ret)
{
        int r = 0;

        if (field->kind == SCHEMA_OBJECT)
                return list_deprecated(field->sub, node, step, ret);
        for (size_t i = 0; field->kind == SCHEMA_OBJECT_LIST && r == 0 && i < node->n; i++) {
                struct step item = { .parent = step, .index = i };

                r = list_deprecated(field->sub, node->items[i], &item, ret);
        }
        for (size_t i = 0; field->kind == SCHEMA_OBJECT_MAP && r == 0 && i < node->n; i++) {
                struct step value = { .parent = step, .name = node->pairs[i].key->text };

                r = list_deprecated(field->sub, node->pairs[i].value, &value, ret);
        }
        return r;
}

static int list_deprecated(const struct schema *schema, const struct yaml_node *node,
        const struct step *object, struct strv *ret)
{
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_pair *pair = &node->pairs[i];
                const struct schema_field *field = schema_find(schema, pair->key->text);
                struct step step = { .parent = object, .name = pair->key->text };
                char path[PATH_SIZE];
                int r = 0;

                if (!field || yaml_is_null(pair->value))
                        continue;
                if (field->flags & SCHEMA_DEPRECATED)
                        r = strv_printf(ret, "%d:%d: %s is deprecated%s%s", pair->key->line,
                                pair->key->column, step_path(&step, path), field->help ? ": " : "",
                                field->help ? field->help : "");
                if (r == 0)
                        r = list_deprecated_below(field, pair->value, &step, ret);
                if (r < 0)
                        return r;
        }
        return 0;
}

int schema_deprecated(const struct schema *schema, const struct yaml_node *node, const char *path,
        struct strv *ret)
{
        struct step step = { .name = path };

        return list_deprecated(schema, node, &step, ret);
}
