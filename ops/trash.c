/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/trash.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/store.h"

static void trash_file_done(struct trash_file *t)
{
        free(t->name);
        free(t->record);
        free(t->bytes);
        *t = (struct trash_file){ .name = NULL };
}

void trash_free(struct trash *t)
{
        if (t == NULL)
                return;
        for (size_t i = 0; i < t->n; i++)
                trash_file_done(&t->files[i]);
        free(t->files);
        free(t);
}

const struct trash_file *trash_find(const struct fleet *f, const char *name)
{
        for (size_t i = 0; f->trash != NULL && i < f->trash->n; i++)
                if (strcmp(f->trash->files[i].name, name) == 0)
                        return &f->trash->files[i];
        return NULL;
}

/* ---------------------------------------------------------------- names */

static bool trash_taken(const struct trash *t, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(t->files[i].name, name) == 0)
                        return true;
        return false;
}

/* Newest first, so that a file is called by what newer ones left. */
static void trash_name(struct trash *t, size_t at)
{
        struct trash_file *file = &t->files[at];
        char name[NAME_MAX + 1], stamp[STAMP_SIZE];
        int stem = (int)(strrchr(file->record, '@') - file->record), n;

        n = snprintf(name, sizeof(name), "%.*s", stem, file->record);
        if (trash_taken(t, at, name))
                n += snprintf(name + n, sizeof(name) - (size_t)n, ".%s",
                        stamp_format_run(stamp, file->removed));
        for (unsigned i = 2; trash_taken(t, at, name) && i <= LIMIT_TRASH_FILES; i++)
                snprintf(name + n, sizeof(name) - (size_t)n, "-%u", i);
        if (strcmp(file->name, name) != 0) {
                char *copy = strdup(name);

                /* Without memory it keeps the record's, which is nobody else's. */
                if (copy != NULL) {
                        free(file->name);
                        file->name = copy;
                }
        }
}

static int trash_newer(const void *a, const void *b)
{
        const struct trash_file *x = a, *y = b;

        if (x->removed != y->removed)
                return x->removed > y->removed ? -1 : 1;
        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return strcmp(x->record, y->record);
}

/* ---------------------------------------------------------------- files */

static struct store_key trash_key(const struct fleet *f, enum object_kind kind, const char *record)
{
        return (struct store_key){
                .space = STORE_TRASH,
                .fleet = f->name,
                .folder = object_kind_folder(kind),
                .name = record,
        };
}

static void trash_remove(struct trash *t, size_t at)
{
        trash_file_done(&t->files[at]);
        memmove(&t->files[at], &t->files[at + 1], (t->n - at - 1) * sizeof(*t->files));
        t->n--;
}

/* At the end; trash_settle() puts it into its place. */
static int trash_add(struct fleet *f, enum object_kind kind, const char *record, const char *bytes, size_t len)
{
        struct trash *t = f->trash != NULL ? f->trash : (f->trash = calloc(1, sizeof(*t)));
        struct trash_file file = { .kind = kind, .removed = strtoll(strrchr(record, '@') + 1, NULL, 10), .len = len };
        struct trash_file *grown = t != NULL ? reallocarray(t->files, t->n + 1, sizeof(*grown)) : NULL;

        if (grown == NULL)
                return -ENOMEM;
        t->files = grown;
        for (size_t i = 0; i < t->n; i++)
                if (t->files[i].kind == kind && strcmp(t->files[i].record, record) == 0) {
                        trash_remove(t, i);
                        break;
                }
        file.name = strdup(record);
        file.record = strdup(record);
        file.bytes = malloc(len + 1);
        if (file.name == NULL || file.record == NULL || file.bytes == NULL) {
                trash_file_done(&file);
                return -ENOMEM;
        }
        memcpy(file.bytes, bytes, len);
        t->files[t->n++] = file;
        return 0;
}

/* How many of the files are within the limits. */
static size_t trash_fits(const struct trash *t, int64_t before)
{
        size_t bytes = 0, i;

        for (i = 0; i < t->n && i < LIMIT_TRASH_FILES; i++) {
                bytes += t->files[i].len;
                if (t->files[i].removed <= before || bytes > LIMIT_TRASH_BYTES)
                        break;
        }
        return i;
}

/* Order and names. In a write section. */
static void trash_settle(struct fleet *f)
{
        struct trash *t = f->trash;

        if (t == NULL)
                return;
        if (t->n > 1)
                qsort(t->files, t->n, sizeof(*t->files), trash_newer);
        for (size_t i = 0; i < t->n; i++)
                trash_name(t, i);
        model_touch_fleet(f, false);
}

/* ---------------------------------------------------------------- in and out */

int trash_keep(struct engine *e, const struct object *o, struct err *err)
{
        const struct document *d = o->in_force.bytes != NULL ? &o->in_force : &o->draft;
        char record[256];
        struct store_key key;
        int r;

        if (d->bytes == NULL || d->len == 0)
                return 0;
        snprintf(record, sizeof(record), "%.200s.%s@%" PRId64, o->name, d->ext, clock_realtime());
        key = trash_key(o->fleet, o->kind, record);
        r = store_put(e->store, &key, d->bytes, d->len, err);
        if (r < 0)
                return r;
        engine_write(e);
        /* Without memory the next start shows it. */
        (void)trash_add(o->fleet, o->kind, record, d->bytes, d->len);
        trash_settle(o->fleet);
        engine_publish(e);
        trash_sweep(e, o->fleet);
        return 0;
}

bool trash_has(const struct object *o)
{
        const struct document *d = o->in_force.bytes != NULL ? &o->in_force : &o->draft;
        const struct trash *t = o->fleet->trash;
        char file[256];
        int n = snprintf(file, sizeof(file), "%.200s.%s@", o->name, d->ext);

        for (size_t i = 0; t != NULL && d->bytes != NULL && i < t->n; i++)
                if (t->files[i].kind == o->kind && strncmp(t->files[i].record, file, (size_t)n) == 0 &&
                        t->files[i].len == d->len && memcmp(t->files[i].bytes, d->bytes, d->len) == 0)
                        return true;
        return false;
}

void trash_sweep(struct engine *e, struct fleet *f)
{
        struct trash *t = f->trash;
        size_t keep = t != NULL ? trash_fits(t, clock_realtime() - LIMIT_TRASH_S) : 0, n;

        if (t == NULL || keep == t->n)
                return;
        /* What the store does not let go stays in sight, for the next time. */
        for (n = t->n; n > keep; n--) {
                struct store_key key = trash_key(f, t->files[n - 1].kind, t->files[n - 1].record);

                if (store_delete(e->store, &key, NULL) < 0)
                        break;
        }
        engine_write(e);
        while (t->n > n)
                trash_remove(t, t->n - 1);
        trash_settle(f);
        engine_publish(e);
}

void trash_take_back(struct engine *e, const struct object *o, int64_t since)
{
        struct trash *t = o->fleet->trash;
        char stem[256];
        int n = snprintf(stem, sizeof(stem), "%.200s.", o->name);

        for (size_t i = t != NULL ? t->n : 0; i-- > 0;) {
                const struct trash_file *file = &t->files[i];
                struct store_key key = trash_key(o->fleet, o->kind, file->record);

                /* "<stem>.<ext>@<seconds>", and no extension has a dot. */
                if (file->kind != o->kind || file->removed < since || strncmp(file->record, stem, (size_t)n) != 0 ||
                        strchr(file->record + n, '.') != NULL)
                        continue;
                if (store_delete(e->store, &key, NULL) == 0)
                        trash_remove(t, i);
        }
        trash_settle(o->fleet);
}

struct trash_loading {
        struct fleet *fleet;
        enum object_kind kind;
};

static int trash_load_one(void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        const struct trash_loading *l = arg;

        const char *at = strrchr(name, '@');

        /* One that is damaged holds nothing that could be brought back. */
        if (bytes == NULL || at == NULL || at == name)
                return 0;
        return trash_add(l->fleet, l->kind, name, bytes, len);
}

int trash_load(struct engine *e, struct fleet *f, struct err *err)
{
        for (int k = 0; k < OBJECT_KINDS; k++) {
                struct trash_loading l = { .fleet = f, .kind = (enum object_kind)k };
                int r = store_each(e->store, STORE_TRASH, f->name, object_kind_folder(l.kind), trash_load_one, &l, err);

                if (r < 0)
                        return err_wrap(err, r, "load the trash of fleet %s", f->name);
        }
        trash_settle(f);
        return 0;
}
