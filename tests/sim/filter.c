/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/filter.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/mem.h"

void filter_error(json_t *errors, const char *fmt, ...)
{
        va_list ap;
        char *s;

        va_start(ap, fmt);
        s = mem_vprintf(fmt, ap);
        va_end(ap);
        json_array_append_new(errors, json_string(s));
        free(s);
}

bool filter_has(const json_t *list, const char *item)
{
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)list, i, v)
                if (json_is_string(v) && strcmp(json_string_value(v), item) == 0)
                        return true;
        return false;
}

static void validate_overlap(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes)
{
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)excludes, i, v)
                if (json_is_string(v) && filter_has(includes, json_string_value(v)))
                        filter_error(errors,
                                "%s: excludes list cannot contain an item in the includes list: %s",
                                what, json_string_value(v));
}

/* A star stands alone. */
static void validate_star(json_t *errors, const char *what, const char *name, const json_t *list)
{
        if (json_array_size(list) > 1 && filter_has(list, "*"))
                filter_error(errors, "%s: %s list must either contain '*' only, or a non-empty list of items", what, name);
}

size_t filter_validate(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes)
{
        size_t before = json_array_size(errors);

        validate_star(errors, what, "includes", includes);
        if (filter_has(excludes, "*"))
                filter_error(errors, "%s: excludes list cannot contain '*'", what);
        validate_overlap(errors, what, includes, excludes);
        return json_array_size(errors) - before;
}

size_t filter_validate_scoped(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes)
{
        size_t before = json_array_size(errors);

        validate_star(errors, what, "includes", includes);
        validate_star(errors, what, "excludes", excludes);
        if (json_array_size(includes) > 0 && filter_has(excludes, "*"))
                filter_error(errors, "%s: when exclude is '*', include cannot have value", what);
        validate_overlap(errors, what, includes, excludes);
        return json_array_size(errors) - before;
}

/* What is wrong with the glob characters of a namespace; NULL: nothing. */
static const char *glob_error(const char *s)
{
        const char *open;

        if (strpbrk(s, "|()!{},"))
                return "wildcard pattern contains unsupported characters: |, (, ), !, {, }, ,";
        if (strstr(s, "**"))
                return "wildcard pattern contains consecutive asterisks (only single * allowed)";
        for (; (open = strchr(s, '[')); s = strchr(open, ']') + 1) {
                if (!strchr(open, ']'))
                        return "wildcard pattern contains unclosed bracket expression";
                if (open[1] == ']')
                        return "wildcard pattern contains empty bracket pattern '[]'";
        }
        return strchr(s, ']') ? "wildcard pattern contains unmatched closing bracket" : NULL;
}

static bool is_label_with_globs(const char *s)
{
        size_t n = strlen(s);

        if (n > 63 || s[0] == '-' || s[n - 1] == '-')
                return false;
        for (; *s; s++)
                if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) &&
                        !strchr("-*?[]", *s))
                        return false;
        return true;
}

static void validate_namespace(json_t *errors, const char *what, const json_t *v)
{
        const char *s = json_string_value(v);
        const char *wrong;

        if (!s || !*s)
                return;
        wrong = glob_error(s);
        if (wrong)
                filter_error(errors, "%s: %s", what, wrong);
        else if (!is_label_with_globs(s))
                filter_error(errors,
                        "%s: invalid namespace \"%s\": a lowercase RFC 1123 label must consist "
                        "of lower case alphanumeric "
                        "characters or '-', and must start and end with an alphanumeric "
                        "character (e.g. 'my-name',  or "
                        "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
                        what, s);
}

size_t filter_validate_namespaces(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes)
{
        size_t before = json_array_size(errors);
        json_t *v;
        size_t i;

        filter_validate(errors, what, includes, excludes);
        json_array_foreach ((json_t *)includes, i, v)
                validate_namespace(errors, what, v);
        json_array_foreach ((json_t *)excludes, i, v)
                validate_namespace(errors, what, v);
        return json_array_size(errors) - before;
}

/* One character against "[…]"; *@end is set behind it. */
static bool class_match(const char *p, char c, const char **end)
{
        bool negated = p[1] == '^';
        bool found = false;

        for (p += negated ? 2 : 1; *p && *p != ']'; p++) {
                if (p[1] == '-' && p[2] && p[2] != ']') {
                        found |= c >= p[0] && c <= p[2];
                        p += 2;
                } else {
                        found |= c == *p;
                }
        }
        *end = *p ? p + 1 : p;
        return found != negated;
}

bool glob_match(const char *p, const char *s)
{
        const char *end;

        for (; *p; p++) {
                if (*p == '*') {
                        for (;; s++) {
                                if (glob_match(p + 1, s))
                                        return true;
                                if (!*s)
                                        return false;
                        }
                }
                if (!*s)
                        return false;
                if (*p == '[') {
                        if (!class_match(p, *s, &end))
                                return false;
                        p = end - 1;
                } else if (*p != '?' && *p != *s) {
                        return false;
                }
                s++;
        }
        return !*s;
}

static bool list_matches(const json_t *list, const char *name)
{
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)list, i, v)
                if (json_is_string(v) && glob_match(json_string_value(v), name))
                        return true;
        return false;
}

bool filter_includes(const json_t *includes, const json_t *excludes, const char *name)
{
        if (list_matches(excludes, name))
                return false;
        return !json_array_size(includes) || list_matches(includes, name);
}

bool filter_names_type(const json_t *list, const struct restype *type)
{
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)list, i, v) {
                const char *s = json_string_value(v);

                if (s && strcmp(s, "*") != 0 && restype_find_name(s) == type)
                        return true;
        }
        return false;
}

/* Velero leaves empty names out: with nothing else the list says nothing. */
static bool names_nothing(const json_t *list)
{
        json_t *v;
        size_t i;

        json_array_foreach ((json_t *)list, i, v)
                if (json_string_length(v))
                        return false;
        return true;
}

bool filter_includes_type(
        const json_t *includes, const json_t *excludes, const struct restype *type)
{
        if (filter_has(excludes, "*") || filter_names_type(excludes, type))
                return false;
        return names_nothing(includes) || filter_has(includes, "*") ||
               filter_names_type(includes, type);
}

bool filter_everything(const json_t *includes, const json_t *excludes)
{
        return !json_array_size(excludes) &&
               (!json_array_size(includes) || filter_has(includes, "*"));
}
