/* SPDX-License-Identifier: Apache-2.0 */
/* status.txt of a fleet: what an operator reads every morning. */
#include "fs/fleet_view.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "base/strv.h"
#include "fs/columns.h"
#include "fs/task_view.h"
#include "ops/policy.h"

/* ---------------------------------------------------------------- why, and what to do */

struct reasons {
        struct buf *out;
        size_t told;      /* lines so far */
        size_t more;      /* reasons beyond SHOW_REASONS */
        struct strv look; /* commands of the action */
};

static void reasons_add(struct reasons *r, const char *text, const char *code)
{
        if (r->told >= SHOW_REASONS) {
                r->more++;
                return;
        }
        show_line(r->out, r->told++ == 0 ? "reason:" : "", text, code);
}

/* At most three commands: an action is to be done, not studied. */
static void reasons_look(struct reasons *r, const char *folder, const char *name, const char *file)
{
        if (r->look.n < 3)
                (void)strv_printf(&r->look, "cat %s/%s%s", folder, name, file);
}

static void reasons_members(struct reasons *r, const struct fleet_view *v)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < v->n_members; i++) {
                const struct member *c = v->members[i].member;
                const char *code;
                int64_t since;

                if (v->members[i].good || v->members[i].unprotected)
                        continue;
                buf_reset(&line);
                buf_printf(&line, "cluster %s: ", c->name);
                code = show_member_why(c, &line, &since);
                reasons_add(r, line.data, code);
                reasons_look(r, "clusters", c->name, "/status.txt");
        }
}

static void reasons_objects(struct reasons *r, const struct fleet_view *v)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);

        for (size_t i = 0; i < v->n_objects && v->objects[i].eye; i++) {
                const struct object *o = v->objects[i].object;
                const char *folder = object_kind_folder(o->kind);
                bool bad = v->objects[i].lost > 0 ||
                           (phase_is(show_object_phase(o), PHASE_IS_BAD) &&
                                   (o->n_runs > 0 || object_is_scheduled(o)));

                buf_reset(&line);
                if (v->objects[i].bare) {
                        buf_printf(&line, "%s/%s is paused, and has no good backup", folder, o->name);
                        reasons_add(r, line.data, "FLT-0316");
                        reasons_look(r, folder, o->name, "/status.txt");
                        continue;
                }
                if (bad)
                        buf_printf(&line, "%s/%s is %s%s", folder, o->name,
                                phase_text(show_object_phase(o)), v->objects[i].mark);
                else
                        buf_printf(&line, "the last write of %s/%s was %s", folder, o->name,
                                o->draft_state == DRAFT_INTERRUPTED ? "interrupted" : "refused");
                reasons_add(r, line.data, bad ? NULL : o->draft_err.id);
                reasons_look(r, folder, o->name,
                        bad || o->draft_err.code == 0 ? "/status.txt" : ".error.txt");
        }
}

/* One that is switched off is in the table of policies with its reason: here is what they come to. */
static void reasons_switched_off(struct reasons *r, const struct fleet_view *v)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);

        if (!v->switched_off)
                return;
        buf_puts(&line, "nothing is scheduled any more: ");
        if (v->removed > 0)
                buf_printf(&line, "%zu schedule%s removed", v->removed,
                        v->removed == 1 ? " was" : "s were");
        if (v->paused > 0)
                buf_printf(&line, "%s%zu %s paused", v->removed > 0 ? ", " : "", v->paused,
                        v->paused == 1 ? "is" : "are");
        reasons_add(r, line.data, v->paused > 0 ? "FLT-0316" : NULL);
        if (r->look.n < 3)
                (void)strv_push(&r->look, v->paused > 0 ? "echo resume > backups/NAME/ctl" : "ls .trash");
}

/* Clusters that are well and were never backed up: one line, however many they are. */
static void reasons_unprotected(struct reasons *r, const struct fleet_view *v)
{
        enum { NAMED = 5 };
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t named = 0;

        if (v->unprotected == 0)
                return;
        buf_printf(&line, "%zu cluster%s no good backup: ", v->unprotected,
                v->unprotected == 1 ? " has" : "s have");
        for (size_t i = 0; i < v->n_members && named < NAMED; i++)
                if (v->members[i].unprotected)
                        buf_printf(
                                &line, "%s%s", named++ > 0 ? ", " : "", v->members[i].member->name);
        if (v->unprotected > NAMED)
                buf_printf(&line, " and %zu more", v->unprotected - NAMED);
        reasons_add(r, line.data, "FLT-0314");
        if (r->look.n == 0)
                (void)strv_push(&r->look, "cat backups/README.txt");
}

/* All else is of the configuration before. */
static void reasons_configuration(struct reasons *r, const struct model *m)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        const struct err *why = &m->conf_err;
        char text[RFC3339_SIZE];

        if (why->code == 0)
                return;
        buf_printf(&line, "the configuration is refused since %s, the last good one is in force: ", rfc3339_format(text, m->conf_at));
        if (why->line > 0)
                buf_printf(&line, "%d:%d: ", why->line, why->column);
        buf_puts(&line, why->msg);
        reasons_add(r, line.data, why->id[0] != '\0' ? why->id : NULL);
        (void)strv_printf(&r->look, "correct the configuration%s%s; it is read again by itself",
                why->remedy[0] != '\0' ? ": " : "", why->remedy);
}

static void fleet_reasons(const struct fleet_view *v, struct buf *out)
{
        struct reasons r = { .out = out };
        size_t told = 0;

        reasons_configuration(&r, v->fleet->model);
        reasons_switched_off(&r, v);
        reasons_members(&r, v);
        reasons_objects(&r, v);
        reasons_unprotected(&r, v);
        if (r.more > 0)
                show_linef(out, "", "and %zu more: status.json", r.more);
        for (size_t i = 0; i < r.look.n; i++)
                show_action(out, &told, "%s", r.look.v[i]);
        strv_done(&r.look);
}

/* ---------------------------------------------------------------- tables */

/* "24h", "1h30m": a duration without the zeros at its end. */
static void put_objective(struct buf *out, int64_t seconds)
{
        if (seconds == 0)
                return;
        show_duration(out, seconds);
        if (seconds % 60 == 0 && seconds >= 60)
                buf_truncate(out, out->len - 2);
        if (seconds % 3600 == 0 && seconds >= 3600)
                buf_truncate(out, out->len - 2);
}

static void member_row(struct columns *t, const struct member_view *m, bool objectives, struct buf *cell)
{
        const struct member *c = m->member;
        bool known = c->alias_of[0] != '\0' || show_member_known(c);

        columns_cell(t, c->name);
        buf_reset(cell);
        if (c->alias_of[0] != '\0')
                buf_printf(cell, "= %s", c->alias_of);
        else
                buf_printf(cell, "%s%s", member_health_name(c->health), c->stale ? " (stale)" : "");
        columns_cell(t, cell->data);
        /* What an absent cluster said of its storage is no news. */
        columns_cell(t, c->stale && m->storage != NULL ? "?" : m->storage);
        if (!known)
                columns_cell(t, "?");
        else
                columns_value(t, value_time(m->last_good));
        if (objectives) {
                buf_reset(cell);
                put_objective(cell, m->objective);
                columns_cell(t, cell->data);
        }
        if (!known)
                columns_cell(t, "?");
        else
                columns_value(t, c->alias_of[0] != '\0' ? value_none()
                                                : value_int(c->velero[VELERO_BACKUP].n));
        columns_cell(t, c->api_version);
        columns_cell(t, c->velero_version);
}

static void fleet_members(const struct fleet_view *v, struct buf *out)
{
        static const char *const heads[] = { "CLUSTER", "STATE", "STORAGE", "LAST GOOD BACKUP",
                "BACKUPS", "KUBERNETES", "VELERO" };
        static const char *const with_objective[] = { "CLUSTER", "STATE", "STORAGE",
                "LAST GOOD BACKUP", "OBJECTIVE", "BACKUPS", "KUBERNETES", "VELERO" };
        const struct columns tables[] = { COLUMNS_INIT(heads), COLUMNS_INIT(with_objective) };
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);
        struct columns t = tables[v->objectives];
        size_t folded = 0;

        for (size_t i = 0; i < v->n_members; i++) {
                const struct member_view *m = &v->members[i];

                if (i < SHOW_ROWS || (!m->good && i < SHOW_EYES))
                        member_row(&t, m, v->objectives, &cell);
                else
                        folded++;
        }
        if (v->n_members > 0)
                buf_putc(out, '\n');
        columns_put(&t, out);
        columns_done(&t);
        if (folded > 0)
                buf_printf(out, "(%zu more%s; full list: status.json)\n", folded,
                        v->bad_members <= SHOW_EYES ? " Ready" : "");
}

static void policy_row(struct columns *t, const struct object_view *v, struct buf *cell)
{
        const struct object *o = v->object;
        const struct run *r = object_latest_run(o);
        struct run_counts c = { 0 };

        if (r != NULL)
                run_counts(&c, r);
        columns_cell(t, o->name);
        buf_reset(cell);
        buf_printf(cell, "%s%s%s", phase_text(show_object_phase(o)), v->mark,
                o->removed ? " (removed)" : show_removal_at(o) != 0 ? " (removing)" : "");
        columns_cell(t, cell->data);
        /* A schedule's run is named after its slot; its backups may begin later. */
        columns_value(t, value_time(show_object_stands(o) && c.started != 0 ? c.started : r != NULL ? r->created : 0));
        columns_value(t, value_int((int64_t)c.good));
        columns_value(t, value_int((int64_t)c.part));
        columns_value(t, value_int((int64_t)c.fail));
        columns_value(t, value_time(o->removed ? 0 : o->next_runs[0]));
        columns_cell(t, o->policy == NULL || o->removed ? "" : o->policy->schedule[0] != '\0' ? o->policy->schedule : "(one-off)");
}

static void object_row(struct columns *t, const struct object_view *v, struct buf *cell)
{
        const struct object *o = v->object;
        const struct run *r = object_latest_run(o);

        buf_reset(cell);
        buf_printf(cell, "%s/%s", object_kind_folder(o->kind), o->name);
        columns_cell(t, cell->data);
        buf_reset(cell);
        buf_printf(cell, "%s%s", phase_text(show_object_phase(o)), v->mark);
        columns_cell(t, cell->data);
        columns_value(t, value_time(r != NULL ? r->created : 0));
        columns_value(t, value_int((int64_t)v->total));
        columns_value(t, value_int((int64_t)v->good));
        columns_value(t, value_int((int64_t)v->bad));
        columns_value(t, value_int((int64_t)v->stale));
}

typedef void row_fn(struct columns *t, const struct object_view *v, struct buf *cell);

/* The policies, or all else. */
static void objects_table(const struct fleet_view *v, bool policies, struct columns *t, row_fn *row, struct buf *out)
{
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t folded = 0, shown = 0;

        for (size_t i = 0; i < v->n_objects; i++) {
                const struct object_view *o = &v->objects[i];

                if (!object_folder_shows(o->object) || (o->object->kind == OBJECT_BACKUP) != policies)
                        continue;
                if (shown < SHOW_ROWS || (o->eye && shown < SHOW_EYES)) {
                        row(t, o, &cell);
                        shown++;
                } else {
                        folded++;
                }
        }
        if (shown > 0)
                buf_putc(out, '\n');
        columns_put(t, out);
        if (folded > 0)
                buf_printf(out, "(%zu more; full list: status.json)\n", folded);
}

static void fleet_objects(const struct fleet_view *v, struct buf *out)
{
        static const char *const policy[] = { "POLICY", "PHASE", "LAST RUN", "OK", "PART", "FAIL", "NEXT",
                "SCHEDULE" };
        static const char *const object[] = { "OBJECT", "PHASE", "LAST RUN", "CLUSTERS", "OK", "BAD", "STALE" };
        _cleanup_(columns_done) struct columns policies = COLUMNS_INIT(policy);
        _cleanup_(columns_done) struct columns objects = COLUMNS_INIT(object);

        objects_table(v, true, &policies, policy_row, out);
        objects_table(v, false, &objects, object_row, out);
}

static void fleet_running(const struct fleet_view *v, struct buf *out)
{
        static const char *const heads[] = { "RUNNING", "PROGRESS" };
        _cleanup_(buf_done) struct buf cell = BUF_INIT(LIMIT_TEXT_BYTES);
        struct columns t = COLUMNS_INIT(heads);
        size_t told = 0;

        for (size_t i = 0; i < v->n_objects && told < SHOW_ROWS; i++) {
                const struct object *o = v->objects[i].object;
                const struct run *r = object_latest_run(o);
                _cleanup_(task_views_done) struct task_views views = { 0 };

                if (r == NULL || !phase_is(r->phase, PHASE_IS_RUNNING))
                        continue;
                told++;
                task_views_init(&views, r);
                buf_reset(&cell);
                buf_printf(&cell, "%s/%s", object_kind_folder(o->kind), o->name);
                columns_cell(&t, cell.data);
                buf_reset(&cell);
                show_bar(&cell, views.percent, views.done, views.total);
                if (views.expected != 0) {
                        buf_puts(&cell, "  ");
                        show_expected(&cell, views.expected, r->created);
                }
                columns_cell(&t, cell.data);
        }
        if (told > 0)
                buf_putc(out, '\n');
        columns_put(&t, out);
        columns_done(&t);
}

/* ---------------------------------------------------------------- the whole */

static void fleet_state(const struct fleet_view *v, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf eyes = BUF_INIT(LIMIT_TEXT_BYTES);

        static const char *const nouns[] = { "unreachable", "not ready", "without storage",
                "never backed up" };
        const size_t counts[] = { v->unreachable, v->other, v->storage, v->unprotected };

        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
                if (counts[i] > 0)
                        buf_printf(
                                &text, "%s%zu %s", text.len > 0 ? ", " : "", counts[i], nouns[i]);
        if (v->n_objects == 0)
                buf_puts(&eyes, "nothing is declared yet");
        else
                buf_printf(&eyes, "%zu of %zu object%s need%s an eye", v->eyes, v->n_objects,
                        v->n_objects == 1 ? "" : "s", v->n_objects == 1 ? "s" : "");
        show_linef(out, "state:", "%s   fleet %s: %s%zu of %zu cluster%s good; %s", v->state,
                v->fleet->name, v->switched_off ? "nothing is scheduled any more; " : "", v->good,
                v->clusters, v->clusters == 1 ? "" : "s", eyes.data);
        if (text.len > 0)
                show_linef(out, "bad:", "%s", text.data);
}

/* Beside the mount that writes the store this one has what the clusters tell, and of the store what it read once. */
static void fleet_store(const struct model *m, struct buf *out)
{
        char text[RFC3339_SIZE];

        if (!m->store_read_only)
                return;
        if (m->store_holder[0] != '\0')
                show_linef(out, "note:", "the store belongs to %s: write in its mount", m->store_holder);
        show_linef(out, "note:",
                "read-only: the store was read at %s; what another mount of it does since shows here as far as the "
                "clusters have it: no pending removal, no refused write, nothing that is not posted; mount again to read it anew",
                rfc3339_format(text, m->started));
}

int show_fleet_text(const struct subject *s, struct buf *out)
{
        const struct fleet *f = s->fleet;
        _cleanup_(fleet_view_done) struct fleet_view v = { 0 };

        if (fleet_view_init(&v, f) < 0)
                return -ENOMEM;
        fleet_state(&v, out);
        fleet_reasons(&v, out);
        for (size_t i = 0; i < f->warnings.n; i++)
                show_line(out, i == 0 ? "caveat:" : "", f->warnings.v[i], NULL);
        fleet_store(s->model, out);
        show_as_of(out, f->changed);
        fleet_members(&v, out);
        fleet_objects(&v, out);
        fleet_running(&v, out);
        return out->error;
}
