/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of ops/ ask of the engine and nobody else does: the queue of tasks that may act, the set of objects to
 * store. Below it what the files of the engine itself share. Engine thread only.
 */
#include "base/cleanup.h"
#include "ops/engine.h"

/* A task joins, or leaves, those that the engine's tick looks at for deadlines and pauses. */
void engine_open_task(struct engine *e, struct task *t);
void engine_close_task(struct engine *e, struct task *t);
/* task_act() at the end of the round, after what is dirty was stored. */
void engine_queue_task(struct engine *e, struct task *t);
/* o differs from what the store holds, in what the clusters would tell again after a crash: stored with the next tick. */
void engine_note(struct engine *e, struct object *o);
/* The store does not know yet which clusters have the folders of f: stored with the next tick, or before any task acts. */
void engine_note_fleet(struct engine *e, struct fleet *f);

/* The open tasks of the cluster may have become able to act. */
void engine_kick_member(struct engine *e, struct member *c);
/* A Velero object of o is gone from a cluster: a removed object without any leaves the tree. May free o. */
void engine_object_shrunk(struct engine *e, struct object *o);
/* The context of c leads to another cluster now, or c leaves: what it shows is nobody's any more. */
void engine_disown_member(struct engine *e, struct member *c);
/* A second way to a cluster whose first one is gone takes over. */
void engine_release_aliases(struct engine *e, const struct member *gone);

/* For jitter: in [0, n), n > 0. */
int64_t engine_random(struct engine *e, int64_t n);

static inline struct engine *engine_of_model(const struct model *m)
{
        return container_of(m, struct engine, model);
}

static inline struct engine *engine_of_task(const struct task *t)
{
        return engine_of_model(t->run->object->fleet->model);
}

/* ---------------------------------------------------------------- ops/engine_round.c, for the engine's other files */

/* Makes e->round. -ENOMEM. */
int engine_round_new(struct engine *e);
/* No round and no tick begins any more. What still marks or queues something does no harm until engine_round_free(). */
void engine_round_stop(struct engine *e);
void engine_round_free(struct engine *e);
/*
 * Stores what is dirty; `all`: also what can wait. One that cannot be stored stays, and is tried again with the next tick.
 * After `budget_ms` the rest is left to the next round: who asks something of the engine does not wait for the disk of
 * everybody else. Outside of a write section.
 */
void engine_store(struct engine *e, bool all, int64_t budget_ms);
/* What of a fleet that leaves was not stored yet, for it may come back: its objects, then which clusters its folders are.
   A failure is told by an event and the log; engine_store_fleet() is false then. */
void engine_store_objects(struct engine *e, struct fleet *f);
bool engine_store_fleet(struct engine *e, struct fleet *f);
/* Every open task may have become able to act: clusters came, went or changed. */
void engine_kick_all(struct engine *e);

/* ---------------------------------------------------------------- ops/engine_conf.c, for the engine's other files */

/* Reads the configuration and applies it. Needs e->loop and e->http. */
int engine_conf_load(struct engine *e, struct err *err);
/* From now on a change of it is applied, too. After engine_conf_load(). */
int engine_conf_watch(struct engine *e, struct err *err);
/* The clusters keep nothing of it. NULL-safe: also where engine_conf_load() did not succeed or was not called. */
void engine_conf_free(struct engine *e);

/* The fleet as the configuration in force has it; NULL: it has none of that name. Until that changes. */
const struct fleetconf_fleet *engine_fleetconf(const struct engine *e, const char *fleet);
