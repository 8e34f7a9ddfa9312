/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the tree shows of the test program's model: one file by its path, or all of them. */
#include "base/buf.h"
#include "base/limits.h"
#include "fs/node.h"
#include "tests/support/test.h"
#include "tests/unit/show_build.h"

static inline struct node_root fixture_root(const struct model *m)
{
        return (struct node_root){ .table = &root_table, .model = m };
}

/* Walks a path with "..", following links as the kernel does. */
static inline int fixture_resolve(const struct model *m, const char *path, struct node *ret, int depth)
{
        struct node_root root = fixture_root(m);
        struct node stack[NODE_DEPTH_MAX + 1];
        char names[NODE_DEPTH_MAX + 1][NAME_MAX + 1], text[4096];
        size_t n = 0;
        char *save = NULL;

        node_root(&root, &stack[0]);
        if (snprintf(text, sizeof(text), "%s", path) >= (int)sizeof(text))
                return -ENAMETOOLONG;
        for (char *part = strtok_r(text, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
                char rest[4096] = "", joined[16384] = "";
                struct buf target = BUF_INIT(4096);
                int r;

                if (strcmp(part, "..") == 0) {
                        if (n == 0)
                                return -ENOENT;
                        n--;
                        continue;
                }
                if (n == NODE_DEPTH_MAX)
                        return -ENAMETOOLONG;
                r = node_child(&stack[n], part, &stack[n + 1]);
                if (r < 0)
                        return r;
                snprintf(names[n++], sizeof(names[0]), "%s", part);
                if (stack[n].row->kind != NODE_LINK || save == NULL || *save == '\0')
                        continue;
                if (depth > 8)
                        return -ELOOP;
                for (size_t i = 0; i + 1 < n; i++)
                        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s/", names[i]);
                snprintf(rest, sizeof(rest), "%s", save);
                r = node_render(&stack[n], &target);
                snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s/%s", target.data, rest);
                buf_done(&target);
                return r < 0 ? r : fixture_resolve(m, joined, ret, depth + 1);
        }
        *ret = stack[n];
        return 0;
}

static inline int fixture_render(const struct model *m, const char *path, struct buf *out)
{
        struct node n;
        int r = fixture_resolve(m, path, &n, 0);

        return r < 0 ? r : node_render(&n, out);
}

typedef void fixture_fn(void *arg, const char *path, const struct node *node);

struct fixture_walk {
        const struct node *dir;
        char path[4096];
        fixture_fn *fn;
        void *arg;
};

static inline int fixture_visit(void *arg, const char *name, const struct node_row *row, uint64_t order)
{
        struct fixture_walk *w = arg, below = *w;
        struct node child;

        (void)row;
        (void)order;
        assert_int_equal(node_child(w->dir, name, &child), 0);
        snprintf(below.path, sizeof(below.path), "%.3000s%s%.255s", w->path, w->path[0] != '\0' ? "/" : "", name);
        w->fn(w->arg, below.path, &child);
        if (child.row->kind != NODE_DIR)
                return 0;
        below.dir = &child;
        return node_list(&child, fixture_visit, &below);
}

/* Calls fn for everything that the tree lists. */
static inline void fixture_walk(const struct model *m, fixture_fn *fn, void *arg)
{
        struct node_root root = fixture_root(m);
        struct node top;
        struct fixture_walk w = { .dir = &top, .fn = fn, .arg = arg };

        node_root(&root, &top);
        assert_int_equal(node_list(&top, fixture_visit, &w), 0);
}

/* The file is this, says it somewhere, or nowhere. */
static inline void fixture_is(const char *path, const char *text)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);

        assert_int_equal(fixture_render(&model, path, &out), 0);
        assert_text(out.data, text);
}

static inline void fixture_says(const char *path, const char *text)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);

        assert_int_equal(fixture_render(&model, path, &out), 0);
        if (strstr(out.data, text) == NULL)
                fail_msg("%s does not say \"%s\":\n%s", path, text, out.data);
}

static inline void fixture_says_not(const char *path, const char *text)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);

        assert_int_equal(fixture_render(&model, path, &out), 0);
        if (strstr(out.data, text) != NULL)
                fail_msg("%s says \"%s\":\n%s", path, text, out.data);
}

/* For node_list(): how many there are. */
static inline int fixture_count(void *arg, const char *name, const struct node_row *row, uint64_t order)
{
        size_t *n = arg;

        (void)name;
        (void)row;
        (void)order;
        (*n)++;
        return 0;
}
