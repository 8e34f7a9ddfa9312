/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A kubeconfig from anywhere: whatever the bytes, parsing ends, leaks nothing, and what it calls
 * usable is. The second half exercises what reads a context afterwards. The first byte chooses
 * whether the text may name files.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "k8s/exec.h"
#include "k8s/kubeconfig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_context(const struct kube_context *ctx)
{
        struct kube_context *copy = NULL;
        struct buf info = BUF_INIT(8 * LIMIT_CREDENTIAL_BYTES);

        assert(ctx->name);
        if (ctx->error) {
                assert(ctx->error < 0 && ctx->err.code == ctx->error && ctx->err.msg[0]);
                return;
        }
        assert(ctx->server && ctx->cluster_name && ctx->user_name);
        assert(!ctx->ca_pem || strlen(ctx->ca_pem) <= ctx->ca_pem_len);
        assert(kube_context_dup(&copy, ctx) == 0);
        assert(kube_context_same_server(copy, ctx) && kube_user_equal(&copy->user, &ctx->user));
        if (ctx->user.exec.api_version)
                (void)kube_exec_info(&info, ctx);
        buf_done(&info);
        kube_context_free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct kubeconfig *kc = NULL;
        struct kube_exec_answer answer = { .expires = 0 };
        struct err err = ERR_INIT;
        int r;

        if (size == 0)
                return 0;
        r = kubeconfig_parse(&kc, (const char *)data + 1, size - 1, "fuzz",
                data[0] & 1 ? "/nonexistent" : NULL, &err);
        assert(r == 0 ? kc != NULL : r == -ENOMEM || (err.code == r && err.msg[0]));
        for (size_t i = 0; kc && i < kc->n_contexts; i++)
                check_context(&kc->contexts[i]);
        kubeconfig_free(kc);

        r = kube_exec_parse((const char *)data + 1, size - 1, "client.authentication.k8s.io/v1", 1,
                &answer, NULL);
        assert(r < 0 || !secret_is_empty(&answer.token) || !secret_is_empty(&answer.key_pem));
        kube_exec_answer_done(&answer);
        return 0;
}
