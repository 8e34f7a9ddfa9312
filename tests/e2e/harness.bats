#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# The harness itself, on either engine: a claim that cannot fail would make every scenario worthless.

load ../support/scenario

setup_file() { scenario_setup_file 2; }

# fails COMMAND...: for verbs that print on failure; in a subshell, as bats' own.
fails() { run "$@"; [[ $status -ne 0 ]]; }

@test "the engine directory has what its contract says" {
        assert_exists "$ENGINE_DIR"/{kubeconfig,fleet.yaml,ca.crt,admin.crt,admin.key,clusters,env}
        assert_equal 'eu-1 us-1' "$(cluster_names | paste -sd' ')"
        assert_match '^https://127\.0\.0\.1:[0-9]+' "$(cluster_url eu-1)"
        assert_match '^(sim|real)$' "$ENGINE"
        assert_file_contains "$ENGINE_DIR/kubeconfig" 'client-certificate-data:'
        assert_file_contains "$ENGINE_DIR/fleet.yaml" 'kind: AttachedCluster'
}

@test "claims hold or fail, and say why" {
        printf 'one two\n' >"$TEST_DIR/file"
        assert_equal a a
        fails assert_equal a b letter
        [[ $output == *letter*expected:\ a*found:*b* ]]
        assert_file_contains "$TEST_DIR/file" 'one two'
        fails assert_file_contains "$TEST_DIR/file" three
        [[ $output == *'one two'* ]]
        refute_file_contains "$TEST_DIR/file" three
        fails refute_file_contains "$TEST_DIR/file" two
        fails refute_file_contains "$TEST_DIR/absent" two
        assert_exists "$TEST_DIR/file"
        fails assert_exists "$TEST_DIR/absent"
        refute_exists "$TEST_DIR/absent"
        fails refute_exists "$TEST_DIR/file"
        refute false
        fails refute true
        assert_fails_with 'No such file' cat "$TEST_DIR/absent"
        fails assert_fails_with 'No such file' cat "$TEST_DIR/file"
        fails assert_fails_with 'Permission denied' cat "$TEST_DIR/absent"
}

@test "claims about all clusters fail with the first that differs" {
        all_print 200 api_curl /version -o /dev/null -w '%{http_code}'
        of() { printf 'of %s %s\n' "$@"; }
        fails all_print 'of eu-1 x' of x
        [[ $output == us-1:*expected:\ of\ eu-1*found:*of\ us-1* ]]
        on_all api GET /version
        is() { assert_equal "$2" "$1"; }
        fails on_all is eu-1
        [[ $output == *expected:\ eu-1*found:*us-1* ]]
}

@test "waits end with what they waited for, or at their deadline" {
        (sleep 0.5; echo 'done' >"$TEST_DIR/later") 3>&- &
        eventually 5 test -e "$TEST_DIR/later"
        eventually_equal 5 'done' cat "$TEST_DIR/later"
        PATIENCE=0 fails eventually 1 ls "$TEST_DIR/never"
        [[ $output == *'No such file'* ]]
        PATIENCE=0 fails eventually_equal 1 other cat "$TEST_DIR/later"
        [[ $output == *'found:'*done* ]]
        always 1 test -e "$TEST_DIR/later"
        (sleep 0.5; rm "$TEST_DIR/later") 3>&- &
        fails always 3 test -e "$TEST_DIR/later"
        echo one >"$TEST_DIR/changes"
        always_equal 1 one cat "$TEST_DIR/changes"
        (sleep 0.5; echo two >"$TEST_DIR/changes") 3>&- &
        fails always_equal 3 one cat "$TEST_DIR/changes"
        [[ $output == *expected:*one*found:*two* ]]
}

@test "api prints the body, and fails from 400 on" {
        assert_equal kube-system "$(api eu-1 GET /api/v1/namespaces/kube-system | jq -r .metadata.name)"
        fails api eu-1 GET /api/v1/namespaces/nope
        [[ $output == *'"reason":"NotFound"'*'HTTP 404' ]]
        fails api nobody GET /version
        [[ $output == *'no cluster "nobody"; there are: eu-1 us-1'* ]]
        fails api_expect 200 eu-1 GET /api/v1/namespaces/nope
}

@test "json reads a file, and fails on what is none" {
        echo '{"a": [1, "x"]}' >"$TEST_DIR/a.json"
        assert_equal x "$(json "$TEST_DIR/a.json" '.a[1]')"
        echo '{"a":' >"$TEST_DIR/b.json"
        fails json "$TEST_DIR/b.json" .a
}

@test "seeded objects are there, are counted, and go with their namespace" {
        seed_objects eu-1 harness 7
        assert_equal 7 "$(count_objects eu-1 harness/configmaps seed=harness)"
        assert_equal 1 "$(count_objects eu-1 deployments seed=harness)"
        assert_equal 0 "$(count_objects us-1 configmaps seed=harness)"
        fails seed_objects eu-1 harness 7
        delete_namespace eu-1 harness
        assert_equal 0 "$(count_objects eu-1 configmaps seed=harness)"
}

@test "a cluster goes away and comes back with its identity" {
        uid=$(api us-1 GET /api/v1/namespaces/kube-system | jq -r .metadata.uid)
        cluster_stop us-1
        fails api us-1 GET /version
        api eu-1 GET /version
        cluster_start us-1
        eventually_equal 30 "$uid" eval 'api us-1 GET /api/v1/namespaces/kube-system | jq -r .metadata.uid'
}

@test "a Velero server goes away and comes back" {
        backup='{"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "harness"}, "spec": {"includedNamespaces": ["default"]}}'
        velero_stop us-1
        api us-1 POST "$VELERO/backups" "$backup"
        always 2 velero_phase_is us-1 backups harness -
        velero_start us-1
        eventually_equal 30 Completed velero_phase us-1 backups harness
        assert_equal 'backups harness Completed' "$(velero_objects us-1)"
}

@test "a fault is for the simulator" {
        fault eu-1 http 503
        fails api eu-1 GET /version
        fault eu-1 off http
        api eu-1 GET /version
}
