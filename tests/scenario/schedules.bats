# SPDX-License-Identifier: Apache-2.0
# Scheduled policies: a Velero Schedule on every cluster, made, changed in place, watched and taken away.

load ../support/scenario

setup_file()
{
        scenario_setup_file
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        for c in eu-1 us-1 ap-1; do
                seed_objects "$c" shop-s 2
        done
}

teardown() { scheduled_teardown; }

# policy CRON [FILTER-LINE...]: prints one with a schedule.
policy()
{
        scheduled_policy shop-s "$1"
        [[ $# -lt 2 ]] || printf '      %s\n' "${@:2}"
}

# fire CLUSTER NAME: a backup of the Schedule, as Velero's server makes it.
fire()
{
        if [[ $ENGINE == sim ]]; then
                sim_ctl "$1" velero fire "$(schedule_field "$1" "$2" .metadata.name)"
        else
                back_up_by_schedule "$1" "$2"
        fi
}
# nothing_of OWNER: no object of policy `lost` carries this owner any more.
nothing_of()
{
        local plural
        for plural in schedules backups; do
                all_print 0 count_objects "$plural" "fleetfs.dev/owner=$1,fleetfs.dev/name=lost" || return 1
        done
}
# enabled NAME: waits until Velero has looked at its Schedules.
enabled() { eventually 30 all_print Enabled schedule_field "$1" .status.phase; }

@test "a schedule is posted on every cluster; its first backups are a run and it is Protected" {
        mount_ready
        policy "$LATER" >"$F/backups/first.yaml"
        assert_match '^(Accepted|Pending|Queued|Scheduled)$' "$(cat "$F/backups/first/phase")"
        posted first
        all_print "$LATER" schedule_field first .spec.schedule
        enabled first
        assert_equal 0 "$(count_runs "$F/backups/first")"
        for c in eu-1 us-1 ap-1; do fire "$c" first; done
        eventually 60 phase_is "$F/backups/first" Protected
        assert_equal 1 "$(count_runs "$F/backups/first")" 'one slot, one run'
        assert_match '0101-000000Z$' "$(readlink "$F/backups/first/runs/latest")"
        assert_equal 3 "$(ls "$F/backups/first/runs/latest/clusters" | wc -l)"
        # A second one in the same slot is a run of its own.
        sleep 1
        fire eu-1 first
        eventually_equal 30 2 count_runs "$F/backups/first"
        eventually_equal 60 eu-1 ls "$F/backups/first/runs/latest/clusters"
}

@test "defect 1: an edit reaches the applied schedule, in place: same object, Velero's clock kept" {
        mount_ready
        policy "$LATER" 'labelSelector: {matchLabels: {app: web}}' >"$F/backups/edit.yaml"
        posted edit
        enabled edit
        local uid last
        uid=$(schedule_field eu-1 edit .metadata.uid)
        # As Velero notes it when it runs.
        last=$(date -u -d '1 minute ago' +%Y-%m-%dT%H:%M:%SZ)
        [[ $ENGINE == real ]] || fire eu-1 edit
        [[ $ENGINE == sim ]] || api eu-1 PATCH "$VELERO/schedules/$(schedule_field eu-1 edit .metadata.name)" "{\"status\":{\"lastBackup\":\"$last\"}}" >/dev/null
        last=$(schedule_field eu-1 edit .status.lastBackup)
        assert_match '^20' "$last"
        # As vim saves: away, written anew, the old one removed.
        mv "$F/backups/edit.yaml" "$F/backups/edit.yaml~"
        policy '30 3 1 2 *' >"$F/backups/edit.yaml"
        rm "$F/backups/edit.yaml~"
        eventually 20 all_print '30 3 1 2 *' schedule_field edit .spec.schedule
        assert_equal "$uid" "$(schedule_field eu-1 edit .metadata.uid)" 'uid'
        assert_equal "$last" "$(schedule_field eu-1 edit .status.lastBackup)" lastBackup
        all_print null schedule_field edit '.spec.template.labelSelector'
        all_print '30 3 1 2 *' schedule_field edit '.metadata.annotations["fleetfs.dev/cron"]'
        on_all schedules_are edit 1
}

@test "the same meaning sends nothing" {
        mount_ready
        policy "$LATER" >"$F/backups/same.yaml"
        posted same
        enabled same
        sleep 1
        local version
        version=$(schedule_field eu-1 same .metadata.resourceVersion)
        { echo '# a comment'; policy "$LATER" | sed 's/24h/24h0m0s/'; } >"$F/backups/same.yaml"
        touch "$F/backups/same.yaml"
        always_equal 2 "$version" schedule_field eu-1 same .metadata.resourceVersion
}

@test "defect 3: a cluster that is away is owed its schedule, and an edit, and gets them when it is back" {
        mount_ready
        cluster_stop us-1
        policy "$LATER" >"$F/backups/away.yaml"
        eventually 20 schedules_are eu-1 away 1
        eventually 20 schedules_are ap-1 away 1
        assert_match '^(Pending|Unknown)$' "$(cat "$F/backups/away/phase")"
        policy '15 4 1 3 *' >"$F/backups/away.yaml"
        eventually_equal 20 '15 4 1 3 *' schedule_field eu-1 away .spec.schedule
        umount_fleet
        mount_fleet
        cluster_start us-1
        eventually_equal 60 '15 4 1 3 *' schedule_field us-1 away .spec.schedule
        schedules_are us-1 away 1
}

@test "a schedule that somebody else changed shows Drifted; retry puts it back" {
        mount_ready
        policy "$LATER" >"$F/backups/drift.yaml"
        posted drift
        enabled drift
        local name
        name=$(schedule_field eu-1 drift .metadata.name)
        api eu-1 PATCH "$VELERO/schedules/$name" '{"spec":{"template":{"ttl":"1h0m0s"}}}' >/dev/null
        eventually 20 phase_is "$F/backups/drift" Drifted
        assert_file_contains "$MNT/events.jsonl" 'its template.ttl is not the policy'
        always_equal 2 1h0m0s schedule_field eu-1 drift .spec.template.ttl
        echo retry >"$F/backups/drift/ctl"
        eventually_equal 20 24h schedule_field eu-1 drift .spec.template.ttl
        eventually 20 phase_is "$F/backups/drift" Scheduled
        # What is taken away comes back the same way, not by itself.
        api eu-1 DELETE "$VELERO/schedules/$name" >/dev/null
        eventually 20 phase_is "$F/backups/drift" Drifted
        schedules_are eu-1 drift 0
        echo retry >"$F/backups/drift/ctl"
        eventually 20 schedules_are eu-1 drift 1
        eventually 20 phase_is "$F/backups/drift" Scheduled
        refute bash -c 'echo retry >"$1"' _ "$F/backups/drift/ctl"
        assert_file_contains "$F/backups/drift.error.txt" 'nothing to retry'
}

@test "labels and annotations that a policy does not set any more leave the Schedule" {
        mount_ready
        local name
        policy "$LATER" | sed 's/^metadata:.*/metadata: {labels: {team: a, tier: b}, annotations: {example.com\/note: noted, other: "2"}}/' >"$F/backups/marks.yaml"
        eventually 20 all_print a schedule_field marks .metadata.labels.team
        all_print noted schedule_field marks '.metadata.annotations["example.com/note"]'
        name=$(schedule_field eu-1 marks .metadata.name)
        # Others' marks are theirs; and one of ours that somebody removed is no obstacle.
        api eu-1 PATCH "$VELERO/schedules/$name" '{"metadata":{"labels":{"theirs":"1","tier":null},"annotations":{"example.com/theirs":"2"}}}' >/dev/null
        policy "$LATER" | sed 's/^metadata:.*/metadata: {labels: {team: c}}/' >"$F/backups/marks.yaml"
        eventually 20 all_print c schedule_field marks .metadata.labels.team
        all_print null schedule_field marks .metadata.labels.tier
        all_print null schedule_field marks '.metadata.annotations["example.com/note"]'
        all_print null schedule_field marks .metadata.annotations.other
        policy "$LATER" >"$F/backups/marks.yaml"
        eventually 20 all_print null schedule_field marks .metadata.labels.team
        all_print null schedule_field marks '.metadata.annotations["fleetfs.dev/metadata"]'
        assert_equal '1 2' "$(schedule_field eu-1 marks '"\(.metadata.labels.theirs) \(.metadata.annotations["example.com/theirs"])"')"
        eventually 20 phase_is "$F/backups/marks" Scheduled
}

@test "a Schedule that changes its owner between the look and the edit is a Conflict, and stays as it is" {
        sim_only 'events that are lost'
        mount_ready
        policy "$LATER" >"$F/backups/race.yaml"
        posted race
        enabled race
        local name
        name=$(schedule_field eu-1 race .metadata.name)
        fault eu-1 lose-events
        api eu-1 PATCH "$VELERO/schedules/$name" '{"metadata":{"labels":{"fleetfs.dev/owner":"0123456789abcdef"}}}' >/dev/null
        policy '7 7 1 7 *' >"$F/backups/race.yaml"
        eventually 20 phase_is "$F/backups/race" Conflict
        assert_file_contains "$MNT/events.jsonl" "says that it is store 0123456789abcdef's"
        sim_ctl eu-1 requests --reset >/dev/null
        sleep 3
        sim_ctl eu-1 requests --log >"$TEST_DIR/requests"
        refute_file_contains "$TEST_DIR/requests" PATCH
        assert_equal "$LATER" "$(schedule_field eu-1 race .spec.schedule)"
        assert_equal '7 7 1 7 *' "$(schedule_field us-1 race .spec.schedule)"
        sim_ctl eu-1 fault off
}

@test "the selector: a cluster that gains the label gets the schedule, one that loses it loses it" {
        cp "$FLEET_FILE" "$TEST_DIR/fleet.yaml"
        FLEET_FILE=$TEST_DIR/fleet.yaml mount_ready
        policy "$LATER" | sed 's/^spec:/spec:\n  destination: {clusterSelector: {matchLabels: {region: eu}}}/' >"$F/backups/label.yaml"
        eventually 20 schedules_are eu-1 label 1
        always 1 schedules_are us-1 label 0
        sed 's/region: us/region: eu/' "$TEST_DIR/fleet.yaml" >"$TEST_DIR/next.yaml"
        mv "$TEST_DIR/next.yaml" "$TEST_DIR/fleet.yaml"
        eventually 20 schedules_are us-1 label 1
        sed 's/region: eu/region: xx/' "$TEST_DIR/fleet.yaml" >"$TEST_DIR/next.yaml"
        mv "$TEST_DIR/next.yaml" "$TEST_DIR/fleet.yaml"
        eventually 20 schedules_are eu-1 label 0
        eventually 20 schedules_are us-1 label 0
        assert_exists "$F/backups/label.yaml"
}

@test "pause and resume last over edits and restarts; run backs up now" {
        mount_ready
        policy "$LATER" >"$F/backups/verbs.yaml"
        posted verbs
        echo pause >"$F/backups/verbs/ctl"
        eventually 20 all_print true schedule_field verbs .spec.paused
        eventually 20 phase_is "$F/backups/verbs" Paused
        policy '1 1 1 4 *' >"$F/backups/verbs.yaml"
        eventually 20 all_print '1 1 1 4 *' schedule_field verbs .spec.schedule
        all_print true schedule_field verbs .spec.paused
        umount_fleet
        mount_ready
        eventually 20 phase_is "$F/backups/verbs" Paused
        echo run >"$F/backups/verbs/ctl"
        eventually_equal 30 1 count_runs "$F/backups/verbs"
        eventually 60 phase_is "$F/backups/verbs/runs/latest" Completed
        phase_is "$F/backups/verbs" Paused
        all_print true schedule_field verbs .spec.paused
        echo resume >"$F/backups/verbs/ctl"
        eventually 20 all_print false schedule_field verbs '.spec.paused // false'
        eventually 20 phase_is "$F/backups/verbs" Protected
        # What the document says only the document can take back.
        printf 'apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {name: v}\nspec:\n  schedule: "%s"\n  paused: true\n  template: {includedNamespaces: [shop-s]}\n' "$LATER" >"$F/backups/doc.yaml"
        eventually 20 phase_is "$F/backups/doc" Paused
        refute bash -c 'echo resume >"$1"' _ "$F/backups/doc/ctl"
        assert_equal true "$(schedule_field eu-1 doc .spec.paused)"
}

@test "defect 13: rm takes the schedule away everywhere, later where a cluster is away; backups and folder stay" {
        mount_ready
        policy "$LATER" >"$F/backups/gone.yaml"
        posted gone
        fire eu-1 gone
        eventually_equal 30 1 count_runs "$F/backups/gone"
        eventually 60 phase_is "$F/backups/gone/runs/latest" Completed
        cluster_stop us-1
        rm "$F/backups/gone.yaml"
        eventually 20 schedules_are eu-1 gone 0
        eventually 20 schedules_are ap-1 gone 0
        kill9_fleet
        mount_fleet
        refute_exists "$F/backups/gone.yaml"
        cluster_start us-1
        eventually 60 schedules_are us-1 gone 0
        assert_equal 1 "$(count_of eu-1 backups gone)"
        eventually 20 phase_is "$F/backups/gone" Completed
        assert_equal 1 "$(count_runs "$F/backups/gone")"
}

@test "rm within the grace window and a new file are an edit" {
        mount_ready
        policy "$LATER" >"$F/backups/again.yaml"
        posted again
        local uid
        uid=$(schedule_field eu-1 again .metadata.uid)
        rm "$F/backups/again.yaml"
        policy '2 2 2 2 *' >"$F/backups/again.yaml"
        eventually 20 all_print '2 2 2 2 *' schedule_field again .spec.schedule
        sleep 4
        assert_equal "$uid" "$(schedule_field eu-1 again .metadata.uid)"
}

@test "schedule to once and back: the schedules go, it runs once, the schedules are there again" {
        mount_ready
        policy "$LATER" >"$F/backups/turn.yaml"
        posted turn
        policy "$LATER" | sed '/schedule:/d' >"$F/backups/turn.yaml"
        eventually 20 on_all schedules_are turn 0
        eventually 60 phase_is "$F/backups/turn" Completed
        assert_equal 1 "$(count_runs "$F/backups/turn")"
        policy "$LATER" >"$F/backups/turn.yaml"
        posted turn
        assert_equal 1 "$(count_runs "$F/backups/turn")"
}

@test "defect 7: the newest attempt counts, not the newest success alone" {
        mount_ready
        policy "$LATER" >"$F/backups/last.yaml"
        posted last
        for c in eu-1 us-1 ap-1; do fire "$c" last; done
        eventually 60 phase_is "$F/backups/last" Protected
        sim_only 'a backup that fails at will'
        sim_ctl us-1 velero fail-next PartiallyFailed
        sleep 1
        fire us-1 last
        eventually 30 phase_is "$F/backups/last" PartiallyFailed
        # A success after it makes it good again.
        sleep 1
        fire us-1 last
        eventually 60 phase_is "$F/backups/last" Protected
}

@test "a crash between any two steps neither doubles nor loses a schedule" {
        mount_ready
        local i
        for i in 1 2 3 4; do
                policy "$i $i 1 $i *" >"$F/backups/crash.yaml"
                sleep "0.0$((i * 2))"
                kill9_fleet
                mount_fleet
                eventually 20 all_print "$i $i 1 $i *" schedule_field crash .spec.schedule
                on_all schedules_are crash 1
        done
}

@test "storage that is away: Unprotected, with Velero's reason, and back" {
        mount_ready
        policy "$LATER" >"$F/backups/store.yaml"
        posted store
        fault eu-1 location-unavailable
        eventually 30 phase_is "$F/backups/store" Unprotected
        assert_file_contains "$MNT/events.jsonl" 'backups cannot be made: storage location'
        sim_ctl eu-1 fault off
        eventually 30 phase_is "$F/backups/store" Scheduled
}

@test "what Velero alone can judge shows with its own sentence" {
        mount_ready
        policy "$LATER" >"$F/backups/judge.yaml"
        posted judge
        enabled judge
        # A name that is no policy's label value is refused by the API; a zone that Velero lacks is not to be had: somebody breaks it.
        api eu-1 PATCH "$VELERO/schedules/$(schedule_field eu-1 judge .metadata.name)" '{"spec":{"schedule":"61 0 * * *"}}' >/dev/null
        eventually 20 phase_is "$F/backups/judge" Failed
        assert_file_contains "$MNT/events.jsonl" FailedValidation
        echo retry >"$F/backups/judge/ctl"
        eventually 20 phase_is "$F/backups/judge" Scheduled
        # Where it is as the policy has it, the same again cannot help: said so, with what Velero says.
        sim_only 'a status that Velero has no reason for'
        sim_ctl eu-1 velero pause
        api eu-1 PATCH "$VELERO/schedules/$(schedule_field eu-1 judge .metadata.name)" '{"status":{"phase":"FailedValidation","validationErrors":["no such zone"]}}' >/dev/null
        eventually 20 phase_is "$F/backups/judge" Failed
        refute bash -c 'echo retry >"$1"' _ "$F/backups/judge/ctl"
        assert_file_contains "$F/backups/judge.error.txt" 'no such zone'
        assert_file_contains "$F/backups/judge.error.txt" 'edit the policy'
        sim_ctl eu-1 velero resume
}

@test "a run is named the same before and after another backup of its slot is gone" {
        mount_ready
        policy "$LATER" >"$F/backups/stable.yaml"
        posted stable
        local slot first other
        # By hand, and before Velero's own: not the slot's.
        back_up_by_schedule eu-1 stable velero
        eventually_equal 30 1 count_runs "$F/backups/stable"
        other=$(readlink "$F/backups/stable/runs/latest")
        refute grep -q '0101-000000Z$' <<<"$other"
        sleep 1.1
        fire eu-1 stable
        eventually_equal 30 2 count_runs "$F/backups/stable"
        slot=$(run_ids "$F/backups/stable" | grep -- '0101-000000Z$')
        first=$(cat "$F/backups/stable/runs/$slot/clusters/eu-1/velero_name")
        eventually 60 phase_is "$F/backups/stable/runs/$slot" Completed
        eventually 60 phase_is "$F/backups/stable/runs/$other" Completed
        # As it expires: with its data, or Velero's sync would bring it back.
        api eu-1 POST "$VELERO/deletebackuprequests" "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"DeleteBackupRequest\",\"metadata\":{\"name\":\"$first\"},\"spec\":{\"backupName\":\"$first\"}}" >/dev/null
        eventually 60 refute_exists "$F/backups/stable/runs/$slot"
        umount_fleet
        mount_ready
        eventually_equal 20 1 count_runs "$F/backups/stable"
        assert_equal "$other" "$(readlink "$F/backups/stable/runs/latest")"
}

@test "two stores on one fleet do not touch each other's schedules" {
        mount_ready
        policy "$LATER" >"$F/backups/two.yaml"
        posted two
        mkdir -p "$TEST_DIR/other"
        mount_fleet_at second --state-dir "$TEST_DIR/other"
        local S=$TEST_DIR/second/prod
        eventually 20 test -e "$S/backups/two.yaml"
        eventually_equal 20 444 stat -c %a "$S/backups/two.yaml"
        refute bash -c 'echo x >"$1"' _ "$S/backups/two.yaml"
        refute bash -c 'echo pause >"$1"' _ "$S/backups/two/ctl"
        # What its owner makes of it later shows here, too.
        policy '4 4 4 4 *' >"$F/backups/two.yaml"
        eventually 20 grep -q '4 4 4 4' "$S/backups/two.yaml"
        eventually_equal 20 '4 4 4 4 *' cat "$S/backups/two/schedule"
        policy "$LATER" >"$F/backups/two.yaml"
        eventually_equal 20 "$LATER" cat "$S/backups/two/schedule"
        eventually 20 all_print "$LATER" schedule_field two .spec.schedule
        policy '5 5 5 5 *' >"$S/backups/mine.yaml"
        posted mine
        rm "$S/backups/mine.yaml"
        eventually 20 on_all schedules_are mine 0
        on_all schedules_are two 1
        all_print "$LATER" schedule_field two .spec.schedule
}

@test "defect 12: delete <run> destroys a run's backups and their data, and says no where it must" {
        mount_ready
        policy "$LATER" >"$F/backups/del.yaml"
        posted del
        for c in eu-1 us-1 ap-1; do fire "$c" del; done
        eventually 60 phase_is "$F/backups/del" Protected
        refute bash -c 'echo "delete 20000101-000000Z" >"$1"' _ "$F/backups/del/ctl"
        cluster_stop us-1
        local run
        run=$(readlink "$F/backups/del/runs/latest")
        echo "delete $run" >"$F/backups/del/ctl"
        eventually_equal 60 0 count_of eu-1 backups del
        eventually_equal 60 0 count_of ap-1 backups del
        assert_exists "$F/backups/del/runs/$run"
        kill9_fleet
        mount_fleet
        cluster_start us-1
        eventually_equal 60 0 count_of us-1 backups del
        eventually 30 refute_exists "$F/backups/del/runs/$run"
        # That it was deleted on purpose protects nobody.
        eventually 30 phase_is "$F/backups/del" Unprotected
        on_all schedules_are del 1
        # Velero's sync brings nothing back: the data is gone, too.
        always_equal 3 0 count_of eu-1 backups del
}

@test "adopt: what another store made becomes ours on every cluster, also where one is away" {
        mount_ready
        policy "$LATER" >"$F/backups/lost.yaml"
        posted lost
        fire eu-1 lost
        eventually_equal 60 1 count_runs "$F/backups/lost"
        eventually 60 phase_is "$F/backups/lost/runs/latest" Completed
        local uid owner
        uid=$(schedule_field eu-1 lost .metadata.uid)
        owner=$(schedule_field eu-1 lost '.metadata.labels["fleetfs.dev/owner"]')
        umount_fleet
        mkdir -p "$TEST_DIR/other"
        mount_ready --state-dir "$TEST_DIR/other"
        eventually 20 test -e "$F/backups/lost.yaml"
        cluster_stop us-1
        echo adopt >"$F/backups/lost/ctl"
        eventually_equal 20 0 count_objects eu-1 schedules "fleetfs.dev/owner=$owner,fleetfs.dev/name=lost"
        cluster_start us-1
        eventually 60 nothing_of "$owner"
        policy '6 6 6 6 *' >"$F/backups/lost.yaml"
        eventually 30 all_print '6 6 6 6 *' schedule_field lost .spec.schedule
        assert_equal "$uid" "$(schedule_field eu-1 lost .metadata.uid)"
        on_all schedules_are lost 1
        assert_equal 1 "$(count_runs "$F/backups/lost")"
}
