/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cp does, into the mount and into a folder of the disk where the daemon keeps its store.
 *
 *         bench-copies POLICY OURS-FOLDER PEER-FOLDER ROUNDS
 *
 * Into the mount it is create, write, close: close answers when the policy is Accepted and durable.
 * On the disk it is the same and fsync, of the file and of its folder. Names are bench-1.yaml and
 * so on. Prints ours_us and peer_us.
 */
#include <stdbool.h>

#include "tests/bench/bench.h"

static int64_t copy(const char *folder, size_t round, const char *bytes, size_t len, bool sync)
{
        int64_t start = bench_now_ns();
        int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
        char name[64];

        if (dir < 0)
                bench_die("%s: %s", folder, strerror(errno));
        snprintf(name, sizeof(name), "bench-%zu.yaml", round);
        fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
                bench_die("%s/%s: %s", folder, name, strerror(errno));
        if (sync && (fsync(fd) < 0 || fsync(dir) < 0))
                bench_die("%s/%s: fsync: %s", folder, name, strerror(errno));
        if (close(fd) < 0)
                bench_die("%s/%s: close: %s", folder, name, strerror(errno));
        start = bench_now_ns() - start;
        close(dir);
        return start / 1000;
}

int main(int argc, char **argv)
{
        const struct timespec pause = { .tv_nsec = 30000000 };
        int64_t *ours, *peer;
        size_t rounds, len;
        char *bytes;

        if (argc != 5)
                bench_die("usage: bench-copies POLICY OURS-FOLDER PEER-FOLDER ROUNDS");
        bytes = bench_file(argv[1], &len);
        rounds = bench_number("ROUNDS", argv[4]);
        ours = calloc(rounds, sizeof(*ours));
        peer = calloc(rounds, sizeof(*peer));
        if (ours == NULL || peer == NULL)
                bench_die("out of memory");
        for (size_t i = 0; i < rounds; i++) {
                ours[i] = copy(argv[2], i + 1, bytes, len, false);
                /* What the policy starts is not to be measured with the next copy. */
                nanosleep(&pause, NULL);
                peer[i] = copy(argv[3], i + 1, bytes, len, true);
        }
        printf("ours_us %lld\npeer_us %lld\n", (long long)bench_median(ours, rounds),
                (long long)bench_median(peer, rounds));
        return 0;
}
