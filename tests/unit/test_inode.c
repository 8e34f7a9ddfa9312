/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/inode.h"

#include "tests/support/test.h"

static const struct node_row file_row = { .kind = NODE_FILE };
static const struct node_row dir_row = { .kind = NODE_DIR };
static const struct node_row log_row = { .kind = NODE_LOG };

static struct inode_table table;

static int table_setup(void **state)
{
        struct err err = ERR_INIT;

        (void)state;
        return inode_table_init(&table, NULL, NULL, &err);
}

static int table_teardown(void **state)
{
        (void)state;
        inode_table_done(&table);
        return 0;
}

static struct inode *enter(
        struct inode *parent, const char *name, const struct node_row *row, const char *bytes)
{
        struct inode_version v = {
                .row = row,
                .mode = row->kind == NODE_DIR ? S_IFDIR | 0700 : S_IFREG | 0600,
                .bytes = bytes != NULL ? strdup(bytes) : NULL,
                .len = bytes != NULL ? strlen(bytes) : 0,
        };
        struct inode *i = NULL;

        assert_int_equal(inode_enter(&table, parent, name, &v, &i), 0);
        inode_version_done(&v, &table);
        return i;
}

static void same_bytes_are_the_same_inode(void **state)
{
        struct inode *a = enter(table.root, "phase", &file_row, "Completed\n");
        struct inode *b = enter(table.root, "phase", &file_row, "Completed\n");

        (void)state;
        assert_ptr_equal(a, b);
        assert_int_equal(a->synced.lookups, 2);
        assert_int_equal(table.count, 1);
}

static void other_bytes_are_another_inode(void **state)
{
        struct inode *a = enter(table.root, "phase", &file_row, "InProgress\n");
        struct inode *b = enter(table.root, "phase", &file_row, "Completed\n");

        (void)state;
        assert_ptr_not_equal(a, b);
        assert_int_not_equal(a->id, b->id);
        assert_int_not_equal(a->ino, b->ino);
        /* Who holds the old one still reads it. */
        assert_string_equal(a->bytes, "InProgress\n");
        assert_ptr_equal(inode_get(&table, a->id), a);
        inode_forget(&table, a, 1);
        assert_int_equal(table.count, 1);
        assert_ptr_equal(inode_get(&table, b->id), b);
}

static void a_number_is_never_used_again(void **state)
{
        uint64_t first = enter(table.root, "phase", &file_row, "a")->id;

        (void)state;
        inode_forget_id(&table, first, 1);
        assert_null(inode_get(&table, first));
        assert_int_not_equal(enter(table.root, "phase", &file_row, "a")->id, first);
}

/* st_ino is a function of path and content: the same after everything was forgotten, and after a
 * remount. */
static void st_ino_is_stable(void **state)
{
        uint64_t file = enter(table.root, "phase", &file_row, "a")->ino;
        uint64_t dir = enter(table.root, "prod", &dir_row, NULL)->ino;

        inode_table_done(&table);
        assert_int_equal(table_setup(state), 0);
        assert_int_equal(enter(table.root, "phase", &file_row, "a")->ino, file);
        assert_int_equal(enter(table.root, "prod", &dir_row, NULL)->ino, dir);
        assert_int_equal(inode_path_ino(table.root, "prod"), dir);
        assert_int_not_equal(enter(table.root, "Prod", &dir_row, NULL)->ino, dir);
}

static void a_superseded_name_gets_a_new_inode(void **state)
{
        struct inode *a = enter(table.root, "status.txt", &file_row, "x");

        (void)state;
        inode_supersede(&table, table.root, "status.txt");
        assert_null(inode_current(&table, table.root, "status.txt"));
        assert_ptr_not_equal(enter(table.root, "status.txt", &file_row, "x"), a);
        inode_supersede(&table, table.root, "nobody has heard of it");
}

static void a_child_keeps_its_folders(void **state)
{
        struct inode *dir = enter(table.root, "prod", &dir_row, NULL);
        struct inode *sub = enter(dir, "clusters", &dir_row, NULL);
        struct inode *file = enter(sub, "phase", &file_row, "x");

        (void)state;
        inode_forget(&table, dir, 1);
        inode_forget(&table, sub, 1);
        assert_int_equal(table.count, 3);
        assert_string_equal(file->parent->parent->name, "prod");
        inode_forget(&table, file, 1);
        assert_int_equal(table.count, 0);
}

static void a_reference_outlives_the_kernels(void **state)
{
        struct inode *i = inode_ref(&table, enter(table.root, "x", &file_row, "x"));

        (void)state;
        inode_forget(&table, i, 1);
        assert_int_equal(table.count, 1);
        assert_null(inode_unref(&table, i));
        assert_int_equal(table.count, 0);
}

static void the_kernel_cannot_forget_more_than_it_was_told(void **state)
{
        struct inode *i = enter(table.root, "x", &file_row, "x");

        (void)state;
        inode_forget(&table, i, 1000);
        assert_int_equal(table.count, 0);
        inode_forget_id(&table, 1, 5); /* the root stays */
        assert_non_null(inode_get(&table, 1));
        inode_forget_id(&table, 4711, 1);
}

static void finds_directories_by_name_only(void **state)
{
        const char *const path[] = { "prod", "clusters" }, *const file[] = { "prod", "phase" };
        struct inode *dir = enter(table.root, "prod", &dir_row, NULL);
        struct inode *sub = enter(dir, "clusters", &dir_row, NULL), *found;

        (void)state;
        (void)enter(dir, "phase", &file_row, "x");
        found = inode_find(&table, path, 2);
        assert_ptr_equal(found, sub);
        (void)inode_unref(&table, found);
        assert_null(inode_find(&table, file, 2));
        found = inode_find(&table, NULL, 0);
        assert_ptr_equal(found, table.root);
        (void)inode_unref(&table, found);
}

static void lists_the_children_that_are_current(void **state)
{
        _cleanup_(freep) char *names = NULL;
        size_t n = 0;

        (void)state;
        (void)enter(table.root, "a", &file_row, "1");
        (void)enter(table.root, "a", &file_row, "2");
        (void)enter(table.root, "b", &file_row, "1");
        (void)enter(table.root, "c", &file_row, "1");
        inode_supersede(&table, table.root, "b");
        assert_int_equal(inode_children(&table, table.root, &names), 0);
        for (const char *p = names; *p != '\0'; p += strlen(p) + 1) {
                assert_true(strcmp(p, "a") == 0 || strcmp(p, "c") == 0);
                n++;
        }
        assert_int_equal(n, 2);
}

static void a_log_is_one_inode_per_generation(void **state)
{
        struct inode_version v = {
                .row = &log_row, .mode = S_IFREG | 0600, .size = 10, .generation = 1
        };
        struct inode *a, *b, *c;

        (void)state;
        assert_int_equal(inode_enter(&table, table.root, "events.jsonl", &v, &a), 0);
        v.size = 20;
        assert_int_equal(inode_enter(&table, table.root, "events.jsonl", &v, &b), 0);
        assert_ptr_equal(a, b);
        v.generation = 2;
        assert_int_equal(inode_enter(&table, table.root, "events.jsonl", &v, &c), 0);
        assert_ptr_not_equal(a, c);
        assert_int_not_equal(a->ino, c->ino);
}

int main(void)
{
        TEST_WITH(same_bytes_are_the_same_inode, table_setup, table_teardown);
        TEST_WITH(other_bytes_are_another_inode, table_setup, table_teardown);
        TEST_WITH(a_number_is_never_used_again, table_setup, table_teardown);
        TEST_WITH(st_ino_is_stable, table_setup, table_teardown);
        TEST_WITH(a_superseded_name_gets_a_new_inode, table_setup, table_teardown);
        TEST_WITH(a_child_keeps_its_folders, table_setup, table_teardown);
        TEST_WITH(a_reference_outlives_the_kernels, table_setup, table_teardown);
        TEST_WITH(the_kernel_cannot_forget_more_than_it_was_told, table_setup, table_teardown);
        TEST_WITH(finds_directories_by_name_only, table_setup, table_teardown);
        TEST_WITH(lists_the_children_that_are_current, table_setup, table_teardown);
        TEST_WITH(a_log_is_one_inode_per_generation, table_setup, table_teardown);
        return test_run("inode");
}
