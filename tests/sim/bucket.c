/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/bucket.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/names.h"

struct items *items_new(void)
{
        struct items *items = mem_zalloc(sizeof *items);

        items->refs = 1;
        return items;
}

struct items *items_ref(struct items *items)
{
        if (items)
                items->refs++;
        return items;
}

void items_unref(struct items *items)
{
        if (!items || --items->refs)
                return;
        for (size_t i = 0; i < items->n; i++)
                doc_unref(items->v[i].doc);
        free(items->v);
        free(items);
}

void items_add(struct items *items, const struct restype *type, struct doc *d)
{
        if (items->n == items->cap) {
                items->cap = items->cap ? items->cap * 2 : 32;
                items->v = mem_realloc(items->v, items->cap * sizeof *items->v);
        }
        items->v[items->n++] = (struct item){ type, doc_ref(d) };
}

void bucket_add(struct buckets *b, const char *name)
{
        if (bucket_exists(b, name))
                return;
        b->names = mem_realloc(b->names, (b->n_names + 1) * sizeof *b->names);
        b->names[b->n_names++] = mem_strdup(name);
}

bool bucket_exists(const struct buckets *b, const char *name)
{
        for (size_t i = 0; i < b->n_names; i++)
                if (strcmp(b->names[i], name) == 0)
                        return true;
        return false;
}

struct prefix *bucket_prefix(struct buckets *b, const char *bucket, const char *path)
{
        _cleanup_(freep) char *clean = NULL;
        struct prefix *p;
        size_t n;

        path += strspn(path, "/");
        n = strlen(path);
        while (n && path[n - 1] == '/')
                n--;
        clean = mem_strndup(path, n);
        for (size_t i = 0; i < b->n; i++)
                if (strcmp(b->v[i]->bucket, bucket) == 0 && strcmp(b->v[i]->path, clean) == 0)
                        return b->v[i];
        p = mem_zalloc(sizeof *p);
        p->bucket = mem_strdup(bucket);
        p->path = mem_strdup(clean);
        b->v = mem_realloc(b->v, (b->n + 1) * sizeof *b->v);
        b->v[b->n++] = p;
        return p;
}

static int name_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

bool bucket_invalid_dirs(const struct buckets *b, const struct prefix *p, struct str *out)
{
        static const char *const allowed[] = { "backups", "restores", "restic", "metadata",
                "plugins", "kopia" };
        size_t len = strlen(p->path);
        struct names dirs = { 0 };
        bool found;

        for (size_t i = 0; i < b->n; i++) {
                const struct prefix *o = b->v[i];
                const char *rest = o->path + len + (len ? 1 : 0);
                _cleanup_(freep) char *dir = NULL;
                bool fine = false;

                if (o == p || strcmp(o->bucket, p->bucket) != 0 ||
                        (!o->n_backups && !o->n_restores) || strncmp(o->path, p->path, len) != 0 ||
                        (len && o->path[len] != '/'))
                        continue;
                dir = mem_strndup(rest, strcspn(rest, "/"));
                for (size_t j = 0; j < ARRAY_SIZE(allowed); j++)
                        fine |= strcmp(allowed[j], dir) == 0;
                if (!fine)
                        names_add(&dirs, dir);
        }
        if (dirs.n)
                qsort(dirs.v, dirs.n, sizeof *dirs.v, name_compare);
        for (size_t i = 0; i < dirs.n; i++)
                str_printf(out, "%s%s", i ? " " : "[", dirs.v[i]);
        found = dirs.n > 0;
        if (found)
                str_putc(out, ']');
        names_done(&dirs);
        return found;
}

static void stored_backup_done(struct stored_backup *s)
{
        free(s->name);
        doc_unref(s->cr);
        items_unref(s->items);
        json_decref(s->results);
}

static void stored_restore_done(struct stored_restore *s)
{
        free(s->name);
        json_decref(s->results);
        json_decref(s->resources);
}

void buckets_done(struct buckets *b)
{
        for (size_t i = 0; i < b->n; i++) {
                struct prefix *p = b->v[i];

                for (size_t j = 0; j < p->n_backups; j++)
                        stored_backup_done(&p->backups[j]);
                for (size_t j = 0; j < p->n_restores; j++)
                        stored_restore_done(&p->restores[j]);
                free(p->backups);
                free(p->restores);
                free(p->bucket);
                free(p->path);
                free(p);
        }
        for (size_t i = 0; i < b->n_names; i++)
                free(b->names[i]);
        free(b->names);
        free(b->v);
        *b = (struct buckets){ 0 };
}

static size_t backup_seek(const struct prefix *p, const char *name)
{
        size_t lo = 0, hi = p->n_backups;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (strcmp(p->backups[mid].name, name) < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

struct stored_backup *prefix_backup(const struct prefix *p, const char *name)
{
        size_t i = backup_seek(p, name);

        return i < p->n_backups && strcmp(p->backups[i].name, name) == 0 ? &p->backups[i] : NULL;
}

struct stored_backup *prefix_put_backup(
        struct prefix *p, const char *name, struct doc *cr, struct items *items, json_t *results)
{
        struct stored_backup fresh = { mem_strdup(name), doc_ref(cr), items_ref(items),
                json_incref(results) };
        struct stored_backup *old = prefix_backup(p, name);
        size_t i;

        if (old) {
                stored_backup_done(old);
                *old = fresh;
                return old;
        }
        i = backup_seek(p, name);
        if (p->n_backups == p->cap_backups) {
                p->cap_backups = p->cap_backups ? p->cap_backups * 2 : 8;
                p->backups = mem_realloc(p->backups, p->cap_backups * sizeof *p->backups);
        }
        memmove(p->backups + i + 1, p->backups + i, (p->n_backups - i) * sizeof *p->backups);
        p->n_backups++;
        p->backups[i] = fresh;
        return &p->backups[i];
}

void prefix_remove_backup(struct prefix *p, const char *name)
{
        struct stored_backup *s = prefix_backup(p, name);

        if (!s)
                return;
        stored_backup_done(s);
        p->n_backups--;
        memmove(s, s + 1, (size_t)(p->backups + p->n_backups - s) * sizeof *s);
}

struct stored_restore *prefix_restore(const struct prefix *p, const char *name)
{
        for (size_t i = 0; i < p->n_restores; i++)
                if (strcmp(p->restores[i].name, name) == 0)
                        return &p->restores[i];
        return NULL;
}

void prefix_put_restore(
        struct prefix *p, const char *name, json_t *results, json_t *resources, time_t started)
{
        struct stored_restore fresh = { mem_strdup(name), results, resources, started };
        struct stored_restore *old = prefix_restore(p, name);

        if (old) {
                stored_restore_done(old);
                *old = fresh;
                return;
        }
        p->restores = mem_realloc(p->restores, (p->n_restores + 1) * sizeof *p->restores);
        p->restores[p->n_restores++] = fresh;
}

void prefix_remove_restore(struct prefix *p, const char *name)
{
        struct stored_restore *s = prefix_restore(p, name);

        if (!s)
                return;
        stored_restore_done(s);
        p->n_restores--;
        memmove(s, s + 1, (size_t)(p->restores + p->n_restores - s) * sizeof *s);
}
