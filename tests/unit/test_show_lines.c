/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces that status files are made of: wrapped lines, bars, tables, values, JSON. */
#include "fs/show.h"

#include <errno.h>

#include "base/limits.h"
#include "fs/columns.h"
#include "ops/reason.h"
#include "tests/support/test.h"

#define TEN "123456789 "
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct line_row {
        const char *name, *label, *text, *code, *expected;
} lines[] = {
        { "a short one", "reason:", "no answer", "FLT-0101", "reason: no answer   FLT-0101\n" },
        { "no code", "state:", "Ok   fleet prod", NULL, "state:  Ok   fleet prod\n" },
        { "no label", "", "and 3 more", "", "        and 3 more\n" },
        { "an empty text", "note:", "", NULL, "note:\n" },
        { "control characters become spaces", "reason:", "a\n\tb\x7f" "c", NULL, "reason: a  b c\n" },
        { "a label wider than the indent", "FLT-0410", "failed", NULL, "FLT-0410 failed\n" },
        { "a text that just fits", "reason:", NINETY "12", NULL, "reason: " NINETY "12\n" },
        { "a text that does not", "reason:", NINETY "123", NULL,
                "reason: 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n"
                "        123\n" },
        { "a code that does not fit", "reason:", NINETY, "FLT-0101",
                "reason: 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n"
                "        FLT-0101\n" },
        { "a name is never cut", "reason:", "x " NINETY "", NULL,
                "reason: x 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n" },
        { "width is of characters", "reason:",
                "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9" " " NINETY "1", NULL,
                "reason: \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
                " 123456789 123456789 123456789 123456789 123456789 123456789 123456789 123456789\n"
                "        123456789 1\n" },
};

static void wraps(void **state)
{
        const struct line_row *row = test_row(state);
        struct buf out = BUF_INIT(4096);

        show_line(&out, row->label, row->text, row->code);
        assert_text(out.data, row->expected);
        buf_done(&out);
}

static const struct bar_row {
        const char *name;
        int64_t percent, done, total;
        const char *expected;
} bars[] = {
        { "nothing done", 0, 0, 412, "[....................]   0%  0/412 items" },
        { "floored", 9, 40, 412, "[#...................]   9%  40/412 items" },
        { "almost", 99, 411, 412, "[###################.]  99%  411/412 items" },
        { "all", 100, 412, 412, "[####################] 100%  412/412 items" },
        { "nobody knows", -1, 198, 0, "[.........?..........]  198 items" },
};

static void draws(void **state)
{
        const struct bar_row *row = test_row(state);
        struct buf out = BUF_INIT(4096);

        show_bar(&out, row->percent, row->done, row->total);
        assert_text(out.data, row->expected);
        buf_done(&out);
}

static const struct duration_row {
        const char *name;
        int64_t seconds;
} durations[] = { { "0s", 0 }, { "48s", 48 }, { "1m0s", 60 }, { "1h0m1s", 3601 }, { "26h3m4s", 93784 } };

static void says_how_long(void **state)
{
        const struct duration_row *row = test_row(state);
        struct buf out = BUF_INIT(64);

        show_duration(&out, row->seconds);
        assert_text(out.data, row->name);
        buf_done(&out);
}

/* ---------------------------------------------------------------- columns */

static void aligns(void **state)
{
        static const char *const heads[] = { "NAME", "PHASE", "N" };
        struct columns t = COLUMNS_INIT(heads);
        struct buf out = BUF_INIT(4096);

        (void)state;
        columns_cell(&t, "a");
        columns_cell(&t, "Completed");
        columns_value(&t, value_int(7));
        columns_cell(&t, "longer\tname");
        columns_cell(&t, NULL);
        columns_value(&t, value_none());
        columns_put(&t, &out);
        assert_text(out.data, "NAME         PHASE      N\n"
                              "a            Completed  7\n"
                              "longer name  -          -\n");
        columns_done(&t);
        buf_done(&out);
}

static void drops_what_does_not_fit(void **state)
{
        static const char *const heads[] = { "NAME", "PHASE", "WIDE", "LAST" };
        struct columns t = COLUMNS_INIT(heads);
        struct buf out = BUF_INIT(4096);

        (void)state;
        columns_cell(&t, "eu-1");
        columns_cell(&t, "Completed");
        columns_cell(&t, NINETY "x");
        columns_cell(&t, "y");
        columns_put(&t, &out);
        assert_text(out.data, "NAME  PHASE\n"
                              "eu-1  Completed\n");
        columns_done(&t);
        buf_done(&out);
}

static void names_are_never_cut(void **state)
{
        static const char *const heads[] = { "NAME", "PHASE", "N" };
        struct columns t = COLUMNS_INIT(heads);
        struct buf out = BUF_INIT(4096);

        (void)state;
        columns_cell(&t, NINETY TEN "x");
        columns_cell(&t, "Completed");
        columns_cell(&t, "1");
        columns_put(&t, &out);
        assert_non_null(strstr(out.data, NINETY TEN "x  Completed\n"));
        columns_done(&t);
        buf_done(&out);
}

static void no_rows_no_head(void **state)
{
        static const char *const heads[] = { "NAME" };
        struct columns t = COLUMNS_INIT(heads);
        struct buf out = BUF_INIT(64);

        (void)state;
        columns_put(&t, &out);
        assert_text(out.data, "");
        columns_done(&t);
}

/* ---------------------------------------------------------------- values and JSON */

static const struct value_case {
        const char *name;
        struct value value;
        const char *file, *cell;
} values[] = {
        { "none", { .type = VALUE_NONE }, "", "-" },
        { "text", { .type = VALUE_TEXT, .s = "Completed" }, "Completed\n", "Completed" },
        { "text of several lines", { .type = VALUE_TEXT, .s = "a\n\tb" }, "a  b\n", "a  b" },
        { "int", { .type = VALUE_INT, .i = -3 }, "-3\n", "-3" },
        { "true", { .type = VALUE_BOOL, .i = 1 }, "1\n", "1" },
        { "false", { .type = VALUE_BOOL, .i = 0 }, "0\n", "0" },
        { "time", { .type = VALUE_TIME, .i = 1788228003 }, "2026-09-01T02:00:03Z\n", "2026-09-01T02:00:03Z" },
};

static void is_shown(void **state)
{
        const struct value_case *row = test_row(state);
        struct buf out = BUF_INIT(4096);

        assert_int_equal(value_file(&out, row->value), 0);
        assert_text(out.data, row->file);
        buf_reset(&out);
        value_cell(&out, row->value);
        assert_text(out.data, row->cell);
        buf_done(&out);
}

static void writes_json(void **state)
{
        struct buf out = BUF_INIT(4096);
        struct json_writer w = JSON_WRITER(&out);

        (void)state;
        json_open(&w, NULL, '{');
        json_open(&w, "empty", '[');
        json_close(&w);
        json_int_member(&w, "large", INT64_MAX);
        json_open(&w, "list", '[');
        json_string_member(&w, NULL, "a \"b\" \\ \n \xc3\xa9 \xff");
        json_bool_member(&w, NULL, true);
        json_open(&w, NULL, '{');
        json_close(&w);
        json_close(&w);
        json_time_member(&w, "never", 0);
        json_int_member(&w, "small", INT64_MIN);
        json_int_member(&w, "zero", 0);
        json_close(&w);
        assert_text(out.data, "{\n"
                              "  \"empty\": [],\n"
                              "  \"large\": 9223372036854775807,\n"
                              "  \"list\": [\n"
                              "    \"a \\\"b\\\" \\\\ \\n \xc3\xa9 \xef\xbf\xbd\",\n"
                              "    true,\n"
                              "    {}\n"
                              "  ],\n"
                              "  \"never\": null,\n"
                              "  \"small\": -9223372036854775808,\n"
                              "  \"zero\": 0\n"
                              "}\n");
        buf_done(&out);
}

static void errors_stick(void **state)
{
        struct buf out = BUF_INIT(10);
        struct json_writer w = JSON_WRITER(&out);

        (void)state;
        json_open(&w, NULL, '{');
        json_string_member(&w, "key", "a value that does not fit");
        json_close(&w);
        assert_int_equal(out.error, -EFBIG);
        buf_done(&out);
}

static void remedies_name_no_path(void **state)
{
        (void)state;
        assert_non_null(show_remedy("FLT-0101"));
        assert_null(show_remedy("FLT-0234")); /* names clusters/, which is elsewhere */
        assert_null(show_remedy("FLT-0252")); /* names ctl by its path */
        assert_null(show_remedy(""));
        assert_null(show_remedy(NULL));
        assert_null(show_remedy("FLT-9999"));
}

/* What an error.txt tells is a cluster's, a Schedule's or a run's; documents' errors come with
 * their own remedy. */
static void what_an_error_txt_tells_has_a_remedy(void **state)
{
        size_t n;
        const struct reason *table = reason_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                char id[16];

                snprintf(id, sizeof(id), "FLT-%04d", table[i].code);
                if (table[i].code / 100 != 2 && show_remedy(id) == NULL)
                        fail_msg("%s: \"%s\" names a path, which is not the same in every error.txt", id,
                                table[i].remedy);
        }
}

static const struct quoted {
        const char *name;
        const char *word, *text;
} quoted[] = {
        { "a plain name", "nightly@latest.yaml", "nightly@latest.yaml" },
        { "blanks", "My Policy.yaml", "'My Policy.yaml'" },
        { "a quote", "it's $HOME", "'it'\\''s $HOME'" },
        { "an option's look", "-rf.yaml", "./-rf.yaml" },
        { "no letters", "", "''" },
        { "other alphabets", "k\xC3\xA4se", "'k\xC3\xA4se'" },
};

static void quotes(void **state)
{
        const struct quoted *row = test_row(state);
        struct buf out = BUF_INIT(64);

        show_quoted(&out, row->word);
        assert_string_equal(out.data, row->text);
        buf_done(&out);
}

int main(void)
{
        TEST_ROWS(wraps, lines);
        TEST_ROWS(draws, bars);
        TEST_ROWS(says_how_long, durations);
        TEST(aligns);
        TEST(drops_what_does_not_fit);
        TEST(names_are_never_cut);
        TEST(no_rows_no_head);
        TEST_ROWS(is_shown, values);
        TEST(writes_json);
        TEST(errors_stick);
        TEST(remedies_name_no_path);
        TEST(what_an_error_txt_tells_has_a_remedy);
        TEST_ROWS(quotes, quoted);
        return test_run("show_lines");
}
