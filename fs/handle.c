/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/handle.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "fs/session.h"

void handles_init(struct session_handles *list)
{
        *list = (struct session_handles){ .first = NULL };
        (void)pthread_mutex_init(&list->lock, NULL);
}

void handles_done(struct session *s)
{
        while (s->handles.first != NULL)
                (void)handle_free(s, s->handles.first);
        (void)pthread_mutex_destroy(&s->handles.lock);
}

static void handle_link(struct session_handles *list, struct handle *h)
{
        LOCK_SCOPE(&list->lock);
        h->next = list->first;
        if (h->next != NULL)
                h->next->prev = h;
        list->first = h;
}

static void handle_unlink(struct session_handles *list, struct handle *h)
{
        LOCK_SCOPE(&list->lock);
        if (h->prev != NULL)
                h->prev->next = h->next;
        else
                list->first = h->next;
        if (h->next != NULL)
                h->next->prev = h->prev;
}

int handle_new(struct handle **ret, struct session *s, struct inode *inode, int flags, void *state)
{
        struct handle *h = calloc(1, sizeof(*h));

        if (h == NULL)
                return -ENOMEM;
        h->inode = inode_ref(&s->inodes, inode);
        h->flags = flags;
        h->state = state;
        handle_link(&s->handles, h);
        *ret = h;
        return 0;
}

struct handle *handle_free(struct session *s, struct handle *h)
{
        if (h == NULL)
                return NULL;
        handle_unlink(&s->handles, h);
        if (h->state != NULL)
                s->options.write->close(s, h->state);
        (void)inode_unref(&s->inodes, h->inode);
        free(h->bytes);
        free(h);
        return NULL;
}
