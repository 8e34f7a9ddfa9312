/* SPDX-License-Identifier: Apache-2.0 */
/* track, records: what an object of any of Velero's kinds says, as the table of its kind has it. */
#include "ops/track_private.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record.h"

const char *track_decode(enum velero_kind kind, const char *bytes, size_t len, void **ret, struct err *err)
{
        switch (kind) {
        case VELERO_BACKUP: {
                struct velero_backup *x;
                if (velero_backup_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_RESTORE: {
                struct velero_restore *x;
                if (velero_restore_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_SCHEDULE: {
                struct velero_schedule *x;
                if (velero_schedule_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_LOCATION: {
                struct velero_bsl *x;
                if (velero_bsl_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_DELETE_REQUEST: {
                struct velero_delete_request *x;
                if (velero_delete_request_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_KINDS:
                break;
        }
        return NULL;
}

int64_t track_time(const struct velero_object *v)
{
        int64_t times[4] = { 0 }, newest = 0;

        switch (v->kind) {
        case VELERO_BACKUP:
                memcpy(times, (const int64_t[]){ v->backup->created, v->backup->started, v->backup->completed,
                        v->backup->deletion }, sizeof(times));
                break;
        case VELERO_RESTORE:
                memcpy(times, (const int64_t[]){ v->restore->created, v->restore->started, v->restore->completed,
                        v->restore->deletion }, sizeof(times));
                break;
        case VELERO_SCHEDULE:
                memcpy(times, (const int64_t[]){ v->schedule->created, v->schedule->last_backup,
                        v->schedule->last_skipped, v->schedule->deletion }, sizeof(times));
                break;
        case VELERO_LOCATION:
                memcpy(times, (const int64_t[]){ v->bsl->created, v->bsl->last_validation, v->bsl->last_synced,
                        v->bsl->deletion }, sizeof(times));
                break;
        case VELERO_DELETE_REQUEST:
                times[0] = v->delete_request->created;
                times[1] = v->delete_request->deletion;
                break;
        case VELERO_KINDS:
                break;
        }
        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
                if (times[i] > newest)
                        newest = times[i];
        return newest;
}

bool track_same(const struct velero_object *v, const void *record, const char *digest)
{
        const struct record_type *type = velero_record_type(v->kind);
        const char *known = velero_digest(v);
        struct velero_bsl seen;

        if (v->kind != VELERO_LOCATION)
                return record_equal(type, v->record, record) &&
                       strcmp(digest != NULL ? digest : "", known != NULL ? known : "") == 0;
        seen = *v->bsl;
        seen.last_validation = ((const struct velero_bsl *)record)->last_validation;
        seen.last_synced = ((const struct velero_bsl *)record)->last_synced;
        return record_equal(type, &seen, record);
}
