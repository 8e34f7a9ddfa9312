/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/jscan.h"

#include <stdarg.h>
#include <string.h>

static const char *skip_string(const char *p)
{
        for (p++; *p != '"'; p++)
                if (*p == '\\')
                        p++;
        return p + 1;
}

static const char *skip_value(const char *p)
{
        int depth = 0;

        if (*p == '"')
                return skip_string(p);
        if (*p != '{' && *p != '[')
                return p + strcspn(p, ",}]");
        do {
                if (*p == '"') {
                        p = skip_string(p);
                        continue;
                }
                if (*p == '{' || *p == '[')
                        depth++;
                else if (*p == '}' || *p == ']')
                        depth--;
                p++;
        } while (depth > 0);
        return p;
}

bool jscan_next(const char **p, struct jspan *key, struct jspan *value)
{
        const char *s = *p + 1; /* behind "{" or "," */
        const char *end;

        if (**p == '}' || *s == '}')
                return false;
        end = skip_string(s);
        *key = (struct jspan){ s + 1, (size_t)(end - s) - 2 };
        s = end + 1;
        end = skip_value(s);
        *value = (struct jspan){ s, (size_t)(end - s) };
        *p = end;
        return true;
}

struct jspan jscan_member(struct jspan object, const char *key)
{
        size_t n = strlen(key);
        struct jspan k, v;

        if (!object.p || *object.p != '{')
                return (struct jspan){ 0 };
        while (jscan_next(&object.p, &k, &v))
                if (k.n == n && memcmp(k.p, key, n) == 0)
                        return v;
        return (struct jspan){ 0 };
}

struct jspan jscan(const char *json, ...)
{
        struct jspan v = { json, 0 };
        const char *key;
        va_list ap;

        va_start(ap, json);
        while (v.p && (key = va_arg(ap, const char *)))
                v = jscan_member(v, key);
        va_end(ap);
        return v;
}

struct jspan jscan_unquote(struct jspan v)
{
        if (!v.p || *v.p != '"')
                return (struct jspan){ 0 };
        return (struct jspan){ v.p + 1, v.n - 2 };
}

bool jscan_is(struct jspan v, const char *s)
{
        v = jscan_unquote(v);
        return v.p && strlen(s) == v.n && memcmp(v.p, s, v.n) == 0;
}
