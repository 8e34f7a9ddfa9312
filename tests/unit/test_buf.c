/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/utf8.h"

/* The invariants of buf.h, checked around each step. */
static void assert_sane(const struct buf *b)
{
        assert_non_null(b->data);
        assert_int_equal(b->data[b->len], '\0');
        assert_true(b->len <= b->max);
        assert_true(b->alloc == 0 ? b->len == 0 : b->len < b->alloc);
        assert_true(b->alloc <= b->max + 1 || b->alloc == 64);
}

static void appends_grow(void **state)
{
        struct buf b = BUF_INIT(100000);

        assert_sane(&b);
        assert_string_equal(b.data, "");
        for (int i = 0; i < 10000; i++) {
                assert_int_equal(buf_printf(&b, "%d,", i % 10), 0);
                assert_sane(&b);
        }
        assert_int_equal(b.len, 20000);
        assert_memory_equal(b.data + 19996, "8,9,", 5);
        buf_done(&b);
        assert_sane(&b);
        assert_int_equal(b.max, 100000);
}

static void the_maximum_holds_and_its_error_sticks(void **state)
{
        struct buf b = BUF_INIT(5);

        assert_int_equal(buf_puts(&b, "12345"), 0);
        assert_int_equal(buf_putc(&b, '6'), -EFBIG);
        assert_sane(&b);
        assert_string_equal(b.data, "12345");
        buf_truncate(&b, 1);
        assert_int_equal(buf_putc(&b, '2'), -EFBIG);
        assert_int_equal(buf_printf(&b, "2"), -EFBIG);
        assert_int_equal(b.error, -EFBIG);
        assert_string_equal(b.data, "1");
        buf_reset(&b);
        assert_int_equal(buf_printf(&b, "%s", "abcdef"), -EFBIG);
        assert_string_equal(b.data, "");
        assert_sane(&b);
        buf_reset(&b);
        assert_int_equal(buf_printf(&b, "%s", "abcde"), 0);
        assert_string_equal(b.data, "abcde");
        assert_int_equal(buf_printf(&b, "%s", ""), 0);
        buf_done(&b);
}

static void printf_respects_the_maximum_inside_the_allocation(void **state)
{
        struct buf b = BUF_INIT(3);

        buf_puts(&b, "ab"); /* allocates more than 3 */
        assert_int_equal(buf_printf(&b, "cd"), -EFBIG);
        assert_string_equal(b.data, "ab");
        assert_sane(&b);
        buf_done(&b);
}

static void huge_sizes_do_not_wrap(void **state)
{
        struct buf b = BUF_INIT(SIZE_MAX), c = BUF_INIT(SIZE_MAX - 1);

        assert_int_equal(buf_reserve(&b, 1), -EFBIG);
        buf_puts(&c, "x");
        assert_int_equal(buf_reserve(&c, SIZE_MAX - 1), -EFBIG);
        buf_done(&b);
        buf_done(&c);
}

static void bytes_move(void **state)
{
        struct buf b = BUF_INIT(100);

        buf_append(&b, "a--\0b!", 6);
        assert_int_equal(b.len, 6);
        assert_memory_equal(b.data, "a--\0b!", 7);
        buf_consume(&b, 4);
        assert_string_equal(b.data, "b!");
        buf_truncate(&b, 9);
        assert_string_equal(b.data, "b!");
        buf_consume(&b, 2);
        assert_sane(&b);
        buf_consume(&b, 0);
        assert_int_equal(buf_append(&b, NULL, 0), 0);
        buf_done(&b);
        buf_consume(&b, 0);
        assert_sane(&b);
}

static void steal_leaves_an_empty_buffer(void **state)
{
        struct buf b = BUF_INIT(100);
        char *s = NULL;
        size_t n = 9;

        assert_int_equal(buf_steal(&b, &s, &n), 0);
        assert_string_equal(s, "");
        assert_int_equal(n, 0);
        free(s);
        buf_puts(&b, "mine");
        assert_int_equal(buf_steal(&b, &s, NULL), 0);
        assert_string_equal(s, "mine");
        assert_sane(&b);
        assert_int_equal(b.len, 0);
        free(s);
        s = NULL;
        b.max = 2;
        buf_puts(&b, "too long");
        assert_int_equal(buf_steal(&b, &s, NULL), -EFBIG);
        assert_null(s);
        assert_int_equal(b.error, 0);
}

static void columns_count_characters_of_the_last_line(void **state)
{
        struct buf b = BUF_INIT(100);

        buf_puts(&b, "longer than that\n\xC3\xA9\xC3\xA9");
        buf_pad_to_column(&b, 5, 1);
        buf_puts(&b, "x");
        assert_string_equal(b.data, "longer than that\n\xC3\xA9\xC3\xA9   x");
        buf_pad_to_column(&b, 3, 2);
        buf_puts(&b, "y\n");
        buf_pad_to_column(&b, 2, 0);
        assert_string_equal(b.data, "longer than that\n\xC3\xA9\xC3\xA9   x  y\n  ");
        buf_done(&b);
}

static void secrets_move_and_compare(void **state)
{
        struct secret a = { 0 }, b = { 0 };

        assert_true(secret_is_empty(&a));
        assert_string_equal(secret_reveal(&a), "");
        assert_true(secret_equal(&a, &b));
        assert_int_equal(secret_set(&a, "token", 5), 0);
        assert_false(secret_equal(&a, &b));
        assert_int_equal(secret_set(&b, "tokem", 5), 0);
        assert_false(secret_equal(&a, &b));
        assert_int_equal(secret_set(&a, secret_reveal(&a), secret_len(&a) - 2), 0);
        assert_string_equal(secret_reveal(&a), "tok");
        secret_move(&b, &a);
        assert_true(secret_is_empty(&a));
        assert_string_equal(secret_reveal(&b), "tok");
        assert_int_equal(secret_len(&b), 3);
        secret_move(&b, &b);
        assert_int_equal(secret_len(&b), 3);
        secret_done(&b);
        secret_done(&b);
        secret_done(NULL);
}

static const struct utf8_row {
        const char *name, *bytes;
        size_t valid, count;
} utf8_rows[] = {
        { "ascii", "abc", 3, 3 },
        { "two, three and four bytes", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 9, 3 },
        { "the last character", "\xF4\x8F\xBF\xBF", 4, 1 },
        { "above the last character", "\xF4\x90\x80\x80", 0, 4 },
        { "overlong slash", "a\xC0\xAF", 1, 3 },
        { "overlong in three bytes", "\xE0\x80\xAF", 0, 3 },
        { "overlong in four bytes", "\xF0\x80\x80\xAF", 0, 4 },
        { "a surrogate", "ab\xED\xA0\x80", 2, 5 },
        { "a lone continuation", "\x80", 0, 1 },
        { "cut off in two", "\xC3", 0, 1 },
        { "cut off in three", "x\xE2\x82", 1, 3 },
        { "cut off in four", "\xF0\x9F\x98", 0, 3 },
        { "latin-1", "caf\xE9 x", 3, 6 },
};

static void utf8_knows_characters(void **state)
{
        const struct utf8_row *row = test_row(state);
        size_t n = strlen(row->bytes);

        assert_int_equal(utf8_valid_prefix(row->bytes, n), row->valid);
        assert_int_equal(utf8_count(row->bytes, n), row->count);
        for (size_t max = 0; max <= n; max++) {
                size_t cut = utf8_cut(row->bytes, n, max);

                assert_in_range(cut, max > 3 ? max - 3 : 0, max);
                if (row->valid == n)
                        assert_int_equal(utf8_valid_prefix(row->bytes, cut), cut);
        }
}

int main(void)
{
        TEST(appends_grow);
        TEST(the_maximum_holds_and_its_error_sticks);
        TEST(printf_respects_the_maximum_inside_the_allocation);
        TEST(huge_sizes_do_not_wrap);
        TEST(bytes_move);
        TEST(steal_leaves_an_empty_buffer);
        TEST(columns_count_characters_of_the_last_line);
        TEST(secrets_move_and_compare);
        TEST_ROWS(utf8_knows_characters, utf8_rows);
        return test_run("buf");
}
