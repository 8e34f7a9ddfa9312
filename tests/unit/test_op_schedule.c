/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules on a simulated fleet: made, changed in place, watched, removed; and the runs that they make. */
#include "tests/unit/schedule_fixture.h"

#include <errno.h>
#include <time.h>

#include "base/timefmt.h"
#include "ops/standing.h"

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
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_SCHEDULED && task_reached(schedule_of(f, "n", "eu-1"))->next_run != 0);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0314");
}

#define NOTHING                                                                                        \
        "schedule: \"0 0 1 * *\"\npolicy:\n  ttl: 24h\n  resourceFilter:\n    includedNamespaces: [shop]\n" \
        "    labelSelector: {matchLabels: {app: there-is-none}}\n"

/* Velero calls it Completed, whatever its filters chose. */
static void a_backup_of_nothing_protects_no_cluster(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        int64_t success;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", NOTHING);
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_UNPROTECTED);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0305");
        assert_non_null(strstr(schedule_of(f, "n", "eu-1")->reason, "holds nothing"));
        assert_string_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_result, "Completed");
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_success, 0);
        assert_int_equal(PHASE(f, "n"), PHASE_UNPROTECTED);

        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        success = task_reached(schedule_of(f, "n", "eu-1"))->last_success;
        assert_true(success > 0);

        /* What an older one holds stays known; it is a cluster's newest that counts. */
        write_policy(f, "n", NOTHING);
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_UNPROTECTED);
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_success, success);
        assert_non_null(strstr(schedule_of(f, "n", "eu-1")->reason, ", which they last did "));
        ops_restart(f);
        assert_true(task_reached(schedule_of(f, "n", "eu-1"))->last_empty);
        assert_int_equal(schedule_of(f, "n", "eu-1")->phase, PHASE_UNPROTECTED);
        ops_until(f, ops_all_ready(f));
        assert_int_equal(schedule_of(f, "n", "eu-1")->phase, PHASE_UNPROTECTED);
}

static void delete_backup(struct ops_fixture *f, const char *cluster)
{
        char words[128];

        snprintf(words, sizeof(words), "delete backups velero/%s", ops_member(f, cluster)->velero[VELERO_BACKUP].v[0]->name);
        ops_ctl(f, cluster, words);
        ops_until(f, ops_member(f, cluster)->velero[VELERO_BACKUP].n == 0);
}

/* Deleted by hand, or its ttl was over: that there was one is not forgotten with it. */
static void a_cluster_whose_backups_are_gone_is_unprotected(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        int64_t success;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        success = task_reached(schedule_of(f, "n", "eu-1"))->last_success;
        delete_backup(f, "eu-1");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_UNPROTECTED);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0320");
        assert_non_null(strstr(schedule_of(f, "n", "eu-1")->reason, "its backups are gone"));
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_success, 0);
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->lost_success, success);
        assert_int_equal(PHASE(f, "n"), PHASE_UNPROTECTED);
        /* Where there was none, none is missed. */
        assert_string_equal(schedule_of(f, "n", "us-1")->code, "FLT-0314");

        /* Another process has no run any more that would tell it. */
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        ops_until(f, ops_all_ready(f) && in_force(f, "n"));
        /* Velero names the next one by the second; the first one's name is still taken in the storage. */
        ops_run_for(f, 1100);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0320");
        ops_until(f, PHASE(f, "n") == PHASE_UNPROTECTED);

        fire(f, "eu-1", "n");
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->lost_success, 0);
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
        assert_string_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_run, o->runs[0]->id);
        assert_string_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_result, "Completed");
        assert_true(task_reached(schedule_of(f, "n", "eu-1"))->last_success > 0);
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, o->n_runs == 2 && o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(o->runs[1]->n_tasks, 1);
        /* And the same after a restart, in whatever order they come. */
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        assert_true(task_reached(schedule_of(f, "n", "us-1"))->last_success > 0);
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
                             "    labelSelector: {matchLabels: {seed: shop}}\n");
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

/* Velero takes it, and it is no protection. */
static void one_that_never_runs_protects_nothing(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "v", POLICY("0 2 31 2 *", "shop"));
        ops_until(f, PHASE(f, "v") == PHASE_UNPROTECTED && in_force(f, "v"));
        t = schedule_of(f, "v", "eu-1");
        assert_string_equal(t->code, "FLT-0289");
        assert_string_equal(t->reason, "schedule \"0 2 31 2 *\" never runs: there is no such day");
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
        /* Written again, it is as safe as its backups are. */
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_PROTECTED);
        assert_true(task_reached(schedule_of(f, "n", "eu-1"))->last_success > 0);
        ops_until(f, schedule_of(f, "n", "us-1")->phase == PHASE_SCHEDULED);
}

/* ---------------------------------------------------------------- what others do */

static const struct drift_row {
        const char *name, *spec; /* merged into what is there */
        const char *says;        /* behind the Schedule's and the cluster's name */
} drifts[] = {
        { "another time", "{'schedule': '9 9 * * *'}", ": it runs at \"9 9 * * *\", not at \"0 2 * * *\"" },
        { "paused", "{'paused': true}", "" },
        { "one field of the template", "{'template': {'includedNamespaces': ['other']}}",
                ": its template.includedNamespaces is not the policy's" },
        { "one more in the template", "{'template': {'excludedResources': ['secrets']}}",
                ": its template.excludedResources is not the policy's" },
        { "one less in the template", "{'template': {'ttl': null}}", ": its template.ttl is not the policy's" },
        { "two of the template", "{'template': {'ttl': '1h', 'includedNamespaces': ['other']}}",
                ": its template.includedNamespaces and template.ttl are not the policy's" },
        { "time, pause and template", "{'template': {'ttl': '1h'}, 'schedule': '9 9 * * *', 'paused': true}",
                ": its paused, schedule and template.ttl are not the policy's: it runs at \"9 9 * * *\", not at \"0 2 * * *\"" },
        { "as many as are named",
                "{'useOwnerReferencesInBackup': true, 'paused': true, 'template': {'ttl': '1h', 'itemOperationTimeout': '1h',"
                " 'excludedResources': ['secrets']}}",
                ": its paused, template.excludedResources, template.itemOperationTimeout, template.ttl and "
                "useOwnerReferencesInBackup are not the policy's" },
        { "more than are named",
                "{'useOwnerReferencesInBackup': true, 'paused': true, 'template': {'ttl': '1h', 'itemOperationTimeout': '1h',"
                " 'excludedResources': ['secrets'], 'includedNamespaces': ['other'], 'csiSnapshotTimeout': '0s'}}",
                ": its paused, template.excludedResources, template.includedNamespaces, template.itemOperationTimeout, "
                "template.ttl and 1 more are not the policy's" },
};

static json_t *json_of_quotes(const char *text)
{
        char json[512];
        json_t *ret;

        snprintf(json, sizeof(json), "%s", text);
        for (char *p = json; *p != '\0'; p++)
                if (*p == '\'')
                        *p = '"';
        ret = json_loads(json, 0, NULL);
        assert_non_null(ret);
        return ret;
}

/* As an editor writes it back: all of it in one update. */
static void edit_held(struct ops_fixture *f, const char *cluster, const char *name, const char *spec)
{
        json_t *s = held(f, cluster, name), *change = json_of_quotes(spec);

        assert_int_equal(json_object_update_recursive(json_object_get(s, "spec"), change), 0);
        json_decref(change);
        ops_put(f, cluster, s);
}

static void assert_says(const struct task *t, const char *verb, const char *says)
{
        char text[400];

        snprintf(text, sizeof(text), "someone %s Schedule %s on %s%s", verb, t->velero_name, t->member, says);
        assert_string_equal(t->reason, text);
}

static void drift_shows_and_retry_puts_it_back(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct drift_row *row = test_row(state);
        struct err err = ERR_INIT;
        char before[256], after[256];
        struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        text_of(f, "eu-1", "n", "metadata", "uid", before);
        edit_held(f, "eu-1", "n", row->spec);
        t = schedule_of(f, "n", "eu-1");
        ops_until(f, t->phase == PHASE_DRIFTED);
        assert_string_equal(t->code, "FLT-0312");
        assert_says(t, row->says[0] != '\0' ? "changed" : "paused", row->says);
        assert_int_equal(PHASE(f, "n"), PHASE_DRIFTED);
        ops_run_for(f, 300);
        assert_int_equal(t->phase, PHASE_DRIFTED);
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        ops_until(f, ops_all_ready(f));
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_DRIFTED && schedule_of(f, "n", "eu-1")->drifted);
        assert_says(schedule_of(f, "n", "eu-1"), row->says[0] != '\0' ? "changed" : "paused", row->says);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "retry", &err), &err);
        ops_until(f, PHASE(f, "n") == PHASE_SCHEDULED);
        text_of(f, "eu-1", "n", "spec", "schedule", after);
        assert_string_equal(after, "0 2 * * *");
        text_of(f, "eu-1", "n", "metadata", "uid", after);
        assert_string_equal(after, before);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "retry", &err), -EINVAL);
}

/* Whoever compares what he finds with what it says is led astray. */
static void drift_of_the_annotation_alone(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct task *t;
        json_t *s;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        json_object_set_new(json_object_get(json_object_get(s, "metadata"), "annotations"), "fleetfs.dev/spec-sha256",
                json_string("00"));
        ops_put(f, "eu-1", s);
        t = schedule_of(f, "n", "eu-1");
        ops_until(f, t->phase == PHASE_DRIFTED);
        assert_says(t, "changed", ": its annotation fleetfs.dev/spec-sha256 is not what was written there");
}

/* An older state of it that is put back whole: its annotation agrees with it, and only the record tells what it is. */
static void drift_to_what_was_once_right(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct task *t;
        json_t *s, *now;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "other"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        now = held(f, "eu-1", "n");
        json_object_set(json_object_get(s, "metadata"), "resourceVersion",
                json_object_get(json_object_get(now, "metadata"), "resourceVersion"));
        json_decref(now);
        ops_put(f, "eu-1", s);
        t = schedule_of(f, "n", "eu-1");
        ops_until(f, t->phase == PHASE_DRIFTED);
        assert_says(t, "changed", ": its template is not the policy's");
}

/* As Velero's own client does when it writes a whole object back. */
static void what_velero_writes_by_itself_is_no_drift(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        json_t *s, *template;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        template = json_object_get(json_object_get(s, "spec"), "template");
        json_object_set_new(template, "ttl", json_string("24h0m0s"));
        json_object_set_new(template, "csiSnapshotTimeout", json_string("0s"));
        json_object_set_new(template, "hooks", json_object());
        json_object_set_new(template, "metadata", json_object());
        json_object_set_new(json_object_get(s, "spec"), "skipImmediately", json_false());
        json_object_set_new(json_object_get(s, "spec"), "paused", json_false());
        ops_put(f, "eu-1", s);
        ops_run_for(f, 400);
        assert_int_equal(PHASE(f, "n"), PHASE_SCHEDULED);
}

static void a_schedule_that_is_not_ours_any_more_is_not_touched(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        char text[256];
        json_t *s;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        /* With another store's id there instead it would be adopted by that one. */
        json_object_del(json_object_get(json_object_get(s, "metadata"), "labels"), "fleetfs.dev/owner");
        ops_put(f, "eu-1", s);
        t = schedule_of(f, "n", "eu-1");
        ops_until(f, t->phase == PHASE_DRIFTED || t->phase == PHASE_CONFLICT);
        write_policy(f, "n", POLICY("1 1 * * *", "shop"));
        ops_until(f, schedule_of(f, "n", "eu-1")->state == TASK_CONFLICT);
        text_of(f, "eu-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "0 2 * * *");
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "retry", &err), 0);
        ops_run_for(f, 300);
        assert_int_equal(schedule_of(f, "n", "eu-1")->state, TASK_CONFLICT);
}

static const struct stranger_row {
        const char *name, *label;
} strangers[] = {
        { "of another fleet", "fleetfs.dev/fleet" },
        { "of another cluster", "fleetfs.dev/cluster-uid" },
        { "of another kind", "fleetfs.dev/kind" },
};

/* Our store's label alone does not make it ours: neither changed nor removed. */
static void what_says_that_it_is_anothers_is_left_alone(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct stranger_row *row = test_row(state);
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "n", .ext = "yaml" };
        struct err err = ERR_INIT;
        char text[256];
        json_t *s;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        json_object_set_new(json_object_get(json_object_get(s, "metadata"), "labels"), row->label, json_string("else"));
        ops_put(f, "eu-1", s);
        ops_run_for(f, 500);
        write_policy(f, "n", POLICY("1 1 * * *", "shop"));
        ops_until(f, schedule_of(f, "n", "eu-1")->state == TASK_CONFLICT && schedule_of(f, "n", "us-1")->state == TASK_POSTED);
        assert_non_null(strstr(schedule_of(f, "n", "eu-1")->reason, "\"else\""));
        text_of(f, "eu-1", "n", "spec", "schedule", text);
        assert_string_equal(text, "0 2 * * *");
        assert_ok(acting_unlink(f->engine, &file, 0, &err), &err);
        engine_publish(f->engine);
        ops_until(f, ops_held(f, "us-1", "schedules", "", "") == 0);
        ops_run_for(f, 500);
        assert_int_equal(ops_held(f, "eu-1", "schedules", "", ""), 1);
}

static const struct stripped_row {
        const char *name, *theirs;
} stripped[] = {
        { "others' annotations stay", "1" },
        { "none are left", NULL },
};

static void annotations_come_back_and_spare_others(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct stripped_row *row = test_row(state);
        json_t *s, *meta, *annotations;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 2 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        s = held(f, "eu-1", "n");
        meta = json_object_get(s, "metadata");
        json_object_del(meta, "annotations");
        if (row->theirs != NULL)
                json_object_set_new(meta, "annotations", json_pack("{s:s}", "example.com/theirs", row->theirs));
        ops_put(f, "eu-1", s);
        ops_run_for(f, 500);
        write_policy(f, "n", POLICY("1 1 * * *", "shop"));
        ops_until(f, schedule_of(f, "n", "eu-1")->phase == PHASE_SCHEDULED && in_force(f, "n"));
        s = held(f, "eu-1", "n");
        assert_string_equal(json_string_value(json_object_get(json_object_get(s, "spec"), "schedule")), "1 1 * * *");
        annotations = json_object_get(json_object_get(s, "metadata"), "annotations");
        assert_string_equal(json_string_value(json_object_get(annotations, "fleetfs.dev/cron")), "1 1 * * *");
        if (row->theirs != NULL) {
                assert_non_null(json_object_get(annotations, "example.com/theirs"));
                assert_string_equal(json_string_value(json_object_get(annotations, "example.com/theirs")), row->theirs);
        }
        json_decref(s);
}

/* ---------------------------------------------------------------- time */

static int64_t ahead_s;

static int64_t later(void)
{
        struct timespec ts;

        clock_gettime(CLOCK_REALTIME, &ts);
        return ts.tv_sec + ahead_s;
}

/* Nothing more is asked of the clusters: an answer has their time, and would tell that ours is another one. */
static bool nothing_is_looked_at(struct ops_fixture *f)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->fleet->members, c, tmp)
                if (list_linked(&c->looks))
                        return false;
        return true;
}

static void overdue_comes_by_time_alone(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        static const struct clock_source clocks = { .realtime = later };
        struct task *t;

        ahead_s = 0;
        clock_set_for_tests(&clocks);
        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 * * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        fire(f, "us-1", "n");
        fire(f, "ap-1", "n");
        ops_until(f, PHASE(f, "n") == PHASE_PROTECTED && nothing_is_looked_at(f));
        t = schedule_of(f, "n", "eu-1");
        assert_true(task_reached(t)->overdue_at > task_reached(t)->last_success + 600);
        assert_true(task_reached(t)->overdue_at <= task_reached(t)->last_success + 3600 + 600);
        ahead_s = task_reached(t)->overdue_at - later() - 1;
        assert_int_equal(t->phase, PHASE_PROTECTED);
        standing_clock(f->engine, 1); /* it looks each minute, should the clock be set */
        ops_until(f, t->phase == PHASE_OVERDUE);
        assert_string_equal(t->code, "FLT-0311");
        assert_int_equal(PHASE(f, "n"), PHASE_OVERDUE);
        clock_set_for_tests(NULL);
}

/* The machine's clock was ahead when it was read, and is set. */
static void the_next_run_comes_back_with_the_clock(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        static const struct clock_source clocks = { .realtime = later };
        int64_t ahead;

        ahead_s = 40 * 86400;
        clock_set_for_tests(&clocks);
        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 * * * *", "shop"));
        ops_until(f, in_force(f, "n") && object_of(f, "n")->next_runs[0] != 0);
        ahead = object_of(f, "n")->next_runs[0];
        ahead_s = 0;
        standing_clock(f->engine, 1);
        ops_until(f, object_of(f, "n")->next_runs[0] < ahead);
        assert_in_range(object_of(f, "n")->next_runs[0], later(), later() + 3600);
        assert_true(object_of(f, "n")->last_slot <= later());
        clock_set_for_tests(NULL);
}

int main(void)
{
        TEST_ROWS_WITH(drift_shows_and_retry_puts_it_back, drifts, ops_setup, ops_teardown);
        TEST_WITH(drift_of_the_annotation_alone, ops_setup, ops_teardown);
        TEST_WITH(drift_to_what_was_once_right, ops_setup, ops_teardown);
        TEST_WITH(what_velero_writes_by_itself_is_no_drift, ops_setup, ops_teardown);
        TEST_WITH(a_schedule_that_is_not_ours_any_more_is_not_touched, ops_setup, ops_teardown);
        TEST_WITH(overdue_comes_by_time_alone, ops_setup, ops_teardown);
        TEST_WITH(the_next_run_comes_back_with_the_clock, ops_setup, ops_teardown);
        TEST_ROWS_WITH(what_says_that_it_is_anothers_is_left_alone, strangers, ops_setup, ops_teardown);
        TEST_ROWS_WITH(annotations_come_back_and_spare_others, stripped, ops_setup, ops_teardown);
        TEST_WITH(made_on_every_cluster, ops_setup, ops_teardown);
        TEST_WITH(a_backup_of_nothing_protects_no_cluster, ops_setup, ops_teardown);
        TEST_WITH(a_cluster_whose_backups_are_gone_is_unprotected, ops_setup, ops_teardown);
        TEST_WITH(its_backups_are_runs_by_slot, ops_setup, ops_teardown);
        TEST_WITH(edit_changes_it_in_place, ops_setup, ops_teardown);
        TEST_WITH(one_that_never_runs_protects_nothing, ops_setup, ops_teardown);
        TEST_WITH(same_meaning_sends_nothing, ops_setup, ops_teardown);
        TEST_WITH(removal_takes_them_away_and_keeps_backups, ops_setup, ops_teardown);
        return test_run("op_schedule");
}
