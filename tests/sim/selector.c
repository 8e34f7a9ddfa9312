/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/selector.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/jscan.h"

void selector_done(struct selector *s)
{
        for (size_t i = 0; i < s->n; i++) {
                for (size_t j = 0; j < s->v[i].n_values; j++)
                        free(s->v[i].values[j]);
                free(s->v[i].values);
                free(s->v[i].key);
        }
        free(s->v);
        *s = (struct selector){ 0 };
}

static struct requirement *selector_add(
        struct selector *s, enum requirement_op op, const char *key, size_t n)
{
        struct requirement *r;

        s->v = mem_realloc(s->v, (s->n + 1) * sizeof *s->v);
        r = &s->v[s->n++];
        *r = (struct requirement){ .key = mem_strndup(key, n), .op = op };
        return r;
}

static void requirement_value(struct requirement *r, const char *value, size_t n)
{
        r->values = mem_realloc(r->values, (r->n_values + 1) * sizeof *r->values);
        r->values[r->n_values++] = mem_strndup(value, n);
}

static const char *skip_space(const char *p)
{
        while (*p == ' ')
                p++;
        return p;
}

static size_t word_length(const char *p)
{
        return strcspn(p, " ,=!()");
}

/* "(x,y)" behind in or notin. NULL where malformed. */
static const char *parse_set(struct requirement *r, const char *p)
{
        p = skip_space(p);
        if (*p++ != '(')
                return NULL;
        for (;;) {
                size_t n;

                p = skip_space(p);
                n = word_length(p);
                requirement_value(r, p, n);
                p = skip_space(p + n);
                if (*p == ')')
                        return p + 1;
                if (*p++ != ',')
                        return NULL;
        }
}

/* One requirement; NULL where malformed. */
static const char *parse_requirement(struct selector *s, const char *p)
{
        struct requirement *r;
        const char *key;
        size_t n;

        if (*p == '!') {
                p = skip_space(p + 1);
                n = word_length(p);
                selector_add(s, REQ_NOT_EXISTS, p, n);
                return n ? p + n : NULL;
        }
        key = p;
        n = word_length(p);
        if (!n)
                return NULL;
        p = skip_space(p + n);
        if (*p == '\0' || *p == ',') {
                selector_add(s, REQ_EXISTS, key, n);
                return p;
        }
        if (strncmp(p, "in", 2) == 0 && (p[2] == ' ' || p[2] == '('))
                return parse_set(selector_add(s, REQ_IN, key, n), p + 2);
        if (strncmp(p, "notin", 5) == 0 && (p[5] == ' ' || p[5] == '('))
                return parse_set(selector_add(s, REQ_NOT_IN, key, n), p + 5);
        if (p[0] == '!' && p[1] == '=') {
                r = selector_add(s, REQ_NOT_IN, key, n);
                p += 2;
        } else if (p[0] == '=') {
                r = selector_add(s, REQ_IN, key, n);
                p += p[1] == '=' ? 2 : 1;
        } else {
                return NULL;
        }
        p = skip_space(p);
        n = word_length(p);
        requirement_value(r, p, n);
        return p + n;
}

int selector_parse(struct selector *s, const char *text, struct str *why)
{
        const char *p = text ? skip_space(text) : "";

        while (*p) {
                p = parse_requirement(s, p);
                if (p)
                        p = skip_space(p);
                if (!p || (*p && *p != ',')) {
                        str_printf(why,
                                "unable to parse requirement: found '%s', expected: ',' or 'end "
                                "of string'",
                                text);
                        return -1;
                }
                if (*p == ',')
                        p = skip_space(p + 1);
        }
        return 0;
}

int selector_from_json(struct selector *s, const json_t *label_selector, struct str *why)
{
        static const struct {
                const char *name;
                enum requirement_op op;
        } ops[] = {
                { "In", REQ_IN },
                { "NotIn", REQ_NOT_IN },
                { "Exists", REQ_EXISTS },
                { "DoesNotExist", REQ_NOT_EXISTS },
        };
        json_t *labels = json_object_get(label_selector, "matchLabels");
        json_t *expr, *v;
        const char *key;
        size_t i, j;

        json_object_foreach (labels, key, v)
                requirement_value(selector_add(s, REQ_IN, key, strlen(key)),
                        json_string_value(v) ? json_string_value(v) : "", json_string_length(v));
        json_array_foreach (json_object_get(label_selector, "matchExpressions"), i, expr) {
                const char *op = json_string_value(json_object_get(expr, "operator"));
                struct requirement *r = NULL;

                key = json_string_value(json_object_get(expr, "key"));
                for (j = 0; key && op && j < ARRAY_SIZE(ops); j++)
                        if (strcmp(ops[j].name, op) == 0)
                                r = selector_add(s, ops[j].op, key, strlen(key));
                if (!r) {
                        str_printf(
                                why, "\"%s\" is not a valid label selector operator", op ? op : "");
                        return -1;
                }
                json_array_foreach (json_object_get(expr, "values"), j, v)
                        if (json_is_string(v))
                                requirement_value(r, json_string_value(v), json_string_length(v));
        }
        return 0;
}

static bool requirement_holds(const struct requirement *r, struct jspan value)
{
        bool listed = false;

        for (size_t i = 0; value.p && i < r->n_values && !listed; i++)
                listed = strlen(r->values[i]) == value.n &&
                         memcmp(r->values[i], value.p, value.n) == 0;
        switch (r->op) {
        case REQ_IN:
                return listed;
        case REQ_NOT_IN:
                return !listed;
        case REQ_EXISTS:
                return value.p != NULL;
        case REQ_NOT_EXISTS:
                return value.p == NULL;
        }
        return false;
}

bool selector_match_labels(const struct selector *s, const char *json)
{
        struct jspan labels;

        if (!s->n)
                return true;
        labels = jscan(json, "metadata", "labels", NULL);
        for (size_t i = 0; i < s->n; i++)
                if (!requirement_holds(&s->v[i], jscan_unquote(jscan_member(labels, s->v[i].key))))
                        return false;
        return true;
}

bool selector_match_fields(const struct selector *s, const char *json)
{
        for (size_t i = 0; i < s->n; i++) {
                struct jspan v = { json, 0 };
                const char *p = s->v[i].key;

                while (v.p && *p) {
                        size_t n = strcspn(p, ".");
                        _cleanup_(freep) char *part = mem_strndup(p, n);

                        v = jscan_member(v, part);
                        p += n + (p[n] == '.');
                }
                v = jscan_unquote(v);
                if (!v.p)
                        v = (struct jspan){ "", 0 };
                if (!requirement_holds(&s->v[i], v))
                        return false;
        }
        return true;
}
