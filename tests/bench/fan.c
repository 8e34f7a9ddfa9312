/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peer of the daemon's network side: libcurl, bare. Many requests to many servers from one
 * thread, with epoll and curl_multi_socket_action(), one connection per server, 64 at a time.
 *
 *         bench-fan [--warm] [--http1] [--gzip] [--type TYPE] [--watches JOBS] [--body FILE | --bodies FILE] JOBS
 *         bench-fan --events COUNT JOBS
 *
 * JOBS has a line "DIR METHOD URL" for each request; DIR holds ca.crt, admin.crt and admin.key of
 * the server. The body is FILE with @N@ replaced by the number of the line, or that line of FILE. --warm asks
 * each server for /version before the time is taken. --watches holds those, too, on the same connections, from
 * when nothing has come for QUIET_MS, as does who wants to know what became of the requests. Prints wall_us, cpu_us (its own), bytes (of the answers,
 * as on the wire) and failed.
 *
 * With --events the jobs are watches, all at once. Lines are counted from when none has come for QUIET_MS, which is
 * told with a line "ready", until there are COUNT of them or none has come for QUIET_MS again; prints events, and
 * wall_us and cpu_us of them.
 */
#include <curl/curl.h>
#include <stdbool.h>
#include <sys/epoll.h>

#include "tests/bench/bench.h"

enum { AT_ONCE = 64, QUIET_MS = 2000 };

struct identity {
        char *dir;
        struct curl_blob ca, cert, key;
};

struct job {
        const struct identity *identity;
        const char *method, *url;
};

struct fan {
        struct job *jobs;
        size_t n_jobs, cap_jobs;
        struct identity *identities;
        size_t n_identities;
        bool http1, gzip;
        const char *body;
        char **bodies_of_jobs; /* --bodies */
        struct curl_slist *headers;

        CURLM *multi;
        int epoll, timeout_ms;
        CURL **idle;
        char **bodies;
        size_t n_idle, at_once, next, done, failed;
        uint64_t bytes;
        bool warming, holding;
        char watch; /* its address is CURLOPT_PRIVATE of a watch that is held */
        size_t lines, wanted; /* --events */
        int64_t line_at;
};

static size_t count_lines(char *bytes, size_t size, size_t n, void *arg)
{
        struct fan *f = arg;
        char *end = bytes + size * n;

        if (f->wanted == 0 && !f->holding)
                return size * n;
        f->line_at = bench_now_ns();
        for (char *p = bytes; (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
                f->lines++;
        return size * n;
}

static struct curl_blob blob_file(const char *dir, const char *name)
{
        char path[4200];
        size_t len;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        struct curl_blob b = { .data = bench_file(path, &len), .flags = CURL_BLOB_NOCOPY };
        b.len = len;
        return b;
}

static const struct identity *fan_identity(struct fan *f, const char *dir)
{
        struct identity *i;

        for (i = f->identities; i < f->identities + f->n_identities; i++)
                if (strcmp(i->dir, dir) == 0)
                        return i;
        if (f->n_identities == 1024)
                bench_die("more than 1024 certificate folders");
        *i = (struct identity){ .dir = strdup(dir),
                .ca = blob_file(dir, "ca.crt"),
                .cert = blob_file(dir, "admin.crt"),
                .key = blob_file(dir, "admin.key") };
        f->n_identities++;
        return i;
}

static void fan_load(struct fan *f, const char *path)
{
        char *save_line = NULL, *text = bench_file(path, NULL);

        if (f->identities == NULL)
                f->identities = calloc(1024, sizeof(*f->identities));
        for (char *line = strtok_r(text, "\n", &save_line); line != NULL;
                line = strtok_r(NULL, "\n", &save_line)) {
                char *save = NULL, *dir = strtok_r(line, " ", &save),
                     *method = strtok_r(NULL, " ", &save), *url = strtok_r(NULL, " ", &save);

                if (url == NULL)
                        bench_die("%s: a line is DIR METHOD URL", path);
                if (f->n_jobs == f->cap_jobs) {
                        f->cap_jobs = f->cap_jobs * 2 + 1024;
                        f->jobs = realloc(f->jobs, f->cap_jobs * sizeof(*f->jobs));
                        if (f->jobs == NULL)
                                bench_die("out of memory");
                }
                f->jobs[f->n_jobs++] = (struct job){ fan_identity(f, dir), method, url };
        }
        if (f->n_jobs == 0)
                bench_die("%s: nothing to do", path);
}

static char *fan_body(const struct fan *f, size_t number)
{
        const char *at, *p = f->body;
        char *s = malloc(strlen(p) + 200), *to = s;

        if (s == NULL)
                bench_die("out of memory");
        for (int n = 0; n < 10 && (at = strstr(p, "@N@")) != NULL; n++, p = at + 3) {
                memcpy(to, p, (size_t)(at - p));
                to += at - p;
                to += sprintf(to, "%zu", number);
        }
        strcpy(to, p);
        return s;
}

/* A body for each job: the lines of a file. */
static void fan_load_bodies(struct fan *f, const char *path)
{
        char *save = NULL, *line = strtok_r(bench_file(path, NULL), "\n", &save);

        f->bodies_of_jobs = calloc(f->n_jobs, sizeof(char *));
        if (f->bodies_of_jobs == NULL)
                bench_die("out of memory");
        for (size_t i = 0; i < f->n_jobs; i++, line = strtok_r(NULL, "\n", &save))
                if ((f->bodies_of_jobs[i] = line) == NULL)
                        bench_die("%s: has fewer lines than there are requests", path);
}

/* The certificates to believe are parsed once for each server, as for anybody who uses CAINFO_BLOB.
 */
static void fan_start(struct fan *f)
{
        while (f->n_idle > 0 && f->next < f->n_jobs) {
                CURL *e = f->idle[--f->n_idle];
                char *body = f->bodies[f->n_idle];
                const struct job *j = &f->jobs[f->next++];
                char url[4096];

                free(body);
                body = NULL;
                curl_easy_reset(e);
                snprintf(url, sizeof(url), "%s", j->url);
                if (f->warming) {
                        char *slash = strchr(url + strlen("https://"), '/');

                        snprintf(slash != NULL ? slash : url + strlen(url), 10, "/version");
                }
                curl_easy_setopt(e, CURLOPT_URL, url);
                curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, count_lines);
                curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
                curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
                curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, f->wanted > 0 || f->holding ? 0L : 60000L);
                curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                        f->http1 ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS);
                curl_easy_setopt(e, CURLOPT_PIPEWAIT, f->http1 ? 0L : 1L);
                curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
                curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &j->identity->ca);
                curl_easy_setopt(e, CURLOPT_SSLCERT_BLOB, &j->identity->cert);
                curl_easy_setopt(e, CURLOPT_SSLKEY_BLOB, &j->identity->key);
                if (f->gzip)
                        curl_easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
                if (!f->warming && strcmp(j->method, "GET") != 0) {
                        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, j->method);
                        curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->headers);
                        if (f->body != NULL) {
                                body = fan_body(f, f->next);
                                curl_easy_setopt(e, CURLOPT_POSTFIELDS, body);
                        } else if (f->bodies_of_jobs != NULL) {
                                curl_easy_setopt(e, CURLOPT_POSTFIELDS, f->bodies_of_jobs[f->next - 1]);
                        }
                }
                curl_easy_setopt(e, CURLOPT_PRIVATE, f->holding ? &f->watch : body);
                if (curl_multi_add_handle(f->multi, e) != CURLM_OK)
                        bench_die("libcurl does not take a request");
        }
}

static void fan_reap(struct fan *f)
{
        struct CURLMsg *m;
        int left;

        while ((m = curl_multi_info_read(f->multi, &left)) != NULL) {
                curl_off_t size = 0;
                CURL *e = m->easy_handle;
                char *body = NULL;
                long code = 0;

                if (m->msg != CURLMSG_DONE)
                        continue;
                curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code);
                curl_easy_getinfo(e, CURLINFO_SIZE_DOWNLOAD_T, &size);
                curl_easy_getinfo(e, CURLINFO_PRIVATE, &body);
                if (body == &f->watch)
                        bench_die("a watch has ended: %s, HTTP %ld", curl_easy_strerror(m->data.result), code);
                if (m->data.result != CURLE_OK || code >= 300) {
                        if (f->failed++ == 0)
                                fprintf(stderr, "bench-fan: %s: HTTP %ld\n",
                                        curl_easy_strerror(m->data.result), code);
                }
                f->bytes += (uint64_t)size;
                f->done++;
                curl_multi_remove_handle(f->multi, e);
                f->bodies[f->n_idle] = body;
                f->idle[f->n_idle++] = e;
        }
}

static int on_socket(CURL *e, curl_socket_t fd, int what, void *arg, void *known)
{
        struct fan *f = arg;
        struct epoll_event ev = { .data.fd = fd,
                .events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
                          (what & CURL_POLL_OUT ? EPOLLOUT : 0u) };

        (void)e;
        if (what == CURL_POLL_REMOVE) {
                epoll_ctl(f->epoll, EPOLL_CTL_DEL, fd, NULL);
        } else if (epoll_ctl(f->epoll, known != NULL ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &ev) <
                   0) {
                bench_die("epoll: %s", strerror(errno));
        } else {
                curl_multi_assign(f->multi, fd, f);
        }
        return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
        (void)multi;
        ((struct fan *)arg)->timeout_ms = (int)ms;
        return 0;
}

static void fan_step(struct fan *f)
{
        struct epoll_event ev[64];
        int running, n = epoll_wait(f->epoll, ev, 64,
                        f->timeout_ms < 0 || f->timeout_ms > 1000 ? 1000 : f->timeout_ms);

        if (n == 0)
                curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        for (int i = 0; i < n; i++)
                curl_multi_socket_action(f->multi, ev[i].data.fd,
                        (ev[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                (ev[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                                (ev[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0),
                        &running);
        fan_reap(f);
}

static void fan_run(struct fan *f)
{
        f->next = f->done = f->failed = 0;
        f->bytes = 0;
        fan_start(f);
        while (f->done < f->n_jobs) {
                fan_step(f);
                fan_start(f);
        }
}

static bool fan_is_quiet(const struct fan *f)
{
        return f->line_at != 0 && bench_now_ns() - f->line_at > QUIET_MS * (int64_t)1000000;
}

static bool fan_waits(int64_t since)
{
        return bench_now_ns() - since < 60 * (int64_t)1000000000;
}

/* The jobs are begun, and stay so beside others. */
static void fan_hold(struct fan *f)
{
        int64_t begin = bench_now_ns();

        f->holding = true;
        fan_start(f);
        while (!fan_is_quiet(f)) {
                if (!fan_waits(begin))
                        bench_die("the watches do not come to rest");
                fan_step(f);
        }
        f->holding = false;
}

/* All jobs are under way, and are watches. */
static void fan_watch(struct fan *f)
{
        int64_t wall, cpu, begin = bench_now_ns();

        fan_start(f);
        while (!fan_is_quiet(f) && fan_waits(begin))
                fan_step(f);
        printf("ready\n");
        fflush(stdout);
        f->lines = 0;
        f->line_at = 0;
        cpu = bench_cpu_ns();
        begin = bench_now_ns();
        while (f->lines == 0 && fan_waits(begin))
                fan_step(f);
        wall = bench_now_ns();
        while (f->lines < f->wanted && !fan_is_quiet(f) && fan_waits(wall))
                fan_step(f);
        if (f->done > 0 || f->lines == 0)
                bench_die("%zu watches ended, %zu events came", f->done, f->lines);
        printf("events %zu\nwall_us %lld\ncpu_us %lld\n", f->lines, (long long)(f->line_at - wall) / 1000,
                (long long)(bench_cpu_ns() - cpu) / 1000);
}

int main(int argc, char **argv)
{
        struct fan f = { .timeout_ms = -1 };
        const char *type = "application/json", *bodies = NULL, *held = NULL;
        char header[200];
        int64_t wall, cpu;
        bool warm = false;
        int i;

        for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
                if (strcmp(argv[i], "--warm") == 0)
                        warm = true;
                else if (strcmp(argv[i], "--http1") == 0)
                        f.http1 = true;
                else if (strcmp(argv[i], "--gzip") == 0)
                        f.gzip = true;
                else if (strcmp(argv[i], "--body") == 0 && i + 1 < argc)
                        f.body = bench_file(argv[++i], NULL);
                else if (strcmp(argv[i], "--bodies") == 0 && i + 1 < argc)
                        bodies = argv[++i];
                else if (strcmp(argv[i], "--type") == 0 && i + 1 < argc)
                        type = argv[++i];
                else if (strcmp(argv[i], "--watches") == 0 && i + 1 < argc)
                        held = argv[++i];
                else if (strcmp(argv[i], "--events") == 0 && i + 1 < argc)
                        f.wanted = bench_number("COUNT", argv[++i]);
                else
                        bench_die("unknown option %s", argv[i]);
        }
        if (i != argc - 1)
                bench_die("usage: bench-fan [--warm] [--http1] [--gzip] [--type TYPE] [--watches JOBS] [--body FILE | --bodies FILE] JOBS, "
                          "or bench-fan --events COUNT JOBS");
        fan_load(&f, held != NULL ? held : argv[i]);
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
                (f.multi = curl_multi_init()) == NULL)
                bench_die("libcurl does not start");
        f.epoll = epoll_create1(EPOLL_CLOEXEC);
        snprintf(header, sizeof(header), "Content-Type: %s", type);
        f.headers = curl_slist_append(NULL, header);
        curl_multi_setopt(f.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        curl_multi_setopt(f.multi, CURLMOPT_SOCKETDATA, &f);
        curl_multi_setopt(f.multi, CURLMOPT_TIMERFUNCTION, on_timer);
        curl_multi_setopt(f.multi, CURLMOPT_TIMERDATA, &f);
        curl_multi_setopt(f.multi, CURLMOPT_MAXCONNECTS, 4096L);
        f.at_once = f.wanted > 0 ? f.n_jobs : held != NULL ? f.n_jobs + AT_ONCE : AT_ONCE;
        f.idle = calloc(f.at_once, sizeof(*f.idle));
        f.bodies = calloc(f.at_once, sizeof(*f.bodies));
        if (f.idle == NULL || f.bodies == NULL)
                bench_die("out of memory");
        for (f.n_idle = 0; f.n_idle < f.at_once; f.n_idle++)
                if ((f.idle[f.n_idle] = curl_easy_init()) == NULL)
                        bench_die("out of memory");
        if (held != NULL) {
                fan_hold(&f);
                f.n_jobs = 0;
                fan_load(&f, argv[i]);
        }
        if (bodies != NULL)
                fan_load_bodies(&f, bodies);
        if (warm) {
                f.warming = true;
                fan_run(&f);
                if (f.failed > 0)
                        bench_die("%zu servers do not answer", f.failed);
                f.warming = false;
        }
        if (f.wanted > 0) {
                fan_watch(&f);
                return 0;
        }
        wall = bench_now_ns();
        cpu = bench_cpu_ns();
        fan_run(&f);
        wall = bench_now_ns() - wall;
        cpu = bench_cpu_ns() - cpu;
        printf("wall_us %lld\ncpu_us %lld\nbytes %llu\nfailed %zu\n", (long long)wall / 1000,
                (long long)cpu / 1000, (unsigned long long)f.bytes, f.failed);
        return f.failed > 0;
}
