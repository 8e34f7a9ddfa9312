/* SPDX-License-Identifier: Apache-2.0 */
/* What fs/yaml_writer.c writes is read back by base/yaml.c into the same document. */
#include "fs/yaml_writer.h"

#include "base/limits.h"
#include "base/yaml.h"
#include "tests/support/test.h"

static void check_round_trip(json_t *doc)
{
        struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        const struct yaml_options options = { .max_bytes = LIMIT_RENDERED_BYTES };
        struct yaml_docs *docs = NULL;
        json_t *back = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(yaml_write(&out, doc), 0);
        assert_true(out.len > 0 && out.data[out.len - 1] == '\n');
        if (yaml_parse(out.data, out.len, &options, &docs, &err) < 0)
                fail_msg("%d:%d: %s\n%s", err.line, err.column, err.msg, out.data);
        assert_int_equal(docs->n, 1);
        if (yaml_to_json(docs->roots[0], &back, &err) < 0)
                fail_msg("%d:%d: %s\n%s", err.line, err.column, err.msg, out.data);
        if (!json_equal(doc, back)) {
                char *a = json_dumps(doc, JSON_COMPACT), *b = json_dumps(back, JSON_COMPACT);

                fail_msg("wrote %s\nread  %s\nas\n%s", a, b, out.data);
        }
        json_decref(back);
        yaml_docs_free(docs);
        buf_done(&out);
}

/* ---------------------------------------------------------------- by hand */

static const struct document_row {
        const char *name, *json;
} documents[] = {
        { "an empty object", "{}" },
        { "an empty list", "[]" },
        { "empty things inside", "{\"a\":{},\"b\":[],\"c\":[{}],\"d\":[[]],\"e\":\"\"}" },
        { "lists in lists", "{\"a\":[[1,2],[[3],{\"x\":[4]}]]}" },
        { "objects in lists", "[{\"a\":1,\"b\":{\"c\":[{\"d\":null}]}},{\"e\":[]}]" },
        { "words that mean something", "[\"yes\",\"No\",\"ON\",\"off\",\"true\",\"null\",\"~\",\"y\",\"N\",\".nan\",\".inf\",\"<<\",\"=\"]" },
        { "numbers in quotes", "[\"1\",\"-1\",\"0x1f\",\"1_000\",\"1e3\",\"1:30\",\"0o7\",\"+1\",\".5\",\"1.5\",\"12e03\",\"0b1\"]" },
        { "dates", "[\"2026-09-01\",\"2026-09-01T02:00:03Z\"]" },
        { "punctuation", "[\"-\",\"- a\",\"?\",\": \",\"a: b\",\"a #b\",\"#a\",\"&a\",\"*a\",\"!a\",\"|\",\">\",\"%a\",\"@a\",\"`a\",\"{\",\"[\",\"'\",\"---\",\"...\"]" },
        { "blanks", "[\" a\",\"a \",\" \",\"\\n\",\"a\\nb\",\"a\\n\\nb\\n\",\"\\ta\",\"a\\r\\nb\"]" },
        { "escapes", "[\"\\\\\",\"\\\"\",\"\\\\n\",\"\\u0001\",\"\\u007f\",\"\\u0085\",\"\\u00a0\",\"\\u2028\",\"\\u2029\",\"\\ufeff\",\"\\ud83d\\ude00\",\"\\u00e9\",\"\\uffff\"]" },
        { "keys that need quotes", "{\"\":1,\"1\":2,\"true\":3,\"a b\":4,\"a: b\":5,\"a.b/c\":6,\"-\":7}" },
        { "numbers", "[0,-1,9223372036854775807,-9223372036854775808,0.1,1e300,-2.5e-7,0.5]" },
        { "booleans", "[true,false,null]" },
};

static void round_trips(void **state)
{
        const struct document_row *row = test_row(state);
        json_error_t e;
        json_t *doc = json_loads(row->json, JSON_REJECT_DUPLICATES, &e);

        if (doc == NULL)
                fail_msg("%s", e.text);
        check_round_trip(doc);
        json_decref(doc);
}

static void keeps_the_point(void **state)
{
        struct buf out = BUF_INIT(4096);
        json_t *doc = json_pack("[f, f]", 1.0, -3e5);

        (void)state;
        assert_int_equal(yaml_write(&out, doc), 0);
        assert_text(out.data, "- 1.0\n- -300000.0\n");
        json_decref(doc);
        buf_done(&out);
}

/* ---------------------------------------------------------------- at random */

static uint64_t seed;

static unsigned random_below(unsigned n)
{
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        return (unsigned)(seed >> 33) % n;
}

/* Pieces that parsers stumble over, joined at random. */
static json_t *random_string(void)
{
        static const char *const pieces[] = { "a", "true", "null", "1", "0", ".", "-", " ", "  ", ":", ": ", "#", " #", "\n", "\t",
                "\r", "\"", "'", "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~", "\xc3\xa9",
                "\xc2\x85", "\xc2\xa0", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf", "\xf0\x9f\x98\x80", "\x01", "\x1f",
                "\x7f", "y", "No", "e", "x", "_", "+", "/", "<<", "=", "---", "..." };
        struct buf out = BUF_INIT(4096);
        unsigned n = random_below(6);
        json_t *v;

        for (unsigned i = 0; i < n; i++)
                buf_puts(&out, pieces[random_below(ARRAY_SIZE(pieces))]);
        v = json_string(out.data);
        buf_done(&out);
        return v;
}

static json_t *random_value(int depth)
{
        json_t *v, *key;

        switch (random_below(depth > 5 ? 6 : 9)) {
        case 0:
                return json_integer((json_int_t)random_below(1u << 31) - (1 << 30));
        case 1:
                return json_real((random_below(2000001) - 1000000.5) / (1 + random_below(1000)));
        case 2:
                return json_boolean(random_below(2));
        case 3:
                return json_null();
        case 4:
        case 5:
                return random_string();
        case 6:
                v = json_array();
                for (unsigned n = random_below(4); n > 0; n--)
                        json_array_append_new(v, random_value(depth + 1));
                return v;
        default:
                v = json_object();
                for (unsigned n = random_below(4); n > 0; n--) {
                        key = random_string();
                        json_object_set_new(v, json_string_value(key), random_value(depth + 1));
                        json_decref(key);
                }
                return v;
        }
}

static void round_trips_at_random(void **state)
{
        (void)state;
        for (unsigned i = 0; i < 5000; i++) {
                json_t *doc;

                seed = i;
                doc = i % 3 == 0 ? json_array() : json_object();
                for (unsigned n = random_below(6); n > 0; n--) {
                        json_t *key = random_string();

                        if (json_is_array(doc))
                                json_array_append_new(doc, random_value(0));
                        else
                                json_object_set_new(doc, json_string_value(key), random_value(0));
                        json_decref(key);
                }
                check_round_trip(doc);
                json_decref(doc);
        }
}

int main(void)
{
        TEST_ROWS(round_trips, documents);
        TEST(keeps_the_point);
        TEST(round_trips_at_random);
        return test_run("yaml_writer");
}
