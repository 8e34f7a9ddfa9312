/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/yaml_fixture.h"

#include <errno.h>
#include <jansson.h>

static const struct yaml_options many_documents = { .max_bytes = LIMIT_POLICY_BYTES, .multi = true };

/* --- what is accepted, as the JSON kubectl makes of it --- */

static const struct accepted {
        const char *name, *yaml, *json;
} accepted[] = {
        { "a mapping", "a: 1\nb: x\n", "{\"a\":1,\"b\":\"x\"}" },
        { "nested", "a:\n  b:\n  - c\n  - d: e\n", "{\"a\":{\"b\":[\"c\",{\"d\":\"e\"}]}}" },
        { "json", "{\"a\": [1, 2.5, true, null, \"x\"], \"b\":{}}",
                "{\"a\":[1,2.5,true,null,\"x\"],\"b\":{}}" },
        { "json indented with tabs", "{\n\t\"a\": [\n\t\t1\n\t]\n}\n", "{\"a\":[1]}" },
        { "json without blanks", "{\"a\":1,\"b\":\"c\"}", "{\"a\":1,\"b\":\"c\"}" },
        { "json escapes", "{\"a\": \"\\/\\n\\u00e9\\\"\"}", "{\"a\":\"/\\n\xC3\xA9\\\"\"}" },
        { "booleans of YAML 1.1", "[yes, No, ON, off, y, N, True, FALSE]",
                "[true,false,true,false,true,false,true,false]" },
        { "nulls", "[~, null, Null, NULL]", "[null,null,null,null]" },
        { "an empty value is null", "a:\nb: 1\n", "{\"a\":null,\"b\":1}" },
        { "quoted scalars are text", "['yes', \"1\", '']", "[\"yes\",\"1\",\"\"]" },
        { "block scalars are text", "a: |\n  1\nb: >-\n  yes\n", "{\"a\":\"1\\n\",\"b\":\"yes\"}" },
        { "integers", "[0, -0, +1, 0x1F, 0o17, 017, 0b101, 1_000, -9223372036854775808]",
                "[0,0,1,31,15,15,5,1000,-9223372036854775808]" },
        { "08 is the float 8", "[08, 1.50, .5, 1., 1e3, -1.5E-3]", "[8,1.5,0.5,1,1000,-0.0015]" },
        { "underscores in numbers", "[1_000, +1_0.5_0, .1_0, 0x_ff]", "[1000,10.5,0.1,255]" },
        { "underscores in text", "[_1, .1_, ._1, 0x_]", "[\"_1\",\".1_\",\"._1\",\"0x_\"]" },
        { "text that resembles numbers",
                "[1.2.3, 0x, 1e, 12h, 1:30, 2026-09-01, +, '-', 1e999, _1]",
                "[\"1.2.3\",\"0x\",\"1e\",\"12h\",\"1:30\",\"2026-09-01\",\"+\",\"-\",\"1e999\",\"_1\"]" },
        { "tags of the core schema",
                "[!!str 1, !!int \"3\", !!float 1, !!bool \"yes\", !!null \"\", ! 1]",
                "[\"1\",3,1,true,null,\"1\"]" },
        { "tagged collections", "!!map {a: !!seq [1]}", "{\"a\":[1]}" },
        { "an alias", "a: &x [1, 2]\nb: *x\n", "{\"a\":[1,2],\"b\":[1,2]}" },
        { "an anchor given twice", "a: &x 1\nb: &x 2\nc: *x\n", "{\"a\":1,\"b\":2,\"c\":2}" },
        { "an alias as a key", "a: &x k\n*x : 1\n", "{\"a\":\"k\",\"k\":1}" },
        { "a merge key", "base: &b {p: 1, q: 2}\nc:\n  q: 3\n  <<: *b\n",
                "{\"base\":{\"p\":1,\"q\":2},\"c\":{\"q\":3,\"p\":1}}" },
        { "a merge of several, the first wins",
                "a: &a {x: 1}\nb: &b {x: 2, w: 2}\nc: {<<: [*a, *b], z: 3}\n",
                "{\"a\":{\"x\":1},\"b\":{\"x\":2,\"w\":2},\"c\":{\"z\":3,\"x\":1,\"w\":2}}" },
        { "a quoted << is a key", "{'<<': 1}", "{\"<<\":1}" },
        { "keys that are no text", "{1: a, yes: b, 0x10: c}",
                "{\"1\":\"a\",\"true\":\"b\",\"16\":\"c\"}" },
        { "a byte order mark",
                "\xEF\xBB\xBF"
                "a: 1\n",
                "{\"a\":1}" },
        { "carriage returns", "a: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}" },
        { "no newline at the end", "a: 1", "{\"a\":1}" },
        { "document markers", "---\na: 1\n...\n", "{\"a\":1}" },
        { "comments", "# c\na: 1 # d\n", "{\"a\":1}" },
        { "a version directive", "%YAML 1.1\n---\na: 1\n", "{\"a\":1}" },
        { "an empty document behind", "a: 1\n---\n# nothing\n", "{\"a\":1}" },
        { "tabs that separate", "a:\t1\nb: [1,\t2]\t# c\n", "{\"a\":1,\"b\":[1,2]}" },
        { "a text of several lines", "a: x\n  y\n", "{\"a\":\"x y\"}" },
        { "large unsigned", "[9223372036854775807]", "[9223372036854775807]" },
        { "beyond 64 bits is a float", "[99999999999999999999]", "[1e20]" },
};

static void accepts(void **state)
{
        const struct accepted *c = test_row(state);
        struct yaml_docs *docs = yaml_parsed(c->yaml);
        json_t *json = NULL, *expected = json_loads(c->json, JSON_DECODE_ANY, NULL);
        struct err err = ERR_INIT;

        assert_non_null(expected);
        assert_ok(yaml_to_json(docs->roots[0], &json, &err), &err);
        if (!json_equal(json, expected)) {
                char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);

                assert_text(text, c->json);
        }
        json_decref(json);
        json_decref(expected);
        yaml_docs_free(docs);
}

/* --- what is refused --- */

static const struct refused {
        const char *name, *yaml;
        int line, column;
        const char *id, *msg, *remedy;
} refused[] = {
        { "nothing", "", 1, 1, ERR_ID_EMPTY, "the document is empty", "write its fields" },
        { "blanks only", "\n\n  \n", 1, 1, ERR_ID_EMPTY, "the document is empty", "write" },
        { "comments only", "# a\n# b\n", 1, 1, ERR_ID_EMPTY, "the document is empty", "write" },
        { "empty documents only", "---\n---\n", 1, 1, ERR_ID_EMPTY, "the document is empty",
                "write" },
        { "duplicate key", "a: 1\nb: 2\na: 3\n", 3, 1, ERR_ID_DUPLICATE_KEY,
                "the key \"a\" is given twice, first on line 1", "remove one" },
        { "duplicate key in JSON", "{\"a\": 1,\n \"a\": 2}", 2, 2, ERR_ID_DUPLICATE_KEY,
                "the key \"a\" is given twice, first on line 1", "remove one" },
        { "the first of several duplicates", "b: 1\na: 1\na: 2\nb: 2\na: 3\n", 3, 1,
                ERR_ID_DUPLICATE_KEY, "the key \"a\" is given twice, first on line 2",
                "remove one" },
        { "duplicate merge key", "a: &a {}\nb:\n  <<: *a\n  <<: *a\n", 4, 3, ERR_ID_DUPLICATE_KEY,
                "the key \"<<\" is given twice", "remove one" },
        { "tab in indentation", "a:\n\tb: 1\n", 2, 1, ERR_ID_SYNTAX,
                "a tab is used for indentation", "use spaces" },
        { "tab behind spaces", "a:\n  b: 1\n \tc: 1\n", 3, 2, ERR_ID_SYNTAX,
                "a tab is used for indentation", "use spaces" },
        { "tab below a list item", "a:\n- b: 1\n\tc: 1\n", 3, 1, ERR_ID_SYNTAX,
                "a tab is used for indentation", "use spaces" },
        { "tab behind a dash", "-\ta: 1\n- b\n", 1, 2, ERR_ID_SYNTAX,
                "a tab is used for indentation", "use spaces" },
        { "a comma missing in JSON with tabs", "{\n\t\"a\": 1\n\t\"b\": 2\n}", 3, 5, ERR_ID_SYNTAX,
                "a ',' or '}' is expected here", "close the mapping" },
        { "undefined alias", "a: *nope\n", 1, 4, ERR_ID_ALIAS,
                "the alias \"*nope\" has no anchor before it",
                "quote it if it is text: \"*nope\"" },
        { "alias before its anchor", "a: *x\nb: &x 1\n", 1, 4, ERR_ID_ALIAS, "no anchor before it",
                "quote" },
        { "self-reference", "a: &x [1, *x]\n", 1, 11, ERR_ID_ALIAS,
                "the alias \"*x\" stands inside its own anchor", "write the value out" },
        { "a glob", "- *.example.com\n", 1, 3, ERR_ID_SYNTAX, "'*' begins an alias here", "quote" },
        { "a star", "a: *\n", 1, 4, ERR_ID_SYNTAX, "'*' begins an alias here",
                "quote the text: \"*\"" },
        { "a merge of text", "a:\n  <<: x\n", 2, 7, ERR_ID_ALIAS,
                "the merge key \"<<\" expects a mapping, found a string", "<<: *name" },
        { "a merge of lists of lists", "a: &a [{x: 1}]\nb: {<<: [*a]}\n", 1, 4, ERR_ID_ALIAS,
                "expects a mapping, found a list", "<<: *name" },
        { "a tag of someone", "a: !Ref x\n", 1, 4, ERR_ID_SYNTAX, "the tag \"!Ref\" does not fit",
                "remove the tag" },
        { "binary", "a: !!binary aGk=\n", 1, 4, ERR_ID_SYNTAX, "binary\" does not fit this value",
                "remove" },
        { "a set", "!!set {a}\n", 1, 1, ERR_ID_SYNTAX, "set\" does not fit this value", "remove" },
        { "a tag that lies", "a: !!int x\n", 1, 4, ERR_ID_SYNTAX, "int\" does not fit this value",
                "remove" },
        { "a list tagged as text", "a: !!str [x]\n", 1, 4, ERR_ID_SYNTAX, "str\" does not fit",
                "remove" },
        { "not UTF-8", "a: caf\xE9\n", 1, 7, ERR_ID_ENCODING,
                "the byte 0xE9 at offset 6 is not UTF-8", "save it as UTF-8" },
        { "not UTF-8 on a later line", "\xC3\xA9: 1\nb: \xC3\xA9\xFF\n", 2, 5, ERR_ID_ENCODING,
                "the byte 0xFF at offset 11", "save it as UTF-8" },
        { "UTF-16",
                "\xFF\xFE"
                "a",
                1, 1, ERR_ID_ENCODING, "the document is UTF-16", "save it as UTF-8" },
        { "a NUL escape", "a: \"x\\0y\"\n", 1, 4, ERR_ID_ENCODING, "the text holds a NUL",
                "remove" },
        { "a control character", "a: 1\nb: x\x01\n", 2, 5, ERR_ID_SYNTAX,
                "control characters are not allowed", "remove it" },
        { "a second document", "a: 1\n---\nb: 2\n", 2, 1, ERR_ID_DOCUMENTS,
                "a second document begins here, only one is expected", "a file of its own" },
        { "a list as a key", "[a]: 1\n", 1, 1, ERR_ID_SYNTAX, "the key is a list",
                "use text as the key" },
        { "a mapping as a key", "? {a: 1}\n: 1\n", 1, 3, ERR_ID_SYNTAX, "the key is a mapping",
                "use text" },
        { "a template as a value", "a: {{ x }}\n", 1, 5, ERR_ID_SYNTAX, "the key is a mapping",
                "quote it" },
        { "null as a key", "~: 1\n", 1, 1, ERR_ID_SYNTAX, "the key is null", "quote it" },
        { "no key", "?\n: 1\n", 1, 2, ERR_ID_SYNTAX, "the key is missing", "before the colon" },
        { "text behind the document", "{\"a\": 1}}\n", 1, 9, ERR_ID_SYNTAX,
                "text follows the end of the document", "remove it" },
        { "text behind a list", "[1]\nx\n", 2, 1, ERR_ID_SYNTAX, "text follows the end",
                "remove it" },
        { "a list not closed", "a: [1, 2\nb: 3\n", 2, 2, ERR_ID_SYNTAX,
                "a ',' or ']' is expected here", "close the list" },
        { "a quote not closed", "a: 1\nb: \"x\nc: 2\n", 2, 4, ERR_ID_SYNTAX,
                "the quoted text is not closed", "add the missing quote" },
        { "a colon in a value", "a: b: c\n", 1, 5, ERR_ID_SYNTAX, "a ':' is not expected here",
                "quote" },
        { "a colon missing", "a: 1\nb\nc: 2\n", 2, 1, ERR_ID_SYNTAX,
                "a ':' is missing after the key", "key: value" },
        { "a key too far left", "a:\n    b: 1\n  c: 2\n", 3, 3, ERR_ID_SYNTAX,
                "a key is expected here", "indent it like the keys beside it" },
        { "an item too far left", "a:\n  - b\n - c\n", 3, 2, ERR_ID_SYNTAX,
                "a key is expected here", "indent" },
        { "a list on its key's line", "a: - b\n", 1, 4, ERR_ID_SYNTAX,
                "a list item is not expected here", "a line of its own" },
        { "an at sign", "a: @x\n", 1, 4, ERR_ID_SYNTAX, "cannot begin with this character",
                "quote the text" },
        { "an unknown escape", "a: \"\\d\"\n", 1, 5, ERR_ID_SYNTAX,
                "the escape after '\\' is unknown", "single quotes" },
        { "half a surrogate pair", "{\"a\": \"\\ud83d\\ude00\"}", 1, 10, ERR_ID_SYNTAX,
                "half of a surrogate pair", "in UTF-8" },
        { "an unknown version", "%YAML 3.0\n---\na: 1\n", 1, 1, ERR_ID_SYNTAX,
                "this version of YAML is not supported", "remove the %YAML line" },
};

static void refuses(void **state)
{
        const struct refused *c = test_row(state);
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(yaml_parse(c->yaml, strlen(c->yaml), &yaml_one_document, &docs, &err), -EINVAL);
        assert_null(docs);
        assert_err(&err, -EINVAL, c->msg);
        assert_string_equal(err.id, c->id);
        assert_remedy(&err, c->remedy);
        if (err.line != c->line || err.column != c->column)
                fail_msg("at %d:%d instead of %d:%d: %s", err.line, err.column, c->line, c->column,
                        err.msg);
        assert_int_equal(yaml_parse(c->yaml, strlen(c->yaml), &yaml_one_document, &docs, NULL), -EINVAL);
}

static void refuses_nul_bytes(void **state)
{
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(yaml_parse("a: 1\nb\0: 2", 10, &yaml_one_document, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the byte at offset 6 is NUL");
        assert_string_equal(err.id, ERR_ID_ENCODING);
        assert_int_equal(err.line, 2);
        assert_int_equal(err.column, 2);
}

/* --- several documents --- */

static void several_documents(void **state)
{
        static const char text[] = "# head\n---\n---\na: &x 1\n---\n# nothing\n---\nb: 2\n...\n";
        static const char strange[] = "a: &x 1\n---\nb: *x\n";
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        assert_ok(yaml_parse(text, strlen(text), &many_documents, &docs, &err), &err);
        assert_int_equal(docs->n, 2);
        assert_non_null(yaml_get(docs->roots[0], "a"));
        assert_int_equal(yaml_get(docs->roots[1], "b")->line, 8);
        yaml_docs_free(docs);
        docs = NULL;
        assert_int_equal(
                yaml_parse(strange, strlen(strange), &many_documents, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the alias \"*x\" has no anchor before it");
        assert_int_equal(yaml_parse("---\n", 4, &many_documents, &docs, &err), -EINVAL);
        assert_err(&err, -EINVAL, "the document is empty");
}

/* --- places --- */

static void nodes_know_their_places(void **state)
{
        struct yaml_docs *docs = yaml_parsed("# c\n\xC3\xA9: {k: v}\nlist:\n- one\n-   two\nt: |\n  x\n");
        const struct yaml_node *root = docs->roots[0], *list = yaml_get(root, "list");

        assert_int_equal(root->line, 2);
        assert_int_equal(root->column, 1);
        assert_int_equal(yaml_find(root, "\xC3\xA9.k")->column, 8);
        assert_int_equal(yaml_get_pair(root, "list")->key->line, 3);
        assert_int_equal(list->items[1]->line, 5);
        assert_int_equal(list->items[1]->column, 5);
        assert_int_equal(list->height, 2);
        assert_int_equal(root->height, 3);
        assert_true(yaml_get(root, "t")->quoted);
        assert_false(list->items[0]->quoted);
        yaml_docs_free(docs);
}

static void finding_tolerates_anything(void **state)
{
        struct yaml_docs *docs = yaml_parsed("a: {b: {c: 1}, n: null}\nl: [1, 2]\n");
        const struct yaml_node *root = docs->roots[0];
        size_t seen = 0;

        assert_int_equal(yaml_find(root, "a.b.c")->type, YAML_TYPE_INT);
        assert_ptr_equal(yaml_find(root, ""), root);
        assert_null(yaml_find(root, "a.x.c"));
        assert_null(yaml_find(root, "l.0"));
        assert_null(yaml_find(NULL, "a"));
        assert_null(yaml_get(NULL, "a"));
        assert_true(yaml_is_null(yaml_find(root, "a.n")));
        assert_true(yaml_is_null(NULL));
        assert_false(yaml_is_null(root));
        YAML_PAIRS(root, i, pair)
        {
                assert_non_null(pair->key);
                seen++;
                if (i == 0)
                        continue;
        }
        YAML_ITEMS(yaml_get(root, "l"), i, item)
        {
                assert_string_equal(item->text, "1");
                seen++;
                break;
        }
        YAML_ITEMS(root, i, item)
        assert_null(item);
        YAML_PAIRS((const struct yaml_node *)NULL, i, pair)
        assert_null(pair);
        assert_int_equal(seen, 3);
        yaml_docs_free(docs);
}

/* --- what is no JSON --- */

static const struct refused not_json[] = {
        { "json: not a number", "a: .nan\n", 1, 4, ERR_ID_VALUE, ".nan cannot be written in JSON",
                "quote" },
        { "json: infinity", "a: [-.Inf]\n", 1, 5, ERR_ID_VALUE, "-.Inf cannot be written in JSON",
                "quote" },
        { "json: over 64 bits", "a: 9223372036854775808\n", 1, 4, ERR_ID_VALUE,
                "9223372036854775808 cannot be written", "quote" },
        { "json: a float as a key", "a: 1\n1.5: 2\n", 2, 1, ERR_ID_VALUE, "the key 1.5 is a number",
                "quote it: \"1.5\"" },
        { "json: keys that become one", "yes: 1\non: 2\n", 2, 1, ERR_ID_DUPLICATE_KEY,
                "the key on means \"true\", which is given before", "remove one" },
};

static void refuses_to_make_json(void **state)
{
        const struct refused *c = test_row(state);
        struct yaml_docs *docs = yaml_parsed(c->yaml);
        struct err err = ERR_INIT;
        json_t *json = NULL;

        assert_int_equal(yaml_to_json(docs->roots[0], &json, &err), -EINVAL);
        assert_null(json);
        assert_err(&err, -EINVAL, c->msg);
        assert_string_equal(err.id, c->id);
        assert_remedy(&err, c->remedy);
        assert_int_equal(err.line, c->line);
        assert_int_equal(err.column, c->column);
        yaml_docs_free(docs);
}

int main(void)
{
        TEST_ROWS(accepts, accepted);
        TEST_ROWS(refuses, refused);
        TEST(refuses_nul_bytes);
        TEST(several_documents);
        TEST(nodes_know_their_places);
        TEST(finding_tolerates_anything);
        TEST_ROWS(refuses_to_make_json, not_json);
        return test_run("yaml");
}
