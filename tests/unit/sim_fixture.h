/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A fixture with a simulated fleet of its own (tests/sim), a loop, an HTTP engine and a client for
 * its first cluster. The program is $FLEETFS_SIM; without it the tests of the file fail.
 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/http.h"
#include "base/limits.h"
#include "base/loop.h"
#include "k8s/client.h"
#include "k8s/kubeconfig.h"

/* Only what hangs waits so long: a machine that is busy is slow, and not wrong. */
#define SIM_WAIT_MS 60000

struct sim_fixture {
        char dir[64], sim_dir[80], kubeconfig[96];
        const char *program;
        pid_t pid;
        struct kubeconfig *contexts;
        struct loop *loop;
        struct http *http;
        struct kube_client *client, *more[4]; /* freed with the fixture */
        size_t n_more;
};

/* Dies with the test, also when that crashes or is killed. */
static inline pid_t sim_spawn(char *const *argv, int out)
{
        pid_t parent = getpid(), pid = fork();

        if (pid != 0)
                return pid;
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || dup2(out, 1) < 0)
                _exit(127);
        execv(argv[0], argv);
        _exit(127);
}

/* fleetfs-sim ctl DIR CLUSTER WORDS… */
static inline void sim_ctl(struct sim_fixture *f, const char *cluster, const char *words)
{
        char copy[256], *save = NULL, *argv[20];
        int n = 0, status = -1, null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        pid_t pid;

        argv[n++] = (char *)(uintptr_t)f->program;
        argv[n++] = (char *)(uintptr_t) "ctl";
        argv[n++] = f->sim_dir;
        argv[n++] = (char *)(uintptr_t)cluster;
        snprintf(copy, sizeof(copy), "%s", words);
        for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
                argv[n++] = w;
        argv[n] = NULL;
        pid = sim_spawn(argv, null);
        close(null);
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (status != 0)
                fail_msg("fleetfs-sim ctl %s %s: status %d", cluster, words, status);
}

/* Reads until "ready"; the simulator says nothing else before. */
static inline bool sim_is_ready(int fd)
{
        char text[64] = "";
        size_t len = 0;

        while (len < sizeof(text) - 1 && !strstr(text, "ready")) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                ssize_t n = poll(&p, 1, SIM_WAIT_MS) == 1 ? read(fd, text + len, 63 - len) : 0;

                if (n <= 0)
                        return false;
                len += (size_t)n;
                text[len] = '\0';
        }
        return true;
}

static inline int sim_start(struct sim_fixture *f, const char *const *options)
{
        char *argv[20];
        int out[2], n = 0;
        bool ready;

        argv[n++] = (char *)(uintptr_t)f->program;
        argv[n++] = (char *)(uintptr_t) "up";
        argv[n++] = f->sim_dir;
        for (; options && *options; options++)
                argv[n++] = (char *)(uintptr_t)*options;
        argv[n] = NULL;
        if (pipe2(out, O_CLOEXEC) < 0)
                return -1;
        f->pid = sim_spawn(argv, out[1]);
        close(out[1]);
        ready = f->pid > 0 && sim_is_ready(out[0]);
        close(out[0]);
        return ready ? 0 : -1;
}

static inline void sim_load_contexts(struct sim_fixture *f)
{
        struct kubeconfig_source source = { .path = f->kubeconfig };
        struct err err = ERR_INIT;

        kubeconfig_free(f->contexts);
        f->contexts = NULL;
        assert_ok(kubeconfig_load(&f->contexts, &source, &err), &err);
}

static inline struct kube_client *sim_client(struct sim_fixture *f, const char *context)
{
        struct kube_client *client = NULL;
        struct err err = ERR_INIT;

        assert_ok(kube_client_new(
                          &client, f->loop, f->http, kubeconfig_find(f->contexts, context), &err),
                &err);
        return client;
}

/* One more client, which the fixture owns. */
static inline struct kube_client *sim_client_more(struct sim_fixture *f, const char *context)
{
        assert_true(f->n_more < ARRAY_SIZE(f->more));
        f->more[f->n_more] = sim_client(f, context);
        return f->more[f->n_more++];
}

static inline int sim_setup_with(void **state, const char *const *options)
{
        struct test_state *s = *state;
        const char *program = getenv("FLEETFS_SIM");
        struct sim_fixture *f;

        if (!program || access(program, X_OK) < 0) {
                print_error("FLEETFS_SIM=%s is not the simulator's program: build tests/sim/fleetfs-sim\n",
                        program ? program : "");
                return -1;
        }
        if (test_dir_setup(state) < 0)
                return -1;
        s->fixture = f = calloc(1, sizeof(*f));
        f->program = program;
        snprintf(f->sim_dir, sizeof(f->sim_dir), "%s/sim", s->dir);
        snprintf(f->kubeconfig, sizeof(f->kubeconfig), "%s/kubeconfig", f->sim_dir);
        if (sim_start(f, options) < 0 || loop_new(&f->loop, NULL) < 0 ||
                http_new(&f->http, f->loop, NULL) < 0)
                return -1;
        sim_load_contexts(f);
        f->client = sim_client(f, "eu-1");
        return 0;
}

static inline int sim_setup(void **state)
{
        return sim_setup_with(state, NULL);
}

static inline int sim_teardown(void **state)
{
        struct sim_fixture *f = test_fixture(state);

        kube_client_free(f->client);
        while (f->n_more)
                kube_client_free(f->more[--f->n_more]);
        http_free(f->http);
        loop_free(f->loop);
        kubeconfig_free(f->contexts);
        if (f->pid > 0) {
                kill(f->pid, SIGCONT);
                kill(f->pid, SIGTERM);
                waitpid(f->pid, NULL, 0);
        }
        free(f);
        return test_dir_teardown(state);
}

static inline struct sim_fixture *sim_fixture(void **state)
{
        return test_fixture(state);
}

/* Runs rounds until *done is true, and fails after ms. */
static inline void sim_run_until_ms(struct sim_fixture *f, const bool *done, int64_t ms)
{
        int64_t end = loop_now(f->loop) + ms;

        while (!*done && loop_now(f->loop) < end)
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
        assert_true(*done);
}

static inline void sim_run_until(struct sim_fixture *f, const bool *done)
{
        sim_run_until_ms(f, done, SIM_WAIT_MS);
}

static inline void sim_run_for(struct sim_fixture *f, int64_t ms)
{
        for (int64_t end = loop_now(f->loop) + ms; loop_now(f->loop) < end;)
                assert_ok(loop_run_once(f->loop, end - loop_now(f->loop), NULL), NULL);
}

/* A call and its answer. */
struct sim_answer {
        bool done;
        long http;
        unsigned attempts;
        struct err err;
        char reason[48];
        char body[4096];
        size_t len;
};

static inline void sim_take_answer(void *arg, const struct kube_reply *reply)
{
        struct sim_answer *a = arg;

        assert_false(a->done);
        a->done = true;
        a->http = reply->http_status;
        a->attempts = reply->attempts;
        a->len = reply->len;
        if (reply->err)
                a->err = *reply->err;
        assert_true(reply->err || (reply->http_status >= 200 && reply->http_status < 300));
        snprintf(a->reason, sizeof(a->reason), "%s", reply->reason);
        snprintf(a->body, sizeof(a->body), "%s", reply->body);
}

static inline struct sim_answer sim_call(
        struct sim_fixture *f, struct kube_client *client, const struct kube_request *rq)
{
        struct sim_answer a = { 0 };
        struct err err = ERR_INIT;
        uint64_t id = 0;

        assert_ok(kube_call(client, rq, sim_take_answer, &a, &id, &err), &err);
        assert_true(id != 0);
        assert_false(a.done);
        sim_run_until(f, &a.done);
        return a;
}
