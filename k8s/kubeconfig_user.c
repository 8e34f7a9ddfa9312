/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/kubeconfig_stanza.h"

#include <errno.h>
#include <string.h>

#include "k8s/file.h"

#define EXEC_GROUP "client.authentication.k8s.io"

/* Whether the user brings a client certificate: then TLS is meant. */
bool kube_user_has_certificate(const struct kube_user *user)
{
        return !secret_is_empty(&user->cert_pem) || user->cert_file;
}

static int user_certificate(
        struct kube_user *user, const struct kube_stanza *stanza, struct err *err)
{
        const struct yaml_node *body = stanza->body;
        int r = kube_stanza_pem_data(body, "client-certificate-data", &user->cert_pem, err);

        if (r == 0)
                r = kube_stanza_pem_data(body, "client-key-data", &user->key_pem, err);
        if (r == 0 && secret_is_empty(&user->cert_pem))
                r = kube_stanza_path(stanza, "client-certificate", &user->cert_file, err);
        if (r == 0 && secret_is_empty(&user->key_pem))
                r = kube_stanza_path(stanza, "client-key", &user->key_file, err);
        if (r < 0)
                return r;
        if (!kube_user_has_certificate(user)) {
                secret_done(&user->key_pem);
                free(user->key_file);
                user->key_file = NULL;
        } else if (secret_is_empty(&user->key_pem) && !user->key_file) {
                r = yaml_refuse(body, err, ERR_ID_MISSING_FIELD,
                        "there is a client certificate but neither client-key nor client-key-data");
                (void)err_remedy(err, "add the key that belongs to the certificate");
        }
        return r;
}

static int user_impersonation(struct kube_user *user, const struct yaml_node *body, struct err *err)
{
        const struct yaml_node *extra = yaml_get(body, "as-user-extra");
        int r = kube_stanza_string(body, "as", &user->as, err);

        if (r == 0)
                r = kube_stanza_string(body, "as-uid", &user->as_uid, err);
        if (r == 0)
                r = yaml_get_strv(body, "", "as-groups", &user->as_groups, err);
        if (r == 0 && !yaml_is_null(extra))
                r = yaml_want_mapping(extra, "as-user-extra", err);
        if (r < 0)
                return r;
        YAML_PAIRS(extra, i, pair)
        {
                _cleanup_(strv_done) struct strv values = { 0 };

                r = yaml_as_strv(pair->value, "as-user-extra", &values, err);
                for (size_t v = 0; r == 0 && v < values.n; v++)
                        r = strv_printf(&user->as_extra, "%s=%s", pair->key->text, values.v[v]);
                if (r < 0)
                        return r;
        }
        if (!user->as && (user->as_uid || user->as_groups.n || user->as_extra.n)) {
                r = yaml_refuse(body, err, ERR_ID_MISSING_FIELD,
                        "as-uid, as-groups and as-user-extra need as, the user to impersonate");
                (void)err_remedy(err, "add as, or remove them");
        }
        return r;
}

static int exec_env(struct kube_exec *exec, const struct yaml_node *body, struct err *err)
{
        const struct yaml_node *env = yaml_get(body, "env");
        int r = yaml_is_null(env) ? 0 : yaml_want_sequence(env, "exec.env", err);

        if (r < 0)
                return r;
        YAML_ITEMS(env, i, item)
        {
                const char *name = "", *value = "";

                r = yaml_want_mapping(item, "exec.env", err);
                if (r == 0)
                        r = yaml_get_string(item, "exec.env", "name", &name, err);
                if (r == 0)
                        r = yaml_get_string(item, "exec.env", "value", &value, err);
                if (r == 0 && (!*name || strchr(name, '=')))
                        r = yaml_refuse(item, err, ERR_ID_VALUE,
                                "exec.env has an entry whose name is empty or holds \"=\"");
                if (r == 0)
                        r = strv_printf(&exec->env, "%s=%s", name, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int exec_interactive(struct kube_exec *exec, const struct yaml_node *body, struct err *err)
{
        static const char *const modes[] = { [KUBE_INTERACTIVE_IF_AVAILABLE] = "IfAvailable",
                [KUBE_INTERACTIVE_NEVER] = "Never",
                [KUBE_INTERACTIVE_ALWAYS] = "Always" };
        const char *mode = "";
        int r = yaml_get_string(body, "exec", "interactiveMode", &mode, err);

        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
                if (strcmp(mode, modes[i]) == 0) {
                        exec->interactive = (enum kube_interactive)i;
                        return 0;
                }
        }
        if (!*mode && strcmp(exec->api_version, EXEC_GROUP "/v1beta1") == 0)
                return 0;
        if (!*mode)
                r = yaml_refuse(body, err, ERR_ID_MISSING_FIELD,
                        "exec.interactiveMode is missing, which " EXEC_GROUP "/v1 requires");
        else
                r = yaml_refuse(yaml_get(body, "interactiveMode"), err, ERR_ID_VALUE,
                        "exec.interactiveMode is %s", mode);
        (void)err_remedy(err, "write Never or IfAvailable");
        return r;
}

static int exec_api_version(struct kube_exec *exec, const struct yaml_node *body, struct err *err)
{
        int r = kube_stanza_string(body, "apiVersion", &exec->api_version, err);

        if (r < 0)
                return r;
        if (exec->api_version && (strcmp(exec->api_version, EXEC_GROUP "/v1") == 0 ||
                                         strcmp(exec->api_version, EXEC_GROUP "/v1beta1") == 0))
                return 0;
        if (!exec->api_version)
                r = yaml_refuse(body, err, ERR_ID_MISSING_FIELD, "exec.apiVersion is missing");
        else
                r = yaml_refuse(yaml_get(body, "apiVersion"), err, ERR_ID_VALUE,
                        "exec.apiVersion %s is not known%s", exec->api_version,
                        strcmp(exec->api_version, EXEC_GROUP "/v1alpha1") == 0
                                ? ": Kubernetes 1.24 removed it"
                                : "");
        (void)err_remedy(err, "write " EXEC_GROUP "/v1 if the plugin supports it, else …/v1beta1");
        return r;
}

static int exec_command(struct kube_exec *exec, const struct kube_stanza *stanza,
        const struct yaml_node *body, struct err *err)
{
        _cleanup_(freep) char *command = NULL;
        int r = kube_stanza_string(body, "command", &command, err);

        if (r < 0)
                return r;
        if (!command) {
                r = yaml_refuse(body, err, ERR_ID_MISSING_FIELD, "exec.command is missing");
                (void)err_remedy(err, "name the credential plugin's program");
                return r;
        }
        if (strchr(command, '/'))
                return path_resolve(stanza->file->dir, command, &exec->command);
        exec->command = TAKE(command);
        return 0;
}

static int user_exec(struct kube_exec *exec, const struct kube_stanza *stanza, struct err *err)
{
        const struct yaml_node *body = yaml_get(stanza->body, "exec");
        int r;

        if (yaml_is_null(body))
                return 0;
        if (!stanza->file->dir) {
                r = yaml_refuse(body, err, ERR_ID_VALUE,
                        "exec would run a program of this machine for a kubeconfig from elsewhere");
                (void)err_remedy(err, "use a token or a client certificate there");
                return r;
        }
        r = yaml_want_mapping(body, "exec", err);
        if (r == 0)
                r = exec_api_version(exec, body, err);
        if (r == 0)
                r = exec_command(exec, stanza, body, err);
        if (r == 0)
                r = yaml_get_strv(body, "exec", "args", &exec->args, err);
        if (r == 0)
                r = exec_env(exec, body, err);
        if (r == 0)
                r = yaml_get_bool(
                        body, "exec", "provideClusterInfo", &exec->provide_cluster_info, err);
        if (r == 0)
                r = exec_interactive(exec, body, err);
        return r < 0 ? r : kube_stanza_string(body, "installHint", &exec->install_hint, err);
}

static int user_auth_provider(const struct yaml_node *body, struct err *err)
{
        const struct yaml_node *provider = yaml_get(body, "auth-provider");
        const struct yaml_node *name = yaml_get(provider, "name");
        int r;

        if (yaml_is_null(provider))
                return 0;
        r = yaml_refuse(provider, err, ERR_ID_VALUE,
                "auth-provider \"%s\" was removed from Kubernetes 1.26", name ? name->text : "");
        (void)err_remedy(err, "use its exec plugin (gke-gcloud-auth-plugin, kubelogin, …)");
        return r;
}

int kube_user_fill(struct kube_user *user, const struct kube_stanza *stanza, struct err *err)
{
        const struct yaml_node *body = stanza->body;
        int r;

        if (yaml_is_null(body))
                return 0;
        r = yaml_want_mapping(body, "user", err);
        if (r == 0)
                r = user_auth_provider(body, err);
        if (r == 0)
                r = user_certificate(user, stanza, err);
        if (r == 0)
                r = kube_stanza_secret(body, "token", &user->token, err);
        if (r == 0)
                r = kube_stanza_path(stanza, "tokenFile", &user->token_file, err);
        if (r == 0)
                r = kube_stanza_string(body, "username", &user->username, err);
        if (r == 0)
                r = kube_stanza_secret(body, "password", &user->password, err);
        if (r == 0)
                r = user_impersonation(user, body, err);
        if (r == 0)
                r = user_exec(&user->exec, stanza, err);
        if (r == 0 && (user->token_file || !secret_is_empty(&user->token)) &&
                (user->username || !secret_is_empty(&user->password))) {
                r = yaml_refuse(body, err, ERR_ID_VALUE, "both a token and a password are given");
                (void)err_remedy(err, "remove one of them");
        }
        return r;
}
