/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a change in a cluster until a reader of the tree sees it, against a bare watch.
 *
 *         bench-latency ENGINE-DIR BACKUP-URL WATCH-URL FILE CHANGES
 *
 * A change is a PATCH of status.progress.itemsBackedUp over a warm connection; its time begins when
 * it is sent. Ours ends when a loop of open, read, close on FILE gets the new number. The peer's
 * ends when libcurl hands the event of a watch to a program that does nothing else. They take
 * turns, 20 changes each, so that neither's load delays the other. Prints {ours,peer}_{p50,p99}_us.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/bench/bench.h"

enum { TURN = 20, SECONDS = 10 };

static atomic_long wanted;       /* the number that is waited for; 0: stop */
static _Atomic int64_t watch_at; /* when the watch brought it */

static size_t drop(char *bytes, size_t size, size_t n, void *arg)
{
        (void)bytes;
        (void)arg;
        return size * n;
}

/* What is looked for may be cut between two calls: the end of the one before is kept. */
static size_t on_event(char *bytes, size_t size, size_t n, void *arg)
{
        enum { KEEP = 64 };
        static char text[KEEP + CURL_MAX_WRITE_SIZE];
        static size_t kept;
        size_t len = size * n;
        char pattern[KEEP];
        int pattern_len;

        (void)arg;
        if (atomic_load(&wanted) == 0)
                return 0;
        pattern_len =
                snprintf(pattern, sizeof(pattern), "\"itemsBackedUp\":%ld", atomic_load(&wanted));
        memcpy(text + kept, bytes, len);
        len += kept;
        if (memmem(text, len, pattern, (size_t)pattern_len) != NULL)
                atomic_store(&watch_at, bench_now_ns());
        kept = len < KEEP ? len : KEEP;
        memmove(text, text + len - kept, kept);
        return size * n;
}

static void setup(CURL *e, const char *dir, const char *url)
{
        char path[4200];

        curl_easy_setopt(e, CURLOPT_URL, url);
        curl_easy_setopt(e, CURLOPT_NOPROXY, "*");
        snprintf(path, sizeof(path), "%s/ca.crt", dir);
        curl_easy_setopt(e, CURLOPT_CAINFO, path);
        snprintf(path, sizeof(path), "%s/admin.crt", dir);
        curl_easy_setopt(e, CURLOPT_SSLCERT, path);
        snprintf(path, sizeof(path), "%s/admin.key", dir);
        curl_easy_setopt(e, CURLOPT_SSLKEY, path);
}

static void *watcher(void *arg)
{
        CURL *e = arg;
        CURLcode r = curl_easy_perform(e);

        if (r != CURLE_OK && atomic_load(&wanted) != 0)
                bench_die("the watch ended: %s", curl_easy_strerror(r));
        return NULL;
}

static void patch(CURL *e, long n)
{
        char body[100];
        CURLcode r;
        long code;

        snprintf(body, sizeof(body),
                "{\"status\":{\"progress\":{\"itemsBackedUp\":%ld,\"totalItems\":9999999}}}", n);
        curl_easy_setopt(e, CURLOPT_COPYPOSTFIELDS, body);
        r = curl_easy_perform(e);
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code);
        if (r != CURLE_OK || code != 200)
                bench_die("PATCH: %s, HTTP %ld", curl_easy_strerror(r), code);
}

static long read_number(const char *path)
{
        char text[64];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

        if (n < 0)
                bench_die("%s: %s", path, strerror(errno));
        close(fd);
        text[n] = '\0';
        return strtol(text, NULL, 10);
}

struct reader {
        const char *path;
        _Atomic int64_t seen_at;
};

static void *reader(void *arg)
{
        struct reader *r = arg;
        int64_t deadline = bench_now_ns() + SECONDS * (int64_t)1000000000;

        while (read_number(r->path) != atomic_load(&wanted))
                if (bench_now_ns() > deadline)
                        bench_die("%s does not show %ld within %d s", r->path, atomic_load(&wanted),
                                SECONDS);
        atomic_store(&r->seen_at, bench_now_ns());
        return NULL;
}

/* The reader is there before the change. */
static int64_t change_ours(CURL *e, const char *path, long n)
{
        struct reader r = { .path = path };
        const struct timespec settle = { .tv_nsec = 3000000 };
        pthread_t thread;
        int64_t start;

        atomic_store(&wanted, n);
        if (pthread_create(&thread, NULL, reader, &r) != 0)
                bench_die("no thread");
        nanosleep(&settle, NULL);
        start = bench_now_ns();
        patch(e, n);
        pthread_join(thread, NULL);
        return (atomic_load(&r.seen_at) - start) / 1000;
}

static int64_t change_peer(CURL *e, long n)
{
        const struct timespec settle = { .tv_nsec = 3000000 }, look = { .tv_nsec = 200000 };
        int64_t start, deadline;

        atomic_store(&watch_at, 0);
        atomic_store(&wanted, n);
        nanosleep(&settle, NULL);
        start = bench_now_ns();
        deadline = start + SECONDS * (int64_t)1000000000;
        patch(e, n);
        while (atomic_load(&watch_at) == 0) {
                if (bench_now_ns() > deadline)
                        bench_die("the watch does not bring %ld within %d s", n, SECONDS);
                nanosleep(&look, NULL);
        }
        return (atomic_load(&watch_at) - start) / 1000;
}

int main(int argc, char **argv)
{
        const struct timespec second = { .tv_sec = 1 };
        CURL *patcher, *watch;
        struct curl_slist *headers;
        int64_t *ours, *peer;
        size_t changes, i;
        pthread_t thread;

        if (argc != 6)
                bench_die("usage: bench-latency ENGINE-DIR BACKUP-URL WATCH-URL FILE CHANGES");
        changes = bench_number("CHANGES", argv[5]);
        ours = calloc(changes, sizeof(*ours));
        peer = calloc(changes, sizeof(*peer));
        if (ours == NULL || peer == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                bench_die("out of memory");
        patcher = curl_easy_init();
        watch = curl_easy_init();
        headers = curl_slist_append(NULL, "Content-Type: application/merge-patch+json");
        setup(patcher, argv[1], argv[2]);
        curl_easy_setopt(patcher, CURLOPT_CUSTOMREQUEST, "PATCH");
        curl_easy_setopt(patcher, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(patcher, CURLOPT_WRITEFUNCTION, drop);
        setup(watch, argv[1], argv[3]);
        curl_easy_setopt(watch, CURLOPT_WRITEFUNCTION, on_event);
        atomic_store(&wanted, 1);
        if (pthread_create(&thread, NULL, watcher, watch) != 0)
                bench_die("no thread");
        nanosleep(&second, NULL);
        patch(patcher, 1);
        for (i = 0; i < changes; i++) {
                /* A turn of ours, then one of the peer's. */
                long base = 1000000 + (long)(i - i % TURN) * 2;

                ours[i] = change_ours(patcher, argv[4], base + (long)(i % TURN));
                if (i % TURN == TURN - 1 || i == changes - 1)
                        for (size_t k = i - i % TURN; k <= i; k++)
                                peer[k] = change_peer(patcher, base + TURN + (long)(k % TURN));
        }
        atomic_store(&wanted, 0);
        patch(patcher, 2);
        pthread_join(thread, NULL);
        printf("ours_p50_us %lld\nours_p99_us %lld\npeer_p50_us %lld\npeer_p99_us %lld\n",
                (long long)bench_quantile(ours, changes, 500),
                (long long)bench_quantile(ours, changes, 990),
                (long long)bench_quantile(peer, changes, 500),
                (long long)bench_quantile(peer, changes, 990));
        return 0;
}
