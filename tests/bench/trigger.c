/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a policy's commit until the simulators have answered a request of the daemon for each cluster.
 *
 *         bench-trigger METHOD RESOURCE POLICY TARGET COUNT PID ENGINE-DIR…
 *
 * TARGET is the file in the mount: one that is not there is created, and its close is the commit; one that
 * is there is edited as editors do it, and the rename over it is the commit, its own time included. COUNT
 * requests (POST backups, PATCH schedules) of all simulators together are waited for, PID is the daemon.
 * The simulators are asked one after the other, each until it has its share, so that asking costs them
 * little; the clusters of a simulator share evenly. Prints accept_us (until the commit is answered), wall_us
 * (from the close, or the call of rename, on) and cpu_us (the daemon's, of both).
 */
#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/bench/bench.h"

static json_t *ask(const char *dir, const char *const *args, size_t n)
{
        struct sockaddr_un addr = { .sun_family = AF_UNIX };
        char *answer = NULL, *text;
        size_t len = 0, cap = 0;
        json_t *a = json_array(), *request, *result;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ssize_t got;

        for (size_t i = 0; i < n; i++)
                json_array_append_new(a, json_string(args[i]));
        request = json_pack("{s:o}", "args", a);
        text = json_dumps(request, JSON_COMPACT);
        if ((size_t)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/control", dir) >=
                sizeof(addr.sun_path))
                bench_die("%s: the path is too long for a socket", dir);
        if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
                write(fd, text, strlen(text)) != (ssize_t)strlen(text) || shutdown(fd, SHUT_WR) < 0)
                bench_die("%s: the simulator does not answer: %s", dir, strerror(errno));
        do {
                if (cap - len < 65536 && (answer = realloc(answer, cap = cap * 2 + 131072)) == NULL)
                        bench_die("out of memory");
                got = read(fd, answer + len, cap - len);
                if (got > 0)
                        len += (size_t)got;
        } while (got > 0);
        close(fd);
        free(text);
        json_decref(request);
        result = json_loadb(answer, len, 0, NULL);
        free(answer);
        if (json_object_get(result, "result") == NULL)
                bench_die("%s: the simulator does not say its counts", dir);
        return result;
}

struct awaited {
        const char *method, *resource;
};

static bool text_is(const json_t *count, const char *key, const char *text)
{
        return strcmp(json_string_value(json_object_get(count, key)), text) == 0;
}

/* What is awaited and was answered well. */
static size_t answered(const struct awaited *a, const char *dir)
{
        static const char *const args[] = { "all", "requests" };
        json_t *answer = ask(dir, args, 2), *cluster, *count;
        const char *name;
        size_t i, sum = 0;

        json_object_foreach (json_object_get(answer, "result"), name, cluster)
                json_array_foreach (json_object_get(cluster, "counts"), i, count)
                        if (text_is(count, "method", a->method) && text_is(count, "resource", a->resource) &&
                                json_integer_value(json_object_get(count, "code")) / 100 == 2)
                                sum += (size_t)json_integer_value(json_object_get(count, "count"));
        json_decref(answer);
        return sum;
}

static int64_t daemon_cpu_us(const char *pid)
{
        unsigned long user, system;
        char path[64], *text;

        snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
        text = bench_file(path, NULL);
        if (sscanf(strrchr(text, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                    &user, &system) != 2)
                bench_die("%s: not understood", path);
        free(text);
        return (int64_t)(user + system) * (1000000 / sysconf(_SC_CLK_TCK));
}

struct commit {
        int64_t begun, from, answered;
};

static void write_file(const char *path, const char *bytes, size_t len)
{
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
                bench_die("%s: %s", path, strerror(errno));
        if (close(fd) < 0)
                bench_die("%s: close: %s", path, strerror(errno));
}

static void commit_file(struct commit *c, const char *target, const char *bytes, size_t len)
{
        char scratch[4200];

        c->begun = bench_now_ns();
        if (access(target, F_OK) < 0) {
                write_file(target, bytes, len);
                c->from = c->answered = bench_now_ns();
                return;
        }
        if ((size_t)snprintf(scratch, sizeof(scratch), "%s.edit~", target) >= sizeof(scratch))
                bench_die("%s: the path is too long", target);
        write_file(scratch, bytes, len);
        c->from = bench_now_ns();
        if (rename(scratch, target) < 0)
                bench_die("%s: rename: %s", target, strerror(errno));
        c->answered = bench_now_ns();
}

int main(int argc, char **argv)
{
        /* Asking takes processor time of a simulator, which the daemon then lacks. */
        const struct timespec pause = { .tv_nsec = 10000000 };
        struct awaited awaited;
        struct commit commit;
        int64_t end, cpu, deadline;
        size_t n_dirs, count, share, *before, len;
        char *bytes, **dirs;

        if (argc < 8)
                bench_die("usage: bench-trigger METHOD RESOURCE POLICY TARGET COUNT PID ENGINE-DIR…");
        awaited = (struct awaited){ .method = argv[1], .resource = argv[2] };
        bytes = bench_file(argv[3], &len);
        count = bench_number("COUNT", argv[5]);
        dirs = argv + 7;
        n_dirs = (size_t)argc - 7;
        if (count % n_dirs != 0)
                bench_die("COUNT is not a multiple of the simulators");
        share = count / n_dirs;
        before = calloc(n_dirs, sizeof(*before));
        if (before == NULL)
                bench_die("out of memory");
        for (size_t i = 0; i < n_dirs; i++)
                before[i] = answered(&awaited, dirs[i]);
        cpu = daemon_cpu_us(argv[6]);
        commit_file(&commit, argv[4], bytes, len);
        deadline = commit.answered + 60 * (int64_t)1000000000;
        for (size_t i = 0; i < n_dirs;) {
                size_t n = answered(&awaited, dirs[i]) - before[i];

                if (n >= share)
                        i++;
                else if (bench_now_ns() > deadline)
                        bench_die("%s: %zu of %zu %ss after 60 s", dirs[i], n, share, awaited.method);
                else
                        nanosleep(&pause, NULL);
        }
        end = bench_now_ns();
        printf("accept_us %lld\nwall_us %lld\ncpu_us %lld\n", (long long)(commit.answered - commit.begun) / 1000,
                (long long)(end - commit.from) / 1000, (long long)(daemon_cpu_us(argv[6]) - cpu));
        return 0;
}
