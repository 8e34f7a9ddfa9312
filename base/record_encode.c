/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/record_plan.h"
#include "base/timefmt.h"

static const void *member_of(const struct record_field *row, const void *record)
{
        return (const char *)record + row->offset;
}

static const char *text_of(const struct record_field *row, const void *record)
{
        /* The member is only read. */
        const char *const *text = record_text_member(row, (void *)(uintptr_t)record);

        return text ? *text : "";
}

static bool row_is_encoded(const struct record_field *row)
{
        return row->type != RECORD_PRESENT && row->type != RECORD_COUNT &&
               row->type != RECORD_JOINED && !(row->flags & RECORD_FALLBACK);
}

static bool row_is_absent(const struct record_field *row, const void *record)
{
        const void *member = member_of(row, record);

        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
        case RECORD_JSON:
        case RECORD_JOINED:
                return *text_of(row, record) == '\0';
        case RECORD_ENUM:
                return *text_of(row, record) == '\0' && record_enum_load(row, member) == 0;
        case RECORD_INT64:
        case RECORD_TIME:
                return *(const int64_t *)member == 0;
        case RECORD_INT32:
        case RECORD_COUNT:
                return *(const int32_t *)member == 0;
        case RECORD_UINT32:
                return *(const uint32_t *)member == 0;
        case RECORD_UINT16:
                return *(const uint16_t *)member == 0;
        case RECORD_BOOL:
        case RECORD_PRESENT:
                return !*(const bool *)member;
        case RECORD_STRINGS:
                return ((const struct record_list *)member)->count == 0;
        case RECORD_PAIRS:
                return ((const struct record_map *)member)->count == 0;
        }
        return true;
}

static void put_string(struct buf *out, const char *s)
{
        json_put_string(out, s, strlen(s));
}

static void put_strings(struct buf *out, const char *s, uint32_t n)
{
        buf_putc(out, '[');
        for (uint32_t i = 0; i < n; i++, s = record_next(s)) {
                if (i)
                        buf_putc(out, ',');
                put_string(out, s);
        }
        buf_putc(out, ']');
}

static void put_pairs(struct buf *out, const char *s, uint32_t n)
{
        buf_putc(out, '{');
        for (uint32_t i = 0; i < n; i++, s = record_next(s)) {
                if (i)
                        buf_putc(out, ',');
                put_string(out, s);
                buf_putc(out, ':');
                s = record_next(s);
                put_string(out, s);
        }
        buf_putc(out, '}');
}

/* The written text of an enum wins: it is there also when the value is unknown. */
static void put_enum(const struct record_field *row, const void *record, struct buf *out)
{
        const char *text = text_of(row, record);

        if (*text == '\0')
                text = record_enum_text(row->names, record_enum_load(row, member_of(row, record)));
        put_string(out, text ? text : "");
}

static void put_row(const struct record_field *row, const void *record, struct buf *out)
{
        const void *member = member_of(row, record);
        const struct record_list *list;
        const struct record_map *map;
        char time[RFC3339_SIZE];

        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
                put_string(out, text_of(row, record));
                break;
        case RECORD_JSON:
                buf_puts(out, *text_of(row, record) ? text_of(row, record) : "null");
                break;
        case RECORD_ENUM:
                put_enum(row, record, out);
                break;
        case RECORD_TIME:
                put_string(out, rfc3339_format(time, *(const int64_t *)member));
                break;
        case RECORD_INT64:
                buf_printf(out, "%" PRId64, *(const int64_t *)member);
                break;
        case RECORD_INT32:
                buf_printf(out, "%" PRId32, *(const int32_t *)member);
                break;
        case RECORD_UINT32:
                buf_printf(out, "%" PRIu32, *(const uint32_t *)member);
                break;
        case RECORD_UINT16:
                buf_printf(out, "%u", *(const uint16_t *)member);
                break;
        case RECORD_BOOL:
                buf_puts(out, *(const bool *)member ? "true" : "false");
                break;
        case RECORD_STRINGS:
                list = member;
                put_strings(out, list->first, list->count);
                break;
        case RECORD_PAIRS:
                map = member;
                put_pairs(out, map->first, map->count);
                break;
        case RECORD_JOINED:
        case RECORD_PRESENT:
        case RECORD_COUNT:
                break; /* row_is_encoded() keeps them away */
        }
}

/* The row that speaks for a node, or NULL when it has none or nothing to say. */
static const struct record_field *node_row(const struct record_type *type,
        const struct record_plan *plan, const struct plan_node *node, const void *record)
{
        for (int i = node->field; i >= 0; i = plan->next[i]) {
                const struct record_field *row = &type->fields[i];

                if (row_is_encoded(row) &&
                        (row->flags & RECORD_ALWAYS || !row_is_absent(row, record)))
                        return row;
        }
        return NULL;
}

static bool node_speaks(const struct record_type *type, const struct record_plan *plan,
        const struct plan_node *node, const void *record)
{
        if (node_row(type, plan, node, record))
                return true;
        for (unsigned i = 0; i < node->n; i++)
                if (node_speaks(type, plan, &plan->nodes[node->first + i], record))
                        return true;
        return false;
}

static void put_node(const struct record_type *type, const struct record_plan *plan,
        const struct plan_node *node, const void *record, struct buf *out)
{
        const struct record_field *row = node_row(type, plan, node, record);
        bool first = true;

        if (row) {
                put_row(row, record, out);
                return;
        }
        buf_putc(out, '{');
        for (unsigned i = 0; i < node->n; i++) {
                const struct plan_node *child = &plan->nodes[node->first + i];

                if (!node_speaks(type, plan, child, record))
                        continue;
                if (!first)
                        buf_putc(out, ',');
                first = false;
                json_put_string(out, child->key, child->len);
                buf_putc(out, ':');
                put_node(type, plan, child, record, out);
        }
        buf_putc(out, '}');
}

int record_encode(struct record_type *type, const void *record, struct buf *out, struct err *err)
{
        const struct record_plan *plan = record_plan_get(type);

        if (!plan)
                return err_set(err, -ENOMEM, "%s: out of memory", type->name);
        put_node(type, plan, &plan->nodes[0], record, out);
        if (out->error)
                return err_set(err, out->error, "%s: its JSON is larger than %zu bytes", type->name,
                        out->max);
        return 0;
}

/* --- derived verbs --- */

/* Bytes of n strings that lie one after the other. */
static size_t strings_bytes(const char *s, uint32_t n)
{
        const char *p = s;

        for (uint32_t i = 0; i < n; i++)
                p = record_next(p);
        return (size_t)(p - s);
}

static bool strings_equal(const char *a, uint32_t na, const char *b, uint32_t nb)
{
        size_t n;

        if (na != nb)
                return false;
        n = strings_bytes(a, na);
        return n == strings_bytes(b, nb) && (n == 0 || memcmp(a, b, n) == 0);
}

static bool row_equal(const struct record_field *row, const void *a, const void *b)
{
        const void *ma = member_of(row, a), *mb = member_of(row, b);

        switch ((enum record_field_type)row->type) {
        case RECORD_STRINGS: {
                const struct record_list *la = ma, *lb = mb;

                return strings_equal(la->first, la->count, lb->first, lb->count);
        }
        case RECORD_PAIRS: {
                const struct record_map *pa = ma, *pb = mb;

                return strings_equal(pa->first, pa->count * 2, pb->first, pb->count * 2);
        }
        case RECORD_STRING:
        case RECORD_JSON:
        case RECORD_JOINED:
                return strcmp(text_of(row, a), text_of(row, b)) == 0;
        case RECORD_ENUM:
                return memcmp(ma, mb, row->size) == 0 &&
                       strcmp(text_of(row, a), text_of(row, b)) == 0;
        default:
                return memcmp(ma, mb, row->size) == 0;
        }
}

bool record_equal(const struct record_type *type, const void *a, const void *b)
{
        for (unsigned i = 0; i < type->n_fields; i++)
                if (!row_equal(&type->fields[i], a, b))
                        return false;
        return true;
}

static size_t row_bytes(const struct record_field *row, const void *record)
{
        const void *member = member_of(row, record);
        const char *text = text_of(row, record);

        if (row->flags & RECORD_FALLBACK)
                return 0; /* the member's first row counts it */
        if (row->type == RECORD_STRINGS)
                return strings_bytes(((const struct record_list *)member)->first,
                        ((const struct record_list *)member)->count);
        if (row->type == RECORD_PAIRS)
                return strings_bytes(((const struct record_map *)member)->first,
                        ((const struct record_map *)member)->count * 2);
        if (row->type == RECORD_ENUM &&
                text == record_enum_text(row->names, record_enum_load(row, member)))
                return 0;
        return *text ? strlen(text) + 1 : 0;
}

size_t record_bytes(const struct record_type *type, const void *record)
{
        size_t bytes = type->size;

        for (unsigned i = 0; i < type->n_fields; i++)
                bytes += row_bytes(&type->fields[i], record);
        return bytes;
}
