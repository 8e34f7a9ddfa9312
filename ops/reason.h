/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stddef.h>

struct err;

/*
 * Every reason the product gives has a stable code FLT-nnnn, used in files, events, xattrs and the
 * log, and explained in docs/errors.md, which is generated from this table. A number is never given
 * to another reason, and never reused.
 *
 *   01xx clusters   02xx policies (0201-0212: base/yaml.h and base/schema.h)
 *   03xx protection 04xx runs, restores, migrations
 *
 * Constant; any thread.
 */
struct reason {
        int code;   /* 101: FLT-0101 */
        int errnum; /* what a system call that fails for it returns; 0: a caveat, nothing fails */
        const char
                *symbol; /* "ClusterUnreachable": CamelCase, for JSON and Kubernetes conditions */
        const char *sentence; /* what is the matter, in general; no final stop */
        const char *remedy;   /* what to do */
};

/* All reasons by ascending code; *n is their number. */
const struct reason *reason_table(size_t *n);
/* The reason of a code; NULL when there is none. */
const struct reason *reason_find(int code);
/* By symbol; NULL when there is none. */
const struct reason *reason_by_symbol(const char *symbol);
