/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * kubeconfig: everything kubectl accepts as the description of clusters, users and contexts, as
 * plain data.
 *
 * Loading is a function of the file system alone: nothing is contacted and no program is run.  YAML
 * and JSON are taken.  Several files merge the way kubectl merges them: the first file that defines
 * a cluster, a user, a context or current-context wins, whole stanza by whole stanza; a relative
 * path inside a stanza counts from the folder of the file that defines it.
 *
 * Errors come in two sizes.  A file that cannot be read or parsed fails the load, with its place.
 * A stanza that makes no sense (a missing cluster, bad base64, a CA file that is not there) breaks
 * only the contexts that use it: each of those is listed with `error` set and the rest is usable.
 *
 * No function here keeps state; any thread may call them on objects it owns.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/secret.h"
#include "base/strv.h"

/* What the exec stanza says about a terminal. A daemon has none: credentials refuse ALWAYS. */
enum kube_interactive {
        KUBE_INTERACTIVE_IF_AVAILABLE, /* also the default of v1beta1 */
        KUBE_INTERACTIVE_NEVER,
        KUBE_INTERACTIVE_ALWAYS,
};

/* users[].user.exec: a client-go credential plugin. */
struct kube_exec {
        char *api_version; /* client.authentication.k8s.io/v1 or …/v1beta1; NULL: no plugin */
        char *command;     /* absolute, or a bare name that is looked up in $PATH */
        struct strv args;  /* without argv[0] */
        struct strv env;   /* "NAME=value", added to our environment */
        enum kube_interactive interactive;
        bool provide_cluster_info;
        char *cluster_config; /* JSON of the cluster's extension of that API group, or NULL */
        char *install_hint;   /* or NULL */
};

/*
 * users[].user.  At most one of the bearer sources is in force; token_file wins over token, as in
 * client-go, and the exec plugin is asked only when neither is given. A key without a certificate
 * is dropped, as client-go does.
 */
struct kube_user {
        struct secret cert_pem;     /* client-certificate-data, decoded; empty if none */
        struct secret key_pem;      /* client-key-data, decoded; empty if none */
        char *cert_file, *key_file; /* absolute; NULL when there is none or the data was given */
        struct secret token;
        char *token_file; /* absolute, or NULL */
        char *username;   /* basic authentication, or NULL */
        struct secret password;
        char *as, *as_uid; /* impersonation, or NULL */
        struct strv as_groups;
        struct strv as_extra;  /* "key=value", one per value, in file order */
        struct kube_exec exec; /* exec.api_version == NULL: no plugin */
};

struct kube_context {
        char *name;                     /* as in the file, any bytes but NUL */
        char *file;                     /* the file that defines the context; NULL in a cluster */
        unsigned line;                  /* in that file, from 1; 0 in a cluster */
        char *cluster_name, *user_name; /* user_name may be empty: anonymous */
        char *namespace_;               /* or NULL */
        char *server; /* https://host[:port][/prefix] or http://…, no trailing slash */
        char *ca_pem; /* certificate-authority(-data), NUL-terminated, or NULL: system roots */
        size_t ca_pem_len;
        char *tls_server_name; /* or NULL */
        bool insecure;         /* insecure-skip-tls-verify */
        bool disable_compression;
        char *proxy_url; /* http, https or socks5, may hold a password; NULL: $HTTPS_PROXY and
                            $NO_PROXY decide */
        struct kube_user user;
        int error; /* 0: usable; else -errno, and err says why; then only name, file and line are
                      sure */
        struct err err;
};

struct kubeconfig {
        struct kube_context *contexts; /* order of the files, then order in the file */
        size_t n_contexts;
        char *current_context; /* or NULL */
        struct strv files; /* absolute paths whose change may change the result: kubeconfigs, those
                              that are missing too, and the CA files; no secrets among them */
};

/* Where to look. Borrowed strings; all may be NULL. */
struct kubeconfig_source {
        const char *path; /* --kubeconfig: this file only, and it must exist; NULL: as kubectl */
        const char *path_list;    /* value of $KUBECONFIG, or NULL or "" when unset */
        const char *home;         /* value of $HOME, or NULL: no ~/.kube/config */
        const char *service_host; /* value of $KUBERNETES_SERVICE_HOST, or NULL: not in a cluster */
        const char *service_port; /* value of $KUBERNETES_SERVICE_PORT */
        const char *service_account_dir; /* NULL: /var/run/secrets/kubernetes.io/serviceaccount */
        const char *cwd; /* what relative paths count from; NULL: the current folder */
};

/* Fills `src` from the option, which may be NULL, the environment and the current folder. Borrows
 * the option and the environment's strings: call it once, before threads start and before chdir(2).
 */
void kubeconfig_source_from_env(struct kubeconfig_source *src, const char *option_path);

/* Appends the absolute paths that kubeconfig_load() tries, in order of precedence, whether they
 * exist or not. -ENOMEM, -E2BIG. */
int kubeconfig_candidates(const struct kubeconfig_source *src, struct strv *ret, struct err *err);

/*
 * Loads and merges.  Caller frees *ret.  With `path` exactly that file; else the files of
 * `path_list`, or when it has none, ~/.kube/config; files of a list that are missing are skipped.
 * When none of them exists and we run in a cluster, one context named "in-cluster". Errors: -ENOENT
 * nothing found (the remedy names what was tried), -EACCES, -EIO a file cannot be read, -EINVAL one
 * cannot be parsed (err has file, line, column), -EFBIG larger than LIMIT_CONFIG_BYTES, -E2BIG more
 * files or contexts than LIMIT_CONFIG_FILES, LIMIT_CONFIG_CLUSTERS, -ENOMEM.
 */
int kubeconfig_load(struct kubeconfig **ret, const struct kubeconfig_source *src, struct err *err);

/*
 * The same for one text in memory, called `name` in messages.  Relative paths count from `dir`.
 * Where the text comes from elsewhere (a Secret), dir is NULL: contexts that name files of this
 * machine or an exec plugin are then broken.
 */
int kubeconfig_parse(struct kubeconfig **ret, const char *text, size_t len, const char *name,
        const char *dir, struct err *err);

/* The context of that name, NULL for current-context; or NULL. Borrowed. */
const struct kube_context *kubeconfig_find(const struct kubeconfig *kc, const char *name);

/* NULL is allowed; secrets are wiped. */
void kubeconfig_free(struct kubeconfig *kc);
DEFINE_CLEANUP(struct kubeconfig *, kubeconfig_free);

/* A deep copy on the heap. -ENOMEM. */
int kube_context_dup(struct kube_context **ret, const struct kube_context *ctx);

/* Whether both lead to the same server in the same way; names, places, namespace and the user do
 * not count. */
bool kube_context_same_server(const struct kube_context *a, const struct kube_context *b);
/* Whether both prove the same identity in the same way. */
bool kube_user_equal(const struct kube_user *a, const struct kube_user *b);

/* _done leaves the struct zeroed; _free also frees it; both take NULL and half-built contexts and
 * wipe secrets. */
void kube_context_done(struct kube_context *ctx);
void kube_context_free(struct kube_context *ctx);
DEFINE_CLEANUP(struct kube_context *, kube_context_free);
