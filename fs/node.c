/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/node.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "fs/inode.h"

static const struct node_row node_root_row = {
        .kind = NODE_DIR,
        .name = "",
        .help = "the mount itself",
};

static bool node_row_shown(
        const struct node *dir, const struct node_row *row, const struct subject *s)
{
        struct subject at = *s;

        if (dir->read_only && (row->flags & NODE_RW_ONLY))
                return false;
        if (row->shown == NULL)
                return true;
        at.row = row;
        return row->shown(&at);
}

/* Makes *ret the node of `row` below `dir`; s is already what the child stands for. */
static void node_step(const struct node *dir, const struct node_row *row, const struct subject *s,
        struct node *ret)
{
        struct node n = {
                .row = row,
                .table = row->table,
                .subject = *s,
                .mtime = row->mtime != NULL ? row->mtime : dir->mtime,
                .read_only = dir->read_only,
        };

        n.subject.row = row;
        if (row->kind == NODE_DIR && row->folder != FOLDER_NONE)
                n.subject.folder = row->folder;
        if (row->kind == NODE_DIR && row->enter != NULL)
                row->enter(&n.subject);
        *ret = n;
}

void node_root(const struct node_root *root, struct node *ret)
{
        *ret = (struct node){
                .row = &node_root_row,
                .table = root->table,
                .subject = { .model = root->model, .row = &node_root_row },
                .read_only = root->read_only,
        };
}

int node_child(const struct node *dir, const char *name, struct node *ret)
{
        const struct node_table *table = dir->table;

        if (dir->row->kind != NODE_DIR)
                return -ENOTDIR;

        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];

                if (row->name == NULL || strcmp(row->name, name) != 0)
                        continue;
                if (!node_row_shown(dir, row, &dir->subject))
                        return -ENOENT;
                node_step(dir, row, &dir->subject, ret);
                return 0;
        }
        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];
                struct subject s = dir->subject, child;

                if (row->kind != NODE_LIST || !node_row_shown(dir, row, &dir->subject))
                        continue;
                s.row = row;
                child = s;
                if (row->find(&s, name, &child)) {
                        node_step(dir, row->child, &child, ret);
                        return 0;
                }
        }
        return -ENOENT;
}

uint64_t node_shown(const struct node *dir)
{
        uint64_t mask = 0;

        for (size_t i = 0; i < dir->table->n && i < NODE_ROWS_MAX; i++)
                if (node_row_shown(dir, &dir->table->rows[i], &dir->subject))
                        mask |= 1ULL << i;
        return mask;
}

uint64_t node_order(unsigned section, const char *name)
{
        uint64_t hash = inode_mix(inode_hash(INODE_HASH_INIT, name, strlen(name)));

        /* Stays positive as off_t; "." and ".." are 1 and 2. */
        return (uint64_t)section << 61 | hash >> 3;
}

int node_list(const struct node *dir, node_emit emit, void *arg)
{
        const struct node_table *table = dir->table;
        int r;

        if (dir->row->kind != NODE_DIR)
                return -ENOTDIR;

        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];

                if (row->name == NULL || (row->flags & NODE_HIDDEN) ||
                        !node_row_shown(dir, row, &dir->subject))
                        continue;
                r = emit(arg, row->name, row, 16 + i);
                if (r != 0)
                        return r;
        }
        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];
                struct subject s = dir->subject;
                struct node_cursor cursor = { .i = 0 };

                if (row->kind != NODE_LIST || (row->flags & NODE_HIDDEN) ||
                        !node_row_shown(dir, row, &dir->subject))
                        continue;
                s.row = row;
                while (row->next(&s, &cursor)) {
                        r = emit(arg, cursor.name, row->child,
                                node_order(NODE_ORDER_LISTS, cursor.name));
                        if (r != 0)
                                return r;
                }
        }
        return 0;
}

const struct node_row *node_user_row(const struct node *dir)
{
        if (dir->row->kind != NODE_DIR)
                return NULL;
        for (size_t i = 0; i < dir->table->n; i++) {
                const struct node_row *row = &dir->table->rows[i];

                if (row->kind == NODE_USER && node_row_shown(dir, row, &dir->subject))
                        return row;
        }
        return NULL;
}

mode_t node_row_type(const struct node_row *row)
{
        switch (row->kind) {
        case NODE_DIR:
                return S_IFDIR;
        case NODE_LINK:
                return S_IFLNK;
        case NODE_FILE:
        case NODE_CTL:
        case NODE_WAIT:
        case NODE_LOG:
        case NODE_LIST:
        case NODE_USER:
                break;
        }
        return S_IFREG;
}

mode_t node_mode(const struct node *n)
{
        const struct object *o = n->subject.object;
        mode_t type = node_row_type(n->row);

        if (type == S_IFDIR)
                return S_IFDIR | 0700;
        if (type == S_IFLNK)
                return S_IFLNK | 0777;
        if (n->row->kind == NODE_FILE && o != NULL && !o->own)
                return S_IFREG | 0444;
        return S_IFREG | 0600;
}

int64_t node_mtime(const struct node *n)
{
        int64_t t = n->mtime != NULL ? n->mtime(&n->subject) : 0;

        return t != 0 ? t : n->subject.model->started;
}

int node_render(const struct node *n, struct buf *out)
{
        size_t before = out->len;
        int r;

        if (n->row->render == NULL)
                return -EINVAL;
        r = n->row->render(&n->subject, out);
        if (r >= 0)
                r = out->error;
        if (r < 0)
                buf_truncate(out, before);
        return r < 0 ? r : 0;
}

bool node_table_has(const struct node_table *table, const char *name)
{
        for (size_t i = 0; i < table->n; i++)
                if (table->rows[i].name != NULL && strcmp(table->rows[i].name, name) == 0)
                        return true;
        return false;
}

/* ---------------------------------------------------------------- judging tables */

/* What a row must and must not have, by kind. */
static const struct {
        const char *kind;
        bool named, render, table, list, ready, log, may_change;
} node_kinds[] = {
        [NODE_FILE] = { .kind = "FILE",
                .named = true,
                .render = true,
                .may_change = true },
        [NODE_LINK] = { .kind = "LINK", .named = true, .render = true, .may_change = true },
        [NODE_DIR] = { .kind = "DIR", .named = true, .table = true },
        [NODE_LIST] = { .kind = "LIST", .list = true },
        [NODE_USER] = { .kind = "USER" },
        [NODE_CTL] = { .kind = "CTL", .named = true, .render = true },
        [NODE_WAIT] = { .kind = "WAIT", .named = true, .render = true, .ready = true },
        [NODE_LOG] = { .kind = "LOG", .named = true, .log = true },
};

static const char *node_row_fault(const struct node_row *row, bool named)
{
        unsigned change = row->flags & (NODE_CONST | NODE_WATCHED | NODE_AGGREGATE);

        if ((unsigned)row->kind >= ARRAY_SIZE(node_kinds))
                return "its kind is unknown";
        if ((row->name != NULL) != (node_kinds[row->kind].named && named))
                return "it has a name where none belongs, or none where one belongs";
        if (row->name != NULL &&
                (row->name[0] == '\0' || strchr(row->name, '/') != NULL ||
                        strlen(row->name) > NAME_MAX || strcmp(row->name, ".") == 0 ||
                        strcmp(row->name, "..") == 0))
                return "its name is no file name";
        if ((row->name != NULL || row->kind == NODE_LIST) &&
                (row->help == NULL || row->help[0] == '\0'))
                return "it has no help sentence";
        if ((row->render != NULL) != node_kinds[row->kind].render)
                return "render is missing or out of place";
        if ((row->table != NULL) != node_kinds[row->kind].table)
                return "table is missing or out of place";
        if ((row->child != NULL) != node_kinds[row->kind].list ||
                (row->find != NULL) != node_kinds[row->kind].list ||
                (row->next != NULL) != node_kinds[row->kind].list)
                return "find, next or child is missing or out of place";
        if ((row->ready != NULL) != node_kinds[row->kind].ready ||
                (row->log != NULL) != node_kinds[row->kind].log)
                return "ready or log is missing or out of place";
        if (!node_kinds[row->kind].may_change && change != 0 &&
                !(row->kind == NODE_LIST && change == NODE_CONST))
                return "its kind has no flag of change";
        if (node_kinds[row->kind].may_change && (change == 0 || (change & (change - 1)) != 0))
                return "it needs exactly one of CONST, WATCHED, AGGREGATE";
        if ((row->flags & NODE_REMOVABLE) && row->kind != NODE_FILE)
                return "only a FILE can be REMOVABLE";
        if (row->kind == NODE_LIST && row->child->kind != NODE_DIR &&
                row->child->kind != NODE_LINK && row->child->kind != NODE_FILE)
                return "its children can only be DIR, LINK or FILE";
        return NULL;
}

static int node_row_bad(
        struct err *err, const char *path, const struct node_row *row, const char *fault)
{
        const char *kind =
                (unsigned)row->kind < ARRAY_SIZE(node_kinds) ? node_kinds[row->kind].kind : "?";

        return err_set(err, -EINVAL, "%s/%s (%s): %s", path, row->name != NULL ? row->name : "*",
                kind, fault);
}

static int node_table_judge(
        const struct node_table *table, const char *path, int depth, struct err *err)
{
        bool user = false;

        if (depth > NODE_DEPTH_MAX)
                return err_set(err, -EINVAL, "%s: deeper than %d", path, NODE_DEPTH_MAX);
        if (table->n > NODE_ROWS_MAX)
                return err_set(err, -EINVAL, "%s: more than %d rows", path, NODE_ROWS_MAX);
        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];
                const struct node_row *shape = row->kind == NODE_LIST ? row->child : row;
                const char *fault = node_row_fault(row, true);
                char below[512];
                int r;

                if (fault == NULL && shape != row)
                        fault = node_row_fault(shape, false);
                if (fault == NULL && row->kind == NODE_USER && user)
                        fault = "it is the second of its directory";
                for (size_t k = 0; fault == NULL && row->name != NULL && k < i; k++)
                        if (table->rows[k].name != NULL &&
                                strcmp(table->rows[k].name, row->name) == 0)
                                fault = "its name is taken";
                user |= row->kind == NODE_USER;
                if (fault != NULL)
                        return node_row_bad(err, path, row, fault);
                if (shape->kind != NODE_DIR)
                        continue;
                r = snprintf(below, sizeof(below), "%s/%s", path, row->name != NULL ? row->name : "*");
                if (r >= (int)sizeof(below))
                        return node_row_bad(err, path, row, "its path is too long");
                r = node_table_judge(shape->table, below, depth + 1, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int node_table_check(const struct node_table *table, struct err *err)
{
        return node_table_judge(table, "", 0, err);
}
