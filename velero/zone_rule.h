/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The rule at the end of a zone's file, which holds for ever after the last change listed: a POSIX
 * TZ string such as "CET-1CEST,M3.5.0,M10.5.0/3". Private to zone.c. Pure functions.
 */
#include <stdbool.h>
#include <stdint.h>

struct zone_span;

/* Longest rule with its NUL; the database's longest has 44 characters. */
#define ZONE_RULE_MAX 128

/* When in each year one of the two changes happens. */
struct zone_day {
        enum { ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_WEEK } kind;
        int day;         /* 1-365 without 29 February, 0-365 with it, or weekday 0-6 */
        int week, month; /* 1-5 (5: the last), 1-12 */
        int32_t time;    /* of the day, in the time that ends; may be negative or over a day */
};

struct zone_rule {
        int32_t standard, daylight; /* seconds east of UTC */
        bool changes;               /* daylight counts */
        struct zone_day start, end; /* of daylight */
};

/* False for what is no rule. */
bool zone_rule_parse(const char *text, struct zone_rule *ret);
/* What is in force at a time. With a rule that never changes ret's bounds: start stays, end is for
 * ever; else they are exact near a change and may be the year's elsewhere, as in Go. */
void zone_rule_at(const struct zone_rule *rule, int64_t t, struct zone_span *ret);
