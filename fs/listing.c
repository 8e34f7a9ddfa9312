/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/listing.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fs/node.h"
#include "fs/session.h"

struct listing *listing_free(struct listing *l)
{
        if (l == NULL)
                return NULL;
        free(l->entries);
        free(l->names);
        free(l);
        return NULL;
}

DEFINE_CLEANUP(struct listing *, listing_free);

/* Collects; names are offsets until all are in, as the block moves while it grows. */
struct listing_builder {
        struct listing *l;
        size_t cap, names_len, names_cap;
};

static int listing_add(
        struct listing_builder *b, const char *name, mode_t type, uint64_t order)
{
        size_t size = strlen(name) + 1;

        if (size == 1 || size > NAME_MAX + 1 || strchr(name, '/') != NULL)
                return 0;
        if (b->l->n == b->cap) {
                size_t cap = b->cap != 0 ? 2 * b->cap : 32;
                struct listing_entry *grown = reallocarray(b->l->entries, cap, sizeof(*grown));

                if (grown == NULL)
                        return -ENOMEM;
                b->l->entries = grown;
                b->cap = cap;
        }
        if (b->names_cap - b->names_len < size) {
                size_t cap = 2 * b->names_cap + size + 512;
                char *grown = realloc(b->l->names, cap);

                if (grown == NULL)
                        return -ENOMEM;
                b->l->names = grown;
                b->names_cap = cap;
        }
        memcpy(b->l->names + b->names_len, name, size);
        b->l->entries[b->l->n++] = (struct listing_entry){
                .name = (const char *)(uintptr_t)b->names_len,
                .order = order,
                .type = type,
        };
        b->names_len += size;
        return 0;
}

static int listing_add_row(void *arg, const char *name, const struct node_row *row, uint64_t order)
{
        return listing_add(arg, name, node_row_type(row), order);
}

static int listing_add_user(void *arg, const char *name, mode_t type)
{
        return listing_add(arg, name, type & S_IFMT, node_order(NODE_ORDER_USER, name));
}

static int listing_compare(const void *a, const void *b)
{
        const struct listing_entry *x = a, *y = b;

        if (x->order != y->order)
                return x->order < y->order ? -1 : 1;
        return strcmp(x->name, y->name);
}

int listing_new(struct listing **ret, struct session *s, const struct node *dir)
{
        _cleanup_(listing_freep) struct listing *l = calloc(1, sizeof(*l));
        struct listing_builder b = { .l = l };
        int r;

        if (l == NULL)
                return -ENOMEM;
        r = node_list(dir, listing_add_row, &b);
        if (r < 0)
                return r;
        if (s->options.write != NULL && node_user_row(dir) != NULL) {
                r = s->options.write->list(s, &dir->subject, listing_add_user, &b);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < l->n; i++)
                l->entries[i].name = l->names + (uintptr_t)l->entries[i].name;
        if (l->n > 1)
                qsort(l->entries, l->n, sizeof(*l->entries), listing_compare);
        /* Two names of one hash (one in 2^60) still get two offsets, the same ones each time. */
        for (size_t i = 1; i < l->n; i++)
                if (l->entries[i].order <= l->entries[i - 1].order)
                        l->entries[i].order = l->entries[i - 1].order + 1;
        *ret = TAKE(l);
        return 0;
}

size_t listing_after(const struct listing *l, uint64_t offset)
{
        size_t lo = 0, hi = l->n;

        while (lo < hi) {
                size_t mid = lo + (hi - lo) / 2;

                if (l->entries[mid].order <= offset)
                        lo = mid + 1;
                else
                        hi = mid;
        }
        return lo;
}
