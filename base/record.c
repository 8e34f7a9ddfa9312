/* SPDX-License-Identifier: Apache-2.0 */
#include "base/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/record_plan.h"
#include "base/record_read.h"

/*
 * Decoding walks the document once and the table's paths beside it: at each object the plan says
 * which keys matter, everything else is skipped. What is found is not stored yet but noted, as a
 * number or as the place in the document; when the walk is over the sizes of all strings are known
 * and the record is made in one allocation of the right size.
 */

struct decoder {
        const struct record_type *type;
        const struct record_plan *plan;
        struct json_scan scan;
        uint64_t seen; /* rows that have a value; `found` of the others is not even cleared */
        struct record_found found[LIMIT_RECORD_FIELDS];
        int bad_field; /* whose value is wrong; -1: none in particular */
};

/* --- enums --- */

int record_enum_value(const struct record_enum *e, const char *text, size_t len)
{
        for (int i = 0; i < e->n; i++)
                if (e->names[i] && strlen(e->names[i]) == len &&
                        memcmp(e->names[i], text, len) == 0)
                        return i;
        return e->unknown;
}

const char *record_enum_text(const struct record_enum *e, int value)
{
        return value >= 0 && value < e->n ? e->names[value] : NULL;
}

/* --- the walk --- */

/* Reads the value at the scanner as what row i wants. */
static int read_row(struct decoder *d, int i)
{
        int r = record_read(&d->type->fields[i], &d->scan, &d->found[i]);

        d->seen |= (uint64_t)1 << i;
        if (r < 0)
                d->bad_field = i;
        return r;
}

/* A later null takes back what was found at or below this node. */
static void forget(struct decoder *d, const struct plan_node *node)
{
        for (int i = node->field; i >= 0; i = d->plan->next[i])
                d->seen &= ~((uint64_t)1 << i);
        for (unsigned i = 0; i < node->n; i++)
                forget(d, &d->plan->nodes[node->first + i]);
}

static int walk_object(struct decoder *d, const struct plan_node *node);

static int walk_value(struct decoder *d, const struct plan_node *node)
{
        int kind = json_peek(&d->scan), r = 0;
        struct json_scan start;

        if (kind < 0)
                return kind;
        if (kind == JSON_KIND_NULL) {
                forget(d, node);
                return json_read_null(&d->scan);
        }
        /* Rows that share a path each read the value from its start. */
        start = d->scan;
        for (int i = node->field; i >= 0 && r >= 0; i = d->plan->next[i]) {
                d->scan = start;
                r = read_row(d, i);
        }
        if (r < 0 || node->n == 0)
                return r;
        d->scan = start;
        return walk_object(d, node);
}

static const struct plan_node *plan_find(
        const struct record_plan *plan, const struct plan_node *node, const struct json_text *key)
{
        const struct plan_node *child = &plan->nodes[node->first], *end = child + node->n;
        uint32_t tag = plan_tag(key->p, key->len);

        if (key->escaped) {
                while (child < end && !plan_key_is(child, key))
                        child++;
                return child < end ? child : NULL;
        }
        for (; child < end; child++)
                if (child->tag == tag && child->len == key->len &&
                        memcmp(child->key, key->p, key->len) == 0)
                        return child;
        return NULL;
}

/* Recursion is as deep as the table's longest path. */
static int walk_object(struct decoder *d, const struct plan_node *node)
{
        struct json_text key = { 0 };
        int r = json_enter_object(&d->scan);

        if (r < 0)
                d->bad_field = plan_first_row(d->plan, node);
        while (r >= 0 && (r = json_next_key(&d->scan, &key)) > 0) {
                const struct plan_node *child = plan_find(d->plan, node, &key);

                r = child ? walk_value(d, child) : json_skip(&d->scan);
        }
        return r;
}

static int walk(struct decoder *d, const char *bytes, size_t len, struct err *err)
{
        const struct record_type *type = d->type;
        int r;

        json_scan_init(&d->scan, bytes, len);
        r = json_peek(&d->scan);
        if (r >= 0 && r != JSON_KIND_OBJECT)
                return err_set(err, -EBADMSG, "%s: expected an object", type->name);
        if (r >= 0)
                r = walk_object(d, &d->plan->nodes[0]);
        if (r >= 0)
                r = json_scan_end(&d->scan);
        if (r < 0 && d->bad_field >= 0)
                return err_set(err, r, "%s: %s: %s", type->name, type->fields[d->bad_field].path,
                        d->scan.what);
        if (r < 0) {
                json_scan_error(&d->scan, err);
                return err_wrap(err, r, "%s", type->name);
        }
        if (d->plan->required & ~d->seen)
                return err_set(err, -EBADMSG, "%s: %s: missing", type->name,
                        type->fields[__builtin_ctzll(d->plan->required & ~d->seen)].path);
        return 0;
}

/* --- making the record --- */

static bool found_is_absent(const struct record_field *row, const struct record_found *f)
{
        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
        case RECORD_JSON:
        case RECORD_ENUM:
                return f->len == 0;
        case RECORD_JOINED:
                return f->count == 0;
        default:
                return f->number == 0;
        }
}

/* A fallback has no say once a row before it gave its member a value. */
static void drop_fallbacks(struct decoder *d)
{
        const struct record_field *rows = d->type->fields;

        for (uint64_t left = d->plan->fallbacks & d->seen; left; left &= left - 1) {
                unsigned i = (unsigned)__builtin_ctzll(left);

                for (unsigned j = 0; j < i; j++)
                        if (rows[j].offset == rows[i].offset && d->seen >> j & 1 &&
                                !found_is_absent(&rows[j], &d->found[j]))
                                d->seen &= ~((uint64_t)1 << i);
        }
}

static char *put_text(char *at, const char *p, size_t len, bool escaped)
{
        ssize_t n = json_text_decode(&(struct json_text){ p, len, escaped }, at);

        at[n] = '\0';
        return at + n + 1;
}

/* All strings of an array, with the separator instead of their NULs, or keys and values of an object, with an arrow behind each
 * key. The document was read before: it cannot fail. */
static char *put_all(char *at, const struct record_found *f, const char *separator)
{
        struct json_scan s;
        struct json_text text = { 0 };
        bool object = *f->p == '{';

        json_scan_init(&s, f->p, f->len);
        if (object)
                (void)json_enter_object(&s);
        else
                (void)json_enter_array(&s);
        for (uint32_t i = 0; i < f->count; i++) {
                if (object) {
                        (void)json_next_key(&s, &text);
                        at = put_text(at, text.p, text.len, text.escaped);
                        at = stpcpy(at - 1, RECORD_ARROW);
                } else {
                        (void)json_next_item(&s);
                }
                (void)json_read_string(&s, &text);
                at = put_text(at, text.p, text.len, text.escaped);
                if (i + 1 < f->count)
                        at = stpcpy(at - 1, separator);
        }
        return at;
}

static const char *put_string(char **at, const struct record_found *f)
{
        const char *s = *at;

        if (f->len == 0)
                return record_absent;
        *at = put_text(*at, f->p, f->len, f->escaped);
        return s;
}

static void store_row(
        const struct record_field *row, const struct record_found *f, char *record, char **at)
{
        void *member = record + row->offset;
        const char *text;

        switch ((enum record_field_type)row->type) {
        case RECORD_STRING:
                *(const char **)member = put_string(at, f);
                break;
        case RECORD_JSON:
                *(const char **)member = *at;
                *at = (char *)mempcpy(*at, f->p, f->len) + 1;
                (*at)[-1] = '\0';
                break;
        case RECORD_JOINED:
                *(const char **)member = f->count ? *at : record_absent;
                *at = put_all(*at, f, row->separator);
                break;
        case RECORD_INT64:
        case RECORD_TIME:
                *(int64_t *)member = f->number;
                break;
        case RECORD_INT32:
                *(int32_t *)member = (int32_t)f->number;
                break;
        case RECORD_UINT32:
                *(uint32_t *)member = (uint32_t)f->number;
                break;
        case RECORD_UINT16:
                *(uint16_t *)member = (uint16_t)f->number;
                break;
        case RECORD_BOOL:
        case RECORD_PRESENT:
                *(bool *)member = f->number != 0;
                break;
        case RECORD_ENUM:
                record_enum_store(row, member, (int)f->number);
                text = f->number == row->names->unknown || f->len == 0
                               ? NULL
                               : record_enum_text(row->names, (int)f->number);
                *(const char **)(record + row->text_offset) = text ? text : put_string(at, f);
                break;
        }
}

static size_t strings_room(const struct decoder *d)
{
        size_t room = 0;

        for (uint64_t left = d->seen; left; left &= left - 1)
                room += d->found[__builtin_ctzll(left)].room;
        return room;
}

/* Fills the struct; `strings` has strings_room() bytes. */
static void store_all(const struct decoder *d, char *record, char *strings)
{
        memcpy(record, d->plan->blank, d->type->size);
        for (uint64_t left = d->seen; left; left &= left - 1) {
                unsigned i = (unsigned)__builtin_ctzll(left);

                store_row(&d->type->fields[i], &d->found[i], record, &strings);
        }
}

static int decoder_run(
        struct decoder *d, struct record_type *type, const char *bytes, size_t len, struct err *err)
{
        int r;

        d->type = type;
        d->plan = record_plan_get(type);
        d->bad_field = -1;
        if (!d->plan)
                return err_set(err, -ENOMEM, "%s: out of memory", type->name);
        d->seen = 0;
        r = walk(d, bytes, len, err);
        if (r == 0)
                drop_fallbacks(d);
        return r;
}

int record_decode(
        struct record_type *type, const char *bytes, size_t len, void **ret, struct err *err)
{
        struct decoder d;
        char *record;
        int r = decoder_run(&d, type, bytes, len, err);

        if (r < 0)
                return r;
        record = malloc(type->size + strings_room(&d));
        if (!record)
                return err_set(err, -ENOMEM, "%s: out of memory", type->name);
        store_all(&d, record, record + type->size);
        *ret = record;
        return 0;
}

int record_decode_into(struct record_type *type, const char *bytes, size_t len, void *out,
        char **strings, struct err *err)
{
        struct decoder d;
        size_t room;
        char *block = NULL;
        int r = decoder_run(&d, type, bytes, len, err);

        if (r < 0)
                return r;
        room = strings_room(&d);
        if (room) {
                block = malloc(room);
                if (!block)
                        return err_set(err, -ENOMEM, "%s: out of memory", type->name);
        }
        store_all(&d, out, block);
        *strings = block;
        return 0;
}
