# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What fleetfs is built and tested with, all of it from Debian bookworm. Sourced by check and demo.

# By purpose, so that a reader knows why a package is there.
PACKAGES_BUILD="gcc libc6-dev meson ninja-build pkg-config fuse3 libfuse3-dev libcurl4-openssl-dev libjansson-dev libyaml-dev
        libssl-dev zlib1g-dev uthash-dev libnghttp2-dev libcmocka-dev"
# shellcheck disable=SC2034 # by who sources this
PACKAGES_DEMO="jq curl openssl procps"
# shellcheck disable=SC2034
PACKAGES_TEST="bats jq curl openssl git rsync vim attr inotify-tools libglib2.0-bin busybox-static python3 procps psmisc groff-base tzdata"
# shellcheck disable=SC2034
PACKAGES_NODES="containerd runc containernetworking-plugins iproute2 ca-certificates util-linux"
# shellcheck disable=SC2034
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

# build_tree DIR [MESON-OPTION…]: configures it if that was never done, or with other options, then builds.
build_tree()
{
        local dir=$1 options
        shift
        options="$PWD $*"
        if [[ ! -e $dir/build.ninja ]]; then
                # What is left of a configuration that failed would be configured further, with what was wrong.
                rm -rf --one-file-system "$dir/meson-private" "$dir/meson-info"
                meson setup "$dir" "$ROOT" "$@" </dev/null || return 1
        elif [[ $(cat "$dir/.configured" 2>/dev/null) != "$options" ]]; then
                meson setup --reconfigure "$dir" "$ROOT" "$@" </dev/null || return 1
        fi
        printf '%s\n' "$options" >"$dir/.configured"
        ninja -C "$dir" </dev/null
}
