/* SPDX-License-Identifier: Apache-2.0 */
/* A draft's way through FLUSH, FSYNC and RELEASE: what was written is committed, then started. */
#include "fs/draft.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fs/handle.h"
#include "fs/reply.h"
#include "fs/scratch.h"
#include "fs/write_job.h"

/* ---------------------------------------------------------------- flush */

/* Field 52 of /proc/<tid>/stat: what the thread that closes will end with; 0 while it does not end,
   and when we may not know. */
static int writer_exit_code(pid_t tid)
{
        char path[64], text[1024], *p;
        FILE *f;
        size_t n;
        int code = 0;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int)tid);
        f = fopen(path, "re");
        if (f == NULL)
                return 0;
        n = fread(text, 1, sizeof(text) - 1, f);
        fclose(f);
        text[n] = '\0';
        /* The name in parentheses may hold anything: fields are counted from its end, which is
         * field 2. */
        p = strrchr(text, ')');
        for (int field = 2; p != NULL && field < 52; field++)
                p = strchr(p + 1, ' ');
        if (p != NULL)
                code = atoi(p + 1);
        return code;
}

/* The acting name of a handle's file as it is now; false when it has none any more. Engine thread.
 */
static bool draft_acting(struct session *s, struct draft *d, struct place *p,
        char name[static NAME_MAX + 1], char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1], struct acting_file *ret)
{
        LOCK_SCOPE(&s->write->lock);
        draft_turn_locked(d);
        if (d->file->gone || d->file->kind != USERFILE_ACTING)
                return false;
        *p = d->file->place;
        memcpy(name, d->file->name, NAME_MAX + 1);
        return place_acting(p, name, stem, ext, ret);
}

/* The handle's bytes are judged, or were refused: what comes after is a commit of its own. */
static void flush_done(struct write_job *j, uint64_t write)
{
        struct draft *d = j->handle->state;

        LOCK_SCOPE(&j->s->write->lock);
        d->write = write;
        if (d->file->writer == d && !d->dirty)
                d->file->writer = NULL;
}

static void flush_run(struct engine *e, struct write_job *j)
{
        char name[NAME_MAX + 1], stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct draft *d = j->handle->state;
        struct acting_file a;
        struct place p;
        uint64_t write;
        int r;

        /* Unlinked, or renamed to a scratch name, since the worker looked: then these bytes are
         * nobody's. */
        if (!draft_acting(j->s, d, &p, name, stem, ext, &a)) {
                write_job_reply(e, j, 0);
                return;
        }
        write = d->write;
        j->place = p;
        memcpy(j->name, name, sizeof(j->name));
        if (j->err.code != 0)
                r = acting_refuse(e, &a, j->bytes, j->len, write, &j->err);
        else
                r = acting_commit(e, &a, j->bytes, j->len, j->mtime_ns, &write, &j->err);
        flush_done(j, r == 0 ? write : 0);
        write_job_reply_told(e, j, r);
}

/* The close has failed: what was written stays as a draft that is interrupted, and RELEASE starts
 * nothing, also not what an earlier FLUSH of the handle had accepted. */
static void flush_unasked(struct engine *e, struct write_job *j)
{
        struct draft *d = j->handle->state;
        char name[NAME_MAX + 1], stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct place p;

        if (draft_acting(j->s, d, &p, name, stem, ext, &a)) {
                if (j->err.code == 0) {
                        err_set(&j->err, -ETIMEDOUT, "the state folder did not take the file in time");
                        err_id(&j->err, "FLT-0258");
                        err_remedy(&j->err, "write it again, or `echo start > ctl`");
                }
                log_warn("refused", LOG_S("op", j->op), LOG_S("file", name), LOG_ERR(&j->err));
                acting_abandon(e, &a, j->bytes, j->len, d->write, &j->err);
                flush_done(j, 0);
        }
        write_job_reply(e, j, 0);
}

/* A scratch file that the store has was written. */
static void keep_run(struct engine *e, struct write_job *j)
{
        struct draft *d = j->handle->state;
        struct scratch_record record = { .bytes = j->bytes, .len = j->len };
        char name[NAME_MAX + 1];
        struct place p;
        bool kept;

        pthread_mutex_lock(&j->s->write->lock);
        kept = !d->file->gone && d->file->kind == USERFILE_SCRATCH && d->file->stored;
        p = d->file->place;
        memcpy(name, d->file->name, sizeof(name));
        record.mtime_ns = d->file->mtime_ns;
        record.origin = d->file->origin;
        pthread_mutex_unlock(&j->s->write->lock);
        write_job_reply(e, j, kept ? scratch_keep(e, &p, name, &record, &j->err) : 0);
}

static void keep_unasked(struct engine *e, struct write_job *j)
{
        struct draft *d = j->handle->state;

        pthread_mutex_lock(&j->s->write->lock);
        d->unkept = d->file->stored && !d->file->gone;
        pthread_mutex_unlock(&j->s->write->lock);
        write_job_reply(e, j, 0);
}

/* `touch backup@latest.yaml`: an empty restore whose name says all, and whose times were set to now
 * while it was open. */
static bool touched_restore_locked(const struct draft *d)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;

        return d->touched && !d->wrote && !d->truncated && d->bytes.len == 0 && d->write == 0 &&
               place_acting(&d->file->place, d->file->name, stem, ext, &a) &&
               a.kind == OBJECT_RESTORE && strchr(stem, '@') != NULL;
}

/* A new file that was touched and not written: its folder is there when touch(1) returns. Without a
 * touch the file may still be written by a copy of the handle, and RELEASE tells. */
static bool touched_new_locked(const struct draft *d)
{
        return d->touched && d->created && !d->wrote && !d->truncated && d->bytes.len == 0 &&
               d->write == 0;
}

static void flush_empty_run(struct engine *e, struct write_job *j)
{
        char name[NAME_MAX + 1], stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct draft *d = j->handle->state;
        struct acting_file a;
        struct place p;
        int r = 0;

        if (draft_acting(j->s, d, &p, name, stem, ext, &a)) {
                j->place = p;
                memcpy(j->name, name, sizeof(j->name));
                r = acting_finish_empty(e, &a, false, d->exit_code, &j->err);
        }
        write_job_reply_told(e, j, r);
}

/* What there is to do about the bytes of a handle, with a copy of them; NULL: nothing. */
static struct write_job *draft_job_locked(struct draft *d, struct handle *h, struct session *s,
        const char *op, void (*run)(struct engine *, struct write_job *),
        void (*unasked)(struct engine *, struct write_job *), int *r)
{
        struct write_job *j = write_job_new(s, op, run);
        const bool acting = d->file->kind == USERFILE_ACTING;
        const char *bytes = acting ? d->bytes.data : d->file->bytes;

        if (j != NULL) {
                j->len = acting ? d->bytes.len : d->file->len;
                j->bytes = malloc(j->len + 1);
        }
        if (j == NULL || j->bytes == NULL) {
                free(j);
                *r = -ENOMEM;
                return NULL;
        }
        memcpy(j->bytes, bytes, j->len);
        j->bytes[j->len] = '\0';
        j->unasked = unasked;
        j->handle = h;
        j->mtime_ns = d->mtime_ns;
        j->err = d->failed;
        return j;
}

/* With a job the engine answers; else there is nothing to do, or r says why not. */
static void draft_answer(fuse_req_t req, struct write_job *j, const char *op, int r)
{
        if (j == NULL)
                reply_err(req, op, r, NULL);
        else
                write_job_post(j, req);
}

void draft_flush(fuse_req_t req, struct session *s, struct handle *h)
{
        struct draft *d = h->state;
        struct write_job *j = NULL;
        int exit_code = d->writes ? writer_exit_code(fuse_req_ctx(req)->pid) : 0, r = 0;

        pthread_mutex_lock(&s->write->lock);
        draft_turn_locked(d);
        d->exit_code = exit_code;
        if (d->writes && !d->file->gone && d->file->kind == USERFILE_ACTING &&
                (d->dirty || touched_restore_locked(d))) {
                j = draft_job_locked(d, h, s, "flush", flush_run, flush_unasked, &r);
                d->dirty = d->dirty && r < 0;
        } else if (d->writes && !d->file->gone && d->file->kind == USERFILE_ACTING &&
                   touched_new_locked(d)) {
                j = draft_job_locked(d, h, s, "flush", flush_empty_run, NULL, &r);
        } else if (d->unkept && !d->file->gone && d->file->kind == USERFILE_SCRATCH) {
                j = draft_job_locked(d, h, s, "flush", keep_run, keep_unasked, &r);
                d->unkept = r < 0;
        }
        pthread_mutex_unlock(&s->write->lock);
        draft_answer(req, j, "flush", r);
}

static void fsync_run(struct engine *e, struct write_job *j)
{
        char name[NAME_MAX + 1], stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct place p;
        int r = 0;

        if (draft_acting(j->s, j->handle->state, &p, name, stem, ext, &a))
                r = acting_sync(e, &a, j->bytes, j->len, &j->err);
        write_job_reply(e, j, r);
}

void draft_fsync(fuse_req_t req, struct session *s, struct handle *h)
{
        struct draft *d = h->state;
        struct write_job *j = NULL;
        int r = 0;

        pthread_mutex_lock(&s->write->lock);
        draft_turn_locked(d);
        if (d->dirty && d->failed.code == 0 && d->file->kind == USERFILE_ACTING && !d->file->gone)
                j = draft_job_locked(d, h, s, "fsync", fsync_run, NULL, &r);
        else if (d->unkept && !d->file->gone && d->file->kind == USERFILE_SCRATCH)
                j = draft_job_locked(d, h, s, "fsync", keep_run, NULL, &r);
        pthread_mutex_unlock(&s->write->lock);
        draft_answer(req, j, "fsync", r);
}

/* ---------------------------------------------------------------- release */

static void release_run(struct engine *e, struct write_job *j)
{
        char name[NAME_MAX + 1], stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        char path[PLACE_PATH_MAX];
        struct draft *d = j->handle->state;
        struct err err = ERR_INIT;
        struct acting_file a;
        struct place p;
        int r = 0;

        if (draft_acting(j->s, d, &p, name, stem, ext, &a)) {
                if (d->write != 0)
                        r = acting_finish(e, &a, d->write, d->exit_code, &err);
                else if (!d->wrote && (d->created || d->truncated))
                        r = acting_finish_empty(e, &a, d->truncated, d->exit_code, &err);
        }
        /* Nobody waits for this answer: the log is where the reason goes, beside the draft. */
        if (r < 0)
                log_warn("not started", LOG_S("op", "release"),
                        LOG_S("file", place_path(&p, name, path)), LOG_ERR(&err));
        engine_publish(e);
        handle_free(j->s, j->handle);
        j->handle = NULL;
        write_job_reply(e, j, 0);
}

struct write_job *draft_release_job(struct session *s)
{
        struct write_job *j = write_job_new(s, "release", release_run);

        if (j != NULL)
                j->unasked = release_run;
        return j;
}

void draft_release(fuse_req_t req, struct session *s, struct handle *h)
{
        struct draft *d = h->state;
        struct write_job *j = TAKE(d->release);

        if (j == NULL) {
                handle_free(s, h);
                reply_err(req, "release", 0, NULL);
                return;
        }
        j->handle = h;
        write_job_post_release(j, req);
}
