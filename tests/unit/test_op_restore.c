/* SPDX-License-Identifier: Apache-2.0 */
/* Restores on a simulated fleet. */
#include "tests/unit/ops_fixture.h"

static struct task *task_of(struct ops_fixture *f, const char *name, const char *cluster)
{
        return ops_task(f, OBJECT_RESTORE, name, cluster);
}

static void back_up(struct ops_fixture *f, const char *name)
{
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, name, OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, name) == PHASE_COMPLETED);
}

static void restores_every_cluster_that_has_it(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "ap-1", "restores", "fleetfs.dev/name", "undo"), 1);
        assert_string_equal(task_of(f, "undo", "eu-1")->backup_name, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->velero_name);
}

static void a_run_that_is_none_is_named(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_int_equal(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b@20200101-000000Z\n", &err), -ENOENT);
        assert_err(&err, -ENOENT, "policy b has no run 20200101-000000Z");
        assert_string_equal(err.id, "FLT-0407");
        assert_remedy(&err, "name one of its runs/");
}

/* A typing error in a name restores what was not meant, or nothing. */
static void a_namespace_that_no_backup_has_is_told(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        const struct object *o;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\npolicy:\n  namespaceMapping: {shp: shop2}\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        o = ops_object(f, OBJECT_RESTORE, "undo");
        assert_int_equal(o->warnings.n, 3);
        assert_string_equal(o->warnings.v[0], "FLT-0307 the backup on ap-1 has no namespace \"shp\": it has default");
        assert_ok(ops_write(f, OBJECT_RESTORE, "right", "backupName: b\npolicy:\n  namespaceMapping: {default: shop2}\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "right") == PHASE_COMPLETED);
        assert_int_equal(ops_object(f, OBJECT_RESTORE, "right")->warnings.n, 0);
}

/* "undo@latest" cannot be a label: its Restores are found all the same, and make no second object. */
static void a_name_that_labels_cannot_hold_is_one_object(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "b@latest", "", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "b@latest") == PHASE_COMPLETED);
        assert_null(ops_object(f, OBJECT_RESTORE, "b-latest"));
        assert_true(list_linked(&ops_object(f, OBJECT_RESTORE, "b@latest")->velero));
}

/* A schedule makes its first backup when its time comes: nobody need wait for that. */
static void who_has_no_run_yet_may_begin_one(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "yearly", "schedule: \"0 2 1 1 *\"\n" OPS_BACKUP, &err), &err);
        assert_int_equal(ops_write(f, OBJECT_RESTORE, "yearly@latest", "", &err), -ENOENT);
        assert_string_equal(err.id, "FLT-0409");
        assert_string_equal(err.remedy, "wait until a run of it is Completed; `echo run > ../backups/yearly/ctl` begins one");
}

/* "@latest" is each cluster's newest completed run, and only when none has one it is refused. */
static void latest_is_the_newest_completed_run_of_each_cluster(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char first[64];

        ops_until(f, ops_all_ready(f));
        for (const char *const *c = (const char *const[]){ "eu-1", "us-1", "ap-1", NULL }; *c != NULL; c++)
                ops_ctl(f, *c, "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "us-1")->state == TASK_POSTED);
        assert_int_equal(ops_write(f, OBJECT_RESTORE, "b@latest", "", &err), -EINVAL);
        assert_err(&err, -EINVAL, "not Completed");
        assert_string_equal(err.id, "FLT-0408");
        assert_remedy(&err, "wait until it is Completed");

        /* One cluster is done, the others are still at it. */
        ops_ctl(f, "eu-1", "velero resume");
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->state == TASK_DONE);
        err_clear(&err);
        assert_ok(ops_write(f, OBJECT_RESTORE, "one", "backupName: b\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "one") == PHASE_COMPLETED);
        assert_null(task_of(f, "one", "us-1"));
        assert_int_equal(ops_write(f, OBJECT_RESTORE, "two", "backupName: b\ndestination: {clusters: [{name: us-1}]}\n", &err),
                -EINVAL);
        err_clear(&err);

        /* The next run is over on two clusters: the third takes the one before. */
        ops_ctl(f, "us-1", "velero resume");
        ops_ctl(f, "ap-1", "velero resume");
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        snprintf(first, sizeof(first), "%s", ops_task(f, OBJECT_BACKUP, "b", "us-1")->velero_name);
        ops_ctl(f, "us-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->state == TASK_DONE &&
                             ops_task(f, OBJECT_BACKUP, "b", "us-1")->state == TASK_POSTED);
        assert_string_not_equal(ops_task(f, OBJECT_BACKUP, "b", "us-1")->velero_name, first);
        assert_ok(ops_write(f, OBJECT_RESTORE, "b@latest", "", &err), &err);
        assert_string_equal(task_of(f, "b@latest", "us-1")->backup_name, first);
        assert_string_equal(task_of(f, "b@latest", "eu-1")->backup_name,
                ops_task(f, OBJECT_BACKUP, "b", "eu-1")->velero_name);
        ops_ctl(f, "us-1", "velero resume");
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "b@latest") == PHASE_COMPLETED);
}

static void crash_while_it_is_posted(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        ops_until(f, task_of(f, "undo", "eu-1")->call != 0);
        usleep(200000);
        ops_restart(f);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        for (const char *const *c = (const char *const[]){ "eu-1", "us-1", "ap-1", NULL }; *c != NULL; c++)
                assert_int_equal(ops_held(f, *c, "restores", "fleetfs.dev/name", "undo"), 1);
}

static void survives_a_crash_after_every_round(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        for (unsigned i = 1; i < 12 && ops_phase(f, OBJECT_RESTORE, "undo") != PHASE_COMPLETED; i++) {
                for (unsigned k = 0; k < 3 * i; k++)
                        assert_ok(loop_run_once(f->engine->loop, 20, NULL), NULL);
                ops_restart(f);
        }
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        for (const char *const *c = (const char *const[]){ "eu-1", "us-1", "ap-1", NULL }; *c != NULL; c++)
                assert_int_equal(ops_held(f, *c, "restores", "fleetfs.dev/name", "undo"), 1);
}

/* Expired while its answer was lost: the retry finds what is there, and restores nothing twice. */
static void retry_of_what_may_have_been_posted_posts_nothing_twice(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        back_up(f, "b");
        ops_ctl(f, "eu-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        t = task_of(f, "undo", "eu-1");
        ops_until(f, t->call != 0);
        usleep(200000);
        /* The connection is given up before the answer, and the deadline passes. */
        member_stop(ops_member(f, "eu-1"));
        t->deadline = 1;
        ops_until(f, t->state == TASK_EXPIRED);
        assert_true(t->sent);
        ops_crash(f);
        ops_ctl(f, "eu-1", "velero resume");
        ops_open(f);
        t = task_of(f, "undo", "eu-1");
        if (t->state == TASK_EXPIRED)
                assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "retry", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "restores", "fleetfs.dev/name", "undo"), 1);
}

/* Velero's cache lags: it says for good that there is no such backup. */
static void a_lost_race_is_run_again(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        json_t *list, *doc;
        char words[128], first[64];

        back_up(f, "b");
        ops_ctl(f, "eu-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        t = task_of(f, "undo", "eu-1");
        ops_until(f, t->state == TASK_POSTED && task_velero(t) != NULL);
        snprintf(first, sizeof(first), "%s", t->velero_name);
        snprintf(words, sizeof(words), "objects restores %s", first);
        list = ops_ask(f, "eu-1", words);
        doc = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(doc, "status", json_pack("{s:s, s:[s]}", "phase", "FailedValidation", "validationErrors",
                "Error retrieving backup: Backup.velero.io \"x\" not found"));
        ops_put(f, "eu-1", doc);
        ops_until(f, strcmp(t->velero_name, first) != 0);
        assert_int_not_equal(ops_phase(f, OBJECT_RESTORE, "undo"), PHASE_FAILED);
        ops_ctl(f, "eu-1", "velero resume");
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
}

static void waits_for_the_location(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        back_up(f, "b");
        ops_lose_location(f, "eu-1");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        t = task_of(f, "undo", "eu-1");
        ops_until(f, t->reason != NULL);
        assert_string_equal(t->code, "FLT-0109");
        assert_int_equal(ops_held(f, "eu-1", "restores", "fleetfs.dev/name", "undo"), 0);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
}

static void delete_removes_restores_and_record(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        ops_ctl(f, "eu-1", "velero fail-next Failed restore");
        ops_ctl(f, "us-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        ops_until(f, task_of(f, "undo", "us-1")->state == TASK_POSTED && task_of(f, "undo", "eu-1")->state == TASK_DONE);
        assert_int_equal(ops_verb(f, OBJECT_RESTORE, "undo", "delete", &err), -EBUSY);
        assert_err(&err, -EBUSY, "is running on");
        ops_ctl(f, "us-1", "velero resume");
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_FAILED && task_of(f, "undo", "us-1")->state == TASK_DONE);
        err_clear(&err);
        assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "retry", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "restores", "fleetfs.dev/name", "undo"), 2);
        assert_int_equal(ops_verb(f, OBJECT_RESTORE, "undo", "delete it", &err), -EINVAL);
        /* What a cluster that is away has is removed when it is back, also by another process. */
        ops_ctl(f, "ap-1", "fault refuse");
        ops_until(f, ops_member(f, "ap-1")->health == MEMBER_UNREACHABLE);
        err_clear(&err);
        assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "delete", &err), &err);
        ops_until(f, ops_held(f, "eu-1", "restores", "fleetfs.dev/name", "undo") == 0);
        assert_non_null(ops_object(f, OBJECT_RESTORE, "undo"));
        ops_restart(f);
        ops_ctl(f, "ap-1", "fault off");
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo") == NULL);
        assert_int_equal(ops_held(f, "ap-1", "restores", "fleetfs.dev/name", "undo"), 0);
        ops_run_for(f, 300);
        ops_restart(f);
        ops_until(f, ops_all_ready(f));
        assert_null(ops_object(f, OBJECT_RESTORE, "undo"));
        assert_int_equal(ops_phase(f, OBJECT_BACKUP, "b"), PHASE_COMPLETED);
}

/* A cluster that is away and was sent nothing holds nothing back: neither `delete` nor rm. */
static void what_was_never_sent_is_called_off(void **state)
{
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_RESTORE, .name = "undo2", .ext = "yaml" };
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        ops_ctl(f, "ap-1", "fault refuse");
        ops_until(f, ops_member(f, "ap-1")->health == MEMBER_UNREACHABLE);
        for (const char *const *name = (const char *const[]){ "undo", "undo2", NULL }; *name != NULL; name++) {
                assert_ok(ops_write(f, OBJECT_RESTORE, *name, "backupName: b\n", &err), &err);
                ops_until(f, task_of(f, *name, "eu-1")->state == TASK_DONE && task_of(f, *name, "us-1")->state == TASK_DONE);
                assert_int_equal(task_of(f, *name, "ap-1")->state, TASK_PENDING);
        }
        assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "delete", &err), &err);
        assert_int_equal(task_of(f, "undo", "ap-1")->state, TASK_CANCELLED);
        assert_false(task_of(f, "undo", "ap-1")->unwanted);
        assert_false(object_folder_shows(ops_object(f, OBJECT_RESTORE, "undo")));
        ops_until(f, ops_held(f, "eu-1", "restores", "fleetfs.dev/name", "undo") == 0);
        assert_ok(acting_unlink(f->engine, &file, 0, &err), &err);
        engine_publish(f->engine);
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo2")->removed);
        assert_int_equal(task_of(f, "undo2", "ap-1")->state, TASK_CANCELLED);
        ops_ctl(f, "ap-1", "fault off");
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo") == NULL);
        ops_run_for(f, 300);
        assert_int_equal(ops_held(f, "ap-1", "restores", "", ""), 0);
}

/* Velero's Restores outlive it, and show in clusters/ alone; also when nothing but they remembers it. */
static void a_removed_one_does_not_show(void **state)
{
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_RESTORE, .name = "undo", .ext = "yaml" };
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        assert_true(object_folder_shows(ops_object(f, OBJECT_RESTORE, "undo")));
        assert_ok(acting_unlink(f->engine, &file, 0, &err), &err);
        engine_publish(f->engine);
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo")->removed);
        assert_false(object_folder_shows(ops_object(f, OBJECT_RESTORE, "undo")));
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_NONE);
        ops_restart(f);
        ops_until(f, ops_all_ready(f));
        assert_false(object_folder_shows(ops_object(f, OBJECT_RESTORE, "undo")));
        assert_ok(object_delete(f->engine, ops_object(f, OBJECT_RESTORE, "undo"), &err), &err);
        ops_restart(f);
        ops_until(f, ops_all_ready(f));
        assert_non_null(ops_object(f, OBJECT_RESTORE, "undo"));
        assert_false(object_folder_shows(ops_object(f, OBJECT_RESTORE, "undo")));
        assert_int_equal(ops_count(f, "eu-1", VELERO_RESTORE, "undo"), 1);
}

/* Nothing tells that the Restore is gone: it is asked for again after growing pauses, until something does. */
static void delete_is_patient_with_a_watch_that_lags(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        int64_t begun;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        ops_ctl(f, "eu-1", "fault lose-events");
        assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "delete", &err), &err);
        ops_run_for(f, 6000);
        assert_int_equal(ops_held(f, "eu-1", "restores", "", ""), 0);
        assert_in_range(ops_requests(f, "eu-1", "DELETE", "restores"), 2, 5);
        assert_true(task_of(f, "undo", "eu-1")->failures >= 2);
        /* The pause is not waited for when something tells. */
        ops_ctl(f, "eu-1", "fault off");
        task_of(f, "undo", "eu-1")->retry_at_ms = loop_now(f->engine->loop) + 60000;
        begun = loop_now(f->engine->loop);
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo") == NULL);
        assert_true(loop_now(f->engine->loop) - begun < 20000);
}

/* Somebody made another Restore of that name, which the watch has not shown: it is not ours to remove. */
static void delete_leaves_another_restore_of_that_name(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char words[128];
        json_t *list, *other, *meta;

        back_up(f, "b");
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        ops_ctl(f, "eu-1", "fault lose-events");
        list = ops_ask(f, "eu-1", "objects restores");
        other = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        meta = json_object_get(other, "metadata");
        json_object_del(meta, "uid");
        json_object_del(meta, "resourceVersion");
        json_object_del(meta, "labels");
        json_object_del(meta, "finalizers");
        snprintf(words, sizeof(words), "delete restores velero/%s", task_of(f, "undo", "eu-1")->velero_name);
        ops_ctl(f, "eu-1", words);
        ops_put(f, "eu-1", other);
        assert_ok(ops_verb(f, OBJECT_RESTORE, "undo", "delete", &err), &err);
        ops_until(f, ops_requests(f, "eu-1", "DELETE", "restores") >= 2);
        assert_int_equal(ops_held(f, "eu-1", "restores", "", ""), 1);
        ops_ctl(f, "eu-1", "fault off");
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, ops_object(f, OBJECT_RESTORE, "undo") == NULL);
        assert_int_equal(ops_held(f, "eu-1", "restores", "", ""), 1);
}

/* The newest run holds nothing: the one before it is meant, and that is told. Who names the newest gets it. */
static void a_run_of_nothing_is_passed_over(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        const struct object *b;
        char text[128], caveat[256];

        back_up(f, "b");
        ops_run_for(f, 1100);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "policy:\n  resourceFilter:\n    includedNamespaces: [default]\n"
                "    labelSelector: {matchLabels: {app: there-is-none}}\n", &err), &err);
        ops_until(f, ops_object(f, OBJECT_BACKUP, "b")->n_runs == 2 && ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        b = ops_object(f, OBJECT_BACKUP, "b");
        ops_run_for(f, 1100);
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\ndestination: {clusters: [{name: eu-1}]}\n", &err), &err);
        assert_string_equal(task_of(f, "undo", "eu-1")->backup_name, run_tasks_on(b->runs[0], "eu-1")->velero_name);
        snprintf(caveat, sizeof(caveat), "FLT-0305 the restore on eu-1 is of run %s: the newer run %s holds nothing",
                b->runs[0]->id, b->runs[1]->id);
        assert_int_equal(ops_object(f, OBJECT_RESTORE, "undo")->warnings.n, 1);
        assert_string_equal(ops_object(f, OBJECT_RESTORE, "undo")->warnings.v[0], caveat);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "undo") == PHASE_COMPLETED);
        assert_true(task_of(f, "undo", "eu-1")->items_done > 0);

        snprintf(text, sizeof(text), "backupName: b@%s\ndestination: {clusters: [{name: eu-1}]}\n", b->runs[1]->id);
        assert_ok(ops_write(f, OBJECT_RESTORE, "named", text, &err), &err);
        assert_string_equal(task_of(f, "named", "eu-1")->backup_name, run_tasks_on(b->runs[1], "eu-1")->velero_name);
        ops_until(f, ops_phase(f, OBJECT_RESTORE, "named") == PHASE_COMPLETED);
        assert_int_equal(ops_object(f, OBJECT_RESTORE, "named")->warnings.n, 1);
        assert_non_null(strstr(ops_object(f, OBJECT_RESTORE, "named")->warnings.v[0], "nothing"));
}

/* Where no run holds anything, the newest is as good as any. */
static void without_a_better_one_a_run_of_nothing_is_restored(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        for (unsigned n = 1; n <= 2; n++) {
                assert_ok(ops_write(f, OBJECT_BACKUP, "b", "policy:\n  resourceFilter:\n    includedNamespaces: [default]\n"
                        "    labelSelector: {matchLabels: {app: there-is-none}}\n", &err), &err);
                ops_until(f, ops_object(f, OBJECT_BACKUP, "b")->n_runs == n && ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
                ops_run_for(f, 1100);
        }
        assert_ok(ops_write(f, OBJECT_RESTORE, "undo", "backupName: b\n", &err), &err);
        assert_string_equal(task_of(f, "undo", "eu-1")->backup_name, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->velero_name);
}

int main(void)
{
        TEST_WITH(delete_is_patient_with_a_watch_that_lags, ops_setup, ops_teardown);
        TEST_WITH(delete_leaves_another_restore_of_that_name, ops_setup, ops_teardown);
        TEST_WITH(a_run_of_nothing_is_passed_over, ops_setup, ops_teardown);
        TEST_WITH(without_a_better_one_a_run_of_nothing_is_restored, ops_setup, ops_teardown);
        TEST_WITH(a_namespace_that_no_backup_has_is_told, ops_setup, ops_teardown);
        TEST_WITH(a_run_that_is_none_is_named, ops_setup, ops_teardown);
        TEST_WITH(restores_every_cluster_that_has_it, ops_setup, ops_teardown);
        TEST_WITH(a_name_that_labels_cannot_hold_is_one_object, ops_setup, ops_teardown);
        TEST_WITH(who_has_no_run_yet_may_begin_one, ops_setup, ops_teardown);
        TEST_WITH(latest_is_the_newest_completed_run_of_each_cluster, ops_setup, ops_teardown);
        TEST_WITH(crash_while_it_is_posted, ops_setup, ops_teardown);
        TEST_WITH(survives_a_crash_after_every_round, ops_setup, ops_teardown);
        TEST_WITH(retry_of_what_may_have_been_posted_posts_nothing_twice, ops_setup, ops_teardown);
        TEST_WITH(a_lost_race_is_run_again, ops_setup, ops_teardown);
        TEST_WITH(waits_for_the_location, ops_setup, ops_teardown);
        TEST_WITH(delete_removes_restores_and_record, ops_setup, ops_teardown);
        TEST_WITH(what_was_never_sent_is_called_off, ops_setup, ops_teardown);
        TEST_WITH(a_removed_one_does_not_show, ops_setup, ops_teardown);
        return test_run("op_restore");
}
