/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/phase.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

struct phase_row {
        const char *text;
        unsigned flags;
        const char *help;
};

#define END   PHASE_IS_TERMINAL
#define GOOD  PHASE_IS_GOOD
#define BAD   PHASE_IS_BAD
#define RUN   PHASE_IS_RUNNING
#define DRAFT PHASE_IS_DRAFT

/* Indexed by phase; the index is the precedence. */
static const struct phase_row phase_rows[] = {
        [PHASE_CONFLICT] = { "Conflict", END | BAD,
                "an object of that name is on the cluster and is not ours; it is not touched" },
        [PHASE_FAILED] = { "Failed", END | BAD, "Velero could not do it" },
        [PHASE_PARTIALLY_FAILED] = { "PartiallyFailed", END | BAD,
                "done with errors; the backup can be restored in part" },
        [PHASE_EXPIRED] = { "Expired", END | BAD,
                "not posted within the start deadline; `echo retry > ctl` posts it" },
        [PHASE_UNPROTECTED] = { "Unprotected", BAD,
                "the schedule is in force, but its storage cannot take a backup, its newest one holds nothing, all of them "
                "are gone, or it never runs" },
        [PHASE_OVERDUE] = { "Overdue", BAD, "no successful backup since the last due time" },
        [PHASE_DRIFTED] = { "Drifted", BAD, "someone else changed our object on the cluster" },
        [PHASE_UNKNOWN] = { "Unknown", BAD, "the cluster is away, or left the fleet; what is shown is stale" },
        [PHASE_ORPHANED] = { "Orphaned", BAD, "the object is ours and its policy is no more" },
        [PHASE_DELETING] = { "Deleting", RUN, "the backup and its data are being deleted" },
        [PHASE_IN_PROGRESS] = { "InProgress", RUN, "Velero works on it" },
        [PHASE_QUEUED] = { "Queued", RUN, "posted; Velero has not started it yet" },
        [PHASE_PENDING] = { "Pending", RUN, "owed to a cluster that cannot take it now" },
        [PHASE_ACCEPTED] = { "Accepted", RUN, "kept durably; nothing is posted yet" },
        [PHASE_PAUSED] = { "Paused", 0, "the schedule is paused; `echo resume > ctl`" },
        [PHASE_SCHEDULED] = { "Scheduled", 0, "the schedule is in force; its first backup is not due yet" },
        [PHASE_PROTECTED] = { "Protected", GOOD, "the last due backup is there" },
        [PHASE_CANCELLED] = { "Cancelled", END,
                "called off before it was posted: its policy was removed, or a newer run came" },
        [PHASE_COMPLETED] = { "Completed", END | GOOD, "done, without errors" },
        [PHASE_REJECTED] = { "Rejected", DRAFT | END | BAD,
                "the write was refused; the error file says why" },
        [PHASE_INTERRUPTED] = { "Interrupted", DRAFT | END,
                "the writer died before it was done; `echo start > ctl` starts it all the same" },
        [PHASE_DRAFT] = { "Draft", DRAFT | END, "inert; `echo start > ctl` starts it" },
        [PHASE_NONE] = { "", 0, "" },
};
_Static_assert(ARRAY_SIZE(phase_rows) == PHASE_MAX + 1, "one row for each phase");

static const struct phase_row *phase_row(enum phase phase)
{
        return &phase_rows[(unsigned)phase <= PHASE_MAX ? phase : PHASE_NONE];
}

const char *phase_text(enum phase phase)
{
        return phase_row(phase)->text;
}

const char *phase_help(enum phase phase)
{
        return phase_row(phase)->help;
}

unsigned phase_flags(enum phase phase)
{
        return phase_row(phase)->flags;
}

int phase_parse(const char *text, enum phase *ret)
{
        for (unsigned i = 0; i < PHASE_NONE; i++)
                if (strcmp(phase_rows[i].text, text) == 0) {
                        *ret = (enum phase)i;
                        return 0;
                }
        return -EINVAL;
}

enum phase phase_of_backup(enum velero_backup_phase phase, bool scheduled)
{
        static const enum phase map[] = {
                [VELERO_BACKUP_NEW] = PHASE_QUEUED,
                [VELERO_BACKUP_QUEUED] = PHASE_QUEUED,
                [VELERO_BACKUP_READY_TO_START] = PHASE_QUEUED,
                [VELERO_BACKUP_FAILED_VALIDATION] = PHASE_FAILED,
                [VELERO_BACKUP_IN_PROGRESS] = PHASE_IN_PROGRESS,
                [VELERO_BACKUP_WAITING] = PHASE_IN_PROGRESS,
                [VELERO_BACKUP_WAITING_PARTIALLY_FAILED] = PHASE_IN_PROGRESS,
                [VELERO_BACKUP_FINALIZING] = PHASE_IN_PROGRESS,
                [VELERO_BACKUP_FINALIZING_PARTIALLY_FAILED] = PHASE_IN_PROGRESS,
                [VELERO_BACKUP_COMPLETED] = PHASE_COMPLETED,
                [VELERO_BACKUP_PARTIALLY_FAILED] = PHASE_PARTIALLY_FAILED,
                [VELERO_BACKUP_FAILED] = PHASE_FAILED,
                [VELERO_BACKUP_DELETING] = PHASE_DELETING,
                [VELERO_BACKUP_UNKNOWN] = PHASE_IN_PROGRESS,
        };

        if ((unsigned)phase >= ARRAY_SIZE(map))
                return PHASE_IN_PROGRESS;
        if (phase == VELERO_BACKUP_COMPLETED && scheduled)
                return PHASE_PROTECTED;
        return map[phase];
}

enum phase phase_of_restore(enum velero_restore_phase phase)
{
        static const enum phase map[] = {
                [VELERO_RESTORE_NEW] = PHASE_QUEUED,
                [VELERO_RESTORE_FAILED_VALIDATION] = PHASE_FAILED,
                [VELERO_RESTORE_IN_PROGRESS] = PHASE_IN_PROGRESS,
                [VELERO_RESTORE_WAITING] = PHASE_IN_PROGRESS,
                [VELERO_RESTORE_WAITING_PARTIALLY_FAILED] = PHASE_IN_PROGRESS,
                [VELERO_RESTORE_FINALIZING] = PHASE_IN_PROGRESS,
                [VELERO_RESTORE_FINALIZING_PARTIALLY_FAILED] = PHASE_IN_PROGRESS,
                [VELERO_RESTORE_COMPLETED] = PHASE_COMPLETED,
                [VELERO_RESTORE_PARTIALLY_FAILED] = PHASE_PARTIALLY_FAILED,
                [VELERO_RESTORE_FAILED] = PHASE_FAILED,
                [VELERO_RESTORE_UNKNOWN] = PHASE_IN_PROGRESS,
        };

        return (unsigned)phase < ARRAY_SIZE(map) ? map[phase] : PHASE_IN_PROGRESS;
}
