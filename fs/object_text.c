/* SPDX-License-Identifier: Apache-2.0 */
/* status.txt and error.txt of a policy, a restore, a migration. */
#include "fs/show.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/task_view.h"
#include "ops/member.h"
#include "ops/policy.h"

static const char *object_noun(const struct object *o)
{
        static const char *const nouns[] = { "backup", "restore", "migration" };

        return nouns[o->kind];
}

/* A migration that has not begun: what it has and what it lacks. */
static void summary_migration(const struct object *o, struct buf *out)
{
        if (o->source.member != NULL)
                buf_printf(out, "source %s", o->source.member);
        else
                buf_puts(out, "no source yet");
        buf_printf(out, ", %zu target%s", o->n_targets, o->n_targets == 1 ? "" : "s");
}

static void object_state(const struct object *o, const struct task_views *views, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct show_nowhere *nowhere = show_object_nowhere(o);
        enum phase phase = show_object_phase(o);

        buf_printf(&text, "%s%s   %s %s: ", phase_text(phase), task_views_mark(views, phase),
                object_noun(o), o->name);
        if (nowhere != NULL)
                buf_puts(&text, nowhere->state);
        else if (views->n > 0 || o->n_runs > 0)
                task_views_summary(views, &text);
        else if (o->is_folder && !o->started)
                summary_migration(o, &text);
        else
                buf_puts(&text, "not started");
        show_line(out, "state:", text.data, NULL);
        show_removal_lines(o, out);
        if (o->removed)
                show_line(out, "note:", "its policy was removed, its backups are kept", NULL);
        if (!o->own)
                show_linef(out, "note:", "made by store %s, read-only here", o->owner);
}

/* What a reader of a bad answer wants to know next: is there an older backup that is good? */
static void object_last_good(const struct object *o, struct buf *out)
{
        const struct run *newest = object_latest_run(o), *good = show_object_last_good(o);
        char text[RFC3339_SIZE];

        if (o->kind != OBJECT_BACKUP || newest == NULL || good == newest)
                return;
        if (good == NULL)
                show_line(out, "good:", "no run was Completed on all its clusters yet", NULL);
        else
                show_linef(out, "good:",
                        "the last run that was Completed on all its clusters ended %s: runs/%s",
                        rfc3339_format(text, good->completed), good->id);
}

static void object_nowhere(const struct object *o, struct buf *out)
{
        const struct show_nowhere *nowhere = show_object_nowhere(o);
        size_t told = 0;

        if (nowhere == NULL)
                return;
        show_line(out, "reason:", nowhere->text, nowhere->code);
        if (nowhere->command != NULL) {
                show_action(out, &told, "to have them made again, as this mount's own: %s", nowhere->command);
                return;
        }
        show_action(out, &told, "cat ../../clusters/*/labels.json");
        show_action(out, &told, "correct the destination, then write %s",
                o->kind == OBJECT_BACKUP ? "the file again" : "it under a new name");
}

static void draft_migration(const struct object *o, struct buf *out)
{
        size_t told = 0;

        if (o->source.member == NULL)
                show_action(out, &told, "ln -s ../../clusters/NAME source");
        if (o->n_targets == 0)
                show_action(out, &told, "ln -s ../../../clusters/NAME targets/");
        if (told == 0)
                show_action(out, &told, "echo start > ctl");
}

/* A document that is to be written yet, but for a restore whose name says all. */
static void draft_empty(const struct object *o, struct buf *out)
{
        size_t told = 0;

        if (o->kind == OBJECT_RESTORE && strchr(o->name, '@') != NULL) {
                show_action(out, &told, "echo start > ctl");
                return;
        }
        if (o->in_force.bytes != NULL)
                show_action(out, &told, "cp applied.yaml ../%s.%s", o->name, o->draft.ext);
        else
                show_action(out, &told, "write ../%s.%s, or rm it", o->name, o->draft.ext);
}

static void object_draft(const struct object *o, struct buf *out)
{
        _cleanup_(buf_done) struct buf error = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf name = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *effect = o->in_force.bytes != NULL ? "what was in force before still is"
                                                       : "nothing was started";

        buf_printf(&name, "../%s.error.txt", o->name);
        show_quoted(&error, name.data);
        if (o->refusal != NULL)
                show_linef(out, "note:", "the last operation was refused: cat %s", error.data);
        switch (o->draft_state) {
        case DRAFT_REJECTED:
                show_linef(out, "draft:", "the last write was refused, %s", effect);
                show_linef(out, "action:", "cat %s", error.data);
                break;
        case DRAFT_INTERRUPTED:
                show_linef(out, "draft:", "the last write was interrupted, %s", effect);
                show_line(out, "action:", "write it again, or, if it is complete: echo start > ctl",
                        NULL);
                break;
        case DRAFT_INERT:
                if (o->is_folder)
                        break;
                show_linef(out, "draft:", "the file is %s and does not start by itself",
                        o->draft.len == 0 ? "empty" : "kept");
                if (o->draft.len == 0)
                        draft_empty(o, out);
                else
                        show_line(out, "action:", "echo start > ctl", NULL);
                break;
        case DRAFT_ACCEPTED:
                show_line(
                        out, "draft:", "accepted; it starts as soon as its writer closes it", NULL);
                break;
        case DRAFT_NONE:
        case DRAFT_OPEN:
                break;
        }
        if (o->is_folder && !o->started && o->draft_state != DRAFT_REJECTED)
                draft_migration(o, out);
}

static bool run_has(const struct run *r, const struct task *restore)
{
        for (const struct task *t = run_tasks_on(r, restore->member); t != NULL; t = t->next_same)
                if (strcmp(t->velero_name, restore->backup_name) == 0)
                        return true;
        return false;
}

/* Which runs "@latest", or a policy's name alone, came to: of each cluster its newest good one. */
static void policy_runs(const struct object *o, const struct task_views *views, struct buf *text)
{
        enum { NAMED = 3 };
        const struct policy_reference *ref = &o->policy->backup;
        const struct object *backup = fleet_object(o->fleet, OBJECT_BACKUP, ref->name);
        size_t told = 0;

        if (backup == NULL || (ref->run[0] != '\0' && strcmp(ref->run, "latest") != 0))
                return;
        for (size_t i = backup->n_runs; i-- > 0;) {
                const struct run *r = backup->runs[i];
                bool has = false;

                for (size_t k = 0; k < views->n && !has; k++)
                        has = run_has(r, views->v[k].task);
                if (has && told++ < NAMED)
                        buf_printf(text, "%s%s", told == 1 ? ", run " : " and ", r->id);
        }
        if (told > NAMED)
                buf_printf(text, " and %zu more", told - NAMED);
}

static const char *fleet_label(void *userdata, const char *cluster, const char *key)
{
        const struct member *c = fleet_member(userdata, cluster);

        return c != NULL ? member_label(c, key) : NULL;
}

/* Clusters that nobody named one by one are left out without an error: that is to be seen. */
static void object_left_out(const struct object *o, struct buf *out)
{
        enum { NAMED = 5 };
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct run *r = object_latest_run(o);
        const struct member *c;
        size_t n = 0;

        if (o->kind != OBJECT_RESTORE || o->policy == NULL || r == NULL || r->n_tasks == 0)
                return;
        for (c = o->fleet->members; c != NULL; c = c->hh.next)
                if (c->alias_of[0] == '\0' && run_tasks_on(r, c->name) == NULL &&
                        policy_selects(&o->policy->subs[0].destination, c->name, fleet_label,
                                o->fleet) &&
                        n++ < NAMED)
                        buf_printf(&text, "%s%s", n == 1 ? "" : ", ", c->name);
        if (n > NAMED)
                buf_printf(&text, " and %zu more", n - NAMED);
        if (n > 0)
                show_linef(out, "note:", "left out, as no backup to restore is known there: %s",
                        text.data);
}

static void object_policy(const struct object *o, const struct task_views *views, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct policy *p = o->policy;
        const char *ttl;

        if (p == NULL)
                return;
        switch (p->kind) {
        case POLICY_BACKUP:
                buf_printf(&text, "%s%s", p->schedule[0] != '\0' ? "schedule " : "one-off", p->schedule);
                ttl = task_views_ttl(views->n > 0 ? views->v[0].task->run : NULL);
                if (ttl != NULL)
                        buf_printf(&text, "   ttl %s", ttl);
                break;
        case POLICY_RESTORE:
                if (p->backup.schedule[0] != '\0')
                        buf_printf(&text, "of the newest backup of Velero schedule %s",
                                p->backup.schedule);
                else
                        buf_printf(&text, "of backup %s%s%s", p->backup.name,
                                p->backup.run[0] != '\0' ? "@" : "", p->backup.run);
                if (p->backup.schedule[0] == '\0')
                        policy_runs(o, views, &text);
                break;
        case POLICY_MIGRATION:
                buf_printf(&text, "from %s", p->source[0] != '\0' ? p->source : "?");
                break;
        }
        buf_printf(&text, "   generation %llu   applied.yaml",
                (unsigned long long)o->in_force.generation);
        show_line(out, "policy:", text.data, NULL);
}

/* A schedule's table is of its Schedules: who of the newest run waits for Velero stands here. */
static void object_queue(const struct task_views *run, struct buf *out)
{
        enum { NAMED = 5 };
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t n = 0;

        for (size_t i = 0; i < run->n; i++) {
                int64_t position = task_view_queue(&run->v[i]);

                if (position <= 0 || n++ >= NAMED)
                        continue;
                buf_puts(&text, n > 1 ? ", " : "");
                task_view_who(&run->v[i], &text);
                buf_printf(&text, " at %lld", (long long)position);
        }
        if (n > NAMED)
                buf_printf(&text, " and %zu more wait", n - NAMED);
        if (n > 0)
                show_linef(out, "queue:", "%s in Velero's queue", text.data);
}

static void object_run_lines(
        const struct object *o, const struct task_views *views, struct buf *out)
{
        const struct run *r = object_latest_run(o);

        if (r == NULL)
                return;
        buf_printf(out, "run:    %s  ", r->id);
        show_bar(out, views->percent, views->done, views->total);
        if (views->bytes_total > 0) {
                buf_putc(out, '\n');
                buf_pad(out, SHOW_INDENT + strlen(r->id) + 2);
                show_bar_bytes(out, views->bytes_done, views->bytes_total);
        }
        if (views->expected != 0) {
                buf_putc(out, '\n');
                buf_pad(out, SHOW_INDENT);
                show_expected(out, views->expected, r->created);
        }
        if (o->n_runs > 1 && !show_object_stands(o))
                buf_printf(out, "\n        %zu older: ls -lt runs/", o->n_runs - 1);
        buf_putc(out, '\n');
}

/* The word of a caveat that is a cluster's name; false: it is not of one cluster. */
static bool caveat_cluster(const struct object *o, const char *text, size_t *at, size_t *len)
{
        char word[FOLDER_NAME_MAX + 1];

        for (const char *p = text; *p != '\0'; p += *len, p += strspn(p, " ")) {
                *at = (size_t)(p - text);
                *len = strcspn(p, " ");
                if (*len >= sizeof(word))
                        continue;
                memcpy(word, p, *len);
                word[*len] = '\0';
                if (fleet_member(o->fleet, word) != NULL)
                        return true;
        }
        return false;
}

/* How many after this one say the same of other clusters. They are sorted, so equal ones stand together. */
static size_t caveat_repeats(const struct object *o, size_t first)
{
        const char *a = o->warnings.v[first];
        size_t n = 0, at, len, there, its;

        if (!caveat_cluster(o, a, &at, &len))
                return 0;
        while (first + n + 1 < o->warnings.n) {
                const char *b = o->warnings.v[first + n + 1];

                if (!caveat_cluster(o, b, &there, &its) || there != at || strncmp(a, b, at) != 0 ||
                        strcmp(a + at + len, b + there + its) != 0)
                        break;
                n++;
        }
        return n;
}

/* "FLT-0301 volumes on ap-1, c4 and 2 more are not backed up": `more` clusters beside its own. */
static void caveat_put(const struct object *o, size_t first, size_t more, struct buf *out)
{
        enum { ALL = 3, NAMED = 2 };
        const char *text = o->warnings.v[first];
        size_t at, len, named = more < ALL ? more + 1 : NAMED;

        if (more == 0 || !caveat_cluster(o, text, &at, &len)) {
                buf_puts(out, text);
                return;
        }
        buf_append(out, text, at);
        for (size_t i = 0; i < named; i++) {
                size_t its = 0;

                (void)caveat_cluster(o, o->warnings.v[first + i], &at, &its);
                buf_puts(out, i > 0 ? ", " : "");
                buf_append(out, o->warnings.v[first + i] + at, its);
        }
        if (named <= more)
                buf_printf(out, " and %zu more", more + 1 - named);
        buf_puts(out, text + at + len);
}

static void object_caveat_lines(
        const struct object *o, const struct task_views *views, struct buf *out)
{
        enum { SHOWN = 3 };
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t told = 0;

        for (size_t i = 0, more; i < o->warnings.n; i += more + 1) {
                more = caveat_repeats(o, i);
                if (told++ >= SHOWN)
                        continue;
                buf_reset(&line);
                caveat_put(o, i, more, &line);
                show_line(out, told == 1 ? "caveat:" : "", line.data, NULL);
        }
        if (told > SHOWN)
                show_linef(out, "", "and %zu more: warnings.txt", told - SHOWN);
        if (views->warnings > 0)
                show_linef(out, o->warnings.n == 0 ? "caveat:" : "",
                        "FLT-0304 %lld warning%s in Velero's logs: cat warnings.txt",
                        (long long)views->warnings, views->warnings == 1 ? "" : "s");
}

int show_object_text(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        const struct run *newest = object_latest_run(o);
        _cleanup_(task_views_done) struct task_views views = { 0 }, run = { 0 };
        bool stands = show_object_stands(o);

        task_views_init(&views, show_object_parts(o));
        task_views_init(&run, newest);
        object_state(o, &views, out);
        object_caveat_lines(o, &run, out);
        (void)task_views_reasons(&views, stands ? &run : NULL, out);
        if (!stands || !show_standing_action(o, &views, out))
                task_views_action(&run, out, "../../", "", "runs/latest/", o->own && !o->removed);
        object_nowhere(o, out);
        object_draft(o, out);
        object_last_good(o, out);
        object_policy(o, &views, out);
        show_standing_next(o, out);
        object_left_out(o, out);
        object_run_lines(o, &run, out);
        if (stands)
                object_queue(&run, out);
        show_as_of(out, o->changed);
        if (views.n > 0)
                buf_putc(out, '\n');
        if (stands) {
                show_standing_table(&views, out);
                show_standing_runs(o, out);
        } else {
                task_views_table(&views, out);
        }
        return out->error;
}

int show_object_error(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        const struct run *newest = object_latest_run(o);
        const struct show_nowhere *nowhere = show_object_nowhere(o);
        _cleanup_(task_views_done) struct task_views views = { 0 }, run = { 0 };

        task_views_init(&views, show_object_parts(o));
        if (show_object_stands(o))
                task_views_init(&run, newest);
        task_views_errors(&views, &run, out);
        if (nowhere != NULL)
                show_error(out, nowhere->code, NULL, nowhere->text,
                        o->own && newest != NULL ? newest->created : 0, nowhere->command);
        return out->error;
}
