/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"

/* --- where to --- */

void log_sink_stderr(struct log_sink *s)
{
        struct stat st;

        log_sink_done(s);
        if (fstat(STDERR_FILENO, &st) < 0)
                return;
        s->is_socket = S_ISSOCK(st.st_mode);
        /* The flag belongs to the open file, which a shell or a pipeline's other programs may share. */
        if (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))
                s->fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* The file at the path as it is now, in the sink and, where it is, as standard error. */
static int sink_open(struct log_sink *s, const char *path)
{
        _cleanup_(closep) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);

        if (fd < 0 || (s->is_stderr && dup2(fd, STDERR_FILENO) < 0))
                return -errno;
        closep(&s->fd);
        s->fd = fd;
        fd = -1;
        s->torn = false;
        return 0;
}

int log_sink_file(struct log_sink *s, const char *path, struct err *err)
{
        _cleanup_(freep) char *copy = strdup(path);
        struct stat st;
        int r;

        if (copy == NULL)
                return err_set(err, -ENOMEM, "log to %s", path);
        r = sink_open(s, path);
        if (r < 0)
                return err_set(err, r, "log to %s: %s", path, strerror(-r));
        s->is_socket = false;
        free(s->path);
        s->path = NULL;
        if (fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode)) {
                s->path = copy;
                copy = NULL;
        }
        return 0;
}

int log_sink_take_stderr(struct log_sink *s)
{
        if (dup2(s->fd, STDERR_FILENO) < 0)
                return -errno;
        s->is_stderr = true;
        return 0;
}

void log_sink_done(struct log_sink *s)
{
        closep(&s->fd);
        free(s->path);
        *s = (struct log_sink)LOG_SINK_INIT;
}

/* --- the maximum of a file --- */

/* Whether the path leads to another file than ours, or to none: somebody else has set ours aside. */
static bool sink_is_aside(const struct log_sink *s)
{
        struct stat ours, there;

        return fstat(s->fd, &ours) == 0 && (stat(s->path, &there) < 0 || ours.st_dev != there.st_dev ||
                                                   ours.st_ino != there.st_ino);
}

/* Under the file's lock: two processes must not set aside one after the other, or the second takes the new file. */
static void sink_set_aside(struct log_sink *s)
{
        _cleanup_(freep) char *aside = NULL;

        if (sink_is_aside(s))
                return;
        if (asprintf(&aside, "%s.1", s->path) < 0) {
                aside = NULL;
                errno = ENOMEM;
        } else if (rename(s->path, aside) == 0) {
                return;
        }
        /* The newest lines are worth more than the oldest. */
        s->begun_anew = errno;
        if (ftruncate(s->fd, 0) == 0)
                s->torn = false;
}

/* Makes room for n bytes. Only where even that failed the file stays as it is. */
static void sink_bound(struct log_sink *s, size_t n)
{
        struct stat st;

        if (sink_is_aside(s))
                (void)sink_open(s, s->path);
        if (fstat(s->fd, &st) < 0 || st.st_size + (off_t)n <= (off_t)LIMIT_LOG_FILE_BYTES)
                return;
        /* Whoever has the lock is at it: this line is one too many for the old file, and no more. */
        if (flock(s->fd, LOCK_EX | LOCK_NB) < 0)
                return;
        sink_set_aside(s);
        (void)flock(s->fd, LOCK_UN);
        if (sink_is_aside(s))
                (void)sink_open(s, s->path);
}

/* --- writing --- */

/* What is not our own may block: it is asked first. A pipe that has room for one byte has room for a line, which is
 * no longer than PIPE_BUF. */
static bool sink_takes(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };

        return poll(&p, 1, 0) != 0;
}

static int sink_lost(struct log_sink *s, size_t done, int errnum)
{
        s->torn = s->torn || done > 0;
        return -errnum;
}

static int sink_put(struct log_sink *s, const char *bytes, size_t n)
{
        int fd = s->fd >= 0 ? s->fd : STDERR_FILENO;
        size_t done = 0;

        while (done < n) {
                ssize_t put;

                if (s->fd < 0 && !s->is_socket && !sink_takes(fd))
                        return sink_lost(s, done, EAGAIN);
                if (s->is_socket)
                        put = send(fd, bytes + done, n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
                else
                        put = write(fd, bytes + done, n - done);
                if (put < 0 && errno == EINTR)
                        continue;
                if (put < 0)
                        return sink_lost(s, done, errno);
                done += (size_t)put;
        }
        return 0;
}

int log_sink_write(struct log_sink *s, const char *line, size_t n)
{
        int r = 0;

        if (s->path != NULL)
                sink_bound(s, n + 1);
        if (s->torn)
                r = sink_put(s, "\n", 1);
        if (r == 0) {
                s->torn = false;
                r = sink_put(s, line, n);
        }
        return r;
}
