/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/eta.h"

#include "base/limits.h"

void eta_note(struct eta *eta, int64_t at, int64_t done, int64_t total)
{
        if (eta->n == 0 || at < eta->last_at || done < eta->last_done) {
                *eta = (struct eta){ at, at, done, done, total, 1 };
                return;
        }
        eta->total = total;
        if (done == eta->last_done)
                return;
        eta->last_done = done;
        if (at == eta->last_at)
                return;
        eta->last_at = at;
        if (eta->n < ETA_SAMPLES)
                eta->n++;
}

int64_t eta_end(const struct eta *eta)
{
        int64_t left = eta->total - eta->last_done;
        double seconds;

        if (eta->n < ETA_SAMPLES || left <= 0)
                return 0;
        seconds = (double)left * (double)(eta->last_at - eta->first_at) / (double)(eta->last_done - eta->first_done);
        return seconds <= LIMIT_ETA_S ? eta->last_at + (int64_t)(seconds + 0.5) : 0;
}
