/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is wrong with a cluster, as told by `ctl CLUSTER fault …`.
 *
 * Connection-level faults need a port of the cluster's own; where clusters share one they act on
 * the requests of the cluster as far as that is possible, and are refused where it is not.
 */
#include <jansson.h>
#include <stdbool.h>

#include "tests/sim/exchange.h"

struct cluster;

enum request_fault {
        RF_NONE,
        RF_HTTP,    /* answer with a code */
        RF_GARBAGE, /* 200 and bytes that are no JSON */
        RF_CUT,     /* the real answer, half of it */
        RF_LATE,    /* carried out at once, the answer (or another fault's) comes `code` milliseconds later */
        RF_RESET,   /* HTTP/2: the stream is refused; HTTP/1.1: the connection is closed */
};

/* A fault of requests that match, for a number of times. */
struct fault_rule {
        enum request_fault kind;
        int code;
        int retry_after_s; /* -1: no header */
        int count;         /* requests it still applies to; -1: all */
        char *method;      /* NULL: any; also LIST, WATCH */
        char *resource;    /* NULL: any; with a slash, as "backups/": those with a name (part of the path) */
};

struct faults {
        bool refuse, stall, no_velero, no_crds, location_unavailable;
        bool duplicate_events, lose_events, half_watch_line;
        bool gone_410;     /* watches are answered with the code, not with an event */
        unsigned delay_ms; /* before a request is looked at */
        struct fault_rule *rules;
        size_t n_rules;
};

/*
 * Carries out `fault ARGS…`; args[0] is the fault's name. Returns 0, or -1 with a sentence in
 * @why. `off` without a name ends all of them, `off NAME` one.
 */
int fault_command(struct cluster *c, char **args, size_t n, struct str *why);
/* What is on, as JSON. */
json_t *fault_describe(const struct cluster *c);
/*
 * Applies to a request whose verb and resource are known, before it is served. Returns true when
 * the fault has answered it (or never will).
 */
bool fault_request(struct cluster *c, struct exchange *x);
void faults_done(struct faults *f);
