# SPDX-License-Identifier: Apache-2.0
# The disk of the state folder is full: cp says so, what is in force stays, and nothing is sent that could not be kept.

load ../support/scenario

teardown()
{
        scenario_teardown
        umount "$TEST_DIR/small" 2>/dev/null || true
}

# no_room / room: the disk of the state folder is full to the last block, and has room again.
no_room() { refute dd if=/dev/zero of="$TEST_DIR/small/fill" bs=4k; }
room() { rm "$TEST_DIR/small/fill"; }

@test "a policy that cannot be kept: ENOSPC at cp, the old one stays, and it works again when there is room" {
        [[ $(id -u) -eq 0 ]] || skip 'needs root, to mount a small disk'
        mkdir -p "$TEST_DIR/small"
        mount -t tmpfs -o size=256k none "$TEST_DIR/small"
        mount_ready --state-dir "$TEST_DIR/small/fleetfs"
        backup_policy default >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/kept.yaml"
        completed "$F/backups/kept"
        no_room
        # Larger than what any free block left inside the record could hold.
        { cat "$TEST_DIR/p.yaml"; printf '# %s\n' "$(head -c 20000 /dev/zero | tr '\0' x)"; } >"$TEST_DIR/q.yaml"
        assert_fails_with 'No space left' cp "$TEST_DIR/q.yaml" "$F/backups/kept.yaml"
        assert_equal "$(cat "$TEST_DIR/p.yaml")" "$(cat "$F/backups/kept/applied.yaml")" 'what is in force'
        assert_equal 1 "$(count_of eu-1 backups kept)"
        assert_fails_with 'No space left' cp "$TEST_DIR/q.yaml" "$F/backups/new.yaml"
        assert_equal 0 "$(count_of eu-1 backups new)"
        room
        cp "$TEST_DIR/q.yaml" "$F/backups/kept.yaml"
        completed "$F/backups/kept"
        assert_equal 2 "$(count_of eu-1 backups kept)"
}

# say OBJECT VERB
say() { printf '%s\n' "$2" >"$F/$1/ctl"; }

# changes CLUSTER: how many requests that change something the cluster has had.
changes()
{
        local requests
        requests=$(sim_ctl "$1" requests) || return 1
        jq '[.counts[] | select(.method != "GET" and (.resource | test("review") | not)) | .count] | add // 0' <<<"$requests"
}
# all_that_shows: what the clusters were asked to change, and what shows of each object.
all_that_shows()
{
        local object
        on_all changes || return 1
        for object in backups/{once,plan,held,bad} restores/undo; do
                shown "$object" || return 1
        done
}

# shown OBJECT: what of it must not change.
shown()
{
        run_ids "$F/$1"
        cat "$F/$1/phase" || return 1
        jq -c '[.phase, .paused, .removed, .schedules, .clusters]' "$F/$1/status.json"
}

@test "a verb that cannot be kept: ENOSPC, make room, and nothing of it happens, not even when there is room again" {
        sim_only 'a backup that fails is scripted'
        [[ $(id -u) -eq 0 ]] || skip 'needs root, to mount a small disk'
        mkdir -p "$TEST_DIR/small"
        mount -t tmpfs -o size=512k none "$TEST_DIR/small"
        mount_ready --state-dir "$TEST_DIR/small/fleetfs"
        local run
        backup_policy default >"$F/backups/once.yaml"
        scheduled_policy default "$LATER" >"$F/backups/plan.yaml"
        scheduled_policy default "$LATER" >"$F/backups/held.yaml"
        completed "$F/backups/once"
        say backups/held pause
        sim_ctl us-1 velero fail-next Failed >/dev/null
        backup_policy default >"$F/backups/bad.yaml"
        ends_as Failed "$F/backups/bad"
        printf 'backupName: once\n' >"$F/restores/undo.yaml"
        completed "$F/restores/undo"
        mkdir "$F/migrations/m"
        ln -s ../../clusters/eu-1 "$F/migrations/m/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m/targets/"
        run=$(readlink "$F/backups/once/runs/latest")
        # What the clusters told last is stored.
        sleep 3
        local before after row
        before=$(all_that_shows)
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
        after=$(all_that_shows)
        assert_equal "$before" "$after" 'what shows, and what the clusters were asked'
        # Said again, it is done.
        say backups/once "delete $run"
        eventually 30 refute_exists "$F/backups/once/runs/$run"
        say backups/plan pause
        assert_equal true "$(json "$F/backups/plan/status.json" .paused)"
}
