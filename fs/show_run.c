/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of an object over several clusters: runs/<run>/. */
#include "fs/show.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/task_view.h"

/* In the order of their JSON keys. */
#define RUN_VALUES(V, J)                                                                      \
        J(run, put_api_version, "apiVersion")                                                 \
        V(run, bytes_done, "bytesDone", "bytes of volumes done on all clusters")              \
        V(run, bytes_total, "bytesTotal", "bytes of volumes to do on all clusters")           \
        J(run, put_clusters, "clusters")                                                      \
        V(run, clusters_good, "clustersGood", "parts that are Completed, and known to be so") \
        V(run, clusters_total, "clustersTotal", "parts of the run: one for each cluster")     \
        V(run, completed, "completed", "when the last cluster was done; empty before")        \
        V(run, created, "created", "when the run was made")                                   \
        V(run, errors, "errors", "errors on all clusters")                                    \
        V(run, expected, "expected",                                                          \
                "when it will be done if it goes on like this; empty if not known")           \
        V(run, expires, "expires", "when the first of its backups is removed")                \
        J(run, put_fleet, "fleet")                                                            \
        V(run, gone, "gone", "1: a backup of it is no longer on its cluster")                 \
        V(run, items_done, "itemsDone", "objects done on all clusters")                       \
        V(run, items_total, "itemsTotal", "objects to do on all clusters")                    \
        J(run, put_kind, "kind")                                                              \
        V(run, latest, "latest", "1: the newest run of its object")                           \
        J(run, put_object, "object")                                                          \
        V(run, percent, "percent", "progress; 100 only when all ended well")                  \
        V(run, phase, "phase", "one word: the worst of its clusters")                         \
        J(run, put_reasons, "reasons")                                                        \
        V(run, run, "run", "id of the run")                                                   \
        V(run, stale, "stale", "1: a cluster of it is away, its part is as it was last seen") \
        J(run, put_summary, "summary")                                                        \
        V(run, warnings, "warnings", "warnings on all clusters")

static struct value run_bytes_done(const struct subject *s)
{
        int64_t done, total;

        return task_views_bytes(s->run, &done, &total) ? value_int(done) : value_none();
}

static struct value run_bytes_total(const struct subject *s)
{
        int64_t done, total;

        return task_views_bytes(s->run, &done, &total) ? value_int(total) : value_none();
}

static struct value run_clusters_good(const struct subject *s)
{
        int64_t n = 0;

        for (size_t i = 0; i < s->run->n_tasks; i++) {
                struct task_view v;

                task_view(&v, s->run->tasks[i]);
                n += v.good;
        }
        return value_int(n);
}

static struct value run_clusters_total(const struct subject *s)
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
        return value_int(task_views_sum(s->run, offsetof(struct task, errors)));
}

static struct value run_expected(const struct subject *s)
{
        return value_time(task_views_expected(s->run));
}

static struct value run_expires(const struct subject *s)
{
        return value_time(task_views_expires(s->run));
}

static struct value run_gone(const struct subject *s)
{
        return value_bool(task_views_gone(s->run));
}

static struct value run_items_done(const struct subject *s)
{
        return value_int(task_views_sum(s->run, offsetof(struct task, items_done)));
}

static struct value run_items_total(const struct subject *s)
{
        return value_int(task_views_sum(s->run, offsetof(struct task, items_total)));
}

static struct value run_latest(const struct subject *s)
{
        return value_bool(s->run == object_latest_run(s->object));
}

static struct value run_percent(const struct subject *s)
{
        return value_int(task_views_percent(s->run));
}

static struct value run_phase(const struct subject *s)
{
        return value_text(phase_text(s->run->phase));
}

static struct value run_run(const struct subject *s)
{
        return value_text(s->run->id);
}

static struct value run_stale(const struct subject *s)
{
        return value_bool(task_views_stale(s->run));
}

static struct value run_warnings(const struct subject *s)
{
        return value_int(task_views_sum(s->run, offsetof(struct task, warnings)));
}

static void run_put_api_version(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "fleetfs/v1");
}

static void run_put_clusters(struct json_writer *w, const char *key, const struct subject *s)
{
        task_views_put_clusters(w, key, s, s->run);
}

static void run_put_fleet(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->fleet->name);
}

static void run_put_kind(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "RunStatus");
}

static void run_put_object(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->object->name);
}

static void run_put_reasons(struct json_writer *w, const char *key, const struct subject *s)
{
        json_open(w, key, '[');
        task_views_put_reasons(w, s->run, NULL);
        json_close(w);
}

static void run_put_summary(struct json_writer *w, const char *key, const struct subject *s)
{
        task_views_put_summary(w, key, s->run);
}

static const struct value_row run_values[] = { RUN_VALUES(VALUE_ROW, VALUE_JSON_ROW) };
enum { RUN_VALUES(VALUE_NUMBER, VALUE_JSON_NUMBER) };

static int run_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, run_values[s->row->arg].get(s));
}

static int run_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        value_members(&w, run_values, ARRAY_SIZE(run_values), s, true);
        json_close(&w);
        return out->error;
}

static int64_t run_mtime(const struct subject *s)
{
        return s->run->completed != 0 ? s->run->completed : s->run->created;
}

static int run_text(const struct subject *s, struct buf *out)
{
        const struct run *r = s->run;
        _cleanup_(buf_done) struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(task_views_done) struct task_views views = { 0 };

        task_views_init(&views, r);
        task_views_summary(&views, &summary);
        show_linef(out, "state:", "%s%s   run %s: %s", phase_text(r->phase),
                task_views_mark(&views, r->phase), r->id, summary.data);
        (void)task_views_reasons(&views, NULL, out);
        task_views_action(&views, out, "../../../../", "../../", "",
                s->object->own && r == object_latest_run(s->object));
        show_linef(out, "of:", "%s %s", object_kind_name(s->object->kind), s->object->name);
        buf_puts(out, "items:  ");
        show_bar(out, views.percent, views.done, views.total);
        buf_putc(out, '\n');
        if (views.bytes_total > 0) {
                buf_puts(out, "bytes:  ");
                show_bar_bytes(out, views.bytes_done, views.bytes_total);
                buf_putc(out, '\n');
        }
        if (views.expected != 0) {
                buf_puts(out, "end:    ");
                show_expected(out, views.expected, r->created);
                buf_putc(out, '\n');
        }
        show_as_of(out, run_mtime(s));
        if (views.n > 0)
                buf_putc(out, '\n');
        task_views_table(&views, out);
        return out->error;
}

static int run_error(const struct subject *s, struct buf *out)
{
        _cleanup_(task_views_done) struct task_views views = { 0 };

        task_views_init(&views, s->run);
        task_views_errors(&views, NULL, out);
        return out->error;
}

/* ---------------------------------------------------------------- clusters/ */

static bool run_task_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->task = task_views_find(dir->run, name);
        return child->task != NULL;
}

static bool run_task_next(const struct subject *dir, struct node_cursor *cursor)
{
        return task_views_next(dir->run, cursor);
}

static const struct node_row run_clusters_rows[] = {
        LIST_ROW(run_task_find, run_task_next, task_child,
                .help = "one folder per cluster of the run"),
};
static const struct node_table run_clusters_table = NODE_TABLE(run_clusters_rows);

static const struct node_row run_rows[] = {
        FILE_ROW("status.txt", run_text, .flags = NODE_AGGREGATE, .mtime = run_mtime,
                .help = "how the run went, its clusters worst first"),
        FILE_ROW("status.json", run_json, .flags = NODE_AGGREGATE, .mtime = run_mtime,
                .help = "the same for programs"),
        FILE_ROW("error.txt", run_error, .flags = NODE_AGGREGATE, .mtime = run_mtime,
                .help = "what failed or waits, and what to do; empty when all is well"),
        DIR_ROW("clusters", run_clusters_table, .mtime = run_mtime,
                .help = "each cluster's part of the run"),
        RUN_VALUES(VALUE_FILE, VALUE_NO_FILE)
};
const struct node_table run_table = NODE_TABLE(run_rows);

/* ---------------------------------------------------------------- runs/ */

/* Its time is that of its end, so that `ls -lt runs/` sorts by it. */
const struct node_row run_child = {
        .kind = NODE_DIR, .table = &run_table, .mtime = run_mtime, .help = "one run"
};

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
