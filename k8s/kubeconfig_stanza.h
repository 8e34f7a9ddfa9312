/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Between kubeconfig.c, which reads and merges files, and kubeconfig_context.c, which makes a
 * context of three stanzas. Nobody else includes it. All pointers are borrowed from the parsed
 * files.
 */
#include <stddef.h>

#include "base/yaml.h"
#include "k8s/kubeconfig.h"

/* The file a stanza stands in. */
struct kube_file {
        char *path; /* for messages; absolute unless it is a text in memory */
        char *dir; /* what its relative paths count from; NULL: it may name no files and programs */
        struct yaml_docs *docs;
};

/* One entry of clusters, users or contexts. */
struct kube_stanza {
        const char *name;
        const struct yaml_node *item; /* the entry: {name, cluster|user|context} */
        const struct yaml_node *body; /* its cluster, user or context; NULL when it has none */
        const struct kube_file *file;
        const struct yaml_node *twin; /* a later entry of that name in the same file, or NULL */
        size_t order;
};

/* All entries of one kind in force, by name. */
struct kube_stanzas {
        const char *what; /* "cluster", "user", "context" */
        struct kube_stanza *v;
        size_t n, alloc;
};

/* NULL when there is none. */
const struct kube_stanza *kube_stanzas_find(const struct kube_stanzas *stanzas, const char *name);

/* Refuses a stanza whose name another one of its file has too. */
int kube_stanza_once(const struct kube_stanza *stanza, const char *what, struct err *err);

/*
 * Optional fields, copied: absent, null and "" leave *ret empty. A path is made absolute. PEM is
 * decoded from base64; its bytes never get into a message. -EINVAL with the place, -ENOMEM.
 */
int kube_stanza_string(const struct yaml_node *body, const char *key, char **ret, struct err *err);
int kube_stanza_secret(
        const struct yaml_node *body, const char *key, struct secret *ret, struct err *err);
int kube_stanza_pem_data(
        const struct yaml_node *body, const char *key, struct secret *ret, struct err *err);
int kube_stanza_path(
        const struct kube_stanza *stanza, const char *key, char **ret, struct err *err);

/* Fills *user, which is zeroed, but for exec.cluster_config. -EINVAL with the place, -ENOMEM. */
int kube_user_fill(struct kube_user *user, const struct kube_stanza *stanza, struct err *err);
bool kube_user_has_certificate(const struct kube_user *user);

/*
 * Fills *ctx, which is zeroed, from its stanza and the cluster and user it names; CA files it reads
 * are added to `files`. What is wrong with the context ends in ctx->error and ctx->err. Returns 0,
 * or -ENOMEM.
 */
int kube_context_build(struct kube_context *ctx, const struct kube_stanza *context,
        const struct kube_stanzas *clusters, const struct kube_stanzas *users, struct strv *files);
