/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in writable folders: made and removed; fs/write_rename.c moves them. What acts is the
 * engine's to decide; it answers from its own thread. None of these waits for the notifier: the
 * kernel holds the folder's lock meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/draft.h"
#include "fs/guard.h"
#include "fs/reply.h"
#include "fs/scratch.h"
#include "fs/write_job.h"

static int name_set(char to[static NAME_MAX + 1], const char *name)
{
        return snprintf(to, NAME_MAX + 1, "%s", name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* The name leads nowhere from now on; who has the file open keeps the bytes. */
static void name_detach(struct write_state *w, const struct place *p, const char *name)
{
        struct userfile *f;

        LOCK_SCOPE(&w->lock);
        f = userfile_find_locked(w, p, name);
        if (f != NULL)
                userfile_detach_locked(w, NULL, f);
}

/* ---------------------------------------------------------------- create */

/* `began`: the file is new, and its first handle must come to its holder, who ends what was begun. */
static void create_reply(
        struct engine *e, struct write_job *j, const struct acting_file *began, int r)
{
        struct draft *d = NULL;
        fuse_req_t req;

        write_job_tell(e, j, r);
        engine_publish(e);
        if (r == 0) {
                r = draft_new(&d, j->s, userfile_ref(j->file), j->flags, began != NULL);
                if (r < 0)
                        userfile_unref(j->file);
        }
        req = parked_take(j->parked);
        if (req != NULL && r == 0)
                r = reply_create(req, j->folder, j->name, TAKE(j->file), j->flags, TAKE(d));
        else if (req != NULL)
                reply_err(req, "create", r, &j->err);
        else
                r = -EINTR;
        if (d != NULL)
                draft_close(j->s, d);
        if (r < 0 && began != NULL) {
                (void)acting_finish_empty(e, began, false, 0, NULL);
                engine_publish(e);
        }
        write_job_free(j);
}

static void create_run(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct write_state *w = j->s->write;
        struct acting_file a;
        bool created;
        int r = -EPERM;

        if (place_acting(&j->place, j->name, stem, ext, &a))
                r = scratch_stands_at(j->s, &j->place, stem, &j->err)
                            ? -EPERM
                            : acting_create(e, &a, &j->err);
        created = r == 0;
        /* The kernel asks with O_CREAT for what it did not know: without O_EXCL a file that is
         * there is opened. */
        if (r == -EEXIST && (j->flags & O_EXCL) == 0 && j->err.id[0] == '\0')
                r = 0;
        if (r == 0) {
                pthread_mutex_lock(&w->lock);
                j->file = userfile_find_locked(w, &j->place, j->name);
                if (j->file != NULL && created) {
                        userfile_detach_locked(w, NULL, j->file);
                        j->file = NULL;
                }
                if (j->file != NULL)
                        j->file->refs++;
                else
                        j->file = userfile_add_locked(w, &j->place, j->name, USERFILE_ACTING);
                pthread_mutex_unlock(&w->lock);
                if (j->file == NULL)
                        r = -ENOMEM;
        }
        create_reply(e, j, created ? &a : NULL, r);
}

static struct write_job *names_job(struct session *s, const char *op,
        void (*run)(struct engine *, struct write_job *), struct inode *folder,
        const struct place *p, const char *name)
{
        struct write_job *j = write_job_new(s, op, run);

        if (j == NULL)
                return NULL;
        j->place = *p;
        (void)name_set(j->name, name);
        if (folder != NULL)
                j->folder = inode_ref(&s->inodes, folder);
        return j;
}

void names_create(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name, int flags)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct place p;
        struct userfile *f = NULL;
        struct draft *d = NULL;
        struct write_job *j;
        int r = write_place(s, folder, &p);

        if (r == 0 && p.folder == FOLDER_TARGETS)
                r = -EPERM;
        if (r < 0) {
                reply_err(req, "create", r, NULL);
                return;
        }
        if (place_acting(&p, name, stem, ext, &a)) {
                j = names_job(s, "create", create_run, folder, &p, name);
                if (j == NULL) {
                        reply_err(req, "create", -ENOMEM, NULL);
                        return;
                }
                j->flags = flags;
                write_job_post(j, req);
                return;
        }
        r = scratch_new(s, &p, name, USERFILE_SCRATCH, &f);
        if (r == 0) {
                r = draft_new(&d, s, userfile_ref(f), flags, true);
                if (r < 0) {
                        name_detach(s->write, &p, name);
                        userfile_unref(f); /* the draft's */
                        userfile_unref(f);
                }
        }
        if (r < 0) {
                reply_err(req, "create", r, NULL);
                return;
        }
        reply_create(req, folder, name, f, flags, d);
}

/* ---------------------------------------------------------------- unlink */

static const char error_suffix[] = ".error.txt";

/* `<stem>.error.txt` → stem. */
static bool error_stem(const char *name, char stem[static ACTING_STEM_MAX + 1])
{
        size_t len = strlen(name), suffix = sizeof(error_suffix) - 1;

        if (len <= suffix || strcmp(name + len - suffix, error_suffix) != 0)
                return false;
        snprintf(stem, ACTING_STEM_MAX + 1, "%.*s", (int)(len - suffix), name);
        return true;
}

/* What unlinking the name means; `stored`: the store has the scratch file, too. */
enum unlink_what { UNLINK_SCRATCH, UNLINK_ACTING, UNLINK_LINK, UNLINK_ERROR, UNLINK_NOTHING };

static enum unlink_what unlink_what(
        struct write_state *w, const struct place *p, const char *name, bool *stored)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct acting_link l;
        struct userfile *f;

        LOCK_SCOPE(&w->lock);
        f = userfile_find_locked(w, p, name);
        *stored = f != NULL && f->stored;
        if (f != NULL && userfile_is_scratch(f))
                return UNLINK_SCRATCH;
        if (place_acting(p, name, stem, ext, &a))
                return UNLINK_ACTING;
        if (place_link(p, name, &l))
                return UNLINK_LINK;
        return error_stem(name, stem) ? UNLINK_ERROR : UNLINK_NOTHING;
}

static int unlink_acting(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        const struct document *d = place_document(&e->model, &j->place, j->name, NULL);
        struct write_state *w = j->s->write;
        struct acting_file a;
        struct userfile *f;
        int r;

        pthread_mutex_lock(&w->lock);
        f = userfile_find_locked(w, &j->place, j->name);
        if (f != NULL && d != NULL && userfile_set_bytes_locked(f, d->bytes, d->len) == 0)
                f->mtime_ns = d->mtime_ns;
        pthread_mutex_unlock(&w->lock);
        if (!place_acting(&j->place, j->name, stem, ext, &a))
                return -ENOENT;
        r = acting_unlink(e, &a, j->uid, &j->err);
        if (r == 0)
                name_detach(w, &j->place, j->name);
        return r;
}

static int unlink_error(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], any[ACTING_STEM_MAX + 8], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;

        if (!error_stem(j->name, stem))
                return -ENOENT;
        snprintf(any, sizeof(any), "%s.yaml", stem);
        if (!place_acting(&j->place, any, stem, ext, &a))
                return -ENOENT;
        return acting_unlink_error(e, &a, j->uid, &j->err);
}

static void unlink_run(struct engine *e, struct write_job *j)
{
        struct acting_link l;
        bool stored;
        int r = -ENOENT;

        switch (unlink_what(j->s->write, &j->place, j->name, &stored)) {
        case UNLINK_SCRATCH:
                r = stored ? scratch_forget(e, &j->place, j->name, &j->err) : 0;
                if (r == 0)
                        name_detach(j->s->write, &j->place, j->name);
                break;
        case UNLINK_ACTING:
                r = unlink_acting(e, j);
                break;
        case UNLINK_LINK:
                if (place_link(&j->place, j->name, &l))
                        r = acting_unlink_link(e, &l, j->uid, &j->err);
                if (r == 0)
                        name_detach(j->s->write, &j->place, j->name);
                break;
        case UNLINK_ERROR:
                r = unlink_error(e, j);
                break;
        case UNLINK_NOTHING:
                break;
        }
        write_job_reply(e, j, r);
}

void names_unlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        const uid_t uid = fuse_req_ctx(req)->uid;
        struct err err = ERR_INIT;
        enum unlink_what what;
        struct write_job *j;
        struct place p;
        bool stored;
        int r = write_place(s, folder, &p);

        if (r < 0) {
                reply_err(req, "unlink", r, NULL);
                return;
        }
        /* Editors' temporary files may always go; what may be all that is left of a policy may not.
         */
        what = unlink_what(s->write, &p, name, &stored);
        if ((what != UNLINK_SCRATCH || stored) && guard_refuses(s, uid, &err)) {
                reply_err(req, "unlink", -EPERM, &err);
                return;
        }
        j = names_job(s, "unlink", unlink_run, NULL, &p, name);
        if (j == NULL) {
                reply_err(req, "unlink", -ENOMEM, NULL);
                return;
        }
        j->uid = uid;
        write_job_post(j, req);
}

/* ---------------------------------------------------------------- folders and links */

static void mkdir_run(struct engine *e, struct write_job *j)
{
        write_job_reply_lookup(e, j, acting_mkdir(e, j->place.fleet, j->name, &j->err));
}

void names_mkdir(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        struct write_job *j;
        struct place p;
        int r = write_place(s, folder, &p);

        if (r == 0 && p.folder != FOLDER_MIGRATIONS)
                r = -EPERM;
        j = r == 0 ? names_job(s, "mkdir", mkdir_run, folder, &p, name) : NULL;
        if (j == NULL)
                reply_err(req, "mkdir", r < 0 ? r : -ENOMEM, NULL);
        else
                write_job_post(j, req);
}

static int symlink_scratch(
        struct session *s, const struct place *p, const char *name, const char *target)
{
        struct userfile *f = NULL;
        int r = scratch_new(s, p, name, USERFILE_SCRATCH_LINK, &f);

        if (r < 0)
                return r;
        pthread_mutex_lock(&s->write->lock);
        r = userfile_set_bytes_locked(f, target, strlen(target));
        if (r < 0)
                userfile_detach_locked(s->write, NULL, f);
        userfile_unref_locked(s->write, f);
        pthread_mutex_unlock(&s->write->lock);
        return r;
}

static void symlink_run(struct engine *e, struct write_job *j)
{
        struct acting_link l;
        int r = -EPERM;

        if (place_link(&j->place, j->name, &l))
                r = acting_link(e, &l, j->bytes, j->s->options.mountpoint, false, NULL, &j->err);
        /* `ln -sfn` makes the new link beside the old one, which may lead to the same cluster: it
         * counts once. */
        if (r == -EEXIST && strcmp(j->err.id, "FLT-0238") == 0)
                r = symlink_scratch(j->s, &j->place, j->name, j->bytes);
        write_job_reply_lookup(e, j, r);
}

void names_symlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name,
        const char *target)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct acting_link l;
        struct write_job *j;
        struct place p;
        int r = write_place(s, folder, &p);

        if (r == 0 && place_acting(&p, name, stem, ext, &a))
                r = -EPERM;
        if (r == 0 && place_link(&p, name, &l)) {
                j = names_job(s, "symlink", symlink_run, folder, &p, name);
                if (j != NULL && (j->bytes = strdup(target)) != NULL) {
                        write_job_post(j, req);
                        return;
                }
                write_job_free(j);
                r = -ENOMEM;
        }
        if (r == 0)
                r = symlink_scratch(s, &p, name, target);
        if (r < 0)
                reply_err(req, "symlink", r, NULL);
        else
                reply_lookup(req, "symlink", folder, name);
}

static void rmdir_run(struct engine *e, struct write_job *j)
{
        struct place inside = { .folder = FOLDER_MIGRATION };
        int r = acting_rmdir(e, j->place.fleet, j->name, &j->err);

        if (r == 0) {
                memcpy(inside.fleet, j->place.fleet, sizeof(inside.fleet));
                snprintf(inside.migration, sizeof(inside.migration), "%s", j->name);
                engine_publish(e);
                scratch_forget_all(e, &inside);
                userfile_detach_place(j->s, &inside);
                inside.folder = FOLDER_TARGETS;
                userfile_detach_place(j->s, &inside);
        }
        write_job_reply(e, j, r);
}

void names_rmdir(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        struct err err = ERR_INIT;
        struct write_job *j;
        struct place p;
        int r = write_place(s, folder, &p);

        if (r == 0 && p.folder != FOLDER_MIGRATIONS)
                r = -ENOTEMPTY;
        if (r == 0 && guard_refuses(s, fuse_req_ctx(req)->uid, &err))
                r = -EPERM;
        j = r == 0 ? names_job(s, "rmdir", rmdir_run, NULL, &p, name) : NULL;
        if (j == NULL)
                reply_err(req, "rmdir", r < 0 ? r : -ENOMEM, &err);
        else
                write_job_post(j, req);
}
