/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify_rules.h"

#include "tests/support/test.h"

/* Writes the targets as "path [name] bits", one a line, in the order of their keys. */
static int by_key(const void *a, const void *b)
{
        const struct notify_target *const *x = a, *const *y = b;
        int r = strcmp((*x)->key, (*y)->key);

        return r != 0 ? r
                      : strcmp((*x)->key + strlen((*x)->key) + 1,
                                (*y)->key + strlen((*y)->key) + 1);
}

static void print_targets(struct notify_target *set, char *out, size_t size)
{
        struct notify_target *sorted[128], *t, *tmp;
        size_t n = 0, len = 0;

        HASH_ITER (hh, set, t, tmp) {
                assert_true(n < ARRAY_SIZE(sorted));
                sorted[n++] = t;
        }
        qsort(sorted, n, sizeof(*sorted), by_key);
        for (size_t i = 0; i < n; i++)
                len += (size_t)snprintf(out + len, size - len, "/%s%s%s%s%s%s%s%s%s\n",
                        sorted[i]->key, sorted[i]->name != NULL ? " " : "",
                        sorted[i]->name != NULL ? sorted[i]->name : "",
                        sorted[i]->tell & TELL_FILES ? " files" : "",
                        sorted[i]->tell & TELL_AGGREGATES ? " aggregates" : "",
                        sorted[i]->tell & TELL_LOGS ? " logs" : "",
                        sorted[i]->tell & TELL_CHILDREN ? " children" : "",
                        sorted[i]->tell & TELL_NAME ? " name" : "",
                        sorted[i]->tell & TELL_BELOW ? " below" : "");
}

static const struct row {
        const char *name;
        struct change changes[3];
        size_t n;
        const char *targets;
} rows[] = {
        { "the log grew", { { .kind = CHANGE_EVENTS } }, 1, "/ logs\n" },
        { "a fleet's files", { { .kind = CHANGE_FLEET, .fleet = "prod" } }, 1,
                "/ aggregates\n/prod files\n/prod/.trash files children\n" },
        { "a fleet came", { { .kind = CHANGE_FLEET, .fleet = "prod", .listing = true } }, 1,
                "/ aggregates\n/ prod name\n/prod files\n/prod/.trash files children\n" },
        { "a cluster, told twice",
                { { .kind = CHANGE_MEMBER, .fleet = "prod", .member = "eu" },
                        { .kind = CHANGE_MEMBER, .fleet = "prod", .member = "eu" } },
                2,
                "/ aggregates\n/prod files\n/prod/clusters eu name\n/prod/clusters/eu files\n" },
        { "a Velero object",
                { { .kind = CHANGE_VELERO,
                        .fleet = "prod",
                        .member = "eu",
                        .velero_kind = VELERO_LOCATION,
                        .name = "default" } },
                1, "/prod/clusters/eu files\n/prod/clusters/eu/storage/default files\n" },
        { "a task of a restore",
                { { .kind = CHANGE_TASK,
                        .fleet = "p",
                        .object_kind = OBJECT_RESTORE,
                        .name = "undo",
                        .run = "20260901-020003Z",
                        .member = "eu" } },
                1,
                "/p/restores/undo files\n/p/restores/undo/clusters eu name\n/p/restores/undo/clusters/eu files\n"
                "/p/restores/undo/runs/20260901-020003Z files\n"
                "/p/restores/undo/runs/20260901-020003Z/clusters eu name\n"
                "/p/restores/undo/runs/20260901-020003Z/clusters/eu files\n" },
        { "a new run",
                { { .kind = CHANGE_RUN,
                        .fleet = "p",
                        .object_kind = OBJECT_BACKUP,
                        .name = "n",
                        .run = "20260901-020003Z",
                        .listing = true } },
                1,
                "/p/backups/n files\n/p/backups/n/clusters children below\n/p/backups/n/runs files\n"
                "/p/backups/n/runs 20260901-020003Z name\n/p/backups/n/runs/20260901-020003Z files\n" },
};

static void makes_targets(void **state)
{
        const struct row *c = test_row(state);
        struct notify_target *set = NULL;
        char text[4096] = "";

        assert_int_equal(notify_targets(&set, c->changes, c->n), 0);
        print_targets(set, text, sizeof(text));
        notify_targets_done(&set);
        assert_null(set);
        assert_text(text, c->targets);
}

/* Names as long as they may be are not cut. */
static void has_room_for_long_names(void **state)
{
        struct change c = { .kind = CHANGE_TASK, .object_kind = OBJECT_MIGRATION };
        struct notify_target *set = NULL, *t, *tmp;
        size_t longest = 0;

        (void)state;
        memset(c.fleet, 'f', sizeof(c.fleet) - 1);
        memset(c.member, 'm', sizeof(c.member) - 1);
        memset(c.name, 'n', sizeof(c.name) - 1);
        memset(c.run, 'r', sizeof(c.run) - 1);
        assert_int_equal(notify_targets(&set, &c, 1), 0);
        HASH_ITER (hh, set, t, tmp)
                if (strlen(t->key) > longest)
                        longest = strlen(t->key);
        notify_targets_done(&set);
        assert_int_equal(longest, 63 + 1 + strlen("migrations/") + 255 + strlen("/runs/") + 16 +
                                          strlen("/clusters/") + 63);
}

/* ---------------------------------------------------------------- tables without a rule */

static int render(const struct subject *s, struct buf *out)
{
        (void)s;
        return buf_puts(out, "x\n");
}

static bool find(const struct subject *dir, const char *name, struct subject *child)
{
        (void)dir;
        (void)name;
        (void)child;
        return false;
}

static bool next(const struct subject *dir, struct node_cursor *cursor)
{
        (void)dir;
        (void)cursor;
        return false;
}

static const struct node_row watched_rows[] = { FILE_ROW(
        "phase", render, .flags = NODE_WATCHED, .help = "x") };
static const struct node_table watched_table = NODE_TABLE(watched_rows);
static const struct node_row const_rows[] = { FILE_ROW(
        "README.txt", render, .flags = NODE_CONST, .help = "x") };
static const struct node_table const_table = NODE_TABLE(const_rows);
static const struct node_row const_child = { .kind = NODE_DIR, .table = &const_table };
static const struct node_row clusters_rows[] = { LIST_ROW(find, next, const_child, .help = "x") };
static const struct node_table clusters_table = NODE_TABLE(clusters_rows);
static const struct node_row told_rows[] = {
        DIR_ROW("clusters", clusters_table, .help = "x"),
        DIR_ROW("templates", const_table, .help = "x"),
};
static const struct node_row untold_file_rows[] = { DIR_ROW("news", watched_table, .help = "x") };
static const struct node_row untold_list_rows[] = { DIR_ROW(
        "guests", clusters_table, .help = "x") };
static const struct node_row fixed_list_row[] = { LIST_ROW(
        find, next, const_child, .flags = NODE_CONST, .help = "x") };
static const struct node_table fixed_list_table = NODE_TABLE(fixed_list_row);
static const struct node_row fixed_rows[] = { DIR_ROW("guests", fixed_list_table, .help = "x") };

static const struct judged {
        const char *name;
        const struct node_row *rows;
        size_t n;
        const char *fault;
} judged[] = {
        { "rules: all are looked at", told_rows, 2, NULL },
        { "rules: a file that nobody looks at", untold_file_rows, 1,
                "/*/news: it has rows that change" },
        { "rules: names that nobody looks at", untold_list_rows, 1,
                "/*/guests: it has rows that change" },
        { "rules: names that never change", fixed_rows, 1, NULL },
};

static void judges(void **state)
{
        const struct judged *c = test_row(state);
        struct node_table fleet = { .rows = c->rows, .n = c->n };
        struct node_row shape = { .kind = NODE_DIR, .table = &fleet };
        struct node_row list = LIST_ROW(find, next, shape, .help = "x");
        struct node_table root = { .rows = &list, .n = 1 };
        struct err err = ERR_INIT;
        int r = notify_rules_check(&root, &err);

        if (c->fault == NULL)
                assert_ok(r, &err);
        else
                assert_err(&err, -EINVAL, c->fault);
}

int main(void)
{
        TEST_ROWS(makes_targets, rows);
        TEST(has_room_for_long_names);
        TEST_ROWS(judges, judged);
        return test_run("notify_rules");
}
