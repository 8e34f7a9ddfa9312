/* SPDX-License-Identifier: Apache-2.0 */
/* Selectors and Velero's filters. */
#include "tests/sim/selector.h"

#include "tests/sim/filter.h"
#include "tests/support/test.h"

#define OBJECT                                                                            \
        "{\"metadata\":{\"name\":\"a\",\"labels\":{\"app\":\"web\",\"tier\":\"front\"}}," \
        "\"status\":{\"phase\":\"Running\"}}"

static const struct label_row {
        const char *name;
        const char *selector;
        bool matches;
} labels[] = {
        { "nothing selects everything", "", true },
        { "equality", "app=web", true },
        { "double equality", "app==web", true },
        { "another value", "app=db", false },
        { "inequality", "app!=web", false },
        { "inequality of a missing key", "zone!=x", true },
        { "set", "app in (db, web)", true },
        { "not in a set", "app notin (db,web)", false },
        { "existence", "tier", true },
        { "absence", "!tier", false },
        { "all of them", "app=web,tier=front,!zone", true },
        { "one of them not", "app=web,tier=back", false },
};

static void matches_labels(void **state)
{
        const struct label_row *row = test_row(state);
        struct selector s = { 0 };
        struct str why = { 0 };

        assert_int_equal(selector_parse(&s, row->selector, &why), 0);
        assert_int_equal(selector_match_labels(&s, OBJECT), row->matches);
        selector_done(&s);
}

static const struct text_row {
        const char *name;
        const char *text;
} malformed[] = {
        { "three equal signs", "a===b" },
        { "an open set", "a in (b" },
        { "no key", "=b" },
        { "words", "a b" },
};

static void refuses_malformed(void **state)
{
        const struct text_row *row = test_row(state);
        struct selector s = { 0 };
        struct str why = { 0 };

        assert_int_equal(selector_parse(&s, row->text, &why), -1);
        assert_non_null(strstr(why.s, "unable to parse requirement"));
        selector_done(&s);
        str_done(&why);
}

static void matches_fields(void **state)
{
        struct selector s = { 0 };
        struct str why = { 0 };

        assert_int_equal(selector_parse(&s, "metadata.name=a,status.phase!=Pending", &why), 0);
        assert_true(selector_match_fields(&s, OBJECT));
        selector_done(&s);
}

static void reads_a_label_selector_object(void **state)
{
        json_t *object =
                json_loads("{\"matchLabels\":{\"app\":\"web\"},\"matchExpressions\":[{\"key\":"
                           "\"tier\",\"operator\":\"NotIn\",\"values\":[\"back\"]}]}",
                        0, NULL);
        struct selector s = { 0 };
        struct str why = { 0 };

        assert_int_equal(selector_from_json(&s, object, &why), 0);
        assert_true(selector_match_labels(&s, OBJECT));
        selector_done(&s);
        json_decref(object);
}

static const struct glob_row {
        const char *name;
        const char *pattern, *text;
        bool matches;
} globs[] = {
        { "literal", "shop", "shop", true },
        { "no prefix", "shop", "shop-2", false },
        { "star", "shop-*", "shop-2", true },
        { "star takes nothing", "shop*", "shop", true },
        { "star in the middle", "s*p", "shoop", true },
        { "question mark", "team-?", "team-a", true },
        { "question mark takes one", "team-?", "team-", false },
        { "class", "team-[abc]", "team-b", true },
        { "range", "team-[a-c]", "team-d", false },
};

static void matches_globs(void **state)
{
        const struct glob_row *row = test_row(state);

        assert_int_equal(glob_match(row->pattern, row->text), row->matches);
}

static const struct list_row {
        const char *name;
        const char *includes, *excludes;
        const char *error; /* the first one; NULL: none */
} lists[] = {
        { "nothing", "[]", "[]", NULL },
        { "everything", "[\"*\"]", "[\"a\"]", NULL },
        { "everything and more", "[\"*\", \"a\"]", "[]",
                "x: includes list must either contain '*' only, or a non-empty list of items" },
        { "all excluded", "[]", "[\"*\"]", "x: excludes list cannot contain '*'" },
        { "both", "[\"a\"]", "[\"a\"]",
                "x: excludes list cannot contain an item in the includes list: a" },
        { "glob", "[\"team-*\"]", "[]", NULL },
        { "two stars", "[\"a**\"]", "[]",
                "x: wildcard pattern contains consecutive asterisks (only single * allowed)" },
        { "open bracket", "[\"a[b\"]", "[]",
                "x: wildcard pattern contains unclosed bracket expression" },
        { "no namespace", "[\"\"]", "[]", NULL },
};

static void validates_namespaces(void **state)
{
        const struct list_row *row = test_row(state);
        json_t *in = json_loads(row->includes, 0, NULL), *out = json_loads(row->excludes, 0, NULL);
        json_t *errors = json_array();

        assert_int_equal(filter_validate_namespaces(errors, "x", in, out), row->error ? 1 : 0);
        if (row->error)
                assert_string_equal(json_string_value(json_array_get(errors, 0)), row->error);
        json_decref(in);
        json_decref(out);
        json_decref(errors);
}

int main(void)
{
        TEST_ROWS(matches_labels, labels);
        TEST_ROWS(refuses_malformed, malformed);
        TEST(matches_fields);
        TEST(reads_a_label_selector_object);
        TEST_ROWS(matches_globs, globs);
        TEST_ROWS(validates_namespaces, lists);
        return test_run("sim selectors");
}
