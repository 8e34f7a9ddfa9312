/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/strv.h"
#include "k8s/exec.h"
#include "k8s/kubeconfig.h"

/* Of standard error only the end is kept: twice this is read before the older half is dropped. */
#define STDERR_TAIL_BYTES 4096

/* One of the child's output streams. */
struct exec_stream {
        int fd; /* our end, non-blocking; -1: closed */
        struct loop_fd watch;
        struct buf bytes;
};

struct kube_exec_run {
        struct loop *loop;
        struct loop_child *child;
        struct loop_timer deadline;
        struct exec_stream out, errors;
        char *command;
        int64_t deadline_ms;
        kube_exec_run_fn *done;
        void *arg;
};

static void exec_stream_close(struct loop *loop, struct exec_stream *s)
{
        loop_fd_remove(loop, &s->watch);
        if (s->fd >= 0)
                (void)close(s->fd);
        s->fd = -1;
}

void kube_exec_run_free(struct kube_exec_run *run)
{
        if (!run)
                return;
        loop_timer_cancel(run->loop, &run->deadline);
        loop_child_free(run->child);
        exec_stream_close(run->loop, &run->out);
        exec_stream_close(run->loop, &run->errors);
        buf_wipe(&run->out.bytes);
        buf_done(&run->errors.bytes);
        free(run->command);
        free(run);
}

/* Calls done(), which may free the run: the last thing anybody does with it. */
static void kube_exec_run_finish(struct kube_exec_run *run, const struct err *err)
{
        loop_timer_cancel(run->loop, &run->deadline);
        exec_stream_close(run->loop, &run->out);
        exec_stream_close(run->loop, &run->errors);
        run->done(run->arg, err ? NULL : run->out.bytes.data, err ? 0 : run->out.bytes.len, err);
}

/* Kills the whole group, so that nothing the plugin started goes on. */
static void kube_exec_run_kill(struct kube_exec_run *run, const struct err *err)
{
        run->child = loop_child_free(run->child);
        kube_exec_run_finish(run, err);
}

/* --- what the child prints --- */

/* Reads what is there. 1: more may come, 0: end of file, -EFBIG, or another error of read(2). */
static int exec_stream_read(struct exec_stream *s)
{
        for (;;) {
                char bytes[4096];
                ssize_t n = read(s->fd, bytes, sizeof(bytes));
                int r;

                if (n == 0)
                        return 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 1 : -errno;
                r = buf_append(&s->bytes, bytes, (size_t)n);
                explicit_bzero(bytes, (size_t)n);
                if (r < 0)
                        return r;
        }
}

static int kube_exec_run_too_much(const struct kube_exec_run *run, int r, struct err *err)
{
        if (r == -EFBIG)
                return err_set(err, -EACCES, "exec plugin %s printed more than %u bytes",
                        run->command, LIMIT_EXEC_OUTPUT_BYTES);
        return err_set(err, r, "exec plugin %s: read its output: %s", run->command, strerror(-r));
}

static void kube_exec_run_on_out(struct loop_fd *f, uint32_t events, void *arg)
{
        struct kube_exec_run *run = arg;
        struct err err = ERR_INIT;
        int r = exec_stream_read(&run->out);

        (void)f;
        (void)events;
        if (r == 0)
                exec_stream_close(run->loop, &run->out);
        if (r >= 0)
                return;
        (void)kube_exec_run_too_much(run, r, &err);
        kube_exec_run_kill(run, &err);
}

/* Reads standard error to its present end and keeps the tail of it. Returns as exec_stream_read().
 */
static int exec_stream_read_tail(struct exec_stream *s)
{
        for (;;) {
                char bytes[STDERR_TAIL_BYTES];
                ssize_t n = read(s->fd, bytes, sizeof(bytes));

                if (n == 0)
                        return 0;
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return errno == EAGAIN ? 1 : -errno;
                if (s->bytes.len + (size_t)n > s->bytes.max)
                        buf_consume(&s->bytes, s->bytes.len > STDERR_TAIL_BYTES
                                                       ? s->bytes.len - STDERR_TAIL_BYTES
                                                       : s->bytes.len);
                (void)buf_append(&s->bytes, bytes, (size_t)n);
        }
}

static void kube_exec_run_on_errors(struct loop_fd *f, uint32_t events, void *arg)
{
        struct kube_exec_run *run = arg;

        (void)f;
        (void)events;
        if (exec_stream_read_tail(&run->errors) <= 0)
                exec_stream_close(run->loop, &run->errors);
}

/* The last lines with something in them, in one line: ": a / b"; "" when there are none. */
static void kube_exec_run_last_words(struct kube_exec_run *run, struct buf *ret)
{
        _cleanup_(strv_done) struct strv lines = { 0 };
        struct buf *bytes = &run->errors.bytes;

        for (size_t i = 0; i < bytes->len; i++)
                if (((unsigned char)bytes->data[i] < ' ' && bytes->data[i] != '\n') ||
                        bytes->data[i] == 0x7f)
                        bytes->data[i] = ' ';
        if (strv_split(&lines, bytes->data, "\n") < 0)
                return;
        for (size_t i = lines.n; i-- > 0;)
                if (lines.v[i][strspn(lines.v[i], " ")] == '\0')
                        strv_remove(&lines, i);
        while (lines.n > LIMIT_EXEC_STDERR_LINES)
                strv_remove(&lines, 0);
        for (size_t i = 0; i < lines.n; i++)
                (void)buf_printf(
                        ret, "%s%s", i ? " / " : ": ", lines.v[i] + strspn(lines.v[i], " "));
}

/* --- how it ends --- */

static void kube_exec_run_on_exit(struct loop_child *c, int status, void *arg)
{
        struct kube_exec_run *run = arg;
        _cleanup_(buf_done) struct buf words = BUF_INIT(2 * STDERR_TAIL_BYTES + 64);
        struct err err = ERR_INIT;
        int r = 0;

        (void)c;
        run->child = loop_child_free(run->child);
        /* Not to the end of file: a grandchild may hold the pipes for as long as it likes. */
        if (run->out.fd >= 0)
                r = exec_stream_read(&run->out);
        if (run->errors.fd >= 0)
                (void)exec_stream_read_tail(&run->errors);
        kube_exec_run_last_words(run, &words);
        if (WIFSIGNALED(status))
                (void)err_set(&err, -EACCES, "exec plugin %s was killed by signal %d%s",
                        run->command, WTERMSIG(status), words.data);
        else if (WEXITSTATUS(status) != 0)
                (void)err_set(&err, -EACCES, "exec plugin %s failed with exit code %d%s",
                        run->command, WEXITSTATUS(status), words.data);
        else if (r < 0)
                (void)kube_exec_run_too_much(run, r, &err);
        if (err.code && !err.remedy[0])
                (void)err_remedy(&err, "sign in again as for kubectl, which runs the same plugin");
        kube_exec_run_finish(run, err.code ? &err : NULL);
}

static void kube_exec_run_on_deadline(void *arg)
{
        struct kube_exec_run *run = arg;
        _cleanup_(buf_done) struct buf words = BUF_INIT(2 * STDERR_TAIL_BYTES + 64);
        struct err err = ERR_INIT;

        kube_exec_run_last_words(run, &words);
        (void)err_set(&err, -ETIMEDOUT,
                "exec plugin %s did not answer within %lld ms and was killed%s", run->command,
                (long long)run->deadline_ms, words.data);
        (void)err_remedy(&err, "sign in again as for kubectl, which runs the same plugin");
        kube_exec_run_kill(run, &err);
}

/* --- how it starts --- */

/* Our environment, the plugin's on top of it, and KUBERNETES_EXEC_INFO. */
static int exec_environment(struct strv *ret, const struct kube_exec *exec, const char *info)
{
        int r = 0;

        for (char **e = environ; r == 0 && *e; e++) {
                size_t name = strcspn(*e, "=") + 1;
                bool replaced = strncmp(*e, "KUBERNETES_EXEC_INFO=", name) == 0;

                for (size_t i = 0; i < exec->env.n && !replaced; i++)
                        replaced = strncmp(*e, exec->env.v[i], name) == 0;
                if (!replaced)
                        r = strv_push(ret, *e);
        }
        if (r == 0)
                r = strv_extend(ret, &exec->env);
        return r < 0 ? r : strv_printf(ret, "KUBERNETES_EXEC_INFO=%s", info);
}

/* The strings as execve(2) wants them; the array is the caller's, the strings stay the vector's. */
static char **strv_terminated(const struct strv *s)
{
        char **v = calloc(s->n + 1, sizeof(*v));

        if (v && s->n)
                memcpy(v, s->v, s->n * sizeof(*v));
        return v;
}

/* Signals as at login, a group of its own, and no descriptor but the three. Returns a positive
 * errno, as posix_spawn does. */
static int exec_attributes(
        posix_spawnattr_t *attr, posix_spawn_file_actions_t *files, int out, int errors)
{
        sigset_t all, none;
        int r;

        (void)sigfillset(&all);
        (void)sigemptyset(&none);
        r = posix_spawnattr_setflags(
                attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
        if (r == 0)
                r = posix_spawnattr_setpgroup(attr, 0);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(attr, &all);
        if (r == 0)
                r = posix_spawnattr_setsigmask(attr, &none);
        if (r == 0)
                r = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(files, out, 1);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(files, errors, 2);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(files, 3);
        return r;
}

static int exec_spawn(const struct kube_exec *exec, const struct strv *args,
        const struct strv *environment, int out, int errors, pid_t *ret)
{
        _cleanup_(freep) char **argv = strv_terminated(args);
        _cleanup_(freep) char **envp = strv_terminated(environment);
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attr;
        int r;

        if (!argv || !envp)
                return -ENOMEM;
        if (posix_spawnattr_init(&attr) != 0)
                return -ENOMEM;
        if (posix_spawn_file_actions_init(&files) != 0) {
                (void)posix_spawnattr_destroy(&attr);
                return -ENOMEM;
        }
        r = exec_attributes(&attr, &files, out, errors);
        if (r == 0)
                r = posix_spawnp(ret, exec->command, &files, &attr, argv, envp);
        (void)posix_spawn_file_actions_destroy(&files);
        (void)posix_spawnattr_destroy(&attr);
        return -r;
}

static int exec_spawn_failed(const struct kube_exec *exec, int r, struct err *err)
{
        if (r != -ENOENT)
                return err_set(err, r, "exec plugin %s: %s", exec->command, strerror(-r));
        (void)err_set(err, r, "exec plugin %s is not installed%s", exec->command,
                strchr(exec->command, '/') ? "" : " (not found in $PATH)");
        if (exec->install_hint) {
                (void)err_remedy(err, "%s", exec->install_hint);
                for (char *c = err ? err->remedy : NULL; c && *c; c++)
                        if ((unsigned char)*c < ' ')
                                *c = ' ';
        } else {
                (void)err_remedy(err, "install it, or correct exec.command in the kubeconfig");
        }
        return r;
}

static int exec_stream_open(struct exec_stream *s, int *ret_theirs)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        s->fd = fds[0];
        *ret_theirs = fds[1];
        return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int kube_exec_run_start(
        struct kube_exec_run *run, const struct kube_exec *exec, const char *info, struct err *err)
{
        _cleanup_(strv_done) struct strv args = { 0 }, environment = { 0 };
        _cleanup_(closep) int out = -1, errors = -1;
        pid_t pid;
        int r = strv_push(&args, exec->command);

        if (r == 0)
                r = strv_extend(&args, &exec->args);
        if (r == 0)
                r = exec_environment(&environment, exec, info);
        if (r == 0)
                r = exec_stream_open(&run->out, &out);
        if (r == 0)
                r = exec_stream_open(&run->errors, &errors);
        if (r == 0)
                r = exec_spawn(exec, &args, &environment, out, errors, &pid);
        if (r < 0)
                return exec_spawn_failed(exec, r, err);
        r = loop_child_new(&run->child, run->loop, pid, kube_exec_run_on_exit, run, err);
        if (r < 0) {
                (void)kill(-pid, SIGKILL);
                (void)waitpid(pid, NULL, 0);
                return r;
        }
        r = loop_fd_add(
                run->loop, &run->out.watch, run->out.fd, EPOLLIN, kube_exec_run_on_out, run, err);
        return r < 0 ? r
                     : loop_fd_add(run->loop, &run->errors.watch, run->errors.fd, EPOLLIN,
                               kube_exec_run_on_errors, run, err);
}

int kube_exec_run_new(struct kube_exec_run **ret, struct loop *loop, const struct kube_exec *exec,
        const char *info, int64_t deadline_ms, kube_exec_run_fn *done, void *arg, struct err *err)
{
        _cleanup_(kube_exec_run_freep) struct kube_exec_run *run = malloc(sizeof(*run));
        int r;

        if (!run)
                return -ENOMEM;
        *run = (struct kube_exec_run){
                .loop = loop,
                .out = { .fd = -1,
                        .watch = LOOP_FD_INIT,
                        .bytes = BUF_INIT(LIMIT_EXEC_OUTPUT_BYTES) },
                .errors = { .fd = -1,
                        .watch = LOOP_FD_INIT,
                        .bytes = BUF_INIT(2 * STDERR_TAIL_BYTES) },
                .deadline_ms = deadline_ms,
                .done = done,
                .arg = arg,
        };
        loop_timer_init(&run->deadline, kube_exec_run_on_deadline, run);
        run->command = strdup(exec->command);
        if (!run->command)
                return -ENOMEM;
        r = kube_exec_run_start(run, exec, info, err);
        if (r < 0)
                return r;
        loop_timer_after(loop, &run->deadline, deadline_ms);
        *ret = TAKE(run);
        return 0;
}
