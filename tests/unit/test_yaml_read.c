/* SPDX-License-Identifier: Apache-2.0 */
/* The typed readers of values. */
#include "tests/unit/yaml_fixture.h"

#include <errno.h>

#include "base/strv.h"

enum reader { STRING, BOOL, INT, DURATION, STRV, MAPPING };

static int read_as(
        enum reader reader, const struct yaml_node *node, const char *what, struct err *err)
{
        struct strv strv = { 0 };
        const char *s = NULL;
        int64_t i = 0;
        bool b = false;
        int r;

        switch (reader) {
        case STRING:
                return yaml_as_string(node, what, &s, err);
        case BOOL:
                return yaml_as_bool(node, what, &b, err);
        case INT:
                return yaml_as_int(node, what, &i, err);
        case DURATION:
                return yaml_as_duration(node, what, &i, err);
        case MAPPING:
                return yaml_want_mapping(node, what, err);
        default:
                r = yaml_as_strv(node, what, &strv, err);
                assert_int_equal(strv.n, 0);
                return r;
        }
}

static const struct mistyped {
        const char *name;
        enum reader reader;
        const char *value; /* of the field f, on line 1 at column 4 */
        const char *id, *msg, *remedy;
} mistyped[] = {
        { "Norway", STRING, "no", ERR_ID_WRONG_TYPE, "f: expected a string, found the boolean no",
                "quote it: \"no\"" },
        { "a version number", STRING, "1.10", ERR_ID_WRONG_TYPE,
                "f: expected a string, found the number 1.10", "quote it: \"1.10\"" },
        { "an integer for a string", STRING, "0777", ERR_ID_WRONG_TYPE,
                "f: expected a string, found the integer 0777", "quote it: \"0777\"" },
        { "base 60", STRING, "12:30:45", ERR_ID_WRONG_TYPE,
                "f: 12:30:45 is read as a number in base 60 by some programs",
                "quote it: \"12:30:45\"" },
        { "null for a string", STRING, "~", ERR_ID_WRONG_TYPE, "f: expected a string, found null",
                "remove the field" },
        { "a list for a string", STRING, "[a]", ERR_ID_WRONG_TYPE,
                "f: expected a string, found a list", "write one text" },
        { "a mapping for a string", STRING, "{a: b}", ERR_ID_WRONG_TYPE,
                "f: expected a string, found a mapping", "write one text" },
        { "a string for a boolean", BOOL, "maybe", ERR_ID_WRONG_TYPE,
                "f: expected true or false, found the text \"maybe\"", "write true or false" },
        { "a quoted boolean", BOOL, "\"true\"", ERR_ID_WRONG_TYPE,
                "f: expected true or false, found the text \"true\"", "without quotes" },
        { "a number for a boolean", BOOL, "1", ERR_ID_WRONG_TYPE,
                "f: expected true or false, found the integer 1", "write true or false" },
        { "a fraction for an integer", INT, "1.5", ERR_ID_WRONG_TYPE,
                "f: expected an integer, found the number 1.5", "whole number" },
        { "a quoted integer", INT, "'5'", ERR_ID_WRONG_TYPE,
                "f: expected an integer, found the text \"5\"", "without quotes" },
        { "over 64 bits", INT, "18446744073709551615", ERR_ID_WRONG_TYPE,
                "f: expected an integer, found the integer 18446744073709551615", "64 bits" },
        { "days", DURATION, "30d", ERR_ID_VALUE, "f: unknown unit \"d\" in duration \"30d\"",
                "write 720h" },
        { "a duration without unit", DURATION, "720", ERR_ID_WRONG_TYPE,
                "f: expected a duration, found the integer 720", "add a unit" },
        { "0 without unit", DURATION, "0", ERR_ID_WRONG_TYPE,
                "f: expected a duration, found the integer 0", "add a unit" },
        { "null for a duration", DURATION, "", ERR_ID_WRONG_TYPE,
                "f: expected a duration, found null", "as in 720h" },
        { "a string for a list", STRV, "web", ERR_ID_WRONG_TYPE,
                "f: expected a list, found the text \"web\"", "write a list: [\"web\"]" },
        { "an item that is no string", STRV, "[a, no]", ERR_ID_WRONG_TYPE,
                "f[1]: expected a string, found the boolean no", "quote it" },
        { "an item that is null", STRV, "[a, ~]", ERR_ID_WRONG_TYPE,
                "f[1]: expected a string, found null", "write a text" },
        { "a string for a mapping", MAPPING, "x", ERR_ID_WRONG_TYPE,
                "f: expected a mapping, found the text \"x\"", "key: value" },
        { "a long text is cut", BOOL, "01234567890123456789012345678901234567\xC3\xA9\xC3\xA9x",
                ERR_ID_WRONG_TYPE, "01234567\xC3\xA9\xE2\x80\xA6\"", "write true or false" },
};

static void refuses_types(void **state)
{
        const struct mistyped *c = test_row(state);
        char text[200];
        struct yaml_docs *docs;
        struct err err = ERR_INIT;

        snprintf(text, sizeof(text), "f: %s\n", c->value);
        docs = yaml_parsed(text);
        assert_int_equal(read_as(c->reader, yaml_get(docs->roots[0], "f"), "f", &err), -EINVAL);
        assert_err(&err, -EINVAL, c->msg);
        assert_string_equal(err.id, c->id);
        assert_remedy(&err, c->remedy);
        assert_int_equal(err.line, 1);
        assert_true(err.column >= 3 && err.column <= 8);

        assert_int_equal(read_as(c->reader, NULL, "spec.f", &err), -EINVAL);
        assert_err(&err, -EINVAL, "spec.f is missing");
        assert_string_equal(err.id, ERR_ID_MISSING_FIELD);
        yaml_docs_free(docs);
}

static void reads_optional_fields(void **state)
{
        struct yaml_docs *docs = yaml_parsed("s: x\nb: on\ni: -0x10\nd: 1h30m\nz: '0'\nl: [a, b]\nn: ~\n"
                                       "date: 2026-09-01\nbad: 1\nquoted: 'no'\n");
        const struct yaml_node *root = docs->roots[0];
        struct strv list = { 0 };
        struct err err = ERR_INIT;
        const char *s = "old";
        int64_t i = 0;
        bool b = false;

        assert_ok(yaml_get_string(root, "spec", "absent", &s, &err), &err);
        assert_ok(yaml_get_string(root, "spec", "n", &s, &err), &err);
        assert_string_equal(s, "old");
        assert_ok(yaml_get_string(root, "spec", "s", &s, &err), &err);
        assert_string_equal(s, "x");
        assert_ok(yaml_get_string(root, "spec", "date", &s, &err), &err);
        assert_string_equal(s, "2026-09-01");
        assert_ok(yaml_get_string(root, "spec", "quoted", &s, &err), &err);
        assert_string_equal(s, "no");
        assert_ok(yaml_get_bool(root, "spec", "b", &b, &err), &err);
        assert_true(b);
        assert_ok(yaml_get_bool(root, "spec", "n", &b, &err), &err);
        assert_true(b);
        assert_ok(yaml_as_int(yaml_get(root, "i"), "spec.i", &i, &err), &err);
        assert_int_equal(i, -16);
        assert_ok(yaml_as_duration(yaml_get(root, "d"), "spec.d", &i, &err), &err);
        assert_int_equal(i, 5400 * 1000000000LL);
        assert_ok(yaml_as_duration(yaml_get(root, "z"), "spec.z", &i, &err), &err);
        assert_int_equal(i, 0);
        assert_ok(yaml_get_strv(root, "spec", "l", &list, &err), &err);
        assert_int_equal(list.n, 2);
        assert_string_equal(list.v[1], "b");
        assert_int_equal(err.code, 0);
        assert_int_equal(yaml_get_string(root, "spec", "bad", &s, &err), -EINVAL);
        assert_err(&err, -EINVAL, "spec.bad: expected a string, found the integer 1");
        assert_int_equal(yaml_get_string(root, "", "bad", &s, &err), -EINVAL);
        assert_memory_equal(err.msg, "bad: expected", 13);
        strv_done(&list);
        yaml_docs_free(docs);
}

int main(void)
{
        TEST_ROWS(refuses_types, mistyped);
        TEST(reads_optional_fields);
        return test_run("yaml_read");
}
