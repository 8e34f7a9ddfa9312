/* SPDX-License-Identifier: Apache-2.0 */
/* Patches, schemas, and finding members in serialized JSON. */
#include "tests/sim/jsonpatch.h"

#include "tests/sim/jscan.h"
#include "tests/sim/validate.h"
#include "tests/support/test.h"

static const struct patch_row {
        const char *name;
        const char *doc, *patch;
        const char *result; /* NULL: it cannot be applied */
} merges[] = {
        { "sets and keeps", "{'a':1,'b':2}", "{'a':3}", "{'a':3,'b':2}" },
        { "null removes", "{'a':1,'b':2}", "{'a':null}", "{'b':2}" },
        { "goes deep", "{'a':{'b':1,'c':2}}", "{'a':{'b':null}}", "{'a':{'c':2}}" },
        { "lists are replaced", "{'a':[1,2]}", "{'a':[3]}", "{'a':[3]}" },
        { "nulls of new objects are dropped", "{}", "{'a':{'b':null,'c':1}}", "{'a':{'c':1}}" },
}, operations[] = {
        { "add", "{'a':{}}", "[{'op':'add','path':'/a/b','value':1}]", "{'a':{'b':1}}" },
        { "add to a list's end", "{'a':[1]}", "[{'op':'add','path':'/a/-','value':2}]",
                "{'a':[1,2]}" },
        { "add into a list", "{'a':[1]}", "[{'op':'add','path':'/a/0','value':2}]", "{'a':[2,1]}" },
        { "add below nothing", "{}", "[{'op':'add','path':'/a/b','value':1}]", NULL },
        { "replace", "{'a':1}", "[{'op':'replace','path':'/a','value':2}]", "{'a':2}" },
        { "replace adds a member", "{}", "[{'op':'replace','path':'/a','value':2}]", "{'a':2}" },
        { "remove", "{'a':1}", "[{'op':'remove','path':'/a'}]", "{}" },
        { "remove what is not there", "{}", "[{'op':'remove','path':'/a'}]", NULL },
        { "test that holds", "{'a':1}",
                "[{'op':'test','path':'/a','value':1},{'op':'remove','path':'/a'}]", "{}" },
        { "test that fails", "{'a':1}",
                "[{'op':'test','path':'/a','value':2},{'op':'remove','path':'/a'}]", NULL },
        { "move", "{'a':1}", "[{'op':'move','from':'/a','path':'/b'}]", "{'b':1}" },
        { "copy", "{'a':1}", "[{'op':'copy','from':'/a','path':'/b'}]", "{'a':1,'b':1}" },
        { "escapes", "{'a/b':1,'c~d':2}",
                "[{'op':'remove','path':'/a~1b'},{'op':'remove','path':'/c~0d'}]", "{}" },
        { "no operation", "{}", "[{'op':'zork','path':'/a'}]", NULL },
};

static json_t *tree(const char *quoted)
{
        char *text = mem_strdup(quoted);
        json_t *t;

        for (char *p = text; *p; p++)
                if (*p == '\'')
                        *p = '"';
        t = json_loads(text, JSON_DECODE_ANY, NULL);
        free(text);
        assert_non_null(t);
        return t;
}

static void assert_tree(json_t *found, const char *expected)
{
        json_t *want = tree(expected);

        assert_true(json_equal(found, want));
        json_decref(want);
}

static void merges_patch(void **state)
{
        const struct patch_row *row = test_row(state);
        json_t *doc = tree(row->doc), *patch = tree(row->patch);

        merge_patch(&doc, patch);
        assert_tree(doc, row->result);
        json_decref(doc);
        json_decref(patch);
}

static void applies_operations(void **state)
{
        const struct patch_row *row = test_row(state);
        json_t *doc = tree(row->doc), *patch = tree(row->patch);
        struct str why = { 0 };

        assert_int_equal(json_patch(&doc, patch, &why) == 0, row->result != NULL);
        if (row->result)
                assert_tree(doc, row->result);
        else
                assert_true(why.len > 0);
        str_done(&why);
        json_decref(doc);
        json_decref(patch);
}

#define SCHEMA                                                                                   \
        "{spec:{name!:s,n:i,flag:?b,since^18:s,list:[{x!:s}]+,map:<s>,any:x},status:{phase:s(A|" \
        "B),at:?t}}"

static const struct schema_row {
        const char *name;
        const char *object;
        const char *unknown; /* path; NULL: none */
        const char *cause;   /* "field: message"; NULL: none */
} judged[] = {
        { "all is well",
                "{'spec':{'name':'x','n':1,'flag':null,'list':[{'x':'y'}],'map':{'k':'v'},"
                "'any':[1]}}",
                NULL, NULL },
        { "unknown", "{'spec':{'name':'x','zork':1}}", "spec.zork", NULL },
        { "unknown in a list", "{'spec':{'name':'x','list':[{'x':'a','y':1}]}}", "spec.list[0].y",
                NULL },
        { "unknown to that version", "{'spec':{'name':'x','since':'y'}}", "spec.since", NULL },
        { "missing", "{'spec':{}}", NULL, "spec.name: Required value" },
        { "wrong type", "{'spec':{'name':5}}", NULL,
                "spec.name: Invalid value: \"integer\": spec.name in body must be of type string: "
                "\"integer\"" },
        { "null where none may be", "{'spec':{'name':null}}", NULL,
                "spec.name: Invalid value: \"null\": spec.name in body must be of type string: "
                "\"null\"" },
        { "wrong type in a map", "{'spec':{'name':'x','map':{'k':1}}}", NULL,
                "spec.map.k: Invalid value: \"integer\": spec.map.k in body must be of type "
                "string: "
                "\"integer\"" },
        { "no such value", "{'spec':{'name':'x'},'status':{'phase':'C'}}", NULL,
                "status.phase: Unsupported value: \"C\": supported values: \"A\", \"B\"" },
        { "empty list", "{'spec':{'name':'x','list':[]}}", NULL,
                "spec.list: Invalid value: 0: spec.list in body should have at least 1 items" },
        { "no time", "{'spec':{'name':'x'},'status':{'at':'soon'}}", NULL,
                "status.at: Invalid value: \"soon\": status.at in body must be of type date-time: "
                "\"soon\"" },
};

static void judges(void **state)
{
        const struct schema_row *row = test_row(state);
        json_t *object = tree(row->object), *cause;
        struct verdict v;

        schema_judge(&v, SCHEMA, object, 17);
        assert_int_equal(json_array_size(v.unknown), row->unknown ? 1 : 0);
        assert_int_equal(json_array_size(v.causes), row->cause ? 1 : 0);
        if (row->unknown)
                assert_string_equal(json_string_value(json_array_get(v.unknown, 0)), row->unknown);
        cause = json_array_get(v.causes, 0);
        if (row->cause) {
                char *told =
                        mem_printf("%s: %s", json_string_value(json_object_get(cause, "field")),
                                json_string_value(json_object_get(cause, "message")));

                assert_string_equal(told, row->cause);
                free(told);
        }
        schema_prune(object, v.unknown);
        verdict_done(&v);
        schema_judge(&v, SCHEMA, object, 17);
        assert_int_equal(json_array_size(v.unknown), 0);
        verdict_done(&v);
        json_decref(object);
}

static void finds_members(void **state)
{
        static const char json[] =
                "{\"a\":{\"x\":\"}\\\"{\",\"b\":[1,{\"c\":2}],\"c\":\"found\"},\"d\":true}";

        assert_true(jscan_is(jscan(json, "a", "c", NULL), "found"));
        assert_int_equal(jscan(json, "a", "b", NULL).n, strlen("[1,{\"c\":2}]"));
        assert_int_equal(*jscan(json, "d", NULL).p, 't');
        assert_null(jscan(json, "a", "nope", NULL).p);
        assert_null(jscan(json, "d", "deeper", NULL).p);
        assert_null(jscan("{}", "a", NULL).p);
}

int main(void)
{
        TEST_ROWS(merges_patch, merges);
        TEST_ROWS(applies_operations, operations);
        TEST_ROWS(judges, judged);
        TEST(finds_members);
        return test_run("sim patches and schemas");
}
