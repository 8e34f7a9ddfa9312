/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of policies' storage locations share: places and what speaks against them (location.c), making and changing
   (op_location.c), removing (location_sweep.c). Engine thread only. */
#include "ops/location.h"

struct policy_storage;

/* Of label fleetfs.dev/kind. */
#define LOCATION_KIND "location"

enum location_overlap { LOCATION_APART, LOCATION_SAME, LOCATION_INSIDE, LOCATION_AROUND };

/* What the first prefix is to the second. */
enum location_overlap location_overlap_of(const char *a, const char *b);
/* Whether the store made it for a policy. */
bool location_is_ours(const struct velero_bsl *b, const char *store);
/* What the location that `want` says is called on c, if o's store makes it. */
void location_own_name(const struct object *o, const struct member *c, const struct velero_bsl *want,
        char ret[VELERO_NAME_BASE_MAX + 1]);

/* That no location known on any cluster has a prefix around or inside that of `want`, or the same on another cluster. -EINVAL. */
int location_check_prefix(const struct member *c, const struct velero_bsl *want, struct err *err);
/* Whether the policy has backups on c; true without memory. */
bool location_selected(const struct fleet *f, const struct policy *p, const struct member *c);
/* Another policy in force that has its backups in the same place and says that it is opened otherwise; NULL: none. */
const struct object *location_rival(const struct object *o, const struct policy_storage *mine);
