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
        const struct velero_object *velero; /* its Backup or Restore as seen now, or NULL */
        bool stale; /* the phase is the cluster's word, and the cluster is away */
        bool gone;  /* a backup that was Completed is no longer on its cluster */
        bool good;  /* Completed, and neither of these */
};

void task_view(struct task_view *ret, const struct task *t);
/* " (stale)", " (gone)" or "": what follows the phase. */
const char *task_view_mark(const struct task_view *v);
/* Progress in percent; 100 only when it ended well. */
int64_t task_view_percent(const struct task *t);
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
        size_t phases[PHASE_MAX + 1];
        size_t good, stale, gone;
        bool parts;          /* several tasks on one cluster: parts of the policy */
        int64_t done, total; /* items */
        int64_t warnings;
        int64_t percent; /* each task counts the same; -1 while nothing can be said */
};

/* Of a run, NULL for none. Out of memory: no tasks at all. */
void task_views_init(struct task_views *ret, const struct run *r);
void task_views_done(struct task_views *views);

/* Of a run, without counting all else; `r` NULL for none. */
int64_t task_views_percent(const struct run *r); /* in percent, 0 while nothing can be said */
int64_t task_views_expires(const struct run *r); /* the first expiry, 0 for none */
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
/* "reason: eu-1: …   FLT-0410" lines, at most SHOW_REASONS. Returns the number of all. */
size_t task_views_reasons(const struct task_views *views, struct buf *out);
/* "action: …": where to look next and how to go on, by paths from where the file is: `up` leads to
   the fleet's folder, `object` to the object's, `run` to the run's. `retry`: it may be retried.
   Nothing when all goes well. */
void task_views_action(const struct task_views *views, struct buf *out, const char *up,
        const char *object, const char *run, bool retry);
/* "waits:  until …": when what is Pending is given up; nothing for 0, when it never is. */
void show_waits(struct buf *out, int64_t deadline);
/* Waits for a location that its cluster does not have: only storage/ tells which there are. */
bool task_view_lacks_location(const struct task_view *v);
/* The table, rows folded as SHOW_ROWS says. */
void task_views_table(const struct task_views *views, struct buf *out);
/* warnings.txt: whose log has warnings though it ended well, and the command that shows it. */
void task_views_warned(const struct task_views *views, struct buf *out);
/* error.txt: all reasons in full. */
void task_views_errors(const struct task_views *views, struct buf *out);

/* JSON: the list of tasks, of reasons, and the counts. */
void task_views_put_clusters(
        struct json_writer *w, const char *key, const struct subject *s, const struct run *r);
void task_views_put_reasons(struct json_writer *w, const char *key, const struct run *r);
void task_views_put_summary(struct json_writer *w, const char *key, const struct run *r);
