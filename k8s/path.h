/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * path: where a Kubernetes object lives in the API, as URL paths and queries.  Pure functions, any
 * thread.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/* A kind's place in the API. Kept as static tables by those who know the kinds. */
struct kube_resource {
        const char *group;   /* "" for the core group */
        const char *version; /* "v1" */
        const char *plural;  /* "backups" */
        const char *kind;    /* "Backup" */
        bool cluster_scoped;
};

/*
 * Appends /apis/GROUP/VERSION[/namespaces/NS]/PLURAL[/NAME[/SUB]] (or /api/v1/…).  `ns` NULL: of
 * all namespaces; `name` NULL: the collection; `sub` NULL: the object itself.  Names are escaped.
 * -EINVAL: a name that is "" or ".",
 * "..", or contains "/" or "%"; a name in a collection of all namespaces; -ENOMEM.
 */
int kube_path(struct buf *out, const struct kube_resource *res, const char *ns, const char *name,
        const char *sub, struct err *err);

/* Appends "key=value", escaped, with "&" before it unless `query` is empty. -ENOMEM. */
int kube_query_add(struct buf *query, const char *key, const char *value);
