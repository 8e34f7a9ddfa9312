/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Time zones of the IANA database, as Go's `time` package reads them: cron expressions with a `TZ=`
 * prefix fire by it, and a schedule's next time must be the one that Velero computes.
 *
 * Own code, because libc has none that fits: tzset() and localtime() know one zone, the process',
 * and changing it changes it for every thread. A zone here is a constant object; the process' TZ,
 * the machine's own zone and locale play no part.
 *
 * A zone that was found once stays in memory until the process ends, so `const struct zone *` needs
 * no owner and may be kept and read by any thread. NULL stands for UTC wherever a zone is taken.
 */
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

struct err;
struct zone;

/* Debian's package tzdata puts it there. */
#define ZONE_DIR "/usr/share/zoneinfo"

/*
 * The zone of a name such as "Europe/Berlin" (n bytes, not necessarily NUL-terminated). "", "UTC"
 * and "Local" give NULL, which is UTC: Velero's container has no other local zone. Reads a file at
 * the first use of a name. Any thread.
 *
 * -EINVAL: not the form of a name (parts of letters, digits, '_', '-', '+', '.', joined by '/'; a
 * leading '/', an empty part, "." and ".." are refused), a name the database does not have, one
 * that means this machine's own zone ("localtime"), or more than LIMIT_ZONES different ones;
 * -ENOENT: there is no database on this machine; -EBADMSG: the file is damaged; or the errno of
 * reading it. All with a remedy.
 */
int zone_get(const char *name, size_t n, const struct zone **ret, struct err *err);

/* The same from another folder, past the zones in memory; the caller frees it. For zone_get() and
 * its test. */
int zone_read(const char *dir, const char *name, struct zone **ret, struct err *err);

/* The bytes of a TZif file (RFC 9636), version 1 to 4. Leap seconds are left out, as in Go.
 * -EBADMSG for what is none, -ENOMEM. Does no I/O. */
int zone_decode(const void *bytes, size_t n, struct zone **ret, struct err *err);
void zone_free(struct zone *zone);
DEFINE_CLEANUP(struct zone *, zone_free);

/* Seconds east of UTC that are in force from `start` on and before `end`. */
struct zone_span {
        int64_t start, end; /* INT64_MIN, INT64_MAX: for ever */
        int32_t offset;     /* within 26 hours */
};

/* What is in force at a time. The bounds are exact near a change; after the last change that the
 * file lists they may be those of the calendar year. */
void zone_at(const struct zone *zone, int64_t t, struct zone_span *ret);

/*
 * The instant of a local time, given as seconds since 1970-01-01T00:00:00 on the zone's own clock.
 * A local time that comes twice means, as Go's time.Date() has it, one of the two; one that is
 * skipped gives the instant before or after the gap which one of both offsets makes of it.
 */
int64_t zone_instant(const struct zone *zone, int64_t local);
