/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/task_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/columns.h"

/* ---------------------------------------------------------------- one task */

/* Whether a backup that was there is not any more; only a cluster that was listed can tell. */
static bool view_is_gone(const struct task_view *v)
{
        const struct task *t = v->task;

        return t->verb == TASK_BACKUP && t->state == TASK_DONE && phase_is(t->phase, PHASE_IS_GOOD) &&
               t->run->object->kind == OBJECT_BACKUP && v->member != NULL &&
               v->member->health == MEMBER_READY && v->member->synced[VELERO_BACKUP] &&
               v->velero == NULL;
}

void task_view(struct task_view *ret, const struct task *t)
{
        const struct member *c = task_member(t);
        /* What was never posted, or was refused, is fleetfs' own word: true whoever is away. */
        bool seen = t->state == TASK_POSTED || t->state == TASK_DONE;

        *ret = (struct task_view){ .task = t, .member = c };
        if (c != NULL && t->velero_name[0] != '\0')
                ret->velero = member_velero(c, t->verb == TASK_RESTORE ? VELERO_RESTORE : VELERO_BACKUP,
                        t->velero_name);
        ret->stale = seen && (c == NULL || c->health != MEMBER_READY);
        ret->gone = view_is_gone(ret);
        ret->good = phase_is(t->phase, PHASE_IS_GOOD) && !ret->stale && !ret->gone;
}

const char *task_view_mark(const struct task_view *v)
{
        return v->stale ? " (stale)" : v->gone ? " (gone)" : "";
}

int64_t task_view_percent(const struct task *t)
{
        int64_t p;

        if (phase_is(t->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD))
                return 100;
        if (t->items_total <= 0)
                return 0;
        p = (int64_t)t->items_done * 100 / t->items_total;
        return p > 99 ? 99 : p < 0 ? 0 : p;
}

int64_t task_view_queue(const struct task_view *v)
{
        return v->velero != NULL && v->velero->kind == VELERO_BACKUP ? v->velero->backup->queue_position : 0;
}

static const char *why_away(const struct task_view *v, struct buf *out, int64_t *since)
{
        const struct member *c = v->member;
        char text[RFC3339_SIZE];

        if (c == NULL) {
                buf_puts(out, "the cluster is no longer in the fleet");
                return "FLT-0416";
        }
        buf_printf(out, "the cluster is %s", member_health_name(c->health));
        if (c->since != 0)
                buf_printf(out, " since %s", rfc3339_format(text, c->since));
        if (v->stale && c->seen != 0)
                buf_printf(out, ", shown as it was at %s", rfc3339_format(text, c->seen));
        if (c->reason != NULL)
                buf_printf(out, ": %s", c->reason);
        *since = c->since;
        return c->code[0] != '\0' ? c->code : v->stale ? "FLT-0110" : "FLT-0401";
}

const char *task_view_why(const struct task_view *v, struct buf *out, int64_t *since)
{
        const struct task *t = v->task;

        *since = 0;
        if (t->reason != NULL) {
                buf_puts(out, t->reason);
                *since = t->since;
                return t->code;
        }
        if (v->stale || (t->phase == PHASE_PENDING && (v->member == NULL || v->member->health != MEMBER_READY)))
                return why_away(v, out, since);
        if (v->gone) {
                buf_printf(out, "backup %s is no longer on the cluster: it expired or was deleted", t->velero_name);
                return "FLT-0407";
        }
        if (phase_is(t->phase, PHASE_IS_BAD)) {
                buf_printf(out, "Velero says %s and gives no reason", task_phase_text(t));
                return "FLT-0410";
        }
        return "";
}

void task_view_reason(struct task_view_reason *ret, const struct task *t)
{
        static _Thread_local char text[2048];
        _cleanup_(buf_done) struct buf why = BUF_INIT(sizeof(text) - 1);
        struct task_view v;

        *ret = (struct task_view_reason){ .text = "", .code = "" };
        task_view(&v, t);
        ret->code = task_view_why(&v, &why, &ret->since);
        memcpy(text, why.data, why.len + 1);
        ret->text = text;
}

/* Whether there is a reason to tell. */
static bool view_is_told(const struct task_view *v)
{
        return v->task->reason != NULL || v->stale || v->gone || phase_is(v->task->phase, PHASE_IS_BAD) ||
               (v->task->phase == PHASE_PENDING && (v->member == NULL || v->member->health != MEMBER_READY));
}

static void view_who(const struct task_view *v, struct buf *out)
{
        buf_puts(out, v->task->member);
        if (v->task->sub != NULL)
                buf_printf(out, "/%s", v->task->sub);
}

/* ---------------------------------------------------------------- all of a run */

static int view_rank(const struct task_view *v)
{
        /* What was good and cannot be relied on now stands with what is unknown. */
        if (!v->good && phase_is(v->task->phase, PHASE_IS_GOOD))
                return PHASE_UNKNOWN;
        return (int)v->task->phase;
}

static bool view_is_source(const struct task_view *v)
{
        return v->task->verb == TASK_BACKUP && v->task->run->object->kind == OBJECT_MIGRATION;
}

/* Worst first, then by name: what needs an eye is on top, and a diff of two statuses is small. */
static int view_order(const void *a, const void *b)
{
        const struct task_view *x = a, *y = b;
        int c = (int)view_is_source(y) - (int)view_is_source(x);

        if (c == 0)
                c = view_rank(x) - view_rank(y);
        if (c == 0)
                c = strcmp(x->task->member, y->task->member);
        if (c == 0 && x->task->sub != NULL && y->task->sub != NULL)
                c = strcmp(x->task->sub, y->task->sub);
        return c;
}

static void views_count(struct task_views *ret, const struct task_view *v)
{
        const struct task *t = v->task;

        /* What is marked is counted by its mark alone. */
        if (v->stale)
                ret->stale++;
        else if (v->gone)
                ret->gone++;
        else
                ret->phases[t->phase]++;
        ret->good += v->good;
        ret->parts = ret->parts || t->sub != NULL;
        ret->done += t->items_done;
        ret->total += t->items_total;
        ret->warnings += t->warnings;
        ret->percent += task_view_percent(t);
}

void task_views_init(struct task_views *ret, const struct run *r)
{
        size_t n = r != NULL ? r->n_tasks : 0;
        bool over = true;

        memset(ret, 0, sizeof(*ret));
        ret->v = n > 0 ? calloc(n, sizeof(*ret->v)) : NULL;
        if (ret->v == NULL)
                return;
        ret->n = n;
        for (size_t i = 0; i < n; i++) {
                const struct task *t = r->tasks[i];

                task_view(&ret->v[i], t);
                views_count(ret, &ret->v[i]);
                over = over && phase_is(t->phase, PHASE_IS_TERMINAL);
        }
        ret->percent = ret->total > 0 || over ? ret->percent / (int64_t)n : -1;
        qsort(ret->v, n, sizeof(*ret->v), view_order);
}

void task_views_done(struct task_views *views)
{
        free(views->v);
        views->v = NULL;
        views->n = 0;
}

int64_t task_views_percent(const struct run *r)
{
        int64_t sum = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                sum += task_view_percent(r->tasks[i]);
        return r != NULL && r->n_tasks > 0 ? sum / (int64_t)r->n_tasks : 0;
}

int64_t task_views_expires(const struct run *r)
{
        int64_t first = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                int64_t t = r->tasks[i]->expires;

                if (t != 0 && (first == 0 || t < first))
                        first = t;
        }
        return first;
}

bool task_views_stale(const struct run *r)
{
        bool stale = false;

        for (size_t i = 0; r != NULL && !stale && i < r->n_tasks; i++) {
                struct task_view v;

                task_view(&v, r->tasks[i]);
                stale = v.stale;
        }
        return stale;
}

bool task_views_gone(const struct run *r)
{
        bool gone = false;

        for (size_t i = 0; r != NULL && !gone && i < r->n_tasks; i++) {
                struct task_view v;

                task_view(&v, r->tasks[i]);
                gone = v.gone;
        }
        return gone;
}

const struct task *task_views_worst(const struct run *r)
{
        struct task_view worst = { 0 };

        for (size_t i = 0; i < r->n_tasks; i++) {
                struct task_view v;

                task_view(&v, r->tasks[i]);
                if (view_is_told(&v) && (worst.task == NULL || view_rank(&v) < view_rank(&worst)))
                        worst = v;
        }
        return worst.task;
}

const struct task *task_views_find(const struct run *r, const char *member)
{
        const struct task *worst = NULL;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                const struct task *t = r->tasks[i];

                if (strcmp(t->member, member) != 0)
                        continue;
                if (t->sub == NULL)
                        return t;
                if (worst == NULL || t->phase < worst->phase)
                        worst = t;
        }
        return worst;
}

bool task_views_next(const struct run *r, struct node_cursor *cursor)
{
        while (r != NULL && cursor->i < r->n_tasks) {
                const struct task *t = r->tasks[cursor->i++];
                size_t first = 0;

                /* Only parts of a policy share a cluster: each cluster is named once, at its first. */
                while (t->sub != NULL && strcmp(r->tasks[first]->member, t->member) != 0)
                        first++;
                if (t->sub != NULL && first + 1 != cursor->i)
                        continue;
                cursor->name = t->member;
                return true;
        }
        return false;
}

static void summary_add(struct buf *out, size_t n, const char *word)
{
        if (n > 0)
                buf_printf(out, ", %zu %s", n, word);
}

void task_views_summary(const struct task_views *views, struct buf *out)
{
        const struct task_view *source = views->n > 0 && view_is_source(&views->v[0]) ? &views->v[0] : NULL;
        size_t n = views->n, good = views->good, phases[PHASE_MAX + 1];
        size_t stale = views->stale, gone = views->gone;
        const char *unit = views->parts ? "part" : source != NULL ? "target" : "cluster";

        memcpy(phases, views->phases, sizeof(phases));
        if (n == 0) {
                buf_puts(out, "no cluster is selected");
                return;
        }
        if (source != NULL) {
                buf_printf(out, "source %s %s%s; ", source->task->member, task_phase_text(source->task),
                        task_view_mark(source));
                n--;
                good -= source->good;
                if (source->stale)
                        stale--;
                else
                        phases[source->task->phase]--;
        }
        buf_printf(out, "%zu of %zu %s%s Completed", good, n, unit, n == 1 ? "" : "s");
        for (int p = 0; p < PHASE_MAX; p++)
                if (p != PHASE_COMPLETED && p != PHASE_PROTECTED)
                        summary_add(out, phases[p], phase_text((enum phase)p));
        summary_add(out, stale, "stale");
        summary_add(out, gone, "gone");
        if (views->warnings > 0)
                buf_printf(out, ", %lld warning%s", (long long)views->warnings, views->warnings == 1 ? "" : "s");
}

const char *task_views_mark(const struct task_views *views, enum phase phase)
{
        if (!phase_is(phase, PHASE_IS_GOOD))
                return "";
        return views->stale > 0 ? " (stale)" : views->gone > 0 ? " (gone)" : "";
}

size_t task_views_reasons(const struct task_views *views, struct buf *out)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t told = 0;

        for (size_t i = 0; i < views->n; i++) {
                const char *code;
                int64_t since;
                size_t who;

                buf_reset(&line);
                view_who(&views->v[i], &line);
                buf_puts(&line, ": ");
                who = line.len;
                code = task_view_why(&views->v[i], &line, &since);
                if (line.len == who)
                        continue;
                if (told < SHOW_REASONS)
                        show_line(out, told == 0 ? "reason:" : "", line.data, code);
                told++;
        }
        if (told > SHOW_REASONS)
                show_linef(out, "", "and %zu more: error.txt", told - SHOW_REASONS);
        return told;
}

void task_views_errors(const struct task_views *views, struct buf *out)
{
        _cleanup_(buf_done) struct buf who = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < views->n; i++) {
                const char *code;
                int64_t since;

                buf_reset(&who);
                buf_reset(&why);
                view_who(&views->v[i], &who);
                code = task_view_why(&views->v[i], &why, &since);
                if (why.len > 0)
                        show_error(out, code, who.data, why.data, since);
        }
}

/* ---------------------------------------------------------------- what to do */

/* What the cluster itself is the reason of: away, without storage. */
static bool view_waits_for_member(const struct task_view *v)
{
        return v->member != NULL && (v->member->health != MEMBER_READY || strcmp(v->task->code, "FLT-0108") == 0 ||
                                            strcmp(v->task->code, "FLT-0109") == 0);
}

void task_views_action(const struct task_views *views, struct buf *out, const char *up, const char *object,
        const char *run, bool retry)
{
        const struct task_view *worst = NULL;
        bool over = true, bad = false;
        size_t n = 0, told = 0;

        for (size_t i = 0; i < views->n; i++) {
                const struct task_view *v = &views->v[i];

                over = over && phase_is(v->task->phase, PHASE_IS_TERMINAL);
                bad = bad || phase_is(v->task->phase, PHASE_IS_BAD);
                if (!view_is_told(v))
                        continue;
                n++;
                /* The source stands first in a migration, and not always for the worst. */
                if (worst == NULL || view_rank(v) < view_rank(worst))
                        worst = v;
        }
        if (worst == NULL)
                return;
        if (view_waits_for_member(worst))
                show_action(out, &told, "cat %sclusters/%s/status.txt", up, worst->member->name);
        else
                show_action(out, &told, "cat %sclusters/%s/status.txt", run, worst->task->member);
        if (n > 1)
                show_action(out, &told, "cat error.txt");
        if (retry && over && bad)
                show_action(out, &told, "echo retry > %sctl", object);
        else if (!over && !bad)
                show_line(out, "", "it goes on by itself", NULL);
}

/* ---------------------------------------------------------------- the table */

static bool table_shows(const struct task_view *v, size_t row)
{
        return row < SHOW_ROWS || (!v->good && row < SHOW_EYES);
}

static void table_fold(const struct task_views *views, struct buf *out)
{
        size_t phases[PHASE_MAX + 1] = { 0 };
        bool some = false;

        for (size_t i = 0; i < views->n; i++)
                if (!table_shows(&views->v[i], i)) {
                        phases[views->v[i].task->phase]++;
                        some = true;
                }
        if (!some)
                return;
        buf_putc(out, '(');
        some = false;
        for (int p = 0; p < PHASE_MAX; p++)
                if (phases[p] > 0) {
                        buf_printf(out, "%s%zu more %s", some ? ", " : "", phases[p], phase_text((enum phase)p));
                        some = true;
                }
        buf_puts(out, "; full list: status.json)\n");
}

const char *task_view_step(const struct task *t)
{
        static const char *const steps[] = { [STEP_POST] = "Backup", [STEP_LOCATION] = "Location",
                [STEP_HANDOVER] = "HandOver", [STEP_RESTORE] = "Restore", [STEP_CLEANUP] = "CleanUp", [STEP_END] = "End" };

        return steps[t->step];
}

static void table_row(struct columns *t, const struct task_view *v, struct buf *cell)
{
        const struct task *task = v->task;
        enum object_kind kind = task->run->object->kind;
        int64_t queue = task_view_queue(v);

        buf_reset(cell);
        view_who(v, cell);
        columns_cell(t, cell->data);
        buf_reset(cell);
        buf_printf(cell, "%s%s", task_phase_text(task), task_view_mark(v));
        if (queue > 0)
                buf_printf(cell, " (%lld in queue)", (long long)queue);
        columns_cell(t, cell->data);
        if (kind == OBJECT_MIGRATION) {
                columns_cell(t, view_is_source(v) ? "source" : "target");
                columns_cell(t, task_view_step(task));
        }
        buf_reset(cell);
        if (task->items_total > 0 || task->items_done > 0)
                buf_printf(cell, "%d/%d", task->items_done, task->items_total);
        columns_cell(t, cell->data);
        columns_value(t, value_int(task->errors));
        columns_value(t, value_int(task->warnings));
        columns_value(t, value_time(task->started));
        buf_reset(cell);
        if (task->started != 0 && task->completed >= task->started)
                show_duration(cell, task->completed - task->started);
        columns_cell(t, cell->data);
        if (kind == OBJECT_BACKUP)
                columns_value(t, value_time(task->expires));
        else if (kind == OBJECT_RESTORE)
                columns_cell(t, task->backup_name);
}

void task_views_table(const struct task_views *views, struct buf *out)
{
        static const char *const backup[] = { "CLUSTER", "PHASE", "ITEMS", "ERR", "WARN", "STARTED", "TOOK", "EXPIRES" };
        static const char *const restore[] = { "CLUSTER", "PHASE", "ITEMS", "ERR", "WARN", "STARTED", "TOOK", "BACKUP" };
        static const char *const migration[] = { "CLUSTER", "PHASE", "ROLE", "STEP", "ITEMS", "ERR", "WARN", "STARTED",
                "TOOK" };
        const struct columns tables[] = {
                [OBJECT_BACKUP] = COLUMNS_INIT(backup),
                [OBJECT_RESTORE] = COLUMNS_INIT(restore),
                [OBJECT_MIGRATION] = COLUMNS_INIT(migration),
        };
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);
        struct columns t;

        if (views->n == 0)
                return;
        t = tables[views->v[0].task->run->object->kind];
        for (size_t i = 0; i < views->n; i++)
                if (table_shows(&views->v[i], i))
                        table_row(&t, &views->v[i], &cell);
        columns_put(&t, out);
        columns_done(&t);
        table_fold(views, out);
}

/* ---------------------------------------------------------------- JSON */

void task_views_put_clusters(struct json_writer *w, const char *key, const struct subject *s, const struct run *r)
{
        struct subject t = *s;

        json_open(w, key, '[');
        t.run = r;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                t.task = r->tasks[i];
                json_open(w, NULL, '{');
                show_task_members(w, &t);
                json_close(w);
        }
        json_close(w);
}

void task_views_put_reasons(struct json_writer *w, const char *key, const struct run *r)
{
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);
        struct task_views views;

        task_views_init(&views, r);
        json_open(w, key, '[');
        for (size_t i = 0; i < views.n; i++) {
                const char *code;
                int64_t since;

                buf_reset(&why);
                code = task_view_why(&views.v[i], &why, &since);
                if (why.len == 0)
                        continue;
                json_open(w, NULL, '{');
                json_string_member(w, "cluster", views.v[i].task->member);
                show_reason_members(w, code, why.data, since);
                json_string_member(w, "subPolicy", views.v[i].task->sub);
                json_close(w);
        }
        json_close(w);
        task_views_done(&views);
}

/* Keys in the order of the alphabet, like those of every object. */
static void put_phases(struct json_writer *w, const char *key, const size_t *phases)
{
        const char *last = "";

        json_open(w, key, '{');
        for (;;) {
                int next = -1;

                for (int p = 0; p < PHASE_MAX; p++)
                        if (phases[p] > 0 && strcmp(phase_text((enum phase)p), last) > 0 &&
                                (next < 0 || strcmp(phase_text((enum phase)p), phase_text((enum phase)next)) < 0))
                                next = p;
                if (next < 0)
                        break;
                last = phase_text((enum phase)next);
                json_int_member(w, last, (int64_t)phases[next]);
        }
        json_close(w);
}

void task_views_put_summary(struct json_writer *w, const char *key, const struct run *r)
{
        struct task_views views;

        task_views_init(&views, r);
        json_open(w, key, '{');
        json_int_member(w, "gone", (int64_t)views.gone);
        json_int_member(w, "good", (int64_t)views.good);
        put_phases(w, "phases", views.phases);
        json_int_member(w, "stale", (int64_t)views.stale);
        json_int_member(w, "total", (int64_t)views.n);
        json_close(w);
        task_views_done(&views);
}
