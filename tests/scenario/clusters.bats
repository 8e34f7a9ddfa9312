# SPDX-License-Identifier: Apache-2.0
# Bad days: clusters that are away or broken. The others go on, reads stay fast, the row says since when and why, and what
# is owed is done when the cluster returns, or expires.

load ../support/scenario

# Each test begins with a fleet that is well, whatever became of the one before.
setup()
{
        scenario_setup
        [[ $ENGINE != sim ]] || sim_ctl all fault off >/dev/null
}

others_ready() { [[ $(cat "$F/clusters/eu-1/phase")$(cat "$F/clusters/us-1/phase") == ReadyReady ]]; }

policy() { printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n'; }

# reads_are_fast: a listing and a cat of everything about the fleet take less than a second.
reads_are_fast()
{
        local begin=${EPOCHREALTIME/./} end
        timeout 5 ls -l "$F" "$F/clusters" "$F/backups" >/dev/null || return 1
        timeout 5 cat "$F/status.txt" "$F/status.json" >/dev/null || return 1
        end=${EPOCHREALTIME/./}
        (( end - begin < 1000000 )) || assert_fail "reads took $((end - begin)) us"
}

not_ready() { local phase; phase=$(cat "$F/clusters/ap-1/phase") && [[ -n $phase && $phase != Ready ]]; }

# away TEXT CODE NAME: cluster ap-1 is not Ready and says so; the others are; a backup completes on them and waits for it.
away()
{
        eventually 60 not_ready
        others_ready
        reads_are_fast
        eventually 30 grep -qiE "$1" "$F/clusters/ap-1/error.txt"
        assert_match "$2" "$(cat "$F/clusters/ap-1/code")"
        assert_match '^20..-..-..T..:..:..Z$' "$(cat "$F/clusters/ap-1/since")"
        assert_match '^state: +Degraded' "$(head -1 "$F/status.txt")"
        policy >"$F/backups/$3.yaml"
        eventually_equal 60 Completed cat "$F/backups/$3/runs/latest/clusters/eu-1/phase"
        eventually_equal 60 Completed cat "$F/backups/$3/runs/latest/clusters/us-1/phase"
        assert_equal Pending "$(cat "$F/backups/$3/runs/latest/clusters/ap-1/phase")"
        assert_match '[a-zA-Z]' "$(cat "$F/backups/$3/runs/latest/clusters/ap-1/reason")" 'why it waits'
        reads_are_fast
}

# back NAME: it returned; what it was owed is done.
back()
{
        eventually_equal 90 Ready cat "$F/clusters/ap-1/phase"
        eventually_equal 60 Completed cat "$F/backups/$1/runs/latest/clusters/ap-1/phase"
        assert_equal 1 "$(count_of ap-1 backups "$1")"
}

@test "a cluster that is killed: the others go on, and it gets its backup when it returns" {
        mount_ready
        cluster_stop ap-1
        away 'refused|reset|closed|cut' 'FLT-01' killed
        cluster_start ap-1
        back killed
}

# name | fault of the simulator | what error.txt says | its code
faults=(
        "stalled|stall|respon|nothing received|within|FLT-01"
        "dripping|drip|respon|nothing received|within|complete|FLT-01"
        "unauthorized|http 401|401|Unauthorized|FLT-01"
        "forbidden|http 403|403|orbidden|FLT-01"
        "broken|http 500|500|Internal|FLT-01"
        "garbage|garbage|not|FLT-01"
        "throttled|http 429|429|too many|throttl|FLT-01"
        "cut|cut|cut|reset|closed|FLT-01"
        "wrong-ca|wrong-ca|certificate|FLT-01"
        "expired|expired-cert|certificate|FLT-01"
)

fault_row()
{
        local row=${faults[$1]} name fault code
        name=${row%%|*}
        row=${row#*|}
        fault=${row%%|*}
        row=${row#*|}
        code=${row##*|}
        sim_only "fault $fault"
        mount_ready
        # shellcheck disable=SC2086 # a fault and its arguments
        fault ap-1 $fault
        # Watches that are open stay true: what is wrong with new requests shows when everything is asked for.
        case $fault in
        drip | http* | garbage | cut) umount_fleet; mount_fleet; eventually 30 others_ready ;;
        esac
        away "${row%|*}" "$code" "$name"
        fault ap-1 off
        back "$name"
}

@test "a cluster that stalls" { fault_row 0; }
@test "a cluster that drips" { fault_row 1; }
@test "a cluster that answers 401" { fault_row 2; }
@test "a cluster that answers 403" { fault_row 3; }
@test "a cluster that answers 500" { fault_row 4; }
@test "a cluster that answers garbage" { fault_row 5; }
@test "a cluster that asks for fewer requests" { fault_row 6; }
@test "a cluster that cuts its answers off" { fault_row 7; }
@test "a cluster with another CA" { fault_row 8; }
@test "a cluster with an expired certificate" { fault_row 9; }

@test "half a watch line, lost and repeated events, an expired watch: what is shown is true again soon" {
        sim_only 'fault half-watch-line'
        mount_ready
        local i=0 kind
        for kind in half-watch-line duplicate-events gone-410; do
                i=$((i + 1))
                fault ap-1 $kind
                api ap-1 POST "$VELERO/backups" "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"torn-$i\"},\"spec\":{\"includedNamespaces\":[\"default\"]}}" >/dev/null
                eventually_equal 30 Completed velero_phase ap-1 backups "torn-$i"
                sim_ctl ap-1 fault off >/dev/null
                eventually_equal 60 Completed cat "$F/clusters/ap-1/backups/torn-$i/phase"
                others_ready
        done
}

@test "no CRDs, no Velero: said in words, the others go on" {
        sim_only 'fault no-crds'
        mount_ready
        fault ap-1 no-crds
        eventually_equal 90 NoVelero cat "$F/clusters/ap-1/phase"
        others_ready
        fault ap-1 off
        eventually_equal 120 Ready cat "$F/clusters/ap-1/phase"
}

@test "a storage location that is Unavailable: the backup waits and says why, then it is done" {
        sim_only 'fault location-unavailable'
        mount_ready
        fault ap-1 location-unavailable
        eventually_equal 30 Unavailable cat "$F/clusters/ap-1/storage/default/phase"
        policy >"$F/backups/nostore.yaml"
        eventually_equal 60 Completed cat "$F/backups/nostore/runs/latest/clusters/eu-1/phase"
        assert_equal Pending "$(cat "$F/backups/nostore/runs/latest/clusters/ap-1/phase")"
        assert_file_contains "$F/backups/nostore/runs/latest/clusters/ap-1/error.txt" 'default'
        fault ap-1 off
        eventually_equal 60 Completed cat "$F/backups/nostore/runs/latest/clusters/ap-1/phase"
}

@test "what is owed for longer than startDeadline is Expired, and retry does it" {
        mount_ready --start-deadline 2s
        cluster_stop ap-1
        eventually 60 not_ready
        policy >"$F/backups/late.yaml"
        eventually_equal 20 Expired cat "$F/backups/late/runs/latest/clusters/ap-1/phase"
        eventually_equal 60 Completed cat "$F/backups/late/runs/latest/clusters/eu-1/phase"
        cluster_start ap-1
        eventually_equal 90 Ready cat "$F/clusters/ap-1/phase"
        always 2 grep -qx Expired "$F/backups/late/runs/latest/clusters/ap-1/phase"
        echo retry >"$F/backups/late/ctl"
        completed "$F/backups/late"
        assert_equal 1 "$(count_of eu-1 backups late)" 'only the failed cluster is tried again'
}

@test "a mount comes up with every cluster down" {
        mount_fleet
        for c in eu-1 us-1 ap-1; do cluster_stop "$c"; done
        umount_fleet
        mount_fleet
        reads_are_fast
        assert_match '^state: +Degraded' "$(head -1 "$F/status.txt")"
        for c in eu-1 us-1 ap-1; do cluster_start "$c"; done
        eventually 120 all_ready
}

@test "a cluster added to, changed in and removed from the fleet file appears without a remount" {
        FLEET_FILE=$TEST_DIR/fleet.yaml
        fleet_of eu-1 us-1 >"$FLEET_FILE"
        mount_fleet
        eventually 20 others_ready
        refute_exists "$F/clusters/ap-1"
        cp "$ENGINE_DIR/fleet.yaml" "$FLEET_FILE.new"
        mv "$FLEET_FILE.new" "$FLEET_FILE"
        eventually_equal 20 Ready cat "$F/clusters/ap-1/phase"
        printf 'kind: Fleet\n' >"$FLEET_FILE"
        sleep 1
        assert_equal Ready "$(cat "$F/clusters/ap-1/phase")" 'a configuration that is wrong changes nothing'
}
