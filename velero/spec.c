/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/spec.h"

#include <stdint.h>

#include "base/cleanup.h"
#include "velero/spec_rules.h"

/* --- pieces --- */

static const char *const selector_operators[] = { "In", "NotIn", "Exists", "DoesNotExist", NULL };
static const struct schema_field requirement_rows[] = {
        { "key", SCHEMA_STRING, .flags = SCHEMA_REQUIRED, .help = "the label" },
        { "operator", SCHEMA_ENUM, .allowed = selector_operators, .flags = SCHEMA_REQUIRED,
                .help = "In, NotIn, Exists or DoesNotExist" },
        { "values", SCHEMA_STRING_LIST, .help = "for In and NotIn" },
};
static const struct schema requirement_schema = {
        .fields = requirement_rows,
        .n = ARRAY_SIZE(requirement_rows),
        .check = velero_check_requirement,
};
static const struct schema_field label_selector_rows[] = {
        { "matchLabels", SCHEMA_STRING_MAP, .check = velero_check_labels,
                .help = "labels and their values" },
        { "matchExpressions", SCHEMA_OBJECT_LIST, .sub = &requirement_schema,
                .help = "requirements, all of which must hold" },
};
const struct schema velero_label_selector_schema = SCHEMA(label_selector_rows);

static const struct schema_field object_meta_rows[] = {
        { "name", SCHEMA_STRING, .help = "its name" },
        { "namespace", SCHEMA_STRING, .help = "its namespace" },
        { "generateName", SCHEMA_STRING, .help = "beginning of a name" },
        { "labels", SCHEMA_STRING_MAP, .check = velero_check_labels, .help = "its labels" },
        { "annotations", SCHEMA_STRING_MAP, .help = "its annotations" },
        /* Only the server sets these; kubectl prints them. */
        { "uid", SCHEMA_ANY, .help = "set by the server" },
        { "resourceVersion", SCHEMA_ANY, .help = "set by the server" },
        { "generation", SCHEMA_ANY, .help = "set by the server" },
        { "creationTimestamp", SCHEMA_ANY, .help = "set by the server" },
        { "deletionTimestamp", SCHEMA_ANY, .help = "set by the server" },
        { "deletionGracePeriodSeconds", SCHEMA_ANY, .help = "set by the server" },
        { "finalizers", SCHEMA_ANY, .help = "set by the server" },
        { "ownerReferences", SCHEMA_ANY, .help = "set by the server" },
        { "managedFields", SCHEMA_ANY, .help = "set by the server" },
        { "selfLink", SCHEMA_ANY, .help = "set by the server" },
};
const struct schema velero_object_meta_schema = SCHEMA(object_meta_rows);

static const struct schema_field configmap_rows[] = {
        { "apiGroup", SCHEMA_STRING, .help = "leave it out" },
        { "kind", SCHEMA_STRING, .flags = SCHEMA_REQUIRED, .help = "configmap" },
        { "name", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "the ConfigMap, in Velero's namespace" },
};
static const struct schema configmap_schema = {
        .fields = configmap_rows,
        .n = ARRAY_SIZE(configmap_rows),
        .check = velero_check_configmap,
};

static const char *const on_error_values[] = { "Continue", "Fail", NULL };
static const struct schema_field exec_rows[] = {
        { "container", SCHEMA_STRING, .help = "the first container unless set" },
        { "command", SCHEMA_STRING_LIST, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "program and arguments" },
        { "onError", SCHEMA_ENUM, .allowed = on_error_values, .help = "Continue or Fail" },
        { "timeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "30s unless set" },
};
static const struct schema exec_schema = SCHEMA(exec_rows);
static const struct schema_field backup_hook_rows[] = {
        { "exec", SCHEMA_OBJECT, .sub = &exec_schema, .flags = SCHEMA_REQUIRED,
                .help = "the command" },
};
static const struct schema backup_hook_schema = SCHEMA(backup_hook_rows);

/* Hooks choose pods by the same filters, without those of a whole backup. */
/* clang-format off */
#define HOOK_FILTER_ROWS                                                                           \
        { "name", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,                      \
                .help = "the hook's name" },                                                       \
        { "includedNamespaces", SCHEMA_STRING_LIST, .check = velero_check_namespaces,              \
                .help = "namespaces whose pods it is run in" },                                    \
        { "excludedNamespaces", SCHEMA_STRING_LIST, .check = velero_check_namespaces,              \
                .help = "namespaces to leave out" },                                               \
        { "includedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds, .help = "pods" },  \
        { "excludedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,                    \
                .help = "kinds to leave out" },                                                    \
        { "labelSelector", SCHEMA_OBJECT, .sub = &velero_label_selector_schema,                    \
                .help = "pods with these labels only" }
/* clang-format on */
static const struct schema_field backup_hook_resource_rows[] = {
        HOOK_FILTER_ROWS,
        { "pre", SCHEMA_OBJECT_LIST, .sub = &backup_hook_schema, .help = "before the pod" },
        { "post", SCHEMA_OBJECT_LIST, .sub = &backup_hook_schema, .help = "after the pod" },
};
static const struct schema backup_hook_resource_schema = SCHEMA(backup_hook_resource_rows);
static const struct schema_field backup_hooks_rows[] = {
        { "resources", SCHEMA_OBJECT_LIST, .sub = &backup_hook_resource_schema,
                .help = "hooks by pods" },
};
static const struct schema backup_hooks_schema = SCHEMA(backup_hooks_rows);

static const struct schema_field restore_exec_rows[] = {
        { "container", SCHEMA_STRING, .help = "the first container unless set" },
        { "command", SCHEMA_STRING_LIST, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "program and arguments" },
        { "onError", SCHEMA_ENUM, .allowed = on_error_values, .help = "Continue or Fail" },
        { "execTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "for the command" },
        { "waitTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "for the container" },
        { "waitForReady", SCHEMA_BOOL, .help = "wait until the container is ready" },
};
static const struct schema restore_exec_schema = SCHEMA(restore_exec_rows);
static const struct schema_field init_rows[] = {
        { "initContainers", SCHEMA_ANY, .help = "containers, as in a pod" },
        { "timeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "for all of them" },
};
static const struct schema init_schema = SCHEMA(init_rows);
static const struct schema_field restore_hook_rows[] = {
        { "exec", SCHEMA_OBJECT, .sub = &restore_exec_schema, .help = "a command" },
        { "init", SCHEMA_OBJECT, .sub = &init_schema, .help = "init containers" },
};
static const struct schema restore_hook_schema = SCHEMA(restore_hook_rows);
static const struct schema_field restore_hook_resource_rows[] = {
        HOOK_FILTER_ROWS,
        { "postHooks", SCHEMA_OBJECT_LIST, .sub = &restore_hook_schema, .help = "after the pod" },
};
static const struct schema restore_hook_resource_schema = SCHEMA(restore_hook_resource_rows);
static const struct schema_field restore_hooks_rows[] = {
        { "resources", SCHEMA_OBJECT_LIST, .sub = &restore_hook_resource_schema,
                .help = "hooks by pods" },
};
static const struct schema restore_hooks_schema = SCHEMA(restore_hooks_rows);

/* --- BackupSpec --- */

static const struct schema_field template_meta_rows[] = {
        { "labels", SCHEMA_STRING_MAP, .check = velero_check_labels,
                .help = "labels of a schedule's backups" },
};
static const struct schema template_meta_schema = SCHEMA(template_meta_rows);
static const struct schema_field backup_uploader_rows[] = {
        { "parallelFilesUpload", SCHEMA_INT, .min = 1, .max = INT32_MAX,
                .help = "files uploaded at a time" },
};
static const struct schema backup_uploader_schema = SCHEMA(backup_uploader_rows);

static const struct schema_field backup_spec_rows[] = {
        { "metadata", SCHEMA_OBJECT, .sub = &template_meta_schema, .help = "labels" },
        VELERO_FILTER_ROWS,
        VELERO_SCOPED_FILTER_ROWS,
        { "snapshotVolumes", SCHEMA_BOOL, .help = "snapshots of volumes; unset is automatic" },
        { "ttl", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "how long the backup is kept; 720h unless set" },
        { "volumeGroupSnapshotLabelKey", SCHEMA_STRING,
                .help = "label of volumes that are snapshot together" },
        { "hooks", SCHEMA_OBJECT, .sub = &backup_hooks_schema, .help = "commands in pods" },
        { "storageLocation", SCHEMA_STRING, .help = "the BackupStorageLocation" },
        { "volumeSnapshotLocations", SCHEMA_STRING_LIST, .help = "one for each provider" },
        { "defaultVolumesToRestic", SCHEMA_BOOL, .flags = SCHEMA_DEPRECATED,
                .help = "write defaultVolumesToFsBackup" },
        { "defaultVolumesToFsBackup", SCHEMA_BOOL, .help = "volumes by file unless said else" },
        { "orderedResources", SCHEMA_STRING_MAP, .help = "kind: \"ns/a,ns/b\", taken first" },
        { "csiSnapshotTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "10m unless set" },
        { "itemOperationTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "4h unless set" },
        { "resourcePolicy", SCHEMA_OBJECT, .sub = &configmap_schema,
                .help = "ConfigMap with volume policies" },
        { "snapshotMoveData", SCHEMA_BOOL, .help = "copy snapshots to the object store" },
        { "datamover", SCHEMA_STRING, .help = "velero unless set" },
        { "uploaderConfig", SCHEMA_OBJECT, .sub = &backup_uploader_schema, .help = "uploader" },
};
const struct schema velero_backup_spec_schema = {
        .fields = backup_spec_rows,
        .n = ARRAY_SIZE(backup_spec_rows),
        .check = velero_check_filter,
};

/* --- RestoreSpec --- */

static const struct schema_field restore_status_rows[] = {
        { "includedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,
                .help = "kinds; empty is all" },
        { "excludedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,
                .help = "kinds to leave out" },
};
static const struct schema restore_status_schema = {
        .fields = restore_status_rows,
        .n = ARRAY_SIZE(restore_status_rows),
        .check = velero_check_filter,
};
static const struct schema_field restore_uploader_rows[] = {
        { "writeSparseFiles", SCHEMA_BOOL, .help = "keep holes of files" },
        { "parallelFilesDownload", SCHEMA_INT, .min = 1, .max = INT32_MAX,
                .help = "files restored at a time" },
};
static const struct schema restore_uploader_schema = SCHEMA(restore_uploader_rows);
static const char *const existing_policy_values[] = { "none", "update", NULL };

static const struct schema_field restore_spec_rows[] = {
        { "backupName", SCHEMA_STRING, .help = "what to restore from" },
        { "scheduleName", SCHEMA_STRING, .help = "its newest backup; not with backupName" },
        VELERO_FILTER_ROWS,
        { "namespaceMapping", SCHEMA_STRING_MAP, .check = velero_check_namespace_mapping,
                .help = "from: to" },
        { "restorePVs", SCHEMA_BOOL, .help = "volumes from snapshots" },
        { "restoreStatus", SCHEMA_OBJECT, .sub = &restore_status_schema,
                .help = "kinds whose status is restored" },
        { "preserveNodePorts", SCHEMA_BOOL, .help = "keep the node ports of services" },
        { "hooks", SCHEMA_OBJECT, .sub = &restore_hooks_schema, .help = "commands in pods" },
        { "existingResourcePolicy", SCHEMA_ENUM, .allowed = existing_policy_values,
                .help = "none or update" },
        { "itemOperationTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,
                .help = "4h unless set" },
        { "resourceModifier", SCHEMA_OBJECT, .sub = &configmap_schema,
                .help = "ConfigMap with modifications" },
        { "uploaderConfig", SCHEMA_OBJECT, .sub = &restore_uploader_schema, .help = "uploader" },
};
const struct schema velero_restore_spec_schema = {
        .fields = restore_spec_rows,
        .n = ARRAY_SIZE(restore_spec_rows),
        .check = velero_check_restore,
};

/* --- ScheduleSpec --- */

static const struct schema_field schedule_spec_rows[] = {
        { "schedule", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "cron expression, UTC" },
        { "template", SCHEMA_OBJECT, .sub = &velero_backup_spec_schema, .flags = SCHEMA_REQUIRED,
                .help = "the backups' spec" },
        { "useOwnerReferencesInBackup", SCHEMA_BOOL,
                .help = "backups go with the Schedule object" },
        { "paused", SCHEMA_BOOL, .help = "no backups while true" },
        { "skipImmediately", SCHEMA_BOOL, .help = "leave out the run that is due now" },
};
const struct schema velero_schedule_spec_schema = SCHEMA(schedule_spec_rows);
