/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/http_fixture.h"

#include <errno.h>

#include "base/limits.h"

/* --- requests and responses --- */

static void sends_what_it_is_given(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/echo?a=b",
                (struct http_request){ .method = "PATCH",
                        .headers = (const char *const[]){ "X-One: 1", "Accept: application/json",
                                NULL },
                        .authorization = "Bearer secret-token",
                        .content_type = "application/json-patch+json",
                        .body = "[{}]",
                        .body_len = 4 });

        assert_int_equal(a.err.code, 0);
        assert_int_equal(a.status, 200);
        assert_string_equal(a.type, "text/plain");
        assert_memory_equal(a.body, "PATCH /echo?a=b HTTP/1.1\r\n", 26);
        assert_non_null(strstr(a.body, "\r\nX-One: 1\r\n"));
        assert_non_null(strstr(a.body, "\r\nAccept: application/json\r\n"));
        assert_non_null(strstr(a.body, "\r\nAuthorization: Bearer secret-token\r\n"));
        assert_non_null(strstr(a.body, "\r\nContent-Type: application/json-patch+json\r\n"));
        assert_non_null(strstr(a.body, "\r\nUser-Agent: fleetfs/"));
        assert_null(strcasestr(a.body, "Expect:"));
        assert_string_equal(a.body + a.len - 4, "[{}]");
}

static void reuses_its_connection(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_stats stats;

        for (int i = 0; i < 5; i++)
                assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_int_equal(f->server.connections, 1);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.connections, 1);
        assert_int_equal(stats.succeeded, 5);
        assert_true(http_host_last_heard(f->host) > 0);
        http_host_avoid_connections(f->host);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
        assert_int_equal(f->server.connections, 2);
}

static void takes_head_and_empty_bodies(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/echo", (struct http_request){ .method = "HEAD" });

        assert_int_equal(a.status, 200);
        assert_int_equal(a.len, 0);
        a = ask(f, "/echo", (struct http_request){ .method = "DELETE" });
        assert_memory_equal(a.body, "DELETE ", 7);
        a = ask(f, "/echo", (struct http_request){ .method = "POST", .body = "", .body_len = 0 });
        assert_non_null(strstr(a.body, "\r\nContent-Length: 0\r\n"));
        a = ask(f, "/nowhere", NOTHING);
        assert_int_equal(a.status, 404);
        assert_int_equal(a.err.code, 0);
        assert_string_equal(a.body, "no such route");
}

static void streams_and_drops_bodies(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/big", NOTHING);
        run_until(f, &a.done);
        assert_int_equal(a.streamed, 1 << 20);
        assert_int_equal(a.len, 0);
        a = (struct answer){ .take = HTTP_TAKE_NOTHING };
        submit(f, &a, "/big", NOTHING);
        run_until(f, &a.done);
        assert_int_equal(a.streamed + a.len, 0);
        assert_int_equal(a.err.code, 0);
}

static void undoes_gzip_and_bounds_what_comes_out(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/gzip", (struct http_request){ .flags = HTTP_GZIP });

        assert_int_equal(a.len, 4 << 20);
        assert_memory_equal(a.body, "gggg", 4);
        a = ask(f, "/gzip", (struct http_request){ .flags = HTTP_GZIP, .max_body = 1 << 20 });
        assert_err(&a.err, -EFBIG, "a response of more than 1048576 bytes");
}

static void follows_redirects_only_when_told(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/redirect", NOTHING);

        assert_int_equal(a.status, 302);
        assert_string_equal(a.body, "elsewhere");
        a = ask(f, "/redirect", (struct http_request){ .max_redirects = 2 });
        assert_int_equal(a.status, 200);
        assert_memory_equal(a.body, "GET /echo ", 10);
        a = ask(f, "/redirect-loop", (struct http_request){ .max_redirects = 2 });
        assert_err(&a.err, -ELOOP, "too many redirects");
}

static void tells_when_to_come_back(void **state)
{
        struct fixture *f = test_fixture(state);

        assert_true(ask(f, "/busy", NOTHING).retry_after_ms == 7000);
        assert_true(ask(f, "/busy-for-long", NOTHING).retry_after_ms == LIMIT_RETRY_AFTER_MS);
        assert_true(ask(f, "/echo", NOTHING).retry_after_ms == -1);
}

static void passes_over_interim_responses(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, "/continue", NOTHING);

        assert_int_equal(a.status, 200);
        assert_memory_equal(a.body, "GET /continue", 13);
}

/* --- failures --- */

static const struct failure_row {
        const char *name, *path;
        int code;
        const char *message;
} failures[] = {
        { "cut_off", "/half", -EPIPE, "the response was cut off" },
        { "no_response", "/nothing", -ECONNRESET, "127.0.0.1:" },
        { "no_http", "/garbage", -EPROTO, "that is no HTTP" },
        { "huge_headers", "/headers", -EFBIG, "headers of more than 65536 bytes" },
        { "stalls", "/stall", -ETIMEDOUT, "no response within 1 s" },
        { "stalls_in_its_body", "/stall-in-body", -ETIMEDOUT,
                "the response was not complete within 1 s" },
        { "drips", "/drip", -ETIMEDOUT, "the response was not complete within 1 s" },
};

static void says_how_it_failed(void **state)
{
        const struct failure_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct answer a = ask(f, row->path, (struct http_request){ .total_ms = 800 });

        assert_err(&a.err, row->code, row->message);
        assert_err(&a.err, row->code, "127.0.0.1:");
        assert_false(a.not_sent);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
}

static void notices_idleness(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/stall-in-body",
                (struct http_request){ .flags = HTTP_STREAM, .idle_ms = 400 });
        run_until(f, &a.done);
        assert_err(&a.err, -ETIMEDOUT, "nothing received for 1 s");
        assert_int_equal(a.streamed, 9);
        /* Bytes that come slowly are bytes. */
        a = (struct answer){ .take = HTTP_TAKE_STREAM };
        submit(f, &a, "/drip", (struct http_request){ .flags = HTTP_STREAM, .idle_ms = 400 });
        run_for(f, 1200);
        assert_false(a.done);
        assert_true(a.streamed > 5);
        http_cancel(f->http, a.id);
}

static void waits_for_a_stream_to_begin_but_not_to_end(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_request rq = { .flags = HTTP_STREAM, .total_ms = 400 };
        struct answer a = { .take = HTTP_TAKE_STREAM };

        submit(f, &a, "/stall", rq);
        run_until(f, &a.done);
        assert_err(&a.err, -ETIMEDOUT, "no response within 1 s");
        a = (struct answer){ .take = HTTP_TAKE_STREAM };
        submit(f, &a, "/drip", rq);
        run_for(f, 900);
        assert_false(a.done);
        http_cancel(f->http, a.id);
}

static void refuses_what_it_cannot_send(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_request rq = { .host = f->host, .on_done = on_done };
        struct err err = ERR_INIT;
        uint64_t id = 0;

        rq.url = "ftp://127.0.0.1/x?signature=abc";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_err(&err, -EINVAL, "not a URL of http or https");
        assert_null(strstr(err.msg, "signature"));
        rq.url = "https://user:password@127.0.0.1/";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_null(strstr(err.msg, "password"));
        rq.url = "https://127.0.0.1/";
        rq.headers = (const char *const[]){ "X: a\r\nY: b", NULL };
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_err(&err, -EINVAL, "a header with a line break");
        rq.headers = NULL;
        rq.authorization = "Bearer a\nb";
        assert_int_equal(http_submit(f->http, &rq, &id, &err), -EINVAL);
        assert_int_equal(id, 0);
}

static void survives_a_connection_that_died_while_idle(void **state)
{
        struct fixture *f = test_fixture(state);
        struct answer a;

        for (int i = 0; i < 3; i++) {
                assert_int_equal(ask(f, "/close-after", NOTHING).status, 200);
                a = ask(f, "/echo",
                        (struct http_request){ .method = "POST", .body = "x", .body_len = 1 });
                assert_int_equal(a.err.code, 0);
                assert_int_equal(a.status, 200);
        }
}

/* --- queues and caps --- */

static void waits_for_its_turn(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *narrow = host_more(f, (struct http_host_config){ .max_in_flight = 1 });
        struct answer slow = { 0 }, late = { 0 }, next = { 0 };
        struct http_stats stats;

        submit(f, &slow, "/stall", (struct http_request){ .host = narrow, .total_ms = 1500 });
        submit(f, &late, "/echo", (struct http_request){ .host = narrow, .total_ms = 300 });
        submit(f, &next, "/echo", (struct http_request){ .host = narrow });
        run_until(f, &late.done);
        assert_err(&late.err, -ETIMEDOUT, "no place for the request within 1 s");
        assert_true(late.not_sent);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight, 1);
        assert_int_equal(stats.queued, 1);
        run_until(f, &next.done);
        assert_true(slow.done);
        assert_int_equal(next.status, 200);
}

static void a_stream_that_flows_takes_no_place(void **state)
{
        struct fixture *f = test_fixture(state);
        struct http_host *narrow = host_more(f, (struct http_host_config){ .max_in_flight = 1 });
        struct answer stream = { .take = HTTP_TAKE_STREAM };
        struct http_stats stats;

        submit(f, &stream, "/stall-in-body",
                (struct http_request){ .host = narrow, .flags = HTTP_STREAM });
        run_until(f, &stream.headed);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.streams, 1);
        assert_int_equal(stats.in_flight, 0);
        assert_int_equal(ask(f, "/echo", (struct http_request){ .host = narrow }).status, 200);
        http_cancel(f->http, stream.id);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.streams, 0);
        assert_int_equal(stats.cancelled, 1);
}

static void hosts_take_turns(void **state)
{
        static struct answer many[400];
        struct fixture *f = test_fixture(state);
        struct http_host *other = host_more(f, (struct http_host_config){ .name = "other" });
        struct answer one = { 0 };
        size_t before = 0;

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], "/echo", NOTHING);
        submit(f, &one, "/echo", (struct http_request){ .host = other });
        run_until(f, &one.done);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                before += many[i].done;
        assert_true(before < ARRAY_SIZE(many) / 2);
        run_until(f, &many[ARRAY_SIZE(many) - 1].done);
        assert_in_range(f->server.connections, 1, 2 * LIMIT_HTTP_HOST_IN_FLIGHT);
}

static const struct cancel_row {
        const char *name;
        char where;
        bool self;
} cancels[] = {
        { "itself_in_head", 'h', true },
        { "itself_in_data", 'd', true },
        { "itself_at_the_end", 'e', true },
        { "another_in_head", 'h', false },
        { "another_in_data", 'd', false },
        { "another_at_the_end", 'e', false },
};

static void cancels_from_its_callbacks(void **state)
{
        const struct cancel_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct answer a = { .cancel_in = row->where, .take = HTTP_TAKE_STREAM };
        struct answer other = { .take = HTTP_TAKE_STREAM };
        struct http_stats stats;

        submit(f, &other, "/stall-in-body", (struct http_request){ .flags = HTTP_STREAM });
        run_until(f, &other.headed);
        submit(f, &a, "/big", NOTHING);
        a.other = row->self ? a.id : other.id;
        run_for(f, 400);
        assert_true(a.headed);
        assert_int_equal(a.done, !row->self || row->where == 'e');
        assert_false(other.done);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight, 0);
        assert_int_equal(stats.streams, row->self);
        assert_int_equal(ask(f, "/echo", NOTHING).status, 200);
}

static void cancels_what_is_queued_or_asking(void **state)
{
        static struct answer many[100];
        struct fixture *f = test_fixture(state);
        struct http_stats stats;

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], "/echo", NOTHING);
        assert_ok(loop_run_once(f->loop, 0, NULL), NULL);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
                http_cancel(f->http, many[i].id);
                http_cancel(f->http, many[i].id);
        }
        run_for(f, 200);
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                assert_false(many[i].done);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight + stats.queued, 0);
        assert_int_equal(stats.cancelled, ARRAY_SIZE(many));
}

static void ends_with_requests_under_way(void **state)
{
        static struct answer many[100];
        struct fixture *f = test_fixture(state);

        memset(many, 0, sizeof(many));
        for (size_t i = 0; i < ARRAY_SIZE(many); i++)
                submit(f, &many[i], i % 2 ? "/stall" : "/echo", NOTHING);
        run_for(f, 100);
        http_host_unref(f->host);
        f->host = NULL;
        /* The teardown frees the rest: nothing may be called or lost. */
}

int main(void)
{
        HTTP_TEST(sends_what_it_is_given);
        HTTP_TEST(reuses_its_connection);
        HTTP_TEST(takes_head_and_empty_bodies);
        HTTP_TEST(streams_and_drops_bodies);
        HTTP_TEST(undoes_gzip_and_bounds_what_comes_out);
        HTTP_TEST(follows_redirects_only_when_told);
        HTTP_TEST(tells_when_to_come_back);
        HTTP_TEST(passes_over_interim_responses);
        TEST_ROWS_WITH(says_how_it_failed, failures, setup, teardown);
        HTTP_TEST(notices_idleness);
        HTTP_TEST(waits_for_a_stream_to_begin_but_not_to_end);
        HTTP_TEST(refuses_what_it_cannot_send);
        HTTP_TEST(survives_a_connection_that_died_while_idle);
        HTTP_TEST(waits_for_its_turn);
        HTTP_TEST(a_stream_that_flows_takes_no_place);
        HTTP_TEST(hosts_take_turns);
        TEST_ROWS_WITH(cancels_from_its_callbacks, cancels, setup, teardown);
        HTTP_TEST(cancels_what_is_queued_or_asking);
        HTTP_TEST(ends_with_requests_under_way);
        return test_run("http");
}
