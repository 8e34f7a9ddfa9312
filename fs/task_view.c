/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/task_view.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/show_volumes.h"
#include "ops/member.h"
#include "ops/warnings.h"

/* ---------------------------------------------------------------- one task */

/* Whether a backup that was there is not any more; only a cluster that was listed can tell. */
static bool view_is_gone(const struct task_view *v)
{
        const struct task *t = v->task;

        return t->verb == TASK_BACKUP && t->state == TASK_DONE &&
               phase_is(t->phase, PHASE_IS_GOOD) && t->run->object->kind == OBJECT_BACKUP &&
               v->member != NULL && v->member->health == MEMBER_READY &&
               v->member->synced[VELERO_BACKUP] && v->velero == NULL;
}

/* By what the cluster told last, as no file depends on the reader's clock: its going was told, too. */
static bool view_is_expired(const struct task_view *v)
{
        int64_t expires = v->task->expires;

        return v->gone && expires != 0 && expires - member_ahead(v->member) <= v->member->changed;
}

void task_view(struct task_view *ret, const struct task *t)
{
        const struct member *c = task_member(t);
        /* What was never posted, or was refused, is fleetfs' own word: true whoever is away. */
        bool seen = t->state == TASK_POSTED || t->state == TASK_DONE ||
                    (t->verb == TASK_SCHEDULE && t->state == TASK_PENDING && t->sent);

        *ret = (struct task_view){ .task = t, .member = c };
        if (c != NULL && t->velero_name[0] != '\0')
                ret->velero = member_velero(c, task_velero_kind(t), t->velero_name);
        ret->stale = seen && (c == NULL || c->health != MEMBER_READY);
        ret->gone = view_is_gone(ret);
        ret->expired = view_is_expired(ret);
        ret->good = phase_is(t->phase, PHASE_IS_GOOD) && !ret->stale && !ret->gone &&
                    (t->verb != TASK_BACKUP || !task_holds_nothing(t));
}

static const struct task *schedule_on(const struct run *r, const char *member)
{
        const struct task *t = run_tasks_on(r, member);

        while (t != NULL && t->verb != TASK_SCHEDULE)
                t = t->next_same;
        return t;
}

bool task_view_is_beside(const struct task *t)
{
        bool beside = t->verb == TASK_ADOPT && schedule_on(t->run, t->member) != NULL;

        for (size_t i = 0; t->verb == TASK_ADOPT && !beside && i < t->run->n_tasks; i++)
                beside = t->run->tasks[i]->verb == TASK_SCHEDULE;
        return beside;
}

/* That a cluster is away its Schedule says, too. */
static bool view_is_double(const struct task *t)
{
        const struct member *c = t->verb == TASK_ADOPT && schedule_on(t->run, t->member) != NULL ? task_member(t) : NULL;

        return c != NULL && (t->reason == NULL || c->health != MEMBER_READY);
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

const char *task_view_step(const struct task *t)
{
        static const char *const steps[] = { [STEP_POST] = "Backup",
                [STEP_LOCATION] = "Location",
                [STEP_HANDOVER] = "HandOver",
                [STEP_RESTORE] = "Restore",
                [STEP_CLEANUP] = "CleanUp",
                [STEP_END] = "End" };

        return steps[t->step];
}

int64_t task_view_expected(const struct task_view *v)
{
        const struct task *t = v->task;
        int64_t items = t->eta != NULL ? eta_end(&t->eta->items) : 0, bytes;

        if (v->stale || !phase_is(t->phase, PHASE_IS_RUNNING))
                return 0;
        if (show_volumes_done(t) >= show_volumes_total(t))
                return items;
        /* While volumes are under way the items alone say little. */
        bytes = t->eta != NULL ? eta_end(&t->eta->bytes) : 0;
        return bytes == 0 || bytes > items ? bytes : items;
}

int64_t task_view_queue(const struct task_view *v)
{
        return v->velero != NULL && v->velero->kind == VELERO_BACKUP
                       ? v->velero->backup->queue_position
                       : 0;
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
        if (v->stale || (t->phase == PHASE_PENDING &&
                                (v->member == NULL || v->member->health != MEMBER_READY)))
                return why_away(v, out, since);
        if (v->expired) {
                char text[RFC3339_SIZE];

                buf_printf(out, "backup %s is no longer on the cluster: it expired at %s, as its ttl says",
                        t->velero_name, rfc3339_format(text, t->expires));
                return "";
        }
        if (v->gone) {
                buf_printf(out, "backup %s is no longer on the cluster: it was deleted%s",
                        t->velero_name, t->expires != 0 ? " before its time" : "");
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

/* A word of a shell. */
static void put_word(struct buf *out, const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "@%_+=:,./-";

        if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
                buf_puts(out, word);
                return;
        }
        buf_putc(out, '\'');
        for (; *word != '\0'; word++)
                buf_puts(out, *word == '\'' ? "'\\''" : (const char[]){ *word, '\0' });
        buf_putc(out, '\'');
}

bool task_view_log(const struct task_view *v, struct buf *out, size_t width)
{
        _cleanup_(buf_done) struct buf where = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct task *t = v->task;
        size_t start = out->len;

        if (v->velero == NULL || v->member->velero_namespace == NULL ||
                !phase_is(t->phase, PHASE_IS_TERMINAL) || (t->errors == 0 && t->warnings == 0))
                return false;
        buf_printf(out, "velero %s logs %s", t->verb == TASK_RESTORE ? "restore" : "backup",
                t->velero_name);
        buf_puts(&where, "-n ");
        put_word(&where, v->member->velero_namespace);
        if (v->member->kubeconfig != NULL) {
                buf_puts(&where, " --kubeconfig ");
                put_word(&where, v->member->kubeconfig);
        }
        if (v->member->context != NULL) {
                buf_puts(&where, " --kubecontext ");
                put_word(&where, v->member->context);
        }
        if (width != 0 && SHOW_INDENT + out->len - start + 1 + where.len > width) {
                buf_puts(out, " \\\n");
                buf_pad(out, SHOW_INDENT);
        } else {
                buf_putc(out, ' ');
        }
        buf_append(out, where.data, where.len);
        return true;
}

/* Whether there is a reason to tell. */
bool task_view_is_told(const struct task_view *v)
{
        return v->task->reason != NULL || v->stale || v->gone ||
               phase_is(v->task->phase, PHASE_IS_BAD) ||
               (v->task->phase == PHASE_PENDING &&
                       (v->member == NULL || v->member->health != MEMBER_READY));
}

void task_view_who(const struct task_view *v, struct buf *out)
{
        buf_puts(out, v->task->member);
        if (v->task->sub != NULL)
                buf_printf(out, "/%s", v->task->sub);
}

/* ---------------------------------------------------------------- all of a run */

int task_view_rank(const struct task_view *v)
{
        /* What was good and cannot be relied on now stands with what is unknown. */
        if (!v->good && phase_is(v->task->phase, PHASE_IS_GOOD))
                return PHASE_UNKNOWN;
        return (int)v->task->phase;
}

bool task_view_is_source(const struct task_view *v)
{
        return v->task->verb == TASK_BACKUP && v->task->run->object->kind == OBJECT_MIGRATION;
}

/* Worst first, then by name: what needs an eye is on top, and a diff of two statuses is small. */
static int view_order(const void *a, const void *b)
{
        const struct task_view *x = a, *y = b;
        int c = (int)task_view_is_source(y) - (int)task_view_is_source(x);

        if (c == 0)
                c = task_view_rank(x) - task_view_rank(y);
        if (c == 0)
                c = strcmp(x->task->member, y->task->member);
        if (c == 0 && x->task->sub != NULL && y->task->sub != NULL)
                c = strcmp(x->task->sub, y->task->sub);
        return c;
}

static void views_count(struct task_views *ret, const struct task_view *v)
{
        const struct task *t = v->task;

        if (task_view_is_beside(t)) {
                ret->beside++;
                return;
        }
        /* What is marked is counted by its mark alone. */
        if (v->stale)
                ret->stale++;
        else if (v->gone)
                ret->gone++;
        else
                ret->phases[t->phase]++;
        ret->good += v->good;
        ret->empty += task_holds_nothing(t);
        ret->parts = ret->parts || t->sub != NULL;
        ret->done += t->items_done;
        ret->total += t->items_total;
        ret->bytes_done += show_volumes_done(t);
        ret->bytes_total += show_volumes_total(t);
        ret->warnings += t->warnings;
        ret->percent += task_view_percent(t);
}

void task_views_init(struct task_views *ret, const struct run *r)
{
        size_t n = r != NULL ? r->n_tasks : 0;
        bool over = true, known = true;

        memset(ret, 0, sizeof(*ret));
        ret->v = n > 0 ? calloc(n, sizeof(*ret->v)) : NULL;
        if (ret->v == NULL)
                return;
        for (size_t i = 0; i < n; i++) {
                const struct task *t = r->tasks[i];
                struct task_view *v = &ret->v[ret->n];

                if (view_is_double(t))
                        continue;
                ret->n++;
                task_view(v, t);
                views_count(ret, v);
                if (!phase_is(t->phase, PHASE_IS_TERMINAL)) {
                        int64_t at = task_view_expected(v);

                        over = false;
                        known = known && at != 0;
                        ret->expected = at > ret->expected ? at : ret->expected;
                }
        }
        if (!known)
                ret->expected = 0;
        ret->standing = r->id[0] == '\0';
        ret->percent = ret->total > 0 || over ? ret->percent / (int64_t)n : -1;
        qsort(ret->v, ret->n, sizeof(*ret->v), view_order);
}

void task_views_done(struct task_views *views)
{
        free(views->v);
        views->v = NULL;
        views->n = 0;
}

void run_counts(struct run_counts *ret, const struct run *r)
{
        bool stale = false, gone = false;

        *ret = (struct run_counts){ .mark = "" };
        for (size_t i = 0; i < r->n_tasks; i++) {
                const struct task *t = r->tasks[i];
                struct task_view v;

                task_view(&v, t);
                stale = stale || v.stale;
                gone = gone || v.gone;
                if (v.good)
                        ret->good++;
                else if (t->phase == PHASE_PARTIALLY_FAILED)
                        ret->part++;
                else if (phase_is(t->phase, PHASE_IS_BAD))
                        ret->fail++;
                if (t->started != 0 && (ret->started == 0 || t->started < ret->started))
                        ret->started = t->started;
        }
        if (phase_is(r->phase, PHASE_IS_GOOD))
                ret->mark = stale ? " (stale)" : gone ? " (gone)" : "";
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

const char *task_views_ttl(const struct run *r)
{
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                const struct velero_object *v = task_velero(r->tasks[i]);
                const char *ttl = v == NULL                       ? ""
                                  : v->kind == VELERO_BACKUP      ? v->backup->ttl
                                  : v->kind == VELERO_SCHEDULE ? v->schedule->ttl
                                                                  : "";

                if (ttl[0] != '\0')
                        return ttl;
        }
        return NULL;
}

int64_t task_views_expected(const struct run *r)
{
        int64_t last = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                struct task_view v;
                int64_t at;

                if (phase_is(r->tasks[i]->phase, PHASE_IS_TERMINAL))
                        continue;
                task_view(&v, r->tasks[i]);
                at = task_view_expected(&v);
                if (at == 0)
                        return 0;
                last = at > last ? at : last;
        }
        return last;
}

bool task_views_bytes(const struct run *r, int64_t *done, int64_t *total)
{
        bool some = false;

        *done = *total = 0;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                some = some || r->tasks[i]->n_seen_volumes > 0;
                *done += show_volumes_done(r->tasks[i]);
                *total += show_volumes_total(r->tasks[i]);
        }
        return some;
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

int64_t task_views_sum(const struct run *r, size_t offset)
{
        int64_t sum = 0;

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                sum += *(const int32_t *)((const char *)r->tasks[i] + offset);
        return sum;
}

const struct task *task_views_worst(const struct run *r)
{
        struct task_view worst = { 0 };

        for (size_t i = 0; i < r->n_tasks; i++) {
                struct task_view v;

                task_view(&v, r->tasks[i]);
                if (task_view_is_told(&v) &&
                        (worst.task == NULL || task_view_rank(&v) < task_view_rank(&worst)))
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

                /* Only parts of a policy share a cluster: each cluster is named once, at its first.
                 */
                while (t->sub != NULL && strcmp(r->tasks[first]->member, t->member) != 0)
                        first++;
                if (t->sub != NULL && first + 1 != cursor->i)
                        continue;
                cursor->name = t->member;
                return true;
        }
        return false;
}
