/* SPDX-License-Identifier: Apache-2.0 */
/* What bounds a document: bytes, values, depth, aliases and anchors. */
#include "tests/unit/yaml_fixture.h"

#include <errno.h>

#include "base/buf.h"

static void refuses_what_is_too_large(void **state)
{
        const struct yaml_options small = { .max_bytes = 4 };
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(yaml_parse("a: 1\n", 5, &small, &docs, &err), -EFBIG);
        assert_err(&err, -EFBIG, "the document has 5 bytes, at most 4 are allowed");
        assert_string_equal(err.id, ERR_ID_TOO_LARGE);
        assert_int_equal(yaml_parse("a: 1", 4, &small, &docs, &err), 0);
        yaml_docs_free(docs);
}

static void refuses_too_many_values(void **state)
{
        const struct yaml_options large = { .max_bytes = 16 * MIB };
        struct buf b = BUF_INIT(16 * MIB);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        buf_putc(&b, '[');
        for (int i = 0; i < LIMIT_YAML_NODES; i++)
                buf_puts(&b, "1,");
        buf_putc(&b, ']');
        assert_int_equal(b.error, 0);
        assert_int_equal(yaml_parse(b.data, b.len, &large, &docs, &err), -EFBIG);
        assert_err(&err, -EFBIG, "the document has more than 500000 values");
        assert_string_equal(err.id, ERR_ID_TOO_LARGE);
        buf_done(&b);
}

/* "[[[…]]]" of the given depth. */
static int parse_nested(unsigned depth, const char *around, struct err *err)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        int r;

        buf_puts(&b, around);
        for (unsigned i = 0; i < depth; i++)
                buf_putc(&b, '[');
        for (unsigned i = 0; i < depth; i++)
                buf_putc(&b, ']');
        r = yaml_parse(b.data, b.len, &yaml_one_document, &docs, err);
        yaml_docs_free(docs);
        buf_done(&b);
        return r;
}

static void depth_is_bounded(void **state)
{
        struct err err = ERR_INIT;

        assert_ok(parse_nested(LIMIT_YAML_DEPTH, "", &err), &err);
        assert_int_equal(parse_nested(LIMIT_YAML_DEPTH + 1, "", &err), -EINVAL);
        assert_err(&err, -EINVAL, "values are nested more than 64 deep");
        assert_string_equal(err.id, ERR_ID_DEPTH);
        assert_int_equal(err.line, 1);
        assert_int_equal(err.column, LIMIT_YAML_DEPTH + 1);
        assert_int_equal(parse_nested(60000, "", &err), -EINVAL);
        assert_err(&err, -EINVAL, "values are nested more than 64 deep");
}

/* Each level stands inside the one before through an alias: no bracket is deep, the tree is. */
static void depth_counts_through_aliases(void **state)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        buf_puts(&b, "- &a0 [x]\n");
        for (int i = 1; i < 70; i++)
                buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "values are nested more than 64 deep");
        buf_done(&b);
}

static void alias_bombs_are_defused(void **state)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        buf_puts(&b, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for (int i = 1; i < 10; i++) {
                buf_printf(&b, "a%d: &a%d [", i, i);
                for (int j = 0; j < 10; j++)
                        buf_printf(&b, "*a%d, ", i - 1);
                buf_puts(&b, "]\n");
        }
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the aliases make the document too large");
        assert_string_equal(err.id, ERR_ID_ALIAS);
        assert_remedy(&err, "use fewer aliases");
        buf_done(&b);
}

static void large_texts_are_not_multiplied(void **state)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        buf_puts(&b, "- &a ");
        for (int i = 0; i < 100000; i++)
                buf_putc(&b, 'x');
        for (int i = 0; i < 20; i++)
                buf_puts(&b, "\n- *a");
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the aliases make the document too large");
        assert_int_equal(err.line, 12);
        buf_done(&b);
}

static void aliases_and_anchors_are_counted(void **state)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        buf_puts(&b, "- &a x\n");
        for (int i = 0; i < LIMIT_YAML_ALIASES; i++)
                buf_puts(&b, "- *a\n");
        assert_ok(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), &err);
        assert_int_equal(docs->roots[0]->cost, 1 + 2 * (LIMIT_YAML_ALIASES + 1));
        yaml_docs_free(docs);
        docs = NULL;
        buf_puts(&b, "- *a\n");
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the aliases make the document too large");

        buf_reset(&b);
        for (int i = 0; i <= LIMIT_YAML_ALIASES; i++)
                buf_printf(&b, "- &a%d x\n", i);
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the document has more than 1000 anchors");
        assert_int_equal(err.line, LIMIT_YAML_ALIASES + 1);
        buf_done(&b);
}

static void many_keys_stay_fast(void **state)
{
        struct buf b = BUF_INIT(LIMIT_POLICY_BYTES);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        for (int i = 0; i < 12000; i++)
                buf_printf(&b, "k%d: 1\n", i);
        assert_ok(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), &err);
        assert_int_equal(docs->roots[0]->n, 12000);
        yaml_docs_free(docs);
        buf_puts(&b, "k77: 1\n");
        docs = NULL;
        assert_int_equal(yaml_parse(b.data, b.len, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the key \"k77\" is given twice, first on line 78");
        assert_int_equal(err.line, 12001);
        buf_done(&b);
}

int main(void)
{
        TEST(refuses_what_is_too_large);
        TEST(refuses_too_many_values);
        TEST(depth_is_bounded);
        TEST(depth_counts_through_aliases);
        TEST(alias_bombs_are_defused);
        TEST(large_texts_are_not_multiplied);
        TEST(aliases_and_anchors_are_counted);
        TEST(many_keys_stay_fast);
        return test_run("yaml_limits");
}
