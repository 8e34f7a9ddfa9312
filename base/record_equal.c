/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/record_plan.h"

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

static bool row_equal(const struct record_field *row, const void *a, const void *b)
{
        const void *ma = member_of(row, a), *mb = member_of(row, b);

        switch ((enum record_field_type)row->type) {
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
