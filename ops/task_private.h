/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files that show a task share. Engine thread, inside a write section. */
#include "ops/task.h"

/* The request of the task is over, or was cancelled: the task may ask again. */
void task_call_forget(struct task *t);

/* *to becomes a copy of text, which may be NULL. */
void task_set_text(char **to, const char *text);
/* Reason, code and, if they differ from what they were, since when; err NULL: none. */
void task_set_reason(struct task *t, const struct err *err);
