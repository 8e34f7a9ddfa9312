/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/kubeconfig_stanza.h"

#include <errno.h>
#include <string.h>

#include "k8s/base64.h"
#include "k8s/file.h"

const struct kube_stanza *kube_stanzas_find(const struct kube_stanzas *stanzas, const char *name)
{
        size_t low = 0, high = stanzas->n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int r = strcmp(name, stanzas->v[middle].name);

                if (r == 0)
                        return &stanzas->v[middle];
                if (r < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

int kube_stanza_once(const struct kube_stanza *stanza, const char *what, struct err *err)
{
        int r;

        if (!stanza->twin)
                return 0;
        r = yaml_refuse(stanza->twin, err, ERR_ID_DUPLICATE_KEY,
                "there are two %ss of this name, the first in line %d", what, stanza->item->line);
        (void)err_remedy(err, "rename or remove one of them");
        return r;
}

/* A copy of a string field; absent, null and "" leave *ret NULL. */
int kube_stanza_string(const struct yaml_node *body, const char *key, char **ret, struct err *err)
{
        const char *text = "";
        int r = yaml_get_string(body, "", key, &text, err);

        if (r < 0 || !*text)
                return r;
        *ret = strdup(text);
        return *ret ? 0 : -ENOMEM;
}

int kube_stanza_secret(
        const struct yaml_node *body, const char *key, struct secret *ret, struct err *err)
{
        const char *text = "";
        int r = yaml_get_string(body, "", key, &text, err);

        return r < 0 || !*text ? r : secret_set(ret, text, strlen(text));
}

/* A base64 field that holds PEM; absent leaves *ret empty. The bytes never get into the message. */
int kube_stanza_pem_data(
        const struct yaml_node *body, const char *key, struct secret *ret, struct err *err)
{
        const char *text = "";
        int r = yaml_get_string(body, "", key, &text, err);

        if (r < 0 || !*text)
                return r;
        r = base64_decode(text, strlen(text), ret);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                r = yaml_refuse(yaml_get(body, key), err, ERR_ID_VALUE, "%s is not base64", key);
                (void)err_remedy(err, "encode the PEM file with base64 -w0");
        } else if (!strstr(secret_reveal(ret), "-----BEGIN ")) {
                r = yaml_refuse(yaml_get(body, key), err, ERR_ID_VALUE,
                        "%s holds no PEM block once it is decoded", key);
                (void)err_remedy(err, "encode the PEM file with base64 -w0");
        }
        return r;
}

/* A path field, made absolute. */
int kube_stanza_path(const struct kube_stanza *stanza, const char *key, char **ret, struct err *err)
{
        const char *text = "";
        int r = yaml_get_string(stanza->body, "", key, &text, err);

        if (r < 0 || !*text)
                return r;
        if (!stanza->file->dir) {
                r = yaml_refuse(yaml_get(stanza->body, key), err, ERR_ID_VALUE,
                        "%s names a file of the machine the kubeconfig came from", key);
                (void)err_remedy(err, "embed it: kubectl config view --flatten --raw");
                return r;
        }
        return path_resolve(stanza->file->dir, text, ret);
}
