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

/* Runs that are looked at for the longest pause between two: a month of daily ones, with each weekend in it. */
enum { INTERVAL_RUNS = 32 };

static int64_t longest_pause(const struct cron *cron, int64_t now)
{
        int64_t at = cron_next(cron, now), longest = 0;

        for (int i = 0; i < INTERVAL_RUNS && at != 0; i++) {
                int64_t next = cron_next(cron, at);

                if (next - at > longest)
                        longest = next - at;
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
