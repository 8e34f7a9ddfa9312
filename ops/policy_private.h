/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <jansson.h>

#include "base/yaml.h"
#include "ops/policy.h"

struct policy_document_type;

/*
 * What the files of a policy share: policy.c begins and ends, policy_document.c finds the spelling,
 * policy_destination.c the clusters, policy_schedule.c the schedule, policy_read.c all the rest; policy_spec.c makes Velero's
 * specs, policy_view.c compares and shows. Nobody else includes this.
 */

/* One document being read. */
struct policy_reading {
        struct policy *policy;
        const char *bytes; /* the document */
        size_t len;
        const struct policy_env *env;
        const struct policy_document_type *type;
        const struct yaml_node *root;
        const struct yaml_node *spec;
        const char *prefix;    /* of paths in messages: "spec." or "" */
        const char **clusters; /* the fleet's, NULL-terminated */
        struct err *err;
};

extern const char *const policy_folders[]; /* by enum policy_kind: "backups", … */

/* Returns -ENOMEM, with a sentence. */
int policy_oom(struct err *err);
/* A copy that lives as long as the policy, or NULL. */
const char *policy_keep(struct policy *policy, const char *text);
/* An error at a node, its field named as the user knows it. Returns -EINVAL; follow with
 * err_remedy(). */
int policy_refuse(struct policy_reading *in, const struct yaml_node *node, const char *id,
        const char *path, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* A caveat that is no error: "FLT-nnnn sentence". 0 or -ENOMEM. */
int policy_warn(struct policy_reading *in, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

/* Sets in->type, and in->spec for a bare spec, from apiVersion and kind. */
int policy_find_type(struct policy_reading *in, enum policy_kind kind);
/* Refuses a Velero object that its server has changed. */
int policy_check_observed(struct policy_reading *in);
/* Reads a destination that passed its schema; `path` is what it is called, behind in->prefix. */
int policy_read_destination(struct policy_reading *in, const struct yaml_node *node,
        const char *path, struct policy_destination *ret);
/* How many clusters a destination takes now, and the last of them. */
size_t policy_count_selected(struct policy_reading *in,
        const struct policy_destination *destination, const char **ret_last);
/* Refuses a cron expression that Velero would, at its fault's place in the document; warns of one
 * that runs more often than once an hour. 0, -EINVAL or -ENOMEM. */
int policy_check_schedule(struct policy_reading *in, const struct yaml_node *node);
/* Reads in->spec, which passed its schema. */
int policy_read_document(struct policy_reading *in);
/* n parts that are all of the policy so far. */
int policy_alloc_subs(struct policy_reading *in, size_t n);
/* "name", "name@latest" or "name@<run>". False when it is none of these, or there is no memory. */
bool policy_split_reference(
        struct policy *policy, const char *text, size_t max, struct policy_reference *ret);

/* A field that says something: neither absent, null, nor an empty list or map. Borrowed, or NULL.
 */
const json_t *policy_field(const json_t *object, const char *key);
/* Whether a list is absent, empty or ["*"]: all there is. */
bool policy_list_is_all(const json_t *list);
/* Sets a field; `value` is consumed, and may be NULL for want of memory. 0 or -ENOMEM. */
int policy_set_field(json_t *to, const char *key, json_t *value);
/* Copies a field that says something. 0 or -ENOMEM. */
int policy_copy_field(json_t *to, const json_t *from, const char *key);

/* Why a restore's scoped filter cannot be said in Velero's RestoreSpec. Static texts. */
struct policy_filter_fault {
        const char *key; /* the field to blame */
        const char *why;
};

/*
 * Writes the kinds of a Kurator resourceFilter into a RestoreSpec. *ret_decided: the filter says
 * what becomes of cluster-scoped objects. 0, -ENOMEM, or -EINVAL with *fault.
 */
int policy_restore_kinds(
        const json_t *filter, json_t *spec, bool *ret_decided, struct policy_filter_fault *fault);
