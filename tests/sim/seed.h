/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What a cluster holds at first: the namespaces of Kubernetes, Velero as `velero install` leaves
 * it with an Available location of its own prefix, and a workload in the namespace `shop`.
 */
#include "tests/sim/cluster.h"

struct seeds;

struct seeds *seeds_new(void);
void seeds_free(struct seeds *s);
/* Fills an empty cluster. The first one is built object by object, the others are copies. */
void seed_cluster(struct seeds *s, struct cluster *c);
/*
 * Makes @n Completed backups, the newest now, the others an hour apart, that share their contents.
 * They are named @prefix-N from the first free number. @silent leaves the watches out: for clusters
 * that nobody watches yet.
 */
void seed_backups(struct seeds *s, struct cluster *c, const char *prefix, unsigned n, bool silent);
