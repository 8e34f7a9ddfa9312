/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>

#include "base/schema.h"

struct err;

/*
 * Velero 1.18's specs as tables: every field, and every rule of the server that can be known without
 * a cluster, so that a policy fails when it is written and not when it runs. schema_check() with one
 * of these walks fields and rules; what is wrong becomes an error with its place, one sentence and a
 * remedy. The rules are exported too, because Kurator's resourceFilter has the same fields.
 *
 * Constant; any thread.
 */

extern const struct schema velero_label_selector_schema; /* matchLabels, matchExpressions */
extern const struct schema velero_backup_spec_schema;
extern const struct schema velero_restore_spec_schema;
extern const struct schema velero_schedule_spec_schema;
extern const struct schema velero_object_meta_schema; /* metadata, as a user or kubectl writes it */

/* err.id of the rules; base/yaml.h has those of form. */
#define ERR_ID_MIXED_FILTERS   "FLT-0220" /* old and new resource filters together */
#define ERR_ID_FILTER_ITEM     "FLT-0221" /* '*' beside others, in excludes, or an item in both */
#define ERR_ID_NAMESPACE       "FLT-0222" /* not a namespace name or glob */
#define ERR_ID_SELECTOR        "FLT-0223" /* labelSelector and orLabelSelectors, operators, keys */
#define ERR_ID_RESTORE_SOURCE  "FLT-0224" /* not exactly one of backupName and scheduleName */
#define ERR_ID_NOT_RESTORABLE  "FLT-0225" /* a kind that is never restored */
#define ERR_ID_CONFIGMAP_KIND  "FLT-0226" /* a reference Velero would silently ignore */

/* Whether the filter has an old-style field: includedResources, excludedResources, includeClusterResources. */
bool velero_filter_is_old(const struct yaml_node *filter);
/* Whether it has a new-style one: the four …ScopedResources. */
bool velero_filter_is_new(const struct yaml_node *filter);

/*
 * The rules for filter fields of one mapping, for schema.check. Backups have both styles of
 * resource filters, which exclude each other; a restore has no scoped ones and may not name a
 * kind that is not restorable.
 */
int velero_check_backup_filter(const struct yaml_node *filter, struct err *err);
int velero_check_restore_filter(const struct yaml_node *filter, struct err *err);
/* A label selector's keys, operators and values, for schema.check. */
int velero_check_label_selector(const struct yaml_node *selector, struct err *err);
/* One namespace of a namespaceMapping and of nothing else: a DNS-1123 label. For schema_field.check of the map. */
int velero_check_namespace_mapping(const struct yaml_node *map, struct err *err);
