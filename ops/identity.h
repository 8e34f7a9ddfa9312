/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * identity: which cluster it is that a context leads to.
 *
 * A cluster is known by the UID of its kube-system namespace. Two contexts of one cluster are one cluster: the second
 * shows as a symlink. A folder name, once given to a cluster, is recorded in the store and never given to another one: a
 * context that now leads elsewhere gets a folder of its own.
 */
#include <stddef.h>

#include "base/err.h"
#include "ops/engine.h"

/* Answers of the API, pure. -EBADMSG when they are not what they should be; strings are the caller's. */
int identity_of_namespace(const char *body, size_t len, char *uid, size_t size, struct err *err);
int identity_of_version(const char *body, size_t len, char **ret, struct err *err);
/* The namespace that holds locations: `want` if it is among them, else the first by name; *ret NULL when there is none. */
int identity_of_velero_namespace(const char *body, size_t len, const char *want, char **ret, struct err *err);
/* The tag of Velero's image, or NULL. */
char *identity_of_velero_version(const char *body, size_t len);

/*
 * A folder name for cluster `uid` (NULL: not known yet): `want`, else want-2, want-3 …; the first that no member has and
 * that was never another cluster's. -EEXIST when none is left.
 */
int identity_free_name(struct engine *e, struct fleet *f, const char *want, const char *uid,
        char ret[FOLDER_NAME_MAX + 1], struct err *err);
/*
 * The cluster turned out to be `uid`: sets it, and alias_of or another folder name where that follows. 1 when the context
 * led to another cluster until now: then nothing that is known of that one is kept. The engine makes it durable before any
 * task acts.
 */
int identity_set(struct engine *e, struct member *c, const char *uid, struct err *err);
/*
 * What the store knows of the clusters of a fleet, before its first member is made. What is damaged is set aside, told by an
 * event, and known no more. -errno, with FLT-0257: it may be read another time, or could not be set aside; then the fleet
 * must not be served.
 */
int identity_read(struct engine *e, struct fleet *f, struct err *err);
/* What was read of the folder's cluster, when the member is made. */
void identity_load(struct member *c);
/* Makes durable which clusters the folders of the fleet were given to. May wait for the disk. */
int identity_store(struct engine *e, struct fleet *f, struct err *err);
