/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * node: a directory of the mount is a table, a file of it a row.
 *
 *         static const struct node_row run_rows[] = {
 *                 FILE_ROW("phase", render_run_phase, .flags = NODE_WATCHED, .help = "one word"),
 *                 FILE_ROW("status.json", render_run_json, .flags = NODE_AGGREGATE, .help = "…"),
 *                 DIR_ROW("clusters", run_clusters_table, .help = "one folder per cluster"),
 *         };
 *         const struct node_table run_table = NODE_TABLE(run_rows);
 *
 * lookup, readdir, getattr, readlink, xattrs and invalidation are written once, over the tables
 * (fs/fuse_ops.c, fs/dir_ops.c, fs/xattr_ops.c, fs/notify_tell.c). Rows are constant and their functions run on any FUSE worker
 * or on the notifier, always inside a read section: they read the subject, write to the buffer, and
 * neither block nor keep a pointer. What they write is a function of the model alone, never of the
 * clock.
 *
 * A name is looked for among the rows with a name, then in the LISTs in table order, then among the
 * user's files (USER). Names of one directory must be unique. docs/adding-a-node.md walks through
 * adding one.
 */
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/err.h"
#include "fs/subject.h"

struct node_table;
struct session;

enum node_kind {
        NODE_FILE, /* render: its bytes; every version is an immutable inode of its own */
        NODE_LINK, /* render: the target, relative, without a newline */
        NODE_DIR,  /* table: its children */
        NODE_LIST, /* find, next, child: dynamic children of the directory that the row stands in */
        NODE_USER, /* the directory is writable: the user's files live in it (fs/write_ops.h) */
        NODE_CTL,  /* writes are verbs, reading (render) lists them; direct_io */
        NODE_WAIT, /* open answers when ready() holds, then render; direct_io, never listed */
        NODE_LOG,  /* log: a growing file, one inode per generation */
};

enum node_flag {
        /* How the content changes; of FILE and LINK rows exactly one. */
        NODE_CONST = 1u << 0,     /* never while the subject exists; LIST: nor do its names */
        NODE_WATCHED = 1u << 1,   /* small: rendered after a change, told if it differs */
        NODE_AGGREGATE = 1u << 2, /* dear to render: told as changed after every change */

        NODE_HIDDEN = 1u << 3,  /* found, not listed */
        NODE_RW_ONLY = 1u << 4, /* absent under -o ro */
        /* FILE: unlink is the write path's to judge (<name>.error.txt), not refused with EPERM. */
        NODE_REMOVABLE = 1u << 5,
};

/* The longest way from the root: prod/backups/x/runs/r/contents/c/ns/kind/name has 10 steps. */
#define NODE_DEPTH_MAX 16
/* Rows of one table: a set of them is one word. */
#define NODE_ROWS_MAX 64

/* Where a listing stands; zeroed for the first call. next() sets name to a string that stays until
 * its next call. */
struct node_cursor {
        const void *at; /* the list's own */
        size_t i;       /* the list's own */
        const char *name;
        char text[NAME_MAX + 1]; /* room for a composed name */
};

/* The bytes of a growing file, borrowed from the model. */
struct node_log {
        const char *bytes;
        size_t len;
        uint64_t generation; /* another one: another file, from its first byte */
        int64_t mtime;
};

struct node_xattr {
        const char *name; /* "phase": shown as user.fleetfs.phase; NULL ends the table */
        /* The value, without a newline. Nothing written: the file does not have this attribute. */
        int (*render)(const struct subject *s, struct buf *out);
};

struct node_row {
        enum node_kind kind;
        unsigned flags;   /* enum node_flag */
        const char *name; /* NULL for LIST, USER and the shape of a LIST's children */
        const char *help; /* one sentence; mandatory wherever there is a name or a list */
        int arg;          /* the functions' own, through subject.row */

        /* FILE, LINK, CTL, WAIT: appends the bytes. Returns 0 or -errno (-EFBIG and -ENOMEM of the
         * buffer included). */
        int (*render)(const struct subject *s, struct buf *out);
        /* Whether the row is there at all; NULL: always. Also for DIR, LIST and USER. */
        bool (*shown)(const struct subject *s);
        /* Unix seconds, from the data; NULL: as the directory above. */
        int64_t (*mtime)(const struct subject *s);
        const struct node_xattr *xattrs; /* or NULL */

        /* DIR */
        const struct node_table *table;
        enum folder_kind folder; /* FOLDER_NONE: as above */
        /* DIR: completes the subject on the way in (velero_kind, …); may be NULL. */
        void (*enter)(struct subject *s);

        /* LIST: the shape of each child: a DIR, LINK or FILE row without a name. */
        const struct node_row *child;
        /* *child begins as a copy of *dir; sets what `name` stands for. False: not one of this
         * list. A hash lookup. */
        bool (*find)(const struct subject *dir, const char *name, struct subject *child);
        /* Moves on to the next name; false at the end. One listing is one read section. */
        bool (*next)(const struct subject *dir, struct node_cursor *cursor);

        /* WAIT: whether the wait is over. */
        bool (*ready)(const struct subject *s);
        /* LOG */
        void (*log)(const struct subject *s, struct node_log *ret);
};

struct node_table {
        const struct node_row *rows;
        size_t n;
};

#define NODE_TABLE(rows_)                               \
        {                                               \
                .rows = (rows_), .n = ARRAY_SIZE(rows_) \
        }
#define FILE_ROW(name_, render_, ...)                                                  \
        {                                                                              \
                .kind = NODE_FILE, .name = (name_), .render = (render_), ##__VA_ARGS__ \
        }
#define LINK_ROW(name_, render_, ...)                                                  \
        {                                                                              \
                .kind = NODE_LINK, .name = (name_), .render = (render_), ##__VA_ARGS__ \
        }
#define DIR_ROW(name_, table_, ...)                                                  \
        {                                                                            \
                .kind = NODE_DIR, .name = (name_), .table = &(table_), ##__VA_ARGS__ \
        }
#define LIST_ROW(find_, next_, child_, ...)                                              \
        {                                                                                \
                .kind = NODE_LIST, .find = (find_), .next = (next_), .child = &(child_), \
                ##__VA_ARGS__                                                            \
        }
#define USER_ROW(...)                            \
        {                                        \
                .kind = NODE_USER, ##__VA_ARGS__ \
        }
#define CTL_ROW(name_, render_, ...)                                                           \
        {                                                                                      \
                .kind = NODE_CTL, .name = (name_), .render = (render_), .flags = NODE_RW_ONLY, \
                ##__VA_ARGS__                                                                  \
        }
#define WAIT_ROW(name_, ready_, render_, ...)                                               \
        {                                                                                   \
                .kind = NODE_WAIT, .name = (name_), .ready = (ready_), .render = (render_), \
                .flags = NODE_RW_ONLY | NODE_HIDDEN, ##__VA_ARGS__                          \
        }
#define LOG_ROW(name_, log_, ...)                                               \
        {                                                                       \
                .kind = NODE_LOG, .name = (name_), .log = (log_), ##__VA_ARGS__ \
        }

/* The mount's root (fs/show_fleet.c). */
extern const struct node_table root_table;

/* A resolved path: its row and what it stands for. Good until the end of the read section. */
struct node {
        const struct node_row *row;     /* the root has one, too */
        const struct node_table *table; /* DIR: its children; else NULL */
        struct subject subject;         /* subject.row is row */
        int64_t (*mtime)(const struct subject
                        *s); /* its own or the nearest above; NULL: the model's start */
        bool read_only;      /* mounted with -o ro: NODE_RW_ONLY rows are absent */
};

struct node_root {
        const struct node_table *table;
        const struct model *model;
        bool read_only; /* -o ro */
};

/* All that follows: inside a read section. */

void node_root(const struct node_root *root, struct node *ret);
/* The synthesized child called `name`. 0, -ENOENT, or -ENOTDIR when dir is none. *ret may be dir.
 */
int node_child(const struct node *dir, const char *name, struct node *ret);

/* The children of a directory that are listed: first the rows with a name in table order, then the
   lists. `order` says where the name stands in every listing of this directory, whatever else comes
   and goes (not ascending from call to call). Stops at, and returns, the first nonzero value of
   emit. The user's files are not among them. */
typedef int (*node_emit)(void *arg, const char *name, const struct node_row *row, uint64_t order);
int node_list(const struct node *dir, node_emit emit, void *arg);

/* Which rows of a directory are there now, a bit for each. */
uint64_t node_shown(const struct node *dir);

/* What `order` is made of. Synthesized names come first: a recursive rm meets one that refuses
 * before it meets a policy. */
enum { NODE_ORDER_ROWS = 0, NODE_ORDER_LISTS = 1, NODE_ORDER_USER = 2 };
uint64_t node_order(unsigned section, const char *name);

/* The USER row of a writable folder, NULL when it is not (or not shown). */
const struct node_row *node_user_row(const struct node *dir);
/* File type and permissions: folders 0700, all else 0600 (0444 below an object of another store,
 * links 0777). */
mode_t node_mode(const struct node *n);
mode_t node_row_type(const struct node_row *row); /* S_IFDIR, S_IFREG, S_IFLNK */
int64_t node_mtime(const struct node *n);
/* Appends the bytes. A render function that fails half-way leaves nothing. */
int node_render(const struct node *n, struct buf *out);

/* Whether a row of the table has this name. Outside of a read section, too. */
bool node_table_has(const struct node_table *table, const char *name);

/* Judges a tree of tables: unique names without '/', help sentences, functions that the kind needs,
   flags that fit. 0 or -EINVAL with the path of the bad row.
   For tests. */
int node_table_check(const struct node_table *table, struct err *err);
