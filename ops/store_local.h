/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The store in a folder of this machine; see ops/store.h.
 *
 *     <dir>/id                                the store's random id
 *     <dir>/lock                              flock(2)ed by its holder, whose pid stands in it
 *     <dir>/objects/<fleet>/<folder>/<name>   records, one file each; scratch/ and trash/ likewise
 *     <dir>/values/<name>
 *
 * Folders are 0700, files 0600. A record is written to a temporary name, fsynced, renamed, and its
 * directory fsynced. Its first line holds lengths and a checksum, then come the name and the bytes:
 * a damaged record is noticed, and file names may be escaped without a way back. One that is damaged
 * becomes <dir>/objects/<fleet>/<folder>/.damaged-<number>-<name>, which nothing here reads or removes.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "ops/store.h"

int store_local_open(struct store **ret, const char *dir, bool read_only, struct err *err);

/* The file name of a record: harmless characters stay, others become %XX; what grows too long is
 * "%" and a hash. */
#define STORE_FILE_NAME_MAX 200
void store_local_file_name(char ret[static STORE_FILE_NAME_MAX + 1], const char *name);

/* The system calls that a full or broken disk makes fail. NULL brings the real ones back. */
struct store_local_sys {
        ssize_t (*write)(int fd, const void *bytes, size_t len);
        int (*fsync)(int fd);
        int (*rename)(int dirfd, const char *from, const char *to);
};
void store_local_set_sys_for_tests(const struct store_local_sys *sys);
