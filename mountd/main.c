/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process: order of start and stop, nothing else.
 *
 *     options ─► (fork) ─► store ─► log ─► configuration and what is stored ─► mount ─► engine
 *             ─► workers ─► ready
 *
 * As a daemon the parent waits for `ready`, so that a script may use the mount in its next line,
 * and ends with the child's exit code if that fails. Nothing makes a thread or touches libcurl
 * before the fork.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "fs/session.h"
#include "fs/write_ops.h"
#include "mountd/options.h"
#include "ops/engine.h"
#include "ops/fleetconf.h"

enum { EXIT_USAGE = 2 };

struct daemon {
        struct options options;
        struct log_options log;
        struct fleetconf_source source;
        struct engine *engine;
        struct session *session;
        char fleet_dir[4096];
        char fsname[160];
        int ready_fd; /* the parent waits at its other end; -1 in the foreground */
        int terminal; /* where whoever started us looks, until we are ready: standard error as it was */
        bool log_is_file;
};

/* What fails decides about the exit code as much as how: a typing error in a fleet file is not one
 * of the command line. */
enum stage { STAGE_STATE, STAGE_LOG, STAGE_CONFIG, STAGE_MOUNT, STAGE_SERVE };

static const char *const stage_names[] = {
        [STAGE_STATE] = "open the state folder",
        [STAGE_LOG] = "open the log",
        [STAGE_CONFIG] = "read the configuration",
        [STAGE_MOUNT] = "mount",
        [STAGE_SERVE] = "serve the mount",
};

/* A row without a stage is for all of them; the first that fits counts. */
static const struct {
        int stage; /* -1: any */
        int errnum;
        int code;
} exit_codes[] = {
        { -1, ENOMEM, EXIT_FAILURE },
        { -1, EPERM, EX_NOPERM },
        { -1, EACCES, EX_NOPERM },
        { STAGE_CONFIG, 0, EX_CONFIG }, /* 0: any error */
        { STAGE_MOUNT, EINVAL, EXIT_USAGE },
        { STAGE_MOUNT, ENODEV, EX_UNAVAILABLE },
        { -1, 0, EXIT_FAILURE },
};

static int exit_code(enum stage stage, const struct err *err)
{
        size_t i = 0;

        while ((exit_codes[i].stage != -1 && exit_codes[i].stage != (int)stage) ||
                (exit_codes[i].errnum != 0 && exit_codes[i].errnum != -err->code))
                i++;
        return exit_codes[i].code;
}

/* To the terminal, and to the log where that is another place; returns the exit code. A place is one
   in the file that the message begins with: editors and terminals know "FILE:LINE:COLUMN: …". */
static int complain(const struct daemon *d, enum stage stage, const struct err *err)
{
        const char *rest = err->line > 0 && err->msg[0] == '/' ? strstr(err->msg, ": ") : NULL;

        dprintf(d->terminal, "fleetfs: %s: ", stage_names[stage]);
        if (rest != NULL)
                dprintf(d->terminal, "%.*s:%d:%d%s", (int)(rest - err->msg), err->msg, err->line,
                        err->column, rest);
        else
                dprintf(d->terminal, "%s", err->msg);
        dprintf(d->terminal, "%s%s\n", err->remedy[0] != '\0' ? "\n  " : "", err->remedy);
        if (d->log_is_file)
                log_error(stage_names[stage], LOG_ERR(err));
        return exit_code(stage, err);
}

/* What is no error, and to be known all the same: to both places, too. */
__attribute__((format(printf, 2, 3))) static void daemon_tell(
        const struct daemon *d, const char *fmt, ...)
{
        char text[512];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        dprintf(d->terminal, "fleetfs: %s\n", text);
        if (d->log_is_file)
                log_warn(text);
}

/* ---------------------------------------------------------------- where the fleet is described */

static bool root_has(const char *name)
{
        return node_table_has(&root_table, name);
}

static void daemon_source(struct daemon *d)
{
        const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

        kubeconfig_source_from_env(&d->source.kube, d->options.kubeconfig);
        d->source.fleet_file = d->options.fleet_file;
        d->source.velero_namespace = d->options.velero_namespace;
        d->source.root_has = root_has;
        if (xdg != NULL && xdg[0] == '/')
                snprintf(d->fleet_dir, sizeof(d->fleet_dir), "%s/fleetfs", xdg);
        else if (geteuid() == 0)
                snprintf(d->fleet_dir, sizeof(d->fleet_dir), "/etc/fleetfs");
        else if (home != NULL)
                snprintf(d->fleet_dir, sizeof(d->fleet_dir), "%s/.config/fleetfs", home);
        /* An explicit kubeconfig asks for its contexts. */
        if (d->options.kubeconfig == NULL && d->fleet_dir[0] != '\0')
                d->source.fleet_dir = d->fleet_dir;
}

/* ---------------------------------------------------------------- daemon life */

static void daemon_ready(void *arg)
{
        struct daemon *d = arg;
        int null;

        log_info("mounted", LOG_S("mountpoint", d->options.mountpoint),
                LOG_S("version", FLEETFS_VERSION));
        if (d->terminal != STDERR_FILENO)
                close(d->terminal);
        d->terminal = STDERR_FILENO;
        if (d->ready_fd < 0)
                return;
        null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (null >= 0) {
                dup2(null, STDIN_FILENO);
                dup2(null, STDOUT_FILENO);
                close(null);
        }
        if (write(d->ready_fd, "", 1) < 0)
                log_debug("nobody waits for the daemon");
        close(d->ready_fd);
        d->ready_fd = -1;
}

/* From here on lines go to a file, if they are to; standard error follows when the mount is there, as
   fusermount3 complains on it. Without a place for it a daemon logs nowhere, as long as nobody asked
   for one; nor does it with -o ro, which writes nothing. */
static int daemon_log_file(struct daemon *d, struct err *err)
{
        char path[sizeof(d->fleet_dir) + 32];
        int r = -ENOENT;

        if (d->options.foreground && d->options.log_file == NULL)
                return 0;
        if (d->options.log_file != NULL) {
                r = log_to_file(d->options.log_file, err);
        } else {
                snprintf(path, sizeof(path), "%s/fleetfs.log", d->options.state_dir);
                if (!d->options.read_only)
                        r = log_to_file(path, NULL);
                if (r < 0)
                        r = log_to_file("/dev/null", err);
        }
        d->log_is_file = r == 0;
        return r;
}

/* Whoever started us keeps his terminal until we are ready. */
static int daemon_log_stderr(struct daemon *d, struct err *err)
{
        int copy;

        if (!d->log_is_file)
                return 0;
        copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (copy >= 0)
                d->terminal = copy;
        return log_take_stderr(err);
}

/* The parent's part. Returns only in the child; *ret_fd is what it tells `ready` by. */
static void daemonize(int *ret_fd)
{
        int fds[2], status;
        char byte;
        ssize_t n;
        pid_t pid;

        if (pipe2(fds, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
                fprintf(stderr, "fleetfs: become a daemon: %s\n", strerror(errno));
                exit(EXIT_FAILURE);
        }
        if (pid == 0) {
                close(fds[0]);
                setsid();
                if (chdir("/") < 0)
                        fprintf(stderr, "fleetfs: leave the current folder: %s\n", strerror(errno));
                *ret_fd = fds[1];
                return;
        }
        close(fds[1]);
        do
                n = read(fds[0], &byte, 1);
        while (n < 0 && errno == EINTR);
        if (n == 1)
                exit(EXIT_SUCCESS);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static void daemon_reload(struct engine *e, void *arg)
{
        engine_reload(e);
}

static void *daemon_signals(void *arg)
{
        struct daemon *d = arg;
        sigset_t set;
        int sig;

        pthread_setname_np(pthread_self(), "signals");
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGUSR1);
        for (;;) {
                if (sigwait(&set, &sig) != 0)
                        continue;
                if (sig == SIGHUP) {
                        (void)engine_post(d->engine, daemon_reload, NULL);
                        continue;
                }
                if (sig == SIGUSR1) /* the process ends by itself */
                        return NULL;
                log_info("stopping", LOG_S("signal", strsignal(sig)));
                session_stop(d->session);
        }
}

/* From before the engine's thread: they all inherit it. */
static void daemon_block_signals(void)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        sigaddset(&set, SIGUSR1);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/* Serves until the end. */
static int daemon_serve(struct daemon *d)
{
        struct err err = ERR_INIT;
        pthread_t signals;
        int r;

        daemon_block_signals();
        engine_listen(d->engine, session_listener, d->session);
        r = engine_start(d->engine, &err);
        if (r < 0)
                return complain(d, STAGE_SERVE, &err);
        r = pthread_create(&signals, NULL, daemon_signals, d);
        if (r != 0) {
                err_set(&err, -r, "wait for signals: %s", strerror(r));
                return complain(d, STAGE_SERVE, &err);
        }
        r = session_start(d->session, daemon_ready, d, &err);
        /* Not within log_info(): its arguments are not evaluated below the level. */
        if (r == 0 && (r = session_wait(d->session)) < 0) {
                err_set(&err, r, "the mount on %s ended before it could be used",
                        d->options.mountpoint);
                err_remedy(&err, "the log has what libfuse said, unless somebody else unmounted it");
        }
        if (r >= 0) {
                log_info(r == 1 ? "unmounted" : "stopped");
                r = EXIT_SUCCESS;
        } else {
                r = complain(d, STAGE_SERVE, &err);
        }
        pthread_kill(signals, SIGUSR1);
        pthread_join(signals, NULL);
        return r;
}

static int daemon_run(struct daemon *d)
{
        const struct engine_options eo = {
                .source = &d->source,
                .state_dir = d->options.state_dir,
                .read_only = d->options.read_only,
                .start_deadline = d->options.start_deadline_s,
                .relist_ms = d->options.relist_s * 1000,
                .grace_unlink_ms = LIMIT_GRACE_UNLINK_MS,
                .grace_rename_ms = LIMIT_GRACE_RENAME_MS,
        };
        struct session_options so = {
                .mountpoint = d->options.mountpoint,
                .fsname = d->options.fsname,
                .mount_options = d->options.fuse,
                .read_only = d->options.read_only,
                .allow_other = d->options.allow_other,
                .debug = d->options.debug,
                .root = &root_table,
                .write = &write_ops,
        };
        struct err err = ERR_INIT;

        if (engine_new(&d->engine, &eo, &err) < 0)
                return complain(d, STAGE_STATE, &err);
        if (daemon_log_file(d, &err) < 0)
                return complain(d, STAGE_LOG, &err);
        if (engine_load(d->engine, &err) < 0)
                return complain(d, STAGE_CONFIG, &err);
        so.read_only = so.read_only || d->engine->model.store_read_only;
        if (so.fsname == NULL) {
                snprintf(d->fsname, sizeof(d->fsname), "fleet:%s",
                        d->engine->model.fleets != NULL ? d->engine->model.fleets->name : "");
                so.fsname = d->fsname;
        }
        if (session_new(&d->session, &so, &d->engine->model, d->engine, &err) < 0)
                return complain(d, STAGE_MOUNT, &err);
        if (d->engine->model.store_read_only && !d->options.read_only)
                daemon_tell(d, "%s holds the state in %s: this mount is read-only",
                        d->engine->model.store_holder, d->options.state_dir);
        if (d->session->covers)
                daemon_tell(d, "%s was not empty: this mount hides what is in it until it ends",
                        d->options.mountpoint);
        if (daemon_log_stderr(d, &err) < 0)
                return complain(d, STAGE_LOG, &err);
        return daemon_serve(d);
}

static void daemon_done(struct daemon *d)
{
        /* Requests that wait for the engine are answered before it goes; the tree outlives it by a
         * moment. */
        if (d->engine != NULL)
                engine_stop(d->engine);
        session_free(d->session);
        engine_free(d->engine);
        options_done(&d->options);
}

static int daemon_log_init(struct daemon *d, struct err *err)
{
        const struct options *o = &d->options;
        int r;

        d->log = (struct log_options){ .level = o->debug ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO,
                .format = LOG_FORMAT_TEXT };
        if (o->log_level != NULL) {
                r = log_level_parse(o->log_level, &d->log.level, err);
                if (r < 0)
                        return err_wrap(err, r, "--log-level");
        }
        if (o->log_format != NULL) {
                if (strcmp(o->log_format, "json") == 0)
                        d->log.format = LOG_FORMAT_JSON;
                else if (strcmp(o->log_format, "text") != 0)
                        return err_set(err, -EINVAL,
                                "--log-format: \"%s\" is neither text nor json", o->log_format);
        }
        log_init(&d->log);
        return 0;
}

/* As the kernel will spell it: links of migrations may lead through it. Only the folder above is
   looked at when the mountpoint itself cannot be: it may be the dead mount of a predecessor. */
static int daemon_mountpoint(struct daemon *d, struct err *err)
{
        char *full = realpath(d->options.mountpoint, NULL), *given = d->options.mountpoint;
        char *slash = strrchr(given, '/');

        if (full == NULL) {
                _cleanup_(freep) char *above = NULL;

                for (; slash > given && slash[1] == '\0'; slash = strrchr(given, '/'))
                        *slash = '\0';
                *slash = '\0';
                above = realpath(slash == given ? "/" : given, NULL);
                *slash = '/';
                /* Whatever else is wrong with the path, mounting says. */
                if (above == NULL)
                        return 0;
                if (asprintf(&full, "%s/%s", above[1] == '\0' ? "" : above, slash + 1) < 0)
                        return err_set(err, -ENOMEM, "find the mountpoint");
        }
        free(given);
        d->options.mountpoint = full;
        return 0;
}

/* With one of 0-2 closed, what is opened next would get its number: the state folder as stderr, which the log then
   replaces. Nothing can be said if it fails: there may be nowhere to say it. */
static int standard_descriptors(void)
{
        int fd;

        do
                fd = open("/dev/null", O_RDWR);
        while (fd >= 0 && fd <= STDERR_FILENO);
        if (fd < 0)
                return -errno;
        close(fd);
        return 0;
}

int main(int argc, char **argv)
{
        struct daemon d = { .ready_fd = -1, .terminal = STDERR_FILENO };
        struct err err = ERR_INIT;
        int r;

        if (standard_descriptors() < 0)
                return EXIT_FAILURE;
        r = options_parse(argc, argv, &d.options, &err);
        if (r == 0 && d.options.action == OPTIONS_HELP) {
                options_help(stdout);
                options_done(&d.options);
                return EXIT_SUCCESS;
        }
        if (r == 0 && d.options.action == OPTIONS_VERSION) {
                printf("fleetfs %s\nlibfuse %s\n", FLEETFS_VERSION, session_fuse_version());
                options_done(&d.options);
                return EXIT_SUCCESS;
        }
        if (r == 0)
                r = daemon_log_init(&d, &err);
        if (r == 0)
                r = options_defaults(&d.options, &err);
        if (r == 0)
                r = daemon_mountpoint(&d, &err);
        if (r < 0) {
                fprintf(stderr, "fleetfs: %s%s%s\nTry: fleetfs --help\n", err.msg,
                        err.remedy[0] ? ": " : "", err.remedy);
                options_done(&d.options);
                return EXIT_USAGE;
        }
        umask(0077);
        /* A reader of the log that went away, a disk quota: errors of their write, and no reason to end. */
        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN);
        /* Relative paths of the environment count from here, and a daemon leaves for the root. */
        daemon_source(&d);
        if (!d.options.foreground)
                daemonize(&d.ready_fd);
        r = daemon_run(&d);
        daemon_done(&d);
        return r;
}
