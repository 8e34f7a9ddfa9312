/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/record.h"
#include "velero/phase.h"

struct err;

/*
 * Velero's objects as compact records: what a status table, a tree of one-value files and the
 * reconciler need, and no JSON tree. Each record is one allocation, struct and strings together:
 * free() frees it. Records are immutable once decoded and may be shared between threads.
 *
 * Conventions: a string is never NULL, absent is "". A time is UTC seconds since the epoch, 0 is
 * absent (Kubernetes has whole seconds). Counts are 0 when absent, as Velero omits zeros; one
 * beyond 2^32-1 or below 0 is an error. `phase_text` is Velero's word as written, "" for a new
 * object. Lists are kept for display only, joined by ", " (sentences by "; ").
 *
 * Decoders take the bytes of one object as a list item or a watch event has it, ignore what they
 * do not know, and return 0 with *ret, or -ENOMEM, or -EBADMSG with a message that names the field
 * when the bytes are not JSON, a field has another type than Velero's, or metadata.name is missing;
 * -E2BIG when they are nested too deep.
 */

struct velero_backup {
        const char *name;
        const char *uid;
        /* fleetfs.dev/ labels and annotations; all "" for a backup fleetfs did not make */
        const char *owner;
        const char *fleet;
        const char *kind;
        const char *policy;
        const char *run;
        const char *cluster_uid;
        const char *sub;
        const char *spec_sha256;
        const char *cron;
        const char *schedule_name;    /* label velero.io/schedule-name */
        const char *storage_location; /* spec.storageLocation, else the label */
        const char *source_k8s;       /* gitVersion of the cluster it was made in */
        const char *namespaces;       /* spec.includedNamespaces */
        const char *ttl;              /* as written, "720h0m0s" */
        const char *phase_text;       /* as Velero wrote it, also when unknown */
        const char *failure_reason;
        const char *validation_errors;
        const char *format_version;
        int64_t created;
        int64_t deletion; /* metadata.deletionTimestamp */
        int64_t started;
        int64_t completed;
        int64_t expiration;
        uint32_t queue_position; /* 1-based, 0 when not queued */
        uint32_t items_done;
        uint32_t items_total; /* may shrink and grow while it runs */
        uint32_t errors;
        uint32_t warnings;
        uint32_t snapshots_attempted; /* native */
        uint32_t snapshots_completed;
        uint32_t csi_snapshots_attempted;
        uint32_t csi_snapshots_completed;
        uint32_t operations_attempted; /* backup item operations */
        uint32_t operations_completed;
        uint32_t operations_failed;
        uint16_t hooks_attempted; /* 65535 stands for that many or more */
        uint16_t hooks_failed;
        uint8_t phase;  /* enum velero_backup_phase */
        bool by_labels; /* its filter has a label selector */
        bool by_types;  /* … chooses types, or cluster-scoped objects */
};
_Static_assert(sizeof(struct velero_backup) <= 256, "over 256 bytes: thousands are kept; see docs/HACKING.md");

struct velero_restore {
        const char *name;
        const char *uid;
        const char *owner;
        const char *fleet;
        const char *kind;
        const char *policy;
        const char *run;
        const char *cluster_uid;
        const char *sub;
        const char *spec_sha256;
        const char *backup_name;
        const char *schedule_name;
        const char *namespaces;
        const char *namespace_mapping; /* "a -> b, c -> d" */
        const char *existing_resource_policy;
        const char *phase_text;
        const char *failure_reason;
        const char *validation_errors;
        int64_t created;
        int64_t deletion;
        int64_t started;
        int64_t completed;
        uint32_t items_done;
        uint32_t items_total;
        uint32_t errors;
        uint32_t warnings;
        uint32_t operations_attempted;
        uint32_t operations_completed;
        uint32_t operations_failed;
        uint16_t hooks_attempted;
        uint16_t hooks_failed;
        uint8_t phase; /* enum velero_restore_phase */
};
_Static_assert(sizeof(struct velero_restore) <= 256, "over 256 bytes: thousands are kept; see docs/HACKING.md");

struct velero_schedule {
        const char *name;
        const char *uid;
        const char *owner;
        const char *fleet;
        const char *kind;
        const char *policy;
        const char *cluster_uid;
        const char *sub;
        const char *spec_sha256;
        const char *cron; /* annotation; `schedule` is what is in force */
        const char *extra; /* annotation: {"labels": [KEY...], "annotations": [KEY...]} that the policy set; "" none */
        const char *schedule;
        const char *storage_location; /* of the template */
        const char *namespaces;       /* of the template */
        const char *ttl;              /* of the template */
        const char *phase_text;
        const char *validation_errors;
        int64_t created;
        int64_t deletion;
        int64_t last_backup;
        int64_t last_skipped;
        bool paused;
        uint8_t phase; /* enum velero_schedule_phase */
};

/*
 * From metadata.managedFields, whose entries say what client set which fields.
 *
 * velero_made_by_hand(): a Backup of a Schedule that Velero's server did not make itself: `velero backup create
 * --from-schedule` and its like. The server is the manager "velero-server", the client "velero" (measured), and who sets
 * the label velero.io/schedule-name is who made it. False where the fields are not told. Reads only; any thread.
 */
bool velero_made_by_hand(const char *bytes, size_t len);
/* When this program wrote to the object last, Unix seconds by the cluster's clock; 0: it did not, or that is not told. */
int64_t velero_written_at(const char *bytes, size_t len);

struct velero_bsl {
        const char *name;
        const char *uid;
        const char *owner;
        const char *kind;
        const char *provider;
        const char *bucket;
        const char *prefix;
        const char *s3_url;     /* config.s3Url */
        const char *public_url; /* config.publicUrl */
        const char *region;     /* config.region */
        const char *config;     /* all of it, as JSON */
        const char *config_set; /* VELERO_ANNOTATION_CONFIG */
        const char *credential_name;
        const char *credential_key;
        const char *access_mode; /* "" is ReadWrite */
        const char *backup_sync_period;
        const char *validation_frequency;
        const char *phase_text;
        const char *message;
        int64_t created;
        int64_t deletion;
        int64_t last_validation;
        int64_t last_synced;
        bool is_default;
        uint8_t phase; /* enum velero_bsl_phase */
};

struct velero_delete_request {
        const char *name;
        const char *uid;
        const char *backup_name;
        const char *phase_text;
        const char *errors; /* joined by "; "; "" with phase Processed is success */
        int64_t created;
        int64_t deletion;
        uint8_t phase; /* enum velero_request_phase */
};

/*
 * Of a backup that has ended: it holds no object, or none but the namespaces that its filter names. A namespace that is
 * named comes along by itself, also when a selector chooses nothing in it (measured): so many objects as namespaces are
 * named, and those are they. Where a filter of types may leave them out, or a pattern names them, the number tells nothing.
 */
bool velero_backup_holds_nothing(const struct velero_backup *b);

int velero_backup_decode(
        const char *bytes, size_t len, struct velero_backup **ret, struct err *err);
int velero_restore_decode(
        const char *bytes, size_t len, struct velero_restore **ret, struct err *err);
int velero_schedule_decode(
        const char *bytes, size_t len, struct velero_schedule **ret, struct err *err);
int velero_bsl_decode(const char *bytes, size_t len, struct velero_bsl **ret, struct err *err);
int velero_delete_request_decode(
        const char *bytes, size_t len, struct velero_delete_request **ret, struct err *err);

/* The records' tables, for record_equal() and tests. */
extern struct record_type velero_backup_type;
extern struct record_type velero_restore_type;
extern struct record_type velero_schedule_type;
extern struct record_type velero_bsl_type;
extern struct record_type velero_delete_request_type;

/*
 * The annotation fleetfs.dev/policy of an object's JSON: the user's own bytes, which the records
 * leave out. *ret is NUL-terminated and freed by the caller. 0, -ENOENT without the annotation,
 * -ENOMEM, -EBADMSG.
 */
int velero_policy_annotation(
        const char *bytes, size_t len, char **ret, size_t *ret_len, struct err *err);
