/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/yaml_private.h"

/*
 * Plain scalars as sigs.k8s.io/yaml, and so kubectl, resolves them: the words of YAML 1.1, integers
 * as Go's ParseInt with base 0 reads them after underscores are dropped (so 010 is 8, but 08 is the
 * float 8), and decimal floats. Times stay text, and so do numbers in base 60, which some other
 * parsers still read.
 */

static const struct {
        const char *text;
        enum yaml_type type;
} words[] = {
        { "", YAML_TYPE_NULL },
        { "~", YAML_TYPE_NULL },
        { "null", YAML_TYPE_NULL },
        { "Null", YAML_TYPE_NULL },
        { "NULL", YAML_TYPE_NULL },
        { "y", YAML_TYPE_BOOL },
        { "Y", YAML_TYPE_BOOL },
        { "yes", YAML_TYPE_BOOL },
        { "Yes", YAML_TYPE_BOOL },
        { "YES", YAML_TYPE_BOOL },
        { "true", YAML_TYPE_BOOL },
        { "True", YAML_TYPE_BOOL },
        { "TRUE", YAML_TYPE_BOOL },
        { "on", YAML_TYPE_BOOL },
        { "On", YAML_TYPE_BOOL },
        { "ON", YAML_TYPE_BOOL },
        { "n", YAML_TYPE_BOOL },
        { "N", YAML_TYPE_BOOL },
        { "no", YAML_TYPE_BOOL },
        { "No", YAML_TYPE_BOOL },
        { "NO", YAML_TYPE_BOOL },
        { "false", YAML_TYPE_BOOL },
        { "False", YAML_TYPE_BOOL },
        { "FALSE", YAML_TYPE_BOOL },
        { "off", YAML_TYPE_BOOL },
        { "Off", YAML_TYPE_BOOL },
        { "OFF", YAML_TYPE_BOOL },
        { ".nan", YAML_TYPE_FLOAT },
        { ".NaN", YAML_TYPE_FLOAT },
        { ".NAN", YAML_TYPE_FLOAT },
        { ".inf", YAML_TYPE_FLOAT },
        { ".Inf", YAML_TYPE_FLOAT },
        { ".INF", YAML_TYPE_FLOAT },
        { "+.inf", YAML_TYPE_FLOAT },
        { "+.Inf", YAML_TYPE_FLOAT },
        { "+.INF", YAML_TYPE_FLOAT },
        { "-.inf", YAML_TYPE_FLOAT },
        { "-.Inf", YAML_TYPE_FLOAT },
        { "-.INF", YAML_TYPE_FLOAT },
};

/* The longest number anyone writes; a longer text is text. */
#define NUMBER_SIZE 128
#define DIGITS      "0123456789"
#define HEX_DIGITS  DIGITS "abcdefABCDEF"

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

/*
 * Copies the text without underscores; false if it is no candidate for a number. Behind a leading
 * point Go drops them only between digits.
 */
static bool number_text(const char *text, size_t len, char ret[static NUMBER_SIZE])
{
        size_t n = 0;

        if (len == 0 || len >= NUMBER_SIZE || !strchr("+-." DIGITS, text[0]))
                return false;
        for (size_t i = 0; i < len; i++) {
                bool dropped = text[i] == '_' &&
                               (text[0] != '.' || (i + 1 < len && is_digit(text[i - 1]) &&
                                                          is_digit(text[i + 1])));

                if (!dropped)
                        ret[n++] = text[i];
        }
        ret[n] = '\0';
        return true;
}

/* The digits behind sign and prefix, and their base. */
static const char *split_int(const char *text, bool *ret_negative, int *ret_base)
{
        static const struct {
                const char *prefix;
                int base;
        } rows[] = {
                { "0x", 16 },
                { "0X", 16 },
                { "0b", 2 },
                { "0B", 2 },
                { "0o", 8 },
                { "0O", 8 },
        };

        *ret_negative = *text == '-';
        if (*text == '-' || *text == '+')
                text++;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (strncmp(text, rows[i].prefix, 2) == 0) {
                        *ret_base = rows[i].base;
                        return text + 2;
                }
        }
        *ret_base = text[0] == '0' && text[1] ? 8 : 10;
        return text;
}

/* An integer as ParseInt and then ParseUint take it: from -2^63 to 2^64 - 1, the upper half without
 * a sign. */
static int parse_int(const char *text, bool *ret_negative, uint64_t *ret)
{
        char *end = NULL;
        uint64_t value;
        int base;
        const char *digits = split_int(text, ret_negative, &base);

        /* strtoull would take another sign, blanks or a second prefix. */
        if (*digits == '\0' || strspn(digits, base == 16 ? HEX_DIGITS : DIGITS) != strlen(digits))
                return -EINVAL;
        errno = 0;
        value = strtoull(digits, &end, base);
        if (errno == ERANGE || *end != '\0')
                return -EINVAL;
        if (value > (uint64_t)INT64_MAX && digits != text && (*text == '-' || *text == '+') &&
                !(*ret_negative && value == (uint64_t)INT64_MAX + 1))
                return -EINVAL;
        *ret = value;
        return 0;
}

/* [-+]? (\.[0-9]+ | [0-9]+(\.[0-9]*)?) ([eE][-+]?[0-9]+)? */
static bool is_float(const char *text)
{
        const char *p = text + (*text == '-' || *text == '+');
        size_t whole = strspn(p, DIGITS);

        p += whole;
        if (*p == '.') {
                size_t fraction = strspn(++p, DIGITS);

                if (whole == 0 && fraction == 0)
                        return false;
                p += fraction;
        } else if (whole == 0) {
                return false;
        }
        if (*p == 'e' || *p == 'E') {
                p++;
                p += *p == '-' || *p == '+';
                if (strspn(p, DIGITS) == 0)
                        return false;
                p += strspn(p, DIGITS);
        }
        return *p == '\0' && isfinite(strtod(text, NULL));
}

/* [-+]? [0-9]+ (:[0-5]?[0-9])+ (\.[0-9]*)? */
static bool is_sexagesimal(const char *text)
{
        const char *p = text + (*text == '-' || *text == '+');
        size_t groups = 0;

        if (strspn(p, DIGITS) == 0)
                return false;
        p += strspn(p, DIGITS);
        for (; *p == ':'; groups++) {
                size_t n = strspn(++p, DIGITS);

                if (n < 1 || n > 2 || (n == 2 && *p > '5'))
                        return false;
                p += n;
        }
        if (*p == '.')
                p += 1 + strspn(p + 1, DIGITS);
        return groups > 0 && *p == '\0';
}

enum yaml_type yaml_resolve_plain(const char *text, size_t len, bool *ret_sexagesimal)
{
        char number[NUMBER_SIZE];
        bool negative;
        uint64_t value;

        if (ret_sexagesimal)
                *ret_sexagesimal = false;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strlen(words[i].text) == len && memcmp(words[i].text, text, len) == 0)
                        return words[i].type;
        if (!number_text(text, len, number))
                return YAML_TYPE_STRING;
        if (number[0] != '.' && parse_int(number, &negative, &value) == 0)
                return YAML_TYPE_INT;
        if (is_float(number))
                return YAML_TYPE_FLOAT;
        if (ret_sexagesimal)
                *ret_sexagesimal = is_sexagesimal(number);
        return YAML_TYPE_STRING;
}

bool yaml_bool_value(const struct yaml_node *node)
{
        return strchr("yYtT", node->text[0]) || strcasecmp(node->text, "on") == 0;
}

int yaml_int_value(const struct yaml_node *node, int64_t *ret)
{
        char number[NUMBER_SIZE];
        bool negative;
        uint64_t value;

        if (!number_text(node->text, node->len, number) || parse_int(number, &negative, &value) < 0)
                return -EINVAL;
        if (negative)
                *ret = (int64_t)-value;
        else if (value <= INT64_MAX)
                *ret = (int64_t)value;
        else
                return -ERANGE;
        return 0;
}

int yaml_float_value(const struct yaml_node *node, double *ret)
{
        char number[NUMBER_SIZE];
        int64_t whole;

        if (yaml_int_value(node, &whole) == 0) {
                *ret = (double)whole;
                return 0;
        }
        if (!number_text(node->text, node->len, number) || !is_float(number))
                return -EINVAL;
        *ret = strtod(number, NULL);
        return 0;
}
