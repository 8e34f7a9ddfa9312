/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The Velero server of one cluster, as its API shows it: phases, their order and their times.
 *
 * It runs while the cluster has the CRDs and a Deployment `velero`, in that Deployment's namespace.
 * It learns of changes through velero_changed(), which only takes notes; the work is done from
 * timers. All times are the real server's, divided by --speed.
 */
#include <jansson.h>

#include "tests/sim/cluster.h"

struct velero;

struct velero *velero_new(struct cluster *c);
void velero_free(struct velero *v);
void velero_changed(struct velero *v, const struct restype *type, const struct doc *prev,
        const struct doc *next);
/* Something that no event tells changed (a fault, the clock): looks at everything again. */
void velero_recheck(struct velero *v);
/* Carries out `velero ARGS…`, `hold …`, `release`. Returns 0, or -1 with a sentence. */
int velero_command(struct velero *v, char **args, size_t n, struct str *why);
/* The server's process dies and starts again: what was in progress fails. */
void velero_restart(struct velero *v);
/* The minor version of Velero whose fields the cluster knows: 18. */
int velero_minor(const struct velero *v);
json_t *velero_describe(const struct velero *v);
