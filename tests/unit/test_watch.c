/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/buf.h"
#include "base/limits.h"
#include "k8s/watch.h"

struct taken {
        struct buf text;
        int fail_at, n;
};

static int take(void *arg, enum kube_event event, const char *object, size_t len, struct err *err)
{
        static const char letters[] = "AMDBE";
        struct taken *t = arg;

        if (++t->n == t->fail_at)
                return err_set(err, -ECANCELED, "enough");
        return buf_printf(&t->text, "%c%.*s\n", letters[event], (int)len, object);
}

static const struct watch_row {
        const char *name, *stream, *events;
        int code;
        const char *error;
} streams[] = {
        { "nothing", "", "", 0, NULL },
        { "one", "{\"type\":\"ADDED\",\"object\":{\"a\":1}}\n", "A{\"a\":1}\n", 0, NULL },
        { "every_type",
                "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"MODIFIED\",\"object\":{}}\n"
                "{\"type\":\"DELETED\",\"object\":{}}\n{\"type\":\"BOOKMARK\",\"object\":{}}\n"
                "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\"}}\n",
                "A{}\nM{}\nD{}\nB{}\nE{\"kind\":\"Status\"}\n", 0, NULL },
        { "object_first", "{\"object\":{\"s\":\"\\\"}\"},\"type\":\"ADDED\"}\n",
                "A{\"s\":\"\\\"}\"}\n", 0, NULL },
        { "more_keys", "{\"x\":[1],\"type\":\"DELETED\",\"object\":{},\"y\":null}\n", "D{}\n", 0,
                NULL },
        { "blank_lines", "\n\r\n \n{\"type\":\"ADDED\",\"object\":{}}\r\n\n", "A{}\n", 0, NULL },
        { "a_type_of_tomorrow", "{\"type\":\"MOVED\",\"object\":{}}\n", "", 0, NULL },
        { "half_line_is_kept", "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADD", "A{}\n", 0,
                NULL },
        { "no_json", "upstream connect error\n", NULL, -EBADMSG,
                "not a watch event: expected a value: upstream connect error" },
        { "no_object", "{\"type\":\"ADDED\"}\n", NULL, -EBADMSG, "no type or no object" },
        { "no_type", "{\"object\":{}}\n", NULL, -EBADMSG, "no type or no object" },
        { "object_is_text", "{\"type\":\"ADDED\",\"object\":\"x\"}\n", NULL, -EBADMSG,
                "no object" },
        { "status_without_event", "{\"kind\":\"Status\",\"code\":410}\n", NULL, -EBADMSG,
                "no type" },
        { "two_on_a_line", "{\"type\":\"ADDED\",\"object\":{}}{}\n", NULL, -EBADMSG,
                "more follows" },
        { "cut_by_a_newline", "{\"type\":\"ADDED\",\n\"object\":{}}\n", NULL, -EBADMSG,
                "in the middle" },
        { "too_long",
                "{\"type\":\"ADDED\",\"object\":{\"a\":\"01234567890123456789012345678901234567890123456789"
                "012345678901234567890123456789\"}}\n",
                NULL, -EFBIG, "a watch event is larger than 100 bytes" },
};

static void cuts_streams_into_events(void **state)
{
        const struct watch_row *row = test_row(state);
        size_t len = strlen(row->stream);

        for (size_t piece = 1; piece <= len + 1; piece++) {
                _cleanup_(kube_watch_freep) struct kube_watch *w = NULL;
                struct taken t = { .text = BUF_INIT(LIMIT_TEXT_BYTES) };
                struct err err = ERR_INIT;
                int r = kube_watch_new(&w, 100, take, &t);

                for (size_t at = 0; at < len && r == 0; at += piece)
                        r = kube_watch_feed(
                                w, row->stream + at, piece < len - at ? piece : len - at, &err);
                assert_int_equal(r, row->code);
                if (row->error)
                        assert_err(&err, row->code, row->error);
                else
                        assert_string_equal(t.text.data, row->events);
                buf_done(&t.text);
        }
}

static void forgets_a_half_line(void **state)
{
        static const char half[] = "{\"type\":\"ADD",
                          whole[] = "{\"type\":\"ADDED\",\"object\":{}}\n";
        struct taken t = { .text = BUF_INIT(LIMIT_TEXT_BYTES) };
        struct kube_watch *w;

        (void)state;
        assert_int_equal(kube_watch_new(&w, 100, take, &t), 0);
        assert_int_equal(kube_watch_feed(w, half, sizeof(half) - 1, NULL), 0);
        kube_watch_reset(w);
        assert_int_equal(kube_watch_feed(w, whole, sizeof(whole) - 1, NULL), 0);
        assert_string_equal(t.text.data, "A{}\n");
        kube_watch_free(w);
        buf_done(&t.text);
}

static void ends_when_its_taker_fails(void **state)
{
        static const char two[] =
                "{\"type\":\"ADDED\",\"object\":{}}\n{\"type\":\"ADDED\",\"object\":{}}\n"
                "{\"type\":\"ADDED\",\"object\":{}}\n";
        struct taken t = { .text = BUF_INIT(LIMIT_TEXT_BYTES), .fail_at = 2 };
        struct kube_watch *w;
        struct err err = ERR_INIT;

        (void)state;
        assert_int_equal(kube_watch_new(&w, 100, take, &t), 0);
        assert_int_equal(kube_watch_feed(w, two, sizeof(two) - 1, &err), -ECANCELED);
        assert_err(&err, -ECANCELED, "enough");
        assert_int_equal(t.n, 2);
        kube_watch_free(w);
        buf_done(&t.text);
}

static void finds_versions(void **state)
{
        static const struct {
                const char *object, *version;
        } rows[] = {
                { "{\"kind\":\"Backup\",\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"17\"}}",
                        "17" },
                { "{\"metadata\":{\"labels\":{\"resourceVersion\":\"no\"},\"resourceVersion\":\"1\\u0038\"}}",
                        "18" },
                { "{\"resourceVersion\":\"1\",\"metadata\":{}}", NULL },
                { "{\"metadata\":{\"resourceVersion\":\"\"}}", NULL },
                { "{\"metadata\":{\"resourceVersion\":17}}", NULL },
                { "{\"metadata\":{\"resourceVersion\":\"12345678901234567890\"}}", NULL },
                { "{\"metadata\":null}", NULL },
                { "{}", NULL },
                { "[]", NULL },
        };
        char version[20];

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                int r = kube_object_version(
                        rows[i].object, strlen(rows[i].object), version, sizeof(version));

                assert_int_equal(r, rows[i].version ? 0 : -EINVAL);
                if (rows[i].version)
                        assert_string_equal(version, rows[i].version);
        }
}

int main(void)
{
        TEST_ROWS(cuts_streams_into_events, streams);
        TEST(forgets_a_half_line);
        TEST(ends_when_its_taker_fails);
        TEST(finds_versions);
        return test_run("watch");
}
