/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A real mount of a model made by hand, in the test's process: no engine, no cluster. For TEST_WITH
 * fixtures:
 *
 *         static int setup(void **state) { return mount_setup(state, &root_table, NULL, 0, fill); }
 *         TEST_WITH(shows_the_phase, setup, mount_teardown);
 *
 * `fill` puts things into the model before the mount. mount_change_end() is the
 * engine's part. Where there is no /dev/fuse the program should end with 77 before it runs a test
 * (mount_possible).
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/mount.h>
#include <time.h>

#include "fs/session.h"
#include "ops/model.h"
#include "tests/support/test.h"

enum { MOUNT_READ_ONLY = 1 << 0 };

struct mount {
        struct model model;
        struct session *session;
        pthread_t waiter; /* runs session_wait() */
        bool waiting;
        sem_t ready;
        char dir[64];
        const char *options; /* of the next mount_start(), as -o has them; or NULL */
};

static inline bool mount_possible(void)
{
        int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

        if (fd >= 0)
                close(fd);
        return fd >= 0;
}

static inline void mount_is_ready(void *arg)
{
        (void)sem_post(arg);
}

static inline void *mount_wait(void *arg)
{
        (void)session_wait(arg);
        return NULL;
}

static inline int mount_start(struct mount *m, const struct node_table *root,
        const struct write_ops *write, unsigned flags, struct err *err)
{
        struct session_options o = {
                .mountpoint = m->dir,
                .fsname = "fleet:test",
                .mount_options = m->options,
                .read_only = (flags & MOUNT_READ_ONLY) != 0,
                .root = root,
                .write = write,
        };
        struct timespec until;
        int r = session_new(&m->session, &o, &m->model, NULL, err);

        if (r < 0)
                return r;
        m->model.listener = session_listener;
        m->model.listener_arg = m->session;
        r = session_start(m->session, mount_is_ready, &m->ready, err);
        if (r < 0)
                return r;
        m->waiting = pthread_create(&m->waiter, NULL, mount_wait, m->session) == 0;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 10;
        return sem_timedwait(&m->ready, &until) == 0
                       ? 0
                       : err_set(err, -ETIMEDOUT, "the kernel sent no INIT");
}

static inline void mount_stop(struct mount *m)
{
        if (m->session == NULL)
                return;
        session_stop(m->session);
        if (m->waiting)
                pthread_join(m->waiter, NULL);
        m->waiting = false;
        m->session = session_free(m->session);
}

static inline int mount_setup(void **state, const struct node_table *root,
        const struct write_ops *write, unsigned flags, void (*fill)(struct model *m))
{
        struct test_state *t = *state;
        struct mount *m = calloc(1, sizeof(*m));
        struct err err = ERR_INIT;

        if (m == NULL)
                return -1;
        t->fixture = m;
        snprintf(m->dir, sizeof(m->dir), "/tmp/fleetfs-mount-XXXXXX");
        if (mkdtemp(m->dir) == NULL || sem_init(&m->ready, 0, 0) < 0 ||
                model_init(&m->model, &err) < 0)
                return -1;
        m->model.started = 1788217200;
        model_write_begin(&m->model);
        fill(&m->model);
        model_write_end(&m->model);
        if (mount_start(m, root, write, flags, &err) < 0) {
                print_error("%s\n", err.msg);
                return -1;
        }
        return 0;
}

static inline int mount_teardown(void **state)
{
        struct mount *m = test_fixture(state);

        mount_stop(m);
        model_done(&m->model);
        sem_destroy(&m->ready);
        (void)rmdir(m->dir);
        free(m);
        return 0;
}

static inline struct mount *mount_of(void **state)
{
        return test_fixture(state);
}

/* "<mountpoint>/<path>" in one of a few static buffers of the thread. */
static inline const char *mount_path(const struct mount *m, const char *path)
{
        static __thread char bufs[4][1024];
        static __thread unsigned next;
        char *b = bufs[next++ % 4];

        snprintf(b, sizeof(bufs[0]), "%s/%s", m->dir, path);
        return b;
}

/* The whole content, NUL-terminated, or NULL with errno. Caller frees. */
static inline char *mount_read(const struct mount *m, const char *path)
{
        int fd = open(mount_path(m, path), O_RDONLY | O_CLOEXEC);
        size_t len = 0, cap = 1 << 16;
        char *out;
        ssize_t n;

        if (fd < 0)
                return NULL;
        out = malloc(cap);
        while (out != NULL && (n = read(fd, out + len, cap - len - 1)) > 0) {
                len += (size_t)n;
                if (len + 1 == cap)
                        out = realloc(out, cap *= 2);
        }
        close(fd);
        if (out != NULL)
                out[len] = '\0';
        return out;
}

static inline void mount_assert_text_(
        const struct mount *m, const char *path, const char *expected, const char *file, int line)
{
        char *text = mount_read(m, path);

        if (text == NULL)
                print_error("%s: %s\n", path, strerror(errno));
        test_assert_text_(text, expected, file, line);
        free(text);
}
#define mount_assert_text(m, path, expected) \
        mount_assert_text_(m, path, expected, __FILE__, __LINE__)

static inline void mount_told_(void *arg)
{
        (void)sem_post(arg);
}

/* Ends a write section and waits until the kernel was told. */
static inline void mount_change_end(struct mount *m)
{
        struct timespec until;
        sem_t told;

        sem_init(&told, 0, 0);
        model_write_end_notify(&m->model, mount_told_, &told);
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += 10;
        assert_int_equal(sem_timedwait(&told, &until), 0);
        sem_destroy(&told);
}

static inline int64_t mount_now_ms(void)
{
        struct timespec ts;

        (void)clock_gettime(CLOCK_MONOTONIC, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
