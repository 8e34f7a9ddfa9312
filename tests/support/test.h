/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* clang-format off */
/*
 * The one place that knows cmocka's plumbing. A test program is
 *
 *         static void refuses(void **state) { const struct row *c = test_row(state); … }
 *
 *         int main(void)
 *         {
 *                 TEST_ROWS(refuses, refused);            each row of a table is a test named row.name
 *                 TEST(forgets_on_reset);                 a test of its own
 *                 TEST_IN_DIR(survives_a_crash);          the same with a temporary folder: test_dir(state)
 *                 return test_run("store");
 *         }
 *
 * TEST_FILTER in the environment, a pattern with * and ?, chooses among them by their names.
 *
 * A cmocka assertion that fails longjmps out of the test: _cleanup_ handlers do not run. Whatever
 * outlives a process' memory (folders, mounts, servers, threads) belongs to a fixture (TEST_WITH),
 * never to a cleanup local of the test's body.
 */
/* clang-format on */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ftw.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/err.h"

#define TEST_MAX 4096

/* What a test's state points to. Fixtures set `fixture` in their setup and release it in their
 * teardown. */
struct test_state {
        const void *row;
        void *fixture;
        char dir[64]; /* "" without TEST_IN_DIR */
};

static struct CMUnitTest test_list_[TEST_MAX];
static struct test_state test_states_[TEST_MAX];
static size_t test_count_;

static inline const void *test_row(void **state)
{
        return ((const struct test_state *)*state)->row;
}

static inline void *test_fixture(void **state)
{
        return ((struct test_state *)*state)->fixture;
}

/* The test's own empty folder, removed afterwards also when the test fails. */
static inline const char *test_dir(void **state)
{
        return ((const struct test_state *)*state)->dir;
}

static inline int test_remove_entry_(
        const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
        (void)st;
        (void)flag;
        (void)ftw;
        return remove(path);
}

static inline int test_dir_setup(void **state)
{
        struct test_state *s = *state;
        const char *base = getenv("TMPDIR");

        if (!base || strlen(base) > sizeof(s->dir) - sizeof("/fleetfs-test-XXXXXX"))
                base = "/tmp";
        (void)snprintf(s->dir, sizeof(s->dir), "%s/fleetfs-test-XXXXXX", base);
        return mkdtemp(s->dir) ? 0 : -1;
}

static inline int test_dir_teardown(void **state)
{
        return nftw(test_dir(state), test_remove_entry_, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void test_add_(const char *name, CMUnitTestFunction fn, const void *row,
        CMFixtureFunction setup, CMFixtureFunction teardown)
{
        if (test_count_ == TEST_MAX) {
                fprintf(stderr, "more than %d tests: raise TEST_MAX\n", TEST_MAX);
                abort();
        }
        test_states_[test_count_].row = row;
        test_list_[test_count_] = (struct CMUnitTest){ .name = name,
                .test_func = fn,
                .setup_func = setup,
                .teardown_func = teardown,
                .initial_state = &test_states_[test_count_] };
        test_count_++;
}

#define TEST(fn)                       test_add_(#fn, fn, NULL, NULL, NULL)
#define TEST_IN_DIR(fn)                test_add_(#fn, fn, NULL, test_dir_setup, test_dir_teardown)
#define TEST_WITH(fn, setup, teardown) test_add_(#fn, fn, NULL, setup, teardown)
#define TEST_ROWS(fn, rows)            TEST_ROWS_WITH(fn, rows, NULL, NULL)
#define TEST_ROWS_WITH(fn, rows, setup, teardown)                                               \
        do {                                                                                    \
                for (size_t test_i_ = 0; test_i_ < ARRAY_SIZE(rows); test_i_++)                 \
                        test_add_((rows)[test_i_].name, fn, &(rows)[test_i_], setup, teardown); \
        } while (0)

/* Runs all; the result of main(). */
static inline int test_run(const char *group)
{
        const char *filter = getenv("TEST_FILTER");

        if (filter != NULL)
                cmocka_set_test_filter(filter);
        return _cmocka_run_group_tests(group, test_list_, test_count_, NULL, NULL);
}

static inline void test_assert_err_(
        const struct err *err, int code, const char *substring, const char *file, int line)
{
        if (err->code == code && strstr(err->msg, substring))
                return;
        print_error("expected %s with \"%s\"\n     got %s with \"%s\"\n", errno_name(code),
                substring, err->code ? errno_name(err->code) : "no error", err->msg);
        _fail(file, line);
}

/* The error has exactly this code and a message that contains the text. */
#define assert_err(err, code, substring) test_assert_err_(err, code, substring, __FILE__, __LINE__)

static inline void test_assert_remedy_(const struct err *err, const char *substring, const char *file, int line)
{
        if (strstr(err->remedy, substring))
                return;
        print_error("expected a remedy with \"%s\"\n     got \"%s\"\n", substring, err->remedy);
        _fail(file, line);
}

/* What the error says to do contains the text. */
#define assert_remedy(err, substring) test_assert_remedy_(err, substring, __FILE__, __LINE__)

static inline void test_assert_ok_(
        int r, const struct err *err, const char *expression, const char *file, int line)
{
        if (r >= 0)
                return;
        print_error("%s: %s: %s\n", expression, errno_name(r), err ? err->msg : "");
        _fail(file, line);
}

/* The call did not fail; err may be NULL. */
#define assert_ok(expression, err) test_assert_ok_(expression, err, #expression, __FILE__, __LINE__)

/* The line that `at` stands in, and its end. */
static inline void test_print_line_(const char *label, const char *text, const char *at)
{
        const char *begin = at;

        while (begin > text && begin[-1] != '\n')
                begin--;
        if (*begin == '\0')
                print_error("%s (the text ends here)\n", label);
        else
                print_error("%s %.*s\n", label, (int)strcspn(begin, "\n"), begin);
}

/* Whole texts are long: the first line in which they differ says more. */
static inline bool test_same_text_(const char *text, const char *expected)
{
        size_t same = 0, line = 1;

        if (text == NULL) {
                print_error("expected a text, got none\n");
                return false;
        }
        if (strcmp(text, expected) == 0)
                return true;
        for (; text[same] != '\0' && text[same] == expected[same]; same++)
                line += text[same] == '\n';
        print_error("the texts differ from line %zu on\n", line);
        test_print_line_("expected:", expected, expected + same);
        test_print_line_("     got:", text, text + same);
        return false;
}

static inline void test_assert_text_(
        const char *text, const char *expected, const char *file, int line)
{
        if (!test_same_text_(text, expected))
                _fail(file, line);
}

/* Like assert_string_equal, for texts of several lines. */
#define assert_text(text, expected) test_assert_text_(text, expected, __FILE__, __LINE__)
