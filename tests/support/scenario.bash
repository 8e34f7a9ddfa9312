# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The harness of the scenarios: a fleet of clusters for the tests of a file, and the daemon on a mount
# for each test. A scenario file begins with
#
#       load ../support/scenario
#
# and has one engine of three clusters (eu-1 us-1 ap-1) for all of its tests, and fresh daemon state
# for each. Objects in the clusters stay from test to test: give them names of their own. To have
# another engine, define setup_file() { scenario_setup_file N [OPTION...]; }.
#
# From the environment:
#   FLEETFS             the daemon, an absolute path; a test that mounts fails without it
#   FLEETFS_ENGINE      sim (default) or real; tests with `sim_only` or `fault` are skipped on real
#   FLEETFS_SIM         the simulator's program; needed for sim
#   FLEETFS_ENGINE_DIR  an engine directory that runs already: it is used, and left as it is. For
#                       work on one test: it saves the start.
#   FLEETFS_SLOW        set: tests that wait for minutes (`slow`) run too
#
# For the test: $ENGINE (sim|real), $ENGINE_DIR and what its `env` sets; $TEST_DIR (scratch of this
# test); after mount_fleet $MNT (the mount) and $F (the fleet in it). Policies, and what becomes of them: policies.bash.

bats_require_minimum_version 1.5.0

SUPPORT_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$SUPPORT_DIR/proc.bash"
. "$SUPPORT_DIR/assert.bash"
. "$SUPPORT_DIR/cluster.bash"
. "$SUPPORT_DIR/policies.bash"

readonly MOUNT_SECONDS=15 UNMOUNT_SECONDS=15 ENGINE_SECONDS=60
readonly ENGINE_PROGRAM=$SUPPORT_DIR/../e2e/engine

# shellcheck disable=SC2119 # the defaults
setup_file() { scenario_setup_file; }
teardown_file() { scenario_teardown_file; }
setup() { scenario_setup; }
teardown() { scenario_teardown; }

# scenario_setup_file [N=3 [OPTION...]]: starts the engine with N clusters; the options are the engine's
# own. What runs here cannot skip the tests (bats): the reason is kept for scenario_setup.
# shellcheck disable=SC2120 # by the scenario files
scenario_setup_file()
{
        local n=${1:-3} status=0
        [[ $# -eq 0 ]] || shift

        export ENGINE=${FLEETFS_ENGINE:-sim} ENGINE_DIR SCENARIO_DIR SCENARIO_SKIP=''
        # Velero looks anew at what it left in its queue each 60 s: what it missed waits as long.
        [[ $ENGINE != real ]] || export PATIENCE=65
        # Not bats' own directory: that is removed recursively, which must never happen to a mount.
        SCENARIO_DIR=$(mktemp -d "${TMPDIR:-/tmp}/fleetfs-scenario.XXXXXX") || return 1
        ENGINE_DIR=${FLEETFS_ENGINE_DIR:-$SCENARIO_DIR/engine}

        if [[ -n ${FLEETFS_ENGINE_DIR:-} ]]; then
                [[ -r $ENGINE_DIR/env ]] || assert_fail "FLEETFS_ENGINE_DIR=$ENGINE_DIR: no engine directory" || return 1
        elif [[ $ENGINE == real ]]; then
                "$ENGINE_PROGRAM" up "$ENGINE_DIR" "$n" "$@" >"$SCENARIO_DIR/engine.log" 2>&1 || status=$?
                if [[ $status -eq 77 ]]; then
                        SCENARIO_SKIP=$(grep -m1 'needed' "$SCENARIO_DIR/engine.log")
                        return 0
                fi
                [[ $status -eq 0 ]] || { cat "$SCENARIO_DIR/engine.log" >&2; return 1; }
        elif [[ $ENGINE == sim ]]; then
                sim_up "$n" "$@" || return 1
        else
                assert_fail "FLEETFS_ENGINE is sim or real, not \"$ENGINE\"" || return 1
        fi
        # shellcheck disable=SC1091 # made by the engine
        . "$ENGINE_DIR/env"
}

# sim_up N [OPTION...]: starts the simulator and waits for its word.
sim_up()
{
        [[ -x ${FLEETFS_SIM:-} ]] || assert_fail "FLEETFS_SIM=${FLEETFS_SIM:-}: not the simulator's program" || return 1
        proc_spawn "$SCENARIO_DIR/sim.pid" "$SCENARIO_DIR/sim.log" "$FLEETFS_SIM" up "$ENGINE_DIR" --clusters "$@"
        proc_await "$SCENARIO_DIR/sim.pid" "$SCENARIO_DIR/sim.log" "$ENGINE_SECONDS" grep -qx ready "$SCENARIO_DIR/sim.log"
}

# tell_finding LOG: shows the log when a sanitizer's finding, or a failed assertion, is in it; fails when none is.
tell_finding()
{
        grep -qE 'Sanitizer|runtime error:|Assertion .* failed' "$1" && cat "$1" >&2
}

# scenario_teardown_file: ends the engine; a finding in the simulator fails the file. The directory stays when
# $FLEETFS_KEEP is set.
scenario_teardown_file()
{
        local finding=0
        [[ -d ${SCENARIO_DIR:-} ]] || return 0
        if [[ -z ${FLEETFS_ENGINE_DIR:-} ]]; then
                [[ ! -d $ENGINE_DIR/engine/run ]] || "$ENGINE_PROGRAM" down "$ENGINE_DIR"
                [[ ! -e $SCENARIO_DIR/sim.pid ]] || proc_stop "$SCENARIO_DIR/sim.pid"
        fi
        [[ ! -e $SCENARIO_DIR/sim.log ]] || ! tell_finding "$SCENARIO_DIR/sim.log" || finding=1
        if [[ -n ${FLEETFS_KEEP:-} ]]; then
                printf '# kept: %s\n' "$SCENARIO_DIR" >&3
        else
                rm -rf --one-file-system "$SCENARIO_DIR"
        fi
        return $finding
}

# scenario_setup: the state directories of this test.
scenario_setup()
{
        [[ -z $SCENARIO_SKIP ]] || skip "$SCENARIO_SKIP"
        TEST_DIR=$SCENARIO_DIR/test-$BATS_TEST_NUMBER
        mkdir -p "$TEST_DIR"/{home,state,config,cache,run}
        FLEET_FILE=$ENGINE_DIR/fleet.yaml
}

# scenario_teardown: unmounts what the test has mounted, lazily, and ends what it has started, whatever
# became of it. A daemon that reported a sanitizer's finding fails the test. A failed test tells the end of
# the daemons' logs.
scenario_teardown()
{
        local pidfile log finding=0
        [[ -n ${TEST_DIR:-} ]] || return 0
        for pidfile in "$TEST_DIR"/run/*.pid; do
                [[ -e $pidfile ]] || continue
                unmount_lazily "$TEST_DIR/$(basename "$pidfile" .pid)"
                proc_stop "$pidfile"
        done
        for log in "$TEST_DIR"/run/*.log; do
                [[ -e $log ]] || continue
                if tell_finding "$log"; then
                        finding=1
                elif [[ -z ${BATS_TEST_COMPLETED:-} ]]; then
                        printf 'the end of %s:\n' "${log##*/}" >&2
                        tail -n 30 "$log" >&2
                fi
        done
        return $finding
}

# is_mounted DIR: asks the kernel's table, which a daemon that hangs cannot delay.
is_mounted() { grep -qF " $1 " /proc/self/mountinfo; }

# unmount_lazily DIR: never fails, never waits for the daemon.
unmount_lazily()
{
        is_mounted "$1" || return 0
        fusermount3 -uz "$1" 2>/dev/null || umount -l "$1" 2>/dev/null || true
}

# mount_fleet [OPTION...]: starts the daemon with the fleet $FLEET_FILE and the state of this test,
# waits until the fleet is there, sets $MNT and $F. The second call of a test, after umount_fleet or
# kill9_fleet, finds the state of the first.
mount_fleet()
{
        mount_fleet_at mnt "$@" || return 1
        MNT=$TEST_DIR/mnt
        # shellcheck disable=SC2034 # for the test
        F=$MNT/prod
}

# mount_fleet_at NAME [OPTION...]: the same on $TEST_DIR/NAME, for a second mount beside the first.
mount_fleet_at()
{
        local mnt=$TEST_DIR/$1 pidfile=$TEST_DIR/run/$1.pid log=$TEST_DIR/run/$1.log
        shift
        [[ -x ${FLEETFS:-} ]] || assert_fail "FLEETFS=${FLEETFS:-}: not the daemon's program" || return 1
        mkdir -p "$mnt"
        proc_spawn "$pidfile" "$log" env -u KUBECONFIG -u NOTIFY_SOCKET HOME="$TEST_DIR/home" \
                XDG_STATE_HOME="$TEST_DIR/state" XDG_CONFIG_HOME="$TEST_DIR/config" XDG_CACHE_HOME="$TEST_DIR/cache" \
                XDG_RUNTIME_DIR="$TEST_DIR/run" "$FLEETFS" -f --fleet-file "$FLEET_FILE" "$@" "$mnt"
        proc_await "$pidfile" "$log" "$MOUNT_SECONDS" is_mounted "$mnt" || return 1
        proc_await "$pidfile" "$log" "$MOUNT_SECONDS" timeout 2 test -d "$mnt/prod"
}

# all_ready [FLEET=$F]: each cluster of the fleet is Ready.
all_ready() { assert_equal true "$(json "${1:-$F}/status.json" '.summary | .clusters > 0 and .ready == .clusters')" 'all Ready'; }

# mount_ready [OPTION...]: mount_fleet, until each of its clusters is Ready.
mount_ready() { mount_fleet "$@" && eventually 30 all_ready; }

# fleet_of CLUSTER...: prints a fleet file of these clusters of the engine.
fleet_of()
{
        local name
        printf 'apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n  clusters:\n'
        printf -- '  - {kind: AttachedCluster, name: %s}\n' "$@"
        for name; do
                printf -- '---\napiVersion: cluster.kurator.dev/v1alpha1\nkind: AttachedCluster\nmetadata: {name: %s}\n' "$name"
                printf 'spec: {kubeconfig: {path: %s, context: %s}}\n' "$ENGINE_DIR/kubeconfig" "$name"
        done
}

# fleet_offline: makes of $FLEET_FILE the engine's fleet with clusters that do not answer: what starts stays owed.
fleet_offline()
{
        sed "s|path: .*|path: $TEST_DIR/kubeconfig|" "$ENGINE_DIR/fleet.yaml" >"$TEST_DIR/fleet.yaml"
        sed -E 's|server: .*|server: https://127.0.0.1:9|' "$ENGINE_DIR/kubeconfig" >"$TEST_DIR/kubeconfig"
        FLEET_FILE=$TEST_DIR/fleet.yaml
}

# umount_fleet [NAME=mnt]: unmounts as a user does; the daemon must end by itself, with status 0.
umount_fleet()
{
        local mnt=$TEST_DIR/${1:-mnt} pidfile=$TEST_DIR/run/${1:-mnt}.pid pid status=0
        pid=$(proc_pid "$pidfile") || assert_fail "the daemon of $mnt has ended before" || return 1
        fusermount3 -u "$mnt" || return 1
        proc_gone "$pidfile" "$UNMOUNT_SECONDS" ||
                assert_fail "the daemon does not end within $UNMOUNT_SECONDS s of the unmount" || return 1
        wait "$pid" || status=$?
        rm -f "$pidfile"
        # 127: another process than this one has started it.
        [[ $status -eq 0 || $status -eq 127 ]] || assert_fail "the daemon ended with status $status"
}

# kill9_fleet [NAME=mnt]: the daemon dies without warning; the dead mount is cleared away.
kill9_fleet()
{
        local pidfile=$TEST_DIR/run/${1:-mnt}.pid pid
        pid=$(proc_pid "$pidfile") || assert_fail "no daemon to kill" || return 1
        kill -s KILL "$pid"
        proc_gone "$pidfile" 5 || assert_fail "pid $pid survives SIGKILL" || return 1
        wait "$pid" 2>/dev/null || true
        unmount_lazily "$TEST_DIR/${1:-mnt}"
        rm -f "$pidfile"
}

# fleet_log [NAME=mnt]: prints the daemon's log.
fleet_log() { cat "$TEST_DIR/run/${1:-mnt}.log"; }

# slow WHAT: skips the test unless slow ones are asked for.
slow() { [[ -n ${FLEETFS_SLOW:-} ]] || skip "slow ($1); FLEETFS_SLOW=1 runs it"; }
