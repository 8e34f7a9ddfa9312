/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * member: the live side of a cluster of a fleet: its client, who it is, where its Velero is, and the reflectors that
 * keep its Velero objects in the model.
 *
 *     identity (kube-system's UID) ──► version ──► Velero's namespace ──► node-agent ──► watching
 *         ▲                                                                                │
 *         └───────────────── unreachable, denied, no Velero: again after a pause ──────────┘
 *
 * A connection that was lost may lead to another cluster when it is back: nothing is Ready, and so nothing is sent, before
 * the cluster has said again who it is.
 *
 * Clusters are independent: nothing here waits for, or is delayed by, another one. All on the engine thread.
 */
#include "base/buf.h"
#include "base/err.h"
#include "ops/engine.h"

struct fleetconf_member;
struct kube_client;
struct task;

/* Begins to look after c; a broken configuration makes it MEMBER_BROKEN. -ENOMEM. */
int member_start(struct engine *e, struct member *c, const struct fleetconf_member *conf, struct err *err);
/* Ends all requests, those of tasks too, which do what they owe again with the next runtime, and forgets the runtime; what
   the model shows stays, as stale. Accepts a member without runtime. */
void member_stop(struct member *c);

/* The cluster answers, its identity is known and what the model shows of it is true. */
bool member_ready(const struct member *c);
/* What the cluster's clock, which stamps what Velero makes, is before ours, in seconds; 0 while that is not known. */
int64_t member_ahead(const struct member *c);
/* NULL while there is none. */
struct kube_client *member_client(const struct member *c);
/* A task of the cluster is doomed: from now on its DeleteBackupRequests are in the model, until no task is. */
void member_follow_requests(struct member *c);
/* Whether they are in the model: 0; -EPERM when the cluster forbids us to list them, -EAGAIN when they are not known for
   another reason, which may pass. None of it says anything about the cluster's health. */
int member_requests(const struct member *c, struct err *err);
/* A task is not doomed any more. After the last one a refusal is forgotten: the next one asks the cluster anew. */
void member_forget_requests(struct member *c);
/* Begins anew with the question who it is. */
void member_restart(struct member *c);
/* The machine slept: what is shown is stale until the cluster was heard again. */
void member_suspect(struct member *c);

/* Appends the path of a Velero object (name NULL: the collection) of the cluster. */
int member_velero_path(const struct member *c, enum velero_kind kind, const char *name, struct buf *out, struct err *err);

/*
 * Where Velero stores what names no location: its default one, of several the newest, else the one that is called "default".
 * Borrowed; NULL when there is none.
 */
const struct velero_object *member_default_location(const struct member *c);

/*
 * The location that a Backup would use: `name`, or with NULL or "" Velero's default. 0 and *ret when it is Available and
 * may be written; else -ENOENT, -EROFS or -EBUSY with a sentence and its FLT code.
 */
int member_location(const struct member *c, const char *name, const struct velero_bsl **ret, struct err *err);

/* Labels as policies ask for them; NULL when the cluster has no such label. */
const char *member_label(const struct member *c, const char *key);
