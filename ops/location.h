/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * location: the BackupStorageLocations of policies that say with `storage` where their backups are kept.
 *
 * On each cluster the place is the policy's bucket below `<prefix>/<cluster>`, so that no two clusters write to one prefix.
 * A location that the cluster has there already is used as it is; else one is made, labelled as the store's own. Policies
 * that say the same place share it. Other credentials or another region change it; another place is another location, and
 * the old one is removed when no policy means it and no backup or schedule on the cluster refers to it. What a bucket holds
 * is never touched.
 *
 * Nothing about it is recorded: the labels on the cluster are the record, so a crash between any two steps leaves nothing
 * that nobody removes.
 *
 * All on the engine thread.
 */
#include "ops/engine.h"
#include "velero/names.h"

/* What is asked for, in the words of a location. `bsl` points into the policy and into `prefix`. */
struct location_want {
        struct velero_bsl bsl;
        char prefix[LIMIT_STORAGE_PREFIX + FOLDER_NAME_MAX + 2];
};

/* False: the policy says nothing of storage. */
bool location_want(const struct policy *p, const struct member *c, struct location_want *ret);

/* The same provider, endpoint and bucket. */
bool location_same_bucket(const struct velero_bsl *a, const struct velero_bsl *b);
/* Made for a migration's target, and gone when that is done. */
bool location_is_temporary(const struct velero_bsl *b);
/* A lasting location of c in the bucket of `home`, below the same prefix; NULL when there is none. Borrowed. */
const struct velero_object *location_at(const struct member *c, const struct velero_bsl *home);

/* Whether a location of c that a store made is there for o: its policy wants that place, or what o has there is in it. */
bool location_is_of(const struct object *o, const struct member *c, const struct velero_bsl *b);

/* The name of what policy `p` of `o` has, or will have, on c: of a location there, else written to `own`; NULL when the
   policy says nothing of storage. */
const char *location_name(const struct object *o, const struct policy *p, const struct member *c,
        char own[VELERO_NAME_BASE_MAX + 1]);

/*
 * Before a policy is accepted: that no location known on any cluster has a prefix which contains, or is inside, one of its
 * own, nor one that the fleet's storage says; Velero would call the outer one unavailable. 0, or -EINVAL with the place in the document.
 */
int location_admit(struct engine *e, const struct fleet *f, const struct policy *p, struct err *err);

/*
 * The location that the policy of t wants on c. 0: it is there, as wanted, whatever its phase. 1: not now; the task has been
 * given its reason, or its last word (REJECTED, CONFLICT), and is woken when the cluster has more.
 */
int location_ensure(struct engine *e, struct task *t, struct member *c);

/* A backup, schedule or location of a cluster changed, or a policy did: looks soon for locations that nothing needs. */
void location_look(struct engine *e);
void location_stop(struct engine *e);
