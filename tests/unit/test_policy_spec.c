/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/limits.h"
#include "base/schema.h"
#include "ops/policy.h"
#include "velero/spec.h"
#include "tests/unit/policy_fixture.h"

/* What a policy becomes on a cluster: golden Velero specs. */

static const char *const clusters[] = { "eu-1", "us-1" };

enum make { MAKE_BACKUP, MAKE_SCHEDULE, MAKE_RESTORE };
enum { NO_AGENT = 1, LOCATION = 2, LABELS = 4, BY_SCHEDULE = 8 };

#define MIGRATE                                                                                    \
        KURATOR("Migrate")                                                                         \
        "  sourceCluster: {clusters: [{name: eu-1}]}\n"                                            \
        "  targetCluster: {clusters: [{name: us-1}]}\n"
#define VELERO_KINDS                                                                               \
        "\"backups.velero.io\",\"backuprepositories.velero.io\","                                  \
        "\"backupstoragelocations.velero.io\",\"datadownloads.velero.io\","                        \
        "\"datauploads.velero.io\",\"deletebackuprequests.velero.io\","                            \
        "\"downloadrequests.velero.io\",\"podvolumebackups.velero.io\","                           \
        "\"podvolumerestores.velero.io\",\"resticrepositories.velero.io\","                        \
        "\"restores.velero.io\",\"schedules.velero.io\",\"serverstatusrequests.velero.io\","       \
        "\"volumesnapshotlocations.velero.io\""

/* clang-format off */
static const struct row {
        const char *name;
        enum policy_kind kind;
        enum make make;
        int flags;
        const char *text;
        const char *spec; /* compact, keys sorted */
} rows[] = {
        { "nothing said", POLICY_BACKUP, MAKE_BACKUP, 0,
                "policy: {}\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "no node-agent", POLICY_BACKUP, MAKE_BACKUP, NO_AGENT,
                "policy: {}\n",
                "{\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "a location", POLICY_BACKUP, MAKE_BACKUP, LOCATION,
                "policy: {}\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false,\"storageLocation\":\"minio\"}" },
        { "some namespaces", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedNamespaces: [shop, \"web-*\"]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedNamespaces\":[\"shop\",\"web-*\"],\"snapshotVolumes\":false}" },
        { "all but one namespace", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedNamespaces: [kube-system]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedNamespaces\":[\"kube-system\"],\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "a star is all", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedNamespaces: [\"*\"]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "null lists are unset", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedNamespaces: null\n      includedResources: []\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "old: some kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedResources: [deployments, clusterroles]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includeClusterResources\":true,\"includedNamespaces\":[\"*\"],\"includedResources\":[\"deployments\",\"clusterroles\"],\"snapshotVolumes\":false}" },
        { "old: all but some kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedResources: [secrets]\n      excludedNamespaces: [dev]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedNamespaces\":[\"dev\"],\"excludedResources\":[\"secrets\"],\"includeClusterResources\":true,\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "old: no cluster-scoped kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includeClusterResources: false\n",
                "{\"defaultVolumesToFsBackup\":true,\"includeClusterResources\":false,\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "old: in one namespace", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedNamespaces: [shop]\n      includedResources: [pods]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedNamespaces\":[\"shop\"],\"includedResources\":[\"pods\"],\"snapshotVolumes\":false}" },
        { "new: some namespaced kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedNamespaceScopedResources: [pods]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedNamespaceScopedResources\":[\"pods\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "new: all but some namespaced kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedNamespaceScopedResources: [events]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedNamespaceScopedResources\":[\"events\"],\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "new: some cluster-scoped kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      includedClusterScopedResources: [storageclasses]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"storageclasses\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "new: all but some cluster-scoped kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedClusterScopedResources: [nodes]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedClusterScopedResources\":[\"nodes\"],\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "new: no cluster-scoped kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedClusterScopedResources: [\"*\"]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "new: only cluster-scoped kinds", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      excludedNamespaceScopedResources: [\"*\"]\n",
                "{\"defaultVolumesToFsBackup\":true,\"excludedNamespaceScopedResources\":[\"*\"],\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false}" },
        { "by label", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      labelSelector: {matchLabels: {app: shop}, matchExpressions: [{key: tier, operator: In, values: [a, b]}]}\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"labelSelector\":{\"matchExpressions\":[{\"key\":\"tier\",\"operator\":\"In\",\"values\":[\"a\",\"b\"]}],\"matchLabels\":{\"app\":\"shop\"}},\"snapshotVolumes\":false}" },
        { "by one of two labels", POLICY_BACKUP, MAKE_BACKUP, 0,
                FILTER "      orLabelSelectors: [{matchLabels: {app: shop}}, {matchExpressions: [{key: web, operator: Exists}]}]\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"orLabelSelectors\":[{\"matchLabels\":{\"app\":\"shop\"}},{\"matchExpressions\":[{\"key\":\"web\",\"operator\":\"Exists\"}]}],\"snapshotVolumes\":false}" },
        { "all settings", POLICY_BACKUP, MAKE_BACKUP, 0,
                BACKUP "  policy:\n    ttl: 48h\n    itemOperationTimeout: 2h\n    orderedResources:\n      pods: \"ns1/a, ns1/b,ns1/c\"\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"itemOperationTimeout\":\"2h\",\"orderedResources\":{\"pods\":\"ns1/a,ns1/b,ns1/c\"},\"snapshotVolumes\":false,\"ttl\":\"48h\"}" },
        { "a schedule", POLICY_BACKUP, MAKE_SCHEDULE, LABELS,
                BACKUP "  schedule: \"0 2 * * *\"\n  policy: {ttl: 48h}\n",
                "{\"schedule\":\"0 2 * * *\",\"template\":{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false,\"ttl\":\"48h\"}}" },
        { "JSON", POLICY_BACKUP, MAKE_BACKUP, 0,
                "{\"spec\": {\"policy\": {\"ttl\": \"1h\"}}, \"kind\": \"Backup\", \"apiVersion\": \"backup.kurator.dev/v1alpha1\"}",
                "{\"defaultVolumesToFsBackup\":true,\"includedClusterScopedResources\":[\"*\"],\"includedNamespaces\":[\"*\"],\"snapshotVolumes\":false,\"ttl\":\"1h\"}" },
        { "Velero backup as it stands", POLICY_BACKUP, MAKE_BACKUP, LOCATION,
                VELERO("Backup") "  includedNamespaces: [shop]\n  snapshotMoveData: true\n  hooks:\n    resources:\n      - name: db\n        pre: [{exec: {command: [sync], onError: Fail, timeout: 30s}}]\n",
                "{\"hooks\":{\"resources\":[{\"name\":\"db\",\"pre\":[{\"exec\":{\"command\":[\"sync\"],\"onError\":\"Fail\",\"timeout\":\"30s\"}}]}]},\"includedNamespaces\":[\"shop\"],\"snapshotMoveData\":true,\"storageLocation\":\"minio\"}" },
        { "Velero backup with a void list of selectors", POLICY_BACKUP, MAKE_BACKUP, 0,
                VELERO("Backup") "  labelSelector: {matchLabels: {a: b}}\n  orLabelSelectors: []\n",
                "{\"labelSelector\":{\"matchLabels\":{\"a\":\"b\"}}}" },
        { "Velero backup with a void selector", POLICY_BACKUP, MAKE_BACKUP, 0,
                VELERO("Backup") "  labelSelector: {}\n  orLabelSelectors: [{matchLabels: {a: b}}]\n",
                "{\"orLabelSelectors\":[{\"matchLabels\":{\"a\":\"b\"}}]}" },
        { "Velero backup with void selectors", POLICY_BACKUP, MAKE_BACKUP, 0,
                VELERO("Backup") "  labelSelector: {}\n  orLabelSelectors: []\n",
                "{\"orLabelSelectors\":[]}" },
        { "Velero backup with its own location", POLICY_BACKUP, MAKE_BACKUP, LOCATION,
                VELERO("Backup") "  storageLocation: cold\n  ttl: 1h\n",
                "{\"storageLocation\":\"cold\",\"ttl\":\"1h\"}" },
        { "Velero schedule", POLICY_BACKUP, MAKE_SCHEDULE, LABELS,
                VELERO("Schedule") "  schedule: \"@every 6h\"\n  paused: true\n  skipImmediately: false\n  template:\n    ttl: 24h\n",
                "{\"paused\":true,\"schedule\":\"@every 6h\",\"skipImmediately\":false,\"template\":{\"ttl\":\"24h\"}}" },
        { "Velero schedule with labels", POLICY_BACKUP, MAKE_SCHEDULE, LABELS,
                VELERO("Schedule") "  schedule: \"@daily\"\n  template:\n    metadata: {labels: {team: shop}}\n",
                "{\"schedule\":\"@daily\",\"template\":{\"metadata\":{\"labels\":{\"fleetfs.dev/name\":\"p\",\"team\":\"shop\"}}}}" },
        { "restore of everything", POLICY_RESTORE, MAKE_RESTORE, 0,
                RESTORE,
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true}" },
        { "restore of some namespaces", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedNamespaces: [shop]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includedNamespaces\":[\"shop\"]}" },
        { "restore without a namespace", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      excludedNamespaces: [dev, velero]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"dev\",\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true}" },
        { "restore with settings", POLICY_RESTORE, MAKE_RESTORE, 0,
                RESTORE "  policy:\n    namespaceMapping: {shop: shop-copy}\n    preserveNodePorts: true\n    itemOperationTimeout: 1h\n    restoreStatus: {includedResources: [deployments]}\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"itemOperationTimeout\":\"1h\",\"namespaceMapping\":{\"shop\":\"shop-copy\"},\"preserveNodePorts\":true,\"restoreStatus\":{\"includedResources\":[\"deployments\"]}}" },
        { "restore of all status", POLICY_RESTORE, MAKE_RESTORE, 0,
                RESTORE "  policy:\n    preserveStatus: {}\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"restoreStatus\":{\"includedResources\":[\"*\"]}}" },
        { "restore of status but some", POLICY_RESTORE, MAKE_RESTORE, 0,
                RESTORE "  policy:\n    preserveStatus: {excludedResources: [pods]}\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"restoreStatus\":{\"excludedResources\":[\"pods\"],\"includedResources\":[\"*\"]}}" },
        { "restore old: some kinds", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedResources: [deployments.apps]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"includedResources\":[\"deployments.apps\"]}" },
        { "restore old: no cluster-scoped kinds", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includeClusterResources: false\n      excludedResources: [backups.velero.io, secrets]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[\"backups.velero.io\",\"secrets\",\"backuprepositories.velero.io\",\"backupstoragelocations.velero.io\",\"datadownloads.velero.io\",\"datauploads.velero.io\",\"deletebackuprequests.velero.io\",\"downloadrequests.velero.io\",\"podvolumebackups.velero.io\",\"podvolumerestores.velero.io\",\"resticrepositories.velero.io\",\"restores.velero.io\",\"schedules.velero.io\",\"serverstatusrequests.velero.io\",\"volumesnapshotlocations.velero.io\"],\"includeClusterResources\":false}" },
        { "restore new: union of both lists", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedNamespaceScopedResources: [deployments]\n      includedClusterScopedResources: [storageclasses]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"includedResources\":[\"deployments\",\"storageclasses\"]}" },
        { "restore new: some namespaced kinds and related", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedNamespaceScopedResources: [persistentvolumeclaims]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includedResources\":[\"persistentvolumeclaims\",\"persistentvolumes\",\"customresourcedefinitions.apiextensions.k8s.io\"]}" },
        { "restore new: all but some", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      excludedNamespaceScopedResources: [secrets]\n      excludedClusterScopedResources: [clusterroles]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[\"secrets\",\"clusterroles\"," VELERO_KINDS "],\"includeClusterResources\":true}" },
        { "restore new: no cluster-scoped kinds", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      excludedClusterScopedResources: [\"*\"]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":false}" },
        { "restore new: some namespaced, no cluster-scoped", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedNamespaceScopedResources: [pods]\n      excludedClusterScopedResources: [\"*\"]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":false,\"includedResources\":[\"pods\"]}" },
        { "restore new: only some cluster-scoped kinds", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedClusterScopedResources: [clusterroles]\n      excludedNamespaceScopedResources: [\"*\"]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"includedResources\":[\"clusterroles\"]}" },
        { "restore new: everything", POLICY_RESTORE, MAKE_RESTORE, 0,
                RFILTER "      includedClusterScopedResources: [\"*\"]\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true}" },
        { "Velero restore as it stands", POLICY_RESTORE, MAKE_RESTORE, 0,
                VELERO("Restore") "  backupName: nightly\n  existingResourcePolicy: update\n  restorePVs: true\n",
                "{\"backupName\":\"b-1\",\"existingResourcePolicy\":\"update\",\"restorePVs\":true}" },
        { "Velero restore by schedule", POLICY_RESTORE, MAKE_RESTORE, BY_SCHEDULE,
                VELERO("Restore") "  scheduleName: nightly\n",
                "{\"scheduleName\":\"nightly\"}" },
        { "Velero restore by schedule, backup chosen", POLICY_RESTORE, MAKE_RESTORE, 0,
                VELERO("Restore") "  scheduleName: nightly\n",
                "{\"backupName\":\"b-1\"}" },
        { "migration: backup", POLICY_MIGRATION, MAKE_BACKUP, 0,
                MIGRATE "  policy: {resourceFilter: {includedNamespaces: [shop]}, orderedResources: {pods: a/b}, namespaceMapping: {shop: s2}}\n",
                "{\"defaultVolumesToFsBackup\":true,\"includedNamespaces\":[\"shop\"],\"orderedResources\":{\"pods\":\"a/b\"},\"snapshotVolumes\":false}" },
        { "migration: restore", POLICY_MIGRATION, MAKE_RESTORE, 0,
                MIGRATE "  policy: {resourceFilter: {includedNamespaces: [shop], includedClusterScopedResources: [nodes]}, namespaceMapping: {shop: s2}, migrateStatus: {includedResources: [jobs]}, preserveNodePorts: false}\n",
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true,\"namespaceMapping\":{\"shop\":\"s2\"},\"preserveNodePorts\":false,\"restoreStatus\":{\"includedResources\":[\"jobs\"]}}" },
        { "migration of everything: restore", POLICY_MIGRATION, MAKE_RESTORE, 0,
                MIGRATE,
                "{\"backupName\":\"b-1\",\"excludedNamespaces\":[\"velero\"],\"excludedResources\":[" VELERO_KINDS "],\"includeClusterResources\":true}" },
};
/* clang-format on */

static struct policy *parse(enum policy_kind kind, const char *text)
{
        const struct policy_env env = {
                .fleet = "prod",
                .clusters = clusters,
                .n_clusters = ARRAY_SIZE(clusters),
        };
        struct err err = ERR_INIT;
        struct policy *p = NULL;

        assert_ok(policy_parse(kind, "p", text, strlen(text), &env, &p, &err), &err);
        return p;
}

/* What fleetfs sends passes the rules it holds users to. */
static void check_by_veleros_rules(enum make make, const char *text)
{
        static const struct schema *const schemas[] = {
                [MAKE_BACKUP] = &velero_backup_spec_schema,
                [MAKE_SCHEDULE] = &velero_schedule_spec_schema,
                [MAKE_RESTORE] = &velero_restore_spec_schema,
        };
        const struct yaml_options options = { .max_bytes = LIMIT_POLICY_BYTES };
        struct err err = ERR_INIT;
        struct yaml_docs *docs = NULL;

        assert_ok(yaml_parse(text, strlen(text), &options, &docs, &err), &err);
        assert_ok(schema_check(schemas[make], docs->roots[0], "spec", &err), &err);
        yaml_docs_free(docs);
}

static void makes(void **state)
{
        const struct row *row = test_row(state);
        const struct policy_cluster cluster = {
                .velero_namespace = "velero",
                .storage_location = row->flags & LOCATION ? "minio" : NULL,
                .has_node_agent = !(row->flags & NO_AGENT),
        };
        struct policy *p = parse(row->kind, row->text);
        json_t *labels = row->flags & LABELS ? json_pack("{s:s}", "fleetfs.dev/name", "p") : NULL;
        struct err err = ERR_INIT;
        json_t *spec = NULL;
        char *text;

        if (row->make == MAKE_BACKUP)
                assert_ok(policy_backup_spec(p, 0, &cluster, &spec, &err), &err);
        else if (row->make == MAKE_SCHEDULE)
                assert_ok(policy_schedule_spec(p, 0, &cluster, labels, &spec, &err), &err);
        else
                assert_ok(policy_restore_spec(p, 0, row->flags & BY_SCHEDULE ? NULL : "b-1",
                                  &cluster, &spec, &err),
                        &err);
        text = json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS);
        assert_text(text, row->spec);
        check_by_veleros_rules(row->make, text);
        free(text);
        json_decref(spec);
        json_decref(labels);
        policy_free(p);
}

/* The policy's own JSON is shared by all specs: changing one must not change the next. */
static void makes_specs_of_their_own(void **state)
{
        const struct policy_cluster cluster = { .velero_namespace = "velero" };
        struct policy *p = parse(POLICY_BACKUP, VELERO("Backup") "  includedNamespaces: [a]\n");
        json_t *first = NULL, *second = NULL;

        (void)state;
        assert_int_equal(policy_backup_spec(p, 0, &cluster, &first, NULL), 0);
        assert_int_equal(json_array_clear(json_object_get(first, "includedNamespaces")), 0);
        assert_int_equal(policy_backup_spec(p, 0, &cluster, &second, NULL), 0);
        assert_int_equal(json_array_size(json_object_get(second, "includedNamespaces")), 1);
        json_decref(first);
        json_decref(second);
        policy_free(p);
}

static void refuses_veleros_namespace(void **state)
{
        const struct policy_cluster cluster = { .velero_namespace = "backup-system" };
        struct policy *p =
                parse(POLICY_RESTORE, RFILTER "      includedNamespaces: [shop, backup-system]\n");
        struct err err = ERR_INIT;
        json_t *spec = NULL;

        (void)state;
        assert_int_equal(policy_restore_spec(p, 0, "b", &cluster, &spec, &err), -EINVAL);
        assert_null(spec);
        assert_err(&err, -EINVAL, "\"backup-system\" is Velero's own namespace");
        assert_string_equal(err.id, "FLT-0225");
        policy_free(p);
}

int main(void)
{
        TEST_ROWS(makes, rows);
        TEST(makes_specs_of_their_own);
        TEST(refuses_veleros_namespace);
        return test_run("policy_spec");
}
