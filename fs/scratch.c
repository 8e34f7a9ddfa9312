/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/scratch.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "ops/store.h"

bool scratch_stands_at(struct session *s, const struct place *p, const char *stem, struct err *err)
{
        const struct userfile *f;

        if (p->folder == FOLDER_MIGRATION)
                return false;
        LOCK_SCOPE(&s->write->lock);
        f = userfile_find_locked(s->write, p, stem);
        if (f == NULL || !userfile_is_scratch(f))
                return false;
        err_set(err, -EPERM, "a file named %s is where the folder of the policy would be", stem);
        err_id(err, "FLT-0262");
        err_remedy(err, "rename or remove that file first");
        return true;
}

bool scratch_name_ok(const char *name)
{
        static const char suffix[] = ".error.txt";
        size_t len = strlen(name), n = sizeof(suffix) - 1;

        /* An error file may come at any time: a name means one thing only. */
        return len < n || strcmp(name + len - n, suffix) != 0;
}

int scratch_new(struct session *s, const struct place *p, const char *name, enum userfile_kind kind,
        struct userfile **ret)
{
        struct userfile *f;

        if (!scratch_name_ok(name))
                return -EPERM;
        LOCK_SCOPE(&s->write->lock);
        if (s->write->scratches >= LIMIT_SCRATCH_FILES)
                return -ENOSPC;
        f = userfile_add_locked(s->write, p, name, kind);
        if (f == NULL)
                return -ENOMEM;
        if (userfile_set_bytes_locked(f, "", 0) < 0) {
                userfile_detach_locked(s->write, NULL, f);
                userfile_unref_locked(s->write, f);
                return -ENOMEM;
        }
        *ret = f;
        return 0;
}

int scratch_room(struct session *s, const struct place *p, struct err *err)
{
        const struct userfile *f;
        unsigned n = 0;

        LOCK_SCOPE(&s->write->lock);
        for (f = s->write->files; f != NULL; f = f->hh.next)
                n += f->stored && place_equal(&f->place, p);
        if (n < LIMIT_KEPT_FILES)
                return 0;
        err_set(err, -ENOSPC, "the folder keeps %u files that were renamed away", n);
        err_id(err, "FLT-0261");
        err_remedy(err, "remove some of them");
        return -ENOSPC;
}

/* ---------------------------------------------------------------- the store */

enum { SCRATCH_FOLDER_MAX = ACTING_STEM_MAX + 32 };

/* The folder's path below the fleet, as the store has it. */
static void scratch_folder(const struct place *p, char text[static SCRATCH_FOLDER_MAX])
{
        static const char *const folders[] = {
                [FOLDER_NONE] = "",
                [FOLDER_BACKUPS] = "backups",
                [FOLDER_RESTORES] = "restores",
                [FOLDER_MIGRATIONS] = "migrations",
                [FOLDER_MIGRATION] = "migrations/",
                [FOLDER_TARGETS] = "targets/",
        };

        snprintf(text, SCRATCH_FOLDER_MAX, "%s%s", folders[p->folder], p->migration);
}

/*
 * A line of JSON, then the bytes. The origin's fleet is the place's: nothing is renamed into another
 * fleet. Of an origin whose name is no text nothing is remembered: no policy can have it.
 */
static int scratch_encode(const struct scratch_record *record, struct buf *out)
{
        const struct acting_origin *o = &record->origin;
        json_t *header = json_pack("{s:i, s:I}", "version", 1, "mtime_ns", (json_int_t)record->mtime_ns);
        char *line;

        if (o->set)
                (void)json_object_set_new(header, "origin",
                        json_pack("{s:s, s:s}", "folder", object_kind_folder(o->kind), "name",
                                o->name));
        line = json_dumps(header, JSON_COMPACT);
        json_decref(header);
        if (line == NULL)
                return -ENOMEM;
        buf_printf(out, "%s\n", line);
        buf_append(out, record->bytes, record->len);
        free(line);
        return out->error;
}

static int scratch_decode(
        const struct place *p, const char *bytes, size_t len, struct scratch_record *ret)
{
        const char *nl = memchr(bytes, '\n', len), *folder = NULL, *name = "";
        json_t *header = nl != NULL ? json_loadb(bytes, (size_t)(nl - bytes), 0, NULL) : NULL;
        json_int_t mtime_ns = 0;
        int version = 0, kind, r = -EBADMSG;

        *ret = (struct scratch_record){ .bytes = NULL };
        if (json_unpack(header, "{s:i, s:I, s?{s:s, s:s}}", "version", &version, "mtime_ns",
                    &mtime_ns, "origin", "folder", &folder, "name", &name) == 0 &&
                version == 1 && strlen(name) < sizeof(ret->origin.name)) {
                ret->bytes = nl + 1;
                ret->len = len - (size_t)(nl + 1 - bytes);
                ret->mtime_ns = mtime_ns;
                kind = folder != NULL ? object_kind_from_folder(folder) : -1;
                if (kind >= 0) {
                        ret->origin.set = true;
                        ret->origin.kind = (enum object_kind)kind;
                        memcpy(ret->origin.fleet, p->fleet, sizeof(ret->origin.fleet));
                        memcpy(ret->origin.name, name, strlen(name) + 1);
                }
                r = 0;
        }
        json_decref(header);
        return r;
}

int scratch_keep(struct engine *e, const struct place *p, const char *name,
        const struct scratch_record *record, struct err *err)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(STORE_RECORD_MAX);
        char folder[SCRATCH_FOLDER_MAX];
        const struct store_key key = {
                .space = STORE_SCRATCH, .fleet = p->fleet, .folder = folder, .name = name
        };
        int r = scratch_encode(record, &b);

        if (r < 0)
                return err_set(err, r, "keep %s: %s", name, strerror(-r));
        scratch_folder(p, folder);
        return store_put(e->store, &key, b.data, b.len, err);
}

int scratch_forget(struct engine *e, const struct place *p, const char *name, struct err *err)
{
        char folder[SCRATCH_FOLDER_MAX];
        const struct store_key key = {
                .space = STORE_SCRATCH, .fleet = p->fleet, .folder = folder, .name = name
        };

        scratch_folder(p, folder);
        return store_delete(e->store, &key, err);
}

struct scratch_folder_gone {
        struct engine *engine;
        const struct place *place;
};

static int scratch_forget_one(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        const struct scratch_folder_gone *g = arg;

        if (bytes != NULL)
                (void)scratch_forget(g->engine, g->place, name, NULL);
        return 0;
}

void scratch_forget_all(struct engine *e, const struct place *p)
{
        struct scratch_folder_gone g = { .engine = e, .place = p };
        char folder[SCRATCH_FOLDER_MAX];

        scratch_folder(p, folder);
        (void)store_each(e->store, STORE_SCRATCH, p->fleet, folder, scratch_forget_one, &g, NULL);
}

struct scratch_loading {
        struct session *session;
        const struct place *place;
};

/* A record that is damaged is left to who looks after the store; the others come back. */
static int scratch_load_one(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        const struct scratch_loading *l = arg;
        struct scratch_record record;
        struct userfile *f;

        if (bytes == NULL || scratch_decode(l->place, bytes, len, &record) < 0) {
                log_warn("a file that was renamed away cannot be read", LOG_S("fleet", l->place->fleet),
                        LOG_S("file", name), LOG_ERR(bytes == NULL ? why : NULL));
                return 0;
        }
        LOCK_SCOPE(&l->session->write->lock);
        f = userfile_add_locked(l->session->write, l->place, name, USERFILE_SCRATCH);
        if (f == NULL)
                return -ENOMEM;
        userfile_set_stored_locked(l->session->write, f, true);
        f->origin = record.origin;
        f->mtime_ns = record.mtime_ns;
        if (userfile_set_bytes_locked(f, record.bytes, record.len) < 0)
                userfile_detach_locked(l->session->write, NULL, f);
        userfile_unref_locked(l->session->write, f);
        return 0;
}

static int scratch_load_folder(struct session *s, const struct place *p, struct err *err)
{
        struct scratch_loading l = { .session = s, .place = p };
        char folder[SCRATCH_FOLDER_MAX];

        scratch_folder(p, folder);
        return store_each(
                s->engine->store, STORE_SCRATCH, p->fleet, folder, scratch_load_one, &l, err);
}

static int scratch_load_fleet(struct session *s, const struct fleet *f, struct err *err)
{
        static const enum folder_kind folders[] = { FOLDER_BACKUPS, FOLDER_RESTORES,
                FOLDER_MIGRATIONS };
        const struct object *o;
        struct place p = { .folder = FOLDER_NONE };
        int r = 0;

        snprintf(p.fleet, sizeof(p.fleet), "%s", f->name);
        for (size_t i = 0; i < ARRAY_SIZE(folders) && r == 0; i++) {
                p.folder = folders[i];
                r = scratch_load_folder(s, &p, err);
        }
        p.folder = FOLDER_MIGRATION;
        for (o = f->objects[OBJECT_MIGRATION]; o != NULL && r == 0; o = o->hh.next) {
                snprintf(p.migration, sizeof(p.migration), "%s", o->name);
                if (o->is_folder)
                        r = scratch_load_folder(s, &p, err);
        }
        return r;
}

/* What is left in memory of an earlier time of the fleet is not what the store has. */
static int scratch_fleet_came(void *arg, struct fleet *f, struct err *err)
{
        struct session *s = arg;
        struct userfile *u, *tmp;
        int r;

        pthread_mutex_lock(&s->write->lock);
        HASH_ITER (hh, s->write->files, u, tmp)
                if (strcmp(u->place.fleet, f->name) == 0)
                        userfile_detach_locked(s->write, NULL, u);
        pthread_mutex_unlock(&s->write->lock);
        r = scratch_load_fleet(s, f, err);
        return r < 0 ? err_wrap(err, r, "bring back files that were renamed away") : 0;
}

int scratch_load(struct session *s, struct err *err)
{
        const struct fleet *f;
        int r = 0;

        if (s->engine == NULL)
                return 0;
        for (f = s->model->fleets; f != NULL && r == 0; f = f->hh.next)
                r = scratch_load_fleet(s, f, err);
        engine_on_fleet(s->engine, scratch_fleet_came, s);
        return r < 0 ? err_wrap(err, r, "bring back files that were renamed away") : 0;
}
