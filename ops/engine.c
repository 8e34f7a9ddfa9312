/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/engine.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/http.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/acting.h"
#include "ops/engine_private.h"
#include "ops/location.h"
#include "ops/looks.h"
#include "ops/member.h"
#include "ops/op.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/store.h"

struct engine_private {
        pthread_t thread;
        bool running;
        uint64_t random;
};

int64_t engine_random(struct engine *e, int64_t n)
{
        uint64_t x = e->p->random;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        e->p->random = x;
        return (int64_t)(x % (uint64_t)n);
}

bool engine_acts(const struct engine *e)
{
        return !e->options.read_only && !e->model.store_read_only;
}

void engine_object_shrunk(struct engine *e, struct object *o)
{
        struct member *c, *tmp;

        rollup_object(e, o);
        if ((o->own && !o->removed) || list_linked(&o->velero) || o->draft_state != DRAFT_NONE)
                return;
        if (o->own && op_type_of(o->kind)->owes != NULL && op_type_of(o->kind)->owes(o))
                return;
        /* A cluster that is away may still hold one. */
        HASH_ITER (hh, o->fleet->members, c, tmp)
                if (c->alias_of[0] == '\0' && !member_ready(c))
                        return;
        if (o->own) {
                acting_drop(e, o);
                return;
        }
        engine_forget(e, o);
        model_touch_object(o, true);
        fleet_remove_object(o);
}

/* ---------------------------------------------------------------- other threads */

static void engine_posted_own(void *arg)
{
        struct engine_post *p = arg;

        /* What is asked from outside may store something: no section of the round is held over it. */
        engine_publish(p->engine);
        p->fn(p->engine, p->arg);
}

static void engine_posted(void *arg)
{
        engine_posted_own(arg);
        free(arg);
}

void engine_post_own(struct engine *e, struct engine_post *p, void (*fn)(struct engine *e, void *arg), void *arg)
{
        *p = (struct engine_post){ .engine = e, .fn = fn, .arg = arg };
        loop_post_note(e->loop, &p->note, engine_posted_own, p);
}

int engine_post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg)
{
        struct engine_post *p = malloc(sizeof(*p));
        int r;

        if (p == NULL)
                return -ENOMEM;
        *p = (struct engine_post){ .engine = e, .fn = fn, .arg = arg };
        r = loop_post(e->loop, engine_posted, p);
        if (r < 0)
                free(p);
        return r;
}

/* ---------------------------------------------------------------- life */

static void engine_jumped(void *arg, const struct loop_jump *jump)
{
        struct engine *e = arg;
        struct fleet *f, *ftmp;
        struct member *c, *ctmp;

        if (jump->slept_ms == 0)
                return;
        engine_write(e);
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                HASH_ITER (hh, f->members, c, ctmp)
                        member_suspect(c);
}

int engine_new(struct engine **ret, const struct engine_options *options, struct err *err)
{
        _cleanup_(engine_freep) struct engine *e = calloc(1, sizeof(*e));
        int r;

        if (e == NULL || (e->p = calloc(1, sizeof(*e->p))) == NULL || engine_round_new(e) < 0)
                return err_set(err, -ENOMEM, "make the engine");
        e->options = *options;
        if (getrandom(&e->p->random, sizeof(e->p->random), GRND_NONBLOCK) < 0)
                e->p->random = (uintptr_t)e;
        e->p->random |= 1;
        r = model_init(&e->model, err);
        if (r < 0) {
                e->model.started = 0;
                return r;
        }
        e->model.started = clock_realtime();
        r = store_open(&e->store, options->state_dir, options->read_only, err);
        if (r < 0)
                return r;
        snprintf(e->model.store_id, sizeof(e->model.store_id), "%s", store_id(e->store));
        e->model.store_read_only = store_read_only(e->store);
        snprintf(e->model.store_holder, sizeof(e->model.store_holder), "%s", store_holder(e->store));
        *ret = TAKE(e);
        return 0;
}

void engine_listen(struct engine *e, model_listener listener, void *arg)
{
        e->model.listener = listener;
        e->model.listener_arg = arg;
}

void engine_on_fleet(struct engine *e, int (*fn)(void *arg, struct fleet *f, struct err *err), void *arg)
{
        e->on_fleet = fn;
        e->on_fleet_arg = arg;
}

/* Everything that was decided before is in the model before the mount answers; the network comes after. */
int engine_load(struct engine *e, struct err *err)
{
        int r;

        r = loop_new(&e->loop, err);
        if (r == 0)
                r = http_new(&e->http, e->loop, err);
        if (r == 0)
                r = engine_conf_load(e, err);
        if (r == 0) {
                engine_event(e, "Started", NULL, "version", FLEETFS_VERSION, "store", e->model.store_id, NULL);
                r = engine_conf_watch(e, err);
        }
        engine_publish(e);
        if (e->loop != NULL)
                loop_on_jump(e->loop, engine_jumped, e);
        return r;
}

static void *engine_thread(void *arg)
{
        struct engine *e = arg;
        struct err err = ERR_INIT;

        pthread_setname_np(pthread_self(), "engine");
        if (loop_run(e->loop, &err) < 0)
                log_error("engine stopped", LOG_ERR(&err));
        /* The last round may have left a section open, and only the thread that took a lock can give it back. */
        engine_publish(e);
        return NULL;
}

int engine_start(struct engine *e, struct err *err)
{
        int r = pthread_create(&e->p->thread, NULL, engine_thread, e);

        if (r != 0)
                return err_set(err, -r, "start the engine's thread");
        e->p->running = true;
        return 0;
}

void engine_stop(struct engine *e)
{
        if (!e->p->running)
                return;
        loop_stop(e->loop);
        pthread_join(e->p->thread, NULL);
        e->p->running = false;
        loop_adopt(e->loop);
        /* What was asked for and not done yet is done while all of the engine stands. */
        (void)loop_run_once(e->loop, 0, NULL);
}

void engine_free(struct engine *e)
{
        struct fleet *f, *ftmp;
        struct member *c, *ctmp;
        struct object *o, *otmp;

        if (e == NULL)
                return;
        if (e->p != NULL) {
                engine_stop(e);
                e->model.listener = NULL;
                if (e->loop != NULL) {
                        engine_publish(e);
                        engine_store(e, true, INT64_MAX);
                        engine_publish(e);
                        HASH_ITER (hh, e->model.fleets, f, ftmp) {
                                for (int k = 0; k < OBJECT_KINDS; k++)
                                        HASH_ITER (hh, f->objects[k], o, otmp)
                                                engine_forget(e, o);
                                HASH_ITER (hh, f->members, c, ctmp)
                                        member_stop(c);
                        }
                        engine_conf_free(e);
                        engine_round_stop(e);
                        acting_stop(e);
                        standing_stop(e);
                        location_stop(e);
                        looks_end(e);
                        http_free(e->http);
                        loop_free(e->loop);
                }
        }
        store_close(e->store);
        if (e->model.started != 0)
                model_done(&e->model);
        engine_round_free(e);
        free(e->p);
        free(e);
}
