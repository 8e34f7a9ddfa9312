/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A short list of names, in order; each is there once.
 */
#include <stdbool.h>
#include <stddef.h>

struct names {
        char **v;
        size_t n;
};

void names_done(struct names *l);
/* Appends unless it is there. */
void names_add(struct names *l, const char *name);
bool names_has(const struct names *l, const char *name);
/* Takes the first one out; the caller frees it. NULL when empty. */
char *names_shift(struct names *l);
