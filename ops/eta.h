/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * eta: when something that counts up to a known total is expected to be done, from samples of the count: it goes on as fast
 * as it went from the first sample to the last. Pure: times are parameters, and what is expected is the same until the
 * next sample, whoever asks and when.
 */
#include <stdint.h>

/* All zero: no sample yet. */
struct eta {
        int64_t first_at, last_at; /* Unix seconds */
        int64_t first_done, last_done, total;
        uint32_t n; /* samples that count: each at a later second, with more done, than the one before */
};

enum { ETA_SAMPLES = 3 };

/* A sample. What goes back, in time or in its count, is another attempt and begins anew. */
void eta_note(struct eta *eta, int64_t at, int64_t done, int64_t total);
/* Unix seconds; 0 before ETA_SAMPLES samples, when nothing is left to do, and for more than LIMIT_ETA_S from the last one. */
int64_t eta_end(const struct eta *eta);
