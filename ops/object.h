/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * object: a declared object (struct object of ops/model.h) as a record of the store, and back.
 *
 * A record is one line of JSON, which says what is known of the object, its runs and their tasks,
 * and behind it the user's exact bytes: those in force, then those of the draft. What can be
 * computed again (rolled-up phases, warnings, the parsed policy) or is of this process only
 * (requests under way, boot times) is not in it. A removal by rename is not in it either: that is
 * how a crash undoes it.
 *
 * Engine thread. Nothing here opens a write section, but object_load_all(), which is called inside
 * one.
 */
#include "base/buf.h"
#include "ops/engine.h"

/*
 * Writes the record; 0 when it is durable. The errors of store_put(): then the store holds what it
 * held before, unless store_is_unsure(). `o` may be a copy that is in no model (ops/acting.c stores what will be before it is
 * true).
 */
int object_save(struct engine *e, const struct object *o, struct err *err);
/* What object_save() or trash_keep() failed with becomes FLT-0256 with its remedy, unless it has an id. NULL is allowed. */
void object_tell_unstored(struct err *err);
/* The record goes; durable as well. */
int object_delete(struct engine *e, const struct object *o, struct err *err);
/*
 * Adds the fleet's stored objects and its trash to the model, and has each resumed (op_type.resume) and settled
 * (ops/acting.h). Members need not be there yet. A record that is damaged is set aside (ops/store.h) and
 * told by an event and a warning of the fleet. One that may be read another time, or that cannot be
 * set aside, is an error, with FLT-0257: the fleet must not be served then, or what its clusters
 * tell would be stored over it. Where the store is read-only it is told as the damaged are.
 */
int object_load_all(struct engine *e, struct fleet *f, struct err *err);

/* The two halves of the format, pure but for the allocation. */
int object_encode(const struct object *o, struct buf *out);
/* Fills an object that is fresh (fleet, kind and name set). -EBADMSG with what is wrong; *o is then
 * as far as it came. */
int object_decode(struct object *o, const char *bytes, size_t len, struct err *err);
