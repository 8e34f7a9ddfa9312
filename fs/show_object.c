/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a policy, a restore, a migration: its values and its table. */
#include "fs/show.h"

#include "fs/task_view.h"
#include "fs/texts.h"
#include "ops/policy.h"
#include "ops/rollup.h"

/* In the order of their JSON keys. */
#define OBJECT_VALUES(V, J)                                                                    \
        J(declared, put_api_version, "apiVersion")                                             \
        V(declared, as_of, "asOf", "time of the last change")                                  \
        V(declared, bytes_done, "bytesDone", "bytes of volumes done by the newest run")        \
        V(declared, bytes_total, "bytesTotal", "bytes of volumes that the newest run has to do") \
        J(declared, put_caveats, "caveats")                                                    \
        J(declared, put_clusters, "clusters")                                                  \
        V(declared, clusters_good, "clustersGood",                                             \
                "parts of the newest run that are Completed and hold something, "              \
                "or Schedules that are Protected")                                             \
        V(declared, clusters_total, "clustersTotal",                                           \
                "parts of the newest run, or Schedules: one for each cluster")                 \
        V(declared, code, "code", "stable code of the worst reason, FLT-nnnn")                 \
        V(declared, completed, "completed", "when the newest run was done; empty before")      \
        V(declared, schedule, "cron", "when it runs, a cron expression; empty for a one-off")  \
        V(declared, draft, "draft",                                                            \
                "a write that is not in force: Draft, Accepted, Rejected, Interrupted")        \
        V(declared, errors, "errors", "errors of the newest run")                              \
        V(declared, expected, "expected",                                                      \
                "when the newest run will be done if it goes on like this; empty if not known") \
        V(declared, expires, "expires", "when the first backup of the newest run is removed")  \
        J(declared, put_fleet, "fleet")                                                        \
        V(declared, generation, "generation", "number of the write that is in force")          \
        V(declared, gone, "gone", "1: a backup of the newest run is no longer on its cluster") \
        V(declared, items_done, "itemsDone", "objects done by the newest run")                 \
        V(declared, items_total, "itemsTotal", "objects that the newest run has to do")        \
        J(declared, put_kind, "kind")                                                          \
        V(declared, last_attempt, "lastAttempt", "when the newest run was made, or began")     \
        V(declared, last_success, "lastSuccess",                                               \
                "when a run last ended Completed on all its clusters, and holds something")    \
        V(declared, latest_run, "latestRun", "id of the newest run")                           \
        V(declared, name, "name", "its name")                                                  \
        V(declared, next_run, "nextRun", "when the schedule runs next; empty while it is paused") \
        V(declared, overdue_since, "overdueSince", "since when a cluster of it is Overdue")    \
        V(declared, own, "own", "1: this mount's store made it; 0: read-only here")            \
        V(declared, owner, "owner", "id of the store that made it")                            \
        V(declared, paused, "paused", "1: the schedule is paused; empty for a one-off")        \
        V(declared, percent, "percent",                                                        \
                "progress of the newest run; 100 only when all ended well")                    \
        V(declared, phase, "phase", "one word")                                                \
        V(declared, reason, "reason", "why it is not good, one sentence")                      \
        J(declared, put_reasons, "reasons")                                                    \
        V(declared, removal_at, "removalAt",                                                   \
                "its file is gone: when that takes effect, unless it is taken back before")    \
        V(declared, removed, "removed", "1: its policy was removed, its backups are kept")     \
        J(declared, put_runs, "runs")                                                          \
        J(declared, put_schedule, "schedule")                                                  \
        V(declared, since, "since", "since when the reason holds")                             \
        V(declared, stale, "stale", "1: a cluster of it is away")                              \
        J(declared, put_summary, "summary")                                                    \
        V(declared, ttl, "ttl", "how long Velero keeps the backups of the newest run")         \
        V(declared, warnings, "warnings", "warnings of the newest run")

static const struct run *object_latest(const struct subject *s)
{
        return object_latest_run(s->object);
}

static bool object_draft_speaks(const struct object *o)
{
        return o->in_force.bytes == NULL && o->draft_state == DRAFT_REJECTED;
}

/* When the run was made that has no cluster; of Schedules that are gone nobody knows. */
static int64_t nowhere_since(const struct object *o)
{
        const struct run *r = object_latest_run(o);

        return o->own && r != NULL ? r->created : 0;
}

static bool object_why(const struct subject *s, struct task_view_reason *why)
{
        const struct object *o = s->object;
        const struct show_nowhere *nowhere = show_object_nowhere(o);
        const struct task *t;

        if (object_draft_speaks(o)) {
                *why = (struct task_view_reason){ o->draft_err.msg, o->draft_err.id, o->draft_at };
                return true;
        }
        if (nowhere != NULL) {
                *why = (struct task_view_reason){ nowhere->text, nowhere->code, nowhere_since(o) };
                return true;
        }
        t = show_object_worst(o);
        if (t == NULL)
                return false;
        task_view_reason(why, t);
        return true;
}

static struct value declared_as_of(const struct subject *s)
{
        return value_time(s->object->changed);
}

static struct value declared_bytes_done(const struct subject *s)
{
        int64_t done, total;

        return task_views_bytes(object_latest(s), &done, &total) ? value_int(done) : value_none();
}

static struct value declared_bytes_total(const struct subject *s)
{
        int64_t done, total;

        return task_views_bytes(object_latest(s), &done, &total) ? value_int(total) : value_none();
}

static struct value declared_clusters_good(const struct subject *s)
{
        const struct run *r = show_object_parts(s->object);
        int64_t n = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                struct task_view v;

                task_view(&v, r->tasks[i]);
                n += v.good;
        }
        return value_int(n);
}

static struct value declared_clusters_total(const struct subject *s)
{
        const struct run *r = show_object_parts(s->object);
        int64_t n = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                n += !task_view_is_beside(r->tasks[i]);
        return value_int(n);
}

static struct value declared_code(const struct subject *s)
{
        struct task_view_reason why;

        return object_why(s, &why) ? value_text(why.code) : value_none();
}

static struct value declared_completed(const struct subject *s)
{
        const struct run *r = object_latest(s);

        return value_time(r != NULL ? r->completed : 0);
}

static struct value declared_draft(const struct subject *s)
{
        return value_text(phase_text(phase_of_draft(s->object->draft_state)));
}

static struct value declared_errors(const struct subject *s)
{
        return value_int(task_views_sum(object_latest(s), offsetof(struct task, errors)));
}

static struct value declared_expected(const struct subject *s)
{
        return value_time(task_views_expected(object_latest(s)));
}

static struct value declared_expires(const struct subject *s)
{
        return value_time(task_views_expires(object_latest(s)));
}

static struct value declared_generation(const struct subject *s)
{
        return s->object->in_force.bytes != NULL
                       ? value_int((int64_t)s->object->in_force.generation)
                       : value_none();
}

static struct value declared_gone(const struct subject *s)
{
        return value_bool(task_views_gone(object_latest(s)));
}

static struct value declared_items_done(const struct subject *s)
{
        return value_int(task_views_sum(object_latest(s), offsetof(struct task, items_done)));
}

static struct value declared_items_total(const struct subject *s)
{
        return value_int(task_views_sum(object_latest(s), offsetof(struct task, items_total)));
}

static struct value declared_last_attempt(const struct subject *s)
{
        const struct run *r = object_latest(s);
        int64_t last = 0;

        /* Of a schedule the run has the time of its slot; its backups know when they began. */
        for (size_t i = 0; show_object_stands(s->object) && i < s->object->standing->n_tasks; i++)
                if (task_reached(s->object->standing->tasks[i])->last_attempt > last)
                        last = task_reached(s->object->standing->tasks[i])->last_attempt;
        return value_time(last != 0 ? last : r != NULL ? r->created : 0);
}

static struct value declared_last_success(const struct subject *s)
{
        const struct run *r = show_object_last_good(s->object);

        return value_time(r != NULL ? r->completed : 0);
}

static struct value declared_latest_run(const struct subject *s)
{
        const struct run *r = object_latest(s);

        return r != NULL ? value_text(r->id) : value_none();
}

static struct value declared_name(const struct subject *s)
{
        return value_text(s->object->name);
}

static struct value declared_next_run(const struct subject *s)
{
        return value_time(s->object->next_runs[0]);
}

static struct value declared_overdue_since(const struct subject *s)
{
        return value_time(show_standing_overdue(s->object));
}

static struct value declared_own(const struct subject *s)
{
        return value_bool(s->object->own);
}

static struct value declared_owner(const struct subject *s)
{
        return value_text(s->object->owner);
}

static struct value declared_paused(const struct subject *s)
{
        return object_is_scheduled(s->object) ? value_bool(s->object->paused || s->object->policy->paused)
                                              : value_none();
}

static struct value declared_percent(const struct subject *s)
{
        return value_int(task_views_percent(object_latest(s)));
}

static struct value declared_phase(const struct subject *s)
{
        return value_text(phase_text(show_object_phase(s->object)));
}

static struct value declared_reason(const struct subject *s)
{
        struct task_view_reason why;

        return object_why(s, &why) ? value_text(why.text) : value_none();
}

static struct value declared_removal_at(const struct subject *s)
{
        return value_time(show_removal_at(s->object));
}

static struct value declared_removed(const struct subject *s)
{
        return value_bool(s->object->removed);
}

static struct value declared_schedule(const struct subject *s)
{
        return object_is_scheduled(s->object) ? value_text(s->object->policy->schedule) : value_none();
}

static struct value declared_since(const struct subject *s)
{
        struct task_view_reason why;

        return object_why(s, &why) ? value_time(why.since) : value_none();
}

static struct value declared_stale(const struct subject *s)
{
        return value_bool(task_views_stale(show_object_parts(s->object)));
}

static struct value declared_ttl(const struct subject *s)
{
        return value_text(task_views_ttl(show_object_parts(s->object)));
}

static struct value declared_warnings(const struct subject *s)
{
        return value_int(task_views_sum(object_latest(s), offsetof(struct task, warnings)));
}

/* ---------------------------------------------------------------- status.json */

static void declared_put_api_version(
        struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "fleetfs/v1");
}

static void declared_put_caveats(struct json_writer *w, const char *key, const struct subject *s)
{
        json_open(w, key, '[');
        for (size_t i = 0; i < s->object->warnings.n; i++)
                json_string_member(w, NULL, s->object->warnings.v[i]);
        json_close(w);
}

static void declared_put_clusters(struct json_writer *w, const char *key, const struct subject *s)
{
        task_views_put_clusters(w, key, s, show_object_parts(s->object));
}

static void declared_put_fleet(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->fleet->name);
}

static void declared_put_kind(struct json_writer *w, const char *key, const struct subject *s)
{
        static const char *const kinds[] = { "PolicyStatus", "RestoreStatus", "MigrationStatus" };

        json_string_member(w, key, kinds[s->object->kind]);
}

static void declared_put_reasons(struct json_writer *w, const char *key, const struct subject *s)
{
        const struct run *parts = show_object_parts(s->object), *newest = object_latest(s);
        const struct show_nowhere *nowhere = show_object_nowhere(s->object);

        json_open(w, key, '[');
        show_removal_reason(w, s->object);
        if (nowhere != NULL) {
                json_open(w, NULL, '{');
                json_string_member(w, "cluster", NULL);
                show_reason_members(w, nowhere->code, nowhere->text, nowhere_since(s->object), nowhere->command);
                json_string_member(w, "subPolicy", NULL);
                json_close(w);
        }
        task_views_put_reasons(w, parts, newest != parts ? newest : NULL);
        json_close(w);
}

static void declared_put_runs(struct json_writer *w, const char *key, const struct subject *s)
{
        const struct object *o = s->object;

        json_open(w, key, '[');
        for (size_t i = o->n_runs; i-- > 0;) {
                json_open(w, NULL, '{');
                json_time_member(w, "completed", o->runs[i]->completed);
                json_string_member(w, "phase", phase_text(o->runs[i]->phase));
                json_string_member(w, "run", o->runs[i]->id);
                json_close(w);
        }
        json_close(w);
}

static void declared_put_summary(struct json_writer *w, const char *key, const struct subject *s)
{
        task_views_put_summary(w, key, show_object_parts(s->object));
}

static void declared_put_schedule(struct json_writer *w, const char *key, const struct subject *s)
{
        show_standing_schedule(w, key, s->object);
}

static const struct value_row declared_values[] = { OBJECT_VALUES(VALUE_ROW, VALUE_JSON_ROW) };
enum { OBJECT_VALUES(VALUE_NUMBER, VALUE_JSON_NUMBER) };

static int declared_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, declared_values[s->row->arg].get(s));
}

void show_object_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, declared_values, ARRAY_SIZE(declared_values), s, false);
}

static int object_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        value_members(&w, declared_values, ARRAY_SIZE(declared_values), s, true);
        json_close(&w);
        return out->error;
}

/* ---------------------------------------------------------------- conditions */

static int64_t declared_mtime(const struct subject *s)
{
        return s->object->changed;
}

static bool object_has_runs(const struct subject *s)
{
        return s->object->n_runs > 0;
}

/* Of what another store made, backups alone can be taken over. */
static bool object_has_ctl(const struct subject *s)
{
        return s->object->own || s->object->kind == OBJECT_BACKUP;
}

static const struct node_xattr ctl_xattrs[] = { { "error", show_refusal_value }, { NULL, NULL } };

/* ---------------------------------------------------------------- runs/ and clusters/ */

static int latest_link(const struct subject *s, struct buf *out)
{
        const struct run *r = object_latest(s);

        return buf_puts(out, r != NULL ? r->id : "");
}

static const struct node_row runs_rows[] = {
        LINK_ROW("latest", latest_link, .flags = NODE_WATCHED, .shown = object_has_runs,
                .mtime = declared_mtime, .help = "the newest run"),
        LIST_ROW(run_find, run_next, run_child,
                .help = "one folder per run, named by its start; `ls -lt` sorts by completion"),
};
static const struct node_table runs_table = NODE_TABLE(runs_rows);

/* A cluster's folder is that of the newest run. */
static bool object_task_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->run = object_latest(dir);
        child->task = task_views_find(child->run, name);
        child->item = &task_near_object;
        return child->task != NULL;
}

static bool object_task_next(const struct subject *dir, struct node_cursor *cursor)
{
        return task_views_next(object_latest(dir), cursor);
}

static const struct node_row object_clusters_rows[] = {
        LIST_ROW(object_task_find, object_task_next, task_child,
                .help = "one folder per cluster of the newest run"),
};
static const struct node_table object_clusters_table = NODE_TABLE(object_clusters_rows);

/* ---------------------------------------------------------------- tables */

/* clang-format off */
/* Ends with a comma, as the list of values does. */
#define OBJECT_ROWS                                                                                \
        FILE_ROW("status.txt", show_object_text, .flags = NODE_AGGREGATE, .mtime = declared_mtime, \
                .help = "the answer: safe or not, why, what to do"),                               \
        FILE_ROW("status.json", object_json, .flags = NODE_AGGREGATE, .mtime = declared_mtime,     \
                .help = "the same for programs"),                                                  \
        FILE_ROW("kurator.yaml", show_kurator, .flags = NODE_AGGREGATE, .mtime = declared_mtime,   \
                .help = "the same as Kurator's API has it"),                                       \
        FILE_ROW("applied.yaml", show_object_applied, .flags = NODE_WATCHED, .mtime = declared_mtime, \
                .help = "the document in force, byte by byte"),                                    \
        FILE_ROW("progress", show_object_progress, .flags = NODE_WATCHED, .mtime = declared_mtime, \
                .help = "a bar of items, one of bytes, and when it is expected to be done"),       \
        FILE_ROW("error.txt", show_object_error, .flags = NODE_AGGREGATE, .mtime = declared_mtime, \
                .help = "what failed or waits, and what to do; empty when all is well"),           \
        FILE_ROW("warnings.txt", show_object_caveats, .flags = NODE_AGGREGATE, .mtime = declared_mtime, \
                .help = "caveats that apply, and whose Velero log has warnings"),                  \
        CTL_ROW("ctl", show_object_ctl, .shown = object_has_ctl, .xattrs = ctl_xattrs,             \
                .help = "write a verb to it; reading lists them"),                                 \
        WAIT_ROW("wait", show_object_terminal, show_object_wait,                                   \
                .help = "opens only when the newest run is over; then the phase"),                 \
        DIR_ROW("runs", runs_table, .shown = object_has_runs, .mtime = declared_mtime,             \
                .help = "every run"),                                                              \
        OBJECT_VALUES(VALUE_FILE, VALUE_NO_FILE)
#define CLUSTERS_ROW                                                                               \
        DIR_ROW("clusters", object_clusters_table, .shown = object_has_runs,                       \
                .mtime = declared_mtime, .help = "each cluster's part")

static const struct node_row backup_rows[] = { OBJECT_ROWS };
static const struct node_row restore_rows[] = { CLUSTERS_ROW, OBJECT_ROWS };
static const struct node_row migration_rows[] = {
        FILE_ROW("README.txt", text_readme, .flags = NODE_CONST, .help = "what to do here"),
        CLUSTERS_ROW,
        DIR_ROW("targets", targets_table, .folder = FOLDER_TARGETS, .mtime = declared_mtime,
                .help = "links to the clusters to migrate to"),
        USER_ROW(.help = "the link `source` and policy.yaml"),
        OBJECT_ROWS
};
/* clang-format on */
const struct node_table backup_table = NODE_TABLE(backup_rows);
const struct node_table restore_table = NODE_TABLE(restore_rows);
const struct node_table migration_table = NODE_TABLE(migration_rows);
