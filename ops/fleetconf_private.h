/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Between fleetconf.c, the sources it loads from and fleetconf_watch.c. Nobody else includes it.
 */
#include "ops/fleetconf.h"

#define FLEETCONF_DEFAULT_FLEET "default"

/* One more owner, who frees it as well. Returns conf. */
struct fleetconf *fleetconf_ref(struct fleetconf *conf);

/* Kubeconfigs that were read while loading, each once; a broken one keeps its error. */
struct fleetconf_kubeconfig {
        char *path; /* NULL: the one kubectl would use */
        struct kubeconfig *kc;
        int error;
        struct err err;
};

struct fleetconf_load_state {
        const struct fleetconf_source *src;
        struct fleetconf *conf; /* that is being filled */
        struct fleetconf_kubeconfig *kubeconfigs;
        size_t n_kubeconfigs;
};

/* Reads it, or finds it again. *ret is borrowed from the state. Only -ENOMEM fails. */
int fleetconf_kubeconfig(struct fleetconf_load_state *state, const char *path,
        const struct fleetconf_kubeconfig **ret);

/* Points the member at a context (NULL: current-context) of a kubeconfig; what is wrong is the
 * member's error. -ENOMEM. */
int fleetconf_member_attach(struct fleetconf_member *member,
        const struct fleetconf_kubeconfig *kubeconfig, const char *context);

int fleetconf_member_attach_context(
        struct fleetconf_member *member, const struct kube_context *ctx);

/* Says where it is, unless kubectl looks there without being told. -ENOMEM. */
int fleetconf_member_kubeconfig(struct fleetconf_member *member, const struct kubeconfig_source *src,
        const struct fleetconf_kubeconfig *kubeconfig);

/* Each source fills state->conf. 0 or an error; -ENOMEM possibly without a message. */
int fleetconf_from_kubeconfig(struct fleetconf_load_state *state, struct err *err);
int fleetconf_from_files(
        struct fleetconf_load_state *state, const struct strv *paths, struct err *err);

/* The fleet files in force: --fleet-file, or the *.yaml of the folder by name; none: source 1. */
int fleetconf_files(const struct fleetconf_source *src, struct strv *ret, struct err *err);
