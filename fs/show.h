/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * show: what the tree says about each kind of subject. Each fs/show_*.c holds the values of one
 * kind, its files, and the table of its directory. Everything here is a function of the subject
 * alone: it runs in a read section, on any FUSE worker or on the notifier.
 *
 * A status.txt answers in its first line "am I safe?", then says why, then what to do, then gives
 * the table, worst first. Its words are those of status.json and of the one-value files. What a
 * cluster that is away showed last is marked "(stale)" and never counted as good. Lines are at most
 * SHOW_WIDTH wide, unless one name alone is wider; times are UTC; there are no tabs.
 */
#include "base/buf.h"
#include "fs/json_writer.h"
#include "fs/node.h"
#include "fs/value.h"

enum {
        SHOW_WIDTH = 100,  /* columns of a line */
        SHOW_INDENT = 8,   /* width of "reason: " */
        SHOW_ROWS = 20,    /* a table has so many rows; the good ones after them are only counted */
        SHOW_EYES = 200,   /* … and so many of those that need an eye */
        SHOW_REASONS = 10, /* reasons told in a status.txt; the others are in error.txt */
};

/* Tables of directories. */
extern const struct node_table task_table, run_table, member_table, fleet_table;
extern const struct node_table backup_table, restore_table, migration_table; /* the folder of one */
extern const struct node_table backups_table, restores_table, migrations_table;
extern const struct node_table targets_table; /* targets/ of a migration */
extern const struct node_table trash_table;   /* .trash/ of a fleet */

/* The values of a subject, as members of the JSON object that is open. */
void show_task_members(struct json_writer *w, const struct subject *s);
void show_object_members(struct json_writer *w, const struct subject *s);
void show_member_members(struct json_writer *w, const struct subject *s);

/* ---------------------------------------------------------------- lines of a status.txt */

/* Width in columns of n bytes of UTF-8. */
size_t show_width(const char *s, size_t n);

/* "reason: <text>   <code>", wrapped at spaces, continued at SHOW_INDENT. `label` "": a line that
   continues a list. `code` NULL or "": none. Control characters become spaces. */
void show_line(struct buf *out, const char *label, const char *text, const char *code);
void show_linef(struct buf *out, const char *label, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* A command of an "action:": each on a line of its own, to be copied. *told counts them, from 0. */
void show_action(struct buf *out, size_t *told, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* A word of a command as a shell takes it: in single quotes unless it is plain. */
void show_quoted(struct buf *out, const char *word);
/* "as of:  2026-09-01T09:41:00Z"; nothing for 0. */
void show_as_of(struct buf *out, int64_t t);

/* "[####................]  20%  1/5 items"; percent -1: "[.........?..........]  198 items". */
void show_bar(struct buf *out, int64_t percent, int64_t done, int64_t total);
/* The same of bytes; nothing is appended when `total` is 0. */
void show_bar_bytes(struct buf *out, int64_t done, int64_t total);
/* "expected about 09:52Z", with the date if that is not the day of `since`. */
void show_expected(struct buf *out, int64_t at, int64_t since);
/* "1h2m3s" into out. */
void show_duration(struct buf *out, int64_t seconds);

/* What to do about a reason, in general; NULL when the table of reasons has nothing that is true
   wherever it is read (a remedy that names a path is not). */
const char *show_remedy(const char *code);
/* An entry of an error.txt: code, who and why, since when, what to do. `who` may be NULL. `command`:
   what is to be done here, NULL for what show_remedy() says of the code. */
void show_error(struct buf *out, const char *code, const char *who, const char *text, int64_t since,
        const char *command);
/* "label: " and a command, which is never wrapped. */
void show_command(struct buf *out, const char *label, const char *command);
/* Members "code", "message", "remedy", "since" of the object that is open, in this order. `command`
   as above. */
void show_reason_members(struct json_writer *w, const char *code, const char *text, int64_t since,
        const char *command);

/* ---------------------------------------------------------------- objects */

/* The phase of an object as every file has it: of what is in force; Accepted while a write waits to
   be released; the draft's where nothing is in force. */
enum phase show_object_phase(const struct object *o);
/* Why it has no cluster. */
struct show_nowhere {
        const char *state;   /* behind its name, in place of a count of clusters */
        const char *code, *text;
        const char *command; /* NULL: show_remedy() of the code */
};
/* The destination matched no cluster when the newest run started, or a schedule's matches none now, or another
   store's Schedules are gone from all clusters. NULL: it has some. */
const struct show_nowhere *show_object_nowhere(const struct object *o);
/* When the removal of its file takes effect, while that can be taken back; 0: none is pending (fs/show_removal.c). */
int64_t show_removal_at(const struct object *o);
/* Until when and how, if one is: lines of status.txt and ctl; an element of the array that is open. */
void show_removal_lines(const struct object *o, struct buf *out);
void show_removal_reason(struct json_writer *w, const struct object *o);
/* "backup nightly" needs an eye: a bad phase, a write that was refused or interrupted. */
bool show_object_needs_eye(const struct object *o);
/* What the answer is about: with a schedule what stands on the clusters, else the newest run; NULL for none. */
const struct run *show_object_parts(const struct object *o);
/* Whether that is what stands, one Schedule for each cluster. */
bool show_object_stands(const struct object *o);
/* The newest run that was Completed on all its clusters, and holds something of each; NULL when there was none. */
const struct run *show_object_last_good(const struct object *o);
/* The part that the object's reason is of: of what stands, else of its newest run; NULL when all is well. */
const struct task *show_object_worst(const struct object *o);
/* wait: every task of the newest run is terminal, nothing waits for its release, and every cluster that is
   there has its Schedule. */
bool show_object_terminal(const struct subject *s);
/* kurator.yaml. */
int show_kurator(const struct subject *s, struct buf *out);
/* Why the last operation, or write, was refused, as <name>.error.txt has it but never wrapped, without a newline
   at the end: a line of code, file, place and sentence, and one of the remedy. Nothing when it was
   not. (fs/tree_objects.c) */
int show_refusal(const struct object *o, struct buf *out);
/* Whether there is something for it to say. */
bool show_has_refusal(const struct object *o);
/* show_refusal() as an extended attribute. */
int show_refusal_value(const struct subject *s, struct buf *out);
/* Files that are no values (fs/show_object_files.c). */
int show_object_applied(const struct subject *s, struct buf *out);
int show_object_caveats(const struct subject *s, struct buf *out);
int show_object_ctl(const struct subject *s, struct buf *out);
int show_object_progress(const struct subject *s, struct buf *out);
int show_object_wait(const struct subject *s, struct buf *out);
/* status.txt, error.txt (fs/object_text.c). */
int show_object_text(const struct subject *s, struct buf *out);
int show_object_error(const struct subject *s, struct buf *out);

/* Lists of a folder's children, used by several tables. */
extern const struct node_row run_child, task_child;
bool run_find(const struct subject *dir, const char *name, struct subject *child);
bool run_next(const struct subject *dir, struct node_cursor *cursor);

/* ---------------------------------------------------------------- clusters */

/* The location that stands for the cluster's storage, when it is Unavailable, else NULL: the default
   one; where none is default, the best of those that are there, so that all of them are Unavailable. */
const struct velero_object *show_member_bad_location(const struct member *c);
/* "Available", "Unavailable", …: the phase of that location; NULL without one. */
const char *show_member_storage(const struct member *c);
/* Seconds within which its schedules mean to back it up: the shortest of their longest pauses; 0 without one. */
int64_t show_member_objective(const struct member *c);
/* When its newest good backup was done; 0 when it has none. Copies of other clusters' backups,
   which Velero imports from a shared bucket, do not count. */
int64_t show_member_last_good(const struct member *c);
/* It was reached once: what it holds and runs is known. */
bool show_member_known(const struct member *c);
/* Whether everything about it is good: ready, storage available, not stale. */
bool show_member_good(const struct member *c);
/* Why it is not: appends one sentence without the cluster's name and returns its code ("" none);
 *since as far as known. Nothing for a good one. */
const char *show_member_why(const struct member *c, struct buf *out, int64_t *since);

/* status.txt and status.json of a fleet (fs/fleet_text.c, fs/show_fleet.c). */
int show_fleet_text(const struct subject *s, struct buf *out);
