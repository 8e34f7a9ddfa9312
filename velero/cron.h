/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Cron expressions as Velero understands them: robfig/cron v3.0.1 `ParseStandard`, and the times at
 * which they fire. What it takes is taken, what it refuses is refused, and the next time is the one
 * it computes, also where its rules are odd; tests/e2e/cron.bats holds this against the library.
 *
 *   minute hour day-of-month month day-of-week     lists, ranges, steps, *, ?, jan-dec, sun-sat
 *   @yearly @annually @monthly @weekly @daily @midnight @hourly
 *   @every <Go duration>                           cut to whole seconds, at least one; see every_column
 *   TZ=<zone> or CRON_TZ=<zone>, a space, and one of the above
 *
 * - Day of month and day of week: if one has a star (also "?" and a step of 1, but no longer step)
 * both must match, else either is enough.
 * - Without a zone the expression means UTC: Velero takes its container's local time, and that is
 *   UTC. Zones come from this machine's database (velero/zone.h).
 * - Times of the day that a zone skips in spring are skipped; those it repeats in autumn fire
 * twice.
 * - Two deliberate refusals more: a zone's name that is no canonical one ("Europe//Berlin") or
 * means the machine's own ("localtime"). And "TZ=UTC" with nothing behind it, where the library
 * panics.
 *
 * Times are int64_t seconds as in base/timefmt.h, 0 is "none". No clock is read: time is a
 * parameter. A struct cron is a value: copy it, keep it, no destructor. All functions may be called
 * from any thread.
 */
#include <stdbool.h>
#include <stdint.h>

struct err;
struct zone;

/* Bit n of a field is set when value n fires; this one says that the field has a star. */
#define CRON_STAR (1ULL << 63)

struct cron {
        uint64_t minute, hour, day, month, weekday;
        const struct zone *zone; /* NULL: UTC; lives as long as the process */
        int64_t every_s;         /* @every: seconds, and the fields are 0; else 0 */
        int every_column; /* of a duration that is not above zero, which Velero takes for 1 s: where
                             it begins, in bytes from 1; else 0 */
};

/*
 * Reads an expression. -EINVAL for what Velero would refuse: err has column (in bytes, from 1; just
 * behind the end where something is missing) with line 1, a sentence and a remedy. -ENOENT,
 * -EBADMSG and other errnos of zone_get() when this machine cannot judge the zone, -ENOMEM. *ret is
 * untouched then.
 *
 * An expression may be valid and never fire: see cron_never().
 */
int cron_parse(const char *text, struct cron *ret, struct err *err);

/*
 * The first time after `after` at which it fires; 0 when there is none in the five calendar years
 * that follow, where Velero gives up too, and for times outside of the years 1 to 9999. For @every
 * `after` is the last time.
 */
int64_t cron_next(const struct cron *cron, int64_t after);

/*
 * The last time up to `t` at which it fired: backups made by one slot are one run. 0 when there is
 * none in the eight years before. For @every, whose times depend on each cluster's last backup, it
 * is t itself: each backup is a run of its own.
 */
int64_t cron_slot_before(const struct cron *cron, int64_t t);

/* "@every …". */
bool cron_is_every(const struct cron *cron);

/* No day of any year fits, as in "0 0 30 2 *", or a field is an empty list (","). Velero takes such
 * a schedule and never runs it. */
bool cron_never(const struct cron *cron);
