/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * json_balance: finds the end of a JSON object, array or string as fast as memory comes in, also
 * when it comes in pieces. It looks at quotes, backslashes and brackets only and does not tell "["
 * from "{": what is inside is skipped, not understood. Private to base/json*.c.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Zero-initialised: before the value's first byte. */
struct json_balance {
        uint64_t in_string; /* all ones inside of a string */
        uint64_t escaped;   /* 1: the last byte was a backslash that escapes the next */
        uint64_t depth;
};

/*
 * Takes the next piece, which at the very beginning starts with the value's "{", "[" or '"'.
 * Returns how many bytes of it belong to the value when it ends there, 0 when it goes on after the
 * piece, -E2BIG when it is nested deeper than LIMIT_JSON_DEPTH.
 */
ssize_t json_balance_feed(struct json_balance *b, const char *bytes, size_t len);
