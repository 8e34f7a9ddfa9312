#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs into an empty folder and looks whether all of it is there, and nothing else.
#
#   install.sh BUILD PREFIX     BUILD is built; PREFIX is where meson was told to install
set -u
build=${1:?the build folder} prefix=${2:?the prefix}
dest=$(mktemp -d) || exit 2
trap 'rm -rf --one-file-system "$dest"' EXIT

expected="bin/fleetfs
share/man/man1/fleetfs.1
share/man/man7/fleetfs-tree.7"

out=$(DESTDIR=$dest meson install --no-rebuild -C "$build" 2>&1) || { printf '%s\n' "$out"; exit 1; }
found=$(cd "$dest$prefix" && find . -type f -printf '%P\n' | sort)
if [[ $found != "$expected" ]]; then
        printf 'installed is not what is expected:\n'
        diff <(printf '%s\n' "$expected") <(printf '%s\n' "$found")
        exit 1
fi
# It runs from there.
"$dest$prefix/bin/fleetfs" --version || exit 1
printf 'install: all is there\n'
