/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/kubeconfig.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "tests/support/files.h"
#include "tests/support/test.h"

#define PEM_B64 "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCllXSmoKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo="

/* A working cluster and user, for files that test something else. */
#define CLUSTER(name) "- {name: " name ", cluster: {server: 'https://" name ":6443'}}\n"
#define CONTEXT(name, cluster, user) \
        "- {name: " name ", context: {cluster: " cluster ", user: " user "}}\n"

/* --- helpers --- */

static void put(struct buf *out, const char *key, const char *value)
{
        if (value && *value)
                (void)buf_printf(out, "  %s: %s\n", key, value);
}

static void put_secret(struct buf *out, const char *key, const struct secret *secret)
{
        if (!secret_is_empty(secret))
                (void)buf_printf(out, "  %s: %.*s\n", key,
                        (int)strcspn(secret_reveal(secret), "\n"), secret_reveal(secret));
}

static void put_strv(struct buf *out, const char *key, const struct strv *strings)
{
        for (size_t i = 0; i < strings->n; i++)
                put(out, key, strings->v[i]);
}

static void put_user(struct buf *out, const struct kube_user *u)
{
        static const char *const modes[] = { "IfAvailable", "Never", "Always" };

        put_secret(out, "cert", &u->cert_pem);
        put_secret(out, "key", &u->key_pem);
        put(out, "cert file", u->cert_file);
        put(out, "key file", u->key_file);
        put_secret(out, "token", &u->token);
        put(out, "token file", u->token_file);
        put(out, "username", u->username);
        put_secret(out, "password", &u->password);
        put(out, "as", u->as);
        put(out, "as uid", u->as_uid);
        put_strv(out, "as group", &u->as_groups);
        put_strv(out, "as extra", &u->as_extra);
        if (!u->exec.api_version)
                return;
        put(out, "exec", u->exec.api_version);
        put(out, "command", u->exec.command);
        put_strv(out, "arg", &u->exec.args);
        put_strv(out, "env", &u->exec.env);
        put(out, "interactive", modes[u->exec.interactive]);
        put(out, "cluster info", u->exec.provide_cluster_info ? "yes" : NULL);
        put(out, "cluster config", u->exec.cluster_config);
        put(out, "hint", u->exec.install_hint);
}

static void put_context(struct buf *out, const struct kube_context *c)
{
        (void)buf_printf(out, "%s\n", c->name);
        if (c->error) {
                assert_int_equal(c->error, c->err.code);
                (void)buf_printf(
                        out, "  error: %d:%d: %s\n", c->err.line, c->err.column, c->err.msg);
                put(out, "remedy", c->err.remedy);
                return;
        }
        put(out, "server", c->server);
        put(out, "namespace", c->namespace_);
        if (c->ca_pem)
                (void)buf_printf(out, "  ca: %.*s\n", (int)strcspn(c->ca_pem, "\n"), c->ca_pem);
        put(out, "tls name", c->tls_server_name);
        put(out, "insecure", c->insecure ? "yes" : NULL);
        put(out, "compression", c->disable_compression ? "no" : NULL);
        put(out, "proxy", c->proxy_url);
        put_user(out, &c->user);
}

/* The whole as text; or its error. */
static void render(
        struct buf *out, const struct kubeconfig *kc, const struct err *err, const char *dir)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        if (!kc) {
                (void)buf_printf(&text, "error: %d:%d: %s\nremedy: %s\n", err->line, err->column,
                        err->msg, err->remedy);
        } else {
                if (kc->current_context)
                        (void)buf_printf(&text, "current: %s\n", kc->current_context);
                for (size_t i = 0; i < kc->n_contexts; i++)
                        put_context(&text, &kc->contexts[i]);
        }
        test_put_without_dir(out, text.data, dir);
}

/* --- one text --- */

struct text_row {
        const char *name;
        const char *text;
        const char *expected;
};

static const struct text_row texts[] = {
        { "a token over https",
                "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
                "clusters:\n" CLUSTER(
                        "c") "users:\n- {name: u, user: {token: secret}}\n"
                             "contexts:\n- {name: a, context: {cluster: c, user: u, namespace: ns}}\n",
                "current: a\na\n  server: https://c:6443\n  namespace: ns\n  token: secret\n" },
        { "JSON is taken",
                "{\"clusters\": [{\"name\": \"c\", \"cluster\": {\"server\": \"https://c/\"}}],\n"
                " \"contexts\": [{\"name\": \"a\", \"context\": {\"cluster\": \"c\"}}]}",
                "a\n  server: https://c\n" },
        { "empty text is an empty configuration", "", "" },
        { "null lists as kubectl writes them",
                "apiVersion: v1\nkind: Config\nclusters: null\nusers: null\ncontexts: null\n"
                "current-context: \"\"\npreferences: {}\n",
                "" },
        { "unknown fields are left alone, as kubectl does",
                "extensions: []\nclusters:\n"
                "- {name: c, cluster: {server: 'https://c', shape: round}}\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  server: https://c\n" },
        { "names may be bare numbers",
                "clusters:\n- {name: 1, cluster: {server: 'https://c'}}\n"
                "contexts:\n- {name: 2024, context: {cluster: 1}}\n",
                "2024\n  server: https://c\n" },
        { "data is decoded and wins over files",
                "clusters:\n- name: c\n  cluster: {server: 'https://c', certificate-authority: /none,\n"
                "    certificate-authority-data: " PEM_B64 "}\n"
                "users:\n- name: u\n  user: {client-certificate: c.pem, client-key: k.pem,\n"
                "    client-certificate-data: " PEM_B64 ", client-key-data: " PEM_B64 "}\n"
                "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  server: https://c\n  ca: -----BEGIN CERTIFICATE-----\n"
                "  cert: -----BEGIN CERTIFICATE-----\n  key: -----BEGIN CERTIFICATE-----\n" },
        { "paths count from the folder",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- {name: u, user: {client-certificate: c.pem, client-key: /k.pem}}\n"
                             "- {name: t, user: {tokenFile: ../t}}\n"
                             "contexts:\n" CONTEXT("a", "c", "u") CONTEXT("b", "c", "t"),
                "a\n  server: https://c:6443\n  cert file: /dir/c.pem\n  key file: /k.pem\n"
                "b\n  server: https://c:6443\n  token file: /dir/../t\n" },
        { "cluster options",
                "clusters:\n- name: c\n  cluster:\n    server: https://c:1/prefix/\n"
                "    tls-server-name: inner\n    insecure-skip-tls-verify: true\n"
                "    disable-compression: true\n    proxy-url: socks5://p:1080\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  server: https://c:1/prefix\n  tls name: inner\n  insecure: yes\n"
                "  compression: no\n  proxy: socks5://p:1080\n" },
        { "without a scheme: http, or https where TLS is configured",
                "clusters:\n- {name: c, cluster: {server: 'c:8080'}}\n"
                "- {name: d, cluster: {server: 'd:6443', insecure-skip-tls-verify: true}}\n"
                "contexts:\n" CONTEXT("a", "c", "''") CONTEXT("b", "d", "''"),
                "a\n  server: http://c:8080\nb\n  server: https://d:6443\n  insecure: yes\n" },
        { "basic authentication and impersonation",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user:\n    username: me\n    password: '123'\n    as: you\n"
                             "    as-uid: '7'\n    as-groups: [g, h]\n    as-user-extra: {k: [v, w], l: [x]}\n"
                             "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  server: https://c:6443\n  username: me\n  password: 123\n  as: you\n"
                "  as uid: 7\n  as group: g\n  as group: h\n"
                "  as extra: k=v\n  as extra: k=w\n  as extra: l=x\n" },
        { "an exec plugin with all it has",
                "clusters:\n- name: c\n  cluster:\n    server: https://c\n    extensions:\n"
                "    - {name: other, extension: {}}\n"
                "    - {name: client.authentication.k8s.io/exec, extension: {b: 1, a: [x]}}\n"
                "users:\n- name: u\n  user:\n    exec:\n"
                "      apiVersion: client.authentication.k8s.io/v1\n      command: aws\n"
                "      args: [eks, get-token]\n      env: [{name: P, value: dev}, {name: E, value: ''}]\n"
                "      provideClusterInfo: true\n      interactiveMode: Never\n"
                "      installHint: apt install aws\n"
                "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  server: https://c\n  exec: client.authentication.k8s.io/v1\n  command: aws\n"
                "  arg: eks\n  arg: get-token\n  env: P=dev\n  env: E=\n  interactive: Never\n"
                "  cluster info: yes\n  cluster config: {\"a\":[\"x\"],\"b\":1}\n"
                "  hint: apt install aws\n" },
        { "exec commands: bare names stay, paths count from the folder",
                "clusters:\n" CLUSTER(
                        "c") "users:\n"
                             "- {name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1,"
                             " command: bin/p}}}\n"
                             "- {name: v, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1,"
                             " command: p, interactiveMode: Always}}}\n"
                             "contexts:\n" CONTEXT("a", "c", "u") CONTEXT("b", "c", "v"),
                "a\n  server: https://c:6443\n  exec: client.authentication.k8s.io/v1beta1\n"
                "  command: /dir/bin/p\n  interactive: IfAvailable\n"
                "b\n  server: https://c:6443\n  exec: client.authentication.k8s.io/v1beta1\n"
                "  command: p\n  interactive: Always\n" },
        { "a key without certificate is dropped, as client-go does",
                "clusters:\n" CLUSTER("c") "users:\n- {name: u, user: {client-key: k, token: t}}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  server: https://c:6443\n  token: t\n" },

        /* What breaks one context only. */
        { "one broken context leaves the others alone",
                "clusters:\n" CLUSTER("c") "contexts:\n" CONTEXT("a", "gone", "''")
                        CONTEXT("b", "c", "''"),
                "a\n  error: 4:32: /kc: context \"a\": cluster \"gone\" is not defined\n"
                "  remedy: add it to clusters, or add its file to $KUBECONFIG\n"
                "b\n  server: https://c:6443\n" },
        { "unknown user", "clusters:\n" CLUSTER("c") "contexts:\n" CONTEXT("a", "c", "gone"),
                "a\n  error: 4:41: /kc: context \"a\": user \"gone\" is not defined\n"
                "  remedy: add it to users, or add its file to $KUBECONFIG\n" },
        { "no cluster named", "contexts:\n- name: a\n  context: {user: u}\n",
                "a\n  error: 3:12: /kc: context \"a\": it names no cluster\n"
                "  remedy: add cluster: with a name of clusters\n" },
        { "no name", "contexts:\n- context: {user: u}\n",
                "\n  error: 2:3: /kc: context \"\": its name is missing\n" },
        { "no server", "clusters:\n- name: c\n  cluster: {}\ncontexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 2:3: /kc: cluster \"c\": server is missing\n"
                "  remedy: write the API server's URL, as https://host:6443\n" },
        { "server is no URL",
                "clusters:\n- name: c\n  cluster: {server: 'ftp://c'}\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 3:21: /kc: cluster \"c\": server \"ftp://c\" is no URL of an API server\n"
                "  remedy: write https://host:port\n" },
        { "bad base64 is not quoted",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {client-key-data: 'se!cret'}\n"
                             "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:27: /kc: user \"u\": client-key-data is not base64\n"
                "  remedy: encode the PEM file with base64 -w0\n" },
        { "data that is no PEM",
                "clusters:\n- name: c\n  cluster: {server: 'https://c', certificate-authority-data: YWJj}\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 3:62: /kc: cluster \"c\": certificate-authority-data holds no PEM block"
                " once it is decoded\n  remedy: encode the PEM file with base64 -w0\n" },
        { "a CA file that is not there",
                "clusters:\n- name: c\n  cluster: {server: 'https://c', certificate-authority: ca}\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 3:57: /kc: cluster \"c\": certificate-authority: /dir/ca:"
                " No such file or directory\n  remedy: create it, or correct the path\n" },
        { "CA and insecure",
                "clusters:\n- name: c\n  cluster: {server: 'https://c', insecure-skip-tls-verify: true,"
                " certificate-authority-data: " PEM_B64 "}\ncontexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 3:60: /kc: cluster \"c\": a certificate authority and"
                " insecure-skip-tls-verify exclude each other\n"
                "  remedy: remove insecure-skip-tls-verify\n" },
        { "proxy-url of an unknown kind, not quoted",
                "clusters:\n- name: c\n  cluster: {server: 'https://c', proxy-url: 'me:pw@p'}\n"
                "contexts:\n" CONTEXT("a", "c", "''"),
                "a\n  error: 3:45: /kc: cluster \"c\": proxy-url is no URL of a proxy\n"
                "  remedy: write http://, https:// or socks5://, then host:port\n" },
        { "certificate without key",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {client-certificate: c.pem}\n"
                             "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:9: /kc: user \"u\": there is a client certificate but neither"
                " client-key nor client-key-data\n"
                "  remedy: add the key that belongs to the certificate\n" },
        { "token and password",
                "clusters:\n" CLUSTER("c") "users:\n- name: u\n  user: {token: t, username: me}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:9: /kc: user \"u\": both a token and a password are given\n"
                "  remedy: remove one of them\n" },
        { "auth-provider",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {auth-provider: {name: gcp}}\n"
                             "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:25: /kc: user \"u\": auth-provider \"gcp\" was removed from Kubernetes"
                " 1.26\n  remedy: use its exec plugin (gke-gcloud-auth-plugin, kubelogin, …)\n" },
        { "impersonation without a user",
                "clusters:\n" CLUSTER("c") "users:\n- name: u\n  user: {as-groups: [g]}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:9: /kc: user \"u\": as-uid, as-groups and as-user-extra need as, the"
                " user to impersonate\n  remedy: add as, or remove them\n" },
        { "exec v1alpha1",
                "clusters:\n" CLUSTER("c") "users:\n- name: u\n  user: {exec: {command: p,"
                                           " apiVersion: client.authentication.k8s.io/v1alpha1}}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:41: /kc: user \"u\": exec.apiVersion"
                " client.authentication.k8s.io/v1alpha1 is not known: Kubernetes 1.24 removed it\n"
                "  remedy: write client.authentication.k8s.io/v1 if the plugin supports it, else"
                " …/v1beta1\n" },
        { "exec v1 without interactiveMode",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {exec: {command: p,"
                             " apiVersion: client.authentication.k8s.io/v1}}\ncontexts:\n" CONTEXT(
                                     "a", "c", "u"),
                "a\n  error: 5:16: /kc: user \"u\": exec.interactiveMode is missing, which"
                " client.authentication.k8s.io/v1 requires\n  remedy: write Never or IfAvailable\n" },
        { "exec without command",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {exec:"
                             " {apiVersion: client.authentication.k8s.io/v1beta1}}\ncontexts:\n" CONTEXT(
                                     "a", "c", "u"),
                "a\n  error: 5:16: /kc: user \"u\": exec.command is missing\n"
                "  remedy: name the credential plugin's program\n" },
        { "exec environment without a name",
                "clusters:\n" CLUSTER(
                        "c") "users:\n- name: u\n  user: {exec: {command: p,"
                             " apiVersion: client.authentication.k8s.io/v1beta1,\n    env: [{value: x}]}}\n"
                             "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 6:11: /kc: user \"u\": exec.env has an entry whose name is empty or holds"
                " \"=\"\n" },
        { "a user of that name twice",
                "clusters:\n" CLUSTER("c") "users:\n- {name: u}\n- {name: u}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u")
                                                   CONTEXT("b", "c", "''"),
                "a\n  error: 5:3: /kc: user \"u\": there are two users of this name, the first in"
                " line 4\n  remedy: rename or remove one of them\nb\n  server: https://c:6443\n" },
        { "a context of that name twice",
                "clusters:\n" CLUSTER("c") "contexts:\n" CONTEXT("a", "c", "''")
                        CONTEXT("a", "c", "''"),
                "a\n  error: 5:3: /kc: context \"a\": there are two contexts of this name, the first"
                " in line 4\n  remedy: rename or remove one of them\n" },

        /* What breaks the whole. */
        { "no YAML", "a: [", "error: 2:1: /kc: " },
        { "not a mapping", "- a\n", "error: 1:1: /kc: kubeconfig: expected a mapping, " },
        { "another kind", "kind: Pod\n",
                "error: 1:7: /kc: kind is Pod, but a kubeconfig has Config\n"
                "remedy: name a kubeconfig, as kubectl uses it\n" },
        { "clusters is no list", "clusters: {}\n",
                "error: 1:11: /kc: clusters: expected a list, " },
        { "an entry is no mapping", "users:\n- x\n",
                "error: 2:3: /kc: users: expected a mapping, " },
};

/* An expectation that ends without a newline is a beginning. */
static void check_render(
        const struct kubeconfig *kc, const struct err *err, const char *dir, const char *expected)
{
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        size_t len = strlen(expected);

        render(&text, kc, err, dir);
        if (len > 0 && expected[len - 1] != '\n')
                buf_truncate(&text, len);
        assert_text(text.data, expected);
        buf_done(&text);
}

static void parses(void **state)
{
        const struct text_row *row = test_row(state);
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;
        int r = kubeconfig_parse(&kc, row->text, strlen(row->text), "/kc", "/dir", &err);

        assert_int_equal(r, err.code);
        check_render(kc, &err, NULL, row->expected);
        kubeconfig_free(kc);
}

/* --- a text from elsewhere --- */

static const struct text_row foreign[] = {
        { "a token is fine",
                "clusters:\n" CLUSTER("c") "users:\n- {name: u, user: {token: t}}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  server: https://c:6443\n  token: t\n" },
        { "no files of this machine",
                "clusters:\n" CLUSTER("c") "users:\n- name: u\n  user: {tokenFile: /etc/shadow}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:21: /kc: user \"u\": tokenFile names a file of the machine the"
                " kubeconfig came from\n"
                "  remedy: embed it: kubectl config view --flatten --raw\n" },
        { "no programs of this machine",
                "clusters:\n" CLUSTER("c") "users:\n- name: u\n  user: {exec: {command: rm}}\n"
                                           "contexts:\n" CONTEXT("a", "c", "u"),
                "a\n  error: 5:16: /kc: user \"u\": exec would run a program of this machine for a"
                " kubeconfig from elsewhere\n"
                "  remedy: use a token or a client certificate there\n" },
};

static void parses_foreign(void **state)
{
        const struct text_row *row = test_row(state);
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        assert_ok(kubeconfig_parse(&kc, row->text, strlen(row->text), "/kc", NULL, &err), &err);
        check_render(kc, &err, NULL, row->expected);
        kubeconfig_free(kc);
}

/* --- several files --- */

#define KC_ONE                                                                                     \
        "current-context: a\nclusters:\n" CLUSTER("c") "users:\n- {name: u, user: {token: one}}\n" \
                                                       "contexts:\n" CONTEXT("a", "c", "u")
#define KC_TWO                                                                             \
        "current-context: b\nclusters:\n- {name: c, cluster: {server: 'https://other'}}\n" \
        "users:\n- {name: u, user: {token: two}}\n- {name: v, user: {tokenFile: tok}}\n"   \
        "contexts:\n" CONTEXT("b", "c", "v") CONTEXT("a", "c", "v")

struct file_row {
        const char *name;
        struct {
                const char *path, *text;
        } files[4];
        const char *option; /* --kubeconfig */
        const char *list;   /* $KUBECONFIG, with DIR/ before each entry made by the test */
        bool in_cluster;
        const char *expected;
};

static const struct file_row files[] = {
        { "the first file to define something wins",
                .files = { { "one", KC_ONE }, { "sub/two", KC_TWO } }, .list = "one:sub/two",
                .expected = "current: a\na\n  server: https://c:6443\n  token: one\n"
                            "b\n  server: https://c:6443\n  token file: DIR/sub/tok\n" },
        { "the other way round", .files = { { "one", KC_ONE }, { "sub/two", KC_TWO } },
                .list = "sub/two:one",
                .expected = "current: b\nb\n  server: https://other\n  token file: DIR/sub/tok\n"
                            "a\n  server: https://other\n  token file: DIR/sub/tok\n" },
        { "missing files and empty entries are skipped", .files = { { "one", KC_ONE } },
                .list = ":gone::one:one:",
                .expected = "current: a\na\n  server: https://c:6443\n  token: one\n" },
        { "an empty file is an empty configuration",
                .files = { { "empty", "" }, { "one", KC_ONE } }, .list = "empty:one",
                .expected = "current: a\na\n  server: https://c:6443\n  token: one\n" },
        { "--kubeconfig is not merged", .files = { { "one", KC_ONE }, { "two", KC_TWO } },
                .option = "two", .list = "one",
                .expected = "current: b\nb\n  server: https://other\n  token file: DIR/tok\n"
                            "a\n  server: https://other\n  token file: DIR/tok\n" },
        { "--kubeconfig must exist", .option = "gone",
                .expected = "error: 0:0: DIR/gone: No such file or directory\n"
                            "remedy: create it, or correct the path\n" },
        { "~/.kube/config without $KUBECONFIG", .files = { { ".kube/config", KC_ONE } },
                .expected = "current: a\na\n  server: https://c:6443\n  token: one\n" },
        { "$KUBECONFIG instead of ~/.kube/config, even if nothing of it exists",
                .files = { { ".kube/config", KC_ONE } }, .list = "gone:lost",
                .expected = "error: 0:0: there is no kubeconfig: DIR/gone, DIR/lost do not exist\n"
                            "remedy: correct $KUBECONFIG, or use --kubeconfig\n" },
        { "nothing anywhere",
                .expected = "error: 0:0: there is no kubeconfig: DIR/.kube/config does not exist\n"
                            "remedy: set $KUBECONFIG, or use --kubeconfig\n" },
        { "a file that cannot be parsed fails the whole, with its place",
                .files = { { "one", KC_ONE }, { "bad", "clusters:\n- name: 'x\n" } },
                .list = "one:bad", .expected = "error: 2:9: DIR/bad: " },
        { "a folder is no file", .files = { { "d/x", "" } }, .list = "d",
                .expected =
                        "error: 0:0: DIR/d: Is a directory\nremedy: name the file, not its folder\n" },
        { "in a cluster",
                .files = { { "sa/ca.crt", "-----BEGIN CERTIFICATE-----\n" },
                        { "sa/namespace", "ns\n" } },
                .in_cluster = true,
                .expected = "current: in-cluster\nin-cluster\n  server: https://[fd00::1]:443\n"
                            "  namespace: ns\n  ca: -----BEGIN CERTIFICATE-----\n"
                            "  token file: DIR/sa/token\n" },
        { "in a cluster without service account", .in_cluster = true,
                .expected =
                        "current: in-cluster\nin-cluster\n  error: 0:0: in-cluster service account:"
                        " DIR/sa/ca.crt: No such file or directory\n"
                        "  remedy: create it, or correct the path\n" },
        { "a kubeconfig wins over the cluster", .files = { { ".kube/config", KC_ONE } },
                .in_cluster = true,
                .expected = "current: a\na\n  server: https://c:6443\n  token: one\n" },
};

static void loads(void **state)
{
        const struct file_row *row = test_row(state);
        const char *dir = test_dir(state);
        struct kubeconfig_source src = { .home = dir, .path_list = row->list, .path = row->option };
        char account[128];
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(row->files) && row->files[i].path; i++)
                test_write_file(dir, row->files[i].path, row->files[i].text);
        (void)snprintf(account, sizeof(account), "%s/sa", dir);
        src.cwd = dir;
        src.service_account_dir = account;
        if (row->in_cluster)
                src.service_host = "fd00::1";
        r = kubeconfig_load(&kc, &src, &err);
        assert_int_equal(r, err.code);
        check_render(kc, &err, dir, row->expected);
        kubeconfig_free(kc);
}

static void lists_the_files_to_watch(void **state)
{
        const char *dir = test_dir(state);
        struct kubeconfig_source src = { .path_list = "gone:one", .cwd = dir };
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        test_write_file(dir, "one",
                "clusters:\n- {name: c, cluster: {server: 'https://c', certificate-authority: ca}}\n"
                "contexts:\n" CONTEXT("a", "c", "''"));
        assert_ok(kubeconfig_load(&kc, &src, &err), &err);
        for (size_t i = 0; i < kc->files.n; i++) {
                test_put_without_dir(&text, kc->files.v[i], dir);
                (void)buf_puts(&text, " ");
        }
        assert_text(text.data, "DIR/ca DIR/gone DIR/one ");
        buf_done(&text);
        kubeconfig_free(kc);
}

static void refuses_a_file_without_end(void **state)
{
        struct kubeconfig_source src = { .path = "/dev/zero" };
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        (void)state;
        assert_int_equal(kubeconfig_load(&kc, &src, &err), -EFBIG);
        assert_err(&err, -EFBIG, "/dev/zero is not smaller than the limit of 16777216 bytes");
}

static void refuses_a_fifo_without_waiting(void **state)
{
        char path[128];
        struct kubeconfig_source src = { .path = path };
        struct kubeconfig *kc = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(path, sizeof(path), "%s/fifo", test_dir(state));
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(kubeconfig_load(&kc, &src, &err), -EINVAL);
        assert_err(&err, -EINVAL, "/fifo is no regular file");
}

/* --- copies and comparison --- */

#define COMPARED(server, user)                              \
        "clusters:\n- {name: c, cluster: {server: '" server \
        "'}}\nusers:\n- {name: u, user: {" user "}}\ncontexts:\n" CONTEXT("a", "c", "u")

struct compare_row {
        const char *name;
        const char *a, *b;
        bool same_server, same_user;
};

#define EXEC(rest) "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: p, " rest "}"

static const struct compare_row compared[] = {
        { "the same", COMPARED("https://a", "token: t"), COMPARED("https://a", "token: t"), true,
                true },
        { "another server", COMPARED("https://a", "token: t"), COMPARED("https://b", "token: t"),
                false, true },
        { "another token", COMPARED("https://a", "token: t"), COMPARED("https://a", "token: s"),
                true, false },
        { "a token instead of none", COMPARED("https://a", ""), COMPARED("https://a", "token: s"),
                true, false },
        { "another argument", COMPARED("https://a", EXEC("args: [one]")),
                COMPARED("https://a", EXEC("args: [two]")), true, false },
        { "the same plugin", COMPARED("https://a", EXEC("args: [one]")),
                COMPARED("https://a", EXEC("args: [one]")), true, true },
        { "another mode", COMPARED("https://a", EXEC("interactiveMode: Never")),
                COMPARED("https://a", EXEC("interactiveMode: IfAvailable")), true, false },
        { "another group", COMPARED("https://a", "as: x, as-groups: [g]"),
                COMPARED("https://a", "as: x, as-groups: [h]"), true, false },
};

static void compares(void **state)
{
        const struct compare_row *row = test_row(state);
        struct kubeconfig *a = NULL, *b = NULL;
        struct kube_context *copy = NULL;

        assert_int_equal(kubeconfig_parse(&a, row->a, strlen(row->a), "a", "/", NULL), 0);
        assert_int_equal(kubeconfig_parse(&b, row->b, strlen(row->b), "b", "/", NULL), 0);
        assert_int_equal(a->contexts[0].error, 0);
        assert_int_equal(b->contexts[0].error, 0);
        assert_int_equal(
                kube_context_same_server(&a->contexts[0], &b->contexts[0]), row->same_server);
        assert_int_equal(
                kube_user_equal(&a->contexts[0].user, &b->contexts[0].user), row->same_user);
        assert_int_equal(kube_context_dup(&copy, &a->contexts[0]), 0);
        assert_true(kube_context_same_server(copy, &a->contexts[0]));
        assert_true(kube_user_equal(&copy->user, &a->contexts[0].user));
        assert_string_equal(copy->name, "a");
        assert_ptr_not_equal(copy->server, a->contexts[0].server);
        kube_context_free(copy);
        kubeconfig_free(a);
        kubeconfig_free(b);
}

static void finds_contexts(void **state)
{
        static const char text[] = "current-context: b\ncontexts:\n- {name: a}\n- {name: b}\n";
        struct kubeconfig *kc = NULL;

        (void)state;
        assert_int_equal(kubeconfig_parse(&kc, text, strlen(text), "t", "/", NULL), 0);
        assert_string_equal(kubeconfig_find(kc, "a")->name, "a");
        assert_string_equal(kubeconfig_find(kc, NULL)->name, "b");
        assert_null(kubeconfig_find(kc, "c"));
        kubeconfig_free(kc);
}

int main(void)
{
        TEST_ROWS(parses, texts);
        TEST_ROWS(parses_foreign, foreign);
        TEST_ROWS_WITH(loads, files, test_dir_setup, test_dir_teardown);
        TEST_IN_DIR(lists_the_files_to_watch);
        TEST(refuses_a_file_without_end);
        TEST_IN_DIR(refuses_a_fifo_without_waiting);
        TEST_ROWS(compares, compared);
        TEST(finds_contexts);
        return test_run("kubeconfig");
}
