/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations on a simulated fleet: every step, a crash after each of them, and what is left behind. */
#include "tests/unit/ops_fixture.h"

#include "base/buf.h"
#include "base/timefmt.h"
#include "k8s/path.h"

#define MIGRATE(extra)                                                        \
        "sourceCluster: {clusters: [{name: eu-1}]}\n"                         \
        "targetCluster: {clusters: [{name: us-1}]}\n" extra                   \
        "policy:\n  resourceFilter: {includedNamespaces: [default]}\n"

static struct task *target_of(struct ops_fixture *f, const char *name, const char *cluster)
{
        struct object *o = ops_object(f, OBJECT_MIGRATION, name);
        struct run *r = o != NULL ? object_latest_run(o) : NULL;

        for (struct task *t = r != NULL ? run_tasks_on(r, cluster) : NULL; t != NULL; t = t->next_same)
                if (t->verb == TASK_RESTORE)
                        return t;
        return NULL;
}

static enum phase phase_of(struct ops_fixture *f, const char *name)
{
        return ops_phase(f, OBJECT_MIGRATION, name);
}

/* Nothing of the migration is left on its target but the Restores. */
static bool is_clean(struct ops_fixture *f, const char *cluster)
{
        return ops_held(f, cluster, "backupstoragelocations", "fleetfs.dev/kind", "migration") == 0 &&
               ops_held(f, cluster, "backups", "fleetfs.dev/kind", "migration") == 0 &&
               ops_held(f, cluster, "secrets", "fleetfs.dev/kind", "migration") == 0;
}

static void begin(struct ops_fixture *f, const char *text)
{
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_MIGRATION, "m", text, &err), &err);
        assert_non_null(target_of(f, "m", "us-1"));
}

static void moves_and_leaves_nothing_behind(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        begin(f, MIGRATE(""));
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
        assert_int_equal(ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m"), 1);
}

/* Stops the world once the target has come as far as this, and goes on in a new process. */
static const struct crash_row {
        const char *name;
        enum task_step step;
        bool posted;
} crashes[] = {
        { "a crash before the location", STEP_LOCATION, false },
        { "a crash before the backup is handed over", STEP_HANDOVER, false },
        { "a crash before the restore", STEP_RESTORE, false },
        { "a crash while it is restored", STEP_RESTORE, true },
        { "a crash before the clean-up", STEP_CLEANUP, true },
};

static void survives_a_crash(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct crash_row *row = test_row(state);

        begin(f, MIGRATE(""));
        ops_until(f, target_of(f, "m", "us-1")->step == row->step &&
                (!row->posted || target_of(f, "m", "us-1")->state != TASK_PENDING) &&
                (row->step != STEP_LOCATION || target_of(f, "m", "us-1")->call != 0));
        ops_restart(f);
        assert_non_null(ops_object(f, OBJECT_MIGRATION, "m"));
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
        assert_int_equal(ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m"), 1);
}

/* Every round of a migration is a point where the process may die. */
static void survives_a_crash_after_every_round(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        unsigned crashes_done = 0;

        begin(f, MIGRATE(""));
        for (unsigned rounds = 1; crashes_done < 25; rounds++) {
                for (unsigned i = 0; i < rounds * 2; i++)
                        assert_ok(loop_run_once(f->engine->loop, 20, NULL), NULL);
                if (phase_of(f, "m") == PHASE_COMPLETED && !target_of(f, "m", "us-1")->open)
                        break;
                ops_restart(f);
                crashes_done++;
        }
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
        assert_int_equal(ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m"), 1);
}

static const struct bad_row {
        const char *name, *fault;
        enum phase phase;
} bad_ends[] = {
        { "a restore that failed is cleaned up after", "velero fail-next Failed restore", PHASE_FAILED },
        { "a restore that was rejected is cleaned up after", "fault http 400 --match POST:restores", PHASE_FAILED },
        { "a restore that expired is cleaned up after", "fault http 503 --match POST:restores", PHASE_EXPIRED },
        { "a hand-over that was rejected is cleaned up after", "fault http 403 --match POST:backups", PHASE_FAILED },
};

static void cleans_up(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct bad_row *row = test_row(state);
        struct err err = ERR_INIT;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "us-1", row->fault);
        begin(f, MIGRATE(""));
        t = target_of(f, "m", "us-1");
        if (row->phase == PHASE_EXPIRED) {
                ops_until(f, t->step == STEP_RESTORE && t->failures > 0);
                t->deadline = clock_realtime();
        }
        ops_until(f, t->phase == row->phase);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        /* The retry begins with the location again. */
        ops_ctl(f, "us-1", "fault off");
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "retry", &err), &err);
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
}

static void cleans_up_when_the_target_is_back(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        begin(f, MIGRATE(""));
        ops_ctl(f, "us-1", "hold InProgress restore");
        ops_until(f, target_of(f, "m", "us-1")->phase == PHASE_IN_PROGRESS);
        ops_ctl(f, "us-1", "fault http 500 --match DELETE:backups");
        ops_ctl(f, "us-1", "velero release");
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_ctl(f, "us-1", "fault refuse");
        ops_until(f, ops_member(f, "us-1")->health == MEMBER_UNREACHABLE);
        ops_restart(f);
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        assert_int_equal(phase_of(f, "m"), PHASE_COMPLETED);
}

static void a_source_that_failed_ends_its_targets(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char first[64];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero fail-next Failed");
        begin(f, MIGRATE(""));
        ops_until(f, target_of(f, "m", "us-1")->state == TASK_REJECTED);
        assert_string_equal(target_of(f, "m", "us-1")->code, "FLT-0424");
        snprintf(first, sizeof(first), "%s", object_latest_run(ops_object(f, OBJECT_MIGRATION, "m"))->tasks[0]->velero_name);
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "retry", &err), &err);
        assert_string_equal(target_of(f, "m", "us-1")->backup_name, "");
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        assert_string_not_equal(target_of(f, "m", "us-1")->backup_name, first);
}

static void retry_repeats_only_targets_that_failed(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "us-1", "velero fail-next Failed restore");
        begin(f, "sourceCluster: {clusters: [{name: eu-1}]}\ntargetCluster: {clusters: [{name: us-1}, {name: ap-1}]}\n"
                 "policy:\n  resourceFilter: {includedNamespaces: [default]}\n");
        ops_until(f, target_of(f, "m", "us-1")->phase == PHASE_FAILED && target_of(f, "m", "ap-1")->phase == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "retry", &err), &err);
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "ap-1", "restores", "fleetfs.dev/name", "m"), 1);
        assert_int_equal(ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m"), 2);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
        assert_err(&err, 0, "");
        assert_int_equal(ops_verb(f, OBJECT_MIGRATION, "m", "retry", &err), -EINVAL);
        assert_err(&err, -EINVAL, "nothing to retry");
}

/* The source goes away while it is asked: the question ends with its connection, and is asked again. */
static void the_source_goes_away_while_it_is_asked(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;
        struct member *source;
        struct task *t;

        begin(f, MIGRATE(""));
        ops_ctl(f, "eu-1", "fault stall");
        ops_ctl(f, "eu-1", "fault off");
        t = target_of(f, "m", "us-1");
        source = ops_member(f, "eu-1");
        ops_until(f, t->call != 0 && t->call_at == source);
        assert_ok(fleetconf_load(&f->source, &conf, &err), &err);
        assert_string_equal(conf->fleets[0].members[0].name, "eu-1");
        member_stop(source);
        assert_int_equal(t->call, 0);
        assert_ok(member_start(f->engine, source, &conf->fleets[0].members[0], &err), &err);
        fleetconf_free(conf);
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
}

static json_t *volume_backup(const char *backup)
{
        return json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}}, s:{s:s, s:s, s:{s:s}, s:s, s:s}, s:{s:s}}", "apiVersion",
                "velero.io/v1", "kind", "PodVolumeBackup", "metadata", "name", "pvb-1", "namespace", "velero", "labels",
                "velero.io/backup-name", backup, "spec", "backupStorageLocation", "default", "node", "n", "pod", "name", "p",
                "repoIdentifier", "r", "volume", "v", "status", "phase", "Completed");
}

static json_t *repository_password(const char *base64)
{
        return json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "apiVersion", "v1", "kind", "Secret", "metadata", "name",
                "velero-repo-credentials", "namespace", "velero", "data", "repository-password", base64);
}

static const struct password_row {
        const char *name, *source, *target;
        bool equal;
} passwords[] = {
        { "volumes with equal repository passwords", "c2FtZQ==", "c2FtZQ==", true },
        { "volumes with the default password on both", NULL, NULL, true },
        { "volumes with the default password written out", "c3RhdGljLXBhc3N3MHJk", NULL, true },
        { "volumes with different repository passwords", "b25l", "dHdv", false },
};

static void compares_passwords(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct password_row *row = test_row(state);
        struct task *source, *t;
        json_t *list;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "hold InProgress");
        begin(f, MIGRATE(""));
        source = object_latest_run(ops_object(f, OBJECT_MIGRATION, "m"))->tasks[0];
        ops_until(f, source->phase == PHASE_IN_PROGRESS);
        ops_put(f, "eu-1", volume_backup(source->velero_name));
        if (row->source != NULL)
                ops_put(f, "eu-1", repository_password(row->source));
        if (row->target != NULL)
                ops_put(f, "us-1", repository_password(row->target));
        ops_ctl(f, "eu-1", "velero release");
        t = target_of(f, "m", "us-1");
        if (row->equal) {
                ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
                list = ops_ask(f, "us-1", "objects podvolumebackups pvb-1");
                const char *owner = "", *location = "";
                assert_int_equal(json_unpack(json_array_get(list, 0), "{s:{s:[{s:s}]}, s:{s:s}}", "metadata", "ownerReferences",
                        "name", &owner, "spec", "backupStorageLocation", &location), 0);
                assert_string_equal(owner, t->backup_name);
                assert_string_equal(location, t->location);
                json_decref(list);
        } else {
                ops_until(f, t->state == TASK_REJECTED);
                assert_string_equal(t->code, "FLT-0421");
                assert_null(strstr(t->reason, row->source));
                assert_null(strstr(t->reason, row->target));
                assert_int_equal(ops_held(f, "us-1", "restores", "", ""), 0);
        }
        ops_until(f, !t->open);
        assert_true(is_clean(f, "us-1"));
}

/* The target's own location lies elsewhere: its credentials open nothing of the source's. */
static void other_bucket(struct ops_fixture *f, const char *cluster)
{
        json_t *list = ops_ask(f, cluster, "objects backupstoragelocations default");
        json_t *doc = json_deep_copy(json_array_get(list, 0));

        json_decref(list);
        json_object_set_new(json_object_get(json_object_get(doc, "spec"), "objectStorage"), "bucket", json_string("other"));
        ops_ctl(f, cluster, "bucket add other");
        ops_put(f, cluster, doc);
        ops_until(f, strcmp(member_velero(ops_member(f, cluster), VELERO_LOCATION, "default")->bsl->bucket, "other") == 0);
}

/* The credentials in a Secret of the cluster, as base64; "" when there is none of that name. */
static void credentials(struct ops_fixture *f, const char *cluster, const char *name, char *ret, size_t size)
{
        json_t *list = ops_ask(f, cluster, "objects secrets"), *item;
        size_t i;

        ret[0] = '\0';
        json_array_foreach (list, i, item) {
                const char *have = "", *value = "";
                json_unpack(item, "{s:{s:s}, s?{s?s}}", "metadata", "name", &have, "data", "cloud", &value);
                if (strcmp(have, name) == 0)
                        snprintf(ret, size, "%s", value);
        }
        json_decref(list);
}

static void without_credentials_it_is_refused(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        ops_until(f, ops_all_ready(f));
        other_bucket(f, "us-1");
        begin(f, MIGRATE(""));
        ops_until(f, target_of(f, "m", "us-1")->state == TASK_REJECTED);
        assert_string_equal(target_of(f, "m", "us-1")->code, "FLT-0422");
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
}

static void copies_credentials_when_asked_and_removes_them(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct buf b = BUF_INIT(1024 * 1024);
        char source[512], copied[512];

        ops_until(f, ops_all_ready(f));
        other_bucket(f, "us-1");
        ops_ctl(f, "us-1", "hold InProgress restore");
        begin(f, MIGRATE("copyCredentials: true\n"));
        ops_until(f, target_of(f, "m", "us-1")->phase == PHASE_IN_PROGRESS);
        credentials(f, "eu-1", "cloud-credentials", source, sizeof(source));
        credentials(f, "us-1", target_of(f, "m", "us-1")->location, copied, sizeof(copied));
        assert_string_not_equal(source, "");
        assert_string_equal(copied, source);
        ops_ctl(f, "us-1", "velero release");
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_true(is_clean(f, "us-1"));
        /* Nothing of it in what is stored. */
        assert_ok(object_encode(ops_object(f, OBJECT_MIGRATION, "m"), &b), NULL);
        assert_null(strstr(b.data, source));
        buf_done(&b);
}

static void another_backup_of_that_name_is_not_touched(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct task *source;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "hold InProgress");
        begin(f, MIGRATE(""));
        source = object_latest_run(ops_object(f, OBJECT_MIGRATION, "m"))->tasks[0];
        ops_until(f, source->phase == PHASE_IN_PROGRESS);
        ops_put(f, "us-1", json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}, s:{s:s}}", "apiVersion", "velero.io/v1", "kind",
                "Backup", "metadata", "name", source->velero_name, "namespace", "velero", "spec", "storageLocation", "default",
                "status", "phase", "Failed"));
        ops_ctl(f, "eu-1", "velero release");
        ops_until(f, target_of(f, "m", "us-1")->state == TASK_CONFLICT);
        assert_string_equal(target_of(f, "m", "us-1")->code, "FLT-0423");
        ops_until(f, !target_of(f, "m", "us-1")->open);
        assert_int_equal(ops_held(f, "us-1", "backups", "", ""), 1);
        assert_int_equal(ops_held(f, "us-1", "backupstoragelocations", "fleetfs.dev/kind", "migration"), 0);
}

/* POSTs that the cluster has seen since `requests --reset`. */
static int posts(struct ops_fixture *f, const char *cluster)
{
        json_t *said = ops_ask(f, cluster, "requests"), *row;
        json_int_t n = 0;
        size_t i;

        json_array_foreach (json_object_get(said, "counts"), i, row)
                if (strcmp(json_string_value(json_object_get(row, "method")), "POST") == 0)
                        n += json_integer_value(json_object_get(row, "count"));
        json_decref(said);
        return (int)n;
}

/* What was POSTed is not POSTed again and again while the watch says nothing of it. */
static const struct lag_row {
        const char *name;
        enum task_step step; /* the events of what is made in it are lost */
} lags[] = {
        { "a location that does not show", STEP_LOCATION },
        { "a backup that does not show", STEP_HANDOVER },
};

static void is_patient_with_a_watch_that_lags(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct lag_row *row = test_row(state);

        begin(f, MIGRATE(""));
        ops_until(f, target_of(f, "m", "us-1")->step == row->step);
        ops_ctl(f, "us-1", "fault lose-events");
        ops_ctl(f, "us-1", "requests --reset");
        ops_until(f, posts(f, "us-1") > 0);
        ops_run_for(f, 5000);
        assert_in_range(posts(f, "us-1"), 1, 8);
        assert_int_equal(target_of(f, "m", "us-1")->state, TASK_PENDING);
        /* The next list brings it. */
        ops_ctl(f, "us-1", "fault off");
        member_suspect(ops_member(f, "us-1"));
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
}

/* What is in policy.yaml is not known before its writer is done: an empty one would move everything. */
static void a_folder_does_not_start_while_its_policy_is_written(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_file policy = { "prod", OBJECT_MIGRATION, "m", "yaml", .in_folder = true };
        const struct acting_link source = { "prod", "m", false, "source" }, target = { "prod", "m", true, "us-1" };
        static const char only[] = "policy: {resourceFilter: {includedNamespaces: [only]}}\n";
        struct err err = ERR_INIT;
        uint64_t write = 0;

        ops_until(f, ops_all_ready(f));
        assert_ok(acting_mkdir(f->engine, "prod", "m", &err), &err);
        assert_ok(acting_link(f->engine, &source, "../../clusters/eu-1", "/mnt", false, NULL, &err), &err);
        assert_ok(acting_link(f->engine, &target, "../../../clusters/us-1", "/mnt", false, NULL, &err), &err);
        assert_ok(acting_create(f->engine, &policy, &err), &err);
        assert_int_equal(ops_verb(f, OBJECT_MIGRATION, "m", "start", &err), -EBUSY);
        assert_err(&err, -EBUSY, "policy.yaml is being written");
        assert_int_equal(ops_object(f, OBJECT_MIGRATION, "m")->n_runs, 0);
        err_clear(&err);
        assert_ok(acting_commit(f->engine, &policy, only, strlen(only), 0, &write, &err), &err);
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "start", &err), &err);
        assert_string_equal(ops_object(f, OBJECT_MIGRATION, "m")->in_force.bytes, only);
}

/* The start is what is written then; there is no file to show, nor a time that it could have. */
static void a_folder_without_a_policy_has_none_after_its_start(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_link source = { "prod", "m", false, "source" }, target = { "prod", "m", true, "us-1" };
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(acting_mkdir(f->engine, "prod", "m", &err), &err);
        assert_ok(acting_link(f->engine, &source, "../../clusters/eu-1", "/mnt", false, NULL, &err), &err);
        assert_ok(acting_link(f->engine, &target, "../../../clusters/us-1", "/mnt", false, NULL, &err), &err);
        assert_null(object_visible_document(ops_object(f, OBJECT_MIGRATION, "m")));
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "start", &err), &err);
        assert_null(object_visible_document(ops_object(f, OBJECT_MIGRATION, "m")));
        ops_restart(f);
        assert_true(ops_object(f, OBJECT_MIGRATION, "m")->started);
        assert_null(object_visible_document(ops_object(f, OBJECT_MIGRATION, "m")));
}

static void delete_removes_the_records_only(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "hold InProgress");
        begin(f, MIGRATE(""));
        ops_until(f, ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m") == 1);
        assert_int_equal(ops_verb(f, OBJECT_MIGRATION, "m", "delete", &err), -EBUSY);
        assert_err(&err, -EBUSY, "is running");
        err_clear(&err);
        ops_ctl(f, "eu-1", "velero release");
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED && !target_of(f, "m", "us-1")->open);
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "delete", &err), &err);
        ops_until(f, ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m") == 0);
        /* The backup is no record: it stays, and its run with it. */
        ops_run_for(f, 300);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "m"), 1);
        assert_true(ops_object(f, OBJECT_MIGRATION, "m")->removed);
}

/* Its result is there, only its location and the handed-over Backup are not gone yet. */
static void is_removed_while_it_is_cleaned_up(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        begin(f, MIGRATE(""));
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
        assert_true(task_owes_cleanup(target_of(f, "m", "us-1")));
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "delete", &err), &err);
        assert_false(object_folder_shows(ops_object(f, OBJECT_MIGRATION, "m")));
        ops_until(f, is_clean(f, "us-1") && ops_held(f, "us-1", "restores", "fleetfs.dev/name", "m") == 0);
}

/* Nothing of it is on any cluster: the record goes, and nothing wakes up when they are back. */
static void is_called_off_while_its_clusters_are_away(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "fault refuse");
        ops_until(f, ops_member(f, "eu-1")->health == MEMBER_UNREACHABLE);
        assert_ok(ops_write(f, OBJECT_MIGRATION, "m", MIGRATE(""), &err), &err);
        ops_until(f, target_of(f, "m", "us-1")->reason != NULL);
        assert_ok(ops_verb(f, OBJECT_MIGRATION, "m", "delete", &err), &err);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, ops_object(f, OBJECT_MIGRATION, "m") == NULL);
        ops_run_for(f, 300);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 0);
        assert_true(is_clean(f, "us-1"));
}

/* Each look at the location that is not there yet comes to the same: its name stays where readers found it. */
static void what_a_target_waits_for_stays_where_it_is(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const char *location;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "us-1", "fault location-unavailable");
        begin(f, MIGRATE(""));
        t = target_of(f, "m", "us-1");
        ops_until(f, t->location != NULL && strcmp(t->code, "FLT-0109") == 0);
        location = t->location;
        ops_run_for(f, 5000); /* it is looked at every two seconds */
        assert_ptr_equal(t->location, location);
        assert_int_equal(t->step, STEP_LOCATION);
        assert_int_equal(ops_written_unlocked, 0);
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, phase_of(f, "m") == PHASE_COMPLETED);
}

int main(void)
{
        TEST_WITH(what_a_target_waits_for_stays_where_it_is, ops_setup, ops_teardown);
        TEST_WITH(moves_and_leaves_nothing_behind, ops_setup, ops_teardown);
        TEST_ROWS_WITH(survives_a_crash, crashes, ops_setup, ops_teardown);
        TEST_WITH(survives_a_crash_after_every_round, ops_setup, ops_teardown);
        TEST_ROWS_WITH(cleans_up, bad_ends, ops_setup, ops_teardown);
        TEST_WITH(cleans_up_when_the_target_is_back, ops_setup, ops_teardown);
        TEST_WITH(a_source_that_failed_ends_its_targets, ops_setup, ops_teardown);
        TEST_WITH(retry_repeats_only_targets_that_failed, ops_setup, ops_teardown);
        TEST_WITH(the_source_goes_away_while_it_is_asked, ops_setup, ops_teardown);
        TEST_ROWS_WITH(compares_passwords, passwords, ops_setup, ops_teardown);
        TEST_WITH(without_credentials_it_is_refused, ops_setup, ops_teardown);
        TEST_WITH(copies_credentials_when_asked_and_removes_them, ops_setup, ops_teardown);
        TEST_WITH(another_backup_of_that_name_is_not_touched, ops_setup, ops_teardown);
        TEST_ROWS_WITH(is_patient_with_a_watch_that_lags, lags, ops_setup, ops_teardown);
        TEST_WITH(a_folder_does_not_start_while_its_policy_is_written, ops_setup, ops_teardown);
        TEST_WITH(a_folder_without_a_policy_has_none_after_its_start, ops_setup, ops_teardown);
        TEST_WITH(delete_removes_the_records_only, ops_setup, ops_teardown);
        TEST_WITH(is_removed_while_it_is_cleaned_up, ops_setup, ops_teardown);
        TEST_WITH(is_called_off_while_its_clusters_are_away, ops_setup, ops_teardown);
        return test_run("op_migrate");
}
