/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/strv.h"
#include "base/timefmt.h"
#include "base/utf8.h"
#include "base/yaml_private.h"

/* --- finding --- */

static const struct yaml_pair *get_pair(const struct yaml_node *map, const char *key, size_t len)
{
        if (!map || map->kind != YAML_MAPPING)
                return NULL;
        for (size_t i = 0; i < map->n; i++) {
                const struct yaml_node *k = map->pairs[i].key;

                if (k->len == len && memcmp(k->text, key, len) == 0)
                        return &map->pairs[i];
        }
        return NULL;
}

const struct yaml_pair *yaml_get_pair(const struct yaml_node *map, const char *key)
{
        return get_pair(map, key, strlen(key));
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
        const struct yaml_pair *pair = yaml_get_pair(map, key);

        return pair ? pair->value : NULL;
}

const struct yaml_node *yaml_find(const struct yaml_node *map, const char *path)
{
        const struct yaml_node *node = map;

        while (node && *path) {
                size_t len = strcspn(path, ".");
                const struct yaml_pair *pair = get_pair(node, path, len);

                node = pair ? pair->value : NULL;
                path += len + (path[len] == '.');
        }
        return node;
}

bool yaml_is_null(const struct yaml_node *node)
{
        return !node || node->type == YAML_TYPE_NULL;
}

/* --- errors --- */

const char *yaml_type_name(enum yaml_type type)
{
        static const char *const names[] = {
                [YAML_TYPE_NULL] = "null",
                [YAML_TYPE_BOOL] = "a boolean",
                [YAML_TYPE_INT] = "an integer",
                [YAML_TYPE_FLOAT] = "a number",
                [YAML_TYPE_STRING] = "a string",
                [YAML_TYPE_SEQUENCE] = "a list",
                [YAML_TYPE_MAPPING] = "a mapping",
        };

        return names[type];
}

int yaml_refuse(const struct yaml_node *node, struct err *err, const char *id, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)err_setv(err, -EINVAL, fmt, ap);
        va_end(ap);
        if (node)
                (void)err_place(err, node->line, node->column);
        (void)err_id(err, id);
        return -EINVAL;
}

int yaml_no_memory(struct err *err)
{
        return err_set(err, -ENOMEM, "not enough memory for the document");
}

int yaml_wrap_what(struct err *err, int code, const char *what)
{
        return *what ? err_wrap(err, code, "%s", what) : code;
}

/* Bytes of a scalar that a message quotes. */
#define QUOTED_BYTES 40

int yaml_refuse_type(const struct yaml_node *node, const char *what, const char *expected,
        const char *remedy, struct err *err)
{
        int shown = (int)utf8_cut(node->text, node->len, QUOTED_BYTES);
        const char *more = node->len > QUOTED_BYTES ? "\xE2\x80\xA6" : "";

        switch (node->type) {
        case YAML_TYPE_BOOL:
        case YAML_TYPE_INT:
        case YAML_TYPE_FLOAT:
                (void)yaml_refuse(node, err, ERR_ID_WRONG_TYPE, "expected %s, found the %s %.*s%s",
                        expected, strchr(yaml_type_name(node->type), ' ') + 1, shown, node->text,
                        more);
                break;
        case YAML_TYPE_STRING:
                (void)yaml_refuse(node, err, ERR_ID_WRONG_TYPE,
                        "expected %s, found the text \"%.*s%s\"", expected, shown, node->text,
                        more);
                break;
        default:
                (void)yaml_refuse(node, err, ERR_ID_WRONG_TYPE, "expected %s, found %s", expected,
                        yaml_type_name(node->type));
        }
        (void)err_remedy(err, "%s", remedy);
        return yaml_wrap_what(err, -EINVAL, what);
}

static int refuse_missing(const char *what, struct err *err)
{
        (void)yaml_refuse(
                NULL, err, ERR_ID_MISSING_FIELD, "%s is missing", *what ? what : "the value");
        (void)err_remedy(err, "add it");
        return -EINVAL;
}

/* --- typed readers --- */

static int refuse_not_string(const struct yaml_node *node, const char *what, struct err *err)
{
        char remedy[QUOTED_BYTES + 16];

        if (node->kind != YAML_SCALAR)
                return yaml_refuse_type(node, what, "a string", "write one text", err);
        if (node->type == YAML_TYPE_NULL)
                return yaml_refuse_type(
                        node, what, "a string", "write a text, or remove the field", err);
        (void)snprintf(remedy, sizeof(remedy), "quote it: \"%.*s\"",
                (int)utf8_cut(node->text, node->len, QUOTED_BYTES), node->text);
        if (node->type != YAML_TYPE_STRING)
                return yaml_refuse_type(node, what, "a string", remedy, err);
        (void)yaml_refuse(node, err, ERR_ID_WRONG_TYPE,
                "%s is read as a number in base 60 by some programs", node->text);
        (void)err_remedy(err, "%s", remedy);
        return yaml_wrap_what(err, -EINVAL, what);
}

int yaml_as_string(
        const struct yaml_node *node, const char *what, const char **ret, struct err *err)
{
        bool sexagesimal = false;

        if (!node)
                return refuse_missing(what, err);
        if (node->type == YAML_TYPE_STRING && !node->quoted)
                (void)yaml_resolve_plain(node->text, node->len, &sexagesimal);
        if (node->type != YAML_TYPE_STRING || sexagesimal)
                return refuse_not_string(node, what, err);
        *ret = node->text;
        return 0;
}

int yaml_as_bool(const struct yaml_node *node, const char *what, bool *ret, struct err *err)
{
        if (!node)
                return refuse_missing(what, err);
        if (node->type != YAML_TYPE_BOOL)
                return yaml_refuse_type(node, what, "true or false",
                        node->quoted ? "write true or false without quotes" : "write true or false",
                        err);
        *ret = yaml_bool_value(node);
        return 0;
}

int yaml_as_int(const struct yaml_node *node, const char *what, int64_t *ret, struct err *err)
{
        if (!node)
                return refuse_missing(what, err);
        if (node->type != YAML_TYPE_INT || yaml_int_value(node, ret) < 0)
                return yaml_refuse_type(node, what, "an integer",
                        node->quoted                  ? "write the number without quotes"
                        : node->type == YAML_TYPE_INT ? "write a number of at most 64 bits"
                                                      : "write a whole number",
                        err);
        return 0;
}

int yaml_as_duration(
        const struct yaml_node *node, const char *what, int64_t *ret_ns, struct err *err)
{
        int r;

        if (!node)
                return refuse_missing(what, err);
        /* No number is one, not even 0: Kubernetes has durations as text. */
        if (node->type == YAML_TYPE_INT || node->type == YAML_TYPE_FLOAT)
                return yaml_refuse_type(node, what, "a duration",
                        "add a unit: ns, us, ms, s, m or h, as in 720h", err);
        if (node->type != YAML_TYPE_STRING)
                return yaml_refuse_type(node, what, "a duration", "write one, as in 720h", err);
        r = duration_parse(node->text, ret_ns, err);
        if (r < 0) {
                (void)err_place(err, node->line, node->column);
                (void)err_id(err, ERR_ID_VALUE);
                return yaml_wrap_what(err, r, what);
        }
        return 0;
}

int yaml_want_mapping(const struct yaml_node *node, const char *what, struct err *err)
{
        if (!node)
                return refuse_missing(what, err);
        if (node->kind != YAML_MAPPING)
                return yaml_refuse_type(
                        node, what, "a mapping", "write \"key: value\" lines below it", err);
        return 0;
}

int yaml_want_sequence(const struct yaml_node *node, const char *what, struct err *err)
{
        char remedy[QUOTED_BYTES + 32] = "write a list, as in [a, b]";

        if (!node)
                return refuse_missing(what, err);
        if (node->kind == YAML_SEQUENCE)
                return 0;
        if (node->kind == YAML_SCALAR && node->len > 0 && node->len <= QUOTED_BYTES)
                (void)snprintf(remedy, sizeof(remedy), "write a list: [\"%s\"]", node->text);
        return yaml_refuse_type(node, what, "a list", remedy, err);
}

int yaml_as_strv(const struct yaml_node *node, const char *what, struct strv *ret, struct err *err)
{
        _cleanup_(strv_done) struct strv items = { 0 };
        int r = yaml_want_sequence(node, what, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < node->n; i++) {
                char item_what[256];
                const char *text = NULL;

                (void)snprintf(item_what, sizeof(item_what), "%s[%zu]", what, i);
                r = yaml_as_string(node->items[i], item_what, &text, err);
                if (r < 0)
                        return r;
                r = strv_push(&items, text);
                if (r < 0)
                        return yaml_no_memory(err);
        }
        r = strv_extend(ret, &items);
        if (r < 0)
                return yaml_no_memory(err);
        return 0;
}

/* --- optional fields --- */

/* The field's node, NULL when it is unset; and its whole path. */
static const struct yaml_node *optional(
        const struct yaml_node *map, const char *what, const char *key, char path[static 256])
{
        const struct yaml_node *node = yaml_get(map, key);

        (void)snprintf(path, 256, "%s%s%s", what, *what ? "." : "", key);
        return yaml_is_null(node) ? NULL : node;
}

#define DEFINE_OPTIONAL(name, type)                                                         \
        int yaml_get_##name(const struct yaml_node *map, const char *what, const char *key, \
                type *ret, struct err *err)                                                 \
        {                                                                                   \
                char path[256];                                                             \
                const struct yaml_node *node = optional(map, what, key, path);              \
                                                                                            \
                return node ? yaml_as_##name(node, path, ret, err) : 0;                     \
        }                                                                                   \
        _Static_assert(1, "swallows the semicolon")

DEFINE_OPTIONAL(string, const char *);
DEFINE_OPTIONAL(bool, bool);
DEFINE_OPTIONAL(strv, struct strv);
