/* SPDX-License-Identifier: Apache-2.0 */
/* What files say of a run's tasks: summary, reasons, what to do, the table, and their JSON. */
#include "fs/task_view.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/columns.h"

static void summary_add(struct buf *out, size_t n, const char *word)
{
        if (n > 0)
                buf_printf(out, ", %zu %s", n, word);
}

void task_views_summary(const struct task_views *views, struct buf *out)
{
        const struct task_view *source =
                views->n > 0 && task_view_is_source(&views->v[0]) ? &views->v[0] : NULL;
        size_t n = views->n - views->beside, good = views->good, phases[PHASE_MAX + 1];
        size_t stale = views->stale, gone = views->gone;
        const char *unit = views->parts ? "part" : source != NULL ? "target" : "cluster";

        memcpy(phases, views->phases, sizeof(phases));
        if (n == 0) {
                buf_puts(out, "no cluster is selected");
                return;
        }
        if (source != NULL) {
                buf_printf(out, "source %s %s%s; ", source->task->member,
                        task_phase_text(source->task), task_view_mark(source));
                n--;
                good -= source->good;
                if (source->stale)
                        stale--;
                else
                        phases[source->task->phase]--;
        }
        buf_printf(out, "%zu of %zu %s%s %s", good, n, unit, n == 1 ? "" : "s",
                phase_text(views->standing ? PHASE_PROTECTED : PHASE_COMPLETED));
        for (int p = 0; p < PHASE_MAX; p++)
                if (p != PHASE_COMPLETED && p != PHASE_PROTECTED)
                        summary_add(out, phases[p], phase_text((enum phase)p));
        summary_add(out, stale, "stale");
        summary_add(out, gone, "gone");
        summary_add(out, views->empty, views->empty == 1 ? "holds nothing" : "hold nothing");
        if (views->warnings > 0)
                buf_printf(out, ", %lld warning%s", (long long)views->warnings,
                        views->warnings == 1 ? "" : "s");
}

const char *task_views_mark(const struct task_views *views, enum phase phase)
{
        if (!phase_is(phase, PHASE_IS_GOOD))
                return "";
        return views->stale > 0 ? " (stale)" : views->gone > 0 ? " (gone)" : "";
}

/* Whether a part of the same cluster and name tells a reason. */
static bool run_tells(const struct run *r, const struct task *of)
{
        for (const struct task *t = r != NULL ? run_tasks_on(r, of->member) : NULL; t != NULL; t = t->next_same) {
                struct task_view v;

                if (strcmp(t->sub != NULL ? t->sub : "", of->sub != NULL ? of->sub : "") != 0)
                        continue;
                task_view(&v, t);
                if (task_view_is_told(&v))
                        return true;
        }
        return false;
}

static const struct run *views_run(const struct task_views *views)
{
        return views->n > 0 ? views->v[0].task->run : NULL;
}

/* Why a part is not good, as far as the parts of `unless` do not tell it. False: nothing is to be told. */
static bool view_tells(const struct task_view *v, const struct run *unless, struct buf *why, const char **code,
        int64_t *since)
{
        buf_reset(why);
        if (run_tells(unless, v->task))
                return false;
        *code = task_view_why(v, why, since);
        return why->len > 0;
}

/* "eu-1", or with others "eu-1, us-1, ap-1 and 4 more". */
static void reason_who(const struct task_views *views, size_t first, size_t n, struct buf *out)
{
        enum { NAMED = 3 };

        for (size_t i = 0; i < n && i < NAMED; i++) {
                buf_puts(out, i > 0 ? ", " : "");
                task_view_who(&views->v[first + i], out);
        }
        if (n > NAMED)
                buf_printf(out, " and %zu more", n - NAMED);
}

/* How many Schedules after this one have the same to say: `pause` is one reason, however many clusters there are. */
static size_t reason_repeats(const struct task_views *views, size_t i)
{
        const char *text = views->v[i].task->reason;
        size_t n = 0;

        while (views->standing && text != NULL && i + n + 1 < views->n &&
                views->v[i + n + 1].task->reason != NULL && strcmp(views->v[i + n + 1].task->reason, text) == 0)
                n++;
        return n;
}

static size_t reasons_tell(
        const struct task_views *views, const struct run *unless, size_t told, struct buf *out)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0, same; i < views->n; i += same + 1) {
                const char *code;
                int64_t since;

                same = 0;
                if (!view_tells(&views->v[i], unless, &why, &code, &since))
                        continue;
                same = reason_repeats(views, i);
                buf_reset(&line);
                reason_who(views, i, same + 1, &line);
                buf_printf(&line, ": %s", why.data);
                if (told < SHOW_REASONS)
                        show_line(out, told == 0 ? "reason:" : "", line.data, code);
                told++;
        }
        return told;
}

size_t task_views_reasons(
        const struct task_views *views, const struct task_views *more, struct buf *out)
{
        size_t told = reasons_tell(views, NULL, 0, out);

        if (more != NULL)
                told = reasons_tell(more, views_run(views), told, out);
        if (told > SHOW_REASONS)
                show_linef(out, "", "and %zu more: error.txt", told - SHOW_REASONS);
        return told;
}

void task_views_warned(const struct task_views *views, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < views->n; i++) {
                const struct task_view *v = &views->v[i];

                if (v->task->warnings == 0 || !phase_is(v->task->phase, PHASE_IS_TERMINAL))
                        continue;
                buf_reset(&text);
                task_view_who(v, &text);
                buf_printf(&text, ": %d warning%s in Velero's log of %s/%s", v->task->warnings,
                        v->task->warnings == 1 ? "" : "s",
                        v->task->verb == TASK_RESTORE ? "restores" : "backups",
                        v->task->velero_name);
                show_line(out, "FLT-0304", text.data, NULL);
                buf_reset(&text);
                if (task_view_log(v, &text, SHOW_WIDTH))
                        show_command(out, "log:", text.data);
        }
}

static void errors_tell(const struct task_views *views, const struct run *unless, struct buf *out)
{
        _cleanup_(buf_done) struct buf who = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf log = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < views->n; i++) {
                const char *code;
                int64_t since;

                buf_reset(&who);
                buf_reset(&log);
                task_view_who(&views->v[i], &who);
                if (view_tells(&views->v[i], unless, &why, &code, &since))
                        show_error(out, code, who.data, why.data, since,
                                task_view_log(&views->v[i], &log, SHOW_WIDTH) ? log.data : NULL);
        }
}

void task_views_errors(
        const struct task_views *views, const struct task_views *more, struct buf *out)
{
        errors_tell(views, NULL, out);
        if (more != NULL)
                errors_tell(more, views_run(views), out);
}

/* ---------------------------------------------------------------- what to do */

bool task_view_lacks_location(const struct task_view *v)
{
        return v->member != NULL && v->member->health == MEMBER_READY &&
               strcmp(v->task->code, "FLT-0108") == 0;
}

void show_waits(struct buf *out, int64_t deadline)
{
        char text[RFC3339_SIZE];

        if (deadline != 0)
                show_linef(out, "waits:",
                        "until %s, then it is Expired; removing it calls off what was not sent",
                        rfc3339_format(text, deadline));
}

/* What the cluster itself is the reason of: away, without storage. */
static bool view_waits_for_member(const struct task_view *v)
{
        return v->member != NULL &&
               (v->member->health != MEMBER_READY || strcmp(v->task->code, "FLT-0108") == 0 ||
                       strcmp(v->task->code, "FLT-0109") == 0);
}

void task_views_action(const struct task_views *views, struct buf *out, const char *up,
        const char *object, const char *run, bool retry)
{
        const struct task_view *worst = NULL;
        int64_t deadline = 0;
        bool over = true, bad = false;
        size_t n = 0, told = 0;

        for (size_t i = 0; i < views->n; i++) {
                const struct task_view *v = &views->v[i];

                over = over && phase_is(v->task->phase, PHASE_IS_TERMINAL);
                bad = bad || phase_is(v->task->phase, PHASE_IS_BAD);
                if (v->task->state == TASK_PENDING && v->task->deadline != 0 &&
                        (deadline == 0 || v->task->deadline < deadline))
                        deadline = v->task->deadline;
                if (!task_view_is_told(v))
                        continue;
                n++;
                /* The source stands first in a migration, and not always for the worst. */
                if (worst == NULL || task_view_rank(v) < task_view_rank(worst))
                        worst = v;
        }
        if (worst == NULL)
                return;
        if (task_view_lacks_location(worst))
                show_action(out, &told, "ls %sclusters/%s/storage", up, worst->member->name);
        else if (view_waits_for_member(worst))
                show_action(out, &told, "cat %sclusters/%s/status.txt", up, worst->member->name);
        else
                show_action(out, &told, "cat %sclusters/%s/status.txt", run, worst->task->member);
        if (n > 1)
                show_action(out, &told, "cat error.txt");
        if (retry && over && bad)
                show_action(out, &told, "echo retry > %sctl", object);
        else if (!over && !bad)
                show_line(out, "", "it goes on by itself", NULL);
        show_waits(out, deadline);
}

/* ---------------------------------------------------------------- the table */

bool task_view_has_row(const struct task_view *v, size_t row)
{
        return row < SHOW_ROWS || (!v->good && row < SHOW_EYES);
}

void task_views_fold(const struct task_views *views, struct buf *out)
{
        size_t phases[PHASE_MAX + 1] = { 0 };
        bool some = false;

        for (size_t i = 0; i < views->n; i++)
                if (!task_view_has_row(&views->v[i], i)) {
                        phases[views->v[i].task->phase]++;
                        some = true;
                }
        if (!some)
                return;
        buf_putc(out, '(');
        some = false;
        for (int p = 0; p < PHASE_MAX; p++)
                if (phases[p] > 0) {
                        buf_printf(out, "%s%zu more %s", some ? ", " : "", phases[p],
                                phase_text((enum phase)p));
                        some = true;
                }
        buf_puts(out, "; full list: status.json)\n");
}

static void table_row(struct columns *t, const struct task_view *v, struct buf *cell)
{
        const struct task *task = v->task;
        enum object_kind kind = task->run->object->kind;
        int64_t queue = task_view_queue(v);

        buf_reset(cell);
        task_view_who(v, cell);
        columns_cell(t, cell->data);
        buf_reset(cell);
        buf_printf(cell, "%s%s", task_phase_text(task), task_view_mark(v));
        if (queue > 0)
                buf_printf(cell, " (%lld in queue)", (long long)queue);
        columns_cell(t, cell->data);
        if (kind == OBJECT_MIGRATION) {
                columns_cell(t, task_view_is_source(v) ? "source" : "target");
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
        static const char *const backup[] = { "CLUSTER", "PHASE", "ITEMS", "ERR", "WARN", "STARTED",
                "TOOK", "EXPIRES" };
        static const char *const restore[] = { "CLUSTER", "PHASE", "ITEMS", "ERR", "WARN",
                "STARTED", "TOOK", "BACKUP" };
        static const char *const migration[] = { "CLUSTER", "PHASE", "ROLE", "STEP", "ITEMS", "ERR",
                "WARN", "STARTED", "TOOK" };
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
                if (task_view_has_row(&views->v[i], i))
                        table_row(&t, &views->v[i], &cell);
        columns_put(&t, out);
        columns_done(&t);
        task_views_fold(views, out);
}

/* ---------------------------------------------------------------- JSON */

void task_views_put_clusters(
        struct json_writer *w, const char *key, const struct subject *s, const struct run *r)
{
        struct subject t = *s;

        json_open(w, key, '[');
        t.run = r;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                t.task = r->tasks[i];
                json_open(w, NULL, '{');
                if (t.task->verb >= TASK_SCHEDULE)
                        show_standing_members(w, &t);
                else
                        show_task_members(w, &t);
                json_close(w);
        }
        json_close(w);
}

static void put_reasons(struct json_writer *w, const struct run *r, const struct run *unless)
{
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf log = BUF_INIT(LIMIT_TEXT_BYTES);
        struct task_views views;

        task_views_init(&views, r);
        for (size_t i = 0; i < views.n; i++) {
                const char *code;
                int64_t since;

                if (!view_tells(&views.v[i], unless, &why, &code, &since))
                        continue;
                json_open(w, NULL, '{');
                json_string_member(w, "cluster", views.v[i].task->member);
                buf_reset(&log);
                show_reason_members(w, code, why.data, since,
                        task_view_log(&views.v[i], &log, 0) ? log.data : NULL);
                json_string_member(w, "subPolicy", views.v[i].task->sub);
                json_close(w);
        }
        task_views_done(&views);
}

void task_views_put_reasons(struct json_writer *w, const struct run *r, const struct run *more)
{
        put_reasons(w, r, NULL);
        if (more != NULL)
                put_reasons(w, more, r);
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
                                (next < 0 || strcmp(phase_text((enum phase)p),
                                                     phase_text((enum phase)next)) < 0))
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
        json_int_member(w, "total", (int64_t)(views.n - views.beside));
        json_close(w);
        task_views_done(&views);
}
