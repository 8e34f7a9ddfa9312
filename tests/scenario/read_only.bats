# SPDX-License-Identifier: Apache-2.0
# Mounts that only read, beside the one that writes the same store: -o ro, and a second one that came too late.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-o 2
        done
}

teardown() { scheduled_teardown; }

nightly() { scheduled_policy shop-o "$LATER"; }
# Everything that a write would change, or a file that was read and written again; the log of the one that writes aside.
store_files() { find "$TEST_DIR/state" ! -name 'fleetfs.log*' -printf '%p %s %T@ %C@ %i\n' | sort; }

@test "they read the store once, write nothing to it, and follow what the clusters have; status says what is missing" {
        local before g file
        mount_ready
        nightly >"$F/backups/ends.yaml"
        nightly >"$F/backups/paused.yaml"
        eventually 20 phase_is "$F/backups/ends" Scheduled
        eventually 20 phase_is "$F/backups/paused" Scheduled
        echo pause >"$F/backups/paused/ctl"
        eventually 20 phase_is "$F/backups/paused" Paused
        sleep 1
        before=$(store_files)
        mount_fleet_at asked -o ro
        mount_fleet_at late
        for g in "$TEST_DIR"/{asked,late}/prod; do
                eventually 30 all_ready "$g"
                eventually 20 phase_is "$g/backups/ends" Scheduled
                eventually 20 phase_is "$g/backups/paused" Paused
                assert_equal "$(cat "$F/backups/ends.yaml")" "$(cat "$g/backups/ends.yaml")"
                assert_match 'note: read-only: the store was read at [0-9TZ:-]+; .* mount again to read it anew' \
                        "$(tr -s ' \n' ' ' <"$g/status.txt")"
                [[ $(json "$g/status.json" .readOnlyStore.readAt) == 20* ]] || assert_fail "$g/status.json does not say when"
                assert_fails_with 'Read-only file system' touch "$g/backups/x.yaml"
        done
        assert_equal null "$(json "$F/status.json" .readOnlyStore)"
        assert_equal "$before" "$(store_files)" 'the store'

        nightly >"$F/backups/comes.yaml"
        echo resume >"$F/backups/paused/ctl"
        rm "$F/backups/ends.yaml"
        for g in "$TEST_DIR"/{asked,late}/prod; do
                eventually 20 phase_is "$g/backups/comes" Scheduled
                # Nobody but the other mount was at it.
                eventually 20 phase_is "$g/backups/paused" Scheduled
                eventually 20 grep -q 'FLT-0317' "$g/backups/ends/status.txt"
                # An edit of the other mount is no drift.
                for file in "$g/status.txt" "$g"/backups/{ends,paused,comes}/status.txt; do
                        refute_file_contains "$file" FLT-0312
                done
        done
        # Read anew, all of it is as the store has it.
        umount_fleet asked
        mount_fleet_at asked -o ro
        g=$TEST_DIR/asked/prod
        eventually 30 all_ready "$g"
        refute_exists "$g/backups/ends" "$g/backups/ends.yaml"
        eventually 20 phase_is "$g/backups/paused" Scheduled
}
