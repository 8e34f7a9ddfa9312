/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * notify_rules: which directories a change concerns. One table (notify_rules.c); whoever adds a
 * directory with rows that change adds a line there, and notify_rules_check() finds the one who did
 * not.
 */
#include <uthash.h>

#include "fs/node.h"
#include "ops/model.h"

/* What to look at in a directory. */
enum {
        TELL_FILES =
                1
                << 0, /* its attributes and rows: WATCHED, AGGREGATE, LOG; rows that come and go */
        TELL_AGGREGATES = 1 << 1, /* only the AGGREGATE rows */
        TELL_LOGS = 1 << 2,       /* only the LOG rows */
        TELL_CHILDREN = 1 << 3,   /* all names that the kernel has of it, and its listing */
        TELL_NAME = 1 << 4,       /* one name, and the listing */
        TELL_BELOW = 1 << 5,      /* the files of each folder in it that the kernel has */
};

/* The longest path that a rule makes: six names, and a name in the directory. */
#define NOTIFY_PATH_MAX 2048

/* A directory and what to look at there. */
struct notify_target {
        UT_hash_handle hh;
        unsigned tell;
        const char *name; /* TELL_NAME, else NULL; lies in key */
        size_t len;
        char key[]; /* the path below the mountpoint, NUL, the name, NUL */
};

/* Adds the targets of n changes to a set (NULL: empty). -ENOMEM, with some of them in it. */
int notify_targets(struct notify_target **set, const struct change *changes, size_t n);
void notify_targets_done(struct notify_target **set);

/* Whether each directory of a tree that has rows which change is the target of a rule that looks at
   them. 0 or -EINVAL with its path. For tests. */
int notify_rules_check(const struct node_table *root, struct err *err);
