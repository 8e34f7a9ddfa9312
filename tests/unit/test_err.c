/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <limits.h>

static void set_starts_anew(void **state)
{
        struct err err = ERR_INIT;

        assert_int_equal(err_set(&err, -EINVAL, "bad %s", "cron"), -EINVAL);
        assert_int_equal(err_place(&err, 7, 3), -EINVAL);
        assert_int_equal(err_id(&err, "FLT-0201"), -EINVAL);
        assert_int_equal(err_remedy(&err, "write %d fields", 5), -EINVAL);
        assert_err(&err, -EINVAL, "bad cron");
        assert_int_equal(err.line, 7);
        assert_int_equal(err.column, 3);
        assert_string_equal(err.id, "FLT-0201");
        assert_string_equal(err.remedy, "write 5 fields");

        assert_int_equal(err_set(&err, -EIO, "%s again", err.msg), -EIO);
        assert_string_equal(err.msg, "bad cron again");
        assert_int_equal(err.line, 0);
        assert_int_equal(err.column, 0);
        assert_string_equal(err.id, "");
        assert_string_equal(err.remedy, "");
}

static void wrap_keeps_place_and_remedy(void **state)
{
        struct err err = ERR_INIT;

        err_set(&err, -EINVAL, "HTTP 503");
        err_place(&err, 2, 9);
        err_id(&err, "FLT-0101");
        err_remedy(&err, "wait");
        assert_int_equal(err_wrap(&err, -EIO, "list backups of cluster %s", "eu-1"), -EIO);
        assert_int_equal(err.code, -EIO);
        assert_string_equal(err.msg, "list backups of cluster eu-1: HTTP 503");
        assert_int_equal(err.line, 2);
        assert_string_equal(err.id, "FLT-0101");
        assert_string_equal(err.remedy, "wait");
}

static void wrap_without_message_names_the_errno(void **state)
{
        struct err err = ERR_INIT;

        err_wrap(&err, -ENOMEM, "read it");
        assert_string_equal(err.msg, "read it: Cannot allocate memory");
}

static void null_is_allowed(void **state)
{
        assert_int_equal(err_set(NULL, -EIO, "x"), -EIO);
        assert_int_equal(err_wrap(NULL, -EIO, "x"), -EIO);
        assert_int_equal(err_place(NULL, 1, 1), -EINVAL);
        assert_int_equal(err_id(NULL, "x"), -EINVAL);
        assert_int_equal(err_remedy(NULL, "x"), -EINVAL);
        err_clear(NULL);
        err_copy(NULL, NULL);
}

static void clear_and_copy(void **state)
{
        struct err a = ERR_INIT, b = ERR_INIT;

        err_set(&a, -EIO, "gone");
        err_remedy(&a, "wait");
        err_copy(&b, &a);
        err_copy(&b, &b);
        assert_err(&b, -EIO, "gone");
        assert_string_equal(b.remedy, "wait");
        err_clear(&b);
        assert_int_equal(b.code, 0);
        assert_string_equal(b.msg, "");
}

/* What messages become: `text` repeated `times`, then the end of the message. */
static const struct cut {
        const char *name, *text;
        int times;
        size_t len;
        const char *end;
} cuts[] = {
        { "fits to the last byte", "a", 399, 399, "aaa" },
        { "one more is cut with an ellipsis", "a", 400, 399, "a\xE2\x80\xA6" },
        { "very long", "a", 5000, 399, "a\xE2\x80\xA6" },
        { "two-byte characters stay whole", "\xC3\xA9", 300, 399, "\xC3\xA9\xE2\x80\xA6" },
        { "three-byte characters stay whole", "\xE2\x82\xAC", 200, 399,
                "\xE2\x82\xAC\xE2\x80\xA6" },
        { "four-byte characters stay whole", "\xF0\x9F\x98\x80", 200, 399, "\x80\xE2\x80\xA6" },
        { "control characters become spaces", "a\n\t\x7F", 1, 4, "a   " },
        { "bytes that are no UTF-8 become question marks", "a\xFF\xC3", 1, 3, "a??" },
};

static void messages_are_cut_between_characters(void **state)
{
        const struct cut *c = test_row(state);
        struct err err = ERR_INIT;
        char *text = calloc((size_t)c->times, strlen(c->text) + 1);

        assert_non_null(text);
        for (int i = 0; i < c->times; i++)
                strcat(text, c->text);
        err_set(&err, -EINVAL, "%s", text);
        free(text);
        assert_in_range(strlen(err.msg), c->len - 3, c->len);
        assert_string_equal(err.msg + strlen(err.msg) - strlen(c->end), c->end);
}

static void wrapping_a_full_message_keeps_the_context(void **state)
{
        struct err err = ERR_INIT;
        char text[1000];

        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        err_set(&err, -EINVAL, "%s", text);
        err_wrap(&err, -EINVAL, "context");
        assert_int_equal(strlen(err.msg), 399);
        assert_memory_equal(err.msg, "context: xxx", 12);
        assert_string_equal(err.msg + 395, "x\xE2\x80\xA6");
}

static void errno_names(void **state)
{
        assert_string_equal(errno_name(EINVAL), "EINVAL");
        assert_string_equal(errno_name(-EINVAL), "EINVAL");
        assert_string_equal(errno_name(99999), "E?");
        assert_string_equal(errno_name(INT_MIN), "E?");
}

int main(void)
{
        TEST(set_starts_anew);
        TEST(wrap_keeps_place_and_remedy);
        TEST(wrap_without_message_names_the_errno);
        TEST(null_is_allowed);
        TEST(clear_and_copy);
        TEST_ROWS(messages_are_cut_between_characters, cuts);
        TEST(wrapping_a_full_message_keeps_the_context);
        TEST(errno_names);
        return test_run("err");
}
