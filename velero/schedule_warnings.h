/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What is worth a warning in schedules that are valid. Pure functions of expressions; any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "velero/cron.h"

/*
 * Whether two runs may be less than an hour apart: @every below 1h, or more than one minute of the
 * hour. Not one minute of each hour, although a zone whose clock is set back by half an hour
 * (Australia/Lord_Howe) repeats it within the hour once a year. False for one that never fires.
 */
bool schedule_is_frequent(const struct cron *cron);

/*
 * Whether some minute at or after `from` and before `to` has runs of more than `most` of the n
 * expressions; *ret_minute is then the beginning of the first such minute (may be NULL).
 * Expressions with @every are left out: when they run depends on when they ran. 1 yes, 0 no,
 * -ENOMEM.
 *
 * Time grows with n and with the number of runs in the window: a day of 1000 schedules that run
 * each minute takes about a second, and one of daily ones a millisecond.
 */
int schedules_are_crowded(const struct cron *crons, size_t n, size_t most, int64_t from, int64_t to,
        int64_t *ret_minute);
