/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/schema.h"

struct err;

/*
 * Velero 1.18's specs as tables: every field, and every rule of the server that can be known
 * without a cluster, so that a policy fails when it is written and not when it runs. schema_check()
 * with one of these walks fields and rules; what is wrong becomes an error with its place, one
 * sentence and a remedy. The filters' rows and rules are exported too, because Kurator's have the
 * same fields.
 *
 * Constant; any thread.
 */

extern const struct schema velero_backup_spec_schema;
extern const struct schema velero_restore_spec_schema;
extern const struct schema velero_schedule_spec_schema;
extern const struct schema velero_object_meta_schema; /* metadata, also as kubectl prints it */
extern const struct schema velero_label_selector_schema;

/* err.id of the rules; base/yaml.h has those of form. */
#define ERR_ID_MIXED_FILTERS  "FLT-0220" /* old and new resource filters together */
#define ERR_ID_FILTER_ITEM    "FLT-0221" /* "", '*' beside others, in excludes, or an item in both */
#define ERR_ID_NAMESPACE      "FLT-0222" /* not a namespace name or glob */
#define ERR_ID_SELECTOR       "FLT-0223" /* labelSelector and orLabelSelectors, operators, keys */
#define ERR_ID_RESTORE_SOURCE "FLT-0224" /* not exactly one of backupName and scheduleName */
#define ERR_ID_NOT_RESTORABLE "FLT-0225" /* a kind that is never restored */
#define ERR_ID_CONFIGMAP_KIND "FLT-0226" /* a reference Velero would silently ignore */
#define ERR_ID_MAPPING        "FLT-0227" /* a namespaceMapping to a bad name, or of what is left out */

/* The rows that Velero's backups and restores and Kurator's filters share. */
/* clang-format off */
#define VELERO_FILTER_ROWS                                                                         \
        { "includedNamespaces", SCHEMA_STRING_LIST, .check = velero_check_namespaces,              \
                .help = "namespaces to take objects from; empty is all" },                         \
        { "excludedNamespaces", SCHEMA_STRING_LIST, .check = velero_check_namespaces,              \
                .help = "namespaces to leave out" },                                               \
        { "includedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,                    \
                .help = "kinds to take, as deployments.apps; empty is all" },                      \
        { "excludedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,                    \
                .help = "kinds to leave out" },                                                    \
        { "includeClusterResources", SCHEMA_BOOL,                                                  \
                .help = "whether cluster-scoped objects are taken; unset is those related" },      \
        { "labelSelector", SCHEMA_OBJECT, .sub = &velero_label_selector_schema,                    \
                .help = "objects with these labels only" },                                        \
        { "orLabelSelectors", SCHEMA_OBJECT_LIST, .sub = &velero_label_selector_schema,            \
                .help = "objects that one of these selects; not with labelSelector" }
/* The newer ones, which restores do not have. */
#define VELERO_SCOPED_FILTER_ROWS                                                                  \
        { "includedClusterScopedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,       \
                .help = "cluster-scoped kinds to take; empty is those related" },                  \
        { "excludedClusterScopedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,       \
                .help = "cluster-scoped kinds to leave out" },                                     \
        { "includedNamespaceScopedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,     \
                .help = "namespaced kinds to take; empty is all" },                                \
        { "excludedNamespaceScopedResources", SCHEMA_STRING_LIST, .check = velero_check_kinds,     \
                .help = "namespaced kinds to leave out" }
/* clang-format on */

/* For schema_field.check of a list: each item is a namespace name or a glob Velero takes. */
int velero_check_namespaces(const struct yaml_node *list, struct err *err);
/* For schema_field.check of a list of kinds: none is "". */
int velero_check_kinds(const struct yaml_node *list, struct err *err);
/* For schema_field.check of a namespaceMapping: from and to namespace names. */
int velero_check_namespace_mapping(const struct yaml_node *map, struct err *err);
/* For schema_field.check of a duration: not below zero. */
int velero_check_not_negative(const struct yaml_node *duration, struct err *err);
/* For schema.check of a mapping with the rows above: what may stand together. */
int velero_check_filter(const struct yaml_node *filter, struct err *err);

/* For schema_field.check of a restore's list of kinds: none that is never restored. */
int velero_check_restorable(const struct yaml_node *list, struct err *err);

/* Whether text is a DNS-1123 label (at most 63), or subdomain (at most max characters). */
bool velero_is_dns_label(const char *text);
bool velero_is_dns_subdomain(const char *text, size_t max);
/* Whether text can be the value of a label. */
bool velero_is_label_value(const char *text);
