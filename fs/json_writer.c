/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/timefmt.h"

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
                json_put_string(w->out, key, strlen(key));
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
                json_put_string(w->out, value, strlen(value));
}

void json_int_member(struct json_writer *w, const char *key, int64_t value)
{
        json_key(w, key);
        buf_printf(w->out, "%" PRId64, value);
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
