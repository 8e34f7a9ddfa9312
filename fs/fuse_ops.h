/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fuse_ops: decodes each FUSE request, finds what it is about, and hands on: to the tables for what
 * is synthesized, to write_ops for what is the user's. Refuses what neither may do: EROFS under
 * -o ro, EEXIST for a name that is taken, ENOTEMPTY for a synthesized folder with entries, else
 * EPERM. Userdata of the session is struct session. Runs on the workers; holds none of them for
 * longer than a rendering.
 */
#include <fuse_lowlevel.h>

extern const struct fuse_lowlevel_ops fuse_ops;

struct inode;
struct session;

struct session *ops_session(fuse_req_t req);
/* The inode of a request; answers ESTALE and returns NULL for a number we never gave out. */
struct inode *ops_inode(fuse_req_t req, const char *op, fuse_ino_t ino);

/* fs/dir_ops.c: listings */
void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_readdirplus(
        fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* fs/name_ops.c: requests that make, move and remove names */
void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev);
void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);
void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
        const char *newname, unsigned int flags);
void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname);
void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
        struct fuse_file_info *fi);

/* fs/xattr_ops.c: extended attributes */
void op_setxattr(fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size,
        int flags);
void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size);
void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size);
void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name);
