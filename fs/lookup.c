/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

#define NS_PER_S 1000000000LL

/* The bytes of a version, exactly as long as they are. */
static int lookup_take_bytes(struct buf *b, struct inode_version *v)
{
        char *bytes;
        size_t len;
        int r = buf_steal(b, &bytes, &len);

        if (r < 0)
                return r;
        /* It may live long: give back what growing left over. */
        v->bytes = realloc(bytes, len + 1);
        if (v->bytes == NULL)
                v->bytes = bytes;
        v->len = len;
        v->size = len;
        return 0;
}

int lookup_node_version(const struct node *n, struct inode_version *ret)
{
        struct inode_version v = {
                .row = n->row,
                .mode = node_mode(n),
                .mtime_ns = node_mtime(n) * NS_PER_S,
        };
        int r = 0;

        switch (n->row->kind) {
        case NODE_FILE:
        case NODE_LINK: {
                _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RENDERED_BYTES);

                r = node_render(n, &b);
                if (r == 0)
                        r = lookup_take_bytes(&b, &v);
                break;
        }
        case NODE_LOG: {
                struct node_log log = { .bytes = NULL };

                n->row->log(&n->subject, &log);
                v.size = log.len;
                v.generation = log.generation;
                v.mtime_ns = log.mtime * NS_PER_S;
                break;
        }
        case NODE_DIR:
        case NODE_CTL:
        case NODE_WAIT:
        case NODE_LIST:
        case NODE_USER:
                break;
        }
        if (r < 0)
                return r;
        *ret = v;
        return 0;
}

static int lookup_user_version(struct session *s, struct userfile *file, struct inode_version *ret)
{
        const struct write_ops *ops = s->options.write;
        struct inode_version v = { .row = NULL };
        struct user_attr a = { .mode = 0 };
        int r = ops->getattr(s, file, &a);

        if (r < 0)
                return r;
        v.mode = a.mode;
        v.mtime_ns = a.mtime_ns;
        v.size = a.size;
        v.ino = a.ino;
        /* A link is cached by its inode. Under -o ro files are, too: there is no open to begin anew
         * with. */
        if (S_ISLNK(a.mode) || s->read_only) {
                _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RENDERED_BYTES);

                r = ops->content(s, file, &b);
                if (r == 0)
                        r = lookup_take_bytes(&b, &v);
                if (r < 0)
                        return r;
                v.ino = 0;
        }
        v.user = ops->ref(file);
        *ret = v;
        return 0;
}

int lookup_version(
        struct session *s, const struct node *dir, const char *name, struct inode_version *ret)
{
        struct userfile *file = NULL;
        struct node n;
        int r = node_child(dir, name, &n);

        if (r == 0)
                return lookup_node_version(&n, ret);
        if (r != -ENOENT || s->options.write == NULL || node_user_row(dir) == NULL)
                return r;

        r = s->options.write->lookup(s, &dir->subject, name, &file);
        if (r < 0)
                return r;
        r = lookup_user_version(s, file, ret);
        s->options.write->unref(file);
        return r;
}

static void lookup_fill(const struct session *s, const struct inode *i, uint64_t size,
        int64_t mtime_ns, struct stat *st)
{
        int64_t rest = mtime_ns % NS_PER_S;

        *st = (struct stat){
                .st_ino = i->ino,
                .st_mode = i->mode,
                .st_nlink = 1,
                .st_uid = s->uid,
                .st_gid = s->gid,
                .st_size = (off_t)size,
                .st_blocks = (blkcnt_t)((size + 511) / 512),
                .st_blksize = 4096,
        };
        st->st_mtim.tv_sec = mtime_ns / NS_PER_S - (rest < 0 ? 1 : 0);
        st->st_mtim.tv_nsec = rest < 0 ? rest + NS_PER_S : rest;
        st->st_ctim = st->st_mtim;
        st->st_atim = st->st_mtim;
}

static int lookup_enter(struct session *s, struct inode *parent, const char *name,
        struct inode_version *v, struct inode **ret, struct stat *st)
{
        uint64_t size = v->size;
        int64_t mtime_ns = v->mtime_ns;
        int r = inode_enter(&s->inodes, parent, name, v, ret);

        if (r == 0)
                lookup_fill(s, *ret, size, mtime_ns, st);
        inode_version_done(v, &s->inodes);
        return r;
}

int lookup_inode(struct session *s, struct inode *parent, const struct node *dir, const char *name,
        struct inode **ret, struct stat *st)
{
        struct inode_version v = { .row = NULL };
        int r = lookup_version(s, dir, name, &v);

        return r < 0 ? r : lookup_enter(s, parent, name, &v, ret, st);
}

int lookup_user_inode(struct session *s, struct inode *parent, const char *name,
        struct userfile *file, struct inode **ret, struct stat *st)
{
        struct inode_version v = { .row = NULL };
        int r = lookup_user_version(s, file, &v);

        s->options.write->unref(file);
        return r < 0 ? r : lookup_enter(s, parent, name, &v, ret, st);
}

int lookup_stat(struct session *s, const struct inode *i, struct stat *ret)
{
        struct inode_version v = { .row = NULL };
        struct user_attr a = { .mode = 0 };
        struct node n;
        int r;

        if (i->bytes != NULL) {
                lookup_fill(s, i, i->len, i->mtime_ns, ret);
                return 0;
        }
        if (i->user != NULL) {
                r = s->options.write->getattr(s, i->user, &a);
                if (r == 0)
                        lookup_fill(s, i, a.size, a.mtime_ns, ret);
                return r;
        }
        /* Folders, logs, ctl and wait: their attributes are those of what they stand for. */
        r = inode_resolve(i, &s->root, &n);
        if (r == 0)
                r = lookup_node_version(&n, &v);
        /* An older generation of a log has no bytes any more. */
        if (r == 0)
                lookup_fill(s, i, v.generation == i->generation ? v.size : 0, v.mtime_ns, ret);
        return r;
}
