/* SPDX-License-Identifier: Apache-2.0 */
/* What the engine stores, when, and what it does while it cannot, or cannot read what it has stored. */
#include "tests/unit/ops_fixture.h"

#include <sys/stat.h>

#include "ops/store_local.h"

static unsigned writes;
static bool full;

static ssize_t counted_write(int fd, const void *bytes, size_t len)
{
        writes++;
        if (!full)
                return write(fd, bytes, len);
        errno = ENOSPC;
        return -1;
}

static int plain_rename(int dirfd, const char *from, const char *to)
{
        return renameat(dirfd, from, dirfd, to);
}

static bool slow, folders_fail;

static int slow_fsync(int fd)
{
        struct stat st;

        if (slow)
                usleep(300000);
        if (!folders_fail || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
                return fsync(fd);
        errno = EIO;
        return -1;
}

static const struct store_local_sys watched = { counted_write, slow_fsync, plain_rename };

static int store_setup(void **state)
{
        writes = 0;
        full = slow = folders_fail = false;
        store_local_set_sys_for_tests(&watched);
        return ops_setup(state);
}

static int many_setup(void **state)
{
        writes = 0;
        full = slow = folders_fail = false;
        store_local_set_sys_for_tests(&watched);
        return ops_setup_with(state, (const char *const[]){ "--clusters", "60", "--speed", "20", NULL });
}

static int store_teardown(void **state)
{
        int r = ops_teardown(state);

        store_local_set_sys_for_tests(NULL);
        return r;
}

static void nothing_is_sent_before_it_is_stored(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "all");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        t = ops_task(f, OBJECT_BACKUP, "b", "eu-1");
        ops_until(f, t->reason != NULL);
        ops_until(f, ops_is_stored(f));
        full = true;
        ops_ctl(f, "all", "fault off");
        ops_until(f, ops_member(f, "eu-1")->velero[VELERO_LOCATION].v[0]->bsl->phase == VELERO_BSL_AVAILABLE);
        ops_run_for(f, 1500);
        full = false;
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 0);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static unsigned events(struct ops_fixture *f, const char *type)
{
        const struct event_log *log = &f->engine->model.events;
        unsigned n = 0;

        for (size_t i = 0; i + strlen(type) <= log->len; i++)
                n += memcmp(log->bytes + i, type, strlen(type)) == 0;
        return n;
}

/* As long as the disk is full, and then once more when it is full again. */
static void a_full_disk_is_told_once(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_until(f, !list_linked(&ops_object(f, OBJECT_BACKUP, "b")->unstored));
        for (unsigned times = 1; times <= 2; times++) {
                full = true;
                engine_note(f->engine, ops_object(f, OBJECT_BACKUP, "b"));
                ops_until(f, events(f, "StoreFailed") == times);
                /* Rounds with nothing that is urgent come between. */
                for (int i = 0; i < 12; i++) {
                        ops_run_for(f, 250);
                        engine_write(f->engine);
                }
                assert_int_equal(events(f, "StoreFailed"), times);
                full = false;
                ops_until(f, !list_linked(&ops_object(f, OBJECT_BACKUP, "b")->unstored));
        }
}

/* Told to have failed, and in the store all the same: the next start must not do it. */
static void a_verb_that_was_refused_is_not_done_after_a_restart(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_until(f, !list_linked(&ops_object(f, OBJECT_BACKUP, "b")->unstored));
        folders_fail = true;
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "b", "delete latest", &err), -EIO);
        folders_fail = false;
        assert_false(ops_task(f, OBJECT_BACKUP, "b", "eu-1")->doomed);
        ops_until(f, !list_linked(&ops_object(f, OBJECT_BACKUP, "b")->unstored));
        ops_restart(f);
        assert_non_null(ops_task(f, OBJECT_BACKUP, "b", "eu-1"));
        assert_false(ops_task(f, OBJECT_BACKUP, "b", "eu-1")->doomed);
}

/* A fleet with a record that cannot be read now: nothing of it is served, nothing is written, and it comes when it can. */
static void a_fleet_that_cannot_be_loaded_is_tried_again(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char command[1024], record[256];

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        snprintf(record, sizeof(record), "%s/objects/prod/backups/b", f->state_dir);
        snprintf(command, sizeof(command), "cp '%s' '%s.before' && sed -i 's/name: prod/name: other/' '%s'", f->fleet_file,
                f->fleet_file, f->fleet_file);
        assert_int_equal(system(command), 0);
        engine_reload(f->engine);
        assert_null(model_fleet(&f->engine->model, "prod"));
        snprintf(command, sizeof(command), "mv '%s' '%s/kept' && mkdir '%s' && mv '%s.before' '%s'", record, f->state_dir,
                record, f->fleet_file, f->fleet_file);
        assert_int_equal(system(command), 0);
        engine_reload(f->engine);
        assert_null(model_fleet(&f->engine->model, "prod"));
        assert_int_equal(events(f, "ConfigurationAppliedInPart"), 1);
        assert_int_equal(events(f, "FLT-0257"), 1);
        ops_run_for(f, 1000);
        snprintf(command, sizeof(command), "rmdir '%s' && mv '%s/kept' '%s'", record, f->state_dir, record);
        assert_int_equal(system(command), 0);
        ops_until(f, model_fleet(&f->engine->model, "prod") != NULL);
        f->fleet = model_fleet(&f->engine->model, "prod");
        assert_non_null(ops_object(f, OBJECT_BACKUP, "b"));
        assert_non_null(ops_object(f, OBJECT_BACKUP, "b")->in_force.bytes);
        assert_false(ops_object(f, OBJECT_BACKUP, "b")->removed);
        ops_until(f, ops_all_ready(f));
}

/* Which cluster has which folder is not forgotten because it could not be read. */
static void the_clusters_record_is_not_written_over(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char command[512], values[128];

        ops_until(f, ops_all_ready(f));
        ops_until(f, !f->fleet->unstored);
        snprintf(values, sizeof(values), "%s/values", f->state_dir);
        snprintf(command, sizeof(command), "cd '%s' && mv clusters%%2Fprod kept && mkdir clusters%%2Fprod", values);
        assert_int_equal(system(command), 0);
        ops_crash(f);
        assert_ok(engine_new(&f->engine, &f->options, &err), &err);
        assert_int_equal(engine_load(f->engine, &err), -EISDIR);
        assert_string_equal(err.id, "FLT-0257");
        ops_close(f);
        /* Damaged for good it is kept, and begun anew. */
        snprintf(command, sizeof(command), "cd '%s' && rmdir clusters%%2Fprod && echo x >clusters%%2Fprod", values);
        assert_int_equal(system(command), 0);
        ops_open(f);
        assert_int_equal(events(f, "RecordDamaged"), 1);
        ops_until(f, ops_all_ready(f));
        snprintf(command, sizeof(command), "cd '%s' && grep -qx x .damaged-1-clusters%%2Fprod", values);
        assert_int_equal(system(command), 0);
        ops_until(f, !f->fleet->unstored);
        snprintf(command, sizeof(command), "cd '%s' && grep -q eu-1 clusters%%2Fprod", values);
        assert_int_equal(system(command), 0);
}

/* All clusters of a run are stored together: not one write for each. */
/* A slow disk: what is asked of the engine comes between what it stores. */
static void storing_leaves_time_for_others(void **state)
{
        static const char *const names[] = { "a", "b", "c", "d", "e" };
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        size_t left = 0;

        ops_until(f, ops_all_ready(f));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_ok(ops_write(f, OBJECT_BACKUP, names[i], OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "e") == PHASE_COMPLETED);
        ops_run_for(f, 1000);
        slow = true;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                engine_dirty(f->engine, ops_object(f, OBJECT_BACKUP, names[i]));
        assert_ok(loop_run_once(f->engine->loop, 0, &err), &err);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                left += ops_object(f, OBJECT_BACKUP, names[i])->dirty;
        assert_in_range(left, 3, 4);
        for (int round = 0; round < 5; round++)
                assert_ok(loop_run_once(f->engine->loop, 0, &err), &err);
        slow = false;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_false(ops_object(f, OBJECT_BACKUP, names[i])->dirty);
}

static void many_clusters_are_stored_together(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct run *r;

        ops_until(f, ops_all_ready(f));
        writes = 0;
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        r = object_latest_run(ops_object(f, OBJECT_BACKUP, "b"));
        assert_int_equal(r->n_tasks, 60);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        assert_in_range(writes, 1, 40);
}

/* Who the clusters are is stored together, too, and known to the next process before it has asked anybody. */
static void who_the_clusters_are_is_kept(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char uid[UID_MAX];

        ops_until(f, ops_all_ready(f));
        ops_run_for(f, 1200);
        ops_until(f, ops_is_stored(f));
        assert_in_range(writes, 1, 15);
        snprintf(uid, sizeof(uid), "%s", ops_member(f, "eu-1")->uid);
        assert_string_not_equal(uid, "");
        ops_restart(f);
        assert_string_equal(ops_member(f, "eu-1")->uid, uid);
        ops_until(f, ops_all_ready(f));
        writes = 0;
        ops_run_for(f, 1200);
        assert_int_equal(writes, 0);
}

/* Not known to the store, it is relied on by nobody. */
static void nothing_is_sent_to_a_cluster_that_is_not_recorded(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "all");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->reason != NULL);
        ops_until(f, ops_is_stored(f));
        full = true;
        engine_note_fleet(f->engine, f->fleet);
        ops_ctl(f, "all", "fault off");
        ops_until(f, ops_member(f, "eu-1")->velero[VELERO_LOCATION].v[0]->bsl->phase == VELERO_BSL_AVAILABLE);
        ops_run_for(f, 1500);
        assert_true(f->fleet->unstored);
        assert_false(ops_task(f, OBJECT_BACKUP, "b", "eu-1")->sent);
        full = false;
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        assert_false(f->fleet->unstored);
}

int main(void)
{
        TEST_WITH(nothing_is_sent_before_it_is_stored, store_setup, store_teardown);
        TEST_WITH(storing_leaves_time_for_others, store_setup, store_teardown);
        TEST_WITH(many_clusters_are_stored_together, many_setup, store_teardown);
        TEST_WITH(who_the_clusters_are_is_kept, many_setup, store_teardown);
        TEST_WITH(nothing_is_sent_to_a_cluster_that_is_not_recorded, store_setup, store_teardown);
        TEST_WITH(a_full_disk_is_told_once, store_setup, store_teardown);
        TEST_WITH(a_verb_that_was_refused_is_not_done_after_a_restart, store_setup, store_teardown);
        TEST_WITH(a_fleet_that_cannot_be_loaded_is_tried_again, store_setup, store_teardown);
        TEST_WITH(the_clusters_record_is_not_written_over, store_setup, store_teardown);
        return test_run("engine_store");
}
