#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What Velero does with locations, backups, schedules, downloads and deletions. Measured on the real engine;
# the simulator is checked against it by running the same file (FLEETFS_ENGINE=sim).

load ../support/scenario
load truth

setup_file()
{
        truth_setup_file 1
        [[ -z $SCENARIO_SKIP ]] || return 0
        export SHOP
        SHOP=$(own shop)
        seed_objects eu-1 "$SHOP" 10
        # A cluster-scoped object that nothing refers to.
        api_expect 201 eu-1 POST /apis/rbac.authorization.k8s.io/v1/clusterroles \
                "{\"apiVersion\": \"rbac.authorization.k8s.io/v1\", \"kind\": \"ClusterRole\", \"metadata\": {\"name\": \"lonely-$RUN\"}, \"rules\": []}" >/dev/null
}

# only_shop [MORE]: prints a spec for the seeded namespace, with MORE added.
only_shop() { jq -cn --arg ns "$SHOP" --argjson more "${1:-$NOTHING}" '{includedNamespaces: [$ns]} * $more'; }

# refused NAME SPEC: posts a Backup that must end as FailedValidation; prints the errors, one a line.
refused()
{
        local object
        object=$(backup eu-1 "$@" | record "backup-failedvalidation-${1%"-$RUN"}") || return 1
        assert_equal FailedValidation "$(jq -r .status.phase <<<"$object")" "phase of $1" || return 1
        jq -r '.status.validationErrors[]' <<<"$object"
}

# resources_of BACKUP: prints the resource list of a backup.
resources_of() { download eu-1 BackupResourceList "$1"; }

# --- the server ----------------------------------------------------------------------------------

@test "server: a ServerStatusRequest is answered with version and plugins" {
        name=$(own status)
        start=$EPOCHREALTIME
        post eu-1 ServerStatusRequest "$name" '{}'
        eventually_equal 10 Processed velero_phase eu-1 serverstatusrequests "$name"
        measured "ServerStatusRequest Processed after $(seconds_since "$start") s"
        answer=$(get eu-1 serverstatusrequests "$name" | record serverstatusrequest)
        assert_equal v1.18.3 "$(jq -r .status.serverVersion <<<"$answer")"
        assert_equal velero.io/aws "$(jq -r '.status.plugins[] | select(.kind == "ObjectStore") | .name' <<<"$answer")"
        jq -e '.status.processedTimestamp | fromdate > 0' <<<"$answer"
}

@test "install: velero install makes thirteen definitions and a Deployment object" {
        assert_equal 13 "$(count_objects eu-1 customresourcedefinitions component=velero)"
        api eu-1 GET /apis/apps/v1/namespaces/velero/deployments/velero | record deployment-velero |
                jq -e '.metadata.labels.component == "velero" and .spec.selector.matchLabels == {deploy: "velero"}'
        api eu-1 GET /api/v1/namespaces/velero | record namespace-velero | jq -e '.metadata.labels.component == "velero"'
}

@test "install: the server makes the Secret with the repository password" {
        api eu-1 GET /api/v1/namespaces/velero/secrets/velero-repo-credentials | record secret-repo-credentials |
                jq -e '.data["repository-password"] | @base64d == "static-passw0rd"'
}

# --- locations -----------------------------------------------------------------------------------

@test "location: the default one is Available" {
        get eu-1 backupstoragelocations default | record backupstoragelocation |
                jq -e '.spec.default and .status.phase == "Available" and (.status.lastValidationTime | fromdate > 0)'
}

@test "location: a new one is looked at when it is made" {
        name=$(own location)
        spec=$(location_spec "$name")
        start=$EPOCHREALTIME
        location eu-1 "$name" "$spec" | jq -e '.status.phase == "Available"'
        measured "location Available after $(seconds_since "$start") s"
}

@test "location: a bucket that does not exist is Unavailable, with a message" {
        name=$(own no-bucket)
        location eu-1 "$name" "$(location_spec x '{"objectStorage": {"bucket": "nobody"}}')" | record backupstoragelocation-unavailable |
                jq -e '.status.phase == "Unavailable" and (.status.message | contains("NoSuchBucket"))'
}

@test "location: at the bucket's root beside prefixes is Unavailable" {
        # The prefixes exist in the bucket as soon as something was stored.
        backup eu-1 "$(own root)" "$(only_shop)" >/dev/null
        location eu-1 "$(own at-root)" "$(location_spec '' | jq -c 'del(.objectStorage.prefix)')" | record backupstoragelocation-root |
                jq -e '.status.phase == "Unavailable" and (.status.message | contains("Backup store contains invalid top-level directories: ["))'
}

@test "location: a change of its spec is looked at as well" {
        name=$(own changed)
        location eu-1 "$name" "$(location_spec x '{"objectStorage": {"bucket": "nobody"}}')" >/dev/null
        api eu-1 PATCH "$VELERO/backupstoragelocations/$name" "{\"spec\": $(location_spec "$name")}"
        eventually_equal 15 Available velero_phase eu-1 backupstoragelocations "$name"
}

# --- backups -------------------------------------------------------------------------------------

@test "backup: goes through its phases to Completed" {
        name=$(own phases)
        watch_into "$TEST_DIR/events" eu-1 "$VELERO/backups"
        start=$EPOCHREALTIME
        backup eu-1 "$name" "$(only_shop)" >/dev/null
        measured "Backup Completed after $(seconds_since "$start") s"
        eventually 5 grep -q '"phase":"Completed"' "$TEST_DIR/events"
        watch_end
        record watch-backup <"$TEST_DIR/events" >/dev/null
        assert_equal '- Queued ReadyToStart InProgress Finalizing Completed' "$(phases_of "$TEST_DIR/events" "$name")"
}

@test "backup: the server fills in its spec, labels and annotations" {
        object=$(backup eu-1 "$(own filled)" "$(only_shop)" '{"labels": {"a": "b"}, "annotations": {"c": "d"}}' | record backup)
        jq -e --arg ns "$SHOP" '.spec | .ttl == "720h0m0s" and .csiSnapshotTimeout == "10m0s" and .itemOperationTimeout == "4h0m0s" and
                .storageLocation == "default" and .includedNamespaces == [$ns] and .snapshotMoveData == false and
                .defaultVolumesToFsBackup == false' <<<"$object"
        jq -e '.metadata.labels == {a: "b", "velero.io/storage-location": "default"}' <<<"$object"
        jq -e '.metadata.annotations | .c == "d" and (.["velero.io/source-cluster-k8s-gitversion"] | startswith("v1.")) and
                .["velero.io/source-cluster-k8s-major-version"] == "1" and has("velero.io/source-cluster-k8s-minor-version") and
                has("velero.io/resource-timeout")' <<<"$object"
}

@test "backup: snapshot kinds are added to the excludes of its filters' style" {
        none=$(backup eu-1 "$(own excludes-new)" "$(only_shop)")
        old=$(backup eu-1 "$(own excludes-old)" "$(only_shop '{"includedResources": ["configmaps"]}')")
        jq -e '.spec.excludedClusterScopedResources == ["volumesnapshotcontents.snapshot.storage.k8s.io"] and
               .spec.excludedNamespaceScopedResources == ["volumesnapshots.snapshot.storage.k8s.io"]' <<<"$none"
        jq -e '.spec.excludedResources | sort == ["volumesnapshotcontents.snapshot.storage.k8s.io", "volumesnapshots.snapshot.storage.k8s.io"]' <<<"$old"
}

@test "backup: its status counts, and expires by its time to live" {
        object=$(backup eu-1 "$(own status-fields)" "$(only_shop '{"ttl": "1h30m"}')")
        jq -e '.spec.ttl == "1h30m"' <<<"$object"
        jq -e '.status | .version == 1 and .formatVersion == "1.1.0" and .progress.totalItems > 10 and
                .progress.itemsBackedUp == .progress.totalItems and .errors == null and .warnings == null' <<<"$object"
        jq -e '.status | (.expiration | fromdate) - (.startTimestamp | fromdate) | . >= 5399 and . <= 5402' <<<"$object"
        jq -e '.status | (.completionTimestamp | fromdate) >= (.startTimestamp | fromdate)' <<<"$object"
}

@test "backup: four at once run one by one, and say their place" {
        local posts=()
        watch_into "$TEST_DIR/events" eu-1 "$VELERO/backups"
        for i in 1 2 3 4; do
                post eu-1 Backup "$(own "queue-$i")" "$(only_shop)" >/dev/null 3>&- & posts+=($!)
        done
        wait "${posts[@]}"
        for i in 1 2 3 4; do
                eventually_equal 60 Completed velero_phase eu-1 backups "$(own "queue-$i")"
        done
        watch_end
        record watch-queue <"$TEST_DIR/events" >/dev/null
        # Nothing else runs while one is InProgress.
        jq -rn --arg run "$RUN" '[inputs | .object | select(.metadata.name | startswith("queue-"))] |
                reduce .[] as $o ({running: {}, most: 0};
                        .running[$o.metadata.name] = ($o.status.phase == "InProgress") |
                        .most = ([.most, ([.running[] | select(.)] | length)] | max)) | .most' "$TEST_DIR/events" >"$TEST_DIR/most"
        assert_equal 1 "$(cat "$TEST_DIR/most")" 'backups that run at once'
        positions=$(jq -r 'select(.object.metadata.name | startswith("queue-")) | .object.status | select(.phase == "Queued") | .queuePosition // "none"' \
                "$TEST_DIR/events" | sort -un | paste -sd' ')
        assert_match '^1 2( 3)?( 4)?$' "$positions" 'positions in the queue'
        jq -e '.status.queuePosition == null' <<<"$(get eu-1 backups "$(own queue-4)")"
}

@test "backup: an unfiltered one leaves unrelated cluster-scoped objects out" {
        name=$(own unfiltered)
        backup eu-1 "$name" '{}' | jq -e '.status.phase == "Completed" and .spec.includedNamespaces == ["*"]'
        list=$(resources_of "$name" | record download-backupresourcelist)
        jq -e --arg ns "$SHOP" '.["v1/ConfigMap"] | index("\($ns)/config-1") != null' <<<"$list"
        jq -e --arg ns "$SHOP" '.["v1/Namespace"] | index($ns) != null' <<<"$list"
        jq -e --arg role "lonely-$RUN" '.["rbac.authorization.k8s.io/v1/ClusterRole"] // [] | index($role) == null' <<<"$list"
}

@test "backup: includedClusterScopedResources * has them" {
        name=$(own cluster-scoped)
        backup eu-1 "$name" '{"includedNamespaces": ["*"], "includedClusterScopedResources": ["*"]}' | jq -e '.status.phase == "Completed"'
        resources_of "$name" | jq -e --arg role "lonely-$RUN" '.["rbac.authorization.k8s.io/v1/ClusterRole"] | index($role) != null'
}

@test "backup: includeClusterResources true has them" {
        name=$(own cluster-resources)
        backup eu-1 "$name" '{"includeClusterResources": true}' | jq -e '.status.phase == "Completed"'
        resources_of "$name" | jq -e --arg role "lonely-$RUN" '.["rbac.authorization.k8s.io/v1/ClusterRole"] | index($role) != null'
}

@test "backup: a label selector selects" {
        name=$(own selector)
        backup eu-1 "$name" "{\"labelSelector\": {\"matchLabels\": {\"seed\": \"$SHOP\"}}}" >/dev/null
        resources_of "$name" | jq -e --arg ns "$SHOP" '.["v1/ConfigMap"] | length == 10 and all(.[]; startswith("\($ns)/config-"))'
}

@test "backup: a namespace that does not exist makes it PartiallyFailed, the rest is in it" {
        name=$(own nowhere)
        backup eu-1 "$name" "{\"includedNamespaces\": [\"nowhere\", \"$SHOP\"]}" | record backup-partiallyfailed |
                jq -e '.status.phase == "PartiallyFailed" and .status.errors == 1 and .status.progress.totalItems > 10'
        download eu-1 BackupResults "$name" | record download-backupresults-errors | jq -e \
                '.errors.velero == [" resource: /namespaces message: /fail to get the namespace nowhere specified in backup.Spec.IncludedNamespaces"]'
}

@test "backup: an empty name of a namespace makes it PartiallyFailed, too; of a kind it means nothing" {
        name=$(own nameless)
        backup eu-1 "$name" '{"includedNamespaces": [""]}' | jq -e '.status.phase == "PartiallyFailed" and .status.errors == 1'
        download eu-1 BackupResults "$name" | jq -e \
                '.errors.velero == [" resource: /namespaces message: /fail to get the namespace  specified in backup.Spec.IncludedNamespaces"]'
        backup eu-1 "$(own kindless)" "$(only_shop '{"includedResources": [""]}')" |
                jq -e '.status.phase == "Completed" and .status.progress.totalItems > 10'
}

@test "backup: a pattern of namespaces that matches none is no error" {
        backup eu-1 "$(own no-match)" '{"includedNamespaces": ["nowhere-*"]}' |
                jq -e '.status.phase == "Completed" and (.status.progress.totalItems // 0) == 0'
}

@test "backup: kinds that do not exist are no error" {
        backup eu-1 "$(own no-kind)" '{"includedResources": ["zorks"]}' |
                jq -e '.status.phase == "Completed" and (.status.progress.totalItems // 0) == 0'
}

@test "backup: volumes by file without volumes and node-agent is no error" {
        backup eu-1 "$(own by-file)" "$(only_shop '{"defaultVolumesToFsBackup": true, "snapshotVolumes": false}')" |
                jq -e '.status.phase == "Completed" and .status.warnings == null and .spec.snapshotVolumes == false'
}

@test "backup: a duration that Go cannot read stops the server for all backups, until it is deleted" {
        real_only 'a simulated server does not hang'
        slow 'the server tries again after a while only'
        name=$(own bananas)
        post eu-1 Backup "$name" '{"includedNamespaces": ["default"], "ttl": "5 bananas"}'
        post eu-1 Backup "$(own stopped)" "$(only_shop)"
        always 5 velero_phase_is eu-1 backups "$(own stopped)" -
        api_expect 200 eu-1 DELETE "$VELERO/backups/$name"
        start=$EPOCHREALTIME
        eventually_equal 120 Completed velero_phase eu-1 backups "$(own stopped)"
        measured "backups go on $(seconds_since "$start") s after the deletion of an unreadable one"
}

@test "backup: before its location is Available, fails for good" {
        name=$(own early)
        spec=$(location_spec "$name")
        # One that Velero has looked at in vain: right after it was made, the race would be lost at times.
        location eu-1 "$name" "$(jq -c '.objectStorage.bucket = "nobody"' <<<"$spec")" >/dev/null
        assert_equal "backup can't be created because BackupStorageLocation $name is in Unavailable status." \
                "$(refused "$(own early-backup)" "{\"storageLocation\": \"$name\"}")"
        api eu-1 PATCH "$VELERO/backupstoragelocations/$name" "{\"spec\": $spec}"
        eventually_equal 15 Available velero_phase eu-1 backupstoragelocations "$name"
        always 2 velero_phase_is eu-1 backups "$(own early-backup)" FailedValidation
}

@test "backup: a location that does not exist fails validation" {
        # The sentence is wrong about the default one: the backup has named this location.
        assert_equal 'an existing backup storage location was not specified at backup creation time and the default nope was not found. Please address this issue (see `velero backup-location -h` for options) and create a new backup. Error: BackupStorageLocation.velero.io "nope" not found' \
                "$(refused "$(own no-location)" '{"storageLocation": "nope"}')"
}

@test "backup: a ReadOnly location fails validation" {
        name=$(own read-only)
        location eu-1 "$name" "$(location_spec "$name" '{"accessMode": "ReadOnly"}')" | jq -e '.status.phase == "Available"'
        assert_equal "backup can't be created because backup storage location $name is currently in read-only mode" \
                "$(refused "$(own into-read-only)" "{\"storageLocation\": \"$name\"}")"
}

@test "backup: labelSelector and orLabelSelectors both fail validation" {
        assert_equal 'encountered labelSelector as well as orLabelSelectors in backup spec, only one can be specified' \
                "$(refused "$(own both-selectors)" '{"labelSelector": {"matchLabels": {"a": "b"}}, "orLabelSelectors": [{"matchLabels": {"a": "b"}}]}')"
}

@test "backup: old and new filters together fail validation" {
        assert_match '^include-resources, exclude-resources and include-cluster-resources are old filter parameters\.' \
                "$(refused "$(own mixed)" '{"includeClusterResources": true, "includedNamespaceScopedResources": ["configmaps"]}')"
}

@test "backup: a namespace that is included and excluded fails validation" {
        assert_match '^Invalid included/excluded namespace lists: excludes list cannot contain an item in the includes list: x$' \
                "$(refused "$(own contradiction)" '{"includedNamespaces": ["x"], "excludedNamespaces": ["x"]}')"
}

@test "backup: two snapshot locations of one provider fail every backup that names none" {
        for i in 1 2; do
                post eu-1 VolumeSnapshotLocation "$(own "vsl-$i")" '{"provider": "x"}'
        done
        errors=$(refused "$(own two-vsls)" "$(only_shop '{"snapshotVolumes": false}')")
        api eu-1 DELETE "$VELERO/volumesnapshotlocations"
        assert_equal 'provider x has more than one possible volume snapshot location, and none were specified explicitly or as a default' "$errors"
        eventually 10 none_left
}
none_left() { [[ $(count_objects eu-1 volumesnapshotlocations) == 0 ]]; }

# --- downloads -----------------------------------------------------------------------------------

@test "download: the log, the results, the contents and the volumes of a backup" {
        name=$(own downloads)
        backup eu-1 "$name" "$(only_shop)" >/dev/null
        start=$EPOCHREALTIME
        download eu-1 BackupLog "$name" >"$TEST_DIR/log"
        measured "DownloadRequest and download after $(seconds_since "$start") s"
        grep -q "^time=\".*level=info msg=.*backup=velero/$name" "$TEST_DIR/log"
        download eu-1 BackupResults "$name" | record download-backupresults | jq -e '.errors == {} and .warnings == {}'
        download eu-1 BackupVolumeInfos "$name" | record download-backupvolumeinfos | jq -e '. == []'
        download eu-1 BackupItemOperations "$name" | record download-backupitemoperations | jq -e '. == []'
        curl -sS --fail --noproxy '*' "$(download_url eu-1 BackupContents "$name")" >"$TEST_DIR/contents.tar.gz"
        tar tzf "$TEST_DIR/contents.tar.gz" >"$TEST_DIR/names"
        assert_equal metadata/version "$(head -n 1 "$TEST_DIR/names")"
        grep -qx "resources/configmaps/namespaces/$SHOP/config-1.json" "$TEST_DIR/names"
        grep -qx "resources/configmaps/v1-preferredversion/namespaces/$SHOP/config-1.json" "$TEST_DIR/names"
        grep -qx "resources/deployments.apps/namespaces/$SHOP/web.json" "$TEST_DIR/names"
        grep -qx "resources/namespaces/cluster/$SHOP.json" "$TEST_DIR/names"
        tar xzOf "$TEST_DIR/contents.tar.gz" "resources/configmaps/namespaces/$SHOP/config-1.json" | record download-item |
                jq -e '.kind == "ConfigMap" and .data.index == "1" and .metadata.uid != null'
}

@test "download: an artifact that does not exist is 404 at the store only" {
        name=$(own no-artifact)
        backup eu-1 "$name" "$(only_shop)" >/dev/null
        url=$(download_url eu-1 CSIBackupVolumeSnapshots "$name")
        assert_equal 404 "$(curl -sS --noproxy '*' -o /dev/null -w '%{http_code}' "$url")"
}

@test "download: of a backup that does not exist never gets a URL, and no reason" {
        request=$(own download-nothing)
        post eu-1 DownloadRequest "$request" '{"target": {"kind": "BackupLog", "name": "nope"}}'
        eventually 10 download_expires "$request"
        always 2 download_expires "$request"
        get eu-1 downloadrequests "$request" | record downloadrequest-never |
                jq -e '(.status.phase // "") == "" and (.status.downloadURL // "") == ""'
}
download_expires() { [[ $(field eu-1 downloadrequests "$1" '"\(.status.phase // "-") \(.status.expiration != null)"') == '- true' ]]; }

# --- deletion ------------------------------------------------------------------------------------

@test "deletion: a DeleteBackupRequest removes the backup, its data, its restores and itself" {
        name=$(own deleted)
        backup eu-1 "$name" "$(only_shop)" >/dev/null
        restore eu-1 "$name-restore" "{\"backupName\": \"$name\", \"namespaceMapping\": {\"$SHOP\": \"$name\"}}" >/dev/null
        uid=$(field eu-1 backups "$name" .metadata.uid)
        start=$EPOCHREALTIME
        request=$(api_expect 201 eu-1 POST "$VELERO/deletebackuprequests" "$(jq -cn --arg b "$name" --arg u "$uid" \
                '{apiVersion: "velero.io/v1", kind: "DeleteBackupRequest", metadata: {generateName: "\($b)-",
                  labels: {"velero.io/backup-name": $b, "velero.io/backup-uid": $u}}, spec: {backupName: $b}}')" |
                record deletebackuprequest | jq -r .metadata.name)
        eventually 20 api_expect 404 eu-1 GET "$VELERO/backups/$name"
        measured "backup gone $(seconds_since "$start") s after its DeleteBackupRequest"
        eventually 5 api_expect 404 eu-1 GET "$VELERO/deletebackuprequests/$request"
        eventually 5 api_expect 404 eu-1 GET "$VELERO/restores/$name-restore"
        # What was restored stays.
        assert_equal 10 "$(count_objects eu-1 "$name/configmaps" "seed=$SHOP")"
}

@test "deletion: of a backup that does not exist is Processed with an error" {
        request=$(own delete-nothing)
        post eu-1 DeleteBackupRequest "$request" '{"backupName": "nope"}'
        eventually_equal 10 Processed velero_phase eu-1 deletebackuprequests "$request"
        get eu-1 deletebackuprequests "$request" | record deletebackuprequest-processed |
                jq -e '.status.errors == ["backup deletion failed: backup not found"]'
}

@test "deletion: a plain DELETE of the object leaves the data, and sync brings it back" {
        slow 'the synchronization period of a minute'
        name=$(own comes-back)
        uid=$(backup eu-1 "$name" "$(only_shop)" | jq -r .metadata.uid)
        api_expect 200 eu-1 DELETE "$VELERO/backups/$name"
        start=$EPOCHREALTIME
        eventually 150 api_expect 200 eu-1 GET "$VELERO/backups/$name"
        measured "deleted backup synchronized after $(seconds_since "$start") s"
        get eu-1 backups "$name" | record backup-synchronized | jq -e --arg uid "$uid" '.status.phase == "Completed" and .metadata.uid != $uid'
}

# --- schedules -----------------------------------------------------------------------------------

@test "schedule: is Enabled" {
        name=$(own enabled)
        post eu-1 Schedule "$name" '{"schedule": "0 3 * * *", "template": {}}'
        eventually_equal 10 Enabled velero_phase eu-1 schedules "$name"
        get eu-1 schedules "$name" | record schedule | jq -e '.status.lastBackup == null'
}

@test "schedule: a bad cron expression is FailedValidation" {
        name=$(own bad-cron)
        post eu-1 Schedule "$name" '{"schedule": "61 * * * *", "template": {}}'
        eventually_equal 10 FailedValidation velero_phase eu-1 schedules "$name"
        get eu-1 schedules "$name" | record schedule-failedvalidation |
                jq -e '.status.validationErrors == ["invalid schedule: end of range (61) above maximum (59): \"61\""]'
}

@test "schedule: makes a backup with its annotations at the next minute" {
        slow 'up to two minutes'
        name=$(own minutely)
        post eu-1 Schedule "$name" "{\"schedule\": \"*/1 * * * *\", \"template\": {\"includedNamespaces\": [\"$SHOP\"], \"metadata\": {\"labels\": {\"from\": \"template\"}}}}" \
                '{"annotations": {"fleetfs.dev/x": "y"}, "labels": {"from": "schedule", "of": "schedule"}}'
        start=$EPOCHREALTIME
        eventually 130 child_of "$name"
        measured "first backup of a schedule after $(seconds_since "$start") s"
        child=$(child_of "$name")
        assert_match "^$name-[0-9]{14}$" "$child"
        eventually_equal 30 Completed velero_phase eu-1 backups "$child"
        get eu-1 backups "$child" | record backup-of-schedule |
                jq -e --arg name "$name" '.metadata.annotations["fleetfs.dev/x"] == "y" and
                        (.metadata.labels | .["velero.io/schedule-name"] == $name and .from == "template" and .of == null)'

        # An edit keeps what the schedule remembers.
        before=$(field eu-1 schedules "$name" .status.lastBackup)
        assert_match '^20.*Z$' "$before"
        export API_PATCH=json
        api_expect 422 eu-1 PATCH "$VELERO/schedules/$name" '[{"op": "test", "path": "/metadata/annotations/fleetfs.dev~1x", "value": "z"},
                {"op": "replace", "path": "/spec/schedule", "value": "0 4 * * *"}]'
        api_expect 200 eu-1 PATCH "$VELERO/schedules/$name" '[{"op": "test", "path": "/metadata/annotations/fleetfs.dev~1x", "value": "y"},
                {"op": "replace", "path": "/spec/schedule", "value": "0 4 * * *"}, {"op": "replace", "path": "/spec/template", "value": {}}]' |
                jq -e --arg before "$before" '.status.lastBackup == $before and .spec.template == {}'
        # Its backups outlive it.
        api_expect 200 eu-1 DELETE "$VELERO/schedules/$name"
        always 2 api_expect 200 eu-1 GET "$VELERO/backups/$child"
}
child_of() { list_objects eu-1 backups "velero.io/schedule-name=$1" | jq -er '.items[0].metadata.name'; }

@test "schedule: labels of the schedule are on its backups when the template has none" {
        slow 'up to two minutes'
        name=$(own labelled)
        post eu-1 Schedule "$name" "{\"schedule\": \"*/1 * * * *\", \"template\": {\"includedNamespaces\": [\"$SHOP\"]}}" '{"labels": {"of": "schedule"}}'
        eventually 130 child_of "$name"
        api_expect 200 eu-1 PATCH "$VELERO/schedules/$name" '{"spec": {"paused": true}}'
        get eu-1 backups "$(child_of "$name")" | jq -e '.metadata.labels.of == "schedule"'
}
