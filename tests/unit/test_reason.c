/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <ctype.h>

#include "base/yaml.h"
#include "ops/kurator_schema.h"
#include "ops/reason.h"
#include "velero/spec.h"

/* docs/errors.md is made from this table, and files of ten years ago name its codes. */
static void is_a_table(void **state)
{
        size_t n;
        const struct reason *table = reason_table(&n);

        (void)state;
        assert_true(n > 60);
        for (size_t i = 0; i < n; i++) {
                const struct reason *r = &table[i];

                if (i > 0 && r->code <= table[i - 1].code)
                        fail_msg("FLT-%04d stands behind FLT-%04d", r->code, table[i - 1].code);
                assert_in_range(r->code, 101, 499);
                assert_true(r->errnum >= 0);
                if (r->errnum)
                        assert_string_not_equal(errno_name(r->errnum), "E?");
                assert_ptr_equal(reason_find(r->code), r);
                /* A symbol is unique: the first of that name is this one. */
                assert_ptr_equal(reason_by_symbol(r->symbol), r);
                assert_true(isupper((unsigned char)r->symbol[0]));
                for (const char *p = r->symbol; *p; p++)
                        assert_true(isalnum((unsigned char)*p));
                assert_true(strlen(r->sentence) > 10);
                assert_true(strlen(r->remedy) > 3);
                assert_int_not_equal(r->sentence[strlen(r->sentence) - 1], '.');
                assert_int_not_equal(r->remedy[strlen(r->remedy) - 1], '.');
        }
        assert_null(reason_find(0));
        assert_null(reason_find(9999));
        assert_null(reason_by_symbol("NoSuchReason"));
}

/* What other files write into err.id stands in the table, under the number that they mean. */
static const struct id {
        const char *name; /* the symbol */
        const char *id;
} ids[] = {
        { "Syntax", ERR_ID_SYNTAX },
        { "DuplicateKey", ERR_ID_DUPLICATE_KEY },
        { "UnknownField", ERR_ID_UNKNOWN_FIELD },
        { "WrongType", ERR_ID_WRONG_TYPE },
        { "MissingField", ERR_ID_MISSING_FIELD },
        { "BadAlias", ERR_ID_ALIAS },
        { "Encoding", ERR_ID_ENCODING },
        { "TooLarge", ERR_ID_TOO_LARGE },
        { "Empty", ERR_ID_EMPTY },
        { "SeveralDocuments", ERR_ID_DOCUMENTS },
        { "BadValue", ERR_ID_VALUE },
        { "TooDeep", ERR_ID_DEPTH },
        { "MixedFilters", ERR_ID_MIXED_FILTERS },
        { "BadFilterItem", ERR_ID_FILTER_ITEM },
        { "BadNamespace", ERR_ID_NAMESPACE },
        { "BadSelector", ERR_ID_SELECTOR },
        { "BadRestoreSource", ERR_ID_RESTORE_SOURCE },
        { "NotRestorable", ERR_ID_NOT_RESTORABLE },
        { "BadConfigMapReference", ERR_ID_CONFIGMAP_KIND },
        { "BadNamespaceMapping", ERR_ID_MAPPING },
        { "BadName", ERR_ID_BAD_NAME },
        { "WrongFolder", ERR_ID_WRONG_FOLDER },
        { "UnknownKind", ERR_ID_UNKNOWN_KIND },
        { "WrongFleet", ERR_ID_WRONG_FLEET },
        { "UnknownCluster", ERR_ID_UNKNOWN_CLUSTER },
        { "ClustersAndSelector", ERR_ID_CLUSTERS },
        { "SchedulesUnsupported", ERR_ID_SCHEDULES },
        { "InlineCredentials", ERR_ID_CREDENTIALS },
        { "DuplicateName", ERR_ID_DUPLICATE_NAME },
        { "CutOff", ERR_ID_CUT_OFF },
        { "NoTranslation", ERR_ID_NO_TRANSLATION },
        { "ObservedSpec", ERR_ID_OBSERVED_SPEC },
        { "BadReference", ERR_ID_REFERENCE },
        { "BadMigrationSource", ERR_ID_SOURCE },
        { "SourceIsTarget", ERR_ID_SOURCE_TARGET },
        { "LinksGiven", ERR_ID_LINKS },
        { "PolicyAndPolicies", ERR_ID_POLICIES },
};

static void has_the_id(void **state)
{
        const struct id *row = test_row(state);
        const struct reason *r = reason_find(atoi(row->id + strlen("FLT-")));

        assert_non_null(r);
        assert_string_equal(r->symbol, row->name);
}

int main(void)
{
        TEST(is_a_table);
        TEST_ROWS(has_the_id, ids);
        return test_run("reason");
}
