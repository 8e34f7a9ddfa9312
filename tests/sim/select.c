/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Velero's item collector and the built-in actions that pull in related objects: volumes of
 * claims, claims of pods, accounts of pods, roles bound to accounts, definitions of custom
 * objects, namespaces of what is in them.
 */
#include "tests/sim/select.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/filter.h"
#include "tests/sim/jscan.h"
#include "tests/sim/names.h"
#include "tests/sim/selector.h"

/* A doc that was collected already. */
struct seen {
        const struct doc *doc;
        UT_hash_handle hh;
};

struct selection {
        struct cluster *c;
        const json_t *spec;
        bool old_filters;
        struct selector *labels; /* any of them */
        size_t n_labels;
        struct items *items;
        struct seen *seen;
        struct names namespaces; /* of the objects that were collected */
};

static const json_t *spec_list(const struct selection *s, const char *field)
{
        return json_object_get(s->spec, field);
}

static bool includes_everything(const struct selection *s)
{
        return filter_everything(
                spec_list(s, "includedNamespaces"), spec_list(s, "excludedNamespaces"));
}

static bool includes_namespace(const struct selection *s, const char *ns)
{
        return filter_includes(
                spec_list(s, "includedNamespaces"), spec_list(s, "excludedNamespaces"), ns);
}

/* GlobalIncludesExcludes.ShouldInclude() of Velero. */
static bool old_filters_include(const struct selection *s, const struct restype *t)
{
        const json_t *cluster_scoped = spec_list(s, "includeClusterResources");

        if (!t->namespaced && json_is_false(cluster_scoped))
                return false;
        if (t->id != RT_NAMESPACES && !t->namespaced && !json_is_boolean(cluster_scoped) &&
                !includes_everything(s))
                return false;
        return filter_includes_type(
                spec_list(s, "includedResources"), spec_list(s, "excludedResources"), t);
}

/* ScopeIncludesExcludes.ShouldInclude(). */
static bool new_filters_include(const struct selection *s, const struct restype *t)
{
        const json_t *in = spec_list(s, "includedClusterScopedResources");
        const json_t *out = spec_list(s, "excludedClusterScopedResources");

        if (t->namespaced)
                return filter_includes_type(spec_list(s, "includedNamespaceScopedResources"),
                        spec_list(s, "excludedNamespaceScopedResources"), t);
        if (filter_has(out, "*") || filter_names_type(out, t))
                return false;
        return filter_has(in, "*") || filter_names_type(in, t) || t->id == RT_NAMESPACES;
}

static bool includes_type(const struct selection *s, const struct restype *t)
{
        return s->old_filters ? old_filters_include(s, t) : new_filters_include(s, t);
}

/* What an action pulls in comes along unless its type is excluded outright. */
static bool excludes_type(const struct selection *s, const struct restype *t)
{
        if (s->old_filters) {
                const json_t *cluster_scoped = spec_list(s, "includeClusterResources");

                if (filter_names_type(spec_list(s, "excludedResources"), t))
                        return true;
                if (t->namespaced)
                        return false;
                return json_is_false(cluster_scoped) ||
                       (!json_is_boolean(cluster_scoped) &&
                               !filter_includes_type(spec_list(s, "includedResources"),
                                       spec_list(s, "excludedResources"), t));
        }
        return filter_names_type(spec_list(s, t->namespaced ? "excludedNamespaceScopedResources"
                                                            : "excludedClusterScopedResources"),
                t);
}

static bool labels_match(const struct selection *s, const struct doc *d)
{
        for (size_t i = 0; i < s->n_labels; i++)
                if (selector_match_labels(&s->labels[i], doc_json(d)))
                        return true;
        return !s->n_labels;
}

static bool opted_out(const struct doc *d)
{
        return jscan_is(
                jscan(doc_json(d), "metadata", "labels", "velero.io/exclude-from-backup", NULL),
                "true");
}

/* Being deleted; Velero leaves such objects alone. */
static bool is_going(const struct doc *d)
{
        return jscan(doc_json(d), "metadata", "deletionTimestamp", NULL).p != NULL;
}

static void pull_in(struct selection *s, unsigned type, const char *ns, const char *name);

/* Names in `list[].path…name` of a serialized object. */
static void pod_relations(struct selection *s, const char *ns, const struct doc *d)
{
        json_t *pod = doc_parse(d);
        json_t *spec = json_object_get(pod, "spec");
        const char *account = json_string_value(json_object_get(spec, "serviceAccountName"));
        json_t *volume;
        size_t i;

        json_array_foreach (json_object_get(spec, "volumes"), i, volume) {
                const char *claim = json_string_value(json_object_get(
                        json_object_get(volume, "persistentVolumeClaim"), "claimName"));

                if (claim)
                        pull_in(s, RT_PVCS, ns, claim);
        }
        if (account)
                pull_in(s, RT_SERVICEACCOUNTS, ns, account);
        json_decref(pod);
}

/* The bindings that name an account, and their roles. */
static void account_relations(struct selection *s, const char *ns, const char *name)
{
        struct table *bindings = cluster_table(s->c, RT_CLUSTERROLEBINDINGS);

        for (size_t i = 0; i < bindings->n; i++) {
                json_t *binding = doc_parse(bindings->v[i]);
                const char *role = json_string_value(
                        json_object_get(json_object_get(binding, "roleRef"), "name"));
                bool bound = false;
                json_t *subject;
                size_t j;

                json_array_foreach (json_object_get(binding, "subjects"), j, subject) {
                        const char *k = json_string_value(json_object_get(subject, "kind"));
                        const char *n = json_string_value(json_object_get(subject, "name"));
                        const char *in = json_string_value(json_object_get(subject, "namespace"));

                        bound |= k && n && in && strcmp(k, "ServiceAccount") == 0 &&
                                 strcmp(n, name) == 0 && strcmp(in, ns) == 0;
                }
                if (bound) {
                        pull_in(s, RT_CLUSTERROLEBINDINGS, "", doc_name(bindings->v[i]));
                        if (role)
                                pull_in(s, RT_CLUSTERROLES, "", role);
                }
                json_decref(binding);
        }
}

static void related(struct selection *s, const struct restype *t, const struct doc *d)
{
        _cleanup_(freep) char *ns = doc_namespace(d);
        struct jspan volume;

        if (t->id == RT_PODS) {
                pod_relations(s, ns, d);
        } else if (t->id == RT_PVCS) {
                volume = jscan_unquote(jscan(doc_json(d), "spec", "volumeName", NULL));
                if (volume.p) {
                        _cleanup_(freep) char *name = mem_strndup(volume.p, volume.n);

                        pull_in(s, RT_PVS, "", name);
                }
        } else if (t->id == RT_SERVICEACCOUNTS) {
                account_relations(s, ns, doc_name(d));
        }
        if (!t->builtin)
                pull_in(s, RT_CRDS, "", t->crd_name);
}

static void collect(struct selection *s, const struct restype *t, struct doc *d)
{
        struct seen *seen;

        HASH_FIND_PTR(s->seen, &d, seen);
        if (seen || opted_out(d) || is_going(d))
                return;
        seen = mem_zalloc(sizeof *seen);
        seen->doc = d;
        HASH_ADD_PTR(s->seen, doc, seen);
        items_add(s->items, t, d);
        if (d->ns_len) {
                _cleanup_(freep) char *ns = doc_namespace(d);

                names_add(&s->namespaces, ns);
        }
        related(s, t, d);
}

static void pull_in(struct selection *s, unsigned type, const char *ns, const char *name)
{
        struct doc *d = table_find(cluster_table(s->c, type), ns, name);

        if (d && !excludes_type(s, restype(type)) && (!*ns || includes_namespace(s, ns)))
                collect(s, restype(type), d);
}

static void collect_type(struct selection *s, const struct restype *t)
{
        struct table *table;

        if (t->id == RT_NAMESPACES || t->id >= s->c->n_tables || !s->c->tables[t->id] ||
                !cluster_serves(s->c, t) || !includes_type(s, t))
                return;
        table = s->c->tables[t->id];
        for (size_t i = 0; i < table->n; i++) {
                struct doc *d = table->v[i];
                _cleanup_(freep) char *ns = doc_namespace(d);

                if ((!*ns || includes_namespace(s, ns)) && labels_match(s, d))
                        collect(s, t, d);
        }
}

/* Whether the namespace itself goes along (nsTracker of Velero): named, or without any selector; by its labels, which are
   asked before the namespace's own filter is (measured); or because something in it does. */
static bool goes_along(const struct selection *s, const struct doc *ns)
{
        if (s->n_labels && labels_match(s, ns))
                return true;
        if (!includes_namespace(s, doc_name(ns)))
                return false;
        return !s->n_labels || !includes_everything(s) || names_has(&s->namespaces, doc_name(ns));
}

static void collect_namespaces(struct selection *s)
{
        struct table *table = cluster_table(s->c, RT_NAMESPACES);

        if (!includes_type(s, restype(RT_NAMESPACES)))
                return;
        for (size_t i = 0; i < table->n; i++)
                if (goes_along(s, table->v[i]))
                        collect(s, restype(RT_NAMESPACES), table->v[i]);
}

static void add_labels(struct selection *s, const json_t *label_selector)
{
        struct str why = { 0 };

        s->labels = mem_realloc(s->labels, (s->n_labels + 1) * sizeof *s->labels);
        s->labels[s->n_labels] = (struct selector){ 0 };
        selector_from_json(&s->labels[s->n_labels++], label_selector, &why);
        str_done(&why);
}

struct items *select_items(struct cluster *c, const json_t *spec)
{
        static const unsigned first[] = { RT_PODS, RT_PVCS, RT_PVS };
        struct selection s = { .c = c, .spec = spec, .items = items_new() };
        struct seen *seen, *tmp;
        json_t *v;
        size_t i;

        s.old_filters = json_is_boolean(spec_list(&s, "includeClusterResources")) ||
                        json_array_size(spec_list(&s, "includedResources")) ||
                        json_array_size(spec_list(&s, "excludedResources"));
        if (json_is_object(spec_list(&s, "labelSelector")))
                add_labels(&s, spec_list(&s, "labelSelector"));
        json_array_foreach ((json_t *)spec_list(&s, "orLabelSelectors"), i, v)
                add_labels(&s, v);
        for (i = 0; i < ARRAY_SIZE(first); i++)
                collect_type(&s, restype(first[i]));
        for (i = 0; i < restype_count(); i++)
                collect_type(&s, restype((unsigned)i));
        collect_namespaces(&s);
        for (i = 0; i < s.n_labels; i++)
                selector_done(&s.labels[i]);
        free(s.labels);
        names_done(&s.namespaces);
        HASH_ITER (hh, s.seen, seen, tmp) {
                HASH_DEL(s.seen, seen);
                free(seen);
        }
        return s.items;
}
