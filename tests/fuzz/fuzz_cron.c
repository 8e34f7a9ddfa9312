/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text after eight bytes of time: an expression, or an error with place and remedy. Its times
 * go forward, and the slot before a time is one from which nothing fires until then.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/timefmt.h"
#include "velero/cron.h"
#include "velero/schedule_warnings.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_times(const struct cron *cron, int64_t t)
{
        int64_t next = cron_next(cron, t);
        int64_t slot = cron_slot_before(cron, t);

        assert(next == 0 || next > t);
        assert(slot <= t || (slot == 0 && t < 0));
        if (slot != 0 && !cron_is_every(cron)) {
                int64_t after = cron_next(cron, slot);

                assert(after == 0 || after > t);
        }
        if (cron_never(cron))
                assert(next == 0 && slot == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        struct cron cron, again;
        struct err err = ERR_INIT;
        int64_t t;
        char *text;
        int r;

        if (n < sizeof(t))
                return 0;
        memcpy(&t, bytes, sizeof(t));
        n -= sizeof(t);
        /* Exactly as long as it is, so that reading beyond is seen. */
        text = malloc(n + 1);
        memcpy(text, bytes + sizeof(t), n);
        text[n] = '\0';
        r = cron_parse(text, &cron, &err);
        if (r < 0) {
                assert(r == -EINVAL && err.code == r && err.msg[0] && err.remedy[0]);
                assert(err.line == 1 && err.column >= 1 && (size_t)err.column <= strlen(text) + 1);
        } else {
                assert(err.code == 0 && cron_parse(text, &again, NULL) == 0);
                assert(memcmp(&cron, &again, sizeof(cron)) == 0);
                check_times(&cron, t);
                /* Most eight bytes are no time of ours: also one from 1900 to 2100. */
                check_times(&cron, (int64_t)((uint64_t)t % 6311433600) - 2208988800);
                (void)schedule_is_frequent(&cron);
        }
        free(text);
        return 0;
}
