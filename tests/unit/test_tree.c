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

int main(void)
{
        TEST(tables_are_sound);
        TEST(every_change_is_told);
        return test_run("tree");
}
