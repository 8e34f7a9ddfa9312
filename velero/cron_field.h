/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * One field of a cron expression, and how faults are told. Private to cron.c. Pure functions.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

/* A piece of the expression; never NUL-terminated by itself. */
struct span {
        const char *p;
        size_t n;
};

/* Longest piece that is quoted in a message. */
#define QUOTE_MAX 32
#define QUOTE(s)  (int)((s).n > QUOTE_MAX ? QUOTE_MAX : (s).n), (s).p

/* One expression being read, or its end from byte `before` on. */
struct cron_reading {
        const char *text;
        size_t before;
        struct err *err;
};

/* The place of a byte in the whole expression, from 1. */
int cron_column(const struct cron_reading *in, const char *at);
/* The fault is at `at`. Returns -EINVAL; follow with err_remedy(). */
int cron_refuse(const struct cron_reading *in, const char *at, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* A decimal number of 63 bits with an optional sign, as strconv.Atoi reads it, that is not
 * negative. */
bool span_read_number(struct span s, uint64_t *ret);

enum cron_field_index {
        FIELD_MINUTE,
        FIELD_HOUR,
        FIELD_DAY,
        FIELD_MONTH,
        FIELD_WEEKDAY,
        FIELD_COUNT
};

/* The bits of a field, with CRON_STAR; 0 for a list without values. -EINVAL with place and remedy.
 */
int cron_read_field(
        const struct cron_reading *in, enum cron_field_index index, struct span s, uint64_t *ret);
