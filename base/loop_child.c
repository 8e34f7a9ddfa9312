/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/loop_internal.h"

struct loop_child {
        struct loop *loop;
        struct loop_fd fd;
        int pidfd; /* -1: reaped */
        pid_t pid;
        loop_child_fn *fn; /* NULL: an orphan */
        void *arg;
        struct loop_child *next; /* of orphans */
};

static void child_close(struct loop_child *c)
{
        loop_fd_remove(c->loop, &c->fd);
        (void)close(c->pidfd);
        c->pidfd = -1;
}

static void orphan_free(struct loop_child *c)
{
        struct loop_child **p = loop_orphans(c->loop);

        while (*p != c)
                p = &(*p)->next;
        *p = c->next;
        free(c);
}

static void child_on_event(struct loop_fd *f, uint32_t events, void *arg)
{
        struct loop_child *c = arg;
        int status = 0;

        (void)f;
        (void)events;
        if (waitpid(c->pid, &status, WNOHANG) == 0)
                return;
        child_close(c);
        if (c->fn)
                c->fn(c, status, c->arg);
        else
                orphan_free(c);
}

int loop_child_new(struct loop_child **ret, struct loop *loop, pid_t pid, loop_child_fn *fn,
        void *arg, struct err *err)
{
        _cleanup_(closep) int pidfd = -1;
        _cleanup_(freep) struct loop_child *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return err_set(err, -ENOMEM, "watch process %d: out of memory", (int)pid);
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0)
                return err_set(err, -errno, "watch process %d: %s", (int)pid, strerror(errno));
        r = loop_fd_add(loop, &c->fd, pidfd, EPOLLIN, child_on_event, c, err);
        if (r < 0)
                return err_wrap(err, r, "watch process %d", (int)pid);
        c->loop = loop;
        c->pid = pid;
        c->fn = fn;
        c->arg = arg;
        c->pidfd = TAKE_FD(pidfd);
        *ret = TAKE(c);
        return 0;
}

int loop_child_kill(struct loop_child *c, int sig)
{
        int r;

        loop_assert_owner(c->loop);
        if (c->pidfd < 0)
                return -ESRCH;
        /* Not reaped yet, so the number is still the child's. */
        r = getpgid(c->pid) == c->pid ? kill(-c->pid, sig)
                                      : pidfd_send_signal(c->pidfd, sig, NULL, 0);
        return r < 0 ? -errno : 0;
}

struct loop_child *loop_child_free(struct loop_child *c)
{
        struct loop_child **orphans;

        if (!c)
                return NULL;
        loop_assert_owner(c->loop);
        if (c->pidfd < 0) {
                free(c);
                return NULL;
        }
        (void)loop_child_kill(c, SIGKILL);
        c->fn = NULL;
        orphans = loop_orphans(c->loop);
        c->next = *orphans;
        *orphans = c;
        return NULL;
}

void loop_reap_orphans(struct loop *loop)
{
        struct loop_child *c;

        while ((c = *loop_orphans(loop))) {
                while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
                child_close(c);
                orphan_free(c);
        }
}
