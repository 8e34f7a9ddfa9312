/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every field of a record is a file. The fields of one kind are one list; X(kind, file, JSON key, value, help) is the row.
 */
#include "fs/show_velero.h"

#include "base/cleanup.h"
#include "fs/json_writer.h"
#include "fs/value.h"

#define BACKUP(X)                                                                                                   \
        X(backup, created, "created", value_time(b->created), "when the object was made")                           \
        X(backup, completed, "completed", value_time(b->completed), "when Velero was done")                         \
        X(backup, csi_snapshots_attempted, "csiSnapshotsAttempted", value_int(b->csi_snapshots_attempted), "CSI snapshots tried") \
        X(backup, csi_snapshots_completed, "csiSnapshotsCompleted", value_int(b->csi_snapshots_completed), "CSI snapshots made") \
        X(backup, deletion, "deletion", value_time(b->deletion), "when its deletion was asked for")                 \
        X(backup, errors, "errors", value_int(b->errors), "errors that Velero counted")                             \
        X(backup, expires, "expires", value_time(b->expiration), "when Velero removes it")                          \
        X(backup, failure_reason, "failureReason", value_text(b->failure_reason), "Velero's own sentence")          \
        X(backup, format_version, "formatVersion", value_text(b->format_version), "format of its files")            \
        X(backup, hooks_attempted, "hooksAttempted", value_int(b->hooks_attempted), "hooks that ran")               \
        X(backup, hooks_failed, "hooksFailed", value_int(b->hooks_failed), "hooks that failed")                     \
        X(backup, items_done, "itemsDone", value_int(b->items_done), "objects backed up so far")                    \
        X(backup, items_total, "itemsTotal", value_int(b->items_total), "objects to back up")                       \
        X(backup, namespaces, "namespaces", value_text(b->namespaces), "namespaces it includes")                    \
        X(backup, operations_attempted, "operationsAttempted", value_int(b->operations_attempted), "item operations begun") \
        X(backup, operations_completed, "operationsCompleted", value_int(b->operations_completed), "item operations done") \
        X(backup, operations_failed, "operationsFailed", value_int(b->operations_failed), "item operations that failed") \
        X(backup, owner, "owner", value_text(b->owner), "store that made it, empty when it is not fleetfs's")       \
        X(backup, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"), "Velero's word")            \
        X(backup, policy, "policy", value_text(b->policy), "policy that it belongs to")                             \
        X(backup, queue_position, "queuePosition", b->queue_position ? value_int(b->queue_position) : (struct value){ 0 }, "its place in Velero's queue") \
        X(backup, run, "run", value_text(b->run), "run that it belongs to")                                         \
        X(backup, schedule_name, "scheduleName", value_text(b->schedule_name), "Velero Schedule that made it")      \
        X(backup, snapshots_attempted, "snapshotsAttempted", value_int(b->snapshots_attempted), "native snapshots tried") \
        X(backup, snapshots_completed, "snapshotsCompleted", value_int(b->snapshots_completed), "native snapshots made") \
        X(backup, source_k8s, "sourceKubernetes", value_text(b->source_k8s), "Kubernetes that it was made in")      \
        X(backup, started, "started", value_time(b->started), "when Velero began")                                  \
        X(backup, storage_location, "storageLocation", value_text(b->storage_location), "where it is kept")         \
        X(backup, ttl, "ttl", value_text(b->ttl), "how long it is kept")                                            \
        X(backup, uid, "uid", value_text(b->uid), "UID of the object")                                              \
        X(backup, validation_errors, "validationErrors", value_text(b->validation_errors), "why Velero refused it") \
        X(backup, velero_name, "veleroName", value_text(b->name), "name of the object")                             \
        X(backup, warnings, "warnings", value_int(b->warnings), "warnings that Velero counted")

#define RESTORE(X)                                                                                                  \
        X(restore, backup_name, "backupName", value_text(b->backup_name), "the Backup that is restored")            \
        X(restore, created, "created", value_time(b->created), "when the object was made")                          \
        X(restore, completed, "completed", value_time(b->completed), "when Velero was done")                        \
        X(restore, deletion, "deletion", value_time(b->deletion), "when its deletion was asked for")                \
        X(restore, errors, "errors", value_int(b->errors), "errors that Velero counted")                            \
        X(restore, existing_resource_policy, "existingResourcePolicy", value_text(b->existing_resource_policy), "what happens to objects that exist") \
        X(restore, failure_reason, "failureReason", value_text(b->failure_reason), "Velero's own sentence")         \
        X(restore, hooks_attempted, "hooksAttempted", value_int(b->hooks_attempted), "hooks that ran")              \
        X(restore, hooks_failed, "hooksFailed", value_int(b->hooks_failed), "hooks that failed")                    \
        X(restore, items_done, "itemsDone", value_int(b->items_done), "objects restored so far")                    \
        X(restore, items_total, "itemsTotal", value_int(b->items_total), "objects to restore")                      \
        X(restore, namespace_mapping, "namespaceMapping", value_text(b->namespace_mapping), "namespaces that change their name") \
        X(restore, namespaces, "namespaces", value_text(b->namespaces), "namespaces it includes")                   \
        X(restore, operations_attempted, "operationsAttempted", value_int(b->operations_attempted), "item operations begun") \
        X(restore, operations_completed, "operationsCompleted", value_int(b->operations_completed), "item operations done") \
        X(restore, operations_failed, "operationsFailed", value_int(b->operations_failed), "item operations that failed") \
        X(restore, owner, "owner", value_text(b->owner), "store that made it, empty when it is not fleetfs's")      \
        X(restore, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"), "Velero's word")           \
        X(restore, policy, "policy", value_text(b->policy), "restore or migration that it belongs to")              \
        X(restore, run, "run", value_text(b->run), "run that it belongs to")                                        \
        X(restore, schedule_name, "scheduleName", value_text(b->schedule_name), "Schedule whose backup is restored") \
        X(restore, started, "started", value_time(b->started), "when Velero began")                                 \
        X(restore, uid, "uid", value_text(b->uid), "UID of the object")                                             \
        X(restore, validation_errors, "validationErrors", value_text(b->validation_errors), "why Velero refused it") \
        X(restore, velero_name, "veleroName", value_text(b->name), "name of the object")                            \
        X(restore, warnings, "warnings", value_int(b->warnings), "warnings that Velero counted")

#define SCHEDULE(X)                                                                                                 \
        X(schedule, created, "created", value_time(b->created), "when the object was made")                         \
        X(schedule, last_backup, "lastBackup", value_time(b->last_backup), "when Velero last began a backup")       \
        X(schedule, last_skipped, "lastSkipped", value_time(b->last_skipped), "when Velero last skipped one")       \
        X(schedule, namespaces, "namespaces", value_text(b->namespaces), "namespaces its backups include")          \
        X(schedule, owner, "owner", value_text(b->owner), "store that made it, empty when it is not fleetfs's")     \
        X(schedule, paused, "paused", value_bool(b->paused), "1: makes no backups")                                 \
        X(schedule, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"), "Velero's word")          \
        X(schedule, policy, "policy", value_text(b->policy), "policy that it belongs to")                           \
        X(schedule, schedule, "schedule", value_text(b->schedule), "cron expression in force")                      \
        X(schedule, storage_location, "storageLocation", value_text(b->storage_location), "where its backups are kept") \
        X(schedule, ttl, "ttl", value_text(b->ttl), "how long its backups are kept")                                \
        X(schedule, uid, "uid", value_text(b->uid), "UID of the object")                                            \
        X(schedule, validation_errors, "validationErrors", value_text(b->validation_errors), "why Velero refused it") \
        X(schedule, velero_name, "veleroName", value_text(b->name), "name of the object")

/* lastValidationTime is not shown: it changes each minute and would make every file of the location new for nothing. */
#define BSL(X)                                                                                                      \
        X(bsl, access_mode, "accessMode", value_text(b->access_mode[0] ? b->access_mode : "ReadWrite"), "ReadWrite or ReadOnly") \
        X(bsl, bucket, "bucket", value_text(b->bucket), "bucket of the object storage")                             \
        X(bsl, created, "created", value_time(b->created), "when the object was made")                              \
        X(bsl, credential, "credential", value_text(b->credential_name), "Secret with the credentials")             \
        X(bsl, default, "default", value_bool(b->is_default), "1: backups that name no location go there")          \
        X(bsl, message, "message", value_text(b->message), "why it is Unavailable")                                 \
        X(bsl, owner, "owner", value_text(b->owner), "store that made it, empty when it is not fleetfs's")          \
        X(bsl, phase, "phase", value_text(b->phase_text[0] ? b->phase_text : "New"), "Available or Unavailable")    \
        X(bsl, prefix, "prefix", value_text(b->prefix), "prefix in the bucket")                                     \
        X(bsl, provider, "provider", value_text(b->provider), "provider of the object storage")                     \
        X(bsl, region, "region", value_text(b->region), "region of the object storage")                             \
        X(bsl, sync_period, "backupSyncPeriod", value_text(b->backup_sync_period), "how often Velero imports from it") \
        X(bsl, uid, "uid", value_text(b->uid), "UID of the object")                                                 \
        X(bsl, url, "s3Url", value_text(b->s3_url), "endpoint of the object storage")

/* Of each kind: the getters, the values, their numbers, the rows, and the folder that holds one folder per object. */
#define GETTER(kind, n, j, v, h)                                                \
        static struct value kind##_##n(const struct subject *s)                 \
        {                                                                       \
                const typeof(*s->velero->kind) *b = s->velero->kind;            \
                return v;                                                       \
        }
#define VALUE(kind, n, j, v, h) { .name = #n, .json = j, .get = kind##_##n },
#define NUMBER(kind, n, j, v, h) kind##_NUMBER_##n,
#define ROW(kind, n, j, v, h) FILE_ROW(#n, velero_value_file, .arg = kind##_NUMBER_##n, .flags = NODE_WATCHED, .help = h),

static int velero_value_file(const struct subject *s, struct buf *out);
static int velero_json(const struct subject *s, struct buf *out);

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
                cursor->at == NULL ? dir->member->velero[dir->velero_kind] :
                                     ((const struct velero_object *)cursor->at)->hh.next;

        if (v == NULL)
                return false;
        cursor->at = v;
        cursor->name = v->name;
        return true;
}

#define KIND(LIST, thing, plural, enumerator)                                                                        \
        LIST(GETTER)                                                                                                \
        static const struct value_row thing##_values[] = { LIST(VALUE) };                                            \
        enum { LIST(NUMBER) };                                                                                      \
        static const struct node_row thing##_rows[] = {                                                              \
                FILE_ROW("status.json", velero_json, .flags = NODE_WATCHED, .help = "all values for programs"),     \
                LIST(ROW)                                                                                           \
        };                                                                                                          \
        static const struct node_table thing##_table = NODE_TABLE(thing##_rows);                                      \
        static const struct node_row thing##_child = { .kind = NODE_DIR, .table = &thing##_table, .mtime = velero_mtime }; \
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
        const char *kind;
} velero_values[VELERO_KINDS] = {
        [VELERO_BACKUP] = { backup_values, ARRAY_SIZE(backup_values), "Backup" },
        [VELERO_RESTORE] = { restore_values, ARRAY_SIZE(restore_values), "Restore" },
        [VELERO_SCHEDULE] = { schedule_values, ARRAY_SIZE(schedule_values), "Schedule" },
        [VELERO_LOCATION] = { bsl_values, ARRAY_SIZE(bsl_values), "BackupStorageLocation" },
};

static int velero_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, velero_values[s->velero->kind].rows[s->row->arg].get(s));
}

static int velero_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_string_member(&w, "kind", velero_values[s->velero->kind].kind);
        value_members(&w, velero_values[s->velero->kind].rows, velero_values[s->velero->kind].n, s);
        json_close(&w);
        return out->error;
}
