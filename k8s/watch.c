/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"

struct kube_watch {
        kube_watch_fn *fn;
        void *arg;
        struct buf half; /* the beginning of a line whose end has not come */
};

static const char *const event_names[] = {
        [KUBE_EVENT_ADDED] = "ADDED",
        [KUBE_EVENT_MODIFIED] = "MODIFIED",
        [KUBE_EVENT_DELETED] = "DELETED",
        [KUBE_EVENT_BOOKMARK] = "BOOKMARK",
        [KUBE_EVENT_ERROR] = "ERROR",
};

int kube_watch_new(struct kube_watch **ret, size_t max_event, kube_watch_fn *fn, void *arg)
{
        struct kube_watch *w = calloc(1, sizeof(*w));

        if (!w)
                return -ENOMEM;
        w->fn = fn;
        w->arg = arg;
        buf_init(&w->half, max_event);
        *ret = w;
        return 0;
}

struct kube_watch *kube_watch_free(struct kube_watch *w)
{
        if (!w)
                return NULL;
        buf_done(&w->half);
        free(w);
        return NULL;
}

void kube_watch_reset(struct kube_watch *w)
{
        buf_done(&w->half);
}

static int event_of(const struct json_text *type)
{
        for (int i = 0; i < (int)ARRAY_SIZE(event_names); i++)
                if (json_text_is(type, event_names[i]))
                        return i;
        return -1;
}

static int bad_line(const char *line, size_t len, const char *why, struct err *err)
{
        return err_set(
                err, -EBADMSG, "not a watch event: %s: %.*s", why, len > 80 ? 80 : (int)len, line);
}

static int take_line(struct kube_watch *w, const char *line, size_t len, struct err *err)
{
        struct json_scan s;
        struct json_text key = { 0 }, type = { 0 };
        const char *object = NULL;
        size_t object_len = 0;
        int event, r;

        json_scan_init(&s, line, len);
        r = json_enter_object(&s);
        while (r >= 0 && (r = json_next_key(&s, &key)) > 0) {
                if (json_text_is(&key, "type"))
                        r = json_read_string(&s, &type);
                else if (json_text_is(&key, "object"))
                        r = json_raw(&s, &object, &object_len);
                else
                        r = json_skip(&s);
        }
        if (r < 0 || json_scan_end(&s) < 0)
                return bad_line(line, len, s.what, err);
        if (!type.p || !object || *object != '{')
                return bad_line(line, len, "no type or no object", err);
        event = event_of(&type);
        return event < 0 ? 0 : w->fn(w->arg, (enum kube_event)event, object, object_len, err);
}

static bool is_blank(const char *line, size_t len)
{
        while (len && (line[len - 1] == ' ' || line[len - 1] == '\r' || line[len - 1] == '\t'))
                len--;
        return len == 0;
}

static int too_long(const struct kube_watch *w, struct err *err)
{
        return err_set(err, w->half.error ? w->half.error : -EFBIG,
                "a watch event is larger than %zu bytes", w->half.max);
}

int kube_watch_feed(struct kube_watch *w, const char *bytes, size_t len, struct err *err)
{
        const char *p = bytes, *end = bytes + len, *newline;
        int r = 0;

        while (r >= 0 && (newline = memchr(p, '\n', (size_t)(end - p)))) {
                size_t n = (size_t)(newline - p);

                if (w->half.len) {
                        if (buf_append(&w->half, p, n) < 0)
                                return too_long(w, err);
                        r = is_blank(w->half.data, w->half.len)
                                    ? 0
                                    : take_line(w, w->half.data, w->half.len, err);
                        /* Lines are a few KiB; what a huge one took is given back. */
                        buf_done(&w->half);
                } else if (n > w->half.max) {
                        return too_long(w, err);
                } else if (!is_blank(p, n)) {
                        r = take_line(w, p, n, err);
                }
                p = newline + 1;
        }
        if (r >= 0 && p < end && buf_append(&w->half, p, (size_t)(end - p)) < 0)
                return too_long(w, err);
        return r < 0 ? r : 0;
}

static int metadata_version(struct json_scan *s, char *buf, size_t size)
{
        struct json_text key = { 0 }, version = { 0 };
        ssize_t n;
        int r = json_enter_object(s);

        while (r >= 0 && (r = json_next_key(s, &key)) > 0) {
                if (!json_text_is(&key, "resourceVersion")) {
                        r = json_skip(s);
                        continue;
                }
                r = json_read_string(s, &version);
                if (r < 0 || version.len == 0 || version.len >= size)
                        break;
                n = json_text_decode(&version, buf);
                if (n <= 0)
                        break;
                buf[n] = '\0';
                return 0;
        }
        return -EINVAL;
}

int kube_object_version(const char *object, size_t len, char *buf, size_t size)
{
        struct json_scan s;
        struct json_text key = { 0 };
        int r;

        json_scan_init(&s, object, len);
        r = json_enter_object(&s);
        while (r >= 0 && (r = json_next_key(&s, &key)) > 0) {
                if (json_text_is(&key, "metadata"))
                        return metadata_version(&s, buf, size);
                r = json_skip(&s);
        }
        return -EINVAL;
}
