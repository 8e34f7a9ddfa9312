/* SPDX-License-Identifier: Apache-2.0 */
/* The trash of a fleet: by which names removed files are found, for how long, and how many of them. */
#include "tests/unit/acting_fixture.h"

#include <errno.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/store.h"
#include "ops/trash.h"

/* ---------------------------------------------------------------- tools */

/* Removes a file with these bytes, whatever became of the object. */
static void remove_bytes(enum object_kind kind, const char *stem, const char *ext, const char *bytes, size_t len)
{
        struct object *o = fleet_object(fixture.fleet, kind, stem);

        if (o == NULL)
                o = fleet_add_object(fixture.fleet, kind, stem);
        assert_non_null(o);
        assert_ok(document_set(&o->in_force, bytes, len, ext, 1), NULL);
        assert_ok(trash_keep(fixture.engine, o, NULL), NULL);
}

static void remove_text(enum object_kind kind, const char *stem, const char *text)
{
        remove_bytes(kind, stem, "yaml", text, strlen(text));
}

static void assert_file(size_t at, const char *name, const char *text)
{
        const struct trash_file *f;

        assert_non_null(fixture.fleet->trash);
        assert_true(at < fixture.fleet->trash->n);
        f = &fixture.fleet->trash->files[at];
        assert_string_equal(f->name, name);
        assert_ptr_equal(trash_find(fixture.fleet, name), f);
        assert_int_equal(f->len, strlen(text));
        assert_memory_equal(f->bytes, text, f->len);
}

static size_t shown(void)
{
        return fixture.fleet->trash != NULL ? fixture.fleet->trash->n : 0;
}

static int count_record(void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        (void)name, (void)bytes, (void)len, (void)why;
        ++*(size_t *)arg;
        return 0;
}

static size_t stored(enum object_kind kind)
{
        size_t n = 0;

        assert_ok(store_each(fixture.engine->store, STORE_TRASH, "prod", object_kind_folder(kind), count_record, &n, NULL),
                NULL);
        return n;
}

static const char *older(const char *name, int64_t removed)
{
        static char text[128];
        char stamp[STAMP_SIZE];

        snprintf(text, sizeof(text), "%s.%s", name, stamp_format_run(stamp, removed));
        return text;
}

/* ---------------------------------------------------------------- tests */

static void the_newest_has_the_name_and_older_ones_their_time(void **state)
{
        int64_t first, second;

        fixture_open(test_dir(state));
        assert_null(trash_find(fixture.fleet, "nightly.yaml"));
        first = clock_realtime();
        remove_text(OBJECT_BACKUP, "nightly", "one");
        fixture_pass(2000);
        second = clock_realtime();
        remove_text(OBJECT_BACKUP, "nightly", "two");
        remove_text(OBJECT_BACKUP, "other", "else");
        fixture_pass(2000);
        remove_text(OBJECT_BACKUP, "nightly", "three");
        assert_int_equal(shown(), 4);
        for (int restarted = 0; restarted < 2; restarted++) {
                assert_file(0, "nightly.yaml", "three");
                assert_file(1, older("nightly.yaml", second), "two");
                assert_file(2, "other.yaml", "else");
                assert_file(3, older("nightly.yaml", first), "one");
                fixture_crash(test_dir(state));
        }
}

static void one_name_of_two_folders_in_one_second(void **state)
{
        int64_t at;
        char name[160];

        fixture_open(test_dir(state));
        at = clock_realtime();
        remove_text(OBJECT_MIGRATION, "a", "migration");
        remove_text(OBJECT_RESTORE, "a", "restore");
        remove_text(OBJECT_BACKUP, "a", "backup");
        assert_file(0, "a.yaml", "backup");
        assert_file(1, older("a.yaml", at), "restore");
        snprintf(name, sizeof(name), "%s-2", older("a.yaml", at));
        assert_file(2, name, "migration");
        /* Another extension is another name; a stem may have an '@'. */
        remove_bytes(OBJECT_BACKUP, "a", "json", "{}", 2);
        assert_non_null(trash_find(fixture.fleet, "a.json"));
        remove_text(OBJECT_RESTORE, "a@latest", "of a");
        assert_non_null(trash_find(fixture.fleet, "a@latest.yaml"));
        /* Twice in a second: the last one. */
        remove_text(OBJECT_BACKUP, "a", "again");
        assert_int_equal(shown(), 5);
        assert_file(1, "a.yaml", "again");
}

static void an_unlinked_file_is_there_at_once_and_once(void **state)
{
        const struct acting_file f = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "shop", .ext = "yaml" };
        struct object *o;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, "shop");
        o->own = true;
        assert_ok(document_set(&o->in_force, "text", 4, "yaml", 1), NULL);
        assert_ok(acting_unlink(fixture.engine, &f, 7, NULL), NULL);
        assert_file(0, "shop.yaml", "text");
        fixture_pass(100000);
        assert_file(0, "shop.yaml", "text");
        assert_int_equal(shown(), 1);
        assert_int_equal(stored(OBJECT_BACKUP), 1);
}

static void nothing_to_keep_is_kept(void **state)
{
        struct object *o;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, "empty");
        assert_ok(trash_keep(fixture.engine, o, NULL), NULL);
        assert_int_equal(shown(), 0);
        assert_int_equal(stored(OBJECT_BACKUP), 0);
}

static void a_store_that_is_full_keeps_nothing_and_says_so(void **state)
{
        struct object *o;
        struct err err = ERR_INIT;

        fixture_open(test_dir(state));
        o = fleet_add_object(fixture.fleet, OBJECT_BACKUP, "a");
        assert_ok(document_set(&o->in_force, "x", 1, "yaml", 1), NULL);
        fixture_fail_store(ENOSPC);
        assert_int_equal(trash_keep(fixture.engine, o, &err), -ENOSPC);
        assert_int_equal(shown(), 0);
        fixture_fail_store(0);
}

static void each_goes_after_its_thirty_days(void **state)
{
        fixture_open(test_dir(state));
        remove_text(OBJECT_BACKUP, "old", "1");
        fixture_pass(10LL * 24 * 3600 * 1000);
        remove_text(OBJECT_BACKUP, "young", "2");
        fixture_pass(19LL * 24 * 3600 * 1000);
        assert_int_equal(shown(), 2);
        fixture_pass(2LL * 24 * 3600 * 1000);
        assert_int_equal(shown(), 1);
        assert_file(0, "young.yaml", "2");
        assert_int_equal(stored(OBJECT_BACKUP), 1);
        fixture_pass(10LL * 24 * 3600 * 1000);
        assert_int_equal(shown(), 0);
        assert_int_equal(stored(OBJECT_BACKUP), 0);
}

static void the_oldest_leave_when_there_are_too_many_bytes(void **state)
{
        enum { ONE = 1024 * 1024, FIT = LIMIT_TRASH_BYTES / ONE, MORE = 3 };
        char *bytes = calloc(1, ONE), stem[16];

        fixture_open(test_dir(state));
        assert_non_null(bytes);
        for (int i = 0; i < FIT + MORE; i++) {
                snprintf(stem, sizeof(stem), "p%d", i);
                remove_bytes(OBJECT_BACKUP, stem, "yaml", bytes, ONE);
                fixture_pass(1000);
        }
        free(bytes);
        assert_int_equal(shown(), FIT);
        assert_int_equal(stored(OBJECT_BACKUP), FIT);
        assert_null(trash_find(fixture.fleet, "p2.yaml"));
        assert_non_null(trash_find(fixture.fleet, "p3.yaml"));
}

static int trash_setup(void **state)
{
        fixture = (struct fixture){ .engine = NULL };
        return test_dir_setup(state);
}

static int trash_teardown(void **state)
{
        fixture_close();
        return test_dir_teardown(state);
}

int main(void)
{
        TEST_WITH(the_newest_has_the_name_and_older_ones_their_time, trash_setup, trash_teardown);
        TEST_WITH(one_name_of_two_folders_in_one_second, trash_setup, trash_teardown);
        TEST_WITH(an_unlinked_file_is_there_at_once_and_once, trash_setup, trash_teardown);
        TEST_WITH(nothing_to_keep_is_kept, trash_setup, trash_teardown);
        TEST_WITH(a_store_that_is_full_keeps_nothing_and_says_so, trash_setup, trash_teardown);
        TEST_WITH(each_goes_after_its_thirty_days, trash_setup, trash_teardown);
        TEST_WITH(the_oldest_leave_when_there_are_too_many_bytes, trash_setup, trash_teardown);
        return test_run("trash");
}
