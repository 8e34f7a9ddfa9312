/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * looks: what is asked of a cluster only while a task runs there, beside what is watched all the time.
 *
 *  - The volumes that node-agents back up or restore for it (task.seen_volumes): a list and a watch by label, from
 *    Velero's beginning until LOOK_TICK_MS after its end, so that the last words are heard. At most
 *    LIMIT_TASK_VOLUMES of them; kept for the newest run of an object that had any, and not beyond the process.
 *  - Once for a backup, which of the volumes it covers are of type hostPath (task.hostpath, hostpath.h): the pods of its
 *    namespaces and all persistent volumes, in pages. Of a run that no record remembers once in each process, of the
 *    newest one only. What cannot be known within LOOK_TICKS_MAX ticks, or is forbidden, is said to be unknown.
 *
 *    They begin a second after the first task wanted one, few at once over all clusters: no backup's POST and no probe of
 *    a cluster waits behind a thousand of them.
 *
 * At most LIMIT_MEMBER_LOOKS of a cluster at once; what is one too many waits until another one has ended.
 *
 * A look knows its task by name: tasks come and go without asking. It belongs to its cluster's connection.
 *
 * Engine thread only.
 */
#include "ops/engine.h"

struct engine;
struct member;
struct task;

/* After a change of t, inside a write section: begins what is to be looked at now. Without memory, or without a connection,
   nothing is, and the next change tries again. */
void looks_follow(struct engine *e, struct task *t);
/* The cluster became Ready: the same for the newest runs' tasks on it. */
void looks_ready(struct engine *e, struct member *c);
/* Before the client of c is freed. */
void looks_stop(struct member *c);
/* After all clusters were stopped. */
void looks_end(struct engine *e);
