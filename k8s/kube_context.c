/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "k8s/kubeconfig.h"

/* What a context and a user own, for copying, comparing and releasing; plain values are copied with
 * the struct. */
enum owned_kind { OWNED_STRING, OWNED_VECTOR, OWNED_SECRET };

struct owned {
        enum owned_kind kind;
        size_t offset;
        bool leads_to_server; /* counts in kube_context_same_server() */
};

#define OWNED(type, member, k)                                       \
        {                                                            \
                .kind = (k), .offset = offsetof(struct type, member) \
        }
#define OWNED_SERVER(member)                                                           \
        {                                                                              \
                .kind = OWNED_STRING, .offset = offsetof(struct kube_context, member), \
                .leads_to_server = true                                                \
        }

static const struct owned context_owns[] = {
        OWNED(kube_context, name, OWNED_STRING),
        OWNED(kube_context, file, OWNED_STRING),
        OWNED(kube_context, cluster_name, OWNED_STRING),
        OWNED(kube_context, user_name, OWNED_STRING),
        OWNED(kube_context, namespace_, OWNED_STRING),
        OWNED_SERVER(server),
        OWNED_SERVER(ca_pem),
        OWNED_SERVER(tls_server_name),
        OWNED_SERVER(proxy_url),
};

static const struct owned user_owns[] = {
        OWNED(kube_user, cert_pem, OWNED_SECRET),
        OWNED(kube_user, key_pem, OWNED_SECRET),
        OWNED(kube_user, cert_file, OWNED_STRING),
        OWNED(kube_user, key_file, OWNED_STRING),
        OWNED(kube_user, token, OWNED_SECRET),
        OWNED(kube_user, token_file, OWNED_STRING),
        OWNED(kube_user, username, OWNED_STRING),
        OWNED(kube_user, password, OWNED_SECRET),
        OWNED(kube_user, as, OWNED_STRING),
        OWNED(kube_user, as_uid, OWNED_STRING),
        OWNED(kube_user, as_groups, OWNED_VECTOR),
        OWNED(kube_user, as_extra, OWNED_VECTOR),
        OWNED(kube_user, exec.api_version, OWNED_STRING),
        OWNED(kube_user, exec.command, OWNED_STRING),
        OWNED(kube_user, exec.args, OWNED_VECTOR),
        OWNED(kube_user, exec.env, OWNED_VECTOR),
        OWNED(kube_user, exec.cluster_config, OWNED_STRING),
        OWNED(kube_user, exec.install_hint, OWNED_STRING),
};

static void owned_done(const struct owned *owned, size_t n, void *object)
{
        for (size_t i = 0; i < n; i++) {
                void *member = (char *)object + owned[i].offset;

                switch (owned[i].kind) {
                case OWNED_STRING:
                        free(*(char **)member);
                        break;
                case OWNED_VECTOR:
                        strv_done(member);
                        break;
                case OWNED_SECRET:
                        secret_done(member);
                        break;
                }
        }
}

/* Makes each owned member of `to`, which are zeroed, a copy. */
static int owned_copy(const struct owned *owned, size_t n, void *to, const void *from)
{
        for (size_t i = 0; i < n; i++) {
                void *target = (char *)to + owned[i].offset;
                const void *source = (const char *)from + owned[i].offset;
                const char *string;
                int r = 0;

                switch (owned[i].kind) {
                case OWNED_STRING:
                        string = *(char *const *)source;
                        if (string && !(*(char **)target = strdup(string)))
                                r = -ENOMEM;
                        break;
                case OWNED_VECTOR:
                        r = strv_copy(target, source);
                        break;
                case OWNED_SECRET:
                        if (!secret_is_empty(source))
                                r = secret_set(target, secret_reveal(source), secret_len(source));
                        break;
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static bool owned_equal(const struct owned *owned, const void *a, const void *b)
{
        const void *x = (const char *)a + owned->offset, *y = (const char *)b + owned->offset;
        const char *s, *t;

        switch (owned->kind) {
        case OWNED_VECTOR:
                return strv_equal(x, y);
        case OWNED_SECRET:
                return secret_equal(x, y);
        case OWNED_STRING:
                break;
        }
        s = *(char *const *)x;
        t = *(char *const *)y;
        return s && t ? strcmp(s, t) == 0 : s == t;
}

/* Zeroes all that owned_copy() fills. */
static void owned_forget(const struct owned *owned, size_t n, void *object)
{
        static const size_t sizes[] = { [OWNED_STRING] = sizeof(char *),
                [OWNED_VECTOR] = sizeof(struct strv),
                [OWNED_SECRET] = sizeof(struct secret) };

        for (size_t i = 0; i < n; i++)
                memset((char *)object + owned[i].offset, 0, sizes[owned[i].kind]);
}

void kube_context_done(struct kube_context *ctx)
{
        if (!ctx)
                return;
        owned_done(context_owns, ARRAY_SIZE(context_owns), ctx);
        owned_done(user_owns, ARRAY_SIZE(user_owns), &ctx->user);
        *ctx = (struct kube_context){ 0 };
}

void kube_context_free(struct kube_context *ctx)
{
        kube_context_done(ctx);
        free(ctx);
}

int kube_context_dup(struct kube_context **ret, const struct kube_context *ctx)
{
        _cleanup_(kube_context_freep) struct kube_context *copy = malloc(sizeof(*copy));
        int r;

        if (!copy)
                return -ENOMEM;
        *copy = *ctx;
        owned_forget(context_owns, ARRAY_SIZE(context_owns), copy);
        owned_forget(user_owns, ARRAY_SIZE(user_owns), &copy->user);
        r = owned_copy(context_owns, ARRAY_SIZE(context_owns), copy, ctx);
        if (r == 0)
                r = owned_copy(user_owns, ARRAY_SIZE(user_owns), &copy->user, &ctx->user);
        if (r < 0)
                return r;
        *ret = TAKE(copy);
        return 0;
}

bool kube_context_same_server(const struct kube_context *a, const struct kube_context *b)
{
        for (size_t i = 0; i < ARRAY_SIZE(context_owns); i++)
                if (context_owns[i].leads_to_server && !owned_equal(&context_owns[i], a, b))
                        return false;
        return a->insecure == b->insecure && a->disable_compression == b->disable_compression;
}

bool kube_user_equal(const struct kube_user *a, const struct kube_user *b)
{
        for (size_t i = 0; i < ARRAY_SIZE(user_owns); i++)
                if (!owned_equal(&user_owns[i], a, b))
                        return false;
        return a->exec.interactive == b->exec.interactive &&
               a->exec.provide_cluster_info == b->exec.provide_cluster_info;
}
