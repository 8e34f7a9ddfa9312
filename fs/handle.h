/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * handle: an open file that has a state of its own: a user's file, a ctl, a wait. Synthesized
 * files, links, logs and folders are opened without one (fi->fh is 0): their bytes belong to the
 * inode.
 *
 * Made by reply_open()/reply_create() or fuse_ops.c, freed at RELEASE. The kernel may send several
 * requests on one handle at once (descriptors are duplicated), so what `state` points to has a lock
 * of its own.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "fs/inode.h"

struct session_handles;

struct handle {
        struct inode *inode; /* a reference */
        int flags;           /* of open(2): FLUSH and RELEASE bring none */
        uid_t uid;           /* who opened it */
        pid_t pid;           /* and from which thread; 0 when it cannot be known */
        void *state;         /* the write path's; freed by write_ops.close */
        char *bytes;         /* CTL, WAIT: what reading gives */
        size_t len;
        struct handle *next, *prev; /* in session.handles */
};

/* Takes a reference to the inode; `state` stays the caller's on failure. 0 or -ENOMEM. */
int handle_new(struct handle **ret, struct session *s, struct inode *inode, int flags, void *state);
/* Frees the state (write_ops.close) and lets go of the inode. Returns NULL. */
struct handle *handle_free(struct session *s, struct handle *h);

/* The session's own: its list, and the end of what is still open. */
void handles_init(struct session_handles *list);
void handles_done(struct session *s);
