/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/kubeconfig_stanza.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "k8s/file.h"

#define EXEC_EXTENSION "client.authentication.k8s.io/exec"

/* --- clusters --- */

/* A URL of one of `schemes` with a host and without spaces; NULL in `schemes` ends them. */
static bool url_plausible(const char *url, const char *const *schemes)
{
        for (; *schemes; schemes++) {
                size_t n = strlen(*schemes);

                if (strncasecmp(url, *schemes, n) == 0)
                        return !strchr("/:?#", url[n]) && !strpbrk(url + n, " \t\r\n\"<>\\^`{|}");
        }
        return false;
}

/* As client-go: without a scheme it is https where anything of TLS is configured, else http. */
static int cluster_server(
        struct kube_context *ctx, const struct kube_stanza *cluster, bool tls, struct err *err)
{
        static const char *const schemes[] = { "https://", "http://", NULL };
        const struct yaml_node *node = yaml_get(cluster->body, "server");
        const char *text = "";
        size_t len;
        int r = yaml_get_string(cluster->body, "", "server", &text, err);

        if (r < 0)
                return r;
        if (!*text) {
                r = yaml_refuse(yaml_is_null(node) ? cluster->item : node, err,
                        ERR_ID_MISSING_FIELD, "server is missing");
                (void)err_remedy(err, "write the API server's URL, as https://host:6443");
                return r;
        }
        for (len = strlen(text); len > 0 && text[len - 1] == '/'; len--)
                ;
        if (asprintf(&ctx->server, "%s%.*s",
                    strstr(text, "://") ? ""
                    : tls               ? "https://"
                                        : "http://",
                    (int)len, text) < 0) {
                ctx->server = NULL;
                return -ENOMEM;
        }
        if (url_plausible(ctx->server, schemes) && !strpbrk(ctx->server, "?#"))
                return 0;
        r = yaml_refuse(node, err, ERR_ID_VALUE, "server \"%s\" is no URL of an API server", text);
        (void)err_remedy(err, "write https://host:port");
        return r;
}

static int cluster_ca(struct kube_context *ctx, const struct kube_stanza *cluster,
        struct strv *files, struct err *err)
{
        _cleanup_(secret_done) struct secret data = { 0 };
        _cleanup_(buf_done) struct buf pem = BUF_INIT(LIMIT_CREDENTIAL_BYTES);
        _cleanup_(freep) char *path = NULL;
        const struct yaml_node *node = yaml_get(cluster->body, "certificate-authority");
        int r = kube_stanza_pem_data(cluster->body, "certificate-authority-data", &data, err);

        if (r < 0)
                return r;
        if (!secret_is_empty(&data)) {
                r = buf_append(&pem, secret_reveal(&data), secret_len(&data));
        } else {
                r = kube_stanza_path(cluster, "certificate-authority", &path, err);
                if (r < 0 || !path)
                        return r;
                r = strv_push(files, path);
                if (r == 0)
                        r = file_read(path, &pem, err);
                if (r < 0 && r != -ENOMEM) {
                        (void)err_wrap(err, r, "certificate-authority");
                        return err_place(err, node->line, node->column);
                }
        }
        if (r == -EFBIG)
                return err_set(err, r, "certificate-authority-data is too large");
        if (r == 0 && !strstr(pem.data, "-----BEGIN ")) {
                r = yaml_refuse(node, err, ERR_ID_VALUE,
                        "certificate-authority %s holds no PEM block", path ? path : "");
                (void)err_remedy(err, "name a file of PEM certificates");
        }
        return r < 0 ? r : buf_steal(&pem, &ctx->ca_pem, &ctx->ca_pem_len);
}

static int cluster_proxy(
        struct kube_context *ctx, const struct kube_stanza *cluster, struct err *err)
{
        static const char *const schemes[] = { "http://", "https://", "socks5://", "socks5h://",
                NULL };
        int r = kube_stanza_string(cluster->body, "proxy-url", &ctx->proxy_url, err);

        if (r < 0 || !ctx->proxy_url || url_plausible(ctx->proxy_url, schemes))
                return r;
        /* Not quoted: it may hold a password. */
        r = yaml_refuse(yaml_get(cluster->body, "proxy-url"), err, ERR_ID_VALUE,
                "proxy-url is no URL of a proxy");
        (void)err_remedy(err, "write http://, https:// or socks5://, then host:port");
        return r;
}

/* The extension that an exec plugin may want to know, as compact JSON. */
static int cluster_exec_config(char **ret, const struct kube_stanza *cluster, struct err *err)
{
        YAML_ITEMS(yaml_get(cluster->body, "extensions"), i, item)
        {
                const struct yaml_node *name = yaml_get(item, "name");
                json_t *json = NULL;
                int r;

                if (!name || strcmp(name->text, EXEC_EXTENSION) != 0)
                        continue;
                if (!yaml_get(item, "extension"))
                        return 0;
                r = yaml_to_json(yaml_get(item, "extension"), &json, err);
                if (r < 0)
                        return r;
                *ret = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
                json_decref(json);
                return *ret ? 0 : -ENOMEM;
        }
        return 0;
}

static int cluster_fill(struct kube_context *ctx, const struct kube_stanza *cluster,
        struct strv *files, struct err *err)
{
        int r = yaml_want_mapping(cluster->body, "cluster", err);

        if (r == 0)
                r = yaml_get_bool(
                        cluster->body, "", "insecure-skip-tls-verify", &ctx->insecure, err);
        if (r == 0)
                r = yaml_get_bool(
                        cluster->body, "", "disable-compression", &ctx->disable_compression, err);
        if (r == 0)
                r = kube_stanza_string(
                        cluster->body, "tls-server-name", &ctx->tls_server_name, err);
        if (r == 0)
                r = cluster_ca(ctx, cluster, files, err);
        if (r == 0)
                r = cluster_server(ctx, cluster,
                        ctx->ca_pem || ctx->insecure || kube_user_has_certificate(&ctx->user), err);
        if (r == 0)
                r = cluster_proxy(ctx, cluster, err);
        if (r == 0 && ctx->user.exec.api_version && ctx->user.exec.provide_cluster_info)
                r = cluster_exec_config(&ctx->user.exec.cluster_config, cluster, err);
        if (r == 0 && ctx->insecure && ctx->ca_pem) {
                r = yaml_refuse(yaml_get(cluster->body, "insecure-skip-tls-verify"), err,
                        ERR_ID_VALUE,
                        "a certificate authority and insecure-skip-tls-verify exclude each other");
                (void)err_remedy(err, "remove insecure-skip-tls-verify");
        }
        return r;
}

/* --- contexts --- */

/* The stanza that the context names in `what`; *ret stays NULL for an empty name. */
static int context_lookup(const struct kube_stanza *context, const struct kube_stanzas *in,
        const char **ret_name, const struct kube_stanza **ret, struct err *err)
{
        const struct yaml_node *node = yaml_get(context->body, in->what);
        int r;

        *ret_name = yaml_is_null(node) || node->kind != YAML_SCALAR ? "" : node->text;
        if (!**ret_name)
                return 0;
        *ret = kube_stanzas_find(in, *ret_name);
        if (*ret)
                return 0;
        r = yaml_refuse(node, err, ERR_ID_VALUE, "%s \"%s\" is not defined", in->what, *ret_name);
        (void)err_remedy(err, "add it to %ss, or add its file to $KUBECONFIG", in->what);
        return r;
}

/* The three parts; each error gets the file and the stanza it is about. */
static int kube_context_fill(struct kube_context *ctx, const struct kube_stanza *context,
        const struct kube_stanzas *clusters, const struct kube_stanzas *users, struct strv *files,
        struct err *err)
{
        const struct kube_stanza *cluster = NULL, *user = NULL;
        const char *cluster_name = "", *user_name = "";
        int r = 0;

        if (!*context->name)
                r = yaml_refuse(context->item, err, ERR_ID_MISSING_FIELD, "its name is missing");
        if (r == 0)
                r = kube_stanza_once(context, "context", err);
        if (r == 0)
                r = yaml_want_mapping(context->body, "context", err);
        if (r == 0)
                r = context_lookup(context, clusters, &cluster_name, &cluster, err);
        if (r == 0 && !cluster) {
                r = yaml_refuse(context->body, err, ERR_ID_MISSING_FIELD, "it names no cluster");
                (void)err_remedy(err, "add cluster: with a name of clusters");
        }
        if (r == 0)
                r = context_lookup(context, users, &user_name, &user, err);
        if (r == 0)
                r = kube_stanza_string(context->body, "namespace", &ctx->namespace_, err);
        if (r == 0 && (!(ctx->cluster_name = strdup(cluster_name)) ||
                              !(ctx->user_name = strdup(user_name))))
                r = -ENOMEM;
        if (r < 0)
                return err_wrap(err, r, "%s: context \"%s\"", context->file->path, context->name);
        if (user) {
                r = kube_stanza_once(user, "user", err);
                if (r == 0)
                        r = kube_user_fill(&ctx->user, user, err);
                if (r < 0)
                        return err_wrap(err, r, "%s: user \"%s\"", user->file->path, user_name);
        }
        r = kube_stanza_once(cluster, "cluster", err);
        if (r == 0)
                r = cluster_fill(ctx, cluster, files, err);
        if (r < 0)
                return err_wrap(err, r, "%s: cluster \"%s\"", cluster->file->path, cluster_name);
        return 0;
}

int kube_context_build(struct kube_context *ctx, const struct kube_stanza *context,
        const struct kube_stanzas *clusters, const struct kube_stanzas *users, struct strv *files)
{
        struct err why = ERR_INIT;
        int r = kube_context_fill(ctx, context, clusters, users, files, &why);

        if (r < 0) {
                kube_context_done(ctx);
                ctx->error = r;
                err_copy(&ctx->err, &why);
        }
        ctx->line = (unsigned)context->item->line;
        ctx->name = strdup(context->name);
        ctx->file = strdup(context->file->path);
        return r == -ENOMEM || !ctx->name || !ctx->file ? -ENOMEM : 0;
}
