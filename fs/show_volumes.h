/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * show_volumes: how far each volume of a task is, in bytes, as its node-agent tells (ops/looks.h). Nothing of it survives
 * the process, and without a volume nothing is written. Inside a read section.
 */
#include "fs/show.h"

/* Sums over the volumes; the total grows as agents find out. */
int64_t show_volumes_done(const struct task *t);
int64_t show_volumes_total(const struct task *t);
/* "volumes: 1 of 2 Completed; 1048576 of 20971520 bytes". */
void show_volumes_line(const struct task *t, struct buf *out);
/* An empty line and the table, folded, as a status.txt ends with it. */
void show_volumes_rows(const struct task *t, struct buf *out);
/* volumes.txt. */
int show_volumes(const struct subject *s, struct buf *out);
/* The list, as member `key`. */
void show_volumes_json(struct json_writer *w, const char *key, const struct task *t);
