/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/sorted.h"

static const char *const words[] = { "b", "d", "f" };

static const char *word(const void *array, size_t i)
{
        return ((const char *const *)array)[i];
}

static const struct place {
        const char *name;
        size_t n;
        const char *key;
        size_t at;
        bool found;
} places[] = {
        { "of nothing", 0, "b", 0, false },    { "the first", 3, "b", 0, true },      { "in the middle", 3, "d", 1, true },
        { "the last", 3, "f", 2, true },       { "before the first", 3, "a", 0, false }, { "between two", 3, "c", 1, false },
        { "before the last", 3, "e", 2, false }, { "after the last", 3, "g", 3, false }, { "the only one", 1, "b", 0, true },
        { "after the only one", 1, "bb", 1, false },
};

static void finds_the_place(void **state)
{
        const struct place *row = test_row(state);
        size_t at = 99;

        assert_int_equal(sorted_index(words, row->n, word, row->key, &at), row->found);
        assert_int_equal(at, row->at);
}

int main(void)
{
        TEST_ROWS(finds_the_place, places);
        return test_run("sorted");
}
