/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The write path's table, its life with the session, jobs for the engine, and control files.
 */
#include "fs/write_ops.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/draft.h"
#include "fs/guard.h"
#include "fs/scratch.h"
#include "fs/reply.h"
#include "fs/write_job.h"

/* ---------------------------------------------------------------- jobs */

struct write_job *write_job_new(
        struct session *s, const char *op, void (*run)(struct engine *, struct write_job *))
{
        struct write_job *j = calloc(1, sizeof(*j));

        if (j == NULL)
                return NULL;
        j->s = s;
        j->op = op;
        j->run = run;
        return j;
}

void write_job_free(struct write_job *j)
{
        if (j == NULL)
                return;
        if (j->handle != NULL && strcmp(j->op, "release") == 0)
                handle_free(j->s, j->handle);
        if (j->folder != NULL)
                inode_unref(&j->s->inodes, j->folder);
        userfile_unref(j->file);
        free(j->bytes);
        free(j);
}

/* Whoever was told that it failed must not find it done. */
static void write_job_run(struct engine *e, void *arg)
{
        struct write_job *j = arg;

        if (j->parked != NULL && parked_begin(j->parked))
                j->run(e, j);
        else if (j->unasked != NULL)
                j->unasked(e, j);
        else
                write_job_reply(e, j, 0);
}

void write_job_post(struct write_job *j, fuse_req_t req)
{
        int r = parked_new(&j->parked, &j->s->parking, req, j->op, LIMIT_ENGINE_ANSWER_MS, 0);

        if (r < 0) {
                write_job_free(j);
                return;
        }
        r = engine_post(j->s->engine, write_job_run, j);
        if (r == 0)
                return;
        req = parked_take(j->parked);
        if (req != NULL)
                reply_err(req, j->op, r, NULL);
        write_job_free(j);
}

void write_job_post_release(struct write_job *j, fuse_req_t req)
{
        (void)parked_new(&j->parked, &j->s->parking, req, j->op, LIMIT_ENGINE_ANSWER_MS, 0);
        engine_post_own(j->s->engine, &j->post, write_job_run, j);
}

/* A rename is told by the name that it was to make. */
static void write_job_reply_err(fuse_req_t req, const struct write_job *j, int r)
{
        char path[PLACE_PATH_MAX];

        if (j->to_name[0] != '\0')
                place_path(&j->to, j->to_name, path);
        else if (j->name[0] != '\0')
                place_path(&j->place, j->name, path);
        else
                path[0] = '\0';
        reply_err_of(req, j->op, path, r, &j->err);
}

/* ---------------------------------------------------------------- what objects are told */

/* An operation's command as a user would write it, and the code of a refusal that has none. */
static const struct job_words {
        const char *op, *id;
        bool ends; /* what it accepts ends an older refusal */
} job_words[] = {
        { "ctl", "FLT-0259", true },
        { "symlink", "FLT-0260", true },
        { "rename", NULL, true },
        { "unlink", NULL, true },
        { "rmdir", NULL, true },
        { "flush", NULL, true },
        { "mkdir", NULL, false },
        { "create", NULL, false },
        { "open", NULL, false },
        { "write", NULL, false },
};

static void job_command(const struct write_job *j, char *to, size_t size)
{
        const char *folder = j->place.folder == FOLDER_TARGETS ? "targets/" : "";

        if (strcmp(j->op, "ctl") == 0)
                snprintf(to, size, "echo %.*s > %s/ctl", (int)strcspn(j->bytes, "\n"), j->bytes,
                        j->name);
        else if (strcmp(j->op, "symlink") == 0)
                snprintf(to, size, "ln -s %s %s%s", j->bytes, folder, j->name);
        else if (strcmp(j->op, "rename") == 0)
                snprintf(to, size, "mv %s%s %s", folder, j->name, j->to_name);
        else if (strcmp(j->op, "unlink") == 0)
                snprintf(to, size, "rm %s%s", folder, j->name);
        else if (strcmp(j->op, "rmdir") == 0 || strcmp(j->op, "mkdir") == 0)
                snprintf(to, size, "%s %s", j->op, j->name);
        else
                snprintf(to, size, "write %s", j->name);
}

/* The object that a name in a place is about: its file, its link, its folder. */
static bool job_object(const struct place *p, const char *name, struct acting_file *ret,
        char stem[static ACTING_STEM_MAX + 1])
{
        char ext[ACTING_EXT_MAX + 1];

        if (p->folder == FOLDER_MIGRATION || p->folder == FOLDER_TARGETS) {
                snprintf(stem, ACTING_STEM_MAX + 1, "%s", p->migration);
                *ret = (struct acting_file){ .fleet = p->fleet, .kind = OBJECT_MIGRATION, .name = stem };
                return true;
        }
        if (place_acting(p, name, stem, ext, ret))
                return true;
        snprintf(stem, ACTING_STEM_MAX + 1, "%s", name);
        *ret = (struct acting_file){ .fleet = p->fleet, .kind = OBJECT_MIGRATION, .name = stem };
        return p->folder == FOLDER_MIGRATIONS;
}

/* Every operation ends here, so that none is refused without a word where one looks. */
void write_job_tell(struct engine *e, struct write_job *j, int r)
{
        char what[LIMIT_CTL_BYTES + 2 * NAME_MAX], stem[ACTING_STEM_MAX + 1];
        const struct job_words *w = NULL;
        struct acting_file f;
        bool of = false;

        for (size_t i = 0; i < ARRAY_SIZE(job_words) && w == NULL; i++)
                if (strcmp(job_words[i].op, j->op) == 0)
                        w = &job_words[i];
        if (w == NULL || (r == 0 && !w->ends))
                return;
        if (strcmp(j->op, "ctl") == 0) {
                f = (struct acting_file){ .fleet = j->place.fleet,
                        .kind = (enum object_kind)j->flags,
                        .name = j->name };
                of = true;
        } else {
                of = job_object(&j->place, j->name, &f, stem);
                /* A scratch file that was to become the object. */
                if (strcmp(j->op, "rename") == 0 && !of)
                        of = job_object(&j->to, j->to_name, &f, stem);
        }
        if (!of)
                return;
        if (r < 0 && j->err.msg[0] != '\0' && j->err.id[0] == '\0' && w->id != NULL)
                err_id(&j->err, w->id);
        job_command(j, what, sizeof(what));
        acting_told(e, f.fleet, f.kind, f.name, what, r < 0 ? &j->err : NULL);
}

static void job_refused_run(struct engine *e, struct write_job *j)
{
        write_job_reply(e, j, j->r);
}

void write_job_refuse(fuse_req_t req, struct session *s, const struct place *p, const char *name,
        const char *op, const struct err *why)
{
        struct write_job *j = write_job_new(s, op, job_refused_run);

        if (j == NULL) {
                reply_err(req, op, why->code, why);
                return;
        }
        j->place = *p;
        snprintf(j->name, sizeof(j->name), "%s", name);
        j->r = why->code;
        j->err = *why;
        write_job_post(j, req);
}

/* ---------------------------------------------------------------- answers */

void write_job_reply(struct engine *e, struct write_job *j, int r)
{
        fuse_req_t req;

        write_job_tell(e, j, r);
        engine_publish(e);
        req = j->parked != NULL ? parked_take(j->parked) : NULL;
        if (req != NULL)
                write_job_reply_err(req, j, r);
        write_job_free(j);
}

static void write_job_told(void *arg)
{
        struct write_job *j = arg;
        fuse_req_t req = parked_take(j->parked);

        if (req != NULL && j->r == 0 && strcmp(j->op, "ctl") == 0)
                reply_write(req, j->len);
        else if (req != NULL)
                write_job_reply_err(req, j, j->r);
        write_job_free(j);
}

void write_job_reply_told(struct engine *e, struct write_job *j, int r)
{
        j->r = r;
        write_job_tell(e, j, r);
        parked_settle(j->parked, LIMIT_ENGINE_ANSWER_MS, r,
                r == 0 && strcmp(j->op, "ctl") == 0 ? j->len : 0);
        model_write_begin(&e->model);
        model_write_end_notify(&e->model, write_job_told, j);
        engine_publish(e);
}

void write_job_reply_lookup(struct engine *e, struct write_job *j, int r)
{
        fuse_req_t req;

        write_job_tell(e, j, r);
        engine_publish(e);
        req = parked_take(j->parked);
        if (req != NULL && r < 0)
                write_job_reply_err(req, j, r);
        else if (req != NULL)
                reply_lookup(req, j->op, j->folder, j->name);
        write_job_free(j);
}

int write_place(struct session *s, struct inode *folder, struct place *ret)
{
        struct node n;
        int r;

        session_read_begin(s);
        r = inode_resolve(folder, &s->root, &n);
        if (r == 0) {
                *ret = place_of(&n.subject);
                if (ret->folder == FOLDER_NONE)
                        r = -EPERM;
        }
        session_read_end(s);
        return r;
}

/* ---------------------------------------------------------------- control files */

static void ctl_run(struct engine *e, struct write_job *j)
{
        /* The job's name is the object's; its flags say which kind. */
        write_job_reply_told(e, j,
                acting_ctl(e, j->place.fleet, (enum object_kind)j->flags, j->name, j->bytes, j->len,
                        &j->err));
}

static void write_ctl(
        fuse_req_t req, struct session *s, struct inode *ctl, const char *bytes, size_t len)
{
        struct write_job *j;
        struct node n;
        int r;

        if (len > LIMIT_CTL_BYTES) {
                reply_err(req, "ctl", -EFBIG, NULL);
                return;
        }
        j = write_job_new(s, "ctl", ctl_run);
        if (j == NULL || (j->bytes = malloc(len + 1)) == NULL) {
                write_job_free(j);
                reply_err(req, "ctl", -ENOMEM, NULL);
                return;
        }
        memcpy(j->bytes, bytes, len);
        j->bytes[len] = '\0';
        j->len = len;
        session_read_begin(s);
        r = inode_resolve(ctl, &s->root, &n);
        if (r == 0 && n.subject.object == NULL)
                r = -EPERM;
        if (r == 0) {
                j->place = place_of(&n.subject);
                j->flags = (int)n.subject.object->kind;
                snprintf(j->name, sizeof(j->name), "%s", n.subject.object->name);
        }
        session_read_end(s);
        if (r < 0) {
                write_job_free(j);
                reply_err(req, "ctl", r, NULL);
                return;
        }
        write_job_post(j, req);
}

/* ---------------------------------------------------------------- life */

static int write_init(struct session *s, struct err *err)
{
        s->write = calloc(1, sizeof(*s->write));
        if (s->write == NULL)
                return err_set(err, -ENOMEM, "start the write path");
        pthread_mutex_init(&s->write->lock, NULL);
        return scratch_load(s, err);
}

static void write_done(struct session *s)
{
        struct userfile *f, *tmp;

        if (s->write == NULL)
                return;
        HASH_ITER (hh, s->write->files, f, tmp) {
                pthread_mutex_lock(&s->write->lock);
                f->refs = 0;
                userfile_detach_locked(s->write, NULL, f);
                pthread_mutex_unlock(&s->write->lock);
        }
        pthread_mutex_destroy(&s->write->lock);
        free(s->write);
        s->write = NULL;
}

const struct write_ops write_ops = {
        .init = write_init,
        .done = write_done,
        .lookup = userfile_lookup,
        .list = userfile_list,
        .ref = userfile_ref,
        .unref = userfile_unref,
        .getattr = userfile_getattr,
        .content = userfile_content,
        .getxattr = userfile_getxattr,
        .listxattr = userfile_listxattr,
        .create = names_create,
        .unlink = names_unlink,
        .rename = names_rename,
        .mkdir = names_mkdir,
        .symlink = names_symlink,
        .rmdir = names_rmdir,
        .open = draft_open,
        .read = draft_read,
        .write = draft_write,
        .flush = draft_flush,
        .fsync = draft_fsync,
        .release = draft_release,
        .close = draft_close,
        .setattr = draft_setattr,
        .ctl = write_ctl,
        .guard_arm = guard_arm,
};
