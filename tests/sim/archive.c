/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/archive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/sim/cluster.h"

#define TAR_BLOCK 512

/* One compressed stream that is written piece by piece. */
struct packer {
        z_stream z;
        struct str *out;
};

static void packer_init(struct packer *p, struct str *out)
{
        memset(p, 0, sizeof *p);
        p->out = out;
        if (deflateInit2(&p->z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
                die("deflate");
}

static void packer_run(struct packer *p, const void *bytes, size_t n, int flush)
{
        int r;

        p->z.next_in = (unsigned char *)bytes;
        p->z.avail_in = (unsigned)n;
        do {
                str_reserve(p->out, 16384);
                p->z.next_out = (unsigned char *)p->out->s + p->out->len;
                p->z.avail_out = (unsigned)(p->out->cap - p->out->len - 1);
                r = deflate(&p->z, flush);
                p->out->len = (size_t)((char *)p->z.next_out - p->out->s);
        } while (p->z.avail_in || (flush == Z_FINISH && r != Z_STREAM_END));
}

static void packer_done(struct packer *p)
{
        packer_run(p, "", 0, Z_FINISH);
        deflateEnd(&p->z);
}

void archive_gzip(struct str *out, const char *in, size_t n)
{
        struct packer p;

        packer_init(&p, out);
        packer_run(&p, in, n, Z_NO_FLUSH);
        packer_done(&p);
}

/* A ustar header of the given type; paths beyond 100 bytes are split at a slash. */
static void tar_header(char *block, char type, const char *path, size_t size, time_t when)
{
        size_t n = strlen(path), cut = 0;
        unsigned sum = 0;

        memset(block, 0, TAR_BLOCK);
        if (n > 100)
                for (size_t i = 0; i < n && i <= 155; i++)
                        if (path[i] == '/' && n - i - 1 <= 100)
                                cut = i;
        memcpy(block, path + (cut ? cut + 1 : 0), strnlen(path + (cut ? cut + 1 : 0), 100));
        memcpy(block + 345, path, cut);
        snprintf(block + 100, 8, "%07o", 0755);
        snprintf(block + 108, 8, "%07o", 0);
        snprintf(block + 116, 8, "%07o", 0);
        snprintf(block + 124, 12, "%011zo", size);
        snprintf(block + 136, 12, "%011llo", (unsigned long long)when);
        memset(block + 148, ' ', 8);
        block[156] = type;
        memcpy(block + 257, "ustar\00000", 8);
        for (size_t i = 0; i < TAR_BLOCK; i++)
                sum += (unsigned char)block[i];
        snprintf(block + 148, 8, "%06o", sum);
}

/* A pax header for a path that ustar cannot hold. */
static void tar_pax(struct packer *p, const char *path, time_t when)
{
        static const char zeros[TAR_BLOCK];
        char block[TAR_BLOCK];
        struct str record = { 0 };
        size_t len = strlen(path) + 8;

        while (len != (size_t)snprintf(NULL, 0, "%zu path=%s\n", len, path))
                len = (size_t)snprintf(NULL, 0, "%zu path=%s\n", len, path);
        str_printf(&record, "%zu path=%s\n", len, path);
        tar_header(block, 'x', "PaxHeaders/entry", record.len, when);
        packer_run(p, block, sizeof block, Z_NO_FLUSH);
        packer_run(p, record.s, record.len, Z_NO_FLUSH);
        packer_run(p, zeros, (TAR_BLOCK - record.len % TAR_BLOCK) % TAR_BLOCK, Z_NO_FLUSH);
        str_done(&record);
}

/* True where the header's two fields hold the path. */
static bool tar_fits(const char *path)
{
        size_t n = strlen(path);

        for (size_t i = 0; n > 100 && i < n && i <= 155; i++)
                if (path[i] == '/' && n - i - 1 <= 100)
                        return true;
        return n <= 100;
}

static void tar_file(struct packer *p, const char *path, const char *bytes, size_t n, time_t when)
{
        static const char zeros[TAR_BLOCK];
        char block[TAR_BLOCK];

        if (!tar_fits(path))
                tar_pax(p, path, when);
        tar_header(block, '0', path, n, when);
        packer_run(p, block, sizeof block, Z_NO_FLUSH);
        packer_run(p, bytes, n, Z_NO_FLUSH);
        packer_run(p, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK, Z_NO_FLUSH);
}

time_t archive_started(const struct stored_backup *s)
{
        struct jspan started =
                jscan_unquote(jscan(doc_json(s->cr), "status", "startTimestamp", NULL));
        _cleanup_(freep) char *text = started.p ? mem_strndup(started.p, started.n) : NULL;

        return text ? rfc3339_parse(text) : 0;
}

void archive_contents(struct str *out, const struct stored_backup *s)
{
        static const char zeros[2 * TAR_BLOCK];
        time_t when = archive_started(s);
        struct packer p;

        packer_init(&p, out);
        tar_file(&p, "metadata/version", "1.1.0\n", 6, when);
        for (size_t i = 0; s->items && i < s->items->n; i++) {
                const struct restype *t = s->items->v[i].type;
                const struct doc *d = s->items->v[i].doc;
                const char *versions[] = { "", t->version };

                for (size_t k = 0; k < ARRAY_SIZE(versions); k++) {
                        _cleanup_(freep) char *path = mem_printf("resources/%s/%s%s%s/%s.json",
                                t->crd_name, versions[k], k ? "-preferredversion/" : "",
                                d->ns_len ? "namespaces" : "cluster", doc_key(d));

                        tar_file(&p, path, doc_json(d), d->json_len, when);
                }
        }
        packer_run(&p, zeros, sizeof zeros, Z_NO_FLUSH);
        packer_done(&p);
}

void archive_resource_list(struct str *out, const struct stored_backup *s)
{
        json_t *list = json_object();
        char *text;

        for (size_t i = 0; s->items && i < s->items->n; i++) {
                const struct item *item = &s->items->v[i];
                _cleanup_(freep) char *key =
                        mem_printf("%s/%s", item->type->api_version, item->type->kind);

                if (!json_object_get(list, key))
                        json_object_set_new(list, key, json_array());
                json_array_append_new(json_object_get(list, key), json_string(doc_key(item->doc)));
        }
        text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
        archive_gzip(out, text, strlen(text));
        free(text);
        json_decref(list);
}

/* A log that is being written; its lines are all of one second. */
struct logbook {
        struct str text;
        const char *kind, *name;
        char time[RFC3339_LEN];
};

/* One line; @more are further fields, "key=value", or "". */
static void log_line(struct logbook *log, const char *level, const char *message,
        const char *source, const char *more)
{
        str_printf(&log->text, "time=\"%s\" level=%s msg=", log->time, level);
        str_json(&log->text, message);
        str_printf(&log->text, " %s=velero/%s logSource=\"%s\"%s%s\n", log->kind, log->name, source,
                *more ? " " : "", more);
}

/* A line for each text in a half of the results. */
static void log_half(struct logbook *log, const char *level, const json_t *half)
{
        const char *key;
        json_t *v, *line;
        size_t i;

        json_object_foreach ((json_t *)half, key, v) {
                if (json_is_object(v))
                        log_half(log, level, v);
                json_array_foreach (v, i, line)
                        log_line(log, level, json_string_value(line), "pkg/backup/backup.go:456",
                                "");
        }
}

static void log_items(struct logbook *log, const struct items *items)
{
        for (size_t i = 0; items && i < items->n; i++) {
                const struct doc *d = items->v[i].doc;
                _cleanup_(freep) char *more = mem_printf("name=%s namespace=%.*s resource=%s",
                        doc_name(d), (int)d->ns_len, doc_key(d), items->v[i].type->crd_name);

                log_line(log, "info", "Backing up item", "pkg/backup/item_backupper.go:188", more);
        }
}

void archive_log(struct str *out, const char *kind, const char *name, const json_t *results,
        const struct items *items, time_t start)
{
        struct logbook log = { .kind = kind, .name = name };
        _cleanup_(freep) char *begin = mem_printf("Setting up %s temp file", kind);
        _cleanup_(freep) char *end = mem_printf("%s completed", kind);

        rfc3339(start, log.time);
        log_line(&log, "info", begin, "pkg/controller/controller.go:737", "");
        log_items(&log, items);
        log_half(&log, "warning", json_object_get(results, "warnings"));
        log_half(&log, "error", json_object_get(results, "errors"));
        log_line(&log, "info", end, "pkg/controller/controller.go:800", "");
        archive_gzip(out, log.text.s, log.text.len);
        str_done(&log.text);
}
