# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Verbs of the truth files: they claim what Kubernetes and Velero do, on the real engine, and are run
# against the simulator to show that it does the same. With $TRUTH_RECORD (a folder) the objects and errors
# are kept there as JSON. Sourced after support/scenario.

readonly NOTHING='{}' BACKUP_SECONDS=30 RESTORE_SECONDS=60 LOCATION_SECONDS=15

# truth_setup_file: the engine, and a suffix for names, so that a running engine can be used again.
truth_setup_file()
{
        scenario_setup_file "$@"
        export RUN
        RUN=$(printf '%x' "$EPOCHSECONDS")
}

# own NAME: prints the name with this run's suffix.
own() { printf '%s-%s\n' "$1" "$RUN"; }

# record NAME: passes its standard input on, and keeps it when asked to.
record()
{
        if [[ -n ${TRUTH_RECORD:-} ]]; then
                tee "$TRUTH_RECORD/$1.json"
        else
                cat
        fi
}

# measured TEXT: a line in the TAP output.
measured() { printf '# measured: %s\n' "$*" >&3; }

# seconds_since EPOCHREALTIME: prints the seconds since then, to the millisecond.
seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.3f", b - a }'; }

# object KIND NAME SPEC [METADATA]: prints a Velero object; METADATA is JSON that is added to it.
object()
{
        jq -cn --arg kind "$1" --arg name "$2" --argjson spec "$3" --argjson meta "${4:-$NOTHING}" \
                '{apiVersion: "velero.io/v1", $kind, metadata: ({$name, namespace: "velero"} * $meta), $spec}'
}

# post CLUSTER KIND NAME SPEC [METADATA]: creates the object, prints the answer.
post()
{
        local plural=${2,,}s
        api_expect 201 "$1" POST "$VELERO/$plural?fieldValidation=Strict" "$(object "${@:2}")"
}

# get CLUSTER PLURAL NAME
get() { api "$1" GET "$VELERO/$2/$3"; }

# field CLUSTER PLURAL NAME JQ: prints one field of an object.
field() { get "$1" "$2" "$3" | jq -r "$4"; }

# is_terminal CLUSTER PLURAL NAME: a Backup or a Restore has ended.
is_terminal()
{
        case $(velero_phase "$@") in
        Completed|PartiallyFailed|Failed|FailedValidation) return 0 ;;
        esac
        return 1
}

# backup CLUSTER NAME SPEC [METADATA]: posts a Backup, waits for its end, prints it.
backup()
{
        post "$1" Backup "${@:2}" >/dev/null || return 1
        eventually "$BACKUP_SECONDS" is_terminal "$1" backups "$2" || return 1
        get "$1" backups "$2"
}

# restore CLUSTER NAME SPEC [METADATA]: the same for a Restore.
restore()
{
        post "$1" Restore "${@:2}" >/dev/null || return 1
        eventually "$RESTORE_SECONDS" is_terminal "$1" restores "$2" || return 1
        get "$1" restores "$2"
}

# location_spec PREFIX [MORE]: prints the spec of a location in the engine's bucket, like the default one of
# eu-1 but for the prefix; MORE is JSON that is added.
location_spec()
{
        get eu-1 backupstoragelocations default |
                jq -c --arg prefix "$1" --argjson more "${2:-$NOTHING}" \
                        '.spec | del(.default) | .objectStorage.prefix = $prefix | . * $more'
}

# location CLUSTER NAME SPEC: makes a location and waits until it was looked at; prints it.
location()
{
        post "$1" BackupStorageLocation "$2" "$3" >/dev/null || return 1
        eventually "$LOCATION_SECONDS" location_seen "$1" "$2" || return 1
        get "$1" backupstoragelocations "$2"
}
location_seen() { [[ $(velero_phase "$1" backupstoragelocations "$2") != - ]]; }

# watch_into FILE CLUSTER PATH: follows a watch in the background, an event a line; watch_end ends it.
watch_into()
{
        local file=$1 resource_version
        : >"$file"
        # The first list says where to begin, so that no event is missed while the watch starts.
        resource_version=$(api "$2" GET "$3" | jq -r .metadata.resourceVersion) || return 1
        API_SECONDS=120 api_curl "$2" "$3?watch=1&resourceVersion=$resource_version" -N >"$file" 2>&1 3>&- &
        WATCH_PID=$!
}
watch_end()
{
        kill "$WATCH_PID" 2>/dev/null
        wait "$WATCH_PID" 2>/dev/null || true
}

# phases_of FILE NAME: prints the phases of an object in a recorded watch, each once, on one line.
phases_of()
{
        jq -r --arg name "$2" 'select(.object.metadata.name == $name) | .object.status.phase // "-"' "$1" | uniq | paste -sd' '
}

# download_url CLUSTER KIND NAME: prints a URL for one artifact of a backup or restore.
download_url()
{
        local request
        request=$(post "$1" DownloadRequest "$3-${2,,}-$RANDOM" "{\"target\": {\"kind\": \"$2\", \"name\": \"$3\"}}" |
                jq -r .metadata.name) || return 1
        eventually 10 download_processed "$1" "$request" || return 1
        get "$1" downloadrequests "$request" | record "downloadrequest-${2,,}" | jq -r .status.downloadURL
}
download_processed() { [[ $(velero_phase "$1" downloadrequests "$2") == Processed ]]; }

# download CLUSTER KIND NAME: prints the artifact, decompressed.
download()
{
        local url
        url=$(download_url "$@") || return 1
        curl -sS --fail --noproxy '*' --max-time 30 "$url" | gunzip
}
