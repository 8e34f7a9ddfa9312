/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * listing: the names of one directory at one moment, in the order of their offsets.
 *
 * READDIR comes in pieces, and the directory changes between them. An offset is a function of the
 * name alone (node_order), so it does not matter whether the next piece is cut from the same
 * snapshot or from a newer one: a name that stays is seen exactly once. That is why opendir needs
 * no state, and may not exist at all (-o ro).
 *
 * One owner at a time; no lock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct node;
struct session;

struct listing_entry {
        const char *name; /* lies in the listing */
        uint64_t order;   /* the offset of READDIR is that of the last entry taken */
        mode_t type;
};

struct listing {
        struct listing_entry *entries;
        size_t n;
        char *names;
};

/* Of a directory, inside a read section: what the tables list and the user's files. 0, -ENOMEM,
   -ENOTDIR, or what the write path's list returned. Names longer than NAME_MAX or with a '/' are
   left out: nobody could open them. */
int listing_new(struct listing **ret, struct session *s, const struct node *dir);
/* NULL is allowed. Returns NULL. */
struct listing *listing_free(struct listing *l);
/* The first entry beyond an offset; n at the end. */
size_t listing_after(const struct listing *l, uint64_t offset);
