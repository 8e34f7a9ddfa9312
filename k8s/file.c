/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

static int file_fail(struct err *err, const char *path, int errnum)
{
        static const struct {
                int errnum;
                const char *remedy;
        } remedies[] = {
                { ENOENT, "create it, or correct the path" },
                { EACCES, "make it readable for this user" },
                { EISDIR, "name the file, not its folder" },
        };
        int r = err_set(err, -errnum, "%s: %s", path, strerror(errnum));

        for (size_t i = 0; i < ARRAY_SIZE(remedies); i++)
                if (remedies[i].errnum == errnum)
                        (void)err_remedy(err, "%s", remedies[i].remedy);
        return r;
}

/* Opens without waiting for the writer of a FIFO, then refuses what has no end. */
static int file_open(const char *path, int *ret_fd, size_t *ret_size, struct err *err)
{
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        struct stat st;

        if (fd < 0 || fstat(fd, &st) < 0)
                return file_fail(err, path, errno);
        if (S_ISDIR(st.st_mode))
                return file_fail(err, path, EISDIR);
        if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode)) {
                int r = err_set(err, -EINVAL, "%s is no regular file", path);

                (void)err_remedy(err, "write its contents into a file: it is read more than once");
                return r;
        }
        *ret_size = S_ISREG(st.st_mode) && st.st_size > 0 ? (size_t)st.st_size : 0;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

/* The rest of the file; -EFBIG and -ENOMEM are the buffer's. */
static int file_drain(int fd, struct buf *buf)
{
        for (;;) {
                ssize_t n;
                int r = buf_reserve(buf, 1);

                if (r < 0)
                        return r;
                n = read(fd, buf->data + buf->len, buf->alloc - buf->len - 1);
                if (n > 0)
                        buf_added(buf, (size_t)n);
                else if (n == 0)
                        return 0;
                else if (errno != EINTR)
                        return -errno;
        }
}

int file_read(const char *path, struct buf *buf, struct err *err)
{
        _cleanup_(closep) int fd = -1;
        size_t size = 0;
        int r = file_open(path, &fd, &size, err);

        if (r < 0)
                return r;
        buf_reset(buf);
        /* All at once, so that no block of a secret is left behind by a buffer that grew. */
        r = size >= buf->max ? -EFBIG : buf_reserve(buf, size + 1);
        if (r == 0)
                r = file_drain(fd, buf);
        if (r == -EFBIG)
                return err_set(
                        err, r, "%s is not smaller than the limit of %zu bytes", path, buf->max);
        return r < 0 ? file_fail(err, path, -r) : 0;
}

int path_resolve(const char *dir, const char *path, char **ret)
{
        char *joined = NULL;

        if (path[0] == '/')
                joined = strdup(path);
        else if (asprintf(&joined, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", path) < 0)
                joined = NULL;
        if (!joined)
                return -ENOMEM;
        *ret = joined;
        return 0;
}

int path_folder(const char *path, char **ret)
{
        const char *slash = strrchr(path, '/');
        char *folder =
                !slash ? strdup(".") : strndup(path, slash == path ? 1 : (size_t)(slash - path));

        if (!folder)
                return -ENOMEM;
        *ret = folder;
        return 0;
}
