/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "ops/policy_private.h"

/*
 * From a policy to Velero's specs.
 *
 * Two facts of Velero decide most lines here. A backup without filters leaves out cluster-scoped
 * objects that nothing refers to, so "everything" has to be said. And a restore takes
 * cluster-scoped objects only with includeClusterResources, or when no namespace is left out; since
 * ours always leave Velero's namespace out, that has to be said as well.
 */

/* Every kind of group velero.io: a restore must not bring another cluster's backups and locations.
 */
static const char *const velero_kinds[] = { "backups.velero.io", "backuprepositories.velero.io",
        "backupstoragelocations.velero.io", "datadownloads.velero.io", "datauploads.velero.io",
        "deletebackuprequests.velero.io", "downloadrequests.velero.io",
        "podvolumebackups.velero.io", "podvolumerestores.velero.io", "resticrepositories.velero.io",
        "restores.velero.io", "schedules.velero.io", "serverstatusrequests.velero.io",
        "volumesnapshotlocations.velero.io" };

/*
 * Cluster-scoped kinds that a restore fetches as related to namespaced ones. With a list of kinds
 * they must be on it to be fetched.
 */
static const char *const related_kinds[] = { "persistentvolumes",
        "customresourcedefinitions.apiextensions.k8s.io" };

/* --- JSON --- */

const json_t *policy_field(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);

        if (!value || json_is_null(value) ||
                (json_is_array(value) && json_array_size(value) == 0) ||
                (json_is_object(value) && json_object_size(value) == 0))
                return NULL;
        return value;
}

bool policy_list_is_all(const json_t *list)
{
        const char *only = json_string_value(json_array_get(list, 0));

        return json_array_size(list) == 0 ||
               (json_array_size(list) == 1 && only && strcmp(only, "*") == 0);
}

static bool is_star(const json_t *list)
{
        return json_array_size(list) == 1 && policy_list_is_all(list);
}

int policy_copy_field(json_t *to, const json_t *from, const char *key)
{
        const json_t *value = policy_field(from, key);

        if (!value)
                return 0;
        return json_object_set_new(to, key, json_deep_copy(value)) < 0 ? -ENOMEM : 0;
}

static int copy_fields(json_t *to, const json_t *from, const char *const *keys, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (policy_copy_field(to, from, keys[i]) < 0)
                        return -ENOMEM;
        return 0;
}

int policy_set_field(json_t *to, const char *key, json_t *value)
{
        return json_object_set_new(to, key, value) < 0 ? -ENOMEM : 0;
}

static bool list_has(const json_t *list, const char *text)
{
        for (size_t i = 0; i < json_array_size(list); i++)
                if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
                        return true;
        return false;
}

/* Adds a text to the list of a spec, which is made if need be, unless it is there. */
static int add_text(json_t *spec, const char *key, const char *text)
{
        json_t *list = json_object_get(spec, key);

        if (list_has(list, text))
                return 0;
        if (!list && policy_set_field(spec, key, json_array()) < 0)
                return -ENOMEM;
        list = json_object_get(spec, key);
        return json_array_append_new(list, json_string(text)) < 0 ? -ENOMEM : 0;
}

static int add_texts(json_t *spec, const char *key, const char *const *texts, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (add_text(spec, key, texts[i]) < 0)
                        return -ENOMEM;
        return 0;
}

static int add_list(json_t *spec, const char *key, const json_t *list)
{
        for (size_t i = 0; i < json_array_size(list); i++)
                if (add_text(spec, key, json_string_value(json_array_get(list, i))) < 0)
                        return -ENOMEM;
        return 0;
}

static bool filter_is_old(const json_t *filter)
{
        return policy_field(filter, "includedResources") ||
               policy_field(filter, "excludedResources") ||
               policy_field(filter, "includeClusterResources");
}

/* --- backups --- */

/* Which kinds, and whether cluster-scoped ones are among them. */
static int backup_kinds(const json_t *filter, bool all_namespaces, json_t *spec)
{
        static const char *const old_keys[] = { "includedResources", "excludedResources",
                "includeClusterResources" };
        static const char *const new_keys[] = { "includedClusterScopedResources",
                "excludedClusterScopedResources", "includedNamespaceScopedResources",
                "excludedNamespaceScopedResources" };

        if (filter_is_old(filter)) {
                if (copy_fields(spec, filter, old_keys, ARRAY_SIZE(old_keys)) < 0)
                        return -ENOMEM;
                if (!all_namespaces || json_object_get(spec, "includeClusterResources"))
                        return 0;
                return policy_set_field(spec, "includeClusterResources", json_true());
        }
        if (copy_fields(spec, filter, new_keys, ARRAY_SIZE(new_keys)) < 0)
                return -ENOMEM;
        if (!all_namespaces || policy_field(filter, "includedClusterScopedResources") ||
                is_star(json_object_get(filter, "excludedClusterScopedResources")) ||
                !policy_list_is_all(policy_field(filter, "includedNamespaceScopedResources")))
                return 0;
        return policy_set_field(spec, "includedClusterScopedResources", json_pack("[s]", "*"));
}

/* Velero splits at commas and nothing else, while people write "a, b". */
static int ordered_resources(const json_t *policy, json_t *spec)
{
        const json_t *from = policy_field(policy, "orderedResources");
        json_t *to = json_object();
        const char *key;
        json_t *value;

        json_object_foreach ((json_t *)(uintptr_t)from, key, value) {
                const char *text = json_string_value(value);
                _cleanup_(freep) char *tight = strdup(text);
                size_t n = 0;

                for (; tight && *text; text++)
                        if (*text != ' ' && *text != '\t')
                                tight[n++] = *text;
                if (!tight || json_object_set_new(to, key, json_stringn(tight, n)) < 0) {
                        json_decref(to);
                        return -ENOMEM;
                }
        }
        if (!from) {
                json_decref(to);
                return 0;
        }
        return policy_set_field(spec, "orderedResources", to);
}

static int kurator_backup_spec(
        const json_t *policy, const struct policy_cluster *cluster, json_t *spec)
{
        static const char *const filter_keys[] = { "includedNamespaces", "excludedNamespaces",
                "labelSelector", "orLabelSelectors" };
        static const char *const policy_keys[] = { "ttl", "itemOperationTimeout" };
        const json_t *filter = policy_field(policy, "resourceFilter");
        bool all = policy_list_is_all(policy_field(filter, "includedNamespaces"));
        int r = copy_fields(spec, filter, filter_keys, ARRAY_SIZE(filter_keys));

        if (r == 0 && all)
                r = policy_set_field(spec, "includedNamespaces", json_pack("[s]", "*"));
        if (r == 0)
                r = backup_kinds(filter, all, spec);
        if (r == 0)
                r = copy_fields(spec, policy, policy_keys, ARRAY_SIZE(policy_keys));
        if (r == 0)
                r = ordered_resources(policy, spec);
        if (r == 0 && cluster->has_node_agent)
                r = policy_set_field(spec, "defaultVolumesToFsBackup", json_true());
        if (r == 0)
                r = policy_set_field(spec, "snapshotVolumes", json_false());
        return r;
}

/* A Velero document's spec, as it stands. Velero refuses both selectors together even if one of them is empty, and so
 * says nothing. */
static json_t *velero_spec(const json_t *own)
{
        static const char *const keys[] = { "labelSelector", "orLabelSelectors" };
        json_t *spec = json_deep_copy(own);
        bool both = !json_is_null(json_object_get(spec, keys[0])) &&
                    !json_is_null(json_object_get(spec, keys[1]));

        for (size_t i = 0; i < ARRAY_SIZE(keys) && both; i++)
                if (!policy_field(spec, keys[i])) {
                        (void)json_object_del(spec, keys[i]);
                        break;
                }
        return spec;
}

int policy_backup_spec(const struct policy *policy, size_t sub,
        const struct policy_cluster *cluster, json_t **ret, struct err *err)
{
        const json_t *own = policy->subs[sub].spec;
        json_t *spec = policy->style == POLICY_VELERO ? velero_spec(own) : json_object();
        int r = spec ? 0 : -ENOMEM;

        if (r == 0 && policy->style != POLICY_VELERO)
                r = kurator_backup_spec(own, cluster, spec);
        if (r == 0 && cluster->storage_location && !policy_field(spec, "storageLocation"))
                r = policy_set_field(
                        spec, "storageLocation", json_string(cluster->storage_location));
        if (r < 0) {
                json_decref(spec);
                return policy_oom(err);
        }
        *ret = spec;
        return 0;
}

int policy_schedule_spec(const struct policy *policy, size_t sub,
        const struct policy_cluster *cluster, const json_t *labels, json_t **ret, struct err *err)
{
        json_t *template = NULL;
        json_t *spec =
                policy->style == POLICY_VELERO ? json_deep_copy(policy->spec) : json_object();
        json_t *theirs;
        int r = policy_backup_spec(policy, sub, cluster, &template, err);

        if (r < 0) {
                json_decref(spec);
                return r;
        }
        theirs = json_object_get(json_object_get(template, "metadata"), "labels");
        if (labels && json_object_size(theirs) > 0)
                r = json_object_update(theirs, (json_t *)(uintptr_t)labels);
        if (!spec || r < 0 || json_object_set(spec, "template", template) < 0 ||
                policy_set_field(spec, "schedule", json_string(policy->schedule)) < 0 ||
                (policy->paused && policy_set_field(spec, "paused", json_true()) < 0))
                r = policy_oom(err);
        json_decref(template);
        if (r < 0) {
                json_decref(spec);
                return r;
        }
        *ret = spec;
        return 0;
}

/* --- restores --- */

static int fault_at(struct policy_filter_fault *fault, const char *key, const char *why)
{
        *fault = (struct policy_filter_fault){ key, why };
        return -EINVAL;
}

/*
 * The scoped filters: namespaced kinds N without XN, cluster-scoped kinds C without XC. Velero's
 * restore has one list of kinds for both and a switch for cluster-scoped ones, so a list of one
 * side with all of the other has no equivalent.
 */
static int scoped_kinds(
        const json_t *filter, json_t *spec, bool *ret_decided, struct policy_filter_fault *fault)
{
        const json_t *n = policy_field(filter, "includedNamespaceScopedResources");
        const json_t *xn = policy_field(filter, "excludedNamespaceScopedResources");
        const json_t *c = policy_field(filter, "includedClusterScopedResources");
        const json_t *xc = policy_field(filter, "excludedClusterScopedResources");
        bool all_n = policy_list_is_all(n), no_n = is_star(xn);
        bool all_c = is_star(c), no_c = is_star(xc), some_c = c && !all_c;
        int r = 0;

        if (no_n && !some_c)
                return fault_at(fault, "excludedNamespaceScopedResources",
                        all_c ? "Velero cannot restore all cluster-scoped kinds alone"
                              : "it leaves nothing to restore");
        if (some_c && all_n && !no_n)
                return fault_at(fault, "includedClusterScopedResources",
                        "Velero cannot restore some cluster-scoped kinds with all namespaced ones");
        if (all_c && !all_n)
                return fault_at(fault, "includedClusterScopedResources",
                        "Velero cannot restore all cluster-scoped kinds with some namespaced ones");

        if (!all_n)
                r = add_list(spec, "includedResources", n);
        if (r == 0 && some_c)
                r = add_list(spec, "includedResources", c);
        if (r == 0 && !no_n)
                r = add_list(spec, "excludedResources", xn);
        if (r == 0 && !no_c)
                r = add_list(spec, "excludedResources", xc);
        if (r == 0 && !all_n && !c && !no_c)
                r = add_texts(spec, "includedResources", related_kinds, ARRAY_SIZE(related_kinds));
        if (r == 0 && (c || no_c))
                r = policy_set_field(spec, "includeClusterResources", json_boolean(!no_c));
        *ret_decided = c || no_c || !all_n;
        return r;
}

int policy_restore_kinds(
        const json_t *filter, json_t *spec, bool *ret_decided, struct policy_filter_fault *fault)
{
        static const char *const keys[] = { "includedResources", "excludedResources",
                "includeClusterResources" };

        if (!filter_is_old(filter))
                return scoped_kinds(filter, spec, ret_decided, fault);
        *ret_decided = policy_field(filter, "includeClusterResources");
        return copy_fields(spec, filter, keys, ARRAY_SIZE(keys));
}

/* Kinds whose status is kept; without any named, all. */
static int restore_status(const json_t *policy, json_t *spec)
{
        static const char *const spellings[] = { "restoreStatus", "preserveStatus",
                "migrateStatus" };
        static const char *const keys[] = { "includedResources", "excludedResources" };

        for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
                const json_t *from = json_object_get(policy, spellings[i]);
                json_t *to;

                if (!json_is_object(from))
                        continue;
                to = json_object();
                if (copy_fields(to, from, keys, ARRAY_SIZE(keys)) < 0 ||
                        (!json_object_get(to, "includedResources") &&
                                policy_set_field(to, "includedResources", json_pack("[s]", "*")) <
                                        0)) {
                        json_decref(to);
                        return -ENOMEM;
                }
                return policy_set_field(spec, "restoreStatus", to);
        }
        return 0;
}

static int kurator_restore_spec(const struct policy *policy, const json_t *own,
        const struct policy_cluster *cluster, json_t *spec, struct err *err)
{
        static const char *const filter_keys[] = { "includedNamespaces", "excludedNamespaces",
                "labelSelector", "orLabelSelectors" };
        static const char *const policy_keys[] = { "namespaceMapping", "preserveNodePorts",
                "itemOperationTimeout" };
        /* A migration's filter has been applied to its backup, all of which is restored. */
        const json_t *filter =
                policy->kind == POLICY_MIGRATION ? NULL : policy_field(own, "resourceFilter");
        const json_t *namespaces = policy_field(filter, "includedNamespaces");
        struct policy_filter_fault fault = { "resourceFilter", "" };
        bool decided = false;
        int r;

        if (list_has(namespaces, cluster->velero_namespace)) {
                (void)err_set(err, -EINVAL, "\"%s\" is Velero's own namespace and is not restored",
                        cluster->velero_namespace);
                (void)err_id(err, "FLT-0225");
                return err_remedy(err, "remove it from includedNamespaces");
        }
        r = copy_fields(spec, filter, filter_keys, ARRAY_SIZE(filter_keys));
        if (r == 0)
                r = policy_restore_kinds(filter, spec, &decided, &fault);
        if (r == -EINVAL)
                return err_set(err, r, "%s: %s", fault.key, fault.why);
        if (r == 0 && !decided && policy_list_is_all(namespaces))
                r = policy_set_field(spec, "includeClusterResources", json_true());
        if (r == 0)
                r = add_text(spec, "excludedNamespaces", cluster->velero_namespace);
        if (r == 0)
                r = add_texts(spec, "excludedResources", velero_kinds, ARRAY_SIZE(velero_kinds));
        if (r == 0)
                r = copy_fields(spec, own, policy_keys, ARRAY_SIZE(policy_keys));
        if (r == 0)
                r = restore_status(own, spec);
        return r < 0 ? policy_oom(err) : 0;
}

int policy_restore_spec(const struct policy *policy, size_t sub, const char *backup_name,
        const struct policy_cluster *cluster, json_t **ret, struct err *err)
{
        const json_t *own = policy->subs[sub].spec;
        json_t *spec = policy->style == POLICY_VELERO ? velero_spec(own) : json_object();
        int r = spec ? 0 : policy_oom(err);

        if (r == 0 && policy->style != POLICY_VELERO)
                r = kurator_restore_spec(policy, own, cluster, spec, err);
        if (r == 0 && backup_name) {
                /* Exactly one of the two: a backup that was chosen by schedule is named instead. */
                (void)json_object_del(spec, "scheduleName");
                if (policy_set_field(spec, "backupName", json_string(backup_name)) < 0)
                        r = policy_oom(err);
        }
        if (r < 0) {
                json_decref(spec);
                return r;
        }
        *ret = spec;
        return 0;
}
