/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * list: intrusive, doubly linked, circular. `struct list` is both the head and an element's place in a list, so an element
 * leaves whatever list it is in without knowing which: nothing is searched, and nothing can fail for lack of memory.
 * Zeroed is empty, or in no list. A head must not be moved or copied while it is not empty.
 */
#include <stdbool.h>
#include <stddef.h>

struct list {
        struct list *prev, *next;
};

/* Of an element: it is in a list. Of a head: it is not empty. */
static inline bool list_linked(const struct list *l)
{
        return l->next != NULL && l->next != l;
}

/* NULL when it is empty. */
static inline struct list *list_first(const struct list *head)
{
        return list_linked(head) ? head->next : NULL;
}

/* The element after `l`, NULL after the last one. */
static inline struct list *list_next(const struct list *head, const struct list *l)
{
        return l->next != head ? l->next : NULL;
}

/* No effect on one that is in no list. */
static inline void list_remove(struct list *l)
{
        if (l->next == NULL)
                return;
        l->prev->next = l->next;
        l->next->prev = l->prev;
        l->prev = l->next = NULL;
}

/* The element must be in no list. */
static inline void list_append(struct list *head, struct list *l)
{
        if (head->next == NULL)
                head->next = head->prev = head;
        l->prev = head->prev;
        l->next = head;
        head->prev->next = l;
        head->prev = l;
}

/* All elements of `from` go to the end of `to`. */
static inline void list_take_all(struct list *to, struct list *from)
{
        struct list *l;

        while ((l = list_first(from)) != NULL) {
                list_remove(l);
                list_append(to, l);
        }
}

/* `l` may be removed, and freed, by the body; no other element may. */
#define LIST_EACH(head, l, tmp) \
        for (l = list_first(head); l != NULL && (tmp = list_next(head, l), true); l = tmp)
