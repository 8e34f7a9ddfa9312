/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/auth.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "k8s/kubeconfig.h"
#include "tests/support/files.h"

/* --- fixture: a loop, some credentials, and what was handed out last --- */

#define CREDENTIALS 4

struct fixture {
        struct loop *loop;
        struct kube_credential *cred[CREDENTIALS];
        unsigned calls; /* of ready, for all credentials */
        char text[512]; /* the last auth, in one line */
        unsigned generation, tls_generation;
        struct err err;
};

static int auth_setup(void **state)
{
        struct test_state *s = *state;
        struct fixture *f = calloc(1, sizeof(*f));

        s->fixture = f;
        return !f || test_dir_setup(state) < 0 || loop_new(&f->loop, NULL) < 0 ? -1 : 0;
}

static int auth_teardown(void **state)
{
        struct fixture *f = test_fixture(state);

        for (size_t i = 0; i < CREDENTIALS; i++)
                kube_credential_free(f->cred[i]);
        loop_free(f->loop);
        free(f);
        clock_set_for_tests(NULL);
        return test_dir_teardown(state);
}

static void put(struct buf *out, const char *key, const char *value)
{
        if (value)
                (void)buf_printf(out, "%s%s=%s", out->len ? " " : "", key, value);
}

static void on_ready(void *arg, const struct kube_auth *auth, const struct err *err)
{
        struct fixture *f = arg;
        struct buf text = BUF_INIT(sizeof(f->text));

        f->calls++;
        f->text[0] = '\0';
        err_clear(&f->err);
        if (err) {
                assert_null(auth);
                f->err = *err;
                return;
        }
        put(&text, "bearer", auth->bearer);
        put(&text, "user", auth->username);
        put(&text, "password", auth->password);
        put(&text, "cert", auth->cert_pem);
        put(&text, "key", auth->key_pem);
        for (size_t i = 0; i < auth->headers->n; i++)
                put(&text, "header", auth->headers->v[i]);
        (void)snprintf(f->text, sizeof(f->text), "%s", text.data);
        buf_done(&text);
        f->generation = auth->generation;
        f->tls_generation = auth->tls_generation;
}

static void write_file(void **state, const char *name, const char *text, mode_t mode)
{
        char path[256];

        (void)snprintf(path, sizeof(path), "%s/%s", test_dir(state), name);
        test_write_file(test_dir(state), name, text);
        assert_int_equal(chmod(path, mode), 0);
}

/* A context whose user has these fields; paths count from the test's folder. */
static struct kubeconfig *context_of(void **state, const char *user)
{
        char text[2048];
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(text, sizeof(text),
                "clusters:\n- {name: c, cluster: {server: 'https://c'}}\n"
                "users:\n- {name: u, user: {%s}}\n"
                "contexts:\n- {name: x, context: {cluster: c, user: u}}\n",
                user);
        assert_ok(kubeconfig_parse(&kc, text, strlen(text), "kc", test_dir(state), &err), &err);
        assert_string_equal(kc->contexts[0].err.msg, "");
        return kc;
}

static void make(void **state, size_t i, const char *user)
{
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc = context_of(state, user);
        struct err err = ERR_INIT;

        assert_ok(kube_credential_new(&f->cred[i], f->loop, &kc->contexts[0], &err), &err);
        kubeconfig_free(kc);
}

static void run_until_calls(struct fixture *f, unsigned calls)
{
        int64_t end = clock_boottime_ms() + 20000;

        while (f->calls < calls && clock_boottime_ms() < end)
                assert_ok(loop_run_once(f->loop, 200, NULL), NULL);
        assert_int_equal(f->calls, calls);
}

/* Gets and waits for the answer. */
static void get(struct fixture *f, size_t i)
{
        unsigned calls = f->calls;

        kube_credential_get(f->cred[i], on_ready, f);
        run_until_calls(f, calls + 1);
}

/* --- static credentials --- */

struct static_row {
        const char *name;
        const char *user;
        const char *expected;
};

#define PEM_B64 "LS0tLS1CRUdJTiA="
#define PEM     "-----BEGIN "

static const struct static_row statics[] = {
        { "nobody", "", "" },
        { "token", "token: t", "bearer=t" },
        { "basic", "username: me, password: pw", "user=me password=pw" },
        { "certificate", "client-certificate-data: " PEM_B64 ", client-key-data: " PEM_B64,
                "cert=" PEM " key=" PEM },
        { "certificate and token",
                "token: t, client-certificate-data: " PEM_B64 ", client-key-data: " PEM_B64,
                "bearer=t cert=" PEM " key=" PEM },
        { "a token goes before a plugin",
                "token: t, exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: nowhere}",
                "bearer=t" },
        { "impersonation",
                "as: me, as-uid: '7', as-groups: [g, h], as-user-extra: {a/B%: [v], k: [w, x]}",
                "header=Impersonate-User: me header=Impersonate-Uid: 7 header=Impersonate-Group: g"
                " header=Impersonate-Group: h header=Impersonate-Extra-a%2FB%25: v"
                " header=Impersonate-Extra-k: w header=Impersonate-Extra-k: x" },
};

static void hands_out(void **state)
{
        const struct static_row *row = test_row(state);
        struct fixture *f = test_fixture(state);

        make(state, 0, row->user);
        kube_credential_get(f->cred[0], on_ready, f);
        assert_int_equal(f->calls, 1); /* at once */
        assert_string_equal(f->text, row->expected);
        assert_int_equal(f->generation, 1);
        assert_false(kube_credential_rejected(f->cred[0], 1));
        get(f, 0);
        assert_int_equal(f->generation, 1);
}

struct refused_row {
        const char *name;
        const char *user;
        const char *message, *remedy;
};

static const struct refused_row refused[] = {
        { "a plugin that needs a terminal",
                "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: p,"
                " interactiveMode: Always}",
                "exec plugin p needs a terminal (interactiveMode: Always), and fleetfs has none",
                "set interactiveMode to IfAvailable if the plugin can do without" },
        { "a token of two lines", "token: \"a\\nb\"",
                "the token of user \"u\" holds control characters", "write it in one line" },
        { "impersonation that would end its header", "as: \"a\\r\\nb: c\"",
                "as, as-uid, as-groups or as-user-extra hold control characters", "" },
};

static void refuses(void **state)
{
        const struct refused_row *row = test_row(state);
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc = context_of(state, row->user);
        struct err err = ERR_INIT;

        assert_int_equal(
                kube_credential_new(&f->cred[0], f->loop, &kc->contexts[0], &err), -EINVAL);
        assert_string_equal(err.msg, row->message);
        assert_string_equal(err.remedy, row->remedy);
        kubeconfig_free(kc);
}

static void refuses_a_broken_context_with_its_error(void **state)
{
        static const char text[] = "contexts:\n- {name: x, context: {}}\n";
        struct fixture *f = test_fixture(state);
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(kubeconfig_parse(&kc, text, strlen(text), "kc", "/", NULL), 0);
        assert_int_equal(
                kube_credential_new(&f->cred[0], f->loop, &kc->contexts[0], &err), -EINVAL);
        assert_err(&err, -EINVAL, "kc: context \"x\": it names no cluster");
        kubeconfig_free(kc);
}

/* --- files --- */

static void reads_a_token_file_again(void **state)
{
        struct fixture *f = test_fixture(state);
        int64_t end = clock_boottime_ms() + 10000;

        write_file(state, "tok", " one\n", 0600);
        make(state, 0, "tokenFile: tok");
        get(f, 0);
        assert_string_equal(f->text, "bearer=one");
        write_file(state, "tok", "two\n", 0600);
        while (f->generation == 1 && clock_boottime_ms() < end) {
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
                get(f, 0);
        }
        assert_string_equal(f->text, "bearer=two");
        assert_int_equal(f->generation, 2);
        assert_int_equal(f->tls_generation, 1);
}

static void reads_a_rejected_token_file_at_once(void **state)
{
        struct fixture *f = test_fixture(state);

        write_file(state, "tok", "one", 0600);
        make(state, 0, "tokenFile: tok");
        get(f, 0);
        assert_false(kube_credential_rejected(f->cred[0], 1)); /* it is still the same */
        write_file(state, "tok", "two", 0600);
        assert_true(kube_credential_rejected(f->cred[0], 1));
        assert_true(kube_credential_rejected(f->cred[0], 1)); /* a second request of the burst */
        get(f, 0);
        assert_string_equal(f->text, "bearer=two");
        assert_int_equal(f->generation, 2);
        assert_false(kube_credential_rejected(f->cred[0], 2));
}

static void keeps_a_token_while_its_file_is_away(void **state)
{
        struct fixture *f = test_fixture(state);
        char path[256];

        write_file(state, "tok", "one", 0600);
        make(state, 0, "tokenFile: tok");
        get(f, 0);
        (void)snprintf(path, sizeof(path), "%s/tok", test_dir(state));
        assert_int_equal(remove(path), 0);
        assert_false(kube_credential_rejected(f->cred[0], 1));
        get(f, 0);
        assert_string_equal(f->text, "bearer=one");
}

static void falls_back_to_the_token_beside(void **state)
{
        struct fixture *f = test_fixture(state);

        make(state, 0, "tokenFile: tok, token: t");
        get(f, 0);
        assert_string_equal(f->text, "bearer=t");
}

static void rotates_certificates(void **state)
{
        struct fixture *f = test_fixture(state);

        write_file(state, "c", "C1", 0600);
        write_file(state, "k", "K1", 0600);
        make(state, 0, "client-certificate: c, client-key: k");
        get(f, 0);
        assert_string_equal(f->text, "cert=C1 key=K1");
        write_file(state, "c", "C2", 0600);
        write_file(state, "k", "K2", 0600);
        assert_true(kube_credential_rejected(f->cred[0], 1));
        get(f, 0);
        assert_string_equal(f->text, "cert=C2 key=K2");
        assert_int_equal(f->generation, 2);
        assert_int_equal(f->tls_generation, 2);
}

struct file_row {
        const char *name;
        const char *user;
        const char *contents; /* of the file "file"; NULL: there is none */
        int code;
        const char *message; /* after "tokenFile …/file" and the like */
};

static const struct file_row bad_files[] = {
        { "no token file", "tokenFile: file", NULL, -ENOENT, "/file: No such file or directory" },
        { "an empty token file", "tokenFile: file", " \n", -EACCES, "/file is empty" },
        { "a token file with two lines", "tokenFile: file", "a\nb\n", -EACCES,
                "/file holds control characters" },
        { "no certificate file", "client-certificate: file, client-key: file", NULL, -ENOENT,
                "/file: No such file or directory" },
};

static void tells_what_is_wrong_with_a_file(void **state)
{
        const struct file_row *row = test_row(state);
        struct fixture *f = test_fixture(state);

        if (row->contents)
                write_file(state, "file", row->contents, 0600);
        make(state, 0, row->user);
        get(f, 0);
        assert_err(&f->err, row->code, row->message);
        /* Mended, it works at once. */
        write_file(state, "file", "good", 0600);
        get(f, 0);
        assert_string_equal(f->err.msg, "");
        assert_int_equal(f->generation, 1);
}

/* --- plugins --- */

/* Counts its runs in the file "runs", and answers the status that stands in the file "status". */
#define PLUGIN                                                                                          \
        "#!/bin/sh\ncd ${0%/*}\necho run >>runs\n"                                                      \
        "test -e fail && { echo sign in first >&2; exit 1; }\n"                                         \
        "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\"'\n" \
        "echo \",\\\"status\\\":$(cat status)}\"\n"
#define EXEC(rest)                                                                                     \
        "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: ./plugin, env: [{name: X, " \
        "value: x}]" rest "}"

static unsigned plugin_runs(void **state)
{
        char path[256], line[16];
        unsigned n = 0;
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/runs", test_dir(state));
        f = fopen(path, "r");
        while (f && fgets(line, sizeof(line), f))
                n++;
        if (f)
                (void)fclose(f);
        return n;
}

static void plugin(void **state, const char *status)
{
        write_file(state, "plugin", PLUGIN, 0700);
        write_file(state, "status", status, 0600);
}

static void caches_what_a_plugin_answers(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\"}");
        make(state, 0, EXEC(""));
        kube_credential_get(f->cred[0], on_ready, f);
        assert_int_equal(f->calls, 0); /* it comes later */
        run_until_calls(f, 1);
        assert_string_equal(f->text, "bearer=one");
        assert_int_equal(f->generation, 1);
        kube_credential_get(f->cred[0], on_ready, f);
        assert_int_equal(f->calls, 2); /* at once */
        assert_int_equal(plugin_runs(state), 1);
}

static int64_t test_now;
static int64_t test_realtime(void)
{
        return test_now;
}

static void renews_what_expires(void **state)
{
        static const struct clock_source source = { .realtime = test_realtime };
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\",\"expirationTimestamp\":\"2001-09-09T02:46:40Z\"}");
        test_now = 1000000000; /* an hour before */
        clock_set_for_tests(&source);
        make(state, 0, EXEC(""));
        get(f, 0);
        test_now += 3600 - LIMIT_CREDENTIAL_SKEW_S - 1;
        get(f, 0);
        assert_int_equal(plugin_runs(state), 1);
        write_file(state, "status",
                "{\"token\":\"two\",\"expirationTimestamp\":\"2001-09-09T03:46:40Z\"}", 0600);
        test_now++;
        get(f, 0);
        assert_string_equal(f->text, "bearer=two");
        assert_int_equal(f->generation, 2);
        assert_int_equal(plugin_runs(state), 2);
}

static void runs_once_more_when_rejected(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\"}");
        make(state, 0, EXEC(""));
        get(f, 0);
        write_file(state, "status", "{\"token\":\"two\"}", 0600);
        assert_true(kube_credential_rejected(f->cred[0], 1));
        get(f, 0);
        assert_string_equal(f->text, "bearer=two");
        assert_int_equal(f->generation, 2);
        assert_true(kube_credential_rejected(f->cred[0], 1));  /* a late answer to the old one */
        assert_false(kube_credential_rejected(f->cred[0], 2)); /* the new one is no better */
        get(f, 0);
        assert_int_equal(plugin_runs(state), 2);
}

static void knows_when_only_the_certificate_changes(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"clientCertificateData\":\"C1\",\"clientKeyData\":\"K1\"}");
        make(state, 0, EXEC(""));
        get(f, 0);
        assert_string_equal(f->text, "cert=C1 key=K1");
        write_file(state, "status",
                "{\"clientCertificateData\":\"C1\",\"clientKeyData\":\"K1\",\"token\":\"t\"}",
                0600);
        assert_true(kube_credential_rejected(f->cred[0], 1));
        get(f, 0);
        assert_string_equal(f->text, "bearer=t cert=C1 key=K1");
        assert_int_equal(f->generation, 2);
        assert_int_equal(f->tls_generation, 1);
}

static void shares_one_run_between_identical_plugins(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\"}");
        for (size_t i = 0; i < 3; i++) {
                make(state, i, EXEC(""));
                kube_credential_get(f->cred[i], on_ready, f);
        }
        kube_credential_get(f->cred[0], on_ready, f);
        run_until_calls(f, 4);
        assert_string_equal(f->text, "bearer=one");
        assert_int_equal(plugin_runs(state), 1);
        /* Both reject the same answer: one more run, not two. */
        assert_true(kube_credential_rejected(f->cred[0], 1));
        assert_true(kube_credential_rejected(f->cred[1], 1));
        get(f, 0);
        get(f, 1);
        assert_int_equal(plugin_runs(state), 2);
}

/* Fails when another one runs at the same time. */
#define EXCLUSIVE_PLUGIN                                                                              \
        "#!/bin/sh\ncd ${0%/*}\nmkdir busy || { echo two at a time >&2; exit 1; }\nsleep 0.2\n"       \
        "rmdir busy\n"                                                                                \
        "echo '{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\"," \
        "\"status\":{\"token\":\"t\"}}'\n"

static void runs_the_same_command_one_at_a_time(void **state)
{
        struct fixture *f = test_fixture(state);

        write_file(state, "plugin", EXCLUSIVE_PLUGIN, 0700);
        make(state, 0, EXEC(""));
        make(state, 1,
                EXEC(", provideClusterInfo: true")); /* other information: not the same run */
        kube_credential_get(f->cred[0], on_ready, f);
        kube_credential_get(f->cred[1], on_ready, f);
        run_until_calls(f, 1);
        assert_string_equal(f->text, "bearer=t");
        run_until_calls(f, 2);
        assert_string_equal(f->text, "bearer=t");
}

static void repeats_an_error_without_running_again(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\"}");
        write_file(state, "fail", "", 0600);
        make(state, 0, EXEC(""));
        get(f, 0);
        assert_err(&f->err, -EACCES, "/plugin failed with exit code 1: sign in first");
        get(f, 0);
        assert_err(&f->err, -EACCES, "/plugin failed with exit code 1: sign in first");
        assert_int_equal(plugin_runs(state), 1);
}

static void tells_of_a_missing_plugin(void **state)
{
        struct fixture *f = test_fixture(state);

        make(state, 0, EXEC(", installHint: get it"));
        get(f, 0);
        assert_err(&f->err, -ENOENT, "/plugin is not installed");
        assert_string_equal(f->err.remedy, "get it");
}

static void tells_of_an_answer_that_is_none(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{}");
        make(state, 0, EXEC(""));
        get(f, 0);
        assert_err(
                &f->err, -EACCES, "/plugin: it answered neither a token nor a client certificate");
}

static void forgets_who_cancels(void **state)
{
        struct fixture *f = test_fixture(state);
        struct fixture other = { .calls = 0 };

        plugin(state, "{\"token\":\"one\"}");
        make(state, 0, EXEC(""));
        kube_credential_get(f->cred[0], on_ready, &other);
        kube_credential_get(f->cred[0], on_ready, f);
        kube_credential_cancel(f->cred[0], on_ready, &other);
        run_until_calls(f, 1);
        assert_int_equal(other.calls, 0);
        /* The last one to cancel ends the run; the next get starts another. */
        assert_true(kube_credential_rejected(f->cred[0], 1));
        kube_credential_get(f->cred[0], on_ready, &other);
        kube_credential_cancel(f->cred[0], on_ready, &other);
        assert_ok(loop_run_once(f->loop, 0, NULL), NULL);
        get(f, 0);
        assert_string_equal(f->text, "bearer=one");
        assert_int_equal(other.calls, 0);
}

static void cancels_all_when_freed(void **state)
{
        struct fixture *f = test_fixture(state);

        write_file(state, "plugin", "#!/bin/sh\nsleep 60\n", 0700);
        make(state, 0, EXEC(""));
        kube_credential_get(f->cred[0], on_ready, f);
        kube_credential_get(f->cred[0], on_ready, f);
        for (int i = 0; i < 5; i++)
                assert_ok(loop_run_once(f->loop, 20, NULL), NULL);
        kube_credential_free(f->cred[0]);
        f->cred[0] = NULL;
        assert_int_equal(f->calls, 2);
        assert_err(&f->err, -ECANCELED, "no longer in use");
}

/* A ready that asks again, as a client does that starts the next call. */
static void on_ready_get_again(void *arg, const struct kube_auth *auth, const struct err *err)
{
        struct fixture *f = arg;

        on_ready(arg, auth, err);
        if (f->calls < 3)
                kube_credential_get(f->cred[0], on_ready_get_again, f);
}

static void may_be_asked_from_its_callback(void **state)
{
        struct fixture *f = test_fixture(state);

        plugin(state, "{\"token\":\"one\"}");
        make(state, 0, EXEC(""));
        kube_credential_get(f->cred[0], on_ready_get_again, f);
        run_until_calls(f, 3);
        assert_string_equal(f->text, "bearer=one");
        assert_int_equal(plugin_runs(state), 1);
}

#define TEST_AUTH(fn) TEST_WITH(fn, auth_setup, auth_teardown)

int main(void)
{
        TEST_ROWS_WITH(hands_out, statics, auth_setup, auth_teardown);
        TEST_ROWS_WITH(refuses, refused, auth_setup, auth_teardown);
        TEST_AUTH(refuses_a_broken_context_with_its_error);
        TEST_AUTH(reads_a_token_file_again);
        TEST_AUTH(reads_a_rejected_token_file_at_once);
        TEST_AUTH(keeps_a_token_while_its_file_is_away);
        TEST_AUTH(falls_back_to_the_token_beside);
        TEST_AUTH(rotates_certificates);
        TEST_ROWS_WITH(tells_what_is_wrong_with_a_file, bad_files, auth_setup, auth_teardown);
        TEST_AUTH(caches_what_a_plugin_answers);
        TEST_AUTH(renews_what_expires);
        TEST_AUTH(runs_once_more_when_rejected);
        TEST_AUTH(knows_when_only_the_certificate_changes);
        TEST_AUTH(shares_one_run_between_identical_plugins);
        TEST_AUTH(runs_the_same_command_one_at_a_time);
        TEST_AUTH(repeats_an_error_without_running_again);
        TEST_AUTH(tells_of_a_missing_plugin);
        TEST_AUTH(tells_of_an_answer_that_is_none);
        TEST_AUTH(forgets_who_cancels);
        TEST_AUTH(cancels_all_when_freed);
        TEST_AUTH(may_be_asked_from_its_callback);
        return test_run("auth");
}
