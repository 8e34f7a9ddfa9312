/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the connection to a cluster is made of, shared by ops/member.c (its health, its reflectors, its life) and
 * ops/member_probe.c (who it is and what it has). Engine thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "k8s/client.h"
#include "k8s/reflector.h"
#include "ops/member.h"

enum probe_step { PROBE_IDENTITY, PROBE_VERSION, PROBE_NAMESPACE, PROBE_VELERO, PROBE_AGENT, PROBE_DONE };

struct member_watch {
        struct member_runtime *rt;
        enum velero_kind kind;
        struct reflector *reflector;
        enum reflector_state state;
        uint32_t mark; /* of the last list; never that of another list of the member */
};

struct member_runtime {
        struct engine *engine;
        struct member *member;
        struct kube_client *client;
        char *configured_namespace;
        enum probe_step step;
        uint64_t call;
        struct loop_timer retry;
        uint32_t failures;
        int64_t all_at_ms; /* when all is to be asked again */
        bool quick;   /* the probe under way asks for the identity only */
        bool located; /* the namespace was found by its locations, not assumed */
        struct member_watch watches[VELERO_KINDS];
        struct err *requests_why; /* why DeleteBackupRequests cannot be listed now; NULL when they can */
};

/*
 * How often a cluster is asked whether it still is who it was, and lets us in (watches that are open do not tell); how
 * often all of it is asked again; and one without storage, sooner.
 */
enum { MEMBER_PROBE_MS = 40000, MEMBER_PROBE_ALL_MS = 300000, MEMBER_PROBE_NONE_MS = 15000 };

/* Health and reason change together; what follows from them is done, told and published. */
void member_set_health(struct member *c, enum member_health health, const struct err *why);
/* The health that an error of a request means. */
enum member_health member_health_of(const struct err *err);
/* The cluster cannot be used: its health says why, and it is asked anew after a growing pause. */
void member_fail(struct member_runtime *rt, enum member_health health, const struct err *err);
/* Asks again after about so long, unless it is to be asked sooner. */
void member_probe_after(struct member_runtime *rt, int64_t ms);
/* Whether a reflector whose kind counts for the health is in that state. */
bool member_any(const struct member_runtime *rt, enum reflector_state state);
/* The health that follows from the states of all reflectors. `err`: why one of them fails, or NULL. */
void member_judge(struct member_runtime *rt, const struct err *err);
/* Lists and watches what is to be followed, or asks those that pause to go on. */
int member_watch(struct member_runtime *rt, struct err *err);
void member_unwatch(struct member_runtime *rt);

/* Timer: asks the cluster who it is, and now and then for all that it has. */
void member_probe(void *runtime);
