/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * mountinfo: what is mounted on a folder, by /proc/self/mountinfo, and what a mount there would hide.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* The type of the topmost mount on exactly this absolute path ("fuse.fleetfs"), "" when nothing is
   mounted there. -ENAMETOOLONG when the type does not fit. */
int mountinfo_type(const char *text, const char *path, char *type, size_t size);

/* Whether a folder has entries, which a mount on it would hide. False where that cannot be told, and
   of an automount point, which would wait for us. */
bool mountinfo_would_hide(const char *mountpoint);
/* Where a mountpoint is left over from a process of ours that died ("Transport endpoint is not
   connected"), takes it away. Nothing else is ever unmounted. 0, -EBUSY (a live fleetfs is there),
   or why it could not be. */
int mountinfo_clean(const char *mountpoint, struct err *err);
