# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What fleetfs is built and tested with, all of it from Debian bookworm. Sourced by check and demo.

# By purpose, so that a reader knows why a package is there.
PACKAGES_BUILD="gcc meson ninja-build pkg-config fuse3 libfuse3-dev libcurl4-openssl-dev libjansson-dev libyaml-dev
        libssl-dev zlib1g-dev uthash-dev libnghttp2-dev libcmocka-dev"
PACKAGES_TEST="bats jq curl openssl git rsync vim attr inotify-tools libglib2.0-bin busybox-static python3 procps psmisc"
PACKAGES_FUZZ="clang libclang-rt-14-dev llvm"
PACKAGES_FORMAT="clang-format"
PACKAGES_DOC="man-db"

# install_packages PACKAGE…: says what is missing, then installs it.
install_packages()
{
        local missing=() p sudo=''
        for p in "$@"; do
                [[ $(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null) == installed ]] || missing+=("$p")
        done
        [[ ${#missing[@]} -gt 0 ]] || return 0
        printf 'Installing from Debian: %s\n' "${missing[*]}"
        if [[ $(id -u) -ne 0 ]]; then
                sudo=sudo
                command -v sudo >/dev/null || {
                        printf 'Not root and no sudo: install them, then call this again.\n' >&2
                        return 1
                }
        fi
        $sudo apt-get update -qq </dev/null || return 1
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null >/dev/null
}

# build_tree DIR [MESON-OPTION…]: configures once, then builds.
build_tree()
{
        local dir=$1
        shift
        [[ -e $dir/build.ninja ]] || meson setup "$dir" "$ROOT" "$@" </dev/null || return 1
        ninja -C "$dir" </dev/null
}
