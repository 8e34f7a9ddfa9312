/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.jsonl: one growing file of complete lines. Past LIMIT_EVENTS_KEPT bytes the older half is dropped and the file
 * becomes another inode, as a rotated log does: a reader of the old one keeps what it has.
 */
#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
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

void engine_event(struct engine *e, const char *type, const struct fleet *f, ...)
{
        char when[RFC3339_SIZE];
        _cleanup_(freep) char *line = NULL;
        json_t *o = json_object();
        const char *key, *value;
        va_list ap;

        if (o == NULL)
                return;
        engine_write(e);
        e->model.events.last = clock_realtime();
        rfc3339_format(when, e->model.events.last);
        json_object_set_new(o, "time", json_string(when));
        json_object_set_new(o, "type", json_string(type));
        if (f != NULL)
                json_object_set_new(o, "fleet", json_string(f->name));
        va_start(ap, f);
        while ((key = va_arg(ap, const char *)) != NULL) {
                value = va_arg(ap, const char *);
                if (value != NULL)
                        json_object_set_new(o, key, json_string(value));
        }
        va_end(ap);
        line = json_dumps(o, JSON_COMPACT);
        json_decref(o);
        if (line != NULL && strlen(line) < LIMIT_EVENT_BYTES)
                event_append(&e->model.events, line, strlen(line));
        model_touch_events(&e->model);
}
