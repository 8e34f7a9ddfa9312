/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Private to base/yaml*.c and base/schema.c: values of resolved scalars, and errors that must read
 * alike. */
#include "base/yaml.h"

/* Of a YAML_TYPE_BOOL. */
bool yaml_bool_value(const struct yaml_node *node);
/* Of a YAML_TYPE_INT: 0, or -ERANGE above INT64_MAX. */
int yaml_int_value(const struct yaml_node *node, int64_t *ret);
/* Of a YAML_TYPE_FLOAT or YAML_TYPE_INT: 0, or -EINVAL for .nan and .inf. */
int yaml_float_value(const struct yaml_node *node, double *ret);

/* "<what>: expected <expected>, found …" at the node, with the given remedy. Returns -EINVAL. */
int yaml_refuse_type(const struct yaml_node *node, const char *what, const char *expected,
        const char *remedy, struct err *err);
/* Puts "<what>: " before the message, unless what is empty. Returns code. */
int yaml_wrap_what(struct err *err, int code, const char *what);
/* Returns -ENOMEM. */
int yaml_no_memory(struct err *err);
