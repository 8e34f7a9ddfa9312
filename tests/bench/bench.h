/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the programs of the benchmarks share. Each measures two things side by side, interleaved,
 * and prints lines "KEY VALUE" that `run` makes a table of. A program that cannot measure says why
 * on standard error and ends with status 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static inline _Noreturn __attribute__((format(printf, 1, 2))) void bench_die(const char *fmt, ...)
{
        va_list ap;

        fflush(stdout);
        va_start(ap, fmt);
        fprintf(stderr, "%s: ", program_invocation_short_name);
        vfprintf(stderr, fmt, ap);
        fputc('\n', stderr);
        va_end(ap);
        exit(1);
}

static inline int64_t bench_now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* User and system time of this process. */
static inline int64_t bench_cpu_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int bench_compare(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

/* The value below which `permille` of the n samples are; sorts them. */
static inline int64_t bench_quantile(int64_t *v, size_t n, unsigned permille)
{
        size_t i = n * permille / 1000;

        if (n == 0)
                bench_die("nothing was measured");
        qsort(v, n, sizeof(*v), bench_compare);
        return v[i < n ? i : n - 1];
}

static inline int64_t bench_median(int64_t *v, size_t n)
{
        return bench_quantile(v, n, 500);
}

/* A positive number, or the end. */
static inline size_t bench_number(const char *what, const char *text)
{
        char *end;
        unsigned long n = strtoul(text, &end, 10);

        if (*text == '\0' || *end != '\0' || n == 0 || n > 10000000)
                bench_die("%s is a positive number, not \"%s\"", what, text);
        return n;
}

/* The whole file, NUL-terminated; never freed before the end. */
static inline char *bench_file(const char *path, size_t *len)
{
        FILE *f = fopen(path, "re");
        char *bytes = NULL;
        size_t n = 0, got, cap = 0;

        if (f == NULL)
                bench_die("%s: %s", path, strerror(errno));
        do {
                if (cap - n < 65536 && (bytes = realloc(bytes, cap = cap * 2 + 131072)) == NULL)
                        bench_die("out of memory");
                got = fread(bytes + n, 1, cap - n - 1, f);
                n += got;
        } while (got > 0);
        if (ferror(f))
                bench_die("%s: cannot be read", path);
        fclose(f);
        bytes[n] = '\0';
        if (len != NULL)
                *len = n;
        return bytes;
}
