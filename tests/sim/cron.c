/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/cron.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

double velero_duration(const char *s);

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
        "oct", "nov", "dec", NULL };
static const char *const weekdays[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct field {
        unsigned min, max;
        const char *const *names; /* of min, min + 1, … */
} fields[] = {
        { 0, 59, NULL },
        { 0, 23, NULL },
        { 1, 31, NULL },
        { 1, 12, months },
        { 0, 6, weekdays },
};

/* A number or a name; returns false where it is neither. */
static bool parse_value(const struct field *f, const char *s, size_t n, unsigned *value)
{
        char digits[8];
        char *end;

        for (size_t i = 0; f->names && f->names[i]; i++) {
                if (n == 3 && strncasecmp(f->names[i], s, 3) == 0) {
                        *value = f->min + (unsigned)i;
                        return true;
                }
        }
        if (!n || n >= sizeof digits)
                return false;
        memcpy(digits, s, n);
        digits[n] = '\0';
        *value = (unsigned)strtoul(digits, &end, 10);
        return !*end && digits[0] >= '0' && digits[0] <= '9';
}

/* "a", "a-b", "*", each with "/step". */
static int parse_range(
        const struct field *f, const char *s, size_t n, uint64_t *bits, bool *any, struct str *why)
{
        const char *slash = memchr(s, '/', n);
        size_t len = slash ? (size_t)(slash - s) : n;
        const char *dash = memchr(s, '-', len);
        unsigned from, to, step = 1;

        if (len == 1 && (*s == '*' || *s == '?')) {
                from = f->min;
                to = f->max;
                *any |= !slash;
        } else {
                if (!parse_value(f, s, dash ? (size_t)(dash - s) : len, &from) ||
                        (dash && !parse_value(f, dash + 1, (size_t)(s + len - dash - 1), &to))) {
                        str_printf(why,
                                "failed to parse int from %.*s: strconv.Atoi: parsing \"%.*s\": "
                                "invalid syntax",
                                (int)len, s, (int)len, s);
                        return -1;
                }
                if (!dash)
                        to = slash ? f->max : from;
        }
        if (slash && (!parse_value(&(struct field){ 0, 1000, NULL }, slash + 1,
                              (size_t)(s + n - slash - 1), &step) ||
                             !step)) {
                str_printf(why, "step of range should be a positive number: \"%.*s\"", (int)n, s);
                return -1;
        }
        if (from < f->min)
                str_printf(why, "beginning of range (%u) below minimum (%u): \"%.*s\"", from,
                        f->min, (int)n, s);
        else if (to > f->max)
                str_printf(why, "end of range (%u) above maximum (%u): \"%.*s\"", to, f->max,
                        (int)n, s);
        else if (from > to)
                str_printf(why, "beginning of range (%u) beyond end of range (%u): \"%.*s\"", from,
                        to, (int)n, s);
        if (why->len)
                return -1;
        for (unsigned i = from; i <= to; i += step)
                *bits |= 1ULL << i;
        return 0;
}

static int parse_field(
        const struct field *f, const char *s, size_t n, uint64_t *bits, bool *any, struct str *why)
{
        while (n) {
                const char *comma = memchr(s, ',', n);
                size_t len = comma ? (size_t)(comma - s) : n;

                if (parse_range(f, s, len, bits, any, why) < 0)
                        return -1;
                n -= len + (comma ? 1 : 0);
                s += len + (comma ? 1 : 0);
        }
        return 0;
}

static const char *descriptor(const char *s)
{
        static const char *const rows[][2] = {
                { "@yearly", "0 0 1 1 *" },
                { "@annually", "0 0 1 1 *" },
                { "@monthly", "0 0 1 * *" },
                { "@weekly", "0 0 * * 0" },
                { "@daily", "0 0 * * *" },
                { "@midnight", "0 0 * * *" },
                { "@hourly", "0 * * * *" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (strcmp(rows[i][0], s) == 0)
                        return rows[i][1];
        return NULL;
}

int cron_parse(struct cron *c, const char *text, struct str *why)
{
        uint64_t *bits[] = { &c->minute, &c->hour, &c->day, &c->month, &c->weekday };
        const char *p = text;
        size_t n = 0;

        *c = (struct cron){ 0 };
        if (strncmp(p, "TZ=", 3) == 0 || strncmp(p, "CRON_TZ=", 8) == 0)
                p += strcspn(p, " ");
        p += strspn(p, " \t");
        if (strncmp(p, "@every ", 7) == 0) {
                c->every_s = velero_duration(p + 7);
                if (c->every_s > 0)
                        return 0;
                str_printf(why, "failed to parse duration %s", text);
                return -1;
        }
        if (*p == '@') {
                p = descriptor(p);
                if (!p) {
                        str_printf(why, "unrecognized descriptor: %s", text);
                        return -1;
                }
        }
        for (const char *s = p; *(s += strspn(s, " \t")); s += strcspn(s, " \t"))
                n++;
        if (n != ARRAY_SIZE(fields)) {
                str_printf(why, "expected exactly 5 fields, found %zu: [%s]", n, p);
                return -1;
        }
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                bool field_any = false;

                p += strspn(p, " \t");
                n = strcspn(p, " \t");
                if (parse_field(&fields[i], p, n, bits[i], &field_any, why) < 0)
                        return -1;
                if (i == 2)
                        c->any_day = field_any;
                if (i == 4)
                        c->any_weekday = field_any;
                p += n;
        }
        return 0;
}

static bool day_matches(const struct cron *c, const struct tm *tm)
{
        bool day = c->day >> tm->tm_mday & 1, weekday = c->weekday >> tm->tm_wday & 1;

        return c->any_day || c->any_weekday ? day && weekday : day || weekday;
}

time_t cron_next(const struct cron *c, time_t after)
{
        time_t t, limit = after + 5 * 366 * 86400L;

        if (c->every_s > 0)
                return after + (time_t)(c->every_s < 1 ? 1 : c->every_s);
        for (t = after - after % 60 + 60; t < limit;) {
                struct tm tm;

                gmtime_r(&t, &tm);
                if (!(c->month >> (tm.tm_mon + 1) & 1) || !day_matches(c, &tm))
                        t += 86400 - t % 86400;
                else if (!(c->hour >> tm.tm_hour & 1))
                        t += 3600 - t % 3600;
                else if (!(c->minute >> tm.tm_min & 1))
                        t += 60;
                else
                        return t;
        }
        return -1;
}
