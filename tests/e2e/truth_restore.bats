#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What Velero does with restores, and with a backup that is handed over to another cluster: the way a
# migration goes. Measured on the real engine; the simulator is checked against it by running the same
# file (FLEETFS_ENGINE=sim).

load ../support/scenario
load truth

setup_file()
{
        truth_setup_file 2
        [[ -z $SCENARIO_SKIP ]] || return 0
        export SHOP SAVED
        SHOP=$(own shop)
        SAVED=$(own saved)
        seed_objects eu-1 "$SHOP" 10
        backup eu-1 "$SAVED" "{\"includedNamespaces\": [\"$SHOP\"]}" >/dev/null
}

# elsewhere NAME [MORE]: prints a spec that restores the saved backup into namespace NAME.
elsewhere()
{
        jq -cn --arg b "$SAVED" --arg from "$SHOP" --arg to "$1" --argjson more "${2:-$NOTHING}" \
                '{backupName: $b, namespaceMapping: {($from): $to}} * $more'
}

# refused NAME SPEC: posts a Restore that must end as FailedValidation; prints the errors, one a line.
refused()
{
        local object
        object=$(restore eu-1 "$@" | record "restore-failedvalidation-${1%"-$RUN"}") || return 1
        assert_equal FailedValidation "$(jq -r .status.phase <<<"$object")" "phase of $1" || return 1
        jq -r '.status.validationErrors[]' <<<"$object"
}

# --- restores ------------------------------------------------------------------------------------

@test "restore: into another namespace, through its phases to Completed" {
        name=$(own mapped)
        watch_into "$TEST_DIR/events" eu-1 "$VELERO/restores"
        start=$EPOCHREALTIME
        restore eu-1 "$name" "$(elsewhere "$name")" >/dev/null
        measured "Restore Completed after $(seconds_since "$start") s"
        watch_end
        record watch-restore <"$TEST_DIR/events" >/dev/null
        assert_match '^(- )?(New )?InProgress Finalizing Completed$' "$(phases_of "$TEST_DIR/events" "$name")"
        assert_equal 10 "$(count_objects eu-1 "$name/configmaps" "seed=$SHOP,velero.io/restore-name=$name,velero.io/backup-name=$SAVED")"
        assert_equal 1 "$(count_objects eu-1 "$name/deployments")"
        assert_equal "of $SHOP" "$(api eu-1 GET "/api/v1/namespaces/$name/secrets/web" | jq -r '.data.password | @base64d')"
}

@test "restore: the server fills in its spec, a finalizer and the counts" {
        name=$(own filled)
        object=$(restore eu-1 "$name" "$(elsewhere "$name")" | record restore)
        jq -e '.metadata.finalizers == ["restores.velero.io/external-resources-finalizer"]' <<<"$object"
        jq -e '.spec | .itemOperationTimeout == "4h0m0s" and (.excludedResources | index("nodes") != null and index("backups.velero.io") != null)' <<<"$object"
        jq -e '.status | .progress.totalItems > 10 and .progress.itemsRestored == .progress.totalItems and .errors == null and
                (.completionTimestamp | fromdate) >= (.startTimestamp | fromdate)' <<<"$object"
}

@test "restore: over what exists and is the same changes nothing, and is Completed" {
        name=$(own same)
        restore eu-1 "$name-1" "$(elsewhere "$name" '{"includedResources": ["configmaps"]}')" >/dev/null
        uid=$(api eu-1 GET "/api/v1/namespaces/$name/configmaps/config-1" | jq -r .metadata.uid)
        restore eu-1 "$name-2" "$(elsewhere "$name" '{"includedResources": ["configmaps"]}')" | jq -e '.status.phase == "Completed"'
        assert_equal "$uid" "$(api eu-1 GET "/api/v1/namespaces/$name/configmaps/config-1" | jq -r .metadata.uid)"
}

@test "restore: over what exists and differs is Completed with a warning, unless it is to update" {
        name=$(own differs)
        restore eu-1 "$name-1" "$(elsewhere "$name" '{"includedResources": ["configmaps"]}')" >/dev/null
        api eu-1 PATCH "/api/v1/namespaces/$name/configmaps/config-1" '{"data": {"index": "changed"}}' >/dev/null
        index() { api eu-1 GET "/api/v1/namespaces/$name/configmaps/config-1" | jq -r .data.index; }

        restore eu-1 "$name-2" "$(elsewhere "$name" '{"includedResources": ["configmaps"]}')" |
                jq -e '.status.phase == "Completed" and .status.warnings >= 1'
        assert_equal changed "$(index)"
        download eu-1 RestoreResults "$name-2" | record download-restoreresults |
                jq -e --arg ns "$name" '.warnings.namespaces[$ns] | map(select(contains("could not restore, ConfigMap:config-1 already exists. Warning: the in-cluster version is different than the backed-up version"))) | length == 1'

        restore eu-1 "$name-3" "$(elsewhere "$name" '{"includedResources": ["configmaps"], "existingResourcePolicy": "update"}')" |
                jq -e '.status.phase == "Completed"'
        assert_equal 1 "$(index)"
}

@test "restore: filters by kind, by label and by namespace" {
        name=$(own filters)
        restore eu-1 "$name" "$(elsewhere "$name" "{\"includedResources\": [\"configmaps\", \"secrets\"], \"labelSelector\": {\"matchLabels\": {\"seed\": \"$SHOP\"}}}")" >/dev/null
        assert_equal '10 1 0' "$(count_objects eu-1 "$name/configmaps" "seed=$SHOP") $(count_objects eu-1 "$name/secrets") $(count_objects eu-1 "$name/deployments")"
        restore eu-1 "$name-none" "$(elsewhere "$name-none" '{"includedNamespaces": ["other"]}')" | jq -e '.status.phase == "Completed"'
        api_expect 404 eu-1 GET "/api/v1/namespaces/$name-none"
}

@test "restore: its log, results, resources and volumes can be downloaded" {
        name=$(own downloads)
        restore eu-1 "$name" "$(elsewhere "$name")" >/dev/null
        download eu-1 RestoreLog "$name" | grep -q "restore=velero/$name"
        download eu-1 RestoreResourceList "$name" | record download-restoreresourcelist |
                jq -e --arg ns "$name" '.["v1/ConfigMap"] | index("\($ns)/config-1(created)") != null'
        download eu-1 RestoreVolumeInfo "$name" | record download-restorevolumeinfo | jq -e '. == []'
        download eu-1 RestoreItemOperations "$name" | record download-restoreitemoperations | jq -e '. == []'
}

@test "restore: of a backup that does not exist fails validation" {
        assert_equal "Error retrieving backup: can't find backup velero/nope: Backup.velero.io \"nope\" not found" "$(refused "$(own no-backup)" '{"backupName": "nope"}')"
}

@test "restore: neither backup nor schedule, and both, fail validation" {
        text='Either a backup or schedule must be specified as a source for the restore, but not both'
        assert_equal "$text" "$(refused "$(own no-source)" '{}')"
        assert_equal "$text" "$(refused "$(own two-sources)" "{\"backupName\": \"$SAVED\", \"scheduleName\": \"x\"}")"
}

@test "restore: both selectors, a bad policy, a kind that cannot be restored fail validation" {
        assert_equal 'encountered labelSelector as well as orLabelSelectors in restore spec, only one can be specified' \
                "$(refused "$(own both-selectors)" "{\"backupName\": \"$SAVED\", \"labelSelector\": {\"matchLabels\": {\"a\": \"b\"}}, \"orLabelSelectors\": [{\"matchLabels\": {\"a\": \"b\"}}]}")"
        assert_match '^Invalid ExistingResourcePolicy: zork' "$(refused "$(own bad-policy)" "{\"backupName\": \"$SAVED\", \"existingResourcePolicy\": \"zork\"}")"
        assert_match '^nodes are non-restorable resources' "$(refused "$(own nodes)" "{\"backupName\": \"$SAVED\", \"includedResources\": [\"nodes\"]}")"
}

@test "restore: by schedule takes the newest Completed backup of that label" {
        schedule=$(own by-schedule)
        for i in 1 2; do
                backup eu-1 "$schedule-$i" "{\"includedNamespaces\": [\"$SHOP\"]}" "{\"labels\": {\"velero.io/schedule-name\": \"$schedule\"}}" >/dev/null
                # Start times have seconds.
                sleep 1.1
        done
        backup eu-1 "$schedule-3" '{"storageLocation": "nope"}' "{\"labels\": {\"velero.io/schedule-name\": \"$schedule\"}}" >/dev/null
        restore eu-1 "$schedule" "{\"scheduleName\": \"$schedule\", \"namespaceMapping\": {\"$SHOP\": \"$schedule\"}}" | record restore-by-schedule |
                jq -e --arg b "$schedule-2" '.status.phase == "Completed" and .spec.backupName == $b'
}

@test "restore: one at a time" {
        local posts=() i
        watch_into "$TEST_DIR/events" eu-1 "$VELERO/restores"
        for i in 1 2 3; do
                post eu-1 Restore "$(own "one-$i")" "$(elsewhere "$(own "one-$i")")" >/dev/null 3>&- & posts+=($!)
        done
        wait "${posts[@]}"
        for i in 1 2 3; do
                eventually_equal 60 Completed velero_phase eu-1 restores "$(own "one-$i")"
        done
        watch_end
        most=$(jq -rn '[inputs | .object | select(.metadata.name | startswith("one-"))] |
                reduce .[] as $o ({running: {}, most: 0};
                        .running[$o.metadata.name] = ($o.status.phase == "InProgress") |
                        .most = ([.most, ([.running[] | select(.)] | length)] | max)) | .most' "$TEST_DIR/events")
        assert_equal 1 "$most" 'restores that run at once'
}

@test "restore: its deletion leaves what it restored" {
        name=$(own forgotten)
        restore eu-1 "$name" "$(elsewhere "$name")" >/dev/null
        api_expect 200 eu-1 DELETE "$VELERO/restores/$name" >/dev/null
        eventually 10 api_expect 404 eu-1 GET "$VELERO/restores/$name"
        assert_equal 10 "$(count_objects eu-1 "$name/configmaps" "seed=$SHOP")"
}

# --- from one cluster to another -----------------------------------------------------------------

# handed_over LOCATION: prints the saved backup as it is posted on the target: with its status.
handed_over()
{
        get eu-1 backups "$SAVED" | jq -c --arg l "$1" '
                del(.metadata.uid, .metadata.resourceVersion, .metadata.generation, .metadata.creationTimestamp, .metadata.managedFields) |
                .spec.storageLocation = $l | .metadata.labels["velero.io/storage-location"] = $l'
}

@test "migration: a finished backup that is posted with its status can be restored at once" {
        location=$(own from-eu) name=$(own moved)
        start=$EPOCHREALTIME
        location us-1 "$location" "$(location_spec eu-1 '{"accessMode": "ReadOnly", "backupSyncPeriod": "0s"}')" |
                jq -e '.status.phase == "Available"'
        api_expect 201 us-1 POST "$VELERO/backups?fieldValidation=Strict" "$(handed_over "$location")" | record backup-handed-over |
                jq -e '.status.phase == "Completed"'
        restore us-1 "$name" "{\"backupName\": \"$SAVED\", \"namespaceMapping\": {\"$SHOP\": \"$name\"}}" | jq -e '.status.phase == "Completed"'
        measured "migration by hand-over $(seconds_since "$start") s"
        assert_equal 10 "$(count_objects us-1 "$name/configmaps" "seed=$SHOP")"
        assert_equal "of $SHOP" "$(api us-1 GET "/api/v1/namespaces/$name/secrets/web" | jq -r '.data.password | @base64d')"

        # It is no backup of this cluster's own: it goes without a trace at the source.
        api_expect 200 us-1 DELETE "$VELERO/backups/$SAVED"
        api_expect 200 us-1 DELETE "$VELERO/backupstoragelocations/$location"
        always 2 api_expect 200 us-1 GET "$VELERO/restores/$name"
        assert_equal Completed "$(velero_phase eu-1 backups "$SAVED")"
        restore eu-1 "$name" "$(elsewhere "$name")" | jq -e '.status.phase == "Completed"'
}

@test "migration: sync leaves the handed-over backup alone, and a location without sync imports nothing" {
        slow 'the synchronization period of a minute'
        location=$(own quiet)
        location us-1 "$location" "$(location_spec eu-1 '{"accessMode": "ReadOnly", "backupSyncPeriod": "0s"}')" >/dev/null
        api_expect 201 us-1 POST "$VELERO/backups" "$(handed_over "$location")"
        always 75 api_expect 200 us-1 GET "$VELERO/backups/$SAVED"
        assert_equal 1 "$(count_objects us-1 backups "velero.io/storage-location=$location")"
        api us-1 DELETE "$VELERO/backups/$SAVED"
        api us-1 DELETE "$VELERO/backupstoragelocations/$location"
}

@test "migration: Velero's own sync finds the backup after a minute or two" {
        slow 'the synchronization period of a minute'
        location=$(own synced)
        location us-1 "$location" "$(location_spec eu-1 '{"accessMode": "ReadOnly"}')" >/dev/null
        start=$EPOCHREALTIME
        eventually 150 api_expect 200 us-1 GET "$VELERO/backups/$SAVED"
        measured "backup of another cluster synchronized after $(seconds_since "$start") s"
        get us-1 backups "$SAVED" | record backup-of-another-cluster | jq -e --arg l "$location" \
                '.spec.storageLocation == $l and .metadata.labels["velero.io/storage-location"] == $l and .status.phase == "Completed"'
        # A ReadOnly location's backups cannot be deleted.
        request=$(own delete-read-only)
        post us-1 DeleteBackupRequest "$request" "{\"backupName\": \"$SAVED\"}"
        eventually_equal 10 Processed velero_phase us-1 deletebackuprequests "$request"
        get us-1 deletebackuprequests "$request" | record deletebackuprequest-readonly |
                jq -e --arg l "$location" '.status.errors == ["backup deletion failed: cannot delete backup because backup storage location \($l) is currently in read-only mode"]'
}

@test "migration: a backup whose data is not there is restored by nobody" {
        location=$(own hollow)
        location us-1 "$location" "$(location_spec "$(own hollow-prefix)" '{"backupSyncPeriod": "0s"}')" >/dev/null
        hollow=$(own hollow-backup)
        api_expect 201 us-1 POST "$VELERO/backups" "$(handed_over "$location" | jq -c --arg n "$hollow" '.metadata.name = $n')"
        restore us-1 "$(own hollow-restore)" "{\"backupName\": \"$hollow\"}" | record restore-failed |
                jq -e '.status.phase == "Failed" and (.status.failureReason | length > 0)'
}
