/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/uninstall.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/watch.h"

#define VELERO_NS "velero"

/* What was taken out, in the order in which it goes back: definitions first. */
struct stash {
        struct {
                const struct restype *type;
                struct doc *doc;
        } * v;
        size_t n;
};

static void stash_take(struct stash *s, struct table *t, struct doc *d)
{
        s->v = mem_realloc(s->v, (s->n + 1) * sizeof *s->v);
        s->v[s->n].type = t->type;
        s->v[s->n++].doc = doc_ref(d);
        table_remove(t, d);
}

static bool is_velero_crd(const struct doc *d)
{
        return jscan_is(jscan(doc_json(d), "spec", "group", NULL), "velero.io");
}

static bool is_velero_binding(const struct doc *d)
{
        return jscan_is(jscan(doc_json(d), "metadata", "labels", "component", NULL), "velero");
}

static bool in_velero_namespace(const struct doc *d)
{
        return d->ns_len ? d->ns_len == strlen(VELERO_NS) &&
                                   memcmp(doc_key(d), VELERO_NS, d->ns_len) == 0
                         : strcmp(doc_name(d), VELERO_NS) == 0;
}

static void stash_table(struct stash *s, struct table *t, bool (*wanted)(const struct doc *d))
{
        for (size_t i = t->n; i-- > 0;)
                if (!wanted || wanted(t->v[i]))
                        stash_take(s, t, t->v[i]);
}

void velero_uninstall(struct cluster *c, bool crds_only)
{
        if (!c->stash)
                c->stash = mem_zalloc(sizeof *c->stash);
        stash_table(c->stash, cluster_table(c, RT_CRDS), is_velero_crd);
        for (unsigned type = RT_BACKUPS; type <= RT_DATADOWNLOADS; type++) {
                stash_table(c->stash, cluster_table(c, type), NULL);
                watch_end_all(cluster_table(c, type));
        }
        if (crds_only)
                return;
        stash_table(c->stash, cluster_table(c, RT_NAMESPACES), in_velero_namespace);
        stash_table(c->stash, cluster_table(c, RT_CLUSTERROLEBINDINGS), is_velero_binding);
        for (unsigned type = 0; type < c->n_tables; type++)
                if (c->tables[type] && restype(type)->namespaced)
                        stash_table(c->stash, c->tables[type], in_velero_namespace);
}

void velero_reinstall(struct cluster *c)
{
        struct stash *s = c->stash;

        c->stash = NULL;
        for (size_t i = 0; s && i < s->n; i++) {
                struct doc *d = s->v[i].doc;
                struct table *t = cluster_table(c, s->v[i].type->id);
                _cleanup_(freep) char *ns = doc_namespace(d);

                if (!table_find(t, ns, doc_name(d))) {
                        json_t *obj = doc_parse(d);

                        table_put(t, ns, doc_name(d), obj);
                        json_decref(obj);
                }
        }
        stash_free(s);
}

void stash_free(struct stash *s)
{
        if (!s)
                return;
        for (size_t i = 0; i < s->n; i++)
                doc_unref(s->v[i].doc);
        free(s->v);
        free(s);
}
