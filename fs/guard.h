/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * guard: whoever tries to unlink a synthesized file is deleting a tree (`rm -r`, a file manager),
 * which nobody means to be the removal of every policy in it. For LIMIT_GUARD_MS no deletion of his
 * counts, and those that were made a moment ago are undone. Any thread, no lock held.
 */
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

struct session;

/* A synthesized file was to be unlinked by this user: deletions of his are refused from now on, and
   undone on the engine's thread. write_ops' guard_arm. */
void guard_arm(struct session *s, uid_t uid);
/* Whether a deletion by this user is refused, with the sentence; a refused one arms the guard anew.
 */
bool guard_refuses(struct session *s, uid_t uid, struct err *err);
