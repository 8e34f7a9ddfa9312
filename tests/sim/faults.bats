# SPDX-License-Identifier: Apache-2.0
#
# What the simulator does beside the real thing: faults on demand. Each is seen by a plain client,
# takes effect on connections that are open, and ends when it is told to.

load ../support/scenario

setup()
{
        scenario_setup
        [[ $ENGINE == sim ]] || skip 'simulator only'
        sim_ctl all fault off >/dev/null
}

# code CLUSTER PATH [CURL OPTION...]: prints the HTTP code, or curl's exit status as "curl N".
code()
{
        local status=0 code
        code=$(API_SECONDS=3 api_curl "$@" -o "$TEST_DIR/body" -w '%{http_code}' 2>"$TEST_DIR/curl.err") || status=$?
        if [[ $status -ne 0 ]]; then printf 'curl %s\n' "$status"; else printf '%s\n' "$code"; fi
}

# follow FILE CLUSTER [PARAMETERS]: a watch of the backups in the background; $WATCH is its pid.
follow()
{
        : >"$1"
        api_curl "$2" "$VELERO/backups?watch=1${3:-}" -N >"$1" 2>"$1.err" 3>&- &
        WATCH=$!
        eventually 5 watches "$2"
}
watches() { [[ $(sim_ctl "$1" stats | jq .watches) -gt 0 ]]; }

# finished NAME [PHASE]: puts a backup into eu-1 that is done.
finished()
{
        jq -n --arg name "$1" --arg phase "${2:-Completed}" '{apiVersion: "velero.io/v1", kind: "Backup",
                metadata: {$name, namespace: "velero"}, spec: {}, status: {$phase}}' | sim_ctl eu-1 put >/dev/null
}
count_in() { grep -c "\"name\":\"$2\"" "$1"; }

@test "refuse: nothing listens, open watches break; afterwards the address is the same" {
        url=$(cluster_url eu-1)
        follow "$TEST_DIR/watch" eu-1
        sim_ctl eu-1 fault refuse
        refute wait "$WATCH"
        assert_equal 'curl 7' "$(code eu-1 /version)"
        assert_equal 200 "$(code us-1 /version)"
        sim_ctl eu-1 fault off refuse
        assert_equal 200 "$(code eu-1 /version)"
        assert_equal "$url" "$(cluster_url eu-1)"
}

@test "stall: accepts and never answers, also on connections that are open; then goes on" {
        follow "$TEST_DIR/watch" eu-1
        sim_ctl eu-1 fault stall
        finished stalled
        assert_equal 'curl 28' "$(code eu-1 /version)"
        assert_equal 0 "$(count_in "$TEST_DIR/watch" stalled)"
        sim_ctl eu-1 fault off
        eventually 5 grep -q '"name":"stalled"' "$TEST_DIR/watch"
        kill "$WATCH"
}

@test "drip: a byte at a time" {
        sim_ctl eu-1 fault drip 1
        start=$EPOCHREALTIME
        assert_equal 200 "$(code eu-1 /version --http1.1)"
        awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a > 0.3) }'
}

@test "cut: the body ends in its middle" {
        sim_ctl eu-1 fault cut --match GET:
        for protocol in --http1.1 --http2; do
                assert_match 'curl (18|56|92)' "$(code eu-1 "$VELERO/backupstoragelocations" "$protocol")" "$protocol"
        done
        sim_ctl eu-1 fault off cut
        assert_equal 200 "$(code eu-1 "$VELERO/backupstoragelocations")"
}

@test "http: a code for what matches, so many times, with Retry-After" {
        sim_ctl eu-1 fault http 503 --retry-after 7 --count 2 --match LIST:backups
        assert_equal 200 "$(code eu-1 "$VELERO/restores")"
        assert_equal 503 "$(code eu-1 "$VELERO/backups" -D "$TEST_DIR/head")"
        grep -qi '^retry-after: 7' "$TEST_DIR/head"
        jq -e '.kind == "Status" and .code == 503 and .reason == "ServiceUnavailable"' "$TEST_DIR/body"
        assert_equal '503 200' "$(code eu-1 "$VELERO/backups") $(code eu-1 "$VELERO/backups")"
}

@test "http: 403 is worded as RBAC does, 401 and 429 as the server does" {
        sim_ctl eu-1 fault http 403 --match POST:backups
        assert_equal 403 "$(code eu-1 "$VELERO/backups" -X POST -d '{}')"
        jq -e '.message == "backups.velero.io is forbidden: User \"admin\" cannot create resource \"backups\" in API group \"velero.io\" in the namespace \"velero\""' "$TEST_DIR/body"
        for pair in '401 Unauthorized' '429 TooManyRequests' '500 InternalError' '409 Conflict' '410 Expired'; do
                sim_ctl eu-1 fault http "${pair% *}"
                assert_equal "${pair% *}" "$(code eu-1 "$VELERO/backups")"
                assert_equal "${pair#* }" "$(jq -r .reason "$TEST_DIR/body")"
        done
}

@test "garbage: 200 and no JSON" {
        sim_ctl eu-1 fault garbage --count 1
        assert_equal 200 "$(code eu-1 "$VELERO/backups")"
        refute jq -e . "$TEST_DIR/body"
        assert_equal 200 "$(code eu-1 "$VELERO/backups")"
        jq -e '.kind == "BackupList"' "$TEST_DIR/body"
}

@test "reset: the stream is refused, or the connection closed" {
        sim_ctl eu-1 fault reset --match LIST:backups
        assert_match 'curl (92|56)' "$(code eu-1 "$VELERO/backups" --http2)"
        assert_match 'curl (52|56)' "$(code eu-1 "$VELERO/backups" --http1.1)"
        assert_equal 200 "$(code eu-1 "$VELERO/restores" --http2)"
}

@test "goaway: open connections end, new ones are served" {
        follow "$TEST_DIR/watch" eu-1
        sim_ctl eu-1 fault goaway
        wait "$WATCH" || true
        assert_equal 200 "$(code eu-1 /version)"
}

@test "delay: requests are looked at later" {
        sim_ctl eu-1 fault delay 400
        start=$EPOCHREALTIME
        assert_equal 200 "$(code eu-1 /version)"
        awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { exit !(b - a >= 0.4) }'
}

@test "half-watch-line: a watch ends within an event" {
        follow "$TEST_DIR/watch" eu-1
        sim_ctl eu-1 fault half-watch-line
        refute wait "$WATCH"
        refute jq -e . <(tail -n 1 "$TEST_DIR/watch")
        assert_match '^\{"type":"MODIFIED"' "$(tail -n 1 "$TEST_DIR/watch")"
}

@test "gone-410: open watches get an ERROR event, later ones find their version too old" {
        version=$(api eu-1 GET "$VELERO/backups" | jq -r .metadata.resourceVersion)
        finished newer
        follow "$TEST_DIR/watch" eu-1
        sim_ctl eu-1 fault gone-410
        wait "$WATCH"
        jq -e 'select(.type == "ERROR") | .object.code == 410 and .object.reason == "Expired"' <(tail -n 1 "$TEST_DIR/watch")
        assert_equal 200 "$(code eu-1 "$VELERO/backups?watch=1&resourceVersion=$version")"
        jq -e '.type == "ERROR" and .object.code == 410' "$TEST_DIR/body"

        sim_ctl eu-1 fault gone-410 --status
        assert_equal 410 "$(code eu-1 "$VELERO/backups?watch=1")"
}

@test "gone-410: a list that continues across it is refused" {
        for i in 1 2 3; do finished "paged-$i"; done
        token=$(api eu-1 GET "$VELERO/backups?limit=1" | jq -r .metadata.continue)
        finished paged-4
        assert_equal 200 "$(code eu-1 "$VELERO/backups?limit=1&continue=$token")"
        sim_ctl eu-1 fault gone-410
        assert_equal 410 "$(code eu-1 "$VELERO/backups?limit=1&continue=$token")"
}

@test "a list that continues shows what was there when it began" {
        for i in 1 2 3 4; do finished "snapshot-$i"; done
        path="$VELERO/backups?limit=1&labelSelector="
        first=$(api eu-1 GET "$path")
        before=$(api eu-1 GET "$VELERO/backups" | jq -c '[.items[] | [.metadata.name, .status.phase]]')
        sim_ctl eu-1 delete backups velero/snapshot-2
        finished snapshot-3 Failed
        finished snapshot-0
        all=$(jq -c '[.items[] | [.metadata.name, .status.phase]]' <<<"$first")
        page=$first
        while token=$(jq -r '.metadata.continue // empty' <<<"$page"); [[ -n $token ]]; do
                page=$(api eu-1 GET "$path&continue=$token")
                all=$(jq -c --argjson more "$(jq -c '[.items[] | [.metadata.name, .status.phase]]' <<<"$page")" '. + $more' <<<"$all")
        done
        assert_equal "$before" "$all"
}

@test "duplicate-events and lose-events" {
        follow "$TEST_DIR/watch" eu-1 '&resourceVersion='"$(api eu-1 GET "$VELERO/backups" | jq -r .metadata.resourceVersion)"
        sim_ctl eu-1 fault duplicate-events
        finished twice
        eventually_equal 5 2 count_in "$TEST_DIR/watch" twice
        sim_ctl eu-1 fault off
        sim_ctl eu-1 fault lose-events
        finished lost
        sim_ctl eu-1 fault off
        finished seen
        eventually_equal 5 1 count_in "$TEST_DIR/watch" seen
        assert_equal 0 "$(count_in "$TEST_DIR/watch" lost)"
        kill "$WATCH"
}

@test "wrong-ca, expired-cert: the certificate is refused, open connections are closed" {
        for kind in wrong-ca expired-cert; do
                follow "$TEST_DIR/watch" eu-1
                sim_ctl eu-1 fault "$kind"
                refute wait "$WATCH"
                assert_equal 'curl 60' "$(code eu-1 /version)" "$kind"
                sim_ctl eu-1 fault off
                assert_equal 200 "$(code eu-1 /version)"
        done
}

@test "no-crds: the group is gone, the namespace is not; afterwards all is as it was" {
        finished kept
        uid=$(api eu-1 GET "$VELERO/backups/kept" | jq -r .metadata.uid)
        sim_ctl eu-1 fault no-crds
        assert_equal '404 404 200' "$(code eu-1 "$VELERO/backups") $(code eu-1 /apis/velero.io/v1) $(code eu-1 /api/v1/namespaces/velero)"
        api eu-1 GET /apis | jq -e 'all(.groups[]; .name != "velero.io")'
        sim_ctl eu-1 fault off
        assert_equal "$uid" "$(api eu-1 GET "$VELERO/backups/kept" | jq -r .metadata.uid)"
        eventually 5 sim_running eu-1
}
sim_running() { sim_ctl "$1" velero | jq -e .running; }

@test "no-velero: its namespace and all in it are gone too, and can be installed anew" {
        sim_ctl eu-1 fault no-velero
        assert_equal '404 404' "$(code eu-1 "$VELERO/backups") $(code eu-1 /api/v1/namespaces/velero)"
        sim_ctl eu-1 velero | jq -e '.running | not'
        for plural in backups restores; do
                API_PATCH=apply-patch+yaml api_expect 201 eu-1 PATCH "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/$plural.velero.io?fieldManager=t" \
                        "$(jq -cn --arg p "$plural" '{apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: {name: "\($p).velero.io"},
                                spec: {group: "velero.io", scope: "Namespaced", names: {plural: $p, singular: ($p | rtrimstr("s")), kind: "Backup"},
                                       versions: [{name: "v1", served: true, storage: true}]}}')"
        done
        eventually_equal 5 200 code eu-1 /apis/velero.io/v1
        api eu-1 GET /apis/velero.io/v1 | jq -e '[.resources[].name] | sort == ["backups", "restores"]'
        API_PATCH=apply-patch+yaml api_expect 201 eu-1 PATCH '/api/v1/namespaces/velero?fieldManager=t' '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"velero"}}'
        eventually_equal 5 Active namespace_phase velero
        sim_ctl eu-1 velero | jq -e '.running | not'
        sim_ctl eu-1 fault off
        eventually 5 sim_running eu-1
}
namespace_phase() { api eu-1 GET "/api/v1/namespaces/$1" | jq -r '.status.phase // "-"'; }

@test "location-unavailable: the location says so, a backup fails; then it is Available again" {
        sim_ctl eu-1 fault location-unavailable
        eventually_equal 5 Unavailable velero_phase eu-1 backupstoragelocations default
        api eu-1 GET "$VELERO/backupstoragelocations/default" | jq -e '.status.message | startswith("BackupStorageLocation \"default\" is unavailable: ")'
        api eu-1 POST "$VELERO/backups" '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"no-place"},"spec":{}}' >/dev/null
        eventually_equal 5 FailedValidation velero_phase eu-1 backups no-place
        sim_ctl eu-1 fault off
        eventually_equal 5 Available velero_phase eu-1 backupstoragelocations default
}

@test "skew: the cluster's clock is another one" {
        sim_ctl eu-1 fault skew 86400
        api eu-1 POST "$VELERO/schedules" '{"apiVersion":"velero.io/v1","kind":"Schedule","metadata":{"name":"tomorrow"},"spec":{"schedule":"@every 1h","template":{}}}' |
                jq -e --argjson now "$EPOCHSECONDS" '(.metadata.creationTimestamp | fromdate) - $now | . > 86000 and . < 87000'
}

@test "an unknown fault, cluster and verb are refused with what there is" {
        assert_fails_with 'fault takes one of: off | refuse' sim_ctl eu-1 fault zork
        assert_fails_with 'there is no cluster "zork"' sim_ctl zork stats
        assert_fails_with 'a verb is one of:' sim_ctl eu-1 zork
        assert_fails_with 'http takes a code' sim_ctl eu-1 fault http 200
}
