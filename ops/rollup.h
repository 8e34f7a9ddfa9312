/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * rollup: the phases of tasks become that of their run, those of runs that of their object, those of objects and clusters
 * that of the fleet, all by the one order of enum phase: the worst counts.
 *
 * rollup_run(), rollup_object() and rollup_fleet() only note that it is due; rollup_all() does it once for everything that
 * was noted, before the write section is published: ten thousand events of one round cost one rollup.
 *
 * Engine thread, inside a write section.
 */
#include "ops/engine.h"

/* What shows while nothing is in force. Pure; any thread. */
enum phase phase_of_draft(enum draft_state state);

void rollup_run(struct engine *e, struct run *r);
void rollup_object(struct engine *e, struct object *o);
/* … without looking for its warnings: only time went on. */
void rollup_object_times(struct engine *e, struct object *o);
void rollup_fleet(struct engine *e, struct fleet *f);
/* What c is was learned anew: the warnings of objects that ran there last are found anew, too. */
void rollup_warnings(struct engine *e, struct member *c);
/* Computes what is due and touches what changed. */
void rollup_all(struct engine *e);
