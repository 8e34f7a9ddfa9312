/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the files that show a task share. Engine thread, inside a write section. */
#include "ops/task.h"

/* Reason, code and, if they differ from what they were, since when; err NULL: none. */
void task_set_reason(struct task *t, const struct err *err);
