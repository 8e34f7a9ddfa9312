/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* sorted: places in an array whose elements are kept in the order of a text that each has. Any thread; no allocation. */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The text of the array's element i. */
typedef const char *sorted_text(const void *array, size_t i);

/* Whether an element has that text; *ret is where the first such would stand, also when there is none (n at the most). The
   texts of the n elements differ. Inline, so that the call of `text` costs nothing: it is on the way of every watch event. */
static inline bool sorted_index(const void *array, size_t n, sorted_text *text, const char *key, size_t *ret)
{
        size_t lo = 0, hi = n;

        /* Lists come in order: the next one mostly belongs at the end. */
        if (n > 0 && strcmp(text(array, n - 1), key) < 0)
                lo = n;
        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;
                int c = strcmp(text(array, mid), key);

                if (c == 0) {
                        *ret = mid;
                        return true;
                }
                if (c < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        *ret = lo;
        return false;
}
