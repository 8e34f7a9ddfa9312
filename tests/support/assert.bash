# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What a scenario claims. Each verb is silent when the claim holds; else it says on standard error what
# was expected and what was found, and returns 1. None of them may follow `!`: bats does not see that
# failure. Sourced, not run.

# assert_fail TEXT...: fails with this text.
assert_fail() { printf '%s\n' "$@" >&2; return 1; }

# assert_equal EXPECTED FOUND [WHAT]
assert_equal()
{
        [[ $2 == "$1" ]] || assert_fail "${3:-value}:" "  expected: $1" "  found:    $2"
}

# assert_match REGEX FOUND [WHAT]: a POSIX extended regular expression.
assert_match()
{
        [[ $2 =~ $1 ]] || assert_fail "${3:-value}:" "  expected to match: $1" "  found: $2"
}

# assert_file_contains FILE TEXT: as it is written, no pattern.
assert_file_contains()
{
        local content
        content=$(cat -- "$1") || return 1
        [[ $content == *"$2"* ]] || assert_fail "$1 does not contain: $2" "its content:" "$content"
}

# refute_file_contains FILE TEXT: the file must be readable.
refute_file_contains()
{
        local content
        content=$(cat -- "$1") || return 1
        [[ $content != *"$2"* ]] || assert_fail "$1 contains: $2" "its content:" "$content"
}

# unwrapped FILE: prints a status.txt or error.txt with each of its wrapped lines as one.
unwrapped()
{
        awk '/^        [^ ]/ { sub(/^ +/, " "); printf "%s", $0; next }
             NR > 1 { print "" } { printf "%s", $0 } END { print "" }' "$1"
}

# assert_exists PATH...: a dangling symlink exists.
assert_exists()
{
        local path
        for path; do
                [[ -e $path || -L $path ]] || assert_fail "$path does not exist; beside it: $(ls -A "$(dirname "$path")" 2>&1)" || return 1
        done
}

# refute_exists PATH...
refute_exists()
{
        local path
        for path; do
                [[ ! -e $path && ! -L $path ]] || assert_fail "$path exists" || return 1
        done
}

# refute COMMAND...: it must fail.
refute()
{
        local output
        if output=$("$@" 2>&1); then
                assert_fail "succeeds, and must not: $*" "$output"
        fi
}

# assert_fails_with TEXT COMMAND...: it must fail, and say TEXT (in either stream).
assert_fails_with()
{
        local text=$1 output
        shift
        if output=$("$@" 2>&1); then
                assert_fail "succeeds, and must fail with \"$text\": $*" "$output"
                return 1
        fi
        [[ $output == *"$text"* ]] || assert_fail "$*" "  is to fail with: $text" "  fails with:      $output"
}

# PATIENCE: seconds that everything below which waits for something is given besides, for an engine that pauses. What has to
# be prompt is shown where it is 0.

# eventually SECONDS COMMAND...: runs it until it succeeds. In a subshell: what it sets is lost.
eventually()
{
        local seconds=$(($1 + ${PATIENCE:-0})) output
        local end=$((SECONDS + seconds))
        shift
        until output=$("$@" 2>&1); do
                if (( SECONDS > end )); then
                        assert_fail "not true within $seconds s: $*" "its last output:" "$output"
                        return 1
                fi
                sleep 0.1
        done
}

# eventually_equal SECONDS EXPECTED COMMAND...: runs it until it prints EXPECTED.
eventually_equal()
{
        local seconds=$(($1 + ${PATIENCE:-0})) expected=$2 output
        local end=$((SECONDS + seconds))
        shift 2
        until output=$("$@" 2>&1); [[ $output == "$expected" ]]; do
                if (( SECONDS > end )); then
                        assert_fail "not equal within $seconds s: $*" "  expected: $expected" "  found:    $output"
                        return 1
                fi
                sleep 0.1
        done
}

# always SECONDS COMMAND...: it must succeed all that time. For what must not happen by itself.
always()
{
        local end=$((SECONDS + $1)) output
        shift
        while (( SECONDS <= end )); do
                output=$("$@" 2>&1) || assert_fail "ceases to be true: $*" "$output" || return 1
                sleep 0.2
        done
}

# always_equal SECONDS EXPECTED COMMAND...: it must print EXPECTED all that time.
always_equal()
{
        local end=$((SECONDS + $1)) expected=$2 output
        shift 2
        while (( SECONDS <= end )); do
                output=$("$@" 2>&1) || true
                assert_equal "$expected" "$output" "ceases to be equal: $*" || return 1
                sleep 0.2
        done
}

# json PATH JQ: prints what the filter finds in the file, unquoted; fails when the file is no JSON.
json() { jq -r "$2" "$1"; }
