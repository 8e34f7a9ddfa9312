/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acting, removals: a file is unlinked or renamed away, its error file is unlinked. What is in force goes when its grace is
 * over (acting_time.c), a draft at once.
 */
#include "ops/acting_private.h"

#include <errno.h>

#include "base/cleanup.h"
#include "ops/object.h"
#include "ops/op.h"

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
        /* From now on: whoever takes it back need not wait for the grace. What becomes of a
         * rename-away is its new name's. */
        if (r == 0 && !renamed)
                acting_keep(e, o);
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
