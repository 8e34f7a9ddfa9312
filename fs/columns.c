/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/columns.h"

#include <assert.h>
#include <string.h>

#include "fs/show.h"

/* Room for a cell's text is taken from the buffer itself, so that no cell needs memory of its own.
 */
static void columns_added(struct columns *t, size_t start)
{
        size_t w;

        if (t->cells.error != 0)
                return;
        w = show_width(t->cells.data + start, t->cells.len - start);
        if (w > t->width[t->at])
                t->width[t->at] = w;
        buf_putc(&t->cells, '\0');
        t->at = (t->at + 1) % t->n;
}

void columns_value(struct columns *t, struct value v)
{
        size_t start = t->cells.len;

        value_cell(&t->cells, v);
        columns_added(t, start);
}

void columns_cell(struct columns *t, const char *text)
{
        columns_value(t, value_text(text));
}

/* How many columns fit. */
static unsigned columns_fit(const struct columns *t)
{
        size_t total = 0;
        unsigned n;

        for (n = 0; n < t->n; n++) {
                total += t->width[n] + (n > 0 ? 2 : 0);
                if (total > SHOW_WIDTH && n >= 2)
                        break;
        }
        return n;
}

static void columns_out(const struct columns *t, struct buf *out, unsigned column, unsigned last,
        const char *text, size_t len)
{
        if (column > last)
                return;
        buf_append(out, text, len);
        if (column < last)
                buf_pad(out, t->width[column] - show_width(text, len) + 2);
        else
                buf_putc(out, '\n');
}

void columns_put(struct columns *t, struct buf *out)
{
        const char *p = t->cells.data, *end = p + t->cells.len;
        unsigned last;

        if (t->cells.len == 0 || t->cells.error != 0)
                return;
        assert(t->at == 0);
        for (unsigned i = 0; i < t->n; i++)
                if (strlen(t->heads[i]) > t->width[i])
                        t->width[i] = strlen(t->heads[i]);
        last = columns_fit(t) - 1;
        for (unsigned i = 0; i <= last; i++)
                columns_out(t, out, i, last, t->heads[i], strlen(t->heads[i]));
        for (unsigned i = 0; p < end; i = (i + 1) % t->n) {
                size_t len = strlen(p);

                columns_out(t, out, i, last, p, len);
                p += len + 1;
        }
}

void columns_done(struct columns *t)
{
        buf_done(&t->cells);
}
