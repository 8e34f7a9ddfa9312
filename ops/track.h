/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * track: what reflectors bring becomes records in the model, tied to the fleet objects that they belong to.
 *
 * Velero objects say by labels which policy, run and cluster they are of, so that every mount shows every fleet object,
 * whoever made it: one that the store does not know is made here from the labels and its policy annotation. Only an object
 * whose cluster-uid label is the cluster's own counts: synced and handed-over copies do not.
 *
 * Engine thread, inside a write section.
 */
#include "ops/engine.h"

void track_item(struct engine *e, struct member *c, enum velero_kind kind, bool deleted, const char *bytes, size_t len,
        uint32_t mark);
/* A list ended: what it did not bring is gone. */
void track_sweep(struct engine *e, struct member *c, enum velero_kind kind, uint32_t mark);
/* The cluster's health changed: its tasks show stale, or are true again. */
void track_member_health(struct engine *e, struct member *c);
