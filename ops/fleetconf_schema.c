/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/fleetconf_schema.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "ops/fleetconf_private.h"

/* --- checks that a row cannot say --- */

static int check_name(const struct yaml_node *node, struct err *err)
{
        int r;

        if (fleetconf_name_ok(node->text))
                return 0;
        r = err_set(err, -EINVAL, "\"%s\" cannot be the name of a folder of the mount", node->text);
        (void)err_remedy(err,
                "use at most 63 of a-z, 0-9, \"-\" and \".\", beginning and ending with a letter or digit");
        return r;
}

static int check_cluster_kind(const struct yaml_node *node, struct err *err)
{
        int r;

        if (strcmp(node->text, "AttachedCluster") == 0)
                return 0;
        r = err_set(err, -EINVAL, "\"%s\" is no kind of cluster a fleet file can have", node->text);
        (void)err_remedy(err, "write an AttachedCluster with path and context of a kubeconfig here");
        return r;
}

static int check_prefix(const struct yaml_node *node, struct err *err)
{
        const char *text = node->text;
        size_t len = strlen(text);
        int r;

        if (len == 0 || (text[0] != '/' && text[len - 1] != '/' && !strstr(text, "//")))
                return 0;
        r = err_set(err, -EINVAL, "\"%s\" begins or ends with a slash or has an empty part", text);
        (void)err_remedy(err, "write it as team/backups");
        return r;
}

/* The annotations that are ours are as strict as fields. */
static int check_annotations(const struct yaml_node *node, struct err *err)
{
        YAML_PAIRS(node, i, pair)
        {
                int r;

                if (strncmp(pair->key->text, "fleetfs.dev/", strlen("fleetfs.dev/")) != 0)
                        continue;
                if (strcmp(pair->key->text, VELERO_NAMESPACE_ANNOTATION) != 0) {
                        r = yaml_refuse(pair->key, err, ERR_ID_UNKNOWN_FIELD,
                                "there is no annotation %s", pair->key->text);
                        (void)err_remedy(err, "did you mean " VELERO_NAMESPACE_ANNOTATION "?");
                        return r;
                }
                r = check_name(pair->value, err);
                if (r < 0) {
                        (void)err_place(err, pair->value->line, pair->value->column);
                        return err_wrap(err, r, "%s", pair->key->text);
                }
        }
        return 0;
}

static int check_endpoint_once(const struct yaml_node *node, struct err *err)
{
        int r;

        if (yaml_is_null(yaml_get(node, "endpoint")) || yaml_is_null(yaml_get(node, "s3Url")))
                return 0;
        r = yaml_refuse(yaml_get(node, "s3Url"), err, ERR_ID_VALUE,
                "endpoint and s3Url are two spellings of the same field");
        (void)err_remedy(err, "remove s3Url");
        return r;
}

/* Kurator's secret, or a local file and context. */
static int check_kubeconfig(const struct yaml_node *node, struct err *err)
{
        bool remote = !yaml_is_null(yaml_get(node, "name"));
        bool local =
                !yaml_is_null(yaml_get(node, "path")) || !yaml_is_null(yaml_get(node, "context"));
        int r;

        if (remote != local && (remote || yaml_is_null(yaml_get(node, "key"))))
                return 0;
        if (local)
                r = yaml_refuse(node, err, ERR_ID_VALUE,
                        "it names both a Secret (name, key) and a kubeconfig here (path, context)");
        else
                r = yaml_refuse(node, err, ERR_ID_MISSING_FIELD, "it names no kubeconfig");
        (void)err_remedy(err, "write path, context or both");
        return r;
}

/* A row by its name and kind, then what else it says as `.member = value`. */
#define ROW(field, type, ...)                                         \
        {                                                             \
                .name = (field), .kind = SCHEMA_##type, ##__VA_ARGS__ \
        }

/* --- metadata --- */

static const struct schema_field metadata_fields[] = {
        ROW("name", STRING, .flags = SCHEMA_REQUIRED, .check = check_name),
        ROW("namespace", STRING),
        ROW("labels", STRING_MAP),
        ROW("annotations", STRING_MAP, .check = check_annotations),
        ROW("uid", ANY),
        ROW("resourceVersion", ANY),
        ROW("generation", ANY),
        ROW("creationTimestamp", ANY),
        ROW("finalizers", ANY),
        ROW("ownerReferences", ANY),
        ROW("managedFields", ANY),
};
static const struct schema metadata = SCHEMA(metadata_fields);

/* --- Fleet --- */

static const struct schema_field location_fields[] = {
        ROW("bucket", STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "the bucket that the clusters' Velero is set up with; fleetfs does not do that"),
        ROW("provider", STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "aws, gcp, azure, …"),
        ROW("endpoint", STRING, .help = "URL of an S3-compatible store"),
        ROW("s3Url", STRING, .help = "older spelling of endpoint"),
        ROW("region", STRING, .help = "not used here"),
        ROW("config", STRING_MAP, .help = "further settings of the provider's plugin; not used here"),
};
static const struct schema location_schema = {
        .fields = location_fields, .n = ARRAY_SIZE(location_fields), .check = check_endpoint_once
};

static const struct schema_field storage_fields[] = {
        ROW("location", OBJECT, .sub = &location_schema, .flags = SCHEMA_REQUIRED),
        ROW("secretName", STRING, .help = "the Secret with the store's credentials; not used here"),
        ROW("prefix", STRING, .check = check_prefix,
                .help = "folder of the bucket below which each cluster has its own"),
};
static const struct schema storage_schema = SCHEMA(storage_fields);

static const struct schema_field chart_fields[] = {
        ROW("repository", STRING),
        ROW("name", STRING),
        ROW("version", STRING),
};
static const struct schema chart_schema = SCHEMA(chart_fields);

static const struct schema_field backup_fields[] = {
        ROW("chart", OBJECT, .sub = &chart_schema, .help = "Velero's chart; not used here"),
        ROW("storage", OBJECT, .sub = &storage_schema, .flags = SCHEMA_REQUIRED),
        ROW("extraArgs", ANY_MAP, .help = "values of Velero's chart; not used here"),
};
static const struct schema backup_schema = SCHEMA(backup_fields);

/* The other plugins are Kurator's business: any content, no effect here. */
static const struct schema_field plugin_fields[] = {
        ROW("backup", OBJECT, .sub = &backup_schema,
                .help = "what Kurator installs Velero with; fleetfs does not install it"),
        ROW("metric", ANY),
        ROW("grafana", ANY),
        ROW("policy", ANY),
        ROW("distributedStorage", ANY),
        ROW("flagger", ANY),
        ROW("submariner", ANY),
};
static const struct schema plugin_schema = SCHEMA(plugin_fields);

static const struct schema_field reference_fields[] = {
        ROW("apiVersion", STRING),
        ROW("kind", STRING, .check = check_cluster_kind),
        ROW("name", STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY),
        ROW("namespace", STRING),
        ROW("uid", STRING),
        ROW("resourceVersion", STRING),
        ROW("fieldPath", STRING),
};
static const struct schema reference_schema = SCHEMA(reference_fields);

static const struct schema_field fleet_spec_fields[] = {
        ROW("clusters", OBJECT_LIST, .sub = &reference_schema,
                .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY),
        ROW("plugin", OBJECT, .sub = &plugin_schema),
};
static const struct schema fleet_spec = SCHEMA(fleet_spec_fields);

static const struct schema_field fleet_fields[] = {
        ROW("apiVersion", STRING, .flags = SCHEMA_REQUIRED),
        ROW("kind", STRING, .flags = SCHEMA_REQUIRED),
        ROW("metadata", OBJECT, .sub = &metadata, .flags = SCHEMA_REQUIRED),
        ROW("spec", OBJECT, .sub = &fleet_spec, .flags = SCHEMA_REQUIRED),
        ROW("status", ANY),
};
const struct schema fleet_schema = SCHEMA(fleet_fields);

/* --- AttachedCluster --- */

static const struct schema_field kubeconfig_fields[] = {
        ROW("path", STRING, .flags = SCHEMA_NOT_EMPTY,
                .help = "a kubeconfig here, from the fleet file's folder"),
        ROW("context", STRING, .flags = SCHEMA_NOT_EMPTY, .help = "one of its contexts"),
        ROW("name", STRING, .flags = SCHEMA_NOT_EMPTY, .help = "a Secret of the host cluster"),
        ROW("key", STRING, .help = "the key in that Secret"),
};
static const struct schema kubeconfig_schema = {
        .fields = kubeconfig_fields, .n = ARRAY_SIZE(kubeconfig_fields), .check = check_kubeconfig
};

static const struct schema_field cluster_spec_fields[] = {
        ROW("kubeconfig", OBJECT, .sub = &kubeconfig_schema, .flags = SCHEMA_REQUIRED),
};
static const struct schema cluster_spec = SCHEMA(cluster_spec_fields);

static const struct schema_field cluster_fields[] = {
        ROW("apiVersion", STRING, .flags = SCHEMA_REQUIRED),
        ROW("kind", STRING, .flags = SCHEMA_REQUIRED),
        ROW("metadata", OBJECT, .sub = &metadata, .flags = SCHEMA_REQUIRED),
        ROW("spec", OBJECT, .sub = &cluster_spec, .flags = SCHEMA_REQUIRED),
        ROW("status", ANY),
};
const struct schema attached_cluster_schema = SCHEMA(cluster_fields);
