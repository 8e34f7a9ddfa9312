/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/restype.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/mem.h"

#define BUILTIN(g, v, p, s, k, sn, ns)                                           \
        {                                                                        \
                .group = g, .version = v, .plural = p, .singular = s, .kind = k, \
                .short_names = sn, .namespaced = ns, .builtin = true             \
        }
#define VELERO(v, p, s, k, sn)                                                             \
        {                                                                                  \
                .group = "velero.io", .version = v, .plural = p, .singular = s, .kind = k, \
                .short_names = sn, .namespaced = true, .no_status = true                   \
        }

/* The first rows are in the order of the RT_ names. */
static const struct restype seed_types[] = {
        [RT_NAMESPACES] = BUILTIN("", "v1", "namespaces", "namespace", "Namespace", "ns", false),
        [RT_CONFIGMAPS] = BUILTIN("", "v1", "configmaps", "configmap", "ConfigMap", "cm", true),
        [RT_SECRETS] = BUILTIN("", "v1", "secrets", "secret", "Secret", NULL, true),
        [RT_SERVICEACCOUNTS] = BUILTIN(
                "", "v1", "serviceaccounts", "serviceaccount", "ServiceAccount", "sa", true),
        [RT_PODS] = BUILTIN("", "v1", "pods", "pod", "Pod", "po", true),
        [RT_PVCS] = BUILTIN("", "v1", "persistentvolumeclaims", "persistentvolumeclaim",
                "PersistentVolumeClaim", "pvc", true),
        [RT_PVS] = BUILTIN(
                "", "v1", "persistentvolumes", "persistentvolume", "PersistentVolume", "pv", false),
        [RT_CRDS] = BUILTIN("apiextensions.k8s.io", "v1", "customresourcedefinitions",
                "customresourcedefinition", "CustomResourceDefinition", "crd,crds", false),
        [RT_DEPLOYMENTS] =
                BUILTIN("apps", "v1", "deployments", "deployment", "Deployment", "deploy", true),
        [RT_DAEMONSETS] = BUILTIN("apps", "v1", "daemonsets", "daemonset", "DaemonSet", "ds", true),
        [RT_CLUSTERROLES] = BUILTIN("rbac.authorization.k8s.io", "v1", "clusterroles",
                "clusterrole", "ClusterRole", NULL, false),
        [RT_CLUSTERROLEBINDINGS] = BUILTIN("rbac.authorization.k8s.io", "v1", "clusterrolebindings",
                "clusterrolebinding", "ClusterRoleBinding", NULL, false),
        [RT_BACKUPS] = VELERO("v1", "backups", "backup", "Backup", NULL),
        [RT_RESTORES] = VELERO("v1", "restores", "restore", "Restore", NULL),
        [RT_SCHEDULES] = VELERO("v1", "schedules", "schedule", "Schedule", NULL),
        [RT_LOCATIONS] = VELERO("v1", "backupstoragelocations", "backupstoragelocation",
                "BackupStorageLocation", "bsl"),
        [RT_SNAPSHOT_LOCATIONS] = VELERO("v1", "volumesnapshotlocations", "volumesnapshotlocation",
                "VolumeSnapshotLocation", "vsl"),
        [RT_REPOSITORIES] =
                VELERO("v1", "backuprepositories", "backuprepository", "BackupRepository", NULL),
        [RT_PODVOLUMEBACKUPS] =
                VELERO("v1", "podvolumebackups", "podvolumebackup", "PodVolumeBackup", NULL),
        [RT_PODVOLUMERESTORES] =
                VELERO("v1", "podvolumerestores", "podvolumerestore", "PodVolumeRestore", NULL),
        [RT_DELETEREQUESTS] = VELERO(
                "v1", "deletebackuprequests", "deletebackuprequest", "DeleteBackupRequest", NULL),
        [RT_DOWNLOADREQUESTS] =
                VELERO("v1", "downloadrequests", "downloadrequest", "DownloadRequest", NULL),
        [RT_STATUSREQUESTS] = VELERO(
                "v1", "serverstatusrequests", "serverstatusrequest", "ServerStatusRequest", "ssr"),
        [RT_DATAUPLOADS] = VELERO("v2alpha1", "datauploads", "dataupload", "DataUpload", NULL),
        [RT_DATADOWNLOADS] =
                VELERO("v2alpha1", "datadownloads", "datadownload", "DataDownload", NULL),

        BUILTIN("", "v1", "nodes", "node", "Node", "no", false),
        BUILTIN("", "v1", "services", "service", "Service", "svc", true),
        BUILTIN("", "v1", "endpoints", "endpoints", "Endpoints", "ep", true),
        BUILTIN("", "v1", "events", "event", "Event", "ev", true),
        BUILTIN("", "v1", "limitranges", "limitrange", "LimitRange", "limits", true),
        BUILTIN("", "v1", "resourcequotas", "resourcequota", "ResourceQuota", "quota", true),
        BUILTIN("", "v1", "replicationcontrollers", "replicationcontroller",
                "ReplicationController", "rc", true),
        BUILTIN("", "v1", "podtemplates", "podtemplate", "PodTemplate", NULL, true),
        BUILTIN("apps", "v1", "replicasets", "replicaset", "ReplicaSet", "rs", true),
        BUILTIN("apps", "v1", "statefulsets", "statefulset", "StatefulSet", "sts", true),
        BUILTIN("apps", "v1", "controllerrevisions", "controllerrevision", "ControllerRevision",
                NULL, true),
        BUILTIN("batch", "v1", "jobs", "job", "Job", NULL, true),
        BUILTIN("batch", "v1", "cronjobs", "cronjob", "CronJob", "cj", true),
        BUILTIN("autoscaling", "v2", "horizontalpodautoscalers", "horizontalpodautoscaler",
                "HorizontalPodAutoscaler", "hpa", true),
        BUILTIN("rbac.authorization.k8s.io", "v1", "roles", "role", "Role", NULL, true),
        BUILTIN("rbac.authorization.k8s.io", "v1", "rolebindings", "rolebinding", "RoleBinding",
                NULL, true),
        BUILTIN("storage.k8s.io", "v1", "storageclasses", "storageclass", "StorageClass", "sc",
                false),
        BUILTIN("storage.k8s.io", "v1", "csinodes", "csinode", "CSINode", NULL, false),
        BUILTIN("storage.k8s.io", "v1", "csidrivers", "csidriver", "CSIDriver", NULL, false),
        BUILTIN("storage.k8s.io", "v1", "volumeattachments", "volumeattachment", "VolumeAttachment",
                NULL, false),
        BUILTIN("networking.k8s.io", "v1", "ingresses", "ingress", "Ingress", "ing", true),
        BUILTIN("networking.k8s.io", "v1", "ingressclasses", "ingressclass", "IngressClass", NULL,
                false),
        BUILTIN("networking.k8s.io", "v1", "networkpolicies", "networkpolicy", "NetworkPolicy",
                "netpol", true),
        BUILTIN("policy", "v1", "poddisruptionbudgets", "poddisruptionbudget",
                "PodDisruptionBudget", "pdb", true),
        BUILTIN("scheduling.k8s.io", "v1", "priorityclasses", "priorityclass", "PriorityClass",
                "pc", false),
        BUILTIN("coordination.k8s.io", "v1", "leases", "lease", "Lease", NULL, true),
        BUILTIN("discovery.k8s.io", "v1", "endpointslices", "endpointslice", "EndpointSlice", NULL,
                true),
        BUILTIN("events.k8s.io", "v1", "events", "event", "Event", "ev", true),
        BUILTIN("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations",
                "mutatingwebhookconfiguration", "MutatingWebhookConfiguration", NULL, false),
        BUILTIN("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations",
                "validatingwebhookconfiguration", "ValidatingWebhookConfiguration", NULL, false),
        BUILTIN("apiregistration.k8s.io", "v1", "apiservices", "apiservice", "APIService", NULL,
                false),
};

static struct restype **types;
static size_t n_types;

static const struct restype *restype_append(const struct restype *row)
{
        struct restype *t = mem_zalloc(sizeof *t);

        *t = *row;
        t->id = (unsigned)n_types;
        t->api_version =
                *t->group ? mem_printf("%s/%s", t->group, t->version) : mem_strdup(t->version);
        t->crd_name = *t->group ? mem_printf("%s.%s", t->plural, t->group) : mem_strdup(t->plural);
        t->head = t->builtin ? mem_printf("{\"kind\":\"%s\",\"apiVersion\":\"%s\",", t->kind,
                                       t->api_version)
                             : mem_printf("{\"apiVersion\":\"%s\",\"kind\":\"%s\",", t->api_version,
                                       t->kind);
        types = mem_realloc(types, (n_types + 1) * sizeof *types);
        types[n_types++] = t;
        return t;
}

void restype_init(void)
{
        for (size_t i = 0; i < ARRAY_SIZE(seed_types); i++)
                restype_append(&seed_types[i]);
}

void restype_done(void)
{
        for (size_t i = 0; i < n_types; i++) {
                if (i >= ARRAY_SIZE(seed_types)) {
                        free((char *)types[i]->group);
                        free((char *)types[i]->version);
                        free((char *)types[i]->plural);
                        free((char *)types[i]->singular);
                        free((char *)types[i]->kind);
                }
                free(types[i]->api_version);
                free(types[i]->crd_name);
                free(types[i]->head);
                free(types[i]);
        }
        free(types);
        types = NULL;
        n_types = 0;
}

size_t restype_count(void)
{
        return n_types;
}

const struct restype *restype(unsigned id)
{
        return types[id];
}

const struct restype *restype_find(const char *group, const char *version, const char *plural)
{
        for (size_t i = 0; i < n_types; i++)
                if (strcmp(types[i]->plural, plural) == 0 && strcmp(types[i]->group, group) == 0 &&
                        strcmp(types[i]->version, version) == 0)
                        return types[i];
        return NULL;
}

const struct restype *restype_find_kind(const char *api_version, const char *kind)
{
        for (size_t i = 0; i < n_types; i++)
                if (strcmp(types[i]->kind, kind) == 0 &&
                        strcmp(types[i]->api_version, api_version) == 0)
                        return types[i];
        return NULL;
}

static bool listed(const char *list, const char *name, size_t n)
{
        while (list && *list) {
                size_t len = strcspn(list, ",");

                if (len == n && strncasecmp(list, name, n) == 0)
                        return true;
                list += len + (list[len] == ',');
        }
        return false;
}

const struct restype *restype_find_name(const char *name)
{
        const char *dot = strchr(name, '.');
        size_t n = dot ? (size_t)(dot - name) : strlen(name);

        for (size_t i = 0; i < n_types; i++) {
                const struct restype *t = types[i];

                if (dot && strcasecmp(dot + 1, t->group) != 0)
                        continue;
                if (listed(t->plural, name, n) || listed(t->singular, name, n) ||
                        listed(t->kind, name, n) || listed(t->short_names, name, n))
                        return t;
        }
        return NULL;
}

const struct restype *restype_add(const char *group, const char *version, const char *plural,
        const char *singular, const char *kind, bool namespaced, bool status)
{
        const struct restype *t = restype_find(group, version, plural);
        struct restype row;

        if (t)
                return t;
        row = (struct restype){
                .group = mem_strdup(group),
                .version = mem_strdup(version),
                .plural = mem_strdup(plural),
                .singular = mem_strdup(singular),
                .kind = mem_strdup(kind),
                .namespaced = namespaced,
                .no_status = !status,
        };
        return restype_append(&row);
}
