/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* warnings: the caveats that apply to an object, one sentence each with its FLT code. Pure over the model.
   Those that tell of data which no backup has come first. */
#include "ops/model.h"

/* Looks for minutes in which too many policies run, if their schedules changed: then their warnings are due. Before
   warnings_of_object(). Engine thread, inside a write section. */
void warnings_of_fleet(struct fleet *f);

/* Computes o->warnings anew. Engine thread, inside a write section. */
void warnings_of_object(struct object *o);
