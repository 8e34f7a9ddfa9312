/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An owned vector of owned strings. Zero-initialised is empty and valid: `_cleanup_(strv_done)
 * struct strv v = {0};`. Elements are never NULL. Functions that add return 0, -ENOMEM or -EFBIG
 * (LIMIT_STRV_ITEMS) and change nothing on failure. One thread at a time.
 */
#include <stdbool.h>
#include <stddef.h>

struct strv {
        char **v; /* n strings; NULL while n was never above 0 */
        size_t n;
};

/* Frees all strings and leaves an empty vector. Accepts NULL. */
void strv_done(struct strv *s);
/* Appends a copy of the string, or of its first n bytes (a NUL among them ends it). */
int strv_push(struct strv *s, const char *string);
int strv_pushn(struct strv *s, const char *bytes, size_t n);
int strv_printf(struct strv *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends the malloc()ed string itself, which it owns from the call on: it is freed on failure.
 * NULL is -ENOMEM. */
int strv_push_take(struct strv *s, char *string);
/* Appends copies of all elements of other: all, or none. */
int strv_extend(struct strv *s, const struct strv *other);
/* Makes *ret, which must be empty, a copy. */
int strv_copy(struct strv *ret, const struct strv *from);
/* Moves the contents to *to, whose old ones are freed. */
void strv_move(struct strv *to, struct strv *from);
void strv_remove(struct strv *s, size_t i);

bool strv_contains(const struct strv *s, const char *string);
/* The same elements in the same order. */
bool strv_equal(const struct strv *a, const struct strv *b);
/* Byte order. strv_sort_unique() drops repeated elements as well. */
void strv_sort(struct strv *s);
void strv_sort_unique(struct strv *s);
/* *ret is a malloc()ed string, "" for an empty vector. */
int strv_join(const struct strv *s, const char *separator, char **ret);
/* Appends the parts of text between any of the separator bytes; empty parts are left out. */
int strv_split(struct strv *s, const char *text, const char *separators);
