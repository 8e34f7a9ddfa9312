/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * op: what each kind of declared object does. One row per kind; ops/acting*.c call these at the right moments of
 * a file's life and knows nothing of backups, restores or migrations itself. All on the engine thread.
 */
#include "base/err.h"
#include "ops/model.h"

/* A word that `ctl` understands. `args` is "" or the synopsis of its argument ("<run>"). */
struct op_verb {
        const char *name;
        const char *args;
        const char *help;
        /* Inside a write section. Returns 0 or -errno with a sentence: WRITE fails with it. */
        int (*run)(struct engine *e, struct object *o, const char *arg, struct err *err);
        bool on_draft; /* starts a draft, which ops/acting_ctl.c does; `run` is for a folder as a whole, NULL: none has one */
        bool on_removed; /* applies to what is left of a removed policy, too */
        bool on_others; /* applies to what another store made, and to nothing else */
        /* Whether ctl lists it now; NULL: always. `run` says by itself what is wrong where it does not apply. */
        bool (*applies)(const struct object *o);
};

/* For `start`: there is a draft, or the folder has not started. */
bool op_can_start(const struct object *o);

struct op_type {
        enum object_kind kind;
        bool one_shot;        /* a second write is EEXIST (restores, migrations) */
        bool needs_newline;   /* YAML that does not end in one is refused as cut off */
        /* Judges a document for object `o` without changing anything. On success *ret is the parsed policy (caller's). */
        int (*admit)(struct engine *e, const struct object *o, const char *bytes, size_t len, const char *ext,
                struct policy **ret, struct err *err);
        /* in_force and policy were just set (by start, not by loading): makes what is owed. `before` is the policy that was
           in force until now, NULL when there was none or it was removed. Write section. */
        void (*start)(struct engine *e, struct object *o, const struct policy *before);
        /* Loaded from the store: goes on where it was. Write section. */
        void (*resume)(struct engine *e, struct object *o);
        /* The removal became final: stops what is not posted. Write section. */
        void (*retire)(struct engine *e, struct object *o);
        /* After retire: something is still to be done on a cluster, so the record stays. NULL: never. */
        bool (*owes)(const struct object *o);
        /* The policy could be read at last, or the fleet's clusters, their labels or identities changed. NULL: nothing. Write
           section. */
        void (*follow)(struct engine *e, struct object *o);
        /* -EBUSY when it must not be removed now. */
        int (*may_remove)(struct engine *e, const struct object *o, struct err *err);
        const struct op_verb *verbs; /* ends with a NULL name */
};

const struct op_type *op_type_of(enum object_kind kind);
extern const struct op_type op_backup, op_restore, op_migration;
