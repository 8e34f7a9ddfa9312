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
                complain "$1 is out of date; ninja -C build docs-update writes it anew:" "$(diff -u "$1" "$2" | head -n 40)"
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
require docs/fleetfs.1 mount-options
for p in tree templates phases verbs errors; do require docs/fleetfs-tree.7 "$p"; done

# They are of this version, and say so in place of a date, which nobody would keep.
version=$(sed -nE "s/^ *version: '([^']+)',$/\1/p" meson.build)
for page in docs/*.[1-8]; do
        grep -qxF ".Os fleetfs $version" "$page" || complain "$page: .Os is not \"fleetfs $version\", as meson.build has it"
        grep -qxF '.Dd \& \& \&' "$page" || complain "$page: .Dd has a date"
done

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

# The product's code without comments; lines keep their indentation, and each its file's name.
code=$work/code
for file in {base,k8s,velero,ops,fs,mountd}/*.[ch]; do
        perl -0pe 's{/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\])*")}{$1 // ""}gse; s/^/'"${file//\//\\/}"':/mg' "$file"
done >"$code"

# What judges the tables, and only tests call.
for_tests='^(node_table_check|notify_rules_check)$'

# A name is used where it stands behind something else: a definition or prototype begins its line.
used() { grep -qE "^[^:]*:(#define |[[:space:]]|[^(]*=).*\b$1\b" "$code"; }

# Names of the sources that the documents speak of are in the sources, and the product uses them: `foo_bar()` and paths of files.
for doc in README.md docs/*.md; do
        while read -r name; do
                if ! grep -qE "\b$name\b" "$code"; then
                        complain "$doc: there is no $name()"
                elif [[ ! $name =~ $for_tests ]] && ! used "$name"; then
                        complain "$doc: the product does not use $name()"
                fi
        done < <(grep -oE '\b[a-z][a-z0-9]*(_[a-z0-9]+)+\(\)' "$doc" | tr -d '()' | sort -u)
        while read -r name; do
                compgen -G "$name" >/dev/null || complain "$doc: there is no $name"
        done < <(grep -oE '`(base|k8s|velero|ops|fs|mountd|tests|docs)/[A-Za-z0-9_./*-]+`' "$doc" | tr -d '`' | sort -u)
done

# Every code that is given has a row, and every row is given: by its code, or by its symbol (health_symbol()).
declare -A symbols
while read -r id symbol; do symbols[$id]=$symbol; done < <(
        sed -nE 's/^ *\{ ([0-9]{3}), [A-Z0-9]+, "([A-Za-z]+)".*/0\1 \2/p' ops/reason.c)
[[ ${#symbols[@]} -gt 60 ]] || complain 'ops/reason.c has no table that this script can read'
grep -v '^ops/reason\.c:' "$code" | grep -oE 'FLT-[0-9]{4}' | sort -u >"$work/given"
sed -n '/^ops\/member\.c:static const char \*health_symbol/,/^ops\/member\.c:}/p' "$code" | grep -oE '"[A-Za-z]+"' >"$work/given-symbols"
while read -r id; do
        [[ -n ${symbols[${id#FLT-}]:-} ]] || complain "$(grep -lE "$id" {base,k8s,velero,ops,fs,mountd}/*.[ch]): $id is not in ops/reason.c"
done <"$work/given"
for id in "${!symbols[@]}"; do
        grep -qx "FLT-$id" "$work/given" || grep -qxF "\"${symbols[$id]}\"" "$work/given-symbols" ||
                complain "ops/reason.c: nothing gives FLT-$id (${symbols[$id]}): use it or drop it"
done

[[ $bad -eq 0 ]] && echo 'docs: up to date with the tables'
exit $bad
