#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# A namespace moves to another cluster, and what its volumes hold moves with it.

load ../support/scenario
load nodes

setup_file() { nodes_setup_file; }
setup() { nodes_setup; }
teardown() { nodes_teardown; }

@test "a namespace with an emptyDir and a claim arrives on the other cluster's node, byte by byte" {
        mount_ready
        namespace_new eu-1 "$NS"
        local_pv eu-1 "$NS"
        local_pv us-1 "$NS"
        claim eu-1 "$NS" files
        pod_start eu-1 "$NS" app '{"persistentVolumeClaim": {"claimName": "files"}}'
        pod_start eu-1 "$NS" cache '{"emptyDir": {}}'
        before=$(pod_fill eu-1 "$NS" app 60)
        cache=$(pod_fill eu-1 "$NS" cache 5)
        assert_equal 64 ${#before} 'a sum'

        mkdir "$F/migrations/$NS"
        ln -s ../../clusters/eu-1 "$F/migrations/$NS/source"
        ln -s ../../../clusters/us-1 "$F/migrations/$NS/targets/"
        printf 'policy:\n  resourceFilter: {includedNamespaces: [%s]}\n' "$NS" >"$F/migrations/$NS/policy.yaml"
        start=$EPOCHREALTIME
        echo start >"$F/migrations/$NS/ctl"
        finished "$F/migrations/$NS" Completed
        measured "migration of 65 MB: $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }') s"

        eventually "$POD_SECONDS" pod_running us-1 "$NS" app
        eventually "$POD_SECONDS" pod_running us-1 "$NS" cache
        assert_equal "$before" "$(pod_sum us-1 "$NS" app)"
        assert_equal "$cache" "$(pod_sum us-1 "$NS" cache)"
        # The source is as it was.
        assert_equal "$before" "$(pod_sum eu-1 "$NS" app)"
        assert_equal 2 "$(json "$F/migrations/$NS/clusters/us-1/status.json" '[.volumes[] | select(.phase == "Completed")] | length')"
}
