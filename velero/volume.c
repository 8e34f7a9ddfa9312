/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/volume.h"

#include "velero/names.h"

#define T struct velero_volume
static const struct record_field velero_volume_fields[] = {
        FIELD(T, name, "metadata.name", RECORD_REQUIRED),
        FIELD(T, backup, "metadata.labels[" VELERO_LABEL_BACKUP_NAME "]", 0),
        FIELD(T, restore, "metadata.labels[" VELERO_LABEL_RESTORE_NAME "]", 0),
        FIELD(T, ns, "spec.pod.namespace", 0),
        FIELD(T, pod, "spec.pod.name", 0),
        FIELD(T, volume, "spec.volume", 0),
        FIELD(T, node, "spec.node", 0),
        FIELD(T, node, "status.node", RECORD_FALLBACK),
        FIELD_ENUM(T, phase, phase_text, "status.phase", &velero_volume_phases.names, 0),
        FIELD(T, message, "status.message", 0),
        FIELD_TIME(T, started, "status.startTimestamp", 0),
        FIELD_TIME(T, completed, "status.completionTimestamp", 0),
        FIELD(T, bytes_done, "status.progress.bytesDone", 0),
        FIELD(T, bytes_total, "status.progress.totalBytes", 0),
};
#undef T
struct record_type velero_volume_type = RECORD_TYPE("PodVolumeBackup", struct velero_volume, velero_volume_fields);

int velero_volume_decode(const char *bytes, size_t len, struct velero_volume **ret, struct err *err)
{
        void *record = NULL;
        int r = record_decode(&velero_volume_type, bytes, len, &record, err);

        if (r == 0)
                *ret = record;
        return r;
}
