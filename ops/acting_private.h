/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files of ops/acting share. Engine thread only. */
#include "base/loop.h"
#include "base/strv.h"
#include "ops/acting.h"

/* Something that was deleted without a grace of its own and can still be brought back by
 * acting_undo(). */
struct acting_undo {
        int64_t until_ms;
        uint32_t uid;
        char fleet[FOLDER_NAME_MAX + 1];
        enum object_kind kind;
        char name[ACTING_STEM_MAX + 1];
        /* a draft … */
        struct document draft;
        enum draft_state state;
        struct err why;
        int64_t at;
        /* … or a link of a migration folder */
        struct member_link link;
        bool target;
};

struct acting {
        struct loop_timer timer;
        int64_t timer_at; /* INT64_MAX: not armed */
        uint64_t writes;  /* the last write's number; they grow over all objects */
        int64_t trash_at_ms;
        bool parse_again; /* an object was loaded whose policy needs the clusters */
        struct acting_undo *undos;
        size_t n_undos;
        struct strv dropped; /* "fleet\nkind\nname" of records to delete */
};

/* Made on first use; NULL without memory. */
struct acting *acting_get(struct engine *e);
/* The file's bytes go into the trash; a failure is an event. Closes a write section. */
void acting_keep(struct engine *e, struct object *o);
/* The removal takes effect. May remove o. */
void acting_retire(struct engine *e, struct object *o);
/* acting_tick() is to run at `at_ms` at the latest. */
void acting_arm(struct engine *e, int64_t at_ms);

/* -EROFS with a sentence where nothing may be written. */
int acting_writable(const struct engine *e, struct err *err);
/* NULL when there is none, or no such fleet. */
struct object *acting_object(const struct engine *e, const struct acting_file *f);

/*
 * The one setter. `next` is a copy of *o (or a fresh object where *o is NULL) that was changed:
 * stores it (unless `durable` is false), then makes *o like it, in a write section, and touches it.
 * An object of which nothing is left is deleted instead and *o set to NULL. Owns next->draft, if
 * that is another than *o's, from the call on. When it fails *o is as it was, in the store, too, as
 * soon as that takes it.
 */
int acting_apply(struct engine *e, const struct acting_file *f, struct object **o,
        struct object *next, bool durable, struct err *err);
/* `next` could not be stored in the place of o (NULL: of none), or o not be deleted. If that is not sure what o is, or that
 * there is none, is stored again. */
void acting_keep_as_is(struct engine *e, struct object *o, const struct object *next);
/* A fresh object to be given to acting_apply() as next. -ESTALE: no such fleet. */
int acting_fresh(
        struct engine *e, const struct acting_file *f, struct object *ret, struct err *err);

/* Nothing is left of it: no file, no run, no folder. */
bool object_is_void(const struct object *o);

/* In a copy: no draft, no pending removal. */
void acting_clear_draft(struct object *next);
void acting_clear_removal(struct object *next);
/* In a copy: the file goes after `grace_ms`. */
void acting_set_removal(
        struct engine *e, struct object *next, int64_t grace_ms, bool renamed, uint32_t uid);

/* ---------------------------------------------------------------- drafts: ops/acting_draft.c */

/* What forbids any new bytes under the name, whatever they are: -errno with a sentence. `o` may be NULL. */
int acting_may_write(const struct object *o, const struct acting_file *f, struct err *err);
/* It is a restore or migration whose document started: the name runs no second one. */
bool acting_ran(const struct object *o, const struct acting_file *f);
/* Sets err for somebody else's object, with this code, and for a migration that has started (-EBUSY). Return the code. */
int acting_not_ours(const struct object *o, int code, struct err *err);
int acting_frozen(const struct object *o, struct err *err);

/* `next` is a copy of *o, or a fresh object where there is none. -ESTALE: no such fleet. */
int acting_copy_or_fresh(struct engine *e, const struct acting_file *f, const struct object *o,
        struct object *next, struct err *err);
/* In a copy: a draft of these bytes with the number of a new write, in place of the one that it had, which stays *o's.
   mtime_ns 0: now. -ENOMEM. */
int acting_draft(struct engine *e, struct object *next, const char *bytes, size_t len,
        const char *ext, int64_t mtime_ns, struct err *err);
/* In a copy: the draft is a write that was judged, not what a CREATE or an fsync made of it. */
void acting_count(struct object *next);
/*
 * A refusal: `bytes` become the draft, or with NULL stay what they are (a refused rename leaves the
 * original). What cannot be stored is kept in memory at least: the reason must show in any case.
 * What was accepted of another write than `mine` stays; the refusal is told beside it. Returns
 * why->code.
 */
int acting_keep_refused(struct engine *e, const struct acting_file *f, const char *bytes,
        size_t len, uint64_t mine, const struct err *why);

/* The draft becomes what is in force and op_type.start runs. Refused: the draft is Rejected. */
int acting_start(struct engine *e, struct object *o, struct err *err);
/* The same; *replaced, which comes in as NULL, is the policy that was in force, and the caller's. */
int acting_start_draft(
        struct engine *e, struct object *o, struct policy **replaced, struct err *err);
/* The draft of a writer that is gone is marked. */
int acting_interrupt(struct engine *e, const struct acting_file *f, struct object *o,
        const struct err *why, struct err *err);

/* ---------------------------------------------------------------- refusals, undo, links */

/* object.refusal is made or, with `why` NULL, forgotten; in a write section, touched. */
void acting_set_refusal(
        struct engine *e, struct object *o, const char *what, const struct err *why);

/* Remembers what is about to be deleted by uid. */
void acting_remember_draft(struct engine *e, const struct object *o, uint32_t uid);
void acting_remember_link(struct engine *e, const struct object *o, const struct member_link *l,
        bool target, uint32_t uid);
/* Links in a copy's stead: replaces, adds (link->target set) or removes (link->target NULL) one,
   stored and applied. Owns what `link` holds. */
int acting_set_link(
        struct engine *e, struct object *o, bool target, struct member_link *link, struct err *err);
