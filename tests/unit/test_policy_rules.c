/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/schema.h"
#include "ops/policy.h"
#include "velero/spec.h"

/*
 * Velero's own rules, in each spelling of a policy: what its server would only report as FailedValidation is refused when the
 * document is read, at its place. And the other way round: what Velero takes is sent as it was written.
 */

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const char *const clusters[] = { "eu-1" };
static const struct policy_env env = {
        .fleet = "prod", .clusters = clusters, .n_clusters = 1, .final_newline = true,
};

/* Where a field of a spec has its place. */
enum level { FILTER, SETTING, VELERO_ONLY };

/* A document around lines of a spec: what comes before them, how far they are indented, what the path of an error says. */
static const struct spelling {
        const char *name;
        const char *before[3]; /* by level; NULL: there is no such place */
        int indent[3];
        const char *path[3];
} spellings[] = {
        { "bare", { "policy:\n  resourceFilter:\n", "policy:\n", NULL }, { 4, 2 },
                { "policy.resourceFilter", "policy" } },
        { "Kurator",
                { "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policy:\n    resourceFilter:\n",
                        "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policy:\n", NULL },
                { 6, 4 }, { "spec.policy.resourceFilter", "spec.policy" } },
        { "Kurator, a part",
                { "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policies:\n  - name: a\n    policy:\n"
                  "      resourceFilter:\n",
                        "apiVersion: backup.kurator.dev/v1alpha1\nkind: Backup\nspec:\n  policies:\n  - name: a\n"
                        "    policy:\n", NULL },
                { 8, 8 }, { "spec.policies[0].policy.resourceFilter", "spec.policies[0].policy" } },
        { "Velero Backup",
                { "apiVersion: velero.io/v1\nkind: Backup\nspec:\n", "apiVersion: velero.io/v1\nkind: Backup\nspec:\n",
                        "apiVersion: velero.io/v1\nkind: Backup\nspec:\n" },
                { 2, 2, 2 }, { "spec", "spec", "spec" } },
        { "Velero Schedule",
                { "apiVersion: velero.io/v1\nkind: Schedule\nspec:\n  schedule: \"@daily\"\n  template:\n",
                        "apiVersion: velero.io/v1\nkind: Schedule\nspec:\n  schedule: \"@daily\"\n  template:\n",
                        "apiVersion: velero.io/v1\nkind: Schedule\nspec:\n  schedule: \"@daily\"\n  template:\n" },
                { 4, 4, 4 }, { "spec.template", "spec.template", "spec.template" } },
};

#define NAMES "lower case letters, digits and '-', at most 63 characters"
#define GLOBS "'*', '?' and '[a-z]' are understood"
#define ALONE "write \"*\" alone, or only the names"
#define OUT   "name what to leave out"
#define OTHER "use either includedResources, excludedResources and includeClusterResources, or the four ...ScopedResources"
#define EMPTY "remove it, or write the name that is missing"
#define LONG  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* clang-format off */
static const struct rule {
        const char *name;
        enum level level;
        const char *text; /* lines of the spec, not indented */
        const char *id;
        int line, column; /* in these lines */
        const char *msg;  /* its end */
        const char *remedy;
} rules[] = {
        /* --- includes and excludes (ValidateIncludesExcludes, ValidateScopedIncludesExcludes) --- */
        { "* beside a namespace", FILTER, "includedNamespaces: [\"*\", a]\n", "FLT-0221", 1, 22, "\"*\" stands beside other names", ALONE },
        { "* beside a pattern", FILTER, "includedNamespaces: [a*, \"*\"]\n", "FLT-0221", 1, 26, "\"*\" stands beside other names", ALONE },
        { "* beside a kind", FILTER, "includedResources: [pods, \"*\"]\n", "FLT-0221", 1, 27, "\"*\" stands beside other names", ALONE },
        { "* beside a cluster-scoped kind", FILTER, "includedClusterScopedResources: [\"*\", nodes]\n", "FLT-0221", 1, 34, "\"*\" stands beside other names", ALONE },
        { "* beside a namespaced kind", FILTER, "includedNamespaceScopedResources:\n- pods\n- \"*\"\n", "FLT-0221", 3, 3, "\"*\" stands beside other names", ALONE },
        { "* as an excluded namespace", FILTER, "excludedNamespaces: [\"*\"]\n", "FLT-0221", 1, 22, "\"*\" would leave nothing", OUT },
        { "* as an excluded kind", FILTER, "excludedResources: [\"*\"]\n", "FLT-0221", 1, 21, "\"*\" would leave nothing", OUT },
        { "* among excluded cluster-scoped kinds", FILTER, "excludedClusterScopedResources: [\"*\", nodes]\n", "FLT-0221", 1, 34, "\"*\" stands beside other names or includedClusterScopedResources", "write \"*\" alone and leave includedClusterScopedResources out" },
        { "* among excluded namespaced kinds", FILTER, "excludedNamespaceScopedResources: [pods, \"*\"]\n", "FLT-0221", 1, 42, "\"*\" stands beside other names or includedNamespaceScopedResources", "write \"*\" alone and leave includedNamespaceScopedResources out" },
        { "all cluster-scoped kinds excluded and one included", FILTER, "includedClusterScopedResources: [nodes]\nexcludedClusterScopedResources: [\"*\"]\n", "FLT-0221", 2, 34, "\"*\" stands beside other names or includedClusterScopedResources", "write \"*\" alone and leave includedClusterScopedResources out" },
        { "all namespaced kinds excluded and one included", FILTER, "excludedNamespaceScopedResources: [\"*\"]\nincludedNamespaceScopedResources: [pods]\n", "FLT-0221", 1, 36, "\"*\" stands beside other names or includedNamespaceScopedResources", "write \"*\" alone and leave includedNamespaceScopedResources out" },
        { "a namespace in both", FILTER, "excludedNamespaces: [a]\nincludedNamespaces: [b, a]\n", "FLT-0221", 1, 22, "\"a\" is in both includedNamespaces and excludedNamespaces", "remove it from one of them" },
        { "a pattern in both", FILTER, "includedNamespaces: [a*]\nexcludedNamespaces: [a*]\n", "FLT-0221", 2, 22, "\"a*\" is in both includedNamespaces and excludedNamespaces", "remove it from one of them" },
        { "a kind in both", FILTER, "includedResources: [pods]\nexcludedResources: [secrets, pods]\n", "FLT-0221", 2, 30, "\"pods\" is in both includedResources and excludedResources", "remove it from one of them" },
        { "a cluster-scoped kind in both", FILTER, "includedClusterScopedResources: [nodes]\nexcludedClusterScopedResources: [nodes]\n", "FLT-0221", 2, 34, "\"nodes\" is in both includedClusterScopedResources and excludedClusterScopedResources", "remove it from one of them" },
        { "a namespaced kind in both", FILTER, "includedNamespaceScopedResources: [pods]\nexcludedNamespaceScopedResources: [pods]\n", "FLT-0221", 2, 36, "\"pods\" is in both includedNamespaceScopedResources and excludedNamespaceScopedResources", "remove it from one of them" },

        /* --- namespaces (ValidateNamespaceIncludesExcludes, ValidateWildcardPattern) --- */
        { "a namespace in capitals", FILTER, "includedNamespaces: [Shop]\n", "FLT-0222", 1, 22, "\"Shop\" is not a namespace's name", NAMES },
        { "an excluded namespace in capitals", FILTER, "excludedNamespaces: [a, Shop]\n", "FLT-0222", 1, 25, "\"Shop\" is not a namespace's name", NAMES },
        { "an underscore", FILTER, "includedNamespaces: [a_b]\n", "FLT-0222", 1, 22, "\"a_b\" is not a namespace's name", NAMES },
        { "a dot", FILTER, "includedNamespaces: [a.b]\n", "FLT-0222", 1, 22, "\"a.b\" is not a namespace's name", NAMES },
        { "a dash at the end", FILTER, "includedNamespaces: [a-]\n", "FLT-0222", 1, 22, "\"a-\" is not a namespace's name", NAMES },
        { "a pattern that begins with a dash", FILTER, "includedNamespaces: [\"-*\"]\n", "FLT-0222", 1, 22, "\"-*\" is not a namespace's name", NAMES },
        { "64 letters", FILTER, "excludedNamespaces: [" LONG "]\n", "FLT-0222", 1, 22, "\"" LONG "\" is not a namespace's name", NAMES },
        { "**", FILTER, "includedNamespaces: [\"a**\"]\n", "FLT-0222", 1, 22, "'**' is not allowed", GLOBS },
        { "a bar", FILTER, "includedNamespaces: [\"a|b\"]\n", "FLT-0222", 1, 22, "'!' and ',' are not allowed", GLOBS },
        { "a parenthesis", FILTER, "includedNamespaces: [\"(a)\"]\n", "FLT-0222", 1, 22, "'!' and ',' are not allowed", GLOBS },
        { "a brace", FILTER, "includedNamespaces: [\"{a,b}\"]\n", "FLT-0222", 1, 22, "'!' and ',' are not allowed", GLOBS },
        { "a comma", FILTER, "excludedNamespaces: [\"a,b\"]\n", "FLT-0222", 1, 22, "'!' and ',' are not allowed", GLOBS },
        { "an exclamation mark", FILTER, "includedNamespaces: [\"[!a]b\"]\n", "FLT-0222", 1, 22, "'!' and ',' are not allowed", GLOBS },
        { "an open bracket", FILTER, "includedNamespaces: [\"a[b\"]\n", "FLT-0222", 1, 22, "'[' is not closed", GLOBS },
        { "a closed bracket alone", FILTER, "includedNamespaces: [\"a]b\"]\n", "FLT-0222", 1, 22, "']' without '['", GLOBS },
        { "an empty bracket", FILTER, "includedNamespaces: [\"a[]\"]\n", "FLT-0222", 1, 22, "'[]' is empty", GLOBS },

        /* --- what a template leaves where a variable is not set (real Velero: PartiallyFailed, or every kind) --- */
        { "an empty namespace", FILTER, "includedNamespaces: [\"\"]\n", "FLT-0222", 1, 22, "\"\" is not a namespace's name", EMPTY },
        { "an empty namespace among others", FILTER, "includedNamespaces:\n- a\n- ''\n", "FLT-0222", 3, 3, "\"\" is not a namespace's name", EMPTY },
        { "an empty excluded namespace", FILTER, "excludedNamespaces: [\"\"]\n", "FLT-0222", 1, 22, "\"\" is not a namespace's name", EMPTY },
        { "an empty kind", FILTER, "includedResources: [\"\"]\n", "FLT-0221", 1, 21, "\"\" is not a kind", EMPTY },
        { "an empty excluded kind", FILTER, "excludedResources: [pods, \"\"]\n", "FLT-0221", 1, 27, "\"\" is not a kind", EMPTY },
        { "an empty cluster-scoped kind", FILTER, "includedClusterScopedResources: [\"\"]\n", "FLT-0221", 1, 34, "\"\" is not a kind", EMPTY },
        { "an empty excluded cluster-scoped kind", FILTER, "excludedClusterScopedResources: [\"\"]\n", "FLT-0221", 1, 34, "\"\" is not a kind", EMPTY },
        { "an empty namespaced kind", FILTER, "includedNamespaceScopedResources: [\"\"]\n", "FLT-0221", 1, 36, "\"\" is not a kind", EMPTY },
        { "an empty excluded namespaced kind", FILTER, "excludedNamespaceScopedResources: [\"\"]\n", "FLT-0221", 1, 36, "\"\" is not a kind", EMPTY },
        { "an empty namespace of a hook", VELERO_ONLY, "hooks: {resources: [{name: a, includedNamespaces: [\"\"]}]}\n", "FLT-0222", 1, 52, "\"\" is not a namespace's name", EMPTY },
        { "an empty kind of a hook", VELERO_ONLY, "hooks: {resources: [{name: a, excludedResources: [\"\"]}]}\n", "FLT-0221", 1, 51, "\"\" is not a kind", EMPTY },

        /* --- selectors --- */
        { "both selectors", FILTER, "labelSelector: {matchLabels: {a: b}}\norLabelSelectors: [{matchLabels: {c: d}}]\n", "FLT-0223", 2, 1, "labelSelector and orLabelSelectors cannot be combined", "move the labelSelector into orLabelSelectors" },
        { "an unknown operator", FILTER, "labelSelector: {matchExpressions: [{key: a, operator: Is}]}\n", "FLT-0211", 1, 55, "\"Is\" is not allowed; did you mean \"In\"?", "use one of: In, NotIn, Exists, DoesNotExist" },
        { "In without values", FILTER, "orLabelSelectors: [{matchExpressions: [{key: a, operator: In}]}]\n", "FLT-0223", 1, 59, "operator In needs values", "add values: [...], or use Exists" },
        { "Exists with values", FILTER, "labelSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}\n", "FLT-0223", 1, 71, "operator Exists takes no values", "remove values, or use In or NotIn" },
        { "a bad key", FILTER, "labelSelector: {matchLabels: {a b: c}}\n", "FLT-0223", 1, 31, "\"a b\" is not a label's key", "letters, digits, '-', '_' and '.', at most 63, a domain and '/' before them if need be" },
        { "a bad value", FILTER, "labelSelector: {matchLabels: {a: b c}}\n", "FLT-0223", 1, 34, "\"b c\" is not a label's value", "letters, digits, '-', '_' and '.', at most 63 characters" },

        /* --- settings --- */
        { "a negative ttl", SETTING, "ttl: -1h\n", "FLT-0211", 1, 6, "a negative duration", "write it without the sign" },
        { "a ttl in days", SETTING, "ttl: 30d\n", "FLT-0211", 1, 6, "unknown unit \"d\" in duration \"30d\"", "write 720h" },
        { "a negative timeout", SETTING, "itemOperationTimeout: -1h\n", "FLT-0211", 1, 23, "a negative duration", "write it without the sign" },
        { "a list of ordered resources", SETTING, "orderedResources: {pods: [a/b]}\n", "FLT-0204", 1, 26, "expected a string, found a list", "write one text" },
        { "a negative snapshot timeout", VELERO_ONLY, "csiSnapshotTimeout: -1h\n", "FLT-0211", 1, 21, "a negative duration", "write it without the sign" },
        { "a resourcePolicy of another kind", VELERO_ONLY, "resourcePolicy: {kind: Secret, name: a}\n", "FLT-0226", 1, 24, "Velero ignores a reference of kind \"Secret\"", "write kind: configmap" },
        { "a resourcePolicy without a name", VELERO_ONLY, "resourcePolicy: {kind: configmap}\n", "FLT-0205", 1, 17, "name is missing", "add name: the ConfigMap, in Velero's namespace" },
        { "a hook without a name", VELERO_ONLY, "hooks: {resources: [{pre: []}]}\n", "FLT-0205", 1, 21, "name is missing", "add name: the hook's name" },
        { "a hook without a command", VELERO_ONLY, "hooks: {resources: [{name: a, pre: [{exec: {container: b}}]}]}\n", "FLT-0205", 1, 44, "command is missing", "add command: program and arguments" },
        { "a hook with an empty command", VELERO_ONLY, "hooks: {resources: [{name: a, post: [{exec: {command: []}}]}]}\n", "FLT-0211", 1, 55, "command is empty", "give it a value, or remove the field" },
        { "a hook's onError", VELERO_ONLY, "hooks: {resources: [{name: a, pre: [{exec: {command: [b], onError: Ignore}}]}]}\n", "FLT-0211", 1, 68, "\"Ignore\" is not allowed", "use one of: Continue, Fail" },
        { "a hook's negative timeout", VELERO_ONLY, "hooks: {resources: [{name: a, pre: [{exec: {command: [b], timeout: -1s}}]}]}\n", "FLT-0211", 1, 68, "a negative duration", "write it without the sign" },
        { "snapshot locations that are no list", VELERO_ONLY, "volumeSnapshotLocations: aws\n", "FLT-0204", 1, 26, "expected a list, found the text \"aws\"", "write a list: [\"aws\"]" },
        { "snapshotMoveData in words", VELERO_ONLY, "snapshotMoveData: \"yes\"\n", "FLT-0204", 1, 19, "expected true or false, found the text \"yes\"", "write true or false without quotes" },
};
/* clang-format on */

/* before[level], then the text with every line indented. */
static char *spell(const struct spelling *s, enum level level, const char *text)
{
        char *out = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&out, &len);

        assert_non_null(f);
        fputs(s->before[level], f);
        for (const char *end; *text; text = end + 1) {
                end = strchr(text, '\n');
                fprintf(f, "%*s%.*s\n", s->indent[level], "", (int)(end - text), text);
        }
        fclose(f);
        return out;
}

static int lines_of(const char *text)
{
        int n = 0;

        for (; *text; text++)
                n += *text == '\n';
        return n;
}

static void must_refuse(const struct spelling *s, const struct rule *rule)
{
        char *text = spell(s, rule->level, rule->text);
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        size_t end = strlen(rule->msg);
        int r = policy_parse(POLICY_BACKUP, "p", text, strlen(text), &env, &p, &err);

        if (r != -EINVAL || strcmp(err.id, rule->id) != 0)
                print_error("%s: %d %s %s\n%s", s->name, r, err.id, err.msg, text);
        assert_int_equal(r, -EINVAL);
        assert_null(p);
        assert_string_equal(err.id, rule->id);
        assert_int_equal(strncmp(err.msg, s->path[rule->level], strlen(s->path[rule->level])), 0);
        assert_true(strlen(err.msg) > end);
        assert_text(err.msg + strlen(err.msg) - end, rule->msg);
        assert_text(err.remedy, rule->remedy);
        assert_int_equal(err.line, lines_of(s->before[rule->level]) + rule->line);
        assert_int_equal(err.column, s->indent[rule->level] + rule->column);
        free(text);
}

static void refuses(void **state)
{
        const struct rule *rule = test_row(state);

        for (size_t i = 0; i < ARRAY_SIZE(spellings); i++)
                if (spellings[i].before[rule->level])
                        must_refuse(&spellings[i], rule);
}

/* Each of the old filters with each of the new: the later one is blamed. */
static void refuses_mixed_filters(void **state)
{
        static const char *const old[] = { "includedResources: [pods]", "excludedResources: [pods]",
                "includeClusterResources: false" };
        static const char *const new[] = { "includedClusterScopedResources: [nodes]",
                "excludedClusterScopedResources: [nodes]", "includedNamespaceScopedResources: [pods]",
                "excludedNamespaceScopedResources: [\"*\"]" };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(old); i++)
                for (size_t k = 0; k < ARRAY_SIZE(new); k++)
                        for (int swap = 0; swap < 2; swap++) {
                                char text[160], msg[160];
                                const struct rule rule = { "", FILTER, text, "FLT-0220", 2, 1, msg, OTHER };

                                snprintf(text, sizeof(text), "%s\n%s\n", swap ? new[k] : old[i], swap ? old[i] : new[k]);
                                snprintf(msg, sizeof(msg), "%.*s and %.*s cannot be combined",
                                        (int)strcspn(old[i], ":"), old[i], (int)strcspn(new[k], ":"), new[k]);
                                for (size_t s = 0; s < ARRAY_SIZE(spellings); s++)
                                        must_refuse(&spellings[s], &rule);
                        }
}

/* --- a schedule's own fields --- */

static const struct refused {
        const char *name;
        const char *spec;
        const char *id;
        int line, column;
        const char *msg;
} schedules[] = {
        { "no schedule", "  template: {}\n", "FLT-0205", 4, 3, "spec.schedule is missing" },
        { "an empty schedule", "  schedule: \"\"\n  template: {}\n", "FLT-0211", 4, 13, "spec.schedule is empty" },
        { "no template", "  schedule: \"@daily\"\n", "FLT-0205", 4, 3, "spec.template is missing" },
        { "six fields", "  schedule: \"0 0 2 * * *\"\n  template: {}\n", "FLT-0248", 4, 14,
                "spec.schedule: Velero's cron has five fields, here are 6" },
        { "L", "  schedule: \"0 2 L * *\"\n  template: {}\n", "FLT-0248", 4, 18, "spec.schedule: " },
        { "an unknown zone", "  schedule: \"TZ=Mars/Phobos 0 2 * * *\"\n  template: {}\n", "FLT-0248", 4, 17,
                "spec.schedule: " },
        { "a zone alone", "  schedule: \"TZ=UTC\"\n  template: {}\n", "FLT-0248", 4, 0, "spec.schedule: " },
        { "@every nothing", "  schedule: \"@every\"\n  template: {}\n", "FLT-0248", 4, 0, "spec.schedule: " },
        { "paused in words", "  schedule: \"@daily\"\n  template: {}\n  paused: \"no\"\n", "FLT-0204", 6, 11,
                "spec.paused: expected true or false" },
        { "a number for skipImmediately", "  schedule: \"@daily\"\n  template: {}\n  skipImmediately: 1\n", "FLT-0204", 6,
                20, "spec.skipImmediately: expected true or false" },
        { "a misspelt field", "  schedule: \"@daily\"\n  template: {}\n  pause: true\n", "FLT-0203", 6, 3,
                "unknown field \"spec.pause\"; did you mean \"paused\"?" },
        { "a misspelt field of the template", "  schedule: \"@daily\"\n  template: {ttll: 1h}\n", "FLT-0203", 5, 14,
                "unknown field \"spec.template.ttll\"; did you mean \"ttl\"?" },
        { "a bad label of the template", "  schedule: \"@daily\"\n  template: {metadata: {labels: {\"a b\": c}}}\n",
                "FLT-0223", 5, 34, "spec.template.metadata.labels: \"a b\" is not a label's key" },
};

static void refuses_schedules(void **state)
{
        const struct refused *row = test_row(state);
        char text[512];
        struct err err = ERR_INIT;
        struct policy *p = NULL;

        snprintf(text, sizeof(text), "apiVersion: velero.io/v1\nkind: Schedule\nspec:\n%s", row->spec);
        assert_int_equal(policy_parse(POLICY_BACKUP, "p", text, strlen(text), &env, &p, &err), -EINVAL);
        assert_string_equal(err.id, row->id);
        assert_int_equal(strncmp(err.msg, row->msg, strlen(row->msg)), 0);
        assert_int_equal(err.line, row->line);
        if (row->column)
                assert_int_equal(err.column, row->column);
        assert_true(err.column > 0);
        assert_true(err.remedy[0] != '\0');
}

/* --- what Velero takes is sent as it was written --- */

#define HOOK_FILTER                                                                                \
        "\"name\":\"h\",\"includedNamespaces\":[\"a\"],\"excludedNamespaces\":[\"b\"],"              \
        "\"includedResources\":[\"pods\"],\"excludedResources\":[\"jobs.batch\"],"                   \
        "\"labelSelector\":{\"matchLabels\":{\"a\":\"b\"}}"
#define SELECTOR                                                                                   \
        "{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"c\",\"operator\":\"In\",\"values\":[\"d\"]}]}"
#define COMMON_SPEC                                                                                \
        "\"metadata\":{\"labels\":{\"team\":\"shop\"}},"                                           \
        "\"includedNamespaces\":[\"a\",\"b*\"],\"excludedNamespaces\":[\"bc\"],"                     \
        "\"snapshotVolumes\":true,\"ttl\":\"48h0m0s\","                                             \
        "\"volumeGroupSnapshotLabelKey\":\"velero.io/volume-group\","                              \
        "\"hooks\":{\"resources\":[{" HOOK_FILTER ",\"pre\":[{\"exec\":{\"container\":\"c\","        \
        "\"command\":[\"/bin/sync\",\"-f\"],\"onError\":\"Continue\",\"timeout\":\"10s\"}}],"        \
        "\"post\":[{\"exec\":{\"command\":[\"true\"]}}]}]},"                                         \
        "\"storageLocation\":\"cold\",\"volumeSnapshotLocations\":[\"aws-1\",\"gcp-1\"],"            \
        "\"defaultVolumesToRestic\":false,\"defaultVolumesToFsBackup\":true,"                      \
        "\"orderedResources\":{\"pods\":\"a/b,a/c\"},\"csiSnapshotTimeout\":\"20m\","               \
        "\"itemOperationTimeout\":\"5h\",\"resourcePolicy\":{\"apiGroup\":\"\",\"kind\":\"configmap\",\"name\":\"rp\"}," \
        "\"snapshotMoveData\":true,\"datamover\":\"velero\",\"uploaderConfig\":{\"parallelFilesUpload\":4}"
#define OLD_SPEC                                                                                   \
        "{" COMMON_SPEC ",\"includedResources\":[\"pods\"],\"excludedResources\":[\"jobs\"],"        \
        "\"includeClusterResources\":false,\"labelSelector\":" SELECTOR "}"
#define NEW_SPEC                                                                                   \
        "{" COMMON_SPEC ",\"includedClusterScopedResources\":[\"nodes\"],"                         \
        "\"excludedClusterScopedResources\":[\"storageclasses\"],"                                 \
        "\"includedNamespaceScopedResources\":[\"pods\"],"                                         \
        "\"excludedNamespaceScopedResources\":[\"jobs\"],\"orLabelSelectors\":[" SELECTOR ",{}]}"
#define RESTORE_SPEC                                                                               \
        "{\"backupName\":\"b\",\"includedNamespaces\":[\"a\"],\"excludedNamespaces\":[\"c\"],"       \
        "\"includedResources\":[\"pods\"],\"excludedResources\":[\"jobs\"],"                         \
        "\"includeClusterResources\":true,\"namespaceMapping\":{\"a\":\"z\"},"                     \
        "\"orLabelSelectors\":[" SELECTOR "],\"restorePVs\":true,"                                 \
        "\"restoreStatus\":{\"includedResources\":[\"*\"],\"excludedResources\":[\"pods\"]},"        \
        "\"preserveNodePorts\":true,\"hooks\":{\"resources\":[{" HOOK_FILTER ",\"postHooks\":["     \
        "{\"exec\":{\"container\":\"c\",\"command\":[\"true\"],\"onError\":\"Fail\","                \
        "\"execTimeout\":\"1m\",\"waitTimeout\":\"2m\",\"waitForReady\":true}},"                   \
        "{\"init\":{\"timeout\":\"3m\",\"initContainers\":[{\"name\":\"i\",\"image\":\"x\",\"anything\":[1,2]}]}}]}]}," \
        "\"existingResourcePolicy\":\"update\",\"itemOperationTimeout\":\"5h\","                   \
        "\"resourceModifier\":{\"kind\":\"configmap\",\"name\":\"rm\"},"                             \
        "\"uploaderConfig\":{\"writeSparseFiles\":true,\"parallelFilesDownload\":2}}"

#define RESTORE_BY_SCHEDULE "{\"scheduleName\":\"s\",\"labelSelector\":" SELECTOR "}"

enum what { A_BACKUP, A_SCHEDULE, A_RESTORE };

static const struct sent {
        const char *name;
        enum what what;
        const char *spec;
} sent[] = {
        { "a backup, old filters", A_BACKUP, OLD_SPEC },
        { "a backup, new filters", A_BACKUP, NEW_SPEC },
        { "a restore", A_RESTORE, RESTORE_SPEC },
        { "a restore by its schedule", A_RESTORE, RESTORE_BY_SCHEDULE },
        { "a schedule", A_SCHEDULE,
                "{\"schedule\":\"0 2 * * *\",\"template\":" OLD_SPEC
                ",\"useOwnerReferencesInBackup\":true,\"paused\":true,\"skipImmediately\":true}" },
};

static struct policy *parse_velero(enum what what, const char *spec)
{
        static const char *const kinds[] = { "Backup", "Schedule", "Restore" };
        char text[4096];
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        int n = snprintf(text, sizeof(text), "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"%s\",\"spec\":%s}", kinds[what], spec);

        assert_true(n > 0 && (size_t)n < sizeof(text));
        assert_ok(policy_parse(what == A_RESTORE ? POLICY_RESTORE : POLICY_BACKUP, "p", text, (size_t)n, &env, &p, &err), &err);
        return p;
}

static void sends_what_was_written(void **state)
{
        const struct sent *row = test_row(state);
        const struct policy_cluster cluster = { .velero_namespace = "velero", .has_node_agent = false };
        struct policy *p = parse_velero(row->what, row->spec);
        json_t *wanted = json_loads(row->spec, 0, NULL), *found = NULL;
        struct err err = ERR_INIT;
        int r = row->what == A_BACKUP   ? policy_backup_spec(p, 0, &cluster, &found, &err)
                : row->what == A_SCHEDULE ? policy_schedule_spec(p, 0, &cluster, NULL, &found, &err)
                                          : policy_restore_spec(p, 0, NULL, &cluster, &found, &err);

        assert_ok(r, &err);
        assert_non_null(wanted);
        if (!json_equal(wanted, found))
                print_error("%s\n%s\n", json_dumps(wanted, JSON_SORT_KEYS), json_dumps(found, JSON_SORT_KEYS));
        assert_true(json_equal(wanted, found));
        json_decref(wanted);
        json_decref(found);
        policy_free(p);
}

/* A field that the tables know, and the documents above do not have, would go untested. */
static void knows_every_field(const struct schema *schema, const char *const *specs, size_t n)
{
        for (size_t i = 0; i < schema->n; i++) {
                bool found = false;

                for (size_t k = 0; k < n; k++) {
                        json_t *spec = json_loads(specs[k], 0, NULL);

                        assert_non_null(spec);
                        found = found || json_object_get(spec, schema->fields[i].name);
                        json_decref(spec);
                }
                if (!found)
                        fail_msg("%s is sent by no test", schema->fields[i].name);
        }
}

static void sends_every_field(void **state)
{
        static const char *const backups[] = { OLD_SPEC, NEW_SPEC };
        static const char *const restores[] = { RESTORE_SPEC, RESTORE_BY_SCHEDULE };
        static const char *const whole[] = { "{\"schedule\":1,\"template\":1,\"useOwnerReferencesInBackup\":1,"
                                             "\"paused\":1,\"skipImmediately\":1}" };

        (void)state;
        knows_every_field(&velero_backup_spec_schema, backups, ARRAY_SIZE(backups));
        knows_every_field(&velero_restore_spec_schema, restores, ARRAY_SIZE(restores));
        knows_every_field(&velero_schedule_spec_schema, whole, ARRAY_SIZE(whole));
}

/* Each field's name without its last letter, with two letters exchanged, or doubled: the right one is offered. */
static void offers_the_right_spelling(void **state)
{
        static const struct {
                const char *kind;
                enum policy_kind folder;
                const struct schema *schema;
        } kinds[] = {
                { "Backup", POLICY_BACKUP, &velero_backup_spec_schema },
                { "Restore", POLICY_RESTORE, &velero_restore_spec_schema },
                { "Schedule", POLICY_BACKUP, &velero_schedule_spec_schema },
        };

        (void)state;
        for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
                for (size_t i = 0; i < kinds[k].schema->n; i++) {
                        const char *name = kinds[k].schema->fields[i].name;
                        char typo[64], text[256], offer[96];
                        struct err err = ERR_INIT;
                        struct policy *p = NULL;
                        size_t len = strlen(name);

                        /* Doubled in the middle: no other field is as near. */
                        snprintf(typo, sizeof(typo), "%.*s%s", (int)(len / 2 + 1), name, name + len / 2);
                        snprintf(text, sizeof(text), "apiVersion: velero.io/v1\nkind: %s\nspec:\n  %s: 1\n", kinds[k].kind, typo);
                        snprintf(offer, sizeof(offer), "did you mean \"%s\"?", name);
                        assert_int_equal(policy_parse(kinds[k].folder, "p", text, strlen(text), &env, &p, &err), -EINVAL);
                        assert_string_equal(err.id, "FLT-0203");
                        if (!strstr(err.msg, offer))
                                fail_msg("%s: %s", typo, err.msg);
                        assert_int_equal(err.line, 4);
                        assert_int_equal(err.column, 3);
                }
}

int main(void)
{
        TEST_ROWS(refuses, rules);
        TEST(refuses_mixed_filters);
        TEST_ROWS(refuses_schedules, schedules);
        TEST_ROWS(sends_what_was_written, sent);
        TEST(sends_every_field);
        TEST(offers_the_right_spelling);
        return test_run("policy_rules");
}
