/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/cron_field.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "velero/cron.h"

int cron_column(const struct cron_reading *in, const char *at)
{
        return (int)(in->before + (size_t)(at - in->text)) + 1;
}

int cron_refuse(const struct cron_reading *in, const char *at, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)err_setv(in->err, -EINVAL, fmt, ap);
        va_end(ap);
        (void)err_place(in->err, 1, cron_column(in, at));
        return -EINVAL;
}

/* --- the five fields --- */

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug",
        "sep", "oct", "nov", "dec", NULL };
static const char *const weekday_names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat",
        NULL };

static const struct cron_field {
        const char *name;
        unsigned min, max;
        const char *const *names; /* of min and those that follow; or NULL */
} cron_fields[FIELD_COUNT] = {
        [FIELD_MINUTE] = { "minute", 0, 59, NULL },
        [FIELD_HOUR] = { "hour", 0, 23, NULL },
        [FIELD_DAY] = { "day of month", 1, 31, NULL },
        [FIELD_MONTH] = { "month", 1, 12, month_names },
        [FIELD_WEEKDAY] = { "day of week", 0, 6, weekday_names },
};

/* What other crons have and Velero's has not, by the letters that give it away. */
static const struct cron_extension {
        const char *letters;
        int field;
        const char *what, *remedy;
} cron_extensions[] = {
        { "#", FIELD_WEEKDAY, "the n-th weekday of a month (#)",
                "name the weekday alone, as in 5, or a fixed day of the month in field 3" },
        { "Ww", FIELD_DAY, "the nearest weekday (W)",
                "name the day, as in 15, or write * here and 1-5 in field 5 for each weekday" },
        { "Ll", FIELD_DAY, "the last day of a month (L)",
                "write 28, the last day that every month has, or 1 for the day after" },
        { "Ll", FIELD_WEEKDAY, "the last weekday of a month (L)",
                "name the weekday alone, as in 5, or a fixed day of the month in field 3" },
};

/* Splits at the first `c`; false when there is none, and *right is then empty. */
static bool span_cut(struct span whole, char c, struct span *left, struct span *right)
{
        const char *at = memchr(whole.p, c, whole.n);

        *left = (struct span){ whole.p, at ? (size_t)(at - whole.p) : whole.n };
        *right = at ? (struct span){ at + 1, whole.n - left->n - 1 }
                    : (struct span){ whole.p + whole.n, 0 };
        return at != NULL;
}

static bool span_is(struct span s, const char *text)
{
        return strlen(text) == s.n && strncasecmp(s.p, text, s.n) == 0;
}

/* Whether text says something only with the extension: MON, JUL and WED have these letters too. */
static const struct cron_extension *find_extension(const struct cron_field *field, struct span s)
{
        for (size_t i = 0; i < ARRAY_SIZE(cron_extensions); i++) {
                const struct cron_extension *e = &cron_extensions[i];

                if (field != &cron_fields[e->field])
                        continue;
                for (size_t k = 0; k < s.n; k++)
                        if (strchr(e->letters, s.p[k]) &&
                                (k == 0 || strchr("0123456789LlWw-", s.p[k - 1]) || s.p[k] == '#'))
                                return e;
        }
        return NULL;
}

static int refuse_value(
        const struct cron_reading *in, const struct cron_field *field, struct span s)
{
        const struct cron_extension *e = find_extension(field, s);

        if (e) {
                (void)cron_refuse(in, s.p, "Velero's cron does not have %s", e->what);
                return err_remedy(in->err, "%s", e->remedy);
        }
        if (s.n == 0)
                (void)cron_refuse(in, s.p, "a number is missing in the %s", field->name);
        else
                (void)cron_refuse(in, s.p, "\"%.*s\" is no %s", QUOTE(s), field->name);
        if (field->names)
                return err_remedy(in->err, "write %u-%u or %s-%s", field->min, field->max,
                        field->names[0], field->names[field->max - field->min]);
        return err_remedy(in->err, "write a number %u-%u, or *", field->min, field->max);
}

/* strconv.Atoi: a sign, then decimal digits, in 63 bits. */
bool span_read_number(struct span s, uint64_t *ret)
{
        size_t i = s.n > 0 && (*s.p == '+' || *s.p == '-');
        bool negative = i > 0 && *s.p == '-';
        uint64_t value = 0;

        if (i == s.n)
                return false;
        for (; i < s.n; i++) {
                if (s.p[i] < '0' || s.p[i] > '9' || value > (uint64_t)INT64_MAX / 10)
                        return false;
                value = value * 10 + (uint64_t)(s.p[i] - '0');
                if (value > (uint64_t)INT64_MAX)
                        return false;
        }
        *ret = value;
        return !negative || value == 0;
}

static int read_value(
        const struct cron_reading *in, const struct cron_field *field, struct span s, uint64_t *ret)
{
        for (unsigned i = 0; field->names && field->names[i]; i++)
                if (span_is(s, field->names[i])) {
                        *ret = field->min + i;
                        return 0;
                }
        return span_read_number(s, ret) ? 0 : refuse_value(in, field, s);
}

static int read_step(const struct cron_reading *in, struct span s, uint64_t *ret)
{
        if (memchr(s.p, '/', s.n)) {
                (void)cron_refuse(in, s.p, "there is more than one step");
                return err_remedy(in->err, "write one, as in 0-30/10");
        }
        if (!span_read_number(s, ret)) {
                if (s.n == 0)
                        (void)cron_refuse(in, s.p, "the step is missing");
                else
                        (void)cron_refuse(in, s.p, "\"%.*s\" is no step", QUOTE(s));
                return err_remedy(in->err, "write a number from 1 behind the slash, as in */15");
        }
        if (*ret == 0) {
                (void)cron_refuse(in, s.p, "a step of 0 never moves on");
                return err_remedy(in->err, "write 1 or more, as in */15");
        }
        return 0;
}

/* One part of a list: a value or a range, with or without a step. */
struct cron_range {
        struct span low_text, high_text;
        uint64_t low, high, step;
        bool star, has_high, has_step;
};

static int refuse_high(
        const struct cron_reading *in, const struct cron_field *field, const struct cron_range *r)
{
        bool high = r->high > field->max && r->has_high;
        struct span s = high ? r->high_text : r->low_text;

        if (field == &cron_fields[FIELD_WEEKDAY] && (high ? r->high : r->low) == 7) {
                (void)cron_refuse(in, s.p, "7 is no day of week: Velero's cron counts 0-6");
                if (!high || r->low > 6)
                        return err_remedy(in->err, "use 0 for Sunday");
                return err_remedy(in->err, "use 0 for Sunday: write %s%llu-6",
                        r->low == 0 ? "" : "0,", (unsigned long long)r->low);
        }
        (void)cron_refuse(
                in, s.p, "%.*s is beyond the last %s, %u", QUOTE(s), field->name, field->max);
        return err_remedy(in->err, "write %u-%u", field->min, field->max);
}

/* As the library: only the beginning against the minimum, only the end against the maximum. */
static int check_range(
        const struct cron_reading *in, const struct cron_field *field, const struct cron_range *r)
{
        if (r->low < field->min) {
                (void)cron_refuse(in, r->low_text.p, "%.*s is before the first %s, %u",
                        QUOTE(r->low_text), field->name, field->min);
                return err_remedy(in->err, "write %u-%u", field->min, field->max);
        }
        if (r->high > field->max || r->low > field->max)
                return refuse_high(in, field, r);
        if (r->low > r->high) {
                (void)cron_refuse(in, r->low_text.p, "the range %.*s-%.*s ends before it begins",
                        QUOTE(r->low_text), QUOTE(r->high_text));
                if (r->high < field->min)
                        return err_remedy(in->err, "write %u-%u", field->min, field->max);
                return err_remedy(in->err, "write two: %llu-%u,%u-%llu", (unsigned long long)r->low,
                        field->max, field->min, (unsigned long long)r->high);
        }
        return 0;
}

static int read_range(const struct cron_reading *in, const struct cron_field *field, struct span s,
        uint64_t *bits)
{
        struct cron_range r = { .step = 1 };
        struct span ends, step, more;
        int e = 0;

        r.has_step = span_cut(s, '/', &ends, &step);
        r.has_high = span_cut(ends, '-', &r.low_text, &r.high_text);
        r.star = span_is(r.low_text, "*") || span_is(r.low_text, "?");
        if (r.star) {
                /* What stands behind the hyphen of "*-5" is not looked at. */
                r.low = field->min;
                r.high = field->max;
        } else if (r.has_high && span_cut(r.high_text, '-', &more, &more)) {
                (void)cron_refuse(in, s.p, "\"%.*s\" has more than one hyphen", QUOTE(ends));
                return err_remedy(
                        in->err, "write a range as first-last; separate ranges by commas");
        } else {
                e = read_value(in, field, r.low_text, &r.low);
                r.high = r.low;
                if (e == 0 && r.has_high)
                        e = read_value(in, field, r.high_text, &r.high);
        }
        if (e == 0 && r.has_step)
                e = read_step(in, step, &r.step);
        if (e < 0)
                return e;
        if (r.has_step && !r.has_high)
                r.high = field->max;
        e = check_range(in, field, &r);
        if (e < 0)
                return e;
        /* A step beyond the field leaves the first value. */
        for (uint64_t i = r.low; i <= r.high; i += r.step)
                *bits |= 1ULL << i;
        if (r.star && r.step == 1)
                *bits |= CRON_STAR;
        return 0;
}

/* Empty parts of a list are skipped, as the library does. */
int cron_read_field(
        const struct cron_reading *in, enum cron_field_index index, struct span s, uint64_t *ret)
{
        bool more = true;
        int r = 0;

        for (*ret = 0; r == 0 && more;) {
                struct span part;

                more = span_cut(s, ',', &part, &s);
                if (part.n > 0)
                        r = read_range(in, &cron_fields[index], part, ret);
        }
        return r;
}
