/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/json_balance.h"
#include "base/json_text.h"
#include "base/limits.h"
#include "base/utf8.h"

void json_scan_init(struct json_scan *s, const char *bytes, size_t len)
{
        *s = (struct json_scan){ .start = bytes, .p = bytes, .end = bytes + len };
}

int json_scan_fail(struct json_scan *s, int code, const char *what)
{
        if (!s->what) {
                s->what = what;
                s->code = code;
        }
        return s->code;
}

int json_scan_error(const struct json_scan *s, struct err *err)
{
        return err_set(err, s->code, "byte %zu: %s", (size_t)(s->p - s->start) + 1, s->what);
}

static int scan_bad(struct json_scan *s, const char *what)
{
        return json_scan_fail(s, -EBADMSG, s->p == s->end ? "it ends in the middle" : what);
}

static __attribute__((noinline)) void skip_space(struct json_scan *s)
{
        while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
                s->p++;
}

/* The next byte that is no white space, or 0 at the end; 0 is no byte of JSON outside of strings.
 */
static ALWAYS_INLINE unsigned char next_byte(struct json_scan *s)
{
        if (s->p < s->end && (unsigned char)*s->p > ' ')
                return (unsigned char)*s->p;
        skip_space(s);
        return s->p < s->end ? (unsigned char)*s->p : 0;
}

static ALWAYS_INLINE int scan_peek(struct json_scan *s)
{
        if (s->what)
                return s->code;
        switch (next_byte(s)) {
        case '{':
                return JSON_KIND_OBJECT;
        case '[':
                return JSON_KIND_ARRAY;
        case '"':
                return JSON_KIND_STRING;
        case 't':
        case 'f':
                return JSON_KIND_BOOL;
        case 'n':
                return JSON_KIND_NULL;
        case '-':
        case '0' ... '9':
                return JSON_KIND_NUMBER;
        default:
                return scan_bad(s, "expected a value");
        }
}

int json_peek(struct json_scan *s)
{
        return scan_peek(s);
}

/* --- strings --- */

/* From `start`, behind the opening quote, with what is no plain ASCII in it. */
static __attribute__((noinline)) int scan_odd_string(
        struct json_scan *s, const char *start, struct json_text *ret)
{
        bool escaped = false;

        s->p = start;
        for (;;) {
                unsigned character;
                size_t n;

                s->p = json_plain_end(s->p, s->end);
                if (s->p == s->end)
                        return scan_bad(s, "");
                switch (*s->p) {
                case '"':
                        *ret = (struct json_text){ start, (size_t)(s->p - start), escaped };
                        s->p++;
                        return 0;
                case '\\':
                        n = json_escape_at(s->p + 1, s->end, &character);
                        if (n == 0)
                                return scan_bad(s, "a bad escape in a string");
                        escaped = true;
                        s->p += 1 + n;
                        break;
                default:
                        if ((unsigned char)*s->p < ' ')
                                return scan_bad(s, "a control character in a string");
                        n = utf8_sequence(s->p, (size_t)(s->end - s->p));
                        if (n == 0)
                                return scan_bad(s, "a string that is not UTF-8");
                        s->p += n;
                }
        }
}

/* p points to the opening quote. */
static ALWAYS_INLINE int scan_string(struct json_scan *s, struct json_text *ret)
{
        const char *start = s->p + 1, *end = json_plain_end(start, s->end);

        if (end == s->end || *end != '"')
                return scan_odd_string(s, start, ret);
        *ret = (struct json_text){ start, (size_t)(end - start), false };
        s->p = end + 1;
        return 0;
}

int json_read_string(struct json_scan *s, struct json_text *ret)
{
        int kind = scan_peek(s);

        if (kind < 0)
                return kind;
        if (kind != JSON_KIND_STRING)
                return scan_bad(s, "expected a string");
        return scan_string(s, ret);
}

/* --- other values --- */

static int scan_literal(struct json_scan *s, const char *word, size_t len)
{
        if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
                return scan_bad(s, "expected a value");
        s->p += len;
        return 0;
}

int json_read_bool(struct json_scan *s, bool *ret)
{
        int kind = scan_peek(s), r;

        if (kind < 0)
                return kind;
        if (kind != JSON_KIND_BOOL)
                return scan_bad(s, "expected true or false");
        *ret = *s->p == 't';
        r = *ret ? scan_literal(s, "true", 4) : scan_literal(s, "false", 5);
        return r;
}

int json_read_null(struct json_scan *s)
{
        int kind = json_peek(s);

        if (kind < 0)
                return kind;
        return kind == JSON_KIND_NULL ? scan_literal(s, "null", 4) : scan_bad(s, "expected null");
}

static bool is_digit(const char *p, const char *end)
{
        return p < end && *p >= '0' && *p <= '9';
}

static const char *digits_end(const char *p, const char *end)
{
        while (is_digit(p, end))
                p++;
        return p;
}

/* Checks the grammar of the number at p, moves behind it and says whether it is whole. */
static int scan_number(struct json_scan *s, bool *whole)
{
        const char *p = s->p;

        *whole = true;
        if (*p == '-')
                p++;
        if (!is_digit(p, s->end))
                goto bad;
        p = *p == '0' ? p + 1 : digits_end(p, s->end);
        if (p < s->end && *p == '.') {
                *whole = false;
                if (!is_digit(++p, s->end))
                        goto bad;
                p = digits_end(p, s->end);
        }
        if (p < s->end && (*p == 'e' || *p == 'E')) {
                *whole = false;
                p++;
                if (p < s->end && (*p == '+' || *p == '-'))
                        p++;
                if (!is_digit(p, s->end))
                        goto bad;
                p = digits_end(p, s->end);
        }
        if (is_digit(p, s->end))
                goto bad; /* behind a leading zero */
        s->p = p;
        return 0;
bad:
        s->p = p;
        return scan_bad(s, "a bad number");
}

int json_read_int64(struct json_scan *s, int64_t *ret)
{
        int kind = scan_peek(s), r;
        const char *p = s->p;
        int64_t value = 0;
        bool whole, negative;

        if (kind < 0)
                return kind;
        if (kind != JSON_KIND_NUMBER)
                return scan_bad(s, "expected an integer");
        p = s->p;
        r = scan_number(s, &whole);
        if (r < 0)
                return r;
        negative = *p == '-';
        for (p += negative; whole && p < s->p; p++) {
                int digit = *p - '0';

                /* Counted downwards, as there is one more number below zero than above. */
                if (__builtin_mul_overflow(value, 10, &value) ||
                        __builtin_sub_overflow(value, digit, &value))
                        whole = false;
        }
        if (!whole || (!negative && value == INT64_MIN))
                return json_scan_fail(s, -EBADMSG, "expected an integer");
        *ret = negative ? value : -value;
        return 0;
}

/* p points to the opening quote. Strings are short: byte blocks of 16 find their end sooner than
 * json_balance's of 64. */
static int skip_string(struct json_scan *s)
{
        const char *p = s->p + 1, *end = s->end;

        for (;;) {
#ifdef __SSE2__
                for (; end - p >= 16; p += 16) {
                        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
                        __m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
                        unsigned bits = (unsigned)_mm_movemask_epi8(stop);

                        if (bits) {
                                p += __builtin_ctz(bits);
                                break;
                        }
                }
#endif
                while (p < end && *p != '"' && *p != '\\')
                        p++;
                if (p < end && *p == '"') {
                        s->p = p + 1;
                        return 0;
                }
                if (end - p < 2) {
                        s->p = end;
                        return scan_bad(s, "");
                }
                p += 2;
        }
}

int json_skip(struct json_scan *s)
{
        struct json_balance balance = { 0 };
        int kind = scan_peek(s);
        bool whole;
        ssize_t n;

        switch (kind) {
        case JSON_KIND_NULL:
                return scan_literal(s, "null", 4);
        case JSON_KIND_BOOL:
                return json_read_bool(s, &whole);
        case JSON_KIND_NUMBER:
                return scan_number(s, &whole);
        case JSON_KIND_STRING:
                return skip_string(s);
        case JSON_KIND_ARRAY:
        case JSON_KIND_OBJECT:
                break;
        default:
                return kind;
        }
        n = json_balance_feed(&balance, s->p, (size_t)(s->end - s->p));
        if (n < 0)
                return json_scan_fail(s, (int)n, "it is nested too deep");
        if (n == 0) {
                s->p = s->end;
                return scan_bad(s, "");
        }
        s->p += n;
        if (s->p[-1] != (kind == JSON_KIND_ARRAY ? ']' : '}'))
                return json_scan_fail(s, -EBADMSG, "a bracket of the wrong kind");
        return 0;
}

int json_raw(struct json_scan *s, const char **ret, size_t *ret_len)
{
        int r = scan_peek(s);
        const char *start = s->p;

        if (r < 0)
                return r;
        r = json_skip(s);
        if (r < 0)
                return r;
        *ret = start;
        *ret_len = (size_t)(s->p - start);
        return 0;
}

/* --- objects and arrays --- */

static int scan_enter(struct json_scan *s, enum json_kind kind, const char *what)
{
        int r = scan_peek(s);

        if (r < 0)
                return r;
        if (r != (int)kind)
                return scan_bad(s, what);
        if (s->depth == LIMIT_JSON_DEPTH)
                return json_scan_fail(s, -E2BIG, "it is nested too deep");
        s->p++;
        s->depth++;
        s->first = true;
        return 0;
}

int json_enter_object(struct json_scan *s)
{
        return scan_enter(s, JSON_KIND_OBJECT, "expected an object");
}

int json_enter_array(struct json_scan *s)
{
        return scan_enter(s, JSON_KIND_ARRAY, "expected an array");
}

/* Moves to the next member: 1 when there is one, 0 behind the closing bracket. */
static ALWAYS_INLINE int scan_next(struct json_scan *s, char close, const char *what)
{
        unsigned char c;

        if (s->what)
                return s->code;
        c = next_byte(s);
        if (c == (unsigned char)close) {
                s->p++;
                s->depth--;
                s->first = false;
                return 0;
        }
        if (!s->first) {
                if (c != ',')
                        return scan_bad(s, what);
                s->p++;
        }
        s->first = false;
        return 1;
}

int json_next_key(struct json_scan *s, struct json_text *key)
{
        int r = scan_next(s, '}', "expected \",\" or \"}\"");

        if (r <= 0)
                return r;
        if (next_byte(s) != '"')
                return scan_bad(s, "expected a key");
        r = scan_string(s, key);
        if (r < 0)
                return r;
        if (next_byte(s) != ':')
                return scan_bad(s, "expected \":\"");
        s->p++;
        return 1;
}

int json_next_item(struct json_scan *s)
{
        int r = scan_next(s, ']', "expected \",\" or \"]\"");

        /* A comma before the "]" is no item. */
        return r <= 0 ? r : scan_peek(s) < 0 ? s->code : 1;
}

int json_scan_end(struct json_scan *s)
{
        if (s->what)
                return s->code;
        skip_space(s);
        return s->p == s->end ? 0 : json_scan_fail(s, -EBADMSG, "more follows after the end");
}
