/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Status storms: changes of Backups' progress at a steady rate, for load tests.
 */
#include "tests/sim/cluster.h"

/*
 * Changes the backups of a cluster one after the other, @per_second in all, for @seconds (0: until
 * told otherwise). 0 per second ends it. Returns 0, or -1 with a sentence.
 */
int storm_set(struct cluster *c, int per_second, int seconds, struct str *why);
void storm_free(struct cluster *c);
