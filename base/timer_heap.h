/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * timer_heap: a pairing heap of struct loop_timer, earliest first; the root is the caller's
 * pointer. It is intrusive, so that arming a timer needs no memory. Private to base/loop*.c.
 */
#include "base/loop.h"

void timer_heap_add(struct loop_timer **root, struct loop_timer *t);

/* `t` must be in the heap, or in a list linked the same way that other code took out of it. */
void timer_heap_remove(struct loop_timer **root, struct loop_timer *t);
