/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/record.h"

/*
 * The phases Velero 1.18 writes into status.phase, one table per kind.
 *
 * Value 0 is always NEW, the empty phase: the server has not looked at the object yet. The last
 * value of each enum is UNKNOWN: a phase this table does not have, because minor releases add some.
 * An unknown phase counts as running, and its text is kept by whoever decoded it.
 *
 * The tables are constant; every function may be called from any thread.
 */

enum velero_phase_flag {
        VELERO_PHASE_TERMINAL = 1u << 0, /* the server will not change it by itself any more */
        VELERO_PHASE_GOOD = 1u << 1,     /* what was asked for is there, whole */
        VELERO_PHASE_BAD = 1u << 2,      /* something went wrong, or already has while running */
        VELERO_PHASE_RUNNING = 1u << 3,  /* the server has still something to do, also waiting */
};

enum velero_backup_phase {
        VELERO_BACKUP_NEW,
        VELERO_BACKUP_QUEUED,
        VELERO_BACKUP_READY_TO_START,
        VELERO_BACKUP_FAILED_VALIDATION,
        VELERO_BACKUP_IN_PROGRESS,
        VELERO_BACKUP_WAITING,                  /* WaitingForPluginOperations */
        VELERO_BACKUP_WAITING_PARTIALLY_FAILED, /* WaitingForPluginOperationsPartiallyFailed */
        VELERO_BACKUP_FINALIZING,
        VELERO_BACKUP_FINALIZING_PARTIALLY_FAILED,
        VELERO_BACKUP_COMPLETED,
        VELERO_BACKUP_PARTIALLY_FAILED,
        VELERO_BACKUP_FAILED,
        VELERO_BACKUP_DELETING, /* neither terminal nor running: stays when the deletion fails */
        VELERO_BACKUP_UNKNOWN,
};

enum velero_restore_phase {
        VELERO_RESTORE_NEW,
        VELERO_RESTORE_FAILED_VALIDATION,
        VELERO_RESTORE_IN_PROGRESS,
        VELERO_RESTORE_WAITING,
        VELERO_RESTORE_WAITING_PARTIALLY_FAILED,
        VELERO_RESTORE_FINALIZING,
        VELERO_RESTORE_FINALIZING_PARTIALLY_FAILED,
        VELERO_RESTORE_COMPLETED,
        VELERO_RESTORE_PARTIALLY_FAILED,
        VELERO_RESTORE_FAILED,
        VELERO_RESTORE_UNKNOWN,
};

enum velero_schedule_phase {
        VELERO_SCHEDULE_NEW,
        VELERO_SCHEDULE_ENABLED,
        VELERO_SCHEDULE_FAILED_VALIDATION,
        VELERO_SCHEDULE_UNKNOWN,
};

/* BackupStorageLocation. */
enum velero_bsl_phase {
        VELERO_BSL_NEW,
        VELERO_BSL_AVAILABLE,
        VELERO_BSL_UNAVAILABLE,
        VELERO_BSL_UNKNOWN,
};

/* DeleteBackupRequest, DownloadRequest and ServerStatusRequest: none has a phase for failure. */
enum velero_request_phase {
        VELERO_REQUEST_NEW,
        VELERO_REQUEST_IN_PROGRESS, /* DeleteBackupRequest only */
        VELERO_REQUEST_PROCESSED,
        VELERO_REQUEST_UNKNOWN,
};

/* PodVolumeBackup, PodVolumeRestore, DataUpload and DataDownload share their phases. */
enum velero_volume_phase {
        VELERO_VOLUME_NEW,
        VELERO_VOLUME_ACCEPTED,
        VELERO_VOLUME_PREPARED,
        VELERO_VOLUME_IN_PROGRESS,
        VELERO_VOLUME_CANCELING,
        VELERO_VOLUME_CANCELED,
        VELERO_VOLUME_COMPLETED,
        VELERO_VOLUME_FAILED,
        VELERO_VOLUME_UNKNOWN,
};

struct velero_phase_row {
        int phase;        /* a value of the table's enum; rows are in the enum's order */
        const char *text; /* as Velero spells it; "New" for 0, "Unknown" for the last */
        unsigned flags;   /* enum velero_phase_flag */
};

struct velero_phase_table {
        const char *kind; /* "Backup" */
        const struct velero_phase_row *rows;
        size_t n;                 /* the last row is UNKNOWN */
        struct record_enum names; /* the same texts, for FIELD_ENUM */
};

extern const struct velero_phase_table velero_backup_phases;
extern const struct velero_phase_table velero_restore_phases;
extern const struct velero_phase_table velero_schedule_phases;
extern const struct velero_phase_table velero_bsl_phases;
extern const struct velero_phase_table velero_request_phases;
extern const struct velero_phase_table velero_volume_phases;

/* The row of a value; a value outside of the enum gives the UNKNOWN row. Never NULL. */
const struct velero_phase_row *velero_phase_row(const struct velero_phase_table *table, int phase);

/* The text of a value, as Velero spells it. Never NULL. */
static inline const char *velero_phase_text(const struct velero_phase_table *table, int phase)
{
        return velero_phase_row(table, phase)->text;
}

/* Whether a value has all of these flags. */
static inline bool velero_phase_is(
        const struct velero_phase_table *table, int phase, unsigned flags)
{
        return (velero_phase_row(table, phase)->flags & flags) == flags;
}
