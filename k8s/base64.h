/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Standard base64 (RFC 4648 §4, with padding) as Kubernetes puts it into *-data fields and Secrets.
 * Pure functions; any thread.
 */
#include <stddef.h>

struct buf;
struct secret;

/*
 * Replaces the contents of *ret. As Go decodes: line breaks are skipped, everything else outside
 * the alphabet, wrong padding and stray bits are -EINVAL; -ENOMEM. *ret is unchanged on failure.
 */
int base64_decode(const char *text, size_t len, struct secret *ret);

/* Appends without line breaks. 0 or the buffer's error. */
int base64_encode(const void *bytes, size_t len, struct buf *ret);
