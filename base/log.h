/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Log lines as key=value:
 *
 *         log_warn("list failed", LOG_S("cluster", name), LOG_I("req", 17), LOG_ERR(&err));
 *
 *         level=warn msg="list failed" cluster=eu-1 req=17 err="GET /apis: HTTP 503" code=EIO
 *
 * Who logs: fs/ and mountd/, once, where an error stops travelling. Libraries (base/ to ops/)
 * return errors and do not log them; debug lines are free everywhere.
 *
 * Where to: natively to the journal when $JOURNAL_STREAM names our stderr, each key also a field
 * FLEETFS_<KEY>; else, or if that fails, to stderr as one write per line, with a "<4>" priority
 * prefix when stderr leads to the journal, and else with a time= of its own. Values with anything
 * but plain characters are quoted, control characters escaped: a line is one line. Values over
 * LIMIT_LOG_VALUE_BYTES are cut; a field that no longer fits into LIMIT_LOG_LINE_BYTES is left out,
 * and the line then ends in cut=true.
 *
 * A line never waits and never ends the process: what a pipe, a terminal or a socket does not take
 * now, what nobody reads any more (the process is to ignore SIGPIPE) and what a full disk has no
 * room for (and SIGXFSZ) is dropped. The next line that goes through comes after one that says
 * lines=<count> of them were, and why. Only a regular file on a disk that hangs can make it wait.
 *
 * A file of our own (log_to_file()) has at most LIMIT_LOG_FILE_BYTES: then it is set aside as
 * PATH.1, in place of the one before. One that may not be renamed is emptied, which is told.
 *
 * Any thread may log, before log_init() too (then to stderr, level info). A call site that repeats
 * itself is cut down to LIMIT_LOG_BURST lines per LIMIT_LOG_WINDOW_MS; its next line then says
 * suppressed=<count>. Debug lines are exempt. errno is kept.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log_options {
        enum log_level level;       /* lines above it are not even formatted */
        enum log_format format;     /* JSON: one object per line, to stderr only */
        const char *journal_socket; /* NULL: the system's */
};

/* Once, before threads start; may be repeated by tests. NULL: the defaults above. Cannot fail: it
 * falls back to stderr. */
void log_init(const struct log_options *options);
/* After log_init(), and before threads start: lines are appended to that file from now on, which is made with mode
 * 0600. -errno of open(2): nothing has changed. */
int log_to_file(const char *path, struct err *err);
/* After log_to_file(): stderr leads there too, for what libraries and child processes write to it. -errno of dup2(2). */
int log_take_stderr(struct err *err);
/* Closes the journal's socket and what log_init() and log_to_file() have opened; stderr stays where it leads. */
void log_done(void);
void log_set_level(enum log_level level);
enum log_level log_level(void);
/* "error", "warn", "info", "debug": 0; or -EINVAL with the list in err. */
int log_level_parse(const char *s, enum log_level *ret, struct err *err);

struct log_field {
        const char *key; /* lower case, digits, '_' */
        enum { LOG_FIELD_STRING, LOG_FIELD_INT, LOG_FIELD_ERR } kind;
        const char *s;
        int64_t i;
        const struct err *err;
};

/* A string (NULL leaves the field out), an integer, and an error: err=, code=, and id=, line= and
 * column= when it has them. */
#define LOG_S(k, v)                                            \
        {                                                      \
                .key = (k), .kind = LOG_FIELD_STRING, .s = (v) \
        }
#define LOG_I(k, v)                                                  \
        {                                                            \
                .key = (k), .kind = LOG_FIELD_INT, .i = (int64_t)(v) \
        }
#define LOG_ERR(e)                                              \
        {                                                       \
                .key = "err", .kind = LOG_FIELD_ERR, .err = (e) \
        }

/* State of one call site; only log.c touches its members. */
struct log_site {
        const char *file;
        int line;
        int64_t window_start_ms;
        unsigned lines, suppressed;
};

void log_write(
        enum log_level level, struct log_site *site, const struct log_field *fields, size_t n);

#define LOG_AT(level_, message, ...)                                                       \
        do {                                                                               \
                static struct log_site log_site_ = { .file = __FILE__, .line = __LINE__ }; \
                if ((level_) <= log_level()) {                                             \
                        const struct log_field log_fields_[] = { LOG_S("msg", message),    \
                                ##__VA_ARGS__ };                                           \
                        log_write(level_, &log_site_, log_fields_,                         \
                                sizeof(log_fields_) / sizeof(log_fields_[0]));             \
                }                                                                          \
        } while (0)

/* The message is constant text, or NULL where the fields say it all. */
#define log_error(message, ...) LOG_AT(LOG_LEVEL_ERROR, message, ##__VA_ARGS__)
#define log_warn(message, ...)  LOG_AT(LOG_LEVEL_WARN, message, ##__VA_ARGS__)
#define log_info(message, ...)  LOG_AT(LOG_LEVEL_INFO, message, ##__VA_ARGS__)
#define log_debug(message, ...) LOG_AT(LOG_LEVEL_DEBUG, message, ##__VA_ARGS__)
