/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored of an object: every member, the exact bytes, and what happens to bad records. */
#include "base/intern.h"
#include "tests/unit/acting_fixture.h"

#include <errno.h>
#include <glob.h>
#include <sys/stat.h>

#include "ops/object.h"
#include "ops/object_undo.h"
#include "ops/store.h"

/* ---------------------------------------------------------------- the record */

/* An object of which nothing is left at its default. */
static struct object *full_object(void)
{
        struct object *o = fleet_add_object(fixture.fleet, OBJECT_MIGRATION, "m\xff\n");
        struct run *r = object_add_run(o, "20260901-020003Z");
        struct task *t = run_add_task(r, TASK_RESTORE, "eu-1");

        assert_ok(document_set(&o->in_force, "a: 1\n\0b", 7, "yaml", 1234567890123456789), NULL);
        assert_ok(document_set(&o->draft, "{\"x\": 2}\n", 9, "json", 5), NULL);
        o->in_force.generation = 7;
        o->draft.generation = 9;
        o->own = true;
        snprintf(o->owner, sizeof(o->owner), "0123456789abcdef");
        o->draft_state = DRAFT_REJECTED;
        err_set(&o->draft_err, -EINVAL, "caf\xc3\xa9 \"quoted\" \\ { and }");
        err_place(&o->draft_err, 7, 3);
        err_id(&o->draft_err, "FLT-0248");
        err_remedy(&o->draft_err, "write it again");
        o->draft_at = 1790000001;
        o->is_folder = o->started = true;
        o->created = 1790000000;
        o->last_run_s = 1790000007;
        o->source = (struct member_link){ strdup("source"), strdup("../../clusters/eu-1"),
                strdup("eu-1") };
        o->targets = calloc(1, sizeof(*o->targets));
        o->targets[0] =
                (struct member_link){ strdup("t"), strdup("/mnt/\"x\"/us-1"), strdup("us-1") };
        o->n_targets = 1;
        r->created = 11;
        r->completed = 12;
        r->phase = PHASE_PARTIALLY_FAILED;
        t->state = TASK_DONE;
        t->step = STEP_CLEANUP;
        t->sub = strdup("part");
        t->location = strdup("from-eu-1");
        assert_int_equal(intern_set(&t->phase_text, "PartiallyFailed"), 0);
        t->phase = PHASE_PARTIALLY_FAILED;
        t->reason = strdup("two\nlines");
        assert_int_equal(intern_set(&t->uid, "6ad23565"), 0);
        snprintf(t->velero_name, sizeof(t->velero_name), "m-eu-1-abc");
        assert_int_equal(intern_set(&t->backup_name, "b-1"), 0);
        snprintf(t->code, sizeof(t->code), "FLT-0410");
        assert_int_equal(intern_set(&t->spec_sha256, "0000000000000000000000000000000000000000000000000000000000000001"), 0);
        t->location_made = t->handed_over = true;
        t->attempt = 21;
        t->deadline = 22;
        t->started = 23;
        t->completed = 24;
        t->since = 25;
        t->expires = 26;
        t->items_done = 27;
        t->items_total = 28;
        t->errors = 29;
        t->warnings = -1;
        return o;
}

static void every_member_survives(void **state)
{
        struct buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
        struct err err = ERR_INIT;
        struct object *o, *back;
        const struct task *t;

        fixture_open(test_dir(state));
        o = full_object();
        assert_ok(object_encode(o, &first), NULL);
        back = fleet_add_object(fixture.fleet, OBJECT_MIGRATION, "back");
        assert_ok(object_decode(back, first.data, first.len, &err), &err);
        back->own = true;
        assert_ok(object_encode(back, &second), NULL);
        assert_int_equal(first.len, second.len);
        assert_memory_equal(first.data, second.data, first.len);

        /* What both directions could forget alike. */
        assert_int_equal(back->in_force.len, 7);
        assert_memory_equal(back->in_force.bytes, "a: 1\n\0b", 7);
        assert_int_equal(back->in_force.mtime_ns, 1234567890123456789);
        assert_string_equal(back->draft_err.msg, o->draft_err.msg);
        assert_int_equal(back->draft_err.line, 7);
        assert_string_equal(back->targets[0].target, "/mnt/\"x\"/us-1");
        assert_string_equal(back->source.member, "eu-1");
        assert_int_equal(back->last_run_s, 1790000007);
        t = back->runs[0]->tasks[0];
        assert_int_equal(t->verb, TASK_RESTORE);
        assert_int_equal(t->state, TASK_DONE);
        assert_int_equal(t->step, STEP_CLEANUP);
        assert_int_equal(t->phase, PHASE_PARTIALLY_FAILED);
        assert_string_equal(t->member, "eu-1");
        assert_string_equal(t->reason, "two\nlines");
        assert_string_equal(t->spec_sha256, o->runs[0]->tasks[0]->spec_sha256);
        assert_int_equal(t->warnings, -1);
        assert_true(t->handed_over);
        buf_done(&first);
        buf_done(&second);
}

static void a_removal_is_stored_unless_by_rename(void **state)
{
        struct object *o, *back;
        struct buf b = BUF_INIT(1 << 20);

        fixture_open(test_dir(state));
        o = full_object();
        o->removal_at_ms = 99;
        o->removal_uid = 1000;
        o->file_gone = true;
        assert_ok(object_encode(o, &b), NULL);
        back = fleet_add_object(fixture.fleet, OBJECT_MIGRATION, "one");
        assert_ok(object_decode(back, b.data, b.len, NULL), NULL);
        assert_int_not_equal(back->removal_at_ms, 0);
        assert_int_equal(back->removal_uid, 1000);
        assert_true(back->file_gone);

        o->removal_renamed = true;
        buf_reset(&b);
        assert_ok(object_encode(o, &b), NULL);
        back = fleet_add_object(fixture.fleet, OBJECT_MIGRATION, "two");
        assert_ok(object_decode(back, b.data, b.len, NULL), NULL);
        assert_int_equal(back->removal_at_ms, 0);
        assert_false(back->file_gone);
        buf_done(&b);
}

/* What earlier versions have written is read as they meant it. */
static void a_stored_task_is_read(void **state)
{
        static const char record[] =
                "{\"version\":1,\"runs\":[{\"id\":\"20260901-020003Z\",\"tasks\":[{\"verb\":\"Restore\",\"state\":\"Done\","
                "\"member\":\"eu-1\",\"uid\":\"6ad23565\",\"velero_name\":\"r-eu-1-abc\",\"backup_name\":\"b-1\","
                "\"phase_text\":\"Completed\",\"spec_sha256\":\"00ff\",\"phase\":\"Completed\"}]}]}\n";
        struct object *o;
        const struct task *t;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_RESTORE, "r");
        assert_ok(object_decode(o, record, strlen(record), NULL), NULL);
        t = run_tasks_on(o->runs[0], "eu-1");
        assert_non_null(t);
        assert_int_equal(t->state, TASK_DONE);
        assert_string_equal(t->uid, "6ad23565");
        assert_string_equal(t->velero_name, "r-eu-1-abc");
        assert_string_equal(t->backup_name, "b-1");
        assert_string_equal(t->phase_text, "Completed");
        assert_string_equal(t->spec_sha256, "00ff");
        assert_string_equal(t->posting_sha256, "");
        assert_null(t->reason);
}

static void what_a_schedules_backups_reached_is_read_and_stored(void **state)
{
        static const char record[] =
                "{\"version\":1,\"standing\":{\"tasks\":[{\"verb\":\"Schedule\",\"state\":\"Posted\",\"member\":\"eu-1\","
                "\"last_attempt\":11,\"last_success\":12,\"last_run\":\"20260901-020003Z\",\"last_result\":\"Completed\","
                "\"last_empty\":true,\"next_run\":13,\"overdue_at\":14,\"phase\":\"Scheduled\"}]},"
                "\"runs\":[{\"id\":\"20260901-020003Z\",\"tasks\":[{\"verb\":\"Backup\",\"member\":\"eu-1\"}]}]}\n";
        struct buf b = BUF_INIT(1 << 20);
        const struct task_reached *reached;
        const char *from = record;
        size_t len = strlen(record);

        fixture_open(test_dir(state));
        for (int i = 0; i < 2; i++) {
                struct object *o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, i == 0 ? "one" : "two");
                struct buf out = BUF_INIT(1 << 20);

                assert_ok(object_decode(o, from, len, NULL), NULL);
                reached = task_reached(run_tasks_on(o->standing, "eu-1"));
                assert_int_equal(reached->last_attempt, 11);
                assert_int_equal(reached->last_success, 12);
                assert_string_equal(reached->last_run, "20260901-020003Z");
                assert_string_equal(reached->last_result, "Completed");
                assert_true(reached->last_empty);
                assert_int_equal(reached->next_run, 13);
                assert_int_equal(reached->overdue_at, 14);
                /* A backup has none of it, and no room for it. */
                assert_null(run_tasks_on(o->runs[0], "eu-1")->reached);
                assert_int_equal(task_reached(run_tasks_on(o->runs[0], "eu-1"))->last_attempt, 0);
                assert_ok(object_encode(o, &out), NULL);
                buf_done(&b);
                b = out;
                from = b.data;
                len = b.len;
        }
        buf_done(&b);
}

/* What a verb did to it is taken back, too. */
static void what_a_schedules_backups_reached_is_put_back(void **state)
{
        struct object_undo *undo = NULL;
        struct object *o;
        struct task *t, *other;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, "o");
        t = run_add_task(object_add_standing(o), TASK_SCHEDULE, "eu-1");
        other = run_add_task(o->standing, TASK_SCHEDULE, "us-1");
        task_reach(t)->last_success = 12;
        assert_ok(object_undo_new(&undo, o, NULL), NULL);
        t->reached->last_success = 0;
        task_reach(other)->last_success = 13;
        object_undo_apply(undo, fixture.engine, o, false);
        object_undo_free(undo);
        assert_int_equal(task_reached(run_tasks_on(o->standing, "eu-1"))->last_success, 12);
        assert_null(run_tasks_on(o->standing, "us-1")->reached);
}

struct bad_row {
        const char *name, *bytes, *why;
};

static const struct bad_row bad_records[] = {
        { "no header", "", "header does not end" },
        { "header is no JSON", "{\n", "not JSON" },
        { "header is no object", "[]\n", "another version" },
        { "another version", "{\"version\":2}\n", "another version" },
        { "a member of another type", "{\"version\":1,\"owner\":3}\n", "owner" },
        { "a text that is too long", "{\"version\":1,\"owner\":\"0123456789abcdef0\"}\n", "owner" },
        { "a state that is none", "{\"version\":1,\"draft_state\":\"Odd\"}\n", "draft_state" },
        { "a document that is cut off",
                "{\"version\":1,\"in_force\":{\"len\":5,\"ext\":\"yaml\"}}\nabc", "longer than" },
        { "a document of negative length", "{\"version\":1,\"in_force\":{\"len\":-1}}\n",
                "longer than" },
        { "bytes that nobody has", "{\"version\":1}\nabc", "too many" },
        { "a run without an id", "{\"version\":1,\"runs\":[{}]}\n", "id of its own" },
        { "a run twice", "{\"version\":1,\"runs\":[{\"id\":\"a\"},{\"id\":\"a\"}]}\n",
                "id of its own" },
        { "a number out of range",
                "{\"version\":1,\"runs\":[{\"id\":\"a\",\"tasks\":[{\"errors\":4294967296}]}]}\n",
                "errors" },
        { "a cluster's name that is too long",
                "{\"version\":1,\"runs\":[{\"id\":\"a\",\"tasks\":[{\"member\":"
                "\"0123456789012345678901234567890123456789012345678901234567890123\"}]}]}\n",
                "member" },
        { "half a link", "{\"version\":1,\"targets\":[{\"name\":\"t\"}]}\n", "incomplete" },
};

static void bad_record_is_refused(void **state)
{
        const struct bad_row *row = test_row(state);
        struct err err = ERR_INIT;
        struct object *o;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_MIGRATION, "x");
        assert_int_equal(object_decode(o, row->bytes, strlen(row->bytes), &err), -EBADMSG);
        assert_err(&err, -EBADMSG, row->why);
}

/* ---------------------------------------------------------------- in the store */

static const struct acting_file nightly = {
        .fleet = "prod", .kind = OBJECT_BACKUP, .name = "nightly", .ext = "yaml"
};

static struct object *put_nightly(const char *bytes)
{
        uint64_t write;

        (void)acting_create(fixture.engine, &nightly, NULL);
        assert_ok(acting_commit(fixture.engine, &nightly, bytes, strlen(bytes), 0, &write, NULL),
                NULL);
        assert_ok(acting_finish(fixture.engine, &nightly, write, 0, NULL), NULL);
        fixture_round();
        return fleet_object(fixture.fleet, OBJECT_BACKUP, "nightly");
}

static int count_trash(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        if (strncmp(name, "nightly.yaml@", 13) == 0 && len == 4 && memcmp(bytes, "old\n", 4) == 0)
                ++*(unsigned *)arg;
        return 0;
}

static unsigned trash(void)
{
        unsigned n = 0;

        assert_ok(store_each(fixture.engine->store, STORE_TRASH, "prod", "backups", count_trash, &n,
                          NULL),
                NULL);
        return n;
}

static void removed_bytes_stay_in_the_trash_for_thirty_days(void **state)
{
        fixture_open(test_dir(state));
        put_nightly("old\n");
        assert_ok(acting_unlink(fixture.engine, &nightly, 7, NULL), NULL);
        assert_int_equal(trash(), 1);
        fixture_pass(2000);
        assert_int_equal(fixture.retires, 0);
        fixture_pass(2000);
        assert_int_equal(trash(), 1);
        assert_int_equal(fixture.retires, 1);
        fixture_pass(29LL * 24 * 3600 * 1000);
        assert_int_equal(trash(), 1);
        fixture_pass(2LL * 24 * 3600 * 1000);
        assert_int_equal(trash(), 0);
}

static void times_are_kept_but_those_of_a_refusal(void **state)
{
        const int64_t when = 1234567890LL * 1000000000;
        struct object *o;
        uint64_t write;

        fixture_open(test_dir(state));
        o = put_nightly("old\n");
        assert_int_not_equal(o->in_force.mtime_ns, when);
        assert_ok(acting_touch(fixture.engine, &nightly, when, false, NULL), NULL);
        fixture_round();
        fixture_crash(test_dir(state));
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "nightly");
        assert_int_equal(o->in_force.mtime_ns, when);

        assert_int_equal(
                acting_commit(fixture.engine, &nightly, "bad\n", 4, when, &write, NULL), -EINVAL);
        assert_int_not_equal(o->draft.mtime_ns, when);
        assert_ok(acting_touch(fixture.engine, &nightly, when, false, NULL), NULL);
        assert_int_not_equal(o->draft.mtime_ns, when);

        assert_ok(acting_commit(fixture.engine, &nightly, "new\n", 4, when, &write, NULL), NULL);
        assert_int_equal(o->draft.mtime_ns, when);
}

static void exact_bytes_survive(void **state)
{
        static const char bytes[] = "a: 1 # note\r\n\0\xff\xfe{\n";
        struct object *o;
        uint64_t write;

        fixture_open(test_dir(state));
        put_nightly("x: {\n");
        assert_ok(
                acting_commit(fixture.engine, &nightly, bytes, sizeof(bytes) - 1, 0, &write, NULL),
                NULL);
        assert_ok(acting_finish(fixture.engine, &nightly, write, 9, NULL), NULL);
        fixture_crash(test_dir(state));
        o = fleet_object(fixture.fleet, OBJECT_BACKUP, "nightly");
        assert_int_equal(o->draft.len, sizeof(bytes) - 1);
        assert_memory_equal(o->draft.bytes, bytes, sizeof(bytes) - 1);
        assert_int_equal(o->in_force.len, 5);
        assert_memory_equal(o->in_force.bytes, "x: {\n", 5);
        assert_true(o->draft.generation > o->in_force.generation);
}

static void somebody_elses_objects_are_left_alone(void **state)
{
        struct engine *e;
        struct object *o;
        uint64_t write;
        struct err err = ERR_INIT;

        fixture_open(test_dir(state));
        e = fixture.engine;
        o = put_nightly("old\n");
        o->own = false;
        snprintf(o->owner, sizeof(o->owner), "0123456789abcdef");
        assert_int_equal(acting_unlink(e, &nightly, 7, &err), -EPERM);
        assert_string_equal(err.id, "FLT-0252");
        assert_int_equal(acting_rename_away(e, &nightly, 7, NULL), -EPERM);
        assert_int_equal(acting_touch(e, &nightly, 1, false, NULL), -EPERM);
        assert_int_equal(acting_create(e, &nightly, NULL), -EEXIST);
        assert_int_equal(acting_commit(e, &nightly, "new\n", 4, 0, &write, NULL), -EEXIST);
        assert_int_equal(acting_rename_in(e, &nightly, NULL, "new\n", 4, 0, NULL), -EEXIST);
        assert_int_equal(o->draft_state, DRAFT_NONE);
}

static void nothing_is_written_where_the_store_is_anothers(void **state)
{
        struct err err = ERR_INIT;
        uint64_t write;

        fixture_open(test_dir(state));
        put_nightly("old\n");
        fixture.engine->model.store_read_only = true;
        snprintf(fixture.engine->model.store_holder, sizeof(fixture.engine->model.store_holder),
                "pid 42");
        assert_int_equal(acting_create(fixture.engine, &nightly, &err), -EROFS);
        assert_err(&err, -EROFS, "pid 42");
        assert_int_equal(
                acting_commit(fixture.engine, &nightly, "new\n", 4, 0, &write, NULL), -EROFS);
        assert_int_equal(acting_unlink(fixture.engine, &nightly, 7, NULL), -EROFS);
        assert_int_equal(
                acting_rename_in(fixture.engine, &nightly, NULL, "new\n", 4, 0, NULL), -EROFS);
        assert_int_equal(
                acting_ctl(fixture.engine, "prod", OBJECT_BACKUP, "nightly", "run", 3, NULL),
                -EROFS);
        fixture.engine->model.store_read_only = false;
}

static void damaged_record_is_told_and_the_others_load(void **state)
{
        char path[256];
        FILE *f;

        fixture_open(test_dir(state));
        put_nightly("old\n");
        fixture_close();
        snprintf(path, sizeof(path), "%s/objects/prod/backups/broken", test_dir(state));
        f = fopen(path, "w");
        assert_non_null(f);
        fputs("garbage\n", f);
        fclose(f);
        fixture_open(test_dir(state));
        assert_non_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "nightly"));
        assert_int_equal(HASH_COUNT(fixture.fleet->objects[OBJECT_BACKUP]), 1);
        assert_int_equal(fixture_events("RecordDamaged"), 1);
        assert_int_equal(fixture.fleet->warnings.n, 1);
        assert_non_null(strstr(fixture.fleet->warnings.v[0], "FLT-0257"));
        assert_non_null(strstr(fixture.fleet->warnings.v[0], "backups/broken"));
}

/* What of the folder of records is there, beside temporary files. */
static size_t records(const char *dir, const char *pattern)
{
        char path[256];
        size_t n;
        glob_t g;

        snprintf(path, sizeof(path), "%s/objects/prod/backups/%s", dir, pattern);
        n = glob(path, GLOB_PERIOD, NULL, &g) == 0 ? g.gl_pathc : 0;
        globfree(&g);
        return n;
}

/* What another fleetfs wrote is not ours to write over: it is kept beside what comes in its place. */
static void a_record_of_another_version_is_kept(void **state)
{
        const struct store_key key = { STORE_OBJECTS, "prod", "backups", "nightly" };
        struct buf b = BUF_INIT(1 << 20);
        struct object *o;
        char *version;

        fixture_open(test_dir(state));
        put_nightly("old\n");
        assert_ok(store_get(fixture.engine->store, &key, &b, NULL), NULL);
        version = strstr(b.data, "\"version\":1");
        assert_non_null(version);
        version[strlen("\"version\":")] = '2';
        assert_ok(store_put(fixture.engine->store, &key, b.data, b.len, NULL), NULL);
        buf_done(&b);
        fixture_crash(test_dir(state));
        assert_null(fleet_object(fixture.fleet, OBJECT_BACKUP, "nightly"));
        assert_non_null(strstr(fixture.fleet->warnings.v[0], "kept as .damaged-1-nightly"));
        assert_int_equal(records(test_dir(state), "nightly"), 0);
        assert_int_equal(records(test_dir(state), ".damaged-1-nightly"), 1);
        /* As the clusters' lists do (ops/track_belonging.c). */
        engine_write(fixture.engine);
        o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, "nightly");
        snprintf(o->owner, sizeof(o->owner), "%s", fixture.engine->model.store_id);
        o->own = o->removed = o->file_gone = true;
        engine_publish(fixture.engine);
        assert_int_equal(object_save(fixture.engine, o, NULL), 0);
        fixture_crash(test_dir(state));
        assert_int_equal(records(test_dir(state), ".damaged-1-nightly"), 1);
}

/* It may be read another time: nothing is known of the fleet then, and nothing is touched. */
static void an_error_that_may_pass_fails_the_load(void **state)
{
        const char *dir = test_dir(state);
        char from[256], to[256];
        struct err err = ERR_INIT;
        struct fleet *f;

        fixture_open(dir);
        put_nightly("old\n");
        snprintf(from, sizeof(from), "%s/objects/prod/backups/nightly", dir);
        snprintf(to, sizeof(to), "%s/kept", dir);
        assert_int_equal(rename(from, to), 0);
        assert_int_equal(mkdir(from, 0700), 0); /* read(2) of it fails: EISDIR */
        engine_write(fixture.engine);
        model_remove_fleet(fixture.fleet);
        f = model_add_fleet(&fixture.engine->model, "prod");
        assert_int_equal(object_load_all(fixture.engine, f, &err), -EISDIR);
        assert_string_equal(err.id, "FLT-0257");
        assert_non_null(strstr(err.msg, "nightly"));
        assert_true(err.remedy[0] != '\0');
        assert_int_equal(records(dir, "nightly"), 1);
        /* Where nothing is stored it is told, and the others load. */
        fixture.engine->store->read_only = true;
        model_remove_fleet(f);
        f = model_add_fleet(&fixture.engine->model, "prod");
        assert_ok(object_load_all(fixture.engine, f, NULL), NULL);
        assert_int_equal(f->warnings.n, 1);
        fixture.engine->store->read_only = false;
        assert_int_equal(rmdir(from), 0);
        assert_int_equal(rename(to, from), 0);
        model_remove_fleet(f);
        fixture.fleet = f = model_add_fleet(&fixture.engine->model, "prod");
        assert_ok(object_load_all(fixture.engine, f, &err), &err);
        engine_publish(fixture.engine);
        assert_memory_equal(fleet_object(f, OBJECT_BACKUP, "nightly")->in_force.bytes, "old\n", 4);
}

static int object_setup(void **state)
{
        fixture = (struct fixture){ .engine = NULL };
        return test_dir_setup(state);
}

static int object_teardown(void **state)
{
        fixture_close();
        return test_dir_teardown(state);
}

int main(void)
{
        TEST_WITH(every_member_survives, object_setup, object_teardown);
        TEST_WITH(a_removal_is_stored_unless_by_rename, object_setup, object_teardown);
        TEST_WITH(a_stored_task_is_read, object_setup, object_teardown);
        TEST_WITH(what_a_schedules_backups_reached_is_read_and_stored, object_setup, object_teardown);
        TEST_WITH(what_a_schedules_backups_reached_is_put_back, object_setup, object_teardown);
        TEST_ROWS_WITH(bad_record_is_refused, bad_records, object_setup, object_teardown);
        TEST_WITH(removed_bytes_stay_in_the_trash_for_thirty_days, object_setup, object_teardown);
        TEST_WITH(times_are_kept_but_those_of_a_refusal, object_setup, object_teardown);
        TEST_WITH(exact_bytes_survive, object_setup, object_teardown);
        TEST_WITH(somebody_elses_objects_are_left_alone, object_setup, object_teardown);
        TEST_WITH(nothing_is_written_where_the_store_is_anothers, object_setup, object_teardown);
        TEST_WITH(damaged_record_is_told_and_the_others_load, object_setup, object_teardown);
        TEST_WITH(a_record_of_another_version_is_kept, object_setup, object_teardown);
        TEST_WITH(an_error_that_may_pass_fails_the_load, object_setup, object_teardown);
        return test_run("object");
}
