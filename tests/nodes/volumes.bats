#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Volumes, backed up by file through Velero's node-agent, deleted, brought back, compared byte by byte.

load ../support/scenario
load nodes

setup_file() { nodes_setup_file; }
setup() { nodes_setup; }
teardown() { nodes_teardown; }

@test "an emptyDir: backed up by cp, the namespace deleted, restored, every byte as before" {
        mount_nodes
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
