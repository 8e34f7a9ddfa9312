/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml_children.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/yaml_private.h"

void yaml_children_done(struct yaml_children *children)
{
        free(children->v);
}

int yaml_children_add(struct yaml_children *children, struct yaml_pair pair, struct err *err)
{
        if (children->n == children->alloc) {
                size_t alloc = children->alloc ? 2 * children->alloc : 16;
                struct yaml_pair *v = reallocarray(children->v, alloc, sizeof(*v));

                if (!v)
                        return yaml_no_memory(err);
                children->v = v;
                children->alloc = alloc;
        }
        children->v[children->n++] = pair;
        return 0;
}

static int merge_mapping(
        struct yaml_children *merged, const struct yaml_node *mapping, struct err *err)
{
        if (mapping->kind != YAML_MAPPING) {
                (void)yaml_refuse(mapping, err, ERR_ID_ALIAS,
                        "the merge key \"<<\" expects a mapping, found %s",
                        yaml_type_name(mapping->type));
                (void)err_remedy(err, "name an anchored mapping: \"<<: *name\"");
                return -EINVAL;
        }
        for (size_t i = 0; i < mapping->n; i++) {
                int r = yaml_children_add(merged, mapping->pairs[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

int yaml_children_merge(
        struct yaml_children *merged, const struct yaml_node *value, struct err *err)
{
        if (value->kind != YAML_SEQUENCE)
                return merge_mapping(merged, value, err);
        for (size_t i = 0; i < value->n; i++) {
                int r = merge_mapping(merged, value->items[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* A pair and its rank: its place among the children. */
struct ranked {
        const struct yaml_pair *pair;
        size_t rank;
};

static int ranked_compare(const void *a, const void *b)
{
        const struct ranked *x = a, *y = b;
        int order = strcmp(x->pair->key->text, y->pair->key->text);

        if (order != 0)
                return order;
        return x->rank < y->rank ? -1 : x->rank > y->rank;
}

int yaml_refuse_duplicate(
        const struct yaml_node *first, const struct yaml_node *second, struct err *err)
{
        (void)yaml_refuse(second, err, ERR_ID_DUPLICATE_KEY,
                "the key \"%s\" is given twice, first on line %d", second->text, first->line);
        (void)err_remedy(err, "remove one of them");
        return -EINVAL;
}

/* Sorted, as a mapping may have thousands of keys. */
int yaml_children_unique(struct yaml_children *children, size_t n_explicit, struct err *err)
{
        const struct ranked *first = NULL, *second = NULL;
        _cleanup_(freep) struct ranked *sorted = NULL;
        size_t kept = 0;

        if (children->n < 2)
                return 0;
        sorted = reallocarray(NULL, children->n, sizeof(*sorted));
        if (!sorted)
                return yaml_no_memory(err);
        for (size_t i = 0; i < children->n; i++)
                sorted[i] = (struct ranked){ &children->v[i], i };
        qsort(sorted, children->n, sizeof(*sorted), ranked_compare);
        for (size_t i = 1; i < children->n; i++) {
                if (strcmp(sorted[i - 1].pair->key->text, sorted[i].pair->key->text) != 0)
                        continue;
                if (sorted[i].rank >= n_explicit) {
                        children->v[sorted[i].rank].value = NULL;
                } else if (!second || sorted[i].rank < second->rank) {
                        first = &sorted[i - 1];
                        second = &sorted[i];
                }
        }
        if (second)
                return yaml_refuse_duplicate(first->pair->key, second->pair->key, err);
        for (size_t i = 0; i < children->n; i++)
                if (children->v[i].value)
                        children->v[kept++] = children->v[i];
        children->n = kept;
        return 0;
}
