/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * reply: the sole caller of fuse_reply_*. Each function answers its request and is the last to
 * touch it. Any thread.
 *
 * Here are decided, once for all: cache timeouts, the counting of lookups (an entry that the kernel
 * did not take is counted back), and the one log line of an error.
 *
 * What the kernel is told of the model must be told inside the read section in which it was read
 * (ops/model.h); reply_lookup(), reply_create() and reply_user_attr() open one themselves, so
 * they are called outside of any section of the model.
 */
#include <fuse_lowlevel.h>

#include "base/err.h"
#include "fs/handle.h"
#include "fs/inode.h"

/* 0 or a negative errno. `err` may be NULL; a message is logged here and nowhere else. `op` is the
 * FUSE operation, `file` the path that was written, for the log; NULL or "": none. */
void reply_err_of(
        fuse_req_t req, const char *op, const char *file, int code, const struct err *err);
void reply_err(fuse_req_t req, const char *op, int code, const struct err *err);
void reply_none(fuse_req_t req);

/* Looks up `name` in `parent` as the kernel sees it now and answers with the entry: LOOKUP, and the
   end of MKDIR and SYMLINK. `op` for the log. */
void reply_lookup(fuse_req_t req, const char *op, struct inode *parent, const char *name);
/* Ends CREATE: `file` (a reference that is taken over) is what the folder has under this name now.
   `state` becomes the handle's, and is closed here when the kernel does not take it: then -errno,
   and no RELEASE will come. */
int reply_create(fuse_req_t req, struct inode *folder, const char *name, struct userfile *file,
        int flags, void *state);
/* Ends OPEN of a user's file; state as in reply_create(). */
void reply_open(fuse_req_t req, struct inode *file, int flags, void *state);
/* Attributes of a user's file, as they are now. */
void reply_user_attr(fuse_req_t req, const char *op, struct inode *file);
void reply_write(fuse_req_t req, size_t count);
/* The bytes from off on, at most size; nothing beyond the end. They must stay until it returns,
   although the kernel may send FORGET or RELEASE of what held them as soon as it has the answer. */
void reply_bytes(fuse_req_t req, const char *bytes, size_t len, size_t size, off_t off);

/* ---- the frame's own ---- */

void reply_attr(fuse_req_t req, const struct stat *st, double timeout);
void reply_readlink(fuse_req_t req, const char *target);
/* h NULL: cached and without state; else its bytes are read with direct_io. Frees h when the kernel
 * did not take it. */
void reply_opened(fuse_req_t req, struct handle *h);
void reply_opened_dir(fuse_req_t req);
void reply_xattr(fuse_req_t req, const char *bytes, size_t len, size_t size);
void reply_statfs(fuse_req_t req);
/* A directory's entries, as reply_add_entry() made them; counts all their lookups back when the
 * kernel did not take it. */
struct reply_dir {
        char *buf;
        size_t size, len;
        bool plus;
        struct inode **counted; /* of READDIRPLUS */
        size_t n_counted, cap_counted;
};
int reply_dir_init(struct reply_dir *d, size_t size, bool plus);
/* Room for one more entry of this name. */
bool reply_dir_fits(fuse_req_t req, const struct reply_dir *d, const char *name);
/* `i` may be NULL: the name and type only, without attributes. With `i` its lookup is counted
 * already. */
int reply_dir_add(fuse_req_t req, struct reply_dir *d, const char *name, struct inode *i,
        const struct stat *st, off_t next);
/* Answers, or frees only (req NULL, after an error: counts back). */
void reply_dir_done(fuse_req_t req, struct session *s, struct reply_dir *d);
