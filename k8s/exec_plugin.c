/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All plugins of one loop belong to its exec_host, which knows them by what they are given and lets
 * them run:
 *
 *     IDLE ──wait()──► QUEUED ──host has room, no twin runs──► RUNNING ──► IDLE, waiters called
 *       ▲                │                                        │
 *       └────────────────┴──────── the last waiter forgets ───────┘
 *
 * A twin is a plugin that runs the same command line in the same environment. Starting is put off
 * to the end of the round, so that wait() never calls anybody.
 */

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/strv.h"
#include "base/timefmt.h"
#include "k8s/exec.h"
#include "k8s/kubeconfig.h"

/* The default function falls through cases in a way clang warns about. */
#define HASH_FUNCTION(key, len, value) HASH_SAX(key, len, value)
#define HASH_NONFATAL_OOM              1
#define uthash_nonfatal_oom(element)   ((element)->hash_failed = true)
#include <uthash.h>

enum exec_state {
        EXEC_IDLE,
        EXEC_QUEUED,
        EXEC_RUNNING,
};

struct kube_exec_plugin {
        struct exec_host *host;
        unsigned refs;
        char *key;       /* all that makes it what it is; the command line is its beginning */
        size_t line_len; /* so many bytes of key are the command line and environment */
        size_t key_len;
        char *info;               /* KUBERNETES_EXEC_INFO */
        struct kube_context *ctx; /* owns the exec description */
        enum exec_state state;
        struct kube_exec_plugin *next_queued;
        struct kube_exec_run *run;
        unsigned run_number; /* of the run under way or the last one */
        struct kube_exec_waiter *waiters, **waiters_end;
        struct kube_exec_answer answer;
        int64_t renew_at;     /* seconds since 1970; 0: never */
        unsigned serial;      /* of the answer; 0: none yet */
        unsigned tls_serial;  /* of the first answer with the present certificate */
        struct err failed;    /* of the last run; code 0: it did not fail */
        int64_t failed_until; /* loop time */
        UT_hash_handle hh;
        bool hash_failed;
};

struct exec_host {
        struct loop *loop;
        struct kube_exec_plugin *plugins; /* uthash, by key */
        struct kube_exec_plugin *queue, **queue_end;
        struct kube_exec_plugin *running[LIMIT_EXEC_PARALLEL];
        unsigned n_running;
        struct loop_defer dispatch;
        struct exec_host *next;
};

/* Loops are few; only finding a loop's host needs the lock, the rest is the loop's thread's. */
static struct {
        pthread_mutex_t lock;
        struct exec_host *hosts;
} exec_hosts = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void exec_host_dispatch(void *arg);

static struct exec_host *exec_host_get(struct loop *loop)
{
        struct exec_host *host;

        LOCK_SCOPE(&exec_hosts.lock);
        for (host = exec_hosts.hosts; host; host = host->next)
                if (host->loop == loop)
                        return host;
        host = calloc(1, sizeof(*host));
        if (!host)
                return NULL;
        host->loop = loop;
        host->queue_end = &host->queue;
        loop_defer_init(&host->dispatch, exec_host_dispatch, host);
        host->next = exec_hosts.hosts;
        exec_hosts.hosts = host;
        return host;
}

/* Frees a host that has no plugins left. */
static void exec_host_put(struct exec_host *host)
{
        struct exec_host **link;

        if (host->plugins)
                return;
        LOCK_SCOPE(&exec_hosts.lock);
        for (link = &exec_hosts.hosts; *link != host;)
                link = &(*link)->next;
        *link = host->next;
        loop_defer_cancel(host->loop, &host->dispatch);
        free(host);
}

/* --- identity --- */

/* Strings with their NULs: no two different lists give the same bytes. */
static int exec_key_add(struct buf *key, const struct strv *strings)
{
        for (size_t i = 0; i < strings->n; i++)
                (void)buf_append(key, strings->v[i], strlen(strings->v[i]) + 1);
        return buf_append(key, "", 1);
}

static int exec_key(
        struct buf *key, size_t *ret_line_len, const struct kube_exec *exec, const char *info)
{
        (void)buf_append(key, exec->command, strlen(exec->command) + 1);
        (void)exec_key_add(key, &exec->args);
        (void)exec_key_add(key, &exec->env);
        *ret_line_len = key->len;
        return buf_puts(key, info);
}

static void kube_exec_plugin_free(struct kube_exec_plugin *p)
{
        if (!p)
                return;
        kube_exec_run_free(p->run);
        kube_exec_answer_done(&p->answer);
        kube_context_free(p->ctx);
        free(p->info);
        free(p->key);
        free(p);
}
DEFINE_CLEANUP(struct kube_exec_plugin *, kube_exec_plugin_free);

static int kube_exec_plugin_new(struct kube_exec_plugin **ret, const struct kube_context *ctx)
{
        _cleanup_(kube_exec_plugin_freep) struct kube_exec_plugin *p = calloc(1, sizeof(*p));
        _cleanup_(buf_done) struct buf info = BUF_INIT(4 * LIMIT_CREDENTIAL_BYTES);
        _cleanup_(buf_done) struct buf key = BUF_INIT(8 * LIMIT_CREDENTIAL_BYTES);
        int r;

        if (!p)
                return -ENOMEM;
        p->waiters_end = &p->waiters;
        r = kube_exec_info(&info, ctx);
        if (r == 0)
                r = exec_key(&key, &p->line_len, &ctx->user.exec, info.data);
        if (r == 0)
                r = buf_steal(&key, &p->key, &p->key_len);
        if (r == 0)
                r = buf_steal(&info, &p->info, NULL);
        if (r == 0)
                r = kube_context_dup(&p->ctx, ctx);
        if (r < 0)
                return r;
        *ret = TAKE(p);
        return 0;
}

/* Looks for the same plugin on the host; else adds the new one. */
static int exec_host_intern(
        struct exec_host *host, struct kube_exec_plugin **candidate, struct kube_exec_plugin **ret)
{
        struct kube_exec_plugin *p, *fresh = *candidate;

        HASH_FIND(hh, host->plugins, fresh->key, fresh->key_len, p);
        if (!p) {
                HASH_ADD_KEYPTR(hh, host->plugins, fresh->key, fresh->key_len, fresh);
                if (fresh->hash_failed)
                        return -ENOMEM;
                fresh->host = host;
                p = TAKE(*candidate);
        }
        p->refs++;
        *ret = p;
        return 0;
}

int kube_exec_plugin_get(struct kube_exec_plugin **ret, struct loop *loop,
        const struct kube_context *ctx, struct err *err)
{
        _cleanup_(kube_exec_plugin_freep) struct kube_exec_plugin *candidate = NULL;
        int r = kube_exec_plugin_new(&candidate, ctx);
        struct exec_host *host;

        loop_assert_owner(loop);
        if (r < 0)
                return err_set(err, r, "exec plugin %s: %s", ctx->user.exec.command, strerror(-r));
        host = exec_host_get(loop);
        if (!host)
                return -ENOMEM;
        r = exec_host_intern(host, &candidate, ret);
        if (r < 0)
                exec_host_put(host);
        return r;
}

/* --- the queue --- */

static void exec_host_enqueue(struct kube_exec_plugin *p)
{
        struct exec_host *host = p->host;

        p->state = EXEC_QUEUED;
        p->next_queued = NULL;
        *host->queue_end = p;
        host->queue_end = &p->next_queued;
        loop_defer(host->loop, &host->dispatch);
}

static void exec_host_dequeue(struct kube_exec_plugin *p)
{
        struct exec_host *host = p->host;
        struct kube_exec_plugin **link = &host->queue;

        while (*link != p)
                link = &(*link)->next_queued;
        *link = p->next_queued;
        if (host->queue_end == &p->next_queued)
                host->queue_end = link;
        p->state = EXEC_IDLE;
}

/* Ends the running state and gives its place to the next. */
static void exec_host_leave(struct kube_exec_plugin *p)
{
        struct exec_host *host = p->host;
        unsigned i = 0;

        while (host->running[i] != p)
                i++;
        host->running[i] = host->running[--host->n_running];
        p->state = EXEC_IDLE;
        if (host->queue)
                loop_defer(host->loop, &host->dispatch);
}

static bool exec_twins(const struct kube_exec_plugin *a, const struct kube_exec_plugin *b)
{
        return a->line_len == b->line_len && memcmp(a->key, b->key, a->line_len) == 0;
}

static bool exec_host_runs_twin(const struct exec_host *host, const struct kube_exec_plugin *p)
{
        for (unsigned i = 0; i < host->n_running; i++)
                if (exec_twins(p, host->running[i]))
                        return true;
        return false;
}

/* --- answers --- */

/* Once most of its life is over, but never all of a short one: an hour is renewed 10 s early. */
static int64_t exec_renew_at(int64_t now, int64_t expires)
{
        int64_t skew = (expires - now) / 10;

        if (expires == 0)
                return 0;
        return expires - (skew < LIMIT_CREDENTIAL_SKEW_S ? skew : LIMIT_CREDENTIAL_SKEW_S);
}

static void kube_exec_plugin_accept(
        struct kube_exec_plugin *p, struct kube_exec_answer *fresh, int64_t now)
{
        bool same_tls = secret_equal(&fresh->cert_pem, &p->answer.cert_pem) &&
                        secret_equal(&fresh->key_pem, &p->answer.key_pem);

        p->serial++;
        if (p->serial == 1 || !same_tls)
                p->tls_serial = p->serial;
        kube_exec_answer_done(&p->answer);
        p->answer = *fresh;
        *fresh = (struct kube_exec_answer){ .expires = 0 };
        p->renew_at = exec_renew_at(now, p->answer.expires);
        err_clear(&p->failed);
}

static void kube_exec_waiter_unlink(struct kube_exec_plugin *p, struct kube_exec_waiter *w)
{
        *w->link = w->next;
        if (w->next)
                w->next->link = w->link;
        else
                p->waiters_end = w->link;
        w->link = NULL;
}

/* Calls all who waited for this run; those who come meanwhile wait for the next one. */
static void kube_exec_plugin_tell(struct kube_exec_plugin *p)
{
        const struct err failed = p->failed;
        struct kube_exec_current current = { &p->answer, p->serial, p->tls_serial };
        unsigned run = p->run_number;

        p->refs++;
        while (p->waiters && p->waiters->run <= run) {
                struct kube_exec_waiter *w = p->waiters;

                kube_exec_waiter_unlink(p, w);
                w->fn(w->arg, failed.code ? NULL : &current, failed.code ? &failed : NULL);
        }
        kube_exec_plugin_unref(p);
}

/* Takes the answer over, or notes why there is none. */
static void kube_exec_plugin_finish(
        struct kube_exec_plugin *p, const char *output, size_t len, const struct err *why)
{
        _cleanup_(kube_exec_answer_done) struct kube_exec_answer fresh = { .expires = 0 };
        const struct kube_exec *exec = &p->ctx->user.exec;
        int64_t now = clock_realtime();
        struct err err = ERR_INIT;

        if (!why && kube_exec_parse(output, len, exec->api_version, now, &fresh, &err) == 0) {
                kube_exec_plugin_accept(p, &fresh, now);
                return;
        }
        if (!why)
                (void)err_wrap(
                        &err, err.code ? err.code : -ENOMEM, "exec plugin %s", exec->command);
        err_copy(&p->failed, why ? why : &err);
        (void)err_id(&p->failed, "FLT-0117");
        p->failed_until = loop_now(p->host->loop) + LIMIT_EXEC_RETRY_MS;
}

static void kube_exec_plugin_on_run(
        void *arg, const char *output, size_t len, const struct err *err)
{
        struct kube_exec_plugin *p = arg;

        kube_exec_plugin_finish(p, output, len, err);
        kube_exec_run_free(p->run);
        p->run = NULL;
        exec_host_leave(p);
        kube_exec_plugin_tell(p);
}

static void kube_exec_plugin_start(struct kube_exec_plugin *p)
{
        struct err err = ERR_INIT;
        int r;

        exec_host_dequeue(p);
        p->state = EXEC_RUNNING;
        p->host->running[p->host->n_running++] = p;
        p->run_number++;
        r = kube_exec_run_new(&p->run, p->host->loop, &p->ctx->user.exec, p->info, LIMIT_EXEC_MS,
                kube_exec_plugin_on_run, p, &err);
        if (r == 0)
                return;
        if (!err.code)
                (void)err_set(
                        &err, r, "exec plugin %s: %s", p->ctx->user.exec.command, strerror(-r));
        kube_exec_plugin_on_run(p, NULL, 0, &err);
}

/* Starts one that may start, and looks again in the next round: a start that fails calls back, and
 * that may change the queue and even free the host. */
static void exec_host_dispatch(void *arg)
{
        struct exec_host *host = arg;

        for (struct kube_exec_plugin *p = host->queue; p;) {
                struct kube_exec_plugin *next = p->next_queued;

                if (host->n_running >= LIMIT_EXEC_PARALLEL)
                        return;
                if (!exec_host_runs_twin(host, p)) {
                        loop_defer(host->loop, &host->dispatch);
                        kube_exec_plugin_start(p);
                        return;
                }
                p = next;
        }
}

/* --- who asks --- */

bool kube_exec_plugin_current(
        const struct kube_exec_plugin *p, unsigned above, struct kube_exec_current *ret)
{
        if (p->serial <= above || (p->renew_at && clock_realtime() >= p->renew_at))
                return false;
        *ret = (struct kube_exec_current){ &p->answer, p->serial, p->tls_serial };
        return true;
}

const struct err *kube_exec_plugin_failed(const struct kube_exec_plugin *p)
{
        return p->failed.code && loop_now(p->host->loop) < p->failed_until ? &p->failed : NULL;
}

void kube_exec_plugin_wait(struct kube_exec_plugin *p, struct kube_exec_waiter *w)
{
        assert(!w->link);
        w->run = p->state == EXEC_RUNNING ? p->run_number : p->run_number + 1;
        w->next = NULL;
        w->link = p->waiters_end;
        *p->waiters_end = w;
        p->waiters_end = &w->next;
        if (p->state == EXEC_IDLE)
                exec_host_enqueue(p);
}

void kube_exec_plugin_forget(struct kube_exec_plugin *p, struct kube_exec_waiter *w)
{
        if (!w->link)
                return;
        kube_exec_waiter_unlink(p, w);
        if (p->waiters)
                return;
        if (p->state == EXEC_QUEUED)
                exec_host_dequeue(p);
        if (p->state == EXEC_RUNNING) {
                kube_exec_run_free(p->run);
                p->run = NULL;
                exec_host_leave(p);
        }
}

void kube_exec_plugin_unref(struct kube_exec_plugin *p)
{
        struct exec_host *host;

        if (!p || --p->refs > 0)
                return;
        assert(!p->waiters);
        assert(p->state == EXEC_IDLE);
        host = p->host;
        HASH_DEL(host->plugins, p);
        kube_exec_plugin_free(p);
        exec_host_put(host);
}
