/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>

#include "base/timefmt.h"

/* --- RFC 3339 --- */

static const struct time_row {
        const char *name, *text;
        int64_t t;
        const char *formatted;
} times[] = {
        { "a usual time", "2026-09-01T09:41:00Z", 1788255660, "2026-09-01T09:41:00Z" },
        { "lower case", "2026-09-01t09:41:00z", 1788255660, "2026-09-01T09:41:00Z" },
        { "fraction cut off", "2026-09-01T09:41:00.999999999Z", 1788255660,
                "2026-09-01T09:41:00Z" },
        { "offset east", "2026-09-01T11:41:00+02:00", 1788255660, "2026-09-01T09:41:00Z" },
        { "offset west with fraction", "2026-09-01T04:11:00.5-05:30", 1788255660,
                "2026-09-01T09:41:00Z" },
        { "leap day", "2024-02-29T00:00:00Z", 1709164800, "2024-02-29T00:00:00Z" },
        { "leap day of a fourth century", "2000-02-29T23:59:59Z", 951868799,
                "2000-02-29T23:59:59Z" },
        { "before the epoch", "1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z" },
        { "the epoch is none", "1970-01-01T00:00:00Z", 0, "" },
        { "first second", "0001-01-01T00:00:00Z", -62135596800, "0001-01-01T00:00:00Z" },
        { "last second", "9999-12-31T23:59:59Z", 253402300799, "9999-12-31T23:59:59Z" },
        { "offset beyond the last year", "9999-12-31T23:59:59-01:00", 253402304399, "" },
        { "leap second", "2016-12-31T23:59:60Z", 1483228800, "2017-01-01T00:00:00Z" },
};

static void parses_times(void **state)
{
        const struct time_row *c = test_row(state);
        char text[RFC3339_SIZE];
        struct err err = ERR_INIT;
        int64_t t = 42;

        assert_ok(rfc3339_parse(c->text, &t, &err), &err);
        assert_int_equal(t, c->t);
        assert_string_equal(rfc3339_format(text, t), c->formatted);
}

static const struct bad_text {
        const char *name, *text;
} bad_times[] = {
        { "time: empty", "" },
        { "time: date only", "2026-09-01" },
        { "time: no offset", "2026-09-01T09:41:00" },
        { "time: blank for T", "2026-09-01 09:41:00Z" },
        { "time: trailing byte", "2026-09-01T09:41:00Z " },
        { "time: leading blank", " 2026-09-01T09:41:00Z" },
        { "time: empty fraction", "2026-09-01T09:41:00.Z" },
        { "time: comma fraction", "2026-09-01T09:41:00,5Z" },
        { "time: month 0", "2026-00-01T09:41:00Z" },
        { "time: month 13", "2026-13-01T09:41:00Z" },
        { "time: day 0", "2026-09-00T09:41:00Z" },
        { "time: 31 September", "2026-09-31T09:41:00Z" },
        { "time: 29 February of a common year", "2023-02-29T09:41:00Z" },
        { "time: 29 February 1900", "1900-02-29T09:41:00Z" },
        { "time: hour 24", "2026-09-01T24:00:00Z" },
        { "time: minute 60", "2026-09-01T09:60:00Z" },
        { "time: second 61", "2026-09-01T09:41:61Z" },
        { "time: year 0", "0000-09-01T09:41:00Z" },
        { "time: five digits of a year", "12026-09-01T09:41:00Z" },
        { "time: offset without colon", "2026-09-01T09:41:00+0200" },
        { "time: offset over a day", "2026-09-01T09:41:00+24:00" },
        { "time: signed month", "2026-+9-01T09:41:00Z" },
};

static void refuses_times(void **state)
{
        const struct bad_text *c = test_row(state);
        struct err err = ERR_INIT;
        int64_t t = 42;

        assert_int_equal(rfc3339_parse(c->text, &t, &err), -EINVAL);
        assert_err(&err, -EINVAL, "is not a time as RFC 3339 has it");
        assert_string_equal(err.remedy, "write it like 2026-09-01T09:41:00Z");
        assert_int_equal(t, 42);
}

static void every_day_of_a_cycle_survives(void **state)
{
        struct civil c;
        int weekday = 6; /* 2000-01-01 was a Saturday */

        for (int64_t t = 946684800, day = 0; day < 146097; day++, t += 86400) {
                time_to_civil(t + 45296, &c);
                assert_int_equal(c.hour * 10000 + c.minute * 100 + c.second, 123456);
                assert_int_equal(c.weekday, weekday);
                assert_int_equal(time_from_civil(&c), t + 45296);
                weekday = (weekday + 1) % 7;
        }
        assert_int_equal(c.year, 2399);
        assert_int_equal(c.month * 100 + c.day, 1231);
}

/* --- stamps --- */

static void stamps_are_exact(void **state)
{
        char run[STAMP_SIZE], name[STAMP_SIZE];
        int64_t t = 0;

        assert_string_equal(stamp_format_run(run, 1788228003), "20260901-020003Z");
        assert_string_equal(stamp_format_name(name, 1788228003), "20260901020003");
        assert_ok(stamp_parse_run(run, &t, NULL), NULL);
        assert_int_equal(t, 1788228003);
        assert_string_equal(stamp_format_run(run, 0), "");
        assert_string_equal(stamp_format_name(name, 0), "");
}

static const struct bad_text bad_stamps[] = {
        { "stamp: empty", "" },
        { "stamp: no Z", "20260901-020003" },
        { "stamp: trailing digit", "202609010200031" },
        { "stamp: one digit short", "2026090102000" },
        { "stamp: not a day", "20260931020003" },
        { "stamp: not a day of a run", "20260931-020003Z" },
        { "stamp: dash", "20260901-020003z" },
};

static void refuses_stamps(void **state)
{
        const struct bad_text *c = test_row(state);
        struct err err = ERR_INIT;
        int64_t t = 42;

        assert_int_equal(stamp_parse_run(c->text, &t, &err), -EINVAL);
        assert_err(&err, -EINVAL, "is not a time stamp");
        assert_string_equal(err.remedy, "write it like 20260901-020003Z");
        assert_int_equal(t, 42);
}

/* --- durations: the vectors of Go's own tests, and ours --- */

#define NS 1LL
#define US (1000 * NS)
#define MS (1000 * US)
#define S  (1000 * MS)
#define M  (60 * S)
#define H  (60 * M)

static const struct duration_row {
        const char *name; /* the text itself */
        int64_t ns;
        const char *formatted;
} durations[] = {
        { "0", 0, "0s" },
        { "5s", 5 * S, "5s" },
        { "30s", 30 * S, "30s" },
        { "1478s", 1478 * S, "24m38s" },
        { "-5s", -5 * S, "-5s" },
        { "+5s", 5 * S, "5s" },
        { "-0", 0, "0s" },
        { "+0", 0, "0s" },
        { "5.0s", 5 * S, "5s" },
        { "5.6s", 5 * S + 600 * MS, "5.6s" },
        { "5.s", 5 * S, "5s" },
        { ".5s", 500 * MS, "500ms" },
        { "1.0s", 1 * S, "1s" },
        { "1.00s", 1 * S, "1s" },
        { "1.004s", 1 * S + 4 * MS, "1.004s" },
        { "1.0040s", 1 * S + 4 * MS, "1.004s" },
        { "100.00100s", 100 * S + 1 * MS, "1m40.001s" },
        { "10ns", 10, "10ns" },
        { "11us", 11 * US, "11\xC2\xB5s" },
        { "12\xC2\xB5s", 12 * US, "12\xC2\xB5s" },
        { "12\xCE\xBCs", 12 * US, "12\xC2\xB5s" },
        { "13ms", 13 * MS, "13ms" },
        { "14s", 14 * S, "14s" },
        { "15m", 15 * M, "15m0s" },
        { "16h", 16 * H, "16h0m0s" },
        { "720h", 720 * H, "720h0m0s" },
        { "1h30m", 90 * M, "1h30m0s" },
        { "1.5h", 90 * M, "1h30m0s" },
        { "3h30m", 3 * H + 30 * M, "3h30m0s" },
        { "10.5s4m", 4 * M + 10 * S + 500 * MS, "4m10.5s" },
        { "-2m3.4s", -(2 * M + 3 * S + 400 * MS), "-2m3.4s" },
        { "1h2m3s4ms5us6ns", 1 * H + 2 * M + 3 * S + 4 * MS + 5 * US + 6, "1h2m3.004005006s" },
        { "39h9m14.425s", 39 * H + 9 * M + 14 * S + 425 * MS, "39h9m14.425s" },
        { "52763797000ns", 52763797000, "52.763797s" },
        { "0.3333333333333333333h", 20 * M, "20m0s" },
        { "9007199254740993ns", (1LL << 53) + 1, "2501h59m59.254740993s" },
        { "9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s" },
        { "9223372036854775.807us", INT64_MAX, "2562047h47m16.854775807s" },
        { "9223372036s854ms775us807ns", INT64_MAX, "2562047h47m16.854775807s" },
        { "-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s" },
        { "-9223372036854775.808us", INT64_MIN, "-2562047h47m16.854775808s" },
        { "-9223372036s854ms775us808ns", INT64_MIN, "-2562047h47m16.854775808s" },
        { "0.100000000000000000000h", 6 * M, "6m0s" },
        { "0.830103483285477580700h", 49 * M + 48 * S + 372539827, "49m48.372539827s" },
        { "1.1us", 1100, "1.1\xC2\xB5s" },
        { "2200us", 2200 * US, "2.2ms" },
};

static void parses_durations(void **state)
{
        const struct duration_row *c = test_row(state);
        char text[DURATION_SIZE];
        struct err err = ERR_INIT;
        int64_t ns = 42, again = 42;

        assert_ok(duration_parse(c->name, &ns, &err), &err);
        assert_int_equal(ns, c->ns);
        assert_string_equal(duration_format(text, ns), c->formatted);
        assert_ok(duration_parse(text, &again, &err), &err);
        assert_int_equal(again, ns);
}

static const struct bad_duration {
        const char *name; /* the text itself */
        const char *msg, *remedy;
} bad_durations[] = {
        { "", "\"\" is not a duration", "such as 720h or 1h30m" },
        { "-", "\"-\" is not a duration", "ns, us, ms, s, m or h" },
        { "+-1s", "\"+-1s\" is not a duration", "such as 720h or 1h30m" },
        { "s", "\"s\" is not a duration", "such as 720h or 1h30m" },
        { ".", "\".\" is not a duration", "such as 720h or 1h30m" },
        { "-.", "\"-.\" is not a duration", "such as 720h or 1h30m" },
        { ".s", "\".s\" is not a duration", "such as 720h or 1h30m" },
        { "+.s", "\"+.s\" is not a duration", "such as 720h or 1h30m" },
        { " 1s", "\" 1s\" is not a duration", "such as 720h or 1h30m" },
        { "3", "missing unit in duration \"3\"", "add ns, us, ms, s, m or h" },
        { "00", "missing unit in duration \"00\"", "add ns, us, ms, s, m or h" },
        { "1h30", "missing unit in duration \"1h30\"", "add ns, us, ms, s, m or h" },
        { "30d", "unknown unit \"d\" in duration \"30d\"", "write 720h" },
        { "2w", "unknown unit \"w\" in duration \"2w\"", "write 336h" },
        { "-30d", "unknown unit \"d\" in duration \"-30d\"", "write 720h" },
        { "1d12h", "unknown unit \"d\" in duration \"1d12h\"", "a day is 24h" },
        { "1.5d", "unknown unit \"d\" in duration \"1.5d\"", "a day is 24h" },
        { "999999999999d", "unknown unit \"d\"", "a day is 24h" },
        { "1y", "unknown unit \"y\"", "use ns, us, ms, s, m or h" },
        { "1 h", "unknown unit \" h\"", "use ns" },
        { "1H", "unknown unit \"H\"", "use ns" },
        { "1s ", "unknown unit \"s \"", "use ns" },
        { "3000000h", "\"3000000h\" is out of range", "about 292 years" },
        { "9223372036854775808ns", "is out of range", "about 292 years" },
        { "9223372036854775.808us", "is out of range", "about 292 years" },
        { "9223372036854ms775us808ns", "is out of range", "about 292 years" },
        { "-9223372036854775809ns", "is out of range", "about 292 years" },
        { "99999999999999999999h", "is out of range", "about 292 years" },
        { "2562047h2562047h", "is out of range", "about 292 years" },
};

static void refuses_durations(void **state)
{
        const struct bad_duration *c = test_row(state);
        struct err err = ERR_INIT;
        int64_t ns = 42;

        assert_int_equal(duration_parse(c->name, &ns, &err), -EINVAL);
        assert_err(&err, -EINVAL, c->msg);
        assert_remedy(&err, c->remedy);
        assert_int_equal(ns, 42);
}

static void formats_extremes(void **state)
{
        char text[DURATION_SIZE];

        assert_string_equal(duration_format(text, 1), "1ns");
        assert_string_equal(duration_format(text, -999), "-999ns");
        assert_string_equal(duration_format(text, 999999), "999.999\xC2\xB5s");
        assert_string_equal(duration_format(text, 999999999), "999.999999ms");
        assert_string_equal(duration_format(text, 1 * H), "1h0m0s");
}

/* --- clocks --- */

static int64_t fixed_realtime(void)
{
        return 1788255660;
}

static void clocks_can_be_replaced(void **state)
{
        static const struct clock_source fixed = { .realtime = fixed_realtime };
        int64_t before = clock_boottime_ms();

        assert_true(before > 0);
        assert_true(clock_realtime() > 1700000000);
        clock_set_for_tests(&fixed);
        assert_int_equal(clock_realtime(), 1788255660);
        assert_true(clock_boottime_ms() >= before);
        clock_set_for_tests(NULL);
        assert_int_not_equal(clock_realtime(), 1788255660);
}

int main(void)
{
        TEST_ROWS(parses_times, times);
        TEST_ROWS(refuses_times, bad_times);
        TEST(every_day_of_a_cycle_survives);
        TEST(stamps_are_exact);
        TEST_ROWS(refuses_stamps, bad_stamps);
        TEST_ROWS(parses_durations, durations);
        TEST_ROWS(refuses_durations, bad_durations);
        TEST(formats_extremes);
        TEST(clocks_can_be_replaced);
        return test_run("timefmt");
}
