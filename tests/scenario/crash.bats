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

teardown() { scheduled_teardown; }

# Moments after the write at which it dies, in seconds: before anything was sent, in the middle, and after the end.
moments=(0 0.002 0.005 0.01 0.02 0.04 0.08 0.2 0.6)

@test "backup: every cluster has exactly one, whenever the daemon was killed" {
        local i=0 c
        for moment in "${moments[@]}"; do
                mount_ready
                i=$((i + 1))
                backup_policy crash >"$F/backups/crash$i.yaml"
                sleep "$moment"
                kill9_fleet
        done
        mount_ready
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                completed "$F/backups/crash$i"
                for c in eu-1 us-1 ap-1; do
                        assert_equal 1 "$(count_of "$c" backups "crash$i")" "backups of crash$i on $c"
                done
        done
}

@test "restore: it is done once, or is Interrupted and waits for start" {
        local i=0
        mount_ready
        backup_policy crash "$(destination eu-1)" >"$F/backups/source.yaml"
        completed "$F/backups/source"
        for moment in "${moments[@]}"; do
                i=$((i + 1))
                printf 'backupName: source\n' >"$F/restores/undo$i.yaml"
                sleep "$moment"
                kill9_fleet
                mount_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                [[ $(cat "$F/restores/undo$i/phase") != Interrupted ]] || echo start >"$F/restores/undo$i/ctl"
                completed "$F/restores/undo$i"
                assert_equal 1 "$(count_of eu-1 restores "undo$i")" "restores of undo$i"
        done
}

@test "migration: it ends, once, and leaves nothing behind" {
        local i=0
        seed_objects eu-1 crashmv 2
        for moment in 0 0.02 0.1 0.3 0.7 1.2; do
                mount_ready
                i=$((i + 1))
                mkdir "$F/migrations/mv$i"
                ln -s ../../clusters/eu-1 "$F/migrations/mv$i/source"
                ln -s ../../../clusters/us-1 "$F/migrations/mv$i/targets/"
                printf 'policy:\n  namespaceMapping: {crashmv: crashmv%s}\n  resourceFilter: {includedNamespaces: [crashmv]}\n' "$i" >"$F/migrations/mv$i/policy.yaml"
                echo start >"$F/migrations/mv$i/ctl"
                sleep "$moment"
                kill9_fleet
        done
        mount_ready
        for ((i = 1; i <= 6; i++)); do
                completed "$F/migrations/mv$i" 90
                assert_equal 1 "$(count_of eu-1 backups "mv$i")" "backups of mv$i"
                assert_equal 1 "$(count_of us-1 restores "mv$i")" "restores of mv$i"
                assert_equal 2 "$(count_objects us-1 "crashmv$i/configmaps" seed=crashmv)"
        done
        eventually_equal 30 0 count_objects us-1 backupstoragelocations fleetfs.dev/kind=migration
}

@test "schedule: made, changed and removed once, whenever the daemon was killed" {
        local i=0 c moment late soon end
        declare -A uids
        for moment in "${moments[@]}"; do
                mount_ready
                i=$((i + 1))
                scheduled_policy crash "$i 1 1 1 *" >"$F/backups/plan$i.yaml"
                sleep "$moment"
                kill9_fleet
        done
        mount_ready
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 1 1 1 *" schedule_field "$c" "plan$i" .spec.schedule
                        uids[$c$i]=$(schedule_field "$c" "plan$i" .metadata.uid)
                done
        done
        i=0
        for moment in "${moments[@]}"; do
                i=$((i + 1))
                scheduled_policy crash "$i 2 2 2 *" >"$F/backups/plan$i.yaml"
                sleep "$moment"
                kill9_fleet
                mount_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 2 2 2 *" schedule_field "$c" "plan$i" .spec.schedule
                        assert_equal "${uids[$c$i]}" "$(schedule_field "$c" "plan$i" .metadata.uid)" "plan$i on $c: the same object"
                done
        done
        # A removal applies when its grace is over: each is at another moment of it when the daemon dies.
        for i in 1 2 3; do
                read -r late soon end < <(jq -rn --argjson i "$i" --argjson m "[$(IFS=,; echo "${moments[*]}")]" \
                        '"\($m[$i + 5] - $m[$i + 2]) \($m[$i + 2] - $m[$i - 1]) \(3 + $m[$i - 1])"')
                rm "$F/backups/plan$((i + 6)).yaml"
                sleep "$late"
                rm "$F/backups/plan$((i + 3)).yaml"
                sleep "$soon"
                rm "$F/backups/plan$i.yaml"
                sleep "$end"
                kill9_fleet
                mount_ready
        done
        for ((i = 1; i <= ${#moments[@]}; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 0 count_of "$c" schedules "plan$i"
                done
                refute_exists "$F/backups/plan$i.yaml"
        done
}

# newer_than RUN FOLDER: there is a later run than that.
newer_than() { local latest; latest=$(readlink "$2/runs/latest") && [[ $latest > $1 ]]; }

@test "delete of a run: its backups go, once and all, and no others, whenever the daemon was killed" {
        local i=0 c moment keep run
        mount_ready
        for moment in 0 0.01 0.04 0.2 0.6; do
                i=$((i + 1))
                backup_policy crash >"$F/backups/drop$i.yaml"
                completed "$F/backups/drop$i"
                run=$(readlink "$F/backups/drop$i/runs/latest")
                echo run >"$F/backups/drop$i/ctl"
                eventually 20 newer_than "$run" "$F/backups/drop$i"
                completed "$F/backups/drop$i"
                keep=$(readlink "$F/backups/drop$i/runs/latest")
                echo "delete $run" >"$F/backups/drop$i/ctl"
                sleep "$moment"
                kill9_fleet
                mount_ready
                eventually 60 refute_exists "$F/backups/drop$i/runs/$run"
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 60 1 count_of "$c" backups "drop$i"
                        assert_equal "$keep" "$(field_of "$c" backups "drop$i" '.metadata.labels["fleetfs.dev/run"]')"
                done
                assert_equal "$keep" "$(readlink "$F/backups/drop$i/runs/latest")"
        done
}

@test "adopt: all of it changes its owner, and nothing else, whenever the daemon was killed" {
        local i=0 c moment old
        mount_ready
        for ((i = 1; i <= 5; i++)); do
                scheduled_policy crash "$i 3 3 3 *" >"$F/backups/take$i.yaml"
        done
        for ((i = 1; i <= 5; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 20 "$i 3 3 3 *" schedule_field "$c" "take$i" .spec.schedule
                        back_up_by_schedule "$c" "take$i"
                done
        done
        old=$(schedule_field eu-1 take1 '.metadata.labels["fleetfs.dev/owner"]')
        for ((i = 1; i <= 5; i++)); do
                eventually_equal 60 Completed cat "$F/backups/take$i/runs/latest/phase"
        done
        umount_fleet
        mkdir -p "$TEST_DIR/other"
        mount_ready --state-dir "$TEST_DIR/other"
        i=0
        for moment in 0 0.005 0.02 0.08 0.6; do
                i=$((i + 1))
                eventually 20 test -e "$F/backups/take$i/ctl"
                echo adopt >"$F/backups/take$i/ctl"
                sleep "$moment"
                kill9_fleet
                mount_ready --state-dir "$TEST_DIR/other"
        done
        for ((i = 1; i <= 5; i++)); do
                for c in eu-1 us-1 ap-1; do
                        eventually_equal 30 0 count_objects "$c" schedules "fleetfs.dev/owner=$old,fleetfs.dev/name=take$i"
                        eventually_equal 30 0 count_objects "$c" backups "fleetfs.dev/owner=$old,fleetfs.dev/name=take$i"
                        assert_equal 1 "$(count_of "$c" backups "take$i")" "backups of take$i on $c"
                        assert_equal "$i 3 3 3 *" "$(schedule_field "$c" "take$i" .spec.schedule)"
                done
                assert_equal 600 "$(stat -c %a "$F/backups/take$i.yaml")" 'ours now'
                assert_equal 1 "$(count_runs "$F/backups/take$i")" 'runs'
        done
}
