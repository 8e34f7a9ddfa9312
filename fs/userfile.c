/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/userfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/draft.h"
#include "fs/show.h"

/* ---------------------------------------------------------------- places */

struct place place_of(const struct subject *folder)
{
        struct place p = { .folder = folder->folder };

        if (folder->fleet != NULL)
                snprintf(p.fleet, sizeof(p.fleet), "%s", folder->fleet->name);
        if ((p.folder == FOLDER_MIGRATION || p.folder == FOLDER_TARGETS) && folder->object != NULL)
                snprintf(p.migration, sizeof(p.migration), "%s", folder->object->name);
        return p;
}

bool place_equal(const struct place *a, const struct place *b)
{
        return a->folder == b->folder && strcmp(a->fleet, b->fleet) == 0 &&
               strcmp(a->migration, b->migration) == 0;
}

const char *place_path(const struct place *p, const char *name, char buf[static PLACE_PATH_MAX])
{
        static const char *const folders[] = {
                [FOLDER_NONE] = "",
                [FOLDER_BACKUPS] = "backups",
                [FOLDER_RESTORES] = "restores",
                [FOLDER_MIGRATIONS] = "migrations",
                [FOLDER_MIGRATION] = "migrations/",
                [FOLDER_TARGETS] = "migrations/",
        };

        snprintf(buf, PLACE_PATH_MAX, "%s/%s%s%s/%s", p->fleet, folders[p->folder], p->migration,
                p->folder == FOLDER_TARGETS ? "/targets" : "", name);
        return buf;
}

bool place_acting(const struct place *p, const char *name, char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1], struct acting_file *ret)
{
        const bool in_folder = p->folder == FOLDER_MIGRATION;

        if (p->folder == FOLDER_NONE || p->folder == FOLDER_TARGETS ||
                !acting_name_split(name, stem, ext))
                return false;
        if (in_folder && strcmp(stem, "policy") != 0)
                return false;
        *ret = (struct acting_file){ .fleet = p->fleet,
                .kind = folder_object_kind(p->folder),
                .name = in_folder ? p->migration : stem,
                .ext = ext,
                .in_folder = in_folder };
        return true;
}

bool place_link(const struct place *p, const char *name, struct acting_link *ret)
{
        if (p->folder != FOLDER_TARGETS &&
                !(p->folder == FOLDER_MIGRATION && strcmp(name, "source") == 0))
                return false;
        *ret = (struct acting_link){ .fleet = p->fleet,
                .migration = p->migration,
                .target = p->folder == FOLDER_TARGETS,
                .name = name };
        return true;
}

const struct document *place_document(
        const struct model *m, const struct place *p, const char *name, const struct object **ret)
{
        char stem[ACTING_STEM_MAX + 1], ext[ACTING_EXT_MAX + 1];
        const struct fleet *f = model_fleet(m, p->fleet);
        const struct document *d;
        const struct object *o;
        struct acting_file a;

        if (f == NULL || !place_acting(p, name, stem, ext, &a) ||
                (o = fleet_object(f, a.kind, a.name)) == NULL)
                return NULL;
        d = object_visible_document(o);
        if (d == NULL || strcmp(d->ext, ext) != 0 || o->is_folder != a.in_folder)
                return NULL;
        if (ret != NULL)
                *ret = o;
        return d;
}

const struct member_link *place_member_link(
        const struct model *m, const struct place *p, const char *name)
{
        const struct fleet *f = model_fleet(m, p->fleet);
        const struct object *o = f != NULL ? fleet_object(f, OBJECT_MIGRATION, p->migration) : NULL;
        struct acting_link l;

        if (o == NULL || !place_link(p, name, &l))
                return NULL;
        if (!l.target)
                return o->source.target != NULL ? &o->source : NULL;
        for (size_t i = 0; i < o->n_targets; i++)
                if (strcmp(o->targets[i].name, name) == 0)
                        return &o->targets[i];
        return NULL;
}

/* Links have no times of their own: their migration's is stable. */
static int64_t place_created(const struct model *m, const struct place *p)
{
        const struct fleet *f = model_fleet(m, p->fleet);
        const struct object *o = f != NULL ? fleet_object(f, OBJECT_MIGRATION, p->migration) : NULL;

        return o != NULL ? o->created : 0;
}

/* ---------------------------------------------------------------- the table */

static char *userfile_key(const struct place *p, const char *name)
{
        char *key;

        return asprintf(&key, "%s/%d/%s/%s", p->fleet, p->folder, p->migration, name) < 0 ? NULL
                                                                                          : key;
}

bool userfile_is_scratch(const struct userfile *f)
{
        return f->kind == USERFILE_SCRATCH || f->kind == USERFILE_SCRATCH_LINK;
}

static bool userfile_counts(const struct userfile *f)
{
        return userfile_is_scratch(f) && !f->stored;
}

struct userfile *userfile_find_locked(
        struct write_state *w, const struct place *p, const char *name)
{
        _cleanup_(freep) char *key = userfile_key(p, name);
        struct userfile *f = NULL;

        if (key != NULL)
                HASH_FIND_STR(w->files, key, f);
        return f;
}

static void userfile_index_locked(struct write_state *w, struct userfile *f)
{
        HASH_ADD_KEYPTR(hh, w->files, f->key, strlen(f->key), f);
        w->scratches += userfile_counts(f);
}

static void userfile_unindex_locked(struct write_state *w, struct userfile *f)
{
        HASH_DEL(w->files, f);
        w->scratches -= userfile_counts(f);
}

static void userfile_free(struct userfile *f)
{
        free(f->key);
        free(f->bytes);
        free(f);
}

int userfile_set_bytes_locked(struct userfile *f, const char *bytes, size_t len)
{
        char *copy = malloc(len + 1);

        if (copy == NULL)
                return -ENOMEM;
        memcpy(copy, bytes, len);
        copy[len] = '\0';
        free(f->bytes);
        f->bytes = copy;
        f->len = len;
        return 0;
}

void userfile_set_stored_locked(struct write_state *w, struct userfile *f, bool stored)
{
        if (!f->gone)
                w->scratches -= userfile_counts(f);
        f->stored = stored;
        if (!f->gone)
                w->scratches += userfile_counts(f);
}

void userfile_detach_locked(struct write_state *w, const struct model *m, struct userfile *f)
{
        const struct document *d = f->kind == USERFILE_ACTING && m != NULL
                                           ? place_document(m, &f->place, f->name, NULL)
                                           : NULL;

        if (f->gone)
                return;
        if (d != NULL && userfile_set_bytes_locked(f, d->bytes, d->len) == 0)
                f->mtime_ns = d->mtime_ns;
        userfile_unindex_locked(w, f);
        f->gone = true;
        if (f->refs == 0)
                userfile_free(f);
}

void userfile_detach_place(struct session *s, const struct place *p)
{
        struct userfile *f, *tmp;

        LOCK_SCOPE(&s->write->lock);
        HASH_ITER (hh, s->write->files, f, tmp)
                if (place_equal(&f->place, p))
                        userfile_detach_locked(s->write, NULL, f);
}

struct userfile *userfile_add_locked(
        struct write_state *w, const struct place *p, const char *name, enum userfile_kind kind)
{
        struct userfile *f = calloc(1, sizeof(*f)), *old;

        if (f == NULL || (f->key = userfile_key(p, name)) == NULL) {
                free(f);
                return NULL;
        }
        HASH_FIND_STR(w->files, f->key, old);
        if (old != NULL)
                userfile_detach_locked(w, NULL, old);
        f->state = w;
        f->refs = 1;
        f->kind = kind;
        f->place = *p;
        snprintf(f->name, sizeof(f->name), "%s", name);
        f->ino = inode_mix(++w->next_ino);
        f->mtime_ns = clock_realtime() * NS_PER_SEC;
        userfile_index_locked(w, f);
        return f;
}

int userfile_move_locked(struct write_state *w, const struct model *m, struct userfile *f,
        const struct place *p, const char *name, enum userfile_kind kind)
{
        char *key = userfile_key(p, name);
        struct userfile *old;

        if (key == NULL)
                return -ENOMEM;
        HASH_FIND_STR(w->files, key, old);
        if (old != NULL && old != f)
                userfile_detach_locked(w, m, old);
        if (!f->gone)
                userfile_unindex_locked(w, f);
        free(f->key);
        f->key = key;
        if (f->kind != kind) {
                f->turns++;
                f->writer = NULL;
        }
        f->kind = kind;
        f->place = *p;
        f->gone = false;
        snprintf(f->name, sizeof(f->name), "%s", name);
        userfile_index_locked(w, f);
        return 0;
}

struct userfile *userfile_ref(struct userfile *f)
{
        LOCK_SCOPE(&f->state->lock);
        f->refs++;
        return f;
}

/* An acting file that nobody holds is found again in the model; a scratch file lives by its name.
 */
void userfile_unref_locked(struct write_state *w, struct userfile *f)
{
        if (--f->refs > 0 || (userfile_is_scratch(f) && !f->gone))
                return;
        if (!f->gone)
                userfile_unindex_locked(w, f);
        userfile_free(f);
}

void userfile_unref(struct userfile *f)
{
        if (f == NULL)
                return;
        LOCK_SCOPE(&f->state->lock);
        userfile_unref_locked(f->state, f);
}

/* ---------------------------------------------------------------- what the kernel asks */

/* What the name is according to the model: -1 nothing of the model's. */
static int place_model_kind(const struct model *m, const struct place *p, const char *name)
{
        if (place_document(m, p, name, NULL) != NULL)
                return USERFILE_ACTING;
        if (place_member_link(m, p, name) != NULL)
                return USERFILE_LINK;
        return -1;
}

int userfile_lookup(
        struct session *s, const struct subject *folder, const char *name, struct userfile **ret)
{
        const struct place p = place_of(folder);
        int kind = place_model_kind(s->model, &p, name);
        struct userfile *f;
        int r = 0;

        pthread_mutex_lock(&s->write->lock);
        f = userfile_find_locked(s->write, &p, name);
        /* The model decides about what is in it; the table knows only who holds it. */
        if (f != NULL && !userfile_is_scratch(f) && (int)f->kind != kind) {
                userfile_detach_locked(s->write, NULL, f);
                f = NULL;
        }
        if (f != NULL)
                f->refs++;
        else if (kind >= 0)
                f = userfile_add_locked(s->write, &p, name, (enum userfile_kind)kind);
        else
                r = -ENOENT;
        pthread_mutex_unlock(&s->write->lock);
        if (r == 0 && f == NULL)
                r = -ENOMEM;
        if (r == 0)
                *ret = f;
        return r;
}

struct lister {
        int (*emit)(void *arg, const char *name, mode_t type);
        void *arg;
};

static int list_documents(const struct fleet *f, const struct place *p, const struct lister *l)
{
        const struct object *o;
        char name[ACTING_STEM_MAX + ACTING_EXT_MAX + 2];

        for (o = f->objects[folder_object_kind(p->folder)]; o != NULL; o = o->hh.next) {
                const struct document *d = object_visible_document(o);
                int r;

                if (d == NULL || o->is_folder)
                        continue;
                snprintf(name, sizeof(name), "%s.%s", o->name, d->ext);
                r = l->emit(l->arg, name, S_IFREG);
                if (r != 0)
                        return r;
        }
        return 0;
}

static int list_migration(const struct object *o, const struct place *p, const struct lister *l)
{
        const struct document *d = object_visible_document(o);
        char name[ACTING_EXT_MAX + 16];
        int r = 0;

        if (p->folder == FOLDER_TARGETS) {
                for (size_t i = 0; i < o->n_targets && r == 0; i++)
                        r = l->emit(l->arg, o->targets[i].name, S_IFLNK);
                return r;
        }
        if (o->source.target != NULL)
                r = l->emit(l->arg, "source", S_IFLNK);
        if (r == 0 && d != NULL && o->is_folder) {
                snprintf(name, sizeof(name), "policy.%s", d->ext);
                r = l->emit(l->arg, name, S_IFREG);
        }
        return r;
}

/* What another store, or a start, has made since: the folder is what a lookup finds. */
static bool place_has_folder(const struct fleet *f, const struct place *p, const char *name)
{
        const struct object *o = p->folder == FOLDER_MIGRATION || p->folder == FOLDER_TARGETS
                                         ? NULL
                                         : fleet_object(f, folder_object_kind(p->folder), name);

        return o != NULL && object_folder_shows(o);
}

int userfile_list(struct session *s, const struct subject *folder,
        int (*emit)(void *, const char *, mode_t), void *arg)
{
        const struct place p = place_of(folder);
        const struct lister l = { emit, arg };
        struct userfile *f;
        int r;

        if (p.folder == FOLDER_MIGRATION || p.folder == FOLDER_TARGETS)
                r = list_migration(folder->object, &p, &l);
        else
                r = list_documents(folder->fleet, &p, &l);
        if (r != 0)
                return r;
        pthread_mutex_lock(&s->write->lock);
        for (f = s->write->files; f != NULL && r == 0; f = f->hh.next)
                if (userfile_is_scratch(f) && place_equal(&f->place, &p) &&
                        !place_has_folder(folder->fleet, &p, f->name))
                        r = emit(arg, f->name, f->kind == USERFILE_SCRATCH ? S_IFREG : S_IFLNK);
        pthread_mutex_unlock(&s->write->lock);
        return r;
}

int userfile_getattr(struct session *s, struct userfile *f, struct user_attr *ret)
{
        const struct object *o = NULL;
        const struct document *d;
        const struct member_link *l;
        int r = 0;

        pthread_mutex_lock(&s->write->lock);
        d = f->kind == USERFILE_ACTING && !f->gone
                    ? place_document(s->model, &f->place, f->name, &o)
                    : NULL;
        l = f->kind == USERFILE_LINK && !f->gone ? place_member_link(s->model, &f->place, f->name)
                                                 : NULL;
        *ret = (struct user_attr){
                .mode = S_IFREG | 0600, .size = f->len, .mtime_ns = f->mtime_ns, .ino = f->ino
        };
        if (d != NULL) {
                *ret = (struct user_attr){ .mode = S_IFREG | (o->own ? 0600 : 0444),
                        .size = d->len,
                        .mtime_ns = d->mtime_ns };
                if (o->draft_state == DRAFT_REJECTED && d == &o->draft && o->draft_at != 0)
                        ret->mtime_ns = o->draft_at * NS_PER_SEC;
        } else if (l != NULL) {
                *ret = (struct user_attr){ .mode = S_IFLNK | 0777,
                        .size = strlen(l->target),
                        .mtime_ns = place_created(s->model, &f->place) * NS_PER_SEC,
                        .ino = f->ino };
        } else if (f->kind == USERFILE_SCRATCH_LINK || f->kind == USERFILE_LINK) {
                ret->mode = S_IFLNK | 0777;
        } else if (f->kind == USERFILE_ACTING) {
                ret->ino = 0;
        }
        if (f->writer != NULL)
                ret->size = f->writer->bytes.len;
        pthread_mutex_unlock(&s->write->lock);
        return r;
}

int userfile_content_locked(const struct model *m, const struct userfile *f, struct buf *out)
{
        const struct document *d = f->kind == USERFILE_ACTING && !f->gone
                                           ? place_document(m, &f->place, f->name, NULL)
                                           : NULL;
        const struct member_link *l = f->kind == USERFILE_LINK && !f->gone
                                              ? place_member_link(m, &f->place, f->name)
                                              : NULL;

        /* What others write is theirs until they commit it. */
        if (d != NULL)
                buf_append(out, d->bytes, d->len);
        else if (l != NULL)
                buf_puts(out, l->target);
        else if (f->bytes != NULL)
                buf_append(out, f->bytes, f->len);
        return out->error;
}

int userfile_content(struct session *s, struct userfile *f, struct buf *out)
{
        LOCK_SCOPE(&s->write->lock);
        return userfile_content_locked(s->model, f, out);
}

static const struct object *userfile_object(const struct model *m, const struct userfile *f)
{
        const struct object *o = NULL;

        LOCK_SCOPE(&f->state->lock);
        return f->kind == USERFILE_ACTING && place_document(m, &f->place, f->name, &o) != NULL
                       ? o
                       : NULL;
}

int userfile_getxattr(struct session *s, struct userfile *f, const char *name, struct buf *out)
{
        const struct object *o = userfile_object(s->model, f);

        if (o == NULL)
                return -ENODATA;
        if (strcmp(name, "phase") == 0)
                return buf_puts(out, phase_text(o->phase));
        if (strcmp(name, "error") == 0 && show_has_refusal(o))
                return show_refusal(o, out);
        return -ENODATA;
}

int userfile_listxattr(struct session *s, struct userfile *f, struct buf *out)
{
        const struct object *o = userfile_object(s->model, f);

        if (o == NULL)
                return 0;
        buf_append(out, "phase", sizeof("phase"));
        if (show_has_refusal(o))
                buf_append(out, "error", sizeof("error"));
        return out->error;
}
