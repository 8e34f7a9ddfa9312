# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Policies as the scenarios write them, and what became of one: its objects in the clusters, its runs in the tree. An object
# of the fleet is named by its folder where the tree is asked, by its name where a cluster is. Sourced by scenario.bash.

# Far away: what a test does not ask for does not run.
# shellcheck disable=SC2034 # for the tests
readonly LATER='0 0 1 1 *'

# ---------------------------------------------------------------- documents

# backup_policy NAMESPACE [SPEC-LINE...]: prints a Kurator Backup of the namespace; the lines go below spec. Its end is the
# filter's: what a test prints after it, indented by six, belongs to that.
backup_policy()
{
        printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: p}\nspec:\n'
        [[ $# -lt 2 ]] || printf '  %s\n' "${@:2}"
        printf '  policy:\n    ttl: 24h\n    resourceFilter:\n      includedNamespaces: [%s]\n' "$1"
}

# scheduled_policy NAMESPACE CRON [SPEC-LINE...]: the same with a schedule.
scheduled_policy() { backup_policy "$1" "schedule: \"$2\"" "${@:3}"; }

# destination CLUSTER...: prints the SPEC-LINE that names them.
destination()
{
        local names
        names=$(printf ', {name: %s}' "$@")
        printf 'destination: {clusters: [%s]}\n' "${names#, }"
}

# ---------------------------------------------------------------- in the clusters

# on_all COMMAND ARGUMENT...: with each cluster's name after the command; all of them succeed.
on_all() { local c; for c in $(cluster_names); do "$1" "$c" "${@:2}" || return 1; done; }

# all_print EXPECTED COMMAND ARGUMENT...: called so, the command prints this for each cluster.
all_print() { local c; for c in $(cluster_names); do assert_equal "$1" "$("$2" "$c" "${@:3}")" "$c" || return 1; done; }

# count_of CLUSTER PLURAL NAME: prints how many of these Velero objects the fleet's object has there.
count_of() { count_objects "$1" "$2" "fleetfs.dev/name=$3"; }

# field_of CLUSTER PLURAL NAME JQ: prints that of the only one of them, or how many others there are.
field_of()
{
        local list
        list=$(list_objects "$1" "$2" "fleetfs.dev/name=$3") || return 1
        jq -r "if (.items | length) == 1 then .items[0] | ($4) else \"\(.items | length) $2\" end" <<<"$list"
}

# schedule_field CLUSTER NAME JQ, schedules_are CLUSTER NAME N: of the Schedules of a policy.
schedule_field() { field_of "$1" schedules "$2" "$3"; }
schedules_are() { assert_equal "$3" "$(count_of "$1" schedules "$2")" "Schedules of $2 on $1"; }

# posted NAME: waits until a scheduled policy stands everywhere.
posted() { eventually 30 on_all schedules_are "$1" 1; }

# back_up_by_schedule CLUSTER NAME [MANAGER=velero-server]: makes a backup of the Schedule there, as Velero's server does it,
# or as `velero backup create --from-schedule` with the manager velero.
back_up_by_schedule()
{
        local backup
        backup=$(schedule_field "$1" "$2" "{apiVersion, kind: \"Backup\", spec: .spec.template,
                metadata: {name: \"\(.metadata.name)-$(date -u +%Y%m%d%H%M%S)\", annotations: .metadata.annotations,
                           labels: (.metadata.labels + {\"velero.io/schedule-name\": .metadata.name})}} | tojson") || return 1
        api "$1" POST "$VELERO/backups?fieldManager=${3:-velero-server}" "$backup" >/dev/null
}

# scheduled_teardown: instead of scenario_teardown where a test may leave Schedules: they would go on, on the real engine.
# Clusters that it has stopped are started.
scheduled_teardown()
{
        local c name status=0
        scenario_teardown || status=$?
        [[ -z $SCENARIO_SKIP ]] || return "$status"
        for c in $(cluster_names); do
                cluster_start "$c" >/dev/null 2>&1 || true
                for name in $(list_objects "$c" schedules | jq -r '.items[].metadata.name'); do
                        api "$c" DELETE "$VELERO/schedules/$name" >/dev/null || status=1
                done
        done
        return "$status"
}

# ---------------------------------------------------------------- in the tree

# phase_is FOLDER PHASE
phase_is() { assert_equal "$2" "$(cat "$1/phase")" "phase of ${1##*/}"; }

# end_of FOLDER [SECONDS=60]: waits for the end of what it does, and prints it.
end_of() { timeout $((${2:-60} + ${PATIENCE:-0})) cat "$1/wait"; }

# ends_as PHASE FOLDER [SECONDS=60]: that end must be this.
ends_as()
{
        local phase
        phase=$(end_of "$2" "${3:-60}") || [[ -n $phase ]] ||
                assert_fail "$2 has not ended in time: $(cat "$2/phase")" || return 1
        [[ $phase == "$1" ]] || assert_fail "the end of $2:" "  expected: $1" "  found:    $phase" "$(cat "$2/status.txt" "$2/error.txt" 2>&1)"
}

# completed FOLDER [SECONDS=60]
completed() { ends_as Completed "$@"; }

# run_ids FOLDER: prints the ids of its runs, the oldest first; count_runs FOLDER: how many.
run_ids() { [[ ! -d $1/runs ]] || find "$1/runs" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort; }
count_runs() { run_ids "$1" | wc -l; }

# runs_started NAME: prints how often it was started since the mount. Runs that nothing was posted of yet become one, so
# their folders do not tell.
runs_started() { grep '"RunStarted"' "$MNT/events.jsonl" | grep -cF "\"name\":\"$1\"" || true; }
