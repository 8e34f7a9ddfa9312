/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Exec credential plugins, as client-go has them (client.authentication.k8s.io/v1 and v1beta1).
 *
 *     kube_exec_info()    what the plugin is told: the value of KUBERNETES_EXEC_INFO      pure
 *     kube_exec_parse()   what it answers on its standard output                         pure
 *     kube_exec_run       one process, from spawn to exit or deadline                    on a loop
 *     kube_exec_plugin    the shared, cached, serialised view that credentials use       on a loop
 *
 * Identical plugins (same program, arguments, environment and information) are one object per loop:
 * fifty clusters behind one sign-in run it once. Those that differ only in the information still
 * run one after the other, lest each opens its own browser window, and no more than
 * LIMIT_EXEC_PARALLEL run at a time.
 *
 * Thread: what is on a loop, on the loop's thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/secret.h"

struct buf;
struct kube_context;
struct kube_exec;
struct loop;

/* What a plugin gives out: a token, a certificate with its key, or both. */
struct kube_exec_answer {
        struct secret token;
        struct secret cert_pem, key_pem;
        int64_t expires; /* seconds since 1970; 0: never */
};

/* Leaves an empty answer. */
void kube_exec_answer_done(struct kube_exec_answer *answer);

/* Appends the JSON for the plugin of ctx->user.exec. 0, or -ENOMEM. */
int kube_exec_info(struct buf *ret, const struct kube_context *ctx);

/*
 * Reads an ExecCredential of the API version that was asked for. -EACCES with what is wrong with
 * it (never quoting it); -ENOMEM. `now` in seconds: what has expired by then is refused.
 */
int kube_exec_parse(const char *bytes, size_t len, const char *api_version, int64_t now,
        struct kube_exec_answer *ret, struct err *err);

/* --- one process --- */

struct kube_exec_run;

/* Either the bytes of standard output, NUL-terminated, or err. The run may be freed from it. */
typedef void kube_exec_run_fn(void *arg, const char *output, size_t len, const struct err *err);

/*
 * Starts the plugin in a process group of its own, with standard input from /dev/null.
 * done() comes once, from the loop, unless the run is freed. It gets -EACCES for a non-zero exit
 * (with the last lines of standard error) or more output than LIMIT_EXEC_OUTPUT_BYTES, -ETIMEDOUT
 * after deadline_ms. In the last two cases the group was killed.
 * Returns -ENOENT without the program (the remedy is its install hint), -EACCES when it cannot be
 * executed, and what pipe2(2) and posix_spawn(3) say.
 */
int kube_exec_run_new(struct kube_exec_run **ret, struct loop *loop, const struct kube_exec *exec,
        const char *info, int64_t deadline_ms, kube_exec_run_fn *done, void *arg, struct err *err);

/* Kills it and its group if it still runs. NULL is allowed. */
void kube_exec_run_free(struct kube_exec_run *run);
DEFINE_CLEANUP(struct kube_exec_run *, kube_exec_run_free);

/* --- shared plugins --- */

struct kube_exec_plugin;

/* A new reference to the plugin of the context's user; the caller unrefs. -ENOMEM. */
int kube_exec_plugin_get(struct kube_exec_plugin **ret, struct loop *loop,
        const struct kube_context *ctx, struct err *err);

/* NULL is allowed. No waiter of the caller's may be left. */
void kube_exec_plugin_unref(struct kube_exec_plugin *plugin);
DEFINE_CLEANUP(struct kube_exec_plugin *, kube_exec_plugin_unref);

/* Answers are numbered from 1, in the order they came. */
struct kube_exec_current {
        const struct kube_exec_answer *answer; /* borrowed until the caller returns to the loop */
        unsigned serial;
        unsigned tls_serial; /* of the first answer with this certificate and key */
};

/* The cached answer if it is still good and its number is above `above`; else false. */
bool kube_exec_plugin_current(
        const struct kube_exec_plugin *plugin, unsigned above, struct kube_exec_current *ret);

/* The error of the last run, if it failed less than LIMIT_EXEC_RETRY_MS ago; else NULL. */
const struct err *kube_exec_plugin_failed(const struct kube_exec_plugin *plugin);

/* Embedded by who waits; members are the plugin's. */
struct kube_exec_waiter {
        void (*fn)(void *arg, const struct kube_exec_current *current, const struct err *err);
        void *arg;
        unsigned run;
        struct kube_exec_waiter *next, **link; /* link == NULL: not waiting */
};

/*
 * Has the plugin run and fn called once at its end: either current or err is NULL. Joins a run that
 * is under way. Never calls fn before it returns. fn may call anything of the plugin's.
 */
void kube_exec_plugin_wait(struct kube_exec_plugin *plugin, struct kube_exec_waiter *waiter);

/* Waits no more; a run that nobody waits for is killed. No effect when it does not wait. */
void kube_exec_plugin_forget(struct kube_exec_plugin *plugin, struct kube_exec_waiter *waiter);
