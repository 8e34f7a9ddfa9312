/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/types.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/timefmt.h"
#include "velero/names.h"

#define LABEL(key)      "metadata.labels[" key "]"
#define ANNOTATION(key) "metadata.annotations[" key "]"

/* What every object has, and what every object of ours carries. */
#define OBJECT_FIELDS                                                                       \
        FIELD(T, name, "metadata.name", RECORD_REQUIRED), FIELD(T, uid, "metadata.uid", 0), \
                FIELD_TIME(T, created, "metadata.creationTimestamp", 0),                    \
                FIELD_TIME(T, deletion, "metadata.deletionTimestamp", 0)
#define POLICY_FIELDS                                                      \
        FIELD(T, owner, LABEL(VELERO_LABEL_OWNER), RECORD_SHARED),                     \
                FIELD(T, fleet, LABEL(VELERO_LABEL_FLEET), RECORD_SHARED),             \
                FIELD(T, kind, LABEL(VELERO_LABEL_KIND), RECORD_SHARED),               \
                FIELD(T, policy, LABEL(VELERO_LABEL_NAME), RECORD_SHARED),             \
                FIELD(T, cluster_uid, LABEL(VELERO_LABEL_CLUSTER_UID), RECORD_SHARED), \
                FIELD(T, sub, ANNOTATION(VELERO_ANNOTATION_SUB), RECORD_SHARED),       \
                FIELD(T, spec_sha256, ANNOTATION(VELERO_ANNOTATION_SPEC), RECORD_SHARED)
#define RUN_FIELD          FIELD(T, run, LABEL(VELERO_LABEL_RUN), RECORD_SHARED)
#define CRON_FIELD         FIELD(T, cron, ANNOTATION(VELERO_ANNOTATION_CRON), RECORD_SHARED)
#define PHASE_FIELD(table) FIELD_ENUM(T, phase, phase_text, "status.phase", &(table).names, 0)

#define T struct velero_backup
static const struct record_field velero_backup_fields[] = {
        OBJECT_FIELDS,
        POLICY_FIELDS,
        RUN_FIELD,
        CRON_FIELD,
        FIELD(T, schedule_name, LABEL(VELERO_LABEL_SCHEDULE_NAME), RECORD_SHARED),
        FIELD(T, source_k8s, ANNOTATION(VELERO_ANNOTATION_SOURCE_K8S), RECORD_SHARED),
        FIELD(T, storage_location, "spec.storageLocation", RECORD_SHARED),
        FIELD(T, storage_location, LABEL(VELERO_LABEL_STORAGE_LOCATION), RECORD_FALLBACK),
        FIELD_JOINED(T, namespaces, "spec.includedNamespaces", ", ", RECORD_SHARED),
        FIELD_PRESENT(T, by_labels, "spec.labelSelector", 0),
        FIELD_PRESENT(T, by_labels, "spec.orLabelSelectors", RECORD_FALLBACK),
        FIELD_PRESENT(T, by_types, "spec.includedResources", 0),
        FIELD_PRESENT(T, by_types, "spec.includedNamespaceScopedResources", RECORD_FALLBACK),
        FIELD_PRESENT(T, by_types, "spec.includedClusterScopedResources", RECORD_FALLBACK),
        FIELD_PRESENT(T, by_types, "spec.includeClusterResources", RECORD_FALLBACK),
        FIELD(T, ttl, "spec.ttl", RECORD_SHARED),
        PHASE_FIELD(velero_backup_phases),
        FIELD(T, failure_reason, "status.failureReason", 0),
        FIELD_JOINED(T, validation_errors, "status.validationErrors", "; ", 0),
        FIELD(T, format_version, "status.formatVersion", RECORD_SHARED),
        FIELD_TIME(T, started, "status.startTimestamp", 0),
        FIELD_TIME(T, completed, "status.completionTimestamp", 0),
        FIELD_TIME(T, expiration, "status.expiration", 0),
        FIELD(T, queue_position, "status.queuePosition", 0),
        FIELD(T, items_done, "status.progress.itemsBackedUp", 0),
        FIELD(T, items_total, "status.progress.totalItems", 0),
        FIELD(T, errors, "status.errors", 0),
        FIELD(T, warnings, "status.warnings", 0),
        FIELD(T, snapshots_attempted, "status.volumeSnapshotsAttempted", 0),
        FIELD(T, snapshots_completed, "status.volumeSnapshotsCompleted", 0),
        FIELD(T, csi_snapshots_attempted, "status.csiVolumeSnapshotsAttempted", 0),
        FIELD(T, csi_snapshots_completed, "status.csiVolumeSnapshotsCompleted", 0),
        FIELD(T, operations_attempted, "status.backupItemOperationsAttempted", 0),
        FIELD(T, operations_completed, "status.backupItemOperationsCompleted", 0),
        FIELD(T, operations_failed, "status.backupItemOperationsFailed", 0),
        FIELD(T, hooks_attempted, "status.hookStatus.hooksAttempted", 0),
        FIELD(T, hooks_failed, "status.hookStatus.hooksFailed", 0),
};
#undef T
struct record_type velero_backup_type =
        RECORD_TYPE("Backup", struct velero_backup, velero_backup_fields);

#define T struct velero_restore
static const struct record_field velero_restore_fields[] = {
        OBJECT_FIELDS,
        POLICY_FIELDS,
        RUN_FIELD,
        FIELD(T, backup_name, "spec.backupName", RECORD_SHARED),
        FIELD(T, schedule_name, "spec.scheduleName", RECORD_SHARED),
        FIELD_JOINED(T, namespaces, "spec.includedNamespaces", ", ", RECORD_SHARED),
        FIELD_JOINED(T, namespace_mapping, "spec.namespaceMapping", ", ", RECORD_SHARED),
        FIELD(T, existing_resource_policy, "spec.existingResourcePolicy", RECORD_SHARED),
        PHASE_FIELD(velero_restore_phases),
        FIELD(T, failure_reason, "status.failureReason", 0),
        FIELD_JOINED(T, validation_errors, "status.validationErrors", "; ", 0),
        FIELD_TIME(T, started, "status.startTimestamp", 0),
        FIELD_TIME(T, completed, "status.completionTimestamp", 0),
        FIELD(T, items_done, "status.progress.itemsRestored", 0),
        FIELD(T, items_total, "status.progress.totalItems", 0),
        FIELD(T, errors, "status.errors", 0),
        FIELD(T, warnings, "status.warnings", 0),
        FIELD(T, operations_attempted, "status.restoreItemOperationsAttempted", 0),
        FIELD(T, operations_completed, "status.restoreItemOperationsCompleted", 0),
        FIELD(T, operations_failed, "status.restoreItemOperationsFailed", 0),
        FIELD(T, hooks_attempted, "status.hookStatus.hooksAttempted", 0),
        FIELD(T, hooks_failed, "status.hookStatus.hooksFailed", 0),
};
#undef T
struct record_type velero_restore_type =
        RECORD_TYPE("Restore", struct velero_restore, velero_restore_fields);

#define T struct velero_schedule
static const struct record_field velero_schedule_fields[] = {
        OBJECT_FIELDS,
        POLICY_FIELDS,
        CRON_FIELD,
        FIELD(T, extra, ANNOTATION(VELERO_ANNOTATION_EXTRA), 0),
        FIELD(T, schedule, "spec.schedule", 0),
        FIELD(T, storage_location, "spec.template.storageLocation", RECORD_SHARED),
        FIELD_JOINED(T, namespaces, "spec.template.includedNamespaces", ", ", RECORD_SHARED),
        FIELD(T, ttl, "spec.template.ttl", RECORD_SHARED),
        FIELD(T, paused, "spec.paused", 0),
        PHASE_FIELD(velero_schedule_phases),
        FIELD_JOINED(T, validation_errors, "status.validationErrors", "; ", 0),
        FIELD_TIME(T, last_backup, "status.lastBackup", 0),
        FIELD_TIME(T, last_skipped, "status.lastSkipped", 0),
};
#undef T
struct record_type velero_schedule_type =
        RECORD_TYPE("Schedule", struct velero_schedule, velero_schedule_fields);

#define T struct velero_bsl
static const struct record_field velero_bsl_fields[] = {
        OBJECT_FIELDS,
        FIELD(T, owner, LABEL(VELERO_LABEL_OWNER), RECORD_SHARED),
        FIELD(T, kind, LABEL(VELERO_LABEL_KIND), RECORD_SHARED),
        FIELD(T, provider, "spec.provider", RECORD_SHARED),
        FIELD(T, bucket, "spec.objectStorage.bucket", RECORD_SHARED),
        FIELD(T, prefix, "spec.objectStorage.prefix", 0),
        FIELD(T, s3_url, "spec.config.s3Url", RECORD_SHARED),
        FIELD(T, public_url, "spec.config.publicUrl", RECORD_SHARED),
        FIELD(T, region, "spec.config.region", RECORD_SHARED),
        FIELD_JSON(T, config, "spec.config", 0),
        FIELD(T, config_set, ANNOTATION(VELERO_ANNOTATION_CONFIG), 0),
        FIELD(T, credential_name, "spec.credential.name", 0),
        FIELD(T, credential_key, "spec.credential.key", 0),
        FIELD(T, access_mode, "spec.accessMode", 0),
        FIELD(T, backup_sync_period, "spec.backupSyncPeriod", 0),
        FIELD(T, validation_frequency, "spec.validationFrequency", 0),
        FIELD(T, is_default, "spec.default", 0),
        PHASE_FIELD(velero_bsl_phases),
        FIELD(T, message, "status.message", 0),
        FIELD_TIME(T, last_validation, "status.lastValidationTime", 0),
        FIELD_TIME(T, last_synced, "status.lastSyncedTime", 0),
};
#undef T
struct record_type velero_bsl_type =
        RECORD_TYPE("BackupStorageLocation", struct velero_bsl, velero_bsl_fields);

#define T struct velero_delete_request
static const struct record_field velero_delete_request_fields[] = {
        OBJECT_FIELDS,
        FIELD(T, backup_name, "spec.backupName", RECORD_SHARED),
        PHASE_FIELD(velero_request_phases),
        FIELD_JOINED(T, errors, "status.errors", "; ", 0),
};
#undef T
struct record_type velero_delete_request_type = RECORD_TYPE(
        "DeleteBackupRequest", struct velero_delete_request, velero_delete_request_fields);

bool velero_backup_holds_nothing(const struct velero_backup *b)
{
        uint32_t named = b->namespaces[0] != '\0';

        if (b->items_total == 0 && b->items_done == 0)
                return true;
        for (const char *p = b->namespaces; *p != '\0'; p++)
                named += *p == ',';
        return b->by_labels && !b->by_types && strpbrk(b->namespaces, "*?[") == NULL && b->items_total <= named;
}

int velero_backup_decode(const char *bytes, size_t len, struct velero_backup **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_backup_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}

int velero_restore_decode(
        const char *bytes, size_t len, struct velero_restore **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_restore_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}

int velero_schedule_decode(
        const char *bytes, size_t len, struct velero_schedule **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_schedule_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}

int velero_bsl_decode(const char *bytes, size_t len, struct velero_bsl **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_bsl_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}

int velero_delete_request_decode(
        const char *bytes, size_t len, struct velero_delete_request **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_delete_request_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}

/* ---------------------------------------------------------------- who wrote it */

struct managed {
        struct json_text manager, time;
        const char *fields; /* as they stand in the document; not all of them have a NUL behind */
        size_t fields_len;
};

/* The next entry of metadata.managedFields: 1, 0 at the end, -errno. */
static int managed_next(struct json_scan *s, struct managed *ret)
{
        struct json_text key;
        int r = json_next_item(s);

        *ret = (struct managed){ .fields = "" };
        if (r <= 0)
                return r;
        r = json_enter_object(s);
        while (r >= 0 && (r = json_next_key(s, &key)) > 0) {
                if (json_text_is(&key, "manager"))
                        r = json_read_string(s, &ret->manager);
                else if (json_text_is(&key, "time"))
                        r = json_read_string(s, &ret->time);
                else if (json_text_is(&key, "fieldsV1"))
                        r = json_raw(s, &ret->fields, &ret->fields_len);
                else
                        r = json_skip(s);
        }
        return r < 0 ? r : 1;
}

/* Enters the array of the key, in the object that is next. 1; 0: there is none; -errno. */
static int managed_find(struct json_scan *s, const char *first, const char *second)
{
        struct json_text key;
        int r = json_enter_object(s);

        while (r >= 0 && (r = json_next_key(s, &key)) > 0) {
                if (json_text_is(&key, first))
                        return second ? managed_find(s, second, NULL) :
                                        (r = json_enter_array(s)) < 0 ? r : 1;
                r = json_skip(s);
        }
        return r;
}

bool velero_made_by_hand(const char *bytes, size_t len)
{
        static const char field[] = "\"f:" VELERO_LABEL_SCHEDULE_NAME "\"";
        struct json_scan s;
        struct managed m;

        json_scan_init(&s, bytes, len);
        if (managed_find(&s, "metadata", "managedFields") <= 0)
                return false;
        while (managed_next(&s, &m) > 0)
                if (memmem(m.fields, m.fields_len, field, sizeof(field) - 1))
                        return m.manager.p && !json_text_is(&m.manager, "velero-server");
        return false;
}

int64_t velero_written_at(const char *bytes, size_t len)
{
        int64_t newest = 0;
        struct json_scan s;
        struct managed m;

        json_scan_init(&s, bytes, len);
        if (managed_find(&s, "metadata", "managedFields") <= 0)
                return 0;
        while (managed_next(&s, &m) > 0) {
                char text[RFC3339_SIZE];
                int64_t at;

                if (!m.manager.p || !json_text_is(&m.manager, "fleetfs") || !m.time.p ||
                        m.time.len >= sizeof(text))
                        continue;
                memcpy(text, m.time.p, m.time.len);
                text[m.time.len] = '\0';
                if (rfc3339_parse(text, &at, NULL) == 0 && at > newest)
                        newest = at;
        }
        return newest;
}

/* Only the annotation: the record of it is one string. */
struct policy_annotation {
        const char *policy;
};
static const struct record_field policy_annotation_fields[] = {
        FIELD(struct policy_annotation, policy, ANNOTATION(VELERO_ANNOTATION_POLICY), 0),
};
static struct record_type policy_annotation_type =
        RECORD_TYPE("object", struct policy_annotation, policy_annotation_fields);

int velero_policy_annotation(
        const char *bytes, size_t len, char **ret, size_t *ret_len, struct err *err)
{
        struct policy_annotation a = { "" };
        _cleanup_(freep) char *strings = NULL;
        char *copy;
        int r = record_decode_into(&policy_annotation_type, bytes, len, &a, &strings, err);

        if (r < 0)
                return r;
        if (!*a.policy)
                return err_set(
                        err, -ENOENT, "the object has no annotation " VELERO_ANNOTATION_POLICY);
        copy = strdup(a.policy);
        if (!copy)
                return err_set(err, -ENOMEM, "out of memory");
        *ret_len = strlen(copy);
        *ret = copy;
        return 0;
}
