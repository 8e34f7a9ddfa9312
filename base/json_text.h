/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the scanner and the decoder of strings share. Private to base/json*.c. */
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* For what is called several times per value: as calls they are a fifth of the time. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

/*
 * The escape at p, which points behind a backslash: its character in *ret, its length without the
 * backslash as the result; 0 if it is none.
 */
size_t json_escape_at(const char *p, const char *end, unsigned *ret);

/* The first byte from p on that is no plain ASCII: a quote, a backslash, a control character or
 * one of several bytes; or end. */
static ALWAYS_INLINE const char *json_plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
        for (; end - p >= 16; p += 16) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
                /* Signed: bytes from 0x80 on are less than a space too. */
                __m128i odd = _mm_cmplt_epi8(v, _mm_set1_epi8(' '));
                unsigned bits;

                odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
                odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
                bits = (unsigned)_mm_movemask_epi8(odd);
                if (bits)
                        return p + __builtin_ctz(bits);
        }
#endif
        while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= ' ' &&
                (unsigned char)*p < 0x80)
                p++;
        return p;
}
