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

teardown() { scheduled_teardown; }

# policy CRON: prints one of shop-n; of_nothing: makes of one on standard input one whose filter chooses nothing there.
policy() { scheduled_policy shop-n "$1"; }
of_nothing() { cat && printf '      labelSelector: {matchLabels: {app: there-is-none}}\n'; }
# row NAME: PHASE OK PART FAIL of a policy in the fleet's table.
row() { awk -v n="$1" '$1 == n { print $2, $4, $5, $6 }' "$F/status.txt"; }

@test "a schedule whose newest backup holds nothing does not count as good, and does again when it holds something" {
        local p
        mount_ready
        p=$F/backups/hollow
        policy "$LATER" | of_nothing >"$p.yaml"
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

        policy "$LATER" >"$p.yaml"
        sleep 1.1
        echo run >"$p/ctl"
        eventually 60 phase_is "$p" Protected
        assert_equal 'Protected 2 0 0' "$(row hollow)"
        assert_match '^state: +Ok ' "$(head -n 1 "$F/status.txt")"
}

@test "a one-off of nothing is Completed, as Velero says, and is not counted among the good" {
        mount_ready
        backup_policy shop-n | of_nothing >"$F/backups/once.yaml"
        completed "$F/backups/once"
        assert_match '^state: +Completed +backup once: 0 of 2 clusters Completed, 2 hold nothing' "$(head -n 1 "$F/backups/once/status.txt")"
        assert_equal 'Completed 0 0 0' "$(row once)"
        assert_match 'no run was Completed on all its clusters' "$(cat "$F/backups/once/status.txt")"
        assert_equal '' "$(cat "$F/backups/once/last_success")"
}
