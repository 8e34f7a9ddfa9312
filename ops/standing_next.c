/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing, the coming runs of a policy. Each cluster's own next run is Velero's to compute (standing_show.c); these are what
 * the policy says, so that the answer to "when?" is there before any cluster was reached.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/policy.h"
#include "ops/standing.h"
#include "velero/cron.h"

/* Days with runs that are looked at for the longest pause: a month of them, with each weekend in it. */
enum { INTERVAL_DAYS = 32 };

static int64_t longer(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* A schedule of the same days at that minute alone. */
static struct cron once_a_day(const struct cron *cron, int at)
{
        struct cron once = *cron;

        once.hour = 1ULL << at / 60;
        once.minute = 1ULL << at % 60;
        return once;
}

/* All days with runs have them at the same times: the longest pause between two of one day, and schedules of the first
   and the last of them alone. */
static int64_t longest_of_day(const struct cron *cron, struct cron *first, struct cron *last)
{
        int64_t longest = 0;
        int before = -1;

        for (int at = 0; at < 24 * 60; at++) {
                if ((cron->hour & (1ULL << at / 60)) == 0 || (cron->minute & (1ULL << at % 60)) == 0)
                        continue;
                if (before < 0)
                        *first = once_a_day(cron, at);
                else
                        longest = longer(longest, 60 * (at - before));
                before = at;
        }
        *last = once_a_day(cron, before);
        return longest;
}

/* By days, so that a schedule with many runs a day is looked at as far ahead as any other, at no greater cost; and what
   comes of it does not depend on the time of the day. */
static int64_t longest_pause(const struct cron *cron, int64_t now)
{
        int64_t at = cron_next(cron, now), longest;
        struct cron first, last;

        if (cron->every_s != 0 || at == 0)
                return cron->every_s;
        longest = longer(at - now, longest_of_day(cron, &first, &last));
        at = cron_next(&first, now);
        for (int i = 0; i < INTERVAL_DAYS && at != 0; i++) {
                int64_t next = cron_next(&first, at), end = cron_next(&last, at - 1);

                /* A zone may skip the last one of a day in spring. */
                if (next != 0 && end >= next)
                        end = cron_slot_before(cron, next - 1);
                if (next != 0)
                        longest = longer(longest, next - end);
                at = next;
        }
        return longest;
}

/* "@every" counts from each cluster's last backup: the first that comes is the policy's. */
static int64_t first_every(const struct object *o, int64_t now)
{
        int64_t first = 0;

        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++) {
                int64_t at = task_reached(o->standing->tasks[i])->next_run;

                if (at > now && (first == 0 || at < first))
                        first = at;
        }
        return first;
}

void standing_next(struct engine *e, struct object *o)
{
        int64_t now = clock_realtime(), at;
        struct cron cron;

        memset(o->next_runs, 0, sizeof(o->next_runs));
        o->last_slot = o->interval = 0;
        if (!object_is_scheduled(o) || cron_parse(o->policy->schedule, &cron, NULL) < 0)
                return;
        o->interval = longest_pause(&cron, now);
        /* Another store's policy runs by its Schedules alone; ours are made as soon as there is a cluster. */
        if (o->paused || o->policy->paused || (!o->own && (o->standing == NULL || o->standing->n_tasks == 0)))
                return;
        at = cron_is_every(&cron) ? first_every(o, now) : cron_next(&cron, now);
        for (size_t i = 0; i < ARRAY_SIZE(o->next_runs) && at != 0; i++) {
                o->next_runs[i] = at;
                at = cron_next(&cron, at);
        }
        if (!cron_is_every(&cron))
                o->last_slot = cron_slot_before(&cron, now);
        standing_clock(e, o->next_runs[0]);
}
