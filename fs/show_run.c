/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/show.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* X(name, json, help), in the order of their JSON keys. */
#define RUN_VALUES(X)                                                                 \
        X(clusters, "clusters", "number of clusters in the run")                      \
        X(completed, "completed", "when the last cluster was done; empty before")     \
        X(created, "created", "when the run was made")                                \
        X(errors, "errors", "errors on all clusters")                                 \
        X(expires, "expires", "when the first of its backups is removed")             \
        X(items_done, "itemsDone", "objects done on all clusters")                    \
        X(items_total, "itemsTotal", "objects to do on all clusters")                 \
        X(phase, "phase", "one word: the worst of its clusters")                      \
        X(run, "run", "id of the run")                                                \
        X(succeeded, "succeeded", "clusters that are Completed")                      \
        X(warnings, "warnings", "warnings on all clusters")

static struct value run_sum(const struct run *r, size_t offset)
{
        int64_t sum = 0;

        for (size_t i = 0; i < r->n_tasks; i++)
                sum += *(const int32_t *)((const char *)r->tasks[i] + offset);
        return value_int(sum);
}

static struct value run_clusters(const struct subject *s)
{
        return value_int((int64_t)s->run->n_tasks);
}

static struct value run_completed(const struct subject *s)
{
        return value_time(s->run->completed);
}

static struct value run_created(const struct subject *s)
{
        return value_time(s->run->created);
}

static struct value run_errors(const struct subject *s)
{
        return run_sum(s->run, offsetof(struct task, errors));
}

static struct value run_expires(const struct subject *s)
{
        int64_t first = 0;

        for (size_t i = 0; i < s->run->n_tasks; i++) {
                int64_t t = s->run->tasks[i]->expires;
                if (t != 0 && (first == 0 || t < first))
                        first = t;
        }
        return value_time(first);
}

static struct value run_items_done(const struct subject *s)
{
        return run_sum(s->run, offsetof(struct task, items_done));
}

static struct value run_items_total(const struct subject *s)
{
        return run_sum(s->run, offsetof(struct task, items_total));
}

static struct value run_phase(const struct subject *s)
{
        return value_text(phase_text(s->run->phase));
}

static struct value run_run(const struct subject *s)
{
        return value_text(s->run->id);
}

static struct value run_succeeded(const struct subject *s)
{
        int64_t n = 0;

        for (size_t i = 0; i < s->run->n_tasks; i++)
                n += s->run->tasks[i]->phase == PHASE_COMPLETED;
        return value_int(n);
}

static struct value run_warnings(const struct subject *s)
{
        return run_sum(s->run, offsetof(struct task, warnings));
}

#define X(n, j, h) { .name = #n, .json = j, .get = run_##n },
static const struct value_row run_values[] = { RUN_VALUES(X) };
#undef X
#define X(n, j, h) RUN_VALUE_##n,
enum { RUN_VALUES(X) };
#undef X

static int run_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, run_values[s->row->arg].get(s));
}

void show_run_members(struct json_writer *w, const struct subject *s)
{
        struct subject t = *s;

        value_members(w, run_values, ARRAY_SIZE(run_values), s);
        json_open(w, "tasks", '[');
        for (size_t i = 0; i < s->run->n_tasks; i++) {
                t.task = s->run->tasks[i];
                json_open(w, NULL, '{');
                show_task_members(w, &t);
                json_close(w);
        }
        json_close(w);
}

static int run_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_string_member(&w, "kind", "RunStatus");
        show_run_members(&w, s);
        json_close(&w);
        return out->error;
}

/* "2 of 3 clusters Completed, 1 Pending": every phase that occurs, worst first. */
void show_run_summary(struct buf *out, const struct run *r)
{
        size_t counts[PHASE_MAX + 1] = { 0 };
        bool first = true;

        for (size_t i = 0; i < r->n_tasks; i++)
                counts[r->tasks[i]->phase]++;
        buf_printf(out, "%zu of %zu cluster%s Completed", counts[PHASE_COMPLETED], r->n_tasks, r->n_tasks == 1 ? "" : "s");
        for (int p = 0; p < PHASE_MAX; p++) {
                if (p == PHASE_COMPLETED || counts[p] == 0)
                        continue;
                buf_printf(out, "%s%zu %s", first ? ", " : ", ", counts[p], phase_text((enum phase)p));
                first = false;
        }
}

static int run_text(const struct subject *s, struct buf *out)
{
        struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);

        buf_printf(&summary, "run %s of %s: ", s->run->id, s->object->name);
        show_run_summary(&summary, s->run);
        show_headline(out, phase_text(s->run->phase), summary.data, s->run->completed ? s->run->completed : s->run->created);
        buf_done(&summary);
        show_task_reasons(out, s, 10);
        buf_puts(out, "items:  ");
        show_bar(out, run_items_done(s).i, run_items_total(s).i,
                phase_is(s->run->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD));
        buf_puts(out, "\n\n");
        show_task_table(out, s);
        return out->error;
}

static int run_error(const struct subject *s, struct buf *out)
{
        for (size_t i = 0; i < s->run->n_tasks; i++) {
                const struct task *t = s->run->tasks[i];
                if (t->reason != NULL)
                        buf_printf(out, "%s%s%s: %s\n", t->code, t->code[0] ? " " : "", t->member, t->reason);
        }
        return out->error;
}

static int64_t run_mtime(const struct subject *s)
{
        return s->run->completed != 0 ? s->run->completed : s->run->created;
}

/* ---------------------------------------------------------------- clusters/ */

static bool run_task_find(const struct subject *dir, const char *name, struct subject *child)
{
        for (size_t i = 0; i < dir->run->n_tasks; i++) {
                if (strcmp(dir->run->tasks[i]->member, name) != 0)
                        continue;
                child->task = dir->run->tasks[i];
                return true;
        }
        return false;
}

static bool run_task_next(const struct subject *dir, struct node_cursor *cursor)
{
        /* A policy with several parts has several tasks on one cluster; the folder is the first one's. */
        while (cursor->i < dir->run->n_tasks) {
                const struct task *t = dir->run->tasks[cursor->i++];
                struct subject first = *dir;

                if (run_task_find(dir, t->member, &first) && first.task == t) {
                        cursor->name = t->member;
                        return true;
                }
        }
        return false;
}

static const struct node_row run_task_child = { .kind = NODE_DIR, .table = &task_table };
static const struct node_row run_clusters_rows[] = {
        LIST_ROW(run_task_find, run_task_next, run_task_child, .help = "one folder per cluster of the run"),
};
static const struct node_table run_clusters_table = NODE_TABLE(run_clusters_rows);

#define X(n, j, h) FILE_ROW(#n, run_value_file, .arg = RUN_VALUE_##n, .flags = NODE_WATCHED, .mtime = run_mtime, .help = h),
static const struct node_row run_rows[] = {
        FILE_ROW("status.txt", run_text, .flags = NODE_AGGREGATE, .mtime = run_mtime, .help = "the run in words, its clusters worst first"),
        FILE_ROW("status.json", run_json, .flags = NODE_AGGREGATE, .mtime = run_mtime, .help = "the same for programs"),
        FILE_ROW("error.txt", run_error, .flags = NODE_AGGREGATE, .mtime = run_mtime, .help = "what failed or waits, a line per cluster; empty when all is well"),
        RUN_VALUES(X)
        DIR_ROW("clusters", run_clusters_table, .mtime = run_mtime, .help = "each cluster's part of the run"),
};
#undef X
const struct node_table run_table = NODE_TABLE(run_rows);

/* ---------------------------------------------------------------- runs/ */

bool run_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->run = object_run(dir->object, name);
        return child->run != NULL;
}

bool run_next(const struct subject *dir, struct node_cursor *cursor)
{
        if (cursor->i >= dir->object->n_runs)
                return false;
        cursor->name = dir->object->runs[cursor->i++]->id;
        return true;
}
