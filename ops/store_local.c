/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/store_local.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"

#define TEMPORARY ".tmp-"
#define DAMAGED ".damaged-"
#define READ_STEP (64 * KIB)
/* A record with its head and name, and room for the last read to find the end. */
#define RECORD_FILE_MAX (STORE_RECORD_MAX + READ_STEP + 1024)

struct store_local {
        struct store store;
        char *path;      /* for messages */
        int dir;         /* -1: there is no store (read-only) */
        int lock;        /* -1: not ours */
        pid_t announced; /* what the lock file says */
        uint64_t temporaries;
};

static const char *const spaces[STORE_SPACES] = {
        [STORE_OBJECTS] = "objects",
        [STORE_SCRATCH] = "scratch",
        [STORE_TRASH] = "trash",
        [STORE_VALUES] = "values",
};

/* ---------------------------------------------------------------- system calls */

static int real_rename(int dirfd, const char *from, const char *to)
{
        return renameat(dirfd, from, dirfd, to);
}

static const struct store_local_sys real_sys = {
        .write = write, .fsync = fsync, .rename = real_rename
};
static const struct store_local_sys *sys = &real_sys;

void store_local_set_sys_for_tests(const struct store_local_sys *s)
{
        sys = s != NULL ? s : &real_sys;
}

static int write_all(int fd, const char *bytes, size_t len)
{
        while (len > 0) {
                ssize_t n = sys->write(fd, bytes, len);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;
                bytes += n;
                len -= (size_t)n;
        }
        return 0;
}

static int read_all(int fd, struct buf *out)
{
        for (;;) {
                ssize_t n;
                int r = buf_reserve(out, READ_STEP);

                if (r < 0)
                        return r;
                n = read(fd, out->data + out->len, READ_STEP);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return n < 0 ? -errno : 0;
                buf_added(out, (size_t)n);
        }
}

/* ---------------------------------------------------------------- names */

static uint64_t fnv1a(uint64_t hash, const void *bytes, size_t len)
{
        const unsigned char *p = bytes;

        for (size_t i = 0; i < len; i++)
                hash = (hash ^ p[i]) * 0x100000001b3ULL;
        return hash;
}
#define FNV1A_INIT 0xcbf29ce484222325ULL

/* No file of ours begins with a dot: those are temporary. '%' is always escaped, so no two names
 * meet. */
void store_local_file_name(char ret[static STORE_FILE_NAME_MAX + 1], const char *name)
{
        size_t n = 0;

        for (const char *p = name; *p != '\0'; p++) {
                bool plain = isalnum((unsigned char)*p) || strchr("_-@+~", *p) != NULL ||
                             (*p == '.' && p != name);

                if (n + 3 > STORE_FILE_NAME_MAX) {
                        /* Two hashes with different beginnings: 128 bits, and "%h" is no escape. */
                        snprintf(ret, STORE_FILE_NAME_MAX + 1, "%%h%016" PRIx64 "%016" PRIx64,
                                fnv1a(FNV1A_INIT, name, strlen(name)),
                                fnv1a(~FNV1A_INIT, name, strlen(name)));
                        return;
                }
                if (plain)
                        ret[n++] = *p;
                else
                        n += (size_t)sprintf(ret + n, "%%%02X", (unsigned char)*p);
        }
        ret[n] = '\0';
}

/* The directory of a record, made when `make`. Returns a descriptor, or -errno (-ENOENT when there
 * is none). */
static int store_local_folder(struct store_local *s, enum store_space space, const char *fleet,
        const char *folder, bool make)
{
        const char *parts[] = { fleet, folder };
        char name[STORE_FILE_NAME_MAX + 1];
        _cleanup_(closep) int fd = -1;

        if (s->dir < 0)
                return -ENOENT;
        fd = openat(s->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        for (size_t i = 0; i <= ARRAY_SIZE(parts); i++) {
                int next;

                if (i > 0 && parts[i - 1] == NULL)
                        continue;
                if (i == 0)
                        snprintf(name, sizeof(name), "%s", spaces[space]);
                else
                        store_local_file_name(name, parts[i - 1]);
                if (make && mkdirat(fd, name, 0700) == 0) {
                        /* One that may not survive is not there: the next write makes it again. */
                        if (sys->fsync(fd) < 0) {
                                int r = -errno;

                                (void)unlinkat(fd, name, AT_REMOVEDIR);
                                return r;
                        }
                } else if (make && errno != EEXIST) {
                        return -errno;
                }
                next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (next < 0)
                        return -errno;
                close(fd);
                fd = next;
        }
        return TAKE_FD(fd);
}

/* ---------------------------------------------------------------- records */

/* "fleetfs-record 1 <bytes of name> <bytes> <checksum>\n", the name, the bytes. */
static int record_make(struct buf *out, const char *name, const void *bytes, size_t len)
{
        size_t n = strlen(name);
        uint64_t sum = fnv1a(fnv1a(FNV1A_INIT, name, n), bytes, len);

        buf_printf(out, "fleetfs-record 1 %zu %zu %016" PRIx64 "\n", n, len, sum);
        buf_append(out, name, n);
        return buf_append(out, bytes, len);
}

/* Points into `b`, which is changed: the name gets its NUL where the checksum stood. */
static int record_read(
        struct buf *b, const char **name, const char **bytes, size_t *len, struct err *err)
{
        char *nl = memchr(b->data, '\n', b->len < 128 ? b->len : 128);
        size_t n_name, n_bytes, head;
        uint64_t sum;
        int used = 0;

        if (nl == NULL)
                return err_set(err, -EBADMSG, "the record has no head");
        *nl = '\0';
        if (sscanf(b->data, "fleetfs-record 1 %zu %zu %" SCNx64 "%n", &n_name, &n_bytes, &sum,
                    &used) != 3 ||
                b->data[used] != '\0')
                return err_set(err, -EBADMSG, "the record's head is not known");
        head = (size_t)(nl + 1 - b->data);
        if (n_name > 255 || n_bytes > STORE_RECORD_MAX || b->len != head + n_name + n_bytes)
                return err_set(err, -EBADMSG, "the record is cut off");
        if (fnv1a(FNV1A_INIT, nl + 1, n_name + n_bytes) != sum)
                return err_set(err, -EBADMSG, "the record's checksum is wrong");
        memmove(b->data, nl + 1, n_name);
        b->data[n_name] = '\0';
        if (strlen(b->data) != n_name)
                return err_set(err, -EBADMSG, "the record's name is none");
        *name = b->data;
        *bytes = nl + 1 + n_name;
        *len = n_bytes;
        return 0;
}

static int store_local_load(int dir, const char *file, struct buf *out, const char **name,
        const char **bytes, size_t *len, struct err *err)
{
        _cleanup_(closep) int fd = openat(dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int r;

        if (fd < 0)
                return err_set(err, -errno, "open %s: %s", file, strerror(errno));
        r = read_all(fd, out);
        if (r == -EFBIG)
                return err_set(err, -EBADMSG, "%s: the record is longer than any", file);
        if (r < 0)
                return err_set(err, r, "read %s: %s", file, strerror(-r));
        r = record_read(out, name, bytes, len, err);
        return r < 0 ? err_wrap(err, r, "%s", file) : 0;
}

/* ---------------------------------------------------------------- the lock */

/* The holder daemonizes after it opened the store: whoever puts first says who it is now. */
static void store_local_announce(struct store_local *s)
{
        char text[32];
        int n;

        if (s->lock < 0 || s->announced == getpid())
                return;
        n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
        if (ftruncate(s->lock, 0) == 0 && pwrite(s->lock, text, (size_t)n, 0) == n)
                s->announced = getpid();
}

static int store_local_lock(struct store_local *s, struct err *err)
{
        _cleanup_(closep) int fd =
                openat(s->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        char text[32] = "";
        ssize_t n;

        if (fd < 0)
                return err_set(err, -errno, "open %s/lock: %s", s->path, strerror(errno));
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
                s->lock = TAKE_FD(fd);
                store_local_announce(s);
                return 0;
        }
        if (errno != EWOULDBLOCK)
                return err_set(err, -errno, "lock %s: %s", s->path, strerror(errno));
        n = pread(fd, text, sizeof(text) - 1, 0);
        s->store.read_only = true;
        snprintf(s->store.holder, sizeof(s->store.holder), "pid %d", n > 0 ? atoi(text) : 0);
        return 0;
}

/* ---------------------------------------------------------------- operations */

static int store_local_put(struct store *store, const struct store_key *key, const void *bytes,
        size_t len, struct err *err)
{
        struct store_local *s = container_of(store, struct store_local, store);
        _cleanup_(buf_done) struct buf b = BUF_INIT(RECORD_FILE_MAX);
        _cleanup_(closep) int dir = -1, fd = -1;
        char file[STORE_FILE_NAME_MAX + 1], temporary[64];
        int r;

        store_local_announce(s);
        dir = store_local_folder(s, key->space, key->fleet, key->folder, true);
        if (dir < 0)
                return err_set(err, dir, "store %s in %s: %s", key->name, s->path, strerror(-dir));
        store_local_file_name(file, key->name);
        snprintf(temporary, sizeof(temporary), TEMPORARY "%d-%" PRIu64, (int)getpid(),
                ++s->temporaries);
        r = record_make(&b, key->name, bytes, len);
        if (r == 0) {
                fd = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
                if (fd < 0)
                        r = -errno;
        }
        if (r == 0)
                r = write_all(fd, b.data, b.len);
        if (r == 0 && sys->fsync(fd) < 0)
                r = -errno;
        if (r == 0 && sys->rename(dir, temporary, file) < 0)
                r = -errno;
        if (r < 0) {
                if (fd >= 0)
                        (void)unlinkat(dir, temporary, 0);
                return err_set(err, r, "store %s in %s: %s", key->name, s->path, strerror(-r));
        }
        if (sys->fsync(dir) < 0) {
                store->unsure = true;
                return err_set(err, -errno, "store %s in %s: sync the folder: %s", key->name,
                        s->path, strerror(errno));
        }
        return 0;
}

static int store_local_get(
        struct store *store, const struct store_key *key, struct buf *out, struct err *err)
{
        struct store_local *s = container_of(store, struct store_local, store);
        _cleanup_(buf_done) struct buf b = BUF_INIT(RECORD_FILE_MAX);
        _cleanup_(closep) int dir =
                store_local_folder(s, key->space, key->fleet, key->folder, false);
        char file[STORE_FILE_NAME_MAX + 1];
        const char *name, *bytes;
        size_t len;
        int r;

        if (dir < 0)
                return err_set(err, dir, "read %s from %s: %s", key->name, s->path, strerror(-dir));
        store_local_file_name(file, key->name);
        r = store_local_load(dir, file, &b, &name, &bytes, &len, err);
        if (r < 0)
                return r;
        if (strcmp(name, key->name) != 0)
                return err_set(err, -EBADMSG, "%s/%s is the record of another name", s->path, file);
        r = buf_append(out, bytes, len);
        return r < 0 ? err_set(err, r, "read %s from %s: %s", key->name, s->path, strerror(-r)) : 0;
}

static int store_local_delete(struct store *store, const struct store_key *key, struct err *err)
{
        struct store_local *s = container_of(store, struct store_local, store);
        _cleanup_(closep) int dir =
                store_local_folder(s, key->space, key->fleet, key->folder, false);
        char file[STORE_FILE_NAME_MAX + 1];

        if (dir == -ENOENT)
                return 0;
        if (dir < 0)
                return err_set(
                        err, dir, "delete %s from %s: %s", key->name, s->path, strerror(-dir));
        store_local_announce(s);
        store_local_file_name(file, key->name);
        if (unlinkat(dir, file, 0) < 0)
                return errno == ENOENT ? 0
                                       : err_set(err, -errno, "delete %s from %s: %s", key->name,
                                                 s->path, strerror(errno));
        if (sys->fsync(dir) < 0) {
                store->unsure = true;
                return err_set(err, -errno, "delete %s from %s: sync the folder: %s", key->name,
                        s->path, strerror(errno));
        }
        return 0;
}

static int store_local_move_aside(
        int dir, const char *file, char kept[static NAME_MAX + 1], struct err *err)
{
        struct stat st;
        unsigned i = 0;

        do
                snprintf(kept, NAME_MAX + 1, DAMAGED "%u-%s", ++i, file);
        while (fstatat(dir, kept, &st, AT_SYMLINK_NOFOLLOW) == 0);
        if (errno != ENOENT || sys->rename(dir, file, kept) < 0)
                return err_set(err, -errno, "set %s aside: %s", file, strerror(errno));
        if (sys->fsync(dir) < 0)
                return err_set(err, -errno, "set %s aside: sync the folder: %s", file,
                        strerror(errno));
        return 0;
}

static int store_local_set_aside(struct store *store, const struct store_key *key,
        char kept[static NAME_MAX + 1], struct err *err)
{
        struct store_local *s = container_of(store, struct store_local, store);
        _cleanup_(closep) int dir =
                store_local_folder(s, key->space, key->fleet, key->folder, false);
        char file[STORE_FILE_NAME_MAX + 1];

        if (dir < 0)
                return err_set(err, dir, "set %s in %s aside: %s", key->name, s->path,
                        strerror(-dir));
        store_local_file_name(file, key->name);
        return store_local_move_aside(dir, file, kept, err);
}

/* What cannot be set aside is not told as damaged: whoever reads on would put another in its place. */
static void store_local_damaged(
        const struct store_local *s, int dir, const char *file, struct err *why)
{
        char kept[NAME_MAX + 1];
        struct err err = ERR_INIT;

        if (why->code != -EBADMSG || s->store.read_only)
                return;
        if (store_local_move_aside(dir, file, kept, &err) < 0)
                err_copy(why, &err);
        else
                err_wrap(why, -EBADMSG, "kept as %s", kept);
}

static int store_local_each(struct store *store, enum store_space space, const char *fleet,
        const char *folder, store_each_fn *fn, void *arg, struct err *err)
{
        struct store_local *s = container_of(store, struct store_local, store);
        int dir = store_local_folder(s, space, fleet, folder, false), r = 0;
        struct dirent *entry;
        DIR *d;

        if (dir == -ENOENT)
                return 0;
        d = dir < 0 ? NULL : fdopendir(dir);
        if (d == NULL) {
                r = dir < 0 ? dir : -errno;
                if (dir >= 0)
                        close(dir);
                return err_set(err, r, "list %s in %s: %s", spaces[space], s->path, strerror(-r));
        }
        while (r == 0) {
                _cleanup_(buf_done) struct buf b = BUF_INIT(RECORD_FILE_MAX);
                struct err why = ERR_INIT;
                const char *name, *bytes;
                size_t len;

                errno = 0;
                entry = readdir(d);
                if (entry == NULL) {
                        if (errno != 0)
                                r = err_set(err, -errno, "list %s in %s: %s", spaces[space],
                                        s->path, strerror(errno));
                        break;
                }
                if (entry->d_name[0] == '.')
                        continue;
                switch (store_local_load(dirfd(d), entry->d_name, &b, &name, &bytes, &len, &why)) {
                case 0:
                        r = fn(arg, name, bytes, len, NULL);
                        break;
                case -ENOENT:
                        break;
                default:
                        store_local_damaged(s, dirfd(d), entry->d_name, &why);
                        r = fn(arg, entry->d_name, NULL, 0, &why);
                }
        }
        closedir(d);
        return r;
}

static void store_local_close(struct store *store)
{
        struct store_local *s = container_of(store, struct store_local, store);

        closep(&s->lock);
        closep(&s->dir);
        free(s->path);
        free(s);
}
DEFINE_CLEANUP(struct store *, store_local_close);

/* ---------------------------------------------------------------- opening */

/* Temporary files belong to a process that is gone: we have the lock. Folders are at most three
 * deep. */
static void store_local_sweep(int dir, unsigned depth)
{
        int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);
        struct dirent *entry;

        if (d == NULL) {
                closep(&fd);
                return;
        }
        while ((entry = readdir(d)) != NULL) {
                if (strncmp(entry->d_name, TEMPORARY, strlen(TEMPORARY)) == 0)
                        (void)unlinkat(dirfd(d), entry->d_name, 0);
                if (entry->d_name[0] == '.' || depth == 0)
                        continue;
                fd = openat(
                        dirfd(d), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
                if (fd < 0)
                        continue;
                store_local_sweep(fd, depth - 1);
                close(fd);
        }
        closedir(d);
}

static int store_local_random_id(char id[static STORE_ID_TEXT + 1])
{
        unsigned char raw[STORE_ID_TEXT / 2];

        if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
                return -EIO;
        for (size_t i = 0; i < sizeof(raw); i++)
                sprintf(id + 2 * i, "%02x", raw[i]);
        return 0;
}

/* The id is a file of its own, so that a copy of the folder is recognised as the same store. */
static int store_local_id(struct store_local *s, struct err *err)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(READ_STEP + 1024);
        _cleanup_(closep) int fd =
                s->dir < 0 ? -1 : openat(s->dir, "id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        int r;

        if (s->dir >= 0 && fd < 0 && errno != ENOENT)
                return err_set(err, -errno, "open %s/id: %s", s->path, strerror(errno));
        if (fd >= 0) {
                r = read_all(fd, &b);
                if (r < 0 && r != -EFBIG)
                        return err_set(err, r, "read %s/id: %s", s->path, strerror(-r));
                if (r < 0 || b.len != STORE_ID_TEXT + 1 || b.data[STORE_ID_TEXT] != '\n' ||
                        strspn(b.data, "0123456789abcdef") != STORE_ID_TEXT) {
                        err_set(err, -EBADMSG, "%s/id is not %d hexadecimal digits", s->path,
                                STORE_ID_TEXT);
                        err_remedy(err,
                                "bring the file back: a new id would disown all that this store made");
                        return -EBADMSG;
                }
                memcpy(s->store.id, b.data, STORE_ID_TEXT);
                return 0;
        }
        r = store_local_random_id(s->store.id);
        if (r < 0)
                return err_set(err, r, "no random bytes for the store's id");
        if (s->store.read_only)
                return 0;
        fd = openat(s->dir, TEMPORARY "id", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                0600);
        buf_printf(&b, "%s\n", s->store.id);
        r = fd < 0 ? -errno : write_all(fd, b.data, b.len);
        if (r == 0 && (sys->fsync(fd) < 0 || sys->rename(s->dir, TEMPORARY "id", "id") < 0 ||
                              sys->fsync(s->dir) < 0))
                r = -errno;
        return r < 0 ? err_set(err, r, "make %s/id: %s", s->path, strerror(-r)) : 0;
}

/* One that may not survive is not there: the next start makes it again. */
static int make_folder(const char *path)
{
        _cleanup_(freep) char *copy = NULL;
        _cleanup_(closep) int parent = -1;
        int r = 0;

        if (mkdir(path, 0700) < 0)
                return errno == EEXIST ? 0 : -errno;
        copy = strdup(path);
        if (copy == NULL)
                r = -ENOMEM;
        if (r == 0) {
                parent = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                /* A folder that may be entered and not read cannot be synced. */
                if (parent < 0 && errno != EACCES)
                        r = -errno;
                else if (parent >= 0 && sys->fsync(parent) < 0)
                        r = -errno;
        }
        if (r < 0)
                (void)rmdir(path);
        return r;
}

/* As mkdir -p, 0700 each; durable. */
static int make_folders(const char *path)
{
        _cleanup_(freep) char *copy = strdup(path);

        if (copy == NULL)
                return -ENOMEM;
        for (char *p = copy + 1; *p != '\0'; p++) {
                int r;

                if (*p != '/')
                        continue;
                *p = '\0';
                r = make_folder(copy);
                if (r < 0)
                        return r;
                *p = '/';
        }
        return make_folder(copy);
}

static const struct store_ops store_local_ops = {
        .put = store_local_put,
        .get = store_local_get,
        .del = store_local_delete,
        .set_aside = store_local_set_aside,
        .each = store_local_each,
        .close = store_local_close,
};

int store_local_open(struct store **ret, const char *dir, bool read_only, struct err *err)
{
        struct store_local *s = calloc(1, sizeof(*s));
        _cleanup_(store_local_closep) struct store *opened = NULL;
        int r;

        if (s == NULL)
                return err_set(err, -ENOMEM, "open the store %s", dir);
        s->store.ops = &store_local_ops;
        s->store.read_only = read_only;
        s->dir = s->lock = -1;
        opened = &s->store;
        s->path = strdup(dir);
        if (s->path == NULL)
                return err_set(err, -ENOMEM, "open the store %s", dir);
        r = read_only ? 0 : make_folders(dir);
        if (r < 0)
                return err_set(err, r, "make the store %s: %s", dir, strerror(-r));
        s->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->dir < 0 && !(read_only && errno == ENOENT))
                return err_set(err, -errno, "open the store %s: %s", dir, strerror(errno));
        if (!read_only) {
                r = store_local_lock(s, err);
                if (r < 0)
                        return r;
        }
        if (s->lock >= 0)
                store_local_sweep(s->dir, 3);
        r = store_local_id(s, err);
        if (r < 0)
                return r;
        *ret = TAKE(opened);
        return 0;
}
