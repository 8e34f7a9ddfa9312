/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/cleanup.h"

struct arena;
struct err;

/*
 * A policy: what the user's bytes in backups/, restores/ or migrations/ mean, checked as far as
 * that is possible without a cluster, and the Velero specs it makes.
 *
 * One of these spellings, YAML or JSON, told apart by apiVersion and kind:
 *   - Kurator's Backup, Restore, Migrate (backup.kurator.dev/v1alpha1): both proposals' fields and
 *     those Kurator ships;
 *   - Velero's Backup, Schedule, Restore (velero.io/v1), every field of 1.18, for the whole fleet;
 *   - a bare spec without apiVersion and kind: Kurator's spec of the folder's kind.
 *
 * A policy is immutable after policy_parse() and policy_set_links(); it may then be read from any
 * thread. All strings in it are never NULL unless said so, and live as long as it.
 */

enum policy_kind {
        POLICY_BACKUP,
        POLICY_RESTORE,
        POLICY_MIGRATION,
};

enum policy_style {
        POLICY_KURATOR, /* a Kurator document */
        POLICY_BARE,    /* Kurator's spec alone */
        POLICY_VELERO,  /* a Velero document: its spec is sent as it stands */
};

/*
 * The value of a label of a cluster, NULL when the cluster has no such label. Called while a
 * selector is matched; must not block.
 */
typedef const char *policy_label_fn(void *userdata, const char *cluster, const char *key);

/* What the fleet looks like when a policy is checked. Borrowed for the call. */
struct policy_env {
        const char *fleet;           /* name of the fleet whose folder it is in */
        const char *const *clusters; /* folder names of the fleet's clusters */
        size_t n_clusters;
        policy_label_fn
                *label; /* for the warning that a selector matches nothing; NULL: no check */
        void *userdata; /* for `label` */
        /* Refuse a restore or migration in YAML that does not end in a newline: it may be cut off.
         */
        bool final_newline;
        /* The document is a migration folder's policy.yaml: source and targets are its links. */
        bool links;
        /* The document is in force: a cluster that it names may have left the fleet since. */
        bool accepted;
};

/* One requirement of a selector; matchLabels become IN with one value. */
enum policy_operator {
        POLICY_IN,
        POLICY_NOT_IN,
        POLICY_EXISTS,
        POLICY_DOES_NOT_EXIST,
};
struct policy_requirement {
        const char *key;
        enum policy_operator op;
        const char **values;
        size_t n_values;
};

/* Which clusters: the named ones, else those the selector matches, else all of the fleet. */
struct policy_destination {
        const char **clusters; /* in the document's order, no name twice */
        size_t n_clusters;
        struct policy_requirement *requirements;
        size_t n_requirements;
        const char *except; /* never this one: a migration's source; "" for none */
        bool given;         /* the document has a destination */
};

/* Where S2's spec.storage says the backups go, instead of the fleet's storage. */
struct policy_storage {
        const char *provider;
        const char *bucket;
        const char *prefix; /* what comes before the cluster's name, which is always there */
        const char *s3_url;
        const char *region;
        const char *config; /* further settings of the provider's plugin, as a JSON object; "" for none */
        const char *secret; /* name of the Secret with the credentials */
        int line, column;   /* of its location in the document */
};

/* What a restore restores. */
struct policy_reference {
        const char *name; /* a policy's stem or the name of a Velero backup; "" with `schedule` */
        const char *run;  /* "" none, "latest", or a run id */
        const char *schedule; /* Velero's spec.scheduleName, else "" */
};

/*
 * One part of a policy. S0's single `policy` is one part without a name; S2's `policies[]` are as
 * many. `id` is what goes into names and hashes: the name, else the index in decimal, "" for the
 * only part of a policy without `policies[]`.
 */
struct policy_sub {
        const char *id;
        const char *name;
        struct policy_destination destination; /* the part's own, else the policy's */
        const json_t *spec; /* private: its filters and settings in policy->spec, or NULL */
};

struct policy {
        enum policy_kind kind;
        enum policy_style style;
        const char *name;            /* the stem */
        const char *schedule;        /* cron expression as written, UTC; "" for a one-off */
        bool paused;                 /* Velero Schedule's spec.paused */
        bool empty;                  /* there were no bytes: a restore of all of `backup` */
        bool allow_partially_failed; /* a restore may use a PartiallyFailed backup */
        bool copy_credentials;       /* a migration may copy a member's Secret to the target */
        struct policy_destination destination; /* a migration's targets */
        struct policy_sub *subs; /* at least one; a restore's are matched to its backup's by name */
        size_t n_subs;
        bool named_subs;                /* the document has `policies[]` */
        struct policy_reference backup; /* a restore's */
        const char *source;             /* a migration's source cluster; "" until set by links */
        struct policy_storage *storage; /* NULL: the fleet's */
        const char **warnings; /* caveats known without a cluster: "FLT-0283 …", one line each */
        size_t n_warnings;

        /* private */
        json_t *spec;     /* the document's spec */
        json_t *metadata; /* of policy_metadata(), or NULL */
        struct arena *arena;
};

/*
 * Checks bytes and gives the policy they mean.
 *
 * A sourceCluster must mean exactly one cluster when the document is read.
 *
 * `stem` is the file's name without its extension: a DNS-1123 subdomain of at most 63 characters;
 * a restore's may be followed by "@latest" or "@<run>". No bytes at all are a policy only for a
 * restore whose stem has '@', and for a migration folder's policy.yaml (`env->links`).
 *
 * Returns 0 and *ret, which the caller frees; -ENOMEM; -EFBIG for more than LIMIT_POLICY_BYTES;
 * else -EINVAL, and then `err` has the code FLT-nnnn, line and column where there is a place, one
 * sentence and what to do about it. The bytes are not kept.
 */
int policy_parse(enum policy_kind kind, const char *stem, const char *bytes, size_t len,
        const struct policy_env *env, struct policy **ret, struct err *err);

/*
 * Gives a migration that was parsed with `env->links` its source and targets. Every name must be a
 * cluster of `env` and the source no target: -EINVAL else. At most once, before it is shared.
 */
int policy_set_links(struct policy *policy, const struct policy_env *env, const char *source,
        const char *const *targets, size_t n_targets, struct err *err);

/* NULL is fine. */
void policy_free(struct policy *policy);
DEFINE_CLEANUP(struct policy *, policy_free);

/*
 * Whether a destination takes a cluster with these labels. The cluster is one of the fleet: that
 * is for the caller to know.
 */
bool policy_selects(const struct policy_destination *destination, const char *cluster,
        policy_label_fn *label, void *userdata);

/*
 * The part of a restore that applies to a part of its backup: an index into `subs`, or -ENOENT
 * when the restore names its parts and this is not among them.
 */
int policy_restore_sub(const struct policy *restore, const char *backup_sub_name);

/* The part of that id, or -ENOENT. */
int policy_find_sub(const struct policy *policy, const char *id);

/* What must be known of a cluster to write a spec for it. Borrowed for the call. */
struct policy_cluster {
        const char *velero_namespace; /* required */
        const char *storage_location; /* to use when the spec names none; NULL: Velero's default */
        bool has_node_agent;
};

/*
 * The Velero BackupSpec of part `sub` for a cluster; caller decrefs. Kurator-style:
 *   - no filters means all: includedNamespaces ["*"]; wherever namespaces are not narrowed by
 *     inclusion, cluster-scoped kinds are backed up too (includedClusterScopedResources ["*"],
 *     with old-style filters includeClusterResources true), unless the document says which;
 *   - volumes by file: defaultVolumesToFsBackup true where a node-agent runs, else unset, and
 *     snapshotVolumes false.
 * A Velero document's spec is as it stands; storageLocation is added when it names none.
 * For a backup and, with the source's cluster, a migration. -ENOMEM.
 */
int policy_backup_spec(const struct policy *policy, size_t sub,
        const struct policy_cluster *cluster, json_t **ret, struct err *err);

/*
 * The Velero ScheduleSpec of a backup with a schedule: the spec above as template. `labels`, an
 * object or NULL, is merged into template.metadata.labels if the document sets any, because Velero
 * then takes no labels from the Schedule. -ENOMEM.
 */
int policy_schedule_spec(const struct policy *policy, size_t sub,
        const struct policy_cluster *cluster, const json_t *labels, json_t **ret, struct err *err);

/*
 * The Velero RestoreSpec of part `sub` from the Velero backup of that name (NULL keeps a Velero
 * document's scheduleName); caller decrefs. Kurator-style and migrations:
 *   - Velero's namespace and every velero.io kind are excluded;
 *   - cluster-scoped objects are restored unless namespaces are narrowed by inclusion;
 *   - scoped filters, which Velero's restores do not have, are translated; policy_parse() has
 *     refused what has no exact translation.
 * -ENOMEM; -EINVAL when the filter includes this cluster's Velero namespace by name.
 */
int policy_restore_spec(const struct policy *policy, size_t sub, const char *backup_name,
        const struct policy_cluster *cluster, json_t **ret, struct err *err);

/*
 * The document's own metadata for the objects made from it: {"labels": {…}, "annotations": {…}},
 * borrowed; NULL for none. What velero_meta_json() takes as `extra`.
 */
const json_t *policy_metadata(const struct policy *policy);

/*
 * Whether two policies ask for the same: spelling, order of keys, comments, defaults written out
 * and the name do not count. A schedule's edit without another meaning sends nothing.
 */
bool policy_same_meaning(const struct policy *a, const struct policy *b);

/*
 * The document as Kurator has it: apiVersion, kind, metadata.name, spec. A Velero document is
 * turned into Kurator's shape as far as that has a place for it. The renderer adds status.
 * Caller decrefs. -ENOMEM.
 */
int policy_kurator_json(const struct policy *policy, json_t **ret);
