/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two commands side by side.
 *
 *         bench-versus ROUNDS COMMAND ARG… -- COMMAND ARG…
 *
 * Runs the first, then the second, ROUNDS times after one round that does not count. The argument
 * @N@ stands for the number of the round, also inside a word. Their output goes to memory: into
 * /dev/null grep would stop at the first match. A command that fails ends it. Prints ours_us and
 * peer_us, from fork to exit, and ours_first_us of the round that does not count.
 */
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/bench/bench.h"

extern char **environ;

static char *expand(const char *word, size_t round)
{
        const char *at = strstr(word, "@N@");
        char *s;

        if (at == NULL)
                return strdup(word);
        if (asprintf(&s, "%.*s%zu%s", (int)(at - word), word, round, at + 3) < 0)
                return NULL;
        return s;
}

static int64_t run(char **words, size_t n, size_t round, int out)
{
        char **args = calloc(n + 1, sizeof(*args));
        posix_spawn_file_actions_t actions;
        int64_t start;
        int status, r;
        pid_t pid;

        for (size_t i = 0; args != NULL && i < n; i++)
                args[i] = expand(words[i], round);
        if (args == NULL || posix_spawn_file_actions_init(&actions) != 0)
                bench_die("out of memory");
        posix_spawn_file_actions_adddup2(&actions, out, 1);
        if (ftruncate(out, 0) < 0 || lseek(out, 0, SEEK_SET) < 0)
                bench_die("empty the output: %s", strerror(errno));
        start = bench_now_ns();
        r = posix_spawnp(&pid, args[0], &actions, NULL, args, environ);
        if (r != 0)
                bench_die("%s: %s", args[0], strerror(r));
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        bench_die("wait: %s", strerror(errno));
        start = bench_now_ns() - start;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                bench_die("%s failed in round %zu", args[0], round);
        posix_spawn_file_actions_destroy(&actions);
        for (size_t i = 0; i < n; i++)
                free(args[i]);
        free(args);
        return start / 1000;
}

int main(int argc, char **argv)
{
        size_t rounds, split = 2;
        int64_t *ours, *peer, first;
        int out = memfd_create("output", MFD_CLOEXEC);

        while (split < (size_t)argc && strcmp(argv[split], "--") != 0)
                split++;
        if (split == 2 || split + 1 >= (size_t)argc)
                bench_die("usage: bench-versus ROUNDS COMMAND ARG… -- COMMAND ARG…");
        rounds = bench_number("ROUNDS", argv[1]);
        ours = calloc(rounds, sizeof(*ours));
        peer = calloc(rounds, sizeof(*peer));
        if (ours == NULL || peer == NULL || out < 0)
                bench_die("out of memory");
        first = run(argv + 2, split - 2, 0, out);
        run(argv + split + 1, (size_t)argc - split - 1, 0, out);
        /* Once more: reading for the first time may change access times, which costs the second. */
        run(argv + 2, split - 2, rounds + 1, out);
        for (size_t i = 0; i < rounds; i++) {
                ours[i] = run(argv + 2, split - 2, i + 1, out);
                peer[i] = run(argv + split + 1, (size_t)argc - split - 1, i + 1, out);
        }
        printf("ours_first_us %lld\nours_us %lld\npeer_us %lld\n", (long long)first,
                (long long)bench_median(ours, rounds), (long long)bench_median(peer, rounds));
        return 0;
}
