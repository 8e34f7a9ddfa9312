/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/cron.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/spell.h"
#include "velero/cron_field.h"
#include "velero/zone.h"

#define CRON_FORM "minute hour day-of-month month day-of-week, as in 0 3 * * 1"

/* Longest descriptor that may be followed by blanks; durations are far shorter. */
#define DESCRIPTOR_MAX 256

/* --- words --- */

/* Bytes of the white space at p, as Go's unicode.IsSpace has it; 0 when there is none. */
static size_t space_size(const char *p)
{
        static const char *const wide[] = { "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\x80",
                "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83", "\xE2\x80\x84", "\xE2\x80\x85",
                "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
                "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80" };

        if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
                return 1;
        for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
                if (strncmp(p, wide[i], strlen(wide[i])) == 0)
                        return strlen(wide[i]);
        return 0;
}

static const char *skip_space(const char *p)
{
        for (size_t n; (n = space_size(p)) > 0;)
                p += n;
        return p;
}

/* Splits at white space. The number of fields, of which the first `max` are stored. */
static size_t split_fields(const char *p, struct span *fields, size_t max)
{
        size_t n = 0;

        for (p = skip_space(p); *p; p = skip_space(p)) {
                const char *start = p;

                while (*p && space_size(p) == 0)
                        p++;
                if (n < max)
                        fields[n] = (struct span){ start, (size_t)(p - start) };
                n++;
        }
        return n;
}

static bool has_zone(const char *p)
{
        return strncmp(p, "TZ=", 3) == 0 || strncmp(p, "CRON_TZ=", 8) == 0;
}

static bool is_year(struct span s)
{
        uint64_t value;

        return s.n == 4 && span_read_number(s, &value) && value >= 1970;
}

static int refuse_count(
        const struct cron_reading *in, const char *p, const struct span *fields, size_t n)
{
        if (n == 0) {
                (void)cron_refuse(in, p + strlen(p), "the schedule is empty");
                return err_remedy(in->err, "write " CRON_FORM ", or @daily");
        }
        if (fields[0].p[0] == '@' || has_zone(fields[0].p)) {
                (void)cron_refuse(in, in->text, "there is a blank before %.*s", QUOTE(fields[0]));
                return err_remedy(in->err, "remove it");
        }
        if (n < FIELD_COUNT) {
                (void)cron_refuse(in, p + strlen(p), "Velero's cron has five fields, here %s %zu",
                        n == 1 ? "is" : "are", n);
                return err_remedy(in->err, "write " CRON_FORM);
        }
        if (n == FIELD_COUNT + 1 && is_year(fields[FIELD_COUNT])) {
                (void)cron_refuse(
                        in, fields[FIELD_COUNT].p, "Velero's cron has five fields, here are 6");
                return err_remedy(in->err, "drop the year");
        }
        if (n == FIELD_COUNT + 1) {
                (void)cron_refuse(in, fields[0].p, "Velero's cron has five fields, here are 6");
                return err_remedy(in->err, memchr(fields[0].p, '=', fields[0].n)
                                                   ? "write the time zone as TZ=Europe/Berlin"
                                                   : "drop the seconds");
        }
        (void)cron_refuse(
                in, fields[FIELD_COUNT].p, "Velero's cron has five fields, here are %zu", n);
        return err_remedy(in->err, "write " CRON_FORM);
}

static int read_fields(const struct cron_reading *in, const char *p, struct cron *ret)
{
        uint64_t *const bits[FIELD_COUNT] = { &ret->minute, &ret->hour, &ret->day, &ret->month,
                &ret->weekday };
        struct span fields[FIELD_COUNT + 1];
        size_t n = split_fields(p, fields, ARRAY_SIZE(fields));
        int r = 0;

        if (n != FIELD_COUNT)
                return refuse_count(in, p, fields, n);
        for (size_t i = 0; r == 0 && i < FIELD_COUNT; i++)
                r = cron_read_field(in, (enum cron_field_index)i, fields[i], bits[i]);
        return r;
}

/* --- descriptors and zones --- */

static const struct cron_descriptor {
        const char *name, *fields;
} cron_descriptors[] = {
        { "@yearly", "0 0 1 1 *" },
        { "@annually", "0 0 1 1 *" },
        { "@monthly", "0 0 1 * *" },
        { "@weekly", "0 0 * * 0" },
        { "@daily", "0 0 * * *" },
        { "@midnight", "0 0 * * *" },
        { "@hourly", "0 * * * *" },
};

static int read_every(const struct cron_reading *in, const char *p, struct cron *ret)
{
        int64_t ns;

        if (space_size(p) > 0) {
                (void)cron_refuse(in, p, "there is more than one blank behind @every");
                return err_remedy(in->err, "write @every %s", skip_space(p));
        }
        if (duration_parse(p, &ns, in->err) < 0)
                return err_place(in->err, 1, cron_column(in, p));
        ret->every_s = ns < NS_PER_SEC ? 1 : ns / NS_PER_SEC;
        ret->every_column = ns <= 0 ? cron_column(in, p) : 0;
        return 0;
}

static int refuse_descriptor(const struct cron_reading *in, const char *p)
{
        struct spell spell = SPELL_INIT(p);
        size_t n = strcspn(p, " \t\n\v\f\r");

        (void)cron_refuse(in, p, "Velero's cron does not know \"%.64s\"", p);
        for (size_t i = 0; i < ARRAY_SIZE(cron_descriptors); i++) {
                const char *name = cron_descriptors[i].name;

                if (p[n] && strlen(name) == n && strncmp(p, name, n) == 0)
                        return err_remedy(in->err, "write %s and nothing behind it", name);
                spell_offer(&spell, name);
        }
        if (strncmp(p, "@every", 6) == 0)
                return err_remedy(in->err, "write a blank and a duration, as in @every 12h");
        if (spell.nearest)
                return err_remedy(in->err, "write %s", spell.nearest);
        return err_remedy(in->err, "use @hourly, @daily, @weekly, @monthly, @yearly or @every 12h");
}

static int read_descriptor(const struct cron_reading *in, const char *p, struct cron *ret)
{
        for (size_t i = 0; i < ARRAY_SIZE(cron_descriptors); i++)
                if (strcmp(p, cron_descriptors[i].name) == 0)
                        return read_fields(in, cron_descriptors[i].fields, ret);
        if (strncmp(p, "@every ", 7) == 0)
                return read_every(in, p + 7, ret);
        return refuse_descriptor(in, p);
}

/* "TZ=Europe/Berlin " and the blanks behind it; *p moves on. */
static int read_zone(const struct cron_reading *in, const char **p, struct cron *ret)
{
        const char *name = strchr(*p, '=') + 1;
        const char *end = strchr(name, ' ');
        int r;

        if (!end) {
                (void)cron_refuse(in, name + strlen(name), "nothing follows the time zone");
                return err_remedy(
                        in->err, "add a space and the schedule, as in TZ=Europe/Berlin 0 3 * * *");
        }
        r = zone_get(name, (size_t)(end - name), &ret->zone, in->err);
        if (r < 0) {
                (void)err_place(in->err, 1, cron_column(in, name));
                return r;
        }
        *p = skip_space(end);
        return 0;
}

/* Behind a zone, and only there, blanks at the end do not count. */
static int read_trimmed_descriptor(const struct cron_reading *in, const char *p, struct cron *ret)
{
        char copy[DESCRIPTOR_MAX];
        const struct cron_reading trimmed = {
                .text = copy, .before = in->before + (size_t)(p - in->text), .err = in->err
        };
        size_t n = 0;

        for (const char *end = p; *end; end++) {
                end = skip_space(end);
                if (*end == '\0')
                        break;
                n = (size_t)(end - p) + 1;
        }
        if (p[n] == '\0')
                return read_descriptor(in, p, ret);
        if (n >= sizeof(copy)) {
                (void)cron_refuse(in, p + n, "there is a blank at the end");
                return err_remedy(in->err, "remove it");
        }
        memcpy(copy, p, n);
        copy[n] = '\0';
        return read_descriptor(&trimmed, copy, ret);
}

int cron_parse(const char *text, struct cron *ret, struct err *err)
{
        const struct cron_reading in = { .text = text, .err = err };
        struct cron cron = { 0 };
        bool zoned = has_zone(text);
        const char *p = text;
        int r = 0;

        if (zoned)
                r = read_zone(&in, &p, &cron);
        if (r == 0 && *p != '@')
                r = read_fields(&in, p, &cron);
        else if (r == 0)
                r = zoned ? read_trimmed_descriptor(&in, p, &cron) : read_descriptor(&in, p, &cron);
        if (r == 0)
                *ret = cron;
        return r;
}

bool cron_is_every(const struct cron *cron)
{
        return cron->every_s > 0;
}
