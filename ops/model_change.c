/* SPDX-License-Identifier: Apache-2.0 */
/* model, the lock and what changed under it. */
#include "ops/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"

/* Places for changes that are kept from one section to the next. */
enum { CHANGES_KEPT = 1024 };

/* ---------------------------------------------------------------- the lock */

int model_init(struct model *m, struct err *err)
{
        pthread_rwlockattr_t attr;
        int r;

        memset(m, 0, sizeof(*m));
        pthread_rwlockattr_init(&attr);
        /* A stream of readers must not keep the engine from publishing. */
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
        r = pthread_rwlock_init(&m->lock, &attr);
        pthread_rwlockattr_destroy(&attr);
        if (r != 0)
                return err_set(err, -r, "make the model's lock");
        return 0;
}

void model_done(struct model *m)
{
        struct fleet *f, *tmp;

        HASH_ITER (hh, m->fleets, f, tmp)
                model_remove_fleet(f);
        free(m->events.bytes);
        free(m->changes);
        pthread_rwlock_destroy(&m->lock);
}

void model_read_begin(struct model *m)
{
        pthread_rwlock_rdlock(&m->lock);
}

void model_read_end(struct model *m)
{
        pthread_rwlock_unlock(&m->lock);
}

struct model_barrier {
        struct model_barrier *next;
        void (*done)(void *arg);
        void *arg;
};

static void (*section_watch)(const struct model *m, bool end);

void model_watch_sections_for_tests(void (*watch)(const struct model *m, bool end))
{
        section_watch = watch;
}

void model_write_begin(struct model *m)
{
        if (m->depth++ > 0)
                return;
        pthread_rwlock_wrlock(&m->lock);
        if (section_watch != NULL)
                section_watch(m, false);
}

/* The listener calls this last for a section, when the kernel knows all of it: then everybody who waits is told. */
static void model_barriers_done(void *arg)
{
        struct model_barrier *b = arg, *next;

        for (; b != NULL; b = next) {
                next = b->next;
                b->done(b->arg);
                free(b);
        }
}

void model_write_end_notify(struct model *m, void (*done)(void *), void *arg)
{
        struct model_barrier *barriers;

        assert(m->depth > 0);
        if (done != NULL) {
                struct model_barrier *b = malloc(sizeof(*b));
                if (b != NULL) {
                        *b = (struct model_barrier){ .done = done, .arg = arg, .next = m->barriers };
                        m->barriers = b;
                } else {
                        /* Better early than never: the caller holds a request of the kernel's. */
                        done(arg);
                }
        }
        if (--m->depth > 0)
                return;
        if (m->n_changes > 0)
                m->generation++;
        if (section_watch != NULL)
                section_watch(m, true);
        pthread_rwlock_unlock(&m->lock);

        barriers = m->barriers;
        m->barriers = NULL;
        if (m->listener != NULL && (m->n_changes > 0 || barriers != NULL))
                m->listener(m->listener_arg, m->changes, m->n_changes,
                        barriers != NULL ? model_barriers_done : NULL, barriers);
        else
                model_barriers_done(barriers);
        m->n_changes = 0;
        /* A first sync or an hour at which all run is no reason to keep megabytes. */
        if (m->cap_changes > CHANGES_KEPT) {
                free(m->changes);
                m->changes = NULL;
                m->cap_changes = 0;
        }
}

void model_write_end(struct model *m)
{
        model_write_end_notify(m, NULL, NULL);
}

/* ---------------------------------------------------------------- changes */

static bool change_same(const struct change *a, const struct change *b)
{
        return a->kind == b->kind && a->velero_kind == b->velero_kind && a->object_kind == b->object_kind &&
               strcmp(a->fleet, b->fleet) == 0 && strcmp(a->member, b->member) == 0 &&
               strcmp(a->name, b->name) == 0 && strcmp(a->run, b->run) == 0;
}

/* Repeats come close together (one event touches its task, run and object), so a short look back finds them. */
static void model_note(struct model *m, const struct change *c)
{
        size_t back = m->n_changes < 16 ? m->n_changes : 16;

        for (size_t i = m->n_changes - back; i < m->n_changes; i++) {
                if (change_same(&m->changes[i], c)) {
                        m->changes[i].listing |= c->listing;
                        return;
                }
        }
        if (m->n_changes == m->cap_changes) {
                size_t cap = m->cap_changes ? 2 * m->cap_changes : 64;
                struct change *grown = realloc(m->changes, cap * sizeof(*grown));
                /* Without memory the kernel learns it when its 60 s are over. */
                if (grown == NULL)
                        return;
                m->changes = grown;
                m->cap_changes = cap;
        }
        m->changes[m->n_changes++] = *c;
}

static void change_fleet(struct change *c, const struct fleet *f)
{
        snprintf(c->fleet, sizeof(c->fleet), "%s", f->name);
}

void model_touch_events(struct model *m)
{
        model_note(m, &(struct change){ .kind = CHANGE_EVENTS });
}

void model_touch_fleet(struct fleet *f, bool listing)
{
        struct change c = { .kind = CHANGE_FLEET, .listing = listing };

        change_fleet(&c, f);
        model_note(f->model, &c);
}

/* Clocks of clusters differ from ours: a change that they date before the last one happened now, as far as we can say. */
static void member_move_changed(struct member *mb, int64_t at)
{
        int64_t now = clock_realtime();

        if (at <= mb->changed || at > now)
                at = now;
        if (at > mb->changed)
                mb->changed = at;
        if (mb->changed > mb->fleet->changed)
                mb->fleet->changed = mb->changed;
}

void model_touch_member(struct member *mb, bool listing)
{
        model_touch_member_at(mb, 0, listing);
}

void model_touch_member_at(struct member *mb, int64_t at, bool listing)
{
        struct change c = { .kind = CHANGE_MEMBER, .listing = listing };

        member_move_changed(mb, at);
        change_fleet(&c, mb->fleet);
        snprintf(c.member, sizeof(c.member), "%s", mb->name);
        model_note(mb->fleet->model, &c);
}

void model_touch_velero(struct velero_object *v, bool listing)
{
        struct change c = { .kind = CHANGE_VELERO, .listing = listing, .velero_kind = v->kind };

        change_fleet(&c, v->member->fleet);
        snprintf(c.member, sizeof(c.member), "%s", v->member->name);
        snprintf(c.name, sizeof(c.name), "%s", v->name);
        model_note(v->member->fleet->model, &c);
}

static void change_object(struct change *c, const struct object *o)
{
        change_fleet(c, o->fleet);
        c->object_kind = o->kind;
        snprintf(c->name, sizeof(c->name), "%s", o->name);
}

void model_touch_object(struct object *o, bool listing)
{
        struct change c = { .kind = CHANGE_OBJECT, .listing = listing };

        change_object(&c, o);
        model_note(o->fleet->model, &c);
}

void model_touch_run(struct run *r, bool listing)
{
        struct change c = { .kind = CHANGE_RUN, .listing = listing };

        r->version++;
        /* What lasts is shown by the object's own files. */
        if (r->id[0] == '\0') {
                model_touch_object(r->object, listing);
                return;
        }
        change_object(&c, r->object);
        memcpy(c.run, r->id, sizeof(c.run));
        model_note(r->object->fleet->model, &c);
}

void model_touch_task(struct task *t)
{
        struct change c = { .kind = CHANGE_TASK };

        if (t->run->id[0] == '\0') {
                model_touch_object(t->run->object, false);
                return;
        }
        change_object(&c, t->run->object);
        memcpy(c.run, t->run->id, sizeof(c.run));
        snprintf(c.member, sizeof(c.member), "%s", t->member);
        model_note(t->run->object->fleet->model, &c);
}
