/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Backup from bytes to a record, against jansson's tree and the same fields out of it.
 *
 *         bench-parse BACKUP.json ROUNDS      prints ours_mbs and peer_mbs
 *         bench-parse --records LIST.json     prints items, struct_bytes and string_bytes of one
 * record, with what malloc() rounds up
 */
#include <jansson.h>
#include <malloc.h>

#include "base/json.h"
#include "tests/bench/bench.h"
#include "velero/types.h"

/* What both sides must find, so that neither is faster by finding less. */
static uint64_t sum_text(uint64_t sum, const char *s)
{
        for (; s != NULL && *s != '\0'; s++)
                sum = sum * 31 + (unsigned char)*s;
        return sum;
}

static uint64_t ours_once(const char *bytes, size_t len)
{
        struct velero_backup *b = NULL;
        struct err err = ERR_INIT;
        uint64_t sum = 0;

        if (velero_backup_decode(bytes, len, &b, &err) < 0)
                bench_die("%s", err.msg);
        sum = sum_text(sum, b->name);
        sum = sum_text(sum, b->uid);
        sum = sum_text(sum, b->policy);
        sum = sum_text(sum, b->run);
        sum = sum_text(sum, b->cluster_uid);
        sum = sum_text(sum, b->schedule_name);
        sum = sum_text(sum, b->source_k8s);
        sum = sum_text(sum, b->storage_location);
        sum = sum_text(sum, b->ttl);
        sum = sum_text(sum, b->phase_text);
        sum = sum_text(sum, b->format_version);
        sum += b->items_done + b->items_total + b->errors + b->warnings;
        free(b);
        return sum;
}

static const char *string_at(const json_t *o, const char *a, const char *b)
{
        o = json_object_get(o, a);
        return json_string_value(b != NULL ? json_object_get(o, b) : o);
}

static uint32_t int_at(const json_t *o, const char *name)
{
        return (uint32_t)json_integer_value(json_object_get(o, name));
}

static uint64_t peer_once(const char *bytes, size_t len)
{
        json_t *root = json_loadb(bytes, len, 0, NULL), *meta, *labels, *notes, *spec, *status,
               *progress;
        uint64_t sum = 0;

        if (root == NULL)
                bench_die("jansson refuses the document");
        meta = json_object_get(root, "metadata");
        labels = json_object_get(meta, "labels");
        notes = json_object_get(meta, "annotations");
        spec = json_object_get(root, "spec");
        status = json_object_get(root, "status");
        progress = json_object_get(status, "progress");
        sum = sum_text(sum, string_at(meta, "name", NULL));
        sum = sum_text(sum, string_at(meta, "uid", NULL));
        sum = sum_text(sum, string_at(labels, "fleetfs.dev/name", NULL));
        sum = sum_text(sum, string_at(labels, "fleetfs.dev/run", NULL));
        sum = sum_text(sum, string_at(labels, "fleetfs.dev/cluster-uid", NULL));
        sum = sum_text(sum, string_at(labels, "velero.io/schedule-name", NULL));
        sum = sum_text(sum, string_at(notes, "velero.io/source-cluster-k8s-gitversion", NULL));
        sum = sum_text(sum, string_at(spec, "storageLocation", NULL));
        sum = sum_text(sum, string_at(spec, "ttl", NULL));
        sum = sum_text(sum, string_at(status, "phase", NULL));
        sum = sum_text(sum, string_at(status, "formatVersion", NULL));
        sum += int_at(progress, "itemsBackedUp") + int_at(progress, "totalItems") +
               int_at(status, "errors") + int_at(status, "warnings");
        json_decref(root);
        return sum;
}

/* Takes what is measured, so that it is not optimised away. */
extern volatile uint64_t parse_sink;
volatile uint64_t parse_sink;

/* Nanoseconds for one document, over at least 20 ms. */
static int64_t measure(uint64_t (*once)(const char *, size_t), const char *bytes, size_t len)
{
        int64_t start = bench_now_ns(), now, n = 0;
        uint64_t sum = 0;

        do {
                for (int i = 0; i < 50; i++)
                        sum += once(bytes, len);
                n += 50;
                now = bench_now_ns();
        } while (now - start < 20000000);
        /* A use of the results, so that none is left out. */
        if (sum != (uint64_t)n * once(bytes, len))
                bench_die("the same bytes do not say the same twice");
        return (now - start) / n;
}

struct records {
        size_t items, bytes;
};

static int count_record(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct records *n = arg;
        struct velero_backup *b = NULL;
        int r = velero_backup_decode(bytes, len, &b, err);

        if (r < 0)
                return r;
        n->items++;
        n->bytes += malloc_usable_size(b);
        free(b);
        return 0;
}

static void measure_records(const char *path)
{
        struct records n = { 0 };
        struct json_list *list;
        struct err err = ERR_INIT;
        size_t len;
        char *bytes = bench_file(path, &len);

        if (json_list_new(&list, len + 1, count_record, &n) < 0 ||
                json_list_feed(list, bytes, len, &err) < 0)
                bench_die("%s: %s", path, err.msg);
        json_list_free(list);
        if (n.items == 0)
                bench_die("%s: no items", path);
        printf("items %zu\nstruct_bytes %zu\nstring_bytes %zu\n", n.items,
                sizeof(struct velero_backup), n.bytes / n.items - sizeof(struct velero_backup));
        free(bytes);
}

int main(int argc, char **argv)
{
        int64_t *ours, *peer;
        size_t rounds, len;
        char *bytes;

        if (argc == 3 && strcmp(argv[1], "--records") == 0) {
                measure_records(argv[2]);
                return 0;
        }
        if (argc != 3)
                bench_die("usage: bench-parse BACKUP.json ROUNDS | --records LIST.json");
        bytes = bench_file(argv[1], &len);
        rounds = bench_number("ROUNDS", argv[2]);
        ours = calloc(rounds, sizeof(*ours));
        peer = calloc(rounds, sizeof(*peer));
        if (ours == NULL || peer == NULL)
                bench_die("out of memory");
        if (ours_once(bytes, len) != peer_once(bytes, len))
                bench_die("%s: the record and the tree do not say the same", argv[1]);
        for (size_t i = 0; i < rounds; i++) {
                ours[i] = measure(ours_once, bytes, len);
                peer[i] = measure(peer_once, bytes, len);
        }
        printf("bytes %zu\nours_ns %lld\npeer_ns %lld\nours_mbs %.0f\npeer_mbs %.0f\n", len,
                (long long)bench_median(ours, rounds), (long long)bench_median(peer, rounds),
                (double)len * 1000 / (double)bench_median(ours, rounds),
                (double)len * 1000 / (double)bench_median(peer, rounds));
        return 0;
}
