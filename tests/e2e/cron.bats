#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
#
# Cron against Velero's own library: the same 10,000 generated expressions and times, the same answers,
# refusals among them. Needs no clusters; with the simulator it is skipped.
#
#   FLEETFS_CRON_SEED    repeats a run (default: another one each time)
#   FLEETFS_CRON_LINES   how many expressions (10000)

bats_require_minimum_version 1.5.0

load ../support/assert

# What runs in setup_file cannot skip the tests: the reason is kept.
setup_file()
{
        export CRON_SKIP='' CRON_LINES=${FLEETFS_CRON_LINES:-10000}
        export CRON_SEED=${FLEETFS_CRON_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
        export CRON_TIMES=${FLEETFS:+${FLEETFS%/*/*}/tests/e2e/cron-times}

        if [[ ${FLEETFS_ENGINE:-sim} != real ]]; then
                CRON_SKIP='the real library is for the real engine'
        elif ! (cd "$BATS_TEST_DIRNAME/cron" && GOWORK=off go env GOVERSION) >/dev/null 2>&1; then
                CRON_SKIP='Go 1.25 or newer is needed'
        else
                [[ -x $CRON_TIMES ]] || assert_fail 'FLEETFS does not name a daemon in a build directory' || return 1
                (cd "$BATS_TEST_DIRNAME/cron" && GOWORK=off CGO_ENABLED=0 timeout 300 \
                        go build -mod=readonly -trimpath -buildvcs=false -o "$BATS_FILE_TMPDIR/library" .)
        fi
}

setup() { [[ -z $CRON_SKIP ]] || skip "$CRON_SKIP"; }

# answers QUESTIONS: what both say, in library.txt and own.txt of the test's folder.
answers()
{
        timeout 120 "$BATS_FILE_TMPDIR/library" answer <"$1" >"$BATS_TEST_TMPDIR/library.txt" &&
                timeout 120 "$CRON_TIMES" <"$1" >"$BATS_TEST_TMPDIR/own.txt"
}

@test "10,000 expressions are refused or fire as in Velero's library" {
        printf 'repeat with FLEETFS_CRON_SEED=%s\n' "$CRON_SEED"
        cd "$BATS_TEST_TMPDIR"
        "$BATS_FILE_TMPDIR/library" generate "$CRON_SEED" "$CRON_LINES" >questions.txt
        assert_equal "$CRON_LINES" "$(wc -l <questions.txt)" 'questions'
        answers questions.txt
        # Both kinds of answers, or nothing was compared.
        refused=$(grep -c '^refused$' library.txt)
        ((refused > CRON_LINES / 20 && refused < CRON_LINES / 2)) || assert_fail "$refused of $CRON_LINES are refused"
        if ! cmp library.txt own.txt; then
                printf 'seconds, expression, library, fleetfs:\n'
                paste questions.txt library.txt own.txt | awk -F'\t' '$(NF - 1) != $NF' | head -n 20
                return 1
        fi
}

@test "the comparison sees another answer" {
        cd "$BATS_TEST_TMPDIR"
        printf '1\t0 3 * * *\n1\t0 3 * * 7\n' >questions.txt
        answers questions.txt
        assert_equal $'10800 97200 183600\nrefused' "$(cat own.txt)"
        cmp library.txt own.txt
        printf '3\t0 4 * * *\n1\t0 3 * * 6\n' >others.txt
        answers others.txt
        mv own.txt other.txt
        answers questions.txt
        run ! cmp -s library.txt other.txt
}
