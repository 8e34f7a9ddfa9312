/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/show.h"
#include "fs/show_object.h"
#include "ops/op.h"
#include "ops/policy.h"

/* X(name, json, help), in the order of their JSON keys. */
#define OBJECT_VALUES(X)                                                                       \
        X(code, "code", "stable code of the first reason, FLT-nnnn")                           \
        X(completed, "completed", "when the newest run was done; empty before")                \
        X(errors, "errors", "errors of the newest run")                                        \
        X(generation, "generation", "number of the write that is in force")                    \
        X(items_done, "itemsDone", "objects done by the newest run")                           \
        X(items_total, "itemsTotal", "objects that the newest run has to do")                  \
        X(last_attempt, "lastAttempt", "when the newest run was made")                         \
        X(last_success, "lastSuccess", "when a run last ended Completed on all its clusters")  \
        X(latest_run, "latestRun", "id of the newest run")                                     \
        X(owner, "owner", "store that made it")                                                \
        X(percent, "percent", "progress of the newest run; 100 only when it is over")          \
        X(phase, "phase", "one word")                                                          \
        X(reason, "reason", "why it is not good, one sentence")                                \
        X(warnings, "warnings", "warnings of the newest run")

static const struct task *object_first_reason(const struct object *o)
{
        const struct run *r = object_latest_run(o);
        const struct task *worst = NULL;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                if (r->tasks[i]->reason != NULL && (worst == NULL || r->tasks[i]->phase < worst->phase))
                        worst = r->tasks[i];
        return worst;
}

static bool object_draft_speaks(const struct object *o)
{
        return o->in_force.bytes == NULL && o->draft_state == DRAFT_REJECTED;
}

static struct value get_code(const struct subject *s)
{
        const struct task *t = object_first_reason(s->object);

        if (object_draft_speaks(s->object))
                return value_text(s->object->draft_err.id);
        return t != NULL ? value_text(t->code) : (struct value){ 0 };
}

static struct value get_completed(const struct subject *s)
{
        const struct run *r = object_latest_run(s->object);

        return value_time(r != NULL ? r->completed : 0);
}

static int64_t object_sum(const struct subject *s, size_t offset)
{
        const struct run *r = object_latest_run(s->object);
        int64_t sum = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                sum += *(const int32_t *)((const char *)r->tasks[i] + offset);
        return sum;
}

static struct value get_errors(const struct subject *s)
{
        return value_int(object_sum(s, offsetof(struct task, errors)));
}

static struct value get_generation(const struct subject *s)
{
        return s->object->in_force.bytes != NULL ? value_int((int64_t)s->object->in_force.generation) : (struct value){ 0 };
}

static struct value get_items_done(const struct subject *s)
{
        return value_int(object_sum(s, offsetof(struct task, items_done)));
}

static struct value get_items_total(const struct subject *s)
{
        return value_int(object_sum(s, offsetof(struct task, items_total)));
}

static struct value get_last_attempt(const struct subject *s)
{
        const struct run *r = object_latest_run(s->object);

        return value_time(r != NULL ? r->created : 0);
}

static struct value get_last_success(const struct subject *s)
{
        for (size_t i = s->object->n_runs; i-- > 0;)
                if (s->object->runs[i]->phase == PHASE_COMPLETED)
                        return value_time(s->object->runs[i]->completed);
        return (struct value){ 0 };
}

static struct value get_latest_run(const struct subject *s)
{
        const struct run *r = object_latest_run(s->object);

        return r != NULL ? value_text(r->id) : (struct value){ 0 };
}

static struct value get_owner(const struct subject *s)
{
        return value_text(s->object->owner);
}

static struct value get_percent(const struct subject *s)
{
        int64_t total = get_items_total(s).i, p;

        if (phase_is(s->object->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD))
                return value_int(100);
        p = total > 0 ? get_items_done(s).i * 100 / total : 0;
        return value_int(p > 99 ? 99 : p);
}

static struct value get_phase(const struct subject *s)
{
        return value_text(phase_text(s->object->phase));
}

static struct value get_reason(const struct subject *s)
{
        const struct task *t = object_first_reason(s->object);

        if (object_draft_speaks(s->object))
                return value_text(s->object->draft_err.msg);
        return t != NULL ? value_text(t->reason) : (struct value){ 0 };
}

static struct value get_warnings(const struct subject *s)
{
        return value_int(object_sum(s, offsetof(struct task, warnings)));
}

#define X(n, j, h) { .name = #n, .json = j, .get = get_##n },
static const struct value_row object_values[] = { OBJECT_VALUES(X) };
#undef X
#define X(n, j, h) OBJECT_VALUE_##n,
enum { OBJECT_VALUES(X) };
#undef X

static int object_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, object_values[s->row->arg].get(s));
}

void show_object_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, object_values, ARRAY_SIZE(object_values), s);
}

bool show_object_terminal(const struct subject *s)
{
        const struct object *o = s->object;
        const struct run *r = object_latest_run(o);

        if (o->draft_state == DRAFT_ACCEPTED || o->draft_state == DRAFT_OPEN)
                return false;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                if (!phase_is(r->tasks[i]->phase, PHASE_IS_TERMINAL))
                        return false;
        return true;
}

/* ---------------------------------------------------------------- files */

static int object_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);
        const struct object *o = s->object;
        struct subject run = *s;

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_string_member(&w, "kind", o->kind == OBJECT_BACKUP ? "PolicyStatus" : o->kind == OBJECT_RESTORE ? "RestoreStatus" : "MigrationStatus");
        json_string_member(&w, "name", o->name);
        json_string_member(&w, "fleet", o->fleet->name);
        show_object_members(&w, s);
        json_open(&w, "caveats", '[');
        for (size_t i = 0; i < o->warnings.n; i++)
                json_string_member(&w, NULL, o->warnings.v[i]);
        json_close(&w);
        json_open(&w, "clusters", '[');
        run.run = object_latest_run(o);
        for (size_t i = 0; run.run != NULL && i < run.run->n_tasks; i++) {
                run.task = run.run->tasks[i];
                json_open(&w, NULL, '{');
                show_task_members(&w, &run);
                json_close(&w);
        }
        json_close(&w);
        json_open(&w, "runs", '[');
        for (size_t i = o->n_runs; i-- > 0;) {
                json_open(&w, NULL, '{');
                json_string_member(&w, "run", o->runs[i]->id);
                json_string_member(&w, "phase", phase_text(o->runs[i]->phase));
                json_time_member(&w, "completed", o->runs[i]->completed);
                json_close(&w);
        }
        json_close(&w);
        json_close(&w);
        return out->error;
}

static void object_draft_lines(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        const struct document *d = &o->draft;

        switch (o->draft_state) {
        case DRAFT_REJECTED:
                buf_printf(out, "draft:  the last write was refused and is not in force: cat ../%s.error.txt\n", o->name);
                break;
        case DRAFT_INTERRUPTED:
                buf_printf(out, "draft:  the last write was interrupted and is not in force: `echo start > ctl` starts it\n");
                break;
        case DRAFT_INERT:
                if (o->kind == OBJECT_MIGRATION && o->is_folder)
                        buf_puts(out, "draft:  `echo start > ctl` starts it\n");
                else
                        buf_printf(out, "draft:  %s and not in force: `echo start > ctl` starts it\n", d->len == 0 ? "empty" : "valid");
                break;
        case DRAFT_ACCEPTED:
                buf_puts(out, "draft:  accepted; it starts when its writer closes it\n");
                break;
        case DRAFT_NONE:
        case DRAFT_OPEN:
                break;
        }
}

static void object_action(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        const struct run *r = object_latest_run(o);

        if (r == NULL || !phase_is(o->phase, PHASE_IS_BAD))
                return;
        for (size_t i = 0; i < r->n_tasks; i++)
                if (!phase_is(r->tasks[i]->phase, PHASE_IS_TERMINAL))
                        return;
        show_action(out, "cat error.txt ; `echo retry > ctl` tries again where it failed");
}

static void object_policy_line(const struct subject *s, struct buf *out)
{
        const struct policy *p = s->object->policy;

        if (p == NULL)
                return;
        buf_puts(out, "policy: ");
        if (p->kind == POLICY_BACKUP)
                buf_printf(out, "%s", p->schedule[0] != '\0' ? p->schedule : "one-off");
        else if (p->kind == POLICY_RESTORE)
                buf_printf(out, "of backup %s%s%s", p->backup.name, p->backup.run[0] ? "@" : "", p->backup.run);
        else
                buf_printf(out, "from %s", p->source[0] ? p->source : "?");
        buf_printf(out, "   generation %llu   in full: applied.yaml\n", (unsigned long long)s->object->in_force.generation);
}

static int object_text(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        struct subject run = *s;
        struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);

        run.run = object_latest_run(o);
        buf_printf(&summary, "%s %s", o->kind == OBJECT_BACKUP ? "backup" : o->kind == OBJECT_RESTORE ? "restore" : "migration", o->name);
        if (run.run != NULL) {
                buf_puts(&summary, ": ");
                show_run_summary(&summary, run.run);
        }
        if (o->removed && o->own)
                buf_puts(&summary, "; its policy was removed, its backups are kept");
        if (!o->own)
                buf_printf(&summary, "; made by store %s, read-only here", o->owner);
        show_headline(out, phase_text(o->phase), summary.data, o->changed);
        buf_done(&summary);
        for (size_t i = 0; i < o->warnings.n && i < 3; i++)
                buf_printf(out, "caveat: %s\n", o->warnings.v[i]);
        if (o->warnings.n > 3)
                buf_printf(out, "        and %zu more: warnings.txt\n", o->warnings.n - 3);
        if (run.run != NULL)
                show_task_reasons(out, &run, 10);
        object_action(s, out);
        object_draft_lines(s, out);
        object_policy_line(s, out);
        if (run.run == NULL)
                return out->error;
        buf_printf(out, "run:    %s  ", run.run->id);
        show_bar(out, get_items_done(s).i, get_items_total(s).i, phase_is(o->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD));
        buf_puts(out, "\n\n");
        show_task_table(out, &run);
        if (o->n_runs > 1)
                buf_printf(out, "\n%zu runs: ls -lt runs/\n", o->n_runs);
        return out->error;
}

static int object_progress(const struct subject *s, struct buf *out)
{
        show_bar(out, get_items_done(s).i, get_items_total(s).i,
                phase_is(s->object->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD));
        buf_putc(out, '\n');
        return out->error;
}

static int object_error(const struct subject *s, struct buf *out)
{
        const struct run *r = object_latest_run(s->object);

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                const struct task *t = r->tasks[i];
                if (t->reason != NULL)
                        buf_printf(out, "%s%s%s: %s\n", t->code, t->code[0] ? " " : "", t->member, t->reason);
        }
        return out->error;
}

static int object_caveats(const struct subject *s, struct buf *out)
{
        for (size_t i = 0; i < s->object->warnings.n; i++)
                buf_printf(out, "%s\n", s->object->warnings.v[i]);
        return out->error;
}

static int object_applied(const struct subject *s, struct buf *out)
{
        const struct document *d = &s->object->in_force;

        return d->bytes != NULL ? buf_append(out, d->bytes, d->len) : 0;
}

static int object_ctl(const struct subject *s, struct buf *out)
{
        const struct op_verb *v = op_type_of(s->object->kind)->verbs;
        bool start = false;

        for (; v->name != NULL; v++) {
                buf_printf(out, "%s%s%s", v->name, v->args[0] ? " " : "", v->args);
                buf_pad_to_column(out, 12, 2);
                buf_printf(out, "%s\n", v->help);
                start = start || strcmp(v->name, "start") == 0;
        }
        if (!start)
                buf_puts(out, "start       start a draft: an empty file, or one whose writer was interrupted\n");
        return out->error;
}

static int object_wait(const struct subject *s, struct buf *out)
{
        buf_puts(out, phase_text(s->object->phase));
        return buf_putc(out, '\n');
}

static int64_t object_mtime(const struct subject *s)
{
        return s->object->changed;
}

static bool object_has_runs(const struct subject *s)
{
        return s->object->n_runs > 0;
}

static bool object_is_own(const struct subject *s)
{
        return s->object->own;
}

/* ---------------------------------------------------------------- runs/ and clusters/ */

static int latest_link(const struct subject *s, struct buf *out)
{
        const struct run *r = object_latest_run(s->object);

        return buf_puts(out, r != NULL ? r->id : "");
}

static const struct node_row run_child = { .kind = NODE_DIR, .table = &run_table };
static const struct node_row runs_rows[] = {
        LINK_ROW("latest", latest_link, .flags = NODE_WATCHED, .shown = object_has_runs, .mtime = object_mtime, .help = "the newest run"),
        LIST_ROW(run_find, run_next, run_child, .help = "one folder per run, named by its start; `ls -lt` sorts by completion"),
};
static const struct node_table runs_table = NODE_TABLE(runs_rows);

/* A cluster's folder is that of the newest run. */
static bool object_task_find(const struct subject *dir, const char *name, struct subject *child)
{
        const struct run *r = object_latest_run(dir->object);

        child->run = r;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                if (strcmp(r->tasks[i]->member, name) != 0)
                        continue;
                child->task = r->tasks[i];
                return true;
        }
        return false;
}

static bool object_task_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct run *r = object_latest_run(dir->object);

        while (r != NULL && cursor->i < r->n_tasks) {
                const struct task *t = r->tasks[cursor->i++];
                struct subject first = *dir;

                if (object_task_find(dir, t->member, &first) && first.task == t) {
                        cursor->name = t->member;
                        return true;
                }
        }
        return false;
}

static const struct node_row object_task_child = { .kind = NODE_DIR, .table = &task_table };
static const struct node_row object_clusters_rows[] = {
        LIST_ROW(object_task_find, object_task_next, object_task_child, .help = "one folder per cluster of the newest run"),
};
static const struct node_table object_clusters_table = NODE_TABLE(object_clusters_rows);

/* ---------------------------------------------------------------- tables */

#define X(n, j, h) FILE_ROW(#n, object_value_file, .arg = OBJECT_VALUE_##n, .flags = NODE_WATCHED, .mtime = object_mtime, .help = h),
#define OBJECT_ROWS                                                                                                  \
        FILE_ROW("status.txt", object_text, .flags = NODE_AGGREGATE, .mtime = object_mtime, .help = "the answer: safe or not, why, what to do"), \
        FILE_ROW("status.json", object_json, .flags = NODE_AGGREGATE, .mtime = object_mtime, .help = "the same for programs"), \
        FILE_ROW("kurator.yaml", show_kurator, .flags = NODE_AGGREGATE, .mtime = object_mtime, .help = "the same as Kurator's API has it"), \
        FILE_ROW("applied.yaml", object_applied, .flags = NODE_WATCHED, .mtime = object_mtime, .help = "the document in force, byte by byte"), \
        FILE_ROW("progress", object_progress, .flags = NODE_WATCHED, .mtime = object_mtime, .help = "a bar"),       \
        FILE_ROW("error.txt", object_error, .flags = NODE_AGGREGATE, .mtime = object_mtime, .help = "what failed or waits, a line per cluster; empty when all is well"), \
        FILE_ROW("warnings.txt", object_caveats, .flags = NODE_WATCHED, .mtime = object_mtime, .help = "caveats that apply"), \
        OBJECT_VALUES(X)                                                                                             \
        CTL_ROW("ctl", object_ctl, .shown = object_is_own, .help = "write a verb to it; reading lists them"),        \
        WAIT_ROW("wait", show_object_terminal, object_wait, .help = "opens only when it is over; then the phase")

static const struct node_row backup_rows[] = {
        OBJECT_ROWS,
        DIR_ROW("runs", runs_table, .shown = object_has_runs, .mtime = object_mtime, .help = "every run"),
};
static const struct node_row restore_rows[] = {
        OBJECT_ROWS,
        DIR_ROW("clusters", object_clusters_table, .shown = object_has_runs, .mtime = object_mtime, .help = "each cluster's part"),
        DIR_ROW("runs", runs_table, .shown = object_has_runs, .mtime = object_mtime, .help = "the run"),
};
static const struct node_row migration_rows[] = {
        OBJECT_ROWS,
        DIR_ROW("targets", targets_table, .folder = FOLDER_TARGETS, .mtime = object_mtime, .help = "links to the clusters to migrate to"),
        DIR_ROW("clusters", object_clusters_table, .shown = object_has_runs, .mtime = object_mtime, .help = "each cluster's part"),
        DIR_ROW("runs", runs_table, .shown = object_has_runs, .mtime = object_mtime, .help = "the run"),
        USER_ROW(),
};
#undef X
const struct node_table backup_table = NODE_TABLE(backup_rows);
const struct node_table restore_table = NODE_TABLE(restore_rows);
const struct node_table migration_table = NODE_TABLE(migration_rows);
