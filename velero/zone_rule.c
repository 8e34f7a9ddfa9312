/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/zone_rule.h"

#include <string.h>

#include "base/timefmt.h"
#include "velero/zone.h"

#define DAY_S  86400
#define HOUR_S 3600

/* --- text --- */

/* Each reader moves *s behind what it took, and is false where that is not there. */

static bool rule_name(const char **s)
{
        size_t n;

        if (**s == '<') {
                const char *end = strchr(*s, '>');

                if (!end)
                        return false;
                *s = end + 1;
                return true;
        }
        n = strcspn(*s, "0123456789,-+");
        *s += n;
        return n >= 3;
}

static bool rule_number(const char **s, int min, int max, int *ret)
{
        const char *start = *s;
        int value = 0;

        for (; **s >= '0' && **s <= '9'; (*s)++) {
                value = value * 10 + (**s - '0');
                if (value > max)
                        return false;
        }
        *ret = value;
        return *s > start && value >= min;
}

/* [+-]h[:m[:s]] */
static bool rule_offset(const char **s, int32_t *ret)
{
        static const struct {
                int max, seconds;
        } parts[] = { { 24 * 7, HOUR_S }, { 59, 60 }, { 59, 1 } };
        bool negative = **s == '-';
        int32_t sum = 0;

        if (**s == '-' || **s == '+')
                (*s)++;
        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                int value;

                if (i > 0 && **s != ':')
                        break;
                *s += i > 0;
                if (!rule_number(s, 0, parts[i].max, &value))
                        return false;
                sum += value * parts[i].seconds;
        }
        *ret = negative ? -sum : sum;
        return true;
}

static bool rule_dot(const char **s)
{
        return *(*s)++ == '.';
}

/* Jn, n or Mm.w.d, each with an optional /time. */
static bool rule_day(const char **s, struct zone_day *ret)
{
        struct zone_day d = { .kind = ZONE_DAY_OF_YEAR, .time = 2 * HOUR_S };
        bool ok;

        if (**s == 'J') {
                (*s)++;
                d.kind = ZONE_DAY_JULIAN;
                ok = rule_number(s, 1, 365, &d.day);
        } else if (**s == 'M') {
                (*s)++;
                d.kind = ZONE_DAY_OF_WEEK;
                ok = rule_number(s, 1, 12, &d.month) && rule_dot(s) &&
                     rule_number(s, 1, 5, &d.week) && rule_dot(s) && rule_number(s, 0, 6, &d.day);
        } else {
                ok = rule_number(s, 0, 365, &d.day);
        }
        if (ok && **s == '/') {
                (*s)++;
                ok = rule_offset(s, &d.time);
        }
        *ret = d;
        return ok;
}

bool zone_rule_parse(const char *text, struct zone_rule *ret)
{
        struct zone_rule rule = { 0 };
        const char *s = text;

        /* The text says what to add to local time; we keep what to add to UTC. */
        if (!rule_name(&s) || !rule_offset(&s, &rule.standard))
                return false;
        rule.standard = -rule.standard;
        if (*s != '\0' && *s != ',') {
                rule.changes = true;
                if (!rule_name(&s))
                        return false;
                rule.daylight = rule.standard + HOUR_S;
                if (*s != '\0' && *s != ',') {
                        if (!rule_offset(&s, &rule.daylight))
                                return false;
                        rule.daylight = -rule.daylight;
                }
                if (*s == '\0')
                        s = ",M3.2.0,M11.1.0";
                if (*s != ',' && *s != ';')
                        return false;
                s++;
                if (!rule_day(&s, &rule.start) || *s++ != ',' || !rule_day(&s, &rule.end) || *s)
                        return false;
        }
        *ret = rule;
        return true;
}

/* --- time --- */

static bool is_leap(int64_t year)
{
        return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t year_start(int64_t year)
{
        const struct civil c = { .year = year, .month = 1, .day = 1 };

        return time_from_civil(&c);
}

/* Days since 1 January of the n-th weekday of a month. */
static int64_t weekday_of_month(int64_t year, const struct zone_day *d)
{
        static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        int length = lengths[d->month - 1] + (d->month == 2 && is_leap(year));
        struct civil first = { .year = year, .month = d->month, .day = 1 };
        int64_t t = time_from_civil(&first);
        int day;

        time_to_civil(t, &first);
        day = (d->day - first.weekday + 7) % 7;
        for (int week = 1; week < d->week && day + 7 < length; week++)
                day += 7;
        return (t - year_start(year)) / DAY_S + day;
}

/* Seconds since the start of the year, in UTC, at which a change happens; `offset` ends then. */
static int64_t change_time(int64_t year, const struct zone_day *d, int32_t offset)
{
        int64_t days = d->day;

        if (d->kind == ZONE_DAY_JULIAN)
                days = d->day - 1 + (is_leap(year) && d->day >= 60);
        else if (d->kind == ZONE_DAY_OF_WEEK)
                days = weekday_of_month(year, d);
        return days * DAY_S + d->time - offset;
}

void zone_rule_at(const struct zone_rule *rule, int64_t t, struct zone_span *ret)
{
        struct civil c;
        int64_t begin, second, first_change, second_change;
        int32_t outer = rule->standard, inner = rule->daylight;

        if (!rule->changes) {
                ret->offset = rule->standard;
                ret->end = INT64_MAX;
                return;
        }
        time_to_civil(t, &c);
        begin = year_start(c.year);
        second = t - begin;
        first_change = change_time(c.year, &rule->start, rule->standard);
        second_change = change_time(c.year, &rule->end, rule->daylight);
        /* In the south the year begins and ends in daylight time. */
        if (second_change < first_change) {
                int64_t swap = first_change;

                first_change = second_change;
                second_change = swap;
                outer = rule->daylight;
                inner = rule->standard;
        }
        if (second < first_change)
                *ret = (struct zone_span){ begin, begin + first_change, outer };
        else if (second >= second_change)
                *ret = (struct zone_span){ begin + second_change, begin + 365LL * DAY_S, outer };
        else
                *ret = (struct zone_span){ begin + first_change, begin + second_change, inner };
}
