/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory that runs out: for tests that are linked with -Wl,--wrap=malloc,--wrap=calloc. What the program itself and its
 * libraries ask for counts, what the C library asks for does not.
 */
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);

/* How many may be made still; below 0: any number. */
static int no_memory_after = -1;

static int no_memory(void)
{
        if (no_memory_after < 0)
                return 0;
        if (no_memory_after == 0)
                return 1;
        no_memory_after--;
        return 0;
}

void *__wrap_malloc(size_t size)
{
        return no_memory() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return no_memory() ? NULL : __real_calloc(n, size);
}
