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
 *        ├──► CONFLICT   somebody else's object has the name
 *        └──► CANCELLED  given up, and it is clear that it was not posted, or was not known in time
 *
 * task_act() does the next thing that a task owes and is called whenever something it may wait for changed: it finds
 * out by itself whether it can act, so calling it too often costs nothing but time. What it is about to do was made
 * durable before. A repeated POST after a crash meets AlreadyExists, which is success only for an object of ours with
 * the same spec.
 *
 * Once a POST may have reached the cluster (`sent`), only the cluster knows whether it did. An object of that name and
 * spec that shows there makes the task POSTED, whatever was decided meanwhile; nothing is given up or posted under another
 * name before that is clear.
 *
 * All on the engine thread.
 */
#include <jansson.h>

#include "k8s/client.h"
#include "ops/engine.h"
#include "velero/names.h"

/* The engine begins to look after a task that is not finished (made, loaded or retried). */
void task_open(struct engine *e, struct task *t);
/* Ends what runs and forgets it, e.g. before its run is removed. */
void task_close(struct engine *e, struct task *t);
/* Queues task_act() for the end of the round. */
void task_kick(struct engine *e, struct task *t);
void task_act(struct engine *e, struct task *t);
/* Whether the engine's tick is to look at it: a deadline or a pause is over. */
bool task_is_due(const struct task *t, int64_t now_ms, int64_t now_s);

/* ---------------------------------------------------------------- what it shows (task_show.c) */

/* What the tree shows is computed anew from the task's state and its Velero object; touches what changed. */
void task_refresh(struct engine *e, struct task *t);
/* The Velero object of the task was deleted on the cluster. */
void task_object_gone(struct engine *e, struct task *t);

/* State and reason change together. `err` NULL clears the reason. */
void task_set_state(struct engine *e, struct task *t, enum task_state state, const struct err *err);
/* Pending for a reason; nothing happens when it is the reason already. */
void task_wait_for(struct engine *e, struct task *t, const struct err *err);
/* A request failed in a way that may pass: tries again after a growing pause, at least `least_ms`. */
void task_retry_later(struct engine *e, struct task *t, const struct err *err, int64_t least_ms);
/* What was asked for was granted and does not show yet: it is asked for again after a growing pause. The reason stays. */
void task_await(struct engine *e, struct task *t);
/* The watch tells of what was asked for: what failed in a row is over, and nothing is waited for. */
void task_shown(struct engine *e, struct task *t);

/* Nothing more will happen to it without a verb. */
bool task_is_finished(const struct task *t);
/* It has its result (which may be a bad one); something may still be to be cleaned up. */
bool task_has_result(const struct task *t);
/* Something of it is left on the cluster that is ours to remove. */
bool task_owes_cleanup(const struct task *t);
/* Velero refused the Restore because its cache did not have the backup yet: it is to be posted again. */
bool task_lost_race(const struct task *t);

/* Whether the name is that of its attempt, or of the first one, which a retry replaced. */
bool task_has_name(const struct task *t, const char *velero_name);
/* Keeps velero_name as that of the first attempt, unless one is kept already. */
void task_keep_name(struct task *t);
/* A new attempt, under a new name where the old one is taken. */
void task_renew(struct engine *e, struct task *t, int64_t attempt);
/* The same from a certain step on; task_renew() begins a migration's target with its location. */
void task_renew_at(struct engine *e, struct task *t, int64_t attempt, enum task_step step);
/* It is owed from now on: what kept it from being done is forgotten. */
void task_owe(struct engine *e, struct task *t);
/* Not to be posted any more. `why` becomes the reason. */
void task_give_up(struct engine *e, struct task *t, const struct err *why);
/* The fleetfs identity's kind: "backup", "restore" or "migration". */
const char *task_kind_text(const struct task *t);

/* ---------------------------------------------------------------- asking clusters (task_post.c) */

/*
 * A request for the task to a cluster, its own or a migration's source; one at a time. done(t, reply) begins with
 * task_call_done(), or does not come: the task is closed, or the cluster's connection was given up, and then the task
 * is kicked when it can act again. -EHOSTUNREACH: the cluster has no connection.
 */
int task_call(struct task *t, struct member *c, const struct kube_request *rq, kube_done_fn *done, struct err *err);
/* Begins a write section: what an answer says is written down. */
struct engine *task_call_done(struct task *t);
/* The connection that its request runs on is given up. */
void task_detach(struct engine *e, struct task *t);
/* A refusal for good (REJECTED), or something that may pass (task_retry_later()). */
void task_refused(struct engine *e, struct task *t, const struct kube_reply *reply);

/* Who the task's object on a cluster is; borrows from both. */
struct velero_identity task_identity(const struct task *t, const struct member *c);
/* The name of the attempt's Velero object; needs the cluster's UID. */
void task_choose_name(struct engine *e, struct task *t, const struct member *c);

/*
 * The whole document of the task's object of that kind ("Backup"), with labels, the hash of its spec and the policy.
 * Consumes spec. NULL with err: without memory, or the metadata cannot be put into words.
 */
json_t *task_document(const struct task *t, const struct member *c, const char *kind, json_t *spec, struct err *err);
/* There is no document for this cluster, and there will be none: REJECTED, as FLT-0404 unless err has a code. */
void task_reject(struct engine *e, struct task *t, struct err *err);
/*
 * POSTs `object` (whole document, consumed) as the task's Velero object; the first time it only makes durable that it
 * will, and comes back in the next round. On success the task is POSTED; AlreadyExists is compared by owner and spec hash.
 */
void task_post(struct engine *e, struct task *t, struct member *c, json_t *object);
/* The task was given up: asks the cluster whether its object is there after all. May free the task. */
void task_verify(struct engine *e, struct task *t, struct member *c);
