/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/object.h"
#include "tests/sim/seed_rows.h"
#include "tests/sim/select.h"
#include "tests/sim/sim.h"
#include "tests/sim/template.h"

#define VELERO_NS "velero"

/* An object of the first cluster, ready for copying: @0@ is its UID, @1@ its version. */
struct copy {
        const struct restype *type;
        char *ns, *name;
        struct template *template;
};

struct seeds {
        struct copy *copies;
        size_t n_copies;
        struct template *backup; /* see seed_backup_template() */
};

struct seeds *seeds_new(void)
{
        return mem_zalloc(sizeof(struct seeds));
}

void seeds_free(struct seeds *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < s->n_copies; i++) {
                free(s->copies[i].ns);
                free(s->copies[i].name);
                template_free(s->copies[i].template);
        }
        free(s->copies);
        template_free(s->backup);
        free(s);
}

static void seed_object(struct cluster *c, unsigned type, const char *ns, const char *name,
        json_t *obj, const char *manager)
{
        if (!json_object_get(obj, "metadata"))
                json_object_set_new(obj, "metadata", json_object());
        object_create(cluster_table(c, type), ns, name, obj, manager);
        json_decref(obj);
}

static void seed_namespace(struct cluster *c, const char *name)
{
        json_t *obj = json_pack("{s:{s:{s:s}}, s:{s:[s]}, s:{s:s}}", "metadata", "labels",
                "kubernetes.io/metadata.name", name, "spec", "finalizers", "kubernetes", "status",
                "phase", "Active");

        if (strcmp(name, VELERO_NS) == 0)
                object_set_label(obj, "component", "velero");
        seed_object(c, RT_NAMESPACES, "", name, obj, "kube-apiserver");
}

/* What kubernetes would do for it a moment later. */
static void seed_furnish(struct cluster *c, const char *ns)
{
        seed_object(c, RT_SERVICEACCOUNTS, ns, "default", json_object(), "kube-controller-manager");
        seed_object(c, RT_CONFIGMAPS, ns, "kube-root-ca.crt",
                json_pack("{s:{s:s}}", "data", "ca.crt", c->sim->pki.ca_pem),
                "kube-controller-manager");
}

static void seed_crd(struct cluster *c, const struct restype *t)
{
        char now[RFC3339_LEN];

        rfc3339(cluster_now(c), now);
        seed_object(c, RT_CRDS, "", t->crd_name,
                json_pack("{s:{s:{s:s}}, s:{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:[{s:s, s:b, s:b, "
                          "s:{s:{s:s}}}]}, "
                          "s:{s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}], s:[s]}}",
                        "metadata", "labels", "component", "velero", "spec", "group", t->group,
                        "scope", "Namespaced", "names", "kind", t->kind, "listKind", t->kind,
                        "plural", t->plural, "singular", t->singular, "versions", "name",
                        t->version, "served", 1, "storage", 1, "schema", "openAPIV3Schema", "type",
                        "object", "status", "conditions", "lastTransitionTime", now, "type",
                        "NamesAccepted", "status", "True", "lastTransitionTime", now, "type",
                        "Established", "status", "True", "storedVersions", t->version),
                "velero");
}

/* JSON of seed_rows.c with its quotes; free it. */
static char *seed_text(const char *quoted)
{
        char *text = mem_strdup(quoted);

        for (char *p = text; *p; p++)
                if (*p == '\'')
                        *p = '"';
        return text;
}

static void seed_row(struct cluster *c, const struct seed_row *row)
{
        _cleanup_(freep) char *text = seed_text(row->json);
        json_t *obj = json_loads(text, 0, NULL);

        if (!obj)
                die("seed %s/%s does not parse", row->ns, row->name);
        seed_object(c, restype_find_name(row->type)->id, row->ns, row->name, obj,
                "kubectl-client-side-apply");
}

/* Everything but what differs between clusters. */
static void seed_first(struct cluster *c)
{
        static const char *const namespaces[] = { "default", "kube-node-lease", "kube-public",
                VELERO_NS, "shop" };

        for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
                seed_namespace(c, namespaces[i]);
                seed_furnish(c, namespaces[i]);
        }
        for (unsigned t = RT_BACKUPS; t <= RT_DATADOWNLOADS; t++)
                seed_crd(c, restype(t));
        for (size_t i = 0; i < n_seed_rows; i++)
                seed_row(c, &seed_rows[i]);
}

/* The text of @d with holes for its UID and its version, whichever comes first. */
static struct template *template_of(const struct doc *d)
{
        const char *json = doc_json(d);
        struct jspan uid = jscan_unquote(jscan(json, "metadata", "uid", NULL));
        struct jspan rv = jscan_unquote(jscan(json, "metadata", "resourceVersion", NULL));
        struct str text = { 0 };
        struct template *t;

        /* Keys are sorted: the version stands before the UID. */
        str_add(&text, json, (size_t)(rv.p - json));
        str_puts(&text, "@1@");
        str_add(&text, rv.p + rv.n, (size_t)(uid.p - rv.p) - rv.n);
        str_puts(&text, "@0@");
        str_puts(&text, uid.p + uid.n);
        t = template_new(text.s, text.len);
        str_done(&text);
        return t;
}

static void seeds_remember(struct seeds *s, struct cluster *c)
{
        for (size_t i = 0; i < c->n_tables; i++) {
                struct table *t = c->tables[i];

                for (size_t j = 0; t && j < t->n; j++) {
                        s->copies = mem_realloc(s->copies, (s->n_copies + 1) * sizeof *s->copies);
                        s->copies[s->n_copies++] = (struct copy){ t->type, doc_namespace(t->v[j]),
                                mem_strdup(doc_name(t->v[j])), template_of(t->v[j]) };
                }
        }
}

static void seed_copy(struct cluster *c, const struct copy *copy)
{
        struct str text = { 0 };
        char uid[UID_LEN], rv[24];
        const char *values[] = { uid_random(uid), rv };

        snprintf(rv, sizeof rv, "%llu", (unsigned long long)++c->rv);
        template_render(copy->template, values, &text);
        table_put_text(cluster_table(c, copy->type->id), copy->ns, copy->name, c->rv, text.s,
                text.len, true);
        str_done(&text);
}

/* kube-system says which cluster this is: its UID follows from folder and name, so it survives a
 * restart, and the clusters of two simulators differ. */
static void seed_identity(struct cluster *c)
{
        struct table *t = cluster_table(c, RT_NAMESPACES);
        _cleanup_(freep) char *seed = mem_printf(
                "fleetfs-sim/%s/%s/kube-system", c->sim->options.dir, c->name);
        char uid[UID_LEN];
        json_t *obj;

        seed_namespace(c, "kube-system");
        obj = doc_parse(table_find(t, "", "kube-system"));
        json_object_set_new(object_meta(obj), "uid", json_string(uid_of(seed, uid)));
        table_put(t, "", "kube-system", obj);
        json_decref(obj);
        seed_furnish(c, "kube-system");
}

static void seed_location(struct cluster *c)
{
        char now[RFC3339_LEN], url[64];

        rfc3339(cluster_now(c), now);
        snprintf(url, sizeof url, "http://127.0.0.1:%d", c->sim->store.port);
        seed_object(c, RT_LOCATIONS, VELERO_NS, "default",
                json_pack("{s:{s:{s:s}}, s:{s:{s:s, s:s, s:s}, s:b, s:{s:s, s:s}, s:s}, s:{s:s, "
                          "s:s, s:s}}",
                        "metadata", "labels", "component", "velero", "spec", "config", "region",
                        "us-east-1", "s3ForcePathStyle", "true", "s3Url", url, "default", 1,
                        "objectStorage", "bucket", BUCKET_NAME, "prefix", c->name, "provider",
                        "aws", "status", "lastSyncedTime", now, "lastValidationTime", now, "phase",
                        "Available"),
                "velero");
}

void seed_cluster(struct seeds *s, struct cluster *c)
{
        if (!s->n_copies) {
                seed_first(c);
                seeds_remember(s, c);
        } else {
                for (size_t i = 0; i < s->n_copies; i++)
                        seed_copy(c, &s->copies[i]);
        }
        seed_identity(c);
        seed_location(c);
        for (size_t i = 0; i < c->n_tables; i++)
                if (c->tables[i])
                        table_compact(c->tables[i]);
}

/* ---- backups in bulk ---- */

enum {
        HOLE_NAME,
        HOLE_UID,
        HOLE_RV,
        HOLE_TIME,
        HOLE_DONE,
        HOLE_EXPIRES,
        HOLE_ITEMS,
        HOLE_NS,
        N_HOLES
};

static struct template *seed_backup_template(void)
{
        _cleanup_(freep) char *text = seed_text(seed_backup_text);

        return template_new(text, strlen(text));
}

void seed_backups(struct seeds *s, struct cluster *c, const char *prefix, unsigned n, bool silent)
{
        struct table *t = cluster_table(c, RT_BACKUPS);
        struct prefix *store = bucket_prefix(&c->sim->buckets, BUCKET_NAME, c->name);
        json_t *spec = json_pack("{s:[s]}", "includedNamespaces", "shop");
        struct items *items = select_items(c, spec);
        time_t now = cluster_now(c);
        unsigned number = 0;

        json_decref(spec);
        if (!s->backup)
                s->backup = seed_backup_template();
        for (unsigned i = 0; i < n; i++) {
                char name[64], uid[UID_LEN], rv[24], count[16], when[RFC3339_LEN],
                        done[RFC3339_LEN], until[RFC3339_LEN];
                const char *values[N_HOLES] = { [HOLE_NAME] = name,
                        [HOLE_UID] = uid_random(uid),
                        [HOLE_RV] = rv,
                        [HOLE_TIME] = when,
                        [HOLE_DONE] = done,
                        [HOLE_EXPIRES] = until,
                        [HOLE_ITEMS] = count,
                        [HOLE_NS] = VELERO_NS };
                time_t start = now - (time_t)(n - 1 - i) * 3600 - 2;
                struct str text = { 0 };

                do
                        snprintf(name, sizeof name, "%.40s-%05u", prefix, ++number);
                while (table_find(t, VELERO_NS, name));
                snprintf(rv, sizeof rv, "%llu", (unsigned long long)++c->rv);
                snprintf(count, sizeof count, "%zu", items->n);
                rfc3339(start, when);
                rfc3339(start + 1, done);
                rfc3339(start + 720 * 3600, until);
                template_render(s->backup, values, &text);
                table_put_text(t, VELERO_NS, name, c->rv, text.s, text.len, silent);
                prefix_put_backup(store, name, table_find(t, VELERO_NS, name), items, NULL);
                str_done(&text);
        }
        items_unref(items);
}
