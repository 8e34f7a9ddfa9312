/* SPDX-License-Identifier: Apache-2.0 */
/* Schedules that fire never, more often than each hour, or too many in one minute. */
#include "tests/unit/cron_fixture.h"

#include "velero/schedule_warnings.h"

static const struct kind_row {
        const char *name; /* the expression */
        bool never, frequent;
} kinds[] = {
        { "0 3 * * *", false, false },
        { "0 * * * *", false, false },
        { "@hourly", false, false },
        { "*/60 * * * *", false, false },
        { "*/30 * * * *", false, true },
        { "0,59 3 * * *", false, true },
        { "* * * * *", false, true },
        { "@every 1h", false, false },
        { "@every 59m59s", false, true },
        { "@every 1ms", false, true },
        { "0 0 29 2 *", false, false },
        { "0 0 30 2 *", true, false },
        { "*/5 0 30 2 *", true, false },
        { "0 0 31 4,6,9,11 *", true, false },
        { "0 0 31 4,5 *", false, false },
        { "0 0 30 2 1", false, false },
        { ", 0 * * *", true, false },
        { "0 , * * *", true, false },
        { "0 0 , * *", true, false },
        { "0 0 , * 1", false, false },
        { "0 0 * , *", true, false },
        { "0 0 * * ,", true, false },
        { "0 0 1 * ,", false, false },
        { "0 0 , * ,", true, false },
};

static void judges(void **state)
{
        const struct kind_row *c = test_row(state);
        const struct cron cron = cron_parsed(c->name);
        const int64_t t = cron_at("2026-09-01T00:00:00Z");

        assert_int_equal(cron_never(&cron), c->never);
        assert_int_equal(schedule_is_frequent(&cron), c->frequent);
        assert_int_equal(cron_next(&cron, t) == 0, c->never);
        assert_int_equal(cron_slot_before(&cron, t) == 0, c->never);
}

static const struct crowd_row {
        const char *name;
        const char *texts[5];
        size_t most;
        const char *minute;
} crowds[] = {
        { "nobody", { NULL }, 0, "" },
        { "one is more than none", { "0 2 * * *" }, 0, "2026-09-01T02:00:00Z" },
        { "as many as may be", { "0 2 * * *", "0 2 * * *" }, 2, "" },
        { "one too many", { "0 2 * * *", "0 2 * * *", "0 2 * * 2" }, 2, "2026-09-01T02:00:00Z" },
        { "neighbours", { "0 2 * * *", "1 2 * * *", "2 2 * * *" }, 1, "" },
        { "each minute alone", { "* * * * *" }, 1, "" },
        { "meet once", { "*/7 * * * *", "*/11 * * * *", "0 1-23 * * *" }, 2,
                "2026-09-01T01:00:00Z" },
        { "meet in another zone", { "0 2 * * *", "TZ=Europe/Berlin 0 4 * * *" }, 1,
                "2026-09-01T02:00:00Z" },
        { "on other days", { "0 2 2 * *", "0 2 2 * *" }, 1, "" },
        { "the window's first minute", { "0 0 * * *", "0 0 1 * *" }, 1, "2026-09-01T00:00:00Z" },
        { "@every is left out", { "@every 1m", "@every 1m", "0 2 * * *" }, 1, "" },
};

static void counts_crowds(void **state)
{
        const struct crowd_row *c = test_row(state);
        const int64_t from = cron_at("2026-09-01T00:00:00Z"), to = cron_at("2026-09-02T00:00:00Z");
        struct cron crons[ARRAY_SIZE(c->texts)];
        int64_t minute = 42;
        size_t n = 0;

        while (n < ARRAY_SIZE(c->texts) && c->texts[n]) {
                crons[n] = cron_parsed(c->texts[n]);
                n++;
        }
        assert_int_equal(
                schedules_are_crowded(crons, n, c->most, from, to, &minute), *c->minute != '\0');
        if (*c->minute)
                assert_time(minute, c->minute);
        else
                assert_int_equal(minute, 42);
        assert_int_equal(
                schedules_are_crowded(crons, n, c->most, from, to, NULL), *c->minute != '\0');
        assert_int_equal(schedules_are_crowded(crons, n, c->most, from, from, NULL), 0);
}

static void no_crowd_beyond_the_years(void **state)
{
        const struct cron cron = cron_parsed("* * * * *");

        (void)state;
        assert_int_equal(schedules_are_crowded(&cron, 1, 0, INT64_MIN, INT64_MAX, NULL), 0);
}

int main(void)
{
        TEST_ROWS(judges, kinds);
        TEST_ROWS(counts_crowds, crowds);
        TEST(no_crowd_beyond_the_years);
        return test_run("schedule_warnings");
}
