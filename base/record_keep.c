/* SPDX-License-Identifier: Apache-2.0 */
/* record, kept: a copy for who has very many, with what repeats in it interned. */
#include "base/record.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "base/record_plan.h"

/* Where the row keeps a text; NULL: it keeps none, or a row before it keeps the same. */
static const char **keep_member(const struct record_field *row, const void *record)
{
        if (row->flags & RECORD_FALLBACK)
                return NULL;
        return record_text_member(row, (void *)(uintptr_t)record);
}

/* Bytes that the row's text takes in the copy itself: neither "" nor the text of a known value takes any. */
static size_t keep_room(const struct record_field *row, const void *record)
{
        const char **text = keep_member(row, record);

        if (text == NULL || (*text)[0] == '\0' || row->flags & RECORD_SHARED)
                return 0;
        if (row->type == RECORD_ENUM) {
                int value = record_enum_load(row, (const char *)record + row->offset);

                if (*text == record_enum_text(row->names, value))
                        return 0;
        }
        return strlen(*text) + 1;
}

void *record_keep(const struct record_type *type, const void *record)
{
        size_t room = type->size;
        char *kept, *strings;
        bool whole = true;

        for (unsigned i = 0; i < type->n_fields; i++)
                room += keep_room(&type->fields[i], record);
        kept = malloc(room);
        if (kept == NULL)
                return NULL;
        memcpy(kept, record, type->size);
        strings = kept + type->size;
        for (unsigned i = 0; i < type->n_fields; i++) {
                const struct record_field *row = &type->fields[i];
                const char **text = keep_member(row, kept);
                size_t len = keep_room(row, record);

                if (text == NULL)
                        continue;
                if (row->flags & RECORD_SHARED) {
                        *text = intern_ref(*text);
                        whole = whole && *text != NULL;
                } else if (len > 0) {
                        *text = memcpy(strings, *text, len);
                        strings += len;
                } else if ((*text)[0] == '\0') {
                        *text = record_absent;
                }
        }
        if (!whole) {
                record_drop(type, kept);
                return NULL;
        }
        return kept;
}

void record_drop(const struct record_type *type, void *kept)
{
        if (kept == NULL)
                return;
        for (unsigned i = 0; i < type->n_fields; i++) {
                const char **text = keep_member(&type->fields[i], kept);

                if (text != NULL && type->fields[i].flags & RECORD_SHARED)
                        intern_unref(*text);
        }
        free(kept);
}
