/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>

#include "base/strv.h"

/* Splits at blanks into a new vector. */
static struct strv words(const char *text)
{
        struct strv s = { 0 };

        assert_int_equal(strv_split(&s, text, " "), 0);
        return s;
}

static void assert_words(const struct strv *s, const char *expected)
{
        char *joined = NULL;

        assert_int_equal(strv_join(s, " ", &joined), 0);
        assert_text(joined, expected);
        free(joined);
}

static const struct split {
        const char *name, *text, *separators, *joined;
        size_t n;
} splits[] = {
        { "nothing", "", ",", "", 0 },
        { "separators only", ",,,", ",", "", 0 },
        { "one", "a", ",", "a", 1 },
        { "empty parts are left out", ",a,,b,", ",", "a b", 2 },
        { "any of several separators", "a b\tc", " \t", "a b c", 3 },
        { "more than the first allocation", "a b c d e f g h i", " ", "a b c d e f g h i", 9 },
};

static void split_and_join(void **state)
{
        const struct split *c = test_row(state);
        struct strv s = { 0 };

        assert_int_equal(strv_split(&s, c->text, c->separators), 0);
        assert_int_equal(s.n, c->n);
        assert_words(&s, c->joined);
        strv_done(&s);
        assert_int_equal(s.n, 0);
        assert_null(s.v);
}

static void split_appends(void **state)
{
        struct strv s = words("a");

        assert_int_equal(strv_split(&s, "b/c", "/"), 0);
        assert_words(&s, "a b c");
        strv_done(&s);
}

static void pushes_copy_or_take(void **state)
{
        struct strv s = { 0 };
        char text[] = "abc";

        assert_int_equal(strv_push(&s, text), 0);
        text[0] = 'x';
        assert_int_equal(strv_pushn(&s, text, 2), 0);
        assert_int_equal(strv_push_take(&s, strdup("taken")), 0);
        assert_int_equal(strv_printf(&s, "%d", 42), 0);
        assert_words(&s, "abc xb taken 42");
        assert_int_equal(strv_push_take(&s, NULL), -ENOMEM);
        assert_int_equal(s.n, 4);
        strv_remove(&s, 1);
        strv_remove(&s, 9);
        assert_words(&s, "abc taken 42");
        for (int i = 0; i < 1000; i++)
                assert_int_equal(strv_printf(&s, "%d", i), 0);
        assert_string_equal(s.v[1002], "999");
        while (s.n > 3)
                strv_remove(&s, s.n - 1);
        assert_int_equal(strv_push(&s, "after"), 0);
        assert_words(&s, "abc taken 42 after");
        strv_done(&s);
        strv_done(NULL);
}

static void sorts_in_byte_order(void **state)
{
        struct strv s = words("b B a b a-b a");

        strv_sort(&s);
        assert_words(&s, "B a a a-b b b");
        strv_sort_unique(&s);
        assert_words(&s, "B a a-b b");
        assert_true(strv_contains(&s, "a-b"));
        assert_false(strv_contains(&s, "A"));
        strv_done(&s);
        strv_sort_unique(&s);
        assert_int_equal(s.n, 0);
}

static void compares_extends_and_moves(void **state)
{
        struct strv a = words("x y"), b = { 0 }, c = words("y x");

        assert_int_equal(strv_copy(&b, &a), 0);
        assert_true(strv_equal(&a, &b));
        assert_false(strv_equal(&a, &c));
        assert_int_equal(strv_extend(&b, &b), 0);
        assert_words(&b, "x y x y");
        assert_false(strv_equal(&a, &b));
        strv_move(&c, &b);
        assert_words(&c, "x y x y");
        assert_int_equal(b.n, 0);
        strv_move(&c, &c);
        assert_int_equal(c.n, 4);
        strv_done(&a);
        strv_done(&c);
}

int main(void)
{
        TEST_ROWS(split_and_join, splits);
        TEST(split_appends);
        TEST(pushes_copy_or_take);
        TEST(sorts_in_byte_order);
        TEST(compares_extends_and_moves);
        return test_run("strv");
}
