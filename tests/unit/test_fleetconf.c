/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/fleetconf.h"

#include "base/buf.h"
#include "base/limits.h"
#include "tests/support/files.h"
#include "tests/support/test.h"
#include "tests/unit/fleetconf_fixture.h"

/* --- helpers --- */

static void put(struct buf *out, const char *key, const char *value)
{
        if (value)
                (void)buf_printf(out, " %s=%s", key, value);
}

static void put_strv(struct buf *out, const char *key, const struct strv *strings)
{
        for (size_t i = 0; i < strings->n; i++)
                put(out, key, strings->v[i]);
}

static void put_err(struct buf *out, const struct err *err)
{
        (void)buf_printf(out, "%d:%d: %s\n", err->line, err->column, err->msg);
        if (err->remedy[0])
                (void)buf_printf(out, "  remedy: %s\n", err->remedy);
}

static void put_member(struct buf *out, const struct fleetconf_member *m)
{
        (void)buf_printf(out, "- %s", m->name);
        put(out, "context", m->context);
        put(out, "server", m->kube ? m->kube->server : NULL);
        put_strv(out, "label", &m->labels);
        put(out, "velero", m->velero_namespace);
        (void)buf_puts(out, "\n");
        assert_int_equal(m->error, m->err.code);
        assert_true(!m->error == !!m->kube);
        if (m->error) {
                (void)buf_puts(out, "  error: ");
                put_err(out, &m->err);
        }
}

static void put_fleet(struct buf *out, const struct fleetconf_fleet *f)
{
        const struct fleetconf_storage *s = &f->backup.storage;

        (void)buf_printf(out, "%s:", f->name);
        put(out, "bucket", s->bucket);
        put(out, "provider", s->provider);
        put(out, "endpoint", s->endpoint);
        put(out, "prefix", s->prefix);
        (void)buf_puts(out, "\n");
        for (size_t i = 0; i < f->n_members; i++)
                put_member(out, &f->members[i]);
}

/* The whole as text, or the error; with DIR for the test's folder. */
static void render(
        struct buf *out, const struct fleetconf *conf, const struct err *err, const char *dir)
{
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        if (!conf) {
                (void)buf_puts(&text, "error: ");
                put_err(&text, err);
        }
        for (size_t i = 0; conf && i < conf->n_fleets; i++)
                put_fleet(&text, &conf->fleets[i]);
        test_put_without_dir(out, text.data, dir);
        buf_done(&text);
}

static void check_render(
        const struct fleetconf *conf, const struct err *err, const char *dir, const char *expected)
{
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        render(&text, conf, err, dir);
        assert_text(text.data, expected);
        buf_done(&text);
}

/* --- folder names --- */

struct folder_row {
        const char *name; /* the context */
        const char *expected;
};

#define A60 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct folder_row folders[] = {
        { "kind-dev", "kind-dev" },
        { "arn:aws:eks:eu-west-1:123456789012:cluster/Prod_EU", "prod-eu" },
        { "gke_my-project_europe-west1_main", "gke-my-project-europe-west1-main" },
        { "default/api-crc-testing:6443/kubeadmin", "kubeadmin" },
        { "admin@prod.example.com", "admin-prod.example.com" },
        { "a/b/", "b" },
        { "a..b", "a.b" },
        { "a.-b-.c", "a.b.c" },
        { "--x--y--", "x--y" },
        { "Größe", "gr----e" },
        { "日本", "cluster" },
        { "", "cluster" },
        { "///", "cluster" },
        { A60 "-bcdef", A60 "-bc" },
        { A60 "bc---def", A60 "bc" },
};

static void names_folders(void **state)
{
        const struct folder_row *row = test_row(state);
        char *name = NULL;

        assert_int_equal(fleetconf_folder(&name, row->name), 0);
        assert_string_equal(name, row->expected);
        free(name);
}

/* --- source 1 --- */

struct kubeconfig_row {
        const char *name;
        const char *kubeconfig;
        struct fleetconf_known known[4];
        size_t n_known;
        const char *expected;
};

static const struct kubeconfig_row kubeconfigs[] = {
        { "every context is a member", .kubeconfig = KC_HEAD KC_CONTEXT("b") KC_CONTEXT("a"),
                .expected = "default:\n"
                            "- b context=b server=https://c\n"
                            "- a context=a server=https://c\n" },
        { "collisions are numbered in the order of the file",
                .kubeconfig = KC_HEAD KC_CONTEXT("x/a") KC_CONTEXT("A") KC_CONTEXT("y/a"),
                .expected = "default:\n"
                            "- a context=x/a server=https://c\n"
                            "- a-2 context=A server=https://c\n"
                            "- a-3 context=y/a server=https://c\n" },
        { "a number that is a name already is skipped",
                .kubeconfig = KC_HEAD KC_CONTEXT("a-2") KC_CONTEXT("a") KC_CONTEXT("A"),
                .expected = "default:\n"
                            "- a-2 context=a-2 server=https://c\n"
                            "- a context=a server=https://c\n"
                            "- a-3 context=A server=https://c\n" },
        { "a long name gives way to its number",
                .kubeconfig = KC_HEAD KC_CONTEXT(A60 "bcd") KC_CONTEXT(A60 "BCD"),
                .expected = "default:\n- " A60 "bcd context=" A60 "bcd server=https://c\n- " A60
                            "b-2 context=" A60 "BCD server=https://c\n" },
        { "a known context keeps its name", .kubeconfig = KC_HEAD KC_CONTEXT("x/a") KC_CONTEXT("A"),
                .known = { { "A", "a" }, { "x/a", "a-2" } }, .n_known = 2,
                .expected = "default:\n"
                            "- a-2 context=x/a server=https://c\n"
                            "- a context=A server=https://c\n" },
        { "a name is never given to another, even when its own is gone",
                .kubeconfig = KC_HEAD KC_CONTEXT("a"),
                .known = { { "old/a", "a" }, { "older/a", "a-2" } }, .n_known = 2,
                .expected = "default:\n- a-3 context=a server=https://c\n" },
        { "a broken context is an error of its own",
                .kubeconfig = KC_HEAD "- {name: bad, context: {cluster: gone}}\n" KC_CONTEXT("a"),
                .expected =
                        "default:\n"
                        "- bad context=bad\n"
                        "  error: 4:34: DIR/kc: context \"bad\": cluster \"gone\" is not defined\n"
                        "  remedy: add it to clusters, or add its file to $KUBECONFIG\n"
                        "- a context=a server=https://c\n" },
        { "no contexts", .kubeconfig = "apiVersion: v1\nkind: Config\n",
                .expected =
                        "error: 0:0: DIR/kc has no contexts\n"
                        "  remedy: add one with kubectl config set-context, or name another file with --kubeconfig\n" },
        { "no kubeconfig", .expected = "error: 0:0: DIR/kc: No such file or directory\n"
                                       "  remedy: create it, or correct the path\n" },
        { "a kubeconfig that is none", .kubeconfig = "kind: Pod\n",
                .expected = "error: 1:7: DIR/kc: kind is Pod, but a kubeconfig has Config\n"
                            "  remedy: name a kubeconfig, as kubectl uses it\n" },
};

static void loads_a_kubeconfig(void **state)
{
        const struct kubeconfig_row *row = test_row(state);
        char path[128];
        struct fleetconf_source src = {
                .kube.path = path, .known = row->known, .n_known = row->n_known
        };
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;
        int r;

        (void)snprintf(path, sizeof(path), "%s/kc", test_dir(state));
        if (row->kubeconfig)
                test_write_file(test_dir(state), "kc", row->kubeconfig);
        r = fleetconf_load(&src, &conf, &err);
        assert_int_equal(r, err.code);
        check_render(conf, &err, test_dir(state), row->expected);
        fleetconf_free(conf);
}

/* What kubectl and velero must be told: a file that they would not find. */
static void tells_which_kubeconfig(void **state)
{
        char kc[128], relative[] = "kc", fleet[128], expected[160];
        struct fleetconf_source src = { .kube.path_list = kc };
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(kc, sizeof(kc), "%s/kc", test_dir(state));
        (void)snprintf(fleet, sizeof(fleet), "%s/fleets/a.yaml", test_dir(state));
        (void)snprintf(expected, sizeof(expected), "%s/fleets/../kc", test_dir(state));
        test_write_file(test_dir(state), "kc", KC);
        assert_ok(fleetconf_load(&src, &conf, &err), &err);
        assert_null(conf->fleets[0].members[0].kubeconfig);
        fleetconf_free(conf);
        src = (struct fleetconf_source){ .kube.path = relative, .kube.cwd = test_dir(state) };
        assert_ok(fleetconf_load(&src, &conf, &err), &err);
        assert_string_equal(conf->fleets[0].members[0].kubeconfig, kc);
        fleetconf_free(conf);
        test_write_file(test_dir(state), "fleets/a.yaml",
                FLEET("prod", REF("eu") ", " REF("us")) "---\n" CLUSTER(
                        "us", "path: ../kc, context: two") "---\n" CLUSTER("eu", "context: one"));
        src = (struct fleetconf_source){ .kube.path_list = kc, .fleet_file = fleet };
        assert_ok(fleetconf_load(&src, &conf, &err), &err);
        assert_null(conf->fleets[0].members[0].kubeconfig);
        assert_string_equal(conf->fleets[0].members[1].kubeconfig, expected);
        fleetconf_free(conf);
}

/* What source 1 shows as fleet.yaml is a fleet file that means the same. */
static void shows_a_fleet_file_that_means_the_same(void **state)
{
        char kc[128], fleet[128], name[] = "fleet.yaml";
        struct fleetconf_source src = { .kube.path = kc };
        struct fleetconf *from_kubeconfig = NULL, *from_file = NULL;
        struct fleetconf_diff diff;
        struct err err = ERR_INIT;

        (void)snprintf(kc, sizeof(kc), "%s/kc", test_dir(state));
        (void)snprintf(fleet, sizeof(fleet), "%s/%s", test_dir(state), name);
        test_write_file(test_dir(state), "kc",
                "clusters:\n"
                "- {name: c, cluster: {server: 'https://c'}}\n"
                "contexts:\n"
                "- {name: \"with 'quotes'\\\"\\\\ & tabs\\t\", context: {cluster: c}}\n"
                "- {name: 'true', context: {cluster: c}}\n" KC_CONTEXT("12"));
        assert_ok(fleetconf_load(&src, &from_kubeconfig, &err), &err);
        test_write_file(test_dir(state), name, from_kubeconfig->fleets[0].yaml);
        src.fleet_file = fleet;
        assert_ok(fleetconf_load(&src, &from_file, &err), &err);
        assert_int_equal(fleetconf_diff(from_kubeconfig, from_file, &diff), 0);
        assert_int_equal(diff.n_changes, 0);
        fleetconf_diff_done(&diff);
        fleetconf_free(from_kubeconfig);
        fleetconf_free(from_file);
}

/* --- source 2 --- */

struct file_row {
        const char *name;
        const char *text;  /* of fleets/a.yaml */
        const char *other; /* of fleets/b.yaml, or NULL */
        const char *expected;
};

static const struct file_row files[] = {
        { "a fleet of two, paths from the file's folder",
                FLEET("prod", REF("eu") ", " REF("us")) "---\n" CLUSTER(
                        "us", "path: ../kc, context: two") "---\n" CLUSTER("eu",
                        "path: ../kc, context: one"),
                NULL,
                "prod:\n"
                "- eu context=one server=https://c\n"
                "- us context=two server=https://c\n" },
        { "clusters in another file, two fleets",
                FLEET("a", REF("eu")) "---\n" FLEET("b", REF("us")),
                CLUSTER("us", "path: ../kc, context: two") "---\n" CLUSTER(
                        "eu", "path: ../kc, context: one"),
                "a:\n"
                "- eu context=one server=https://c\n"
                "b:\n"
                "- us context=two server=https://c\n" },
        { "no path means kubectl's kubeconfig",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "context: two"), NULL,
                "prod:\n- eu context=two server=https://c\n" },
        { "a path from home",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "path: ~/kc, context: two"), NULL,
                "prod:\n- eu context=two server=https://c\n" },
        { "labels and Velero's namespace",
                "apiVersion: fleet.kurator.dev/v1alpha1\n"
                "kind: Fleet\n"
                "metadata: {name: prod, annotations: {fleetfs.dev/velero-namespace: backup, x/y: z}}\n"
                "spec:\n"
                "  clusters: [" REF("eu") ", " REF(
                        "us") "]\n---\n" CLUSTER_HEAD
                              "metadata: {name: eu, labels: {tier: gold, region: eu}}\n"
                              "spec: {kubeconfig: {context: one}}\n"
                              "---\n" CLUSTER_HEAD
                              "metadata: {name: us, annotations: {fleetfs.dev/velero-namespace: velero2}}\n"
                              "spec: {kubeconfig: {context: two}}\n",
                NULL,
                "prod:\n"
                "- eu context=one server=https://c label=region=eu label=tier=gold velero=backup\n"
                "- us context=two server=https://c velero=velero2\n" },
        { "storage as Kurator has it, with prefix; other plugins are Kurator's business",
                FLEET_HEAD("prod") "spec:\n  clusters: [" REF(
                        "eu") "]\n"
                              "  plugin:\n"
                              "    metric: {a: 1}\n"
                              "    backup:\n"
                              "      chart: {version: 5.0.2}\n"
                              "      storage:\n"
                              "        location:\n"
                              "          bucket: b\n"
                              "          provider: aws\n"
                              "          endpoint: http://s3:9000\n"
                              "          region: eu-1\n"
                              "          config: {s3ForcePathStyle: 'true', k: v}\n"
                              "        secretName: cred\n"
                              "        prefix: team/x\n"
                              "      extraArgs: {deployNodeAgent: true, a: [1]}\n"
                              "---\n" CLUSTER("eu", "context: one"),
                NULL,
                "prod: bucket=b provider=aws endpoint=http://s3:9000 prefix=team/x\n"
                "- eu context=one server=https://c\n" },
        { "s3Url is endpoint",
                FLEET_HEAD("prod") "spec:\n  clusters: [" REF(
                        "eu") "]\n"
                              "  plugin: {backup: {storage: {location: {bucket: b, provider: aws, s3Url: 'http://s3'}}}}\n"
                              "---\n" CLUSTER("eu", "context: one"),
                NULL,
                "prod: bucket=b provider=aws endpoint=http://s3\n"
                "- eu context=one server=https://c\n" },
        { "a file as kubectl prints it: status and server fields are allowed",
                "apiVersion: fleet.kurator.dev/v1alpha1\n"
                "kind: Fleet\n"
                "metadata: {name: prod, namespace: default, uid: u, resourceVersion: '5', generation: 2, creationTimestamp: '2026-01-01T00:00:00Z', managedFields: []}\n"
                "spec: {clusters: [" REF("eu") "]}\nstatus: {phase: Ready}\n---\n" CLUSTER(
                        "eu", "context: one"),
                NULL, "prod:\n- eu context=one server=https://c\n" },

        /* Errors of one member. */
        { "Kurator's Secret needs a host cluster",
                FLEET("prod", REF("eu") ", " REF("us")) "---\n" CLUSTER(
                        "eu", "name: sec, key: value") "---\n" CLUSTER("us", "context: one"),
                NULL,
                "prod:\n"
                "- eu\n"
                "  error: 10:20: DIR/fleets/a.yaml: spec.kubeconfig is the Secret \"sec\" of a host cluster\n"
                "  remedy: write path and context of a kubeconfig here\n"
                "- us context=one server=https://c\n" },
        { "a context that is not there",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "path: ../kc, context: three"), NULL,
                "prod:\n"
                "- eu context=three\n"
                "  error: 0:0: DIR/fleets/../kc has no context \"three\"\n"
                "  remedy: name one that it has: one, two\n" },
        { "a kubeconfig without current-context",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "path: ../kc"), NULL,
                "prod:\n"
                "- eu\n"
                "  error: 0:0: DIR/fleets/../kc sets no current-context\n"
                "  remedy: name one that it has: one, two\n" },
        { "a kubeconfig that is not there",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "path: /nowhere, context: one"),
                NULL,
                "prod:\n"
                "- eu context=one\n"
                "  error: 0:0: /nowhere: No such file or directory\n"
                "  remedy: create it, or correct the path\n" },

        /* Errors of the whole, with their place. */
        { "not YAML", "a: [\n", NULL,
                "error: 2:1: DIR/fleets/a.yaml: a value is expected here\n"
                "  remedy: write one\n" },
        { "empty", "# nothing\n", NULL,
                "error: 1:1: DIR/fleets/a.yaml: the document is empty\n"
                "  remedy: write its fields\n" },
        { "another kind", "apiVersion: v1\nkind: Secret\n", NULL,
                "error: 2:7: DIR/fleets/a.yaml: kind Secret has no place in a fleet file\n"
                "  remedy: write Fleet or AttachedCluster\n" },
        { "no kind", "metadata: {}\n", NULL,
                "error: 1:1: DIR/fleets/a.yaml: kind is missing\n  remedy: add it\n" },
        { "another version", "apiVersion: fleet.kurator.dev/v1\nkind: Fleet\n", NULL,
                "error: 1:13: DIR/fleets/a.yaml: apiVersion of a Fleet is fleet.kurator.dev/v1alpha1, not fleet.kurator.dev/v1\n"
                "  remedy: write fleet.kurator.dev/v1alpha1\n" },
        { "an unknown field", FLEET_HEAD("prod") "spec: {cluster: []}\n", NULL,
                "error: 4:8: DIR/fleets/a.yaml: unknown field \"spec.cluster\"; did you mean \"clusters\"?\n"
                "  remedy: write clusters, or remove the field\n" },
        { "an unknown annotation of ours",
                CLUSTER_HEAD "metadata: {name: a, annotations: {fleetfs.dev/velero-ns: x}}\n"
                             "spec: {kubeconfig: {context: one}}\n",
                NULL,
                "error: 3:35: DIR/fleets/a.yaml: metadata.annotations: there is no annotation fleetfs.dev/velero-ns\n"
                "  remedy: did you mean fleetfs.dev/velero-namespace?\n" },
        { "an empty fleet", FLEET("prod", ""), NULL,
                "error: 5:13: DIR/fleets/a.yaml: spec.clusters is empty\n"
                "  remedy: give it a value, or remove the field\n" },
        { "no Fleet at all", CLUSTER("eu", "context: one"), NULL,
                "error: 0:0: DIR/fleets/a.yaml: there is no document of kind Fleet\n"
                "  remedy: add one that names the clusters\n" },
        { "an unknown cluster", FLEET("prod", REF("eu")), NULL,
                "error: 5:44: DIR/fleets/a.yaml: there is no AttachedCluster \"eu\"\n"
                "  remedy: add a document of kind AttachedCluster with this name\n" },
        { "a cluster in two fleets", FLEET("a", REF("eu")) "---\n" FLEET("b", REF("eu")),
                CLUSTER("eu", "context: one"),
                "error: 11:44: DIR/fleets/a.yaml: cluster \"eu\" is already in fleet \"a\"\n"
                "  remedy: leave it in one fleet, once\n" },
        { "a cluster twice in a fleet",
                FLEET("a", REF("eu") ", " REF("eu")) "---\n" CLUSTER("eu", "context: one"), NULL,
                "error: 5:79: DIR/fleets/a.yaml: cluster \"eu\" is already in this fleet, \"a\"\n"
                "  remedy: leave it in one fleet, once\n" },
        { "a name twice, in two files", FLEET("a", REF("eu")), FLEET("a", REF("eu")),
                "error: 3:18: DIR/fleets/b.yaml: Fleet \"a\" is already defined in DIR/fleets/a.yaml, line 1\n"
                "  remedy: rename or remove one of them\n" },
        { "a name that is no folder", FLEET("Prod_1", REF("eu")), NULL,
                "error: 3:18: DIR/fleets/a.yaml: metadata.name: \"Prod_1\" cannot be the name of a folder of the mount\n"
                "  remedy: use at most 63 of a-z, 0-9, \"-\" and \".\", beginning and ending with a letter or digit\n" },
        { "a name that is a file of the root", FLEET("version", REF("eu")), NULL,
                "error: 3:18: DIR/fleets/a.yaml: metadata.name: \"version\" is a file of the mount's root\n"
                "  remedy: choose another name for the fleet\n" },
        { "Kurator's own clusters", FLEET("prod", "{kind: Cluster, name: eu}"), NULL,
                "error: 5:21: DIR/fleets/a.yaml: spec.clusters[0].kind: \"Cluster\" is no kind of cluster a fleet file can have\n"
                "  remedy: write an AttachedCluster with path and context of a kubeconfig here\n" },
        { "a Secret and a path", CLUSTER("eu", "name: s, path: kc"), NULL,
                "error: 4:20: DIR/fleets/a.yaml: spec.kubeconfig: it names both a Secret (name, key) and a kubeconfig here (path, context)\n"
                "  remedy: write path, context or both\n" },
        { "no kubeconfig named", CLUSTER("eu", ""), NULL,
                "error: 4:20: DIR/fleets/a.yaml: spec.kubeconfig: it names no kubeconfig\n"
                "  remedy: write path, context or both\n" },
        { "a prefix with a slash at its end",
                FLEET_HEAD("prod") "spec:\n  clusters: [" REF(
                        "eu") "]\n"
                              "  plugin: {backup: {storage: {location: {bucket: b, provider: aws}, prefix: a/}}}\n",
                NULL,
                "error: 6:77: DIR/fleets/a.yaml: spec.plugin.backup.storage.prefix: \"a/\" begins or ends with a slash or has an empty part\n"
                "  remedy: write it as team/backups\n" },
        { "both spellings of the endpoint",
                FLEET_HEAD("prod") "spec:\n  clusters: [" REF(
                        "eu") "]\n"
                              "  plugin: {backup: {storage: {location: {bucket: b, provider: aws, s3Url: a, endpoint: a}}}}\n",
                NULL,
                "error: 6:75: DIR/fleets/a.yaml: spec.plugin.backup.storage.location: endpoint and s3Url are two spellings of the same field\n"
                "  remedy: remove s3Url\n" },
};

static bool root_has(const char *name)
{
        return strcmp(name, "version") == 0;
}

static void loads_fleet_files(void **state)
{
        const struct file_row *row = test_row(state);
        char kc[128], fleets[128];
        struct fleetconf_source src = { .kube.path = kc,
                .kube.home = test_dir(state),
                .fleet_dir = fleets,
                .root_has = root_has };
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;
        int r;

        (void)snprintf(kc, sizeof(kc), "%s/kc", test_dir(state));
        (void)snprintf(fleets, sizeof(fleets), "%s/fleets", test_dir(state));
        test_write_file(test_dir(state), "kc", KC);
        test_write_file(test_dir(state), "fleets/a.yaml", row->text);
        if (row->other)
                test_write_file(test_dir(state), "fleets/b.yaml", row->other);
        /* Neither of these is a fleet file. */
        test_write_file(test_dir(state), "fleets/.hidden.yaml", "{");
        test_write_file(test_dir(state), "fleets/fleetfs.conf", "{");
        r = fleetconf_load(&src, &conf, &err);
        assert_int_equal(r, err.code);
        check_render(conf, &err, test_dir(state), row->expected);
        fleetconf_free(conf);
}

static void shows_the_users_own_documents(void **state)
{
        char kc[128];
        struct fleetconf_source src = { .kube.path = kc,
                .fleet_file = "f.yaml", /* relative */
                .kube.cwd = test_dir(state),
                .velero_namespace = "vn" };
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(kc, sizeof(kc), "%s/kc", test_dir(state));
        test_write_file(test_dir(state), "kc", KC);
        test_write_file(test_dir(state), "f.yaml",
                "---\n# ours\n" CLUSTER("eu", "context: one") "# end\n--- # mine\n" FLEET(
                        "prod", REF("eu")) "...\n---\n" CLUSTER("spare", "context: two"));
        assert_ok(fleetconf_load(&src, &conf, &err), &err);
        assert_text(
                conf->fleets[0].yaml, "# mine\n" FLEET("prod", REF("eu")) "---\n# ours\n" CLUSTER(
                                              "eu", "context: one") "# end\n");
        assert_string_equal(conf->fleets[0].members[0].velero_namespace, "vn");
        assert_ptr_equal(fleetconf_find(conf, "prod"), &conf->fleets[0]);
        assert_null(fleetconf_find(conf, "x"));
        fleetconf_free(conf);
}

int main(void)
{
        TEST_ROWS(names_folders, folders);
        TEST_ROWS_WITH(loads_a_kubeconfig, kubeconfigs, test_dir_setup, test_dir_teardown);
        TEST_IN_DIR(tells_which_kubeconfig);
        TEST_IN_DIR(shows_a_fleet_file_that_means_the_same);
        TEST_ROWS_WITH(loads_fleet_files, files, test_dir_setup, test_dir_teardown);
        TEST_IN_DIR(shows_the_users_own_documents);
        return test_run("fleetconf");
}
