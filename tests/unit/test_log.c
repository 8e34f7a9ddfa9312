/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/timefmt.h"

/* Standard error goes to a file while a test runs; the clocks stand still until a test moves them.
 */

struct capture {
        int saved_stderr;
        int file;
        int journal; /* -1, or a datagram socket that plays the journal */
        char socket[128];
        char text[256 * 1024];
};

static int64_t boottime_ms;

static int64_t fixed_realtime(void)
{
        return 1788255660;
}

static int64_t fixed_boottime(void)
{
        return boottime_ms;
}

static int capture_setup(void **state)
{
        static const struct clock_source clocks = { fixed_realtime, fixed_boottime };
        struct test_state *s = *state;
        struct capture *c = calloc(1, sizeof(*c));
        char path[128];

        if (!c || test_dir_setup(state) < 0)
                return -1;
        snprintf(path, sizeof(path), "%s/stderr", s->dir);
        snprintf(c->socket, sizeof(c->socket), "%s/journal", s->dir);
        c->journal = -1;
        c->file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        c->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (c->file < 0 || c->saved_stderr < 0 || dup2(c->file, STDERR_FILENO) < 0)
                return -1;
        unsetenv("JOURNAL_STREAM");
        boottime_ms = 1000;
        clock_set_for_tests(&clocks);
        s->fixture = c;
        log_init(NULL);
        return 0;
}

static int capture_teardown(void **state)
{
        struct capture *c = test_fixture(state);

        log_done();
        log_set_level(LOG_LEVEL_INFO);
        unsetenv("JOURNAL_STREAM");
        clock_set_for_tests(NULL);
        dup2(c->saved_stderr, STDERR_FILENO);
        closep(&c->saved_stderr);
        closep(&c->file);
        closep(&c->journal);
        free(c);
        return test_dir_teardown(state);
}

/* What was written since the last call. */
static const char *captured(void **state)
{
        struct capture *c = test_fixture(state);
        ssize_t n = pread(c->file, c->text, sizeof(c->text) - 1, 0);

        assert_true(n >= 0);
        c->text[n] = '\0';
        assert_int_equal(ftruncate(c->file, 0), 0);
        return c->text;
}

#define HEAD "time=2026-09-01T09:41:00Z "

static void writes_key_and_value(void **state)
{
        errno = EPIPE;
        log_warn("list failed", LOG_S("cluster", "eu-1"), LOG_I("req", -17), LOG_S("absent", NULL));
        assert_int_equal(errno, EPIPE);
        assert_text(captured(state),
                HEAD "level=warn msg=\"list failed\" cluster=eu-1 req=-17\n");
        log_error(NULL, LOG_S("op", "list"));
        assert_text(captured(state), HEAD "level=error op=list\n");
        log_info("started");
        assert_text(captured(state), HEAD "level=info msg=started\n");
}

static void writes_errors_with_their_parts(void **state)
{
        struct err err = ERR_INIT;

        err_set(&err, -EIO, "GET /apis: HTTP 503");
        log_warn(NULL, LOG_ERR(&err));
        assert_text(
                captured(state), HEAD "level=warn err=\"GET /apis: HTTP 503\" code=EIO\n");
        err_set(&err, -EINVAL, "bad");
        err_place(&err, 7, 3);
        err_id(&err, "FLT-0201");
        log_warn(NULL, LOG_ERR(&err), LOG_ERR(NULL));
        assert_text(captured(state),
                HEAD "level=warn err=bad code=EINVAL id=FLT-0201 line=7 column=3\n");
}

static const struct value {
        const char *name, *value, *text;
} values[] = {
        { "a word", "eu-1", "eu-1" },
        { "a path", "/fleet/prod:443?x", "/fleet/prod:443?x" },
        { "empty", "", "\"\"" },
        { "a blank", "a b", "\"a b\"" },
        { "an equals sign", "a=b", "\"a=b\"" },
        { "a quote and a backslash", "a\"b\\", "\"a\\\"b\\\\\"" },
        { "a newline", "a\nlevel=error", "\"a\\nlevel=error\"" },
        { "control characters", "a\t\x1B[31m\x7F", "\"a\\u0009\\u001b[31m\\u007f\"" },
        { "UTF-8", "caf\xC3\xA9", "\"caf\xC3\xA9\"" },
        { "no UTF-8", "caf\xE9", "\"caf?\"" },
};

static void quotes_what_is_no_word(void **state)
{
        const struct value *c = test_row(state);
        char expected[200];

        log_info(NULL, LOG_S("v", c->value));
        snprintf(expected, sizeof(expected), HEAD "level=info v=%s\n", c->text);
        assert_text(captured(state), expected);
}

static void levels_filter(void **state)
{
        enum log_level level = LOG_LEVEL_WARN;
        struct err err = ERR_INIT;

        log_debug("unseen");
        assert_text(captured(state), "");
        assert_ok(log_level_parse("debug", &level, &err), &err);
        log_set_level(level);
        log_debug("seen");
        assert_text(captured(state), HEAD "level=debug msg=seen\n");
        log_set_level(LOG_LEVEL_ERROR);
        log_warn("unseen");
        assert_text(captured(state), "");
        assert_int_equal(log_level_parse("loud", &level, &err), -EINVAL);
        assert_err(&err, -EINVAL, "unknown log level \"loud\"");
        assert_string_equal(err.remedy, "use error, warn, info or debug");
        for (int i = LOG_LEVEL_ERROR; i <= LOG_LEVEL_DEBUG; i++) {
                static const char *const names[] = { "error", "warn", "info", "debug" };

                assert_ok(log_level_parse(names[i], &level, &err), &err);
                assert_int_equal(level, i);
        }
}

static void writes_json(void **state)
{
        const struct log_options options = { .level = LOG_LEVEL_INFO, .format = LOG_FORMAT_JSON };

        log_init(&options);
        log_warn("a \"b\"", LOG_I("req", 17), LOG_S("s", "x\n\xFF"));
        assert_text(captured(state), "{\"time\":\"2026-09-01T09:41:00Z\",\"level\":\"warn\","
                                     "\"msg\":\"a \\\"b\\\"\",\"req\":17,\"s\":\"x\\n?\"}\n");
}

static void long_values_are_cut_and_lines_bounded(void **state)
{
        const struct log_options json = { .level = LOG_LEVEL_INFO, .format = LOG_FORMAT_JSON };
        char value[5000];
        json_t *object;
        const char *text;

        memset(value, 'x', sizeof(value) - 1);
        value[sizeof(value) - 1] = '\0';
        log_info(NULL, LOG_S("a", value), LOG_S("z", "end"));
        text = captured(state);
        assert_in_range(strlen(text), LIMIT_LOG_VALUE_BYTES, LIMIT_LOG_VALUE_BYTES + 100);
        assert_non_null(strstr(text, "xxx\xE2\x80\xA6\" z=end\n"));

        log_init(&json);
        log_info(NULL, LOG_S("a", value), LOG_S("b", value), LOG_S("c", value), LOG_S("d", value),
                LOG_S("e", value), LOG_S("z", "end"));
        text = captured(state);
        assert_in_range(strlen(text), 3 * LIMIT_LOG_VALUE_BYTES, LIMIT_LOG_LINE_BYTES);
        object = json_loads(text, 0, NULL);
        assert_non_null(object);
        assert_non_null(json_object_get(object, "c"));
        assert_null(json_object_get(object, "d"));
        assert_true(json_is_true(json_object_get(object, "cut")));
        json_decref(object);
}

static size_t count_lines(const char *text)
{
        size_t n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

/* One call site. */
static void log_often(int i)
{
        log_info("often", LOG_I("i", i));
}

static void repeats_are_suppressed_and_counted(void **state)
{
        log_set_level(LOG_LEVEL_DEBUG);
        for (int i = 0; i < LIMIT_LOG_BURST + 7; i++)
                log_often(i);
        assert_int_equal(count_lines(captured(state)), LIMIT_LOG_BURST);
        log_info("another site is not affected");
        assert_int_equal(count_lines(captured(state)), 1);
        for (int i = 0; i < LIMIT_LOG_BURST + 7; i++)
                log_debug("debug is not limited");
        assert_int_equal(count_lines(captured(state)), LIMIT_LOG_BURST + 7);
        boottime_ms += LIMIT_LOG_WINDOW_MS;
        log_often(99);
        assert_text(captured(state), HEAD "level=info msg=often i=99 suppressed=7\n");
        log_often(100);
        assert_text(captured(state), HEAD "level=info msg=often i=100\n");
}

static void *log_many(void *arg)
{
        for (int i = 0; i < 500; i++)
                log_debug("a line that is long enough to be torn if it were written in parts",
                        LOG_I("thread", (intptr_t)arg), LOG_I("i", i));
        return NULL;
}

static void threads_do_not_mix_lines(void **state)
{
        pthread_t threads[4];
        char *text, *save = NULL;
        size_t n = 0;

        log_set_level(LOG_LEVEL_DEBUG);
        for (intptr_t i = 0; i < 4; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, log_many, (void *)i), 0);
        for (int i = 0; i < 4; i++)
                assert_int_equal(pthread_join(threads[i], NULL), 0);
        text = (char *)captured(state);
        for (char *line = strtok_r(text, "\n", &save); line;
                line = strtok_r(NULL, "\n", &save), n++)
                if (strncmp(line, HEAD "level=debug msg=\"a line", 47) != 0 ||
                        !strstr(line, " i="))
                        fail_msg("torn: %s", line);
        assert_int_equal(n, 2000);
}

/* --- the journal --- */

static void play_journal(void **state, bool listening)
{
        struct capture *c = test_fixture(state);
        struct log_options options = { .level = LOG_LEVEL_INFO, .journal_socket = c->socket };
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char stream[64];
        struct stat st;

        assert_int_equal(fstat(STDERR_FILENO, &st), 0);
        snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev,
                (unsigned long long)st.st_ino);
        setenv("JOURNAL_STREAM", stream, 1);
        if (listening) {
                c->journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                assert_true(c->journal >= 0);
                assert_true(strlen(c->socket) < sizeof(address.sun_path));
                memcpy(address.sun_path, c->socket, strlen(c->socket) + 1);
                assert_int_equal(bind(c->journal, (struct sockaddr *)&address, sizeof(address)), 0);
        }
        log_init(&options);
}

/* The next datagram, NUL-terminated; its length. */
static size_t received(void **state, char *bytes, size_t size)
{
        struct capture *c = test_fixture(state);
        ssize_t n = recv(c->journal, bytes, size - 1, 0);

        assert_true(n > 0);
        bytes[n] = '\0';
        return (size_t)n;
}

static void speaks_to_the_journal(void **state)
{
        char bytes[20000];

        play_journal(state, true);
        log_warn("list failed", LOG_S("cluster", "eu-1"), LOG_I("req", 17));
        received(state, bytes, sizeof(bytes));
        assert_memory_equal(bytes, "SYSLOG_IDENTIFIER=fleetfs\nPRIORITY=4\n", 37);
        assert_non_null(
                strstr(bytes, "\nMESSAGE=level=warn msg=\"list failed\" cluster=eu-1 req=17\n"));
        assert_non_null(strstr(bytes, "test_log.c\nCODE_LINE="));
        assert_non_null(
                strstr(bytes, "\nFLEETFS_MSG=list failed\nFLEETFS_CLUSTER=eu-1\nFLEETFS_REQ=17\n"));
        assert_text(captured(state), "");
}

static void journal_values_may_have_lines(void **state)
{
        static const char expected[] = "\nFLEETFS_TEXT\n\x03\0\0\0\0\0\0\0a\nb\nFLEETFS_Z=end\n";
        char bytes[20000];
        size_t n;

        play_journal(state, true);
        log_info(NULL, LOG_S("text", "a\nb"), LOG_S("z", "end"));
        n = received(state, bytes, sizeof(bytes));
        assert_non_null(memmem(bytes, n, expected, sizeof(expected) - 1));
        assert_non_null(strstr(bytes, "MESSAGE=level=info text=\"a\\nb\" z=end\n"));
}

static void falls_back_without_a_journal(void **state)
{
        play_journal(state, false);
        log_warn("alone");
        assert_text(captured(state), "<4>level=warn msg=alone\n");
}

static void a_foreign_stream_is_not_ours(void **state)
{
        const struct log_options options = { .level = LOG_LEVEL_INFO };
        static const char *const streams[] = { "1:2", "", "x", "1:2:3" };

        for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
                setenv("JOURNAL_STREAM", streams[i], 1);
                log_init(&options);
                log_info("here");
                assert_text(captured(state), HEAD "level=info msg=here\n");
        }
}

int main(void)
{
        TEST_WITH(writes_key_and_value, capture_setup, capture_teardown);
        TEST_WITH(writes_errors_with_their_parts, capture_setup, capture_teardown);
        TEST_ROWS_WITH(quotes_what_is_no_word, values, capture_setup, capture_teardown);
        TEST_WITH(levels_filter, capture_setup, capture_teardown);
        TEST_WITH(writes_json, capture_setup, capture_teardown);
        TEST_WITH(long_values_are_cut_and_lines_bounded, capture_setup, capture_teardown);
        TEST_WITH(repeats_are_suppressed_and_counted, capture_setup, capture_teardown);
        TEST_WITH(threads_do_not_mix_lines, capture_setup, capture_teardown);
        TEST_WITH(speaks_to_the_journal, capture_setup, capture_teardown);
        TEST_WITH(journal_values_may_have_lines, capture_setup, capture_teardown);
        TEST_WITH(falls_back_without_a_journal, capture_setup, capture_teardown);
        TEST_WITH(a_foreign_stream_is_not_ours, capture_setup, capture_teardown);
        return test_run("log");
}
