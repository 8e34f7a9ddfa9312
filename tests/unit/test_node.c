/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/node.h"

#include "fs/inode.h"
#include "fs/listing.h"
#include "fs/session.h"
#include "tests/support/node_walk.h"
#include "tests/support/test.h"

static int render_text(const struct subject *s, struct buf *out)
{
        return buf_printf(out, "%d\n", s->row->arg);
}

static int render_half(const struct subject *s, struct buf *out)
{
        (void)s;
        (void)buf_puts(out, "half");
        return -EIO;
}

static bool never(const struct subject *s)
{
        (void)s;
        return false;
}

static bool find_fleet(const struct subject *dir, const char *name, struct subject *child)
{
        child->fleet = model_fleet(dir->model, name);
        return child->fleet != NULL;
}

static bool next_fleet(const struct subject *dir, struct node_cursor *cursor)
{
        const struct fleet *f = cursor->at != NULL ? ((const struct fleet *)cursor->at)->hh.next
                                                   : dir->model->fleets;

        cursor->at = f;
        cursor->name = f != NULL ? f->name : NULL;
        return f != NULL;
}

static int64_t fleet_mtime(const struct subject *s)
{
        return s->fleet->changed;
}

static void enter_schedules(struct subject *s)
{
        s->velero_kind = VELERO_SCHEDULE;
}

static const struct node_row inner_rows[] = {
        FILE_ROW("deep", render_text, .flags = NODE_CONST, .arg = 3, .help = "a file"),
};
static const struct node_table inner_table = NODE_TABLE(inner_rows);
static const struct node_row fleet_rows[] = {
        FILE_ROW("one", render_text, .flags = NODE_CONST, .arg = 1, .help = "a file"),
        FILE_ROW("gone", render_text, .flags = NODE_CONST, .shown = never,
                .help = "a file that is not shown"),
        FILE_ROW(
                "half", render_half, .flags = NODE_CONST, .help = "a file that cannot be rendered"),
        DIR_ROW("inner", inner_table, .folder = FOLDER_BACKUPS, .enter = enter_schedules,
                .help = "a folder"),
        CTL_ROW("ctl", render_text, .help = "verbs"),
        USER_ROW(.help = "the user's files"),
};
static const struct node_table fleet_table = NODE_TABLE(fleet_rows);
static const struct node_row fleet_row = {
        .kind = NODE_DIR, .table = &fleet_table, .mtime = fleet_mtime, .help = "a fleet"
};
static const struct node_row root_rows[] = {
        FILE_ROW("README.txt", render_text, .flags = NODE_CONST, .help = "what to do"),
        LIST_ROW(find_fleet, next_fleet, fleet_row, .help = "one folder per fleet"),
};
static const struct node_table test_root = NODE_TABLE(root_rows);

static struct model model;

static int model_setup(void **state)
{
        struct err err = ERR_INIT;

        (void)state;
        if (model_init(&model, &err) < 0)
                return -1;
        model.started = 77;
        model_write_begin(&model);
        model_add_fleet(&model, "prod")->changed = 1234;
        model_add_fleet(&model, "test")->changed = 0;
        model_write_end(&model);
        return 0;
}

static int model_teardown(void **state)
{
        (void)state;
        model_done(&model);
        return 0;
}

static const struct walk {
        const char *name;
        const char *path[4];
        bool read_only;
        int result;
        enum node_kind kind;
} walks[] = {
        { "walk: the root", .kind = NODE_DIR },
        { "walk: a row", { "README.txt" }, .kind = NODE_FILE },
        { "walk: a list's child", { "prod" }, .kind = NODE_DIR },
        { "walk: below a list's child", { "prod", "inner", "deep" }, .kind = NODE_FILE },
        { "walk: no such name", { "staging" }, .result = -ENOENT },
        { "walk: no such name below", { "prod", "inner", "shallow" }, .result = -ENOENT },
        { "walk: a row that is not shown", { "prod", "gone" }, .result = -ENOENT },
        { "walk: through a file", { "README.txt", "x" }, .result = -ENOTDIR },
        { "walk: ctl", { "prod", "ctl" }, .kind = NODE_CTL },
        { "walk: no ctl on a read-only mount", { "prod", "ctl" }, .read_only = true,
                .result = -ENOENT },
};

static void walks_to(void **state)
{
        const struct walk *w = test_row(state);
        struct node_root root = { .table = &test_root, .model = &model, .read_only = w->read_only };
        struct node n;
        size_t depth = 0;

        while (depth < ARRAY_SIZE(w->path) && w->path[depth] != NULL)
                depth++;
        assert_int_equal(node_walk(&root, w->path, depth, &n), w->result);
        if (w->result == 0)
                assert_int_equal(n.row->kind, w->kind);
}

static void fills_the_subject_on_the_way(void **state)
{
        const char *const path[] = { "prod", "inner", "deep" };
        struct node_root root = { .table = &test_root, .model = &model };
        _cleanup_(buf_done) struct buf b = BUF_INIT(100);
        struct node n;

        (void)state;
        assert_int_equal(node_walk(&root, path, 3, &n), 0);
        assert_string_equal(n.subject.fleet->name, "prod");
        assert_int_equal(n.subject.folder, FOLDER_BACKUPS);
        assert_int_equal(n.subject.velero_kind, VELERO_SCHEDULE);
        assert_int_equal(node_mtime(&n), 1234);
        assert_int_equal(node_mode(&n), S_IFREG | 0600);
        assert_int_equal(node_render(&n, &b), 0);
        assert_string_equal(b.data, "3\n");
}

static void falls_back_to_the_start_of_the_model(void **state)
{
        const char *const path[] = { "test" };
        struct node_root root = { .table = &test_root, .model = &model };
        struct node n;

        (void)state;
        assert_int_equal(node_walk(&root, path, 1, &n), 0);
        assert_int_equal(node_mtime(&n), 77);
        assert_int_equal(node_mode(&n), S_IFDIR | 0700);
}

static void leaves_nothing_of_a_failed_rendering(void **state)
{
        const char *const path[] = { "prod", "half" };
        struct node_root root = { .table = &test_root, .model = &model };
        struct buf b = BUF_INIT(100);
        struct node n;

        (void)state;
        (void)buf_puts(&b, "before ");
        assert_int_equal(node_walk(&root, path, 2, &n), 0);
        assert_int_equal(node_render(&n, &b), -EIO);
        assert_string_equal(b.data, "before ");
        buf_done(&b);
}

static int collect(void *arg, const char *name, const struct node_row *row, uint64_t order)
{
        (void)row;
        assert_true(order > 2);
        assert_true(order >> 63 == 0);
        (void)buf_printf(arg, "%s ", name);
        return 0;
}

static void lists_what_it_finds(void **state)
{
        const char *const path[] = { "prod" };
        struct node_root root = { .table = &test_root, .model = &model };
        struct buf b = BUF_INIT(1000);
        struct node n;

        (void)state;
        node_root(&root, &n);
        assert_int_equal(node_list(&n, collect, &b), 0);
        assert_string_equal(b.data, "README.txt prod test ");
        assert_null(node_user_row(&n));
        buf_reset(&b);
        assert_int_equal(node_walk(&root, path, 1, &n), 0);
        assert_int_equal(node_list(&n, collect, &b), 0);
        assert_string_equal(b.data, "one half inner ctl ");
        assert_non_null(node_user_row(&n));
        buf_done(&b);
}

/* ---------------------------------------------------------------- judging tables */

static const struct node_row bad_link_shape =
        LINK_ROW(NULL, render_text, .flags = NODE_CONST, .help = "a link");
static const struct node_row bad_ctl_shape = {
        .kind = NODE_CTL, .render = render_text, .help = "verbs"
};

#define ROWS(...)           \
        {                   \
                __VA_ARGS__ \
        }
static const struct judged {
        const char *name;
        struct node_row rows[3];
        size_t n;
        const char *fault; /* NULL: none */
} judged[] = {
        { "judge: a good table",
                ROWS(FILE_ROW("a", render_text, .flags = NODE_WATCHED, .help = "x")), 1, NULL },
        { "judge: no help", ROWS(FILE_ROW("a", render_text, .flags = NODE_WATCHED)), 1,
                "/a (FILE): it has no help" },
        { "judge: a slash", ROWS(FILE_ROW("a/b", render_text, .flags = NODE_CONST, .help = "x")), 1,
                "no file name" },
        { "judge: no name", ROWS(FILE_ROW(NULL, render_text, .flags = NODE_CONST, .help = "x")), 1,
                "/* (FILE): it has a name" },
        { "judge: a doubled name",
                ROWS(FILE_ROW("a", render_text, .flags = NODE_CONST, .help = "x"),
                        DIR_ROW("a", inner_table, .help = "x")),
                2, "its name is taken" },
        { "judge: no flag of change", ROWS(FILE_ROW("a", render_text, .help = "x")), 1,
                "exactly one of" },
        { "judge: two flags of change",
                ROWS(FILE_ROW("a", render_text, .flags = NODE_CONST | NODE_WATCHED, .help = "x")),
                1, "exactly one of" },
        { "judge: no render", ROWS(LINK_ROW("a", NULL, .flags = NODE_CONST, .help = "x")), 1,
                "render is missing" },
        { "judge: no ready", ROWS(WAIT_ROW("wait", NULL, render_text, .help = "x")), 1,
                "ready or log is missing" },
        { "judge: a list of links",
                ROWS(LIST_ROW(find_fleet, next_fleet, bad_link_shape, .help = "x")), 1, NULL },
        { "judge: a list of ctls",
                ROWS(LIST_ROW(find_fleet, next_fleet, bad_ctl_shape, .help = "x")), 1,
                "can only be DIR, LINK or FILE" },
        { "judge: a list without next",
                ROWS(LIST_ROW(find_fleet, NULL, bad_link_shape, .help = "x")), 1,
                "find, next or child" },
        { "judge: two writers", ROWS(USER_ROW(.help = "x"), USER_ROW(.help = "x")), 2,
                "the second of its directory" },
};

static void judges(void **state)
{
        const struct judged *c = test_row(state);
        struct node_table table = { .rows = c->rows, .n = c->n };
        struct err err = ERR_INIT;
        int r = node_table_check(&table, &err);

        if (c->fault == NULL)
                assert_ok(r, &err);
        else
                assert_err(&err, -EINVAL, c->fault);
}

static void passes_its_own_tables(void **state)
{
        struct err err = ERR_INIT;

        (void)state;
        assert_ok(node_table_check(&test_root, &err), &err);
}

/* ---------------------------------------------------------------- listings */

static void goes_on_after_an_offset(void **state)
{
        struct session s = { .model = &model };
        struct node_root root = { .table = &test_root, .model = &model };
        struct listing *l = NULL;
        struct node n;

        (void)state;
        node_root(&root, &n);
        assert_int_equal(listing_new(&l, &s, &n), 0);
        assert_int_equal(l->n, 3);
        assert_string_equal(l->entries[0].name, "README.txt");
        assert_int_equal(listing_after(l, 0), 0);
        assert_int_equal(listing_after(l, 2), 0);
        for (size_t i = 0; i < l->n; i++)
                assert_int_equal(listing_after(l, l->entries[i].order), i + 1);
        (void)listing_free(l);
}

/* A name keeps its offset whatever else comes and goes. */
static void keeps_offsets_when_names_come(void **state)
{
        struct session s = { .model = &model };
        struct node_root root = { .table = &test_root, .model = &model };
        uint64_t before = node_order(NODE_ORDER_LISTS, "prod");
        struct listing *l = NULL;
        struct node n;
        size_t found = 0;

        (void)state;
        model_write_begin(&model);
        for (int i = 0; i < 1000; i++) {
                char name[16];

                snprintf(name, sizeof(name), "fleet-%d", i);
                assert_non_null(model_add_fleet(&model, name));
        }
        model_write_end(&model);
        node_root(&root, &n);
        assert_int_equal(listing_new(&l, &s, &n), 0);
        assert_int_equal(l->n, 1003);
        for (size_t i = 0; i < l->n; i++) {
                if (i > 0)
                        assert_true(l->entries[i].order > l->entries[i - 1].order);
                if (strcmp(l->entries[i].name, "prod") == 0) {
                        assert_int_equal(l->entries[i].order, before);
                        found++;
                }
        }
        assert_int_equal(found, 1);
        (void)listing_free(l);
}

int main(void)
{
        TEST_ROWS_WITH(walks_to, walks, model_setup, model_teardown);
        TEST_WITH(fills_the_subject_on_the_way, model_setup, model_teardown);
        TEST_WITH(falls_back_to_the_start_of_the_model, model_setup, model_teardown);
        TEST_WITH(leaves_nothing_of_a_failed_rendering, model_setup, model_teardown);
        TEST_WITH(lists_what_it_finds, model_setup, model_teardown);
        TEST_ROWS(judges, judged);
        TEST(passes_its_own_tables);
        TEST_WITH(goes_on_after_an_offset, model_setup, model_teardown);
        TEST_WITH(keeps_offsets_when_names_come, model_setup, model_teardown);
        return test_run("node");
}
