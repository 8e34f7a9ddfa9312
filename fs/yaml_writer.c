/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/yaml_writer.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/json.h"

/* Whether text stands for itself without quotes. Rather a quote too many: only what is plainly a word goes bare. */
static bool yaml_plain(const char *s)
{
        static const char *const words[] = { "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf" };
        bool letter = false;

        if (!isalpha((unsigned char)s[0]) && s[0] != '/')
                return false;
        for (const char *p = s; *p != '\0'; p++) {
                if (!isalnum((unsigned char)*p) && strchr("-_./+", *p) == NULL)
                        return false;
                letter = letter || isalpha((unsigned char)*p);
        }
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcasecmp(words[i], s) == 0)
                        return false;
        return letter;
}

static void yaml_string(struct buf *out, const char *s)
{
        /* A JSON string is a double-quoted YAML scalar. */
        if (yaml_plain(s))
                buf_puts(out, s);
        else
                json_put_string(out, s, strlen(s));
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
                buf_printf(out, " %.17g", json_real_value(v));
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
        if (json_is_array(doc))
                yaml_array(out, doc, 0);
        else
                yaml_object(out, doc, 0, false);
        return out->error;
}
