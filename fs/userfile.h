/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* clang-format off */
/*
 * userfile: the user's own files and links in writable folders, as the kernel sees them.
 *
 *     ACTING        its bytes are an object's document in the model; here is only who holds it and
 *                   who writes it
 *     SCRATCH       its bytes are here, in memory, capped; gone at unmount, unless an acting file
 *                   was renamed to it: that one is in the store as well
 *     LINK          a migration's link, in the model
 *     SCRATCH_LINK  one that leads nowhere that counts (`ln -sfn`, editors' locks)
 *
 * As long as a name means the same file it is the same struct, which is what the kernel's inode
 * goes by. A file that was unlinked or replaced stays, with the bytes it had, for those who hold
 * it.
 *
 * Locking: write_state.lock guards everything here but what is set at birth. It is taken below the
 * model's lock, never above it. Functions ending in _locked need it held.
 */
/* clang-format on */
#include <pthread.h>
#include <uthash.h>

#include "fs/session.h"
#include "ops/acting.h"

struct draft;

enum userfile_kind { USERFILE_ACTING, USERFILE_SCRATCH, USERFILE_SCRATCH_LINK, USERFILE_LINK };

/* A writable folder. */
struct place {
        enum folder_kind folder;
        char fleet[FOLDER_NAME_MAX + 1];
        char migration[ACTING_STEM_MAX + 1]; /* of FOLDER_MIGRATION and FOLDER_TARGETS */
};

struct userfile {
        UT_hash_handle hh;
        struct write_state *state;
        unsigned refs;
        enum userfile_kind kind;
        unsigned turns; /* how often it turned from scratch to acting or back */
        bool gone; /* no name leads to it any more */
        struct place place;
        char name[NAME_MAX + 1];
        char *key;
        uint64_t ino; /* of what is not acting */
        char *bytes;  /* SCRATCH, SCRATCH_LINK, and what a file that is gone had */
        size_t len;
        int64_t mtime_ns;
        struct acting_origin origin; /* the acting name that it left */
        bool stored;                 /* SCRATCH: the store has it, too */
        struct draft *opened; /* the handle that was opened for writing last: `touch` sets times
                                 without saying by which */
        struct draft *writer; /* the handle that wrote last and has not committed: its size is what
                                 stat shows */
};

/* A user whose deletions are refused; see guard.h. */
struct write_guard {
        uid_t uid;
        int64_t until_ms; /* CLOCK_BOOTTIME; 0: never armed */
};

struct write_state {
        pthread_mutex_t lock;
        struct userfile *files; /* by place and name */
        unsigned scratches;     /* that the store does not have */
        uint64_t next_ino;
        struct write_guard guards[16];
};

struct place place_of(const struct subject *folder);
bool place_equal(const struct place *a, const struct place *b);
/* Where a name in it is below the mountpoint, "prod/backups/nightly.yaml", for the log. Returns buf. */
enum { PLACE_PATH_MAX = FOLDER_NAME_MAX + ACTING_STEM_MAX + NAME_MAX + 32 };
const char *place_path(const struct place *p, const char *name, char buf[static PLACE_PATH_MAX]);
/* Whether `name` acts in this place; then *ret, whose `name` is stem or points into place. */
bool place_acting(const struct place *p, const char *name, char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1], struct acting_file *ret);
/* Whether a symlink of that name is a migration's. */
bool place_link(const struct place *p, const char *name, struct acting_link *ret);

/* The model's side of a name; inside a read section or on the engine thread. */
const struct document *place_document(
        const struct model *m, const struct place *p, const char *name, const struct object **o);
const struct member_link *place_member_link(
        const struct model *m, const struct place *p, const char *name);

/* A new file of that name, with one reference for the caller; the older one of that name is
 * detached. NULL: no memory. */
struct userfile *userfile_add_locked(
        struct write_state *w, const struct place *p, const char *name, enum userfile_kind kind);
struct userfile *userfile_find_locked(
        struct write_state *w, const struct place *p, const char *name);
/* The name leads nowhere, or elsewhere: the file keeps the bytes it has. */
void userfile_detach_locked(struct write_state *w, const struct model *m, struct userfile *f);
/* All files of a place. Any thread, no lock held. */
void userfile_detach_place(struct session *s, const struct place *p);
/* Another name, and what that makes of it. The older file of that name is detached. */
int userfile_move_locked(struct write_state *w, const struct model *m, struct userfile *f,
        const struct place *p, const char *name, enum userfile_kind kind);
/* The whole content as of now; inside a read section, too. */
int userfile_content_locked(const struct model *m, const struct userfile *f, struct buf *out);
int userfile_set_bytes_locked(struct userfile *f, const char *bytes, size_t len);
/* Whether the store has a scratch file, too. */
void userfile_set_stored_locked(struct write_state *w, struct userfile *f, bool stored);
bool userfile_is_scratch(const struct userfile *f);
void userfile_unref_locked(struct write_state *w, struct userfile *f);

struct userfile *userfile_ref(struct userfile *f);
/* NULL is allowed. Takes the lock: not from within. */
void userfile_unref(struct userfile *f);

/* write_ops' part, inside a read section. */
int userfile_lookup(
        struct session *s, const struct subject *folder, const char *name, struct userfile **ret);
int userfile_list(struct session *s, const struct subject *folder,
        int (*emit)(void *, const char *, mode_t), void *arg);
int userfile_getattr(struct session *s, struct userfile *f, struct user_attr *ret);
int userfile_content(struct session *s, struct userfile *f, struct buf *out);
int userfile_getxattr(struct session *s, struct userfile *f, const char *name, struct buf *out);
int userfile_listxattr(struct session *s, struct userfile *f, struct buf *out);
