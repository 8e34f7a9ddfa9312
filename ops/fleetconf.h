/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * fleetconf: which fleets there are, of which clusters, and how each is reached, as plain data.
 *
 * Two sources, both files of this machine, one result:
 *
 *   1. nothing configured: every context of the kubeconfig is a member of one fleet, "default";
 *   2. fleet files: multi-document YAML of kind Fleet (fleet.kurator.dev/v1alpha1) and
 *      AttachedCluster (cluster.kurator.dev/v1alpha1), as Kurator has them, with these additions:
 *        - AttachedCluster spec.kubeconfig {path, context}: the path from the fleet file's folder,
 *          or left out for the kubeconfig kubectl would use; the context, or current-context;
 *        - Fleet spec.plugin.backup.storage.prefix;
 *        - the annotation fleetfs.dev/velero-namespace on either kind.
 *
 * A fleet file is read strictly: anything unknown, doubled or dangling fails the load with
 * file:line:column.  What concerns one cluster only (its kubeconfig is broken, its context is gone)
 * is that member's error.
 *
 * Loading is a function of the file system.  Watching lives on a loop; all its calls and callbacks
 * are on its thread.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"
#include "k8s/kubeconfig.h"

struct loop;

/*
 * Whether a text is a DNS-1123 subdomain of at most 63 characters, as fleets, members and namespaces
 * are named.
 */
bool fleetconf_name_ok(const char *name);

/* A folder name that the store has on record as given to a context (source 1). */
struct fleetconf_known {
        const char *context;
        const char *name;
};

struct fleetconf_source {
        struct kubeconfig_source kube;
        const char *fleet_file; /* --fleet-file: must exist, from kube.cwd; NULL: fleet_dir */
        const char *fleet_dir;  /* its *.yaml, by name; NULL, missing or without any: source 1 */
        /* --velero-namespace: for members without their own; or NULL */
        const char *velero_namespace;
        /* A known context keeps its name; a known name is given to nobody else. */
        const struct fleetconf_known *known;
        size_t n_known;
        /* Whether the mount's root has a file of this name, which then names no fleet; NULL: none. */
        bool (*root_has)(const char *name);
};

/* Where the object storage of a fleet's backups is: of spec.plugin.backup.storage what is used.
 * Absent strings are NULL. */
struct fleetconf_storage {
        char *provider; /* "aws", "gcp", "azure", "huaweicloud", … */
        char *bucket;
        char *prefix;
        char *endpoint; /* `endpoint`, or `s3Url` of the older spelling */
};

/*
 * spec.plugin.backup: what Kurator installs Velero with. fleetfs installs and changes no Velero, and
 * its users are told so (FLT-0121, FLT-0122); policies with storage of their own keep off the place.
 * Credentials, region, chart and extraArgs are checked, and shown in fleet.yaml only.
 */
struct fleetconf_backup {
        bool present;
        struct fleetconf_storage storage;
};

struct fleetconf_member {
        char *name; /* the folder: DNS-1123 subdomain, at most 63 characters, unique in its fleet */
        char *context;             /* as the kubeconfig spells it; NULL while unknown (error) */
        char *kubeconfig;          /* absolute; NULL: kubectl finds it by itself */
        struct strv labels;        /* "key=value", sorted by key */
        struct kube_context *kube; /* NULL only with error */
        char *velero_namespace;    /* configured, or NULL: find it */
        int error; /* 0, or -errno: the cluster cannot be reached as configured, err says why */
        struct err err;
};

struct fleetconf_fleet {
        char *name;
        char *yaml; /* shown as fleet.yaml: the user's own documents; for source 1 the equivalent */
        size_t yaml_len;
        struct fleetconf_backup backup;
        struct fleetconf_member *members; /* in the order of the source */
        size_t n_members;
};

struct fleetconf {
        struct fleetconf_fleet *fleets; /* in the order of the source, at least one */
        size_t n_fleets;
        struct strv files; /* absolute; whose change may change the result, missing ones too */
        char *dir;         /* whose *.yaml count, or NULL */
        unsigned refs;     /* private */
};

/*
 * Loads. Caller frees *ret; on failure it is untouched and err has place, sentence and remedy.
 * -ENOENT no kubeconfig and no fleet file, or --fleet-file missing; -EACCES, -EIO unreadable;
 * -EINVAL wrong content; -E2BIG more than LIMIT_CONFIG_FILES, LIMIT_CONFIG_CLUSTERS; -EFBIG a file
 * above LIMIT_CONFIG_BYTES; -ENOMEM.
 */
int fleetconf_load(const struct fleetconf_source *src, struct fleetconf **ret, struct err *err);

/* A configuration is never changed once it is loaded. A watch may share it and keep it alive, so
 * free it on the watch's thread. NULL is allowed. */
void fleetconf_free(struct fleetconf *conf);
DEFINE_CLEANUP(struct fleetconf *, fleetconf_free);

/* Borrowed, or NULL. */
const struct fleetconf_fleet *fleetconf_find(const struct fleetconf *conf, const char *fleet);

/*
 * The folder name of a context: its last path part, lower case, other characters than [a-z0-9.-] as
 * '-', trimmed to a DNS-1123 subdomain of at most 63 characters; "cluster" when nothing is left.
 * Pure. Caller frees; -ENOMEM.
 */
int fleetconf_folder(char **ret, const char *context);

/* What is different about a member or fleet that is in both configurations. */
enum fleetconf_what {
        FLEETCONF_CONNECTION = 1 << 0, /* server, CA, proxy, context, kubeconfig: make a new client */
        FLEETCONF_CREDENTIAL = 1 << 1, /* the user: make a new client */
        FLEETCONF_LABELS = 1 << 2,
        FLEETCONF_VELERO_NAMESPACE = 1 << 3,
        FLEETCONF_ERROR = 1 << 4,  /* broke, was repaired, or is broken otherwise */
        FLEETCONF_BACKUP = 1 << 5, /* of a fleet: plugin.backup */
        FLEETCONF_YAML = 1 << 6,   /* of a fleet: the shown text */
};

enum fleetconf_change_kind { FLEETCONF_ADDED, FLEETCONF_REMOVED, FLEETCONF_CHANGED };

struct fleetconf_change {
        enum fleetconf_change_kind kind;
        const struct fleetconf_fleet *fleet; /* of the new configuration; of the old when removed */
        const struct fleetconf_member *member; /* likewise; NULL: the fleet itself */
        unsigned what;                         /* fleetconf_what bits when CHANGED */
};

struct fleetconf_diff {
        struct fleetconf_change
                *changes; /* removals, then changes and additions; a fleet before its members */
        size_t n_changes;
};

/* Compares by name; `old` may be NULL (all added). Borrows from both. -ENOMEM. */
int fleetconf_diff(
        const struct fleetconf *old, const struct fleetconf *new_, struct fleetconf_diff *ret);
void fleetconf_diff_done(struct fleetconf_diff *diff);

/*
 * A change on disk: either `conf`, which is then the callee's to free, or `err`: the files are
 * wrong now and the configuration in force should stay. The same error is reported once. Not called
 * when nothing has changed in effect.
 */
typedef void fleetconf_changed(void *arg, struct fleetconf *conf, const struct err *err);

struct fleetconf_watch;

/*
 * Watches the files of `conf` (and what they link to) from now on; `conf` stays the
 * caller's, all of `src` is copied. What changed since `conf` was loaded is told as well. Loads
 * anew LIMIT_CONFIG_DEBOUNCE_MS after the last of a burst of changes. Where inotify does not report
 * (network file systems) a look each LIMIT_CONFIG_POLL_MS finds the change. -EMFILE, -ENOSPC: out
 * of inotify instances, said in err; -ENOMEM.
 */
int fleetconf_watch_new(struct fleetconf_watch **ret, struct loop *loop,
        const struct fleetconf_source *src, struct fleetconf *conf, fleetconf_changed *changed,
        void *arg, struct err *err);

/* Loads now, as after SIGHUP: calls back also when the files are wrong in the same way as before.
 */
void fleetconf_watch_reload(struct fleetconf_watch *watch);

/* Replaces the assignments that the next load starts from (the store has recorded new ones).
 * -ENOMEM. */
int fleetconf_watch_known(
        struct fleetconf_watch *watch, const struct fleetconf_known *known, size_t n_known);

/* NULL is allowed; may be called from within `changed`. */
void fleetconf_watch_free(struct fleetconf_watch *watch);
DEFINE_CLEANUP(struct fleetconf_watch *, fleetconf_watch_free);
