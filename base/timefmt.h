/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Times as text and back, and the two clocks. No locale, no time zone of the machine, no
 * allocation. Go's durations are in base/duration.h, which this header brings along.
 *
 * A time is an int64_t of seconds since 1970-01-01T00:00:00Z; 0 means "none" everywhere in the
 * product and is shown as the empty string.
 */
#include <stdint.h>

#include "base/duration.h"

struct err;

/* Sizes of the formatters' results with their NUL. */
#define RFC3339_SIZE 24
#define STAMP_SIZE   24

/*
 * Parses RFC 3339 ("2026-09-01T09:41:00Z", also with a fraction, which is cut off, an offset such
 * as +02:00, lower case t and z). Years 0001 to 9999, real calendar days; second 60 is the next
 * minute's second 0. -EINVAL otherwise.
 */
int rfc3339_parse(const char *s, int64_t *ret, struct err *err);
/* Writes "2026-09-01T09:41:00Z", or "" for 0 and for times outside the years 1 to 9999. Returns
 * text. */
char *rfc3339_format(char text[static RFC3339_SIZE], int64_t t);

/* "20260901-020003Z", the name of a run's folder, and "20260901020003", the end of a Velero name.
 * "" as above. */
char *stamp_format_run(char text[static STAMP_SIZE], int64_t t);
char *stamp_format_name(char text[static STAMP_SIZE], int64_t t);
/* Exactly a run's form, nothing around it. -EINVAL otherwise. */
int stamp_parse_run(const char *s, int64_t *ret, struct err *err);

/*
 * Calendar arithmetic in UTC, proleptic Gregorian, for whoever needs the parts (cron). Month 1-12,
 * day 1-31, weekday 0-6 from Sunday. time_from_civil() expects parts in range; time_to_civil()
 * takes any time.
 */
struct civil {
        int64_t year;
        int month, day, hour, minute, second, weekday;
};
int64_t time_from_civil(const struct civil *c);
void time_to_civil(int64_t t, struct civil *ret);

/* Wall clock in seconds. May jump. */
int64_t clock_realtime(void);
/* Milliseconds that also pass while the machine sleeps; for deadlines. Never goes back. */
int64_t clock_boottime_ms(void);

/*
 * Replaces both clocks; NULL members, or NULL, bring the real ones back. Set it before threads
 * start, clear it after they ended. The functions must be safe to call from any thread.
 */
struct clock_source {
        int64_t (*realtime)(void);
        int64_t (*boottime_ms)(void);
};
void clock_set_for_tests(const struct clock_source *source);
