/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/exec.h"

#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "k8s/base64.h"
#include "k8s/kubeconfig.h"

void kube_exec_answer_done(struct kube_exec_answer *answer)
{
        secret_done(&answer->token);
        secret_done(&answer->cert_pem);
        secret_done(&answer->key_pem);
        answer->expires = 0;
}

/* --- what the plugin is told --- */

/* Adds a member unless the value is absent; takes over nothing. */
static int info_string(json_t *object, const char *key, const char *value)
{
        return value && json_object_set_new(object, key, json_string(value)) < 0 ? -ENOMEM : 0;
}

static int info_true(json_t *object, const char *key, bool value)
{
        return value && json_object_set_new(object, key, json_true()) < 0 ? -ENOMEM : 0;
}

/* The cluster as the plugin is to see it: a kubeconfig's fields, the CA always as data. */
static int info_cluster(json_t *cluster, const struct kube_context *ctx)
{
        _cleanup_(buf_done) struct buf ca = BUF_INIT(2 * LIMIT_CREDENTIAL_BYTES);
        const char *config = ctx->user.exec.cluster_config;

        if (info_string(cluster, "server", ctx->server) < 0 ||
                info_string(cluster, "tls-server-name", ctx->tls_server_name) < 0 ||
                info_string(cluster, "proxy-url", ctx->proxy_url) < 0 ||
                info_true(cluster, "insecure-skip-tls-verify", ctx->insecure) < 0 ||
                info_true(cluster, "disable-compression", ctx->disable_compression) < 0)
                return -ENOMEM;
        if (ctx->ca_pem && (base64_encode(ctx->ca_pem, ctx->ca_pem_len, &ca) < 0 ||
                                   info_string(cluster, "certificate-authority-data", ca.data) < 0))
                return -ENOMEM;
        if (config && json_object_set_new(
                              cluster, "config", json_loads(config, JSON_DECODE_ANY, NULL)) < 0)
                return -ENOMEM;
        return 0;
}

int kube_exec_info(struct buf *ret, const struct kube_context *ctx)
{
        const struct kube_exec *exec = &ctx->user.exec;
        json_t *root = json_object(), *spec = json_object(), *cluster = json_object();
        char *text = NULL;
        int r = -ENOMEM;

        if (info_string(root, "apiVersion", exec->api_version) == 0 &&
                info_string(root, "kind", "ExecCredential") == 0 &&
                json_object_set_new(spec, "interactive", json_false()) == 0 &&
                (!exec->provide_cluster_info ||
                        (info_cluster(cluster, ctx) == 0 &&
                                json_object_set(spec, "cluster", cluster) == 0)) &&
                json_object_set(root, "spec", spec) == 0)
                text = json_dumps(root, JSON_COMPACT);
        if (text)
                r = buf_puts(ret, text);
        free(text);
        json_decref(cluster);
        json_decref(spec);
        json_decref(root);
        return r;
}

/* --- what it answers --- */

static int exec_refuse(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int exec_refuse(struct err *err, const char *fmt, ...)
{
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = err_setv(err, -EACCES, fmt, ap);
        va_end(ap);
        (void)err_remedy(err, "run the plugin by hand and look at what it prints");
        return r;
}

/* Moves a string member into *ret; absent, null and "" leave it empty. The JSON copy is wiped. */
static int answer_secret(const json_t *status, const char *key, struct secret *ret, struct err *err)
{
        json_t *value = json_object_get(status, key);
        int r;

        if (!value || json_is_null(value))
                return 0;
        if (!json_is_string(value))
                return exec_refuse(err, "it answered a status.%s that is no string", key);
        if (json_string_length(value) == 0)
                return 0;
        r = secret_set(ret, json_string_value(value), json_string_length(value));
        explicit_bzero((char *)json_string_value(value), json_string_length(value));
        return r;
}

static int answer_header(const json_t *root, const char *api_version, struct err *err)
{
        const char *kind = json_string_value(json_object_get(root, "kind"));
        const char *version = json_string_value(json_object_get(root, "apiVersion"));
        int r;

        if (!kind || strcmp(kind, "ExecCredential") != 0)
                return exec_refuse(
                        err, "it answered kind %s, not ExecCredential", kind ? kind : "nothing");
        if (version && strcmp(version, api_version) == 0)
                return 0;
        r = err_set(err, -EACCES, "it is configured for %s, but answered %s", api_version,
                version ? version : "without apiVersion");
        (void)err_remedy(err, "set exec.apiVersion in the kubeconfig to what the plugin speaks");
        return r;
}

static int answer_expiry(const json_t *status, int64_t now, int64_t *ret, struct err *err)
{
        const json_t *value = json_object_get(status, "expirationTimestamp");
        char text[RFC3339_SIZE];

        if (!value || json_is_null(value))
                return 0;
        if (!json_is_string(value) || rfc3339_parse(json_string_value(value), ret, NULL) < 0)
                return exec_refuse(err, "it answered a status.expirationTimestamp that is no time");
        if (*ret > now)
                return 0;
        (void)exec_refuse(
                err, "it answered a credential that expired at %s", rfc3339_format(text, *ret));
        (void)err_remedy(err, "check this machine's clock and the plugin's cache");
        return -EACCES;
}

/* A token goes into a header line: nothing that could end it. */
static bool token_is_sendable(const struct secret *token)
{
        const char *bytes = secret_reveal(token);

        for (size_t i = 0; i < secret_len(token); i++)
                if ((unsigned char)bytes[i] <= ' ' || bytes[i] == 0x7f)
                        return false;
        return true;
}

static int answer_status(
        const json_t *status, int64_t now, struct kube_exec_answer *ret, struct err *err)
{
        int r;

        if (!json_is_object(status))
                return exec_refuse(err, "it answered without a status");
        r = answer_secret(status, "token", &ret->token, err);
        if (r == 0)
                r = answer_secret(status, "clientCertificateData", &ret->cert_pem, err);
        if (r == 0)
                r = answer_secret(status, "clientKeyData", &ret->key_pem, err);
        if (r < 0)
                return r;
        if (secret_is_empty(&ret->cert_pem) != secret_is_empty(&ret->key_pem))
                return exec_refuse(
                        err, "it answered only one of clientCertificateData and clientKeyData");
        if (secret_is_empty(&ret->token) && secret_is_empty(&ret->cert_pem))
                return exec_refuse(err, "it answered neither a token nor a client certificate");
        if (!token_is_sendable(&ret->token))
                return exec_refuse(
                        err, "it answered a token with spaces or control characters in it");
        return answer_expiry(status, now, &ret->expires, err);
}

static bool all_space(const char *bytes, size_t len)
{
        size_t i = 0;

        while (i < len && memchr(" \t\r\n", bytes[i], 4))
                i++;
        return i == len;
}

int kube_exec_parse(const char *bytes, size_t len, const char *api_version, int64_t now,
        struct kube_exec_answer *ret, struct err *err)
{
        _cleanup_(kube_exec_answer_done) struct kube_exec_answer answer = { .expires = 0 };
        json_error_t where;
        json_t *root = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &where);
        int r;

        /* The parser's own message would quote the answer, which may hold a token. */
        if (!root && all_space(bytes, len))
                return exec_refuse(err, "it answered nothing");
        if (!root)
                return exec_refuse(err, "its answer is no JSON (at its line %d, column %d)",
                        where.line, where.column);
        r = json_is_object(root) ? answer_header(root, api_version, err)
                                 : exec_refuse(err, "its answer is no JSON object");
        if (r == 0)
                r = answer_status(json_object_get(root, "status"), now, &answer, err);
        json_decref(root);
        if (r < 0)
                return r;
        kube_exec_answer_done(ret);
        *ret = answer;
        answer = (struct kube_exec_answer){ .expires = 0 };
        return 0;
}
