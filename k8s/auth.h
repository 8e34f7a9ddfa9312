/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * kube_credential: who we are to one cluster, kept fresh.
 *
 * A credential is made from a context and lives on a loop.  Whoever sends a request first asks it
 * with kube_credential_get(); the answer is immediate for static credentials and cached plugin
 * answers, and comes later while an exec plugin runs.  After HTTP 401 the client calls
 * kube_credential_rejected() with the generation it used and, if that returns true, gets again and
 * repeats the request once.
 *
 *     get ──► ready(auth, generation 1) ──► 200
 *                                      └──► 401 ──► rejected(1) = true ──► get ──► ready(auth,
 * generation 2) └ false: the 401 stands, tell the user
 *
 * Token, certificate and key files are looked at again at most once a second and read again when
 * they changed, and each minute in any case.  Secrets are wiped when they are replaced and at the
 * end.
 *
 * Thread: all calls and all callbacks on the loop's thread.
 */

#include <stdbool.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/strv.h"

struct kube_context;
struct kube_credential;
struct loop;

/*
 * What to put on a request and its connection.  Borrowed: valid only until the callback returns
 * or calls the credential.
 * Copy what must live longer into the transfer.  NULL members are absent.
 */
struct kube_auth {
        const char *bearer;   /* for "Authorization: Bearer …" */
        const char *username; /* basic authentication */
        const char *password;
        const char *cert_pem; /* client certificate chain, PEM; always together with key_pem */
        const char *key_pem;
        const struct strv
                *headers;        /* "Impersonate-User: …" and its kin; never NULL, may be empty */
        unsigned generation;     /* grows by one each time any of the above changes; starts at 1 */
        unsigned tls_generation; /* grows when cert_pem or key_pem change: then connections must not
                                    be reused */
};

/*
 * Exactly one call per kube_credential_get(), unless it is cancelled: either auth or err is NULL.
 * May run before kube_credential_get() returns.  May call any function of this header but
 * kube_credential_free().
 */
typedef void kube_credential_ready(void *arg, const struct kube_auth *auth, const struct err *err);

/*
 * Makes a credential; copies what it needs from `ctx`.  Starts nothing.  A broken context is
 * refused with its own error; -EINVAL for a plugin that must have a terminal; -ENOMEM.
 */
int kube_credential_new(struct kube_credential **ret, struct loop *loop,
        const struct kube_context *ctx, struct err *err);

/*
 * Asks for the current credential.  Errors reach `ready`: -EACCES the plugin failed or answered
 * something unusable, -ENOENT it (or a file) is missing (the remedy is its install hint),
 * -ETIMEDOUT it ran longer than LIMIT_EXEC_MS and was killed, -ECANCELED the credential is freed.
 * A failed plugin is not run again for LIMIT_EXEC_RETRY_MS; meanwhile the same error is repeated.
 */
void kube_credential_get(struct kube_credential *cred, kube_credential_ready *ready, void *arg);

/* Forgets the pending gets with this `ready` and `arg`: they get no call. */
void kube_credential_cancel(struct kube_credential *cred, kube_credential_ready *ready, void *arg);

/*
 * The server answered 401 to what was handed out as `generation`.  Returns true when a repetition
 * makes sense: that generation is already replaced, or the next get will run the plugin or read the
 * files anew.  Returns false when the credential is static, or was itself refreshed because of a
 * 401 less than LIMIT_REJECTED_RETRY_MS ago.
 */
bool kube_credential_rejected(struct kube_credential *cred, unsigned generation);

/*
 * Pending gets are called with -ECANCELED; a plugin that nobody else waits for is killed with its
 * process group. NULL is allowed.  Not from within a `ready` of the same credential.
 */
void kube_credential_free(struct kube_credential *cred);
DEFINE_CLEANUP(struct kube_credential *, kube_credential_free);
