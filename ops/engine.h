/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * engine: the one thread that owns the model, the connections to the clusters and every running operation.
 *
 * Other threads ask it by engine_post(); what must wait is answered from the engine thread by a callback.
 * Nothing here knows FUSE.
 */
#include "base/err.h"
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
        int64_t grace_unlink_ms;   /* default 3000 */
        int64_t grace_rename_ms;   /* default 60000 */
};

struct engine {
        struct loop *loop;
        struct http *http;
        struct model model;
        struct store *store;
        struct engine_options options;
        struct engine_private *p;  /* ops/engine.c */
};

/* Reads the configuration and the store (so that the tree is complete before the mount), starts no thread yet.
   A configuration that cannot be read at all is an error; a cluster that cannot be reached never is. */
int engine_new(struct engine **ret, const struct engine_options *options, struct err *err);
void engine_free(struct engine *e);
/* Who is told of changes; before engine_start. */
void engine_listen(struct engine *e, model_listener listener, void *arg);
/* Starts the engine thread (after daemonizing). */
int engine_start(struct engine *e, struct err *err);
/* Asks the thread to end (it stores what is owed) and joins it. Idempotent. */
void engine_stop(struct engine *e);

/* Any thread: runs fn(engine, arg) on the engine thread, in order. */
void engine_post(struct engine *e, void (*fn)(struct engine *e, void *arg), void *arg);
bool engine_is_current_thread(const struct engine *e);

/* Appends one line to events.jsonl, inside a write section. Fields are "key", "value" pairs ending in NULL. */
void engine_event(struct engine *e, const char *type, const struct fleet *f, ...) __attribute__((sentinel));
