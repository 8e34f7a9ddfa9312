/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of `ctl` and a store that fails: what is refused changes nothing, in the model, in the store or on a cluster,
 * also when there is room again; what is answered with success survives a crash in that moment.
 */
#include "tests/unit/ops_fixture.h"

#include "base/buf.h"
#include "base/limits.h"
#include "ops/object.h"
#include "ops/store_local.h"
#include "ops/trash.h"

static int fails_with;

static ssize_t failing_write(int fd, const void *bytes, size_t len)
{
        if (fails_with == 0)
                return write(fd, bytes, len);
        errno = fails_with;
        return -1;
}

static int plain_rename(int dirfd, const char *from, const char *to)
{
        return renameat(dirfd, from, dirfd, to);
}

static const struct store_local_sys failing = { failing_write, fsync, plain_rename };

static int verbs_setup(void **state)
{
        fails_with = 0;
        store_local_set_sys_for_tests(&failing);
        return ops_setup(state);
}

static int verbs_teardown(void **state)
{
        int r = ops_teardown(state);

        store_local_set_sys_for_tests(NULL);
        return r;
}

/* ---------------------------------------------------------------- what the verbs are said to */

#define SCHEDULE "schedule: \"0 0 1 1 *\"\n" OPS_BACKUP
#define RESTORE "backupName: b\n"

static void policy(struct ops_fixture *f, enum object_kind kind, const char *name, const char *text)
{
        struct err err = ERR_INIT;

        assert_ok(ops_write(f, kind, name, text, &err), &err);
}

static void a_backup(struct ops_fixture *f)
{
        policy(f, OBJECT_BACKUP, "b", OPS_BACKUP);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
}

/* Nothing of the run is posted, so `run` takes its tasks away and makes others. */
static void a_backup_that_waits(struct ops_fixture *f)
{
        ops_lose_location(f, "all");
        policy(f, OBJECT_BACKUP, "b", OPS_BACKUP);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->reason != NULL);
}

static void a_backup_that_failed(struct ops_fixture *f)
{
        ops_ctl(f, "eu-1", "velero fail-next Failed");
        policy(f, OBJECT_BACKUP, "b", OPS_BACKUP);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_FAILED);
        ops_until(f, phase_is(ops_task(f, OBJECT_BACKUP, "b", "ap-1")->phase, PHASE_IS_TERMINAL));
}

static bool in_force(struct ops_fixture *f)
{
        const struct object *o = ops_object(f, OBJECT_BACKUP, "b");

        for (size_t i = 0; i < o->standing->n_tasks; i++)
                if (o->standing->tasks[i]->state != TASK_POSTED || !o->standing->tasks[i]->confirmed)
                        return false;
        return o->standing->n_tasks == 3;
}

static void a_schedule(struct ops_fixture *f)
{
        policy(f, OBJECT_BACKUP, "b", SCHEDULE);
        ops_until(f, in_force(f));
}

static void a_paused_schedule(struct ops_fixture *f)
{
        struct err err = ERR_INIT;

        a_schedule(f);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "pause", &err), &err);
        ops_until(f, in_force(f));
}

static void anothers_backup(struct ops_fixture *f)
{
        a_backup(f);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        ops_until(f, ops_all_ready(f) && ops_object(f, OBJECT_BACKUP, "b") != NULL);
        ops_until(f, ops_object(f, OBJECT_BACKUP, "b")->n_runs == 1 && ops_task(f, OBJECT_BACKUP, "b", "ap-1") != NULL);
        assert_false(ops_object(f, OBJECT_BACKUP, "b")->own);
}

static void a_restore(struct ops_fixture *f)
{
        a_backup(f);
        policy(f, OBJECT_RESTORE, "b", RESTORE);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "b") == PHASE_COMPLETED);
}

static void a_restore_that_failed(struct ops_fixture *f)
{
        a_backup(f);
        ops_ctl(f, "eu-1", "velero fail-next Failed restore");
        policy(f, OBJECT_RESTORE, "b", RESTORE);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "b") == PHASE_FAILED);
        ops_until(f, phase_is(ops_task(f, OBJECT_RESTORE, "b", "ap-1")->phase, PHASE_IS_TERMINAL));
}

/* Over a policy in force, whose place it takes. */
static void an_interrupted_draft(struct ops_fixture *f)
{
        static const char text[] = "policy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [other]}\n";
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "b", .ext = "yaml" };
        struct err err = ERR_INIT;
        uint64_t write = 0;

        a_backup(f);
        assert_ok(acting_commit(f->engine, &file, text, strlen(text), 0, &write, &err), &err);
        (void)acting_finish(f->engine, &file, write, 9, NULL);
        engine_publish(f->engine);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->draft_state, DRAFT_INTERRUPTED);
}

static void a_migration_folder(struct ops_fixture *f)
{
        const struct acting_link source = { "prod", "b", false, "source" }, target = { "prod", "b", true, "us-1" };
        struct err err = ERR_INIT;

        assert_ok(acting_mkdir(f->engine, "prod", "b", &err), &err);
        assert_ok(acting_link(f->engine, &source, "../../clusters/eu-1", "/mnt", false, NULL, &err), &err);
        assert_ok(acting_link(f->engine, &target, "../../../clusters/us-1", "/mnt", false, NULL, &err), &err);
}

struct verb_row {
        const char *name;
        enum object_kind kind;
        void (*prepare)(struct ops_fixture *f);
        const char *verb; /* "delete RUN": the newest run's name is put in */
};

static const struct verb_row verb_rows[] = {
        { "run", OBJECT_BACKUP, a_backup, "run" },
        { "run_in_the_place_of_one_that_waits", OBJECT_BACKUP, a_backup_that_waits, "run" },
        { "pause", OBJECT_BACKUP, a_schedule, "pause" },
        { "resume", OBJECT_BACKUP, a_paused_schedule, "resume" },
        { "retry", OBJECT_BACKUP, a_backup_that_failed, "retry" },
        { "delete_a_run", OBJECT_BACKUP, a_backup, "delete RUN" },
        { "adopt", OBJECT_BACKUP, anothers_backup, "adopt" },
        { "start_a_draft", OBJECT_BACKUP, an_interrupted_draft, "start" },
        { "retry_a_restore", OBJECT_RESTORE, a_restore_that_failed, "retry" },
        { "delete_a_restore", OBJECT_RESTORE, a_restore, "delete" },
        { "start_a_migration", OBJECT_MIGRATION, a_migration_folder, "start" },
};

/* ---------------------------------------------------------------- how all of it is */

/* What a run begins beside its own work has ended, too: which volumes are folders of a node is asked for a second after its
   backup was posted, and stored. */
static bool is_at_rest(const struct ops_fixture *f)
{
        const struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->fleet->objects[k], o, tmp) {
                        const struct run *r = object_latest_run(o);

                        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                                if (r->tasks[i]->verb == TASK_BACKUP && task_velero(r->tasks[i]) != NULL &&
                                        r->tasks[i]->hostpath == NULL)
                                        return false;
                }
        return ops_is_stored(f);
}

struct picture {
        char *record;      /* as it would be stored now */
        struct buf stored; /* as it is */
        uint64_t policy;   /* what is parsed */
        size_t n_trash, n_events;
        unsigned requests; /* that changed something on a cluster */
};

static unsigned changes_asked(struct ops_fixture *f)
{
        static const char *const members[] = { "eu-1", "us-1", "ap-1" };
        unsigned n = 0;

        for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
                json_t *doc = ops_ask(f, members[i], "requests"), *count;
                size_t k;

                json_array_foreach (json_object_get(doc, "counts"), k, count) {
                        const char *method = json_string_value(json_object_get(count, "method"));
                        const char *resource = json_string_value(json_object_get(count, "resource"));

                        /* What is asked about ourselves changes nothing. */
                        if (strcmp(method, "GET") != 0 && strstr(resource, "review") == NULL)
                                n += (unsigned)json_integer_value(json_object_get(count, "count"));
                }
                json_decref(doc);
        }
        return n;
}

static void picture_take(struct ops_fixture *f, enum object_kind kind, struct picture *p)
{
        const struct store_key key = { STORE_OBJECTS, "prod", object_kind_folder(kind), "b" };
        struct object *o = ops_object(f, kind, "b");
        struct buf b = BUF_INIT(STORE_RECORD_MAX);

        assert_non_null(o);
        *p = (struct picture){ .stored = BUF_INIT(STORE_RECORD_MAX) };
        assert_int_equal(object_encode(o, &b), 0);
        assert_int_equal(buf_steal(&b, &p->record, NULL), 0);
        (void)store_get(f->engine->store, &key, &p->stored, NULL);
        p->policy = o->policy != NULL ? (uintptr_t)o->policy : 0;
        p->n_trash = f->fleet->trash != NULL ? f->fleet->trash->n : 0;
        p->n_events = f->engine->model.events.len;
        p->requests = changes_asked(f);
}

static void picture_done(struct picture *p)
{
        free(p->record);
        buf_done(&p->stored);
}

static void assert_same_picture(struct picture *now, struct picture *before)
{
        assert_string_equal(now->record, before->record);
        assert_int_equal(now->stored.len, before->stored.len);
        if (now->stored.len > 0)
                assert_memory_equal(now->stored.data, before->stored.data, now->stored.len);
        assert_int_equal(now->policy, before->policy);
        assert_int_equal(now->n_trash, before->n_trash);
        assert_int_equal(now->n_events, before->n_events);
        assert_int_equal(now->requests, before->requests);
        picture_done(now);
}

static const char *verb_text(struct ops_fixture *f, const struct verb_row *row, char text[64])
{
        if (strcmp(row->verb, "delete RUN") == 0)
                snprintf(text, 64, "delete %s", object_latest_run(ops_object(f, row->kind, "b"))->id);
        else
                snprintf(text, 64, "%s", row->verb);
        return text;
}

static void refused_changes_nothing(void **state)
{
        static const int errors[] = { ENOSPC, EIO };
        struct ops_fixture *f = ops_fixture(state);
        const struct verb_row *row = test_row(state);
        struct picture before, now;
        char text[64];

        ops_until(f, ops_all_ready(f));
        row->prepare(f);
        ops_until(f, is_at_rest(f));
        picture_take(f, row->kind, &before);
        verb_text(f, row, text);
        for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
                struct err err = ERR_INIT;

                fails_with = errors[i];
                assert_int_equal(ops_verb(f, row->kind, "b", text, &err), -errors[i]);
                assert_string_equal(err.id, "FLT-0256");
                assert_remedy(&err, "make room");
                picture_take(f, row->kind, &now);
                assert_same_picture(&now, &before);
                ops_run_for(f, 700);
                fails_with = 0;
                ops_run_for(f, 1500);
                picture_take(f, row->kind, &now);
                assert_same_picture(&now, &before);
        }
        /* And it is as good as before: what the verb is for happens when it is said again. */
        assert_int_equal(ops_verb(f, row->kind, "b", text, NULL), 0);
        picture_done(&before);
}

/* No round of the engine comes between the answer and the crash. */
static void accepted_is_durable(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct verb_row *row = test_row(state);
        struct picture before, now;
        struct object *o;
        char text[64];
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        row->prepare(f);
        ops_until(f, is_at_rest(f));
        picture_take(f, row->kind, &before);
        verb_text(f, row, text);
        assert_ok(acting_ctl(f->engine, "prod", row->kind, "b", text, strlen(text), &err), &err);
        assert_false(ops_object(f, row->kind, "b")->dirty);
        picture_take(f, row->kind, &now);
        assert_string_not_equal(now.record, before.record);
        assert_int_equal(now.stored.len, strlen(now.record));
        assert_memory_equal(now.stored.data, now.record, now.stored.len);
        engine_publish(f->engine);
        ops_restart(f);
        o = ops_object(f, row->kind, "b");
        assert_non_null(o);
        assert_true(o->own);
        picture_done(&before);
        picture_done(&now);
}

/* What it means may change between a look and the verb, and the data is gone for good. */
static void latest_is_not_deleted(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char remedy[64];

        ops_until(f, ops_all_ready(f));
        a_backup(f);
        assert_int_equal(acting_ctl(f->engine, "prod", OBJECT_BACKUP, "b", "delete latest", 13, &err), -EINVAL);
        engine_publish(f->engine);
        snprintf(remedy, sizeof(remedy), "delete %s", object_latest_run(ops_object(f, OBJECT_BACKUP, "b"))->id);
        assert_remedy(&err, remedy);
        ops_run_for(f, 700);
        assert_int_equal(ops_phase(f, OBJECT_BACKUP, "b"), PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
}

int main(void)
{
        TEST_WITH(latest_is_not_deleted, verbs_setup, verbs_teardown);
        TEST_ROWS_WITH(refused_changes_nothing, verb_rows, verbs_setup, verbs_teardown);
        TEST_ROWS_WITH(accepted_is_durable, verb_rows, verbs_setup, verbs_teardown);
        return test_run("verbs");
}
