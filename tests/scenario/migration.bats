# SPDX-License-Identifier: Apache-2.0
# Migrations: a folder of links, from one cluster to several with prefixes of their own.

load ../support/scenario

# left_behind CLUSTER: what a migration must clean up: locations and backups with the source's label.
left_behind() { count_objects "$1" backupstoragelocations fleetfs.dev/kind=migration; }

@test "mkdir, ln, echo start: the namespace is on both targets, and nothing is left behind" {
        mount_ready
        seed_objects eu-1 mv1 4
        mkdir "$F/migrations/m1"
        ln -s ../../clusters/eu-1 "$F/migrations/m1/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m1/targets/"
        ln -s ../../../clusters/ap-1 "$F/migrations/m1/targets/"
        printf 'policy:\n  resourceFilter: {includedNamespaces: [mv1]}\n' >"$F/migrations/m1/policy.yaml"
        assert_equal ../../clusters/eu-1 "$(readlink "$F/migrations/m1/source")"
        echo start >"$F/migrations/m1/ctl"
        completed "$F/migrations/m1" 90
        for c in us-1 ap-1; do
                assert_equal 4 "$(count_objects "$c" mv1/configmaps seed=mv1)" "configmaps on $c"
                assert_equal 1 "$(count_objects "$c" mv1/secrets seed=mv1)"
                eventually_equal 20 0 left_behind "$c"
                eventually_equal 20 0 count_of "$c" backups m1
        done
        # The source keeps its backup, the targets their restores.
        assert_equal 1 "$(count_of eu-1 backups m1)"
        assert_equal 1 "$(count_of us-1 restores m1)"
        assert_file_contains "$F/migrations/m1/kurator.yaml" sourceClusterStatus
        assert_file_contains "$F/migrations/m1/kurator.yaml" targetClusterStatus
        assert_match '^state: +Completed' "$(head -1 "$F/migrations/m1/status.txt")"
}

@test "links are frozen after the start; before it they are checked" {
        mount_ready
        seed_objects eu-1 mv2 1
        mkdir "$F/migrations/m2"
        assert_fails_with 'Invalid argument' ln -s ../../clusters/nowhere "$F/migrations/m2/source"
        assert_fails_with 'Invalid argument' bash -c 'echo start > "$1"' _ "$F/migrations/m2/ctl"
        ln -s "$F/clusters/us-1" "$F/migrations/m2/source"
        ln -sfn ../../clusters/eu-1 "$F/migrations/m2/source"
        assert_equal ../../clusters/eu-1 "$(readlink "$F/migrations/m2/source")"
        refute ln -s ../../../clusters/eu-1 "$F/migrations/m2/targets/eu-1"
        ln -s ../../../clusters/us-1 "$F/migrations/m2/targets/us-1"
        printf 'policy:\n  namespaceMapping: {mv2: mv2-new}\n  resourceFilter: {includedNamespaces: [mv2]}\n' >"$F/migrations/m2/policy.yaml"
        echo start >"$F/migrations/m2/ctl"
        assert_fails_with 'busy' ln -s ../../../clusters/ap-1 "$F/migrations/m2/targets/ap-1"
        completed "$F/migrations/m2" 90
        assert_equal 1 "$(count_objects us-1 mv2-new/configmaps seed=mv2)"
}

@test "a Kurator Migrate document does the same in one step" {
        mount_ready
        seed_objects us-1 mv3 2
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Migrate\nmetadata: {name: m3}\nspec:\n  sourceCluster: {clusters: [{kind: AttachedCluster, name: us-1}]}\n  targetCluster: {clusters: [{kind: AttachedCluster, name: eu-1}]}\n  policy:\n    resourceFilter: {includedNamespaces: [mv3]}\n' >"$TEST_DIR/m3.yaml"
        cp "$TEST_DIR/m3.yaml" "$F/migrations/m3.yaml"
        completed "$F/migrations/m3" 90
        assert_equal 2 "$(count_objects eu-1 mv3/configmaps seed=mv3)"
        eventually_equal 20 0 left_behind eu-1
}

@test "rmdir removes a migration that does not run" {
        mount_fleet
        mkdir "$F/migrations/m4"
        ln -s ../../clusters/eu-1 "$F/migrations/m4/source"
        rmdir "$F/migrations/m4"
        refute_exists "$F/migrations/m4"
}

@test "what wait calls Completed can be removed at once, and what it still owes is cleaned up" {
        mount_ready
        seed_objects eu-1 mv6 1
        mkdir "$F/migrations/m6"
        ln -s ../../clusters/eu-1 "$F/migrations/m6/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m6/targets/"
        printf 'policy:\n  resourceFilter: {includedNamespaces: [mv6]}\n' >"$F/migrations/m6/policy.yaml"
        echo start >"$F/migrations/m6/ctl"
        completed "$F/migrations/m6" 90
        rmdir "$F/migrations/m6"
        refute_exists "$F/migrations/m6"
        eventually_equal 20 0 left_behind us-1
        eventually_equal 20 0 count_of us-1 backups m6
}

@test "a migration that only waits for a cluster is called off" {
        mount_ready
        cluster_stop ap-1
        eventually_equal 45 Unreachable cat "$F/clusters/ap-1/phase"
        mkdir "$F/migrations/m7"
        ln -s ../../clusters/ap-1 "$F/migrations/m7/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m7/targets/"
        echo start >"$F/migrations/m7/ctl"
        eventually_equal 10 Pending cat "$F/migrations/m7/phase"
        assert_match 'until 20[0-9-]+T[0-9:]+Z' "$(cat "$F/migrations/m7/status.txt")" 'how long it waits'
        rmdir "$F/migrations/m7"
        refute_exists "$F/migrations/m7"
        cluster_start ap-1
        eventually_equal 45 Ready cat "$F/clusters/ap-1/phase"
        sleep 2
        assert_equal 0 "$(count_of ap-1 backups m7)"
}

@test "a target that is away does not delay the other; it is done when it returns" {
        mount_ready
        seed_objects eu-1 mv5 2
        cluster_stop ap-1
        eventually_equal 45 Unreachable cat "$F/clusters/ap-1/phase"
        mkdir "$F/migrations/m5"
        ln -s ../../clusters/eu-1 "$F/migrations/m5/source"
        ln -s ../../../clusters/us-1 "$F/migrations/m5/targets/"
        ln -s ../../../clusters/ap-1 "$F/migrations/m5/targets/"
        printf 'policy:\n  resourceFilter: {includedNamespaces: [mv5]}\n' >"$F/migrations/m5/policy.yaml"
        echo start >"$F/migrations/m5/ctl"
        eventually_equal 60 Completed cat "$F/migrations/m5/clusters/us-1/phase"
        assert_equal Pending "$(cat "$F/migrations/m5/clusters/ap-1/phase")"
        cluster_start ap-1
        completed "$F/migrations/m5" 120
        assert_equal 2 "$(count_objects ap-1 mv5/configmaps seed=mv5)"
}
