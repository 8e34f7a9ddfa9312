/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What each kind of object does with a task whose cluster is ready. Engine thread. */
#include <jansson.h>

#include "ops/engine.h"

/* Dispatches to the functions below by the task's object and verb. */
void op_task_act(struct engine *e, struct task *t, struct member *c);

/* What a Backup and a Schedule need before they are made: the policy, its storage location, a name. False: the task waits. */
bool op_prepare(struct engine *e, struct task *t, struct member *c);
void backup_act(struct engine *e, struct task *t, struct member *c);
/* A TASK_ADOPT. May free the task and the object. */
void adopt_act(struct engine *e, struct task *t, struct member *c);
/* Clusters come and go while an object is being adopted: each has a TASK_ADOPT that may hold something of it, and without
   any the adoption is over. */
void adopt_follow(struct engine *e, struct object *o);
/* A Schedule of o on c changed, which its adoption may wait for. */
void adopt_wake(struct engine *e, const struct object *o, const struct member *c);
/* A task with `doomed`: what `delete <run>` owes to a cluster. May free the task, its run and the object. */
void backup_doom_act(struct engine *e, struct task *t, struct member *c);
/* c shows a request as it is now: a refusal is not waited for. */
void backup_doom_shown(struct engine *e, struct member *c, const struct velero_object *request);
/* … and its cluster left the fleet. */
void backup_doom_forgotten(struct engine *e, struct task *t);
void restore_act(struct engine *e, struct task *t, struct member *c);
void migrate_target_act(struct engine *e, struct task *t, struct member *c);

/*
 * The next run id of an object: max(now, last + 1 s) or the first free one after it, whatever later times clusters with
 * wrong clocks show; becomes durable with the object. Also the stamp of a retry's attempt. Returns Unix seconds.
 */
int64_t op_next_run(struct engine *e, struct object *o);
/* Members of the fleet that a destination takes: no aliases, in configuration order. Caller frees *ret. -ENOMEM. */
int op_select(const struct fleet *f, const struct policy *p, size_t sub, struct member ***ret, size_t *n);
/* The environment that policy_parse() is to judge by. Caller frees ret->clusters. -ENOMEM. */
struct policy_env;
int op_policy_env(const struct fleet *f, struct policy_env *ret);
/* A task of a run, with the cluster's UID and `now` as its attempt's stamp; its deadline counts from this moment. NULL
   without memory. */
struct task *op_add_task(struct engine *e, struct run *r, enum task_verb verb, const struct member *c, int64_t now);
/* All tasks of a new run were added: it is made durable, shows, and begins. */
void op_begin(struct engine *e, struct run *r);
/* Tasks of older runs that were not posted are given up: the newer run does their work, or the schedule (`by` NULL). */
void op_supersede(struct engine *e, struct object *o, const struct run *by);
/* Gives up what is not posted, because the object was removed. */
void op_cancel(struct engine *e, struct object *o);
/* Keeps the newest LIMIT_RUNS_KEPT runs that the store must know; older ones live on in the clusters' own records. */
void op_prune_runs(struct engine *e, struct object *o);
/* Velero's cache did not have the backup yet: another Restore, under another name. */
void op_again(struct engine *e, struct task *t);
/* Opens the unfinished tasks of all runs, after loading. */
void op_resume(struct engine *e, struct object *o);
/* -EBUSY while a cluster of the fleet works on something of any run, or may: not for what was never sent, nor for what is
   only to be cleaned up. */
int op_refuse_while_running(struct engine *e, const struct object *o, struct err *err);
/* op_type.owes: a clean-up on a cluster of the fleet, or the certainty that nothing was posted there. */
bool op_owes(const struct object *o);

/* ---- verbs */

/* -EINVAL for an argument, -EPERM for somebody else's object. */
int op_check_verb(const struct object *o, const char *verb, const char *arg, struct err *err);
/* -EINVAL with the sentence for it. */
int op_nothing_to_retry(struct err *err);
/* `retry`: a new attempt of every task of the latest run that ended badly. */
int op_retry(struct engine *e, struct object *o, const char *arg, struct err *err);
/*
 * `delete` of a restore or migration: the Velero Restores that it made and its record, never workloads nor backups; the
 * bytes go to the trash. What a cluster that is away has is removed when it is back; where nothing is left,
 * engine_object_shrunk() drops it.
 */
int op_delete(struct engine *e, struct object *o, const char *arg, struct err *err);
/*
 * `delete <run>` of a backup, by its name ("latest" is -EINVAL): its backups and their data are deleted, also on clusters
 * that are away, when they are back. Nothing is done when something speaks against it: -EBUSY, -EPERM, -ENOENT.
 */
int op_delete_run(struct engine *e, struct object *o, const char *arg, struct err *err);
/* `adopt`: another store's backup becomes ours, on every cluster. -EINVAL, -EEXIST. */
int op_adopt(struct engine *e, struct object *o, const char *arg, struct err *err);
/* The other side, of an object with yield_due: it is another store's from now on, shown and left alone, if nothing of it on
   the clusters is its owner's any more (op_yield.c). False: it is not, or that is not known yet. */
bool op_hand_over(struct engine *e, struct object *o);
/* Something of o changed on a cluster: once nothing there is its old owner's any more, that one means it no longer
   (object.adopted_from). What this mount adopts itself, op_adopt.c ends. */
void op_handed_over(struct engine *e, struct object *o);

/* The Velero Restore of a task whose name and backup_name are chosen; NULL with err. Caller decrefs. */
json_t *restore_document(struct task *t, const struct member *c, struct err *err);
