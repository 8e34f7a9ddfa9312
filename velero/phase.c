/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/phase.h"

#include <string.h>

#include "base/cleanup.h"

/* Each list is read twice: as rows, and as the names base/record.h decodes by. */
#define AS_ROW(value, string, bits)  { .phase = (value), .text = (string), .flags = (bits) },
#define AS_NAME(value, string, bits) [value] = (string),
#define TABLE(name, prefix, unknown_value)                                                        \
        {                                                                                         \
                .kind = (name), .rows = prefix##_rows, .n = ARRAY_SIZE(prefix##_rows), .names = { \
                        .names = prefix##_names,                                                  \
                        .n = ARRAY_SIZE(prefix##_names),                                          \
                        .unknown = (unknown_value),                                               \
                }                                                                                 \
        }

#define RUN  VELERO_PHASE_RUNNING
#define GOOD VELERO_PHASE_GOOD
#define BAD  VELERO_PHASE_BAD
#define END  VELERO_PHASE_TERMINAL

#define BACKUP_PHASES(X)                                                                       \
        X(VELERO_BACKUP_NEW, "New", RUN)                                                       \
        X(VELERO_BACKUP_QUEUED, "Queued", RUN)                                                 \
        X(VELERO_BACKUP_READY_TO_START, "ReadyToStart", RUN)                                   \
        X(VELERO_BACKUP_FAILED_VALIDATION, "FailedValidation", END | BAD)                      \
        X(VELERO_BACKUP_IN_PROGRESS, "InProgress", RUN)                                        \
        X(VELERO_BACKUP_WAITING, "WaitingForPluginOperations", RUN)                            \
        X(VELERO_BACKUP_WAITING_PARTIALLY_FAILED, "WaitingForPluginOperationsPartiallyFailed", \
                RUN | BAD)                                                                     \
        X(VELERO_BACKUP_FINALIZING, "Finalizing", RUN)                                         \
        X(VELERO_BACKUP_FINALIZING_PARTIALLY_FAILED, "FinalizingPartiallyFailed", RUN | BAD)   \
        X(VELERO_BACKUP_COMPLETED, "Completed", END | GOOD)                                    \
        X(VELERO_BACKUP_PARTIALLY_FAILED, "PartiallyFailed", END | BAD)                        \
        X(VELERO_BACKUP_FAILED, "Failed", END | BAD)                                           \
        X(VELERO_BACKUP_DELETING, "Deleting", 0)
static const struct velero_phase_row backup_rows[] = { BACKUP_PHASES(AS_ROW)
                AS_ROW(VELERO_BACKUP_UNKNOWN, "Unknown", RUN) };
static const char *const backup_names[] = { BACKUP_PHASES(AS_NAME) };

#define RESTORE_PHASES(X)                                                                       \
        X(VELERO_RESTORE_NEW, "New", RUN)                                                       \
        X(VELERO_RESTORE_FAILED_VALIDATION, "FailedValidation", END | BAD)                      \
        X(VELERO_RESTORE_IN_PROGRESS, "InProgress", RUN)                                        \
        X(VELERO_RESTORE_WAITING, "WaitingForPluginOperations", RUN)                            \
        X(VELERO_RESTORE_WAITING_PARTIALLY_FAILED, "WaitingForPluginOperationsPartiallyFailed", \
                RUN | BAD)                                                                      \
        X(VELERO_RESTORE_FINALIZING, "Finalizing", RUN)                                         \
        X(VELERO_RESTORE_FINALIZING_PARTIALLY_FAILED, "FinalizingPartiallyFailed", RUN | BAD)   \
        X(VELERO_RESTORE_COMPLETED, "Completed", END | GOOD)                                    \
        X(VELERO_RESTORE_PARTIALLY_FAILED, "PartiallyFailed", END | BAD)                        \
        X(VELERO_RESTORE_FAILED, "Failed", END | BAD)
static const struct velero_phase_row restore_rows[] = { RESTORE_PHASES(AS_ROW)
                AS_ROW(VELERO_RESTORE_UNKNOWN, "Unknown", RUN) };
static const char *const restore_names[] = { RESTORE_PHASES(AS_NAME) };

/* A schedule and a location are never done: what is good may turn bad and back. */
#define SCHEDULE_PHASES(X)                          \
        X(VELERO_SCHEDULE_NEW, "New", RUN)          \
        X(VELERO_SCHEDULE_ENABLED, "Enabled", GOOD) \
        X(VELERO_SCHEDULE_FAILED_VALIDATION, "FailedValidation", BAD)
static const struct velero_phase_row schedule_rows[] = { SCHEDULE_PHASES(AS_ROW)
                AS_ROW(VELERO_SCHEDULE_UNKNOWN, "Unknown", RUN) };
static const char *const schedule_names[] = { SCHEDULE_PHASES(AS_NAME) };

#define BSL_PHASES(X)                              \
        X(VELERO_BSL_NEW, "New", RUN)              \
        X(VELERO_BSL_AVAILABLE, "Available", GOOD) \
        X(VELERO_BSL_UNAVAILABLE, "Unavailable", BAD)
static const struct velero_phase_row bsl_rows[] = { BSL_PHASES(AS_ROW)
                AS_ROW(VELERO_BSL_UNKNOWN, "Unknown", RUN) };
static const char *const bsl_names[] = { BSL_PHASES(AS_NAME) };

/* Processed says nothing about success: a DeleteBackupRequest has its errors beside it. */
#define REQUEST_PHASES(X)                                \
        X(VELERO_REQUEST_NEW, "New", RUN)                \
        X(VELERO_REQUEST_IN_PROGRESS, "InProgress", RUN) \
        X(VELERO_REQUEST_PROCESSED, "Processed", END)
static const struct velero_phase_row request_rows[] = { REQUEST_PHASES(AS_ROW)
                AS_ROW(VELERO_REQUEST_UNKNOWN, "Unknown", RUN) };
static const char *const request_names[] = { REQUEST_PHASES(AS_NAME) };

#define VOLUME_PHASES(X)                                    \
        X(VELERO_VOLUME_NEW, "New", RUN)                    \
        X(VELERO_VOLUME_ACCEPTED, "Accepted", RUN)          \
        X(VELERO_VOLUME_PREPARED, "Prepared", RUN)          \
        X(VELERO_VOLUME_IN_PROGRESS, "InProgress", RUN)     \
        X(VELERO_VOLUME_CANCELING, "Canceling", RUN | BAD)  \
        X(VELERO_VOLUME_CANCELED, "Canceled", END | BAD)    \
        X(VELERO_VOLUME_COMPLETED, "Completed", END | GOOD) \
        X(VELERO_VOLUME_FAILED, "Failed", END | BAD)
static const struct velero_phase_row volume_rows[] = { VOLUME_PHASES(AS_ROW)
                AS_ROW(VELERO_VOLUME_UNKNOWN, "Unknown", RUN) };
static const char *const volume_names[] = { VOLUME_PHASES(AS_NAME) };

const struct velero_phase_table velero_backup_phases =
        TABLE("Backup", backup, VELERO_BACKUP_UNKNOWN);
const struct velero_phase_table velero_restore_phases =
        TABLE("Restore", restore, VELERO_RESTORE_UNKNOWN);
const struct velero_phase_table velero_schedule_phases =
        TABLE("Schedule", schedule, VELERO_SCHEDULE_UNKNOWN);
const struct velero_phase_table velero_bsl_phases =
        TABLE("BackupStorageLocation", bsl, VELERO_BSL_UNKNOWN);
const struct velero_phase_table velero_request_phases =
        TABLE("DeleteBackupRequest", request, VELERO_REQUEST_UNKNOWN);
const struct velero_phase_table velero_volume_phases =
        TABLE("PodVolumeBackup", volume, VELERO_VOLUME_UNKNOWN);

const struct velero_phase_row *velero_phase_row(const struct velero_phase_table *table, int phase)
{
        if (phase < 0 || (size_t)phase >= table->n)
                return &table->rows[table->n - 1];
        return &table->rows[phase];
}
