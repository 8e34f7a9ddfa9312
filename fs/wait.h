/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * wait: opening a `wait` file answers when its object is terminal. The open is a parked request: it
 * holds no worker, ends at a signal and at unmount, and has no deadline.
 *
 * waits.lock is held over the look at the model and the entry into the list, so no change falls
 * between them. Lock order: waits, then the model (read section).
 */
#include <fuse_lowlevel.h>
#include <pthread.h>

struct inode;
struct session;
struct wait;

struct waits {
        pthread_mutex_t lock;
        struct wait *first;
};

void waits_init(struct waits *w);
/* After parking_close(): nobody is waiting any more. */
void waits_done(struct session *s);

/* Answers, now or later. */
void wait_open(fuse_req_t req, struct session *s, struct inode *i, int flags);
/* After a change: answers those whose wait is over. The notifier thread. */
void waits_check(struct session *s);
