/* SPDX-License-Identifier: Apache-2.0 */
/* .trash/ of a fleet: what was removed lately, to be copied back. */
#include "base/cleanup.h"
#include "fs/show.h"
#include "ops/trash.h"

static const struct trash_file *trash_item(const struct subject *s)
{
        return s->item;
}

static bool trash_file_find(const struct subject *dir, const char *name, struct subject *child)
{
        child->item = trash_find(dir->fleet, name);
        return child->item != NULL;
}

static bool trash_file_next(const struct subject *dir, struct node_cursor *cursor)
{
        const struct trash *t = dir->fleet->trash;

        if (t == NULL || cursor->i >= t->n)
                return false;
        cursor->name = t->files[cursor->i++].name;
        return true;
}

static int trash_file_render(const struct subject *s, struct buf *out)
{
        return buf_append(out, trash_item(s)->bytes, trash_item(s)->len);
}

static int64_t trash_file_mtime(const struct subject *s)
{
        return trash_item(s)->removed;
}

static const struct node_row trash_child = { .kind = NODE_FILE,
        .render = trash_file_render,
        .mtime = trash_file_mtime,
        .flags = NODE_WATCHED,
        .help = "its bytes; the time of its removal" };
static const struct node_row trash_rows[] = {
        LIST_ROW(trash_file_find, trash_file_next, trash_child,
                .help = "a removed file; older ones of the name end in when they were removed"),
};
const struct node_table trash_table = NODE_TABLE(trash_rows);
