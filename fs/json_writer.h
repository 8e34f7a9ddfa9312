/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * json_writer: pretty JSON straight into a buffer, without a tree: a status of a thousand clusters is rendered in
 * milliseconds. Keys come in the order of the calls; two-space indent; strings are made valid UTF-8.
 *
 *     struct json_writer w = JSON_WRITER(out);
 *     json_open(&w, NULL, '{');
 *     json_string_member(&w, "phase", "Completed");
 *     json_open(&w, "clusters", '[');  …  json_close(&w);
 *     json_close(&w);                  and a newline: the document is complete
 *
 * Errors stick in the buffer. One thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { JSON_WRITER_DEPTH = 16 };

struct json_writer {
        struct buf *out;
        unsigned depth;
        bool some[JSON_WRITER_DEPTH];  /* the open object or array has a member already */
        char close[JSON_WRITER_DEPTH];
};

#define JSON_WRITER(buf_) { .out = (buf_) }

/* `key` NULL in arrays and for the document; bracket '{' or '['. */
void json_open(struct json_writer *w, const char *key, char bracket);
void json_close(struct json_writer *w);
/* NULL is null. */
void json_string_member(struct json_writer *w, const char *key, const char *value);
void json_int_member(struct json_writer *w, const char *key, int64_t value);
void json_bool_member(struct json_writer *w, const char *key, bool value);
/* RFC 3339; 0 is null. */
void json_time_member(struct json_writer *w, const char *key, int64_t value);
