#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The parts of the documentation that are made of the product's tables, and what else must be true of it.
#
#   docs.sh ROOT TABLES            tells what is out of date, or wrong (TABLES: the program of tests/docs/tables.c)
#   docs.sh --update ROOT TABLES   writes the parts anew
#
# A part of a manual page stands between the lines
#       .\" BEGIN tables PART
#       .\" END tables
set -u
update=''
[[ ${1:-} != --update ]] || { update=1; shift; }
root=${1:?the root of the sources} tables=${2:?the program of tests/docs/tables.c}
[[ $tables == /* ]] || tables=$PWD/$tables
cd "$root" || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
bad=0

complain() { printf '%s\n' "$@"; bad=1; }

# part NAME: prints what the tables say; it must be something.
part()
{
        [[ -s $work/$1 ]] || "$tables" "$1" >"$work/$1" || exit 2
        [[ -s $work/$1 ]] || { echo "docs: $tables $1 prints nothing" >&2; exit 2; }
        cat "$work/$1"
}

# with_parts FILE: prints it with its parts as the tables have them now.
with_parts()
{
        local line inside=''
        while IFS= read -r line; do
                if [[ $line == '.\" END tables' ]]; then inside=''; fi
                [[ -n $inside ]] || printf '%s\n' "$line"
                if [[ $line =~ ^'.\" BEGIN tables '([a-z-]+)$ ]]; then
                        inside=1
                        part "${BASH_REMATCH[1]}" || exit 2
                fi
        done <"$1"
}

# compare FILE NEW
compare()
{
        if [[ -n $update ]]; then
                cmp -s "$1" "$2" || cp "$2" "$1"
        elif ! cmp -s "$1" "$2"; then
                complain "$1 is out of date; ninja docs-update writes it anew:" "$(diff -u "$1" "$2" | head -n 40)"
        fi
}

part errors-md >"$work/errors.md"
compare docs/errors.md "$work/errors.md"
for page in docs/fleetfs.1 docs/fleetfs-tree.7; do
        with_parts "$page" >"$work/page" || exit 2
        compare "$page" "$work/page"
done
[[ -z $update ]] || exit 0

# Each page has its parts: the marks are there.
require() { grep -qxF ".\\\" BEGIN tables $2" "$1" || complain "$1 has no part \"$2\""; }
require docs/fleetfs.1 options
for p in tree templates phases verbs errors; do require docs/fleetfs-tree.7 "$p"; done

# The pages are without an error that groff knows, and no line is lost in an unknown macro.
if command -v groff >/dev/null; then
        for page in docs/*.[1-8]; do
                out=$(groff -k -ww -mandoc -Tutf8 "$page" 2>&1 >/dev/null) || complain "$page: groff fails"
                [[ -z $out ]] || complain "$page:" "$out"
        done
fi

# Links between the documents lead somewhere.
while IFS=: read -r file link; do
        link=${link#*](}
        link=${link%)*}
        link=${link%%#*}
        [[ -z $link || $link == *://* || -e $(dirname "$file")/$link ]] || complain "$file: there is no $link"
done < <(grep -oHE '\]\([^)]+\)' README.md docs/*.md)

# Names of the sources that the documents speak of are in the sources: `foo_bar()` and paths of files.
for doc in README.md docs/*.md; do
        while read -r name; do
                grep -qrE "\b${name%()}\b" --include='*.[ch]' base k8s velero ops fs mountd ||
                        complain "$doc: there is no $name"
        done < <(grep -oE '\b[a-z][a-z0-9]*(_[a-z0-9]+)+\(\)' "$doc" | sort -u)
        while read -r name; do
                compgen -G "$name" >/dev/null || complain "$doc: there is no $name"
        done < <(grep -oE '`(base|k8s|velero|ops|fs|mountd|tests|docs)/[A-Za-z0-9_./*-]+`' "$doc" | tr -d '`' | sort -u)
done

[[ $bad -eq 0 ]] && echo 'docs: up to date with the tables'
exit $bad
