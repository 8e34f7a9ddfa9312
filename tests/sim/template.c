/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/template.h"

#include <stdlib.h>
#include <string.h>

/* A stretch of text, then a hole (-1: none). */
struct piece {
        size_t from, n;
        int hole;
};

struct template
{
        char *text;
        struct piece *v;
        size_t n;
};

struct template *template_new(const char *text, size_t n)
{
        struct template *t = mem_zalloc(sizeof *t);
        size_t from = 0;

        t->text = mem_strndup(text, n);
        for (size_t i = 0; i <= n; i++) {
                bool hole = i + 2 < n && text[i] == '@' && text[i + 1] >= '0' &&
                            text[i + 1] <= '9' && text[i + 2] == '@';

                if (!hole && i < n)
                        continue;
                t->v = mem_realloc(t->v, (t->n + 1) * sizeof *t->v);
                t->v[t->n++] = (struct piece){ from, i - from, hole ? text[i + 1] - '0' : -1 };
                from = i + 3;
                i += 2;
        }
        return t;
}

void template_free(struct template *t)
{
        if (!t)
                return;
        free(t->text);
        free(t->v);
        free(t);
}

void template_render(const struct template *t, const char *const *values, struct str *out)
{
        for (size_t i = 0; i < t->n; i++) {
                str_add(out, t->text + t->v[i].from, t->v[i].n);
                if (t->v[i].hole >= 0)
                        str_puts(out, values[t->v[i].hole]);
        }
}
