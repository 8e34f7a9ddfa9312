/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * json: reading JSON that is in memory or arrives in pieces, without building anything.
 *
 * A scanner is a cursor over bytes.  The caller walks the document and takes values out; what it
 * does not want it skips, at several GB/s.  Strings are handed out as slices of the document and
 * are decoded only on demand.
 *
 *     struct json_scan s;
 *     json_scan_init(&s, bytes, len);
 *     r = json_enter_object(&s);
 *     while (r >= 0 && (r = json_next_key(&s, &key)) > 0)
 *             r = json_text_is(&key, "kind") ? json_read_string(&s, &kind) : json_skip(&s);
 *
 * Checked: everything that is read (grammar, escapes, UTF-8, depth).  In skipped values only that
 * strings end and brackets balance: enough that no garbage makes us read out of bounds or run away,
 * and that the next key is found. Objects may repeat a key; each occurrence is handed out.
 *
 * Every function returns a negative errno once the scanner has failed, so checks may be put off to
 * the end of a walk; json_scan_error() turns the state into a sentence.  -EBADMSG: not JSON, or not
 * of the type asked for; -E2BIG: nested deeper than LIMIT_JSON_DEPTH.
 *
 * No state but the struct; any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

enum json_kind {
        JSON_KIND_NULL,
        JSON_KIND_BOOL,
        JSON_KIND_NUMBER,
        JSON_KIND_STRING,
        JSON_KIND_ARRAY,
        JSON_KIND_OBJECT,
};

/* Members are the scanner's; read only through functions. */
struct json_scan {
        const char *start, *p, *end;
        const char *what; /* NULL: no error; else what is wrong, static text */
        int code;         /* -errno of it */
        unsigned depth;
        bool first; /* nothing was taken from the innermost object or array yet */
};

/* A string as it stands between its quotes. */
struct json_text {
        const char *p;
        size_t len;
        bool escaped; /* contains a backslash */
};

/* Borrows `bytes`, which need no NUL. */
void json_scan_init(struct json_scan *s, const char *bytes, size_t len);

/* The kind of the next value, judged by its first byte, or -errno. Consumes white space only. */
int json_peek(struct json_scan *s);

/* Consume "{"; then json_next_key(): 1 with the key, the value is next; 0 at the "}", which is
 * consumed. */
int json_enter_object(struct json_scan *s);
int json_next_key(struct json_scan *s, struct json_text *key);

/* Consume "["; then json_next_item(): 1, an item is next; 0 at the "]", which is consumed. */
int json_enter_array(struct json_scan *s);
int json_next_item(struct json_scan *s);

/* Each consumes one value of that type. An int64 is a number without fraction and exponent, in
 * range. */
int json_read_string(struct json_scan *s, struct json_text *ret);
int json_read_int64(struct json_scan *s, int64_t *ret);
int json_read_bool(struct json_scan *s, bool *ret);
int json_read_null(struct json_scan *s);

/* Consume any value; the second hands out its bytes, from the first to the last, without white
 * space around. */
int json_skip(struct json_scan *s);
int json_raw(struct json_scan *s, const char **ret, size_t *ret_len);

/* 0 if only white space is left, else -EBADMSG. */
int json_scan_end(struct json_scan *s);

/* Sets err to "byte 17: expected a value" and returns the scanner's code; the scanner must have
 * failed. */
int json_scan_error(const struct json_scan *s, struct err *err);

/* Makes the scanner fail here for a reason of the caller's. `what` is static text. Returns `code`.
 */
int json_scan_fail(struct json_scan *s, int code, const char *what);

/* Whether the decoded text equals `str`. */
bool json_text_is(const struct json_text *t, const char *str);

/* Whether the text contains \u0000, which no C string can hold. */
bool json_text_has_nul(const struct json_text *t);

/*
 * Decodes into dst, which has room for t->len bytes, and returns the length; no NUL is added. A
 * text that a scanner handed out always decodes, except for one with \u0000: -EBADMSG.
 */
ssize_t json_text_decode(const struct json_text *t, char *dst);

/* Appends `len` bytes of UTF-8 as a JSON string with its quotes; bytes that are not UTF-8 become
 * U+FFFD. */
int json_put_string(struct buf *out, const char *str, size_t len);

/* --- Kubernetes lists, in pieces --- */

/*
 * Finds the elements of the top-level "items" of a List document that arrives piece by piece, and
 * hands each out as soon as it is complete, straight from the piece if it is in one.  Keeps at most
 * one item, max_item bytes.
 */
struct json_list;

/* The bytes of one item, valid during the call. 0, or -errno with err set: ends the feeding. */
typedef int json_item_fn(void *arg, const char *bytes, size_t len, struct err *err);

struct json_list_meta {
        char *continue_;        /* token of the next page, or NULL on the last */
        char *resource_version; /* or NULL */
        int64_t remaining;      /* remainingItemCount; -1: not said */
        size_t items;           /* handed out */
};

int json_list_new(struct json_list **ret, size_t max_item, json_item_fn *fn, void *arg);
struct json_list *json_list_free(struct json_list *l);
DEFINE_CLEANUP(struct json_list *, json_list_free);

/* -EBADMSG not a JSON object or broken; -EFBIG an item beyond max_item; -ENOMEM; or what fn
 * returned. */
int json_list_feed(struct json_list *l, const char *bytes, size_t len, struct err *err);

/*
 * The document is at its end.  Fills *ret (caller: json_list_meta_done()), or -EBADMSG if it was
 * cut off or had no "items"; null items count as none.  The list is then ready for the next
 * document.
 */
int json_list_end(struct json_list *l, struct json_list_meta *ret, struct err *err);
void json_list_meta_done(struct json_list_meta *m);
