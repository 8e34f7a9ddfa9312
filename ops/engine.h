/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * engine: the one thread that owns the model, the connections to the clusters and every running operation.
 *
 * Other threads ask it by engine_post(); what must wait is answered from the engine thread by a callback.
 * Nothing here knows FUSE.
 */
#include "base/cleanup.h"
#include "base/err.h"
#include "base/loop.h"
#include "ops/model.h"

struct loop;
struct http;
struct store;
struct fleetconf_source;

struct engine_options {
        const struct fleetconf_source *source;
        const char *state_dir;     /* root of the local store */
        bool read_only;            /* -o ro: nothing is written to any cluster nor to the store */
        int64_t start_deadline;    /* seconds, default 3600 */
        int64_t relist_ms;         /* between two lists of a cluster's objects; 0: LIMIT_REFLECTOR_RELIST_MS */
        int64_t grace_unlink_ms;   /* default 3000 */
        int64_t grace_rename_ms;   /* default 60000 */
};

struct engine {
        struct loop *loop;
        struct http *http;
        struct model model;
        struct store *store;
        struct engine_options options;
        struct engine_private *p; /* ops/engine.c */
        struct engine_round *round; /* ops/engine_round.c */
        struct engine_conf *conf; /* ops/engine_conf.c; NULL before engine_load() */
        struct acting *acting; /* ops/acting_time.c */
        struct standing_clock *standing; /* ops/standing.c */
        struct location_clock *locations; /* ops/op_location.c */
        struct looks *looks;       /* ops/looks.c */
        int (*on_fleet)(void *arg, struct fleet *f, struct err *err);
        void *on_fleet_arg;
};

/* Opens the store. Starts no thread and contacts nobody. `options` and what it points to must outlive the engine. */
int engine_new(struct engine **ret, const struct engine_options *options, struct err *err);
void engine_free(struct engine *e);
DEFINE_CLEANUP(struct engine *, engine_free);
/* Reads the configuration and what is stored, so that the tree is complete before the mount; after daemonizing (libcurl
   must not cross a fork), before engine_start(). A configuration that cannot be read at all is an error; a cluster
   that cannot be reached never is. */
int engine_load(struct engine *e, struct err *err);
/* Who is told of changes; before engine_start. */
void engine_listen(struct engine *e, model_listener listener, void *arg);
/* Who has something in the store for a fleet that comes later: called for each that is added from now on, on the engine
   thread, in the write section in which it begins to show. Before engine_start; NULL: nobody. */
void engine_on_fleet(struct engine *e, int (*fn)(void *arg, struct fleet *f, struct err *err), void *arg);
/* Starts the engine thread (after daemonizing). */
int engine_start(struct engine *e, struct err *err);
/* Asks the thread to end (it stores what is owed) and joins it. Idempotent. */
void engine_stop(struct engine *e);

/* Any thread: runs fn(engine, arg) on the engine thread, in order. */
/* -ENOMEM or -ENOBUFS: then fn is not called. */
int engine_post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg);
/* The same for what must not fail: the caller's, the engine's from here until fn is called, which may free it. */
struct engine_post {
        struct loop_note note;
        struct engine *engine;
        void (*fn)(struct engine *e, void *arg);
        void *arg;
};
void engine_post_own(struct engine *e, struct engine_post *p, void (*fn)(struct engine *e, void *arg), void *arg);

/* ---------------------------------------------------------------- engine thread only */

/* Looks at the configuration now, as after SIGHUP. */
void engine_reload(struct engine *e);


/*
 * Work of one round of the loop is published together: engine_write() opens a write section unless one is open and
 * closes it at the end of the round. What must be durable is marked with engine_dirty() and stored after that, outside
 * of the section, so that no reader waits for a disk (but for that of a verb: ops/acting.h); only then tasks that were queued with task_kick() act.
 */
void engine_write(struct engine *e);
/* Closes the section now, e.g. before something slow. */
void engine_publish(struct engine *e);
/* o differs from what the store holds, and none of its tasks may act before that is stored. */
void engine_dirty(struct engine *e, struct object *o);
/* The store holds o as it is now. */
void engine_stored(struct engine *e, struct object *o);
/* o is about to be removed from the model. */
void engine_forget(struct engine *e, struct object *o);
/* True when requests may be sent to clusters and the store may be written (not -o ro, the store's lock is ours). */
bool engine_acts(const struct engine *e);

/* Appends one line to events.jsonl, inside a write section. Fields are "key", "value" pairs ending in NULL. */
void engine_event(struct engine *e, const char *type, const struct fleet *f, ...) __attribute__((sentinel));
