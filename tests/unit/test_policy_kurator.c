/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/schema.h"
#include "ops/kurator_schema.h"
#include "ops/policy.h"

/* Kurator's documents: every field is accepted, and served back as it was written. */

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const char *const clusters[] = { "eu-1", "us-1" };
static const struct policy_env env = {
        .fleet = "prod", .clusters = clusters, .n_clusters = 2,
};

#define REFERENCE(name)                                                                            \
        "{\"kind\":\"AttachedCluster\",\"name\":\"" name "\",\"namespace\":\"default\","           \
        "\"apiVersion\":\"cluster.kurator.dev/v1alpha1\",\"uid\":\"u\",\"resourceVersion\":\"1\",\"fieldPath\":\"f\"}"
#define SELECTOR                                                                                   \
        "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"In\",\"values\":[\"d\"]}]}"
#define BY_NAME  "{\"fleet\":\"prod\",\"clusters\":[" REFERENCE("eu-1") "]}"
#define BY_LABEL "{\"fleet\":\"prod\",\"clusterSelector\":" SELECTOR "}"
#define STORAGE(url, secret)                                                                       \
        "{\"location\":{\"bucket\":\"b\",\"provider\":\"aws\",\"region\":\"r\",\"config\":{\"profile\":\"x\"},\"" url \
        "\":\"http://s3\"},\"prefix\":\"p\",\"" secret "\":\"s\"}"
#define NAMESPACES "\"includedNamespaces\":[\"a\"],\"excludedNamespaces\":[\"b\"]"
#define OLD_FILTER                                                                                 \
        "{" NAMESPACES ",\"includedResources\":[\"pods\"],\"excludedResources\":[\"jobs\"],"       \
        "\"includeClusterResources\":false,\"labelSelector\":" SELECTOR "}"
#define NEW_FILTER                                                                                 \
        "{" NAMESPACES ",\"includedClusterScopedResources\":[\"nodes\"],"                          \
        "\"excludedClusterScopedResources\":[\"storageclasses\"],\"includedNamespaceScopedResources\":[\"pods\"]," \
        "\"excludedNamespaceScopedResources\":[\"jobs\"],\"orLabelSelectors\":[" SELECTOR "]}"
#define STATUS_OF "{\"includedResources\":[\"pods\"],\"excludedResources\":[\"jobs\"]}"
#define RESTORE_RULES "\"namespaceMapping\":{\"a\":\"z\"},\"preserveNodePorts\":true,\"itemOperationTimeout\":\"2h\""
#define BACKUP_RULES  "\"ttl\":\"48h\",\"orderedResources\":{\"pods\":\"a/b, a/c\"},\"itemOperationTimeout\":\"2h\""

static const struct row {
        const char *name;
        enum policy_kind kind;
        const char *spec;
} rows[] = {
        { "a backup", POLICY_BACKUP,
                "{\"storage\":" STORAGE("s3Url", "credentials") ",\"schedule\":\"0 2 * * *\",\"destination\":" BY_NAME
                ",\"policy\":{\"resourceFilter\":" OLD_FILTER "," BACKUP_RULES "}}" },
        { "a backup of several parts", POLICY_BACKUP,
                "{\"storage\":" STORAGE("endpoint", "secretName") ",\"destination\":" BY_LABEL
                ",\"policies\":[{\"name\":\"x\",\"destination\":" BY_NAME ",\"policy\":{\"resourceFilter\":" NEW_FILTER
                "," BACKUP_RULES "}},{\"policy\":{\"ttl\":\"1h\"}}]}" },
        { "a restore", POLICY_RESTORE,
                "{\"backupName\":\"nightly\",\"destination\":" BY_NAME ",\"allowPartiallyFailed\":true,"
                "\"policy\":{\"resourceFilter\":" OLD_FILTER ",\"restoreStatus\":" STATUS_OF "," RESTORE_RULES "}}" },
        { "a restore of several parts", POLICY_RESTORE,
                "{\"backupName\":\"nightly\",\"policies\":[{\"name\":\"x\",\"policy\":{\"preserveStatus\":" STATUS_OF
                "," RESTORE_RULES "}},{\"name\":\"y\"}]}" },
        { "a migration", POLICY_MIGRATION,
                "{\"storage\":" STORAGE("s3Url", "credentials") ",\"sourceCluster\":" BY_NAME
                ",\"targetCluster\":{\"clusters\":[" REFERENCE("us-1") "]},\"copyCredentials\":true,"
                "\"policy\":{\"resourceFilter\":" NEW_FILTER ",\"orderedResources\":{\"pods\":\"a/b\"},\"migrateStatus\":"
                STATUS_OF "," RESTORE_RULES "}}" },
};

static const char *const kinds[] = { "Backup", "Restore", "Migrate" };

static struct policy *parse(enum policy_kind kind, const char *text)
{
        struct err err = ERR_INIT;
        struct policy *p = NULL;

        assert_ok(policy_parse(kind, "p", text, strlen(text), &env, &p, &err), &err);
        return p;
}

/* Out of a document, in again: spec and labels are what they were, and it means the same. */
static void serves_back(void **state)
{
        const struct row *row = test_row(state);
        char text[4096];
        struct policy *p, *again;
        json_t *written, *served = NULL;
        char *bytes;

        snprintf(text, sizeof(text),
                "{\"apiVersion\":\"backup.kurator.dev/v1alpha1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"p\","
                "\"labels\":{\"team\":\"shop\"},\"annotations\":{\"a\":\"b\"}},\"spec\":%s,"
                "\"status\":{\"phase\":\"Completed\",\"conditions\":[]}}",
                kinds[row->kind], row->spec);
        p = parse(row->kind, text);
        assert_int_equal(policy_kurator_json(p, &served), 0);
        written = json_loads(text, 0, NULL);
        assert_non_null(written);
        assert_true(json_equal(json_object_get(written, "spec"), json_object_get(served, "spec")));
        assert_true(json_equal(json_object_get(written, "metadata"), json_object_get(served, "metadata")));
        assert_true(json_equal(json_object_get(written, "kind"), json_object_get(served, "kind")));
        assert_true(json_equal(json_object_get(written, "apiVersion"), json_object_get(served, "apiVersion")));
        bytes = json_dumps(served, JSON_INDENT(2));
        assert_non_null(bytes);
        again = parse(row->kind, bytes);
        assert_true(policy_same_meaning(p, again));
        policy_free(p);
        policy_free(again);
        json_decref(written);
        json_decref(served);
        free(bytes);
}

/* Whether some document has a field of that name; several kinds share their tables. */
static void must_be_written(const struct schema *schema, enum policy_kind kind, unsigned depth)
{
        for (size_t i = 0; i < schema->n; i++) {
                char quoted[64];
                bool found = false;

                snprintf(quoted, sizeof(quoted), "\"%s\":", schema->fields[i].name);
                for (size_t k = 0; k < ARRAY_SIZE(rows); k++)
                        found = found || strstr(rows[k].spec, quoted);
                if (!found)
                        fail_msg("%s: %s is written by no test", kinds[kind], schema->fields[i].name);
                if (schema->fields[i].sub && depth < 8)
                        must_be_written(schema->fields[i].sub, kind, depth + 1);
        }
}

static void writes_every_field(void **state)
{
        size_t n;
        const struct policy_document_type *types = policy_document_types(&n);

        (void)state;
        for (size_t i = 0; i < n; i++)
                if (!types[i].velero)
                        must_be_written(types[i].spec, (enum policy_kind)types[i].folder, 0);
}

int main(void)
{
        TEST_ROWS(serves_back, rows);
        TEST(writes_every_field);
        return test_run("policy_kurator");
}
