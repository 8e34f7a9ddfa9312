/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "velero/phase.h"

/*
 * The phases fleetfs shows: its own and those it maps Velero's to, and the one table by which the
 * phases of many clusters become one. The order of the enum is the precedence: the smallest value
 * wins, so "worst first" is a plain comparison and a rollup a minimum. PHASE_NONE, the largest,
 * loses against everything and is what nothing rolls up to.
 *
 * Draft, Rejected and Interrupted belong to a draft and never to a policy in force: the rollup
 * skips them, unless there is nothing else.
 *
 * Pure and constant; any thread.
 */
enum phase {
        PHASE_CONFLICT, /* an object of that name exists there and is not ours */
        PHASE_FAILED,
        PHASE_PARTIALLY_FAILED,
        PHASE_EXPIRED,     /* owed for longer than the start deadline; needs `retry` */
        PHASE_UNPROTECTED, /* a schedule is in force and protects nothing: its storage is away, its backups are gone, … */
        PHASE_OVERDUE,     /* no success since the slot that was due */
        PHASE_DRIFTED,     /* someone else changed our object on the cluster */
        PHASE_UNKNOWN,     /* the cluster is away: what it shows is stale */
        PHASE_ORPHANED,    /* an object of ours whose policy is no more */
        PHASE_DELETING,
        PHASE_IN_PROGRESS,
        PHASE_QUEUED,
        PHASE_PENDING,  /* owed to a cluster that cannot take it now */
        PHASE_ACCEPTED, /* durable here, nothing posted yet */
        PHASE_PAUSED,
        PHASE_SCHEDULED, /* a schedule in force that has made no backup yet: none was due */
        PHASE_PROTECTED, /* a schedule in force whose last due backup is there */
        PHASE_CANCELLED, /* called off before it was posted, by a removal or a newer run: nothing is wrong */
        PHASE_COMPLETED, /* a one-off that is done */
        PHASE_REJECTED,  /* the last write was refused */
        PHASE_INTERRUPTED,
        PHASE_DRAFT,
        PHASE_NONE,
};
#define PHASE_MAX PHASE_NONE

enum phase_flag {
        PHASE_IS_TERMINAL = 1u << 0, /* will not change without a new write or verb */
        PHASE_IS_GOOD = 1u << 1,
        PHASE_IS_BAD = 1u << 2, /* needs an eye: listed worst first, a reason is shown with it */
        PHASE_IS_RUNNING = 1u << 3,
        PHASE_IS_DRAFT = 1u << 4,
};

/* "PartiallyFailed": the same word in text, JSON and one-value files. "" for PHASE_NONE. */
const char *phase_text(enum phase phase);
/* One sentence for README and man page. Never NULL. */
const char *phase_help(enum phase phase);
unsigned phase_flags(enum phase phase);
static inline bool phase_is(enum phase phase, unsigned flags)
{
        return (phase_flags(phase) & flags) == flags;
}

/* 0 and *ret, or -EINVAL for a text that is no phase; used when a stored state is read back. */
int phase_parse(const char *text, enum phase *ret);

/*
 * What a Velero phase means here. `scheduled` chooses between Protected and Completed for a good
 * backup. An unknown phase is InProgress; its own text is shown beside it by the renderer.
 */
enum phase phase_of_backup(enum velero_backup_phase phase, bool scheduled);
enum phase phase_of_restore(enum velero_restore_phase phase);
