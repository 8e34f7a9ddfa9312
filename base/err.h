/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Errors with a message, a place and a remedy.
 *
 * A function that can fail returns 0 or a negative errno (positive values only where its header
 * lists them) and takes `struct err *err` last. The caller owns it, usually on its stack and zeroed
 * (`struct err err = ERR_INIT`); it never allocates, so running out of memory is reported like
 * anything else. NULL is always allowed.
 *
 * On success it is left untouched, so calls can be chained. On failure msg is a complete part of a
 * sentence: no capital at its start, no full stop, no newline. Each layer adds its noun once with
 * err_wrap():
 *
 *         r = k8s_list(client, &request, &items, err);
 *         if (r < 0)
 *                 return err_wrap(err, r, "list backups of cluster %s", cluster->name);
 *
 * gives "list backups of cluster eu-1: GET /apis/velero.io/v1/backups: HTTP 503". What a user can
 * do about it stands in remedy, an imperative without a full stop ("quote it", "write 720h"), never
 * in msg. Both are always valid UTF-8 without control characters, whatever bytes the arguments
 * held: a bad byte becomes
 * "?", a control character a space.
 *
 * All functions may be called from any thread on different objects.
 */
#include <stdarg.h>

struct err {
        int code;         /* negative errno; 0 while nothing failed */
        int line, column; /* place in the user's bytes, from 1; 0 when unknown */
        char id[12];      /* stable code such as "FLT-0203", or "" */
        char msg[400];    /* UTF-8, cut between characters with an ellipsis */
        char remedy[240]; /* the same, or "" */
};

#define ERR_INIT          \
        {                 \
                .code = 0 \
        }

/*
 * Starts a new error: code, message, and nothing else (place, id and remedy of an older one are
 * dropped). Returns code, which must be negative. The arguments may point into *err itself.
 */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int err_setv(struct err *err, int code, const char *fmt, va_list ap)
        __attribute__((format(printf, 3, 0)));

/*
 * Puts "context: " before the message and keeps place, id and remedy. Where *err holds no message
 * (a function that only returned its errno), the errno's text takes its place. Returns code, which
 * also becomes err->code.
 */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Each adds one thing to an error that was set before. They return err->code (-EINVAL for NULL), to
 * be returned on. */
int err_place(struct err *err, int line, int column);
int err_id(struct err *err, const char *id);
int err_remedy(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);
/* Copies *from, also onto itself; nothing when either is NULL. */
void err_copy(struct err *to, const struct err *from);

/* "EINVAL" for EINVAL or -EINVAL; "E?" for a number without a name. A static string. */
const char *errno_name(int errnum);
