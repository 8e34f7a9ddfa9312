/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "fs/fuse_ops.h"
#include "fs/listing.h"
#include "fs/lookup.h"
#include "fs/reply.h"
#include "fs/session.h"

void op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        (void)fi;
        /* Listings have no state, so a read-only mount needs no opendir at all; see fuse_ops.c,
         * op_open. */
        if (ops_session(req)->read_only)
                reply_err(req, "opendir", -ENOSYS, NULL);
        else if (ops_inode(req, "opendir", ino) != NULL)
                reply_opened_dir(req);
}

void op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
        (void)ino;
        (void)fi;
        reply_err(req, "releasedir", 0, NULL);
}

/* "." and "..": the kernel knows their inodes itself. */
static int dir_add_dots(fuse_req_t req, struct reply_dir *d, const struct inode *dir, off_t off)
{
        const struct inode *up = dir->parent != NULL ? dir->parent : dir;
        struct stat st = { .st_mode = S_IFDIR };
        int r = 0;

        if (off < 1) {
                st.st_ino = dir->ino;
                r = reply_dir_add(req, d, ".", NULL, &st, 1);
        }
        if (off < 2 && r == 0) {
                st.st_ino = up->ino;
                r = reply_dir_add(req, d, "..", NULL, &st, 2);
        }
        return r;
}

/* One entry; a name that went since the listing was made is left out. */
static int dir_add_entry(fuse_req_t req, struct reply_dir *d, struct inode *dir,
        const struct node *node, const struct listing_entry *e)
{
        struct session *s = ops_session(req);
        struct stat st = { .st_mode = e->type, .st_ino = inode_path_ino(dir, e->name) };
        struct inode *i = NULL;

        if (!reply_dir_fits(req, d, e->name))
                return -ENOSPC;
        if (d->plus) {
                int r = lookup_inode(s, dir, node, e->name, &i, &st);

                if (r == -ENOENT)
                        return 0;
                /* What cannot be rendered now still has a name; its lookup will say why. */
                if (r < 0)
                        i = NULL;
        }
        return reply_dir_add(req, d, e->name, i, &st, (off_t)e->order);
}

/* Inside a read section. */
static int dir_fill(fuse_req_t req, struct reply_dir *d, struct inode *dir, off_t off)
{
        struct session *s = ops_session(req);
        struct listing *l = NULL;
        struct node node;
        int r = inode_resolve(dir, &s->root, &node);

        if (r < 0)
                return -ENOENT;
        if (off > 0)
                l = inode_take_listing(&s->inodes, dir);
        if (l == NULL) {
                r = listing_new(&l, s, &node);
                if (r < 0)
                        return r;
                (void)inode_set_shown(&s->inodes, dir, node_shown(&node));
        }
        r = dir_add_dots(req, d, dir, off);
        for (size_t k = listing_after(l, (uint64_t)off); r == 0 && k < l->n; k++)
                r = dir_add_entry(req, d, dir, &node, &l->entries[k]);

        /* Full: go on with the same names. Else this stream is at its end and needs them no more.
         */
        if (r == -ENOSPC)
                inode_put_listing(&s->inodes, dir, l);
        else
                (void)listing_free(l);
        return r == -ENOSPC ? 0 : r;
}

static void dir_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, bool plus)
{
        const char *op = plus ? "readdirplus" : "readdir";
        struct session *s = ops_session(req);
        struct inode *dir = ops_inode(req, op, ino);
        struct reply_dir d;
        int r;

        if (dir == NULL)
                return;
        r = reply_dir_init(&d, size, plus);
        if (r < 0) {
                reply_err(req, op, r, NULL);
                return;
        }
        session_read_begin(s);
        r = dir_fill(req, &d, dir, off);
        reply_dir_done(r == 0 ? req : NULL, s, &d);
        session_read_end(s);
        if (r < 0)
                reply_err(req, op, r, NULL);
}

void op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
        (void)fi;
        dir_read(req, ino, size, off, false);
}

void op_readdirplus(
        fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
        (void)fi;
        dir_read(req, ino, size, off, true);
}
