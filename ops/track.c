/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/track.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/location.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "ops/track_private.h"

/* ---------------------------------------------------------------- tying */

/* The object is what the task posted, or was to post: whatever was decided since, it is there. */
static void track_recognise(struct engine *e, struct task *t, const struct belonging *b)
{
        switch (t->state) {
        case TASK_POSTED:
        case TASK_DONE:
        case TASK_CONFLICT:
                return;
        case TASK_PENDING:
        case TASK_CANCELLED:
        case TASK_EXPIRED:
        case TASK_REJECTED:
                break;
        }
        if (!t->sent || (strcmp(t->spec_sha256, b->spec_sha256) != 0 && strcmp(t->posting_sha256, b->spec_sha256) != 0))
                return;
        (void)intern_set(&t->spec_sha256, b->spec_sha256);
        t->given_up = false;
        task_set_state(e, t, TASK_POSTED, NULL);
        task_open(e, t);
}

static void track_tie_schedule(struct engine *e, struct object *o, struct velero_object *v, bool fresh)
{
        struct task *t = standing_tie(e, o, v);

        adopt_wake(e, o, v->member);
        if (t == NULL)
                return;
        if (schedule_is_taken(e, t, v->schedule))
                o->yield_due = true;
        task_refresh(e, t);
        if (fresh)
                task_shown(e, t);
        else
                task_kick(e, t);
}

/* Something of the run goes, or is gone, from the cluster: what a removal there asked for. */
static void track_removal(struct engine *e, const struct run *r, const struct member *c)
{
        for (struct task *t = run_tasks_on(r, c->name); t != NULL; t = t->next_same)
                if (t->unwanted || t->doomed)
                        task_shown(e, t);
}

static bool has_made(const struct run *r, const struct member *c, enum task_verb verb, const char *name)
{
        for (struct task *t = r != NULL ? run_tasks_on(r, c->name) : NULL; t != NULL; t = t->next_same)
                if (t->verb == verb && (t->sent || t->tracked) && strcmp(t->velero_name, name) == 0)
                        return true;
        return false;
}

/* Whether v is known as one that the object made, or its Schedule did: its name is made of its store's id, so no other store
   makes the same. */
static bool track_made(const struct object *o, const struct velero_object *v, const struct belonging *b)
{
        if (b->verb == TASK_BACKUP && b->scheduled && has_made(o->standing, v->member, TASK_SCHEDULE, v->backup->schedule_name))
                return true;
        return has_made(v->kind == VELERO_SCHEDULE ? o->standing : object_run(o, b->run), v->member, b->verb, v->name);
}

/* The object that made v, whose label names another store. NULL: it has its owner's label, or another one made it. */
static struct object *track_maker(const struct velero_object *v, enum object_kind kind, const struct belonging *b)
{
        struct object *o = v->owner_object != NULL ? v->owner_object : track_find_own(v->member->fleet, kind, b);

        return kind == OBJECT_BACKUP && o != NULL && o->kind == kind && !object_owns(o, b->owner) && track_made(o, v, b) ? o :
                                                                                                                        NULL;
}

static void track_tie(struct engine *e, struct velero_object *v, const char *bytes, size_t len)
{
        struct object *before = v->owner_object, *o = NULL;
        struct velero_object *other = NULL;
        struct belonging b;
        struct run *r;
        struct task *t;
        int kind;
        int64_t created = 0;

        if (belonging_of(v, &b) && (kind = belonging_kind(&b)) >= 0 &&
                (b.scheduled ? kind == OBJECT_BACKUP : stamp_parse_run(b.run, &created, NULL) == 0)) {
                o = track_maker(v, (enum object_kind)kind, &b);
                if (o != NULL && !object_is_scheduled(o))
                        o->yield_due = true;
                if (o == NULL)
                        o = track_object(e, v->member->fleet, (enum object_kind)kind, &b);
        }
        velero_set_owner(v, o);
        if (before != NULL && before != o) {
                if (v->kind == VELERO_SCHEDULE)
                        standing_untie(e, before, v);
                engine_object_shrunk(e, before);
        }
        if (o == NULL)
                return;
        if (v->kind == VELERO_SCHEDULE) {
                track_adopt_policy(e, o, v->schedule->created, true, bytes, len);
                track_tie_schedule(e, o, v, before == NULL);
                return;
        }
        if (b.scheduled) {
                if (v->run[0] == '\0')
                        other = track_choose_slot(o, v, &b);
                b.run = v->run;
                if (stamp_parse_run(b.run, &created, NULL) < 0)
                        return;
                /* It is named after its second: a run of ours takes a later one. */
                track_note_time(o, v->backup->created);
        }
        track_adopt_policy(e, o, created, false, bytes, len);
        r = track_run(o, b.run, created);
        if (r == NULL)
                return;
        if (v->kind == VELERO_RESTORE && v->restore->deletion != 0)
                track_removal(e, r, v->member);
        t = track_find_task(r, v->member, &b);
        if (t == NULL)
                t = track_add_task(r, v, &b);
        if (t == NULL)
                return;
        /* Attempts of one task differ in their stamp only. A record knows which is the one that counts; else the newest. */
        if (t->tracked && (other != NULL || strcmp(v->name, t->velero_name) > 0)) {
                if (other == NULL)
                        task_keep_name(t);
                snprintf(t->velero_name, sizeof(t->velero_name), "%s", v->name);
                t->state = TASK_POSTED;
        }
        if (strcmp(t->velero_name, v->name) != 0)
                return;
        track_recognise(e, t, &b);
        task_refresh(e, t);
        if (other != NULL)
                track_tie(e, other, NULL, 0);
}

/* What its new owner has shown here under a name of its own is the same object. */
static void track_merge(struct engine *e, struct object *o)
{
        struct fleet *f = o->fleet;
        char name[sizeof(o->name)];
        struct object *x;
        struct list *l;

        snprintf(name, sizeof(name), "%.200s.%.6s", o->name, o->owner);
        while ((x = fleet_object(f, o->kind, name)) != NULL && x != o && !x->own && strcmp(x->owner, o->owner) == 0 &&
                (l = list_first(&x->velero)) != NULL) {
                struct velero_object *v = container_of(l, struct velero_object, of_object);

                track_tie(e, v, NULL, 0);
                if (v->owner_object != o)
                        return;
        }
}

/* True: it is another store's now. */
static bool track_hand_over(struct engine *e, struct object *o)
{
        if (!op_hand_over(e, o))
                return false;
        track_merge(e, o);
        return true;
}

static struct task *track_task(const struct velero_object *v)
{
        const struct object *o = v->owner_object;
        struct belonging b;
        struct run *r;
        struct task *t;

        if (o == NULL || v->kind == VELERO_SCHEDULE || !belonging_of(v, &b) || (r = object_run(o, b.run)) == NULL)
                return NULL;
        t = track_find_task(r, v->member, &b);
        return t != NULL && strcmp(t->velero_name, v->name) == 0 ? t : NULL;
}

/* ---------------------------------------------------------------- what comes and goes */

/* Restores and migrations wait for backups; all for a location; a clean-up for what it removes. */
static void track_wake(struct engine *e, struct member *c, enum velero_kind kind)
{
        if (kind != VELERO_SCHEDULE)
                engine_kick_member(e, c);
        if (kind == VELERO_LOCATION)
                standing_member(e, c, false);
        if (kind == VELERO_LOCATION || kind == VELERO_BACKUP || kind == VELERO_SCHEDULE)
                location_look(e);
}

static void track_remove(struct engine *e, struct velero_object *v)
{
        struct member *c = v->member;
        enum velero_kind kind = v->kind;
        struct object *o = v->owner_object;
        struct task *t = track_task(v);
        struct belonging b;
        struct run *r = o != NULL && belonging_of(v, &b) ? object_run(o, b.run) : NULL;

        if (o != NULL && kind == VELERO_SCHEDULE)
                standing_untie(e, o, v);
        else if (o != NULL && kind == VELERO_BACKUP && r != NULL)
                standing_note(e, o, c, b.sub);
        model_touch_velero(v, true);
        model_touch_member(c, false);
        member_remove_velero(v);
        if (t != NULL)
                task_object_gone(e, t);
        if (r != NULL)
                track_removal(e, r, c);
        /* A run that no record needs goes with the last of its objects, when the round is over. */
        if (r != NULL) {
                r->shrunk = true;
                rollup_run(e, r);
        }
        /* What is left of a policy that was removed may be another store's alone. */
        if (o != NULL && kind == VELERO_SCHEDULE && o->own && o->removed) {
                o->yield_due = true;
                (void)track_hand_over(e, o);
        }
        if (o != NULL) {
                op_handed_over(e, o);
                engine_object_shrunk(e, o);
        }
        track_wake(e, c, kind);
}

void track_item(struct engine *e, struct member *c, enum velero_kind kind, bool deleted, const char *bytes, size_t len,
        uint32_t mark)
{
        void *record = NULL;
        struct err err = ERR_INIT;
        const char *name = track_decode(kind, bytes, len, &record, &err);
        _cleanup_(freep) char *digest = NULL, *changed = NULL;
        struct velero_object *v;

        if (name == NULL) {
                log_debug("object not understood", LOG_S("cluster", c->name), LOG_S("kind", velero_kind_plural(kind)),
                        LOG_ERR(&err));
                return;
        }
        v = member_velero(c, kind, name);
        if (deleted) {
                if (v != NULL)
                        track_remove(e, v);
                free(record);
                return;
        }
        /* A fleet's Schedules are watched for what others do to them, also where the record has no place for it. */
        if (kind == VELERO_SCHEDULE && ((const struct velero_schedule *)record)->owner[0] != '\0')
                digest = schedule_digest_of(bytes, len);
        if (v != NULL && track_same(v, record, digest)) {
                member_replace_velero(v, record);
                v->mark = mark;
                return;
        }
        if (digest != NULL && strcmp(digest, ((const struct velero_schedule *)record)->spec_sha256) != 0)
                changed = schedule_meaning_of(bytes, len);
        if (v == NULL) {
                v = member_add_velero(c, kind, record);
                if (v == NULL) {
                        free(record);
                        return;
                }
                v->by_hand = kind == VELERO_BACKUP && v->backup->schedule_name[0] != '\0' && track_is_scheduled(v) &&
                             velero_made_by_hand(bytes, len);
                model_touch_velero(v, true);
        } else {
                member_replace_velero(v, record);
                model_touch_velero(v, false);
        }
        v->mark = mark;
        velero_set_digest(v, TAKE(digest), TAKE(changed));
        model_touch_member_at(c, track_time(v), false);
        track_tie(e, v, bytes, len);
        if (kind == VELERO_DELETE_REQUEST)
                backup_doom_shown(e, c, v);
        /* The text of the one that decided is the newest: whoever took it tells one cluster after the other. */
        if (v->owner_object != NULL && v->owner_object->yield_due && track_hand_over(e, v->owner_object))
                track_adopt_policy(e, v->owner_object, track_time(v), kind == VELERO_SCHEDULE, bytes, len);
        if (v->owner_object != NULL)
                op_handed_over(e, v->owner_object);
        track_wake(e, c, kind);
}

void track_sweep(struct engine *e, struct member *c, enum velero_kind kind, uint32_t mark)
{
        const struct velero_set *set = &c->velero[kind];

        /* Backwards: what is removed is not met again, nor does it move much. */
        for (uint32_t i = set->n; i-- > 0;)
                if (set->v[i]->mark != mark)
                        track_remove(e, set->v[i]);
}

static struct object *first_undecided(const struct fleet *f)
{
        struct object *o, *tmp;

        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp)
                if (o->yield_due)
                        return o;
        return NULL;
}

/* Whose an object is, which had to wait for all clusters. Merging may remove others. */
static void track_decide(struct engine *e, struct fleet *f)
{
        struct object *o;

        while ((o = first_undecided(f)) != NULL) {
                (void)track_hand_over(e, o);
                if (o->yield_due)
                        return;
        }
}

void track_member_health(struct engine *e, struct member *c)
{
        struct object *o, *tmp;

        /* Every row that shows this cluster says now that it is stale, or is no longer. */
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, tmp) {
                        struct run *r = object_latest_run(o);
                        struct task *t = r != NULL ? run_tasks_on(r, c->name) : NULL;

                        if (t == NULL)
                                continue;
                        for (; t != NULL; t = t->next_same)
                                model_touch_task(t);
                        o->rewarn = true; /* what it runs is known while it is Ready */
                        rollup_run(e, r);
                }
        standing_member(e, c, true);
        /* What it might still have held it shows now. */
        for (int k = 0; k < OBJECT_KINDS && c->health == MEMBER_READY; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, tmp)
                        if (o->own && o->removed)
                                engine_object_shrunk(e, o);
        track_decide(e, c->fleet);
        rollup_fleet(e, c->fleet);
}
