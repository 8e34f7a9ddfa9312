/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The controllers of Kubernetes itself, as far as a client of Velero sees them: namespaces get
 * their account and their CA, and empty when they are deleted; CRDs become established;
 * Deployments become available.
 */
#include "tests/sim/cluster.h"

struct kube;

struct kube *kube_new(struct cluster *c);
void kube_free(struct kube *k);
/* The account and the CA that a namespace gets, at once. */
void kube_furnish(struct kube *k, const char *ns);
void kube_changed(
        struct kube *k, const struct restype *type, const struct doc *prev, const struct doc *next);
