# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A namespace of 60 objects to another cluster, on real Kubernetes and Velero, against the Velero CLI, which
# waits for Velero's own sync. Sourced by run.

# real_seed NAMESPACE: 60 objects in eu-1.
real_seed()
{
        local i
        printf 'apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n' "$1"
        for ((i = 1; i <= 60; i++)); do
                printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-%d, namespace: %s}\ndata: {index: "%d"}\n' "$i" "$1" "$i"
        done
}

# real_ours NAME NAMESPACE
real_ours()
{
        local m=$F/migrations/$1
        mkdir "$m" && ln -s ../../clusters/eu-1 "$m/source" && ln -s ../../../clusters/us-1 "$m/targets/us-1" &&
                printf 'policy:\n  resourceFilter: {includedNamespaces: [%s]}\n' "$2" >"$m/policy.yaml" &&
                echo start >"$m/ctl" && [[ $(timeout 60 cat "$m/wait") == Completed ]]
}

# real_peer NAME NAMESPACE
real_peer()
{
        local velero=("$bin/velero" --kubeconfig="$dir/kubeconfig" -n velero) deadline=$((SECONDS + 120))
        "${velero[@]}" --kubecontext=eu-1 backup create "$1" --include-namespaces "$2" --wait >/dev/null &&
                "${velero[@]}" --kubecontext=us-1 backup-location create "from-$1" --provider aws --bucket "$S3_BUCKET" --prefix eu-1 \
                        --access-mode ReadOnly --config "region=us-east-1,s3ForcePathStyle=true,s3Url=$S3_URL" >/dev/null || return 1
        until "${velero[@]}" --kubecontext=us-1 backup get "$1" >/dev/null 2>&1; do
                [[ $SECONDS -lt $deadline ]] || return 1
                sleep 0.2
        done
        "${velero[@]}" --kubecontext=us-1 restore create "$1" --from-backup "$1" --wait >/dev/null
}

# real_timed COMMAND…: prints the microseconds.
real_timed()
{
        local start=$EPOCHREALTIME
        "$@" || return 1
        awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%d\n", (b - a) * 1000000 }'
}

part_real()
{
        local name='migration of 60 objects, real Velero, against the velero program' dir=$WORK/real bin kubectl us times=() peer k S3_URL S3_BUCKET
        bin=${FLEETFS_E2E_BIN:-$("$here/../e2e/build" --dir 2>/dev/null)}
        if [[ ! -x $bin/kube-apiserver || ! -x $bin/velero ]]; then
                absent "$name" 'the real engine is not built: tests/e2e/build'
                return
        fi
        FLEETFS_E2E_BIN=$bin "$here/../e2e/engine" up "$dir" 2 >"$WORK/real.log" 2>&1 || { failed "$name" 'the engine does not start'; return; }
        # shellcheck disable=SC1091 # made by the engine
        . "$dir/env"
        export HOME=$WORK
        kubectl=("$bin/kubectl" --kubeconfig="$dir/kubeconfig" --context=eu-1)
        mount_fleet real-mount "$dir/fleet.yaml" 2 || { failed "$name" 'the clusters are not ready'; return; }
        for k in 1 2 3; do
                real_seed "mv-$k" | "${kubectl[@]}" apply -f - >/dev/null || { failed "$name" 'the objects are not made'; break; }
                us=$(real_timed real_ours "m$k" "mv-$k") || { failed "$name" "ours: $(head -3 "$F/migrations/m$k/status.txt" | paste -sd' ')"; break; }
                times+=("$us")
        done
        if [[ ${#times[@]} -eq 3 ]]; then
                real_seed mv-peer | "${kubectl[@]}" apply -f - >/dev/null
                if peer=$(real_timed real_peer peer mv-peer); then
                        row "$name" "$(median "${times[@]}")" "$peer" us 0.1 'three of ours, one of the peer; its sync period is the default'
                else
                        failed "$name" 'the peer'
                fi
        fi
        unmount_fleet real-mount
        "$here/../e2e/engine" down "$dir" >/dev/null 2>&1
}
