/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Memory for many small objects that live and die together: allocated one by one, freed at once.
 * One thread at a time. The owner bounds what it asks for.
 */
#include <stddef.h>

#include "base/cleanup.h"

struct arena;

/* 0 or -ENOMEM. */
int arena_new(struct arena **ret);
/* Frees everything that came from it. Accepts NULL. */
void arena_free(struct arena *arena);
DEFINE_CLEANUP(struct arena *, arena_free);

/* n zeroed bytes (n may be 0), aligned for any object; NULL without memory. */
void *arena_alloc(struct arena *arena, size_t n);
/* A copy of n bytes with a NUL after them; NULL without memory. */
void *arena_copy(struct arena *arena, const void *bytes, size_t n);
