/* SPDX-License-Identifier: Apache-2.0 */
/* Drafts: the numbers that writes get, and what is told of a refusal beside them. */
#include "tests/unit/acting_player.h"

#include <errno.h>

#include "ops/object.h"

/* ---------------------------------------------------------------- generations */

static uint64_t generation_of(const char *name, bool draft)
{
        const struct object *o = fleet_object(fixture.fleet, OBJECT_BACKUP, name);

        assert_non_null(o);
        return draft ? o->draft.generation : o->in_force.generation;
}

static void cp_as(const char *name, const char *bytes, bool finish)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = name, .ext = "yaml"
        };
        uint64_t write;

        (void)acting_create(fixture.engine, &f, NULL);
        (void)acting_sync(fixture.engine, &f, bytes, strlen(bytes), NULL);
        (void)acting_commit(fixture.engine, &f, bytes, strlen(bytes), 0, &write, NULL);
        if (finish)
                assert_int_equal(acting_finish(fixture.engine, &f, write, 0, NULL), 0);
        fixture_round();
}

/* Each object counts its own writes, from 1; what was discarded, and a restart, leave no number twice. */
static void generations_are_the_objects_own(void **state)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = "one", .ext = "yaml"
        };
        struct object *o;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        cp_as("two", "a\n", true);
        assert_int_equal(generation_of("one", false), 1);
        assert_int_equal(generation_of("two", false), 1);
        cp_as("one", "bad\n", false);
        assert_int_equal(generation_of("one", true), 2);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        fixture_crash(test_dir(state));
        cp_as("one", "b\n", true);
        assert_int_equal(generation_of("one", false), 3);
        assert_int_equal(generation_of("two", false), 1);
        /* A record of before the count was kept. */
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "two");
        o->in_force.generation = 27;
        o->writes = 0;
        assert_int_equal(object_save(fixture.engine, o, NULL), 0);
        fixture_crash(test_dir(state));
        cp_as("two", "b\n", true);
        assert_int_equal(generation_of("two", false), 28);
}

/* ---------------------------------------------------------------- a disk that fails */

static enum draft_state draft_state_of(const char *name)
{
        const struct object *o = fleet_object(fixture.fleet, OBJECT_BACKUP, name);

        assert_non_null(o);
        return o->draft_state;
}

static const struct acting_file one = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "one", .ext = "yaml" };

/* The record got there, and its writer was told that it did not: the next start must not find it. */
static void what_was_refused_is_not_in_the_store(void **state)
{
        uint64_t write = 0;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        fixture_fail_sync(EIO);
        assert_int_equal(acting_unlink(fixture.engine, &one, 7, NULL), -EIO);
        fixture_fail_sync(0);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_false(fleet_object(fixture.fleet, OBJECT_BACKUP, "one")->file_gone);

        fixture_fail_sync(EIO);
        assert_int_equal(acting_commit(fixture.engine, &one, "b\n", 2, 0, &write, NULL), -EIO);
        fixture_fail_sync(0);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_int_equal(draft_state_of("one"), DRAFT_REJECTED);
        assert_memory_equal(fleet_object(fixture.fleet, OBJECT_BACKUP, "one")->in_force.bytes, "a\n", 2);

        /* One that cannot be deleted is there still. */
        fixture_fail_sync(EIO);
        assert_int_equal(acting_unlink_error(fixture.engine, &one, 7, NULL), -EIO);
        fixture_fail_sync(0);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_int_equal(draft_state_of("one"), DRAFT_REJECTED);
}

static void a_new_one_that_was_refused_is_not_in_the_store(void **state)
{
        fixture_open(test_dir(state));
        /* The folder of migrations is there, so that the new one's own record is what cannot be synced. */
        assert_int_equal(acting_mkdir(fixture.engine, "prod", "other", NULL), 0);
        fixture_fail_sync(EIO);
        assert_int_equal(acting_mkdir(fixture.engine, "prod", "one", NULL), -EIO);
        fixture_fail_sync(0);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_null(fleet_object(fixture.fleet, OBJECT_MIGRATION, "one"));
        assert_non_null(fleet_object(fixture.fleet, OBJECT_MIGRATION, "other"));
}

/* Beside a full disk it is refused in memory; when there is room it is stored as that. */
static void a_refused_draft_is_stored_when_there_is_room(void **state)
{
        uint64_t write = 0;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        fixture_fail_store(ENOSPC);
        assert_int_equal(acting_commit(fixture.engine, &one, "bad\n", 4, 0, &write, NULL), -EINVAL);
        assert_int_equal(draft_state_of("one"), DRAFT_REJECTED);
        fixture_fail_store(0);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_int_equal(draft_state_of("one"), DRAFT_REJECTED);
}

/* ---------------------------------------------------------------- refused operations */

static void a_refusal_stands_until_something_is_accepted(void **state)
{
        const struct acting_file f = {
                .fleet = "prod", .kind = OBJECT_BACKUP, .name = "one", .ext = "yaml"
        };
        struct err why = ERR_INIT, bad = ERR_INIT;
        const struct object *o;
        uint64_t write;

        fixture_open(test_dir(state));
        cp_as("one", "a\n", true);
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "one");
        err_set(&why, -EINVAL, "\"foo\" is no verb");
        err_id(&why, "FLT-0259");
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_non_null(o->refusal);
        assert_string_equal(o->refusal->what, "echo foo > one/ctl");
        assert_string_equal(o->refusal->why.msg, "\"foo\" is no verb");
        assert_int_equal(o->draft_state, DRAFT_NONE);
        assert_int_equal(fixture_events("OperationRefused"), 1);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo run > one/ctl", NULL);
        assert_null(o->refusal);
        /* A refused write tells of itself, and is newer. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_commit(fixture.engine, &f, "bad\n", 4, 0, &write, &bad), -EINVAL);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "write one.yaml", &bad);
        assert_null(o->refusal);
        assert_int_equal(o->draft_state, DRAFT_REJECTED);
        /* rm of the error file forgets both; alone it is enough for one to be there. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        assert_null(o->refusal);
        assert_int_equal(o->draft_state, DRAFT_NONE);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        assert_int_equal(acting_unlink_error(fixture.engine, &f, 0, NULL), 0);
        assert_null(o->refusal);
        /* Nothing depends on it: it is not stored. Nor is anything said of what is not there. */
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "one", "echo foo > one/ctl", &why);
        acting_told(fixture.engine, "prod", OBJECT_BACKUP, "none", "echo foo > none/ctl", &why);
        fixture_round();
        fixture_crash(test_dir(state));
        assert_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "one")->refusal);
        assert_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "none"));
}

int main(void)
{
        TEST_WITH(generations_are_the_objects_own, play_setup, play_teardown);
        TEST_WITH(what_was_refused_is_not_in_the_store, play_setup, play_teardown);
        TEST_WITH(a_new_one_that_was_refused_is_not_in_the_store, play_setup, play_teardown);
        TEST_WITH(a_refused_draft_is_stored_when_there_is_room, play_setup, play_teardown);
        TEST_WITH(a_refusal_stands_until_something_is_accepted, play_setup, play_teardown);
        return test_run("acting_draft");
}
