/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/track.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/timefmt.h"
#include "ops/engine_private.h"
#include "ops/location.h"
#include "ops/member.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/cron.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- records */

static const char *record_decode_kind(enum velero_kind kind, const char *bytes, size_t len, void **ret, struct err *err)
{
        switch (kind) {
        case VELERO_BACKUP: {
                struct velero_backup *x;
                if (velero_backup_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_RESTORE: {
                struct velero_restore *x;
                if (velero_restore_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_SCHEDULE: {
                struct velero_schedule *x;
                if (velero_schedule_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_LOCATION: {
                struct velero_bsl *x;
                if (velero_bsl_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_DELETE_REQUEST: {
                struct velero_delete_request *x;
                if (velero_delete_request_decode(bytes, len, &x, err) < 0)
                        return NULL;
                *ret = x;
                return x->name;
        }
        case VELERO_KINDS:
                break;
        }
        return NULL;
}

/* What the labels of a Velero object say about where it belongs. */
struct belonging {
        bool scheduled; /* a Schedule's Backup: it says no run */
        const char *owner, *fleet, *kind, *policy, *run, *cluster_uid, *sub, *spec_sha256;
        enum task_verb verb;
};

static bool belonging_of(const struct velero_object *v, struct belonging *b)
{
        switch (v->kind) {
        case VELERO_BACKUP:
                *b = (struct belonging){ v->backup->run[0] == '\0' && v->backup->schedule_name[0] != '\0',
                        v->backup->owner, v->backup->fleet, v->backup->kind, v->backup->policy, v->backup->run,
                        v->backup->cluster_uid, v->backup->sub, v->backup->spec_sha256, TASK_BACKUP };
                if (b->scheduled)
                        b->run = v->run;
                break;
        case VELERO_RESTORE:
                *b = (struct belonging){ false, v->restore->owner, v->restore->fleet, v->restore->kind, v->restore->policy,
                        v->restore->run, v->restore->cluster_uid, v->restore->sub, v->restore->spec_sha256, TASK_RESTORE };
                break;
        case VELERO_SCHEDULE:
                *b = (struct belonging){ true, v->schedule->owner, v->schedule->fleet, v->schedule->kind, v->schedule->policy,
                        "", v->schedule->cluster_uid, v->schedule->sub, v->schedule->spec_sha256, TASK_SCHEDULE };
                break;
        case VELERO_LOCATION:
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                return false;
        }
        return b->owner[0] != '\0' && b->policy[0] != '\0' && (b->run[0] != '\0' || b->scheduled) &&
               strcmp(b->fleet, v->member->fleet->name) == 0 && strcmp(b->cluster_uid, v->member->uid) == 0;
}

static int belonging_kind(const struct belonging *b)
{
        static const struct {
                const char *text;
                enum object_kind kind;
        } kinds[] = {
                { "backup", OBJECT_BACKUP },
                { "restore", OBJECT_RESTORE },
                { "migration", OBJECT_MIGRATION },
        };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].text, b->kind) == 0)
                        return (int)kinds[i].kind;
        return -ENOENT;
}

/* ---------------------------------------------------------------- objects that the store does not know */

static void track_set_policy(struct engine *e, struct object *o, const char *text, size_t len, int64_t at)
{
        struct policy *policy = NULL;
        struct policy_env env;

        if (op_policy_env(o->fleet, &env) < 0)
                return;
        if (document_set(&o->in_force, text, len, text[0] == '{' ? "json" : "yaml", at * NS_PER_SEC) == 0) {
                env.schedules_supported = true;
                env.links = o->kind == OBJECT_MIGRATION;
                (void)policy_parse((enum policy_kind)o->kind, o->name, text, len, &env, &policy, NULL);
                policy_free(o->policy);
                o->policy = policy;
                o->rewarn = true;
                rollup_object(e, o);
                model_touch_object(o, true);
        }
        free((void *)env.clusters);
}

/*
 * The policy of somebody else's object is in an annotation of everything it made: what its Schedules say, else its newest
 * Backup or Restore. Among Schedules the one that was written last counts: an edit reaches one cluster after the other,
 * and one that is away keeps the old text. The same of our own where another mount writes the store, which was read once.
 */
static void track_adopt_policy(
        struct engine *e, struct object *o, int64_t created, bool schedule, const char *bytes, size_t len)
{
        int64_t at = created, written;
        _cleanup_(freep) char *text = NULL;
        size_t n = 0;

        if ((o->own && !e->model.store_read_only) || bytes == NULL || (!schedule && o->schedules_at != 0))
                return;
        if (schedule && (written = velero_written_at(bytes, len)) > at)
                at = written;
        if (schedule ? at < o->schedules_at : o->in_force.bytes != NULL && at * NS_PER_SEC <= o->in_force.mtime_ns)
                return;
        if (velero_policy_annotation(bytes, len, &text, &n, NULL) < 0)
                return;
        if (schedule)
                o->schedules_at = at;
        if (o->in_force.bytes == NULL || o->in_force.len != n || memcmp(o->in_force.bytes, text, n) != 0)
                track_set_policy(e, o, text, n, at);
}

/* Labels cannot hold every name ("nightly@latest" is "nightly-latest" there): among those that are written alike the one
   with this run is meant. */
static struct object *track_find_own(const struct fleet *f, enum object_kind kind, const struct belonging *b)
{
        struct object *o = fleet_object(f, kind, b->policy), *x, *tmp;
        char safe[LIMIT_LABEL_VALUE + 1];

        if (kind != OBJECT_RESTORE || (o != NULL && object_run(o, b->run) != NULL))
                return o;
        HASH_ITER (hh, f->objects[kind], x, tmp) {
                if (strchr(x->name, '@') == NULL || object_run(x, b->run) == NULL)
                        continue;
                velero_label_safe(x->name, safe);
                if (strcmp(safe, b->policy) == 0 && strcmp(x->owner, b->owner) == 0)
                        return x;
        }
        return o;
}

static struct object *track_object(struct engine *e, struct fleet *f, enum object_kind kind, const struct belonging *b)
{
        struct object *o = track_find_own(f, kind, b), *elsewhere;
        char name[sizeof(o->name)];

        if (o != NULL && object_owns(o, b->owner))
                return o;
        /* Two stores use one name: the other one's shows under a name of its own, and keeps it. */
        snprintf(name, sizeof(name), "%.200s.%.6s", b->policy, b->owner);
        elsewhere = fleet_object(f, kind, name);
        if (elsewhere != NULL && strcmp(elsewhere->owner, b->owner) == 0)
                return elsewhere;
        if (o == NULL)
                snprintf(name, sizeof(name), "%.255s", b->policy);
        else if (elsewhere != NULL)
                return NULL;
        o = fleet_add_object(f, kind, name);
        if (o == NULL)
                return NULL;
        snprintf(o->owner, sizeof(o->owner), "%.16s", b->owner);
        o->own = strcmp(o->owner, e->model.store_id) == 0;
        /* Ours, and yet not in the store: the policy was removed, its backups are still there. Where another mount writes
           the store, it may as well be newer than what was read of it. */
        o->removed = o->file_gone = o->own && !e->model.store_read_only;
        model_touch_object(o, true);
        return o;
}

static bool task_is_of(const struct task *t, const struct member *c, const struct belonging *b)
{
        return t->verb == b->verb && strcmp(t->sub != NULL ? t->sub : "", b->sub) == 0 &&
               (strcmp(t->uid, c->uid) == 0 || (t->uid[0] == '\0' && strcmp(t->member, c->name) == 0));
}

static struct task *track_find_task(const struct run *r, const struct member *c, const struct belonging *b)
{
        for (struct task *t = run_tasks_on(r, c->name); t != NULL; t = t->next_same)
                if (task_is_of(t, c, b))
                        return t;
        /* The cluster had another folder then. */
        for (size_t i = 0; i < r->n_tasks; i++)
                if (strcmp(r->tasks[i]->member, c->name) != 0 && task_is_of(r->tasks[i], c, b))
                        return r->tasks[i];
        return NULL;
}

/* A run of ours takes a later time; a cluster's wrong clock takes none of them. */
static void track_note_time(struct object *o, int64_t at)
{
        if (at > (int64_t)o->last_run_s && at <= clock_realtime() + LIMIT_CLOCK_AHEAD_S)
                o->last_run_s = (uint64_t)at;
}

static struct run *track_run(struct object *o, const char *id, int64_t created)
{
        struct run *r = object_run(o, id);

        if (r != NULL)
                return r;
        r = object_add_run(o, id);
        if (r == NULL)
                return NULL;
        r->created = created;
        track_note_time(o, created);
        o->rewarn = true;
        model_touch_run(r, true);
        model_touch_object(o, true);
        return r;
}

/* One that no record knows. */
static struct task *track_add_task(struct run *r, const struct velero_object *v, const struct belonging *b)
{
        struct task *t = run_add_task(r, b->verb, v->member->name);

        if (t == NULL)
                return NULL;
        snprintf(t->uid, sizeof(t->uid), "%s", v->member->uid);
        t->sub = b->sub[0] != '\0' ? strdup(b->sub) : NULL;
        t->state = TASK_POSTED;
        t->attempt = r->created;
        t->tracked = true;
        if (b->verb == TASK_RESTORE)
                snprintf(t->backup_name, sizeof(t->backup_name), "%s", v->restore->backup_name);
        model_touch_run(r, true);
        return t;
}

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
        snprintf(t->spec_sha256, sizeof(t->spec_sha256), "%s", b->spec_sha256);
        t->given_up = false;
        task_set_state(e, t, TASK_POSTED, NULL);
        task_open(e, t);
}

/* ---------------------------------------------------------------- the runs of a schedule */

static bool is_scheduled(const struct velero_object *v)
{
        return v->backup->run[0] == '\0';
}

static bool made_before(const struct velero_object *a, const struct velero_object *b)
{
        return a->backup->created != b->backup->created ? a->backup->created < b->backup->created :
                                                          strcmp(a->name, b->name) < 0;
}

static const char *slot_set(struct velero_object *v, int64_t at)
{
        char id[STAMP_SIZE];

        memcpy(v->run, stamp_format_run(id, at), sizeof(v->run));
        return v->run;
}

/* A run of its own: nobody else's of this cluster. */
static void slot_own(const struct object *o, struct velero_object *v, const struct belonging *b)
{
        int64_t at = v->backup->created;

        for (unsigned i = 0; i < 3600; i++, at++) {
                const struct run *r = object_run(o, slot_set(v, at));
                const struct task *t = r != NULL ? track_find_task(r, v->member, b) : NULL;

                if (t == NULL || strcmp(t->velero_name, v->name) == 0)
                        return;
        }
}

/*
 * Every cluster's Backup of a slot comes with the same expression, and so does the history. Finding a slot takes long where
 * they are rare: the one that was found last is asked first.
 */
static int64_t slot_before(const char *expression, int64_t at)
{
        static _Thread_local struct {
                char expression[128];
                int64_t slot, next;
        } last;
        struct cron cron;
        int64_t slot;

        if (last.slot != 0 && at >= last.slot && at < last.next && strcmp(expression, last.expression) == 0)
                return last.slot;
        if (cron_parse(expression, &cron, NULL) < 0 || (slot = cron_slot_before(&cron, at)) == 0)
                return 0;
        if (!cron_is_every(&cron) && strlen(expression) < sizeof(last.expression)) {
                strcpy(last.expression, expression);
                last.slot = slot;
                last.next = cron_next(&cron, slot);
        }
        return slot;
}

/* A retry that no record knows is told from a run that began in the slot's very second by its name's stamp. */
static bool slot_is_retried(const struct task *t, const struct velero_object *attempt)
{
        char stamp[STAMP_SIZE];
        size_t n = strlen(stamp_format_name(stamp, t->run->created)), len = strlen(attempt->name);

        return t->tracked && t->first_name == NULL && !is_scheduled(attempt) &&
               (len < n || strcmp(attempt->name + len - n, stamp) != 0);
}

/*
 * The run of a Backup that a Schedule made: that of the cron slot at or before its creation, by the expression that made
 * it, so an edit of the policy does not regroup history. One that somebody made of the Schedule (`velero backup create
 * --from-schedule`) is a run of its own, whatever else the slot has: so its run is the same before and after others of the
 * slot expire. Velero itself makes one in a slot; should there be more, of a Schedule that was made anew, the first is the
 * slot's. Only an attempt of the same may be in a task's run beside it: what a run holds, `delete` takes. Returns one that
 * has to give way, to be tied anew.
 */
static struct velero_object *slot_choose(const struct object *o, struct velero_object *v, const struct belonging *b)
{
        int64_t slot = slot_before(v->backup->cron, v->backup->created);
        struct velero_object *other;
        const struct run *r;
        struct task *t;

        if (v->by_hand) {
                slot_own(o, v, b);
                return NULL;
        }
        r = object_run(o, slot_set(v, slot != 0 ? slot : v->backup->created));
        t = r != NULL ? track_find_task(r, v->member, b) : NULL;
        if (t == NULL || task_has_name(t, v->name))
                return NULL;
        other = member_velero(v->member, VELERO_BACKUP, t->velero_name);
        if (other != NULL && slot_is_retried(t, other)) {
                t->first_name = strdup(v->name);
                return NULL;
        }
        if (!t->tracked || other == NULL || !is_scheduled(other) || (!other->by_hand && made_before(other, v))) {
                slot_own(o, v, b);
                return NULL;
        }
        slot_own(o, other, b);
        return other;
}

/* ---------------------------------------------------------------- tying */

static void track_tie_schedule(struct engine *e, struct object *o, struct velero_object *v)
{
        struct task *t = standing_tie(e, o, v);

        adopt_wake(e, o, v->member);
        if (t == NULL)
                return;
        task_refresh(e, t);
        task_kick(e, t);
}

/* Whether v is known as one that the object made: its name is made of its store's id, so no other store makes the same. */
static bool track_made(const struct object *o, const struct velero_object *v, const struct belonging *b)
{
        const struct run *r = v->kind == VELERO_SCHEDULE ? o->standing : object_run(o, b->run);

        for (struct task *t = r != NULL ? run_tasks_on(r, v->member->name) : NULL; t != NULL; t = t->next_same)
                if (t->verb == b->verb && (t->sent || t->tracked) && strcmp(t->velero_name, v->name) == 0)
                        return true;
        return false;
}

/* It has another owner than it had: that store has adopted it. */
static void track_hand_over(struct engine *e, struct velero_object *v, enum object_kind kind, const struct belonging *b)
{
        struct object *o = v->owner_object != NULL ? v->owner_object : track_find_own(v->member->fleet, kind, b);

        if (kind == OBJECT_BACKUP && o != NULL && o->kind == kind && !object_owns(o, b->owner) && track_made(o, v, b))
                op_yield(e, o, b->owner);
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
                track_hand_over(e, v, (enum object_kind)kind, &b);
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
                track_tie_schedule(e, o, v);
                return;
        }
        if (b.scheduled) {
                if (v->run[0] == '\0')
                        other = slot_choose(o, v, &b);
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
        /* A run that no record needs goes with the last of its objects, when the round is over. */
        if (r != NULL) {
                r->shrunk = true;
                rollup_run(e, r);
        }
        if (o != NULL)
                engine_object_shrunk(e, o);
        track_wake(e, c, kind);
}

/* The newest time that the object has: when what it says now became so, unless that has no time. */
static int64_t track_time(const struct velero_object *v)
{
        int64_t times[4] = { 0 }, newest = 0;

        switch (v->kind) {
        case VELERO_BACKUP:
                memcpy(times, (const int64_t[]){ v->backup->created, v->backup->started, v->backup->completed,
                        v->backup->deletion }, sizeof(times));
                break;
        case VELERO_RESTORE:
                memcpy(times, (const int64_t[]){ v->restore->created, v->restore->started, v->restore->completed,
                        v->restore->deletion }, sizeof(times));
                break;
        case VELERO_SCHEDULE:
                memcpy(times, (const int64_t[]){ v->schedule->created, v->schedule->last_backup,
                        v->schedule->last_skipped, v->schedule->deletion }, sizeof(times));
                break;
        case VELERO_LOCATION:
                memcpy(times, (const int64_t[]){ v->bsl->created, v->bsl->last_validation, v->bsl->last_synced,
                        v->bsl->deletion }, sizeof(times));
                break;
        case VELERO_DELETE_REQUEST:
                times[0] = v->delete_request->created;
                times[1] = v->delete_request->deletion;
                break;
        case VELERO_KINDS:
                break;
        }
        for (size_t i = 0; i < ARRAY_SIZE(times); i++)
                if (times[i] > newest)
                        newest = times[i];
        return newest;
}

/* Velero touches a location each minute to say that it looked at it; neither that nor a repeated item is news. */
static bool track_same(const struct velero_object *v, const void *record, const char *digest)
{
        static struct record_type *const types[VELERO_KINDS] = {
                [VELERO_BACKUP] = &velero_backup_type,     [VELERO_RESTORE] = &velero_restore_type,
                [VELERO_SCHEDULE] = &velero_schedule_type, [VELERO_LOCATION] = &velero_bsl_type,
                [VELERO_DELETE_REQUEST] = &velero_delete_request_type,
        };
        struct velero_bsl seen;

        if (v->kind != VELERO_LOCATION)
                return record_equal(types[v->kind], v->record, record) &&
                       strcmp(digest != NULL ? digest : "", v->digest != NULL ? v->digest : "") == 0;
        seen = *v->bsl;
        seen.last_validation = ((const struct velero_bsl *)record)->last_validation;
        seen.last_synced = ((const struct velero_bsl *)record)->last_synced;
        return record_equal(types[v->kind], &seen, record);
}

void track_item(struct engine *e, struct member *c, enum velero_kind kind, bool deleted, const char *bytes, size_t len,
        uint64_t mark)
{
        void *record = NULL;
        struct err err = ERR_INIT;
        const char *name = record_decode_kind(kind, bytes, len, &record, &err);
        _cleanup_(freep) char *digest = NULL;
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
                member_replace_velero(v, record, name);
                v->mark = mark;
                return;
        }
        if (v == NULL) {
                v = member_add_velero(c, kind, record, name);
                if (v == NULL) {
                        free(record);
                        return;
                }
                v->by_hand = kind == VELERO_BACKUP && v->backup->schedule_name[0] != '\0' && is_scheduled(v) &&
                             velero_made_by_hand(bytes, len);
                model_touch_velero(v, true);
        } else {
                member_replace_velero(v, record, name);
                model_touch_velero(v, false);
        }
        v->mark = mark;
        free(v->digest);
        v->digest = TAKE(digest);
        model_touch_member_at(c, track_time(v), false);
        track_tie(e, v, bytes, len);
        track_wake(e, c, kind);
}

void track_sweep(struct engine *e, struct member *c, enum velero_kind kind, uint64_t mark)
{
        struct velero_object *v, *tmp;

        HASH_ITER (hh, c->velero[kind], v, tmp)
                if (v->mark != mark)
                        track_remove(e, v);
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
        rollup_fleet(e, c->fleet);
}
