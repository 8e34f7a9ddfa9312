# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Reads of a warm tree, against tmpfs and against the programs that ask a cluster. Sourced by run.

# reads NAME GOAL FILE: FILE of the fleet's folder; open+read+close, and the requests that the daemon had.
reads()
{
        local out=$WORK/reads woken reads
        "$BENCH/bench-reads" "$F/$3" "$COPY/$3" 15 2000 "$PID" >"$out" || { failed "$1" "$3"; return; }
        woken=$(value switches "$out") reads=$(value reads "$out")
        row "$1" "$(value ours_ns "$out")" "$(value peer_ns "$out")" ns "$2" \
                "$(stat -c %s "$F/$3") bytes; the daemon woke up $woken times in $reads reads" \
                'open and release are two requests, and each is a wake-up; without requests it is the walk of the path'
}

# tools NAME GOAL FILES COMMAND…: the command on the folder in the mount and on its copy.
tools()
{
        local name=$1 goal=$2 out=$WORK/tools files=$3
        shift 3
        "$BENCH/bench-versus" 9 "$@" "$F/clusters" -- "$@" "$COPY/clusters" >"$out" || { failed "$name" "$*"; return; }
        row "$name" "$(value ours_us "$out")" "$(value peer_us "$out")" us "$goal" \
                "$files files; the first $(pretty "$(value ours_first_us "$out")" us)" \
                'the start of the process, the same on both sides, is a part of so short a run'
}

# against NAME GOAL COMMAND…: cat of one status against a program.
against()
{
        local name=$1 goal=$2 out=$WORK/against
        shift 2
        "$BENCH/bench-versus" 7 cat "$F/clusters/eu-1/backups/seed-00001/status.json" -- "$@" >"$out" ||
                { failed "$name" "$*"; return; }
        row "$name" "$(value ours_us "$out")" "$(value peer_us "$out")" us "$goal" ''
}

part_read()
{
        local dir=$WORK/read-sim out=$WORK/latency url file kubectl velero bin n
        # As deep as the mount: a path costs by its length.
        local COPY=$MEM/read/mnt/prod
        sim_up "$dir" --clusters 3 --backups-per-cluster 100
        sim_ready "$dir" || { failed 'reads' 'the simulator does not start'; return; }

        file=clusters/eu-1/backups/seed-00001/status.json
        if mount_fleet read-ro "$dir/fleet.yaml" 3 --ro; then
                mkdir -p "$COPY" && cp -r "$F/clusters" "$COPY"
                n=$(find "$COPY" -type f | wc -l)
                tools 'find, -o ro, warm, against tmpfs' 0.7 "$n" find
                tools 'grep -r, -o ro, warm, against tmpfs' 1.5 "$n" grep -rl Completed
                reads 'open+read+close, -o ro, against tmpfs' 1.5 "$file"
                unmount_fleet read-ro
        else
                failed 'reads, -o ro' 'no mount'
        fi
        if mount_fleet read-rw "$dir/fleet.yaml" 3; then
                reads 'open+read+close, writable, against tmpfs' 11 "$file"
                bin=${FLEETFS_E2E_BIN:-$("$here/../e2e/build" --dir 2>/dev/null)}
                kubectl=$(PATH=$PATH:$bin command -v kubectl) velero=$(PATH=$PATH:$bin command -v velero)
                if [[ -n $kubectl ]]; then
                        against 'cat status.json, against kubectl get -o yaml' 0.1 env HOME="$WORK" "$kubectl" \
                                --kubeconfig="$dir/kubeconfig" --context=eu-1 -n velero get backups.velero.io seed-00001 -o yaml
                else
                        absent 'cat status.json, against kubectl get -o yaml' 'no kubectl'
                fi
                if [[ -n $velero ]]; then
                        against 'cat status.json, against velero backup get' 0.1 env HOME="$WORK" "$velero" \
                                --kubeconfig="$dir/kubeconfig" --kubecontext=eu-1 -n velero backup get seed-00001
                else
                        absent 'cat status.json, against velero backup get' 'no velero'
                fi
                url=$(url_of "$dir" eu-1)$VELERO/backups
                if "$BENCH/bench-latency" "$dir" "$url/seed-00001" "$url?watch=1" \
                        "$F/clusters/eu-1/backups/seed-00001/items_done" 300 >"$out"; then
                        row 'PATCH until a cat loop shows it, p50, against a bare watch' "$(value ours_p50_us "$out")" "$(value peer_p50_us "$out")" us 3 ''
                        row 'PATCH until a cat loop shows it, p99, the same' "$(value ours_p99_us "$out")" "$(value peer_p99_us "$out")" us 3 \
                                'the loop reads without a pause'
                else
                        failed 'PATCH until a cat loop shows it' 'bench-latency'
                fi
                unmount_fleet read-rw
        else
                failed 'reads, writable' 'no mount'
        fi
        sim_down "$dir"
        rm -rf "$COPY"
}
