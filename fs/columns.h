/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * columns: a table of a status.txt: left-aligned, two spaces apart, no borders, so that awk and the
 * eye read it alike.
 *
 *     static const char *const heads[] = { "CLUSTER", "PHASE", "ITEMS" };
 *     _cleanup_(columns_done) struct columns t = COLUMNS_INIT(heads);
 *     columns_cell(&t, "eu-1"); …      three cells make a row
 *     columns_put(&t, out);
 *
 * The most important column comes first: where a row would be wider than SHOW_WIDTH, the last
 * columns are left out, for all rows (status.json has them). Names are never truncated: the first
 * two columns are always there.
 */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/value.h"

enum { COLUMNS_MAX = 12 };

struct columns {
        unsigned n;  /* cells of a row */
        unsigned at; /* cell that comes next */
        const char *const *heads;
        size_t width[COLUMNS_MAX]; /* of the widest cell below the head */
        struct buf cells;          /* texts, each with its NUL */
};

#define COLUMNS_INIT(heads_)                                \
        {                                                   \
                .n = ARRAY_SIZE(heads_), .heads = (heads_), \
                .cells = BUF_INIT(LIMIT_RENDERED_BYTES)     \
        }

/* The next cell; "-" for NULL and "". */
void columns_cell(struct columns *t, const char *text);
void columns_value(struct columns *t, struct value v);
/* Appends the head and all rows, which must be complete. No rows: nothing. Once. */
void columns_put(struct columns *t, struct buf *out);
void columns_done(struct columns *t);
