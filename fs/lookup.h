/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * lookup: from a name to what the kernel is told of it. The one place where versions are made, for
 * LOOKUP, READDIRPLUS and the notifier alike. All inside a read section, with `dir` resolved in it.
 */
#include <sys/stat.h>

#include "fs/inode.h"
#include "fs/node.h"
#include "fs/session.h"

/* What `name` in `dir` is now: synthesized, else the user's. 0, -ENOENT, or what rendering
 *returned. ret is the caller's to end with inode_version_done(). */
int lookup_version(
        struct session *s, const struct node *dir, const char *name, struct inode_version *ret);
/* The version of a node that is known already. */
int lookup_node_version(const struct node *n, struct inode_version *ret);

/* lookup_version() and inode_enter(): counts one lookup. Attributes into *st. */
int lookup_inode(struct session *s, struct inode *parent, const struct node *dir, const char *name,
        struct inode **ret, struct stat *st);
/* The same for a user's file that the caller knows (a reference that is taken over, also on
 * failure). */
int lookup_user_inode(struct session *s, struct inode *parent, const char *name,
        struct userfile *file, struct inode **ret, struct stat *st);

/* The attributes of an inode as of now. -ESTALE when what it stands for is gone. */
int lookup_stat(struct session *s, const struct inode *i, struct stat *ret);
