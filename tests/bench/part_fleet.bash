# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A fleet of 1,000 clusters, each with a port and so a connection of its own: first sync, memory, a policy for
# all. Many simulators, because one serves at most 64 ports. Sourced by run.

fleet_dirs() { local i; for ((i = 1; i <= SIMS; i++)); do printf '%s\n' "$WORK/fleet-$i"; done; }

# fleet_up BACKUPS: the simulators, and a fleet file of all of them.
fleet_up()
{
        local dir
        for dir in $(fleet_dirs); do
                sim_up "$dir" --clusters "$CLUSTERS" --backups-per-cluster "$1"
        done
        for dir in $(fleet_dirs); do
                sim_ready "$dir" || return 1
        done
        {
                printf 'apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n  clusters:\n'
                for dir in $(fleet_dirs); do
                        awk -v p="${dir##*-}" '{ printf "  - {name: s%s-%s, kind: AttachedCluster}\n", p, $1 }' "$dir/clusters"
                done
                for dir in $(fleet_dirs); do
                        awk -v p="${dir##*-}" -v d="$dir" '{ printf "---\napiVersion: cluster.kurator.dev/v1alpha1\nkind: AttachedCluster\nmetadata: {name: s%s-%s}\nspec:\n  kubeconfig: {path: %s/kubeconfig, context: %s}\n", p, $1, d, $1 }' "$dir/clusters"
                done
        } >"$WORK/fleet.yaml"
}

fleet_down() { local dir; for dir in $(fleet_dirs); do sim_down "$dir"; done; }
fleet_ctl() { local dir; for dir in $(fleet_dirs); do sim_ctl "$dir" all "$@" >/dev/null || return 1; done; }

# fleet_jobs METHOD PATH…: prints a line for bench-fan for each cluster and path.
fleet_jobs()
{
        local method=$1 dir path
        shift
        for dir in $(fleet_dirs); do
                for path; do
                        awk -v d="$dir" -v m="$method" -v p="$path" '{ print d, m, $2 p }' "$dir/clusters"
                done
        done
}

# fleet_sync NAME: mounts and notes what the first sync took, in sync_wall and sync_cpu.
fleet_sync()
{
        local start=$EPOCHREALTIME
        PRELOAD=$BENCH/bench-trim.so mount_fleet "$1" "$WORK/fleet.yaml" $((SIMS * CLUSTERS)) || return 1
        sync_cpu=$(cpu_us "$PID")
        sync_wall=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d", (b - a) * 1000000 }')
}

# daemon_rests: waits until it has done what it does about new backups: it looks for hostPath, a second after them.
daemon_rests()
{
        local i before
        sleep 1.5
        for ((i = 0; i < 60; i++)); do
                before=$(cpu_us "$PID")
                sleep 0.5
                (($(cpu_us "$PID") - before > 10000)) || return 0
        done
}

# fleet_paths DIR: what the daemon has read of a cluster, without watches.
fleet_paths() { sim_ctl "$1" eu-1 requests --log | jq -r '.[] | select(.cluster == "eu-1" and .code == 200 and (.target | contains("watch=1") | not)) | .target'; }

# fleet_body DIR NAME: a Backup as the daemon has posted it, as a template for bench-fan.
fleet_body()
{
        sim_ctl "$1" eu-1 objects backups | jq -c --arg name "$2" '
                [.[] | select(.metadata.labels["fleetfs.dev/name"] == $name)][0] |
                {apiVersion, kind, metadata: {name: "peer-@N@", namespace: "velero",
                        labels: (.metadata.labels | with_entries(select(.key | startswith("fleetfs.dev")) | .key |= sub("fleetfs"; "example"))),
                        annotations: (.metadata.annotations | with_entries(select(.key | startswith("fleetfs.dev")) | .key |= sub("fleetfs"; "example")))},
                        spec: .spec}'
}

part_fleet()
{
        local n=$((SIMS * CLUSTERS)) dirs first out=$WORK/out empty full='' list round k sync_wall sync_cpu paths strings
        local ours_wall=() ours_cpu=() peer_wall=() peer_cpu=() posts=() accepts=() post_cpu=() peer_posts=() peer_post_cpu=() h2_posts=() h2_post_cpu=() held_posts=() held_post_cpu=() bytes=0
        mapfile -t dirs < <(fleet_dirs)
        first=${dirs[0]}
        policy shop >"$WORK/policy.yaml"

        # What a fleet without backups takes, and what is asked of a cluster.
        fleet_up 0 && fleet_sync fleet || { failed 'the fleet' "its clusters are not ready after $READY_SECONDS s"; fleet_down; return; }
        mapfile -t paths < <(fleet_paths "$first")
        sleep 1
        empty=$(rss_bytes "$PID")
        unmount_fleet fleet
        fleet_down

        for ((round = 1; round <= ROUNDS; round++)); do
                fleet_up "$BACKUPS" || { failed 'the fleet' 'a simulator does not start'; break; }
                fleet_ctl velero pause
                fleet_jobs GET "${paths[@]}" >"$WORK/jobs"
                "$BENCH/bench-fan" --gzip "$WORK/jobs" >"$out" || { failed 'first sync, the peer' 'bench-fan'; break; }
                peer_wall+=("$(value wall_us "$out")") peer_cpu+=("$(value cpu_us "$out")") bytes=$(value bytes "$out")
                fleet_sync fleet || { failed 'first sync' "not all clusters are ready after $READY_SECONDS s"; break; }
                ours_wall+=("$sync_wall") ours_cpu+=("$sync_cpu")
                if [[ -z $full ]]; then
                        sleep 1
                        full=$(rss_bytes "$PID")
                        list=$WORK/list.json
                        api "$first" "$(url_of "$first" eu-1)$VELERO/backups" -o "$list"
                fi
                for k in 1 2; do
                        "$BENCH/bench-trigger" POST backups "$WORK/policy.yaml" "$F/backups/trigger-$k.yaml" "$n" "$PID" "${dirs[@]}" >"$out" ||
                                { failed 'a policy for the fleet' 'bench-trigger'; break; }
                        posts+=("$(value wall_us "$out")") accepts+=("$(value accept_us "$out")") post_cpu+=("$(value cpu_us "$out")")
                        daemon_rests
                done
                fleet_body "$first" trigger-1 >"$WORK/body"
                unmount_fleet fleet
                fleet_jobs POST "$VELERO/backups?fieldManager=bench&fieldValidation=Strict" >"$WORK/jobs"
                fleet_jobs GET "$VELERO"/{backups,restores,schedules,backupstoragelocations}'?watch=1' >"$WORK/watches"
                for k in 1 2; do
                        sed -i "s/peer-[0-9]*@N@/peer-$k@N@/; s/peer-@N@/peer-$k@N@/" "$WORK/body"
                        "$BENCH/bench-fan" --warm --http1 --body "$WORK/body" "$WORK/jobs" >"$out" || { failed 'POSTs, the peer' 'bench-fan'; break; }
                        peer_posts+=("$(value wall_us "$out")") peer_post_cpu+=("$(value cpu_us "$out")")
                        sed -i "s/peer-[0-9]*@N@/peer-2$k@N@/" "$WORK/body"
                        "$BENCH/bench-fan" --warm --body "$WORK/body" "$WORK/jobs" >"$out" || { failed 'POSTs, HTTP/2' 'bench-fan'; break; }
                        h2_posts+=("$(value wall_us "$out")") h2_post_cpu+=("$(value cpu_us "$out")")
                        sed -i "s/peer-[0-9]*@N@/peer-3$k@N@/" "$WORK/body"
                        "$BENCH/bench-fan" --watches "$WORK/watches" --body "$WORK/body" "$WORK/jobs" >"$out" || { failed 'POSTs, beside watches' 'bench-fan'; break; }
                        held_posts+=("$(value wall_us "$out")") held_post_cpu+=("$(value cpu_us "$out")")
                done
                fleet_down
        done
        is_mounted "$WORK/fleet/mnt" && unmount_fleet fleet
        fleet_down

        if [[ ${#ours_cpu[@]} -gt 0 && ${#peer_cpu[@]} -gt 0 ]]; then
                row "first sync of $n clusters x $BACKUPS backups, CPU, against bare libcurl" "$(median "${ours_cpu[@]}")" "$(median "${peer_cpu[@]}")" us 1.5 \
                        "$((bytes / 1000)) kB on the wire, ${#paths[@]} requests per cluster; ours also opens 4 watches each" \
                        'the watches: four streams of each cluster that the peer has not'
                row 'first sync, wall, the same' "$(median "${ours_wall[@]}")" "$(median "${peer_wall[@]}")" us - 'from exec until all are Ready'
        fi
        if [[ -n $full ]] && "$BENCH/bench-parse" --records "$list" >"$out"; then
                strings=$(value string_bytes "$out")
                row "memory per backup, $((n * BACKUPS)) backups, against 256 bytes and strings" $(((full - empty) / (n * BACKUPS))) $((256 + strings)) B 1 \
                        "resident $((empty / 1000000)) MB without, $((full / 1000000)) MB with; strings are $strings" \
                        'the struct of the record takes all 256 bytes; its entry among the objects of the cluster, 72, and what malloc rounds up come on top'
        fi
        if [[ ${#posts[@]} -gt 0 && ${#peer_posts[@]} -gt 0 ]]; then
                row "a policy on $n clusters, close until all POSTs are answered, against warm libcurl" "$(median "${posts[@]}")" "$(median "${peer_posts[@]}")" us 3 \
                        "Accepted after $(pretty "$(median "${accepts[@]}")" us)" \
                        'HTTP/2, see below; libcurl looks at all five requests of a connection for each event, and a watch brings each new backup'
                row 'the same, CPU of the client' "$(median "${post_cpu[@]}")" "$(median "${peer_post_cpu[@]}")" us - ''
        fi
        if [[ ${#posts[@]} -gt 0 && ${#h2_posts[@]} -gt 0 ]]; then
                row 'the same, against warm libcurl with HTTP/2' "$(median "${posts[@]}")" "$(median "${h2_posts[@]}")" us - \
                        'one connection for all requests of a cluster needs HTTP/2'
                row 'the same, CPU of the client, against HTTP/2' "$(median "${post_cpu[@]}")" "$(median "${h2_post_cpu[@]}")" us - ''
        fi
        if [[ ${#posts[@]} -gt 0 && ${#held_posts[@]} -gt 0 ]]; then
                row 'the same, against libcurl that holds the four watches of each cluster, too' "$(median "${posts[@]}")" "$(median "${held_posts[@]}")" us - \
                        'what it takes to learn what became of the backups; it reads the events, and does nothing with them'
                row 'the same, CPU of the client, beside watches' "$(median "${post_cpu[@]}")" "$(median "${held_post_cpu[@]}")" us - ''
        fi
}
