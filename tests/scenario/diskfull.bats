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

# no_room / room: the disk of the state folder is full to the last block, and has room again.
no_room() { dd if=/dev/zero of="$TEST_DIR/small/fill" bs=4k 2>/dev/null || true; }
room() { rm -f "$TEST_DIR/small/fill"; }

# say OBJECT VERB
say() { printf '%s\n' "$2" >"$F/$1/ctl"; }

# changes CLUSTER: how many requests that change something the cluster has had.
changes()
{
        sim_ctl "$1" requests |
                jq '[.counts[] | select(.method != "GET" and (.resource | test("review") | not)) | .count] | add // 0'
}
all_changes() { changes eu-1; changes us-1; changes ap-1; }

# shown OBJECT: what of it must not change.
shown()
{
        ls "$F/$1/runs" 2>/dev/null
        cat "$F/$1/phase"
        jq -c '[.phase, .paused, .removed, .schedules, .clusters]' "$F/$1/status.json"
}

@test "a verb that cannot be kept: ENOSPC, make room, and nothing of it happens, not even when there is room again" {
        sim_only 'a backup that fails is scripted'
        [[ $(id -u) -eq 0 ]] || skip 'needs root, to mount a small disk'
        mkdir -p "$TEST_DIR/small"
        mount -t tmpfs -o size=512k none "$TEST_DIR/small"
        mount_fleet --state-dir "$TEST_DIR/small/fleetfs"
        eventually 20 all_ready
        local policy='policy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [default]}\n' run
        printf "$policy" >"$F/backups/once.yaml"
        printf "schedule: '0 0 1 1 *'\n$policy" >"$F/backups/plan.yaml"
        printf "schedule: '0 0 1 1 *'\n$policy" >"$F/backups/held.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/backups/once/wait")"
        say backups/held pause
        sim_ctl us-1 velero fail-next Failed >/dev/null
        printf "$policy" >"$F/backups/bad.yaml"
        assert_equal Failed "$(timeout 60 cat "$F/backups/bad/wait" || true)"
        printf 'backupName: once\n' >"$F/restores/undo.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/restores/undo/wait")"
        mkdir "$F/migrations/m"
        ln -s ../../clusters/eu-1 "$F/migrations/m/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m/targets/"
        run=$(readlink "$F/backups/once/runs/latest")
        # What the clusters told last is stored.
        sleep 3
        local before after row object
        before=$(all_changes; for object in backups/{once,plan,held,bad} restores/undo; do shown "$object"; done)
        no_room
        local -a rows=("backups/once|run" "backups/plan|pause" "backups/held|resume" "backups/bad|retry"
                "backups/once|delete $run" "restores/undo|delete" "migrations/m|start")
        for row in "${rows[@]}"; do
                assert_fails_with 'No space left' say "${row%|*}" "${row#*|}"
                assert_match 'FLT-0256' "$(cat "$F/${row%|*}.error.txt")" "$row"
                assert_match 'make room' "$(unwrapped "$F/${row%|*}.error.txt")" "$row"
        done
        sleep 2
        room
        sleep 4
        after=$(all_changes; for object in backups/{once,plan,held,bad} restores/undo; do shown "$object"; done)
        assert_equal "$before" "$after" 'what shows, and what the clusters were asked'
        # Said again, it is done.
        say backups/once "delete $run"
        eventually 30 bash -c '! test -e "$1"' _ "$F/backups/once/runs/$run"
        say backups/plan pause
        assert_equal true "$(json "$F/backups/plan/status.json" .paused)"
}
