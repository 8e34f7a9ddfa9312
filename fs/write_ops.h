/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * write_ops: what the frame (fs/fuse_ops.c) asks of the write path, for the user's files in folders
 * with a USER row and for CTL rows. The frame has decoded the request, resolved the folder and
 * refused all that concerns synthesized names alone; it never looks into a struct userfile.
 *
 * Every operation that takes a fuse_req_t answers it exactly once with a function of fs/reply.h, at
 * once or later from any thread (the engine's, the notifier's), but never waits on the FUSE worker.
 * A later answer goes through fs/parked.h, so that deadline, interrupt and unmount are kept.
 *
 * A struct subject is good only inside the read section in which it was passed. Operations that
 * take a fuse_req_t are called outside: inode_resolve() gives the folder when it is needed. Inodes
 * and handles stay while the request is unanswered; beyond that, inode_ref(). Names, bytes and
 * attributes are good during the call only: what answers later has copied them.
 */
#include <fuse_lowlevel.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "fs/subject.h"

struct handle;
struct inode;
struct session;
struct userfile; /* one file or link of a user, acting or scratch; refcounted by the write path */
struct write_state;

/* What the kernel is told of a user's file. */
struct user_attr {
        mode_t mode;   /* S_IFREG | 0600, S_IFREG | 0444, S_IFLNK | 0777 */
        uint64_t size; /* links: length of the target */
        int64_t mtime_ns;
        uint64_t ino; /* 0: by path, as acting files have it; else stable for the file's life
                         (scratch, links) */
};

struct write_ops {
        /* Life with the session: before any thread runs, and after the last one ended. May be NULL.
         */
        int (*init)(struct session *s, struct err *err);
        void (*done)(struct session *s);

        /* ---- files: inside a read section, but for ref and unref (any place) ---- */

        /* A new reference to the file called `name`. 0 or -ENOENT. As long as a name means the same
           file the same pointer comes back: the kernel's inode goes by it. */
        int (*lookup)(struct session *s, const struct subject *folder, const char *name,
                struct userfile **ret);
        /* Calls emit for each name until it returns nonzero, which is then returned. */
        int (*list)(struct session *s, const struct subject *folder,
                int (*emit)(void *arg, const char *name, mode_t type), void *arg);
        struct userfile *(*ref)(struct userfile *f);
        void (*unref)(struct userfile *f);
        /* Also for a file that was renamed or unlinked meanwhile: who holds it still sees it. */
        int (*getattr)(struct session *s, struct userfile *f, struct user_attr *ret);
        /* The whole content, or a link's target, as of now. */
        int (*content)(struct session *s, struct userfile *f, struct buf *out);
        /* Extended attributes without their prefix "user.fleetfs."; -ENODATA. list appends names,
         * each with its NUL. */
        int (*getxattr)(struct session *s, struct userfile *f, const char *name, struct buf *out);
        int (*listxattr)(struct session *s, struct userfile *f, struct buf *out);

        /* ---- names: called outside a read section; folder is a directory with a USER row ---- */

        /* reply_create(), or reply_err(). name is no synthesized one. flags as open(2). */
        void (*create)(fuse_req_t req, struct session *s, struct inode *folder, const char *name,
                int flags);
        /* reply_err(0) or an error. Also for the synthesized files whose row is REMOVABLE. */
        void (*unlink)(fuse_req_t req, struct session *s, struct inode *folder, const char *name);
        /* Neither name is a synthesized one. flags: RENAME_NOREPLACE or 0; the kernel has seen to
           RENAME_NOREPLACE as far as it knew. */
        void (*rename)(fuse_req_t req, struct session *s, struct inode *from_folder,
                const char *from, struct inode *to_folder, const char *to, unsigned flags);
        /* reply_lookup() or reply_err(). mkdir of any name in any writable folder comes here. */
        void (*mkdir)(fuse_req_t req, struct session *s, struct inode *folder, const char *name);
        void (*symlink)(fuse_req_t req, struct session *s, struct inode *folder, const char *name,
                const char *target);
        /* name is a synthesized folder of a writable one (a migration, a policy's status folder).
           reply_err(). -ENOTEMPTY for what is not removed this way, without arming the guard. */
        void (*rmdir)(fuse_req_t req, struct session *s, struct inode *folder, const char *name);

        /* ---- handles ---- */

        /* reply_open() with the handle's own state, or reply_err(). flags as open(2), O_TRUNC
         * included. */
        void (*open)(fuse_req_t req, struct session *s, struct inode *file, int flags);
        void (*read)(fuse_req_t req, struct session *s, struct handle *h, size_t size, off_t off);
        void (*write)(fuse_req_t req, struct session *s, struct handle *h, const char *bytes,
                size_t len, off_t off);
        void (*flush)(fuse_req_t req, struct session *s, struct handle *h);
        void (*fsync)(fuse_req_t req, struct session *s, struct handle *h);
        /* The handle is the write path's now: handle_free() when it is done with it, and then
         * reply_err(). */
        void (*release)(fuse_req_t req, struct session *s, struct handle *h);
        /* Frees the state that reply_open() or reply_create() was given (from handle_free). Called
           once; also when the kernel did not take the answer and no release comes. Any thread. */
        void (*close)(struct session *s, void *state);
        /* to_set: FUSE_SET_ATTR_*; h may be NULL. reply_user_attr() or reply_err(). */
        void (*setattr)(fuse_req_t req, struct session *s, struct inode *file,
                const struct stat *attr, int to_set, struct handle *h);

        /* ---- control files ---- */

        /* One line written to a CTL row's file: reply_write(len) or reply_err() with the sentence.
           Outside a read section; inode_resolve(ctl) gives the subject. */
        void (*ctl)(fuse_req_t req, struct session *s, struct inode *ctl, const char *bytes,
                size_t len);

        /* ---- the guard (fs/guard.h) ---- */

        /* A synthesized file was to be unlinked by this user, and was refused. Any thread, no lock
         * held. */
        void (*guard_arm)(struct session *s, uid_t uid);
};

/* The product's (fs/write_ops.c). */
extern const struct write_ops write_ops;
