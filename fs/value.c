/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/value.h"

#include <inttypes.h>

#include "base/timefmt.h"

static void value_put_text(struct buf *out, const char *s)
{
        size_t start = out->len;

        buf_puts(out, s);
        for (size_t i = start; i < out->len; i++)
                if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
                        out->data[i] = ' ';
}

void value_put(struct buf *out, struct value v)
{
        char text[RFC3339_SIZE];

        switch (v.type) {
        case VALUE_NONE:
                break;
        case VALUE_TEXT:
                value_put_text(out, v.s);
                break;
        case VALUE_INT:
                buf_printf(out, "%" PRId64, v.i);
                break;
        case VALUE_BOOL:
                buf_putc(out, v.i ? '1' : '0');
                break;
        case VALUE_TIME:
                buf_puts(out, rfc3339_format(text, v.i));
                break;
        }
}

void value_cell(struct buf *out, struct value v)
{
        if (v.type == VALUE_NONE)
                buf_putc(out, '-');
        else
                value_put(out, v);
}

int value_file(struct buf *out, struct value v)
{
        if (v.type == VALUE_NONE)
                return 0;
        value_put(out, v);
        buf_putc(out, '\n');
        return out->error;
}

static void value_member(struct json_writer *w, const char *key, struct value v)
{
        switch (v.type) {
        case VALUE_NONE:
                json_string_member(w, key, NULL);
                break;
        case VALUE_TEXT:
                json_string_member(w, key, v.s);
                break;
        case VALUE_INT:
                json_int_member(w, key, v.i);
                break;
        case VALUE_BOOL:
                json_bool_member(w, key, v.i != 0);
                break;
        case VALUE_TIME:
                json_time_member(w, key, v.i);
                break;
        }
}

void value_members(struct json_writer *w, const struct value_row *rows, size_t n,
        const struct subject *s, bool whole)
{
        for (size_t i = 0; i < n; i++) {
                if (rows[i].get != NULL)
                        value_member(w, rows[i].json, rows[i].get(s));
                else if (whole)
                        rows[i].put(w, rows[i].json, s);
        }
}
