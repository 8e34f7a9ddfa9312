#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks, which run in the pods: a Velero document passes them through.

load ../support/scenario
load nodes

setup_file() { nodes_setup_file; }
setup() { nodes_setup; }
teardown() { nodes_teardown; }

# with_hooks NAMESPACE PRE POST: prints a Velero Backup of the namespace that runs these lines of shell in its pod `app`.
with_hooks()
{
        jq -n --arg ns "$1" --arg pre "$2" --arg post "$3" \
                'def exec($line): [{exec: {container: "app", command: ["/bin/sh", "-c", $line], onError: "Fail", timeout: "20s"}}];
                 {apiVersion: "velero.io/v1", kind: "Backup", metadata: {name: "hooks"},
                  spec: {includedNamespaces: [$ns], defaultVolumesToFsBackup: true, snapshotVolumes: false, ttl: "24h",
                         hooks: {resources: [{name: "app", includedNamespaces: [$ns],
                                              labelSelector: {matchLabels: {app: "app"}}, pre: exec($pre), post: exec($post)}]}}}'
}

# hook_status BACKUP: prints what Velero counted on eu-1.
hook_status() { api eu-1 GET "$VELERO/backups/$(run_file "$1" eu-1 velero_name)" | jq -c .status.hookStatus; }

@test "pre hooks run before the volumes are read, post hooks afterwards" {
        mount_ready
        namespace_new eu-1 "$NS"
        # A Velero document goes to the whole fleet.
        namespace_new us-1 "$NS"
        pod_start eu-1 "$NS" app '{"emptyDir": {}}'
        with_hooks "$NS" 'echo before >/data/pre' 'echo after >/data/post' >"$F/backups/$NS.json"
        finished "$F/backups/$NS" Completed
        assert_equal '{"hooksAttempted":2}' "$(hook_status "$NS")"
        assert_equal 'before after' "$(in_pod eu-1 "$NS" app 'cat /data/pre /data/post' | paste -sd' ')"

        # What the backup has in it is the pod's volume between the two.
        delete_namespace eu-1 "$NS"
        printf 'backupName: %s\ndestination: {clusters: [{name: eu-1}]}\n' "$NS" >"$F/restores/$NS.yaml"
        finished "$F/restores/$NS" Completed
        eventually "$POD_SECONDS" pod_running eu-1 "$NS" app
        assert_equal before "$(in_pod eu-1 "$NS" app 'cat /data/pre')"
        refute in_pod eu-1 "$NS" app 'test -e /data/post'
}

@test "a pre hook that fails, with onError Fail: PartiallyFailed there, and the status says that a hook failed" {
        mount_ready
        namespace_new eu-1 "$NS"
        namespace_new us-1 "$NS"
        pod_start eu-1 "$NS" app '{"emptyDir": {}}'
        with_hooks "$NS" 'echo no >&2; exit 3' 'true' >"$F/backups/$NS.json"
        finished "$F/backups/$NS" PartiallyFailed
        assert_equal PartiallyFailed "$(run_file "$NS" eu-1 phase)"
        assert_equal Completed "$(run_file "$NS" us-1 phase)"
        assert_match '"hooksFailed":1' "$(hook_status "$NS")"
        assert_match '^state: +PartiallyFailed' "$(head -1 "$F/backups/$NS/status.txt")"
        assert_match 'eu-1: .*hooks? failed' "$(tr -s ' \n' ' ' <"$F/backups/$NS/status.txt")"
        assert_match 'hooks? failed' "$(cat "$F/backups/$NS/error.txt")"
        assert_match '^[1-9]' "$(run_file "$NS" eu-1 errors)"
}

@test "hooks in the annotations of a pod run for a Kurator policy, too" {
        mount_ready
        namespace_new eu-1 "$NS"
        pod_start eu-1 "$NS" app '{"emptyDir": {}}' \
                '{"pre.hook.backup.velero.io/container": "app",
                  "pre.hook.backup.velero.io/command": "[\"/bin/sh\", \"-c\", \"echo quiet >/data/pre\"]"}'
        policy_of "$NS" eu-1 >"$F/backups/$NS.yaml"
        finished "$F/backups/$NS" Completed
        assert_equal quiet "$(in_pod eu-1 "$NS" app 'cat /data/pre')"
        assert_equal '{"hooksAttempted":1}' "$(hook_status "$NS")"
}
