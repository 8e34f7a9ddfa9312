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
        fleet_offline
        mount_fleet
        B=$F/backups
}

mount_online()
{
        FLEET_FILE=$ENGINE_DIR/fleet.yaml
        mount_ready
        B=$F/backups
}

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

runs_are() { assert_equal "$2" "$(runs_started "$1")" "runs of $1"; }
comes_to_runs() { eventually 5 runs_are "$1" "$2"; }

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

@test "a file that is open while it is renamed goes on as what it is then" {
        mount_offline
        python3 - "$B" "$P" <<'PY'
import os, sys
b, p = sys.argv[1:]
data = open(p, "rb").read()

# From a temporary name to one that acts: what is written after that is an edit of it.
fd = os.open(b + "/tmp", os.O_RDWR | os.O_CREAT)
os.write(fd, data)
os.rename(b + "/tmp", b + "/in.yaml")
os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
assert os.pread(fd, 200, 0) == data, os.pread(fd, 200, 0)
os.write(fd, b"# tail\n")
os.close(fd)
assert open(b + "/in.yaml", "rb").read() == data + b"# tail\n"

# From a name that acts to one that does not: what was written goes along, and is kept.
fd = os.open(b + "/out.yaml", os.O_RDWR | os.O_CREAT)
os.write(fd, data)
os.rename(b + "/out.yaml", b + "/out.off")
assert os.fstat(fd).st_size == len(data)
os.write(fd, b"# more\n")
os.close(fd)
assert open(b + "/out.off", "rb").read() == data + b"# more\n"
PY
        comes_to_runs in 2
        runs_are out 0
        umount_fleet
        mount_offline
        assert_equal "$(cat "$P"; echo '# more')" "$(cat "$B/out.off")" 'the kept file'
}

@test "what was renamed away comes back in another process: a restore does not run again" {
        mount_online
        cp "$P" "$B/lw.yaml"
        completed "$B/lw"
        printf 'backupName: lw\n' >"$F/restores/lw.yaml"
        completed "$F/restores/lw"
        mv "$F/restores/lw.yaml" "$F/restores/lw.off"
        umount_fleet
        mount_online
        mv "$F/restores/lw.off" "$F/restores/lw.yaml"
        assert_equal 'backupName: lw' "$(cat "$F/restores/lw.yaml")"
        sleep 1
        assert_equal 1 "$(count_of eu-1 restores lw)" 'restores'
        assert_equal 0 "$(runs_started lw)" 'runs since the mount'
}

@test "a rename that is refused leaves the kept file that it would have replaced" {
        sim_only 'Velero is paused'
        mount_online
        cp "$P" "$B/keep.yaml"
        completed "$B/keep"
        printf 'backupName: keep\n' >"$F/restores/one.yaml"
        completed "$F/restores/one"
        mv "$F/restores/one.yaml" "$F/restores/keep.off"
        sim_ctl all velero pause
        printf 'backupName: keep # two\n' >"$F/restores/two.yaml"
        eventually 5 test -e "$F/restores/two/phase"
        assert_fails_with 'busy' mv "$F/restores/two.yaml" "$F/restores/keep.off"
        sim_ctl all velero resume
        completed "$F/restores/two"
        umount_fleet
        mount_online
        assert_equal 'backupName: keep' "$(cat "$F/restores/keep.off")" 'the kept file'
}

@test "a folder keeps as many files as it brings back" {
        local n
        mount_offline
        n=$(python3 - "$B" "$P" <<'PY'
import errno, os, sys
b, p = sys.argv[1:]
data = open(p, "rb").read()
for i in range(1100):
    with open(b + "/k.yaml", "wb") as f:
        f.write(data)
    try:
        os.rename(b + "/k.yaml", "%s/k.off%d" % (b, i))
    except OSError as e:
        assert e.errno == errno.ENOSPC, e
        print(i)
        break
PY
        )
        assert_equal 1024 "$n" 'files that were kept'
        assert_exists "$B/k.yaml"
        umount_fleet
        mount_offline
        n=$(find "$B" -maxdepth 1 -name 'k.off*' | wc -l)
        assert_equal 1024 "$n" 'files that came back'
}

@test "files that were renamed away come back with a fleet that comes later" {
        mount_offline
        cp "$P" "$B/k.yaml"
        comes_to_runs k 1
        mv "$B/k.yaml" "$B/k.off"
        cp "$FLEET_FILE" "$TEST_DIR/prod.yaml"
        # The daemon looks at the file by itself.
        sed 's/name: prod/name: other/' "$TEST_DIR/prod.yaml" >"$TEST_DIR/new" && mv "$TEST_DIR/new" "$FLEET_FILE"
        eventually 10 test -d "$MNT/other/backups"
        eventually 10 refute_exists "$F"
        mv "$TEST_DIR/prod.yaml" "$FLEET_FILE"
        eventually 10 test -d "$F/backups"
        assert_equal "$(cat "$P")" "$(cat "$B/k.off")" 'the kept file'
}

@test "a file that stands where a policy's folder would be is told, and stays" {
        mount_offline
        echo note >"$B/nightly"
        assert_fails_with 'not permitted' cp "$P" "$B/nightly.yaml"
        cp "$P" "$B/tmp"
        assert_fails_with 'not permitted' mv "$B/tmp" "$B/nightly.yaml"
        assert_equal note "$(cat "$B/nightly")"
        assert_equal 1 "$(find "$B" -maxdepth 1 -name nightly | wc -l)" 'files of that name'
        rm "$B/nightly"
        mv "$B/tmp" "$B/nightly.yaml"
        comes_to_runs nightly 1
}

@test "what a writer has committed is not its own any more: the size is that of the file" {
        mount_offline
        cp "$P" "$B/s.yaml"
        comes_to_runs s 1
        python3 - "$B" <<'PY'
import os, sys
b = sys.argv[1]
fd = os.open(b + "/s.yaml", os.O_WRONLY | os.O_TRUNC)
os.write(fd, b"bad: [\n")
try:
    os.close(os.dup(fd))
    sys.exit("the bad one is taken")
except OSError:
    pass
os.unlink(b + "/s.error.txt")
text = open(b + "/s.yaml", "rb").read()
assert os.stat(b + "/s.yaml").st_size == len(text) > 10, (os.stat(b + "/s.yaml").st_size, text)
PY
        assert_equal "$(cat "$P")" "$(cat "$B/s.yaml")" 'what is in force'
}
