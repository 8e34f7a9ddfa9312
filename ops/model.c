/* SPDX-License-Identifier: Apache-2.0 */

/* uthash would end the process when memory runs out: what it has no room for loses its name instead. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->name[0] = '\0')
#include "ops/model.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/policy.h"
#include "ops/trash.h"

/* ---------------------------------------------------------------- names */

static const struct {
        const char *folder, *name;
} object_kinds[OBJECT_KINDS] = {
        [OBJECT_BACKUP] = { "backups", "Backup" },
        [OBJECT_RESTORE] = { "restores", "Restore" },
        [OBJECT_MIGRATION] = { "migrations", "Migration" },
};

static const struct {
        const char *plural, *folder;
} velero_kinds[VELERO_KINDS] = {
        [VELERO_BACKUP] = { "backups", "backups" },
        [VELERO_RESTORE] = { "restores", "restores" },
        [VELERO_SCHEDULE] = { "schedules", "schedules" },
        [VELERO_LOCATION] = { "backupstoragelocations", "storage" },
        [VELERO_DELETE_REQUEST] = { "deletebackuprequests", NULL },
};

static const char *const health_names[] = {
        [MEMBER_UNKNOWN] = "Connecting",   [MEMBER_READY] = "Ready",
        [MEMBER_SYNCING] = "Syncing",      [MEMBER_UNREACHABLE] = "Unreachable",
        [MEMBER_DENIED] = "AccessDenied",  [MEMBER_NO_VELERO] = "NoVelero",
        [MEMBER_BROKEN] = "Misconfigured",
};

const char *object_kind_folder(enum object_kind kind)
{
        return object_kinds[kind].folder;
}

const char *object_kind_name(enum object_kind kind)
{
        return object_kinds[kind].name;
}

int object_kind_from_folder(const char *folder)
{
        for (int i = 0; i < OBJECT_KINDS; i++)
                if (strcmp(object_kinds[i].folder, folder) == 0)
                        return i;
        return -ENOENT;
}

const char *velero_kind_plural(enum velero_kind kind)
{
        return velero_kinds[kind].plural;
}

const char *velero_kind_folder(enum velero_kind kind)
{
        return velero_kinds[kind].folder;
}

const char *member_health_name(enum member_health h)
{
        return health_names[h];
}

/* ---------------------------------------------------------------- lookups */

struct fleet *model_fleet(const struct model *m, const char *name)
{
        struct fleet *f;

        HASH_FIND_STR(m->fleets, name, f);
        return f;
}

struct member *fleet_member(const struct fleet *f, const char *name)
{
        struct member *c;

        HASH_FIND_STR(f->members, name, c);
        return c;
}

struct object *fleet_object(const struct fleet *f, enum object_kind kind, const char *name)
{
        struct object *o;

        HASH_FIND_STR(f->objects[kind], name, o);
        return o;
}

bool object_owns(const struct object *o, const char *owner)
{
        return strcmp(o->owner, owner) == 0 || (o->adopted_from[0] != '\0' && strcmp(o->adopted_from, owner) == 0);
}

const char *velero_owner(const struct velero_object *v)
{
        switch (v->kind) {
        case VELERO_BACKUP:
                return v->backup->owner;
        case VELERO_RESTORE:
                return v->restore->owner;
        case VELERO_SCHEDULE:
                return v->schedule->owner;
        case VELERO_LOCATION:
                return v->bsl->owner;
        case VELERO_DELETE_REQUEST:
        case VELERO_KINDS:
                break;
        }
        return "";
}

bool object_is_scheduled(const struct object *o)
{
        return o->kind == OBJECT_BACKUP && !o->removed && o->policy != NULL && o->policy->schedule[0] != '\0';
}

/* A cluster may come back under another folder name: its UID says that it is the same one. */
struct member *task_member(const struct task *t)
{
        struct fleet *f = t->run->object->fleet;
        struct member *c = fleet_member(f, t->member), *tmp;

        if (c != NULL && (t->uid[0] == '\0' || c->uid[0] == '\0' || strcmp(c->uid, t->uid) == 0))
                return c;
        if (t->uid[0] == '\0')
                return NULL;
        HASH_ITER (hh, f->members, c, tmp)
                if (strcmp(c->uid, t->uid) == 0 && c->alias_of[0] == '\0')
                        return c;
        return NULL;
}

enum velero_kind task_velero_kind(const struct task *t)
{
        static const enum velero_kind kinds[] = {
                [TASK_BACKUP] = VELERO_BACKUP,
                [TASK_RESTORE] = VELERO_RESTORE,
                [TASK_SCHEDULE] = VELERO_SCHEDULE,
                [TASK_ADOPT] = VELERO_SCHEDULE,
        };

        return kinds[t->verb];
}

struct velero_object *task_velero(const struct task *t)
{
        struct member *c = task_member(t);

        if (c == NULL || t->velero_name[0] == '\0')
                return NULL;
        return member_velero(c, task_velero_kind(t), t->velero_name);
}

const char *task_phase_text(const struct task *t)
{
        return t->phase_text != NULL ? t->phase_text : phase_text(t->phase);
}

const struct document *object_visible_document(const struct object *o)
{
        if (o->draft_state != DRAFT_NONE && o->draft.bytes != NULL)
                return &o->draft;
        if (o->in_force.bytes == NULL || o->file_gone)
                return NULL;
        /* A folder that was started without a policy.yaml: nobody wrote one. */
        if (o->is_folder && o->in_force.len == 0 && o->in_force.mtime_ns == 0)
                return NULL;
        return &o->in_force;
}

bool object_is_over(const struct object *o)
{
        return o->removed && o->kind != OBJECT_BACKUP;
}

bool object_folder_shows(const struct object *o)
{
        if (!object_is_over(o) && (o->is_folder || o->policy != NULL || o->n_runs > 0 || o->standing != NULL))
                return true;
        switch (o->draft_state) {
        case DRAFT_ACCEPTED:
        case DRAFT_INERT:
        case DRAFT_INTERRUPTED:
                return true;
        case DRAFT_NONE:
        case DRAFT_OPEN:
        case DRAFT_REJECTED:
                break;
        }
        return false;
}

/* ---------------------------------------------------------------- construction */

void document_done(struct document *d)
{
        if (d == NULL)
                return;
        free(d->bytes);
        memset(d, 0, sizeof(*d));
}

int document_set(struct document *d, const char *bytes, size_t len, const char *ext, int64_t mtime_ns)
{
        char *copy = malloc(len + 1);

        if (copy == NULL)
                return -ENOMEM;
        memcpy(copy, bytes, len);
        copy[len] = '\0';
        free(d->bytes);
        d->bytes = copy;
        d->len = len;
        d->mtime_ns = mtime_ns;
        snprintf(d->ext, sizeof(d->ext), "%s", ext);
        return 0;
}

struct fleet *model_add_fleet(struct model *m, const char *name)
{
        struct fleet *f = calloc(1, sizeof(*f));

        if (f == NULL)
                return NULL;
        f->model = m;
        f->phase = PHASE_NONE;
        snprintf(f->name, sizeof(f->name), "%s", name);
        HASH_ADD_STR(m->fleets, name, f);
        if (f->name[0] == '\0') {
                free(f);
                return NULL;
        }
        return f;
}

void model_remove_fleet(struct fleet *f)
{
        struct member *c, *ctmp;
        struct object *o, *otmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, otmp)
                        fleet_remove_object(o);
        HASH_ITER (hh, f->members, c, ctmp)
                fleet_remove_member(c);
        HASH_DEL(f->model->fleets, f);
        trash_free(f->trash);
        free(f->yaml);
        free(f->bucket);
        free(f->prefix);
        json_decref(f->identities);
        strv_done(&f->warnings);
        free(f);
}

struct member *fleet_add_member(struct fleet *f, const char *name)
{
        struct member *c = calloc(1, sizeof(*c));

        if (c == NULL)
                return NULL;
        c->fleet = f;
        snprintf(c->name, sizeof(c->name), "%s", name);
        HASH_ADD_STR(f->members, name, c);
        if (c->name[0] == '\0') {
                free(c);
                return NULL;
        }
        return c;
}

int fleet_rename_member(struct member *c, const char *name)
{
        struct member *other, *tmp, *room = calloc(1, sizeof(*room));
        unsigned noexpand;

        if (room == NULL)
                return -ENOMEM;
        /* Keeps the place, and the table, until c is there: what may fail is done first. */
        snprintf(room->name, sizeof(room->name), "%s", name);
        HASH_ADD_STR(c->fleet->members, name, room);
        if (room->name[0] == '\0') {
                free(room);
                return -ENOMEM;
        }

        /* Links to it follow. */
        HASH_ITER (hh, c->fleet->members, other, tmp)
                if (strcmp(other->alias_of, c->name) == 0)
                        snprintf(other->alias_of, sizeof(other->alias_of), "%s", name);
        HASH_DEL(c->fleet->members, c);
        snprintf(c->name, sizeof(c->name), "%s", name);
        noexpand = c->fleet->members->hh.tbl->noexpand;
        c->fleet->members->hh.tbl->noexpand = 1;
        HASH_ADD_STR(c->fleet->members, name, c);
        c->fleet->members->hh.tbl->noexpand = noexpand;
        HASH_DEL(c->fleet->members, room);
        free(room);
        return 0;
}

void fleet_remove_member(struct member *c)
{
        struct list *l;

        assert(!list_linked(&c->calls) && !list_linked(&c->looks));
        while ((l = list_first(&c->tasks)) != NULL) {
                container_of(l, struct task, at_member)->at = NULL;
                list_remove(l);
        }
        for (int k = 0; k < VELERO_KINDS; k++)
                member_remove_all_velero(c, (enum velero_kind)k);
        HASH_DEL(c->fleet->members, c);
        assert(c->runtime == NULL);
        free(c->context);
        free(c->kubeconfig);
        free(c->server);
        strv_done(&c->label_keys);
        strv_done(&c->label_values);
        free(c->reason);
        free(c->api_version);
        free(c->velero_version);
        free(c->velero_namespace);
        free(c);
}

struct object *fleet_add_object(struct fleet *f, enum object_kind kind, const char *name)
{
        struct object *o = calloc(1, sizeof(*o));

        if (o == NULL)
                return NULL;
        o->fleet = f;
        o->kind = kind;
        o->phase = PHASE_NONE;
        snprintf(o->name, sizeof(o->name), "%s", name);
        HASH_ADD_STR(f->objects[kind], name, o);
        if (o->name[0] == '\0') {
                free(o);
                return NULL;
        }
        return o;
}

void member_link_done(struct member_link *l)
{
        free(l->name);
        free(l->target);
        free(l->member);
        memset(l, 0, sizeof(*l));
}

void fleet_remove_object(struct object *o)
{
        struct list *l;

        while ((l = list_first(&o->velero)) != NULL)
                velero_set_owner(container_of(l, struct velero_object, of_object), NULL);
        list_remove(&o->unstored);
        HASH_DEL(o->fleet->objects[o->kind], o);
        while (o->n_runs > 0)
                object_remove_run(o->runs[o->n_runs - 1]);
        free(o->runs);
        object_remove_standing(o);
        free(o->refusal);
        document_done(&o->in_force);
        document_done(&o->draft);
        document_done(&o->synced);
        policy_free(o->policy);
        member_link_done(&o->source);
        for (size_t i = 0; i < o->n_targets; i++)
                member_link_done(&o->targets[i]);
        free(o->targets);
        strv_done(&o->warnings);
        free(o);
}
