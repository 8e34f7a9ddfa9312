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

teardown() { scheduled_teardown; }

# policy [LINE...]: prints a policy of this run's namespace; the lines go below spec.
policy() { backup_policy "shop-$RUN" "$@"; }
# refused: prints a Velero Backup on eu-1 that Velero alone can refuse: the ConfigMap is not there.
refused()
{
        printf 'apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: r}\nspec:\n'
        printf '  includedNamespaces: [shop-%s]\n  resourcePolicy: {kind: configmap, name: not-there}\n' "$RUN"
}

# backup CLUSTER NAME JQ: of the policy's only Backup there.
backup() { field_of "$1" backups "$2" "$3"; }
# details FILE: prints "CLUSTER PHASE", a line for each entry of backupDetails or restoreDetails, sorted.
details() { yq -r '.status | (.backupDetails // .restoreDetails)[] | "\(.clusterName) \(.backupStatusInCluster.phase // .restoreStatusInCluster.phase // "-")"' "$1" | sort; }

@test "defect 2: a policy with a ttl and no filter is the whole cluster, for that long" {
        mount_ready
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  destination: {clusters: [{name: eu-1}]}\n  policy: {ttl: 5h}\n' >"$F/backups/ttl.yaml"
        completed "$F/backups/ttl" 90
        assert_equal 5h "$(backup eu-1 ttl .spec.ttl | sed 's/h0m0s$/h/')"
        assert_equal '["*"]' "$(backup eu-1 ttl '.spec.includedNamespaces | tojson')"
        # And one with no policy at all.
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  destination: {clusters: [{name: eu-1}]}\n' >"$F/backups/none.yaml"
        completed "$F/backups/none" 90
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
        completed "$F/restores/apart" 90
        cluster_start eu-1
        completed "$F/backups/apart" 90
}

@test "defect 5: every last word of Velero's ends the run, and nothing is asked any more" {
        mount_ready
        refused >"$F/backups/refused.yaml"
        ends_as Failed "$F/backups/refused" 90
        assert_equal FailedValidation "$(cat "$F/backups/refused/runs/latest/clusters/eu-1/phase")"
        assert_file_contains "$F/backups/refused/status.txt" not-there
        sim_only 'phases at will, and requests that are counted'
        local phase
        for phase in PartiallyFailed Failed; do
                sim_ctl eu-1 velero fail-next "$phase"
                policy "$(destination eu-1)" >"$F/backups/end-${phase,,}.yaml"
                ends_as "$phase" "$F/backups/end-${phase,,}" 90
        done
        sim_ctl all requests --reset >/dev/null
        # Three times the pause after which an open task is looked at.
        sleep 6
        sim_ctl all requests --log >"$TEST_DIR/requests"
        refute_file_contains "$TEST_DIR/requests" /backups
}

@test "defect 6: a backup's phase and a restore's are set, from the first moment to the last" {
        mount_ready
        velero_stop eu-1
        policy "$(destination eu-1)" >"$F/backups/phase.yaml"
        assert_match '^(Accepted|Pending|Queued)$' "$(yq -r .status.phase "$F/backups/phase/kurator.yaml")"
        velero_start eu-1
        completed "$F/backups/phase" 90
        assert_equal Completed "$(yq -r .status.phase "$F/backups/phase/kurator.yaml")"
        printf 'backupName: phase\npolicy: {namespaceMapping: {shop-%s: phase-%s}}\n' "$RUN" "$RUN" >"$F/restores/phase.yaml"
        completed "$F/restores/phase" 90
        assert_equal Completed "$(yq -r .status.phase "$F/restores/phase/kurator.yaml")"
        refused >"$F/backups/bad.yaml"
        assert_match '^Fail' "$(end_of "$F/backups/bad" 90)"
        assert_match '^Fail' "$(yq -r .status.phase "$F/backups/bad/kurator.yaml")"
}

@test "defect 8: the details are those of now: no run, and no cluster, is in them for ever" {
        mount_ready
        local i run
        for i in 1 2; do
                policy "$(destination eu-1 us-1)" "# $i" >"$F/backups/rows.yaml"
                eventually_equal 20 "$i" count_runs "$F/backups/rows"
                completed "$F/backups/rows" 90
                assert_equal $'eu-1 Completed\nus-1 Completed' "$(details "$F/backups/rows/kurator.yaml")" "after run $i"
        done
        policy "$(destination us-1)" >"$F/backups/rows.yaml"
        eventually_equal 60 'us-1 Completed' details "$F/backups/rows/kurator.yaml"
        # What is gone from the clusters is gone from the tree.
        run=$(run_ids "$F/backups/rows" | head -1)
        echo "delete $run" >"$F/backups/rows/ctl"
        eventually 60 refute_exists "$F/backups/rows/runs/$run"
        assert_equal 'us-1 Completed' "$(details "$F/backups/rows/kurator.yaml")"
}

@test "defect 11: a restore without a completed backup is refused when it is written, and says why" {
        mount_ready
        refused >"$F/backups/never.yaml"
        assert_match '^Fail' "$(end_of "$F/backups/never" 90)"
        printf 'backupName: never\n' >"$TEST_DIR/r.yaml"
        refute cp "$TEST_DIR/r.yaml" "$F/restores/early.yaml"
        assert_match '^FLT-[0-9]+ ' "$(head -1 "$F/restores/early.error.txt")"
        assert_file_contains "$F/restores/early.error.txt" never
        refute_exists "$F/restores/early"
        # A schedule that has not run yet.
        policy "schedule: '$LATER'" >"$F/backups/later.yaml"
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
        policy "$(destination eu-1)" >"$F/backups/alike-part.yaml"
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policies:\n  - name: part\n    destination: {clusters: [{name: eu-1}]}\n    policy: {ttl: 24h, resourceFilter: {includedNamespaces: [shop-%s]}}\n' "$RUN" >"$F/backups/alike.yaml"
        for name in "$long" alike-part alike; do
                completed "$F/backups/$name" 90
        done
        for c in eu-1 us-1 ap-1; do
                assert_equal 1 "$(count_of "$c" backups "$long")" "$c"
                name=$(backup "$c" "$long" .metadata.name)
                [[ ${#name} -le 63 ]] || assert_fail "$name: ${#name} letters"
                assert_equal "$name" "$(cat "$F/backups/$long/runs/latest/clusters/$c/velero_name")"
        done
        assert_equal 1 "$(count_of eu-1 backups alike)"
        assert_equal 1 "$(count_of eu-1 backups alike-part)"
        [[ $(backup eu-1 alike .metadata.name) != "$(backup eu-1 alike-part .metadata.name)" ]]
}

@test "defect 15: @daily and irregular times are understood by the status, too" {
        mount_ready
        policy 'schedule: "@daily"' >"$F/backups/daily.yaml"
        # Weekdays: a day apart, or three.
        policy 'schedule: "30 2 * * MON-FRI"' >"$F/backups/days.yaml"
        ends_as Scheduled "$F/backups/daily" 90
        ends_as Scheduled "$F/backups/days" 90
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
