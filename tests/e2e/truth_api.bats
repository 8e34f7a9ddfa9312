#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# What a Kubernetes API server answers, as far as fleetfs depends on it. Measured on the real engine; the
# simulator is checked against it by running the same file (FLEETFS_ENGINE=sim).

load ../support/scenario
load truth

setup_file() { truth_setup_file 1; }

# VolumeSnapshotLocations carry these tests: Velero does nothing about them. But two of one provider fail
# every Backup that names none: none may stay.
readonly VSLS=$VELERO/volumesnapshotlocations

teardown_file()
{
        [[ -n $SCENARIO_SKIP ]] || api eu-1 DELETE "$VSLS" >/dev/null
        scenario_teardown_file
}

# snapshot_location NAME [SPEC]: prints one.
snapshot_location() { object VolumeSnapshotLocation "$1" "${2:-{\"provider\": \"aws\"\}}"; }

# status_of RECORD CODE METHOD PATH [JSON]: the exchange must have this code; prints "REASON: MESSAGE".
status_of()
{
        local name=$1 code=$2
        shift 2
        api_expect "$code" eu-1 "$@" | record "status-$name" | jq -r '"\(.reason // "-"): \(.message)"'
}

@test "version: the server tells its Kubernetes version" {
        version=$(api eu-1 GET /version | record version | jq -r '"\(.major).\(.minor) \(.gitVersion)"')
        assert_match '^1\.[0-9]+ v1\.[0-9]+\.[0-9]+' "$version"
}

@test "HTTP/2 is spoken" {
        assert_equal 2 "$(api_curl eu-1 /version -o /dev/null -w '%{http_version}')"
}

@test "the identity of a cluster: kube-system has a uid, and it is a UUID" {
        uid=$(api eu-1 GET /api/v1/namespaces/kube-system | record namespace | jq -r .metadata.uid)
        assert_match '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' "$uid"
}

@test "discovery: Velero's kinds have no subresources" {
        list=$(api eu-1 GET /apis/velero.io/v1 | record apiresourcelist)
        assert_equal "APIResourceList velero.io/v1" "$(jq -r '"\(.kind) \(.groupVersion)"' <<<"$list")"
        assert_equal 11 "$(jq '.resources | length' <<<"$list")"
        assert_equal true "$(jq 'all(.resources[]; .namespaced and (.name | contains("/") | not))' <<<"$list")"
        assert_equal Backup "$(jq -r '.resources[] | select(.name == "backups") | .kind' <<<"$list")"
        assert_equal '404 page not found' "$(api_expect 404 eu-1 GET /apis/nobody.example/v1)"
}

@test "get: what does not exist is 404 with a Status" {
        assert_equal 'NotFound: backups.velero.io "nope" not found' "$(status_of notfound 404 GET "$VELERO/backups/nope")"
        api_expect 404 eu-1 GET "$VELERO/backups/nope" |
                jq -e '.kind == "Status" and .status == "Failure" and .code == 404 and
                       .details == {name: "nope", group: "velero.io", kind: "backups"}'
}

@test "get: a kind that does not exist is 404 without a Status" {
        assert_equal '404 page not found' "$(api_expect 404 eu-1 GET "$VELERO/nopes")"
}

@test "create: twice is 409 AlreadyExists" {
        name=$(own twice)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        assert_equal "AlreadyExists: volumesnapshotlocations.velero.io \"$name\" already exists" \
                "$(status_of alreadyexists 409 POST "$VSLS" "$(snapshot_location "$name")")"
}

@test "create: the server adds uid, resourceVersion, generation, creationTimestamp and managedFields" {
        created=$(api_expect 201 eu-1 POST "$VSLS?fieldManager=me" "$(snapshot_location "$(own created)")" | record volumesnapshotlocation)
        jq -e '.metadata | .generation == 1 and (.resourceVersion | tonumber > 0) and (.uid | length == 36) and
               (.creationTimestamp | fromdate > 0)' <<<"$created"
        jq -e '.metadata.managedFields | length == 1 and .[0].manager == "me" and .[0].operation == "Update"' <<<"$created"
}

@test "create: generateName gets five characters" {
        name=$(api_expect 201 eu-1 POST "$VSLS" \
                '{"apiVersion":"velero.io/v1","kind":"VolumeSnapshotLocation","metadata":{"generateName":"gen-"},"spec":{"provider":"x"}}' |
                jq -r .metadata.name)
        assert_match '^gen-[a-z0-9]{5}$' "$name"
}

@test "create: in a namespace that does not exist is 404" {
        assert_equal 'NotFound: namespaces "nope" not found' \
                "$(status_of namespace-notfound 404 POST /apis/velero.io/v1/namespaces/nope/backups \
                        '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"b"},"spec":{}}')"
}

@test "create: an unknown field is 400 when validation is strict" {
        assert_equal 'BadRequest: Backup in version "v1" cannot be handled as a Backup: strict decoding error: unknown field "spec.includedNamespace"' \
                "$(status_of strict 400 POST "$VELERO/backups?fieldValidation=Strict" "$(object Backup b '{"includedNamespace": ["x"]}')")"
}

@test "create: strict validation names every unknown field, in the order of the paths" {
        assert_equal 'BadRequest: Backup in version "v1" cannot be handled as a Backup: strict decoding error: unknown field "spec.hooks.zork", unknown field "spec.zork"' \
                "$(status_of strict-several 400 POST "$VELERO/backups?fieldValidation=Strict" "$(object Backup b '{"zork": 1, "hooks": {"zork": 1}}')")"
}

@test "create: without strict validation an unknown field is dropped, with a warning" {
        answer=$(api_curl eu-1 "$VSLS" -i -H 'Content-Type: application/json' \
                -d "$(snapshot_location "$(own lax)" '{"provider": "aws", "zork": 1}')" | tr -d '\r')
        [[ $answer == 'HTTP/2 201'* ]]
        [[ $answer == *$'\nwarning: 299 - "unknown field \\"spec.zork\\""\n'* ]]
        jq -e '.spec == {provider: "aws"}' <<<"${answer##*$'\n\n'}"
}

@test "create: a name that is no DNS subdomain is 422 Invalid" {
        assert_match '^Invalid: Backup.velero.io "UPPER_x" is invalid: metadata.name: Invalid value: "UPPER_x": a lowercase RFC 1123 subdomain must consist of' \
                "$(status_of invalid-name 422 POST "$VELERO/backups" "$(object Backup UPPER_x '{}')")"
}

@test "create: a value of the wrong type is 422 Invalid" {
        assert_equal 'Invalid: Backup.velero.io "b" is invalid: spec.ttl: Invalid value: "integer": spec.ttl in body must be of type string: "integer"' \
                "$(status_of invalid-type 422 POST "$VELERO/backups" "$(object Backup b '{"ttl": 5}')")"
}

@test "create: a required field that is missing is 422 Invalid, all of them at once" {
        assert_equal 'Invalid: Schedule.velero.io "b" is invalid: [spec.schedule: Required value, spec.template: Required value]' \
                "$(status_of invalid-required 422 POST "$VELERO/schedules" "$(object Schedule b '{}')")"
}

@test "create: a value outside of an enumeration is 422 Invalid" {
        assert_match '^Invalid: DownloadRequest.velero.io "b" is invalid: spec.target.kind: Unsupported value: "Zork": supported values: "BackupLog"' \
                "$(status_of invalid-enum 422 POST "$VELERO/downloadrequests" "$(object DownloadRequest b '{"target": {"kind": "Zork", "name": "x"}}')")"
}

@test "create: an invalid label value is 422 Invalid" {
        assert_match '^Invalid: .* is invalid: metadata.labels: Invalid value: "a b": a valid label must be' \
                "$(status_of invalid-label 422 POST "$VSLS" "$(object VolumeSnapshotLocation b '{"provider": "x"}' '{"labels": {"x": "a b"}}')")"
}

@test "create: annotations beyond 256 KiB are 422 Invalid" {
        big=$(head -c 262145 /dev/zero | tr '\0' x)
        object VolumeSnapshotLocation b '{"provider": "x"}' | jq -c --rawfile big <(printf %s "$big") '.metadata.annotations.big = $big' >"$TEST_DIR/big.json"
        answer=$(api_curl eu-1 "$VSLS" -w '\n%{http_code}' -H 'Content-Type: application/json' -d @"$TEST_DIR/big.json")
        assert_equal 422 "${answer##*$'\n'}"
        head -n 1 <<<"$answer" | record status-invalid-annotations |
                jq -e '.reason == "Invalid" and (.message | contains("metadata.annotations: Too long: may not be more than 262144 bytes"))'
}

@test "create: status is kept, there is no status subresource" {
        name=$(own with-status)
        api_expect 201 eu-1 POST "$VELERO/deletebackuprequests?dryRun=All" \
                "$(object DeleteBackupRequest "$name" '{"backupName": "x"}' | jq -c '.status.phase = "Processed"')" |
                jq -e '.status.phase == "Processed"'
        assert_equal 404 "$(api_expect 404 eu-1 GET "$VSLS/$name/status" | jq .code)"
}

@test "create: broken JSON is 400" {
        assert_match '^BadRequest: the object provided is unrecognized' \
                "$(status_of broken-json 400 POST "$VELERO/backups" '{"apiVersion":"velero.io/v1","kind":"Backup","spec":{')"
}

@test "update: a stale resourceVersion is 409 Conflict" {
        name=$(own stale)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        message="Conflict: Operation cannot be fulfilled on volumesnapshotlocations.velero.io \"$name\": the object has been modified; please apply your changes to the latest version and try again"
        assert_equal "$message" "$(status_of conflict 409 PUT "$VSLS/$name" "$(get eu-1 volumesnapshotlocations "$name" | jq -c '.metadata.resourceVersion = "1"')")"
        assert_equal "$message" "$(status_of conflict-patch 409 PATCH "$VSLS/$name" '{"metadata": {"resourceVersion": "1"}}')"
}

@test "merge patch: null removes, the rest stays; metadata does not count as a generation" {
        name=$(own merge)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name" '{"provider": "aws", "config": {"a": "1", "b": "2"}}')"
        patched=$(api_expect 200 eu-1 PATCH "$VSLS/$name" '{"metadata": {"annotations": {"x": "y"}}}')
        jq -e '.metadata.generation == 1 and .metadata.annotations == {x: "y"}' <<<"$patched"
        patched=$(api_expect 200 eu-1 PATCH "$VSLS/$name" '{"spec": {"config": {"a": null, "c": "3"}}}')
        jq -e '.metadata.generation == 2 and .spec == {provider: "aws", config: {b: "2", c: "3"}}' <<<"$patched"
}

@test "merge patch: a write of status counts as a generation" {
        name=$(own generation)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        api_expect 200 eu-1 PATCH "$VSLS/$name" '{"status": {"phase": "Available"}}' |
                jq -e '.metadata.generation == 2 and .status.phase == "Available"'
}

@test "a patch that changes nothing leaves the resourceVersion" {
        name=$(own nothing)
        before=$(api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")" | jq -r .metadata.resourceVersion)
        assert_equal "$before" "$(api_expect 200 eu-1 PATCH "$VSLS/$name" '{"spec": {"provider": "aws"}}' | jq -r .metadata.resourceVersion)"
}

@test "JSON patch: test and replace are done together or not at all" {
        name=$(own json-patch)
        api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$name" '{"provider": "aws", "config": {"a": "1"}}' '{"annotations": {"fleetfs.dev/x": "me"}}')"
        export API_PATCH=json
        # The server does not say which operation failed.
        assert_equal 'Invalid: the server rejected our request due to an error in our request' \
                "$(status_of json-patch-test 422 PATCH "$VSLS/$name" '[{"op": "replace", "path": "/spec/config", "value": {}},
                        {"op": "test", "path": "/metadata/annotations/fleetfs.dev~1x", "value": "you"}]')"
        assert_equal 1 "$(field eu-1 volumesnapshotlocations "$name" .spec.config.a)"
        api_expect 200 eu-1 PATCH "$VSLS/$name" '[{"op": "test", "path": "/metadata/annotations/fleetfs.dev~1x", "value": "me"},
                {"op": "replace", "path": "/spec/config", "value": {"b": "2"}}]' | jq -e '.spec.config == {b: "2"}'
}

@test "JSON patch: removing what is not there is 422" {
        name=$(own json-patch-remove)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        export API_PATCH=json
        status_of json-patch-remove 422 PATCH "$VSLS/$name" '[{"op": "remove", "path": "/spec/config"}]'
}

@test "patch: strategic merge is 415 for custom resources" {
        name=$(own strategic)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        export API_PATCH=strategic-merge-patch+json
        assert_match '^UnsupportedMediaType: the body of the request was in an unknown format - accepted media types include: application/json-patch\+json' \
                "$(status_of unsupported-media-type 415 PATCH "$VSLS/$name" '{}')"
}

@test "apply: creates, leaves what others set, removes what it set itself, conflicts unless forced" {
        name=$(own apply)
        applied() { object VolumeSnapshotLocation "$name" "{\"provider\": \"aws\", \"config\": $1}"; }
        export API_PATCH=apply-patch+yaml
        api_expect 201 eu-1 PATCH "$VSLS/$name?fieldManager=one" "$(applied '{"a": "1", "b": "2"}')" | record applied |
                jq -e '.metadata.managedFields[0] | .manager == "one" and .operation == "Apply"'
        API_PATCH=merge-patch+json api_expect 200 eu-1 PATCH "$VSLS/$name?fieldManager=two" '{"spec": {"config": {"a": "9", "c": "3"}}}'
        assert_equal 'Conflict: Apply failed with 1 conflict: conflict with "two" using velero.io/v1: .spec.config.a' \
                "$(status_of apply-conflict 409 PATCH "$VSLS/$name?fieldManager=one" "$(applied '{"a": "1"}')")"
        api_expect 200 eu-1 PATCH "$VSLS/$name?fieldManager=one&force=true" "$(applied '{"a": "1"}')" |
                jq -e '.spec.config == {a: "1", c: "3"}'
}

@test "apply: twice the same leaves the resourceVersion" {
        name=$(own apply-same)
        export API_PATCH=apply-patch+yaml
        first=$(api_expect 201 eu-1 PATCH "$VSLS/$name?fieldManager=one&force=true" "$(snapshot_location "$name")" | jq -r .metadata.resourceVersion)
        assert_equal "$first" "$(api_expect 200 eu-1 PATCH "$VSLS/$name?fieldManager=one&force=true" "$(snapshot_location "$name")" | jq -r .metadata.resourceVersion)"
}

@test "apply: needs a fieldManager" {
        export API_PATCH=apply-patch+yaml
        assert_match 'fieldManager: Required value: is required for apply patch' \
                "$(status_of apply-no-manager 422 PATCH "$VSLS/$(own apply-manager)" "$(snapshot_location "$(own apply-manager)")")"
}

@test "apply: an unknown field is 500, not 400" {
        name=$(own apply-unknown)
        export API_PATCH=apply-patch+yaml
        assert_equal "-: failed to create typed patch object (velero/$name; velero.io/v1, Kind=VolumeSnapshotLocation): .spec.zork: field not declared in schema" \
                "$(status_of apply-unknown 500 PATCH "$VSLS/$name?fieldManager=one" "$(snapshot_location "$name" '{"provider": "aws", "zork": 1}')")"
}

@test "delete: answers with a Status; again is 404" {
        name=$(own delete)
        uid=$(api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")" | jq -r .metadata.uid)
        api_expect 200 eu-1 DELETE "$VSLS/$name" | record status-deleted |
                jq -e --arg uid "$uid" '.kind == "Status" and .status == "Success" and .details.uid == $uid'
        api_expect 404 eu-1 DELETE "$VSLS/$name"
}

@test "delete: with a precondition on the uid that is not met is 409" {
        name=$(own delete-uid)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        assert_match "^Conflict: .* the UID in the precondition \(0-0\) does not match the UID in record" \
                "$(status_of delete-precondition 409 DELETE "$VSLS/$name" '{"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": "0-0"}}')"
        api_expect 200 eu-1 GET "$VSLS/$name"
}

@test "delete: an object with a finalizer gets a deletionTimestamp and goes with the finalizer" {
        name=$(own finalizer)
        api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$name" '{"provider": "x"}' '{"finalizers": ["fleetfs.dev/test"]}')"
        api_expect 200 eu-1 DELETE "$VSLS/$name" | record deleting | jq -e '.kind == "VolumeSnapshotLocation" and .metadata.deletionTimestamp != null'
        api_expect 200 eu-1 PATCH "$VSLS/$name" '{"metadata": {"finalizers": null}}'
        api_expect 404 eu-1 GET "$VSLS/$name"
}

@test "delete: of a collection takes what the selector selects" {
        for i in a b; do
                api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$(own "many-$i")" '{"provider": "x"}' "{\"labels\": {\"many\": \"$i\"}}")"
        done
        api_expect 200 eu-1 DELETE "$VSLS?labelSelector=many%3Da" | jq -e '.kind == "VolumeSnapshotLocationList"'
        assert_equal b "$(list_objects eu-1 volumesnapshotlocations many | jq -r '.items[].metadata.labels.many')"
}

@test "list: pages by limit, with one resourceVersion for all of them" {
        for i in 1 2 3 4 5; do
                api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$(own "page-$i")" '{"provider": "x"}' "{\"labels\": {\"page\": \"$RUN\"}}")"
        done
        first=$(api eu-1 GET "$VSLS?limit=2" | record list-page)
        jq -e '.kind == "VolumeSnapshotLocationList" and (.items | length) == 2 and .metadata.remainingItemCount >= 3 and
               (.metadata.continue | length > 0) and all(.items[]; .kind == "VolumeSnapshotLocation")' <<<"$first"
        names=$(jq -r '.items[].metadata.name' <<<"$first")
        page=$first
        while next=$(jq -r '.metadata.continue // empty' <<<"$page"); [[ -n $next ]]; do
                page=$(api eu-1 GET "$VSLS?limit=2&continue=$(jq -rn --arg t "$next" '$t | @uri')")
                assert_equal "$(jq -r .metadata.resourceVersion <<<"$first")" "$(jq -r .metadata.resourceVersion <<<"$page")"
                names+=$'\n'$(jq -r '.items[].metadata.name' <<<"$page")
        done
        assert_equal "$(api eu-1 GET "$VSLS" | jq -r '.items[].metadata.name')" "$names"
}

@test "list: label selectors by equality, set and existence" {
        for i in a b c; do
                api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$(own "label-$i")" '{"provider": "x"}' "{\"labels\": {\"set\": \"$RUN\", \"is\": \"$i\"}}")"
        done
        selected() { list_objects eu-1 volumesnapshotlocations "$1" | jq -r '[.items[].metadata.labels.is] | join("")'; }
        assert_equal abc "$(selected "set=$RUN")"
        assert_equal b "$(selected "set=$RUN,is=b")"
        assert_equal ac "$(selected "set=$RUN,is!=b")"
        assert_equal bc "$(selected "set=$RUN,is in (b,c)")"
        assert_equal a "$(selected "set=$RUN,is notin (b,c)")"
        assert_equal '' "$(selected "set=$RUN,!is")"
}

@test "list: field selectors know metadata.name and metadata.namespace only" {
        name=$(own field-selector)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        assert_equal "$name" "$(api eu-1 GET "$VSLS?fieldSelector=metadata.name%3D$name" | jq -r '.items[].metadata.name')"
        assert_equal 'BadRequest: field label not supported: spec.ttl' "$(status_of field-selector 400 GET "$VELERO/backups?fieldSelector=spec.ttl%3Dx")"
}

@test "list: a bad selector, a bad continue token and a future resourceVersion are refused" {
        assert_match '^BadRequest: unable to parse requirement' "$(status_of label-selector 400 GET "$VSLS?labelSelector=a%3D%3D%3Db")"
        assert_match '^BadRequest: invalid continue token' "$(status_of continue-invalid 400 GET "$VSLS?limit=1&continue=zork")"
        # It waits for 3 seconds that this version comes.
        assert_match '^Timeout: Timeout: Too large resource version: 99999999, current: ' \
                "$(status_of resource-version-too-large 504 GET "$VELERO/backups?resourceVersion=99999999")"
}

@test "list: core items say neither kind nor apiVersion" {
        api eu-1 GET '/api/v1/namespaces?limit=1' | jq -e '.kind == "NamespaceList" and .items[0].kind == null and .items[0].apiVersion == null'
}

@test "list: a long answer is compressed for who accepts it, a short one is not" {
        namespace=$(own large)
        api_expect 201 eu-1 POST /api/v1/namespaces "{\"apiVersion\": \"v1\", \"kind\": \"Namespace\", \"metadata\": {\"name\": \"$namespace\"}}"
        text=$(head -c 20000 /dev/zero | tr '\0' x)
        for i in 1 2 3 4 5 6 7 8; do
                api_expect 201 eu-1 POST "/api/v1/namespaces/$namespace/configmaps" \
                        "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"c$i\"}, \"data\": {\"x\": \"$text\"}}" >/dev/null
        done
        headers() { api_curl eu-1 "$1" -H 'Accept-Encoding: gzip' -o /dev/null -D - | tr -d '\r'; }
        assert_match $'\ncontent-encoding: gzip' "$(headers "/api/v1/namespaces/$namespace/configmaps")"
        [[ $(headers "/api/v1/namespaces/$namespace/configmaps?limit=1") != *content-encoding* ]]
}

@test "watch: ADDED, MODIFIED, DELETED from a resourceVersion on" {
        name=$(own watch)
        watch_into "$TEST_DIR/events" eu-1 "$VSLS"
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        api_expect 200 eu-1 PATCH "$VSLS/$name" '{"spec": {"provider": "two"}}'
        api_expect 200 eu-1 DELETE "$VSLS/$name"
        seen() { jq -r --arg name "$name" 'select(.object.metadata.name == $name) | "\(.type) \(.object.spec.provider)"' "$TEST_DIR/events" | paste -sd,; }
        eventually_equal 5 'ADDED aws,MODIFIED two,DELETED two' seen
        watch_end
        record watch-events <"$TEST_DIR/events"
        # Each event has the version of its change, the deletion too.
        assert_equal 3 "$(jq -r --arg name "$name" 'select(.object.metadata.name == $name) | .object.metadata.resourceVersion' "$TEST_DIR/events" | sort -un | wc -l)"
}

@test "watch: without a resourceVersion it begins with what exists" {
        name=$(own watch-initial)
        api_expect 201 eu-1 POST "$VSLS" "$(snapshot_location "$name")"
        api_curl eu-1 "$VSLS?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3D$name" >"$TEST_DIR/events"
        assert_equal "ADDED $name" "$(jq -r 'select(.type == "ADDED") | "\(.type) \(.object.metadata.name)"' "$TEST_DIR/events")"
}

@test "watch: a label that goes away is a DELETED for who selects it" {
        name=$(own watch-label)
        api_expect 201 eu-1 POST "$VSLS" "$(object VolumeSnapshotLocation "$name" '{"provider": "x"}' "{\"labels\": {\"w\": \"$RUN\"}}")"
        version=$(api eu-1 GET "$VSLS" | jq -r .metadata.resourceVersion)
        api_expect 200 eu-1 PATCH "$VSLS/$name" '{"metadata": {"labels": {"w": null}}}'
        api_curl eu-1 "$VSLS?watch=1&timeoutSeconds=1&labelSelector=w%3D$RUN&resourceVersion=$version" >"$TEST_DIR/events"
        assert_equal DELETED "$(jq -r .type "$TEST_DIR/events")"
}

@test "watch: bookmarks, at least at the end, when they are allowed" {
        version=$(api eu-1 GET "$VSLS" | jq -r .metadata.resourceVersion)
        api_curl eu-1 "$VSLS?watch=1&timeoutSeconds=3&allowWatchBookmarks=true&resourceVersion=$version" | record watch-bookmark >"$TEST_DIR/events"
        tail -n 1 "$TEST_DIR/events" | jq -e '.type == "BOOKMARK" and .object.kind == "VolumeSnapshotLocation" and
                (.object.metadata.resourceVersion | tonumber > 0) and .object.metadata.name == null'
}

@test "watch: a version that is too old is an ERROR event of code 410, in an answer of 200" {
        answer=$(api_expect 200 eu-1 GET "$VELERO/backups?watch=1&timeoutSeconds=3&resourceVersion=1" | record watch-expired)
        jq -e '.type == "ERROR" and .object.kind == "Status" and .object.code == 410 and .object.reason == "Expired" and
               (.object.message | startswith("too old resource version: 1 ("))' <<<"$answer"
}

@test "watch: ends by itself after timeoutSeconds, without an error" {
        version=$(api eu-1 GET "$VSLS" | jq -r .metadata.resourceVersion)
        start=$EPOCHREALTIME
        api_curl eu-1 "$VSLS?watch=1&timeoutSeconds=1&resourceVersion=$version" >"$TEST_DIR/events"
        assert_match '^[12]\.' "$(seconds_since "$start")"
        assert_equal '' "$(cat "$TEST_DIR/events")"
}

@test "access: no certificate is 403 as system:anonymous, a bad token 401" {
        url=$(cluster_url eu-1)$VELERO/backups
        anonymous() { curl -sS -A fleetfs-tests --noproxy '*' --cacert "$ENGINE_DIR/ca.crt" "$@" "$url"; }
        assert_equal 'backups.velero.io is forbidden: User "system:anonymous" cannot list resource "backups" in API group "velero.io" in the namespace "velero"' \
                "$(anonymous | record status-forbidden-anonymous | jq -r 'select(.code == 403 and .reason == "Forbidden") | .message')"
        assert_equal Unauthorized "$(anonymous -H 'Authorization: Bearer zork' | record status-unauthorized | jq -r 'select(.code == 401 and .reason == "Unauthorized") | .message')"
}

@test "access: a service account without rights is 403 Forbidden" {
        real_only "tokens of service accounts"
        token=$(api_expect 201 eu-1 POST /api/v1/namespaces/default/serviceaccounts/default/token \
                '{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 600}}' | jq -r .status.token)
        assert_equal 'backups.velero.io is forbidden: User "system:serviceaccount:default:default" cannot create resource "backups" in API group "velero.io" in the namespace "velero"' \
                "$(curl -sS -A fleetfs-tests --noproxy '*' --cacert "$ENGINE_DIR/ca.crt" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
                        -d "$(object Backup b '{}')" "$(cluster_url eu-1)$VELERO/backups" | record status-forbidden | jq -r .message)"
}
