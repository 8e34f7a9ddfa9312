/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When Velero's cron fires, and when it fired. The rows are the vectors of robfig/cron v3.0.1's own tests, without their field
 * of seconds; those called "measured" are what that library answered.
 */
#include "tests/unit/cron_fixture.h"

/* --- when it fires --- */

static const struct activation_row {
        const char *name, *t, *text;
        bool fires;
} activations[] = {
        { "0/15 * * * * fires at 2012-07-09T15:00", "2012-07-09T15:00:00Z", "0/15 * * * *", true },
        { "0/15 * * * * fires at 2012-07-09T15:45", "2012-07-09T15:45:00Z", "0/15 * * * *", true },
        { "0/15 * * * * is silent at 2012-07-09T15:40", "2012-07-09T15:40:00Z", "0/15 * * * *",
                false },
        { "5/15 * * * * fires at 2012-07-09T15:05", "2012-07-09T15:05:00Z", "5/15 * * * *", true },
        { "5/15 * * * * fires at 2012-07-09T15:20", "2012-07-09T15:20:00Z", "5/15 * * * *", true },
        { "5/15 * * * * fires at 2012-07-09T15:50", "2012-07-09T15:50:00Z", "5/15 * * * *", true },
        { "0/15 * * Jul * fires at 2012-07-15T15:00", "2012-07-15T15:00:00Z", "0/15 * * Jul *",
                true },
        { "0/15 * * Jun * is silent at 2012-07-15T15:00", "2012-07-15T15:00:00Z", "0/15 * * Jun *",
                false },
        { "30 08 ? Jul Sun fires at 2012-07-15T08:30", "2012-07-15T08:30:00Z", "30 08 ? Jul Sun",
                true },
        { "30 08 15 Jul ? fires at 2012-07-15T08:30", "2012-07-15T08:30:00Z", "30 08 15 Jul ?",
                true },
        { "30 08 ? Jul Sun is silent at 2012-07-16T08:30", "2012-07-16T08:30:00Z",
                "30 08 ? Jul Sun", false },
        { "30 08 15 Jul ? is silent at 2012-07-16T08:30", "2012-07-16T08:30:00Z", "30 08 15 Jul ?",
                false },
        { "@hourly fires at 2012-07-09T15:00", "2012-07-09T15:00:00Z", "@hourly", true },
        { "@hourly is silent at 2012-07-09T15:04", "2012-07-09T15:04:00Z", "@hourly", false },
        { "@daily is silent at 2012-07-09T15:00", "2012-07-09T15:00:00Z", "@daily", false },
        { "@daily fires at 2012-07-09T00:00", "2012-07-09T00:00:00Z", "@daily", true },
        { "@weekly is silent at 2012-07-09T00:00", "2012-07-09T00:00:00Z", "@weekly", false },
        { "@weekly fires at 2012-07-08T00:00", "2012-07-08T00:00:00Z", "@weekly", true },
        { "@weekly is silent at 2012-07-08T01:00", "2012-07-08T01:00:00Z", "@weekly", false },
        { "@monthly is silent at 2012-07-08T00:00", "2012-07-08T00:00:00Z", "@monthly", false },
        { "@monthly fires at 2012-07-01T00:00", "2012-07-01T00:00:00Z", "@monthly", true },
        { "* * 1,15 * Sun fires at 2012-07-15T00:00", "2012-07-15T00:00:00Z", "* * 1,15 * Sun",
                true },
        { "* * 1,15 * Sun fires at 2012-06-15T00:00", "2012-06-15T00:00:00Z", "* * 1,15 * Sun",
                true },
        { "* * 1,15 * Sun fires at 2012-08-01T00:00", "2012-08-01T00:00:00Z", "* * 1,15 * Sun",
                true },
        { "* * */10 * Sun fires at 2012-07-15T00:00", "2012-07-15T00:00:00Z", "* * */10 * Sun",
                true },
        { "* * * * Mon is silent at 2012-07-15T00:00", "2012-07-15T00:00:00Z", "* * * * Mon",
                false },
        { "* * 1,15 * * is silent at 2012-07-09T00:00", "2012-07-09T00:00:00Z", "* * 1,15 * *",
                false },
        { "* * 1,15 * * fires at 2012-07-15T00:00", "2012-07-15T00:00:00Z", "* * 1,15 * *", true },
        { "* * */2 * Sun fires at 2012-07-15T00:00", "2012-07-15T00:00:00Z", "* * */2 * Sun",
                true },
};

static void fires(void **state)
{
        const struct activation_row *c = test_row(state);
        const struct cron cron = cron_parsed(c->text);

        assert_int_equal(cron_next(&cron, cron_at(c->t) - 1) == cron_at(c->t), c->fires);
        assert_int_equal(cron_slot_before(&cron, cron_at(c->t)) == cron_at(c->t), c->fires);
}

static const struct next_row {
        const char *name, *after, *text, *next;
} nexts[] = {
        { "a quarter of an hour 1", "2012-07-09T14:45:00Z", "0/15 * * * *",
                "2012-07-09T15:00:00Z" },
        { "a quarter of an hour 2", "2012-07-09T14:59:00Z", "0/15 * * * *",
                "2012-07-09T15:00:00Z" },
        { "a quarter of an hour 3", "2012-07-09T14:59:59Z", "0/15 * * * *",
                "2012-07-09T15:00:00Z" },
        { "the next hour", "2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z" },
        { "another day 1", "2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z" },
        { "another day 2", "2012-07-09T23:45:00Z", "20-35/15 * * * *", "2012-07-10T00:20:00Z" },
        { "another day 3", "2012-07-09T23:35:51Z", "20-35/15 1/2 * * *", "2012-07-10T01:20:00Z" },
        { "another day 4", "2012-07-09T23:35:51Z", "20-35/15 10-12 * * *", "2012-07-10T10:20:00Z" },
        { "another day 5", "2012-07-09T23:35:51Z", "20-35/15 1/2 */2 * *", "2012-07-11T01:20:00Z" },
        { "another day 6", "2012-07-09T23:35:51Z", "20-35/15 * 9-20 * *", "2012-07-10T00:20:00Z" },
        { "another day 7", "2012-07-09T23:35:51Z", "20-35/15 * 9-20 Jul *",
                "2012-07-10T00:20:00Z" },
        { "another month 1", "2012-07-09T23:35:00Z", "0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z" },
        { "another month 2", "2012-07-09T23:35:00Z", "0 0 */5 Apr,Aug,Oct Mon",
                "2012-08-01T00:00:00Z" },
        { "another month 3", "2012-07-09T23:35:00Z", "0 0 */5 Oct Mon", "2012-10-01T00:00:00Z" },
        { "another year 1", "2012-07-09T23:35:00Z", "0 0 * Feb Mon", "2013-02-04T00:00:00Z" },
        { "another year 2", "2012-07-09T23:35:00Z", "0 0 * Feb Mon/2", "2013-02-01T00:00:00Z" },
        { "everything wraps", "2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z" },
        { "a leap day", "2012-07-09T23:35:00Z", "0 0 29 Feb ?", "2016-02-29T00:00:00Z" },
        { "never: 30 February", "2012-07-09T23:35:00Z", "0 0 30 Feb ?", "" },
        { "never: 31 April", "2012-07-09T23:35:00Z", "0 0 31 Apr ?", "" },
        { "never: no minutes", "2012-07-09T23:35:00Z", ", 0 * * *", "" },
        { "spring, the skipped time", "2012-03-11T00:00:00-05:00",
                "TZ=America/New_York 30 2 11 Mar ?", "2013-03-11T02:30:00-04:00" },
        { "spring, hourly, TZ= 1", "2012-03-11T00:00:00-05:00", "TZ=America/New_York 0 * * * ?",
                "2012-03-11T01:00:00-05:00" },
        { "spring, hourly, TZ= 2", "2012-03-11T01:00:00-05:00", "TZ=America/New_York 0 * * * ?",
                "2012-03-11T03:00:00-04:00" },
        { "spring, hourly, TZ= 3", "2012-03-11T03:00:00-04:00", "TZ=America/New_York 0 * * * ?",
                "2012-03-11T04:00:00-04:00" },
        { "spring, hourly, TZ= 4", "2012-03-11T04:00:00-04:00", "TZ=America/New_York 0 * * * ?",
                "2012-03-11T05:00:00-04:00" },
        { "spring, hourly, CRON_TZ= 1", "2012-03-11T00:00:00-05:00",
                "CRON_TZ=America/New_York 0 * * * ?", "2012-03-11T01:00:00-05:00" },
        { "spring, hourly, CRON_TZ= 2", "2012-03-11T01:00:00-05:00",
                "CRON_TZ=America/New_York 0 * * * ?", "2012-03-11T03:00:00-04:00" },
        { "spring, hourly, CRON_TZ= 3", "2012-03-11T03:00:00-04:00",
                "CRON_TZ=America/New_York 0 * * * ?", "2012-03-11T04:00:00-04:00" },
        { "spring, hourly, CRON_TZ= 4", "2012-03-11T04:00:00-04:00",
                "CRON_TZ=America/New_York 0 * * * ?", "2012-03-11T05:00:00-04:00" },
        { "spring, at 1", "2012-03-11T00:00:00-05:00", "TZ=America/New_York 0 1 * * ?",
                "2012-03-11T01:00:00-05:00" },
        { "spring, after 1", "2012-03-11T01:00:00-05:00", "TZ=America/New_York 0 1 * * ?",
                "2012-03-12T01:00:00-04:00" },
        { "spring, at 2, skipped", "2012-03-11T00:00:00-05:00", "TZ=America/New_York 0 2 * * ?",
                "2012-03-12T02:00:00-04:00" },
        { "autumn, after the repeated hour", "2012-11-04T00:00:00-04:00",
                "TZ=America/New_York 30 2 04 Nov ?", "2012-11-04T02:30:00-05:00" },
        { "autumn, the second half past 1", "2012-11-04T01:45:00-04:00",
                "TZ=America/New_York 30 1 04 Nov ?", "2012-11-04T01:30:00-05:00" },
        { "autumn, hourly 1", "2012-11-04T00:00:00-04:00", "TZ=America/New_York 0 * * * ?",
                "2012-11-04T01:00:00-04:00" },
        { "autumn, hourly 2", "2012-11-04T01:00:00-04:00", "TZ=America/New_York 0 * * * ?",
                "2012-11-04T01:00:00-05:00" },
        { "autumn, hourly 3", "2012-11-04T01:00:00-05:00", "TZ=America/New_York 0 * * * ?",
                "2012-11-04T02:00:00-05:00" },
        { "autumn, at 1 1", "2012-11-04T00:00:00-04:00", "TZ=America/New_York 0 1 * * ?",
                "2012-11-04T01:00:00-04:00" },
        { "autumn, at 1 2", "2012-11-04T01:00:00-04:00", "TZ=America/New_York 0 1 * * ?",
                "2012-11-04T01:00:00-05:00" },
        { "autumn, at 1 3", "2012-11-04T01:00:00-05:00", "TZ=America/New_York 0 1 * * ?",
                "2012-11-05T01:00:00-05:00" },
        { "autumn, at 2 1", "2012-11-04T00:00:00-04:00", "TZ=America/New_York 0 2 * * ?",
                "2012-11-04T02:00:00-05:00" },
        { "autumn, at 2 2", "2012-11-04T02:00:00-05:00", "TZ=America/New_York 0 2 * * ?",
                "2012-11-05T02:00:00-05:00" },
        { "autumn, at 3 1", "2012-11-04T00:00:00-04:00", "TZ=America/New_York 0 3 * * ?",
                "2012-11-04T03:00:00-05:00" },
        { "autumn, at 3 2", "2012-11-04T03:00:00-05:00", "TZ=America/New_York 0 3 * * ?",
                "2012-11-05T03:00:00-05:00" },
        { "autumn, monthly", "2012-11-04T00:00:00-04:00", "TZ=America/New_York 0 3 3 * ?",
                "2012-12-03T03:00:00-05:00" },
        { "no midnight, November", "2018-10-17T05:00:00-04:00", "TZ=America/Sao_Paulo 0 9 10 * ?",
                "2018-11-10T06:00:00-05:00" },
        { "no midnight, February", "2018-02-14T05:00:00-05:00", "TZ=America/Sao_Paulo 0 9 22 * ?",
                "2018-02-22T07:00:00-05:00" },
        { "half an hour east 1", "2016-01-03T13:09:03+05:30", "TZ=Asia/Kolkata 14 14 * * *",
                "2016-01-03T14:14:00+05:30" },
        { "half an hour east 2", "2016-01-03T04:09:03+05:30", "TZ=Asia/Kolkata 14 14 * * ?",
                "2016-01-03T14:14:00+05:30" },
        { "half an hour east 3", "2016-01-03T14:09:03+05:30", "TZ=Asia/Kolkata 14 14 * * *",
                "2016-01-03T14:14:00+05:30" },
        { "half an hour east 4", "2016-01-03T14:00:00+05:30", "TZ=Asia/Kolkata 14 14 * * ?",
                "2016-01-03T14:14:00+05:30" },
        { "measured: TZ=Europe/Berlin 30 2 * * * after 2026-03-28 12:00", "2026-03-28T12:00:00Z",
                "TZ=Europe/Berlin 30 2 * * *", "2026-03-30T00:30:00Z" },
        { "measured: TZ=Europe/Berlin 30 2 * * * after 2026-10-24 23:59", "2026-10-24T23:59:00Z",
                "TZ=Europe/Berlin 30 2 * * *", "2026-10-25T00:30:00Z" },
        { "measured: TZ=Europe/Berlin 30 2 * * * after 2026-10-25 00:30", "2026-10-25T00:30:00Z",
                "TZ=Europe/Berlin 30 2 * * *", "2026-10-25T01:30:00Z" },
        { "measured: TZ=Europe/Berlin 30 2 * * * after 2026-10-25 01:30", "2026-10-25T01:30:00Z",
                "TZ=Europe/Berlin 30 2 * * *", "2026-10-26T01:30:00Z" },
        { "measured: TZ=Australia/Lord_Howe 15 2 * * * after 2026-10-03 12:00",
                "2026-10-03T12:00:00Z", "TZ=Australia/Lord_Howe 15 2 * * *",
                "2026-10-04T15:15:00Z" },
        { "measured: TZ=Australia/Lord_Howe 45 1 * * * after 2026-04-04 12:00",
                "2026-04-04T12:00:00Z", "TZ=Australia/Lord_Howe 45 1 * * *",
                "2026-04-04T14:45:00Z" },
        { "measured: TZ=Australia/Lord_Howe 45 1 * * * after 2026-04-04 14:45",
                "2026-04-04T14:45:00Z", "TZ=Australia/Lord_Howe 45 1 * * *",
                "2026-04-04T15:15:00Z" },
        { "measured: TZ=Africa/Cairo 0 0 * * * after 2026-04-23 12:00", "2026-04-23T12:00:00Z",
                "TZ=Africa/Cairo 0 0 * * *", "2026-04-24T21:00:00Z" },
        { "measured: TZ=Africa/Cairo 0 9 * * 4 after 2026-04-23 08:00", "2026-04-23T08:00:00Z",
                "TZ=Africa/Cairo 0 9 * * 4", "2026-04-24T06:00:00Z" },
        { "measured: TZ=Africa/Cairo 0 9 * * 4 after 2026-04-24 00:00", "2026-04-24T00:00:00Z",
                "TZ=Africa/Cairo 0 9 * * 4", "2026-04-30T06:00:00Z" },
        { "measured: TZ=America/Santiago 30 0 6 9 * after 2026-09-05 12:00", "2026-09-05T12:00:00Z",
                "TZ=America/Santiago 30 0 6 9 *", "2027-09-06T03:30:00Z" },
        { "measured: TZ=America/Sao_Paulo 0 0 * * * after 2018-11-03 12:00", "2018-11-03T12:00:00Z",
                "TZ=America/Sao_Paulo 0 0 * * *", "2018-11-05T02:00:00Z" },
        { "measured: TZ=Asia/Kathmandu 45 5 * * * after 2026-01-01 00:00", "2026-01-01T00:00:00Z",
                "TZ=Asia/Kathmandu 45 5 * * *", "2026-01-02T00:00:00Z" },
        { "measured: TZ=America/New_York 0 3 * * * after 2055-06-01 00:00", "2055-06-01T00:00:00Z",
                "TZ=America/New_York 0 3 * * *", "2055-06-01T07:00:00Z" },
        { "measured: TZ=America/New_York 30 2 14 3 * after 2055-03-13 00:00",
                "2055-03-13T00:00:00Z", "TZ=America/New_York 30 2 14 3 *", "2056-03-14T06:30:00Z" },
        { "measured: TZ=America/New_York 0 3 * * * after 2055-12-01 00:00", "2055-12-01T00:00:00Z",
                "TZ=America/New_York 0 3 * * *", "2055-12-01T08:00:00Z" },
        { "measured: TZ=Australia/Sydney 0 3 * * * after 2060-01-01 00:00", "2060-01-01T00:00:00Z",
                "TZ=Australia/Sydney 0 3 * * *", "2060-01-01T16:00:00Z" },
        { "measured: TZ=Australia/Sydney 0 3 * * * after 2060-07-01 00:00", "2060-07-01T00:00:00Z",
                "TZ=Australia/Sydney 0 3 * * *", "2060-07-01T17:00:00Z" },
        { "measured: TZ=Europe/Berlin 0 3 * * * after 1880-01-01 00:00", "1880-01-01T00:00:00Z",
                "TZ=Europe/Berlin 0 3 * * *", "1880-01-01T02:06:32Z" },
        { "measured: 0 0 29 2 * after 2097-01-01 00:00", "2097-01-01T00:00:00Z", "0 0 29 2 *", "" },
        { "measured: 0 0 29 2 * after 2099-03-01 00:00", "2099-03-01T00:00:00Z", "0 0 29 2 *",
                "2104-02-29T00:00:00Z" },
        { "measured: 0 0 13 * 5 after 2026-01-01 00:00", "2026-01-01T00:00:00Z", "0 0 13 * 5",
                "2026-01-02T00:00:00Z" },
        { "measured: 0 0 *,13 * 5 after 2026-01-01 00:00", "2026-01-01T00:00:00Z", "0 0 *,13 * 5",
                "2026-01-02T00:00:00Z" },
        { "measured: TZ=Asia/Beirut 30 * * * * after 2026-03-28 20:30", "2026-03-28T20:30:00Z",
                "TZ=Asia/Beirut 30 * * * *", "2026-03-28T21:30:00Z" },
        { "every 15m50ns after 14:45:00", "2012-07-09T14:45:00Z", "@every 15m50ns",
                "2012-07-09T15:00:00Z" },
        { "every 15m after 14:59:00", "2012-07-09T14:59:00Z", "@every 15m",
                "2012-07-09T15:14:00Z" },
        { "every 15m after 14:59:59", "2012-07-09T14:59:59Z", "@every 15m",
                "2012-07-09T15:14:59Z" },
        { "every 35m after 15:45:00", "2012-07-09T15:45:00Z", "@every 35m",
                "2012-07-09T16:20:00Z" },
        { "every 14m after 23:46:00", "2012-07-09T23:46:00Z", "@every 14m",
                "2012-07-10T00:00:00Z" },
        { "every 35m after 23:45:00", "2012-07-09T23:45:00Z", "@every 35m",
                "2012-07-10T00:20:00Z" },
        { "every 44m24s after 23:35:51", "2012-07-09T23:35:51Z", "@every 44m24s",
                "2012-07-10T00:20:15Z" },
        { "every 25h44m24s after 23:35:51", "2012-07-09T23:35:51Z", "@every 25h44m24s",
                "2012-07-11T01:20:15Z" },
        { "every 2184h25m after 23:35:00", "2012-07-09T23:35:00Z", "@every 2184h25m",
                "2012-10-09T00:00:00Z" },
        { "every 15s after 23:59:45", "2012-12-31T23:59:45Z", "@every 15s",
                "2013-01-01T00:00:00Z" },
        { "every 15ms after 14:45:00", "2012-07-09T14:45:00Z", "@every 15ms",
                "2012-07-09T14:45:01Z" },
        { "every 0 after 14:45:00", "2012-07-09T14:45:00Z", "@every 0", "2012-07-09T14:45:01Z" },
        { "every -5m after 14:45:00", "2012-07-09T14:45:00Z", "@every -5m",
                "2012-07-09T14:45:01Z" },
        { "every 1999ms after 14:45:00", "2012-07-09T14:45:00Z", "@every 1999ms",
                "2012-07-09T14:45:01Z" },
};

static void finds_next(void **state)
{
        const struct next_row *c = test_row(state);
        const struct cron cron = cron_parsed(c->text);

        assert_time(cron_next(&cron, cron_at(c->after)), c->next);
}

static void ends_where_the_library_hangs(void **state)
{
        /* Samoa left out 30 December 2011: days are added for ever. */
        const struct cron cron = cron_parsed("TZ=Pacific/Apia 0 0 31 * *");

        (void)state;
        assert_int_equal(cron_next(&cron, cron_at("2011-12-29T12:00:00Z")), 0);
}

static void knows_the_years_1_to_9999(void **state)
{
        const struct cron cron = cron_parsed("* * * * *"), every = cron_parsed("@every 2000000h");

        (void)state;
        assert_int_equal(cron_next(&cron, INT64_MIN), 0);
        assert_int_equal(cron_next(&cron, INT64_MAX), 0);
        assert_int_equal(cron_next(&every, INT64_MAX), 0);
        assert_int_equal(cron_next(&every, cron_at("9999-12-31T23:59:59Z") - 1), 0);
        assert_int_equal(cron_slot_before(&cron, INT64_MAX), 0);
        assert_int_equal(cron_slot_before(&cron, INT64_MIN), 0);
        assert_int_equal(cron_next(&cron, cron_at("9999-12-31T23:59:00Z")), 0);
        assert_time(cron_next(&cron, cron_at("0001-01-01T00:00:00Z")), "0001-01-01T00:01:00Z");
}

/* --- the slot before --- */

static const struct slot_row {
        const char *name, *t, *text, *slot;
} slots[] = {
        { "at the slot", "2026-09-01T02:00:00Z", "0 2 * * *", "2026-09-01T02:00:00Z" },
        { "just after", "2026-09-01T02:00:03Z", "0 2 * * *", "2026-09-01T02:00:00Z" },
        { "just before the next", "2026-09-02T01:59:59Z", "0 2 * * *", "2026-09-01T02:00:00Z" },
        { "each minute", "2026-09-02T01:59:59Z", "* * * * *", "2026-09-02T01:59:00Z" },
        { "each hour", "2026-09-02T01:29:59Z", "30 * * * *", "2026-09-02T00:30:00Z" },
        { "a week ago", "2026-09-07T23:00:00Z", "0 0 * * 2", "2026-09-01T00:00:00Z" },
        { "the end of a busy month", "2026-12-24T00:00:00Z", "*/5 * * 1 *",
                "2026-01-31T23:55:00Z" },
        { "a year ago", "2026-12-31T23:59:59Z", "@yearly", "2026-01-01T00:00:00Z" },
        { "a leap day", "2028-02-28T00:00:00Z", "0 0 29 2 *", "2024-02-29T00:00:00Z" },
        { "a leap day eight years ago", "2104-02-28T00:00:00Z", "0 0 29 2 *",
                "2096-02-29T00:00:00Z" },
        { "never", "2026-09-01T00:00:00Z", "0 0 30 2 *", "" },
        { "each its own", "2026-09-01T02:00:03Z", "@every 6h", "2026-09-01T02:00:03Z" },
        { "in a zone", "2026-09-01T00:10:00Z", "TZ=Europe/Berlin 0 2 * * *",
                "2026-09-01T00:00:00Z" },
        { "the second of a repeated hour", "2026-10-25T01:40:00Z", "TZ=Europe/Berlin 30 2 * * *",
                "2026-10-25T01:30:00Z" },
        { "a skipped time", "2026-03-29T12:00:00Z", "TZ=Europe/Berlin 30 2 * * *",
                "2026-03-28T01:30:00Z" },
        { "found on the wrong day", "2026-04-24T06:00:05Z", "TZ=Africa/Cairo 0 9 * * 4",
                "2026-04-24T06:00:00Z" },
};

static void finds_slot(void **state)
{
        const struct slot_row *c = test_row(state);
        const struct cron cron = cron_parsed(c->text);

        assert_time(cron_slot_before(&cron, cron_at(c->t)), c->slot);
}

int main(void)
{
        TEST_ROWS(fires, activations);
        TEST_ROWS(finds_next, nexts);
        TEST(ends_where_the_library_hangs);
        TEST(knows_the_years_1_to_9999);
        TEST_ROWS(finds_slot, slots);
        return test_run("cron_next");
}
