/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * notify_tell: compares what the kernel was told of a directory with what it is now, and tells it
 * what differs. On the notifier thread alone: it may wait in the kernel for a directory that a
 * request holds.
 */
#include "fs/notify_rules.h"

struct session;

/* One target; nothing when the kernel does not have the directory. */
void notify_tell_target(struct session *s, const struct notify_target *t);
/* All that the kernel has, after changes were lost. */
void notify_tell_everything(struct session *s);
