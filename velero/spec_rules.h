/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

struct err;
struct yaml_node;

/*
 * The rules behind the tables of velero/spec.c, in the shape of schema.check and
 * schema_field.check: 0, or -EINVAL with place, id, sentence and remedy. Used by those tables only.
 */

/* A map of labels: keys and values the API server takes. */
int velero_check_labels(const struct yaml_node *map, struct err *err);
/* One of matchExpressions: values where the operator wants them. */
int velero_check_requirement(const struct yaml_node *requirement, struct err *err);
/* A reference to a ConfigMap: of any other kind Velero ignores it without a word. */
int velero_check_configmap(const struct yaml_node *reference, struct err *err);
/* A RestoreSpec: one source, its filters, and no kind that is never restored. */
int velero_check_restore(const struct yaml_node *spec, struct err *err);
