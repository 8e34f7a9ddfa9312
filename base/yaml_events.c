/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_compose.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "base/yaml_private.h"
#include "base/yaml_syntax.h"

int yaml_refuse_at(
        struct err *err, int code, yaml_mark_t mark, const char *id, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)err_setv(err, code, fmt, ap);
        va_end(ap);
        (void)err_place(err, (int)mark.line + 1, (int)mark.column + 1);
        (void)err_id(err, id);
        return code;
}

yaml_mark_t yaml_mark_of_offset(const struct yaml_composer *c, size_t offset)
{
        size_t end = offset < c->len ? offset : c->len, line_start = 0;
        yaml_mark_t mark = { .index = end };

        for (size_t i = 0; i < end; i++) {
                if (c->bytes[i] == '\n' ||
                        (c->bytes[i] == '\r' && i + 1 < c->len && c->bytes[i + 1] != '\n')) {
                        mark.line++;
                        line_start = i + 1;
                }
        }
        mark.column = utf8_count(c->bytes + line_start, end - line_start);
        return mark;
}

/* The byte of a mark, whose index counts characters. */
static size_t offset_of_mark(const struct yaml_composer *c, yaml_mark_t mark)
{
        size_t offset = 0;

        for (size_t i = 0; i < mark.index && offset < c->len; i++)
                offset += utf8_sequence(c->bytes + offset, c->len - offset);
        return offset;
}

/* --- what libyaml refuses, in our words --- */

/*
 * True if the mistake at the offset is a tab: the character itself, or the line's indentation where
 * that means something (inside brackets it does not).
 */
static bool is_tab_mistake(const struct yaml_composer *c, size_t offset, size_t *ret)
{
        size_t start = offset;

        if (offset < c->len && c->bytes[offset] == '\t') {
                *ret = offset;
                return true;
        }
        if (c->parser.flow_level > 0)
                return false;
        while (start > 0 && c->bytes[start - 1] != '\n' && c->bytes[start - 1] != '\r')
                start--;
        while (start < c->len && c->bytes[start] == ' ')
                start++;
        *ret = start;
        return start < c->len && c->bytes[start] == '\t';
}

/* Translates the error that libyaml stopped with. */
static int refuse_syntax(const struct yaml_composer *c, struct err *err)
{
        const yaml_parser_t *p = &c->parser;
        const char *problem = p->problem ? p->problem : "the YAML cannot be read";
        const char *context = p->context ? p->context : "";
        const struct yaml_complaint *complaint = yaml_complaint_find(problem, context);
        yaml_mark_t mark = p->problem_mark;
        size_t tab;

        if (p->error == YAML_MEMORY_ERROR)
                return yaml_no_memory(err);
        if (p->error == YAML_READER_ERROR) {
                mark = yaml_mark_of_offset(c, p->problem_offset);
        } else if (is_tab_mistake(c, offset_of_mark(c, mark), &tab)) {
                (void)yaml_refuse_at(err, -EINVAL, yaml_mark_of_offset(c, tab), ERR_ID_SYNTAX,
                        "a tab is used for indentation");
                (void)err_remedy(err, "use spaces");
                return -EINVAL;
        }
        if (!complaint) {
                (void)yaml_refuse_at(err, -EINVAL, mark, ERR_ID_SYNTAX, "%s%s%s", problem,
                        *context ? " " : "", context);
                (void)err_remedy(err, "mend it; a text with special characters needs quotes");
                return -EINVAL;
        }
        (void)yaml_refuse_at(err, -EINVAL, complaint->at_context ? p->context_mark : mark, ERR_ID_SYNTAX,
                "%s", complaint->msg);
        (void)err_remedy(err, "%s", complaint->remedy);
        return -EINVAL;
}

int yaml_next_event(struct yaml_composer *c, yaml_event_t *event, struct err *err)
{
        if (!yaml_parser_parse(&c->parser, event))
                return refuse_syntax(c, err);
        return 0;
}
