/* SPDX-License-Identifier: Apache-2.0 */
/* A policy whose file is gone and whose removal has not taken effect yet: until when, and how to take it back. */
#include "fs/show.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"

static const char removal_code[] = "FLT-0318";

int64_t show_removal_at(const struct object *o)
{
        return o->removal_at_ms != 0 ? o->removal_at : 0;
}

/* What happens then. */
static const char *removal_effect(const struct object *o)
{
        if (o->kind != OBJECT_BACKUP)
                return "its record goes, what it restored stays";
        return object_is_scheduled(o) ? "its schedule ends on every cluster, every backup stays"
                                      : "what of it is not posted yet is cancelled, every backup stays";
}

static void removal_sentence(const struct object *o, struct buf *out)
{
        char at[RFC3339_SIZE];

        buf_printf(out, "its file was %s: at %s %s; until then that can be taken back",
                o->removal_renamed ? "renamed away" : "removed", rfc3339_format(at, show_removal_at(o)), removal_effect(o));
}

/* How: either of two commands, whichever there are. Only a schedule that is written again is the one that is in force: a
   one-off runs again, and a restore would. */
enum { UNDO_RENAME, UNDO_COPY, UNDOS };

static bool removal_undo(const struct object *o, int which, struct buf *out)
{
        const char *ext = o->in_force.ext;

        buf_reset(out);
        if (which == UNDO_RENAME && o->removal_renamed)
                return buf_printf(out, "mv NAME ../%s.%s", o->name, ext) == 0;
        if (which == UNDO_COPY && object_is_scheduled(o))
                return buf_printf(out, "cp applied.yaml ../%s.%s", o->name, ext) == 0;
        if (which == UNDO_COPY && !o->removal_renamed)
                return buf_printf(out, "write ../%s.%s again: it runs once more", o->name, ext) == 0;
        return false;
}

void show_removal_lines(const struct object *o, struct buf *out)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t told = 0;

        if (show_removal_at(o) == 0)
                return;
        removal_sentence(o, &text);
        show_line(out, "note:", text.data, removal_code);
        for (int i = 0; i < UNDOS; i++)
                if (removal_undo(o, i, &text))
                        show_action(out, &told, "%s", text.data);
}

void show_removal_reason(struct json_writer *w, const struct object *o)
{
        _cleanup_(buf_done) struct buf sentence = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf undo = BUF_INIT(LIMIT_TEXT_BYTES);
        bool has = false;

        if (show_removal_at(o) == 0)
                return;
        removal_sentence(o, &sentence);
        for (int i = 0; i < UNDOS && !has; i++)
                has = removal_undo(o, i, &undo);
        json_open(w, NULL, '{');
        json_string_member(w, "cluster", NULL);
        show_reason_members(w, removal_code, sentence.data, 0, has ? undo.data : NULL);
        json_string_member(w, "subPolicy", NULL);
        json_close(w);
}
