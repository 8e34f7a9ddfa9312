/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <malloc.h>

#include "velero/types.h"
#include "velero/volume.h"

/* As kube-apiserver 1.34 and Velero 1.18 have it, shortened where nothing is read. */
static const char backup_json[] =
        "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{"
        "\"annotations\":{\"fleetfs.dev/cron\":\"0 2 * * *\",\"fleetfs.dev/policy\":\"ttl: 1h\\n# \\u00e9\\n\","
        "\"fleetfs.dev/spec-sha256\":\"abc\",\"fleetfs.dev/sub-policy\":\"gold\","
        "\"velero.io/source-cluster-k8s-gitversion\":\"v1.34.2\"},"
        "\"creationTimestamp\":\"2026-09-01T02:00:03Z\",\"generation\":12,"
        "\"labels\":{\"fleetfs.dev/cluster-uid\":\"u-1\",\"fleetfs.dev/fleet\":\"prod\","
        "\"fleetfs.dev/kind\":\"backup\",\"fleetfs.dev/name\":\"nightly\",\"fleetfs.dev/owner\":\"s1\","
        "\"fleetfs.dev/run\":\"20260901-020003Z\",\"velero.io/schedule-name\":\"nightly-eu-1-a1b2c3\","
        "\"velero.io/storage-location\":\"default\"},"
        "\"managedFields\":[{\"manager\":\"velero\",\"fieldsV1\":{\"f:spec\":{\".\":{}}}}],"
        "\"name\":\"nightly-eu-1-a1b2c3-20260901020003\",\"namespace\":\"velero\",\"uid\":\"7d5b\"},"
        "\"spec\":{\"csiSnapshotTimeout\":\"10m0s\",\"includedNamespaces\":[\"shop\",\"web-*\"],"
        "\"metadata\":{},\"storageLocation\":\"cold\",\"ttl\":\"720h0m0s\"},"
        "\"status\":{\"backupItemOperationsAttempted\":5,\"backupItemOperationsCompleted\":4,"
        "\"backupItemOperationsFailed\":1,\"completionTimestamp\":\"2026-09-01T02:02:51Z\","
        "\"csiVolumeSnapshotsAttempted\":7,\"csiVolumeSnapshotsCompleted\":6,\"errors\":2,"
        "\"expiration\":\"2026-10-01T02:00:04Z\",\"failureReason\":\"because\",\"formatVersion\":\"1.1.0\","
        "\"hookStatus\":{\"hooksAttempted\":9,\"hooksFailed\":8},\"phase\":\"PartiallyFailed\","
        "\"progress\":{\"itemsBackedUp\":400,\"totalItems\":412},\"queuePosition\":3,"
        "\"startTimestamp\":\"2026-09-01T02:00:04Z\",\"validationErrors\":[\"one thing\",\"another\"],"
        "\"version\":1,\"volumeSnapshotsAttempted\":11,\"volumeSnapshotsCompleted\":10,\"warnings\":13}}";

static void decodes_a_backup(void **state)
{
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;

        (void)state;
        assert_ok(velero_backup_decode(backup_json, sizeof(backup_json) - 1, &b, &err), &err);
        assert_string_equal(b->name, "nightly-eu-1-a1b2c3-20260901020003");
        assert_string_equal(b->uid, "7d5b");
        assert_string_equal(b->owner, "s1");
        assert_string_equal(b->fleet, "prod");
        assert_string_equal(b->kind, "backup");
        assert_string_equal(b->policy, "nightly");
        assert_string_equal(b->run, "20260901-020003Z");
        assert_string_equal(b->cluster_uid, "u-1");
        assert_string_equal(b->sub, "gold");
        assert_string_equal(b->spec_sha256, "abc");
        assert_string_equal(b->cron, "0 2 * * *");
        assert_string_equal(b->schedule_name, "nightly-eu-1-a1b2c3");
        assert_string_equal(b->storage_location, "cold");
        assert_string_equal(b->source_k8s, "v1.34.2");
        assert_string_equal(b->namespaces, "shop, web-*");
        assert_string_equal(b->ttl, "720h0m0s");
        assert_string_equal(b->phase_text, "PartiallyFailed");
        assert_int_equal(b->phase, VELERO_BACKUP_PARTIALLY_FAILED);
        assert_string_equal(b->failure_reason, "because");
        assert_string_equal(b->validation_errors, "one thing; another");
        assert_string_equal(b->format_version, "1.1.0");
        assert_int_equal(b->created, 1788228003);
        assert_int_equal(b->deletion, 0);
        assert_int_equal(b->started, 1788228004);
        assert_int_equal(b->completed, 1788228171);
        assert_int_equal(b->expiration, 1790820004);
        assert_int_equal(b->queue_position, 3);
        assert_int_equal(b->items_done, 400);
        assert_int_equal(b->items_total, 412);
        assert_int_equal(b->errors, 2);
        assert_int_equal(b->warnings, 13);
        assert_int_equal(b->snapshots_attempted, 11);
        assert_int_equal(b->snapshots_completed, 10);
        assert_int_equal(b->csi_snapshots_attempted, 7);
        assert_int_equal(b->csi_snapshots_completed, 6);
        assert_int_equal(b->operations_attempted, 5);
        assert_int_equal(b->operations_completed, 4);
        assert_int_equal(b->operations_failed, 1);
        assert_int_equal(b->hooks_attempted, 9);
        assert_int_equal(b->hooks_failed, 8);
        /* The policy is not among the strings: it may hold 128 KiB. */
        assert_true(malloc_usable_size(b) < 700);
        free(b);
}

static void decodes_a_new_backup(void **state)
{
        static const char json[] = "{\"metadata\":{\"name\":\"b\",\"labels\":{"
                                   "\"velero.io/storage-location\":\"default\"}},\"status\":{\"phase\":\"\"}}";
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;

        (void)state;
        assert_ok(velero_backup_decode(json, strlen(json), &b, &err), &err);
        assert_int_equal(b->phase, VELERO_BACKUP_NEW);
        assert_string_equal(b->phase_text, "");
        assert_string_equal(b->storage_location, "default");
        assert_string_equal(b->owner, "");
        assert_string_equal(b->namespaces, "");
        assert_int_equal(b->items_total, 0);
        free(b);
}

static void keeps_an_unknown_phase(void **state)
{
        static const char json[] = "{\"metadata\":{\"name\":\"b\"},\"status\":{\"phase\":\"Dreaming\"}}";
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;

        (void)state;
        assert_ok(velero_backup_decode(json, strlen(json), &b, &err), &err);
        assert_int_equal(b->phase, VELERO_BACKUP_UNKNOWN);
        assert_string_equal(b->phase_text, "Dreaming");
        free(b);
}

static void decodes_a_restore(void **state)
{
        static const char json[] =
                "{\"metadata\":{\"name\":\"r\",\"deletionTimestamp\":\"2026-09-01T02:00:03Z\"},"
                "\"spec\":{\"backupName\":\"b\",\"scheduleName\":\"s\",\"existingResourcePolicy\":\"update\","
                "\"includedNamespaces\":[\"*\"],\"namespaceMapping\":{\"shop\":\"copy\",\"a\":\"b\"}},"
                "\"status\":{\"phase\":\"InProgress\",\"progress\":{\"itemsRestored\":1,\"totalItems\":2},"
                "\"restoreItemOperationsAttempted\":3,\"errors\":4,\"warnings\":5,"
                "\"hookStatus\":{\"hooksAttempted\":70000}}}";
        struct err err = ERR_INIT;
        struct velero_restore *r = NULL;

        (void)state;
        assert_ok(velero_restore_decode(json, strlen(json), &r, &err), &err);
        assert_string_equal(r->backup_name, "b");
        assert_string_equal(r->schedule_name, "s");
        assert_string_equal(r->existing_resource_policy, "update");
        assert_string_equal(r->namespaces, "*");
        assert_string_equal(r->namespace_mapping, "shop -> copy, a -> b");
        assert_int_equal(r->phase, VELERO_RESTORE_IN_PROGRESS);
        assert_int_equal(r->deletion, 1788228003);
        assert_int_equal(r->items_done, 1);
        assert_int_equal(r->items_total, 2);
        assert_int_equal(r->operations_attempted, 3);
        assert_int_equal(r->errors, 4);
        assert_int_equal(r->warnings, 5);
        assert_int_equal(r->hooks_attempted, UINT16_MAX);
        free(r);
}

static void decodes_a_schedule(void **state)
{
        static const char json[] =
                "{\"metadata\":{\"name\":\"s\",\"annotations\":{\"fleetfs.dev/cron\":\"@daily\"}},"
                "\"spec\":{\"schedule\":\"@weekly\",\"paused\":true,\"skipImmediately\":true,\"template\":"
                "{\"storageLocation\":\"l\",\"ttl\":\"1h0m0s\",\"includedNamespaces\":[\"a\"]}},"
                "\"status\":{\"phase\":\"FailedValidation\",\"validationErrors\":[\"invalid schedule\"],"
                "\"lastBackup\":\"2026-09-01T02:00:03Z\",\"lastSkipped\":\"2026-09-01T02:00:04Z\"}}";
        struct err err = ERR_INIT;
        struct velero_schedule *s = NULL;

        (void)state;
        assert_ok(velero_schedule_decode(json, strlen(json), &s, &err), &err);
        assert_string_equal(s->cron, "@daily");
        assert_string_equal(s->schedule, "@weekly");
        assert_string_equal(s->storage_location, "l");
        assert_string_equal(s->ttl, "1h0m0s");
        assert_string_equal(s->namespaces, "a");
        assert_true(s->paused);
        assert_int_equal(s->phase, VELERO_SCHEDULE_FAILED_VALIDATION);
        assert_string_equal(s->validation_errors, "invalid schedule");
        assert_int_equal(s->last_backup, 1788228003);
        assert_int_equal(s->last_skipped, 1788228004);
        free(s);
}

static void decodes_a_location(void **state)
{
        static const char json[] =
                "{\"metadata\":{\"name\":\"default\",\"uid\":\"u\"},\"spec\":{\"provider\":\"aws\","
                "\"config\":{\"region\":\"us-east-1\",\"s3Url\":\"http://s3\",\"publicUrl\":\"http://p\"},"
                "\"objectStorage\":{\"bucket\":\"b\",\"prefix\":\"eu\"},\"default\":true,"
                "\"accessMode\":\"ReadOnly\",\"backupSyncPeriod\":\"0s\",\"validationFrequency\":\"1m0s\","
                "\"credential\":{\"name\":\"c\",\"key\":\"cloud\"}},\"status\":{\"phase\":\"Unavailable\","
                "\"message\":\"no bucket\",\"lastValidationTime\":\"2026-09-01T02:00:03Z\","
                "\"lastSyncedTime\":\"2026-09-01T02:00:04Z\"}}";
        struct err err = ERR_INIT;
        struct velero_bsl *l = NULL;

        (void)state;
        assert_ok(velero_bsl_decode(json, strlen(json), &l, &err), &err);
        assert_string_equal(l->provider, "aws");
        assert_string_equal(l->bucket, "b");
        assert_string_equal(l->prefix, "eu");
        assert_string_equal(l->region, "us-east-1");
        assert_string_equal(l->s3_url, "http://s3");
        assert_string_equal(l->public_url, "http://p");
        assert_string_equal(l->access_mode, "ReadOnly");
        assert_string_equal(l->credential_name, "c");
        assert_string_equal(l->credential_key, "cloud");
        assert_string_equal(l->backup_sync_period, "0s");
        assert_string_equal(l->validation_frequency, "1m0s");
        assert_string_equal(l->message, "no bucket");
        assert_true(l->is_default);
        assert_int_equal(l->phase, VELERO_BSL_UNAVAILABLE);
        assert_int_equal(l->last_validation, 1788228003);
        assert_int_equal(l->last_synced, 1788228004);
        free(l);
}

static void decodes_requests(void **state)
{
        static const char delete_json[] =
                "{\"metadata\":{\"name\":\"d\",\"labels\":{\"velero.io/backup-uid\":\"u\"}},"
                "\"spec\":{\"backupName\":\"b\"},\"status\":{\"phase\":\"Processed\","
                "\"errors\":[\"a\",\"b; c\"]}}";
        struct err err = ERR_INIT;
        struct velero_delete_request *d = NULL;

        (void)state;
        assert_ok(velero_delete_request_decode(delete_json, strlen(delete_json), &d, &err), &err);
        assert_string_equal(d->backup_name, "b");
        assert_string_equal(d->errors, "a; b; c");
        assert_int_equal(d->phase, VELERO_REQUEST_PROCESSED);
        free(d);
}

static const struct filtered {
        const char *name;
        const char *spec;
        bool by_labels, by_types;
} filtered[] = {
        { "by nothing", "\"includedNamespaces\":[\"shop\"],\"excludedResources\":[\"events\"],\"labelSelector\":null", false, false },
        { "by labels", "\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}", true, false },
        { "by one of several", "\"orLabelSelectors\":[{\"matchLabels\":{\"app\":\"web\"}}]", true, false },
        { "by types", "\"includedResources\":[\"pods\"]", false, true },
        { "by types in namespaces", "\"includedNamespaceScopedResources\":[\"pods\"]", false, true },
        { "by types of the cluster", "\"includedClusterScopedResources\":[\"namespaces\"]", false, true },
        { "by both", "\"includeClusterResources\":false,\"labelSelector\":{}", true, true },
};

static void knows_its_filter(void **state)
{
        const struct filtered *row = test_row(state);
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;
        char json[256];

        snprintf(json, sizeof(json), "{\"metadata\":{\"name\":\"b\"},\"spec\":{%s}}", row->spec);
        assert_ok(velero_backup_decode(json, strlen(json), &b, &err), &err);
        assert_int_equal(b->by_labels, row->by_labels);
        assert_int_equal(b->by_types, row->by_types);
        free(b);
}

#define FILTER(spec, items) "{\"metadata\":{\"name\":\"b\"},\"spec\":{" spec "},\"status\":{\"progress\":{" items "}}}"
#define LABELS              "\"labelSelector\":{\"matchLabels\":{\"app\":\"web\"}}"
#define ITEMS(n)            "\"itemsBackedUp\":" #n ",\"totalItems\":" #n
static const struct emptiness {
        const char *name;
        const char *json;
        bool nothing;
} emptiness[] = {
        { "no object", FILTER("\"includedNamespaces\":[\"a\"]", ""), true },
        { "one object of a namespace", FILTER("\"includedNamespaces\":[\"a\"]", ITEMS(1)), false },
        { "the namespace alone", FILTER("\"includedNamespaces\":[\"a\"]," LABELS, ITEMS(1)), true },
        { "two namespaces alone", FILTER("\"includedNamespaces\":[\"a\",\"b\"]," LABELS, ITEMS(2)), true },
        { "one object more", FILTER("\"includedNamespaces\":[\"a\",\"b\"]," LABELS, ITEMS(3)), false },
        { "a pattern", FILTER("\"includedNamespaces\":[\"a*\"]," LABELS, ITEMS(1)), false },
        { "no namespace named", FILTER(LABELS, ITEMS(1)), false },
        { "one of a type", FILTER("\"includedNamespaces\":[\"a\"],\"includedResources\":[\"pods\"]," LABELS, ITEMS(1)), false },
};

static void knows_what_holds_nothing(void **state)
{
        const struct emptiness *row = test_row(state);
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;

        assert_ok(velero_backup_decode(row->json, strlen(row->json), &b, &err), &err);
        assert_int_equal(velero_backup_holds_nothing(b), row->nothing);
        free(b);
}

static const struct malformed {
        const char *name;
        const char *json;
        const char *message;
} malformed[] = {
        { "cut off", "{\"metadata\":{\"name\":\"b\"", "Backup: " },
        { "no name", "{\"metadata\":{\"uid\":\"u\"}}", "metadata.name" },
        { "a number for a name", "{\"metadata\":{\"name\":7}}", "metadata.name" },
        { "a text for a count", "{\"metadata\":{\"name\":\"b\"},\"status\":{\"errors\":\"3\"}}",
                "status.errors" },
        { "a negative count", "{\"metadata\":{\"name\":\"b\"},\"status\":{\"errors\":-1}}",
                "status.errors" },
        { "no time", "{\"metadata\":{\"name\":\"b\"},\"status\":{\"startTimestamp\":\"noon\"}}",
                "status.startTimestamp" },
        { "a list of numbers", "{\"metadata\":{\"name\":\"b\"},\"spec\":{\"includedNamespaces\":[1]}}",
                "spec.includedNamespaces" },
        { "not an object", "[]", "Backup: " },
};

static void refuses(void **state)
{
        const struct malformed *row = test_row(state);
        struct err err = ERR_INIT;
        struct velero_backup *b = NULL;

        assert_int_equal(velero_backup_decode(row->json, strlen(row->json), &b, &err), -EBADMSG);
        assert_null(b);
        assert_err(&err, -EBADMSG, row->message);
}

static void extracts_the_policy(void **state)
{
        static const char without[] = "{\"metadata\":{\"name\":\"b\",\"annotations\":{\"a\":\"b\"}}}";
        struct err err = ERR_INIT;
        char *policy = NULL;
        size_t len = 0;

        (void)state;
        assert_ok(velero_policy_annotation(
                          backup_json, sizeof(backup_json) - 1, &policy, &len, &err),
                &err);
        assert_string_equal(policy, "ttl: 1h\n# \xc3\xa9\n");
        assert_int_equal(len, strlen(policy));
        free(policy);
        assert_int_equal(
                velero_policy_annotation(without, strlen(without), &policy, &len, &err), -ENOENT);
        assert_err(&err, -ENOENT, "fleetfs.dev/policy");
        assert_int_equal(velero_policy_annotation("{", 1, &policy, &len, &err), -EBADMSG);
}

static void has_sound_tables(void **state)
{
        struct record_type *types[] = { &velero_backup_type, &velero_restore_type,
                &velero_schedule_type, &velero_bsl_type, &velero_delete_request_type };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
                struct err err = ERR_INIT;

                assert_ok(record_type_check(types[i], &err), &err);
        }
}

/* As node-agent of Velero 1.18 writes them. */
static void decodes_volumes(void **state)
{
        static const char backup[] =
                "{\"kind\":\"PodVolumeBackup\",\"metadata\":{\"labels\":{\"velero.io/backup-name\":\"b1\"},\"name\":\"b1-x2\"},"
                "\"spec\":{\"node\":\"eu-1\",\"pod\":{\"kind\":\"Pod\",\"name\":\"db-0\",\"namespace\":\"shop\"},\"volume\":\"data\"},"
                "\"status\":{\"phase\":\"InProgress\",\"progress\":{\"bytesDone\":331350060,\"totalBytes\":5294967296},"
                "\"startTimestamp\":\"2026-09-01T02:00:04Z\"}}";
        static const char restore[] =
                "{\"metadata\":{\"labels\":{\"velero.io/restore-name\":\"r1\"},\"name\":\"r1-x2\"},"
                "\"spec\":{\"pod\":{\"name\":\"db-0\",\"namespace\":\"shop\"},\"volume\":\"data\"},"
                "\"status\":{\"message\":\"no space\",\"node\":\"us-1\",\"phase\":\"Failed\",\"progress\":{}}}";
        struct err err = ERR_INIT;
        struct velero_volume *v = NULL;

        (void)state;
        assert_ok(velero_volume_decode(backup, sizeof(backup) - 1, &v, &err), &err);
        assert_string_equal(v->backup, "b1");
        assert_string_equal(v->ns, "shop");
        assert_string_equal(v->pod, "db-0");
        assert_string_equal(v->volume, "data");
        assert_string_equal(v->node, "eu-1");
        assert_int_equal(v->phase, VELERO_VOLUME_IN_PROGRESS);
        assert_int_equal(v->bytes_done, 331350060);
        assert_int_equal(v->bytes_total, 5294967296);
        assert_int_equal(v->started, 1788228004);
        free(v);
        assert_ok(velero_volume_decode(restore, sizeof(restore) - 1, &v, &err), &err);
        assert_string_equal(v->restore, "r1");
        assert_string_equal(v->node, "us-1");
        assert_string_equal(v->message, "no space");
        assert_int_equal(v->phase, VELERO_VOLUME_FAILED);
        assert_int_equal(v->bytes_total, 0);
        free(v);
        assert_ok(record_type_check(&velero_volume_type, &err), &err);
}

/* As the API has them: `velero backup create --from-schedule`, and Velero's server, which also writes to the others'. */
#define SERVER(label) \
        "{\"manager\":\"velero-server\",\"time\":\"2026-11-21T16:19:09Z\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\"f:" label \
        "\":{}}}}}"
#define CLIENT(name, time) \
        "{\"manager\":\"" name "\",\"time\":\"" time "\",\"fieldsV1\":{\"f:metadata\":{\"f:labels\":{\"f:velero.io/schedule-name\":{}}}}}"
#define MANAGED(entries) "{\"metadata\":{\"name\":\"b\",\"managedFields\":[" entries "]},\"spec\":{}}"

struct writer_row {
        const char *name, *bytes;
        bool by_hand;
        int64_t written;
};
static const struct writer_row writers[] = {
        { "Velero's own", MANAGED(SERVER("velero.io/schedule-name")), false, 0 },
        { "by the client", MANAGED(CLIENT("velero", "2026-11-21T16:19:08Z") "," SERVER("velero.io/storage-location")), true, 0 },
        { "by kubectl", MANAGED(SERVER("x") "," CLIENT("kubectl-create", "2026-11-21T16:19:08Z")), true, 0 },
        { "by fleetfs, twice",
                MANAGED(CLIENT("fleetfs", "2026-11-21T16:19:08Z") "," CLIENT("fleetfs", "2026-11-21T16:19:09Z")), true, 1795277949 },
        { "nothing told", "{\"metadata\":{\"name\":\"b\"}}", false, 0 },
        { "no time", MANAGED("{\"manager\":\"fleetfs\"}"), false, 0 },
        { "a bad time", MANAGED(CLIENT("fleetfs", "yesterday, or the day before that")), true, 0 },
        { "an entry that is none", MANAGED("7"), false, 0 },
        { "cut off", "{\"metadata\":{\"managedFields\":[{\"manager\":\"fleetfs\",\"time\":\"2026-11-21T16:1", false, 0 },
};

static void tells_who_wrote_it(void **state)
{
        const struct writer_row *row = test_row(state);

        assert_int_equal(velero_made_by_hand(row->bytes, strlen(row->bytes)), row->by_hand);
        assert_int_equal(velero_written_at(row->bytes, strlen(row->bytes)), row->written);
}

int main(void)
{
        TEST(decodes_a_backup);
        TEST(decodes_a_new_backup);
        TEST(keeps_an_unknown_phase);
        TEST(decodes_a_restore);
        TEST(decodes_a_schedule);
        TEST(decodes_a_location);
        TEST(decodes_requests);
        TEST(decodes_volumes);
        TEST_ROWS(knows_its_filter, filtered);
        TEST_ROWS(knows_what_holds_nothing, emptiness);
        TEST_ROWS(refuses, malformed);
        TEST(extracts_the_policy);
        TEST_ROWS(tells_who_wrote_it, writers);
        TEST(has_sound_tables);
        return test_run("velero_types");
}
