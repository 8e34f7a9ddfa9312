/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse_ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/handle.h"
#include "fs/lookup.h"
#include "fs/reply.h"
#include "fs/session.h"

_Static_assert(sizeof(fuse_ino_t) >= sizeof(uint64_t), "inode numbers are 64 bits");

struct session *ops_session(fuse_req_t req)
{
        return fuse_req_userdata(req);
}

struct inode *ops_inode(fuse_req_t req, const char *op, fuse_ino_t ino)
{
        struct inode *i = inode_get(&ops_session(req)->inodes, ino);

        if (i == NULL)
                reply_err(req, op, -ESTALE, NULL);
        return i;
}

static struct handle *ops_handle(const struct fuse_file_info *fi)
{
        return fi != NULL ? (struct handle *)(uintptr_t)fi->fh : NULL;
}

/* ---------------------------------------------------------------- the connection */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
        struct session *s = userdata;

        /* Links never change without a new inode, so their targets may be kept. */
        conn->want |= conn->capable & (FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_PARALLEL_DIROPS |
                                              FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
                                              FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA);
        conn->want &= ~(unsigned)FUSE_CAP_WRITEBACK_CACHE;
        conn->time_gran = 1;
        conn->max_read = s->max_read;
        session_greeted(s);
}

/* ---------------------------------------------------------------- names */

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
        struct inode *dir = ops_inode(req, "lookup", parent);

        if (dir != NULL)
                reply_lookup(req, "lookup", dir, name);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t nlookup)
{
        inode_forget_id(&ops_session(req)->inodes, ino, nlookup);
        reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
        for (size_t i = 0; i < count; i++)
                inode_forget_id(&ops_session(req)->inodes, forgets[i].ino, forgets[i].nlookup);
        reply_none(req);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
        struct session *s = ops_session(req);
        struct inode *i = ops_inode(req, "readlink", ino);

        if (i == NULL)
                return;
        if (!S_ISLNK(i->mode) || i->bytes == NULL) {
                reply_err(req, "readlink", -EINVAL, NULL);
                return;
        }
        /* With the answer the kernel may forget the inode, while its bytes are still being written
         * here. */
        (void)inode_ref(&s->inodes, i);
        reply_readlink(req, i->bytes);
        (void)inode_unref(&s->inodes, i);
}

/* ---------------------------------------------------------------- attributes */

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct inode *i = ops_inode(req, "getattr", ino);
        struct stat st;
        int r;

        (void)fi;
        if (i == NULL)
                return;
        if (i->user != NULL) {
                reply_user_attr(req, "getattr", i);
                return;
        }
        session_read_begin(s);
        r = lookup_stat(s, i, &st);
        if (r == 0)
                reply_attr(req, &st, SESSION_CACHE_S);
        session_read_end(s);
        if (r < 0)
                reply_err(req, "getattr", r, NULL);
}

/* chmod, chown and utimes of what can be written succeed and change nothing: cp -p, install and
 * rsync do them. */
static int ops_may_touch(struct session *s, const struct inode *i, int to_set)
{
        struct node n;
        int r;

        if (i->row != NULL && i->row->kind == NODE_CTL)
                return 0;
        if (!S_ISDIR(i->mode) || (to_set & FUSE_SET_ATTR_SIZE))
                return -EPERM;
        r = inode_resolve(i, &s->root, &n);
        if (r == 0 && node_user_row(&n) == NULL)
                r = -EPERM;
        return r;
}

static void op_setattr(
        fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct inode *i = ops_inode(req, "setattr", ino);
        struct stat st;
        int r;

        if (i == NULL)
                return;
        if (i->user != NULL) {
                s->options.write->setattr(req, s, i, attr, to_set, ops_handle(fi));
                return;
        }
        session_read_begin(s);
        r = ops_may_touch(s, i, to_set);
        if (r == 0)
                r = lookup_stat(s, i, &st);
        if (r == 0)
                reply_attr(req, &st, SESSION_CACHE_S);
        session_read_end(s);
        if (r < 0)
                reply_err(req, "setattr", r, NULL);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
        (void)ino;
        reply_statfs(req);
}

/* ---------------------------------------------------------------- files */

static void ops_open_ctl(fuse_req_t req, struct session *s, struct inode *i, int flags)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RENDERED_BYTES);
        struct handle *h = NULL;
        struct node n;
        int r;

        session_read_begin(s);
        r = inode_resolve(i, &s->root, &n);
        if (r == 0)
                r = node_render(&n, &b);
        session_read_end(s);
        if (r == 0)
                r = handle_new(&h, s, i, flags, NULL);
        if (r < 0) {
                reply_err(req, "open", r, NULL);
                return;
        }
        r = buf_steal(&b, &h->bytes, &h->len);
        if (r < 0) {
                (void)handle_free(s, h);
                reply_err(req, "open", r, NULL);
                return;
        }
        h->uid = fuse_req_ctx(req)->uid;
        h->pid = fuse_req_ctx(req)->pid;
        reply_opened(req, h);
}

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        bool writes = (fi->flags & O_ACCMODE) != O_RDONLY || (fi->flags & O_TRUNC);
        struct inode *i = ops_inode(req, "open", ino);

        if (i == NULL)
                return;
        /* One ENOSYS, and the kernel opens by itself from then on: warm reads cost no request.
           Nothing has a state of its own on such a mount: ctl and wait are absent, user files are
           versions like all others. */
        if (s->read_only)
                reply_err(req, "open", -ENOSYS, NULL);
        else if (i->user != NULL)
                s->options.write->open(req, s, i, fi->flags);
        else if (i->row == NULL || S_ISDIR(i->mode))
                reply_err(req, "open", -EISDIR, NULL);
        else if (i->row->kind == NODE_CTL)
                ops_open_ctl(req, s, i, fi->flags);
        else if (writes)
                reply_err(req, "open", -EPERM, NULL);
        else if (i->row->kind == NODE_WAIT)
                wait_open(req, s, i, fi->flags);
        else
                reply_opened(req, NULL);
}

/* The log's bytes lie in the model; of an older generation none are left. */
static void ops_read_log(
        fuse_req_t req, struct session *s, const struct inode *i, size_t size, off_t off)
{
        struct node_log log = { .bytes = NULL };
        struct node n;

        session_read_begin(s);
        if (inode_resolve(i, &s->root, &n) == 0)
                n.row->log(&n.subject, &log);
        if (log.generation != i->generation)
                log.len = 0;
        reply_bytes(req, log.bytes, log.len, size, off);
        session_read_end(s);
}

/* With the answer the kernel may forget the inode, while its bytes are still being written here. */
static void ops_read_version(
        fuse_req_t req, struct session *s, struct inode *i, size_t size, off_t off)
{
        (void)inode_ref(&s->inodes, i);
        reply_bytes(req, i->bytes, i->len, size, off);
        (void)inode_unref(&s->inodes, i);
}

/* The same goes for a handle, which has no references: its few bytes are copied. */
static void ops_read_handle(fuse_req_t req, const struct handle *h, size_t size, off_t off)
{
        _cleanup_(freep) char *bytes = malloc(h->len + 1);
        size_t len = h->len;

        if (bytes == NULL) {
                reply_err(req, "read", -ENOMEM, NULL);
                return;
        }
        memcpy(bytes, h->bytes, len);
        reply_bytes(req, bytes, len, size, off);
}

static void op_read(
        fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct handle *h = s->read_only ? NULL : ops_handle(fi);
        struct inode *i = ops_inode(req, "read", ino);

        if (i == NULL)
                return;
        if (i->bytes != NULL)
                ops_read_version(req, s, i, size, off);
        else if (i->user != NULL && h != NULL)
                s->options.write->read(req, s, h, size, off);
        else if (h != NULL)
                ops_read_handle(req, h, size, off);
        else if (i->row != NULL && i->row->kind == NODE_LOG)
                ops_read_log(req, s, i, size, off);
        else
                reply_err(req, "read", -EIO, NULL);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *bytes, size_t size, off_t off,
        struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct handle *h = ops_handle(fi);
        struct inode *i = ops_inode(req, "write", ino);

        if (i == NULL)
                return;
        if (h == NULL || s->options.write == NULL)
                reply_err(req, "write", -EBADF, NULL);
        else if (i->user != NULL)
                s->options.write->write(req, s, h, bytes, size, off);
        else if (i->row != NULL && i->row->kind == NODE_CTL)
                s->options.write->ctl(req, s, i, bytes, size);
        else
                reply_err(req, "write", -EPERM, NULL);
}

static void op_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct handle *h = s->read_only ? NULL : ops_handle(fi);

        (void)ino;
        /* Opened by the kernel alone, a file is flushed all the same, until it hears that nobody
         * listens. */
        if (s->read_only)
                reply_err(req, "flush", -ENOSYS, NULL);
        else if (h != NULL && h->inode->user != NULL)
                s->options.write->flush(req, s, h);
        else
                reply_err(req, "flush", 0, NULL);
}

static void op_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct handle *h = ops_handle(fi);

        (void)ino;
        (void)datasync;
        if (h != NULL && h->inode->user != NULL)
                s->options.write->fsync(req, s, h);
        else
                reply_err(req, "fsync", 0, NULL);
}

static void op_fsyncdir(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *fi)
{
        (void)ino;
        (void)datasync;
        (void)fi;
        /* Names are durable before they are answered. */
        reply_err(req, "fsyncdir", 0, NULL);
}

static void op_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        struct session *s = ops_session(req);
        struct handle *h = ops_handle(fi);

        (void)ino;
        if (h != NULL && h->inode->user != NULL) {
                s->options.write->release(req, s, h);
                return;
        }
        (void)handle_free(s, h);
        reply_err(req, "release", 0, NULL);
}

static void op_fallocate(
        fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len, struct fuse_file_info *fi)
{
        (void)ino;
        (void)mode;
        (void)off;
        (void)len;
        (void)fi;
        reply_err(req, "fallocate", -EOPNOTSUPP, NULL);
}

/* Shells and editors ask whether it is a terminal. */
static void op_ioctl(fuse_req_t req, fuse_ino_t ino, unsigned int cmd, void *arg,
        struct fuse_file_info *fi, unsigned flags, const void *in, size_t in_size, size_t out_size)
{
        (void)ino;
        (void)cmd;
        (void)arg;
        (void)fi;
        (void)flags;
        (void)in;
        (void)in_size;
        (void)out_size;
        reply_err(req, "ioctl", -ENOTTY, NULL);
}

const struct fuse_lowlevel_ops fuse_ops = {
        .init = op_init,
        .lookup = op_lookup,
        .forget = op_forget,
        .forget_multi = op_forget_multi,
        .getattr = op_getattr,
        .setattr = op_setattr,
        .readlink = op_readlink,
        .mknod = op_mknod,
        .mkdir = op_mkdir,
        .unlink = op_unlink,
        .rmdir = op_rmdir,
        .symlink = op_symlink,
        .rename = op_rename,
        .link = op_link,
        .open = op_open,
        .read = op_read,
        .write = op_write,
        .flush = op_flush,
        .release = op_release,
        .fsync = op_fsync,
        .opendir = op_opendir,
        .readdir = op_readdir,
        .readdirplus = op_readdirplus,
        .releasedir = op_releasedir,
        .fsyncdir = op_fsyncdir,
        .statfs = op_statfs,
        .setxattr = op_setxattr,
        .getxattr = op_getxattr,
        .listxattr = op_listxattr,
        .removexattr = op_removexattr,
        .create = op_create,
        .ioctl = op_ioctl,
        .fallocate = op_fallocate,
};
