# SPDX-License-Identifier: Apache-2.0
# The disk of the state folder is full: cp says so, what is in force stays, and nothing is sent that could not be kept.

load ../support/scenario

all_ready() { [[ $(json "$F/status.json" '[.clusters[] | select(.phase == "Ready")] | length') == 3 ]]; }

teardown()
{
        scenario_teardown
        umount "$TEST_DIR/small" 2>/dev/null || true
}

@test "a policy that cannot be kept: ENOSPC at cp, the old one stays, and it works again when there is room" {
        [[ $(id -u) -eq 0 ]] || skip 'needs root, to mount a small disk'
        mkdir -p "$TEST_DIR/small"
        mount -t tmpfs -o size=256k none "$TEST_DIR/small"
        mount_fleet --state-dir "$TEST_DIR/small/fleetfs"
        eventually 20 all_ready
        printf 'policy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [default]}\n' >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/kept.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/backups/kept/wait")"
        dd if=/dev/zero of="$TEST_DIR/small/fill" bs=4k 2>/dev/null || true
        # Larger than what any free block left inside the record could hold.
        { cat "$TEST_DIR/p.yaml"; printf '# %s\n' "$(head -c 20000 /dev/zero | tr '\0' x)"; } >"$TEST_DIR/q.yaml"
        assert_fails_with 'No space left' cp "$TEST_DIR/q.yaml" "$F/backups/kept.yaml"
        assert_equal "$(cat "$TEST_DIR/p.yaml")" "$(cat "$F/backups/kept/applied.yaml")" 'what is in force'
        assert_equal 1 "$(count_objects eu-1 backups fleetfs.dev/name=kept)"
        assert_fails_with 'No space left' cp "$TEST_DIR/q.yaml" "$F/backups/new.yaml"
        assert_equal 0 "$(count_objects eu-1 backups fleetfs.dev/name=new)"
        rm "$TEST_DIR/small/fill"
        cp "$TEST_DIR/q.yaml" "$F/backups/kept.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/backups/kept/wait")"
        assert_equal 2 "$(count_objects eu-1 backups fleetfs.dev/name=kept)"
}
