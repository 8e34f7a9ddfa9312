/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strict validation of a YAML tree by tables.
 *
 *         static const struct schema_field policy_fields[] = {
 *                 { "ttl", SCHEMA_DURATION, .help = "how long the backup is kept" },
 *                 { "includedNamespaces", SCHEMA_STRING_LIST, .help = "…" },
 *                 { "onError", SCHEMA_ENUM, .allowed = on_error_values, .help = "…" },
 *         };
 *         static const struct schema policy_schema = SCHEMA(policy_fields);
 *
 * The first thing that is wrong, in the order of the file, becomes the error: its place, an id of
 * base/yaml.h, one sentence that starts with the field's path, a remedy. Missing fields are told
 * last, at the place of their object.
 *
 * null is as Kubernetes has it: for an optional field it means unset, for a required one it is the
 * same as leaving it out unless the row says SCHEMA_NULLABLE; an item of a list or a value of a map
 * is never null.
 *
 * Tables are constant; the functions may be called from any thread.
 */
#include <stddef.h>

#include "base/spell.h"
#include "base/yaml.h"

struct err;
struct strv;

enum schema_kind {
        SCHEMA_STRING, /* text; plain scalars that resolve to something else are refused */
        SCHEMA_BOOL,
        SCHEMA_INT,           /* 64 bits, between min and max if max is above min */
        SCHEMA_NUMBER,        /* an int or a float */
        SCHEMA_INT_OR_STRING, /* Kubernetes' IntOrString */
        SCHEMA_DURATION,      /* Go's, as text */
        SCHEMA_TIME,          /* RFC 3339, as text */
        SCHEMA_ENUM,          /* one of .allowed */
        SCHEMA_STRING_LIST,   /* each of .allowed if that is set */
        SCHEMA_STRING_MAP,    /* string to string, as labels are */
        SCHEMA_OBJECT,        /* .sub */
        SCHEMA_OBJECT_LIST,   /* each .sub */
        SCHEMA_OBJECT_MAP,    /* free keys, each value .sub */
        SCHEMA_ANY_MAP,       /* a mapping of anything */
        SCHEMA_ANY,
};

#define SCHEMA_REQUIRED   (1U << 0)
#define SCHEMA_NULLABLE   (1U << 1) /* with SCHEMA_REQUIRED: null is a value */
#define SCHEMA_NOT_EMPTY  (1U << 2) /* no "", no empty list or map */
#define SCHEMA_DEPRECATED (1U << 3) /* accepted; schema_deprecated() lists it */

struct schema;

struct schema_field {
        const char *name;
        enum schema_kind kind;
        const struct schema *sub;   /* OBJECT, OBJECT_LIST, OBJECT_MAP */
        const char *const *allowed; /* ENUM, and STRING_LIST if wanted; NULL-terminated */
        unsigned flags;
        int64_t min, max; /* INT */
        /*
         * One more look at a value of the right kind, after the table's own; for lists and maps it
         * gets the whole. Returns 0 or -EINVAL with err set: the walker adds the path before the
         * message, and the place, FLT-0211 and code where check left them out.
         */
        int (*check)(const struct yaml_node *node, struct err *err);
        const char *help; /* one line; for templates and "did you mean" lists; also why a field is
                             deprecated */
};

struct schema {
        const struct schema_field *fields;
        size_t n;
        /* What no row can say (either this or that); after all rows passed. As schema_field.check.
         */
        int (*check)(const struct yaml_node *node, struct err *err);
};

#define SCHEMA(field_table)                                           \
        {                                                             \
                .fields = (field_table), .n = ARRAY_SIZE(field_table) \
        }

/* `path` is what the node is called in messages: "" for a document, "spec" for a part. 0 or
 * -EINVAL. */
int schema_check(const struct schema *schema, const struct yaml_node *node, const char *path,
        struct err *err);

/* Appends a line "12:3: spec.x is deprecated: <help>" for each deprecated field of a tree that
 * passed. 0 or -ENOMEM. */
int schema_deprecated(const struct schema *schema, const struct yaml_node *node, const char *path,
        struct strv *ret);
