/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * standing: what a scheduled policy has on the clusters for as long as it is in force: one Velero Schedule for each
 * cluster and sub-policy, each a TASK_SCHEDULE of object.standing.
 *
 *     PENDING ──► POSTED        the cluster's Schedule is as the policy wants it; looked at, but no longer open
 *        ▲  └──► REJECTED, CONFLICT
 *        └── an edit, `pause`, `retry`, another node-agent
 *     unwanted ──► gone         the policy, or its selector, does not want it there any more
 *
 * What is owed to a cluster that is away is owed without limit. A cluster that leaves the configuration is forgotten,
 * never cleaned; but one that the document names is missed, and shown as Unknown, for as long as it does.
 *
 * All on the engine thread, inside a write section unless said otherwise.
 */
#include <jansson.h>

#include "ops/engine.h"

struct velero_schedule;

/*
 * Brings the tasks in step with the policy in force, the clusters there are and their labels: adds, moves, makes unwanted.
 * `resend`: the policy has another meaning than before, so every cluster is told. Does nothing where nothing may be sent,
 * nor for a policy that cannot be read.
 */
void standing_follow(struct engine *e, struct object *o, bool resend);
/* The same for all backups of a fleet: clusters came or went, or have other labels or another identity. */
void standing_follow_fleet(struct engine *e, struct fleet *f);

/* The task is looked at again, whatever it reached. */
void standing_again(struct engine *e, struct task *t);
/* `retry`: those that are Drifted, Conflict, Rejected or Failed. Returns how many. */
unsigned standing_retry(struct engine *e, struct object *o);
/* Why `retry` cannot help: a Schedule is as the policy has it, and Velero refuses that. -EINVAL with the cluster, Velero's
   sentence and what to do instead; 0: there is none. */
int standing_check_refused(const struct object *o, struct err *err);
/* op_type.owes: a removal on a cluster of the fleet. */
bool standing_owes(const struct object *o);

/* The TASK_SCHEDULE of that cluster and sub-policy ("" or NULL: the only one), or NULL. */
struct task *standing_task(const struct object *o, const struct member *c, const char *sub);
/* A Schedule of the object on a cluster, whoever asked for it: the task that shows it, made if need be. NULL without memory. */
struct task *standing_tie(struct engine *e, struct object *o, struct velero_object *v);
/* A Schedule is gone from its cluster; before its record is. */
void standing_untie(struct engine *e, struct object *o, struct velero_object *v);
/* The task is over: it leaves object.standing. May free the object, if nothing is left of it. */
void standing_drop(struct engine *e, struct task *t);

/* A Backup of the object came, changed or went on the cluster: what its Schedule reached is counted anew. */
void standing_note(struct engine *e, struct object *o, const struct member *c, const char *sub);
/* What was noted, by rollup. */
void standing_count(struct engine *e, struct run *standing);
/* What c is, its health or its storage changed. `settings`: also what its Schedules should be. */
void standing_member(struct engine *e, struct member *c, bool settings);

/* What a TASK_SCHEDULE shows: phase, reason and times, from what its cluster shows. */
void standing_show(struct engine *e, struct task *t);

/* Overdue comes by time alone: the clock looks at `at` (Unix seconds). Outside of a write section, too. */
void standing_clock(struct engine *e, int64_t at);
void standing_stop(struct engine *e);

/* ---------------------------------------------------------------- standing_next.c */

/* When the policy is to run: object.next_runs, last_slot and interval. By rollup, and so whenever one of them is over:
   standing_clock() sees to that. */
void standing_next(struct engine *e, struct object *o);

/* ---------------------------------------------------------------- op_schedule.c */

/* What a TASK_SCHEDULE owes to its cluster, which is ready. May free the task. */
void schedule_act(struct engine *e, struct task *t, struct member *c);

/* ---------------------------------------------------------------- schedule_document.c */

/* A Schedule that the task knows came or changed. True: it shows another store's label, which it did not before; of an object of
   ours it is a CONFLICT then, which ends when the label is ours again. */
bool schedule_is_taken(struct engine *e, struct task *t, const struct velero_schedule *there);

/* Whether one that is in force was made for another state of its cluster: a node-agent came or went. */
bool schedule_is_outdated(struct task *t, const struct member *c);

/* ---------------------------------------------------------------- schedule_digest.c */

/*
 * Hex sha256 of a ScheduleSpec's meaning: without what Velero and its client write by themselves (skipImmediately, zero
 * durations, empty objects, false at the top), durations in one spelling. -ENOMEM.
 */
int schedule_digest(const json_t *spec, char ret[65]);
/* The same of a Schedule's JSON; NULL without memory or when it is none. Caller frees. */
char *schedule_digest_of(const char *bytes, size_t len);
/* That meaning itself, as JSON; NULL also when it has more than LIMIT_DRIFT_BYTES. Caller frees. */
char *schedule_meaning_of(const char *bytes, size_t len);
