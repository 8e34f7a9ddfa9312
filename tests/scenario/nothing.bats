# SPDX-License-Identifier: Apache-2.0
# Backups that hold nothing: Velero calls them Completed, and they protect nobody.

load ../support/scenario

setup_file()
{
        scenario_setup_file 2
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        seed_objects eu-1 shop-n 2
        seed_objects us-1 shop-n 2
}

# A test leaves no Schedule behind: it would go on, on the real engine.
teardown()
{
        local c name
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        scenario_teardown
        for c in $(cluster_names); do
                for name in $(list_objects "$c" schedules | jq -r '.items[].metadata.name'); do
                        api "$c" DELETE "$VELERO/schedules/$name" >/dev/null
                done
        done
}

all_ready() { [[ $(json "$F/status.json" '[.clusters[] | select(.phase == "Ready")] | length') == 2 ]]; }
# policy [CRON]: prints one of shop-n; nothing_of: … whose filter chooses nothing there.
policy()
{
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n'
        [[ $# -eq 0 ]] || printf '  schedule: "%s"\n' "$1"
        printf '  policy:\n    ttl: 24h\n    resourceFilter:\n      includedNamespaces: [shop-n]\n'
}
nothing_of() { policy "$@"; printf '      labelSelector: {matchLabels: {app: there-is-none}}\n'; }
phase_is() { assert_equal "$2" "$(cat "$1/phase")" "phase of $1"; }
# row NAME: PHASE OK PART FAIL of a policy in the fleet's table.
row() { awk -v n="$1" '$1 == n { print $2, $4, $5, $6 }' "$F/status.txt"; }

@test "a schedule whose newest backup holds nothing does not count as good, and does again when it holds something" {
        local p
        mount_fleet
        p=$F/backups/hollow
        eventually 20 all_ready
        nothing_of '0 0 1 1 *' >"$p.yaml"
        eventually 20 phase_is "$p" Scheduled
        echo run >"$p/ctl"
        eventually 60 phase_is "$p" Unprotected
        assert_equal FLT-0305 "$(cat "$p/code")"
        assert_match 'last backup that ended holds nothing: its filters choose no object on eu-1' "$(tr -s ' \n' ' ' <"$p/status.txt")"
        assert_match 'action: cat runs/latest/clusters/' "$(cat "$p/status.txt")"
        assert_equal 'null 0 Completed' \
                "$(json "$p/status.json" '"\(.lastSuccess) \(.clustersGood) \(.clusters[0].lastResult)"')"
        assert_match 'correct the filters' "$(cat "$p/error.txt")"
        assert_equal 'Unprotected 0 0 0' "$(row hollow)"
        assert_match "backups/hollow is Unprotected" "$(cat "$F/status.txt")"
        assert_match '^state: +Unprotected .*: 0 of 2 clusters good; 1 of 1 object needs an eye' "$(head -n 1 "$F/status.txt")"
        assert_equal hollow "$(json "$F/status.json" '[.backups[] | select(.phase != "Protected")][0].name')"

        policy '0 0 1 1 *' >"$p.yaml"
        sleep 1.1
        echo run >"$p/ctl"
        eventually 60 phase_is "$p" Protected
        assert_equal 'Protected 2 0 0' "$(row hollow)"
        assert_match '^state: +Ok ' "$(head -n 1 "$F/status.txt")"
}

@test "a one-off of nothing is Completed, as Velero says, and is not counted among the good" {
        mount_fleet
        eventually 20 all_ready
        nothing_of >"$F/backups/once.yaml"
        assert_equal Completed "$(timeout 60 cat "$F/backups/once/wait")"
        assert_match '^state: +Completed +backup once: 0 of 2 clusters Completed, 2 hold nothing' "$(head -n 1 "$F/backups/once/status.txt")"
        assert_equal 'Completed 0 0 0' "$(row once)"
        assert_match 'no run was Completed on all its clusters' "$(cat "$F/backups/once/status.txt")"
        assert_equal '' "$(cat "$F/backups/once/last_success")"
}
