/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/yaml_fixture.h"

#include <errno.h>

#include "base/schema.h"
#include "base/strv.h"

/* A schema with each kind once. */

static int check_cron(const struct yaml_node *node, struct err *err)
{
        if (strcmp(node->text, "* * *") != 0)
                return 0;
        err_set(err, -EINVAL, "\"%s\" has 3 fields, 5 are expected", node->text);
        return err_remedy(err, "write minute hour day month weekday");
}

static int check_either(const struct yaml_node *node, struct err *err)
{
        if (!yaml_get(node, "clusters") || !yaml_get(node, "selector"))
                return 0;
        err_set(err, -EINVAL, "clusters and selector exclude each other");
        err_id(err, "FLT-0999");
        return err_place(err, yaml_get(node, "selector")->line, 77);
}

static const char *const on_errors[] = { "Continue", "Fail", NULL };

static const struct schema_field destination_fields[] = {
        { "clusters", SCHEMA_STRING_LIST, .help = "which clusters" },
        { "selector", SCHEMA_ANY_MAP, .help = "which labels" },
};
static const struct schema destination_schema = {
        .fields = destination_fields, .n = ARRAY_SIZE(destination_fields), .check = check_either
};

static const struct schema_field hook_fields[] = {
        { "name", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NOT_EMPTY,
                .help = "what it is called" },
        { "onError", SCHEMA_ENUM, .allowed = on_errors },
        { "old", SCHEMA_BOOL, .flags = SCHEMA_DEPRECATED, .help = "use onError" },
};
static const struct schema hook_schema = SCHEMA(hook_fields);

static const struct schema_field spec_fields[] = {
        { "schedule", SCHEMA_STRING, .check = check_cron },
        { "enabled", SCHEMA_BOOL, .help = "whether it runs" },
        { "copies", SCHEMA_INT, .min = 1, .max = 5 },
        { "anyInt", SCHEMA_INT, .help = "any integer" },
        { "ratio", SCHEMA_NUMBER, .help = "any number" },
        { "port", SCHEMA_INT_OR_STRING, .help = "a port or its name" },
        { "ttl", SCHEMA_DURATION, .help = "how long it is kept" },
        { "since", SCHEMA_TIME, .help = "when it began" },
        { "includedNamespaces", SCHEMA_STRING_LIST, .help = "what is in it" },
        { "excludedNamespaces", SCHEMA_STRING_LIST, .flags = SCHEMA_NOT_EMPTY },
        { "modes", SCHEMA_STRING_LIST, .allowed = on_errors },
        { "labels", SCHEMA_STRING_MAP, .help = "labels" },
        { "destination", SCHEMA_OBJECT, .sub = &destination_schema },
        { "hooks", SCHEMA_OBJECT_LIST, .sub = &hook_schema },
        { "named", SCHEMA_OBJECT_MAP, .sub = &hook_schema },
        { "free", SCHEMA_ANY, .help = "anything" },
        { "legacy", SCHEMA_STRING, .flags = SCHEMA_DEPRECATED },
};
static const struct schema spec_schema = SCHEMA(spec_fields);

static const struct schema_field root_fields[] = {
        { "kind", SCHEMA_STRING, .flags = SCHEMA_REQUIRED, .help = "Backup" },
        { "spec", SCHEMA_OBJECT, .sub = &spec_schema },
        { "value", SCHEMA_STRING, .flags = SCHEMA_REQUIRED | SCHEMA_NULLABLE },
};
static const struct schema root_schema = SCHEMA(root_fields);

/* Most rows are about spec alone; the others name the whole document. */
static const struct schema *schema_of(const char *path)
{
        return *path ? &spec_schema : &root_schema;
}

static const struct good {
        const char *name, *path, *yaml;
} goods[] = {
        { "every kind", "spec",
                "schedule: 0 2 * * *\nenabled: no\ncopies: 5\nanyInt: -9\nratio: 1.5\nport: 80\n"
                "ttl: 720h\nsince: 2026-09-01T09:41:00Z\nincludedNamespaces: [a, 'no']\n"
                "excludedNamespaces: [x]\nmodes: [Fail]\nlabels: {a: b, 'yes': 'on'}\n"
                "destination: {clusters: [eu-1]}\n"
                "hooks: [{name: h, onError: Fail}]\nnamed: {one: {name: nn}}\nfree: [1, {a: ~}]\n" },
        { "another int or string", "spec", "port: http\nratio: 3\nttl: 0s\n" },
        { "empty collections", "spec",
                "includedNamespaces: []\nlabels: {}\nhooks: []\ndestination: {}\n" },
        { "empty mapping", "spec", "{}" },
        { "null is unset for every kind", "spec",
                "schedule:\nenabled: ~\ncopies: null\nratio:\nport:\nttl:\nsince:\n"
                "includedNamespaces:\nexcludedNamespaces:\nmodes:\nlabels:\ndestination:\nhooks:\n"
                "named:\nfree:\n" },
        { "required and null where null is a value", "", "kind: x\nvalue: ~\n" },
        { "JSON", "", "{\"kind\": \"x\", \"value\": \"\", \"spec\": {\"copies\": 1}}" },
};

static void accepts(void **state)
{
        const struct good *c = test_row(state);
        struct yaml_docs *docs = yaml_parsed(c->yaml);
        struct err err = ERR_INIT;

        assert_ok(schema_check(schema_of(c->path), docs->roots[0], c->path, &err), &err);
        assert_int_equal(err.code, 0);
        yaml_docs_free(docs);
}

static const struct bad {
        const char *name, *path, *yaml;
        int line, column;
        const char *id, *msg, *remedy;
} bads[] = {
        { "a misspelt field", "spec", "copies: 1\nincludedNamespace: [a]\n", 2, 1,
                ERR_ID_UNKNOWN_FIELD,
                "unknown field \"spec.includedNamespace\"; did you mean \"includedNamespaces\"?",
                "write includedNamespaces, or remove the field" },
        { "other letter case", "spec", "TTL: 1h\n", 1, 1, ERR_ID_UNKNOWN_FIELD,
                "unknown field \"spec.TTL\"; did you mean \"ttl\"?", "write ttl" },
        { "swapped letters", "spec", "hokos: []\n", 1, 1, ERR_ID_UNKNOWN_FIELD,
                "unknown field \"spec.hokos\"; did you mean \"hooks\"?", "write hooks" },
        { "a field nobody means", "", "kind: x\nfoo: 1\n", 2, 1, ERR_ID_UNKNOWN_FIELD,
                "unknown field \"foo\"", "use one of: kind, spec, value" },
        { "a field deep down", "", "kind: x\nspec:\n  hooks:\n  - name: a\n  - nam: b\n", 5, 5,
                ERR_ID_UNKNOWN_FIELD, "unknown field \"spec.hooks[1].nam\"; did you mean \"name\"?",
                "write name" },
        { "the first of two mistakes", "spec", "ttl: 30d\nfoo: 1\n", 1, 6, ERR_ID_VALUE,
                "spec.ttl: unknown unit \"d\"", "write 720h" },
        { "a string wanted", "spec", "schedule: [x]\n", 1, 11, ERR_ID_WRONG_TYPE,
                "spec.schedule: expected a string, found a list", "write one text" },
        { "a boolean wanted", "spec", "enabled: maybe\n", 1, 10, ERR_ID_WRONG_TYPE,
                "spec.enabled: expected true or false, found the text \"maybe\"", "write true" },
        { "an integer wanted", "spec", "anyInt: x\n", 1, 9, ERR_ID_WRONG_TYPE,
                "spec.anyInt: expected an integer, found the text \"x\"", "whole number" },
        { "too small", "spec", "copies: 0\n", 1, 9, ERR_ID_VALUE, "spec.copies: 0 is out of range",
                "write a number from 1 to 5" },
        { "too large", "spec", "copies: 6\n", 1, 9, ERR_ID_VALUE, "spec.copies: 6 is out of range",
                "write a number from 1 to 5" },
        { "a number wanted", "spec", "ratio: '1.5'\n", 1, 8, ERR_ID_WRONG_TYPE,
                "spec.ratio: expected a number, found the text \"1.5\"", "without quotes" },
        { "a number that is none", "spec", "ratio: .nan\n", 1, 8, ERR_ID_WRONG_TYPE,
                "spec.ratio: expected a number", "write a number" },
        { "int or string wanted", "spec", "port: true\n", 1, 7, ERR_ID_WRONG_TYPE,
                "spec.port: expected a string, found the boolean true", "quote it" },
        { "a duration wanted", "spec", "ttl: [1]\n", 1, 6, ERR_ID_WRONG_TYPE,
                "spec.ttl: expected a duration, found a list", "as in 720h" },
        { "a time wanted", "spec", "since: yesterday\n", 1, 8, ERR_ID_VALUE,
                "spec.since: \"yesterday\" is not a time as RFC 3339 has it",
                "write it like 2026" },
        { "a list wanted", "spec", "includedNamespaces: web\n", 1, 21, ERR_ID_WRONG_TYPE,
                "spec.includedNamespaces: expected a list, found the text \"web\"",
                "write a list: [\"web\"]" },
        { "a list item wanted", "spec", "includedNamespaces: [a, 1]\n", 1, 25, ERR_ID_WRONG_TYPE,
                "spec.includedNamespaces[1]: expected a string, found the integer 1",
                "quote it: \"1\"" },
        { "null in a list", "spec", "includedNamespaces: [~]\n", 1, 22, ERR_ID_WRONG_TYPE,
                "spec.includedNamespaces[0]: expected a string, found null", "write a text" },
        { "an empty list refused", "spec", "excludedNamespaces: []\n", 1, 21, ERR_ID_VALUE,
                "spec.excludedNamespaces is empty", "give it a value, or remove the field" },
        { "a value of a list", "spec", "modes: [Fail, fail]\n", 1, 15, ERR_ID_VALUE,
                "spec.modes[1]: \"fail\" is not allowed; did you mean \"Fail\"?",
                "use one of: Continue, Fail" },
        { "a map wanted", "spec", "labels: [a]\n", 1, 9, ERR_ID_WRONG_TYPE,
                "spec.labels: expected a mapping, found a list", "key: value" },
        { "a map's value", "spec", "labels: {a: 1.10}\n", 1, 13, ERR_ID_WRONG_TYPE,
                "spec.labels.a: expected a string, found the number 1.10", "quote it: \"1.10\"" },
        { "a map's null", "spec", "labels: {a: }\n", 1, 13, ERR_ID_WRONG_TYPE,
                "spec.labels.a: expected a string, found null", "write a text" },
        { "a map's key", "spec", "labels: {on: a}\n", 1, 10, ERR_ID_WRONG_TYPE,
                "a key of spec.labels: expected a string, found the boolean on",
                "quote it: \"on\"" },
        { "an object wanted", "spec", "destination: eu-1\n", 1, 14, ERR_ID_WRONG_TYPE,
                "spec.destination: expected a mapping, found the text \"eu-1\"", "key: value" },
        { "a list of objects wanted", "spec", "hooks: {name: a}\n", 1, 8, ERR_ID_WRONG_TYPE,
                "spec.hooks: expected a list, found a mapping", "write a list" },
        { "an object in a list wanted", "spec", "hooks: [a]\n", 1, 9, ERR_ID_WRONG_TYPE,
                "spec.hooks[0]: expected a mapping, found the text \"a\"", "key: value" },
        { "null among objects", "spec", "hooks: [~]\n", 1, 9, ERR_ID_WRONG_TYPE,
                "spec.hooks[0]: expected a mapping, found null", "key: value" },
        { "an object in a map wanted", "spec", "named: {a: 1}\n", 1, 12, ERR_ID_WRONG_TYPE,
                "spec.named.a: expected a mapping, found the integer 1", "key: value" },
        { "a field in a map of objects", "spec", "named: {a: {nme: x}}\n", 1, 13,
                ERR_ID_UNKNOWN_FIELD, "unknown field \"spec.named.a.nme\"; did you mean \"name\"?",
                "write name" },
        { "any mapping wanted", "spec", "destination: {selector: x}\n", 1, 25, ERR_ID_WRONG_TYPE,
                "spec.destination.selector: expected a mapping", "key: value" },
        { "a value not allowed", "spec", "hooks: [{name: a, onError: Abort}]\n", 1, 28,
                ERR_ID_VALUE, "spec.hooks[0].onError: \"Abort\" is not allowed",
                "use one of: Continue, Fail" },
        { "a required field missing", "spec", "hooks:\n- onError: Fail\n", 2, 3,
                ERR_ID_MISSING_FIELD, "spec.hooks[0].name is missing",
                "add name: what it is called" },
        { "a required field null", "spec", "hooks:\n- name: ~\n", 2, 9, ERR_ID_MISSING_FIELD,
                "spec.hooks[0].name is missing", "add name" },
        { "a required field empty", "spec", "hooks:\n- name: ''\n", 2, 9, ERR_ID_VALUE,
                "spec.hooks[0].name is empty", "give it a value" },
        { "a missing field is told last", "", "spec: {ttl: x}\n", 1, 13, ERR_ID_VALUE,
                "spec.ttl: \"x\" is not a duration", "720h" },
        { "a missing field at the top", "", "spec: {}\nvalue: x\n", 1, 1, ERR_ID_MISSING_FIELD,
                "kind is missing", "add kind: Backup" },
        { "missing though null would do", "", "kind: x\n", 1, 1, ERR_ID_MISSING_FIELD,
                "value is missing", "add value" },
        { "a list at the top", "", "- a\n", 1, 1, ERR_ID_WRONG_TYPE,
                "expected a mapping, found a list", "key: value" },
        { "a field's own check", "spec", "schedule: '* * *'\n", 1, 11, ERR_ID_VALUE,
                "spec.schedule: \"* * *\" has 3 fields, 5 are expected",
                "write minute hour day month weekday" },
        { "an object's own check", "spec", "destination:\n  clusters: [a]\n  selector: {}\n", 3, 77,
                "FLT-0999", "spec.destination: clusters and selector exclude each other", "" },
};

static void refuses(void **state)
{
        const struct bad *c = test_row(state);
        struct yaml_docs *docs = yaml_parsed(c->yaml);
        struct err err = ERR_INIT;

        assert_int_equal(schema_check(schema_of(c->path), docs->roots[0], c->path, &err), -EINVAL);
        assert_err(&err, -EINVAL, c->msg);
        assert_memory_equal(err.msg, c->msg, strlen(c->msg));
        assert_string_equal(err.id, c->id);
        assert_remedy(&err, c->remedy);
        if (err.line != c->line || err.column != c->column)
                fail_msg("at %d:%d instead of %d:%d: %s", err.line, err.column, c->line, c->column,
                        err.msg);
        assert_int_equal(schema_check(schema_of(c->path), docs->roots[0], c->path, NULL), -EINVAL);
        yaml_docs_free(docs);
}

static void long_paths_are_cut(void **state)
{
        static const struct schema_field fields[] = { { "a", SCHEMA_STRING, .help = "a" } };
        static const struct schema schema = SCHEMA(fields);
        struct yaml_docs *docs = yaml_parsed("{x: 1}");
        struct err err = ERR_INIT;
        char path[600];

        memset(path, 'p', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(schema_check(&schema, docs->roots[0], path, &err), -EINVAL);
        assert_err(&err, -EINVAL, "unknown field \"ppp");
        yaml_docs_free(docs);
}

static void lists_deprecated_fields(void **state)
{
        struct yaml_docs *docs =
                yaml_parsed("legacy: x\nttl: 1h\nhooks:\n- {name: a, old: true}\n- {name: b, old: ~}\n"
                      "named:\n  n: {name: c, old: false}\n");
        struct strv lines = { 0 };
        char *text = NULL;

        assert_int_equal(schema_deprecated(&spec_schema, docs->roots[0], "spec", &lines), 0);
        assert_int_equal(strv_join(&lines, "\n", &text), 0);
        assert_text(text, "1:1: spec.legacy is deprecated\n"
                          "4:13: spec.hooks[0].old is deprecated: use onError\n"
                          "7:16: spec.named.n.old is deprecated: use onError");
        free(text);
        strv_done(&lines);
        yaml_docs_free(docs);
}

/* --- spelling --- */

static const char *const words[] = { "includedNamespaces", "excludedNamespaces", "ttl", "schedule",
        "storageLocation", "name", "Fail", NULL };

static const struct spelling {
        const char *name; /* the misspelt word itself */
        const char *nearest;
} spellings[] = {
        { "includedNamespace", "includedNamespaces" },
        { "IncludedNameSpaces", "includedNamespaces" },
        { "excludeNamespaces", "excludedNamespaces" },
        { "tll", "ttl" },
        { "tlt", "ttl" },
        { "TTL", "ttl" },
        { "Ttl", "ttl" },
        { "shcedule", "schedule" },
        { "scheduel", "schedule" },
        { "storagelocation", "storageLocation" },
        { "nam", "name" },
        { "nmae", "name" },
        { "fail", "Fail" },
        { "failed", "Fail" },
        { "volumes", NULL },
        { "x", NULL },
        { "", NULL },
        { "ttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttlttl", NULL },
};

static void spells(void **state)
{
        const struct spelling *c = test_row(state);
        const char *nearest = spell_nearest(c->name, words);

        if (!c->nearest)
                assert_null(nearest);
        else
                assert_text(nearest, c->nearest);
}

int main(void)
{
        TEST_ROWS(accepts, goods);
        TEST_ROWS(refuses, bads);
        TEST(long_paths_are_cut);
        TEST(lists_deprecated_fields);
        TEST_ROWS(spells, spellings);
        return test_run("schema");
}
