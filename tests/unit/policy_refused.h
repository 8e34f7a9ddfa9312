/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What a policy must not be, as rows: for each mistake the code, the place, the sentence and the remedy. */
#include "tests/support/test.h"

#include "ops/policy.h"
#include "tests/unit/policy_fixture.h"

#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* A fleet of three clusters; "zone" is their label. */
static const char *const clusters[] = { "eu-1", "eu-2", "us-1" };

static const char *label(void *userdata, const char *cluster, const char *key)
{
        (void)userdata;
        if (strcmp(key, "zone") != 0)
                return NULL;
        return strncmp(cluster, "eu", 2) == 0 ? "eu" : "us";
}

struct refused {
        const char *name;
        enum policy_kind kind;
        const char *text;
        const char *id;
        int line, column;
        const char *msg;
        const char *remedy;
        const char *stem; /* "p" */
        bool links; /* a migration folder's policy.yaml */
};

static void refuses(void **state)
{
        const struct refused *row = test_row(state);
        const struct policy_env env = {
                .fleet = "prod",
                .clusters = clusters,
                .n_clusters = ARRAY_SIZE(clusters),
                .label = label,
                .final_newline = true,
                .links = row->links,
        };
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        int r = policy_parse(row->kind, row->stem ? row->stem : "p", row->text, strlen(row->text),
                &env, &p, &err);

        assert_int_equal(r, -EINVAL);
        assert_null(p);
        assert_int_equal(err.code, -EINVAL);
        assert_string_equal(err.id, row->id);
        assert_text(err.msg, row->msg);
        assert_text(err.remedy, row->remedy);
        assert_int_equal(err.line, row->line);
        assert_int_equal(err.column, row->column);
}
