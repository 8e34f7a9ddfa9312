/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_BYTES ((size_t)16 * 1024)

struct arena_chunk {
        struct arena_chunk *next;
        size_t size, used;
        max_align_t bytes[];
};

struct arena {
        struct arena_chunk *chunks; /* the first one is being filled */
};

int arena_new(struct arena **ret)
{
        struct arena *arena = calloc(1, sizeof(*arena));

        if (!arena)
                return -ENOMEM;
        *ret = arena;
        return 0;
}

void arena_free(struct arena *arena)
{
        struct arena_chunk *next;

        if (!arena)
                return;
        for (struct arena_chunk *chunk = arena->chunks; chunk; chunk = next) {
                next = chunk->next;
                free(chunk);
        }
        free(arena);
}

void *arena_alloc(struct arena *arena, size_t n)
{
        struct arena_chunk *chunk = arena->chunks;
        size_t need;
        void *p;

        if (n > SIZE_MAX / 2)
                return NULL;
        need = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
        if (!chunk || need > chunk->size - chunk->used) {
                size_t size = need > ARENA_CHUNK_BYTES ? need : ARENA_CHUNK_BYTES;

                chunk = calloc(1, sizeof(*chunk) + size);
                if (!chunk)
                        return NULL;
                chunk->size = size;
                chunk->next = arena->chunks;
                arena->chunks = chunk;
        }
        p = (char *)chunk->bytes + chunk->used;
        chunk->used += need;
        return p;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t n)
{
        char *copy = arena_alloc(arena, n + 1);

        if (copy && n)
                memcpy(copy, bytes, n);
        return copy;
}
