/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * UTF-8 as Unicode defines it: no overlong forms, no surrogates, nothing above U+10FFFF.
 * Pure functions over bytes; NUL is a character like any other.
 */
#include <stddef.h>

/* Bytes of the character at s, of which n bytes are readable: 1 to 4, or 0 if they begin none. */
size_t utf8_sequence(const char *s, size_t n);

/* Offset of the first byte that is not part of a character; n when all is well. */
size_t utf8_valid_prefix(const char *s, size_t n);

/* Characters in n bytes; a byte that belongs to none counts as one. */
size_t utf8_count(const char *s, size_t n);

/*
 * The largest length up to max at which s (n bytes) can be cut without splitting a character. A
 * byte that belongs to none is a character of its own.
 */
size_t utf8_cut(const char *s, size_t n, size_t max);
