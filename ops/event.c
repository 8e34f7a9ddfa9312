/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.jsonl: one growing file of complete lines. Past LIMIT_EVENT_LOG_BYTES bytes the older half is dropped and the file
 * becomes another inode, as a rotated log does: a reader of the old one keeps what it has.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/engine.h"

static void event_rotate(struct event_log *log)
{
        size_t half = log->len / 2;
        const char *nl = memchr(log->bytes + half, '\n', log->len - half);

        if (nl == NULL)
                return;
        half = (size_t)(nl + 1 - log->bytes);
        memmove(log->bytes, log->bytes + half, log->len - half);
        log->len -= half;
        log->generation++;
}

static void event_append(struct event_log *log, const char *line, size_t len)
{
        if (log->len + len + 1 > LIMIT_EVENT_LOG_BYTES)
                event_rotate(log);
        if (log->len + len + 1 > log->cap) {
                size_t cap = log->cap ? 2 * log->cap : 64 * KIB;
                char *grown;

                while (cap < log->len + len + 1)
                        cap *= 2;
                grown = realloc(log->bytes, cap);
                if (grown == NULL)
                        return;
                log->bytes = grown;
                log->cap = cap;
        }
        memcpy(log->bytes + log->len, line, len);
        log->bytes[log->len + len] = '\n';
        log->len += len + 1;
}

static void event_put(struct buf *line, const char *key, const char *value)
{
        buf_putc(line, line->len > 0 ? ',' : '{');
        json_put_string(line, key, strlen(key));
        buf_putc(line, ':');
        json_put_string(line, value, strlen(value));
}

void engine_event(struct engine *e, const char *type, const struct fleet *f, ...)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_EVENT_BYTES);
        char when[RFC3339_SIZE];
        const char *key, *value;
        va_list ap;

        engine_write(e);
        e->model.events.last = clock_realtime();
        rfc3339_format(when, e->model.events.last);
        event_put(&line, "time", when);
        event_put(&line, "type", type);
        if (f != NULL)
                event_put(&line, "fleet", f->name);
        va_start(ap, f);
        while ((key = va_arg(ap, const char *)) != NULL) {
                value = va_arg(ap, const char *);
                if (value != NULL)
                        event_put(&line, key, value);
        }
        va_end(ap);
        buf_putc(&line, '}');
        if (line.error == 0)
                event_append(&e->model.events, line.data, line.len);
        model_touch_events(&e->model);
}
