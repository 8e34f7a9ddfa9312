/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renames in writable folders. What a rename means follows from what both names are:
 *
 *     from \ to     scratch                     acting                         link of a migration
 *     scratch       another name                judged, kept and started       a symlink is set
 *     acting        removed after a grace       EPERM: copy, then remove       EPERM
 *     link          EPERM                       EPERM                          within targets/:
 * another name
 *
 * The file follows its name: the kernel's inode of a scratch file is that of the acting one
 * afterwards, and who has it open goes on with it.
 */
#include <errno.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/draft.h"
#include "fs/reply.h"
#include "fs/scratch.h"
#include "fs/write_job.h"

static int rename_refuse(struct err *err, const char *what, const char *remedy)
{
        err_set(err, -EPERM, "%s", what);
        err_id(err, "FLT-0251");
        err_remedy(err, "%s", remedy);
        return -EPERM;
}

/* ---------------------------------------------------------------- acting → scratch */

/* Who has written what nobody else knows yet. */
static struct draft *rename_writer_locked(const struct userfile *f)
{
        return f != NULL && f->writer != NULL && f->writer->dirty && f->writer->bytes.len > 0
                       ? f->writer
                       : NULL;
}

/* The file takes its bytes along: they are no document of the model any more. */
static int rename_take_away(
        struct write_job *j, struct userfile *f, const struct scratch_record *record)
{
        struct write_state *w = j->s->write;
        struct draft *writer;
        int r = 0;

        LOCK_SCOPE(&w->lock);
        writer = rename_writer_locked(f);
        if (f == NULL) {
                f = userfile_add_locked(w, &j->to, j->to_name, USERFILE_SCRATCH);
                if (f == NULL)
                        return -ENOMEM;
        } else {
                r = userfile_move_locked(w, NULL, f, &j->to, j->to_name, USERFILE_SCRATCH);
                if (r < 0)
                        return r;
                f->refs++;
        }
        userfile_set_stored_locked(w, f, true);
        f->mtime_ns = record->mtime_ns;
        f->origin = record->origin;
        if (writer == NULL) {
                r = userfile_set_bytes_locked(f, record->bytes, record->len);
        } else {
                /* It may have written more meanwhile, which its close keeps. */
                r = userfile_set_bytes_locked(f, writer->bytes.data, writer->bytes.len);
                writer->unkept = true;
        }
        userfile_unref_locked(w, f);
        return r;
}

/* What the name shows goes along, and what its writer has not closed yet rather than that. */
static int rename_bytes(struct engine *e, struct write_job *j, const struct userfile *f,
        const struct acting_file *a, char **bytes, struct scratch_record *ret)
{
        const struct document *d = place_document(&e->model, &j->place, j->name, NULL);
        const struct draft *writer;

        if (d == NULL)
                return err_set(&j->err, -ENOENT, "%s is not there", j->name);
        *ret = (struct scratch_record){ .len = d->len, .mtime_ns = d->mtime_ns };
        ret->origin = (struct acting_origin){ .kind = a->kind, .set = !a->in_folder };
        snprintf(ret->origin.fleet, sizeof(ret->origin.fleet), "%s", a->fleet);
        snprintf(ret->origin.name, sizeof(ret->origin.name), "%s", a->name);

        LOCK_SCOPE(&j->s->write->lock);
        writer = rename_writer_locked(f);
        if (writer != NULL) {
                ret->len = writer->bytes.len;
                ret->mtime_ns = clock_realtime() * NS_PER_SEC;
        }
        *bytes = malloc(ret->len + 1);
        if (*bytes == NULL)
                return -ENOMEM;
        if (ret->len > 0)
                memcpy(*bytes, writer != NULL ? writer->bytes.data : d->bytes, ret->len);
        ret->bytes = *bytes;
        return 0;
}

/* The kept file that the rename would have replaced, as it was. */
static void rename_put_back(struct engine *e, struct write_job *j, const struct userfile *old)
{
        struct scratch_record record;

        if (old == NULL || !old->stored) {
                (void)scratch_forget(e, &j->to, j->to_name, NULL);
                return;
        }
        record = (struct scratch_record){ .bytes = old->bytes,
                .len = old->len,
                .mtime_ns = old->mtime_ns,
                .origin = old->origin };
        (void)scratch_keep(e, &j->to, j->to_name, &record, NULL);
}

static int rename_away(
        struct engine *e, struct write_job *j, struct userfile *f, const struct acting_file *a)
{
        struct write_state *w = j->s->write;
        _cleanup_(freep) char *bytes = NULL;
        struct scratch_record record;
        struct userfile *old;
        int r;

        if (!scratch_name_ok(j->to_name))
                return -EPERM;
        r = rename_bytes(e, j, f, a, &bytes, &record);
        if (r == 0)
                r = acting_may_leave(e, a, &j->err);
        if (r < 0)
                return r;
        pthread_mutex_lock(&w->lock);
        old = userfile_find_locked(w, &j->to, j->to_name);
        if (old != NULL)
                old->refs++;
        pthread_mutex_unlock(&w->lock);
        if (old == NULL || !old->stored)
                r = scratch_room(j->s, &j->to, &j->err);
        /* First the bytes are safe, then the policy is on its way out. */
        if (r == 0)
                r = scratch_keep(e, &j->to, j->to_name, &record, &j->err);
        if (r == 0) {
                r = acting_rename_away(e, a, j->uid, &j->err);
                if (r == 0)
                        r = rename_take_away(j, f, &record);
                else
                        rename_put_back(e, j, old);
        }
        userfile_unref(old);
        return r;
}

/* ---------------------------------------------------------------- scratch → acting */

static int rename_in(
        struct engine *e, struct write_job *j, struct userfile *f, const struct acting_file *a)
{
        struct write_state *w = j->s->write;
        _cleanup_(freep) char *bytes = NULL;
        struct acting_origin origin;
        int64_t mtime_ns;
        size_t len;
        bool stored;
        int r;

        if (f->kind != USERFILE_SCRATCH)
                return rename_refuse(&j->err, "a symlink is no policy", "copy what it leads to");
        pthread_mutex_lock(&w->lock);
        len = f->len;
        bytes = malloc(len + 1);
        if (bytes != NULL)
                memcpy(bytes, f->bytes, len + 1);
        origin = f->origin;
        mtime_ns = f->mtime_ns;
        stored = f->stored;
        pthread_mutex_unlock(&w->lock);
        if (bytes == NULL)
                return -ENOMEM;
        if (strcmp(a->name, j->name) != 0 && scratch_stands_at(j->s, &j->to, a->name, &j->err))
                return -EPERM;
        r = acting_rename_in(e, a, &origin, bytes, len, mtime_ns, &j->err);
        if (r < 0)
                return r;

        pthread_mutex_lock(&w->lock);
        r = userfile_move_locked(w, NULL, f, &j->to, j->to_name, USERFILE_ACTING);
        if (r == 0) {
                userfile_set_stored_locked(w, f, false);
                f->origin.set = false;
        }
        pthread_mutex_unlock(&w->lock);
        if (r == 0 && stored) {
                engine_publish(e);
                (void)scratch_forget(e, &j->place, j->name, NULL);
        }
        return r;
}

/* ---------------------------------------------------------------- scratch → scratch */

static int rename_scratch(struct engine *e, struct write_job *j, struct userfile *f)
{
        struct write_state *w = j->s->write;
        struct userfile *old;
        bool old_stored;
        int r = 0;

        if (!scratch_name_ok(j->to_name))
                return -EPERM;
        if (f->stored) {
                _cleanup_(freep) char *bytes = NULL;
                struct scratch_record record;

                pthread_mutex_lock(&w->lock);
                record = (struct scratch_record){
                        .len = f->len, .mtime_ns = f->mtime_ns, .origin = f->origin
                };
                bytes = malloc(f->len + 1);
                if (bytes != NULL)
                        memcpy(bytes, f->bytes, f->len);
                pthread_mutex_unlock(&w->lock);
                record.bytes = bytes;
                r = bytes == NULL ? -ENOMEM
                                  : scratch_keep(e, &j->to, j->to_name, &record, &j->err);
                if (r == 0)
                        r = scratch_forget(e, &j->place, j->name, &j->err);
        } else {
                /* What it replaces was kept: that record must not come back in its place. */
                pthread_mutex_lock(&w->lock);
                old = userfile_find_locked(w, &j->to, j->to_name);
                old_stored = old != NULL && old->stored;
                pthread_mutex_unlock(&w->lock);
                if (old_stored)
                        r = scratch_forget(e, &j->to, j->to_name, &j->err);
        }
        if (r < 0)
                return r;
        LOCK_SCOPE(&w->lock);
        return userfile_move_locked(w, NULL, f, &j->to, j->to_name, f->kind);
}

/* ---------------------------------------------------------------- links */

static int rename_link(
        struct engine *e, struct write_job *j, struct userfile *f, const struct acting_link *to)
{
        const struct member_link *l = place_member_link(&e->model, &j->place, j->name);
        _cleanup_(freep) char *text = NULL;
        struct write_state *w = j->s->write;
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
                return rename_refuse(
                        &j->err, "only a symlink can become a migration's link", "ln -s");
        if (member && !(from.target && to->target && place_equal(&j->place, &j->to)))
                return rename_refuse(&j->err, "source and targets do not change places",
                        "make a new link, remove the old one");
        r = acting_link(e, to, text, j->s->options.mountpoint, (j->flags & RENAME_NOREPLACE) == 0,
                member ? j->name : NULL, &j->err);
        if (r == 0 && !member) {
                LOCK_SCOPE(&w->lock);
                userfile_detach_locked(w, NULL, f);
        }
        return r;
}

/* ---------------------------------------------------------------- all of them */

static bool rename_exists(
        const struct model *m, struct write_state *w, const struct place *p, const char *name)
{
        struct userfile *f;

        if (place_document(m, p, name, NULL) != NULL || place_member_link(m, p, name) != NULL)
                return true;
        LOCK_SCOPE(&w->lock);
        f = userfile_find_locked(w, p, name);
        return f != NULL && userfile_is_scratch(f);
}

static int rename_decide(struct engine *e, struct write_job *j, struct userfile *f)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1], to_stem[ACTING_STEM_MAX + 1],
                to_ext[ACTING_EXT_MAX + 1];
        const bool scratch = f != NULL && userfile_is_scratch(f);
        struct acting_file from, to;
        struct acting_link link;
        const bool to_acts = place_acting(&j->to, j->to_name, to_stem, to_ext, &to);

        if ((j->flags & RENAME_NOREPLACE) != 0 &&
                rename_exists(&e->model, j->s->write, &j->to, j->to_name))
                return -EEXIST;
        if (place_link(&j->to, j->to_name, &link))
                return rename_link(e, j, f, &link);
        if (scratch)
                return to_acts ? rename_in(e, j, f, &to) : rename_scratch(e, j, f);
        if (!place_acting(&j->place, j->name, stem, ext, &from))
                return rename_refuse(&j->err, "a migration's link keeps its name",
                        "make a new link, remove the old one");
        if (to_acts)
                return rename_refuse(&j->err,
                        "an acting file cannot be renamed to another acting name",
                        "copy it, then remove it");
        return rename_away(e, j, f, &from);
}

static void rename_run(struct engine *e, struct write_job *j)
{
        struct write_state *w = j->s->write;

        pthread_mutex_lock(&w->lock);
        j->file = userfile_find_locked(w, &j->place, j->name);
        if (j->file != NULL)
                j->file->refs++;
        pthread_mutex_unlock(&w->lock);
        write_job_reply(e, j, rename_decide(e, j, j->file));
}

void names_rename(fuse_req_t req, struct session *s, struct inode *from_folder, const char *from,
        struct inode *to_folder, const char *to, unsigned flags)
{
        struct write_job *j = NULL;
        struct place p, q;
        int r = write_place(s, from_folder, &p);

        if (r == 0)
                r = write_place(s, to_folder, &q);
        if (r == 0 && strcmp(p.fleet, q.fleet) != 0)
                r = -EXDEV;
        if (r == 0 && (j = write_job_new(s, "rename", rename_run)) == NULL)
                r = -ENOMEM;
        if (r < 0) {
                reply_err(req, "rename", r, NULL);
                return;
        }
        j->place = p;
        j->to = q;
        snprintf(j->name, sizeof(j->name), "%s", from);
        snprintf(j->to_name, sizeof(j->to_name), "%s", to);
        j->flags = (int)flags;
        j->uid = fuse_req_ctx(req)->uid;
        write_job_post(j, req);
}
