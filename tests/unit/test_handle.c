/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/handle.h"

#include <sys/wait.h>
#include <sys/xattr.h>

#include "tests/support/mount_tree.h"

/*
 * The smallest write path there can be: up to eight files in RAM, in backups/ of the small tree. It
 * proves what the frame does for any of them: inodes, handles and their ends.
 */
struct userfile {
        atomic_uint refs;
        char name[64]; /* "" once unlinked */
        char bytes[8192];
        size_t len;
        uint64_t ino;
};

static struct {
        pthread_mutex_t lock;
        struct userfile *files[8];
        uint64_t next_ino;
        atomic_int alive, open, flushed, released, answering;
} store = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct userfile *file_ref(struct userfile *f)
{
        f->refs++;
        return f;
}

static void file_unref(struct userfile *f)
{
        if (--f->refs == 0) {
                store.alive--;
                free(f);
        }
}

static struct userfile **slot_locked(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(store.files); i++)
                if (store.files[i] != NULL ? strcmp(store.files[i]->name, name) == 0
                                           : name[0] == '\0')
                        return &store.files[i];
        return NULL;
}

static int file_lookup(
        struct session *s, const struct subject *folder, const char *name, struct userfile **ret)
{
        struct userfile **at;

        (void)s;
        assert_int_equal(folder->folder, FOLDER_BACKUPS);
        LOCK_SCOPE(&store.lock);
        at = slot_locked(name);
        if (at == NULL)
                return -ENOENT;
        *ret = file_ref(*at);
        return 0;
}

static int file_list(struct session *s, const struct subject *folder,
        int (*emit)(void *arg, const char *name, mode_t type), void *arg)
{
        int r = 0;

        (void)s;
        (void)folder;
        LOCK_SCOPE(&store.lock);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(store.files); i++)
                if (store.files[i] != NULL)
                        r = emit(arg, store.files[i]->name, S_IFREG);
        return r;
}

static int file_getattr(struct session *s, struct userfile *f, struct user_attr *ret)
{
        (void)s;
        LOCK_SCOPE(&store.lock);
        *ret = (struct user_attr){ .mode = S_IFREG | 0600,
                .size = f->len,
                .mtime_ns = 1788217200123456789,
                .ino = f->ino };
        return 0;
}

static int file_content(struct session *s, struct userfile *f, struct buf *out)
{
        (void)s;
        LOCK_SCOPE(&store.lock);
        return buf_append(out, f->bytes, f->len);
}

static int *state_new(void)
{
        int *state = malloc(sizeof(*state));

        *state = 0;
        store.open++;
        return state;
}

static void file_close(struct session *s, void *state)
{
        (void)s;
        store.open--;
        free(state);
}

static void file_create(
        fuse_req_t req, struct session *s, struct inode *folder, const char *name, int flags)
{
        struct userfile *f = calloc(1, sizeof(*f)), **at;

        (void)s;
        pthread_mutex_lock(&store.lock);
        at = slot_locked("");
        snprintf(f->name, sizeof(f->name), "%s", name);
        f->ino = 1000 + ++store.next_ino;
        f->refs = 2; /* the store's, and the one that is handed over */
        *at = f;
        store.alive++;
        pthread_mutex_unlock(&store.lock);
        reply_create(req, folder, name, f, flags, state_new());
}

static void file_open(fuse_req_t req, struct session *s, struct inode *file, int flags)
{
        (void)s;
        if (flags & O_TRUNC)
                file->user->len = 0;
        reply_open(req, file, flags, state_new());
}

static void file_read(fuse_req_t req, struct session *s, struct handle *h, size_t size, off_t off)
{
        char copy[sizeof(h->inode->user->bytes)];
        size_t len;

        (void)s;
        pthread_mutex_lock(&store.lock);
        len = h->inode->user->len;
        memcpy(copy, h->inode->user->bytes, len);
        pthread_mutex_unlock(&store.lock);
        reply_bytes(req, copy, len, size, off);
}

static void file_write(fuse_req_t req, struct session *s, struct handle *h, const char *bytes,
        size_t len, off_t off)
{
        struct userfile *f = h->inode->user;

        (void)s;
        assert_int_not_equal(h->flags & O_ACCMODE, O_RDONLY);
        if ((size_t)off + len > sizeof(f->bytes)) {
                reply_err(req, "write", -EFBIG, NULL);
                return;
        }
        pthread_mutex_lock(&store.lock);
        memcpy(f->bytes + off, bytes, len);
        if ((size_t)off + len > f->len)
                f->len = (size_t)off + len;
        pthread_mutex_unlock(&store.lock);
        reply_write(req, len);
}

/* From another thread, as the engine answers. */
static void *flush_later(void *arg)
{
        fuse_req_t req;

        usleep(2000);
        req = parked_take(arg);
        store.flushed++;
        if (req != NULL)
                reply_err(req, "flush", 0, NULL);
        store.answering--;
        return NULL;
}

static void file_flush(fuse_req_t req, struct session *s, struct handle *h)
{
        struct parked *p;
        pthread_t t;

        assert_true(h->flags >= 0 && h->uid == getuid() && h->pid != 0);
        if (parked_new(&p, &s->parking, req, "flush", 5000, 0) == 0) {
                store.answering++;
                assert_int_equal(pthread_create(&t, NULL, flush_later, p), 0);
                pthread_detach(t);
        }
}

static void file_release(fuse_req_t req, struct session *s, struct handle *h)
{
        store.released++;
        (void)handle_free(s, h);
        reply_err(req, "release", 0, NULL);
}

static void file_unlink(fuse_req_t req, struct session *s, struct inode *folder, const char *name)
{
        struct userfile **at, *f = NULL;

        (void)s;
        (void)folder;
        pthread_mutex_lock(&store.lock);
        at = slot_locked(name);
        if (at != NULL)
                f = TAKE(*at);
        pthread_mutex_unlock(&store.lock);
        if (f != NULL)
                file_unref(f);
        reply_err(req, "unlink", f != NULL ? 0 : -ENOENT, NULL);
}

static void file_rename(fuse_req_t req, struct session *s, struct inode *from_folder,
        const char *from, struct inode *to_folder, const char *to, unsigned flags)
{
        struct userfile **at, **over, *gone = NULL;

        (void)s, (void)from_folder, (void)to_folder, (void)flags;
        pthread_mutex_lock(&store.lock);
        over = slot_locked(to);
        if (over != NULL)
                gone = TAKE(*over);
        at = slot_locked(from);
        if (at != NULL)
                snprintf((*at)->name, sizeof((*at)->name), "%s", to);
        pthread_mutex_unlock(&store.lock);
        if (gone != NULL)
                file_unref(gone);
        reply_err(req, "rename", at != NULL ? 0 : -ENOENT, NULL);
}

static void file_setattr(fuse_req_t req, struct session *s, struct inode *file,
        const struct stat *attr, int to_set, struct handle *h)
{
        (void)s;
        (void)h;
        if (to_set & FUSE_SET_ATTR_SIZE) {
                pthread_mutex_lock(&store.lock);
                file->user->len = (size_t)attr->st_size;
                pthread_mutex_unlock(&store.lock);
        }
        reply_user_attr(req, "setattr", file);
}

static int file_getxattr(struct session *s, struct userfile *f, const char *name, struct buf *out)
{
        (void)s;
        return strcmp(name, "name") == 0 ? buf_puts(out, f->name) : -ENODATA;
}

static int file_listxattr(struct session *s, struct userfile *f, struct buf *out)
{
        (void)s;
        (void)f;
        return buf_append(out, "name", sizeof("name"));
}

static const struct write_ops in_ram = {
        .lookup = file_lookup,
        .list = file_list,
        .ref = file_ref,
        .unref = file_unref,
        .getattr = file_getattr,
        .content = file_content,
        .getxattr = file_getxattr,
        .listxattr = file_listxattr,
        .create = file_create,
        .unlink = file_unlink,
        .rename = file_rename,
        .open = file_open,
        .read = file_read,
        .write = file_write,
        .flush = file_flush,
        .release = file_release,
        .close = file_close,
        .setattr = file_setattr,
        .guard_arm = count_arm,
};

/* ---------------------------------------------------------------- fixtures */

static bool becomes(atomic_int *value, int expected)
{
        int64_t end = mount_now_ms() + 5000;

        while (*value != expected && mount_now_ms() < end)
                usleep(1000);
        return *value == expected;
}

/* When close() returns, who answered it may use the session yet: it is freed after that. */
static bool nobody_answers(void)
{
        return becomes(&store.answering, 0);
}

static int setup_ram(void **state)
{
        store.flushed = store.released = 0;
        return mount_setup(state, &top, &in_ram, 0, fill);
}

/* Everything is given back: handles at unmount, and files with their last inode. */
static int teardown_ram(void **state)
{
        bool quiet = nobody_answers();
        int r = mount_teardown(state);

        for (size_t i = 0; i < ARRAY_SIZE(store.files); i++)
                if (store.files[i] != NULL)
                        file_unref(TAKE(store.files[i]));
        return r != 0 || !quiet || store.alive != 0 || store.open != 0 ? -1 : 0;
}

static void write_file(struct mount *m, const char *path, const char *text)
{
        int fd = open(mount_path(m, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);

        assert_true(fd >= 0);
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
        assert_int_equal(close(fd), 0);
}

/* ---------------------------------------------------------------- tests */

static void what_is_written_is_read(void **state)
{
        struct mount *m = mount_of(state);
        struct stat st;
        char value[64];

        write_file(m, "prod/backups/a.yaml", "kind: Backup\n");
        assert_int_equal(store.flushed, 1); /* close() waited for the answer */
        mount_assert_text(m, "prod/backups/a.yaml", "kind: Backup\n");
        assert_int_equal(stat(mount_path(m, "prod/backups/a.yaml"), &st), 0);
        assert_int_equal(st.st_size, 13);
        assert_int_equal(st.st_mtim.tv_nsec, 123456789);
        assert_int_equal(st.st_ino, 1000 + store.next_ino);
        /* In place, longer and shorter. */
        write_file(m, "prod/backups/a.yaml", "kind: Backup\nmetadata: {}\n");
        mount_assert_text(m, "prod/backups/a.yaml", "kind: Backup\nmetadata: {}\n");
        write_file(m, "prod/backups/a.yaml", "x\n");
        mount_assert_text(m, "prod/backups/a.yaml", "x\n");
        assert_int_equal(truncate(mount_path(m, "prod/backups/a.yaml"), 1), 0);
        mount_assert_text(m, "prod/backups/a.yaml", "x");
        assert_int_equal(getxattr(mount_path(m, "prod/backups/a.yaml"), "user.fleetfs.name", value,
                                 sizeof(value)),
                6);
        assert_int_equal(listxattr(mount_path(m, "prod/backups/a.yaml"), value, sizeof(value)),
                sizeof("user.fleetfs.name"));
}

static void a_change_from_elsewhere_is_seen_at_once(void **state)
{
        struct mount *m = mount_of(state);

        write_file(m, "prod/backups/a.yaml", "one\n");
        mount_assert_text(m, "prod/backups/a.yaml", "one\n");
        for (int i = 1; i < 30; i++) {
                char text[32];

                pthread_mutex_lock(&store.lock);
                store.files[0]->len = (size_t)snprintf(store.files[0]->bytes, 32, "%*d\n", i, i);
                snprintf(text, sizeof(text), "%.31s", store.files[0]->bytes);
                pthread_mutex_unlock(&store.lock);
                mount_assert_text(m, "prod/backups/a.yaml", text);
        }
}

static void an_unlinked_file_stays_for_who_holds_it(void **state)
{
        struct mount *m = mount_of(state);
        struct stat st;
        char text[16];
        int fd;

        write_file(m, "prod/backups/a.yaml", "one\n");
        fd = open(mount_path(m, "prod/backups/a.yaml"), O_RDONLY);
        assert_int_equal(unlink(mount_path(m, "prod/backups/a.yaml")), 0);
        assert_int_equal(access(mount_path(m, "prod/backups/a.yaml"), F_OK), -1);
        assert_int_equal(fstat(fd, &st), 0);
        assert_int_equal(st.st_size, 4);
        assert_int_equal(read(fd, text, sizeof(text)), 4);
        /* The same name again is another file. */
        write_file(m, "prod/backups/a.yaml", "two two\n");
        mount_assert_text(m, "prod/backups/a.yaml", "two two\n");
        assert_int_equal(pread(fd, text, sizeof(text), 0), 4);
        close(fd);
        assert_true(becomes(&store.alive, 1));
}

/* As editors and rsync save: write beside, rename over. */
static void a_rename_replaces(void **state)
{
        struct mount *m = mount_of(state);
        struct stat st;
        int fd;

        for (int i = 0; i < 50; i++) {
                char text[32];

                snprintf(text, sizeof(text), "version %d\n", i);
                write_file(m, "prod/backups/.a.yaml.tmp", text);
                fd = open(mount_path(m, "prod/backups/.a.yaml.tmp"), O_RDONLY);
                assert_int_equal(rename(mount_path(m, "prod/backups/.a.yaml.tmp"),
                                         mount_path(m, "prod/backups/a.yaml")),
                        0);
                mount_assert_text(m, "prod/backups/a.yaml", text);
                assert_int_equal(access(mount_path(m, "prod/backups/.a.yaml.tmp"), F_OK), -1);
                assert_int_equal(fstat(fd, &st), 0);
                close(fd);
        }
        assert_true(becomes(&store.alive, 1));
}

static void every_handle_is_released(void **state)
{
        struct mount *m = mount_of(state);
        int fds[20];

        write_file(m, "prod/backups/a.yaml", "one\n");
        for (int i = 0; i < 20; i++)
                fds[i] = open(mount_path(m, "prod/backups/a.yaml"), i % 2 ? O_RDWR : O_RDONLY);
        assert_int_equal(store.open, 20);
        for (int i = 0; i < 20; i++)
                assert_int_equal(close(fds[i]), 0);
        assert_true(becomes(&store.open, 0));
        assert_int_equal(store.released, 21);
}

/* Nobody releases them any more: the session ends them, and the fixture counts. */
static void what_is_open_at_unmount_is_ended(void **state)
{
        struct mount *m = mount_of(state);
        int fd;

        write_file(m, "prod/backups/a.yaml", "one\n");
        fd = open(mount_path(m, "prod/backups/a.yaml"), O_RDWR);
        assert_true(fd >= 0);
        assert_true(nobody_answers());
        mount_stop(m);
        assert_int_equal(store.open, 0);
        (void)close(fd);
}

static void a_limit_is_told_in_write(void **state)
{
        struct mount *m = mount_of(state);
        int fd = open(mount_path(m, "prod/backups/big"), O_WRONLY | O_CREAT, 0600);

        assert_int_equal(pwrite(fd, "x", 1, 100000), -1);
        assert_int_equal(errno, EFBIG);
        close(fd);
}

static void a_read_only_mount_shows_the_same_bytes(void **state)
{
        struct mount *m = mount_of(state);
        struct err err = ERR_INIT;
        uint64_t before = 0;

        write_file(m, "prod/backups/a.yaml", "one\n");
        assert_true(nobody_answers());
        mount_stop(m);
        assert_ok(mount_start(m, &top, &in_ram, MOUNT_READ_ONLY, &err), &err);
        for (int i = 0; i < 4; i++) {
                before = session_requests(m->session);
                mount_assert_text(m, "prod/backups/a.yaml", "one\n");
        }
        assert_int_equal(session_requests(m->session) - before, 0);
        /* And what changes is told as for any other file. */
        model_write_begin(&m->model);
        pthread_mutex_lock(&store.lock);
        store.files[0]->len = (size_t)snprintf(store.files[0]->bytes, 32, "another\n");
        pthread_mutex_unlock(&store.lock);
        model_touch_object(
                fleet_add_object(model_fleet(&m->model, "prod"), OBJECT_BACKUP, "a"), true);
        mount_change_end(m);
        mount_assert_text(m, "prod/backups/a.yaml", "another\n");
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_WITH(what_is_written_is_read, setup_ram, teardown_ram);
        TEST_WITH(a_change_from_elsewhere_is_seen_at_once, setup_ram, teardown_ram);
        TEST_WITH(an_unlinked_file_stays_for_who_holds_it, setup_ram, teardown_ram);
        TEST_WITH(a_rename_replaces, setup_ram, teardown_ram);
        TEST_WITH(every_handle_is_released, setup_ram, teardown_ram);
        TEST_WITH(what_is_open_at_unmount_is_ended, setup_ram, teardown_ram);
        TEST_WITH(a_limit_is_told_in_write, setup_ram, teardown_ram);
        TEST_WITH(a_read_only_mount_shows_the_same_bytes, setup_ram, teardown_ram);
        return test_run("handle");
}
