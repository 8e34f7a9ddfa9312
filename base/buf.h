/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Growable bytes with a mandatory maximum.
 *
 *         _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_RENDERED_BYTES);
 *
 *         buf_puts(&b, "phase: ");
 *         buf_printf(&b, "%s\n", phase);
 *         if (b.error)
 *                 return b.error;
 *
 * Invariants: data is never NULL and data[len] is always '\0' (the bytes may hold other NULs). An
 * append that would pass the maximum (-EFBIG) or finds no memory (-ENOMEM) changes nothing and sets
 * `error`, which stays: every later append is refused with it too, so a sequence of appends is
 * checked once, at its end. buf_reset() clears the error.
 *
 * Appenders return 0 or that error. The buffer belongs to one thread at a time. Appended bytes may
 * not point into it.
 */
#include <stdarg.h>
#include <stddef.h>

struct buf {
        char *data; /* read only for callers; between 0 and len-1 the bytes may be changed */
        size_t len;
        size_t alloc; /* 0 while data is the shared empty string */
        size_t max;
        int error; /* 0, -ENOMEM or -EFBIG; sticky */
};

extern char buf_empty_[1];
#define BUF_INIT(maximum)                            \
        {                                            \
                .data = buf_empty_, .max = (maximum) \
        }

void buf_init(struct buf *b, size_t max);
/* Frees the bytes and leaves an empty, usable buffer with the same maximum. Accepts NULL. */
void buf_done(struct buf *b);
/* Empties it and clears the error; keeps the memory. */
void buf_reset(struct buf *b);

int buf_append(struct buf *b, const void *bytes, size_t n);
int buf_puts(struct buf *b, const char *s);
int buf_putc(struct buf *b, char c);
int buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vprintf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Appends n spaces. */
int buf_pad(struct buf *b, size_t n);
/* Appends spaces until the last line is `column` characters wide (UTF-8 counted as characters); at
 * least `gap` spaces. */
int buf_pad_to_column(struct buf *b, size_t column, size_t gap);
/* Makes room for n more bytes, to be written at data + len and claimed with buf_added(). */
int buf_reserve(struct buf *b, size_t n);
void buf_added(struct buf *b, size_t n);

/* Removes n bytes from the front; n must not pass len. */
void buf_consume(struct buf *b, size_t n);
/* Cuts to len bytes; a longer one changes nothing. */
void buf_truncate(struct buf *b, size_t len);
/*
 * Hands the bytes over: *ret is a malloc()ed, NUL-terminated string the caller frees, *ret_len (may
 * be NULL) its length. Returns the sticky error instead if there is one, and then frees the bytes.
 * The buffer is empty afterwards.
 */
int buf_steal(struct buf *b, char **ret, size_t *ret_len);
/*
 * buf_done() that wipes the bytes first: for buffers that held a secret. What growing left behind
 * elsewhere cannot be wiped, so reserve the whole size before the secret goes in.
 */
void buf_wipe(struct buf *b);
