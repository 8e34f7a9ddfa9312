/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "ops/eta.h"

enum { SAMPLES = 6 };

static const struct eta_row {
        const char *name;
        struct {
                int64_t at, done, total;
        } samples[SAMPLES]; /* ends at `at` 0 */
        int64_t end;
} rows[] = {
        { "nothing", { { 0 } }, 0 },
        { "one_sample", { { 1000, 0, 100 } }, 0 },
        { "two_samples", { { 1000, 0, 100 }, { 1010, 10, 100 } }, 0 },
        { "three_samples", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 1020, 20, 100 } }, 1100 },
        { "from_the_middle", { { 1000, 50, 100 }, { 1010, 55, 100 }, { 1020, 60, 100 } }, 1100 },
        { "as_fast_as_so_far", { { 1000, 0, 100 }, { 1010, 40, 100 }, { 1020, 50, 100 } }, 1040 },
        { "one_second_is_one_sample", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 1010, 11, 100 }, { 1010, 12, 100 } }, 0 },
        { "no_progress_is_no_sample", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 1020, 10, 100 }, { 1030, 10, 100 } }, 0 },
        { "more_to_do", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 1020, 20, 100 }, { 1025, 20, 200 } }, 1200 },
        { "all_done", { { 1000, 0, 20 }, { 1010, 10, 20 }, { 1020, 20, 20 } }, 0 },
        { "more_done_than_there_was", { { 1000, 0, 20 }, { 1010, 10, 20 }, { 1020, 30, 20 } }, 0 },
        { "another_attempt", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 1020, 20, 100 }, { 1030, 5, 100 } }, 0 },
        { "another_attempt_goes_on",
                { { 1000, 0, 9 }, { 1010, 5, 9 }, { 2000, 0, 100 }, { 2010, 10, 100 }, { 2020, 20, 100 } }, 2100 },
        { "clock_set_back", { { 1000, 0, 100 }, { 1010, 10, 100 }, { 900, 20, 100 }, { 910, 30, 100 } }, 0 },
        { "rounded", { { 1000, 0, 10 }, { 1001, 1, 10 }, { 1002, 3, 10 } }, 1007 },
        { "bytes", { { 1000, 0, INT64_C(8000000000000) }, { 1010, INT64_C(2000000000000), INT64_C(8000000000000) },
                           { 1020, INT64_C(4000000000000), INT64_C(8000000000000) } }, 1040 },
        { "too_far", { { 1000, 0, INT64_MAX }, { 1010, 1, INT64_MAX }, { 1020, 2, INT64_MAX } }, 0 },
};

static void expects(void **state)
{
        const struct eta_row *row = test_row(state);
        struct eta eta = { 0 };

        for (int i = 0; i < SAMPLES && row->samples[i].at != 0; i++)
                eta_note(&eta, row->samples[i].at, row->samples[i].done, row->samples[i].total);
        assert_int_equal(eta_end(&eta), row->end);
}

int main(void)
{
        TEST_ROWS(expects, rows);
        return test_run("eta");
}
