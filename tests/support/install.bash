# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# shellcheck disable=SC2034 # by who sources this
#
# What fleetfs is built and tested with, all of it from Debian bookworm. Sourced by check and demo.

# By purpose, so that a reader knows why a package is there.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config fuse3 libfuse3-dev libcurl4-openssl-dev libjansson-dev libyaml-dev
        libssl-dev zlib1g-dev uthash-dev libnghttp2-dev libcmocka-dev"
PACKAGES_DEMO="jq curl openssl procps"
PACKAGES_TEST="bats jq curl openssl git rsync vim attr inotify-tools libglib2.0-bin busybox-static mc python3 procps psmisc groff-base tzdata"
PACKAGES_NODES="containerd runc containernetworking-plugins iproute2 ca-certificates util-linux"
PACKAGES_FUZZ="clang libclang-rt-14-dev llvm"

# install_packages PACKAGE…: says what is missing, then installs it.
install_packages()
{
        local missing=() p sudo=()
        command -v dpkg-query >/dev/null || {
                printf 'This is no Debian: install what corresponds to: %s\n' "$*" >&2
                return 1
        }
        for p in "$@"; do
                [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
        done
        [[ ${#missing[@]} -gt 0 ]] || return 0
        printf 'Installing from Debian: %s\n' "${missing[*]}"
        if [[ $(id -u) -ne 0 ]]; then
                # Without a terminal nobody can give a password.
                sudo=(sudo)
                [[ -t 1 ]] || sudo+=(-n)
                command -v sudo >/dev/null || {
                        printf 'Not root and no sudo: install them, then call this again.\n' >&2
                        return 1
                }
        fi
        "${sudo[@]}" apt-get update -qq </dev/null &&
                "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
                        "${missing[@]}" </dev/null >/dev/null || {
                printf 'They could not be installed; see above.\n' >&2
                return 1
        }
}

# require_fuse: says what is missing, for whoever is here, to mount something.
require_fuse()
{
        if [[ ! -e /dev/fuse ]]; then
                printf 'There is no /dev/fuse: load the kernel module fuse, or give the container the device.\n' >&2
        elif ! { : <>/dev/fuse; } 2>/dev/null; then
                printf '/dev/fuse cannot be opened by %s: chmod 666 /dev/fuse as root, or give the container the device.\n' \
                        "$(id -un)" >&2
        else
                return 0
        fi
        return 1
}

# Demo and tests build in the same folder: with the same options, so that neither builds anew what the other one has built.
BUILD_OPTIONS=(-Dwerror=true -Dtests=true)

# configure_tree DIR [MESON-OPTION...]: if that was never done, or was done with other options. Tells only of failures.
configure_tree()
{
        local dir=$1 options log status=0
        shift
        options="$ROOT $*"
        log=$(mktemp) || return 1
        if [[ ! -e $dir/build.ninja ]]; then
                # What is left of a configuration that failed would be configured further, with what was wrong.
                rm -rf --one-file-system "$dir/meson-private" "$dir/meson-info"
                meson setup "$dir" "$ROOT" "$@" </dev/null >"$log" 2>&1 || status=1
        elif [[ $(cat "$dir/.configured" 2>/dev/null) != "$options" ]]; then
                meson setup --reconfigure "$dir" "$ROOT" "$@" </dev/null >"$log" 2>&1 || status=1
        fi
        if [[ $status -eq 0 ]]; then
                printf '%s\n' "$options" >"$dir/.configured" || status=1
        else
                tail -n 30 "$log" >&2
        fi
        rm -f "$log"
        return "$status"
}

# make_tree DIR [TARGET...]: builds all, or the targets. On a terminal ninja counts in one line; elsewhere it tells only of
# failures.
make_tree()
{
        local dir=$1
        shift
        if [[ -t 1 ]]; then
                ninja -C "$dir" "$@" </dev/null
        else
                ninja -C "$dir" --quiet "$@" </dev/null > >(grep -vx 'ninja: no work to do.')
        fi
}

# build_tree DIR [TARGET...]: both, as demo and tests have it.
build_tree()
{
        configure_tree "$1" "${BUILD_OPTIONS[@]}" && make_tree "$@"
}

# build_with DIR MESON-OPTION...: all of it, with options of its own.
build_with()
{
        configure_tree "$@" && make_tree "$1"
}
