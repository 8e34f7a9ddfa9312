/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Finding a member in serialized JSON without parsing all of it.
 *
 * Only for text that the simulator itself serialized: compact, valid, NUL-terminated.
 */

#include <stdbool.h>
#include <stddef.h>

/* A value inside the text; p is NULL where there is none. */
struct jspan {
        const char *p;
        size_t n;
};

/* The value at a path of member names that ends in NULL: jscan(json, "metadata", "labels", NULL).
 */
struct jspan jscan(const char *json, ...) __attribute__((sentinel));
/* The value of member @key of the object at @object. */
struct jspan jscan_member(struct jspan object, const char *key);
/* Walks an object: *p starts at its "{"; gives each key (without quotes) and value. */
bool jscan_next(const char **p, struct jspan *key, struct jspan *value);
/* A string value without its quotes (escapes are left as they are); else p is NULL. */
struct jspan jscan_unquote(struct jspan v);
/* True where @v is the string @s. */
bool jscan_is(struct jspan v, const char *s);
