/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/yaml_writer.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

/* Whether text stands for itself without quotes. Rather a quote too many: only what is plainly a
 * word goes bare. */
static bool yaml_plain(const char *s)
{
        static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off", "y",
                "n", "nan", "inf" };
        bool letter = false;
        const char *p;

        if (!isalpha((unsigned char)s[0]) && s[0] != '/')
                return false;
        for (p = s; *p != '\0'; p++) {
                if (isalpha((unsigned char)*p))
                        letter = true;
                else if (!isdigit((unsigned char)*p) && strchr("-_./+", *p) == NULL)
                        return false;
        }
        /* None of the words is longer than these. */
        for (size_t i = 0; p - s <= (ptrdiff_t)strlen("false") && i < ARRAY_SIZE(words); i++)
                if (strcasecmp(words[i], s) == 0)
                        return false;
        return letter;
}

/* What YAML takes for a line break or does not allow, also between quotes: controls, NEL, the line
   and paragraph separators, the byte order mark. 0: none of them; else its length in bytes. */
static size_t yaml_special(const unsigned char *p, unsigned *ret)
{
        if (p[0] < 0x20 || p[0] == 0x7f) {
                *ret = p[0];
                return 1;
        }
        if (p[0] == 0xc2 && p[1] < 0xa0) {
                *ret = p[1];
                return 2;
        }
        if (p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9)) {
                *ret = 0x2000u + (p[2] & 0x3fu);
                return 3;
        }
        if ((p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf) ||
                (p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe)) {
                *ret = p[1] == 0xbb ? 0xfeffu : 0xffc0u + (p[2] & 0x3fu);
                return 3;
        }
        return 0;
}

/* jansson's strings are valid UTF-8: no sequence is cut off. */
static void yaml_quoted(struct buf *out, const char *s)
{
        buf_putc(out, '"');
        for (const unsigned char *p = (const unsigned char *)s; *p != '\0';) {
                unsigned c = 0;
                size_t n = 0;

                /* Nearly all of it is this. */
                while (p[n] >= 0x20 && p[n] < 0x7f && p[n] != '"' && p[n] != '\\')
                        n++;
                if (n > 0) {
                        buf_append(out, (const char *)p, n);
                        p += n;
                        continue;
                }
                n = yaml_special(p, &c);
                if (n > 0) {
                        if (c == '\n' || c == '\t')
                                buf_puts(out, c == '\n' ? "\\n" : "\\t");
                        else
                                buf_printf(out, "\\u%04X", c);
                        p += n;
                        continue;
                }
                if (*p == '"' || *p == '\\')
                        buf_putc(out, '\\');
                buf_putc(out, (char)*p++);
        }
        buf_putc(out, '"');
}

static void yaml_string(struct buf *out, const char *s)
{
        if (yaml_plain(s))
                buf_puts(out, s);
        else
                yaml_quoted(out, s);
}

/* A real number keeps its point: without one it would be read as an integer. */
static void yaml_real(struct buf *out, double d)
{
        char text[40];

        snprintf(text, sizeof(text), "%.17g", d);
        buf_printf(out, " %s%s", text, text[strcspn(text, ".e")] == '\0' ? ".0" : "");
}

static void yaml_value(struct buf *out, const json_t *v, size_t indent, bool in_list);

static void yaml_object(struct buf *out, const json_t *v, size_t indent, bool in_list)
{
        const char *key;
        json_t *item;
        bool first = true;

        json_object_foreach ((json_t *)v, key, item) {
                if (!first || !in_list)
                        buf_pad(out, indent);
                first = false;
                yaml_string(out, key);
                buf_putc(out, ':');
                yaml_value(out, item, indent, false);
        }
}

static void yaml_array(struct buf *out, const json_t *v, size_t indent)
{
        json_t *item;
        size_t i;

        json_array_foreach ((json_t *)v, i, item) {
                buf_pad(out, indent);
                buf_putc(out, '-');
                yaml_value(out, item, indent, true);
        }
}

static void yaml_value(struct buf *out, const json_t *v, size_t indent, bool in_list)
{
        switch (json_typeof(v)) {
        case JSON_OBJECT:
                if (json_object_size(v) == 0) {
                        buf_puts(out, " {}\n");
                } else if (in_list) {
                        buf_putc(out, ' ');
                        yaml_object(out, v, indent + 2, true);
                } else {
                        buf_putc(out, '\n');
                        yaml_object(out, v, indent + 2, false);
                }
                return;
        case JSON_ARRAY:
                if (json_array_size(v) == 0) {
                        buf_puts(out, " []\n");
                } else {
                        buf_putc(out, '\n');
                        yaml_array(out, v, in_list ? indent + 2 : indent);
                }
                return;
        case JSON_STRING:
                buf_putc(out, ' ');
                yaml_string(out, json_string_value(v));
                break;
        case JSON_INTEGER:
                buf_printf(out, " %" PRId64, (int64_t)json_integer_value(v));
                break;
        case JSON_REAL:
                yaml_real(out, json_real_value(v));
                break;
        case JSON_TRUE:
                buf_puts(out, " true");
                break;
        case JSON_FALSE:
                buf_puts(out, " false");
                break;
        case JSON_NULL:
                buf_puts(out, " null");
                break;
        }
        buf_putc(out, '\n');
}

int yaml_write(struct buf *out, const json_t *doc)
{
        if (json_array_size(doc) + json_object_size(doc) == 0)
                buf_puts(out, json_is_array(doc) ? "[]\n" : "{}\n");
        else if (json_is_array(doc))
                yaml_array(out, doc, 0);
        else
                yaml_object(out, doc, 0, false);
        return out->error;
}
