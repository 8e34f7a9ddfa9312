/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writable folders: backups/, restores/, migrations/. Each shows README.txt, one folder and
 * perhaps one .error.txt per object, and the user's own files.
 */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "fs/show.h"
#include "fs/texts.h"
#include "ops/acting.h"
#include "ops/kurator_schema.h"

/* ---------------------------------------------------------------- <name>/ */

static bool object_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->object = fleet_object(dir->fleet, folder_object_kind(dir->folder), name);
        return child->object != NULL && object_folder_shows(child->object);
}

static const struct object *object_after(
        const struct subject *dir, const struct node_cursor *cursor)
{
        return cursor->at == NULL ? dir->fleet->objects[folder_object_kind(dir->folder)]
                                  : ((const struct object *)cursor->at)->hh.next;
}

static bool object_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct object *o = object_after(dir, cursor);

        while (o != NULL && !object_folder_shows(o))
                o = o->hh.next;
        if (o == NULL)
                return false;
        cursor->at = o;
        cursor->name = o->name;
        return true;
}

/* ---------------------------------------------------------------- <name>.error.txt */

static const char error_suffix[] = ".error.txt";

bool show_has_refusal(const struct object *o)
{
        return o->draft_err.code != 0 || o->refusal != NULL;
}

static bool error_find(const struct subject *dir, const char *name, struct subject *child)
{
        char stem[NAME_MAX + 1];
        size_t len = strlen(name), suffix = sizeof(error_suffix) - 1;

        if (len <= suffix || strcmp(name + len - suffix, error_suffix) != 0)
                return false;
        snprintf(stem, sizeof(stem), "%.*s", (int)(len - suffix), name);
        child->object = fleet_object(dir->fleet, folder_object_kind(dir->folder), stem);
        return child->object != NULL && show_has_refusal(child->object);
}

static bool error_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct object *o = object_after(dir, cursor);

        while (o != NULL && (!show_has_refusal(o) ||
                                    strlen(o->name) + sizeof(error_suffix) > sizeof(cursor->text)))
                o = o->hh.next;
        if (o == NULL)
                return false;
        cursor->at = o;
        snprintf(cursor->text, sizeof(cursor->text), "%.*s%s",
                (int)(sizeof(cursor->text) - sizeof(error_suffix)), o->name, error_suffix);
        cursor->name = cursor->text;
        return true;
}

/* The line that is wrong, and a caret below the place. A line that may hold a credential is not
 * repeated. */
static void error_excerpt(const struct document *d, const struct err *e, struct buf *out)
{
        enum { EXCERPT_WIDTH = 80 };
        const char *p = d->bytes, *end = d->bytes + d->len, *newline;
        size_t len;

        if (d->bytes == NULL || e->line <= 0 || e->column <= 0 || strcmp(e->id, "FLT-0237") == 0)
                return;
        for (int line = 1; line < e->line && p < end; line++) {
                newline = memchr(p, '\n', (size_t)(end - p));
                p = newline != NULL ? newline + 1 : end;
        }
        newline = p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
        len = (size_t)((newline != NULL ? newline : end) - p);
        /* Columns are characters; only where each is one byte can the caret be sure to point right.
         */
        for (size_t i = 0; i < len; i++)
                if ((unsigned char)p[i] < ' ' || (unsigned char)p[i] > '~')
                        return;
        if (len == 0 || len > EXCERPT_WIDTH || (size_t)e->column > len + 1)
                return;
        buf_printf(out, "%5d | %.*s\n", e->line, (int)len, p);
        buf_puts(out, "      | ");
        buf_pad(out, (size_t)e->column - 1);
        buf_puts(out, "^\n");
}

static const char *refused_ext(const struct object *o)
{
        return o->draft.bytes != NULL && o->draft.ext[0] != '\0' ? o->draft.ext : "yaml";
}

static bool refused_for_extension(const struct object *o)
{
        return strcmp(o->draft_err.id, ERR_ID_BAD_EXTENSION) == 0;
}

/* As its path is beside the error file. The sentence about an extension names it itself: a rename that was refused left none. */
static void refused_file(const struct object *o, struct buf *out)
{
        if (o->draft.bytes == NULL && refused_for_extension(o))
                buf_puts(out, o->name);
        else
                buf_printf(out, "%s%s.%s", o->name, o->is_folder ? "/policy" : "", refused_ext(o));
}

/* "nightly.yaml:3:3: unknown field "tll"". */
static void refused_sentence(const struct object *o, struct buf *out)
{
        const struct err *e = &o->draft_err;

        refused_file(o, out);
        if (e->line > 0)
                buf_printf(out, ":%d:%d", e->line, e->column);
        buf_printf(out, ": %s", e->msg);
}

int show_refusal(const struct object *o, struct buf *out)
{
        const struct err *e = &o->draft_err;

        if (o->refusal != NULL) {
                e = &o->refusal->why;
                buf_printf(out, "%s %s: %s", e->id[0] != '\0' ? e->id : "error:", o->refusal->what,
                        e->msg);
        } else if (e->code != 0) {
                buf_printf(out, "%s ", e->id[0] != '\0' ? e->id : "error:");
                refused_sentence(o, out);
        } else {
                return out->error;
        }
        if (e->remedy[0] != '\0')
                buf_printf(out, "\nremedy: %s", e->remedy);
        return out->error;
}

/* What was refused and left no draft. */
static void refusal_render(const struct object_refusal *r, struct buf *out)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);

        buf_printf(&line, "%s: %s", r->what, r->why.msg);
        show_line(out, r->why.id[0] != '\0' ? r->why.id : "error:", line.data, NULL);
        if (r->why.remedy[0] != '\0')
                show_line(out, "remedy:", r->why.remedy, NULL);
        else if (show_remedy(r->why.id) != NULL)
                show_line(out, "remedy:", show_remedy(r->why.id), NULL);
        show_line(out, "effect:", "none: all is as it was before; this goes with the next operation that is accepted", NULL);
        show_as_of(out, r->at);
}

/* What to do with what was refused, and how this file goes. A rename that was refused left the
 * document under the name that it had. */
static void draft_action(const struct object *o, struct buf *out)
{
        _cleanup_(buf_done) struct buf file = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf error = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf name = BUF_INIT(LIMIT_TEXT_BYTES);
        bool misnamed = strcmp(o->draft_err.id, ERR_ID_BAD_NAME) == 0;

        refused_file(o, &name);
        show_quoted(&file, name.data);
        buf_reset(&name);
        buf_printf(&name, "%s%s", o->name, error_suffix);
        show_quoted(&error, name.data);
        if (refused_for_extension(o) && o->draft.bytes != NULL)
                show_linef(out, "action:", "write it under that name, or discard it: rm %s",
                        file.data);
        else if (refused_for_extension(o))
                show_linef(out, "action:", "save it under that name: this goes then, or by: rm %s",
                        error.data);
        else if (misnamed)
                show_linef(out, "action:", "write it under another name, and discard this one: rm %s",
                        o->draft.bytes != NULL ? file.data : error.data);
        else if (o->draft.bytes != NULL)
                show_linef(out, "action:", "correct %s and write it again, or discard it: rm %s",
                        file.data, error.data);
        else
                show_linef(out, "action:",
                        "correct it and save it again: this goes then, or by: rm %s", error.data);
}

/* Code, place, sentence, remedy: what a person at three in the morning needs, in this order. */
static int draft_render(const struct object *o, struct buf *out)
{
        const struct err *e = &o->draft_err;
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);

        refused_sentence(o, &line);
        show_line(out, e->id[0] != '\0' ? e->id : "error:", line.data, NULL);
        error_excerpt(&o->draft, e, out);
        if (e->remedy[0] != '\0')
                show_line(out, "remedy:", e->remedy, NULL);
        if (o->in_force.bytes != NULL)
                show_linef(out, "effect:",
                        "the write was refused; what was in force before still is: %s/applied.yaml",
                        o->name);
        else
                show_line(out, "effect:", "the write was refused; nothing was started", NULL);
        draft_action(o, out);
        show_as_of(out, o->draft_at);
        return out->error;
}

static int error_render(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;

        if (o->refusal != NULL)
                refusal_render(o->refusal, out);
        if (o->refusal != NULL && o->draft_err.code != 0)
                buf_putc(out, '\n');
        return o->draft_err.code != 0 ? draft_render(o, out) : out->error;
}

static int64_t error_mtime(const struct subject *s)
{
        return s->object->refusal != NULL ? s->object->refusal->at : s->object->draft_at;
}

int show_refusal_value(const struct subject *s, struct buf *out)
{
        return show_refusal(s->object, out);
}

static const struct node_xattr error_xattrs[] = { { "error", show_refusal_value }, { NULL, NULL } };
static const struct node_row error_child = { .kind = NODE_FILE,
        .render = error_render,
        .mtime = error_mtime,
        .flags = NODE_WATCHED | NODE_REMOVABLE,
        .xattrs = error_xattrs,
        .help = "why the last operation was refused" };

/* ---------------------------------------------------------------- folders */

static int phase_xattr(const struct subject *s, struct buf *out)
{
        return buf_puts(out, phase_text(show_object_phase(s->object)));
}

static int64_t object_mtime(const struct subject *s)
{
        return s->object->changed;
}

static const struct node_xattr object_xattrs[] = { { "phase", phase_xattr },
        { "error", show_refusal_value }, { NULL, NULL } };
static const struct node_row backup_child = { .kind = NODE_DIR,
        .table = &backup_table,
        .mtime = object_mtime,
        .help = "the status of one backup",
        .xattrs = object_xattrs };
static const struct node_row restore_child = { .kind = NODE_DIR,
        .table = &restore_table,
        .mtime = object_mtime,
        .help = "the status of one restore",
        .xattrs = object_xattrs };
static const struct node_row migration_child = { .kind = NODE_DIR,
        .table = &migration_table,
        .mtime = object_mtime,
        .help = "the status of one migration",
        .folder = FOLDER_MIGRATION,
        .xattrs = object_xattrs };

#define FOLDER_ROWS(child)                                                                   \
        FILE_ROW("README.txt", text_readme, .flags = NODE_CONST, .help = "what to do here"), \
                LIST_ROW(object_find, object_next, child,                                    \
                        .help = "the status folder of each object"),                         \
                LIST_ROW(error_find, error_next, error_child,                                \
                        .help = "why the last operation, or write, was refused; only while it is"),         \
                USER_ROW(.help = "the user's files")

static const struct node_row backups_rows[] = { FOLDER_ROWS(backup_child) };
static const struct node_row restores_rows[] = { FOLDER_ROWS(restore_child) };
static const struct node_row migrations_rows[] = { FOLDER_ROWS(migration_child) };
const struct node_table backups_table = NODE_TABLE(backups_rows);
const struct node_table restores_table = NODE_TABLE(restores_rows);
const struct node_table migrations_table = NODE_TABLE(migrations_rows);

/* targets/ holds nothing but the user's links. */
static const struct node_row targets_rows[] = {
        USER_ROW(.help = "links to the clusters to migrate to"),
};
const struct node_table targets_table = NODE_TABLE(targets_rows);
