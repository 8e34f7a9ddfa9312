/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <jansson.h>

#include "base/json.h"
#include "base/json_balance.h"
#include "base/limits.h"

/* --- strings --- */

static const struct string_row {
        const char *name, *json, *text; /* text NULL: refused with `error` */
        const char *error;
} strings[] = {
        { "empty", "\"\"", "", NULL },
        { "plain", "\"nightly\"", "nightly", NULL },
        { "longer_than_a_block", "\"a string of more than sixteen and then some bytes\"",
                "a string of more than sixteen and then some bytes", NULL },
        { "quote_behind_a_block", "\"0123456789abcdef\\\"x\"", "0123456789abcdef\"x", NULL },
        { "all_escapes", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", NULL },
        { "unicode", "\"\\u00e4\\u20AC\"", "\xc3\xa4\xe2\x82\xac", NULL },
        { "surrogates", "\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", NULL },
        { "utf8", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"",
                "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", NULL },
        { "delete_is_plain", "\"\x7f\"", "\x7f", NULL },
        { "lone_low_surrogate", "\"\\ude00\"", NULL, "byte 2: a bad escape in a string" },
        { "lone_high_surrogate", "\"\\ud83d\"", NULL, "a bad escape" },
        { "high_and_no_low", "\"\\ud83d\\u0041\"", NULL, "a bad escape" },
        { "unknown_escape", "\"\\x\"", NULL, "a bad escape" },
        { "short_unicode", "\"\\u12\"", NULL, "a bad escape" },
        { "control", "\"a\nb\"", NULL, "byte 3: a control character in a string" },
        { "not_utf8", "\"\xff\"", NULL, "a string that is not UTF-8" },
        { "overlong_utf8", "\"\xc0\xaf\"", NULL, "not UTF-8" },
        { "surrogate_in_utf8", "\"\xed\xa0\x80\"", NULL, "not UTF-8" },
        { "cut_off", "\"abc", NULL, "it ends in the middle" },
        { "cut_off_in_an_escape", "\"abc\\", NULL, "a bad escape" },
        { "no_string", "17", NULL, "byte 1: expected a string" },
        { "nothing", "", NULL, "it ends in the middle" },
        { "spaces_only", " \n\t", NULL, "it ends in the middle" },
};

static void reads_strings(void **state)
{
        const struct string_row *row = test_row(state);
        struct json_scan s;
        struct json_text text;
        struct err err = ERR_INIT;
        char decoded[128];
        ssize_t n;
        int r;

        json_scan_init(&s, row->json, strlen(row->json));
        r = json_read_string(&s, &text);
        if (!row->text) {
                assert_int_equal(r, -EBADMSG);
                assert_int_equal(json_scan_error(&s, &err), -EBADMSG);
                assert_err(&err, -EBADMSG, row->error);
                return;
        }
        assert_int_equal(r, 0);
        assert_int_equal(json_scan_end(&s), 0);
        n = json_text_decode(&text, decoded);
        assert_int_equal(n, (ssize_t)strlen(row->text));
        assert_memory_equal(decoded, row->text, (size_t)n);
        assert_true(json_text_is(&text, row->text));
        assert_false(json_text_is(&text, "something else"));
}

static void finds_a_nul(void **state)
{
        static const struct {
                const char *json;
                bool nul;
        } rows[] = {
                { "\"a\\u0000b\"", true },
                { "\"\\\\u0000\"", false },
                { "\"\\\\\\u0000\"", true },
                { "\"u0000\"", false },
        };
        char decoded[32];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct json_scan s;
                struct json_text text;

                json_scan_init(&s, rows[i].json, strlen(rows[i].json));
                assert_int_equal(json_read_string(&s, &text), 0);
                assert_int_equal(json_text_has_nul(&text), rows[i].nul);
                assert_int_equal(json_text_decode(&text, decoded) < 0, rows[i].nul);
                assert_false(json_text_is(&text, "a"));
        }
}

static void writes_strings(void **state)
{
        static const char all[] = "a\"b\\c\n\t\x01\x7f\xc3\xa4\xff\xf0\x9f\x98\x80z";
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_TEXT_BYTES);

        (void)state;
        assert_int_equal(json_put_string(&b, all, sizeof(all) - 1), 0);
        assert_string_equal(
                b.data, "\"a\\\"b\\\\c\\n\\t\\u0001\x7f\xc3\xa4\xef\xbf\xbd\xf0\x9f\x98\x80z\"");
        buf_reset(&b);
        json_put_string(&b, "x\0y", 3);
        assert_string_equal(b.data, "\"x\\u0000y\"");
}

/* --- numbers --- */

static const struct number_row {
        const char *name, *json;
        bool ok;
        int64_t value;
} numbers[] = {
        { "zero", "0", true, 0 },
        { "minus_zero", "-0", true, 0 },
        { "positive", "4711", true, 4711 },
        { "negative", "-17", true, -17 },
        { "greatest", "9223372036854775807", true, INT64_MAX },
        { "least", "-9223372036854775808", true, INT64_MIN },
        { "one_too_great", "9223372036854775808", false, 0 },
        { "one_too_small", "-9223372036854775809", false, 0 },
        { "far_too_great", "99999999999999999999999", false, 0 },
        { "fraction", "1.0", false, 0 },
        { "exponent", "1e3", false, 0 },
        { "leading_zero", "01", false, 0 },
        { "plus", "+1", false, 0 },
        { "bare_minus", "-", false, 0 },
        { "bare_point", "1.", false, 0 },
        { "string", "\"1\"", false, 0 },
};

static void reads_integers(void **state)
{
        const struct number_row *row = test_row(state);
        struct json_scan s;
        int64_t value = 0;
        int r;

        json_scan_init(&s, row->json, strlen(row->json));
        r = json_read_int64(&s, &value);
        assert_int_equal(r == 0, row->ok);
        if (row->ok)
                assert_true(value == row->value);
        else
                assert_int_equal(r, -EBADMSG);
}

/* --- whole documents, against jansson --- */

/* Walks a document with the scanner only and builds what jansson would have. */
static json_t *walk(struct json_scan *s)
{
        struct json_text text;
        int64_t i;
        bool yes;
        json_t *v;
        int kind = json_peek(s);

        switch (kind) {
        case JSON_KIND_NULL:
                return json_read_null(s) < 0 ? NULL : json_null();
        case JSON_KIND_BOOL:
                return json_read_bool(s, &yes) < 0 ? NULL : json_boolean(yes);
        case JSON_KIND_NUMBER: {
                struct json_scan before = *s;
                const char *raw;
                char number[64];
                size_t len;

                if (json_read_int64(s, &i) == 0)
                        return json_integer(i);
                *s = before;
                if (json_raw(s, &raw, &len) < 0 || len >= sizeof(number))
                        return NULL;
                memcpy(number, raw, len);
                number[len] = '\0';
                return json_real(strtod(number, NULL));
        }
        case JSON_KIND_STRING: {
                char *decoded;
                ssize_t n;

                if (json_read_string(s, &text) < 0)
                        return NULL;
                decoded = malloc(text.len + 1);
                n = json_text_decode(&text, decoded);
                v = n < 0 ? NULL : json_stringn(decoded, (size_t)n);
                free(decoded);
                return v;
        }
        case JSON_KIND_ARRAY:
                v = json_array();
                json_enter_array(s);
                while (json_next_item(s) > 0)
                        if (json_array_append_new(v, walk(s)) < 0)
                                break;
                break;
        case JSON_KIND_OBJECT:
                v = json_object();
                json_enter_object(s);
                while (json_next_key(s, &text) > 0) {
                        char key[256];
                        ssize_t n = text.len < sizeof(key) ? json_text_decode(&text, key) : -1;

                        if (n < 0)
                                break;
                        key[n] = '\0';
                        if (json_object_set_new(v, key, walk(s)) < 0)
                                break;
                }
                break;
        default:
                return NULL;
        }
        if (s->what) {
                json_decref(v);
                return NULL;
        }
        return v;
}

static const struct document_row {
        const char *name, *json;
        bool ok;
} documents[] = {
        { "empty_object", "{}", true },
        { "empty_array", " [ ] ", true },
        { "nested", "{\"a\":[1,2,{\"b\":null}],\"c\":{\"d\":[[],{}]}}", true },
        { "spaces", "{ \"a\" : [ 1 , 2 ] ,\n\t\"b\" : true }", true },
        { "literals", "[true,false,null]", true },
        { "reals", "[1.5,-2e3,1E+2,0.25]", true },
        { "brackets_in_strings", "{\"}\":\"]{\",\"a\":\"\\\"}\"}", true },
        { "trailing_comma_object", "{\"a\":1,}", false },
        { "trailing_comma_array", "[1,]", false },
        { "leading_comma", "[,1]", false },
        { "missing_comma", "[1 2]", false },
        { "missing_colon", "{\"a\" 1}", false },
        { "missing_value", "{\"a\":}", false },
        { "unquoted_key", "{a:1}", false },
        { "wrong_bracket", "[1}", false },
        { "not_closed", "{\"a\":[1,2]", false },
        { "two_documents", "{} {}", false },
        { "bad_literal", "[tru]", false },
        { "literal_with_tail", "[nullx]", false },
        { "control_between", "[1,\0012]", false },
};

static void agrees_with_jansson(void **state)
{
        const struct document_row *row = test_row(state);
        json_t *theirs = json_loads(row->json, 0, NULL), *ours;
        struct json_scan s;

        json_scan_init(&s, row->json, strlen(row->json));
        ours = walk(&s);
        if (ours && json_scan_end(&s) < 0) {
                json_decref(ours);
                ours = NULL;
        }
        assert_int_equal(theirs != NULL, row->ok);
        assert_int_equal(ours != NULL, row->ok);
        if (row->ok)
                assert_true(json_equal(ours, theirs));
        json_decref(ours);
        json_decref(theirs);
}

static void skips_to_the_same_place(void **state)
{
        const struct document_row *row = test_row(state);
        struct json_scan s;

        if (!row->ok)
                return;
        json_scan_init(&s, row->json, strlen(row->json));
        assert_int_equal(json_skip(&s), 0);
        assert_int_equal(json_scan_end(&s), 0);
}

static void bounds_the_depth(void **state)
{
        char deep[2 * LIMIT_JSON_DEPTH + 4];
        struct json_scan s;
        int r = 0;

        (void)state;
        memset(deep, '[', sizeof(deep));
        json_scan_init(&s, deep, sizeof(deep));
        while (r >= 0 && (r = json_enter_array(&s)) >= 0)
                r = json_next_item(&s);
        assert_int_equal(r, -E2BIG);
        assert_int_equal(s.depth, LIMIT_JSON_DEPTH);
        json_scan_init(&s, deep, sizeof(deep));
        assert_int_equal(json_skip(&s), -E2BIG);
        json_scan_init(&s, deep, 70);
        assert_int_equal(json_skip(&s), -EBADMSG);
}

static void a_skipped_value_ends_with_its_own_bracket(void **state)
{
        static const char *const bad[] = { "{]", "[}", "{\"a\":1]", "[1,2}" };
        struct json_scan s;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                json_scan_init(&s, bad[i], strlen(bad[i]));
                assert_int_equal(json_skip(&s), -EBADMSG);
                assert_string_equal(s.what, "a bracket of the wrong kind");
        }
}

static void the_depth_is_the_same_in_any_pieces(void **state)
{
        char deep[2 * (LIMIT_JSON_DEPTH + 1)];

        (void)state;
        for (size_t depth = LIMIT_JSON_DEPTH; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
                memset(deep, '[', depth);
                memset(deep + depth, ']', depth);
                for (size_t piece = 1; piece < 200; piece++) {
                        struct json_balance balance = { 0 };
                        ssize_t n = 0;
                        size_t at = 0;

                        for (; at < 2 * depth && n == 0; at += piece)
                                n = json_balance_feed(&balance, deep + at,
                                        piece < 2 * depth - at ? piece : 2 * depth - at);
                        if (depth == LIMIT_JSON_DEPTH)
                                assert_int_equal(at - piece + (size_t)n, 2 * depth);
                        else
                                assert_int_equal(n, -E2BIG);
                }
        }
}

static void stays_failed(void **state)
{
        struct json_scan s;
        struct json_text text;
        bool yes;

        (void)state;
        json_scan_init(&s, "[true]", 6);
        assert_int_equal(json_read_string(&s, &text), -EBADMSG);
        assert_int_equal(json_enter_array(&s), -EBADMSG);
        assert_int_equal(json_next_item(&s), -EBADMSG);
        assert_int_equal(json_read_bool(&s, &yes), -EBADMSG);
        assert_int_equal(json_scan_end(&s), -EBADMSG);
}

/* --- the end of a value, in pieces --- */

static uint32_t random_state = 17;

static uint32_t next_random(void)
{
        random_state = random_state * 1664525U + 1013904223U;
        return random_state >> 8;
}

/* Text with many quotes, backslashes and brackets, and where the value ends, byte by byte. */
static size_t slow_end(const char *p, size_t len)
{
        bool in_string = false, escaped = false;
        size_t depth = 0;

        for (size_t i = 0; i < len; i++) {
                if (in_string) {
                        if (escaped)
                                escaped = false;
                        else if (p[i] == '\\')
                                escaped = true;
                        else if (p[i] == '"')
                                in_string = false;
                        if (in_string)
                                continue;
                } else if (p[i] == '"') {
                        in_string = true;
                        continue;
                } else if (p[i] == '{' || p[i] == '[') {
                        depth++;
                } else if (p[i] == '}' || p[i] == ']') {
                        depth--;
                }
                if (depth == 0)
                        return i + 1;
        }
        return 0;
}

static void finds_the_end_in_any_pieces(void **state)
{
        /* Backslashes outside of strings are no JSON; the two readers may differ there. */
        static const char inside[] = "\\\\\\\"a{}[]", outside[] = "\"\"{[}]]}:,1";
        char text[400];

        (void)state;
        for (int round = 0; round < 20000; round++) {
                struct json_balance balance = { 0 };
                size_t len = 1 + next_random() % sizeof(text), end, at = 0;
                bool in_string, escaped = false;
                ssize_t n = 0;

                text[0] = "{[\""[next_random() % 3];
                in_string = text[0] == '"';
                for (size_t i = 1; i < len; i++) {
                        text[i] = in_string ? inside[next_random() % (sizeof(inside) - 1)]
                                            : outside[next_random() % (sizeof(outside) - 1)];
                        if (in_string && escaped)
                                escaped = false;
                        else if (in_string && text[i] == '\\')
                                escaped = true;
                        else if (text[i] == '"')
                                in_string = !in_string;
                }
                end = slow_end(text, len);
                while (at < len && n == 0) {
                        size_t piece = 1 + next_random() % 150;

                        piece = piece > len - at ? len - at : piece;
                        n = json_balance_feed(&balance, text + at, piece);
                        at += n > 0 ? (size_t)n : piece;
                }
                assert_int_equal(n > 0 ? at : 0, end);
        }
}

/* --- lists --- */

struct items {
        char text[1000];
        size_t n;
        int fail_at; /* 0: never */
};

static int items_take(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct items *items = arg;
        size_t used = strlen(items->text);

        items->n++;
        if (items->fail_at && (int)items->n == items->fail_at)
                return err_set(err, -ECANCELED, "enough");
        assert_true(used + len + 2 < sizeof(items->text));
        memcpy(items->text + used, bytes, len);
        memcpy(items->text + used + len, "|", 2);
        return 0;
}

static const struct list_row {
        const char *name, *json, *items, *version, *token;
        int64_t remaining;
        int code;
        const char *error;
} lists[] = {
        { "typed",
                "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"17\"},"
                "\"items\":[{\"a\":1},{\"b\":[]}]}",
                "{\"a\":1}|{\"b\":[]}|", "17", NULL, -1, 0, NULL },
        { "custom_resource_order",
                "{\"apiVersion\":\"v1\",\"items\":[{}],\"kind\":\"BackupList\",\"metadata\":{"
                "\"continue\":\"to\\u006ben\",\"remainingItemCount\":3,\"resourceVersion\":\"18\"}}\n",
                "{}|", "18", "token", 3, 0, NULL },
        { "empty", "{\"metadata\":{\"continue\":\"\",\"resourceVersion\":\"1\"},\"items\":[]}", "",
                "1", NULL, -1, 0, NULL },
        { "null_items", "{\"metadata\":{},\"items\":null}", "", NULL, NULL, -1, 0, NULL },
        { "null_metadata", "{\"metadata\":null,\"items\":[ {} , {} ]}", "{}|{}|", NULL, NULL, -1, 0,
                NULL },
        { "unknown_keys", "{\"x\":[{\"items\":[{}]}],\"y\":-1.5e3,\"z\":null,\"items\":[]}", "",
                NULL, NULL, -1, 0, NULL },
        { "items_is_no_list_key", "{\"metadata\":{\"items\":[{}]},\"items\":[{\"k\":\"]}\"}]}",
                "{\"k\":\"]}\"}|", NULL, NULL, -1, 0, NULL },
        { "no_items", "{\"kind\":\"Status\",\"metadata\":{}}", NULL, NULL, NULL, 0, -EBADMSG,
                "it has no items" },
        { "cut_off", "{\"items\":[{},{\"a\":", NULL, NULL, NULL, 0, -EBADMSG,
                "cut off after 18 bytes" },
        { "nothing", "", NULL, NULL, NULL, 0, -EBADMSG, "cut off after 0 bytes" },
        { "html", "<html>", NULL, NULL, NULL, 0, -EBADMSG, "expected \"{\"" },
        { "array", "[{}]", NULL, NULL, NULL, 0, -EBADMSG, "expected \"{\"" },
        { "more_behind", "{\"items\":[]}x", NULL, NULL, NULL, 0, -EBADMSG,
                "expected nothing more" },
        { "string_item", "{\"items\":[\"a\"]}", NULL, NULL, NULL, 0, -EBADMSG, "item 1 of a list" },
        { "number_item", "{\"items\":[{},1]}", NULL, NULL, NULL, 0, -EBADMSG, "item 2 of a list" },
        { "items_object", "{\"items\":{}}", NULL, NULL, NULL, 0, -EBADMSG, "are no array" },
        { "items_number", "{\"items\":1}", NULL, NULL, NULL, 0, -EBADMSG, "are no array" },
        { "trailing_comma", "{\"items\":[{},]}", NULL, NULL, NULL, 0, -EBADMSG,
                "expected an item" },
        { "missing_comma", "{\"items\":[{}{}]}", NULL, NULL, NULL, 0, -EBADMSG, "\",\" or \"]\"" },
        { "missing_colon", "{\"items\"[]}", NULL, NULL, NULL, 0, -EBADMSG, "expected \":\"" },
        { "missing_value", "{\"items\":,}", NULL, NULL, NULL, 0, -EBADMSG, "expected a value" },
        { "bare_key", "{items:[]}", NULL, NULL, NULL, 0, -EBADMSG, "expected a key" },
        { "bad_scalar", "{\"a\":nul,\"items\":[]}", NULL, NULL, NULL, 0, -EBADMSG,
                "expected a value" },
        { "bad_metadata", "{\"metadata\":{\"continue\":1},\"items\":[]}", NULL, NULL, NULL, 0,
                -EBADMSG, "metadata of a list: byte 13: expected a string" },
        { "large_item",
                "{\"items\":[{\"a\":\"0123456789012345678901234567890123456789012345678901234567890"
                "123456789012345678901234567890123456789012345678901234567890123456789\"}]}",
                NULL, NULL, NULL, 0, -EFBIG, "larger than 120 bytes" },
};

static int list_run(const struct list_row *row, size_t piece, struct items *items,
        struct json_list_meta *meta, struct err *err)
{
        _cleanup_(json_list_freep) struct json_list *l = NULL;
        size_t len = strlen(row->json);
        int r = json_list_new(&l, 120, items_take, items);

        for (size_t at = 0; at < len && r == 0; at += piece)
                r = json_list_feed(l, row->json + at, piece < len - at ? piece : len - at, err);
        return r < 0 ? r : json_list_end(l, meta, err);
}

static void splits_lists(void **state)
{
        const struct list_row *row = test_row(state);

        for (size_t piece = 1; piece < 150; piece++) {
                struct items items = { 0 };
                struct json_list_meta meta = { 0 };
                struct err err = ERR_INIT;
                int r = list_run(row, piece, &items, &meta, &err);

                assert_int_equal(r, row->code);
                if (row->error) {
                        assert_err(&err, row->code, row->error);
                        continue;
                }
                assert_string_equal(items.text, row->items);
                assert_int_equal(meta.items, items.n);
                assert_true(meta.remaining == row->remaining);
                assert_string_equal(
                        meta.continue_ ? meta.continue_ : "", row->token ? row->token : "");
                assert_string_equal(meta.resource_version ? meta.resource_version : "",
                        row->version ? row->version : "");
                json_list_meta_done(&meta);
        }
}

static void a_list_ends_when_its_taker_fails(void **state)
{
        struct items items = { .fail_at = 2 };
        struct json_list_meta meta = { 0 };
        struct err err = ERR_INIT;

        (void)state;
        assert_int_equal(list_run(&lists[0], 7, &items, &meta, &err), -ECANCELED);
        assert_err(&err, -ECANCELED, "enough");
}

static void a_list_is_ready_for_the_next_document(void **state)
{
        static const char page[] = "{\"metadata\":{\"continue\":\"x\"},\"items\":[{}]}";
        struct items items = { 0 };
        struct json_list *l;
        struct json_list_meta meta;

        (void)state;
        assert_int_equal(json_list_new(&l, 100, items_take, &items), 0);
        for (int i = 0; i < 3; i++) {
                assert_ok(json_list_feed(l, page, sizeof(page) - 1, NULL), NULL);
                assert_ok(json_list_end(l, &meta, NULL), NULL);
                assert_string_equal(meta.continue_, "x");
                assert_int_equal(meta.items, 1);
                json_list_meta_done(&meta);
        }
        assert_ok(json_list_feed(l, page, 10, NULL), NULL);
        assert_int_equal(json_list_end(l, &meta, NULL), -EBADMSG);
        assert_ok(json_list_feed(l, page, sizeof(page) - 1, NULL), NULL);
        assert_ok(json_list_end(l, &meta, NULL), NULL);
        json_list_meta_done(&meta);
        json_list_free(l);
        assert_int_equal(items.n, 4);
}

int main(void)
{
        TEST_ROWS(reads_strings, strings);
        TEST(finds_a_nul);
        TEST(writes_strings);
        TEST_ROWS(reads_integers, numbers);
        TEST_ROWS(agrees_with_jansson, documents);
        TEST_ROWS(skips_to_the_same_place, documents);
        TEST(bounds_the_depth);
        TEST(a_skipped_value_ends_with_its_own_bracket);
        TEST(the_depth_is_the_same_in_any_pieces);
        TEST(stays_failed);
        TEST(finds_the_end_in_any_pieces);
        TEST_ROWS(splits_lists, lists);
        TEST(a_list_ends_when_its_taker_fails);
        TEST(a_list_is_ready_for_the_next_document);
        return test_run("json");
}
