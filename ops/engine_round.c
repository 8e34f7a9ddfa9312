/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine's round. Callbacks of the loop change the model under engine_write() and note what else is owed; at the end
 * of the round, in this order:
 *
 *     1. what is due is rolled up, the section is published, readers and the kernel see it
 *     2. what is dirty is stored, for a while: what is left comes in the next round (nobody waits for that disk but this
 *        thread)
 *     3. tasks that were kicked act, which may begin the next round
 *
 * So nothing is sent to a cluster before what was decided about it is durable: a task whose object could not be stored
 * does not act.
 */
#include "ops/engine_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/identity.h"
#include "ops/object.h"
#include "ops/rollup.h"
#include "ops/task.h"

struct engine_round {
        bool section;          /* a write section of the round is open */
        struct loop_defer round;
        struct loop_timer tick;
        struct list open;      /* task.opened */
        struct list queue;     /* task.queued */
        struct list unstored;  /* object.unstored */
        bool store_failed;     /* told already */
        bool store_goes_on;    /* the last round's time was over before all was stored */
};

/* ---------------------------------------------------------------- the write section */

void engine_write(struct engine *e)
{
        if (e->round->section)
                return;
        e->round->section = true;
        model_write_begin(&e->model);
        loop_defer(e->loop, &e->round->round);
}

void engine_publish(struct engine *e)
{
        if (!e->round->section)
                return;
        rollup_all(e);
        e->round->section = false;
        model_write_end(&e->model);
}

/* ---------------------------------------------------------------- the store */

static void engine_arm_tick(struct engine *e)
{
        if (!loop_timer_armed(&e->round->tick))
                loop_timer_after(e->loop, &e->round->tick, LIMIT_ENGINE_TICK_MS);
}

void engine_note(struct engine *e, struct object *o)
{
        if (!o->own || !engine_acts(e))
                return;
        if (!list_linked(&o->unstored))
                list_append(&e->round->unstored, &o->unstored);
        engine_arm_tick(e);
}

void engine_dirty(struct engine *e, struct object *o)
{
        if (!o->own || !engine_acts(e))
                return;
        engine_note(e, o);
        o->dirty = true;
        loop_defer(e->loop, &e->round->round);
}

void engine_stored(struct engine *e, struct object *o)
{
        list_remove(&o->unstored);
        o->dirty = false;
}

void engine_note_fleet(struct engine *e, struct fleet *f)
{
        f->unstored = true;
        engine_arm_tick(e);
}

static void engine_store_failed(struct engine *e, const struct fleet *f, const char *name, const struct err *why)
{
        if (e->round->store_failed)
                return;
        e->round->store_failed = true;
        engine_event(e, "StoreFailed", f, "name", name, "message", why->msg, NULL);
        log_error("state cannot be stored; nothing is sent to clusters until it can", LOG_S("object", name), LOG_ERR(why));
}

bool engine_store_fleet(struct engine *e, struct fleet *f)
{
        struct err err = ERR_INIT;

        if (!f->unstored || !engine_acts(e))
                return true;
        if (identity_store(e, f, &err) < 0) {
                engine_store_failed(e, f, f->name, &err);
                return false;
        }
        f->unstored = false;
        return true;
}

void engine_store_objects(struct engine *e, struct fleet *f)
{
        struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, tmp) {
                        struct err err = ERR_INIT;

                        if (list_linked(&o->unstored) && object_save(e, o, &err) < 0)
                                engine_store_failed(e, f, o->name, &err);
                }
}

static bool engine_owes_fleets(struct engine *e)
{
        struct fleet *f, *tmp;

        HASH_ITER (hh, e->model.fleets, f, tmp)
                if (f->unstored)
                        return true;
        return false;
}

/* True unless one cannot be stored. */
static bool engine_store_fleets(struct engine *e)
{
        struct fleet *f, *tmp;
        bool all = true;

        HASH_ITER (hh, e->model.fleets, f, tmp)
                all = engine_store_fleet(e, f) && all;
        return all;
}

void engine_store(struct engine *e, bool all, int64_t budget_ms)
{
        const int64_t begin = clock_boottime_ms();
        struct list *l, *tmp;
        bool failed = (all || list_linked(&e->round->queue)) && !engine_store_fleets(e);

        e->round->store_goes_on = false;
        LIST_EACH (&e->round->unstored, l, tmp) {
                struct object *o = container_of(l, struct object, unstored);
                struct err err = ERR_INIT;

                if (!o->dirty && !all)
                        continue;
                if (clock_boottime_ms() - begin >= budget_ms) {
                        e->round->store_goes_on = true;
                        loop_defer(e->loop, &e->round->round);
                        break;
                }
                if (object_save(e, o, &err) == 0) {
                        o->dirty = false;
                        list_remove(l);
                } else {
                        failed = true;
                        engine_store_failed(e, o->fleet, o->name, &err);
                }
        }
        /* Only who tried all can say that the disk takes it again: most rounds have nothing to store. */
        if (all && !failed && !e->round->store_goes_on && !engine_owes_fleets(e))
                e->round->store_failed = false;
}

/* ---------------------------------------------------------------- tasks */

/*
 * What was decided about a task is durable when its object, and who the clusters of its fleet are, was stored before this
 * began; what other tasks of the object decide meanwhile does not concern it. A task of which something could not be stored
 * is brought back by the tick.
 */
static void engine_act(struct engine *e)
{
        struct list batch = { 0 }, *l, *tmp;

        list_take_all(&batch, &e->round->queue);
        LIST_EACH (&batch, l, tmp) {
                struct task *t = container_of(l, struct task, queued);
                t->may_act = !t->run->object->dirty && !t->run->object->fleet->unstored;
        }
        /* A task that acts may close, or free, any other. */
        while ((l = list_first(&batch)) != NULL) {
                struct task *t = container_of(l, struct task, queued);

                list_remove(l);
                if (t->may_act)
                        task_act(e, t);
                else if (e->round->store_goes_on)
                        engine_queue_task(e, t);
        }
}

static void engine_round(void *arg)
{
        struct engine *e = arg;

        engine_publish(e);
        engine_store(e, false, LIMIT_STORE_ROUND_MS);
        engine_act(e);
}

void engine_open_task(struct engine *e, struct task *t)
{
        if (!list_linked(&t->opened))
                list_append(&e->round->open, &t->opened);
        engine_arm_tick(e);
}

void engine_close_task(struct engine *e, struct task *t)
{
        list_remove(&t->opened);
        list_remove(&t->queued);
}

void engine_queue_task(struct engine *e, struct task *t)
{
        if (!list_linked(&t->queued))
                list_append(&e->round->queue, &t->queued);
        loop_defer(e->loop, &e->round->round);
}

void engine_kick_member(struct engine *e, struct member *c)
{
        struct list *l, *tmp;

        LIST_EACH (&c->tasks, l, tmp)
                task_kick(e, container_of(l, struct task, at_member));
}

void engine_kick_all(struct engine *e)
{
        struct list *l, *tmp;

        LIST_EACH (&e->round->open, l, tmp)
                task_kick(e, container_of(l, struct task, opened));
}

static void engine_tick(void *arg)
{
        struct engine *e = arg;
        int64_t now_ms = loop_now(e->loop), now_s = clock_realtime();
        struct list *l, *tmp;
        bool owed = list_linked(&e->round->unstored) || engine_owes_fleets(e);

        LIST_EACH (&e->round->open, l, tmp) {
                struct task *t = container_of(l, struct task, opened);
                if (task_is_due(t, now_ms, now_s))
                        task_kick(e, t);
        }
        if (owed) {
                /* No reader waits for the disk. */
                engine_publish(e);
                engine_store(e, true, LIMIT_STORE_ROUND_MS);
        }
        /* Once more, also to see that nothing is owed any more. */
        if (list_linked(&e->round->open) || owed)
                engine_arm_tick(e);
}

void engine_forget(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++)
                for (size_t k = 0; k < o->runs[i]->n_tasks; k++)
                        task_close(e, o->runs[i]->tasks[k]);
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                task_close(e, o->standing->tasks[i]);
        list_remove(&o->unstored);
        o->dirty = false;
}

/* ---------------------------------------------------------------- life */

int engine_round_new(struct engine *e)
{
        e->round = calloc(1, sizeof(*e->round));
        if (e->round == NULL)
                return -ENOMEM;
        loop_defer_init(&e->round->round, engine_round, e);
        loop_timer_init(&e->round->tick, engine_tick, e);
        return 0;
}

void engine_round_stop(struct engine *e)
{
        loop_timer_cancel(e->loop, &e->round->tick);
        loop_defer_cancel(e->loop, &e->round->round);
}

void engine_round_free(struct engine *e)
{
        free(e->round);
        e->round = NULL;
}
