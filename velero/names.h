/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"

struct err;

/*
 * How fleetfs names and marks what it makes in clusters. Names are the identity of a backup in the
 * bucket, so they carry a hash of everything that tells two of them apart; the labels and
 * annotations carry the same in full. Pure; any thread.
 */

#define VELERO_LABEL_OWNER       "fleetfs.dev/owner" /* id of the store that made it */
#define VELERO_LABEL_FLEET       "fleetfs.dev/fleet"
#define VELERO_LABEL_KIND        "fleetfs.dev/kind"        /* "backup", "restore", "migration"; "location" */
#define VELERO_LABEL_NAME        "fleetfs.dev/name"        /* the policy's stem */
#define VELERO_LABEL_RUN         "fleetfs.dev/run"         /* 20260901-020003Z */
#define VELERO_LABEL_CLUSTER_UID "fleetfs.dev/cluster-uid" /* UID of namespace kube-system */
#define VELERO_ANNOTATION_SPEC   "fleetfs.dev/spec-sha256"
#define VELERO_ANNOTATION_POLICY "fleetfs.dev/policy" /* the user's own bytes */
#define VELERO_ANNOTATION_CRON   "fleetfs.dev/cron"
#define VELERO_ANNOTATION_SUB    "fleetfs.dev/sub-policy" /* only if the sub-policy has a name */
#define VELERO_ANNOTATION_CONFIG "fleetfs.dev/config"    /* locations: keys of spec.config that the policy set, as JSON */
#define VELERO_ANNOTATION_EXTRA  "fleetfs.dev/metadata"   /* Schedules: keys that the policy's own metadata set, as JSON */

#define VELERO_LABEL_SCHEDULE_NAME    "velero.io/schedule-name"
#define VELERO_LABEL_STORAGE_LOCATION "velero.io/storage-location"
#define VELERO_LABEL_BACKUP_NAME      "velero.io/backup-name"
#define VELERO_LABEL_BACKUP_UID       "velero.io/backup-uid"
#define VELERO_LABEL_RESTORE_NAME     "velero.io/restore-name"
#define VELERO_ANNOTATION_SOURCE_K8S  "velero.io/source-cluster-k8s-gitversion"

#define VELERO_NAME_BASE_MAX (LIMIT_VELERO_NAME_BASE + 7) /* '-' + 6 hex */
#define VELERO_NAME_RUN_MAX  LIMIT_VELERO_NAME            /* base + '-' + YYYYMMDDhhmmss */
#define VELERO_SHA256_HEX    64

/*
 * What tells an object apart. All strings are required and at most 253 bytes, which is asserted;
 * `sub` may be NULL or "".
 */
struct velero_identity {
        const char *store; /* random id of the store */
        const char *fleet;
        const char *kind;    /* "backup", "restore" or "migration" */
        const char *policy;  /* stem; lower case already, a DNS-1123 subdomain */
        const char *sub;     /* sub-policy's name, or its index when it has none */
        const char *cluster; /* folder name of the cluster */
        const char *cluster_uid;
};

/*
 * The base name of the identity's objects in its cluster: `<policy>[-<sub>]-<cluster>` with
 * characters a name cannot have turned to '-', cut to 41, trailing '-' and '.' dropped, '-' and
 * 6 hex digits. Always a DNS-1123 subdomain and a valid label value.
 */
void velero_name_base(const struct velero_identity *id, char ret[VELERO_NAME_BASE_MAX + 1]);

/*
 * The name of one run's object: the base, '-' and YYYYMMDDhhmmss of `run` (UTC seconds). Folders
 * show the same run by stamp_format_run().
 */
void velero_name_run(
        const struct velero_identity *id, int64_t run, char ret[VELERO_NAME_RUN_MAX + 1]);

/*
 * Velero's label.GetValidName: a name of at most 63 bytes as it is, else its first 57 and the
 * first 6 hex digits of its sha256. Selecting by velero.io/backup-name needs the same.
 */
void velero_label_value(const char *name, char ret[LIMIT_LABEL_VALUE + 1]);

/*
 * A text as a label value that the API server takes: other characters become '-', the ends are
 * trimmed to letters and digits, over 63 bytes it is shortened as above. What was changed can
 * collide; labels select, annotations and names decide.
 */
void velero_label_safe(const char *text, char ret[LIMIT_LABEL_VALUE + 1]);

/*
 * metadata for an object of the identity: {"name", "labels", "annotations"}. `run` 0 leaves the
 * run label out (a Schedule). `spec_sha256`, `cron` and `policy` may be NULL and are left out then;
 * `policy` is the user's bytes, which must be UTF-8 (-EINVAL else). `extra` may be NULL or
 * {"labels": {…}, "annotations": {…}} of the user's own, without those that are not theirs to set:
 * labels of fleetfs.dev, velero.io and kurator.dev, annotations of fleetfs.dev, kurator.dev and
 * kubectl. Caller decrefs. -ENOMEM, -EINVAL.
 */
struct velero_meta {
        const struct velero_identity *id;
        const char *name;
        int64_t run;
        const char *spec_sha256;
        const char *cron;
        const char *policy;
        size_t policy_len;
        const json_t *extra;
};
int velero_meta_json(const struct velero_meta *meta, json_t **ret, struct err *err);

/* Hex sha256 of the spec as compact JSON with sorted keys. -ENOMEM. */
int velero_spec_sha256(const json_t *spec, char ret[VELERO_SHA256_HEX + 1]);
