/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the close of a policy until the simulators have answered a POST of a Backup for each
 * cluster.
 *
 *         bench-trigger POLICY TARGET COUNT PID ENGINE-DIR…
 *
 * TARGET is the file to create in the mount, COUNT the POSTs of all simulators together, PID the
 * daemon. The simulators are asked one after the other, each until it has its share, so that asking
 * costs them little; the clusters of a simulator share evenly. Prints accept_us (create, write,
 * close), wall_us (from the close on) and cpu_us (the daemon's, of both).
 */
#include <jansson.h>
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

/* POSTs of Backups that a simulator has answered with 201. */
static size_t posts(const char *dir)
{
        static const char *const args[] = { "all", "requests" };
        json_t *answer = ask(dir, args, 2), *cluster, *count;
        const char *name;
        size_t i, sum = 0;

        json_object_foreach (json_object_get(answer, "result"), name, cluster)
                json_array_foreach (json_object_get(cluster, "counts"), i, count)
                        if (strcmp(json_string_value(json_object_get(count, "method")), "POST") ==
                                        0 &&
                                strcmp(json_string_value(json_object_get(count, "resource")),
                                        "backups") == 0 &&
                                json_integer_value(json_object_get(count, "code")) == 201)
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

int main(int argc, char **argv)
{
        /* Asking takes processor time of a simulator, which the daemon then lacks. */
        const struct timespec pause = { .tv_nsec = 10000000 };
        int64_t created, closed, end, cpu, deadline;
        size_t n_dirs, count, share, *before, len;
        char *bytes;
        int fd;

        if (argc < 6)
                bench_die("usage: bench-trigger POLICY TARGET COUNT PID ENGINE-DIR…");
        bytes = bench_file(argv[1], &len);
        count = bench_number("COUNT", argv[3]);
        n_dirs = (size_t)argc - 5;
        if (count % n_dirs != 0)
                bench_die("COUNT is not a multiple of the simulators");
        share = count / n_dirs;
        before = calloc(n_dirs, sizeof(*before));
        if (before == NULL)
                bench_die("out of memory");
        for (size_t i = 0; i < n_dirs; i++)
                before[i] = posts(argv[5 + i]);
        cpu = daemon_cpu_us(argv[4]);
        created = bench_now_ns();
        fd = open(argv[2], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, bytes, len) != (ssize_t)len)
                bench_die("%s: %s", argv[2], strerror(errno));
        if (close(fd) < 0)
                bench_die("%s: close: %s", argv[2], strerror(errno));
        closed = bench_now_ns();
        deadline = closed + 60 * (int64_t)1000000000;
        for (size_t i = 0; i < n_dirs;) {
                size_t n = posts(argv[5 + i]) - before[i];

                if (n >= share)
                        i++;
                else if (bench_now_ns() > deadline)
                        bench_die("%s: %zu of %zu POSTs after 60 s", argv[5 + i], n, share);
                else
                        nanosleep(&pause, NULL);
        }
        end = bench_now_ns();
        printf("accept_us %lld\nwall_us %lld\ncpu_us %lld\n", (long long)(closed - created) / 1000,
                (long long)(end - closed) / 1000, (long long)(daemon_cpu_us(argv[4]) - cpu));
        return 0;
}
