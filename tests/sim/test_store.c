/* SPDX-License-Identifier: Apache-2.0 */
/* A table of objects, and what it was at some version. */
#include "tests/sim/store.h"

#include "tests/sim/cluster.h"
#include "tests/sim/managed.h"
#include "tests/sim/sim.h"
#include "tests/support/test.h"

struct fixture {
        struct sim sim;
        struct cluster *c;
        struct table *t;
};

static int setup(void **state)
{
        struct fixture *f = mem_zalloc(sizeof *f);

        restype_init();
        f->c = cluster_new(&f->sim, "eu-1");
        f->t = cluster_table(f->c, RT_CONFIGMAPS);
        ((struct test_state *)*state)->fixture = f;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *f = test_fixture(state);

        HASH_DEL(f->sim.clusters, f->c);
        cluster_free(f->c);
        free(f);
        restype_done();
        return 0;
}

/* Stores NAME with a value; returns the version. */
static uint64_t put(struct fixture *f, const char *name, int value)
{
        json_t *obj = json_pack("{s:{s:s}, s:i}", "metadata", "name", name, "value", value);
        uint64_t rv = table_put(f->t, "ns", name, obj)->rv;

        json_decref(obj);
        return rv;
}

/* The names and values at a version, "a1 b2". */
static void assert_at(struct fixture *f, uint64_t rv, const char *after, const char *expected)
{
        struct doc *docs[16];
        ssize_t n = table_at(f->t, rv, after, docs, ARRAY_SIZE(docs));
        struct str found = { 0 };

        assert_true(n >= 0);
        str_puts(&found, "");
        for (ssize_t i = 0; i < n; i++)
                str_printf(&found, "%s%s%c", i ? " " : "", doc_name(docs[i]),
                        *jscan(doc_json(docs[i]), "value", NULL).p);
        assert_string_equal(found.s, expected);
        str_done(&found);
}

static void remembers_versions(void **state)
{
        struct fixture *f = test_fixture(state);
        uint64_t first, second, third;

        put(f, "b", 1);
        first = put(f, "d", 1);
        put(f, "b", 2);
        put(f, "a", 1);
        second = put(f, "c", 1);
        table_remove(f->t, table_find(f->t, "ns", "d"));
        put(f, "b", 3);
        third = put(f, "d", 9);
        assert_at(f, first, "", "b1 d1");
        assert_at(f, second, "", "a1 b2 c1 d1");
        assert_at(f, third, "", "a1 b3 c1 d9");
        assert_at(f, second, "ns/b", "c1 d1");
        assert_at(f, first, "ns/b", "d1");
}

static void forgets_when_compacted(void **state)
{
        struct fixture *f = test_fixture(state);
        uint64_t old = put(f, "a", 1);
        struct doc *docs[4];

        put(f, "a", 2);
        table_compact(f->t);
        assert_int_equal(table_at(f->t, old, "", docs, 4), -1);
        assert_at(f, f->c->rv, "", "a2");
}

static void keeps_a_bounded_window(void **state)
{
        struct fixture *f = test_fixture(state);
        uint64_t old = put(f, "a", 1);
        struct doc *docs[4];

        for (int i = 0; i < 5000; i++)
                put(f, "a", i % 10);
        assert_true(f->t->n_events <= 1000);
        assert_int_equal(table_at(f->t, old, "", docs, 4), -1);
}

static void serializes_head_first_and_sorted(void **state)
{
        json_t *obj = json_loads(
                "{\"zone\":1,\"data\":{\"b\":1,\"a\":2},\"metadata\":{},\"kind\":\"x\"}", 0, NULL);
        struct str text = { 0 };

        object_serialize(restype(RT_CONFIGMAPS), obj, &text);
        assert_string_equal(text.s,
                "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"data\":{\"a\":2,\"b\":1},"
                "\"metadata\":{},\"zone\":1}");
        str_done(&text);
        json_decref(obj);
}

/* The managers of a tree and their fields, as one line of JSON each. */
static void assert_managers(const json_t *obj, const char *expected)
{
        json_t *entry;
        struct str found = { 0 };
        size_t i;

        json_array_foreach (
                json_object_get(json_object_get(obj, "metadata"), "managedFields"), i, entry) {
                char *fields = json_dumps(
                        json_object_get(entry, "fieldsV1"), JSON_COMPACT | JSON_SORT_KEYS);

                str_printf(&found, "%s%s:%s", i ? " " : "",
                        json_string_value(json_object_get(entry, "manager")), fields);
                free(fields);
        }
        assert_string_equal(found.s, expected);
        str_done(&found);
}

static void records_who_set_what(void **state)
{
        json_t *a =
                json_loads("{\"metadata\":{\"name\":\"x\"},\"spec\":{\"p\":1,\"q\":1}}", 0, NULL);
        json_t *b = json_loads(
                "{\"metadata\":{\"name\":\"x\"},\"spec\":{\"p\":2},\"status\":{}}", 0, NULL);

        managed_update(a, NULL, "one", "v1", "t", false);
        assert_managers(a, "one:{\"f:spec\":{\".\":{},\"f:p\":{},\"f:q\":{}}}");
        managed_update(b, a, "two", "v1", "t", false);
        assert_managers(
                b, "one:{\"f:spec\":{\".\":{}}} two:{\"f:spec\":{\"f:p\":{}},\"f:status\":{}}");
        json_decref(a);
        json_decref(b);
}

static void applies_and_gives_up_fields(void **state)
{
        json_t *first = json_loads("{\"metadata\":{},\"spec\":{\"p\":1,\"q\":1}}", 0, NULL);
        json_t *second = json_loads("{\"metadata\":{},\"spec\":{\"p\":1}}", 0, NULL);
        json_t *other = json_loads("{\"metadata\":{},\"spec\":{\"p\":5}}", 0, NULL), *causes = NULL;
        json_t *live =
                managed_apply(NULL, first, "one", "v1", "t", false, &(struct str){ 0 }, &causes);
        json_t *less =
                managed_apply(live, second, "one", "v1", "t", false, &(struct str){ 0 }, &causes);
        struct str why = { 0 };

        assert_null(json_object_get(json_object_get(less, "spec"), "q"));
        assert_null(managed_apply(less, other, "two", "v1", "t", false, &why, &causes));
        assert_string_equal(
                why.s, "Apply failed with 1 conflict: conflict with \"one\" using v1: .spec.p");
        json_decref(causes);
        json_decref(live);
        live = managed_apply(less, other, "two", "v1", "t", true, &why, &causes);
        assert_managers(live, "two:{\"f:spec\":{\"f:p\":{}}}");
        str_done(&why);
        json_decref(live);
        json_decref(less);
        json_decref(first);
        json_decref(second);
        json_decref(other);
}

int main(void)
{
        TEST_WITH(remembers_versions, setup, teardown);
        TEST_WITH(forgets_when_compacted, setup, teardown);
        TEST_WITH(keeps_a_bounded_window, setup, teardown);
        TEST_WITH(serializes_head_first_and_sorted, setup, teardown);
        TEST(records_who_set_what);
        TEST(applies_and_gives_up_fields);
        return test_run("sim store");
}
