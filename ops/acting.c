/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/acting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/acting_private.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/store.h"

/* ---------------------------------------------------------------- names */

bool acting_name_split(const char *file_name, char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1])
{
        static const char *const extensions[] = { "yaml", "yml", "json" };
        const char *dot = strrchr(file_name, '.');

        if (dot == NULL || dot == file_name || file_name[0] == '.' || file_name[0] == '#' ||
                dot - file_name > ACTING_STEM_MAX)
                return false;
        for (size_t i = 0; i < ARRAY_SIZE(extensions); i++) {
                if (strcmp(dot + 1, extensions[i]) != 0)
                        continue;
                memcpy(stem, file_name, (size_t)(dot - file_name));
                stem[dot - file_name] = '\0';
                memcpy(ext, extensions[i], strlen(extensions[i]) + 1);
                return true;
        }
        return false;
}

static int64_t now_ns(void)
{
        return clock_realtime() * NS_PER_SEC;
}

static bool document_is(const struct document *d, const char *bytes, size_t len, const char *ext)
{
        return d->bytes != NULL && d->len == len && memcmp(d->bytes, bytes, len) == 0 &&
               strcmp(d->ext, ext) == 0;
}

/* ---------------------------------------------------------------- may it be written? */

static int refuse_ran(const struct acting_file *f, struct err *err)
{
        err_set(err, -EEXIST, "%s %s ran already: %ss run once",
                f->kind == OBJECT_RESTORE ? "restore" : "migration", f->name,
                f->kind == OBJECT_RESTORE ? "restore" : "migration");
        err_id(err, "FLT-0250");
        err_remedy(err, "use a new name, or `echo retry > %s/ctl`", f->name);
        return -EEXIST;
}

static bool acting_ran(const struct object *o, const struct acting_file *f)
{
        return op_type_of(f->kind)->one_shot && !f->in_folder && o->in_force.bytes != NULL &&
               !o->removed;
}

static int acting_not_ours(const struct object *o, int code, struct err *err)
{
        err_set(err, code, "%s was made by store %s", o->name, o->owner);
        err_id(err, "FLT-0252");
        err_remedy(err, "`echo adopt > %s/ctl` takes it over", o->name);
        return code;
}

static int acting_frozen(const struct object *o, struct err *err)
{
        err_set(err, -EBUSY, "migration %s has started: its links and its policy are frozen",
                o->name);
        err_id(err, "FLT-0426");
        err_remedy(err, "make another migration");
        return -EBUSY;
}

/* What forbids any new bytes under the name, whatever they are. `o` may be NULL. */
static int acting_may_write(const struct object *o, const struct acting_file *f, struct err *err)
{
        const struct document *d;

        if (o == NULL) {
                if (!f->in_folder)
                        return 0;
                return err_set(err, -ENOENT, "migration %s is gone", f->name);
        }
        if (!o->own)
                return acting_not_ours(o, -EEXIST, err);
        if (f->in_folder) {
                if (!o->is_folder)
                        return err_set(
                                err, -EPERM, "migration %s was made from a document", f->name);
                if (o->started)
                        return acting_frozen(o, err);
        } else if (o->is_folder) {
                err_set(err, -EEXIST, "%s is a folder: one migration for each name", f->name);
                err_id(err, "FLT-0249");
                err_remedy(err, "write %s/policy.%s", f->name, f->ext);
                return -EEXIST;
        }
        d = object_visible_document(o);
        if (d != NULL && strcmp(d->ext, f->ext) != 0) {
                err_set(err, -EEXIST, "the name %s belongs to %s.%s", f->name,
                        f->in_folder ? "policy" : f->name, d->ext);
                err_id(err, "FLT-0249");
                err_remedy(err, "remove that file first, or choose another name");
                return -EEXIST;
        }
        return acting_ran(o, f) ? refuse_ran(f, err) : 0;
}

/* ---------------------------------------------------------------- drafts */

static int acting_draft(struct engine *e, struct object *next, const char *bytes, size_t len,
        const char *ext, int64_t mtime_ns, struct err *err)
{
        struct acting *a = acting_get(e);
        int r;

        if (a == NULL)
                return err_set(err, -ENOMEM, "keep %s", next->name);
        next->draft = next->synced = (struct document){ .bytes = NULL };
        r = document_set(&next->draft, bytes, len, ext, mtime_ns != 0 ? mtime_ns : now_ns());
        if (r < 0)
                return err_set(err, r, "keep %s", next->name);
        next->draft.write = ++a->writes;
        next->draft_released = next->draft_loaded = false;
        err_clear(&next->draft_err);
        next->draft_at = 0;
        return 0;
}

/* The draft is a write that was judged: not what a CREATE or an fsync made of it. */
static void acting_count(struct object *next)
{
        next->draft.generation = ++next->writes;
}

static int acting_copy_or_fresh(struct engine *e, const struct acting_file *f,
        const struct object *o, struct object *next, struct err *err)
{
        if (o == NULL)
                return acting_fresh(e, f, next, err);
        *next = *o;
        return 0;
}

/*
 * A refusal: `bytes` become the draft, or with NULL stay what they are (a refused rename leaves the
 * original). What cannot be stored is kept in memory at least: the reason must show in any case.
 * What was accepted of another write than `mine` stays; the refusal is told beside it. Returns
 * why->code.
 */
static int acting_keep_inert(struct engine *e, const struct acting_file *f, const char *bytes,
        size_t len, uint64_t mine, enum draft_state state, const struct err *why)
{
        struct object *o = acting_object(e, f), next, again;
        const char *ext = f->ext;
        int r = acting_copy_or_fresh(e, f, o, &next, NULL);

        /* What another writer is about to commit, or has, is not disturbed by a rename that did not
         * happen. */
        if (r == 0 && bytes == NULL &&
                (next.draft_state == DRAFT_OPEN || next.draft_state == DRAFT_ACCEPTED))
                return why->code;
        if (r == 0 && next.draft_state == DRAFT_ACCEPTED && next.draft.write != mine) {
                acting_set_refusal(e, o, "a write", why);
                engine_event(e, "WriteRefused", o->fleet, "kind", object_kind_name(f->kind), "name",
                        f->name, "code", why->id, "message", why->msg, NULL);
                return why->code;
        }
        if (r == 0 && bytes != NULL)
                r = acting_draft(e, &next, bytes, len, ext, 0, NULL);
        if (r < 0)
                return why->code;
        if (bytes != NULL)
                acting_count(&next);
        next.draft_state = state;
        next.draft_err = *why;
        next.draft_at = clock_realtime();
        again = next;
        if (bytes != NULL) {
                /* acting_apply() takes the draft also when it fails. */
                again.draft = (struct document){ .bytes = NULL };
                (void)document_set(&again.draft, bytes, len, ext, next.draft.mtime_ns);
                again.draft.generation = next.draft.generation;
                again.draft.write = next.draft.write;
        }
        if (acting_apply(e, f, &o, &next, true, NULL) < 0)
                (void)acting_apply(e, f, &o, &again, false, NULL);
        else if (bytes != NULL)
                document_done(&again.draft);
        if (o != NULL)
                engine_event(e,
                        state == DRAFT_REJECTED ? "WriteRefused" : "WriteInterrupted", o->fleet,
                        "kind", object_kind_name(f->kind), "name", f->name, "code", why->id,
                        "message", why->msg, NULL);
        return why->code;
}

static int acting_keep_refused(struct engine *e, const struct acting_file *f, const char *bytes,
        size_t len, uint64_t mine, const struct err *why)
{
        return acting_keep_inert(e, f, bytes, len, mine, DRAFT_REJECTED, why);
}

int acting_refuse(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        uint64_t write, const struct err *why)
{
        struct object *o = acting_object(e, f);

        if (acting_writable(e, NULL) < 0 || acting_may_write(o, f, NULL) < 0)
                return why->code;
        return acting_keep_refused(e, f, bytes, len, write, why);
}

void acting_abandon(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        uint64_t write, const struct err *why)
{
        if (acting_writable(e, NULL) == 0 && acting_may_write(acting_object(e, f), f, NULL) == 0)
                (void)acting_keep_inert(e, f, bytes, len, write, DRAFT_INTERRUPTED, why);
}

int acting_interrupt(struct engine *e, const struct acting_file *f, struct object *o,
        const struct err *why, struct err *err)
{
        struct object next = *o, again;
        int r;

        next.draft_state = DRAFT_INTERRUPTED;
        next.draft_err = *why;
        next.draft_at = clock_realtime();
        next.draft_loaded = next.draft_released = false;
        again = next;
        r = acting_apply(e, f, &o, &next, true, err);
        /* It must not start, whatever the disk says; the engine stores it when it can. */
        if (r < 0 && acting_apply(e, f, &o, &again, false, NULL) == 0)
                engine_dirty(e, o);
        engine_event(e, "WriteInterrupted", o->fleet, "kind", object_kind_name(f->kind), "name",
                f->name, "message", why->msg, NULL);
        return r;
}

/* ---------------------------------------------------------------- starting */

int acting_start(struct engine *e, struct object *o, struct err *err)
{
        struct policy *replaced = NULL;
        int r = acting_start_draft(e, o, &replaced, err);

        policy_free(replaced);
        return r;
}

int acting_start_draft(
        struct engine *e, struct object *o, struct policy **replaced, struct err *err)
{
        const struct op_type *type = op_type_of(o->kind);
        const struct acting_file f = {
                .fleet = o->fleet->name, .kind = o->kind, .name = o->name, .ext = o->draft.ext
        };
        struct policy *p = NULL, *before = o->policy;
        struct err why = ERR_INIT;
        int r = type->admit(e, o, o->draft.bytes, o->draft.len, o->draft.ext, &p, &why);
        bool removed = o->removed;

        if (r < 0) {
                struct document d = { .bytes = NULL };

                err_copy(err, &why);
                /* The bytes are the object's own: they must outlive their replacement. */
                if (document_set(&d, o->draft.bytes, o->draft.len, o->draft.ext, 0) == 0)
                        (void)acting_keep_refused(e,
                                &(struct acting_file){ .fleet = f.fleet,
                                        .kind = f.kind,
                                        .name = f.name,
                                        .ext = d.ext },
                                d.bytes, d.len, o->draft.write, &why);
                document_done(&d);
                return r;
        }
        engine_write(e);
        document_done(&o->in_force);
        o->in_force = o->draft;
        document_done(&o->synced);
        acting_clear_draft(o);
        acting_clear_removal(o);
        o->removed = false;
        o->policy = p;
        type->start(e, o, removed ? NULL : before);
        *replaced = before;
        rollup_object(e, o);
        model_touch_object(o, true);
        engine_dirty(e, o);
        return 0;
}

/* ---------------------------------------------------------------- verbs */

int acting_create(struct engine *e, const struct acting_file *f, struct err *err)
{
        struct object *o = acting_object(e, f), next;
        bool durable = false;
        int r = acting_writable(e, err);

        if (r == 0)
                r = acting_copy_or_fresh(e, f, o, &next, err);
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

static int acting_judge(struct engine *e, const struct acting_file *f, const struct object *o,
        const char *bytes, size_t len, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct object fresh;
        int r = 0;

        if (o == NULL) {
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
        if (strcmp(why.id, "FLT-0230") == 0) {
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
        r = document_set(&d, bytes, len, f->ext, now_ns());
        if (r < 0)
                return err_set(err, r, "keep %s", f->name);
        next = *o;
        next.synced = d;
        engine_publish(e);
        r = object_save(e, &next, err);
        if (r < 0) {
                document_done(&d);
                return r;
        }
        engine_write(e);
        document_done(&o->synced);
        o->synced = d;
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
        if (r == 0)
                r = acting_may_write(o, f, &why);
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

/* ---------------------------------------------------------------- removals */

int acting_may_leave(struct engine *e, const struct acting_file *f, struct err *err)
{
        const struct object *o = acting_object(e, f);
        const struct document *visible = o != NULL ? object_visible_document(o) : NULL;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (visible == NULL || o->is_folder != f->in_folder)
                return err_set(err, -ENOENT, "%s.%s is not there", f->name, f->ext);
        if (!o->own)
                return acting_not_ours(o, -EPERM, err);
        if (f->in_folder && o->started)
                return acting_frozen(o, err);
        return visible == &o->draft ? 0 : op_type_of(f->kind)->may_remove(e, o, err);
}

static int acting_remove(
        struct engine *e, const struct acting_file *f, uint32_t uid, bool renamed, struct err *err)
{
        struct object *o = acting_object(e, f), next;
        int r = acting_may_leave(e, f, err);

        if (r < 0)
                return r;
        next = *o;
        if (object_visible_document(o) == &o->draft) {
                if (!renamed)
                        acting_remember_draft(e, o, uid);
                acting_clear_draft(&next);
                return acting_apply(e, f, &o, &next, true, err);
        }
        acting_clear_draft(&next);
        acting_set_removal(e, &next,
                renamed ? e->options.grace_rename_ms : e->options.grace_unlink_ms, renamed, uid);
        r = acting_apply(e, f, &o, &next, !renamed, err);
        if (r == 0)
                engine_event(e, "PolicyRemoved", o->fleet, "kind", object_kind_name(f->kind),
                        "name", f->name, NULL);
        return r;
}

int acting_rename_away(struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err)
{
        return acting_remove(e, f, uid, true, err);
}

int acting_unlink(struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err)
{
        return acting_remove(e, f, uid, false, err);
}

int acting_unlink_error(
        struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err)
{
        struct object *o = acting_object(e, f), next;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (o != NULL && o->refusal != NULL && o->draft_err.code == 0) {
                acting_set_refusal(e, o, NULL, NULL);
                return 0;
        }
        if (o == NULL || o->draft_state == DRAFT_NONE || o->draft_err.code == 0)
                return err_set(err, -ENOENT, "%s has no draft", f->name);
        acting_remember_draft(e, o, uid);
        acting_set_refusal(e, o, NULL, NULL);
        next = *o;
        acting_clear_draft(&next);
        return acting_apply(e, f, &o, &next, true, err);
}

int acting_touch(struct engine *e, const struct acting_file *f, int64_t mtime_ns, struct err *err)
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
