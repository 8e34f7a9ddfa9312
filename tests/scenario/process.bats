# SPDX-License-Identifier: Apache-2.0
# The process: how it starts and says so, how it ends, what it refuses, and what it never tells.

load ../support/scenario

# On the simulator with tokens, which are the easiest to tell by mistake; the real engine has certificates.
setup_file()
{
        if [[ ${FLEETFS_ENGINE:-sim} == sim ]]; then scenario_setup_file 2 --auth token; else scenario_setup_file 2; fi
}

# The daemon's environment in these tests, as the harness has it.
fleetfs()
{
        timeout 30 env -u KUBECONFIG -u NOTIFY_SOCKET HOME="$TEST_DIR/home" XDG_STATE_HOME="$TEST_DIR/state" \
                XDG_CONFIG_HOME="$TEST_DIR/config" XDG_RUNTIME_DIR="$TEST_DIR/run" "$FLEETFS" "$@" </dev/null
}

# start_daemon NAME [OPTION...]: becomes a daemon on $TEST_DIR/NAME. Its pid goes where scenario_teardown looks.
start_daemon()
{
        local name=$1 mnt=$TEST_DIR/$1 pid state
        shift
        mkdir -p "$mnt"
        # A daemon that kept one of our descriptors would keep bats waiting: none above 2 is given.
        fleetfs --fleet-file "$FLEET_FILE" "$@" "$mnt" >"$TEST_DIR/run/$name.out" 2>&1 3>&- || return
        pid=$(daemon_pid) || return 1
        state=$(proc_state "$pid") || return 1
        printf '%s %s\n' "$pid" "${state#* }" >"$TEST_DIR/run/$name.pid"
}

# daemon_pid: who holds the store, by the kernel's word.
daemon_pid()
{
        local pids
        pids=$(fuser "$TEST_DIR/state/fleetfs/lock" 2>/dev/null) || assert_fail "nobody holds the store" || return 1
        printf '%s\n' "${pids//[[:space:]]/}"
}

# exits CODE TEXT ARGUMENT...: it ends at once, with this code and this text on stderr.
exits()
{
        local code=$1 text=$2 status=0 out
        shift 2
        out=$(fleetfs "$@" 2>&1) || status=$?
        assert_equal "$code" "$status" "exit code of fleetfs $*: $out"
        [[ $out == *"$text"* ]] || assert_fail "fleetfs $*" "  is to say: $text" "  says:      $out"
}

log_has() { grep -qF "$1" "$2"; }

# ---------------------------------------------------------------- start and end

@test "a daemon: when the command returns the mount is there, and fusermount3 -u ends it" {
        start_daemon d
        is_mounted "$TEST_DIR/d"
        # No waiting: the next line of a script may read.
        assert_file_contains "$TEST_DIR/d/README.txt" 'fleet'
        assert_exists "$TEST_DIR/d/prod/status.txt" "$TEST_DIR/d/prod/clusters/eu-1"
        assert_equal '' "$(cat "$TEST_DIR/run/d.out")" 'what it says when all is well'
        assert_match '^fuse.fleetfs fleet:prod' "$(findmnt -no FSTYPE,SOURCE "$TEST_DIR/d" | tr -s ' ')"
        # It has left the terminal, our folder and our session.
        pid=$(proc_pid "$TEST_DIR/run/d.pid")
        assert_equal / "$(readlink "/proc/$pid/cwd")"
        assert_equal /dev/null "$(readlink "/proc/$pid/fd/0")"
        assert_equal "$TEST_DIR/state/fleetfs/fleetfs.log" "$(readlink "/proc/$pid/fd/2")"
        assert_equal 600 "$(stat -c %a "$TEST_DIR/state/fleetfs/fleetfs.log")"
        log_has 'msg=mounted' "$TEST_DIR/state/fleetfs/fleetfs.log"

        fusermount3 -u "$TEST_DIR/d"
        proc_gone "$TEST_DIR/run/d.pid" 15
        log_has 'msg=unmounted' "$TEST_DIR/state/fleetfs/fleetfs.log"
}

@test "in the foreground it stays, logs to stderr, and ends with 0 when it is unmounted" {
        mount_fleet
        proc_alive "$TEST_DIR/run/mnt.pid"
        eventually 5 grep -q 'msg=mounted' "$TEST_DIR/run/mnt.log"
        umount_fleet
        assert_file_contains "$TEST_DIR/run/mnt.log" 'msg=unmounted'
        refute is_mounted "$MNT"
}

# What the store's folder, or its lock, would be opened as.
@test "started with descriptors closed it keeps its state: what it opens is none of 0, 1 and 2" {
        local pid fd
        mkdir -p "$TEST_DIR/d"
        (
                exec 3>&-
                timeout 30 env -u KUBECONFIG -u NOTIFY_SOCKET HOME="$TEST_DIR/home" XDG_STATE_HOME="$TEST_DIR/state" \
                        XDG_CONFIG_HOME="$TEST_DIR/config" XDG_RUNTIME_DIR="$TEST_DIR/run" \
                        "$FLEETFS" --fleet-file "$FLEET_FILE" "$TEST_DIR/d" <&- >&- 2>&-
        )
        pid=$(daemon_pid)
        printf '%s %s\n' "$pid" "$(proc_state "$pid" | cut -d' ' -f2-)" >"$TEST_DIR/run/d.pid"
        for fd in 0 1; do assert_equal /dev/null "$(readlink "/proc/$pid/fd/$fd")" "descriptor $fd"; done
        assert_equal "$TEST_DIR/state/fleetfs/fleetfs.log" "$(readlink "/proc/$pid/fd/2")" 'descriptor 2'
        # It keeps what is written, and tells of it in its log.
        cp "$TEST_DIR/d/prod/templates/backup-cluster.yaml" "$TEST_DIR/d/prod/backups/kept.yaml"
        assert_exists "$TEST_DIR/state/fleetfs/objects/prod/backups/kept"
        assert_file_contains "$TEST_DIR/state/fleetfs/lock" "$pid"
        fusermount3 -u "$TEST_DIR/d"
}

@test "at a level at which it says nothing it stays all the same" {
        mount_fleet --log-level error
        sleep 1
        proc_alive "$TEST_DIR/run/mnt.pid"
        assert_exists "$F/status.txt"
        umount_fleet
}

# ends_by SIGNAL NAME: it unmounts, says which signal, and has stored what there is.
ends_by()
{
        mount_fleet
        printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n' >"$F/backups/kept-$2.yaml"
        kill -s "$1" "$(proc_pid "$TEST_DIR/run/mnt.pid")"
        proc_gone "$TEST_DIR/run/mnt.pid" 15
        refute is_mounted "$MNT"
        assert_file_contains "$TEST_DIR/run/mnt.log" 'msg=stopping'
        assert_file_contains "$TEST_DIR/run/mnt.log" 'msg=stopped'
        rm "$TEST_DIR/run/mnt.pid"
        mount_fleet
        assert_exists "$F/backups/kept-$2.yaml"
}

@test "SIGTERM unmounts and ends it; nothing is lost" { ends_by TERM term; }

@test "SIGINT unmounts and ends it; nothing is lost" { ends_by INT int; }

@test "SIGTERM ends it also while somebody waits for a file and somebody else stands in the mount" {
        mount_fleet
        velero_stop eu-1
        printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n' >"$F/backups/slow.yaml"
        proc_spawn "$TEST_DIR/run/reader.pid" "$TEST_DIR/run/reader.out" cat "$F/backups/slow/wait"
        proc_spawn "$TEST_DIR/run/dweller.pid" "$TEST_DIR/run/dweller.out" env -C "$F" sleep 60
        sleep 0.5
        proc_alive "$TEST_DIR/run/reader.pid" || assert_fail "wait did not wait: $(cat "$TEST_DIR/run/reader.out")"
        kill -s TERM "$(proc_pid "$TEST_DIR/run/mnt.pid")"
        proc_gone "$TEST_DIR/run/mnt.pid" 15
        proc_gone "$TEST_DIR/run/reader.pid" 5
        velero_start eu-1
}

@test "SIGHUP reads the configuration: a cluster that left the file leaves the tree" {
        FLEET_FILE=$TEST_DIR/home/fleet.yaml
        fleet_of eu-1 us-1 >"$FLEET_FILE"
        mount_fleet
        assert_exists "$F/clusters/eu-1" "$F/clusters/us-1"
        fleet_of eu-1 >"$FLEET_FILE"
        kill -s HUP "$(proc_pid "$TEST_DIR/run/mnt.pid")"
        eventually 5 refute test -e "$F/clusters/us-1"
        assert_exists "$F/clusters/eu-1"
        proc_alive "$TEST_DIR/run/mnt.pid"

        # What cannot be read leaves what was there, and is told.
        printf 'kind: [\n' >"$FLEET_FILE"
        kill -s HUP "$(proc_pid "$TEST_DIR/run/mnt.pid")"
        eventually 5 grep -q 'ConfigurationRefused' "$MNT/events.jsonl"
        assert_exists "$F/clusters/eu-1"
        assert_file_contains "$TEST_DIR/run/mnt.log" 'line=2'
}

@test "the mount of a process that died is taken away by the next start; a live one is not" {
        mount_fleet
        assert_fails_with 'fleetfs' fleetfs --fleet-file "$FLEET_FILE" --state-dir "$TEST_DIR/other" "$MNT"
        assert_exists "$F/status.txt"
        pid=$(proc_pid "$TEST_DIR/run/mnt.pid")
        kill -s KILL "$pid"
        proc_gone "$TEST_DIR/run/mnt.pid" 5
        wait "$pid" 2>/dev/null || true
        is_mounted "$MNT"
        assert_fails_with 'not connected' ls "$MNT"
        rm "$TEST_DIR/run/mnt.pid"
        # Spelt otherwise than the kernel does: relative, with dots and a slash at the end.
        cd "$TEST_DIR"
        fleetfs --fleet-file "$FLEET_FILE" ./run/../mnt/ 3>&-
        pid=$(daemon_pid)
        state=$(proc_state "$pid")
        printf '%s %s\n' "$pid" "${state#* }" >"$TEST_DIR/run/mnt.pid"
        assert_exists "$F/status.txt"
        assert_equal 1 "$(grep -cF " $MNT " /proc/self/mountinfo)" 'mounts on the mountpoint'
}

@test "a second mount of the same store is read-only and says who has it" {
        mount_fleet
        pid=$(proc_pid "$TEST_DIR/run/mnt.pid")
        mount_fleet_at second
        assert_file_contains "$TEST_DIR/run/second.log" "pid $pid holds"
        assert_file_contains "$TEST_DIR/second/prod/status.txt" "pid $pid"
        assert_fails_with 'Read-only file system' cp "$F/templates/backup-cluster.yaml" "$TEST_DIR/second/prod/backups/x.yaml"
        refute_exists "$F/backups/x.yaml"
        # The first is not disturbed.
        cp "$F/templates/backup-cluster.yaml" "$F/backups/y.yaml"
        eventually 10 test -e "$TEST_DIR/second/prod/status.txt"
        umount_fleet second
}

@test "-o ro writes nothing: no state, no request but reads" {
        mount_fleet -o ro
        assert_fails_with 'Read-only file system' touch "$F/backups/x"
        assert_match '(^|,)ro(,|$)' "$(findmnt -no OPTIONS "$MNT")"
        refute_exists "$F/backups/x" "$TEST_DIR/state/fleetfs/lock"
        umount_fleet
}

@test "a daemon with -o ro leaves nothing in the state folder, not even a log" {
        mkdir -p "$TEST_DIR/r"
        fleetfs --fleet-file "$FLEET_FILE" -o ro "$TEST_DIR/r" 3>&-
        assert_exists "$TEST_DIR/r/prod/status.txt"
        assert_equal '' "$(find "$TEST_DIR/state" -mindepth 1)" 'what there is in the state folder'
        # Nobody holds a store by whom its pid were to be found.
        pid=$(pgrep -f -- "-o ro $TEST_DIR/r\$")
        state=$(proc_state "$pid")
        printf '%s %s\n' "$pid" "${state#* }" >"$TEST_DIR/run/r.pid"
        assert_equal /dev/null "$(readlink "/proc/$pid/fd/2")"
        fusermount3 -u "$TEST_DIR/r"
        proc_gone "$TEST_DIR/run/r.pid" 15
}

# ---------------------------------------------------------------- the log

# mount_logging_to FIFO [OPTION...]: in the foreground with -d, which tells every request, and standard error there.
mount_logging_to()
{
        local fifo=$1
        shift
        mkdir -p "$TEST_DIR/mnt"
        # shellcheck disable=SC2016 # of the inner shell
        proc_spawn "$TEST_DIR/run/mnt.pid" "$TEST_DIR/run/mnt.log" env -u KUBECONFIG -u NOTIFY_SOCKET HOME="$TEST_DIR/home" \
                XDG_STATE_HOME="$TEST_DIR/state" XDG_CONFIG_HOME="$TEST_DIR/config" FIFO="$fifo" \
                bash -c 'exec "$@" 2>"$FIFO"' fleetfs "$FLEETFS" -d --fleet-file "$FLEET_FILE" "$@" "$TEST_DIR/mnt"
        proc_await "$TEST_DIR/run/mnt.pid" "$TEST_DIR/run/mnt.log" 15 is_mounted "$TEST_DIR/mnt"
        proc_await "$TEST_DIR/run/mnt.pid" "$TEST_DIR/run/mnt.log" 15 timeout 2 test -d "$TEST_DIR/mnt/prod"
        MNT=$TEST_DIR/mnt F=$TEST_DIR/mnt/prod
}

# ask N: that many requests at least, each a line of the log; the kernel keeps no name that there is not.
ask()
{
        timeout 60 bash -c 'for ((i = 0; i < $1; i++)); do [[ ! -e $2/absent-$i ]] || exit 1; done' ask "$1" "$F" ||
                assert_fail "the mount does not answer $1 requests within a minute"
}

@test "standard error is a full pipe: the mount answers, lines are dropped, and later it says how many" {
        mkfifo "$TEST_DIR/fifo"
        # Both ends: the daemon's open does not wait, and nobody reads.
        exec 7<>"$TEST_DIR/fifo"
        mount_logging_to "$TEST_DIR/fifo"
        ask 2000
        printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n' >"$TEST_DIR/p.yaml"
        timeout 10 cp "$TEST_DIR/p.yaml" "$F/backups/unlogged.yaml"
        assert_equal Completed "$(end_of "$F/backups/unlogged")"
        # Whoever reads at last has first what was kept, then the number of what was not.
        timeout 1 cat <&7 >"$TEST_DIR/early" || true
        log_has 'msg=mounted' "$TEST_DIR/early"
        ask 10
        timeout 1 cat <&7 >"$TEST_DIR/late" || true
        assert_match 'msg="lines of the log were dropped" lines=[0-9]+ err="Resource temporarily unavailable" code=EAGAIN' \
                "$(cat "$TEST_DIR/early" "$TEST_DIR/late")"
        log_has 'LOOKUP' "$TEST_DIR/late"
        exec 7>&-
        umount_fleet
}

@test "who read standard error has gone: the mount stays, and ends with 0 when it is unmounted" {
        mkfifo "$TEST_DIR/fifo"
        exec 7<>"$TEST_DIR/fifo"
        mount_logging_to "$TEST_DIR/fifo"
        exec 7>&-
        ask 200
        proc_alive "$TEST_DIR/run/mnt.pid"
        assert_exists "$F/status.txt"
        umount_fleet
}

@test "no room for the log: the mount serves, and what is missing is told when there is room" {
        [[ $(id -u) -eq 0 ]] || skip 'needs root, to mount a small disk'
        mkdir -p "$TEST_DIR/small"
        mount -t tmpfs -o size=64k none "$TEST_DIR/small"
        head -c 60000 /dev/zero >"$TEST_DIR/small/fill"
        mount_fleet -d --log-file "$TEST_DIR/small/log"
        ask 1000
        printf 'policy:\n  resourceFilter: {includedNamespaces: [default]}\n' >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/noroom.yaml"
        rm "$TEST_DIR/small/fill"
        ask 10
        umount_fleet
        run grep -E 'lines=[0-9]+ err="No space left on device" code=ENOSPC$' "$TEST_DIR/small/log"
        umount "$TEST_DIR/small"
        assert_equal 0 "$status" 'status of grep'
}

@test "the log of a daemon does not grow without end: at 8 MiB it is set aside, once" {
        log=$TEST_DIR/state/fleetfs/fleetfs.log
        mkdir -m 700 "$TEST_DIR/state/fleetfs"
        head -c $((8 << 20)) /dev/zero | tr '\0' x >"$log"
        printf 'older still\n' >"$log.1"
        start_daemon d
        eventually 5 log_has 'msg=mounted' "$log"
        assert_equal $((8 << 20)) "$(stat -c %s "$log.1")"
        [[ $(stat -c %s "$log") -lt 100000 ]] || assert_fail "the new log has $(stat -c %s "$log") bytes"
        assert_equal 600 "$(stat -c %a "$log")"
        assert_equal "$log" "$(readlink "/proc/$(proc_pid "$TEST_DIR/run/d.pid")/fd/2")"
        assert_equal 'fleetfs.log fleetfs.log.1' "$(cd "$TEST_DIR/state/fleetfs" && echo fleetfs.log*)"
        # logrotate(8), which renames, is noticed as well.
        mv "$log" "$log.old"
        kill -s HUP "$(proc_pid "$TEST_DIR/run/d.pid")"
        fusermount3 -u "$TEST_DIR/d"
        proc_gone "$TEST_DIR/run/d.pid" 15
        log_has 'msg=unmounted' "$log"
}

# ---------------------------------------------------------------- what is refused

@test "wrong usage ends with 2 and names what is wrong" {
        mkdir -p "$TEST_DIR/m"
        exits 2 'where to mount is missing'
        exits 2 'unknown option --kubeconfg: did you mean --kubeconfig?' --kubeconfg=x "$TEST_DIR/m"
        exits 2 '--fleet-file: the value is empty' --fleet-file= "$TEST_DIR/m"
        exits 2 '--log-level' --log-level loud "$TEST_DIR/m"
        exits 2 'neither text nor json' --log-format xml "$TEST_DIR/m"
        exits 2 'Try: fleetfs --help' -x
        exits 2 'unknown option -o bogus_option' --fleet-file "$FLEET_FILE" -o bogus_option "$TEST_DIR/m"
        exits 2 'unknown option -o kernel_cache' --fleet-file "$FLEET_FILE" -o kernel_cache "$TEST_DIR/m"
        exits 2 '"BAD_" is no name of a namespace' --velero-namespace BAD_ "$TEST_DIR/m"
        # What only libfuse or the kernel knows to be wrong.
        exits 2 'invalid parameter' --fleet-file "$FLEET_FILE" -o max_read=x "$TEST_DIR/m"
        [[ $(id -u) -ne 0 ]] || exits 2 'has a value that the kernel does not take' --fleet-file "$FLEET_FILE" -o context=x "$TEST_DIR/m"
        refute is_mounted "$TEST_DIR/m"
}

@test "a configuration that cannot be read ends with 78 and its place" {
        mkdir -p "$TEST_DIR/m"
        printf 'apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: prod\nspec:\n  clusterz: []\n' \
                >"$TEST_DIR/fleet.yaml"
        exits 78 "fleet.yaml:6:3: " --fleet-file "$TEST_DIR/fleet.yaml" "$TEST_DIR/m"
        exits 78 "fleet.yaml:6:3: " -f --fleet-file "$TEST_DIR/fleet.yaml" "$TEST_DIR/m"
        printf 'kind: Fleet\n  metadata: [\n' >"$TEST_DIR/fleet.yaml"
        exits 78 "fleet.yaml:2:" --fleet-file "$TEST_DIR/fleet.yaml" "$TEST_DIR/m"
        exits 78 "$TEST_DIR/absent.yaml" --fleet-file "$TEST_DIR/absent.yaml" "$TEST_DIR/m"
        refute is_mounted "$TEST_DIR/m"
}

@test "a mountpoint that is none ends with 1 and says what to do" {
        exits 1 "mkdir -p $TEST_DIR/absent" --fleet-file "$FLEET_FILE" "$TEST_DIR/absent"
        : >"$TEST_DIR/file"
        exits 1 'no folder' --fleet-file "$FLEET_FILE" "$TEST_DIR/file"
        exits 1 'name a folder' --fleet-file "$FLEET_FILE" "$TEST_DIR/file"
}

@test "options for the kernel reach it, and the last of two counts" {
        mkdir -p "$TEST_DIR/k"
        start_daemon k -o ro,rw,noexec,max_read=65536
        assert_exists "$TEST_DIR/k/prod/status.txt"
        assert_match '(^|,)rw(,|$)' "$(findmnt -no OPTIONS "$TEST_DIR/k")"
        assert_match '(^|,)noexec(,|$)' "$(findmnt -no OPTIONS "$TEST_DIR/k")"
        assert_match '(^|,)max_read=65536(,|$)' "$(findmnt -no OPTIONS "$TEST_DIR/k")"
        fusermount3 -u "$TEST_DIR/k"
        proc_gone "$TEST_DIR/run/k.pid" 15
}

@test "a mountpoint that is not empty is covered, and that is told" {
        mkdir -p "$TEST_DIR/c"
        : >"$TEST_DIR/c/mine"
        start_daemon c --log-file "$TEST_DIR/c.log"
        assert_file_contains "$TEST_DIR/run/c.out" 'was not empty'
        assert_file_contains "$TEST_DIR/c.log" 'was not empty'
        refute_exists "$TEST_DIR/c/mine"
        fusermount3 -u "$TEST_DIR/c"
        proc_gone "$TEST_DIR/run/c.pid" 15
        assert_exists "$TEST_DIR/c/mine"
}

@test "--log-file has all of it, also what was before the mount, and standard error nothing" {
        mkdir -p "$TEST_DIR/mnt"
        mount_fleet -d --log-file "$TEST_DIR/debug.log"
        assert_equal '' "$(cat "$TEST_DIR/run/mnt.log")" 'standard error'
        log_has 'msg="cluster health"' "$TEST_DIR/debug.log"
        first=$(head -n 1 "$TEST_DIR/debug.log")
        assert_match '^time=[^ ]+ level=debug ' "$first"
        refute log_has 'msg=mounted' <(head -n 1 "$TEST_DIR/debug.log")
        umount_fleet
}

@test "--help and --version need nothing and tell what there is" {
        out=$(fleetfs --help)
        for option in fleet-file kubeconfig state-dir ro foreground log-level; do
                [[ $out == *"--$option"* ]] || assert_fail "--help does not tell of --$option"
        done
        assert_match '^fleetfs [0-9]+\.[0-9]+' "$(fleetfs --version)"
        assert_match 'libfuse 3\.' "$(fleetfs -V)"
}

@test "as mount(8) calls it: what to mount, where, options" {
        mkdir -p "$TEST_DIR/h"
        fleetfs "$FLEET_FILE" "$TEST_DIR/h" -o rw,user,nofail,_netdev,x-systemd.automount,noatime 3>&-
        pid=$(daemon_pid)
        state=$(proc_state "$pid")
        printf '%s %s\n' "$pid" "${state#* }" >"$TEST_DIR/run/h.pid"
        assert_exists "$TEST_DIR/h/prod/status.txt"
        fusermount3 -u "$TEST_DIR/h"
        proc_gone "$TEST_DIR/run/h.pid" 15
}

# ---------------------------------------------------------------- secrets

# secrets_of FILE: what must never be told of a kubeconfig, one a line: its tokens and the bodies of its keys, as they
# stand there and decoded.
secrets_of()
{
        local key
        grep -oE 'token: *[^ ]+' "$1" | sed 's/token: *//; s/"//g' || true
        while read -r key; do
                printf '%s\n' "${key:0:60}"
                base64 -d <<<"$key" | grep -v -e '-----' | head -n 2
        done < <(grep -oE 'client-key-data: *[^ ]+' "$1" | sed 's/client-key-data: *//; s/"//g')
}

@test "no credential of the kubeconfig is logged or shown, not even with -d" {
        FLEET_FILE=$ENGINE_DIR/fleet.yaml
        secrets_of "$ENGINE_DIR/kubeconfig" >"$TEST_DIR/secrets"
        [[ -s $TEST_DIR/secrets ]] || assert_fail 'the kubeconfig of the engine has no credentials'
        mount_fleet -d
        eventually 20 grep -qx Ready "$F/clusters/eu-1/phase"
        cp "$F/templates/backup-cluster.yaml" "$F/backups/secret.yaml"
        eventually 30 test -e "$F/backups/secret/runs/latest"
        # 1 and nothing else: that all was read, and none found.
        run timeout 60 grep -rqF -f "$TEST_DIR/secrets" "$MNT"
        assert_equal 1 "$status" 'status of grep: 0 found a credential, 2 could not read, 124 took too long'
        umount_fleet
        # It did log, and much.
        assert_file_contains "$TEST_DIR/run/mnt.log" 'LOOKUP'
        if grep -nF -f "$TEST_DIR/secrets" "$TEST_DIR/run/mnt.log" >"$TEST_DIR/found"; then
                assert_fail "the log tells a credential: line $(cut -d: -f1 "$TEST_DIR/found" | head -n 1)"
        fi
}
