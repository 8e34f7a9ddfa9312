# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A schedule on the fleet of part_fleet.bash, which is sourced before it, with RUNS runs: what an edit, a run and a
# storm of changes cost. Sourced by run.

readonly RUNS=${BENCH_RUNS:-30} STORM_EVENTS=${BENCH_STORM_EVENTS:-10000} STORM_SECONDS=5 EDITS=3

# hourly NAMESPACE: prints a Kurator Backup with a schedule.
hourly()
{
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: hourly}\nspec:\n  schedule: "0 * * * *"\n'
        printf '  policy:\n    ttl: 720h\n    resourceFilter: {includedNamespaces: [%s]}\n' "$1"
}

runs_done() { [[ $(cat "$F"/backups/hourly/runs/2*/phase 2>/dev/null | grep -cx Completed) -ge $1 ]]; }

# fleet_runs: the clusters live through RUNS hours, in each of which Velero makes a backup.
fleet_runs()
{
        local hour
        for ((hour = RUNS; hour > 0; hour--)); do
                fleet_ctl fault skew -$((hour * 3600 - 3600)) && fleet_ctl velero tick || return 1
                proc_await "$WORK/run/schedule.pid" "$WORK/run/schedule.log" 60 runs_done $((RUNS - hour + 1)) || return 1
        done
}

# schedule_patches MINUTE: the PATCHes of an edit, as the daemon makes them, for bench-fan: $WORK/jobs and $WORK/bodies.
schedule_patches()
{
        local dir
        for dir in $(fleet_dirs); do
                sim_ctl "$dir" all objects schedules | jq -r --arg dir "$dir" --arg minute "$1" --rawfile clusters "$dir/clusters" '
                        def key: gsub("~"; "~0") | gsub("/"; "~1");
                        def add($at): to_entries[] | {op: "add", path: ($at + (.key | key)), value};
                        ($clusters | split("\n") | map(select(. != "") | split(" ") | {(.[0]): .[1]}) | add) as $url |
                        to_entries[] | .key as $cluster | .value[] |
                        "\($dir) PATCH \($url[$cluster])/apis/velero.io/v1/namespaces/velero/schedules/\(.metadata.name)?fieldValidation=Strict\t" +
                        ([{op: "test", path: "/metadata/uid", value: .metadata.uid},
                          {op: "test", path: "/metadata/labels/fleetfs.dev~1owner", value: .metadata.labels["fleetfs.dev/owner"]},
                          (.metadata.labels | add("/metadata/labels/")), (.metadata.annotations | add("/metadata/annotations/")),
                          {op: "replace", path: "/spec/schedule", value: "\($minute) * * * *"},
                          {op: "replace", path: "/spec/template", value: .spec.template},
                          {op: "add", path: "/spec/paused", value: false},
                          {op: "add", path: "/spec/useOwnerReferencesInBackup", value: false}] | tojson)' || return 1
        done >"$WORK/patches"
        cut -f 1 "$WORK/patches" >"$WORK/jobs"
        cut -f 2 "$WORK/patches" >"$WORK/bodies"
}

# Changes of all clusters so far.
fleet_versions()
{
        local dir
        for dir in $(fleet_dirs); do sim_ctl "$dir" all stats; done | jq -s 'map(.[].resourceVersion) | add'
}

# The rate that makes STORM_EVENTS of all clusters in STORM_SECONDS.
storm() { fleet_ctl load storm "$((STORM_EVENTS / STORM_SECONDS / (SIMS * CLUSTERS)))" "$STORM_SECONDS"; }

# engine_us PID: processor time of the engine's thread.
engine_us()
{
        local task
        for task in "/proc/$1/task/"*; do
                [[ $(<"$task/comm") != engine ]] || awk '{ printf "%d", $1 / 1000 }' "$task/schedstat"
        done
}

part_schedule()
{
        local n=$((SIMS * CLUSTERS)) dirs first out=$WORK/out k empty full strings before versions events engine list=$WORK/list.json
        local wall=() cpu=() accepts=() h1_wall=() h1_cpu=() h2_wall=() h2_cpu=() status
        mapfile -t dirs < <(fleet_dirs)
        first=${dirs[0]}
        # Their clocks first: what is scheduled begins with the past.
        fleet_up 0 && fleet_ctl fault skew -$((RUNS * 3600)) && fleet_sync schedule ||
                { failed 'the fleet' "its clusters are not ready after $READY_SECONDS s"; fleet_down; return; }
        hourly shop >"$WORK/hourly.yaml"
        "$BENCH/bench-trigger" POST schedules "$WORK/hourly.yaml" "$F/backups/hourly.yaml" "$n" "$PID" "${dirs[@]}" >"$out" ||
                { failed 'a schedule for the fleet' 'bench-trigger'; unmount_fleet schedule; fleet_down; return; }
        sleep 1
        empty=$(rss_bytes "$PID")
        if fleet_runs; then
                sleep 1
                full=$(rss_bytes "$PID")
                api "$first" "$(url_of "$first" eu-1)$VELERO/backups" -o "$list"
                "$BENCH/bench-parse" --records "$list" >"$out" && strings=$(value string_bytes "$out") &&
                        row "memory per run and cluster, $n clusters x $RUNS runs, against the record" $(((full - empty) / (n * RUNS))) $((256 + strings)) B 2.5 \
                                "resident $((empty / 1000000)) MB without, $((full / 1000000)) MB with; a Backup's record is 256 bytes and $strings of strings" \
                                'the task of the run takes 472 bytes, its entry among the objects of the cluster 72 and a place in their array; the events kept, 8 MiB, and what malloc rounds up come on top'
        else
                failed 'memory per run' "not all of $RUNS runs were Completed"
        fi

        for ((k = 1; k <= EDITS; k++)); do
                hourly "shop-$k" >"$WORK/hourly.yaml"
                "$BENCH/bench-trigger" PATCH schedules "$WORK/hourly.yaml" "$F/backups/hourly.yaml" "$n" "$PID" "${dirs[@]}" >"$out" ||
                        { failed 'an edit of a schedule' 'bench-trigger'; break; }
                wall+=("$(value wall_us "$out")") accepts+=("$(value accept_us "$out")") cpu+=("$(value cpu_us "$out")")
                sleep 1
        done

        # What the edits and the newest run brought about is over.
        fleet_ctl velero pause
        sleep 5
        status=$F/backups/hourly/status.txt
        cp "$status" "$MEM/status.txt"
        "$BENCH/bench-steady" "$status" "$MEM/status.txt" "$STORM_SECONDS" 1000 >"$WORK/quiet" || failed 'reads of a quiet fleet' 'bench-steady'
        versions=$(fleet_versions) before=$(engine_us "$PID")
        storm
        "$BENCH/bench-steady" "$status" "$MEM/status.txt" "$STORM_SECONDS" 1000 >"$WORK/stormy" || failed 'reads in a storm' 'bench-steady'
        sleep 1
        engine=$(($(engine_us "$PID") - before)) events=$(($(fleet_versions) - versions))
        unmount_fleet schedule

        # The peers: the same PATCHes, the same events.
        for ((k = 1; k <= EDITS; k++)); do
                schedule_patches "$k" && "$BENCH/bench-fan" --warm --http1 --type application/json-patch+json --bodies "$WORK/bodies" "$WORK/jobs" >"$out" ||
                        { failed 'PATCHes, the peer' 'bench-fan'; break; }
                h1_wall+=("$(value wall_us "$out")") h1_cpu+=("$(value cpu_us "$out")")
                schedule_patches "1$k" && "$BENCH/bench-fan" --warm --type application/json-patch+json --bodies "$WORK/bodies" "$WORK/jobs" >"$out" ||
                        { failed 'PATCHes, HTTP/2' 'bench-fan'; break; }
                h2_wall+=("$(value wall_us "$out")") h2_cpu+=("$(value cpu_us "$out")")
        done
        fleet_jobs GET "$VELERO/backups?watch=1" >"$WORK/jobs"
        proc_spawn "$WORK/run/watches.pid" "$WORK/run/watches.log" "$BENCH/bench-fan" --events "$STORM_EVENTS" "$WORK/jobs"
        if proc_await "$WORK/run/watches.pid" "$WORK/run/watches.log" 60 grep -qx ready "$WORK/run/watches.log"; then
                storm
                proc_gone "$WORK/run/watches.pid" $((STORM_SECONDS + 15))
        fi
        fleet_down

        if [[ ${#wall[@]} -gt 0 && ${#h1_wall[@]} -gt 0 && ${#h2_wall[@]} -gt 0 ]]; then
                row "an edit of a schedule on $n clusters with $RUNS runs, until all PATCHes are answered, against warm libcurl" \
                        "$(median "${wall[@]}")" "$(median "${h1_wall[@]}")" us 3 "the rename was answered after $(pretty "$(median "${accepts[@]}")" us)" \
                        'the watch brings each changed Schedule, whose spec is taken apart for its digest; the patch is made of a tree; the policy is stored first'
                row 'the same, CPU of the client' "$(median "${cpu[@]}")" "$(median "${h1_cpu[@]}")" us - ''
                row 'the same, against warm libcurl with HTTP/2' "$(median "${wall[@]}")" "$(median "${h2_wall[@]}")" us 3 '' \
                        'as above'
                row 'the same, CPU of the client, against HTTP/2' "$(median "${cpu[@]}")" "$(median "${h2_cpu[@]}")" us - ''
        fi
        if [[ -s $WORK/run/watches.log ]] && k=$(value cpu_us "$WORK/run/watches.log"); then
                row "a storm of $events status events, CPU of the engine per event, against bare libcurl's watches" \
                        "$(awk -v a="$engine" -v n="$events" 'BEGIN { print a / n }')" \
                        "$(awk -v a="$k" -v n="$(value events "$WORK/run/watches.log")" 'BEGIN { print a / n }')" us 3 \
                        "within $STORM_SECONDS s; the peer reads the events and counts them"
        else
                failed 'a storm, the peer' 'bench-fan --events'
        fi
        [[ ! -s $WORK/quiet || ! -s $WORK/stormy ]] || {
                row "read of the policy's status.txt in that storm, p50, against the quiet fleet" "$(value ours_p50_us "$WORK/stormy")" "$(value ours_p50_us "$WORK/quiet")" us - \
                        "a file in tmpfs: $(pretty "$(value peer_p50_us "$WORK/stormy")" us), quiet $(pretty "$(value peer_p50_us "$WORK/quiet")" us)"
                row 'the same, p99' "$(value ours_p99_us "$WORK/stormy")" "$(value ours_p99_us "$WORK/quiet")" us - \
                        "a file in tmpfs: $(pretty "$(value peer_p99_us "$WORK/stormy")" us), quiet $(pretty "$(value peer_p99_us "$WORK/quiet")" us)"
        }
}
