/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an expression fires.
 *
 * cron_next() walks as robfig/cron's SpecSchedule.Next does, step by step, and not by a better way:
 * where a zone skips or repeats an hour, or has no midnight, its answer depends on the path. (With
 * a midnight that does not exist, an hour that is looked for may be found on a day that does not
 * match.) An own way would differ from the cluster's just there.
 */
#include "velero/cron.h"

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "velero/zone.h"

#define MINUTE_S 60
#define HOUR_S   3600
#define DAY_S    86400
#define YEARS    5
/* An expression that fires takes below 60,000 steps. Only zones that leave out whole days keep the
 * library from moving on, and there it hangs. */
#define STEPS_MAX 200000
/* Years 1 to 9999, as everywhere. */
#define TIME_MIN (-62135596800)
#define TIME_MAX 253402300799

/* --- a moment in the expression's zone --- */

struct moment {
        const struct zone *zone;
        int64_t t;
        struct civil c;
        bool reset; /* the parts below the one that was moved are at their beginning */
        unsigned steps;
};

static void moment_set(struct moment *m, int64_t t)
{
        struct zone_span span;

        m->t = t;
        m->steps++;
        zone_at(m->zone, t, &span);
        time_to_civil(t + span.offset, &m->c);
}

/* Go's time.Date(): month and day may be beyond their ends. */
static void moment_set_date(struct moment *m, int64_t year, int month, int day, int64_t second)
{
        const struct civil first = {
                .year = year + (month - 1) / 12, .month = (month - 1) % 12 + 1, .day = 1
        };

        moment_set(m, zone_instant(m->zone, time_from_civil(&first) + (day - 1) * DAY_S + second));
}

static int64_t second_of_day(const struct civil *c)
{
        return c->hour * HOUR_S + c->minute * MINUTE_S + c->second;
}

static bool has_bit(uint64_t bits, int n)
{
        return bits >> n & 1;
}

static bool day_matches(const struct cron *cron, const struct civil *c)
{
        bool day = has_bit(cron->day, c->day), weekday = has_bit(cron->weekday, c->weekday);

        return (cron->day | cron->weekday) & CRON_STAR ? day && weekday : day || weekday;
}

/* --- one walk each; false: a larger part has changed, and all is to be looked at again --- */

static bool walk_to_month(const struct cron *cron, struct moment *m)
{
        while (!has_bit(cron->month, m->c.month)) {
                if (!m->reset)
                        moment_set_date(m, m->c.year, m->c.month, 1, 0);
                m->reset = true;
                moment_set_date(m, m->c.year, m->c.month + 1, m->c.day, second_of_day(&m->c));
                if (m->c.month == 1)
                        return false;
        }
        return true;
}

static bool walk_to_day(const struct cron *cron, struct moment *m)
{
        while (!day_matches(cron, &m->c)) {
                if (m->steps > STEPS_MAX)
                        return false;
                if (!m->reset)
                        moment_set_date(m, m->c.year, m->c.month, m->c.day, 0);
                m->reset = true;
                moment_set_date(m, m->c.year, m->c.month, m->c.day + 1, second_of_day(&m->c));
                /* Where midnight does not exist, a day begins at 1 or the one before ends at 23. */
                if (m->c.hour > 12)
                        moment_set(m, m->t + (24 - m->c.hour) * HOUR_S);
                else if (m->c.hour != 0)
                        moment_set(m, m->t - m->c.hour * HOUR_S);
                if (m->c.day == 1)
                        return false;
        }
        return true;
}

static bool walk_to_hour(const struct cron *cron, struct moment *m)
{
        while (!has_bit(cron->hour, m->c.hour)) {
                if (!m->reset)
                        moment_set_date(m, m->c.year, m->c.month, m->c.day, m->c.hour * HOUR_S);
                m->reset = true;
                moment_set(m, m->t + HOUR_S);
                if (m->c.hour == 0)
                        return false;
        }
        return true;
}

/* Whole minutes of UTC, which in zones before standard time are not the zone's. */
static bool walk_to_minute(const struct cron *cron, struct moment *m)
{
        while (!has_bit(cron->minute, m->c.minute)) {
                if (!m->reset)
                        moment_set(m, m->t - (m->t % MINUTE_S + MINUTE_S) % MINUTE_S);
                m->reset = true;
                moment_set(m, m->t + MINUTE_S);
                if (m->c.minute == 0)
                        return false;
        }
        return true;
}

static bool walk_to_second(struct moment *m)
{
        while (m->c.second != 0) {
                m->reset = true;
                moment_set(m, m->t + 1);
                if (m->c.second == 0)
                        return false;
        }
        return true;
}

/* Lists without a value are known to fail before a walk of five years. */
static bool has_values(const struct cron *cron)
{
        return cron->minute && cron->hour && cron->month && (cron->day | cron->weekday);
}

int64_t cron_next(const struct cron *cron, int64_t after)
{
        struct moment m = { .zone = cron->zone };
        int64_t last_year;

        if (after < TIME_MIN || after >= TIME_MAX)
                return 0;
        if (cron->every_s > 0)
                return cron->every_s > TIME_MAX - after ? 0 : after + cron->every_s;
        if (!has_values(cron))
                return 0;
        moment_set(&m, after + 1);
        last_year = m.c.year + YEARS;
        while (m.c.year <= last_year && m.steps <= STEPS_MAX)
                if (walk_to_month(cron, &m) && walk_to_day(cron, &m) && walk_to_hour(cron, &m) &&
                        walk_to_minute(cron, &m) && walk_to_second(&m))
                        return m.t > TIME_MAX ? 0 : m.t;
        return 0;
}

/* --- back --- */

int64_t cron_slot_before(const struct cron *cron, int64_t t)
{
        /* Eight years have a 29 February, whatever the century. */
        static const int64_t windows[] = { MINUTE_S, HOUR_S, 25 * HOUR_S, 32 * DAY_S, 367 * DAY_S,
                8 * 366 * DAY_S };
        int64_t barren = t, from = t, slot = 0, next;

        if (cron->every_s > 0)
                return t;
        if (t < TIME_MIN || t >= TIME_MAX)
                return 0;
        for (size_t i = 0; slot == 0 && i < ARRAY_SIZE(windows); i++) {
                barren = from;
                from = t - windows[i];
                next = cron_next(cron, from);
                slot = next != 0 && next <= t ? next : 0;
        }
        if (slot == 0)
                return 0;
        /* From `from` on it fires, from `barren` on it does not: come closer before counting up. */
        while (barren - from > 25 * HOUR_S) {
                int64_t middle = from + (barren - from) / 2;

                next = cron_next(cron, middle);
                if (next != 0 && next <= t) {
                        from = middle;
                        slot = next;
                } else {
                        barren = middle;
                }
        }
        while ((next = cron_next(cron, slot)) != 0 && next <= t)
                slot = next;
        return slot;
}

/* --- never --- */

bool cron_never(const struct cron *cron)
{
        static const uint8_t lengths[] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        const bool both = (cron->day | cron->weekday) & CRON_STAR;
        const uint64_t days = cron->day & ~CRON_STAR;
        const bool any_weekday = cron->weekday & ~CRON_STAR;

        if (cron->every_s > 0)
                return false;
        if (!has_values(cron) || (both && !any_weekday))
                return true;
        if (!both && any_weekday)
                return false;
        /* Now the days decide: the field of weekdays is empty, or it or theirs has a star, and a
         * field with a star has all values. */
        for (int month = 1; month <= 12; month++)
                if (has_bit(cron->month, month) && days & ((2ULL << lengths[month - 1]) - 1))
                        return false;
        return true;
}
