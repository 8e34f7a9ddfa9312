/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * status: what an answer of the Kubernetes API means, as an errno and a sentence, decided by one
 * table.
 *
 *     reason AlreadyExists       -EEXIST         reason Conflict           -ESTALE
 *     NotFound, 404              -ENOENT         Expired, Gone, 410        -ESTALE
 *     Unauthorized, 401          -EACCES         Forbidden, 403            -EPERM
 *     Invalid, BadRequest        -EINVAL         TooManyRequests, 429      -EBUSY
 *     MethodNotAllowed           -EOPNOTSUPP     RequestEntityTooLarge     -EFBIG
 *     Timeout, ServerTimeout, 504 -ETIMEDOUT     ServiceUnavailable, 502, 503  -EHOSTUNREACH
 *     InternalError and the rest -EIO
 *
 * The reason decides before the code; Kubernetes' own message is kept word by word.  Never -EAGAIN:
 * it misleads those who read regular files.  Pure functions, any thread.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* A Status object, or what could be found of one. Strings are cut to fit; "" if absent. */
struct kube_status {
        long code; /* 0: not said */
        char reason[48];
        char message[400];
        int64_t retry_after_s; /* details.retryAfterSeconds; 0: not said */
};

/* Takes a Status out of a body. -EBADMSG if it is not a Status object; *ret is zeroed then. */
int kube_status_parse(struct kube_status *ret, const char *body, size_t len);

/*
 * Sets err for an answer with this HTTP status and body and returns its code: Kubernetes' message
 * if there is one, else a sentence and the beginning of the body if it is text.  `http` is not 2xx.
 */
int kube_status_err(struct err *err, long http, const char *body, size_t len);

/* The same for a Status that is already parsed; its code stands in for a missing `http` (0). */
int kube_status_set(struct err *err, long http, const struct kube_status *st);

/* Whether a repetition can help: 408, 429, 500, 502, 503, 504. */
bool kube_status_retriable(long http);
