/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/columns.h"

/* X(name, json, help), in the order of their JSON keys. */
#define TASK_VALUES(X)                                                                           \
        X(attempt, "attempt", "time of the attempt that counts")                                 \
        X(backup_name, "backupName", "the Velero Backup that a restore restores")                \
        X(cluster, "cluster", "folder name of the cluster")                                      \
        X(code, "code", "stable code of the reason, FLT-nnnn")                                   \
        X(completed, "completed", "when Velero was done")                                        \
        X(errors, "errors", "errors that Velero counted")                                        \
        X(expires, "expires", "when Velero removes the backup")                                  \
        X(items_done, "itemsDone", "objects backed up or restored so far")                       \
        X(items_total, "itemsTotal", "objects that there are to do")                             \
        X(percent, "percent", "progress; 100 only when it is over")                              \
        X(phase, "phase", "one word: Velero's own once it knows the object")                     \
        X(reason, "reason", "why it is not good, one sentence")                                  \
        X(since, "since", "since when the reason holds")                                         \
        X(stale, "stale", "1: the cluster is away, this was true when it was last seen")         \
        X(started, "started", "when Velero began")                                               \
        X(step, "step", "what a migration's target does now")                                    \
        X(sub_policy, "subPolicy", "part of the policy that this belongs to")                    \
        X(velero_name, "veleroName", "name of the Velero object in the cluster")                 \
        X(warnings, "warnings", "warnings that Velero counted")

static struct value task_attempt(const struct subject *s)
{
        return value_time(s->task->attempt);
}

static struct value task_backup_name(const struct subject *s)
{
        return value_text(s->task->backup_name);
}

static struct value task_cluster(const struct subject *s)
{
        return value_text(s->task->member);
}

static struct value task_code(const struct subject *s)
{
        return value_text(s->task->code);
}

static struct value task_completed(const struct subject *s)
{
        return value_time(s->task->completed);
}

static struct value task_errors(const struct subject *s)
{
        return value_int(s->task->errors);
}

static struct value task_expires(const struct subject *s)
{
        return value_time(s->task->expires);
}

static struct value task_items_done(const struct subject *s)
{
        return value_int(s->task->items_done);
}

static struct value task_items_total(const struct subject *s)
{
        return value_int(s->task->items_total);
}

static struct value task_percent(const struct subject *s)
{
        const struct task *t = s->task;
        int64_t p;

        if (phase_is(t->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD))
                return value_int(100);
        if (t->items_total <= 0)
                return value_int(0);
        p = (int64_t)t->items_done * 100 / t->items_total;
        return value_int(p > 99 ? 99 : p);
}

static struct value task_phase(const struct subject *s)
{
        return value_text(task_phase_text(s->task));
}

static struct value task_reason(const struct subject *s)
{
        return value_text(s->task->reason);
}

static struct value task_since(const struct subject *s)
{
        return value_time(s->task->since);
}

static struct value task_stale(const struct subject *s)
{
        const struct member *c = task_member(s->task);

        return value_bool(c == NULL || c->health != MEMBER_READY);
}

static struct value task_started(const struct subject *s)
{
        return value_time(s->task->started);
}

static struct value task_step(const struct subject *s)
{
        static const char *const steps[] = { [STEP_POST] = NULL, [STEP_LOCATION] = "Location",
                [STEP_HANDOVER] = "HandOver", [STEP_RESTORE] = "Restore", [STEP_CLEANUP] = "CleanUp", [STEP_END] = "End" };

        return value_text(steps[s->task->step]);
}

static struct value task_sub_policy(const struct subject *s)
{
        return value_text(s->task->sub);
}

static struct value task_velero_name(const struct subject *s)
{
        return value_text(s->task->velero_name);
}

static struct value task_warnings(const struct subject *s)
{
        return value_int(s->task->warnings);
}

#define X(n, j, h) { .name = #n, .json = j, .get = task_##n },
static const struct value_row task_values[] = { TASK_VALUES(X) };
#undef X
#define X(n, j, h) TASK_VALUE_##n,
enum { TASK_VALUES(X) };
#undef X

static int task_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, task_values[s->row->arg].get(s));
}

void show_task_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, task_values, ARRAY_SIZE(task_values), s);
}

static int task_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_string_member(&w, "kind", "TaskStatus");
        show_task_members(&w, s);
        json_close(&w);
        return out->error;
}

static int task_text(const struct subject *s, struct buf *out)
{
        const struct task *t = s->task;
        struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);

        buf_printf(&summary, "%s of %s on cluster %s", t->verb == TASK_BACKUP ? "backup" : "restore", s->object->name,
                t->member);
        show_headline(out, task_phase_text(t), summary.data, t->completed != 0 ? t->completed : t->started);
        buf_done(&summary);
        if (t->reason != NULL)
                show_reason(out, true, t->reason, t->code);
        if (t->velero_name[0] != '\0')
                buf_printf(out, "velero: %s\n", t->velero_name);
        buf_puts(out, "items:  ");
        show_bar(out, t->items_done, t->items_total, phase_is(t->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD));
        buf_printf(out, "  %d errors  %d warnings\n", t->errors, t->warnings);
        for (size_t i = 0; i < ARRAY_SIZE(task_values); i++) {
                struct value v = task_values[i].get(s);
                if (v.type != VALUE_TIME)
                        continue;
                buf_printf(out, "%s:", task_values[i].name);
                buf_pad_to_column(out, 11, 1);
                value_put(out, v);
                buf_putc(out, '\n');
        }
        return out->error;
}

static int task_error(const struct subject *s, struct buf *out)
{
        const struct task *t = s->task;

        if (t->reason != NULL)
                buf_printf(out, "%s%s%s\n", t->code, t->code[0] ? " " : "", t->reason);
        return out->error;
}

static int64_t task_mtime(const struct subject *s)
{
        const struct task *t = s->task;
        int64_t m = t->completed;

        if (t->started > m)
                m = t->started;
        if (t->since > m)
                m = t->since;
        return m > t->attempt ? m : t->attempt;
}

#define X(n, j, h) FILE_ROW(#n, task_value_file, .arg = TASK_VALUE_##n, .flags = NODE_WATCHED, .mtime = task_mtime, .help = h),
static const struct node_row task_rows[] = {
        FILE_ROW("status.txt", task_text, .flags = NODE_WATCHED, .mtime = task_mtime, .help = "the whole in words"),
        FILE_ROW("status.json", task_json, .flags = NODE_WATCHED, .mtime = task_mtime, .help = "the same for programs"),
        FILE_ROW("error.txt", task_error, .flags = NODE_WATCHED, .mtime = task_mtime, .help = "why it failed or waits; empty when all is well"),
        TASK_VALUES(X)
};
#undef X
const struct node_table task_table = NODE_TABLE(task_rows);

/* ---------------------------------------------------------------- in tables of others */

/* Worst first, then by name, so that what needs an eye is on top and a diff of two statuses is small. */
static int task_order(const void *a, const void *b)
{
        const struct task *x = *(const struct task *const *)a, *y = *(const struct task *const *)b;

        if (x->phase != y->phase)
                return x->phase < y->phase ? -1 : 1;
        return strcmp(x->member, y->member);
}

static struct task **run_sorted(const struct run *r)
{
        struct task **v = malloc((r->n_tasks + 1) * sizeof(*v));

        if (v != NULL) {
                memcpy(v, r->tasks, r->n_tasks * sizeof(*v));
                qsort(v, r->n_tasks, sizeof(*v), task_order);
        }
        return v;
}

void show_task_table(struct buf *out, const struct subject *run)
{
        _cleanup_(freep) struct task **tasks = run_sorted(run->run);
        struct columns t = COLUMNS_INIT(9);
        static const char *const heads[] = { "CLUSTER", "PHASE", "ITEMS", "ERR", "WARN", "STARTED", "COMPLETED", "EXPIRES",
                "VELERO" };

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
                columns_cell(&t, heads[i]);
        for (size_t i = 0; tasks != NULL && i < run->run->n_tasks; i++) {
                const struct subject s = { .model = run->model, .fleet = run->fleet, .object = run->object,
                        .run = run->run, .task = tasks[i] };
                char phase[96], items[32], cluster[160];

                snprintf(cluster, sizeof(cluster), "%s%s%s", tasks[i]->member, tasks[i]->sub ? "/" : "",
                        tasks[i]->sub ? tasks[i]->sub : "");
                snprintf(phase, sizeof(phase), "%s%s", task_phase_text(tasks[i]), task_stale(&s).i ? " (stale)" : "");
                snprintf(items, sizeof(items), "%d/%d", tasks[i]->items_done, tasks[i]->items_total);
                columns_cell(&t, cluster);
                columns_cell(&t, phase);
                columns_cell(&t, items);
                columns_value(&t, task_errors(&s));
                columns_value(&t, task_warnings(&s));
                columns_value(&t, task_started(&s));
                columns_value(&t, task_completed(&s));
                columns_value(&t, task_expires(&s));
                columns_value(&t, task_velero_name(&s));
        }
        columns_put(&t, out);
        columns_done(&t);
}

void show_task_reasons(struct buf *out, const struct subject *run, size_t max)
{
        _cleanup_(freep) struct task **tasks = run_sorted(run->run);
        struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t told = 0, more = 0;

        for (size_t i = 0; tasks != NULL && i < run->run->n_tasks; i++) {
                if (tasks[i]->reason == NULL)
                        continue;
                if (told == max) {
                        more++;
                        continue;
                }
                buf_reset(&line);
                buf_printf(&line, "%s: %s", tasks[i]->member, tasks[i]->reason);
                show_reason(out, told++ == 0, line.data, tasks[i]->code);
        }
        if (more > 0)
                buf_printf(out, "        and %zu more: status.json\n", more);
        buf_done(&line);
}
