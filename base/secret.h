/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes that must never be printed: tokens, keys, passwords. The type has no member named like a
 * string and no formatter, so every place that turns one into text says secret_reveal(), which a
 * reviewer can grep for. Wiped before it is freed.
 *
 * Zero-initialised is empty and valid: `_cleanup_(secret_done) struct secret s = {0};`. One thread
 * at a time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct secret {
        char *private_bytes;
        size_t private_len;
};

/* Accepts NULL. Leaves an empty secret. */
static inline void secret_done(struct secret *s)
{
        if (!s || !s->private_bytes)
                return;
        explicit_bzero(s->private_bytes, s->private_len);
        free(s->private_bytes);
        s->private_bytes = NULL;
        s->private_len = 0;
}

/* Replaces the contents by a copy. 0 or -ENOMEM, and then the old contents stay. The bytes may be
 * the secret's own. */
static inline int secret_set(struct secret *s, const void *bytes, size_t n)
{
        char *copy = malloc(n + 1);

        if (!copy)
                return -ENOMEM;
        if (n)
                memcpy(copy, bytes, n);
        copy[n] = '\0';
        secret_done(s);
        s->private_bytes = copy;
        s->private_len = n;
        return 0;
}

/* The bytes, NUL-terminated, "" when empty; valid until the secret changes. Never log them, never
 * put them into an err. */
static inline const char *secret_reveal(const struct secret *s)
{
        return s->private_bytes ? s->private_bytes : "";
}

static inline size_t secret_len(const struct secret *s)
{
        return s->private_len;
}

static inline bool secret_is_empty(const struct secret *s)
{
        return s->private_len == 0;
}

/* The time it takes depends on the lengths only. */
static inline bool secret_equal(const struct secret *a, const struct secret *b)
{
        const volatile unsigned char *x = (const volatile unsigned char *)secret_reveal(a);
        const volatile unsigned char *y = (const volatile unsigned char *)secret_reveal(b);
        unsigned char difference = 0;

        if (a->private_len != b->private_len)
                return false;
        for (size_t i = 0; i < a->private_len; i++)
                difference |= x[i] ^ y[i];
        return difference == 0;
}

/* Moves the contents to *to, whose old ones are wiped. */
static inline void secret_move(struct secret *to, struct secret *from)
{
        if (to == from)
                return;
        secret_done(to);
        *to = *from;
        *from = (struct secret){ 0 };
}
