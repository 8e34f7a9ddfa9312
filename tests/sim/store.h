/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A cluster's objects, kept as the JSON that goes over the wire.
 *
 * A `doc` is one version of one object: its key and its bytes, immutable and counted. A `table`
 * holds the current docs of one resource type of one cluster, sorted by key as etcd has them,
 * and the events of the recent past: what watches resume from and what a list that continues is
 * read from.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/sim/jscan.h"
#include "tests/sim/mem.h"
#include "tests/sim/restype.h"

struct cluster;
struct watch;

struct doc {
        unsigned refs;
        uint32_t json_len;
        uint64_t rv;
        uint16_t ns_len; /* 0: cluster-scoped */
        uint16_t key_len;
        char text[]; /* key, NUL, JSON, NUL */
};

/* "namespace/name" or "name". */
static inline const char *doc_key(const struct doc *d)
{
        return d->text;
}

static inline const char *doc_name(const struct doc *d)
{
        return d->text + (d->ns_len ? d->ns_len + 1 : 0);
}

static inline const char *doc_json(const struct doc *d)
{
        return d->text + d->key_len + 1;
}

/* Serialized text becomes a doc with one reference. @ns is "" for cluster-scoped objects. */
struct doc *doc_new(const char *ns, const char *name, uint64_t rv, const char *json, size_t len);
struct doc *doc_ref(struct doc *d);
void doc_unref(struct doc *d);
/* A tree of it; the caller json_decref()s. */
json_t *doc_parse(const struct doc *d);
/* The namespace, not NUL-terminated: doc_key() with ns_len. As a copy: */
char *doc_namespace(const struct doc *d);

enum event_type {
        EVENT_ADDED,
        EVENT_MODIFIED,
        EVENT_DELETED,
};

struct event {
        uint64_t rv;
        uint64_t at_us;
        enum event_type type;
        struct doc *prev; /* NULL for EVENT_ADDED */
        struct doc *next; /* for EVENT_DELETED the last state with the deletion's version */
};

struct table {
        struct cluster *cluster;
        const struct restype *type;
        struct doc **v; /* sorted by key */
        size_t n, cap;
        struct event *events; /* oldest first, from events[first] */
        size_t first, n_events, cap_events;
        uint64_t forgotten_rv; /* events up to here are gone */
        struct watch *watches;
};

struct table *table_new(struct cluster *cluster, const struct restype *type);
void table_free(struct table *t);

/* The current version, borrowed, or NULL. */
struct doc *table_find(const struct table *t, const char *ns, const char *name);
/* The position of the first doc whose key is at or behind @key. */
size_t table_seek(const struct table *t, const char *key);

/*
 * Stores @obj as the next version of @ns/@name: sets metadata.resourceVersion, serializes with
 * keys sorted, as the API server has custom resources, records the event and tells the watches and
 * the cluster's controllers. Borrowed result.
 */
struct doc *table_put(struct table *t, const char *ns, const char *name, json_t *obj);
/* The same for text that was serialized already, with its version in it; for bulk loads. */
void table_put_text(struct table *t, const char *ns, const char *name, uint64_t rv,
        const char *json, size_t len, bool silent);
/* Removes it; the event carries the last state with a new version. */
void table_remove(struct table *t, struct doc *d);

/*
 * The docs as they were at @rv, from the first key behind @after: fills at most @limit borrowed
 * docs and returns how many there are behind @after. Returns -1 when @rv is forgotten.
 */
ssize_t table_at(
        const struct table *t, uint64_t rv, const char *after, struct doc **out, size_t limit);

/* Forgets all events, as etcd's compaction does: older versions are "too old" from now on. */
void table_compact(struct table *t);

/* Serializes with sorted keys; the head (apiVersion, kind) comes from @type. */
void object_serialize(const struct restype *type, const json_t *obj, struct str *out);
