/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "k8s/status.h"

#define STATUS(reason, code, message)                                                        \
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\"," \
        "\"message\":\"" message "\",\"reason\":\"" reason "\",\"code\":" #code "}"

static const struct status_row {
        const char *name;
        long http;
        const char *body;
        int code;
        const char *message;
} answers[] = {
        { "exists", 409, STATUS("AlreadyExists", 409, "backups.velero.io \\\"x\\\" already exists"),
                -EEXIST, "backups.velero.io \"x\" already exists" },
        { "conflict", 409, STATUS("Conflict", 409, "the object has been modified"), -ESTALE,
                "the object has been modified" },
        { "strict", 400,
                STATUS("BadRequest", 400,
                        "Backup in version \\\"v1\\\" cannot be handled as a Backup: strict decoding "
                        "error: unknown field \\\"spec.x\\\""),
                -EINVAL, "strict decoding error: unknown field \"spec.x\"" },
        { "invalid", 422, STATUS("Invalid", 422, "spec: Required value"), -EINVAL,
                "spec: Required value" },
        { "failed_test_of_a_patch", 422, STATUS("", 422, "the server rejected our request"),
                -EINVAL, "the server rejected our request" },
        { "forbidden", 403, STATUS("Forbidden", 403, "pods is forbidden"), -EPERM,
                "pods is forbidden" },
        { "unauthorized", 401, STATUS("Unauthorized", 401, "Unauthorized"), -EACCES,
                "Unauthorized" },
        { "expired", 410, STATUS("Expired", 410, "too old resource version: 1 (2)"), -ESTALE,
                "too old resource version" },
        { "reason_wins", 500, STATUS("NotFound", 404, "gone"), -ENOENT, "gone" },
        { "unknown_reason", 409, STATUS("Brandnew", 409, "m"), -EEXIST, "m" },
        { "no_message", 503, STATUS("ServiceUnavailable", 503, ""), -EHOSTUNREACH,
                "HTTP 503: the server is not available" },
        { "plain_404", 404, "404 page not found\n", -ENOENT,
                "HTTP 404: there is no such object or resource: 404 page not found" },
        { "html", 502, "<html><body>Bad Gateway</body></html>", -EHOSTUNREACH,
                "HTTP 502: a proxy does not reach the server" },
        { "other_json", 500, "{\"error\":\"x\"}", -EIO, "HTTP 500: the server failed" },
        { "another_kind", 500, "{\"kind\":\"Backup\",\"message\":\"x\"}", -EIO,
                "HTTP 500: the server failed" },
        { "cut_off", 500, "{\"kind\":\"Status\",\"mess", -EIO, "HTTP 500: the server failed" },
        { "empty", 429, "", -EBUSY, "HTTP 429: the server is overloaded" },
        { "binary", 500, "\xff\xfe", -EIO, "HTTP 500: the server failed" },
        { "teapot", 418, "", -EIO, "HTTP 418: the server answered something unexpected" },
        { "redirect", 302, "", -EIO, "HTTP 302: the server answered something unexpected" },
        { "too_large", 413, "", -EFBIG, "HTTP 413" },
        { "timeout", 504, STATUS("Timeout", 504, "request timed out"), -ETIMEDOUT,
                "request timed out" },
};

static void becomes_an_error(void **state)
{
        const struct status_row *row = test_row(state);
        struct err err = ERR_INIT;

        assert_int_equal(kube_status_err(&err, row->http, row->body, strlen(row->body)), row->code);
        assert_err(&err, row->code, row->message);
        assert_null(strchr(err.msg, '\n'));
}

static void is_never_eagain(void **state)
{
        (void)state;
        for (long http = 300; http < 600; http++) {
                struct err err = ERR_INIT;
                int r = kube_status_err(&err, http, "", 0);

                assert_true(r < 0 && r != -EAGAIN);
                assert_int_equal(err.code, r);
        }
}

static void parses_what_is_there(void **state)
{
        static const char body[] = "{\"kind\":\"Status\",\"details\":{\"retryAfterSeconds\":3},"
                                   "\"reason\":\"TooManyRequests\",\"code\":429}";
        struct kube_status st;

        (void)state;
        assert_int_equal(kube_status_parse(&st, body, sizeof(body) - 1), 0);
        assert_int_equal(st.code, 429);
        assert_true(st.retry_after_s == 3);
        assert_string_equal(st.reason, "TooManyRequests");
        assert_string_equal(st.message, "");
        assert_int_equal(kube_status_parse(&st, "[]", 2), -EBADMSG);
        assert_string_equal(st.reason, "");
}

static void cuts_a_long_message_between_characters(void **state)
{
        char body[3000] = "{\"kind\":\"Status\",\"message\":\"";
        struct kube_status st;

        (void)state;
        for (int i = 0; i < 500; i++)
                strcat(body, "\xe2\x82\xac");
        strcat(body, "\"}");
        assert_int_equal(kube_status_parse(&st, body, strlen(body)), 0);
        assert_int_equal(strlen(st.message), 399);
        assert_memory_equal(st.message + 396, "\xe2\x82\xac", 3);
}

static void knows_what_may_pass(void **state)
{
        (void)state;
        assert_true(kube_status_retriable(429));
        assert_true(kube_status_retriable(503));
        assert_false(kube_status_retriable(501));
        assert_false(kube_status_retriable(409));
        assert_false(kube_status_retriable(200));
}

int main(void)
{
        TEST_ROWS(becomes_an_error, answers);
        TEST(is_never_eagain);
        TEST(parses_what_is_there);
        TEST(cuts_a_long_message_between_characters);
        TEST(knows_what_may_pass);
        return test_run("status");
}
