# SPDX-License-Identifier: Apache-2.0
# policies[]: several parts of one policy, each with its name, its clusters and its filter; a restore meets them by name.

load ../support/scenario

setup_file()
{
        local c
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        export RUN
        RUN=$(printf '%x' "$EPOCHSECONDS")
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" "gold-$RUN" 2
                seed_objects "$c" "silver-$RUN" 2
        done
}

teardown() { scheduled_teardown; }

# of_parts: standard input is the list of policies.
of_parts() { printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n%s  policies:\n' "${1:+$1$'\n'}"; cat; }

# two_parts [SPEC LINE]: "gold" on eu-1 and us-1, "silver" on the policy's own destination.
two_parts()
{
        of_parts "${1:-}" <<END
  - name: gold
    destination: {clusters: [{name: eu-1}, {name: us-1}]}
    policy: {ttl: 48h, resourceFilter: {includedNamespaces: [gold-$RUN]}}
  - name: silver
    policy: {ttl: 24h, resourceFilter: {includedNamespaces: [silver-$RUN]}}
  destination: {clusters: [{name: us-1}, {name: ap-1}]}
END
}

# parts CLUSTER NAME [PLURAL]: what the policy has there, "PART NAMESPACES TTL", one a line.
parts()
{
        list_objects "$1" "${3:-backups}" "fleetfs.dev/name=$2" | jq -r '.items[] | (.spec.template // .spec) as $s |
                "\(.metadata.annotations["fleetfs.dev/sub-policy"] // "-") \($s.includedNamespaces | join(",")) \($s.ttl)"' |
                sed "s/-$RUN//; s/h0m0s/h/" | sort | paste -sd';'
}

@test "each part is a Velero backup of its own on the clusters it names; the status shows each" {
        mount_ready
        two_parts >"$F/backups/parts.yaml"
        completed "$F/backups/parts" 90
        assert_equal 'gold gold 48h' "$(parts eu-1 parts)"
        assert_equal 'gold gold 48h;silver silver 24h' "$(parts us-1 parts)"
        assert_equal 'silver silver 24h' "$(parts ap-1 parts)"
        assert_equal 'ap-1/silver eu-1/gold us-1/gold us-1/silver' \
                "$(json "$F/backups/parts/status.json" '[.clusters[] | "\(.cluster)/\(.subPolicy)"] | sort | join(" ")')"
        assert_match 'us-1 +.*gold' "$(cat "$F/backups/parts/status.txt")"
        assert_match 'us-1 +.*silver' "$(cat "$F/backups/parts/status.txt")"
        assert_equal 4 "$(yq -r '.status.backupDetails | length' "$F/backups/parts/kurator.yaml")"
        # The names tell the parts apart.
        assert_equal 2 "$(list_objects us-1 backups fleetfs.dev/name=parts | jq -r '.items[].metadata.name' | grep -cE '^parts-(gold|silver)-us-1-')"
}

@test "parts without names are told apart by their place" {
        mount_ready
        of_parts <<END >"$F/backups/nameless.yaml"
  - policy: {ttl: 1h, resourceFilter: {includedNamespaces: [gold-$RUN]}}
  - policy: {ttl: 2h, resourceFilter: {includedNamespaces: [silver-$RUN]}}
  destination: {clusters: [{name: eu-1}]}
END
        completed "$F/backups/nameless" 90
        assert_equal '0 gold 1h;1 silver 2h' "$(parts eu-1 nameless)"
}

@test "with a schedule each part is a Schedule; an edit adds, changes and takes away parts" {
        mount_ready
        two_parts "  schedule: '$LATER'" >"$F/backups/cron.yaml"
        eventually_equal 30 'gold gold 48h;silver silver 24h' parts us-1 cron schedules
        eventually_equal 30 'gold gold 48h' parts eu-1 cron schedules
        local uid
        uid=$(list_objects us-1 schedules fleetfs.dev/name=cron | jq -r '.items[] | select(.metadata.annotations["fleetfs.dev/sub-policy"] == "gold") | .metadata.uid')
        two_parts "  schedule: '$LATER'" | sed 's/48h/72h/; s/name: silver/name: bronze/' >"$F/backups/cron.yaml"
        eventually_equal 30 'bronze silver 24h;gold gold 72h' parts us-1 cron schedules
        eventually_equal 30 'bronze silver 24h' parts ap-1 cron schedules
        assert_equal "$uid" "$(list_objects us-1 schedules fleetfs.dev/name=cron |
                jq -r '.items[] | select(.metadata.annotations["fleetfs.dev/sub-policy"] == "gold") | .metadata.uid')" 'changed in place'
}

@test "a restore takes the parts it names, each with its own rules; without names all" {
        mount_ready
        two_parts >"$F/backups/src.yaml"
        completed "$F/backups/src" 90
        printf 'backupName: src\ndestination: {clusters: [{name: us-1}]}\npolicies:\n- name: gold\n  policy: {namespaceMapping: {gold-%s: back-%s}}\n' "$RUN" "$RUN" >"$F/restores/one.yaml"
        completed "$F/restores/one" 90
        assert_equal 1 "$(count_of us-1 restores one)"
        assert_equal 2 "$(count_objects us-1 "back-$RUN/configmaps" "seed=gold-$RUN")"
        api_expect 404 us-1 GET "/api/v1/namespaces/silver-back-$RUN" >/dev/null
        {
                printf 'backupName: src\ndestination: {clusters: [{name: us-1}]}\npolicies:\n'
                printf -- '- name: silver\n  policy: {namespaceMapping: {silver-%s: silver-back-%s}}\n' "$RUN" "$RUN"
                printf -- '- name: gold\n  policy: {namespaceMapping: {gold-%s: gold-back-%s}, resourceFilter: {includedResources: [configmaps]}}\n' "$RUN" "$RUN"
        } >"$F/restores/two.yaml"
        completed "$F/restores/two" 90
        assert_equal 2 "$(count_of us-1 restores two)"
        assert_equal 2 "$(count_objects us-1 "silver-back-$RUN/configmaps" "seed=silver-$RUN")"
        assert_equal 1 "$(count_objects us-1 "silver-back-$RUN/secrets" "seed=silver-$RUN")"
        assert_equal 2 "$(count_objects us-1 "gold-back-$RUN/configmaps" "seed=gold-$RUN")"
        assert_equal 0 "$(count_objects us-1 "gold-back-$RUN/secrets" "seed=gold-$RUN")" 'filtered'
        printf 'backupName: src\npolicy: {namespaceMapping: {gold-%s: all-gold-%s, silver-%s: all-silver-%s}}\n' "$RUN" "$RUN" "$RUN" "$RUN" >"$F/restores/all.yaml"
        completed "$F/restores/all" 90
        assert_equal 1,2,1 "$(for c in eu-1 us-1 ap-1; do count_of "$c" restores all; done | paste -sd,)"
}

# refused NAME CODE PLACE TEXT: $TEST_DIR/NAME.yaml is refused by backups/, or by restores/ with FOLDER.
refused()
{
        local folder=${FOLDER:-backups}
        refute cp "$TEST_DIR/$1.yaml" "$F/$folder/$1.yaml" || return 1
        assert_match "^$2 $1\\.yaml${3:+:$3}: .*$4" "$(unwrapped "$F/$folder/$1.error.txt")"
}

@test "names that are bad, doubled, or of no part of the backup are refused" {
        mount_ready
        of_parts <<<$'  - {name: a, policy: {}}\n  - {name: a, policy: {}}' >"$TEST_DIR/twice.yaml"
        refused twice FLT-0238 6:12 'name of policies\[0\] already'
        # The place of one without a name is what another one is called.
        of_parts <<<$'  - {name: "1", policy: {}}\n  - {policy: {}}' >"$TEST_DIR/place.yaml"
        refused place FLT-0238 6:5 'policies\[0\] already'
        of_parts <<<$'  - {name: "a b", policy: {}}' >"$TEST_DIR/bad.yaml"
        refused bad FLT-0230 5:12 '"a b" cannot be a name'
        of_parts <<<$'  - {name: -a, policy: {}}' >"$TEST_DIR/dash.yaml"
        refused dash FLT-0230 5:12 'cannot be a name'
        of_parts <<<"  - {name: $(printf 'a%.0s' {1..64}), policy: {}}" >"$TEST_DIR/long.yaml"
        refused long FLT-0230 5:12 'cannot be a name'
        of_parts <<<$'  - {name: a, destination: {clusters: [{name: mars}]}}' >"$TEST_DIR/mars.yaml"
        refused mars FLT-0234 5:47 '"mars"'
        printf 'policies: []\n' >"$TEST_DIR/none.yaml"
        refused none FLT-0211 1:11 'empty'
        of_parts '  policy: {}' <<<$'  - {name: a}' >"$TEST_DIR/both.yaml"
        refused both FLT-0247 5:3 'cannot be combined'
        two_parts >"$F/backups/named.yaml"
        completed "$F/backups/named" 90
        printf 'backupName: named\npolicies: [{name: brass}]\n' >"$TEST_DIR/brass.yaml"
        FOLDER=restores refused brass FLT-0412 '' 'no part named "brass"'
        printf 'backupName: named\npolicies: [{policy: {}}]\n' >"$TEST_DIR/nameless-restore.yaml"
        FOLDER=restores refused nameless-restore FLT-0205 '2:1[0-9]' 'name is missing'
        printf 'backupName: named\npolicies: [{name: gold}, {name: gold}]\n' >"$TEST_DIR/double.yaml"
        FOLDER=restores refused double FLT-0238 '2:[0-9]+' 'already'
        refute_exists "$F/restores/brass" "$F/restores/nameless-restore" "$F/restores/double"
}

# crd: prints a definition of Kurator's Backup with the fields that the proposal gives it, for strict validation.
crd()
{
        jq -n 'def s: {type: "string"}; def l: {type: "array", items: s}; def o($p): {type: "object", properties: $p};
                def any: {type: "object", "x-kubernetes-preserve-unknown-fields": true};
                def list($i): {type: "array", items: $i};
                def destination: o({fleet: s, clusters: list(o({kind: s, name: s, namespace: s, apiVersion: s})), clusterSelector: any});
                def filter: o({includedNamespaces: l, excludedNamespaces: l, includedResources: l, excludedResources: l,
                        includeClusterResources: {type: "boolean"}, includedClusterScopedResources: l, excludedClusterScopedResources: l,
                        includedNamespaceScopedResources: l, excludedNamespaceScopedResources: l, labelSelector: any, orLabelSelectors: list(any)});
                def policy: o({resourceFilter: filter, ttl: s, orderedResources: any, itemOperationTimeout: s});
                def condition: o({type: s, status: s, severity: s, reason: s, message: s, lastTransitionTime: {type: "string", format: "date-time"}}) +
                        {required: ["type", "status", "lastTransitionTime"]};
                def status: o({conditions: list(condition), phase: s, backupDetails: list(o({clusterName: s, clusterKind: s,
                        backupNameInCluster: s, backupStatusInCluster: any}))});
                {apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", metadata: {name: "backups.backup.kurator.dev"},
                 spec: {group: "backup.kurator.dev", scope: "Namespaced", names: {plural: "backups", kind: "Backup", singular: "backup"},
                        versions: [{name: "v1alpha1", served: true, storage: true, schema: {openAPIV3Schema: o({
                                spec: o({schedule: s, destination: destination, policy: policy, storage: any,
                                        policies: list(o({name: s, destination: destination, policy: policy}))}),
                                status: status})}}]}}'
}

@test "kurator.yaml is what kubectl takes for Kurator's Backup" {
        real_only 'kubectl and an API server that validates'
        mount_ready
        local kubectl file
        kubectl=$("$SUPPORT_DIR/../e2e/build" --dir)/kubectl
        [[ -x $kubectl ]] || skip 'there is no kubectl'
        run_kubectl() { HOME=$TEST_DIR/home "$kubectl" --kubeconfig "$ENGINE_DIR/kubeconfig" --context ap-1 "$@"; }
        crd | run_kubectl apply -f -
        eventually 20 run_kubectl get backups.backup.kurator.dev
        two_parts >"$F/backups/served.yaml"
        completed "$F/backups/served" 90
        two_parts "  schedule: '$LATER'" >"$F/backups/served-cron.yaml"
        printf 'policy: {resourceFilter: {includedNamespaces: [gold-%s]}}\ndestination: {clusters: [{name: eu-1}]}\n' "$RUN" >"$F/backups/served-bare.yaml"
        completed "$F/backups/served-bare" 90
        for file in served served-cron served-bare; do
                run_kubectl apply --dry-run=client -f "$F/backups/$file/kurator.yaml"
                run_kubectl apply --dry-run=server --validate=strict -f "$F/backups/$file/kurator.yaml"
        done
        # And it is a policy again.
        sed 's/name: served$/name: again/' "$F/backups/served/kurator.yaml" >"$F/backups/again.yaml"
        completed "$F/backups/again" 90
        assert_equal 'gold gold 48h;silver silver 24h' "$(parts us-1 again)"
}
