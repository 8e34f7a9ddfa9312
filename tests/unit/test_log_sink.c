/* SPDX-License-Identifier: Apache-2.0 */
/* Log lines that cannot be written, and a file that must not grow without end. */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/log.h"

/* Standard error is what a test makes of it; a line that waits ends the test by SIGALRM. */
enum { PATIENCE_S = 40 };

struct sinks {
        int saved_stderr;
        char path[160], aside[168];
        char text[LIMIT_LOG_FILE_BYTES + 64 * KIB];
};

static int sinks_setup(void **state)
{
        struct test_state *s = *state;
        struct sinks *f = calloc(1, sizeof(*f));

        if (!f || test_dir_setup(state) < 0)
                return -1;
        snprintf(f->path, sizeof(f->path), "%s/log", s->dir);
        snprintf(f->aside, sizeof(f->aside), "%s/log.1", s->dir);
        f->saved_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (f->saved_stderr < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR || signal(SIGXFSZ, SIG_IGN) == SIG_ERR)
                return -1;
        unsetenv("JOURNAL_STREAM");
        s->fixture = f;
        alarm(PATIENCE_S);
        return 0;
}

static int sinks_teardown(void **state)
{
        struct sinks *f = test_fixture(state);

        alarm(0);
        log_done();
        log_set_level(LOG_LEVEL_INFO);
        dup2(f->saved_stderr, STDERR_FILENO);
        closep(&f->saved_stderr);
        free(f);
        return test_dir_teardown(state);
}

static void use_as_stderr(int fd)
{
        static const struct log_options debug = { .level = LOG_LEVEL_DEBUG };

        assert_true(dup2(fd, STDERR_FILENO) == STDERR_FILENO);
        log_init(&debug);
}

/* All that a descriptor has now. */
static const char *drain(void **state, int fd)
{
        struct sinks *f = test_fixture(state);
        size_t len = 0;
        ssize_t n;

        assert_true(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
        while (len < sizeof(f->text) - 1 && (n = read(fd, f->text + len, sizeof(f->text) - 1 - len)) > 0)
                len += (size_t)n;
        f->text[len] = '\0';
        return f->text;
}

static const char *file_text(void **state, const char *path)
{
        _cleanup_(closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

        assert_true(fd >= 0);
        return drain(state, fd);
}

static size_t count(const char *text, const char *what)
{
        const char *end = text + strlen(text);
        size_t n = 0;

        for (; (text = memmem(text, (size_t)(end - text), what, strlen(what))); text++)
                n++;
        return n;
}

/* What the notes tell together: where one still fits and the line behind it does not, there are several. */
static size_t lines_dropped(const char *text)
{
        static const char note[] = "msg=\"lines of the log were dropped\" lines=";
        size_t n = 0;

        for (; (text = strstr(text, note)); text++)
                n += strtoul(text + sizeof(note) - 1, NULL, 10);
        return n;
}

static void fill(size_t n)
{
        char kib[1001];

        memset(kib, 'x', sizeof(kib) - 1);
        kib[sizeof(kib) - 1] = '\0';
        for (size_t i = 0; i < n; i++)
                log_debug("filling", LOG_S("x", kib));
}

/* ---------------------------------------------------------------- what does not take them */

static const struct channel {
        const char *name;
        bool socket;
} channels[] = {
        { "a pipe", false },
        { "a socket", true },
};

static void what_is_full_drops_lines_and_says_so(void **state)
{
        const struct channel *c = test_row(state);
        enum { LINES = 1000 }; /* a pipe takes 64 KiB, a socket some hundred */
        const char *text;
        size_t got, told;
        int fds[2];

        if (c->socket)
                assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        else
                assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        use_as_stderr(fds[1]);
        fill(LINES);
        /* What is shared with others stays as it was. */
        assert_false(fcntl(fds[1], F_GETFL) & O_NONBLOCK);
        text = drain(state, fds[0]);
        got = count(text, "msg=filling");
        assert_in_range(got, 10, LINES - 10);
        told = lines_dropped(text);

        log_info("after");
        log_info("later");
        text = drain(state, fds[0]);
        told += lines_dropped(text);
        assert_int_equal(count(text, "dropped"), 1);
        assert_non_null(strstr(text, "code=EAGAIN\ntime="));
        assert_true(strstr(text, "dropped") < strstr(text, "msg=after"));
        assert_non_null(strstr(text, "msg=later\n"));
        /* A line that a socket took in part counts among those that are missing. */
        assert_in_range(got + told, LINES, LINES + (c->socket ? 1 : 0));
        closep(&fds[0]);
        closep(&fds[1]);
}

static void a_pipe_that_nobody_reads_is_no_end(void **state)
{
        const char *text;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        use_as_stderr(fds[1]);
        log_info("before");
        closep(&fds[0]);
        log_info("lost");
        log_info("lost too");
        fds[0] = open("/proc/self/fd/2", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        assert_true(fds[0] >= 0);
        log_info("after");
        text = drain(state, fds[0]);
        assert_int_equal(lines_dropped(text), 2);
        assert_non_null(strstr(text, "code=EPIPE\n"));
        assert_non_null(strstr(text, "msg=after\n"));
        closep(&fds[0]);
        closep(&fds[1]);
}

static void a_full_disk_is_no_end(void **state)
{
        struct sinks *f = test_fixture(state);
        struct err err = ERR_INIT;

        log_init(NULL);
        assert_ok(log_to_file("/dev/full", &err), &err);
        log_info("lost");
        log_info("lost too");
        assert_ok(log_to_file(f->path, &err), &err);
        log_info("after");
        assert_int_equal(lines_dropped(file_text(state, f->path)), 2);
        assert_non_null(strstr(f->text, "code=ENOSPC\n"));
        assert_non_null(strstr(f->text, "msg=after\n"));
}

/* The limit of a process's files cuts a line in two, as a disk does that has a few bytes left. */
static void a_line_that_was_cut_does_not_spoil_the_next(void **state)
{
        struct sinks *f = test_fixture(state);
        struct rlimit saved, small;
        struct err err = ERR_INIT;
        const char *note;

        log_init(NULL);
        assert_ok(log_to_file(f->path, &err), &err);
        log_info("before");
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
        small = saved;
        small.rlim_cur = strlen(file_text(state, f->path)) + 20;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        log_info("cut");
        log_info("lost");
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
        log_info("after");
        assert_int_equal(lines_dropped(file_text(state, f->path)), 2);
        note = strstr(f->text, "\ntime=");
        while (note != NULL && strncmp(note + strlen("\ntime=2026-09-01T09:41:00Z "), "level=warn ", 11) != 0)
                note = strstr(note + 1, "\ntime=");
        assert_non_null(note);
        assert_non_null(strstr(f->text, "code=EFBIG\ntime="));
        assert_non_null(strstr(f->text, "msg=after\n"));
}

/* ---------------------------------------------------------------- how large a file gets */

static void a_file_is_set_aside_once(void **state)
{
        static const struct log_options debug = { .level = LOG_LEVEL_DEBUG };
        enum { LINES = (int)(LIMIT_LOG_FILE_BYTES / KIB) + 100 };
        struct sinks *f = test_fixture(state);
        struct stat now, aside, stderr_now;
        struct err err = ERR_INIT;
        size_t n;

        log_init(&debug);
        assert_ok(log_to_file(f->path, &err), &err);
        /* Standard error is left to whoever has it, until it is taken; and then moves along. */
        assert_int_equal(stat(f->path, &now), 0);
        assert_int_equal(fstat(STDERR_FILENO, &stderr_now), 0);
        assert_true(now.st_ino != stderr_now.st_ino);
        assert_ok(log_take_stderr(&err), &err);
        fill(LINES);
        assert_int_equal(stat(f->path, &now), 0);
        assert_int_equal(stat(f->aside, &aside), 0);
        assert_int_equal(fstat(STDERR_FILENO, &stderr_now), 0);
        assert_true(now.st_ino == stderr_now.st_ino);
        assert_int_equal(now.st_mode & 07777, 0600);
        assert_in_range(aside.st_size, LIMIT_LOG_FILE_BYTES - 2 * KIB, LIMIT_LOG_FILE_BYTES);
        n = count(file_text(state, f->aside), "msg=filling");
        assert_int_equal(n + count(file_text(state, f->path), "msg=filling"), LINES);

        /* The next one takes its place. */
        fill(LINES);
        assert_int_equal(stat(f->path, &now), 0);
        assert_int_equal(stat(f->aside, &aside), 0);
        assert_true(now.st_size <= LIMIT_LOG_FILE_BYTES && aside.st_size <= LIMIT_LOG_FILE_BYTES);
        strcat(f->aside, ".1");
        assert_int_equal(stat(f->aside, &aside), -1);
        assert_int_equal(count(file_text(state, f->path), "dropped"), 0);
}

static void a_file_that_cannot_be_set_aside_begins_anew(void **state)
{
        static const struct log_options debug = { .level = LOG_LEVEL_DEBUG };
        struct sinks *f = test_fixture(state);
        struct err err = ERR_INIT;
        struct stat st;

        assert_int_equal(mkdir(f->aside, 0700), 0);
        log_init(&debug);
        assert_ok(log_to_file(f->path, &err), &err);
        fill(LIMIT_LOG_FILE_BYTES / KIB + 100);
        assert_int_equal(stat(f->path, &st), 0);
        assert_in_range(st.st_size, KIB, LIMIT_LOG_FILE_BYTES / 2);
        assert_int_equal(count(file_text(state, f->path), "msg=\"the log begins anew: the old one could not be set aside\""), 1);
        assert_non_null(strstr(f->text, "code=EISDIR\n"));
}

static void a_file_that_another_set_aside_is_left(void **state)
{
        struct sinks *f = test_fixture(state);
        struct err err = ERR_INIT;

        log_init(NULL);
        assert_ok(log_to_file(f->path, &err), &err);
        log_info("old");
        assert_int_equal(rename(f->path, f->aside), 0);
        log_info("new");
        assert_null(strstr(file_text(state, f->aside), "msg=new"));
        assert_null(strstr(file_text(state, f->path), "msg=old"));
        assert_non_null(strstr(f->text, "msg=new\n"));
}

static void what_cannot_be_opened_changes_nothing(void **state)
{
        struct sinks *f = test_fixture(state);
        struct err err = ERR_INIT;
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        use_as_stderr(fds[1]);
        strcat(f->path, "/below");
        assert_int_equal(log_to_file(f->path, &err), -ENOENT);
        assert_non_null(strstr(err.msg, "No such file"));
        log_info("here");
        assert_non_null(strstr(drain(state, fds[0]), "msg=here\n"));
        closep(&fds[0]);
        closep(&fds[1]);
}

int main(void)
{
        TEST_ROWS_WITH(what_is_full_drops_lines_and_says_so, channels, sinks_setup, sinks_teardown);
        TEST_WITH(a_pipe_that_nobody_reads_is_no_end, sinks_setup, sinks_teardown);
        TEST_WITH(a_full_disk_is_no_end, sinks_setup, sinks_teardown);
        TEST_WITH(a_line_that_was_cut_does_not_spoil_the_next, sinks_setup, sinks_teardown);
        TEST_WITH(a_file_is_set_aside_once, sinks_setup, sinks_teardown);
        TEST_WITH(a_file_that_cannot_be_set_aside_begins_anew, sinks_setup, sinks_teardown);
        TEST_WITH(a_file_that_another_set_aside_is_left, sinks_setup, sinks_teardown);
        TEST_WITH(what_cannot_be_opened_changes_nothing, sinks_setup, sinks_teardown);
        return test_run("log_sink");
}
