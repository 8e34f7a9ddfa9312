/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Which objects of a cluster a Backup's spec selects.
 */
#include <jansson.h>

#include "tests/sim/bucket.h"
#include "tests/sim/cluster.h"

/*
 * The objects in the order Velero collects them: pods, claims and volumes first, then the other
 * types, with what they pull in. @spec is the Backup's spec as the server completed it. New
 * reference.
 */
struct items *select_items(struct cluster *c, const json_t *spec);
