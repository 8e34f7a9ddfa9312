/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * trash: the bytes of removed policies, for LIMIT_TRASH_S, shown in the fleet's unlisted .trash/.
 *
 * The store has a record for each; the fleet keeps them all in memory, at most LIMIT_TRASH_FILES of
 * LIMIT_TRASH_BYTES together: the oldest leave early. The newest of a name is shown under it
 * ("nightly.yaml"), each older one, and that of another folder, with the time of its removal
 * ("nightly.yaml.20260901-020003Z"; a second one of that second with "-2").
 *
 * Engine thread, but for trash_find() and the fields, which are read in a read section.
 */
#include "ops/engine.h"

struct trash_file {
        char *name;   /* as it is shown */
        char *record; /* in the store: "<stem>.<ext>@<unix seconds>" */
        enum object_kind kind;
        int64_t removed;
        char *bytes;
        size_t len;
};

struct trash {
        struct trash_file *files; /* the newest removal first */
        size_t n;
};

/*
 * Keeps the bytes in force, else those of the draft; 0 when there are none. Durable; the errors of
 * store_put(). With no write section open, and leaves none.
 */
int trash_keep(struct engine *e, const struct object *o, struct err *err);
/* Whether the bytes that trash_keep() would take are there. */
bool trash_has(const struct object *o);
/* What was kept of o at `since` or later was kept for a removal that did not happen: it goes. In a write section. */
void trash_take_back(struct engine *e, const struct object *o, int64_t since);
/* Deletes what has been there for long enough; what cannot be deleted is tried again by the next
   call. Sections as above. */
void trash_sweep(struct engine *e, struct fleet *f);
/* Reads what the store has of the fleet; in a write section. */
int trash_load(struct engine *e, struct fleet *f, struct err *err);
void trash_free(struct trash *t);

/* NULL: no such file. */
const struct trash_file *trash_find(const struct fleet *f, const char *name);
