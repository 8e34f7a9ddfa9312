/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/names.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/mem.h"

void names_done(struct names *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->v[i]);
        free(l->v);
        *l = (struct names){ 0 };
}

static size_t names_find(const struct names *l, const char *name)
{
        size_t i = 0;

        while (i < l->n && strcmp(l->v[i], name) != 0)
                i++;
        return i;
}

bool names_has(const struct names *l, const char *name)
{
        return names_find(l, name) < l->n;
}

void names_add(struct names *l, const char *name)
{
        if (names_has(l, name))
                return;
        l->v = mem_realloc(l->v, (l->n + 1) * sizeof *l->v);
        l->v[l->n++] = mem_strdup(name);
}

static char *names_take(struct names *l, size_t i)
{
        char *name = l->v[i];

        memmove(l->v + i, l->v + i + 1, (l->n - i - 1) * sizeof *l->v);
        l->n--;
        return name;
}

bool names_remove(struct names *l, const char *name)
{
        size_t i = names_find(l, name);

        if (i == l->n)
                return false;
        free(names_take(l, i));
        return true;
}

char *names_shift(struct names *l)
{
        return l->n ? names_take(l, 0) : NULL;
}
