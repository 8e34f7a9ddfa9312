/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* A way down the tree by its names, as the product goes it from inode to inode. */
#include "fs/node.h"

/* Inside a read section. 0, -ENOENT, -ENOTDIR. */
static inline int node_walk(
        const struct node_root *root, const char *const *names, size_t n, struct node *ret)
{
        int r = 0;

        node_root(root, ret);
        for (size_t i = 0; i < n && r == 0; i++)
                r = node_child(ret, names[i], ret);
        return r;
}
