/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's own folder, and the root above it. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/columns.h"
#include "fs/show.h"
#include "fs/texts.h"

/* ---------------------------------------------------------------- status */

struct fleet_counts {
        unsigned clusters, ready, unreachable, other;
        unsigned policies, bad;
};

static struct fleet_counts fleet_count(const struct fleet *f)
{
        struct fleet_counts n = { 0 };
        const struct member *c;
        const struct object *o;

        for (c = f->members; c != NULL; c = c->hh.next) {
                if (c->alias_of[0] != '\0')
                        continue;
                n.clusters++;
                if (c->health == MEMBER_READY)
                        n.ready++;
                else if (c->health == MEMBER_UNREACHABLE)
                        n.unreachable++;
                else
                        n.other++;
        }
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (o = f->objects[k]; o != NULL; o = o->hh.next) {
                        n.policies++;
                        n.bad += phase_is(o->phase, PHASE_IS_BAD) || o->draft_state == DRAFT_REJECTED;
                }
        return n;
}

static const char *fleet_state(const struct fleet_counts *n)
{
        if (n->ready < n->clusters || n->bad > 0)
                return "Degraded";
        return n->clusters == 0 ? "Empty" : "Ok";
}

static void fleet_reasons(const struct fleet *f, struct buf *out)
{
        const struct member *c;
        const struct object *o;
        struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        bool first = true;

        for (c = f->members; c != NULL; c = c->hh.next) {
                if (c->health == MEMBER_READY || c->alias_of[0] != '\0')
                        continue;
                buf_reset(&line);
                buf_printf(&line, "cluster %s is %s%s%s", c->name, member_health_name(c->health), c->reason ? ": " : "",
                        c->reason ? c->reason : "");
                show_reason(out, first, line.data, c->code);
                first = false;
        }
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (o = f->objects[k]; o != NULL; o = o->hh.next) {
                        if (!phase_is(o->phase, PHASE_IS_BAD) && o->draft_state != DRAFT_REJECTED)
                                continue;
                        buf_reset(&line);
                        if (phase_is(o->phase, PHASE_IS_BAD))
                                buf_printf(&line, "%s/%s is %s: cat %s/%s/error.txt", object_kind_folder(k), o->name,
                                        phase_text(o->phase), object_kind_folder(k), o->name);
                        else
                                buf_printf(&line, "the last write of %s/%s was refused: cat %s/%s.error.txt",
                                        object_kind_folder(k), o->name, object_kind_folder(k), o->name);
                        show_reason(out, first, line.data, NULL);
                        first = false;
                }
        buf_done(&line);
}

/* Worst first: whoever is not Ready, then the rest in the order of the configuration. */
static void fleet_members(const struct fleet *f, struct buf *out)
{
        static const char *const heads[] = { "CLUSTER", "STATE", "KUBERNETES", "VELERO", "STORAGE", "BACKUPS", "SINCE" };
        struct columns t = COLUMNS_INIT(7);
        const struct member *c;

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
                columns_cell(&t, heads[i]);
        for (int ready = 0; ready < 2; ready++)
                for (c = f->members; c != NULL; c = c->hh.next) {
                        const struct velero_object *v;
                        const char *storage = c->velero[VELERO_LOCATION] != NULL ? "Available" : "-";
                        char state[96];

                        if ((c->health == MEMBER_READY) != (ready == 1))
                                continue;
                        for (v = c->velero[VELERO_LOCATION]; v != NULL; v = v->hh.next)
                                if (v->bsl->phase != VELERO_BSL_AVAILABLE)
                                        storage = "Unavailable";
                        snprintf(state, sizeof(state), "%s%s%s%s", member_health_name(c->health), c->stale ? " (stale)" : "",
                                c->alias_of[0] ? " = " : "", c->alias_of);
                        columns_cell(&t, c->name);
                        columns_cell(&t, state);
                        columns_cell(&t, c->api_version);
                        columns_cell(&t, c->velero_version);
                        columns_cell(&t, storage);
                        columns_value(&t, value_int(HASH_COUNT(c->velero[VELERO_BACKUP])));
                        columns_value(&t, value_time(c->since));
                }
        columns_put(&t, out);
        columns_done(&t);
}

static void fleet_objects(const struct fleet *f, struct buf *out)
{
        static const char *const heads[] = { "OBJECT", "PHASE", "CLUSTERS", "LAST RUN", "OK", "BAD" };
        struct columns t = COLUMNS_INIT(6);
        const struct object *o;

        for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
                columns_cell(&t, heads[i]);
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (o = f->objects[k]; o != NULL; o = o->hh.next) {
                        const struct run *r = object_latest_run(o);
                        char name[300];
                        int64_t ok = 0, bad = 0;

                        if (!object_folder_shows(o))
                                continue;
                        for (size_t i = 0; r != NULL && i < r->n_tasks; i++) {
                                ok += r->tasks[i]->phase == PHASE_COMPLETED;
                                bad += phase_is(r->tasks[i]->phase, PHASE_IS_BAD);
                        }
                        snprintf(name, sizeof(name), "%s/%s", object_kind_folder(k), o->name);
                        columns_cell(&t, name);
                        columns_cell(&t, phase_text(o->phase));
                        columns_value(&t, value_int(r != NULL ? (int64_t)r->n_tasks : 0));
                        columns_value(&t, value_time(r != NULL ? r->created : 0));
                        columns_value(&t, value_int(ok));
                        columns_value(&t, value_int(bad));
                }
        buf_putc(out, '\n');
        columns_put(&t, out);
        columns_done(&t);
}

static int fleet_text(const struct subject *s, struct buf *out)
{
        const struct fleet *f = s->fleet;
        struct fleet_counts n = fleet_count(f);
        struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);

        buf_printf(&summary, "fleet %s: %u of %u clusters ready", f->name, n.ready, n.clusters);
        if (n.unreachable > 0)
                buf_printf(&summary, ", %u unreachable", n.unreachable);
        if (n.other > 0)
                buf_printf(&summary, ", %u not ready", n.other);
        if (n.bad > 0)
                buf_printf(&summary, "; %u of %u objects need an eye", n.bad, n.policies);
        show_headline(out, fleet_state(&n), summary.data, f->changed);
        buf_done(&summary);
        fleet_reasons(f, out);
        if (s->model->store_read_only)
                buf_printf(out, "note:   the store belongs to %s: this mount is read-only\n", s->model->store_holder);
        buf_putc(out, '\n');
        fleet_members(f, out);
        fleet_objects(f, out);
        return out->error;
}

static int fleet_json(const struct subject *s, struct buf *out)
{
        const struct fleet *f = s->fleet;
        struct fleet_counts n = fleet_count(f);
        struct json_writer w = JSON_WRITER(out);
        struct subject sub = *s;

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_time_member(&w, "asOf", f->changed);
        json_open(&w, "clusters", '[');
        for (sub.member = f->members; sub.member != NULL; sub.member = sub.member->hh.next) {
                json_open(&w, NULL, '{');
                show_member_members(&w, &sub);
                json_close(&w);
        }
        json_close(&w);
        json_string_member(&w, "fleet", f->name);
        json_string_member(&w, "kind", "FleetStatus");
        json_open(&w, "objects", '[');
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (sub.object = f->objects[k]; sub.object != NULL; sub.object = sub.object->hh.next) {
                        if (!object_folder_shows(sub.object))
                                continue;
                        json_open(&w, NULL, '{');
                        json_string_member(&w, "kind", object_kind_name(k));
                        json_string_member(&w, "name", sub.object->name);
                        show_object_members(&w, &sub);
                        json_close(&w);
                }
        json_close(&w);
        json_string_member(&w, "phase", phase_text(f->phase));
        json_string_member(&w, "state", fleet_state(&n));
        json_open(&w, "summary", '{');
        json_int_member(&w, "clusters", n.clusters);
        json_int_member(&w, "needAnEye", n.bad);
        json_int_member(&w, "ready", n.ready);
        json_int_member(&w, "unreachable", n.unreachable);
        json_close(&w);
        json_close(&w);
        return out->error;
}

static int fleet_yaml(const struct subject *s, struct buf *out)
{
        return buf_puts(out, s->fleet->yaml != NULL ? s->fleet->yaml : "");
}

static int64_t fleet_mtime(const struct subject *s)
{
        return s->fleet->changed;
}

/* ---------------------------------------------------------------- clusters/ */

static bool member_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->member = fleet_member(dir->fleet, name);
        return child->member != NULL && child->member->alias_of[0] == '\0';
}

static bool member_step(const struct subject *dir, struct node_cursor *cursor, bool alias)
{
        const struct member *c = cursor->at == NULL ? dir->fleet->members : ((const struct member *)cursor->at)->hh.next;

        while (c != NULL && (c->alias_of[0] != '\0') != alias)
                c = c->hh.next;
        if (c == NULL)
                return false;
        cursor->at = c;
        cursor->name = c->name;
        return true;
}

static bool member_next(const struct subject *dir, struct node_cursor *cursor)
{
        return member_step(dir, cursor, false);
}

static bool alias_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->member = fleet_member(dir->fleet, name);
        return child->member != NULL && child->member->alias_of[0] != '\0';
}

static bool alias_next(const struct subject *dir, struct node_cursor *cursor)
{
        return member_step(dir, cursor, true);
}

static int alias_link(const struct subject *s, struct buf *out)
{
        return buf_puts(out, s->member->alias_of);
}

static const struct node_row member_child = { .kind = NODE_DIR, .table = &member_table };
static const struct node_row alias_child = { .kind = NODE_LINK, .render = alias_link, .flags = NODE_WATCHED };
static const struct node_row clusters_rows[] = {
        LIST_ROW(member_find, member_next, member_child, .help = "one folder per cluster"),
        LIST_ROW(alias_find, alias_next, alias_child, .help = "a second context of a cluster that is there already"),
};
static const struct node_table clusters_table = NODE_TABLE(clusters_rows);

/* ---------------------------------------------------------------- templates/ */

static bool template_find(const struct subject *dir, const char *name, struct subject *child)
{
        for (size_t i = 0; i < text_n_templates; i++)
                if (strcmp(text_templates[i].name, name) == 0) {
                        child->item = &text_templates[i];
                        return true;
                }
        return false;
}

static bool template_next(const struct subject *dir, struct node_cursor *cursor)
{
        if (cursor->i >= text_n_templates)
                return false;
        cursor->name = text_templates[cursor->i++].name;
        return true;
}

static int template_render(const struct subject *s, struct buf *out)
{
        return buf_puts(out, ((const struct text_template *)s->item)->text);
}

static const struct node_row template_child = { .kind = NODE_FILE, .render = template_render, .flags = NODE_CONST };
static const struct node_row templates_rows[] = {
        LIST_ROW(template_find, template_next, template_child, .help = "documents to copy and to change"),
};
static const struct node_table templates_table = NODE_TABLE(templates_rows);

/* ---------------------------------------------------------------- tables */

static const struct node_row fleet_rows[] = {
        FILE_ROW("README.txt", text_readme, .flags = NODE_CONST, .help = "what to do here"),
        FILE_ROW("status.txt", fleet_text, .flags = NODE_AGGREGATE, .mtime = fleet_mtime, .help = "the whole fleet in words, worst first"),
        FILE_ROW("status.json", fleet_json, .flags = NODE_AGGREGATE, .mtime = fleet_mtime, .help = "the same for programs"),
        FILE_ROW("fleet.yaml", fleet_yaml, .flags = NODE_WATCHED, .mtime = fleet_mtime, .help = "what the fleet is configured to be"),
        DIR_ROW("templates", templates_table, .help = "documents to copy and to change"),
        DIR_ROW("clusters", clusters_table, .mtime = fleet_mtime, .help = "each cluster and every Velero object there"),
        DIR_ROW("backups", backups_table, .folder = FOLDER_BACKUPS, .mtime = fleet_mtime, .help = "copy a policy in to back up"),
        DIR_ROW("restores", restores_table, .folder = FOLDER_RESTORES, .mtime = fleet_mtime, .help = "copy a restore in to restore"),
        DIR_ROW("migrations", migrations_table, .folder = FOLDER_MIGRATIONS, .mtime = fleet_mtime, .help = "make a folder, link clusters, start"),
};
const struct node_table fleet_table = NODE_TABLE(fleet_rows);

static bool fleet_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->fleet = model_fleet(dir->model, name);
        return child->fleet != NULL;
}

static bool fleet_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct fleet *f = cursor->at == NULL ? dir->model->fleets : ((const struct fleet *)cursor->at)->hh.next;

        if (f == NULL)
                return false;
        cursor->at = f;
        cursor->name = f->name;
        return true;
}

static int root_version(const struct subject *s, struct buf *out)
{
        return buf_puts(out, FLEETFS_VERSION "\n");
}

static void root_events(const struct subject *s, struct node_log *ret)
{
        const struct event_log *log = &s->model->events;

        *ret = (struct node_log){ .bytes = log->bytes, .len = log->len, .generation = log->generation, .mtime = log->last };
}

static int64_t root_mtime(const struct subject *s)
{
        return s->model->started;
}

static const struct node_row fleet_child = { .kind = NODE_DIR, .table = &fleet_table };
static const struct node_row root_rows[] = {
        FILE_ROW("README.txt", text_root_readme, .flags = NODE_CONST, .help = "where to begin"),
        FILE_ROW("version", root_version, .flags = NODE_CONST, .help = "version of fleetfs"),
        LOG_ROW("events.jsonl", root_events, .help = "what happens, one JSON object per line; tail -F"),
        LIST_ROW(fleet_find, fleet_next, fleet_child, .mtime = root_mtime, .help = "one folder per fleet"),
};
const struct node_table root_table = NODE_TABLE(root_rows);
