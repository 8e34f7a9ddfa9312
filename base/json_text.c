/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_text.h"

#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

static int hex_digit(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

/* The four digits at p, or -1. */
static int hex4(const char *p, const char *end)
{
        int value = 0;

        if (end - p < 4)
                return -1;
        for (int i = 0; i < 4; i++) {
                int digit = hex_digit(p[i]);

                if (digit < 0)
                        return -1;
                value = value << 4 | digit;
        }
        return value;
}

size_t json_escape_at(const char *p, const char *end, unsigned *ret)
{
        int high, low;

        if (p == end)
                return 0;
        switch (*p) {
        case '"':
        case '\\':
        case '/':
                *ret = (unsigned char)*p;
                return 1;
        case 'b':
                *ret = '\b';
                return 1;
        case 'f':
                *ret = '\f';
                return 1;
        case 'n':
                *ret = '\n';
                return 1;
        case 'r':
                *ret = '\r';
                return 1;
        case 't':
                *ret = '\t';
                return 1;
        case 'u':
                break;
        default:
                return 0;
        }
        high = hex4(p + 1, end);
        if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
                return 0;
        *ret = (unsigned)high;
        if (high < 0xd800 || high > 0xdbff)
                return 5;
        if (end - p < 7 || p[5] != '\\' || p[6] != 'u')
                return 0;
        low = hex4(p + 7, end);
        if (low < 0xdc00 || low > 0xdfff)
                return 0;
        *ret = 0x10000U + (((unsigned)high - 0xd800U) << 10) + ((unsigned)low - 0xdc00U);
        return 11;
}

static size_t utf8_put(char *dst, unsigned c)
{
        if (c < 0x80) {
                dst[0] = (char)c;
                return 1;
        }
        if (c < 0x800) {
                dst[0] = (char)(0xc0 | c >> 6);
                dst[1] = (char)(0x80 | (c & 0x3f));
                return 2;
        }
        if (c < 0x10000) {
                dst[0] = (char)(0xe0 | c >> 12);
                dst[1] = (char)(0x80 | (c >> 6 & 0x3f));
                dst[2] = (char)(0x80 | (c & 0x3f));
                return 3;
        }
        dst[0] = (char)(0xf0 | c >> 18);
        dst[1] = (char)(0x80 | (c >> 12 & 0x3f));
        dst[2] = (char)(0x80 | (c >> 6 & 0x3f));
        dst[3] = (char)(0x80 | (c & 0x3f));
        return 4;
}

/* Decodes the next piece of t from *p on: one character, or a run without escapes that is pointed
 * to. The length of what `*piece` points to; 0 at the end; -EBADMSG. */
static ssize_t next_piece(
        const struct json_text *t, const char **p, const char **piece, char room[static 4])
{
        const char *end = t->p + t->len;
        unsigned character;
        size_t n;

        if (*p == end)
                return 0;
        if (**p != '\\') {
                const char *stop = memchr(*p, '\\', (size_t)(end - *p));

                *piece = *p;
                *p = stop ? stop : end;
                return *p - *piece;
        }
        n = json_escape_at(*p + 1, end, &character);
        if (n == 0 || character == 0)
                return -EBADMSG;
        *p += 1 + n;
        *piece = room;
        return (ssize_t)utf8_put(room, character);
}

bool json_text_is(const struct json_text *t, const char *str)
{
        const char *p = t->p, *piece = NULL;
        char room[4];
        ssize_t n;

        if (!t->escaped)
                return strlen(str) == t->len && memcmp(str, t->p, t->len) == 0;
        while ((n = next_piece(t, &p, &piece, room)) > 0) {
                if (strncmp(str, piece, (size_t)n) != 0)
                        return false;
                str += n;
        }
        return n == 0 && *str == '\0';
}

bool json_text_has_nul(const struct json_text *t)
{
        const char *p = t->p, *end = p + t->len;

        while (t->escaped && (p = memchr(p, '\\', (size_t)(end - p)))) {
                if (end - p >= 6 && memcmp(p, "\\u0000", 6) == 0)
                        return true;
                p += 2;
        }
        return false;
}

ssize_t json_text_decode(const struct json_text *t, char *dst)
{
        const char *p = t->p, *piece = NULL;
        size_t len = 0;
        char room[4];
        ssize_t n;

        if (!t->escaped) {
                if (t->len)
                        memcpy(dst, t->p, t->len);
                return (ssize_t)t->len;
        }
        while ((n = next_piece(t, &p, &piece, room)) > 0) {
                memcpy(dst + len, piece, (size_t)n);
                len += (size_t)n;
        }
        return n < 0 ? n : (ssize_t)len;
}

int json_put_string(struct buf *out, const char *str, size_t len)
{
        const char *p = str, *end = str + len;

        buf_putc(out, '"');
        while (p < end) {
                const char *stop = json_plain_end(p, end);
                size_t n;

                if (stop > p)
                        buf_append(out, p, (size_t)(stop - p));
                p = stop;
                if (p == end)
                        break;
                n = utf8_sequence(p, (size_t)(end - p));
                if (*p == '"' || *p == '\\')
                        buf_printf(out, "\\%c", *p);
                else if (*p == '\n')
                        buf_puts(out, "\\n");
                else if (*p == '\t')
                        buf_puts(out, "\\t");
                else if (n == 1)
                        buf_printf(out, "\\u%04x", (unsigned char)*p);
                else if (n > 1)
                        buf_append(out, p, n);
                else
                        buf_puts(out, "\xef\xbf\xbd");
                p += n ? n : 1;
        }
        return buf_putc(out, '"');
}
