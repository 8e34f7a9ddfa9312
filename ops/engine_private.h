/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the engine share and nobody else sees: the queue of tasks that may act, the set of objects to store.
 * Engine thread only.
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
