/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * object_undo: how an object was before a verb of `ctl`, to be put back when what the verb decided cannot be stored.
 *
 * A verb changes the object in place, inside a write section that stays open until the record is durable: nobody has seen
 * what is taken back, and nothing was sent. Put back is all that the record holds and all that the tree shows. A request
 * that the verb ended stays ended, as after a connection that broke: the task asks again.
 *
 * Engine thread, inside a write section.
 */
#include "base/cleanup.h"
#include "ops/engine.h"

struct object_undo;

/* Notes how o is. -ENOMEM. Free it, also after object_undo_apply(). */
int object_undo_new(struct object_undo **ret, const struct object *o, struct err *err);
/* The policy that was in force and that the verb has replaced, which would be freed else; may be NULL. Takes it. */
void object_undo_keep_policy(struct object_undo *u, struct policy *replaced);
/* o, which must live still, is as it was; its runs and tasks that are new are gone. Once. `stored`: what the verb
   decided may be in the store (store_is_unsure()): the record is written again, as it was, or goes if there was none. */
void object_undo_apply(struct object_undo *u, struct engine *e, struct object *o, bool stored);
void object_undo_free(struct object_undo *u);
DEFINE_CLEANUP(struct object_undo *, object_undo_free);
