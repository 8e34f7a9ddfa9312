/* SPDX-License-Identifier: Apache-2.0 */
/* A fleet's own folder, and the root above it. */
#include "fs/show.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fs/fleet_view.h"
#include "fs/texts.h"

/* ---------------------------------------------------------------- status.json */

static void fleet_put_members(struct json_writer *w, const char *key, const struct subject *s)
{
        struct subject sub = *s;

        json_open(w, key, '[');
        for (sub.member = s->fleet->members; sub.member != NULL; sub.member = sub.member->hh.next) {
                json_open(w, NULL, '{');
                show_member_members(w, &sub);
                json_close(w);
        }
        json_close(w);
}

static void fleet_put_objects(
        struct json_writer *w, const char *key, const struct subject *s, enum object_kind kind)
{
        struct subject sub = *s;

        json_open(w, key, '[');
        for (sub.object = s->fleet->objects[kind]; sub.object != NULL;
                sub.object = sub.object->hh.next) {
                if (!object_folder_shows(sub.object) && sub.object->draft_state != DRAFT_REJECTED)
                        continue;
                json_open(w, NULL, '{');
                show_object_members(w, &sub);
                json_close(w);
        }
        json_close(w);
}

static void fleet_put_summary(struct json_writer *w, const char *key, const struct fleet_view *v)
{
        json_open(w, key, '{');
        json_int_member(w, "clusters", (int64_t)v->clusters);
        json_int_member(w, "good", (int64_t)v->good);
        json_int_member(w, "needEye", (int64_t)v->eyes);
        json_int_member(w, "notReady", (int64_t)v->other);
        json_int_member(w, "objects", (int64_t)v->n_objects);
        json_int_member(w, "ready", (int64_t)v->ready);
        json_int_member(w, "schedules", (int64_t)v->schedules);
        json_int_member(w, "schedulesPaused", (int64_t)v->paused);
        json_int_member(w, "schedulesRemoved", (int64_t)v->removed);
        json_int_member(w, "unprotected", (int64_t)v->unprotected);
        json_int_member(w, "unreachable", (int64_t)v->unreachable);
        json_int_member(w, "withoutStorage", (int64_t)v->storage);
        json_close(w);
}

/* null where this mount writes it. */
static void fleet_put_store(struct json_writer *w, const char *key, const struct model *m)
{
        if (!m->store_read_only) {
                json_string_member(w, key, NULL);
                return;
        }
        json_open(w, key, '{');
        json_string_member(w, "holder", m->store_holder[0] != '\0' ? m->store_holder : NULL);
        json_time_member(w, "readAt", m->started);
        json_close(w);
}

/* null where what was read last is in force. */
static void fleet_put_refusal(struct json_writer *w, const char *key, const struct model *m)
{
        if (m->conf_err.code == 0) {
                json_string_member(w, key, NULL);
                return;
        }
        json_open(w, key, '{');
        json_string_member(w, "code", m->conf_err.id[0] != '\0' ? m->conf_err.id : NULL);
        json_int_member(w, "column", m->conf_err.column);
        json_int_member(w, "line", m->conf_err.line);
        json_string_member(w, "message", m->conf_err.msg);
        json_time_member(w, "since", m->conf_at);
        json_close(w);
}

static int fleet_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);
        _cleanup_(fleet_view_done) struct fleet_view v = { 0 };

        if (fleet_view_init(&v, s->fleet) < 0)
                return -ENOMEM;
        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_time_member(&w, "asOf", s->fleet->changed);
        fleet_put_objects(&w, "backups", s, OBJECT_BACKUP);
        json_open(&w, "caveats", '[');
        for (size_t i = 0; i < s->fleet->warnings.n; i++)
                json_string_member(&w, NULL, s->fleet->warnings.v[i]);
        json_close(&w);
        fleet_put_members(&w, "clusters", s);
        fleet_put_refusal(&w, "configurationRefused", s->model);
        json_string_member(&w, "kind", "FleetStatus");
        fleet_put_objects(&w, "migrations", s, OBJECT_MIGRATION);
        json_string_member(&w, "name", s->fleet->name);
        fleet_put_store(&w, "readOnlyStore", s->model);
        fleet_put_objects(&w, "restores", s, OBJECT_RESTORE);
        json_string_member(&w, "state", v.state);
        fleet_put_summary(&w, "summary", &v);
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
        const struct member *c = cursor->at == NULL ? dir->fleet->members
                                                    : ((const struct member *)cursor->at)->hh.next;

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

static const struct node_row member_child = {
        .kind = NODE_DIR, .table = &member_table, .help = "one cluster"
};
static const struct node_row alias_child = { .kind = NODE_LINK,
        .render = alias_link,
        .flags = NODE_WATCHED,
        .help = "the name that the cluster has already" };
static const struct node_row clusters_rows[] = {
        LIST_ROW(member_find, member_next, member_child, .help = "one folder per cluster"),
        LIST_ROW(alias_find, alias_next, alias_child,
                .help = "a second context of a cluster that is there already"),
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

static const struct node_row template_child = { .kind = NODE_FILE,
        .render = template_render,
        .flags = NODE_CONST,
        .help = "a document to copy and to change" };
static const struct node_row templates_rows[] = {
        LIST_ROW(template_find, template_next, template_child, .flags = NODE_CONST,
                .help = "documents to copy and to change"),
};
static const struct node_table templates_table = NODE_TABLE(templates_rows);

/* ---------------------------------------------------------------- tables */

static const struct node_row fleet_rows[] = {
        FILE_ROW("README.txt", text_readme, .flags = NODE_CONST, .help = "what to do here"),
        FILE_ROW("status.txt", show_fleet_text, .flags = NODE_AGGREGATE, .mtime = fleet_mtime,
                .help = "the whole fleet in words, worst first"),
        FILE_ROW("status.json", fleet_json, .flags = NODE_AGGREGATE, .mtime = fleet_mtime,
                .help = "the same for programs"),
        FILE_ROW("fleet.yaml", fleet_yaml, .flags = NODE_WATCHED, .mtime = fleet_mtime,
                .help = "what the fleet is configured to be"),
        DIR_ROW("templates", templates_table, .help = "documents to copy and to change"),
        DIR_ROW("clusters", clusters_table, .mtime = fleet_mtime,
                .help = "each cluster and every Velero object there"),
        DIR_ROW("backups", backups_table, .folder = FOLDER_BACKUPS, .mtime = fleet_mtime,
                .help = "copy a policy in to back up"),
        DIR_ROW("restores", restores_table, .folder = FOLDER_RESTORES, .mtime = fleet_mtime,
                .help = "copy a restore in to restore"),
        DIR_ROW("migrations", migrations_table, .folder = FOLDER_MIGRATIONS, .mtime = fleet_mtime,
                .help = "make a folder, link clusters, start"),
        DIR_ROW(".trash", trash_table, .flags = NODE_HIDDEN, .mtime = fleet_mtime,
                .help = "files that were removed, for 30 days: copy one back"),
};
const struct node_table fleet_table = NODE_TABLE(fleet_rows);

static bool fleet_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->fleet = model_fleet(dir->model, name);
        return child->fleet != NULL;
}

static bool fleet_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct fleet *f = cursor->at == NULL ? dir->model->fleets
                                                   : ((const struct fleet *)cursor->at)->hh.next;

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

        *ret = (struct node_log){ .bytes = log->bytes,
                .len = log->len,
                .generation = log->generation,
                .mtime = log->last };
}

static int64_t root_mtime(const struct subject *s)
{
        return s->model->started;
}

static const struct node_row fleet_child = {
        .kind = NODE_DIR, .table = &fleet_table, .mtime = fleet_mtime, .help = "one fleet"
};
static const struct node_row root_rows[] = {
        FILE_ROW("README.txt", text_root_readme, .flags = NODE_CONST, .help = "where to begin"),
        FILE_ROW("version", root_version, .flags = NODE_CONST, .help = "version of fleetfs"),
        LOG_ROW("events.jsonl", root_events,
                .help = "what happens, one JSON object per line; tail -F"),
        LIST_ROW(fleet_find, fleet_next, fleet_child, .mtime = root_mtime,
                .help = "one folder per fleet"),
};
const struct node_table root_table = NODE_TABLE(root_rows);
