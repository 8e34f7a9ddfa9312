/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/kubeconfig.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "k8s/file.h"
#include "k8s/kubeconfig_stanza.h"

#define SERVICE_ACCOUNT_DIR "/var/run/secrets/kubernetes.io/serviceaccount"
#define IN_CLUSTER_NAME     "in-cluster"

/* A load in progress: the files in order of precedence, and what of them is in force. */
struct kubeconfig_merge {
        struct kube_file *files;
        size_t n_files;
        struct kube_stanzas clusters, users, contexts;
        const char *current;
};

static void kubeconfig_merge_done(struct kubeconfig_merge *m)
{
        for (size_t i = 0; i < m->n_files; i++) {
                free(m->files[i].path);
                free(m->files[i].dir);
                yaml_docs_free(m->files[i].docs);
        }
        free(m->files);
        free(m->clusters.v);
        free(m->users.v);
        free(m->contexts.v);
        *m = (struct kubeconfig_merge){ 0 };
}

void kubeconfig_source_from_env(struct kubeconfig_source *src, const char *option_path)
{
        static char cwd[PATH_MAX];

        *src = (struct kubeconfig_source){
                .cwd = getcwd(cwd, sizeof(cwd)),
                .path = option_path,
                .path_list = getenv("KUBECONFIG"),
                .home = getenv("HOME"),
                .service_host = getenv("KUBERNETES_SERVICE_HOST"),
                .service_port = getenv("KUBERNETES_SERVICE_PORT"),
        };
}

/* --- stanzas --- */

static int kube_stanza_by_name(const void *a, const void *b)
{
        const struct kube_stanza *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r ? r : (x->order > y->order) - (x->order < y->order);
}

static int kube_stanza_by_order(const void *a, const void *b)
{
        const struct kube_stanza *x = a, *y = b;

        return (x->order > y->order) - (x->order < y->order);
}

/* Names may be written as bare numbers or booleans: their text is what is meant. */
static const char *kube_stanza_name(const struct yaml_node *item)
{
        const struct yaml_node *name = yaml_get(item, "name");

        return yaml_is_null(name) || name->kind != YAML_SCALAR ? "" : name->text;
}

/* Adds the entries of `plural` of one file, without regard to earlier ones. */
static int kube_stanzas_collect(struct kube_stanzas *stanzas, const struct kube_file *file,
        const char *plural, struct err *err)
{
        const struct yaml_node *list = yaml_get(file->docs->roots[0], plural);
        int r;

        if (yaml_is_null(list))
                return 0;
        r = yaml_want_sequence(list, plural, err);
        if (r < 0)
                return r;
        if (stanzas->n + list->n > LIMIT_CONFIG_CLUSTERS)
                return err_set(err, -E2BIG, "more than %d %s", LIMIT_CONFIG_CLUSTERS, plural);
        if (stanzas->n + list->n > stanzas->alloc) {
                size_t alloc = stanzas->n + list->n;
                struct kube_stanza *v = reallocarray(stanzas->v, alloc, sizeof(*v));

                if (!v)
                        return -ENOMEM;
                stanzas->v = v;
                stanzas->alloc = alloc;
        }
        YAML_ITEMS (list, i, item) {
                r = yaml_want_mapping(item, plural, err);
                if (r < 0)
                        return r;
                stanzas->v[stanzas->n] = (struct kube_stanza){ .name = kube_stanza_name(item),
                        .item = item,
                        .body = yaml_get(item, stanzas->what),
                        .file = file,
                        .order = stanzas->n };
                stanzas->n++;
        }
        return 0;
}

/* Sorts by name and keeps the first of each name; a second one in the same file is remembered. */
static void kube_stanzas_settle(struct kube_stanzas *stanzas)
{
        size_t kept = 0;

        if (stanzas->n == 0)
                return;
        qsort(stanzas->v, stanzas->n, sizeof(*stanzas->v), kube_stanza_by_name);
        for (size_t i = 1; i < stanzas->n; i++) {
                struct kube_stanza *first = &stanzas->v[kept];

                if (strcmp(stanzas->v[i].name, first->name) != 0)
                        stanzas->v[++kept] = stanzas->v[i];
                else if (stanzas->v[i].file == first->file && !first->twin)
                        first->twin = stanzas->v[i].item;
        }
        stanzas->n = kept + 1;
}

/* --- files --- */

/* What stands at the top of a kubeconfig; kubectl refuses the same. */
static int kube_file_check_root(const struct yaml_node *root, struct err *err)
{
        static const char *const expected[][2] = { { "kind", "Config" }, { "apiVersion", "v1" } };
        int r = yaml_want_mapping(root, "kubeconfig", err);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(expected); i++) {
                const char *value = expected[i][1];

                r = yaml_get_string(root, "", expected[i][0], &value, err);
                if (r == 0 && *value && strcmp(value, expected[i][1]) != 0) {
                        r = yaml_refuse(yaml_get(root, expected[i][0]), err, ERR_ID_VALUE,
                                "%s is %s, but a kubeconfig has %s", expected[i][0], value,
                                expected[i][1]);
                        (void)err_remedy(err, "name a kubeconfig, as kubectl uses it");
                }
        }
        return r;
}

/*
 * Adds one text as the file of lowest precedence. `path` and `dir` are taken over on success only.
 * A text without content is no file, as kubectl has it.
 */
static int kubeconfig_merge_add(struct kubeconfig_merge *m, const char *text, size_t len,
        char **path, char **dir, struct err *err)
{
        static const struct yaml_options options = { .max_bytes = LIMIT_CONFIG_BYTES };
        _cleanup_(yaml_docs_freep) struct yaml_docs *docs = NULL;
        struct err why = ERR_INIT;
        int r = yaml_parse(text, len, &options, &docs, &why);

        if (r < 0 && strcmp(why.id, ERR_ID_EMPTY) == 0)
                return 0;
        if (r == 0 && yaml_is_null(docs->roots[0]))
                return 0;
        if (r == 0)
                r = kube_file_check_root(docs->roots[0], &why);
        if (r < 0) {
                err_copy(err, &why);
                return err_wrap(err, r, "%s", *path);
        }
        m->files[m->n_files++] =
                (struct kube_file){ .path = TAKE(*path), .dir = TAKE(*dir), .docs = TAKE(docs) };
        return 0;
}

static int kubeconfig_merge_read(struct kubeconfig_merge *m, const char *path, struct err *err)
{
        _cleanup_(buf_wipe) struct buf text = BUF_INIT(LIMIT_CONFIG_BYTES);
        _cleanup_(freep) char *own_path = strdup(path);
        _cleanup_(freep) char *dir = NULL;
        int r = file_read(path, &text, err);

        if (r < 0)
                return r;
        if (!own_path || path_folder(path, &dir) < 0)
                return -ENOMEM;
        return kubeconfig_merge_add(m, text.data, text.len, &own_path, &dir, err);
}

/* The stanzas of all files, and current-context of the first file that sets it. */
static int kubeconfig_merge_settle(struct kubeconfig_merge *m, struct err *err)
{
        int r = 0;

        m->clusters.what = "cluster";
        m->users.what = "user";
        m->contexts.what = "context";
        for (size_t i = 0; r == 0 && i < m->n_files; i++) {
                const struct kube_file *f = &m->files[i];
                const struct yaml_node *current = yaml_get(f->docs->roots[0], "current-context");

                r = kube_stanzas_collect(&m->clusters, f, "clusters", err);
                if (r == 0)
                        r = kube_stanzas_collect(&m->users, f, "users", err);
                if (r == 0)
                        r = kube_stanzas_collect(&m->contexts, f, "contexts", err);
                if (r < 0)
                        return err_wrap(err, r, "%s", f->path);
                if (!m->current && !yaml_is_null(current) && current->len)
                        m->current = current->text;
        }
        kube_stanzas_settle(&m->clusters);
        kube_stanzas_settle(&m->users);
        kube_stanzas_settle(&m->contexts);
        if (m->contexts.n)
                qsort(m->contexts.v, m->contexts.n, sizeof(*m->contexts.v), kube_stanza_by_order);
        return 0;
}

static int kubeconfig_build(struct kubeconfig *kc, struct kubeconfig_merge *m, struct err *err)
{
        int r = kubeconfig_merge_settle(m, err);

        if (r < 0)
                return r;
        kc->contexts = calloc(m->contexts.n + 1, sizeof(*kc->contexts));
        if (!kc->contexts)
                return -ENOMEM;
        for (size_t i = 0; i < m->contexts.n; i++) {
                kc->n_contexts++;
                r = kube_context_build(
                        &kc->contexts[i], &m->contexts.v[i], &m->clusters, &m->users, &kc->files);
                if (r < 0)
                        return r;
        }
        if (m->current) {
                kc->current_context = strdup(m->current);
                if (!kc->current_context)
                        return -ENOMEM;
        }
        strv_sort_unique(&kc->files);
        return 0;
}

int kubeconfig_parse(struct kubeconfig **ret, const char *text, size_t len, const char *name,
        const char *dir, struct err *err)
{
        _cleanup_(kubeconfig_freep) struct kubeconfig *kc = calloc(1, sizeof(*kc));
        _cleanup_(kubeconfig_merge_done) struct kubeconfig_merge m = { 0 };
        _cleanup_(freep) char *own_name = strdup(name);
        _cleanup_(freep) char *own_dir = dir ? strdup(dir) : NULL;
        int r;

        m.files = calloc(1, sizeof(*m.files));
        if (!kc || !m.files || !own_name || (dir && !own_dir))
                return -ENOMEM;
        r = kubeconfig_merge_add(&m, text, len, &own_name, &own_dir, err);
        if (r == 0)
                r = kubeconfig_build(kc, &m, err);
        if (r < 0)
                return r;
        *ret = TAKE(kc);
        return 0;
}

/* --- where to look --- */

int kubeconfig_candidates(const struct kubeconfig_source *src, struct strv *ret, struct err *err)
{
        _cleanup_(strv_done) struct strv names = { 0 };
        _cleanup_(freep) char *here = NULL;
        int r = 0;

        if (src->path)
                r = strv_push(&names, src->path);
        else if (src->path_list)
                r = strv_split(&names, src->path_list, ":");
        if (r == 0 && names.n == 0 && src->home && *src->home)
                r = strv_printf(&names, "%s/.kube/config", src->home);
        if (r < 0)
                return r;
        if (names.n > LIMIT_CONFIG_FILES)
                return err_set(
                        err, -E2BIG, "$KUBECONFIG names more than %d files", LIMIT_CONFIG_FILES);
        if (!src->cwd) {
                here = getcwd(NULL, 0);
                if (!here)
                        return err_set(err, -errno, "current folder: %s", strerror(errno));
        }
        for (size_t i = 0; i < names.n; i++) {
                _cleanup_(freep) char *path = NULL;

                r = path_resolve(src->cwd ? src->cwd : here, names.v[i], &path);
                if (r == 0 && !strv_contains(ret, path))
                        r = strv_push(ret, path);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int kubeconfig_nothing_found(
        const struct kubeconfig_source *src, const struct strv *tried, struct err *err)
{
        _cleanup_(freep) char *list = NULL;
        int r;

        if (tried->n == 0)
                r = err_set(err, -ENOENT,
                        "there is no kubeconfig: neither $KUBECONFIG nor $HOME is set");
        else if (strv_join(tried, ", ", &list) < 0)
                return -ENOMEM;
        else
                r = err_set(err, -ENOENT, "there is no kubeconfig: %s %s not exist", list,
                        tried->n == 1 ? "does" : "do");
        (void)err_remedy(err, src->path_list && *src->path_list
                                      ? "correct $KUBECONFIG, or use --kubeconfig"
                                      : "set $KUBECONFIG, or use --kubeconfig");
        return r;
}

/* The single context of a process that runs as a pod. */
static int kubeconfig_in_cluster(
        struct kubeconfig *kc, const struct kubeconfig_source *src, struct err *err)
{
        const char *dir = src->service_account_dir ? src->service_account_dir : SERVICE_ACCOUNT_DIR;
        const char *host = src->service_host;
        const char *port = src->service_port && *src->service_port ? src->service_port : "443";
        bool ipv6 = strchr(host, ':') != NULL;
        _cleanup_(buf_done) struct buf ca = BUF_INIT(LIMIT_CREDENTIAL_BYTES);
        _cleanup_(buf_done) struct buf namespace_ = BUF_INIT(LIMIT_NAME_DNS1123_SUBDOMAIN + 2);
        _cleanup_(freep) char *ca_path = NULL, *namespace_path = NULL;
        struct kube_context *ctx;
        int r;

        ctx = kc->contexts = calloc(1, sizeof(*ctx));
        if (!ctx)
                return -ENOMEM;
        kc->n_contexts = 1;
        ctx->name = strdup(IN_CLUSTER_NAME);
        ctx->cluster_name = strdup(IN_CLUSTER_NAME);
        ctx->user_name = strdup(IN_CLUSTER_NAME);
        kc->current_context = strdup(IN_CLUSTER_NAME);
        if (!ctx->name || !ctx->cluster_name || !ctx->user_name || !kc->current_context ||
                asprintf(&ctx->server, "https://%s%s%s:%s", ipv6 ? "[" : "", host, ipv6 ? "]" : "",
                        port) < 0 ||
                path_resolve(dir, "token", &ctx->user.token_file) < 0 ||
                path_resolve(dir, "ca.crt", &ca_path) < 0 ||
                path_resolve(dir, "namespace", &namespace_path) < 0 ||
                strv_push(&kc->files, ca_path) < 0)
                return -ENOMEM;
        if (file_read(namespace_path, &namespace_, NULL) == 0) {
                ctx->namespace_ = strndup(namespace_.data, strcspn(namespace_.data, " \r\n"));
                if (!ctx->namespace_)
                        return -ENOMEM;
        }
        r = file_read(ca_path, &ca, &ctx->err);
        if (r == 0)
                r = buf_steal(&ca, &ctx->ca_pem, &ctx->ca_pem_len);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                ctx->error = err_wrap(&ctx->err, r, "in-cluster service account");
        return 0;
}

/* Reads what is there of the paths. Returns 1 when at least one file was, else 0. */
static int kubeconfig_read_paths(struct kubeconfig_merge *m, const struct kubeconfig_source *src,
        const struct strv *paths, struct err *err)
{
        int found = 0;

        m->files = calloc(paths->n + 1, sizeof(*m->files));
        if (!m->files)
                return -ENOMEM;
        for (size_t i = 0; i < paths->n; i++) {
                struct err why = ERR_INIT;
                int r = kubeconfig_merge_read(m, paths->v[i], &why);

                if (r == -ENOENT && !src->path)
                        continue;
                if (r < 0) {
                        err_copy(err, &why);
                        return r;
                }
                found = 1;
        }
        return found;
}

int kubeconfig_load(struct kubeconfig **ret, const struct kubeconfig_source *src, struct err *err)
{
        _cleanup_(kubeconfig_freep) struct kubeconfig *kc = calloc(1, sizeof(*kc));
        _cleanup_(kubeconfig_merge_done) struct kubeconfig_merge m = { 0 };
        int r, found;

        if (!kc)
                return -ENOMEM;
        r = kubeconfig_candidates(src, &kc->files, err);
        if (r < 0)
                return r;
        found = kubeconfig_read_paths(&m, src, &kc->files, err);
        if (found < 0)
                return found;
        if (!found && !src->service_host)
                return kubeconfig_nothing_found(src, &kc->files, err);
        r = found ? kubeconfig_build(kc, &m, err) : kubeconfig_in_cluster(kc, src, err);
        if (r < 0)
                return r;
        *ret = TAKE(kc);
        return 0;
}

/* --- lookup --- */

const struct kube_context *kubeconfig_find(const struct kubeconfig *kc, const char *name)
{
        if (!name)
                name = kc->current_context;
        for (size_t i = 0; name && i < kc->n_contexts; i++)
                if (strcmp(kc->contexts[i].name, name) == 0)
                        return &kc->contexts[i];
        return NULL;
}

void kubeconfig_free(struct kubeconfig *kc)
{
        if (!kc)
                return;
        for (size_t i = 0; i < kc->n_contexts; i++)
                kube_context_done(&kc->contexts[i]);
        free(kc->contexts);
        free(kc->current_context);
        strv_done(&kc->files);
        free(kc);
}
