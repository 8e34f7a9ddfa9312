/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * volume: what a node-agent does for a Backup or a Restore, one record for each volume: PodVolumeBackup
 * and PodVolumeRestore, which differ in their kind only.
 *
 * As with the records of types.h: one allocation, free() is its destructor, absent texts are "".
 */
#include "base/record.h"
#include "velero/phase.h"

struct velero_volume {
        const char *name;
        const char *backup;    /* label: the Backup's name, as far as a label can hold it */
        const char *restore;   /* label: the Restore's */
        const char *ns;        /* of the pod */
        const char *pod;
        const char *volume;    /* its name in the pod */
        const char *node;
        const char *phase_text;
        const char *message;   /* why it failed */
        int64_t started;
        int64_t completed;
        int64_t bytes_done;
        int64_t bytes_total;   /* 0 until the agent knows it */
        uint8_t phase;         /* enum velero_volume_phase */
};
_Static_assert(sizeof(struct velero_volume) <= 256, "hundreds of these are kept for a run");

/* Of either kind. -EBADMSG, -ENOMEM. */
int velero_volume_decode(const char *bytes, size_t len, struct velero_volume **ret, struct err *err);

extern struct record_type velero_volume_type;
