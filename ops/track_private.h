/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of ops/track share. Engine thread, inside a write section. */
#include "ops/track.h"

/* ---------------------------------------------------------------- records: ops/track_record.c */

/* Sets *ret to the record of an object's JSON, which the caller frees, and returns its name, which is the record's. NULL: it
   is no such object, as err says. */
const char *track_decode(enum velero_kind kind, const char *bytes, size_t len, void **ret, struct err *err);
/* The newest time that the object has: when what it says now became so, unless that has no time. */
int64_t track_time(const struct velero_object *v);
/* Whether the record and, of a Schedule, the digest (NULL: none) bring nothing new. Velero touches a location each minute to
   say that it looked at it; neither that nor a repeated item is news. */
bool track_same(const struct velero_object *v, const void *record, const char *digest);

/* ---------------------------------------------------------------- labels: ops/track_belonging.c */

/* What the labels of a Velero object say about where it belongs. The texts are the object's. */
struct belonging {
        bool scheduled; /* a Schedule's Backup: it says no run */
        const char *owner, *fleet, *kind, *policy, *run, *cluster_uid, *sub, *spec_sha256;
        enum task_verb verb;
};

/* False: it is no fleet object of its cluster. */
bool belonging_of(const struct velero_object *v, struct belonging *b);
/* An enum object_kind, or -ENOENT. */
int belonging_kind(const struct belonging *b);

/* The object that is meant, or NULL. Labels cannot hold every name ("nightly@latest" is "nightly-latest" there): among
   those that are written alike the one with this run is meant. */
struct object *track_find_own(const struct fleet *f, enum object_kind kind, const struct belonging *b);
/* The same, of the owner that the labels name: made if there is none. NULL: no memory, or its names are taken. */
struct object *track_object(struct engine *e, struct fleet *f, enum object_kind kind, const struct belonging *b);
/*
 * The policy of somebody else's object is in an annotation of everything it made: what its Schedules say, else its newest
 * Backup or Restore. Among Schedules the one that was written last counts: an edit reaches one cluster after the other,
 * and one that is away keeps the old text. The same of our own where another mount writes the store, which was read once.
 */
void track_adopt_policy(
        struct engine *e, struct object *o, int64_t created, bool schedule, const char *bytes, size_t len);

/* A run of ours takes a later time; a cluster's wrong clock takes none of them. */
void track_note_time(struct object *o, int64_t at);
/* The run with this id, made if there is none. NULL: no memory. */
struct run *track_run(struct object *o, const char *id, int64_t created);
/* The task of the run on the cluster, or on what its folder was called then. NULL: none. */
struct task *track_find_task(const struct run *r, const struct member *c, const struct belonging *b);
/* One that no record knows. NULL: no memory. */
struct task *track_add_task(struct run *r, const struct velero_object *v, const struct belonging *b);

/* ---------------------------------------------------------------- slots: ops/track_slot.c */

/* Whether a Backup says no run: a Schedule made it. */
bool track_is_scheduled(const struct velero_object *v);
/* Sets v->run of a Backup that a Schedule made. Returns one that has to give way, to be tied anew, or NULL. */
struct velero_object *track_choose_slot(const struct object *o, struct velero_object *v, const struct belonging *b);
