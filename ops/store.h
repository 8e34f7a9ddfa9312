/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * store: where declared objects live: the user's exact bytes and what was decided about them.
 *
<<<<<<< HEAD
 * A store is a small vtable over named records; there is one kind, a folder of this
 * machine (ops/store_local.c). A record is put and got as a whole; put
 * answers when the record is durable, and a put that fails leaves the older record as it was. Names
 * are any bytes but NUL, up to 255.
=======
 * A store is a small vtable over named records, so that it can be a folder of this machine
 * (ops/store_local.c) or, later, objects of a host cluster. A record is put and got as a whole; put
 * answers when the record is durable, and no reader ever finds a part of one. Names are any bytes but
 * NUL, up to 255.
>>>>>>> 48c99c8 (wip)
 *
 * A store has a random id, which is stamped on all that it makes in clusters, and a lock: where
 * another process holds it, the store opens for reading only, and knows who that is.
 *
 * Engine thread only (and whoever runs before that thread). Every call may wait for the disk.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

struct store;
struct store_ops;

enum store_space {
        STORE_OBJECTS, /* one record per declared object (ops/object.h) */
        STORE_SCRATCH, /* files of the user that do not act and yet must not be lost: acting ones
                          renamed away */
        STORE_TRASH,   /* bytes of removed policies; the name ends in "@<unix seconds>" */
        STORE_VALUES,  /* short texts: store_put_value() */
        STORE_SPACES,
};

/* Where a record is. `fleet` and `folder` ("backups") are names of the tree; NULL in STORE_VALUES.
 */
struct store_key {
        enum store_space space;
        const char *fleet;
        const char *folder;
        const char *name;
};

/* 16 lower-case hexadecimal digits. */
#define STORE_ID_TEXT 16
/* One record: two documents of a megabyte and what is known of fifty runs of a thousand clusters.
 */
#define STORE_RECORD_MAX (64U * 1024 * 1024)

/*
 * Opens the local store in `dir`, which is made when it is missing (0700), takes its lock and
 * removes what a crash left. With `read_only` (-o ro) nothing is made, locked or removed, and a
 * store that is not there is an empty one. A lock that is taken is no error. -EACCES, -ENOSPC,
 * -EROFS, …: the directory cannot be used, said with its path.
 */
int store_open(struct store **ret, const char *dir, bool read_only, struct err *err);
/* Releases the lock. NULL is allowed. */
void store_close(struct store *s);
DEFINE_CLEANUP(struct store *, store_close);

const char *store_id(const struct store *s);
/* Whether every put and delete is -EROFS: opened so, or another process holds the lock. */
bool store_read_only(const struct store *s);
/* "pid 123" of the process that holds the lock instead of us; "" when nobody does. */
const char *store_holder(const struct store *s);

/* 0 when the record is durable. -ENOSPC, -EDQUOT, -EIO, -EROFS, -EFBIG (STORE_RECORD_MAX), …: nothing
 * changed, unless store_is_unsure(). */
int store_put(struct store *s, const struct store_key *key, const void *bytes, size_t len,
        struct err *err);
/* Appends to `out`. -ENOENT; -EBADMSG a record that is damaged. */
int store_get(struct store *s, const struct store_key *key, struct buf *out, struct err *err);
/* Durable as well. A record that is not there is no error. Fails as store_put(). */
int store_delete(struct store *s, const struct store_key *key, struct err *err);

/*
 * Whether the put or delete that has just failed was done all the same, and is perhaps not durable: a
 * later start finds the old record or the new one, never a part of either. Which it is to be is known
 * when that record was put, or deleted, once more.
 */
bool store_is_unsure(const struct store *s);

/*
 * Puts a record that nobody can use out of the way, durably: it stays in the store's folder under a
 * name that no record has, told in `kept`. -ENOENT: there is none. Else as store_put().
 */
int store_set_aside(struct store *s, const struct store_key *key, char kept[static NAME_MAX + 1],
        struct err *err);

/*
 * Calls fn for each record of a folder, in no order; bytes are good during the call. One that cannot
 * be read is told with bytes NULL and, in `why`, what is wrong: -EBADMSG when it is damaged, and was
 * set aside unless the store is read-only; else it is where it was, and may be read another time. Records may be deleted and put by
 * fn; a new one may or may not be seen. Stops at and returns the first nonzero result of fn. No
 * folder: no records.
 */
typedef int store_each_fn(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why);
int store_each(struct store *s, enum store_space space, const char *fleet, const char *folder,
        store_each_fn *fn, void *arg, struct err *err);

/* A short text under a key such as "cluster/prod/eu-1": a record of STORE_VALUES. */
int store_put_value(struct store *s, const char *key, const char *value, struct err *err);

/* ---------------------------------------------------------------- for backends */

struct store {
        const struct store_ops *ops;
        char id[STORE_ID_TEXT + 1];
        bool read_only;
        bool unsure; /* set by put and del where they fail too late */
        char holder[64];
};

struct store_ops {
        int (*put)(struct store *s, const struct store_key *key, const void *bytes, size_t len,
                struct err *err);
        int (*get)(struct store *s, const struct store_key *key, struct buf *out, struct err *err);
        int (*del)(struct store *s, const struct store_key *key, struct err *err);
        int (*set_aside)(struct store *s, const struct store_key *key,
                char kept[static NAME_MAX + 1], struct err *err);
        int (*each)(struct store *s, enum store_space space, const char *fleet, const char *folder,
                store_each_fn *fn, void *arg, struct err *err);
        void (*close)(struct store *s);
};
