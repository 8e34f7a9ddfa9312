/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/loop.h"
#include "tests/sim/watch.h"

/* Events kept per table; those of the last minutes go first when there are more. */
#define WINDOW_MAX    1000
#define WINDOW_MIN    100
#define WINDOW_AGE_US (300 * 1000000ULL)

struct doc *doc_new(const char *ns, const char *name, uint64_t rv, const char *json, size_t len)
{
        size_t ns_len = strlen(ns);
        size_t name_len = strlen(name);
        size_t key_len = ns_len ? ns_len + 1 + name_len : name_len;
        struct doc *d = mem_realloc(NULL, sizeof *d + key_len + len + 2);

        *d = (struct doc){ .refs = 1,
                .rv = rv,
                .json_len = (uint32_t)len,
                .ns_len = (uint16_t)ns_len,
                .key_len = (uint16_t)key_len };
        snprintf(d->text, key_len + 1, "%s%s%s", ns, ns_len ? "/" : "", name);
        memcpy(d->text + key_len + 1, json, len);
        d->text[key_len + 1 + len] = '\0';
        return d;
}

struct doc *doc_ref(struct doc *d)
{
        if (d)
                d->refs++;
        return d;
}

void doc_unref(struct doc *d)
{
        if (d && --d->refs == 0)
                free(d);
}

json_t *doc_parse(const struct doc *d)
{
        json_t *obj = json_loadb(doc_json(d), d->json_len, 0, NULL);

        if (!obj)
                die("object %s does not parse", doc_key(d));
        return obj;
}

char *doc_namespace(const struct doc *d)
{
        return mem_strndup(d->text, d->ns_len);
}

struct table *table_new(struct cluster *cluster, const struct restype *type)
{
        struct table *t = mem_zalloc(sizeof *t);

        t->cluster = cluster;
        t->type = type;
        return t;
}

static void event_done(struct event *e)
{
        doc_unref(e->prev);
        doc_unref(e->next);
}

void table_compact(struct table *t)
{
        for (size_t i = 0; i < t->n_events; i++)
                event_done(&t->events[t->first + i]);
        t->first = t->n_events = 0;
        t->forgotten_rv = t->cluster->rv;
}

void table_free(struct table *t)
{
        if (!t)
                return;
        watch_end_all(t);
        for (size_t i = 0; i < t->n; i++)
                doc_unref(t->v[i]);
        for (size_t i = 0; i < t->n_events; i++)
                event_done(&t->events[t->first + i]);
        free(t->events);
        free(t->v);
        free(t);
}

size_t table_seek(const struct table *t, const char *key)
{
        size_t lo = 0, hi = t->n;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (strcmp(doc_key(t->v[mid]), key) < 0)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}

struct doc *table_find(const struct table *t, const char *ns, const char *name)
{
        char key[600];
        size_t i;

        snprintf(key, sizeof key, "%s%s%s", ns, *ns ? "/" : "", name);
        i = table_seek(t, key);
        return i < t->n && strcmp(doc_key(t->v[i]), key) == 0 ? t->v[i] : NULL;
}

/* Makes room for one more event, dropping what is old. */
static struct event *table_event_slot(struct table *t)
{
        uint64_t now = loop_now_us();

        while (t->n_events > WINDOW_MIN &&
                (t->n_events >= WINDOW_MAX || t->events[t->first].at_us + WINDOW_AGE_US < now)) {
                t->forgotten_rv = t->events[t->first].rv;
                event_done(&t->events[t->first]);
                t->first++;
                t->n_events--;
        }
        if (t->first + t->n_events == t->cap_events) {
                if (t->first > t->cap_events / 2) {
                        memmove(t->events, t->events + t->first, t->n_events * sizeof *t->events);
                        t->first = 0;
                } else {
                        t->cap_events = t->cap_events ? t->cap_events * 2 : 16;
                        t->events = mem_realloc(t->events, t->cap_events * sizeof *t->events);
                }
        }
        return &t->events[t->first + t->n_events++];
}

static void table_changed(struct table *t, enum event_type type, struct doc *prev, struct doc *next)
{
        struct event *e = table_event_slot(t);

        *e = (struct event){ .rv = next->rv,
                .at_us = loop_now_us(),
                .type = type,
                .prev = doc_ref(prev),
                .next = doc_ref(next) };
        watch_dispatch(t, e);
        cluster_changed(t->cluster, t->type, prev, type == EVENT_DELETED ? NULL : next);
}

static void table_insert(struct table *t, size_t at, struct doc *d)
{
        if (t->n == t->cap) {
                t->cap = t->cap ? t->cap * 2 : 4;
                t->v = mem_realloc(t->v, t->cap * sizeof *t->v);
        }
        memmove(t->v + at + 1, t->v + at, (t->n - at) * sizeof *t->v);
        t->v[at] = d;
        t->n++;
}

/* Takes over the reference to @d. */
static void table_store(struct table *t, struct doc *d, bool silent)
{
        size_t at = table_seek(t, doc_key(d));
        struct doc *prev = NULL;

        if (at < t->n && strcmp(doc_key(t->v[at]), doc_key(d)) == 0) {
                prev = t->v[at];
                t->v[at] = d;
        } else {
                table_insert(t, at, d);
        }
        if (silent) {
                t->forgotten_rv = d->rv;
                cluster_changed(t->cluster, t->type, prev, d);
        } else {
                table_changed(t, prev ? EVENT_MODIFIED : EVENT_ADDED, prev, d);
        }
        doc_unref(prev);
}

static int dump_into(const char *bytes, size_t n, void *out)
{
        str_add(out, bytes, n);
        return 0;
}

void object_serialize(const struct restype *type, const json_t *obj, struct str *out)
{
        json_t *rest = json_copy((json_t *)obj);
        size_t brace;

        json_object_del(rest, "apiVersion");
        json_object_del(rest, "kind");
        str_puts(out, type->head);
        brace = out->len;
        json_dump_callback(rest, dump_into, out, JSON_COMPACT | JSON_SORT_KEYS);
        /* The head has opened the object already. */
        memmove(out->s + brace, out->s + brace + 1, out->len - brace);
        out->len--;
        json_decref(rest);
}

struct doc *table_put(struct table *t, const char *ns, const char *name, json_t *obj)
{
        struct str text = { 0 };
        char version[24];
        struct doc *d;
        uint64_t rv = ++t->cluster->rv;

        snprintf(version, sizeof version, "%llu", (unsigned long long)rv);
        json_object_set_new(
                json_object_get(obj, "metadata"), "resourceVersion", json_string(version));
        object_serialize(t->type, obj, &text);
        d = doc_new(ns, name, rv, text.s, text.len);
        str_done(&text);
        table_store(t, d, false);
        return d;
}

void table_put_text(struct table *t, const char *ns, const char *name, uint64_t rv,
        const char *json, size_t len, bool silent)
{
        table_store(t, doc_new(ns, name, rv, json, len), silent);
}

/* The same object with another version in it. */
static struct doc *doc_at_version(const struct doc *d, uint64_t rv)
{
        const char *json = doc_json(d);
        struct jspan old = jscan(json, "metadata", "resourceVersion", NULL);
        _cleanup_(freep) char *ns = doc_namespace(d);
        struct str text = { 0 };
        struct doc *copy;

        str_add(&text, json, (size_t)(old.p - json));
        str_printf(&text, "\"%llu\"", (unsigned long long)rv);
        str_puts(&text, old.p + old.n);
        copy = doc_new(ns, doc_name(d), rv, text.s, text.len);
        str_done(&text);
        return copy;
}

void table_remove(struct table *t, struct doc *d)
{
        size_t at = table_seek(t, doc_key(d));
        struct doc *last = doc_at_version(d, ++t->cluster->rv);

        memmove(t->v + at, t->v + at + 1, (t->n - at - 1) * sizeof *t->v);
        t->n--;
        table_changed(t, EVENT_DELETED, d, last);
        doc_unref(last);
        doc_unref(d);
}

/* What a key was at some version, while that is walked back to. */
struct past {
        const char *key;
        struct doc *doc; /* NULL: did not exist */
        size_t order;
};

static int past_compare(const void *a, const void *b)
{
        const struct past *x = a, *y = b;
        int r = strcmp(x->key, y->key);

        return r ? r : x->order < y->order ? -1 : 1;
}

ssize_t table_at(
        const struct table *t, uint64_t rv, const char *after, struct doc **out, size_t limit)
{
        _cleanup_(freep) struct past *past = NULL;
        size_t n_past = 0, i = 0, j = 0, count = 0;

        if (rv < t->forgotten_rv)
                return -1;
        past = mem_realloc(NULL, t->n_events * sizeof *past);
        for (size_t k = 0; k < t->n_events; k++) {
                const struct event *e = &t->events[t->first + k];

                if (e->rv > rv && strcmp(doc_key(e->next), after) > 0) {
                        past[n_past] = (struct past){ doc_key(e->next), e->prev, n_past };
                        n_past++;
                }
        }
        /* The oldest event behind @rv says what a key was at @rv: it is the first of its key. */
        qsort(past, n_past, sizeof *past, past_compare);
        i = table_seek(t, after);
        if (i < t->n && strcmp(doc_key(t->v[i]), after) == 0)
                i++;
        while (i < t->n || j < n_past) {
                int r = i >= t->n ? 1 : j >= n_past ? -1 : strcmp(doc_key(t->v[i]), past[j].key);
                struct doc *d = r < 0 ? t->v[i] : past[j].doc;

                if (r <= 0)
                        i++;
                if (r >= 0) {
                        const char *key = past[j].key;

                        while (j < n_past && strcmp(past[j].key, key) == 0)
                                j++;
                }
                if (!d)
                        continue;
                if (count < limit)
                        out[count] = d;
                count++;
        }
        return (ssize_t)count;
}
