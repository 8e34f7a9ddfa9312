/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/path.h"

#include <errno.h>
#include <string.h>

/* Appends `str` with everything but A-Z a-z 0-9 - . _ ~ as %XX. -ENOMEM. */
static int kube_escape(struct buf *out, const char *str)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                    "-._~";

        while (*str) {
                size_t n = strspn(str, plain);

                buf_append(out, str, n);
                str += n;
                if (*str)
                        buf_printf(out, "%%%02X", (unsigned char)*str++);
        }
        return out->error;
}

int kube_query_add(struct buf *query, const char *key, const char *value)
{
        if (query->len)
                buf_putc(query, '&');
        kube_escape(query, key);
        buf_putc(query, '=');
        return kube_escape(query, value);
}

/* What Kubernetes refuses as a path segment: it would name another object, or none. */
static bool segment_is_good(const char *s)
{
        return *s && strcmp(s, ".") != 0 && strcmp(s, "..") != 0 && !strpbrk(s, "/%");
}

static int add_segment(struct buf *out, const char *what, const char *s, struct err *err)
{
        if (!segment_is_good(s))
                return err_set(err, -EINVAL, "\"%s\" cannot be a %s", s, what);
        (void)buf_putc(out, '/');
        (void)kube_escape(out, s);
        return 0; /* a full buffer is told once, at the end */
}

int kube_path(struct buf *out, const struct kube_resource *res, const char *ns, const char *name,
        const char *sub, struct err *err)
{
        int r = 0;

        if (name && !ns && !res->cluster_scoped)
                return err_set(err, -EINVAL, "%s \"%s\" without its namespace", res->kind, name);
        if (*res->group)
                buf_printf(out, "/apis/%s/%s", res->group, res->version);
        else
                buf_printf(out, "/api/%s", res->version);
        if (ns && !res->cluster_scoped) {
                buf_puts(out, "/namespaces");
                r = add_segment(out, "namespace", ns, err);
        }
        buf_printf(out, "/%s", res->plural);
        if (r == 0 && name)
                r = add_segment(out, "name", name, err);
        if (r == 0 && name && sub)
                r = add_segment(out, "subresource", sub, err);
        if (r == 0 && out->error)
                r = err_set(err, out->error, "the path of a %s is too long", res->kind);
        return r;
}
