/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/value.h"

#include <inttypes.h>

#include "base/timefmt.h"

void value_put(struct buf *out, struct value v)
{
        char text[RFC3339_SIZE];

        switch (v.type) {
        case VALUE_NONE:
                break;
        case VALUE_TEXT:
                buf_puts(out, v.s);
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

void value_members(struct json_writer *w, const struct value_row *rows, size_t n, const struct subject *s)
{
        for (size_t i = 0; i < n; i++) {
                struct value v = rows[i].get(s);

                switch (v.type) {
                case VALUE_NONE:
                        json_string_member(w, rows[i].json, NULL);
                        break;
                case VALUE_TEXT:
                        json_string_member(w, rows[i].json, v.s);
                        break;
                case VALUE_INT:
                        json_int_member(w, rows[i].json, v.i);
                        break;
                case VALUE_BOOL:
                        json_bool_member(w, rows[i].json, v.i != 0);
                        break;
                case VALUE_TIME:
                        json_time_member(w, rows[i].json, v.i);
                        break;
                }
        }
}
