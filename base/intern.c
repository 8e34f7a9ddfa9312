/* SPDX-License-Identifier: Apache-2.0 */
#include "base/intern.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* uthash would end the process when memory runs out. */
#define HASH_NONFATAL_OOM            1
#define uthash_nonfatal_oom(element) ((element)->hash_failed = true)
#include <uthash.h>

/* A text and who holds it: the reference is a pointer to `text`. */
struct interned {
        UT_hash_handle hh;
        uint64_t refs;
        bool hash_failed;
        char text[];
};

static struct {
        pthread_mutex_t lock;
        struct interned *all; /* by text */
} synced = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char nothing[] = "";

static struct interned *interned_of(const char *text)
{
        return (struct interned *)(void *)((uintptr_t)text - offsetof(struct interned, text));
}

static struct interned *interned_add_locked(const char *text, size_t len)
{
        struct interned *x = malloc(sizeof(*x) + len + 1);

        if (x == NULL)
                return NULL;
        x->refs = 0;
        x->hash_failed = false;
        memcpy(x->text, text, len + 1);
        HASH_ADD_KEYPTR(hh, synced.all, x->text, len, x);
        if (x->hash_failed) {
                free(x);
                return NULL;
        }
        return x;
}

const char *intern_ref(const char *text)
{
        size_t len = strlen(text);
        struct interned *x;

        if (len == 0)
                return nothing;
        pthread_mutex_lock(&synced.lock);
        HASH_FIND(hh, synced.all, text, len, x);
        if (x == NULL)
                x = interned_add_locked(text, len);
        if (x != NULL)
                x->refs++;
        pthread_mutex_unlock(&synced.lock);
        return x != NULL ? x->text : NULL;
}

void intern_unref(const char *text)
{
        struct interned *x;

        if (text == NULL || text == nothing)
                return;
        x = interned_of(text);
        pthread_mutex_lock(&synced.lock);
        assert(x->refs > 0);
        if (--x->refs == 0)
                HASH_DEL(synced.all, x);
        else
                x = NULL;
        pthread_mutex_unlock(&synced.lock);
        free(x);
}

int intern_set(const char **to, const char *text)
{
        const char *was = *to, *now = NULL;

        if (was == text || (was != NULL && text != NULL && strcmp(was, text) == 0))
                return 0;
        if (text != NULL && (now = intern_ref(text)) == NULL)
                return -ENOMEM;
        *to = now;
        intern_unref(was);
        return 0;
}
