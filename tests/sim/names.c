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

bool names_has(const struct names *l, const char *name)
{
        for (size_t i = 0; i < l->n; i++)
                if (strcmp(l->v[i], name) == 0)
                        return true;
        return false;
}

void names_add(struct names *l, const char *name)
{
        if (names_has(l, name))
                return;
        l->v = mem_realloc(l->v, (l->n + 1) * sizeof *l->v);
        l->v[l->n++] = mem_strdup(name);
}

char *names_shift(struct names *l)
{
        char *name;

        if (l->n == 0)
                return NULL;
        name = l->v[0];
        l->n--;
        memmove(l->v, l->v + 1, l->n * sizeof *l->v);
        return name;
}
