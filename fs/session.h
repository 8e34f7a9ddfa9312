/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * session: one mount, from mounting to unmounting.
 *
 *         session_new()      mounts, after taking away what a dead predecessor left; starts no
 *                            thread, so the caller may still daemonize
 *         session_start()    starts the notifier and the workers: INIT is answered from now on
 *         session_wait()     until session_stop(), or until somebody unmounts; then answers what
 *                            is parked, ends the threads and unmounts: no request is served any
 *                            more when it returns
 *         session_free()
 *
 * The engine listens through session_listener() (engine_listen) from before engine_start(), and is
 * stopped between session_wait() and session_free(). Signals are the caller's.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "fs/inode.h"
#include "fs/node.h"
#include "fs/parked.h"
#include "fs/wait.h"

struct engine;
struct fuse_session;
struct notifier;

/* Cache timeouts in seconds: what the kernel may keep without asking. A lost notification costs at
 * most this. */
#define SESSION_CACHE_S 60.0

struct session_handles {
        pthread_mutex_t lock;
        struct handle *first; /* open; at unmount nobody releases them any more */
};

struct session_options {
        const char *mountpoint;
        const char *fsname;        /* "fleet:prod" */
        const char *mount_options; /* more of `-o`, for libfuse and the kernel, comma-separated; or
                                      NULL */
        bool read_only;            /* -o ro */
        bool allow_other;
        bool debug;                    /* libfuse tells each request on stderr */
        const struct node_table *root; /* &root_table */
        const struct write_ops *write; /* &write_ops; NULL: every write is refused with EROFS */
};

struct session {
        struct session_options options; /* its strings are copies */
        struct engine *engine;          /* NULL in tests that have none */
        struct model *model;
        struct node_root root;
        struct inode_table inodes;
        struct parking parking;
        struct waits waits;
        struct session_handles handles;
        struct notifier *notifier;
        struct write_state *write; /* the write path's own */
        uid_t uid;                 /* owner of everything shown */
        gid_t gid;
        bool read_only;
        bool covers;       /* the mountpoint had entries, which the mount hides; since session_new() */
        unsigned max_read; /* -o max_read: the bytes of a read; 0: as many as the kernel likes */
        struct fuse_session *fuse;
        struct session_private *p; /* fs/session.c */
};

/* -EINVAL options that libfuse does not know, or whose values the kernel does not take; -EBUSY a
   live mount is there; -ENOENT, -ENOTDIR, -EACCES the mountpoint; -EPERM fuse.conf does not allow
   allow_other, or fusermount3 refused it and said so on stderr; -ENODEV no FUSE here; what
   mount(2) and open(2) of /dev/fuse say. The sentence says what to do. */
int session_new(struct session **ret, const struct session_options *options, struct model *model,
        struct engine *engine, struct err *err);
/* `ready` is called on a worker when the kernel and libfuse have agreed (INIT) and the mount can be
   used; may be NULL. */
int session_start(struct session *s, void (*ready)(void *arg), void *arg, struct err *err);
/* 0: stopped by session_stop(). 1: unmounted from outside. -EPROTO: it ended before it was ready. */
int session_wait(struct session *s);
/* Any thread, any time after session_new(), async-signal-safe, idempotent. */
void session_stop(struct session *s);
/* Version of the libfuse in use, "3.14.0". A static string. */
const char *session_fuse_version(void);
/* FUSE requests received so far. Any thread. */
uint64_t session_requests(const struct session *s);
/* NULL is allowed. Whoever answers parked requests or calls the listener must have ended. */
struct session *session_free(struct session *s);

/* For engine_listen(); arg is the session. Any time between session_new() and session_free(). */
void session_listener(void *session, const struct change *changes, size_t n,
        void (*done)(void *done_arg), void *done_arg);

/* The frame's own: INIT came, and is answered when the handler returns. */
void session_greeted(struct session *s);

static inline void session_read_begin(struct session *s)
{
        model_read_begin(s->model);
}

static inline void session_read_end(struct session *s)
{
        model_read_end(s->model);
}
