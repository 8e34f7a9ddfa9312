/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/fuse_ops.h"
#include "fs/reply.h"
#include "fs/session.h"

/*
 * Attributes are read-only and rendered when asked for. What is not there is ENODATA, never ENOSYS:
 * that would turn extended attributes off for the whole mount.
 */
#define XATTR_PREFIX "user.fleetfs."

/* The value of one attribute; inside a read section. */
static int xattr_render(struct session *s, const struct inode *i, const char *name, struct buf *out)
{
        struct node n;
        int r;

        if (i->user != NULL)
                return s->options.write->getxattr(s, i->user, name, out);
        r = inode_resolve(i, &s->root, &n);
        if (r < 0)
                return r;
        for (const struct node_xattr *x = n.row->xattrs; x != NULL && x->name != NULL; x++) {
                if (strcmp(x->name, name) != 0)
                        continue;
                r = x->render(&n.subject, out);
                if (r == 0)
                        r = out->error;
                return r == 0 && out->len == 0 ? -ENODATA : r;
        }
        return -ENODATA;
}

static int xattr_list(struct session *s, const struct inode *i, struct buf *out)
{
        _cleanup_(buf_done) struct buf value = BUF_INIT(LIMIT_TEXT_BYTES);
        struct node n;
        int r;

        if (i->user != NULL) {
                _cleanup_(buf_done) struct buf names = BUF_INIT(LIMIT_TEXT_BYTES);

                r = s->options.write->listxattr(s, i->user, &names);
                for (size_t at = 0; r == 0 && at < names.len; at += strlen(names.data + at) + 1) {
                        (void)buf_puts(out, XATTR_PREFIX);
                        (void)buf_append(out, names.data + at, strlen(names.data + at) + 1);
                }
                return r < 0 ? r : out->error;
        }
        r = inode_resolve(i, &s->root, &n);
        if (r < 0)
                return r;
        for (const struct node_xattr *x = n.row->xattrs; x != NULL && x->name != NULL; x++) {
                buf_reset(&value);
                if (x->render(&n.subject, &value) < 0 || value.len == 0)
                        continue;
                (void)buf_puts(out, XATTR_PREFIX);
                (void)buf_append(out, x->name, strlen(x->name) + 1);
        }
        return out->error;
}

static void xattr_answer(
        fuse_req_t req, const char *op, fuse_ino_t ino, const char *name, size_t size)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_TEXT_BYTES);
        struct session *s = ops_session(req);
        struct inode *i = inode_get(&s->inodes, ino);
        int r = -ESTALE;

        session_read_begin(s);
        if (i != NULL)
                r = name != NULL ? xattr_render(s, i, name, &out) : xattr_list(s, i, &out);
        session_read_end(s);
        if (r < 0)
                reply_err(req, op, r, NULL);
        else
                reply_xattr(req, out.data, out.len, size);
}

void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
        /* ls asks each file for selinux labels and ACLs, writers for capabilities: told without a
         * look. */
        if (strncmp(name, XATTR_PREFIX, strlen(XATTR_PREFIX)) != 0)
                reply_err(req, "getxattr", -ENODATA, NULL);
        else
                xattr_answer(req, "getxattr", ino, name + strlen(XATTR_PREFIX), size);
}

void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
        xattr_answer(req, "listxattr", ino, NULL, size);
}

void op_setxattr(
        fuse_req_t req, fuse_ino_t ino, const char *name, const char *value, size_t size, int flags)
{
        (void)ino;
        (void)name;
        (void)value;
        (void)size;
        (void)flags;
        reply_err(req, "setxattr", -EOPNOTSUPP, NULL);
}

void op_removexattr(fuse_req_t req, fuse_ino_t ino, const char *name)
{
        (void)ino;
        (void)name;
        reply_err(req, "removexattr", -EOPNOTSUPP, NULL);
}
