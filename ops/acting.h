/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * acting: the life of a file below an acting name, from its creation to its removal.
 *
 *     (nothing) ──create──► OPEN ──commit──► ACCEPTED ──finish──► in force, op_type.start
 *                             │                 └─ finish with an exit code ──► INTERRUPTED
 *                             ├─ commit refused ──► REJECTED
 *                             └─ finish, empty  ──► INERT                 `start` ──► in force
 *     in force ──unlink, rename-away──► removal pending ── grace is over ──► op_type.retire, trash
 *                                           └─ create, commit, rename-in: an edit
 *
 * A draft (OPEN … INTERRUPTED) stands beside what is in force and never changes it: what is in
 * force changes in acting_finish(), acting_rename_in() and by `start` alone, and only to what was
 * judged well.
 *
 * Every function runs on the engine thread with no write section open, and answers at once: 0 or
 * -errno with a sentence. What it decided is durable before it is true: it is first stored, from a
 * copy of the object, then put into the model. On return of a function that changed something a
 * write section is open (engine_write()), so the caller may bring its own tables in step, and
 * answer a request, before anybody can look in between. What to publish is touched.
 *
 * Nothing here knows of FUSE, handles or scratch files: fs/ says which bytes were written to which
 * name, and when.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ops/engine.h"

/* Which file. */
struct acting_file {
        const char *fleet;
        enum object_kind kind;
        const char *name; /* stem, up to 255 bytes of any kind; of a policy.yaml its migration's
                             folder */
        const char *ext;  /* "yaml", "yml", "json"; of a file that is refused as it was written */
        bool in_folder;   /* migrations/<name>/policy.<ext> */
};

enum { ACTING_STEM_MAX = 255, ACTING_EXT_MAX = 4 };

/* Whether a file of this name acts; then its stem and extension. One whose extension is in capitals does, too, as far as it
   is refused with its bytes (FLT-0236): who writes `shop.YAML` must not wait for it. Pure. */
bool acting_name_split(const char *file_name, char stem[static ACTING_STEM_MAX + 1],
        char ext[static ACTING_EXT_MAX + 1]);
/* Whether the extension is one as it is to be written. Pure. */
bool acting_ext_ok(const char *ext);
/* 0, or -EINVAL with ERR_ID_BAD_EXTENSION and the name that the file should have. Pure. */
int acting_check_ext(const struct acting_file *f, struct err *err);

/* ---------------------------------------------------------------- files */

/*
 * A new empty file, and with it an object if there was none. A pending removal on the stem is void
 * from now on, also when this is refused. -EEXIST: the file is there (err without id), another
 * extension has the stem (FLT-0249), it is a restore that ran (FLT-0250), or somebody else's
 * (FLT-0252). Other errors: -ESTALE the fleet is gone, -EROFS, those of the store.
 */
int acting_create(struct engine *e, const struct acting_file *f, struct err *err);

/*
 * The bytes of a writing handle, at FLUSH: judged, kept, published as `Accepted`. *write comes in as
 * what this handle committed last (0: nothing), and goes out as what acting_finish() is to know
 * these bytes by; 0: there is nothing to start (policy.yaml of a migration; bytes in force rewritten
 * over a draft, which discards that). Refused: the errno of the judgement, and the bytes stay as a
 * draft with the reason, unless another writer's were accepted, which stay: then the reason shows
 * beside them, also when they are in force; -ENOSPC, -EIO, … when they could not be kept (FLT-0256).
 * mtime_ns 0: now.
 */
int acting_commit(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        int64_t mtime_ns, uint64_t *write, struct err *err);

/*
 * The handle that made this write was released; exit_code is field 52 of its last flusher's stat.
 * Starts what was accepted, or marks it Interrupted. Nothing when another write came later (the
 * last one wins).
 */
int acting_finish(struct engine *e, const struct acting_file *f, uint64_t write, int exit_code,
        struct err *err);

/* A handle that made or emptied the file was released without having written: a Draft (or
   Interrupted). `replace`: it emptied a file that was there, which its draft takes the place of. */
int acting_finish_empty(struct engine *e, const struct acting_file *f, bool replace, int exit_code,
        struct err *err);

/* A handle whose WRITE failed is flushed: what came through becomes a refused draft, as in
 * acting_commit(); `write` is what the handle committed last. Returns why->code. */
int acting_refuse(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        uint64_t write, const struct err *why);

/* A FLUSH that nobody waits for any more: its close has failed already. The bytes become an
 * interrupted draft, which takes the place of what the handle had accepted before. */
void acting_abandon(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        uint64_t write, const struct err *why);

/* FSYNC: the bytes so far survive a crash, as an interrupted draft. Changes nothing that shows. */
int acting_sync(struct engine *e, const struct acting_file *f, const char *bytes, size_t len,
        struct err *err);

/* Where a scratch file came from: the acting name that was renamed to it. */
struct acting_origin {
        char fleet[FOLDER_NAME_MAX + 1];
        enum object_kind kind;
        char name[ACTING_STEM_MAX + 1];
        bool set;
};

/*
 * A scratch file with these bytes is renamed over the name: judged, kept and started in one step. A
 * file that comes back to the stem it left with the bytes in force is a roll-back: the draft and
 * the pending removal are gone, nothing runs. Refused: what is there stays, and the reason is in
 * draft_err.
 */
int acting_rename_in(struct engine *e, const struct acting_file *f,
        const struct acting_origin *origin, const char *bytes, size_t len, int64_t mtime_ns,
        struct err *err);

/* What acting_rename_away() and acting_unlink() would refuse it with now, but for the store. */
int acting_may_leave(struct engine *e, const struct acting_file *f, struct err *err);

/* The visible file leaves its name (the caller has kept its bytes). A draft is discarded; what is
   in force is removed after the long grace. -EBUSY while a restore or migration runs; -EPERM
   somebody else's; -ENOENT. */
int acting_rename_away(
        struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err);

/* The visible file is unlinked: as above, with the short grace, and durable as a tombstone. */
int acting_unlink(struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err);

/* <name>.error.txt is unlinked: the draft that it tells of is discarded, and what was refused is
   forgotten. -ENOENT when there is neither. */
int acting_unlink_error(
        struct engine *e, const struct acting_file *f, uint32_t uid, struct err *err);

/*
 * How an operation ended, whatever it was; `what` is its command as a user would write it. One that
 * was refused without leaving a draft stands beside the object, and in <name>.error.txt, until the
 * next one on the object is accepted (`why` NULL). It changes nothing else of the object and is
 * never stored. Nothing happens when there is no object, or nothing to say (no message).
 */
void acting_told(struct engine *e, const char *fleet, enum object_kind kind, const char *name,
        const char *what, const struct err *why);

/*
 * utimes of the visible file. A refused draft keeps the time of its refusal. `now`: as touch(1) on
 * a file that nobody has open, which means a run: -EEXIST (FLT-0250) where that ran already.
 */
int acting_touch(struct engine *e, const struct acting_file *f, int64_t mtime_ns, bool now,
        struct err *err);
/* What is said of such a name. Returns -EEXIST. Any thread. */
int acting_refuse_ran(const struct acting_file *f, struct err *err);

/* ---------------------------------------------------------------- control files */

/*
 * One line written to <name>/ctl; a trailing newline is cut off. -EINVAL an unknown verb, and
 * whatever the verb says. 0: what it decided is durable. Refused, be it by the store (-ENOSPC, -EIO,
 * …: FLT-0256), all is as it was before. A verb works on the object itself, so its write section
 * stays open until the record is durable: what a reader saw meanwhile might be taken back.
 */
int acting_ctl(struct engine *e, const char *fleet, enum object_kind kind, const char *name,
        const char *line, size_t len, struct err *err);

/* ---------------------------------------------------------------- migration folders */

/* A link of a migration folder: `source`, or one below targets/. */
struct acting_link {
        const char *fleet;
        const char *migration;
        bool target;      /* below targets/ */
        const char *name; /* of the link */
};

/* -EEXIST, -EINVAL (not a name that an object can have), -EROFS, the store's. */
int acting_mkdir(struct engine *e, const char *fleet, const char *name, struct err *err);
/* Also with its links and policy. -EBUSY while it runs, -ENOTEMPTY when it is not a folder made by
 * mkdir, -ENOENT. */
int acting_rmdir(struct engine *e, const char *fleet, const char *name, struct err *err);

/*
 * Sets a link to `text`, which must lead to a cluster of the fleet: relative to the link's folder,
 * or absolute below the mountpoint. With `replace` an older link of that name gives way, and so may
 * `from`, another link below targets/ that is renamed (NULL: none). -EINVAL does not resolve, or
 * source and target are one; -EEXIST the name is taken, or (FLT-0238) the cluster is a target under
 * another name; -EBUSY started.
 */
int acting_link(struct engine *e, const struct acting_link *l, const char *text,
        const char *mountpoint, bool replace, const char *from, struct err *err);
int acting_unlink_link(
        struct engine *e, const struct acting_link *l, uint32_t uid, struct err *err);

/* The cluster that a link text leads to; `depth` folders are above the link's own (3 in
   prod/migrations/m, 4 in targets/). 0 and the folder name, or -EINVAL with a sentence. Pure. */
int acting_resolve_link(const char *text, const char *fleet, const char *migration, bool target,
        const char *mountpoint, char member[static FOLDER_NAME_MAX + 1], struct err *err);

/* ---------------------------------------------------------------- time */

/* Deletions of this user that are in their grace window did not happen, unless the name was made
 * again. */
void acting_undo(struct engine *e, uint32_t uid);

/*
 * Does what is due at now_ms (CLOCK_BOOTTIME): applies removals, starts or interrupts drafts whose
 * writer a crash took, empties the trash. Returns when it is to be called next, INT64_MAX when
 * nothing waits. A timer of the loop calls it; tests without a loop do so themselves.
 */
int64_t acting_tick(struct engine *e, int64_t now_ms);

/* Called by object_load_all() for each object, in a write section: pending removals begin their
   grace anew, accepted drafts are dealt with by the first tick, when the clusters are known. */
void acting_loaded(struct engine *e, struct object *o);

/* A removed object of which nothing is left leaves the model; its record is deleted by the next
 * tick. Write section. */
void acting_drop(struct engine *e, struct object *o);

/* Ends the timer and frees what is remembered. */
void acting_stop(struct engine *e);
