/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Kubernetes' Status objects, in the shape and with the sentences of the API server.
 */
#include <jansson.h>

#include "tests/sim/exchange.h"
#include "tests/sim/restype.h"

/* What a failure is about; all may be NULL. */
struct status_about {
        const struct restype *type;
        const char *name;
        const char *uid;
};

/* A failure with a code; its reason follows from the code. @message is a whole sentence. */
void status_reply(struct exchange *x, int code, const struct status_about *about, const char *fmt,
        ...) _printf_(4, 5);
/* The same with a reason of its own ("AlreadyExists" where 409 would say "Conflict"). */
void status_reply_reason(struct exchange *x, int code, const char *reason,
        const struct status_about *about, const char *fmt, ...) _printf_(5, 6);
/* 422 for one thing that is wrong. */
void status_invalid(struct exchange *x, const struct restype *type, const char *name,
        const char *reason, const char *field, const char *detail);
/* The same for several: @causes is an array of {"reason","message","field"}. */
void status_invalid_list(
        struct exchange *x, const struct restype *type, const char *name, json_t *causes);
/* The answer of a successful delete. */
void status_deleted(struct exchange *x, const struct status_about *about);
/* The Status of a watch or list at a version that is no longer kept. */
void status_expired(struct str *out, uint64_t asked, uint64_t now);
/* 404 of a path that nothing is served on: plain text, as the API server has it. */
void status_no_path(struct exchange *x);
