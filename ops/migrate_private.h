/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of a migration's target share: migrate_target.c (the steps), migrate_location.c (a location on the target
 * that holds the source's backup) and migrate_handover.c (the backup itself). Engine thread only.
 */
#include <jansson.h>

#include "ops/op_tasks.h"
#include "ops/task.h"

/* The next step; durable before it begins. */
void target_step(struct engine *e, struct task *t, enum task_step step);
/* Waits for something, with a reason; no final stop. */
void target_wait(struct engine *e, struct task *t, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* The cluster said that it has the object, and its watch has not brought it: looks again after a growing pause. */
void target_not_shown(struct engine *e, struct task *t, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* Ends as REJECTED, or CONFLICT when code is -EEXIST; what was made is cleaned up. */
void target_refuse(struct engine *e, struct task *t, int code, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
/* POST of a document to a collection of the target. Borrows doc. */
int target_post(struct task *t, struct member *c, const char *path, const json_t *doc, kube_done_fn *done, struct err *err);
/*
 * The answer to the POST of something that the watch shows next, which the words name: "backup %s was handed over". True: it
 * is made, and the caller says what is waited for. Else it was there already and is looked for again after a growing pause, or
 * it is refused.
 */
bool target_made(struct engine *e, struct task *t, const struct kube_reply *reply, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
/* The target for which something of the source was asked. NULL: nothing came, and it is asked again later, or the target has
   left the fleet. */
struct member *target_answered(struct engine *e, struct task *t, const struct kube_reply *reply);
/* GET of one Secret of Velero's namespace. */
int target_get_secret(struct task *t, struct member *c, const char *name, kube_done_fn *done, struct err *err);
/* Its value of a key, base64 as it stands; NULL when there is none. Borrowed from doc. */
const char *target_secret_value(const json_t *doc, const char *key);
/* Frees a document whose texts are secret, and wipes them. NULL is allowed. */
void target_wipe(json_t *doc);
/* The name of what the migration makes on the target: its location and its Secret. */
void target_own_name(const struct task *t, const struct member *c, char ret[64]);

/* One step each: they look what is done, and do the next thing that is not. */
void target_find_location(struct engine *e, struct task *t, struct member *c, struct member *source,
        const struct velero_backup *backup);
void target_hand_over(struct engine *e, struct task *t, struct member *c, struct member *source);
