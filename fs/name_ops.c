/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/fs.h>
#include <string.h>

#include "fs/fuse_ops.h"
#include "fs/listing.h"
#include "fs/reply.h"
#include "fs/session.h"

/*
 * What a name is to those who make, move or remove it. One look at the tables decides; the user's
 * own names are then the write path's, outside the read section.
 */
enum name_kind {
        NAME_NOWHERE,     /* nothing of that name, in a folder where nothing can be made */
        NAME_USER,        /* the user's, or nothing yet, in a writable folder */
        NAME_REMOVABLE,   /* a synthesized file whose removal means something to the write path */
        NAME_SYNTHESIZED, /* a file or link of ours */
        NAME_FOLDER,      /* a folder of ours, in a synthesized one */
        NAME_USER_FOLDER, /* a folder of ours, in a writable one */
};

/* 0 and *ret, or -errno. */
static int name_look(struct session *s, struct inode *dir, const char *name, enum name_kind *ret)
{
        struct node d, n;
        bool writable;
        int r;

        session_read_begin(s);
        r = inode_resolve(dir, &s->root, &d);
        if (r == 0) {
                writable = s->options.write != NULL && node_user_row(&d) != NULL;
                if (node_child(&d, name, &n) < 0)
                        *ret = writable ? NAME_USER : NAME_NOWHERE;
                else if (n.row->kind == NODE_DIR)
                        *ret = writable ? NAME_USER_FOLDER : NAME_FOLDER;
                else
                        *ret = writable && (n.row->flags & NODE_REMOVABLE) ? NAME_REMOVABLE
                                                                           : NAME_SYNTHESIZED;
        }
        session_read_end(s);
        return r == -ESTALE ? -ENOENT : r;
}

/* The folder of a request and what the name in it is; answers and returns NULL when there is an
 * error. */
static struct inode *name_begin(
        fuse_req_t req, const char *op, fuse_ino_t parent, const char *name, enum name_kind *ret)
{
        struct session *s = ops_session(req);
        struct inode *dir = inode_get(&s->inodes, parent);
        int r = dir != NULL ? name_look(s, dir, name, ret) : -ESTALE;

        if (r == 0 && s->read_only)
                r = -EROFS;
        if (r < 0) {
                reply_err(req, op, r, NULL);
                return NULL;
        }
        return dir;
}

void op_create(
        fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        enum name_kind kind = NAME_NOWHERE;
        struct inode *dir = name_begin(req, "create", parent, name, &kind);

        (void)mode;
        if (dir == NULL)
                return;
        if (kind == NAME_USER)
                s->options.write->create(req, s, dir, name, fi->flags);
        else
                reply_err(req, "create", kind == NAME_NOWHERE ? -EPERM : -EEXIST, NULL);
}

void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
        struct session *s = ops_session(req);
        enum name_kind kind = NAME_NOWHERE;
        struct inode *dir = name_begin(req, "mkdir", parent, name, &kind);

        (void)mode;
        if (dir == NULL)
                return;
        /* .Trash and .Trash-1000: a desktop then deletes for good, and meets the guards of unlink.
         */
        if (strncmp(name, ".Trash", strlen(".Trash")) == 0)
                reply_err(req, "mkdir", -EPERM, NULL);
        else if (kind == NAME_USER)
                s->options.write->mkdir(req, s, dir, name);
        else
                reply_err(req, "mkdir", kind == NAME_NOWHERE ? -EPERM : -EEXIST, NULL);
}

void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
        struct session *s = ops_session(req);
        enum name_kind kind = NAME_NOWHERE;
        struct inode *dir = name_begin(req, "symlink", parent, name, &kind);

        if (dir == NULL)
                return;
        if (kind == NAME_USER)
                s->options.write->symlink(req, s, dir, name, target);
        else
                reply_err(req, "symlink", kind == NAME_NOWHERE ? -EPERM : -EEXIST, NULL);
}

void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
        (void)parent;
        (void)name;
        (void)mode;
        (void)rdev;
        /* Devices, pipes and sockets have no meaning here; regular files are made by CREATE. */
        reply_err(req, "mknod", -EPERM, NULL);
}

void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t newparent, const char *newname)
{
        (void)ino;
        (void)newparent;
        (void)newname;
        reply_err(req, "link", -EPERM, NULL);
}

void op_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        struct session *s = ops_session(req);
        enum name_kind kind = NAME_NOWHERE;
        struct inode *dir = name_begin(req, "unlink", parent, name, &kind);

        if (dir == NULL)
                return;
        switch (kind) {
        case NAME_USER:
        case NAME_REMOVABLE:
                s->options.write->unlink(req, s, dir, name);
                return;
        case NAME_NOWHERE:
                reply_err(req, "unlink", -ENOENT, NULL);
                return;
        case NAME_FOLDER:
        case NAME_USER_FOLDER:
                reply_err(req, "unlink", -EISDIR, NULL);
                return;
        case NAME_SYNTHESIZED:
                break;
        }
        /* Nobody deletes a status file on purpose: whoever does is deleting a tree, policies next.
           Armed before the answer, as the next unlink comes right after it. */
        if (s->options.write != NULL)
                s->options.write->guard_arm(s, fuse_req_ctx(req)->uid);
        reply_err(req, "unlink", -EPERM, NULL);
}

/* A synthesized folder cannot be removed; as long as it has children the reason is the one rm
 * expects. */
static int name_rmdir_errno(struct session *s, struct inode *dir, const char *name)
{
        struct listing *l = NULL;
        struct node d, n;
        int r;

        session_read_begin(s);
        r = inode_resolve(dir, &s->root, &d);
        if (r == 0)
                r = node_child(&d, name, &n);
        if (r == 0)
                r = listing_new(&l, s, &n);
        if (r == 0)
                r = l->n > 0 ? -ENOTEMPTY : -EPERM;
        session_read_end(s);
        (void)listing_free(l);
        return r == -ESTALE ? -ENOENT : r;
}

void op_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        struct session *s = ops_session(req);
        enum name_kind kind = NAME_NOWHERE;
        struct inode *dir = name_begin(req, "rmdir", parent, name, &kind);

        if (dir == NULL)
                return;
        switch (kind) {
        case NAME_USER_FOLDER:
                s->options.write->rmdir(req, s, dir, name);
                return;
        case NAME_FOLDER:
                reply_err(req, "rmdir", name_rmdir_errno(s, dir, name), NULL);
                return;
        case NAME_NOWHERE:
                reply_err(req, "rmdir", -ENOENT, NULL);
                return;
        case NAME_USER:
        case NAME_REMOVABLE:
        case NAME_SYNTHESIZED:
                reply_err(req, "rmdir", -ENOTDIR, NULL);
                return;
        }
}

void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t newparent,
        const char *newname, unsigned int flags)
{
        struct session *s = ops_session(req);
        enum name_kind from, to;
        struct inode *dir, *newdir;

        if (flags & ~(unsigned)RENAME_NOREPLACE) {
                reply_err(req, "rename", -EINVAL, NULL);
                return;
        }
        dir = name_begin(req, "rename", parent, name, &from);
        if (dir == NULL)
                return;
        newdir = name_begin(req, "rename", newparent, newname, &to);
        if (newdir == NULL)
                return;
        if (from == NAME_NOWHERE)
                reply_err(req, "rename", -ENOENT, NULL);
        else if (from == NAME_USER && to == NAME_USER)
                s->options.write->rename(req, s, dir, name, newdir, newname, flags);
        else if (from == NAME_USER && (to == NAME_FOLDER || to == NAME_USER_FOLDER))
                reply_err(req, "rename", -EISDIR, NULL);
        else
                reply_err(req, "rename", -EPERM, NULL);
}
