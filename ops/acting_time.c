/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acting, what time brings: removals whose grace is over, drafts that a crash left, deletions that
 * are taken back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/acting_private.h"
#include "ops/engine_private.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/store.h"
#include "ops/trash.h"

/* ---------------------------------------------------------------- the timer */

static void acting_on_timer(void *arg)
{
        struct engine *e = arg;

        e->acting->timer_at = INT64_MAX;
        engine_publish(e);
        acting_arm(e, acting_tick(e, clock_boottime_ms()));
}

struct acting *acting_get(struct engine *e)
{
        if (e->acting != NULL)
                return e->acting;
        e->acting = calloc(1, sizeof(*e->acting));
        if (e->acting == NULL)
                return NULL;
        loop_timer_init(&e->acting->timer, acting_on_timer, e);
        e->acting->timer_at = INT64_MAX;
        return e->acting;
}

void acting_arm(struct engine *e, int64_t at_ms)
{
        struct acting *a = acting_get(e);

        if (a == NULL || e->loop == NULL || at_ms >= a->timer_at)
                return;
        a->timer_at = at_ms;
        loop_timer_at(e->loop, &a->timer, at_ms);
}

void acting_stop(struct engine *e)
{
        struct acting *a = e->acting;

        if (a == NULL)
                return;
        if (e->loop != NULL)
                loop_timer_cancel(e->loop, &a->timer);
        for (size_t i = 0; i < a->n_undos; i++) {
                document_done(&a->undos[i].draft);
                member_link_done(&a->undos[i].link);
        }
        free(a->undos);
        strv_done(&a->dropped);
        free(a);
        e->acting = NULL;
}

/* ---------------------------------------------------------------- objects that go */

void acting_drop(struct engine *e, struct object *o)
{
        struct acting *a = acting_get(e);

        if (o->own && a != NULL &&
                strv_printf(&a->dropped, "%s\n%d\n%s", o->fleet->name, (int)o->kind, o->name) == 0)
                acting_arm(e, 0);
        engine_forget(e, o);
        model_touch_object(o, true);
        fleet_remove_object(o);
}

/* A record that could not be deleted shows again after the next start, as removed, and goes then.
 */
static void acting_delete_dropped(struct engine *e)
{
        struct strv dropped = { 0 };

        strv_move(&dropped, &e->acting->dropped);
        for (size_t i = 0; i < dropped.n; i++) {
                char *kind = strchr(dropped.v[i], '\n') + 1, *name = strchr(kind, '\n') + 1;
                struct acting_file f = {
                        .fleet = dropped.v[i], .kind = (enum object_kind)atoi(kind), .name = name
                };
                struct object o;

                kind[-1] = name[-1] = '\0';
                if (acting_object(e, &f) == NULL && acting_fresh(e, &f, &o, NULL) == 0) {
                        engine_publish(e);
                        (void)object_delete(e, &o, NULL);
                }
        }
        strv_done(&dropped);
}

void acting_keep(struct engine *e, struct object *o)
{
        struct err err = ERR_INIT;

        engine_publish(e);
        if (trash_keep(e, o, &err) < 0)
                engine_event(e, "TrashFailed", o->fleet, "name", o->name, "message", err.msg, NULL);
}

void acting_retire(struct engine *e, struct object *o)
{
        /* An unlink has kept it already, unless the disk was full. */
        if (o->removal_renamed || !trash_has(o))
                acting_keep(e, o);
        engine_write(e);
        acting_clear_removal(o);
        o->file_gone = o->removed = true;
        engine_event(e, "PolicyRetired", o->fleet, "kind", object_kind_name(o->kind), "name",
                o->name, NULL);
        op_type_of(o->kind)->retire(e, o);
        rollup_object(e, o);
        model_touch_object(o, true);
        engine_dirty(e, o);
        if (o->n_runs == 0 && o->draft_state == DRAFT_NONE &&
                (op_type_of(o->kind)->owes == NULL || !op_type_of(o->kind)->owes(o)))
                acting_drop(e, o);
        else
                engine_object_shrunk(e, o);
}

/* ---------------------------------------------------------------- after a crash */

/* The writer that has fsynced this will not come back. */
static void acting_take_synced(struct object *o)
{
        const struct document d = o->synced;

        document_done(&o->draft);
        acting_clear_draft(o);
        o->draft = d;
        o->draft.generation = ++o->writes;
        o->draft_state = DRAFT_INTERRUPTED;
        o->draft_at = d.mtime_ns / NS_PER_SEC;
        err_set(&o->draft_err, -EINTR, "fleetfs ended before the writer was done");
        err_id(&o->draft_err, "FLT-0406");
        err_remedy(&o->draft_err, "write it again, or `echo start > ctl`");
}

void acting_loaded(struct engine *e, struct object *o)
{
        /* Records of before there was a count. */
        if (o->writes < o->in_force.generation)
                o->writes = o->in_force.generation;
        if (o->writes < o->draft.generation)
                o->writes = o->draft.generation;
        /* What was accepted is dealt with first (acting_recover()). */
        if (o->synced.bytes != NULL && o->draft_state != DRAFT_ACCEPTED)
                acting_take_synced(o);
        switch (o->draft_state) {
        case DRAFT_OPEN:
                /* Nothing was ever said to be kept. */
                document_done(&o->draft);
                acting_clear_draft(o);
                if (object_is_void(o)) {
                        acting_drop(e, o);
                        return;
                }
                break;
        case DRAFT_ACCEPTED:
                o->draft_loaded = true;
                acting_arm(e, 0);
                break;
        case DRAFT_NONE:
        case DRAFT_INERT:
        case DRAFT_REJECTED:
        case DRAFT_INTERRUPTED:
                break;
        }
        if (o->removal_at_ms != 0) {
                acting_set_removal(e, o, e->options.grace_unlink_ms, false, o->removal_uid);
                acting_arm(e, o->removal_at_ms);
        }
        /* A policy that the names alone could not bring back. */
        if (o->policy == NULL && o->in_force.bytes != NULL && acting_get(e) != NULL) {
                e->acting->parse_again = true;
                acting_arm(e, 0);
        }
        rollup_object(e, o);
}

/* Accepted, and nobody is left who could finish it. */
static void acting_recover(struct engine *e, struct object *o)
{
        const struct acting_file f = {
                .fleet = o->fleet->name, .kind = o->kind, .name = o->name, .ext = o->draft.ext
        };
        const struct document synced = o->synced;
        struct err why = ERR_INIT;

        o->draft_loaded = false;
        o->synced = (struct document){ .bytes = NULL };
        if (o->draft_released || !op_type_of(o->kind)->one_shot) {
                (void)acting_start(e, o, NULL);
        } else {
                err_set(&why, -EINTR, "fleetfs ended before the writer was done");
                err_id(&why, "FLT-0406");
                err_remedy(&why, "`echo start > %s/ctl` starts it", o->name);
                (void)acting_interrupt(e, &f, o, &why, NULL);
        }
        if (synced.bytes == NULL)
                return;
        engine_write(e);
        o->synced = synced;
        acting_take_synced(o);
        rollup_object(e, o);
        model_touch_object(o, true);
        engine_dirty(e, o);
}

static void acting_parse_again(struct engine *e, struct object *o)
{
        struct policy *p = NULL;
        struct err why = ERR_INIT;

        if (op_type_of(o->kind)->admit(
                    e, o, o->in_force.bytes, o->in_force.len, o->in_force.ext, &p, &why) < 0) {
                engine_event(e, "PolicyUnreadable", o->fleet, "kind", object_kind_name(o->kind),
                        "name", o->name, "message", why.msg, NULL);
                return;
        }
        engine_write(e);
        policy_free(o->policy);
        o->policy = p;
        if (op_type_of(o->kind)->follow != NULL)
                op_type_of(o->kind)->follow(e, o);
        rollup_object(e, o);
}

/* ---------------------------------------------------------------- the tick */

/* May remove o. Returns when it is to be looked at again. */
static int64_t acting_look(struct engine *e, struct object *o, int64_t now_ms, bool parse_again)
{
        if (parse_again && o->own && o->policy == NULL && o->in_force.bytes != NULL &&
                !o->removed && !o->is_folder)
                acting_parse_again(e, o);
        if (o->draft_loaded)
                acting_recover(e, o);
        if (o->removal_at_ms == 0)
                return INT64_MAX;
        if (o->removal_at_ms > now_ms)
                return o->removal_at_ms;
        acting_retire(e, o);
        return INT64_MAX;
}

static void acting_forget_undos(struct acting *a, int64_t now_ms)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_undos; i++) {
                if (a->undos[i].until_ms > now_ms) {
                        a->undos[n++] = a->undos[i];
                        continue;
                }
                document_done(&a->undos[i].draft);
                member_link_done(&a->undos[i].link);
        }
        a->n_undos = n;
}

int64_t acting_tick(struct engine *e, int64_t now_ms)
{
        struct acting *a = acting_get(e);
        struct fleet *f, *ftmp;
        struct object *o, *tmp;
        int64_t next;
        bool parse_again;

        if (a == NULL || acting_writable(e, NULL) < 0)
                return INT64_MAX;
        parse_again = a->parse_again;
        a->parse_again = false;
        if (now_ms >= a->trash_at_ms) {
                a->trash_at_ms = now_ms + LIMIT_TRASH_SWEEP_MS;
                HASH_ITER (hh, e->model.fleets, f, ftmp)
                        trash_sweep(e, f);
        }
        next = a->trash_at_ms;
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                for (int k = 0; k < OBJECT_KINDS; k++)
                        HASH_ITER (hh, f->objects[k], o, tmp) {
                                int64_t at = acting_look(e, o, now_ms, parse_again);

                                if (at < next)
                                        next = at;
                        }
        acting_delete_dropped(e);
        acting_forget_undos(a, now_ms);
        return next;
}

/* ---------------------------------------------------------------- undoing */

static struct acting_undo *acting_remember(struct engine *e, const struct object *o, uint32_t uid)
{
        struct acting *a = acting_get(e);
        struct acting_undo *grown;

        if (a == NULL)
                return NULL;
        acting_forget_undos(a, clock_boottime_ms());
        grown = realloc(a->undos, (a->n_undos + 1) * sizeof(*grown));
        if (grown == NULL)
                return NULL;
        a->undos = grown;
        grown += a->n_undos++;
        *grown = (struct acting_undo){
                .until_ms = clock_boottime_ms() + e->options.grace_unlink_ms,
                .uid = uid,
                .kind = o->kind,
        };
        snprintf(grown->fleet, sizeof(grown->fleet), "%s", o->fleet->name);
        snprintf(grown->name, sizeof(grown->name), "%s", o->name);
        return grown;
}

void acting_remember_draft(struct engine *e, const struct object *o, uint32_t uid)
{
        struct acting_undo *u;

        /* What is being written belongs to its writer still. */
        if (o->draft_state == DRAFT_OPEN || o->draft_state == DRAFT_ACCEPTED ||
                o->draft.bytes == NULL)
                return;
        u = acting_remember(e, o, uid);
        if (u == NULL || document_set(&u->draft, o->draft.bytes, o->draft.len, o->draft.ext,
                                 o->draft.mtime_ns) < 0)
                return;
        u->state = o->draft_state;
        u->why = o->draft_err;
        u->at = o->draft_at;
}

void acting_remember_link(struct engine *e, const struct object *o, const struct member_link *l,
        bool target, uint32_t uid)
{
        struct acting_undo *u = acting_remember(e, o, uid);

        if (u == NULL)
                return;
        u->target = target;
        u->link.name = strdup(l->name);
        u->link.target = strdup(l->target);
        u->link.member = strdup(l->member);
        if (u->link.name == NULL || u->link.target == NULL || u->link.member == NULL)
                member_link_done(&u->link);
}

static void acting_tell_undone(struct engine *e, struct object *o, const char *ext)
{
        struct err why = ERR_INIT;
        char what[300];

        snprintf(what, sizeof(what), "rm %s.%s", o->name, ext);
        err_set(&why, -EPERM,
                "it was undone, because files that nobody can remove were to be removed within seconds of it");
        err_id(&why, "FLT-0253");
        err_remedy(&why, "if it was meant, wait 5 seconds and remove the file by its name");
        acting_set_refusal(e, o, what, &why);
        engine_event(e, "RemovalUndone", o->fleet, "kind", object_kind_name(o->kind), "name",
                o->name, NULL);
}

static void acting_undo_removal(struct engine *e, struct object *o)
{
        const struct acting_file f = {
                .fleet = o->fleet->name, .kind = o->kind, .name = o->name, .ext = o->in_force.ext
        };
        struct object next = *o;

        acting_clear_removal(&next);
        if (acting_apply(e, &f, &o, &next, true, NULL) < 0) {
                /* Protection comes first: in memory it is back, the engine stores it when it can.
                 */
                next = *o;
                acting_clear_removal(&next);
                (void)acting_apply(e, &f, &o, &next, false, NULL);
                engine_dirty(e, o);
        }
        acting_tell_undone(e, o, o->in_force.ext);
}

static void acting_undo_draft(struct engine *e, struct acting_undo *u)
{
        const struct acting_file f = {
                .fleet = u->fleet, .kind = u->kind, .name = u->name, .ext = u->draft.ext
        };
        struct object *o = acting_object(e, &f), next;

        if (o == NULL ? acting_fresh(e, &f, &next, NULL) < 0
                      : o->draft_state != DRAFT_NONE || o->file_gone)
                return;
        if (o != NULL)
                next = *o;
        next.draft = u->draft;
        u->draft = (struct document){ .bytes = NULL };
        next.draft_state = u->state;
        next.draft_err = u->why;
        next.draft_at = u->at;
        if (acting_apply(e, &f, &o, &next, true, NULL) == 0 && o != NULL)
                acting_tell_undone(e, o, o->draft.ext);
}

static void acting_undo_link(struct engine *e, struct acting_undo *u)
{
        const struct acting_file f = { .fleet = u->fleet, .kind = u->kind, .name = u->name };
        struct object *o = acting_object(e, &f);

        if (o == NULL || !o->is_folder || o->started || (!u->target && o->source.name != NULL))
                return;
        for (size_t i = 0; u->target && i < o->n_targets; i++)
                if (strcmp(o->targets[i].name, u->link.name) == 0)
                        return;
        if (acting_set_link(e, o, u->target, &u->link, NULL) == 0)
                engine_event(e, "RemovalUndone", o->fleet, "kind", object_kind_name(o->kind),
                        "name", o->name, NULL);
}

void acting_undo(struct engine *e, uint32_t uid)
{
        struct acting *a = acting_get(e);
        struct fleet *f, *ftmp;
        struct object *o, *tmp;

        if (a == NULL || acting_writable(e, NULL) < 0)
                return;
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                for (int k = 0; k < OBJECT_KINDS; k++)
                        HASH_ITER (hh, f->objects[k], o, tmp)
                                if (o->removal_at_ms != 0 && !o->removal_renamed &&
                                        o->removal_uid == uid)
                                        acting_undo_removal(e, o);
        for (size_t i = 0; i < a->n_undos; i++) {
                struct acting_undo *u = &a->undos[i];

                if (u->uid != uid || u->until_ms <= clock_boottime_ms())
                        continue;
                if (u->draft.bytes != NULL)
                        acting_undo_draft(e, u);
                else if (u->link.name != NULL)
                        acting_undo_link(e, u);
                u->until_ms = 0;
        }
}
