/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/timefmt.h"
#include "ops/policy_private.h"

/* A policy looked at: what it means, to compare it, and its document in Kurator's words. */

/* --- meaning --- */

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A set of texts, so that their order does not count. */
static json_t *sorted(const char *const *texts, size_t n)
{
        _cleanup_(freep) const char **copy = calloc(n + 1, sizeof(*copy));
        json_t *list = json_array();

        if (!copy || !list) {
                json_decref(list);
                return NULL;
        }
        for (size_t i = 0; i < n; i++)
                copy[i] = texts[i];
        qsort(copy, n, sizeof(*copy), compare_texts);
        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(list, json_string(copy[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static int set_destination(json_t *to, const char *key, const struct policy_destination *d)
{
        json_t *requirements = json_object();
        int r = requirements ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < d->n_requirements; i++) {
                const struct policy_requirement *q = &d->requirements[i];
                /* Compared as a set: the text of a requirement is its own key. */
                json_t *one = json_pack("{s:s, s:i, s:o}", "k", q->key, "o", q->op, "v",
                        sorted(q->values, q->n_values));
                _cleanup_(freep) char *text =
                        one ? json_dumps(one, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

                json_decref(one);
                r = text ? policy_set_field(requirements, text, json_true()) : -ENOMEM;
        }
        if (r < 0) {
                json_decref(requirements);
                return r;
        }
        return policy_set_field(to, key,
                json_pack("{s:o, s:o, s:s}", "clusters", sorted(d->clusters, d->n_clusters),
                        "requirements", requirements, "except", d->except));
}

/* Drops nulls and empty lists, and writes durations in one way: 720h is 720h0m0s. */
static int normalize(json_t *value)
{
        static const char *const durations[] = { "ttl", "csiSnapshotTimeout",
                "itemOperationTimeout", "timeout", "execTimeout", "waitTimeout" };
        const char *key;
        json_t *item;
        void *next;
        size_t index;
        int r = 0;

        json_object_foreach_safe(value, next, key, item)
        {
                const char *text = json_string_value(item);
                char shown[DURATION_SIZE];
                int64_t ns;

                if (json_is_null(item) || (json_is_array(item) && json_array_size(item) == 0)) {
                        (void)json_object_del(value, key);
                        continue;
                }
                for (size_t i = 0; text && i < ARRAY_SIZE(durations); i++)
                        if (strcmp(key, durations[i]) == 0 &&
                                duration_parse(text, &ns, NULL) == 0) {
                                if (json_string_set(item, duration_format(shown, ns)) < 0)
                                        r = -ENOMEM;
                                break;
                        }
                if (r == 0)
                        r = normalize(item);
                if (r < 0)
                        return r;
        }
        json_array_foreach (value, index, item)
                if ((r = normalize(item)) < 0)
                        return r;
        return 0;
}

/* The spec a part makes on a cluster with, and on one without, a node-agent. */
static int set_specs(const struct policy *policy, size_t sub, json_t *to)
{
        for (int agent = 0; agent < 2; agent++) {
                const struct policy_cluster cluster = {
                        .velero_namespace = "velero",
                        .has_node_agent = agent,
                };
                json_t *spec = NULL, *restore = NULL;
                int r = 0;

                if (policy->kind != POLICY_RESTORE)
                        r = *policy->schedule
                                    ? policy_schedule_spec(policy, sub, &cluster, NULL, &spec, NULL)
                                    : policy_backup_spec(policy, sub, &cluster, &spec, NULL);
                /* A filter that names this namespace is compared as it stands in the document. */
                if (r == 0 && policy->kind != POLICY_BACKUP)
                        r = policy_restore_spec(policy, sub, "", &cluster, &restore, NULL);
                if (r == -EINVAL) {
                        restore = json_deep_copy(policy->subs[sub].spec);
                        r = restore ? 0 : -ENOMEM;
                }
                if (r == 0 && spec)
                        r = normalize(spec);
                if (r == 0 && restore)
                        r = normalize(restore);
                if (r == 0)
                        r = policy_set_field(to, agent ? "with" : "without",
                                json_pack("[o*, o*]", spec, restore));
                else {
                        json_decref(spec);
                        json_decref(restore);
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static int meaning(const struct policy *p, json_t **ret)
{
        const struct policy_storage none = { "", "", "", "", "", "", "", 0, 0 };
        const struct policy_storage *s = p->storage ? p->storage : &none;
        json_t *subs = json_object();
        json_t *m = json_pack("{s:i, s:b, s:b, s:b, s:s, s:[sss], s:[sssssss], s:b, s:O*, s:o}",
                "kind", p->kind, "paused", p->paused, "partial", p->allow_partially_failed, "copy",
                p->copy_credentials, "source", p->source, "backup", p->backup.name, p->backup.run,
                p->backup.schedule, "storage", s->provider, s->bucket, s->prefix, s->s3_url,
                s->region, s->config, s->secret, "named", p->named_subs, "metadata", p->metadata, "subs",
                subs);
        int r = m ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < p->n_subs; i++) {
                json_t *sub = json_object();

                r = set_destination(sub, "destination", &p->subs[i].destination);
                if (r == 0)
                        r = set_specs(p, i, sub);
                if (r == 0)
                        r = policy_set_field(subs, p->subs[i].id, sub);
                else
                        json_decref(sub);
        }
        if (r < 0) {
                json_decref(m);
                return r;
        }
        *ret = m;
        return 0;
}

bool policy_same_meaning(const struct policy *a, const struct policy *b)
{
        json_t *first = NULL, *second = NULL;
        bool same =
                meaning(a, &first) == 0 && meaning(b, &second) == 0 && json_equal(first, second);

        json_decref(first);
        json_decref(second);
        return same;
}

/* --- in Kurator's words --- */

static const char *const filter_keys[] = { "includedNamespaces", "excludedNamespaces",
        "includedResources", "excludedResources", "includeClusterResources",
        "includedClusterScopedResources", "excludedClusterScopedResources",
        "includedNamespaceScopedResources", "excludedNamespaceScopedResources", "labelSelector",
        "orLabelSelectors" };
static const char *const policy_keys[] = { "ttl", "orderedResources", "itemOperationTimeout",
        "namespaceMapping", "restoreStatus", "preserveNodePorts" };

/* A Velero spec as Kurator's spec.policy, as far as that has a place for it. */
static int from_velero(const struct policy *p, json_t *spec)
{
        const json_t *from = p->subs[0].spec;
        json_t *filter = json_object();
        json_t *policy = json_object();
        int r = filter && policy ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(filter_keys); i++)
                r = policy_copy_field(filter, from, filter_keys[i]);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(policy_keys); i++)
                r = policy_copy_field(policy, from, policy_keys[i]);
        if (r == 0 && json_object_size(filter) > 0)
                r = json_object_set(policy, "resourceFilter", filter) < 0 ? -ENOMEM : 0;
        if (r == 0 && json_object_size(policy) > 0)
                r = json_object_set(spec, "policy", policy) < 0 ? -ENOMEM : 0;
        if (r == 0 && *p->schedule)
                r = policy_set_field(spec, "schedule", json_string(p->schedule));
        if (r == 0 && *p->backup.name)
                r = policy_set_field(spec, "backupName", json_string(p->backup.name));
        json_decref(filter);
        json_decref(policy);
        return r;
}

/* Clusters that links or the document name, as object references. */
static json_t *cluster_references(const char *const *names, size_t n)
{
        json_t *list = json_array();

        for (size_t i = 0; list && i < n; i++)
                if (json_array_append_new(list, json_pack("{s:s, s:s}", "kind", "AttachedCluster",
                                                        "name", names[i])) < 0) {
                        json_decref(list);
                        return NULL;
                }
        return list;
}

static int set_links(const struct policy *p, json_t *spec)
{
        if (p->kind != POLICY_MIGRATION || !*p->source || json_object_get(spec, "sourceCluster"))
                return 0;
        if (policy_set_field(spec, "sourceCluster",
                    json_pack("{s:o}", "clusters", cluster_references(&p->source, 1))) < 0)
                return -ENOMEM;
        return policy_set_field(spec, "targetCluster",
                json_pack("{s:o}", "clusters",
                        cluster_references(p->destination.clusters, p->destination.n_clusters)));
}

int policy_kurator_json(const struct policy *policy, json_t **ret)
{
        static const char *const kinds[] = {
                [POLICY_BACKUP] = "Backup",
                [POLICY_RESTORE] = "Restore",
                [POLICY_MIGRATION] = "Migrate",
        };
        json_t *spec =
                policy->style == POLICY_VELERO ? json_object() : json_deep_copy(policy->spec);
        json_t *metadata = policy->metadata ? json_deep_copy(policy->metadata) : json_object();
        json_t *document = NULL;
        int r = spec && metadata ? policy_set_field(metadata, "name", json_string(policy->name))
                                 : -ENOMEM;

        if (r == 0 && policy->style == POLICY_VELERO)
                r = from_velero(policy, spec);
        /* A restore by its name alone says in the document what it restores. */
        if (r == 0 && policy->empty && *policy->backup.name)
                r = policy_set_field(spec, "backupName", json_string(policy->backup.name));
        if (r == 0)
                r = set_links(policy, spec);
        if (r == 0) {
                document = json_pack("{s:s, s:s, s:O, s:O}", "apiVersion",
                        "backup.kurator.dev/v1alpha1", "kind", kinds[policy->kind], "metadata",
                        metadata, "spec", spec);
                r = document ? 0 : -ENOMEM;
        }
        json_decref(spec);
        json_decref(metadata);
        if (r == 0)
                *ret = document;
        return r;
}
