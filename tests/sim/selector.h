/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Label and field selectors, from a query string or from a LabelSelector in an object.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/sim/mem.h"

enum requirement_op {
        REQ_IN,     /* also "=" with one value */
        REQ_NOT_IN, /* also "!="; a missing key matches */
        REQ_EXISTS,
        REQ_NOT_EXISTS,
};

struct requirement {
        char *key;
        enum requirement_op op;
        char **values;
        size_t n_values;
};

/* All requirements hold. `{0}` selects everything. */
struct selector {
        struct requirement *v;
        size_t n;
};

void selector_done(struct selector *s);
/* "a=b,c!=d,e in (x,y),!f". Returns 0, or -1 with a sentence in @why. */
int selector_parse(struct selector *s, const char *text, struct str *why);
/* A metav1.LabelSelector; NULL and an empty one select everything. Returns 0 or -1. */
int selector_from_json(struct selector *s, const json_t *label_selector, struct str *why);
/* Against the labels of the serialized object @json. */
bool selector_match_labels(const struct selector *s, const char *json);
/* Against fields of @json by dotted path ("metadata.name"); only REQ_IN and REQ_NOT_IN occur. */
bool selector_match_fields(const struct selector *s, const char *json);
