/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Bytes of the files in a backup's folder, compressed as Velero stores them.
 */
#include "tests/sim/bucket.h"

/* gzip of @in, appended to @out. */
void archive_gzip(struct str *out, const char *in, size_t n);
/* NAME.tar.gz: each object twice, below its resource and below its preferred version. */
void archive_contents(struct str *out, const struct stored_backup *s);
/* {"v1/ConfigMap":["ns/name"]} */
void archive_resource_list(struct str *out, const struct stored_backup *s);
/* When the backup began. */
time_t archive_started(const struct stored_backup *s);
/* A log as Velero writes it, compressed; @items may be NULL. */
void archive_log(struct str *out, const char *kind, const char *name, const json_t *results,
        const struct items *items, time_t start);
