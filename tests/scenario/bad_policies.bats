# SPDX-License-Identifier: Apache-2.0
# What is no policy, written as people and programs write: the writer fails, what was in force stays so, the
# reason stands beside the file with its code, its place and what to do, and a good write clears it away.

load ../support/scenario

# One mount serves the rows of a test.
setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        ROWS=0
        BODY=$TEST_DIR/body
        : >"$TEST_DIR/failed"
        printf 'kind: Backup\napiVersion: backup.kurator.dev/v1alpha1\nspec:\n  policy: {ttl: 24h}\n' >"$TEST_DIR/good.backups"
        sed 's/24h/48h/' "$TEST_DIR/good.backups" >"$TEST_DIR/good.backups.2"
        printf 'kind: Restore\napiVersion: backup.kurator.dev/v1alpha1\nspec:\n  backupName: some\n' >"$TEST_DIR/good.restores"
        printf '%s\n' 'sourceCluster: {clusters: [{name: eu-1}]}' 'targetCluster: {clusters: [{name: us-1}]}' \
                >"$TEST_DIR/good.migrations"
}

# mount_alone: what is wrong is known on this machine.
mount_alone() { fleet_offline && mount_fleet; }

# mount_with_backup: the real one, with a backup "some" that can be restored.
mount_with_backup()
{
        mount_ready
        [[ -e $F/backups/some ]] || printf 'policy: {resourceFilter: {includedNamespaces: [default]}}\n' >"$F/backups/some.yaml"
        completed "$F/backups/some"
}

# --- the ways to write: WRITER FROM TO ---

by_cp() { cp "$1" "$2"; }
# The shell ignores what close says, cat's own exit code stands for it.
by_cat() { cat "$1" >"$2"; }
# As editors, rsync and `sed -i` do: the rename is the commit.
by_rename() { cp "$1" "$2.part~" && mv "$2.part~" "$2"; }

# --- what a row claims ---

error_attribute() { getfattr --only-values --absolute-names -n user.fleetfs.error "$1"; }

# refused_as FOLDER NAME CODE PLACE TEXT REMEDY: the error file says it, and the attribute the same.
refused_as()
{
        local error=$F/$1/$2.error.txt text first remedy
        text=$(unwrapped "$error") || return 1
        first=${text%%$'\n'*}
        remedy=$(grep -m1 '^remedy: ' <<<"$text") || assert_fail "no remedy in $error:" "$text" || return 1
        assert_match "^$3 $2\\.yaml${4:+:$4}: [^ ].*" "$first" 'code, place and sentence' || return 1
        [[ $first == *"$5"* ]] || assert_fail "the sentence: expected \"$5\" in" "$first" || return 1
        [[ $remedy == *"$6"* ]] || assert_fail "the remedy: expected \"$6\" in" "$remedy" || return 1
        assert_equal "$first"$'\n'"$remedy" "$(error_attribute "$error")" 'user.fleetfs.error of the error file' || return 1
        # A rename that is refused leaves what it would have replaced, which may be nothing.
        [[ ! -e $F/$1/$2.yaml ]] ||
                assert_equal "$first"$'\n'"$remedy" "$(error_attribute "$F/$1/$2.yaml")" 'user.fleetfs.error of the file'
}

# cleared FOLDER NAME: nothing of it is left. A rename cannot wait until the kernel was told: it holds the folder.
cleared()
{
        eventually 2 refute_exists "$F/$1/$2.error.txt" || return 1
        refute getfattr -n user.fleetfs.error "$F/$1/$2.yaml"
}

# one_row FOLDER NAME CODE PLACE TEXT REMEDY: $BODY is refused as a first write; then, for what may be written
# again, over a policy in force, which stays so; then a good one clears the error.
one_row()
{
        local folder=$1 name=$2 good=$TEST_DIR/good.$1 path=$F/$1/$2.yaml
        refute "$WRITER" "$BODY" "$path" || return 1
        refused_as "$@" || return 1
        refute_exists "$F/$folder/$name/runs/latest" || return 1
        assert_equal 0 "$(runs_started "$name")" 'runs of what was refused' || return 1
        "$WRITER" "$good" "$path" || assert_fail 'the good one is refused:' "$(cat "$F/$folder/$name.error.txt")" || return 1
        cleared "$folder" "$name" || return 1
        eventually_equal 5 1 runs_started "$name" || return 1
        # Restores and migrations run once: writing to them again is another mistake.
        [[ $folder == backups ]] || return 0
        refute "$WRITER" "$BODY" "$path" || return 1
        refused_as "$@" || return 1
        assert_equal "$(cat "$good")" "$(cat "$F/$folder/$name/applied.yaml")" 'what is in force' || return 1
        # The bytes in force again are an editor's roll-back, others are a new run.
        "$WRITER" "$good" "$path" || return 1
        cleared "$folder" "$name" || return 1
        refute "$WRITER" "$BODY" "$path" || return 1
        "$WRITER" "$good.2" "$path" || return 1
        cleared "$folder" "$name" || return 1
        eventually_equal 5 2 runs_started "$name"
}

# row FOLDER CODE PLACE TEXT REMEDY: standard input is the document. PLACE is line:column, or empty where the
# document as a whole is wrong.
row()
{
        local output
        ROWS=$((ROWS + 1))
        cat >"$BODY"
        output=$(one_row "$1" "${WRITER#by_}-$ROWS" "${@:2}" 2>&1) ||
                printf '%s, %s %s (%s):\n%s\n' "$WRITER" "$2" "$3" "$4" "$output" >>"$TEST_DIR/failed"
}

# rows N: so many were looked at, and none of them failed.
rows()
{
        [[ ! -s $TEST_DIR/failed ]] || assert_fail "$(cat "$TEST_DIR/failed")" || return 1
        assert_equal "$1" "$ROWS" 'rows'
}

# --- the table ---

of_backup() { printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n'; cat; }
of_restore() { printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Restore\nspec:\n'; cat; }
of_migrate() { printf 'apiVersion: backup.kurator.dev/v1alpha1\nkind: Migrate\nspec:\n'; cat; }

# A "billion laughs": ten aliases of ten aliases, nine times.
alias_bomb()
{
        local i
        printf 'x0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n'
        for ((i = 1; i < 10; i++)); do
                printf 'x%d: &x%d [' "$i" "$i"
                printf "*x$((i - 1)), %.0s" {1..9}
                printf '*x%d]\n' $((i - 1))
        done
}

syntax_rows()
{
        row backups FLT-0202 6:5 '"ttl" is given twice' 'remove one' < <(of_backup <<<$'  policy:\n    ttl: 1h\n    ttl: 2h')
        row backups FLT-0203 4:3 'did you mean "policy"' 'write policy' < <(of_backup <<<$'  polciy: {ttl: 1h}')
        row backups FLT-0203 6:7 'did you mean "includedNamespaces"' 'write includedNamespaces' \
                < <(of_backup <<<$'  policy:\n    resourceFilter:\n      includedNamespace: [a]')
        row backups FLT-0201 2:1 'tab' 'spaces' <<<$'policy:\n\tttl: 1h'
        row backups FLT-0201 '[0-9]+:[0-9]+' '' '' <<<$'policy: {ttl: 1h'
        row backups FLT-0201 '[0-9]+:[0-9]+' '' '' <<<$'policy: "1h'
        row backups FLT-0206 '[0-9]+:[0-9]+' 'aliases make the document too large' 'fewer aliases' < <(alias_bomb)
        row backups FLT-0206 1:9 'nowhere' 'quote it' <<<$'policy: *nowhere'
        row backups FLT-0207 2:9 'UTF-8' 'UTF-8' <<<$'policy:\n  ttl: "\xff\xfe"'
        row backups FLT-0207 '[0-9]+:[0-9]+' '' '' < <(printf 'policy: {}\n' | iconv -t UTF-16)
        row backups FLT-0209 1:1 'empty' 'write' <<<'# later'
        row backups FLT-0210 2:1 'second document' 'of its own' <<<$'policy: {}\n---\npolicy: {}'
        row backups FLT-0204 1:1 'a mapping' '' <<<'- a'
        row backups FLT-0204 1:9 'a mapping' '' <<<'policy: 24h'
        row backups FLT-0207 1:8 'NUL' 'UTF-8' < <(head -c 4096 /bin/true)
        row backups FLT-0201 '[0-9]+:[0-9]+' '' '' <<<$'{"policy": {"ttl": "1h"},}}'
        row backups FLT-0212 '[0-9]+:[0-9]+' '64 deep' 'nest less' < <(printf 'policy: '; printf '[%.0s' {1..500})
        row backups FLT-0208 '' '131072' 'smaller' < <(printf 'policy: {}\n'; head -c 140000 /dev/zero | tr '\0' '#'; echo)
        row backups FLT-0208 '' 'bytes' '128 KiB' < <(printf 'policy: {}\n'; head -c 2097152 /dev/zero | tr '\0' '#'; echo)
}

meaning_rows()
{
        row backups FLT-0231 2:7 'does not belong in backups/' 'copy it to restores/' < <(of_restore <<<'  backupName: a')
        row backups FLT-0232 1:13 '"apps/v1"' 'backup.kurator.dev/v1alpha1' <<<$'apiVersion: apps/v1\nkind: Deployment\nspec: {}'
        row backups FLT-0232 2:7 'did you mean "Backup"' 'use Backup' <<<$'apiVersion: velero.io/v1\nkind: Bakcup\nspec: {}'
        row backups FLT-0205 1:1 'apiVersion is missing' 'give apiVersion' <<<$'kind: Backup\nspec: {}'
        row backups FLT-0205 1:1 'spec is missing' 'add spec' <<<$'apiVersion: velero.io/v1\nkind: Backup'
        row backups FLT-0233 5:12 '"dev"' 'dev/backups/' < <(of_backup <<<$'  destination:\n    fleet: dev')
        row backups FLT-0234 5:23 'did you mean "eu-1"' 'see clusters/' < <(of_backup <<<$'  destination:\n    clusters: [{name: eu1}]')
        row backups FLT-0235 6:5 'cannot be combined' 'use one' \
                < <(of_backup <<<$'  destination:\n    clusters: [{name: eu-1}]\n    clusterSelector: {matchLabels: {tier: gold}}')
        row backups FLT-0223 '[0-9]+:[0-9]+' 'In needs values' 'add values' \
                < <(of_backup <<<$'  destination:\n    clusterSelector:\n      matchExpressions: [{key: a, operator: In}]')
        row backups FLT-0220 7:7 'cannot be combined' 'ScopedResources' \
                < <(of_backup <<<$'  policy:\n    resourceFilter:\n      includedResources: [pods]\n      excludedClusterScopedResources: [nodes]')
        row backups FLT-0211 5:10 '30d' '720h' < <(of_backup <<<$'  policy:\n    ttl: 30d')
        row backups FLT-0211 5:10 'soon' '' < <(of_backup <<<$'  policy:\n    ttl: soon')
        row backups FLT-0211 5:10 'negative' '' < <(of_backup <<<$'  policy:\n    ttl: -1h')
        row backups FLT-0222 6:28 'Shop' 'lower case' \
                < <(of_backup <<<$'  policy:\n    resourceFilter:\n      includedNamespaces: [Shop]')
        row backups FLT-0221 6:34 'stands beside' 'alone' \
                < <(of_backup <<<$'  policy:\n    resourceFilter:\n      includedNamespaces: [shop, "*"]')
        row backups FLT-0204 6:27 'expected a list' '["shop"]' \
                < <(of_backup <<<$'  policy:\n    resourceFilter:\n      includedNamespaces: shop')
        row backups FLT-0247 5:3 'cannot be combined' 'use one' < <(of_backup <<<$'  policy: {}\n  policies: [{policy: {}}]')
        row backups FLT-0238 '[0-9]+:[0-9]+' 'already' 'its own' \
                < <(of_backup <<<$'  policies:\n  - {name: a, policy: {}}\n  - {name: a, policy: {}}')
        row backups FLT-0237 '[0-9]+:[0-9]+' 'Secret' 'Secret' \
                < <(of_backup <<<$'  storage:\n    location: {bucket: b, provider: aws}\n    credentials: {accessKey: AKIA, secretKey: shh-secret}')
        row backups FLT-0203 '[0-9]+:[0-9]+' 'accessKey' '' \
                < <(of_backup <<<$'  storage:\n    location: {bucket: b, provider: aws, accessKey: AKIA}\n    credentials: minio')
        row backups FLT-0242 '[0-9]+:[0-9]+' 'comes from a cluster' 'metadata.uid' \
                <<<$'apiVersion: velero.io/v1\nkind: Backup\nmetadata: {uid: 8c9d0b9e-0000-4000-8000-000000000000}\nspec: {}'
}

task_rows()
{
        row restores FLT-0243 4:15 'Not A Name' 'policy@latest' < <(of_restore <<<'  backupName: Not A Name')
        row restores FLT-0243 4:15 'nightly@yesterday' 'policy@' < <(of_restore <<<'  backupName: nightly@yesterday')
        row restores FLT-0205 4:3 'backupName is missing' 'latest.yaml' < <(of_restore <<<'  policy: {}')
        row restores FLT-0203 5:3 'did you mean' '' < <(of_restore <<<$'  backupName: some\n  polciy: {}')
        row restores FLT-0202 5:3 'twice' 'remove' < <(of_restore <<<$'  backupName: some\n  backupName: b')
        row restores FLT-0227 '[0-9]+:[0-9]+' 'Shop' 'lower case' \
                < <(of_restore <<<$'  backupName: some\n  policy: {namespaceMapping: {shop: Shop}}')
        row restores FLT-0227 '[0-9]+:[0-9]+' 'never mapped' 'remove the mapping' \
                < <(of_restore <<<$'  backupName: some\n  policy: {resourceFilter: {includedNamespaces: [web]}, namespaceMapping: {shop: copy}}')
        row restores FLT-0241 '[0-9]+:[0-9]+' '' 'includedResources' \
                < <(of_restore <<<$'  backupName: some\n  policy:\n    resourceFilter:\n      includedNamespaceScopedResources: [pods]\n      includedClusterScopedResources: ["*"]')
        row restores FLT-0225 '[0-9]+:[0-9]+' 'never restored' 'remove' \
                < <(of_restore <<<$'  backupName: some\n  policy: {resourceFilter: {includedResources: [backups.velero.io]}}')
        row restores FLT-0407 '' '"never"' 'name a policy' < <(of_restore <<<'  backupName: never')
        row restores FLT-0231 2:7 'restores/' 'backups/' < <(of_backup <<<'  policy: {}')
        row restores FLT-0224 '[0-9]+:[0-9]+' '' '' \
                <<<$'apiVersion: velero.io/v1\nkind: Restore\nspec: {backupName: a, scheduleName: b}'
        row restores FLT-0240 1:14 'cut off' 'newline' < <(printf 'backupName: a')
        row restores FLT-0234 '[0-9]+:[0-9]+' 'mars' 'clusters/' \
                < <(of_restore <<<$'  backupName: some\n  destination: {clusters: [{name: mars}]}')
        row migrations FLT-0244 '[0-9]+:[0-9]+' '2 clusters' 'name one' \
                < <(of_migrate <<<$'  sourceCluster: {clusters: [{name: eu-1}, {name: us-1}]}\n  targetCluster: {clusters: [{name: ap-1}]}')
        row migrations FLT-0245 5:37 'is the source' 'targets' \
                < <(of_migrate <<<$'  sourceCluster: {clusters: [{name: eu-1}]}\n  targetCluster: {clusters: [{name: eu-1}]}')
        row migrations FLT-0205 4:3 'targetCluster is missing' 'targetCluster' \
                < <(of_migrate <<<'  sourceCluster: {clusters: [{name: eu-1}]}')
        row migrations FLT-0227 '[0-9]+:[0-9]+' 'a_b' 'lower case' \
                < <(of_migrate <<<$'  sourceCluster: {clusters: [{name: eu-1}]}\n  targetCluster: {clusters: [{name: us-1}]}\n  policy: {namespaceMapping: {a: a_b}}')
        row migrations FLT-0231 2:7 'migrations/' 'backups/' < <(of_backup <<<'  policy: {}')
        row migrations FLT-0240 2:42 'cut off' 'newline' < <(head -c -1 "$TEST_DIR/good.migrations")
        row migrations FLT-0234 '[0-9]+:[0-9]+' 'mars' 'clusters/' \
                < <(of_migrate <<<$'  sourceCluster: {clusters: [{name: mars}]}\n  targetCluster: {clusters: [{name: us-1}]}')
}

@test "cp of what is no YAML, or none that is allowed" { mount_alone; WRITER=by_cp; syntax_rows; rows 19; }
@test "cp of what means nothing, or two things" { mount_alone; WRITER=by_cp; meaning_rows; rows 21; }
@test "cp of a bad restore or migration" { mount_with_backup; WRITER=by_cp; task_rows; rows 21; }
@test "cat: what is no YAML, or none that is allowed" { mount_alone; WRITER=by_cat; syntax_rows; rows 19; }
@test "cat: what means nothing, or two things" { mount_alone; WRITER=by_cat; meaning_rows; rows 21; }
@test "cat: a bad restore or migration" { mount_with_backup; WRITER=by_cat; task_rows; rows 21; }
@test "a scratch file renamed over the policy: what means nothing, or two things" { mount_alone; WRITER=by_rename; meaning_rows; rows 21; }
@test "a scratch file renamed over nothing: a bad restore or migration" { mount_with_backup; WRITER=by_rename; task_rows; rows 21; }

@test "a bad schedule" {
        mount_alone
        WRITER=by_cp
        row backups FLT-0248 4:22 'counts 0-6' 'use 0' < <(of_backup <<<'  schedule: "0 2 * * 7"')
        row backups FLT-0248 4:20 'five fields' '' < <(of_backup <<<'  schedule: "at two"')
        row backups FLT-0248 4:14 '60 is beyond' '' < <(of_backup <<<'  schedule: "60 * * * *"')
        row backups FLT-0248 '[0-9]+:[0-9]+' '@nightly' '@daily' < <(of_backup <<<'  schedule: "@nightly"')
        row backups FLT-0248 4:13 'empty' 'leave the field out' < <(of_backup <<<'  schedule: ""')
        row backups FLT-0248 4:21 'above zero' '@every 12h' < <(of_backup <<<'  schedule: "@every -5m"')
        rows 6
}

@test "a bad name: accepted when it is made, refused when it is closed, gone with its file" {
        mount_alone
        local name
        printf 'policy: {}\n' >"$BODY"
        for name in 'Nightly' 'a_b' 'a b' '-a' 'a..b' "$(printf 'a%.0s' {1..64})"; do
                refute cp "$BODY" "$F/backups/$name.yaml"
                assert_match "^FLT-0230 $name\\.yaml: .*" "$(unwrapped "$F/backups/$name.error.txt")"
                assert_file_contains "$F/backups/$name.error.txt" 'remedy: '
                assert_match '^FLT-0230 ' "$(error_attribute "$F/backups/$name.error.txt")"
                rm "$F/backups/$name.yaml"
                refute_exists "$F/backups/$name.error.txt" "$F/backups/$name.yaml"
        done
        cp "$BODY" "$F/backups/good-name.v2.yaml"
        eventually_equal 5 1 runs_started good-name.v2
}

@test "an extension in capitals: refused when it is closed, and gone with the right one" {
        mount_alone
        local name B=$F/backups
        printf 'policy: {}\n' >"$BODY"
        for name in shop.YAML shop.Yaml shop.YML shop.Json; do
                assert_fails_with 'Invalid argument' cp "$BODY" "$B/$name"
                assert_match "^FLT-0236 $name: the extension of \"$name\" is not in lower case" "$(unwrapped "$B/shop.error.txt")"
                assert_file_contains "$B/shop.error.txt" "write it as ${name,,}"
                assert_match '^FLT-0236 ' "$(error_attribute "$B/shop.error.txt")"
                refute_exists "$B/shop/phase"
                assert_fails_with 'File exists' cp "$BODY" "$B/shop.yAML"
                rm "$B/$name"
                refute_exists "$B/shop.error.txt" "$B/$name"
                # As an editor or rsync saves.
                cp "$BODY" "$B/.$name.Xa9Zk2"
                refute mv "$B/.$name.Xa9Zk2" "$B/$name"
                assert_exists "$B/.$name.Xa9Zk2"
                refute_exists "$B/$name"
                assert_match "^FLT-0236 shop: the extension of \"$name\" is not in lower case" "$(unwrapped "$B/shop.error.txt")"
                assert_match "write it as ${name,,} .*save it under that name: this goes then, or by: rm shop.error.txt" \
                        "$(unwrapped "$B/shop.error.txt" | tr '\n' ' ')"
                rm "$B/.$name.Xa9Zk2" "$B/shop.error.txt"
        done
        assert_fails_with 'Invalid argument' cp "$BODY" "$F/restores/undo.YAML"
        assert_fails_with 'Invalid argument' cp "$BODY" "$F/migrations/move.YAML"
        mkdir "$F/migrations/m1"
        assert_fails_with 'Invalid argument' cp "$BODY" "$F/migrations/m1/policy.YAML"
        assert_match "^FLT-0236 m1/policy\\.YAML: " "$(unwrapped "$F/migrations/m1.error.txt")"
        assert_file_contains "$F/migrations/m1.error.txt" "write it as policy.yaml"
        assert_file_contains "$F/migrations/m1.error.txt" "rm m1/policy.YAML"
        # What the remedy says is enough.
        assert_fails_with 'Invalid argument' cp "$BODY" "$B/Shop.YAML"
        assert_file_contains "$B/Shop.error.txt" 'write it as shop.yaml'
        assert_fails_with 'Invalid argument' cp "$BODY" "$B/shop.YAML"
        cp "$BODY" "$B/shop.yaml"
        refute_exists "$B/shop.YAML" "$B/shop.error.txt"
        eventually_equal 5 1 runs_started shop
        assert_fails_with 'File exists' cp "$BODY" "$B/shop.YAML"
        assert_file_contains "$B/shop.error.txt" 'write it as shop.yaml'
        assert_fails_with 'Operation not permitted' mv "$B/shop.yaml" "$B/shop.YAML"
        # These are an editor's own, or notes.
        for name in shop.YAML~ .shop.YAML.swp '#shop.YAML#' shop.yaml.txt shop.YAML.bak; do
                cp "$BODY" "$B/$name"
                rm "$B/$name"
        done
}

@test "the log tells what was refused, of which file; credentials are told nowhere" {
        mount_alone
        local error
        of_backup <<<$'  storage:\n    location: {bucket: b, provider: aws}\n    credentials: {secretKey: shh-secret}' >"$BODY"
        refute cp "$BODY" "$F/backups/keys.yaml"
        refute bash -c 'cp "$1" "$2.x" && mv "$2.x" "$2"' _ "$BODY" "$F/backups/moved.yaml"
        for error in keys moved; do
                assert_match "file=prod/backups/$error\\.yaml .*id=FLT-0237 line=6 column=18" "$(grep -F "file=prod/backups/$error.yaml" "$TEST_DIR/run/mnt.log")"
                refute_file_contains "$F/backups/$error.error.txt" shh-secret
        done
        refute_file_contains "$TEST_DIR/run/mnt.log" shh-secret
        refute_file_contains "$MNT/events.jsonl" shh-secret
        assert_equal 1 "$(grep '"WriteRefused"' "$MNT/events.jsonl" | grep -c '"name":"keys"')" 'events of it'
}
