/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The objects of a fresh cluster that are the same in all of them. */
#include <stddef.h>

struct seed_row {
        const char *type; /* a resource name that restype_find_name() knows */
        const char *ns;   /* "" for cluster-scoped ones */
        const char *name;
        const char *json; /* the object without its identity, with ' for each " */
};

extern const struct seed_row seed_rows[];
extern const size_t n_seed_rows;

/* A Completed Backup, a template in the same quotes; its holes are those of seed.c. */
extern const char seed_backup_text[];
