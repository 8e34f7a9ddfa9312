# SPDX-License-Identifier: Apache-2.0
# Two administrators, each with a store of his own, on one fleet; one store mounted twice; and a store that is lost.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-t 2
        done
}

teardown() { scheduled_teardown; }

# mount_two: $A and $B are the backups/ of two stores, $F and $G their fleets.
mount_two()
{
        mount_fleet
        mkdir -p "$TEST_DIR/other"
        mount_fleet_at second --state-dir "$TEST_DIR/other"
        G=$TEST_DIR/second/prod
        A=$F/backups B=$G/backups
        eventually 30 all_ready "$F"
        eventually 30 all_ready "$G"
}

# policy CRON: prints one, with a comment, which is not its meaning but its bytes.
policy() { scheduled_policy shop-t "$1" '# the shop'; }
# facts CLUSTER NAME: a line for each Schedule of the policy: owner, uid, name, cron.
facts()
{
        local list
        list=$(list_objects "$1" schedules "fleetfs.dev/name=$2") || return 1
        jq -r '.items[] | "\(.metadata.labels["fleetfs.dev/owner"]) \(.metadata.uid) \(.metadata.name) \(.spec.schedule)"' <<<"$list" | sort
}
ran() { phase_is "$1/runs/latest" Completed; }
# foreign PATH...: it is shown, and is somebody else's.
foreign()
{
        local p
        for p; do
                assert_equal 444 "$(stat -c %a "$p.yaml")" "mode of $p.yaml" || return 1
                assert_equal 0 "$(cat "$p/own")" "own of $p" || return 1
        done
}
mine() { assert_equal "1 600" "$(cat "$1/own") $(stat -c %a "$1.yaml")" "own and mode of $1"; }
# refused CODE PATH COMMAND...: it fails, and the sentence stands beside PATH.
refused()
{
        local code=$1 path=$2
        shift 2
        refute "$@" || return 1
        assert_match "$code" "$(cat "$path.error.txt" 2>&1)" "after: $*"
}

@test "one name in two stores: no collision; each has its own and sees the other's under a name that says whose" {
        local c theirs
        mount_two
        # Neither can know of the other's when it is accepted.
        for c in eu-1 us-1 ap-1; do cluster_stop "$c"; done
        policy "$LATER" >"$A/same.yaml"
        policy '5 5 5 5 *' >"$B/same.yaml"
        for c in eu-1 us-1 ap-1; do cluster_start "$c"; done
        eventually 90 on_all schedules_are same 2
        assert_equal 2 "$(facts eu-1 same | cut -d' ' -f1 | sort -u | wc -l)" 'owners'
        assert_equal 2 "$(facts eu-1 same | cut -d' ' -f3 | sort -u | wc -l)" 'names'
        one_other() { [[ $(ls -d "$1"/same.??????.yaml | wc -l) == 1 ]]; }
        eventually 20 one_other "$A"
        eventually 20 one_other "$B"
        mine "$A/same"
        mine "$B/same"
        theirs=$(basename "$A"/same.??????.yaml .yaml)
        foreign "$A/$theirs"
        assert_match "^same\\.[0-9a-f]{6}$" "$theirs"
        assert_match " $(cat "$A/$theirs/status.json" | jq -r .owner) " " $(facts eu-1 same | cut -d' ' -f1 | tr '\n' ' ')"
        assert_equal "$(policy '5 5 5 5 *')" "$(cat "$A/$theirs.yaml")" "the other's bytes"
        # A run of one is no run of the other.
        echo run >"$A/same/ctl"
        eventually 60 ran "$A/same"
        assert_equal '' "$(run_ids "$B/same")"
        eventually 20 assert_exists "$B"/same.??????/runs/latest
        assert_equal "$(run_ids "$A/same")" "$(run_ids "$B"/same.??????)"
        # An edit and a removal are of one alone.
        policy '6 6 6 6 *' >"$B/same.yaml"
        edited() { assert_match '6 6 6 6' "$(facts "$1" same)" && assert_match '0 0 1 1' "$(facts "$1" same)"; }
        eventually 20 on_all edited
        rm "$B/same.yaml"
        eventually 20 on_all schedules_are same 1
        assert_match '0 0 1 1 \*$' "$(facts us-1 same)"
        policy '9 9 9 9 *' >"$A/same.yaml"
        eventually_equal 20 "$(policy '9 9 9 9 *')" cat "$B"/same.??????.yaml
        eventually 20 refute_exists "$B/same"
}

@test "another store's policy is read-only: writes, rm and verbs are refused with a sentence, and do nothing" {
        mount_two
        policy "$LATER" >"$A/theirs.yaml"
        posted theirs
        eventually 20 foreign "$B/theirs"
        local before
        before=$(on_all facts theirs)
        assert_equal "$(cat "$A/theirs.yaml")" "$(cat "$B/theirs.yaml")" 'the bytes'
        policy '1 1 1 1 *' >"$TEST_DIR/new.yaml"
        cp "$TEST_DIR/new.yaml" "$B/scratch"
        refused FLT-0252 "$B/theirs" cp "$TEST_DIR/new.yaml" "$B/theirs.yaml"
        refused FLT-0252 "$B/theirs" bash -c 'echo "# x" >>"$1"' _ "$B/theirs.yaml"
        refused FLT-0252 "$B/theirs" sed -i 's/24h/48h/' "$B/theirs.yaml"
        refused FLT-0252 "$B/theirs" mv -f "$B/scratch" "$B/theirs.yaml"
        refused FLT-0252 "$B/theirs" rm "$B/theirs.yaml"
        refused FLT-0252 "$B/theirs" mv "$B/theirs.yaml" "$B/theirs.off"
        local verb
        for verb in run pause resume retry 'delete 20260101-000000Z'; do
                refused FLT-0252 "$B/theirs" bash -c 'echo "$2" >"$1/ctl"' _ "$B/theirs" "$verb"
        done
        assert_match 'remedy:.*`echo adopt > ctl`' "$(cat "$B/theirs.error.txt")"
        assert_match '^adopt' "$(cat "$B/theirs/ctl")"
        assert_match 'read-only here' "$(cat "$B/theirs/status.txt")"
        sleep 4
        assert_equal "$before" "$(on_all facts theirs)" 'on the clusters'
        foreign "$B/theirs"
        mine "$A/theirs"
        refute rm -rf "$B"
        sleep 6
        assert_equal "$before" "$(on_all facts theirs)" 'after rm -rf'
        assert_exists "$A/theirs.yaml"
}

@test "adopt takes it over: the same Schedules and runs, its edits are in place, and the other store has it read-only" {
        mount_two
        policy "$LATER" >"$A/taken.yaml"
        posted taken
        echo run >"$A/taken/ctl"
        eventually 60 ran "$A/taken"
        eventually 20 foreign "$B/taken"
        eventually 20 ran "$B/taken"
        local runs uids
        runs=$(run_ids "$A/taken")
        uids=$(on_all facts taken | cut -d' ' -f2,3)
        echo adopt >"$B/taken/ctl"
        mine "$B/taken"
        owned() { [[ $(on_all facts taken | cut -d' ' -f1 | sort -u) == "$(jq -r .owner "$B/taken/status.json")" ]]; }
        eventually 30 owned
        assert_equal "$uids" "$(on_all facts taken | cut -d' ' -f2,3)" 'the Schedules are the same'
        assert_equal "$runs" "$(run_ids "$B/taken")" 'the runs'
        eventually 20 phase_is "$B/taken" Protected
        eventually 30 foreign "$A/taken"
        assert_equal "$runs" "$(run_ids "$A/taken")" 'the runs as the other sees them'
        assert_equal taken.yaml "$(cd "$A" && ls -d taken*.yaml)" 'nothing is doubled there'
        assert_equal taken.yaml "$(cd "$B" && ls -d taken*.yaml)" 'nor here'
        refused FLT-0252 "$A/taken" bash -c 'echo pause >"$1"' _ "$A/taken/ctl"
        policy '7 7 7 7 *' >"$B/taken.yaml"
        moved() { assert_match '7 7 7 7 \*$' "$(facts "$1" taken)"; }
        eventually 20 on_all moved
        assert_equal "$uids" "$(on_all facts taken | cut -d' ' -f2,3)" 'edited in place'
        # Both remember it.
        umount_fleet
        umount_fleet second
        mount_fleet
        mount_fleet_at second --state-dir "$TEST_DIR/other"
        eventually 30 foreign "$A/taken"
        mine "$B/taken"
        assert_equal "$(cat "$B/taken.yaml")" "$(cat "$A/taken.yaml")"
        rm "$B/taken.yaml"
        eventually 30 on_all schedules_are taken 0
        always 3 on_all schedules_are taken 0
}

@test "one label of another store's takes one cluster, not the policy; adopt takes it back" {
        mount_ready
        A=$F/backups
        policy "$LATER" >"$A/kept.yaml"
        posted kept
        local before
        before=$(on_all facts kept)
        api eu-1 PATCH "$VELERO/schedules/$(facts eu-1 kept | cut -d' ' -f3)" \
                '{"metadata": {"labels": {"fleetfs.dev/owner": "0123456789abcdef"}}}' >/dev/null
        eventually 20 phase_is "$A/kept" Conflict
        mine "$A/kept"
        assert_match "FLT-0319.*eu-1 and says that it is store 0123456789abcdef's" "$(unwrapped "$A/kept/error.txt")"
        policy '7 7 7 7 *' >"$A/kept.yaml"
        edited_there() { assert_match '7 7 7 7 \*$' "$(facts us-1 kept)"; }
        eventually 20 edited_there
        assert_match '0 0 1 1 \*$' "$(facts eu-1 kept)"
        umount_fleet
        mount_ready
        mine "$A/kept"
        eventually 20 phase_is "$A/kept" Conflict
        echo adopt >"$A/kept/ctl"
        eventually 20 assert_facts kept "$(sed 's/0 0 1 1 /7 7 7 7 /' <<<"$before")"
        eventually 20 phase_is "$A/kept" Scheduled
}
assert_facts() { assert_equal "$2" "$(on_all facts "$1")" "Schedules of $1"; }

@test "a second mount of a store is read-only, says so, and shows what the first one does" {
        mount_ready
        policy "$LATER" >"$F/backups/first.yaml"
        posted first
        mount_fleet_at second
        local S=$TEST_DIR/second/prod
        assert_match 'holds the state .* read-only' "$(fleet_log second)"
        assert_file_contains "$S/status.txt" 'write in its mount'
        assert_equal "$(cat "$F/backups/first.yaml")" "$(cat "$S/backups/first.yaml")"
        assert_fails_with 'Read-only file system' cp "$F/backups/first.yaml" "$S/backups/other.yaml"
        assert_fails_with 'Read-only file system' rm "$S/backups/first.yaml"
        refute_exists "$S/backups/first/ctl"
        # What the first one begins is seen here, and not taken for something that was removed.
        eventually 20 all_ready "$S"
        echo run >"$F/backups/first/ctl"
        policy '8 8 8 8 *' >"$F/backups/later.yaml"
        posted later
        eventually 60 ran "$F/backups/first"
        eventually 20 ran "$S/backups/first"
        assert_equal "$(run_ids "$F/backups/first")" "$(run_ids "$S/backups/first")"
        eventually 20 assert_exists "$S/backups/later/phase"
        refute_file_contains "$S/backups/later/status.txt" 'was removed'
        eventually 20 assert_exists "$S/backups/later.yaml"
        assert_equal "$(cat "$F/backups/later.yaml")" "$(cat "$S/backups/later.yaml")"
        on_all schedules_are first 1
        on_all schedules_are later 1
        umount_fleet second
        # When the holder is gone the next one writes.
        umount_fleet
        mount_fleet_at second
        mine "$S/backups/first"
        policy "$LATER" >"$S/backups/third.yaml"
        posted third
}

@test "a store that is lost loses nothing: all of it is shown by every mount, can be adopted, and nothing is doubled" {
        mount_two
        policy "$LATER" >"$A/lost.yaml"
        policy "$LATER" | sed /schedule:/d >"$A/lost-once.yaml"
        posted lost
        eventually 60 ran "$A/lost-once"
        echo run >"$A/lost/ctl"
        eventually 60 ran "$A/lost"
        local before runs once
        before=$(on_all facts lost)
        runs=$(run_ids "$A/lost")
        once=$(run_ids "$A/lost-once")
        umount_fleet
        [[ -d $TEST_DIR/state/fleetfs ]]
        rm -rf --one-file-system "$TEST_DIR/state/fleetfs"
        mount_fleet
        local d
        for d in "$A" "$B"; do
                eventually 30 foreign "$d/lost" "$d/lost-once"
                eventually_equal 20 "$runs" run_ids "$d/lost"
                eventually_equal 20 "$once" run_ids "$d/lost-once"
                assert_equal "$(policy "$LATER")" "$(cat "$d/lost.yaml")" 'the exact bytes'
                eventually 20 ran "$d/lost-once"
                assert_equal 2 "$(cd "$d" && ls -d lost*.yaml | wc -l)" 'files'
        done
        always_equal 3 "$before" on_all facts lost
        echo adopt >"$A/lost/ctl"
        mine "$A/lost"
        changed() { [[ $(on_all facts lost | cut -d' ' -f1 | sort -u) == "$(jq -r .owner "$A/lost/status.json")" ]]; }
        eventually 30 changed
        assert_equal "$(cut -d' ' -f2- <<<"$before")" "$(on_all facts lost | cut -d' ' -f2-)"
        eventually_equal 20 "$runs" run_ids "$A/lost"
        eventually 20 foreign "$B/lost"
        foreign "$A/lost-once"
}
