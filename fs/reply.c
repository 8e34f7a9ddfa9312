/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/reply.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "fs/lookup.h"
#include "fs/session.h"

/*
 * Timeouts. What is synthesized changes with a notification, so the kernel may keep it; the minute
 * is what a lost notification costs at most. User files change by other ways than the model
 * (scratch is in no model, a rename moves an acting file away): they are asked for each time. No
 * negative entry is ever cached: names appear at any moment, and nobody could be told of a name
 * that the kernel never asked for.
 */

static struct session *reply_session(fuse_req_t req)
{
        return fuse_req_userdata(req);
}

static double reply_timeout(const struct session *s, const struct inode *i)
{
        return i->user != NULL && !s->read_only ? 0 : SESSION_CACHE_S;
}

void reply_err_of(
        fuse_req_t req, const char *op, const char *file, int code, const struct err *err)
{
        if (file != NULL && file[0] == '\0')
                file = NULL;
        assert(code <= 0);
        /* With a sentence it is worth a line; the bare errno of a probing lookup is not. */
        if (code < 0 && err != NULL && err->msg[0] != '\0')
                log_warn("refused", LOG_S("op", op), LOG_S("file", file), LOG_ERR(err));
        else if (code < 0 && code != -ENOENT && code != -ENODATA)
                log_debug("refused", LOG_S("op", op), LOG_S("file", file),
                        LOG_S("errno", errno_name(code)));
        (void)fuse_reply_err(req, -code);
}

void reply_err(fuse_req_t req, const char *op, int code, const struct err *err)
{
        reply_err_of(req, op, NULL, code, err);
}

void reply_none(fuse_req_t req)
{
        fuse_reply_none(req);
}

/* ---------------------------------------------------------------- entries */

static struct fuse_entry_param reply_param(
        const struct session *s, const struct inode *i, const struct stat *st)
{
        double timeout = reply_timeout(s, i);

        return (struct fuse_entry_param){
                .ino = i->id,
                .generation = 1,
                .attr = *st,
                .attr_timeout = timeout,
                .entry_timeout = timeout,
        };
}

/* An entry whose lookup was counted by inode_enter(); counts back when the kernel did not take it.
 */
static void reply_entry(fuse_req_t req, struct inode *i, const struct stat *st)
{
        struct session *s = reply_session(req);
        struct fuse_entry_param e = reply_param(s, i, st);

        /* Nobody waits any more: the kernel did not take the lookup. */
        if (fuse_reply_entry(req, &e) < 0)
                inode_forget_id(&s->inodes, e.ino, 1);
}

/* Resolves, makes the inode and answers, all in one read section. */
void reply_lookup(fuse_req_t req, const char *op, struct inode *parent, const char *name)
{
        struct session *s = reply_session(req);
        struct inode *i;
        struct node dir;
        struct stat st;
        int r;

        session_read_begin(s);
        r = inode_resolve(parent, &s->root, &dir);
        if (r == 0)
                r = lookup_inode(s, parent, &dir, name, &i, &st);
        if (r == 0)
                reply_entry(req, i, &st);
        session_read_end(s);
        if (r < 0)
                reply_err(req, op, r == -ESTALE ? -ENOENT : r, NULL);
}

/* ---------------------------------------------------------------- handles */

static struct fuse_file_info reply_user_file_info(int flags, struct handle *h)
{
        /* Not keep_cache: each open reads anew, as the file changes in place. */
        return (struct fuse_file_info){ .flags = flags, .fh = (uint64_t)(uintptr_t)h };
}

int reply_create(fuse_req_t req, struct inode *folder, const char *name, struct userfile *file,
        int flags, void *state)
{
        struct session *s = reply_session(req);
        struct fuse_entry_param e;
        struct fuse_file_info fi;
        struct handle *h = NULL;
        struct inode *i;
        struct stat st;
        int r;

        session_read_begin(s);
        r = lookup_user_inode(s, folder, name, file, &i, &st);
        session_read_end(s);
        if (r < 0) {
                s->options.write->close(s, state);
                reply_err(req, "create", r, NULL);
                return r;
        }
        r = handle_new(&h, s, i, flags, state);
        if (r < 0) {
                inode_forget(&s->inodes, i, 1);
                s->options.write->close(s, state);
                reply_err(req, "create", r, NULL);
                return r;
        }
        h->uid = fuse_req_ctx(req)->uid;
        h->pid = fuse_req_ctx(req)->pid;
        e = reply_param(s, i, &st);
        fi = reply_user_file_info(flags, h);
        r = fuse_reply_create(req, &e, &fi);
        if (r < 0) {
                inode_forget_id(&s->inodes, e.ino, 1);
                (void)handle_free(s, h);
        }
        return r;
}

void reply_open(fuse_req_t req, struct inode *file, int flags, void *state)
{
        struct session *s = reply_session(req);
        struct fuse_file_info fi;
        struct handle *h = NULL;
        int r = handle_new(&h, s, file, flags, state);

        if (r < 0) {
                s->options.write->close(s, state);
                reply_err(req, "open", r, NULL);
                return;
        }
        h->uid = fuse_req_ctx(req)->uid;
        h->pid = fuse_req_ctx(req)->pid;
        fi = reply_user_file_info(flags, h);
        if (fuse_reply_open(req, &fi) < 0)
                (void)handle_free(s, h);
}

void reply_opened(fuse_req_t req, struct handle *h)
{
        struct session *s = reply_session(req);
        /* Without a handle nothing happens at close; with one (ctl, wait) all happened before. */
        struct fuse_file_info fi = {
                .fh = (uint64_t)(uintptr_t)h,
                .keep_cache = h == NULL,
                .direct_io = h != NULL,
                .noflush = 1,
        };

        if (fuse_reply_open(req, &fi) < 0)
                (void)handle_free(s, h);
}

void reply_opened_dir(fuse_req_t req)
{
        struct fuse_file_info fi = { .keep_cache = 1, .cache_readdir = 1 };

        (void)fuse_reply_open(req, &fi);
}

/* ---------------------------------------------------------------- attributes and bytes */

void reply_attr(fuse_req_t req, const struct stat *st, double timeout)
{
        (void)fuse_reply_attr(req, st, timeout);
}

void reply_user_attr(fuse_req_t req, const char *op, struct inode *file)
{
        struct session *s = reply_session(req);
        struct stat st;
        int r;

        session_read_begin(s);
        r = lookup_stat(s, file, &st);
        if (r == 0)
                reply_attr(req, &st, reply_timeout(s, file));
        session_read_end(s);
        if (r < 0)
                reply_err(req, op, r, NULL);
}

void reply_readlink(fuse_req_t req, const char *target)
{
        (void)fuse_reply_readlink(req, target);
}

void reply_write(fuse_req_t req, size_t count)
{
        (void)fuse_reply_write(req, count);
}

void reply_bytes(fuse_req_t req, const char *bytes, size_t len, size_t size, off_t off)
{
        size_t at = off < 0 || (uint64_t)off > len ? len : (size_t)off;

        if (size > len - at)
                size = len - at;
        (void)fuse_reply_buf(req, size > 0 ? bytes + at : NULL, size);
}

void reply_xattr(fuse_req_t req, const char *bytes, size_t len, size_t size)
{
        if (size == 0)
                (void)fuse_reply_xattr(req, len);
        else if (len > size)
                (void)fuse_reply_err(req, ERANGE);
        else
                (void)fuse_reply_buf(req, bytes, len);
}

void reply_statfs(fuse_req_t req)
{
        /* Constant, so that df and desktops never wait; free space, so that file managers do not
         * refuse a copy. */
        struct statvfs st = {
                .f_bsize = 4096,
                .f_frsize = 4096,
                .f_blocks = 1 << 20,
                .f_bfree = 1 << 18,
                .f_bavail = 1 << 18,
                .f_files = 1 << 20,
                .f_ffree = 1 << 18,
                .f_favail = 1 << 18,
                .f_namemax = 255,
        };

        (void)fuse_reply_statfs(req, &st);
}

/* ---------------------------------------------------------------- directories */

int reply_dir_init(struct reply_dir *d, size_t size, bool plus)
{
        *d = (struct reply_dir){ .size = size, .plus = plus };
        d->buf = malloc(size);
        return d->buf != NULL ? 0 : -ENOMEM;
}

bool reply_dir_fits(fuse_req_t req, const struct reply_dir *d, const char *name)
{
        size_t need = d->plus ? fuse_add_direntry_plus(req, NULL, 0, name, NULL, 0)
                              : fuse_add_direntry(req, NULL, 0, name, NULL, 0);

        return need <= d->size - d->len;
}

int reply_dir_add(fuse_req_t req, struct reply_dir *d, const char *name, struct inode *i,
        const struct stat *st, off_t next)
{
        struct session *s = reply_session(req);
        size_t room = d->size - d->len, used;

        if (d->plus) {
                struct fuse_entry_param e = { .attr = *st };

                if (i != NULL && d->n_counted == d->cap_counted) {
                        size_t cap = d->cap_counted != 0 ? 2 * d->cap_counted : 256;
                        struct inode **grown = reallocarray(d->counted, cap, sizeof(*grown));

                        if (grown == NULL) {
                                inode_forget(&s->inodes, i, 1);
                                return -ENOMEM;
                        }
                        d->counted = grown;
                        d->cap_counted = cap;
                }
                if (i != NULL)
                        e = reply_param(s, i, st);
                used = fuse_add_direntry_plus(req, d->buf + d->len, room, name, &e, next);
        } else {
                used = fuse_add_direntry(req, d->buf + d->len, room, name, st, next);
        }
        if (used > room) {
                if (i != NULL)
                        inode_forget(&s->inodes, i, 1);
                return -ENOSPC;
        }
        d->len += used;
        if (i != NULL)
                d->counted[d->n_counted++] = i;
        return 0;
}

void reply_dir_done(fuse_req_t req, struct session *s, struct reply_dir *d)
{
        int r = req != NULL ? fuse_reply_buf(req, d->buf, d->len) : -1;

        /* They are counted, so they are still there. */
        for (size_t k = 0; r < 0 && k < d->n_counted; k++)
                inode_forget(&s->inodes, d->counted[k], 1);
        free(d->counted);
        free(d->buf);
}
