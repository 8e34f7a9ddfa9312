# SPDX-License-Identifier: Apache-2.0
# What the tree tells of a scheduled policy: when it runs, what each cluster reached, how far a run is.

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

# policy CRON: prints a policy with a schedule.
policy() { scheduled_policy shop-t "$1"; }

file() { cat "$F/backups/$1"; }
events() { grep -c "\"type\":\"$1\".*\"name\":\"$2\"" "$MNT/events.jsonl"; }

@test "the coming runs are told before the first, and none while it is paused" {
        mount_ready
        policy 'TZ=Europe/Berlin 30 3 1 1 *' >"$F/backups/t.yaml"
        ends_as Scheduled "$F/backups/t" 30
        assert_equal 'TZ=Europe/Berlin 30 3 1 1 *' "$(file t/schedule)"
        assert_match '-01-01T02:30:00Z$' "$(file t/next_run)"
        assert_equal '5 Europe/Berlin false' "$(json "$F/backups/t/status.json" '.schedule | "\(.next | length) \(.timezone) \(.paused)"')"
        assert_equal "$(file t/next_run)" "$(json "$F/backups/t/status.json" '.schedule.next[0]')"
        assert_equal '["Schedule"]' "$(json "$F/backups/t/status.json" '[.clusters[].verb] | unique' | tr -d ' \n')"
        # Kurator's controller has an entry without a name here.
        assert_equal '  backupDetails: []' "$(grep backupDetails "$F/backups/t/kurator.yaml")"
        echo pause >"$F/backups/t/ctl"
        eventually 20 phase_is "$F/backups/t" Paused
        assert_equal '' "$(file t/next_run)"
        assert_equal 1 "$(file t/paused)"
        grep -q '^next:   none while it is paused$' "$F/backups/t/status.txt"
        grep -q '^action: echo resume > ctl$' "$F/backups/t/status.txt"
}

@test "a run shows its end, and ls -lt has the newest end first; both after a remount, too" {
        mount_ready
        policy '30 3 1 1 *' >"$F/backups/u.yaml"
        ends_as Scheduled "$F/backups/u"
        for _ in 1 2; do
                echo run >"$F/backups/u/ctl"
                ends_as Protected "$F/backups/u"
                sleep 1.1
        done
        assert_match '^\[####################\] 100% ' "$(file u/progress)"
        assert_equal 2 "$(events RunStarted u)"
        assert_equal 2 "$(events RunEnded u)"
        ls -t "$F/backups/u/runs" >"$TEST_DIR/order"
        assert_equal "$(run_ids "$F/backups/u" | sort -r)" "$(grep -vx latest "$TEST_DIR/order")"
        assert_equal 3 "$(grep -c 'backupNameInCluster: u-' "$F/backups/u/kurator.yaml")"
        assert_equal 3 "$(grep -c '^      phase: Completed$' "$F/backups/u/kurator.yaml")"
        local before
        before=$(stat -c '%n %Y %s' "$F"/backups/u/runs/2*/status.txt "$F"/backups/u/runs/2*)
        umount_fleet
        mount_ready
        eventually 20 phase_is "$F/backups/u" Protected
        assert_equal "$before" "$(stat -c '%n %Y %s' "$F"/backups/u/runs/2*/status.txt "$F"/backups/u/runs/2*)"
        assert_equal 0 "$(events RunEnded u)" 'what was over before is no news'
}

@test "a schedule that never runs says so when it is copied" {
        mount_ready
        policy '0 0 30 2 *' >"$F/backups/v.yaml"
        grep -q '^FLT-0289 ' "$F/backups/v/warnings.txt"
        grep -q '^next:   never$' "$F/backups/v/status.txt"
        eventually 30 phase_is "$F/backups/v" Unprotected
        assert_match 'objects? needs? an eye' "$(head -1 "$F/status.txt")"
        grep -q 'backups/v is Unprotected' "$F/status.txt"
}
