/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Cron expressions as Velero reads them: five fields with `* ? , - /` and names, the descriptors
 * and `@every D`. An own reading, apart from the daemon's, so that the two check each other.
 */
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "tests/sim/mem.h"

struct cron {
        uint64_t minute, hour, day, month, weekday; /* bit n: the value n */
        bool any_day, any_weekday;                  /* "*" or "?" */
        double every_s;                             /* @every; 0: fields */
};

/* Returns 0, or -1 with Velero's words in @why. Times are UTC. */
int cron_parse(struct cron *c, const char *text, struct str *why);
/* The first time behind @after, or -1 where there is none within five years. */
time_t cron_next(const struct cron *c, time_t after);
