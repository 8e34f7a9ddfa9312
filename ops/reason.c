/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/reason.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"

/* By ascending code: reason_find() searches by halves, and the unit test checks the order. */
static const struct reason reasons[] = {
        /* ── 01xx: clusters ── */
        { 101, EHOSTUNREACH, "ClusterUnreachable", "the cluster's API server does not answer",
                "check the network and the server's address; it is tried again by itself" },
        { 102, EACCES, "ClusterDenied", "the API server does not accept the credentials",
                "renew the credentials in the kubeconfig; the file is watched" },
        { 103, EPERM, "Forbidden", "the credentials are good but may not do this",
                "grant the permission to the user that the message names" },
        { 104, EKEYREJECTED, "CertificateInvalid", "the API server's certificate is not trusted",
                "check certificate-authority-data and the server's name in the kubeconfig" },
        { 105, ENOENT, "NoVelero", "no Velero runs on the cluster",
                "install it, or declare Fleet.spec.plugin.backup and fleetfs installs it" },
        { 106, ENOENT, "NoVeleroTypes", "the cluster does not know Velero's kinds",
                "install Velero's CustomResourceDefinitions" },
        { 107, EINVAL, "ClusterMisconfigured", "the cluster's configuration cannot be used",
                "correct the kubeconfig or the fleet file that the message names" },
        { 108, ENOENT, "NoStorageLocation", "there is no BackupStorageLocation",
                "create one, or declare Fleet.spec.plugin.backup.storage" },
        { 109, EBUSY, "StorageUnavailable", "the storage location is not available",
                "read the location's message in clusters/<cluster>/storage/" },
        { 110, ESTALE, "Stale", "the cluster is away; what is shown was true when it was last seen",
                "see `since`; it is tried again by itself" },
        { 111, EAGAIN, "ClusterSyncing", "the cluster's objects are being listed for the first time",
                "wait" },
        { 112, EIO, "VeleroNotReady", "Velero does not process requests on the cluster",
                "look at the pods of Velero's Deployment" },
        { 113, ENOENT, "PluginMissing", "Velero lacks the plugin of the storage's provider",
                "add the plugin's image to Velero's Deployment" },
        { 114, EEXIST, "PrefixInUse", "the storage prefix contains, or is inside, another location's",
                "choose another prefix: one writer for each" },
        { 115, EOPNOTSUPP, "VeleroTooOld", "the cluster's Velero lacks a field that the policy uses",
                "update Velero, or leave the field out" },
        { 116, EIO, "InstallFailed", "Velero could not be installed on the cluster",
                "read error.txt of the cluster" },
        { 117, EINVAL, "ExecPluginFailed", "the credential plugin failed",
                "run the command of the kubeconfig's user by hand" },
        { 118, EEXIST, "SameCluster", "another context of the fleet is the same cluster",
                "use the name that the link points to" },
        { 119, ETIMEDOUT, "ClusterTimeout", "the API server did not answer in time",
                "it is tried again by itself" },
        { 120, EBUSY, "ClusterThrottled", "the API server asks for fewer requests",
                "it is tried again by itself" },

        /* ── 02xx: policies ── */
        { 201, EINVAL, "Syntax", "the document is not YAML or JSON", "correct it at the place given" },
        { 202, EINVAL, "DuplicateKey", "a key stands twice", "remove one of them" },
        { 203, EINVAL, "UnknownField", "a field is not known", "correct its spelling or remove it" },
        { 204, EINVAL, "WrongType", "a value has the wrong type", "write a value of the type named" },
        { 205, EINVAL, "MissingField", "a required field is missing", "add it" },
        { 206, EINVAL, "BadAlias", "an alias is undefined, refers to itself or grows too large",
                "write the value out" },
        { 207, EINVAL, "Encoding", "the document is not UTF-8", "save it as UTF-8" },
        { 208, EFBIG, "TooLarge", "the document is too large",
                "a policy may hold 128 KiB: split it, or use globs and labels" },
        { 209, EINVAL, "Empty", "the document is empty", "write the policy; templates/ has examples" },
        { 210, EINVAL, "SeveralDocuments", "the file has more than one document",
                "write one policy into each file" },
        { 211, EINVAL, "BadValue", "a value is not allowed", "write one of the values named" },
        { 212, EINVAL, "TooDeep", "the document is nested too deep", "flatten it" },
        { 220, EINVAL, "MixedFilters", "old and new resource filters cannot be combined",
                "use either includedResources, excludedResources and includeClusterResources, or the "
                "four ...ScopedResources" },
        { 221, EINVAL, "BadFilterItem", "an item of a filter contradicts another",
                "write \"*\" alone; name nothing in both lists" },
        { 222, EINVAL, "BadNamespace", "a namespace's name or pattern is not valid",
                "lower case letters, digits and '-'; '*', '?' and '[a-z]' in patterns" },
        { 223, EINVAL, "BadSelector", "a label selector is not valid",
                "In and NotIn take values, Exists and DoesNotExist do not; labelSelector and "
                "orLabelSelectors exclude each other" },
        { 224, EINVAL, "BadRestoreSource", "not exactly one source to restore from is given",
                "give backupName or scheduleName" },
        { 225, EINVAL, "NotRestorable", "a kind that is never restored is named", "remove it" },
        { 226, EINVAL, "BadConfigMapReference", "Velero ignores a reference that is no ConfigMap",
                "write kind: configmap" },
        { 227, EINVAL, "BadNamespaceMapping", "a namespaceMapping names no valid namespace",
                "lower case letters, digits and '-', at most 63 characters" },
        { 230, EINVAL, "BadName", "the file's name is no object's name",
                "lower case letters, digits, '-' and '.', at most 63 characters before the extension" },
        { 231, EINVAL, "WrongFolder", "the document is of a kind that does not belong in this folder",
                "copy it to the folder named" },
        { 232, EINVAL, "UnknownKind", "apiVersion and kind are none that fleetfs knows",
                "use backup.kurator.dev/v1alpha1 or velero.io/v1, or leave both out" },
        { 233, EINVAL, "WrongFleet", "the destination is another fleet than the folder's",
                "leave destination.fleet out, or copy the file to that fleet's folder" },
        { 234, EINVAL, "UnknownCluster", "a cluster is not in the fleet",
                "see clusters/ for the names" },
        { 235, EINVAL, "ClustersAndSelector", "clusters and clusterSelector cannot be combined",
                "use one of them" },
        { 236, EINVAL, "SchedulesUnsupported", "schedules are not supported by this build",
                "remove the schedule" },
        { 237, EINVAL, "InlineCredentials", "credentials stand in the document",
                "put them into a Secret and give its name" },
        { 238, EINVAL, "DuplicateName", "a name stands twice", "give each its own" },
        { 240, EINVAL, "CutOff", "the document does not end in a newline and may be cut off",
                "write it again; end it with a newline" },
        { 241, EINVAL, "NoTranslation", "the filter has no exact equivalent in a restore",
                "use includedResources, excludedResources and includeClusterResources" },
        { 242, EINVAL, "ObservedSpec", "the document was processed by a Velero server, which changed its spec",
                "remove status, metadata.uid and what the server has filled in" },
        { 243, EINVAL, "BadReference", "the backup's name cannot be one",
                "write a policy, policy@run, policy@latest or a Velero backup's name" },
        { 244, EINVAL, "BadMigrationSource", "a migration has not exactly one source cluster",
                "name one cluster in sourceCluster.clusters" },
        { 245, EINVAL, "SourceIsTarget", "the source cluster is among the targets",
                "remove it from the targets" },
        { 246, EINVAL, "LinksGiven", "a migration folder's links say source and targets",
                "remove sourceCluster and targetCluster" },
        { 247, EINVAL, "PolicyAndPolicies", "policy and policies cannot be combined",
                "use one of them" },
        { 248, EINVAL, "BadSchedule", "the schedule is no cron expression Velero understands",
                "five fields, or a descriptor such as @daily" },
        { 249, EEXIST, "NameTaken", "the stem belongs to a file with another extension",
                "remove that file first, or choose another name" },
        { 250, EEXIST, "RunsOnce", "restores and migrations run once",
                "use a new name, or `echo retry > ctl`" },
        { 251, EPERM, "RenameRefused", "an acting file cannot be renamed to another acting name",
                "copy it, then remove it" },
        { 252, EPERM, "NotOurs", "the object was made by another store",
                "`echo adopt > ctl` takes it over" },
        { 253, EPERM, "DeletionGuarded", "deletions are refused for some seconds after a refused one",
                "wait 5 seconds; remove files by their names" },
        { 254, EIO, "WriteFailed", "a write to the file failed before", "write it again" },
        { 255, EINVAL, "Interrupted", "the writer died before it was done",
                "write it again, or `echo start > ctl`" },
        { 256, EIO, "NotKept", "the policy could not be stored durably",
                "make room in the state directory" },
        { 257, EIO, "RecordDamaged", "what the store holds of an object cannot be read",
                "write the policy again; the damaged record is in the state directory" },
        { 280, 0, "TooFrequent", "the schedule runs more often than once an hour",
                "mind the storage: backups are kept for 30 days unless ttl says else" },
        { 281, 0, "ManyAtOnce", "more than 20 schedules run in one minute",
                "spread their minutes" },
        { 282, 0, "SelectsNothing", "the destination matches no cluster now",
                "correct the selector, or wait for the labels" },
        { 283, 0, "NameIgnored", "metadata.name differs from the file's name, which counts",
                "rename the file if the other was meant" },
        { 284, 0, "ClusterScopedLeftOut",
                "an unfiltered Velero backup leaves out cluster-scoped objects that nothing refers to",
                "add includedClusterScopedResources: [\"*\"]" },
        { 285, 0, "Deprecated", "a field is deprecated", "write the field named" },
        { 286, 0, "MappingWithoutEffect", "a namespaceMapping's source is not restored",
                "include the namespace, or remove the mapping" },
        { 287, 0, "HostPathSkipped", "volumes of type hostPath are not backed up",
                "use local volumes" },
        { 288, 0, "OwnedBySchedule", "the backups' objects vanish with their schedule",
                "leave useOwnerReferencesInBackup out" },

        /* ── 03xx: protection ── */
        { 301, 0, "NoNodeAgent", "volumes are not backed up: no node-agent runs there",
                "install Velero's node-agent" },
        { 302, 0, "OldKubernetes", "Kubernetes before 1.25 is not tested with Velero",
                "update the cluster" },
        { 303, 0, "BackupPartial", "the last backup has errors and is incomplete",
                "read logs/log.txt of the run" },
        { 310, EIO, "Unprotected", "the schedule is in force but its storage cannot take a backup",
                "make the storage location available" },
        { 311, 0, "Overdue", "no successful backup since the last due time",
                "read error.txt of the cluster and the log of its last run" },
        { 312, 0, "Drifted", "someone else changed our object on the cluster",
                "write the policy again to restore it" },
        { 313, 0, "Orphaned", "an object of ours has no policy any more",
                "see orphans/; remove it with kubectl, or copy its policy back" },
        { 314, 0, "NeverBackedUp", "there is no successful backup yet", "wait for the first run" },
        { 315, EINVAL, "ScheduleRefused", "Velero refuses the schedule", "read its message" },
        { 316, 0, "SchedulePaused", "the schedule is paused", "`echo resume > ctl`" },

        /* ── 04xx: runs, restores, migrations ── */
        { 401, EAGAIN, "Pending", "owed to a cluster that cannot take it now",
                "it is posted as soon as the cluster can" },
        { 402, ETIMEDOUT, "Expired", "not posted within the start deadline", "`echo retry > ctl`" },
        { 403, EEXIST, "Conflict", "an object of that name exists on the cluster and is not ours",
                "look at it; remove it, or use another name" },
        { 404, EINVAL, "RejectedByCluster", "the cluster's API refused the object",
                "correct the policy as the message says" },
        { 405, ECANCELED, "Cancelled", "given up before it was posted", "write the policy again" },
        { 406, EIO, "InterruptedByCrash", "the writer's file was not released before a crash",
                "`echo start > ctl`" },
        { 407, ENOENT, "BackupUnknown", "there is no such backup",
                "see backups/ and clusters/<cluster>/backups/ for the names" },
        { 408, EINVAL, "BackupNotRestorable", "the backup is not Completed",
                "use another run; allowPartiallyFailed: true takes a PartiallyFailed one" },
        { 409, ENOENT, "NoCompletedRun", "the policy has no completed run on the cluster",
                "wait for one, or name another policy" },
        { 410, EIO, "VeleroFailed", "Velero could not do it, or not all of it",
                "read logs/log.txt and logs/results.json" },
        { 411, ENOENT, "ObjectGone", "the object was deleted on the cluster before it was finished",
                "`echo retry > ctl`" },
        { 412, EINVAL, "PartUnknown", "the restore names a part that the backup does not have",
                "use the names of the backup's policies[]" },
        { 413, EBUSY, "Running", "the operation has not ended yet", "wait until it is done; Velero cannot cancel it" },
        { 414, EIO, "DeletionFailed", "Velero could not delete the backup",
                "read the message; `echo \"delete <run>\" > ctl` tries again" },
        { 415, EPERM, "DeletionRefused", "the backup's data may belong to another backup of that name",
                "remove the object with kubectl; its data is not ours to delete" },
        { 416, ENODEV, "ClusterGone", "the cluster is no longer in the fleet",
                "add it again, or remove the policy" },
        { 417, ENOENT, "NoLogs", "the log is not there: Velero writes it when it is done",
                "wait for the end of the run" },
        { 418, EHOSTUNREACH, "StorageUnreachable", "the object store cannot be reached from here",
                "set publicUrl in the storage location's config" },
        { 420, EAGAIN, "BackupNotVisible", "the target does not see the source's backup yet",
                "wait; it is handed over or synced" },
        { 421, EINVAL, "RepositoryPassword",
                "the clusters encrypt volume data with different passwords",
                "make Secret velero-repo-credentials equal on both" },
        { 422, EACCES, "NoTargetCredentials", "the target has no credentials for the source's storage",
                "give the policy's storage a Secret, or set copyCredentials: true" },
        { 423, EEXIST, "TargetNameTaken", "the target has a backup of that name from elsewhere",
                "remove it there, or start the migration under another name" },
        { 424, EIO, "SourceFailed", "the backup on the source cluster failed",
                "read its log; `echo retry > ctl`" },
        { 425, EINVAL, "MigrationIncomplete", "the migration has no source or no targets",
                "ln -s ../../clusters/<name> source ; ln -s ../../../clusters/<name> targets/" },
        { 426, EBUSY, "LinksFrozen", "the migration has started; its links are frozen",
                "make another migration" },
};

const struct reason *reason_table(size_t *n)
{
        *n = ARRAY_SIZE(reasons);
        return reasons;
}

const struct reason *reason_find(int code)
{
        size_t low = 0, high = ARRAY_SIZE(reasons);

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (reasons[middle].code == code)
                        return &reasons[middle];
                if (reasons[middle].code < code)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

const struct reason *reason_by_symbol(const char *symbol)
{
        for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
                if (strcmp(reasons[i].symbol, symbol) == 0)
                        return &reasons[i];
        return NULL;
}
