# SPDX-License-Identifier: Apache-2.0
# Every filter of a policy, by what the backup holds afterwards, as the object store has it.

load ../support/scenario
load ../e2e/truth

setup_file()
{
        local ns
        scenario_setup_file 1
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        export RUN
        RUN=$(printf '%x' "$EPOCHSECONDS")
        for ns in fa fb web; do
                make /api/v1/namespaces Namespace "$ns-$RUN" '{"team": "'"$ns"'"}'
                make "/api/v1/namespaces/$ns-$RUN/configmaps" ConfigMap plain '{}'
                make "/api/v1/namespaces/$ns-$RUN/configmaps" ConfigMap gold '{"tier": "gold"}'
                make "/api/v1/namespaces/$ns-$RUN/secrets" Secret key '{"tier": "silver"}'
        done
        # Cluster-scoped, and nothing refers to it.
        make /apis/rbac.authorization.k8s.io/v1/clusterroles ClusterRole "lonely-$RUN" '{"tier": "gold"}'
}

# make PATH KIND NAME LABELS: an object of eu-1.
make()
{
        local version=v1
        [[ $2 != ClusterRole ]] || version=rbac.authorization.k8s.io/v1
        api_expect 201 eu-1 POST "$1" "$(jq -cn --arg v "$version" --arg k "$2" --arg n "$3" --argjson l "$4" \
                '{apiVersion: $v, kind: $k, metadata: {name: $n, labels: ($l + {filters: "yes"})}}')" >/dev/null
}

# held NAME: what the policy's newest backup holds of our objects, in short: N:fa is the namespace, C:fa/gold and S:fa/key
# are a ConfigMap and a Secret of it, R:lonely is the ClusterRole.
held()
{
        local name
        name=$(cat "$F/backups/$1/runs/latest/clusters/eu-1/velero_name")
        download eu-1 BackupResourceList "$name" | jq -r --arg run "$RUN" '
                def rows($kind; $short): .[$kind] // [] | .[] | select(contains("-" + $run)) | sub("-" + $run; "") |
                        select(test("kube-root-ca.crt|default-token") | not) | "\($short):\(.)";
                rows("v1/Namespace"; "N"), rows("v1/ConfigMap"; "C"), rows("v1/Secret"; "S"),
                rows("rbac.authorization.k8s.io/v1/ClusterRole"; "R")' | sort | paste -sd' '
}

# write_backup NAME FILTER [KIND]: begins a backup with that filter (JSON; @ stands for this run's suffix).
write_backup()
{
        local filter=${2//@/-$RUN}
        if [[ ${3:-Kurator} == Velero ]]; then
                jq -cn --argjson f "$filter" '{apiVersion: "velero.io/v1", kind: "Backup", spec: ($f + {ttl: "1h0m0s"})}' >"$F/backups/$1.json"
        else
                jq -cn --argjson f "$filter" '{apiVersion: "backup.kurator.dev/v1alpha1", kind: "Backup",
                        spec: {destination: {clusters: [{name: "eu-1"}]}, policy: {ttl: "1h", resourceFilter: $f}}}' >"$F/backups/$1.json"
        fi
}

# row NAME FILTER EXPECTED [KIND]
row()
{
        ROWS+=("$1|$2|$3")
        write_backup "$1" "$2" "${4:-Kurator}" || assert_fail "$1: $(cat "$F/backups/$1.error.txt")" || return 1
        # One by one: Velero looks at its queue once a minute.
        end_of "$F/backups/$1" 120 >/dev/null
}

# rows N: each of so many has ended, holds what is expected, and was sent with the filter as it was written.
rows()
{
        local row name filter expected found phase sent failed=0
        assert_equal "$1" "${#ROWS[@]}" rows || return 1
        for row in "${ROWS[@]}"; do
                IFS='|' read -r name filter expected <<<"$row"
                phase=$(end_of "$F/backups/$name" 120)
                [[ $phase == Completed ]] || { printf '%s: %s\n%s\n' "$name" "$phase" "$(cat "$F/backups/$name/error.txt")" >&2; failed=1; continue; }
                found=$(held "$name")
                [[ $found == "$expected" ]] || { printf '%s %s:\n  expected: %s\n  found:    %s\n' "$name" "$filter" "$expected" "$found" >&2; failed=1; }
                sent=$(api eu-1 GET "$VELERO/backups/$(cat "$F/backups/$name/runs/latest/clusters/eu-1/velero_name")")
                jq -e --argjson f "${filter//@/-$RUN}" '.spec as $s | $f | to_entries | all(. as $e |
                        if ($e.key | test("^excluded")) then ($e.value - $s[$e.key]) == [] else $s[$e.key] == $e.value end)' <<<"$sent" >/dev/null ||
                        { printf '%s: sent with another filter: %s\n' "$name" "$(jq -c .spec <<<"$sent")" >&2; failed=1; }
        done
        [[ $failed -eq 0 ]]
}

readonly FA='C:fa/gold C:fa/plain' FB='C:fb/gold C:fb/plain' WEB='C:web/gold C:web/plain'
readonly ALL="$FA $FB $WEB N:fa N:fb N:web R:lonely S:fa/key S:fb/key S:web/key"

@test "namespaces: by name, by pattern, left out" {
        mount_ready
        ROWS=()
        row no-filter '{}' "$ALL"
        row one '{"includedNamespaces": ["fa@"]}' "$FA N:fa S:fa/key"
        row two '{"includedNamespaces": ["fa@", "web@"]}' "$FA $WEB N:fa N:web S:fa/key S:web/key"
        row star '{"includedNamespaces": ["*"]}' "$ALL"
        row question '{"includedNamespaces": ["f?@"]}' "$FA $FB N:fa N:fb S:fa/key S:fb/key"
        row asterisk '{"includedNamespaces": ["w*@"]}' "$WEB N:web S:web/key"
        row brackets '{"includedNamespaces": ["f[b-z]@"]}' "$FB N:fb S:fb/key"
        row without '{"excludedNamespaces": ["web@", "fb@"]}' "$FA N:fa R:lonely S:fa/key"
        row without-glob '{"excludedNamespaces": ["f?@"]}' "$WEB N:web R:lonely S:web/key"
        row both '{"includedNamespaces": ["f?@"], "excludedNamespaces": ["fb@"]}' "$FA N:fa S:fa/key"
        rows 10
}

@test "labels: one selector, its operators, one of several" {
        mount_ready
        ROWS=()
        row labels '{"labelSelector": {"matchLabels": {"tier": "gold", "filters": "yes"}}}' \
                'C:fa/gold C:fb/gold C:web/gold N:fa N:fb N:web R:lonely'
        row in '{"includedNamespaces": ["fa@"], "labelSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["gold", "silver"]}]}}' \
                'C:fa/gold N:fa S:fa/key'
        # Namespaces whose labels match come along, whatever includedNamespaces says.
        row not-in '{"includedNamespaces": ["fa@"], "labelSelector": {"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["gold"]}]}}' \
                'C:fa/plain N:fa N:fb N:web S:fa/key'
        row exists '{"includedNamespaces": ["fa@"], "labelSelector": {"matchExpressions": [{"key": "tier", "operator": "Exists"}]}}' \
                'C:fa/gold N:fa S:fa/key'
        row not-there '{"includedNamespaces": ["fa@"], "labelSelector": {"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}}' \
                'C:fa/plain N:fa N:fb N:web'
        row any-of '{"includedNamespaces": ["fa@", "fb@"], "orLabelSelectors": [{"matchLabels": {"tier": "silver"}}, {"matchLabels": {"tier": "gold"}}]}' \
                'C:fa/gold C:fb/gold N:fa N:fb S:fa/key S:fb/key'
        row by-namespace-label '{"labelSelector": {"matchLabels": {"team": "fb"}}}' 'N:fb'
        rows 7
}

@test "kinds: the old set" {
        mount_ready
        ROWS=()
        # A list of kinds without namespaces takes no namespace objects along.
        row kind '{"includedNamespaces": ["fa@"], "includedResources": ["configmaps"]}' "$FA"
        row kinds '{"includedNamespaces": ["fa@"], "includedResources": ["configmaps", "secrets"]}' "$FA S:fa/key"
        row short '{"includedNamespaces": ["fa@"], "includedResources": ["cm"]}' "$FA"
        row with-group '{"includedResources": ["clusterroles.rbac.authorization.k8s.io", "configmaps"], "excludedNamespaces": ["fb@", "web@"]}' "$FA R:lonely"
        row without-kind '{"includedNamespaces": ["fa@"], "excludedResources": ["secrets"]}' "$FA N:fa"
        row with-cluster '{"includedNamespaces": ["fa@"], "includeClusterResources": true}' "$FA N:fa R:lonely S:fa/key"
        row no-cluster '{"includeClusterResources": false}' "$FA $FB $WEB S:fa/key S:fb/key S:web/key"
        row all-kinds '{"includedResources": ["*"]}' "$ALL"
        rows 8
}

@test "kinds: the scoped set" {
        mount_ready
        ROWS=()
        row scoped '{"includedNamespaces": ["fa@"], "includedNamespaceScopedResources": ["configmaps"]}' "$FA N:fa"
        row scoped-star '{"includedNamespaces": ["fa@"], "includedNamespaceScopedResources": ["*"]}' "$FA N:fa S:fa/key"
        row scoped-out '{"includedNamespaces": ["fa@"], "excludedNamespaceScopedResources": ["secrets"]}' "$FA N:fa"
        row cluster-kind '{"includedNamespaces": ["fa@"], "includedClusterScopedResources": ["clusterroles"]}' "$FA N:fa R:lonely S:fa/key"
        row cluster-star '{"includedNamespaces": ["fa@"], "includedClusterScopedResources": ["*"]}' "$FA N:fa R:lonely S:fa/key"
        row cluster-out '{"excludedClusterScopedResources": ["clusterroles"]}' "$FA $FB $WEB N:fa N:fb N:web S:fa/key S:fb/key S:web/key"
        row cluster-none '{"includedNamespaces": ["fa@"], "excludedClusterScopedResources": ["*"]}' "$FA S:fa/key"
        row namespaced-none '{"includedClusterScopedResources": ["clusterroles"], "excludedNamespaceScopedResources": ["*"]}' 'N:fa N:fb N:web R:lonely'
        row both-scopes '{"includedNamespaces": ["fb@"], "includedClusterScopedResources": ["clusterroles"], "includedNamespaceScopedResources": ["secrets"]}' 'N:fb R:lonely S:fb/key'
        rows 9
}

@test "Velero's own document is sent with its filters as they stand" {
        mount_ready
        ROWS=()
        # Without filters Velero leaves out what nothing refers to; the warning says so.
        row v-all '{}' "$FA $FB $WEB N:fa N:fb N:web S:fa/key S:fb/key S:web/key" Velero
        row v-cluster '{"includedClusterScopedResources": ["*"]}' "$ALL" Velero
        row v-glob '{"includedNamespaces": ["f?@"], "labelSelector": {"matchLabels": {"tier": "gold"}}}' 'C:fa/gold C:fb/gold N:fa N:fb' Velero
        row v-or '{"includedNamespaces": ["f[a]@"], "orLabelSelectors": [{"matchLabels": {"tier": "silver"}}]}' 'N:fa S:fa/key' Velero
        rows 4
        assert_file_contains "$F/backups/v-all/warnings.txt" FLT-0284
}

@test "a pattern that matches nothing, and a namespace that does not exist, in Velero's words" {
        mount_ready
        write_backup nothing '{"includedNamespaces": ["nowhere-*"]}'
        write_backup missing '{"includedNamespaces": ["nowhere", "fa@"]}'
        completed "$F/backups/nothing"
        assert_equal '' "$(held nothing)"
        ends_as PartiallyFailed "$F/backups/missing"
        assert_equal "$FA N:fa S:fa/key" "$(held missing)"
        assert_match '^state: +(Failed|PartiallyFailed)' "$(head -1 "$F/backups/missing/status.txt")"
}
