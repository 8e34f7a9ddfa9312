/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the tests of Velero's cron share: times and expressions as texts that are known to be good. */
#include "tests/support/test.h"

#include "base/timefmt.h"
#include "velero/cron.h"

/* RFC 3339; "" is 0, which is never. */
static inline int64_t cron_at(const char *text)
{
        int64_t t = 0;

        if (*text)
                assert_ok(rfc3339_parse(text, &t, NULL), NULL);
        return t;
}

static inline struct cron cron_parsed(const char *text)
{
        struct cron cron;
        struct err err = ERR_INIT;

        assert_ok(cron_parse(text, &cron, &err), &err);
        return cron;
}

static inline void assert_time(int64_t t, const char *expected)
{
        char got[RFC3339_SIZE], wanted[RFC3339_SIZE];

        assert_string_equal(rfc3339_format(got, t), rfc3339_format(wanted, cron_at(expected)));
}
