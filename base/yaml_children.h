/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Private to base/yaml*.c: the children of a node while they are being read, and the rules for a
 * mapping's keys. */
#include "base/yaml.h"

struct yaml_children {
        struct yaml_pair *v; /* a sequence uses the values alone */
        size_t n, alloc;
};

void yaml_children_done(struct yaml_children *children);
/* 0 or -ENOMEM. */
int yaml_children_add(struct yaml_children *children, struct yaml_pair pair, struct err *err);
/* Appends the pairs that a merge key brings in: those of a mapping, or of each mapping of a list.
 * -EINVAL for another value. */
int yaml_children_merge(
        struct yaml_children *merged, const struct yaml_node *value, struct err *err);
/*
 * Refuses a key that occurs twice among the first n_explicit pairs, and drops each later pair whose
 * key an earlier one has: an explicit pair wins over a merged one, an earlier merged one over a
 * later.
 */
int yaml_children_unique(struct yaml_children *children, size_t n_explicit, struct err *err);
/* The error for a key that occurs twice. Returns -EINVAL. */
int yaml_refuse_duplicate(
        const struct yaml_node *first, const struct yaml_node *second, struct err *err);
