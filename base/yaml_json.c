/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/yaml_private.h"

/*
 * The JSON that kubectl makes of the same bytes. It recurses once per level; depth and written-out
 * size are bounded by yaml_parse().
 */

static void json_decrefp_(json_t **json)
{
        json_decref(*json);
}

static int refuse_value(const struct yaml_node *node, struct err *err)
{
        (void)yaml_refuse(node, err, ERR_ID_VALUE, "%s cannot be written in JSON", node->text);
        (void)err_remedy(err, "quote it if it is text");
        return -EINVAL;
}

/* As Go writes a float64: a whole number has no point. */
static json_t *json_of_float(double value)
{
        if (value > -9e18 && value < 9e18 && value == (double)(json_int_t)value)
                return json_integer((json_int_t)value);
        return json_real(value);
}

static int json_of_scalar(const struct yaml_node *node, json_t **ret, struct err *err)
{
        json_t *json = NULL;
        int64_t integer;
        double real;

        switch (node->type) {
        case YAML_TYPE_NULL:
                json = json_null();
                break;
        case YAML_TYPE_BOOL:
                json = json_boolean(yaml_bool_value(node));
                break;
        case YAML_TYPE_INT:
                if (yaml_int_value(node, &integer) < 0)
                        return refuse_value(node, err);
                json = json_integer(integer);
                break;
        case YAML_TYPE_FLOAT:
                if (yaml_float_value(node, &real) < 0)
                        return refuse_value(node, err);
                json = json_of_float(real);
                break;
        default:
                json = json_stringn(node->text, node->len);
        }
        if (!json)
                return yaml_no_memory(err);
        *ret = json;
        return 0;
}

static int json_of_sequence(const struct yaml_node *node, json_t **ret, struct err *err)
{
        _cleanup_(json_decrefp_) json_t *array = json_array();

        if (!array)
                return yaml_no_memory(err);
        for (size_t i = 0; i < node->n; i++) {
                json_t *item;
                int r = yaml_to_json(node->items[i], &item, err);

                if (r < 0)
                        return r;
                if (json_array_append_new(array, item) < 0)
                        return yaml_no_memory(err);
        }
        *ret = TAKE(array);
        return 0;
}

/* JSON keys are text: kubectl writes booleans and integers in their plain form. */
static int key_text(
        const struct yaml_node *key, char number[static 32], const char **ret, struct err *err)
{
        int64_t integer;

        switch (key->type) {
        case YAML_TYPE_STRING:
                *ret = key->text;
                return 0;
        case YAML_TYPE_BOOL:
                *ret = yaml_bool_value(key) ? "true" : "false";
                return 0;
        case YAML_TYPE_INT:
                if (yaml_int_value(key, &integer) == 0) {
                        (void)snprintf(number, 32, "%lld", (long long)integer);
                        *ret = number;
                        return 0;
                }
                break;
        default:
                break;
        }
        (void)yaml_refuse(key, err, ERR_ID_VALUE, "the key %s is a number", key->text);
        (void)err_remedy(err, "quote it: \"%s\"", key->text);
        return -EINVAL;
}

static int json_of_mapping(const struct yaml_node *node, json_t **ret, struct err *err)
{
        _cleanup_(json_decrefp_) json_t *object = json_object();

        if (!object)
                return yaml_no_memory(err);
        for (size_t i = 0; i < node->n; i++) {
                const struct yaml_pair *pair = &node->pairs[i];
                char number[32];
                const char *key;
                json_t *value;
                int r = key_text(pair->key, number, &key, err);

                if (r < 0)
                        return r;
                if (json_object_get(object, key)) {
                        (void)yaml_refuse(pair->key, err, ERR_ID_DUPLICATE_KEY,
                                "the key %s means \"%s\", which is given before", pair->key->text,
                                key);
                        (void)err_remedy(err, "remove one of them");
                        return -EINVAL;
                }
                r = yaml_to_json(pair->value, &value, err);
                if (r < 0)
                        return r;
                if (json_object_set_new(object, key, value) < 0)
                        return yaml_no_memory(err);
        }
        *ret = TAKE(object);
        return 0;
}

int yaml_to_json(const struct yaml_node *node, json_t **ret, struct err *err)
{
        switch (node->kind) {
        case YAML_SEQUENCE:
                return json_of_sequence(node, ret, err);
        case YAML_MAPPING:
                return json_of_mapping(node, ret, err);
        default:
                return json_of_scalar(node, ret, err);
        }
}
