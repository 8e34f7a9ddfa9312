/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Configuration and credential files: whole, bounded, regular; and the paths that name them.
 * Blocking, for small local files; any thread.
 */
#include <stddef.h>

struct buf;
struct err;

/*
 * Replaces the contents of *buf, whose maximum is the file's. FIFOs, sockets and folders are
 * refused, /dev/null is empty. The message starts with the path. -ENOENT, -EACCES, -EISDIR,
 * -EINVAL, -EFBIG, -EIO, -ENOMEM and what else open(2) and read(2) say.
 */
int file_read(const char *path, struct buf *buf, struct err *err);

/* `path` as it is when absolute, else below `dir`. *ret is the caller's; -ENOMEM. */
int path_resolve(const char *dir, const char *path, char **ret);

/* The folder of a path: all before its last slash, "/" or "." . *ret is the caller's; -ENOMEM. */
int path_folder(const char *path, char **ret);
