/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record_read.h"

#include <errno.h>
#include <string.h>

#include "base/record_plan.h"
#include "base/timefmt.h"

/* Two digits as a number; -1 if they are none. */
static int two_digits(const char *p)
{
        unsigned tens = (unsigned char)p[0] - '0', ones = (unsigned char)p[1] - '0';

        return tens > 9 || ones > 9 ? -1 : (int)(tens * 10 + ones);
}

/* The form that Kubernetes writes, 2026-09-01T09:41:00Z, on a day that every month has. */
static bool time_is_plain(const char *p, size_t len, int64_t *ret)
{
        struct civil c;
        int century;

        if (len != 20 || p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' ||
                p[16] != ':' || p[19] != 'Z')
                return false;
        century = two_digits(p);
        c = (struct civil){ .year = two_digits(p + 2),
                .month = two_digits(p + 5),
                .day = two_digits(p + 8),
                .hour = two_digits(p + 11),
                .minute = two_digits(p + 14),
                .second = two_digits(p + 17) };
        if (century < 1 || c.year < 0 || c.month < 1 || c.month > 12 || c.day < 1 || c.day > 28 ||
                c.hour < 0 || c.hour > 23 || c.minute < 0 || c.minute > 59 || c.second < 0 ||
                c.second > 59)
                return false;
        c.year += century * 100;
        *ret = time_from_civil(&c);
        return true;
}

static int read_time(struct json_scan *s, struct record_found *f)
{
        struct json_text text = { 0 };
        char copy[64];
        ssize_t n;
        int r = json_read_string(s, &text);

        if (r < 0)
                return r;
        if (text.len == 0 || time_is_plain(text.p, text.len, &f->number))
                return 0;
        n = text.len < sizeof(copy) ? json_text_decode(&text, copy) : -EBADMSG;
        if (n >= 0) {
                copy[n] = '\0';
                if (rfc3339_parse(copy, &f->number, NULL) == 0)
                        return 0;
        }
        return json_scan_fail(s, -EBADMSG, "expected a time such as 2026-09-01T09:41:00Z");
}

static int check_text(struct json_scan *s, const struct json_text *text)
{
        return json_text_has_nul(text) ? json_scan_fail(s, -EBADMSG, "a NUL in a string") : 0;
}

static int read_text(struct json_scan *s, struct record_found *f)
{
        struct json_text text = { 0 };
        int r = json_read_string(s, &text);

        if (r < 0)
                return r;
        f->p = text.p;
        f->len = text.len;
        f->escaped = text.escaped;
        f->room += text.len + 1;
        return check_text(s, &text);
}

static int read_enum(struct json_scan *s, const struct record_enum *e, struct record_found *f)
{
        char copy[128];
        ssize_t n;
        int r = read_text(s, f);

        if (r < 0 || f->len == 0)
                return r;
        f->number = e->unknown;
        if (f->len <= sizeof(copy)) {
                n = json_text_decode(&(struct json_text){ f->p, f->len, f->escaped }, copy);
                f->number = record_enum_value(e, copy, (size_t)n);
        }
        if (f->number != e->unknown)
                f->room = 0; /* the table has the text */
        return 0;
}

/* An array of strings: how many, and how much room with `extra` bytes for each. */
static int read_strings(struct json_scan *s, size_t extra, struct record_found *f)
{
        struct record_found element = { 0 };
        int r = json_peek(s);

        f->p = s->p;
        r = json_enter_array(s);
        while (r >= 0 && (r = json_next_item(s)) > 0) {
                r = read_text(s, &element);
                f->count++;
        }
        f->room = element.room + f->count * extra;
        f->len = (size_t)(s->p - f->p);
        return r;
}

static int read_pairs(struct json_scan *s, size_t extra, struct record_found *f)
{
        struct record_found element = { 0 };
        struct json_text key = { 0 };
        int r = json_peek(s);

        f->p = s->p;
        r = json_enter_object(s);
        while (r >= 0 && (r = json_next_key(s, &key)) > 0) {
                r = check_text(s, &key);
                if (r >= 0)
                        r = read_text(s, &element);
                f->room += key.len + 1;
                f->count++;
        }
        f->room += element.room + f->count * extra;
        f->len = (size_t)(s->p - f->p);
        return r;
}

static int read_joined(struct json_scan *s, const char *separator, struct record_found *f)
{
        size_t extra = strlen(separator);

        return json_peek(s) == JSON_KIND_OBJECT ? read_pairs(s, extra + sizeof(RECORD_ARROW), f)
                                                : read_strings(s, extra, f);
}

static int read_integer(struct json_scan *s, int64_t min, int64_t max, struct record_found *f)
{
        int r = json_read_int64(s, &f->number);

        if (r >= 0 && (f->number < min || f->number > max))
                r = json_scan_fail(s, -EBADMSG, "an integer out of range");
        return r;
}

static int read_json(struct json_scan *s, struct record_found *f)
{
        int r = json_raw(s, &f->p, &f->len);

        f->room = f->len + 1;
        return r;
}

int record_read(const struct record_field *row, struct json_scan *s, struct record_found *f)
{
        bool yes = false;
        int r = 0;

        *f = (struct record_found){ 0 };
        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
                r = read_text(s, f);
                break;
        case RECORD_INT64:
                r = json_read_int64(s, &f->number);
                break;
        case RECORD_INT32:
                r = read_integer(s, INT32_MIN, INT32_MAX, f);
                break;
        case RECORD_UINT32:
                r = read_integer(s, 0, UINT32_MAX, f);
                break;
        case RECORD_UINT16:
                r = read_integer(s, 0, INT64_MAX, f);
                f->number = f->number > UINT16_MAX ? UINT16_MAX : f->number;
                break;
        case RECORD_BOOL:
                r = json_read_bool(s, &yes);
                f->number = yes;
                break;
        case RECORD_TIME:
                r = read_time(s, f);
                break;
        case RECORD_ENUM:
                r = read_enum(s, row->names, f);
                break;
        case RECORD_JSON:
                r = read_json(s, f);
                break;
        case RECORD_JOINED:
                r = read_joined(s, row->separator, f);
                break;
        case RECORD_PRESENT:
                r = json_skip(s);
                f->number = 1;
                break;
        }
        return r;
}
