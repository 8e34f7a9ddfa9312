/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Strict YAML (and JSON, which is parsed as YAML) into a tree whose every node knows its place.
 *
 * libyaml scans; this file composes, and refuses with line, column, one sentence and a remedy what
 * libyaml or people let through: duplicate keys, tabs in indentation, undefined and
 * self-referencing aliases, alias bombs, nesting over LIMIT_YAML_DEPTH, tags outside the core
 * schema, bytes that are no UTF-8, NUL, empty input, too many documents, complex keys, oversize.
 * Anchors, aliases and merge keys (<<) within the bounds are fine: an alias is its anchor's node,
 * shared.
 *
 * Plain scalars resolve as kubectl resolves them (YAML 1.1: yes, no, on and off are booleans).
 * Where a string is wanted, a plain scalar that resolves to something else, or that other parsers
 * read as a number in base 60, is an error that says "quote it".
 *
 * The tree is immutable and owned by struct yaml_docs; nodes and texts live exactly as long. It may
 * be read from several threads. Nothing here does I/O.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct arena;
struct err;
struct strv;

/* err.id of what this file and schema.c refuse. */
#define ERR_ID_SYNTAX        "FLT-0201"
#define ERR_ID_DUPLICATE_KEY "FLT-0202"
#define ERR_ID_UNKNOWN_FIELD "FLT-0203"
#define ERR_ID_WRONG_TYPE    "FLT-0204"
#define ERR_ID_MISSING_FIELD "FLT-0205"
#define ERR_ID_ALIAS         "FLT-0206"
#define ERR_ID_ENCODING      "FLT-0207"
#define ERR_ID_TOO_LARGE     "FLT-0208"
#define ERR_ID_EMPTY         "FLT-0209"
#define ERR_ID_DOCUMENTS     "FLT-0210"
#define ERR_ID_VALUE         "FLT-0211"
#define ERR_ID_DEPTH         "FLT-0212"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

enum yaml_type {
        YAML_TYPE_NULL,
        YAML_TYPE_BOOL,
        YAML_TYPE_INT,
        YAML_TYPE_FLOAT,
        YAML_TYPE_STRING,
        YAML_TYPE_SEQUENCE,
        YAML_TYPE_MAPPING,
};

struct yaml_pair {
        const struct yaml_node *key; /* always a scalar */
        const struct yaml_node *value;
};

struct yaml_node {
        enum yaml_kind kind;
        enum yaml_type type;
        int line, column; /* of its first character, from 1; columns count characters */
        bool quoted;      /* quoted, a block scalar, or tagged !!str: a string whatever its text */
        const char *text; /* scalar: NUL-terminated UTF-8 without other NULs; else "" */
        size_t len;       /* scalar: bytes of text */
        size_t n;         /* sequence: items, mapping: pairs */
        union {
                const struct yaml_node *const *items; /* sequence */
                const struct yaml_pair *pairs;        /* mapping, in the file's order */
        };
        size_t cost;     /* nodes and text bytes with all aliases written out */
        unsigned height; /* 1 for a scalar */
};

/* One input: n documents, at least one, none of them empty. */
struct yaml_docs {
        const struct yaml_node **roots;
        size_t n;
        struct arena *arena; /* private */
};

struct yaml_options {
        size_t max_bytes; /* mandatory; from base/limits.h */
        bool multi;       /* several documents are wanted; empty ones among them are skipped */
};

/* 0, or -EINVAL, -EFBIG (over max_bytes or too many nodes), -ENOMEM, with place, id and remedy. The
 * bytes may be freed after. */
int yaml_parse(const char *bytes, size_t len, const struct yaml_options *options,
        struct yaml_docs **ret, struct err *err);
void yaml_docs_free(struct yaml_docs *docs);
DEFINE_CLEANUP(struct yaml_docs *, yaml_docs_free);

/* The value of a key of a mapping; NULL if there is none, and if map is NULL or no mapping. An
 * explicit null is a node. */
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* The same along a path of keys with dots: yaml_find(root, "spec.policy.ttl"). */
const struct yaml_node *yaml_find(const struct yaml_node *map, const char *path);
/* The whole pair, for the key's place. */
const struct yaml_pair *yaml_get_pair(const struct yaml_node *map, const char *key);

/* True for NULL and for null: unset, as Kubernetes reads it. */
bool yaml_is_null(const struct yaml_node *node);

/*
 * Loops over the items or pairs of a node; no turn is made where it is NULL or of another kind. `i`
 * becomes the index, `item` a const struct yaml_node *, `pair` a const struct yaml_pair *. Two
 * loops stand for one, the inner declares the element: i_go_ makes break leave both. The node is
 * evaluated each time.
 */
#define YAML_ITEMS(node, i, item)                                                          \
        for (size_t i = 0, i##_n_ = yaml_count(node, YAML_SEQUENCE), i##_go_ = 1;          \
                i##_go_ && i < i##_n_; i++)                                                \
                for (const struct yaml_node *item = (i##_go_ = 0, (node)->items[i]); item; \
                        item = NULL, i##_go_ = 1)
#define YAML_PAIRS(node, i, pair)                                                           \
        for (size_t i = 0, i##_n_ = yaml_count(node, YAML_MAPPING), i##_go_ = 1;            \
                i##_go_ && i < i##_n_; i++)                                                 \
                for (const struct yaml_pair *pair = (i##_go_ = 0, &(node)->pairs[i]); pair; \
                        pair = NULL, i##_go_ = 1)

/* The number of children of a node of that kind; 0 for NULL and for another kind. */
static inline size_t yaml_count(const struct yaml_node *node, enum yaml_kind kind)
{
        return node && node->kind == kind && kind != YAML_SCALAR ? node->n : 0;
}

/*
 * Typed readers. `what` is the field's path as the user knows it ("spec.schedule") and starts the
 * message. 0, or -EINVAL with place, FLT-0204 and a remedy; *ret is then untouched. A NULL node is
 * -EINVAL "… is missing" (FLT-0205). Strings point into the tree.
 */
int yaml_as_string(
        const struct yaml_node *node, const char *what, const char **ret, struct err *err);
int yaml_as_bool(const struct yaml_node *node, const char *what, bool *ret, struct err *err);
int yaml_as_int(const struct yaml_node *node, const char *what, int64_t *ret, struct err *err);
/* A Go duration in nanoseconds; FLT-0211 where the text is none. */
int yaml_as_duration(
        const struct yaml_node *node, const char *what, int64_t *ret_ns, struct err *err);
/* A sequence of strings; appended to *ret, which is unchanged on failure (also -ENOMEM). */
int yaml_as_strv(const struct yaml_node *node, const char *what, struct strv *ret, struct err *err);
/* Refuse another kind than the one named. */
int yaml_want_mapping(const struct yaml_node *node, const char *what, struct err *err);
int yaml_want_sequence(const struct yaml_node *node, const char *what, struct err *err);

/*
 * Optional fields of a mapping: absent or null leaves *ret as it is and returns 0, else as above.
 * `key` is looked up in map and is the end of the message's path, `what` its beginning (may be "").
 */
int yaml_get_string(const struct yaml_node *map, const char *what, const char *key,
        const char **ret, struct err *err);
int yaml_get_bool(
        const struct yaml_node *map, const char *what, const char *key, bool *ret, struct err *err);
int yaml_get_strv(const struct yaml_node *map, const char *what, const char *key, struct strv *ret,
        struct err *err);

/*
 * The JSON that kubectl would send: typed scalars, keys as strings. A new reference in *ret.
 * -EINVAL for what JSON cannot say (.nan, .inf, a null key, an integer over 64 bits, two keys that
 * become one), -ENOMEM.
 */
int yaml_to_json(const struct yaml_node *node, json_t **ret, struct err *err);

/* "a string", "a list", …, for messages. */
const char *yaml_type_name(enum yaml_type type);
/*
 * Sets an error at the node: its place, the id and the sentence. Returns -EINVAL. A NULL node has
 * no place. Follow with err_remedy().
 */
int yaml_refuse(const struct yaml_node *node, struct err *err, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));

/* What a plain scalar resolves to; *ret_sexagesimal (may be NULL) is true for 1:30 and the like,
 * which resolve to a string. */
enum yaml_type yaml_resolve_plain(const char *text, size_t len, bool *ret_sexagesimal);
