/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory and growable strings of the simulator.
 *
 * The simulator is a test tool: where memory ends it says so and aborts, so no caller checks an
 * allocation. Everything runs on the one thread of loop.h.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

#define _printf_(fmt, first) __attribute__((format(printf, fmt, first)))

/* Zeroed memory; free() it. */
void *mem_zalloc(size_t n);
/* Like realloc(), which it is. */
void *mem_realloc(void *p, size_t n);
/* Copies; free() them. A NULL source gives NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t n);
char *mem_printf(const char *fmt, ...) _printf_(1, 2);
char *mem_vprintf(const char *fmt, va_list ap) _printf_(1, 0);

/* Tells stderr why the simulator cannot go on and exits with 1. */
_Noreturn void die(const char *fmt, ...) _printf_(1, 2);

/* Bytes that grow; always NUL-terminated once something was added. `{0}` is an empty one. */
struct str {
        char *s;
        size_t len;
        size_t cap;
};

void str_done(struct str *b);
/* Makes room for @more bytes and a NUL. */
void str_reserve(struct str *b, size_t more);
void str_add(struct str *b, const void *bytes, size_t n);
void str_puts(struct str *b, const char *s);
void str_putc(struct str *b, char c);
void str_printf(struct str *b, const char *fmt, ...) _printf_(2, 3);
/* @s as a JSON string, with its quotes. */
void str_json(struct str *b, const char *s);
/* Drops the first @n bytes. */
void str_shift(struct str *b, size_t n);
/* Empties without giving memory back, unless it holds more than a page would want to keep. */
void str_clear(struct str *b);
