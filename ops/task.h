/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * task: one cluster's part of a run, from "owed" to Velero's last word.
 *
 *     PENDING ──► POSTED ──► DONE            the Velero object is terminal
 *        │  ▲        └─────► DONE (Failed)   it vanished before it was terminal
 *        │  └─ retry (ctl) ── EXPIRED, REJECTED, CONFLICT, DONE with a bad phase
 *        ├──► EXPIRED    startDeadline passed before it could be posted
 *        ├──► REJECTED   the cluster refused it for good
 *        └──► CONFLICT   somebody else's object has the name
 *
 * task_act() does the next thing that a task owes and is called whenever something it may wait for changed: it finds
 * out by itself whether it can act, so calling it too often costs nothing but time. What it is about to do was made
 * durable before. A repeated POST after a crash meets AlreadyExists, which is success only for an object of ours with
 * the same spec.
 *
 * All on the engine thread.
 */
#include <jansson.h>

#include "ops/engine.h"

/* The engine begins to look after a task that is not finished (made, loaded or retried). */
void task_open(struct engine *e, struct task *t);
/* Ends what runs and forgets it, e.g. before its run is removed. */
void task_close(struct engine *e, struct task *t);
/* Its cluster's runtime goes away: requests under way are dead. */
void task_detach(struct task *t);
/* Queues task_act() for the end of the round. */
void task_kick(struct engine *e, struct task *t);
void task_act(struct engine *e, struct task *t);

/* What the tree shows is computed anew from the task's state and its Velero object; touches what changed. */
void task_refresh(struct engine *e, struct task *t);
/* The Velero object of the task was deleted on the cluster; `last` was its last record. */
void task_object_gone(struct engine *e, struct task *t);

/* State and reason change together. `err` NULL clears the reason. */
void task_set_state(struct engine *e, struct task *t, enum task_state state, const struct err *err);
/* Pending for a reason; nothing happens when it is the reason already. */
void task_wait_for(struct engine *e, struct task *t, const struct err *err);
/* A request failed in a way that may pass: tries again after a growing pause. */
void task_retry_later(struct engine *e, struct task *t, const struct err *err);

/* Nothing more will happen to it without a verb. */
bool task_is_finished(const struct task *t);
/* A new attempt under a new name. */
void task_renew(struct engine *e, struct task *t, int64_t attempt);
/* The fleetfs identity's kind: "backup", "restore" or "migration". */
const char *task_kind_text(const struct task *t);
/* VELERO_BACKUP or VELERO_RESTORE. */
enum velero_kind task_velero_kind(const struct task *t);

/* The name of the attempt's Velero object; needs the cluster's UID. */
void task_choose_name(struct engine *e, struct task *t, const struct member *c);

/*
 * POSTs `object` (whole document, consumed) as the task's Velero object. On success the task is POSTED; AlreadyExists is
 * compared by owner and spec hash. Refusals end as REJECTED or CONFLICT, everything else is tried again.
 */
void task_post(struct engine *e, struct task *t, json_t *object);
