/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/mountinfo.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"

#define MOUNTINFO_OURS "fuse.fleetfs"

extern char **environ;

/* The n-th field (from 0) of a line that ends at `end`; NULL when there are fewer. */
static const char *mountinfo_field(const char *line, const char *end, unsigned n, size_t *len)
{
        const char *p = line;

        for (; n > 0; n--) {
                p = memchr(p, ' ', (size_t)(end - p));
                if (p == NULL)
                        return NULL;
                p++;
        }
        *len = strcspn(p, " \n");
        return p;
}

/* The kernel writes space, tab, newline and backslash of a path as \ooo. */
static bool mountinfo_path_is(const char *field, size_t len, const char *path)
{
        size_t i = 0;

        for (; i < len && *path != '\0'; path++) {
                unsigned char c = (unsigned char)field[i];

                if (c == '\\' && len - i >= 4) {
                        c = (unsigned char)((field[i + 1] - '0') * 64 + (field[i + 2] - '0') * 8 +
                                            (field[i + 3] - '0'));
                        i += 4;
                } else {
                        i++;
                }
                if (c != (unsigned char)*path)
                        return false;
        }
        return i == len && *path == '\0';
}

int mountinfo_type(const char *text, const char *path, char *type, size_t size)
{
        type[0] = '\0';
        /* Later lines lie on top of earlier ones. */
        for (const char *line = text, *end; *line != '\0'; line = *end != '\0' ? end + 1 : end) {
                const char *point, *separator, *fs;
                size_t len;

                end = line + strcspn(line, "\n");
                point = mountinfo_field(line, end, 4, &len);
                if (point == NULL || !mountinfo_path_is(point, len, path))
                        continue;
                separator = memmem(point, (size_t)(end - point), " - ", 3);
                fs = separator != NULL ? mountinfo_field(separator + 3, end, 0, &len) : NULL;
                if (fs == NULL)
                        continue;
                if (len >= size)
                        return -ENAMETOOLONG;
                memcpy(type, fs, len);
                type[len] = '\0';
        }
        return 0;
}

static int mountinfo_read(struct buf *out, struct err *err)
{
        _cleanup_(closep) int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

        if (fd < 0)
                return err_set(err, -errno, "read /proc/self/mountinfo");
        for (;;) {
                ssize_t n;

                if (buf_reserve(out, 4096) < 0)
                        return err_set(err, out->error, "read /proc/self/mountinfo");
                n = read(fd, out->data + out->len, 4096);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return err_set(err, -errno, "read /proc/self/mountinfo");
                if (n == 0)
                        return 0;
                buf_added(out, (size_t)n);
        }
}

static int mountinfo_unmount(const char *path, struct err *err)
{
        char *argv[] = { (char *)"fusermount3", (char *)"-u", (char *)"-z", (char *)"--",
                (char *)path, NULL };
        int r, status;
        pid_t pid;

        if (geteuid() == 0) {
                if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
                        return 0;
                return err_set(err, -errno, "take away the dead mount on %s", path);
        }
        r = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
        if (r != 0)
                return err_set(err, -r, "run fusermount3 to take away the dead mount on %s", path);
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return err_set(err, -errno, "wait for fusermount3");
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                return err_set(
                        err, -EBUSY, "fusermount3 could not take away the dead mount on %s", path);
        return 0;
}

int mountinfo_clean(const char *mountpoint, struct err *err)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_MOUNTINFO_BYTES);
        _cleanup_(freep) char *parent = NULL;
        char path[PATH_MAX], type[256];
        struct statfs fs;
        struct stat st;
        const char *name;
        char *slash;
        int r, alive;

        /* realpath() of a dead mount fails at its last step: resolve the folder that holds it. */
        parent = strdup(mountpoint);
        if (parent == NULL)
                return err_set(err, -ENOMEM, "look at %s", mountpoint);
        while ((slash = strrchr(parent, '/')) != NULL && slash != parent && slash[1] == '\0')
                *slash = '\0';
        slash = strrchr(parent, '/');
        name = slash != NULL ? slash + 1 : parent;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || name[0] == '\0') {
                if (realpath(mountpoint, path) == NULL)
                        return 0; /* mounting will say what is wrong with it */
        } else {
                char dir[PATH_MAX];
                int n;

                if (slash != NULL)
                        *slash = '\0';
                if (realpath(slash == NULL ? "." : slash == parent ? "/" : parent, dir) == NULL)
                        return 0;
                n = snprintf(path, sizeof(path), "%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
                if (n < 0 || (size_t)n >= sizeof(path))
                        return err_set(err, -ENAMETOOLONG, "mountpoint %s", mountpoint);
                /* The last step may be a link to the mountpoint; a dead mount is none. */
                if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
                        realpath(mountpoint, path) == NULL)
                        return 0;
        }
        r = mountinfo_read(&text, err);
        if (r == 0)
                r = mountinfo_type(text.data, path, type, sizeof(type));
        if (r < 0 || strcmp(type, MOUNTINFO_OURS) != 0)
                return r;

        /* Attributes may be in the kernel's cache long after the process died; this always asks. */
        alive = statfs(path, &fs) == 0 ? 1 : -errno;
        if (alive != -ENOTCONN && alive != -ECONNABORTED) {
                err_set(err, -EBUSY, "a fleetfs is already mounted on %s", path);
                return err_remedy(err, "fusermount3 -u %s", path);
        }
        return mountinfo_unmount(path, err);
}

bool mountinfo_would_hide(const char *mountpoint)
{
        /* The path alone does not set off an automount. */
        _cleanup_(closep) int place = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
        const struct dirent *e = NULL;
        struct statfs fs;
        DIR *d;
        int fd;

        if (place < 0 || fstatfs(place, &fs) < 0 || fs.f_type == AUTOFS_SUPER_MAGIC)
                return false;
        fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        d = fd >= 0 ? fdopendir(fd) : NULL;
        if (d == NULL) {
                if (fd >= 0)
                        close(fd);
                return false;
        }
        do
                e = readdir(d);
        while (e != NULL && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
        closedir(d);
        return e != NULL;
}
