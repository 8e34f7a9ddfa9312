/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clusters show becomes records: fed by hand into an engine that has no connection, so that order, repetition and
 * nonsense are the test's to choose.
 */
#include "tests/unit/lone_engine.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>

#include "base/intern.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/op_tasks.h"
#include "ops/track.h"
#include "ops/task.h"

struct fixture {
        struct lone_engine lone;
        struct engine *e;
        struct fleet *f;
        struct member *eu, *us;
        size_t changes;
};

static void listen(void *arg, const struct change *changes, size_t n, void (*done)(void *), void *done_arg)
{
        ((struct fixture *)arg)->changes += n;
        if (done != NULL)
                done(done_arg);
}

static void start(struct fixture *x)
{
        lone_engine_open(&x->lone, listen, x);
        x->e = x->lone.e;
        x->f = x->lone.f;
        x->eu = fleet_member(x->f, "eu-1");
        x->us = fleet_member(x->f, "us-1");
        strcpy(x->eu->uid, "uid-eu");
        strcpy(x->us->uid, "uid-us");
}

static int setup(void **state)
{
        struct test_state *s = *state;
        struct fixture *x = calloc(1, sizeof(*x));

        if (test_dir_setup(state) < 0)
                return -1;
        s->fixture = x;
        lone_engine_init(&x->lone, s->dir, (const char *const[]){ "eu-1", "us-1", NULL });
        start(x);
        return 0;
}

static int teardown(void **state)
{
        struct fixture *x = test_fixture(state);

        clock_set_for_tests(NULL);
        engine_free(x->e);
        free(x);
        return test_dir_teardown(state);
}

struct item {
        const char *name, *owner, *kind, *policy, *run, *uid, *phase, *sub, *extra, *completed;
        enum velero_kind velero;
};

static void feed(struct fixture *x, struct member *c, const struct item *i, bool deleted, uint32_t mark)
{
        char text[4096];

        snprintf(text, sizeof(text),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u-%s\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\",\"labels\":{"
                "\"fleetfs.dev/owner\":\"%s\",\"fleetfs.dev/fleet\":\"prod\",\"fleetfs.dev/kind\":\"%s\","
                "\"fleetfs.dev/name\":\"%s\",\"fleetfs.dev/run\":\"%s\",\"fleetfs.dev/cluster-uid\":\"%s\"},"
                "\"annotations\":{\"fleetfs.dev/spec-sha256\":\"00\",\"fleetfs.dev/sub-policy\":\"%s\","
                "\"fleetfs.dev/policy\":\"policy: {}\\n\"}},\"spec\":{%s},\"status\":{\"phase\":\"%s\"%s%s%s}}",
                i->name, i->name, i->owner ? i->owner : x->e->model.store_id, i->kind ? i->kind : "backup",
                i->policy ? i->policy : "nightly", i->run ? i->run : "20260101-000000Z", i->uid ? i->uid : c->uid,
                i->sub ? i->sub : "", i->extra ? i->extra : "", i->phase ? i->phase : "Completed",
                i->completed ? ",\"completionTimestamp\":\"" : "", i->completed ? i->completed : "", i->completed ? "\"" : "");
        engine_write(x->e);
        track_item(x->e, c, i->velero, deleted, text, strlen(text), mark);
}

#define FEED(x, c, ...) feed(x, c, &(const struct item){ __VA_ARGS__ }, false, 1)
#define GONE(x, c, ...) feed(x, c, &(const struct item){ __VA_ARGS__ }, true, 1)
#define OTHER "00000000000000ff"

static struct object *backup_of(struct fixture *x, const char *name)
{
        return fleet_object(x->f, OBJECT_BACKUP, name);
}

static void a_lost_store_loses_nothing_that_clusters_show(void **state)
{
        struct fixture *x = test_fixture(state);
        struct object *o;

        FEED(x, x->eu, .name = "n-eu", .owner = OTHER);
        FEED(x, x->us, .name = "n-us", .owner = OTHER, .phase = "PartiallyFailed");
        FEED(x, x->us, .name = "n-us-2", .owner = OTHER, .run = "20260102-000000Z");
        engine_publish(x->e);
        o = backup_of(x, "nightly");
        assert_non_null(o);
        assert_false(o->own);
        assert_int_equal(o->n_runs, 2);
        assert_int_equal(o->runs[0]->n_tasks, 2);
        assert_int_equal(o->runs[0]->phase, PHASE_PARTIALLY_FAILED);
        assert_int_equal(o->phase, PHASE_COMPLETED);
        assert_string_equal(o->in_force.bytes, "policy: {}\n");
        assert_int_equal(o->in_force.mtime_ns / 1000000000, 1767225600);
}

static void copies_are_never_counted(void **state)
{
        struct fixture *x = test_fixture(state);

        FEED(x, x->eu, .name = "n-eu");
        FEED(x, x->us, .name = "n-eu", .uid = "uid-eu"); /* synced, or handed over */
        engine_publish(x->e);
        assert_int_equal(backup_of(x, "nightly")->runs[0]->n_tasks, 1);
        assert_null(member_velero(x->us, VELERO_BACKUP, "n-eu")->owner_object);
        assert_ptr_equal(member_velero(x->eu, VELERO_BACKUP, "n-eu")->owner_object, backup_of(x, "nightly"));
}

static const struct {
        const char *name;
        struct item item;
} foreign[] = {
        { "another fleet's label", { .name = "a", .policy = "", .owner = OTHER } },
        { "no run", { .name = "a", .run = "", .owner = OTHER } },
        { "a run that is no time", { .name = "a", .run = "yesterday", .owner = OTHER } },
        { "an unknown kind", { .name = "a", .kind = "wish", .owner = OTHER } },
        { "no owner", { .name = "a", .owner = "" } },
};

static void belongs_to_nobody(void **state)
{
        struct fixture *x = test_fixture(state);
        const typeof(foreign[0]) *row = test_row(state);

        feed(x, x->eu, &row->item, false, 1);
        engine_publish(x->e);
        assert_null(x->f->objects[OBJECT_BACKUP]);
        assert_non_null(member_velero(x->eu, VELERO_BACKUP, "a"));
}

static void two_stores_with_one_name_are_two_objects_and_stay_so(void **state)
{
        struct fixture *x = test_fixture(state);
        struct object *ours, *theirs;

        FEED(x, x->eu, .name = "ours");
        FEED(x, x->eu, .name = "theirs", .owner = OTHER);
        ours = backup_of(x, "nightly");
        theirs = backup_of(x, "nightly.000000");
        assert_non_null(theirs);
        assert_true(ours->own);
        assert_false(theirs->own);
        x->eu->health = x->us->health = MEMBER_READY;
        engine_forget(x->e, ours);
        fleet_remove_object(ours);
        FEED(x, x->us, .name = "theirs-2", .owner = OTHER, .run = "20260102-000000Z");
        assert_null(backup_of(x, "nightly"));
        assert_int_equal(theirs->n_runs, 2);
        x->eu->health = x->us->health = MEMBER_UNKNOWN;
}

static void a_sweep_removes_what_the_list_did_not_bring(void **state)
{
        struct fixture *x = test_fixture(state);

        FEED(x, x->eu, .name = "a");
        FEED(x, x->eu, .name = "b", .run = "20260102-000000Z", .phase = "InProgress");
        feed(x, x->eu, &(const struct item){ .name = "a" }, false, 2);
        track_sweep(x->e, x->eu, VELERO_BACKUP, 2);
        engine_publish(x->e);
        assert_non_null(member_velero(x->eu, VELERO_BACKUP, "a"));
        assert_null(member_velero(x->eu, VELERO_BACKUP, "b"));
        assert_int_equal(object_latest_run(backup_of(x, "nightly"))->tasks[0]->state, TASK_DONE);
        assert_int_equal(backup_of(x, "nightly")->phase, PHASE_FAILED);
}

static void what_went_after_its_end_keeps_what_it_reached(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *t;

        FEED(x, x->eu, .name = "a");
        FEED(x, x->us, .name = "b", .phase = "InProgress");
        FEED(x, x->eu, .name = "a", .phase = "Deleting");
        t = run_tasks_on(backup_of(x, "nightly")->runs[0], "eu-1");
        assert_int_equal(t->phase, PHASE_COMPLETED);
        GONE(x, x->eu, .name = "a");
        assert_int_equal(t->phase, PHASE_COMPLETED);
        GONE(x, x->us, .name = "b");
        t = run_tasks_on(backup_of(x, "nightly")->runs[0], "us-1");
        assert_int_equal(t->phase, PHASE_FAILED);
        assert_string_equal(t->code, "FLT-0411");
}

static void the_newest_attempt_counts_whatever_comes_first(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *t;

        FEED(x, x->eu, .name = "a-20260101000500");
        FEED(x, x->eu, .name = "a-20260101000000", .phase = "Failed");
        t = run_tasks_on(backup_of(x, "nightly")->runs[0], "eu-1");
        assert_null(t->next_same);
        assert_string_equal(t->velero_name, "a-20260101000500");
        assert_int_equal(t->phase, PHASE_COMPLETED);
}

/* A record that waits for its new attempt is not taken back to the old one. */
static void a_record_knows_which_attempt_it_is_at(void **state)
{
        struct fixture *x = test_fixture(state);
        struct object *o;
        struct run *r;
        struct task *t;

        engine_write(x->e);
        o = fleet_add_object(x->f, OBJECT_BACKUP, "nightly");
        strcpy(o->owner, x->e->model.store_id);
        o->own = true;
        r = object_add_run(o, "20260101-000000Z");
        t = run_add_task(r, TASK_BACKUP, "eu-1");
        assert_int_equal(intern_set(&t->uid, "uid-eu"), 0);
        FEED(x, x->eu, .name = "a-20260101000000", .phase = "Failed");
        assert_string_equal(t->velero_name, "");
        assert_int_equal(t->state, TASK_PENDING);
        /* What it may have sent is what counts, also when it was given up. */
        strcpy(t->velero_name, "a-20260101000100");
        assert_int_equal(intern_set(&t->spec_sha256, "00"), 0);
        t->state = TASK_EXPIRED;
        FEED(x, x->eu, .name = "a-20260101000100");
        assert_int_equal(t->state, TASK_EXPIRED);
        t->sent = true;
        FEED(x, x->eu, .name = "a-20260101000100", .phase = "InProgress");
        assert_int_equal(t->state, TASK_POSTED);
        assert_int_equal(t->phase, PHASE_IN_PROGRESS);
}

static void parts_of_a_policy_are_tasks_of_their_own(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *t;

        FEED(x, x->eu, .name = "a", .sub = "apps");
        FEED(x, x->eu, .name = "b", .sub = "data", .phase = "Failed");
        t = run_tasks_on(backup_of(x, "nightly")->runs[0], "eu-1");
        assert_string_equal(t->sub, "apps");
        assert_string_equal(t->next_same->sub, "data");
        assert_int_equal(t->next_same->phase, PHASE_FAILED);
}

static void somebody_elses_object_goes_with_the_last_of_it(void **state)
{
        struct fixture *x = test_fixture(state);

        FEED(x, x->eu, .name = "a", .owner = OTHER);
        FEED(x, x->eu, .name = "b", .owner = OTHER, .run = "20260102-000000Z");
        GONE(x, x->eu, .name = "a", .owner = OTHER);
        engine_publish(x->e);
        assert_int_equal(backup_of(x, "nightly")->n_runs, 1);
        GONE(x, x->eu, .name = "b", .owner = OTHER);
        /* A cluster that is away may have one. */
        assert_non_null(backup_of(x, "nightly"));
}

static void the_same_again_is_no_news(void **state)
{
        struct fixture *x = test_fixture(state);
        size_t before;

        FEED(x, x->eu, .name = "a");
        engine_publish(x->e);
        before = x->changes;
        feed(x, x->eu, &(const struct item){ .name = "a" }, false, 2);
        engine_publish(x->e);
        assert_int_equal(x->changes, before);
        /* … and is not swept all the same. */
        track_sweep(x->e, x->eu, VELERO_BACKUP, 2);
        assert_non_null(member_velero(x->eu, VELERO_BACKUP, "a"));
}

enum { NOON = 1767268800 }; /* 2026-01-01T12:00:00Z */

static int64_t now_s;

static int64_t fake_realtime(void)
{
        return now_s;
}

static int64_t fake_boottime_ms(void)
{
        return now_s * 1000;
}

static void assert_changed(struct fixture *x, int64_t at)
{
        assert_int_equal(x->eu->changed, at);
        assert_int_equal(x->f->changed, at);
        engine_publish(x->e);
        assert_int_equal(x->f->changed, at);
}

/* make, rsync and find -newer look at mtimes only: what the folder shows never changes without. */
static void a_cluster_changes_when_its_objects_do(void **state)
{
        struct fixture *x = test_fixture(state);

        now_s = NOON;
        clock_set_for_tests(&(const struct clock_source){ fake_realtime, fake_boottime_ms });
        x->eu->changed = x->f->changed = NOON - 3600;
        x->us->changed = NOON - 7200;
        FEED(x, x->eu, .name = "a", .owner = "", .completed = "2026-01-01T11:59:30Z");
        assert_changed(x, NOON - 30);
        now_s += 10;
        FEED(x, x->eu, .name = "a", .owner = "", .completed = "2026-01-01T11:59:30Z"); /* again: no news */
        assert_changed(x, NOON - 30);
        FEED(x, x->eu, .name = "old", .owner = "", .completed = "2025-12-01T00:00:00Z");
        assert_changed(x, NOON + 10);
        now_s += 10;
        FEED(x, x->eu, .name = "ahead", .owner = "", .completed = "2026-01-01T13:00:00Z");
        assert_changed(x, NOON + 20);
        now_s += 10;
        GONE(x, x->eu, .name = "old", .owner = "");
        assert_changed(x, NOON + 30);
        now_s += 10;
        track_sweep(x->e, x->eu, VELERO_RESTORE, 2); /* nothing there */
        assert_changed(x, NOON + 30);
        track_sweep(x->e, x->eu, VELERO_BACKUP, 2);
        assert_changed(x, NOON + 40);
        now_s -= 3600; /* our own clock was set back */
        FEED(x, x->eu, .name = "b", .owner = "", .completed = "2026-01-01T10:00:00Z");
        assert_changed(x, NOON + 40);
        assert_int_equal(x->us->changed, NOON - 7200);
}

static void nonsense_is_left_out(void **state)
{
        struct fixture *x = test_fixture(state);

        engine_write(x->e);
        track_item(x->e, x->eu, VELERO_BACKUP, false, "{", 1, 1);
        track_item(x->e, x->eu, VELERO_BACKUP, false, "{}", 2, 1);
        track_item(x->e, x->eu, VELERO_BACKUP, true, "{\"metadata\":{\"name\":\"x\"}}", 25, 1);
        assert_int_equal(x->eu->velero[VELERO_BACKUP].n, 0);
}

/* A line of events.jsonl is JSON whatever a cluster has said, and what is too long is none. */
static void an_event_is_one_line(void **state)
{
        struct fixture *x = test_fixture(state);
        const struct event_log *log = &x->e->model.events;
        static const char expected[] = "\"name\":\"a\\\"b\\n\xc3\xa9\",\"message\":\"\"}\n";
        char *big = calloc(1, LIMIT_EVENT_BYTES + 1);
        json_t *line;
        size_t before = log->len;

        memset(big, 'x', LIMIT_EVENT_BYTES);
        engine_event(x->e, "Test", x->f, "name", "a\"b\n\xc3\xa9", "cluster", NULL, "message", "", NULL);
        assert_true(log->len > before + strlen(expected));
        assert_memory_equal(log->bytes + log->len - strlen(expected), expected, strlen(expected));
        line = json_loadb(log->bytes + before, log->len - before, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(line, "type")), "Test");
        assert_string_equal(json_string_value(json_object_get(line, "fleet")), x->f->name);
        assert_null(json_object_get(line, "cluster"));
        json_decref(line);
        before = log->len;
        engine_event(x->e, "Test", x->f, "name", big, NULL);
        assert_int_equal(log->len, before);
        free(big);
        engine_publish(x->e);
}

/* Nanoseconds for each of so many clusters' hundred backups to come and go; `prefix` keeps their names apart. */
static double storm(struct fixture *x, char prefix, int clusters)
{
        struct member *c, *tmp;
        struct timespec a, b;
        char name[96], run[32];

        engine_write(x->e);
        for (int i = 0; i < clusters; i++) {
                snprintf(name, sizeof(name), "%c%d", prefix, i);
                c = fleet_add_member(x->f, name);
                snprintf(c->uid, sizeof(c->uid), "uid-%c%d", prefix, i);
        }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
        for (int k = 0; k < 100; k++)
                HASH_ITER (hh, x->f->members, c, tmp) {
                        if (c->name[0] != prefix)
                                continue;
                        snprintf(name, sizeof(name), "b-%s-%d", c->name, k);
                        snprintf(run, sizeof(run), "202601%02d-0000%02dZ", 1 + k / 60, k % 60);
                        feed(x, c, &(const struct item){ .name = name, .run = run, .policy = prefix == 'a' ? "few" : "many" },
                                false, 1);
                }
        engine_publish(x->e);
        HASH_ITER (hh, x->f->members, c, tmp)
                if (c->name[0] == prefix)
                        track_sweep(x->e, c, VELERO_BACKUP, 7);
        engine_publish(x->e);
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
        return ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (clusters * 100);
}

/* A storm costs what it brings, not the square of it. */
static void a_thousand_clusters_with_a_hundred_backups(void **state)
{
        struct fixture *x = test_fixture(state);
        double few, many;

        /* MALLOC_PERTURB_ fills what is left of the heap each time that a block grows into it: the square of the heap. */
        mallopt(M_PERTURB, 0);
        few = storm(x, 'a', 100);
        many = storm(x, 'b', 1000);
        print_message("# %.0f ns for one of a hundred clusters, %.0f ns for one of a thousand\n", few, many);
        assert_true(many < 5 * few);
}

/* Velero's own Backup of a Schedule; feed_scheduled(): that runs at two o'clock, every day. */
static struct velero_object *feed_by(struct fixture *x, const char *cron, const char *name, const char *created)
{
        char text[2048];

        snprintf(text, sizeof(text),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u-%s\",\"creationTimestamp\":\"%s\",\"labels\":{"
                "\"fleetfs.dev/owner\":\"%s\",\"fleetfs.dev/fleet\":\"prod\",\"fleetfs.dev/kind\":\"backup\","
                "\"fleetfs.dev/name\":\"nightly\",\"fleetfs.dev/cluster-uid\":\"%s\",\"velero.io/schedule-name\":\"s\"},"
                "\"annotations\":{\"fleetfs.dev/spec-sha256\":\"00\",\"fleetfs.dev/cron\":\"%s\","
                "\"fleetfs.dev/policy\":\"policy: {}\\n\"}},\"spec\":{},\"status\":{\"phase\":\"Failed\"}}",
                name, name, created, x->e->model.store_id, x->eu->uid, cron);
        engine_write(x->e);
        track_item(x->e, x->eu, VELERO_BACKUP, false, text, strlen(text), 1);
        return member_velero(x->eu, VELERO_BACKUP, name);
}

static struct velero_object *feed_scheduled(struct fixture *x, const char *name, const char *created)
{
        return feed_by(x, "0 2 * * *", name, created);
}

/* Whatever comes to its slot later, before or after a restart, is not what the user named. */
static void a_doomed_run_takes_nothing_in(void **state)
{
        struct fixture *x = test_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;

        feed_scheduled(x, "s-20260101020003", "2026-01-01T02:00:03Z");
        engine_publish(x->e);
        o = backup_of(x, "nightly");
        engine_write(x->e);
        assert_ok(op_delete_run(x->e, o, o->runs[0]->id, &err), &err);
        engine_publish(x->e);
        assert_string_equal(feed_scheduled(x, "s-20260101090000", "2026-01-01T09:00:00Z")->run, "20260101-090000Z");
        engine_publish(x->e);
        assert_int_equal(o->n_runs, 2);
        assert_true(o->runs[0]->tasks[0]->doomed);
        assert_false(o->runs[1]->tasks[0]->doomed);
        engine_free(x->e);
        start(x);
        o = backup_of(x, "nightly");
        assert_true(o->runs[0]->tasks[0]->doomed);
        assert_string_equal(feed_scheduled(x, "s-20260101090000", "2026-01-01T09:00:00Z")->run, "20260101-090000Z");
        assert_string_equal(feed_scheduled(x, "s-20260101020003", "2026-01-01T02:00:03Z")->run, "20260101-020000Z");
}

/* What it replaced stays the run's, also when the record is all that is known of that; another one of the slot does not. */
static void a_retry_takes_in_what_it_replaced_alone(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *t;

        feed_scheduled(x, "s-20260101020003", "2026-01-01T02:00:03Z");
        engine_publish(x->e);
        engine_write(x->e);
        t = backup_of(x, "nightly")->runs[0]->tasks[0];
        assert_int_equal(t->state, TASK_DONE);
        task_renew(x->e, t, 1767240000);
        engine_dirty(x->e, backup_of(x, "nightly"));
        engine_publish(x->e);
        engine_free(x->e);
        start(x);
        assert_int_equal(backup_of(x, "nightly")->runs[0]->tasks[0]->state, TASK_PENDING);
        assert_string_equal(feed_scheduled(x, "s-20260101090000", "2026-01-01T09:00:00Z")->run, "20260101-090000Z");
        assert_string_equal(feed_scheduled(x, "s-20260101020003", "2026-01-01T02:00:03Z")->run, "20260101-020000Z");
        assert_int_equal(backup_of(x, "nightly")->n_runs, 2);
}

/* The same of a store that is lost, in either order: the retry's stamp is not its run's. */
static void a_retry_is_known_without_a_record(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *t;

        FEED(x, x->eu, .name = "s-20260101040000", .run = "20260101-020000Z");
        assert_string_equal(feed_scheduled(x, "s-20260101020003", "2026-01-01T02:00:03Z")->run, "20260101-020000Z");
        assert_string_equal(feed_scheduled(x, "s-20260101090000", "2026-01-01T09:00:00Z")->run, "20260101-090000Z");
        t = backup_of(x, "nightly")->runs[0]->tasks[0];
        assert_string_equal(t->velero_name, "s-20260101040000");
        assert_string_equal(t->first_name, "s-20260101020003");
        feed_scheduled(x, "s-20260102020001", "2026-01-02T02:00:01Z");
        FEED(x, x->eu, .name = "s-20260102040000", .run = "20260102-020000Z");
        assert_string_equal(feed_scheduled(x, "s-20260102090000", "2026-01-02T09:00:00Z")->run, "20260102-090000Z");
        t = run_tasks_on(object_run(backup_of(x, "nightly"), "20260102-020000Z"), "eu-1");
        assert_string_equal(t->velero_name, "s-20260102040000");
        assert_string_equal(t->first_name, "s-20260102020001");
}

/* Its runs show under the times that it says, and nobody else's go by them. */
static void a_wrong_clock_moves_no_other_run(void **state)
{
        struct fixture *x = test_fixture(state);
        int64_t now = clock_realtime();
        char soon[STAMP_SIZE];
        struct object *o;

        stamp_format_run(soon, now + 60);
        FEED(x, x->us, .name = "n-us", .run = soon);
        FEED(x, x->eu, .name = "n-eu", .run = "20990101-000000Z");
        feed_scheduled(x, "s-20990102020003", "2099-01-02T02:00:03Z");
        engine_publish(x->e);
        o = backup_of(x, "nightly");
        assert_int_equal(o->n_runs, 3);
        assert_string_equal(object_latest_run(o)->id, soon);
        engine_write(x->e);
        assert_int_equal(op_next_run(x->e, o), now + 61);
        /* Our own clock was ahead, and what it wrote then is still there. */
        o->last_run_s = 4070908800;
        stamp_format_run(soon, clock_realtime());
        FEED(x, x->us, .name = "n-us-2", .run = soon);
        assert_in_range(op_next_run(x->e, o), now + 1, now + 10);
        engine_publish(x->e);
}

static int64_t feed_many(struct fixture *x, const char *cron, const char *prefix, int64_t since)
{
        char name[64], created[32];
        struct timespec a, b;

        clock_gettime(CLOCK_MONOTONIC, &a);
        for (int i = 0; i < 1500; i++) {
                time_t at = since + i;

                strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", gmtime(&at));
                snprintf(name, sizeof(name), "%s-%04d", prefix, i);
                assert_non_null(feed_by(x, cron, name, created));
        }
        clock_gettime(CLOCK_MONOTONIC, &b);
        return 1000 * (b.tv_sec - a.tv_sec) + (b.tv_nsec - a.tv_nsec) / 1000000;
}

/* A slot that is rare is looked for once, not for every Backup. */
static void rare_slots_are_as_quick_as_others(void **state)
{
        struct fixture *x = test_fixture(state);
        int64_t often = feed_many(x, "0 2 * * *", "often", 1767315600);
        int64_t rarely = feed_many(x, "TZ=Europe/Berlin 30 2 29 2 *", "rarely", 1767402000);

        assert_string_equal(member_velero(x->eu, VELERO_BACKUP, "rarely-0000")->run, "20240229-013000Z");
        print_message("# %lld ms for daily ones, %lld ms for those of a leap day\n", (long long)often, (long long)rarely);
        assert_true(rarely < 2 * often + 100);
}

int main(void)
{
        TEST_WITH(rare_slots_are_as_quick_as_others, setup, teardown);
        TEST_WITH(a_wrong_clock_moves_no_other_run, setup, teardown);
        TEST_WITH(a_doomed_run_takes_nothing_in, setup, teardown);
        TEST_WITH(a_retry_takes_in_what_it_replaced_alone, setup, teardown);
        TEST_WITH(a_retry_is_known_without_a_record, setup, teardown);
        TEST_WITH(a_lost_store_loses_nothing_that_clusters_show, setup, teardown);
        TEST_WITH(copies_are_never_counted, setup, teardown);
        TEST_ROWS_WITH(belongs_to_nobody, foreign, setup, teardown);
        TEST_WITH(two_stores_with_one_name_are_two_objects_and_stay_so, setup, teardown);
        TEST_WITH(a_sweep_removes_what_the_list_did_not_bring, setup, teardown);
        TEST_WITH(what_went_after_its_end_keeps_what_it_reached, setup, teardown);
        TEST_WITH(the_newest_attempt_counts_whatever_comes_first, setup, teardown);
        TEST_WITH(a_record_knows_which_attempt_it_is_at, setup, teardown);
        TEST_WITH(parts_of_a_policy_are_tasks_of_their_own, setup, teardown);
        TEST_WITH(somebody_elses_object_goes_with_the_last_of_it, setup, teardown);
        TEST_WITH(the_same_again_is_no_news, setup, teardown);
        TEST_WITH(a_cluster_changes_when_its_objects_do, setup, teardown);
        TEST_WITH(nonsense_is_left_out, setup, teardown);
        TEST_WITH(an_event_is_one_line, setup, teardown);
        TEST_WITH(a_thousand_clusters_with_a_hundred_backups, setup, teardown);
        return test_run("track");
}
