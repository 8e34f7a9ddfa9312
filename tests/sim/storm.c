/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/storm.h"

#include <stdlib.h>

#include "tests/sim/loop.h"
#include "tests/sim/object.h"

/* Wake-ups per second at most; a higher rate changes several objects each time. */
#define TICKS 100

struct storm {
        struct cluster *c;
        struct timer timer;
        uint64_t started_us, until_us; /* until 0: no end */
        double per_second;
        uint64_t n; /* changes so far */
};

/* Changes status.progress.itemsBackedUp of one backup by splicing its text: no tree is built. */
static void storm_touch(struct table *t, struct doc *d, uint64_t n)
{
        const char *json = doc_json(d);
        struct jspan rv = jscan(json, "metadata", "resourceVersion", NULL);
        struct jspan items = jscan(json, "status", "progress", "itemsBackedUp", NULL);
        _cleanup_(freep) char *ns = doc_namespace(d), *name = mem_strdup(doc_name(d));
        struct str text = { 0 };

        if (!items.p)
                return;
        str_add(&text, json, (size_t)(rv.p - json));
        str_printf(&text, "\"%llu\"", (unsigned long long)++t->cluster->rv);
        str_add(&text, rv.p + rv.n, (size_t)(items.p - rv.p) - rv.n);
        str_printf(&text, "%llu", (unsigned long long)n);
        str_puts(&text, items.p + items.n);
        table_put_text(t, ns, name, t->cluster->rv, text.s, text.len, false);
        str_done(&text);
}

static void storm_tick(struct timer *timer)
{
        struct storm *s = container_of(timer, struct storm, timer);
        struct table *t = cluster_table(s->c, RT_BACKUPS);
        uint64_t now = loop_now_us();
        uint64_t due = (uint64_t)((double)(now - s->started_us) * s->per_second / 1e6);

        for (; s->n < due && t->n; s->n++)
                storm_touch(t, t->v[s->n % t->n], s->n);
        if (!s->until_us || now < s->until_us)
                timer_arm(&s->timer,
                        s->per_second < TICKS ? (uint64_t)(1e6 / s->per_second) : 1000000 / TICKS);
}

void storm_free(struct cluster *c)
{
        if (!c->storm)
                return;
        timer_stop(&c->storm->timer);
        free(c->storm);
        c->storm = NULL;
}

int storm_set(struct cluster *c, int per_second, int seconds, struct str *why)
{
        if (per_second < 0 || per_second > 1000000 || seconds < 0) {
                str_puts(why, "storm takes 0 to 1000000 events per second");
                return -1;
        }
        storm_free(c);
        if (!per_second)
                return 0;
        c->storm = mem_zalloc(sizeof *c->storm);
        c->storm->c = c;
        c->storm->timer.fire = storm_tick;
        c->storm->per_second = per_second;
        c->storm->started_us = loop_now_us();
        c->storm->until_us = seconds ? loop_now_us() + (uint64_t)seconds * 1000000 : 0;
        timer_arm(&c->storm->timer, 0);
        return 0;
}
