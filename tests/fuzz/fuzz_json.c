/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes: what jansson reads, the scanner and a record table read too, and the same from it; a
 * list gives the same items in whatever pieces it comes.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct thing {
        const char *name;
        const char *label;
        const char *joined;
        const char *json;
        int64_t number;
        const char *labels;
        bool flag;
        bool present;
};

static const struct record_field thing_fields[] = {
        FIELD(struct thing, name, "metadata.name", RECORD_REQUIRED),
        FIELD(struct thing, label, "metadata.labels[a.b/c]", 0),
        FIELD_JOINED(struct thing, labels, "metadata.labels", ",", 0),
        FIELD(struct thing, number, "spec.n", 0),
        FIELD(struct thing, flag, "spec.flag", 0),
        FIELD_JOINED(struct thing, joined, "spec.list", ",", 0),
        FIELD_JSON(struct thing, json, "spec.any", 0),
        FIELD_PRESENT(struct thing, present, "spec.any", 0),
};
static struct record_type thing_type = RECORD_TYPE("thing", struct thing, thing_fields);

/* Whether the scanner can walk the value, all of it. */
static int walk(struct json_scan *s)
{
        struct json_text text;
        int64_t number;
        bool yes;
        char *decoded;
        int r = json_peek(s);

        switch (r) {
        case JSON_KIND_NULL:
                return json_read_null(s);
        case JSON_KIND_BOOL:
                return json_read_bool(s, &yes);
        case JSON_KIND_NUMBER: {
                struct json_scan before = *s;

                if (json_read_int64(s, &number) == 0)
                        return 0;
                *s = before;
                return json_skip(s);
        }
        case JSON_KIND_STRING:
                r = json_read_string(s, &text);
                if (r < 0)
                        return r;
                decoded = malloc(text.len + 1);
                r = json_text_decode(&text, decoded) < 0 ? -EBADMSG : 0;
                assert((r < 0) == json_text_has_nul(&text));
                free(decoded);
                return r;
        case JSON_KIND_ARRAY:
                r = json_enter_array(s);
                while (r >= 0 && (r = json_next_item(s)) > 0)
                        r = walk(s);
                return r;
        case JSON_KIND_OBJECT:
                r = json_enter_object(s);
                while (r >= 0 && (r = json_next_key(s, &text)) > 0)
                        r = json_text_has_nul(&text) ? -EBADMSG : walk(s);
                return r;
        default:
                return r;
        }
}

static json_t *at(json_t *doc, const char *a, const char *b, const char *c)
{
        doc = json_object_get(doc, a);
        doc = b ? json_object_get(doc, b) : doc;
        doc = c ? json_object_get(doc, c) : doc;
        return json_is_null(doc) ? NULL : doc;
}

static void assert_text(const json_t *want, const char *got)
{
        assert(!want || json_is_string(want));
        assert(strcmp(want ? json_string_value(want) : "", got) == 0);
}

/* `got` goes on with this text; returns what is behind it. */
static const char *assert_begins(const char *got, const char *text)
{
        assert(strncmp(got, text, strlen(text)) == 0);
        return got + strlen(text);
}

/* The strings of an array with a comma between them, or "key -> value" of an object. */
static void assert_joined(json_t *want, const char *got)
{
        const char *key, *between = "";
        json_t *value;
        size_t i;

        json_array_foreach (want, i, value) {
                got = assert_begins(assert_begins(got, between), json_string_value(value));
                between = ",";
        }
        json_object_foreach (want, key, value) {
                got = assert_begins(assert_begins(got, between), key);
                got = assert_begins(assert_begins(got, " -> "), json_string_value(value));
                between = ",";
        }
        assert(*got == '\0');
}

/* The record is what the tree says. */
static void assert_same(json_t *doc, const struct thing *t)
{
        json_t *any = at(doc, "spec", "any", NULL), *again;

        assert_text(at(doc, "metadata", "name", NULL), t->name);
        assert_text(at(doc, "metadata", "labels", "a.b/c"), t->label);
        assert(json_integer_value(at(doc, "spec", "n", NULL)) == t->number);
        assert(json_is_true(at(doc, "spec", "flag", NULL)) == t->flag);
        assert_joined(at(doc, "spec", "list", NULL), t->joined);
        assert_joined(at(doc, "metadata", "labels", NULL), t->labels);
        assert(t->present == (any != NULL));
        again = json_loads(t->json, JSON_DECODE_ANY, NULL);
        assert(!any == !again && (!any || json_equal(any, again)));
        json_decref(again);
}

static void check_document(const char *bytes, size_t n)
{
        /* jansson takes a NUL for the end of the text. */
        json_t *doc =
                n && memchr(bytes, 0, n)
                        ? NULL
                        : json_loadb(bytes, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        struct json_scan s;
        struct thing *t = NULL;
        struct err err = ERR_INIT;
        int r;

        json_scan_init(&s, bytes, n);
        r = walk(&s);
        if (r >= 0)
                r = json_scan_end(&s);
        assert(!doc || r == 0 || r == -E2BIG);
        if (r < 0 && s.what)
                assert(json_scan_error(&s, &err) == s.code && err.msg[0]);
        json_scan_init(&s, bytes, n);
        r = json_skip(&s);
        assert(!doc || r == 0 || r == -E2BIG);

        err_clear(&err);
        r = record_decode(&thing_type, bytes, n, (void **)&t, &err);
        assert(r == 0 || (err.code == r && err.msg[0]));
        if (r == 0 && doc)
                assert_same(doc, t);
        free(t);
        json_decref(doc);
}

/* --- lists --- */

struct sum {
        size_t items;
        uint64_t hash;
};

static int add(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct sum *sum = arg;

        (void)err;
        assert(len >= 2 && bytes[0] == '{' && bytes[len - 1] == '}');
        sum->items++;
        for (size_t i = 0; i < len; i++)
                sum->hash = (sum->hash ^ (unsigned char)bytes[i]) * 1099511628211U;
        return 0;
}

static int split(const char *bytes, size_t n, size_t piece, struct sum *sum)
{
        struct json_list *l = NULL;
        struct json_list_meta meta = { 0 };
        struct err err = ERR_INIT;
        int r = json_list_new(&l, 1000, add, sum);

        assert(r == 0);
        for (size_t at_byte = 0; at_byte < n && r == 0; at_byte += piece)
                r = json_list_feed(
                        l, bytes + at_byte, piece < n - at_byte ? piece : n - at_byte, &err);
        if (r == 0)
                r = json_list_end(l, &meta, &err);
        assert(r == 0 ? meta.items == sum->items : err.msg[0] != '\0');
        json_list_meta_done(&meta);
        json_list_free(l);
        return r;
}

static void check_list(const char *bytes, size_t n)
{
        struct sum whole = { 0 };
        int r = split(bytes, n, n + 1, &whole);

        for (size_t piece = 1; piece <= 65 && piece <= n; piece += 1 + piece * 2) {
                struct sum sum = { 0 };

                assert(split(bytes, n, piece, &sum) == r);
                assert(r < 0 || (sum.items == whole.items && sum.hash == whole.hash));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        /* Exactly as long as it is, so that reading beyond is seen. */
        char *copy = malloc(n);

        if (n)
                memcpy(copy, bytes, n);
        check_document(copy, n);
        check_list(copy, n);
        free(copy);
        return 0;
}
