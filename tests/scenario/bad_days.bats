# SPDX-License-Identifier: Apache-2.0
# What goes wrong beside clusters that are plainly away (clusters.bats): answers that contradict, events that never
# come, clocks that differ, and how long a reader waits meanwhile.

load ../support/scenario

setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        sim_only 'faults'
        sim_ctl all fault off >/dev/null
        sim_ctl all auth cert
        sim_ctl all velero resume
}

others_ready() { assert_equal ReadyReady "$(cat "$F/clusters/eu-1/phase")$(cat "$F/clusters/us-1/phase")"; }
policy() { printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n'; }
phase_there() { cat "$F/backups/$2/runs/latest/clusters/$1/phase"; }
done_on() { eventually_equal "${3:-60}" Completed phase_there "$1" "$2"; }
# once_on CLUSTER NAME: exactly one backup was made of it.
once_on() { assert_equal 1 "$(count_of "$1" backups "$2")" "backups of $2 on $1"; }

# told CLUSTER CODE TEXT: the row says since when and why.
told()
{
        eventually 60 grep -qF "$2" "$F/clusters/$1/code"
        assert_match "$3" "$(unwrapped "$F/clusters/$1/error.txt")" "error.txt of $1"
        assert_match '^20..-..-..T..:..:..Z$' "$(cat "$F/clusters/$1/since")" 'since'
}

# --- how long readers wait ---

# two_mounts: on $GOOD a fleet of eu-1 and us-1, on $BAD one of eu-1 and ap-1, which this is about.
two_mounts()
{
        local name
        fleet_of eu-1 us-1 >"$TEST_DIR/good.yaml"
        fleet_of eu-1 ap-1 >"$TEST_DIR/bad.yaml"
        for name in good bad; do
                FLEET_FILE=$TEST_DIR/$name.yaml mount_fleet_at "$name" --state-dir "$TEST_DIR/state-$name"
                eventually 30 all_ready "$TEST_DIR/$name/prod"
        done
        GOOD=$TEST_DIR/good/prod
        BAD=$TEST_DIR/bad/prod
}

# measured: sets good, bad and longest, in microseconds.
measured()
{
        read -r good bad longest < <(timeout 60 python3 "$SUPPORT_DIR/read_latency.py" 100 "$GOOD" "$BAD" \
                status.txt status.json 'clusters/*/status.txt' 'clusters/*/status.json' 'clusters/*/phase' 'clusters/*/since')
}

# as_fast WHAT: reads beside the faulty cluster take at most twice as long as in a healthy fleet, and never a second.
as_fast()
{
        local good='' bad='' longest='' attempt
        # A machine that is busy with something else spoils a measurement, a daemon that waits spoils all of them.
        for attempt in 1 2 3; do
                measured
                [[ -n $longest ]] || assert_fail "$1: no measurement" || return 1
                (( longest < 1000000 )) || assert_fail "$1: a read took $longest us" || return 1
                (( bad > 2 * good )) || return 0
        done
        assert_fail "$1: a median of $bad us, in a healthy fleet $good us, $attempt times"
}

@test "reads beside a cluster that refuses, stalls, drips or breaks off are as fast as in a healthy fleet" {
        two_mounts
        as_fast 'all well'
        local kind
        for kind in refuse stall drip half-watch-line; do
                fault ap-1 "$kind"
                as_fast "$kind, noticed by nobody yet"
                # Everything is asked for anew, and hangs or fails meanwhile.
                policy >"$BAD/backups/$kind.yaml"
                as_fast "$kind, with work that waits"
                sim_ctl ap-1 fault off >/dev/null
        done
        # The mount itself does not wait either.
        fault ap-1 stall
        umount_fleet bad
        FLEET_FILE=$TEST_DIR/bad.yaml mount_fleet_at bad --state-dir "$TEST_DIR/state-bad"
        as_fast 'stall, since the mount'
}

# --- answers ---

@test "a storm of 409: what is written waits, and is there once when it is over" {
        mount_ready
        fault ap-1 http 409 --match POST:backups --count 5
        policy >"$F/backups/storm.yaml"
        done_on eu-1 storm
        done_on us-1 storm
        # Five times refused is no reason to give up, and none to make it twice.
        done_on ap-1 storm 90
        once_on ap-1 storm
        all_ready
}

@test "500 and 503 of a few requests: nobody notices, nothing is made twice" {
        mount_ready
        local code
        for code in 500 503; do
                fault ap-1 http "$code" --match POST:backups --count 2
                policy >"$F/backups/broken-$code.yaml"
                done_on ap-1 "broken-$code"
                once_on ap-1 "broken-$code"
        done
        all_ready
}

@test "an answer that is lost: the object was made, and is found, not made again" {
        mount_ready
        fault ap-1 cut --match POST:backups --count 1
        policy >"$F/backups/lost-answer.yaml"
        done_on ap-1 lost-answer
        once_on ap-1 lost-answer
}

@test "429 with Retry-After: it waits that long, and no longer" {
        mount_ready
        fault ap-1 http 429 --retry-after 4 --match POST:backups --count 1
        local begin=$SECONDS
        policy >"$F/backups/throttled.yaml"
        done_on eu-1 throttled 3
        assert_match '^(Pending|Queued)$' "$(phase_there ap-1 throttled)"
        done_on ap-1 throttled
        (( SECONDS - begin >= 4 && SECONDS - begin < 15 )) || assert_fail "it took $((SECONDS - begin)) s"
        once_on ap-1 throttled
}

@test "403 on one kind: the row says which, the others go on, and it heals" {
        mount_ready
        umount_fleet
        fault ap-1 http 403 --match LIST:restores
        mount_fleet
        eventually 30 others_ready
        told ap-1 FLT-0103 'restores'
        policy >"$F/backups/one-kind.yaml"
        done_on eu-1 one-kind
        fault ap-1 off
        eventually_equal 90 Ready cat "$F/clusters/ap-1/phase"
        done_on ap-1 one-kind
        once_on ap-1 one-kind
}

@test "401 in the midst of it: told, and what was owed is done when the credentials are good again" {
        mount_ready
        sim_ctl ap-1 auth token others-only
        policy >"$F/backups/locked-out.yaml"
        done_on eu-1 locked-out
        told ap-1 FLT-0102 'Unauthorized'
        assert_equal Pending "$(phase_there ap-1 locked-out)"
        sim_ctl ap-1 auth cert
        eventually_equal 90 Ready cat "$F/clusters/ap-1/phase"
        done_on ap-1 locked-out
        once_on ap-1 locked-out
}

@test "Velero is uninstalled and comes back: told, the others go on, what was owed is done" {
        mount_ready
        fault ap-1 no-velero
        policy >"$F/backups/uninstalled.yaml"
        done_on eu-1 uninstalled
        eventually_equal 120 NoVelero cat "$F/clusters/ap-1/phase"
        told ap-1 FLT-01 'Velero|StorageLocation'
        others_ready
        fault ap-1 off
        eventually_equal 120 Ready cat "$F/clusters/ap-1/phase"
        done_on ap-1 uninstalled
        once_on ap-1 uninstalled
}

# --- events ---

@test "events that are lost for good: everything is listed again in time" {
        mount_ready --relist 4s
        fault ap-1 lose-events
        api ap-1 POST "$VELERO/backups" '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"unheard"},"spec":{"includedNamespaces":["default"]}}' >/dev/null
        eventually_equal 30 Completed velero_phase ap-1 backups unheard
        # Within --relist, and the watch that it ends: a little more than 4 s.
        eventually_equal 8 Completed cat "$F/clusters/ap-1/backups/unheard/phase"
        policy >"$F/backups/unheard-2.yaml"
        done_on ap-1 unheard-2 12
        api ap-1 DELETE "$VELERO/backups/unheard" >/dev/null
        eventually 8 refute_exists "$F/clusters/ap-1/backups/unheard"
        all_ready
}

@test "repeated events change nothing" {
        mount_ready
        fault ap-1 duplicate-events
        policy >"$F/backups/twice.yaml"
        done_on ap-1 twice
        once_on ap-1 twice
        sleep 1
        assert_equal 1 "$(grep '"RunPhase"' "$MNT/events.jsonl" | grep '"name":"twice"' | grep -c '"phase":"Completed"')" 'ends of the run'
        assert_equal 1 "$(count_runs "$F/backups/twice")" 'runs'
}

# --- clocks ---

# A cluster's clock is its own: ids, deadlines and orders are of this machine's.
skewed()
{
        mount_ready --start-deadline 60s
        fault ap-1 skew "$1"
        policy >"$F/backups/skew$2.yaml"
        done_on eu-1 "skew$2"
        done_on ap-1 "skew$2"
        once_on ap-1 "skew$2"
        sleep 1.1
        policy | sed 's/^policy:/&\n  ttl: 48h/' >"$F/backups/skew$2.yaml"
        eventually_equal 20 2 count_runs "$F/backups/skew$2"
        eventually_equal 30 Completed cat "$F/backups/skew$2/phase"
        # The newer run is the newer one, whatever that cluster's clock says.
        assert_equal "$(run_ids "$F/backups/skew$2" | tail -1)" "$(readlink "$F/backups/skew$2/runs/latest")"
        assert_equal "$(date -u +%Y%m%d)" "$(readlink "$F/backups/skew$2/runs/latest" | cut -c1-8)" 'the day of the run'
        # Nothing is Expired or overdue for it, and the cluster is as good as the others.
        local what
        for what in Expired Overdue; do
                refute_file_contains "$F/backups/skew$2/status.txt" "$what"
                refute_file_contains "$F/status.txt" "$what"
        done
        all_ready
        umount_fleet
        mount_ready
        phase_is "$F/backups/skew$2" Completed
        assert_equal 2 "$(count_runs "$F/backups/skew$2")" 'runs after a restart'
}

@test "a cluster's clock is five hours ahead" { skewed 18000 -ahead; }
@test "a cluster's clock is five hours behind" { skewed -18000 -behind; }

# due_of CLUSTER NAME: prints when the schedule is due there, as the events tell it.
due_of() { grep -F "\"name\":\"$2\"" "$MNT/events.jsonl" | grep -F "\"cluster\":\"$1\"" | grep -oE 'due at 20[0-9TZ:-]+' | tail -1; }
due_told() { [[ -n $(due_of "$@") ]]; }

@test "a schedule on a cluster whose clock is five hours off: what is due is told by ours" {
        local seconds name due now
        for seconds in 18000 -18000; do
                name=due$((seconds / 3600))
                name=${name/-/-minus-}
                fault ap-1 skew "$seconds"
                mount_ready
                { printf 'schedule: "0 * * * *"\n'; policy; } >"$F/backups/$name.yaml"
                eventually 20 due_told ap-1 "$name"
                due=$(date -d "$(due_of ap-1 "$name" | cut -d' ' -f3)" +%s)
                now=$(date +%s)
                # The next full hour: Velero there thinks of one five hours away.
                (( due > now - 60 && due <= now + 3660 )) ||
                        assert_fail "$(due_of ap-1 "$name"), and now it is $(date -u +%FT%TZ)"
                rm "$F/backups/$name.yaml"
                eventually_equal 30 0 count_of ap-1 schedules "$name"
                umount_fleet
        done
}
