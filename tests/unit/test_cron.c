/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Velero's cron: what it accepts and what it refuses. The rows are the vectors of robfig/cron v3.0.1's own tests, without
 * their field of seconds.
 */
#include "tests/unit/cron_fixture.h"

#include <errno.h>

#define ALL_MINUTES  (CRON_STAR | 0xFFFFFFFFFFFFFFF)
#define ALL_HOURS    (CRON_STAR | 0xFFFFFF)
#define ALL_DAYS     (CRON_STAR | 0xFFFFFFFE)
#define ALL_MONTHS   (CRON_STAR | 0x1FFE)
#define ALL_WEEKDAYS (CRON_STAR | 0x7F)

/* --- what is accepted --- */

static const struct field_row {
        const char *name; /* the expression */
        struct cron cron;
} accepted[] = {
        { "5 * * * *", { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 7 * * *", { 1, 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 0 * * 5-5", { 1, 1, ALL_DAYS, ALL_MONTHS, 1 << 5, NULL, 0, 0 } },
        { "0 0 * * 5-6", { 1, 1, ALL_DAYS, ALL_MONTHS, 1 << 5 | 1 << 6, NULL, 0, 0 } },
        { "0 5-7/2 * * *", { 1, 1 << 5 | 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 5-6/2 * * *", { 1, 1 << 5, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 5-7/1 * * *",
                { 1, 1 << 5 | 1 << 6 | 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 0 */2 * */2", { 1, 1, 0xAAAAAAAA, ALL_MONTHS, 0x55, NULL, 0, 0 } },
        { "0 1,5-7/2,3 * * *", { 1, 1 << 1 | 1 << 5 | 1 << 7 | 1 << 3, ALL_DAYS, ALL_MONTHS,
                                       ALL_WEEKDAYS, NULL, 0, 0 } },
        { "5,6,7 0 * * *",
                { 1 << 5 | 1 << 6 | 1 << 7, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 20/2 * * *", { 1, 1 << 20 | 1 << 22, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "0 0 ? JAN,feb,Mar-MAY Sun", { 1, 1, ALL_DAYS, 0x3E, 1, NULL, 0, 0 } },
        { "*/1 0 * * *", { ALL_MINUTES, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "*-x 0 * * *", { ALL_MINUTES, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { ",5,, 0 * * *", { 1 << 5, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { ", 0 * * *", { 0, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "+5 0 * * *", { 1 << 5, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "08 09 * * *", { 1 << 8, 1 << 9, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "10/9223372036854775807 0 * * *",
                { 1 << 10, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "  5 \t* * *   * ", { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@yearly", { 1, 1, 1 << 1, 1 << 1, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@annually", { 1, 1, 1 << 1, 1 << 1, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@monthly", { 1, 1, 1 << 1, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@weekly", { 1, 1, ALL_DAYS, ALL_MONTHS, 1, NULL, 0, 0 } },
        { "@daily", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@midnight", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "@hourly", { 1, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "CRON_TZ=UTC  5 * * * *",
                { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "TZ=UTC  @midnight", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "TZ=UTC @midnight \t", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "TZ= 0 0 * * *", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
        { "TZ=Local 0 0 * * *", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0, 0 } },
};

static void accepts(void **state)
{
        const struct field_row *c = test_row(state);
        const struct cron cron = cron_parsed(c->name);

        assert_int_equal(cron.minute, c->cron.minute);
        assert_int_equal(cron.hour, c->cron.hour);
        assert_int_equal(cron.day, c->cron.day);
        assert_int_equal(cron.month, c->cron.month);
        assert_int_equal(cron.weekday, c->cron.weekday);
        assert_null(cron.zone);
        assert_false(cron_is_every(&cron));
}

static void keeps_zones(void **state)
{
        const struct cron a = cron_parsed("TZ=Asia/Tokyo @midnight"),
                          b = cron_parsed("CRON_TZ=Asia/Tokyo 5 * * * *");
        const struct cron every = cron_parsed("TZ=Asia/Tokyo @every 1h");

        (void)state;
        assert_non_null(a.zone);
        assert_ptr_equal(a.zone, b.zone);
        assert_true(cron_is_every(&every));
        assert_int_equal(every.every_s, 3600);
        assert_int_equal(every.every_column, 0);
}

static void takes_nothing_for_a_second(void **state)
{
        const struct cron zero = cron_parsed("@every 0"), less = cron_parsed("TZ=UTC @every -5m"),
                          more = cron_parsed("@every 1ms");

        (void)state;
        assert_int_equal(zero.every_s, 1);
        assert_int_equal(zero.every_column, 8);
        assert_int_equal(less.every_s, 1);
        assert_int_equal(less.every_column, 15);
        assert_int_equal(more.every_s, 1);
        assert_int_equal(more.every_column, 0);
}

/* --- what is refused --- */

static const struct refused_row {
        const char *name, *text;
        int column;
        const char *msg, *remedy;
} refused[] = {
        { "empty", "", 1, "the schedule is empty",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1, or @daily" },
        { "only blanks", "   ", 4, "the schedule is empty",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1, or @daily" },
        { "four fields", "* * * *", 8, "Velero's cron has five fields, here are 4",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1" },
        { "one field", "*", 2, "Velero's cron has five fields, here is 1",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1" },
        { "a word", "xyz", 4, "Velero's cron has five fields, here is 1",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1" },
        { "minute 60", "60 0 * * *", 1, "60 is beyond the last minute, 59", "write 0-59" },
        { "hour 60", "0 60 * * *", 3, "60 is beyond the last hour, 23", "write 0-23" },
        { "hour 24", "0 24 * * *", 3, "24 is beyond the last hour, 23", "write 0-23" },
        { "no weekday", "0 0 * * XYZ", 9, "\"XYZ\" is no day of week", "write 0-6 or sun-sat" },
        { "weekday 7", "0 0 * * 7", 9, "7 is no day of week: Velero's cron counts 0-6",
                "use 0 for Sunday" },
        { "weekdays to 7", "0 0 * * 5-7", 11, "7 is no day of week: Velero's cron counts 0-6",
                "use 0 for Sunday: write 0,5-6" },
        { "all weekdays to 7", "0 0 * * 0-7", 11, "7 is no day of week: Velero's cron counts 0-6",
                "use 0 for Sunday: write 0-6" },
        { "weekdays 7 to 7", "0 0 * * 7-7", 11, "7 is no day of week: Velero's cron counts 0-6",
                "use 0 for Sunday" },
        { "weekday 7 with a step", "0 0 * * 7/2", 9,
                "7 is no day of week: Velero's cron counts 0-6", "use 0 for Sunday" },
        { "day 0", "0 0 0 * *", 5, "0 is before the first day of month, 1", "write 1-31" },
        { "day 32", "0 0 32 * *", 5, "32 is beyond the last day of month, 31", "write 1-31" },
        { "month 0", "0 0 * 0 *", 7, "0 is before the first month, 1", "write 1-12" },
        { "month 13", "0 0 * 13 *", 7, "13 is beyond the last month, 12", "write 1-12" },
        { "no month", "0 0 * Foo *", 7, "\"Foo\" is no month", "write 1-12 or jan-dec" },
        { "a reversed range", "0 22-2 * * *", 3, "the range 22-2 ends before it begins",
                "write two: 22-23,0-2" },
        { "reversed weekdays", "0 0 * * fri-mon", 9, "the range fri-mon ends before it begins",
                "write two: 5-6,0-1" },
        { "a range to 0", "0 0 5-0 * *", 5, "the range 5-0 ends before it begins", "write 1-31" },
        { "a range from beyond", "0 0 70-5 * *", 5, "70 is beyond the last day of month, 31",
                "write 1-31" },
        { "a number before a step from beyond", "60/5 * * * *", 1,
                "60 is beyond the last minute, 59", "write 0-59" },
        { "step 0", "*/0 * * * *", 3, "a step of 0 never moves on", "write 1 or more, as in */15" },
        { "step 0 after a zone", "TZ=America/New_York 15/0 * * * *", 24,
                "a step of 0 never moves on", "write 1 or more, as in */15" },
        { "two steps", "*//2 * * * *", 3, "there is more than one step",
                "write one, as in 0-30/10" },
        { "a step that is a word", "*/x * * * *", 3, "\"x\" is no step",
                "write a number from 1 behind the slash, as in */15" },
        { "no step", "*/ * * * *", 3, "the step is missing",
                "write a number from 1 behind the slash, as in */15" },
        { "a negative step", "*/-12 * * * *", 3, "\"-12\" is no step",
                "write a number from 1 behind the slash, as in */15" },
        { "two hyphens", "5--5 * * * *", 1, "\"5--5\" has more than one hyphen",
                "write a range as first-last; separate ranges by commas" },
        { "three ends", "1-2-3 * * * *", 1, "\"1-2-3\" has more than one hyphen",
                "write a range as first-last; separate ranges by commas" },
        { "no beginning", "-5 * * * *", 1, "a number is missing in the minute",
                "write a number 0-59, or *" },
        { "no end", "5- * * * *", 3, "a number is missing in the minute",
                "write a number 0-59, or *" },
        { "a month among minutes", "jan-x * * * *", 1, "\"jan\" is no minute",
                "write a number 0-59, or *" },
        { "an end that is a word", "2-x * * * *", 3, "\"x\" is no minute",
                "write a number 0-59, or *" },
        { "last day", "0 0 L * *", 5, "Velero's cron does not have the last day of a month (L)",
                "write 28, the last day that every month has, or 1 for the day after" },
        { "last weekday of the month", "0 0 LW * *", 5,
                "Velero's cron does not have the nearest weekday (W)",
                "name the day, as in 15, or write * here and 1-5 in field 5 for each weekday" },
        { "nearest weekday", "0 0 15W * *", 5,
                "Velero's cron does not have the nearest weekday (W)",
                "name the day, as in 15, or write * here and 1-5 in field 5 for each weekday" },
        { "third last day", "0 0 L-3 * *", 5,
                "Velero's cron does not have the last day of a month (L)",
                "write 28, the last day that every month has, or 1 for the day after" },
        { "last Friday", "0 0 * * 5L", 9,
                "Velero's cron does not have the last weekday of a month (L)",
                "name the weekday alone, as in 5, or a fixed day of the month in field 3" },
        { "third Friday", "0 0 * * 5#3", 9,
                "Velero's cron does not have the n-th weekday of a month (#)",
                "name the weekday alone, as in 5, or a fixed day of the month in field 3" },
        { "second Monday", "0 0 * * MON#2", 9,
                "Velero's cron does not have the n-th weekday of a month (#)",
                "name the weekday alone, as in 5, or a fixed day of the month in field 3" },
        { "seconds", "0 0 3 * * *", 1, "Velero's cron has five fields, here are 6",
                "drop the seconds" },
        { "a year", "0 0 1 1 * 2027", 11, "Velero's cron has five fields, here are 6",
                "drop the year" },
        { "seconds and a year", "0 0 0 1 1 * 2027", 11, "Velero's cron has five fields, here are 7",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1" },
        { "a small tz", "tz=UTC 0 0 * * *", 1, "Velero's cron has five fields, here are 6",
                "write the time zone as TZ=Europe/Berlin" },
        { "@reboot", "@reboot", 1, "Velero's cron does not know \"@reboot\"",
                "use @hourly, @daily, @weekly, @monthly, @yearly or @every 12h" },
        { "@Daily", "@Daily", 1, "Velero's cron does not know \"@Daily\"", "write @daily" },
        { "a misspelt descriptor", "@daly", 1, "Velero's cron does not know \"@daly\"",
                "write @daily" },
        { "a blank behind a descriptor", "@daily ", 1, "Velero's cron does not know \"@daily \"",
                "write @daily and nothing behind it" },
        { "a blank before a descriptor", " @daily", 1, "there is a blank before @daily",
                "remove it" },
        { "a word behind a descriptor", "@daily x", 1, "Velero's cron does not know \"@daily x\"",
                "write @daily and nothing behind it" },
        { "an unknown descriptor", "@unrecognized", 1,
                "Velero's cron does not know \"@unrecognized\"",
                "use @hourly, @daily, @weekly, @monthly, @yearly or @every 12h" },
        { "only @", "@", 1, "Velero's cron does not know \"@\"",
                "use @hourly, @daily, @weekly, @monthly, @yearly or @every 12h" },
        { "@every without a duration", "@every", 1, "Velero's cron does not know \"@every\"",
                "write a blank and a duration, as in @every 12h" },
        { "@every without a blank", "@every5m", 1, "Velero's cron does not know \"@every5m\"",
                "write a blank and a duration, as in @every 12h" },
        { "@every with two blanks", "@every  5m", 8, "there is more than one blank behind @every",
                "write @every 5m" },
        { "@every with a word", "@every Xm", 8, "\"Xm\" is not a duration",
                "write numbers with a unit of ns, us, ms, s, m or h, such as 720h or 1h30m" },
        { "@every with days", "@every 1d", 8, "unknown unit \"d\" in duration \"1d\"",
                "write 24h" },
        { "@every and nothing", "@every ", 8, "\"\" is not a duration",
                "write numbers with a unit of ns, us, ms, s, m or h, such as 720h or 1h30m" },
        { "@every without a unit after a zone", "TZ=UTC @every 5 ", 15,
                "missing unit in duration \"5\"", "add ns, us, ms, s, m or h" },
        { "a zone alone", "TZ=UTC", 7, "nothing follows the time zone",
                "add a space and the schedule, as in TZ=Europe/Berlin 0 3 * * *" },
        { "a zone and a blank", "TZ=UTC ", 8, "the schedule is empty",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1, or @daily" },
        { "a zone and four fields", "TZ=UTC 0 0 * *", 15,
                "Velero's cron has five fields, here are 4",
                "write minute hour day-of-month month day-of-week, as in 0 3 * * 1" },
        { "a zone and a misspelt descriptor", "CRON_TZ=UTC @hourli", 13,
                "Velero's cron does not know \"@hourli\"", "write @hourly" },
        { "a blank before a zone", " TZ=UTC 0 0 * * *", 1, "there is a blank before TZ=UTC",
                "remove it" },
        { "an unknown zone", "TZ=Europe/Nowhere 0 0 * * *", 4,
                "there is no time zone \"Europe/Nowhere\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a zone upwards", "TZ=../../etc/passwd 0 0 * * *", 4,
                "this is not the form of a time zone: \"../../etc/passwd\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a zone that is a path", "TZ=/etc/localtime 0 0 * * *", 4,
                "this is not the form of a time zone: \"/etc/localtime\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a zone with two slashes", "TZ=Europe//Berlin 0 0 * * *", 4,
                "this is not the form of a time zone: \"Europe//Berlin\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a zone with a dot", "TZ=Europe/./Berlin 0 0 * * *", 4,
                "this is not the form of a time zone: \"Europe/./Berlin\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a zone with a slash at its end", "TZ=Europe/ 0 0 * * *", 4,
                "this is not the form of a time zone: \"Europe/\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a folder of zones", "TZ=Europe 0 0 * * *", 4, "there is no time zone \"Europe\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "the machine's own zone", "TZ=localtime 0 0 * * *", 4,
                "each machine has its own time zone \"localtime\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a table beside the zones", "TZ=zone.tab 0 0 * * *", 4,
                "there is no time zone \"zone.tab\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a tab behind the zone", "TZ=Europe/Berlin\t0 0 * * *", 4,
                "this is not the form of a time zone: \"Europe/Berlin 0\"",
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC" },
        { "a number over 64 bits", "99999999999999999999 * * * *", 1,
                "\"99999999999999999999\" is no minute", "write a number 0-59, or *" },
        { "a fraction", "1.5 * * * *", 1, "\"1.5\" is no minute", "write a number 0-59, or *" },
        { "a bad part of a list", "0 0 1,,x * *", 8, "\"x\" is no day of month",
                "write a number 1-31, or *" },
};

static void refuses(void **state)
{
        const struct refused_row *c = test_row(state);
        const struct cron before = { .minute = 42 };
        struct cron cron = before;
        struct err err = ERR_INIT;

        assert_int_equal(cron_parse(c->text, &cron, &err), -EINVAL);
        assert_int_equal(err.code, -EINVAL);
        assert_string_equal(err.msg, c->msg);
        assert_string_equal(err.remedy, c->remedy);
        assert_int_equal(err.line, 1);
        assert_int_equal(err.column, c->column);
        assert_memory_equal(&cron, &before, sizeof(cron));
        assert_int_equal(cron_parse(c->text, &cron, NULL), -EINVAL);
}

int main(void)
{
        TEST_ROWS(accepts, accepted);
        TEST(keeps_zones);
        TEST(takes_nothing_for_a_second);
        TEST_ROWS(refuses, refused);
        return test_run("cron");
}
