/* SPDX-License-Identifier: Apache-2.0 */
/* The product's own tree, judged by the two checks that know what a tree must be. */
#include "fs/node.h"
#include "fs/notify_rules.h"
#include "tests/support/test.h"

static void tables_are_sound(void **state)
{
        struct err err = ERR_INIT;

        (void)state;
        assert_ok(node_table_check(&root_table, &err), &err);
}

/* A directory without a rule would show what is old for as long as the kernel keeps it. */
static void every_change_is_told(void **state)
{
        struct err err = ERR_INIT;

        (void)state;
        assert_ok(notify_rules_check(&root_table, &err), &err);
}

/* What a fleet may not be called: the files of the root, and no name of its lists. */
static void the_root_has_its_files(void **state)
{
        static const char *const files[] = { "README.txt", "version", "events.jsonl" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(files); i++)
                assert_true(node_table_has(&root_table, files[i]));
        assert_false(node_table_has(&root_table, "metrics.prom"));
        assert_false(node_table_has(&root_table, "prod"));
}

int main(void)
{
        TEST(tables_are_sound);
        TEST(every_change_is_told);
        TEST(the_root_has_its_files);
        return test_run("tree");
}
