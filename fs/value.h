/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * value: one fact about a subject, said once and shown thrice: as a file of its own (value and
 * newline; no value, empty file), as a member of status.json, and in the words of status.txt.
 *
 * A kind of subject lists its values as an X-macro in the order of their JSON keys; the rows of its
 * directory and its JSON form come from that list:
 *
 *     #define RUN_VALUES(V, J)                                           \
 *             J(run, put_clusters, "clusters")                            \
 *             V(run, phase, "phase", "what the run has come to, one word")
 *
 *     static const struct value_row run_values[] = { RUN_VALUES(VALUE_ROW, VALUE_JSON_ROW) };
 *     enum { RUN_VALUES(VALUE_NUMBER, VALUE_JSON_NUMBER) };
 *     …FILE_ROWs: RUN_VALUES(VALUE_FILE, VALUE_NO_FILE)
 *
 * V(kind, name, JSON key, help): the file's name; the getter is <kind>_<name>(). J(kind, function,
 * JSON key): a list or an object, only in status.json; the function is <kind>_<function>(). The
 * files are rendered by <kind>_value_file() and have the time of <kind>_mtime().
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
/* Writes the member `key` of the object that is open. */
typedef void value_json_fn(struct json_writer *w, const char *key, const struct subject *s);

struct value_row {
        const char *name; /* of the file; NULL: in status.json only */
        const char *json;
        value_fn *get; /* one of these two */
        value_json_fn *put;
};

#define VALUE_ROW(kind, n, j, h)      { .name = #n, .json = (j), .get = kind##_##n },
#define VALUE_JSON_ROW(kind, f, j)    { .json = (j), .put = kind##_##f },
#define VALUE_NUMBER(kind, n, j, h)   kind##_NUMBER_##n,
#define VALUE_JSON_NUMBER(kind, f, j) kind##_NUMBER_##f,
#define VALUE_NO_FILE(kind, f, j)
#define VALUE_FILE(kind, n, j, h)                                                        \
        FILE_ROW(#n, kind##_value_file, .arg = kind##_NUMBER_##n, .flags = NODE_WATCHED, \
                .mtime = kind##_mtime, .help = (h)),

static inline struct value value_none(void)
{
        return (struct value){ .type = VALUE_NONE };
}

static inline struct value value_text(const char *s)
{
        return s != NULL && s[0] != '\0' ? (struct value){ .type = VALUE_TEXT, .s = s }
                                         : value_none();
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
        return t != 0 ? (struct value){ .type = VALUE_TIME, .i = t } : value_none();
}

/* Appends the text of a value without a newline; nothing for none. A bool is 0 or 1. Control
   characters of texts, which Velero's messages may hold, become spaces: one value, one line. */
void value_put(struct buf *out, struct value v);
/* The same for a cell of a table: "-" for none. */
void value_cell(struct buf *out, struct value v);
/* The file: the text and a newline, or nothing. Returns the buffer's error. */
int value_file(struct buf *out, struct value v);
/* All values as members of the object that is open; none is null. Without `whole`, the form of an
   element of somebody else's list, the lists and objects (`put`) are left out. */
void value_members(struct json_writer *w, const struct value_row *rows, size_t n,
        const struct subject *s, bool whole);
