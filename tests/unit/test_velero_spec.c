/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/limits.h"
#include "velero/spec.h"

/* Every field of Velero 1.18 is known; what its server would refuse is refused with a place. */

#define BACKUP   velero_backup_spec_schema
#define RESTORE  velero_restore_spec_schema
#define SCHEDULE velero_schedule_spec_schema

static const struct accepted {
        const char *name;
        const struct schema *schema;
        const char *text;
} accepted[] = {
        { "an empty backup", &BACKUP, "{}" },
        { "every field of a backup", &BACKUP,
                "metadata: {labels: {a: b}}\n"
                "includedNamespaces: [\"a*\", \"b?\", \"c[a-z]\", \"d[123]\"]\nexcludedNamespaces: [x]\n"
                "includedResources: [pods]\nexcludedResources: [secrets]\nincludeClusterResources: null\n"
                "labelSelector: {matchLabels: {\"app.kubernetes.io/name\": x}}\norLabelSelectors: []\n"
                "snapshotVolumes: true\nttl: 720h0m0s\nvolumeGroupSnapshotLabelKey: velero.io/volume-group\n"
                "hooks: {resources: [{name: h, includedNamespaces: [a], excludedNamespaces: [b],\n"
                "  includedResources: [pods], excludedResources: [x], labelSelector: {},\n"
                "  pre: [{exec: {container: c, command: [a, b], onError: Continue, timeout: 30s}}],\n"
                "  post: [{exec: {command: [a]}}]}]}\n"
                "storageLocation: default\nvolumeSnapshotLocations: [aws]\n"
                "defaultVolumesToRestic: false\ndefaultVolumesToFsBackup: true\n"
                "orderedResources: {pods: \"a/b,a/c\"}\ncsiSnapshotTimeout: 10m\n"
                "itemOperationTimeout: 4h\nresourcePolicy: {apiGroup: \"\", kind: ConfigMap, name: p}\n"
                "snapshotMoveData: true\ndatamover: velero\nuploaderConfig: {parallelFilesUpload: 10}\n" },
        { "the scoped filters", &BACKUP,
                "includedClusterScopedResources: [\"*\"]\nincludedNamespaceScopedResources: [pods]\n"
                "excludedNamespaceScopedResources: [secrets]\nexcludedClusterScopedResources: [nodes]\n" },
        { "excludes of all of one scope", &BACKUP, "excludedClusterScopedResources: [\"*\"]\n" },
        { "an empty list of the other style", &BACKUP,
                "includedResources: [pods]\nincludedClusterScopedResources: []\n" },
        { "every field of a restore", &RESTORE,
                "backupName: b\nincludedNamespaces: [a]\nexcludedNamespaces: [c]\n"
                "includedResources: [pods]\nexcludedResources: [nodes]\nnamespaceMapping: {a: d}\n"
                "labelSelector: {matchExpressions: [{key: k, operator: DoesNotExist}]}\n"
                "restorePVs: true\nrestoreStatus: {includedResources: [\"*\"], excludedResources: [a]}\n"
                "preserveNodePorts: false\nincludeClusterResources: true\n"
                "hooks: {resources: [{name: h, postHooks: [\n"
                "  {exec: {container: c, command: [a], onError: Fail, execTimeout: 1m, waitTimeout: 5m,\n"
                "    waitForReady: true}},\n"
                "  {init: {initContainers: [{name: i, image: x}], timeout: 1m}}]}]}\n"
                "existingResourcePolicy: none\nitemOperationTimeout: 4h\n"
                "resourceModifier: {kind: configmap, name: m}\n"
                "uploaderConfig: {writeSparseFiles: true, parallelFilesDownload: 4}\n" },
        { "a restore by schedule", &RESTORE, "scheduleName: s\nbackupName: \"\"\n" },
        { "every field of a schedule", &SCHEDULE,
                "schedule: \"@daily\"\ntemplate: {ttl: 1h}\nuseOwnerReferencesInBackup: false\n"
                "paused: true\nskipImmediately: true\n" },
};

static int check(const struct schema *schema, const char *text, struct err *err)
{
        const struct yaml_options options = { .max_bytes = LIMIT_POLICY_BYTES };
        struct yaml_docs *docs = NULL;
        int r = yaml_parse(text, strlen(text), &options, &docs, err);

        if (r < 0)
                return r;
        r = schema_check(schema, docs->roots[0], "spec", err);
        yaml_docs_free(docs);
        return r;
}

static void accepts(void **state)
{
        const struct accepted *row = test_row(state);
        struct err err = ERR_INIT;

        assert_ok(check(row->schema, row->text, &err), &err);
}

static const struct refused {
        const char *name;
        const struct schema *schema;
        const char *text;
        const char *id;
        int line, column;
        const char *msg;
} refused[] = {
        { "a typo", &BACKUP, "includedNamespace: [a]\n", "FLT-0203", 1, 1,
                "unknown field \"spec.includedNamespace\"; did you mean \"includedNamespaces\"?" },
        { "mixed filters, the later is blamed", &BACKUP,
                "excludedNamespaceScopedResources: [a]\nincludeClusterResources: false\n", "FLT-0220", 2,
                1, "spec: includeClusterResources and excludedNamespaceScopedResources cannot be combined" },
        { "a star beside a kind", &BACKUP, "includedResources: [\"*\", pods]\n", "FLT-0221", 1, 21,
                "spec: includedResources: \"*\" stands beside other names" },
        { "a star among excluded kinds", &BACKUP, "excludedResources: [pods, \"*\"]\n", "FLT-0221", 1, 27,
                "spec: excludedResources: \"*\" would leave nothing" },
        { "a star beside a scoped exclude", &BACKUP, "excludedClusterScopedResources: [a, \"*\"]\n",
                "FLT-0221", 1, 37,
                "spec: excludedClusterScopedResources: \"*\" stands beside other names or "
                "includedClusterScopedResources" },
        { "a kind in both lists", &RESTORE,
                "backupName: b\nincludedResources: [a, b]\nexcludedResources: [c, b]\n", "FLT-0221", 3, 24,
                "spec: \"b\" is in both includedResources and excludedResources" },
        { "a bracket in a bracket", &BACKUP, "includedNamespaces: [\"a[[b]]\"]\n", "FLT-0222", 1, 22,
                "spec.includedNamespaces: \"a[[b]]\" is not a namespace pattern: '[' within '['" },
        { "a bracket closed twice", &BACKUP, "includedNamespaces: [\"a]\"]\n", "FLT-0222", 1, 22,
                "spec.includedNamespaces: \"a]\" is not a namespace pattern: ']' without '['" },
        { "an exclamation mark", &BACKUP, "excludedNamespaces: [\"[!a]\"]\n", "FLT-0222", 1, 22,
                "spec.excludedNamespaces: \"[!a]\" is not a namespace pattern: '|', '(', ')', '{', '}', "
                "'!' and ',' are not allowed" },
        { "a namespace with an underscore", &RESTORE, "backupName: b\nincludedNamespaces: [a_b]\n",
                "FLT-0222", 2, 22, "spec.includedNamespaces: \"a_b\" is not a namespace's name" },
        { "both selectors", &RESTORE,
                "backupName: b\norLabelSelectors: [{}]\nlabelSelector: {matchLabels: {a: b}}\n",
                "FLT-0223", 2, 1, "spec: labelSelector and orLabelSelectors cannot be combined" },
        { "an operator in lower case", &BACKUP,
                "labelSelector: {matchExpressions: [{key: a, operator: exists}]}\n", "FLT-0211", 1, 55,
                "spec.labelSelector.matchExpressions[0].operator: \"exists\" is not allowed; did you mean "
                "\"Exists\"?" },
        { "an expression without a key", &BACKUP,
                "labelSelector: {matchExpressions: [{operator: Exists}]}\n", "FLT-0205", 1, 36,
                "spec.labelSelector.matchExpressions[0].key is missing" },
        { "a label key of two slashes", &BACKUP, "labelSelector: {matchLabels: {a/b/c: d}}\n", "FLT-0223",
                1, 31, "spec.labelSelector.matchLabels: \"a/b/c\" is not a label's key" },
        { "a value of an expression", &BACKUP,
                "labelSelector: {matchExpressions: [{key: a, operator: In, values: [\"x y\"]}]}\n",
                "FLT-0223", 1, 68,
                "spec.labelSelector.matchExpressions[0]: \"x y\" is not a label's value" },
        { "no source", &RESTORE, "includedNamespaces: [a]\n", "FLT-0224", 1, 1,
                "spec: neither backupName nor scheduleName is given" },
        { "empty sources", &RESTORE, "backupName: \"\"\nscheduleName: \"\"\n", "FLT-0224", 1, 1,
                "spec: neither backupName nor scheduleName is given" },
        { "two sources", &RESTORE, "scheduleName: a\nbackupName: b\n", "FLT-0224", 1, 1,
                "spec: backupName and scheduleName cannot be combined" },
        { "a kind that is never restored", &RESTORE,
                "backupName: b\nincludedResources: [volumeattachments.storage.k8s.io]\n", "FLT-0225", 2, 21,
                "spec: volumeattachments.storage.k8s.io are never restored" },
        { "a Secret for a resourcePolicy", &BACKUP, "resourcePolicy: {kind: Secret, name: a}\n",
                "FLT-0226", 1, 24, "spec.resourcePolicy: Velero ignores a reference of kind \"Secret\"" },
        { "a mapping to capitals", &RESTORE, "backupName: b\nnamespaceMapping: {a: B}\n", "FLT-0227", 2,
                23, "spec.namespaceMapping: \"B\" is not a namespace's name" },
        { "days", &BACKUP, "ttl: 30d\n", "FLT-0211", 1, 6,
                "spec.ttl: unknown unit \"d\" in duration \"30d\"" },
        { "a negative timeout", &RESTORE, "backupName: b\nitemOperationTimeout: -5m\n", "FLT-0211", 2, 23,
                "spec.itemOperationTimeout: a negative duration" },
        { "a hook without a name", &BACKUP, "hooks: {resources: [{pre: []}]}\n", "FLT-0205", 1, 21,
                "spec.hooks.resources[0].name is missing" },
        { "a restore hook's timeout", &RESTORE,
                "backupName: b\nhooks: {resources: [{name: a, postHooks: [{exec: {command: [a], execTimeout: "
                "5}}]}]}\n",
                "FLT-0204", 2, 78,
                "spec.hooks.resources[0].postHooks[0].exec.execTimeout: expected a duration, found the "
                "integer 5" },
        { "a schedule without a template", &SCHEDULE, "schedule: \"@daily\"\n", "FLT-0205", 1, 1,
                "spec.template is missing" },
        { "an empty schedule", &SCHEDULE, "schedule: \"\"\ntemplate: {}\n", "FLT-0211", 1, 11,
                "spec.schedule is empty" },
        { "a template's filter", &SCHEDULE,
                "schedule: \"@daily\"\ntemplate:\n  excludedNamespaces: [\"*\"]\n", "FLT-0221", 3, 24,
                "spec.template: excludedNamespaces: \"*\" would leave nothing" },
};

static void refuses(void **state)
{
        const struct refused *row = test_row(state);
        struct err err = ERR_INIT;

        assert_int_equal(check(row->schema, row->text, &err), -EINVAL);
        assert_text(err.msg, row->msg);
        assert_string_equal(err.id, row->id);
        assert_int_equal(err.line, row->line);
        assert_int_equal(err.column, row->column);
        assert_true(err.remedy[0] != '\0');
}

static const struct dns {
        const char *name;
        bool label, subdomain, value;
} dns_names[] = {
        { "a", true, true, true },
        { "a-b", true, true, true },
        { "9a", true, true, true },
        { "a.b", false, true, true },
        { "", false, false, true },
        { "-a", false, false, false },
        { "a-", false, false, false },
        { "a..b", false, false, true },
        { ".a", false, false, false },
        { "a.", false, false, false },
        { "a.-b", false, false, true },
        { "A", false, false, true },
        { "a_b", false, false, true },
        { "a/b", false, false, false },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true, true, true },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false, false },
};

static void judges_names(void **state)
{
        const struct dns *row = test_row(state);

        assert_int_equal(velero_is_dns_label(row->name), row->label);
        assert_int_equal(velero_is_dns_subdomain(row->name, 63), row->subdomain);
        assert_int_equal(velero_is_label_value(row->name), row->value);
}

int main(void)
{
        TEST_ROWS(accepts, accepted);
        TEST_ROWS(refuses, refused);
        TEST_ROWS(judges_names, dns_names);
        return test_run("velero_spec");
}
