# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The programs of the real engine: how each is started and when it is ready. Sourced by `engine`,
# which sets DIR (absolute), PRIVATE=DIR/engine and BIN. Each starts its program under the pid file
# PRIVATE/run/<name>.pid, with the log PRIVATE/log/<name>.log, and waits for it; all of them print the
# end of the log and return 1 when it fails.

readonly VELERO_NAMESPACE=velero
readonly PLUGIN_IMAGE=velero/velero-plugin-for-aws:v1.14.3
readonly START_SECONDS=60 STOP_SECONDS=5

run_file() { printf '%s/run/%s.pid\n' "$PRIVATE" "$1"; }
log_file() { printf '%s/log/%s.log\n' "$PRIVATE" "$1"; }

# spawn NAME COMMAND...
spawn()
{
        local name=$1
        shift
        proc_spawn "$(run_file "$name")" "$(log_file "$name")" "$@"
}

# await NAME COMMAND...
await()
{
        local name=$1
        shift
        proc_await "$(run_file "$name")" "$(log_file "$name")" "$START_SECONDS" "$@"
}

port_of() { cat "$PRIVATE/ports/$1"; }

# port_pick NAME: chooses a port for NAME and records it. Below the range that the kernel gives to
# outgoing connections, so that none of them takes it in between; reserved by a file, so that two
# engines that start together do not choose the same.
port_pick()
{
        local shelf="${TMPDIR:-/tmp}/fleetfs-e2e-ports.$UID" low=10000 high port owner i
        read -r high _ </proc/sys/net/ipv4/ip_local_port_range
        (( high > low + 1000 )) || high=32768
        mkdir -p "$shelf"
        for ((i = 0; i < 200; i++)); do
                port=$((low + (RANDOM * 32768 + RANDOM) % (high - low)))
                # A reservation outlives its engine when the directory was simply removed.
                { read -r owner <"$shelf/$port"; } 2>/dev/null && [[ ! -d $owner ]] && rm -f "$shelf/$port"
                (set -o noclobber; printf '%s\n' "$DIR" >"$shelf/$port") 2>/dev/null || continue
                if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
                        rm -f "$shelf/$port"
                        continue
                fi
                printf '%s\n' "$port" >"$PRIVATE/ports/$1"
                ln -sf "$shelf/$port" "$PRIVATE/ports/.$1.reserved"
                return 0
        done
        proc_log "no free port between $low and $high"
        return 1
}

# port_release_all: gives the reservations back.
port_release_all()
{
        local link
        for link in "$PRIVATE"/ports/.*.reserved; do
                [[ -L $link ]] || continue
                rm -f "$(readlink "$link")" "$link"
        done
}

# kube NAME METHOD PATH [JSON]: one request to a cluster, as administrator.
kube()
{
        local url
        url=https://127.0.0.1:$(port_of "$1")$3
        curl -sS --fail --max-time 10 --noproxy '*' --cacert "$DIR/ca.crt" --cert "$DIR/admin.crt" \
                --key "$DIR/admin.key" -X "$2" -H 'Content-Type: application/json' ${4:+--data-binary "$4"} "$url"
}

etcd_start()
{
        local client peer
        client=http://127.0.0.1:$(port_of etcd) peer=http://127.0.0.1:$(port_of etcd-peer)
        spawn etcd "$BIN/etcd" --data-dir "$PRIVATE/etcd" --unsafe-no-fsync --log-level=warn \
                --listen-client-urls "$client" --advertise-client-urls "$client" --listen-peer-urls "$peer" \
                --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer"
        await etcd curl -sS --fail --noproxy '*' "$client/health"
}

# s3_start: metadata of objects goes to a folder beside the buckets: extended attributes of users are
# missing on some filesystems (older tmpfs, overlays).
s3_start()
{
        mkdir -p "$PRIVATE/buckets/$S3_BUCKET" "$PRIVATE/s3-metadata"
        spawn s3 env ROOT_ACCESS_KEY="$S3_ACCESS_KEY" ROOT_SECRET_KEY="$S3_SECRET_KEY" "$BIN/versitygw" \
                --port "127.0.0.1:$(port_of s3)" posix --sidecar "$PRIVATE/s3-metadata" "$PRIVATE/buckets"
        # Any answer will do: an anonymous request is refused.
        await s3 curl -sS --noproxy '*' "http://127.0.0.1:$(port_of s3)/"
}

api_ready() { kube "$1" GET /readyz && kube "$1" GET /api/v1/namespaces/kube-system; }

api_start()
{
        local name=$1
        spawn "$name-api" "$BIN/kube-apiserver" --etcd-servers="http://127.0.0.1:$(port_of etcd)" \
                --etcd-prefix="/registry-$name" --bind-address=127.0.0.1 --secure-port="$(port_of "$name")" \
                --cert-dir="$PRIVATE/$name/certs" --tls-cert-file="$PRIVATE/pki/server.crt" \
                --tls-private-key-file="$PRIVATE/pki/server.key" --client-ca-file="$DIR/ca.crt" \
                --authorization-mode=RBAC --service-account-issuer=https://kubernetes.default.svc \
                --service-account-key-file="$PRIVATE/pki/sa.pub" \
                --service-account-signing-key-file="$PRIVATE/pki/sa.key" --service-cluster-ip-range=10.96.0.0/16 \
                --endpoint-reconciler-type=none
        await "$name-api" api_ready "$name"
}

# The controller manager ends namespaces that are deleted, and makes service accounts, ReplicaSets
# and Pods. Its own queries are limited to 20 a second by default: too few for a test that waits.
controllers_start()
{
        local name=$1
        spawn "$name-controllers" "$BIN/kube-controller-manager" --kubeconfig="$PRIVATE/$name/kubeconfig" \
                --leader-elect=false --secure-port=0 --kube-api-qps=200 --kube-api-burst=400 \
                --service-account-private-key-file="$PRIVATE/pki/sa.key" --root-ca-file="$DIR/ca.crt"
        await "$name-controllers" kube "$name" GET /api/v1/namespaces/default/serviceaccounts/default
}

# velero_install NAME: the objects, as the `velero` program makes them.
velero_install()
{
        local name=$1 log
        log=$(log_file "$name-install")
        HOME=$PRIVATE/$name/home timeout "$START_SECONDS" "$BIN/velero" install --kubeconfig="$PRIVATE/$name/kubeconfig" \
                --namespace="$VELERO_NAMESPACE" --provider=aws --plugins="$PLUGIN_IMAGE" --bucket="$S3_BUCKET" \
                --prefix="$name" --secret-file="$PRIVATE/credentials" --use-volume-snapshots=false \
                --backup-location-config="region=us-east-1,s3ForcePathStyle=true,s3Url=http://127.0.0.1:$(port_of s3)" \
                >"$log" 2>&1 </dev/null && return 0
        proc_log "$name: velero install failed; the end of $log:"
        tail -n 15 "$log" >&2
        return 1
}

# velero_start NAME: the server, outside of the cluster. It needs the objects of an installation.
# `server` must be its first argument, flags must be one word each, and its path absolute: it starts
# itself again, with these arguments, for its built-in plugins. Its folders are its own because servers
# with the same namespace would overwrite each other's credentials.
velero_start()
{
        local name=$1
        mkdir -p "$PRIVATE/$name/tmp" "$PRIVATE/$name/home"
        spawn "$name-velero" env -i PATH="$PATH" HOME="$PRIVATE/$name/home" TMPDIR="$PRIVATE/$name/tmp" \
                AWS_SHARED_CREDENTIALS_FILE="$PRIVATE/credentials" AWS_EC2_METADATA_DISABLED=true \
                "$BIN/velero" server --kubeconfig="$PRIVATE/$name/kubeconfig" --namespace="$VELERO_NAMESPACE" \
                --plugin-dir="$PRIVATE/plugins" --metrics-address=127.0.0.1:0 --profiler-address= --log-level=info
        await "$name-velero" velero_ready "$name" "engine-$EPOCHSECONDS"
}

# velero_ready NAME REQUEST: its controllers run when the server has answered a status request, which is
# made here. The default location, where there is one, must be Available as well: a Backup that is
# posted before fails for good.
velero_ready()
{
        local path=/apis/velero.io/v1/namespaces/$VELERO_NAMESPACE answer
        if ! answer=$(kube "$1" GET "$path/serverstatusrequests/$2"); then
                kube "$1" POST "$path/serverstatusrequests" \
                        '{"apiVersion":"velero.io/v1","kind":"ServerStatusRequest","metadata":{"name":"'"$2"'"},"spec":{}}'
                return 1
        fi
        jq -e '.status.phase == "Processed"' <<<"$answer" || return 1
        answer=$(kube "$1" GET "$path/backupstoragelocations") || return 1
        jq -e 'all(.items[] | select(.metadata.name == "default"); .status.phase == "Available")' <<<"$answer" || return 1
        kube "$1" DELETE "$path/serverstatusrequests/$2"
}
