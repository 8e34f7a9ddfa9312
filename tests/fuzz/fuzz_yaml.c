/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes: a tree or an error with its place, id and remedy; from the tree, JSON or such an
 * error. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The last line that a place may name: libyaml knows more line breaks than '\n', at most one per
 * byte. */
static void assert_place(int line, int column, size_t n)
{
        assert(line >= 1 && (size_t)line <= n + 1);
        assert(column >= 1 && (size_t)column <= n + 1);
}

static void assert_error(int r, const struct err *err, size_t n)
{
        assert(r < 0 && err->code == r && err->msg[0] && err->id[0] && err->remedy[0]);
        if (strcmp(err->id, ERR_ID_TOO_LARGE) != 0)
                assert_place(err->line, err->column, n);
}

static void assert_node(const struct yaml_node *node, size_t n, unsigned height)
{
        struct err err = ERR_INIT;
        const char *text;
        int r = yaml_as_string(node, "field", &text, &err);

        assert_place(node->line, node->column, n);
        assert(node->height <= height && node->text[node->len] == '\0');
        if (r < 0)
                assert_error(r, &err, n);
        YAML_ITEMS(node, i, item)
        assert_node(item, n, height - 1);
        YAML_PAIRS(node, i, pair)
        {
                assert(yaml_get(node, pair->key->text) == pair->value || node->n > 64);
                assert_node(pair->key, n, height - 1);
                assert_node(pair->value, n, height - 1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        const struct yaml_options options = { .max_bytes = LIMIT_POLICY_BYTES, .multi = n & 1 };
        _cleanup_(yaml_docs_freep) struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;
        int r = yaml_parse((const char *)bytes, n, &options, &docs, &err);

        if (r < 0) {
                assert_error(r, &err, n);
                return 0;
        }
        assert(err.code == 0 && docs->n >= 1 && (docs->n == 1 || options.multi));
        for (size_t i = 0; i < docs->n; i++) {
                json_t *json = NULL;

                assert_node(docs->roots[i], n, LIMIT_YAML_DEPTH);
                r = yaml_to_json(docs->roots[i], &json, &err);
                if (r < 0)
                        assert_error(r, &err, n);
                json_decref(json);
        }
        return 0;
}
