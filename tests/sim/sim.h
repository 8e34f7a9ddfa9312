/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The simulator as a whole: options, clusters, the object storage they share.
 */
#include "tests/sim/bucket.h"
#include "tests/sim/cluster.h"
#include "tests/sim/conn.h"
#include "tests/sim/pki.h"
#include "tests/sim/seed.h"

/* Above this many clusters they share one port. */
#define SIM_MAX_PORTS    64
#define SIM_MAX_CLUSTERS 10000

struct sim_options {
        const char *dir;
        unsigned n_clusters;
        unsigned backups_per_cluster;
        const char **away;
        size_t n_away;
        bool one_port;
        bool http1;
        bool bare;        /* without Velero; `fault off no-velero` brings it */
        double speed;     /* Velero's delays are divided by it */
        const char *auth; /* cert, token or basic: what the kubeconfig carries */
};

struct sim {
        struct sim_options options;
        struct pki pki;
        struct cluster *clusters; /* by name, in the order they were made */
        struct listener shared;   /* of all clusters, where they have no port of their own */
        struct listener store;    /* the object storage, plain HTTP */
        struct seeds *seeds;
        struct buckets buckets;
};

/* Makes the clusters and opens the ports. */
void sim_start(struct sim *sim, const struct sim_options *options);
void sim_stop(struct sim *sim);
struct cluster *sim_cluster(const struct sim *sim, const char *name);
/* Microseconds of a delay of Velero's, scaled by --speed. */
uint64_t sim_scaled_us(const struct sim *sim, uint64_t us);
