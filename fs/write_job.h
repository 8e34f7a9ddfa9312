/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * write_job: a request on its way to the engine and back. The worker fills one in and posts it;
 * `run` works on the engine's thread and answers, at once or when the kernel was told of what
 * changed.
 */
#include "fs/userfile.h"

struct handle;

struct write_job {
        struct session *s;
        struct parked *parked; /* NULL: nobody is to be answered */
        const char *op;        /* for the log; a literal */
        void (*run)(struct engine *e, struct write_job *j);
        /* In its stead when the request was answered (ETIMEDOUT, the end of the session) before the
           engine came to it; ends the job, too. NULL: nothing is done. */
        void (*unasked)(struct engine *e, struct write_job *j);
        struct place place, to;
        char name[NAME_MAX + 1], to_name[NAME_MAX + 1];
        struct userfile *file; /* a reference, or NULL */
        struct inode *folder;  /* a reference, or NULL */
        struct handle *handle; /* RELEASE: owned; else it outlives the request */
        char *bytes;
        size_t len;
        int64_t mtime_ns;
        int flags;
        uid_t uid;
        struct engine_post post; /* RELEASE */
        int r;
        struct err err;
};

struct write_job *write_job_new(
        struct session *s, const char *op, void (*run)(struct engine *, struct write_job *));
void write_job_free(struct write_job *j);
/* Parks the request and posts; answers it itself when that fails. Takes j. */
void write_job_post(struct write_job *j, fuse_req_t req);
/* The same for what is done in any case, answered or not (unasked): posting it needs no memory. */
void write_job_post_release(struct write_job *j, fuse_req_t req);

/* Answers an operation that was refused on a worker's thread, by way of the engine, which tells its
   object. */
void write_job_refuse(fuse_req_t req, struct session *s, const struct place *p, const char *name,
        const char *op, const struct err *why);
/* The object of a job is told how it ended (acting_told()). The ends below do so; for those that
   answer otherwise. Engine's thread. */
void write_job_tell(struct engine *e, struct write_job *j, int r);

/* The ends of a job, on the engine's thread. Each publishes first, so that the answer finds what it
 * speaks of. */
void write_job_reply(struct engine *e, struct write_job *j, int r); /* reply_err(r, j->err) */
void write_job_reply_told(struct engine *e, struct write_job *j,
        int r); /* once the kernel was told; of ctl: reply_write */
void write_job_reply_lookup(
        struct engine *e, struct write_job *j, int r); /* reply_lookup() of j->name */

/* The folder of a request; -ESTALE, -EPERM when it is none that users write in. Outside of a read
 * section. */
int write_place(struct session *s, struct inode *folder, struct place *ret);

/* fs/write_names.c */
void names_create(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name, int flags);
void names_unlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name);
void names_mkdir(fuse_req_t req, struct session *s, struct inode *folder, const char *name);
void names_symlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name,
        const char *target);
void names_rmdir(fuse_req_t req, struct session *s, struct inode *folder, const char *name);

/* fs/write_rename.c */
void names_rename(fuse_req_t req, struct session *s, struct inode *from_folder, const char *from,
        struct inode *to_folder, const char *to, unsigned flags);
