# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Verbs of the scenarios with volumes: pods on the nodes of the engine that `run` has started, and what is in them. The
# clusters are eu-1 and us-1. Sourced after support/scenario.

. "$(dirname "${BASH_SOURCE[0]}")/cgroups.bash"

readonly POD_SECONDS=60 VOLUME_SECONDS=120 AGENT_TELLS_SECONDS=10

# nodes_setup_file: without an engine that has nodes the tests are skipped.
nodes_setup_file()
{
        if [[ ! -e ${FLEETFS_ENGINE_DIR:-}/engine/nodebin ]]; then
                export SCENARIO_SKIP='needs the engine with nodes; ./check --nodes runs it'
                return 0
        fi
        scenario_setup_file 2
        export RUN
        RUN=$(printf '%x' "$EPOCHSECONDS")
}

# nodes_setup: a name for this test's namespace, policies and volumes, so that a running engine can be used again.
nodes_setup()
{
        scenario_setup
        NS=t$BATS_TEST_NUMBER-$(basename "$BATS_TEST_FILENAME" .bats)-$RUN
}

# nodes_teardown: its pods are ended, so that the next test has the node for itself.
nodes_teardown()
{
        local name
        for name in eu-1 us-1; do
                # One that is frozen cannot end.
                [[ -z ${NS:-} ]] || uploader_freezer "$name" "$NS" THAWED 2>/dev/null || true
                [[ -z ${NS:-} ]] || api "$name" DELETE "/api/v1/namespaces/$NS" >/dev/null 2>&1 || true
        done
        scenario_teardown
}

# kubectl CLUSTER ARGS…
kubectl()
{
        local name=$1
        shift
        HOME=$SCENARIO_DIR timeout "${KUBECTL_SECONDS:-60}" "$("$SUPPORT_DIR/../e2e/build" --dir)/kubectl" \
                --kubeconfig="$ENGINE_DIR/kubeconfig" --context="$name" "$@" </dev/null
}

# pod_json NAMESPACE NAME VOLUME [ANNOTATIONS]: prints a pod that does nothing, with the volume (JSON, without a name) at
# /data. ANNOTATIONS is JSON.
pod_json()
{
        jq -cn --arg ns "$1" --arg name "$2" --argjson volume "$3" --argjson annotations "${4:-{\}}" \
                '{apiVersion: "v1", kind: "Pod", metadata: {$name, namespace: $ns, labels: {app: $name}, $annotations},
                  spec: {terminationGracePeriodSeconds: 0, automountServiceAccountToken: false,
                         volumes: [$volume + {name: "data"}],
                         containers: [{name: "app", image: "busybox:1.35", imagePullPolicy: "IfNotPresent",
                                       command: ["sleep", "100000"], volumeMounts: [{name: "data", mountPath: "/data"}]}]}}'
}

# pod_running CLUSTER NAMESPACE NAME
pod_running() { api "$1" GET "/api/v1/namespaces/$2/pods/$3" | jq -e '.status.phase == "Running" and .status.containerStatuses[0].ready'; }

# namespace_new CLUSTER NAMESPACE: made, with what the controllers put into it.
namespace_new()
{
        api_expect 201 "$1" POST /api/v1/namespaces "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"$2\"}}" >/dev/null &&
                eventually 10 api "$1" GET "/api/v1/namespaces/$2/serviceaccounts/default"
}

# pod_start CLUSTER NAMESPACE NAME VOLUME [ANNOTATIONS]: posts the pod and waits until it runs.
pod_start()
{
        api_expect 201 "$1" POST "/api/v1/namespaces/$2/pods" "$(pod_json "${@:2}")" >/dev/null &&
                eventually "$POD_SECONDS" pod_running "$1" "$2" "$3"
}

# in_pod CLUSTER NAMESPACE NAME COMMAND: runs a line of shell in it.
in_pod() { kubectl "$1" exec -n "$2" "$3" -c app -- sh -c "$4"; }

# pod_fill CLUSTER NAMESPACE NAME MIB: random bytes in /data/blob, small files beside it; prints the sum of all of it.
pod_fill()
{
        in_pod "$1" "$2" "$3" "dd if=/dev/urandom of=/data/blob bs=1048576 count=$4 2>/dev/null &&
                mkdir -p /data/deep/er && for i in 1 2 3 4 5; do echo \"file \$i\" >/data/deep/er/\$i; done &&
                ln -s deep/er/3 /data/link && chmod 640 /data/deep/er/2 && sync" >/dev/null || return 1
        pod_sum "$1" "$2" "$3"
}

# pod_sum CLUSTER NAMESPACE NAME: prints the sha256 of names, modes, links and contents of what is in /data. (The restore
# leaves a folder of its own there, .velero.)
pod_sum()
{
        in_pod "$1" "$2" "$3" 'cd /data && { find . -path ./.velero -prune -o ! -name . -exec stat -c "%n %a %F" {} + | sort
                find . -path ./.velero -prune -o -type l -exec readlink {} \; ;
                find . -path ./.velero -prune -o -type f -exec sha256sum {} + | sort; } | sha256sum | cut -d" " -f1'
}

# local_pv CLUSTER NAME: an Available volume in a folder of the node. Velero does not restore volumes that it has backed up
# by file: their claims are bound anew, to what is there.
local_pv()
{
        local folder=$ENGINE_DIR/engine/$1/volumes/$2
        mkdir -p "$folder"
        api_expect 201 "$1" POST /api/v1/persistentvolumes "$(jq -cn --arg name "$2" --arg path "$folder" --arg node "$1" \
                '{apiVersion: "v1", kind: "PersistentVolume", metadata: {$name},
                  spec: {capacity: {storage: "2Gi"}, accessModes: ["ReadWriteOnce"], storageClassName: "by-hand",
                         persistentVolumeReclaimPolicy: "Retain", local: {$path},
                         nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [
                                 {key: "kubernetes.io/hostname", operator: "In", values: [$node]}]}]}}}}')" >/dev/null
}

# claim CLUSTER NAMESPACE NAME
claim()
{
        api_expect 201 "$1" POST "/api/v1/namespaces/$2/persistentvolumeclaims" "$(jq -cn --arg ns "$2" --arg name "$3" \
                '{apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: {$name, namespace: $ns},
                  spec: {accessModes: ["ReadWriteOnce"], storageClassName: "by-hand", resources: {requests: {storage: "1Gi"}}}}')" >/dev/null
}

# policy_of NAMESPACE CLUSTER…: prints a Kurator Backup of a namespace.
policy_of() { backup_policy "$1" "$(destination "${@:2}")"; }

# run_file BACKUP CLUSTER FILE: prints a file of the newest run on a cluster.
run_file() { cat "$F/backups/$1/runs/latest/clusters/$2/$3"; }

# finished FOLDER PHASE: waits until the object has ended as it should.
finished() { ends_as "$2" "$1" "$VOLUME_SECONDS"; }

# volume_begins BACKUP [CLUSTER=eu-1]: an agent has told the first bytes of the only volume.
volume_begins() { run_file "$1" "${2:-eu-1}" status.json | jq -e '.volumes[0] | .phase == "InProgress" and .bytesDone > 0'; }

# volume_moves BACKUP [CLUSTER=eu-1]: an agent has backed up a part of the only volume.
volume_moves()
{
        local cluster=${2:-eu-1}
        run_file "$1" "$cluster" status.json | jq -e '.volumes[0] | .phase == "InProgress" and .bytesDone > 0 and .bytesDone < .bytesTotal'
}

# uploader_freezer CLUSTER BACKUP FROZEN|THAWED: holds the pod that Velero has started for a volume of the backup, or lets it
# go on. An agent tells its progress as it begins and each 10 s from then, and may have ended before that.
uploader_freezer()
{
        local uid folder
        uid=$(api "$1" GET /api/v1/namespaces/velero/pods |
                jq -er --arg backup "$2-" 'first(.items[] | select(.metadata.name | startswith($backup))).metadata.uid') || return 1
        folder=$(find "$CGROUP_ROOT/freezer/$(cgroup_name "$1")" -type d -name "pod$uid")
        [[ -n $folder ]] && printf "%s\n" "$3" >"$folder/freezer.state"
}

# uploader_steps CLUSTER BACKUP CONDITION: lets it go on for a moment only, so that its speed does not matter, and what it has
# told by then stays to be seen.
uploader_steps()
{
        ! "$3" "$2" "$1" || return 0
        uploader_freezer "$1" "$2" THAWED && sleep 0.3
        uploader_freezer "$1" "$2" FROZEN || return 1
        "$3" "$2" "$1"
}

# measured TEXT: a line in the TAP output.
measured() { printf '# measured: %s\n' "$*" >&3; }
