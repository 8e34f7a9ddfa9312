/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <time.h>

#include "base/limits.h"
#include "velero/zone.h"

static int32_t offset_at(const struct zone *zone, int64_t t)
{
        struct zone_span span;

        zone_at(zone, t, &span);
        assert_true(span.start <= t);
        return span.offset;
}

/* --- against the C library, which reads the same files --- */

static const struct zone_row {
        const char *name;
} libc_zones[] = {
        { "Europe/Berlin" },
        { "Europe/Dublin" },
        { "America/New_York" },
        { "America/Sao_Paulo" },
        { "America/Santiago" },
        { "America/St_Johns" },
        { "Africa/Cairo" },
        { "Africa/Casablanca" },
        { "Asia/Kolkata" },
        { "Asia/Gaza" },
        { "Australia/Lord_Howe" },
        { "Antarctica/Troll" },
        { "Pacific/Apia" },
        { "Pacific/Chatham" },
        { "Etc/GMT+12" },
        { "EST5EDT" },
};

static int forget_zone(void **state)
{
        (void)state;
        unsetenv("TZ");
        tzset();
        return 0;
}

static void agrees_with_libc(void **state)
{
        const struct zone_row *c = test_row(state);
        const struct zone *zone = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(setenv("TZ", c->name, 1), 0);
        tzset();
        assert_ok(zone_get(c->name, strlen(c->name), &zone, &err), &err);
        assert_non_null(zone);
        /* 1900 to 2100, in steps that meet every hour of the day and every half of it. */
        for (int64_t t = -2208988800; t < 4102444800; t += 9 * 1800) {
                time_t libc = t;
                struct tm tm;
                struct zone_span span;

                assert_non_null(localtime_r(&libc, &tm));
                zone_at(zone, t, &span);
                if (span.offset != tm.tm_gmtoff)
                        fail_msg("at %lld: %d instead of %ld", (long long)t, span.offset,
                                tm.tm_gmtoff);
                assert_true(span.start <= t);
                /* A local time that comes once has one instant. */
                if (offset_at(zone, t - 86400) == span.offset &&
                        offset_at(zone, t + 86400) == span.offset)
                        assert_int_equal(zone_instant(zone, t + span.offset), t);
        }
}

/* --- the rule behind the last change --- */

#define HOUR 3600
/* 2026-01-15 and 2026-07-15, at noon. */
#define JANUARY 1768478400
#define JULY    1784116800

/* A file of version 2 with one type, UTC+5, no change and this rule. Returns its size. */
static size_t make_file(char bytes[static 512], const char *rule)
{
        static const char header[44] = "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                       "\0\0\0\0\0\0\0\1\0\0\0\4";
        static const char type[10] = "\0\0\x46\x50\0\0AAA";
        size_t n = 0;

        for (int i = 0; i < 2; i++) {
                memcpy(bytes + n, header, sizeof(header));
                memcpy(bytes + n + sizeof(header), type, sizeof(type));
                n += sizeof(header) + sizeof(type);
        }
        return n + (size_t)sprintf(bytes + n, "\n%s\n", rule);
}

static const struct rule_row {
        const char *name; /* the rule */
        int32_t january, july;
} rules[] = {
        { "CET-1CEST,M3.5.0,M10.5.0/3", 1 * HOUR, 2 * HOUR },
        { "EST5EDT,M3.2.0,M11.1.0", -5 * HOUR, -4 * HOUR },
        { "EST5EDT", -5 * HOUR, -4 * HOUR },
        { "EST5EDT4,M3.2.0;", 5 * HOUR, 5 * HOUR },
        { "AEST-10AEDT,M10.1.0,M4.1.0/3", 11 * HOUR, 10 * HOUR },
        { "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 11 * HOUR, 10 * HOUR + 1800 },
        { "IST-1GMT0,M10.5.0,M3.5.0/1", 0, 1 * HOUR },
        { "<-01>1<+00>,M3.5.0/-1,M10.5.0/0", -1 * HOUR, 0 },
        { "JST-9", 9 * HOUR, 9 * HOUR },
        { "<+0545>-5:45", 5 * HOUR + 2700, 5 * HOUR + 2700 },
        { "AAA-1:02:03", HOUR + 123, HOUR + 123 },
        { "AAA0BBB,J60,J300", 0, HOUR },
        { "AAA0BBB,59/0,299/25:30", 0, HOUR },
        { "AAA0BBB,M3.5.0/168,M10.5.0/-167", 0, HOUR },
        /* What is no rule leaves what the file has. */
        { "", 5 * HOUR, 5 * HOUR },
        { "AA-1", 5 * HOUR, 5 * HOUR },
        { "AAA", 5 * HOUR, 5 * HOUR },
        { "<AAA-1", 5 * HOUR, 5 * HOUR },
        { "AAA-169", 5 * HOUR, 5 * HOUR },
        { "AAA-1:60", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M13.1.0,M1.1.0", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M3.6.0,M1.1.0", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M3.1.7,M1.1.0", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M3.1,M1.1.0", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,J0,J1", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,366,1", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M3.1.0", 5 * HOUR, 5 * HOUR },
        { "AAA-1BBB,M3.1.0,M10.1.0x", 5 * HOUR, 5 * HOUR },
};

static void follows_rules(void **state)
{
        const struct rule_row *c = test_row(state);
        char bytes[512];
        struct zone *zone = NULL;
        struct err err = ERR_INIT;

        assert_ok(zone_decode(bytes, make_file(bytes, c->name), &zone, &err), &err);
        assert_int_equal(offset_at(zone, JANUARY), c->january);
        assert_int_equal(offset_at(zone, JULY), c->july);
        zone_free(zone);
}

/* --- damage --- */

static const struct damage_row {
        const char *name;
        size_t at;
        const char *bytes;
        size_t n;
} damages[] = {
        { "no magic", 0, "TZIF", 4 },
        { "version 5", 4, "5", 1 },
        { "another header in the middle", 54, "TZIF", 4 },
        { "no types", 54 + 36, "\0\0\0\0", 4 },
        { "more types than bytes", 54 + 36, "\0\0\0\xFF", 4 },
        { "more types than an index tells", 54 + 36, "\0\0\1\1", 4 },
        { "more changes than bytes", 54 + 32, "\0\0\1\0", 4 },
        { "as many changes as there can be", 54 + 32, "\xFF\xFF\xFF\xFF", 4 },
        { "as many old changes as there can be", 32, "\xFF\xFF\xFF\xFF", 4 },
        { "an offset of two days", 54 + 44, "\0\2\xA3\0", 4 },
};

static void refuses_damage(void **state)
{
        const struct damage_row *c = test_row(state);
        char bytes[512];
        struct zone *zone = NULL;
        struct err err = ERR_INIT;
        size_t n = make_file(bytes, "UTC0");

        memcpy(bytes + c->at, c->bytes, c->n);
        assert_int_equal(zone_decode(bytes, n, &zone, &err), -EBADMSG);
        assert_err(&err, -EBADMSG, "the time zone's data is damaged");
        assert_string_equal(err.remedy, "install Debian's package tzdata again");
        assert_null(zone);
}

static void refuses_every_cut(void **state)
{
        char bytes[512];
        struct zone *zone = NULL;

        (void)state;
        (void)make_file(bytes, "UTC0");
        for (size_t n = 0; n < 108; n++)
                assert_int_equal(zone_decode(bytes, n, &zone, NULL), -EBADMSG);
        assert_null(zone);
}

/* --- files --- */

static void put_file(const char *dir, const char *name, const char *bytes, size_t n)
{
        char path[256];
        int fd;

        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bytes, n), n);
        close(fd);
}

static void reads_files(void **state)
{
        static char bytes[LIMIT_ZONE_BYTES + 1];
        const char *dir = test_dir(state);
        struct zone *zone = NULL;
        struct err err = ERR_INIT;
        char path[256];

        put_file(dir, "good", bytes, make_file(bytes, "JST-9"));
        assert_ok(zone_read(dir, "good", &zone, &err), &err);
        assert_int_equal(offset_at(zone, JULY), 9 * HOUR);
        zone_free(zone);
        zone = NULL;

        put_file(dir, "large", bytes, sizeof(bytes));
        assert_int_equal(zone_read(dir, "large", &zone, &err), -EBADMSG);
        assert_err(&err, -EBADMSG, "/large: the time zone's data is damaged");
        put_file(dir, "cut", bytes, 100);
        assert_int_equal(zone_read(dir, "cut", &zone, &err), -EBADMSG);
        put_file(dir, "text", "# a table\n", 10);
        assert_int_equal(zone_read(dir, "text", &zone, &err), -EINVAL);
        assert_err(&err, -EINVAL, "there is no time zone \"text\"");
        (void)snprintf(path, sizeof(path), "%s/pipe", dir);
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(zone_read(dir, "pipe", &zone, &err), -EINVAL);
        assert_err(&err, -EINVAL, "there is no time zone \"pipe\"");
        assert_int_equal(zone_read(dir, "text/below", &zone, &err), -EINVAL);
        assert_int_equal(zone_read(dir, "nowhere", &zone, &err), -EINVAL);
        assert_null(zone);
}

static void says_that_there_is_no_database(void **state)
{
        struct zone *zone = NULL;
        struct err err = ERR_INIT;
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/none", test_dir(state));
        assert_int_equal(zone_read(path, "Europe/Berlin", &zone, &err), -ENOENT);
        assert_err(&err, -ENOENT, "this machine has no time zone data in ");
        assert_string_equal(
                err.remedy, "install Debian's package tzdata, or write the schedule in UTC");
        assert_null(zone);
}

static const struct name_row {
        const char *name, *text;
} bad_names[] = {
        { "upwards", "../Berlin" },
        { "upwards in the middle", "Europe/../../../etc/passwd" },
        { "here", "./Berlin" },
        { "absolute", "/usr/share/zoneinfo/UTC" },
        { "a slash at the end", "Europe/" },
        { "two slashes", "Europe//Berlin" },
        { "a blank", "Europe/ Berlin" },
        { "a backslash", "Europe\\Berlin" },
        { "a wide character", "Europe/B\xC3\xA9rlin" },
        { "too long", "Europe/BerlinBerlinBerlinBerlinBerlinBerlinBerlinBerlinBerlinBerlin" },
};

static void refuses_names(void **state)
{
        const struct name_row *c = test_row(state);
        const struct zone *zone = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(zone_get(c->text, strlen(c->text), &zone, &err), -EINVAL);
        assert_err(&err, -EINVAL, "this is not the form of a time zone");
        assert_string_equal(err.remedy,
                "use a name of the IANA database, such as Europe/Berlin, or none for UTC");
        assert_null(zone);
}

static void takes_as_many_bytes_as_named(void **state)
{
        const struct zone *zone = NULL, *again = NULL;

        (void)state;
        assert_ok(zone_get("Asia/Tokyo and more", 10, &zone, NULL), NULL);
        assert_int_equal(offset_at(zone, JULY), 9 * HOUR);
        assert_ok(zone_get("Asia/Tokyo", 10, &again, NULL), NULL);
        assert_ptr_equal(zone, again);
        assert_ok(zone_get("UTC0", 3, &zone, NULL), NULL);
        assert_null(zone);
        assert_int_equal(offset_at(zone, JULY), 0);
        assert_int_equal(zone_instant(zone, JULY), JULY);
}

static unsigned zones_found;

static int get_zone(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        const char *name = path + strlen(ZONE_DIR) + 1;
        const struct zone *zone = NULL;
        struct err err = ERR_INIT;

        (void)st;
        (void)ftw;
        if (type == FTW_F && zone_get(name, strlen(name), &zone, &err) < 0)
                assert_null(strstr(err.msg, "are in use"));
        zones_found += type == FTW_F && zone != NULL;
        return 0;
}

/* Whatever zones the objects on clusters name, a policy's own is still found. */
static void has_room_for_all_there_are(void **state)
{
        (void)state;
        assert_int_equal(nftw(ZONE_DIR, get_zone, 8, 0), 0);
        assert_true(zones_found > 300);
        assert_true(2 * zones_found < LIMIT_ZONES);
}

int main(void)
{
        TEST(has_room_for_all_there_are);
        TEST_ROWS_WITH(agrees_with_libc, libc_zones, NULL, forget_zone);
        TEST_ROWS(follows_rules, rules);
        TEST_ROWS(refuses_damage, damages);
        TEST(refuses_every_cut);
        TEST_IN_DIR(reads_files);
        TEST_IN_DIR(says_that_there_is_no_database);
        TEST_ROWS(refuses_names, bad_names);
        TEST(takes_as_many_bytes_as_named);
        return test_run("zone");
}
