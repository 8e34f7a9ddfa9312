/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules on a simulated fleet: made, changed in place, watched, removed; and the runs that they make. */
#include "tests/unit/ops_fixture.h"

#include "ops/standing.h"

#define DAILY "schedule: \"0 2 * * *\"\n"
#define POLICY(cron, ns) "schedule: \"" cron "\"\npolicy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [" ns "]}\n"
#define PHASE(f, name) ops_phase(f, OBJECT_BACKUP, name)

static struct object *object_of(struct ops_fixture *f, const char *name)
{
        return ops_object(f, OBJECT_BACKUP, name);
}

static struct task *schedule_of(struct ops_fixture *f, const char *name, const char *cluster)
{
        struct object *o = object_of(f, name);

        return o != NULL ? standing_task(o, ops_member(f, cluster), NULL) : NULL;
}

static bool in_force(struct ops_fixture *f, const char *name)
{
        struct object *o = object_of(f, name);

        for (size_t i = 0; o != NULL && o->standing != NULL && i < o->standing->n_tasks; i++)
                if (o->standing->tasks[i]->state != TASK_POSTED || !o->standing->tasks[i]->confirmed ||
                        o->standing->tasks[i]->unwanted)
                        return false;
        return o != NULL && o->standing != NULL;
}

static void write_policy(struct ops_fixture *f, const char *name, const char *text)
{
        struct err err = ERR_INIT;

        assert_ok(ops_write(f, OBJECT_BACKUP, name, text, &err), &err);
}

/* The Schedule as the cluster has it; caller decrefs. NULL when there is none. */
static json_t *held(struct ops_fixture *f, const char *cluster, const char *name)
{
        json_t *list = ops_ask(f, cluster, "objects schedules"), *item, *found = NULL;
        size_t i;

        json_array_foreach (list, i, item) {
                const char *label = NULL;

                json_unpack(item, "{s:{s?{s?s}}}", "metadata", "labels", "fleetfs.dev/name", &label);
                if (label != NULL && strcmp(label, name) == 0)
                        found = json_incref(item);
        }
        json_decref(list);
        return found;
}

static void text_of(struct ops_fixture *f, const char *cluster, const char *name, const char *parent, const char *key,
        char ret[256])
{
        json_t *s = held(f, cluster, name);
        const char *text = json_string_value(json_object_get(json_object_get(s, parent), key));

        snprintf(ret, 256, "%s", text != NULL ? text : "");
        json_decref(s);
}

static void made_on_every_cluster(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char text[256];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        for (const char *const *c = (const char *const[]){ "eu-1", "us-1", "ap-1", NULL }; *c != NULL; c++) {
                assert_int_equal(ops_held(f, *c, "schedules", "fleetfs.dev/name", "n"), 1);
                text_of(f, *c, "n", "spec", "schedule", text);
                assert_string_equal(text, "0 2 * * *");
        }
        assert_int_equal(object_of(f, "n")->n_runs, 0);
        assert_false(list_linked(&ops_member(f, "eu-1")->tasks));
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_SCHEDULED && schedule_of(f, "n", "eu-1")->next_run != 0);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0314");
}

static void fire(struct ops_fixture *f, const char *cluster, const char *name)
{
        char words[128];

        snprintf(words, sizeof(words), "velero fire %s", schedule_of(f, name, cluster)->velero_name);
        ops_ctl(f, cluster, words);
}

static void its_backups_are_runs_by_slot(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct object *o;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        fire(f, "us-1", "n");
        fire(f, "ap-1", "n");
        ops_until(f, PHASE(f, "n") == PHASE_PROTECTED);
        o = object_of(f, "n");
        assert_int_equal(o->n_runs, 1);
        assert_int_equal(o->runs[0]->n_tasks, 3);
        assert_int_equal(o->runs[0]->phase, PHASE_COMPLETED);
        assert_string_equal(o->runs[0]->id + 6, "01-000000Z");
        assert_string_equal(schedule_of(f, "n", "eu-1")->last_run, o->runs[0]->id);
        assert_string_equal(schedule_of(f, "n", "eu-1")->last_result, "Completed");
        assert_true(schedule_of(f, "n", "eu-1")->last_success > 0);
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, o->n_runs == 2 && o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(o->runs[1]->n_tasks, 1);
        /* And the same after a restart, in whatever order they come. */
        ops_run_for(f, 700);
        ops_restart(f);
        assert_true(schedule_of(f, "n", "us-1")->last_success > 0);
        ops_until(f, ops_all_ready(f));
        o = object_of(f, "n");
        assert_int_equal(o->n_runs, 2);
        assert_int_equal(o->runs[0]->n_tasks, 3);
        ops_until(f, PHASE(f, "n") == PHASE_PROTECTED);
}

static void edit_changes_it_in_place(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char uid[256], last[256], text[256];
        json_t *s;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", "schedule: \"0 2 * * *\"\npolicy:\n  ttl: 24h\n  resourceFilter:\n    includedNamespaces: [shop]\n"
                             "    labelSelector: {matchLabels: {a: b}}\n");
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        text_of(f, "eu-1", "n", "metadata", "uid", uid);
        text_of(f, "eu-1", "n", "status", "lastBackup", last);
        assert_string_not_equal(last, "");
        write_policy(f, "n", POLICY("30 3 * * *", "shop"));
        assert_int_equal(schedule_of(f, "n", "eu-1")->state, TASK_PENDING);
        ops_until(f, in_force(f, "n"));
        text_of(f, "eu-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "30 3 * * *");
        text_of(f, "eu-1", "n", "metadata", "uid", text);
        assert_string_equal(text, uid);
        text_of(f, "eu-1", "n", "status", "lastBackup", text);
        assert_string_equal(text, last);
        s = held(f, "eu-1", "n");
        assert_null(json_object_get(json_object_get(json_object_get(s, "spec"), "template"), "labelSelector"));
        json_decref(s);
        assert_int_equal(ops_held(f, "eu-1", "schedules", "", ""), 1);
}

static void same_meaning_sends_nothing(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char before[256], after[256];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        ops_run_for(f, 300);
        text_of(f, "eu-1", "n", "metadata", "resourceVersion", before);
        write_policy(f, "n", "# why\n" POLICY("0 2 * * *", "shop"));
        write_policy(f, "n", "schedule: '0 2 * * *'\npolicy: {resourceFilter: {includedNamespaces: [shop]}, ttl: 24h0m0s}\n");
        ops_run_for(f, 500);
        text_of(f, "eu-1", "n", "metadata", "resourceVersion", after);
        assert_string_equal(before, after);
        assert_int_equal(schedule_of(f, "n", "eu-1")->state, TASK_POSTED);
}

static void removal_takes_them_away_and_keeps_backups(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "n", .ext = "yaml" };
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        ops_ctl(f, "us-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "us-1")));
        assert_ok(acting_unlink(f->engine, &file, 0, &err), &err);
        engine_publish(f->engine);
        ops_until(f, ops_held(f, "eu-1", "schedules", "", "") == 0 && ops_held(f, "ap-1", "schedules", "", "") == 0);
        ops_run_for(f, 300);
        assert_int_equal(object_of(f, "n")->standing->n_tasks, 1);
        ops_restart(f);
        assert_true(object_of(f, "n")->removed);
        assert_int_equal(object_of(f, "n")->standing->n_tasks, 1);
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, ops_all_ready(f));
        ops_until(f, ops_held(f, "us-1", "schedules", "", "") == 0);
        ops_until(f, object_of(f, "n") != NULL && object_of(f, "n")->standing == NULL);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "n"), 1);
        assert_int_equal(object_of(f, "n")->n_runs, 1);
}

int main(void)
{
        TEST_WITH(made_on_every_cluster, ops_setup, ops_teardown);
        TEST_WITH(its_backups_are_runs_by_slot, ops_setup, ops_teardown);
        TEST_WITH(edit_changes_it_in_place, ops_setup, ops_teardown);
        TEST_WITH(same_meaning_sends_nothing, ops_setup, ops_teardown);
        TEST_WITH(removal_takes_them_away_and_keeps_backups, ops_setup, ops_teardown);
        return test_run("op_schedule");
}
