/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/columns.h"

#include <string.h>

/* Characters, not bytes: cells may hold what a cluster says. */
static size_t text_width(const char *s)
{
        size_t n = 0;

        for (; *s != '\0'; s++)
                n += ((unsigned char)*s & 0xC0) != 0x80;
        return n;
}

void columns_cell(struct columns *t, const char *text)
{
        size_t w;

        if (text == NULL || text[0] == '\0')
                text = "-";
        w = text_width(text);
        if (w > t->width[t->at])
                t->width[t->at] = w;
        buf_append(&t->cells, text, strlen(text) + 1);
        t->at = (t->at + 1) % t->n;
}

void columns_value(struct columns *t, struct value v)
{
        struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);

        value_cell(&cell, v);
        columns_cell(t, cell.data);
        buf_done(&cell);
}

void columns_put(struct columns *t, struct buf *out)
{
        const char *p = t->cells.data, *end = p + t->cells.len;
        unsigned column = 0;

        while (p < end) {
                buf_puts(out, p);
                if (column + 1 < t->n)
                        buf_pad(out, t->width[column] - text_width(p) + 2);
                else
                        buf_putc(out, '\n');
                p += strlen(p) + 1;
                column = (column + 1) % t->n;
        }
}

void columns_done(struct columns *t)
{
        buf_done(&t->cells);
}
