/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * record_plan: the paths of a record table as a tree, so that a document is walked once. Made on
 * first use, kept in the table, never freed. Private to base/record*.c.
 */
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/record.h"

/* Between key and value where a map is joined to text. */
#define RECORD_ARROW " -> "

struct plan_node {
        const char *key; /* len bytes, in the path of a row */
        uint32_t tag;    /* plan_tag() of the key: most others differ in it */
        uint16_t len;
        uint16_t first,
                n;     /* children: nodes[first] to nodes[first + n - 1], in the table's order */
        int16_t field; /* first row whose path ends here, or -1 */
};

struct record_plan {
        int16_t next[LIMIT_RECORD_FIELDS]; /* the next row of the same path, or -1 */
        uint64_t fallbacks;                /* rows with RECORD_FALLBACK */
        uint64_t required;                 /* rows with RECORD_REQUIRED */
        char *blank;                       /* a record in which everything is absent */
        unsigned n_nodes;
        struct plan_node nodes[]; /* nodes[0] is the document */
};

/* Length and last bytes: keys of one object often begin alike (fleetfs.dev/…), and rarely end so.
 */
static inline uint32_t plan_tag(const char *key, size_t len)
{
        uint32_t last = 0;

        if (len >= sizeof(last))
                memcpy(&last, key + len - sizeof(last), sizeof(last));
        else
                memcpy(&last, key, len);
        return last ^ (uint32_t)len << 24;
}

/* What a string member points to when it is absent. */
extern const char record_absent[1];

/* Any thread. NULL: out of memory. */
const struct record_plan *record_plan_get(struct record_type *type);

/* Some row at or below the node, for messages. */
int plan_first_row(const struct record_plan *plan, const struct plan_node *node);
bool plan_key_is(const struct plan_node *node, const struct json_text *key);

/* The string that belongs to a row: the member itself, or an enum's text; NULL: none. */
const char **record_text_member(const struct record_field *row, void *record);

int record_enum_load(const struct record_field *row, const void *member);
void record_enum_store(const struct record_field *row, void *member, int value);
