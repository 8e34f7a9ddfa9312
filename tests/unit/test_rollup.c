/* SPDX-License-Identifier: Apache-2.0 */
/* Phases of many clusters become one, on an engine that has no cluster at all. */
#include "tests/unit/lone_engine.h"

#include "base/intern.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/policy.h"
#include "ops/rollup.h"

static int setup(void **state)
{
        struct test_state *s = *state;
        struct lone_engine *x = calloc(1, sizeof(*x));

        if (test_dir_setup(state) < 0)
                return -1;
        s->fixture = x;
        lone_engine_init(x, s->dir, (const char *const[]){ "a", NULL });
        lone_engine_open(x, NULL, NULL);
        engine_write(x->e);
        fleet_member(x->f, "a")->health = MEMBER_READY;
        for (const char *const *c = (const char *const[]){ "b", "c", NULL }; *c != NULL; c++)
                fleet_add_member(x->f, *c)->health = MEMBER_READY;
        return 0;
}

static int teardown(void **state)
{
        struct lone_engine *x = test_fixture(state);

        engine_free(x->e);
        free(x);
        return test_dir_teardown(state);
}

static struct object *object_with(struct lone_engine *x, const enum phase *phases, size_t n)
{
        struct object *o = fleet_add_object(x->f, OBJECT_BACKUP, "o");
        struct run *r = object_add_run(o, "20260101-000000Z");

        for (size_t i = 0; i < n; i++) {
                struct task *t = run_add_task(r, TASK_BACKUP, (const char *const[]){ "a", "b", "c" }[i]);
                t->phase = phases[i];
                t->items_done = t->items_total = 1;
                t->completed = phase_is(phases[i], PHASE_IS_TERMINAL) ? 100 + (int64_t)i : 0;
        }
        rollup_run(x->e, r);
        rollup_object(x->e, o);
        engine_publish(x->e);
        return o;
}

static const struct row {
        const char *name;
        enum phase phases[3], want;
        size_t n;
        int64_t completed;
} rows[] = {
        { "all good", { PHASE_COMPLETED, PHASE_COMPLETED, PHASE_COMPLETED }, PHASE_COMPLETED, 3, 102 },
        { "one failed", { PHASE_COMPLETED, PHASE_FAILED, PHASE_COMPLETED }, PHASE_FAILED, 3, 102 },
        { "failed counts more than partly", { PHASE_PARTIALLY_FAILED, PHASE_FAILED }, PHASE_FAILED, 2, 101 },
        { "a conflict is the worst", { PHASE_FAILED, PHASE_CONFLICT }, PHASE_CONFLICT, 2, 101 },
        { "bad shows while others run", { PHASE_FAILED, PHASE_IN_PROGRESS }, PHASE_FAILED, 2, 0 },
        { "running before waiting", { PHASE_PENDING, PHASE_IN_PROGRESS, PHASE_QUEUED }, PHASE_IN_PROGRESS, 3, 0 },
        { "waiting before done", { PHASE_COMPLETED, PHASE_PENDING }, PHASE_PENDING, 2, 0 },
        { "expired", { PHASE_COMPLETED, PHASE_EXPIRED }, PHASE_EXPIRED, 2, 101 },
        { "on no cluster is not good", { 0 }, PHASE_FAILED, 0, 0 },
};

static void rolls_up(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const struct row *row = test_row(state);
        struct object *o = object_with(x, row->phases, row->n);

        assert_int_equal(o->phase, row->want);
        assert_int_equal(o->runs[0]->completed, row->completed);
        assert_int_equal(x->f->phase, row->want);
}

static void a_draft_never_changes_what_is_in_force(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase good[] = { PHASE_COMPLETED };
        struct object *o = object_with(x, good, 1);

        engine_write(x->e);
        o->draft_state = DRAFT_REJECTED;
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->phase, PHASE_COMPLETED);
        engine_write(x->e);
        object_remove_run(o->runs[0]);
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->phase, PHASE_REJECTED);
        assert_int_equal(x->f->phase, PHASE_NONE);
}

static void a_cluster_that_is_away_shows_in_the_fleet(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase good[] = { PHASE_COMPLETED };

        (void)object_with(x, good, 1);
        engine_write(x->e);
        fleet_member(x->f, "b")->health = MEMBER_UNREACHABLE;
        rollup_fleet(x->e, x->f);
        engine_publish(x->e);
        assert_int_equal(x->f->phase, PHASE_UNKNOWN);
        /* A second way to a cluster is no cluster. */
        engine_write(x->e);
        strcpy(fleet_member(x->f, "b")->alias_of, "a");
        rollup_fleet(x->e, x->f);
        engine_publish(x->e);
        assert_int_equal(x->f->phase, PHASE_COMPLETED);
}

/* An edit that waits for the cluster makes nothing better known than it was. */
static void an_owed_edit_hides_no_absence(void **state)
{
        struct lone_engine *x = test_fixture(state);
        struct object *o = fleet_add_object(x->f, OBJECT_BACKUP, "nightly");
        struct task *t = run_add_task(object_add_standing(o), TASK_SCHEDULE, "b");

        engine_write(x->e);
        fleet_member(x->f, "b")->health = MEMBER_UNREACHABLE;
        t->state = TASK_POSTED;
        t->sent = true;
        t->phase = PHASE_PROTECTED;
        rollup_run(x->e, o->standing);
        engine_publish(x->e);
        assert_int_equal(o->phase, PHASE_UNKNOWN);
        engine_write(x->e);
        t->state = TASK_PENDING;
        t->phase = PHASE_PENDING;
        rollup_run(x->e, o->standing);
        engine_publish(x->e);
        assert_int_equal(o->phase, PHASE_UNKNOWN);
        /* What was never sent is owed, and no more. */
        engine_write(x->e);
        t->sent = false;
        rollup_run(x->e, o->standing);
        engine_publish(x->e);
        assert_int_equal(o->phase, PHASE_PENDING);
}

static void warnings_tell_of_old_kubernetes_and_missing_node_agents(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase good[] = { PHASE_COMPLETED, PHASE_COMPLETED };
        const struct policy_env env = { .fleet = "prod" };
        struct object *o = object_with(x, good, 2);
        const char *text = "policy: {}\n";
        struct err err = ERR_INIT;

        engine_write(x->e);
        assert_ok(policy_parse(POLICY_BACKUP, "o", text, strlen(text), &env, &o->policy, &err), &err);
        fleet_member(x->f, "a")->api_version = strdup("v1.24.9");
        fleet_member(x->f, "a")->node_agent = true;
        fleet_member(x->f, "b")->api_version = strdup("v1.25.0");
        fleet_member(x->f, "c")->api_version = strdup("v1.1.0"); /* not among its clusters */
        rollup_warnings(x->e, fleet_member(x->f, "a"));
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 2);
        assert_non_null(strstr(o->warnings.v[0], "FLT-0301 volumes on b"));
        assert_non_null(strstr(o->warnings.v[1], "FLT-0302 a runs Kubernetes v1.24.9"));
        engine_write(x->e);
        fleet_member(x->f, "b")->node_agent = true;
        rollup_warnings(x->e, fleet_member(x->f, "b"));
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 1);
}

static void a_backup_or_restore_of_nothing_is_told(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase under_way[] = { PHASE_IN_PROGRESS, PHASE_IN_PROGRESS };
        const struct policy_env env = { .fleet = "prod" };
        struct object *o = object_with(x, under_way, 2);
        struct err err = ERR_INIT;

        engine_write(x->e);
        assert_ok(policy_parse(POLICY_BACKUP, "o", "policy: {}\n", 11, &env, &o->policy, &err), &err);
        fleet_member(x->f, "a")->node_agent = fleet_member(x->f, "b")->node_agent = true;
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 0);
        /* Nobody asks for its warnings: its end does. */
        engine_write(x->e);
        for (size_t i = 0; i < 2; i++)
                o->runs[0]->tasks[i]->phase = PHASE_COMPLETED;
        o->runs[0]->tasks[0]->items_done = o->runs[0]->tasks[0]->items_total = 0;
        rollup_run(x->e, o->runs[0]);
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 1);
        assert_string_equal(o->warnings.v[0], "FLT-0305 the backup on a holds nothing: its filters choose no object there");
        engine_write(x->e);
        o->runs[0]->tasks[1]->verb = TASK_RESTORE;
        o->runs[0]->tasks[1]->items_done = o->runs[0]->tasks[1]->items_total = 0;
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 2);
        assert_string_equal(o->warnings.v[1],
                "FLT-0305 the restore on b restored nothing: its filters choose no object of the backup");
}

static void warnings_of_data_that_no_backup_has_come_first(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase good[] = { PHASE_COMPLETED, PHASE_COMPLETED };
        const struct policy_env env = { .fleet = "prod" };
        struct object *o = object_with(x, good, 2);
        const char *text = "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: other}\nspec: {policy: {}}\n";
        struct err err = ERR_INIT;

        engine_write(x->e);
        assert_ok(policy_parse(POLICY_BACKUP, "o", text, strlen(text), &env, &o->policy, &err), &err);
        assert_int_equal(intern_set(&object_latest_run(o)->tasks[0]->hostpath, "pod shop/db (data)"), 0);
        assert_int_equal(intern_set(&object_latest_run(o)->tasks[1]->hostpath, "?"), 0);
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, 5);
        assert_string_equal(o->warnings.v[0], "FLT-0287 volumes of type hostPath are not backed up; whether b has any is not known: "
                                              "its pods and persistent volumes cannot be listed");
        assert_string_equal(o->warnings.v[1], "FLT-0287 volumes of type hostPath on a are not backed up: pod shop/db (data)");
        assert_non_null(strstr(o->warnings.v[2], "FLT-0301 volumes on a"));
        assert_non_null(strstr(o->warnings.v[3], "FLT-0301 volumes on b"));
        assert_non_null(strstr(o->warnings.v[4], "FLT-0283"));
}

/* ---------------------------------------------------------------- schedules */

static int64_t the_time, the_time_ms;

static int64_t at_the_time(void)
{
        return the_time;
}

static int64_t at_the_time_ms(void)
{
        return the_time_ms;
}

static void clock_at(int64_t t)
{
        static const struct clock_source source = { at_the_time, at_the_time_ms };

        the_time = t;
        if (the_time_ms == 0)
                the_time_ms = clock_boottime_ms();
        clock_set_for_tests(&source);
}

static int teardown_clock(void **state)
{
        clock_set_for_tests(NULL);
        return teardown(state);
}

static struct object *schedule(struct lone_engine *x, const char *name, const char *cron)
{
        const struct policy_env env = { .fleet = "prod" };
        struct object *o = fleet_add_object(x->f, OBJECT_BACKUP, name);
        struct err err = ERR_INIT;
        char text[128];

        snprintf(text, sizeof(text), "schedule: \"%s\"\npolicy: {}\n", cron);
        assert_ok(policy_parse(POLICY_BACKUP, name, text, strlen(text), &env, &o->policy, &err), &err);
        o->own = true;
        rollup_object(x->e, o);
        return o;
}

static const struct next_row {
        const char *name, *cron;
        int64_t next[SCHEDULE_NEXT]; /* seconds after NOW */
        int64_t slot, interval;
        bool paused;
} nexts[] = {
        { "daily", "0 2 * * *", { 7200, 93600, 180000, 266400, 352800 }, -79200, 86400, false },
        { "hourly_in_a_zone", "TZ=Asia/Kolkata 0 * * * *", { 1800, 5400, 9000, 12600, 16200 }, -1800, 3600, false },
        /* 2026-09-01 is a Tuesday: the pause is over the weekend, wherever the next five are. */
        { "on_weekdays", "0 0 * * 1-5", { 86400, 172800, 259200, 518400, 604800 }, 0, 259200, false },
        { "every", "@every 90m", { 0 }, 0, 5400, false },
        { "never", "0 0 30 2 *", { 0 }, 0, 0, false },
        { "paused", "0 2 * * *", { 0 }, 0, 86400, true },
};
#define NOW INT64_C(1788220800) /* 2026-09-01T00:00:00Z */

static void tells_the_next_runs(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const struct next_row *row = test_row(state);
        struct object *o;

        clock_at(NOW);
        engine_write(x->e);
        o = schedule(x, "o", row->cron);
        o->paused = row->paused;
        engine_publish(x->e);
        for (int i = 0; i < SCHEDULE_NEXT; i++)
                assert_int_equal(o->next_runs[i], row->next[i] != 0 ? NOW + row->next[i] : 0);
        assert_int_equal(o->last_slot, row->slot != 0 || strcmp(row->name, "on_weekdays") == 0 ? NOW + row->slot : 0);
        assert_int_equal(o->interval, row->interval);
}

static const struct ttl_row {
        const char *name, *cron, *policy, *told;
} ttls[] = {
        { "shorter", "0 2 * * *", "{ttl: 12h}", "FLT-0291 ttl, 12h, is shorter than the longest pause between two runs, 24h0m0s: "
                                                "backups expire before the next one is made" },
        { "over the weekend", "0 0 * * 1-5", "{ttl: 48h}", "FLT-0291 ttl, 48h, is shorter than the longest pause between two runs, 72h0m0s: "
                                                           "backups expire before the next one is made" },
        { "Velero's", "0 0 1 */3 *", "{}", "FLT-0291 Velero's default ttl, 720h0m0s, is shorter than the longest pause between two "
                                           "runs, 2208h0m0s: backups expire before the next one is made" },
        { "as long", "0 2 * * *", "{ttl: 24h}", NULL },
        { "Velero's suffices", "0 2 * * *", "{}", NULL },
};

static void a_ttl_shorter_than_the_pauses_is_told(void **state)
{
        const struct policy_env env = { .fleet = "prod" };
        struct lone_engine *x = test_fixture(state);
        const struct ttl_row *row = test_row(state);
        struct object *o;
        struct err err = ERR_INIT;
        char text[128];

        clock_at(NOW);
        engine_write(x->e);
        o = fleet_add_object(x->f, OBJECT_BACKUP, "o");
        snprintf(text, sizeof(text), "schedule: \"%s\"\npolicy: %s\n", row->cron, row->policy);
        assert_ok(policy_parse(POLICY_BACKUP, "o", text, strlen(text), &env, &o->policy, &err), &err);
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->warnings.n, row->told != NULL);
        if (row->told != NULL)
                assert_string_equal(o->warnings.v[0], row->told);
}

/* Whatever the time of the day or the day of the week, the longest pause is the same. */
static const struct pause_row {
        const char *name, *cron;
        int64_t interval;
} pauses[] = {
        { "each_minute", "* * * * *", 60 },
        { "each_quarter", "*/15 * * * *", 900 },
        { "in_office_hours", "*/15 8-18 * * 1-5", 2 * 86400 + 13 * 3600 + 15 * 60 },
        { "in_office_hours_of_a_zone", "TZ=Asia/Kolkata */15 8-18 * * 1-5", 2 * 86400 + 13 * 3600 + 15 * 60 },
        { "at_night", "*/5 0-5 * * *", 18 * 3600 + 300 },
        { "hourly_but_on_sundays", "0 * * * 1-6", 86400 + 3600 },
        { "twice_a_day", "0 2,14 * * *", 43200 },
        { "twice_a_day_unevenly", "30 1,23 * * *", 22 * 3600 },
        { "on_one_day_of_the_week", "*/10 * * * 0", 6 * 86400 + 600 },
        { "on_the_first_of_a_month", "*/30 * 1 * *", 30 * 86400 + 1800 },
        { "monthly", "0 3 1 * *", 31 * 86400 },
        { "every", "@every 7m", 420 },
};

static void the_longest_pause_is_the_same_at_any_time(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const struct pause_row *row = test_row(state);
        struct object *o;

        clock_at(NOW);
        engine_write(x->e);
        o = schedule(x, "o", row->cron);
        engine_publish(x->e);
        /* Nine days, at all hours. */
        for (int64_t at = NOW; at < NOW + 9 * 86400; at += 5 * 3600 + 7 * 60 + 1) {
                clock_at(at);
                rollup_object_times(x->e, o);
                engine_publish(x->e);
                assert_int_equal(o->interval, row->interval);
                assert_true(o->next_runs[0] - at <= o->interval);
        }
}

/* Another store's Schedules are not made anew by us: none, no run. */
static void what_another_store_made_runs_by_its_schedules_alone(void **state)
{
        struct lone_engine *x = test_fixture(state);
        struct object *o;

        clock_at(NOW);
        engine_write(x->e);
        o = schedule(x, "o", "0 2 * * *");
        o->own = false;
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->next_runs[0], 0);
        assert_int_equal(o->interval, 86400);
        engine_write(x->e);
        assert_non_null(run_add_task(object_add_standing(o), TASK_SCHEDULE, "a"));
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(o->next_runs[0], NOW + 7200);
}

static void next_runs_move_on_by_themselves(void **state)
{
        struct lone_engine *x = test_fixture(state);
        struct object *o;
        int64_t changed;

        clock_at(NOW + 7199);
        engine_write(x->e);
        o = schedule(x, "o", "0 2 * * *");
        engine_publish(x->e);
        assert_int_equal(o->next_runs[0], NOW + 7200);
        changed = o->changed;
        clock_at(NOW + 7200);
        /* The timer, of a second, is of the kernel's clock. */
        for (int i = 0; i < 200 && o->next_runs[0] == NOW + 7200; i++)
                assert_ok(loop_run_once(x->e->loop, 50, NULL), NULL);
        assert_int_equal(o->next_runs[0], NOW + 93600);
        assert_int_equal(o->changed, NOW + 7200);
        assert_true(o->changed > changed);
}

static void many_schedules_in_one_minute_are_told(void **state)
{
        struct lone_engine *x = test_fixture(state);
        struct object *o, *other, *tmp;
        char name[16];

        clock_at(NOW);
        engine_write(x->e);
        other = schedule(x, "other", "5 2 * * *");
        for (int i = 0; i < LIMIT_SCHEDULES_AT_ONCE; i++) {
                snprintf(name, sizeof(name), "o%d", i);
                schedule(x, name, i % 2 == 0 ? "0 2 * * *" : "0 */2 * * *");
        }
        engine_publish(x->e);
        assert_int_equal(x->f->crowded_at, 0);
        engine_write(x->e);
        schedule(x, "last", "0 2 * * *");
        engine_publish(x->e);
        assert_int_equal(x->f->crowded_at, NOW + 7200);
        HASH_ITER (hh, x->f->objects[OBJECT_BACKUP], o, tmp) {
                assert_int_equal(o->warnings.n, o != other);
                if (o != other)
                        assert_string_equal(o->warnings.v[0], "FLT-0281 more than 20 schedules of the fleet run in one minute, "
                                                              "this one among them: at 2026-09-01T02:00:00Z, say");
        }
        /* One that is paused makes room. */
        o = fleet_object(x->f, OBJECT_BACKUP, "last");
        engine_write(x->e);
        o->paused = true;
        rollup_object(x->e, o);
        engine_publish(x->e);
        assert_int_equal(x->f->crowded_at, 0);
        HASH_ITER (hh, x->f->objects[OBJECT_BACKUP], o, tmp)
                assert_int_equal(o->warnings.n, 0);
}

static bool told(const struct lone_engine *x, const char *type)
{
        return memmem(x->e->model.events.bytes, x->e->model.events.len, type, strlen(type)) != NULL;
}

static void the_end_of_a_run_is_told_once_it_was_seen_running(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase over[] = { PHASE_COMPLETED }, running[] = { PHASE_FAILED, PHASE_IN_PROGRESS };
        struct object *o = object_with(x, over, 1);

        assert_false(told(x, "RunEnded"));
        engine_write(x->e);
        fleet_remove_object(o);
        o = object_with(x, running, 2);
        assert_false(told(x, "RunEnded"));
        engine_write(x->e);
        o->runs[0]->tasks[1]->phase = PHASE_COMPLETED;
        o->runs[0]->tasks[1]->completed = 7;
        rollup_run(x->e, o->runs[0]);
        engine_publish(x->e);
        assert_true(told(x, "RunEnded"));
        assert_false(told(x, "RunStarted"));
}

static void a_run_that_a_schedule_began_is_told(void **state)
{
        struct lone_engine *x = test_fixture(state);
        const enum phase running[] = { PHASE_NONE };
        struct object *o = object_with(x, running, 1);

        assert_false(told(x, "RunStarted"));
        engine_write(x->e);
        o->runs[0]->tasks[0]->tracked = true;
        o->runs[0]->tasks[0]->phase = PHASE_IN_PROGRESS;
        rollup_run(x->e, o->runs[0]);
        engine_publish(x->e);
        assert_true(told(x, "RunStarted"));
}

int main(void)
{
        TEST_ROWS_WITH(rolls_up, rows, setup, teardown);
        TEST_WITH(a_draft_never_changes_what_is_in_force, setup, teardown);
        TEST_WITH(a_cluster_that_is_away_shows_in_the_fleet, setup, teardown);
        TEST_WITH(an_owed_edit_hides_no_absence, setup, teardown);
        TEST_WITH(warnings_tell_of_old_kubernetes_and_missing_node_agents, setup, teardown);
        TEST_WITH(a_backup_or_restore_of_nothing_is_told, setup, teardown);
        TEST_WITH(warnings_of_data_that_no_backup_has_come_first, setup, teardown);
        TEST_ROWS_WITH(tells_the_next_runs, nexts, setup, teardown_clock);
        TEST_ROWS_WITH(a_ttl_shorter_than_the_pauses_is_told, ttls, setup, teardown_clock);
        TEST_ROWS_WITH(the_longest_pause_is_the_same_at_any_time, pauses, setup, teardown_clock);
        TEST_WITH(what_another_store_made_runs_by_its_schedules_alone, setup, teardown_clock);
        TEST_WITH(next_runs_move_on_by_themselves, setup, teardown_clock);
        TEST_WITH(many_schedules_in_one_minute_are_told, setup, teardown_clock);
        TEST_WITH(the_end_of_a_run_is_told_once_it_was_seen_running, setup, teardown);
        TEST_WITH(a_run_that_a_schedule_began_is_told, setup, teardown);
        return test_run("rollup");
}
