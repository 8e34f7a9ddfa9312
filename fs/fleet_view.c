/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fleet_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- clusters */

static void view_member(struct fleet_view *v, struct member_view *m, const struct member *c)
{
        bool alias = c->alias_of[0] != '\0';

        *m = (struct member_view){ .member = c, .storage = show_member_storage(c), .last_good = show_member_last_good(c) };
        m->unprotected = !alias && show_member_good(c) && m->last_good == 0;
        m->good = alias || (show_member_good(c) && m->last_good != 0);
        v->bad_members += !m->good;
        if (alias)
                return;
        v->clusters++;
        v->good += m->good;
        v->unprotected += m->unprotected;
        if (c->health == MEMBER_UNREACHABLE)
                v->unreachable++;
        else if (c->health != MEMBER_READY)
                v->other++;
        else if (show_member_bad_location(c) != NULL)
                v->storage++;
}

/* 0: not ready or without storage, 1: never backed up, 2: good, 3: another name of one that is here. */
static int member_rank(const struct member_view *m)
{
        if (m->member->alias_of[0] != '\0')
                return 3;
        return m->good ? 2 : m->unprotected ? 1 : 0;
}

/* Stable, as the order of the configuration is the user's: one pass for each rank. */
static int view_members(struct fleet_view *v, const struct fleet *f)
{
        struct member_view *all;
        const struct member *c;
        size_t n = 0, out = 0;

        v->n_members = HASH_COUNT(f->members);
        if (v->n_members == 0)
                return 0;
        all = calloc(v->n_members, sizeof(*all));
        v->members = calloc(v->n_members, sizeof(*all));
        if (all == NULL || v->members == NULL) {
                free(all);
                return -ENOMEM;
        }
        for (c = f->members; c != NULL; c = c->hh.next)
                view_member(v, &all[n++], c);
        for (int rank = 0; rank <= 3; rank++)
                for (size_t i = 0; i < n; i++)
                        if (member_rank(&all[i]) == rank)
                                v->members[out++] = all[i];
        free(all);
        return 0;
}

/* ---------------------------------------------------------------- objects */

static int object_order(const void *a, const void *b)
{
        const struct object *x = *(const struct object *const *)a, *y = *(const struct object *const *)b;
        enum phase p = show_object_phase(x), q = show_object_phase(y);
        int eyes = (int)show_object_needs_eye(y) - (int)show_object_needs_eye(x);

        if (eyes != 0)
                return eyes;
        if (p != q)
                return p < q ? -1 : 1;
        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return strcmp(x->name, y->name);
}

static int view_objects(struct fleet_view *v, const struct fleet *f)
{
        size_t n = 0;

        for (int k = 0; k < OBJECT_KINDS; k++)
                n += HASH_COUNT(f->objects[k]);
        if (n == 0)
                return 0;
        v->objects = calloc(n, sizeof(*v->objects));
        if (v->objects == NULL)
                return -ENOMEM;
        for (int k = 0; k < OBJECT_KINDS; k++)
                for (const struct object *o = f->objects[k]; o != NULL; o = o->hh.next) {
                        if (!object_folder_shows(o) && o->draft_state != DRAFT_REJECTED)
                                continue;
                        v->objects[v->n_objects++] = o;
                        v->eyes += show_object_needs_eye(o);
                }
        qsort(v->objects, v->n_objects, sizeof(*v->objects), object_order);
        return 0;
}

/* ---------------------------------------------------------------- the whole */

static const char *view_state(const struct fleet_view *v)
{
        if (v->clusters == 0)
                return "Empty";
        if (v->unprotected == v->clusters)
                return "Unprotected";
        return v->good < v->clusters || v->eyes > 0 ? "Degraded" : "Ok";
}

int fleet_view_init(struct fleet_view *ret, const struct fleet *f)
{
        int r;

        memset(ret, 0, sizeof(*ret));
        ret->fleet = f;
        r = view_members(ret, f);
        if (r == 0)
                r = view_objects(ret, f);
        ret->state = view_state(ret);
        return r;
}

void fleet_view_done(struct fleet_view *v)
{
        free(v->members);
        free(v->objects);
        v->members = NULL;
        v->objects = NULL;
}
