/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/fuse_ops.h"

#include <linux/fs.h>
#include <sys/syscall.h>
#include <utime.h>
#include "tests/support/mount_tree.h"

/* ---------------------------------------------------------------- writing */

static int do_unlink(const char *p)
{
        return unlink(p);
}
static int do_rmdir(const char *p)
{
        return rmdir(p);
}
static int do_mkdir(const char *p)
{
        return mkdir(p, 0700);
}
static int do_create(const char *p)
{
        return open(p, O_WRONLY | O_CREAT | O_EXCL, 0600);
}
static int do_write(const char *p)
{
        return open(p, O_WRONLY);
}
static int do_append(const char *p)
{
        return open(p, O_WRONLY | O_APPEND);
}
static int do_truncate(const char *p)
{
        return truncate(p, 0);
}
static int do_chmod(const char *p)
{
        return chmod(p, 0600);
}
static int do_utime(const char *p)
{
        return utime(p, NULL);
}
static int do_symlink(const char *p)
{
        return symlink("x", p);
}
static int do_fifo(const char *p)
{
        return mkfifo(p, 0600);
}

static int do_rename(const char *p)
{
        char to[1024];

        snprintf(to, sizeof(to), "%s.moved", p);
        return rename(p, to);
}

static int do_exchange(const char *p)
{
        return (int)syscall(SYS_renameat2, AT_FDCWD, p, AT_FDCWD, p, RENAME_EXCHANGE);
}

static int do_link(const char *p)
{
        char to[1024];

        snprintf(to, sizeof(to), "%s.link", p);
        return link(p, to);
}

static const struct refusal {
        const char *name;
        int (*call)(const char *path);
        const char *path;
        int errnum; /* 0: succeeds */
        unsigned armed, write_path;
} refusals[] = {
        { "unlink a file", do_unlink, "prod/sum.txt", .errnum = EPERM, .armed = 1 },
        { "unlink a link", do_unlink, "prod/first", .errnum = EPERM, .armed = 1 },
        { "unlink a file of a writable folder", do_unlink, "prod/backups/README.txt",
                .errnum = EPERM, .armed = 1 },
        { "unlink a folder", do_unlink, "prod/clusters", .errnum = EISDIR },
        { "unlink the log", do_unlink, "events.jsonl", .errnum = EPERM, .armed = 1 },
        { "rmdir a full folder", do_rmdir, "prod/clusters", .errnum = ENOTEMPTY },
        { "rmdir a file", do_rmdir, "prod/sum.txt", .errnum = ENOTDIR },
        { "mkdir where nothing is made", do_mkdir, "prod/new", .errnum = EPERM },
        { "mkdir a trash", do_mkdir, "prod/backups/.Trash-1000", .errnum = EPERM },
        { "mkdir a trash at the top", do_mkdir, ".Trash", .errnum = EPERM },
        { "mkdir is the write path's", do_mkdir, "prod/backups/new", .errnum = EBUSY,
                .write_path = 1 },
        { "symlink is the write path's", do_symlink, "prod/backups/new", .errnum = EBUSY,
                .write_path = 1 },
        { "symlink where nothing is made", do_symlink, "prod/new", .errnum = EPERM },
        { "create where nothing is made", do_create, "prod/new", .errnum = EPERM },
        { "create is the write path's", do_create, "prod/backups/new", .errnum = ENOSPC,
                .write_path = 1 },
        { "create at the top", do_create, "new", .errnum = EPERM },
        { "write to a file", do_write, "prod/sum.txt", .errnum = EPERM },
        { "append to the log", do_append, "events.jsonl", .errnum = EPERM },
        { "truncate a file", do_truncate, "prod/sum.txt", .errnum = EPERM },
        { "rename a file", do_rename, "prod/sum.txt", .errnum = EPERM },
        { "rename a folder", do_rename, "prod/clusters", .errnum = EPERM },
        { "link a file", do_link, "prod/sum.txt", .errnum = EPERM },
        { "make a fifo", do_fifo, "prod/backups/fifo", .errnum = EPERM },
        { "chmod a file", do_chmod, "prod/sum.txt", .errnum = EPERM },
        { "chmod a synthesized folder", do_chmod, "prod/clusters", .errnum = EPERM },
        { "chmod a writable folder", do_chmod, "prod/backups", .errnum = 0 },
        { "utime a writable folder", do_utime, "prod/backups", .errnum = 0 },
        { "chmod ctl", do_chmod, "prod/clusters/cluster-000/ctl", .errnum = 0 },
        { "exchange", do_exchange, "prod/sum.txt",
                .errnum = 0 }, /* with itself: the kernel does not even ask */
};

static void refuses(void **state)
{
        const struct refusal *c = test_row(state);
        struct mount *m = mount_of(state);
        char *before = mount_read(m, "prod/sum.txt");
        int r = c->call(mount_path(m, c->path)), e = errno;

        assert_int_equal(r < 0 ? e : 0, c->errnum);
        assert_int_equal(asked.armed, c->armed);
        assert_int_equal(
                asked.created + asked.made + asked.unlinked + asked.renamed, c->write_path);
        mount_assert_text(m, "prod/sum.txt", before);
        free(before);
}

static void ctl_takes_verbs_in_write(void **state)
{
        struct mount *m = mount_of(state);
        const char *path = mount_path(m, "prod/clusters/cluster-008/ctl");
        int fd = open(path, O_WRONLY | O_TRUNC);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, "run\n", 4), 4);
        pthread_mutex_lock(&asked.lock);
        assert_string_equal(asked.ctl, "cluster-008: run");
        pthread_mutex_unlock(&asked.lock);
        assert_int_equal(write(fd, "fly\n", 4), -1);
        assert_int_equal(errno, EINVAL);
        assert_int_equal(close(fd), 0);
        mount_assert_text(m, "prod/clusters/cluster-008/ctl", "run\n");
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_ROWS_WITH(refuses, refusals, setup, mount_teardown);
        TEST_WITH(ctl_takes_verbs_in_write, setup, mount_teardown);
        return test_run("name_ops");
}
