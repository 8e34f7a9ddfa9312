/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * columns: a table of a status.txt: left-aligned, two spaces apart, no borders, names never truncated, so that awk and the
 * eye read it alike.
 *
 *     struct columns t = COLUMNS_INIT(5);
 *     columns_cell(&t, "CLUSTER"); …      five cells make a row
 *     columns_put(&t, out);
 *     columns_done(&t);
 */
#include "base/buf.h"
#include "base/limits.h"
#include "fs/value.h"

enum { COLUMNS_MAX = 12 };

struct columns {
        unsigned n;               /* cells of a row */
        unsigned at;              /* cell that comes next */
        size_t width[COLUMNS_MAX];
        struct buf cells;         /* texts, each with its NUL */
};

#define COLUMNS_INIT(n_) { .n = (n_), .cells = BUF_INIT(LIMIT_RENDERED_BYTES) }

void columns_cell(struct columns *t, const char *text);
void columns_value(struct columns *t, struct value v);
/* Appends all rows; a row that is not complete is left out. */
void columns_put(struct columns *t, struct buf *out);
void columns_done(struct columns *t);
