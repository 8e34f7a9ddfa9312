/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ELLIPSIS "\xE2\x80\xA6"

/*
 * Copies text of any origin into a field: a server's or a user's bytes may hold control characters
 * or no UTF-8 at all, while the field ends up in files, JSON and log lines. What does not fit is
 * cut at a character.
 */
static void err_store(char *field, size_t size, const char *text)
{
        size_t n = strlen(text), out = 0, keep = 0;
        bool whole = true;

        for (size_t i = 0; i < n;) {
                size_t step = utf8_sequence(text + i, n - i);
                size_t width = step ? step : 1;

                if (out + width >= size) {
                        whole = false;
                        break;
                }
                if (step == 0)
                        field[out] = '?';
                else if (step == 1 && ((unsigned char)text[i] < 0x20 || text[i] == 0x7F))
                        field[out] = ' ';
                else
                        memcpy(field + out, text + i, step);
                i += width;
                out += width;
                if (out + sizeof(ELLIPSIS) <= size)
                        keep = out;
        }
        if (!whole) {
                memcpy(field + keep, ELLIPSIS, sizeof(ELLIPSIS));
                return;
        }
        field[out] = '\0';
}

/* Formats into a fixed field. The arguments may point into the field, so the text is made elsewhere
 * first. */
__attribute__((format(printf, 3, 0))) static void err_format(
        char *field, size_t size, const char *fmt, va_list ap)
{
        /* One byte more than the largest field: err_store() then sees that there was more. */
        char text[sizeof(((struct err *)0)->msg) + 1];
        int n = vsnprintf(text, sizeof(text), fmt, ap);

        err_store(field, size, n < 0 ? "message cannot be formatted" : text);
}

int err_setv(struct err *err, int code, const char *fmt, va_list ap)
{
        assert(code < 0);
        if (!err)
                return code;
        err_format(err->msg, sizeof(err->msg), fmt, ap);
        err->code = code;
        err->line = 0;
        err->column = 0;
        err->id[0] = '\0';
        err->remedy[0] = '\0';
        return code;
}

int err_set(struct err *err, int code, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)err_setv(err, code, fmt, ap);
        va_end(ap);
        return code;
}

int err_wrap(struct err *err, int code, const char *fmt, ...)
{
        char context[sizeof(err->msg)];
        char whole[2 * sizeof(err->msg) + 2];
        va_list ap;

        assert(code < 0);
        if (!err)
                return code;
        va_start(ap, fmt);
        err_format(context, sizeof(context), fmt, ap);
        va_end(ap);
        if (err->msg[0] == '\0')
                err_store(err->msg, sizeof(err->msg), strerror(-code));
        (void)snprintf(whole, sizeof(whole), "%s: %s", context, err->msg);
        err_store(err->msg, sizeof(err->msg), whole);
        err->code = code;
        return code;
}

int err_place(struct err *err, int line, int column)
{
        if (!err)
                return -EINVAL;
        err->line = line;
        err->column = column;
        return err->code;
}

int err_id(struct err *err, const char *id)
{
        if (!err)
                return -EINVAL;
        (void)snprintf(err->id, sizeof(err->id), "%s", id);
        return err->code;
}

int err_remedy(struct err *err, const char *fmt, ...)
{
        va_list ap;

        if (!err)
                return -EINVAL;
        va_start(ap, fmt);
        err_format(err->remedy, sizeof(err->remedy), fmt, ap);
        va_end(ap);
        return err->code;
}

void err_clear(struct err *err)
{
        if (err)
                *err = (struct err)ERR_INIT;
}

void err_copy(struct err *to, const struct err *from)
{
        if (to && from && to != from)
                *to = *from;
}

const char *errno_name(int errnum)
{
        /* INT_MIN has no absolute value and no name. */
        const char *name = errnum > -4096 ? strerrorname_np(abs(errnum)) : NULL;

        return name ? name : "E?";
}
