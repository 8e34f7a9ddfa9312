/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Private to base/yaml*.c: libyaml's complaints in our words. */
#include <stdbool.h>

struct yaml_complaint {
        const char *problem; /* libyaml's */
        const char *context; /* libyaml's, NULL for any */
        const char *msg, *remedy;
        bool at_context; /* the place that helps is where the construct began */
};

/* The row for a problem and its context (both not NULL), or NULL where libyaml's own words must do.
 */
const struct yaml_complaint *yaml_complaint_find(const char *problem, const char *context);
