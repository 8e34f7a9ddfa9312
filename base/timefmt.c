/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timefmt.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#define SECS_PER_DAY 86400LL
/* 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
#define TIME_MIN (-62135596800LL)
#define TIME_MAX 253402300799LL

/* --- the calendar --- */

/* Floor division: C's rounds towards zero, times before 1970 need the other. */
static int64_t floor_div(int64_t a, int64_t b)
{
        return a / b - (a % b < 0);
}

/*
 * Days since 1970-01-01. Years are counted from March, so that the leap day is a year's last and a
 * month's first day needs no table: with 153 days to five months, (153 m + 2) / 5 days lie before
 * month m (0 is March).
 */
static int64_t days_from_date(int64_t year, int month, int day)
{
        int64_t y = month <= 2 ? year - 1 : year;
        int64_t era = floor_div(y, 400);
        int64_t year_of_era = y - era * 400;
        int64_t month_from_march = (month + 9) % 12;
        int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;

        return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 +
               day_of_year - 719468;
}

int64_t time_from_civil(const struct civil *c)
{
        return days_from_date(c->year, c->month, c->day) * SECS_PER_DAY + c->hour * 3600 +
               c->minute * 60 + c->second;
}

void time_to_civil(int64_t t, struct civil *ret)
{
        int64_t days = floor_div(t, SECS_PER_DAY);
        int second_of_day = (int)(t - days * SECS_PER_DAY);
        int64_t z = days + 719468; /* from 0000-03-01 */
        int64_t era = floor_div(z, 146097);
        int64_t day_of_era = z - era * 146097;
        int64_t year_of_era =
                (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
        int64_t day_of_year =
                day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        int month_from_march = (int)((5 * day_of_year + 2) / 153);

        ret->day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
        ret->month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
        ret->year = year_of_era + era * 400 + (ret->month <= 2);
        ret->hour = second_of_day / 3600;
        ret->minute = second_of_day / 60 % 60;
        ret->second = second_of_day % 60;
        ret->weekday = (int)(days + 4 - floor_div(days + 4, 7) * 7); /* 1970-01-01 was a Thursday */
}

static int days_in_month(int64_t year, int month)
{
        static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

        return days[month - 1] + (month == 2 && leap);
}

static bool civil_is_valid(const struct civil *c)
{
        return c->year >= 1 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
               c->day <= days_in_month(c->year, c->month) && c->hour <= 23 && c->minute <= 59 &&
               c->second <= 60;
}

/* --- RFC 3339 and stamps --- */

/* Reads exactly n digits at *s and moves past them. */
static bool read_digits(const char **s, int n, int *ret)
{
        int value = 0;

        for (int i = 0; i < n; i++) {
                char c = (*s)[i];

                if (c < '0' || c > '9')
                        return false;
                value = value * 10 + (c - '0');
        }
        *s += n;
        *ret = value;
        return true;
}

static bool read_char(const char **s, char c)
{
        if (**s != c)
                return false;
        (*s)++;
        return true;
}

/*
 * Reads a time by a pattern: 'Y' is four digits of a year, each of "MDhms" two digits, anything
 * else itself.
 */
static bool read_pattern(const char **s, const char *pattern, struct civil *ret)
{
        struct civil c = { 0 };
        int year = 0;

        for (; *pattern; pattern++) {
                bool ok;

                switch (*pattern) {
                case 'Y':
                        ok = read_digits(s, 4, &year);
                        break;
                case 'M':
                        ok = read_digits(s, 2, &c.month);
                        break;
                case 'D':
                        ok = read_digits(s, 2, &c.day);
                        break;
                case 'h':
                        ok = read_digits(s, 2, &c.hour);
                        break;
                case 'm':
                        ok = read_digits(s, 2, &c.minute);
                        break;
                case 's':
                        ok = read_digits(s, 2, &c.second);
                        break;
                default:
                        ok = read_char(s, *pattern);
                }
                if (!ok)
                        return false;
        }
        c.year = year;
        if (!civil_is_valid(&c))
                return false;
        *ret = c;
        return true;
}

/* "Z", "z" or "+hh:mm"; the seconds to subtract. */
static bool read_offset(const char **s, int64_t *ret)
{
        int hours, minutes, sign;

        if (read_char(s, 'Z') || read_char(s, 'z')) {
                *ret = 0;
                return true;
        }
        if (**s != '+' && **s != '-')
                return false;
        sign = **s == '-' ? -1 : 1;
        (*s)++;
        if (!read_digits(s, 2, &hours) || !read_char(s, ':') || !read_digits(s, 2, &minutes))
                return false;
        if (hours > 23 || minutes > 59)
                return false;
        *ret = sign * (hours * 3600 + minutes * 60);
        return true;
}

static int time_refuse(struct err *err, const char *s, const char *form, const char *example)
{
        (void)err_set(err, -EINVAL, "\"%s\" is not a time %s", s, form);
        (void)err_remedy(err, "write it like %s", example);
        return -EINVAL;
}

int rfc3339_parse(const char *s, int64_t *ret, struct err *err)
{
        const char *p = s;
        struct civil c;
        int64_t offset;
        bool lower = strlen(s) > 10 && s[10] == 't';

        if (!read_pattern(&p, lower ? "Y-M-Dth:m:s" : "Y-M-DTh:m:s", &c))
                goto bad;
        if (read_char(&p, '.')) {
                size_t digits = strspn(p, "0123456789");

                if (digits == 0)
                        goto bad;
                p += digits;
        }
        if (!read_offset(&p, &offset) || *p != '\0')
                goto bad;
        *ret = time_from_civil(&c) - offset;
        return 0;
bad:
        return time_refuse(err, s, "as RFC 3339 has it", "2026-09-01T09:41:00Z");
}

int stamp_parse_run(const char *s, int64_t *ret, struct err *err)
{
        const char *p = s;
        struct civil c;

        if (!read_pattern(&p, "YMD-hmsZ", &c) || *p != '\0')
                return time_refuse(err, s, "stamp", "20260901-020003Z");
        *ret = time_from_civil(&c);
        return 0;
}

/* The format takes year, month, day, hour, minute, second. */
static char *time_print(char *text, size_t size, int64_t t, const char *fmt)
{
        struct civil c;

        text[0] = '\0';
        if (t == 0 || t < TIME_MIN || t > TIME_MAX)
                return text;
        time_to_civil(t, &c);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(text, size, fmt, (int)c.year, c.month, c.day, c.hour, c.minute, c.second);
#pragma GCC diagnostic pop
        return text;
}

char *rfc3339_format(char text[static RFC3339_SIZE], int64_t t)
{
        return time_print(text, RFC3339_SIZE, t, "%04d-%02d-%02dT%02d:%02d:%02dZ");
}

char *stamp_format_run(char text[static STAMP_SIZE], int64_t t)
{
        return time_print(text, STAMP_SIZE, t, "%04d%02d%02d-%02d%02d%02dZ");
}

char *stamp_format_name(char text[static STAMP_SIZE], int64_t t)
{
        return time_print(text, STAMP_SIZE, t, "%04d%02d%02d%02d%02d%02d");
}

/* --- clocks --- */

static _Atomic(const struct clock_source *) clock_source;

static int64_t clock_read(clockid_t id, int64_t per_second)
{
        struct timespec ts;

        /* Cannot fail: both clocks exist on every kernel with FUSE. */
        (void)clock_gettime(id, &ts);
        return ts.tv_sec * per_second + ts.tv_nsec / (NS_PER_SEC / per_second);
}

int64_t clock_realtime(void)
{
        const struct clock_source *source = atomic_load(&clock_source);

        return source && source->realtime ? source->realtime() : clock_read(CLOCK_REALTIME, 1);
}

int64_t clock_boottime_ms(void)
{
        const struct clock_source *source = atomic_load(&clock_source);

        return source && source->boottime_ms ? source->boottime_ms()
                                             : clock_read(CLOCK_BOOTTIME, 1000);
}

void clock_set_for_tests(const struct clock_source *source)
{
        atomic_store(&clock_source, source);
}
