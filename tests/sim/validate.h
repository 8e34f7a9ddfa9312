/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Judging objects by a schema, as the API server does with custom resources.
 *
 * A schema is a text:
 *
 *   s i b t x      string, integer, boolean, RFC 3339 time, anything
 *   s(A|B)         one of these strings
 *   [T]  [T]+      list of T, with at least one
 *   <T>            map of strings to T
 *   {name:T,…}     object; name!: is required, name^17: came with Velero 1.17, name:?T may be null
 */
#include <jansson.h>

struct verdict {
        json_t *unknown; /* paths of fields that the schema does not have: "spec.zork" */
        json_t *causes;  /* {"reason","message","field"} of what is wrong */
};

/* Judges @obj (without apiVersion, kind and metadata) for a Velero of that minor version. */
void schema_judge(struct verdict *v, const char *schema, const json_t *obj, int minor);
void verdict_done(struct verdict *v);
/* Removes the fields at those paths. */
void schema_prune(json_t *obj, const json_t *unknown);
