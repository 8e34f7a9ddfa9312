/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The object storage that all clusters of the process share: what Velero wrote under each prefix
 * of each bucket. Contents are kept as the docs that were backed up; files are made from them when
 * somebody downloads one.
 */
#include <jansson.h>
#include <time.h>

#include "tests/sim/store.h"

/* One object inside a backup. */
struct item {
        const struct restype *type;
        struct doc *doc;
};

/* What a backup holds; counted, because backups made in bulk share theirs. */
struct items {
        unsigned refs;
        struct item *v;
        size_t n, cap;
};

struct items *items_new(void);
struct items *items_ref(struct items *items);
void items_unref(struct items *items);
/* Adds an object. Takes a reference of its own. */
void items_add(struct items *items, const struct restype *type, struct doc *d);

/* P/backups/NAME/ */
struct stored_backup {
        char *name;
        struct doc *cr;      /* velero-backup.json, as the cluster had it in the end */
        struct items *items; /* NULL: nothing was uploaded but the metadata */
        json_t *results;     /* {"warnings":…,"errors":…}; NULL: none */
};

/* P/restores/NAME/ */
struct stored_restore {
        char *name;
        json_t *results;
        json_t *resources; /* {"v1/ConfigMap":["ns/name(created)"]} */
        time_t started;
};

struct prefix {
        char *bucket;
        char *path;                    /* without slashes at its ends; "" for the root */
        struct stored_backup *backups; /* sorted by name */
        size_t n_backups, cap_backups;
        struct stored_restore *restores;
        size_t n_restores;
};

struct buckets {
        char **names; /* buckets that exist */
        size_t n_names;
        struct prefix **v;
        size_t n;
};

/* The bucket that every simulated fleet has. */
#define BUCKET_NAME       "fleet"
#define BUCKET_ACCESS_KEY "fleetfs"
#define BUCKET_SECRET_KEY "fleetfs-e2e-secret"

void bucket_add(struct buckets *b, const char *name);
bool bucket_exists(const struct buckets *b, const char *name);
/* The prefix, made when it is first used. */
struct prefix *bucket_prefix(struct buckets *b, const char *bucket, const char *path);
/*
 * Top-level folders below @p that Velero would not tolerate, in its own words "[eu us]", into
 * @out; returns false where there are none.
 */
bool bucket_invalid_dirs(const struct buckets *b, const struct prefix *p, struct str *out);
void buckets_done(struct buckets *b);

struct stored_backup *prefix_backup(const struct prefix *p, const char *name);
/* Adds or replaces; takes references of its own. */
struct stored_backup *prefix_put_backup(
        struct prefix *p, const char *name, struct doc *cr, struct items *items, json_t *results);
void prefix_remove_backup(struct prefix *p, const char *name);
struct stored_restore *prefix_restore(const struct prefix *p, const char *name);
/* Takes the references over. */
void prefix_put_restore(
        struct prefix *p, const char *name, json_t *results, json_t *resources, time_t started);
void prefix_remove_restore(struct prefix *p, const char *name);
