/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a zone's file, or as the rule at the end of one: damage is told, and what is read
 * gives spans that hold the time asked for, and instants near the local time.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "velero/zone.h"

#define DAY_S 86400LL

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_zone(const struct zone *zone)
{
        for (int64_t t = -70 * 365 * DAY_S; t < 130 * 365 * DAY_S; t += 89 * DAY_S) {
                struct zone_span span;
                int64_t instant = zone_instant(zone, t);

                zone_at(zone, t, &span);
                assert(span.offset >= -200 * 3600 && span.offset <= 200 * 3600);
                assert(instant >= t - 200 * 3600 && instant <= t + 200 * 3600);
        }
}

static void decode(const uint8_t *bytes, size_t n)
{
        struct zone *zone = NULL;
        struct err err = ERR_INIT;
        int r = zone_decode(bytes, n, &zone, &err);

        if (r < 0)
                assert(r == -EBADMSG && !zone && err.code == r && err.msg[0] && err.remedy[0]);
        else
                check_zone(zone);
        zone_free(zone);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        /* Version 2 with one type, twice, as the rule wants it. */
        static const char header[44] = { 'T', 'Z', 'i', 'f', '2', [39] = 1, [43] = 4 };
        static const char type[10] = "\0\0\x46\x50\0\0AAA";
        const size_t block = sizeof(header) + sizeof(type);
        _cleanup_(freep) uint8_t *file = malloc(2 * block + n + 2);

        decode(bytes, n);
        for (size_t i = 0; i < 2; i++) {
                memcpy(file + i * block, header, sizeof(header));
                memcpy(file + i * block + sizeof(header), type, sizeof(type));
        }
        file[2 * block] = '\n';
        if (n)
                memcpy(file + 2 * block + 1, bytes, n);
        file[2 * block + 1 + n] = '\n';
        decode(file, 2 * block + n + 2);
        return 0;
}
