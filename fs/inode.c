/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/inode.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "fs/listing.h"

/*
 * Life of an inode. inode_enter() makes it with one lookup, in both indexes and in its parent's
 * list of children, holding a reference to the parent. inode_supersede(), or a newer version, takes
 * it out of the index of names; it stays reachable by its number. When the kernel forgot it and
 * nobody holds a reference it is collected: unlinked under the lock, and freed after it, because
 * letting go of a user's file calls the write path. Letting go of the parent may collect the parent
 * as well, and so on up.
 */

uint64_t inode_hash(uint64_t seed, const void *bytes, size_t n)
{
        const unsigned char *p = bytes;

        for (size_t i = 0; i < n; i++)
                seed = (seed ^ p[i]) * 0x100000001b3ULL;
        return seed;
}

uint64_t inode_mix(uint64_t hash)
{
        hash ^= hash >> 33;
        hash *= 0xff51afd7ed558ccdULL;
        hash ^= hash >> 33;
        hash *= 0xc4ceb9fe1a85ec53ULL;
        hash ^= hash >> 33;
        return hash > 1 ? hash : hash + 2;
}

static uint64_t inode_path_hash(const struct inode *parent, const char *name)
{
        uint64_t h = inode_hash(parent->path_hash, "/", 1);

        return inode_hash(h, name, strlen(name));
}

uint64_t inode_path_ino(const struct inode *parent, const char *name)
{
        return inode_mix(inode_path_hash(parent, name));
}

void inode_version_done(struct inode_version *v, const struct inode_table *t)
{
        if (v == NULL)
                return;
        free(v->bytes);
        if (v->user != NULL)
                t->ops->unref(v->user);
        *v = (struct inode_version){ .row = NULL };
}

/* ---------------------------------------------------------------- names as keys */

struct inode_key {
        size_t len;
        unsigned char bytes[sizeof(uint64_t) + NAME_MAX + 1];
};

/* False for a name that no inode can have. */
static bool inode_key_set(struct inode_key *k, const struct inode *parent, const char *name)
{
        size_t n = strlen(name);

        if (n > NAME_MAX)
                return false;
        memcpy(k->bytes, &parent->id, sizeof(parent->id));
        memcpy(k->bytes + sizeof(parent->id), name, n + 1);
        k->len = sizeof(parent->id) + n;
        return true;
}

static struct inode *inode_current_locked(
        struct inode_table *t, struct inode *parent, const char *name)
{
        struct inode_key k;
        struct inode *i = NULL;

        if (inode_key_set(&k, parent, name))
                HASH_FIND(by_name, t->by_name, k.bytes, k.len, i);
        return i;
}

static void inode_retire_locked(struct inode_table *t, struct inode *i)
{
        if (!i->synced.current)
                return;
        HASH_DELETE(by_name, t->by_name, i);
        i->synced.current = false;
}

/* ---------------------------------------------------------------- birth and death */

static struct inode *inode_alloc(const struct inode *parent, const char *name)
{
        size_t n = strlen(name);
        struct inode *i;

        if (n > NAME_MAX)
                return NULL;
        i = calloc(1, sizeof(*i) + sizeof(uint64_t) + n + 1);
        if (i == NULL)
                return NULL;
        if (parent != NULL)
                memcpy(i->key, &parent->id, sizeof(parent->id));
        memcpy(i->key + sizeof(uint64_t), name, n + 1);
        i->name = (const char *)i->key + sizeof(uint64_t);
        return i;
}

static void inode_destroy(struct inode_table *t, struct inode *i)
{
        if (i->user != NULL)
                t->ops->unref(i->user);
        listing_free(i->synced.listing);
        free(i->bytes);
        free(i);
}

/* Unlinks i, and what only i kept, if nothing keeps it. The dead are chained by synced.next. */
static struct inode *inode_collect_locked(struct inode_table *t, struct inode *i)
{
        struct inode *dead = NULL;

        while (i != t->root && i->synced.lookups == 0 && i->synced.refs == 0) {
                struct inode *parent = i->parent;

                inode_retire_locked(t, i);
                HASH_DELETE(by_id, t->by_id, i);
                t->count--;
                if (i->synced.prev != NULL)
                        i->synced.prev->synced.next = i->synced.next;
                else
                        parent->synced.children = i->synced.next;
                if (i->synced.next != NULL)
                        i->synced.next->synced.prev = i->synced.prev;
                i->synced.next = dead;
                dead = i;
                parent->synced.refs--;
                i = parent;
        }
        return dead;
}

static void inode_bury(struct inode_table *t, struct inode *dead)
{
        while (dead != NULL) {
                struct inode *next = dead->synced.next;

                inode_destroy(t, dead);
                dead = next;
        }
}

int inode_table_init(
        struct inode_table *t, struct session *s, const struct write_ops *ops, struct err *err)
{
        struct inode *root = inode_alloc(NULL, "");
        int r;

        *t = (struct inode_table){ .ops = ops, .session = s, .next_id = 2 };
        if (root == NULL)
                return err_set(err, -ENOMEM, "make the root inode");
        r = pthread_mutex_init(&t->lock, NULL);
        if (r != 0) {
                free(root);
                return err_set(err, -r, "make the inode table's lock");
        }
        root->id = 1;
        root->path_hash = INODE_HASH_INIT;
        root->ino = inode_mix(root->path_hash);
        root->mode = S_IFDIR | 0700;
        HASH_ADD(by_id, t->by_id, id, sizeof(root->id), root);
        t->root = root;
        return 0;
}

void inode_table_done(struct inode_table *t)
{
        struct inode *i, *tmp;

        if (t->root == NULL)
                return;
        HASH_CLEAR(by_name, t->by_name);
        HASH_ITER (by_id, t->by_id, i, tmp) {
                HASH_DELETE(by_id, t->by_id, i);
                inode_destroy(t, i);
        }
        t->root = NULL;
        t->count = 0;
        pthread_mutex_destroy(&t->lock);
}

/* ---------------------------------------------------------------- references */

struct inode *inode_get(struct inode_table *t, uint64_t id)
{
        struct inode *i;

        LOCK_SCOPE(&t->lock);
        HASH_FIND(by_id, t->by_id, &id, sizeof(id), i);
        return i;
}

struct inode *inode_ref(struct inode_table *t, struct inode *i)
{
        LOCK_SCOPE(&t->lock);
        i->synced.refs++;
        return i;
}

struct inode *inode_unref(struct inode_table *t, struct inode *i)
{
        struct inode *dead;

        if (i == NULL)
                return NULL;
        pthread_mutex_lock(&t->lock);
        i->synced.refs--;
        dead = inode_collect_locked(t, i);
        pthread_mutex_unlock(&t->lock);
        inode_bury(t, dead);
        return NULL;
}

void inode_forget_id(struct inode_table *t, uint64_t id, uint64_t n)
{
        struct inode *i, *dead = NULL;

        pthread_mutex_lock(&t->lock);
        HASH_FIND(by_id, t->by_id, &id, sizeof(id), i);
        if (i != NULL && i != t->root) {
                /* The kernel cannot forget more than it was told; a count that went below would
                 * never end. */
                i->synced.lookups -= n < i->synced.lookups ? n : i->synced.lookups;
                dead = inode_collect_locked(t, i);
        }
        pthread_mutex_unlock(&t->lock);
        inode_bury(t, dead);
}

void inode_forget(struct inode_table *t, struct inode *i, uint64_t n)
{
        inode_forget_id(t, i->id, n);
}

/* ---------------------------------------------------------------- versions */

bool inode_is(const struct inode *i, const struct inode_version *v)
{
        if (i->row != v->row || i->user != v->user || i->mode != v->mode ||
                i->generation != v->generation)
                return false;
        if ((i->bytes != NULL) != (v->bytes != NULL))
                return false;
        return i->bytes == NULL || (i->mtime_ns == v->mtime_ns && i->len == v->len &&
                                           memcmp(i->bytes, v->bytes, i->len) == 0);
}

/* By path and content where the content makes the file; as the write path says; by path for all
 * else. */
static uint64_t inode_number(const struct inode *i, const struct inode_version *v)
{
        if (v->ino != 0)
                return v->ino;
        if (v->bytes != NULL)
                return inode_mix(inode_hash(inode_hash(i->path_hash, "\0", 1), v->bytes, v->len));
        if (v->row != NULL && v->row->kind == NODE_LOG)
                return inode_mix(inode_hash(i->path_hash, &v->generation, sizeof(v->generation)));
        return inode_mix(i->path_hash);
}

int inode_enter(struct inode_table *t, struct inode *parent, const char *name,
        struct inode_version *v, struct inode **ret)
{
        struct inode *i;

        LOCK_SCOPE(&t->lock);
        i = inode_current_locked(t, parent, name);
        if (i != NULL && inode_is(i, v)) {
                i->synced.lookups++;
                *ret = i;
                return 0;
        }
        if (i != NULL)
                inode_retire_locked(t, i);

        i = inode_alloc(parent, name);
        if (i == NULL)
                return -ENOMEM;
        i->id = t->next_id++;
        i->path_hash = inode_path_hash(parent, name);
        i->ino = inode_number(i, v);
        i->parent = parent;
        i->row = v->row;
        i->user = TAKE(v->user);
        i->mode = v->mode;
        i->mtime_ns = v->mtime_ns;
        i->bytes = TAKE(v->bytes);
        i->len = v->len;
        i->generation = v->generation;
        i->synced.lookups = 1;
        i->synced.current = true;
        parent->synced.refs++;
        i->synced.next = parent->synced.children;
        if (i->synced.next != NULL)
                i->synced.next->synced.prev = i;
        parent->synced.children = i;
        t->count++;
        HASH_ADD(by_id, t->by_id, id, sizeof(i->id), i);
        HASH_ADD(by_name, t->by_name, key, sizeof(uint64_t) + strlen(name), i);
        *ret = i;
        return 0;
}

struct inode *inode_current(struct inode_table *t, struct inode *parent, const char *name)
{
        struct inode *i;

        LOCK_SCOPE(&t->lock);
        i = inode_current_locked(t, parent, name);
        if (i != NULL)
                i->synced.refs++;
        return i;
}

void inode_supersede(struct inode_table *t, struct inode *parent, const char *name)
{
        struct inode *i;

        LOCK_SCOPE(&t->lock);
        i = inode_current_locked(t, parent, name);
        if (i != NULL)
                inode_retire_locked(t, i);
}

struct inode *inode_find(struct inode_table *t, const char *const *names, size_t n)
{
        struct inode *i;

        LOCK_SCOPE(&t->lock);
        i = t->root;
        for (size_t k = 0; k < n && i != NULL; k++)
                i = inode_current_locked(t, i, names[k]);
        if (i == NULL || !S_ISDIR(i->mode))
                return NULL;
        i->synced.refs++;
        return i;
}

int inode_children(struct inode_table *t, const struct inode *dir, char **ret)
{
        size_t size = 1;
        char *block, *p;

        LOCK_SCOPE(&t->lock);
        for (const struct inode *c = dir->synced.children; c != NULL; c = c->synced.next)
                if (c->synced.current)
                        size += strlen(c->name) + 1;
        block = malloc(size);
        if (block == NULL)
                return -ENOMEM;
        p = block;
        for (const struct inode *c = dir->synced.children; c != NULL; c = c->synced.next)
                if (c->synced.current)
                        p = stpcpy(p, c->name) + 1;
        *p = '\0';
        *ret = block;
        return 0;
}

struct listing *inode_take_listing(struct inode_table *t, struct inode *dir)
{
        LOCK_SCOPE(&t->lock);
        return TAKE(dir->synced.listing);
}

void inode_put_listing(struct inode_table *t, struct inode *dir, struct listing *l)
{
        struct listing *old;

        pthread_mutex_lock(&t->lock);
        old = dir->synced.listing;
        dir->synced.listing = l;
        pthread_mutex_unlock(&t->lock);
        listing_free(old);
}

uint64_t inode_set_shown(struct inode_table *t, struct inode *dir, uint64_t shown)
{
        uint64_t old;

        LOCK_SCOPE(&t->lock);
        old = dir->synced.shown;
        dir->synced.shown = shown;
        return old;
}

/* ---------------------------------------------------------------- paths */

int inode_resolve(const struct inode *i, const struct node_root *root, struct node *ret)
{
        const struct inode *up[NODE_DEPTH_MAX];
        size_t n = 0;

        for (const struct inode *k = i; k->parent != NULL; k = k->parent) {
                if (n == ARRAY_SIZE(up))
                        return -ESTALE;
                up[n++] = k;
        }
        node_root(root, ret);
        while (n > 0) {
                const struct inode *step = up[--n];

                /* Another row of the same name: a folder became a link, and this inode is of the
                 * folder. */
                if (node_child(ret, step->name, ret) < 0 || ret->row != step->row)
                        return -ESTALE;
        }
        return 0;
}
