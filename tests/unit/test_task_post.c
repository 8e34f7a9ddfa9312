/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that come after the watch has told: what it told stays. Each test holds an answer back for LATE milliseconds, and the
 * cluster has gone on meanwhile.
 */
#include "tests/unit/schedule_fixture.h"

#define LATE "5000" /* what happens meanwhile takes several starts of a program */

static struct task *task_of(struct ops_fixture *f)
{
        return ops_task(f, OBJECT_BACKUP, "b", "eu-1");
}

static void write_backup(struct ops_fixture *f)
{
        struct err err = ERR_INIT;

        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP, &err), &err);
}

/* The watch has told of the object while the request is under way; then the answer comes, and changes nothing. */
static void is_posted_before_the_answer(struct ops_fixture *f, struct task *t)
{
        uint64_t call = t->call;

        assert_int_not_equal(call, 0);
        ops_until(f, t->phase == PHASE_IN_PROGRESS);
        assert_int_equal(t->state, TASK_POSTED);
        assert_int_equal(t->call, call);
        assert_int_equal(t->posted_at_ms, 0);
        ops_until(f, t->call == 0);
        ops_run_for(f, 300);
        assert_int_equal(t->state, TASK_POSTED);
        assert_int_equal(t->phase, PHASE_IN_PROGRESS);
        assert_null(t->reason);
        assert_int_equal(t->posted_at_ms, 0);
        ops_ctl(f, "eu-1", "velero release");
        ops_until(f, t->state == TASK_DONE);
        assert_int_equal(t->phase, PHASE_COMPLETED);
}

static const struct post_row {
        const char *name, *fault; /* NULL: it is well */
} post_rows[] = {
        { "of a POST", NULL },
        { "of a POST that is said to have failed", "fault cut --match POST:backups" },
};

static void of_the_post(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct post_row *row = test_row(state);

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero hold InProgress");
        ops_ctl(f, "eu-1", "fault late " LATE " --match POST:backups");
        if (row->fault != NULL)
                ops_ctl(f, "eu-1", row->fault);
        write_backup(f);
        ops_until(f, task_of(f)->call != 0 && ops_requests(f, "eu-1", "POST", "backups") == 1);
        is_posted_before_the_answer(f, task_of(f));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backups"), 1);
}

/* The POST's answer was lost, and nothing tells of the object: the next POST meets AlreadyExists. */
static void lose_the_answer(struct ops_fixture *f, const char *look)
{
        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero pause");
        ops_ctl(f, "eu-1", "fault lose-events");
        ops_ctl(f, "eu-1", "fault cut --count 1 --match POST:backups");
        ops_ctl(f, "eu-1", "fault late " LATE " --match GET:backups/");
        if (look != NULL)
                ops_ctl(f, "eu-1", look);
        write_backup(f);
}

static void the_cluster_goes_on(struct ops_fixture *f)
{
        ops_ctl(f, "eu-1", "fault off lose-events");
        ops_ctl(f, "eu-1", "velero hold InProgress");
        ops_ctl(f, "eu-1", "velero resume");
}

static bool is_asked(struct ops_fixture *f, const struct task *t)
{
        json_t *log;
        bool asked = false;
        size_t i;
        json_t *item;

        if (t->call == 0)
                return false;
        log = ops_ask(f, "eu-1", "requests");
        json_array_foreach (json_object_get(log, "counts"), i, item)
                asked = asked || (strcmp(json_string_value(json_object_get(item, "verb")), "GET") == 0 &&
                                         strcmp(json_string_value(json_object_get(item, "resource")), "backups") == 0);
        json_decref(log);
        return asked;
}

static const struct look_row {
        const char *name, *fault;
} look_rows[] = {
        { "of a look at what exists", NULL },
        { "of a look that failed", "fault http 500 --match GET:backups/" },
};

static void of_the_look_at_what_exists(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct look_row *row = test_row(state);

        lose_the_answer(f, row->fault);
        ops_until(f, is_asked(f, task_of(f)));
        assert_int_equal(task_of(f)->state, TASK_PENDING);
        the_cluster_goes_on(f);
        is_posted_before_the_answer(f, task_of(f));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backups"), 2);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
}

/* A newer run gave it up. Whether it was posted is asked, the watch tells that it was, and then it is said that it was not. */
static void of_the_look_at_what_was_given_up(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct object *o;
        struct task *t;

        lose_the_answer(f, "fault http 404 --match GET:backups/");
        t = task_of(f);
        o = t->run->object;
        ops_until(f, t->failures > 0 && t->call == 0);
        write_backup(f);
        assert_int_equal(o->n_runs, 2);
        ops_until(f, t->given_up && is_asked(f, t));
        the_cluster_goes_on(f);
        is_posted_before_the_answer(f, t);
        ops_until(f, o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 2);
}

/* A Schedule is there as it was first written, nothing tells of it, and the policy is edited meanwhile: the edit counts. */
static void an_edit_while_a_schedule_is_made_is_kept(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct task *t;
        char cron[256] = "";

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "fault late " LATE " --match POST:schedules");
        ops_ctl(f, "eu-1", "fault lose-events");
        write_policy(f, "n", POLICY("0 1 * * *", "shop"));
        ops_until(f, ops_held(f, "eu-1", "schedules", "", "") == 1);
        t = schedule_of(f, "n", "eu-1");
        assert_int_not_equal(t->call, 0);
        assert_int_equal(t->state, TASK_PENDING);
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_ctl(f, "eu-1", "fault off late");
        /* It is not taken for what is wanted, and not asked for without a pause. */
        ops_run_for(f, 6000);
        assert_int_equal(t->state, TASK_PENDING);
        assert_non_null(strstr(t->reason, "does not show yet"));
        assert_in_range(ops_requests(f, "eu-1", "POST", "schedules"), 2, 1 + 5);
        ops_ctl(f, "eu-1", "fault off");
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, t->state == TASK_POSTED && t->confirmed);
        assert_int_equal(t->failures, 0);
        text_of(f, "eu-1", "n", "spec", "schedule", cron);
        assert_string_equal(cron, "0 2 * * *");
        assert_false(t->drifted);
        assert_int_equal(ops_held(f, "eu-1", "schedules", "", ""), 1);
}

int main(void)
{
        TEST_WITH(an_edit_while_a_schedule_is_made_is_kept, ops_setup, ops_teardown);
        TEST_ROWS_WITH(of_the_post, post_rows, ops_setup, ops_teardown);
        TEST_ROWS_WITH(of_the_look_at_what_exists, look_rows, ops_setup, ops_teardown);
        TEST_WITH(of_the_look_at_what_was_given_up, ops_setup, ops_teardown);
        return test_run("late answers");
}
