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
