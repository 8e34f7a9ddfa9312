# SPDX-License-Identifier: Apache-2.0
# What Kurator's controller gets wrong, and fleetfs must not: those of its 16 defects that no other file is about. Defects
# 1, 3, 7, 12 and 13 are in schedules.bats; 9 and 10 are a migration's.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        local c
        export RUN S3_URL S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY
        RUN=$(printf '%x' "$EPOCHSECONDS")
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" "shop-$RUN" 2
        done
}

# A test leaves no Schedule behind: it would go on, on the real engine.
teardown()
{
        local c name
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        scenario_teardown
        for c in $(cluster_names); do
                cluster_start "$c" >/dev/null 2>&1 || true
                for name in $(list_objects "$c" schedules | jq -r '.items[].metadata.name'); do
                        api "$c" DELETE "$VELERO/schedules/$name" >/dev/null
                done
        done
}

# policy [LINE...]: prints a Kurator Backup of the namespace; the lines go below spec.
policy()
{
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n'
        [[ $# -eq 0 ]] || printf '  %s\n' "$@"
        printf '  policy: {ttl: 24h, resourceFilter: {includedNamespaces: [shop-%s]}}\n' "$RUN"
}
# refused: prints a Velero Backup on eu-1 that Velero alone can refuse: the ConfigMap is not there.
refused()
{
        printf 'apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: r}\nspec:\n'
        printf '  includedNamespaces: [shop-%s]\n  resourcePolicy: {kind: configmap, name: not-there}\n' "$RUN"
}

all_ready() { [[ $(json "$F/status.json" '[.clusters[] | select(.phase == "Ready")] | length') == 3 ]]; }
mount_ready() { mount_fleet && eventually 30 all_ready; }
ended() { timeout 90 cat "$F/$1/wait"; }
# backup CLUSTER NAME JQ: of the policy's only Backup there.
backup()
{
        local list
        list=$(list_objects "$1" backups "fleetfs.dev/name=$2") || return 1
        jq -r ".items[0] | $3" <<<"$list"
}
# details FILE: prints "CLUSTER PHASE", a line for each entry of backupDetails or restoreDetails, sorted.
details() { yq -r '.status | (.backupDetails // .restoreDetails)[] | "\(.clusterName) \(.backupStatusInCluster.phase // .restoreStatusInCluster.phase // "-")"' "$1" | sort; }

@test "defect 2: a policy with a ttl and no filter is the whole cluster, for that long" {
        mount_ready
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  destination: {clusters: [{name: eu-1}]}\n  policy: {ttl: 5h}\n' >"$F/backups/ttl.yaml"
        assert_equal Completed "$(ended backups/ttl)"
        assert_equal 5h "$(backup eu-1 ttl .spec.ttl | sed 's/h0m0s$/h/')"
        assert_equal '["*"]' "$(backup eu-1 ttl '.spec.includedNamespaces | tojson')"
        # And one with no policy at all.
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  destination: {clusters: [{name: eu-1}]}\n' >"$F/backups/none.yaml"
        assert_equal Completed "$(ended backups/none)"
        assert_equal '["*"]' "$(backup eu-1 none '.spec.includedNamespaces | tojson')"
}

@test "defect 4: one cluster that fails keeps nobody's result back" {
        mount_ready
        cluster_stop eu-1
        policy >"$F/backups/apart.yaml"
        eventually_equal 60 Completed cat "$F/backups/apart/runs/latest/clusters/us-1/phase"
        eventually_equal 60 Completed cat "$F/backups/apart/runs/latest/clusters/ap-1/phase"
        assert_equal '2' "$(details "$F/backups/apart/kurator.yaml" | grep -c '^\(ap\|us\)-1 Completed$')"
        # A restore, too.
        printf 'backupName: apart\ndestination: {clusters: [{name: us-1}, {name: ap-1}]}\npolicy: {namespaceMapping: {shop-%s: apart-%s}}\n' "$RUN" "$RUN" >"$F/restores/apart.yaml"
        assert_equal Completed "$(ended restores/apart)"
        cluster_start eu-1
        assert_equal Completed "$(ended backups/apart)"
}

@test "defect 5: every last word of Velero's ends the run, and nothing is asked any more" {
        mount_ready
        refused >"$F/backups/refused.yaml"
        assert_equal Failed "$(ended backups/refused)"
        assert_equal FailedValidation "$(cat "$F/backups/refused/runs/latest/clusters/eu-1/phase")"
        assert_file_contains "$F/backups/refused/status.txt" not-there
        sim_only 'phases at will, and requests that are counted'
        local phase
        for phase in PartiallyFailed Failed; do
                sim_ctl eu-1 velero fail-next "$phase"
                policy 'destination: {clusters: [{name: eu-1}]}' >"$F/backups/end-${phase,,}.yaml"
                assert_equal "$phase" "$(ended "backups/end-${phase,,}")"
        done
        sim_ctl all requests --reset >/dev/null
        # Three times the pause after which an open task is looked at.
        sleep 6
        assert_equal 0 "$(sim_ctl all requests --log | grep -c '/backups' || true)" 'requests for backups that have ended'
}

@test "defect 6: a backup's phase and a restore's are set, from the first moment to the last" {
        mount_ready
        velero_stop eu-1
        policy 'destination: {clusters: [{name: eu-1}]}' >"$F/backups/phase.yaml"
        assert_match '^(Accepted|Pending|Queued)$' "$(yq -r .status.phase "$F/backups/phase/kurator.yaml")"
        velero_start eu-1
        assert_equal Completed "$(ended backups/phase)"
        assert_equal Completed "$(yq -r .status.phase "$F/backups/phase/kurator.yaml")"
        printf 'backupName: phase\npolicy: {namespaceMapping: {shop-%s: phase-%s}}\n' "$RUN" "$RUN" >"$F/restores/phase.yaml"
        assert_equal Completed "$(ended restores/phase)"
        assert_equal Completed "$(yq -r .status.phase "$F/restores/phase/kurator.yaml")"
        refused >"$F/backups/bad.yaml"
        assert_match '^Fail' "$(ended backups/bad)"
        assert_match '^Fail' "$(yq -r .status.phase "$F/backups/bad/kurator.yaml")"
}

@test "defect 8: the details are those of now: no run, and no cluster, is in them for ever" {
        mount_ready
        local i run
        for i in 1 2; do
                policy 'destination: {clusters: [{name: eu-1}, {name: us-1}]}' "# $i" >"$F/backups/rows.yaml"
                eventually_equal 20 "$i" eval 'ls "$F/backups/rows/runs" | grep -vc latest'
                assert_equal Completed "$(ended backups/rows)"
                assert_equal $'eu-1 Completed\nus-1 Completed' "$(details "$F/backups/rows/kurator.yaml")" "after run $i"
        done
        policy 'destination: {clusters: [{name: us-1}]}' >"$F/backups/rows.yaml"
        eventually_equal 60 'us-1 Completed' details "$F/backups/rows/kurator.yaml"
        # What is gone from the clusters is gone from the tree.
        run=$(ls "$F/backups/rows/runs" | head -1)
        echo "delete $run" >"$F/backups/rows/ctl"
        eventually 60 refute_exists "$F/backups/rows/runs/$run"
        assert_equal 'us-1 Completed' "$(details "$F/backups/rows/kurator.yaml")"
}

@test "defect 11: a restore without a completed backup is refused when it is written, and says why" {
        mount_ready
        refused >"$F/backups/never.yaml"
        assert_match '^Fail' "$(ended backups/never)"
        printf 'backupName: never\n' >"$TEST_DIR/r.yaml"
        refute cp "$TEST_DIR/r.yaml" "$F/restores/early.yaml"
        assert_match '^FLT-[0-9]+ ' "$(head -1 "$F/restores/early.error.txt")"
        assert_file_contains "$F/restores/early.error.txt" never
        refute_exists "$F/restores/early"
        # A schedule that has not run yet.
        policy 'schedule: "0 0 1 1 *"' >"$F/backups/later.yaml"
        printf 'backupName: later\n' >"$TEST_DIR/r.yaml"
        refute cp "$TEST_DIR/r.yaml" "$F/restores/sooner.yaml"
        assert_file_contains "$F/restores/sooner.error.txt" later
        assert_equal 0 "$(count_objects eu-1 restores 'fleetfs.dev/name in (early,sooner)')"
}

@test "defect 14: names that are long, or alike when they are joined, are told apart, on the cluster and in the tree" {
        mount_ready
        local long c name
        long=$(printf 'n%.0s' {1..63})
        policy >"$F/backups/$long.yaml"
        # Both are alike-part-eu-1, joined.
        policy 'destination: {clusters: [{name: eu-1}]}' >"$F/backups/alike-part.yaml"
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policies:\n  - name: part\n    destination: {clusters: [{name: eu-1}]}\n    policy: {ttl: 24h, resourceFilter: {includedNamespaces: [shop-%s]}}\n' "$RUN" >"$F/backups/alike.yaml"
        for name in "$long" alike-part alike; do
                assert_equal Completed "$(ended "backups/$name")" "$name"
        done
        for c in eu-1 us-1 ap-1; do
                assert_equal 1 "$(count_objects "$c" backups "fleetfs.dev/name=$long")" "$c"
                name=$(backup "$c" "$long" .metadata.name)
                [[ ${#name} -le 63 ]] || assert_fail "$name: ${#name} letters"
                assert_equal "$name" "$(cat "$F/backups/$long/runs/latest/clusters/$c/velero_name")"
        done
        assert_equal 1 "$(count_objects eu-1 backups fleetfs.dev/name=alike)"
        assert_equal 1 "$(count_objects eu-1 backups fleetfs.dev/name=alike-part)"
        assert_equal 0 "$(comm -12 <(backup eu-1 alike .metadata.name) <(backup eu-1 alike-part .metadata.name) | wc -l)"
}

@test "defect 15: @daily and irregular times are understood by the status, too" {
        mount_ready
        policy 'schedule: "@daily"' >"$F/backups/daily.yaml"
        # Weekdays: a day apart, or three.
        policy 'schedule: "30 2 * * MON-FRI"' >"$F/backups/days.yaml"
        assert_equal Scheduled "$(ended backups/daily)"
        assert_equal Scheduled "$(ended backups/days)"
        assert_match 'T00:00:00Z$' "$(cat "$F/backups/daily/next_run")"
        assert_equal '86400' "$(json "$F/backups/daily/status.json" '.schedule.next | (.[1] | fromdate) - (.[0] | fromdate)')"
        # Five in a row hold one weekend, or it is before the first.
        assert_equal '[1,2,3,4,5]' "$(json "$F/backups/days/status.json" '[.schedule.next[] | fromdate | gmtime[6]] | sort | tojson')"
        for c in eu-1 us-1 ap-1; do
                eventually_equal 20 "$(cat "$F/backups/days/next_run")" json "$F/backups/days/status.json" ".clusters[] | select((.name // .cluster) == \"$c\") | .nextRun"
        done
}

@test "defect 16: storage of any provider ends in a location below the cluster's own prefix, or in a sentence" {
        mount_ready
        local provider c place
        for provider in gcp azure; do
                policy "storage: {location: {bucket: b-$RUN, provider: $provider, s3Url: \"$S3_URL\", region: r, prefix: p}, credentials: none-$RUN}" >"$F/backups/$provider.yaml"
                for c in eu-1 us-1 ap-1; do
                        eventually 30 eval "grep -q . '$F/backups/$provider/runs/latest/clusters/$c/error.txt'"
                done
                assert_match '^FLT-[0-9]+ ' "$(head -1 "$F/backups/$provider/error.txt")"
        done
        # Each Velero's own location, made for it by whoever installed it, and no two clusters in one place.
        place=$(for c in eu-1 us-1 ap-1; do
                api "$c" GET "$VELERO/backupstoragelocations/default" | jq -r '.spec.objectStorage | "\(.bucket)/\(.prefix)"'
        done | sort -u | wc -l)
        assert_equal 3 "$place"
}
