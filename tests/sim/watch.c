/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/conn.h"
#include "tests/sim/status.h"

#define BOOKMARK_EVERY_US (60 * 1000000ULL)
#define TIMEOUT_DEFAULT_S 1800

static void watch_free(struct watch *w)
{
        timer_stop(&w->timeout);
        timer_stop(&w->bookmark);
        if (w->prev)
                w->prev->next = w->next;
        else
                w->table->watches = w->next;
        if (w->next)
                w->next->prev = w->prev;
        w->table->cluster->n_watches--;
        selector_done(&w->labels);
        selector_done(&w->fields);
        free(w->ns);
        free(w);
}

static void watch_gone(struct exchange *x)
{
        watch_free(x->owner);
}

static void watch_end(struct watch *w)
{
        struct exchange *x = w->x;

        watch_free(w);
        exchange_end(x);
}

static void watch_timeout(struct timer *t)
{
        watch_end(container_of(t, struct watch, timeout));
}

static bool watch_selects(const struct watch *w, const struct doc *d)
{
        if (!d)
                return false;
        if (*w->ns && (strlen(w->ns) != d->ns_len || memcmp(w->ns, doc_key(d), d->ns_len) != 0))
                return false;
        return selector_match_labels(&w->labels, doc_json(d)) &&
               selector_match_fields(&w->fields, doc_json(d));
}

static void watch_line(struct watch *w, const char *type, const struct doc *d)
{
        struct str *out = &w->x->out;

        str_reserve(out, d->json_len + 64);
        str_printf(out, "{\"type\":\"%s\",\"object\":", type);
        str_add(out, doc_json(d), d->json_len);
        str_puts(out, "}\n");
}

static void watch_event(struct watch *w, const struct event *e)
{
        bool was = watch_selects(w, e->prev);
        bool is = e->type != EVENT_DELETED && watch_selects(w, e->next);
        const struct faults *faults = &w->table->cluster->faults;
        const char *type = is ? was ? "MODIFIED" : "ADDED" : "DELETED";

        if ((!was && !is) || e->rv <= w->sent_rv)
                return;
        w->sent_rv = e->rv;
        if (faults->lose_events)
                return;
        watch_line(w, type, e->next);
        if (faults->duplicate_events)
                watch_line(w, type, e->next);
}

void watch_dispatch(struct table *t, const struct event *e)
{
        for (struct watch *w = t->watches, *next; w; w = next) {
                next = w->next;
                watch_event(w, e);
                if (w->x->out.len > EXCHANGE_MAX_BACKLOG) {
                        watch_end(w);
                        continue;
                }
                w->x->ops->more(w->x);
        }
}

static void watch_bookmark(struct watch *w, bool initial_end)
{
        char object[512];
        int n;

        n = snprintf(object, sizeof object,
                "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\","
                "\"metadata\":{"
                "\"resourceVersion\":\"%llu\",\"creationTimestamp\":null%s}}}\n",
                w->table->type->kind, w->table->type->api_version,
                (unsigned long long)w->table->cluster->rv,
                initial_end ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "");
        w->sent_rv = w->table->cluster->rv;
        exchange_write(w->x, object, (size_t)n);
}

static void watch_bookmark_due(struct timer *t)
{
        struct watch *w = container_of(t, struct watch, bookmark);

        watch_bookmark(w, false);
        timer_arm(&w->bookmark, BOOKMARK_EVERY_US);
}

void watch_start(struct table *t, struct exchange *x, struct watch_options *options)
{
        struct watch *w = mem_zalloc(sizeof *w);
        unsigned timeout_s = options->timeout_s;

        w->table = t;
        w->x = x;
        w->ns = mem_strdup(options->ns);
        w->labels = options->labels;
        w->fields = options->fields;
        options->labels = options->fields = (struct selector){ 0 };
        w->bookmarks = options->bookmarks;
        w->sent_rv = options->from_now || options->initial_events ? t->cluster->rv : options->rv;
        w->timeout.fire = watch_timeout;
        w->bookmark.fire = watch_bookmark_due;
        w->next = t->watches;
        if (w->next)
                w->next->prev = w;
        t->watches = w;
        t->cluster->n_watches++;
        x->owner = w;
        x->on_gone = watch_gone;
        exchange_head(x, 200, "application/json");
        exchange_header(x, "cache-control", "no-cache, private");
        if (options->from_now || options->initial_events) {
                for (size_t i = 0; i < t->n; i++)
                        if (watch_selects(w, t->v[i]))
                                watch_line(w, "ADDED", t->v[i]);
        } else {
                for (size_t i = 0; i < t->n_events; i++)
                        watch_event(w, &t->events[t->first + i]);
        }
        if (options->initial_events)
                watch_bookmark(w, true);
        if (!timeout_s)
                timeout_s = TIMEOUT_DEFAULT_S + (unsigned)(random() % TIMEOUT_DEFAULT_S);
        timer_arm(&w->timeout, (uint64_t)timeout_s * 1000000);
        if (w->bookmarks)
                timer_arm(&w->bookmark, BOOKMARK_EVERY_US);
        x->ops->more(x);
}

void watch_end_all(struct table *t)
{
        while (t->watches)
                watch_end(t->watches);
}

void watch_expire_all(struct table *t)
{
        while (t->watches) {
                struct watch *w = t->watches;
                struct str line = { 0 };

                str_puts(&line, "{\"type\":\"ERROR\",\"object\":");
                status_expired(&line, w->sent_rv, t->cluster->rv);
                str_puts(&line, "}\n");
                exchange_write(w->x, line.s, line.len);
                str_done(&line);
                watch_end(w);
        }
}

void watch_break_all(struct table *t)
{
        while (t->watches) {
                static const char half[] =
                        "{\"type\":\"MODIFIED\",\"object\":{\"apiVersion\":\"velero.io/v1\",\"kin";
                struct watch *w = t->watches;
                struct exchange *x = w->x;

                watch_free(w);
                str_add(&x->out, half, 2 * (sizeof half / 2));
                x->on_gone = NULL;
                x->cut = CUT_END;
                exchange_end(x);
        }
}
