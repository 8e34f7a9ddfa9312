/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/kube.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/loop.h"
#include "tests/sim/names.h"
#include "tests/sim/object.h"
#include "tests/sim/sim.h"
#include "tests/sim/watch.h"

#define MANAGER "kube-controller-manager"
/* From an event to what the controllers make of it. */
#define DELAY_US 20000ULL
#define STUCK_US 500000ULL

struct kube {
        struct cluster *c;
        struct timer timer;
        struct names namespaces; /* made or being deleted */
        struct names crds;
        struct names deployments; /* keys */
        struct names gone_crds;   /* their objects go too */
        struct names gone_owners; /* UIDs of schedules; what they own goes too */
};

/* Work is due in @us at the latest. */
static void kube_due(struct kube *k, uint64_t us)
{
        if (!timer_armed(&k->timer) || k->timer.at_us > loop_now_us() + us)
                timer_arm(&k->timer, us);
}

/* ---- namespaces ---- */

void kube_furnish(struct kube *k, const char *ns)
{
        struct table *accounts = cluster_table(k->c, RT_SERVICEACCOUNTS),
                     *maps = cluster_table(k->c, RT_CONFIGMAPS);
        json_t *obj;

        if (!table_find(accounts, ns, "default")) {
                obj = json_pack("{s:{}}", "metadata");
                object_create(accounts, ns, "default", obj, MANAGER);
                json_decref(obj);
        }
        if (!table_find(maps, ns, "kube-root-ca.crt")) {
                obj = json_pack("{s:{s:{s:s}}, s:{s:s}}", "metadata", "annotations",
                        "kubernetes.io/description",
                        "Contains a CA bundle that can be used to verify the kube-apiserver "
                        "when using internal endpoints such as the "
                        "internal service IP or kubernetes.default.svc. No other usage is "
                        "guaranteed across distributions of Kubernetes "
                        "clusters.",
                        "data", "ca.crt", k->c->sim->pki.ca_pem);
                object_create(maps, ns, "kube-root-ca.crt", obj, MANAGER);
                json_decref(obj);
        }
}

/* Removes what is in it; the namespace itself goes when all is gone. Returns true then. */
static bool namespace_empty(struct kube *k, const char *ns)
{
        size_t len = strlen(ns);
        bool empty = true;

        for (size_t i = 0; i < k->c->n_tables; i++) {
                struct table *t = k->c->tables[i];

                for (size_t j = t && t->type->namespaced ? t->n : 0; j-- > 0;)
                        if (t->v[j]->ns_len == len && memcmp(doc_key(t->v[j]), ns, len) == 0)
                                empty &= object_delete(t, t->v[j]);
        }
        return empty;
}

static void namespace_work(struct kube *k, const char *ns)
{
        struct table *t = cluster_table(k->c, RT_NAMESPACES);
        struct doc *d = table_find(t, "", ns);

        if (!d)
                return;
        if (!jscan(doc_json(d), "metadata", "deletionTimestamp", NULL).p) {
                if (!jscan(doc_json(d), "status", "phase", NULL).p) {
                        json_t *obj = object_edit(d);

                        json_object_set_new(object_status(obj), "phase", json_string("Active"));
                        json_object_set_new(
                                obj, "spec", json_pack("{s:[s]}", "finalizers", "kubernetes"));
                        object_set_label(obj, "kubernetes.io/metadata.name", ns);
                        object_modified(t, "", ns, obj, MANAGER);
                }
                kube_furnish(k, ns);
        } else if (namespace_empty(k, ns)) {
                table_remove(t, d);
        } else {
                /* Something in it waits for a finalizer: look again, but not all the time. */
                names_add(&k->namespaces, ns);
                kube_due(k, STUCK_US);
        }
}

/* ---- custom resource definitions ---- */

static void crd_register(const json_t *crd)
{
        const json_t *spec = json_object_get(crd, "spec"), *names = json_object_get(spec, "names");
        const char *group = json_string_value(json_object_get(spec, "group"));
        const char *plural = json_string_value(json_object_get(names, "plural"));
        const char *singular = json_string_value(json_object_get(names, "singular"));
        const char *kind = json_string_value(json_object_get(names, "kind"));
        const char *scope = json_string_value(json_object_get(spec, "scope"));
        json_t *version;
        size_t i;

        json_array_foreach (json_object_get(spec, "versions"), i, version) {
                const char *name = json_string_value(json_object_get(version, "name"));

                if (group && plural && kind && name &&
                        json_is_true(json_object_get(version, "served")))
                        restype_add(group, name, plural, singular ? singular : plural, kind,
                                scope && strcmp(scope, "Namespaced") == 0,
                                json_object_get(json_object_get(version, "subresources"),
                                        "status") != NULL);
        }
}

static json_t *condition(const char *type, const char *reason, const char *message, const char *now)
{
        return json_pack("{s:s, s:s, s:s, s:s, s:s}", "lastTransitionTime", now, "message", message,
                "reason", reason, "status", "True", "type", type);
}

static void crd_work(struct kube *k, const char *name)
{
        struct table *t = cluster_table(k->c, RT_CRDS);
        struct doc *d = table_find(t, "", name);
        char now[RFC3339_LEN];
        json_t *crd, *status;

        if (!d || jscan(doc_json(d), "status", "conditions", NULL).p)
                return;
        crd = object_edit(d);
        crd_register(crd);
        rfc3339(cluster_now(k->c), now);
        status = object_status(crd);
        json_object_set_new(status, "acceptedNames",
                json_deep_copy(json_object_get(json_object_get(crd, "spec"), "names")));
        json_object_set_new(status, "conditions",
                json_pack("[o, o]",
                        condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
                        condition("Established", "InitialNamesAccepted",
                                "the initial names have been accepted", now)));
        object_modified(t, "", name, crd, "kube-apiserver");
}

/* Without its definition a custom object is not there any more. */
static void crd_purge(struct kube *k, const char *crd_name)
{
        if (table_find(cluster_table(k->c, RT_CRDS), "", crd_name))
                return;
        for (unsigned i = 0; i < k->c->n_tables; i++) {
                struct table *t = k->c->tables[i];

                if (!t || t->type->builtin || strcmp(t->type->crd_name, crd_name) != 0)
                        continue;
                while (t->n)
                        table_remove(t, t->v[t->n - 1]);
                watch_end_all(t);
        }
}

/* ---- owners ---- */

/* Backups are the only objects here that name an owner. */
static void owner_gone(struct kube *k, const char *uid)
{
        struct table *t = cluster_table(k->c, RT_BACKUPS);

        for (size_t i = t->n; i-- > 0;) {
                struct jspan owners = jscan(doc_json(t->v[i]), "metadata", "ownerReferences", NULL);

                if (owners.p && memmem(owners.p, owners.n, uid, strlen(uid)))
                        object_delete(t, t->v[i]);
        }
}

/* ---- deployments ---- */

static void deployment_work(struct kube *k, const char *key)
{
        struct table *t = cluster_table(k->c, RT_DEPLOYMENTS);
        size_t at = table_seek(t, key);
        struct doc *d = at < t->n && strcmp(doc_key(t->v[at]), key) == 0 ? t->v[at] : NULL;
        _cleanup_(freep) char *ns = NULL, *name = NULL;
        char now[RFC3339_LEN];
        json_t *obj;
        json_int_t n, generation;

        if (!d)
                return;
        obj = object_edit(d);
        n = json_object_get(json_object_get(obj, "spec"), "replicas")
                    ? json_integer_value(json_object_get(json_object_get(obj, "spec"), "replicas"))
                    : 1;
        generation = json_integer_value(json_object_get(object_meta(obj), "generation"));
        if (json_integer_value(json_object_get(object_status(obj), "observedGeneration")) ==
                generation) {
                json_decref(obj);
                return;
        }
        ns = doc_namespace(d);
        name = mem_strdup(doc_name(d));
        rfc3339(cluster_now(k->c), now);
        json_object_set_new(obj, "status",
                json_pack("{s:I, s:I, s:I, s:I, s:I, s:[o]}", "observedGeneration", generation,
                        "replicas", n, "updatedReplicas", n, "readyReplicas", n,
                        "availableReplicas", n, "conditions",
                        condition("Available", "MinimumReplicasAvailable",
                                "Deployment has minimum availability.", now)));
        object_modified(t, ns, name, obj, MANAGER);
}

/* Hands each name to its worker; what that adds waits for the next time. */
static void each(struct kube *k, struct names *list, void (*work)(struct kube *k, const char *name))
{
        struct names now = *list;

        *list = (struct names){ 0 };
        for (char *name; (name = names_shift(&now)); free(name))
                work(k, name);
        names_done(&now);
}

static void kube_work(struct timer *t)
{
        struct kube *k = container_of(t, struct kube, timer);

        each(k, &k->crds, crd_work);
        each(k, &k->gone_crds, crd_purge);
        each(k, &k->namespaces, namespace_work);
        each(k, &k->deployments, deployment_work);
        each(k, &k->gone_owners, owner_gone);
}

/* An object went. */
static void kube_removed(struct kube *k, const struct restype *type, const struct doc *prev)
{
        struct jspan uid = jscan_unquote(jscan(doc_json(prev), "metadata", "uid", NULL));
        _cleanup_(freep) char *copy = NULL;

        if (type->id == RT_CRDS) {
                names_add(&k->gone_crds, doc_name(prev));
        } else if (type->id == RT_SCHEDULES && uid.p) {
                copy = mem_strndup(uid.p, uid.n);
                names_add(&k->gone_owners, copy);
        } else {
                return;
        }
        kube_due(k, DELAY_US);
}

void kube_changed(
        struct kube *k, const struct restype *type, const struct doc *prev, const struct doc *next)
{
        if (!next) {
                kube_removed(k, type, prev);
                return;
        }
        if (type->id == RT_NAMESPACES)
                names_add(&k->namespaces, doc_name(next));
        else if (type->id == RT_CRDS)
                names_add(&k->crds, doc_name(next));
        else if (type->id == RT_DEPLOYMENTS)
                names_add(&k->deployments, doc_key(next));
        else
                return;
        kube_due(k, DELAY_US);
}

struct kube *kube_new(struct cluster *c)
{
        struct kube *k = mem_zalloc(sizeof *k);

        k->c = c;
        k->timer.fire = kube_work;
        return k;
}

void kube_free(struct kube *k)
{
        if (!k)
                return;
        timer_stop(&k->timer);
        names_done(&k->namespaces);
        names_done(&k->crds);
        names_done(&k->deployments);
        names_done(&k->gone_crds);
        names_done(&k->gone_owners);
        free(k);
}
