/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The two kinds of a fleet file as tables: Kurator's Fleet and AttachedCluster, with fleetfs's
 * additions.
 */
#include "base/schema.h"

#define FLEET_API_VERSION            "fleet.kurator.dev/v1alpha1"
#define ATTACHED_CLUSTER_API_VERSION "cluster.kurator.dev/v1alpha1"
#define VELERO_NAMESPACE_ANNOTATION  "fleetfs.dev/velero-namespace"

extern const struct schema fleet_schema;
extern const struct schema attached_cluster_schema;
