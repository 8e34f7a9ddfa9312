/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/base64.h"

#include "base/buf.h"
#include "base/secret.h"
#include "tests/support/test.h"

struct base64_row {
        const char *name;
        const char *encoded;
        const char *bytes; /* NULL: -EINVAL */
        size_t len;
        bool other; /* encoding gives another text */
};

static const struct base64_row rows[] = {
        { "nothing", "", "", 0, false },
        { "one byte", "Zg==", "f", 1, false },
        { "two bytes", "Zm8=", "fo", 2, false },
        { "three bytes", "Zm9v", "foo", 3, false },
        { "four bytes", "Zm9vYg==", "foob", 4, false },
        { "six bytes", "Zm9vYmFy", "foobar", 6, false },
        { "NUL and high bytes", "AP/+", "\0\xff\xfe", 3, false },
        { "line breaks are skipped, as Go does", "Zm\r\n9v\n", "foo", 3, true },
        { "line breaks within the padding", "Zg=\n=\n", "f", 1, true },
        { "a space", "Zm 9v", NULL, 0, false },
        { "the URL alphabet", "AP_-", NULL, 0, false },
        { "no padding", "Zg", NULL, 0, false },
        { "half the padding", "Zg=", NULL, 0, false },
        { "too much padding", "Zm8==", NULL, 0, false },
        { "padding alone", "====", NULL, 0, false },
        { "padding in the middle", "Zg==Zg==", NULL, 0, false },
        { "one digit", "Z", NULL, 0, false },
        { "stray bits", "Zh==", NULL, 0, false },
};

static void decodes_and_encodes(void **state)
{
        const struct base64_row *row = test_row(state);
        struct secret secret = { 0 };
        struct buf text = BUF_INIT(64);

        assert_int_equal(secret_set(&secret, "before", 6), 0);
        assert_int_equal(base64_decode(row->encoded, strlen(row->encoded), &secret),
                row->bytes ? 0 : -EINVAL);
        if (row->bytes) {
                assert_int_equal(secret_len(&secret), row->len);
                assert_memory_equal(secret_reveal(&secret), row->bytes, row->len);
                assert_int_equal(base64_encode(row->bytes, row->len, &text), 0);
                assert_int_equal(strcmp(text.data, row->encoded) != 0, row->other);
        } else {
                assert_string_equal(secret_reveal(&secret), "before");
        }
        secret_done(&secret);
        buf_done(&text);
}

int main(void)
{
        TEST_ROWS(decodes_and_encodes, rows);
        return test_run("base64");
}
