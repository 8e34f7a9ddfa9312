/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody who looks at a file again and again has to wait: open, read to the end, close.
 *
 *         bench-steady FILE PEER SECONDS PAUSE_US
 *
 * FILE and PEER, a file that nobody changes, are read in turn, with a pause before each. Prints ours_p50_us, ours_p99_us,
 * ours_max_us and peer_p50_us, peer_p99_us, peer_max_us, reads (of each) and bytes (of FILE, the last time).
 */
#include "tests/bench/bench.h"

enum { READS_MAX = 1000000 };

static int64_t read_once(const char *path, size_t *bytes)
{
        static char text[65536];
        int64_t start = bench_now_ns();
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : 0;

        *bytes = 0;
        while (n >= 0 && (n = read(fd, text, sizeof(text))) > 0)
                *bytes += (size_t)n;
        if (n < 0 || close(fd) < 0)
                bench_die("%s: %s", path, strerror(errno));
        return bench_now_ns() - start;
}

static void print(const char *who, int64_t *v, size_t n)
{
        printf("%s_p50_us %lld\n", who, (long long)bench_quantile(v, n, 500) / 1000);
        printf("%s_p99_us %lld\n", who, (long long)bench_quantile(v, n, 990) / 1000);
        printf("%s_max_us %lld\n", who, (long long)v[n - 1] / 1000);
}

int main(int argc, char **argv)
{
        struct timespec pause;
        int64_t *ours = calloc(READS_MAX, sizeof(*ours)), *peer = calloc(READS_MAX, sizeof(*peer)), end;
        size_t n = 0, bytes, ignored;

        if (argc != 5)
                bench_die("usage: bench-steady FILE PEER SECONDS PAUSE_US");
        if (ours == NULL || peer == NULL)
                bench_die("out of memory");
        pause = (struct timespec){ .tv_nsec = (long)bench_number("PAUSE_US", argv[4]) * 1000 };
        end = bench_now_ns() + (int64_t)bench_number("SECONDS", argv[3]) * 1000000000;
        do {
                nanosleep(&pause, NULL);
                ours[n] = read_once(argv[1], &bytes);
                nanosleep(&pause, NULL);
                peer[n] = read_once(argv[2], &ignored);
                n++;
        } while (n < READS_MAX && bench_now_ns() < end);
        print("ours", ours, n);
        print("peer", peer, n);
        printf("reads %zu\nbytes %zu\n", n, bytes);
        return 0;
}
