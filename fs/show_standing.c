/* SPDX-License-Identifier: Apache-2.0 */
/* What a schedule has on the clusters: one Velero Schedule for each, and when it runs. */
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/columns.h"
#include "fs/task_view.h"
#include "ops/policy.h"

/* In the order of their JSON keys. They have no files: the folder of a cluster is that of its part of a run. */
#define STANDING_VALUES(V)                             \
        V(standing, cluster, "cluster", "")            \
        V(standing, code, "code", "")                  \
        V(standing, drift, "drift", "")                \
        V(standing, expires, "expires", "")            \
        V(standing, last_attempt, "lastAttempt", "")   \
        V(standing, last_backup, "lastBackup", "")     \
        V(standing, last_result, "lastResult", "")     \
        V(standing, last_run, "lastRun", "")           \
        V(standing, last_success, "lastSuccess", "")   \
        V(standing, next_run, "nextRun", "")           \
        V(standing, overdue_since, "overdueSince", "") \
        V(standing, phase, "phase", "")                \
        V(standing, reachable, "reachable", "")        \
        V(standing, reason, "reason", "")              \
        V(standing, removing, "removing", "")          \
        V(standing, seen, "seen", "")                  \
        V(standing, since, "since", "")                \
        V(standing, stale, "stale", "")                \
        V(standing, sub_policy, "subPolicy", "")       \
        V(standing, velero_name, "veleroName", "")     \
        V(standing, verb, "verb", "")

const struct task *show_standing_newest(const struct task *t)
{
        const char *last = task_reached(t)->last_run;
        const struct run *r = last[0] != '\0' ? object_run(t->run->object, last) : NULL;

        for (const struct task *b = r != NULL ? run_tasks_on(r, t->member) : NULL; b != NULL; b = b->next_same)
                if (b->verb == TASK_BACKUP &&
                        strcmp(b->sub != NULL ? b->sub : "", t->sub != NULL ? t->sub : "") == 0)
                        return b;
        return NULL;
}

static struct value standing_cluster(const struct subject *s)
{
        return value_text(s->task->member);
}

static struct value standing_code(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_text(why.code);
}

/* Something worse may be its phase: then the reason is that one's. */
static struct value standing_drift(const struct subject *s)
{
        if (!s->task->drifted)
                return value_none();
        return s->task->phase == PHASE_DRIFTED ? value_text(s->task->reason)
                                               : value_text("it is not as the policy has it");
}

static struct value standing_expires(const struct subject *s)
{
        const struct task *newest = show_standing_newest(s->task);

        return value_time(newest != NULL ? newest->expires : 0);
}

static struct value standing_last_attempt(const struct subject *s)
{
        return value_time(task_reached(s->task)->last_attempt);
}

static struct value standing_last_backup(const struct subject *s)
{
        const struct task *newest = show_standing_newest(s->task);

        return newest != NULL ? value_text(newest->velero_name) : value_none();
}

static struct value standing_last_result(const struct subject *s)
{
        return value_text(task_reached(s->task)->last_result);
}

static struct value standing_last_run(const struct subject *s)
{
        return value_text(task_reached(s->task)->last_run);
}

static struct value standing_last_success(const struct subject *s)
{
        return value_time(task_reached(s->task)->last_success);
}

static struct value standing_next_run(const struct subject *s)
{
        return value_time(task_reached(s->task)->next_run);
}

static struct value standing_overdue_since(const struct subject *s)
{
        return value_time(s->task->phase == PHASE_OVERDUE ? task_reached(s->task)->overdue_at : 0);
}

static struct value standing_phase(const struct subject *s)
{
        return value_text(task_phase_text(s->task));
}

static struct value standing_reachable(const struct subject *s)
{
        const struct member *c = task_member(s->task);

        return value_bool(c != NULL && c->reachable);
}

static struct value standing_reason(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_text(why.text);
}

static struct value standing_removing(const struct subject *s)
{
        return value_bool(s->task->unwanted);
}

static struct value standing_seen(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return v.stale && v.member != NULL ? value_time(v.member->seen) : value_none();
}

static struct value standing_since(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_time(why.since);
}

static struct value standing_stale(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return value_bool(v.stale);
}

static struct value standing_sub_policy(const struct subject *s)
{
        return value_text(s->task->sub);
}

static struct value standing_velero_name(const struct subject *s)
{
        return value_text(s->task->velero_name);
}

static struct value standing_verb(const struct subject *s)
{
        return value_text(s->task->verb == TASK_SCHEDULE ? "Schedule" : "Adopt");
}

static const struct value_row standing_values[] = { STANDING_VALUES(VALUE_ROW) };

void show_standing_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, standing_values, ARRAY_SIZE(standing_values), s, false);
}

/* ---------------------------------------------------------------- when it runs */

/* "TZ=Europe/Berlin 0 2 * * *": the zone; without one it is UTC. */
static void schedule_zone(const char *expression, struct buf *out)
{
        const char *zone = strchr(expression, '=');

        if (strncmp(expression, "TZ=", 3) == 0 || strncmp(expression, "CRON_TZ=", 8) == 0)
                buf_append(out, zone + 1, strcspn(zone + 1, " "));
        else
                buf_puts(out, "UTC");
}

void show_standing_schedule(struct json_writer *w, const char *key, const struct object *o)
{
        _cleanup_(buf_done) struct buf zone = BUF_INIT(LIMIT_TEXT_BYTES);

        if (!object_is_scheduled(o)) {
                json_string_member(w, key, NULL);
                return;
        }
        schedule_zone(o->policy->schedule, &zone);
        json_open(w, key, '{');
        json_string_member(w, "cron", o->policy->schedule);
        json_open(w, "next", '[');
        for (size_t i = 0; i < SCHEDULE_NEXT && o->next_runs[i] != 0; i++)
                json_time_member(w, NULL, o->next_runs[i]);
        json_close(w);
        json_bool_member(w, "paused", o->paused || o->policy->paused);
        json_string_member(w, "timezone", zone.data);
        json_close(w);
}

void show_standing_next(const struct object *o, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        char time[RFC3339_SIZE];

        if (!object_is_scheduled(o))
                return;
        for (size_t i = 0; i < SCHEDULE_NEXT && o->next_runs[i] != 0; i++)
                buf_printf(&text, "%s%s", i > 0 ? "  " : "", rfc3339_format(time, o->next_runs[i]));
        if (o->paused || o->policy->paused)
                buf_puts(&text, "none while it is paused");
        else if (text.len == 0)
                buf_puts(&text, o->interval != 0 ? "not known before a cluster has its Schedule" : "never");
        show_line(out, "next:", text.data, NULL);
}

int64_t show_standing_overdue(const struct object *o)
{
        int64_t since = 0;

        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                const struct task *t = o->standing->tasks[i];

                if (t->phase == PHASE_OVERDUE && (since == 0 || task_reached(t)->overdue_at < since))
                        since = task_reached(t)->overdue_at;
        }
        return since;
}

/* ---------------------------------------------------------------- status.txt */

/* Where to look: its part of the newest run, what the cluster has of it, or the cluster itself. */
static void action_look(const struct object *o, const struct task_view *v, struct buf *out, size_t *told)
{
        const struct run *newest = object_latest_run(o);
        const char *code = v->task->code;
        bool backups = strcmp(code, "FLT-0410") == 0 || strcmp(code, "FLT-0303") == 0 ||
                       strcmp(code, "FLT-0305") == 0 || v->task->phase == PHASE_OVERDUE;

        if (v->member == NULL) {
                if (o->own && strcmp(code, "FLT-0416") == 0)
                        show_action(out, told, "add the cluster to the fleet again, or write ../%s.%s without it", o->name,
                                o->in_force.ext);
                return;
        }
        if (strcmp(code, "FLT-0108") == 0)
                show_action(out, told, "ls ../../clusters/%s/storage", v->member->name);
        else if (v->member->health == MEMBER_READY && backups && newest != NULL &&
                 run_tasks_on(newest, v->member->name) != NULL)
                show_action(out, told, "cat runs/latest/clusters/%s/status.txt", v->member->name);
        else if (v->member->health == MEMBER_READY && v->velero != NULL && v->task->phase != PHASE_UNPROTECTED)
                show_action(out, told, "cat ../../clusters/%s/schedules/%s/status.json", v->member->name,
                        v->velero->name);
        else
                show_action(out, told, "cat ../../clusters/%s/status.txt", v->member->name);
}

bool show_standing_action(const struct object *o, const struct task_views *views, struct buf *out)
{
        const struct task_view *worst = NULL;
        bool retry = false, paused = false, gone = false;
        size_t n = 0, told = 0;

        for (size_t i = 0; i < views->n; i++) {
                const struct task_view *v = &views->v[i];
                const struct task *t = v->task;

                paused = paused || t->phase == PHASE_PAUSED;
                /* What waits for its time needs nobody. */
                if (!task_view_is_told(v) || t->phase == PHASE_PAUSED || t->phase == PHASE_SCHEDULED)
                        continue;
                gone = gone || strcmp(t->code, "FLT-0320") == 0;
                retry = retry || t->drifted || t->state == TASK_CONFLICT || t->state == TASK_REJECTED;
                n++;
                if (worst == NULL || task_view_rank(v) < task_view_rank(worst))
                        worst = v;
        }
        if (worst != NULL)
                action_look(o, worst, out, &told);
        if (n > 1)
                show_action(out, &told, "cat error.txt");
        if (o->own && retry)
                show_action(out, &told, "echo retry > ctl");
        if (o->own && gone)
                show_action(out, &told, "echo run > ctl");
        if (o->own && o->paused)
                show_action(out, &told, "echo resume > ctl");
        else if (o->own && paused && o->policy != NULL && o->policy->paused)
                show_action(out, &told, "write ../%s.%s without `paused: true`", o->name, o->in_force.ext);
        return told > 0;
}

static void standing_row(struct columns *t, const struct task_view *v, struct buf *cell)
{
        const struct task *task = v->task;

        buf_reset(cell);
        task_view_who(v, cell);
        columns_cell(t, cell->data);
        buf_reset(cell);
        buf_printf(cell, "%s%s", task_phase_text(task), task->unwanted ? " (removing)" : task_view_mark(v));
        columns_cell(t, cell->data);
        columns_value(t, value_time(task_reached(task)->last_attempt));
        columns_value(t, value_time(task_reached(task)->last_success));
        columns_value(t, value_time(task_reached(task)->next_run));
        columns_cell(t, task->velero_name);
}

void show_standing_table(const struct task_views *views, struct buf *out)
{
        static const char *const heads[] = { "CLUSTER", "PHASE", "LAST ATTEMPT", "LAST SUCCESS", "NEXT",
                "SCHEDULE" };
        _cleanup_(columns_done) struct columns t = COLUMNS_INIT(heads);
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < views->n; i++)
                if (task_view_has_row(&views->v[i], i))
                        standing_row(&t, &views->v[i], &cell);
        columns_put(&t, out);
        task_views_fold(views, out);
}

void show_standing_runs(const struct object *o, struct buf *out)
{
        enum { SHOWN = 5 };
        static const char *const heads[] = { "RUN", "PHASE", "CLUSTERS", "OK", "PART", "FAIL", "ENDED", "TOOK" };
        _cleanup_(columns_done) struct columns t = COLUMNS_INIT(heads);
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);

        if (o->n_runs == 0)
                return;
        for (size_t i = o->n_runs, n = 0; i-- > 0 && n < SHOWN; n++) {
                const struct run *r = o->runs[i];
                struct run_counts c;

                run_counts(&c, r);
                columns_cell(&t, r->id);
                buf_reset(&cell);
                buf_printf(&cell, "%s%s", phase_text(r->phase), c.mark);
                columns_cell(&t, cell.data);
                columns_value(&t, value_int((int64_t)r->n_tasks));
                columns_value(&t, value_int((int64_t)c.good));
                columns_value(&t, value_int((int64_t)c.part));
                columns_value(&t, value_int((int64_t)c.fail));
                columns_value(&t, value_time(r->completed));
                buf_reset(&cell);
                if (c.started != 0 && r->completed >= c.started)
                        show_duration(&cell, r->completed - c.started);
                columns_cell(&t, cell.data);
        }
        buf_putc(out, '\n');
        columns_put(&t, out);
        if (o->n_runs > SHOWN)
                buf_printf(out, "(%zu older: ls -lt runs/)\n", o->n_runs - SHOWN);
}
