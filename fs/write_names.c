/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names in writable folders: made, removed, renamed. What acts is the engine's to decide; it answers from its own thread.
 * None of these waits for the notifier: the kernel holds the folder's lock meanwhile.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/draft.h"
#include "fs/reply.h"
#include "fs/write_job.h"
#include "ops/store.h"

static int name_set(char to[static NAME_MAX + 1], const char *name)
{
        return snprintf(to, NAME_MAX + 1, "%s", name) > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* ---------------------------------------------------------------- create */

static void create_reply(struct engine *e, struct write_job *j, int r)
{
        fuse_req_t req;
        struct draft *d = NULL;

        engine_publish(e);
        req = parked_take(j->parked);
        j->parked = NULL;
        if (r == 0 && req != NULL)
                r = draft_new(&d, userfile_ref(j->file), j->flags, true);
        if (req != NULL && r < 0)
                reply_err(req, "create", r, &j->err);
        else if (req != NULL)
                reply_create(req, j->folder, j->name, TAKE(j->file), j->flags, d);
        write_job_free(j);
}

static void create_run(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        int r = -EPERM;

        if (place_acting(&j->place, j->name, stem, ext, &a))
                r = acting_create(e, &a, &j->err);
        /* The kernel asks with O_CREAT for what it did not know: without O_EXCL a file that is there is opened. */
        if (r == -EEXIST && (j->flags & O_EXCL) == 0 && j->err.id[0] == '\0')
                r = 0;
        if (r == 0) {
                pthread_mutex_lock(&j->s->write->lock);
                j->file = userfile_find_locked(j->s->write, &j->place, j->name);
                if (j->file != NULL)
                        j->file->refs++;
                else
                        j->file = userfile_add_locked(j->s->write, &j->place, j->name, USERFILE_ACTING);
                pthread_mutex_unlock(&j->s->write->lock);
                if (j->file == NULL)
                        r = -ENOMEM;
        }
        create_reply(e, j, r);
}

static struct userfile *scratch_add(struct session *s, const struct place *p, const char *name, enum userfile_kind kind,
        int *r)
{
        struct userfile *f = NULL;

        pthread_mutex_lock(&s->write->lock);
        if (s->write->scratches >= LIMIT_SCRATCH_FILES)
                *r = -ENOSPC;
        else if ((f = userfile_add_locked(s->write, p, name, kind)) == NULL)
                *r = -ENOMEM;
        if (f != NULL)
                (void)userfile_set_bytes_locked(f, "", 0);
        pthread_mutex_unlock(&s->write->lock);
        return f;
}

static struct write_job *names_job(struct session *s, const char *op, void (*run)(struct engine *, struct write_job *),
        struct inode *folder, const struct place *p, const char *name)
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

void names_create(fuse_req_t req, struct session *s, struct inode *folder, const char *name, int flags)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct place p;
        struct userfile *f;
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
        f = scratch_add(s, &p, name, USERFILE_SCRATCH, &r);
        if (f != NULL)
                r = draft_new(&d, userfile_ref(f), flags, true);
        if (r < 0) {
                userfile_unref(f);
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

static void scratch_forget(struct engine *e, const struct place *p, const char *name)
{
        char folder[320];
        const struct store_key key = { .space = STORE_SCRATCH, .fleet = p->fleet, .folder = folder, .name = name };

        snprintf(folder, sizeof(folder), "%d%s", (int)p->folder, p->migration);
        (void)store_delete(e->store, &key, NULL);
}

static void unlink_run(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct userfile *f;
        struct acting_file a;
        struct acting_link l;
        int r = -ENOENT;

        pthread_mutex_lock(&j->s->write->lock);
        f = userfile_find_locked(j->s->write, &j->place, j->name);
        if (f != NULL && (f->kind == USERFILE_SCRATCH || f->kind == USERFILE_SCRATCH_LINK)) {
                if (f->stored)
                        scratch_forget(e, &j->place, j->name);
                userfile_detach_locked(j->s->write, NULL, f);
                r = 0;
        }
        pthread_mutex_unlock(&j->s->write->lock);
        if (r == 0) {
                write_job_reply(e, j, 0);
                return;
        }
        if (place_acting(&j->place, j->name, stem, ext, &a)) {
                /* Who has it open keeps the bytes. */
                pthread_mutex_lock(&j->s->write->lock);
                f = userfile_find_locked(j->s->write, &j->place, j->name);
                if (f != NULL) {
                        const struct document *d = place_document(&e->model, &j->place, j->name, NULL);
                        if (d != NULL)
                                (void)userfile_set_bytes_locked(f, d->bytes, d->len);
                }
                pthread_mutex_unlock(&j->s->write->lock);
                r = acting_unlink(e, &a, j->uid, &j->err);
                if (r == 0) {
                        pthread_mutex_lock(&j->s->write->lock);
                        f = userfile_find_locked(j->s->write, &j->place, j->name);
                        if (f != NULL && place_document(&e->model, &j->place, j->name, NULL) == NULL)
                                userfile_detach_locked(j->s->write, NULL, f);
                        pthread_mutex_unlock(&j->s->write->lock);
                }
        } else if (place_link(&j->place, j->name, &l)) {
                r = acting_unlink_link(e, &l, j->uid, &j->err);
        } else if (error_stem(j->name, stem)) {
                char any[ACTING_STEM_MAX + ACTING_EXT_MAX + 2];

                snprintf(any, sizeof(any), "%.255s.yaml", stem);
                if (place_acting(&j->place, any, stem, ext, &a))
                        r = acting_unlink_error(e, &a, j->uid, &j->err);
        }
        write_job_reply(e, j, r);
}

void names_unlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        struct err err = ERR_INIT;
        struct write_job *j;
        struct place p;
        uid_t uid = fuse_req_ctx(req)->uid;
        int r = write_place(s, folder, &p);
        bool scratch;

        if (r < 0) {
                reply_err(req, "unlink", r, NULL);
                return;
        }
        pthread_mutex_lock(&s->write->lock);
        struct userfile *f = userfile_find_locked(s->write, &p, name);
        scratch = f != NULL && (f->kind == USERFILE_SCRATCH || f->kind == USERFILE_SCRATCH_LINK);
        pthread_mutex_unlock(&s->write->lock);
        if (!scratch && write_guarded(s, uid, &err)) {
                /* Each refusal arms it anew. */
                write_ops.guard_arm(s, uid);
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

/* ---------------------------------------------------------------- rename */

/* What an acting file is renamed to must survive: it may be all that is left of a policy. */
static int scratch_keep(struct engine *e, const struct place *p, const char *name, const struct document *d, struct err *err)
{
        char folder[320];
        const struct store_key key = { .space = STORE_SCRATCH, .fleet = p->fleet, .folder = folder, .name = name };

        snprintf(folder, sizeof(folder), "%d%s", (int)p->folder, p->migration);
        return store_put(e->store, &key, d->bytes, d->len, err);
}

static int rename_acting_away(struct engine *e, struct write_job *j, struct userfile *f, const struct acting_file *a)
{
        const struct document *d = place_document(&e->model, &j->place, j->name, NULL);
        _cleanup_(document_done) struct document copy = { .bytes = NULL };
        struct write_state *w = j->s->write;
        int r;

        if (d == NULL)
                return err_set(&j->err, -ENOENT, "%s is not there", j->name);
        r = document_set(&copy, d->bytes, d->len, d->ext, d->mtime_ns);
        if (r == 0)
                r = scratch_keep(e, &j->to, j->to_name, &copy, &j->err);
        if (r == 0)
                r = acting_rename_away(e, a, j->uid, &j->err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&w->lock);
        if (f == NULL)
                f = userfile_add_locked(w, &j->to, j->to_name, USERFILE_SCRATCH);
        else if ((r = userfile_move_locked(w, &e->model, f, &j->to, j->to_name, USERFILE_SCRATCH)) == 0)
                f->refs++;
        if (f != NULL && r == 0) {
                r = userfile_set_bytes_locked(f, copy.bytes, copy.len);
                f->mtime_ns = copy.mtime_ns;
                f->stored = true;
                f->origin.set = true;
                f->origin.kind = a->kind;
                snprintf(f->origin.fleet, sizeof(f->origin.fleet), "%s", a->fleet);
                snprintf(f->origin.name, sizeof(f->origin.name), "%s", a->name);
                f->refs--;
        }
        pthread_mutex_unlock(&w->lock);
        return r;
}

static int rename_scratch_in(struct engine *e, struct write_job *j, struct userfile *f, const struct acting_file *a)
{
        struct write_state *w = j->s->write;
        _cleanup_(freep) char *bytes = NULL;
        struct acting_origin origin;
        int64_t mtime_ns;
        size_t len;
        bool stored;
        int r;

        pthread_mutex_lock(&w->lock);
        len = f->len;
        bytes = malloc(len + 1);
        if (bytes != NULL)
                memcpy(bytes, f->bytes != NULL ? f->bytes : "", len + 1);
        origin = f->origin;
        mtime_ns = f->mtime_ns;
        stored = f->stored;
        pthread_mutex_unlock(&w->lock);
        if (bytes == NULL)
                return -ENOMEM;
        r = acting_rename_in(e, a, &origin, bytes, len, mtime_ns, &j->err);
        if (r < 0)
                return r;
        if (stored)
                scratch_forget(e, &j->place, j->name);
        pthread_mutex_lock(&w->lock);
        r = userfile_move_locked(w, NULL, f, &j->to, j->to_name, USERFILE_ACTING);
        if (r == 0) {
                f->stored = false;
                f->origin.set = false;
                /* Scratch files live by their name; an acting one by those who hold it. */
                if (f->refs == 0) {
                        f->refs = 1;
                        pthread_mutex_unlock(&w->lock);
                        userfile_unref(f);
                        return 0;
                }
        }
        pthread_mutex_unlock(&w->lock);
        return r;
}

static int rename_link(struct engine *e, struct write_job *j, struct userfile *f, const struct acting_link *to)
{
        struct write_state *w = j->s->write;
        _cleanup_(freep) char *text = NULL;
        const struct member_link *l = place_member_link(&e->model, &j->place, j->name);
        struct acting_link from;
        const bool member = l != NULL && place_link(&j->place, j->name, &from);
        int r;

        pthread_mutex_lock(&w->lock);
        if (member)
                text = strdup(l->target);
        else if (f != NULL && f->kind == USERFILE_SCRATCH_LINK)
                text = strndup(f->bytes, f->len);
        pthread_mutex_unlock(&w->lock);
        if (text == NULL)
                return err_set(&j->err, -EPERM, "only a symlink can become a migration's link");
        if (member && !(from.target && to->target && place_equal(&j->place, &j->to)))
                return err_set(&j->err, -EPERM, "copy the link, then remove it");
        r = acting_link(e, to, text, j->s->options.mountpoint, (j->flags & RENAME_NOREPLACE) == 0, member ? j->name : NULL,
                &j->err);
        if (r == 0 && !member) {
                pthread_mutex_lock(&w->lock);
                userfile_detach_locked(w, NULL, f);
                pthread_mutex_unlock(&w->lock);
        }
        return r;
}

static void rename_run(struct engine *e, struct write_job *j)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1], stem2[ACTING_STEM_MAX + 1], ext2[ACTING_EXT_MAX + 1];
        struct write_state *w = j->s->write;
        struct acting_file from, to;
        struct acting_link link;
        struct userfile *f, *target;
        const bool to_acts = place_acting(&j->to, j->to_name, stem2, ext2, &to);
        bool scratch, exists;
        int r;

        pthread_mutex_lock(&w->lock);
        f = userfile_find_locked(w, &j->place, j->name);
        if (f != NULL)
                f->refs++;
        scratch = f != NULL && (f->kind == USERFILE_SCRATCH || f->kind == USERFILE_SCRATCH_LINK);
        target = userfile_find_locked(w, &j->to, j->to_name);
        exists = (target != NULL && (target->kind == USERFILE_SCRATCH || target->kind == USERFILE_SCRATCH_LINK)) ||
                 place_document(&e->model, &j->to, j->to_name, NULL) != NULL ||
                 place_member_link(&e->model, &j->to, j->to_name) != NULL;
        pthread_mutex_unlock(&w->lock);

        if ((j->flags & RENAME_NOREPLACE) != 0 && exists) {
                r = -EEXIST;
        } else if (place_link(&j->to, j->to_name, &link)) {
                r = rename_link(e, j, f, &link);
        } else if (scratch && to_acts) {
                r = f->kind == USERFILE_SCRATCH ? rename_scratch_in(e, j, f, &to) :
                                                  err_set(&j->err, -EPERM, "a symlink is no policy");
        } else if (scratch) {
                if (f->stored) {
                        struct document d = { .bytes = f->bytes, .len = f->len };
                        r = scratch_keep(e, &j->to, j->to_name, &d, &j->err);
                        if (r == 0)
                                scratch_forget(e, &j->place, j->name);
                } else {
                        r = 0;
                }
                pthread_mutex_lock(&w->lock);
                if (r == 0)
                        r = userfile_move_locked(w, NULL, f, &j->to, j->to_name, f->kind);
                pthread_mutex_unlock(&w->lock);
        } else if (place_acting(&j->place, j->name, stem, ext, &from)) {
                if (to_acts)
                        r = err_set(&j->err, -EPERM, "an acting file cannot be renamed to another acting name: copy, then rm"),
                        err_id(&j->err, "FLT-0251");
                else
                        r = rename_acting_away(e, j, f, &from);
        } else {
                r = -EPERM;
        }
        userfile_unref(f);
        write_job_reply(e, j, r);
}

void names_rename(fuse_req_t req, struct session *s, struct inode *from_folder, const char *from, struct inode *to_folder,
        const char *to, unsigned flags)
{
        struct write_job *j;
        struct place p, q;
        int r = write_place(s, from_folder, &p);

        if (r == 0)
                r = write_place(s, to_folder, &q);
        if (r == 0 && strcmp(p.fleet, q.fleet) != 0)
                r = -EXDEV;
        if (r < 0) {
                reply_err(req, "rename", r, NULL);
                return;
        }
        j = names_job(s, "rename", rename_run, NULL, &p, from);
        if (j == NULL) {
                reply_err(req, "rename", -ENOMEM, NULL);
                return;
        }
        j->to = q;
        (void)name_set(j->to_name, to);
        j->flags = (int)flags;
        j->uid = fuse_req_ctx(req)->uid;
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

static void symlink_run(struct engine *e, struct write_job *j)
{
        struct acting_link l;
        int r = -EPERM;

        if (place_link(&j->place, j->name, &l))
                r = acting_link(e, &l, j->bytes, j->s->options.mountpoint, false, NULL, &j->err);
        write_job_reply_lookup(e, j, r);
}

void names_symlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name, const char *target)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        struct acting_file a;
        struct acting_link l;
        struct write_job *j;
        struct userfile *f;
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
        if (r == 0) {
                f = scratch_add(s, &p, name, USERFILE_SCRATCH_LINK, &r);
                if (f != NULL) {
                        pthread_mutex_lock(&s->write->lock);
                        r = userfile_set_bytes_locked(f, target, strlen(target));
                        pthread_mutex_unlock(&s->write->lock);
                        userfile_unref(f);
                }
        }
        if (r < 0)
                reply_err(req, "symlink", r, NULL);
        else
                reply_lookup(req, "symlink", folder, name);
}

static void rmdir_run(struct engine *e, struct write_job *j)
{
        write_job_reply(e, j, acting_rmdir(e, j->place.fleet, j->name, &j->err));
}

void names_rmdir(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        struct err err = ERR_INIT;
        struct write_job *j;
        struct place p;
        int r = write_place(s, folder, &p);

        if (r == 0 && p.folder != FOLDER_MIGRATIONS)
                r = -ENOTEMPTY;
        if (r == 0 && write_guarded(s, fuse_req_ctx(req)->uid, &err))
                r = -EPERM;
        j = r == 0 ? names_job(s, "rmdir", rmdir_run, NULL, &p, name) : NULL;
        if (j == NULL)
                reply_err(req, "rmdir", r < 0 ? r : -ENOMEM, &err);
        else
                write_job_post(j, req);
}

/* ---------------------------------------------------------------- what a crash left */

struct loading {
        struct session *s;
        struct place place;
};

static int load_one(void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        struct loading *l = arg;
        struct userfile *f;

        if (bytes == NULL)
                return 0;
        pthread_mutex_lock(&l->s->write->lock);
        f = userfile_add_locked(l->s->write, &l->place, name, USERFILE_SCRATCH);
        if (f != NULL) {
                (void)userfile_set_bytes_locked(f, bytes, len);
                f->stored = true;
                f->refs--;
        }
        pthread_mutex_unlock(&l->s->write->lock);
        return 0;
}

int names_load_scratch(struct session *s, struct err *err)
{
        static const enum folder_kind folders[] = { FOLDER_BACKUPS, FOLDER_RESTORES, FOLDER_MIGRATIONS };
        const struct fleet *f;
        int r = 0;

        if (s->engine == NULL)
                return 0;
        for (f = s->model->fleets; f != NULL && r == 0; f = f->hh.next)
                for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++) {
                        struct loading l = { .s = s, .place = { .folder = folders[i] } };
                        char folder[16];

                        snprintf(l.place.fleet, sizeof(l.place.fleet), "%s", f->name);
                        snprintf(folder, sizeof(folder), "%d", (int)folders[i]);
                        r = store_each(s->engine->store, STORE_SCRATCH, f->name, folder, load_one, &l, err);
                }
        return r;
}
