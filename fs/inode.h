/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * inode: what the kernel knows of the tree.
 *
 * An inode is one version of one name: it knows its parent, its name and, for a synthesized file or
 * link, its bytes. It holds no pointer into the model; whoever needs to know what it stands for
 * walks the names again (inode_resolve(), in a read section), and if a step fails the object is
 * gone.
 *
 * A version is immutable. When the bytes (or mtime or mode) of a name change, the next lookup makes
 * a new inode with a new number; the old one stays as it is for those who hold it. So size, mtime
 * and bytes always agree. The table indexes inodes by number, and by (parent, name) the current
 * version of each name.
 *
 * References: `lookups` counts what the kernel was told (inode_enter adds one, FORGET takes them
 * back), `refs` our own: children, handles, the notifier. An inode goes when both are 0. Until a
 * request is answered the kernel keeps its inodes; what lasts longer, were it only until the answer
 * is written, takes a reference. The root is never freed before the table.
 *
 * Locking: the table's mutex guards the members in `synced` and both indexes; all else is set at
 * birth and may be read by anyone who holds a reference. Lock order: model (read section), then the
 * table; nothing is taken below the table.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <uthash.h>

#include "fs/node.h"
#include "fs/write_ops.h"

struct listing;

struct inode {
        uint64_t
                id; /* the kernel's number of it; 1 is the root, from a counter, never used again */
        uint64_t ino; /* st_ino */
        uint64_t path_hash;
        struct inode *parent;       /* a reference; NULL for the root */
        const struct node_row *row; /* NULL for a user's file */
        struct userfile *user;      /* a reference; NULL for what is synthesized */
        mode_t mode;
        int64_t mtime_ns; /* as of its birth; final for what has bytes */
        char *bytes;      /* FILE, LINK, links of the user: NUL-terminated beyond len; else NULL */
        size_t len;
        uint64_t generation; /* LOG */
        uint64_t told;       /* LOG: length that the notifier told last; the notifier's own */

        struct {
                uint64_t lookups;
                uint64_t refs;
                bool current;            /* in the index of names */
                struct listing *listing; /* DIR: the snapshot that READDIR goes on with */
                uint64_t shown; /* DIR: node_shown() of the last listing, 0 before the first */
                struct inode *children, *next, *prev; /* of the parent's children; all versions */
        } synced;
        UT_hash_handle by_id, by_name; /* synced as well */
        const char *name;              /* "" for the root; lies in key */
        unsigned char key[];           /* of by_name: the parent's number, then the name */
};

struct inode_table {
        pthread_mutex_t lock;
        const struct write_ops *ops; /* to let go of user files; may be NULL */
        struct session *session;
        uint64_t next_id;
        struct inode *by_id, *by_name;
        struct inode *root;
        size_t count; /* without the root */
};

/* What a name is right now, before it is an inode. */
struct inode_version {
        const struct node_row *row; /* NULL for a user's file */
        struct userfile *user;      /* a reference */
        mode_t mode;
        int64_t mtime_ns;
        uint64_t size;
        char *bytes; /* owned; FILE, LINK, links of the user */
        size_t len;
        uint64_t generation; /* LOG */
        uint64_t ino;        /* 0: by path, or by path and bytes when there are some */
};
void inode_version_done(struct inode_version *v, const struct inode_table *t);

int inode_table_init(
        struct inode_table *t, struct session *s, const struct write_ops *ops, struct err *err);
/* Frees all that is left, whatever the counts (the kernel forgets nothing at unmount). */
void inode_table_done(struct inode_table *t);

/* The inode of a number in a request; NULL for one we never gave out. No reference: the request has
 * it. */
struct inode *inode_get(struct inode_table *t, uint64_t id);
struct inode *inode_ref(struct inode_table *t, struct inode *i);
/* Returns NULL. */
struct inode *inode_unref(struct inode_table *t, struct inode *i);

/* The inode of this version of this name: the current one when it is the same, else a new one which
   takes its place. Adds one lookup. Takes what it uses out of *v. 0 or -ENOMEM. */
int inode_enter(struct inode_table *t, struct inode *parent, const char *name,
        struct inode_version *v, struct inode **ret);
/* Takes n lookups back (FORGET, or an answer that the kernel did not take). */
void inode_forget(struct inode_table *t, struct inode *i, uint64_t n);
void inode_forget_id(struct inode_table *t, uint64_t id, uint64_t n);

/* The current version of a name, with a reference; NULL when the kernel was told of none that it
 * still has. */
struct inode *inode_current(struct inode_table *t, struct inode *parent, const char *name);
/* Whether the inode is exactly this version. */
bool inode_is(const struct inode *i, const struct inode_version *v);
/* The name's next lookup makes a new inode. Nothing when there is no current one. */
void inode_supersede(struct inode_table *t, struct inode *parent, const char *name);
/* The directory of these names as far as the kernel has it, with a reference, or NULL. n = 0: the
 * root. */
struct inode *inode_find(struct inode_table *t, const char *const *names, size_t n);
/* The names of a directory's children that are current, as one block: each with its NUL, an empty
   one at the end. Caller frees. -ENOMEM. */
int inode_children(struct inode_table *t, const struct inode *dir, char **ret);

/* Walks from the root. Inside a read section. -ESTALE when a step is gone or has become something
   else. Not for user files: their folder is i->parent. */
int inode_resolve(const struct inode *i, const struct node_root *root, struct node *ret);

/* The snapshot that READDIR goes on with leaves the inode, and is put back (the older one is freed)
 * or dropped. */
struct listing *inode_take_listing(struct inode_table *t, struct inode *dir);
void inode_put_listing(struct inode_table *t, struct inode *dir, struct listing *l);
/* Which rows the kernel was last told of in a listing. set returns what it was. */
uint64_t inode_set_shown(struct inode_table *t, struct inode *dir, uint64_t shown);

/* 64-bit FNV-1a, and a finish that spreads it over all bits; never 0 or 1. */
#define INODE_HASH_INIT 0xcbf29ce484222325ULL
uint64_t inode_hash(uint64_t seed, const void *bytes, size_t n);
uint64_t inode_mix(uint64_t hash);
/* st_ino of a child that is known by its path only. Never 0 or 1. */
uint64_t inode_path_ino(const struct inode *parent, const char *name);
