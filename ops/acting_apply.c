/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acting, the one setter: every change of a declared object is made on a copy, stored, and only
 * then put into the model. So nothing shows that a crash could take back, and no reader waits for
 * the disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/acting_private.h"
#include "ops/object.h"
#include "ops/rollup.h"
#include "ops/store.h"

int acting_writable(const struct engine *e, struct err *err)
{
        if (e->options.read_only)
                return err_set(err, -EROFS, "the fleet is mounted read-only");
        if (!e->model.store_read_only)
                return 0;
        err_set(err, -EROFS, "another fleetfs (%s) holds the store", e->model.store_holder);
        err_remedy(err, "write in its mount, or give this one a state directory of its own");
        return -EROFS;
}

struct object *acting_object(const struct engine *e, const struct acting_file *f)
{
        struct fleet *fleet = model_fleet(&e->model, f->fleet);

        return fleet != NULL ? fleet_object(fleet, f->kind, f->name) : NULL;
}

int acting_fresh(struct engine *e, const struct acting_file *f, struct object *ret, struct err *err)
{
        struct fleet *fleet = model_fleet(&e->model, f->fleet);

        if (fleet == NULL)
                return err_set(err, -ESTALE, "fleet %s is gone", f->fleet);
        *ret = (struct object){ .fleet = fleet, .kind = f->kind, .own = true, .phase = PHASE_NONE };
        snprintf(ret->name, sizeof(ret->name), "%s", f->name);
        snprintf(ret->owner, sizeof(ret->owner), "%s", e->model.store_id);
        ret->created = clock_realtime();
        return 0;
}

void acting_clear_draft(struct object *next)
{
        next->draft = next->synced = (struct document){ .bytes = NULL };
        next->draft_state = DRAFT_NONE;
        err_clear(&next->draft_err);
        next->draft_at = 0;
        next->draft_released = next->draft_loaded = false;
}

void acting_clear_removal(struct object *next)
{
        next->removal_at_ms = 0;
        next->removal_renamed = false;
        next->removal_uid = 0;
        next->file_gone = false;
}

void acting_set_removal(
        struct engine *e, struct object *next, int64_t grace_ms, bool renamed, uint32_t uid)
{
        next->removal_at_ms = clock_boottime_ms() + grace_ms;
        next->removal_at = clock_realtime() + (grace_ms + 999) / 1000;
        next->removal_renamed = renamed;
        next->removal_uid = uid;
        next->file_gone = true;
}

bool object_is_void(const struct object *o)
{
        return o->in_force.bytes == NULL && o->draft_state == DRAFT_NONE && o->n_runs == 0 &&
               o->standing == NULL && !o->is_folder;
}

static void acting_copy(struct object *o, const struct object *next)
{
        if (o->draft.bytes != next->draft.bytes)
                document_done(&o->draft);
        o->draft = next->draft;
        if (o->synced.bytes != next->synced.bytes)
                document_done(&o->synced);
        o->synced = next->synced;
        o->draft_state = next->draft_state;
        o->draft_err = next->draft_err;
        o->draft_at = next->draft_at;
        o->writes = next->writes;
        o->draft_released = next->draft_released;
        o->draft_loaded = next->draft_loaded;
        o->file_gone = next->file_gone;
        o->removal_at_ms = next->removal_at_ms;
        o->removal_at = next->removal_at;
        o->removal_renamed = next->removal_renamed;
        o->removal_uid = next->removal_uid;
        o->removed = next->removed;
        o->is_folder = next->is_folder;
}

void acting_keep_as_is(struct engine *e, struct object *o, const struct object *next)
{
        if (!store_is_unsure(e->store))
                return;
        if (o != NULL)
                engine_dirty(e, o);
        else if (!object_is_void(next))
                (void)object_delete(e, next, NULL);
}

int acting_apply(struct engine *e, const struct acting_file *f, struct object **o,
        struct object *next, bool durable, struct err *err)
{
        char *drop =
                *o == NULL || (*o)->draft.bytes != next->draft.bytes ? next->draft.bytes : NULL;
        int r = 0;

        if (durable) {
                engine_publish(e);
                r = object_is_void(next) ? object_delete(e, next, err) : object_save(e, next, err);
                if (r < 0) {
                        object_tell_unstored(err);
                        acting_keep_as_is(e, *o, next);
                }
        }
        if (r == 0 && *o == NULL && !object_is_void(next)) {
                engine_write(e);
                *o = fleet_add_object(next->fleet, next->kind, next->name);
                if (*o != NULL) {
                        memcpy((*o)->owner, next->owner, sizeof(next->owner));
                        (*o)->own = next->own;
                        (*o)->created = next->created;
                } else {
                        r = err_set(err, -ENOMEM, "keep %s", f->name);
                        if (durable)
                                (void)object_delete(e, next, NULL);
                }
        }
        if (r < 0) {
                free(drop);
                return r;
        }
        if (*o == NULL)
                return 0;
        engine_write(e);
        acting_copy(*o, next);
        model_touch_object(*o, true);
        if (object_is_void(*o)) {
                engine_forget(e, *o);
                fleet_remove_object(*o);
                *o = NULL;
                return 0;
        }
        rollup_object(e, *o);
        if ((*o)->removal_at_ms != 0)
                acting_arm(e, (*o)->removal_at_ms);
        return 0;
}
