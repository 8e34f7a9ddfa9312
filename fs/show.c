/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/show.h"

#include <ctype.h>
#include <stdarg.h>

#include "base/timefmt.h"

void show_headline(struct buf *out, const char *state, const char *summary, int64_t changed)
{
        char text[RFC3339_SIZE];

        buf_puts(out, "state:  ");
        for (; *state != '\0'; state++)
                buf_putc(out, (char)toupper((unsigned char)*state));
        buf_printf(out, "   %s", summary);
        if (changed != 0)
                buf_printf(out, "   as of %s", rfc3339_format(text, changed));
        buf_putc(out, '\n');
}

void show_reason(struct buf *out, bool first, const char *text, const char *code)
{
        buf_puts(out, first ? "reason: " : "        ");
        buf_puts(out, text);
        if (code != NULL && code[0] != '\0')
                buf_printf(out, "   %s", code);
        buf_putc(out, '\n');
}

void show_action(struct buf *out, const char *fmt, ...)
{
        va_list ap;

        buf_puts(out, "action: ");
        va_start(ap, fmt);
        buf_vprintf(out, fmt, ap);
        va_end(ap);
        buf_putc(out, '\n');
}

enum { BAR_CELLS = 20 };

void show_bar(struct buf *out, int64_t done, int64_t total, bool terminal)
{
        int64_t percent = total > 0 ? done * 100 / total : 0;
        int64_t cells;

        if (terminal)
                percent = 100;
        else if (percent > 99)
                percent = 99;
        if (total <= 0 && !terminal) {
                buf_puts(out, "[.........?..........]");
                buf_printf(out, "  %lld items", (long long)done);
                return;
        }
        cells = percent * BAR_CELLS / 100;
        buf_putc(out, '[');
        for (int64_t i = 0; i < BAR_CELLS; i++)
                buf_putc(out, i < cells ? '#' : '.');
        buf_printf(out, "] %3lld%%  %lld/%lld items", (long long)percent, (long long)done, (long long)total);
}
