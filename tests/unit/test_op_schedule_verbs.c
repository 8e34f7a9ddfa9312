/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs of scheduled policies, and the storage of their own. */
#include "tests/unit/schedule_fixture.h"

#include <errno.h>
#include <time.h>

#include "base/timefmt.h"
#include "ops/standing.h"

/* ---------------------------------------------------------------- storage of its own */

#define STORED(region) "storage:\n  location: {bucket: b, provider: aws, s3Url: \"http://s3\", " \
                               region "prefix: z}\n  secretName: key\npolicy:\n  ttl: 24h\n"

/* The location in bucket b as the cluster has it; caller decrefs. */
static json_t *held_location(struct ops_fixture *f, const char *cluster)
{
        json_t *list = ops_ask(f, cluster, "objects backupstoragelocations"), *item, *found = NULL;
        const char *bucket;
        size_t i;

        json_array_foreach (list, i, item)
                if (json_unpack(item, "{s:{s:{s:s}}}", "spec", "objectStorage", "bucket", &bucket) == 0 &&
                        strcmp(bucket, "b") == 0)
                        found = json_incref(item);
        json_decref(list);
        assert_non_null(found);
        return found;
}

static json_t *region_of(struct ops_fixture *f, const char *cluster)
{
        json_t *l = held_location(f, cluster), *spec = json_object_get(l, "spec");
        json_t *region = json_incref(json_object_get(json_object_get(spec, "config"), "region"));

        json_decref(l);
        return region;
}

/* The same as the engine has it; NULL before it was made. */
static struct velero_object *location_of(const struct member *c)
{
        struct velero_object *v;

        VELERO_EACH (v, &c->velero[VELERO_LOCATION])
                if (strcmp(v->bsl->bucket, "b") == 0)
                        return v;
        return NULL;
}

static unsigned location_patches(struct ops_fixture *f, const char *cluster)
{
        return ops_requests(f, cluster, "PATCH", "backupstoragelocations");
}

static void a_region_that_the_policy_drops_is_taken_away_once(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        json_t *region;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", "schedule: \"0 2 * * *\"\n" STORED("region: us-east-1, "));
        ops_until(f, in_force(f, "n"));
        region = region_of(f, "eu-1");
        assert_string_equal(json_string_value(region), "us-east-1");
        json_decref(region);
        write_policy(f, "n", "schedule: \"0 2 * * *\"\n" STORED(""));
        ops_until(f, location_patches(f, "eu-1") == 1 && in_force(f, "n"));
        assert_null(region_of(f, "eu-1"));
        ops_run_for(f, 500);
        assert_int_equal(location_patches(f, "eu-1"), 1);
}

/* Each change takes the location's phase away: who fights for it keeps all backups from it. */
static void a_change_that_somebody_undoes_is_not_repeated_at_once(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct member *c = ops_member(f, "eu-1");
        struct velero_object *v;
        json_t *other;

        ops_until(f, ops_all_ready(f));
        /* It never becomes Available: there is no such bucket. */
        write_policy(f, "n", STORED("region: us-east-1, "));
        ops_until(f, location_of(c) != NULL && location_of(c)->bsl->phase != VELERO_BSL_NEW);
        other = held_location(f, "eu-1");
        write_policy(f, "n", STORED("region: eu-west-1, "));
        for (int64_t end = loop_now(f->engine->loop) + 1500; loop_now(f->engine->loop) < end;) {
                ops_put(f, "eu-1", json_deep_copy(other));
                ops_run_for(f, 100);
        }
        json_decref(other);
        assert_in_range(location_patches(f, "eu-1"), 1, 2);
        v = location_of(c);
        ops_until(f, strcmp(v->bsl->region, "eu-west-1") == 0);
        assert_in_range(location_patches(f, "eu-1"), 2, 3);
}

/* ---------------------------------------------------------------- verbs */

static void delete_takes_a_run_and_its_data(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;
        char verb[64];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        fire(f, "us-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->n_tasks == 2 &&
                             object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        o = object_of(f, "n");
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "delete 20000101-000000Z", &err), -ENOENT);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "delete", &err), -EINVAL);
        ops_ctl(f, "us-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "us-1")));
        snprintf(verb, sizeof(verb), "delete %s", o->runs[0]->id);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", verb, &err), &err);
        assert_int_equal(o->runs[0]->phase, PHASE_DELETING);
        ops_until(f, ops_held(f, "eu-1", "backups", "", "") == 0);
        ops_until(f, o->runs[0]->n_tasks == 1);
        assert_int_equal(ops_held(f, "us-1", "backups", "", ""), 1);
        ops_restart(f);
        o = object_of(f, "n");
        assert_int_equal(o->n_runs, 1);
        assert_true(o->runs[0]->tasks[0]->doomed);
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, ops_all_ready(f));
        ops_until(f, object_of(f, "n")->n_runs == 0);
        assert_int_equal(ops_held(f, "us-1", "backups", "", ""), 0);
        assert_int_equal(ops_held(f, "us-1", "deletebackuprequests", "", ""), 0);
        /* That it was deleted on purpose protects nobody. */
        ops_until(f, PHASE(f, "n") == PHASE_UNPROTECTED);
        assert_string_equal(schedule_of(f, "n", "eu-1")->code, "FLT-0320");
        assert_int_equal(task_reached(schedule_of(f, "n", "eu-1"))->last_success, 0);
}

/* While a cluster is away, its Schedule goes on: what it makes then was not there to be named. */
static void delete_spares_what_came_after_it(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        json_t *list;
        char named[256], spared[256];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        snprintf(named, sizeof(named), "%s", object_of(f, "n")->runs[0]->tasks[0]->velero_name);
        ops_ctl(f, "eu-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "eu-1")));
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, ops_held(f, "eu-1", "backups", "", "") == 2);
        ops_restart(f);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, ops_all_ready(f));
        ops_until(f, ops_held(f, "eu-1", "backups", "", "") < 2);
        ops_run_for(f, 3000);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        assert_int_equal(object_of(f, "n")->n_runs, 1);
        assert_false(object_of(f, "n")->runs[0]->tasks[0]->doomed);
        list = ops_ask(f, "eu-1", "objects backups");
        snprintf(spared, sizeof(spared), "%s", json_string_value(json_object_get(
                                                       json_object_get(json_array_get(list, 0), "metadata"), "name")));
        json_decref(list);
        assert_string_not_equal(spared, named);
        assert_string_equal(object_of(f, "n")->runs[0]->tasks[0]->velero_name, spared);
}

static void delete_refuses_what_it_must_not_touch(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        json_t *list, *bsl;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        ops_ctl(f, "eu-1", "velero hold InProgress");
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_IN_PROGRESS);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), -EBUSY);
        ops_ctl(f, "eu-1", "velero release");
        ops_until(f, object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        list = ops_ask(f, "eu-1", "objects backupstoragelocations default");
        bsl = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(json_object_get(bsl, "spec"), "accessMode", json_string("ReadOnly"));
        ops_put(f, "eu-1", json_deep_copy(bsl));
        ops_until(f, strcmp(member_velero(ops_member(f, "eu-1"), VELERO_LOCATION, "default")->bsl->access_mode, "ReadOnly") == 0);
        err_clear(&err);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), -EPERM);
        assert_string_equal(err.id, "FLT-0415");
        json_object_set_new(json_object_get(bsl, "spec"), "accessMode", json_string("ReadWrite"));
        ops_put(f, "eu-1", bsl);
        ops_until(f, strcmp(member_velero(ops_member(f, "eu-1"), VELERO_LOCATION, "default")->bsl->access_mode, "ReadWrite") == 0);
        /* One that stored nothing goes as an object alone. */
        ops_ctl(f, "eu-1", "velero fail-next FailedValidation");
        ops_run_for(f, 1100);
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 2 && object_of(f, "n")->runs[1]->phase == PHASE_FAILED);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        ops_until(f, object_of(f, "n")->n_runs == 1);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        assert_int_equal(ops_held(f, "eu-1", "deletebackuprequests", "", ""), 0);
}

/* Of those who may not ask Velero for a deletion nothing is lost but that. */
static const struct forbidden_row {
        const char *name, *fault;
} forbidden_rows[] = {
        { "requests that may not be listed", "fault http 403 --match LIST:deletebackuprequests" },
        { "requests that may not be made", "fault http 403 --match POST:deletebackuprequests" },
};

static void delete_that_is_forbidden_ends_and_leaves_the_cluster_alone(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct forbidden_row *row = test_row(state);
        struct member *c = ops_member(f, "eu-1");
        struct err err = ERR_INIT;
        struct object *o;
        struct task *t;
        int64_t since;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        o = object_of(f, "n");
        since = c->since;
        ops_ctl(f, "eu-1", row->fault);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        t = o->runs[0]->tasks[0];
        ops_until(f, !t->doomed);
        assert_string_equal(t->code, "FLT-0414");
        assert_non_null(strstr(t->reason, "is not deleted on eu-1: "));
        assert_true(member_ready(c));
        assert_int_equal(c->since, since);
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        c = ops_member(f, "eu-1");
        ops_until(f, ops_all_ready(f));
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        /* Whoever may now says it again. */
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        t = object_of(f, "n")->runs[0]->tasks[0];
        ops_until(f, !t->doomed);
        ops_ctl(f, "eu-1", "fault off");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        ops_until(f, object_of(f, "n")->n_runs == 0);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 0);
        assert_true(member_ready(c));
}

/* Its name is its identity: one that failed would answer for the next. */
static void delete_said_again_at_once_is_another_request(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        int64_t before;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        ops_ctl(f, "eu-1", "fault http 403 --match POST:deletebackuprequests");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        t = object_of(f, "n")->runs[0]->tasks[0];
        ops_until(f, !t->doomed);
        t->doomed_at = before = clock_realtime() + 5; /* as if it had taken no time at all */
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        assert_true(t->doomed_at > before);
}

/* Velero's list of what it works on lags behind the phase that it shows. The wish outlives a crash and the policy's file. */
static void delete_goes_on_when_velero_still_counts_the_backup(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "n", .ext = "yaml" };
        struct err err = ERR_INIT;
        char words[400], name[256];
        struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        snprintf(name, sizeof(name), "%s", object_of(f, "n")->runs[0]->tasks[0]->velero_name);
        snprintf(words, sizeof(words), "velero track %s", name);
        ops_ctl(f, "eu-1", words);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        t = object_of(f, "n")->runs[0]->tasks[0];
        ops_until(f, t->failures >= 2);
        assert_true(t->doomed);
        assert_int_equal(t->phase, PHASE_DELETING);
        assert_string_equal(t->code, "FLT-0413");
        snprintf(words, sizeof(words), "Velero on eu-1 still counts backup %s as in progress; it is asked again", name);
        assert_string_equal(t->reason, words);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        ops_run_for(f, 300);
        ops_restart(f);
        assert_true(object_of(f, "n")->runs[0]->tasks[0]->doomed);
        assert_ok(acting_unlink(f->engine, &file, 0, &err), &err);
        ops_until(f, ops_all_ready(f) && ops_held(f, "eu-1", "schedules", "", "") == 0);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        ops_ctl(f, "eu-1", "velero release");
        /* The engine stands still while the cluster is asked: what it has not seen go meanwhile it does not ask for again. */
        ops_until(f, ops_held(f, "eu-1", "backups", "", "") == 0);
        ops_until(f, object_of(f, "n") == NULL);
        assert_int_equal(ops_held(f, "eu-1", "deletebackuprequests", "", ""), 0);
}

/* The watch has not told that the backup is gone: Velero would refuse the request, and keep it. */
static void delete_asks_for_no_backup_that_is_gone(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char words[400];
        struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        t = object_of(f, "n")->runs[0]->tasks[0];
        snprintf(words, sizeof(words), "delete backups velero/%s", t->velero_name);
        ops_ctl(f, "eu-1", "velero pause"); /* it would find it in the bucket, and make it again */
        ops_ctl(f, "eu-1", "fault lose-events");
        ops_ctl(f, "eu-1", words);
        ops_ctl(f, "eu-1", "fault off lose-events");
        ops_ctl(f, "eu-1", "requests --reset");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "delete latest", &err), &err);
        ops_until(f, ops_answered(f, "eu-1", "GET", "backups", 404, 404) >= 2);
        assert_non_null(member_velero(ops_member(f, "eu-1"), VELERO_BACKUP, t->velero_name));
        assert_true(t->doomed);
        assert_null(t->reason);
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, object_of(f, "n")->n_runs == 0);
        assert_int_equal(ops_answered(f, "eu-1", "POST", "deletebackuprequests", 0, 599), 0);
}

static void retry_makes_up_for_what_a_schedules_backup_did_not_reach(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        ops_ctl(f, "us-1", "velero fail-next PartiallyFailed");
        fire(f, "eu-1", "n");
        fire(f, "us-1", "n");
        o = object_of(f, "n");
        ops_until(f, PHASE(f, "n") == PHASE_PARTIALLY_FAILED);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "retry", &err), &err);
        ops_until(f, o->n_runs == 1 && o->runs[0]->phase == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 1);
        assert_int_equal(ops_held(f, "us-1", "backups", "", ""), 2);
        ops_until(f, schedule_of(f, "n", "us-1")->phase == PHASE_PROTECTED);
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        ops_until(f, ops_all_ready(f));
        ops_until(f, schedule_of(f, "n", "us-1")->phase == PHASE_PROTECTED);
        assert_int_equal(object_of(f, "n")->n_runs, 1);
}

static void adopt_makes_anothers_schedule_ours(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char before[256], after[256];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        fire(f, "us-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        text_of(f, "eu-1", "n", "metadata", "uid", before);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        ops_until(f, ops_all_ready(f) && object_of(f, "n") != NULL && object_of(f, "n")->n_runs == 1);
        assert_false(object_of(f, "n")->own);
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", "pause", &err), -EPERM);
        ops_ctl(f, "us-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "us-1")));
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), &err);
        assert_true(object_of(f, "n")->own);
        ops_until(f, ops_held(f, "eu-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id) == 1);
        ops_until(f, ops_held(f, "eu-1", "schedules", "fleetfs.dev/owner", f->engine->model.store_id) == 1);
        ops_run_for(f, 300);
        assert_string_not_equal(object_of(f, "n")->adopted_from, "");
        ops_restart(f);
        assert_true(object_of(f, "n")->own);
        ops_ctl(f, "us-1", "fault off");
        ops_until(f, ops_held(f, "us-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id) == 1);
        ops_until(f, ops_held(f, "us-1", "schedules", "fleetfs.dev/owner", f->engine->model.store_id) == 1);
        ops_until(f, object_of(f, "n")->adopted_from[0] == '\0');
        text_of(f, "eu-1", "n", "metadata", "uid", after);
        assert_string_equal(before, after);
        assert_int_equal(ops_held(f, "eu-1", "schedules", "", ""), 1);
        assert_int_equal(object_of(f, "n")->n_runs, 1);
        write_policy(f, "n", POLICY("7 7 * * *", "shop"));
        ops_until(f, in_force(f, "n"));
        text_of(f, "us-1", "n", "spec", "schedule", after);
        assert_string_equal(after, "7 7 * * *");
}

static void adopt_goes_on_past_what_is_refused(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        int64_t begun;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        for (unsigned i = 0; i < 5; i++) {
                fire(f, "eu-1", "n");
                ops_run_for(f, 1100); /* they are named by the second */
        }
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        ops_until(f, ops_all_ready(f) && ops_count(f, "eu-1", VELERO_BACKUP, "n") == 5);
        ops_ctl(f, "eu-1", "fault http 404 --count 1 --match PATCH:backups");
        begun = loop_now(f->engine->loop);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), &err);
        /* Neither the one nor the pace of the engine's looks, every two seconds, is waited for. */
        ops_until(f, ops_held(f, "eu-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id) >= 4);
        assert_true(loop_now(f->engine->loop) - begun < 4000);
        ops_until(f, object_of(f, "n")->adopted_from[0] == '\0');
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id), 5);
        assert_int_equal(ops_requests(f, "eu-1", "PATCH", "backups"), 5 + 1);
}

static void adopt_says_what_is_in_its_way(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", POLICY("0 0 1 * *", "shop"));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, PHASE(f, "n") == PHASE_PROTECTED || object_of(f, "n")->n_runs == 1);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        ops_until(f, ops_all_ready(f) && ops_count(f, "eu-1", VELERO_BACKUP, "n") == 1);
        ops_ctl(f, "eu-1", "fault http 403 --match PATCH:backups");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), &err);
        for (t = run_tasks_on(object_of(f, "n")->standing, "eu-1"); t->verb != TASK_ADOPT;)
                t = t->next_same;
        ops_until(f, t->reason != NULL);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, object_of(f, "n")->adopted_from[0] == '\0');
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id), 1);
}

int main(void)
{
        TEST_WITH(delete_takes_a_run_and_its_data, ops_setup, ops_teardown);
        TEST_WITH(delete_spares_what_came_after_it, ops_setup, ops_teardown);
        TEST_WITH(delete_refuses_what_it_must_not_touch, ops_setup, ops_teardown);
        TEST_WITH(delete_goes_on_when_velero_still_counts_the_backup, ops_setup, ops_teardown);
        TEST_WITH(delete_asks_for_no_backup_that_is_gone, ops_setup, ops_teardown);
        TEST_WITH(retry_makes_up_for_what_a_schedules_backup_did_not_reach, ops_setup, ops_teardown);
        TEST_WITH(adopt_makes_anothers_schedule_ours, ops_setup, ops_teardown);
        TEST_WITH(a_region_that_the_policy_drops_is_taken_away_once, ops_setup, ops_teardown);
        TEST_WITH(a_change_that_somebody_undoes_is_not_repeated_at_once, ops_setup, ops_teardown);
        TEST_ROWS_WITH(delete_that_is_forbidden_ends_and_leaves_the_cluster_alone, forbidden_rows, ops_setup, ops_teardown);
        TEST_WITH(delete_said_again_at_once_is_another_request, ops_setup, ops_teardown);
        TEST_WITH(adopt_goes_on_past_what_is_refused, ops_setup, ops_teardown);
        TEST_WITH(adopt_says_what_is_in_its_way, ops_setup, ops_teardown);
        return test_run("op_schedule verbs");
}
