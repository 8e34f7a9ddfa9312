/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* warnings: the caveats that apply to an object, one sentence each with its FLT code. Pure over the model.
   Those that tell of what is no backup come first, then those of data which no backup has. */
#include "ops/model.h"

/* Looks for minutes in which too many policies run, if their schedules changed: then their warnings are due. Before
   warnings_of_object(). Engine thread, inside a write section. */
void warnings_of_fleet(struct fleet *f);

/* Whether it ended well, and its backup holds nothing, or nothing but the namespaces that its filter names, or its restore
   restored nothing. Velero counts before it ends one, so that 0 of 0 is no lack of knowledge. Any thread that may read. */
bool task_holds_nothing(const struct task *t);

/* Computes o->warnings anew. Engine thread, inside a write section. */
void warnings_of_object(struct object *o);
