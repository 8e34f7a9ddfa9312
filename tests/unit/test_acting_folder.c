/* SPDX-License-Identifier: Apache-2.0 */
/* Migration folders: mkdir, links, policy.yaml, rmdir. The fleet has eu-1, us-1 and ap-1; lab is
 * another name of ap-1. */
#include "tests/unit/acting_fixture.h"

#include <errno.h>

#include "ops/object.h"

static int folder_setup(void **state)
{
        struct member *alias;

        fixture = (struct fixture){ .engine = NULL };
        if (test_dir_setup(state) < 0)
                return -1;
        fixture_open(test_dir(state));
        alias = fleet_add_member(fixture.fleet, "lab");
        snprintf(alias->alias_of, sizeof(alias->alias_of), "ap-1");
        return acting_mkdir(fixture.engine, "prod", "m1", NULL);
}

static int folder_teardown(void **state)
{
        fixture_close();
        return test_dir_teardown(state);
}

static struct object *m1(void)
{
        return fleet_object(fixture.fleet, OBJECT_MIGRATION, "m1");
}

static int set_link(
        const char *name, const char *text, bool replace, const char *from, struct err *err)
{
        const struct acting_link l = {
                .fleet = "prod",
                .migration = "m1",
                .target = strcmp(name, "source") != 0,
                .name = name,
        };
        int r = acting_link(fixture.engine, &l, text, "/mnt/fleet", replace, from, err);

        fixture_round();
        return r;
}

static int remove_link(const char *name)
{
        const struct acting_link l = {
                .fleet = "prod",
                .migration = "m1",
                .target = strcmp(name, "source") != 0,
                .name = name,
        };
        int r = acting_unlink_link(fixture.engine, &l, 7, NULL);

        fixture_round();
        return r;
}

/* "source>member targets…" of m1, in order. */
static const char *links(void)
{
        static char text[512];
        struct object *o = m1();
        size_t n = (size_t)snprintf(text, sizeof(text), "%s>%s",
                o->source.name != NULL ? o->source.target : "-",
                o->source.name != NULL ? o->source.member : "-");

        for (size_t i = 0; i < o->n_targets; i++)
                n += (size_t)snprintf(text + n, sizeof(text) - n, " %s=%s>%s", o->targets[i].name,
                        o->targets[i].target, o->targets[i].member);
        return text;
}

/* ---------------------------------------------------------------- where links lead */

struct resolve_row {
        const char *name, *text;
        bool target;
        const char *member; /* NULL: refused */
        const char *why;
};

static const struct resolve_row resolutions[] = {
        { "relative source", "../../clusters/eu-1", false, "eu-1", NULL },
        { "relative target", "../../../clusters/us-1", true, "us-1", NULL },
        { "trailing slash", "../../clusters/eu-1/", false, "eu-1", NULL },
        { "dots on the way", "./../..//clusters/./eu-1", false, "eu-1", NULL },
        { "way over another folder", "../../backups/../clusters/eu-1", false, "eu-1", NULL },
        { "absolute", "/mnt/fleet/prod/clusters/eu-1", true, "eu-1", NULL },
        { "the root of the mount is not left", "../../../../etc", false, NULL, "out of the mount" },
        { "absolute elsewhere", "/etc/passwd", false, NULL, "out of the mount" },
        { "mountpoint as a mere prefix", "/mnt/fleet2/prod/clusters/eu-1", false, NULL,
                "out of the mount" },
        { "another fleet", "../../../lab/clusters/eu-1", false, NULL, "out of the fleet" },
        { "not a cluster", "../../backups/nightly", false, NULL, "does not lead to a cluster" },
        { "inside a cluster", "../../clusters/eu-1/backups", false, NULL,
                "does not lead to a cluster" },
        { "all clusters", "../../clusters", false, NULL, "does not lead to a cluster" },
        { "one level too few", "../clusters/eu-1", false, NULL, "does not lead to a cluster" },
        { "empty", "", false, NULL, "does not lead to a cluster" },
        { "too deep", "a/b/c/d/e/f/g/h/i", false, NULL, "out of the mount" },
        { "no UTF-8", "../../clusters/\xff", false, NULL, "not UTF-8" },
};

static void resolves(void **state)
{
        const struct resolve_row *row = test_row(state);
        char member[FOLDER_NAME_MAX + 1] = "";
        struct err err = ERR_INIT;
        int r = acting_resolve_link(
                row->text, "prod", "m1", row->target, "/mnt/fleet/", member, &err);

        if (row->member != NULL) {
                assert_ok(r, &err);
                assert_string_equal(member, row->member);
        } else {
                assert_int_equal(r, -EINVAL);
                assert_err(&err, -EINVAL, row->why);
                assert_true(err.remedy[0] != '\0');
        }
}

/* ---------------------------------------------------------------- links */

static void links_come_back_as_written(void **state)
{
        struct err err = ERR_INIT;

        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, &err), &err);
        assert_ok(set_link("us-1", "/mnt/fleet/prod/clusters/us-1/", false, NULL, &err), &err);
        assert_ok(set_link("x", "../../../clusters/lab", false, NULL, &err), &err);
        fixture_crash(test_dir(state));
        assert_string_equal(links(),
                "../../clusters/eu-1>eu-1 us-1=/mnt/fleet/prod/clusters/us-1/>us-1 "
                "x=../../../clusters/lab>ap-1");
}

static void bad_links_are_refused(void **state)
{
        struct err err = ERR_INIT;

        assert_int_equal(set_link("source", "../../clusters/none", false, NULL, &err), -EINVAL);
        assert_string_equal(err.id, "FLT-0234");
        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, &err), &err);
        assert_int_equal(set_link("source", "../../clusters/us-1", false, NULL, &err), -EEXIST);
        assert_int_equal(set_link("eu-1", "../../../clusters/eu-1", false, NULL, &err), -EINVAL);
        assert_string_equal(err.id, "FLT-0245");
        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, &err), &err);
        assert_int_equal(set_link("source", "../../clusters/us-1", true, NULL, &err), -EINVAL);
        assert_string_equal(err.id, "FLT-0245");
        assert_int_equal(set_link("us-1", "../../../clusters/ap-1", false, NULL, &err), -EEXIST);
        assert_int_equal(set_link("again", "../../../clusters/us-1", false, NULL, &err), -EEXIST);
        assert_string_equal(err.id, "FLT-0238");
        assert_string_equal(links(), "../../clusters/eu-1>eu-1 us-1=../../../clusters/us-1>us-1");
}

static void ln_sfn_replaces(void **state)
{
        struct err err = ERR_INIT;

        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, &err), &err);
        assert_ok(set_link("source", "../../clusters/us-1", true, NULL, &err), &err);
        assert_string_equal(links(), "../../clusters/us-1>us-1");
        /* In targets/ the temporary link is a target itself before it is renamed. */
        assert_ok(set_link("t", "../../../clusters/eu-1", false, NULL, &err), &err);
        assert_ok(set_link("CuX1y2z3", "../../../clusters/ap-1", false, NULL, &err), &err);
        assert_ok(set_link("t", "../../../clusters/ap-1", true, "CuX1y2z3", &err), &err);
        assert_string_equal(links(), "../../clusters/us-1>us-1 t=../../../clusters/ap-1>ap-1");
}

static void removed_links_are_gone_and_can_be_undone(void **state)
{
        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, NULL), NULL);
        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, NULL), NULL);
        assert_ok(set_link("ap-1", "../../../clusters/ap-1", false, NULL, NULL), NULL);
        assert_ok(remove_link("source"), NULL);
        assert_ok(remove_link("us-1"), NULL);
        assert_int_equal(remove_link("us-1"), -ENOENT);
        assert_string_equal(links(), "->- ap-1=../../../clusters/ap-1>ap-1");
        acting_undo(fixture.engine, 8); /* another user's guard */
        assert_string_equal(links(), "->- ap-1=../../../clusters/ap-1>ap-1");
        acting_undo(fixture.engine, 7);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_string_equal(links(), "../../clusters/eu-1>eu-1 ap-1=../../../clusters/ap-1>ap-1 "
                                     "us-1=../../../clusters/us-1>us-1");
}

static void undo_comes_too_late_for_old_deletions(void **state)
{
        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, NULL), NULL);
        assert_ok(remove_link("us-1"), NULL);
        fixture_pass(3000);
        acting_undo(fixture.engine, 7);
        assert_string_equal(links(), "->-");
}

static void links_that_cannot_be_kept_are_not_made(void **state)
{
        struct err err = ERR_INIT;

        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, &err), &err);
        fixture_fail_store(ENOSPC);
        assert_int_equal(set_link("source", "../../clusters/eu-1", false, NULL, &err), -ENOSPC);
        assert_int_equal(remove_link("us-1"), -ENOSPC);
        fixture_fail_store(0);
        assert_string_equal(links(), "->- us-1=../../../clusters/us-1>us-1");
}

/* ---------------------------------------------------------------- folders */

struct mkdir_row {
        const char *name;
        int result;
};

static const struct mkdir_row mkdirs[] = {
        { "m2", 0 },
        { "m1", -EEXIST },
        { "0.a-b.c", 0 },
        { "a.-b", -EINVAL },
        { "a-.b", -EINVAL },
        { "a..b", -EINVAL },
        { ".a", -EINVAL },
        { "-a", -EINVAL },
        { "a-", -EINVAL },
        { "a.", -EINVAL },
        { "New Folder", -EINVAL },
        { "012345678901234567890123456789012345678901234567890123456789012", 0 },
        { "0123456789012345678901234567890123456789012345678901234567890123", -EINVAL },
};

static void makes_folders(void **state)
{
        const struct mkdir_row *row = test_row(state);
        struct err err = ERR_INIT;

        assert_int_equal(acting_mkdir(fixture.engine, "prod", row->name, &err), row->result);
        assert_true(row->result == 0 || err.msg[0] != '\0');
        fixture_crash(test_dir(state));
        assert_int_equal(fleet_object(fixture.fleet, OBJECT_MIGRATION, row->name) != NULL,
                row->result != -EINVAL);
}

static void rmdir_removes_links_and_all(void **state)
{
        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, NULL), NULL);
        fixture.busy = true;
        assert_int_equal(acting_rmdir(fixture.engine, "prod", "m1", NULL), -EBUSY);
        fixture.busy = false;
        assert_ok(acting_rmdir(fixture.engine, "prod", "m1", NULL), NULL);
        assert_null(m1());
        fixture_crash(test_dir(state));
        assert_null(m1());
        assert_int_equal(acting_rmdir(fixture.engine, "prod", "m1", NULL), -ENOENT);
}

static void rmdir_after_a_run_keeps_the_record_and_mkdir_begins_anew(void **state)
{
        assert_non_null(object_add_run(m1(), "20260901-020003Z"));
        m1()->started = true;
        assert_ok(acting_rmdir(fixture.engine, "prod", "m1", NULL), NULL);
        assert_int_equal(fixture.retires, 1);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_true(m1()->removed);
        assert_false(m1()->is_folder);
        assert_ok(acting_mkdir(fixture.engine, "prod", "m1", NULL), NULL);
        assert_false(m1()->started);
        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, NULL), NULL);
}

static void documents_are_not_removed_by_rmdir(void **state)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_MIGRATION, .name = "m2", .ext = "yaml"
        };
        struct err err = ERR_INIT;

        assert_ok(acting_rename_in(fixture.engine, &f, NULL, "x\n", 2, 0, &err), &err);
        assert_int_equal(acting_rmdir(fixture.engine, "prod", "m2", &err), -ENOTEMPTY);
        assert_remedy(&err, "m2.yaml");
}

/* ---------------------------------------------------------------- policy.yaml */

static const struct acting_file policy = {
        .fleet = "prod",
        .kind = OBJECT_MIGRATION,
        .name = "m1",
        .ext = "yaml",
        .in_folder = true,
};

static void policy_only_commits(void **state)
{
        uint64_t write = 99;

        assert_ok(acting_create(fixture.engine, &policy, NULL), NULL);
        assert_ok(acting_commit(fixture.engine, &policy, "x\n", 2, 0, &write, NULL), NULL);
        assert_int_equal(write, 0);
        assert_ok(acting_finish(fixture.engine, &policy, write, 0, NULL), NULL);
        assert_ok(acting_rename_in(fixture.engine, &policy, NULL, "y\n", 2, 0, NULL), NULL);
        assert_int_equal(fixture.starts, 0);
        fixture_crash(test_dir(state));
        assert_int_equal(m1()->draft_state, DRAFT_INERT);
        assert_string_equal(m1()->draft.bytes, "y\n");
        assert_int_equal(fixture.starts, 0);
        assert_ok(acting_unlink(fixture.engine, &policy, 7, NULL), NULL);
        assert_non_null(m1());
        assert_int_equal(m1()->draft_state, DRAFT_NONE);
}

static void stem_of_a_folder_is_taken(void **state)
{
        struct acting_file f = policy;
        struct err err = ERR_INIT;

        f.in_folder = false;
        assert_int_equal(acting_create(fixture.engine, &f, &err), -EEXIST);
        assert_string_equal(err.id, "FLT-0249");
        assert_int_equal(acting_rename_in(fixture.engine, &f, NULL, "x\n", 2, 0, NULL), -EEXIST);
        assert_int_equal(acting_unlink(fixture.engine, &f, 7, NULL), -ENOENT);
}

static void everything_is_frozen_after_the_start(void **state)
{
        struct err err = ERR_INIT;
        uint64_t write;

        assert_ok(set_link("source", "../../clusters/eu-1", false, NULL, NULL), NULL);
        assert_ok(set_link("us-1", "../../../clusters/us-1", false, NULL, NULL), NULL);
        assert_ok(acting_create(fixture.engine, &policy, NULL), NULL);
        assert_ok(acting_commit(fixture.engine, &policy, "x\n", 2, 0, &write, NULL), NULL);
        m1()->started = true;
        assert_int_equal(set_link("source", "../../clusters/ap-1", true, NULL, &err), -EBUSY);
        assert_string_equal(err.id, "FLT-0426");
        assert_int_equal(set_link("ap-1", "../../../clusters/ap-1", false, NULL, NULL), -EBUSY);
        assert_int_equal(remove_link("us-1"), -EBUSY);
        assert_int_equal(acting_commit(fixture.engine, &policy, "y\n", 2, 0, &write, NULL), -EBUSY);
        assert_int_equal(acting_unlink(fixture.engine, &policy, 7, NULL), -EBUSY);
        m1()->started = false;
}

int main(void)
{
        TEST_ROWS(resolves, resolutions);
        TEST_WITH(links_come_back_as_written, folder_setup, folder_teardown);
        TEST_WITH(bad_links_are_refused, folder_setup, folder_teardown);
        TEST_WITH(ln_sfn_replaces, folder_setup, folder_teardown);
        TEST_WITH(removed_links_are_gone_and_can_be_undone, folder_setup, folder_teardown);
        TEST_WITH(undo_comes_too_late_for_old_deletions, folder_setup, folder_teardown);
        TEST_WITH(links_that_cannot_be_kept_are_not_made, folder_setup, folder_teardown);
        TEST_ROWS_WITH(makes_folders, mkdirs, folder_setup, folder_teardown);
        TEST_WITH(rmdir_removes_links_and_all, folder_setup, folder_teardown);
        TEST_WITH(rmdir_after_a_run_keeps_the_record_and_mkdir_begins_anew, folder_setup,
                folder_teardown);
        TEST_WITH(documents_are_not_removed_by_rmdir, folder_setup, folder_teardown);
        TEST_WITH(policy_only_commits, folder_setup, folder_teardown);
        TEST_WITH(stem_of_a_folder_is_taken, folder_setup, folder_teardown);
        TEST_WITH(everything_is_frozen_after_the_start, folder_setup, folder_teardown);
        return test_run("acting_folder");
}
