/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is watched is folders, not files: editors rename over a file, Kubernetes swaps a symlink
 * "..data", and what is missing may come. For every file of the configuration these are the folders
 * of its path, of each symlink it goes through and of what it is in the end; where a folder does
 * not exist, the nearest one above it that does.
 *
 * An event only says "look": after a short quiet time the signature of all files (what stat(2) says
 * of each, and the names in the fleet folder) is compared with the last one, and only a difference
 * loads the configuration. So it does not matter which events came, whether the queue overflowed,
 * or whether inotify works there at all: a slow timer looks as well.
 */

#include <dirent.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "k8s/file.h"
#include "ops/fleetconf.h"
#include "ops/fleetconf_private.h"

#define SYMLINK_HOPS 16
#define WATCH_EVENTS                                                                             \
        (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE | IN_DELETE | IN_DELETE_SELF | \
                IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR)

struct fleetconf_watch {
        struct loop *loop;
        fleetconf_changed *changed;
        void *arg;
        struct fleetconf_source src; /* its strings are in `strings` and `known` */
        struct strv strings;
        struct strv known_strings;
        struct fleetconf_known *known;
        struct fleetconf *conf; /* the last good one */
        struct strv files;      /* what it came from */
        char *signature;        /* of the last load, good or not; NULL: none yet */
        struct err reported;    /* code 0: the last load was good */
        int fd;
        struct loop_fd events;
        int *folders; /* watch descriptors, sorted by nothing */
        size_t n_folders;
        struct loop_timer quiet, poll;
        int64_t storm_since; /* loop time of the first event not looked at; 0: none */
};

/* --- copies of what the caller gave --- */

/* A string that lives as long as the watch; NULL stays NULL. */
static int watch_keep(struct strv *strings, const char **string)
{
        int r;

        if (!*string)
                return 0;
        r = strv_push(strings, *string);
        if (r == 0)
                *string = strings->v[strings->n - 1];
        return r;
}

static int watch_copy_source(struct fleetconf_watch *w, const struct fleetconf_source *src)
{
        const char **members[] = { &w->src.kube.path, &w->src.kube.path_list, &w->src.kube.home,
                &w->src.kube.service_host, &w->src.kube.service_port,
                &w->src.kube.service_account_dir, &w->src.kube.cwd, &w->src.fleet_file,
                &w->src.fleet_dir, &w->src.velero_namespace };
        int r = 0;

        w->src = *src;
        w->src.known = NULL;
        w->src.n_known = 0;
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(members); i++)
                r = watch_keep(&w->strings, members[i]);
        return r < 0 ? r : fleetconf_watch_known(w, src->known, src->n_known);
}

int fleetconf_watch_known(
        struct fleetconf_watch *w, const struct fleetconf_known *known, size_t n_known)
{
        struct fleetconf_known *copy = calloc(n_known + 1, sizeof(*copy));
        _cleanup_(strv_done) struct strv strings = { 0 };
        int r = copy ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n_known; i++) {
                copy[i] = known[i];
                r = watch_keep(&strings, &copy[i].context);
                if (r == 0)
                        r = watch_keep(&strings, &copy[i].name);
        }
        if (r < 0) {
                free(copy);
                return r;
        }
        strv_move(&w->known_strings, &strings);
        free(w->known);
        w->known = copy;
        w->src.known = copy;
        w->src.n_known = n_known;
        return 0;
}

/* --- the signature --- */

static void signature_add(struct buf *b, const char *path)
{
        struct stat st;

        if (stat(path, &st) < 0)
                (void)buf_printf(b, "%s %d\n", path, errno);
        else
                (void)buf_printf(b, "%s %llu:%llu %lld %lld.%09ld %lld.%09ld %o\n", path,
                        (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
                        (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
                        (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, st.st_mode);
}

/* All that a load would read, as far as stat(2) tells. */
static int watch_signature(const struct fleetconf_watch *w, char **ret)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(LIMIT_CONFIG_BYTES);
        _cleanup_(strv_done) struct strv fleet_files = { 0 };
        int r = fleetconf_files(&w->src, &fleet_files, NULL);

        if (r == -ENOMEM)
                return r;
        (void)buf_printf(&b, "%d\n", r);
        for (size_t i = 0; i < fleet_files.n; i++)
                signature_add(&b, fleet_files.v[i]);
        for (size_t i = 0; i < w->files.n; i++)
                signature_add(&b, w->files.v[i]);
        return buf_steal(&b, ret, NULL);
}

/* --- folders --- */

static bool watch_has_folder(const struct fleetconf_watch *w, int wd)
{
        for (size_t i = 0; i < w->n_folders; i++)
                if (w->folders[i] == wd)
                        return true;
        return false;
}

/* Watches the folder, or the nearest one above it that exists. What cannot be watched is left to
 * the slow timer. -ENOMEM. */
static int watch_folder(struct fleetconf_watch *w, const char *folder)
{
        _cleanup_(freep) char *path = strdup(folder);
        int *folders, wd;

        while (path && (wd = inotify_add_watch(w->fd, path, WATCH_EVENTS)) < 0) {
                char *above = NULL;

                if ((errno != ENOENT && errno != ENOTDIR) || strcmp(path, "/") == 0 ||
                        strcmp(path, ".") == 0)
                        return 0;
                if (path_folder(path, &above) < 0)
                        return -ENOMEM;
                free(path);
                path = above;
        }
        if (!path)
                return -ENOMEM;
        if (watch_has_folder(w, wd))
                return 0;
        folders = reallocarray(w->folders, w->n_folders + 1, sizeof(*folders));
        if (!folders)
                return -ENOMEM;
        w->folders = folders;
        w->folders[w->n_folders++] = wd;
        return 0;
}

/* The folders of a file and of every symlink that its last part goes through. */
static int watch_file(struct fleetconf_watch *w, const char *file)
{
        _cleanup_(freep) char *path = strdup(file);
        _cleanup_(freep) char *real = NULL, *real_folder = NULL;
        int r = path ? 0 : -ENOMEM;

        for (int hop = 0; r == 0 && hop < SYMLINK_HOPS; hop++) {
                _cleanup_(freep) char *folder = NULL;
                char target[4096], *next = NULL;
                ssize_t n = readlink(path, target, sizeof(target) - 1);

                r = path_folder(path, &folder);
                if (r == 0)
                        r = watch_folder(w, folder);
                if (r < 0 || n < 0)
                        break;
                target[n] = '\0';
                r = path_resolve(folder, target, &next);
                free(path);
                path = next;
        }
        /* A folder on the way may be a symlink as well, as Kubernetes' "..data" is. */
        real = r == 0 ? realpath(file, NULL) : NULL;
        if (!real)
                return r;
        r = path_folder(real, &real_folder);
        return r < 0 ? r : watch_folder(w, real_folder);
}

static int watch_folders(struct fleetconf_watch *w)
{
        int r = 0;

        /* Watches of folders that are of no use any more go; adding again what stays is free. */
        _cleanup_(freep) int *before = TAKE(w->folders);
        size_t n_before = w->n_folders;

        w->n_folders = 0;
        for (size_t i = 0; r == 0 && i < w->files.n; i++)
                r = watch_file(w, w->files.v[i]);
        if (r == 0 && w->src.fleet_dir && !w->src.fleet_file)
                r = watch_folder(w, w->src.fleet_dir);
        for (size_t i = 0; i < n_before; i++)
                if (!watch_has_folder(w, before[i]))
                        (void)inotify_rm_watch(w->fd, before[i]);
        return r;
}

/* --- loading anew --- */

/* Hands the result to the owner, who may free the watch: the last thing anybody does with it. */
static void watch_tell(struct fleetconf_watch *w, struct fleetconf *conf, const struct err *err)
{
        w->changed(w->arg, conf, err);
}

static bool err_same(const struct err *a, const struct err *b)
{
        return a->code == b->code && a->line == b->line && a->column == b->column &&
               strcmp(a->msg, b->msg) == 0 && strcmp(a->remedy, b->remedy) == 0;
}

/*
 * Loads, and takes the signature of what was read before it is read: a change in between shows at
 * the next look. A configuration that leads to other files than the last one is loaded once more.
 */
static int watch_read(struct fleetconf_watch *w, struct fleetconf **ret, struct err *err)
{
        for (int attempt = 0;; attempt++) {
                _cleanup_(fleetconf_freep) struct fleetconf *conf = NULL;
                _cleanup_(strv_done) struct strv files = { 0 };
                char *signature = NULL;
                int r = watch_signature(w, &signature);

                if (r < 0)
                        return r;
                free(w->signature);
                w->signature = signature;
                r = fleetconf_load(&w->src, &conf, err);
                if (r < 0)
                        return r;
                if (attempt > 0 || strv_equal(&w->files, &conf->files)) {
                        *ret = TAKE(conf);
                        return 0;
                }
                r = strv_copy(&files, &conf->files);
                if (r < 0)
                        return r;
                strv_move(&w->files, &files);
        }
}

static int watch_differs(const struct fleetconf_watch *w, const struct fleetconf *conf)
{
        struct fleetconf_diff diff = { .n_changes = 0 };
        int r = fleetconf_diff(w->conf, conf, &diff);

        if (r == 0)
                r = diff.n_changes > 0;
        fleetconf_diff_done(&diff);
        return r;
}

static void watch_failed(struct fleetconf_watch *w, struct err *err, int r, bool always)
{
        bool same;

        if (!err->code)
                (void)err_set(err, r, "configuration: %s", strerror(-r));
        same = err_same(err, &w->reported);
        w->reported = *err;
        if (always || !same)
                watch_tell(w, NULL, err);
}

/* Loads; tells of the new configuration if it is another, of an error if it is another. */
static void watch_load(struct fleetconf_watch *w, bool always)
{
        _cleanup_(fleetconf_freep) struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;
        bool repaired = w->reported.code != 0;
        int r = watch_read(w, &conf, &err);
        int folders = watch_folders(w);

        if (r == 0)
                r = folders < 0 ? folders : watch_differs(w, conf);
        if (r < 0) {
                watch_failed(w, &err, r, always);
                return;
        }
        err_clear(&w->reported);
        fleetconf_free(w->conf);
        w->conf = fleetconf_ref(conf);
        if (r > 0 || repaired)
                watch_tell(w, TAKE(conf), NULL);
}

static void watch_look(void *arg)
{
        struct fleetconf_watch *w = arg;
        _cleanup_(freep) char *signature = NULL;

        w->storm_since = 0;
        loop_timer_cancel(w->loop, &w->quiet);
        loop_timer_after(w->loop, &w->poll, LIMIT_CONFIG_POLL_MS);
        if (watch_signature(w, &signature) == 0 && w->signature &&
                strcmp(signature, w->signature) == 0) {
                /* The same files, but perhaps behind other folders. */
                (void)watch_folders(w);
                return;
        }
        watch_load(w, false);
}

/* --- events --- */

static void watch_on_events(struct loop_fd *f, uint32_t events, void *arg)
{
        struct fleetconf_watch *w = arg;
        char bytes[16384] __attribute__((aligned(8)));
        int64_t now = loop_now(w->loop), due = now + LIMIT_CONFIG_DEBOUNCE_MS;

        (void)f;
        (void)events;
        while (read(w->fd, bytes, sizeof(bytes)) > 0)
                ;
        if (!w->storm_since)
                w->storm_since = now;
        if (due > w->storm_since + LIMIT_CONFIG_STORM_MS)
                due = w->storm_since + LIMIT_CONFIG_STORM_MS;
        loop_timer_at(w->loop, &w->quiet, due);
}

void fleetconf_watch_reload(struct fleetconf_watch *w)
{
        watch_load(w, true);
}

/* --- life --- */

static int watch_start(struct fleetconf_watch *w, struct err *err)
{
        int r;

        w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (w->fd < 0) {
                r = err_set(err, -errno, "watch the configuration: %s", strerror(errno));
                (void)err_remedy(err, "raise fs.inotify.max_user_instances");
                return r;
        }
        r = loop_fd_add(w->loop, &w->events, w->fd, EPOLLIN, watch_on_events, w, err);
        if (r < 0)
                return r;
        /* What changed since `conf` was loaded is found at once. */
        loop_timer_after(w->loop, &w->poll, 0);
        return watch_folders(w);
}

int fleetconf_watch_new(struct fleetconf_watch **ret, struct loop *loop,
        const struct fleetconf_source *src, struct fleetconf *conf, fleetconf_changed *changed,
        void *arg, struct err *err)
{
        _cleanup_(fleetconf_watch_freep) struct fleetconf_watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->loop = loop;
        w->changed = changed;
        w->arg = arg;
        w->conf = fleetconf_ref(conf);
        w->fd = -1;
        w->events = (struct loop_fd)LOOP_FD_INIT;
        loop_timer_init(&w->quiet, watch_look, w);
        loop_timer_init(&w->poll, watch_look, w);
        r = watch_copy_source(w, src);
        if (r == 0)
                r = strv_copy(&w->files, &conf->files);
        if (r == 0)
                r = watch_start(w, err);
        if (r < 0)
                return r;
        *ret = TAKE(w);
        return 0;
}

void fleetconf_watch_free(struct fleetconf_watch *w)
{
        if (!w)
                return;
        loop_timer_cancel(w->loop, &w->quiet);
        loop_timer_cancel(w->loop, &w->poll);
        loop_fd_remove(w->loop, &w->events);
        if (w->fd >= 0)
                (void)close(w->fd);
        fleetconf_free(w->conf);
        strv_done(&w->files);
        strv_done(&w->strings);
        strv_done(&w->known_strings);
        free(w->known);
        free(w->folders);
        free(w->signature);
        free(w);
}
