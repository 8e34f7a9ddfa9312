/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * draft: what a handle on a user's file has read or is about to write.
 *
 * Each writing handle of an acting file has bytes of its own. FLUSH, which close(2) waits for,
 * commits them: they are judged and stored, and a refusal is the errno of the close. RELEASE, when
 * the last descriptor is gone, starts what was committed, or nothing if the writer died. Handles of
 * scratch files write into the file itself. A handle follows its file through a rename: what was
 * scratch when it was opened may be acting when it is closed.
 *
 * Guarded by write_state.lock.
 */
#include "base/buf.h"
#include "base/err.h"
#include "fs/userfile.h"

struct draft {
        struct userfile *file; /* a reference */
        struct buf bytes;      /* ACTING: the handle's own; a reader's snapshot */
        bool loaded;           /* ACTING: bytes hold the file's content */
        unsigned turn;         /* file->turns as of what is known of it here */
        bool writes;           /* opened for writing */
        bool created;          /* by this handle */
        bool truncated;        /* emptied at open */
        bool wrote;            /* ever */
        bool dirty;            /* ACTING: since the last commit */
        bool unkept;  /* SCRATCH: written since the store was told, for files that it has, too */
        bool touched; /* its times were set to now while it was open */
        struct err failed; /* code 0, or why a WRITE failed: then nothing is committed */
        uint64_t write;    /* what the last commit is known by */
        int exit_code;     /* of the last flusher */
        int64_t mtime_ns;  /* as set while it was open; 0: the time of the commit */
        /* Of a writer, until RELEASE posts it: what was accepted must be dealt with, and jobs of this
           handle that nobody waits for any more come first, whatever memory there is by then. */
        struct write_job *release;
};

/* Takes the reference to the file on success. -ENOMEM. */
int draft_new(
        struct draft **ret, struct session *s, struct userfile *file, int flags, bool created);

/* The file was renamed from scratch to acting, or back, with what was written so far: what the handle
 * had of its own is past. Asked before the members above are used, under the lock. */
void draft_turn_locked(struct draft *d);

void draft_open(fuse_req_t req, struct session *s, struct inode *file, int flags);
void draft_read(fuse_req_t req, struct session *s, struct handle *h, size_t size, off_t off);
void draft_write(fuse_req_t req, struct session *s, struct handle *h, const char *bytes, size_t len,
        off_t off);
/* fs/draft_close.c */
/* For draft.release. NULL without memory. */
struct write_job *draft_release_job(struct session *s);
void draft_flush(fuse_req_t req, struct session *s, struct handle *h);
void draft_fsync(fuse_req_t req, struct session *s, struct handle *h);
void draft_release(fuse_req_t req, struct session *s, struct handle *h);
/* fs/draft.c */
void draft_close(struct session *s, void *state);
void draft_setattr(fuse_req_t req, struct session *s, struct inode *file, const struct stat *attr,
        int to_set, struct handle *h);
