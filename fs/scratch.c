/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/scratch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/store.h"

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

int scratch_keep(struct engine *e, const struct place *p, const char *name, const char *bytes,
        size_t len, struct err *err)
{
        char folder[SCRATCH_FOLDER_MAX];
        const struct store_key key = {
                .space = STORE_SCRATCH, .fleet = p->fleet, .folder = folder, .name = name
        };

        scratch_folder(p, folder);
        return store_put(e->store, &key, bytes, len, err);
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
        unsigned n;
};

/* A record that is damaged is left to who looks after the store; the others come back. */
static int scratch_load_one(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        struct scratch_loading *l = arg;
        struct userfile *f;

        if (bytes == NULL || l->n++ >= LIMIT_KEPT_FILES)
                return 0;
        LOCK_SCOPE(&l->session->write->lock);
        f = userfile_add_locked(l->session->write, l->place, name, USERFILE_SCRATCH);
        if (f == NULL)
                return -ENOMEM;
        userfile_set_stored_locked(l->session->write, f, true);
        if (userfile_set_bytes_locked(f, bytes, len) < 0)
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

int scratch_load(struct session *s, struct err *err)
{
        const struct fleet *f;
        int r = 0;

        if (s->engine == NULL)
                return 0;
        for (f = s->model->fleets; f != NULL && r == 0; f = f->hh.next)
                r = scratch_load_fleet(s, f, err);
        return r < 0 ? err_wrap(err, r, "bring back files that were renamed away") : 0;
}
