/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STR_KEEP ((size_t)64 * 1024)

void *mem_zalloc(size_t n)
{
        void *p = calloc(1, n ? n : 1);

        if (!p)
                abort();
        return p;
}

void *mem_realloc(void *p, size_t n)
{
        p = realloc(p, n ? n : 1);
        if (!p)
                abort();
        return p;
}

char *mem_strdup(const char *s)
{
        return s ? mem_strndup(s, strlen(s)) : NULL;
}

char *mem_strndup(const char *s, size_t n)
{
        char *copy;

        if (!s)
                return NULL;
        copy = mem_realloc(NULL, n + 1);
        memcpy(copy, s, n);
        copy[n] = '\0';
        return copy;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
        char *s = NULL;

        if (vasprintf(&s, fmt, ap) < 0)
                abort();
        return s;
}

char *mem_printf(const char *fmt, ...)
{
        va_list ap;
        char *s;

        va_start(ap, fmt);
        s = mem_vprintf(fmt, ap);
        va_end(ap);
        return s;
}

void die(const char *fmt, ...)
{
        va_list ap;

        fputs("fleetfs-sim: ", stderr);
        va_start(ap, fmt);
        vfprintf(stderr, fmt, ap);
        va_end(ap);
        fputc('\n', stderr);
        exit(1);
}

void str_done(struct str *b)
{
        free(b->s);
        *b = (struct str){ 0 };
}

void str_reserve(struct str *b, size_t more)
{
        size_t need = b->len + more + 1;
        size_t cap = b->cap ? b->cap : 128;

        if (need <= b->cap)
                return;
        while (cap < need)
                cap *= 2;
        b->s = mem_realloc(b->s, cap);
        b->cap = cap;
}

void str_add(struct str *b, const void *bytes, size_t n)
{
        str_reserve(b, n);
        if (n)
                memcpy(b->s + b->len, bytes, n);
        b->len += n;
        b->s[b->len] = '\0';
}

void str_puts(struct str *b, const char *s)
{
        str_add(b, s, strlen(s));
}

void str_putc(struct str *b, char c)
{
        str_add(b, &c, 1);
}

void str_printf(struct str *b, const char *fmt, ...)
{
        va_list ap;
        int n;

        /* Most texts fit into what is there. */
        str_reserve(b, 1);
        va_start(ap, fmt);
        n = vsnprintf(b->s + b->len, b->cap - b->len, fmt, ap);
        va_end(ap);
        if (n < 0)
                abort();
        if ((size_t)n >= b->cap - b->len) {
                str_reserve(b, (size_t)n);
                va_start(ap, fmt);
                vsnprintf(b->s + b->len, (size_t)n + 1, fmt, ap);
                va_end(ap);
        }
        b->len += (size_t)n;
}

void str_json(struct str *b, const char *s)
{
        str_putc(b, '"');
        for (; *s; s++) {
                unsigned char c = (unsigned char)*s;

                if (c == '"' || c == '\\')
                        str_printf(b, "\\%c", c);
                else if (c < 0x20)
                        str_printf(b, "\\u%04x", c);
                else
                        str_putc(b, (char)c);
        }
        str_putc(b, '"');
}

void str_shift(struct str *b, size_t n)
{
        if (n == b->len) {
                str_clear(b);
                return;
        }
        memmove(b->s, b->s + n, b->len - n + 1);
        b->len -= n;
}

void str_clear(struct str *b)
{
        if (b->cap > STR_KEEP) {
                str_done(b);
                return;
        }
        b->len = 0;
        if (b->s)
                b->s[0] = '\0';
}
