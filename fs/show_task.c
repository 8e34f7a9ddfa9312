/* SPDX-License-Identifier: Apache-2.0 */
/* One cluster's part of a run. With parts of a policy the folder tells of the worst of them. */
#include "fs/show.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/show_volumes.h"
#include "fs/task_view.h"
#include "ops/hostpath.h"

/* In the order of their JSON keys. */
#define TASK_VALUES(V, J)                                                                         \
        J(task, put_api_version, "apiVersion")                                                    \
        V(task, attempt, "attempt", "time of the attempt that counts")                            \
        V(task, backup_name, "backupName", "the Velero Backup that a restore restores")           \
        V(task, bytes_done, "bytesDone", "bytes of volumes done by node-agents")                  \
        V(task, bytes_total, "bytesTotal", "bytes of volumes that there are to do, as known")     \
        V(task, cluster, "cluster", "folder name of the cluster")                                 \
        V(task, code, "code", "stable code of the reason, FLT-nnnn")                              \
        V(task, completed, "completed", "when Velero was done")                                   \
        V(task, deadline, "deadline", "when a part that could not be posted is given up")         \
        V(task, errors, "errors", "errors that Velero counted")                                   \
        V(task, expected, "expected",                                                             \
                "when it will be done if it goes on like this; empty if not known")               \
        V(task, expires, "expires", "when Velero removes the backup")                             \
        J(task, put_fleet, "fleet")                                                               \
        V(task, gone, "gone", "1: the backup was made and is no longer on the cluster")           \
        V(task, items_done, "itemsDone", "objects backed up or restored so far")                  \
        V(task, items_total, "itemsTotal", "objects that there are to do")                        \
        J(task, put_kind, "kind")                                                                 \
        J(task, put_object, "object")                                                             \
        V(task, percent, "percent", "progress; 100 only when it ended well")                      \
        V(task, phase, "phase", "one word: Velero's own once it knows the object")                \
        V(task, queue_position, "queuePosition", "its place in Velero's queue, from 1")           \
        V(task, reachable, "reachable", "1: the cluster answers")                                 \
        V(task, reason, "reason", "why it is not good, one sentence")                             \
        J(task, put_run, "run")                                                                   \
        V(task, seen, "seen", "when the cluster was last known to be as shown; only while stale") \
        V(task, since, "since", "since when the reason holds")                                    \
        V(task, stale, "stale", "1: the cluster is away, this was true when it was last seen")    \
        V(task, started, "started", "when Velero began")                                          \
        V(task, step, "step", "what a migration's target does now")                               \
        V(task, storage_location, "storageLocation", "storage location of the backup")            \
        V(task, sub_policy, "subPolicy", "part of the policy that this belongs to")               \
        V(task, ttl, "ttl", "how long Velero keeps the backup")                                   \
        V(task, velero_name, "veleroName", "name of the Velero object in the cluster")            \
        V(task, verb, "verb", "Backup or Restore")                                                \
        J(task, put_volumes, "volumes")                                                           \
        V(task, warnings, "warnings", "warnings that Velero counted")

static struct value task_attempt(const struct subject *s)
{
        return value_time(s->task->attempt);
}

static struct value task_backup_name(const struct subject *s)
{
        return value_text(s->task->backup_name);
}

/* Where no node-agent has work, there are no bytes to speak of. */
static struct value task_bytes(const struct task *t, int64_t n)
{
        return t->n_seen_volumes > 0 ? value_int(n) : value_none();
}

static struct value task_bytes_done(const struct subject *s)
{
        return task_bytes(s->task, show_volumes_done(s->task));
}

static struct value task_bytes_total(const struct subject *s)
{
        return task_bytes(s->task, show_volumes_total(s->task));
}

static struct value task_cluster(const struct subject *s)
{
        return value_text(s->task->member);
}

static struct value task_code(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_text(why.code);
}

static struct value task_completed(const struct subject *s)
{
        return value_time(s->task->completed);
}

static struct value task_deadline(const struct subject *s)
{
        return s->task->state == TASK_PENDING ? value_time(s->task->deadline) : value_none();
}

static struct value task_errors(const struct subject *s)
{
        return value_int(s->task->errors);
}

static struct value task_expected(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return value_time(task_view_expected(&v));
}

static struct value task_expires(const struct subject *s)
{
        return value_time(s->task->expires);
}

static struct value task_gone(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return value_bool(v.gone);
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
        return value_int(task_view_percent(s->task));
}

static struct value task_phase(const struct subject *s)
{
        return value_text(task_phase_text(s->task));
}

static struct value task_queue_position(const struct subject *s)
{
        struct task_view v;
        int64_t queue;

        task_view(&v, s->task);
        queue = task_view_queue(&v);
        return queue > 0 ? value_int(queue) : value_none();
}

static struct value task_reachable(const struct subject *s)
{
        const struct member *c = task_member(s->task);

        return value_bool(c != NULL && c->reachable);
}

static struct value task_reason(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_text(why.text);
}

static struct value task_seen(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return v.stale && v.member != NULL ? value_time(v.member->seen) : value_none();
}

static struct value task_since(const struct subject *s)
{
        struct task_view_reason why;

        task_view_reason(&why, s->task);
        return value_time(why.since);
}

static struct value task_stale(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return value_bool(v.stale);
}

static struct value task_started(const struct subject *s)
{
        return value_time(s->task->started);
}

static struct value task_step(const struct subject *s)
{
        return s->task->step != STEP_POST ? value_text(task_view_step(s->task)) : value_none();
}

static struct value task_storage_location(const struct subject *s)
{
        struct task_view v;

        if (s->task->location != NULL)
                return value_text(s->task->location);
        task_view(&v, s->task);
        return v.velero != NULL && v.velero->kind == VELERO_BACKUP
                       ? value_text(v.velero->backup->storage_location)
                       : value_none();
}

static struct value task_sub_policy(const struct subject *s)
{
        return value_text(s->task->sub);
}

static struct value task_ttl(const struct subject *s)
{
        struct task_view v;

        task_view(&v, s->task);
        return v.velero != NULL && v.velero->kind == VELERO_BACKUP
                       ? value_text(v.velero->backup->ttl)
                       : value_none();
}

static struct value task_velero_name(const struct subject *s)
{
        return value_text(s->task->velero_name);
}

static struct value task_verb(const struct subject *s)
{
        return value_text(s->task->verb == TASK_BACKUP ? "Backup" : "Restore");
}

static struct value task_warnings(const struct subject *s)
{
        return value_int(s->task->warnings);
}

static void task_put_api_version(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "fleetfs/v1");
}

static void task_put_fleet(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->fleet->name);
}

static void task_put_kind(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "TaskStatus");
}

static void task_put_object(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->object->name);
}

static void task_put_run(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->run->id);
}

static void task_put_volumes(struct json_writer *w, const char *key, const struct subject *s)
{
        show_volumes_json(w, key, s->task);
}

static const struct value_row task_values[] = { TASK_VALUES(VALUE_ROW, VALUE_JSON_ROW) };
enum { TASK_VALUES(VALUE_NUMBER, VALUE_JSON_NUMBER) };

static int task_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, task_values[s->row->arg].get(s));
}

void show_task_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, task_values, ARRAY_SIZE(task_values), s, false);
}

static int task_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        value_members(&w, task_values, ARRAY_SIZE(task_values), s, true);
        json_close(&w);
        return out->error;
}

/* ---------------------------------------------------------------- status.txt */

static void task_action(const struct subject *s, const struct task_view *v, struct buf *out)
{
        /* The folder shows below runs/<run>/clusters/ and, of the newest run, below clusters/. */
        const char *up = s->item == &task_near_object ? "../../../../" : "../../../../../../";
        const char *object = s->item == &task_near_object ? "../../" : "../../../../";
        const struct task *t = v->task;
        bool bad = phase_is(t->phase, PHASE_IS_BAD);
        size_t told = 0;

        if (v->good || (!bad && !v->stale && !v->gone && t->phase != PHASE_PENDING))
                return;
        if (v->member != NULL && (v->member->health != MEMBER_READY || t->phase == PHASE_PENDING))
                show_action(out, &told,
                        task_view_lacks_location(v) ? "ls %sclusters/%s/storage"
                                                    : "cat %sclusters/%s/status.txt",
                        up, v->member->name);
        else if (v->velero != NULL)
                show_action(out, &told, "cat %sclusters/%s/%s/%s/status.json", up, v->member->name,
                        velero_kind_folder(v->velero->kind), v->velero->name);
        else if (show_remedy(t->code) != NULL)
                show_action(out, &told, "%s", show_remedy(t->code));
        if (s->object->own && bad && phase_is(t->phase, PHASE_IS_TERMINAL) &&
                s->run == object_latest_run(s->object))
                show_action(out, &told, "echo retry > %sctl", object);
        if (t->state == TASK_PENDING)
                show_waits(out, t->deadline);
}

static int task_text(const struct subject *s, struct buf *out)
{
        static const char *const kinds[] = { "backup", "restore", "migration" };
        _cleanup_(buf_done) struct buf log = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct task *t = s->task;
        struct task_view v;
        struct task_view_reason why;

        task_view(&v, t);
        task_view_reason(&why, t);
        show_linef(out, "state:", "%s%s   %s %s, %s of cluster %s%s%s", task_phase_text(t),
                task_view_mark(&v), kinds[s->object->kind], s->object->name,
                t->verb == TASK_BACKUP ? "backup" : "restore", t->member,
                t->sub != NULL ? ", part " : "", t->sub != NULL ? t->sub : "");
        if (why.text[0] != '\0')
                show_line(out, "reason:", why.text, why.code);
        if (t->hostpath != NULL && t->hostpath[0] != '\0' && strcmp(t->hostpath, HOSTPATH_UNKNOWN) != 0)
                show_linef(out, "caveat:", "volumes of type hostPath are not backed up: %s   FLT-0287", t->hostpath);
        if (task_view_queue(&v) > 0)
                show_linef(out, "queue:", "%lld in Velero's queue", (long long)task_view_queue(&v));
        task_action(s, &v, out);
        if (task_view_log(&v, &log, SHOW_WIDTH))
                show_command(out, "log:", log.data);
        buf_puts(out, "items:  ");
        show_bar(out,
                t->items_total > 0 || phase_is(t->phase, PHASE_IS_TERMINAL) ? task_view_percent(t)
                                                                            : -1,
                t->items_done, t->items_total);
        buf_printf(out, "  errors: %d  warnings: %d\n", t->errors, t->warnings);
        show_volumes_line(t, out);
        if (t->velero_name[0] != '\0')
                show_line(out, "velero:", t->velero_name, NULL);
        if (t->backup_name[0] != '\0')
                show_linef(out, "from:", "backup %s", t->backup_name);
        buf_putc(out, '\n');
        for (size_t i = 0; i < ARRAY_SIZE(task_values); i++) {
                struct value x = task_values[i].get != NULL ? task_values[i].get(s) : value_none();

                if (x.type != VALUE_TIME)
                        continue;
                buf_puts(out, task_values[i].name);
                buf_pad_to_column(out, 11, 2);
                value_put(out, x);
                buf_putc(out, '\n');
        }
        show_volumes_rows(t, out);
        return out->error;
}

static int task_error(const struct subject *s, struct buf *out)
{
        _cleanup_(buf_done) struct buf log = BUF_INIT(LIMIT_TEXT_BYTES);
        struct task_view_reason why;
        struct task_view v;

        task_view(&v, s->task);
        task_view_reason(&why, s->task);
        if (why.text[0] != '\0')
                show_error(out, why.code, NULL, why.text, why.since,
                        task_view_log(&v, &log, SHOW_WIDTH) ? log.data : NULL);
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

const char task_near_object = 0;

static const struct node_row task_rows[] = { FILE_ROW("status.txt", task_text,
                                                     .flags = NODE_WATCHED, .mtime = task_mtime,
                                                     .help = "how it went, why, what to do"),
        FILE_ROW("status.json", task_json, .flags = NODE_WATCHED, .mtime = task_mtime,
                .help = "the same for programs"),
        FILE_ROW("error.txt", task_error, .flags = NODE_WATCHED, .mtime = task_mtime,
                .help = "why it failed or waits; empty when all is well"),
        FILE_ROW("volumes.txt", show_volumes, .flags = NODE_WATCHED, .mtime = task_mtime,
                .help = "volumes that node-agents back up or restore, each in bytes, as seen while it ran"),
        TASK_VALUES(VALUE_FILE, VALUE_NO_FILE) };
const struct node_table task_table = NODE_TABLE(task_rows);
const struct node_row task_child = {
        .kind = NODE_DIR, .table = &task_table, .mtime = task_mtime, .help = "one cluster's part of the run"
};
