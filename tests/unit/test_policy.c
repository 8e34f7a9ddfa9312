/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "ops/policy.h"
#include "tests/unit/policy_fixture.h"

/* What a policy says beyond its specs: clusters, parts, references, warnings, sameness, Kurator's words. */

static const char *const clusters[] = { "eu-1", "eu-2", "us-1" };

static const char *label(void *userdata, const char *cluster, const char *key)
{
        (void)userdata;
        if (strcmp(key, "zone") == 0)
                return strncmp(cluster, "eu", 2) == 0 ? "eu" : "us";
        if (strcmp(key, "tier") == 0 && strcmp(cluster, "us-1") != 0)
                return strcmp(cluster, "eu-1") == 0 ? "gold" : "iron";
        return NULL;
}

static const struct policy_env fleet = {
        .fleet = "prod",
        .clusters = clusters,
        .n_clusters = ARRAY_SIZE(clusters),
        .label = label,
        .final_newline = true,
};

static struct policy *parse_as(
        const struct policy_env *env, enum policy_kind kind, const char *stem, const char *text)
{
        struct err err = ERR_INIT;
        struct policy *p = NULL;

        assert_ok(policy_parse(kind, stem, text, strlen(text), env, &p, &err), &err);
        return p;
}

static struct policy *parse(enum policy_kind kind, const char *text)
{
        return parse_as(&fleet, kind, "p", text);
}

/* --- Destinations --- */

static const struct selection {
        const char *name;
        const char *destination; /* in flow style */
        const char *clusters;    /* joined by spaces */
} selections[] = {
        { "none given", "null", "eu-1 eu-2 us-1" },
        { "an empty one", "{}", "eu-1 eu-2 us-1" },
        { "the fleet", "{fleet: prod}", "eu-1 eu-2 us-1" },
        { "by name", "{clusters: [{name: us-1}, {kind: AttachedCluster, name: eu-1}]}", "eu-1 us-1" },
        { "an empty selector", "{clusterSelector: {}}", "eu-1 eu-2 us-1" },
        { "by label", "{clusterSelector: {matchLabels: {zone: eu}}}", "eu-1 eu-2" },
        { "by two labels", "{clusterSelector: {matchLabels: {zone: eu, tier: gold}}}", "eu-1" },
        { "In", "{clusterSelector: {matchExpressions: [{key: tier, operator: In, values: [gold, iron]}]}}",
                "eu-1 eu-2" },
        { "NotIn takes the unlabelled",
                "{clusterSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [gold]}]}}",
                "eu-2 us-1" },
        { "Exists", "{clusterSelector: {matchExpressions: [{key: tier, operator: Exists}]}}",
                "eu-1 eu-2" },
        { "DoesNotExist",
                "{clusterSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}}", "us-1" },
        { "labels and expressions",
                "{clusterSelector: {matchLabels: {zone: eu}, matchExpressions: "
                "[{key: tier, operator: NotIn, values: [gold]}]}}",
                "eu-2" },
};

static void assert_selects(const struct policy_destination *destination, const char *expected)
{
        char got[64] = "";

        for (size_t i = 0; i < ARRAY_SIZE(clusters); i++)
                if (policy_selects(destination, clusters[i], label, NULL)) {
                        strcat(got, *got ? " " : "");
                        strcat(got, clusters[i]);
                }
        assert_string_equal(got, expected);
}

static void selects(void **state)
{
        const struct selection *row = test_row(state);
        char text[400];
        struct policy *p;

        (void)snprintf(text, sizeof(text), "destination: %s\npolicy: {}\n", row->destination);
        p = parse(POLICY_BACKUP, text);
        assert_selects(&p->destination, row->clusters);
        assert_selects(&p->subs[0].destination, row->clusters);
        assert_int_equal(p->n_warnings, 0);
        policy_free(p);
}

/* A cluster without labels has none, whatever the selector asks. */
static void selects_without_labels(void **state)
{
        struct policy *p = parse(
                POLICY_BACKUP, "destination: {clusterSelector: {matchLabels: {zone: eu}}}\n");

        (void)state;
        assert_false(policy_selects(&p->destination, "eu-1", NULL, NULL));
        policy_free(p);
}

/* --- Parts and references --- */

static void reads_one_part(void **state)
{
        struct policy *p = parse(POLICY_BACKUP, KURATOR("Backup") "  policy: {ttl: 1h}\n");

        (void)state;
        assert_int_equal(p->n_subs, 1);
        assert_string_equal(p->subs[0].id, "");
        assert_false(p->named_subs);
        assert_string_equal(p->name, "p");
        assert_string_equal(p->schedule, "");
        assert_int_equal(p->style, POLICY_KURATOR);
        assert_int_equal(policy_find_sub(p, ""), 0);
        assert_int_equal(policy_find_sub(p, "x"), -ENOENT);
        policy_free(p);
}

static void reads_policies(void **state)
{
        struct policy *p = parse(POLICY_BACKUP,
                "storage:\n"
                "  location: {bucket: b, provider: aws, s3Url: http://s3, region: eu, prefix: x}\n"
                "  credentials: s3-secret\n"
                "schedule: \"0 2 * * *\"\n"
                "destination: {clusterSelector: {matchLabels: {zone: eu}}}\n"
                "policies:\n"
                "  - name: gold\n"
                "    policy: {ttl: 1h}\n"
                "  - destination: {clusters: [{name: us-1}]}\n");

        (void)state;
        assert_int_equal(p->style, POLICY_BARE);
        assert_true(p->named_subs);
        assert_int_equal(p->n_subs, 2);
        assert_string_equal(p->subs[0].id, "gold");
        assert_string_equal(p->subs[0].name, "gold");
        assert_string_equal(p->subs[1].id, "1");
        assert_string_equal(p->subs[1].name, "");
        assert_selects(&p->subs[0].destination, "eu-1 eu-2");
        assert_selects(&p->subs[1].destination, "us-1");
        assert_int_equal(policy_find_sub(p, "gold"), 0);
        assert_string_equal(p->schedule, "0 2 * * *");
        assert_non_null(p->storage);
        assert_string_equal(p->storage->bucket, "b");
        assert_string_equal(p->storage->s3_url, "http://s3");
        assert_string_equal(p->storage->prefix, "x");
        assert_string_equal(p->storage->region, "eu");
        assert_string_equal(p->storage->secret, "s3-secret");
        policy_free(p);
}

static void reads_kurators_storage(void **state)
{
        struct policy *p = parse(POLICY_BACKUP,
                "storage: {location: {bucket: b, provider: aws, endpoint: http://s3}, secretName: k}\n");

        (void)state;
        assert_string_equal(p->storage->s3_url, "http://s3");
        assert_string_equal(p->storage->secret, "k");
        assert_string_equal(p->storage->prefix, "");
        assert_string_equal(p->storage->config, "");
        policy_free(p);
        p = parse(POLICY_BACKUP,
                "storage:\n  location: {bucket: b, provider: aws, config: {profile: p, checksumAlgorithm: \"\"}}\n"
                "  prefix: team/backups\n");
        assert_string_equal(p->storage->prefix, "team/backups");
        assert_string_equal(p->storage->config, "{\"checksumAlgorithm\":\"\",\"profile\":\"p\"}");
        policy_free(p);
}

static void matches_parts_of_restores(void **state)
{
        struct policy *some = parse(POLICY_RESTORE,
                "backupName: nightly\npolicies: [{name: gold}, {name: iron, policy: {}}]\n");
        struct policy *all = parse(POLICY_RESTORE, "backupName: nightly\n");

        (void)state;
        assert_int_equal(policy_restore_sub(some, "iron"), 1);
        assert_int_equal(policy_restore_sub(some, "lead"), -ENOENT);
        assert_int_equal(policy_restore_sub(all, "iron"), 0);
        policy_free(some);
        policy_free(all);
}

static const struct reference {
        const char *name;
        const char *stem, *text;
        const char *backup, *run, *schedule;
} references[] = {
        { "a policy", "p", "backupName: nightly\n", "nightly", "", "" },
        { "its latest run", "p", "backupName: nightly@latest\n", "nightly", "latest", "" },
        { "a run", "p", "backupName: nightly@20260901-020003Z\n", "nightly", "20260901-020003Z", "" },
        { "by the file's name", "nightly@latest", "policy: {}\n", "nightly", "latest", "" },
        { "the body counts", "nightly@latest", "backupName: other\n", "other", "", "" },
        { "no bytes", "nightly@20260901-020003Z", "", "nightly", "20260901-020003Z", "" },
        { "Velero's", "p", VELERO("Restore") "  backupName: b-20260901020003\n", "b-20260901020003",
                "", "" },
        { "Velero's schedule", "p", VELERO("Restore") "  scheduleName: s\n", "", "", "s" },
};

static void refers(void **state)
{
        const struct reference *row = test_row(state);
        struct policy *p = parse_as(&fleet, POLICY_RESTORE, row->stem, row->text);

        assert_string_equal(p->backup.name, row->backup);
        assert_string_equal(p->backup.run, row->run);
        assert_string_equal(p->backup.schedule, row->schedule);
        assert_string_equal(p->name, row->stem);
        assert_int_equal(p->empty, !*row->text);
        assert_int_equal(p->n_subs, 1);
        policy_free(p);
}

static void reads_switches(void **state)
{
        struct policy *spec =
                parse(POLICY_RESTORE, "backupName: b\nallowPartiallyFailed: true\n");
        struct policy *annotation = parse(POLICY_RESTORE,
                "apiVersion: velero.io/v1\nkind: Restore\nmetadata:\n  annotations:\n"
                "    fleetfs.dev/allow-partially-failed: \"true\"\nspec: {backupName: b}\n");
        struct policy *neither = parse(POLICY_RESTORE, "backupName: b\n");
        struct policy *paused = parse(POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@daily\"\n  paused: true\n  template: {}\n");

        (void)state;
        assert_true(spec->allow_partially_failed);
        assert_true(annotation->allow_partially_failed);
        assert_false(neither->allow_partially_failed);
        assert_true(paused->paused);
        assert_string_equal(paused->schedule, "@daily");
        policy_free(spec);
        policy_free(annotation);
        policy_free(neither);
        policy_free(paused);
}

/* --- Migrations --- */

static void reads_a_migration(void **state)
{
        struct policy *p = parse(POLICY_MIGRATION,
                "sourceCluster: {clusterSelector: {matchLabels: {tier: gold}}}\n"
                "targetCluster: {fleet: prod}\ncopyCredentials: true\n");

        (void)state;
        assert_string_equal(p->source, "eu-1");
        assert_true(p->copy_credentials);
        assert_selects(&p->destination, "eu-2 us-1");
        assert_selects(&p->subs[0].destination, "eu-2 us-1");
        policy_free(p);
}

static void takes_links(void **state)
{
        struct policy_env env = fleet;
        const char *const targets[] = { "us-1", "eu-2" };
        const char *const source[] = { "eu-1" };
        const char *const unknown[] = { "mars" };
        struct err err = ERR_INIT;
        struct policy *p;
        json_t *document = NULL;
        char *text;

        (void)state;
        env.links = true;
        p = parse_as(&env, POLICY_MIGRATION, "m1", "");
        assert_true(p->empty);
        assert_string_equal(p->source, "");
        assert_int_equal(policy_set_links(p, &env, "eu-1", source, 1, &err), -EINVAL);
        assert_err(&err, -EINVAL, "\"eu-1\" is the source and a target");
        assert_int_equal(policy_set_links(p, &env, "eu-1", unknown, 1, &err), -EINVAL);
        assert_err(&err, -EINVAL, "fleet \"prod\" has no cluster \"mars\"");
        assert_string_equal(p->source, "");
        assert_ok(policy_set_links(p, &env, "eu-1", targets, 2, &err), &err);
        assert_string_equal(p->source, "eu-1");
        assert_selects(&p->subs[0].destination, "eu-2 us-1");
        assert_int_equal(policy_kurator_json(p, &document), 0);
        text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
        assert_text(text,
                "{\"apiVersion\":\"backup.kurator.dev/v1alpha1\",\"kind\":\"Migrate\","
                "\"metadata\":{\"name\":\"m1\"},\"spec\":{\"sourceCluster\":{\"clusters\":"
                "[{\"kind\":\"AttachedCluster\",\"name\":\"eu-1\"}]},\"targetCluster\":{\"clusters\":"
                "[{\"kind\":\"AttachedCluster\",\"name\":\"us-1\"},{\"kind\":\"AttachedCluster\","
                "\"name\":\"eu-2\"}]}}}");
        free(text);
        json_decref(document);
        policy_free(p);
}

/* --- Warnings --- */

static const struct warning {
        const char *name;
        enum policy_kind kind;
        const char *text;
        const char *warning; /* the only one; NULL: there is none */
} warnings[] = {
        { "nothing", POLICY_BACKUP, "policy: {}\n", NULL },
        { "the file's own name", POLICY_BACKUP,
                "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: p}\nspec: {}\n",
                NULL },
        { "another name", POLICY_BACKUP,
                "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nmetadata: {name: q}\nspec: {}\n",
                "FLT-0283 metadata.name \"q\" is not used: the file's name is \"p\"" },
        { "a selector of nothing", POLICY_BACKUP,
                "destination: {clusterSelector: {matchLabels: {zone: mars}}}\n",
                "FLT-0282 destination.clusterSelector matches no cluster of fleet prod now" },
        { "an unfiltered Velero backup", POLICY_BACKUP, VELERO("Backup") "  includedNamespaces: [\"*\"]\n",
                "FLT-0284 without filters Velero leaves out cluster-scoped objects that nothing refers "
                "to; includedClusterScopedResources: [\"*\"] takes them" },
        { "a Velero backup of one namespace", POLICY_BACKUP,
                VELERO("Backup") "  includedNamespaces: [a]\n", NULL },
        { "a Velero backup with all kinds", POLICY_BACKUP,
                VELERO("Backup") "  includedClusterScopedResources: [\"*\"]\n", NULL },
        { "a mapping of what is restored", POLICY_RESTORE,
                "backupName: b\npolicy:\n  resourceFilter: {includedNamespaces: [web, shop]}\n"
                "  namespaceMapping: {shop: copy}\n",
                NULL },
        { "a mapping under a glob", POLICY_RESTORE,
                "backupName: b\npolicy:\n  resourceFilter: {includedNamespaces: [\"s*\"]}\n"
                "  namespaceMapping: {shop: copy}\n",
                NULL },
        { "a ttl of zero", POLICY_BACKUP, "policy: {ttl: 0s}\n",
                "FLT-0290 a ttl of \"0s\" is Velero's default, 720h unless its server says else" },
        { "a template's ttl of zero", POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@daily\"\n  template: {includedNamespaces: [a], ttl: \"0\"}\n",
                "FLT-0290 a ttl of \"0\" is Velero's default, 720h unless its server says else" },
        { "a schedule each half hour", POLICY_BACKUP, "schedule: \"*/30 * * * *\"\n",
                "FLT-0280 schedule \"*/30 * * * *\" runs more often than once an hour" },
        { "a Velero schedule each minute", POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@every 1m\"\n  template: {includedNamespaces: [a]}\n",
                "FLT-0280 spec.schedule \"@every 1m\" runs more often than once an hour" },
        { "a schedule each half second", POLICY_BACKUP, "schedule: \"@every 500ms\"\n",
                "FLT-0280 schedule \"@every 500ms\" runs more often than once an hour" },
        { "a schedule each hour", POLICY_BACKUP, "schedule: \"@hourly\"\n", NULL },
        { "backups owned by their schedule", POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@daily\"\n  useOwnerReferencesInBackup: true\n"
                                   "  template: {includedNamespaces: [a]}\n",
                "FLT-0288 useOwnerReferencesInBackup: the backups' objects vanish with the schedule "
                "until Velero's sync brings them back" },
};

static void warns(void **state)
{
        const struct warning *row = test_row(state);
        struct policy *p = parse(row->kind, row->text);

        assert_int_equal(p->n_warnings, row->warning ? 1 : 0);
        if (row->warning)
                assert_text(p->warnings[0], row->warning);
        policy_free(p);
}

static void warns_of_deprecated_fields(void **state)
{
        struct policy *p = parse(POLICY_BACKUP,
                VELERO("Backup") "  includedNamespaces: [a]\n  defaultVolumesToRestic: true\n");

        (void)state;
        assert_int_equal(p->n_warnings, 1);
        assert_non_null(strstr(p->warnings[0], "FLT-0285 5:3: spec.defaultVolumesToRestic"));
        assert_non_null(strstr(p->warnings[0], "defaultVolumesToFsBackup"));
        policy_free(p);
}

/* --- Sameness --- */

static const struct pair {
        const char *name;
        enum policy_kind kind;
        const char *one, *other;
        bool same;
} pairs[] = {
        { "the same bytes", POLICY_BACKUP, "policy: {ttl: 1h}\n", "policy: {ttl: 1h}\n", true },
        { "a comment", POLICY_BACKUP, "policy: {ttl: 1h}\n", "# why\npolicy: {ttl: 1h}\n", true },
        { "bare and document", POLICY_BACKUP, "policy: {ttl: 1h}\n",
                KURATOR("Backup") "  policy:\n    ttl: 1h\n", true },
        { "YAML and JSON", POLICY_BACKUP, "policy: {ttl: 1h}\n", "{\"policy\": {\"ttl\": \"1h\"}}", true },
        { "one duration", POLICY_BACKUP, "policy: {ttl: 90m}\n", "policy: {ttl: 1h30m0s}\n", true },
        { "a default written out", POLICY_BACKUP, "policy: {}\n",
                "destination: {fleet: prod}\npolicy: {resourceFilter: {includedNamespaces: [\"*\"]}}\n",
                true },
        { "clusters in another order", POLICY_BACKUP,
                "destination: {clusters: [{name: eu-1}, {name: us-1}]}\n",
                "destination: {clusters: [{name: us-1}, {name: eu-1}]}\n", true },
        { "a label as an expression", POLICY_BACKUP,
                "destination: {clusterSelector: {matchLabels: {zone: eu}}}\n",
                "destination: {clusterSelector: {matchExpressions: [{key: zone, operator: In, values: "
                "[eu]}]}}\n",
                true },
        { "another ttl", POLICY_BACKUP, "policy: {ttl: 1h}\n", "policy: {ttl: 2h}\n", false },
        { "a schedule", POLICY_BACKUP, "policy: {}\n", "schedule: \"@daily\"\npolicy: {}\n", false },
        { "another schedule", POLICY_BACKUP, "schedule: \"@daily\"\n", "schedule: \"@weekly\"\n", false },
        { "a removed filter", POLICY_BACKUP,
                "policy: {resourceFilter: {includedNamespaces: [shop]}}\n", "policy: {}\n", false },
        { "another cluster", POLICY_BACKUP, "destination: {clusters: [{name: eu-1}]}\n",
                "destination: {clusters: [{name: us-1}]}\n", false },
        { "another label", POLICY_BACKUP,
                "destination: {clusterSelector: {matchLabels: {zone: eu}}}\n",
                "destination: {clusterSelector: {matchLabels: {zone: us}}}\n", false },
        { "another storage", POLICY_BACKUP,
                "storage: {location: {bucket: a, provider: aws}}\n",
                "storage: {location: {bucket: b, provider: aws}}\n", false },
        { "a part more", POLICY_BACKUP, "policies: [{name: a}]\n", "policies: [{name: a}, {name: b}]\n",
                false },
        { "a part's name", POLICY_BACKUP, "policies: [{name: a}]\n", "policies: [{name: b}]\n", false },
        { "paused", POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@daily\"\n  paused: true\n  template: {}\n",
                VELERO("Schedule") "  schedule: \"@daily\"\n  template: {}\n", false },
        { "another backup", POLICY_RESTORE, "backupName: a\n", "backupName: b\n", false },
        { "another run", POLICY_RESTORE, "backupName: a\n", "backupName: a@latest\n", false },
        { "a mapping", POLICY_RESTORE, "backupName: a\n",
                "backupName: a\npolicy: {namespaceMapping: {x: z}}\n", false },
        { "a filter that is refused on a cluster", POLICY_RESTORE,
                "backupName: a\npolicy: {resourceFilter: {includedNamespaces: [velero]}}\n",
                "backupName: a\npolicy: {resourceFilter: {includedNamespaces: [velero, b]}}\n", false },
        { "labels of the objects", POLICY_BACKUP,
                "apiVersion: velero.io/v1\nkind: Backup\nmetadata: {labels: {a: b}}\nspec: {}\n",
                "apiVersion: velero.io/v1\nkind: Backup\nspec: {}\n", false },
        { "only a name", POLICY_BACKUP,
                "apiVersion: velero.io/v1\nkind: Backup\nmetadata: {name: q}\nspec: {}\n",
                "apiVersion: velero.io/v1\nkind: Backup\nspec: {}\n", true },
};

static void compares(void **state)
{
        const struct pair *row = test_row(state);
        struct policy *one = parse(row->kind, row->one), *other = parse(row->kind, row->other);

        assert_int_equal(policy_same_meaning(one, other), row->same);
        assert_int_equal(policy_same_meaning(other, one), row->same);
        assert_true(policy_same_meaning(one, one));
        policy_free(one);
        policy_free(other);
}

/* --- In Kurator's words --- */

#define HEAD(kind)                                                                                 \
        "{\"apiVersion\":\"backup.kurator.dev/v1alpha1\",\"kind\":\"" kind                         \
        "\",\"metadata\":{\"name\":\"p\"},\"spec\":"

static const struct shown {
        const char *name;
        enum policy_kind kind;
        const char *text;
        const char *json;
} shown[] = {
        { "Kurator's own", POLICY_BACKUP, KURATOR("Backup") "  schedule: \"@daily\"\n  policy: {ttl: 1h}\n",
                HEAD("Backup") "{\"policy\":{\"ttl\":\"1h\"},\"schedule\":\"@daily\"}}" },
        { "a bare spec", POLICY_RESTORE, "backupName: nightly\n",
                HEAD("Restore") "{\"backupName\":\"nightly\"}}" },
        { "Velero's backup", POLICY_BACKUP,
                VELERO("Backup") "  includedNamespaces: [a]\n  ttl: 1h\n  snapshotMoveData: true\n",
                HEAD("Backup") "{\"policy\":{\"resourceFilter\":{\"includedNamespaces\":[\"a\"]},"
                               "\"ttl\":\"1h\"}}}" },
        { "Velero's schedule", POLICY_BACKUP,
                VELERO("Schedule") "  schedule: \"@daily\"\n  template: {ttl: 1h}\n",
                HEAD("Backup") "{\"policy\":{\"ttl\":\"1h\"},\"schedule\":\"@daily\"}}" },
        { "Velero's restore", POLICY_RESTORE,
                VELERO("Restore") "  backupName: b\n  namespaceMapping: {x: z}\n",
                HEAD("Restore") "{\"backupName\":\"b\",\"policy\":{\"namespaceMapping\":{\"x\":\"z\"}}}}" },
        { "labels", POLICY_BACKUP,
                "apiVersion: velero.io/v1\nkind: Backup\nmetadata: {labels: {a: b}}\nspec: {}\n",
                "{\"apiVersion\":\"backup.kurator.dev/v1alpha1\",\"kind\":\"Backup\",\"metadata\":"
                "{\"labels\":{\"a\":\"b\"},\"name\":\"p\"},\"spec\":{}}" },
};

static void shows(void **state)
{
        const struct shown *row = test_row(state);
        struct policy *p = parse(row->kind, row->text);
        json_t *document = NULL;
        char *text;

        assert_int_equal(policy_kurator_json(p, &document), 0);
        text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
        assert_text(text, row->json);
        free(text);
        json_decref(document);
        policy_free(p);
}

static void gives_the_users_metadata(void **state)
{
        struct policy *p = parse(POLICY_BACKUP,
                "apiVersion: velero.io/v1\nkind: Backup\n"
                "metadata: {name: p, labels: {a: b}, annotations: {c: d}}\nspec: {}\n");
        char *text = json_dumps(policy_metadata(p), JSON_COMPACT | JSON_SORT_KEYS);

        (void)state;
        assert_text(text, "{\"annotations\":{\"c\":\"d\"},\"labels\":{\"a\":\"b\"}}");
        free(text);
        policy_free(p);
}

int main(void)
{
        TEST_ROWS(selects, selections);
        TEST(selects_without_labels);
        TEST(reads_one_part);
        TEST(reads_policies);
        TEST(reads_kurators_storage);
        TEST(matches_parts_of_restores);
        TEST_ROWS(refers, references);
        TEST(reads_switches);
        TEST(reads_a_migration);
        TEST(takes_links);
        TEST_ROWS(warns, warnings);
        TEST(warns_of_deprecated_fields);
        TEST_ROWS(compares, pairs);
        TEST_ROWS(shows, shown);
        TEST(gives_the_users_metadata);
        return test_run("policy");
}
