/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/strv.h"
#include "fs/lookup.h"
#include "fs/notify_rules.h"
#include "fs/session.h"

/*
 * From a change to the kernel, in three steps.
 *
 *   queue      the engine thread copies its changes into a vector; nothing else
 *   targets    the notifier takes the vector, and by fs/notify_rules.c makes of each change the
 * directories it concerns and what to look at there. A set, so a storm of changes of one object is
 * one look. telling    for each target whose directory the kernel has: in a read section, what the
 * kernel was told of its names is compared with what they are now, and what differs is superseded;
 * after the section the kernel is told. In this order a lookup in between finds the new version,
 * and at worst it is told once more.
 *
 * Why no old version survives in the kernel: an answer that carries it is sent in a read section
 * that ended before the change was made (ops/model.h), hence before we look; and a LOOKUP's dentry
 * is made with the directory locked, for which the invalidation waits.
 */

/* ---------------------------------------------------------------- the queue */

struct notify_barrier {
        struct notify_barrier *next;
        void (*done)(void *arg);
        void *arg;
};

/* A name of the user's, whose change is in no model. */
struct notify_user {
        struct notify_user *next;
        struct inode *folder; /* a reference */
        char name[];
};

struct notify_batch {
        struct change *changes;
        size_t n, cap;
        bool everything; /* changes were lost: look at all that the kernel has */
        struct notify_barrier *barriers, **last;
        struct notify_user *users;
};

struct notifier {
        struct session *session;
        pthread_t thread;
        bool running;
        struct {
                pthread_mutex_t lock;
                pthread_cond_t wake;
                struct notify_batch batch;
                bool kicked; /* a deadline came earlier */
                bool stop;
        } synced;
};

static void notify_batch_init(struct notify_batch *b)
{
        *b = (struct notify_batch){ .n = 0 };
        b->last = &b->barriers;
}

static bool notify_batch_empty(const struct notify_batch *b)
{
        return b->n == 0 && !b->everything && b->barriers == NULL && b->users == NULL;
}

/* Never fails: what cannot be kept is made up for by looking at everything. */
static void notify_batch_add(struct notify_batch *b, const struct change *changes, size_t n)
{
        if (b->everything)
                return;
        if (n > b->cap - b->n) {
                size_t cap = 2 * b->cap + n + 64;
                struct change *grown = cap <= LIMIT_NOTIFY_QUEUED
                                               ? reallocarray(b->changes, cap, sizeof(*grown))
                                               : NULL;

                if (grown == NULL) {
                        b->everything = true;
                        b->n = 0;
                        return;
                }
                b->changes = grown;
                b->cap = cap;
        }
        if (n > 0)
                memcpy(b->changes + b->n, changes, n * sizeof(*changes));
        b->n += n;
}

void notify_queue(struct notifier *n, const struct change *changes, size_t count,
        void (*done)(void *arg), void *arg)
{
        struct notify_barrier *barrier = done != NULL ? calloc(1, sizeof(*barrier)) : NULL;
        bool now = false;

        pthread_mutex_lock(&n->synced.lock);
        if (n->synced.stop) {
                now = done != NULL;
        } else {
                notify_batch_add(&n->synced.batch, changes, count);
                if (barrier != NULL) {
                        *barrier = (struct notify_barrier){ .done = done, .arg = arg };
                        *n->synced.batch.last = TAKE(barrier);
                        n->synced.batch.last = &(*n->synced.batch.last)->next;
                } else {
                        /* Without memory a writer is answered a little before the kernel knows. */
                        now = done != NULL;
                }
                pthread_cond_signal(&n->synced.wake);
        }
        pthread_mutex_unlock(&n->synced.lock);
        free(barrier);
        if (now)
                done(arg);
}

void notify_user_name(struct session *s, struct inode *folder, const char *name)
{
        struct notifier *n = s->notifier;
        struct notify_user *u = calloc(1, sizeof(*u) + strlen(name) + 1);
        bool stopped;

        if (u == NULL)
                return;
        memcpy(u->name, name, strlen(name) + 1);
        u->folder = inode_ref(&s->inodes, folder);
        pthread_mutex_lock(&n->synced.lock);
        stopped = n->synced.stop;
        if (!stopped) {
                u->next = n->synced.batch.users;
                n->synced.batch.users = u;
                pthread_cond_signal(&n->synced.wake);
        }
        pthread_mutex_unlock(&n->synced.lock);
        if (stopped) {
                (void)inode_unref(&s->inodes, u->folder);
                free(u);
        }
}

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

static void notify_target_tell(struct session *s, const struct notify_target *t)
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

static void notify_batch_tell(struct session *s, struct notify_batch *b)
{
        struct notify_target *set = NULL, *t, *tmp;

        if (!b->everything && notify_targets(&set, b->changes, b->n) < 0)
                b->everything = true;
        if (b->everything)
                notify_everything(s, s->inodes.root);
        else
                HASH_ITER (hh, set, t, tmp)
                        notify_target_tell(s, t);
        notify_targets_done(&set);
        for (struct notify_user *u = b->users; u != NULL; u = u->next) {
                (void)fuse_lowlevel_notify_inval_entry(
                        s->fuse, u->folder->id, u->name, strlen(u->name));
                (void)fuse_lowlevel_notify_inval_inode(s->fuse, u->folder->id, 0, 0);
        }
        if (b->n > 0 || b->everything)
                waits_check(s);
}

/* Calls the barriers and frees. */
static void notify_batch_done(struct session *s, struct notify_batch *b)
{
        for (struct notify_user *u = b->users, *next; u != NULL; u = next) {
                next = u->next;
                (void)inode_unref(&s->inodes, u->folder);
                free(u);
        }
        for (struct notify_barrier *barrier = b->barriers, *next; barrier != NULL; barrier = next) {
                next = barrier->next;
                barrier->done(barrier->arg);
                free(barrier);
        }
        free(b->changes);
        notify_batch_init(b);
}

/* ---------------------------------------------------------------- the thread */

static int64_t notify_now_ms(clockid_t clock)
{
        struct timespec ts;

        (void)clock_gettime(clock, &ts);
        return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Waits for work, or until a parked request is due. */
static void notify_wait_locked(struct notifier *n, int64_t due_ms)
{
        struct timespec until;
        int64_t left, at;

        if (due_ms == INT64_MAX) {
                pthread_cond_wait(&n->synced.wake, &n->synced.lock);
                return;
        }
        left = due_ms - notify_now_ms(CLOCK_BOOTTIME);
        at = notify_now_ms(CLOCK_MONOTONIC) + (left > 0 ? left : 0) + 1;
        until = (struct timespec){ .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };
        (void)pthread_cond_timedwait(&n->synced.wake, &n->synced.lock, &until);
}

static void *notify_run(void *arg)
{
        struct notifier *n = arg;
        bool stop = false;

        while (!stop) {
                int64_t due = parking_expire(&n->session->parking, notify_now_ms(CLOCK_BOOTTIME));
                struct notify_batch batch;

                pthread_mutex_lock(&n->synced.lock);
                if (notify_batch_empty(&n->synced.batch) && !n->synced.kicked && !n->synced.stop)
                        notify_wait_locked(n, due);
                n->synced.kicked = false;
                stop = n->synced.stop;
                batch = n->synced.batch;
                notify_batch_init(&n->synced.batch);
                pthread_mutex_unlock(&n->synced.lock);

                notify_batch_tell(n->session, &batch);
                notify_batch_done(n->session, &batch);
        }
        return NULL;
}

static void notify_kick(void *arg)
{
        struct notifier *n = arg;

        pthread_mutex_lock(&n->synced.lock);
        n->synced.kicked = true;
        pthread_cond_signal(&n->synced.wake);
        pthread_mutex_unlock(&n->synced.lock);
}

int notifier_new(struct notifier **ret, struct session *s, struct err *err)
{
        struct notifier *n = calloc(1, sizeof(*n));
        pthread_condattr_t attr;
        int r;

        if (n == NULL)
                return err_set(err, -ENOMEM, "make the notifier");
        n->session = s;
        notify_batch_init(&n->synced.batch);
        r = pthread_condattr_init(&attr);
        if (r == 0) {
                (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
                r = pthread_cond_init(&n->synced.wake, &attr);
                (void)pthread_condattr_destroy(&attr);
        }
        if (r == 0)
                r = pthread_mutex_init(&n->synced.lock, NULL);
        if (r != 0) {
                free(n);
                return err_set(err, -r, "make the notifier's lock");
        }
        s->parking.wake = notify_kick;
        s->parking.wake_arg = n;
        *ret = n;
        return 0;
}

int notifier_start(struct notifier *n, struct err *err)
{
        int r = pthread_create(&n->thread, NULL, notify_run, n);

        if (r != 0)
                return err_set(err, -r, "start the notifier thread");
        n->running = true;
        return 0;
}

void notifier_stop(struct notifier *n)
{
        if (n == NULL)
                return;
        pthread_mutex_lock(&n->synced.lock);
        n->synced.stop = true;
        pthread_cond_signal(&n->synced.wake);
        pthread_mutex_unlock(&n->synced.lock);
        if (n->running)
                (void)pthread_join(n->thread, NULL);
        n->running = false;
}

struct notifier *notifier_free(struct notifier *n)
{
        if (n == NULL)
                return NULL;
        notifier_stop(n);
        /* Of one that was never started. */
        notify_batch_done(n->session, &n->synced.batch);
        (void)pthread_cond_destroy(&n->synced.wake);
        (void)pthread_mutex_destroy(&n->synced.lock);
        free(n);
        return NULL;
}
