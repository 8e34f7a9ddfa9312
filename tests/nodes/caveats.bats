#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Where Velero says Completed and there is no data: the status says so first.

load ../support/scenario
load nodes

setup_file() { nodes_setup_file; }
setup() { nodes_setup; }
teardown()
{
        [[ -z ${AGENT_GONE:-} ]] || "$BATS_TEST_DIRNAME/engine" install "$ENGINE_DIR" us-1 --use-node-agent >&2
        nodes_teardown
}

# volumes_of BACKUP CLUSTER: prints what node-agents have backed up for it, a line each.
volumes_of()
{
        list_objects "$2" podvolumebackups "velero.io/backup-name=$(run_file "$1" "$2" velero_name)" |
                jq -r '.items[] | "\(.spec.pod.name)/\(.spec.volume) \(.status.phase)"' | sort
}

@test "hostPath: Completed without data; the second line of the status and warnings.txt name each volume" {
        mount_ready
        namespace_new eu-1 "$NS"
        mkdir -p "$ENGINE_DIR/engine/eu-1/volumes/$NS"/{a,b}
        pod_start eu-1 "$NS" inside "{\"hostPath\": {\"path\": \"$ENGINE_DIR/engine/eu-1/volumes/$NS/a\"}}"
        api_expect 201 eu-1 POST /api/v1/persistentvolumes "{\"apiVersion\": \"v1\", \"kind\": \"PersistentVolume\", \"metadata\": {\"name\": \"$NS\"},
                \"spec\": {\"capacity\": {\"storage\": \"1Gi\"}, \"accessModes\": [\"ReadWriteOnce\"], \"storageClassName\": \"by-hand\",
                         \"hostPath\": {\"path\": \"$ENGINE_DIR/engine/eu-1/volumes/$NS/b\"}}}" >/dev/null
        claim eu-1 "$NS" files
        pod_start eu-1 "$NS" behind '{"persistentVolumeClaim": {"claimName": "files"}}'
        pod_start eu-1 "$NS" good '{"emptyDir": {}}'
        policy_of "$NS" eu-1 >"$F/backups/$NS.yaml"
        finished "$F/backups/$NS" Completed

        # Velero's truth: one volume, and one warning for two that it has not.
        assert_equal 'good/data Completed' "$(volumes_of "$NS" eu-1)"
        assert_equal 1 "$(run_file "$NS" eu-1 warnings)"
        eventually 10 grep -q FLT-0287 "$F/backups/$NS/warnings.txt"
        text=$(tr -s ' \n' ' ' <"$F/backups/$NS/warnings.txt")
        assert_match "hostPath on eu-1 are not backed up: pod $NS/inside \(data\), claim $NS/files" "$text"
        assert_match '^caveat: +FLT-0287 volumes of type hostPath' "$(sed -n 2p "$F/backups/$NS/status.txt")"
}

@test "no node-agent: the field stays unset, the backup is Completed, and the second line says what it has not" {
        AGENT_GONE=1
        api us-1 DELETE /apis/apps/v1/namespaces/velero/daemonsets/node-agent >/dev/null
        mount_ready
        eventually_equal 20 0 cat "$F/clusters/us-1/node_agent"
        namespace_new us-1 "$NS"
        pod_start us-1 "$NS" app '{"emptyDir": {}}'
        policy_of "$NS" us-1 >"$F/backups/$NS.yaml"
        finished "$F/backups/$NS" Completed
        # What Velero's server fills in is its own.
        api us-1 GET "$VELERO/backups/$(run_file "$NS" us-1 velero_name)" |
                jq -e '.spec.defaultVolumesToFsBackup != true and
                       ([.metadata.managedFields[] | select(.manager == "fleetfs") | .fieldsV1["f:spec"]] |
                        length > 0 and all(.[]; has("f:defaultVolumesToFsBackup") | not))'
        assert_equal '' "$(volumes_of "$NS" us-1)"
        assert_match '^caveat: +FLT-0301 volumes on us-1 are not backed up: no node-agent' "$(sed -n 2p "$F/backups/$NS/status.txt")"
        assert_file_contains "$F/backups/$NS/warnings.txt" 'FLT-0301'
}

@test "the node-agent is back: fleetfs notices, and the next run has the volumes" {
        "$BATS_TEST_DIRNAME/engine" install "$ENGINE_DIR" us-1 --use-node-agent
        mount_ready
        eventually_equal 20 1 cat "$F/clusters/us-1/node_agent"
        namespace_new us-1 "$NS"
        pod_start us-1 "$NS" app '{"emptyDir": {}}'
        policy_of "$NS" us-1 >"$F/backups/$NS.yaml"
        finished "$F/backups/$NS" Completed
        assert_equal 'app/data Completed' "$(volumes_of "$NS" us-1)"
        refute_file_contains "$F/backups/$NS/warnings.txt" 'FLT-0301'
}
