/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* "Did you mean …": the known word that a misspelt one is nearest to. Pure functions. */
#include <limits.h>

/* The search so far; start with SPELL_INIT("the word"). */
struct spell {
        const char *word;
        const char *nearest; /* NULL while none was near enough to be meant */
        unsigned distance;   /* of nearest */
};

#define SPELL_INIT(misspelt)                                              \
        {                                                                 \
                .word = (misspelt), .nearest = NULL, .distance = UINT_MAX \
        }

/*
 * Offers a candidate, which must live as long as the search. Insertions, removals, replacements and
 * swaps of neighbours count one each, another letter case half. Near enough are as many as a third
 * of the word's letters (at least one) and a half. The first of equally near ones stays. Words over
 * 64 bytes are near to nothing.
 */
void spell_offer(struct spell *spell, const char *candidate);

/* The nearest of a NULL-terminated list, or NULL. */
const char *spell_nearest(const char *word, const char *const *candidates);
