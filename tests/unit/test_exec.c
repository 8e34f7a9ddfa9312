/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/exec.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "k8s/kubeconfig.h"
#include "tests/support/test.h"

#define V1      "client.authentication.k8s.io/v1"
#define V1BETA1 "client.authentication.k8s.io/v1beta1"
#define NOW     1000000000 /* 2001-09-09T01:46:40Z */

#define CREDENTIAL(version, status) \
        "{\"apiVersion\":\"" version "\",\"kind\":\"ExecCredential\",\"status\":" status "}"

/* --- the answer --- */

struct answer_row {
        const char *name;
        const char *api_version;
        const char *text;
        const char *error; /* NULL: it is taken */
        const char *token, *cert;
        int64_t expires;
};

static const struct answer_row answers[] = {
        { "a token", V1, CREDENTIAL(V1, "{\"token\":\"t\"}"), NULL, "t", "", 0 },
        { "v1beta1", V1BETA1, CREDENTIAL(V1BETA1, "{\"token\":\"t\"}"), NULL, "t", "", 0 },
        { "a token that expires", V1,
                CREDENTIAL(
                        V1, "{\"token\":\"t\",\"expirationTimestamp\":\"2001-09-09T02:46:40Z\"}"),
                NULL, "t", "", NOW + 3600 },
        { "a certificate", V1,
                CREDENTIAL(V1, "{\"clientCertificateData\":\"C\",\"clientKeyData\":\"K\"}"), NULL,
                "", "C", 0 },
        { "nulls are absent", V1,
                CREDENTIAL(V1,
                        "{\"token\":\"t\",\"clientKeyData\":null,\"expirationTimestamp\":null}"),
                NULL, "t", "", 0 },
        { "spaces around", V1, "\n " CREDENTIAL(V1, "{\"token\":\"t\"}") "\n", NULL, "t", "", 0 },
        { "nothing", V1, "", "it answered nothing", "", "", 0 },
        { "only a newline", V1, "\n", "it answered nothing", "", "", 0 },
        { "garbage is not quoted", V1, "SECRET", "its answer is no JSON (at its line 1, column 6)",
                "", "", 0 },
        { "a list", V1, "[]", "its answer is no JSON object", "", "", 0 },
        { "no kind", V1, "{}", "it answered kind nothing, not ExecCredential", "", "", 0 },
        { "another kind", V1, "{\"kind\":\"Pod\"}", "it answered kind Pod, not ExecCredential", "",
                "", 0 },
        { "another version", V1, CREDENTIAL(V1BETA1, "{\"token\":\"t\"}"),
                "it is configured for " V1 ", but answered " V1BETA1, "", "", 0 },
        { "no version", V1, "{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"t\"}}",
                "it is configured for " V1 ", but answered without apiVersion", "", "", 0 },
        { "no status", V1, "{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\"}",
                "it answered without a status", "", "", 0 },
        { "empty status", V1, CREDENTIAL(V1, "{}"),
                "it answered neither a token nor a client certificate", "", "", 0 },
        { "a key without certificate", V1, CREDENTIAL(V1, "{\"clientKeyData\":\"K\"}"),
                "it answered only one of clientCertificateData and clientKeyData", "", "", 0 },
        { "a token that is a number", V1, CREDENTIAL(V1, "{\"token\":5}"),
                "it answered a status.token that is no string", "", "", 0 },
        { "a token that would end its header", V1, CREDENTIAL(V1, "{\"token\":\"a\\r\\nb: c\"}"),
                "it answered a token with spaces or control characters in it", "", "", 0 },
        { "expired already", V1,
                CREDENTIAL(
                        V1, "{\"token\":\"t\",\"expirationTimestamp\":\"2001-09-09T01:46:40Z\"}"),
                "it answered a credential that expired at 2001-09-09T01:46:40Z", "", "", 0 },
        { "a time that is none", V1,
                CREDENTIAL(V1, "{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"),
                "it answered a status.expirationTimestamp that is no time", "", "", 0 },
};

static void reads_answers(void **state)
{
        const struct answer_row *row = test_row(state);
        struct kube_exec_answer answer = { .expires = 0 };
        struct err err = ERR_INIT;
        int r = kube_exec_parse(row->text, strlen(row->text), row->api_version, NOW, &answer, &err);

        assert_string_equal(err.msg, row->error ? row->error : "");
        assert_int_equal(r, row->error ? -EACCES : 0);
        assert_true(!row->error || err.remedy[0]);
        assert_string_equal(secret_reveal(&answer.token), row->token);
        assert_string_equal(secret_reveal(&answer.cert_pem), row->cert);
        assert_int_equal(answer.expires, row->expires);
        kube_exec_answer_done(&answer);
}

/* --- what the plugin is told --- */

struct info_row {
        const char *name;
        const char *cluster; /* fields of the cluster in the kubeconfig */
        const char *exec;    /* further fields of exec */
        const char *expected;
};

static const struct info_row infos[] = {
        { "nothing of the cluster unless it asks", "", "",
                "{\"apiVersion\":\"" V1BETA1
                "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false}}" },
        { "the cluster", "", ", provideClusterInfo: true",
                "{\"apiVersion\":\"" V1BETA1
                "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false,"
                "\"cluster\":{\"server\":\"https://c\"}}}" },
        { "all of the cluster",
                ", tls-server-name: s, proxy-url: 'http://p:1', disable-compression: true,"
                " certificate-authority-data: LS0tLS1CRUdJTiA=,"
                " extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: x}}]",
                ", provideClusterInfo: true",
                "{\"apiVersion\":\"" V1BETA1
                "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false,"
                "\"cluster\":{\"server\":\"https://c\",\"tls-server-name\":\"s\","
                "\"proxy-url\":\"http://p:1\",\"disable-compression\":true,"
                "\"certificate-authority-data\":\"LS0tLS1CRUdJTiA=\",\"config\":{\"audience\":\"x\"}}}}" },
        { "an insecure cluster", ", insecure-skip-tls-verify: true", ", provideClusterInfo: true",
                "{\"apiVersion\":\"" V1BETA1
                "\",\"kind\":\"ExecCredential\",\"spec\":{\"interactive\":false,"
                "\"cluster\":{\"server\":\"https://c\",\"insecure-skip-tls-verify\":true}}}" },
};

static struct kubeconfig *kubeconfig_of(const char *cluster, const char *command, const char *exec)
{
        char text[2048];
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(text, sizeof(text),
                "clusters:\n- {name: c, cluster: {server: 'https://c'%s}}\n"
                "users:\n- {name: u, user: {exec: {apiVersion: " V1BETA1 ", command: '%s'%s}}}\n"
                "contexts:\n- {name: x, context: {cluster: c, user: u}}\n",
                cluster, command, exec);
        assert_ok(kubeconfig_parse(&kc, text, strlen(text), "kc", "/", &err), &err);
        assert_string_equal(kc->contexts[0].err.msg, "");
        return kc;
}

static void tells_the_plugin(void **state)
{
        const struct info_row *row = test_row(state);
        struct kubeconfig *kc = kubeconfig_of(row->cluster, "p", row->exec);
        struct buf info = BUF_INIT(LIMIT_TEXT_BYTES);

        assert_int_equal(kube_exec_info(&info, &kc->contexts[0]), 0);
        assert_text(info.data, row->expected);
        buf_done(&info);
        kubeconfig_free(kc);
}

/* --- processes --- */

struct fixture {
        struct loop *loop;
        struct kube_exec_run *run;
        bool done;
        char output[256];
        struct err err;
};

static int loop_setup(void **state)
{
        struct test_state *s = *state;
        struct fixture *f = calloc(1, sizeof(*f));

        s->fixture = f;
        return !f || test_dir_setup(state) < 0 || loop_new(&f->loop, NULL) < 0 ? -1 : 0;
}

static int loop_teardown(void **state)
{
        struct fixture *f = test_fixture(state);

        kube_exec_run_free(f->run);
        loop_free(f->loop);
        free(f);
        return test_dir_teardown(state);
}

/* A plugin: a shell script. Returns its path. */
static const char *script(void **state, const char *name, const char *body)
{
        static char path[256];
        FILE *file;

        (void)snprintf(path, sizeof(path), "%s/%s", test_dir(state), name);
        file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fprintf(file, "#!/bin/sh\n%s\n", body) > 0);
        assert_int_equal(fclose(file), 0);
        assert_int_equal(chmod(path, 0700), 0);
        return path;
}

static void on_run(void *arg, const char *output, size_t len, const struct err *err)
{
        struct fixture *f = arg;

        assert_false(f->done);
        f->done = true;
        if (err)
                f->err = *err;
        else
                (void)snprintf(f->output, sizeof(f->output), "%.*s", (int)len, output);
}

static void run_until(struct fixture *f, const bool *flag)
{
        int64_t end = clock_boottime_ms() + 20000;

        while (!*flag && clock_boottime_ms() < end)
                assert_ok(loop_run_once(f->loop, 200, NULL), NULL);
        assert_true(*flag);
}

struct run_row {
        const char *name;
        const char *script;
        const char *exec; /* further fields of exec */
        int code;
        const char *expected; /* the output, or the message with DIR for the folder */
        int64_t deadline_ms;  /* 0: the usual */
};

static const struct run_row runs[] = {
        { "output", "echo hello", "", 0, "hello\n", 0 },
        { "arguments", "echo \"$2,$1\"", ", args: ['a b', c]", 0, "c,a b\n", 0 },
        { "environment on top of ours", "echo $EXTRA $KUBE_TEST_OURS; test -n \"$PATH\"",
                ", env: [{name: EXTRA, value: e}, {name: KUBE_TEST_OURS, value: theirs}]", 0,
                "e theirs\n", 0 },
        { "KUBERNETES_EXEC_INFO", "echo \"$KUBERNETES_EXEC_INFO\"", "", 0, "INFO\n", 0 },
        { "standard input is empty", "cat; echo end", "", 0, "end\n", 0 },
        { "no descriptors of ours", "ls /proc/self/fd | wc -l", "", 0, "4\n", 0 },
        { "a process group of its own", "test $(ps -o pgid= -p $$) = $$ && echo own", "", 0,
                "own\n", 0 },
        { "signals as at login", "trap 'echo got' TERM; kill -TERM $$; echo end", "", 0,
                "got\nend\n", 0 },
        { "a grandchild that keeps the pipe does not hold it up",
                "sleep 30 & echo $! > $0.pid; echo out", "", 0, "out\n", 0 },
        { "exit code with the last words",
                "echo one >&2; echo two >&2; echo >&2; echo ' three' >&2; printf 'fo\\aur' >&2; exit 1",
                "", -EACCES, "exec plugin DIR/plugin failed with exit code 1: two / three / fo ur",
                0 },
        { "exit code without a word", "exit 3", "", -EACCES,
                "exec plugin DIR/plugin failed with exit code 3", 0 },
        { "killed", "kill -KILL $$", "", -EACCES, "exec plugin DIR/plugin was killed by signal 9",
                0 },
        { "only the end of much is kept",
                "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done >&2; exit 1", "",
                -EACCES,
                "exec plugin DIR/plugin failed with exit code 1: line 2997 / line 2998 / line 2999",
                0 },
        { "output without end", "exec cat /dev/zero", "", -EACCES,
                "exec plugin DIR/plugin printed more than 1048576 bytes", 0 },
        { "a hanging plugin is killed", "echo waiting for the browser >&2; sleep 60", "",
                -ETIMEDOUT,
                "exec plugin DIR/plugin did not answer within 300 ms and was killed:"
                " waiting for the browser",
                300 },
};

static void runs_plugins(void **state)
{
        const struct run_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc = kubeconfig_of("", script(state, "plugin", row->script), row->exec);
        struct err err = ERR_INIT;
        char expected[512], pid_file[256];
        const char *dir;
        FILE *pid;

        assert_int_equal(setenv("KUBE_TEST_OURS", "ours", 1), 0);
        assert_ok(kube_exec_run_new(&f->run, f->loop, &kc->contexts[0].user.exec, "INFO",
                          row->deadline_ms ? row->deadline_ms : LIMIT_EXEC_MS, on_run, f, &err),
                &err);
        kubeconfig_free(kc);
        run_until(f, &f->done);
        dir = strstr(row->expected, "DIR");
        (void)snprintf(expected, sizeof(expected), "%.*s%s%s", (int)(dir ? dir - row->expected : 0),
                row->expected, dir ? test_dir(state) : "", dir ? dir + 3 : row->expected);
        assert_int_equal(f->err.code, row->code);
        assert_text(row->code ? f->err.msg : f->output, expected);
        /* What a test left running on purpose ends with it. */
        (void)snprintf(pid_file, sizeof(pid_file), "%s/plugin.pid", test_dir(state));
        pid = fopen(pid_file, "r");
        if (pid) {
                int number = 0;

                assert_int_equal(fscanf(pid, "%d", &number), 1);
                assert_int_equal(kill(number, SIGKILL), 0);
                assert_int_equal(fclose(pid), 0);
        }
}

/* Waits until no process of that id is left. */
static void assert_gone(pid_t pid)
{
        for (int i = 0; i < 200; i++) {
                char path[64], text[256] = "";
                FILE *stat;

                (void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
                stat = fopen(path, "r");
                if (!stat)
                        return;
                (void)!fgets(text, sizeof(text), stat);
                (void)fclose(stat);
                /* Where nobody reaps orphans a killed grandchild stays as a zombie. */
                if (strstr(text, ") Z "))
                        return;
                (void)usleep(20000);
        }
        fail_msg("process %d is still there", (int)pid);
}

static pid_t wait_for_pid(struct fixture *f, const char *path)
{
        for (int i = 0; i < 200; i++) {
                int pid = 0;
                FILE *file;

                assert_ok(loop_run_once(f->loop, 20, NULL), NULL);
                file = fopen(path, "r");
                if (!file)
                        continue;
                if (fscanf(file, "%d", &pid) != 1)
                        pid = 0;
                (void)fclose(file);
                if (pid)
                        return pid;
        }
        fail_msg("%s: no pid", path);
        return 0;
}

static void kills_the_children_too(void **state)
{
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc =
                kubeconfig_of("", script(state, "plugin", "sleep 60 & echo $! > $0.pid\nwait"), "");
        char path[256];
        pid_t child;

        (void)snprintf(path, sizeof(path), "%s/plugin.pid", test_dir(state));
        assert_ok(kube_exec_run_new(&f->run, f->loop, &kc->contexts[0].user.exec, "INFO", 1000,
                          on_run, f, NULL),
                NULL);
        kubeconfig_free(kc);
        child = wait_for_pid(f, path);
        run_until(f, &f->done);
        assert_int_equal(f->err.code, -ETIMEDOUT);
        assert_gone(child);
}

static void kills_when_freed(void **state)
{
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc =
                kubeconfig_of("", script(state, "plugin", "echo $$ > $0.pid\nexec sleep 60"), "");
        char path[256];
        pid_t child;

        (void)snprintf(path, sizeof(path), "%s/plugin.pid", test_dir(state));
        assert_ok(kube_exec_run_new(&f->run, f->loop, &kc->contexts[0].user.exec, "INFO", 60000,
                          on_run, f, NULL),
                NULL);
        kubeconfig_free(kc);
        child = wait_for_pid(f, path);
        kube_exec_run_free(f->run);
        f->run = NULL;
        for (int i = 0; i < 10; i++)
                assert_ok(loop_run_once(f->loop, 20, NULL), NULL);
        assert_gone(child);
        assert_false(f->done);
}

struct spawn_row {
        const char *name;
        const char *command;
        const char *exec;
        int code;
        const char *message, *remedy;
};

static const struct spawn_row spawns[] = {
        { "not in $PATH", "fleetfs-no-such-plugin", "", -ENOENT,
                "exec plugin fleetfs-no-such-plugin is not installed (not found in $PATH)",
                "install it, or correct exec.command in the kubeconfig" },
        { "not there, with its install hint", "/nowhere/plugin",
                ", installHint: \"apt install plugin\\nand sign in\"", -ENOENT,
                "exec plugin /nowhere/plugin is not installed", "apt install plugin and sign in" },
        { "not executable", "/etc/passwd", "", -EACCES,
                "exec plugin /etc/passwd: Permission denied", "" },
};

static void refuses_to_start(void **state)
{
        const struct spawn_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc = kubeconfig_of("", row->command, row->exec);
        struct err err = ERR_INIT;

        assert_int_equal(kube_exec_run_new(&f->run, f->loop, &kc->contexts[0].user.exec, "INFO",
                                 1000, on_run, f, &err),
                row->code);
        assert_string_equal(err.msg, row->message);
        assert_string_equal(err.remedy, row->remedy);
        kubeconfig_free(kc);
}

int main(void)
{
        TEST_ROWS(reads_answers, answers);
        TEST_ROWS(tells_the_plugin, infos);
        TEST_ROWS_WITH(runs_plugins, runs, loop_setup, loop_teardown);
        TEST_WITH(kills_the_children_too, loop_setup, loop_teardown);
        TEST_WITH(kills_when_freed, loop_setup, loop_teardown);
        TEST_ROWS_WITH(refuses_to_start, spawns, loop_setup, loop_teardown);
        return test_run("exec");
}
