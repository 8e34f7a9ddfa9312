/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify_tell.h"

#include <fuse_lowlevel.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/strv.h"
#include "fs/lookup.h"
#include "fs/session.h"

/*
 * From a change to the kernel, in three steps.
 *
 * Queue: the engine thread copies its changes into a vector (notify.c), nothing else.
 *
 * Targets: the notifier takes the vector and makes of each change, by notify_rules.c, the
 * directories it concerns and what to look at there. They are a set, so a storm of changes of one
 * object is one look.
 *
 * Telling: for each target whose directory the kernel has, what it was told is compared with what
 * is, in a read section, and what differs is superseded; after the section the kernel is told. In
 * this order a lookup in between finds the new version, and at worst it is told once more.
 *
 * Why no old version survives in the kernel: an answer that carries it is sent in a read section
 * that ended before the change was made (ops/model.h), hence before we look; and a LOOKUP's dentry
 * is made with the directory locked, for which the invalidation waits.
 */

/* ---------------------------------------------------------------- looking */

/* What the kernel is to be told of one directory, once the read section is over. */
struct notify_findings {
        struct session *session;
        struct inode *dir;
        const struct node *node;
        struct strv names; /* entries to drop */
        bool listing;      /* the readdir cache and the attributes */
        bool attributes;
        uint64_t folders[NODE_ROWS_MAX]; /* whose attributes may have changed with their row's mtime
                                          */
        size_t n_folders;
        struct inode *log; /* a reference: it grew from log_from on */
        uint64_t log_from;
        bool failed; /* no memory: all of it is to be dropped */
};

static void notify_drop(struct notify_findings *f, const char *name)
{
        inode_supersede(&f->session->inodes, f->dir, name);
        if (strv_push(&f->names, name) < 0)
                f->failed = true;
}

static void notify_look_log(struct notify_findings *f, const struct node_row *row)
{
        struct inode_table *t = &f->session->inodes;
        struct inode *i = inode_current(t, f->dir, row->name);
        struct node_log log = { .bytes = NULL };
        struct node n;

        if (i == NULL)
                return;
        if (node_child(f->node, row->name, &n) == 0 && n.row == row)
                row->log(&n.subject, &log);
        if (i->row != row || log.generation != i->generation) {
                notify_drop(f, row->name);
        } else if (log.len != i->told && f->log == NULL) {
                f->log_from = i->told;
                i->told = log.len;
                f->log = TAKE(i);
        }
        (void)inode_unref(t, i);
}

/* A name of which the kernel may have a version: the same still, or another, or nothing. */
static void notify_look_name(struct notify_findings *f, const char *name)
{
        struct inode_table *t = &f->session->inodes;
        struct inode *i = inode_current(t, f->dir, name);
        struct inode_version v = { .row = NULL };
        struct node n;
        int r = node_child(f->node, name, &n);
        bool same = false;

        if (r == 0 && i != NULL && i->row == n.row) {
                if (n.row->kind == NODE_FILE || n.row->kind == NODE_LINK) {
                        same = (n.row->flags & NODE_CONST) != 0;
                        if (n.row->flags & NODE_WATCHED)
                                same = lookup_node_version(&n, &v) == 0 && inode_is(i, &v);
                } else {
                        same = true;
                }
        } else if (r < 0 && i != NULL && i->user != NULL) {
                same = lookup_version(f->session, f->node, name, &v) == 0 && inode_is(i, &v);
        }
        inode_version_done(&v, t);
        /* What is there now is told even if the kernel should not know it; what never was needs no
         * word. */
        if (!same && (i != NULL || r == 0))
                notify_drop(f, name);
        (void)inode_unref(t, i);
}

static void notify_look_children(struct notify_findings *f)
{
        _cleanup_(freep) char *names = NULL;

        if (inode_children(&f->session->inodes, f->dir, &names) < 0) {
                f->failed = true;
                return;
        }
        for (const char *p = names; *p != '\0'; p += strlen(p) + 1)
                notify_look_name(f, p);
}

/* A folder of the tables changes with what it stands in; dynamic ones have a rule of their own. */
static void notify_look_folder(struct notify_findings *f, const char *name)
{
        struct inode_table *t = &f->session->inodes;
        struct inode *i = inode_current(t, f->dir, name);

        if (i != NULL && f->n_folders < ARRAY_SIZE(f->folders))
                f->folders[f->n_folders++] = i->id;
        (void)inode_unref(t, i);
}

static void notify_look_rows(struct notify_findings *f, unsigned tell)
{
        unsigned flags = NODE_AGGREGATE | (tell & TELL_FILES ? (unsigned)NODE_WATCHED : 0);

        for (size_t k = 0; k < f->node->table->n; k++) {
                const struct node_row *row = &f->node->table->rows[k];

                if (row->kind == NODE_DIR && row->mtime != NULL && (tell & TELL_FILES))
                        notify_look_folder(f, row->name);
                else if (row->kind == NODE_LOG && (tell & (TELL_FILES | TELL_LOGS)))
                        notify_look_log(f, row);
                else if (row->name != NULL && (row->flags & flags) &&
                         (tell & (TELL_FILES | TELL_AGGREGATES)))
                        notify_look_name(f, row->name);
                /* Dynamic files and links have no other place where they are looked at. */
                else if (row->kind == NODE_LIST && (row->child->flags & flags) &&
                         (tell & TELL_FILES) && !(tell & TELL_CHILDREN)) {
                        notify_look_children(f);
                        f->listing = true;
                        tell |= TELL_CHILDREN;
                }
        }
}

/* Rows that came or went since the kernel was last told of a listing. */
static void notify_look_shown(struct notify_findings *f)
{
        struct inode_table *t = &f->session->inodes;
        uint64_t now = node_shown(f->node), before = inode_set_shown(t, f->dir, now);

        if (before == now)
                return;
        f->listing = true;
        for (size_t k = 0; k < f->node->table->n; k++) {
                const struct node_row *row = &f->node->table->rows[k];

                if (row->name != NULL && ((before & ~now) >> k & 1))
                        notify_drop(f, row->name);
        }
}

/* Inside a read section. */
static void notify_look(struct notify_findings *f, unsigned tell, const char *name)
{
        if (tell & TELL_FILES) {
                notify_look_shown(f);
                f->attributes = true;
        }
        if (tell & TELL_CHILDREN) {
                notify_look_children(f);
                f->listing = true;
        }
        notify_look_rows(f, tell);
        if (tell & TELL_NAME) {
                notify_look_name(f, name);
                f->listing = true;
        }
}

/* ---------------------------------------------------------------- telling */

/* -ENOENT, the common answer, says that the kernel had nothing of it; other errors that the mount
 * is gone. */
static void notify_tell(struct notify_findings *f)
{
        struct fuse_session *fuse = f->session->fuse;

        for (size_t i = 0; i < f->names.n; i++)
                (void)fuse_lowlevel_notify_inval_entry(
                        fuse, f->dir->id, f->names.v[i], strlen(f->names.v[i]));
        if (f->listing || f->failed)
                (void)fuse_lowlevel_notify_inval_inode(fuse, f->dir->id, 0, 0);
        else if (f->attributes)
                (void)fuse_lowlevel_notify_inval_inode(fuse, f->dir->id, -1, 0);
        for (size_t i = 0; i < f->n_folders; i++)
                (void)fuse_lowlevel_notify_inval_inode(fuse, f->folders[i], -1, 0);
        if (f->log != NULL)
                (void)fuse_lowlevel_notify_inval_inode(fuse, f->log->id, (off_t)f->log_from, 0);
}

static void notify_directory(struct session *s, struct inode *dir, unsigned tell, const char *name)
{
        struct notify_findings f = { .session = s, .dir = dir };
        struct node node;
        int r;

        session_read_begin(s);
        r = inode_resolve(dir, &s->root, &node);
        if (r == 0) {
                f.node = &node;
                notify_look(&f, tell, name);
        }
        session_read_end(s);
        /* A directory that is gone is told where its name is. */
        if (r == 0)
                notify_tell(&f);
        strv_done(&f.names);
        (void)inode_unref(&s->inodes, f.log);
}

/* The same for each folder in it. */
static void notify_below(struct session *s, struct inode *dir)
{
        _cleanup_(freep) char *names = NULL;

        if (inode_children(&s->inodes, dir, &names) < 0)
                return;
        for (const char *p = names; *p != '\0'; p += strlen(p) + 1) {
                struct inode *i = inode_current(&s->inodes, dir, p);

                if (i != NULL && S_ISDIR(i->mode))
                        notify_directory(s, i, TELL_FILES, NULL);
                (void)inode_unref(&s->inodes, i);
        }
}

void notify_tell_target(struct session *s, const struct notify_target *t)
{
        const char *names[NODE_DEPTH_MAX];
        char path[NOTIFY_PATH_MAX];
        struct inode *dir;
        size_t n = 0;
        char *save = NULL;

        (void)snprintf(path, sizeof(path), "%s", t->key);
        for (char *p = strtok_r(path, "/", &save); p != NULL; p = strtok_r(NULL, "/", &save)) {
                if (n == ARRAY_SIZE(names))
                        return;
                names[n++] = p;
        }
        dir = inode_find(&s->inodes, names, n);
        if (dir == NULL)
                return;
        notify_directory(s, dir, t->tell, t->name);
        if (t->tell & TELL_BELOW)
                notify_below(s, dir);
        (void)inode_unref(&s->inodes, dir);
}

/* All that the kernel has below a directory, after changes were lost. Depth is that of the tables.
 */
static void notify_everything(struct session *s, struct inode *dir)
{
        _cleanup_(freep) char *names = NULL;

        notify_directory(s, dir, TELL_FILES | TELL_CHILDREN, NULL);
        if (inode_children(&s->inodes, dir, &names) < 0)
                return;
        for (const char *p = names; *p != '\0'; p += strlen(p) + 1) {
                struct inode *i = inode_current(&s->inodes, dir, p);

                if (i != NULL && S_ISDIR(i->mode))
                        notify_everything(s, i);
                (void)inode_unref(&s->inodes, i);
        }
}

void notify_tell_everything(struct session *s)
{
        notify_everything(s, s->inodes.root);
}
