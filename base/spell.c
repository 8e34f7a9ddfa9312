/* SPDX-License-Identifier: Apache-2.0 */
#include "base/spell.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define SPELL_MAX 64

/* Distances are counted in halves. */
#define SPELL_EDIT 2
#define SPELL_CASE 1

static unsigned min(unsigned a, unsigned b)
{
        return a < b ? a : b;
}

static unsigned replace_cost(char a, char b)
{
        if (a == b)
                return 0;
        return tolower((unsigned char)a) == tolower((unsigned char)b) ? SPELL_CASE : SPELL_EDIT;
}

/* Optimal string alignment: Levenshtein's table with swaps of neighbours, three rows of it at a
 * time. */
static unsigned spell_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
        unsigned rows[3][SPELL_MAX + 1];
        unsigned *before = rows[0], *above = rows[1], *row = rows[2];

        for (size_t j = 0; j <= b_len; j++)
                above[j] = (unsigned)j * SPELL_EDIT;
        for (size_t i = 1; i <= a_len; i++) {
                unsigned *free_row = before;

                row[0] = (unsigned)i * SPELL_EDIT;
                for (size_t j = 1; j <= b_len; j++) {
                        row[j] = min(above[j], row[j - 1]) + SPELL_EDIT;
                        row[j] = min(row[j], above[j - 1] + replace_cost(a[i - 1], b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = min(row[j], before[j - 2] + SPELL_EDIT);
                }
                before = above;
                above = row;
                row = free_row;
        }
        return above[b_len];
}

void spell_offer(struct spell *spell, const char *candidate)
{
        size_t word_len = strlen(spell->word), len = strlen(candidate);
        size_t edits = word_len / 3 > 1 ? word_len / 3 : 1;
        unsigned distance;

        if (word_len == 0 || len == 0 || word_len > SPELL_MAX || len > SPELL_MAX)
                return;
        distance = spell_distance(spell->word, word_len, candidate, len);
        if (distance > edits * SPELL_EDIT + SPELL_CASE || distance >= spell->distance)
                return;
        spell->nearest = candidate;
        spell->distance = distance;
}

const char *spell_nearest(const char *word, const char *const *candidates)
{
        struct spell spell = SPELL_INIT(word);

        for (; *candidates; candidates++)
                spell_offer(&spell, *candidates);
        return spell.nearest;
}
