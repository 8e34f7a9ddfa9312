/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/schedule_warnings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define MINUTE_S 60
#define HOUR_S   3600

bool schedule_is_frequent(const struct cron *cron)
{
        const uint64_t minutes = cron->minute & ~CRON_STAR;

        if (cron_is_every(cron))
                return cron->every_s < HOUR_S;
        /* More than one bit. */
        return (minutes & (minutes - 1)) != 0 && !cron_never(cron);
}

/* One run in the window that is still to be looked at. */
struct coming_run {
        const struct cron *cron;
        int64_t at;
};

static bool run_is_later(const struct coming_run *a, const struct coming_run *b)
{
        return a->at > b->at;
}

/* Restores the heap, whose root is the earliest run, below entry i. */
static void sift_down(struct coming_run *runs, size_t n, size_t i)
{
        for (;;) {
                size_t first = i;

                for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < n; child++)
                        if (run_is_later(&runs[first], &runs[child]))
                                first = child;
                if (first == i)
                        return;

                struct coming_run swap = runs[i];

                runs[i] = runs[first];
                runs[first] = swap;
                i = first;
        }
}

int schedules_are_crowded(const struct cron *crons, size_t n, size_t most, int64_t from, int64_t to,
        int64_t *ret_minute)
{
        _cleanup_(freep) struct coming_run *runs = calloc(n + 1, sizeof(*runs));
        int64_t minute = 0, minute_end = INT64_MIN;
        size_t n_runs = 0, count = 0;

        if (!runs)
                return -ENOMEM;
        for (size_t i = 0; from > INT64_MIN && i < n; i++) {
                int64_t at = cron_is_every(&crons[i]) ? 0 : cron_next(&crons[i], from - 1);

                if (at != 0 && at < to)
                        runs[n_runs++] = (struct coming_run){ &crons[i], at };
        }
        for (size_t i = n_runs / 2; i-- > 0;)
                sift_down(runs, n_runs, i);
        /* With `most` or fewer left in the heap no later minute can have more. */
        while (n_runs > 0 && (n_runs > most || runs[0].at < minute_end)) {
                if (runs[0].at >= minute_end) {
                        minute = runs[0].at - (runs[0].at % MINUTE_S + MINUTE_S) % MINUTE_S;
                        minute_end = minute + MINUTE_S;
                        count = 0;
                }
                if (++count > most) {
                        if (ret_minute)
                                *ret_minute = minute;
                        return 1;
                }
                runs[0].at = cron_next(runs[0].cron, runs[0].at);
                if (runs[0].at == 0 || runs[0].at >= to)
                        runs[0] = runs[--n_runs];
                sift_down(runs, n_runs, 0);
        }
        return 0;
}
