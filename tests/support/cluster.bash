# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# A cluster of the engine as its administrator sees it, beside fleetfs: requests, objects, faults. The
# engine directory is $ENGINE_DIR. Sourced by scenario.bash.

readonly VELERO=/apis/velero.io/v1/namespaces/velero

# cluster_names: prints the names, one line each.
cluster_names() { cut -d' ' -f1 "$ENGINE_DIR/clusters"; }

# cluster_url CLUSTER: prints the address of its API server.
cluster_url()
{
        local name url
        while read -r name url; do
                [[ $name != "$1" ]] || { printf '%s\n' "$url"; return 0; }
        done <"$ENGINE_DIR/clusters"
        assert_fail "no cluster \"$1\"; there are: $(cluster_names | paste -sd' ')"
}

# api_curl CLUSTER PATH [CURL OPTION...]: a raw request with the administrator's certificate. Under a name
# of its own: for curl's a Kubernetes API server indents its answers.
api_curl()
{
        local url
        url=$(cluster_url "$1")$2 || return 1
        shift 2
        curl -sS -A fleetfs-tests --noproxy '*' --max-time "${API_SECONDS:-30}" --cacert "$ENGINE_DIR/ca.crt" \
                --cert "$ENGINE_DIR/admin.crt" --key "$ENGINE_DIR/admin.key" "$@" "$url"
}

# api_exchange CLUSTER METHOD PATH [JSON]: prints the body, and on a line of its own after it the code.
# A PATCH is a JSON merge patch when $API_PATCH is unset; else json, apply-patch+yaml, ...
api_exchange()
{
        local type=application/json
        [[ $2 != PATCH ]] || type=application/${API_PATCH:-merge-patch+json}
        [[ ${API_PATCH:-} != json ]] || [[ $2 != PATCH ]] || type=application/json-patch+json
        api_curl "$1" "$3" -X "$2" -w '\n%{http_code}' ${4:+-H "Content-Type: $type" --data-binary "$4"}
}

# api CLUSTER METHOD PATH [JSON]: prints the body of the answer; fails from 400 on, then with the
# request and the code on standard error.
api()
{
        local answer code
        answer=$(api_exchange "$@") || return 1
        code=${answer##*$'\n'}
        printf '%s\n' "${answer%$'\n'*}"
        (( code < 400 )) || assert_fail "$1: $2 $3: HTTP $code"
}

# api_expect CODE CLUSTER METHOD PATH [JSON]: as `api`, but the code must be this one.
api_expect()
{
        local expected=$1 answer code
        shift
        answer=$(api_exchange "$@") || return 1
        code=${answer##*$'\n'}
        printf '%s\n' "${answer%$'\n'*}"
        [[ $code == "$expected" ]] || assert_fail "$1: $2 $3: HTTP $code, expected $expected" "${answer%$'\n'*}"
}

# api_path [NAMESPACE/]PLURAL: prints the path of a collection. Of all namespaces when none is named,
# except that Velero's objects are in its namespace. Covers what seed_objects makes and Velero's kinds.
api_path()
{
        local plural=${1##*/} namespace='' group
        [[ $1 != */* ]] || namespace=namespaces/${1%/*}/
        case $plural in
        namespaces|configmaps|secrets|serviceaccounts|services|pods|events|persistentvolumes|persistentvolumeclaims)
                group=/api/v1 ;;
        deployments|replicasets|daemonsets|statefulsets)
                group=/apis/apps/v1 ;;
        clusterroles|clusterrolebindings|roles|rolebindings)
                group=/apis/rbac.authorization.k8s.io/v1 ;;
        customresourcedefinitions)
                group=/apis/apiextensions.k8s.io/v1 ;;
        *)
                printf '%s/%s\n' "$VELERO" "$plural"
                return ;;
        esac
        printf '%s/%s%s\n' "$group" "$namespace" "$plural"
}

# list_objects CLUSTER [NAMESPACE/]PLURAL [LABELSELECTOR]: prints the list, as JSON.
list_objects()
{
        local path
        path=$(api_path "$2")
        [[ -z ${3:-} ]] || path+="?labelSelector="$(jq -rn --arg s "$3" '$s | @uri')
        api "$1" GET "$path"
}

# count_objects CLUSTER [NAMESPACE/]PLURAL [LABELSELECTOR]: prints how many there are.
count_objects()
{
        local list
        list=$(list_objects "$@") || return 1
        jq '.items | length' <<<"$list"
}

# velero_objects CLUSTER [PLURAL...]: prints a line "PLURAL NAME PHASE" for each object of these kinds,
# sorted; of backups, schedules and restores when none is named. No phase is "-".
velero_objects()
{
        local cluster=$1 plural list
        shift
        [[ $# -gt 0 ]] || set -- backups restores schedules
        for plural; do
                list=$(list_objects "$cluster" "$plural") || return 1
                jq -r --arg p "$plural" '.items[] | "\($p) \(.metadata.name) \(.status.phase // "-")"' <<<"$list"
        done | sort
}

# velero_phase CLUSTER PLURAL NAME: prints the phase, "-" when there is none yet.
velero_phase()
{
        local object
        object=$(api "$1" GET "$VELERO/$2/$3") || return 1
        jq -r '.status.phase // "-"' <<<"$object"
}

# velero_phase_is CLUSTER PLURAL NAME PHASE: for `always` and `eventually`, which must ask anew each time.
velero_phase_is() { assert_equal "$4" "$(velero_phase "$1" "$2" "$3")" "phase of $3"; }

# seed_json NAMESPACE N: prints the objects of a small application, one JSON document a line, each with
# the path it is posted to in front.
seed_json()
{
        jq -cn --arg ns "$1" --argjson n "$2" -r '
                def meta($name): {name: $name, namespace: $ns, labels: {app: "web", seed: $ns}};
                def row($path; $o): "\($path) \($o | tojson)";
                row("/api/v1/namespaces"; {apiVersion: "v1", kind: "Namespace", metadata: {name: $ns, labels: {seed: $ns}}}),
                ("/api/v1/namespaces/\($ns)" as $p |
                 row("\($p)/serviceaccounts"; {apiVersion: "v1", kind: "ServiceAccount", metadata: meta("web")}),
                 row("\($p)/secrets"; {apiVersion: "v1", kind: "Secret", metadata: meta("web"), type: "Opaque",
                                       data: {password: ("of \($ns)" | @base64)}}),
                 row("\($p)/services"; {apiVersion: "v1", kind: "Service", metadata: meta("web"),
                                        spec: {selector: {app: "web"}, ports: [{port: 80, protocol: "TCP"}]}}),
                 (range($n) | row("\($p)/configmaps"; {apiVersion: "v1", kind: "ConfigMap", metadata: meta("config-\(. + 1)"),
                                                       data: {index: "\(. + 1)"}}))),
                row("/apis/apps/v1/namespaces/\($ns)/deployments";
                    {apiVersion: "apps/v1", kind: "Deployment", metadata: meta("web"),
                     spec: {replicas: 1, selector: {matchLabels: {app: "web"}},
                            template: {metadata: {labels: {app: "web"}},
                                       spec: {serviceAccountName: "web",
                                              containers: [{name: "web", image: "registry.example/web:1.0"}]}}}})'
}

# seed_objects CLUSTER NAMESPACE N: makes a namespace with N configmaps (config-1 ...), and `web` as
# service account, secret, service and deployment; all have the label seed=NAMESPACE. One connection.
seed_objects()
{
        local path object url config='' codes
        url=$(cluster_url "$1") || return 1
        while read -r path object; do
                # Within quotes curl's configuration knows \\ and \" only.
                object=${object//\\/\\\\}
                config+="next"$'\n'"url = \"$url$path\""$'\n'
                config+="data-binary = \"${object//\"/\\\"}\""$'\n'
                config+="header = \"Content-Type: application/json\""$'\n'
                config+="cacert = \"$ENGINE_DIR/ca.crt\""$'\n'"cert = \"$ENGINE_DIR/admin.crt\""$'\n'
                config+="key = \"$ENGINE_DIR/admin.key\""$'\n'"noproxy = \"*\""$'\n'"max-time = 30"$'\n'
                config+="output = \"/dev/null\""$'\n'"write-out = \"%{http_code} $path\\n\""$'\n'
        done < <(seed_json "$2" "$3")
        codes=$(curl -sS -K - <<<"${config#next}") || return 1
        if grep -v '^201 ' <<<"$codes" >&2; then
                assert_fail "$1: not every object of namespace $2 was made"
                return 1
        fi
        # Controllers that lost their API server ask it again after a growing pause of up to half a minute.
        [[ $ENGINE != real ]] || eventually 60 seed_settled "$1" "$2"
}

# seed_settled CLUSTER NAMESPACE: the controllers have made what follows from the objects. (There is no
# kubelet: the pod stays Pending.)
seed_settled() { [[ $(count_objects "$1" "$2/pods") == 1 && $(count_objects "$1" "$2/serviceaccounts") == 2 ]]; }

# delete_namespace CLUSTER NAMESPACE: deletes it and waits until it is gone.
delete_namespace()
{
        api "$1" DELETE "/api/v1/namespaces/$2" >/dev/null || return 1
        eventually 30 api_expect 404 "$1" GET "/api/v1/namespaces/$2"
}

# cluster_stop CLUSTER, cluster_start CLUSTER: its API server is killed; started again.
cluster_stop()
{
        if [[ $ENGINE == real ]]; then "$ENGINE_PROGRAM" stop-cluster "$ENGINE_DIR" "$1"; else sim_ctl "$1" fault refuse; fi
}
cluster_start()
{
        if [[ $ENGINE == real ]]; then "$ENGINE_PROGRAM" start-cluster "$ENGINE_DIR" "$1"; else sim_ctl "$1" fault off refuse; fi
}

# velero_stop CLUSTER, velero_start CLUSTER: the same for its Velero server. What was InProgress when it was
# killed is Failed when it is back.
velero_stop()
{
        if [[ $ENGINE == real ]]; then "$ENGINE_PROGRAM" stop-velero "$ENGINE_DIR" "$1"; else sim_ctl "$1" velero pause; fi
}
velero_start()
{
        if [[ $ENGINE == real ]]; then "$ENGINE_PROGRAM" start-velero "$ENGINE_DIR" "$1"; else sim_ctl "$1" velero restart && sim_ctl "$1" velero resume; fi
}

# sim_ctl CLUSTER VERB ARGS...: asks the simulator.
sim_ctl() { "$FLEETFS_SIM" ctl "$ENGINE_DIR" "$@"; }

# sim_only REASON: skips the test on the real engine.
sim_only() { [[ $ENGINE == sim ]] || skip "simulator only: $1"; }

# real_only REASON: skips the test on the simulator.
real_only() { [[ $ENGINE == real ]] || skip "real engine only: $1"; }

# fault CLUSTER KIND ARGS...: a scripted fault; the test is skipped where there are none.
fault()
{
        sim_only "fault $2"
        sim_ctl "$1" fault "${@:2}"
}
