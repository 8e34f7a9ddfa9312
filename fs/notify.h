/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * notify: tells the kernel what changed.
 *
 * The engine's listener puts changes into a queue (deduplicated, never blocking); one thread, which
 * serves no request, takes them out, finds the directories that a change concerns by one table
 * (notify_rules.h), and for those that the kernel knows compares and invalidates. That
 * thread may wait in the kernel for a directory that a request holds: so nothing that a request
 * waits for may wait for the notifier while the kernel holds a directory: CREATE, RENAME, UNLINK,
 * LOOKUP, MKDIR, RMDIR, SYMLINK. FLUSH, WRITE and RELEASE may.
 *
 * Barriers: notify_queue()'s `done` runs on the notifier thread once everything queued before it
 * was told.
 */
#include "base/err.h"
#include "ops/model.h"

struct session;
struct notifier;

int notifier_new(struct notifier **ret, struct session *s, struct err *err);
int notifier_start(struct notifier *n, struct err *err);
/* Ends the thread; barriers still queued are called. */
void notifier_stop(struct notifier *n);
struct notifier *notifier_free(struct notifier *n);

/* Any thread. `done` may be NULL. After notifier_stop() `done` is called at once. */
void notify_queue(struct notifier *n, const struct change *changes, size_t count,
        void (*done)(void *arg), void *arg);
