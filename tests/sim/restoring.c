/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/restoring.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/filter.h"
#include "tests/sim/jsonpatch.h"
#include "tests/sim/kube.h"
#include "tests/sim/object.h"
#include "tests/sim/selector.h"
#include "tests/sim/velero_impl.h"

/* What Velero restores before the rest, in its order. */
static const char *const priorities[] = {
        "customresourcedefinitions.apiextensions.k8s.io",
        "namespaces",
        "storageclasses.storage.k8s.io",
        "persistentvolumes",
        "persistentvolumeclaims",
        "clusterroles.rbac.authorization.k8s.io",
        "roles.rbac.authorization.k8s.io",
        "serviceaccounts",
        "clusterrolebindings.rbac.authorization.k8s.io",
        "rolebindings.rbac.authorization.k8s.io",
        "secrets",
        "configmaps",
        "limitranges",
        "priorityclasses.scheduling.k8s.io",
        "pods",
        "replicasets.apps",
        "endpoints",
        "services",
};

struct job {
        struct restoring *out;
        struct cluster *c;
        const char *name;
        const json_t *spec;
        const struct items *items;
        struct selector *labels;
        size_t n_labels;
        char *backup_label, *restore_label;
};

void restoring_error(int *errors, json_t *results, const char *sentence)
{
        json_t *e = json_object_get(results, "errors");

        if (!json_is_array(json_object_get(e, "velero")))
                json_object_set_new(e, "velero", json_array());
        json_array_append_new(json_object_get(e, "velero"), json_string(sentence));
        (*errors)++;
}

/* Under "cluster" or "namespaces"/NS of one half of the results. */
static void job_note(json_t *half, const char *ns, char *sentence)
{
        json_t *at = half;
        const char *key = "cluster";

        if (*ns) {
                if (!json_is_object(json_object_get(half, "namespaces")))
                        json_object_set_new(half, "namespaces", json_object());
                at = json_object_get(half, "namespaces");
                key = ns;
        }
        if (!json_is_array(json_object_get(at, key)))
                json_object_set_new(at, key, json_array());
        json_array_append_new(json_object_get(at, key), json_string(sentence));
        free(sentence);
}

static void job_warn(struct job *j, const char *ns, char *sentence)
{
        job_note(json_object_get(j->out->results, "warnings"), ns, sentence);
        j->out->warnings++;
}

static void job_record(struct job *j, const struct restype *t, const char *ns, const char *name,
        const char *action)
{
        _cleanup_(freep) char *key = mem_printf("%s/%s", t->api_version, t->kind);
        _cleanup_(freep) char *entry = mem_printf("%s%s%s(%s)", ns, *ns ? "/" : "", name, action);

        if (!json_object_get(j->out->resources, key))
                json_object_set_new(j->out->resources, key, json_array());
        json_array_append_new(json_object_get(j->out->resources, key), json_string(entry));
}

static const char *job_target(const struct job *j, const char *ns)
{
        const char *mapped = json_string_value(
                json_object_get(json_object_get(j->spec, "namespaceMapping"), ns));

        return mapped ? mapped : ns;
}

/* ---- what is asked for ---- */

static bool wants_cluster_scoped(const struct job *j)
{
        const json_t *flag = json_object_get(j->spec, "includeClusterResources");

        if (json_is_boolean(flag))
                return json_is_true(flag);
        return filter_everything(json_object_get(j->spec, "includedNamespaces"),
                json_object_get(j->spec, "excludedNamespaces"));
}

static bool wants_labels(const struct job *j, const struct doc *d)
{
        for (size_t i = 0; i < j->n_labels; i++)
                if (selector_match_labels(&j->labels[i], doc_json(d)))
                        return true;
        return !j->n_labels;
}

static bool finished_workload(const struct restype *t, const struct doc *d)
{
        struct jspan phase = jscan(doc_json(d), "status", "phase", NULL);

        if (t->id == RT_PODS)
                return jscan_is(phase, "Succeeded") || jscan_is(phase, "Failed");
        return strcmp(t->plural, "jobs") == 0 &&
               jscan(doc_json(d), "status", "completionTime", NULL).p;
}

static bool job_wants(const struct job *j, const struct item *item)
{
        const struct restype *t = item->type;
        _cleanup_(freep) char *ns = doc_namespace(item->doc);
        const json_t *in = json_object_get(j->spec, "includedResources"),
                     *out = json_object_get(j->spec, "excludedResources");
        bool related = t->id == RT_PVS || t->id == RT_CRDS;

        if (!filter_includes_type(related ? NULL : in, out, t) || !wants_labels(j, item->doc) ||
                finished_workload(t, item->doc))
                return false;
        if (t->id == RT_NAMESPACES)
                return filter_includes_type(in, out, t) &&
                       filter_includes(json_object_get(j->spec, "includedNamespaces"),
                               json_object_get(j->spec, "excludedNamespaces"), doc_name(item->doc));
        if (!*ns)
                return wants_cluster_scoped(j) && filter_includes_type(in, out, t);
        return filter_includes(json_object_get(j->spec, "includedNamespaces"),
                json_object_get(j->spec, "excludedNamespaces"), ns);
}

/* ---- objects ---- */

/* resetMetadata() and the built-in actions: what does not travel is dropped. */
static void object_strip(const struct job *j, const struct restype *t, json_t *obj)
{
        static const char *const kept[] = { "name", "namespace", "labels", "annotations" };
        json_t *meta = json_object(), *spec = json_object_get(obj, "spec"),
               *status = json_object_get(j->spec, "restoreStatus"), *port;
        size_t i;

        for (i = 0; i < ARRAY_SIZE(kept); i++)
                if (json_object_get(object_meta(obj), kept[i]))
                        json_object_set(meta, kept[i], json_object_get(object_meta(obj), kept[i]));
        json_object_set_new(obj, "metadata", meta);
        if (!status || !filter_includes_type(json_object_get(status, "includedResources"),
                               json_object_get(status, "excludedResources"), t))
                json_object_del(obj, "status");
        if (strcmp(t->plural, "services") == 0) {
                const char *ip = json_string_value(json_object_get(spec, "clusterIP"));

                if (!ip || strcmp(ip, "None") != 0) {
                        json_object_del(spec, "clusterIP");
                        json_object_del(spec, "clusterIPs");
                }
                if (!json_is_true(json_object_get(j->spec, "preserveNodePorts")))
                        json_array_foreach (json_object_get(spec, "ports"), i, port)
                                json_object_del(port, "nodePort");
        }
        if (t->id == RT_PVCS)
                json_object_del(spec, "volumeName");
        if (t->id == RT_PODS)
                json_object_del(spec, "nodeName");
}

/* Subjects of bindings follow the namespace mapping. */
static void object_map_subjects(const struct job *j, json_t *obj)
{
        json_t *subject;
        size_t i;

        json_array_foreach (json_object_get(obj, "subjects"), i, subject) {
                const char *ns = json_string_value(json_object_get(subject, "namespace"));

                if (ns)
                        json_object_set_new(subject, "namespace", json_string(job_target(j, ns)));
        }
}

static void object_mark(const struct job *j, json_t *obj)
{
        object_set_label(obj, "velero.io/backup-name", j->backup_label);
        object_set_label(obj, "velero.io/restore-name", j->restore_label);
}

/* Makes the target namespace, from the one in the backup where there is one. */
static void job_namespace(struct job *j, const char *source)
{
        struct table *t = cluster_table(j->c, RT_NAMESPACES);
        const char *target = job_target(j, source);
        json_t *obj = NULL;

        if (!*source || table_find(t, "", target))
                return;
        for (size_t i = 0; i < j->items->n && !obj; i++)
                if (j->items->v[i].type->id == RT_NAMESPACES &&
                        strcmp(doc_name(j->items->v[i].doc), source) == 0)
                        obj = doc_parse(j->items->v[i].doc);
        if (obj)
                object_strip(j, t->type, obj);
        else
                obj = json_pack("{s:{}}", "metadata");
        json_object_set_new(obj, "spec", json_pack("{s:[s]}", "finalizers", "kubernetes"));
        json_object_set_new(obj, "status", json_pack("{s:s}", "phase", "Active"));
        object_set_label(obj, "kubernetes.io/metadata.name", target);
        object_create(t, "", target, obj, VELERO_MANAGER);
        json_decref(obj);
        kube_furnish(j->c->kube, target);
        job_record(j, t->type, "", target, "created");
}

/*
 * True where the live object is what the backup holds, as far as Velero compares. The CA that each
 * namespace gets never is: every restore into a new namespace warns about it (measured).
 */
static bool same_object(
        const struct job *j, const struct restype *t, const json_t *live, const json_t *obj)
{
        json_t *a = json_deep_copy(live), *b = json_deep_copy(obj);
        json_t *both[] = { a, b };
        bool same = true;

        if (t->id == RT_CONFIGMAPS &&
                strcmp(json_string_value(json_object_get(object_meta(live), "name")),
                        "kube-root-ca.crt") == 0)
                json_object_set_new(b, "data", json_null());
        for (size_t i = 0; i < ARRAY_SIZE(both); i++) {
                json_t *labels;

                object_strip(j, t, both[i]);
                json_object_del(both[i], "status");
                json_object_del(both[i], "apiVersion");
                json_object_del(both[i], "kind");
                labels = json_object_get(object_meta(both[i]), "labels");
                json_object_del(labels, "velero.io/backup-name");
                json_object_del(labels, "velero.io/restore-name");
                if (labels && !json_object_size(labels))
                        json_object_del(object_meta(both[i]), "labels");
        }
        same = json_equal(a, b);
        json_decref(a);
        json_decref(b);
        return same;
}

/* An object of that name is there already. */
static void job_existing(
        struct job *j, struct table *t, const char *ns, struct doc *there, json_t *obj)
{
        const char *policy = json_string_value(json_object_get(j->spec, "existingResourcePolicy"));
        json_t *live = doc_parse(there);
        const char *action = "failed";

        if (same_object(j, t->type, live, obj)) {
                action = "skipped";
        } else if (t->type->id == RT_SERVICEACCOUNTS || (policy && strcmp(policy, "update") == 0)) {
                json_t *merged = json_deep_copy(live);

                object_mark(j, obj);
                json_object_del(obj, "status");
                merge_patch(&merged, obj);
                object_update(t, there, live, merged, VELERO_MANAGER);
                json_decref(merged);
                action = "updated";
        } else if (policy && *policy) {
                job_warn(j, ns,
                        mem_printf("could not restore, %s \"%s\" already exists. Warning: the "
                                   "in-cluster version is different than the backed-up version",
                                t->type->kind, doc_name(there)));
        } else {
                job_warn(j, ns,
                        mem_printf("could not restore, %s:%s already exists. Warning: the "
                                   "in-cluster version is different than the backed-up version",
                                t->type->kind, doc_name(there)));
        }
        job_record(j, t->type, ns, doc_name(there), action);
        json_decref(live);
}

static void job_restore(struct job *j, const struct item *item)
{
        struct table *t = cluster_table(j->c, item->type->id);
        _cleanup_(freep) char *source = doc_namespace(item->doc);
        const char *ns = job_target(j, source);
        const char *name = item->type->id == RT_NAMESPACES ? job_target(j, doc_name(item->doc))
                                                           : doc_name(item->doc);
        struct doc *there;
        json_t *obj;

        j->out->total++;
        if (item->type->id == RT_NAMESPACES) {
                if (table_find(t, "", name))
                        job_record(j, item->type, "", name, "skipped");
                else
                        job_namespace(j, doc_name(item->doc));
                return;
        }
        if (!cluster_serves(j->c, item->type)) {
                job_warn(j, ns,
                        mem_printf("cannot restore %s because \"%s\" is not served by the cluster",
                                name, item->type->crd_name));
                return;
        }
        job_namespace(j, source);
        obj = doc_parse(item->doc);
        object_strip(j, item->type, obj);
        object_map_subjects(j, obj);
        if (*ns)
                json_object_set_new(object_meta(obj), "namespace", json_string(ns));
        there = table_find(t, ns, name);
        if (there) {
                job_existing(j, t, ns, there, obj);
        } else {
                object_mark(j, obj);
                object_create(t, ns, name, obj, VELERO_MANAGER);
                job_record(j, item->type, ns, name, "created");
        }
        json_decref(obj);
}

static void job_labels(struct job *j, const json_t *label_selector)
{
        struct str why = { 0 };

        j->labels = mem_realloc(j->labels, (j->n_labels + 1) * sizeof *j->labels);
        j->labels[j->n_labels] = (struct selector){ 0 };
        selector_from_json(&j->labels[j->n_labels++], label_selector, &why);
        str_done(&why);
}

static size_t priority_of(const struct restype *t)
{
        size_t i = 0;

        while (i < ARRAY_SIZE(priorities) && strcmp(priorities[i], t->crd_name) != 0)
                i++;
        return i;
}

void restoring_run(struct restoring *out, struct cluster *c, const char *velero_ns,
        const char *name, const json_t *spec, const struct items *items)
{
        struct job j = { .out = out, .c = c, .name = name, .spec = spec, .items = items };
        json_t *v;
        size_t i;

        *out = (struct restoring){ .results = json_pack("{s:{}, s:{}}", "warnings", "errors"),
                .resources = json_object() };
        j.backup_label = velero_label_value(json_string_value(json_object_get(spec, "backupName")));
        j.restore_label = velero_label_value(name);
        if (json_is_object(json_object_get(spec, "labelSelector")))
                job_labels(&j, json_object_get(spec, "labelSelector"));
        json_array_foreach (json_object_get(spec, "orLabelSelectors"), i, v)
                job_labels(&j, v);
        for (size_t priority = 0; priority <= ARRAY_SIZE(priorities); priority++)
                for (i = 0; i < items->n; i++)
                        if (priority_of(items->v[i].type) == priority &&
                                job_wants(&j, &items->v[i]))
                                job_restore(&j, &items->v[i]);
        for (i = 0; i < j.n_labels; i++)
                selector_done(&j.labels[i]);
        free(j.labels);
        free(j.backup_label);
        free(j.restore_label);
}
