/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warm open+read+close of one file against another, and what it costs the daemon.
 *
 *         bench-reads OURS PEER ROUNDS READS [PID]
 *
 * Prints ours_ns and peer_ns (medians over the rounds) and, with the daemon's PID, switches: how
 * often its threads went to work while OURS was read, all rounds together. A request is at least
 * one, so 0 is no request at all. The engine's own thread is left out: it serves no request.
 */
#include <dirent.h>
#include <stdbool.h>

#include "tests/bench/bench.h"

static int64_t read_file(const char *path, size_t reads)
{
        char bytes[65536];
        int64_t start = bench_now_ns();

        for (size_t i = 0; i < reads; i++) {
                int fd = open(path, O_RDONLY | O_CLOEXEC);
                ssize_t n;

                if (fd < 0)
                        bench_die("%s: %s", path, strerror(errno));
                while ((n = read(fd, bytes, sizeof(bytes))) > 0)
                        ;
                if (n < 0)
                        bench_die("%s: %s", path, strerror(errno));
                close(fd);
        }
        return (bench_now_ns() - start) / (int64_t)reads;
}

/* Voluntary switches of the threads of a process that are not the engine. */
static long switches(const char *pid)
{
        char path[300], line[256];
        struct dirent *e;
        long sum = 0;
        DIR *d;

        snprintf(path, sizeof(path), "/proc/%s/task", pid);
        d = opendir(path);
        if (d == NULL)
                bench_die("%s: %s", path, strerror(errno));
        while ((e = readdir(d)) != NULL) {
                bool engine = false;
                long n = 0;
                FILE *f;

                if (e->d_name[0] == '.')
                        continue;
                snprintf(path, sizeof(path), "/proc/%s/task/%.20s/status", pid, e->d_name);
                f = fopen(path, "re");
                if (f == NULL)
                        continue;
                while (fgets(line, sizeof(line), f) != NULL) {
                        engine |= strcmp(line, "Name:\tengine\n") == 0;
                        (void)sscanf(line, "voluntary_ctxt_switches: %ld", &n);
                }
                fclose(f);
                sum += engine ? 0 : n;
        }
        closedir(d);
        return sum;
}

int main(int argc, char **argv)
{
        size_t rounds, reads;
        int64_t *ours, *peer;
        long before, woken = 0;

        if (argc != 5 && argc != 6)
                bench_die("usage: bench-reads OURS PEER ROUNDS READS [PID]");
        rounds = bench_number("ROUNDS", argv[3]);
        reads = bench_number("READS", argv[4]);
        ours = calloc(rounds, sizeof(*ours));
        peer = calloc(rounds, sizeof(*peer));
        if (ours == NULL || peer == NULL)
                bench_die("out of memory");
        /* Three times: the second pass may still ask for the attributes that the first has aged. */
        for (int i = 0; i < 3; i++) {
                read_file(argv[1], 1);
                read_file(argv[2], 1);
        }
        for (size_t i = 0; i < rounds; i++) {
                before = argc == 6 ? switches(argv[5]) : 0;
                ours[i] = read_file(argv[1], reads);
                woken += argc == 6 ? switches(argv[5]) - before : 0;
                peer[i] = read_file(argv[2], reads);
        }
        printf("ours_ns %lld\npeer_ns %lld\n", (long long)bench_median(ours, rounds),
                (long long)bench_median(peer, rounds));
        if (argc == 6)
                printf("switches %ld\nreads %zu\n", woken, rounds * reads);
        return 0;
}
