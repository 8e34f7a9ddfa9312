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
#include "ops/engine.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/http.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/acting.h"
#include "ops/engine_private.h"
#include "ops/fleetconf.h"
#include "ops/identity.h"
#include "ops/location.h"
#include "ops/looks.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/store.h"
#include "ops/task.h"

struct engine_private {
        pthread_t thread;
        bool running;
        pthread_t owner;
        bool section;          /* a write section of the round is open */
        struct loop_defer round;
        struct loop_timer tick;
        struct list open;      /* task.opened */
        struct list queue;     /* task.queued */
        struct list unstored;  /* object.unstored */
        struct fleetconf *conf;
        struct fleetconf_watch *watch;
        uint64_t random;
        bool store_failed;     /* told already */
        bool store_goes_on;    /* the last round's time was over before all was stored */
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

/* ---------------------------------------------------------------- the round */

bool engine_acts(const struct engine *e)
{
        return !e->options.read_only && !e->model.store_read_only;
}

bool engine_is_current_thread(const struct engine *e)
{
        return pthread_equal(pthread_self(), e->p->owner);
}

void engine_write(struct engine *e)
{
        if (e->p->section)
                return;
        e->p->section = true;
        model_write_begin(&e->model);
        loop_defer(e->loop, &e->p->round);
}

void engine_publish(struct engine *e)
{
        if (!e->p->section)
                return;
        rollup_all(e);
        e->p->section = false;
        model_write_end(&e->model);
}

static void engine_arm_tick(struct engine *e)
{
        if (!loop_timer_armed(&e->p->tick))
                loop_timer_after(e->loop, &e->p->tick, LIMIT_ENGINE_TICK_MS);
}

void engine_note(struct engine *e, struct object *o)
{
        if (!o->own || !engine_acts(e))
                return;
        if (!list_linked(&o->unstored))
                list_append(&e->p->unstored, &o->unstored);
        engine_arm_tick(e);
}

void engine_dirty(struct engine *e, struct object *o)
{
        if (!o->own || !engine_acts(e))
                return;
        engine_note(e, o);
        o->dirty = true;
        loop_defer(e->loop, &e->p->round);
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
        if (e->p->store_failed)
                return;
        e->p->store_failed = true;
        engine_event(e, "StoreFailed", f, "name", name, "message", why->msg, NULL);
        log_error("state cannot be stored; nothing is sent to clusters until it can", LOG_S("object", name), LOG_ERR(why));
}

static bool engine_store_fleet(struct engine *e, struct fleet *f)
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

/*
 * `all`: also what can wait. One that cannot be stored stays, and is tried again with the next tick. After `budget_ms` the
 * rest is left to the next round: who asks something of the engine does not wait for the disk of everybody else.
 */
static void engine_store(struct engine *e, bool all, int64_t budget_ms)
{
        const int64_t begin = clock_boottime_ms();
        struct list *l, *tmp;
        bool failed = (all || list_linked(&e->p->queue)) && !engine_store_fleets(e);

        e->p->store_goes_on = false;
        LIST_EACH (&e->p->unstored, l, tmp) {
                struct object *o = container_of(l, struct object, unstored);
                struct err err = ERR_INIT;

                if (!o->dirty && !all)
                        continue;
                if (clock_boottime_ms() - begin >= budget_ms) {
                        e->p->store_goes_on = true;
                        loop_defer(e->loop, &e->p->round);
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
        if (!failed && !engine_owes_fleets(e))
                e->p->store_failed = false;
}

/*
 * What was decided about a task is durable when its object, and who the clusters of its fleet are, was stored before this
 * began; what other tasks of the object decide meanwhile does not concern it. A task of which something could not be stored
 * is brought back by the tick.
 */
static void engine_act(struct engine *e)
{
        struct list batch = { 0 }, *l, *tmp;

        list_take_all(&batch, &e->p->queue);
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
                else if (e->p->store_goes_on)
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
                list_append(&e->p->open, &t->opened);
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
                list_append(&e->p->queue, &t->queued);
        loop_defer(e->loop, &e->p->round);
}

void engine_kick_member(struct engine *e, struct member *c)
{
        struct list *l, *tmp;

        LIST_EACH (&c->tasks, l, tmp)
                task_kick(e, container_of(l, struct task, at_member));
}

static void engine_tick(void *arg)
{
        struct engine *e = arg;
        int64_t now_ms = loop_now(e->loop), now_s = clock_realtime();
        struct list *l, *tmp;
        bool owed = list_linked(&e->p->unstored) || engine_owes_fleets(e);

        LIST_EACH (&e->p->open, l, tmp) {
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
        if (list_linked(&e->p->open) || owed)
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

struct engine_post {
        struct engine *engine;
        void (*fn)(struct engine *e, void *arg);
        void *arg;
};

static void engine_posted(void *arg)
{
        struct engine_post *p = arg;

        /* What is asked from outside may store something: no section of the round is held over it. */
        engine_publish(p->engine);
        p->fn(p->engine, p->arg);
        free(p);
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

/* ---------------------------------------------------------------- configuration */

static void engine_member_data(struct member *c, const struct fleetconf_member *conf)
{
        free(c->context);
        c->context = conf->context != NULL ? strdup(conf->context) : NULL;
        free(c->server);
        c->server = conf->kube != NULL && conf->kube->server != NULL ? strdup(conf->kube->server) : NULL;
        strv_done(&c->label_keys);
        strv_done(&c->label_values);
        for (size_t i = 0; i < conf->labels.n; i++) {
                const char *eq = strchr(conf->labels.v[i], '=');
                size_t n = eq != NULL ? (size_t)(eq - conf->labels.v[i]) : strlen(conf->labels.v[i]);

                (void)strv_pushn(&c->label_keys, conf->labels.v[i], n);
                (void)strv_push(&c->label_values, eq != NULL ? eq + 1 : "");
        }
}

/* A folder may carry another name than configured (identity.c): what the configuration calls a member is found again. */
static struct member *engine_configured_member(struct fleet *f, const struct fleetconf_member *conf)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->members, c, tmp)
                if (strcmp(c->configured, conf->name) == 0)
                        return c;
        return NULL;
}

static int engine_add_member(struct engine *e, struct fleet *f, const struct fleetconf_member *conf, struct err *err)
{
        char name[FOLDER_NAME_MAX + 1];
        struct member *c;
        int r;

        /* Another cluster may have been given a folder of that name (identity.c). */
        r = identity_free_name(e, f, conf->name, NULL, name, err);
        if (r < 0)
                return r;
        c = fleet_add_member(f, name);
        if (c == NULL)
                return err_set(err, -ENOMEM, "add cluster %s", conf->name);
        snprintf(c->configured, sizeof(c->configured), "%s", conf->name);
        identity_load(e, c);
        engine_member_data(c, conf);
        model_touch_member(c, true);
        rollup_fleet(e, f);
        return member_start(e, c, conf, err);
}

/* Tasks find their clusters, also those that came, went or changed. */
static void engine_kick_all(struct engine *e)
{
        struct list *l, *tmp;

        LIST_EACH (&e->p->open, l, tmp)
                task_kick(e, container_of(l, struct task, opened));
}

void engine_disown_member(struct engine *e, struct member *c)
{
        struct velero_object *v, *vtmp;
        struct object *o, *otmp;

        /* Its tasks wait for a cluster that is away: their objects were not deleted. */
        for (int k = 0; k < VELERO_KINDS; k++) {
                HASH_ITER (hh, c->velero[k], v, vtmp) {
                        model_touch_velero(v, true);
                        member_remove_velero(v);
                }
                c->synced[k] = false;
        }
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, otmp)
                        if (!o->own && !list_linked(&o->velero))
                                engine_object_shrunk(e, o);
        engine_kick_member(e, c);
        rollup_fleet(e, c->fleet);
}

void engine_release_aliases(struct engine *e, const struct member *gone)
{
        struct member *c, *tmp;

        HASH_ITER (hh, gone->fleet->members, c, tmp) {
                if (strcmp(c->alias_of, gone->name) != 0)
                        continue;
                c->alias_of[0] = '\0';
                model_touch_member(c, true);
                member_restart(c);
        }
}

/* The cluster is forgotten, never cleaned. */
static void engine_remove_member(struct engine *e, struct member *c)
{
        engine_event(e, "ClusterRemoved", c->fleet, "cluster", c->name, NULL);
        member_stop(c);
        engine_release_aliases(e, c);
        engine_disown_member(e, c);
        model_touch_member(c, true);
        fleet_remove_member(c);
}

/* What of a fleet that leaves was not stored yet: it may come back. */
static void engine_store_objects(struct engine *e, struct fleet *f)
{
        struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, tmp) {
                        struct err err = ERR_INIT;

                        if (list_linked(&o->unstored) && object_save(e, o, &err) < 0)
                                engine_store_failed(e, f, o->name, &err);
                }
}

static int engine_set_yaml(struct fleet *f, const struct fleetconf_fleet *conf)
{
        free(f->yaml);
        f->yaml = conf->yaml != NULL ? strndup(conf->yaml, conf->yaml_len) : NULL;
        return conf->yaml != NULL && f->yaml == NULL ? -ENOMEM : 0;
}

static int engine_apply_change(struct engine *e, const struct fleetconf_change *ch, struct err *err)
{
        struct fleet *f = model_fleet(&e->model, ch->fleet->name);
        struct member *c = f != NULL && ch->member != NULL ? engine_configured_member(f, ch->member) : NULL;
        const unsigned reconnect = FLEETCONF_CONNECTION | FLEETCONF_CREDENTIAL | FLEETCONF_VELERO_NAMESPACE | FLEETCONF_ERROR;
        int r;

        if (ch->member == NULL) {
                if (ch->kind == FLEETCONF_REMOVED) {
                        struct member *m, *tmp;
                        if (f == NULL)
                                return 0;
                        /* As long as its clusters are known: records name them. */
                        engine_store_objects(e, f);
                        HASH_ITER (hh, f->members, m, tmp)
                                engine_remove_member(e, m);
                        for (int k = 0; k < OBJECT_KINDS; k++) {
                                struct object *o, *otmp;
                                HASH_ITER (hh, f->objects[k], o, otmp)
                                        engine_forget(e, o);
                        }
                        (void)engine_store_fleet(e, f);
                        model_touch_fleet(f, true);
                        model_remove_fleet(f);
                        return 0;
                }
                if (f == NULL && (f = model_add_fleet(&e->model, ch->fleet->name)) == NULL)
                        return err_set(err, -ENOMEM, "add fleet %s", ch->fleet->name);
                r = engine_set_yaml(f, ch->fleet);
                model_touch_fleet(f, ch->kind == FLEETCONF_ADDED);
                if (r == 0 && ch->kind == FLEETCONF_ADDED)
                        r = object_load_all(e, f, err);
                if (r == 0 && ch->kind == FLEETCONF_ADDED && e->on_fleet != NULL)
                        r = e->on_fleet(e->on_fleet_arg, f, err);
                return r;
        }
        if (f == NULL)
                return 0;
        switch (ch->kind) {
        case FLEETCONF_REMOVED:
                if (c != NULL)
                        engine_remove_member(e, c);
                return 0;
        case FLEETCONF_ADDED:
                return engine_add_member(e, f, ch->member, err);
        case FLEETCONF_CHANGED:
                break;
        }
        if (c == NULL)
                return 0;
        engine_member_data(c, ch->member);
        model_touch_member(c, false);
        if ((ch->what & reconnect) == 0)
                return 0;
        member_stop(c);
        return member_start(e, c, ch->member, err);
}

/* Takes conf. */
static int engine_apply_conf(struct engine *e, struct fleetconf *conf, struct err *err)
{
        struct fleetconf_diff diff;
        struct fleet *f, *tmp;
        int r = fleetconf_diff(e->p->conf, conf, &diff);

        if (r < 0) {
                fleetconf_free(conf);
                return err_set(err, r, "compare configurations");
        }
        engine_write(e);
        /* One that fails does not keep the others from being applied; the first failure is told. */
        for (size_t i = 0; i < diff.n_changes; i++) {
                int k = engine_apply_change(e, &diff.changes[i], r == 0 ? err : NULL);
                if (k < 0 && r == 0)
                        r = k;
        }
        fleetconf_diff_done(&diff);
        HASH_ITER (hh, e->model.fleets, f, tmp) {
                standing_follow_fleet(e, f);
                rollup_fleet(e, f);
        }
        engine_kick_all(e);
        fleetconf_free(e->p->conf);
        e->p->conf = conf;
        return r;
}

static void engine_conf_changed(void *arg, struct fleetconf *conf, const struct err *why)
{
        struct engine *e = arg;
        struct err err = ERR_INIT;

        engine_write(e);
        if (conf == NULL) {
                engine_event(e, "ConfigurationRefused", NULL, "message", why->msg, NULL);
                log_warn("configuration refused; the one in force stays", LOG_ERR(why));
                return;
        }
        if (engine_apply_conf(e, conf, &err) < 0)
                log_error("configuration applied in part", LOG_ERR(&err));
        else
                engine_event(e, "ConfigurationRead", NULL, NULL);
}

void engine_reload(struct engine *e)
{
        fleetconf_watch_reload(e->p->watch);
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

        if (e == NULL || (e->p = calloc(1, sizeof(*e->p))) == NULL)
                return err_set(err, -ENOMEM, "make the engine");
        e->options = *options;
        e->p->owner = pthread_self();
        if (getrandom(&e->p->random, sizeof(e->p->random), GRND_NONBLOCK) < 0)
                e->p->random = (uintptr_t)e;
        e->p->random |= 1;
        loop_defer_init(&e->p->round, engine_round, e);
        loop_timer_init(&e->p->tick, engine_tick, e);
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
        struct fleetconf *conf = NULL;
        int r;

        r = loop_new(&e->loop, err);
        if (r == 0)
                r = http_new(&e->http, e->loop, err);
        if (r == 0)
                r = fleetconf_load(e->options.source, &conf, err);
        if (r == 0)
                r = engine_apply_conf(e, conf, err);
        if (r == 0) {
                engine_event(e, "Started", NULL, "version", FLEETFS_VERSION, "store", e->model.store_id, NULL);
                r = fleetconf_watch_new(&e->p->watch, e->loop, e->options.source, e->p->conf, engine_conf_changed, e, err);
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

        e->p->owner = pthread_self();
        pthread_setname_np(pthread_self(), "engine");
        if (loop_run(e->loop, &err) < 0)
                log_error("engine stopped", LOG_ERR(&err));
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
        e->p->owner = pthread_self();
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
                        fleetconf_watch_free(e->p->watch);
                        loop_timer_cancel(e->loop, &e->p->tick);
                        loop_defer_cancel(e->loop, &e->p->round);
                        acting_stop(e);
                        standing_stop(e);
                        location_stop(e);
                        looks_end(e);
                        http_free(e->http);
                        loop_free(e->loop);
                }
                fleetconf_free(e->p->conf);
        }
        store_close(e->store);
        if (e->model.started != 0)
                model_done(&e->model);
        free(e->p);
        free(e);
}
