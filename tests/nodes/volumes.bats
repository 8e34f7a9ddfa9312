#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Volumes, backed up by file through Velero's node-agent, deleted, brought back, compared byte by byte.

load ../support/scenario
load nodes

setup_file() { nodes_setup_file; }
setup() { nodes_setup; }
teardown() { nodes_teardown; }

@test "an emptyDir: backed up by cp, the namespace deleted, restored, every byte as before" {
        mount_ready
        namespace_new eu-1 "$NS"
        pod_start eu-1 "$NS" app '{"emptyDir": {}}'
        before=$(pod_fill eu-1 "$NS" app 20)
        policy_of "$NS" eu-1 >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/$NS.yaml"
        finished "$F/backups/$NS" Completed

        delete_namespace eu-1 "$NS"
        printf 'backupName: %s\n' "$NS" >"$F/restores/$NS.yaml"
        finished "$F/restores/$NS" Completed
        eventually "$POD_SECONDS" pod_running eu-1 "$NS" app
        assert_equal "$before" "$(pod_sum eu-1 "$NS" app)"
}

@test "a local volume of 400 MB: its bytes are told while it is backed up, and all of them are back afterwards" {
        mount_ready
        namespace_new eu-1 "$NS"
        local_pv eu-1 "$NS"
        claim eu-1 "$NS" files
        pod_start eu-1 "$NS" app '{"persistentVolumeClaim": {"claimName": "files"}}'
        before=$(pod_fill eu-1 "$NS" app 400)
        policy_of "$NS" eu-1 >"$F/backups/$NS.yaml"

        # While it runs: some bytes, and not yet all of them. It is held in the middle until it is to tell again.
        eventually "$VOLUME_SECONDS" uploader_freezer eu-1 "$NS" FROZEN
        eventually "$VOLUME_SECONDS" uploader_steps eu-1 "$NS" volume_begins
        sleep $((AGENT_TELLS_SECONDS + 1))
        eventually "$VOLUME_SECONDS" uploader_steps eu-1 "$NS" volume_moves
        measured "$(run_file "$NS" eu-1 volumes.txt | tail -1)"
        assert_match "volumes: 0 of 1 Completed; [1-9][0-9]* of [1-9][0-9]* bytes" "$(run_file "$NS" eu-1 status.txt)"
        uploader_freezer eu-1 "$NS" THAWED
        finished "$F/backups/$NS" Completed
        eventually_equal 15 Completed eval "run_file $NS eu-1 status.json | jq -r '.volumes[0].phase'"
        assert_match '^419430[0-9]{3}$|^4194[0-9]{5}$' "$(run_file "$NS" eu-1 bytes_total)" 'bytes of 400 MiB and small files'
        assert_equal "$(run_file "$NS" eu-1 bytes_total)" "$(run_file "$NS" eu-1 bytes_done)"
        assert_match "$NS/app/data +Completed +4194[0-9]+ +4194[0-9]+ +100 +eu-1" "$(run_file "$NS" eu-1 volumes.txt)"

        # Velero binds the claim anew, so an empty volume must be there.
        delete_namespace eu-1 "$NS"
        local_pv eu-1 "$NS-2"
        printf 'backupName: %s\n' "$NS" >"$F/restores/$NS.yaml"
        finished "$F/restores/$NS" Completed
        eventually "$POD_SECONDS" pod_running eu-1 "$NS" app
        assert_equal "$before" "$(pod_sum eu-1 "$NS" app)"
        eventually_equal 15 Completed eval "jq -r '.volumes[0].phase' $F/restores/$NS/clusters/eu-1/status.json"
}
