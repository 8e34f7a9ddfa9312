# SPDX-License-Identifier: Apache-2.0
# A policy whose file, or whose Schedules, are gone: what the tree says of it, and how it is taken back.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-g 2
        done
}

teardown() { scheduled_teardown; }

nightly() { scheduled_policy shop-g "$LATER"; }
uid() { schedule_field "$1" "$2" .metadata.uid; }
ran() { phase_is "$1/runs/latest" Completed; }
# told FILE PATTERN; untold FILE PATTERN: with the lines of a sentence joined.
told() { assert_match "$2" "$(tr -s ' \n' ' ' <"$1")" "$1"; }
untold()
{
        local text
        text=$(tr -s ' \n' ' ' <"$1") || return 1
        [[ ! $text =~ $2 ]] || assert_fail "$1 says $2:" "$text"
}

@test "mv away and rm of a schedule: for the grace, status and ctl say that it ends, when, and how to take it back" {
        local before p at
        mount_ready
        p=$F/backups/nightly
        nightly >"$p.yaml"
        posted nightly
        before=$(on_all uid nightly)
        untold "$p/status.txt" FLT-0318
        assert_equal '' "$(cat "$p/removal_at")"

        mv "$p.yaml" "$F/backups/nightly.off"
        assert_match 'FLT-0318' "$(head -n 4 "$p/status.txt")"
        told "$p/status.txt" 'its file was renamed away: at [0-9TZ:-]+ its schedule ends on every cluster, every backup stays'
        at=$(cat "$p/removal_at")
        [[ $(date -d "$at" +%s) -gt $(($(date +%s) + 40)) ]] || assert_fail "the grace of a rename-away ends at $at already"
        told "$p/ctl" "at $at .*action: mv NAME ../nightly.yaml cp applied.yaml ../nightly.yaml"
        assert_equal "$at FLT-0318 mv NAME ../nightly.yaml" \
                "$(json "$p/status.json" '"\(.removalAt) \(.reasons[0].code) \(.reasons[0].remedy)"')"
        told "$F/status.txt" 'nightly [A-Za-z]+ \(removing\)'
        # What it says is done from its own folder.
        (cd "$p" && mv ../nightly.off ../nightly.yaml)
        untold "$p/status.txt" FLT-0318
        untold "$p/ctl" FLT-0318
        assert_equal null "$(json "$p/status.json" .removalAt)"

        rm "$p.yaml"
        told "$p/status.txt" 'its file was removed: at [0-9TZ:-]+ its schedule ends.*action: cp applied.yaml ../nightly.yaml'
        (cd "$p" && cp applied.yaml ../nightly.yaml)
        untold "$p/status.txt" FLT-0318
        # Nothing comes of it later, and the Schedules are those that there were.
        sleep 5
        assert_equal "$before" "$(on_all uid nightly)" 'Schedules'

        # It does end where nobody takes it back, and the note with it.
        echo run >"$p/ctl"
        eventually 60 ran "$p"
        rm "$p.yaml"
        eventually 30 on_all schedules_are nightly 0
        untold "$p/status.txt" FLT-0318
        told "$p/status.txt" 'its policy was removed, its backups are kept'
}

@test "another store's Schedules that are gone are called that, and adopt makes them again" {
        local c mine theirs
        mount_ready
        mkdir -p "$TEST_DIR/other"
        mount_fleet_at second --state-dir "$TEST_DIR/other"
        mine=$F/backups/theirs theirs=$TEST_DIR/second/prod/backups/theirs
        eventually 30 all_ready "$TEST_DIR/second/prod"
        nightly >"$theirs.yaml"
        posted theirs
        echo run >"$theirs/ctl"
        eventually 60 ran "$mine"
        untold "$mine/status.txt" FLT-0317
        # Its own mount would tell of a drift.
        umount_fleet second
        for c in eu-1 us-1 ap-1; do
                api "$c" DELETE "$VELERO/schedules/$(schedule_field "$c" theirs .metadata.name)" >/dev/null
        done
        eventually 20 told "$mine/status.txt" 'no cluster has a Schedule of it any more'
        told "$mine/status.txt" 'its Schedules are gone: .* FLT-0317 action: .*: echo adopt > ctl'
        untold "$mine/status.txt" 'destination'
        assert_equal 'Unprotected FLT-0317' "$(cat "$mine/phase" "$mine/code" | tr '\n' ' ' | sed 's/ $//')"
        told "$mine/error.txt" 'FLT-0317 .*remedy: echo adopt > ctl'
        assert_equal '' "$(cat "$mine/next_run")" 'when it runs next'
        (cd "$mine" && echo adopt >ctl)
        posted theirs
        eventually 20 untold "$mine/status.txt" FLT-0317
        [[ -n $(cat "$mine/next_run") ]] || assert_fail 'an adopted schedule does not say when it runs'
}
