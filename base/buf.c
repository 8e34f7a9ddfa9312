/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* What every empty buffer points to. Only its NUL is ever read, nothing is written to it. */
char buf_empty_[1];

#define BUF_FIRST_ALLOC 64

void buf_init(struct buf *b, size_t max)
{
        *b = (struct buf)BUF_INIT(max);
}

void buf_done(struct buf *b)
{
        if (!b)
                return;
        if (b->alloc)
                free(b->data);
        buf_init(b, b->max);
}

void buf_reset(struct buf *b)
{
        buf_truncate(b, 0);
        b->error = 0;
}

static int buf_fail(struct buf *b, int error)
{
        if (!b->error)
                b->error = error;
        return b->error;
}

int buf_reserve(struct buf *b, size_t n)
{
        size_t need, alloc;
        char *data;

        if (b->error)
                return b->error;
        if (b->len > b->max || n > b->max - b->len || b->max == SIZE_MAX)
                return buf_fail(b, -EFBIG);
        need = b->len + n + 1;
        if (need <= b->alloc)
                return 0;
        /* Twice as much, so that n appends cost O(n), but never beyond what may be used. */
        alloc = b->alloc > b->max / 2 ? b->max + 1 : b->alloc * 2;
        if (alloc < BUF_FIRST_ALLOC)
                alloc = BUF_FIRST_ALLOC;
        if (alloc < need)
                alloc = need;
        data = realloc(b->alloc ? b->data : NULL, alloc);
        if (!data)
                return buf_fail(b, -ENOMEM);
        data[b->len] = '\0';
        b->data = data;
        b->alloc = alloc;
        return 0;
}

void buf_added(struct buf *b, size_t n)
{
        if (n == 0)
                return;
        assert(n < b->alloc - b->len);
        b->len += n;
        b->data[b->len] = '\0';
}

int buf_append(struct buf *b, const void *bytes, size_t n)
{
        int r;

        if (n == 0)
                return b->error;
        r = buf_reserve(b, n);
        if (r < 0)
                return r;
        memcpy(b->data + b->len, bytes, n);
        buf_added(b, n);
        return 0;
}

int buf_puts(struct buf *b, const char *s)
{
        return buf_append(b, s, strlen(s));
}

int buf_putc(struct buf *b, char c)
{
        return buf_append(b, &c, 1);
}

int buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
        size_t room = b->alloc ? b->alloc - b->len : 0;
        va_list again;
        int n, r;

        if (b->error)
                return b->error;
        /* Most texts fit into what is there; the others are measured by the same call. */
        va_copy(again, ap);
        n = vsnprintf(room ? b->data + b->len : NULL, room, fmt, ap);
        if (n >= 0 && (size_t)n < room && (size_t)n <= b->max - b->len) {
                buf_added(b, (size_t)n);
                va_end(again);
                return 0;
        }
        if (room)
                b->data[b->len] = '\0';
        r = n < 0 ? buf_fail(b, -ENOMEM) : buf_reserve(b, (size_t)n);
        if (r == 0) {
                if (n > 0)
                        (void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
                buf_added(b, (size_t)n);
        }
        va_end(again);
        return r;
}

int buf_printf(struct buf *b, const char *fmt, ...)
{
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = buf_vprintf(b, fmt, ap);
        va_end(ap);
        return r;
}

int buf_pad(struct buf *b, size_t n)
{
        int r = buf_reserve(b, n);

        if (r < 0)
                return r;
        if (n)
                memset(b->data + b->len, ' ', n);
        buf_added(b, n);
        return 0;
}

int buf_pad_to_column(struct buf *b, size_t column, size_t gap)
{
        const char *newline = b->len ? memrchr(b->data, '\n', b->len) : NULL;
        const char *start = newline ? newline + 1 : b->data;
        size_t width = utf8_count(start, (size_t)(b->data + b->len - start));
        size_t n = width < column ? column - width : 0;

        return buf_pad(b, n > gap ? n : gap);
}

void buf_consume(struct buf *b, size_t n)
{
        assert(n <= b->len);
        if (n == 0)
                return;
        memmove(b->data, b->data + n, b->len - n);
        b->len -= n;
        b->data[b->len] = '\0';
}

void buf_truncate(struct buf *b, size_t len)
{
        if (len >= b->len)
                return;
        b->len = len;
        b->data[len] = '\0';
}

int buf_steal(struct buf *b, char **ret, size_t *ret_len)
{
        int r = buf_reserve(b, 0);

        if (r < 0) {
                buf_done(b);
                return r;
        }
        *ret = b->data;
        if (ret_len)
                *ret_len = b->len;
        buf_init(b, b->max);
        return 0;
}

void buf_wipe(struct buf *b)
{
        if (b && b->alloc)
                explicit_bzero(b->data, b->alloc);
        buf_done(b);
}
