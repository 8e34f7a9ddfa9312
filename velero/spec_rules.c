/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/spec_rules.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "velero/spec.h"

/* --- names --- */

static bool is_lower_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_alnum(char c)
{
        return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

static bool is_dns_label_n(const char *text, size_t len)
{
        if (len == 0 || len > LIMIT_NAME_DNS1123_LABEL || !is_lower_alnum(text[0]) ||
                !is_lower_alnum(text[len - 1]))
                return false;
        for (size_t i = 0; i < len; i++)
                if (!is_lower_alnum(text[i]) && text[i] != '-')
                        return false;
        return true;
}

bool velero_is_dns_label(const char *text)
{
        return is_dns_label_n(text, strlen(text));
}

static bool is_dns_subdomain_n(const char *text, size_t len, size_t max)
{
        if (len == 0 || len > max)
                return false;
        for (size_t at = 0; at <= len;) {
                const char *dot = memchr(text + at, '.', len - at);
                size_t n = dot ? (size_t)(dot - (text + at)) : len - at;

                /* A subdomain's parts have no limit of their own, only the whole has. */
                if (n == 0 || !is_lower_alnum(text[at]) || !is_lower_alnum(text[at + n - 1]))
                        return false;
                for (size_t i = 0; i < n; i++)
                        if (!is_lower_alnum(text[at + i]) && text[at + i] != '-')
                                return false;
                at += n + 1;
        }
        return text[len - 1] != '.';
}

bool velero_is_dns_subdomain(const char *text, size_t max)
{
        return is_dns_subdomain_n(text, strlen(text), max);
}

/* The name part of a label key, and a label's value when it is not empty. */
static bool is_qualified_name(const char *text, size_t len)
{
        if (len == 0 || len > LIMIT_LABEL_VALUE || !is_alnum(text[0]) || !is_alnum(text[len - 1]))
                return false;
        for (size_t i = 0; i < len; i++)
                if (!is_alnum(text[i]) && !strchr("-_.", text[i]))
                        return false;
        return true;
}

bool velero_is_label_value(const char *text)
{
        return !*text || is_qualified_name(text, strlen(text));
}

static bool is_label_key(const char *text)
{
        const char *slash = strchr(text, '/');

        if (!slash)
                return is_qualified_name(text, strlen(text));
        return is_dns_subdomain_n(text, (size_t)(slash - text), LIMIT_NAME_DNS1123_SUBDOMAIN) &&
               is_qualified_name(slash + 1, strlen(slash + 1));
}

/* --- labels and selectors --- */

static int refuse_label_key(const struct yaml_node *key, struct err *err)
{
        (void)yaml_refuse(key, err, ERR_ID_SELECTOR, "\"%s\" is not a label's key", key->text);
        return err_remedy(err,
                "letters, digits, '-', '_' and '.', at most 63, a domain and '/' before them if need be");
}

static int refuse_label_value(const struct yaml_node *value, struct err *err)
{
        (void)yaml_refuse(
                value, err, ERR_ID_SELECTOR, "\"%s\" is not a label's value", value->text);
        return err_remedy(err, "letters, digits, '-', '_' and '.', at most 63 characters");
}

int velero_check_labels(const struct yaml_node *map, struct err *err)
{
        YAML_PAIRS (map, i, pair) {
                if (!is_label_key(pair->key->text))
                        return refuse_label_key(pair->key, err);
                if (!velero_is_label_value(pair->value->text))
                        return refuse_label_value(pair->value, err);
        }
        return 0;
}

int velero_check_requirement(const struct yaml_node *requirement, struct err *err)
{
        const struct yaml_node *key = yaml_get(requirement, "key");
        const struct yaml_node *op = yaml_get(requirement, "operator");
        const struct yaml_node *values = yaml_get(requirement, "values");
        bool wants = strcmp(op->text, "In") == 0 || strcmp(op->text, "NotIn") == 0;
        bool has = !yaml_is_null(values) && values->n > 0;

        if (!is_label_key(key->text))
                return refuse_label_key(key, err);
        if (wants && !has) {
                (void)yaml_refuse(op, err, ERR_ID_SELECTOR, "operator %s needs values", op->text);
                return err_remedy(err, "add values: [...], or use Exists");
        }
        if (!wants && has) {
                (void)yaml_refuse(
                        values, err, ERR_ID_SELECTOR, "operator %s takes no values", op->text);
                return err_remedy(err, "remove values, or use In or NotIn");
        }
        YAML_ITEMS (values, i, value)
                if (!velero_is_label_value(value->text))
                        return refuse_label_value(value, err);
        return 0;
}

/* --- namespaces --- */

/* What Velero's glob does not take, or NULL. The text is a namespace or a glob of one. */
static const char *glob_fault(const char *text)
{
        const char *open = NULL;

        if (strstr(text, "**"))
                return "'**' is not allowed";
        if (strpbrk(text, "|(){}!,"))
                return "'|', '(', ')', '{', '}', '!' and ',' are not allowed";
        for (const char *p = text; *p; p++) {
                if (*p == '[' && open)
                        return "'[' within '['";
                if (*p == '[')
                        open = p;
                if (*p == ']' && !open)
                        return "']' without '['";
                if (*p == ']' && p == open + 1)
                        return "'[]' is empty";
                if (*p == ']')
                        open = NULL;
        }
        return open ? "'[' is not closed" : NULL;
}

/* What a variable that is not set leaves in a template. */
static int refuse_empty(const struct yaml_node *item, const char *id, const char *what, struct err *err)
{
        (void)yaml_refuse(item, err, id, "\"\" is not %s", what);
        return err_remedy(err, "remove it, or write the name that is missing");
}

/* Velero looks for a namespace of that name and reports the backup as PartiallyFailed (measured); a restore of it restores
   nothing. */
int velero_check_namespaces(const struct yaml_node *list, struct err *err)
{
        YAML_ITEMS (list, i, item) {
                char name[LIMIT_NAME_DNS1123_LABEL + 1];
                const char *fault = glob_fault(item->text);

                if (item->len == 0)
                        return refuse_empty(item, ERR_ID_NAMESPACE, "a namespace's name", err);
                if (fault) {
                        (void)yaml_refuse(item, err, ERR_ID_NAMESPACE,
                                "\"%s\" is not a namespace pattern: %s", item->text, fault);
                        return err_remedy(err, "'*', '?' and '[a-z]' are understood");
                }
                /* Velero judges a pattern by the name it would be with letters for the wildcards.
                 */
                for (size_t k = 0; item->len < sizeof(name) && k <= item->len; k++)
                        name[k] = item->text[k] && strchr("*?[]", item->text[k]) ? 'x'
                                                                                 : item->text[k];
                if (item->len >= sizeof(name) || !velero_is_dns_label(name)) {
                        (void)yaml_refuse(item, err, ERR_ID_NAMESPACE,
                                "\"%s\" is not a namespace's name", item->text);
                        return err_remedy(
                                err, "lower case letters, digits and '-', at most 63 characters");
                }
        }
        return 0;
}

int velero_check_namespace_mapping(const struct yaml_node *map, struct err *err)
{
        YAML_PAIRS (map, i, pair) {
                const struct yaml_node *bad = NULL;

                if (!velero_is_dns_label(pair->key->text))
                        bad = pair->key;
                else if (!velero_is_dns_label(pair->value->text))
                        bad = pair->value;
                if (bad) {
                        (void)yaml_refuse(bad, err, ERR_ID_MAPPING,
                                "\"%s\" is not a namespace's name", bad->text);
                        return err_remedy(
                                err, "lower case letters, digits and '-', at most 63 characters");
                }
        }
        return 0;
}

/* --- filters --- */

/* Velero leaves it out without a word: a list of nothing else means every kind, where it was to mean few. */
int velero_check_kinds(const struct yaml_node *list, struct err *err)
{
        YAML_ITEMS (list, i, item)
                if (item->len == 0)
                        return refuse_empty(item, ERR_ID_FILTER_ITEM, "a kind", err);
        return 0;
}

static const char *const old_filters[] = { "includedResources", "excludedResources",
        "includeClusterResources" };
static const char *const new_filters[] = { "includedClusterScopedResources",
        "excludedClusterScopedResources", "includedNamespaceScopedResources",
        "excludedNamespaceScopedResources" };

/* Lists that belong together, and whether the excludes may be exactly "*". */
static const struct filter_pair {
        const char *includes, *excludes;
        bool exclude_all;
} filter_pairs[] = {
        { "includedNamespaces", "excludedNamespaces", false },
        { "includedResources", "excludedResources", false },
        { "includedClusterScopedResources", "excludedClusterScopedResources", true },
        { "includedNamespaceScopedResources", "excludedNamespaceScopedResources", true },
};

/* The pair of the first of these keys that says something; an empty list says nothing. */
static const struct yaml_pair *first_given(
        const struct yaml_node *map, const char *const *keys, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const struct yaml_pair *pair = yaml_get_pair(map, keys[i]);

                if (pair && !yaml_is_null(pair->value) &&
                        (pair->value->kind == YAML_SCALAR || pair->value->n > 0))
                        return pair;
        }
        return NULL;
}

static const struct yaml_node *find_item(const struct yaml_node *list, const char *text)
{
        YAML_ITEMS (list, i, item)
                if (strcmp(item->text, text) == 0)
                        return item;
        return NULL;
}

static int check_pair(
        const struct yaml_node *filter, const struct filter_pair *pair, struct err *err)
{
        const struct yaml_node *in = yaml_get(filter, pair->includes);
        const struct yaml_node *ex = yaml_get(filter, pair->excludes);
        const struct yaml_node *star = find_item(in, "*"), *star_out = find_item(ex, "*");

        if (star && in->n > 1) {
                (void)yaml_refuse(star, err, ERR_ID_FILTER_ITEM,
                        "%s: \"*\" stands beside other names", pair->includes);
                return err_remedy(err, "write \"*\" alone, or only the names");
        }
        if (star_out && !pair->exclude_all) {
                (void)yaml_refuse(star_out, err, ERR_ID_FILTER_ITEM,
                        "%s: \"*\" would leave nothing", pair->excludes);
                return err_remedy(err, "name what to leave out");
        }
        if (star_out && (ex->n > 1 || (in && in->n > 0))) {
                (void)yaml_refuse(star_out, err, ERR_ID_FILTER_ITEM,
                        "%s: \"*\" stands beside other names or %s", pair->excludes,
                        pair->includes);
                return err_remedy(err, "write \"*\" alone and leave %s out", pair->includes);
        }
        YAML_ITEMS (ex, i, item)
                if (find_item(in, item->text)) {
                        (void)yaml_refuse(item, err, ERR_ID_FILTER_ITEM,
                                "\"%s\" is in both %s and %s", item->text, pair->includes,
                                pair->excludes);
                        return err_remedy(err, "remove it from one of them");
                }
        return 0;
}

int velero_check_filter(const struct yaml_node *filter, struct err *err)
{
        static const char *const selector_key[] = { "labelSelector" };
        static const char *const selectors_key[] = { "orLabelSelectors" };
        const struct yaml_pair *old = first_given(filter, old_filters, ARRAY_SIZE(old_filters));
        const struct yaml_pair *new = first_given(filter, new_filters, ARRAY_SIZE(new_filters));
        const struct yaml_pair *one = first_given(filter, selector_key, 1);
        const struct yaml_pair *many = first_given(filter, selectors_key, 1);

        if (old && new) {
                const struct yaml_pair *later = old->key->line > new->key->line ? old : new;

                (void)yaml_refuse(later->key, err, ERR_ID_MIXED_FILTERS,
                        "%s and %s cannot be combined", old->key->text, new->key->text);
                return err_remedy(err,
                        "use either includedResources, excludedResources and includeClusterResources, "
                        "or the four ...ScopedResources");
        }
        if (one && many) {
                (void)yaml_refuse(many->key, err, ERR_ID_SELECTOR,
                        "labelSelector and orLabelSelectors cannot be combined");
                return err_remedy(err, "move the labelSelector into orLabelSelectors");
        }
        for (size_t i = 0; i < ARRAY_SIZE(filter_pairs); i++) {
                int r = check_pair(filter, &filter_pairs[i], err);

                if (r < 0)
                        return r;
        }
        return 0;
}

/* --- the rest --- */

int velero_check_configmap(const struct yaml_node *reference, struct err *err)
{
        const struct yaml_node *kind = yaml_get(reference, "kind");

        if (strcasecmp(kind->text, "configmap") == 0)
                return 0;
        (void)yaml_refuse(kind, err, ERR_ID_CONFIGMAP_KIND,
                "Velero ignores a reference of kind \"%s\"", kind->text);
        return err_remedy(err, "write kind: configmap");
}

int velero_check_not_negative(const struct yaml_node *duration, struct err *err)
{
        int64_t ns = 0;
        int r = yaml_as_duration(duration, "", &ns, err);

        if (r < 0 || ns >= 0)
                return r;
        (void)yaml_refuse(duration, err, ERR_ID_VALUE, "a negative duration");
        return err_remedy(err, "write it without the sign");
}

/* Velero refuses to restore these; the server adds them to the excludes by itself. */
static const char *const not_restorable[] = { "nodes", "events", "events.events.k8s.io",
        "backups.velero.io", "restores.velero.io", "resticrepositories.velero.io",
        "csinodes.storage.k8s.io", "volumeattachments.storage.k8s.io",
        "backuprepositories.velero.io" };

int velero_check_restorable(const struct yaml_node *list, struct err *err)
{
        YAML_ITEMS (list, i, item)
                for (size_t k = 0; k < ARRAY_SIZE(not_restorable); k++)
                        if (strcmp(item->text, not_restorable[k]) == 0) {
                                (void)yaml_refuse(item, err, ERR_ID_NOT_RESTORABLE,
                                        "%s are never restored", item->text);
                                return err_remedy(err, "remove it");
                        }
        return 0;
}

int velero_check_restore(const struct yaml_node *spec, struct err *err)
{
        static const char *const by_backup[] = { "backupName" };
        static const char *const by_schedule[] = { "scheduleName" };
        const struct yaml_pair *backup = first_given(spec, by_backup, 1);
        const struct yaml_pair *schedule = first_given(spec, by_schedule, 1);
        bool has_backup = backup && backup->value->len > 0;
        bool has_schedule = schedule && schedule->value->len > 0;
        int r;

        if (has_backup == has_schedule) {
                (void)yaml_refuse(has_schedule ? schedule->key : spec, err, ERR_ID_RESTORE_SOURCE,
                        has_schedule ? "backupName and scheduleName cannot be combined"
                                     : "neither backupName nor scheduleName is given");
                return err_remedy(err, "give exactly one of them");
        }
        r = velero_check_filter(spec, err);
        if (r == 0)
                r = velero_check_restorable(yaml_get(spec, "includedResources"), err);
        return r;
}
