/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of a cluster's Schedule share (op_schedule.c is its life). Engine thread only. */
#include <jansson.h>

#include "base/buf.h"
#include "base/err.h"
#include "velero/names.h"

struct member;
struct task;
struct velero_object;
struct velero_schedule;

/* ---------------------------------------------------------------- the document: ops/schedule_document.c */

struct schedule_desired {
        json_t *meta, *spec; /* both owned; NULL: void */
        char digest[VELERO_SHA256_HEX + 1]; /* schedule_digest() of spec, which meta's annotations say, too */
};

/* What the Schedule of t is to be on c; the caller calls schedule_desired_done(). On error *ret is void. -ENOENT: the policy has
   no such part any more; -ENOMEM, or what the policy cannot be turned into. */
int schedule_desired_of(struct task *t, const struct member *c, struct schedule_desired *ret, struct err *err);
/* A void one, too. */
void schedule_desired_done(struct schedule_desired *d);

/* ---------------------------------------------------------------- the edit: ops/schedule_patch.c */

/* Every field that a Schedule's spec has, but skipImmediately: that is Velero's own after the first look. `bare_version`: the
   resourceVersion in which it has no annotations, NULL if it has some. NULL: no memory. A new reference. */
json_t *schedule_patch_of(
        const struct schedule_desired *d, const struct velero_schedule *there, const char *bare_version);

/* ---------------------------------------------------------------- what it means: ops/schedule_digest.c */

/* Leaves in the spec what counts (schedule_digest()). -ENOMEM, also for NULL: then it is not to be used. */
int schedule_normalize(json_t *spec);

/* ---------------------------------------------------------------- what others did to it: ops/schedule_drift.c */

/* Appends the sentence: which fields of the Schedule that o shows are not what t sent (or, of another store's, what that one
   sent), by their paths below `spec`, in byte order. `expected` is the digest of what was sent. Where the fields cannot be
   compared any more it is what the record tells: the time, the pause, or else the template as a whole. */
void schedule_drift_text(struct task *t, const struct velero_object *o, const char *expected, struct buf *out);
