/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Kubeconfigs and fleet files in few words, for tables of texts. */
#define KC_HEAD          "clusters:\n- {name: c, cluster: {server: 'https://c'}}\ncontexts:\n"
#define KC_CONTEXT(name) "- {name: '" name "', context: {cluster: c}}\n"
#define FLEET_HEAD(name)                           \
        "apiVersion: fleet.kurator.dev/v1alpha1\n" \
        "kind: Fleet\nmetadata: {name: " name "}\n"
#define FLEET(name, clusters) FLEET_HEAD(name) "spec:\n  clusters: [" clusters "]\n"
#define REF(name)             "{kind: AttachedCluster, name: " name "}"
#define CLUSTER_HEAD          "apiVersion: cluster.kurator.dev/v1alpha1\nkind: AttachedCluster\n"
#define CLUSTER(name, kubeconfig) \
        CLUSTER_HEAD "metadata: {name: " name "}\nspec: {kubeconfig: {" kubeconfig "}}\n"
#define KC KC_HEAD KC_CONTEXT("one") KC_CONTEXT("two")
