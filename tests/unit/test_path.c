/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "base/limits.h"
#include "k8s/path.h"

static const struct kube_resource backups = {
        .group = "velero.io", .version = "v1", .plural = "backups", .kind = "Backup"
};
static const struct kube_resource pods = {
        .group = "", .version = "v1", .plural = "pods", .kind = "Pod"
};
static const struct kube_resource namespaces = { .group = "",
        .version = "v1",
        .plural = "namespaces",
        .kind = "Namespace",
        .cluster_scoped = true };

static const struct path_row {
        const char *name;
        const struct kube_resource *res;
        const char *ns, *object, *sub, *path;
        const char *error;
} paths[] = {
        { "collection", &backups, "velero", NULL, NULL,
                "/apis/velero.io/v1/namespaces/velero/backups", NULL },
        { "all_namespaces", &backups, NULL, NULL, NULL, "/apis/velero.io/v1/backups", NULL },
        { "object", &backups, "velero", "nightly-1", NULL,
                "/apis/velero.io/v1/namespaces/velero/backups/nightly-1", NULL },
        { "subresource", &backups, "velero", "x", "status",
                "/apis/velero.io/v1/namespaces/velero/backups/x/status", NULL },
        { "core", &pods, "web", "p", "log", "/api/v1/namespaces/web/pods/p/log", NULL },
        { "cluster_scoped", &namespaces, NULL, "web", NULL, "/api/v1/namespaces/web", NULL },
        { "cluster_scoped_ignores_namespace", &namespaces, "x", "web", NULL,
                "/api/v1/namespaces/web", NULL },
        { "escaped", &backups, "velero", "a b?c#d\xc3\xa4", NULL,
                "/apis/velero.io/v1/namespaces/velero/backups/a%20b%3Fc%23d%C3%A4", NULL },
        { "colon", &namespaces, NULL, "system:node", NULL, "/api/v1/namespaces/system%3Anode",
                NULL },
        { "no_namespace", &backups, NULL, "x", NULL, NULL, "Backup \"x\" without its namespace" },
        { "empty_name", &backups, "velero", "", NULL, NULL, "\"\" cannot be a name" },
        { "dot_dot", &backups, "velero", "..", NULL, NULL, "\"..\" cannot be a name" },
        { "slash", &backups, "velero", "a/b", NULL, NULL, "\"a/b\" cannot be a name" },
        { "percent", &backups, "velero", "a%2fb", NULL, NULL, "cannot be a name" },
        { "bad_namespace", &backups, ".", "x", NULL, NULL, "\".\" cannot be a namespace" },
        { "bad_subresource", &backups, "velero", "x", "a/b", NULL, "cannot be a subresource" },
};

static void makes_paths(void **state)
{
        const struct path_row *row = test_row(state);
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        int r = kube_path(&out, row->res, row->ns, row->object, row->sub, &err);

        if (row->error) {
                assert_int_equal(r, -EINVAL);
                assert_err(&err, -EINVAL, row->error);
                return;
        }
        assert_ok(r, &err);
        assert_string_equal(out.data, row->path);
}

static void says_when_it_does_not_fit(void **state)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(20);
        struct err err = ERR_INIT;

        (void)state;
        assert_int_equal(kube_path(&out, &backups, "velero", "x", NULL, &err), -EFBIG);
        assert_err(&err, -EFBIG, "the path of a Backup is too long");
}

static void makes_queries(void **state)
{
        _cleanup_(buf_done) struct buf q = BUF_INIT(LIMIT_TEXT_BYTES);

        (void)state;
        assert_int_equal(kube_query_add(&q, "labelSelector", "a in (b,c),d=e/f"), 0);
        assert_int_equal(kube_query_add(&q, "limit", "250"), 0);
        assert_string_equal(q.data, "labelSelector=a%20in%20%28b%2Cc%29%2Cd%3De%2Ff&limit=250");
}

int main(void)
{
        TEST_ROWS(makes_paths, paths);
        TEST(says_when_it_does_not_fit);
        TEST(makes_queries);
        return test_run("path");
}
