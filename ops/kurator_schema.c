/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/kurator_schema.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"
#include "ops/policy.h"
#include "velero/spec.h"

/* --- rules --- */

static bool given(const struct yaml_node *map, const char *key)
{
        return !yaml_is_null(yaml_get(map, key));
}

/* Two fields that say the same or contradict each other. */
static int refuse_both(const struct yaml_node *map, const char *one, const char *other,
        const char *id, struct err *err)
{
        const struct yaml_pair *a = yaml_get_pair(map, one), *b = yaml_get_pair(map, other);
        const struct yaml_pair *later;

        if (!given(map, one) || !given(map, other))
                return 0;
        later = a->key->line > b->key->line ? a : b;
        (void)yaml_refuse(later->key, err, id, "%s and %s cannot be combined", one, other);
        return err_remedy(err, "use one of them");
}

static int check_destination(const struct yaml_node *destination, struct err *err)
{
        return refuse_both(destination, "clusters", "clusterSelector", ERR_ID_CLUSTERS, err);
}

static int check_policies(const struct yaml_node *spec, struct err *err)
{
        return refuse_both(spec, "policy", "policies", ERR_ID_POLICIES, err);
}

static int check_restore_policy(const struct yaml_node *policy, struct err *err)
{
        return refuse_both(policy, "restoreStatus", "preserveStatus", ERR_ID_POLICIES, err);
}

/* Every Kurator-style restore leaves Velero's own objects out. */
static int check_restore_kinds(const struct yaml_node *list, struct err *err)
{
        static const char domain[] = ".velero.io";

        YAML_ITEMS (list, i, item)
                if (item->len > strlen(domain) &&
                        strcmp(item->text + item->len - strlen(domain), domain) == 0) {
                        (void)yaml_refuse(item, err, ERR_ID_NOT_RESTORABLE, "%s are never restored",
                                item->text);
                        return err_remedy(err, "remove it");
                }
        return velero_check_restorable(list, err);
}

static int check_restore_filter(const struct yaml_node *filter, struct err *err)
{
        static const char *const lists[] = { "includedResources", "includedClusterScopedResources",
                "includedNamespaceScopedResources" };
        int r = velero_check_filter(filter, err);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
                r = check_restore_kinds(yaml_get(filter, lists[i]), err);
        return r;
}

/* The name of a Secret and nothing else: what is written here is kept in annotations and shown. */
static int check_secret_name(const struct yaml_node *node, struct err *err)
{
        if (node->kind == YAML_SCALAR && node->type == YAML_TYPE_STRING &&
                velero_is_dns_subdomain(node->text, LIMIT_NAME_DNS1123_SUBDOMAIN))
                return 0;
        (void)yaml_refuse(node, err, ERR_ID_CREDENTIALS, "it is not the name of a Secret");
        return err_remedy(
                err, "put the credentials into a Secret of Velero's namespace and give its name");
}

static int check_storage(const struct yaml_node *storage, struct err *err)
{
        const struct yaml_pair *prefix = yaml_get_pair(storage, "prefix");
        int r = refuse_both(storage, "credentials", "secretName", ERR_ID_POLICIES, err);

        if (r < 0 || !given(storage, "prefix") || !given(yaml_get(storage, "location"), "prefix"))
                return r;
        (void)yaml_refuse(prefix->key, err, ERR_ID_POLICIES, "prefix and location.prefix cannot be combined");
        return err_remedy(err, "use one of them");
}

/* What has a field of its own, and what Velero sets by itself. */
static int check_config(const struct yaml_node *config, struct err *err)
{
        static const struct {
                const char *key, *instead;
        } taken[] = {
                { "region", "write it as location.region" },
                { "s3Url", "write it as location.s3Url" },
                { "bucket", "write it as location.bucket" },
                { "prefix", "write it as location.prefix" },
                { "caCert", "remove it: Velero sets it" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(taken); i++) {
                const struct yaml_pair *pair = yaml_get_pair(config, taken[i].key);

                if (pair == NULL)
                        continue;
                (void)yaml_refuse(pair->key, err, ERR_ID_VALUE, "\"%s\" is no setting of config", taken[i].key);
                return err_remedy(err, "%s", taken[i].instead);
        }
        return 0;
}

/* A name that no store's bucket can have would only be found by each cluster's Velero. */
static int check_bucket(const struct yaml_node *node, struct err *err)
{
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";

        if (node->len <= LIMIT_BUCKET_NAME && strspn(node->text, letters) == node->len)
                return 0;
        (void)yaml_refuse(node, err, ERR_ID_VALUE, "\"%s\" is not the name of a bucket", node->text);
        return err_remedy(err, "lower case letters, digits, '.', '-' and '_', at most %d", LIMIT_BUCKET_NAME);
}

static int check_prefix(const struct yaml_node *node, struct err *err)
{
        const char *text = node->text;
        size_t len = node->len;

        if (len <= LIMIT_STORAGE_PREFIX && (len == 0 || (text[0] != '/' && text[len - 1] != '/' && !strstr(text, "//"))))
                return 0;
        if (len > LIMIT_STORAGE_PREFIX)
                (void)yaml_refuse(node, err, ERR_ID_VALUE, "it is longer than %d", LIMIT_STORAGE_PREFIX);
        else
                (void)yaml_refuse(node, err, ERR_ID_VALUE, "\"%s\" begins or ends with a slash or has an empty part", text);
        return err_remedy(err, "write it as team/backups");
}

static int check_url(const struct yaml_node *node, struct err *err)
{
        if (node->len == 0 || strncmp(node->text, "http://", 7) == 0 || strncmp(node->text, "https://", 8) == 0)
                return 0;
        (void)yaml_refuse(node, err, ERR_ID_VALUE, "\"%s\" is not a URL", node->text);
        return err_remedy(err, "write it as https://s3.example.com:9000");
}

static int check_storage_location(const struct yaml_node *location, struct err *err)
{
        return refuse_both(location, "s3Url", "endpoint", ERR_ID_POLICIES, err);
}

/* --- pieces --- */

#define SCHEMA_CHECKED(field_table, check_fn)                                              \
        {                                                                                  \
                .fields = (field_table), .n = ARRAY_SIZE(field_table), .check = (check_fn) \
        }

/* corev1.ObjectReference; only the name is looked at. */
static const struct schema_field reference_rows[] = {
        { "kind", SCHEMA_STRING, .help = "AttachedCluster, Cluster or CustomCluster" },
        { "name", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "the cluster's name below clusters/" },
        { "namespace", SCHEMA_STRING, .help = "its namespace on the host cluster" },
        { "apiVersion", SCHEMA_STRING, .help = "cluster.kurator.dev/v1alpha1" },
        { "uid", SCHEMA_STRING, .help = "not used" },
        { "resourceVersion", SCHEMA_STRING, .help = "not used" },
        { "fieldPath", SCHEMA_STRING, .help = "not used" },
};
static const struct schema reference_schema = SCHEMA(reference_rows);

static const struct schema_field destination_rows[] = {
        { "fleet", SCHEMA_STRING, .help = "the folder's fleet; may be left out" },
        { "clusterSelector", SCHEMA_OBJECT, .sub = &velero_label_selector_schema,
                .help = "clusters by label; not with clusters" },
        { "clusters", SCHEMA_OBJECT_LIST, .sub = &reference_schema, .flags = SCHEMA_NOT_EMPTY,
                .help = "clusters by name" },
};
static const struct schema destination_schema = SCHEMA_CHECKED(destination_rows, check_destination);

static const struct schema_field filter_rows[] = {
        VELERO_FILTER_ROWS,
        VELERO_SCOPED_FILTER_ROWS,
};
static const struct schema filter_schema = SCHEMA_CHECKED(filter_rows, velero_check_filter);
static const struct schema restore_filter_schema =
        SCHEMA_CHECKED(filter_rows, check_restore_filter);

static const struct schema_field status_rows[] = {
        { "includedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,
                .help = "kinds; empty is all" },
        { "excludedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,
                .help = "kinds to leave out" },
};
static const struct schema status_schema = SCHEMA_CHECKED(status_rows, velero_check_filter);

static const struct schema_field storage_location_rows[] = {
        { "bucket", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .check = check_bucket, .help = "the bucket" },
        { "provider", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "aws for everything that speaks S3" },
        { "s3Url", SCHEMA_STRING, .check = check_url, .help = "the endpoint's URL" },
        { "endpoint", SCHEMA_STRING, .check = check_url, .help = "the same, as Kurator's Fleet spells it" },
        { "region", SCHEMA_STRING, .help = "the region" },
        { "prefix", SCHEMA_STRING, .check = check_prefix,
                .help = "folder of the bucket below which each cluster gets its own" },
        { "config", SCHEMA_STRING_MAP, .check = check_config,
                .help = "further settings of the provider's plugin" },
};
static const struct schema storage_location_schema =
        SCHEMA_CHECKED(storage_location_rows, check_storage_location);
static const struct schema_field storage_rows[] = {
        { "location", SCHEMA_OBJECT, .sub = &storage_location_schema, .flags = SCHEMA_REQUIRED,
                .help = "where backups are kept" },
        { "prefix", SCHEMA_STRING, .check = check_prefix,
                .help = "the location's prefix, as the Fleet spells it" },
        { "credentials", SCHEMA_ANY, .check = check_secret_name, .help = "name of the Secret" },
        { "secretName", SCHEMA_ANY, .check = check_secret_name,
                .help = "the same, as Kurator's Fleet spells it" },
};
static const struct schema storage_schema = SCHEMA_CHECKED(storage_rows, check_storage);

/* clang-format off */
#define TTL_ROW                                                                                    \
        { "ttl", SCHEMA_DURATION, .check = velero_check_not_negative,                              \
                .help = "how long backups are kept; 720h unless set" }
#define ORDERED_ROW                                                                                \
        { "orderedResources", SCHEMA_STRING_MAP, .help = "kind: \"ns/a, ns/b\", taken first" }
#define TIMEOUT_ROW                                                                                \
        { "itemOperationTimeout", SCHEMA_DURATION, .check = velero_check_not_negative,             \
                .help = "for asynchronous volume operations; Velero's unless set" }
#define MAPPING_ROW                                                                                \
        { "namespaceMapping", SCHEMA_STRING_MAP, .check = velero_check_namespace_mapping,          \
                .help = "from: to" }
#define NODE_PORTS_ROW                                                                             \
        { "preserveNodePorts", SCHEMA_BOOL, .help = "keep the node ports of services" }
#define STATUS_ROW(name)                                                                           \
        { name, SCHEMA_OBJECT, .sub = &status_schema, .help = "kinds whose status is kept" }
#define FILTER_ROW(sub_schema)                                                                     \
        { "resourceFilter", SCHEMA_OBJECT, .sub = (sub_schema), .help = "which objects" }
/* clang-format on */

/* --- backup --- */

static const struct schema_field backup_policy_rows[] = {
        FILTER_ROW(&filter_schema),
        TTL_ROW,
        ORDERED_ROW,
        TIMEOUT_ROW,
};
static const struct schema backup_policy_schema = SCHEMA(backup_policy_rows);
static const struct schema_field backup_policies_rows[] = {
        { "name", SCHEMA_STRING, .help = "restores refer to it" },
        { "destination", SCHEMA_OBJECT, .sub = &destination_schema,
                .help = "instead of the backup's" },
        { "policy", SCHEMA_OBJECT, .sub = &backup_policy_schema, .help = "what and how" },
};
static const struct schema backup_policies_schema = SCHEMA(backup_policies_rows);
static const struct schema_field backup_spec_rows[] = {
        { "storage", SCHEMA_OBJECT, .sub = &storage_schema, .help = "instead of the fleet's" },
        { "schedule", SCHEMA_STRING, .help = "cron expression, UTC; once unless set" },
        { "destination", SCHEMA_OBJECT, .sub = &destination_schema,
                .help = "which clusters; all unless set" },
        { "policy", SCHEMA_OBJECT, .sub = &backup_policy_schema, .help = "what and how" },
        { "policies", SCHEMA_OBJECT_LIST, .sub = &backup_policies_schema, .flags = SCHEMA_NOT_EMPTY,
                .help = "several parts; not with policy" },
};
static const struct schema backup_spec_schema = SCHEMA_CHECKED(backup_spec_rows, check_policies);

/* --- restore --- */

static const struct schema_field restore_policy_rows[] = {
        FILTER_ROW(&restore_filter_schema),
        MAPPING_ROW,
        STATUS_ROW("restoreStatus"),
        STATUS_ROW("preserveStatus"),
        NODE_PORTS_ROW,
        TIMEOUT_ROW,
};
static const struct schema restore_policy_schema =
        SCHEMA_CHECKED(restore_policy_rows, check_restore_policy);
static const struct schema_field restore_policies_rows[] = {
        { "name", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "the part of the backup" },
        { "policy", SCHEMA_OBJECT, .sub = &restore_policy_schema, .help = "what and how" },
};
static const struct schema restore_policies_schema = SCHEMA(restore_policies_rows);
static const struct schema_field restore_spec_rows[] = {
        { "backupName", SCHEMA_STRING, .flags = SCHEMA_NOT_EMPTY,
                .help = "a policy, policy@run, policy@latest or a Velero backup" },
        { "destination", SCHEMA_OBJECT, .sub = &destination_schema,
                .help = "which of the backup's clusters; all unless set" },
        { "policy", SCHEMA_OBJECT, .sub = &restore_policy_schema, .help = "what and how" },
        { "policies", SCHEMA_OBJECT_LIST, .sub = &restore_policies_schema,
                .flags = SCHEMA_NOT_EMPTY, .help = "by part of the backup; not with policy" },
        { "allowPartiallyFailed", SCHEMA_BOOL, .help = "take a PartiallyFailed backup too" },
};
static const struct schema restore_spec_schema = SCHEMA_CHECKED(restore_spec_rows, check_policies);

/* --- migrate --- */

static const struct schema_field migrate_policy_rows[] = {
        FILTER_ROW(&filter_schema),
        ORDERED_ROW,
        MAPPING_ROW,
        STATUS_ROW("migrateStatus"),
        NODE_PORTS_ROW,
        TIMEOUT_ROW,
};
static const struct schema migrate_policy_schema = SCHEMA(migrate_policy_rows);
static const struct schema_field migrate_spec_rows[] = {
        { "storage", SCHEMA_OBJECT, .sub = &storage_schema, .help = "instead of the fleet's" },
        { "sourceCluster", SCHEMA_OBJECT, .sub = &destination_schema,
                .help = "the one to migrate from" },
        { "targetCluster", SCHEMA_OBJECT, .sub = &destination_schema,
                .help = "those to migrate to" },
        { "policy", SCHEMA_OBJECT, .sub = &migrate_policy_schema, .help = "what and how" },
        { "copyCredentials", SCHEMA_BOOL,
                .help = "copy the source's storage Secret to the targets" },
};
static const struct schema migrate_spec_schema = SCHEMA(migrate_spec_rows);

/* --- documents --- */

#define DOCUMENT(name, spec_schema)                                                       \
        static const struct schema_field name##_rows[] = {                                \
                { "apiVersion", SCHEMA_STRING, .flags = SCHEMA_REQUIRED,                  \
                        .help = "group/version" },                                        \
                { "kind", SCHEMA_STRING, .flags = SCHEMA_REQUIRED, .help = "the kind" },  \
                { "metadata", SCHEMA_OBJECT, .sub = &velero_object_meta_schema,           \
                        .help = "labels and annotations; the file's name is the name" },  \
                { "spec", SCHEMA_OBJECT, .sub = &(spec_schema), .flags = SCHEMA_REQUIRED, \
                        .help = "what to do" },                                           \
                { "status", SCHEMA_ANY, .help = "not read" },                             \
        };                                                                                \
        static const struct schema name = SCHEMA(name##_rows)

DOCUMENT(kurator_backup_document, backup_spec_schema);
DOCUMENT(kurator_restore_document, restore_spec_schema);
DOCUMENT(kurator_migrate_document, migrate_spec_schema);
DOCUMENT(velero_backup_document, velero_backup_spec_schema);
DOCUMENT(velero_schedule_document, velero_schedule_spec_schema);
DOCUMENT(velero_restore_document, velero_restore_spec_schema);

#define KURATOR "backup.kurator.dev/v1alpha1"
#define VELERO  "velero.io/v1"

/* Kurator's come first and in the order of the folders: a bare spec has their shape. */
static const struct policy_document_type document_types[] = {
        { KURATOR, "Backup", POLICY_BACKUP, false, &kurator_backup_document, &backup_spec_schema },
        { KURATOR, "Restore", POLICY_RESTORE, false, &kurator_restore_document,
                &restore_spec_schema },
        { KURATOR, "Migrate", POLICY_MIGRATION, false, &kurator_migrate_document,
                &migrate_spec_schema },
        { VELERO, "Backup", POLICY_BACKUP, true, &velero_backup_document,
                &velero_backup_spec_schema },
        { VELERO, "Schedule", POLICY_BACKUP, true, &velero_schedule_document,
                &velero_schedule_spec_schema },
        { VELERO, "Restore", POLICY_RESTORE, true, &velero_restore_document,
                &velero_restore_spec_schema },
};

const struct policy_document_type *policy_document_types(size_t *n)
{
        *n = ARRAY_SIZE(document_types);
        return document_types;
}
