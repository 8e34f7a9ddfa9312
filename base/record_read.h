/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* record_read: one value of a document, as a row of a table wants it. Private to base/record*.c. */
#include "base/json.h"
#include "base/record.h"

/* What the walk found for one row. */
struct record_found {
        bool escaped;
        uint32_t count; /* elements, or pairs */
        int64_t number; /* integers, times, enums, booleans */
        const char *p;  /* strings: between the quotes; lists, maps, JSON: the whole value */
        size_t len;
        size_t room; /* bytes it needs behind the struct */
};

/* Consumes the value at the scanner and notes it. -EBADMSG: of the wrong type; s->what says how. */
int record_read(const struct record_field *row, struct json_scan *s, struct record_found *ret);
