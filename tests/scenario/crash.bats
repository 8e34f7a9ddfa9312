# SPDX-License-Identifier: Apache-2.0
# The daemon is killed without warning at any moment between the close of a file and the last request, and started again:
# nothing is lost and nothing is done twice, counted in the clusters themselves.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do seed_objects "$c" crash 3; done
}

# A test leaves no Schedule behind: it would go on, on the real engine.
teardown()
{
        local c name
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        scenario_teardown
        for c in $(cluster_names); do
                for name in $(list_objects "$c" schedules | jq -r '.items[].metadata.name'); do
                        api "$c" DELETE "$VELERO/schedules/$name" >/dev/null
                done
        done
}

all_ready() { [[ $(json "$F/status.json" '[.clusters[] | select(.phase == "Ready")] | length') == 3 ]]; }
objects_of() { count_objects "$1" "$2" "fleetfs.dev/name=$3"; }

# Moments after the write at which it dies, in seconds: before anything was sent, in the middle, and after the end.
moments=(0 0.002 0.005 0.01 0.02 0.04 0.08 0.2 0.6)

@test "backup: every cluster has exactly one, whenever the daemon was killed" {
        local i=0 c
        for moment in "${moments[@]}"; do
                mount_fleet
                eventually 20 all_ready
                i=$((i + 1))
                printf 'policy:\n  resourceFilter: {includedNamespaces: [crash]}\n' >"$F/backups/crash$i.yaml"
                sleep "$moment"
                kill9_fleet
        done
        mount_fleet
        eventually 20 all_ready
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                assert_equal Completed "$(timeout 60 cat "$F/backups/crash$i/wait")" "crash$i"
                for c in eu-1 us-1 ap-1; do
                        assert_equal 1 "$(objects_of "$c" backups "crash$i")" "backups of crash$i on $c"
                done
        done
}

@test "restore: it is done once, or is Interrupted and waits for start" {
        local i=0
        mount_fleet
        eventually 20 all_ready
        printf 'destination: {clusters: [{name: eu-1}]}\npolicy:\n  resourceFilter: {includedNamespaces: [crash]}\n' >"$F/backups/source.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/backups/source/wait")"
        for moment in "${moments[@]}"; do
                i=$((i + 1))
                printf 'backupName: source\n' >"$F/restores/undo$i.yaml"
                sleep "$moment"
                kill9_fleet
                mount_fleet
                eventually 20 all_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                [[ $(cat "$F/restores/undo$i/phase") != Interrupted ]] || echo start >"$F/restores/undo$i/ctl"
                assert_equal Completed "$(timeout 60 cat "$F/restores/undo$i/wait")" "undo$i"
                assert_equal 1 "$(objects_of eu-1 restores "undo$i")" "restores of undo$i"
        done
}

@test "migration: it ends, once, and leaves nothing behind" {
        local i=0
        seed_objects eu-1 crashmv 2
        for moment in 0 0.02 0.1 0.3 0.7 1.2; do
                mount_fleet
                eventually 20 all_ready
                i=$((i + 1))
                mkdir "$F/migrations/mv$i"
                ln -s ../../clusters/eu-1 "$F/migrations/mv$i/source"
                ln -s ../../../clusters/us-1 "$F/migrations/mv$i/targets/"
                printf 'policy:\n  namespaceMapping: {crashmv: crashmv%s}\n  resourceFilter: {includedNamespaces: [crashmv]}\n' "$i" >"$F/migrations/mv$i/policy.yaml"
                echo start >"$F/migrations/mv$i/ctl"
                sleep "$moment"
                kill9_fleet
        done
        mount_fleet
        eventually 20 all_ready
        for ((i = 1; i <= 6; i++)); do
                assert_equal Completed "$(timeout 90 cat "$F/migrations/mv$i/wait")" "mv$i"
                assert_equal 1 "$(objects_of eu-1 backups "mv$i")" "backups of mv$i"
                assert_equal 1 "$(objects_of us-1 restores "mv$i")" "restores of mv$i"
                assert_equal 2 "$(count_objects us-1 "crashmv$i/configmaps" seed=crashmv)"
        done
        eventually_equal 30 0 count_objects us-1 backupstoragelocations fleetfs.dev/kind=migration
}

# scheduled CRON: prints a policy with a schedule.
scheduled() { printf 'schedule: "%s"\npolicy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [crash]}\n' "$1"; }
# schedule_on CLUSTER NAME JQ: of the only Schedule of the policy there.
schedule_on()
{
        local list
        list=$(list_objects "$1" schedules "fleetfs.dev/name=$2") || return 1
        jq -r "if (.items | length) == 1 then .items[0] | $3 else \"\(.items | length) schedules\" end" <<<"$list"
}
# back_up_by_schedule CLUSTER NAME: makes a backup of the Schedule there, as Velero's server does.
back_up_by_schedule()
{
        local list
        list=$(list_objects "$1" schedules "fleetfs.dev/name=$2") || return 1
        api "$1" POST "$VELERO/backups?fieldManager=velero-server" "$(jq -c --arg stamp "$(date -u +%Y%m%d%H%M%S)" '.items[0] |
                {apiVersion, kind: "Backup", spec: .spec.template, metadata: {name: "\(.metadata.name)-\($stamp)",
                 annotations: .metadata.annotations, labels: (.metadata.labels + {"velero.io/schedule-name": .metadata.name})}}' <<<"$list")" >/dev/null
}

@test "schedule: made, changed and removed once, whenever the daemon was killed" {
        local i=0 c moment cron uid
        declare -A uids
        for moment in "${moments[@]}"; do
                mount_fleet
                eventually 20 all_ready
                i=$((i + 1))
                scheduled "$i 1 1 1 *" >"$F/backups/plan$i.yaml"
                sleep "$moment"
                kill9_fleet
        done
        mount_fleet
        eventually 20 all_ready
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 1 1 1 *" schedule_on "$c" "plan$i" .spec.schedule
                        uids[$c$i]=$(schedule_on "$c" "plan$i" .metadata.uid)
                done
        done
        i=0
        for moment in "${moments[@]}"; do
                i=$((i + 1))
                scheduled "$i 2 2 2 *" >"$F/backups/plan$i.yaml"
                sleep "$moment"
                kill9_fleet
                mount_fleet
                eventually 20 all_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 2 2 2 *" schedule_on "$c" "plan$i" .spec.schedule
                        assert_equal "${uids[$c$i]}" "$(schedule_on "$c" "plan$i" .metadata.uid)" "plan$i on $c: the same object"
                done
        done
        i=0
        for moment in "${moments[@]}"; do
                i=$((i + 1))
                rm "$F/backups/plan$i.yaml"
                # The removal applies when the grace window is over.
                sleep "$(jq -n "3 + $moment")"
                kill9_fleet
                mount_fleet
                eventually 20 all_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 0 objects_of "$c" schedules "plan$i"
                done
                refute_exists "$F/backups/plan$i.yaml"
        done
}

@test "delete of a run: its backups go, once and all, and no others, whenever the daemon was killed" {
        local i=0 c moment keep run
        mount_fleet
        eventually 20 all_ready
        for moment in 0 0.01 0.04 0.2 0.6; do
                i=$((i + 1))
                printf 'policy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [crash]}\n' >"$F/backups/drop$i.yaml"
                assert_equal Completed "$(timeout 60 cat "$F/backups/drop$i/wait")"
                run=$(readlink "$F/backups/drop$i/runs/latest")
                echo run >"$F/backups/drop$i/ctl"
                eventually 20 eval "[[ \$(readlink '$F/backups/drop$i/runs/latest') != $run ]]"
                assert_equal Completed "$(timeout 60 cat "$F/backups/drop$i/wait")"
                keep=$(readlink "$F/backups/drop$i/runs/latest")
                echo "delete $run" >"$F/backups/drop$i/ctl"
                sleep "$moment"
                kill9_fleet
                mount_fleet
                eventually 20 all_ready
                eventually 60 refute_exists "$F/backups/drop$i/runs/$run"
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 60 1 objects_of "$c" backups "drop$i"
                        assert_equal "$keep" "$(list_objects "$c" backups "fleetfs.dev/name=drop$i" | jq -r '.items[0].metadata.labels["fleetfs.dev/run"]')"
                done
                assert_equal "$keep" "$(readlink "$F/backups/drop$i/runs/latest")"
        done
}

@test "adopt: all of it changes its owner, and nothing else, whenever the daemon was killed" {
        local i=0 c moment old
        mount_fleet
        eventually 20 all_ready
        for ((i = 1; i <= 5; i++)); do
                scheduled "$i 3 3 3 *" >"$F/backups/take$i.yaml"
        done
        for ((i = 1; i <= 5; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 3 3 3 *" schedule_on "$c" "take$i" .spec.schedule
                        back_up_by_schedule "$c" "take$i"
                done
        done
        old=$(schedule_on eu-1 take1 '.metadata.labels["fleetfs.dev/owner"]')
        for ((i = 1; i <= 5; i++)); do
                eventually_equal 60 Completed cat "$F/backups/take$i/runs/latest/phase"
        done
        umount_fleet
        mkdir -p "$TEST_DIR/other"
        mount_fleet --state-dir "$TEST_DIR/other"
        eventually 20 all_ready
        i=0
        for moment in 0 0.005 0.02 0.08 0.6; do
                i=$((i + 1))
                eventually 20 test -e "$F/backups/take$i/ctl"
                echo adopt >"$F/backups/take$i/ctl"
                sleep "$moment"
                kill9_fleet
                mount_fleet --state-dir "$TEST_DIR/other"
                eventually 20 all_ready
        done
        for ((i = 1; i <= 5; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 30 0 count_objects "$c" schedules "fleetfs.dev/owner=$old,fleetfs.dev/name=take$i"
                        eventually_equal 30 0 count_objects "$c" backups "fleetfs.dev/owner=$old,fleetfs.dev/name=take$i"
                        assert_equal 1 "$(objects_of "$c" backups "take$i")" "backups of take$i on $c"
                        assert_equal "$i 3 3 3 *" "$(schedule_on "$c" "take$i" .spec.schedule)"
                done
                assert_equal 600 "$(stat -c %a "$F/backups/take$i.yaml")" 'ours now'
                assert_equal 1 "$(ls "$F/backups/take$i/runs" | grep -vc latest)"
        done
}
