/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_balance.h"
#include "base/limits.h"

/*
 * The outer document {"kind":…,"metadata":{…},"items":[{…},{…}]} is walked byte by byte by a small
 * state machine; each value in it, key or item is a token, whose end json_balance finds. A token
 * that is whole in one piece is used where it lies; the beginning of one that is not is kept in
 * `half`. Metadata may come before the items (typed servers) or after them (custom resources).
 */

enum list_state {
        LIST_START,      /* before "{" */
        LIST_FIRST_KEY,  /* a key or "}" */
        LIST_KEY,        /* a key: after a comma */
        LIST_COLON,      /* ":" */
        LIST_VALUE,      /* the value of `key` */
        LIST_NEXT,       /* "," or "}" */
        LIST_FIRST_ITEM, /* an item or "]" */
        LIST_ITEM,       /* an item: after a comma */
        LIST_NEXT_ITEM,  /* "," or "]" */
        LIST_DONE,       /* behind "}" */
        LIST_STATES,
};

/* Which punctuation is taken in a state, and where it leads. */
static const struct {
        const char *expected;
        char on, close;
        uint8_t to, closed;
} list_states[LIST_STATES] = {
        [LIST_START] = { .expected = "\"{\"", .on = '{', .to = LIST_FIRST_KEY },
        [LIST_FIRST_KEY] = { .expected = "a key", .close = '}', .closed = LIST_DONE },
        [LIST_KEY] = { .expected = "a key" },
        [LIST_COLON] = { .expected = "\":\"", .on = ':', .to = LIST_VALUE },
        [LIST_VALUE] = { .expected = "a value" },
        [LIST_NEXT] = { .expected = "\",\" or \"}\"",
                .on = ',',
                .to = LIST_KEY,
                .close = '}',
                .closed = LIST_DONE },
        [LIST_FIRST_ITEM] = { .expected = "an item or \"]\"", .close = ']', .closed = LIST_NEXT },
        [LIST_ITEM] = { .expected = "an item" },
        [LIST_NEXT_ITEM] = { .expected = "\",\" or \"]\"",
                .on = ',',
                .to = LIST_ITEM,
                .close = ']',
                .closed = LIST_NEXT },
        [LIST_DONE] = { .expected = "nothing more" },
};

enum list_key { LIST_KEY_OTHER, LIST_KEY_ITEMS, LIST_KEY_METADATA };

enum list_token { LIST_TOKEN_NONE, LIST_TOKEN_BALANCED, LIST_TOKEN_SCALAR };

struct json_list {
        json_item_fn *fn;
        void *arg;
        size_t max_item;
        enum list_state state;
        enum list_key key;
        enum list_token token; /* what is being read, across pieces */
        struct json_balance balance;
        struct buf half;
        size_t offset; /* bytes of the document before the present piece */
        bool has_items;
        struct json_list_meta meta;
};

static void list_reset(struct json_list *l)
{
        l->state = LIST_START;
        l->token = LIST_TOKEN_NONE;
        l->offset = 0;
        l->has_items = false;
        buf_reset(&l->half);
        json_list_meta_done(&l->meta);
        l->meta.remaining = -1;
}

int json_list_new(struct json_list **ret, size_t max_item, json_item_fn *fn, void *arg)
{
        struct json_list *l = calloc(1, sizeof(*l));

        if (!l)
                return -ENOMEM;
        l->fn = fn;
        l->arg = arg;
        l->max_item = max_item;
        buf_init(&l->half, max_item);
        list_reset(l);
        *ret = l;
        return 0;
}

struct json_list *json_list_free(struct json_list *l)
{
        if (!l)
                return NULL;
        buf_done(&l->half);
        json_list_meta_done(&l->meta);
        free(l);
        return NULL;
}

void json_list_meta_done(struct json_list_meta *m)
{
        if (!m)
                return;
        free(m->continue_);
        free(m->resource_version);
        *m = (struct json_list_meta){ 0 };
}

/* --- tokens --- */

/* Replaces *ret by the decoded text; "" counts as none. */
static int meta_string(struct json_scan *s, char **ret)
{
        struct json_text text = { 0 };
        char *copy;
        ssize_t n;
        int r = json_read_string(s, &text);

        if (r < 0)
                return r;
        copy = malloc(text.len + 1);
        if (!copy)
                return json_scan_fail(s, -ENOMEM, "out of memory");
        n = json_text_decode(&text, copy);
        if (n < 0) {
                free(copy);
                return json_scan_fail(s, -EBADMSG, "a NUL in a string");
        }
        copy[n] = '\0';
        free(*ret);
        *ret = n ? copy : NULL;
        if (!n)
                free(copy);
        return 0;
}

static int meta_take(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        struct json_scan s;
        struct json_text key;
        int r;

        json_scan_init(&s, bytes, len);
        if (json_peek(&s) == JSON_KIND_NULL)
                return 0;
        r = json_enter_object(&s);
        while (r >= 0 && (r = json_next_key(&s, &key)) > 0) {
                if (json_peek(&s) == JSON_KIND_NULL)
                        r = json_read_null(&s);
                else if (json_text_is(&key, "continue"))
                        r = meta_string(&s, &l->meta.continue_);
                else if (json_text_is(&key, "resourceVersion"))
                        r = meta_string(&s, &l->meta.resource_version);
                else if (json_text_is(&key, "remainingItemCount"))
                        r = json_read_int64(&s, &l->meta.remaining);
                else
                        r = json_skip(&s);
        }
        if (r == 0)
                r = json_scan_end(&s);
        if (r < 0) {
                json_scan_error(&s, err);
                return err_wrap(err, r, "metadata of a list");
        }
        return 0;
}

static int key_take(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        struct json_scan s;
        struct json_text key;
        int r;

        json_scan_init(&s, bytes, len);
        r = json_read_string(&s, &key);
        if (r < 0) {
                json_scan_error(&s, err);
                return err_wrap(err, r, "a key of a list");
        }
        l->key = LIST_KEY_OTHER;
        if (json_text_is(&key, "items"))
                l->key = LIST_KEY_ITEMS;
        else if (json_text_is(&key, "metadata"))
                l->key = LIST_KEY_METADATA;
        l->state = LIST_COLON;
        return 0;
}

/* A value that is an object, array or string needs no check; others must be a word or a number. */
static int scalar_check(const char *bytes, size_t len, struct err *err)
{
        struct json_scan s;

        json_scan_init(&s, bytes, len);
        if (json_skip(&s) < 0 || json_scan_end(&s) < 0)
                return json_scan_error(&s, err);
        return 0;
}

static int value_take(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        l->state = LIST_NEXT;
        if (l->key == LIST_KEY_METADATA)
                return meta_take(l, bytes, len, err);
        if (l->key == LIST_KEY_ITEMS) {
                /* An array never comes here. */
                if (len != 4 || memcmp(bytes, "null", 4) != 0)
                        return err_set(err, -EBADMSG, "the items of a list are no array");
                l->has_items = true;
                return 0;
        }
        return *bytes == '"' || *bytes == '{' || *bytes == '[' ? 0 : scalar_check(bytes, len, err);
}

static int item_take(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        if (*bytes != '{' || bytes[len - 1] != '}')
                return err_set(err, -EBADMSG, "item %zu of a list is no object", l->meta.items + 1);
        if (len > l->max_item)
                return err_set(err, -EFBIG, "item %zu of a list is larger than %zu bytes",
                        l->meta.items + 1, l->max_item);
        l->state = LIST_NEXT_ITEM;
        l->meta.items++;
        return l->fn(l->arg, bytes, len, err);
}

static int token_take(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        switch (l->state) {
        case LIST_FIRST_KEY:
        case LIST_KEY:
                return key_take(l, bytes, len, err);
        case LIST_FIRST_ITEM:
        case LIST_ITEM:
                return item_take(l, bytes, len, err);
        default:
                return value_take(l, bytes, len, err);
        }
}

static bool ends_scalar(char c)
{
        return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Length of the token's part of [p, end); 0 when it goes on after the piece. A scalar has no end of
 * its own: it ends before a byte that cannot belong to it, so *ended tells. */
static ssize_t token_end(struct json_list *l, const char *p, const char *end, bool *ended)
{
        const char *q = p;
        ssize_t n;

        if (l->token == LIST_TOKEN_BALANCED) {
                n = json_balance_feed(&l->balance, p, (size_t)(end - p));
                *ended = n > 0;
                return n;
        }
        while (q < end && !ends_scalar(*q))
                q++;
        *ended = q < end;
        return q - p;
}

/* Reads on in the token that was begun. Returns the bytes used, or -errno. */
static ssize_t token_feed(struct json_list *l, const char *p, const char *end, struct err *err)
{
        bool ended = false;
        ssize_t n = token_end(l, p, end, &ended);
        int r;

        if (n < 0)
                return err_set(err, (int)n, "a list is nested deeper than %d", LIMIT_JSON_DEPTH);
        if (!ended || l->half.len) {
                size_t part = ended ? (size_t)n : (size_t)(end - p);

                r = buf_append(&l->half, p, part);
                if (r < 0)
                        return err_set(err, r, "item %zu of a list is larger than %zu bytes",
                                l->meta.items + 1, l->max_item);
                if (!ended)
                        return end - p;
                r = token_take(l, l->half.data, l->half.len, err);
                buf_reset(&l->half);
        } else {
                r = token_take(l, p, (size_t)n, err);
        }
        l->token = LIST_TOKEN_NONE;
        return r < 0 ? r : n;
}

/* --- the walk --- */

static int list_unexpected(const struct json_list *l, struct err *err)
{
        return err_set(err, -EBADMSG, "not a list: expected %s", list_states[l->state].expected);
}

/* Begins a token at its first byte, which is not consumed. */
static void token_begin(struct json_list *l, char c)
{
        l->balance = (struct json_balance){ 0 };
        l->token = c == '{' || c == '[' || c == '"' ? LIST_TOKEN_BALANCED : LIST_TOKEN_SCALAR;
}

/* Where one byte leads that is punctuation in a state: 1 if it was, 0 if a token begins, -EBADMSG.
 */
static int list_step(struct json_list *l, char c, struct err *err)
{
        if (c && c == list_states[l->state].on) {
                l->state = list_states[l->state].to;
                return 1;
        }
        if (c && c == list_states[l->state].close) {
                l->state = list_states[l->state].closed;
                return 1;
        }
        switch (l->state) {
        case LIST_FIRST_KEY:
        case LIST_KEY:
                return c == '"' ? 0 : list_unexpected(l, err);
        case LIST_VALUE:
                if (c == '[' && l->key == LIST_KEY_ITEMS) {
                        l->has_items = true;
                        l->state = LIST_FIRST_ITEM;
                        return 1;
                }
                return ends_scalar(c) ? list_unexpected(l, err) : 0;
        case LIST_FIRST_ITEM:
        case LIST_ITEM:
                return ends_scalar(c) ? list_unexpected(l, err) : 0;
        default:
                return list_unexpected(l, err);
        }
}

int json_list_feed(struct json_list *l, const char *bytes, size_t len, struct err *err)
{
        const char *p = bytes, *end = bytes + len;

        while (p < end) {
                ssize_t n = 1;

                if (l->token == LIST_TOKEN_NONE) {
                        int r = 1;

                        if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
                                r = list_step(l, *p, err);
                        if (r < 0)
                                return r;
                        if (r == 0)
                                token_begin(l, *p);
                }
                if (l->token != LIST_TOKEN_NONE)
                        n = token_feed(l, p, end, err);
                if (n < 0)
                        return (int)n;
                p += n;
        }
        l->offset += len;
        return 0;
}

int json_list_end(struct json_list *l, struct json_list_meta *ret, struct err *err)
{
        int r = 0;

        if (l->state != LIST_DONE)
                r = err_set(err, -EBADMSG, "a list was cut off after %zu bytes", l->offset);
        else if (!l->has_items)
                r = err_set(err, -EBADMSG, "not a list: it has no items");
        if (r == 0) {
                *ret = l->meta;
                l->meta = (struct json_list_meta){ 0 };
        }
        list_reset(l);
        return r;
}
