/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Source 2: fleet files. All are parsed and checked first, then every Fleet looks up its clusters
 * among all AttachedClusters, in whichever file they stand.
 */
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "k8s/file.h"
#include "ops/fleetconf_private.h"
#include "ops/fleetconf_schema.h"

/* One fleet file. */
struct fleet_file {
        const char *path;
        char *dir;
        char *text;
        size_t len;
        const char **lines; /* where each begins, and the end of the text */
        size_t n_lines;
        struct yaml_docs *docs;
};

/* One Fleet or AttachedCluster document. */
struct fleet_doc {
        const struct yaml_node *root;
        const struct fleet_file *file;
        const char *name;
        const struct fleet_doc *fleet; /* of a cluster: the one it belongs to so far */
};

struct fleet_files {
        struct fleet_file *files;
        size_t n_files;
        struct fleet_doc *fleets, *clusters; /* room for all documents each */
        size_t n_fleets, n_clusters;
};

static void fleet_files_done(struct fleet_files *all)
{
        for (size_t i = 0; i < all->n_files; i++) {
                free(all->files[i].dir);
                free(all->files[i].text);
                free(all->files[i].lines);
                yaml_docs_free(all->files[i].docs);
        }
        free(all->files);
        free(all->fleets);
        free(all->clusters);
}

/* --- reading --- */

static int fleet_file_index_lines(struct fleet_file *f)
{
        const char *end = f->text + f->len, *line = f->text;
        size_t n = 1;

        for (size_t i = 0; i < f->len; i++)
                n += f->text[i] == '\n';
        f->lines = calloc(n + 1, sizeof(*f->lines));
        if (!f->lines)
                return -ENOMEM;
        for (f->n_lines = 0; f->n_lines < n; f->n_lines++) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));

                f->lines[f->n_lines] = line;
                line = newline ? newline + 1 : end;
        }
        f->lines[n] = end;
        return 0;
}

static int fleet_file_read(struct fleet_file *f, const char *path, struct err *err)
{
        static const struct yaml_options options = { .max_bytes = LIMIT_CONFIG_BYTES,
                .multi = true };
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_CONFIG_BYTES);
        int r = file_read(path, &text, err);

        if (r < 0)
                return r;
        f->path = path;
        r = path_folder(path, &f->dir);
        if (r == 0)
                r = buf_steal(&text, &f->text, &f->len);
        if (r == 0)
                r = fleet_file_index_lines(f);
        if (r == 0)
                r = yaml_parse(f->text, f->len, &options, &f->docs, err);
        return r;
}

/* Which of the two kinds a document is, by kind and apiVersion. */
static int fleet_doc_kind(const struct yaml_node *root, bool *ret_is_fleet, struct err *err)
{
        static const struct {
                const char *kind, *api_version;
        } known[] = {
                { "Fleet", FLEET_API_VERSION },
                { "AttachedCluster", ATTACHED_CLUSTER_API_VERSION },
        };
        const char *kind = "", *version = "";
        int r = yaml_want_mapping(root, "the document", err);

        if (r == 0)
                r = yaml_as_string(yaml_get(root, "kind"), "kind", &kind, err);
        if (r < 0)
                return yaml_get(root, "kind") ? r : err_place(err, root->line, root->column);
        for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
                if (strcmp(kind, known[i].kind) != 0)
                        continue;
                r = yaml_as_string(yaml_get(root, "apiVersion"), "apiVersion", &version, err);
                if (r < 0)
                        return yaml_get(root, "apiVersion")
                                       ? r
                                       : err_place(err, root->line, root->column);
                *ret_is_fleet = i == 0;
                if (strcmp(version, known[i].api_version) == 0)
                        return 0;
                r = yaml_refuse(yaml_get(root, "apiVersion"), err, ERR_ID_VALUE,
                        "apiVersion of a %s is %s, not %s", kind, known[i].api_version, version);
                (void)err_remedy(err, "write %s", known[i].api_version);
                return r;
        }
        r = yaml_refuse(yaml_get(root, "kind"), err, ERR_ID_VALUE,
                "kind %s has no place in a fleet file", kind);
        (void)err_remedy(err, "write Fleet or AttachedCluster");
        return r;
}

static int fleet_docs_add(
        struct fleet_doc *docs, size_t *n, const struct fleet_doc *doc, struct err *err)
{
        int r;

        for (size_t i = 0; i < *n; i++) {
                if (strcmp(docs[i].name, doc->name) != 0)
                        continue;
                r = yaml_refuse(yaml_find(doc->root, "metadata.name"), err, ERR_ID_DUPLICATE_KEY,
                        "%s \"%s\" is already defined in %s, line %d",
                        yaml_get(doc->root, "kind")->text, doc->name, docs[i].file->path,
                        docs[i].root->line);
                (void)err_remedy(err, "rename or remove one of them");
                return r;
        }
        docs[(*n)++] = *doc;
        return 0;
}

/* A fleet's folder stands beside the files of the mount's root. */
static int fleet_doc_root(
        const struct fleet_doc *fleet, const struct fleetconf_source *src, struct err *err)
{
        int r;

        if (!src->root_has || !src->root_has(fleet->name))
                return 0;
        r = yaml_refuse(yaml_find(fleet->root, "metadata.name"), err, ERR_ID_VALUE,
                "metadata.name: \"%s\" is a file of the mount's root", fleet->name);
        (void)err_remedy(err, "choose another name for the fleet");
        return r;
}

static int fleet_files_add_doc(struct fleet_files *all, const struct fleet_file *f,
        const struct yaml_node *root, const struct fleetconf_source *src, struct err *err)
{
        struct fleet_doc doc = { .root = root, .file = f };
        bool is_fleet = false;
        int r = fleet_doc_kind(root, &is_fleet, err);

        if (r == 0)
                r = schema_check(
                        is_fleet ? &fleet_schema : &attached_cluster_schema, root, "", err);
        if (r < 0)
                return r;
        doc.name = yaml_find(root, "metadata.name")->text;
        r = is_fleet ? fleet_doc_root(&doc, src, err) : 0;
        if (r < 0)
                return r;
        return is_fleet ? fleet_docs_add(all->fleets, &all->n_fleets, &doc, err)
                        : fleet_docs_add(all->clusters, &all->n_clusters, &doc, err);
}

static int fleet_files_read(struct fleet_files *all, const struct strv *paths,
        const struct fleetconf_source *src, struct err *err)
{
        size_t n_docs = 0;

        all->files = calloc(paths->n, sizeof(*all->files));
        if (!all->files)
                return -ENOMEM;
        for (size_t i = 0; i < paths->n; i++) {
                struct fleet_file *f = &all->files[all->n_files++];
                int r = fleet_file_read(f, paths->v[i], err);

                /* What file_read() says begins with the path already. */
                if (r < 0)
                        return f->text ? err_wrap(err, r, "%s", paths->v[i]) : r;
                n_docs += f->docs->n;
        }
        if (n_docs > LIMIT_CONFIG_CLUSTERS)
                return err_set(err, -E2BIG, "more than %d documents in the fleet files",
                        LIMIT_CONFIG_CLUSTERS);
        all->fleets = calloc(n_docs, sizeof(*all->fleets));
        all->clusters = calloc(n_docs, sizeof(*all->clusters));
        if (!all->fleets || !all->clusters)
                return -ENOMEM;
        for (size_t i = 0; i < all->n_files; i++) {
                const struct fleet_file *f = &all->files[i];

                for (size_t d = 0; d < f->docs->n; d++) {
                        int r = fleet_files_add_doc(all, f, f->docs->roots[d], src, err);

                        if (r < 0)
                                return err_wrap(err, r, "%s", f->path);
                }
        }
        return 0;
}

/* --- the text of a document --- */

static bool line_is_separator(const char *line)
{
        return (strncmp(line, "---", 3) == 0 || strncmp(line, "...", 3) == 0) &&
               strchr(" \t\r\n", line[3]); /* also the end of the text */
}

/*
 * Appends the document's own bytes, comments and all, without its separators. In YAML a line that
 * begins with three dashes or dots separates documents wherever it stands.
 */
static int fleet_doc_text(const struct fleet_doc *doc, struct buf *ret)
{
        const struct fleet_file *f = doc->file;
        size_t first = (size_t)doc->root->line - 1, last = first + 1;
        const char *start;

        while (first > 0 && !line_is_separator(f->lines[first]))
                first--;
        while (last < f->n_lines && !line_is_separator(f->lines[last]))
                last++;
        start = f->lines[first] + (line_is_separator(f->lines[first]) ? 3 : 0);
        start += strspn(start, " \t\r\n");
        (void)buf_append(ret, start, (size_t)(f->lines[last] - start));
        return ret->len && ret->data[ret->len - 1] != '\n' ? buf_putc(ret, '\n') : ret->error;
}

/* --- from documents to data --- */

/* Copies optional strings of a mapping by a table of two. */
struct copied_string {
        const char *key;
        char **ret;
};

static int copy_strings(const struct yaml_node *map, const struct copied_string *rows, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                const struct yaml_node *value = yaml_get(map, rows[i].key);

                if (yaml_is_null(value) || value->len == 0)
                        continue;
                free(*rows[i].ret);
                *rows[i].ret = strdup(value->text);
                if (!*rows[i].ret)
                        return -ENOMEM;
        }
        return 0;
}

static int copy_map(const struct yaml_node *map, struct strv *ret)
{
        YAML_PAIRS (map, i, pair) {
                int r = strv_printf(ret, "%s=%s", pair->key->text, pair->value->text);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int fleet_backup_fill(struct fleetconf_backup *backup, const struct yaml_node *node)
{
        struct fleetconf_storage *s = &backup->storage;
        const struct copied_string in_location[] = {
                { "provider", &s->provider },
                { "bucket", &s->bucket },
                { "endpoint", &s->endpoint },
                { "s3Url", &s->endpoint },
        };
        const struct copied_string in_storage[] = {
                { "prefix", &s->prefix },
        };
        int r;

        if (yaml_is_null(node))
                return 0;
        backup->present = true;
        r = copy_strings(
                yaml_find(node, "storage.location"), in_location, ARRAY_SIZE(in_location));
        if (r == 0)
                r = copy_strings(yaml_get(node, "storage"), in_storage, ARRAY_SIZE(in_storage));
        return r;
}

/* The annotation of the cluster, else of its fleet. */
static int member_velero_namespace(
        struct fleetconf_member *m, const struct fleet_doc *cluster, const struct fleet_doc *fleet)
{
        const struct yaml_node *value = yaml_get(
                yaml_find(cluster->root, "metadata.annotations"), VELERO_NAMESPACE_ANNOTATION);

        if (!value)
                value = yaml_get(yaml_find(fleet->root, "metadata.annotations"),
                        VELERO_NAMESPACE_ANNOTATION);
        if (!value)
                return 0;
        m->velero_namespace = strdup(value->text);
        return m->velero_namespace ? 0 : -ENOMEM;
}

/* A path of a fleet file: absolute, from the home folder, or from the file's own. */
static int member_kubeconfig_path(const struct fleetconf_load_state *state,
        const struct fleet_doc *cluster, const char *path, char **ret)
{
        const char *home = state->src->kube.home;

        if (strncmp(path, "~/", 2) == 0 && home && *home)
                return path_resolve(home, path + 2, ret);
        return path_resolve(cluster->file->dir, path, ret);
}

/* The Secret is in the cluster where Kurator runs, and this machine's file is all there is. */
static void member_needs_host(
        struct fleetconf_member *m, const struct fleet_doc *cluster, const char *secret)
{
        const struct yaml_node *node = yaml_find(cluster->root, "spec.kubeconfig");

        m->error = err_set(&m->err, -EINVAL,
                "%s: spec.kubeconfig is the Secret \"%s\" of a host cluster", cluster->file->path,
                secret);
        (void)err_place(&m->err, node->line, node->column);
        (void)err_remedy(&m->err, "write path and context of a kubeconfig here");
}

static int member_attach(struct fleetconf_load_state *state, struct fleetconf_member *m,
        const struct fleet_doc *cluster)
{
        const struct fleetconf_kubeconfig *k = NULL;
        _cleanup_(freep) char *secret = NULL, *path = NULL, *context = NULL, *full = NULL;
        const struct copied_string rows[] = {
                { "name", &secret },
                { "path", &path },
                { "context", &context },
        };
        int r = copy_strings(yaml_find(cluster->root, "spec.kubeconfig"), rows, ARRAY_SIZE(rows));

        if (r == 0 && path)
                r = member_kubeconfig_path(state, cluster, path, &full);
        if (r < 0)
                return r;
        if (secret) {
                member_needs_host(m, cluster, secret);
                return 0;
        }
        r = fleetconf_kubeconfig(state, full, &k);
        if (r == 0)
                r = fleetconf_member_kubeconfig(m, &state->src->kube, k);
        return r < 0 ? r : fleetconf_member_attach(m, k, context);
}

static int member_fill(struct fleetconf_load_state *state, struct fleetconf_member *m,
        const struct fleet_doc *cluster, const struct fleet_doc *fleet)
{
        int r;

        m->name = strdup(cluster->name);
        if (!m->name)
                return -ENOMEM;
        r = copy_map(yaml_find(cluster->root, "metadata.labels"), &m->labels);
        if (r == 0)
                r = member_velero_namespace(m, cluster, fleet);
        if (r < 0)
                return r;
        strv_sort(&m->labels);
        return member_attach(state, m, cluster);
}

/* Finds what a Fleet refers to and marks it as taken. */
static int fleet_lookup(struct fleet_files *all, const struct fleet_doc *fleet,
        const struct yaml_node *reference, struct fleet_doc **ret, struct err *err)
{
        const struct yaml_node *name = yaml_get(reference, "name");
        int r;

        for (size_t i = 0; i < all->n_clusters; i++) {
                struct fleet_doc *c = &all->clusters[i];

                if (strcmp(c->name, name->text) != 0)
                        continue;
                if (c->fleet) {
                        r = yaml_refuse(name, err, ERR_ID_VALUE,
                                "cluster \"%s\" is already in %s \"%s\"", c->name,
                                c->fleet == fleet ? "this fleet," : "fleet", c->fleet->name);
                        (void)err_remedy(err, "leave it in one fleet, once");
                        return r;
                }
                c->fleet = fleet;
                *ret = c;
                return 0;
        }
        r = yaml_refuse(name, err, ERR_ID_VALUE, "there is no AttachedCluster \"%s\"", name->text);
        (void)err_remedy(err, "add a document of kind AttachedCluster with this name");
        return r;
}

static int fleet_fill(struct fleetconf_load_state *state, struct fleetconf_fleet *f,
        struct fleet_files *all, const struct fleet_doc *doc, struct err *err)
{
        const struct yaml_node *clusters = yaml_find(doc->root, "spec.clusters");
        _cleanup_(buf_done) struct buf text = BUF_INIT(2 * LIMIT_CONFIG_BYTES);
        int r;

        f->name = strdup(doc->name);
        f->members = calloc(clusters->n, sizeof(*f->members));
        if (!f->name || !f->members)
                return -ENOMEM;
        r = fleet_backup_fill(&f->backup, yaml_find(doc->root, "spec.plugin.backup"));
        if (r == 0)
                r = fleet_doc_text(doc, &text);
        if (r < 0)
                return r;
        YAML_ITEMS (clusters, i, reference) {
                struct fleet_doc *cluster = NULL;

                r = fleet_lookup(all, doc, reference, &cluster, err);
                if (r == 0)
                        r = member_fill(state, &f->members[f->n_members++], cluster, doc);
                if (r == 0)
                        r = buf_puts(&text, "---\n");
                if (r == 0)
                        r = fleet_doc_text(cluster, &text);
                if (r < 0)
                        return r;
        }
        return buf_steal(&text, &f->yaml, &f->yaml_len);
}

int fleetconf_from_files(
        struct fleetconf_load_state *state, const struct strv *paths, struct err *err)
{
        _cleanup_(fleet_files_done) struct fleet_files all = { .n_files = 0 };
        struct fleetconf *conf = state->conf;
        int r = fleet_files_read(&all, paths, state->src, err);

        if (r < 0)
                return r;
        if (all.n_fleets == 0) {
                r = err_set(err, -EINVAL, "%s: there is no document of kind Fleet", paths->v[0]);
                (void)err_remedy(err, "add one that names the clusters");
                return r;
        }
        conf->fleets = calloc(all.n_fleets, sizeof(*conf->fleets));
        if (!conf->fleets)
                return -ENOMEM;
        for (size_t i = 0; i < all.n_fleets; i++) {
                r = fleet_fill(state, &conf->fleets[conf->n_fleets++], &all, &all.fleets[i], err);
                if (r < 0)
                        return err_wrap(err, r, "%s", all.fleets[i].file->path);
        }
        return 0;
}
