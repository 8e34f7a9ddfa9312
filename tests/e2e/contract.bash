# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# The engine directory: what a test finds in it, whichever engine made it. Sourced by `engine`; the
# simulator makes the same files.
#
#   kubeconfig                    one context per cluster (eu-1 us-1 ap-1 c4 c5 ...), certificates inline
#   fleet.yaml                    the Fleet `prod` and its AttachedClusters, with labels
#   ca.crt admin.crt admin.key    for HTTPS requests as an administrator of every cluster
#   clusters                      lines "NAME URL"
#   env                           shell assignments: ENGINE=real|sim, and of the object storage, for an
#                                 installation: S3_URL S3_BUCKET S3_ACCESS_KEY S3_SECRET_KEY

# contract_names N: the first N cluster names, one line each.
contract_names()
{
        local i first=(eu-1 us-1 ap-1)
        for ((i = 0; i < $1; i++)); do
                printf '%s\n' "${first[i]:-c$((i + 1))}"
        done
}

# contract_key FILE: makes a private key. Elliptic curves: it takes no time.
contract_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1"; }

# contract_sign DIR PRIVATE NAME SUBJECT EXTENSIONS: makes PRIVATE/NAME.crt for PRIVATE/NAME.key, signed by the CA.
contract_sign()
{
        openssl req -new -key "$2/$3.key" -subj "$4" |
                openssl x509 -req -CA "$1/ca.crt" -CAkey "$2/ca.key" -CAcreateserial -CAserial "$2/ca.srl" -days 3650 \
                        -extfile <(printf '%s\n' "$5") -out "$2/$3.crt"
}

# contract_pki DIR PRIVATE [ADDRESS...]: makes the keys and certificates; the servers' is also for the addresses.
# PRIVATE gets what only the servers need: ca.key, server.{crt,key}, sa.{key,pub}.
contract_pki()
{
        local dir=$1 private=$2 quiet=$2/openssl.log names=IP:127.0.0.1,DNS:localhost address

        for address in "${@:3}"; do
                names+=,IP:$address
        done
        {
                contract_key "$private/ca.key" &&
                openssl req -x509 -new -key "$private/ca.key" -subj /CN=fleetfs-e2e -days 3650 \
                        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
                        -out "$dir/ca.crt" &&
                contract_key "$private/server.key" &&
                contract_sign "$dir" "$private" server /CN=127.0.0.1 \
                        "subjectAltName=$names"$'\nextendedKeyUsage=serverAuth' &&
                contract_key "$private/admin.key" &&
                contract_sign "$dir" "$private" admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth &&
                contract_key "$private/sa.key" &&
                openssl ec -in "$private/sa.key" -pubout -out "$private/sa.pub" &&
                chmod 600 "$private"/*.key &&
                mv "$private/admin.crt" "$private/admin.key" "$dir/"
        } >"$quiet" 2>&1 || { cat "$quiet" >&2; return 1; }
}

# contract_kubeconfig DIR [NAME...]: prints a kubeconfig for the clusters (all those of DIR/clusters).
contract_kubeconfig()
{
        local dir=$1 ca crt key name url current=
        shift
        ca=$(base64 -w0 "$dir/ca.crt") crt=$(base64 -w0 "$dir/admin.crt") key=$(base64 -w0 "$dir/admin.key")

        printf 'apiVersion: v1\nkind: Config\nusers:\n- name: admin\n  user:\n'
        printf '    client-certificate-data: %s\n    client-key-data: %s\n' "$crt" "$key"
        printf 'clusters:\n'
        while read -r name url; do
                [[ $# -eq 0 || " $* " == *" $name "* ]] || continue
                printf -- '- name: %s\n  cluster:\n    server: %s\n    certificate-authority-data: %s\n' "$name" "$url" "$ca"
        done <"$dir/clusters"
        printf 'contexts:\n'
        while read -r name url; do
                [[ $# -eq 0 || " $* " == *" $name "* ]] || continue
                printf -- '- name: %s\n  context: {cluster: %s, user: admin}\n' "$name" "$name"
                current=${current:-$name}
        done <"$dir/clusters"
        printf 'current-context: %s\n' "$current"
}

# contract_fleet DIR: prints the fleet file. The Fleet has no `plugin`: nothing is to be installed.
contract_fleet()
{
        local dir=$1 name region tier env

        printf 'apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: prod\nspec:\n  clusters:\n'
        while read -r name _; do
                printf '  - name: %s\n    kind: AttachedCluster\n' "$name"
        done <"$dir/clusters"
        while read -r name _; do
                # The first two are production; c4, c5, ... are a lab.
                case $name in
                eu-1|us-1) region=${name%-1} tier=production env=prod ;;
                ap-1)      region=ap tier=staging env=test ;;
                *)         region=lab tier=staging env=test ;;
                esac
                cat <<EOF
---
apiVersion: cluster.kurator.dev/v1alpha1
kind: AttachedCluster
metadata:
  name: $name
  labels:
    region: $region
    tier: $tier
    env: $env
spec:
  kubeconfig:
    path: $dir/kubeconfig
    context: $name
EOF
        done <"$dir/clusters"
}
