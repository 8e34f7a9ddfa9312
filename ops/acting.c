/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/acting.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/acting_private.h"
#include "ops/kurator_schema.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/policy.h"

/* ---------------------------------------------------------------- names */

static const char *const acting_extensions[] = { "yaml", "yml", "json" };

bool acting_ext_ok(const char *ext)
{
        for (size_t i = 0; i < ARRAY_SIZE(acting_extensions); i++)
                if (strcmp(ext, acting_extensions[i]) == 0)
                        return true;
        return false;
}

bool acting_name_split(const char *file_name, char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1])
{
        const char *dot = strrchr(file_name, '.');

        if (dot == NULL || dot == file_name || file_name[0] == '.' || file_name[0] == '#' ||
                dot - file_name > ACTING_STEM_MAX)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(acting_extensions); i++) {
                if (strcasecmp(dot + 1, acting_extensions[i]) != 0)
                        continue;
                memcpy(stem, file_name, (size_t)(dot - file_name));
                stem[dot - file_name] = '\0';
                memcpy(ext, dot + 1, strlen(acting_extensions[i]) + 1);
                return true;
        }
        return false;
}

/* ---------------------------------------------------------------- verbs */

static bool document_is(const struct document *d, const char *bytes, size_t len, const char *ext)
{
        return d->bytes != NULL && d->len == len && memcmp(d->bytes, bytes, len) == 0 &&
               strcmp(d->ext, ext) == 0;
}

/*
 * What ran and was unlinked has no grace for a new file of its name: that is no edit but a new run.
 * (An editor renames.) Returns the object that is there then, or NULL.
 */
static struct object *acting_make_room(
        struct engine *e, const struct acting_file *f, struct object *o)
{
        if (o == NULL || !o->own || o->removal_at_ms == 0 || o->removal_renamed ||
                !acting_ran(o, f) || op_type_of(f->kind)->may_remove(e, o, NULL) < 0)
                return o;
        acting_retire(e, o);
        return acting_object(e, f);
}

int acting_create(struct engine *e, const struct acting_file *f, struct err *err)
{
        struct object *o = acting_object(e, f), next;
        bool durable = false;
        int r = acting_writable(e, err);

        if (r == 0) {
                o = acting_make_room(e, f, o);
                r = acting_copy_or_fresh(e, f, o, &next, err);
        }
        if (r < 0)
                return r;
        if (o != NULL && o->own && object_visible_document(o) != NULL &&
                strcmp(object_visible_document(o)->ext, f->ext) == 0 &&
                o->is_folder == f->in_folder)
                return err_set(err, -EEXIST, "%s.%s exists", f->name, f->ext);
        if (o != NULL && o->removal_at_ms != 0) {
                durable = !o->removal_renamed;
                acting_clear_removal(&next);
        }
        r = acting_may_write(o, f, err);
        if (r < 0) {
                if (o != NULL && o->removal_at_ms != 0)
                        (void)acting_apply(e, f, &o, &next, durable, NULL);
                return r;
        }
        /* Only the bytes matter after a crash: there are none yet. A removal that is void must stay
         * so, though. */
        if (durable) {
                struct object voided = next;

                r = acting_apply(e, f, &o, &voided, true, err);
                if (r < 0)
                        return r;
        }
        r = acting_draft(e, &next, "", 0, f->ext, 0, err);
        if (r < 0)
                return r;
        next.draft_state = DRAFT_OPEN;
        return acting_apply(e, f, &o, &next, false, err);
}

/* The editor's way back: what is in force is written again over a draft that was refused. */
static bool acting_rolls_back(
        const struct object *o, const char *bytes, size_t len, const char *ext)
{
        switch (o->draft_state) {
        case DRAFT_REJECTED:
        case DRAFT_INERT:
        case DRAFT_INTERRUPTED:
                break;
        case DRAFT_NONE:
        case DRAFT_OPEN:
        case DRAFT_ACCEPTED:
                return false;
        }
        return !o->removed && document_is(&o->in_force, bytes, len, ext);
}

static int acting_roll_back(
        struct engine *e, const struct acting_file *f, struct object *o, struct err *err)
{
        struct object next = *o;

        acting_clear_draft(&next);
        acting_clear_removal(&next);
        return acting_apply(e, f, &o, &next, true, err);
}

/* No tool makes such a name for itself: who wrote it waits for what the document says. */
int acting_check_ext(const struct acting_file *f, struct err *err)
{
        char name[ACTING_STEM_MAX + ACTING_EXT_MAX + 2], *p;

        if (acting_ext_ok(f->ext))
                return 0;
        (void)snprintf(name, sizeof(name), "%s.%s", f->in_folder ? "policy" : f->name, f->ext);
        err_set(err, -EINVAL, "the extension of \"%s\" is not in lower case", name);
        err_id(err, ERR_ID_BAD_EXTENSION);
        for (p = name; *p != '\0'; p++)
                if (*p >= 'A' && *p <= 'Z')
                        *p = (char)(*p - 'A' + 'a');
        err_remedy(err, "write it as %s", name);
        return -EINVAL;
}

static int acting_judge(struct engine *e, const struct acting_file *f, const struct object *o,
        const char *bytes, size_t len, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct object fresh;
        int r = acting_check_ext(f, err);

        if (r == 0 && o == NULL) {
                r = acting_fresh(e, f, &fresh, err);
                o = &fresh;
        }
        return r < 0 ? r : op_type_of(f->kind)->admit(e, o, bytes, len, f->ext, &p, err);
}

/* Judged well: kept as an accepted draft. What cannot be kept is a refused one. */
static int acting_accept(struct engine *e, const struct acting_file *f, struct object **o,
        const char *bytes, size_t len, int64_t mtime_ns, bool released, struct err *err)
{
        struct object next;
        int r = acting_copy_or_fresh(e, f, *o, &next, err);

        if (r == 0)
                r = acting_draft(e, &next, bytes, len, f->ext, mtime_ns, err);
        if (r < 0)
                return r;
        acting_count(&next);
        next.draft_state = f->in_folder ? DRAFT_INERT : DRAFT_ACCEPTED;
        next.draft_released = released;
        acting_clear_removal(&next);
        r = acting_apply(e, f, o, &next, true, err);
        if (r == 0)
                engine_event(e, "WriteAccepted", (*o)->fleet, "kind", object_kind_name(f->kind),
                        "name", f->name, NULL);
        return r;
}

int acting_commit(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        int64_t mtime_ns, uint64_t *write, struct err *err)
{
        struct object *o = acting_object(e, f);
        const uint64_t before = *write;
        struct err why = ERR_INIT;
        int r = acting_writable(e, &why);

        *write = 0;
        if (r == 0 && o == NULL)
                r = err_set(&why, -ENOENT, "%s.%s was removed", f->name, f->ext);
        if (r == 0)
                r = acting_may_write(o, f, &why);
        if (r < 0) {
                err_copy(err, &why);
                return r;
        }
        if (acting_rolls_back(o, bytes, len, f->ext))
                return acting_roll_back(e, f, o, err);
        r = acting_judge(e, f, o, bytes, len, &why);
        if (r == 0) {
                r = acting_accept(e, f, &o, bytes, len, mtime_ns, false, &why);
                if (r == 0) {
                        *write = f->in_folder ? 0 : o->draft.write;
                        return 0;
                }
        }
        err_copy(err, &why);
        return acting_keep_refused(e, f, bytes, len, before, &why);
}

static void acting_why_interrupted(int exit_code, struct err *why)
{
        if (exit_code & 0x7f)
                err_set(why, -EINTR, "the writer was ended by signal %d before it was done",
                        exit_code & 0x7f);
        else
                err_set(why, -EINTR, "the writer ended with status %d", (exit_code >> 8) & 0xff);
        err_id(why, "FLT-0255");
        err_remedy(why, "write it again, or `echo start > ctl`");
}

int acting_finish(struct engine *e, const struct acting_file *f, uint64_t write, int exit_code,
        struct err *err)
{
        struct object *o = acting_object(e, f);
        struct err why = ERR_INIT;

        if (o == NULL || write == 0 || o->draft_state != DRAFT_ACCEPTED ||
                o->draft.write != write)
                return 0;
        if (exit_code == 0)
                return acting_start(e, o, err);
        acting_why_interrupted(exit_code, &why);
        return acting_interrupt(e, f, o, &why, err);
}

int acting_finish_empty(
        struct engine *e, const struct acting_file *f, bool replace, int exit_code, struct err *err)
{
        struct object *o = acting_object(e, f), next;
        struct err why = ERR_INIT;
        int r = acting_writable(e, err);

        if (r < 0 || o == NULL || (!replace && (o->draft_state != DRAFT_OPEN || o->draft.len > 0)))
                return r;
        r = acting_may_write(o, f, err);
        if (r < 0)
                return r;
        (void)acting_judge(e, f, o, "", 0, &why);
        if (strcmp(why.id, ERR_ID_BAD_NAME) == 0 || strcmp(why.id, ERR_ID_BAD_EXTENSION) == 0) {
                err_copy(err, &why);
                return acting_keep_refused(e, f, "", 0, 0, &why);
        }
        next = *o;
        r = acting_draft(e, &next, "", 0, f->ext, replace ? 0 : o->draft.mtime_ns, err);
        if (r < 0)
                return r;
        acting_count(&next);
        next.draft_state = exit_code == 0 ? DRAFT_INERT : DRAFT_INTERRUPTED;
        if (exit_code != 0) {
                acting_why_interrupted(exit_code, &next.draft_err);
                next.draft_at = clock_realtime();
        }
        return acting_apply(e, f, &o, &next, true, err);
}

int acting_sync(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        struct err *err)
{
        struct object *o = acting_object(e, f), next;
        struct document d = { .bytes = NULL };
        int r = acting_writable(e, err);

        if (r < 0 || o == NULL)
                return r;
        r = acting_may_write(o, f, err);
        if (r < 0)
                return r;
        r = document_set(&d, bytes, len, f->ext, clock_realtime() * NS_PER_SEC);
        if (r < 0)
                return err_set(err, r, "keep %s", f->name);
        next = *o;
        next.synced = d;
        engine_publish(e);
        r = object_save(e, &next, err);
        if (r < 0) {
                document_done(&d);
                acting_keep_as_is(e, o, &next);
                return r;
        }
        engine_write(e);
        document_done(&o->synced);
        o->synced = d;
        return 0;
}

int acting_touch(struct engine *e, const struct acting_file *f, int64_t mtime_ns, bool now,
        struct err *err)
{
        struct object *o = acting_object(e, f);
        const struct document *visible = o != NULL ? object_visible_document(o) : NULL;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (visible == NULL)
                return err_set(err, -ENOENT, "%s.%s is not there", f->name, f->ext);
        if (!o->own)
                return acting_not_ours(o, -EPERM, err);
        if (now && acting_ran(o, f))
                return acting_refuse_ran(f, err);
        if (visible == &o->draft && o->draft_state == DRAFT_REJECTED)
                return 0;
        engine_write(e);
        if (visible == &o->draft)
                o->draft.mtime_ns = mtime_ns;
        else
                o->in_force.mtime_ns = mtime_ns;
        model_touch_object(o, false);
        /* What is open is nothing that a crash is to leave. */
        if (visible != &o->draft || o->draft_state != DRAFT_OPEN)
                engine_dirty(e, o);
        return 0;
}

/* ---------------------------------------------------------------- renames */

static bool acting_comes_back(const struct object *o, const struct acting_file *f,
        const struct acting_origin *origin, const char *bytes, size_t len)
{
        if (o == NULL || origin == NULL || !origin->set || origin->kind != f->kind ||
                strcmp(origin->fleet, f->fleet) != 0 || strcmp(origin->name, f->name) != 0 ||
                !document_is(&o->in_force, bytes, len, f->ext))
                return false;
        /* A schedule that was retired by now has to start again; a restore never does. */
        return !o->removed || op_type_of(f->kind)->one_shot;
}

int acting_rename_in(struct engine *e, const struct acting_file *f,
        const struct acting_origin *origin, const char *bytes, size_t len, int64_t mtime_ns,
        struct err *err)
{
        struct object *o = acting_object(e, f);
        struct err why = ERR_INIT;
        int r = acting_writable(e, &why);

        if (r == 0 && o != NULL && o->own && acting_comes_back(o, f, origin, bytes, len)) {
                struct object next = *o;

                next.removed = false;
                acting_clear_draft(&next);
                acting_clear_removal(&next);
                return acting_apply(e, f, &o, &next, true, err);
        }
        if (r == 0) {
                o = acting_make_room(e, f, o);
                r = acting_may_write(o, f, &why);
        }
        if (r < 0) {
                err_copy(err, &why);
                return r;
        }
        if (o != NULL && acting_rolls_back(o, bytes, len, f->ext))
                return acting_roll_back(e, f, o, err);
        r = acting_judge(e, f, o, bytes, len, &why);
        if (r == 0)
                r = acting_accept(e, f, &o, bytes, len, mtime_ns, true, &why);
        if (r < 0) {
                err_copy(err, &why);
                return acting_keep_refused(e, f, NULL, 0, 0, &why);
        }
        return f->in_folder ? 0 : acting_start(e, o, err);
}
