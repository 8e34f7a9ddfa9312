/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * show: what the tree says about each kind of subject. Each fs/show_*.c holds the values of one kind, its status.txt,
 * its status.json, and the table of its directory. Everything here is a function of the subject alone.
 *
 * A status.txt answers in its first line "am I safe?", then says why, then what to do, then gives the table, worst first.
 */
#include "base/buf.h"
#include "fs/json_writer.h"
#include "fs/node.h"
#include "fs/value.h"

/* Tables of directories. */
extern const struct node_table task_table, run_table, restore_run_table, member_table, fleet_table;
extern const struct node_table backups_table, restores_table, migrations_table;

/* The values of a subject, for JSON. */
void show_task_members(struct json_writer *w, const struct subject *s);
void show_run_members(struct json_writer *w, const struct subject *s);
void show_object_members(struct json_writer *w, const struct subject *s);
void show_member_members(struct json_writer *w, const struct subject *s);

/* The first lines of a status.txt: "state:  <STATE>   <summary>" and, where there is one, the time of the last change. */
void show_headline(struct buf *out, const char *state, const char *summary, int64_t changed);
/* "reason: <text>   <code>", indented like the first when it is not. */
void show_reason(struct buf *out, bool first, const char *text, const char *code);
void show_action(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "[####................]  20%  1/5 items": percent is floored, 100% only for what is terminal. */
void show_bar(struct buf *out, int64_t done, int64_t total, bool terminal);

/* A run's tasks, worst first, as table rows; and the reasons above it. */
void show_task_table(struct buf *out, const struct subject *run);
void show_task_reasons(struct buf *out, const struct subject *run, size_t max);
/* "2 of 3 clusters Completed, 1 Pending" into out. */
void show_run_summary(struct buf *out, const struct run *r);

/* kurator.yaml. */
int show_kurator(const struct subject *s, struct buf *out);
/* wait: every task of the newest run is terminal, and nothing waits for its release. */
bool show_object_terminal(const struct subject *s);

/* Lists of a folder's children, used by several tables. */
bool run_find(const struct subject *dir, const char *name, struct subject *child);
bool run_next(const struct subject *dir, struct node_cursor *cursor);
