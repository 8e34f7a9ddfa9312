/* SPDX-License-Identifier: Apache-2.0 */
/* The locations of policies that say with `storage` where their backups are kept. */
#include "tests/unit/schedule_fixture.h"

#include <errno.h>

#include "ops/location.h"

/* Of the simulator's own bucket and Secret, below a prefix. */
#define STORAGE(prefix, secret) \
        "storage:\n  location: {bucket: fleet, provider: aws, region: us-east-1, prefix: " prefix "}\n  secretName: " secret "\n"
#define ON_EU   "destination: {clusters: [{name: eu-1}]}\n"
#define ONCE(prefix, secret)      STORAGE(prefix, secret) ON_EU OPS_BACKUP
#define SCHEDULED(prefix, secret) "schedule: \"0 0 1 * *\"\n" ONCE(prefix, secret)
#define KEY     "cloud-credentials"

static const struct velero_object *location_below(struct ops_fixture *f, const char *cluster, const char *prefix)
{
        struct velero_object *v;
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", prefix, cluster);
        VELERO_EACH (v, &ops_member(f, cluster)->velero[VELERO_LOCATION])
                if (strcmp(v->bsl->prefix, path) == 0)
                        return v;
        return NULL;
}

static bool completed(struct ops_fixture *f, const char *name)
{
        return PHASE(f, name) == PHASE_COMPLETED;
}

static bool waits(struct ops_fixture *f, const char *name, const char *code, const char *text)
{
        const struct task *t = ops_task(f, OBJECT_BACKUP, name, "eu-1");

        return t != NULL && t->reason != NULL && strcmp(t->code, code) == 0 && strstr(t->reason, text) != NULL;
}

static void delete_run(struct ops_fixture *f, const char *name)
{
        struct err err = ERR_INIT;

        assert_ok(ops_verb(f, OBJECT_BACKUP, name, "delete latest", &err), &err);
}

/* ---------------------------------------------------------------- places, without a cluster */

static const struct place_row {
        const char *name;
        struct velero_bsl a, b;
        bool same;
} place_rows[] = {
        { "the same", { .provider = "aws", .bucket = "b", .s3_url = "http://s3" }, { .provider = "aws", .bucket = "b", .s3_url = "http://s3" }, true },
        { "a provider in full", { .provider = "velero.io/aws", .bucket = "b", .s3_url = "" }, { .provider = "aws", .bucket = "b", .s3_url = "" }, true },
        { "another provider", { .provider = "gcp", .bucket = "b", .s3_url = "" }, { .provider = "aws", .bucket = "b", .s3_url = "" }, false },
        { "another bucket", { .provider = "aws", .bucket = "b", .s3_url = "" }, { .provider = "aws", .bucket = "c", .s3_url = "" }, false },
        { "another endpoint", { .provider = "aws", .bucket = "b", .s3_url = "http://a" }, { .provider = "aws", .bucket = "b", .s3_url = "http://b" }, false },
};

static void tells_buckets_apart(void **state)
{
        const struct place_row *row = test_row(state);

        assert_int_equal(location_same_bucket(&row->a, &row->b), row->same);
        assert_int_equal(location_same_bucket(&row->b, &row->a), row->same);
}

static const struct temporary_row {
        const char *name, *owner, *mode, *period;
        bool temporary;
} temporary_rows[] = {
        { "a migration's", "feedfeedfeedfeed", "ReadOnly", "0s", true },
        { "a policy's", "feedfeedfeedfeed", "ReadWrite", "", false },
        { "somebody's reader", "", "ReadOnly", "0s", false },
        { "one that is synchronized", "feedfeedfeedfeed", "ReadOnly", "1m0s", false },
};

static void tells_migrations_locations(void **state)
{
        const struct temporary_row *row = test_row(state);
        const struct velero_bsl b = { .owner = row->owner, .access_mode = row->mode, .backup_sync_period = row->period };

        assert_int_equal(location_is_temporary(&b), row->temporary);
}

/* ---------------------------------------------------------------- what is refused when it is written */

static const struct refused_row {
        const char *name, *prefix, *msg;
} refused_rows[] = {
        { "inside another cluster's", "us-1", "prefix \"us-1/eu-1\" of bucket fleet is inside that of location default of cluster us-1" },
        { "inside its own", "eu-1/deep", "is inside that of location default of cluster eu-1" },
};

/* The simulator's default locations are below eu-1, us-1 and ap-1 of the bucket, at the simulator's own address. */
static void refuses_prefixes_that_overlap(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct refused_row *row = test_row(state);
        struct err err = ERR_INIT;
        char text[512];

        ops_until(f, ops_all_ready(f));
        snprintf(text, sizeof(text), "storage:\n  location: {bucket: fleet, provider: aws, s3Url: \"%s\", prefix: %s}\n"
                                     "  secretName: " KEY "\n" ON_EU OPS_BACKUP,
                member_velero(ops_member(f, "eu-1"), VELERO_LOCATION, "default")->bsl->s3_url, row->prefix);
        assert_int_equal(ops_write(f, OBJECT_BACKUP, "n", text, &err), -EINVAL);
        assert_string_equal(err.id, "FLT-0114");
        assert_int_equal(err.line, 2);
        assert_non_null(strstr(err.msg, row->msg));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backupstoragelocations"), 0);
}

/* Where the fleet's own storage is to be, though no cluster has it yet. */
static const struct fleet_prefix_row {
        const char *name, *fleet, *policy, *msg; /* msg NULL: accepted */
} fleet_prefix_rows[] = {
        { "the same prefix", "team", "team", NULL },
        { "the same for all", "", "''", NULL },
        { "beside it", "team", "other", NULL },
        { "a name that begins alike", "team", "teams", NULL },
        { "inside it", "team", "team/us-1", "prefix \"team/us-1/eu-1\" of bucket b is inside that of the fleet's storage on cluster us-1" },
        { "around it", "team/eu-1", "team", "prefix \"team/eu-1\" of bucket b contains that of the fleet's storage on cluster " },
};

static void compares_with_the_fleets_storage(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct fleet_prefix_row *row = test_row(state);
        char own[4096], text[8192], *spec;
        struct err err = ERR_INIT;
        FILE *file = fopen(f->fleet_file, "r");
        size_t n;
        int r;

        assert_non_null(file);
        n = fread(own, 1, sizeof(own) - 1, file);
        own[n] = '\0';
        fclose(file);
        spec = strstr(own, "\nspec:\n");
        assert_non_null(spec);
        ops_close(f);
        file = fopen(f->fleet_file, "w");
        assert_non_null(file);
        fprintf(file, "%.*s\nspec:\n  plugin:\n    backup:\n      storage:\n        location: {bucket: b, provider: aws, "
                      "endpoint: \"http://s3\"}\n        prefix: \"%s\"\n%s", (int)(spec - own), own, row->fleet,
                spec + strlen("\nspec:\n"));
        fclose(file);
        ops_open(f);
        /* Nobody installs Velero by it, and that is told. */
        assert_int_equal(f->fleet->warnings.n, 1);
        assert_non_null(strstr(f->fleet->warnings.v[0], "FLT-0121 fleet.yaml has spec.plugin.backup, and fleetfs does not install"));
        assert_non_null(strstr(f->fleet->warnings.v[0], "location in bucket b"));
        assert_string_equal(f->fleet->bucket, "b");
        snprintf(text, sizeof(text), "storage:\n  location: {bucket: b, provider: aws, s3Url: \"http://s3\"}\n  prefix: %s\n"
                                     "  secretName: " KEY "\n" ON_EU OPS_BACKUP, row->policy);
        r = ops_write(f, OBJECT_BACKUP, "n", text, &err);
        if (row->msg == NULL) {
                assert_ok(r, &err);
                return;
        }
        assert_int_equal(r, -EINVAL);
        assert_string_equal(err.id, "FLT-0114");
        assert_int_equal(err.line, 2);
        assert_non_null(strstr(err.msg, row->msg));
}

/* ---------------------------------------------------------------- its life */

static void is_made_before_the_backup(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct velero_bsl *b;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", ONCE("own", KEY));
        ops_until(f, completed(f, "n"));
        assert_non_null(location_below(f, "eu-1", "own"));
        b = location_below(f, "eu-1", "own")->bsl;
        assert_string_equal(b->owner, f->engine->model.store_id);
        assert_string_equal(b->kind, "location");
        assert_string_equal(b->credential_name, KEY);
        assert_string_equal(b->region, "us-east-1");
        assert_string_equal(task_velero(ops_task(f, OBJECT_BACKUP, "n", "eu-1"))->backup->storage_location, b->name);
        assert_null(location_below(f, "us-1", "own"));
        /* A second policy of the same place shares it. */
        write_policy(f, "m", ONCE("own", KEY));
        ops_until(f, completed(f, "m"));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backupstoragelocations"), 1);
}

static void an_edit_makes_another_and_the_old_one_goes_with_its_last_backup(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char first[32];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", ONCE("old", KEY));
        ops_until(f, completed(f, "n"));
        snprintf(first, sizeof(first), "delete %s", object_of(f, "n")->runs[0]->id);
        write_policy(f, "n", ONCE("new", KEY));
        ops_until(f, object_of(f, "n")->n_runs == 2 && completed(f, "n"));
        ops_run_for(f, 2500);
        assert_non_null(location_below(f, "eu-1", "old"));
        assert_non_null(location_below(f, "eu-1", "new"));
        assert_int_equal(ops_verb(f, OBJECT_BACKUP, "n", first, NULL), 0);
        ops_until(f, location_below(f, "eu-1", "old") == NULL);
        ops_run_for(f, 1500);
        assert_non_null(location_below(f, "eu-1", "new"));
}

static void a_removed_policys_goes_with_its_schedule(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct acting_file file = { .fleet = "prod", .kind = OBJECT_BACKUP, .name = "n", .ext = "yaml" };

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", SCHEDULED("cron", KEY));
        ops_until(f, in_force(f, "n"));
        assert_non_null(location_below(f, "eu-1", "cron"));
        assert_ok(acting_unlink(f->engine, &file, 0, NULL), NULL);
        ops_until(f, ops_held(f, "eu-1", "schedules", "", "") == 0);
        ops_until(f, location_below(f, "eu-1", "cron") == NULL);
}

/* Somebody has another one under the name that ours would have: nothing of it is touched. */
static void anothers_of_the_same_name_is_a_conflict(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        char name[VELERO_NAME_BASE_MAX + 1] = "";
        struct task *t;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", ONCE("taken", KEY));
        ops_until(f, completed(f, "n"));
        snprintf(name, sizeof(name), "%s", location_below(f, "eu-1", "taken")->name);
        delete_run(f, "n");
        ops_until(f, object_of(f, "n")->n_runs == 0);
        {
                json_t *list, *item;
                char words[128];

                snprintf(words, sizeof(words), "objects backupstoragelocations %s", name);
                list = ops_ask(f, "eu-1", words);
                item = json_deep_copy(json_array_get(list, 0));
                json_decref(list);
                json_object_del(json_object_get(item, "metadata"), "labels");
                json_object_set_new(json_object_get(json_object_get(item, "spec"), "objectStorage"), "prefix", json_string("theirs"));
                ops_put(f, "eu-1", item);
        }
        ops_until(f, location_below(f, "eu-1", "taken") == NULL);
        write_policy(f, "n", ONCE("taken", KEY) "# again\n");
        ops_until(f, waits(f, "n", "FLT-0403", "exists on eu-1 and is another one"));
        t = ops_task(f, OBJECT_BACKUP, "n", "eu-1");
        assert_int_equal(t->state, TASK_CONFLICT);
        assert_string_equal(member_velero(ops_member(f, "eu-1"), VELERO_LOCATION, name)->bsl->prefix, "theirs");
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backupstoragelocations"), 1);
        assert_int_equal(ops_requests(f, "eu-1", "PATCH", "backupstoragelocations"), 0);
}

/* What is not there yet is waited for in Velero's words, and nothing that would fail for good is posted. */
static void a_secret_that_is_missing_is_waited_for(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        json_t *list, *secret;

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", ONCE("late", "late-key"));
        ops_until(f, waits(f, "n", "FLT-0109", "late-key"));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backups"), 0);
        assert_int_equal(PHASE(f, "n"), PHASE_PENDING);
        list = ops_ask(f, "eu-1", "objects secrets " KEY);
        secret = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(json_object_get(secret, "metadata"), "name", json_string("late-key"));
        json_object_del(json_object_get(secret, "metadata"), "uid");
        ops_put(f, "eu-1", secret);
        ops_ctl(f, "eu-1", "velero tick");
        ops_until(f, completed(f, "n"));
}

static void one_that_is_unavailable_is_waited_for(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "fault location-unavailable");
        write_policy(f, "n", ONCE("down", KEY));
        ops_until(f, location_below(f, "eu-1", "down") != NULL);
        ops_until(f, waits(f, "n", "FLT-0109", ""));
        ops_run_for(f, 500);
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backups"), 0);
        ops_ctl(f, "eu-1", "fault off");
        ops_ctl(f, "eu-1", "velero tick");
        ops_until(f, completed(f, "n"));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backupstoragelocations"), 1);
}

static void a_cluster_that_is_away_gets_its_own_when_it_is_back(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "eu-1")));
        write_policy(f, "n", STORAGE("away", KEY) OPS_BACKUP);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "n", "us-1")->phase == PHASE_COMPLETED);
        assert_non_null(location_below(f, "us-1", "away"));
        assert_true(waits(f, "n", "FLT-0401", "eu-1"));
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, completed(f, "n"));
        assert_non_null(location_below(f, "eu-1", "away"));
}

/* The answer to the POST is lost with the process: the next one finds what it made. */
static void a_crash_makes_no_second_one(void **state)
{
        struct ops_fixture *f = ops_fixture(state);

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", ONCE("crash", KEY));
        ops_until(f, ops_requests(f, "eu-1", "POST", "backupstoragelocations") == 1);
        ops_restart(f);
        ops_until(f, completed(f, "n"));
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backupstoragelocations"), 1);
        assert_int_equal(ops_requests(f, "eu-1", "POST", "backups"), 1);
}

/* ---------------------------------------------------------------- settings of the plugin */

#define CONFIGURED(config) \
        "storage:\n  location: {bucket: fleet, provider: aws, region: us-east-1, prefix: conf, config: {" config "}}\n" \
        "  secretName: " KEY "\n" ON_EU OPS_BACKUP

static bool config_is(struct ops_fixture *f, const char *expected)
{
        const struct velero_object *v = location_below(f, "eu-1", "conf");
        json_t *want = json_loads(expected, 0, NULL), *have = v != NULL ? json_loads(v->bsl->config, 0, NULL) : NULL;
        bool same = json_equal(want, have);

        json_decref(want);
        json_decref(have);
        return same;
}

/* What the policy set goes when the policy drops it; what somebody else set stays. */
static void has_the_policys_settings(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        json_t *list, *item;
        char words[128];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", CONFIGURED("checksumAlgorithm: \"\", profile: backups"));
        ops_until(f, completed(f, "n"));
        assert_true(config_is(f, "{\"checksumAlgorithm\":\"\",\"profile\":\"backups\",\"region\":\"us-east-1\"}"));
        snprintf(words, sizeof(words), "objects backupstoragelocations %s", location_below(f, "eu-1", "conf")->name);
        list = ops_ask(f, "eu-1", words);
        item = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(json_object_get(json_object_get(item, "spec"), "config"), "publicUrl", json_string("http://s3.example.com"));
        ops_put(f, "eu-1", item);
        ops_until(f, location_below(f, "eu-1", "conf")->bsl->public_url[0] != '\0');
        write_policy(f, "n", CONFIGURED("profile: others"));
        ops_until(f, config_is(f, "{\"profile\":\"others\",\"publicUrl\":\"http://s3.example.com\",\"region\":\"us-east-1\"}"));
        ops_until(f, object_of(f, "n")->n_runs == 2 && completed(f, "n"));
        assert_int_equal(ops_requests(f, "eu-1", "PATCH", "backupstoragelocations"), 1);
}

/* ---------------------------------------------------------------- adopted */

static bool has_owner(struct ops_fixture *f, const char *prefix, const char *owner)
{
        const struct velero_object *v = location_below(f, "eu-1", prefix);

        return v != NULL && strcmp(v->bsl->owner, owner) == 0;
}

/* What the policy has there goes with it, also where it was before an edit; another policy's does not. */
static void goes_with_a_policy_that_is_adopted(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char before[STORE_ID_LEN + 1], uid[UID_MAX];

        ops_until(f, ops_all_ready(f));
        write_policy(f, "n", SCHEDULED("old", KEY));
        ops_until(f, in_force(f, "n"));
        fire(f, "eu-1", "n");
        ops_until(f, object_of(f, "n")->n_runs == 1 && object_of(f, "n")->runs[0]->phase == PHASE_COMPLETED);
        write_policy(f, "n", SCHEDULED("new", KEY));
        write_policy(f, "m", SCHEDULED("other", KEY));
        ops_until(f, in_force(f, "n") && in_force(f, "m") && location_below(f, "eu-1", "new") != NULL);
        snprintf(before, sizeof(before), "%s", f->engine->model.store_id);
        snprintf(uid, sizeof(uid), "%s", location_below(f, "eu-1", "new")->bsl->uid);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        ops_open(f);
        ops_until(f, ops_all_ready(f) && object_of(f, "n") != NULL && object_of(f, "n")->policy != NULL);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "n", "adopt", &err), &err);
        ops_until(f, object_of(f, "n")->adopted_from[0] == '\0');
        assert_true(has_owner(f, "new", f->engine->model.store_id));
        assert_true(has_owner(f, "old", f->engine->model.store_id));
        assert_true(has_owner(f, "other", before));
        assert_string_equal(location_below(f, "eu-1", "new")->bsl->uid, uid);
        assert_int_equal(location_below(f, "eu-1", "new")->bsl->phase, VELERO_BSL_AVAILABLE);
        /* Whoever has it removes it when nothing needs it any more. */
        delete_run(f, "n");
        ops_until(f, location_below(f, "eu-1", "old") == NULL);
        ops_run_for(f, 1500);
        assert_true(has_owner(f, "new", f->engine->model.store_id));
        assert_true(has_owner(f, "other", before));
}

int main(void)
{
        TEST_ROWS(tells_buckets_apart, place_rows);
        TEST_ROWS(tells_migrations_locations, temporary_rows);
        TEST_ROWS_WITH(refuses_prefixes_that_overlap, refused_rows, ops_setup, ops_teardown);
        TEST_ROWS_WITH(compares_with_the_fleets_storage, fleet_prefix_rows, ops_setup, ops_teardown);
        TEST_WITH(is_made_before_the_backup, ops_setup, ops_teardown);
        TEST_WITH(an_edit_makes_another_and_the_old_one_goes_with_its_last_backup, ops_setup, ops_teardown);
        TEST_WITH(a_removed_policys_goes_with_its_schedule, ops_setup, ops_teardown);
        TEST_WITH(anothers_of_the_same_name_is_a_conflict, ops_setup, ops_teardown);
        TEST_WITH(a_secret_that_is_missing_is_waited_for, ops_setup, ops_teardown);
        TEST_WITH(one_that_is_unavailable_is_waited_for, ops_setup, ops_teardown);
        TEST_WITH(a_cluster_that_is_away_gets_its_own_when_it_is_back, ops_setup, ops_teardown);
        TEST_WITH(a_crash_makes_no_second_one, ops_setup, ops_teardown);
        TEST_WITH(has_the_policys_settings, ops_setup, ops_teardown);
        TEST_WITH(goes_with_a_policy_that_is_adopted, ops_setup, ops_teardown);
        return test_run("op_location");
}
