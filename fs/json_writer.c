/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/json_writer.h"

#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "base/timefmt.h"

/* Most strings are plain ASCII and go out in one piece: a status of a thousand clusters has 30,000
 * keys. */
static void json_text(struct buf *out, const char *s)
{
        size_t n = 0;

        while (s[n] >= ' ' && s[n] <= '~' && s[n] != '"' && s[n] != '\\')
                n++;
        if (s[n] != '\0') {
                json_put_string(out, s, strlen(s));
                return;
        }
        if (buf_reserve(out, n + 2) < 0)
                return;
        out->data[out->len] = '"';
        memcpy(out->data + out->len + 1, s, n);
        out->data[out->len + 1 + n] = '"';
        buf_added(out, n + 2);
}

static void json_key(struct json_writer *w, const char *key)
{
        if (w->depth > 0) {
                if (w->some[w->depth])
                        buf_putc(w->out, ',');
                w->some[w->depth] = true;
                buf_putc(w->out, '\n');
                buf_pad(w->out, (size_t)w->depth * 2);
        }
        if (key != NULL) {
                json_text(w->out, key);
                buf_puts(w->out, ": ");
        }
}

void json_open(struct json_writer *w, const char *key, char bracket)
{
        assert(w->depth + 1 < JSON_WRITER_DEPTH);
        json_key(w, key);
        buf_putc(w->out, bracket);
        w->depth++;
        w->some[w->depth] = false;
        w->close[w->depth] = bracket == '{' ? '}' : ']';
}

void json_close(struct json_writer *w)
{
        assert(w->depth > 0);
        if (w->some[w->depth]) {
                buf_putc(w->out, '\n');
                buf_pad(w->out, (size_t)(w->depth - 1) * 2);
        }
        buf_putc(w->out, w->close[w->depth]);
        w->depth--;
        if (w->depth == 0)
                buf_putc(w->out, '\n');
}

void json_string_member(struct json_writer *w, const char *key, const char *value)
{
        json_key(w, key);
        if (value == NULL)
                buf_puts(w->out, "null");
        else
                json_text(w->out, value);
}

void json_int_member(struct json_writer *w, const char *key, int64_t value)
{
        char text[24], *p = text + sizeof(text);
        uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;

        json_key(w, key);
        do
                *--p = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (value < 0)
                *--p = '-';
        buf_append(w->out, p, (size_t)(text + sizeof(text) - p));
}

void json_bool_member(struct json_writer *w, const char *key, bool value)
{
        json_key(w, key);
        buf_puts(w->out, value ? "true" : "false");
}

void json_time_member(struct json_writer *w, const char *key, int64_t value)
{
        char text[RFC3339_SIZE];

        json_string_member(w, key, value != 0 ? rfc3339_format(text, value) : NULL);
}
