/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_balance.h"

#include <errno.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/limits.h"

/*
 * The bytes are taken in blocks of 64, of which four bit masks are made: where there are quotes,
 * backslashes, opening and closing brackets. Which quotes are escaped and which bytes lie inside of
 * strings follows from the masks by arithmetic on 64-bit words, without a branch per byte (the
 * method of simdjson). A block whose closing brackets cannot bring the depth to zero is only
 * counted; just the last block of a value is looked at bracket by bracket.
 */

#define BLOCK 64

struct masks {
        uint64_t quote, backslash, open, close;
};

#ifdef __SSE2__
static void block_masks(const char *p, struct masks *m)
{
        const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
        const __m128i open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
        /* "[" and "]" differ from "{" and "}" in this bit only, and no other byte does. */
        const __m128i fold = _mm_set1_epi8(0x20);

        *m = (struct masks){ 0 };
        for (int i = 0; i < 4; i++) {
                __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
                __m128i f = _mm_or_si128(v, fold);

                m->quote |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, quote))
                            << 16 * i;
                m->backslash |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, backslash))
                                << 16 * i;
                m->open |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(f, open)) << 16 * i;
                m->close |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(f, close))
                            << 16 * i;
        }
}
#else
static void block_masks(const char *p, struct masks *m)
{
        *m = (struct masks){ 0 };
        for (int i = 0; i < BLOCK; i++) {
                uint64_t bit = (uint64_t)1 << i;

                switch (p[i]) {
                case '"':
                        m->quote |= bit;
                        break;
                case '\\':
                        m->backslash |= bit;
                        break;
                case '{':
                case '[':
                        m->open |= bit;
                        break;
                case '}':
                case ']':
                        m->close |= bit;
                        break;
                default:
                        break;
                }
        }
}
#endif

/*
 * Bits of the bytes that a backslash escapes. In a run of backslashes every second one is escaped:
 * adding the runs that start at an odd place to the mask carries through each of them and leaves a
 * bit behind the odd ones.
 */
static uint64_t escaped_bits(struct json_balance *b, uint64_t backslash)
{
        const uint64_t even = 0x5555555555555555U;
        uint64_t follows, odd_starts, sum;

        if (!backslash) {
                follows = b->escaped;
                b->escaped = 0;
                return follows;
        }
        backslash &= ~b->escaped;
        follows = backslash << 1 | b->escaped;
        odd_starts = backslash & ~even & ~follows;
        b->escaped = __builtin_add_overflow(odd_starts, backslash, &sum);
        return (even ^ (sum << 1)) & follows;
}

/* Bit i of the result is the exclusive or of bits 0 to i: set from an opening quote to before the
 * closing one. */
static uint64_t prefix_xor(uint64_t x)
{
        x ^= x << 1;
        x ^= x << 2;
        x ^= x << 4;
        x ^= x << 8;
        x ^= x << 16;
        x ^= x << 32;
        return x;
}

/* By hand: without a target option the compiler calls a library for it, twice per block. */
static unsigned count_bits(uint64_t x)
{
        x -= x >> 1 & 0x5555555555555555U;
        x = (x & 0x3333333333333333U) + (x >> 2 & 0x3333333333333333U);
        x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fU;
        return (unsigned)(x * 0x0101010101010101U >> 56);
}

/* Walks the brackets of one block; the offset behind the one that closes the value, 0, or -E2BIG.
 */
static ssize_t block_end(struct json_balance *b, uint64_t open, uint64_t close)
{
        for (uint64_t rest = open | close; rest; rest &= rest - 1) {
                uint64_t bit = rest & -rest;

                if (open & bit && ++b->depth > LIMIT_JSON_DEPTH)
                        return -E2BIG;
                if (close & bit && --b->depth == 0)
                        return __builtin_ctzll(bit) + 1;
        }
        return 0;
}

/* One block, of which the first n bytes are real. */
static ssize_t feed_block(struct json_balance *b, const char *p, size_t n)
{
        struct masks m;
        uint64_t escaped, quote, inside;
        bool string;
        unsigned n_open, n_close;

        block_masks(p, &m);
        escaped = escaped_bits(b, m.backslash);
        if (n < BLOCK)
                b->escaped = escaped >> n & 1;
        quote = m.quote & ~escaped;
        string = b->depth == 0 && (b->in_string || (quote & 1));
        inside = prefix_xor(quote) ^ b->in_string;
        b->in_string = (uint64_t)((int64_t)inside >> 63);
        if (string) {
                uint64_t closing = quote & ~inside;

                return closing ? __builtin_ctzll(closing) + 1 : 0;
        }
        m.open &= ~inside;
        m.close &= ~inside;
        n_open = count_bits(m.open);
        n_close = count_bits(m.close);
        if (b->depth <= n_close || b->depth + n_open > LIMIT_JSON_DEPTH)
                return block_end(b, m.open, m.close);
        b->depth += n_open;
        b->depth -= n_close;
        return 0;
}

ssize_t json_balance_feed(struct json_balance *b, const char *bytes, size_t len)
{
        char tail[BLOCK];
        size_t i = 0;
        ssize_t r;

        for (; len - i >= BLOCK; i += BLOCK) {
                r = feed_block(b, bytes + i, BLOCK);
                if (r != 0)
                        return r < 0 ? r : (ssize_t)i + r;
        }
        if (i == len)
                return 0;
        /* Filled up with spaces, which mean nothing but that the last backslash escapes one. */
        memset(tail, ' ', sizeof(tail));
        memcpy(tail, bytes + i, len - i);
        r = feed_block(b, tail, len - i);
        if (r != 0)
                return r < 0 ? r : (ssize_t)i + r;
        return 0;
}
