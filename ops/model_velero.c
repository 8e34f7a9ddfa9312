/* SPDX-License-Identifier: Apache-2.0 */
/* model, Velero's objects: those of a cluster in the order of their names, and what is known of each. */
#include "ops/model.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/record.h"
#include "base/sorted.h"

/* All records begin with their name. */
_Static_assert(offsetof(struct velero_backup, name) == 0 && offsetof(struct velero_restore, name) == 0 &&
                       offsetof(struct velero_schedule, name) == 0 && offsetof(struct velero_bsl, name) == 0 &&
                       offsetof(struct velero_delete_request, name) == 0,
        "a record's name is its first member");

const struct record_type *velero_record_type(enum velero_kind kind)
{
        static const struct record_type *const types[VELERO_KINDS] = {
                [VELERO_BACKUP] = &velero_backup_type,     [VELERO_RESTORE] = &velero_restore_type,
                [VELERO_SCHEDULE] = &velero_schedule_type, [VELERO_LOCATION] = &velero_bsl_type,
                [VELERO_DELETE_REQUEST] = &velero_delete_request_type,
        };

        return types[kind];
}

/* ---------------------------------------------------------------- in order */

static const char *name_of_velero(const void *objects, size_t i)
{
        return ((struct velero_object *const *)objects)[i]->name;
}

/* Where the object of that name is, or would be. */
static bool velero_index(const struct velero_set *set, const char *name, size_t *ret)
{
        return sorted_index(set->v, set->n, name_of_velero, name, ret);
}

struct velero_object *member_velero(const struct member *c, enum velero_kind kind, const char *name)
{
        size_t i;

        return velero_index(&c->velero[kind], name, &i) ? c->velero[kind].v[i] : NULL;
}

struct velero_object *member_velero_after(const struct member *c, enum velero_kind kind, const char *name)
{
        const struct velero_set *set = &c->velero[kind];
        size_t i = 0;

        if (name != NULL && velero_index(set, name, &i))
                i++;
        return i < set->n ? set->v[i] : NULL;
}

static int velero_insert(struct velero_set *set, struct velero_object *v)
{
        size_t i;

        if (set->n == set->cap) {
                uint32_t cap = set->cap < 4 ? 4 : set->cap + set->cap / 2;
                struct velero_object **grown = realloc(set->v, cap * sizeof(*grown));

                if (grown == NULL)
                        return -ENOMEM;
                set->v = grown;
                set->cap = cap;
        }
        if (velero_index(set, v->name, &i))
                assert(!"two of one name");
        memmove(&set->v[i + 1], &set->v[i], (set->n - i) * sizeof(struct velero_object *));
        set->v[i] = v;
        set->n++;
        return 0;
}

static void velero_take_out(struct velero_set *set, const struct velero_object *v)
{
        size_t i;

        if (!velero_index(set, v->name, &i))
                assert(!"not among its cluster's");
        set->n--;
        memmove(&set->v[i], &set->v[i + 1], (set->n - i) * sizeof(struct velero_object *));
        if (set->n == 0) {
                free(set->v);
                *set = (struct velero_set){ 0 };
        }
}

/* ---------------------------------------------------------------- life */

static void velero_set_record(struct velero_object *v, void *kept)
{
        v->record = kept;
        v->name = *(const char *const *)kept;
}

struct velero_object *member_add_velero(struct member *c, enum velero_kind kind, void *record)
{
        struct velero_object *v = calloc(1, sizeof(*v));
        void *kept = v != NULL ? record_keep(velero_record_type(kind), record) : NULL;

        if (kept != NULL) {
                v->member = c;
                v->kind = (uint8_t)kind;
                velero_set_record(v, kept);
                v->run = intern_ref("");
        }
        if (kept == NULL || velero_insert(&c->velero[kind], v) < 0) {
                record_drop(velero_record_type(kind), kept);
                free(v);
                return NULL;
        }
        free(record);
        return v;
}

void member_replace_velero(struct velero_object *v, void *record)
{
        const struct record_type *type = velero_record_type(v->kind);
        void *kept = record_keep(type, record), *old = v->record;

        assert(strcmp(v->name, *(const char *const *)record) == 0);
        if (kept != NULL) {
                velero_set_record(v, kept);
                record_drop(type, old);
        }
        free(record);
}

void velero_set_owner(struct velero_object *v, struct object *o)
{
        if (v->owner_object == o)
                return;
        list_remove(&v->of_object);
        v->owner_object = o;
        if (o != NULL)
                list_append(&o->velero, &v->of_object);
}

void member_remove_velero(struct velero_object *v)
{
        velero_set_owner(v, NULL);
        velero_take_out(&v->member->velero[v->kind], v);
        record_drop(velero_record_type(v->kind), v->record);
        intern_unref(v->run);
        if (v->more != NULL) {
                free(v->more->digest);
                free(v->more->changed);
                free(v->more->asked);
                free(v->more);
        }
        free(v);
}

void member_remove_all_velero(struct member *c, enum velero_kind kind)
{
        while (c->velero[kind].n > 0)
                member_remove_velero(c->velero[kind].v[c->velero[kind].n - 1]);
}

/* ---------------------------------------------------------------- what only some have */

struct velero_more *velero_more(struct velero_object *v)
{
        if (v->more == NULL)
                v->more = calloc(1, sizeof(*v->more));
        return v->more;
}

const char *velero_digest(const struct velero_object *v)
{
        return v->more != NULL ? v->more->digest : NULL;
}

const char *velero_changed(const struct velero_object *v)
{
        return v->more != NULL ? v->more->changed : NULL;
}

void velero_set_digest(struct velero_object *v, char *digest, char *changed)
{
        if (digest == NULL && v->more == NULL)
                return;
        if (velero_more(v) == NULL) {
                free(digest);
                free(changed);
                return;
        }
        free(v->more->digest);
        free(v->more->changed);
        v->more->digest = digest;
        v->more->changed = changed;
}
