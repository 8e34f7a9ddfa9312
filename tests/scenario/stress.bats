# SPDX-License-Identifier: Apache-2.0
# All threads at once. Its proof is a build with a sanitizer, whose findings fail a test (tests/support/scenario.bash).

load ../support/scenario

@test "writers, renamers, readers, folders and verbs at once, on the same names" {
        sim_only 'what is accepted is hundreds of backups'
        mount_fleet
        eventually 60 all_ready
        timeout 60 python3 "$SUPPORT_DIR/stress.py" "$F" 20
        # It goes on, and knows what it has.
        backup_policy shop "$(destination us-1)" >"$F/backups/after.yaml"
        completed "$F/backups/after"
        umount_fleet
}
