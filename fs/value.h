/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * value: one fact about a subject, said once and shown thrice: as a file of its own (value and newline; no value, empty
 * file), as a member of status.json, and in the cells of status.txt. The same words in all of them.
 *
 * A kind of subject lists its values as an X-macro; the rows of its directory and of its JSON form come from that list:
 *
 *     #define RUN_VALUES(X) X(phase, "phase", "what the run has come to, one word")
 *
 * X(name, json, help): file name, JSON key (camel case), help sentence. The getter is <kind>_<name>().
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "fs/json_writer.h"
#include "fs/subject.h"

enum value_type { VALUE_NONE, VALUE_TEXT, VALUE_INT, VALUE_BOOL, VALUE_TIME };

struct value {
        enum value_type type;
        int64_t i;     /* INT, BOOL, TIME */
        const char *s; /* TEXT; borrowed from the model or static */
};

typedef struct value value_fn(const struct subject *s);

struct value_row {
        const char *name, *json;
        value_fn *get;
};

static inline struct value value_text(const char *s)
{
        return s != NULL && s[0] != '\0' ? (struct value){ .type = VALUE_TEXT, .s = s } : (struct value){ 0 };
}

static inline struct value value_int(int64_t i)
{
        return (struct value){ .type = VALUE_INT, .i = i };
}

static inline struct value value_bool(bool b)
{
        return (struct value){ .type = VALUE_BOOL, .i = b };
}

static inline struct value value_time(int64_t t)
{
        return t != 0 ? (struct value){ .type = VALUE_TIME, .i = t } : (struct value){ 0 };
}

/* The text of a value without a newline; "" for none. A bool is 0 or 1. */
void value_put(struct buf *out, struct value v);
/* The same for a cell of a table: "-" for none. */
void value_cell(struct buf *out, struct value v);
/* The file: the text and a newline, or nothing. */
int value_file(struct buf *out, struct value v);
/* All values as members of the object that is open; none is null. */
void value_members(struct json_writer *w, const struct value_row *rows, size_t n, const struct subject *s);
