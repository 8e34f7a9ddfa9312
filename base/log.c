/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/log_sink.h"
#include "base/timefmt.h"
#include "base/utf8.h"

/*
 * A line is made of its fields on the caller's thread, then written with one call: write(2) to
 * stderr or send(2) to the journal, both atomic for our sizes, so lines of several threads do not
 * mix. One lock guards the call sites' counters, another what is written to stderr or a file; it is
 * held for a write that does not wait. An error is counted, and told once a line goes through.
 */

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static const struct {
        const char *name;
        int priority; /* syslog's */
} levels[] = {
        [LOG_LEVEL_ERROR] = { "error", 3 },
        [LOG_LEVEL_WARN] = { "warn", 4 },
        [LOG_LEVEL_INFO] = { "info", 6 },
        [LOG_LEVEL_DEBUG] = { "debug", 7 },
};

static _Atomic(int) log_max_level = LOG_LEVEL_INFO;

/* Set by log_init() and log_to_file() before threads start, constant afterwards. */
static struct {
        enum log_format format;
        int journal; /* a socket, or -1 */
        struct sockaddr_un address;
        bool is_journal; /* stderr leads to the journal, which adds the time and reads priorities */
} sink = { .journal = -1 };

static pthread_mutex_t site_lock = PTHREAD_MUTEX_INITIALIZER; /* guards all struct log_site */

/* Stderr, or the file in its place, and the lines that did not get there. */
static pthread_mutex_t out_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the following */
static struct log_sink out = LOG_SINK_INIT;
static struct {
        unsigned lines;
        int errnum; /* of the last one */
} dropped;

/* --- levels --- */

void log_set_level(enum log_level level)
{
        atomic_store(&log_max_level, (int)level);
}

enum log_level log_level(void)
{
        return (enum log_level)atomic_load_explicit(&log_max_level, memory_order_relaxed);
}

int log_level_parse(const char *s, enum log_level *ret, struct err *err)
{
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
                if (strcmp(levels[i].name, s) == 0) {
                        *ret = (enum log_level)i;
                        return 0;
                }
        }
        (void)err_set(err, -EINVAL, "unknown log level \"%s\"", s);
        (void)err_remedy(err, "use error, warn, info or debug");
        return -EINVAL;
}

/* --- where lines go --- */

/* systemd sets $JOURNAL_STREAM to device:inode of the stream it gave us; stderr may have been
 * redirected since. */
static bool stderr_is_journal(void)
{
        const char *stream = getenv("JOURNAL_STREAM");
        unsigned long long device, inode;
        struct stat st;
        int end = 0;

        if (!stream || sscanf(stream, "%llu:%llu%n", &device, &inode, &end) != 2 || stream[end])
                return false;
        if (fstat(STDERR_FILENO, &st) < 0)
                return false;
        return st.st_dev == device && st.st_ino == inode;
}

/*
 * Opens the socket and keeps the journal's address. Each line names the address again: a connected
 * socket would stay with a journal that was replaced. It never blocks: a full journal must not stop
 * a mount.
 */
static void journal_open(const char *path)
{
        if (strlen(path) >= sizeof(sink.address.sun_path))
                return;
        sink.address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        (void)strcpy(sink.address.sun_path, path);
        sink.journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void log_init(const struct log_options *options)
{
        static const struct log_options defaults = { .level = LOG_LEVEL_INFO };

        if (!options)
                options = &defaults;
        log_done();
        log_set_level(options->level);
        sink.format = options->format;
        sink.is_journal = stderr_is_journal();
        log_sink_stderr(&out);
        if (sink.is_journal && options->format == LOG_FORMAT_TEXT)
                journal_open(options->journal_socket ? options->journal_socket : JOURNAL_SOCKET);
}

int log_to_file(const char *path, struct err *err)
{
        int r = log_sink_file(&out, path, err);

        if (r < 0)
                return r;
        closep(&sink.journal);
        sink.journal = -1;
        sink.is_journal = false;
        return 0;
}

int log_take_stderr(struct err *err)
{
        int r = log_sink_take_stderr(&out);

        return r < 0 ? err_set(err, r, "lead standard error into the log: %s", strerror(-r)) : 0;
}

void log_done(void)
{
        log_sink_done(&out);
        dropped.lines = 0;
        closep(&sink.journal);
        sink.journal = -1;
        sink.is_journal = false;
        sink.format = LOG_FORMAT_TEXT;
}

/* --- fields as texts --- */

/* An error is up to five of these. */
#define LINE_FIELDS_MAX 48

struct line_field {
        const char *key, *value;
        bool is_number;
};

struct line {
        enum log_level level;
        const struct log_site *site;
        size_t n;
        struct line_field fields[LINE_FIELDS_MAX];
        char numbers[LINE_FIELDS_MAX][24]; /* the texts of integers, by field */
};

static void line_add(struct line *line, const char *key, const char *value)
{
        if (value && line->n < LINE_FIELDS_MAX)
                line->fields[line->n++] = (struct line_field){ key, value, false };
}

static void line_add_number(struct line *line, const char *key, long long value)
{
        if (line->n == LINE_FIELDS_MAX)
                return;
        (void)snprintf(line->numbers[line->n], sizeof(line->numbers[0]), "%lld", value);
        line->fields[line->n] = (struct line_field){ key, line->numbers[line->n], true };
        line->n++;
}

static void line_add_err(struct line *line, const struct log_field *field)
{
        const struct err *err = field->err;

        if (!err)
                return;
        line_add(line, field->key, err->msg);
        if (err->code)
                line_add(line, "code", errno_name(err->code));
        if (err->id[0])
                line_add(line, "id", err->id);
        if (err->line > 0) {
                line_add_number(line, "line", err->line);
                line_add_number(line, "column", err->column);
        }
}

static void line_build(
        struct line *line, const struct log_field *fields, size_t n, unsigned suppressed)
{
        for (size_t i = 0; i < n; i++) {
                const struct log_field *field = &fields[i];

                switch (field->kind) {
                case LOG_FIELD_STRING:
                        line_add(line, field->key, field->s);
                        break;
                case LOG_FIELD_INT:
                        line_add_number(line, field->key, field->i);
                        break;
                case LOG_FIELD_ERR:
                        line_add_err(line, field);
                        break;
                }
        }
        if (suppressed > 0)
                line_add_number(line, "suppressed", suppressed);
}

/* --- fields as a line --- */

/* Without quotes stay values that no reader can take for anything but one word. */
static bool is_plain(const char *value)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "-_.:/@+,%*~!?#[]()";
        size_t n = strspn(value, plain);

        return n > 0 && n <= LIMIT_LOG_VALUE_BYTES && value[n] == '\0';
}

/* A value in double quotes, as JSON writes strings; long ones are cut, bytes that are no UTF-8
 * become question marks. */
static void put_quoted(struct buf *b, const char *value)
{
        size_t len = strlen(value), n = utf8_cut(value, len, LIMIT_LOG_VALUE_BYTES);

        (void)buf_putc(b, '"');
        for (size_t i = 0; i < n;) {
                size_t step = utf8_sequence(value + i, n - i);
                unsigned char c = (unsigned char)value[i];

                if (step > 1)
                        (void)buf_append(b, value + i, step);
                else if (step == 0)
                        (void)buf_putc(b, '?');
                else if (c == '"' || c == '\\')
                        (void)buf_printf(b, "\\%c", c);
                else if (c == '\n')
                        (void)buf_puts(b, "\\n");
                else if (c < 0x20 || c == 0x7F)
                        (void)buf_printf(b, "\\u%04x", c);
                else
                        (void)buf_putc(b, (char)c);
                i += step ? step : 1;
        }
        (void)buf_puts(b, n < len ? "\xE2\x80\xA6\"" : "\"");
}

static void put_text_field(struct buf *b, const struct line_field *field)
{
        (void)buf_printf(b, "%s%s=", b->len ? " " : "", field->key);
        if (is_plain(field->value))
                (void)buf_puts(b, field->value);
        else
                put_quoted(b, field->value);
}

static void put_json_field(struct buf *b, const struct line_field *field)
{
        (void)buf_printf(b, ",\"%s\":", field->key);
        if (field->is_number)
                (void)buf_puts(b, field->value);
        else
                put_quoted(b, field->value);
}

/* The journal's own form: KEY=value, or the value's length in binary before it where it has several
 * lines. */
static void put_journal_field(struct buf *b, const struct line_field *field)
{
        size_t len = utf8_cut(field->value, strlen(field->value), LIMIT_LOG_VALUE_BYTES);
        unsigned char size[8];

        (void)buf_puts(b, "FLEETFS_");
        for (const char *p = field->key; *p; p++)
                (void)buf_putc(b, (char)toupper((unsigned char)*p));
        if (!memchr(field->value, '\n', len)) {
                (void)buf_putc(b, '=');
        } else {
                for (size_t i = 0; i < sizeof(size); i++)
                        size[i] = (unsigned char)(len >> (8 * i));
                (void)buf_putc(b, '\n');
                (void)buf_append(b, size, sizeof(size));
        }
        (void)buf_append(b, field->value, len);
        (void)buf_putc(b, '\n');
}

/* Room for what stands behind the fields. */
#define LINE_TAIL 32

/* Puts all fields that fit whole; where some do not, the last says cut=true. */
static void put_fields(struct buf *b, const struct line *line,
        void (*put)(struct buf *b, const struct line_field *field))
{
        static const struct line_field cut = { "cut", "true", true };
        size_t before;

        b->max -= LINE_TAIL;
        for (size_t i = 0; i < line->n && !b->error; i++) {
                before = b->len;
                put(b, &line->fields[i]);
                if (b->error)
                        buf_truncate(b, before);
        }
        b->max += LINE_TAIL;
        if (!b->error)
                return;
        b->error = 0;
        put(b, &cut);
}

static void put_text(struct buf *b, const struct line *line)
{
        (void)buf_printf(b, "level=%s", levels[line->level].name);
        put_fields(b, line, put_text_field);
}

/* --- writing --- */

static bool write_journal(const struct line *line)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_LOG_LINE_BYTES);
        _cleanup_(buf_done) struct buf b = BUF_INIT(3 * LIMIT_LOG_LINE_BYTES);

        if (sink.journal < 0)
                return false;
        put_text(&text, line);
        (void)buf_printf(&b, "SYSLOG_IDENTIFIER=fleetfs\nPRIORITY=%d\nMESSAGE=%s\n",
                levels[line->level].priority, text.data);
        if (line->site)
                (void)buf_printf(
                        &b, "CODE_FILE=%s\nCODE_LINE=%d\n", line->site->file, line->site->line);
        put_fields(&b, line, put_journal_field);
        return !b.error && sendto(sink.journal, b.data, b.len, MSG_NOSIGNAL,
                                   (const struct sockaddr *)&sink.address,
                                   sizeof(sink.address)) == (ssize_t)b.len;
}

/* The whole line as stderr has it. */
static void put_line(struct buf *b, const struct line *line)
{
        char now[RFC3339_SIZE];

        (void)rfc3339_format(now, clock_realtime());
        if (sink.format == LOG_FORMAT_JSON) {
                (void)buf_printf(
                        b, "{\"time\":\"%s\",\"level\":\"%s\"", now, levels[line->level].name);
                put_fields(b, line, put_json_field);
                (void)buf_puts(b, "}\n");
                return;
        }
        if (sink.is_journal)
                (void)buf_printf(b, "<%d>", levels[line->level].priority);
        else
                (void)buf_printf(b, "time=%s ", now);
        put_text(b, line);
        (void)buf_putc(b, '\n');
}

/* A warning about the log itself, under the lock; false: it did not get there either. */
static bool out_note(const char *message, int errnum, unsigned lines)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_LOG_LINE_BYTES);
        struct line note = { .level = LOG_LEVEL_WARN };

        line_add(&note, "msg", message);
        if (lines > 0)
                line_add_number(&note, "lines", lines);
        line_add(&note, "err", strerror(errnum));
        line_add(&note, "code", errno_name(errnum));
        put_line(&b, &note);
        return log_sink_write(&out, b.data, b.len) == 0;
}

/* What is missing is told where it is missing: before the first line that goes through again. */
static void write_stderr(const struct line *line)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_LOG_LINE_BYTES);
        int r = 0;

        put_line(&b, line);
        LOCK_SCOPE(&out_lock);
        if (dropped.lines > 0 && !out_note("lines of the log were dropped", dropped.errnum, dropped.lines)) {
                dropped.lines++;
                return;
        }
        dropped.lines = 0;
        r = log_sink_write(&out, b.data, b.len);
        if (r < 0) {
                dropped.lines = 1;
                dropped.errnum = -r;
        }
        if (out.begun_anew != 0 &&
                out_note("the log begins anew: the old one could not be set aside", out.begun_anew, 0))
                out.begun_anew = 0;
}

/* Counts the line for its call site: false if it is one too many, else how many were left out
 * before it. */
static bool site_admit(struct log_site *site, unsigned *ret_suppressed)
{
        int64_t now = clock_boottime_ms();

        LOCK_SCOPE(&site_lock);
        *ret_suppressed = 0;
        if (site->lines == 0 || now - site->window_start_ms >= LIMIT_LOG_WINDOW_MS) {
                site->window_start_ms = now;
                site->lines = 0;
        }
        if (site->lines >= LIMIT_LOG_BURST) {
                site->suppressed++;
                return false;
        }
        site->lines++;
        *ret_suppressed = site->suppressed;
        site->suppressed = 0;
        return true;
}

void log_write(
        enum log_level level, struct log_site *site, const struct log_field *fields, size_t n)
{
        struct line line = { .level = level, .site = site };
        unsigned suppressed = 0;
        int saved = errno;

        if (level > log_level())
                return;
        if (!site || level == LOG_LEVEL_DEBUG || site_admit(site, &suppressed)) {
                line_build(&line, fields, n, suppressed);
                if (!write_journal(&line))
                        write_stderr(&line);
        }
        errno = saved;
}
