# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Background programs of the tests: start, ask, stop. Sourced, not run.
#
# A program is known by its pid file, which holds the pid and the start time of the process (field
# 22 of /proc/<pid>/stat): a pid that the kernel has given to somebody else is never signalled. Each
# program runs in a session of its own, so that what it started itself (Velero starts its plugins)
# can be found and ended too. None of them inherits a descriptor above 2: bats waits for the end of
# its own ones.

# proc_log TEXT...: one line to standard error.
proc_log() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# proc_state PID: prints its state and when it began, in clock ticks; fails when there is none.
proc_state()
{
        local stat
        { IFS= read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
        # The command name, in parentheses, may hold anything: count from its end.
        stat=${stat##*) }
        # shellcheck disable=SC2086 # the fields are to be split
        set -- $stat
        printf '%s %s\n' "$1" "${20}"
}

# proc_spawn PIDFILE LOGFILE COMMAND...: starts COMMAND in the background, its output appended to
# LOGFILE. The caller waits for readiness itself.
proc_spawn()
{
        local pidfile=$1 log=$2 pid state
        shift 2
        (
                for fd in /proc/self/fd/*; do
                        fd=${fd##*/}
                        (( fd <= 2 )) || eval "exec $fd>&-"
                done
                exec setsid "$@"
        ) </dev/null >>"$log" 2>&1 &
        pid=$!
        state=$(proc_state "$pid") || state='X 0'
        printf '%s %s\n' "$pid" "${state#* }" >"$pidfile"
}

# proc_pid PIDFILE: prints the pid when its process lives; fails otherwise.
proc_pid()
{
        local pid start state
        { read -r pid start <"$1"; } 2>/dev/null || return 1
        state=$(proc_state "$pid") || return 1
        # A zombie has ended: only its parent has not looked yet.
        [[ ${state#* } == "$start" && $state != [ZX]* ]] || return 1
        printf '%s\n' "$pid"
}

# proc_alive PIDFILE
proc_alive() { proc_pid "$1" >/dev/null; }

# proc_members PIDFILE: prints the pids of the program's session, without its leader.
# The kernel does not give a number away that names a session: as long as no other process has the
# leader's pid, the members are the program's own.
proc_members()
{
        local pid start state
        { read -r pid start <"$1"; } 2>/dev/null || return 0
        state=$(proc_state "$pid") || state="- $start"
        [[ ${state#* } == "$start" ]] || return 0
        pgrep -s "$pid" | grep -vx "$pid" || true
}

# proc_gone PIDFILE SECONDS: waits until the process has ended.
proc_gone()
{
        local deadline=$((SECONDS + $2))
        while proc_alive "$1"; do
                (( SECONDS < deadline )) || return 1
                sleep 0.05
        done
}

# proc_stop PIDFILE [SECONDS=5 [SIGNAL=TERM]]: ends the program and what it started, with KILL what
# is left after SECONDS; removes the pid file. Nothing to stop is success.
proc_stop()
{
        local pidfile=$1 seconds=${2:-5} signal=${3:-TERM} pid members

        if pid=$(proc_pid "$pidfile"); then
                kill -s "$signal" "$pid" 2>/dev/null || true
                if ! proc_gone "$pidfile" "$seconds" && pid=$(proc_pid "$pidfile"); then
                        proc_log "pid $pid (${pidfile##*/}) does not end: killed"
                        kill -s KILL "$pid" 2>/dev/null || true
                        proc_gone "$pidfile" 5 || proc_log "pid $pid survives SIGKILL"
                fi
        fi
        members=$(proc_members "$pidfile")
        # shellcheck disable=SC2086 # one argument for each pid
        [[ -z $members ]] || kill -s KILL $members 2>/dev/null || true
        rm -f "$pidfile"
}

# proc_await PIDFILE LOGFILE SECONDS COMMAND...: runs COMMAND until it succeeds. Fails, with the end
# of the log, when the program ends first or the time is over.
proc_await()
{
        local pidfile=$1 log=$2 deadline=$((SECONDS + $3)) seconds=$3 why
        shift 3
        until "$@" >/dev/null 2>&1; do
                why=
                proc_alive "$pidfile" || why="has ended"
                (( SECONDS < deadline )) || why="is not ready after $seconds s"
                if [[ -n $why ]]; then
                        proc_log "$(basename "$pidfile" .pid) $why; the end of $log:"
                        tail -n 15 "$log" >&2
                        return 1
                fi
                sleep 0.05
        done
}
