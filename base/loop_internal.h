/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What base/loop.c shares with base/loop_child.c. */
#include "base/loop.h"

/* Children that were given up and are still to be reaped: the head of their list. */
struct loop_child **loop_orphans(struct loop *loop);

/* Waits for all of them; they were sent SIGKILL. */
void loop_reap_orphans(struct loop *loop);
