/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timer_heap.h"

#include <stddef.h>

/* Makes the later root a child of the earlier one, which is returned. Either may be NULL. */
static struct loop_timer *heap_meld(struct loop_timer *a, struct loop_timer *b)
{
        struct loop_timer *first, *second;

        if (!a || !b)
                return a ? a : b;
        first = b->due < a->due ? b : a;
        second = first == a ? b : a;
        second->next = first->child;
        if (second->next)
                second->next->link = &second->next;
        first->child = second;
        second->link = &first->child;
        return first;
}

/* Melds siblings to one root: in pairs from the left, then the pairs from the right; that order is
 * what makes removal O(log n). */
static struct loop_timer *heap_meld_siblings(struct loop_timer *list)
{
        struct loop_timer *pairs = NULL, *root = NULL;

        while (list) {
                struct loop_timer *a = list, *b = a->next, *pair;

                list = b ? b->next : NULL;
                a->next = NULL;
                if (b)
                        b->next = NULL;
                pair = heap_meld(a, b);
                pair->next = pairs;
                pairs = pair;
        }
        while (pairs) {
                struct loop_timer *next = pairs->next;

                pairs->next = NULL;
                root = heap_meld(root, pairs);
                pairs = next;
        }
        return root;
}

static void heap_set_root(struct loop_timer **root, struct loop_timer *t)
{
        *root = t;
        if (t) {
                t->next = NULL;
                t->link = root;
        }
}

void timer_heap_add(struct loop_timer **root, struct loop_timer *t)
{
        t->child = t->next = NULL;
        heap_set_root(root, heap_meld(*root, t));
}

void timer_heap_remove(struct loop_timer **root, struct loop_timer *t)
{
        struct loop_timer *children = heap_meld_siblings(t->child);

        if (t == *root) {
                heap_set_root(root, children);
        } else {
                *t->link = t->next;
                if (t->next)
                        t->next->link = t->link;
                heap_set_root(root, heap_meld(*root, children));
        }
        t->child = t->next = NULL;
        t->link = NULL;
}
