/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record_plan.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"

const char record_absent[1] = "";

/* The key at *path, without brackets, and *path behind it; false at the end, and for a malformed
 * path, which leaves *path on the bad byte. */
static bool record_path_next(const char **path, const char **key, size_t *len)
{
        const char *p = *path;

        if (*p == '\0')
                return false;
        if (*p == '[') {
                const char *end = strchr(p, ']');

                if (!end || end == p + 1 || (end[1] && end[1] != '.' && end[1] != '['))
                        return false;
                *key = p + 1;
                *len = (size_t)(end - p) - 1;
                p = end + 1;
        } else {
                *len = strcspn(p, ".[]");
                if (*len == 0 || p[*len] == ']')
                        return false;
                *key = p;
                p += *len;
        }
        if (*p == '.') {
                p++;
                if (*p == '\0' || *p == '.' || *p == '[') {
                        *path = p;
                        return false;
                }
        }
        *path = p;
        return true;
}

/* The key number `depth` of a path; false when it has fewer. */
static bool path_key(const char *path, unsigned depth, const char **key, size_t *len)
{
        do {
                if (!record_path_next(&path, key, len))
                        return false;
        } while (depth-- > 0);
        return true;
}

/* What a node needs while the tree is made: the rows that pass through it. */
struct pending {
        uint64_t rows;
        unsigned depth; /* keys before it */
};

static unsigned count_keys(const struct record_type *type)
{
        unsigned n = 0;

        for (unsigned i = 0; i < type->n_fields; i++) {
                const char *path = type->fields[i].path, *key;
                size_t len;

                while (record_path_next(&path, &key, &len))
                        n++;
        }
        return n;
}

/* Appends the children of a node and notes the rows that end at it. */
static void plan_grow(const struct record_type *type, struct record_plan *plan,
        struct pending *pending, unsigned at)
{
        struct plan_node *node = &plan->nodes[at];
        int16_t *tail = &node->field;

        node->first = (uint16_t)plan->n_nodes;
        for (unsigned i = 0; i < type->n_fields; i++) {
                struct plan_node *child = NULL;
                const char *key;
                size_t len;

                if (!(pending[at].rows >> i & 1))
                        continue;
                if (!path_key(type->fields[i].path, pending[at].depth, &key, &len)) {
                        *tail = (int16_t)i;
                        tail = &plan->next[i];
                        continue;
                }
                for (unsigned j = node->first; j < plan->n_nodes && !child; j++)
                        if (plan->nodes[j].len == len && memcmp(plan->nodes[j].key, key, len) == 0)
                                child = &plan->nodes[j];
                if (!child) {
                        child = &plan->nodes[plan->n_nodes++];
                        *child = (struct plan_node){ .key = key,
                                .tag = plan_tag(key, len),
                                .len = (uint16_t)len,
                                .field = -1 };
                        pending[child - plan->nodes].depth = pending[at].depth + 1;
                        node->n++;
                }
                pending[child - plan->nodes].rows |= (uint64_t)1 << i;
        }
}

static void plan_free(struct record_plan *plan)
{
        free(plan->blank);
        free(plan);
}
DEFINE_CLEANUP(struct record_plan *, plan_free);

static char *blank_new(const struct record_type *type)
{
        char *blank = calloc(1, type->size);

        for (unsigned i = 0; blank && i < type->n_fields; i++) {
                const char **text = record_text_member(&type->fields[i], blank);

                if (text)
                        *text = record_absent;
        }
        return blank;
}

static struct record_plan *plan_new(const struct record_type *type)
{
        _cleanup_(plan_freep) struct record_plan *plan = NULL;
        _cleanup_(freep) struct pending *pending = NULL;
        unsigned max = count_keys(type) + 1;

        assert(type->n_fields <= LIMIT_RECORD_FIELDS);
        plan = calloc(1, sizeof(*plan) + max * sizeof(plan->nodes[0]));
        if (plan)
                plan->blank = blank_new(type);
        pending = calloc(max, sizeof(*pending));
        if (!plan || !plan->blank || !pending)
                return NULL;
        memset(plan->next, -1, sizeof(plan->next));
        plan->n_nodes = 1;
        plan->nodes[0].field = -1;
        for (unsigned i = 0; i < type->n_fields; i++) {
                uint64_t bit = (uint64_t)1 << i;

                pending[0].rows |= bit;
                plan->fallbacks |= type->fields[i].flags & RECORD_FALLBACK ? bit : 0;
                plan->required |= type->fields[i].flags & RECORD_REQUIRED ? bit : 0;
        }
        for (unsigned i = 0; i < plan->n_nodes; i++)
                plan_grow(type, plan, pending, i);
        return TAKE(plan);
}

const struct record_plan *record_plan_get(struct record_type *type)
{
        struct record_plan *plan = __atomic_load_n(&type->plan, __ATOMIC_ACQUIRE), *none = NULL;

        if (plan)
                return plan;
        plan = plan_new(type);
        if (!plan)
                return NULL;
        if (__atomic_compare_exchange_n(
                    &type->plan, &none, plan, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
                return plan;
        plan_free(plan); /* another thread was first */
        return none;
}

int plan_first_row(const struct record_plan *plan, const struct plan_node *node)
{
        while (node->field < 0 && node->n)
                node = &plan->nodes[node->first];
        return node->field;
}

bool plan_key_is(const struct plan_node *node, const struct json_text *key)
{
        char copy[LIMIT_LABEL_KEY + 1];

        if (node->len >= sizeof(copy))
                return false;
        memcpy(copy, node->key, node->len);
        copy[node->len] = '\0';
        return json_text_is(key, copy);
}

const char **record_text_member(const struct record_field *row, void *record)
{
        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
        case RECORD_JSON:
        case RECORD_JOINED:
                return (const char **)(void *)((char *)record + row->offset);
        case RECORD_ENUM:
                return (const char **)(void *)((char *)record + row->text_offset);
        default:
                return NULL;
        }
}

int record_enum_load(const struct record_field *row, const void *member)
{
        return row->size == 1 ? *(const uint8_t *)member : *(const int *)member;
}

void record_enum_store(const struct record_field *row, void *member, int value)
{
        if (row->size == 1)
                *(uint8_t *)member = (uint8_t)value;
        else
                *(int *)member = value;
}

static int check_enum(
        const struct record_type *type, const struct record_field *row, struct err *err)
{
        const struct record_enum *e = row->names;
        int max = row->size == 1 ? UINT8_MAX : INT32_MAX;

        if (!e || e->n <= 0 || e->n - 1 > max || e->unknown < 0 || e->unknown > max)
                return err_set(err, -EINVAL,
                        "%s: %s: its enum has no table, or one that does not fit", type->name,
                        row->path);
        return 0;
}

int record_type_check(struct record_type *type, struct err *err)
{
        if (type->n_fields == 0 || type->n_fields > LIMIT_RECORD_FIELDS)
                return err_set(err, -EINVAL, "%s: %u rows, at most %d are possible", type->name,
                        type->n_fields, LIMIT_RECORD_FIELDS);
        for (unsigned i = 0; i < type->n_fields; i++) {
                const struct record_field *row = &type->fields[i];
                const char *path = row->path, *key;
                size_t len;
                int r = 0;

                do {
                        if (!record_path_next(&path, &key, &len))
                                return err_set(err, -EINVAL, "%s: bad path \"%s\" at \"%s\"",
                                        type->name, row->path, path);
                        if (len > LIMIT_LABEL_KEY)
                                return err_set(err, -EINVAL, "%s: %s: a key of %zu bytes",
                                        type->name, row->path, len);
                } while (*path);
                if (row->type == RECORD_ENUM)
                        r = check_enum(type, row, err);
                if (row->type == RECORD_JOINED && !row->separator)
                        r = err_set(err, -EINVAL, "%s: %s: no separator", type->name, row->path);
                if (row->flags & RECORD_SHARED &&
                        (row->flags & RECORD_FALLBACK || record_text_member(row, (char[1]){ 0 }) == NULL))
                        r = err_set(err, -EINVAL, "%s: %s: no text to share", type->name, row->path);
                if (row->offset + (size_t)row->size > type->size)
                        r = err_set(err, -EINVAL, "%s: %s: outside of the struct", type->name,
                                row->path);
                for (unsigned j = 0; j < i && r == 0; j++)
                        if (type->fields[j].offset == row->offset &&
                                !(row->flags & RECORD_FALLBACK))
                                r = err_set(err, -EINVAL,
                                        "%s: %s: its member belongs to %s, so it needs "
                                        "RECORD_FALLBACK",
                                        type->name, row->path, type->fields[j].path);
                if (r < 0)
                        return r;
        }
        return 0;
}
