/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

void strv_done(struct strv *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < s->n; i++)
                free(s->v[i]);
        free(s->v);
        *s = (struct strv){ 0 };
}

/*
 * Makes room for `more` elements. The capacity is not stored: it is the next power of two, so
 * memory is asked for only when n passes one.
 */
static int strv_reserve(struct strv *s, size_t more)
{
        size_t capacity = 4, want = 4;
        char **v;

        if (more > LIMIT_STRV_ITEMS - s->n)
                return -EFBIG;
        while (capacity < s->n)
                capacity *= 2;
        while (want < s->n + more)
                want *= 2;
        if (s->v && want <= capacity)
                return 0;
        v = reallocarray(s->v, want, sizeof(*v));
        if (!v)
                return -ENOMEM;
        s->v = v;
        return 0;
}

int strv_push_take(struct strv *s, char *string)
{
        _cleanup_(freep) char *owned = string;
        int r;

        if (!owned)
                return -ENOMEM;
        r = strv_reserve(s, 1);
        if (r < 0)
                return r;
        s->v[s->n++] = TAKE(owned);
        return 0;
}

int strv_push(struct strv *s, const char *string)
{
        return strv_push_take(s, strdup(string));
}

int strv_pushn(struct strv *s, const char *bytes, size_t n)
{
        return strv_push_take(s, strndup(bytes, n));
}

int strv_printf(struct strv *s, const char *fmt, ...)
{
        char *string = NULL;
        va_list ap;
        int n;

        va_start(ap, fmt);
        n = vasprintf(&string, fmt, ap);
        va_end(ap);
        return strv_push_take(s, n < 0 ? NULL : string);
}

int strv_extend(struct strv *s, const struct strv *other)
{
        size_t before = s->n, more = other->n;
        int r = 0;

        /* more is read once: other may be s itself. */
        for (size_t i = 0; i < more && r == 0; i++)
                r = strv_push(s, other->v[i]);
        while (r < 0 && s->n > before)
                free(s->v[--s->n]);
        return r;
}

int strv_copy(struct strv *ret, const struct strv *from)
{
        return strv_extend(ret, from);
}

void strv_move(struct strv *to, struct strv *from)
{
        if (to == from)
                return;
        strv_done(to);
        *to = *from;
        *from = (struct strv){ 0 };
}

void strv_remove(struct strv *s, size_t i)
{
        if (i >= s->n)
                return;
        free(s->v[i]);
        memmove(&s->v[i], &s->v[i + 1], (s->n - i - 1) * sizeof(*s->v));
        s->n--;
}

bool strv_contains(const struct strv *s, const char *string)
{
        for (size_t i = 0; i < s->n; i++)
                if (strcmp(s->v[i], string) == 0)
                        return true;
        return false;
}

bool strv_equal(const struct strv *a, const struct strv *b)
{
        if (a->n != b->n)
                return false;
        for (size_t i = 0; i < a->n; i++)
                if (strcmp(a->v[i], b->v[i]) != 0)
                        return false;
        return true;
}

static int strv_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *s)
{
        if (s->n > 1)
                qsort(s->v, s->n, sizeof(*s->v), strv_compare);
}

void strv_sort_unique(struct strv *s)
{
        size_t kept = 0;

        strv_sort(s);
        for (size_t i = 0; i < s->n; i++) {
                if (kept > 0 && strcmp(s->v[kept - 1], s->v[i]) == 0)
                        free(s->v[i]);
                else
                        s->v[kept++] = s->v[i];
        }
        s->n = kept;
}

int strv_join(const struct strv *s, const char *separator, char **ret)
{
        size_t separator_len = strlen(separator), total = 1;
        char *joined, *p;

        for (size_t i = 0; i < s->n; i++)
                total += strlen(s->v[i]) + separator_len;
        joined = p = malloc(total);
        if (!joined)
                return -ENOMEM;
        for (size_t i = 0; i < s->n; i++) {
                if (i > 0)
                        p = mempcpy(p, separator, separator_len);
                p = stpcpy(p, s->v[i]);
        }
        *p = '\0';
        *ret = joined;
        return 0;
}

int strv_split(struct strv *s, const char *text, const char *separators)
{
        _cleanup_(strv_done) struct strv parts = { 0 };
        int r;

        for (const char *p = text + strspn(text, separators); *p; p += strspn(p, separators)) {
                size_t n = strcspn(p, separators);

                r = strv_pushn(&parts, p, n);
                if (r < 0)
                        return r;
                p += n;
        }
        r = parts.n ? strv_reserve(s, parts.n) : 0;
        if (r < 0)
                return r;
        for (size_t i = 0; i < parts.n; i++)
                s->v[s->n++] = TAKE(parts.v[i]);
        parts.n = 0;
        return 0;
}
