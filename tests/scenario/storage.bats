# SPDX-License-Identifier: Apache-2.0
# Storage in the policy: a location of its own on each cluster, below a prefix of its own, opened by a Secret that is
# named; made before the first backup, shared by policies that say the same, replaced by an edit, removed when nothing
# needs it any more.

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
                secret "$c" store-key "$S3_SECRET_KEY"
        done
}

teardown() { scheduled_teardown; }

# secret CLUSTER NAME KEY: a Secret with credentials, in Velero's namespace; as it is when it is there.
secret()
{
        local data
        data=$(printf '[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n' "$S3_ACCESS_KEY" "$3" | base64 -w0)
        api_exchange "$1" POST /api/v1/namespaces/velero/secrets \
                "{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": {\"name\": \"$2\"}, \"data\": {\"cloud\": \"$data\"}}" >/dev/null
}

# policy PREFIX [SECRET [BUCKET]]: prints a Backup with storage; on eu-1 and us-1.
policy()
{
        cat <<END
apiVersion: backup.kurator.dev/v1alpha1
kind: Backup
spec:
${SCHEDULE:+  schedule: "$SCHEDULE"}
  storage:
    location: {bucket: ${3:-$S3_BUCKET}, provider: aws, s3Url: "$S3_URL", region: us-east-1, prefix: "$1"}
    credentials: ${2:-store-key}
  destination: {clusters: [{name: eu-1}, {name: us-1}]}
  policy: {ttl: 24h, resourceFilter: {includedNamespaces: [shop-$RUN]}}
END
}

# locations CLUSTER PREFIX: the locations below that prefix, as JSON, one a line.
locations()
{
        list_objects "$1" backupstoragelocations | jq -c --arg p "$2/$1" '.items[] | select(.spec.objectStorage.prefix == $p)'
}
count_locations() { locations "$@" | wc -l; }
# used_by CLUSTER NAME: the prefix of the location of the policy's newest backup there.
used_by()
{
        local name location
        name=$(cat "$F/backups/$2/runs/latest/clusters/$1/velero_name")
        location=$(api "$1" GET "$VELERO/backups/$name" | jq -r .spec.storageLocation)
        api "$1" GET "$VELERO/backupstoragelocations/$location" | jq -r .spec.objectStorage.prefix
}
# stored CLUSTER NAME PREFIX: its data is there, in the bucket.
stored()
{
        local name
        name=$(cat "$F/backups/$2/runs/latest/clusters/$1/velero_name")
        if [[ $ENGINE == real ]]; then
                [[ -s $ENGINE_DIR/engine/buckets/$S3_BUCKET/$3/$1/backups/$name/velero-backup.json ]]
        else
                sim_ctl all bucket | jq -e --arg p "$3/$1" --arg name "$name" 'any(.. | objects; .prefix == $p and (.backups | index($name)))'
        fi
}

@test "each cluster gets a location below a prefix of its own, then the backup; a second policy shares it" {
        mount_ready
        local p=own-$RUN c
        policy "$p" >"$F/backups/first.yaml"
        completed "$F/backups/first"
        for c in eu-1 us-1; do
                assert_equal 1 "$(count_locations "$c" "$p")" "locations of $c"
                locations "$c" "$p" | jq -e '
                        .metadata.labels["fleetfs.dev/kind"] == "location" and (.metadata.labels["fleetfs.dev/owner"] | length) == 16 and
                        .spec.provider == "aws" and .spec.credential == {name: "store-key", key: "cloud"} and
                        .spec.config.region == "us-east-1" and .spec.config.s3ForcePathStyle == "true" and
                        .spec.default != true and .status.phase == "Available"'
                assert_equal "$p/$c" "$(used_by "$c" first)"
                stored "$c" first "$p"
                # The tree shows it.
                assert_equal Available "$(cat "$F/clusters/$c/storage/$(locations "$c" "$p" | jq -r .metadata.name)/phase")"
        done
        assert_equal 0 "$(count_locations ap-1 "$p")" 'a cluster that is not meant'
        policy "$p" >"$F/backups/second.yaml"
        completed "$F/backups/second"
        assert_equal 1 "$(count_locations eu-1 "$p")" 'shared'
        assert_equal "$p/eu-1" "$(used_by eu-1 second)"
}

@test "a location that is there already is used as it is" {
        mount_ready
        local p=there-$RUN spec
        spec=$(api eu-1 GET "$VELERO/backupstoragelocations/default" | jq -c --arg p "$p/eu-1" '.spec | del(.default) | .objectStorage.prefix = $p')
        api_expect 201 eu-1 POST "$VELERO/backupstoragelocations" \
                "{\"apiVersion\": \"velero.io/v1\", \"kind\": \"BackupStorageLocation\", \"metadata\": {\"name\": \"theirs-$RUN\"}, \"spec\": $spec}" >/dev/null
        policy "$p" >"$F/backups/there.yaml"
        completed "$F/backups/there"
        assert_equal "theirs-$RUN" "$(locations eu-1 "$p" | jq -r .metadata.name)"
        assert_equal 1 "$(count_locations eu-1 "$p")"
        rm "$F/backups/there.yaml"
        sleep 6
        assert_equal 1 "$(count_locations eu-1 "$p")" 'theirs stays'
}

@test "an edit makes another location; the old one stays while a backup refers to it, then goes" {
        mount_ready
        local old=old-$RUN new=new-$RUN name location c
        policy "$old" >"$F/backups/moved.yaml"
        completed "$F/backups/moved"
        name=$(cat "$F/backups/moved/runs/latest/clusters/eu-1/velero_name")
        location=$(locations eu-1 "$old" | jq -r .metadata.name)
        policy "$new" >"$F/backups/moved.yaml"
        completed "$F/backups/moved"
        assert_equal "$new/eu-1" "$(used_by eu-1 moved)"
        always 4 api_expect 200 eu-1 GET "$VELERO/backupstoragelocations/$location"
        # A restore of the old run still finds it.
        printf 'backupName: moved@%s\ndestination: {clusters: [{name: eu-1}]}\n' "$(run_ids "$F/backups/moved" | head -1)" >"$F/restores/from-old.yaml"
        completed "$F/restores/from-old"
        api eu-1 POST "$VELERO/deletebackuprequests" \
                "{\"apiVersion\": \"velero.io/v1\", \"kind\": \"DeleteBackupRequest\", \"metadata\": {\"name\": \"$name\"}, \"spec\": {\"backupName\": \"$name\"}}" >/dev/null
        eventually 40 api_expect 404 eu-1 GET "$VELERO/backupstoragelocations/$location"
        assert_equal 1 "$(count_locations us-1 "$old")" 'on us-1 its backup is still there'
        assert_equal 1 "$(count_locations eu-1 "$new")"
}

@test "a schedule has its location before its Schedule; rm takes both, the backups keep theirs" {
        mount_ready
        local p=cron-$RUN uid
        SCHEDULE=$LATER policy "$p" >"$F/backups/yearly.yaml"
        eventually_equal 20 1 count_of eu-1 schedules yearly
        uid=$(schedule_field eu-1 yearly .metadata.uid)
        schedule_is_in "$p"
        # An edit of the storage changes the Schedule in place.
        SCHEDULE=$LATER policy "$p-2" >"$F/backups/yearly.yaml"
        eventually 20 schedule_is_in "$p-2"
        assert_equal "$uid" "$(schedule_field eu-1 yearly .metadata.uid)" 'uid of the Schedule'
        eventually_equal 30 0 count_locations eu-1 "$p"
        rm "$F/backups/yearly.yaml"
        eventually_equal 30 0 count_of eu-1 schedules yearly
        eventually_equal 30 0 count_locations eu-1 "$p-2"
        eventually_equal 30 0 count_locations us-1 "$p-2"
}
schedule_is_in()
{
        assert_equal "$(schedule_field eu-1 yearly .spec.template.storageLocation)" "$(locations eu-1 "$1" | jq -r .metadata.name)"
}

@test "another Secret for the same place changes the location; two policies that differ in it are told" {
        mount_ready
        local p=keys-$RUN c
        for c in eu-1 us-1; do
                secret "$c" "other-$RUN" "$S3_SECRET_KEY"
        done
        policy "$p" >"$F/backups/keys.yaml"
        completed "$F/backups/keys"
        policy "$p" "other-$RUN" >"$F/backups/keys.yaml"
        completed "$F/backups/keys"
        assert_equal "other-$RUN" "$(locations eu-1 "$p" | jq -r .spec.credential.name)"
        assert_equal 1 "$(count_locations eu-1 "$p")"
        policy "$p" store-key >"$F/backups/rival.yaml"
        eventually 20 grep -q 'Backup keys has its backups in the same place' "$F/backups/rival/error.txt"
        assert_equal "other-$RUN" "$(locations eu-1 "$p" | jq -r .spec.credential.name)"
}

@test "what only the cluster knows of it shows per cluster in Velero's words, and passes" {
        mount_ready
        local p=later-$RUN
        # Secret and bucket that are not there: the backup waits, nothing is posted.
        policy "$p" later-$RUN >"$F/backups/later.yaml"
        policy "$p-b" store-key no-such-bucket >"$F/backups/nobucket.yaml"
        if [[ $ENGINE == real ]]; then
                eventually 30 grep -q "later-$RUN" "$F/backups/later/error.txt"
        fi
        eventually 30 grep -q NoSuchBucket "$F/backups/nobucket/error.txt"
        assert_equal Pending "$(cat "$F/backups/nobucket/phase")"
        assert_equal 0 "$(count_of eu-1 backups nobucket)" 'nothing that would have failed for good'
        [[ $ENGINE == real ]] || return 0
        assert_equal 0 "$(count_of eu-1 backups later)"
        secret eu-1 later-$RUN "$S3_SECRET_KEY"
        secret us-1 later-$RUN "$S3_SECRET_KEY"
        completed "$F/backups/later" 150
}

@test "a broken location of one policy is told in its rows and its cluster; other policies and the fleet are as they were" {
        mount_ready
        local p=broken-$RUN name good c
        plain() { policy '' | sed '/^  storage:/,/credentials:/d'; }
        plain >"$F/backups/before.yaml"
        completed "$F/backups/before"
        good=$(json "$F/status.json" .summary.good)
        policy "$p" store-key absent-bucket >"$F/backups/broken.yaml"
        SCHEDULE=$LATER policy "$p" store-key absent-bucket >"$F/backups/broken-cron.yaml"
        SCHEDULE=$LATER plain >"$F/backups/sound-cron.yaml"
        for c in eu-1 us-1; do
                eventually_equal 30 1 count_locations "$c" "$p"
        done
        name=$(locations eu-1 "$p" | jq -r .metadata.name)
        eventually_equal 30 Unavailable cat "$F/clusters/eu-1/storage/$name/phase"
        eventually_equal 30 Unavailable cat "$F/clusters/us-1/storage/$(locations us-1 "$p" | jq -r .metadata.name)/phase"
        # Where it belongs: the rows of its policies, and its cluster, which is Ready all the same.
        eventually_equal 30 Unprotected cat "$F/backups/broken-cron/phase"
        tells_broken() { assert_match "eu-1: .*storage location \"$name\" is Unavailable" "$(unwrapped "$F/backups/$1/error.txt")"; }
        eventually 30 tells_broken broken-cron
        eventually 30 tells_broken broken
        assert_equal Pending "$(cat "$F/backups/broken/phase")"
        assert_match "caveat: .*storage location $name is Unavailable: .*NoSuchBucket" "$(unwrapped "$F/clusters/eu-1/status.txt")"
        # Nowhere else: other policies go on, and the fleet has as many clusters with storage as before.
        plain >"$F/backups/after.yaml"
        completed "$F/backups/after"
        assert_equal Scheduled "$(cat "$F/backups/sound-cron/phase")"
        for c in eu-1 us-1; do
                assert_match "^state: +Ready   cluster $c\$" "$(head -1 "$F/clusters/$c/status.txt")"
                assert_equal Available "$(cat "$F/clusters/$c/storage_phase")" "storage of $c"
                assert_equal '' "$(cat "$F/clusters/$c/error.txt")" "error.txt of $c"
                assert_match $'\n'"$c +Ready +Available " "$(cat "$F/status.txt")" "row of $c"
        done
        assert_equal "0 $good" "$(json "$F/status.json" '.summary | "\(.withoutStorage) \(.good)"')" 'without storage, good'
        refute_file_contains "$F/status.txt" 'without storage'
}

@test "a prefix that contains, or is inside, another location's is refused when the file is written" {
        mount_ready
        local p=eu-1
        # The default locations are below eu-1, us-1, ap-1 of the same bucket.
        refute eval 'policy "$p" >"$TEST_DIR/in.yaml"; cp "$TEST_DIR/in.yaml" "$F/backups/in.yaml"'
        assert_match "^FLT-0114 in\\.yaml:[0-9]+:[0-9]+: .*prefix \"eu-1/(eu|us)-1\" of bucket $S3_BUCKET is inside that of location default of cluster eu-1" \
                "$(unwrapped "$F/backups/in.error.txt")"
        assert_file_contains "$F/backups/in.error.txt" 'remedy: '
        assert_equal 0 "$(count_locations us-1 "$p")"
        assert_equal Available "$(velero_phase eu-1 backupstoragelocations default)"
        # No prefix: below the cluster's own name, which is where its default location is.
        policy '' >"$F/backups/noprefix.yaml"
        completed "$F/backups/noprefix"
        assert_equal eu-1 "$(used_by eu-1 noprefix)"
        # One that lies around another one, made by somebody else since.
        local spec
        spec=$(api ap-1 GET "$VELERO/backupstoragelocations/default" | jq -c --arg p "around-$RUN/eu-1/deeper" '.spec | del(.default) | .objectStorage.prefix = $p')
        api_expect 201 ap-1 POST "$VELERO/backupstoragelocations" \
                "{\"apiVersion\": \"velero.io/v1\", \"kind\": \"BackupStorageLocation\", \"metadata\": {\"name\": \"deep-$RUN\"}, \"spec\": $spec}" >/dev/null
        eventually 10 test -d "$F/clusters/ap-1/storage/deep-$RUN"
        policy "around-$RUN" >"$TEST_DIR/around.yaml"
        refute cp "$TEST_DIR/around.yaml" "$F/backups/around.yaml"
        assert_match "contains that of location deep-$RUN of cluster ap-1" "$(unwrapped "$F/backups/around.error.txt")"
}

@test "a crash between the location and the backup: one location, one backup" {
        mount_ready
        local p=crash-$RUN
        policy "$p" >"$F/backups/crash.yaml"
        eventually 20 eval '[[ $(count_locations eu-1 "$p") -gt 0 || $(count_locations us-1 "$p") -gt 0 ]]'
        kill9_fleet
        mount_ready
        completed "$F/backups/crash"
        assert_equal 1 "$(count_locations eu-1 "$p")"
        assert_equal 1 "$(count_of eu-1 backups crash)"
        assert_equal 1 "$(count_of us-1 backups crash)"
}

@test "a migration with storage: the source's backup goes there, the target reads it there" {
        mount_ready
        local p=move-$RUN
        {
                printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Migrate\nspec:\n'
                policy "$p" | sed -n '/^  storage:/,/credentials:/p'
                printf '  sourceCluster: {clusters: [{name: eu-1}]}\n  targetCluster: {clusters: [{name: ap-1}]}\n'
                printf '  policy: {resourceFilter: {includedNamespaces: [shop-%s]}, namespaceMapping: {shop-%s: moved-%s}}\n' "$RUN" "$RUN" "$RUN"
        } >"$TEST_DIR/m.yaml"
        cp "$TEST_DIR/m.yaml" "$F/migrations/m.yaml"
        assert_equal Completed "$(end_of "$F/migrations/m" 90)" "$(cat "$F/migrations/m/error.txt")"
        assert_equal 1 "$(count_locations eu-1 "$p")"
        assert_equal 2 "$(count_objects ap-1 "moved-$RUN/configmaps" "seed=shop-$RUN")"
        eventually_equal 30 0 eval 'list_objects ap-1 backupstoragelocations | jq "[.items[] | select(.spec.objectStorage.prefix | startswith(\"$p\"))] | length"'
}
