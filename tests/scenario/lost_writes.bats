# SPDX-License-Identifier: Apache-2.0
# What was answered is true: what succeeded is kept and done, once, and what failed is not done. With a disk that takes its
# time, several writers at once, files that are renamed while they are open, and a daemon that dies in between.

load ../support/scenario

setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        P=$TEST_DIR/policy.yaml
        printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n' >"$P"
        SLOW=$TEST_DIR/slow
}

teardown()
{
        rm -f "${SLOW:-}"
        scenario_teardown
}

# mount_offline: no cluster answers, so what starts stays owed.
mount_offline()
{
        sed "s|path: .*|path: $TEST_DIR/kubeconfig|" "$ENGINE_DIR/fleet.yaml" >"$TEST_DIR/fleet.yaml"
        sed -E 's|server: .*|server: https://127.0.0.1:9|' "$ENGINE_DIR/kubeconfig" >"$TEST_DIR/kubeconfig"
        FLEET_FILE=$TEST_DIR/fleet.yaml
        mount_fleet "$@"
        B=$F/backups
}

mount_online()
{
        FLEET_FILE=$ENGINE_DIR/fleet.yaml
        mount_fleet "$@"
        B=$F/backups
        eventually 20 ready
}
ready() { assert_equal 3 "$(json "$F/status.json" '.summary.ready')" 'clusters that are ready'; }

# with_slow_disk COMMAND…: the daemon that it mounts waits for its disk as long as $SLOW exists.
with_slow_disk()
{
        local preload=${FLEETFS_SIM%/sim/*}/support/slow_fsync.so

        sim_only 'the disk is the simulator build'\''s'
        assert_exists "$preload"
        export LD_PRELOAD=$preload SLOW_FSYNC=$SLOW ASAN_OPTIONS=verify_asan_link_order=0:${ASAN_OPTIONS:-}
        "$@"
        unset LD_PRELOAD SLOW_FSYNC
}

runs_of() { grep '"RunStarted"' "$MNT/events.jsonl" | grep -cF "\"name\":\"$1\"" || true; }
runs_are() { assert_equal "$2" "$(runs_of "$1")" "runs of $1"; }
comes_to_runs() { eventually 5 runs_are "$1" "$2"; }
phase_is() { assert_equal "$2" "$(cat "$1/phase")" "phase of $1"; }

# busy_disk NAME: the engine waits for the disk, with a write of NAME, until the disk is quick again.
busy_disk()
{
        touch "$SLOW"
        cp "$P" "$B/$1.yaml" &
        BUSY=$!
        sleep 0.5
}

quick_disk()
{
        rm -f "$SLOW"
        wait "$BUSY"
}

@test "slow disk: what has failed is not done, and what is done has not failed" {
        with_slow_disk mount_offline
        cp "$P" "$B/tmp"
        busy_disk slow
        # Both come while the engine waits for the disk, longer than anybody waits for the engine.
        (status=0; cp "$P" "$B/late.yaml" || status=$?; echo "$status" >"$TEST_DIR/status") 2>"$TEST_DIR/error" &
        assert_fails_with 'timed out' mv "$B/tmp" "$B/moved.yaml"
        eventually 10 test -e "$TEST_DIR/status"
        assert_equal 1 "$(cat "$TEST_DIR/status")" 'status of cp'
        quick_disk
        comes_to_runs slow 1
        sleep 1
        runs_are late 0
        runs_are moved 0
        refute_exists "$B/moved.yaml" "$B/moved"
        assert_exists "$B/tmp"
        # It is an ordinary write the next time.
        cp "$P" "$B/late.yaml"
        comes_to_runs late 1
}

@test "slow disk: a close that fails keeps the bytes and starts nothing, also not what came before it" {
        with_slow_disk mount_offline
        python3 - "$B" "$P" "$TEST_DIR" <<'PY' &
import os, sys, time
b, p, t = sys.argv[1:]
fd = os.open(b + "/x.yaml", os.O_WRONLY | os.O_CREAT)
os.write(fd, open(p, "rb").read())
os.close(os.dup(fd))                    # accepted
os.write(fd, b"# more\n")
open(t + "/written", "w").close()
while not os.path.exists(t + "/close"):
    time.sleep(0.01)
try:
    os.close(fd)
    said = "0"
except OSError as e:
    said = os.strerror(e.errno)
with open(t + "/new", "w") as f:
    f.write(said)
os.rename(t + "/new", t + "/said")
PY
        eventually 10 test -e "$TEST_DIR/written"
        busy_disk slow
        touch "$TEST_DIR/close"
        eventually 10 test -e "$TEST_DIR/said"
        assert_equal 'Connection timed out' "$(cat "$TEST_DIR/said")" 'what the close said'
        quick_disk
        comes_to_runs slow 1
        eventually 5 phase_is "$B/x" Interrupted
        runs_are x 0
        assert_equal "$(cat "$P"; echo '# more')" "$(cat "$B/x.yaml")" 'what was written'
        assert_match 'FLT-0258' "$(cat "$B/x.error.txt")"
        echo start >"$B/x/ctl"
        comes_to_runs x 1
}

@test "two writers: one that is refused does not take what the other one was promised" {
        mount_offline
        python3 - "$B/w.yaml" "$P" <<'PY'
import os, sys
path, p = sys.argv[1:]
a = os.open(path, os.O_WRONLY | os.O_CREAT)
os.write(a, open(p, "rb").read())
os.close(os.dup(a))
b = os.open(path, os.O_WRONLY | os.O_TRUNC)
os.write(b, b"bad: [\n")
try:
    os.close(b)
    sys.exit("the bad one is taken")
except OSError:
    pass
os.close(a)
PY
        comes_to_runs w 1
        assert_equal "$(cat "$P")" "$(cat "$B/w/applied.yaml")" 'what is in force'
        assert_exists "$B/w.error.txt"
}

@test "what was fsynced survives a crash, also with times set after it; what was only created leaves nothing" {
        local p
        mount_offline
        python3 - "$B/f.yaml" "$F/migrations/zz.yaml" "$P" "$TEST_DIR/written" <<'PY' &
import os, sys, time
f, z, p, written = sys.argv[1:]
fd = os.open(f, os.O_WRONLY | os.O_CREAT)
os.write(fd, open(p, "rb").read())
os.fsync(fd)
os.utime(fd)
zd = os.open(z, os.O_WRONLY | os.O_CREAT)
os.utime(zd)
open(written, "w").close()
time.sleep(30)
PY
        p=$!
        eventually 10 test -e "$TEST_DIR/written"
        sleep 1
        kill9_fleet
        kill -9 "$p"
        mount_offline
        assert_equal "$(cat "$P")" "$(cat "$B/f.yaml")" 'what was fsynced'
        phase_is "$B/f" Interrupted
        mkdir "$F/migrations/zz"
}
