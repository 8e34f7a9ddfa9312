/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/handle.h"
#include "fs/reply.h"
#include "fs/write_job.h"

/* ---------------------------------------------------------------- open */

int draft_new(struct draft **ret, struct session *s, struct userfile *file, int flags, bool created)
{
        struct draft *d = calloc(1, sizeof(*d));

        if (d == NULL)
                return -ENOMEM;
        d->file = file;
        buf_init(&d->bytes, LIMIT_SCRATCH_BYTES + 1);
        d->writes = (flags & O_ACCMODE) != O_RDONLY;
        if (d->writes && (d->release = draft_release_job(s)) == NULL) {
                free(d);
                return -ENOMEM;
        }
        d->created = created;
        d->truncated = !created && d->writes && (flags & O_TRUNC) != 0;
        pthread_mutex_lock(&s->write->lock);
        d->turn = file->turns;
        d->loaded = file->kind == USERFILE_ACTING && (created || d->truncated);
        if (d->writes)
                file->opened = d;
        pthread_mutex_unlock(&s->write->lock);
        *ret = d;
        return 0;
}

void draft_close(struct session *s, void *state)
{
        struct draft *d = state;

        if (d == NULL)
                return;
        pthread_mutex_lock(&s->write->lock);
        if (d->file->writer == d)
                d->file->writer = NULL;
        if (d->file->opened == d)
                d->file->opened = NULL;
        pthread_mutex_unlock(&s->write->lock);
        write_job_free(d->release);
        userfile_unref(d->file);
        buf_done(&d->bytes);
        free(d);
}

void draft_turn_locked(struct draft *d)
{
        if (d->turn == d->file->turns)
                return;
        d->turn = d->file->turns;
        buf_truncate(&d->bytes, 0);
        d->loaded = d->dirty = d->created = d->truncated = false;
        d->write = 0;
        err_clear(&d->failed);
}

/* An acting file's handle has the content that it began with. Inside a read section. */
static int draft_load_locked(struct session *s, struct draft *d)
{
        int r = 0;

        draft_turn_locked(d);
        if (!d->loaded && d->file->kind == USERFILE_ACTING) {
                r = userfile_content_locked(s->model, d->file, &d->bytes);
                d->loaded = r == 0;
        }
        return r;
}

/* What forbids writing to this file, whatever the bytes are. Inside a read section. */
static int draft_may_write_locked(struct session *s, const struct userfile *f, struct err *err)
{
        const struct object *o = NULL;

        if (f->kind != USERFILE_ACTING || f->gone ||
                place_document(s->model, &f->place, f->name, &o) == NULL)
                return 0;
        if (!o->own) {
                err_set(err, -EPERM, "%s was made by store %s", o->name, o->owner);
                err_id(err, "FLT-0252");
                err_remedy(err, "`echo adopt > %s/ctl` takes it over", o->name);
                return -EPERM;
        }
        if (f->place.folder != FOLDER_MIGRATION && o->kind != OBJECT_BACKUP &&
                o->in_force.bytes != NULL && !o->removed) {
                const struct acting_file ran = { .kind = o->kind, .name = o->name };

                return acting_refuse_ran(&ran, err);
        }
        return 0;
}

/* Answers, and tells the object if the refusal has a sentence. */
static void draft_refuse(fuse_req_t req, struct session *s, struct userfile *f, const char *op,
        int r, const struct err *err)
{
        char name[NAME_MAX + 1];
        struct place p;

        if (err->msg[0] == '\0') {
                reply_err(req, op, r, err);
                return;
        }
        pthread_mutex_lock(&s->write->lock);
        p = f->place;
        memcpy(name, f->name, sizeof(name));
        pthread_mutex_unlock(&s->write->lock);
        write_job_refuse(req, s, &p, name, op, err);
}

void draft_open(fuse_req_t req, struct session *s, struct inode *file, int flags)
{
        struct err err = ERR_INIT;
        struct draft *d = NULL;
        int r = draft_new(&d, s, userfile_ref(file->user), flags, false);

        if (r < 0) {
                userfile_unref(file->user);
                reply_err(req, "open", r, NULL);
                return;
        }
        session_read_begin(s);
        pthread_mutex_lock(&s->write->lock);
        /* `touch` opens without emptying: what it may not do is refused by WRITE. */
        if (d->truncated)
                r = draft_may_write_locked(s, d->file, &err);
        if (r == 0)
                r = draft_load_locked(s, d);
        if (r == 0 && d->truncated) {
                if (d->file->kind == USERFILE_ACTING)
                        d->file->writer = d;
                else
                        r = userfile_set_bytes_locked(d->file, "", 0);
                d->unkept = d->file->stored;
        }
        pthread_mutex_unlock(&s->write->lock);
        session_read_end(s);
        if (r < 0) {
                draft_refuse(req, s, d->file, "open", r, &err);
                draft_close(s, d);
                return;
        }
        reply_open(req, file, flags, d);
}

/* ---------------------------------------------------------------- read and write */

void draft_read(fuse_req_t req, struct session *s, struct handle *h, size_t size, off_t off)
{
        struct draft *d = h->state;
        struct buf copy = BUF_INIT(LIMIT_SCRATCH_BYTES + 1);
        const char *bytes;
        size_t len;

        /* The answer is sent without the lock: a copy stays whatever happens to the file. */
        session_read_begin(s);
        pthread_mutex_lock(&s->write->lock);
        copy.error = draft_load_locked(s, d);
        bytes = d->file->kind == USERFILE_ACTING ? d->bytes.data : d->file->bytes;
        len = d->file->kind == USERFILE_ACTING ? d->bytes.len : d->file->len;
        if (off >= 0 && (size_t)off < len)
                buf_append(&copy, bytes + off, len - (size_t)off < size ? len - (size_t)off : size);
        pthread_mutex_unlock(&s->write->lock);
        session_read_end(s);
        if (copy.error)
                reply_err(req, "read", copy.error, NULL);
        else
                reply_bytes(req, copy.data, copy.len, size, 0);
        buf_done(&copy);
}

/* Bytes at an offset; a gap is filled with NULs, as any filesystem does. */
static int bytes_put(struct buf *b, const char *bytes, size_t len, size_t off)
{
        static const char zeros[256];

        if (off > LIMIT_SCRATCH_BYTES || len > LIMIT_SCRATCH_BYTES - off)
                return -EFBIG;
        while (b->error == 0 && b->len < off)
                buf_append(b, zeros, off - b->len < sizeof(zeros) ? off - b->len : sizeof(zeros));
        if (b->error == 0) {
                size_t over = b->len - off < len ? b->len - off : len;
                memcpy(b->data + off, bytes, over);
                buf_append(b, bytes + over, len - over);
        }
        return b->error;
}

static int scratch_put_locked(struct userfile *f, const char *bytes, size_t len, size_t off)
{
        struct buf b = BUF_INIT(LIMIT_SCRATCH_BYTES + 1);
        int r = buf_append(&b, f->bytes != NULL ? f->bytes : "", f->len);

        if (r == 0)
                r = bytes_put(&b, bytes, len, off);
        if (r == 0)
                r = userfile_set_bytes_locked(f, b.data, b.len);
        if (r == 0)
                f->mtime_ns = clock_realtime() * NS_PER_SEC;
        buf_done(&b);
        return r;
}

void draft_write(fuse_req_t req, struct session *s, struct handle *h, const char *bytes, size_t len,
        off_t off)
{
        struct draft *d = h->state;
        struct userfile *f = d->file;
        struct err err = ERR_INIT;
        int r;

        session_read_begin(s);
        pthread_mutex_lock(&s->write->lock);
        r = draft_may_write_locked(s, f, &err);
        if (r == 0)
                r = draft_load_locked(s, d);
        session_read_end(s);
        if (r < 0) {
                pthread_mutex_unlock(&s->write->lock);
                draft_refuse(req, s, f, "write", r, &err);
                return;
        }
        if (f->kind == USERFILE_ACTING && !f->gone) {
                /* The kernel's idea of the end may be another writer's. */
                r = bytes_put(
                        &d->bytes, bytes, len, h->flags & O_APPEND ? d->bytes.len : (size_t)off);
                d->dirty = d->wrote = true;
                d->mtime_ns = 0; /* times that were set before count no more */
                f->writer = d;
                if (r < 0 && d->failed.code == 0) {
                        if (r == -EFBIG)
                                err_set(&d->failed, r, "the file has more than %u bytes",
                                        LIMIT_SCRATCH_BYTES);
                        else
                                err_set(&d->failed, r, "a write failed: %s", strerror(-r));
                        err_id(&d->failed, r == -EFBIG ? "FLT-0208" : "FLT-0254");
                        err_remedy(&d->failed,
                                r == -EFBIG ? "a policy may have 128 KiB" : "write it again");
                }
        } else {
                r = scratch_put_locked(f, bytes, len, h->flags & O_APPEND ? f->len : (size_t)off);
                d->wrote = true;
                d->unkept = f->stored && !f->gone;
        }
        pthread_mutex_unlock(&s->write->lock);
        if (r < 0)
                reply_err(req, "write", r, NULL);
        else
                reply_write(req, len);
}

/* ---------------------------------------------------------------- setattr */

static void touch_run(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        fuse_req_t req;
        int r = 0;

        if (place_acting(&j->place, j->name, stem, ext, &a))
                r = acting_touch(e, &a, j->mtime_ns, (j->flags & FUSE_SET_ATTR_MTIME_NOW) != 0, &j->err);
        engine_publish(e);
        if (r < 0) {
                write_job_reply(e, j, r);
                return;
        }
        req = parked_take(j->parked);
        if (req != NULL)
                reply_user_attr(req, "setattr", j->folder);
        write_job_free(j);
}

static int setattr_size_locked(
        struct session *s, struct userfile *f, struct draft *d, size_t size, size_t now)
{
        int r;

        if (size > LIMIT_SCRATCH_BYTES)
                return -EFBIG;
        if (f->kind != USERFILE_ACTING || f->gone) {
                char *grown = realloc(f->bytes, size + 1);
                if (grown == NULL)
                        return -ENOMEM;
                if (size > f->len)
                        memset(grown + f->len, 0, size - f->len);
                grown[size] = '\0';
                f->bytes = grown;
                f->len = size;
                if (d != NULL)
                        d->unkept = f->stored && !f->gone;
                return 0;
        }
        /* To the size it has is no change. Else by its path it would be an edit that nobody closes.
         */
        if (d == NULL || !d->writes)
                return size == now ? 0 : -EPERM;
        r = draft_load_locked(s, d);
        if (r < 0)
                return r;
        if (size < d->bytes.len)
                buf_truncate(&d->bytes, size);
        else
                (void)bytes_put(&d->bytes, "", 0, size);
        if (size == 0 && !d->wrote)
                d->truncated = !d->created;
        else
                d->dirty = d->wrote = true;
        f->writer = d;
        return d->bytes.error;
}

void draft_setattr(fuse_req_t req, struct session *s, struct inode *file, const struct stat *attr,
        int to_set, struct handle *h)
{
        struct userfile *f = file->user;
        struct draft *d = h != NULL ? h->state : NULL;
        const bool now = (to_set & FUSE_SET_ATTR_MTIME_NOW) != 0;
        int64_t mtime_ns = now ? clock_realtime() * NS_PER_SEC
                               : (int64_t)attr->st_mtim.tv_sec * NS_PER_SEC + attr->st_mtim.tv_nsec;
        struct user_attr as_is = { .size = 0 };
        struct write_job *j = NULL;
        int r;

        session_read_begin(s);
        r = userfile_getattr(s, f, &as_is);
        pthread_mutex_lock(&s->write->lock);
        if (r == 0 && (to_set & FUSE_SET_ATTR_SIZE))
                r = setattr_size_locked(s, f, d, (size_t)attr->st_size, as_is.size);
        session_read_end(s);
        if (r == 0 && (to_set & (FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW))) {
                /* The kernel does not always say by which handle: a touch is anybody's who has the
                 * file open alone. */
                struct draft *opened = d != NULL ? d : f->opened;

                f->mtime_ns = mtime_ns;
                if (opened != NULL) {
                        opened->mtime_ns = mtime_ns;
                        opened->touched = opened->touched || now;
                }
                if (f->kind == USERFILE_ACTING && !f->gone)
                        j = write_job_new(s, "setattr", touch_run);
                if (j != NULL) {
                        j->place = f->place;
                        snprintf(j->name, sizeof(j->name), "%s", f->name);
                        j->mtime_ns = mtime_ns;
                        j->flags = opened == NULL ? to_set : 0;
                }
        }
        pthread_mutex_unlock(&s->write->lock);
        if (r < 0) {
                reply_err(req, "setattr", r, NULL);
        } else if (j != NULL) {
                j->folder = inode_ref(&s->inodes, file);
                write_job_post(j, req);
        } else {
                reply_user_attr(req, "setattr", file);
        }
}
