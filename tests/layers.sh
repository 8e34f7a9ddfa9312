#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A folder may include those before it, never after; third-party headers stay behind their fences. Prints what does not.
set -u
cd "${1:?the root of the sources}" || exit 2
layers=(base k8s velero ops fs mountd)
bad=0

complain() { printf '%s\n' "$@"; bad=1; }

for i in "${!layers[@]}"; do
        for above in "${layers[@]:i+1}"; do
                found=$(grep -n "#include \"$above/" "${layers[i]}"/*.[ch]) && complain "upward include:" "$found"
        done
done

# fence PATTERN ALLOWED-FILES-REGEX
fence()
{
        local found
        found=$(grep -nE "#include <$1" base/*.[ch] k8s/*.[ch] velero/*.[ch] ops/*.[ch] fs/*.[ch] mountd/*.[ch] |
                grep -vE "^($2):") && complain "<$1…> outside of its fence ($2):" "$found"
}
fence 'fuse' 'fs/[^:]*'
fence 'curl/' 'base/(http|loop)[^:]*'
fence 'yaml\.h' 'base/yaml[^:]*'

# Every folder links only those below; a file below tests/ is nobody's dependency.
found=$(grep -nE '#include "tests/' base/*.[ch] k8s/*.[ch] velero/*.[ch] ops/*.[ch] fs/*.[ch] mountd/*.[ch]) &&
        complain "the product includes a test:" "$found"

[[ $bad -eq 0 ]] && printf 'layers: all includes go downward\n'
exit $bad
