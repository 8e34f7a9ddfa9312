# SPDX-License-Identifier: Apache-2.0
# Velero's rules, told by fleetfs when the file is written: what Velero would refuse for good is refused with its place, what
# is accepted never becomes FailedValidation, and what only the cluster can know shows in Velero's own words.

load ../support/scenario
load ../e2e/truth

setup_file()
{
        scenario_setup_file 1
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        export RUN
        RUN=$(printf '%x' "$EPOCHSECONDS")
        seed_objects eu-1 "shop-$RUN" 1
}

document() { jq -cn --argjson s "${1//@/-$RUN}" '{apiVersion: "velero.io/v1", kind: "Backup", spec: $s}'; }

# both_refuse CODE SPEC: the same spec is FailedValidation for Velero, and refused by cp. Directly, then through the mount.
both_refuse()
{
        local name object
        N=$((${N:-0} + 1))
        name=refused-$N
        object=$(backup eu-1 "$name-$RUN" "${2//@/-$RUN}") || return 1
        assert_equal FailedValidation "$(jq -r .status.phase <<<"$object")" "Velero on $2" || return 1
        document "$2" >"$TEST_DIR/$name.json"
        refute cp "$TEST_DIR/$name.json" "$F/backups/$name.json" || return 1
        assert_match "^$1 $name\\.json:1:[1-9][0-9]*: .+" "$(unwrapped "$F/backups/$name.error.txt")" || return 1
        refute_exists "$F/backups/$name"
}

@test "what Velero fails for good is refused when it is written" {
        mount_ready
        both_refuse FLT-0220 '{"includedResources": ["pods"], "includedClusterScopedResources": ["nodes"]}'
        both_refuse FLT-0220 '{"excludedNamespaceScopedResources": ["pods"], "includeClusterResources": true}'
        both_refuse FLT-0221 '{"includedNamespaces": ["*", "shop@"]}'
        both_refuse FLT-0221 '{"excludedNamespaces": ["*"]}'
        both_refuse FLT-0221 '{"includedResources": ["pods"], "excludedResources": ["pods"]}'
        both_refuse FLT-0221 '{"excludedClusterScopedResources": ["*", "nodes"]}'
        both_refuse FLT-0222 '{"includedNamespaces": ["Shop"]}'
        both_refuse FLT-0222 '{"includedNamespaces": ["shop**"]}'
        both_refuse FLT-0222 '{"includedNamespaces": ["{a,b}"]}'
        both_refuse FLT-0222 '{"excludedNamespaces": ["shop[a"]}'
        both_refuse FLT-0223 '{"labelSelector": {"matchLabels": {"a": "b"}}, "orLabelSelectors": [{"matchLabels": {"c": "d"}}]}'
}

# doubtful CODE SPEC: Velero takes it and does what nobody meant: refused by cp.
doubtful()
{
        local name
        N=$((${N:-0} + 1))
        name=doubtful-$N
        document "$2" >"$TEST_DIR/$name.json"
        refute cp "$TEST_DIR/$name.json" "$F/backups/$name.json" || return 1
        assert_match "^$1 $name\\.json:1:[1-9][0-9]*: .+" "$(unwrapped "$F/backups/$name.error.txt")" || return 1
        refute_exists "$F/backups/$name"
}

@test "what Velero would misread is refused when it is written: an empty name" {
        mount_ready
        assert_equal PartiallyFailed "$(backup eu-1 "nameless-$RUN" '{"includedNamespaces": [""]}' | jq -r .status.phase)" 'Velero on ""'
        doubtful FLT-0222 '{"includedNamespaces": [""]}'
        doubtful FLT-0222 '{"includedNamespaces": ["*"], "excludedNamespaces": [""]}'
        doubtful FLT-0221 '{"includedResources": [""]}'
        doubtful FLT-0221 '{"excludedNamespaceScopedResources": ["pods", ""]}'
}

# accepted SPEC: through the mount; what became of it is looked at by all_ended.
accepted()
{
        N=$((${N:-0} + 1))
        document "$1" >"$F/backups/good-$N.json" || assert_fail "$1" "$(cat "$F/backups/good-$N.error.txt")" || return 1
        # One by one: Velero looks at its queue once a minute.
        end_of "$F/backups/good-$N" 120 >/dev/null
}
# all_ended N: so many, and none is FailedValidation.
all_ended()
{
        local i
        assert_equal "$1" "$N" || return 1
        for ((i = 1; i <= N; i++)); do
                end_of "$F/backups/good-$i" 120 >/dev/null || return 1
                assert_match '^(Completed|PartiallyFailed)$' \
                        "$(velero_phase eu-1 backups "$(cat "$F/backups/good-$i/runs/latest/clusters/eu-1/velero_name")")" "$(cat "$F/backups/good-$i.json")" || return 1
        done
}

@test "what is accepted is never FailedValidation" {
        mount_ready
        accepted '{"includedNamespaces": ["shop@"], "excludedNamespaces": ["other"], "ttl": "1h", "csiSnapshotTimeout": "5m", "itemOperationTimeout": "1h"}'
        accepted '{"includedNamespaces": ["sh?p@", "s[a-z]*@"], "includedResources": ["cm", "secrets"], "includeClusterResources": false}'
        accepted '{"includedNamespaces": ["shop@"], "labelSelector": {"matchLabels": {"a": "b"}}, "orLabelSelectors": []}'
        accepted '{"includedNamespaces": ["shop@"], "labelSelector": {}, "orLabelSelectors": [{"matchLabels": {"app": "web"}}, {}]}'
        accepted '{"includedNamespaces": ["shop@"], "includedResources": [], "includedClusterScopedResources": ["nodes"], "excludedResources": null}'
        accepted '{"includedNamespaces": ["shop@"], "excludedClusterScopedResources": ["*"], "includedNamespaceScopedResources": ["pods", "configmaps"]}'
        accepted '{"includedNamespaces": ["shop@"], "labelSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web"]}, {"key": "b", "operator": "DoesNotExist"}]}}'
        accepted '{"includedNamespaces": ["shop@"], "snapshotVolumes": false, "snapshotMoveData": false, "datamover": "velero", "uploaderConfig": {"parallelFilesUpload": 4}}'
        accepted '{"includedNamespaces": ["shop@"], "orderedResources": {"configmaps": "shop@/config-1"}, "volumeGroupSnapshotLabelKey": "velero.io/volume-group", "storageLocation": "default"}'
        accepted '{"includedNamespaces": ["shop@"], "hooks": {"resources": [{"name": "h", "includedNamespaces": ["shop@"], "labelSelector": {"matchLabels": {"none": "such"}}, "pre": [{"exec": {"command": ["true"], "onError": "Continue", "timeout": "5s"}}]}]}}'
        accepted '{"includedNamespaces": ["nowhere-*"], "metadata": {"labels": {"team": "a"}}}'
        all_ended 11
}

@test "what only the cluster can know shows per cluster, in Velero's words" {
        mount_ready
        document '{"includedNamespaces": ["shop@"], "volumeSnapshotLocations": ["nope"]}' >"$F/backups/vsl.json"
        document '{"includedNamespaces": ["shop@"], "resourcePolicy": {"kind": "configmap", "name": "nope"}}' >"$F/backups/policy.json"
        document '{"includedNamespaces": ["shop@"], "storageLocation": "nope"}' >"$F/backups/location.json"
        assert_match '^(Failed|PartiallyFailed)$' "$(end_of "$F/backups/vsl")"
        assert_match '^(Failed|PartiallyFailed)$' "$(end_of "$F/backups/policy")"
        assert_match 'eu-1: .*a VolumeSnapshotLocation CRD for the location nope with the name specified in the backup spec needs to be created' "$(unwrapped "$F/backups/vsl/error.txt")"
        assert_match 'eu-1: .*invalid resource policies: fail(ed)? to get .* velero/nope ' "$(unwrapped "$F/backups/policy/error.txt")"
        # A location that is missing may come yet: it is waited for, and nothing is posted that would fail for good.
        eventually 10 grep -q 'storage location "nope" does not exist' "$F/backups/location/error.txt"
        assert_equal 0 "$(count_of eu-1 backups location)"
        local spec
        spec=$(get eu-1 backupstoragelocations default | jq -c --arg p "nope-$RUN" '.spec | del(.default) | .objectStorage.prefix = $p')
        post eu-1 BackupStorageLocation nope "$spec" >/dev/null
        eventually 60 has_backup location
        eventually_equal 60 Completed velero_phase eu-1 backups "$(list_objects eu-1 backups fleetfs.dev/name=location | jq -r '.items[0].metadata.name')"
        # ReadOnly: the same.
        api eu-1 PATCH "$VELERO/backupstoragelocations/nope" '{"spec": {"accessMode": "ReadOnly"}}' >/dev/null
        document '{"includedNamespaces": ["shop@"], "storageLocation": "nope"}' >"$F/backups/readonly.json"
        eventually 10 grep -q 'storage location "nope" is ReadOnly' "$F/backups/readonly/error.txt"
        assert_equal 0 "$(count_of eu-1 backups readonly)"
}
has_backup() { [[ $(count_of eu-1 backups "$1") -ge 1 ]]; }
