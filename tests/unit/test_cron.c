/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Velero's cron. The rows of parsing and of next times are the vectors of robfig/cron v3.0.1's own
 * tests, without their field of seconds; those called "measured" are what that library answered.
 */
#include "tests/support/test.h"

#include <errno.h>

#include "base/timefmt.h"
#include "velero/cron.h"
#include "velero/schedule_warnings.h"

#define ALL_MINUTES  (CRON_STAR | 0xFFFFFFFFFFFFFFF)
#define ALL_HOURS    (CRON_STAR | 0xFFFFFF)
#define ALL_DAYS     (CRON_STAR | 0xFFFFFFFE)
#define ALL_MONTHS   (CRON_STAR | 0x1FFE)
#define ALL_WEEKDAYS (CRON_STAR | 0x7F)

static int64_t at(const char *text)
{
        int64_t t = 0;

        if (*text)
                assert_ok(rfc3339_parse(text, &t, NULL), NULL);
        return t;
}

static struct cron parsed(const char *text)
{
        struct cron cron;
        struct err err = ERR_INIT;

        assert_ok(cron_parse(text, &cron, &err), &err);
        return cron;
}

static void assert_time(int64_t t, const char *expected)
{
        char got[RFC3339_SIZE], wanted[RFC3339_SIZE];

        assert_string_equal(rfc3339_format(got, t), rfc3339_format(wanted, at(expected)));
}

/* --- what is accepted --- */

static const struct field_row {
        const char *name; /* the expression */
        struct cron cron;
} accepted[] = {
        { "5 * * * *", { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 7 * * *", { 1, 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 0 * * 5-5", { 1, 1, ALL_DAYS, ALL_MONTHS, 1 << 5, NULL, 0 } },
        { "0 0 * * 5-6", { 1, 1, ALL_DAYS, ALL_MONTHS, 1 << 5 | 1 << 6, NULL, 0 } },
        { "0 5-7/2 * * *", { 1, 1 << 5 | 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 5-6/2 * * *", { 1, 1 << 5, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 5-7/1 * * *",
                { 1, 1 << 5 | 1 << 6 | 1 << 7, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 0 */2 * */2", { 1, 1, 0xAAAAAAAA, ALL_MONTHS, 0x55, NULL, 0 } },
        { "0 1,5-7/2,3 * * *", { 1, 1 << 1 | 1 << 5 | 1 << 7 | 1 << 3, ALL_DAYS, ALL_MONTHS,
                                       ALL_WEEKDAYS, NULL, 0 } },
        { "5,6,7 0 * * *",
                { 1 << 5 | 1 << 6 | 1 << 7, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 20/2 * * *", { 1, 1 << 20 | 1 << 22, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "0 0 ? JAN,feb,Mar-MAY Sun", { 1, 1, ALL_DAYS, 0x3E, 1, NULL, 0 } },
        { "*/1 0 * * *", { ALL_MINUTES, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "*-x 0 * * *", { ALL_MINUTES, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { ",5,, 0 * * *", { 1 << 5, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { ", 0 * * *", { 0, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "+5 0 * * *", { 1 << 5, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "08 09 * * *", { 1 << 8, 1 << 9, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "10/9223372036854775807 0 * * *",
                { 1 << 10, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "  5 \t* * *   * ", { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "@yearly", { 1, 1, 1 << 1, 1 << 1, ALL_WEEKDAYS, NULL, 0 } },
        { "@annually", { 1, 1, 1 << 1, 1 << 1, ALL_WEEKDAYS, NULL, 0 } },
        { "@monthly", { 1, 1, 1 << 1, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "@weekly", { 1, 1, ALL_DAYS, ALL_MONTHS, 1, NULL, 0 } },
        { "@daily", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "@midnight", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "@hourly", { 1, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "CRON_TZ=UTC  5 * * * *",
                { 1 << 5, ALL_HOURS, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "TZ=UTC  @midnight", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "TZ=UTC @midnight \t", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "TZ= 0 0 * * *", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
        { "TZ=Local 0 0 * * *", { 1, 1, ALL_DAYS, ALL_MONTHS, ALL_WEEKDAYS, NULL, 0 } },
};

static void accepts(void **state)
{
        const struct field_row *c = test_row(state);
        const struct cron cron = parsed(c->name);

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
        const struct cron a = parsed("TZ=Asia/Tokyo @midnight"),
                          b = parsed("CRON_TZ=Asia/Tokyo 5 * * * *");
        const struct cron every = parsed("TZ=Asia/Tokyo @every 1h");

        (void)state;
        assert_non_null(a.zone);
        assert_ptr_equal(a.zone, b.zone);
        assert_true(cron_is_every(&every));
        assert_int_equal(every.every_s, 3600);
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
        const struct cron cron = parsed(c->text);

        assert_int_equal(cron_next(&cron, at(c->t) - 1) == at(c->t), c->fires);
        assert_int_equal(cron_slot_before(&cron, at(c->t)) == at(c->t), c->fires);
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
        const struct cron cron = parsed(c->text);

        assert_time(cron_next(&cron, at(c->after)), c->next);
}

static void ends_where_the_library_hangs(void **state)
{
        /* Samoa left out 30 December 2011: days are added for ever. */
        const struct cron cron = parsed("TZ=Pacific/Apia 0 0 31 * *");

        (void)state;
        assert_int_equal(cron_next(&cron, at("2011-12-29T12:00:00Z")), 0);
}

static void knows_the_years_1_to_9999(void **state)
{
        const struct cron cron = parsed("* * * * *"), every = parsed("@every 2000000h");

        (void)state;
        assert_int_equal(cron_next(&cron, INT64_MIN), 0);
        assert_int_equal(cron_next(&cron, INT64_MAX), 0);
        assert_int_equal(cron_next(&every, INT64_MAX), 0);
        assert_int_equal(cron_next(&every, at("9999-12-31T23:59:59Z") - 1), 0);
        assert_int_equal(cron_slot_before(&cron, INT64_MAX), 0);
        assert_int_equal(cron_slot_before(&cron, INT64_MIN), 0);
        assert_int_equal(schedules_are_crowded(&cron, 1, 0, INT64_MIN, INT64_MAX, NULL), 0);
        assert_int_equal(cron_next(&cron, at("9999-12-31T23:59:00Z")), 0);
        assert_time(cron_next(&cron, at("0001-01-01T00:00:00Z")), "0001-01-01T00:01:00Z");
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
        const struct cron cron = parsed(c->text);

        assert_time(cron_slot_before(&cron, at(c->t)), c->slot);
}

/* --- never, often, many --- */

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
        const struct cron cron = parsed(c->name);
        const int64_t t = at("2026-09-01T00:00:00Z");

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
        const int64_t from = at("2026-09-01T00:00:00Z"), to = at("2026-09-02T00:00:00Z");
        struct cron crons[ARRAY_SIZE(c->texts)];
        int64_t minute = 42;
        size_t n = 0;

        while (n < ARRAY_SIZE(c->texts) && c->texts[n]) {
                crons[n] = parsed(c->texts[n]);
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

int main(void)
{
        TEST_ROWS(accepts, accepted);
        TEST(keeps_zones);
        TEST_ROWS(refuses, refused);
        TEST_ROWS(fires, activations);
        TEST_ROWS(finds_next, nexts);
        TEST(ends_where_the_library_hangs);
        TEST(knows_the_years_1_to_9999);
        TEST_ROWS(finds_slot, slots);
        TEST_ROWS(judges, kinds);
        TEST_ROWS(counts_crowds, crowds);
        return test_run("cron");
}
