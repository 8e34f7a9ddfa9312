/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The resource types the simulator knows: a table of Kubernetes' and Velero's own, to which
 * CustomResourceDefinitions add. Entries are never removed; whether a cluster serves one that is
 * not built in is up to the CRDs that the cluster has.
 */

#include <stdbool.h>
#include <stddef.h>

struct restype {
        unsigned id;       /* position in the table */
        const char *group; /* "" is the core group */
        const char *version;
        const char *plural;
        const char *singular;
        const char *kind;
        const char *short_names; /* comma list or NULL */
        bool namespaced;
        bool builtin;      /* served without a CRD; serialized as the typed API does it */
        bool no_status;    /* no /status subresource */
        char *api_version; /* "v1", "velero.io/v1" */
        char *head;        /* how each serialized object of it begins */
        char *crd_name;    /* "backups.velero.io" */
};

/* Ids of types that the simulator's own code names. */
enum {
        RT_NAMESPACES,
        RT_CONFIGMAPS,
        RT_SECRETS,
        RT_SERVICEACCOUNTS,
        RT_PODS,
        RT_PVCS,
        RT_PVS,
        RT_CRDS,
        RT_DEPLOYMENTS,
        RT_DAEMONSETS,
        RT_CLUSTERROLES,
        RT_CLUSTERROLEBINDINGS,
        RT_BACKUPS,
        RT_RESTORES,
        RT_SCHEDULES,
        RT_LOCATIONS,
        RT_SNAPSHOT_LOCATIONS,
        RT_REPOSITORIES,
        RT_PODVOLUMEBACKUPS,
        RT_PODVOLUMERESTORES,
        RT_DELETEREQUESTS,
        RT_DOWNLOADREQUESTS,
        RT_STATUSREQUESTS,
        RT_DATAUPLOADS,
        RT_DATADOWNLOADS,
        RT_N_NAMED,
};

void restype_init(void);
void restype_done(void);
size_t restype_count(void);
const struct restype *restype(unsigned id);
/* By group, version and plural; NULL where unknown. */
const struct restype *restype_find(const char *group, const char *version, const char *plural);
const struct restype *restype_find_kind(const char *api_version, const char *kind);
/* By what a person or a Velero filter calls it: plural, singular, kind or short name, with or
 * without ".group"; any case. */
const struct restype *restype_find_name(const char *name);
/* Adds a custom type unless it is there, and returns it. */
const struct restype *restype_add(const char *group, const char *version, const char *plural,
        const char *singular, const char *kind, bool namespaced, bool status);
