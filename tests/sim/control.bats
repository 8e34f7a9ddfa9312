# SPDX-License-Identifier: Apache-2.0
#
# What a test can ask the simulator, and tell its Velero; and the ways to start it.

load ../support/scenario

setup()
{
        scenario_setup
        [[ $ENGINE == sim ]] || skip 'simulator only'
        sim_ctl all velero release >/dev/null
}

# post NAME [KIND [SPEC]]: creates a Velero object in eu-1.
post()
{
        local kind=${2:-Backup} spec=${3:-'{"includedNamespaces": ["shop"]}'}
        api_expect 201 eu-1 POST "$VELERO/${kind,,}s" "$(jq -cn --arg kind "$kind" --arg name "$1" --argjson spec "$spec" \
                '{apiVersion: "velero.io/v1", $kind, metadata: {$name, namespace: "velero"}, $spec}')" >/dev/null
}

@test "requests: counted by method, verb, resource and code" {
        sim_ctl eu-1 requests --reset >/dev/null
        api eu-1 GET "$VELERO/restores" >/dev/null
        api eu-1 GET "$VELERO/restores" >/dev/null
        api_expect 404 eu-1 GET "$VELERO/restores/nope" >/dev/null
        sim_ctl eu-1 requests | jq -e '.total == 3 and
                (.counts | map(select(.resource == "restores")) | sort_by(.verb) ==
                 [{method: "GET", verb: "GET", resource: "restores", code: 404, count: 1}, {method: "GET", verb: "LIST", resource: "restores", code: 200, count: 2}])'
        sim_ctl eu-1 requests --log | jq -e 'length == 3 and .[0].target == "/apis/velero.io/v1/namespaces/velero/restores" and .[2].code == 404'
        sim_ctl eu-1 requests --reset >/dev/null
        sim_ctl eu-1 requests | jq -e '.total == 0'
}

@test "put, objects, delete: any object, with its status" {
        jq -n '{apiVersion: "velero.io/v1", kind: "Backup", metadata: {name: "made", namespace: "velero"}, spec: {}, status: {phase: "WaitingForPluginOperations"}}' |
                sim_ctl eu-1 put | jq -e '.metadata.uid | length == 36'
        assert_equal WaitingForPluginOperations "$(velero_phase eu-1 backups made)"
        sim_ctl eu-1 objects backups made | jq -e 'length == 1'
        sim_ctl eu-1 delete backups velero/made
        api_expect 404 eu-1 GET "$VELERO/backups/made"
}

@test "what is done is done without a word, what is asked has an answer" {
        assert_equal '' "$(sim_ctl eu-1 fault off)"
        assert_equal '' "$(sim_ctl eu-1 velero resume)"
        sim_ctl eu-1 fault | jq -e type
        assert_fails_with "fault takes one of" sim_ctl eu-1 fault nonsense
}

@test "pause: objects stay New; resume: they go on" {
        sim_ctl eu-1 velero pause
        post paused
        always 1 velero_phase_is eu-1 backups paused -
        sim_ctl eu-1 velero resume
        eventually_equal 10 Completed velero_phase eu-1 backups paused
}

@test "track: a backup that has ended is in progress for who wants to delete it, until it is released" {
        post tracked
        eventually_equal 10 Completed velero_phase eu-1 backups tracked
        sim_ctl eu-1 velero track tracked
        post tracked-1 DeleteBackupRequest '{"backupName": "tracked"}'
        eventually_equal 10 Processed velero_phase eu-1 deletebackuprequests tracked-1
        api eu-1 GET "$VELERO/deletebackuprequests/tracked-1" | jq -e '.status.errors == ["backup deletion failed: backup is still in progress"]'
        assert_equal Completed "$(velero_phase eu-1 backups tracked)"
        sim_ctl eu-1 velero release
        post tracked-2 DeleteBackupRequest '{"backupName": "tracked"}'
        eventually 10 api_expect 404 eu-1 GET "$VELERO/backups/tracked"
}

@test "hold: a backup stays in a phase until it is released" {
        for phase in Queued ReadyToStart InProgress Finalizing; do
                sim_ctl eu-1 hold "$phase"
                post "held-${phase,,}"
                eventually_equal 10 "$phase" velero_phase eu-1 backups "held-${phase,,}"
                always 1 velero_phase_is eu-1 backups "held-${phase,,}" "$phase"
                sim_ctl eu-1 release
                eventually_equal 10 Completed velero_phase eu-1 backups "held-${phase,,}"
        done
}

@test "fail-next: the next backup or restore ends so, the one after it does not" {
        for phase in FailedValidation PartiallyFailed Failed; do
                sim_ctl eu-1 velero fail-next "$phase"
                post "fails-${phase,,}"
                eventually_equal 10 "$phase" velero_phase eu-1 backups "fails-${phase,,}"
        done
        post good
        eventually_equal 10 Completed velero_phase eu-1 backups good
        sim_ctl eu-1 velero fail-next PartiallyFailed restore
        post bad-restore Restore '{"backupName": "good"}'
        eventually_equal 10 PartiallyFailed velero_phase eu-1 restores bad-restore
}

@test "restart-velero: what is InProgress is Failed" {
        sim_ctl eu-1 hold InProgress
        post interrupted
        eventually_equal 10 InProgress velero_phase eu-1 backups interrupted
        post behind
        eventually_equal 10 Queued velero_phase eu-1 backups behind
        sim_ctl eu-1 release
        sim_ctl eu-1 hold InProgress
        sim_ctl eu-1 restart-velero
        eventually_equal 10 Failed velero_phase eu-1 backups interrupted
        api eu-1 GET "$VELERO/backups/interrupted" | jq -e '.status.failureReason | startswith("found a backup with status \"InProgress\" during the server starting")'
        sim_ctl eu-1 release
        eventually_equal 10 Completed velero_phase eu-1 backups behind
}

@test "version: an older Velero does not know newer fields" {
        sim_ctl eu-1 velero version v1.16.2
        api_expect 400 eu-1 POST "$VELERO/backups?fieldValidation=Strict" \
                '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"new-field"},"spec":{"volumeGroupSnapshotLabelKey":"x"}}' |
                jq -e '.message | endswith("strict decoding error: unknown field \"spec.volumeGroupSnapshotLabelKey\"")'
        sim_ctl eu-1 velero version v1.18.3
}

@test "fire: a schedule makes its backup now" {
        post nightly Schedule '{"schedule": "0 3 * * *", "template": {"includedNamespaces": ["shop"]}}'
        eventually_equal 5 Enabled velero_phase eu-1 schedules nightly
        sim_ctl eu-1 velero fire nightly
        eventually 5 one_of_nightly
}
one_of_nightly() { [[ $(count_objects eu-1 backups velero.io/schedule-name=nightly) == 1 ]]; }

@test "what a schedule owns goes with it" {
        post owner Schedule '{"schedule": "0 3 * * *", "useOwnerReferencesInBackup": true, "template": {"includedNamespaces": ["shop"]}}'
        sim_ctl eu-1 velero fire owner
        eventually_equal 5 1 count_objects eu-1 backups velero.io/schedule-name=owner
        api_expect 200 eu-1 DELETE "$VELERO/schedules/owner" >/dev/null
        eventually_equal 5 0 count_objects eu-1 backups velero.io/schedule-name=owner
}

@test "a namespace goes with all that is in it; a definition with its objects" {
        api_expect 201 eu-1 POST /api/v1/namespaces '{"metadata": {"name": "short-lived"}}' >/dev/null
        api_expect 201 eu-1 POST /api/v1/namespaces/short-lived/configmaps '{"metadata": {"name": "inside"}}' >/dev/null
        delete_namespace eu-1 short-lived
        assert_equal 0 "$(sim_ctl eu-1 objects configmaps inside | jq length)"

        crd='{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "toys.example.com"}, "spec": {"group": "example.com",
                "scope": "Namespaced", "names": {"plural": "toys", "singular": "toy", "kind": "Toy"}, "versions": [{"name": "v1", "served": true, "storage": true}]}}'
        toy='{"apiVersion": "example.com/v1", "kind": "Toy", "metadata": {"name": "bear"}}'
        definitions=/apis/apiextensions.k8s.io/v1/customresourcedefinitions toys=/apis/example.com/v1/namespaces/default/toys
        api_expect 201 eu-1 POST "$definitions" "$crd" >/dev/null
        eventually 5 api_expect 200 eu-1 GET "$toys"
        api_expect 201 eu-1 POST "$toys" "$toy" >/dev/null
        api_expect 200 eu-1 DELETE "$definitions/toys.example.com" >/dev/null
        api_expect 404 eu-1 GET "$toys" >/dev/null
        eventually_equal 5 0 toys_left
        api_expect 201 eu-1 POST "$definitions" "$crd" >/dev/null
        eventually 5 api_expect 200 eu-1 GET "$toys"
        api eu-1 GET "$toys" | jq -e '.items == []'
}
toys_left() { sim_ctl eu-1 objects toys | jq length; }

@test "gc: an expired backup is removed, its data too" {
        post short Backup '{"includedNamespaces": ["shop"], "ttl": "1s"}'
        eventually_equal 10 Completed velero_phase eu-1 backups short
        sim_ctl eu-1 fault skew 60
        sim_ctl eu-1 velero gc
        eventually 5 api_expect 404 eu-1 GET "$VELERO/backups/short"
        sim_ctl eu-1 bucket | jq -e 'all(.[]; .backups | index("short") == null)'
        sim_ctl eu-1 fault off
}

# volumes_pod NAME VOLUME MOUNTED: a pod that runs, with a volume.
volumes_pod()
{
        jq -n --arg name "$1" --argjson volume "$2" --argjson mounts "$3" '{apiVersion: "v1", kind: "Pod", metadata: {$name, namespace: "shop"},
                spec: {nodeName: "node-1", volumes: [$volume], containers: [{name: "c", volumeMounts: $mounts}]}, status: {phase: "Running"}}' |
                sim_ctl ap-1 put >/dev/null
}
by_file()
{
        api_expect 201 ap-1 POST "$VELERO/backups" "$(jq -cn --arg name "$1" '{apiVersion: "velero.io/v1", kind: "Backup", metadata: {$name},
                spec: {includedNamespaces: ["shop"], defaultVolumesToFsBackup: true}}')" >/dev/null
        eventually 10 ended ap-1 "$1"
        api ap-1 GET "$VELERO/backups/$1" | jq -c '[.status.phase, .status.warnings // 0, .status.errors // 0]'
}
ended() { [[ $(velero_phase "$1" backups "$2") == @(Completed|PartiallyFailed|Failed) ]]; }

@test "volumes: by file needs a node-agent; hostPath is skipped, with a warning behind a claim only" {
        volumes_pod with-data '{"name": "data", "emptyDir": {}}' '[{"name": "data"}]'
        assert_equal '["PartiallyFailed",0,1]' "$(by_file no-agent)"
        jq -n '{apiVersion: "apps/v1", kind: "DaemonSet", metadata: {name: "node-agent", namespace: "velero"}, spec: {}}' | sim_ctl ap-1 put >/dev/null
        assert_equal '["Completed",0,0]' "$(by_file with-agent)"
        list_objects ap-1 podvolumebackups velero.io/backup-name=with-agent |
                jq -e '[.items[] | [.spec.volume, .spec.pod.name, .status.phase]] == [["data", "with-data", "Completed"]]'
        volumes_pod on-host '{"name": "data", "hostPath": {"path": "/srv"}}' '[{"name": "data"}]'
        assert_equal '["Completed",0,0]' "$(by_file with-host-path)"
        api ap-1 POST /api/v1/persistentvolumes '{"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "on-host"},
                "spec": {"hostPath": {"path": "/srv"}, "claimRef": {"namespace": "shop", "name": "on-host"}}}' >/dev/null
        api ap-1 POST /api/v1/namespaces/shop/persistentvolumeclaims '{"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "on-host"}, "spec": {"volumeName": "on-host"}}' >/dev/null
        volumes_pod claims-host '{"name": "data", "persistentVolumeClaim": {"claimName": "on-host"}}' '[{"name": "data"}]'
        assert_equal '["Completed",1,0]' "$(by_file with-claim)"
}

@test "load: backups in bulk can be watched, listed, downloaded; a storm changes them" {
        sim_ctl us-1 load backups 300
        assert_equal 300 "$(count_objects us-1 backups)"
        api us-1 GET "$VELERO/backups?limit=250" | jq -e '(.items | length) == 250 and .metadata.remainingItemCount == 50'
        before=$(api us-1 GET "$VELERO/backups" | jq -r .metadata.resourceVersion)
        sim_ctl us-1 load storm 200
        sleep 1
        sim_ctl us-1 load storm 0
        after=$(api us-1 GET "$VELERO/backups" | jq -r .metadata.resourceVersion)
        (( after - before > 100 && after - before < 400 ))
}

@test "auth: only what is told comes in" {
        sim_ctl ap-1 auth token secret
        assert_equal 401 "$(code)"
        assert_equal 200 "$(code -H 'Authorization: Bearer secret')"
        assert_equal 401 "$(code -H 'Authorization: Bearer wrong')"
        sim_ctl ap-1 auth basic me pass
        assert_equal 200 "$(code -u me:pass)"
        sim_ctl ap-1 auth cert
        assert_equal 200 "$(code)"
}
code() { api_curl ap-1 /api/v1/namespaces -o /dev/null -w '%{http_code}' "$@"; }

# second OPTION...: a simulator of its own; its folder is $SECOND.
second()
{
        SECOND=$TEST_DIR/second
        proc_spawn "$TEST_DIR/run/second.pid" "$TEST_DIR/run/second.log" "$FLEETFS_SIM" up "$SECOND" "$@"
        proc_await "$TEST_DIR/run/second.pid" "$TEST_DIR/run/second.log" 30 grep -qx ready "$TEST_DIR/run/second.log"
        ENGINE_DIR=$SECOND
}

@test "up: with more than 64 clusters they share a port" {
        second --clusters 70 --backups-per-cluster 2
        assert_equal 1 "$(sed 's|.*127.0.0.1:\([0-9]*\)/.*|\1|' "$SECOND/clusters" | sort -u | wc -l)"
        assert_equal "$(cut -d' ' -f1 "$SECOND/clusters" | sed 's|.*|/clusters/&|')" "$(sed 's|.*\(/clusters/.*\)|\1|' "$SECOND/clusters")"
        assert_equal '2 seed-00001' "$(count_objects c70 backups) $(api c70 GET "$VELERO/backups" | jq -r '.items[0].metadata.name')"
        refute_equal "$(api c69 GET /api/v1/namespaces/kube-system | jq .metadata.uid)" "$(api c70 GET /api/v1/namespaces/kube-system | jq .metadata.uid)"
        sim_ctl c70 fault refuse
        refute api c70 GET /version
        api c69 GET /version >/dev/null
        assert_fails_with 'need a port for each cluster' sim_ctl c70 fault wrong-ca
}
refute_equal() { [[ $1 != "$2" ]] || assert_fail "both are $1"; }

@test "up: away, bare, http1, token, speed" {
        second --clusters 2 --away us-1 --away far-1 --bare --http1 --auth token --speed 10
        assert_equal 'eu-1 us-1 far-1' "$(cut -d' ' -f1 "$SECOND/clusters" | paste -sd' ')"
        refute api us-1 GET /version
        refute api far-1 GET /version
        token=$(sed -n 's/ *token: //p' "$SECOND/kubeconfig")
        assert_equal 1.1 "$(api_curl eu-1 /version -o /dev/null -w '%{http_version}' --http2)"
        assert_equal 404 "$(api_curl eu-1 "$VELERO/backups" -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token")"
        sim_ctl eu-1 fault off no-velero
        assert_equal 200 "$(api_curl eu-1 "$VELERO/backups" -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token")"
}

@test "up: bad options say what is wrong" {
        for row in '--clusters x|--clusters takes a number' '--speed 0|--speed takes a factor' '--auth zork|--auth takes cert'; do
                # shellcheck disable=SC2086 # an option and its value
                assert_fails_with "${row#*|}" "$FLEETFS_SIM" up "$TEST_DIR/bad" ${row%|*}
        done
        assert_fails_with 'up takes a folder' "$FLEETFS_SIM" up
        assert_fails_with 'a simulator runs there already' "$FLEETFS_SIM" up "$ENGINE_DIR"
}

@test "kubectl: understands the discovery and the lists" {
        command -v kubectl >/dev/null || skip 'no kubectl here'
        k() { kubectl --kubeconfig "$ENGINE_DIR/kubeconfig" --cache-dir "$TEST_DIR/kube" "$@"; }
        k -n shop get deploy web -o name
        k -n velero get bsl default -o jsonpath='{.status.phase}' | grep -qx Available
        k --context us-1 get ns shop
        k create --validate=false -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"by-kubectl","namespace":"shop"},"data":{"a":"b"}}'
        k apply --server-side --validate=false -f - <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"applied","namespace":"shop"},"data":{"a":"b"}}'
        k -n shop label configmap by-kubectl x=y
        k -n shop get configmap -l x=y -o name | grep -qx configmap/by-kubectl
        k -n shop delete configmap by-kubectl
}
