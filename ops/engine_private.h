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

/* All open tasks of the cluster may have become able to act. */
void engine_kick_member(struct engine *e, struct member *c);
/* A Velero object of o is gone from a cluster: a removed object without backups leaves the tree. */
void engine_object_shrunk(struct engine *e, struct object *o);

static inline struct engine *engine_of_model(const struct model *m)
{
        return container_of(m, struct engine, model);
}

static inline struct engine *engine_of_task(const struct task *t)
{
        return engine_of_model(t->run->object->fleet->model);
}
