/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * record: a C struct and its place in a JSON document, said once, in a table.
 *
 *     struct backup {
 *             const char *name;
 *             const char *phase_text;
 *             int64_t started;
 *             const char *errors;
 *             uint8_t phase;                          enum backup_phase
 *     };
 *     static const struct record_field backup_fields[] = {
 *             FIELD(struct backup, name, "metadata.name", RECORD_REQUIRED),
 *             FIELD_TIME(struct backup, started, "status.startTimestamp", 0),
 *             FIELD_ENUM(struct backup, phase, phase_text, "status.phase", &backup_phases, 0),
 *             FIELD_JOINED(struct backup, errors, "status.validationErrors", "; ", 0),
 *     };
 *     static struct record_type backup_type = RECORD_TYPE("Backup", struct backup, backup_fields);
 *
 *     r = record_decode(&backup_type, bytes, len, (void **)&b, err);      … free(b)
 *
 * The type of the member picks the type of the field; one that no row macro knows does not compile.
 *
 * Paths are keys joined by "."; a key with dots or slashes stands in brackets:
 * metadata.labels[velero.io/backup-name]. Keys the table does not name are ignored: Kubernetes
 * grows. A required one that is missing, and a value of the wrong type, are errors that name the
 * path. null counts as missing. Of a repeated key the last value counts, objects merge. Several
 * rows may have one path, and several rows one member (see RECORD_FALLBACK).
 *
 * A decoded record is one allocation: the struct and right behind it its strings; free() is its
 * destructor. Nothing of the document is kept. Decoding is one pass of base/json.h over the bytes.
 *
 * Absent values are "" (a string is never NULL), 0, false; an absent enum is 0.
 *
 * Thread: tables are shared by all threads; records are plain data.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Texts of an enum: names[value]; NULL entries have no text. */
struct record_enum {
        const char *const *names;
        int n;
        int unknown; /* the value for a text that is not listed */
};

/* The value of a text, e->unknown if it is not listed; the text of a value, or NULL. */
int record_enum_value(const struct record_enum *e, const char *text, size_t len);
const char *record_enum_text(const struct record_enum *e, int value);

enum record_field_type {
        RECORD_STRING,  /* const char * */
        RECORD_INT64,   /* int64_t */
        RECORD_INT32,   /* int32_t; out of range is an error, as for each type but the next */
        RECORD_UINT32,  /* uint32_t */
        RECORD_UINT16,  /* uint16_t; what is more becomes 65535 */
        RECORD_BOOL,    /* bool */
        RECORD_TIME,    /* int64_t, seconds since 1970, from RFC 3339; fractions are cut off */
        RECORD_ENUM,    /* int or uint8_t, and beside it the text as it was written */
        RECORD_JSON,    /* const char *, the value's own JSON text */
        RECORD_JOINED,  /* const char *, an array of strings joined by `separator`, or an object of
                           strings as "key -> value" joined; "" from a scalar is an error */
        RECORD_PRESENT, /* bool, whether there is a value at all that is not null */
};

enum record_field_flags {
        RECORD_REQUIRED = 1 << 0, /* must be there to decode; "" counts as there */
        RECORD_FALLBACK = 1 << 1, /* taken only if the member is still absent after the rows before */
        RECORD_SHARED = 1 << 2,   /* of a text: many records have the same (record_keep()) */
};

struct record_field {
        const char *path;
        const struct record_enum *names; /* of RECORD_ENUM */
        const char *separator;           /* of RECORD_JOINED */
        uint16_t offset;
        uint16_t text_offset; /* of RECORD_ENUM */
        uint8_t type;         /* enum record_field_type */
        uint8_t size;         /* of the member */
        uint8_t flags;
};

/* clang-format off */
#define RECORD_FIELD_(T, m, p, t, fl, ...)                                                       \
        { .path = (p), .offset = offsetof(T, m), .size = sizeof(((T *)0)->m), .type = (t),       \
          .flags = (fl), __VA_ARGS__ }

#define FIELD(T, m, p, fl)                                                                       \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, const char *: RECORD_STRING,                \
                int64_t: RECORD_INT64, int32_t: RECORD_INT32, uint32_t: RECORD_UINT32,           \
                uint16_t: RECORD_UINT16, bool: RECORD_BOOL), fl, )
#define FIELD_TIME(T, m, p, fl)                                                                  \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, int64_t: RECORD_TIME), fl, )
/* `text` keeps what was written, known or not; the text of a known value costs no memory. */
#define FIELD_ENUM(T, m, text, p, e, fl)                                                         \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, int: RECORD_ENUM, uint8_t: RECORD_ENUM),    \
                fl, .names = (e), .text_offset = _Generic(((T *)0)->text,                        \
                        const char *: offsetof(T, text)))
#define FIELD_JSON(T, m, p, fl)                                                                  \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, const char *: RECORD_JSON), fl, )
#define FIELD_JOINED(T, m, p, sep, fl)                                                           \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, const char *: RECORD_JOINED), fl,           \
                .separator = (sep))
#define FIELD_PRESENT(T, m, p, fl)                                                               \
        RECORD_FIELD_(T, m, p, _Generic(((T *)0)->m, bool: RECORD_PRESENT), fl, )
/* clang-format on */

struct record_plan;

/* A table and its name for messages. Not const: the plan made from it on first use is kept in it.
 */
struct record_type {
        const char *name;
        size_t size;
        const struct record_field *fields;
        unsigned n_fields;        /* at most LIMIT_RECORD_FIELDS */
        struct record_plan *plan; /* record.c's, atomic */
};

#define RECORD_TYPE(type_name, T, table)                                   \
        {                                                                  \
                .name = (type_name), .size = sizeof(T), .fields = (table), \
                .n_fields = sizeof(table) / sizeof((table)[0])             \
        }

/*
 * Makes a record from the JSON object at `bytes`; caller frees *ret with free().
 * -EBADMSG with "Backup: status.progress.totalItems: expected an integer"; -E2BIG nested too deep;
 * -ENOMEM.
 */
int record_decode(
        struct record_type *type, const char *bytes, size_t len, void **ret, struct err *err);

/* The same into the caller's struct; *strings, to be freed after it, holds what its pointers point
 * to (NULL: none). */
int record_decode_into(struct record_type *type, const char *bytes, size_t len, void *out,
        char **strings, struct err *err);

/*
 * A copy of a record for who has very many of them: the texts of rows with RECORD_SHARED are interned (base/intern.h), the
 * others are behind the struct, as in a decoded one. `record` stays the caller's. NULL without memory. What its pointers
 * point to is constant, its numbers may be changed.
 *
 * record_drop() frees such a copy, and nothing else; NULL allowed.
 */
void *record_keep(const struct record_type *type, const void *record);
void record_drop(const struct record_type *type, void *kept);

/* Whether all fields are the same. */
bool record_equal(const struct record_type *type, const void *a, const void *b);

/* Checks a table: paths well-formed, unique, none a prefix of another, enums complete. For unit
 * tests. -EINVAL. */
int record_type_check(struct record_type *type, struct err *err);
