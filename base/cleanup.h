/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Scope cleanup, type-safe stealing and the few macros that functions cannot replace.
 *
 * The idiom of the whole project:
 *
 *         int job_new(struct job **ret, const char *url)
 *         {
 *                 _cleanup_(job_freep) struct job *j = calloc(1, sizeof(*j));
 *
 *                 if (!j)
 *                         return -ENOMEM;
 *                 j->url = strdup(url);
 *                 if (!j->url)
 *                         return -ENOMEM;
 *                 *ret = TAKE(j);
 *                 return 0;
 *         }
 *
 * A cleanup variable is initialised where it is declared. Outputs are written last and only on
 * success.
 */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Calls fn(&variable) when the variable leaves its scope. */
#define _cleanup_(fn) __attribute__((cleanup(fn)))

/* The value of the pointer variable p, which is NULL afterwards: here ownership leaves. */
#define TAKE(p)                                        \
        __extension__({                                \
                __typeof__(&(p)) take_pp_ = &(p);      \
                __typeof__(p) take_value_ = *take_pp_; \
                *take_pp_ = NULL;                      \
                take_value_;                           \
        })

/* The same for a file descriptor, which is -1 afterwards. */
#define TAKE_FD(fd)                        \
        __extension__({                    \
                int *take_fdp_ = &(fd);    \
                int take_fd_ = *take_fdp_; \
                *take_fdp_ = -1;           \
                take_fd_;                  \
        })

/*
 * DEFINE_CLEANUP(struct job *, job_free) makes job_freep() for use in _cleanup_(job_freep).
 * Objects that live in the caller's memory need no such wrapper: _cleanup_(buf_done) struct buf b.
 */
#define DEFINE_CLEANUP(type, fn)          \
        static inline void fn##p(type *p) \
        {                                 \
                if (*p)                   \
                        fn(*p);           \
        }                                 \
        _Static_assert(1, "swallows the semicolon")

/* The number of elements of a real array; a pointer does not compile. */
#define ARRAY_SIZE(a)                                                                             \
        (sizeof(a) / sizeof((a)[0]) + 0 * sizeof(struct {                                         \
                _Static_assert(!__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0])), \
                        "ARRAY_SIZE needs an array");                                             \
                int dummy;                                                                        \
        }))

/* The object of the given type whose member `member` is *ptr. */
#define container_of(ptr, type, member)                                         \
        __extension__({                                                         \
                const __typeof__(((type *)0)->member) *member_ptr_ = (ptr);     \
                (type *)((char *)(size_t)member_ptr_ - offsetof(type, member)); \
        })

/* For memory of malloc(): _cleanup_(freep) char *s = NULL; any pointer type will do. */
static inline void freep(void *p)
{
        free(*(void **)p);
}

/* For descriptors: _cleanup_(closep) int fd = -1; keeps errno. */
static inline void closep(int *fd)
{
        int saved = errno;

        if (*fd >= 0)
                (void)close(*fd);
        errno = saved;
}

/* For read streams: _cleanup_(fclosep) FILE *f = NULL. A written stream is closed by hand, and its
 * result checked. */
static inline void fclosep(FILE **f)
{
        int saved = errno;

        if (*f)
                (void)fclose(*f);
        errno = saved;
}

static inline pthread_mutex_t *mutex_lock_for_scope(pthread_mutex_t *m)
{
        (void)pthread_mutex_lock(m);
        return m;
}

static inline void mutex_unlockp(pthread_mutex_t **m)
{
        (void)pthread_mutex_unlock(*m);
}

/* Holds the mutex until the end of the enclosing scope; at most one per scope. */
#define LOCK_SCOPE(m)                                                                   \
        _cleanup_(mutex_unlockp) pthread_mutex_t *scope_lock_ __attribute__((unused)) = \
                mutex_lock_for_scope(m)
