/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * log_sink: where finished log lines go, and what becomes of those that cannot. Part of base/log.c, which calls it
 * under its lock; nobody else includes this.
 *
 * No write waits: not for a pipe or a terminal that nobody reads, not for a socket that is full. Standard error may be
 * shared with other programs, whose descriptor must stay as it is, so a pipe or a terminal is opened once more,
 * non-blocking, and where that cannot be, is asked before each line whether it takes one.
 *
 * A file is bounded: the line that would make it larger than its maximum first has it set aside as PATH.1, in place of
 * the one before. Several processes may append to one file: each notices that another has set it aside, or that
 * logrotate(8) has.
 */
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct log_sink {
        int fd;         /* our own; -1: standard error's */
        bool is_socket; /* of standard error */
        bool is_stderr; /* of a file: standard error leads there, too */
        bool torn;      /* the last line got there in part: the next begins on a line of its own */
        char *path;     /* of a file with a maximum, else NULL */
        int begun_anew; /* errno, with which the file could not be set aside and was emptied; the caller resets it */
};

#define LOG_SINK_INIT { .fd = -1 }

/* Standard error as it is now. Cannot fail. */
void log_sink_stderr(struct log_sink *s);
/*
 * Appends to `path` (0600 when it is made). What is no regular file has no maximum. -errno of open(2), with a sentence:
 * the sink is as before. A FIFO that nobody reads is -ENXIO.
 */
int log_sink_file(struct log_sink *s, const char *path, struct err *err);
/* Leads standard error into the file of log_sink_file(), from now on, for what others write to it. 0 or -errno. */
int log_sink_take_stderr(struct log_sink *s);
/* One whole line with its newline. 0, or -errno: it is lost, or its end is. */
int log_sink_write(struct log_sink *s, const char *line, size_t n);
/* Standard error stays where it leads. */
void log_sink_done(struct log_sink *s);
