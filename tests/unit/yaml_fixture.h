/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the tests of YAML share: one policy's document, parsed. */
#include "tests/support/test.h"

#include "base/limits.h"
#include "base/yaml.h"

static const struct yaml_options yaml_one_document = { .max_bytes = LIMIT_POLICY_BYTES };

/* The text is good. Caller frees. */
static inline struct yaml_docs *yaml_parsed(const char *text)
{
        struct yaml_docs *docs = NULL;
        struct err err = ERR_INIT;

        assert_ok(yaml_parse(text, strlen(text), &yaml_one_document, &docs, &err), &err);
        assert_int_equal(docs->n, 1);
        return docs;
}
