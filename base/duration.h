/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Go's durations, as Kubernetes and Velero write and read them: an int64_t of nanoseconds, about
 * 292 years each way. Pure functions.
 */
#include <stdint.h>

struct err;

#define NS_PER_SEC 1000000000LL

/* Size of duration_format()'s result with its NUL. */
#define DURATION_SIZE 40

/*
 * time.ParseDuration: a sign, then numbers with fraction and unit (ns us µs ms s m h), or 0.
 * -EINVAL with Go's reasons in words; "30d" names the remedy "write 720h".
 */
int duration_parse(const char *s, int64_t *ret_ns, struct err *err);
/* Duration.String(): "720h0m0s", "1.5s", "0s". Returns text. */
char *duration_format(char text[static DURATION_SIZE], int64_t ns);
