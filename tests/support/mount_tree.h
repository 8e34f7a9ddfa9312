/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A small tree over a model made by hand, for tests of what serves any tree: every kind of row, and
 * a write path that only counts what it is asked. A member's
 * `seen` is the value that changes; its `reachable` ends the wait; its `stale` makes a row appear.
 *
 *         top -> README.txt events.jsonl
 * prod/{sum.txt,first,clusters/cluster-000…/{phase,lines.txt,…},backups/}
 *
 * Not every test uses all of it.
 */
#include <errno.h>
#include <stdatomic.h>

#include "fs/reply.h"
#include "fs/session.h"
#include "tests/support/mount.h"

enum { MEMBERS = 300, LINES_MAX = 97 };

static inline int render_readme(const struct subject *s, struct buf *out)
{
        (void)s;
        return buf_puts(out, "read me\n");
}

static inline int render_phase(const struct subject *s, struct buf *out)
{
        return buf_printf(out, "%lld\n", (long long)s->member->seen);
}

/* Lines that all say the value, as many as the value says: a torn or wrongly sized read cannot pass
 * for whole. */
static inline int render_lines(const struct subject *s, struct buf *out)
{
        for (int64_t i = 0; i <= s->member->seen % LINES_MAX; i++)
                (void)buf_printf(out, "generation %lld of the file, as every line says\n",
                        (long long)s->member->seen);
        return 0;
}

static inline int render_sum(const struct subject *s, struct buf *out)
{
        struct member *c, *tmp;
        long long sum = 0;

        HASH_ITER (hh, s->fleet->members, c, tmp)
                sum += c->seen;
        return buf_printf(out, "sum %lld\n", sum);
}

static inline int render_first(const struct subject *s, struct buf *out)
{
        return buf_printf(out, "clusters/%s", s->fleet->members->name);
}

static inline int render_verbs(const struct subject *s, struct buf *out)
{
        (void)s;
        return buf_puts(out, "run\n");
}

static inline int render_seen(const struct subject *s, struct buf *out)
{
        return s->member->seen > 0 ? buf_printf(out, "%lld", (long long)s->member->seen) : 0;
}

static inline bool is_stale(const struct subject *s)
{
        return s->member->stale;
}

static inline bool is_reachable(const struct subject *s)
{
        return s->member->reachable;
}

static inline int64_t member_mtime(const struct subject *s)
{
        return s->member->changed;
}

static inline bool find_member(const struct subject *dir, const char *name, struct subject *child)
{
        child->member = fleet_member(dir->fleet, name);
        return child->member != NULL;
}

static inline bool next_member(const struct subject *dir, struct node_cursor *cursor)
{
        const struct member *c = cursor->at != NULL ? ((const struct member *)cursor->at)->hh.next
                                                    : dir->fleet->members;

        cursor->at = c;
        cursor->name = c != NULL ? c->name : NULL;
        return c != NULL;
}

static inline bool find_fleet(const struct subject *dir, const char *name, struct subject *child)
{
        child->fleet = model_fleet(dir->model, name);
        return child->fleet != NULL;
}

static inline bool next_fleet(const struct subject *dir, struct node_cursor *cursor)
{
        const struct fleet *f = cursor->at != NULL ? ((const struct fleet *)cursor->at)->hh.next
                                                   : dir->model->fleets;

        cursor->at = f;
        cursor->name = f != NULL ? f->name : NULL;
        return f != NULL;
}

static inline void log_events(const struct subject *s, struct node_log *ret)
{
        const struct event_log *e = &s->model->events;

        *ret = (struct node_log){
                .bytes = e->bytes, .len = e->len, .generation = e->generation, .mtime = e->last
        };
}

static const struct node_xattr member_xattrs[] = { { "seen", render_seen }, { NULL, NULL } };

static const struct node_row logs_rows[] = {
        FILE_ROW("log.txt", render_readme, .flags = NODE_CONST, .help = "the log"),
};
static const struct node_table logs_table = NODE_TABLE(logs_rows);
static const struct node_row member_rows[] = {
        FILE_ROW("phase", render_phase, .flags = NODE_WATCHED, .help = "one word",
                .xattrs = member_xattrs),
        FILE_ROW("lines.txt", render_lines, .flags = NODE_WATCHED, .help = "many lines"),
        FILE_ROW("stale.txt", render_readme, .flags = NODE_CONST, .shown = is_stale,
                .help = "only while stale"),
        CTL_ROW("ctl", render_verbs, .help = "verbs"),
        WAIT_ROW("wait", is_reachable, render_phase, .help = "until it is reachable"),
        DIR_ROW("logs", logs_table, .help = "from the network"),
};
static const struct node_table member_table = NODE_TABLE(member_rows);
static const struct node_row member_row = { .kind = NODE_DIR,
        .table = &member_table,
        .mtime = member_mtime,
        .xattrs = member_xattrs,
        .help = "a cluster" };
static const struct node_row clusters_rows[] = { LIST_ROW(
        find_member, next_member, member_row, .help = "clusters") };
static const struct node_table clusters_table = NODE_TABLE(clusters_rows);
static const struct node_row backups_rows[] = {
        FILE_ROW("README.txt", render_readme, .flags = NODE_CONST, .help = "what to do"),
        USER_ROW(.help = "policies"),
};
static const struct node_table backups_table = NODE_TABLE(backups_rows);
static const struct node_row fleet_rows[] = {
        FILE_ROW("sum.txt", render_sum, .flags = NODE_AGGREGATE, .help = "a sum"),
        LINK_ROW("first", render_first, .flags = NODE_WATCHED, .help = "a cluster"),
        DIR_ROW("clusters", clusters_table, .help = "clusters"),
        DIR_ROW("backups", backups_table, .folder = FOLDER_BACKUPS, .help = "policies"),
};
static const struct node_table fleet_table = NODE_TABLE(fleet_rows);
static const struct node_row fleet_row = {
        .kind = NODE_DIR, .table = &fleet_table, .help = "a fleet"
};
static const struct node_row top_rows[] = {
        FILE_ROW("README.txt", render_readme, .flags = NODE_CONST, .help = "what to do"),
        LOG_ROW("events.jsonl", log_events, .help = "events"),
        LIST_ROW(find_fleet, next_fleet, fleet_row, .help = "fleets"),
};
static const struct node_table top = NODE_TABLE(top_rows);

/* ---------------------------------------------------------------- a write path that only counts */

static struct {
        atomic_uint armed, unlinked, renamed, created, made;
        pthread_mutex_t lock;
        char ctl[256];
        struct parked *parked; /* of the verb "sleep" */
} asked = { .lock = PTHREAD_MUTEX_INITIALIZER };

static inline int no_lookup(
        struct session *s, const struct subject *folder, const char *name, struct userfile **ret)
{
        (void)s, (void)folder, (void)name, (void)ret;
        return -ENOENT;
}

static inline int no_list(struct session *s, const struct subject *folder,
        int (*emit)(void *arg, const char *name, mode_t type), void *arg)
{
        (void)s, (void)folder;
        return emit(arg, "nightly.yaml", S_IFREG);
}

static inline void count_create(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name, int flags)
{
        (void)s, (void)folder, (void)name, (void)flags;
        asked.created++;
        reply_err(req, "create", -ENOSPC, NULL);
}

static inline void count_unlink(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        (void)s, (void)folder, (void)name;
        asked.unlinked++;
        reply_err(req, "unlink", -EBUSY, NULL);
}

static inline void count_rename(fuse_req_t req, struct session *s, struct inode *from_folder,
        const char *from, struct inode *to_folder, const char *to, unsigned flags)
{
        (void)s, (void)from_folder, (void)from, (void)to_folder, (void)to, (void)flags;
        asked.renamed++;
        reply_err(req, "rename", -EXDEV, NULL);
}

static inline void count_mkdir(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        (void)s, (void)folder, (void)name;
        asked.made++;
        reply_err(req, "mkdir", -EBUSY, NULL);
}

static inline void count_symlink(fuse_req_t req, struct session *s, struct inode *folder,
        const char *name, const char *target)
{
        (void)s, (void)folder, (void)name, (void)target;
        asked.made++;
        reply_err(req, "symlink", -EBUSY, NULL);
}

static inline void count_arm(struct session *s, uid_t uid)
{
        (void)s;
        if (uid == getuid())
                asked.armed++;
}

static inline void take_ctl(
        fuse_req_t req, struct session *s, struct inode *ctl, const char *bytes, size_t len)
{
        struct err err = ERR_INIT;
        struct node n;

        session_read_begin(s);
        assert_int_equal(inode_resolve(ctl, &s->root, &n), 0);
        pthread_mutex_lock(&asked.lock);
        snprintf(asked.ctl, sizeof(asked.ctl), "%s: %.*s", n.subject.member->name,
                (int)(len < 100 ? len : 100), bytes);
        asked.ctl[strcspn(asked.ctl, "\n")] = '\0';
        pthread_mutex_unlock(&asked.lock);
        session_read_end(s);
        if (len >= 6 && memcmp(bytes, "sleep\n", 6) == 0) {
                struct parked *p;

                (void)parked_new(&p, &s->parking, req, "write", 50, 0);
                pthread_mutex_lock(&asked.lock);
                asked.parked = p;
                pthread_mutex_unlock(&asked.lock);
        } else if (len >= 4 && memcmp(bytes, "run\n", 4) == 0) {
                reply_write(req, len);
        } else {
                err_set(&err, -EINVAL, "unknown verb");
                reply_err(req, "write", err.code, NULL);
        }
}

__attribute__((unused)) static const struct write_ops counting = {
        .lookup = no_lookup,
        .list = no_list,
        .create = count_create,
        .unlink = count_unlink,
        .rename = count_rename,
        .mkdir = count_mkdir,
        .symlink = count_symlink,
        .guard_arm = count_arm,
        .ctl = take_ctl,
};

/* ---------------------------------------------------------------- fixtures */

static inline void fill(struct model *m)
{
        struct fleet *f = model_add_fleet(m, "prod");

        for (int i = 0; i < MEMBERS; i++) {
                char name[32];
                struct member *c;

                snprintf(name, sizeof(name), "cluster-%03d", i);
                c = fleet_add_member(f, name);
                c->seen = 1;
                c->changed = 1788220860 + i;
        }
        m->events = (struct event_log){ .bytes = strdup("{\"n\":0}\n"),
                .len = 8,
                .cap = 9,
                .generation = 1,
                .last = 1788217300 };
}

static inline int setup(void **state)
{
        asked.armed = asked.unlinked = asked.renamed = asked.created = asked.made = 0;
        asked.ctl[0] = '\0';
        return mount_setup(state, &top, &counting, 0, fill);
}

static inline int setup_read_only(void **state)
{
        return mount_setup(state, &top, NULL, MOUNT_READ_ONLY, fill);
}

static inline struct member *member(struct mount *m, int i)
{
        char name[32];

        snprintf(name, sizeof(name), "cluster-%03d", i);
        return fleet_member(model_fleet(&m->model, "prod"), name);
}

static inline void set_seen(struct mount *m, int i, int64_t seen)
{
        model_write_begin(&m->model);
        member(m, i)->seen = seen;
        model_touch_member(member(m, i), false);
        mount_change_end(m);
}

/* Names of a folder in the order of readdir, each once; -1 with errno. */
static inline int list(const char *path, char names[][64], int max)
{
        DIR *d = opendir(path);
        struct dirent *e;
        int n = 0;

        if (d == NULL)
                return -1;
        while ((e = readdir(d)) != NULL && n < max)
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        snprintf(names[n++], 64, "%.63s", e->d_name);
        closedir(d);
        return n;
}
