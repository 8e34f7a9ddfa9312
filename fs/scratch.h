/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * scratch: files and links of the user that mean nothing to the product: editors' and tools'
 * temporary names, notes. They live in memory, LIMIT_SCRATCH_FILES of LIMIT_SCRATCH_BYTES each, and
 * are gone at unmount.
 *
 * A scratch file that an acting one was renamed to may be all that is left of a policy: it is kept
 * in the store as well, and does not count. What the store holds is read back before any thread
 * runs.
 */
#include "fs/userfile.h"

/* A new file or link, with a reference for the caller. -ENOSPC the limit, -EPERM a name that is
   reserved (the error files), -ENOMEM. */
int scratch_new(struct session *s, const struct place *p, const char *name, enum userfile_kind kind,
        struct userfile **ret);
/* Whether a scratch file has the name that the folder of an object would have; then err says so. */
bool scratch_stands_at(
        struct session *s, const struct place *p, const char *stem, struct err *err);
/* Whether a scratch file may have this name. */
bool scratch_name_ok(const char *name);

/* What is known of a kept file: also where it came from, as a restore that comes back to its name
   must not run again, in a later process either. */
struct scratch_record {
        const char *bytes;
        size_t len;
        int64_t mtime_ns;
        struct acting_origin origin;
};

/* Engine thread, no lock held. Durable when they return 0. */
int scratch_keep(struct engine *e, const struct place *p, const char *name,
        const struct scratch_record *record, struct err *err);
int scratch_forget(struct engine *e, const struct place *p, const char *name, struct err *err);
/* All that is kept in a folder, when the folder goes. */
void scratch_forget_all(struct engine *e, const struct place *p);

/* -ENOSPC when the folder has as many kept files as it may have. */
int scratch_room(struct session *s, const struct place *p, struct err *err);

/* Brings back what the store holds, of all fleets that the model has and of those that come. */
int scratch_load(struct session *s, struct err *err);
