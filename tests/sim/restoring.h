/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Carrying out a restore: from the objects in a backup to objects in a cluster.
 */
#include <jansson.h>

#include "tests/sim/bucket.h"
#include "tests/sim/cluster.h"

struct restoring {
        json_t *results;   /* {"warnings":R,"errors":R}; the caller's */
        json_t *resources; /* {"v1/ConfigMap":["ns/name(created)"]}; the caller's */
        int warnings, errors, total;
};

/* Creates in @c what @spec asks for of @items. @velero_ns is where the Restore @name lives. */
void restoring_run(struct restoring *out, struct cluster *c, const char *velero_ns,
        const char *name, const json_t *spec, const struct items *items);
/* Counts and records an error of the server as a whole. */
void restoring_error(int *errors, json_t *results, const char *sentence);
