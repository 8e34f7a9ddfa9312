/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator's own reading of cron expressions. */
#include "tests/sim/cron.h"

#include "tests/sim/cluster.h"
#include "tests/support/test.h"

static const struct next_row {
        const char *name;
        const char *expression;
        const char *after, *next;
} nexts[] = {
        { "minutely", "* * * * *", "2026-11-21T10:00:30Z", "2026-11-21T10:01:00Z" },
        { "the slot itself is not after it", "0 * * * *", "2026-11-21T10:00:00Z",
                "2026-11-21T11:00:00Z" },
        { "step", "*/15 * * * *", "2026-11-21T10:31:00Z", "2026-11-21T10:45:00Z" },
        { "step from a number", "5/20 * * * *", "2026-11-21T10:26:00Z", "2026-11-21T10:45:00Z" },
        { "range", "0 9-11 * * *", "2026-11-21T11:00:00Z", "2026-11-22T09:00:00Z" },
        { "list", "0 1,13 * * *", "2026-11-21T02:00:00Z", "2026-11-21T13:00:00Z" },
        { "names", "0 0 * FEB Mon", "2026-11-21T00:00:00Z", "2027-02-01T00:00:00Z" },
        { "day and weekday are alternatives", "0 0 13 * 5", "2026-11-21T00:00:00Z",
                "2026-11-27T00:00:00Z" },
        { "a star weekday is none", "0 0 13 * *", "2026-11-21T00:00:00Z", "2026-12-13T00:00:00Z" },
        { "leap day", "0 0 29 2 *", "2026-11-21T00:00:00Z", "2028-02-29T00:00:00Z" },
        { "hourly", "@hourly", "2026-11-21T10:59:59Z", "2026-11-21T11:00:00Z" },
        { "weekly", "@weekly", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z" },
        { "every", "@every 1h30m", "2026-11-21T10:00:07Z", "2026-11-21T11:30:07Z" },
        { "a zone is read over", "TZ=Europe/Berlin 0 3 * * *", "2026-11-21T00:00:00Z",
                "2026-11-21T03:00:00Z" },
};

static void finds_the_next_time(void **state)
{
        const struct next_row *row = test_row(state);
        struct str why = { 0 };
        struct cron cron;
        char buf[RFC3339_LEN];

        assert_int_equal(cron_parse(&cron, row->expression, &why), 0);
        assert_string_equal(rfc3339(cron_next(&cron, rfc3339_parse(row->after)), buf), row->next);
        str_done(&why);
}

static const struct refused_row {
        const char *name;
        const char *expression;
        const char *why;
} refused[] = {
        { "too few fields", "* * * *", "expected exactly 5 fields, found 4: [* * * *]" },
        { "minute 61", "61 * * * *", "end of range (61) above maximum (59): \"61\"" },
        { "day 0", "0 0 0 * *", "beginning of range (0) below minimum (1): \"0\"" },
        { "weekday 7", "0 0 * * 7", "end of range (7) above maximum (6): \"7\"" },
        { "backwards", "0 5-3 * * *", "beginning of range (5) beyond end of range (3): \"5-3\"" },
        { "a word", "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax" },
        { "step 0", "*/0 * * * *", "step of range should be a positive number: \"*/0\"" },
        { "descriptor", "@fortnightly", "unrecognized descriptor: @fortnightly" },
        { "duration", "@every soon", "failed to parse duration @every soon" },
};

static void refuses(void **state)
{
        const struct refused_row *row = test_row(state);
        struct str why = { 0 };
        struct cron cron;

        assert_int_equal(cron_parse(&cron, row->expression, &why), -1);
        assert_string_equal(why.s, row->why);
        str_done(&why);
}

static void february_30_never_comes(void **state)
{
        struct str why = { 0 };
        struct cron cron;

        assert_int_equal(cron_parse(&cron, "0 0 30 2 *", &why), 0);
        assert_int_equal(cron_next(&cron, rfc3339_parse("2026-11-21T00:00:00Z")), -1);
        str_done(&why);
}

int main(void)
{
        TEST_ROWS(finds_the_next_time, nexts);
        TEST_ROWS(refuses, refused);
        TEST(february_30_never_comes);
        return test_run("sim cron");
}
