/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of a record is a file. The fields of one kind are one list, in the order of their JSON keys;
 * V(kind, file, JSON key, value, help) is a row, J(kind, function, JSON key) a member of status.json only.
 */
#include "fs/show_velero.h"

#include "base/cleanup.h"
#include "fs/json_writer.h"
#include "fs/value.h"

#define BACKUP(V, J)                                                                             \
        J(backup, put_api_version, "apiVersion")                                                 \
        J(backup, put_cluster, "cluster")                                                        \
        V(backup, completed, "completed", value_time(b->completed), "when Velero was done")      \
        V(backup, created, "created", value_time(b->created), "when the object was made")        \
        V(backup, csi_snapshots_attempted, "csiSnapshotsAttempted",                              \
                value_int(b->csi_snapshots_attempted),                                           \
                "CSI snapshots tried")                                                           \
        V(backup, csi_snapshots_completed, "csiSnapshotsCompleted",                              \
                value_int(b->csi_snapshots_completed),                                           \
                "CSI snapshots made")                                                            \
        V(backup, deletion, "deletion", value_time(b->deletion),                                 \
                "when its deletion was asked for")                                               \
        V(backup, errors, "errors", value_int(b->errors), "errors that Velero counted")          \
        V(backup, expires, "expires", value_time(b->expiration), "when Velero removes it")       \
        V(backup, failure_reason, "failureReason", value_text(b->failure_reason),                \
                "Velero's own sentence")                                                         \
        V(backup, format_version, "formatVersion", value_text(b->format_version),                \
                "format of its files")                                                           \
        V(backup, hooks_attempted, "hooksAttempted", value_int(b->hooks_attempted),              \
                "hooks that ran")                                                                \
        V(backup, hooks_failed, "hooksFailed", value_int(b->hooks_failed), "hooks that failed")  \
        V(backup, items_done, "itemsDone", value_int(b->items_done),                             \
                "objects backed up so far")                                                      \
        V(backup, items_total, "itemsTotal", value_int(b->items_total), "objects to back up")    \
        J(backup, put_kind, "kind")                                                              \
        V(backup, namespaces, "namespaces", value_text(b->namespaces),                           \
                "namespaces it includes")                                                        \
        V(backup, operations_attempted, "operationsAttempted",                                   \
                value_int(b->operations_attempted),                                              \
                "item operations begun")                                                         \
        V(backup, operations_completed, "operationsCompleted",                                   \
                value_int(b->operations_completed),                                              \
                "item operations done")                                                          \
        V(backup, operations_failed, "operationsFailed", value_int(b->operations_failed),        \
                "item operations that failed")                                                   \
        V(backup, owner, "owner", value_text(b->owner),                                          \
                "store that made it, empty when it is not fleetfs's")                            \
        V(backup, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"),          \
                "Velero's word")                                                                 \
        V(backup, policy, "policy", value_text(b->policy), "policy that it belongs to")          \
        V(backup, queue_position, "queuePosition",                                               \
                b->queue_position ? value_int(b->queue_position) : (struct value){ 0 },          \
                "its place in Velero's queue")                                                   \
        V(backup, run, "run", value_text(b->run), "run that it belongs to")                      \
        V(backup, schedule_name, "scheduleName", value_text(b->schedule_name),                   \
                "Velero Schedule that made it")                                                  \
        V(backup, snapshots_attempted, "snapshotsAttempted", value_int(b->snapshots_attempted),  \
                "native snapshots tried")                                                        \
        V(backup, snapshots_completed, "snapshotsCompleted", value_int(b->snapshots_completed),  \
                "native snapshots made")                                                         \
        V(backup, source_k8s, "sourceKubernetes", value_text(b->source_k8s),                     \
                "Kubernetes that it was made in")                                                \
        V(backup, started, "started", value_time(b->started), "when Velero began")               \
        V(backup, storage_location, "storageLocation", value_text(b->storage_location),          \
                "where it is kept")                                                              \
        V(backup, ttl, "ttl", value_text(b->ttl), "how long it is kept")                         \
        V(backup, uid, "uid", value_text(b->uid), "UID of the object")                           \
        V(backup, validation_errors, "validationErrors", value_text(b->validation_errors),       \
                "why Velero refused it")                                                         \
        V(backup, velero_name, "veleroName", value_text(b->name), "name of the object")          \
        V(backup, warnings, "warnings", value_int(b->warnings), "warnings that Velero counted")

#define RESTORE(V, J)                                                                            \
        J(restore, put_api_version, "apiVersion")                                                \
        V(restore, backup_name, "backupName", value_text(b->backup_name),                        \
                "the Backup that is restored")                                                   \
        J(restore, put_cluster, "cluster")                                                       \
        V(restore, completed, "completed", value_time(b->completed), "when Velero was done")     \
        V(restore, created, "created", value_time(b->created), "when the object was made")       \
        V(restore, deletion, "deletion", value_time(b->deletion),                                \
                "when its deletion was asked for")                                               \
        V(restore, errors, "errors", value_int(b->errors), "errors that Velero counted")         \
        V(restore, existing_resource_policy, "existingResourcePolicy",                           \
                value_text(b->existing_resource_policy),                                         \
                "what happens to objects that exist")                                            \
        V(restore, failure_reason, "failureReason", value_text(b->failure_reason),               \
                "Velero's own sentence")                                                         \
        V(restore, hooks_attempted, "hooksAttempted", value_int(b->hooks_attempted),             \
                "hooks that ran")                                                                \
        V(restore, hooks_failed, "hooksFailed", value_int(b->hooks_failed),                      \
                "hooks that failed")                                                             \
        V(restore, items_done, "itemsDone", value_int(b->items_done),                            \
                "objects restored so far")                                                       \
        V(restore, items_total, "itemsTotal", value_int(b->items_total), "objects to restore")   \
        J(restore, put_kind, "kind")                                                             \
        V(restore, namespace_mapping, "namespaceMapping", value_text(b->namespace_mapping),      \
                "namespaces that change their name")                                             \
        V(restore, namespaces, "namespaces", value_text(b->namespaces),                          \
                "namespaces it includes")                                                        \
        V(restore, operations_attempted, "operationsAttempted",                                  \
                value_int(b->operations_attempted),                                              \
                "item operations begun")                                                         \
        V(restore, operations_completed, "operationsCompleted",                                  \
                value_int(b->operations_completed),                                              \
                "item operations done")                                                          \
        V(restore, operations_failed, "operationsFailed", value_int(b->operations_failed),       \
                "item operations that failed")                                                   \
        V(restore, owner, "owner", value_text(b->owner),                                         \
                "store that made it, empty when it is not fleetfs's")                            \
        V(restore, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"),         \
                "Velero's word")                                                                 \
        V(restore, policy, "policy", value_text(b->policy),                                      \
                "restore or migration that it belongs to")                                       \
        V(restore, run, "run", value_text(b->run), "run that it belongs to")                     \
        V(restore, schedule_name, "scheduleName", value_text(b->schedule_name),                  \
                "Schedule whose backup is restored")                                             \
        V(restore, started, "started", value_time(b->started), "when Velero began")              \
        V(restore, uid, "uid", value_text(b->uid), "UID of the object")                          \
        V(restore, validation_errors, "validationErrors", value_text(b->validation_errors),      \
                "why Velero refused it")                                                         \
        V(restore, velero_name, "veleroName", value_text(b->name), "name of the object")         \
        V(restore, warnings, "warnings", value_int(b->warnings),                                 \
                "warnings that Velero counted")

#define SCHEDULE(V, J)                                                                           \
        J(schedule, put_api_version, "apiVersion")                                               \
        J(schedule, put_cluster, "cluster")                                                      \
        V(schedule, created, "created", value_time(b->created), "when the object was made")      \
        J(schedule, put_kind, "kind")                                                            \
        V(schedule, last_backup, "lastBackup", value_time(b->last_backup),                       \
                "when Velero last began a backup")                                               \
        V(schedule, last_skipped, "lastSkipped", value_time(b->last_skipped),                    \
                "when Velero last skipped one")                                                  \
        V(schedule, namespaces, "namespaces", value_text(b->namespaces),                         \
                "namespaces its backups include")                                                \
        V(schedule, owner, "owner", value_text(b->owner),                                        \
                "store that made it, empty when it is not fleetfs's")                            \
        V(schedule, paused, "paused", value_bool(b->paused), "1: makes no backups")              \
        V(schedule, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"),        \
                "Velero's word")                                                                 \
        V(schedule, policy, "policy", value_text(b->policy), "policy that it belongs to")        \
        V(schedule, schedule, "schedule", value_text(b->schedule), "cron expression in force")   \
        V(schedule, storage_location, "storageLocation", value_text(b->storage_location),        \
                "where its backups are kept")                                                    \
        V(schedule, ttl, "ttl", value_text(b->ttl), "how long its backups are kept")             \
        V(schedule, uid, "uid", value_text(b->uid), "UID of the object")                         \
        V(schedule, validation_errors, "validationErrors", value_text(b->validation_errors),     \
                "why Velero refused it")                                                         \
        V(schedule, velero_name, "veleroName", value_text(b->name), "name of the object")

/* lastValidationTime is not shown: it changes each minute and would make every file of the location new for nothing. */
#define BSL(V, J)                                                                                \
        V(bsl, access_mode, "accessMode",                                                        \
                value_text(b->access_mode[0] ? b->access_mode : "ReadWrite"),                    \
                "ReadWrite or ReadOnly")                                                         \
        J(bsl, put_api_version, "apiVersion")                                                    \
        V(bsl, sync_period, "backupSyncPeriod", value_text(b->backup_sync_period),               \
                "how often Velero imports from it")                                              \
        V(bsl, bucket, "bucket", value_text(b->bucket), "bucket of the object storage")          \
        J(bsl, put_cluster, "cluster")                                                           \
        V(bsl, created, "created", value_time(b->created), "when the object was made")           \
        V(bsl, credential, "credential", value_text(b->credential_name),                         \
                "Secret with the credentials")                                                   \
        V(bsl, default, "default", value_bool(b->is_default),                                    \
                "1: backups that name no location go there")                                     \
        J(bsl, put_kind, "kind")                                                                 \
        V(bsl, message, "message", value_text(b->message), "why it is Unavailable")              \
        V(bsl, owner, "owner", value_text(b->owner),                                             \
                "store that made it, empty when it is not fleetfs's")                            \
        V(bsl, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"),             \
                "Available or Unavailable")                                                      \
        V(bsl, prefix, "prefix", value_text(b->prefix), "prefix in the bucket")                  \
        V(bsl, provider, "provider", value_text(b->provider), "provider of the object storage")  \
        V(bsl, region, "region", value_text(b->region), "region of the object storage")          \
        V(bsl, url, "s3Url", value_text(b->s3_url), "endpoint of the object storage")            \
        V(bsl, uid, "uid", value_text(b->uid), "UID of the object")

/* Of each kind: the getters, the values, their numbers, the rows, and the folder that holds one folder per object. */
#define GETTER(kind, n, j, v, h)                                                \
        static struct value kind##_##n(const struct subject *s)                 \
        {                                                                       \
                const typeof(*s->velero->kind) *b = s->velero->kind;            \
                return v;                                                       \
        }
#define NO_GETTER(kind, f, j)
#define JSON_ROW(kind, f, j) { .json = (j), .put = velero_##f },
#define VALUE(kind, n, j, v, h)  VALUE_ROW(kind, n, j, h)
#define NUMBER(kind, n, j, v, h) VALUE_NUMBER(kind, n, j, h)
#define ROW(kind, n, j, v, h) FILE_ROW(#n, velero_value_file, .arg = kind##_NUMBER_##n, .flags = NODE_WATCHED, .help = h),

static int velero_value_file(const struct subject *s, struct buf *out);
static int velero_json(const struct subject *s, struct buf *out);

static void velero_put_api_version(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "fleetfs/v1");
}

static void velero_put_kind(struct json_writer *w, const char *key, const struct subject *s)
{
        static const char *const kinds[VELERO_KINDS] = { [VELERO_BACKUP] = "Backup", [VELERO_RESTORE] = "Restore",
                [VELERO_SCHEDULE] = "Schedule", [VELERO_LOCATION] = "BackupStorageLocation" };

        json_string_member(w, key, kinds[s->velero->kind]);
}

static void velero_put_cluster(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->member->name);
}

static int64_t velero_mtime(const struct subject *s)
{
        const struct velero_object *v = s->velero;

        switch (v->kind) {
        case VELERO_BACKUP:
                return v->backup->completed ? v->backup->completed : v->backup->created;
        case VELERO_RESTORE:
                return v->restore->completed ? v->restore->completed : v->restore->created;
        case VELERO_SCHEDULE:
                return v->schedule->last_backup ? v->schedule->last_backup : v->schedule->created;
        case VELERO_LOCATION:
                return v->bsl->created;
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                break;
        }
        return 0;
}

static bool velero_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->velero = member_velero(dir->member, dir->velero_kind, name);
        return child->velero != NULL;
}

static bool velero_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct velero_object *v =
                member_velero_after(dir->member, dir->velero_kind, cursor->at != NULL ? cursor->name : NULL);

        if (v == NULL)
                return false;
        cursor->at = v;
        cursor->name = v->name;
        return true;
}

#define KIND(LIST, thing, plural, enumerator)                                                             \
        LIST(GETTER, NO_GETTER)                                                                                     \
        static const struct value_row thing##_values[] = { LIST(VALUE, JSON_ROW) };                            \
        enum { LIST(NUMBER, VALUE_JSON_NUMBER) };                                                                   \
        static const struct node_row thing##_rows[] = {                                                              \
                FILE_ROW("status.json", velero_json, .flags = NODE_WATCHED, .help = "all values for programs"),     \
                LIST(ROW, VALUE_NO_FILE)                                                                            \
        };                                                                                                          \
        static const struct node_table thing##_table = NODE_TABLE(thing##_rows);                                     \
        static const struct node_row thing##_child = { .kind = NODE_DIR, .table = &thing##_table,                    \
                .mtime = velero_mtime, .help = "one object of Velero" };                                                  \
        static const struct node_row plural##_rows[] = {                                                            \
                LIST_ROW(velero_find, velero_next, thing##_child, .help = "one folder per object"),                  \
        };                                                                                                          \
        const struct node_table velero_##plural##_table = NODE_TABLE(plural##_rows);                                \
        void velero_enter_##plural(struct subject *s)                                                               \
        {                                                                                                           \
                s->velero_kind = enumerator;                                                                        \
        }

KIND(BACKUP, backup, backups, VELERO_BACKUP)
KIND(RESTORE, restore, restores, VELERO_RESTORE)
KIND(SCHEDULE, schedule, schedules, VELERO_SCHEDULE)
KIND(BSL, bsl, bsls, VELERO_LOCATION)

static const struct {
        const struct value_row *rows;
        size_t n;
} velero_values[VELERO_KINDS] = {
        [VELERO_BACKUP] = { backup_values, ARRAY_SIZE(backup_values) },
        [VELERO_RESTORE] = { restore_values, ARRAY_SIZE(restore_values) },
        [VELERO_SCHEDULE] = { schedule_values, ARRAY_SIZE(schedule_values) },
        [VELERO_LOCATION] = { bsl_values, ARRAY_SIZE(bsl_values) },
};

static int velero_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, velero_values[s->velero->kind].rows[s->row->arg].get(s));
}

static int velero_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        value_members(&w, velero_values[s->velero->kind].rows, velero_values[s->velero->kind].n, s, true);
        json_close(&w);
        return out->error;
}
