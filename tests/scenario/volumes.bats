# SPDX-License-Identifier: Apache-2.0
# What is told of volumes: those that no backup has, and how far the others are. (With bytes in them: tests/nodes.)

load ../support/scenario

# on_eu NAMESPACE: prints a policy for a namespace of eu-1.
on_eu() { backup_policy "$1" "$(destination eu-1)"; }

# pod_with NAMESPACE NAME VOLUME: a pod on eu-1 with a volume (JSON, without a name).
pod_with()
{
        api_expect 201 eu-1 POST "/api/v1/namespaces/$1/pods" "$(jq -cn --arg ns "$1" --arg name "$2" --argjson volume "$3" \
                '{apiVersion: "v1", kind: "Pod", metadata: {$name, namespace: $ns},
                  spec: {volumes: [$volume + {name: "data"}],
                         containers: [{name: "c", image: "i", volumeMounts: [{name: "data", mountPath: "/data"}]}]}}')" >/dev/null
}

@test "hostPath: Velero says Completed and has no data; the status says so in its second line, and warnings.txt" {
        mount_ready
        seed_objects eu-1 hp1 1
        pod_with hp1 db '{"hostPath": {"path": "/srv"}}'
        on_eu hp1 >"$F/backups/hp1.yaml"
        completed "$F/backups/hp1"
        eventually 10 grep -q 'FLT-0287' "$F/backups/hp1/warnings.txt"
        assert_match '^FLT-0287 +volumes of type hostPath on eu-1 are not backed up: pod hp1/db \(data\)$' \
                "$(tr -s ' \n' ' ' <"$F/backups/hp1/warnings.txt" | sed 's/ FLT-03.*//; s/ $//')"
        assert_match '^caveat: .*' "$(sed -n 2p "$F/backups/hp1/status.txt")"
        assert_file_contains "$F/backups/hp1/status.txt" 'FLT-0287'
        assert_file_contains "$F/backups/hp1/runs/latest/clusters/eu-1/status.txt" 'pod hp1/db (data)'
        assert_equal 1 "$(json "$F/backups/hp1/status.json" '[.caveats[] | select(startswith("FLT-0287"))] | length')"
        # It outlives the daemon.
        umount_fleet
        mount_fleet
        assert_file_contains "$F/backups/hp1/warnings.txt" 'FLT-0287'
        # Another mount, which has no record of it, finds out by itself.
        umount_fleet
        rm -rf "$TEST_DIR/state"
        mkdir "$TEST_DIR/state"
        mount_fleet
        eventually 20 grep -q FLT-0287 "$F/backups/hp1/warnings.txt"
}

@test "a claim on a volume of type hostPath counts; an emptyDir, and another namespace's, do not" {
        mount_ready
        seed_objects eu-1 hp2 1
        seed_objects eu-1 hp3 1
        pod_with hp2 tmp '{"emptyDir": {}}'
        api_expect 201 eu-1 POST /api/v1/persistentvolumes '{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "hp3-pv"},
                "spec": {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}, "hostPath": {"path": "/srv"},
                         "claimRef": {"namespace": "hp3", "name": "files"}}}' >/dev/null
        on_eu hp2 >"$F/backups/hp2.yaml"
        on_eu hp3 >"$F/backups/hp3.yaml"
        completed "$F/backups/hp2"
        completed "$F/backups/hp3"
        eventually 10 grep -q 'claim hp3/files' "$F/backups/hp3/warnings.txt"
        always 2 refute_file_contains "$F/backups/hp2/warnings.txt" FLT-0287
}

@test "where pods may not be listed, it is not known whether there are such volumes" {
        fault eu-1 http 403 --match GET:pods
        mount_ready
        seed_objects eu-1 hp4 1
        on_eu hp4 >"$F/backups/hp4.yaml"
        completed "$F/backups/hp4"
        eventually 10 grep -q 'is not known' "$F/backups/hp4/warnings.txt"
        fault eu-1 off http
}

# watches: how many are open on eu-1.
watches() { sim_ctl eu-1 stats | jq .watches; }

# volume_now BYTES PHASE: what a node-agent of eu-1 says of the volume that the newest run of `vol` backs up.
volume_now()
{
        jq -cn --arg backup "$(cat "$F/backups/vol/runs/latest/clusters/eu-1/velero_name")" --argjson bytes "$1" --arg phase "$2" \
                '{apiVersion: "velero.io/v1", kind: "PodVolumeBackup",
                  metadata: {name: "vol-x1", namespace: "velero", labels: {"velero.io/backup-name": $backup}},
                  spec: {node: "node-1", pod: {kind: "Pod", namespace: "shop", name: "db-0"}, volume: "data"},
                  status: {$phase, startTimestamp: "2026-09-01T02:00:04Z", progress: {bytesDone: $bytes, totalBytes: 1000000}}}' |
                sim_ctl eu-1 put
}

@test "while it runs each volume is told in bytes; afterwards it stays on show, and nobody watches any more" {
        sim_only 'a node-agent by hand'
        api eu-1 POST /apis/apps/v1/namespaces/velero/daemonsets '{"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "node-agent"},
                "spec": {"selector": {"matchLabels": {"name": "node-agent"}}, "template": {"metadata": {"labels": {"name": "node-agent"}},
                         "spec": {"containers": [{"name": "node-agent", "image": "velero/velero:v1.18.3"}]}}}}' >/dev/null
        mount_ready
        eventually_equal 20 1 cat "$F/clusters/eu-1/node_agent"
        before=$(watches)
        sim_ctl eu-1 velero hold InProgress
        on_eu shop >"$F/backups/vol.yaml"
        local t=$F/backups/vol/runs/latest/clusters/eu-1
        eventually_equal 20 InProgress cat "$t/phase"
        assert_equal '' "$(cat "$t/volumes.txt")"
        volume_now 250000 InProgress
        eventually_equal 10 250000 cat "$t/bytes_done"
        assert_equal $((before + 1)) "$(watches)" 'watches while it runs'
        assert_match '^volumes: 0 of 1 Completed; 250000 of 1000000 bytes' "$(cat "$t/volumes.txt")"
        assert_match 'shop/db-0/data +InProgress +250000 +1000000 +25 +node-1' "$(cat "$t/status.txt")"
        volume_now 750000 InProgress
        eventually_equal 10 750000 cat "$t/bytes_done"
        volume_now 1000000 Completed
        eventually 10 grep -q 'volumes: 1 of 1 Completed' "$t/volumes.txt"
        sim_ctl eu-1 velero release
        completed "$F/backups/vol"
        assert_equal Completed "$(json "$t/status.json" '.volumes[0].phase')"
        eventually_equal 20 "$before" watches
        assert_equal 1000000 "$(cat "$t/bytes_done")"
}
