/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acting, drafts: who may write under a name, how a write is kept beside what is in force, and how it comes into force.
 */
#include "ops/acting_private.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/rollup.h"

/* ---------------------------------------------------------------- may it be written? */

int acting_refuse_ran(const struct acting_file *f, struct err *err)
{
        err_set(err, -EEXIST, "%s %s ran already: %ss run once", object_kind_name(f->kind), f->name,
                object_kind_name(f->kind));
        err_id(err, "FLT-0250");
        if (strchr(f->name, '@') != NULL)
                err_remedy(err, "rm it, then touch it again, or `echo retry > %s/ctl`", f->name);
        else
                err_remedy(err, "use a new name, or `echo retry > %s/ctl`", f->name);
        return -EEXIST;
}

bool acting_ran(const struct object *o, const struct acting_file *f)
{
        return op_type_of(f->kind)->one_shot && !f->in_folder && o->in_force.bytes != NULL &&
               !o->removed;
}

int acting_not_ours(const struct object *o, int code, struct err *err)
{
        err_set(err, code, "%s was made by store %s", o->name, o->owner);
        err_id(err, "FLT-0252");
        err_remedy(err, "`echo adopt > %s/ctl` takes it over", o->name);
        return code;
}

int acting_frozen(const struct object *o, struct err *err)
{
        err_set(err, -EBUSY, "migration %s has started: its links and its policy are frozen",
                o->name);
        err_id(err, "FLT-0426");
        err_remedy(err, "make another migration");
        return -EBUSY;
}

int acting_may_write(const struct object *o, const struct acting_file *f, struct err *err)
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
                err_remedy(err, "write %s/policy.%s", f->name, acting_ext_ok(f->ext) ? f->ext : "yaml");
                return -EEXIST;
        }
        d = object_visible_document(o);
        /* A draft that can only be refused does not stand in the way of the name that it should have. */
        if (d != NULL && strcmp(d->ext, f->ext) != 0 && (acting_ext_ok(d->ext) || !acting_ext_ok(f->ext))) {
                err_set(err, -EEXIST, "the name %s belongs to %s.%s", f->name,
                        f->in_folder ? "policy" : f->name, d->ext);
                err_id(err, "FLT-0249");
                if (acting_ext_ok(f->ext))
                        err_remedy(err, "remove that file first, or choose another name");
                else
                        err_remedy(err, "write it as %s.%s, or choose another name",
                                f->in_folder ? "policy" : f->name, d->ext);
                return -EEXIST;
        }
        return acting_ran(o, f) ? acting_refuse_ran(f, err) : 0;
}

/* ---------------------------------------------------------------- drafts */

int acting_draft(struct engine *e, struct object *next, const char *bytes, size_t len,
        const char *ext, int64_t mtime_ns, struct err *err)
{
        struct acting *a = acting_get(e);
        int r;

        if (a == NULL)
                return err_set(err, -ENOMEM, "keep %s", next->name);
        next->draft = next->synced = (struct document){ .bytes = NULL };
        r = document_set(&next->draft, bytes, len, ext, mtime_ns != 0 ? mtime_ns : clock_realtime() * NS_PER_SEC);
        if (r < 0)
                return err_set(err, r, "keep %s", next->name);
        next->draft.write = ++a->writes;
        next->draft_released = next->draft_loaded = false;
        err_clear(&next->draft_err);
        next->draft_at = 0;
        return 0;
}

void acting_count(struct object *next)
{
        next->draft.generation = ++next->writes;
}

int acting_copy_or_fresh(struct engine *e, const struct acting_file *f,
        const struct object *o, struct object *next, struct err *err)
{
        if (o == NULL)
                return acting_fresh(e, f, next, err);
        *next = *o;
        return 0;
}

/* acting_keep_refused(), with a `state` of its own. */
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
        if (acting_apply(e, f, &o, &next, true, NULL) < 0) {
                /* In memory it is refused at least; the engine stores it when it can. */
                if (acting_apply(e, f, &o, &again, false, NULL) == 0 && o != NULL)
                        engine_dirty(e, o);
        } else if (bytes != NULL) {
                document_done(&again.draft);
        }
        if (o != NULL)
                engine_event(e,
                        state == DRAFT_REJECTED ? "WriteRefused" : "WriteInterrupted", o->fleet,
                        "kind", object_kind_name(f->kind), "name", f->name, "code", why->id,
                        "message", why->msg, NULL);
        return why->code;
}

int acting_keep_refused(struct engine *e, const struct acting_file *f, const char *bytes,
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
        int r = acting_check_ext(&f, &why);
        bool removed = o->removed;

        if (r == 0)
                r = type->admit(e, o, o->draft.bytes, o->draft.len, o->draft.ext, &p, &why);
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
