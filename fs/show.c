/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/show.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "base/utf8.h"
#include "fs/task_view.h"
#include "ops/reason.h"
#include "ops/rollup.h"
#include "ops/warnings.h"

size_t show_width(const char *s, size_t n)
{
        return utf8_count(s, n);
}

static bool text_space(char c)
{
        return (unsigned char)c <= ' ' || c == 0x7f;
}

struct line {
        size_t label;  /* width of the label */
        size_t column; /* where the next word begins, before the spaces that come with it */
        bool empty;    /* no word yet */
};

/* One word with the spaces before it, or on a line of its own where it does not fit. */
static void line_word(struct buf *out, struct line *l, size_t spaces, const char *word, size_t len)
{
        size_t width = show_width(word, len);

        if (l->empty)
                spaces = l->column - l->label;
        if (!l->empty && l->column + spaces + width > SHOW_WIDTH) {
                buf_putc(out, '\n');
                buf_pad(out, SHOW_INDENT);
                l->column = SHOW_INDENT;
                spaces = 0;
        }
        buf_pad(out, spaces);
        buf_append(out, word, len);
        l->column = l->empty ? l->column + width : l->column + spaces + width;
        l->empty = false;
}

void show_line(struct buf *out, const char *label, const char *text, const char *code)
{
        size_t len = strlen(label), pad = len < SHOW_INDENT ? SHOW_INDENT - len : 1;
        struct line l = { .label = len, .column = len + pad, .empty = true };

        buf_puts(out, label);
        while (*text != '\0') {
                size_t n = 0, spaces = 0;

                for (; text_space(*text) && *text != '\0'; text++)
                        spaces++;
                while (text[n] != '\0' && !text_space(text[n]))
                        n++;
                if (n > 0)
                        line_word(out, &l, spaces, text, n);
                text += n;
        }
        if (code != NULL && code[0] != '\0')
                line_word(out, &l, 3, code, strlen(code));
        buf_putc(out, '\n');
}

void show_linef(struct buf *out, const char *label, const char *fmt, ...)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        show_line(out, label, text.data, NULL);
}

void show_action(struct buf *out, size_t *told, const char *fmt, ...)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        va_list ap;

        va_start(ap, fmt);
        buf_vprintf(&text, fmt, ap);
        va_end(ap);
        show_line(out, (*told)++ == 0 ? "action:" : "", text.data, NULL);
}

void show_quoted(struct buf *out, const char *word)
{
        static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                    "_@%+=:,./-";

        if (word[0] == '-')
                buf_puts(out, "./");
        if (word[0] != '\0' && word[strspn(word, plain)] == '\0') {
                buf_puts(out, word);
                return;
        }
        buf_putc(out, '\'');
        for (const char *p = word; *p != '\0'; p++)
                if (*p == '\'')
                        buf_puts(out, "'\\''");
                else
                        buf_putc(out, *p);
        buf_putc(out, '\'');
}

void show_as_of(struct buf *out, int64_t t)
{
        char text[RFC3339_SIZE];

        if (t != 0)
                show_line(out, "as of:", rfc3339_format(text, t), NULL);
}

enum { BAR_CELLS = 20 };

static void put_bar(struct buf *out, int64_t percent, int64_t done, int64_t total, const char *unit)
{
        char bar[BAR_CELLS + 1];
        int64_t cells = percent * BAR_CELLS / 100;

        for (int64_t i = 0; i < BAR_CELLS; i++)
                bar[i] = i < cells ? '#' : '.';
        bar[BAR_CELLS] = '\0';
        buf_printf(out, "[%s] %3lld%%  %lld/%lld %s", bar, (long long)percent, (long long)done,
                (long long)total, unit);
}

void show_bar(struct buf *out, int64_t percent, int64_t done, int64_t total)
{
        if (percent < 0)
                buf_printf(out, "[.........?..........]  %lld items", (long long)done);
        else
                put_bar(out, percent, done, total, "items");
}

void show_bar_bytes(struct buf *out, int64_t done, int64_t total)
{
        /* As floating point: a hundred times the bytes of a large fleet is more than 63 bits have. */
        if (total > 0)
                put_bar(out, done >= total ? 100 : (int64_t)((double)done * 100 / (double)total), done, total,
                        "bytes");
}

void show_expected(struct buf *out, int64_t at, int64_t since)
{
        char text[RFC3339_SIZE];

        rfc3339_format(text, at);
        /* To the minute: "2026-09-01T09:52". */
        text[16] = '\0';
        buf_printf(out, "expected about %sZ", at / 86400 == since / 86400 ? text + 11 : text);
}

void show_duration(struct buf *out, int64_t seconds)
{
        int64_t h = seconds / 3600, m = seconds / 60 % 60;

        if (h > 0)
                buf_printf(out, "%lldh", (long long)h);
        if (h > 0 || m > 0)
                buf_printf(out, "%lldm", (long long)m);
        buf_printf(out, "%llds", (long long)(seconds % 60));
}

const char *show_remedy(const char *code)
{
        const struct reason *r = NULL;

        if (code != NULL && strncmp(code, "FLT-", 4) == 0)
                r = reason_find(atoi(code + 4));
        if (r == NULL || r->remedy == NULL || r->remedy[strcspn(r->remedy, "/`")] != '\0')
                return NULL;
        return r->remedy;
}

void show_command(struct buf *out, const char *label, const char *command)
{
        buf_puts(out, label);
        buf_pad_to_column(out, SHOW_INDENT, 1);
        buf_printf(out, "%s\n", command);
}

void show_error(struct buf *out, const char *code, const char *who, const char *text, int64_t since,
        const char *command)
{
        _cleanup_(buf_done) struct buf line = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *remedy = show_remedy(code);
        char time[RFC3339_SIZE];

        if (who != NULL)
                buf_printf(&line, "%s: ", who);
        buf_puts(&line, text);
        show_line(out, code != NULL && code[0] != '\0' ? code : "error:", line.data, NULL);
        if (since != 0)
                show_line(out, "since:", rfc3339_format(time, since), NULL);
        if (command != NULL)
                show_command(out, "remedy:", command);
        else if (remedy != NULL)
                show_line(out, "remedy:", remedy, NULL);
}

void show_reason_members(struct json_writer *w, const char *code, const char *text, int64_t since,
        const char *command)
{
        json_string_member(w, "code", code != NULL && code[0] != '\0' ? code : NULL);
        json_string_member(w, "message", text);
        json_string_member(w, "remedy", command != NULL ? command : show_remedy(code));
        json_time_member(w, "since", since);
}

enum phase show_object_phase(const struct object *o)
{
        /* After `cp p.yaml backups/` nobody may read the phase of the run before. */
        if (o->draft_state == DRAFT_ACCEPTED)
                return PHASE_ACCEPTED;
        if (o->phase != PHASE_NONE)
                return o->phase;
        if (o->in_force.bytes != NULL)
                return PHASE_ACCEPTED;
        if (o->draft_state != DRAFT_NONE)
                return phase_of_draft(o->draft_state);
        return o->is_folder ? PHASE_DRAFT : PHASE_NONE;
}

const struct show_nowhere *show_object_nowhere(const struct object *o)
{
        static const struct show_nowhere selects_nothing = { "no cluster is selected", "FLT-0282",
                "the destination matches no cluster now", NULL };
        static const struct show_nowhere selected_nothing = { "no cluster is selected", "FLT-0282",
                "the destination matched no cluster when it started", NULL };
        /* Of another store's policy all that is known is what the clusters have. */
        static const struct show_nowhere gone = { "no cluster has a Schedule of it any more", "FLT-0317",
                "its Schedules are gone: the policy was removed in the store that made it, or somebody deleted them",
                "echo adopt > ctl" };
        const struct run *r = object_latest_run(o);

        if (object_is_scheduled(o))
                return show_object_stands(o) ? NULL : o->own ? &selects_nothing : &gone;
        return r != NULL && r->n_tasks == 0 && !o->removed ? &selected_nothing : NULL;
}

bool show_object_stands(const struct object *o)
{
        return o->standing != NULL && o->standing->n_tasks > 0;
}

const struct run *show_object_parts(const struct object *o)
{
        return show_object_stands(o) ? o->standing : object_latest_run(o);
}

bool show_object_needs_eye(const struct object *o)
{
        return phase_is(show_object_phase(o), PHASE_IS_BAD) || o->draft_state == DRAFT_REJECTED ||
               o->draft_state == DRAFT_INTERRUPTED;
}

const struct task *show_object_worst(const struct object *o)
{
        const struct run *parts = show_object_parts(o), *newest = object_latest_run(o);
        const struct task *t = parts != NULL ? task_views_worst(parts) : NULL;
        const struct task *run = newest != NULL && newest != parts ? task_views_worst(newest) : NULL;

        return run != NULL && (t == NULL || run->phase < t->phase) ? run : t;
}

/* A backup of nothing is Completed, and protects nobody. */
static bool run_is_good(const struct run *r)
{
        if (r->phase != PHASE_COMPLETED || r->n_tasks == 0)
                return false;
        for (size_t i = 0; i < r->n_tasks; i++)
                if (r->tasks[i]->verb == TASK_BACKUP && task_holds_nothing(r->tasks[i]))
                        return false;
        return true;
}

const struct run *show_object_last_good(const struct object *o)
{
        for (size_t i = o->n_runs; i-- > 0;)
                if (run_is_good(o->runs[i]))
                        return o->runs[i];
        return NULL;
}
