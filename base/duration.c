/* SPDX-License-Identifier: Apache-2.0 */
#include "base/duration.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

#define DURATION_UNITS "ns, us, ms, s, m or h"
/* One above INT64_MAX: the size of the most negative duration, and of the largest sum while
 * parsing. */
#define DURATION_LIMIT (1ULL << 63)

static const struct duration_unit {
        const char *name;
        uint64_t ns;
} duration_units[] = {
        { "ns", 1 },
        { "us", 1000 },
        { "\xC2\xB5s", 1000 }, /* U+00B5, micro sign */
        { "\xCE\xBCs", 1000 }, /* U+03BC, Greek letter mu */
        { "ms", 1000000 },
        { "s", NS_PER_SEC },
        { "m", 60 * NS_PER_SEC },
        { "h", 3600 * NS_PER_SEC },
};

static uint64_t duration_unit_ns(const char *name, size_t n)
{
        for (size_t i = 0; i < ARRAY_SIZE(duration_units); i++)
                if (strlen(duration_units[i].name) == n &&
                        memcmp(duration_units[i].name, name, n) == 0)
                        return duration_units[i].ns;
        return 0;
}

/* One number of a duration: value + fraction / scale of its unit. */
struct duration_part {
        uint64_t value;
        uint64_t fraction;
        double scale;
        bool has_digits;
};

/* Reads "1", "1.", ".5" or "1.5"; -ERANGE when the digits before the point are too many. */
static int duration_read_number(const char **s, struct duration_part *ret)
{
        struct duration_part part = { .scale = 1 };
        bool full = false;

        for (; **s >= '0' && **s <= '9'; (*s)++) {
                if (part.value > DURATION_LIMIT / 10)
                        return -ERANGE;
                part.value = part.value * 10 + (uint64_t)(**s - '0');
                if (part.value > DURATION_LIMIT)
                        return -ERANGE;
                part.has_digits = true;
        }
        if (**s == '.') {
                /* Digits beyond what 63 bits hold are below a nanosecond and skipped. */
                for ((*s)++; **s >= '0' && **s <= '9'; (*s)++) {
                        uint64_t digit = (uint64_t)(**s - '0');

                        part.has_digits = true;
                        full = full || part.fraction > (DURATION_LIMIT - 1) / 10 ||
                               part.fraction * 10 + digit > DURATION_LIMIT;
                        if (full)
                                continue;
                        part.fraction = part.fraction * 10 + digit;
                        part.scale *= 10;
                }
        }
        *ret = part;
        return 0;
}

/* Nanoseconds of one part, above DURATION_LIMIT if it is out of range. */
static uint64_t duration_part_ns(const struct duration_part *part, uint64_t unit_ns)
{
        uint64_t ns;

        if (part->value > DURATION_LIMIT / unit_ns)
                return DURATION_LIMIT + 1;
        ns = part->value * unit_ns;
        if (part->fraction > 0)
                ns += (uint64_t)((double)part->fraction * ((double)unit_ns / part->scale));
        return ns;
}

static int duration_refuse_range(const char *s, struct err *err)
{
        (void)err_set(err, -EINVAL, "duration \"%s\" is out of range", s);
        (void)err_remedy(err, "stay below 2562047h, about 292 years");
        return -EINVAL;
}

static int duration_refuse_form(const char *s, struct err *err)
{
        (void)err_set(err, -EINVAL, "\"%s\" is not a duration", s);
        (void)err_remedy(
                err, "write numbers with a unit of " DURATION_UNITS ", such as 720h or 1h30m");
        return -EINVAL;
}

static int duration_refuse_unit(const char *s, const struct duration_part *part, const char *unit,
        size_t n, bool alone, struct err *err)
{
        unsigned hours = n != 1 ? 0 : *unit == 'd' ? 24 : *unit == 'w' ? 168 : 0;

        (void)err_set(err, -EINVAL, "unknown unit \"%.*s\" in duration \"%s\"", (int)n, unit, s);
        if (hours && alone && part->fraction == 0 && part->value <= 106751)
                (void)err_remedy(err, "write %lluh", (unsigned long long)part->value * hours);
        else
                (void)err_remedy(err, "use " DURATION_UNITS "; a day is 24h");
        return -EINVAL;
}

int duration_parse(const char *s, int64_t *ret_ns, struct err *err)
{
        const char *p = s;
        bool negative = *p == '-';
        const char *start;
        uint64_t sum = 0;

        if (*p == '-' || *p == '+')
                p++;
        start = p;
        if (strcmp(p, "0") == 0) {
                *ret_ns = 0;
                return 0;
        }
        if (*p == '\0')
                return duration_refuse_form(s, err);
        while (*p) {
                struct duration_part part;
                const char *number = p;
                uint64_t unit_ns;
                size_t n;

                if (duration_read_number(&p, &part) < 0)
                        return duration_refuse_range(s, err);
                if (!part.has_digits)
                        return duration_refuse_form(s, err);
                n = strcspn(p, ".0123456789");
                if (n == 0) {
                        (void)err_set(err, -EINVAL, "missing unit in duration \"%s\"", s);
                        (void)err_remedy(err, "add " DURATION_UNITS);
                        return -EINVAL;
                }
                unit_ns = duration_unit_ns(p, n);
                if (unit_ns == 0)
                        return duration_refuse_unit(
                                s, &part, p, n, number == start && p[n] == '\0', err);
                p += n;
                /* Neither operand passes 2^63 + 3.6e12, so the sum cannot wrap. */
                sum += duration_part_ns(&part, unit_ns);
                if (sum > DURATION_LIMIT)
                        return duration_refuse_range(s, err);
        }
        if (!negative && sum == DURATION_LIMIT)
                return duration_refuse_range(s, err);
        *ret_ns = negative ? (int64_t)-sum : (int64_t)sum;
        return 0;
}

/* Writes value / 10^digits before `end`, without trailing zeros; the whole part is returned through
 * *value. */
static char *duration_put_fraction(char *end, uint64_t *value, int digits)
{
        bool print = false;

        for (int i = 0; i < digits; i++) {
                char digit = (char)('0' + *value % 10);

                print = print || digit != '0';
                if (print)
                        *--end = digit;
                *value /= 10;
        }
        if (print)
                *--end = '.';
        return end;
}

static char *duration_put_int(char *end, uint64_t value)
{
        do {
                *--end = (char)('0' + value % 10);
                value /= 10;
        } while (value > 0);
        return end;
}

/* Written from its end, as the units nest: seconds with fraction, then minutes, then hours. */
char *duration_format(char text[static DURATION_SIZE], int64_t ns)
{
        char digits[DURATION_SIZE];
        char *end = digits + sizeof(digits) - 1;
        uint64_t u = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;

        *end = '\0';
        *--end = 's';
        if (u == 0) {
                *--end = '0';
        } else if (u < NS_PER_SEC) {
                int places = u < 1000 ? 0 : u < 1000000 ? 3 : 6;

                if (places == 3) {
                        *--end = '\xB5';
                        *--end = '\xC2';
                } else {
                        *--end = places == 0 ? 'n' : 'm';
                }
                end = duration_put_fraction(end, &u, places);
                end = duration_put_int(end, u);
        } else {
                end = duration_put_fraction(end, &u, 9);
                end = duration_put_int(end, u % 60);
                u /= 60;
                if (u > 0) {
                        *--end = 'm';
                        end = duration_put_int(end, u % 60);
                        u /= 60;
                }
                if (u > 0) {
                        *--end = 'h';
                        end = duration_put_int(end, u);
                }
        }
        if (ns < 0)
                *--end = '-';
        memcpy(text, end, (size_t)(digits + sizeof(digits) - end));
        return text;
}
