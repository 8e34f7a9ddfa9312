/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The files of a backup or restore as the object storage serves them, and the signed URLs that
 * lead to them. Files are made when they are asked for.
 */
#include "tests/sim/bucket.h"
#include "tests/sim/exchange.h"

struct sim;
struct cluster;

/*
 * A URL for one kind of file ("BackupLog") of a backup or restore; free it. NULL: unknown kind.
 * @base takes the place of the storage's own address, as a location's publicUrl does; may be NULL.
 */
char *download_url(struct sim *sim, const struct prefix *p, const char *kind, const char *name,
        time_t now, const char *base);
/* True for the kinds that are a restore's. */
bool download_is_restore(const char *kind);
/* Serves /BUCKET/PREFIX/backups/NAME/FILE?… */
void download_serve(struct sim *sim, struct exchange *x);
