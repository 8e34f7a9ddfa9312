# SPDX-License-Identifier: Apache-2.0
# One-off backups with cp: what a policy does on every cluster, and what the tree says of it.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-b 3
        done
}

# on CLUSTER: prints a policy for it alone.
on() { backup_policy shop-b "$(destination "$1")"; }

@test "cp of a policy backs up every cluster; one status says so, and Velero sees the same" {
        mount_ready
        backup_policy shop-b >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/every.yaml"
        assert_match '^(Accepted|Pending|Queued|InProgress|Completed)$' "$(cat "$F/backups/every/phase")"
        completed "$F/backups/every"
        assert_match '^state: +Completed ' "$(head -1 "$F/backups/every/status.txt")"
        for c in eu-1 us-1 ap-1; do
                local name
                name=$(cat "$F/backups/every/runs/latest/clusters/$c/velero_name")
                assert_equal Completed "$(velero_phase "$c" backups "$name")" "$c"
                assert_equal 1 "$(count_of "$c" backups every)" "backups on $c"
                phase_is "$F/clusters/$c/backups/$name" Completed
                phase_is "$F/backups/every/runs/latest/clusters/$c" Completed
                assert_match '^[1-9]' "$(cat "$F/backups/every/runs/latest/clusters/$c/items_total")"
        done
        assert_equal "$(cat "$TEST_DIR/p.yaml")" "$(cat "$F/backups/every.yaml")" 'the bytes'
        assert_equal "$(cat "$TEST_DIR/p.yaml")" "$(cat "$F/backups/every/applied.yaml")" 'applied.yaml'
        assert_equal Completed,Completed,Completed "$(json "$F/backups/every/status.json" '[.clusters[].phase] | join(",")')"
        assert_file_contains "$F/backups/every/kurator.yaml" backupNameInCluster
}

@test "destination.clusters and clusterSelector narrow where it runs" {
        mount_ready
        on us-1 >"$F/backups/named.yaml"
        completed "$F/backups/named"
        assert_equal us-1 "$(ls "$F/backups/named/runs/latest/clusters")"
        assert_equal 0 "$(count_of eu-1 backups named)"
        local region
        region=$(json "$F/clusters/ap-1/labels.json" .region)
        backup_policy shop-b | sed "s/^spec:/spec:\n  destination: {clusterSelector: {matchLabels: {region: $region}}}/" >"$F/backups/selected.yaml"
        completed "$F/backups/selected"
        assert_equal ap-1 "$(ls "$F/backups/selected/runs/latest/clusters")"
}

@test "written again, with the same bytes too, it runs again; runs/ keeps both" {
        mount_ready
        on eu-1 >"$TEST_DIR/p.yaml"
        cp "$TEST_DIR/p.yaml" "$F/backups/again.yaml"
        completed "$F/backups/again"
        cp "$TEST_DIR/p.yaml" "$F/backups/again.yaml"
        eventually_equal 60 2 count_of eu-1 backups again
        completed "$F/backups/again"
        echo run >"$F/backups/again/ctl"
        eventually_equal 60 3 count_of eu-1 backups again
        completed "$F/backups/again"
        assert_equal 3 "$(count_runs "$F/backups/again")" 'runs'
        assert_equal "$(run_ids "$F/backups/again" | tail -1)" "$(readlink "$F/backups/again/runs/latest")"
}

@test "bare spec, JSON and Velero's own document are policies too" {
        mount_ready
        printf 'destination: {clusters: [{name: eu-1}]}\npolicy:\n  resourceFilter: {includedNamespaces: [shop-b]}\n' >"$F/backups/bare.yaml"
        printf '{"apiVersion":"velero.io/v1","kind":"Backup","metadata":{"name":"v"},"spec":{"includedNamespaces":["shop-b"],"ttl":"1h0m0s"}}' >"$F/backups/vel.json"
        completed "$F/backups/bare"
        completed "$F/backups/vel"
        assert_equal 3 "$(ls "$F/backups/vel/runs/latest/clusters" | wc -l)"
}

@test "a policy that is wrong: cp fails, the place and the remedy stand beside it, nothing runs" {
        mount_ready
        backup_policy shop-b | sed 's/includedNamespaces/includedNamespace/' >"$TEST_DIR/bad.yaml"
        assert_fails_with 'Invalid argument' cp "$TEST_DIR/bad.yaml" "$F/backups/bad.yaml"
        assert_file_contains "$F/backups/bad.error.txt" 'FLT-0203'
        assert_file_contains "$F/backups/bad.error.txt" 'includedNamespaces'
        assert_match 'bad\.yaml:[0-9]+:[0-9]+' "$(cat "$F/backups/bad.error.txt")"
        refute_exists "$F/backups/bad"
        assert_equal 0 "$(count_of eu-1 backups bad)"
        # Corrected in place, the error is gone and it runs.
        on eu-1 >"$F/backups/bad.yaml"
        refute_exists "$F/backups/bad.error.txt"
        completed "$F/backups/bad"
}

@test "rm of a policy keeps every backup and its folder" {
        mount_ready
        on eu-1 >"$F/backups/gone.yaml"
        completed "$F/backups/gone"
        rm "$F/backups/gone.yaml"
        refute_exists "$F/backups/gone.yaml"
        sleep 4
        assert_equal 1 "$(count_of eu-1 backups gone)"
        assert_equal Completed "$(cat "$F/backups/gone/phase")"
        umount_fleet
        mount_ready
        assert_equal Completed "$(cat "$F/backups/gone/runs/latest/clusters/eu-1/phase")"
        refute_exists "$F/backups/gone.yaml"
}

@test "a backup that a cluster's Velero refuses does not stop the others" {
        mount_ready
        # Two parts of one document that only the server can judge: a resourcePolicy that does not exist.
        printf 'apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: v}\nspec:\n  includedNamespaces: [shop-b]\n  resourcePolicy: {kind: configmap, name: not-there}\n' >"$F/backups/refused.yaml"
        assert_match '^(Failed|PartiallyFailed)$' "$(end_of "$F/backups/refused")"
        assert_match '^FLT-[0-9]+ ' "$(head -1 "$F/backups/refused/error.txt")"
        assert_match '^state: +Failed' "$(head -1 "$F/backups/refused/status.txt")"
        echo retry >"$F/backups/refused/ctl"
        eventually_equal 60 2 count_of eu-1 backups refused
}

@test "a mount without the store's records shows every fleet object, read-only" {
        mount_ready
        on eu-1 >"$F/backups/shown.yaml"
        completed "$F/backups/shown"
        umount_fleet
        rm -rf "$TEST_DIR/state"
        mount_ready
        assert_equal Completed "$(cat "$F/backups/shown/phase")"
        assert_file_contains "$F/backups/shown/applied.yaml" 'kind: Backup'
        refute cp "$F/backups/shown/applied.yaml" "$F/backups/shown.yaml"
}
