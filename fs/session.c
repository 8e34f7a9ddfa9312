/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/session.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/strv.h"
#include "fs/fuse_ops.h"
#include "fs/handle.h"
#include "fs/mountinfo.h"
#include "fs/notify.h"

/*
 * libfuse's own loop can only be ended by a signal to its thread; ours is a fixed set of workers,
 * ended by cancelling the read of /dev/fuse, the only place where they may be cancelled. A fixed
 * set is enough because no request holds a worker (fs/parked.h).
 *
 * The order of the end is the order of what may wait for what: parked requests are answered first,
 * since the notifier may sit in the kernel waiting for a directory that such a request holds; then
 * the notifier, which needs workers for the same reason; then the workers; and the connection last.
 */
struct session_worker {
        pthread_t thread;
        struct session *session;
        struct fuse_buf buf;
        bool running;
        int cancel; /* of pthread_setcancelstate(); not on the stack, which a cancelled thread
                       leaves as it is */
};

struct session_private {
        struct session_worker workers[LIMIT_FUSE_WORKERS];
        sem_t ended;
        atomic_bool stopping, greeted, ready_told;
        atomic_uint_fast64_t requests;
        bool started, mounted, served;
        void (*ready)(void *arg);
        void *ready_arg;
        char complaint[400]; /* libfuse's last error line while mounting, maybe without its end */
        bool complaint_ended;
        int complaint_errno; /* errno as that line began */
};

/* ---------------------------------------------------------------- libfuse's words */

/* libfuse has one log function for the process. Only mounting reads the complaint, on one thread.
 */
static _Atomic(struct session_private *) session_listening;

/* A line comes in pieces; of several lines the last is the one that says why. */
static void session_hear(struct session_private *p, const char *piece, int errnum)
{
        static const char prefix[] = "fuse: ";
        size_t len = strlen(p->complaint);

        if (len == 0 || p->complaint_ended) {
                len = 0;
                p->complaint_errno = errnum;
                if (strncmp(piece, prefix, strlen(prefix)) == 0)
                        piece += strlen(prefix);
        }
        (void)snprintf(p->complaint + len, sizeof(p->complaint) - len, "%s", piece);
        len = strcspn(p->complaint, "\n");
        p->complaint_ended = p->complaint[len] == '\n';
        p->complaint[len] = '\0';
}

__attribute__((format(printf, 2, 0))) static void session_fuse_log(
        enum fuse_log_level level, const char *fmt, va_list ap)
{
        int errnum = errno;
        struct session_private *p = atomic_load(&session_listening);
        char line[400];

        (void)vsnprintf(line, sizeof(line), fmt, ap);
        if (p != NULL) {
                session_hear(p, line, errnum);
                return;
        }
        line[strcspn(line, "\n")] = '\0';
        if (level <= FUSE_LOG_ERR)
                log_warn("libfuse", LOG_S("line", line));
        else
                log_debug("libfuse", LOG_S("line", line));
}

/* ---------------------------------------------------------------- mounting */

static bool session_has_option(const char *options, const char *name)
{
        size_t n = strlen(name);

        for (const char *p = options; p != NULL && *p != '\0';) {
                size_t len = strcspn(p, ",");

                if (len == n && memcmp(p, name, n) == 0)
                        return true;
                p += len;
                p += *p == ',';
        }
        return false;
}

static bool session_file_has_line(const char *path, const char *word)
{
        _cleanup_(fclosep) FILE *f = fopen(path, "re");
        char line[256];

        while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
                line[strcspn(line, " \t\r\n")] = '\0';
                if (strcmp(line, word) == 0)
                        return true;
        }
        return false;
}

static int session_check(struct session *s, struct err *err)
{
        const struct session_options *o = &s->options;
        struct stat st;
        int r = mountinfo_clean(o->mountpoint, err);

        if (r < 0)
                return r;
        if (access("/dev/fuse", F_OK) < 0) {
                err_set(err, -ENODEV, "this system has no /dev/fuse");
                return err_remedy(
                        err, "load the kernel's fuse module, or give the container the device");
        }
        if (stat(o->mountpoint, &st) < 0) {
                r = -errno;
                err_set(err, r, "mountpoint %s: %s", o->mountpoint, strerror(-r));
                if (r == -ENOENT)
                        err_remedy(err, "mkdir -p %s", o->mountpoint);
                return r;
        }
        if (!S_ISDIR(st.st_mode)) {
                err_set(err, -ENOTDIR, "mountpoint %s is no folder", o->mountpoint);
                return err_remedy(err, "name a folder, or make one with mkdir");
        }
        s->covers = mountinfo_would_hide(o->mountpoint);
        if (o->allow_other && geteuid() != 0 &&
                !session_file_has_line("/etc/fuse.conf", "user_allow_other")) {
                err_set(err, -EPERM,
                        "allow_other needs root, or a line user_allow_other in /etc/fuse.conf");
                return err_remedy(err, "add that line, or mount without allow_other");
        }
        return 0;
}

static int session_arguments(const struct session *s, struct fuse_args *args)
{
        const struct session_options *o = &s->options;
        _cleanup_(freep) char *opts = NULL;
        int r = fuse_opt_add_opt(&opts, "subtype=fleetfs,default_permissions");

        if (r == 0 && o->fsname != NULL) {
                _cleanup_(freep) char *name = NULL;

                if (asprintf(&name, "fsname=%s", o->fsname) < 0)
                        return -ENOMEM;
                r = fuse_opt_add_opt_escaped(&opts, name);
        }
        if (r == 0 && s->read_only)
                r = fuse_opt_add_opt(&opts, "ro");
        if (r == 0 && o->allow_other)
                r = fuse_opt_add_opt(&opts, "allow_other");
        if (r == 0 && o->mount_options != NULL && o->mount_options[0] != '\0')
                r = fuse_opt_add_opt(&opts, o->mount_options);
        if (r == 0)
                r = fuse_opt_add_arg(args, "fleetfs");
        if (r == 0)
                r = fuse_opt_add_arg(args, "-o");
        if (r == 0)
                r = fuse_opt_add_arg(args, opts);
        if (r == 0 && o->debug)
                r = fuse_opt_add_arg(args, "-d");
        return r == 0 ? 0 : -ENOMEM;
}

/* libfuse says -1 and a line; errno as the line began is why. Where there is no line fusermount3 has
 * said it on standard error. */
static int session_mount_refused(const struct session *s, struct err *err)
{
        const struct session_private *p = s->p;
        const char *mountpoint = s->options.mountpoint;
        int errnum = p->complaint[0] != '\0' && p->complaint_errno > 0 ? p->complaint_errno : EPERM;

        if (p->complaint[0] == '\0')
                return err_set(err, -EPERM, "mount on %s: fusermount3 refused it", mountpoint);
        err_set(err, -errnum, "mount on %s: %s", mountpoint, p->complaint);
        if (strstr(p->complaint, "/dev/fuse") != NULL && (errnum == EACCES || errnum == EPERM))
                return err_remedy(err, "chmod 666 /dev/fuse as root, or give the container the device");
        if (errnum == EINVAL && s->options.mount_options != NULL)
                return err_remedy(err, "one of -o %s has a value that the kernel does not take",
                        s->options.mount_options);
        return -errnum;
}

/* The last max_read of the options, as libfuse reads it; INIT must say the same. */
static unsigned session_max_read(const char *options)
{
        static const char name[] = "max_read=";
        unsigned max = 0;

        for (const char *p = options; p != NULL && *p != '\0';) {
                if (strncmp(p, name, strlen(name)) == 0)
                        max = (unsigned)strtoul(p + strlen(name), NULL, 10);
                p += strcspn(p, ",");
                p += *p == ',';
        }
        return max;
}

static int session_mount(struct session *s, struct err *err)
{
        struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
        int r = session_arguments(s, &args);

        if (r < 0)
                return err_set(err, r, "make the mount options");
        fuse_set_log_func(session_fuse_log);
        atomic_store(&session_listening, s->p);
        s->fuse = fuse_session_new(&args, &fuse_ops, sizeof(fuse_ops), s);
        if (s->fuse == NULL) {
                err_set(err, -EINVAL, "mount options: %s",
                        s->p->complaint[0] != '\0' ? s->p->complaint : "libfuse refused them");
                r = err_remedy(err, "`man 1 fleetfs` lists what -o takes");
        } else if (fuse_session_mount(s->fuse, s->options.mountpoint) != 0) {
                r = session_mount_refused(s, err);
        } else {
                s->p->mounted = true;
        }
        atomic_store(&session_listening, NULL);
        fuse_opt_free_args(&args);
        return r;
}

static int session_copy_options(struct session *s, const struct session_options *o)
{
        s->options = *o;
        s->options.fsname = s->options.mount_options = NULL;
        s->options.mountpoint = strdup(o->mountpoint);
        if (s->options.mountpoint == NULL)
                return -ENOMEM;
        if (o->fsname != NULL && (s->options.fsname = strdup(o->fsname)) == NULL)
                return -ENOMEM;
        if (o->mount_options != NULL &&
                (s->options.mount_options = strdup(o->mount_options)) == NULL)
                return -ENOMEM;
        s->options.allow_other =
                o->allow_other || session_has_option(o->mount_options, "allow_other");
        s->options.read_only = o->read_only || session_has_option(o->mount_options, "ro");
        s->max_read = session_max_read(o->mount_options);
        return 0;
}

int session_new(struct session **ret, const struct session_options *options, struct model *model,
        struct engine *engine, struct err *err)
{
        struct session *s = calloc(1, sizeof(*s));
        int r;

        if (s == NULL)
                return err_set(err, -ENOMEM, "make the session");
        s->p = calloc(1, sizeof(*s->p));
        if (s->p == NULL || sem_init(&s->p->ended, 0, 0) < 0) {
                free(s->p);
                free(s);
                return err_set(err, -ENOMEM, "make the session");
        }
        s->model = model;
        s->engine = engine;
        s->uid = getuid();
        s->gid = getgid();
        waits_init(&s->waits);
        handles_init(&s->handles);
        r = parking_init(&s->parking, err);
        if (r == 0 && (r = session_copy_options(s, options)) < 0)
                r = err_set(err, r, "make the session");
        s->read_only = s->options.read_only;
        s->root = (struct node_root){
                .table = options->root,
                .model = model,
                .read_only = s->read_only,
        };
        if (r == 0)
                r = inode_table_init(&s->inodes, s, options->write, err);
        if (r == 0)
                r = notifier_new(&s->notifier, s, err);
        if (r == 0 && options->write != NULL && options->write->init != NULL) {
                r = options->write->init(s, err);
                s->p->served = r == 0;
        }
        if (r == 0)
                r = session_check(s, err);
        if (r == 0)
                r = session_mount(s, err);
        if (r < 0) {
                (void)session_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

/* ---------------------------------------------------------------- serving */

void session_greeted(struct session *s)
{
        atomic_store(&s->p->greeted, true);
}

/* After a request: libfuse judges INIT behind our back, and has the session exit if it does not
 * agree. */
static void session_tell_ready(struct session *s)
{
        if (atomic_load(&s->p->greeted) && !fuse_session_exited(s->fuse) &&
                !atomic_exchange(&s->p->ready_told, true) && s->p->ready != NULL)
                s->p->ready(s->p->ready_arg);
}

static void *session_work(void *arg)
{
        struct session_worker *w = arg;
        struct fuse_session *fuse = w->session->fuse;
        int r = 1;

        (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &w->cancel);
        while (!fuse_session_exited(fuse)) {
                (void)pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &w->cancel);
                r = fuse_session_receive_buf(fuse, &w->buf);
                (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &w->cancel);
                if (r == -EINTR || r == -EAGAIN)
                        continue;
                if (r <= 0)
                        break;
                atomic_fetch_add_explicit(&w->session->p->requests, 1, memory_order_relaxed);
                fuse_session_process_buf(fuse, &w->buf);
                session_tell_ready(w->session);
        }
        /* 0 and ENODEV: unmounted from outside. */
        (void)sem_post(&w->session->p->ended);
        return NULL;
}

int session_start(struct session *s, void (*ready)(void *arg), void *arg, struct err *err)
{
        sigset_t all, before;
        int r;

        s->p->ready = ready;
        s->p->ready_arg = arg;
        s->p->started = true;
        /* Signals are for the thread that waits for them. */
        (void)sigfillset(&all);
        (void)pthread_sigmask(SIG_SETMASK, &all, &before);
        r = parking_start(&s->parking, err);
        if (r == 0)
                r = notifier_start(s->notifier, err);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(s->p->workers); i++) {
                struct session_worker *w = &s->p->workers[i];

                w->session = s;
                r = pthread_create(&w->thread, NULL, session_work, w);
                w->running = r == 0;
                if (r != 0)
                        r = err_set(err, -r, "start a FUSE worker");
        }
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
        return r;
}

const char *session_fuse_version(void)
{
        return fuse_pkgversion();
}

uint64_t session_requests(const struct session *s)
{
        return atomic_load_explicit(&s->p->requests, memory_order_relaxed);
}

void session_stop(struct session *s)
{
        atomic_store(&s->p->stopping, true);
        (void)sem_post(&s->p->ended);
}

/* See the top of the file. Idempotent. */
static void session_end(struct session *s)
{
        parking_close(&s->parking);
        notifier_stop(s->notifier);
        for (size_t i = 0; i < ARRAY_SIZE(s->p->workers); i++)
                if (s->p->workers[i].running)
                        (void)pthread_cancel(s->p->workers[i].thread);
        for (size_t i = 0; i < ARRAY_SIZE(s->p->workers); i++) {
                struct session_worker *w = &s->p->workers[i];

                if (w->running)
                        (void)pthread_join(w->thread, NULL);
                w->running = false;
                free(TAKE(w->buf.mem));
        }
        if (s->p->mounted)
                fuse_session_unmount(s->fuse);
        s->p->mounted = false;
}

int session_wait(struct session *s)
{
        while (sem_wait(&s->p->ended) < 0 && errno == EINTR)
                ;
        session_end(s);
        if (atomic_load(&s->p->stopping))
                return 0;
        return atomic_load(&s->p->ready_told) ? 1 : -EPROTO;
}

struct session *session_free(struct session *s)
{
        if (s == NULL)
                return NULL;
        session_end(s);
        handles_done(s);
        waits_done(s);
        s->notifier = notifier_free(s->notifier);
        inode_table_done(&s->inodes);
        if (s->p->served && s->options.write->done != NULL)
                s->options.write->done(s);
        parking_done(&s->parking);
        if (s->fuse != NULL)
                fuse_session_destroy(s->fuse);
        free((char *)s->options.mountpoint);
        free((char *)s->options.fsname);
        free((char *)s->options.mount_options);
        (void)sem_destroy(&s->p->ended);
        free(s->p);
        free(s);
        return NULL;
}

void session_listener(void *session, const struct change *changes, size_t n,
        void (*done)(void *done_arg), void *done_arg)
{
        struct session *s = session;

        notify_queue(s->notifier, changes, n, done, done_arg);
}
