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

# policy CRON [FILTER LINE...]: prints a Kurator Backup with a schedule.
policy()
{
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: p}\nspec:\n  schedule: "%s"\n' "$1"
        shift
        printf '  policy:\n    ttl: 24h\n    resourceFilter:\n      includedNamespaces: [shop-s]\n'
        [[ $# -eq 0 ]] || printf '      %s\n' "$@"
}
# Far away: what a test does not ask for does not run.
readonly LATER='0 0 1 1 *'

all_ready() { [[ $(json "$F/status.json" '[.clusters[] | select(.phase == "Ready")] | length') == 3 ]]; }
phase() { cat "$F/backups/$1/phase"; }
# schedules CLUSTER NAME: how many Schedules the policy has there.
schedules() { count_objects "$1" schedules "fleetfs.dev/name=$2"; }
# schedule CLUSTER NAME JQ: of its Schedule.
schedule()
{
        local list
        list=$(list_objects "$1" schedules "fleetfs.dev/name=$2") || return 1
        jq -r ".items[0] | $3" <<<"$list"
}
# runs NAME: how many.
runs() { [[ -d $F/backups/$1/runs ]] || { echo 0; return; }; find "$F/backups/$1/runs" -mindepth 1 -maxdepth 1 -type d | wc -l; }
# fire CLUSTER NAME: a backup of the Schedule, as Velero's server makes it.
fire()
{
        if [[ $ENGINE == sim ]]; then
                sim_ctl "$1" velero fire "$(schedule "$1" "$2" .metadata.name)"
        else
                from_schedule "$1" "$2" velero-server
        fi
}
# from_schedule CLUSTER NAME [MANAGER=velero]: the same, as `velero backup create --from-schedule` makes it.
from_schedule()
{
        local list
        list=$(list_objects "$1" schedules "fleetfs.dev/name=$2") || return 1
        api "$1" POST "$VELERO/backups?fieldManager=${3:-velero}" "$(jq -c --arg stamp "$(date -u +%Y%m%d%H%M%S)" '.items[0] |
                {apiVersion, kind: "Backup", spec: .spec.template, metadata: {name: "\(.metadata.name)-\($stamp)",
                 annotations: .metadata.annotations, labels: (.metadata.labels + {"velero.io/schedule-name": .metadata.name})}}' <<<"$list")" >/dev/null
}
# adopted_from OWNER N: N objects of policy `lost` still carry the old owner.
adopted_from()
{
        local c n=0
        for c in eu-1 us-1 ap-1; do
                n=$((n + $(count_objects "$c" schedules "fleetfs.dev/owner=$1,fleetfs.dev/name=lost") + $(count_objects "$c" backups "fleetfs.dev/owner=$1,fleetfs.dev/name=lost")))
        done
        assert_equal "$2" "$n"
}
on_all() { local c; for c in eu-1 us-1 ap-1; do assert_equal "$1" "$("${@:2:1}" "$c" "${@:3}")" "$c" || return 1; done; }

@test "a schedule is posted on every cluster; its first backups are a run and it is Protected" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/first.yaml"
        assert_match '^(Accepted|Pending|Queued|Scheduled)$' "$(phase first)"
        eventually 20 on_all 1 schedules first
        on_all "$LATER" schedule first .spec.schedule
        on_all Enabled schedule first .status.phase || eventually 10 on_all Enabled schedule first .status.phase
        assert_equal 0 "$(runs first)"
        for c in eu-1 us-1 ap-1; do fire "$c" first; done
        eventually_equal 60 Protected phase first
        assert_equal 1 "$(runs first)" 'one slot, one run'
        assert_match '0101-000000Z$' "$(readlink "$F/backups/first/runs/latest")"
        assert_equal 3 "$(ls "$F/backups/first/runs/latest/clusters" | wc -l)"
        # A second one in the same slot is a run of its own.
        sleep 1
        fire eu-1 first
        eventually_equal 30 2 runs first
        eventually_equal 60 eu-1 ls "$F/backups/first/runs/latest/clusters"
}

@test "defect 1: an edit reaches the applied schedule, in place: same object, Velero's clock kept" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" 'labelSelector: {matchLabels: {app: web}}' >"$F/backups/edit.yaml"
        eventually 20 on_all 1 schedules edit
        eventually 10 on_all Enabled schedule edit .status.phase
        local uid last
        uid=$(schedule eu-1 edit .metadata.uid)
        # As Velero notes it when it runs.
        last=$(date -u -d '1 minute ago' +%Y-%m-%dT%H:%M:%SZ)
        [[ $ENGINE == real ]] || fire eu-1 edit
        [[ $ENGINE == sim ]] || api eu-1 PATCH "$VELERO/schedules/$(schedule eu-1 edit .metadata.name)" "{\"status\":{\"lastBackup\":\"$last\"}}" >/dev/null
        last=$(schedule eu-1 edit .status.lastBackup)
        assert_match '^20' "$last"
        # As vim saves: away, written anew, the old one removed.
        mv "$F/backups/edit.yaml" "$F/backups/edit.yaml~"
        policy '30 3 1 2 *' >"$F/backups/edit.yaml"
        rm "$F/backups/edit.yaml~"
        eventually 20 on_all '30 3 1 2 *' schedule edit .spec.schedule
        assert_equal "$uid" "$(schedule eu-1 edit .metadata.uid)" 'uid'
        assert_equal "$last" "$(schedule eu-1 edit .status.lastBackup)" lastBackup
        on_all null schedule edit '.spec.template.labelSelector'
        on_all '30 3 1 2 *' schedule edit '.metadata.annotations["fleetfs.dev/cron"]'
        on_all 1 schedules edit
}

@test "the same meaning sends nothing" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/same.yaml"
        eventually 20 on_all 1 schedules same
        eventually 10 on_all Enabled schedule same .status.phase
        sleep 1
        local version
        version=$(schedule eu-1 same .metadata.resourceVersion)
        { echo '# a comment'; policy "$LATER" | sed 's/24h/24h0m0s/'; } >"$F/backups/same.yaml"
        touch "$F/backups/same.yaml"
        always 2 assert_equal "$version" "$(schedule eu-1 same .metadata.resourceVersion)"
        assert_equal "$version" "$(schedule eu-1 same .metadata.resourceVersion)"
}

@test "defect 3: a cluster that is away is owed its schedule, and an edit, and gets them when it is back" {
        mount_fleet
        eventually 20 all_ready
        cluster_stop us-1
        policy "$LATER" >"$F/backups/away.yaml"
        eventually_equal 20 1 schedules eu-1 away
        eventually_equal 20 1 schedules ap-1 away
        assert_match '^(Pending|Unknown)$' "$(phase away)"
        policy '15 4 1 3 *' >"$F/backups/away.yaml"
        eventually_equal 20 '15 4 1 3 *' schedule eu-1 away .spec.schedule
        umount_fleet
        mount_fleet
        cluster_start us-1
        eventually_equal 60 '15 4 1 3 *' schedule us-1 away .spec.schedule
        assert_equal 1 "$(schedules us-1 away)"
}

@test "a schedule that somebody else changed shows Drifted; retry puts it back" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/drift.yaml"
        eventually 20 on_all 1 schedules drift
        eventually 10 on_all Enabled schedule drift .status.phase
        local name
        name=$(schedule eu-1 drift .metadata.name)
        api eu-1 PATCH "$VELERO/schedules/$name" '{"spec":{"template":{"ttl":"1h0m0s"}}}' >/dev/null
        eventually_equal 20 Drifted phase drift
        assert_file_contains "$MNT/events.jsonl" 'its template is not the policy'
        always 2 assert_equal 1h0m0s "$(schedule eu-1 drift .spec.template.ttl)"
        echo retry >"$F/backups/drift/ctl"
        eventually_equal 20 24h schedule eu-1 drift .spec.template.ttl
        eventually_equal 20 Scheduled phase drift
        # What is taken away comes back the same way, not by itself.
        api eu-1 DELETE "$VELERO/schedules/$name" >/dev/null
        eventually_equal 20 Drifted phase drift
        assert_equal 0 "$(schedules eu-1 drift)"
        echo retry >"$F/backups/drift/ctl"
        eventually_equal 20 1 schedules eu-1 drift
        assert_fails_with 'nothing to retry' bash -c 'sleep 1; echo retry >"$1"' _ "$F/backups/drift/ctl" || {
                # The message is in the error's xattr or the log where the shell says the errno only.
                refute bash -c 'echo retry >"$1"' _ "$F/backups/drift/ctl"
        }
}

@test "labels and annotations that a policy does not set any more leave the Schedule" {
        mount_fleet
        eventually 20 all_ready
        local name
        policy "$LATER" | sed 's/^metadata:.*/metadata: {labels: {team: a, tier: b}, annotations: {example.com\/note: noted, other: "2"}}/' >"$F/backups/marks.yaml"
        eventually 20 on_all a schedule marks .metadata.labels.team
        on_all noted schedule marks '.metadata.annotations["example.com/note"]'
        name=$(schedule eu-1 marks .metadata.name)
        # Others' marks are theirs; and one of ours that somebody removed is no obstacle.
        api eu-1 PATCH "$VELERO/schedules/$name" '{"metadata":{"labels":{"theirs":"1","tier":null},"annotations":{"example.com/theirs":"2"}}}' >/dev/null
        policy "$LATER" | sed 's/^metadata:.*/metadata: {labels: {team: c}}/' >"$F/backups/marks.yaml"
        eventually 20 on_all c schedule marks .metadata.labels.team
        on_all null schedule marks .metadata.labels.tier
        on_all null schedule marks '.metadata.annotations["example.com/note"]'
        on_all null schedule marks .metadata.annotations.other
        policy "$LATER" >"$F/backups/marks.yaml"
        eventually 20 on_all null schedule marks .metadata.labels.team
        on_all null schedule marks '.metadata.annotations["fleetfs.dev/metadata"]'
        assert_equal '1 2' "$(schedule eu-1 marks '"\(.metadata.labels.theirs) \(.metadata.annotations["example.com/theirs"])"')"
        eventually_equal 20 Scheduled phase marks
}

@test "a Schedule that changes its owner between the look and the edit is a Conflict, and stays as it is" {
        sim_only 'events that are lost'
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/race.yaml"
        eventually 20 on_all 1 schedules race
        eventually 10 on_all Enabled schedule race .status.phase
        local name patches
        name=$(schedule eu-1 race .metadata.name)
        fault eu-1 lose-events
        api eu-1 PATCH "$VELERO/schedules/$name" '{"metadata":{"labels":{"fleetfs.dev/owner":"0123456789abcdef"}}}' >/dev/null
        policy '7 7 1 7 *' >"$F/backups/race.yaml"
        eventually_equal 20 Conflict phase race
        assert_file_contains "$MNT/events.jsonl" 'was made by store 0123456789abcdef'
        sim_ctl eu-1 requests --reset >/dev/null
        sleep 3
        assert_equal 0 "$(sim_ctl eu-1 requests --log | grep -c PATCH || true)" 'patches that follow'
        assert_equal "$LATER" "$(schedule eu-1 race .spec.schedule)"
        assert_equal '7 7 1 7 *' "$(schedule us-1 race .spec.schedule)"
        sim_ctl eu-1 fault off
}

@test "the selector: a cluster that gains the label gets the schedule, one that loses it loses it" {
        cp "$FLEET_FILE" "$TEST_DIR/fleet.yaml"
        FLEET_FILE=$TEST_DIR/fleet.yaml mount_fleet
        eventually 20 all_ready
        policy "$LATER" | sed 's/^spec:/spec:\n  destination: {clusterSelector: {matchLabels: {region: eu}}}/' >"$F/backups/label.yaml"
        eventually_equal 20 1 schedules eu-1 label
        always 1 assert_equal 0 "$(schedules us-1 label)"
        sed 's/region: us/region: eu/' "$TEST_DIR/fleet.yaml" >"$TEST_DIR/next.yaml"
        mv "$TEST_DIR/next.yaml" "$TEST_DIR/fleet.yaml"
        eventually_equal 20 1 schedules us-1 label
        sed 's/region: eu/region: xx/' "$TEST_DIR/fleet.yaml" >"$TEST_DIR/next.yaml"
        mv "$TEST_DIR/next.yaml" "$TEST_DIR/fleet.yaml"
        eventually_equal 20 0 schedules eu-1 label
        eventually_equal 20 0 schedules us-1 label
        assert_exists "$F/backups/label.yaml"
}

@test "pause and resume last over edits and restarts; run backs up now" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/verbs.yaml"
        eventually 20 on_all 1 schedules verbs
        echo pause >"$F/backups/verbs/ctl"
        eventually 20 on_all true schedule verbs .spec.paused
        eventually_equal 20 Paused phase verbs
        policy '1 1 1 4 *' >"$F/backups/verbs.yaml"
        eventually 20 on_all '1 1 1 4 *' schedule verbs .spec.schedule
        on_all true schedule verbs .spec.paused
        umount_fleet
        mount_fleet
        eventually 20 all_ready
        eventually_equal 20 Paused phase verbs
        echo run >"$F/backups/verbs/ctl"
        eventually_equal 30 1 runs verbs
        eventually_equal 60 Completed cat "$F/backups/verbs/runs/latest/phase"
        assert_equal Paused "$(phase verbs)" 'a run does not resume it'
        on_all true schedule verbs .spec.paused
        echo resume >"$F/backups/verbs/ctl"
        eventually 20 on_all false schedule verbs '.spec.paused // false'
        eventually_equal 20 Protected phase verbs
        # What the document says only the document can take back.
        printf 'apiVersion: velero.io/v1\nkind: Schedule\nmetadata: {name: v}\nspec:\n  schedule: "%s"\n  paused: true\n  template: {includedNamespaces: [shop-s]}\n' "$LATER" >"$F/backups/doc.yaml"
        eventually_equal 20 Paused phase doc
        refute bash -c 'echo resume >"$1"' _ "$F/backups/doc/ctl"
        assert_equal true "$(schedule eu-1 doc .spec.paused)"
}

@test "defect 13: rm takes the schedule away everywhere, later where a cluster is away; backups and folder stay" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/gone.yaml"
        eventually 20 on_all 1 schedules gone
        fire eu-1 gone
        eventually_equal 30 1 runs gone
        eventually_equal 60 Completed cat "$F/backups/gone/runs/latest/phase"
        cluster_stop us-1
        rm "$F/backups/gone.yaml"
        eventually_equal 20 0 schedules eu-1 gone
        eventually_equal 20 0 schedules ap-1 gone
        kill9_fleet
        mount_fleet
        refute_exists "$F/backups/gone.yaml"
        cluster_start us-1
        eventually_equal 60 0 schedules us-1 gone
        assert_equal 1 "$(count_objects eu-1 backups fleetfs.dev/name=gone)"
        eventually_equal 20 Completed phase gone
        assert_equal 1 "$(runs gone)"
}

@test "rm within the grace window and a new file are an edit" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/again.yaml"
        eventually 20 on_all 1 schedules again
        local uid
        uid=$(schedule eu-1 again .metadata.uid)
        rm "$F/backups/again.yaml"
        policy '2 2 2 2 *' >"$F/backups/again.yaml"
        eventually 20 on_all '2 2 2 2 *' schedule again .spec.schedule
        sleep 4
        assert_equal "$uid" "$(schedule eu-1 again .metadata.uid)"
}

@test "schedule to once and back: the schedules go, it runs once, the schedules are there again" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/turn.yaml"
        eventually 20 on_all 1 schedules turn
        policy "$LATER" | sed '/schedule:/d' >"$F/backups/turn.yaml"
        eventually 20 on_all 0 schedules turn
        eventually_equal 60 Completed phase turn
        assert_equal 1 "$(runs turn)"
        policy "$LATER" >"$F/backups/turn.yaml"
        eventually 20 on_all 1 schedules turn
        assert_equal 1 "$(runs turn)"
}

@test "defect 7: the newest attempt counts, not the newest success alone" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/last.yaml"
        eventually 20 on_all 1 schedules last
        for c in eu-1 us-1 ap-1; do fire "$c" last; done
        eventually_equal 60 Protected phase last
        sim_only 'a backup that fails at will'
        sim_ctl us-1 velero fail-next PartiallyFailed
        sleep 1
        fire us-1 last
        eventually_equal 30 PartiallyFailed phase last
        # A success after it makes it good again.
        sleep 1
        fire us-1 last
        eventually_equal 60 Protected phase last
}

@test "a crash between any two steps neither doubles nor loses a schedule" {
        mount_fleet
        eventually 20 all_ready
        local i
        for i in 1 2 3 4; do
                policy "$i $i 1 $i *" >"$F/backups/crash.yaml"
                sleep "0.0$((i * 2))"
                kill9_fleet
                mount_fleet
                eventually 20 on_all "$i $i 1 $i *" schedule crash .spec.schedule
                on_all 1 schedules crash
        done
}

@test "storage that is away: Unprotected, with Velero's reason, and back" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/store.yaml"
        eventually 20 on_all 1 schedules store
        fault eu-1 location-unavailable
        eventually_equal 30 Unprotected phase store
        assert_file_contains "$MNT/events.jsonl" 'backups cannot be made: storage location'
        sim_ctl eu-1 fault off
        eventually_equal 30 Scheduled phase store
}

@test "what Velero alone can judge shows with its own sentence" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/judge.yaml"
        eventually 20 on_all 1 schedules judge
        eventually 10 on_all Enabled schedule judge .status.phase
        # A name that is no policy's label value is refused by the API; a zone that Velero lacks is not to be had: somebody breaks it.
        api eu-1 PATCH "$VELERO/schedules/$(schedule eu-1 judge .metadata.name)" '{"spec":{"schedule":"61 0 * * *"}}' >/dev/null
        eventually_equal 20 Failed phase judge
        assert_file_contains "$MNT/events.jsonl" FailedValidation
        echo retry >"$F/backups/judge/ctl"
        eventually_equal 20 Scheduled phase judge
        # Where it is as the policy has it, the same again cannot help: said so, with what Velero says.
        sim_only 'a status that Velero has no reason for'
        sim_ctl eu-1 velero pause
        api eu-1 PATCH "$VELERO/schedules/$(schedule eu-1 judge .metadata.name)" '{"status":{"phase":"FailedValidation","validationErrors":["no such zone"]}}' >/dev/null
        eventually_equal 20 Failed phase judge
        refute bash -c 'echo retry >"$1"' _ "$F/backups/judge/ctl"
        assert_file_contains "$F/backups/judge.error.txt" 'no such zone'
        assert_file_contains "$F/backups/judge.error.txt" 'edit the policy'
        sim_ctl eu-1 velero resume
}

@test "a run is named the same before and after another backup of its slot is gone" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/stable.yaml"
        eventually 20 on_all 1 schedules stable
        local slot first other
        # By hand, and before Velero's own: not the slot's.
        from_schedule eu-1 stable
        eventually_equal 30 1 runs stable
        other=$(readlink "$F/backups/stable/runs/latest")
        refute grep -q '0101-000000Z$' <<<"$other"
        sleep 1.1
        fire eu-1 stable
        eventually_equal 30 2 runs stable
        slot=$(ls "$F/backups/stable/runs" | grep -- '0101-000000Z$')
        first=$(cat "$F/backups/stable/runs/$slot/clusters/eu-1/velero_name")
        eventually_equal 60 Completed cat "$F/backups/stable/runs/$slot/phase"
        eventually_equal 60 Completed cat "$F/backups/stable/runs/$other/phase"
        # As it expires: with its data, or Velero's sync would bring it back.
        api eu-1 POST "$VELERO/deletebackuprequests" "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"DeleteBackupRequest\",\"metadata\":{\"name\":\"$first\"},\"spec\":{\"backupName\":\"$first\"}}" >/dev/null
        eventually 60 refute_exists "$F/backups/stable/runs/$slot"
        umount_fleet
        mount_fleet
        eventually 20 all_ready
        eventually_equal 20 1 runs stable
        assert_equal "$other" "$(readlink "$F/backups/stable/runs/latest")"
}

@test "two stores on one fleet do not touch each other's schedules" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/two.yaml"
        eventually 20 on_all 1 schedules two
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
        eventually 20 on_all "$LATER" schedule two .spec.schedule
        policy '5 5 5 5 *' >"$S/backups/mine.yaml"
        eventually 20 on_all 1 schedules mine
        rm "$S/backups/mine.yaml"
        eventually 20 on_all 0 schedules mine
        on_all 1 schedules two
        on_all "$LATER" schedule two .spec.schedule
}

@test "defect 12: delete <run> destroys a run's backups and their data, and says no where it must" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/del.yaml"
        eventually 20 on_all 1 schedules del
        for c in eu-1 us-1 ap-1; do fire "$c" del; done
        eventually_equal 60 Protected phase del
        refute bash -c 'echo "delete 20000101-000000Z" >"$1"' _ "$F/backups/del/ctl"
        cluster_stop us-1
        local run
        run=$(readlink "$F/backups/del/runs/latest")
        echo "delete $run" >"$F/backups/del/ctl"
        eventually_equal 60 0 count_objects eu-1 backups fleetfs.dev/name=del
        eventually_equal 60 0 count_objects ap-1 backups fleetfs.dev/name=del
        assert_exists "$F/backups/del/runs/$run"
        kill9_fleet
        mount_fleet
        cluster_start us-1
        eventually_equal 60 0 count_objects us-1 backups fleetfs.dev/name=del
        eventually 30 refute_exists "$F/backups/del/runs/$run"
        eventually_equal 30 Scheduled phase del
        on_all 1 schedules del
        # Velero's sync brings nothing back: the data is gone, too.
        always 3 assert_equal 0 "$(count_objects eu-1 backups fleetfs.dev/name=del)"
}

@test "adopt: what another store made becomes ours on every cluster, also where one is away" {
        mount_fleet
        eventually 20 all_ready
        policy "$LATER" >"$F/backups/lost.yaml"
        eventually 20 on_all 1 schedules lost
        fire eu-1 lost
        eventually_equal 60 1 runs lost
        eventually_equal 60 Completed cat "$F/backups/lost/runs/latest/phase"
        local uid owner
        uid=$(schedule eu-1 lost .metadata.uid)
        owner=$(schedule eu-1 lost '.metadata.labels["fleetfs.dev/owner"]')
        umount_fleet
        mkdir -p "$TEST_DIR/other"
        mount_fleet --state-dir "$TEST_DIR/other"
        eventually 20 all_ready
        eventually 20 test -e "$F/backups/lost.yaml"
        cluster_stop us-1
        echo adopt >"$F/backups/lost/ctl"
        eventually_equal 20 0 count_objects eu-1 schedules "fleetfs.dev/owner=$owner,fleetfs.dev/name=lost"
        cluster_start us-1
        eventually 60 adopted_from "$owner" 0
        policy '6 6 6 6 *' >"$F/backups/lost.yaml"
        eventually 30 on_all '6 6 6 6 *' schedule lost .spec.schedule
        assert_equal "$uid" "$(schedule eu-1 lost .metadata.uid)"
        on_all 1 schedules lost
        assert_equal 1 "$(runs lost)"
}
