/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of Velero 1.18's kinds, as its CRDs declare them. The notation is validate.h's.
 */
#include "tests/sim/velero_schema.h"

#include <stddef.h>

#define LABEL_SELECTOR "{matchExpressions:[{key!:s,operator!:s,values:[s]}],matchLabels:<s>}"

#define BACKUP_SPEC                                                                           \
        "{csiSnapshotTimeout:s,datamover:s,defaultVolumesToFsBackup:?b,"                      \
        "defaultVolumesToRestic:?b,excludedClusterScopedResources:?[s],"                      \
        "excludedNamespaceScopedResources:?[s],excludedNamespaces:?[s],"                      \
        "excludedResources:?[s],hooks:{resources:?[{excludedNamespaces:?[s],"                 \
        "excludedResources:?[s],includedNamespaces:?[s],includedResources:?[s],"              \
        "labelSelector:?" LABEL_SELECTOR                                                      \
        ",name!:s,post:[{exec!:{command!:[s]+,container:s,onError:s(Continue|Fail),"          \
        "timeout:s}}],pre:[{exec!:{command!:[s]+,container:s,onError:s(Continue|Fail),"       \
        "timeout:s}}]}]},includeClusterResources:?b,includedClusterScopedResources:?[s],"     \
        "includedNamespaceScopedResources:?[s],includedNamespaces:?[s],"                      \
        "includedResources:?[s],itemOperationTimeout:s,labelSelector:?" LABEL_SELECTOR        \
        ",metadata:{labels:<s>},orLabelSelectors:?[" LABEL_SELECTOR                           \
        "],orderedResources:?<s>,resourcePolicy:{apiGroup:s,kind!:s,name!:s},"                \
        "snapshotMoveData:?b,snapshotVolumes:?b,storageLocation:s,ttl:s,uploaderConfig^13:?{" \
        "parallelFilesUpload:i},volumeGroupSnapshotLabelKey^17:s,volumeSnapshotLocations:[s]}"

const struct velero_schema velero_schemas[] = {
        { "Backup",
                "{spec:" BACKUP_SPEC
                ",status:{backupItemOperationsAttempted:i,backupItemOperationsCompleted:i,"
                "backupItemOperationsFailed:i,completionTimestamp:?t,csiVolumeSnapshotsAttempted:i,"
                "csiVolumeSnapshotsCompleted:i,errors:i,expiration:?t,failureReason:s,"
                "formatVersion:s,hookStatus:?{hooksAttempted:i,hooksFailed:i},phase:s(New|Queued|"
                "ReadyToStart|FailedValidation|InProgress|WaitingForPluginOperations|"
                "WaitingForPluginOperationsPartiallyFailed|Finalizing|FinalizingPartiallyFailed|"
                "Completed|PartiallyFailed|Failed|Deleting),progress:?{itemsBackedUp:i,"
                "totalItems:i},"
                "queuePosition^18:i,startTimestamp:?t,validationErrors:?[s],version:i,"
                "volumeSnapshotsAttempted:i,volumeSnapshotsCompleted:i,warnings:i}}" },
        { "Restore",
                "{spec:{backupName:s,excludedNamespaces:?[s],excludedResources:?[s],"
                "existingResourcePolicy:?s,hooks:{resources:[{excludedNamespaces:?[s],"
                "excludedResources:?[s],includedNamespaces:?[s],includedResources:?[s],"
                "labelSelector:?" LABEL_SELECTOR
                ",name!:s,postHooks:[{exec:{command!:[s]+,container:s,execTimeout:s,"
                "onError:s(Continue|Fail),waitForReady:?b,waitTimeout:s},init:{initContainers:x,"
                "timeout:s}}]}]},includeClusterResources:?b,includedNamespaces:?[s],"
                "includedResources:?[s],itemOperationTimeout:s,labelSelector:?" LABEL_SELECTOR
                ",namespaceMapping:<s>,orLabelSelectors:?[" LABEL_SELECTOR
                "],preserveNodePorts:?b,resourceModifier:?{apiGroup:s,kind!:s,name!:s},"
                "resourcePolicy^18:?{apiGroup:s,kind!:s,name!:s},restorePVs:?b,restoreStatus:?{"
                "excludedResources:?[s],includedResources:?[s]},scheduleName:s,uploaderConfig:?{"
                "parallelFilesDownload:i,writeSparseFiles:?b}},status:{completionTimestamp:?t,"
                "errors:i,failureReason:s,hookStatus:?{hooksAttempted:i,hooksFailed:i},phase:s(New|"
                "FailedValidation|InProgress|WaitingForPluginOperations|"
                "WaitingForPluginOperationsPartiallyFailed|Completed|PartiallyFailed|Failed|"
                "Finalizing|FinalizingPartiallyFailed),progress:?{itemsRestored:i,totalItems:i},"
                "restoreItemOperationsAttempted:i,restoreItemOperationsCompleted:i,"
                "restoreItemOperationsFailed:i,startTimestamp:?t,validationErrors:?[s],"
                "warnings:i}}" },
        { "Schedule", "{spec:{paused:b,schedule!:s,skipImmediately^13:b,template!:" BACKUP_SPEC
                      ",useOwnerReferencesInBackup:?b},status:{lastBackup:?t,lastSkipped^13:?t,"
                      "phase:s(New|"
                      "Enabled|FailedValidation),validationErrors:[s]}}" },
        { "BackupStorageLocation",
                "{spec:{accessMode:s(ReadOnly|ReadWrite),backupSyncPeriod:?s,config:<s>,"
                "credential:{"
                "key!:s,name:s,optional:b},default:b,objectStorage!:{bucket!:s,caCert:s,"
                "caCertRef^18:{key!:s,name:s,optional:b},prefix:s},provider!:s,"
                "validationFrequency:?s},status:{accessMode:s(ReadOnly|ReadWrite),"
                "lastSyncedRevision:s,lastSyncedTime:?t,lastValidationTime:?t,message:s,"
                "phase:s(Available|Unavailable)}}" },
        { "VolumeSnapshotLocation",
                "{spec:{config:<s>,credential:{key!:s,name:s,optional:b},provider!:s},status:{"
                "phase:s(Available|Unavailable)}}" },
        { "BackupRepository",
                "{spec:{backupStorageLocation!:s,maintenanceFrequency!:s,repositoryConfig:?<s>,"
                "repositoryType:s(kopia|restic|),resticIdentifier:s,volumeNamespace!:s},status:{"
                "lastMaintenanceTime:?t,message:s,phase:s(New|Ready|NotReady),recentMaintenance:[{"
                "completeTimestamp:?t,message:s,result:s(Succeeded|Failed),startTimestamp:?t}]}}" },
        { "PodVolumeBackup",
                "{spec:{backupStorageLocation!:s,cancel:b,node!:s,pod!:{apiVersion:s,fieldPath:s,"
                "kind:s,name:s,namespace:s,resourceVersion:s,uid:s},repoIdentifier!:s,tags:<s>,"
                "uploaderSettings:?<s>,uploaderType:s(kopia|restic|),volume!:s},status:{"
                "acceptedTimestamp:?t,completionTimestamp:?t,incrementalBytes^18:i,message:s,"
                "path:s,"
                "phase:s(New|Accepted|Prepared|InProgress|Canceling|Canceled|Completed|Failed),"
                "progress:{bytesDone:i,totalBytes:i},snapshotID:s,startTimestamp:?t}}" },
        { "PodVolumeRestore",
                "{spec:{backupStorageLocation!:s,cancel:b,pod!:{apiVersion:s,fieldPath:s,kind:s,"
                "name:s,namespace:s,resourceVersion:s,uid:s},repoIdentifier!:s,snapshotID!:s,"
                "snapshotSize^18:i,sourceNamespace!:s,uploaderSettings:?<s>,uploaderType:s(kopia|"
                "restic|),volume!:s},status:{acceptedTimestamp:?t,completionTimestamp:?t,message:s,"
                "node:s,phase:s(New|Accepted|Prepared|InProgress|Canceling|Canceled|Completed|"
                "Failed),progress:{bytesDone:i,totalBytes:i},startTimestamp:?t}}" },
        { "DeleteBackupRequest",
                "{spec:{backupName!:s},status:{errors:?[s],phase:s(New|InProgress|Processed)}}" },
        { "DownloadRequest",
                "{spec:{target!:{kind!:s(BackupLog|BackupContents|BackupVolumeSnapshots|"
                "BackupItemOperations|BackupResourceList|BackupResults|RestoreLog|RestoreResults|"
                "RestoreResourceList|RestoreItemOperations|CSIBackupVolumeSnapshots|"
                "CSIBackupVolumeSnapshotContents|BackupVolumeInfos|RestoreVolumeInfo),name!:s}},"
                "status:{downloadURL:s,expiration:?t,phase:s(New|Processed)}}" },
        { "ServerStatusRequest",
                "{spec:x,status:{phase:s(New|Processed),plugins:?[{kind!:s,name!:s}],"
                "processedTimestamp:?t,serverVersion:s}}" },
        { "DataUpload",
                "{spec:{backupStorageLocation!:s,cancel:b,csiSnapshot:?{driver:s,snapshotClass:s,"
                "storageClass!:s,volumeSnapshot!:s},dataMoverConfig:?<s>,datamover:s,"
                "operationTimeout!:s,snapshotType!:s,sourceNamespace!:s,sourcePVC!:s},status:{"
                "acceptedByNode:s,acceptedTimestamp:?t,completionTimestamp:?t,dataMoverResult:?<s>,"
                "incrementalBytes^18:i,message:s,node:s,nodeOS:s(auto|linux|windows),path:s,"
                "phase:s(New|Accepted|Prepared|InProgress|Canceling|Canceled|Completed|Failed),"
                "progress:{bytesDone:i,totalBytes:i},snapshotID:s,startTimestamp:?t}}" },
        { "DataDownload",
                "{spec:{backupStorageLocation!:s,cancel:b,dataMoverConfig:<s>,datamover:s,"
                "nodeOS:s(auto|linux|windows),operationTimeout!:s,snapshotID!:s,snapshotSize^18:i,"
                "sourceNamespace!:s,targetVolume!:{namespace!:s,pv!:s,pvc!:s}},status:{"
                "acceptedByNode:s,acceptedTimestamp:?t,completionTimestamp:?t,message:s,node:s,"
                "phase:s(New|Accepted|Prepared|InProgress|Canceling|Canceled|Completed|Failed),"
                "progress:{bytesDone:i,totalBytes:i},startTimestamp:?t}}" },
        { NULL, NULL },
};
