/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include <string.h>

static int utf8_is_continuation(unsigned char c)
{
        return (c & 0xC0) == 0x80;
}

size_t utf8_sequence(const char *s, size_t n)
{
        const unsigned char *u = (const unsigned char *)s;

        if (n == 0)
                return 0;
        if (u[0] < 0x80)
                return 1;
        if (u[0] >= 0xC2 && u[0] <= 0xDF)
                return n >= 2 && utf8_is_continuation(u[1]) ? 2 : 0;
        if (u[0] >= 0xE0 && u[0] <= 0xEF) {
                if (n < 3 || !utf8_is_continuation(u[1]) || !utf8_is_continuation(u[2]))
                        return 0;
                if (u[0] == 0xE0 && u[1] < 0xA0) /* overlong */
                        return 0;
                if (u[0] == 0xED && u[1] > 0x9F) /* surrogates */
                        return 0;
                return 3;
        }
        if (u[0] >= 0xF0 && u[0] <= 0xF4) {
                if (n < 4 || !utf8_is_continuation(u[1]) || !utf8_is_continuation(u[2]) ||
                        !utf8_is_continuation(u[3]))
                        return 0;
                if (u[0] == 0xF0 && u[1] < 0x90) /* overlong */
                        return 0;
                if (u[0] == 0xF4 && u[1] > 0x8F) /* above U+10FFFF */
                        return 0;
                return 4;
        }
        return 0;
}

size_t utf8_valid_prefix(const char *s, size_t n)
{
        size_t i = 0;

        while (i < n) {
                size_t step = utf8_sequence(s + i, n - i);

                if (step == 0)
                        return i;
                i += step;
        }
        return n;
}

size_t utf8_count(const char *s, size_t n)
{
        size_t count = 0;

        for (size_t i = 0; i < n; count++) {
                size_t step = utf8_sequence(s + i, n - i);

                i += step ? step : 1;
        }
        return count;
}

size_t utf8_cut(const char *s, size_t n, size_t max)
{
        size_t cut, start;

        if (n <= max)
                return n;
        /* The character that max falls into begins at most three bytes earlier. */
        cut = max;
        for (start = cut;
                start > 0 && cut - start < 3 && utf8_is_continuation((unsigned char)s[start]);)
                start--;
        if (start < cut && start + utf8_sequence(s + start, n - start) > cut)
                cut = start;
        return cut;
}
