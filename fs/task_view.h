/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * task_view: a run's tasks as a reader sees them: with the state of their clusters, worst first,
 * counted. What several files say about tasks is made here, so that they say it alike: the summary
 * of a first line, reasons, what to do, the table.
 */
#include "fs/show.h"

struct task_view {
        const struct task *task;
        const struct member *member;        /* NULL: the cluster left the fleet */
        const struct velero_object *velero; /* its Velero object as seen now, or NULL */
        bool stale; /* the phase is the cluster's word, and the cluster is away */
        bool gone;  /* a backup that was Completed is no longer on its cluster */
        bool expired; /* … as its time was over: nothing is missed */
        bool good;  /* Completed or Protected, and neither of these */
};

void task_view(struct task_view *ret, const struct task *t);
/* What an adoption owes to a cluster, where Schedules stand: no part of the policy, and so not counted. */
bool task_view_is_beside(const struct task *t);
/* " (stale)", " (gone)" or "": what follows the phase. */
const char *task_view_mark(const struct task_view *v);
/* Progress in percent; 100 only when it ended well. */
int64_t task_view_percent(const struct task *t);
/* When it is expected to be done: as samples of its items and of its volumes' bytes tell, the later of
   both; 0: not known, as it is before three of them, or nothing is left. */
int64_t task_view_expected(const struct task_view *v);
/* Velero's queue: the backup's place, from 1; 0 when it does not wait there. */
int64_t task_view_queue(const struct task_view *v);
/* Why it is not good: appends one sentence and returns its code ("" none); *since 0 when unknown.
   Nothing is appended for what is good or simply runs. */
const char *task_view_why(const struct task_view *v, struct buf *out, int64_t *since);

/* The same for getters: the text is the calling thread's, until its next call. */
struct task_view_reason {
        const char *text; /* "" for none */
        const char *code; /* "" for none */
        int64_t since;    /* 0 when unknown */
};
void task_view_reason(struct task_view_reason *ret, const struct task *t);
/* The command that shows Velero's log of it, where that says more than its reason: what has errors
   or warnings. Pastes whole, also where it is wrapped: behind a label at `width` columns with a
   backslash; 0: never. False where there is none. */
bool task_view_log(const struct task_view *v, struct buf *out, size_t width);
/* What a migration's target does now. */
const char *task_view_step(const struct task *t);

/* subject.item of a task's folder that stands in its object's clusters/, not in its run's. */
extern const char task_near_object;

/* "eu-1", or "eu-1/gold" for a part of a policy. */
void task_view_who(const struct task_view *v, struct buf *out);
/* Worst first: its phase, but Unknown for what was good and cannot be relied on now. */
int task_view_rank(const struct task_view *v);
/* Whether there is a reason to tell (task_view_why). */
bool task_view_is_told(const struct task_view *v);
/* The backup of a migration. */
bool task_view_is_source(const struct task_view *v);

struct task_views {
        struct task_view *v; /* worst first, then by cluster; a migration's source first of all */
        size_t n;
        size_t beside;       /* … of them are not counted: task_view_is_beside() */
        size_t phases[PHASE_MAX + 1];
        size_t good, stale, gone;
        size_t empty;        /* task_holds_nothing() */
        bool parts;          /* several tasks on one cluster: parts of the policy */
        bool standing;       /* Schedules, not what a run does */
        int64_t done, total; /* items */
        int64_t bytes_done, bytes_total; /* of volumes; 0 when no node-agent has work */
        int64_t expected;    /* when the last part is expected to be done; 0 unless known of all that run */
        int64_t warnings;
        int64_t percent; /* each task counts the same; -1 while nothing can be said */
};

/* Of a run, NULL for none. Out of memory: no tasks at all. */
void task_views_init(struct task_views *ret, const struct run *r);
void task_views_done(struct task_views *views);

/* How the parts of a run ended. What is stale, gone or a backup of nothing is not good. */
struct run_counts {
        size_t good, part, fail; /* Completed, and known to be so; PartiallyFailed; any other bad end */
        const char *mark;        /* as task_views_mark() has it */
        int64_t started;         /* of the first part, 0: none began */
};
void run_counts(struct run_counts *ret, const struct run *r);

/* Of a run, without counting all else; `r` NULL for none. */
int64_t task_views_percent(const struct run *r); /* in percent, 0 while nothing can be said */
int64_t task_views_expires(const struct run *r); /* the first expiry, 0 for none */
int64_t task_views_expected(const struct run *r);
bool task_views_bytes(const struct run *r, int64_t *done, int64_t *total); /* false: no volumes */
/* One policy, one ttl: that of the first Backup or Schedule that was seen; NULL for none. */
const char *task_views_ttl(const struct run *r);
bool task_views_stale(const struct run *r);
bool task_views_gone(const struct run *r);

/* The sum of a member of type int32_t, by its offset, over all tasks; 0 without a run. */
int64_t task_views_sum(const struct run *r, size_t offset);

/* The worst task that has a reason to be; NULL when all is well. */
const struct task *task_views_worst(const struct run *r);

/* The folders of a run's clusters: the worst task of each. */
const struct task *task_views_find(const struct run *r, const char *member);
bool task_views_next(const struct run *r, struct node_cursor *cursor);

/* "2 of 3 clusters Completed, 1 Failed": every phase that occurs, worst first. */
void task_views_summary(const struct task_views *views, struct buf *out);
/* " (stale)" or " (gone)" for a good phase that rests on such tasks, else "". */
const char *task_views_mark(const struct task_views *views, enum phase phase);
/* "reason: eu-1: …   FLT-0410" lines, at most SHOW_REASONS: of `views`, then of `more` (NULL: none) those of
   clusters that `views` has nothing to say of. Returns the number of all. */
size_t task_views_reasons(
        const struct task_views *views, const struct task_views *more, struct buf *out);
/* "action: …": where to look next and how to go on, by paths from where the file is: `up` leads to
   the fleet's folder, `object` to the object's, `run` to the run's. `retry`: it may be retried.
   Nothing when all goes well. */
void task_views_action(const struct task_views *views, struct buf *out, const char *up,
        const char *object, const char *run, bool retry);
/* "waits:  until …": when what is Pending is given up; nothing for 0, when it never is. */
void show_waits(struct buf *out, int64_t deadline);
/* Waits for a location that its cluster does not have: only storage/ tells which there are. */
bool task_view_lacks_location(const struct task_view *v);
/* Whether a table has this row, the row-th in the order of `views`; and the line that counts the others. */
bool task_view_has_row(const struct task_view *v, size_t row);
void task_views_fold(const struct task_views *views, struct buf *out);
/* The table, rows folded as SHOW_ROWS says. */
void task_views_table(const struct task_views *views, struct buf *out);
/* warnings.txt: whose log has warnings though it ended well, and the command that shows it. */
void task_views_warned(const struct task_views *views, struct buf *out);
/* error.txt: all reasons in full; `more` as above. */
void task_views_errors(
        const struct task_views *views, const struct task_views *more, struct buf *out);

/* What stands: Schedules (fs/show_standing.c). */
void show_standing_members(struct json_writer *w, const struct subject *s);
/* The newest backup that a Schedule made, NULL when none is known. */
const struct task *show_standing_newest(const struct task *t);
/* Its table, worst first, folded as SHOW_ROWS says. */
void show_standing_table(const struct task_views *views, struct buf *out);
/* "action: …" as task_views_action() has it. False: there is nothing to do about it. */
bool show_standing_action(const struct object *o, const struct task_views *views, struct buf *out);
/* "next: …": the coming runs of a schedule. */
void show_standing_next(const struct object *o, struct buf *out);
/* The newest runs of a schedule as a table. */
void show_standing_runs(const struct object *o, struct buf *out);
/* The member "schedule" of the object that is open; null without one. */
void show_standing_schedule(struct json_writer *w, const char *key, const struct object *o);
/* Since when a part of it is Overdue; 0 when none is. */
int64_t show_standing_overdue(const struct object *o);

/* JSON: the list of tasks, of reasons, and the counts. */
void task_views_put_clusters(
        struct json_writer *w, const char *key, const struct subject *s, const struct run *r);
/* `more` as above. Into the array that is open. */
void task_views_put_reasons(struct json_writer *w, const struct run *r, const struct run *more);
void task_views_put_summary(struct json_writer *w, const char *key, const struct run *r);
