# SPDX-License-Identifier: Apache-2.0
# Restores: one-shot, of a policy, a run or a Velero backup, whole or filtered.

load ../support/scenario

# back_up NAME NAMESPACE CLUSTER...: a completed backup policy of that namespace.
back_up()
{
        local name=$1 ns=$2
        shift 2
        backup_policy "$ns" "$(destination "$@")" >"$F/backups/$name.yaml"
        completed "$F/backups/$name"
}

@test "a namespace that was deleted is brought back from the newest run" {
        mount_ready
        seed_objects eu-1 r1 3
        back_up r1 r1 eu-1
        delete_namespace eu-1 r1
        printf 'backupName: r1\npolicy:\n  resourceFilter: {includedNamespaces: [r1]}\n' >"$TEST_DIR/undo.yaml"
        cp "$TEST_DIR/undo.yaml" "$F/restores/undo1.yaml"
        completed "$F/restores/undo1"
        assert_equal 3 "$(count_objects eu-1 r1/configmaps seed=r1)"
        assert_file_contains "$F/restores/undo1/kurator.yaml" restoreNameInCluster
        assert_equal Completed "$(velero_phase eu-1 restores "$(cat "$F/restores/undo1/clusters/eu-1/velero_name")")"
}

@test "a restore runs once: written again it is EEXIST" {
        mount_ready
        seed_objects eu-1 r2 1
        back_up r2 r2 eu-1
        printf 'backupName: r2\n' >"$TEST_DIR/undo.yaml"
        cp "$TEST_DIR/undo.yaml" "$F/restores/undo2.yaml"
        completed "$F/restores/undo2"
        assert_fails_with 'File exists' cp "$TEST_DIR/undo.yaml" "$F/restores/undo2.yaml"
        assert_equal 1 "$(count_of eu-1 restores undo2)"
}

@test "touch of <policy>@latest.yaml restores all of its newest run" {
        mount_ready
        seed_objects eu-1 r3 2
        back_up r3 r3 eu-1
        delete_namespace eu-1 r3
        touch "$F/restores/r3@latest.yaml"
        eventually 10 test -d "$F/restores/r3@latest"
        completed "$F/restores/r3@latest"
        assert_equal 2 "$(count_objects eu-1 r3/configmaps seed=r3)"
        # Again: told, and after an rm done, at once.
        assert_fails_with 'File exists' touch "$F/restores/r3@latest.yaml"
        assert_match 'rm it, then touch it again' "$(unwrapped "$F/restores/r3@latest.error.txt")"
        delete_namespace eu-1 r3
        rm "$F/restores/r3@latest.yaml"
        touch "$F/restores/r3@latest.yaml"
        assert_equal Completed "$(end_of "$F/restores/r3@latest" | head -1)"
        assert_equal 2 "$(count_objects eu-1 r3/configmaps seed=r3)"
}

@test "@latest takes what is completed, while a cluster that is away still owes its run" {
        mount_ready
        seed_objects eu-1 r9 2
        cluster_stop ap-1
        eventually_equal 45 Unreachable cat "$F/clusters/ap-1/phase"
        printf 'destination: {clusters: [{name: ap-1}]}\n' >"$F/backups/r9.yaml"
        eventually 10 phase_is "$F/backups/r9" Pending
        # Nobody has one: what to do is to wait.
        refute touch "$F/restores/r9@latest.yaml"
        assert_match 'wait' "$(unwrapped "$F/restores/r9@latest.error.txt")"
        backup_policy r9 "$(destination eu-1 ap-1)" >"$F/backups/r9.yaml"
        eventually_equal 60 Completed cat "$F/backups/r9/runs/latest/clusters/eu-1/phase"
        delete_namespace eu-1 r9
        touch "$F/restores/r9@latest.yaml"
        completed "$F/restores/r9@latest"
        assert_equal 2 "$(count_objects eu-1 r9/configmaps seed=r9)"
        assert_match 'left out.*ap-1' "$(unwrapped "$F/restores/r9@latest/status.txt")"
        cluster_start ap-1
}

@test "namespaceMapping and a label filter restore a part elsewhere" {
        mount_ready
        seed_objects us-1 r4 2
        back_up r4 r4 us-1
        printf 'backupName: r4\npolicy:\n  namespaceMapping: {r4: r4-copy}\n  resourceFilter:\n    includedNamespaces: [r4]\n    includedResources: [configmaps]\n    labelSelector: {matchLabels: {seed: r4}}\n' >"$F/restores/map4.yaml"
        completed "$F/restores/map4"
        assert_equal 2 "$(count_objects us-1 r4-copy/configmaps seed=r4)"
        assert_equal 0 "$(count_objects us-1 r4-copy/secrets seed=r4)"
}

@test "the name of a Velero backup that nobody of the fleet made can be restored" {
        mount_ready
        seed_objects ap-1 r5 1
        api ap-1 POST "$VELERO/backups" '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"by-hand"},"spec":{"includedNamespaces":["r5"]}}' >/dev/null
        eventually_equal 30 Completed velero_phase ap-1 backups by-hand
        eventually 10 test -d "$F/clusters/ap-1/backups/by-hand"
        eventually_equal 10 Completed cat "$F/clusters/ap-1/backups/by-hand/phase"
        delete_namespace ap-1 r5
        printf 'backupName: by-hand\n' >"$F/restores/hand5.yaml"
        completed "$F/restores/hand5"
        assert_equal ap-1 "$(ls "$F/restores/hand5/clusters")"
        assert_equal 1 "$(count_objects ap-1 r5/configmaps seed=r5)"
}

@test "what cannot be restored is refused at cp, with the reason" {
        mount_ready
        printf 'backupName: no-such\n' >"$TEST_DIR/no.yaml"
        refute cp "$TEST_DIR/no.yaml" "$F/restores/no.yaml"
        assert_file_contains "$F/restores/no.error.txt" 'no-such'
        refute_exists "$F/restores/no"
        # Cut off: YAML that does not end in a newline.
        printf 'backupName: no-such' >"$TEST_DIR/cut.yaml"
        refute cp "$TEST_DIR/cut.yaml" "$F/restores/cut.yaml"
        assert_file_contains "$F/restores/cut.error.txt" 'FLT-0240'
        # A backup that is not Completed.
        api eu-1 POST "$VELERO/backups" '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"bad-one"},"spec":{"storageLocation":"nowhere"}}' >/dev/null
        eventually_equal 30 FailedValidation velero_phase eu-1 backups bad-one
        eventually_equal 10 FailedValidation cat "$F/clusters/eu-1/backups/bad-one/phase"
        printf 'backupName: bad-one\n' >"$TEST_DIR/bad.yaml"
        refute cp "$TEST_DIR/bad.yaml" "$F/restores/bad.yaml"
        assert_file_contains "$F/restores/bad.error.txt" 'not Completed'
        # A cluster that does not have it.
        seed_objects eu-1 r6 1
        back_up r6 r6 eu-1
        printf 'backupName: r6\ndestination: {clusters: [{name: us-1}]}\n' >"$TEST_DIR/where.yaml"
        refute cp "$TEST_DIR/where.yaml" "$F/restores/where.yaml"
        assert_file_contains "$F/restores/where.error.txt" 'us-1'
}

@test "a removed restore does not show, and Velero's own objects do" {
        mount_ready
        seed_objects eu-1 r7 1
        back_up r7 r7 eu-1
        printf 'backupName: r7\n' >"$F/restores/undo7.yaml"
        completed "$F/restores/undo7"
        rm "$F/restores/undo7.yaml"
        eventually 10 test ! -e "$F/restores/undo7"
        assert_equal 1 "$(find "$F/clusters/eu-1/restores" -mindepth 1 -maxdepth 1 -name 'undo7-*' | wc -l)"
        # The same after a restart.
        umount_fleet
        mount_ready
        refute_exists "$F/restores/undo7"
}

@test "a restore that only waits for a cluster that is away is called off" {
        mount_ready
        seed_objects eu-1 r8 1
        seed_objects ap-1 r8 1
        back_up r8 r8 eu-1 ap-1
        cluster_stop ap-1
        eventually_equal 45 Unreachable cat "$F/clusters/ap-1/phase"
        printf 'backupName: r8\n' >"$F/restores/undo8.yaml"
        eventually_equal 30 Completed cat "$F/restores/undo8/clusters/eu-1/phase"
        assert_equal Pending "$(cat "$F/restores/undo8/clusters/ap-1/phase")"
        assert_match 'until 20[0-9-]+T[0-9:]+Z' "$(cat "$F/restores/undo8/clusters/ap-1/status.txt")" 'how long it waits'
        rm "$F/restores/undo8.yaml"
        eventually 10 test ! -e "$F/restores/undo8"
        cluster_start ap-1
        eventually_equal 45 Ready cat "$F/clusters/ap-1/phase"
        sleep 2
        assert_equal 0 "$(count_of ap-1 restores undo8)"
}
