/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One simulated cluster: its objects, its faults, its clock, who may come in, and what was asked.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#define HASH_FUNCTION HASH_FNV /* uthash's own default trips -Wimplicit-fallthrough */
#include <uthash.h>

#include "tests/sim/conn.h"
#include "tests/sim/fault.h"
#include "tests/sim/requests.h"
#include "tests/sim/store.h"

struct sim;
struct velero;
struct kube;
struct stash;
struct storm;

/* Who is let in. A client certificate of the fleet's CA always names a user. */
struct auth {
        bool cert;   /* accept client certificates */
        char *token; /* accept this bearer token; NULL: none */
        char *basic; /* accept these credentials, as in the header (base64); NULL: none */
        char *as;    /* and only with these Impersonate-… headers; NULL: with any */
};

struct cluster {
        struct sim *sim;
        char *name;
        unsigned index;
        UT_hash_handle hh;     /* of sim->clusters, by name */
        struct listener *lis;  /* its own; NULL where all share one */
        char *url;             /* what the kubeconfig says */
        uint64_t rv;           /* of the latest change */
        struct table **tables; /* by restype id; NULL until used */
        bool *established;     /* by restype id: its CRD is there and accepted */
        size_t n_tables;       /* of both arrays */
        long skew_s;           /* its clock minus ours */
        struct faults faults;
        struct auth auth;
        struct requests requests;
        size_t n_watches;
        struct velero *velero; /* the Velero server of this cluster */
        struct kube *kube;     /* the controllers of Kubernetes itself */
        struct storm *storm;   /* of changes; NULL: none */
        struct stash *stash;   /* what fault no-velero has taken out; NULL: nothing */
};

/* An empty cluster in @sim's table; it is seeded by seed.h. */
struct cluster *cluster_new(struct sim *sim, const char *name);
void cluster_free(struct cluster *c);

/* The table of a type, made when it is first asked for. */
struct table *cluster_table(struct cluster *c, unsigned type);
/* True while the cluster serves the type: built in, or its CRD is there. */
bool cluster_serves(struct cluster *c, const struct restype *type);
/* Called by tables on every change; wakes the controllers, which change nothing themselves here. */
void cluster_changed(struct cluster *c, const struct restype *type, const struct doc *prev,
        const struct doc *next);

/* The cluster's clock. */
time_t cluster_now(const struct cluster *c);
#define RFC3339_LEN 21
/* "2026-11-21T11:00:00Z" into @buf of RFC3339_LEN bytes; returns @buf. */
char *rfc3339(time_t t, char *buf);
/* Seconds since the epoch, or -1 where @s is no such time. */
time_t rfc3339_parse(const char *s);

/* A random UID; or one that follows from @seed, always the same. */
#define UID_LEN 37
char *uid_random(char *buf);
char *uid_of(const char *seed, char *buf);
