# SPDX-License-Identifier: Apache-2.0
# What a kubeconfig may say, as kubectl takes it: who we are, how to get there, and what a change of it does to a
# mount. Everything here asks the server: a cluster is Ready when it let us in that way and in no other.

load ../support/scenario

setup_file()
{
        scenario_setup_file 3
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        # What kubectl's commands would write.
        CA=$(base64 -w0 "$ENGINE_DIR/ca.crt")
        export CA
}

setup()
{
        scenario_setup
        [[ -z ${SCENARIO_SKIP:-} ]] || return 0
        sim_only 'other ways to sign in'
        sim_ctl all fault off >/dev/null
        sim_ctl all auth as >/dev/null
        sim_ctl all auth cert >/dev/null
        KC=$TEST_DIR/kubeconfig
}

teardown()
{
        [[ ! -e $TEST_DIR/proxy.pid ]] || proc_stop "$TEST_DIR/proxy.pid"
        scenario_teardown
}

# mount_kubeconfig NAME=VALUE... [OPTION...]: the daemon as it starts where nothing is configured: the fleet is
# `default`, its clusters the contexts. $F is it.
mount_kubeconfig()
{
        local pidfile=$TEST_DIR/run/mnt.pid log=$TEST_DIR/run/mnt.log env=()
        while [[ ${1:-} == [A-Z]*=* ]]; do env+=("$1"); shift; done
        MNT=$TEST_DIR/mnt
        F=$MNT/default
        mkdir -p "$MNT"
        proc_spawn "$pidfile" "$log" env -u KUBECONFIG -u NOTIFY_SOCKET HOME="$TEST_DIR/home" \
                XDG_STATE_HOME="$TEST_DIR/state" XDG_CONFIG_HOME="$TEST_DIR/config" XDG_CACHE_HOME="$TEST_DIR/cache" \
                XDG_RUNTIME_DIR="$TEST_DIR/run" "${env[@]}" "$FLEETFS" -f "$@" "$MNT"
        proc_await "$pidfile" "$log" "$MOUNT_SECONDS" is_mounted "$MNT" || return 1
        proc_await "$pidfile" "$log" "$MOUNT_SECONDS" timeout 2 test -d "$F"
}

# kubeconfig CLUSTER [USER-LINE...] -- [CLUSTER-LINE...]: prints one context, of the cluster's name.
kubeconfig()
{
        local name=$1
        shift
        printf 'apiVersion: v1\nkind: Config\ncurrent-context: %s\n' "$name"
        printf 'users:\n- name: u\n  user:\n'
        printf '    anything: ignored\n'
        while [[ $# -gt 0 && $1 != -- ]]; do printf '    %s\n' "$1"; shift; done
        shift || true
        printf 'clusters:\n- name: c\n  cluster:\n    server: %s\n' "${SERVER:-$(cluster_url "$name")}"
        [[ " $* " == *insecure-skip-tls-verify* ]] || printf '    certificate-authority-data: %s\n' "$CA"
        while [[ $# -gt 0 ]]; do printf '    %s\n' "$1"; shift; done
        printf 'contexts:\n- name: %s\n  context: {cluster: c, user: u}\n' "$name"
}

by_cert() { printf '%s\n' "client-certificate: $ENGINE_DIR/admin.crt" "client-key: $ENGINE_DIR/admin.key"; }

phase_of() { cat "$F/clusters/$1/phase"; }
becomes() { eventually_equal "${3:-20}" "$2" phase_of "$1" || assert_fail "$(cat "$F/clusters/$1/error.txt" 2>&1)"; }
# broken CLUSTER CODE TEXT REMEDY: it is not Ready, and says why and what to do.
broken()
{
        eventually "${5:-20}" grep -qF "$2" "$F/clusters/$1/error.txt"
        refute grep -qx Ready "$F/clusters/$1/phase"
        local text
        text=$(unwrapped "$F/clusters/$1/error.txt")
        assert_match "^$2[0-9]* $1: [^:]+ since 20[^ ]+Z(, [^,]+)?: .*$3" "${text%%$'\n'*}" 'code, since and sentence'
        [[ $text == *$'\nremedy: '* && $text == *"$4"* ]] || assert_fail "no remedy with \"$4\":" "$text"
}

# shown_nowhere USER PASSWORD: neither as it is written nor as the header has it.
shown_nowhere()
{
        local at=("$F/clusters/eu-1" "$TEST_DIR/run/mnt.log")
        # What is looked through is there, and can be read.
        grep -rqF eu-1 "${at[0]}" && [[ -s ${at[1]} ]] || assert_fail "nothing to look through: ${at[*]}" || return 1
        run grep -rF -e "$2" -e "$(printf '%s:%s' "$1" "$2" | base64 -w0)" "${at[@]}"
        assert_equal 1 "$status" "grep's status for a password: $output"
}

# acts CLUSTER NAME: new requests are let in, not only watches that are open.
acts()
{
        printf 'policy: {resourceFilter: {includedNamespaces: [default]}}\n' >"$F/backups/$2.yaml"
        eventually_equal "${3:-30}" Completed cat "$F/backups/$2/runs/latest/clusters/$1/phase"
}

# plugin VERSION: makes an exec plugin that gives out the token in $TEST_DIR/token, valid until $TEST_DIR/expiry
# where that exists, and counts its runs in $TEST_DIR/ran. Prints the lines of the user.
plugin()
{
        cat >"$TEST_DIR/plugin" <<SH
#!/bin/bash
echo ran >>"$TEST_DIR/ran"
printf '%s\n' "\$KUBERNETES_EXEC_INFO" >"$TEST_DIR/info"
[[ ! -e "$TEST_DIR/hang" ]] || exec sleep 600
[[ ! -e "$TEST_DIR/fail" ]] || { echo 'sign-in expired: run corp-login' >&2; exit 3; }
expiry=
[[ ! -e "$TEST_DIR/expiry" ]] || expiry=", \"expirationTimestamp\": \"\$(date -u -d "+\$(cat "$TEST_DIR/expiry") seconds" +%FT%TZ)\""
printf '{"apiVersion": "%s", "kind": "ExecCredential", "status": {"token": "%s"%s}}\n' \
        "\$(jq -r .apiVersion <<<"\$KUBERNETES_EXEC_INFO")" "\$(cat "$TEST_DIR/token")" "\$expiry"
SH
        chmod +x "$TEST_DIR/plugin"
        printf '%s\n' 'exec:' "  apiVersion: client.authentication.k8s.io/$1" "  command: $TEST_DIR/plugin" \
                "  interactiveMode: ${2:-IfAvailable}" '  installHint: get it from the intranet'
}
ran() { cat "$TEST_DIR/ran" 2>/dev/null | wc -l; }
ran_at_least() { (( $(ran) >= $1 )); }

lines() { mapfile -t LINES_OF < <("$@"); }

@test "an exec plugin, v1 and v1beta1, gives the token; it is told of the cluster when that is asked for" {
        local version
        sim_ctl eu-1 auth token first
        for version in v1 v1beta1; do
                echo first >"$TEST_DIR/token"
                rm -f "$TEST_DIR/ran"
                lines plugin "$version"
                kubeconfig eu-1 "${LINES_OF[@]}" '  provideClusterInfo: true' -- >"$KC"
                mount_kubeconfig --kubeconfig "$KC"
                becomes eu-1 Ready
                assert_equal 1 "$(ran)" 'runs of the plugin'
                assert_equal "client.authentication.k8s.io/$version $(cluster_url eu-1) false" \
                        "$(jq -r '"\(.apiVersion) \(.spec.cluster.server) \(.spec.interactive)"' "$TEST_DIR/info")"
                umount_fleet
        done
}

@test "an exec plugin's token that expires is renewed; one that the server refuses too" {
        sim_ctl eu-1 auth token first
        echo first >"$TEST_DIR/token"
        echo 3 >"$TEST_DIR/expiry"
        lines plugin v1
        kubeconfig eu-1 "${LINES_OF[@]}" -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        assert_equal 1 "$(ran)" 'runs of the plugin'
        sleep 4
        acts eu-1 expires
        ran_at_least 2
        # Revoked long before its time.
        rm "$TEST_DIR/expiry"
        acts eu-1 renewed
        echo second >"$TEST_DIR/token"
        sim_ctl eu-1 auth token second
        acts eu-1 revoked
        assert_equal Ready "$(phase_of eu-1)"
}

@test "an exec plugin that fails, hangs, is not there or needs a terminal: in words, and the others go on" {
        sim_ctl eu-1 auth token first
        echo first >"$TEST_DIR/token"
        touch "$TEST_DIR/fail"
        lines plugin v1
        kubeconfig eu-1 "${LINES_OF[@]}" -- >"$KC"
        lines by_cert
        kubeconfig us-1 "${LINES_OF[@]}" -- | sed 's/\bname: c$/name: c2/; s/\bname: u$/name: u2/; s/cluster: c, user: u/cluster: c2, user: u2/' >"$KC.us"
        lines plugin v1beta1 Always
        kubeconfig ap-1 "${LINES_OF[@]}" -- | sed 's/\bname: c$/name: c3/; s/\bname: u$/name: u3/; s/cluster: c, user: u/cluster: c3, user: u3/' >"$KC.ap"
        mount_kubeconfig KUBECONFIG="$KC:$KC.us:$KC.ap"
        becomes us-1 Ready
        broken eu-1 FLT-0117 'sign-in expired: run corp-login' 'remedy'
        broken ap-1 FLT-0117 'interactiveMode: Always' 'IfAvailable'
        # It is asked again by itself.
        rm "$TEST_DIR/fail"
        becomes eu-1 Ready 60
        rm "$TEST_DIR/ran"
        umount_fleet

        touch "$TEST_DIR/hang"
        mount_kubeconfig KUBECONFIG="$KC:$KC.us:$KC.ap"
        becomes us-1 Ready
        eventually 10 ran_at_least 1
        timeout 1 cat "$F/status.txt" "$F/clusters/eu-1/status.txt" >/dev/null
        # A plugin does not outlive the daemon.
        umount_fleet
        refute pgrep -f "$TEST_DIR/plugin"
        rm "$TEST_DIR/hang"

        sed -i "s|command: .*|command: $TEST_DIR/nothing|" "$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-0117 "$TEST_DIR/nothing" 'get it from the intranet'
}

@test "an exec plugin that hangs is killed at its deadline" {
        slow 'a minute'
        sim_ctl eu-1 auth token first
        echo first >"$TEST_DIR/token"
        touch "$TEST_DIR/hang"
        lines plugin v1
        kubeconfig eu-1 "${LINES_OF[@]}" -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-0117 'within' 'remedy' 80
        rm "$TEST_DIR/hang"
        becomes eu-1 Ready 60
}

@test "tokenFile: read again when it changes and when the server refuses; white space does not matter" {
        sim_ctl eu-1 auth token first
        printf '\n first \n' >"$TEST_DIR/token"
        # Relative paths count from the file that names them.
        kubeconfig eu-1 'tokenFile: token' -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        acts eu-1 token-1
        # Rotated as kubelets do it: a rename.
        echo second >"$TEST_DIR/token.new"
        mv "$TEST_DIR/token.new" "$TEST_DIR/token"
        sim_ctl eu-1 auth token second
        acts eu-1 token-2
        # First the server, then the file.
        sim_ctl eu-1 auth token third
        echo third >"$TEST_DIR/token"
        acts eu-1 token-3
        assert_equal Ready "$(phase_of eu-1)"
}

@test "a token, a name with a password, a certificate as data: the ways to sign in that do not change" {
        sim_ctl eu-1 auth token given
        kubeconfig eu-1 'token: given' -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        umount_fleet

        sim_ctl eu-1 auth basic jane 'pass:word'
        kubeconfig eu-1 'username: jane' 'password: "pass:word"' -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        # What stands there is shown nowhere.
        shown_nowhere jane 'pass:word'
        umount_fleet

        sim_ctl eu-1 auth cert
        kubeconfig eu-1 "client-certificate-data: $(base64 -w0 "$ENGINE_DIR/admin.crt")" \
                "client-key-data: $(base64 -w0 "$ENGINE_DIR/admin.key")" -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        umount_fleet

        kubeconfig eu-1 'token: wrong' -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-0102 'Unauthorized' 'kubeconfig'
}

@test "impersonation: who we say we are arrives, each request of it" {
        sim_ctl eu-1 auth as 'Impersonate-User: jane' 'Impersonate-Uid: 42' 'Impersonate-Group: ops' 'Impersonate-Group: dev' \
                'Impersonate-Extra-scopes: view' 'Impersonate-Extra-example.org%2Freason: tests'
        lines by_cert
        kubeconfig eu-1 "${LINES_OF[@]}" -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-0103 'only as another one' 'permission'
        umount_fleet
        kubeconfig eu-1 "${LINES_OF[@]}" 'as: jane' 'as-uid: "42"' 'as-groups: [ops, dev]' \
                'as-user-extra: {scopes: [view], example.org/reason: [tests]}' -- >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        acts eu-1 as-jane
}

# proxy [USER:PASSWORD]: starts one; $PROXY is its address, without a name.
proxy()
{
        mkdir -p "$TEST_DIR/proxy"
        proc_spawn "$TEST_DIR/proxy.pid" "$TEST_DIR/proxy.log" python3 "$SUPPORT_DIR/connect_proxy.py" "$TEST_DIR/proxy" "$@"
        proc_await "$TEST_DIR/proxy.pid" "$TEST_DIR/proxy.log" 10 test -e "$TEST_DIR/proxy/port"
        PROXY=127.0.0.1:$(cat "$TEST_DIR/proxy/port")
}

@test "proxy-url: the way to the cluster, and no other; what the proxy refuses is told" {
        local target
        target=$(cluster_url eu-1)
        target=${target#https://}
        proxy jane:secret-word
        lines by_cert
        kubeconfig eu-1 "${LINES_OF[@]}" -- "proxy-url: http://jane:secret-word@$PROXY" >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        assert_equal "200 $target" "$(sort -u "$TEST_DIR/proxy/log")" 'what the proxy was asked for'
        # One connection for all of it.
        assert_equal 1 "$(wc -l <"$TEST_DIR/proxy/log")" 'connections'
        acts eu-1 proxied
        umount_fleet

        touch "$TEST_DIR/proxy/refuse"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-01 'proxy' 'remedy'
        assert_file_contains "$F/clusters/eu-1/error.txt" 403
        shown_nowhere jane secret-word
        rm "$TEST_DIR/proxy/refuse"
        becomes eu-1 Ready 60
        umount_fleet

        sed -i 's/jane:secret-word@/jane:other-word@/' "$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-01 407 'remedy'
}

@test "tls-server-name, and none: the certificate is of the name given; insecure takes any" {
        lines by_cert
        # The servers' certificate is for 127.0.0.1 and localhost.
        kubeconfig eu-1 "${LINES_OF[@]}" -- 'tls-server-name: localhost' >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        umount_fleet
        kubeconfig eu-1 "${LINES_OF[@]}" -- 'tls-server-name: elsewhere.example' >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        broken eu-1 FLT-0104 'certificate' 'kubeconfig'
        umount_fleet
        kubeconfig eu-1 "${LINES_OF[@]}" -- 'insecure-skip-tls-verify: true' >"$KC"
        sim_ctl eu-1 fault wrong-ca
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
}

@test "several files in KUBECONFIG: merged as kubectl does, relative paths from each file's own folder" {
        mkdir "$TEST_DIR"/{a,b}
        cp "$ENGINE_DIR/admin.crt" "$ENGINE_DIR/admin.key" "$TEST_DIR/a/"
        cp "$ENGINE_DIR/ca.crt" "$TEST_DIR/b/"
        # The user in one, the clusters in another, and a second definition of it that comes too late.
        cat >"$TEST_DIR/a/config" <<YAML
apiVersion: v1
kind: Config
users:
- name: admin
  user: {client-certificate: admin.crt, client-key: ./admin.key}
contexts:
- name: corp/eu-1
  context: {cluster: eu, user: admin}
YAML
        cat >"$TEST_DIR/b/config" <<YAML
apiVersion: v1
kind: Config
users:
- name: admin
  user: {token: too-late}
clusters:
- name: eu
  cluster: {server: "$(cluster_url eu-1)", certificate-authority: ca.crt}
- name: us
  cluster: {server: "$(cluster_url us-1)", certificate-authority: ../b/ca.crt}
contexts:
- name: corp/eu-1
  context: {cluster: us, user: nobody}
- name: US 1
  context: {cluster: us, user: admin}
- name: half
  context: {cluster: nowhere, user: admin}
YAML
        cd "$TEST_DIR"
        mount_kubeconfig KUBECONFIG="a/config:$TEST_DIR/missing:$TEST_DIR/b/config"
        cd /
        becomes eu-1 Ready
        becomes us-1 Ready
        assert_equal 'corp/eu-1' "$(cat "$F/clusters/eu-1/context")"
        assert_equal 'US 1' "$(cat "$F/clusters/us-1/context")"
        broken half FLT-0107 'nowhere' 'kubeconfig'
}

@test "in a cluster: the service account, its token rotates" {
        [[ $(id -u) == 0 ]] || skip 'the place of the service account is fixed: it takes a mount namespace'
        command -v unshare >/dev/null || skip 'no unshare'
        local sa=$TEST_DIR/sa url port pid pidfile=$TEST_DIR/run/mnt.pid log=$TEST_DIR/run/mnt.log
        mkdir -p "$sa/kubernetes.io/serviceaccount" "$TEST_DIR/mnt"
        cp "$ENGINE_DIR/ca.crt" "$sa/kubernetes.io/serviceaccount/ca.crt"
        printf 'pod-1' >"$sa/kubernetes.io/serviceaccount/token"
        printf 'velero' >"$sa/kubernetes.io/serviceaccount/namespace"
        sim_ctl eu-1 auth token pod-1
        url=$(cluster_url eu-1)
        port=${url##*:}
        # shellcheck disable=SC2016 # by the inner shell
        proc_spawn "$pidfile" "$log" env -u KUBECONFIG HOME="$TEST_DIR/home" XDG_STATE_HOME="$TEST_DIR/state" \
                XDG_CONFIG_HOME="$TEST_DIR/config" KUBERNETES_SERVICE_HOST=127.0.0.1 KUBERNETES_SERVICE_PORT="$port" \
                unshare -m bash -c 'mount -t tmpfs none /run && mkdir -p /run/secrets && mount --bind "$1" /run/secrets &&
                        exec "$2" -f "$3"' _ "$sa" "$FLEETFS" "$TEST_DIR/mnt"
        # The mount is in that namespace only.
        pid=$(proc_pid "$pidfile")
        MNT=/proc/$pid/root$TEST_DIR/mnt
        F=$MNT/default
        proc_await "$pidfile" "$log" "$MOUNT_SECONDS" test -d "$F/clusters/in-cluster"
        becomes in-cluster Ready
        printf 'pod-2' >"$sa/kubernetes.io/serviceaccount/token"
        sim_ctl eu-1 auth token pod-2
        acts in-cluster in-cluster
}

# contexts CLUSTER...: a kubeconfig of these.
contexts()
{
        local name
        printf 'apiVersion: v1\nkind: Config\nusers:\n- name: u\n  user: {client-certificate: %s, client-key: %s}\nclusters:\n' \
                "$ENGINE_DIR/admin.crt" "$ENGINE_DIR/admin.key"
        for name; do
                printf -- '- name: %s\n  cluster: {server: "%s", certificate-authority-data: %s}\n' "$name" "$(cluster_url "$name")" "$CA"
        done
        printf 'contexts:\n'
        for name; do printf -- '- name: %s\n  context: {cluster: %s, user: u}\n' "$name" "$name"; done
}

@test "the kubeconfig changes: clusters come, change and go without a remount" {
        contexts eu-1 us-1 >"$KC"
        mount_kubeconfig --kubeconfig "$KC"
        becomes eu-1 Ready
        becomes us-1 Ready
        refute_exists "$F/clusters/ap-1"
        # Added, as kubectl writes: beside it, then renamed.
        contexts eu-1 us-1 ap-1 >"$KC.lock"
        mv "$KC.lock" "$KC"
        eventually 10 assert_exists "$F/clusters/ap-1"
        becomes ap-1 Ready
        # Changed, in place: nothing of us-1 is as it was.
        contexts eu-1 us-1 ap-1 | sed "s|$(cluster_url us-1)|https://127.0.0.1:9|" >"$KC"
        broken us-1 FLT-0101 'refused' 'network'
        assert_equal ReadyReady "$(phase_of eu-1)$(phase_of ap-1)"
        contexts eu-1 us-1 ap-1 >"$KC"
        becomes us-1 Ready
        # Torn, and gone for a moment: what was known stays.
        head -c 200 "$KC" >"$KC.torn"
        contexts eu-1 us-1 ap-1 >"$KC.good"
        cp "$KC.torn" "$KC"
        sleep 1
        assert_equal ReadyReadyReady "$(phase_of eu-1)$(phase_of us-1)$(phase_of ap-1)" 'while it is torn'
        rm "$KC"
        sleep 1
        assert_equal ReadyReadyReady "$(phase_of eu-1)$(phase_of us-1)$(phase_of ap-1)" 'while it is gone'
        # Removed: forgotten here, untouched there.
        acts ap-1 before-it-left
        contexts eu-1 us-1 >"$KC.new"
        mv "$KC.new" "$KC"
        eventually 40 refute_exists "$F/clusters/ap-1"
        assert_equal 1 "$(count_objects ap-1 backups fleetfs.dev/name=before-it-left)" 'its backup'
        assert_equal ReadyReady "$(phase_of eu-1)$(phase_of us-1)"
}
