/* SPDX-License-Identifier: Apache-2.0 */
/* Which volumes that a Backup covers are folders of a node. */
#include "tests/support/test.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/hostpath.h"

#define POD_OF(ns, name, annotations, volumes)                                                             \
        "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"" ns "\",\"annotations\":{" annotations "}}," \
        "\"spec\":{\"volumes\":[" volumes "]}}"
#define ON_NODE(name) "{\"name\":\"" name "\",\"hostPath\":{\"path\":\"/srv\"}}"
#define EMPTY(name)   "{\"name\":\"" name "\",\"emptyDir\":{}}"
#define PV(claim, source) "{\"metadata\":{\"name\":\"pv-1\"},\"spec\":{" claim source "}}"
#define CLAIM(ns, name)   "\"claimRef\":{\"name\":\"" name "\",\"namespace\":\"" ns "\"},"

static const struct hostpath_row {
        const char *name, *spec;
        const char *pods[8], *volumes[4];
        const char *want;
} rows[] = {
        { "nothing there", "{}", { POD_OF("shop", "db", "", EMPTY("data")) }, { NULL }, "" },
        { "in the pod", "{}", { POD_OF("shop", "db", "", EMPTY("tmp") "," ON_NODE("data")) }, { NULL }, "pod shop/db (data)" },
        { "behind a claim", "{}", { NULL }, { PV(CLAIM("shop", "files"), "\"hostPath\":{\"path\":\"/srv\"}") },
                "claim shop/files" },
        { "a local volume is backed up", "{}", { NULL }, { PV(CLAIM("shop", "files"), "\"local\":{\"path\":\"/srv\"}") }, "" },
        { "a volume that nobody claims", "{}", { NULL }, { PV("", "\"hostPath\":{\"path\":\"/srv\"}") }, "" },
        { "kube-system and Velero's namespace are the node's business", "{\"includedNamespaces\":[\"*\"]}",
                { POD_OF("kube-system", "proxy", "", ON_NODE("lib")), POD_OF("velero", "node-agent", "", ON_NODE("pods")) },
                { NULL }, "" },
        { "kubelet's own pods, too", "{}", { POD_OF("web", "static", "\"kubernetes.io/config.mirror\":\"1\"", ON_NODE("etc")) },
                { NULL }, "" },
        { "left out on purpose", "{}",
                { POD_OF("shop", "db", "\"backup.velero.io/backup-volumes-excludes\":\"cache, data\"",
                        ON_NODE("data") "," ON_NODE("dat")) }, { NULL }, "pod shop/db (dat)" },
        { "another namespace", "{\"includedNamespaces\":[\"web\"]}", { POD_OF("shop", "db", "", ON_NODE("data")) },
                { PV(CLAIM("shop", "files"), "\"hostPath\":{}") }, "" },
        { "a glob", "{\"includedNamespaces\":[\"shop-*\"],\"excludedNamespaces\":[\"shop-test\"]}",
                { POD_OF("shop-a", "db", "", ON_NODE("data")), POD_OF("shop-test", "db", "", ON_NODE("data")) }, { NULL },
                "pod shop-a/db (data)" },
        { "kinds without pods", "{\"includedResources\":[\"configmaps\"]}", { POD_OF("shop", "db", "", ON_NODE("data")) },
                { NULL }, "" },
        { "kinds with pods", "{\"includedNamespaceScopedResources\":[\"secrets\",\"pods\"]}",
                { POD_OF("shop", "db", "", ON_NODE("data")) }, { NULL }, "pod shop/db (data)" },
        { "pods are excluded", "{\"excludedResources\":[\"pods\"]}", { POD_OF("shop", "db", "", ON_NODE("data")) }, { NULL }, "" },
        { "the word in another place", "{}", { POD_OF("shop", "db", "\"note\":\"hostPath\"", EMPTY("hostPath")) }, { NULL }, "" },
        { "no pod at all", "{}", { "{\"hostPath\":", "[\"hostPath\"]", "{\"metadata\":{\"name\":\"hostPath\"},\"hostPath\":1}" },
                { "{", "[]" }, "" },
        { "many are counted", "{}",
                { POD_OF("a", "1", "", ON_NODE("x")), POD_OF("a", "2", "", ON_NODE("x")), POD_OF("a", "3", "", ON_NODE("x")),
                        POD_OF("a", "4", "", ON_NODE("x")), POD_OF("a", "5", "", ON_NODE("x")),
                        POD_OF("a", "6", "", ON_NODE("x") "," ON_NODE("y")) },
                { PV(CLAIM("a", "c"), "\"hostPath\":{}") },
                "pod a/1 (x), pod a/2 (x), pod a/3 (x), pod a/4 (x), pod a/5 (x) and 3 more" },
};

static void finds(void **state)
{
        const struct hostpath_row *row = test_row(state);
        json_t *spec = json_loads(row->spec, 0, NULL);
        struct err err = ERR_INIT;
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        struct hostpath h;

        assert_non_null(spec);
        assert_int_equal(hostpath_init(&h, spec, "velero", &err), 0);
        for (size_t i = 0; i < ARRAY_SIZE(row->pods) && row->pods[i] != NULL; i++)
                assert_int_equal(hostpath_pod(&h, row->pods[i], strlen(row->pods[i])), 0);
        for (size_t i = 0; i < ARRAY_SIZE(row->volumes) && row->volumes[i] != NULL; i++)
                assert_int_equal(hostpath_volume(&h, row->volumes[i], strlen(row->volumes[i])), 0);
        hostpath_text(&h, &text);
        assert_string_equal(text.len > 0 ? text.data : "", row->want);
        buf_done(&text);
        hostpath_done(&h);
        json_decref(spec);
}

static const struct list_row {
        const char *name, *spec, *only, *selector;
} lists[] = {
        { "of all", "{}", NULL, NULL },
        { "of one namespace", "{\"includedNamespaces\":[\"shop\"]}", "shop", NULL },
        { "a glob is not one", "{\"includedNamespaces\":[\"shop*\"]}", NULL, NULL },
        { "nor are two", "{\"includedNamespaces\":[\"a\",\"b\"]}", NULL, NULL },
        { "with labels", "{\"labelSelector\":{\"matchLabels\":{\"a\":\"b\",\"c\":\"d\"}}}", NULL, "a=b,c=d" },
        { "expressions are not translated",
                "{\"labelSelector\":{\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":[{\"key\":\"x\",\"operator\":\"Exists\"}]}}",
                NULL, NULL },
};

static void asks_for(void **state)
{
        const struct list_row *row = test_row(state);
        json_t *spec = json_loads(row->spec, 0, NULL);
        struct err err = ERR_INIT;
        struct hostpath h;

        assert_int_equal(hostpath_init(&h, spec, "velero", &err), 0);
        assert_int_equal(h.only == NULL, row->only == NULL);
        if (row->only != NULL)
                assert_string_equal(h.only, row->only);
        assert_int_equal(h.selector == NULL, row->selector == NULL);
        if (row->selector != NULL)
                assert_string_equal(h.selector, row->selector);
        hostpath_done(&h);
        json_decref(spec);
}

int main(void)
{
        TEST_ROWS(finds, rows);
        TEST_ROWS(asks_for, lists);
        return test_run("hostpath");
}
